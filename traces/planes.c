/* SPDX-License-Identifier: MIT */
#include "planes.h"

#include <string.h>

#include "../models/common/bits.h"

static const struct trace_field fields[] = TRACE_FIELDS;

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Small numbers of either sign become small unsigned numbers. */
static uint64_t zigzag(uint64_t delta)
{
    return delta << 1 ^ (0 - (delta >> 63));
}

static uint64_t unzigzag(uint64_t code)
{
    return code >> 1 ^ (0 - (code & 1));
}

/* ---- encoding -------------------------------------------------------- */

#define LOAD(type)                                  \
    for (uint32_t i = 0; i < n; i++) {              \
        type v;                                     \
        memcpy(&v, at + i * sizeof(*r), sizeof(v)); \
        column[i] = v;                              \
    }

static void load_column(const struct iovp_trace_record *r, uint32_t n,
                        const struct trace_field *f, uint64_t *column)
{
    const uint8_t *at = (const uint8_t *)r + f->offset;

    switch (f->width) {
    case 1:
        LOAD(uint8_t);
        break;
    case 2:
        LOAD(uint16_t);
        break;
    case 4:
        LOAD(uint32_t);
        break;
    default:
        LOAD(uint64_t);
        break;
    }
}

static void encode_iova(const struct iovp_trace_record *r, uint32_t n,
                        uint64_t *column)
{
    uint64_t last[TRACE_UNITS];

    for (uint32_t i = 0; i < TRACE_UNITS; i++)
        last[i] = r[0].iova;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *unit = &last[r[i].initiator % TRACE_UNITS];

        column[i] = zigzag(r[i].iova - *unit);
        *unit = r[i].iova;
    }
}

static void encode_mapping(const struct iovp_trace_record *r, uint32_t n,
                           uint64_t *column)
{
    uint64_t last[TRACE_UNITS];

    for (uint32_t i = 0; i < TRACE_UNITS; i++)
        last[i] = r[0].pa ^ r[0].iova;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t *unit = &last[r[i].initiator % TRACE_UNITS];
        uint64_t mapping = r[i].pa ^ r[i].iova;

        column[i] = mapping ^ *unit;
        *unit = mapping;
    }
}

static void encode_column(const struct iovp_trace_record *r, uint32_t n,
                          const struct trace_field *f, uint64_t *column)
{
    switch (f->code) {
    case TRACE_DELTA:
        column[0] = 0;
        for (uint32_t i = 1; i < n; i++)
            column[i] = zigzag(r[i].time_in - r[i - 1].time_in);
        break;
    case TRACE_LATENCY:
        for (uint32_t i = 0; i < n; i++)
            column[i] =
                (r[i].time_out - r[i].time_in) ^ (r[0].time_out - r[0].time_in);
        break;
    case TRACE_DELTA_UNIT:
        encode_iova(r, n, column);
        break;
    case TRACE_MAPPING:
        encode_mapping(r, n, column);
        break;
    default:
        load_column(r, n, f, column);
        for (uint32_t i = 1; i < n; i++)
            column[i] ^= column[0];
        break;
    }
}

static void put_word(uint8_t *out, uint64_t v, unsigned width)
{
    for (unsigned b = 0; b < width; b++)
        out[b] = (uint8_t)(v >> (8 * b));
}

size_t trace_body_encode(const struct iovp_trace_record *records, uint32_t n,
                         uint64_t *scratch, uint8_t *out)
{
    uint8_t *mask = out + TRACE_RECORD_BYTES;
    uint8_t *p = mask + TRACE_RECORD_BYTES / 8;

    memset(mask, 0, TRACE_RECORD_BYTES / 8);
    for (size_t k = 0; k < FIELDS; k++) {
        const struct trace_field *f = &fields[k];
        uint64_t used = 0;

        load_column(records, 1, f, scratch);
        put_word(out + f->offset, scratch[0], f->width);
        encode_column(records, n, f, scratch);
        for (uint32_t i = 1; i < n; i++)
            used |= scratch[i];
        for (unsigned b = 0; b < f->width; b++) {
            unsigned plane = f->offset + b;

            if (!(used >> (8 * b) & 0xff))
                continue;
            mask[plane / 8] |= (uint8_t)(1u << plane % 8);
            for (uint32_t i = 1; i < n; i++)
                *p++ = (uint8_t)(scratch[i] >> (8 * b));
        }
    }
    return (size_t)(p - out);
}

/* ---- decoding -------------------------------------------------------- */

static uint64_t get_word(const uint8_t *in, unsigned width)
{
    uint64_t v = 0;

    for (unsigned b = 0; b < width; b++)
        v |= (uint64_t)in[b] << (8 * b);
    return v;
}

static void put_field(struct iovp_trace_record *r, const struct trace_field *f,
                      uint64_t v)
{
    uint8_t *at = (uint8_t *)r + f->offset;
    uint32_t v32 = (uint32_t)v;
    uint16_t v16 = (uint16_t)v;

    switch (f->width) {
    case 1:
        *at = (uint8_t)v;
        break;
    case 2:
        memcpy(at, &v16, 2);
        break;
    case 4:
        memcpy(at, &v32, 4);
        break;
    default:
        memcpy(at, &v, 8);
        break;
    }
}

/* The bytes of a record as fields in host byte order. */
static void load_record(struct iovp_trace_record *r, const uint8_t *row)
{
    for (size_t k = 0; k < FIELDS; k++)
        put_field(r, &fields[k],
                  get_word(row + fields[k].offset, fields[k].width));
}

static unsigned count_planes(const uint8_t *mask, uint32_t record_bytes)
{
    unsigned planes = 0;

    for (uint32_t i = 0; i < record_bytes; i++)
        planes += mask[i / 8] >> i % 8 & 1;
    return planes;
}

bool trace_body_open(struct trace_body *b, const uint8_t *body, size_t bytes,
                     uint32_t n, uint32_t record_bytes)
{
    size_t head = record_bytes + record_bytes / 8;
    const uint8_t *mask = body + record_bytes;
    const uint8_t *p = body + head;

    if (!n || n > TRACE_RECORDS_MAX || bytes < head ||
        bytes - head != (size_t)count_planes(mask, record_bytes) * (n - 1))
        return false;
    b->planes = 0;
    /* Fields that a later version appended are passed over. */
    for (uint32_t i = 0; i < TRACE_RECORD_BYTES; i++) {
        if (!(mask[i / 8] >> i % 8 & 1))
            continue;
        b->plane[b->planes] = p;
        b->at[b->planes++] = (uint8_t)i;
        p += n - 1;
    }
    b->records = n;
    b->next = 0;
    load_record(&b->first, body);
    memcpy(b->row, body, sizeof(b->row));
    memset(b->row, 0, offsetof(struct iovp_trace_record, stream_id));
    b->time_in = b->first.time_in;
    for (uint32_t i = 0; i < TRACE_UNITS; i++) {
        b->iova[i] = b->first.iova;
        b->mapping[i] = b->first.pa ^ b->first.iova;
    }
    return true;
}

/* One byte of every plane; absent planes leave the first record's bytes. */
static void gather_row(const struct trace_body *b, uint8_t *row)
{
    memcpy(row, b->row, sizeof(b->row));
    for (uint32_t i = 0; i < b->planes; i++)
        row[b->at[i]] ^= b->plane[i][b->next - 1];
}

bool trace_body_next(struct trace_body *b, struct iovp_trace_record *out)
{
    uint8_t row[TRACE_RECORD_BYTES];
    unsigned unit;

    if (b->next == b->records)
        return false;
    if (b->next == 0) {
        b->next = 1;
        *out = b->first;
        return true;
    }
    gather_row(b, row);
    load_record(out, row);
    unit = out->initiator % TRACE_UNITS;
    b->time_in += unzigzag(out->time_in);
    out->time_in = b->time_in;
    out->time_out =
        out->time_in + (out->time_out ^ (b->first.time_out - b->first.time_in));
    b->iova[unit] += unzigzag(out->iova);
    out->iova = b->iova[unit];
    b->mapping[unit] ^= out->pa;
    out->pa = b->mapping[unit] ^ out->iova;
    b->next++;
    return true;
}

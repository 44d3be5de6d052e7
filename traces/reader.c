/* SPDX-License-Identifier: MIT */
/*
 * Reading a trace.  The file is not trusted: every size is bounded before it
 * is used, every chunk is checked as a whole before a record of it is given
 * out, and the first failure is kept and repeated.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../capi/abi.h"
#include "../capi/ports.h"
#include "../models/common/bits.h"
#include "planes.h"
#include "slots.h"

/* sizeof(iovp_record) when it was first published. */
#define RECORD_SIZE_FIRST (offsetof(iovp_record, wait_ps) + 4 * 4)

struct buffer {
    uint8_t *p;
    size_t bytes;
};

struct reader {
    FILE *file;
    uint64_t left; /* bytes of the file not read yet; ~0: it has no size */
    uint32_t record_bytes;
    uint32_t sequence; /* that the next chunk must have */
    uint64_t total;    /* records of the chunks read */
    iovp_status status;
    char why[128]; /* the sentence of `status` */
    iovp_status dtb_status;
    struct buffer dtb;
    struct buffer stored;
    struct buffer raw;
    struct trace_body body;
};

struct chunk {
    uint32_t kind, sequence, raw, stored, records;
};

/* ---- the file -------------------------------------------------------- */

static iovp_status stop(struct reader *r, iovp_status status, const char *fmt,
                        ...) __attribute__((format(printf, 3, 4)));

static iovp_status stop(struct reader *r, iovp_status status, const char *fmt,
                        ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(r->why, sizeof(r->why), fmt, args);
    va_end(args);
    r->status = status;
    return status;
}

static iovp_status read_bytes(struct reader *r, void *p, size_t bytes,
                              const char *what)
{
    size_t got;

    errno = 0;
    got = fread(p, 1, bytes, r->file);
    if (r->left != UINT64_MAX)
        r->left -= got < r->left ? got : r->left;
    if (got == bytes)
        return IOVP_OK;
    if (ferror(r->file))
        return stop(r, IOVP_E_IO, "trace: %s", strerror(errno));
    if (got)
        return stop(r, IOVP_E_FORMAT, "trace: it ends within %s", what);
    return stop(r, IOVP_E_FORMAT,
                "trace: it ended early, %s and the end mark are missing", what);
}

static bool reserve(struct buffer *b, size_t bytes)
{
    uint8_t *p;

    if (bytes <= b->bytes)
        return true;
    p = realloc(b->p, bytes);
    if (!p)
        return false;
    b->p = p;
    b->bytes = bytes;
    return true;
}

static iovp_status read_file_header(struct reader *r)
{
    uint8_t h[TRACE_FILE_BYTES];
    uint32_t major, bytes;

    if (read_bytes(r, h, sizeof(h), "the file header"))
        return r->status;
    if (memcmp(h, TRACE_MAGIC, TRACE_MAGIC_BYTES))
        return stop(r, IOVP_E_FORMAT, "this is not an iovp trace");
    major = iovp_le32(h + TRACE_FILE_MAJOR) & 0xffff;
    if (major != TRACE_MAJOR)
        return stop(r, IOVP_E_FORMAT,
                    "trace format version %u; this library reads %d", major,
                    TRACE_MAJOR);
    if (iovp_le32(h + TRACE_FILE_CRC) != crc32(0, h, TRACE_FILE_CRC))
        return stop(r, IOVP_E_FORMAT, "trace: damaged file header");
    bytes = iovp_le32(h + TRACE_FILE_RECORD_BYTES);
    if (bytes < TRACE_RECORD_BYTES || bytes > TRACE_RECORD_BYTES_MAX ||
        bytes % 8)
        return stop(r, IOVP_E_FORMAT, "trace: records of %u bytes", bytes);
    if (iovp_le32(h + TRACE_FILE_TICK_PS) != 1)
        return stop(r, IOVP_E_FORMAT, "trace: time unit of %u ps",
                    iovp_le32(h + TRACE_FILE_TICK_PS));
    r->record_bytes = bytes;
    return IOVP_OK;
}

/* ---- chunks ---------------------------------------------------------- */

static iovp_status parse_chunk_header(struct reader *r, const uint8_t *h,
                                      struct chunk *c)
{
    c->kind = iovp_le32(h + TRACE_CHUNK_KIND);
    c->sequence = iovp_le32(h + TRACE_CHUNK_SEQUENCE);
    c->raw = iovp_le32(h + TRACE_CHUNK_RAW);
    c->stored = iovp_le32(h + TRACE_CHUNK_STORED);
    c->records = iovp_le32(h + TRACE_CHUNK_RECORDS);
    if (iovp_le32(h) != TRACE_CHUNK_MAGIC || c->sequence != r->sequence)
        return stop(r, IOVP_E_FORMAT, "trace: chunk %u is missing or damaged",
                    r->sequence);
    if (!c->raw || c->raw > TRACE_RAW_MAX || c->stored > TRACE_STORED_MAX)
        return stop(r, IOVP_E_FORMAT, "trace: chunk %u is too large",
                    r->sequence);
    if (c->stored > r->left)
        return stop(r, IOVP_E_FORMAT, "trace: it ends within chunk %u",
                    r->sequence);
    return IOVP_OK;
}

/* Read a chunk, still compressed, and check it. */
static iovp_status read_chunk(struct reader *r, struct chunk *c)
{
    uint8_t h[TRACE_CHUNK_BYTES];
    uLong crc;

    if (read_bytes(r, h, sizeof(h), "a chunk header") ||
        parse_chunk_header(r, h, c))
        return r->status;
    if (!reserve(&r->stored, c->stored))
        return stop(r, IOVP_E_NOMEM, "trace: out of memory");
    if (c->stored && read_bytes(r, r->stored.p, c->stored, "a chunk"))
        return r->status;
    crc = crc32(0, h, TRACE_CHUNK_CRC);
    if (c->stored)
        crc = crc32(crc, r->stored.p, c->stored);
    if (iovp_le32(h + TRACE_CHUNK_CRC) != crc)
        return stop(r, IOVP_E_FORMAT, "trace: chunk %u is damaged",
                    r->sequence);
    r->sequence++;
    return IOVP_OK;
}

/* What is declared must come out, and all that is stored must be used. */
static iovp_status inflate_chunk(struct reader *r, const struct chunk *c,
                                 struct buffer *to)
{
    uLongf raw = c->raw;
    uLong stored = c->stored;
    int z;

    if (!reserve(to, c->raw))
        return stop(r, IOVP_E_NOMEM, "trace: out of memory");
    z = c->stored ? uncompress2(to->p, &raw, r->stored.p, &stored)
                  : Z_DATA_ERROR;
    if (z == Z_MEM_ERROR)
        return stop(r, IOVP_E_NOMEM, "trace: out of memory");
    if (z != Z_OK || raw != c->raw || stored != c->stored)
        return stop(r, IOVP_E_FORMAT, "trace: chunk %u does not decompress",
                    c->sequence);
    return IOVP_OK;
}

static iovp_status open_records(struct reader *r, const struct chunk *c)
{
    if (inflate_chunk(r, c, &r->raw))
        return r->status;
    if (!trace_body_open(&r->body, r->raw.p, c->raw, c->records,
                         r->record_bytes))
        return stop(r, IOVP_E_FORMAT, "trace: chunk %u contradicts itself",
                    c->sequence);
    r->total += c->records;
    return IOVP_OK;
}

static iovp_status open_dtb(struct reader *r, const struct chunk *c)
{
    if (r->total || !r->dtb_status)
        return stop(r, IOVP_E_FORMAT, "trace: a device tree in chunk %u",
                    c->sequence);
    r->dtb_status = inflate_chunk(r, c, &r->dtb);
    return r->dtb_status;
}

static iovp_status open_end(struct reader *r, const struct chunk *c)
{
    if (inflate_chunk(r, c, &r->raw))
        return r->status;
    if (c->raw != TRACE_END_BYTES || iovp_le64(r->raw.p) != r->total)
        return stop(r, IOVP_E_FORMAT, "trace: records are missing");
    if (fgetc(r->file) != EOF)
        return stop(r, IOVP_E_FORMAT, "trace: it goes on after its end mark");
    return stop(r, IOVP_E_END, "trace: no more records");
}

/* Up to the next chunk of records.  Each round reads a part of the file. */
static iovp_status next_records(struct reader *r)
{
    struct chunk c;

    while (!r->status && !read_chunk(r, &c)) {
        if (c.kind == TRACE_KIND_RECORDS)
            return open_records(r, &c);
        if (c.kind == TRACE_KIND_DTB)
            open_dtb(r, &c);
        if (c.kind == TRACE_KIND_END)
            open_end(r, &c);
    }
    return r->status;
}

/* ---- records --------------------------------------------------------- */

static uint32_t index_or_none(uint16_t index)
{
    return index == 0xffff ? UINT32_MAX : index;
}

static uint32_t flag(const struct iovp_trace_record *t, uint32_t mask)
{
    return (t->flags & mask) != 0;
}

static void convert(const struct iovp_trace_record *t, iovp_record *out)
{
    out->kind = t->kind;
    out->time_in = t->time_in;
    out->time_out = t->time_out;
    out->iova = t->iova;
    out->pa = t->pa;
    out->device = index_or_none(t->initiator);
    out->iommu = index_or_none(t->iommu);
    out->stream_id = t->stream_id;
    out->pasid = t->pasid;
    out->pasid_valid = flag(t, IOVP_TRACE_PASID_VALID);
    out->space = t->flags >> IOVP_TRACE_SPACE_SHIFT & 3;
    out->privileged = flag(t, IOVP_TRACE_PRIVILEGED);
    out->instruction = flag(t, IOVP_TRACE_INSTRUCTION);
    out->addr_type = t->flags >> IOVP_TRACE_AT_SHIFT & 3;
    out->access = flag(t, IOVP_TRACE_READ) * IOVP_ACCESS_READ |
                  flag(t, IOVP_TRACE_WRITE) * IOVP_ACCESS_WRITE;
    out->bytes = t->length;
    out->result = t->result;
    out->event = t->event;
    for (unsigned i = 0; i < IOVP_STAT_CACHES; i++)
        out->cache[i] = t->caches >> 2 * i & 3;
    out->config_accesses = t->config_accesses;
    out->s1_accesses = t->s1_accesses;
    out->s2_accesses = t->s2_accesses;
    for (unsigned i = 0; i < IOVP_WAITS; i++)
        out->wait_ps[i] = t->wait[i];
}

/* ---- public ---------------------------------------------------------- */

static void free_reader(struct reader *r)
{
    if (r->file)
        fclose(r->file);
    free(r->dtb.p);
    free(r->stored.p);
    free(r->raw.p);
    free(r);
}

static void find_size(struct reader *r)
{
    long size = -1;

    if (!fseek(r->file, 0, SEEK_END))
        size = ftell(r->file);
    r->left = size < 0 ? UINT64_MAX : (uint64_t)size;
    rewind(r->file);
}

static iovp_status open_reader(struct reader *r, const char *path)
{
    r->file = fopen(path, "rb");
    if (!r->file)
        return stop(r, IOVP_E_IO, "%s", strerror(errno));
    find_size(r);
    if (read_file_header(r))
        return r->status;
    /* The device tree precedes the records: fetch it now if it is there. */
    r->dtb_status = IOVP_E_NOTFOUND;
    next_records(r);
    if (r->dtb_status == IOVP_E_NOTFOUND && r->status &&
        r->status != IOVP_E_END)
        r->dtb_status = r->status;
    return IOVP_OK;
}

iovp_status iovp_trace_open(iovp_trace_reader **out, const char *path)
{
    iovp_trace_reader *handle;
    struct reader *r;
    iovp_status status;

    if (!out || !path)
        return iovp_fail(IOVP_E_INVALID, "iovp_trace_open: NULL argument");
    r = calloc(1, sizeof(*r));
    if (!r)
        return iovp_fail(IOVP_E_NOMEM, "trace: out of memory");
    status = open_reader(r, path);
    if (status) {
        iovp_fail(status, "%s: %s", path, r->why);
        free_reader(r);
        return status;
    }
    handle = trace_slot_claim(r);
    if (!handle) {
        free_reader(r);
        return iovp_fail(IOVP_E_NOMEM, "more than %u traces are open",
                         TRACE_SLOTS);
    }
    *out = handle;
    return IOVP_OK;
}

iovp_status iovp_trace_next(iovp_trace_reader *handle, iovp_record *out)
{
    struct reader *r = trace_slot_get(handle);
    struct iovp_trace_record record;
    iovp_record full = {.size = sizeof(full)};
    iovp_status st;

    if (!r)
        return iovp_fail(IOVP_E_HANDLE, "iovp_trace_next: no open reader");
    st = abi_out_check(out, RECORD_SIZE_FIRST, "record");
    if (st)
        return st;
    while (!trace_body_next(&r->body, &record))
        if (next_records(r))
            return iovp_fail(r->status, "%s", r->why);
    convert(&record, &full);
    abi_out(out, &full, sizeof(full));
    return IOVP_OK;
}

iovp_status iovp_trace_dtb(iovp_trace_reader *handle, void *buf, size_t *bytes)
{
    struct reader *r = trace_slot_get(handle);
    iovp_status st;

    if (!r)
        return iovp_fail(IOVP_E_HANDLE, "iovp_trace_dtb: no open reader");
    if (!bytes)
        return iovp_fail(IOVP_E_INVALID, "iovp_trace_dtb: no count");
    if (r->dtb_status == IOVP_E_NOTFOUND)
        return iovp_fail(IOVP_E_NOTFOUND, "trace: it has no device tree");
    if (r->dtb_status)
        return iovp_fail(r->dtb_status, "%s", r->why);
    st = abi_list(buf, bytes, r->dtb.bytes, 0, "buf");
    if (!st)
        memcpy(buf, r->dtb.p, r->dtb.bytes);
    return st;
}

void iovp_trace_close(iovp_trace_reader *handle)
{
    struct reader *r = trace_slot_release(handle);

    if (r)
        free_reader(r);
}

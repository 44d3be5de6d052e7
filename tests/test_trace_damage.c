/* SPDX-License-Identifier: MIT */
/*
 * Trace files that are damaged, forged or newer: noticed or passed over, and
 * never more than an error code.
 */
#define _POSIX_C_SOURCE 200809L

#include <zlib.h>

#include "../models/common/bits.h"
#include "trace_files.h"

/* ---- damage ---------------------------------------------------------- */

#define SMALL 5

static struct bytes small_trace(const char *path)
{
    struct iovp_trace_record t[SMALL];

    memset(t, 0, sizeof(t));
    for (unsigned i = 0; i < SMALL; i++) {
        t[i].time_in = 1000 * i;
        t[i].time_out = 1000 * i + 400;
        t[i].iova = 0x10000 + 4096u * i;
        t[i].pa = 0x80000000 + 64u * i;
        t[i].length = 64;
    }
    if (record(path, t, SMALL, tree, sizeof(tree)))
        return (struct bytes){NULL, 0};
    return load(path);
}

/* A chunk is whole or not there, so all records come or none. */
TEST_CASE(TraceDamage, EveryTruncationIsNoticed)
{
    const char *path = temp_path("cut");
    struct bytes b = small_trace(path);
    size_t delivered = 0, n;

    REQUIRE(b.n > 64);
    for (size_t cut = 0; cut < b.n; cut++) {
        store(path, b.p, cut);
        if (count_records(path, &n) != IOVP_E_FORMAT)
            FAIL_TEST("cut at %zu of %zu is not noticed", cut, b.n);
        if (n != 0 && n != SMALL)
            FAIL_TEST("cut at %zu: %zu records", cut, n);
        if (n < delivered)
            FAIL_TEST("cut at %zu: fewer records than before", cut);
        delivered = n;
    }
    CHECK_EQ(delivered, SMALL);
    store(path, b.p, b.n);
    CHECK_EQ(count_records(path, &n), IOVP_E_END);
    CHECK_EQ(n, SMALL);
    free(b.p);
    remove(path);
}

TEST_CASE(TraceDamage, EveryFlippedBitIsNoticed)
{
    const char *path = temp_path("flip");
    struct bytes b = small_trace(path);
    size_t n;

    REQUIRE(b.n > 64);
    for (size_t bit = 0; bit < 8 * b.n; bit++) {
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store(path, b.p, b.n);
        if (count_records(path, &n) != IOVP_E_FORMAT)
            FAIL_TEST("bit %zu of byte %zu", bit % 8, bit / 8);
        if (n != 0 && n != SMALL)
            FAIL_TEST("bit %zu: %zu records", bit, n);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(b.p);
    remove(path);
}

TEST_CASE(TraceDamage, WhatPrecedesTheDamageIsDelivered)
{
    static struct iovp_trace_record t[2 * CHUNK];
    const char *path = temp_path("later");
    struct bytes b;
    size_t n, second;

    fill_random(t, 2 * CHUNK, 3);
    REQUIRE(record(path, t, 2 * CHUNK, NULL, 0) == IOVP_OK);
    b = load(path);
    REQUIRE(b.n > 64 + 48);
    second = 64 + 48 + iovp_le32(b.p + 64 + 16);
    b.p[second + 1000] ^= 0x20;
    store(path, b.p, b.n);
    CHECK_EQ(count_records(path, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, CHUNK);
    free(b.p);
    remove(path);
}

TEST_CASE(TraceDamage, MoreThanTheEndIsNoticed)
{
    const char *path = temp_path("more");
    struct bytes b = small_trace(path);
    size_t n;

    REQUIRE(b.n > 64);
    b.p[b.n] = 'x';
    store(path, b.p, b.n + 1);
    CHECK_EQ(count_records(path, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, SMALL);
    free(b.p);
    remove(path);
}

TEST_CASE(TraceDamage, OtherFilesAreRefused)
{
    const char *path = temp_path("other");
    iovp_trace_reader *r = NULL;
    struct bytes b = small_trace(path);

    REQUIRE(b.n > 64);
    iovp_put_le16(b.p + 8, 2);
    store(path, b.p, b.n);
    CHECK_EQ(iovp_trace_open(&r, path), IOVP_E_FORMAT);
    CHECK(r == NULL);
    CHECK(strstr(iovp_last_error(), "version 2") != NULL);
    store(path, "kind,time_in_ps\n", 16);
    CHECK_EQ(iovp_trace_open(&r, path), IOVP_E_FORMAT);
    CHECK_EQ(iovp_trace_open(&r, "/"), IOVP_E_IO);
    remove(path);
    CHECK_EQ(iovp_trace_open(&r, path), IOVP_E_IO);
    CHECK(strstr(iovp_last_error(), path) != NULL);
    free(b.p);
}

/* ---- hostile files with correct checksums ---------------------------- */

struct forgery {
    uint8_t p[65536];
    size_t n;
    uint32_t sequence;
};

static void forge_header(struct forgery *f, uint32_t record_bytes,
                         uint32_t tick_ps, uint32_t minor)
{
    memset(f, 0, sizeof(*f));
    memcpy(f->p, "\x89IOVPTR\n\x01", 9);
    iovp_put_le16(f->p + 10, (uint16_t)minor);
    iovp_put_le32(f->p + 12, record_bytes);
    iovp_put_le32(f->p + 16, tick_ps);
    iovp_put_le32(f->p + 60, (uint32_t)crc32(0, f->p, 60));
    f->n = 64;
}

/* A chunk that declares `raw` and `records`, whatever it contains. */
static void forge_chunk(struct forgery *f, uint32_t kind, uint32_t raw,
                        uint32_t records, const void *content, uLong bytes)
{
    uint8_t *h = f->p + f->n;
    uLongf stored = sizeof(f->p) - f->n - 48;

    REQUIRE(compress(h + 48, &stored, content, bytes) == Z_OK);
    memcpy(h, "IOVC", 4);
    iovp_put_le32(h + 4, kind);
    iovp_put_le32(h + 8, f->sequence++);
    iovp_put_le32(h + 12, raw);
    iovp_put_le32(h + 16, (uint32_t)stored);
    iovp_put_le32(h + 20, records);
    iovp_put_le32(h + 44,
                  (uint32_t)crc32(crc32(0, h, 44), h + 48, (uInt)stored));
    f->n += 48 + stored;
}

static void forge_end(struct forgery *f, uint64_t records)
{
    uint8_t total[8];

    iovp_put_le64(total, records);
    forge_chunk(f, 3, 8, 0, total, 8);
}

static iovp_status read_forgery(const struct forgery *f, size_t *n)
{
    const char *path = temp_path("forged");
    iovp_status status;

    store(path, f->p, f->n);
    status = count_records(path, n);
    remove(path);
    return status;
}

/* One chunk of records that must be refused, and its neighbour that is not. */
TEST_CASE(TraceHostile, ContradictingChunksAreRefused)
{
    static struct forgery f;
    static uint8_t zeros[5 << 20];
    static const struct {
        uint32_t raw, records, bytes, mask;
        iovp_status status;
    } cases[] = {
        {90, 1, 90, 0, IOVP_E_END},
        {90, 32768, 90, 0, IOVP_E_END},
        {92, 3, 92, 1, IOVP_E_END},
        {90, 32769, 90, 0, IOVP_E_FORMAT}, /* more than a chunk may */
        {90, 0xffffffff, 90, 0, IOVP_E_FORMAT},
        {90, 0, 90, 0, IOVP_E_FORMAT}, /* no first record */
        {0, 1, 90, 0, IOVP_E_FORMAT},
        {89, 1, 89, 0, IOVP_E_FORMAT}, /* the mask is cut */
        {92, 2, 92, 1, IOVP_E_FORMAT}, /* a byte too many */
        {92, 4, 92, 1, IOVP_E_FORMAT}, /* a byte too few */
        {90, 0x80000001, 90, 1, IOVP_E_FORMAT},
        {90, 1, 91, 0, IOVP_E_FORMAT},               /* inflates to more */
        {91, 2, 90, 1, IOVP_E_FORMAT},               /* inflates to less */
        {90, 1, 5u << 20, 0, IOVP_E_FORMAT},         /* bomb, hidden */
        {5u << 20, 1, 5u << 20, 0, IOVP_E_FORMAT},   /* bomb, declared */
        {0xffffffff, 1, 5u << 20, 0, IOVP_E_FORMAT}, /* bomb, boasting */
    };
    size_t n;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forge_header(&f, 80, 1, 0);
        zeros[80] = (uint8_t)cases[i].mask;
        forge_chunk(&f, 2, cases[i].raw, cases[i].records, zeros,
                    cases[i].bytes);
        forge_end(&f, cases[i].records);
        if (read_forgery(&f, &n) != cases[i].status)
            shim_fail(__FILE__, __LINE__, "case %zu", i);
        CHECK_EQ(n, cases[i].status == IOVP_E_END ? cases[i].records : 0);
    }
}

TEST_CASE(TraceHostile, DeclaredSizesAreNotBelieved)
{
    static struct forgery f;
    uint8_t *stored = f.p + 64 + 16;
    uint8_t zeros[90] = {0};
    static const uint32_t sizes[] = {0, 1, 1u << 16, 0xffffffff};
    size_t n;

    for (size_t i = 0; i < 4; i++) {
        forge_header(&f, 80, 1, 0);
        forge_chunk(&f, 2, 90, 1, zeros, 90);
        n = iovp_le32(stored);
        iovp_put_le32(stored, sizes[i]);
        iovp_put_le32(f.p + 64 + 44,
                      (uint32_t)crc32(crc32(0, f.p + 64, 44), f.p + 112,
                                      sizes[i] < n ? sizes[i] : (uInt)n));
        CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
        CHECK_EQ(n, 0);
    }
}

/* A device tree may be as large as a chunk, and no larger. */
TEST_CASE(TraceHostile, TheSizeOfAChunkIsLimited)
{
    static struct forgery f;
    static uint8_t zeros[(4 << 20) + 1];
    size_t n;

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 1, 4 << 20, 0, zeros, 4 << 20);
    forge_end(&f, 0);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_END);
    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 1, (4 << 20) + 1, 0, zeros, (4 << 20) + 1);
    forge_end(&f, 0);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
}

TEST_CASE(TraceHostile, BytesAfterTheCompressedOnesAreRefused)
{
    static struct forgery f;
    uint8_t zeros[90] = {0};
    uint8_t *h = f.p + 64;
    uint32_t stored;
    size_t n;

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    stored = iovp_le32(h + 16) + 1;
    iovp_put_le32(h + 16, stored);
    iovp_put_le32(h + 44, (uint32_t)crc32(crc32(0, h, 44), h + 48, stored));
    f.n++;
    forge_end(&f, 1);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, 0);
}

TEST_CASE(TraceHostile, TotalsSequenceAndOrderAreChecked)
{
    static struct forgery f;
    uint8_t zeros[90] = {0};
    size_t n;

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    forge_end(&f, 2); /* a chunk was cut out, its neighbours renumbered */
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, 1);

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    f.sequence++;
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, 1);

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    forge_chunk(&f, 1, 90, 0, zeros, 90); /* the tree comes first */
    forge_end(&f, 1);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, 1);

    forge_header(&f, 80, 1, 0);
    forge_chunk(&f, 1, 90, 0, zeros, 90);
    forge_chunk(&f, 1, 90, 0, zeros, 90);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
}

TEST_CASE(TraceHostile, UnknownRecordSizesAndUnitsAreRefused)
{
    static const uint32_t sizes[] = {0, 8, 72, 79, 81, 264, 0xfffffff8};
    static struct forgery f;
    size_t n;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        forge_header(&f, sizes[i], 1, 0);
        forge_end(&f, 0);
        CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
    }
    forge_header(&f, 80, 1000, 0);
    forge_end(&f, 0);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_FORMAT);
}

/* ---- later versions -------------------------------------------------- */

TEST_CASE(TraceVersions, UnknownChunksAreSkipped)
{
    static struct forgery f;
    uint8_t zeros[90] = {0};
    size_t n;

    forge_header(&f, 80, 1, 7);
    forge_chunk(&f, 99, 90, 1, zeros, 90);
    forge_chunk(&f, 2, 90, 1, zeros, 90);
    forge_chunk(&f, 0xffffffff, 90, 5, zeros, 90);
    forge_end(&f, 1);
    CHECK_EQ(read_forgery(&f, &n), IOVP_E_END);
    CHECK_EQ(n, 1);
}

/* A record of 88 bytes whose last word this version does not know. */
TEST_CASE(TraceVersions, AppendedFieldsArePassedOver)
{
    static struct forgery f;
    const char *path = temp_path("long");
    uint8_t body[88 + 11 + 4] = {0};
    iovp_trace_reader *r;
    iovp_record rec = {.size = sizeof(rec)};

    forge_header(&f, 88, 1, 1);
    iovp_put_le64(body, 500);
    memset(body + 80, 0xee, 8);
    body[88] = 1;          /* plane 0: time_in */
    body[88 + 10] = 1;     /* plane 80: the unknown one */
    body[99] = 2 * 7;      /* time_in + 7 */
    body[100] = 2 * 3 - 1; /* time_in - 3 */
    forge_chunk(&f, 2, sizeof(body), 3, body, sizeof(body));
    forge_end(&f, 3);
    store(path, f.p, f.n);
    REQUIRE(iovp_trace_open(&r, path) == IOVP_OK);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.time_in, 500);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.time_in, 507);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.time_in, 504);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    iovp_trace_close(r);
    remove(path);
}

/* SPDX-License-Identifier: MIT */
/*
 * Trace files: what is written is read, byte by byte as traces/format.md
 * describes it; misuse and write errors; CSV.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <zlib.h>

#include "../models/common/bits.h"
#include "../traces/csv.h"
#include "trace_files.h"

/* ---- content --------------------------------------------------------- */

/* The public form of a record, written down independently of the reader. */
static iovp_record expected(const struct iovp_trace_record *t)
{
    iovp_record r = {
        .size = sizeof(r),
        .kind = t->kind,
        .time_in = t->time_in,
        .time_out = t->time_out,
        .iova = t->iova,
        .pa = t->pa,
        .device = t->initiator == 0xffff ? 0xffffffff : t->initiator,
        .iommu = t->iommu == 0xffff ? 0xffffffff : t->iommu,
        .stream_id = t->stream_id,
        .pasid = t->pasid,
        .pasid_valid = (t->flags & 0x001) != 0,
        .privileged = (t->flags & 0x002) != 0,
        .instruction = (t->flags & 0x004) != 0,
        .access = (t->flags & 0x018) >> 3, /* READ 1, WRITE 2 */
        .space = (t->flags & 0x300) >> 8,
        .addr_type = (t->flags & 0xc00) >> 10,
        .bytes = t->length,
        .result = t->result,
        .event = t->event,
        .cache = {t->caches & 3, (t->caches & 0xc) >> 2,
                  (t->caches & 0x30) >> 4, (t->caches & 0xc0) >> 6},
        .config_accesses = t->config_accesses,
        .s1_accesses = t->s1_accesses,
        .s2_accesses = t->s2_accesses,
        .wait_ps = {t->wait[0], t->wait[1], t->wait[2], t->wait[3]},
    };

    return r;
}

static void check_same(const struct iovp_trace_record *t, size_t n)
{
    const char *path = temp_path("same");
    iovp_trace_reader *reader;
    iovp_record r;

    REQUIRE(record(path, t, n, NULL, 0) == IOVP_OK);
    REQUIRE(iovp_trace_open(&reader, path) == IOVP_OK);
    for (size_t i = 0; i < n; i++) {
        iovp_record want = expected(&t[i]);

        memset(&r, 0x55, sizeof(r));
        r.size = sizeof(r);
        REQUIRE(iovp_trace_next(reader, &r) == IOVP_OK);
        if (memcmp(&r, &want, sizeof(r)))
            FAIL_TEST("record %zu of %zu differs", i, n);
    }
    CHECK_EQ(iovp_trace_next(reader, &r), IOVP_E_END);
    CHECK_EQ(iovp_trace_next(reader, &r), IOVP_E_END);
    iovp_trace_close(reader);
    remove(path);
}

/* Bytes of a record that the file must keep: all but `reserved`. */
static bool is_kept(size_t byte)
{
    return byte < offsetof(struct iovp_trace_record, reserved) ||
           byte >= offsetof(struct iovp_trace_record, wait);
}

TEST_CASE(Trace, EveryBitOfEveryFieldSurvives)
{
    enum { BITS = 8 * sizeof(struct iovp_trace_record) };
    static struct iovp_trace_record t[2 * BITS];

    memset(t, 0, sizeof(t));
    for (size_t i = 0; i < BITS; i++) {
        if (is_kept(i / 8))
            ((uint8_t *)&t[2 * i])[i / 8] = (uint8_t)(1u << i % 8);
        memset(&t[2 * i + 1], i & 1 ? 0xff : 0, sizeof(t[0]));
    }
    check_same(t, 2 * BITS);
}

TEST_CASE(Trace, RandomRecordsSurviveAtChunkBorders)
{
    static const size_t counts[] = {1,     2,         CHUNK - 1,
                                    CHUNK, CHUNK + 1, 2 * CHUNK + 5};
    static struct iovp_trace_record t[2 * CHUNK + 5];

    fill_random(t, sizeof(t) / sizeof(t[0]), 42);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        check_same(t, counts[i]);
}

TEST_CASE(Trace, AnEmptyTraceIsComplete)
{
    const char *path = temp_path("empty");
    size_t n;

    REQUIRE(record(path, NULL, 0, NULL, 0) == IOVP_OK);
    CHECK_EQ(count_records(path, &n), IOVP_E_END);
    CHECK_EQ(n, 0);
    remove(path);
}

TEST_CASE(Trace, EqualInputGivesEqualBytes)
{
    static struct iovp_trace_record t[CHUNK + 100];
    const char *path = temp_path("equal");
    struct bytes a, b;

    fill_random(t, CHUNK + 100, 7);
    REQUIRE(record(path, t, CHUNK + 100, tree, sizeof(tree)) == IOVP_OK);
    a = load(path);
    for (size_t i = 0; i < CHUNK + 100; i++)
        t[i].reserved = 0; /* must not reach the file */
    REQUIRE(record(path, t, CHUNK + 100, tree, sizeof(tree)) == IOVP_OK);
    b = load(path);
    REQUIRE(a.n && a.n == b.n);
    CHECK_MEM(a.p, b.p, a.n);
    free(a.p);
    free(b.p);
    remove(path);
}

TEST_CASE(Trace, TheDeviceTreeFollowsTheTwoCallRule)
{
    const char *path = temp_path("dtb");
    uint8_t buf[sizeof(tree)] = {0};
    iovp_trace_reader *r;
    iovp_record rec = {.size = sizeof(rec)};
    size_t n = 0;

    REQUIRE(record(path, NULL, 0, tree, sizeof(tree)) == IOVP_OK);
    REQUIRE(iovp_trace_open(&r, path) == IOVP_OK);
    CHECK_EQ(iovp_trace_dtb(r, NULL, &n), IOVP_E_SPACE);
    CHECK_EQ(n, sizeof(tree));
    n = sizeof(tree) - 1;
    CHECK_EQ(iovp_trace_dtb(r, buf, &n), IOVP_E_SPACE);
    CHECK_EQ(n, sizeof(tree));
    CHECK_EQ(buf[0], 0);
    CHECK_EQ(iovp_trace_dtb(r, buf, &n), IOVP_OK);
    CHECK_MEM(buf, tree, sizeof(tree));
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    CHECK_EQ(iovp_trace_dtb(r, buf, &n), IOVP_OK); /* still there */
    iovp_trace_close(r);

    REQUIRE(record(path, NULL, 0, NULL, 0) == IOVP_OK);
    REQUIRE(iovp_trace_open(&r, path) == IOVP_OK);
    CHECK_EQ(iovp_trace_dtb(r, buf, &n), IOVP_E_NOTFOUND);
    iovp_trace_close(r);
    remove(path);
}

/* ---- the format, byte by byte ---------------------------------------- */

/* Two records in one chunk: header, first record, mask, planes. */
TEST_CASE(TraceFormat, TheBytesAreThoseOfTheDescription)
{
    struct iovp_trace_record t[2] = {
        {.time_in = 1000,
         .time_out = 1500,
         .iova = 0x1000,
         .pa = 0x81000,
         .stream_id = 8,
         .length = 64,
         .flags = 8,
         .initiator = 1,
         .caches = 5},
        {.time_in = 900,
         .time_out = 1400,
         .iova = 0x1040,
         .pa = 0x81040,
         .stream_id = 8,
         .length = 64,
         .flags = 16,
         .initiator = 1,
         .caches = 5,
         .wait = {0, 0, 0, 0x01000000}},
    };
    const char *path = temp_path("bytes");
    struct bytes b;
    const uint8_t *end;
    uint8_t raw[95];
    uLongf n = sizeof(raw);

    REQUIRE(record(path, t, 2, NULL, 0) == IOVP_OK);
    b = load(path);
    REQUIRE(b.n > 64 + 48);
    CHECK_MEM(b.p, "\x89IOVPTR\n\x01\0\0\0\x50\0\0\0\x01\0\0\0iovp ", 25);
    CHECK_EQ(iovp_le32(b.p + 60), crc32(0, b.p, 60));
    CHECK_MEM(b.p + 64, "IOVC\x02\0\0\0\0\0\0\0", 12);
    /* 80 + 10 and the planes 0 and 16 of the deltas, 44, 79. */
    CHECK_EQ(iovp_le32(b.p + 64 + 12), 94);
    CHECK_EQ(iovp_le32(b.p + 64 + 20), 2);
    CHECK_EQ(iovp_le64(b.p + 64 + 24), 900);
    CHECK_EQ(iovp_le64(b.p + 64 + 32), 1500);
    REQUIRE(uncompress(raw, &n, b.p + 112, b.n - 112) == Z_OK);
    REQUIRE(n == 94);
    CHECK_EQ(iovp_le64(raw), 1000);
    CHECK_EQ(iovp_le64(raw + 8), 1500);
    CHECK_EQ(iovp_le64(raw + 24), 0x81000);
    CHECK_EQ(iovp_le32(raw + 32), 8);
    CHECK_EQ(raw[55], 5);
    CHECK_MEM(raw + 80, "\x01\0\x01\0\0\x10\0\0\0\x80", 10);
    CHECK_EQ(raw[90], 199);  /* -100: 2 * 100 - 1 */
    CHECK_EQ(raw[91], 128);  /* +64: 2 * 64 */
    CHECK_EQ(raw[92], 0x18); /* 8 ^ 16 */
    CHECK_EQ(raw[93], 1);
    end = b.p + 112 + iovp_le32(b.p + 64 + 16);
    REQUIRE(end + 48 + 8 < b.p + b.n);
    CHECK_MEM(end, "IOVC\x03\0\0\0\x01\0\0\0\x08\0\0\0", 16);
    CHECK_EQ(iovp_le64(end + 24), 900);
    CHECK_EQ(iovp_le64(end + 32), 1500);
    n = sizeof(raw);
    REQUIRE(uncompress(raw, &n, end + 48, iovp_le32(end + 16)) == Z_OK);
    REQUIRE(n == 8);
    CHECK_EQ(iovp_le64(raw), 2);
    free(b.p);
    remove(path);
}

/* ---- misuse ---------------------------------------------------------- */

TEST_CASE(TraceMisuse, NullAndSmallSizesAreRefused)
{
    const char *path = temp_path("null");
    struct trace_writer *w;
    iovp_trace_reader *r;
    iovp_record rec = {.size = sizeof(rec)};
    size_t n = 0;

    CHECK_EQ(port_trace_create(NULL, path, NULL, 0), IOVP_E_INVALID);
    CHECK_EQ(port_trace_create(&w, NULL, NULL, 0), IOVP_E_INVALID);
    CHECK_EQ(port_trace_create(&w, path, NULL, 1), IOVP_E_INVALID);
    CHECK_EQ(port_trace_create(&w, path, tree, (4u << 20) + 1), IOVP_E_INVALID);
    CHECK_EQ(port_trace_finish(NULL), IOVP_E_INVALID);
    REQUIRE(record(path, NULL, 0, NULL, 0) == IOVP_OK);
    CHECK_EQ(iovp_trace_open(NULL, path), IOVP_E_INVALID);
    CHECK_EQ(iovp_trace_open(&r, NULL), IOVP_E_INVALID);
    REQUIRE(iovp_trace_open(&r, path) == IOVP_OK);
    CHECK_EQ(iovp_trace_next(NULL, &rec), IOVP_E_HANDLE);
    CHECK_EQ(iovp_trace_next(r, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_trace_dtb(NULL, NULL, &n), IOVP_E_HANDLE);
    CHECK_EQ(iovp_trace_dtb(r, NULL, NULL), IOVP_E_INVALID);
    rec.size = 135; /* the first published size is 136 */
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_INVALID);
    rec.size = 0;
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_INVALID);
    rec.size = 136;
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    iovp_trace_close(r);
    iovp_trace_close(NULL);
    remove(path);
}

TEST_CASE(TraceMisuse, ClosedReadersAreRecognised)
{
    const char *path = temp_path("closed");
    iovp_trace_reader *old, *fresh;
    iovp_record rec = {.size = sizeof(rec)};
    size_t n = 0;

    REQUIRE(record(path, NULL, 0, NULL, 0) == IOVP_OK);
    REQUIRE(iovp_trace_open(&old, path) == IOVP_OK);
    iovp_trace_close(old);
    CHECK_EQ(iovp_trace_next(old, &rec), IOVP_E_HANDLE);
    REQUIRE(iovp_trace_open(&fresh, path) == IOVP_OK);
    CHECK_EQ(iovp_trace_next(old, &rec), IOVP_E_HANDLE);
    CHECK_EQ(iovp_trace_dtb(old, NULL, &n), IOVP_E_HANDLE);
    iovp_trace_close(old); /* must not close the other */
    CHECK_EQ(iovp_trace_next(fresh, &rec), IOVP_E_END);
    CHECK_EQ(iovp_trace_next((iovp_trace_reader *)&rec, &rec), IOVP_E_HANDLE);
    iovp_trace_close(fresh);
    remove(path);
}

TEST_CASE(TraceMisuse, ReadersAreLimitedAndReturned)
{
    const char *path = temp_path("many");
    iovp_trace_reader *r[257] = {NULL};

    REQUIRE(record(path, NULL, 0, NULL, 0) == IOVP_OK);
    for (size_t i = 0; i < 256; i++)
        REQUIRE(iovp_trace_open(&r[i], path) == IOVP_OK);
    CHECK_EQ(iovp_trace_open(&r[256], path), IOVP_E_NOMEM);
    CHECK(r[256] == NULL);
    for (size_t i = 0; i < 256; i++)
        iovp_trace_close(r[i]);
    CHECK_EQ(iovp_trace_open(&r[0], path), IOVP_OK);
    iovp_trace_close(r[0]);
    remove(path);
}

/* ---- write errors ---------------------------------------------------- */

TEST_CASE(TraceErrors, FilesThatCannotBeWrittenAreTold)
{
    struct trace_writer *w;

    CHECK_EQ(port_trace_create(&w, "/nowhere/at/all", NULL, 0), IOVP_E_IO);
    CHECK(w == NULL);
    CHECK(strstr(iovp_last_error(), "/nowhere/at/all") != NULL);
    if (!access("/dev/full", W_OK))
        CHECK_EQ(port_trace_create(&w, "/dev/full", NULL, 0), IOVP_E_IO);
}

/* A limit on the size of files stands for a disk that fills up. */
TEST_CASE(TraceErrors, AFullDiskIsToldAtTheEnd)
{
    static struct iovp_trace_record t[3 * CHUNK];
    const char *path = temp_path("full");
    struct rlimit before, limit;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    iovp_status status;
    size_t n;

    fill_random(t, 3 * CHUNK, 9);
    REQUIRE(!getrlimit(RLIMIT_FSIZE, &before));
    sigaction(SIGXFSZ, &ignore, &old);
    limit = before;
    limit.rlim_cur = 1000000; /* one chunk of random records is 500 kB */
    REQUIRE(!setrlimit(RLIMIT_FSIZE, &limit));
    status = record(path, t, 3 * CHUNK, NULL, 0);
    setrlimit(RLIMIT_FSIZE, &before);
    sigaction(SIGXFSZ, &old, NULL);
    CHECK_EQ(status, IOVP_E_IO);
    CHECK_EQ(count_records(path, &n), IOVP_E_FORMAT);
    CHECK_EQ(n, CHUNK);
    remove(path);
}

/* ---- CSV ------------------------------------------------------------- */

static void csv_text(const iovp_record *r, char *text, size_t bytes)
{
    FILE *f = tmpfile();
    size_t n = 0;

    if (f) {
        CHECK_EQ(r ? trace_csv_row(f, r) : trace_csv_header(f), 0);
        rewind(f);
        n = fread(text, 1, bytes - 1, f);
        fclose(f);
    }
    text[n] = 0;
}

TEST_CASE(TraceCsv, RowsAreAsDocumented)
{
    iovp_record r = {
        .size = sizeof(r),
        .time_in = 1000,
        .time_out = 2500,
        .iova = 0xdead0000,
        .pa = 0x8000f000,
        .device = 2,
        .iommu = 0,
        .stream_id = 16,
        .pasid = 5,
        .pasid_valid = 1,
        .space = 1,
        .privileged = 1,
        .access = 2,
        .bytes = 64,
        .result = 1,
        .event = 0x10,
        .cache = {1, 2, 3, 0},
        .config_accesses = 1,
        .s1_accesses = 4,
        .s2_accesses = 0,
        .wait_ps = {0, 100, 200, 300},
    };
    char text[1024];

    csv_text(&r, text, sizeof(text));
    CHECK_STR(text, "transaction,1000,2500,2,0,16,5,secure,1,0,untranslated,"
                    "write,0xdead0000,0x8000f000,64,abort,0x10,hit,miss,"
                    "merged,unused,1,4,0,0,100,200,300\n");
    memset(&r, 0, sizeof(r));
    r.kind = IOVP_RECORD_COMMAND;
    r.device = UINT32_MAX;
    r.iommu = UINT32_MAX;
    r.pasid = 5;
    r.result = 1;
    csv_text(&r, text, sizeof(text));
    CHECK_STR(text, "command,0,0,,,0,,nonsecure,0,0,untranslated,none,0x0,"
                    "0x0,0,1,,unused,unused,unused,unused,0,0,0,0,0,0,0\n");
}

TEST_CASE(TraceCsv, TheLongestRowFits)
{
    iovp_record r;
    char text[1024];
    unsigned columns = 1, names = 1;

    memset(&r, 0xff, sizeof(r));
    r.device = r.iommu = 0xfffffffe;
    csv_text(&r, text, sizeof(text));
    CHECK(strstr(text, ",18446744073709551615,4294967294,") != NULL);
    CHECK_EQ(text[strlen(text) - 1], '\n');
    for (const char *s = text; *s; s++)
        columns += *s == ',';
    csv_text(NULL, text, sizeof(text));
    for (const char *s = text; *s; s++)
        names += *s == ',';
    CHECK_EQ(columns, 28);
    CHECK_EQ(names, 28);
}

/* SPDX-License-Identifier: MIT */
/*
 * Workloads of timed platforms, judged by their traces: addresses, rate,
 * transfers in flight, figures, and that the same run gives the same file.
 * The traces are made in child processes and read here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

#define IOVA   0x40000000ull
#define WINDOW 0x4000000ull /* 64 MiB, mapped by 2 MiB blocks */
#define PLANS  3            /* one a device */

struct plan {
    char path[256];
    uint64_t quantum;
    uint64_t step; /* of iovp_run_until; 0: in one */
    bool unmapped;
    iovp_workload w[PLANS]; /* of npu, display, raw; transfers 0: none */
    /* what came of it */
    uint32_t why;
    uint64_t end;
    iovp_stream_stats row[16];
    size_t rows;
};

static const iovp_workload basic = {.size = sizeof(basic),
                                    .base = IOVA,
                                    .window = WINDOW,
                                    .bytes = 64,
                                    .outstanding = 8,
                                    .read_percent = 50,
                                    .seed = 7,
                                    .transfers = 5000};

static struct plan *new_plan(const char *name)
{
    static struct plan *p;

    if (!p)
        p = soc_shared(sizeof(*p));
    if (p) {
        memset(p, 0, sizeof(*p));
        soc_path(p->path, sizeof(p->path), name);
    }
    return p;
}

/* ---- in the child ----------------------------------------------------------- */

static void map_windows(struct soc *s)
{
    struct smmu_stream npu, disp;
    struct smmu_space space;
    struct smmu_driver *d = &s->drv;

    CHECK_EQ(smmu_attach(d, &npu, SOC_NPU_SID, 8, SMMU_S1DSS_SSID0), 0);
    CHECK_EQ(smmu_attach(d, &disp, SOC_DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_space_create(d, &space), 0);
    CHECK_EQ(smmu_map(d, &space, IOVA, SOC_DATA, WINDOW / 2,
                      SMMU_WRITE | SMMU_BLOCKS),
             0);
    CHECK_EQ(smmu_map(d, &space, IOVA + WINDOW / 2, SOC_DATA + WINDOW / 2,
                      WINDOW / 2, SMMU_WRITE),
             0);
    CHECK_EQ(smmu_bind(d, &npu, SMMU_NO_PASID, &space), 0);
    for (uint32_t pasid = 1; pasid < 4; pasid++)
        CHECK_EQ(smmu_bind(d, &npu, pasid, &space), 0);
    CHECK_EQ(smmu_bind(d, &disp, SMMU_NO_PASID, &space), 0);
    CHECK_STR(d->message, "");
}

static void start(struct soc *s, struct plan *p)
{
    iovp_device *d[PLANS] = {s->npu, s->disp, s->raw};

    for (int i = 0; i < PLANS; i++)
        if (p->w[i].transfers)
            CHECK_EQ(iovp_workload_start(d[i], &p->w[i]), IOVP_OK);
}

static void run_plan(void *ud)
{
    struct plan *p = ud;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, p->quantum));
    if (!p->unmapped)
        map_windows(&s);
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    start(&s, p);
    do {
        uint64_t until = p->step ? iovp_now(s.p) + p->step : UINT64_MAX;

        CHECK_EQ(iovp_run_until(s.p, until, &p->why), IOVP_OK);
    } while (p->step && p->why == IOVP_RUN_TIME);
    p->end = iovp_now(s.p);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    p->rows = 16;
    for (size_t i = 0; i < 16; i++)
        p->row[i].size = sizeof(p->row[i]);
    CHECK_EQ(iovp_stats(s.p, p->row, &p->rows), IOVP_OK);
    soc_close(&s);
}

/* ---- in the parent ------------------------------------------------------------ */

static iovp_record *records;
static size_t record_count;

/* The transactions of a device, UINT32_MAX: of all. */
static void load_trace(const char *path, uint32_t device)
{
    iovp_trace_reader *r = NULL;
    iovp_record rec = {.size = sizeof(rec)};
    size_t room = 0;

    free(records);
    records = NULL;
    record_count = 0;
    CHECK_EQ(iovp_trace_open(&r, path), IOVP_OK);
    while (!iovp_trace_next(r, &rec)) {
        if (rec.kind != IOVP_RECORD_TRANSACTION ||
            (device != UINT32_MAX && rec.device != device))
            continue;
        if (record_count == room) {
            room = room ? 2 * room : 1024;
            records = realloc(records, room * sizeof(rec));
        }
        records[record_count++] = rec;
    }
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    iovp_trace_close(r);
}

/* Run a workload on the npu and load its records. */
static struct plan *run_npu(const iovp_workload *w)
{
    struct plan *p = new_plan("npu");

    if (!p)
        return NULL;
    p->w[0] = *w;
    soc_child(run_plan, p);
    load_trace(p->path, 0);
    unlink(p->path);
    CHECK_EQ(p->why, IOVP_RUN_IDLE);
    CHECK_EQ(record_count, w->transfers);
    return p;
}

#define NEEDS_SYSTEMC()                                                        \
    do {                                                                       \
        size_t tree_bytes;                                                     \
        if (!iovp_has_systemc())                                               \
            SKIP_TEST("built without SystemC");                                \
        REQUIRE(soc_tree(&tree_bytes));                                        \
    } while (0)

/* ---- addresses ------------------------------------------------------------------ */

/* Where the pattern is known: a step, and back where it does not fit. */
static void check_steps(const iovp_workload *w, uint64_t step)
{
    uint64_t at = 0;

    for (size_t i = 0; i < record_count; i++) {
        if (records[i].iova != w->base + at)
            FAIL_TEST("transfer %zu at 0x%llx", i,
                      (unsigned long long)records[i].iova);
        CHECK_EQ(records[i].bytes, w->bytes);
        at += step;
        if (at + w->bytes > w->window)
            at = 0;
    }
}

TEST_CASE(Workload, Sequential)
{
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    REQUIRE(run_npu(&w));
    check_steps(&w, 64);
    /* a window that no whole number of transfers fills, and wraps often */
    w.window = 1000;
    w.bytes = 48;
    w.transfers = 100;
    REQUIRE(run_npu(&w));
    check_steps(&w, 48);
    w.window = w.bytes = 4096; /* the smallest window of the largest transfer */
    REQUIRE(run_npu(&w));
    check_steps(&w, 4096);
}

TEST_CASE(Workload, Strided)
{
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    w.pattern = IOVP_PATTERN_STRIDED;
    w.stride = 4096 + 64;
    REQUIRE(run_npu(&w));
    check_steps(&w, w.stride);
    w.stride = 16; /* transfers that overlap */
    w.bytes = 32;
    w.window = 4096;
    REQUIRE(run_npu(&w));
    check_steps(&w, 16);
    w.stride = UINT64_MAX; /* never fits */
    w.transfers = 10;
    REQUIRE(run_npu(&w));
    check_steps(&w, 8192);
}

TEST_CASE(Workload, Random)
{
    iovp_workload w = basic;
    uint8_t seen[64] = {0};
    unsigned parts = 0;

    NEEDS_SYSTEMC();
    w.pattern = IOVP_PATTERN_RANDOM;
    REQUIRE(run_npu(&w));
    for (size_t i = 0; i < record_count; i++) {
        uint64_t at = records[i].iova - w.base;

        CHECK(at <= w.window - w.bytes && at % w.bytes == 0);
        seen[at / (w.window / 64)] = 1;
    }
    for (int i = 0; i < 64; i++)
        parts += seen[i];
    CHECK_EQ(parts, 64); /* 5000 draws miss none of 64 parts */
    w.window = 64; /* one place only */
    w.transfers = 50;
    REQUIRE(run_npu(&w));
    for (size_t i = 0; i < record_count; i++)
        CHECK_EQ(records[i].iova, w.base);
}

/* 100 bytes of each 0x1000 + 100: every transfer crosses a page in the end. */
TEST_CASE(Workload, TransfersThatCrossPages)
{
    struct plan *p = new_plan("cross");
    uint64_t bytes = 0;

    NEEDS_SYSTEMC();
    p->w[0] = basic;
    p->w[0].base = IOVA + WINDOW - 8 * 4096 - 50;
    p->w[0].window = 8 * 4096;
    p->w[0].pattern = IOVP_PATTERN_STRIDED;
    p->w[0].stride = 4096;
    p->w[0].bytes = 100;
    p->w[0].transfers = 70;
    soc_child(run_plan, p);
    load_trace(p->path, 0);
    unlink(p->path);
    CHECK_EQ(record_count, 140);
    for (size_t i = 0; i < record_count; i++) {
        CHECK_EQ(records[i].bytes, 50);
        bytes += records[i].bytes;
        if (i % 2)
            CHECK_EQ(records[i].iova % 4096, 0);
    }
    CHECK_EQ(bytes, 7000);
    CHECK_EQ(p->row[0].bytes, 7000);
}

/* ---- kinds ------------------------------------------------------------------------- */

static unsigned reads(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < record_count; i++)
        n += records[i].access == IOVP_ACCESS_READ;
    return n;
}

TEST_CASE(Workload, ShareOfReads)
{
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    w.read_percent = 100;
    REQUIRE(run_npu(&w));
    CHECK_EQ(reads(), 5000);
    w.read_percent = 0;
    REQUIRE(run_npu(&w));
    CHECK_EQ(reads(), 0);
    w.read_percent = 75;
    REQUIRE(run_npu(&w));
    CHECK(reads() > 3600 && reads() < 3900);
}

TEST_CASE(Workload, PasidsInTurn)
{
    static const uint32_t pasid[] = {3, 1, 2};
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    w.pasids = 3;
    memcpy(w.pasid, pasid, sizeof(pasid));
    w.transfers = 100;
    REQUIRE(run_npu(&w));
    for (size_t i = 0; i < record_count; i++) {
        CHECK_EQ(records[i].pasid_valid, 1);
        CHECK_EQ(records[i].pasid, pasid[i % 3]);
    }
    w.pasids = 0;
    REQUIRE(run_npu(&w));
    for (size_t i = 0; i < record_count; i++)
        CHECK_EQ(records[i].pasid_valid, 0);
}

/* ---- rate and transfers in flight ---------------------------------------------------- */

TEST_CASE(Workload, RateIsAMaximum)
{
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    /* 64 bytes at 3 GB/s: one each 21333.33 ps */
    w.rate = 3000000000;
    w.outstanding = 64;
    REQUIRE(run_npu(&w));
    for (size_t i = 1; i < record_count; i++)
        if (records[i].time_in - records[i - 1].time_in < 21334)
            FAIL_TEST("transfer %zu after %llu ps", i,
                      (unsigned long long)(records[i].time_in -
                                           records[i - 1].time_in));
    /* and it is reached where nothing is in the way */
    CHECK(records[4999].time_in - records[0].time_in < 4999 * 21400ull);
    /* one byte a second */
    w.rate = 1;
    w.bytes = 4;
    w.transfers = 3;
    REQUIRE(run_npu(&w));
    CHECK_EQ(records[2].time_in - records[0].time_in, 8000000000000);
    /* more than there can be: one a nanosecond */
    w.rate = UINT64_MAX;
    w.transfers = 1000;
    REQUIRE(run_npu(&w));
    for (size_t i = 1; i < record_count; i++)
        CHECK(records[i].time_in - records[i - 1].time_in >= 1000);
}

static unsigned most_in_flight(void)
{
    unsigned most = 0;

    for (size_t i = 0; i < record_count; i++) {
        unsigned n = 1;

        for (size_t k = i > 300 ? i - 300 : 0; k < i; k++)
            n += records[k].time_out > records[i].time_in;
        if (n > most)
            most = n;
    }
    return most;
}

TEST_CASE(Workload, TransfersInFlight)
{
    static const uint32_t limits[] = {1, 2, 7, 32};
    iovp_workload w = basic;

    NEEDS_SYSTEMC();
    w.pattern = IOVP_PATTERN_RANDOM;
    w.transfers = 2000;
    for (int i = 0; i < 4; i++) {
        w.outstanding = limits[i];
        REQUIRE(run_npu(&w));
        CHECK_EQ(most_in_flight(), limits[i]);
    }
}

/* ---- start, stop, again --------------------------------------------------------------- */

static uint64_t transfers_of(struct soc *s)
{
    iovp_stream_stats row = {.size = sizeof(row)};
    size_t n = 1;

    CHECK_EQ(iovp_stats(s->p, &row, &n), IOVP_OK);
    return n ? row.transfers : 0;
}

static void stop_and_start(void *ud)
{
    iovp_workload slow = basic;
    struct plan *p = ud;
    uint64_t before;
    uint32_t why = 9;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    map_windows(&s);
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    /* one a microsecond, for ever */
    slow.rate = 64000000;
    slow.transfers = 0;
    CHECK_EQ(iovp_workload_start(s.npu, &slow), IOVP_OK);
    soc_run(&s, 10500000);
    CHECK_EQ(transfers_of(&s), 11);
    CHECK_EQ(iovp_workload_stop(s.npu), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    CHECK_EQ(transfers_of(&s), 11);
    CHECK_EQ(iovp_workload_stop(s.npu), IOVP_OK);
    /* started again it begins again; then another takes its place */
    CHECK_EQ(iovp_workload_start(s.npu, &slow), IOVP_OK);
    soc_run(&s, 5500000);
    before = transfers_of(&s);
    CHECK_EQ(before, 17);
    CHECK_EQ(iovp_workload_start(s.npu, &p->w[0]), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    CHECK_EQ(transfers_of(&s), before + p->w[0].transfers);
    /* an end of its own, and the tree's own workload, which faults */
    CHECK_EQ(iovp_workload_start(s.npu, NULL), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, &why), IOVP_OK);
    CHECK_EQ(transfers_of(&s), before + p->w[0].transfers + 100);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    soc_close(&s);
}

TEST_CASE(Workload, StopAndStart)
{
    struct plan *p = new_plan("stop");

    NEEDS_SYSTEMC();
    p->w[0] = basic;
    p->w[0].base = IOVA + 0x100000;
    p->w[0].window = 0x1000;
    p->w[0].outstanding = 2;
    p->w[0].transfers = 40;
    soc_child(stop_and_start, p);
    load_trace(p->path, 0);
    unlink(p->path);
    REQUIRE(record_count == 17 + 40 + 100);
    for (uint64_t i = 0; i < 17; i++)
        CHECK_EQ(records[i].iova, IOVA + (i < 11 ? i : i - 11) * 64);
    for (uint64_t i = 17; i < 57; i++)
        CHECK_EQ(records[i].iova, IOVA + 0x100000 + (i - 17) * 64);
}

/* ---- faults only ------------------------------------------------------------------------ */

TEST_CASE(Workload, FaultsTakeTimeToo)
{
    struct plan *p = new_plan("faults");

    NEEDS_SYSTEMC();
    p->unmapped = true;
    p->w[0] = basic;
    p->w[0].outstanding = 256;
    p->w[2] = basic; /* IOVA is not RAM */
    soc_child(run_plan, p);
    load_trace(p->path, UINT32_MAX);
    unlink(p->path);
    CHECK_EQ(p->why, IOVP_RUN_IDLE);
    CHECK_EQ(record_count, 10000);
    CHECK_EQ(p->rows, 2);
    CHECK_EQ(p->row[0].faults, 5000);
    CHECK_EQ(p->row[0].bytes, 0);
    CHECK_EQ(p->row[1].faults, 5000);
    CHECK(p->end >= 4999 * 1000);
}

/* Without end, and with leave to run ahead for ever: until the time asked. */
static void endless(void *ud)
{
    struct plan *p = ud;
    uint32_t why = 9;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, UINT64_MAX));
    map_windows(&s);
    p->end = iovp_now(s.p) + 100000000;
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    for (int i = 0; i < PLANS; i++)
        p->w[i].transfers = 0;
    CHECK_EQ(iovp_workload_start(s.npu, &p->w[0]), IOVP_OK);
    CHECK_EQ(iovp_workload_start(s.disp, &p->w[0]), IOVP_OK);
    CHECK_EQ(iovp_workload_start(s.raw, &p->w[0]), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, p->end, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK_EQ(iovp_now(s.p), p->end);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    /* destroyed while they run */
    soc_close(&s);
}

TEST_CASE(Workload, EndlessOnesEndAtTheTimeAsked)
{
    struct plan *p = new_plan("endless");

    NEEDS_SYSTEMC();
    p->w[0] = basic;
    soc_child(endless, p);
    load_trace(p->path, UINT32_MAX);
    unlink(p->path);
    CHECK(record_count > 1000);
    for (size_t i = 0; i < record_count; i++)
        CHECK(records[i].time_in < p->end);
}

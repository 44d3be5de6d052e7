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

#include "capi_plan.h"
#include "shim.h"

#define IOVA PLAN_IOVA

/* Run a workload on the npu and load its records. */
static bool run_npu(const iovp_workload *w, uint32_t mode)
{
    struct plan *p = plan_new("npu");

    if (!p)
        return false;
    p->mode = mode;
    p->w[0] = *w;
    soc_child(plan_run, p);
    plan_load(p->path, 0);
    CHECK_EQ(p->why, IOVP_RUN_IDLE);
    CHECK_EQ(plan_count, w->transfers);
    return plan_count == w->transfers;
}

/* What has nothing to do with time is the same in both modes. */
static void modes(void (*test)(uint32_t mode))
{
    size_t tree_bytes;

    REQUIRE(soc_tree(&tree_bytes));
    test(IOVP_MODE_FUNCTIONAL);
    if (iovp_has_systemc())
        test(IOVP_MODE_TIMED);
}

#define NEEDS_SYSTEMC()                         \
    do {                                        \
        size_t tree_bytes;                      \
        if (!iovp_has_systemc())                \
            SKIP_TEST("built without SystemC"); \
        REQUIRE(soc_tree(&tree_bytes));         \
    } while (0)

/* ---- addresses
 * ------------------------------------------------------------------ */

/* Where the pattern is known: a step, and back where it does not fit. */
static void check_steps(const iovp_workload *w, uint64_t step)
{
    uint64_t at = 0;

    for (size_t i = 0; i < plan_count; i++) {
        if (plan_records[i].iova != w->base + at)
            FAIL_TEST("transfer %zu at 0x%llx", i,
                      (unsigned long long)plan_records[i].iova);
        CHECK_EQ(plan_records[i].bytes, w->bytes);
        at += step;
        if (at + w->bytes > w->window)
            at = 0;
    }
}

static void sequential(uint32_t mode)
{
    iovp_workload w = plan_basic;

    REQUIRE(run_npu(&w, mode));
    check_steps(&w, 64);
    /* a window that no whole number of transfers fills, and wraps often */
    w.window = 1000;
    w.bytes = 48;
    w.transfers = 100;
    REQUIRE(run_npu(&w, mode));
    check_steps(&w, 48);
    w.window = w.bytes = 4096; /* the smallest window of the largest transfer */
    REQUIRE(run_npu(&w, mode));
    check_steps(&w, 4096);
}

TEST_CASE(Workload, Sequential)
{
    modes(sequential);
}

static void strided(uint32_t mode)
{
    iovp_workload w = plan_basic;

    w.pattern = IOVP_PATTERN_STRIDED;
    w.stride = 4096 + 64;
    REQUIRE(run_npu(&w, mode));
    check_steps(&w, w.stride);
    w.stride = 16; /* transfers that overlap */
    w.bytes = 32;
    w.window = 4096;
    REQUIRE(run_npu(&w, mode));
    check_steps(&w, 16);
    w.stride = UINT64_MAX; /* never fits */
    w.transfers = 10;
    REQUIRE(run_npu(&w, mode));
    check_steps(&w, 8192);
}

TEST_CASE(Workload, Strided)
{
    modes(strided);
}

static void at_random(uint32_t mode)
{
    iovp_workload w = plan_basic;
    uint8_t seen[64] = {0};
    unsigned parts = 0;

    w.pattern = IOVP_PATTERN_RANDOM;
    REQUIRE(run_npu(&w, mode));
    for (size_t i = 0; i < plan_count; i++) {
        uint64_t at = plan_records[i].iova - w.base;

        CHECK(at <= w.window - w.bytes && at % w.bytes == 0);
        seen[at / (w.window / 64)] = 1;
    }
    for (int i = 0; i < 64; i++)
        parts += seen[i];
    CHECK_EQ(parts, 64); /* 5000 draws miss none of 64 parts */
    w.window = 64;       /* one place only */
    w.transfers = 50;
    REQUIRE(run_npu(&w, mode));
    for (size_t i = 0; i < plan_count; i++)
        CHECK_EQ(plan_records[i].iova, w.base);
}

TEST_CASE(Workload, Random)
{
    modes(at_random);
}

/* 100 bytes every 4096, 50 of them before the end of a page. */
TEST_CASE(Workload, TransfersThatCrossPages)
{
    struct plan *p = plan_new("cross");
    uint64_t bytes = 0;

    NEEDS_SYSTEMC();
    p->w[0] = plan_basic;
    p->w[0].base = IOVA + PLAN_WINDOW - 8 * 4096 - 50;
    p->w[0].window = 8 * 4096;
    p->w[0].pattern = IOVP_PATTERN_STRIDED;
    p->w[0].stride = 4096;
    p->w[0].bytes = 100;
    p->w[0].transfers = 70;
    soc_child(plan_run, p);
    plan_load(p->path, 0);
    CHECK_EQ(plan_count, 140);
    for (size_t i = 0; i < plan_count; i++) {
        CHECK_EQ(plan_records[i].bytes, 50);
        bytes += plan_records[i].bytes;
        if (i % 2)
            CHECK_EQ(plan_records[i].iova % 4096, 0);
    }
    CHECK_EQ(bytes, 7000);
    CHECK_EQ(p->row[0].bytes, 7000);
}

/* ---- kinds
 * ------------------------------------------------------------------------- */

static unsigned reads(void)
{
    unsigned n = 0;

    for (size_t i = 0; i < plan_count; i++)
        n += plan_records[i].access == IOVP_ACCESS_READ;
    return n;
}

static void share_of_reads(uint32_t mode)
{
    iovp_workload w = plan_basic;

    w.read_percent = 100;
    REQUIRE(run_npu(&w, mode));
    CHECK_EQ(reads(), 5000);
    w.read_percent = 0;
    REQUIRE(run_npu(&w, mode));
    CHECK_EQ(reads(), 0);
    w.read_percent = 75;
    REQUIRE(run_npu(&w, mode));
    CHECK(reads() > 3600 && reads() < 3900);
}

TEST_CASE(Workload, ShareOfReads)
{
    modes(share_of_reads);
}

static void pasids_in_turn(uint32_t mode)
{
    static const uint32_t pasid[] = {3, 1, 2};
    iovp_workload w = plan_basic;

    w.pasids = 3;
    memcpy(w.pasid, pasid, sizeof(pasid));
    w.transfers = 100;
    REQUIRE(run_npu(&w, mode));
    for (size_t i = 0; i < plan_count; i++) {
        CHECK_EQ(plan_records[i].pasid_valid, 1);
        CHECK_EQ(plan_records[i].pasid, pasid[i % 3]);
    }
    w.pasids = 0;
    REQUIRE(run_npu(&w, mode));
    for (size_t i = 0; i < plan_count; i++)
        CHECK_EQ(plan_records[i].pasid_valid, 0);
}

TEST_CASE(Workload, PasidsInTurn)
{
    modes(pasids_in_turn);
}

/* ---- rate and transfers in flight
 * ---------------------------------------------------- */

TEST_CASE(Workload, RateIsAMaximum)
{
    iovp_workload w = plan_basic;

    NEEDS_SYSTEMC();
    /* 64 bytes at 3 GB/s: one each 21333.33 ps */
    w.rate = 3000000000;
    w.outstanding = 64;
    REQUIRE(run_npu(&w, IOVP_MODE_TIMED));
    for (size_t i = 1; i < plan_count; i++)
        if (plan_records[i].time_in - plan_records[i - 1].time_in < 21334)
            FAIL_TEST("transfer %zu after %llu ps", i,
                      (unsigned long long)(plan_records[i].time_in -
                                           plan_records[i - 1].time_in));
    /* and it is reached where nothing is in the way */
    CHECK(plan_records[4999].time_in - plan_records[0].time_in <
          4999 * 21400ull);
    /* one byte a second */
    w.rate = 1;
    w.bytes = 4;
    w.transfers = 3;
    REQUIRE(run_npu(&w, IOVP_MODE_TIMED));
    CHECK_EQ(plan_records[2].time_in - plan_records[0].time_in, 8000000000000);
    /* more than there can be: one a nanosecond */
    w.rate = UINT64_MAX;
    w.transfers = 1000;
    REQUIRE(run_npu(&w, IOVP_MODE_TIMED));
    for (size_t i = 1; i < plan_count; i++)
        CHECK(plan_records[i].time_in - plan_records[i - 1].time_in >= 1000);
}

static unsigned most_in_flight(void)
{
    unsigned most = 0;

    for (size_t i = 0; i < plan_count; i++) {
        unsigned n = 1;

        for (size_t k = i > 300 ? i - 300 : 0; k < i; k++)
            n += plan_records[k].time_out > plan_records[i].time_in;
        if (n > most)
            most = n;
    }
    return most;
}

TEST_CASE(Workload, TransfersInFlight)
{
    static const uint32_t limits[] = {1, 2, 7, 32};
    iovp_workload w = plan_basic;

    NEEDS_SYSTEMC();
    w.pattern = IOVP_PATTERN_RANDOM;
    w.transfers = 2000;
    for (int i = 0; i < 4; i++) {
        w.outstanding = limits[i];
        REQUIRE(run_npu(&w, IOVP_MODE_TIMED));
        CHECK_EQ(most_in_flight(), limits[i]);
    }
}

/* ---- start, stop, again
 * --------------------------------------------------------------- */

static uint64_t transfers_of(struct soc *s)
{
    iovp_stream_stats row = {.size = sizeof(row)};
    size_t n = 1;

    CHECK_EQ(iovp_stats(s->p, &row, &n), IOVP_OK);
    return n ? row.transfers : 0;
}

static void stop_and_start(void *ud)
{
    iovp_workload slow = plan_basic;
    struct plan *p = ud;
    uint64_t before;
    uint32_t why = 9;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    plan_map(&s);
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
    struct plan *p = plan_new("stop");

    NEEDS_SYSTEMC();
    p->w[0] = plan_basic;
    p->w[0].base = IOVA + 0x100000;
    p->w[0].window = 0x1000;
    p->w[0].outstanding = 2;
    p->w[0].transfers = 40;
    soc_child(stop_and_start, p);
    plan_load(p->path, 0);
    REQUIRE(plan_count == 17 + 40 + 100);
    for (uint64_t i = 0; i < 17; i++)
        CHECK_EQ(plan_records[i].iova, IOVA + (i < 11 ? i : i - 11) * 64);
    for (uint64_t i = 17; i < 57; i++)
        CHECK_EQ(plan_records[i].iova, IOVA + 0x100000 + (i - 17) * 64);
}

/* ---- faults only
 * ------------------------------------------------------------------------ */

TEST_CASE(Workload, FaultsTakeTimeToo)
{
    struct plan *p = plan_new("faults");

    NEEDS_SYSTEMC();
    p->unmapped = true;
    p->w[0] = plan_basic;
    p->w[0].outstanding = 256;
    p->w[2] = plan_basic; /* IOVA is not RAM */
    soc_child(plan_run, p);
    plan_load(p->path, UINT32_MAX);
    CHECK_EQ(p->why, IOVP_RUN_IDLE);
    CHECK_EQ(plan_count, 10000);
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
    plan_map(&s);
    p->end = iovp_now(s.p) + 100000000;
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    for (int i = 0; i < PLAN_DEVICES; i++)
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
    struct plan *p = plan_new("endless");

    NEEDS_SYSTEMC();
    p->w[0] = plan_basic;
    soc_child(endless, p);
    plan_load(p->path, UINT32_MAX);
    CHECK(plan_count > 1000);
    for (size_t i = 0; i < plan_count; i++)
        CHECK(plan_records[i].time_in < p->end);
}

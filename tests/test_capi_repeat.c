/* SPDX-License-Identifier: MIT */
/*
 * Timed platforms: the same run gives the same trace, byte for byte, and the
 * statistics are what its records sum up to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_plan.h"
#include "shim.h"

#define NEEDS_SYSTEMC()                         \
    do {                                        \
        size_t tree_bytes;                      \
        if (!iovp_has_systemc())                \
            SKIP_TEST("built without SystemC"); \
        REQUIRE(soc_tree(&tree_bytes));         \
    } while (0)

/* All three masters at once; the npu with PASIDs and many misses. */
static struct plan *busy_plan(const char *name)
{
    struct plan *p = plan_new(name);

    if (!p)
        return NULL;
    for (int i = 0; i < PLAN_DEVICES; i++)
        p->w[i] = plan_basic;
    p->w[0].pattern = IOVP_PATTERN_RANDOM;
    p->w[0].outstanding = 32;
    p->w[0].pasids = 3;
    for (uint32_t i = 0; i < 3; i++)
        p->w[0].pasid[i] = i + 1;
    p->w[1].pattern = IOVP_PATTERN_STRIDED;
    p->w[1].stride = 4096 - 64;
    p->w[1].bytes = 200;
    p->w[1].rate = 5000000000;
    p->w[2].base = SOC_DATA;
    return p;
}

/* ---- the same file
 * ------------------------------------------------------------ */

struct file {
    uint8_t *p;
    size_t n;
};

static struct file read_file(const char *path)
{
    struct file f = {NULL, 0};
    FILE *in = fopen(path, "rb");
    long n = -1;

    if (in && !fseek(in, 0, SEEK_END))
        n = ftell(in);
    if (n > 0) {
        rewind(in);
        f.p = malloc((size_t)n);
        if (f.p)
            f.n = fread(f.p, 1, (size_t)n, in);
    }
    if (in)
        fclose(in);
    unlink(path);
    CHECK(f.n > 10000);
    return f;
}

static struct file traced_run(uint64_t quantum, uint64_t step, uint32_t seed)
{
    struct plan *p = busy_plan("repeat");

    p->quantum = quantum;
    p->step = step;
    p->w[0].seed = seed;
    soc_child(plan_run, p);
    CHECK_EQ(p->why, IOVP_RUN_IDLE);
    return read_file(p->path);
}

static void check_same(struct file *a, struct file *b, bool same)
{
    CHECK_EQ(a->n == b->n && !memcmp(a->p, b->p, a->n), same);
    free(b->p);
}

TEST_CASE(Repeat, TheSameRunGivesTheSameTrace)
{
    struct file first, again;

    NEEDS_SYSTEMC();
    first = traced_run(0, 0, 7);
    again = traced_run(0, 0, 7);
    check_same(&first, &again, true);
    /* in steps of 10 us: how a run is cut leaves no mark */
    again = traced_run(0, 10000000, 7);
    check_same(&first, &again, true);
    again = traced_run(0, 0, 8);
    check_same(&first, &again, false);
    free(first.p);
    first = traced_run(1000000, 0, 7);
    again = traced_run(1000000, 0, 7);
    check_same(&first, &again, true);
    free(first.p);
}

/* A quantum changes when masters meet, not what each of them does. */
TEST_CASE(Repeat, AQuantumKeepsEachMastersSequence)
{
    enum { MOST = 6000 };
    static iovp_record kept[MOST];

    NEEDS_SYSTEMC();
    for (uint32_t device = 0; device < PLAN_DEVICES; device++) {
        struct plan *p = busy_plan("quantum");
        size_t n;

        REQUIRE(p);
        soc_child(plan_run, p);
        plan_load(p->path, device);
        n = plan_count;
        REQUIRE(n >= 5000 && n <= MOST);
        memcpy(kept, plan_records, n * sizeof(kept[0]));
        p->quantum = 1000000;
        soc_child(plan_run, p);
        plan_load(p->path, device);
        REQUIRE(plan_count == n);
        for (size_t i = 0; i < n; i++) {
            CHECK_EQ(plan_records[i].iova, kept[i].iova);
            CHECK_EQ(plan_records[i].access, kept[i].access);
            CHECK_EQ(plan_records[i].pasid, kept[i].pasid);
            CHECK_EQ(plan_records[i].result, kept[i].result);
        }
    }
}

/* ---- figures
 * ---------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that `percent` are not above. */
static uint64_t exact(const uint64_t *sorted, size_t n, unsigned percent)
{
    size_t rank = (n * percent + 99) / 100;

    return sorted[rank ? rank - 1 : 0];
}

static void within(uint64_t got, uint64_t want)
{
    if (got < want || got > want + want / 32)
        shim_fail(__FILE__, __LINE__, "percentile %llu, exactly %llu",
                  (unsigned long long)got, (unsigned long long)want);
}

static bool belongs(const iovp_record *r, const iovp_stream_stats *row)
{
    return r->device == row->device && r->stream_id == row->stream_id &&
           r->pasid_valid == row->pasid_valid && r->pasid == row->pasid &&
           r->space == row->space;
}

/* What the records of one row sum up to, one by one. */
static void sum_up(const iovp_stream_stats *row, iovp_stream_stats *sum,
                   uint64_t *latency)
{
    *sum = (iovp_stream_stats){.size = sizeof(*sum),
                               .first_ps = UINT64_MAX,
                               .latency_min_ps = UINT64_MAX};
    for (size_t i = 0; i < plan_count; i++) {
        const iovp_record *r = &plan_records[i];
        uint64_t t = r->time_out - r->time_in;

        if (!belongs(r, row))
            continue;
        latency[sum->transfers++] = t;
        sum->bytes += r->result == IOVP_DMA_OK ? r->bytes : 0;
        sum->faults += r->result != IOVP_DMA_OK;
        if (r->time_in < sum->first_ps)
            sum->first_ps = r->time_in;
        if (r->time_out > sum->last_ps)
            sum->last_ps = r->time_out;
        for (int c = 0; c < IOVP_STAT_CACHES; c++) {
            sum->lookups[c] += r->cache[c] != 0;
            sum->hits[c] += r->cache[c] == 1 || r->cache[c] == 3;
        }
        sum->walks += r->s1_accesses || r->s2_accesses;
        sum->accesses += r->config_accesses + r->s1_accesses + r->s2_accesses;
        for (int w = 0; w < 4; w++)
            sum->wait_ps[w] += r->wait_ps[w];
    }
}

static void check_row(const iovp_stream_stats *row)
{
    uint64_t *latency = calloc(plan_count, sizeof(*latency));
    iovp_stream_stats sum;

    REQUIRE(latency);
    sum_up(row, &sum, latency);
    CHECK_EQ(row->transfers, sum.transfers);
    CHECK_EQ(row->bytes, sum.bytes);
    CHECK_EQ(row->faults, sum.faults);
    CHECK_EQ(row->first_ps, sum.first_ps);
    CHECK_EQ(row->last_ps, sum.last_ps);
    CHECK_MEM(row->lookups, sum.lookups, sizeof(sum.lookups));
    CHECK_MEM(row->hits, sum.hits, sizeof(sum.hits));
    CHECK_EQ(row->walks, sum.walks);
    CHECK_EQ(row->accesses, sum.accesses);
    CHECK_MEM(row->wait_ps, sum.wait_ps, sizeof(sum.wait_ps));
    if (sum.transfers) {
        qsort(latency, sum.transfers, sizeof(*latency), by_value);
        CHECK_EQ(row->latency_min_ps, latency[0]);
        CHECK_EQ(row->latency_max_ps, latency[sum.transfers - 1]);
        within(row->latency_p50_ps, exact(latency, sum.transfers, 50));
        within(row->latency_p99_ps, exact(latency, sum.transfers, 99));
    }
    free(latency);
}

TEST_CASE(Repeat, FiguresAreTheSumsOfTheTrace)
{
    struct plan *p = busy_plan("figures");
    uint64_t all = 0;

    NEEDS_SYSTEMC();
    /* faults too: a part of the display's window is not mapped */
    p->w[1].base = PLAN_IOVA + PLAN_WINDOW - 0x100000;
    p->w[1].window = 0x200000;
    soc_child(plan_run, p);
    plan_load(p->path, UINT32_MAX);
    /* three PASIDs, the display and the raw master */
    CHECK_EQ(p->rows, 5);
    for (size_t i = 0; i < p->rows; i++) {
        check_row(&p->row[i]);
        all += p->row[i].transfers;
    }
    CHECK_EQ(all, plan_count);
    CHECK(p->row[3].faults > 1000);
    CHECK(p->row[0].latency_p50_ps < p->row[0].latency_p99_ps);
    /* a master without IOMMU: 60 ns to RAM and nothing else */
    CHECK_EQ(p->row[4].latency_min_ps, 60000);
    CHECK_EQ(p->row[4].latency_max_ps, 60000);
    CHECK_EQ(p->row[4].latency_p50_ps, 60000);
    CHECK_EQ(p->row[4].lookups[IOVP_STAT_TLB], 0);
}

/* ---- latencies of every size, by transactions that enter out of order
 * -------- */

static void wide_latencies(void *ud)
{
    struct plan *p = ud;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    plan_map(&s);
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    /* One that enters late makes the one after it wait, at the lookup port. */
    for (unsigned i = 0; i < 51; i++) {
        uint64_t late = iovp_now(s.p) + (1000ull << i % 51);

        CHECK_EQ(iovp_dma_replay(s.disp, NULL, PLAN_IOVA, 64, IOVP_ACCESS_READ,
                                 late, NULL),
                 IOVP_OK);
        CHECK_EQ(iovp_dma_replay(s.disp, NULL, PLAN_IOVA, 64, IOVP_ACCESS_READ,
                                 iovp_now(s.p), NULL),
                 IOVP_OK);
    }
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    p->rows = 1;
    p->row[0].size = sizeof(p->row[0]);
    CHECK_EQ(iovp_stats(s.p, p->row, &p->rows), IOVP_OK);
    soc_close(&s);
}

TEST_CASE(Repeat, PercentilesOfWideLatencies)
{
    struct plan *p = plan_new("wide");

    NEEDS_SYSTEMC();
    soc_child(wide_latencies, p);
    plan_load(p->path, UINT32_MAX);
    CHECK_EQ(plan_count, 102);
    CHECK(p->row[0].latency_max_ps >= 1000ull << 50);
    check_row(&p->row[0]);
}

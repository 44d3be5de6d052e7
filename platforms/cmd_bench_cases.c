/* SPDX-License-Identifier: MIT */
/* The measurements of `iovp bench`; docs/performance.md says what they mean. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE        0x1000ull
#define BATCH       4096 /* calls between two looks at the clock */
#define HIT_PAGES   64
#define L0_TABLES   512 /* entries of a level 0 table: 512 GiB each */
#define MISS_SPACES 32
#define WINDOW      (1ull << 20)
#define IOVA        0x10000000ull
/* A share of walks that all read 4 descriptors, per mille. */
#define FULL_WALKS  999

/*
 * Time of this process on its core: what other programs take does not count.
 */
static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int bench_rates(const struct bench *b, double *value,
                iovp_status (*once)(void *ud, uint64_t n), void *ud)
{
    for (unsigned r = 0; r < b->runs; r++) {
        double start = cpu_seconds(), now = start;
        uint64_t n = 0;

        while (now - start < b->seconds) {
            for (uint64_t end = n + BATCH; n < end; n++)
                if (once(ud, n) != IOVP_OK)
                    return CMD_FAIL;
            now = cpu_seconds();
        }
        value[r] = (double)n / (now - start);
    }
    return CMD_OK;
}

/* ---- translation ------------------------------------------------------ */

struct translate {
    struct bench_soc soc;
    iovp_translation out;
    iovp_attrs attrs;
    uint64_t iova[MISS_SPACES * L0_TABLES];
    uint32_t pasid[MISS_SPACES * L0_TABLES];
    uint64_t pages; /* a power of two */
    uint64_t faults;
};

static iovp_status hit_once(void *ud, uint64_t n)
{
    struct translate *t = ud;
    iovp_status st =
        iovp_translate(t->soc.device, NULL, IOVA + n % HIT_PAGES * PAGE,
                       IOVP_ACCESS_READ, 0, &t->out);

    t->faults += t->out.status != IOVP_DMA_OK;
    return st;
}

static int translate_hit(const struct bench *b, double *value)
{
    static struct translate t = {.out = {.size = sizeof(t.out)}};
    struct smmu_space space;
    iovp_status st = IOVP_OK;

    if (bench_open(&t.soc, IOVP_MODE_FUNCTIONAL, 0) ||
        bench_space(&t.soc, SMMU_NO_PASID, &space) ||
        bench_map(&t.soc, &space, IOVA, 0, HIT_PAGES * PAGE))
        return CMD_FAIL;
    for (uint64_t i = 0; i < 2 * HIT_PAGES && st == IOVP_OK; i++)
        st = hit_once(&t, i);
    if (st != IOVP_OK || bench_rates(b, value, hit_once, &t))
        return bench_fail(&t.soc, "translation");
    if (t.faults || t.out.accesses) {
        cmd_error("the translations were no hits");
        return CMD_FAIL;
    }
    return CMD_OK;
}

static iovp_status miss_once(void *ud, uint64_t n)
{
    struct translate *t = ud;
    uint64_t i = n & (t->pages - 1);
    iovp_status st;

    t->attrs.pasid = t->pasid[i];
    st = iovp_translate(t->soc.device, &t->attrs, t->iova[i], IOVP_ACCESS_READ,
                        0, &t->out);
    t->faults += t->out.status != IOVP_DMA_OK;
    return st;
}

/*
 * Each page lies below a level 0 entry of its own, so that no two of them
 * share a table below the root: a walk that finds nothing in the walk cache
 * reads 4 levels.  Data pages are few: translations do not touch them.
 */
static int miss_pages(struct translate *t, uint32_t pasid, uint64_t pages)
{
    struct smmu_space space;

    if (bench_space(&t->soc, pasid, &space))
        return CMD_FAIL;
    for (uint64_t k = 0; k < pages; k++, t->pages++) {
        uint64_t mix = (k + 977 * pasid) * 0x9e3779b97f4a7c15ull;
        uint64_t iova = k << 39 | (mix >> 37 << 12 & 0x7ffffff000ull);

        t->iova[t->pages] = iova;
        t->pasid[t->pages] = pasid;
        if (bench_map(&t->soc, &space, iova, k * PAGE, PAGE))
            return CMD_FAIL;
    }
    return CMD_OK;
}

/* Share of translations with exactly 4 reads, per mille, in one round. */
static unsigned full_walks(struct translate *t)
{
    uint64_t full = 0;

    for (uint64_t n = 0; n < 2 * t->pages; n++) {
        if (miss_once(t, n) != IOVP_OK)
            return 0;
        full += n >= t->pages && t->out.accesses == 4;
    }
    return (unsigned)(1000 * full / t->pages);
}

/* More address spaces until the working set defeats every cache. */
static int miss_set(struct translate *t, uint64_t pages)
{
    uint32_t pasid = 1;
    unsigned share = 0;

    for (uint32_t spaces = 1; spaces <= MISS_SPACES; spaces *= 2) {
        for (; pasid <= spaces; pasid++)
            if (miss_pages(t, pasid, pages))
                return CMD_FAIL;
        share = full_walks(t);
        if (share >= FULL_WALKS)
            return CMD_OK;
    }
    cmd_error("only %u of 1000 translations read 4 descriptors", share);
    return CMD_FAIL;
}

static int miss_rates(const struct bench *b, double *value, uint32_t entries,
                      uint64_t pages)
{
    static struct translate t = {
        .out = {.size = sizeof(t.out)},
        .attrs = {.size = sizeof(t.attrs),
                  .specified = IOVP_ATTR_PASID,
                  .pasid_valid = 1},
    };

    if (bench_open(&t.soc, IOVP_MODE_FUNCTIONAL, entries) ||
        miss_set(&t, pages))
        return CMD_FAIL;
    if (bench_rates(b, value, miss_once, &t))
        return bench_fail(&t.soc, "translation");
    if (!t.faults)
        return CMD_OK;
    cmd_error("translations faulted");
    return CMD_FAIL;
}

/* Caches so small that the tables of the working set stay in the host's. */
static int translate_miss(const struct bench *b, double *value)
{
    return miss_rates(b, value, 16, 128);
}

/* The default caches: 4096 pages with 12 KiB of tables each. */
static int translate_miss_cold(const struct bench *b, double *value)
{
    return miss_rates(b, value, 0, L0_TABLES);
}

/* ---- DMA -------------------------------------------------------------- */

struct dma {
    struct bench_soc soc;
    iovp_dma_result result;
    uint64_t time; /* of the next replayed transaction */
    uint64_t faults;
};

static int dma_open(struct dma *d, uint32_t mode)
{
    struct smmu_space space;

    d->result.size = sizeof(d->result);
    return bench_open(&d->soc, mode, 0) ||
                   bench_space(&d->soc, SMMU_NO_PASID, &space) ||
                   bench_map(&d->soc, &space, IOVA, 0, WINDOW)
               ? CMD_FAIL
               : CMD_OK;
}

static iovp_status dma_once(void *ud, uint64_t n)
{
    uint8_t buf[64];
    struct dma *d = ud;
    iovp_status st = iovp_dma_read(d->soc.device, IOVP_NO_PASID,
                                   IOVA + n * sizeof(buf) % WINDOW, buf,
                                   sizeof(buf), NULL, &d->result);

    d->faults += d->result.status != IOVP_DMA_OK;
    return st;
}

static int dma_64(const struct bench *b, double *value)
{
    struct dma d = {0};

    if (dma_open(&d, IOVP_MODE_FUNCTIONAL))
        return CMD_FAIL;
    if (bench_rates(b, value, dma_once, &d) || d.faults)
        return bench_fail(&d.soc, "DMA");
    return CMD_OK;
}

static iovp_status replay_once(void *ud, uint64_t n)
{
    struct dma *d = ud;
    iovp_status st =
        iovp_dma_replay(d->soc.device, NULL, IOVA + n * 64 % WINDOW, 64,
                        IOVP_ACCESS_READ, d->time, &d->result);

    d->time += 4000; /* 16 GB/s */
    d->faults += d->result.status != IOVP_DMA_OK;
    return st;
}

static int timed_replay(const struct bench *b, double *value)
{
    struct dma d = {0};

    if (dma_open(&d, IOVP_MODE_TIMED))
        return CMD_FAIL;
    d.time = iovp_now(d.soc.platform);
    if (bench_rates(b, value, replay_once, &d) || d.faults)
        return bench_fail(&d.soc, "replay");
    return CMD_OK;
}

/* ---- workloads in simulated time -------------------------------------- */

#define STEP_PS 100000000ull /* 100 us */

static int workload_start(struct dma *d)
{
    iovp_workload w = {
        .size = sizeof(w),
        .pattern = IOVP_PATTERN_SEQUENTIAL,
        .base = IOVA,
        .window = WINDOW,
        .bytes = 64,
        .outstanding = 16,
        .read_percent = 70,
        .seed = 1,
    };

    if (iovp_workload_start(d->soc.device, &w))
        return bench_fail(&d->soc, "workload");
    return CMD_OK;
}

static int transfers(struct dma *d, uint64_t *n)
{
    iovp_stream_stats row = {.size = sizeof(row)};
    size_t rows = 1;

    *n = 0;
    if (iovp_stats(d->soc.platform, &row, &rows) || row.faults)
        return bench_fail(&d->soc, "statistics");
    *n = row.transfers;
    return CMD_OK;
}

/* Transactions by second of host time while the workload runs. */
static int workload_rates(const struct bench *b, struct dma *d, double *value)
{
    uint64_t before, after;

    for (unsigned r = 0; r < b->runs; r++) {
        double start, now;

        if (transfers(d, &before))
            return CMD_FAIL;
        start = now = cpu_seconds();
        while (now - start < b->seconds) {
            uint64_t t = iovp_now(d->soc.platform);

            if (iovp_run_until(d->soc.platform, t + STEP_PS, NULL))
                return bench_fail(&d->soc, "run");
            now = cpu_seconds();
        }
        if (transfers(d, &after))
            return CMD_FAIL;
        value[r] = (double)(after - before) / (now - start);
    }
    return CMD_OK;
}

static int timed_workload(const struct bench *b, double *value)
{
    struct dma d = {0};

    return dma_open(&d, IOVP_MODE_TIMED) || workload_start(&d) ||
                   iovp_stats_reset(d.soc.platform) ||
                   transfers(&d, &(uint64_t){0}) || workload_rates(b, &d, value)
               ? CMD_FAIL
               : CMD_OK;
}

/* As above while a trace is written, which is then removed. */
static int timed_trace(const struct bench *b, double *value)
{
    char path[] = "/tmp/iovp-bench-XXXXXX";
    struct dma d = {0};
    int fd = mkstemp(path), rc = CMD_FAIL;

    if (fd < 0) {
        cmd_error("no temporary file can be made in /tmp");
        return CMD_FAIL;
    }
    close(fd);
    if (!dma_open(&d, IOVP_MODE_TIMED) && !workload_start(&d)) {
        rc = iovp_trace_start(d.soc.platform, path) ? bench_fail(&d.soc, path)
                                                    : CMD_OK;
        if (!rc)
            rc = workload_rates(b, &d, value);
        if (iovp_trace_stop(d.soc.platform) && !rc)
            rc = bench_fail(&d.soc, path);
    }
    unlink(path);
    return rc;
}

/* ---- memory ----------------------------------------------------------- */

#define TOUCHED (16ull << 20)

double bench_resident(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long total = 0, resident = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/*
 * Growth of the process by a platform that has moved data, less the RAM that
 * the guest really used: its tables and the pages that were written.
 */
static int memory_cost(uint32_t mode, double *value)
{
    double before = bench_resident();
    uint8_t page[PAGE];
    struct bench_soc s;
    struct smmu_space space;
    double guest;

    memset(page, 0x5a, sizeof(page));
    if (bench_open(&s, mode, 0) || bench_space(&s, SMMU_NO_PASID, &space) ||
        bench_map(&s, &space, IOVA, 0, TOUCHED))
        return CMD_FAIL;
    for (uint64_t i = 0; i < TOUCHED; i += PAGE)
        if (iovp_dma_write(s.device, IOVP_NO_PASID, IOVA + i, page, PAGE, NULL,
                           NULL))
            return bench_fail(&s, "DMA");
    guest = (double)(s.ram.next - (BENCH_DATA & ~0x3fffffffull)) + TOUCHED;
    *value = (bench_resident() - before - guest) / 1e6;
    return CMD_OK;
}

static int memory(const struct bench *b, uint32_t mode, double *value)
{
    int rc = memory_cost(mode, &value[0]);

    /* A process can be measured once only: later growth reuses its heap. */
    for (unsigned r = 1; r < b->runs; r++)
        value[r] = value[0];
    return rc;
}

static int memory_functional(const struct bench *b, double *value)
{
    return memory(b, IOVP_MODE_FUNCTIONAL, value);
}

static int memory_timed(const struct bench *b, double *value)
{
    return memory(b, IOVP_MODE_TIMED, value);
}

const struct bench_case bench_cases[] = {
    {"translate_hit", "1/s", 30e6, false, false, translate_hit,
     "functional iovp_translate, 64 pages, all TLB hits"},
    {"translate_miss", "1/s", 8e6, false, false, translate_miss,
     "functional iovp_translate, 4 descriptor reads each, tables warm"},
    {"translate_miss_cold", "1/s", 0, false, false, translate_miss_cold,
     "the same, default caches, tables too many for the host's"},
    {"dma_64b", "1/s", 0, false, false, dma_64,
     "functional iovp_dma_read of 64 bytes, TLB hits"},
    {"timed_workload", "1/s", 2e6, false, true, timed_workload,
     "timed workload of 64 bytes, b_transport through the bridge"},
    {"timed_workload_traced", "1/s", 0, false, true, timed_trace,
     "the same while a trace is written"},
    {"timed_replay", "1/s", 0, false, true, timed_replay,
     "timed iovp_dma_replay of 64 bytes"},
    {"space_first_use", "1/s", 0, false, false, bench_space_first,
     "iovp_space_get and put, of PASIDs that were not used before"},
    {"space_reuse", "1/s", 0, false, false, bench_space_reuse,
     "the same, of 65536 PASIDs in random order that were"},
    {"space_drop", "1/s", 0, false, false, bench_space_drop,
     "the same after its Context Descriptor was rewritten and invalidated"},
    {"space_memory", "MB", 0, true, false, bench_space_memory,
     "2^20 spaces of a device"},
    {"pcie_copy", "B/s", 0, false, false, bench_pcie_copy,
     "functional: a test endpoint below a root port copies 64 KiB at a time"},
    {"pcie_copy_timed", "B/s", 0, false, true, bench_pcie_copy_timed,
     "the same with time, 16 GT/s x4"},
    {"memory_functional", "MB", 64, true, false, memory_functional,
     "a functional platform beside the RAM its guest uses"},
    {"memory_timed", "MB", 64, true, true, memory_timed,
     "a timed platform beside the RAM its guest uses"},
};

const size_t bench_case_count = sizeof(bench_cases) / sizeof(*bench_cases);

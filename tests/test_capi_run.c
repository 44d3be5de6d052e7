/* SPDX-License-Identifier: MIT */
/*
 * The C API in functional mode: platforms beside each other, threads,
 * interrupts, traces, statistics, memory.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

#define IOVA 0x40000000ull

/* The npu with the pages SOC_PAGE(first).. mapped for one PASID. */
static void map_pasid(struct soc *s, struct smmu_stream *st,
                      struct smmu_space *space, uint32_t pasid, unsigned first,
                      unsigned pages)
{
    CHECK_EQ(smmu_attach(&s->drv, st, SOC_NPU_SID, 8, SMMU_S1DSS_SSID0), 0);
    CHECK_EQ(smmu_space_create(&s->drv, space), 0);
    CHECK_EQ(smmu_bind(&s->drv, st, pasid, space), 0);
    CHECK_EQ(smmu_map(&s->drv, space, IOVA, SOC_PAGE(first),
                      (uint64_t)pages * PAGE_BYTES, SMMU_WRITE),
             0);
    CHECK_STR(s->drv.message, "");
}

static uint32_t dma(iovp_device *d, const iovp_attrs *a, uint64_t iova,
                    void *buf, size_t bytes, bool write)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};

    CHECK_EQ(write ? iovp_dma_write(d, soc_pasid_of(a), iova, buf, bytes, a, &r)
                   : iovp_dma_read(d, soc_pasid_of(a), iova, buf, bytes, a, &r),
             IOVP_OK);
    return r.status;
}

/* ---- platforms beside each other ------------------------------------------
 */

static const char other_tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@90000000 { device_type = \"memory\";\n"
    "  reg = <0 0x90000000 0 0x100000>; };\n"
    "raw@a020000 { compatible = \"iovp,dma\"; }; };\n";

TEST_CASE(CapiRun, PlatformsDoNotInfluenceEachOther)
{
    iovp_attrs a = soc_pasid(3);
    struct smmu_stream st, st2;
    struct smmu_space space, space2;
    struct soc s, s2;
    iovp_platform *p = NULL;
    iovp_device *raw = NULL;
    uint64_t v = 1, v2 = 2, seen = 0;
    size_t bytes, n = 9;
    void *blob;

    REQUIRE(soc_compile(other_tree, &blob, &bytes));
    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    REQUIRE(soc_open(&s2, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_platform_create(&p, NULL, blob, bytes), IOVP_OK);
    map_pasid(&s, &st, &space, 3, 0, 1);
    map_pasid(&s2, &st2, &space2, 3, 5, 1);
    CHECK_EQ(dma(s.npu, &a, IOVA, &v, 8, true), IOVP_DMA_OK);
    CHECK_EQ(dma(s2.npu, &a, IOVA, &v2, 8, true), IOVP_DMA_OK);
    /* each wrote to its own RAM, and through its own tables */
    CHECK_EQ(iovp_mem_read(s.p, SOC_PAGE(0), &seen, 8), IOVP_OK);
    CHECK_EQ(seen, 1);
    CHECK_EQ(iovp_mem_read(s.p, SOC_PAGE(5), &seen, 8), IOVP_OK);
    CHECK_EQ(seen, 0);
    CHECK_EQ(iovp_mem_read(s2.p, SOC_PAGE(5), &seen, 8), IOVP_OK);
    CHECK_EQ(seen, 2);
    /* another tree: no such RAM, no such device, no statistics */
    CHECK_EQ(iovp_mem_read(p, SOC_PAGE(0x10000), &seen, 8), IOVP_E_BUS);
    CHECK_EQ(iovp_device_find(p, "npu@a000000", &raw), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_device_find(p, "raw@a020000", &raw), IOVP_OK);
    CHECK_EQ(dma(raw, NULL, SOC_SMMU, &seen, 8, false), IOVP_DMA_BUS);
    CHECK_EQ(iovp_stats(s2.p, NULL, &n), IOVP_E_INVALID);
    n = 0;
    CHECK_EQ(iovp_stats(s2.p, NULL, &n), IOVP_E_SPACE);
    CHECK_EQ(n, 1);
    /* unmapping in one leaves the other */
    CHECK_EQ(smmu_unmap(&s.drv, &space, IOVA, PAGE_BYTES), 0);
    CHECK_EQ(dma(s.npu, &a, IOVA, &seen, 8, false), IOVP_DMA_ABORT);
    soc_close(&s);
    CHECK_EQ(dma(s2.npu, &a, IOVA, &seen, 8, false), IOVP_DMA_OK);
    CHECK_EQ(seen, 2);
    CHECK_EQ(s2.drv.events, 0);
    soc_close(&s2);
    iovp_platform_destroy(p);
    free(blob);
}

/* ---- threads
 * ----------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    iovp_platform *foreign; /* of the test's thread */
    const char *trace;
    uint32_t number;
    unsigned faults;
};

/* A platform of its own, brought up and used; and another one's handle. */
static void *work(void *ud)
{
    struct worker *w = ud;
    iovp_attrs a = soc_pasid(1);
    iovp_trace_reader *r = NULL;
    iovp_record rec = {.size = sizeof(rec)};
    struct smmu_stream st;
    struct smmu_space space;
    struct soc s;

    if (!soc_open(&s, IOVP_MODE_FUNCTIONAL, 0))
        return NULL;
    map_pasid(&s, &st, &space, 1, 0, 16);
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t v = i << 8 | w->number, seen = 0;

        CHECK_EQ(dma(s.npu, &a, IOVA + 8 * i, &v, 8, true), IOVP_DMA_OK);
        CHECK_EQ(iovp_mem_read(s.p, SOC_DATA + 8 * i, &seen, 8), IOVP_OK);
        CHECK_EQ(seen, v);
        w->faults += dma(s.npu, NULL, 0, &v, 8, false) == IOVP_DMA_ABORT;
        CHECK_EQ(iovp_stats_reset(w->foreign), IOVP_E_THREAD);
        CHECK(strstr(iovp_last_error(), "thread"));
    }
    CHECK_EQ(iovp_trace_open(&r, w->trace), IOVP_OK);
    while (!iovp_trace_next(r, &rec))
        ;
    CHECK(strstr(iovp_last_error(), "no more records"));
    iovp_trace_close(r);
    soc_close(&s);
    return NULL;
}

TEST_CASE(CapiRun, ThreadsHaveTheirOwnPlatforms)
{
    enum { N = 4 };
    struct worker w[N];
    struct soc s;
    char path[256];
    size_t bytes;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    REQUIRE(soc_tree(&bytes));
    soc_path(path, sizeof(path), "threads");
    CHECK_EQ(iovp_trace_start(s.p, path), IOVP_OK);
    CHECK_EQ(iovp_trace_marker(s.p, 1), IOVP_OK);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    for (uint32_t i = 0; i < N; i++) {
        w[i] = (struct worker){.foreign = s.p, .trace = path, .number = i};
        REQUIRE(pthread_create(&w[i].thread, NULL, work, &w[i]) == 0);
    }
    for (unsigned i = 0; i < 200; i++) {
        iovp_platform *p = NULL;
        const void *blob = soc_tree(&bytes);

        CHECK_EQ(iovp_platform_create(&p, NULL, blob, bytes), IOVP_OK);
        iovp_platform_destroy(p);
    }
    for (unsigned i = 0; i < N; i++) {
        pthread_join(w[i].thread, NULL);
        CHECK_EQ(w[i].faults, 300);
    }
    unlink(path);
    soc_close(&s);
}

/* ---- interrupts -----------------------------------------------------------
 */

struct irqs {
    unsigned count;
    iovp_irq_event last;
    uint64_t seen; /* RAM as the callback finds it */
    iovp_platform *p;
};

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct irqs *i = ud;

    i->count++;
    i->last = *e;
    if (e->kind == IOVP_IRQ_MSI && e->addr >= SOC_RAM)
        CHECK_EQ(iovp_mem_read(i->p, e->addr, &i->seen, 4), IOVP_OK);
}

static void command(struct soc *s, uint64_t word0, uint64_t word1)
{
    uint64_t cmd[2] = {word0, word1};
    uint32_t prod = soc_reg(s, 0x98);

    CHECK_EQ(
        iovp_mem_write(s->p, s->drv.cmdq.base + 16 * (prod & 0xff), cmd, 16),
        IOVP_OK);
    soc_set_reg(s, 0x98, 4, (prod + 1) & 0x1ff);
    CHECK_EQ(soc_reg(s, 0x9c), (prod + 1) & 0x1ff);
}

/* CMD_SYNC (4.7.3): CS in [13:12], MSIData in [63:32], MSIAddress in word 1. */
#define SYNC_IRQ (0x46ull | 1ull << 12)
#define SYNC_SEV (0x46ull | 2ull << 12)

TEST_CASE(CapiRun, InterruptsOfEveryKind)
{
    struct irqs i = {.count = 0};
    uint64_t v;
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    i.p = s.p;
    CHECK_EQ(iovp_irq_handler(s.p, on_irq, NULL, &i), IOVP_OK);
    command(&s, SYNC_IRQ, 0);
    CHECK_EQ(i.count, 1);
    CHECK_EQ(i.last.kind, IOVP_IRQ_WIRED);
    CHECK_STR(i.last.line, "cmdq-sync");
    CHECK_STR(i.last.source, "iommu@9050000");
    CHECK_EQ(i.last.number, UINT32_MAX); /* the tree has no interrupts */
    CHECK_EQ(i.last.time_ps, 0);
    command(&s, SYNC_SEV, 0);
    CHECK_EQ(i.last.kind, IOVP_IRQ_SEV);
    /* the edge, and the message: to RAM, in RAM before it is told */
    command(&s, SYNC_IRQ | 0xabcdull << 32, SOC_DATA + 0x40);
    CHECK_EQ(i.last.kind, IOVP_IRQ_MSI);
    CHECK_EQ(i.last.addr, SOC_DATA + 0x40);
    CHECK_EQ(i.last.data, 0xabcd);
    CHECK_EQ(i.seen, 0xabcd);
    /* to a node that is known but not modelled */
    command(&s, SYNC_IRQ | 0x1234ull << 32, SOC_ITS + 0x10040);
    CHECK_EQ(i.last.kind, IOVP_IRQ_MSI);
    CHECK_EQ(i.last.addr, SOC_ITS + 0x10040);
    CHECK_EQ(i.last.data, 0x1234);
    CHECK_EQ(soc_reg(&s, 0x60), 0);
    CHECK_EQ(dma(s.npu, NULL, 0, &v, 8, false), IOVP_DMA_ABORT);
    CHECK_STR(i.last.line, "eventq");
    soc_close(&s);
}

/* ---- traces
 * ------------------------------------------------------------------ */

TEST_CASE(CapiRun, TraceOfAPlatform)
{
    iovp_trace_reader *r = NULL;
    iovp_record rec = {.size = sizeof(rec)};
    uint64_t v = 0;
    size_t bytes = 0, n = 0;
    struct soc s;
    char path[256];

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    soc_path(path, sizeof(path), "trace");
    CHECK_EQ(iovp_trace_start(s.p, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_trace_start(s.p, "/nowhere/at/all"), IOVP_E_IO);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_E_INVALID);
    CHECK_EQ(iovp_trace_start(s.p, path), IOVP_OK);
    CHECK_EQ(iovp_trace_start(s.p, path), IOVP_E_BUSY);
    CHECK(strlen(iovp_last_error()) > 0);
    CHECK_EQ(iovp_trace_marker(s.p, UINT64_MAX), IOVP_OK);
    CHECK_EQ(dma(s.raw, NULL, SOC_DATA + 4, &v, 8, true), IOVP_DMA_OK);
    CHECK_EQ(dma(s.raw, NULL, 0, &v, 8, false), IOVP_DMA_BUS);
    /* destroy finishes the file */
    soc_close(&s);

    CHECK_EQ(iovp_trace_open(&r, path), IOVP_OK);
    CHECK_EQ(iovp_trace_dtb(r, NULL, &n), IOVP_E_SPACE);
    REQUIRE(soc_tree(&bytes));
    CHECK_EQ(n, bytes);
    CHECK_EQ(iovp_trace_next(r, NULL), IOVP_E_INVALID);
    rec.size = 8;
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_INVALID);
    rec.size = sizeof(rec);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.kind, IOVP_RECORD_MARKER);
    CHECK_EQ(rec.iova, UINT64_MAX);
    CHECK_EQ(rec.device, UINT32_MAX);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.kind, IOVP_RECORD_TRANSACTION);
    CHECK_EQ(rec.device, 2);
    CHECK_EQ(rec.iommu, UINT32_MAX);
    CHECK_EQ(rec.iova, SOC_DATA + 4);
    CHECK_EQ(rec.pa, SOC_DATA + 4);
    CHECK_EQ(rec.bytes, 8);
    CHECK_EQ(rec.access, IOVP_ACCESS_WRITE);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_OK);
    CHECK_EQ(rec.result, IOVP_DMA_BUS);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    iovp_trace_close(r);
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_HANDLE);
    unlink(path);
}

/* ---- statistics
 * ----------------------------------------------------------------- */

/*
 * 5000 PASIDs while the SMMU is disabled, so that all pass: 4096 rows, and one
 * for the 904 that are left.
 */
TEST_CASE(CapiRun, RowsBeyondTheLimitAreSummedUp)
{
    enum { PASIDS = 5000, ROWS = 4097 };
    iovp_stream_stats *row = calloc(ROWS, sizeof(*row));
    uint64_t transfers = 0, bytes = 0;
    uint32_t v = 0;
    size_t n = 0;
    struct soc s;

    REQUIRE(row && soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < PASIDS; i++) {
            iovp_attrs a = soc_pasid(PASIDS - 1 - i);

            CHECK_EQ(dma(s.npu, &a, SOC_DATA, &v, 4, false), IOVP_DMA_OK);
        }
    CHECK_EQ(iovp_stats(s.p, NULL, &n), IOVP_E_SPACE);
    CHECK_EQ(n, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        row[i].size = sizeof(row[i]);
    CHECK_EQ(iovp_stats(s.p, row, &n), IOVP_OK);
    for (size_t i = 0; i < n; i++) {
        transfers += row[i].transfers;
        bytes += row[i].bytes;
        if (i + 1 < n) {
            /* sorted; the highest PASIDs came first */
            CHECK_EQ(row[i].pasid, PASIDS - 4096 + i);
            CHECK_EQ(row[i].transfers, 2);
        }
    }
    CHECK_EQ(transfers, 2 * PASIDS);
    CHECK_EQ(bytes, 8 * PASIDS);
    CHECK_EQ(row[ROWS - 1].device, UINT32_MAX);
    CHECK_EQ(row[ROWS - 1].transfers, 2 * (PASIDS - 4096));
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    n = 0;
    CHECK_EQ(iovp_stats(s.p, NULL, &n), IOVP_OK);
    free(row);
    soc_close(&s);
}

/* ---- memory
 * ---------------------------------------------------------------------- */

static uint64_t resident_bytes(void)
{
    unsigned long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (!f || fscanf(f, "%lu %lu", &size, &resident) != 2)
        shim_fail(__FILE__, __LINE__, "no /proc/self/statm");
    if (f)
        fclose(f);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static const char large_tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0x10 0>; };\n" /* 64 GiB */
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; };\n"
    "npu@a000000 { compatible = \"iovp,dma\"; iommus = <&smmu 0x10>; }; };\n";

TEST_CASE(CapiRun, RamIsTakenWhenItIsTouched)
{
    const uint64_t last = 0x80000000ull + (64ull << 30) - 8;
    uint64_t v = 0x55, seen = 0, before, after;
    iovp_platform *p = NULL;
    size_t bytes;
    void *blob;

    if (soc_sanitized())
        SKIP_TEST("AddressSanitizer's shadow is resident memory too");
    REQUIRE(soc_compile(large_tree, &blob, &bytes));
    before = resident_bytes();
    CHECK_EQ(iovp_platform_create(&p, NULL, blob, bytes), IOVP_OK);
    CHECK_EQ(iovp_mem_write(p, last, &v, 8), IOVP_OK);
    CHECK_EQ(iovp_mem_read(p, last, &seen, 8), IOVP_OK);
    CHECK_EQ(seen, 0x55);
    CHECK_EQ(iovp_mem_read(p, last + 1, &seen, 8), IOVP_E_BUS);
    after = resident_bytes();
    CHECK(after > before && after - before < 64ull << 20);
    iovp_platform_destroy(p);
    free(blob);
}

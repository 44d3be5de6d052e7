/* SPDX-License-Identifier: MIT */
/*
 * Timed platforms: how they begin and end, that they give what functional ones
 * give, and that they give it twice.  Each is in a process of its own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "capi_soc.h"
#include "shim.h"

#define IOVA 0x40000000ull

/* SystemC is there, and the tree is compiled before anything forks. */
#define NEEDS_SYSTEMC()                         \
    do {                                        \
        size_t tree_bytes;                      \
        if (!iovp_has_systemc())                \
            SKIP_TEST("built without SystemC"); \
        REQUIRE(soc_tree(&tree_bytes));         \
    } while (0)

static iovp_status create(iovp_platform **p, uint32_t mode)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);

    c.mode = mode;
    return iovp_platform_create(p, &c, blob, bytes);
}

/* ---- one per process ------------------------------------------------------
 */

static void one_per_process(void *ud)
{
    iovp_platform *p = NULL, *other = NULL;
    uint64_t v = 0;

    (void)ud;
    CHECK_EQ(create(&p, IOVP_MODE_TIMED), IOVP_OK);
    CHECK_EQ(create(&other, IOVP_MODE_TIMED), IOVP_E_BUSY);
    CHECK(strstr(iovp_last_error(), "one simulation per process"));
    CHECK(!other);
    /* functional ones are another matter */
    CHECK_EQ(create(&other, IOVP_MODE_FUNCTIONAL), IOVP_OK);
    CHECK_EQ(iovp_mem_write(other, SOC_DATA, "xyz", 3), IOVP_OK);
    CHECK_EQ(iovp_mem_read(p, SOC_DATA, &v, 8), IOVP_OK);
    CHECK_EQ(v, 0);
    iovp_platform_destroy(other);
    CHECK_EQ(iovp_run_until(p, 1000, NULL), IOVP_OK);
    iovp_platform_destroy(p);
    CHECK_EQ(iovp_run_until(p, 2000, NULL), IOVP_E_HANDLE);
    CHECK_EQ(create(&other, IOVP_MODE_TIMED), IOVP_E_BUSY);
    CHECK_EQ(create(&other, IOVP_MODE_FUNCTIONAL), IOVP_OK);
    iovp_platform_destroy(other);
}

TEST_CASE(Timed, OnePerProcess)
{
    NEEDS_SYSTEMC();
    soc_child(one_per_process, NULL);
}

TEST_CASE(Timed, WithoutSystemcItIsUnsupported)
{
    iovp_platform *p = NULL;

    if (iovp_has_systemc())
        SKIP_TEST("built with SystemC");
    CHECK_EQ(create(&p, IOVP_MODE_TIMED), IOVP_E_UNSUPPORTED);
    CHECK(strstr(iovp_last_error(), "SystemC"));
    CHECK(!p);
}

/* A tree that is refused does not use up the one simulation. */
static void bad_tree_first(void *ud)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    uint8_t zeros[64] = {0};
    iovp_platform *p = NULL;

    (void)ud;
    c.mode = IOVP_MODE_TIMED;
    CHECK_EQ(iovp_platform_create(&p, &c, zeros, 64), IOVP_E_DT);
    c.reserved[0] = 1;
    CHECK_EQ(iovp_platform_create(&p, &c, zeros, 64), IOVP_E_INVALID);
    CHECK_EQ(create(&p, IOVP_MODE_TIMED), IOVP_OK);
    iovp_platform_destroy(p);
}

TEST_CASE(Timed, ABadTreeCostsNothing)
{
    NEEDS_SYSTEMC();
    soc_child(bad_tree_first, NULL);
}

/* ---- trees without this or that --------------------------------------------
 */

#define TREE_HEAD                                               \
    "/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>;\n" \
    "memory@90000000 { device_type = \"memory\";\n"             \
    "  reg = <0 0x90000000 0 0x100000>; };\n"
#define TREE_SMMU                                                         \
    "iommu@9050000 { compatible = \"arm,smmu-v3\"; #iommu-cells = <1>;\n" \
    "  reg = <0 0x9050000 0 0x20000>; };\n"
#define TREE_RAW "raw@a020000 { compatible = \"iovp,dma\"; };\n"

static void run_tree(void *ud)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    iovp_platform *p = NULL;
    iovp_device *raw = NULL;
    uint64_t v = 5, got = 0;
    uint32_t why = 9;
    size_t bytes;
    void *blob;

    REQUIRE(soc_compile(ud, &blob, &bytes));
    c.mode = IOVP_MODE_TIMED;
    CHECK_EQ(iovp_platform_create(&p, &c, blob, bytes), IOVP_OK);
    CHECK_EQ(iovp_mem_write(p, 0x90000000, &v, 8), IOVP_OK);
    if (strstr(ud, "raw@")) {
        CHECK_EQ(iovp_device_find(p, "raw@a020000", &raw), IOVP_OK);
        CHECK_EQ(iovp_dma_read(raw, NULL, 0x90000000, &got, 8, NULL), IOVP_OK);
        CHECK_EQ(got, 5);
    }
    if (strstr(ud, "smmu"))
        CHECK_EQ(iovp_mmio_read(p, 0x9050000, 4, 0, &v), IOVP_OK);
    CHECK_EQ(iovp_run_until(p, 1000000, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    iovp_platform_destroy(p);
    free(blob);
}

TEST_CASE(Timed, AnyTreeThatWorksFunctionally)
{
    static char trees[4][512] = {TREE_HEAD "};\n", TREE_HEAD TREE_RAW "};\n",
                                 TREE_HEAD TREE_SMMU "};\n",
                                 TREE_HEAD TREE_SMMU TREE_RAW "};\n"};

    NEEDS_SYSTEMC();
    for (int i = 0; i < 4; i++)
        soc_child(run_tree, trees[i]);
}

/* ---- before the first run, and time
 * ------------------------------------------ */

static void time_of_calls(void *ud)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint64_t v = 5, got = 0;
    uint32_t why = 9;
    struct soc s;

    (void)ud;
    REQUIRE(soc_create(&s, IOVP_MODE_TIMED, 0));
    CHECK_EQ(iovp_now(s.p), 0);
    CHECK(soc_reg(&s, 0) != 0);
    CHECK_EQ(iovp_dma_write(s.raw, NULL, SOC_DATA, &v, 8, &r), IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    CHECK_EQ(r.time_in, 0);
    CHECK(r.time_out > 0);
    CHECK_EQ(iovp_mem_read(s.p, SOC_DATA, &got, 8), IOVP_OK);
    CHECK_EQ(got, 5);
    /* calls do not let time pass */
    CHECK_EQ(iovp_now(s.p), 0);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    /* nothing to do: time stands still, to the end of time */
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    CHECK_EQ(iovp_now(s.p), 0);
    /* a transaction that enters later, but not before and not too late */
    CHECK_EQ(
        iovp_dma_replay(s.raw, NULL, SOC_DATA, 64, IOVP_ACCESS_READ, 5000, &r),
        IOVP_OK);
    CHECK_EQ(r.time_in, 5000);
    CHECK(r.time_out > 5000);
    CHECK_EQ(iovp_dma_replay(s.raw, NULL, SOC_DATA, 64, IOVP_ACCESS_READ,
                             UINT64_MAX, &r),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_dma_replay(s.npu, NULL, SOC_DATA, 64, IOVP_ACCESS_READ,
                             1ull << 62, &r),
             IOVP_OK);
    CHECK(r.time_out >= r.time_in);
    soc_close(&s);
}

TEST_CASE(Timed, CallsAndTime)
{
    NEEDS_SYSTEMC();
    soc_child(time_of_calls, NULL);
}

static void run_in_steps(void *ud)
{
    iovp_workload w = {.size = sizeof(w),
                       .base = SOC_DATA,
                       .window = 4096,
                       .bytes = 64,
                       .outstanding = 1,
                       .read_percent = 100,
                       .rate = 64000000,
                       .transfers = 3};
    uint32_t why = 9;
    struct soc s;

    (void)ud;
    REQUIRE(soc_create(&s, IOVP_MODE_TIMED, 0));
    /* one a microsecond: at 0, 1 and 2 us, 60 ns each */
    CHECK_EQ(iovp_workload_start(s.raw, &w), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, 1500000, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK_EQ(iovp_now(s.p), 1500000);
    CHECK_EQ(iovp_run_until(s.p, 1499999, &why), IOVP_E_INVALID);
    CHECK_EQ(iovp_now(s.p), 1500000);
    CHECK_EQ(iovp_run_until(s.p, 1500000, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    CHECK_EQ(iovp_now(s.p), 2060000);
    /* a replay into the past is refused */
    CHECK_EQ(iovp_dma_replay(s.raw, NULL, SOC_DATA, 64, IOVP_ACCESS_READ,
                             2059999, NULL),
             IOVP_E_INVALID);
    soc_close(&s);
}

TEST_CASE(Timed, RunningInSteps)
{
    NEEDS_SYSTEMC();
    soc_child(run_in_steps, NULL);
}

/* ---- threads and callbacks
 * ------------------------------------------------------ */

static void *other_thread(void *ud)
{
    struct soc *s = ud;
    uint64_t v;

    CHECK_EQ(iovp_run_until(s->p, 1000, NULL), IOVP_E_THREAD);
    CHECK_EQ(iovp_mmio_read(s->p, SOC_SMMU, 4, 0, &v), IOVP_E_THREAD);
    CHECK_EQ(iovp_dma_read(s->raw, NULL, SOC_DATA, &v, 8, NULL), IOVP_E_THREAD);
    iovp_platform_destroy(s->p);
    return NULL;
}

struct heard {
    struct soc *s;
    unsigned count;
    uint64_t time;
};

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct heard *h = ud;
    uint64_t v = 0;

    h->count++;
    h->time = e->time_ps;
    CHECK_EQ(iovp_now(h->s->p), e->time_ps);
    CHECK_EQ(iovp_mem_write(h->s->p, SOC_DATA, &h->count, 4), IOVP_OK);
    CHECK_EQ(iovp_mem_read(h->s->p, SOC_DATA, &v, 8), IOVP_OK);
    CHECK_EQ(v, h->count);
    CHECK_EQ(iovp_run_until(h->s->p, 1 << 30, NULL), IOVP_E_REENTRY);
    CHECK_EQ(iovp_mmio_write(h->s->p, SOC_SMMU, 4, 0, 0), IOVP_E_REENTRY);
    CHECK_EQ(iovp_dma_read(h->s->raw, NULL, 0, &v, 8, NULL), IOVP_E_REENTRY);
    CHECK_EQ(iovp_workload_stop(h->s->npu), IOVP_E_REENTRY);
    iovp_platform_destroy(h->s->p);
}

static void callbacks(void *ud)
{
    iovp_workload w = {.size = sizeof(w),
                       .window = 4096,
                       .bytes = 64,
                       .outstanding = 1,
                       .rate = 64000000,
                       .transfers = 3};
    pthread_t t;
    struct soc s;
    struct heard h = {&s, 0, 0};

    (void)ud;
    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    REQUIRE(pthread_create(&t, NULL, other_thread, &s) == 0);
    pthread_join(t, NULL);
    CHECK_EQ(iovp_irq_handler(s.p, on_irq, &h), IOVP_OK);
    /* faults: the first finds the queue empty, the others do not */
    CHECK_EQ(iovp_workload_start(s.npu, &w), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, UINT64_MAX, NULL), IOVP_OK);
    CHECK_EQ(h.count, 1);
    CHECK_EQ(soc_events(&s), 3);
    soc_close(&s);
}

TEST_CASE(Timed, ThreadsAndCallbacks)
{
    NEEDS_SYSTEMC();
    soc_child(callbacks, NULL);
}

/* ---- functional and timed give the same
 * ----------------------------------------- */

enum { NPU, DISP, RAW };

#define NO_PASID UINT32_MAX
#define HOLE     5 /* a page that is not mapped; HOLE + 1 is read-only */
#define PAGES    32

/* What a DMA must give, by hand; done and event 0 unless said. */
static const struct step {
    uint8_t device, write;
    uint32_t pasid;
    uint64_t iova;
    uint32_t bytes, status, done, event;
} steps[] = {
    {NPU, 1, 1, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 0, 1, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 0, 2, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 1, 2, IOVA + 0xff8, 0x3000, IOVP_DMA_OK, 0x3000, 0},
    {NPU, 0, 2, IOVA + 0xff0, 0x2fff, IOVP_DMA_OK, 0x2fff, 0},
    /* no PASID: CD 0, as S1DSS = SSID0 */
    {NPU, 0, NO_PASID, IOVA, 8, IOVP_DMA_OK, 8, 0},
    {NPU, 0, NO_PASID, IOVA + HOLE * 0x1000, 8, IOVP_DMA_ABORT, 0, 0x10},
    /* a PASID without Context Descriptor, and one beyond the table */
    {NPU, 0, 9, IOVA, 8, IOVP_DMA_ABORT, 0, 0x0a},
    {NPU, 0, 0x10000, IOVA, 8, IOVP_DMA_ABORT, 0, 0x08},
    {DISP, 1, NO_PASID, IOVA, 4096, IOVP_DMA_OK, 4096, 0},
    /* into the hole, in the third page of it */
    {DISP, 0, NO_PASID, IOVA + 0x3800, 0x3000, IOVP_DMA_ABORT, 0x1800, 0x10},
    {DISP, 0, NO_PASID, IOVA + HOLE * 0x1000, 1, IOVP_DMA_ABORT, 0, 0x10},
    /* read-only */
    {DISP, 0, NO_PASID, IOVA + 0x6000, 0x1000, IOVP_DMA_OK, 0x1000, 0},
    {DISP, 1, NO_PASID, IOVA + 0x6ffc, 8, IOVP_DMA_ABORT, 0, 0x13},
    {DISP, 1, NO_PASID, IOVA + 0x6ffc, 1, IOVP_DMA_ABORT, 0, 0x13},
    /* a PASID for a stream without: C_BAD_SUBSTREAMID */
    {DISP, 0, 1, IOVA, 8, IOVP_DMA_ABORT, 0, 0x08},
    /* mapped to where nothing is, after a page that is there */
    {DISP, 1, NO_PASID, IOVA + 0x1fffff0, 32, IOVP_DMA_BUS, 16, 0},
    {RAW, 1, NO_PASID, SOC_DATA + 0x1ffffc, 8, IOVP_DMA_OK, 8, 0},
    {RAW, 0, NO_PASID, SOC_END - 4, 8, IOVP_DMA_BUS, 0, 0},
};

#define STEPS  (sizeof(steps) / sizeof(steps[0]))
#define RANDOM 600
#define EVENTS 2048

struct outcome {
    uint64_t hash; /* of all data that were read, and of RAM */
    iovp_dma_result result[STEPS + RANDOM + 8];
    uint32_t results;
    uint64_t event[EVENTS][4];
    uint32_t events;
    iovp_stream_stats row[64];
    size_t rows;
    bool time_passed; /* in every DMA */
};

static void hash(struct outcome *o, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ b[i]) * 0x100000001b3;
}

static void do_dma(struct soc *s, struct outcome *o, const struct step *t)
{
    static uint8_t buf[0x4000];
    iovp_device *d[] = {s->npu, s->disp, s->raw};
    iovp_attrs a = soc_pasid(t->pasid);
    iovp_attrs *with = t->pasid == NO_PASID ? NULL : &a;
    iovp_dma_result *r = &o->result[o->results++];

    r->size = sizeof(*r);
    memset(buf, (int)(o->results | 1), t->bytes);
    if (t->write)
        CHECK_EQ(iovp_dma_write(d[t->device], with, t->iova, buf, t->bytes, r),
                 IOVP_OK);
    else
        CHECK_EQ(iovp_dma_read(d[t->device], with, t->iova, buf, t->bytes, r),
                 IOVP_OK);
    hash(o, buf, t->bytes);
    if (r->time_out <= r->time_in)
        o->time_passed = false;
    r->time_in = r->time_out = 0;
    if (s->drv.poll_ps && o->results % 16 == 0)
        soc_run(s, 1000000);
}

struct setup {
    struct smmu_stream npu, disp;
    struct smmu_space space[3];
};

static void set_up(struct soc *s, struct setup *u)
{
    struct smmu_driver *d = &s->drv;

    CHECK_EQ(smmu_attach(d, &u->npu, SOC_NPU_SID, 8, SMMU_S1DSS_SSID0), 0);
    CHECK_EQ(smmu_attach(d, &u->disp, SOC_DISP_SID, 0, 0), 0);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(smmu_space_create(d, &u->space[i]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, SMMU_NO_PASID, &u->space[2]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, 1, &u->space[0]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, 2, &u->space[1]), 0);
    CHECK_EQ(smmu_bind(d, &u->disp, SMMU_NO_PASID, &u->space[2]), 0);
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < PAGES; i++)
            CHECK_EQ(smmu_map(d, &u->space[k], IOVA + i * PAGE,
                              SOC_PAGE(1000 * k + (i * 7) % PAGES), PAGE,
                              SMMU_WRITE),
                     0);
    for (uint32_t i = 0; i < PAGES; i++)
        if (i != HOLE)
            CHECK_EQ(smmu_map(d, &u->space[2], IOVA + i * PAGE,
                              SOC_PAGE(3000 + i), PAGE,
                              i == HOLE + 1 ? 0 : SMMU_WRITE),
                     0);
    CHECK_EQ(smmu_map(d, &u->space[2], IOVA + 0x1fff000, SOC_PAGE(4000), PAGE,
                      SMMU_WRITE),
             0);
    CHECK_EQ(smmu_map(d, &u->space[2], IOVA + 0x2000000, 0x70000000, PAGE,
                      SMMU_WRITE),
             0);
    CHECK_STR(d->message, "");
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void random_steps(struct soc *s, struct outcome *o, uint64_t seed,
                         unsigned count)
{
    while (count--) {
        uint64_t r = next_random(&seed);
        struct step t = {.device = r % 3, .write = r >> 8 & 1};

        t.pasid = t.device == NPU ? 1 + (r >> 16) % 3 : NO_PASID;
        t.iova = IOVA + (r >> 20) % (PAGES * PAGE);
        if (t.device == RAW)
            t.iova += SOC_DATA - IOVA;
        t.bytes = 1 + (uint32_t)((r >> 44) % 0x1800);
        do_dma(s, o, &t);
    }
}

/*
 * CD.A = 0 (5.4): stage 1 faults of the display read as zero and do nothing;
 * what is mapped after the hole goes on.
 */
static void razwi(struct soc *s, struct outcome *o, struct setup *u)
{
    uint64_t cd = smmu_get64(&s->drv, u->disp.cd_table);
    struct step t = {DISP, 0, NO_PASID, IOVA + 0x4ff0, 0x1020, 0, 0, 0};

    soc_put64(s, u->disp.cd_table, cd & ~CD0_A);
    smmu_begin(&s->drv);
    smmu_cmd(&s->drv, CMD_CFGI_ALL, 31);
    smmu_sync(&s->drv);
    CHECK_EQ(smmu_end(&s->drv), 0);
    for (t.write = 0; t.write < 2; t.write++) {
        do_dma(s, o, &t);
        CHECK_EQ(o->result[o->results - 1].status, IOVP_DMA_RAZWI);
        CHECK_EQ(o->result[o->results - 1].event, 0x10);
        CHECK_EQ(o->result[o->results - 1].done, 16);
    }
    soc_put64(s, u->disp.cd_table, cd);
}

static void keep_event(void *ud, const struct smmu_event *e)
{
    struct outcome *o = ud;

    if (o->events < EVENTS)
        memcpy(o->event[o->events++], e->word, sizeof(e->word));
}

static void keep_rows(struct soc *s, struct outcome *o)
{
    o->rows = 64;
    for (size_t i = 0; i < o->rows; i++)
        o->row[i].size = sizeof(o->row[i]);
    CHECK_EQ(iovp_stats(s->p, o->row, &o->rows), IOVP_OK);
    for (size_t i = 0; i < o->rows; i++) {
        iovp_stream_stats *r = &o->row[i];

        r->first_ps = r->last_ps = 0;
        r->latency_min_ps = r->latency_max_ps = 0;
        r->latency_p50_ps = r->latency_p99_ps = 0;
        memset(r->wait_ps, 0, sizeof(r->wait_ps));
    }
}

static void keep_memory(struct soc *s, struct outcome *o)
{
    static uint8_t page[4096];

    for (uint32_t i = 0; i < 4001; i++) {
        CHECK_EQ(iovp_mem_read(s->p, SOC_PAGE(i), page, sizeof(page)), IOVP_OK);
        hash(o, page, sizeof(page));
    }
}

static void scenario(struct soc *s, struct outcome *o)
{
    struct setup u;

    o->time_passed = true;
    set_up(s, &u);
    for (size_t i = 0; i < STEPS; i++) {
        do_dma(s, o, &steps[i]);
        CHECK_EQ(o->result[i].status, steps[i].status);
        CHECK_EQ(o->result[i].done, steps[i].done);
        CHECK_EQ(o->result[i].event, steps[i].event);
    }
    random_steps(s, o, 0x9e3779b97f4a7c15, RANDOM / 2);
    razwi(s, o, &u);
    CHECK_EQ(smmu_unmap(&s->drv, &u.space[0], IOVA, 8 * PAGE), 0);
    random_steps(s, o, 0xc2b2ae3d27d4eb4f, RANDOM / 2);
    CHECK_EQ(smmu_events(&s->drv, keep_event, o), 0);
    CHECK_EQ(s->drv.overflows, 0);
    keep_rows(s, o);
    keep_memory(s, o);
}

static void timed_scenario(void *ud)
{
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    scenario(&s, ud);
    soc_close(&s);
}

TEST_CASE(Timed, GivesWhatFunctionalModeGives)
{
    struct outcome *f, *t;
    struct soc s;

    NEEDS_SYSTEMC();
    f = calloc(1, sizeof(*f));
    t = soc_shared(sizeof(*t));
    REQUIRE(f && t && soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    scenario(&s, f);
    soc_close(&s);
    soc_child(timed_scenario, t);
    CHECK_EQ(f->results, t->results);
    for (uint32_t i = 0; i < f->results; i++)
        CHECK_MEM(&f->result[i], &t->result[i], sizeof(f->result[i]));
    CHECK_EQ(f->events, t->events);
    CHECK(f->events > 100 && f->events < EVENTS);
    CHECK_MEM(f->event, t->event, sizeof(f->event));
    CHECK_EQ(f->rows, t->rows);
    for (size_t i = 0; i < f->rows; i++)
        CHECK_MEM(&f->row[i], &t->row[i], sizeof(f->row[i]));
    CHECK_EQ(f->hash, t->hash);
    CHECK(t->time_passed);
    CHECK(!f->time_passed);
    free(f);
}

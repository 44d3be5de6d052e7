/* SPDX-License-Identifier: MIT */
/*
 * Timed platforms: how they begin and end, how their time goes, who may call.
 * Each is in a process of its own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

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

/* Of two threads at a time one gets it. */
static void *create_timed(void *ud)
{
    iovp_status *st = ud;
    iovp_platform *p = NULL;

    *st = create(&p, IOVP_MODE_TIMED);
    CHECK((p != NULL) == (*st == IOVP_OK));
    if (p)
        CHECK_EQ(iovp_run_until(p, 1000, NULL), IOVP_OK);
    iovp_platform_destroy(p);
    return NULL;
}

static void two_at_a_time(void *ud)
{
    iovp_status st[2] = {1, 1};
    pthread_t t[2];

    (void)ud;
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&t[i], NULL, create_timed, &st[i]) == 0);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(st[0] + st[1], IOVP_E_BUSY);
    CHECK(st[0] == IOVP_OK || st[1] == IOVP_OK);
}

TEST_CASE(Timed, OneOfTwoThreads)
{
    NEEDS_SYSTEMC();
    soc_child(two_at_a_time, NULL);
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
        CHECK_EQ(
            iovp_dma_read(raw, IOVP_NO_PASID, 0x90000000, &got, 8, NULL, NULL),
            IOVP_OK);
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
    CHECK_EQ(iovp_dma_write(s.raw, IOVP_NO_PASID, SOC_DATA, &v, 8, NULL, &r),
             IOVP_OK);
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
    CHECK_EQ(iovp_dma_read(s->raw, IOVP_NO_PASID, SOC_DATA, &v, 8, NULL, NULL),
             IOVP_E_THREAD);
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
    CHECK_EQ(iovp_dma_read(h->s->raw, IOVP_NO_PASID, 0, &v, 8, NULL, NULL),
             IOVP_E_REENTRY);
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
    CHECK_EQ(iovp_irq_handler(s.p, on_irq, NULL, &h), IOVP_OK);
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

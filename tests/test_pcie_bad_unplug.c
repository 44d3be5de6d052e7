/* SPDX-License-Identifier: MIT */
/*
 * Functions of arm-pcie.dts that go away, or are reset, while DMA, page
 * requests, invalidations and NVMe commands are on their way; and come back.
 */
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "pcie_arm.h"
#include "shim.h"

#define BY_PRI \
    (TEP_AT_ATC << TEP_ATTR_AT_SHIFT | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)
#define HOLE 0x60000000u /* an IOVA that is not mapped */

/* ---- what is going on ------------------------------------------------------
 */

/* Every function has more to do than one access of a processor waits for. */
static void endless_dma(struct pa *a)
{
    for (unsigned i = 0; i < 2; i++) {
        REQUIRE(pa_driver(a, i ? PA_INSIDE : PA_FAR));
        pa_wr(a, a->s.bar + TEP_LOAD_COUNT, 4, 0x1000);
        pa_wr(a, a->s.bar + TEP_LEN, 4, 0x10000);
        pa_wr(a, a->s.bar + TEP_DST, 8, PA_IOVA);
        pa_wr(a, a->s.bar + TEP_CMD, 4, TEP_OP_FILL | TEP_CMD_LOAD);
        CHECK(ps_rd(&a->s, a->s.bar + TEP_STATUS, 4) & TEP_STATUS_BUSY);
    }
}

/* DMA of BAR1 that waits behind them. */
static void exerciser_dma(struct pa *a)
{
    uint64_t bar = ps_bar(&a->s, a->s.far1, 0);

    pa_wr(a, bar + 0x10, 8, PA_IOVA + 0x20000);
    pa_wr(a, bar + 0x18, 4, 0x4000);
    pa_wr(a, bar + 0x08, 4, 0x11);
}

static void nvme_commands(struct pa *a)
{
    struct nvmed_cmd c;

    REQUIRE(pa_nvme(a, 2));
    for (unsigned i = 0; i < 12; i++) {
        c = nvmed_rw(&a->nvme, i % 2, 0, 256, PA_IOVA + 0x40000);
        nvmed_submit(&a->nvme, 1 + i % 2, &c);
    }
}

static void page_requests(struct pa *a, enum pa_function f)
{
    REQUIRE(pa_ats(a, f));
    REQUIRE(pa_driver(a, f));
    pa_wr(a, a->s.bar + TEP_ATTR, 4, BY_PRI);
    pa_wr(a, a->s.bar + TEP_DST, 8, HOLE);
    pa_wr(a, a->s.bar + TEP_LEN, 4, 8);
    pa_wr(a, a->s.bar + TEP_CMD, 4, TEP_OP_FILL);
    if (a->poll_ps)
        pa_run(a, NULL);
    CHECK(ps_rd(&a->s, a->s.bar + TEP_STATUS, 4) & TEP_STATUS_WAITING);
}

/* All of it, each in turn, with the DMA without end last. */
static void busy(struct pa *a, bool pages)
{
    nvme_commands(a);
    exerciser_dma(a);
    if (pages) {
        page_requests(a, PA_FAR);
        page_requests(a, PA_INSIDE);
    } else {
        endless_dma(a);
    }
    exerciser_dma(a);
}

/* Some accesses of a processor, with what they leave time for. */
static void go_on(struct pa *a)
{
    for (unsigned i = 0; i < 4; i++)
        ps_rd(&a->s, PS_ECAM, 4);
}

/* ---- away and back ---------------------------------------------------------
 */

/* One function, and then the others go on. */
TEST_CASE(PcieBadUnplug, EachInTheMiddle)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned n = 0; n < 2 * PA_FUNCTIONS; n++) {
        enum pa_function f = (enum pa_function)(n % PA_FUNCTIONS);
        uint64_t sent;

        busy(&a, n < PA_FUNCTIONS);
        sent = ps_counter(a.dev[f], "tlps");
        CHECK_EQ(iovp_device_unplug(a.dev[f]), IOVP_OK);
        CHECK_EQ(ps_rd(&a.s, ps_bar(&a.s, a.dev[f], 0), 4), UINT32_MAX);
        go_on(&a);
        CHECK_EQ(ps_counter(a.dev[f], "tlps"), sent);
        CHECK_EQ(iovp_device_plug(a.dev[f]), IOVP_OK);
        for (unsigned i = 0; i < PA_FUNCTIONS; i++) {
            CHECK_EQ(iovp_device_unplug(a.dev[i]), IOVP_OK);
            CHECK_EQ(iovp_device_plug(a.dev[i]), IOVP_OK);
        }
        CHECK(pa_settle(&a, 8));
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

/* All at once, and the platform is destroyed with them away. */
TEST_CASE(PcieBadUnplug, AllAway)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    busy(&a, true);
    busy(&a, false);
    for (unsigned i = 0; i < PA_FUNCTIONS; i++)
        CHECK_EQ(iovp_device_unplug(a.dev[i]), IOVP_OK);
    CHECK(pa_settle(&a, 2));
    /* Nobody is there to answer: the invalidation times out. */
    CHECK_EQ(smmu_atc_invalidate(&a.s.drv, &a.stream[PA_FAR].st, SMMU_NO_PASID,
                                 PA_IOVA, PS_PAGE),
             -1);
    pa_close(&a);
}

/* Invalidations that wait for ITags of a function that goes: each ends with a
 * timeout (SMMU 4.5.1.1), CMD_SYNC with an error, and the queue goes on. */
TEST_CASE(PcieBadUnplug, Invalidations)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_ats(&a, PA_FAR));
    CHECK(pa_works(&a, PA_FAR));
    CHECK_EQ(smmu_atc_invalidate(&a.s.drv, &a.stream[PA_FAR].st, SMMU_NO_PASID,
                                 PA_IOVA, PS_PAGE),
             0);
    for (unsigned i = 0; i < 40; i++) {
        CHECK_EQ(iovp_device_unplug(a.s.far), IOVP_OK);
        CHECK(smmu_atc_invalidate(&a.s.drv, &a.stream[PA_FAR].st, SMMU_NO_PASID,
                                  PA_IOVA, PS_PAGE) < 0);
        smmu_gerror(&a.s.drv);
        a.s.drv.failed = false;
        CHECK_EQ(iovp_device_plug(a.s.far), IOVP_OK);
    }
    CHECK(pa_settle(&a, 2));
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* A page request whose function is away when the answer comes; a new function
 * in its place does not take it for its own. */
TEST_CASE(PcieBadUnplug, PageResponseTooLate)
{
    struct smmu_page_request q;
    struct pa a;

    REQUIRE(pa_open(&a));
    page_requests(&a, PA_FAR);
    REQUIRE(smmu_page_request_next(&a.s.drv, &q));
    CHECK_EQ(iovp_device_unplug(a.s.far), IOVP_OK);
    CHECK_EQ(iovp_device_plug(a.s.far), IOVP_OK);
    REQUIRE(pa_enumerate(&a));
    REQUIRE(pa_ats(&a, PA_FAR));
    CHECK_EQ(smmu_page_respond(&a.s.drv, &q, SMMU_PRI_SUCCESS), 0);
    /* 10.5.2.3: Unexpected Page Request Group Index. */
    CHECK_EQ(pa_ext_get(&a, PA_FAR, PCIE_EXT_PRI, PCIE_PRI_STATUS, 2) & 3, 2);
    CHECK_EQ(ps_counter(a.s.far, "pri_success"), 0);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* The same handles, many times, without a step between. */
TEST_CASE(PcieBadUnplug, BackAndForth)
{
    uint64_t r = 7;
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < 2000; i++) {
        iovp_device *d = a.dev[pa_random(&r) % PA_FUNCTIONS];

        CHECK_EQ(pa_random(&r) & 1 ? iovp_device_plug(d)
                                   : iovp_device_unplug(d),
                 IOVP_OK);
        if (i % 16 == 0)
            pcie_enumerate(&a.s.e);
    }
    for (unsigned i = 0; i < PA_FUNCTIONS; i++)
        CHECK_EQ(iovp_device_plug(a.dev[i]), IOVP_OK);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* As EachInTheMiddle, while time goes on: some of it is on a link then. */
static void timed(void *ud)
{
    struct pa a;

    (void)ud;
    REQUIRE(pa_open_as(&a, IOVP_MODE_TIMED));
    for (unsigned f = 0; f < PA_FUNCTIONS; f++) {
        uint64_t sent;

        busy(&a, f % 2);
        CHECK_EQ(iovp_run_until(a.s.p, iovp_now(a.s.p) + 777777 * f, NULL),
                 IOVP_OK);
        CHECK_EQ(iovp_device_unplug(a.dev[f]), IOVP_OK);
        sent = ps_counter(a.dev[f], "tlps");
        pa_run(&a, NULL);
        CHECK_EQ(ps_counter(a.dev[f], "tlps"), sent);
        for (unsigned i = 0; i < PA_FUNCTIONS; i++) {
            CHECK_EQ(iovp_device_unplug(a.dev[i]), IOVP_OK);
            pa_run(&a, NULL);
            CHECK_EQ(iovp_device_plug(a.dev[i]), IOVP_OK);
        }
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

TEST_CASE(PcieBadUnplug, TimedInTheMiddle)
{
    if (!iovp_has_systemc())
        SKIP_TEST("no SystemC");
    soc_child(timed, NULL);
}

/* ---- resets ----------------------------------------------------------------
 */

static void flr(struct pa *a, enum pa_function f)
{
    uint16_t id = ps_id(a->dev[f]);
    uint32_t exp = pcie_enum_cap(&a->s.e, id, PCIE_ID_EXP);

    if (exp)
        ps_cfg_set(&a->s, id, exp + PCIE_DEVCTL, 2, 0x8000);
}

/* PMCSR.PowerState = D3hot, then D0: a reset if No_Soft_Reset is clear. */
static void d3hot(struct pa *a, enum pa_function f)
{
    uint16_t id = ps_id(a->dev[f]);
    uint32_t pm = pcie_enum_cap(&a->s.e, id, PCIE_ID_PM);

    if (!pm)
        return;
    ps_cfg_set(&a->s, id, pm + PCIE_PMCSR, 2, PCIE_D3HOT);
    go_on(a);
    ps_cfg_set(&a->s, id, pm + PCIE_PMCSR, 2, 0);
}

/* Secondary Bus Reset of the port above, or of the root port. */
static void bus_reset(struct pa *a, enum pa_function f)
{
    static const uint16_t above[PA_FUNCTIONS] = {0x0200, 0x0208, 0x0210, 0};
    uint16_t id = above[f];

    ps_cfg_set(&a->s, id, PCIE_BRIDGE_CONTROL, 2,
               PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET);
    go_on(a);
    ps_cfg_set(&a->s, id, PCIE_BRIDGE_CONTROL, 2, 0);
}

static void in_the_middle(void (*reset)(struct pa *a, enum pa_function f))
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned n = 0; n < PA_FUNCTIONS; n++) {
        busy(&a, n % 2);
        reset(&a, (enum pa_function)n);
        go_on(&a);
        /* Now the others, which the one without end kept busy. */
        for (unsigned f = 0; f < PA_FUNCTIONS; f++)
            flr(&a, (enum pa_function)f);
        CHECK(pa_settle(&a, 8));
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

TEST_CASE(PcieBadReset, FunctionLevel)
{
    in_the_middle(flr);
}

TEST_CASE(PcieBadReset, D3hot)
{
    in_the_middle(d3hot);
}

TEST_CASE(PcieBadReset, SecondaryBus)
{
    in_the_middle(bus_reset);
}

/* The reset is held: nothing below answers or sends, and nothing is waited
 * for. */
TEST_CASE(PcieBadReset, HeldForEver)
{
    uint64_t sent;
    struct pa a;

    REQUIRE(pa_open(&a));
    busy(&a, false);
    ps_cfg_set(&a.s, 0, PCIE_BRIDGE_CONTROL, 2,
               PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET);
    sent = ps_counter(a.s.far, "tlps");
    CHECK_EQ(ps_cfg(&a.s, 0x0300, 0, 4), UINT32_MAX);
    flr(&a, PA_INSIDE);
    CHECK(pa_settle(&a, 4));
    CHECK_EQ(ps_counter(a.s.far, "tlps"), sent);
    pa_close(&a);
}

/* SMMU_CR0 is cleared and set again under everything that is on its way. */
TEST_CASE(PcieBadReset, SmmuOffInTheMiddle)
{
    uint32_t cr0;
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned pages = 0; pages < 2; pages++) {
        busy(&a, pages);
        cr0 = (uint32_t)ps_rd(&a.s, PA_SMMU + 0x20, 4);
        pa_wr(&a, PA_SMMU + 0x20, 4, 0);
        go_on(&a);
        pa_wr(&a, PA_SMMU + 0x20, 4, cr0);
        go_on(&a);
        for (unsigned f = 0; f < PA_FUNCTIONS; f++)
            flr(&a, (enum pa_function)f);
        CHECK(pa_settle(&a, 8));
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

/* SPDX-License-Identifier: MIT */
/*
 * DMA of arm-pcie.dts' functions to where it should not go: BARs, their own and
 * others'; interrupts that start what interrupts; PASIDs, translations and page
 * requests that nobody has allowed.
 */
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie_arm.h"
#include "shim.h"

#define BY_PRI \
    (TEP_AT_ATC << TEP_ATTR_AT_SHIFT | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)
#define BY_ATC (TEP_AT_ATC << TEP_ATTR_AT_SHIFT)
#define HOLE   0x60000000u /* an IOVA that is not mapped */

/* ---- BARs ------------------------------------------------------------------
 */

/* As the functions see a BAR: through the SMMU. */
static uint64_t iova_of(uint64_t bar)
{
    return bar - PS_MEM + PA_PEER;
}

static uint32_t run(struct pa *a, const struct tep_request *r)
{
    struct tep_outcome out;

    return tep_run(&a->s.tep, r, &out);
}

/* What it writes over its registers while it is busy is ignored or kept; it
 * ends. */
TEST_CASE(PcieBadDma, OverItsOwnRegisters)
{
    static const enum pa_function who[] = {PA_FAR, PA_INSIDE};
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < 2; i++) {
        struct tep_request r = {.op = TEP_OP_FILL, .len = 0x1000};
        struct tep_outcome out;

        REQUIRE(pa_driver(&a, who[i]));
        r.dst = iova_of(a.s.bar);
        /* CMD = FILL, CMD = ABORT, ring on, all ones. */
        for (unsigned v = 0; v < 4; v++) {
            static const uint64_t values[] = {0x0000000200000002ull,
                                              0x000000ff000000ffull,
                                              0x0000000100000001ull, ~0ull};

            r.operand[0] = values[v];
            CHECK(tep_start(&a.s.tep, &r));
            CHECK(pa_settle(&a, 64));
            pa_wr(&a, a.s.bar + TEP_RING_CTRL, 4, 0);
            pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_ABORT);
            CHECK(pa_settle(&a, 64));
            tep_wait(&a.s.tep, &out);
        }
        CHECK(pa_works(&a, who[i]));
    }
    pa_close(&a);
}

/* Reads and atomics of its own and of the other's registers; the two below one
 * switch meet there, the one beside it through the SMMU. */
TEST_CASE(PcieBadDma, OverOthersRegisters)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned me = 0; me < 2; me++) {
        enum pa_function f = me ? PA_INSIDE : PA_FAR;

        REQUIRE(pa_driver(&a, f));
        for (unsigned you = 0; you < PA_FUNCTIONS; you++) {
            uint64_t to = iova_of(ps_bar(&a.s, a.dev[you], 0));
            struct tep_request r = {
                .op = TEP_OP_MEMCPY, .src = to, .dst = PA_IOVA, .len = 0x1000};

            CHECK_EQ(run(&a, &r), TEP_ERROR_NONE);
            r = (struct tep_request){
                .op = TEP_OP_MEMCPY, .src = to, .dst = to, .len = 0x1000};
            CHECK(tep_start(&a.s.tep, &r));
            CHECK(pa_settle(&a, 64));
            pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_ABORT);
            CHECK(pa_settle(&a, 64));
            r = (struct tep_request){.op = TEP_OP_FILL,
                                     .dst = to,
                                     .len = 0x1000,
                                     .operand = {0x0001000100010001ull}};
            CHECK(tep_start(&a.s.tep, &r));
            CHECK(pa_settle(&a, 64));
            pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_ABORT);
            CHECK(pa_settle(&a, 64));
        }
    }
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* Peer windows that are no memory: configuration space, I/O, the SMMU. */
TEST_CASE(PcieBadDma, WhereNoMemoryIs)
{
    static const uint64_t pa[] = {PS_ECAM, PS_IO, PA_SMMU, 0x7000000000ull,
                                  PS_MEM + 0x0f000000};
    struct ps_stream *t;
    struct pa a;

    REQUIRE(pa_open(&a));
    t = &a.stream[PA_INSIDE];
    REQUIRE(pa_driver(&a, PA_INSIDE));
    for (unsigned i = 0; i < sizeof(pa) / sizeof(pa[0]); i++) {
        struct tep_request r = {.op = TEP_OP_SUM, .len = 64};

        r.src = HOLE + i * PS_PAGE;
        REQUIRE(ps_map(&a.s, t, r.src, pa[i], PS_PAGE, SMMU_WRITE));
        CHECK_EQ(run(&a, &r), TEP_ERROR_UR);
        r = (struct tep_request){.op = TEP_OP_FILL, .dst = r.src, .len = 64};
        CHECK_EQ(run(&a, &r), TEP_ERROR_NONE);
    }
    CHECK(pa_works(&a, PA_INSIDE));
    pa_close(&a);
}

/* ---- interrupts that go in circles -----------------------------------------
 */

/* Vector 0 starts the operation again whose end it tells. */
static void echo(struct pa *a, enum pa_function f, uint32_t op)
{
    uint64_t bar = a->s.bar;

    ps_msix(&a->s, a->dev[f], iova_of(bar) + TEP_CMD, op);
    pa_wr(a, bar + TEP_LEN, 4, 8);
    pa_wr(a, bar + TEP_DST, 8, PA_IOVA);
    pa_wr(a, bar + TEP_IRQ, 4, TEP_IRQ_ENABLE);
}

TEST_CASE(PcieBadDma, InterruptThatStartsItself)
{
    static const enum pa_function who[] = {PA_FAR, PA_INSIDE};
    static const uint32_t ops[] = {TEP_OP_NOP, TEP_OP_FILL, TEP_OP_ATC_FLUSH,
                                   0xee /* there is none */};
    uint32_t why;
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned n = 0; n < 8; n++) {
        enum pa_function f = who[n / 4];
        uint64_t before;

        REQUIRE(pa_driver(&a, f));
        echo(&a, f, ops[n % 4]);
        before = ps_counter(a.dev[f], "operations");
        CHECK(pa_wr(&a, a.s.bar + TEP_CMD, 4, ops[n % 4]) > 1000);
        CHECK(ps_counter(a.dev[f], "operations") - before <= PA_ONE);
        /* It goes on for ever, a call at a time. */
        before = ps_counter(a.dev[f], "operations");
        CHECK_EQ(iovp_run_until(a.s.p, 0, &why), IOVP_OK);
        CHECK_EQ(why, IOVP_RUN_TIME);
        CHECK(ps_counter(a.dev[f], "operations") > before);
        CHECK(ps_counter(a.dev[f], "operations") - before <= PA_BATCH);
        pa_wr(&a, a.s.bar + TEP_IRQ, 4, 0);
        CHECK(pa_settle(&a, 2));
        CHECK(pa_works(&a, f));
    }
    pa_close(&a);
}

/* Timers and timeouts of others pass meanwhile: CSTS.RDY follows CC.EN, and an
 * invalidation that nobody answers ends. */
TEST_CASE(PcieBadDma, TimePassesBesideIt)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_FAR));
    echo(&a, PA_FAR, TEP_OP_NOP);
    pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_NOP);
    CHECK(!pa_settle(&a, 1));
    CHECK(pa_works(&a, PA_NVME));
    CHECK_EQ(iovp_device_unplug(a.s.inside), IOVP_OK);
    CHECK(smmu_atc_invalidate(&a.s.drv, &a.stream[PA_INSIDE].st, SMMU_NO_PASID,
                              PA_IOVA, PS_PAGE) < 0);
    CHECK(strstr(a.s.drv.message, "CMDQ_CONS.ERR = 3"));
    CHECK(!pa_settle(&a, 1));
    pa_close(&a);
}

/* Two that start each other. */
TEST_CASE(PcieBadDma, InterruptsThatPlayPingPong)
{
    static const enum pa_function who[] = {PA_FAR, PA_INSIDE};
    uint64_t bar[2];
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < 2; i++) {
        bar[i] = ps_bar(&a.s, a.dev[who[i]], 0);
        pa_wr(&a, bar[i] + TEP_LEN, 4, 8);
        pa_wr(&a, bar[i] + TEP_DST, 8, PA_IOVA);
        pa_wr(&a, bar[i] + TEP_IRQ, 4, TEP_IRQ_ENABLE);
    }
    for (unsigned i = 0; i < 2; i++)
        ps_msix(&a.s, a.dev[who[i]], iova_of(bar[!i]) + TEP_CMD, TEP_OP_FILL);
    CHECK(pa_wr(&a, bar[0] + TEP_CMD, 4, TEP_OP_FILL) > 1000);
    CHECK(!pa_settle(&a, 2));
    CHECK_EQ(iovp_device_unplug(a.s.far), IOVP_OK);
    CHECK(pa_settle(&a, 2));
    CHECK(pa_works(&a, PA_INSIDE));
    pa_close(&a);
}

/* A descriptor that rings the doorbell of its own ring. */
static void ring(struct pa *a, const struct tep_request *r)
{
    a->s.tep.ring = a->ram + (PS_PA(32) - PA_RAM);
    a->s.tep.ring_iova = PA_IOVA + 0x20000;
    a->s.tep.ring_size = 8;
    REQUIRE(tep_ring_open(&a->s.tep, 0, 0, 0));
    for (unsigned i = 0; i < 7; i++)
        tep_ring_push(&a->s.tep, r);
    /* The last slot too: once around there is always one more. */
    tep_ring_push(&a->s.tep, r);
}

TEST_CASE(PcieBadDma, RingThatRingsItself)
{
    struct tep_request r = {.op = TEP_OP_FILL, .len = 4};
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_FAR));
    /* TAIL = 5: behind the head is always something. */
    r.dst = iova_of(a.s.bar) + TEP_RING_TAIL;
    r.operand[0] = 5;
    ring(&a, &r);
    pa_wr(&a, a.s.bar + TEP_RING_TAIL, 4, 7);
    CHECK(pa_settle(&a, 4));
    /* By its interrupt: 7, while the head goes past it again and again. */
    ps_msix(&a.s, a.s.far, iova_of(a.s.bar) + TEP_RING_TAIL, 3);
    r.op = TEP_OP_NOP;
    r.irq = TEP_IRQ_OF(0);
    ring(&a, &r);
    pa_wr(&a, a.s.bar + TEP_RING_TAIL, 4, 7);
    pa_settle(&a, 4);
    /* A tail that jumps beyond the ring stops it. */
    r = (struct tep_request){.op = TEP_OP_FILL,
                             .dst = iova_of(a.s.bar) + TEP_RING_TAIL,
                             .len = 4,
                             .operand = {8}};
    pa_wr(&a, a.s.bar + TEP_RING_CTRL, 4, 0);
    CHECK(pa_settle(&a, 4));
    ring(&a, &r);
    pa_wr(&a, a.s.bar + TEP_RING_TAIL, 4, 2);
    CHECK(pa_settle(&a, 4));
    CHECK(ps_rd(&a.s, a.s.bar + TEP_RING_STATUS, 4) & TEP_RING_STOPPED);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* Without end: two descriptors, each sets the tail behind the other. */
TEST_CASE(PcieBadDma, RingWithoutEnd)
{
    struct tep_request r = {.op = TEP_OP_FILL, .len = 4};
    uint32_t why;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_INSIDE));
    r.dst = iova_of(a.s.bar) + TEP_RING_TAIL;
    a.s.tep.ring = a.ram + (PS_PA(32) - PA_RAM);
    a.s.tep.ring_iova = PA_IOVA + 0x20000;
    a.s.tep.ring_size = 2;
    REQUIRE(tep_ring_open(&a.s.tep, 0, 0, 0));
    /* Of slot 0: tail 0, of slot 1: tail 1.  The head is at the other one. */
    r.operand[0] = 0;
    tep_ring_push(&a.s.tep, &r);
    r.operand[0] = 1;
    tep_ring_push(&a.s.tep, &r);
    CHECK(pa_wr(&a, a.s.bar + TEP_RING_TAIL, 4, 1) > 1000);
    CHECK_EQ(iovp_run_until(a.s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    pa_wr(&a, a.s.bar + TEP_RING_CTRL, 4, 0);
    CHECK(pa_settle(&a, 2));
    CHECK(pa_works(&a, PA_INSIDE));
    pa_close(&a);
}

/* ---- interrupts to nowhere -------------------------------------------------
 */

TEST_CASE(PcieBadDma, MsiElsewhere)
{
    struct smmu_event e;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_FAR));
    /* Behind the SMMU, an IOVA that is not mapped: an event, no interrupt. */
    ps_msix(&a.s, a.s.far, HOLE, 0x55);
    ps_forget(&a.s);
    CHECK(tep_send_msi(&a.s.tep, 0));
    REQUIRE(a.s.irqs == 1);
    CHECK_STR(a.s.irq[0].line, "eventq");
    REQUIRE(smmu_event_next(&a.s.drv, &e));
    CHECK_EQ(e.type, 0x10); /* F_TRANSLATION */
    CHECK_EQ(e.sid, 0x1300);
    CHECK_EQ(e.addr, HOLE);
    CHECK(!e.read);
    /* To RAM: a write of memory like others. */
    ps_msix(&a.s, a.s.far, PA_IOVA + 0x40, 0x66);
    ps_forget(&a.s);
    CHECK(tep_send_msi(&a.s.tep, 0));
    CHECK_EQ(a.s.irqs, 0);
    CHECK_EQ(ps_word(&a.s, PS_DATA + 0x40) & UINT32_MAX, 0x66);
    /* To an address where nothing is: lost. */
    REQUIRE(
        ps_map(&a.s, &a.stream[PA_FAR], HOLE, 0x70000000, PS_PAGE, SMMU_WRITE));
    ps_msix(&a.s, a.s.far, HOLE, 0x77);
    CHECK(tep_send_msi(&a.s.tep, 0));
    CHECK_EQ(a.s.irqs, 0);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* ---- PASIDs, ATS -----------------------------------------------------------
 */

static uint32_t fill(struct pa *a, uint32_t attr, uint32_t pasid)
{
    return ps_fill(&a->s, PA_IOVA + 0x800, 8, 0x99, attr, pasid);
}

/* 6.20.2: no prefix before PASID Enable, nor wider than the capability. */
TEST_CASE(PcieBadDma, InvalidPasids)
{
    struct smmu_event e;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_FAR));
    CHECK_EQ(fill(&a, 0, TEP_PASID_OF(1)), TEP_ERROR_REFUSED);
    pa_ext(&a, PA_FAR, PCIE_EXT_PASID, PCIE_PASID_CONTROL, 2,
           PCIE_PASID_ENABLE);
    /* 16 bits in the function, 4 in the stream's table of PASIDs (S1CDMax). */
    CHECK_EQ(fill(&a, 0, TEP_PASID_OF(0x10000)), TEP_ERROR_REFUSED);
    CHECK_EQ(fill(&a, 0, TEP_PASID_OF(0xfffff)), TEP_ERROR_REFUSED);
    CHECK_EQ(fill(&a, TEP_ATTR_PRIVILEGED, TEP_PASID_OF(1)), TEP_ERROR_REFUSED);
    CHECK(!smmu_event_next(&a.s.drv, &e));
    fill(&a, 0, TEP_PASID_OF(0xffff));
    REQUIRE(smmu_event_next(&a.s.drv, &e));
    CHECK_EQ(e.type, 0x08); /* C_BAD_SUBSTREAMID */
    fill(&a, 0, TEP_PASID_OF(9));
    REQUIRE(smmu_event_next(&a.s.drv, &e));
    CHECK_EQ(e.type, 0x0a); /* C_BAD_CD */
    CHECK_EQ(e.ssid, 9);
    CHECK(ps_word(&a.s, PS_DATA + 0x800) != 0x99);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* 10.1.2: without ATS Enable nothing but untranslated requests. */
TEST_CASE(PcieBadDma, AtsWhileDisabled)
{
    struct tep_outcome out;
    const struct tep_request prefetch = {
        .op = TEP_OP_PREFETCH, .src = PA_IOVA, .len = PS_PAGE};
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_FAR));
    CHECK_EQ(fill(&a, BY_ATC, 0), TEP_ERROR_REFUSED);
    CHECK_EQ(fill(&a, BY_PRI, 0), TEP_ERROR_REFUSED);
    CHECK_EQ(tep_run(&a.s.tep, &prefetch, &out), TEP_ERROR_REFUSED);
    CHECK_EQ(fill(&a, TEP_AT_TRANSLATED << TEP_ATTR_AT_SHIFT, 0),
             TEP_ERROR_REFUSED);
    /* On in the function, off in the stream (STE.EATS): Unsupported Request,
     * SMMU 3.9.1. */
    pa_ext(&a, PA_FAR, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    CHECK_EQ(tep_run(&a.s.tep, &prefetch, &out), TEP_ERROR_UR);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* Translated requests of a stream that may not: aborted, no memory written. */
TEST_CASE(PcieBadDma, TranslatedWithoutPermission)
{
    const uint32_t translated = TEP_AT_TRANSLATED << TEP_ATTR_AT_SHIFT;
    const struct tep_request read = {
        .op = TEP_OP_SUM, .attr = translated, .src = PS_DATA, .len = 64};
    struct tep_outcome out;
    struct smmu_event e;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_driver(&a, PA_INSIDE));
    pa_ext(&a, PA_INSIDE, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    ps_put(&a.s, PS_DATA, 0);
    CHECK_EQ(ps_fill(&a.s, PS_DATA, 8, 0x99, translated, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&a.s, PS_DATA), 0);
    REQUIRE(smmu_event_next(&a.s.drv, &e));
    CHECK_EQ(e.type, 0x07); /* F_TRANSL_FORBIDDEN, SMMU 3.9.1 */
    CHECK_EQ(tep_run(&a.s.tep, &read, &out), TEP_ERROR_CA);
    CHECK(pa_works(&a, PA_INSIDE));
    pa_close(&a);
}

/* ---- page requests ---------------------------------------------------------
 */

static bool ask(struct pa *a, uint64_t at)
{
    const struct tep_request r = {
        .op = TEP_OP_FILL, .attr = BY_PRI, .dst = at, .len = 8};

    return tep_start(&a->s.tep, &r);
}

/* 10.4.2.1: without credits nothing is sent. */
TEST_CASE(PcieBadDma, PageRequestsWithoutCredits)
{
    struct smmu_page_request q;
    struct tep_outcome out;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_ats(&a, PA_FAR));
    REQUIRE(pa_driver(&a, PA_FAR));
    pa_ext(&a, PA_FAR, PCIE_EXT_PRI, PCIE_PRI_ALLOCATION, 4, 0);
    CHECK(ask(&a, HOLE));
    CHECK(pa_settle(&a, 2));
    CHECK(tep_wait(&a.s.tep, &out));
    CHECK_EQ(out.error, TEP_ERROR_PRI);
    CHECK(!smmu_page_request_next(&a.s.drv, &q));
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/*
 * A PRI queue that is full of what nobody reads: the SMMU answers Success on
 * its own (8.1), the function asks again, as often as it may, and gives up.
 */
TEST_CASE(PcieBadDma, PageRequestOverflow)
{
    uint64_t before;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_ats(&a, PA_FAR));
    REQUIRE(pa_driver(&a, PA_FAR));
    for (unsigned i = 0; i < 600; i++) {
        pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_ABORT);
        pa_wr(&a, a.s.bar + TEP_STATUS, 4, TEP_STATUS_DONE);
        CHECK(ask(&a, HOLE + i * PS_PAGE));
        CHECK(pa_settle(&a, 2));
        /* Groups that were given up are outstanding still: begin anew. */
        if (i % 16 == 15) {
            pa_ext(&a, PA_FAR, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2,
                   PCIE_PRI_RESET);
            pa_ext(&a, PA_FAR, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2,
                   PCIE_PRI_ENABLE);
        }
    }
    /* OVFLG differs from OVACKFLG: SMMU_PRIQ_PROD and _CONS, page 1. */
    CHECK((ps_rd(&a.s, PA_SMMU + 0x100c8, 4) ^
           ps_rd(&a.s, PA_SMMU + 0x100cc, 4)) >>
          31);
    before = ps_counter(a.s.far, "pri_success");
    pa_wr(&a, a.s.bar + TEP_CMD, 4, TEP_OP_ABORT);
    pa_wr(&a, a.s.bar + TEP_RETRY, 4, 0xffff);
    CHECK(ask(&a, HOLE));
    CHECK(pa_settle(&a, 16));
    /* Once, and as many times more as TEP_RETRY says. */
    CHECK_EQ(ps_counter(a.s.far, "pri_success") - before, 0x10000);
    CHECK(!(ps_rd(&a.s, a.s.bar + TEP_STATUS, 4) & TEP_STATUS_BUSY));
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* The PRI queue is off: Response Failure (SMMU 8.1), and asks no more. */
TEST_CASE(PcieBadDma, PageRequestsToNobody)
{
    struct tep_outcome out;
    uint32_t cr0;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_ats(&a, PA_INSIDE));
    REQUIRE(pa_driver(&a, PA_INSIDE));
    cr0 = (uint32_t)ps_rd(&a.s, PA_SMMU + 0x20, 4);
    pa_wr(&a, PA_SMMU + 0x20, 4, cr0 & ~2u); /* CR0.PRIQEN */
    CHECK(ask(&a, HOLE));
    CHECK(tep_wait(&a.s.tep, &out));
    CHECK_EQ(out.error, TEP_ERROR_PRI);
    CHECK(pa_ext_get(&a, PA_INSIDE, PCIE_EXT_PRI, PCIE_PRI_STATUS, 2) & 1);
    CHECK(ask(&a, HOLE));
    CHECK(tep_wait(&a.s.tep, &out));
    CHECK_EQ(out.error, TEP_ERROR_PRI);
    CHECK_EQ(ps_counter(a.s.inside, "pri_requests"), 1);
    CHECK(pa_works(&a, PA_INSIDE));
    pa_close(&a);
}

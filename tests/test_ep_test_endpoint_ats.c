/* SPDX-License-Identifier: MIT */
/* The test endpoint with ATS, PRI and PASID. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"
#include "tep_soc.h"

#define RAM RSOC_RAM
#define VA  0x7f0000001000ull
#define RW  (IOVP_ATS_READ | IOVP_ATS_WRITE)
#define RWX (RW | IOVP_ATS_EXECUTE)

#define ATC   (TEP_AT_ATC << TEP_ATTR_AT_SHIFT)
#define PRI   (ATC | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)
#define RETRY (ATC | TEP_FAULT_RETRY << TEP_ATTR_FAULT_SHIFT)

#define REQ(...) (&(struct tep_request){__VA_ARGS__})
#define OPEN()                    \
    struct tsoc *t = tsoc_new();  \
    struct rsoc *s = t->s;        \
    s->iommu = true;              \
    REQUIRE(tsoc_open(t, false)); \
    rsoc_enable_sva(s, t->fn);    \
    rsoc_enable_msix(s, t->fn, 4, 0)

/* ---- the ATC --------------------------------------------------------------
 */

TEST_CASE(TestEndpointAts, CopyByTranslations)
{
    OPEN();
    for (unsigned i = 0; i < 4; i++) {
        rsoc_map(s, t->fn, 5, VA + 0x1000 * i, RAM + 0x10000 - 0x1000 * i, 12,
                 IOVP_ATS_READ);
        rsoc_map(s, t->fn, 5, VA + 0x100000 + 0x1000 * i,
                 RAM + 0x20000 + 0x2000 * i, 12, RW);
        tsoc_pattern(t, RAM + 0x10000 - 0x1000 * i, 0x1000, i);
    }
    for (unsigned turn = 0; turn < 2; turn++)
        CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .attr = ATC,
                                    .pasid = TEP_PASID_OF(5), .src = VA,
                                    .dst = VA + 0x100000, .len = 0x4000)));
    for (unsigned i = 0; i < 4; i++)
        CHECK_MEM(rsoc_ram(s, RAM + 0x10000 - 0x1000 * i, 0x1000),
                  rsoc_ram(s, RAM + 0x20000 + 0x2000 * i, 0x1000), 0x1000);
    CHECK_EQ(8, s->translations);
    CHECK_EQ(8, tep_counter(&t->d, TEP_ATS_REQUESTS));
    CHECK_EQ(8, tep_counter(&t->d, TEP_ATC_MISSES));
    CHECK_EQ(8, tep_counter(&t->d, TEP_ATC_HITS));
    CHECK_EQ(0, s->violations);
    CHECK_EQ(0, s->untranslated);
    /* The address is translated already. */
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = RAM + 0x10000,
                                .attr = TEP_AT_TRANSLATED << TEP_ATTR_AT_SHIFT,
                                .len = 16)));
    CHECK_EQ(IOVP_AT_TRANSLATED, s->last.at);
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, PrefetchTellsTheTranslation)
{
    OPEN();
    rsoc_map(s, t->fn, 5, 0x40000000, RAM + 0x200000, 21,
             RWX | IOVP_ATS_GLOBAL);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .src = 0x40001234,
                                .len = 0x1000, .pasid = TEP_PASID_OF(5),
                                .attr = TEP_ATTR_EXECUTE)));
    CHECK_EQ(RAM + 0x201234, t->out.result);
    CHECK_EQ(RWX | IOVP_ATS_GLOBAL, t->out.info & TEP_INFO_FLAGS);
    CHECK_EQ(20, t->out.info >> TEP_INFO_SHIFT); /* 2 MiB - 0x1234 bytes */
    CHECK(!(t->out.info & TEP_INFO_HIT));
    CHECK_EQ(1, s->translations);
    /* One translation is enough for all of it. */
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .src = 0x40000000,
                                .len = 0x200000, .pasid = TEP_PASID_OF(5))));
    CHECK_EQ(1, s->translations);
    CHECK_EQ(0x200000, t->out.bytes);
    CHECK(t->out.info & TEP_INFO_HIT);
    /* NW goes into the request: the IOMMU then grants no write. */
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_ATC_FLUSH)));
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .src = 0x40000000,
                                .len = 1, .pasid = TEP_PASID_OF(5),
                                .attr = TEP_ATTR_NO_WRITE)));
    CHECK_EQ(2, s->translations);
    CHECK_EQ(IOVP_ATS_READ | IOVP_ATS_GLOBAL, t->out.info & TEP_INFO_FLAGS);
    /* RESULT is that of the first page. */
    rsoc_map(s, t->fn, 5, VA, RAM + 0x9000, 12, RW);
    rsoc_map(s, t->fn, 5, VA + 0x1000, RAM + 0x5000, 12, RW);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .src = VA, .len = 0x2000,
                                .pasid = TEP_PASID_OF(5))));
    CHECK_EQ(RAM + 0x9000, t->out.result);
    CHECK_EQ(4, s->translations);
    CHECK_EQ(TEP_ERROR_DENIED, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH,
                                               .src = 0x80000000, .len = 1)));
    CHECK_EQ(0x80000000, t->out.fault_addr);
    s->ats_status = IOVP_ATS_CA;
    CHECK_EQ(TEP_ERROR_CA, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .len = 1)));
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, InvalidationDropsWhatIsCached)
{
    int token;
    OPEN();

    rsoc_map(s, t->fn, 5, VA, RAM, 12, RW);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_FILL, .attr = ATC, .dst = VA,
                                .pasid = TEP_PASID_OF(5), .len = 8,
                                .operand = {1, 0})));
    rsoc_unmap(s, t->fn, 5, VA, 12);
    token = rsoc_invalidate(s, t->fn, 5, VA, 12, false);
    REQUIRE(token >= 0);
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[token].state);
    CHECK_EQ(1, tep_counter(&t->d, TEP_INVALIDATIONS));
    CHECK_EQ(1, tep_counter(&t->d, TEP_INVALIDATED));
    CHECK_EQ(TEP_ERROR_DENIED,
             tsoc_run(t, REQ(.op = TEP_OP_FILL, .attr = ATC, .dst = VA,
                             .pasid = TEP_PASID_OF(5), .len = 8)));
    CHECK_EQ(1, tep_counter(&t->d, TEP_ATS_DENIED));
    CHECK_EQ(0, s->violations);
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, OffMeansRefused)
{
    OPEN();
    rsoc_cap_wr(s, t->fn, PCIE_CAP_ATS, 6, 2, 0);
    CHECK_EQ(TEP_ERROR_REFUSED, tsoc_run(t, REQ(.op = TEP_OP_SUM, .attr = ATC,
                                                .src = VA, .len = 8)));
    CHECK_EQ(TEP_ERROR_REFUSED,
             tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .src = VA, .len = 8)));
    CHECK_EQ(TEP_ERROR_ATTR,
             tsoc_run(t, REQ(.op = TEP_OP_SUM, .len = 8,
                             .attr = TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)));
    CHECK_EQ(TEP_ERROR_ATTR,
             tsoc_run(t, REQ(.op = TEP_OP_SUM, .len = 8,
                             .attr = TEP_FAULT_STALL << TEP_ATTR_FAULT_SHIFT)));
    tsoc_close(t);
}

/* ---- page requests --------------------------------------------------------
 */

TEST_CASE(TestEndpointAts, PagesAreAskedFor)
{
    OPEN();
    s->pri = RSOC_PRI_MAP;
    tsoc_pattern(t, s->next_page, 0x1000, 9);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .attr = PRI, .src = VA,
                                .dst = VA + 0x100800, .len = 0x1000,
                                .pasid = TEP_PASID_OF(7))));
    CHECK_EQ(3, s->requests);
    CHECK_EQ(VA, s->request[0].address & ~0xfffull);
    CHECK(s->request[0].read && !s->request[0].write);
    CHECK(!s->request[1].read && s->request[1].write);
    CHECK_EQ(7, s->request[0].pasid);
    CHECK_EQ(3, tep_counter(&t->d, TEP_PRI_REQUESTS));
    CHECK_EQ(3, tep_counter(&t->d, TEP_PRI_SUCCESS));
    CHECK(tep_counter(&t->d, TEP_WAITS) >= 3);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .attr = PRI,
                                .src = VA + 0x300000, .len = 0x2000,
                                .pasid = TEP_PASID_OF(7))));
    CHECK_EQ(5, s->requests);
    CHECK_EQ(0, s->violations);
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, AnswersOfEachKind)
{
    static const struct {
        uint8_t pri, error;
    } cases[] = {
        {RSOC_PRI_INVALID, TEP_ERROR_PAGE},
        {RSOC_PRI_SUCCESS, TEP_ERROR_DENIED}, /* which resolves nothing */
        {RSOC_PRI_FAILURE, TEP_ERROR_PRI},
        {RSOC_PRI_SUCCESS, TEP_ERROR_PRI}, /* off by the failure */
    };
    OPEN();

    for (unsigned i = 0; i < 4; i++) {
        s->pri = cases[i].pri;
        for (unsigned n = 0; n < 2; n++) {
            uint32_t op = n ? TEP_OP_PREFETCH : TEP_OP_SUM;

            CHECK_EQ(cases[i].error, tsoc_run(t, REQ(.op = op, .attr = PRI,
                                                     .src = VA, .len = 0x10)));
            CHECK_EQ(VA, t->out.fault_addr);
            CHECK_EQ(0, t->out.bytes);
        }
    }
    CHECK_EQ(2, tep_counter(&t->d, TEP_PRI_INVALID));
    CHECK_EQ(1, tep_counter(&t->d, TEP_PRI_FAILURE));
    /* 10.5.2.2: enabling it again is a new beginning. */
    s->pri = RSOC_PRI_MAP;
    rsoc_cap_wr(s, t->fn, PCIE_CAP_PRI, 4, 2, 0);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_PRI, 4, 2, 1);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .attr = PRI, .src = VA,
                                .len = 0x10)));
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, WaitsForTheAnswerAndCanBeAborted)
{
    OPEN();
    REQUIRE(tep_start(&t->d, REQ(.op = TEP_OP_SUM, .attr = PRI, .src = VA,
                                 .len = 0x10, .irq = TEP_IRQ_OF(1))));
    CHECK(rsoc_run(s));
    CHECK_EQ(TEP_STATUS_BUSY | TEP_STATUS_WAITING,
             rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4));
    CHECK_EQ(1, s->requests);
    rsoc_map(s, t->fn, RSOC_NO_PASID, VA, RAM, 12, IOVP_ATS_READ);
    CHECK(rsoc_respond(s, t->fn, RSOC_NO_PASID, s->request[0].prg_index,
                       IOVP_PAGE_SUCCESS));
    CHECK(rsoc_run(s));
    CHECK_EQ(TEP_STATUS_DONE, rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4));
    CHECK_EQ(1, s->msis);
    /* Abort; the late answer hurts nobody. */
    REQUIRE(tep_start(&t->d, REQ(.op = TEP_OP_SUM, .attr = PRI,
                                 .src = VA + 0x1000, .len = 0x10)));
    CHECK(rsoc_run(s));
    rsoc_bar_wr(s, t->fn, 0, TEP_CMD, 4, TEP_OP_ABORT);
    REQUIRE(tep_wait(&t->d, &t->out));
    CHECK_EQ(TEP_ERROR_ABORTED, t->out.error);
    CHECK(rsoc_respond(s, t->fn, RSOC_NO_PASID, s->request[1].prg_index,
                       IOVP_PAGE_SUCCESS));
    CHECK(rsoc_run(s));
    CHECK_EQ(0, rsoc_cap_rd(s, t->fn, PCIE_CAP_PRI, 6, 2) & 3);
    /* A reset while it waits. */
    REQUIRE(tep_start(&t->d, REQ(.op = TEP_OP_SUM, .attr = PRI,
                                 .src = VA + 0x1000, .len = 0x10)));
    CHECK(rsoc_run(s));
    rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_INITIATE_FLR);
    CHECK(rsoc_run(s));
    CHECK(rsoc_respond(s, t->fn, RSOC_NO_PASID, s->request[2].prg_index,
                       IOVP_PAGE_SUCCESS));
    CHECK(rsoc_run(s));
    CHECK_EQ(1, s->msis);
    tsoc_close(t);
}

/* PRG indices and credits come back. */
TEST_CASE(TestEndpointAts, AbortedPageRequestsAreForgotten)
{
    OPEN();
    for (unsigned n = 0; n < 4 * PCIE_PRI_GROUPS; n++) {
        uint32_t op = n & 1 ? TEP_OP_PREFETCH : TEP_OP_SUM;

        REQUIRE(tep_start(&t->d,
                          REQ(.op = op, .attr = PRI, .src = VA, .len = 0x10)));
        CHECK(rsoc_run(s));
        REQUIRE(s->requests == n + 1);
        rsoc_bar_wr(s, t->fn, 0, TEP_CMD, 4, TEP_OP_ABORT);
        REQUIRE(tep_wait(&t->d, &t->out));
        CHECK_EQ(TEP_ERROR_ABORTED, t->out.error);
        CHECK(rsoc_respond(s, t->fn, RSOC_NO_PASID, s->request[n].prg_index,
                           IOVP_PAGE_SUCCESS));
        CHECK(rsoc_run(s));
    }
    tsoc_close(t);
}

static void flr(struct tsoc *t)
{
    uint32_t bar = (uint32_t)rsoc_bar(t->s, t->fn, 0);

    rsoc_cap_wr(t->s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_INITIATE_FLR);
    rsoc_cap_wr(t->s, t->fn, PCIE_CAP_ATS, 6, 2, 0x8000);
    rsoc_enable_sva(t->s, t->fn);
    rsoc_cfg_wr(t->s, t->fn, PCIE_BASE_ADDRESS, 4, bar);
    rsoc_cfg_wr(t->s, t->fn, PCIE_COMMAND, 2,
                PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
}

TEST_CASE(TestEndpointAts, NothingSurvivesAResetOrAtsDisabled)
{
    const struct tep_request *prefetch =
        REQ(.op = TEP_OP_PREFETCH, .src = VA, .len = 1);
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;

    s->iommu = true;
    t->cfg.page_requests = 1;
    REQUIRE(tsoc_open(t, false));
    rsoc_enable_sva(s, t->fn);
    rsoc_map(s, t->fn, RSOC_NO_PASID, VA, RAM, 12, RW);
    CHECK_EQ(0, tsoc_run(t, prefetch));
    CHECK_EQ(0, tsoc_run(t, prefetch));
    CHECK_EQ(1, s->translations);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_ATS, 6, 2, 0);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_ATS, 6, 2, 0x8000);
    CHECK_EQ(0, tsoc_run(t, prefetch));
    CHECK_EQ(2, s->translations);
    /* The only credit, and a translation. */
    for (unsigned n = 0; n < 2; n++) {
        flr(t);
        CHECK_EQ(0, tsoc_run(t, prefetch));
        CHECK_EQ(3 + 2 * n, s->translations);
        REQUIRE(tep_start(&t->d, REQ(.op = TEP_OP_SUM, .attr = PRI,
                                     .src = VA + 0x1000, .len = 1)));
        CHECK(rsoc_run(s));
        CHECK_EQ(n + 1, s->requests);
    }
    tsoc_close(t);
}

/* What a reset forgets is a matter for the host's timeout (10.3.1). */
TEST_CASE(TestEndpointAts, ResetForgetsInvalidations)
{
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;
    int token;

    t->cfg.atc.invalidate_ps = 1000000;
    REQUIRE(tsoc_open(t, false));
    rsoc_enable_sva(s, t->fn);
    for (unsigned n = 0; n < 2; n++) {
        token = rsoc_invalidate(s, t->fn, RSOC_NO_PASID, VA, 12, false);
        REQUIRE(token >= 0);
        CHECK(rsoc_run_until(s, s->now + 500000));
        CHECK_EQ(RSOC_INV_PENDING, s->inv[token].state);
        if (n)
            flr(t);
        CHECK(rsoc_run(s));
        CHECK_EQ(n ? RSOC_INV_TIMEOUT : RSOC_INV_COMPLETE, s->inv[token].state);
    }
    tsoc_close(t);
}

/* The IOMMU changes its mind while the endpoint tries again. */
TEST_CASE(TestEndpointAts, RetryFindsTheNewMapping)
{
    OPEN();
    rsoc_bar_wr(s, t->fn, 0, TEP_RETRY, 4, 1000u << TEP_RETRY_SHIFT | 100);
    REQUIRE(tep_start(
        &t->d, REQ(.op = TEP_OP_SUM, .attr = RETRY, .src = VA, .len = 0x10)));
    CHECK(rsoc_run_until(s, s->now + 10000000));
    CHECK_EQ(TEP_STATUS_BUSY | TEP_STATUS_WAITING,
             rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4));
    CHECK(s->translations > 3 && s->translations < 12);
    rsoc_map(s, t->fn, RSOC_NO_PASID, VA, RAM, 12, IOVP_ATS_READ);
    REQUIRE(tep_wait(&t->d, &t->out));
    CHECK_EQ(0, t->out.error);
    CHECK_EQ(0, s->requests);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .attr = RETRY, .src = VA,
                                .len = 1)));
    rsoc_bar_wr(s, t->fn, 0, TEP_RETRY, 4, 1000u << TEP_RETRY_SHIFT | 3);
    CHECK_EQ(TEP_ERROR_DENIED,
             tsoc_run(t, REQ(.op = TEP_OP_PREFETCH, .attr = RETRY,
                             .src = VA + 0x1000, .len = 1)));
    tsoc_close(t);
}

TEST_CASE(TestEndpointAts, StopPasidFlushesAndMarks)
{
    OPEN();
    rsoc_map(s, t->fn, 5, VA, RAM, 12, RW);
    rsoc_map(s, t->fn, 6, VA, RAM, 12, RW);
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint32_t pasid = 5; pasid < 7; pasid++)
            CHECK_EQ(0,
                     tsoc_run(t, REQ(.op = TEP_OP_SUM, .attr = ATC, .src = VA,
                                     .len = 8, .pasid = TEP_PASID_OF(pasid))));
        if (!turn)
            CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_STOP_PASID,
                                        .pasid = TEP_PASID_OF(5))));
    }
    CHECK_EQ(3, s->translations);
    /* 10.4.1.2: neither read nor write, last, with the PASID. */
    CHECK_EQ(1, s->requests);
    CHECK(!s->request[0].read && !s->request[0].write && s->request[0].last);
    CHECK_EQ(5, s->request[0].pasid);
    CHECK_EQ(TEP_ERROR_ATTR, tsoc_run(t, REQ(.op = TEP_OP_STOP_PASID)));
    rsoc_cap_wr(s, t->fn, PCIE_CAP_PRI, 4, 2, 0);
    CHECK_EQ(
        0, tsoc_run(t, REQ(.op = TEP_OP_STOP_PASID, .pasid = TEP_PASID_OF(5))));
    CHECK_EQ(1, s->requests);
    tsoc_close(t);
}

/* Descriptors of several PASIDs, in one ring that is itself in a PASID. */
TEST_CASE(TestEndpointAts, RingInAPasid)
{
    OPEN();
    s->pri = RSOC_PRI_MAP;
    t->d.ring_iova = 0x10000000;
    rsoc_map(s, t->fn, 1, 0x10000000, TSOC_RING, 12, RW);
    rsoc_map(s, t->fn, 1, 0x20000000, RAM, 12, RW);
    REQUIRE(tep_ring_open(&t->d, TEP_PASID_OF(1), ATC, TEP_IRQ_OF(0)));
    for (uint32_t i = 0; i < 8; i++)
        tep_ring_push(&t->d, REQ(.op = TEP_OP_FILL, .attr = PRI, .dst = VA,
                                 .len = 0x1800, .operand = {i, 0},
                                 .pasid = TEP_PASID_OF(2 + i),
                                 .completion = 0x20000000 + 32 * i));
    tep_ring_kick(&t->d);
    CHECK(tep_ring_drain(&t->d));
    CHECK(rsoc_run(s));
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ(TEP_STATUS_DONE, rsoc_ram_rd(s, RAM + 32 * i, 4));
        CHECK_EQ(0x1800, rsoc_ram_rd(s, RAM + 32 * i + TEP_DONE_BYTES, 8));
        CHECK_EQ(2 + i, s->request[2 * i].pasid);
    }
    CHECK_EQ(16, s->requests);
    CHECK_EQ(1, s->msis);
    CHECK_EQ(0, s->violations);
    tsoc_close(t);
}

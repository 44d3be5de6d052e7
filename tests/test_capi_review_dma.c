/* SPDX-License-Identifier: MIT */
/* Promises of iovp.h about DMA that fails, is held or given up, and about
 * software that is at work meanwhile: the same in both modes. */
#include <stdio.h>
#include <string.h>

#include "capi_soc.h"
#include "ctx_soc.h"
#include "shim.h"
#include "sva_soc.h"

#define NONE IOVP_NO_PASID

/* Functional here, timed in a process of its own. */
static void both(void (*fn)(void *ud))
{
    uint32_t functional = IOVP_MODE_FUNCTIONAL, timed = IOVP_MODE_TIMED;

    fn(&functional);
    if (iovp_has_systemc())
        soc_child(fn, &timed);
}

/* ---- a DMA ends where it fails ------------------------------------------- */

#define IOVA          0x400000u
#define CD0_A         (1ull << 46) /* 5.4: abort, else RAZ/WI */
#define TERM_MODEL    (1u << 26)   /* 6.3.1: 0: both can be */
#define NOTHING_THERE 0x70000000u
#define DMA_PAGES     4u
#define DMA_BYTES     (DMA_PAGES * CX_PAGE)

/* An SMMU that can terminate as RAZ/WI, otherwise the usual one. */
static bool open_razwi(struct cx *x, uint32_t mode)
{
    char more[100];
    uint32_t idr0;

    if (!cx_platform(x, IOVP_MODE_FUNCTIONAL))
        return false;
    idr0 = cx_reg(x, 0) & ~TERM_MODEL;
    snprintf(more, sizeof(more), "iovp,idr = <0x%x 0x%x 0x%x 0x%x 0x%x 0x%x>;",
             idr0, cx_reg(x, 4), cx_reg(x, 0xc), cx_reg(x, 0x14),
             cx_reg(x, 0x18), cx_reg(x, 0x1c));
    cx_close(x);
    if (!cx_platform_with(x, mode, more))
        return false;
    CHECK_EQ(iovp_memory_donate(x->p, CX_RAM, CX_POOL), IOVP_OK);
    return !iovp_context_create(&x->c, x->p, NULL);
}

/* Pages of a guest's device: mapped, not mapped, without memory, mapped. */
static void four_pages(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0);
    iovp_binding b = {.size = sizeof(b)};
    uint64_t cd[8], at = cx_page(x);

    cx_cd(&t, 1, cd);
    cd[0] &= ~CD0_A;
    for (unsigned i = 0; i < 8; i++)
        cx_put(x, at + 8 * i, cd[i]);
    cx_map(x, &t, IOVA, CX_PA(0));
    cx_map(x, &t, IOVA + 2 * CX_PAGE, NOTHING_THERE);
    cx_map(x, &t, IOVA + 3 * CX_PAGE, CX_PA(3));
    b.stage1.size = sizeof(b.stage1);
    b.stage1.type = IOVP_TABLE_SMMUV3_STE;
    b.stage1.word[0] = 1 | 5u << 1 | at; /* stage 1, one CD */
    CHECK_EQ(iovp_context_bind(x->c, x->plain, NONE, &b), IOVP_OK);
}

static void check_four(struct cx *x, const iovp_dma_result *r)
{
    iovp_stream_stats row = {.size = sizeof(row)};
    size_t n = 1;

    CHECK_EQ(r->status, IOVP_DMA_RAZWI);
    CHECK_EQ(r->done, CX_PAGE);
    CHECK_EQ(r->event, 0x10);
    CHECK_EQ(cx_get(x, CX_PA(3)), CX_MARK(3));
    CHECK_EQ(iovp_stats(x->p, &row, &n), IOVP_OK);
    CHECK_EQ(row.transfers, 3);
    CHECK_EQ(iovp_stats_reset(x->p), IOVP_OK);
}

static void ends(void *ud)
{
    static uint8_t buf[DMA_BYTES];
    iovp_transfer_config c = IOVP_TRANSFER_CONFIG_INIT;
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    iovp_transfer *t = NULL;
    struct cx x;

    REQUIRE(open_razwi(&x, *(uint32_t *)ud));
    four_pages(&x);
    memset(buf, 7, sizeof(buf));
    CHECK_EQ(iovp_dma_write(x.plain, NONE, IOVA, buf, DMA_BYTES, NULL, &r),
             IOVP_OK);
    check_four(&x, &r);
    c.access = IOVP_ACCESS_WRITE;
    c.iova = IOVA;
    c.buf = buf;
    c.bytes = DMA_BYTES;
    CHECK_EQ(iovp_dma_submit(&t, x.plain, &c), IOVP_OK);
    cx_run(&x);
    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_OK);
    check_four(&x, &r);
    iovp_dma_release(t);
    cx_close(&x);
}

/* RAZ/WI goes on; what nothing answers ends it, whatever came before. */
TEST_CASE(CapiReview, NothingIsDoneBehindAnAbort)
{
    both(ends);
}

/* ---- a transfer that was released ---------------------------------------- */

static void released_write(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    iovp_transfer_config c = IOVP_TRANSFER_CONFIG_INIT;
    iovp_fault_record f = IOVP_FAULT_RECORD_INIT;
    iovp_transfer *t = NULL;
    uint8_t buf[16];

    memset(buf, 0x55, sizeof(buf));
    c.access = IOVP_ACCESS_WRITE;
    c.pasid = pasid;
    c.iova = IOVA;
    c.buf = buf;
    c.bytes = sizeof(buf);
    CHECK_EQ(iovp_dma_submit(&t, v->npu, &c), IOVP_OK);
    sva_run(v, 100000000);
    CHECK_EQ(sva_poll(t), IOVP_DMA_STALL);
    CHECK_EQ(iovp_fault_next(v->c, &f), IOVP_OK);
    iovp_dma_release(t);
    sva_map(v, s, IOVA, 0, 0x11);
    CHECK_EQ(iovp_fault_respond(v->c, f.cookie, IOVP_RESPOND_SUCCESS), IOVP_OK);
    sva_run(v, 100000000);
    CHECK(sva_holds(v, 0, 0x11));
}

TEST_CASE(CapiReview, WhatWasReleasedHasNoEffect)
{
    sva_both(released_write);
}

/* ---- what is told of a fault that was held --------------------------------
 */

#define F_TRANSLATION 0x10u

static iovp_status refuse(void *ud, const iovp_fault_record *fault,
                          uint32_t *respond)
{
    (void)ud;
    CHECK_EQ(fault->event, F_TRANSLATION);
    *respond = IOVP_RESPOND_INVALID;
    return IOVP_OK;
}

/* Nobody answers. */
static void given_up(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_dma_result r;
    uint8_t byte;

    r = sva_read(v->npu, sva_bind(s, v->npu, 0), IOVA, &byte);
    CHECK_EQ(r.status, IOVP_DMA_STALL);
    CHECK_EQ(r.event, F_TRANSLATION);
    CHECK_EQ(r.stalls, 0);
    CHECK_EQ(r.done, 0);
}

static void refused(struct sva *v)
{
    iovp_process *s = sva_process(v, refuse, NULL);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    uint8_t byte;
    iovp_dma_result r = sva_read(v->npu, pasid, IOVA, &byte);
    iovp_transfer *t;
    uint8_t buf[16];

    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, F_TRANSLATION);
    CHECK_EQ(r.stalls, 1);
    t = sva_submit(v->npu, pasid, IOVA, buf);
    sva_run(v, 100000000);
    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, F_TRANSLATION);
    CHECK_EQ(r.stalls, 1);
    iovp_dma_release(t);
}

TEST_CASE(CapiReview, AFaultThatWasHeldKeepsItsCode)
{
    sva_both(given_up);
    sva_both(refused);
}

/* ---- software that is in the middle of something ---------------------------
 */

#define STEPS   4000u
#define STEP_PS 50000u

struct slow {
    struct sva *v;
    iovp_process *s;
    bool inside;
    unsigned calls;
};

/* Taking a page back takes simulated time. */
static iovp_status slowly(void *ud, const iovp_fault_record *fault,
                          uint32_t *respond)
{
    struct slow *w = ud;
    uint64_t at = 0x100000, page = fault->addr & ~(uint64_t)(SVA_PAGE - 1);

    w->calls++;
    w->inside = true;
    CHECK_EQ(iovp_domain_map(sva_domain(w->s), IOVP_MAP_FIXED, &at, SVA_PA(2),
                             SVA_PAGE, SVA_RW),
             IOVP_OK);
    CHECK_EQ(iovp_domain_unmap(sva_domain(w->s), at, at + SVA_PAGE - 1, NULL),
             IOVP_OK);
    CHECK_EQ(iovp_domain_map(sva_domain(w->s), IOVP_MAP_FIXED, &page, SVA_PA(0),
                             SVA_PAGE, SVA_RW),
             IOVP_OK);
    w->inside = false;
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

/* A transfer whose fault is being handled as iovp_run_until returns. */
static iovp_transfer *caught(struct slow *w, uint8_t buf[16])
{
    iovp_transfer *t;
    uint32_t pasid;

    w->s = sva_process(w->v, slowly, w);
    pasid = sva_bind(w->s, w->v->npu, 0);
    t = sva_submit(w->v->npu, pasid, IOVA, buf);
    for (unsigned i = 0; i < STEPS && !w->inside; i++)
        CHECK_EQ(iovp_run_until(w->v->p, iovp_now(w->v->p) + STEP_PS, NULL),
                 IOVP_OK);
    CHECK(w->inside);
    return t;
}

static void dma_meanwhile(void *ud)
{
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint8_t buf[16], other[16];
    struct sva v;
    struct slow w = {.v = &v};
    iovp_transfer *t;
    uint64_t now;

    REQUIRE(sva_open(&v, *(uint32_t *)ud, NULL));
    sva_fill(&v, 3, 0x33);
    t = caught(&w, buf);
    now = iovp_now(v.p);
    CHECK_EQ(
        iovp_dma_replay(v.raw, NULL, SVA_PA(4), 8, IOVP_ACCESS_READ, now, &r),
        IOVP_OK);
    CHECK(r.time_in >= now);
    CHECK(!w.inside);
    CHECK_EQ(iovp_dma_replay(v.raw, NULL, SVA_PA(4), 8, IOVP_ACCESS_READ,
                             now - 1, &r),
             IOVP_E_INVALID);
    iovp_dma_release(t);
    iovp_process_destroy(w.s);
    t = caught(&w, buf);
    CHECK_EQ(
        iovp_dma_read(v.raw, NONE, SVA_PA(3), other, sizeof(other), NULL, &r),
        IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    CHECK_EQ(other[15], 0x33);
    sva_run(&v, 100000000);
    CHECK_EQ(sva_poll(t), IOVP_DMA_OK);
    CHECK_EQ(w.calls, 2);
    sva_close(&v);
}

static void destroyed_meanwhile(void *ud)
{
    struct sva v;
    struct slow w = {.v = &v};
    uint8_t buf[16];

    REQUIRE(sva_open(&v, *(uint32_t *)ud, NULL));
    caught(&w, buf);
    sva_close(&v);
    CHECK(!w.inside);
    CHECK_EQ(w.calls, 1);
}

TEST_CASE(CapiReview, DmaWhileSoftwareIsBusy)
{
    uint32_t timed = IOVP_MODE_TIMED;

    if (!iovp_has_systemc())
        SKIP_TEST("without SystemC there is no time");
    soc_child(dma_meanwhile, &timed);
}

TEST_CASE(CapiReview, DestroyedWhileSoftwareIsBusy)
{
    uint32_t timed = IOVP_MODE_TIMED;

    if (!iovp_has_systemc())
        SKIP_TEST("without SystemC there is no time");
    soc_child(destroyed_meanwhile, &timed);
}

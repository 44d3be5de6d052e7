/* SPDX-License-Identifier: MIT */
/* SVA: page faults that are recovered by stalling: who is asked, and what the
 * answers do. */
#include <string.h>

#include "capi_soc.h"
#include "shim.h"
#include "sva_soc.h"

#define VA            0x400000u
#define F_TRANSLATION 0x10 /* IHI 0070, 7.3 */
#define US            1000000u

/* What a handler does when it is asked. */
struct pager {
    struct sva *v;
    iovp_process *s;
    iovp_status status;
    uint32_t answer;
    bool map; /* data page 1 first */
    unsigned calls;
    iovp_fault_record last;
};

static iovp_status asked(void *ud, const iovp_fault_record *fault,
                         uint32_t *respond)
{
    struct pager *p = ud;
    uint64_t at = fault->addr & ~(uint64_t)(SVA_PAGE - 1);

    p->calls++;
    p->last = *fault;
    if (p->map)
        CHECK_EQ(IOVP_OK, iovp_domain_map(sva_domain(p->s), IOVP_MAP_FIXED, &at,
                                          SVA_PA(1), SVA_PAGE, SVA_RW));
    *respond = p->answer;
    return p->status;
}

static bool next_fault(struct sva *v, iovp_fault_record *f)
{
    iovp_status st;

    f->size = sizeof(*f);
    st = iovp_fault_next(v->c, f);
    if (st)
        CHECK_EQ(IOVP_E_END, st);
    return !st;
}

/* ---- the process's handler ----------------------------------------------- */

static void handler_maps(struct sva *v)
{
    struct pager p = {.v = v, .map = true, .answer = IOVP_RESPOND_SUCCESS};
    iovp_process *s = sva_process(v, asked, &p);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    iovp_fault_record f;
    iovp_dma_result r;
    uint8_t byte;

    p.s = s;
    sva_fill(v, 1, 0x61);
    r = sva_read(v->npu, pasid, VA + 0x20, &byte);
    CHECK_EQ(IOVP_DMA_OK, r.status);
    CHECK_EQ(0x61, byte);
    CHECK_EQ(1, r.stalls);
    CHECK_EQ(1, p.calls);
    CHECK_EQ(IOVP_FAULT_STALL, p.last.kind);
    CHECK_EQ(1, p.last.sequence);
    CHECK(p.last.cookie != 0);
    CHECK_EQ((uintptr_t)v->npu, (uintptr_t)p.last.device);
    CHECK_EQ(0x10, p.last.stream_id);
    CHECK_EQ(pasid, p.last.pasid);
    CHECK_EQ(VA + 0x20, p.last.addr);
    CHECK_EQ(IOVP_RIGHT_UR, p.last.rights);
    CHECK_EQ(IOVP_STAGE_1, p.last.stage);
    CHECK_EQ(1, p.last.last);
    CHECK_EQ(F_TRANSLATION, p.last.event);
    CHECK_EQ(IOVP_DMA_OK, sva_write(v->npu, pasid, VA + SVA_PAGE, 0x62));
    CHECK_EQ(2, p.last.sequence);
    CHECK_EQ(IOVP_RIGHT_UW, p.last.rights);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA + SVA_PAGE, 0x62));
    CHECK_EQ(2, p.calls);
    CHECK(!next_fault(v, &f));
    CHECK_EQ(2, sva_stats(v->c).reported);
    CHECK_EQ(2, sva_stats(v->c).succeeded);
    CHECK_EQ(0, sva_stats(v->c).waiting);
}

TEST_CASE(SvaFaults, HandlerMapsThePage)
{
    sva_both(handler_maps);
}

static void handler_declines(struct sva *v)
{
    struct pager p = {.v = v, .answer = IOVP_RESPOND_INVALID};
    iovp_process *s = sva_process(v, asked, &p);
    uint32_t pasid = sva_bind(s, v->npu, 0);

    p.s = s;
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK_EQ(1, p.calls);
    CHECK_EQ(1, sva_stats(v->c).invalid);
    p.answer = IOVP_RESPOND_FAILURE;
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK_EQ(2, p.calls);
    CHECK_EQ(1, sva_stats(v->c).failed);
    CHECK_EQ(0, sva_stats(v->c).timeouts);
}

TEST_CASE(SvaFaults, HandlerDeclines)
{
    sva_both(handler_declines);
}

/* The answer is wrong: the page is not there. */
static void handler_lies(struct sva *v)
{
    struct pager p = {.v = v, .answer = IOVP_RESPOND_SUCCESS};
    iovp_process *s = sva_process(v, asked, &p);
    uint32_t pasid = sva_bind(s, v->npu, 0);

    CHECK_EQ(IOVP_DMA_STALL, sva_see(v->npu, pasid, VA, 0));
    CHECK(p.calls >= 256 && p.calls < 300);
    CHECK_EQ(0, sva_stats(v->c).waiting);
    sva_map(v, s, VA, 0, 0x63);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x63));
}

TEST_CASE(SvaFaults, AnswersThatResolveNothing)
{
    sva_both(handler_lies);
}

static void own_handlers(struct sva *v)
{
    struct pager a = {.v = v, .map = true}, b = {.v = v, .map = true};
    uint32_t pasid_a, pasid_b;

    a.s = sva_process(v, asked, &a);
    b.s = sva_process(v, asked, &b);
    pasid_a = sva_bind(a.s, v->npu, 0);
    pasid_b = sva_bind(b.s, v->npu, 0);
    sva_bind(b.s, v->small, 0);
    CHECK_EQ(IOVP_DMA_OK, sva_write(v->npu, pasid_b, VA, 1));
    CHECK_EQ(0, a.calls);
    CHECK_EQ(1, b.calls);
    CHECK_EQ(IOVP_DMA_OK, sva_write(v->npu, pasid_a, VA, 1));
    CHECK_EQ(1, a.calls);
    CHECK_EQ(1, b.calls);
    CHECK_EQ(IOVP_DMA_OK, sva_write(v->small, pasid_b, VA + SVA_PAGE, 1));
    CHECK_EQ(2, b.calls);
    CHECK_EQ((uintptr_t)v->small, (uintptr_t)b.last.device);
}

TEST_CASE(SvaFaults, EachProcessIsAskedAboutItsOwn)
{
    sva_both(own_handlers);
}

struct nested {
    struct sva *v;
    iovp_process *s;
    iovp_transfer *t;
    unsigned calls;
};

/* Everything of kind OWNER that changes what is bound, or lets time pass. */
static void try_owner_calls(const struct nested *n)
{
    iovp_process_config pc = {.size = sizeof(pc)};
    iovp_dma_result r = {.size = sizeof(r)};
    iovp_process *other = NULL;
    uint32_t pasid = 99;
    uint8_t buf[16];

    CHECK_EQ(IOVP_E_REENTRY, iovp_process_create(&other, n->v->c, &pc));
    CHECK_EQ(IOVP_E_REENTRY, iovp_process_exit(n->s));
    CHECK_EQ(IOVP_E_REENTRY, iovp_sva_bind(n->s, n->v->small, NULL, &pasid));
    CHECK_EQ(IOVP_E_REENTRY, iovp_sva_unbind(n->s, n->v->npu));
    CHECK_EQ(IOVP_E_REENTRY, iovp_dma_read(n->v->npu, IOVP_NO_PASID, VA, buf,
                                           sizeof(buf), NULL, &r));
    CHECK_EQ(IOVP_E_REENTRY, iovp_run_until(n->v->p, UINT64_MAX / 4, NULL));
    iovp_process_destroy(n->s);
    iovp_context_destroy(n->v->c);
    iovp_platform_destroy(n->v->p);
    CHECK_EQ(99, pasid);
}

static iovp_status curious(void *ud, const iovp_fault_record *fault,
                           uint32_t *respond)
{
    struct nested *n = ud;
    iovp_fault_record f = {.size = sizeof(f)};
    iovp_domain *m = sva_domain(n->s);
    uint64_t at = fault->addr & ~(uint64_t)(SVA_PAGE - 1);
    uint64_t bytes = 0;

    n->calls++;
    try_owner_calls(n);
    CHECK_EQ(IOVP_OK, iovp_domain_map(m, IOVP_MAP_FIXED, &at, SVA_PA(2),
                                      SVA_PAGE, SVA_RO));
    CHECK_EQ(IOVP_OK, iovp_domain_unmap(m, at, at + SVA_PAGE - 1, &bytes));
    CHECK_EQ(IOVP_OK, iovp_domain_map(m, IOVP_MAP_FIXED, &at, SVA_PA(1),
                                      SVA_PAGE, SVA_RO));
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(n->s, at, at + SVA_PAGE - 1));
    CHECK_EQ(IOVP_E_END, iovp_fault_next(n->v->c, &f));
    sva_stats(n->v->c);
    if (n->t)
        CHECK_EQ(IOVP_DMA_STALL, sva_poll(n->t));
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

static void reentry(struct sva *v)
{
    struct nested n = {.v = v};
    uint8_t buf[16] = {0};
    uint32_t pasid;

    n.s = sva_process(v, curious, &n);
    pasid = sva_bind(n.s, v->npu, 0);
    sva_fill(v, 1, 0x71);
    sva_fill(v, 2, 0x72);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x71));
    CHECK_EQ(1, n.calls);
    n.t = sva_submit(v->npu, pasid, VA + SVA_PAGE, buf);
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_OK, sva_poll(n.t));
    CHECK_EQ(0x71, buf[15]);
    CHECK_EQ(2, n.calls);
    iovp_dma_release(n.t);
}

TEST_CASE(SvaFaults, WhatAHandlerMayCall)
{
    sva_both(reentry);
}

/* ---- the host and the queue ---------------------------------------------- */

static void into_the_queue(struct sva *v)
{
    struct pager p = {.v = v, .status = IOVP_PASS};
    iovp_process *s = sva_process(v, asked, &p);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    iovp_fault_record f, g;
    uint8_t buf[16] = {0};
    iovp_transfer *t;

    t = sva_submit(v->npu, pasid, VA, buf);
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t));
    CHECK_EQ(1, p.calls);
    CHECK_EQ(1, sva_stats(v->c).waiting);
    REQUIRE(next_fault(v, &f));
    CHECK_EQ(IOVP_FAULT_STALL, f.kind);
    CHECK_EQ(pasid, f.pasid);
    CHECK_EQ(VA, f.addr);
    CHECK_EQ(p.last.cookie, f.cookie);
    CHECK_EQ(p.last.sequence, f.sequence);
    CHECK(!next_fault(v, &g));
    CHECK_EQ(IOVP_E_INVALID, iovp_fault_respond(v->c, f.cookie, 99));
    sva_map(v, s, VA, 0, 0x73);
    CHECK_EQ(IOVP_OK, iovp_fault_respond(v->c, f.cookie, IOVP_RESPOND_SUCCESS));
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_OK, sva_poll(t));
    CHECK_EQ(0x73, buf[0]);
    CHECK_EQ(IOVP_E_NOTFOUND,
             iovp_fault_respond(v->c, f.cookie, IOVP_RESPOND_SUCCESS));
    CHECK_EQ(IOVP_E_NOTFOUND,
             iovp_fault_respond(v->c, 0, IOVP_RESPOND_SUCCESS));
    CHECK_EQ(0, sva_stats(v->c).waiting);
    iovp_dma_release(t);

    /* Nobody answers a device that does not wait. */
    CHECK_EQ(IOVP_DMA_STALL, sva_see(v->npu, pasid, VA + SVA_PAGE, 0));
    REQUIRE(next_fault(v, &f));
    CHECK_EQ(p.last.sequence, f.sequence);
    CHECK_EQ(VA + SVA_PAGE, f.addr);
}

TEST_CASE(SvaFaults, WhatNobodyTakesIsQueued)
{
    sva_both(into_the_queue);
}

struct order {
    char text[8];
    iovp_status process, host;
};

static iovp_status process_asked(void *ud, const iovp_fault_record *fault,
                                 uint32_t *respond)
{
    struct order *o = ud;

    CHECK_EQ(IOVP_FAULT_STALL, fault->kind);
    strcat(o->text, "p");
    *respond = IOVP_RESPOND_INVALID;
    return o->process;
}

static iovp_status host_asked(void *ud, const iovp_fault_record *fault,
                              uint32_t *respond)
{
    struct order *o = ud;

    CHECK_EQ(IOVP_FAULT_STALL, fault->kind);
    strcat(o->text, "h");
    *respond = IOVP_RESPOND_INVALID;
    return o->host;
}

TEST_CASE(SvaFaults, ProcessThenHostThenQueue)
{
    struct order o = {.process = IOVP_OK, .host = IOVP_OK};
    iovp_context_ops ops = {.size = sizeof(ops), .fault = host_asked};
    iovp_context_config c = {.size = sizeof(c), .ops = &ops, .ud = &o};
    iovp_fault_record f;
    iovp_process *s;
    struct sva v;
    uint32_t pasid;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, &c));
    s = sva_process(&v, process_asked, &o);
    pasid = sva_bind(s, v.npu, 0);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v.npu, pasid, VA, 0));
    CHECK_STR("p", o.text);
    o = (struct order){"", IOVP_PASS, IOVP_OK};
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v.npu, pasid, VA, 0));
    CHECK_STR("ph", o.text);
    CHECK(!next_fault(&v, &f));
    o = (struct order){"", IOVP_PASS, IOVP_PASS};
    CHECK_EQ(IOVP_DMA_STALL, sva_see(v.npu, pasid, VA, 0));
    CHECK_STR("ph", o.text);
    CHECK(next_fault(&v, &f));
    /* A process without handler leaves its faults to the others. */
    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.small, 0);
    o = (struct order){"", IOVP_OK, IOVP_OK};
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v.small, pasid, VA, 0));
    CHECK_STR("h", o.text);
    sva_close(&v);
}

/* ---- nobody answers ------------------------------------------------------ */

static void times_out(void *ud)
{
    const uint32_t *mode = ud;
    bool timed = *mode == IOVP_MODE_TIMED;
    iovp_context_config c = {.size = sizeof(c),
                             .fault_timeout = timed ? 300 * US : 3};
    iovp_fault_record f;
    iovp_transfer *t;
    iovp_process *s;
    struct sva v;
    uint8_t buf[16];
    uint32_t pasid;

    REQUIRE(sva_open(&v, *mode, &c));
    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.npu, 0);
    t = sva_submit(v.npu, pasid, VA, buf);
    sva_run(&v, 100 * US);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t));
    REQUIRE(next_fault(&v, &f));
    sva_run(&v, 100 * US);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t));
    sva_run(&v, 200 * US);
    sva_run(&v, 100 * US);
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(t));
    CHECK_EQ(IOVP_E_NOTFOUND,
             iovp_fault_respond(v.c, f.cookie, IOVP_RESPOND_SUCCESS));
    CHECK_EQ(1, sva_stats(v.c).timeouts);
    CHECK_EQ(1, sva_stats(v.c).invalid);
    CHECK_EQ(0, sva_stats(v.c).waiting);
    iovp_dma_release(t);
    sva_close(&v);
}

TEST_CASE(SvaFaults, NobodyAnswersInTime)
{
    uint32_t mode = IOVP_MODE_FUNCTIONAL;

    times_out(&mode);
    mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(times_out, &mode);
}

TEST_CASE(SvaFaults, SequenceNumbersAndLostFaults)
{
    iovp_context_config c = {.size = sizeof(c), .fault_entries = 2};
    iovp_fault_record f;
    iovp_transfer *t[4];
    iovp_process *s;
    struct sva v;
    uint8_t buf[4][16];
    uint32_t pasid, i;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, &c));
    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.npu, 0);
    for (i = 0; i < 4; i++)
        t[i] = sva_submit(v.npu, pasid, VA + i * SVA_PAGE, buf[i]);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t[0]));
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t[1]));
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(t[2]));
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(t[3]));
    CHECK_EQ(2, sva_stats(v.c).lost);
    for (i = 0; i < 2; i++) {
        REQUIRE(next_fault(&v, &f));
        CHECK_EQ(1 + i, f.sequence);
        CHECK_EQ(VA + i * SVA_PAGE, f.addr);
        CHECK_EQ(IOVP_OK,
                 iovp_fault_respond(v.c, f.cookie, IOVP_RESPOND_INVALID));
    }
    REQUIRE(next_fault(&v, &f));
    CHECK_EQ(IOVP_FAULT_LOST, f.kind);
    CHECK_EQ(2, f.lost);
    CHECK_EQ(0, f.cookie);
    CHECK(f.sequence > 2 && f.sequence < 5);
    for (i = 0; i < 4; i++)
        iovp_dma_release(t[i]);
    t[0] = sva_submit(v.npu, pasid, VA, buf[0]);
    REQUIRE(next_fault(&v, &f));
    CHECK_EQ(IOVP_FAULT_STALL, f.kind);
    CHECK_EQ(5, f.sequence);
    CHECK(!next_fault(&v, &f));
    sva_close(&v);
}

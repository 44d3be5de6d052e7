/* SPDX-License-Identifier: MIT */
/*
 * Faults of a context: who is asked in which order, the queue and its limit,
 * answers, timeouts, and what becomes of those that wait when a device is
 * detached.
 */
#include <string.h>

#include "../capi/context.h"
#include "ctx_soc.h"
#include "shim.h"

#define IOVA 0x40000000u

#define F_TRANSLATION 0x10
#define C_BAD_CD      0x0a

/* The npu with PASID 1, faults held; IOVA is data page 1. */
struct bound {
    struct cx *x;
    struct cx_tables t;
    iovp_binding b;
};

static void bind(struct bound *v, struct cx *x)
{
    *v = (struct bound){.x = x, .t = cx_tables(x, 1, 0)};
    cx_map(x, &v->t, IOVA, CX_PA(1));
    v->b = cx_cd_binding(&v->t, 1);
    v->b.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &v->b), IOVP_OK);
}

static iovp_transfer *submit(struct cx *x, uint32_t pasid, uint64_t iova,
                             void *buf)
{
    iovp_transfer_config k = {.size = sizeof(k),
                              .access = IOVP_ACCESS_READ,
                              .pasid = pasid,
                              .iova = iova,
                              .buf = buf,
                              .bytes = 8};
    iovp_transfer *t = NULL;

    CHECK_EQ(iovp_dma_submit(&t, x->npu, &k), IOVP_OK);
    cx_run(x);
    return t;
}

static iovp_dma_result poll(iovp_transfer *t)
{
    iovp_dma_result r = {.size = sizeof(r)};

    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_OK);
    return r;
}

static iovp_fault_record next(struct cx *x)
{
    iovp_fault_record f = {.size = sizeof(f), .kind = 99};

    CHECK_EQ(iovp_fault_next(x->c, &f), IOVP_OK);
    return f;
}

/* ---- the queue --------------------------------------------------------- */

/* What a record says: the npu's reads of IOVA + 0x1008 and IOVA + 0x2000. */
static void check_records(struct cx *x, iovp_fault_record *f,
                          iovp_fault_record *g)
{
    *f = next(x);
    CHECK_EQ(f->kind, IOVP_FAULT_STALL);
    CHECK_EQ(f->sequence, 1);
    CHECK(f->cookie != 0);
    CHECK(f->device == x->npu);
    CHECK_EQ(f->stream_id, CX_NPU_SID);
    CHECK_EQ(f->pasid, 1);
    CHECK_EQ(f->addr, IOVA + 0x1008);
    CHECK_EQ(f->rights, IOVP_RIGHT_UR);
    CHECK_EQ(f->stage, IOVP_STAGE_1);
    CHECK_EQ(f->last, 1);
    CHECK_EQ(f->event, F_TRANSLATION);
    CHECK_EQ(f->ipa | f->lost, 0);
    CHECK_EQ(f->time_ps != 0, x->timed);
    *g = next(x);
    CHECK_EQ(g->sequence, 2);
    CHECK_EQ(g->addr, IOVA + 0x2000);
    CHECK(g->cookie != f->cookie && g->group != f->group);
}

static void queue(struct cx *x)
{
    struct bound v;
    iovp_transfer *a, *b;
    iovp_fault_record f = {.size = sizeof(f)}, g;
    uint64_t got[2] = {0, 0};
    iovp_context_stats s;

    bind(&v, x);
    CX_FAILS(IOVP_E_END, iovp_fault_next(x->c, &f));
    CX_FAILS(IOVP_E_INVALID, iovp_fault_next(x->c, NULL));
    a = submit(x, 1, IOVA + 0x1008, &got[0]);
    b = submit(x, 1, IOVA + 0x2000, &got[1]);
    CHECK_EQ(poll(a).status, IOVP_DMA_STALL);
    CHECK_EQ(cx_stats(x).waiting, 2);
    check_records(x, &f, &g);
    CX_FAILS(IOVP_E_END, iovp_fault_next(x->c, &f));

    /* the second is answered first, once */
    CX_FAILS(IOVP_E_INVALID, iovp_fault_respond(x->c, g.cookie, 3));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(x->c, 0, 0));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(x->c, g.cookie + 99, 0));
    CHECK_EQ(iovp_fault_respond(x->c, g.cookie, IOVP_RESPOND_INVALID), IOVP_OK);
    CX_FAILS(IOVP_E_NOTFOUND,
             iovp_fault_respond(x->c, g.cookie, IOVP_RESPOND_SUCCESS));
    cx_run(x);
    CHECK_EQ(poll(b).status, IOVP_DMA_ABORT);
    CHECK_EQ(poll(a).status, IOVP_DMA_STALL);
    cx_map(x, &v.t, IOVA + 0x1000, CX_PA(3));
    cx_put(x, CX_PA(3) + 8, 0x3333);
    CHECK_EQ(iovp_fault_respond(x->c, f.cookie, IOVP_RESPOND_SUCCESS), IOVP_OK);
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_OK);
    CHECK_EQ(got[0], 0x3333);
    s = cx_stats(x);
    CHECK_EQ(s.reported, 2);
    CHECK_EQ(s.succeeded, 1);
    CHECK_EQ(s.invalid, 1);
    CHECK_EQ(s.waiting | s.failed | s.timeouts | s.lost | s.unrecoverable, 0);
    iovp_dma_release(a);
    iovp_dma_release(b);
}

TEST_CASE(Faults, QueueAndAnswers)
{
    cx_both(queue, NULL);
}

/* FAILURE ends it as INVALID does; what wants no answer has no cookie. */
static void ends(struct cx *x)
{
    struct bound v;
    iovp_transfer *a;
    iovp_fault_record f;
    uint64_t got;

    bind(&v, x);
    a = submit(x, 1, IOVA + 0x2000, &got);
    f = next(x);
    CHECK_EQ(iovp_fault_respond(x->c, f.cookie, IOVP_RESPOND_FAILURE), IOVP_OK);
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_ABORT);
    iovp_dma_release(a);
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_EVENT(C_BAD_CD));
    f = next(x);
    CHECK_EQ(f.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(f.cookie, 0);
    CHECK_EQ(f.sequence, 2);
    CHECK_EQ(f.event, C_BAD_CD);
    CHECK_EQ(cx_stats(x).failed, 1);
    CHECK_EQ(cx_stats(x).unrecoverable, 1);
}

TEST_CASE(Faults, Ends)
{
    cx_both(ends, NULL);
}

/* Room for two: the third is answered at once and is not there. */
static void overflow(struct cx *x)
{
    struct bound v;
    iovp_transfer *t[6];
    uint64_t got[6];
    iovp_fault_record f;
    iovp_context_stats s;

    bind(&v, x);
    for (unsigned i = 0; i < 5; i++)
        t[i] = submit(x, 1, IOVA + 0x1000 * (i + 1), &got[i]);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(poll(t[i]).status, i < 2 ? IOVP_DMA_STALL : IOVP_DMA_ABORT);
    s = cx_stats(x);
    CHECK_EQ(s.reported, 5);
    CHECK_EQ(s.lost, 3);
    CHECK_EQ(s.invalid, 3);
    CHECK_EQ(s.waiting, 2);
    CHECK_EQ(next(x).sequence, 1);
    t[5] = submit(x, 1, IOVA + 0x6000, &got[5]);
    CHECK_EQ(poll(t[5]).status, IOVP_DMA_STALL);
    CHECK_EQ(next(x).sequence, 2);
    f = next(x);
    CHECK_EQ(f.kind, IOVP_FAULT_LOST);
    CHECK_EQ(f.sequence, 3);
    CHECK_EQ(f.lost, 3);
    CHECK_EQ(f.cookie, 0);
    CHECK_EQ(next(x).sequence, 6);
    CX_FAILS(IOVP_E_END, iovp_fault_next(x->c, &f));
    for (unsigned i = 0; i < 6; i++)
        iovp_dma_release(t[i]);
}

TEST_CASE(Faults, FullQueue)
{
    static const iovp_context_config k = {.size = sizeof(k),
                                          .fault_entries = 2};

    cx_both(overflow, &k);
}

/* ---- handlers ---------------------------------------------------------- */

static struct {
    struct cx *x;
    struct cx_tables *t;
    iovp_status answer;
    uint32_t respond;
    bool map, itself;
    unsigned asked, sink;
    iovp_fault_record last;
} h;

static iovp_status on_fault(void *ud, const iovp_fault_record *f,
                            uint32_t *respond)
{
    CHECK(ud == &h);
    h.asked++;
    h.last = *f;
    *respond = h.respond;
    if (h.map)
        cx_map(h.x, h.t, f->addr & ~0xfffull, CX_PA(4));
    if (h.itself)
        CHECK_EQ(iovp_fault_respond(h.x->c, f->cookie, h.respond), IOVP_OK);
    /* of OWNER only */
    CHECK_EQ(iovp_context_unbind(h.x->c, h.x->npu, 1), IOVP_E_REENTRY);
    return h.answer;
}

static const iovp_context_ops handler = {.size = sizeof(handler),
                                         .fault = on_fault};
static const iovp_context_config handled = {
    .size = sizeof(handled), .ops = &handler, .ud = &h};

static void handlers(struct cx *x)
{
    struct bound v;
    iovp_context_stats s;

    bind(&v, x);
    memset(&h, 0, sizeof(h));
    h.x = x;
    h.t = &v.t;
    h.map = true;
    /* a handler that resolves it: the DMA never notices */
    CHECK_EQ(cx_see(x->npu, 1, IOVA + 0x1000), CX_MARK(4));
    CHECK_EQ(h.asked, 1);
    CHECK_EQ(h.last.kind, IOVP_FAULT_STALL);
    CHECK_EQ(h.last.addr, IOVA + 0x1000);
    CHECK(h.last.cookie != 0 && h.last.device == x->npu);
    /* one that answers by itself, whatever it returns */
    h.itself = true;
    h.answer = IOVP_PASS;
    CHECK_EQ(cx_see(x->npu, 1, IOVA + 0x2000), CX_MARK(4));
    CHECK_EQ(h.asked, 2);
    CHECK_EQ(cx_faults(x, NULL), 0);
    h.itself = h.map = false;
    h.answer = IOVP_OK;
    h.respond = IOVP_RESPOND_INVALID;
    CHECK_EQ(cx_status(x->npu, 1, IOVA + 0x3000), IOVP_DMA_ABORT);
    /* an answer that is none, and a failure, end the fault */
    h.respond = 17;
    CHECK_EQ(cx_status(x->npu, 1, IOVA + 0x3000), IOVP_DMA_ABORT);
    h.respond = IOVP_RESPOND_SUCCESS;
    h.answer = IOVP_E_NOMEM;
    CHECK_EQ(cx_status(x->npu, 1, IOVA + 0x3000), IOVP_DMA_ABORT);
    CHECK_EQ(h.asked, 5);
    CHECK_EQ(cx_faults(x, NULL), 0);
    s = cx_stats(x);
    CHECK_EQ(s.reported, 5);
    CHECK_EQ(s.succeeded, 2);
    CHECK_EQ(s.invalid, 3);
    /* for information, too */
    h.answer = IOVP_OK;
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_EVENT(C_BAD_CD));
    cx_run(x);
    CHECK_EQ(h.asked, 6);
    CHECK_EQ(h.last.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(h.last.cookie, 0);
    CHECK_EQ(cx_faults(x, NULL), 0);
    /* left to the queue */
    h.answer = IOVP_PASS;
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_EVENT(C_BAD_CD));
    CHECK_EQ(cx_faults(x, NULL), 1);
    CHECK_EQ(h.asked, 7);
}

TEST_CASE(Faults, TheHostIsAsked)
{
    cx_both(handlers, &handled);
}

static iovp_status on_sink(void *ud, const iovp_fault_record *f,
                           uint32_t *respond)
{
    CHECK(ud == &h && f->pasid == 1);
    *respond = IOVP_RESPOND_INVALID;
    h.sink++;
    return h.sink == 1 ? IOVP_OK : IOVP_PASS;
}

/* Who has attached it is asked first, as a process does. */
TEST_CASE(Faults, OrderOfAsking)
{
    struct fault_sink sink = {on_sink, &h};
    struct platform_device_state *d = NULL;
    struct host_table table = {.stage = IOVP_STAGE_1, .user = true};
    struct context *c = NULL;
    struct platform *p = NULL;
    struct cx x;
    int owner;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &handled));
    struct cx_tables t = cx_tables(&x, 1, 0);

    memset(&h, 0, sizeof(h));
    h.x = &x;
    h.respond = IOVP_RESPOND_INVALID;
    table.words = cx_cd_binding(&t, 1).stage1;
    REQUIRE(!context_enter(x.c, ENTER_NORMAL, &c));
    REQUIRE(!handle_enter_device(x.npu, ENTER_NORMAL, &p, &d));
    CHECK_EQ(c->ops->table_check(c->host, &table), IOVP_OK);
    CHECK_EQ(c->ops->id_alloc(c->host, IOVP_STAGE_1, &table.id), IOVP_OK);
    CHECK_EQ(context_attach(c, d, 1, &table, HOST_FAULTS, &owner, &sink),
             IOVP_OK);
    CHECK_EQ(cx_status(x.npu, 1, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(h.sink, 1);
    CHECK_EQ(h.asked, 0);
    CHECK_EQ(cx_status(x.npu, 1, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(h.sink, 2);
    CHECK_EQ(h.asked, 1);
    /* quiet: nothing is translated, and nobody hears of it */
    cx_map(&x, &t, IOVA, CX_PA(1));
    CHECK_EQ(cx_see(x.npu, 1, IOVA), CX_MARK(1));
    CHECK_EQ(context_change(c, d, 1, &table, HOST_QUIET, &owner), IOVP_OK);
    CHECK_EQ(cx_see(x.npu, 1, IOVA), CX_EVENT(0));
    CHECK_EQ(h.sink, 2);
    CHECK_EQ(cx_faults(&x, NULL), 0);
    CHECK_EQ(context_detach(c, d, 1, &h), IOVP_E_NOTFOUND);
    CHECK_EQ(context_detach(c, d, 1, &owner), IOVP_OK);
    CHECK_EQ(context_detach(c, d, 1, &owner), IOVP_E_NOTFOUND);
    cx_close(&x);
}

/* Methods let time pass, in which devices go on and faults come. */
static void together(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0), u = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1), b2 = cx_cd_binding(&u, 1);
    iovp_workload w = {.size = sizeof(w),
                       .pattern = IOVP_PATTERN_RANDOM,
                       .base = IOVA,
                       .window = 256 * CX_PAGE,
                       .bytes = 64,
                       .outstanding = 8,
                       .read_percent = 100,
                       .seed = 7,
                       .transfers = 600,
                       .pasids = 1,
                       .pasid = {1}};
    iovp_context_stats s;

    memset(&h, 0, sizeof(h));
    h.x = x;
    h.t = &t;
    h.map = true;
    b.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x->c, x->far, 1, &b), IOVP_OK);
    CHECK_EQ(iovp_workload_start(x->far, &w), IOVP_OK);
    for (unsigned i = 0; i < 12; i++) {
        CHECK_EQ(iovp_run_until(x->p, iovp_now(x->p) + 200000, NULL), IOVP_OK);
        CHECK_EQ(iovp_context_bind(x->c, x->npu, 1 + i, &b2), IOVP_OK);
        if (i % 3)
            CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1 + i), IOVP_OK);
    }
    for (unsigned i = 0; i < 100 && cx_stats(x).succeeded < 200; i++)
        cx_run(x);
    cx_run(x);
    s = cx_stats(x);
    /* 600 transfers into 256 pages: most are touched, and fault */
    CHECK(s.reported >= 200);
    CHECK_EQ(s.succeeded, s.reported);
    CHECK_EQ(s.waiting | s.invalid | s.timeouts | s.lost | s.unrecoverable, 0);
    CHECK_EQ(h.asked, s.reported);
}

TEST_CASE(Faults, ServedWhileMethodsWait)
{
    cx_both(together, &handled);
}

/* ---- without an answer ------------------------------------------------- */

static void timeout(struct cx *x)
{
    struct bound v;
    iovp_transfer *a;
    iovp_fault_record f;
    uint64_t got = 0;

    bind(&v, x);
    a = submit(x, 1, IOVA + 0x1000, &got);
    f = next(x);
    /* 3 ms, or 3 calls: the one of submit comes before the fault */
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_STALL);
    cx_run(x);
    cx_run(x);
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_ABORT);
    CHECK_EQ(cx_stats(x).timeouts, 1);
    CHECK_EQ(cx_stats(x).invalid, 1);
    CHECK_EQ(cx_stats(x).waiting, 0);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(x->c, f.cookie, 0));
    iovp_dma_release(a);
    /* one that was answered in time has none */
    a = submit(x, 1, IOVA + 0x1000, &got);
    CHECK_EQ(iovp_fault_respond(x->c, next(x).cookie, 1), IOVP_OK);
    for (unsigned i = 0; i < 5; i++)
        cx_run(x);
    CHECK_EQ(cx_stats(x).timeouts, 1);
    iovp_dma_release(a);
}

TEST_CASE(Faults, Timeout)
{
    iovp_context_config k = {.size = sizeof(k), .fault_timeout = 3};
    struct cx x;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &k));
    timeout(&x);
    cx_close(&x);
}

static void timeout_timed(struct cx *x)
{
    iovp_context_config k = {.size = sizeof(k), .fault_timeout = 3000000000u};

    if (!x->timed)
        return;
    CHECK_EQ(iovp_context_create(&x->c, x->p, &k), IOVP_OK);
    timeout(x);
}

TEST_CASE(Faults, TimeoutInSimulatedTime)
{
    cx_each(timeout_timed);
}

/* ---- detaching --------------------------------------------------------- */

static void detach(struct cx *x)
{
    struct bound v;
    struct cx_tables u = cx_tables(x, 1, 0);
    iovp_binding b2 = cx_cd_binding(&u, 1);
    iovp_transfer *a, *b, *c;
    iovp_fault_record f;
    uint64_t got[3];

    bind(&v, x);
    b2.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 2, &b2), IOVP_OK);
    a = submit(x, 1, IOVA + 0x1000, &got[0]);
    f = next(x);
    b = submit(x, 2, IOVA, &got[1]);
    c = submit(x, 1, IOVA + 0x2000, &got[2]);
    CHECK_EQ(cx_stats(x).waiting, 3);
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
    /* those of PASID 1 are over, whether read or not; PASID 2's waits */
    CHECK_EQ(cx_stats(x).waiting, 1);
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_ABORT);
    CHECK_EQ(poll(c).status, IOVP_DMA_ABORT);
    CHECK_EQ(poll(b).status, IOVP_DMA_STALL);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(x->c, f.cookie, 0));
    f = next(x);
    CHECK_EQ(f.pasid, 2);
    cx_map(x, &u, IOVA, CX_PA(9));
    CHECK_EQ(iovp_fault_respond(x->c, f.cookie, IOVP_RESPOND_SUCCESS), IOVP_OK);
    cx_run(x);
    CHECK_EQ(poll(b).status, IOVP_DMA_OK);
    CHECK_EQ(got[1], CX_MARK(9));
    f = next(x);
    CHECK_EQ(f.addr, IOVA + 0x2000);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(x->c, f.cookie, 0));
    iovp_dma_release(a);
    iovp_dma_release(b);
    iovp_dma_release(c);
    /* and with the context all of them */
    a = submit(x, 2, IOVA + 0x1000, &got[0]);
    iovp_context_destroy(x->c);
    cx_run(x);
    CHECK_EQ(poll(a).status, IOVP_DMA_ABORT);
    iovp_dma_release(a);
}

TEST_CASE(Faults, DetachedDevicesWaitNoLonger)
{
    cx_both(detach, NULL);
}

/* A device that cannot stall, or a binding that does not want it. */
static void not_held(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);
    iovp_fault_record f;

    b.stage1.word[0] |= 1ull << 44; /* CD.S is not the guest's to say */
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_EVENT(F_TRANSLATION));
    f = next(x);
    CHECK_EQ(f.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(f.cookie | f.group, 0);
    b.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x->c, x->plain, IOVP_NO_PASID, &b), IOVP_OK);
    CHECK_EQ(cx_see(x->plain, IOVP_NO_PASID, IOVA), CX_EVENT(F_TRANSLATION));
    CHECK_EQ(next(x).kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(cx_stats(x).reported, 0);
    CHECK_EQ(cx_stats(x).unrecoverable, 2);
}

TEST_CASE(Faults, NotHeld)
{
    cx_both(not_held, NULL);
}

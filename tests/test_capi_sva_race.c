/* SPDX-License-Identifier: MIT */
/* SVA: changes while DMA is in flight, in both modes.  In timed mode transfers
 * are under way while the call that changes something takes its time. */
#include <string.h>

#include "shim.h"
#include "sva_soc.h"

#define VA        0x400000u
#define NO_PASID  IOVP_SVA_NO_PASID
#define NO_FAULTS IOVP_SVA_NO_FAULTS
#define US        1000000u

struct flicker {
    struct sva *v;
    iovp_process *s;
    unsigned calls;
};

static iovp_status bring_back(void *ud, const iovp_fault_record *fault,
                              uint32_t *respond)
{
    struct flicker *f = ud;
    uint64_t at = fault->addr & ~(uint64_t)(SVA_PAGE - 1);
    iovp_status st;

    f->calls++;
    /* The second of two held accesses finds the page there. */
    st = iovp_domain_map(sva_domain(f->s), IOVP_MAP_FIXED, &at, SVA_PA(0),
                         SVA_PAGE, SVA_RW);
    CHECK(st == IOVP_OK || st == IOVP_E_RANGE);
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

/* ---- held by the IOMMU --------------------------------------------------- */

static iovp_fault_record only_fault(struct sva *v)
{
    iovp_fault_record f = {.size = sizeof(f)}, g = {.size = sizeof(g)};

    CHECK_EQ(IOVP_OK, iovp_fault_next(v->c, &f));
    CHECK_EQ(IOVP_E_END, iovp_fault_next(v->c, &g));
    return f;
}

/* A held read: its process ends in one way or another. */
static void held(struct sva *v, void (*end)(struct sva *v, iovp_process *s),
                 uint32_t flags)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, flags);
    iovp_fault_record f;
    iovp_transfer *t, *u;
    uint8_t buf[32];

    memset(buf, 0x77, sizeof(buf));
    t = sva_submit(v->npu, pasid, VA, buf);
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(t));
    f = only_fault(v);
    CHECK_EQ(VA, f.addr);
    /* A second one, which nobody has looked at. */
    u = sva_submit(v->npu, pasid, VA + SVA_PAGE, buf + 16);
    sva_run(v, 2 * US);
    sva_map(v, s, VA, 0, 0x11);
    sva_map(v, s, VA + SVA_PAGE, 1, 0x12);
    end(v, s);
    CHECK_EQ(IOVP_E_NOTFOUND,
             iovp_fault_respond(v->c, f.cookie, IOVP_RESPOND_SUCCESS));
    CHECK_EQ(0, sva_stats(v->c).waiting);
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(t));
    CHECK(sva_poll(u) == IOVP_DMA_ABORT);
    CHECK_EQ(0x77, buf[0]);
    CHECK_EQ(0x77, buf[31]);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    iovp_dma_release(t);
    iovp_dma_release(u);
}

static void by_unbind(struct sva *v, iovp_process *s)
{
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
}

static void by_exit(struct sva *v, iovp_process *s)
{
    (void)v;
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
}

static void by_exit_counted(struct sva *v, iovp_process *s)
{
    by_exit(v, s);
    CHECK(sva_stats(v->c).invalid >= 1);
    CHECK_EQ(0, sva_stats(v->c).timeouts);
}

static void by_destroy(struct sva *v, iovp_process *s)
{
    (void)v;
    iovp_process_destroy(s);
}

static void held_unbind(struct sva *v)
{
    held(v, by_unbind, 0);
}

static void held_unbind_no_pasid(struct sva *v)
{
    held(v, by_unbind, NO_PASID);
}

static void held_exit(struct sva *v)
{
    held(v, by_exit_counted, 0);
}

static void held_destroy(struct sva *v)
{
    held(v, by_destroy, 0);
}

TEST_CASE(SvaRace, UnbindWithHeldDma)
{
    sva_both(held_unbind);
    sva_both(held_unbind_no_pasid);
}

TEST_CASE(SvaRace, ExitWithHeldDma)
{
    sva_both(held_exit);
}

TEST_CASE(SvaRace, DestroyWithHeldDma)
{
    sva_both(held_destroy);
}

/* In timed mode it is held while the process ends. */
static void begins_at_exit(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    iovp_transfer *t;
    uint8_t buf[16];

    sva_map(v, s, VA, 0, 0x14);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x14));
    t = sva_submit(v->npu, pasid, VA + SVA_PAGE, buf);
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(t));
    CHECK_EQ(0, sva_stats(v->c).waiting);
    iovp_dma_release(t);
}

TEST_CASE(SvaRace, ExitAsDmaBegins)
{
    sva_both(begins_at_exit);
}

static iovp_status count_calls(void *ud, const iovp_fault_record *fault,
                               uint32_t *respond)
{
    (void)fault;
    (void)respond;
    ++*(unsigned *)ud;
    return IOVP_PASS;
}

/* The report is read while another device is unbound, and nobody is asked as
 * long as that lasts: then its process is not there any more. */
static void ends_unasked(struct sva *v)
{
    unsigned calls = 0;
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_process *t = sva_process(v, count_calls, &calls);
    uint32_t pasid = sva_bind(t, v->npu, 0);
    iovp_transfer *x;
    uint8_t buf[16];

    sva_bind(s, v->small, 0);
    x = sva_submit(v->npu, pasid, VA, buf);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->small));
    CHECK_EQ(IOVP_OK, iovp_process_exit(t));
    sva_run(v, 100 * US);
    /* Another fault makes the library look after all of them. */
    CHECK_EQ(IOVP_NO_PASID, sva_bind(s, v->plain, NO_PASID));
    CHECK_EQ(IOVP_DMA_STALL, sva_see(v->plain, IOVP_NO_PASID, VA, 0));
    CHECK_EQ(v->timed ? 0 : 1, calls);
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(x));
    iovp_dma_release(x);
}

TEST_CASE(SvaRace, EndedProcessIsNotAsked)
{
    sva_both(ends_unasked);
}

/* The same, but it stays: it is asked afterwards, not when time is out. */
static void asked_late(struct sva *v)
{
    struct flicker f = {.v = v};
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_transfer *t;
    uint8_t buf[16] = {0};
    uint32_t pasid;

    f.s = sva_process(v, bring_back, &f);
    pasid = sva_bind(f.s, v->npu, 0);
    sva_bind(s, v->small, 0);
    sva_fill(v, 0, 0x15);
    t = sva_submit(v->npu, pasid, VA, buf);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->small));
    sva_run(v, 100 * US);
    CHECK_EQ(1, f.calls);
    CHECK_EQ(IOVP_DMA_OK, sva_poll(t));
    CHECK_EQ(0x15, buf[0]);
    iovp_dma_release(t);
}

TEST_CASE(SvaRace, FaultReportedDuringAnUnbind)
{
    sva_both(asked_late);
}

/* Its twin keeps the PASID: what is held stays held, and can go on. */
static void held_of_group(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, 0);
    iovp_fault_record f;
    iovp_transfer *t;
    uint8_t buf[16] = {0};

    sva_bind(s, v->twin, 0);
    t = sva_submit(v->npu, pasid, VA, buf);
    sva_run(v, 100 * US);
    f = only_fault(v);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    sva_map(v, s, VA, 0, 0x13);
    CHECK_EQ(IOVP_OK, iovp_fault_respond(v->c, f.cookie, IOVP_RESPOND_SUCCESS));
    sva_run(v, 100 * US);
    CHECK_EQ(IOVP_DMA_OK, sva_poll(t));
    CHECK_EQ(0x13, buf[0]);
    iovp_dma_release(t);
}

TEST_CASE(SvaRace, UnbindOneOfAGroupWithHeldDma)
{
    sva_both(held_of_group);
}

/* ---- while a workload writes --------------------------------------------- */

/* From here on data page 0 must not change. */
static void out_of_reach(struct sva *v)
{
    uint64_t before;

    sva_fill(v, 0, 0xaa);
    before = sva_bytes(v);
    sva_run(v, 20 * US);
    CHECK(sva_holds(v, 0, 0xaa));
    CHECK_EQ(before, sva_bytes(v));
}

static void writing(struct sva *v, void (*stop)(struct sva *v, iovp_process *s),
                    uint32_t flags)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, flags);

    sva_map(v, s, VA, 0, 0xbb);
    sva_work(v->npu, pasid, VA, IOVP_ACCESS_WRITE);
    sva_run(v, 20 * US);
    CHECK(sva_holds(v, 0, 0)); /* a workload writes zeros */
    stop(v, s);
    out_of_reach(v);
    CHECK_EQ(IOVP_OK, iovp_workload_stop(v->npu));
}

static void by_unmap(struct sva *v, iovp_process *s)
{
    (void)v;
    sva_unmap(s, VA);
}

static void writing_unbind(struct sva *v)
{
    writing(v, by_unbind, NO_FAULTS);
}

static void writing_unbind_faults(struct sva *v)
{
    writing(v, by_unbind, NO_PASID);
}

static void writing_unmap(struct sva *v)
{
    writing(v, by_unmap, NO_FAULTS);
}

static void writing_unmap_faults(struct sva *v)
{
    writing(v, by_unmap, 0);
}

static void writing_exit(struct sva *v)
{
    iovp_fault_record f = {.size = sizeof(f)};

    writing(v, by_exit, NO_FAULTS);
    CHECK_EQ(IOVP_E_END, iovp_fault_next(v->c, &f));
    CHECK_EQ(0, sva_stats(v->c).unrecoverable);
}

static void writing_destroy(struct sva *v)
{
    writing(v, by_destroy, 0);
}

TEST_CASE(SvaRace, UnbindWhileItWrites)
{
    sva_both(writing_unbind);
    sva_both(writing_unbind_faults);
}

TEST_CASE(SvaRace, UnmapWhileItWrites)
{
    sva_both(writing_unmap);
    sva_both(writing_unmap_faults);
}

TEST_CASE(SvaRace, ExitWhileItWrites)
{
    sva_both(writing_exit);
}

TEST_CASE(SvaRace, DestroyWhileItWrites)
{
    sva_both(writing_destroy);
}

/* ---- the exit callback --------------------------------------------------- */

struct driver {
    struct sva *v;
    iovp_process *s;
    iovp_transfer *t;
    uint64_t cookie;
    unsigned exits;
};

/* A driver that drains its device: the held access may still be served. */
static void drain(void *ud, iovp_device *d, uint32_t pasid)
{
    struct driver *r = ud;

    (void)d;
    (void)pasid;
    r->exits++;
    sva_map(r->v, r->s, VA, 0, 0x21);
    CHECK_EQ(IOVP_OK,
             iovp_fault_respond(r->v->c, r->cookie, IOVP_RESPOND_SUCCESS));
}

static void drained(struct sva *v)
{
    struct driver r = {.v = v};
    iovp_sva_config c = {.size = sizeof(c), .exit = drain, .ud = &r};
    uint8_t buf[16] = {0};
    uint32_t pasid = 0, status;

    r.s = sva_process(v, NULL, NULL);
    CHECK_EQ(IOVP_OK, iovp_sva_bind(r.s, v->npu, &c, &pasid));
    r.t = sva_submit(v->npu, pasid, VA, buf);
    sva_run(v, 100 * US);
    r.cookie = only_fault(v).cookie;
    CHECK_EQ(IOVP_OK, iovp_process_exit(r.s));
    CHECK_EQ(1, r.exits);
    sva_run(v, 100 * US);
    status = sva_poll(r.t);
    /* It was answered; whether it got through before the end is a race that
     * both sides may win, but nothing is left waiting. */
    CHECK(status == IOVP_DMA_OK || status == IOVP_DMA_ABORT);
    CHECK_EQ(status == IOVP_DMA_OK ? 0x21 : 0, buf[0]);
    CHECK_EQ(0, sva_stats(v->c).waiting);
    iovp_process_destroy(r.s);
    CHECK_EQ(1, r.exits);
    iovp_dma_release(r.t);
}

TEST_CASE(SvaRace, ExitCallbackServesTheLastFault)
{
    sva_both(drained);
}

/* ---- a page that comes and goes ------------------------------------------ */

static void flickers(struct sva *v)
{
    struct flicker f = {.v = v};
    uint64_t before, unmapped = 0, bytes;
    uint32_t pasid, i;

    f.s = sva_process(v, bring_back, &f);
    pasid = sva_bind(f.s, v->npu, 0);
    sva_work(v->npu, pasid, VA, IOVP_ACCESS_WRITE);
    for (i = 0; i < 20; i++) {
        before = sva_bytes(v);
        sva_run(v, 20 * US);
        CHECK(sva_bytes(v) > before);
        CHECK_EQ(IOVP_OK, iovp_domain_unmap(sva_domain(f.s), VA,
                                            VA + SVA_PAGE - 1, &bytes));
        unmapped += bytes;
    }
    CHECK(f.calls >= 19);
    CHECK(unmapped >= 19 * SVA_PAGE);
    CHECK_EQ(0, sva_stats(v->c).invalid);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(f.s, v->npu));
    i = f.calls;
    out_of_reach(v);
    CHECK_EQ(i, f.calls);
    CHECK_EQ(0, sva_stats(v->c).waiting);
}

TEST_CASE(SvaRace, PagesComeAndGoUnderAWorkload)
{
    sva_both(flickers);
}

/* ---- anything in any order ----------------------------------------------- */

#define PROCESSES 3
#define PAGES     4
#define STEPS     400

struct chaos {
    struct sva *v;
    uint64_t random;
    struct actor {
        iovp_process *s;
        uint32_t pasid;
        bool bound, ended;
        bool mapped[PAGES]; /* page k of process i is data page 8 * i + k */
    } actor[PROCESSES];
};

static unsigned choose(struct chaos *c, unsigned n)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((c->random >> 33) % n);
}

static void spawn(struct chaos *c, unsigned i)
{
    struct actor *a = &c->actor[i];
    unsigned k;

    *a = (struct actor){.s = sva_process(c->v, NULL, NULL)};
    for (k = 0; k < PAGES; k++)
        sva_fill(c->v, 8 * i + k, (uint8_t)(16 * i + k + 1));
}

static void check_page(struct chaos *c, unsigned i, unsigned k)
{
    const struct actor *a = &c->actor[i];
    bool reach = a->bound && !a->ended && a->mapped[k];

    CHECK_EQ(reach ? IOVP_DMA_OK : IOVP_DMA_ABORT,
             sva_see(c->v->npu, a->pasid, VA + k * SVA_PAGE,
                     (uint8_t)(16 * i + k + 1)));
}

static void toggle_page(struct chaos *c, unsigned i, unsigned k)
{
    struct actor *a = &c->actor[i];

    if (a->mapped[k])
        sva_unmap(a->s, VA + k * SVA_PAGE);
    else if (!a->ended)
        sva_map(c->v, a->s, VA + k * SVA_PAGE, 8 * i + k,
                (uint8_t)(16 * i + k + 1));
    a->mapped[k] = !a->mapped[k] && !a->ended;
}

static void toggle_bond(struct chaos *c, unsigned i)
{
    struct actor *a = &c->actor[i];

    if (a->bound)
        CHECK_EQ(IOVP_OK, iovp_sva_unbind(a->s, c->v->npu));
    else if (!a->ended)
        a->pasid = sva_bind(a->s, c->v->npu, NO_FAULTS);
    a->bound = !a->bound && !a->ended;
}

static void finish(struct chaos *c, unsigned i)
{
    struct actor *a = &c->actor[i];

    if (!a->ended) {
        CHECK_EQ(IOVP_OK, iovp_process_exit(a->s));
        a->ended = true;
        return;
    }
    iovp_process_destroy(a->s);
    spawn(c, i);
}

static void any_order(struct sva *v)
{
    struct chaos c = {.v = v, .random = 42};
    unsigned i, k, step;

    for (i = 0; i < PROCESSES; i++)
        spawn(&c, i);
    for (step = 0; step < STEPS; step++) {
        i = choose(&c, PROCESSES);
        k = choose(&c, PAGES);
        switch (choose(&c, 8)) {
        case 0:
            toggle_bond(&c, i);
            break;
        case 1:
            if (choose(&c, 4) == 0)
                finish(&c, i);
            break;
        case 2:
        case 3:
            toggle_page(&c, i, k);
            break;
        default:
            if (c.actor[i].pasid)
                check_page(&c, i, k);
        }
    }
}

TEST_CASE(SvaRace, AnyOrderOfCalls)
{
    sva_both(any_order);
}

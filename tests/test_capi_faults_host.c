/* SPDX-License-Identifier: MIT */
/*
 * Faults of a context as other IOMMUs report them: groups of page requests,
 * records that were lost, faults that are held whatever software wants.
 */
#include <stdio.h>
#include <string.h>

#include "../capi/context.h"
#include "ctx_soc.h"
#include "shim.h"

#define IOVA          0x40000000u
#define F_TRANSLATION 0x10

/* ---- a driver whose reports are the test's ----------------------------- */

static struct {
    struct cx x;
    struct context *c;
    struct host_ops ops;
    struct host_fault report[64];
    unsigned count, told;
    uint64_t token[64]; /* answered, in order */
    uint32_t respond[64];
    unsigned answers;
} d;

static bool report_next(struct host *h, struct host_fault *f)
{
    (void)h;
    if (d.told == d.count)
        return false;
    *f = d.report[d.told++];
    return true;
}

static iovp_status take_answer(struct host *h, const struct host_fault *f,
                               uint32_t respond)
{
    (void)h;
    d.token[d.answers] = f->token;
    d.respond[d.answers++] = respond;
    return IOVP_OK;
}

static bool open_driver(const iovp_context_config *k)
{
    memset(&d, 0, sizeof(d));
    if (!cx_open(&d.x, IOVP_MODE_FUNCTIONAL, k) ||
        context_enter(d.x.c, ENTER_NORMAL, &d.c))
        return false;
    d.ops = *d.c->ops;
    d.ops.fault_next = report_next;
    d.ops.respond = take_answer;
    d.c->ops = &d.ops;
    return true;
}

static void close_driver(void)
{
    d.c->ops = &host_smmuv3;
    cx_close(&d.x);
}

/* A page request of a group; its token is its address's page. */
static void request(uint32_t group, uint32_t page, bool last)
{
    d.report[d.count++] = (struct host_fault){.kind = IOVP_FAULT_PAGE_REQUEST,
                                              .stream_id = CX_NPU_SID,
                                              .pasid = 1,
                                              .addr = page * 0x1000u,
                                              .rights = IOVP_RIGHT_UR,
                                              .group = group,
                                              .last = last,
                                              .token = page};
    d.c->p->smmu[0].reports = true;
}

static iovp_fault_record next(void)
{
    iovp_fault_record f = {.size = sizeof(f), .kind = 99};

    CHECK_EQ(iovp_fault_next(d.x.c, &f), IOVP_OK);
    return f;
}

TEST_CASE(FaultsHost, GroupsAreAnsweredByTheirLast)
{
    iovp_fault_record f;

    REQUIRE(open_driver(NULL));
    request(3, 1, false);
    request(4, 2, false);
    request(3, 5, true);
    request(4, 6, true);
    for (unsigned i = 0; i < 2; i++) {
        f = next();
        CHECK_EQ(f.kind, IOVP_FAULT_PAGE_REQUEST);
        CHECK_EQ(f.cookie, 0);
        CHECK_EQ(f.last, 0);
        CHECK_EQ(f.group, 3 + i);
        CHECK_EQ(f.sequence, 1 + i);
    }
    f = next();
    CHECK_EQ(f.group, 3);
    CHECK_EQ(f.last, 1);
    CHECK_EQ(cx_stats(&d.x).reported, 2);
    CHECK_EQ(cx_stats(&d.x).waiting, 2);
    CHECK_EQ(iovp_fault_respond(d.x.c, f.cookie, IOVP_RESPOND_SUCCESS),
             IOVP_OK);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_fault_respond(d.x.c, f.cookie, 0));
    f = next();
    CHECK_EQ(f.group, 4);
    CHECK_EQ(iovp_fault_respond(d.x.c, f.cookie, IOVP_RESPOND_FAILURE),
             IOVP_OK);
    CHECK_EQ(d.answers, 2);
    CHECK_EQ(d.token[0], 5);
    CHECK_EQ(d.respond[0], IOVP_RESPOND_SUCCESS);
    CHECK_EQ(d.token[1], 6);
    CHECK_EQ(d.respond[1], IOVP_RESPOND_FAILURE);
    close_driver();
}

/* Page 0x10 and above cannot be resolved, 0x20 is a failure. */
static iovp_status by_page(void *ud, const iovp_fault_record *f,
                           uint32_t *respond)
{
    (void)ud;
    *respond = f->addr >= 0x20000   ? IOVP_RESPOND_FAILURE
               : f->addr >= 0x10000 ? IOVP_RESPOND_INVALID
                                    : IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

TEST_CASE(FaultsHost, AGroupIsAsBadAsItsWorstPart)
{
    static const iovp_context_ops ops = {.size = sizeof(ops), .fault = by_page};
    static const iovp_context_config k = {.size = sizeof(k), .ops = &ops};

    REQUIRE(open_driver(&k));
    request(1, 1, false);
    request(2, 0x10, false);
    request(1, 2, true);
    request(2, 2, true);
    request(2, 3, true); /* another group of the same number */
    request(5, 0x20, false);
    request(5, 0x11, true);
    contexts_service(d.c->p);
    CHECK_EQ(d.answers, 4);
    CHECK_EQ(d.respond[0], IOVP_RESPOND_SUCCESS);
    CHECK_EQ(d.respond[1], IOVP_RESPOND_INVALID);
    CHECK_EQ(d.respond[2], IOVP_RESPOND_SUCCESS);
    CHECK_EQ(d.respond[3], IOVP_RESPOND_FAILURE);
    CHECK_EQ(cx_stats(&d.x).succeeded, 2);
    CHECK_EQ(cx_stats(&d.x).invalid, 1);
    CHECK_EQ(cx_stats(&d.x).failed, 1);
    close_driver();
}

TEST_CASE(FaultsHost, LostRecordsAreTold)
{
    iovp_fault_record f;

    REQUIRE(open_driver(NULL));
    request(1, 1, false);
    d.report[d.count++].kind = HOST_FAULT_LOST_EVENTS;
    d.report[d.count++].kind = HOST_FAULT_LOST_EVENTS;
    request(1, 2, true);
    CHECK_EQ(next().sequence, 1);
    f = next();
    CHECK_EQ(f.kind, IOVP_FAULT_LOST);
    CHECK_EQ(f.sequence, 2);
    CHECK_EQ(f.lost, 2);
    CHECK(f.device == NULL);
    CHECK_EQ(next().sequence, 4);
    CHECK_EQ(cx_stats(&d.x).lost, 2);
    close_driver();
}

/*
 * 7.4: the Event queue of 2^12 records overflows while nobody reads it.  What
 * is lost comes after what is there.
 */
TEST_CASE(FaultsHost, TheEventQueueOverflows)
{
    iovp_context_config k = {.size = sizeof(k), .fault_entries = 65536};
    iovp_attrs a = {.size = sizeof(a),
                    .specified = IOVP_ATTR_PASID,
                    .pasid = 2,
                    .pasid_valid = 1};
    iovp_translation out = IOVP_TRANSLATION_INIT;
    iovp_fault_record f = {.size = sizeof(f)};
    struct cx x;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &k));
    struct cx_tables t = cx_tables(&x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);

    CHECK_EQ(iovp_context_bind(x.c, x.npu, 1, &b), IOVP_OK);
    for (int i = 0; i < 5000; i++)
        CHECK_EQ(iovp_translate(x.npu, &a, IOVA, IOVP_ACCESS_READ, 0, &out),
                 IOVP_OK);
    CHECK_EQ(cx_faults(&x, &f), 4097);
    CHECK_EQ(f.kind, IOVP_FAULT_LOST);
    CHECK_EQ(f.sequence, 4097);
    CHECK_EQ(cx_stats(&x).unrecoverable, 4096);
    /* it is known, and over */
    CHECK_EQ(cx_status(x.npu, 2, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(cx_faults(&x, &f), 1);
    CHECK_EQ(f.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(f.sequence, 4098);
    cx_close(&x);
}

/* A StreamID that no device has. */
TEST_CASE(FaultsHost, UnknownStreams)
{
    iovp_fault_record f;

    REQUIRE(open_driver(NULL));
    request(1, 1, true);
    d.report[0].stream_id = 0x999;
    f = next();
    CHECK(f.device == NULL);
    CHECK_EQ(f.stream_id, 0x999);
    CHECK(f.cookie != 0);
    close_driver();
}

/* ---- an SMMU that holds every fault ------------------------------------ */

static uint32_t reg_of(uint32_t offset)
{
    struct cx x;
    uint32_t v;

    if (!cx_platform(&x, IOVP_MODE_FUNCTIONAL))
        return 0;
    v = cx_reg(&x, offset);
    cx_close(&x);
    return v;
}

/* 6.3.1: IDR0.STALL_MODEL as given. */
static bool open_model(struct cx *x, unsigned model)
{
    char more[100];
    uint32_t idr0 = reg_of(0) & ~(3u << 24), idr5 = reg_of(0x14);

    if (model == 1)
        idr5 &= 0xffff;
    snprintf(more, sizeof(more), "iovp,idr = <0x%x 0x%x 0x%x 0x%x 0 0x%x>;",
             idr0 | model << 24, reg_of(4), reg_of(0xc), idr5, reg_of(0x1c));
    if (!cx_platform_with(x, IOVP_MODE_FUNCTIONAL, more))
        return false;
    CHECK_EQ(iovp_memory_donate(x->p, CX_RAM, CX_POOL), IOVP_OK);
    CHECK_EQ(iovp_context_create(&x->c, x->p, NULL), IOVP_OK);
    return true;
}

TEST_CASE(FaultsHost, StallForced)
{
    struct cx x;
    iovp_fault_record f = {.size = sizeof(f)};
    struct host_table table = {.stage = IOVP_STAGE_1, .user = true};
    struct platform_device_state *dev = NULL;
    struct platform *p = NULL;
    struct context *c = NULL;
    iovp_context_stats s;

    REQUIRE(open_model(&x, 2));
    struct cx_tables t = cx_tables(&x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);

    cx_map(&x, &t, IOVA, CX_PA(1));
    CHECK_EQ(iovp_context_bind(x.c, x.npu, 1, &b), IOVP_OK);
    CHECK_EQ(cx_see(x.npu, 1, IOVA), CX_MARK(1));
    /* nobody wants it held: answered at once, told for information */
    CHECK_EQ(cx_status(x.npu, 1, IOVA + 0x1000), IOVP_DMA_ABORT);
    CHECK_EQ(cx_faults(&x, &f), 1);
    CHECK_EQ(f.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(f.event, F_TRANSLATION);
    CHECK_EQ(f.cookie | f.group, 0);
    s = cx_stats(&x);
    CHECK_EQ(s.reported | s.waiting | s.invalid, 0);
    CHECK_EQ(s.unrecoverable, 1);
    /* quiet: nobody is told */
    REQUIRE(!context_enter(x.c, ENTER_NORMAL, &c));
    REQUIRE(!handle_enter_device(x.npu, ENTER_NORMAL, &p, &dev));
    table.words = b.stage1;
    table.id = 9;
    CHECK_EQ(context_change(c, dev, 1, &table, HOST_QUIET, c), IOVP_OK);
    CHECK_EQ(cx_status(x.npu, 1, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(cx_faults(&x, &f), 0);
    CHECK_EQ(cx_stats(&x).unrecoverable, 1);
    /* a device of which software knows nothing of the sort */
    b.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x.c, x.plain, IOVP_NO_PASID, &b), IOVP_OK);
    CHECK_EQ(cx_see(x.plain, IOVP_NO_PASID, IOVA), CX_MARK(1));
    CHECK_EQ(cx_status(x.plain, IOVP_NO_PASID, IOVA + 0x1000), IOVP_DMA_ABORT);
    CHECK_EQ(cx_stats(&x).unrecoverable, 2);
    cx_close(&x);
}

TEST_CASE(FaultsHost, NoStalls)
{
    struct cx x;

    REQUIRE(open_model(&x, 1));
    struct cx_tables t = cx_tables(&x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);

    b.flags = IOVP_BIND_FAULTS;
    CHECK_EQ(iovp_context_bind(x.c, x.npu, 1, &b), IOVP_OK);
    CHECK_EQ(cx_see(x.npu, 1, IOVA), CX_EVENT(F_TRANSLATION));
    CHECK_EQ(cx_stats(&x).unrecoverable, 1);
    cx_close(&x);
}

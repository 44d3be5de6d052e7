/* SPDX-License-Identifier: MIT */
/* Messages of ATS and PRI between functions and the IOMMU (10.3, 10.4). */
#include "shim.h"

#include "pcie_toy.h"

#include "../models/common/bits.h"

#include <stdlib.h>
#include <string.h>

/* An endpoint that hears what it is sent and does nothing about it. */
static struct rsoc *deaf(struct toy **t, struct rsoc *s, uint8_t depth)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};

    toy_class.defaults(&c);
    c.deaf = true;
    c.ats.ats.queue_depth = depth;
    if (!rsoc_open(s, &d, 1))
        abort();
    *t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    return s;
}

static void send_message(struct rsoc *s, struct toy *t, uint8_t message,
                         uint64_t addr)
{
    t->tlp = (struct pcie_tlp){
        .type = PCIE_TLP_MSG, .message = message, .addr = addr};
    toy_start(s, t, TOY_REQUEST);
    rsoc_step(s);
    CHECK_EQ(PCIE_SC, t->result);
}

/* Completion Count and ITag Vector. */
static void complete(struct rsoc *s, struct toy *t, unsigned cc,
                     uint32_t vector)
{
    send_message(s, t, PCIE_MSG_INVALIDATE_COMPLETION,
                 (uint64_t)cc << 32 | vector);
    rsoc_run_until(s, s->now);
}

/* ---- page requests --------------------------------------------------------
 */

TEST_CASE(PcieRootPri, RequestsReachTheIommu)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    t->tlp = (struct pcie_tlp){.type = PCIE_TLP_MSG,
                               .message = 0x04,
                               .pasid_valid = true,
                               .pasid = 0xabcde,
                               .execute = true,
                               .privileged = true,
                               /* index 0x135, L and R */
                               .addr = 0x123456789a000 | 0x135 << 3 | 4 | 1};
    CHECK(toy_run(s, t, TOY_REQUEST));
    REQUIRE(s->requests == 1);
    CHECK_EQ(0x123456789a000, s->request[0].address);
    CHECK_EQ(pcie_id(rsoc_fn(s, s->dev[0])), s->request[0].stream_id);
    CHECK_EQ(0xabcde, s->request[0].pasid);
    CHECK(s->request[0].pasid_valid);
    CHECK_EQ(0x135, s->request[0].prg_index);
    CHECK(s->request[0].read && !s->request[0].write);
    CHECK(s->request[0].last);
    CHECK(s->request[0].execute && s->request[0].privileged);
    rsoc_close(s);
}

TEST_CASE(PcieRootPri, ResponsesReachTheFunction)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    CHECK(rsoc_respond(s, s->dev[0], 0x54321, 0x1a5, 1));
    CHECK_EQ(0, t->messages);
    CHECK(rsoc_run(s));
    CHECK_EQ(1, t->messages);
    CHECK_EQ(PCIE_TLP_MSG, t->message.type);
    CHECK_EQ(0x05, t->message.message);
    CHECK_EQ(0x11a5, t->message.addr);
    CHECK(t->message.pasid_valid);
    CHECK_EQ(0x54321, t->message.pasid);
    CHECK_EQ(pcie_id(rsoc_fn(s, s->dev[0])), t->message.target);
    CHECK(rsoc_respond(s, s->dev[0], RSOC_NO_PASID, 3, 0));
    CHECK(rsoc_run(s));
    CHECK(!t->message.pasid_valid);
    rsoc_close(s);
}

TEST_CASE(PcieRootPri, TooManyResponsesAreRefused)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);
    unsigned n = 0;

    while (n < 100000 && rsoc_respond(s, s->dev[0], RSOC_NO_PASID, 3, 0))
        n++;
    CHECK(n >= 1024 && n < 100000);
    CHECK(rsoc_run(s));
    CHECK_EQ(n, t->messages);
    CHECK(rsoc_respond(s, s->dev[0], RSOC_NO_PASID, 3, 0));
    CHECK(!pcie_root_page_response(s->root, 0, NULL, 0));
    rsoc_close(s);
}

TEST_CASE(PcieRootPri, BusyIommuIsAskedAgain)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    s->busy = true;
    send_message(s, t, 0x04, 0x1000 | 7);
    CHECK(rsoc_run_until(s, s->now + 10000000));
    CHECK_EQ(0, s->requests);
    s->busy = false;
    CHECK(rsoc_run(s));
    CHECK_EQ(1, s->requests);
    rsoc_close(s);
}

/* A full queue: the group is answered, so that nobody waits for ever. */
TEST_CASE(PcieRootPri, FullQueueIsAnswered)
{
    struct rsoc *s = rsoc_new();
    struct toy *t;

    s->page_requests = 2;
    deaf(&t, s, 32);
    s->busy = true;
    send_message(s, t, 0x04, 0x1000 | 0 << 3 | 3);
    send_message(s, t, 0x04, 0x2000 | 0 << 3 | 7);
    CHECK_EQ(0, t->messages);
    send_message(s, t, 0x04, 0x3000 | 1 << 3 | 3); /* not the last */
    rsoc_run_until(s, s->now);
    CHECK_EQ(0, t->messages);
    send_message(s, t, 0x04, 0x4000 | 1 << 3 | 7);
    rsoc_run_until(s, s->now);
    CHECK_EQ(1, t->messages);
    CHECK_EQ(0x0001, t->message.addr);
    s->busy = false;
    CHECK(rsoc_run(s));
    CHECK_EQ(2, s->requests);
    rsoc_close(s);
}

TEST_CASE(PcieRootPri, WithoutIommuTheyFail)
{
    struct rsoc *s = rsoc_new();
    struct toy *t;

    s->no_page_request = true;
    deaf(&t, s, 32);
    send_message(s, t, 0x04, 0x4000 | 9 << 3 | 7);
    CHECK(rsoc_run(s));
    CHECK_EQ(1, t->messages);
    CHECK_EQ(0xf009, t->message.addr);
    /* 10.4.1.2: nobody answers a Stop marker. */
    t->tlp.pasid_valid = true;
    t->tlp.addr = 4;
    CHECK(toy_run(s, t, TOY_REQUEST));
    CHECK_EQ(1, t->messages);
    rsoc_close(s);
}

TEST_CASE(PcieRootPri, RequestsOfTheUnpluggedAreDropped)
{
    struct rsoc_device d[2] = {{.cls = &toy_class}, {.cls = &toy_class}};
    struct rsoc *s = rsoc_new();
    struct toy *gone, *stays;

    REQUIRE(rsoc_open(s, d, 2));
    gone = toy_of(s, s->dev[0]);
    stays = toy_of(s, s->dev[1]);
    rsoc_enable_sva(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[1]);
    s->busy = true;
    send_message(s, stays, 0x04, 0x1000 | 7);
    send_message(s, gone, 0x04, 0x2000 | 7);
    send_message(s, stays, 0x04, 0x3000 | 7);
    s->busy = false;
    rsoc_respond(s, s->dev[0], RSOC_NO_PASID, 0, 0);
    pcie_root_unplug(s->root, s->dev[0]);
    CHECK(rsoc_run(s));
    REQUIRE(s->requests == 2);
    CHECK_EQ(0x1000, s->request[0].address);
    CHECK_EQ(0x3000, s->request[1].address);
    CHECK_EQ(0, gone->messages);
    rsoc_close(s);
}

/* ---- invalidations --------------------------------------------------------
 */

/* 10.3.1: the smallest zero from bit 12 up says how large the range is. */
TEST_CASE(PcieRootInv, RequestsReachTheFunction)
{
    static const struct {
        uint64_t va;
        unsigned log2;
        int32_t pasid;
        bool global;
        uint64_t word;
    } c[] = {
        {0x12345000, 12, RSOC_NO_PASID, false, 0x12345000},
        {0x12345000, 13, RSOC_NO_PASID, false, 0x12344800},
        {0x12345000, 14, 7, false, 0x12345800},
        {0xffff000012345000, 21, 7, true, 0xffff0000122ff801},
        {0x12345000, 64, 0xfffff, false, 0x7ffffffffffff800},
    };
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        REQUIRE(rsoc_invalidate(s, s->dev[0], c[i].pasid, c[i].va, c[i].log2,
                                c[i].global) == (int)i);
        CHECK_EQ(i, t->messages);
        CHECK(rsoc_run_until(s, s->now));
        REQUIRE(t->messages == i + 1);
        CHECK_EQ(PCIE_TLP_MSGD, t->message.type);
        CHECK_EQ(0x01, t->message.message);
        CHECK_EQ(8, t->message.length);
        CHECK_EQ(c[i].word, iovp_le64(t->message_data));
        CHECK_EQ(c[i].pasid >= 0, t->message.pasid_valid);
        CHECK_EQ(c[i].pasid >= 0 ? c[i].pasid : 0, t->message.pasid);
        CHECK_EQ(RSOC_INV_PENDING, s->inv[i].state);
        complete(s, t, 1, 1u << t->message.tag);
        CHECK_EQ(RSOC_INV_COMPLETE, s->inv[i].state);
    }
    rsoc_close(s);
}

/* No more than the queue's depth in flight, each with an ITag of its own. */
TEST_CASE(PcieRootInv, DepthOfTheQueue)
{
    static const struct {
        uint8_t depth, flight;
    } c[] = {{1, 1}, {5, 5}, {31, 31}, {32, 32}};

    for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        struct toy *t;
        struct rsoc *s = deaf(&t, rsoc_new(), c[i].depth);
        uint32_t tags = 0, done = 0;

        for (unsigned n = 0; n < 70; n++)
            rsoc_invalidate(s, s->dev[0], 1, 0x1000 * n, 12, false);
        CHECK(rsoc_run_until(s, s->now));
        CHECK_EQ(c[i].flight, t->messages);
        for (uint32_t n = 0; n < s->tlps; n++)
            if (s->tlp[n].tlp.message == 0x01)
                tags |= 1u << s->tlp[n].tlp.tag;
        CHECK_EQ(c[i].flight, __builtin_popcount(tags));
        /* Each answer makes room for one. */
        complete(s, t, 1, tags & -tags);
        CHECK_EQ(c[i].flight + 1, t->messages);
        /* The rest, however often it takes. */
        for (unsigned n = 0; n < 100; n++)
            complete(s, t, 1, 0xffffffff);
        CHECK_EQ(70, t->messages);
        for (unsigned n = 0; n < 70; n++)
            done += s->inv[n].state == RSOC_INV_COMPLETE;
        CHECK_EQ(70, done);
        rsoc_close(s);
    }
}

TEST_CASE(PcieRootInv, CompletionCount)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);
    uint32_t both = 0;

    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, s->now));
    for (unsigned n = 1; n <= 3; n++) {
        CHECK_EQ(RSOC_INV_PENDING, s->inv[0].state);
        complete(s, t, 3, 1u << t->message.tag);
    }
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[0].state);
    /* 0 means 8. */
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, s->now));
    for (unsigned n = 1; n <= 8; n++) {
        CHECK_EQ(RSOC_INV_PENDING, s->inv[1].state);
        complete(s, t, 0, 1u << t->message.tag);
    }
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[1].state);
    /* One message for two. */
    for (unsigned n = 0; n < 2; n++) {
        rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
        CHECK(rsoc_run_until(s, s->now));
        both |= 1u << t->message.tag;
    }
    complete(s, t, 1, both);
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[2].state);
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[3].state);
    rsoc_close(s);
}

TEST_CASE(PcieRootInv, SpuriousCompletionsAreIgnored)
{
    struct rsoc_device d[2] = {{.cls = &toy_class}, {.cls = &toy_class}};
    struct rsoc *s = rsoc_new();
    struct toy *t, *other;
    uint32_t bit;

    REQUIRE(rsoc_open(s, d, 2));
    t = toy_of(s, s->dev[0]);
    other = toy_of(s, s->dev[1]);
    t->c.deaf = other->c.deaf = true;
    rsoc_enable_sva(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[1]);
    complete(s, t, 1, 0xffffffff);
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, s->now));
    bit = 1u << t->message.tag;
    complete(s, t, 1, ~bit);
    complete(s, other, 1, bit);
    CHECK_EQ(RSOC_INV_PENDING, s->inv[0].state);
    complete(s, t, 1, bit);
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[0].state);
    /* Again: the next one has another ITag. */
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, s->now));
    complete(s, t, 1, bit);
    CHECK_EQ(RSOC_INV_PENDING, s->inv[1].state);
    rsoc_close(s);
}

/* 10.3.1: whoever does not answer is waited for in vain. */
TEST_CASE(PcieRootInv, Timeouts)
{
    struct rsoc *s = rsoc_new();
    struct toy *t;
    uint64_t start;
    int token;

    s->invalidate_timeout_ps = 5000000;
    deaf(&t, s, 1);
    start = s->now;
    token = rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, start + 4999999));
    CHECK_EQ(1, t->messages);
    CHECK_EQ(RSOC_INV_PENDING, s->inv[token].state);
    /* The second waits for the ITag of the first. */
    token = rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, start + 5000000));
    CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[0].state);
    CHECK_EQ(2, t->messages);
    CHECK_EQ(RSOC_INV_PENDING, s->inv[token].state);
    /* Too late. */
    complete(s, t, 1, 0xffffffff & ~(1u << t->message.tag));
    CHECK_EQ(RSOC_INV_PENDING, s->inv[token].state);
    CHECK(rsoc_run(s));
    CHECK_EQ(start + 10000000, s->inv[token].done);

    /* It is asked while ATS is off, too. */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0);
    start = s->now;
    token = rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run(s));
    CHECK_EQ(3, t->messages);
    CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[token].state);
    CHECK_EQ(start + 5000000, s->inv[token].done);
    rsoc_close(s);
}

/* To it the message is an Unsupported Request. */
TEST_CASE(PcieRootInv, WithoutAtsCapability)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};
    struct rsoc *s = rsoc_new();
    uint64_t start;
    int token;

    toy_class.defaults(&c);
    c.plain = true;
    s->invalidate_timeout_ps = 5000000;
    REQUIRE(rsoc_open(s, &d, 1));
    start = s->now;
    token = rsoc_invalidate(s, s->dev[0], RSOC_NO_PASID, 0x1000, 12, false);
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[token].state);
    CHECK_EQ(start + 5000000, s->inv[token].done);
    rsoc_close(s);
}

static int invalidate_id(struct rsoc *s, uint16_t id)
{
    int token = (int)s->invs++;

    s->inv[token].state = RSOC_INV_PENDING;
    CHECK(pcie_root_invalidate(
        s->root, id,
        &(struct iovp_ats_invalidation){.token = (uint32_t)token, .log2 = 12},
        s->now));
    return token;
}

/* Whose port knows that its link is down, or that there is none. */
TEST_CASE(PcieRootInv, NobodyThereIsKnownAtOnce)
{
    static const enum {
        UNPLUGGED,
        DISABLED,
        HELD
    } ways[] = {UNPLUGGED, DISABLED, HELD};

    for (unsigned i = 0; i < 3; i++) {
        struct toy *t;
        struct rsoc *s = deaf(&t, rsoc_new(), 4);
        struct pcie_fn *f = rsoc_fn(s, s->dev[0]), *port = pcie_parent(f);
        uint16_t id = pcie_id(f);
        uint64_t start;
        int token;

        /* Four that are in flight, and some that wait for them. */
        for (unsigned n = 0; n < 20; n++)
            rsoc_invalidate(s, s->dev[0], 1, 0x1000 * n, 12, false);
        CHECK(rsoc_run_until(s, s->now + 1000000));
        CHECK_EQ(4, t->messages);
        start = s->now;
        pcie_set_time(s->p, start);
        if (ways[i] == UNPLUGGED)
            pcie_root_unplug(s->root, s->dev[0]);
        else if (ways[i] == DISABLED)
            pcie_config_write(port,
                              pcie_cap_offset(port, PCIE_CAP_EXP) + PCIE_LNKCTL,
                              2, PCIE_LNKCTL_DISABLE);
        else
            pcie_config_write(port, PCIE_BRIDGE_CONTROL, 2,
                              PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET);
        CHECK(rsoc_run_until(s, start));
        for (unsigned n = 0; n < 20; n++)
            CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[n].state);
        token = invalidate_id(s, id);
        CHECK(rsoc_run_until(s, start + 2 * (uint64_t)s->latency_ps));
        CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[token].state);
        token = invalidate_id(s, 0x4242);
        CHECK(rsoc_run_until(s, s->now + 2 * (uint64_t)s->latency_ps));
        CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[token].state);
        CHECK_EQ(4, t->messages);
        rsoc_close(s);
    }
}

TEST_CASE(PcieRootInv, UnpluggedInTheMiddle)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 4);
    uint64_t start = s->now;

    for (unsigned n = 0; n < 20; n++)
        rsoc_invalidate(s, s->dev[0], 1, 0x1000 * n, 12, false);
    CHECK(rsoc_run_until(s, start + 10));
    CHECK_EQ(4, t->messages);
    pcie_root_unplug(s->root, s->dev[0]);
    /* Back again: it knows nothing of them. */
    pcie_root_plug(s->root, s->dev[0]);
    CHECK(rsoc_run(s));
    CHECK_EQ(4, t->messages);
    for (unsigned n = 0; n < 20; n++)
        CHECK_EQ(RSOC_INV_TIMEOUT, s->inv[n].state);
    CHECK(s->now <= start + 2 * s->invalidate_timeout_ps);
    rsoc_close(s);
}

TEST_CASE(PcieRootInv, NoMoreThanAreKept)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    for (unsigned n = 0; n < 1024; n++)
        CHECK(rsoc_invalidate(s, s->dev[0], 1, 0, 12, false) >= 0);
    CHECK_EQ(-1, rsoc_invalidate(s, s->dev[0], 1, 0, 12, false));
    CHECK(rsoc_run_until(s, s->now));
    complete(s, t, 1, 0xffffffff);
    CHECK(rsoc_invalidate(s, s->dev[0], 1, 0, 12, false) >= 0);
    CHECK(!pcie_root_invalidate(s->root, 0, NULL, 0));
    rsoc_close(s);
}

TEST_CASE(PcieRootInv, BusyIommuIsToldAgain)
{
    struct toy *t;
    struct rsoc *s = deaf(&t, rsoc_new(), 32);

    rsoc_invalidate(s, s->dev[0], 1, 0, 12, false);
    CHECK(rsoc_run_until(s, s->now));
    s->busy = true;
    complete(s, t, 1, 0xffffffff);
    CHECK(rsoc_run_until(s, s->now + 10000000));
    CHECK_EQ(RSOC_INV_PENDING, s->inv[0].state);
    s->busy = false;
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[0].state);
    rsoc_close(s);
}

/* SPDX-License-Identifier: MIT */
/* The Page Request Interface of a function (10.4, 10.5.2). */
#include "shim.h"

#include "pcie_toy.h"

#include <stdlib.h>

#define R  IOVP_ATS_READ
#define W  IOVP_ATS_WRITE
#define NO RSOC_NO_PASID

/* Capacity 8; PRG Response PASID Required as given. */
static struct rsoc *scene(struct toy **t, bool pasid_required)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};
    struct rsoc *s = rsoc_new();

    toy_class.defaults(&c);
    c.pri.pri.pasid_required = pasid_required;
    if (!rsoc_open(s, &d, 1))
        abort();
    *t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    return s;
}

static int ask(struct rsoc *s, struct toy *t, int32_t pasid, uint64_t va,
               uint32_t want, uint32_t pages)
{
    struct pcie_tlp a = {.addr = va,
                         .pasid_valid = pasid >= 0,
                         .pasid = pasid < 0 ? 0 : (uint32_t)pasid};

    pcie_set_time(s->p, s->now);
    return pcie_pri_ask(&t->pri, &a, want, pages);
}

/* Software's answer, delivered. */
static void respond(struct rsoc *s, int32_t pasid, int group, uint8_t code)
{
    CHECK(rsoc_respond(s, s->dev[0], pasid, (unsigned)group, code));
    CHECK(rsoc_run(s));
}

static uint32_t status(struct rsoc *s)
{
    return rsoc_cap_rd(s, s->dev[0], PCIE_CAP_PRI, 6, 2);
}

static void control(struct rsoc *s, uint32_t value)
{
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 4, 2, value);
}

TEST_CASE(PciePri, AGroupIsAskedForAndAnswered)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 0x12345, 0x7123, R | W, 3);

    REQUIRE(g >= 0);
    CHECK(rsoc_run(s));
    REQUIRE(s->requests == 3);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(0x7000 + 0x1000 * i, s->request[i].address);
        CHECK_EQ(0x12345, s->request[i].pasid);
        CHECK(s->request[i].pasid_valid);
        CHECK(s->request[i].read && s->request[i].write);
        CHECK_EQ(g, s->request[i].prg_index);
        CHECK_EQ(i == 2, s->request[i].last);
    }
    CHECK_EQ(PCIE_PRI_WAITING, pcie_pri_take(&t->pri, g));
    CHECK_EQ(3, t->pri.outstanding);
    s->now += 5000;
    respond(s, 0x12345, g, 0);
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(PCIE_PRI_SUCCESS, pcie_pri_take(&t->pri, g));
    CHECK_EQ(PCIE_PRI_FREE, pcie_pri_take(&t->pri, g));
    CHECK_EQ(5000, t->pri.round_trip_max_ps);
    CHECK_EQ(1, t->pri.round_trips);
    CHECK_EQ(3, t->pri.requests);
    CHECK_EQ(1, t->pri.groups);
    CHECK_EQ(1, t->pri.responses[0]);
    CHECK_EQ(PCIE_PRI_FREE, pcie_pri_take(&t->pri, -1));
    CHECK_EQ(PCIE_PRI_FREE, pcie_pri_take(&t->pri, 64));
    rsoc_close(s);
}

/* Outstanding Page Request Allocation, and never more than the capacity. */
TEST_CASE(PciePri, Credits)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g[8];

    CHECK_EQ(-1, ask(s, t, 1, 0, R, 9));
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 0));
    CHECK(!pcie_pri_busy(&t->pri));
    for (unsigned i = 0; i < 8; i++)
        CHECK((g[i] = ask(s, t, 1, 0, R, 1)) >= 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    CHECK(pcie_pri_busy(&t->pri));
    respond(s, 1, g[3], 0);
    CHECK(ask(s, t, 1, 0, R, 1) >= 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    CHECK_EQ(4, t->pri.refused);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 12, 4, 2);
    for (unsigned i = 0; i < 6; i++)
        if (i != 3)
            respond(s, 1, g[i], 0);
    CHECK_EQ(3, t->pri.outstanding);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    respond(s, 1, g[6], 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    respond(s, 1, g[7], 0);
    CHECK(ask(s, t, 1, 0, R, 1) >= 0);
    /* More than it can: what it can. */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 12, 4, 0xffffffff);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 7));
    CHECK(ask(s, t, 1, 0, R, 6) >= 0);
    rsoc_close(s);
}

TEST_CASE(PciePri, GroupsAreLimited)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};
    struct rsoc *s = rsoc_new();
    struct toy *t;

    toy_class.defaults(&c);
    c.pri.pri.capacity = 1000;
    REQUIRE(rsoc_open(s, &d, 1));
    t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    for (unsigned i = 0; i < PCIE_PRI_GROUPS; i++)
        CHECK(ask(s, t, 1, 0, R, 1) >= 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    CHECK(pcie_pri_busy(&t->pri));
    rsoc_close(s);
}

TEST_CASE(PciePri, NothingIsAskedWhileDisabled)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);

    control(s, 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    CHECK(!pcie_pri_stop(&t->pri, 1));
    control(s, 1);
    /* A PASID that the function may not use. */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PASID, 6, 2, 0);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    CHECK_EQ(0, t->pri.outstanding);
    CHECK(ask(s, t, NO, 0, R, 1) >= 0);
    CHECK(rsoc_run(s));
    CHECK_EQ(1, s->requests);
    rsoc_close(s);
}

TEST_CASE(PciePri, InvalidRequest)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 1, 0, R, 1);

    respond(s, 1, g, 1);
    CHECK_EQ(PCIE_PRI_INVALID, pcie_pri_take(&t->pri, g));
    CHECK_EQ(0, status(s) & 3);
    CHECK(ask(s, t, 1, 0, R, 1) >= 0);
    CHECK_EQ(1, t->pri.responses[1]);
    rsoc_close(s);
}

/* 10.4.2.2: it ends the interface; reserved codes mean the same. */
TEST_CASE(PciePri, ResponseFailureDisables)
{
    static const uint8_t codes[] = {0xf, 0x2, 0x7, 0xe};

    for (unsigned i = 0; i < sizeof(codes); i++) {
        struct toy *t;
        struct rsoc *s = scene(&t, true);
        int g = ask(s, t, 1, 0, R, 1), other = ask(s, t, 1, 0x1000, R, 2);

        respond(s, 1, g, codes[i]);
        CHECK_EQ(1, status(s) & 3);
        CHECK_EQ(PCIE_PRI_FAILURE, pcie_pri_take(&t->pri, g));
        /* No further response is expected. */
        CHECK_EQ(PCIE_PRI_FAILURE, pcie_pri_take(&t->pri, other));
        CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
        CHECK(!pcie_pri_busy(&t->pri));
        CHECK(!pcie_pri_stop(&t->pri, 1));
        respond(s, 1, other, 0);
        CHECK_EQ(1, status(s) & 3);
        CHECK_EQ(0, t->pri.unexpected);
        /* Enabling again clears the flags (10.5.2.2). */
        control(s, 0);
        CHECK_EQ(0x101, status(s) & 0x103);
        control(s, 1);
        CHECK_EQ(0, status(s) & 3);
        CHECK(ask(s, t, 1, 0, R, 1) >= 0);
        rsoc_close(s);
    }
}

TEST_CASE(PciePri, UnexpectedIndexOrPasid)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 5, 0, R, 1);
    unsigned n = 0;

    CHECK_EQ(0, status(s) & 2);
    respond(s, 5, (g + 1) % 64, 0);
    CHECK_EQ(2, status(s) & 3);
    CHECK_EQ(++n, t->pri.unexpected);
    /* RW1C */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 6, 2, 2);
    CHECK_EQ(0, status(s) & 3);
    respond(s, 5, g + 64, 0);
    CHECK_EQ(++n, t->pri.unexpected);
    respond(s, 6, g, 0);
    CHECK_EQ(++n, t->pri.unexpected);
    respond(s, NO, g, 0);
    CHECK_EQ(++n, t->pri.unexpected);
    CHECK_EQ(2, status(s) & 3);
    CHECK_EQ(PCIE_PRI_WAITING, pcie_pri_take(&t->pri, g));
    respond(s, 5, g, 0);
    CHECK_EQ(PCIE_PRI_SUCCESS, pcie_pri_take(&t->pri, g));
    respond(s, 5, g, 0);
    CHECK_EQ(++n, t->pri.unexpected);
    rsoc_close(s);
}

/* 10.4.2.1: without PRG Response PASID Required there is no PASID in it. */
TEST_CASE(PciePri, ResponsesWithoutPasid)
{
    struct toy *t;
    struct rsoc *s = scene(&t, false);
    int g = ask(s, t, 5, 0, R, 1);

    CHECK_EQ(0, status(s) & 0x8000);
    respond(s, NO, g, 0);
    CHECK_EQ(PCIE_PRI_SUCCESS, pcie_pri_take(&t->pri, g));
    rsoc_close(s);
}

/* 10.5.2.3: Stopped says that nothing is outstanding. */
TEST_CASE(PciePri, StoppedWaitsForAnswers)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 1, 0, R, 1), h = ask(s, t, 1, 0, R, 1);

    control(s, 0);
    CHECK_EQ(0, status(s) & 0x100);
    respond(s, 1, g, 0);
    CHECK_EQ(0, status(s) & 0x100);
    CHECK_EQ(PCIE_PRI_SUCCESS, pcie_pri_take(&t->pri, g));
    respond(s, 1, h, 0);
    CHECK_EQ(0x100, status(s) & 0x100);
    control(s, 1);
    CHECK_EQ(0, status(s) & 0x100);
    rsoc_close(s);
}

/* 10.5.2.2: Reset forgets what is outstanding, while disabled only. */
TEST_CASE(PciePri, Reset)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 1, 0, R, 1), h = ask(s, t, 1, 0, R, 1);

    control(s, 3);
    CHECK_EQ(2, t->pri.outstanding);
    control(s, 0);
    control(s, 2);
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(0x100, status(s) & 0x103);
    CHECK_EQ(0, rsoc_cap_rd(s, s->dev[0], PCIE_CAP_PRI, 4, 2));
    CHECK_EQ(PCIE_PRI_FAILURE, pcie_pri_take(&t->pri, g));
    CHECK_EQ(PCIE_PRI_FAILURE, pcie_pri_take(&t->pri, h));
    /* In the write that disables. */
    control(s, 1);
    g = ask(s, t, 1, 0, R, 1);
    control(s, 2);
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(0x100, status(s) & 0x103);
    CHECK_EQ(PCIE_PRI_FAILURE, pcie_pri_take(&t->pri, g));
    rsoc_close(s);
}

TEST_CASE(PciePri, FunctionLevelReset)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 1, 0, R, 1);
    uint32_t exp = pcie_cap_offset(rsoc_fn(s, s->dev[0]), PCIE_CAP_EXP);

    rsoc_cfg_wr(s, s->dev[0], exp + 8, 2, 0x8000);
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(PCIE_PRI_FREE, pcie_pri_take(&t->pri, g));
    CHECK_EQ(0x100, status(s) & 0x103);
    rsoc_close(s);
}

TEST_CASE(PciePri, ForgottenGroupsGiveTheirCreditsBack)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);
    int g = ask(s, t, 1, 0, R, 8);

    pcie_pri_forget(&t->pri, g);
    CHECK_EQ(-1, ask(s, t, 1, 0, R, 1));
    respond(s, 1, g, 0);
    CHECK_EQ(0, t->pri.unexpected);
    CHECK_EQ(PCIE_PRI_FREE, pcie_pri_take(&t->pri, g));
    CHECK(ask(s, t, 1, 0, R, 8) >= 0);
    pcie_pri_forget(&t->pri, -1);
    rsoc_close(s);
}

/* 10.4.1.2: L without R and W, with a PASID; it is no page request. */
TEST_CASE(PciePri, StopMarker)
{
    struct toy *t;
    struct rsoc *s = scene(&t, true);

    CHECK(pcie_pri_stop(&t->pri, 0x777));
    CHECK(rsoc_run(s));
    REQUIRE(s->requests == 1);
    CHECK(s->request[0].last && !s->request[0].read && !s->request[0].write);
    CHECK(s->request[0].pasid_valid && !s->request[0].execute);
    CHECK_EQ(0x777, s->request[0].pasid);
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(0, t->messages);
    rsoc_close(s);
}

/* SPDX-License-Identifier: MIT */
/* The Address Translation Cache of a function (10.2, 10.3). */
#include "shim.h"

#include "pcie_toy.h"

#include "../models/common/bits.h"

#include <stdlib.h>
#include <string.h>

#define R  IOVP_ATS_READ
#define W  IOVP_ATS_WRITE
#define X  IOVP_ATS_EXECUTE
#define NO RSOC_NO_PASID

static struct rsoc *scene(struct toy **t)
{
    static const struct rsoc_device d = {.cls = &toy_class};
    struct rsoc *s = rsoc_new();

    s->iommu = true;
    if (!rsoc_open(s, &d, 1))
        abort();
    *t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    return s;
}

static struct pcie_tlp access_of(int32_t pasid, uint64_t va)
{
    return (struct pcie_tlp){.type = PCIE_TLP_MRD,
                             .addr = va,
                             .pasid_valid = pasid >= 0,
                             .pasid = pasid < 0 ? 0 : (uint32_t)pasid};
}

/* At the scene's time. */
static enum pcie_atc_status ask(struct rsoc *s, struct toy *t,
                                const struct pcie_tlp *a, uint32_t want,
                                struct pcie_atc_result *r)
{
    pcie_set_time(s->p, s->now);
    return pcie_atc_translate(t->atc, a, want, r);
}

static enum pcie_atc_status look(struct rsoc *s, struct toy *t, int32_t pasid,
                                 uint64_t va, uint32_t want,
                                 struct pcie_atc_result *r)
{
    struct pcie_tlp a = access_of(pasid, va);

    return ask(s, t, &a, want, r);
}

/* Is it in the cache? (It is afterwards, if it is mapped.) */
static bool cached(struct rsoc *s, struct toy *t, int32_t pasid, uint64_t va)
{
    struct pcie_atc_result r;

    return look(s, t, pasid, va, R, &r) == PCIE_ATC_OK && r.hit;
}

TEST_CASE(PcieAtc, MissThenHit)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_atc_result r;
    struct pcie_atc_stats st;
    uint64_t start = s->now;

    rsoc_map(s, s->dev[0], 5, 0x7000, RSOC_RAM + 0x3000, 12, R | W);
    CHECK_EQ(PCIE_ATC_OK, look(s, t, 5, 0x7123, R, &r));
    CHECK_EQ(RSOC_RAM + 0x3123, r.address);
    CHECK_EQ(0xedd, r.bytes);
    CHECK_EQ(R | W, r.flags);
    CHECK(!r.hit && !r.untranslated);
    CHECK_EQ(start + 1000 + s->translate_ps, pcie_time(s->p));
    CHECK_EQ(PCIE_ATC_OK, look(s, t, 5, 0x7fff, R | W, &r));
    CHECK_EQ(RSOC_RAM + 0x3fff, r.address);
    CHECK_EQ(1, r.bytes);
    CHECK(r.hit);
    CHECK_EQ(start + 1000, pcie_time(s->p));
    CHECK_EQ(1, s->translations);
    pcie_atc_get_stats(t->atc, &st);
    CHECK_EQ(2, st.lookups);
    CHECK_EQ(1, st.hits);
    CHECK_EQ(1, st.requests);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, Ranges)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_atc_result r;

    rsoc_map(s, s->dev[0], NO, 0x40000000, 0x200000000, 21, R);
    CHECK_EQ(PCIE_ATC_OK, look(s, t, NO, 0x40001234, R, &r));
    CHECK_EQ(0x200001234, r.address);
    CHECK_EQ(0x200000 - 0x1234, r.bytes);
    CHECK_EQ(PCIE_ATC_OK, look(s, t, NO, 0x401fffff, R, &r));
    CHECK(r.hit);
    CHECK_EQ(0x2001fffff, r.address);
    CHECK(!cached(s, t, NO, 0x40200000));
    rsoc_close(s);
}

/* 10.2.3: what has no right is not kept, and a right that is missing is asked
 * for. */
TEST_CASE(PcieAtc, Rights)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_atc_result r;
    struct pcie_atc_stats st;

    CHECK_EQ(PCIE_ATC_DENIED, look(s, t, 1, 0x1000, R, &r));
    CHECK_EQ(PCIE_ATC_DENIED, look(s, t, 1, 0x1000, R, &r));
    CHECK_EQ(2, s->translations);
    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    CHECK_EQ(PCIE_ATC_OK, look(s, t, 1, 0x1000, R, &r));
    CHECK_EQ(PCIE_ATC_DENIED, look(s, t, 1, 0x1000, W, &r));
    CHECK_EQ(4, s->translations);
    CHECK(cached(s, t, 1, 0x1000));
    /* Rights may grow without an invalidation. */
    s->page[0].flags = R | W;
    CHECK_EQ(PCIE_ATC_OK, look(s, t, 1, 0x1000, W, &r));
    CHECK(!r.hit);
    CHECK_EQ(PCIE_ATC_OK, look(s, t, 1, 0x1000, R | W, &r));
    CHECK(r.hit);
    pcie_atc_get_stats(t->atc, &st);
    CHECK_EQ(3, st.denied);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, ExecuteOnlyIfAsked)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp a = access_of(1, 0x1000);
    struct pcie_atc_result r;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R | X);
    s->eager = true;
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R, &r));
    CHECK_EQ(R, r.flags);
    a.execute = true;
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R | X, &r));
    CHECK(!r.hit);
    CHECK(r.flags & X);
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R | X, &r));
    CHECK(r.hit);
    /* 7.8.8.3: without Execute Permission Enable nothing is asked. */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PASID, 6, 2, 1);
    a.addr = 0x2000;
    CHECK_EQ(PCIE_ATC_REFUSED, ask(s, t, &a, R | X, &r));
    CHECK_EQ(2, s->translations);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, PasidsAndPrivilegeAreApart)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp a = access_of(1, 0x1000);
    struct pcie_atc_result r;

    for (unsigned i = 0; i < 3; i++)
        rsoc_map(s, s->dev[0], i ? (int32_t)i - 1 : NO, 0x1000,
                 RSOC_RAM + 0x1000 * i, 12, R);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(PCIE_ATC_OK,
                 look(s, t, i ? (int32_t)i - 1 : NO, 0x1000, R, &r));
        CHECK(!r.hit);
        CHECK_EQ(RSOC_RAM + 0x1000 * i, r.address);
    }
    a.privileged = true;
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R, &r));
    CHECK(!r.hit);
    CHECK_EQ(R | IOVP_ATS_PRIVILEGED, r.flags);
    for (unsigned i = 0; i < 3; i++)
        CHECK(cached(s, t, i ? (int32_t)i - 1 : NO, 0x1000));
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R, &r));
    CHECK(r.hit);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, GlobalIsOfEveryPasid)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R | IOVP_ATS_GLOBAL);
    CHECK(!cached(s, t, 1, 0x1000));
    CHECK(cached(s, t, 1, 0x1000));
    CHECK(cached(s, t, 2, 0x1000));
    CHECK(!cached(s, t, NO, 0x1000));
    rsoc_map(s, s->dev[0], NO, 0x2000, RSOC_RAM, 12, R | IOVP_ATS_GLOBAL);
    CHECK(!cached(s, t, NO, 0x2000));
    CHECK(cached(s, t, NO, 0x2000));
    CHECK(!cached(s, t, 1, 0x2000));
    rsoc_close(s);
}

TEST_CASE(PcieAtc, UntranslatedOnlyAndNonSnooped)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_atc_result r;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12,
             R | IOVP_ATS_UNTRANSLATED | IOVP_ATS_NON_SNOOPED);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(PCIE_ATC_OK, look(s, t, 1, 0x1234, R, &r));
        CHECK(r.untranslated);
        CHECK_EQ(0x1234, r.address);
        CHECK_EQ(i, r.hit);
        CHECK(r.flags & IOVP_ATS_NON_SNOOPED);
    }
    rsoc_close(s);
}

TEST_CASE(PcieAtc, NoWriteIsPassedOn)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp a = access_of(1, 0x1000);
    struct pcie_atc_result r;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R | W);
    a.no_write = true;
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, R, &r));
    CHECK_EQ(R, r.flags);
    a.no_write = false;
    CHECK_EQ(PCIE_ATC_OK, ask(s, t, &a, W, &r));
    CHECK_EQ(2, s->translations);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, FailuresAreNotKept)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_atc_result r;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    s->ats_status = IOVP_ATS_UR;
    CHECK_EQ(PCIE_ATC_UNSUPPORTED, look(s, t, 1, 0x1000, R, &r));
    s->ats_status = IOVP_ATS_CA;
    CHECK_EQ(PCIE_ATC_ABORTED, look(s, t, 1, 0x1000, R, &r));
    s->ats_status = IOVP_ATS_SUCCESS;
    rsoc_cfg_wr(s, s->dev[0], 4, 2, 2); /* no Bus Master */
    CHECK_EQ(PCIE_ATC_REFUSED, look(s, t, 1, 0x1000, R, &r));
    rsoc_cfg_wr(s, s->dev[0], 4, 2, 6);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0);
    CHECK_EQ(PCIE_ATC_REFUSED, look(s, t, 1, 0x1000, R, &r));
    CHECK_EQ(2, s->translations);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0x8000);
    CHECK(!cached(s, t, 1, 0x1000));
    rsoc_close(s);
}

/* 10.5.1.3: what was cached before ATS was off is not used after. */
TEST_CASE(PcieAtc, FlushesByHandAndByDisable)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint64_t generation = pcie_atc_generation(t->atc);

    for (int32_t p = 1; p <= 2; p++)
        rsoc_map(s, s->dev[0], p, 0x1000, RSOC_RAM, 12, R);
    cached(s, t, 1, 0x1000);
    cached(s, t, 2, 0x1000);
    pcie_atc_flush_pasid(t->atc, 1);
    CHECK(pcie_atc_generation(t->atc) != generation);
    CHECK(cached(s, t, 2, 0x1000));
    CHECK(!cached(s, t, 1, 0x1000));
    pcie_atc_flush(t->atc);
    CHECK(!cached(s, t, 2, 0x1000));
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0x8000);
    CHECK(!cached(s, t, 2, 0x1000));
    rsoc_close(s);
}

/* ---- invalidations --------------------------------------------------------
 */

/* SMMU 3.9.2: drivers invalidate once more when they have disabled ATS, and
 * before they enable it: a function that has it answers. */
TEST_CASE(PcieAtc, InvalidationsWhileDisabled)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    int token;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    cached(s, t, 1, 0x1000);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0);
    for (int32_t pasid = NO; pasid <= 1; pasid++) {
        token = rsoc_invalidate(s, s->dev[0], pasid, 0, 64, false);
        CHECK(rsoc_run(s));
        CHECK_EQ(RSOC_INV_COMPLETE, s->inv[token].state);
    }
    rsoc_close(s);
}

struct probe {
    int32_t pasid;
    uint64_t va;
    unsigned log2;
    uint32_t more;
};

static const struct probe probes[] = {
    {NO, 0x10000, 12, 0},   {1, 0x10000, 12, 0},
    {2, 0x10000, 12, 0},    {1, 0x11000, 12, 0},
    {1, 0x40000000, 21, 0}, {1, 0x20000, 12, IOVP_ATS_GLOBAL},
};
#define PROBES (sizeof(probes) / sizeof(probes[0]))

/* Which of the probes are gone after an invalidation, a bit each. */
static uint32_t gone(bool capable, int32_t pasid, uint64_t va, unsigned log2,
                     bool global)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};
    struct rsoc *s = rsoc_new();
    uint32_t lost = 0;
    struct toy *t;
    int token;

    toy_class.defaults(&c);
    c.ats.ats.global_invalidate = capable;
    s->iommu = true;
    if (!rsoc_open(s, &d, 1))
        abort();
    t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    for (unsigned i = 0; i < PROBES; i++) {
        const struct probe *p = &probes[i];

        rsoc_map(s, s->dev[0], p->pasid, p->va, p->va, p->log2, R | p->more);
        cached(s, t, p->pasid, p->va);
    }
    token = rsoc_invalidate(s, s->dev[0], pasid, va, log2, global);
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[token].state);
    CHECK_EQ(1, t->messages);
    for (unsigned i = 0; i < PROBES; i++)
        if (!cached(s, t, probes[i].pasid, probes[i].va))
            lost |= 1u << i;
    rsoc_close(s);
    return lost;
}

TEST_CASE(PcieAtc, WhatInvalidationsDrop)
{
    /* Without a PASID: what has none. */
    CHECK_EQ(0x01, gone(true, NO, 0x10000, 12, false));
    CHECK_EQ(0x01, gone(true, NO, 0, 64, false));
    CHECK_EQ(0x00, gone(true, NO, 0x11000, 12, false));
    /* With one: its own, and what is global. */
    CHECK_EQ(0x02, gone(true, 1, 0x10000, 12, false));
    CHECK_EQ(0x0a, gone(true, 1, 0x10000, 13, false));
    CHECK_EQ(0x04, gone(true, 2, 0x10000, 13, false));
    CHECK_EQ(0x3a, gone(true, 1, 0, 64, false));
    CHECK_EQ(0x20, gone(true, 7, 0x20000, 12, false));
    /* A page inside of a larger range, and the other way round. */
    CHECK_EQ(0x10, gone(true, 1, 0x401ff000, 12, false));
    CHECK_EQ(0x00, gone(true, 1, 0x40200000, 12, false));
    CHECK_EQ(0x10, gone(true, 1, 0x40000000, 30, false));
    /* Global Invalidate: of every PASID, if the function can. */
    CHECK_EQ(0x06, gone(true, 1, 0x10000, 12, true));
    CHECK_EQ(0x3e, gone(true, 9, 0, 64, true));
    CHECK_EQ(0x02, gone(false, 1, 0x10000, 12, true));
}

/* 10.3.1: it is all ones that an ATS of old knew for "everything". */
TEST_CASE(PcieAtc, AllOnesAreEverything)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp m = {.type = PCIE_TLP_MSGD,
                         .message = PCIE_MSG_INVALIDATE_REQUEST,
                         .pasid_valid = true,
                         .pasid = 1,
                         .length = 8};
    uint8_t data[8];

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    cached(s, t, 1, 0x1000);
    iovp_put_le64(data, 0xfffffffffffff800);
    m.target = pcie_id(rsoc_fn(s, s->dev[0]));
    CHECK_EQ(PCIE_SC, pcie_send_down(s->p, &m, data));
    CHECK(rsoc_run(s));
    CHECK(!cached(s, t, 1, 0x1000));
    rsoc_close(s);
}

/* 10.3.2: the completion says that nothing uses the translation any more. */
TEST_CASE(PcieAtc, CompletionWaitsForItsUsers)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint64_t start = s->now;
    struct pcie_atc_stats st;

    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    cached(s, t, 1, 0x1000);
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run(s));
    /* invalidate_ps */
    CHECK_EQ(start + 20000, s->inv[0].done);

    cached(s, t, 1, 0x1000);
    start = s->now;
    pcie_atc_used(t->atc, start + 700000);
    pcie_atc_used(t->atc, start + 600000);
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run_until(s, start + 20000));
    /* It is not used from then on. */
    s->page[0].state = RSOC_DEAD;
    CHECK(!cached(s, t, 1, 0x1000));
    CHECK(rsoc_run(s));
    CHECK_EQ(start + 700000, s->inv[1].done);
    pcie_atc_get_stats(t->atc, &st);
    CHECK_EQ(2, st.invalidations);
    CHECK_EQ(2, st.dropped);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, QueueIsBounded)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp m = {.type = PCIE_TLP_MSGD,
                         .message = PCIE_MSG_INVALIDATE_REQUEST,
                         .length = 8};
    uint8_t data[8] = {0};
    struct pcie_atc_stats st;

    m.target = pcie_id(rsoc_fn(s, s->dev[0]));
    for (unsigned i = 0; i < 100; i++) {
        m.tag = (uint16_t)(i % 32);
        pcie_send_down(s->p, &m, data);
    }
    CHECK(rsoc_run(s));
    pcie_atc_get_stats(t->atc, &st);
    CHECK_EQ(32, st.invalidations);
    /* Not for an ATC: too short, another message. */
    m.length = 4;
    pcie_send_down(s->p, &m, data);
    m.length = 8;
    m.message = PCIE_MSG_PRG_RESPONSE;
    pcie_send_down(s->p, &m, data);
    CHECK(rsoc_run(s));
    pcie_atc_get_stats(t->atc, &st);
    CHECK_EQ(32, st.invalidations);
    rsoc_close(s);
}

/* As many are answered by one message as are done at a time. */
TEST_CASE(PcieAtc, VectorOfITags)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint32_t completions = 0;

    for (unsigned i = 0; i < 10; i++)
        rsoc_invalidate(s, s->dev[0], 1, 0x1000 * i, 12, false);
    CHECK(rsoc_run(s));
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ(RSOC_INV_COMPLETE, s->inv[i].state);
    for (uint32_t i = 0; i < s->tlps; i++)
        completions += s->tlp[i].tlp.message == 0x02;
    CHECK_EQ(1, completions);
    rsoc_close(s);
}

TEST_CASE(PcieAtc, WithoutACacheItAsksAlways)
{
    struct toy_config c;
    struct rsoc_device d = {.cls = &toy_class, .config = &c};
    struct rsoc *s = rsoc_new();
    struct toy *t;

    toy_class.defaults(&c);
    c.atc.cache.entries = 0;
    REQUIRE(rsoc_open(s, &d, 1));
    t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    rsoc_map(s, s->dev[0], 1, 0x1000, RSOC_RAM, 12, R);
    CHECK(!cached(s, t, 1, 0x1000));
    CHECK(!cached(s, t, 1, 0x1000));
    CHECK_EQ(2, s->translations);
    rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false);
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[0].state);
    rsoc_close(s);
}

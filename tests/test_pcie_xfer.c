/* SPDX-License-Identifier: MIT */
/* Transfers of an endpoint: pieces, translations, page requests, retries. */
#include "shim.h"

#include "pcie_toy.h"

#include <stdlib.h>
#include <string.h>

#define R  IOVP_ATS_READ
#define W  IOVP_ATS_WRITE
#define NO RSOC_NO_PASID
#define VA 0x10000ull
#define PA RSOC_RAM

static struct rsoc *scene(struct toy **t)
{
    static const struct rsoc_device d = {.cls = &toy_class};
    struct rsoc *s = rsoc_new();

    s->iommu = true;
    if (!rsoc_open(s, &d, 1))
        abort();
    *t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    for (uint32_t i = 0; i < sizeof((*t)->data); i++)
        (*t)->data[i] = (uint8_t)(i * 7 + (i >> 8));
    (*t)->xfer_config = (struct pcie_xfer_config){
        .tlp = {.type = PCIE_TLP_MWR,
                .pasid_valid = true,
                .pasid = 3,
                .addr = VA},
        .bytes = 4096,
        .mode = PCIE_XFER_ATC,
        .retry_ps = 1000000,
    };
    return s;
}

static void map(struct rsoc *s, uint64_t va, uint64_t pa, uint32_t flags)
{
    rsoc_map(s, s->dev[0], 3, va, pa, 12, flags);
}

TEST_CASE(PcieXfer, UntranslatedOfAnyLength)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    s->iommu = false;
    t->xfer_config.mode = PCIE_XFER_UNTRANSLATED;
    t->xfer_config.tlp.addr = PA + 0xf81;
    t->xfer_config.bytes = 20001;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(20001, t->xfer.done);
    CHECK_MEM(t->data, rsoc_ram(s, PA + 0xf81, 20001), 20001);
    CHECK_EQ(0, *rsoc_ram(s, PA + 0xf80, 1));
    CHECK_EQ(0, *rsoc_ram(s, PA + 0xf81 + 20001, 1));
    CHECK(s->last.pasid_valid);
    CHECK_EQ(0, s->last.at);
    CHECK_EQ(0, s->translations);
    /* Nothing at all. */
    t->xfer_config.bytes = 0;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, ByTranslations)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    map(s, VA, PA + 0x5000, R | W);
    map(s, VA + 0x1000, PA + 0x2000, R | W);
    map(s, VA + 0x2000, PA + 0x9000, R | W);
    t->xfer_config.tlp.addr = VA + 0x800;
    t->xfer_config.tlp.privileged = true;
    t->xfer_config.bytes = 0x2000;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_MEM(t->data, rsoc_ram(s, PA + 0x5800, 0x800), 0x800);
    CHECK_MEM(t->data + 0x800, rsoc_ram(s, PA + 0x2000, 0x1000), 0x1000);
    CHECK_MEM(t->data + 0x1800, rsoc_ram(s, PA + 0x9000, 0x800), 0x800);
    CHECK_EQ(3, s->translations);
    CHECK_EQ(0, s->untranslated);
    CHECK_EQ(2, s->last.at);
    /* The PASID is that of the untranslated address. */
    CHECK(!s->last.pasid_valid && !s->last.privileged);
    CHECK_EQ(0, s->violations);
    /* Again, and back. */
    memset(t->data, 0, 0x2000);
    t->xfer_config.tlp.type = PCIE_TLP_MRD;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(7 * 5, t->data[5]);
    CHECK_EQ(3, s->translations);
    rsoc_close(s);
}

/* All pieces begin together; translation comes before data. */
TEST_CASE(PcieXfer, Time)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    for (unsigned i = 0; i < 4; i++)
        map(s, VA + 0x1000 * i, PA + 0x1000 * i, R | W);
    t->xfer_config.tlp.type = PCIE_TLP_MRD;
    t->xfer_config.bytes = 4;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(t->worked + 1000 + s->translate_ps + s->memory_ps, t->done);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(t->worked + 1000 + s->memory_ps, t->done);
    /* One page is cached, three are not. */
    t->xfer_config.tlp.addr = VA + 0xffc;
    t->xfer_config.bytes = 0x1000 + 8;
    s->memory_ps = 0;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(t->worked + 1000 + s->translate_ps, t->done);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, TranslatedAlready)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    map(s, VA, PA, R | W);
    t->xfer_config.mode = PCIE_XFER_TRANSLATED;
    t->xfer_config.tlp.addr = PA + 4;
    t->xfer_config.tlp.pasid_valid = false;
    t->xfer_config.tlp.pasid = 0;
    t->xfer_config.bytes = 100;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(0, s->translations);
    CHECK_EQ(2, s->last.at);
    CHECK_MEM(t->data, rsoc_ram(s, PA + 4, 100), 100);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, UntranslatedOnlyPages)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    map(s, VA, PA, R | W | IOVP_ATS_UNTRANSLATED);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(0, s->last.at);
    CHECK(s->last.pasid_valid);
    CHECK_EQ(0, s->translated);
    CHECK_MEM(t->data, rsoc_ram(s, PA, 4096), 4096);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, Atomics)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint32_t exp = pcie_cap_offset(rsoc_fn(s, s->dev[0]), PCIE_CAP_EXP);

    rsoc_cfg_wr(s, s->dev[0], exp + 0x28, 2, 0x40);
    map(s, VA, PA, R | W);
    rsoc_ram_wr(s, PA + 8, 8, 0x1111);
    t->xfer_config.tlp.type = PCIE_TLP_FETCH_ADD;
    t->xfer_config.tlp.addr = VA + 8;
    t->xfer_config.bytes = 8;
    memset(t->data, 0, 8);
    t->data[0] = 0x22;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(0x1133, rsoc_ram_rd(s, PA + 8, 8));
    CHECK_EQ(0x11, t->data[0]);
    CHECK_EQ(0x11, t->data[1]);
    t->xfer_config.tlp.type = PCIE_TLP_CAS;
    memset(t->data, 0, 16);
    t->data[0] = 0x33;
    t->data[1] = 0x11;
    t->data[8] = 0x99;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(0x99, rsoc_ram_rd(s, PA + 8, 8));
    /* It needs both rights. */
    rsoc_unmap(s, s->dev[0], 3, VA, 12);
    rsoc_invalidate(s, s->dev[0], 3, VA, 12, false);
    CHECK(rsoc_run(s));
    map(s, VA, PA, W);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_DENIED, t->xfer.error);
    rsoc_close(s);
}

/* 10.3.2: an invalidation completes behind the requests that it overtakes. */
TEST_CASE(PcieXfer, InvalidationsWaitForIt)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint64_t start;

    map(s, VA, PA, R | W);
    s->memory_ps = 50000000;
    t->xfer_config.tlp.type = PCIE_TLP_MRD;
    t->xfer_config.bytes = 64;
    start = s->now;
    toy_start(s, t, TOY_XFER);
    CHECK(rsoc_step(s));
    CHECK(rsoc_invalidate(s, s->dev[0], 3, VA, 12, false) == 0);
    CHECK(rsoc_run(s));
    CHECK_EQ(RSOC_INV_COMPLETE, s->inv[0].state);
    CHECK_EQ(start + 1000 + s->translate_ps + s->memory_ps, s->inv[0].done);
    rsoc_close(s);
}

/* ---- faults ----------------------------------------------------------------
 */

TEST_CASE(PcieXfer, FaultsEndIt)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    map(s, VA, PA, R | W);
    t->xfer_config.bytes = 0x2000;
    t->xfer_config.tlp.addr = VA + 0x10;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_DENIED, t->xfer.error);
    CHECK_EQ(VA + 0x1000, t->xfer.fault_addr);
    CHECK_EQ(0xff0, t->xfer.done);

    t->xfer_config.tlp.addr = VA + 0x1000;
    s->ats_status = IOVP_ATS_UR;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_UR, t->xfer.error);
    s->ats_status = IOVP_ATS_CA;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_CA, t->xfer.error);
    s->ats_status = IOVP_ATS_SUCCESS;

    /* Untranslated: a read has a completion, a write has none. */
    t->xfer_config.mode = PCIE_XFER_UNTRANSLATED;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    t->xfer_config.tlp.type = PCIE_TLP_MRD;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_UR, t->xfer.error);

    rsoc_cfg_wr(s, s->dev[0], 4, 2, 2);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_REFUSED, t->xfer.error);
    CHECK_EQ(PCIE_REFUSED_BUS_MASTER, t->xfer.refusal);
    t->xfer_config.mode = PCIE_XFER_ATC;
    rsoc_cfg_wr(s, s->dev[0], 4, 2, 6);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_ATS, 6, 2, 0);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_REFUSED, t->xfer.error);
    CHECK_EQ(PCIE_REFUSED_AT, t->xfer.refusal);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, Retries)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    uint64_t start = s->now;

    t->xfer_config.policy = PCIE_XFER_RETRY;
    t->xfer_config.retries = 3;
    toy_start(s, t, TOY_XFER);
    CHECK(rsoc_run_until(s, start + 2500000));
    CHECK_EQ(PCIE_XFER_WAIT, t->status);
    CHECK_EQ(3, s->translations);
    /* What else wakes it does not make it hurry. */
    pcie_ep_wake(t->ep, s->now);
    CHECK(rsoc_run_until(s, s->now));
    CHECK_EQ(3, s->translations);
    map(s, VA, PA, R | W);
    CHECK(rsoc_run(s));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(4, s->translations);

    s->translations = 0;
    t->xfer_config.tlp.addr = VA + 0x1000;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_DENIED, t->xfer.error);
    CHECK_EQ(4, s->translations);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, PageRequests)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    s->pri = RSOC_PRI_MAP;
    t->xfer_config.policy = PCIE_XFER_PRI;
    t->xfer_config.bytes = 0x3000;
    t->xfer_config.tlp.addr = VA + 0x800;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    CHECK_EQ(4, s->requests);
    CHECK_EQ(VA, s->request[0].address);
    CHECK(s->request[0].write && !s->request[0].read);
    CHECK(s->request[0].last);
    CHECK_EQ(4, s->pages);
    CHECK_MEM(t->data, rsoc_ram(s, s->page[0].pa + 0x800, 0x800), 0x800);
    CHECK_MEM(t->data + 0x2800, rsoc_ram(s, s->page[3].pa, 0x800), 0x800);
    CHECK_EQ(0, t->pri.outstanding);
    /* Once it is there nothing is asked for. */
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(4, s->requests);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, PageRequestsThatFail)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    t->xfer_config.policy = PCIE_XFER_PRI;
    s->pri = RSOC_PRI_INVALID;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_PAGE, t->xfer.error);
    CHECK_EQ(VA, t->xfer.fault_addr);
    /* Answers that resolve nothing: as many as there are retries. */
    s->pri = RSOC_PRI_SUCCESS;
    for (uint16_t n = 0; n < 3; n++) {
        s->requests = 0;
        t->xfer_config.retries = n;
        CHECK(toy_run(s, t, TOY_XFER));
        CHECK_EQ(PCIE_XFER_FAILED, t->status);
        CHECK_EQ(PCIE_XFER_DENIED, t->xfer.error);
        CHECK_EQ(n + 1, s->requests);
    }
    s->pri = RSOC_PRI_FAILURE;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_PRI_FAIL, t->xfer.error);
    /* It stays so. */
    s->pri = RSOC_PRI_MAP;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_PRI_FAIL, t->xfer.error);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 4, 2, 0);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_PRI_FAIL, t->xfer.error);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 4, 2, 1);
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    rsoc_close(s);
}

/* The translation may be gone again before it is used. */
TEST_CASE(PcieXfer, LostRightInBetween)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    t->xfer_config.policy = PCIE_XFER_PRI;
    t->xfer_config.retries = 1;
    toy_start(s, t, TOY_XFER);
    CHECK(rsoc_run(s));
    REQUIRE(s->requests == 1);
    CHECK_EQ(PCIE_XFER_WAIT, t->status);
    CHECK(rsoc_respond(s, s->dev[0], 3, s->request[0].prg_index, 0));
    CHECK(rsoc_run(s));
    REQUIRE(s->requests == 2);
    map(s, VA, PA, R | W);
    CHECK(rsoc_respond(s, s->dev[0], 3, s->request[1].prg_index, 0));
    CHECK(rsoc_run(s));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    rsoc_close(s);
}

/* Without credits it waits for an answer to others. */
TEST_CASE(PcieXfer, WaitsForCredits)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_tlp a = {.addr = 0x99000};
    int g;

    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 12, 4, 1);
    g = pcie_pri_ask(&t->pri, &a, R, 1);
    t->xfer_config.policy = PCIE_XFER_PRI;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_WAIT, t->status);
    CHECK_EQ(1, s->requests);
    s->pri = RSOC_PRI_MAP;
    CHECK(rsoc_respond(s, s->dev[0], NO, (unsigned)g, 0));
    CHECK(rsoc_run(s));
    CHECK_EQ(PCIE_XFER_DONE, t->status);
    /* Nothing can come back: no allocation at all. */
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 12, 4, 0);
    t->xfer_config.tlp.addr = VA + 0x5000;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_PRI_FAIL, t->xfer.error);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, DisabledWhileItWaits)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    t->xfer_config.policy = PCIE_XFER_PRI;
    CHECK(toy_run(s, t, TOY_XFER));
    CHECK_EQ(PCIE_XFER_WAIT, t->status);
    rsoc_cap_wr(s, s->dev[0], PCIE_CAP_PRI, 4, 2, 2);
    CHECK(rsoc_run(s));
    CHECK_EQ(PCIE_XFER_FAILED, t->status);
    CHECK_EQ(PCIE_XFER_PRI_FAIL, t->xfer.error);
    rsoc_close(s);
}

TEST_CASE(PcieXfer, GivenUp)
{
    struct toy *t;
    struct rsoc *s = scene(&t);

    t->xfer_config.policy = PCIE_XFER_PRI;
    CHECK(toy_run(s, t, TOY_XFER));
    pcie_xfer_end(&t->xfer);
    t->running = false;
    CHECK_EQ(1, t->pri.outstanding);
    CHECK(rsoc_respond(s, s->dev[0], 3, s->request[0].prg_index, 0));
    CHECK(rsoc_run(s));
    CHECK_EQ(0, t->pri.outstanding);
    CHECK_EQ(0, t->pri.unexpected);
    pcie_xfer_end(&t->xfer);
    rsoc_close(s);
}

/* Policy PRI without what it needs. */
TEST_CASE(PcieXfer, WithoutAtcOrPri)
{
    struct toy *t;
    struct rsoc *s = scene(&t);
    struct pcie_xfer x;

    t->xfer_config.policy = PCIE_XFER_PRI;
    pcie_set_time(s->p, s->now);
    pcie_xfer_begin(&x, &t->xfer_config, t->ep, NULL, NULL);
    CHECK_EQ(PCIE_XFER_FAILED, pcie_xfer_continue(&x, t->data));
    CHECK_EQ(PCIE_XFER_REFUSED, x.error);
    pcie_xfer_begin(&x, &t->xfer_config, t->ep, t->atc, NULL);
    CHECK_EQ(PCIE_XFER_FAILED, pcie_xfer_continue(&x, t->data));
    CHECK_EQ(PCIE_XFER_PRI_FAIL, x.error);
    pcie_xfer_end(&x);
    rsoc_close(s);
}

/* SPDX-License-Identifier: MIT */
/* The root complex: endpoints' work, requests, and who is told when. */
#include "shim.h"

#include "pcie_toy.h"

#include <stdlib.h>
#include <string.h>

static struct rsoc *one(struct toy **t)
{
    static const struct rsoc_device d = {.cls = &toy_class};
    struct rsoc *s = rsoc_new();

    if (!rsoc_open(s, &d, 1))
        abort();
    *t = toy_of(s, s->dev[0]);
    return s;
}

TEST_CASE(PcieRoot, WorkReachesRam)
{
    struct toy *t;
    struct rsoc *s = one(&t);

    memset(t->data, 0xa5, 512);
    t->job = TOY_DMA;
    t->tlp = (struct pcie_tlp){
        .type = PCIE_TLP_MWR, .addr = RSOC_RAM + 0x1f80, .length = 512};
    rsoc_bar_wr(s, s->dev[0], 0, 0, 4, 1);
    /* The register write only wakes it. */
    CHECK_EQ(0, s->untranslated);
    CHECK_EQ(1, s->wakes);
    CHECK(rsoc_run(s));
    CHECK_EQ(0, t->result);
    CHECK_EQ(0, *rsoc_ram(s, RSOC_RAM + 0x1f7f, 1));
    CHECK_MEM(t->data, rsoc_ram(s, RSOC_RAM + 0x1f80, 512), 512);
    CHECK_EQ(0, *rsoc_ram(s, RSOC_RAM + 0x2180, 1));
    CHECK_EQ(pcie_id(rsoc_fn(s, s->dev[0])), s->last.requester);

    memset(t->data, 0, 512);
    t->tlp.type = PCIE_TLP_MRD;
    CHECK(toy_run(s, t, TOY_DMA));
    CHECK_EQ(0xa5, t->data[511]);
    rsoc_close(s);
}

TEST_CASE(PcieRoot, WorkIsCalledWhenItIsDue)
{
    struct toy *t;
    struct rsoc *s = one(&t);
    uint64_t now = s->now;

    /* What is earlier than due wakes the embedder, what is later does not. */
    pcie_ep_wake(t->ep, now + 5000);
    CHECK_EQ(1, s->wakes);
    pcie_ep_wake(t->ep, now + 7000);
    CHECK_EQ(1, s->wakes);
    pcie_ep_wake(t->ep, now + 3000);
    CHECK_EQ(2, s->wakes);
    CHECK_EQ(now + 3000, s->due);
    CHECK(rsoc_run_until(s, now + 2999));
    CHECK_EQ(0, t->works);
    CHECK(rsoc_run(s));
    CHECK_EQ(1, t->works);
    CHECK_EQ(now + 3000, t->worked);

    t->every = 10000;
    toy_start(s, t, TOY_NOTHING);
    now = s->now;
    CHECK(rsoc_run_until(s, now + 100000));
    CHECK_EQ(1 + 11, t->works);
    CHECK_EQ(now + 100000, t->worked);
    rsoc_close(s);
}

static struct toy *order[32];
static unsigned worked;

static void greedy(struct toy *t, uint64_t now)
{
    order[worked++ % 32] = t;
    t->job = TOY_CALL;
    pcie_ep_wake(t->ep, now);
}

TEST_CASE(PcieRoot, NobodyStarves)
{
    struct rsoc_device d[3] = {{.cls = &toy_class},
                               {.cls = &toy_class, .integrated = true},
                               {.cls = &toy_class}};
    struct rsoc *s = rsoc_new();

    REQUIRE(rsoc_open(s, d, 3));
    for (unsigned i = 0; i < 3; i++) {
        struct toy *t = toy_of(s, s->dev[i]);

        t->call = greedy;
        toy_start(s, t, TOY_CALL);
    }
    for (unsigned i = 0; i < 10; i++)
        CHECK(rsoc_step(s));
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(10, toy_of(s, s->dev[i])->works);
    /* Not the same one is always first. */
    CHECK_EQ(30, worked);
    CHECK(order[0] != order[3] || order[0] != order[6] || order[0] != order[9]);
    rsoc_close(s);
}

TEST_CASE(PcieRoot, InterruptsAreWrites)
{
    struct toy *t;
    struct rsoc *s = one(&t);

    rsoc_enable_msix(s, s->dev[0], 8, 0x40);
    t->vector = 5;
    CHECK(toy_run(s, t, TOY_MSI));
    CHECK_EQ(PCIE_IRQ_SENT, t->result);
    REQUIRE(s->msis == 1);
    CHECK_EQ(RSOC_MSI, s->msi[0].addr);
    CHECK_EQ(0x45, s->msi[0].data);
    CHECK_EQ(pcie_id(rsoc_fn(s, s->dev[0])), s->msi[0].rid);
    rsoc_close(s);
}

/* 2.2.6.2: a write has gone when it is sent, a read waits for its data. */
TEST_CASE(PcieRoot, LatencyIsBothWaysForWhatIsAnswered)
{
    struct rsoc_device d = {.cls = &toy_class, .integrated = true};
    struct rsoc *s = rsoc_new();
    struct toy *t;

    s->timed = true;
    s->latency_ps = 7000;
    s->memory_ps = 100;
    s->translate_ps = 30;
    REQUIRE(rsoc_open(s, &d, 1));
    t = toy_of(s, s->dev[0]);
    t->tlp =
        (struct pcie_tlp){.type = PCIE_TLP_MWR, .addr = RSOC_RAM, .length = 4};
    CHECK(toy_run(s, t, TOY_REQUEST));
    CHECK_EQ(t->worked + 7100, t->done);
    t->tlp.type = PCIE_TLP_MRD;
    CHECK(toy_run(s, t, TOY_REQUEST));
    CHECK_EQ(t->worked + 14100, t->done);
    rsoc_enable_sva(s, s->dev[0]);
    t->tlp.at = 1;
    t->tlp.length = 8;
    CHECK(toy_run(s, t, TOY_REQUEST));
    CHECK_EQ(t->worked + 14030, t->done);
    rsoc_close(s);
}

TEST_CASE(PcieRoot, WithoutTranslateTheyAreUnsupported)
{
    struct rsoc_device d = {.cls = &toy_class};
    struct rsoc *s = rsoc_new();
    struct iovp_ats_completion c;
    struct toy *t;

    s->no_translate = true;
    REQUIRE(rsoc_open(s, &d, 1));
    t = toy_of(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[0]);
    t->tlp = (struct pcie_tlp){
        .type = PCIE_TLP_MRD, .at = 1, .addr = 0x1000, .length = 8};
    CHECK(toy_run(s, t, TOY_REQUEST));
    CHECK_EQ(PCIE_SC, t->result);
    memcpy(&c, t->data, sizeof(c));
    CHECK_EQ(IOVP_ATS_UR, c.status);
    rsoc_close(s);
}

static const struct pcie_tlp_view *last_view(const struct rsoc *s, uint8_t type)
{
    for (uint32_t i = s->tlps < RSOC_LIST ? s->tlps : RSOC_LIST; i--;)
        if (s->tlp[i].tlp.type == type)
            return &s->tlp[i];
    return NULL;
}

TEST_CASE(PcieRoot, ViewsAndCounters)
{
    struct toy *t;
    struct rsoc *s = one(&t);
    struct pcie_counter c[8];
    const struct pcie_tlp_view *v;
    uint32_t n;

    rsoc_enable_msix(s, s->dev[0], 1, 0x40);
    t->tlp = (struct pcie_tlp){
        .type = PCIE_TLP_MRD, .addr = RSOC_RAM, .length = 100};
    CHECK(toy_run(s, t, TOY_REQUEST));
    v = last_view(s, PCIE_TLP_MRD);
    REQUIRE(v);
    CHECK_EQ(s->dev[0], v->function);
    CHECK_EQ(PCIE_SC, v->status);
    CHECK_EQ(100, v->tlp.length);
    CHECK_EQ(t->worked, v->time_in);
    CHECK_EQ(t->done, v->time_out);
    CHECK_EQ(t->worked + s->memory_ps, v->time_out);
    t->vector = 0;
    CHECK(toy_run(s, t, TOY_MSI));
    /* A message that is nothing to a root complex. */
    t->tlp = (struct pcie_tlp){.type = PCIE_TLP_MSG, .message = 0x7f};
    CHECK(toy_run(s, t, TOY_REQUEST));
    v = last_view(s, PCIE_TLP_MSG);
    REQUIRE(v);
    CHECK_EQ(PCIE_UR, v->status);

    n = pcie_root_counters(s->root, s->dev[0], c, 8);
    REQUIRE(n == 4);
    CHECK_STR("works", c[0].name);
    CHECK_EQ(3, c[0].value);
    CHECK_STR("msi_sent", c[1].name);
    CHECK_EQ(1, c[1].value);
    CHECK_STR("tlps", c[2].name);
    CHECK_EQ(3, c[2].value);
    CHECK_STR("bytes", c[3].name);
    CHECK_EQ(104, c[3].value);
    memset(c, 0, sizeof(c));
    CHECK_EQ(4, pcie_root_counters(s->root, s->dev[0], c, 2));
    CHECK(c[2].name == NULL);
    CHECK_EQ(0, pcie_root_counters(s->root, 1000, c, 8));
    rsoc_close(s);
}

static void beyond(struct toy *t, uint64_t now)
{
    (void)now;
    t->result = pcie_dma(pcie_ep_function(t->ep), &t->tlp, t->data);
}

TEST_CASE(PcieRoot, UnpluggedEndpointsRest)
{
    struct toy *t;
    struct rsoc *s = one(&t);
    uint32_t works;

    t->call = beyond;
    t->every = 1000;
    t->tlp =
        (struct pcie_tlp){.type = PCIE_TLP_MWR, .addr = RSOC_RAM, .length = 64};
    toy_start(s, t, TOY_CALL);
    CHECK(rsoc_run_until(s, s->now + 5000));
    works = t->works;
    CHECK(works >= 5);
    pcie_root_unplug(s->root, s->dev[0]);
    CHECK(rsoc_run(s));
    CHECK_EQ(works, t->works);
    CHECK_EQ(0xffffffff, rsoc_bar_rd(s, s->dev[0], 0, 0, 4));
    t->resets = 0;
    pcie_root_plug(s->root, s->dev[0]);
    CHECK_EQ(1, t->resets);
    toy_start(s, t, TOY_NOTHING);
    CHECK(rsoc_run_until(s, s->now + 100));
    CHECK_EQ(works + 1, t->works);
    rsoc_close(s);
}

TEST_CASE(PcieRoot, ResetForgets)
{
    struct toy *t;
    struct rsoc *s = one(&t);

    rsoc_enable_sva(s, s->dev[0]);
    pcie_ep_wake(t->ep, s->now + 1000);
    CHECK(rsoc_invalidate(s, s->dev[0], 1, 0x1000, 12, false) >= 0);
    pcie_root_reset(s->root);
    CHECK(rsoc_run(s));
    CHECK_EQ(0, t->works);
    CHECK_EQ(0, t->messages);
    CHECK_EQ(RSOC_INV_PENDING, s->inv[0].state);
    rsoc_close(s);
}

/* ---- create ---------------------------------------------------------------
 */

static const char *toy_check(const void *config)
{
    return ((const struct toy_config *)config)->deaf ? "deaf is wrong" : NULL;
}

TEST_CASE(PcieRoot, IllegalConfigurationsAreRefused)
{
    static struct pcie_ep_class cls;
    struct toy_config tc = {.plain = true};
    struct pcie_ep_caps room;
    struct pcie_root_function f = {.cls = &cls, .config = &tc};
    struct pcie_root_config good = {.size = sizeof(good),
                                    .bus_last = 1,
                                    .functions = &f,
                                    .function_count = 1},
                            c = good;
    int32_t index = 7;

    cls = toy_class;
    cls.check = toy_check;
    f.fn.kind = PCIE_RCIEP;
    f.fn.parent = -1;
    toy_class.describe(&tc, &f.fn, &room);
    CHECK(pcie_root_check(&good, &index) == NULL);
    CHECK_EQ(-1, index);
    CHECK(pcie_root_check(NULL, NULL) != NULL);
    c.size--;
    CHECK(pcie_root_check(&c, NULL) != NULL);
    c = good;
    c.page_requests = 4097;
    CHECK(pcie_root_check(&c, NULL) != NULL);
    c = good;
    c.function_count = PCIE_FUNCTIONS_MAX + 1;
    CHECK(pcie_root_check(&c, NULL) != NULL);
    c = good;
    c.functions = NULL;
    CHECK(pcie_root_check(&c, NULL) != NULL);
    tc.deaf = true;
    CHECK_STR("deaf is wrong", pcie_root_check(&good, &index));
    CHECK_EQ(0, index);
    tc.deaf = false;
    f.config = NULL;
    CHECK(pcie_root_check(&good, &index) != NULL);
    f.config = &tc;
    f.fn.parent = 3; /* what the hierarchy refuses */
    CHECK(pcie_root_check(&good, &index) != NULL);
    CHECK_EQ(0, index);
}

static int budget, blocks;

static void *scarce_alloc(void *opaque, uint64_t bytes)
{
    (void)opaque;
    if (!budget)
        return NULL;
    budget--;
    blocks++;
    return malloc((size_t)bytes);
}

static void scarce_free(void *opaque, void *block)
{
    (void)opaque;
    blocks -= block != NULL;
    free(block);
}

TEST_CASE(PcieRoot, MemoryThatRunsOut)
{
    struct toy_config tc = {.plain = true};
    struct pcie_ep_caps room;
    struct pcie_root_function f = {.cls = &toy_class, .config = &tc};
    struct pcie_root_config c = {
        .size = sizeof(c), .bus_last = 1, .functions = &f, .function_count = 1};
    struct pcie_root_ops ops = {
        .size = sizeof(ops), .alloc = scarce_alloc, .free = scarce_free};
    struct pcie_root *r = NULL;
    int n = 0;

    f.fn.kind = PCIE_RCIEP;
    f.fn.parent = -1;
    tc.atc.cache = (struct iovp_cache_config){.entries = 4, .ways = 4};
    toy_class.describe(&tc, &f.fn, &room);
    for (; !r && n < 100; n++) {
        budget = n;
        blocks = 0;
        r = pcie_root_create(&c, &ops, NULL);
        if (!r)
            CHECK_EQ(0, blocks);
    }
    CHECK(n > 8);
    REQUIRE(r);
    pcie_root_destroy(r);
    CHECK_EQ(0, blocks);
    ops.free = NULL;
    CHECK(pcie_root_create(&c, &ops, NULL) == NULL);
    pcie_root_destroy(NULL);
}

/* SPDX-License-Identifier: MIT */
/* Domains: where mappings can be, tables of the caller, memory and notifiers.
 */
#include <stdlib.h>

#include "capi_domains.h"
#include "capi_soc.h"
#include "shim.h"

#define NONE IOVP_NO_PASID
#define LAST ((1ull << 48) - 1)

/* ---- windows ------------------------------------------------------------- */

/* The domain's windows are these: first, last, first, ..., ended by 0, 0. */
static void expect_windows(iovp_domain *m, const uint64_t (*want)[2])
{
    iovp_window w[64];
    size_t count = 64, n = 0;

    memset(w, 0, sizeof(w));
    for (unsigned i = 0; i < 64; i++)
        w[i].size = sizeof(w[i]);
    CHECK_EQ(iovp_domain_windows(m, w, &count, NULL), IOVP_OK);
    for (; want[n][1]; n++) {
        if (n >= count)
            continue;
        CHECK_EQ(w[n].first, want[n][0]);
        CHECK_EQ(w[n].last, want[n][1]);
        CHECK_EQ(w[n].kind, IOVP_WINDOW_USABLE);
    }
    CHECK_EQ(count, n);
}

static const uint64_t all[][2] = {{0, LAST}, {0, 0}};
static const uint64_t of_npu[][2] = {
    {0, DOM_MSI_FIRST - 1}, {DOM_MSI_LAST + 1, LAST}, {0, 0}};
static const uint64_t of_cam[][2] = {{0, DOM_MSI_FIRST - 1},
                                     {DOM_MSI_LAST + 1, DOM_CAM_FIRST - 1},
                                     {DOM_CAM_LAST + 1, LAST},
                                     {0, 0}};
/* The display's twin has its StreamID, and a region. */
static const uint64_t of_cam_and_disp[][2] = {
    {0, DOM_MSI_FIRST - 1},
    {DOM_MSI_LAST + 1, DOM_CAM_FIRST - 1},
    {DOM_CAM_LAST + 1, DOM_TWIN_FIRST - 1},
    {DOM_TWIN_LAST + 1, LAST},
    {0, 0}};

static void windows(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);

    REQUIRE(m);
    expect_windows(m, all);
    CHECK_EQ(iovp_domain_attach(m, d->npu, 9), IOVP_OK);
    expect_windows(m, of_npu);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    expect_windows(m, of_cam);
    CHECK_EQ(iovp_domain_detach(m, d->npu, 9), IOVP_OK);
    expect_windows(m, of_cam);
    CHECK_EQ(iovp_domain_attach(m, d->disp, NONE), IOVP_OK);
    expect_windows(m, of_cam_and_disp);
    CHECK_EQ(iovp_domain_detach(m, d->disp, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, d->cam, NONE), IOVP_OK);
    expect_windows(m, all);
}

TEST_CASE(CapiDomain, WindowsFollowTheDevices)
{
    dom_one(windows);
}

static void window_lists(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 16), *pages, *two;
    const iovp_domain_config config = {.size = sizeof(config),
                                       .stage = 1,
                                       .input_bits = 39,
                                       .flags = IOVP_DOMAIN_PAGES_ONLY};
    iovp_window w[2] = {{.size = sizeof(w[0])}, {.size = sizeof(w[0])}};
    iovp_window_info info = {.size = sizeof(info)};
    size_t count = 0;

    REQUIRE(m);
    DOM_FAILS(iovp_domain_windows(m, NULL, NULL, NULL), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_windows(m, NULL, &count, &info), IOVP_E_SPACE);
    CHECK_EQ(count, 1);
    CHECK_EQ(info.state, IOVP_REGIME_TRANSLATED);
    /* 64 KB pages and 512 MB blocks. */
    CHECK_EQ(info.page_sizes, 1u << 16 | 1u << 29);
    CHECK_EQ(info.alignment, 1u << 16);
    info.size = 3;
    count = 2;
    DOM_FAILS(iovp_domain_windows(m, w, &count, &info), IOVP_E_INVALID);
    REQUIRE(!iovp_domain_create(&pages, d->c, &config));
    info.size = sizeof(info);
    CHECK_EQ(iovp_domain_windows(pages, w, &count, &info), IOVP_OK);
    CHECK_EQ(count, 1);
    CHECK_EQ(w[0].last, (1ull << 39) - 1);
    CHECK_EQ(info.page_sizes, 1u << 12);
    /* Stage 2 begins with as many bits as physical addresses have. */
    two = dom_new(d, 2, 12);
    CHECK_EQ(iovp_domain_windows(two, w, &count, &info), IOVP_OK);
    CHECK_EQ(w[0].last, LAST);
    CHECK_EQ(info.page_sizes, 1u << 12 | 1u << 21 | 1u << 30);
}

TEST_CASE(CapiDomain, WindowLists)
{
    dom_one(window_lists);
}

static iovp_window window(uint64_t first, uint64_t last)
{
    return (iovp_window){sizeof(iovp_window), IOVP_WINDOW_USABLE, first, last};
}

static void required(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    iovp_window w[65], bad = window(5, 4);

    REQUIRE(m);
    for (unsigned i = 0; i < 65; i++)
        w[i] = window(i * MB(1), i * MB(1));
    DOM_FAILS(iovp_domain_require(m, NULL, 1), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_require(m, &bad, 1), IOVP_E_INVALID);
    bad = window(4, 5);
    bad.kind = IOVP_WINDOW_MSI;
    DOM_FAILS(iovp_domain_require(m, &bad, 1), IOVP_E_INVALID);
    bad = window(4, 5);
    bad.size = 8;
    DOM_FAILS(iovp_domain_require(m, &bad, 1), IOVP_E_INVALID);
    bad = window(LAST, LAST + 1);
    DOM_FAILS(iovp_domain_require(m, &bad, 1), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_require(m, w, 65), IOVP_E_LIMIT);
    CHECK_EQ(iovp_domain_require(m, w, 64), IOVP_OK);
    /* The camera has the fifth. */
    w[0] = window(GB(1), GB(1) + MB(255));
    w[1] = window(DOM_CAM_LAST, DOM_CAM_LAST);
    CHECK_EQ(iovp_domain_require(m, w, 2), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, d->cam, NONE), IOVP_E_RANGE);
    expect_windows(m, all);
    CHECK(!dom_reads(d, d->cam, NONE, 0, DOM_DATA));
    DOM_FAILS(iovp_domain_detach(m, d->cam, NONE), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_domain_attach(m, d->npu, NONE), IOVP_OK);
    /* One that is not valid: the old list stays. */
    w[1] = window(DOM_MSI_LAST, DOM_MSI_LAST + 1);
    DOM_FAILS(iovp_domain_require(m, w, 2), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_attach(m, d->cam, NONE), IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_require(m, w, 1), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_require(m, NULL, 0), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, d->cam, NONE), IOVP_E_BUSY);
}

TEST_CASE(CapiDomain, RequiredWindows)
{
    dom_one(required);
}

static iovp_status map_at(iovp_domain *m, uint64_t iova, uint64_t bytes)
{
    return iovp_domain_map(m, IOVP_MAP_FIXED, &iova, DOM_DATA, bytes, DOM_RW);
}

/* A mapping keeps devices out that must not use its addresses, and they keep
 * mappings out. */
static void mapped_windows(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    uint64_t at;

    REQUIRE(m);
    CHECK_EQ(map_at(m, DOM_CAM_FIRST - KB(4), KB(8)), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, d->cam, NONE), IOVP_E_RANGE);
    expect_windows(m, all);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, NULL), IOVP_OK);
    CHECK_EQ(map_at(m, DOM_CAM_LAST + 1, KB(8)), IOVP_OK);
    CHECK_EQ(map_at(m, DOM_CAM_FIRST - KB(4), KB(4)), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    DOM_FAILS(map_at(m, DOM_CAM_FIRST, KB(4)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, DOM_CAM_LAST - KB(4) + 1, KB(4)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, DOM_MSI_FIRST - KB(4), KB(8)), IOVP_E_RANGE);
    CHECK_EQ(map_at(m, DOM_MSI_FIRST - KB(4), KB(4)), IOVP_OK);
    /* Nor is room there: 1 GB fits above the camera's only. */
    CHECK_EQ(dom_map(m, ~0ull, 0, GB(1)), GB(2));
    CHECK_EQ(iovp_domain_reserve(m, MB(127), 0, &at), IOVP_OK);
    CHECK_EQ(at, 0);
    CHECK_EQ(iovp_domain_reserve(m, MB(1), 0, &at), IOVP_OK);
    CHECK_EQ(at, DOM_MSI_LAST + 1);
}

TEST_CASE(CapiDomain, MappingsAndWindows)
{
    dom_one(mapped_windows);
}

/* ---- a table of the caller -------------------------------------------------
 */

static void put(struct dom *d, uint64_t addr, uint64_t v)
{
    CHECK_EQ(iovp_mem_write(d->p, addr, &v, 8), IOVP_OK);
}

/* 39 bits, 4 KB: levels 1 to 3 map 0x40201000 to the data. */
static iovp_table callers(struct dom *d)
{
    const uint64_t l1 = DOM_END - KB(16), l2 = l1 + KB(4), l3 = l2 + KB(4);
    const uint64_t zero[512] = {0};
    iovp_table t = {.size = sizeof(t), .type = IOVP_TABLE_SMMUV3_CD};

    for (uint64_t at = l1; at < l1 + KB(12); at += KB(4))
        CHECK_EQ(iovp_mem_write(d->p, at, zero, sizeof(zero)), IOVP_OK);
    put(d, l1 + 8, l2 | 3);
    put(d, l2 + 8, l3 | 3);
    /* AF, Inner Shareable, AP[1], nG */
    put(d, l3 + 8, DOM_DATA | 0xf43);
    /* IHI 0070 5.4: T0SZ 25, WB WB ISH, EPD1, V, IPS 48 bits, AA64; TTB0;
     * MAIR. */
    t.word[0] = 25 | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 30 | 1ull << 31 |
                5ull << 32 | 1ull << 41;
    t.word[1] = l1;
    t.word[3] = 0xff;
    return t;
}

static void callers_table(struct dom *d)
{
    const iovp_table table = callers(d);
    iovp_table bad = table;
    iovp_domain_config config = {
        .size = sizeof(config), .stage = 1, .table = &bad};
    const uint64_t want[][2] = {{0, (1ull << 39) - 1}, {0, 0}};
    iovp_domain *m = NULL;
    uint64_t at = 0;

    bad.type = IOVP_TABLE_VTD_FIRST;
    DOM_FAILS(iovp_domain_create(&m, d->c, &config), IOVP_E_UNSUPPORTED);
    bad.size = 1;
    DOM_FAILS(iovp_domain_create(&m, d->c, &config), IOVP_E_INVALID);
    config.table = &table;
    REQUIRE(!iovp_domain_create(&m, d->c, &config));
    expect_windows(m, want);
    CHECK_EQ(iovp_domain_attach(m, d->npu, 4), IOVP_OK);
    CHECK(dom_reads(d, d->npu, 4, 0x40201010, DOM_DATA + 0x10));
    CHECK(!dom_reads(d, d->npu, 4, 0x40202010, DOM_DATA + 0x10));
    DOM_FAILS(iovp_domain_map(m, 0, &at, DOM_DATA, KB(4), DOM_RW),
              IOVP_E_UNSUPPORTED);
    DOM_FAILS(iovp_domain_unmap(m, 0, UINT64_MAX, NULL), IOVP_E_UNSUPPORTED);
    DOM_FAILS(iovp_domain_reserve(m, KB(4), 0, &at), IOVP_E_UNSUPPORTED);
    DOM_FAILS(iovp_domain_unreserve(m, 0), IOVP_E_UNSUPPORTED);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    CHECK(dom_reads(d, d->cam, NONE, 0x40201010, DOM_DATA + 0x10));
    CHECK_EQ(iovp_domain_detach(m, d->npu, 4), IOVP_OK);
    CHECK(!dom_reads(d, d->npu, 4, 0x40201010, DOM_DATA + 0x10));
    iovp_domain_destroy(m);
    CHECK(!dom_reads(d, d->cam, NONE, 0x40201010, DOM_DATA + 0x10));
}

TEST_CASE(CapiDomain, TableOfTheCaller)
{
    dom_both(callers_table);
}

/* ---- memory ---------------------------------------------------------------
 */

/* Until the donated memory is used up; all of it comes back. */
TEST_CASE(CapiDomain, DonatedMemoryIsUsedUp)
{
    struct dom d;
    iovp_domain *m, *more = NULL;
    const iovp_domain_config config = {.size = sizeof(config), .stage = 1};
    uint64_t used, n, mapped;

    REQUIRE(dom_open(&d, IOVP_MODE_FUNCTIONAL, MB(4)));
    m = dom_new(&d, 1, 12);
    CHECK_EQ(iovp_domain_attach(m, d.cam, NONE), IOVP_OK);
    used = dom_used(&d);
    for (int again = 0; again < 2; again++) {
        uint64_t i = 0, before;
        iovp_status st = IOVP_OK;

        /* Each wants a table of level 2 and one of level 3. */
        for (; !st; i++) {
            before = dom_used(&d);
            st = map_at(m, GB(2) + i * GB(1), KB(4));
        }
        CHECK_EQ(st, IOVP_E_NOMEM);
        CHECK(strstr(iovp_last_error(), "iovp_memory_donate"));
        CHECK_EQ(dom_used(&d), before);
        /* A domain begins with one page. */
        CHECK_EQ(iovp_domain_create(&more, d.c, &config),
                 before + KB(4) > MB(4) ? IOVP_E_NOMEM : IOVP_OK);
        iovp_domain_destroy(more);
        /* Whether there is room for one more table or not. */
        mapped = i - 1;
        CHECK(mapped > 300 && mapped < 1024);
        CHECK_EQ(dom_at(d.cam, NONE, GB(2)), DOM_DATA);
        CHECK_EQ(dom_at(d.cam, NONE, GB(1) + mapped * GB(1)), DOM_DATA);
        CHECK_EQ(dom_at(d.cam, NONE, GB(2) + mapped * GB(1)), ~0ull);
        CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &n), IOVP_OK);
        CHECK_EQ(n, mapped * KB(4));
        CHECK_EQ(dom_used(&d), used);
    }
    dom_close(&d);
}

/* The caller's memory, which ends. */
struct short_memory {
    unsigned live, left;
};

static void *short_alloc(void *ud, size_t bytes)
{
    struct short_memory *s = ud;

    if (!s->left)
        return NULL;
    s->left--;
    s->live++;
    return malloc(bytes);
}

static void short_release(void *ud, void *block)
{
    struct short_memory *s = ud;

    s->live--;
    free(block);
}

struct starving {
    struct dom d;
    iovp_domain *m, *made;
    uint64_t at;
};

static iovp_status try_create(struct starving *t)
{
    const iovp_domain_config config = {.size = sizeof(config), .stage = 2};

    return iovp_domain_create(&t->made, t->d.c, &config);
}

static iovp_status try_attach(struct starving *t)
{
    return iovp_domain_attach(t->m, t->d.npu, 3);
}

static iovp_status try_map(struct starving *t)
{
    return map_at(t->m, GB(4), MB(2) + KB(4));
}

static iovp_status try_reserve(struct starving *t)
{
    return iovp_domain_reserve(t->m, KB(4), 0, &t->at);
}

/* The n-th allocation fails, for every n: an error that changes nothing. */
TEST_CASE(CapiDomain, HostMemoryIsShort)
{
    static iovp_status (*const tries[])(struct starving *) = {
        try_create, try_attach, try_map, try_reserve};
    struct short_memory s = {0, ~0u};
    const iovp_allocator a = {sizeof(a), 0, short_alloc, short_release, &s};
    struct starving t = {.at = 77};

    REQUIRE(dom_open_with(&t.d, IOVP_MODE_FUNCTIONAL, MB(64), &a));
    t.m = dom_new(&t.d, 1, 12);
    /* The context keeps its Stream table for the next time. */
    CHECK_EQ(try_attach(&t), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(t.m, t.d.npu, 3), IOVP_OK);
    for (unsigned i = 0; i < 4; i++) {
        unsigned live = s.live, n = 0;
        uint64_t used = dom_used(&t.d);

        for (;; n++) {
            iovp_status st;

            s.left = n;
            st = tries[i](&t);
            if (!st)
                break;
            CHECK_EQ(st, IOVP_E_NOMEM);
            CHECK_EQ(s.live, live);
            CHECK_EQ(dom_used(&t.d), used);
            REQUIRE(n < 100);
            CHECK_EQ(dom_at(t.d.npu, 3, GB(4)), i < 3 ? ~0ull : DOM_DATA);
        }
        CHECK(n > 0);
        s.left = ~0u;
    }
    CHECK(dom_reads(&t.d, t.d.npu, 3, GB(4), DOM_DATA));
    dom_close(&t.d);
    CHECK_EQ(s.live, 0);
}

/* ---- notifiers ------------------------------------------------------------
 */

struct heard {
    unsigned maps, unmaps;
    iovp_notification map, unmap;
};

static void hear(void *ud, const iovp_notification *n)
{
    struct heard *h = ud;

    if (n->kind == IOVP_NOTIFY_MAP) {
        h->maps++;
        h->map = *n;
    } else if (n->kind == IOVP_NOTIFY_UNMAP) {
        h->unmaps++;
        h->unmap = *n;
    }
}

static void notified(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    struct heard h = {0};
    iovp_notifier_config config = {.size = sizeof(config),
                                   .index = IOVP_REGIME_ALL,
                                   .events =
                                       IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP,
                                   .understands = IOVP_ATTR_ALL,
                                   .last = UINT64_MAX,
                                   .fn = hear,
                                   .ud = &h};
    iovp_notifier *n = NULL;

    REQUIRE(m);
    CHECK_EQ(iovp_domain_attach(m, d->npu, 6), IOVP_OK);
    CHECK_EQ(iovp_notifier_register(&n, d->npu, &config), IOVP_OK);
    dom_map(m, MB(4), DOM_DATA, KB(12));
    CHECK_EQ(h.maps, 1);
    CHECK_EQ(h.map.pasid, 6);
    CHECK_EQ(h.map.first, MB(4));
    CHECK_EQ(h.map.last, MB(4) + KB(12) - 1);
    CHECK_EQ(h.map.pa, DOM_DATA);
    CHECK_EQ(h.map.rights, DOM_RW);
    CHECK_EQ(h.map.mem_type, 0xff);
    CHECK_EQ(h.map.shareability, IOVP_SH_INNER);
    CHECK_EQ(h.unmaps, 0);
    CHECK_EQ(iovp_domain_unmap(m, 0, MB(8), NULL), IOVP_OK);
    CHECK(h.unmaps > 0);
    CHECK_EQ(h.unmap.pasid, 6);
    CHECK(h.unmap.first <= MB(4) + KB(12) - 1 && h.unmap.last >= MB(4));
    CHECK_EQ(h.maps, 1);
    /* Nobody has it any more. */
    CHECK_EQ(iovp_domain_detach(m, d->npu, 6), IOVP_OK);
    dom_map(m, MB(4), DOM_DATA, KB(12));
    CHECK_EQ(h.maps, 1);
    iovp_notifier_unregister(n);
}

TEST_CASE(CapiDomain, NotifiersHear)
{
    dom_one(notified);
}

/* ---- processes ------------------------------------------------------------
 */

static void of_process(struct dom *d)
{
    const iovp_process_config config = {.size = sizeof(config)};
    iovp_process *s = NULL;
    iovp_domain *m = NULL;

    REQUIRE(!iovp_process_create(&s, d->c, &config));
    REQUIRE(!iovp_process_domain(s, &m));
    DOM_FAILS(iovp_domain_attach(m, d->npu, 1), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_detach(m, d->npu, 1), IOVP_E_INVALID);
    iovp_domain_destroy(m);
    CHECK_EQ(map_at(m, MB(1), KB(4)), IOVP_OK);
    iovp_process_destroy(s);
    DOM_FAILS(map_at(m, MB(2), KB(4)), IOVP_E_HANDLE);
}

TEST_CASE(CapiDomain, OfAProcess)
{
    dom_one(of_process);
}

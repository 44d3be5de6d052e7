/* SPDX-License-Identifier: MIT */
/* Promises of iovp.h about what depends on each other: domains, bindings,
 * notifiers, spaces; and about arguments at their limits. */
#include <stdlib.h>

#include "capi_domains.h"
#include "capi_soc.h"
#include "shim.h"

#define NONE IOVP_NO_PASID
#define LAST ((1ull << 48) - 1)

/* Functional here, timed in a process of its own. */
static void both(void (*fn)(void *ud))
{
    uint32_t functional = IOVP_MODE_FUNCTIONAL, timed = IOVP_MODE_TIMED;

    fn(&functional);
    if (iovp_has_systemc())
        soc_child(fn, &timed);
}

/* ---- notifiers of devices that share a StreamID ---------------------------
 */

struct heard {
    unsigned maps;
    iovp_notification map;
    unsigned freed;
};

static void hear(void *ud, const iovp_notification *n)
{
    struct heard *h = ud;

    if (n->kind == IOVP_NOTIFY_MAP) {
        h->maps++;
        h->map = *n;
    }
}

static void freed(void *ud)
{
    struct heard *h = ud;

    h->freed++;
}

static iovp_notifier *listen_to(iovp_device *d, struct heard *h)
{
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n = NULL;

    c.events = IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP;
    c.understands = IOVP_ATTR_ALL;
    c.fn = hear;
    c.free_ud = freed;
    c.ud = h;
    CHECK_EQ(iovp_notifier_register(&n, d, &c), IOVP_OK);
    return n;
}

/* One mapping, told once to each. */
static void map_and_hear(iovp_domain *m, uint64_t iova, struct heard h[2])
{
    h[0].maps = h[1].maps = 0;
    dom_map(m, iova, DOM_DATA, KB(4));
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(h[i].maps, 1);
        CHECK_EQ(h[i].map.first, iova);
        CHECK_EQ(h[i].map.pa, DOM_DATA);
    }
}

static void neighbours(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    static struct heard h[2];

    REQUIRE(m);
    CHECK_EQ(iovp_domain_attach(m, d->disp, NONE), IOVP_OK);
    listen_to(d->disp, &h[0]);
    listen_to(d->twin, &h[1]);
    CHECK(dom_at(d->twin, NONE, GB(1)) == ~0ull);
    map_and_hear(m, GB(1), h);
    CHECK_EQ(dom_at(d->twin, NONE, GB(1)), DOM_DATA);
    CHECK_EQ(iovp_domain_attach(m, d->twin, NONE), IOVP_OK);
    map_and_hear(m, GB(2), h);
    CHECK_EQ(iovp_domain_detach(m, d->disp, NONE), IOVP_OK);
    map_and_hear(m, GB(3), h);
}

TEST_CASE(CapiReview, WhoSharesAStreamHearsOfItsMappings)
{
    dom_one(neighbours);
}

/* ---- windows of a second stage --------------------------------------------
 */

/* A guest's STE that bypasses stage 1 (Config 0b100). */
static iovp_binding guest_of(iovp_domain *stage2)
{
    const iovp_binding b = {.size = sizeof(b),
                            .stage1 = {.size = sizeof(b.stage1),
                                       .type = IOVP_TABLE_SMMUV3_STE,
                                       .word = {1 | 4u << 1}},
                            .stage2 = stage2};

    return b;
}

static size_t windows_of(iovp_domain *m, iovp_window w[8])
{
    size_t n = 8;

    for (unsigned i = 0; i < 8; i++)
        w[i].size = sizeof(w[i]);
    CHECK_EQ(iovp_domain_windows(m, w, &n, NULL), IOVP_OK);
    return n;
}

static void second_stage(struct dom *d)
{
    iovp_domain *m = dom_new(d, 2, 12);
    iovp_window w[8], req = IOVP_WINDOW_INIT;
    iovp_binding b = guest_of(m);
    uint64_t at = DOM_CAM_FIRST;

    REQUIRE(m);
    req.first = GB(1);
    req.last = GB(2) - 1; /* with the camera's region */
    CHECK_EQ(iovp_domain_require(m, &req, 1), IOVP_OK);
    DOM_FAILS(iovp_context_bind(d->c, d->cam, NONE, &b), IOVP_E_RANGE);
    CHECK_EQ(windows_of(m, w), 1);
    CHECK_EQ(iovp_domain_require(m, NULL, 0), IOVP_OK);
    dom_map(m, at, DOM_DATA, KB(4));
    DOM_FAILS(iovp_context_bind(d->c, d->cam, NONE, &b), IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, NULL), IOVP_OK);
    CHECK_EQ(iovp_context_bind(d->c, d->cam, NONE, &b), IOVP_OK);
    CHECK_EQ(windows_of(m, w), 3);
    CHECK_EQ(w[0].last, DOM_MSI_FIRST - 1);
    CHECK_EQ(w[1].last, DOM_CAM_FIRST - 1);
    CHECK_EQ(w[2].first, DOM_CAM_LAST + 1);
    CHECK_EQ(w[2].last, LAST);
    DOM_FAILS(iovp_domain_map(m, IOVP_MAP_FIXED, &at, DOM_DATA, KB(4), DOM_RW),
              IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_require(m, &req, 0), IOVP_OK);
    /* A second one, with a region of its neighbour's. */
    CHECK_EQ(iovp_context_bind(d->c, d->disp, NONE, &b), IOVP_OK);
    CHECK_EQ(windows_of(m, w), 4);
    CHECK_EQ(iovp_context_unbind(d->c, d->cam, NONE), IOVP_OK);
    CHECK_EQ(windows_of(m, w), 3);
    CHECK_EQ(w[2].first, DOM_TWIN_LAST + 1);
    CHECK_EQ(iovp_context_unbind(d->c, d->disp, NONE), IOVP_OK);
    CHECK_EQ(windows_of(m, w), 1);
    CHECK_EQ(w[0].last, LAST);
    /* The domain goes first. */
    CHECK_EQ(iovp_context_bind(d->c, d->cam, NONE, &b), IOVP_OK);
    iovp_domain_destroy(m);
    DOM_FAILS(iovp_context_unbind(d->c, d->cam, NONE), IOVP_E_NOTFOUND);
}

TEST_CASE(CapiReview, ABindingNarrowsItsSecondStage)
{
    dom_both(second_stage);
}

/* ---- arguments --------------------------------------------------------------
 */

static void lists_of_one_size(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    struct {
        iovp_window w[2];
        uint64_t zero[2];
    } list = {{{sizeof(iovp_window), 0, MB(1), MB(2) - 1},
               {sizeof(iovp_window) + 8, 0, MB(4), MB(5) - 1}},
              {0}};

    REQUIRE(m);
    DOM_FAILS(iovp_domain_require(m, list.w, 2), IOVP_E_INVALID);
    list.w[1].size = list.w[0].size;
    CHECK_EQ(iovp_domain_require(m, list.w, 2), IOVP_OK);
}

TEST_CASE(CapiReview, ElementsHaveTheSizeOfTheFirst)
{
    dom_one(lists_of_one_size);
}

/* Sums that do not fit into 64 bits. */
static void extremes(struct dom *d)
{
    const uint64_t page = KB(4), top = UINT64_MAX - (KB(4) - 1);
    iovp_domain *m = dom_new(d, 1, 12);
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint64_t at = 77, bytes = 77;
    uint8_t buf[16] = {0};

    REQUIRE(m);
    CHECK_EQ(iovp_domain_attach(m, d->npu, NONE), IOVP_OK);
    DOM_FAILS(iovp_domain_reserve(m, UINT64_MAX, 0, &at), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_reserve(m, top, 1ull << 63, &at), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_map(m, 0, &at, DOM_DATA, top, DOM_RW),
              IOVP_E_INVALID);
    CHECK_EQ(at, 77);
    at = top;
    DOM_FAILS(iovp_domain_map(m, IOVP_MAP_FIXED, &at, DOM_DATA, page, DOM_RW),
              IOVP_E_RANGE);
    DOM_FAILS(
        iovp_domain_map(m, IOVP_MAP_FIXED, &at, DOM_DATA, 2 * page, DOM_RW),
        IOVP_E_RANGE);
    at = 0;
    DOM_FAILS(iovp_domain_map(m, IOVP_MAP_FIXED, &at, top, page, DOM_RW),
              IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_unmap(m, 1, 0, &bytes), IOVP_E_INVALID);
    CHECK_EQ(bytes, 77);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &bytes), IOVP_OK);
    CHECK_EQ(bytes, 0);
    CHECK_EQ(iovp_domain_unmap(m, UINT64_MAX, UINT64_MAX, &bytes), IOVP_OK);
    CHECK_EQ(bytes, 0);
    /* The page below 2^48, which is the last. */
    dom_map(m, LAST + 1 - page, DOM_DATA, page);
    CHECK(dom_reads(d, d->npu, NONE, LAST + 1 - page, DOM_DATA));
    CHECK_EQ(iovp_domain_unmap(m, LAST + 1 - page, UINT64_MAX, &bytes),
             IOVP_OK);
    CHECK_EQ(bytes, page);
    /* DMA at the end of all addresses, with an IOMMU and without. */
    CHECK_EQ(iovp_dma_read(d->npu, NONE, UINT64_MAX - 7, buf, 16, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.done, 0);
    CHECK_EQ(iovp_dma_read(d->raw, NONE, UINT64_MAX - 7, buf, 16, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    CHECK_EQ(r.done, 0);
}

TEST_CASE(CapiReview, Extremes)
{
    dom_both(extremes);
}

/* ---- what a translation spans ----------------------------------------------
 */

/* All that is said to be translated alike is translated alike. */
static void check_span(iovp_device *d, uint64_t iova, uint64_t end)
{
    iovp_translation out = IOVP_TRANSLATION_INIT;

    CHECK_EQ(iovp_translate(d, NULL, iova, IOVP_ACCESS_READ,
                            IOVP_TRANSLATE_DEBUG, &out),
             IOVP_OK);
    CHECK_EQ(out.status, IOVP_DMA_OK);
    CHECK_EQ(out.pa, iova);
    CHECK(out.span > 0 && out.span - 1 <= end - iova);
}

static void pass_through(void *ud)
{
    const uint64_t top = (1ull << 48) - 1; /* IDR5.OAS: 48 bits */
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint8_t buf[16];
    struct soc s;

    /* Out of reset an SMMU is off, and transactions pass (6.3.14). */
    REQUIRE(soc_create(&s, *(uint32_t *)ud, 0));
    CHECK_EQ(soc_reg(&s, 0x14) & 7, 5);
    check_span(s.disp, SOC_DATA, top);
    check_span(s.disp, top, top);
    check_span(s.raw, SOC_DATA, UINT64_MAX);
    check_span(s.raw, UINT64_MAX, UINT64_MAX);
    /* 3.4: what lies beyond is aborted; below nothing answers. */
    CHECK_EQ(iovp_dma_read(s.disp, NONE, top + 1, buf, 16, NULL, &r), IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(iovp_dma_read(s.disp, NONE, top - 7, buf, 16, NULL, &r), IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    soc_close(&s);
}

TEST_CASE(CapiReview, SpansEndWhereAddressesDo)
{
    both(pass_through);
}

/* ---- without memory
 * ----------------------------------------------------------- */

static bool exhausted;

static void *alloc_some(void *ud, size_t bytes)
{
    (void)ud;
    return exhausted ? NULL : malloc(bytes);
}

static void release(void *ud, void *block)
{
    (void)ud;
    free(block);
}

TEST_CASE(CapiReview, NoMemoryIsNoLimit)
{
    const iovp_allocator a = {sizeof(a), 0, alloc_some, release, NULL};
    iovp_transfer_config c = IOVP_TRANSFER_CONFIG_INIT;
    iovp_transfer *t = NULL;
    struct dom d;
    uint8_t buf[8];

    REQUIRE(dom_open_with(&d, IOVP_MODE_FUNCTIONAL, MB(8), &a));
    c.access = IOVP_ACCESS_READ;
    c.iova = DOM_DATA;
    c.buf = buf;
    c.bytes = sizeof(buf);
    exhausted = true;
    DOM_FAILS(iovp_dma_submit(&t, d.raw, &c), IOVP_E_NOMEM);
    exhausted = false;
    CHECK(!t);
    CHECK_EQ(iovp_dma_submit(&t, d.raw, &c), IOVP_OK);
    dom_close(&d);
}

/* ---- the end
 * -------------------------------------------------------------------- */

/* Everything that there can be goes with the platform, and what depends on
 * something that has gone says so. */
static void all_alive(void *ud)
{
    struct heard h = {0}, failed = {0};
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n, *none = NULL;
    iovp_space *space = NULL;
    iovp_space_info info = IOVP_SPACE_INFO_INIT;
    iovp_binding b;
    iovp_domain *m, *two;
    struct dom d;
    uint64_t at = 0;

    REQUIRE(dom_open(&d, *(uint32_t *)ud, MB(16)));
    m = dom_new(&d, 1, 12);
    two = dom_new(&d, 2, 12);
    REQUIRE(m && two);
    b = guest_of(two);
    CHECK_EQ(iovp_context_bind(d.c, d.cam, NONE, &b), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, d.npu, 3), IOVP_OK);
    dom_map(m, GB(1), DOM_DATA, KB(4));
    n = listen_to(d.npu, &h);
    /* A registration that fails leaves `ud` to the caller. */
    c.fn = hear;
    c.free_ud = freed;
    c.ud = &failed;
    CHECK_EQ(iovp_notifier_register(&none, d.npu, &c), IOVP_E_INVALID);
    c.events = IOVP_NOTIFY_DROP;
    CHECK_EQ(iovp_notifier_register(&none, d.npu, &c), IOVP_E_ATTRS);
    CHECK(!none);
    CHECK_EQ(iovp_space_get(&space, d.npu, 3), IOVP_OK);
    iovp_context_destroy(d.c);
    DOM_FAILS(iovp_domain_map(m, 0, &at, DOM_DATA, KB(4), DOM_RW),
              IOVP_E_HANDLE);
    CHECK_EQ(iovp_space_get_info(space, &info), IOVP_E_STALE);
    CHECK_EQ(iovp_context_unbind(d.c, d.cam, NONE), IOVP_E_HANDLE);
    iovp_domain_destroy(two);
    CHECK_EQ(h.freed, 0);
    dom_close(&d);
    CHECK_EQ(h.freed, 1);
    CHECK_EQ(failed.freed, 0);
    CHECK_EQ(iovp_space_get_info(space, &info), IOVP_E_HANDLE);
    iovp_notifier_unregister(n);
    iovp_space_put(space);
    CHECK_EQ(h.freed, 1);
}

TEST_CASE(CapiReview, TheEnd)
{
    both(all_alive);
}

/* SPDX-License-Identifier: MIT */
/*
 * Domains against a simple model: a list of mappings, a list of reservations
 * and what is forbidden.  Every answer is foretold, and what devices see is
 * compared with the list.
 */
#include <stdlib.h>

#include "capi_domains.h"
#include "shim.h"
#include "smmu_tables.h"

#define NONE IOVP_NO_PASID
#define MOST 48

struct item {
    uint64_t first, last, pa;
};

struct list {
    struct item at[MOST];
    unsigned count;
};

struct model {
    iovp_domain *m;
    struct dom d;
    struct rnd r;
    unsigned page_bits, input_bits;
    struct list maps, reserved;
    bool cam;        /* attached: its region is forbidden */
    uint64_t blocks; /* mask: log2 of blocks */
};

static bool overlaps(const struct item *i, uint64_t first, uint64_t last)
{
    return i->first <= last && first <= i->last;
}

static struct item *hit(struct list *l, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < l->count; i++)
        if (overlaps(&l->at[i], first, last))
            return &l->at[i];
    return NULL;
}

static void drop(struct list *l, struct item *i)
{
    *i = l->at[--l->count];
}

/* The npu stays attached: interrupts are always forbidden. */
static bool forbidden(const struct model *t, uint64_t first, uint64_t last)
{
    const struct item msi = {DOM_MSI_FIRST, DOM_MSI_LAST, 0};
    const struct item cam = {DOM_CAM_FIRST, DOM_CAM_LAST, 0};

    return last >> t->input_bits || overlaps(&msi, first, last) ||
           (t->cam && overlaps(&cam, first, last));
}

static bool is_room(struct model *t, uint64_t first, uint64_t bytes)
{
    uint64_t last = first + bytes - 1;

    return last >= first && !forbidden(t, first, last) &&
           !hit(&t->maps, first, last) && !hit(&t->reserved, first, last);
}

/* The lowest room that is `offset` modulo `align`: begins at an end of
 * something, rounded up. */
static bool lowest(struct model *t, uint64_t bytes, uint64_t align,
                   uint64_t offset, uint64_t *at)
{
    uint64_t from[2 * MOST + 3] = {0, DOM_MSI_LAST + 1, DOM_CAM_LAST + 1};
    unsigned n = 3;
    bool found = false;

    for (unsigned i = 0; i < t->maps.count; i++)
        from[n++] = t->maps.at[i].last + 1;
    for (unsigned i = 0; i < t->reserved.count; i++)
        from[n++] = t->reserved.at[i].last + 1;
    while (n--) {
        uint64_t a = from[n] / align * align + offset;

        if (a < from[n])
            a += align;
        if (is_room(t, a, bytes) && (!found || a < *at)) {
            found = true;
            *at = a;
        }
    }
    return found;
}

static uint64_t page(const struct model *t)
{
    return 1ull << t->page_bits;
}

/* Near to other things, and with all their alignments. */
static uint64_t some_addr(struct model *t)
{
    static const uint64_t near[] = {0,
                                    MB(2),
                                    DOM_MSI_FIRST,
                                    DOM_MSI_LAST + 1,
                                    DOM_CAM_FIRST,
                                    DOM_CAM_LAST + 1,
                                    GB(1)};
    uint64_t a = near[rnd_below(&t->r, 7)];

    if (rnd_chance(&t->r, 10))
        a = 1ull << t->input_bits;
    return (a + page(t) * (rnd_below(&t->r, 40) - 20)) & ~(page(t) - 1);
}

static uint64_t some_bytes(struct model *t)
{
    uint64_t n = page(t) * (1 + rnd_below(&t->r, 12));

    if (rnd_chance(&t->r, 20))
        n += (1ull << (2 * t->page_bits - 3)) * rnd_below(&t->r, 3);
    return n;
}

/* ---- what is done -------------------------------------------------------- */

static void add(struct list *l, uint64_t first, uint64_t bytes, uint64_t pa)
{
    l->at[l->count++] = (struct item){first, first + bytes - 1, pa};
}

static iovp_status foretell_fixed(struct model *t, uint64_t iova,
                                  uint64_t bytes)
{
    uint64_t last = iova + bytes - 1;
    const struct item *r;

    if (last < iova || forbidden(t, iova, last) || hit(&t->maps, iova, last))
        return IOVP_E_RANGE;
    r = hit(&t->reserved, iova, last);
    return r && (r->first > iova || r->last < last) ? IOVP_E_RANGE : IOVP_OK;
}

static void do_map_fixed(struct model *t)
{
    uint64_t iova = some_addr(t), bytes = some_bytes(t);
    uint64_t pa = (rnd64(&t->r) & (GB(4) - 1)) & ~(page(t) - 1);
    iovp_status st = foretell_fixed(t, iova, bytes);

    if (rnd_chance(&t->r, 50))
        pa = (pa & ~(MB(64) - 1)) | (iova & (MB(64) - 1));
    CHECK_EQ(iovp_domain_map(t->m, IOVP_MAP_FIXED, &iova, pa, bytes, DOM_RW),
             st);
    if (!st)
        add(&t->maps, iova, bytes, pa);
}

/* At the largest block that the length has and that finds room. */
static void do_map_any(struct model *t)
{
    uint64_t bytes = some_bytes(t), iova = 77, want = 0;
    uint64_t pa = (rnd64(&t->r) & (GB(4) - 1)) & ~(page(t) - 1);
    bool found = false;

    for (int log2 = 40; !found && log2 >= (int)t->page_bits; log2--) {
        uint64_t block = 1ull << log2;

        if ((log2 == (int)t->page_bits || (t->blocks >> log2 & 1)) &&
            bytes >= block)
            found = lowest(t, bytes, block, pa % block, &want);
    }
    CHECK_EQ(iovp_domain_map(t->m, 0, &iova, pa, bytes, DOM_RW),
             found ? IOVP_OK : IOVP_E_RANGE);
    CHECK_EQ(iova, found ? want : 77);
    if (found)
        add(&t->maps, iova, bytes, pa);
}

static void do_unmap(struct model *t)
{
    uint64_t first = some_addr(t), last = first + some_bytes(t) * 2 - 1;
    uint64_t bytes = 0, got = 77;
    iovp_status st = IOVP_OK;

    if (rnd_chance(&t->r, 60) && t->maps.count) {
        const struct item *i = &t->maps.at[rnd_below(&t->r, t->maps.count)];

        first = i->first;
        last = i->last + (rnd_chance(&t->r, 30) ? page(t) : 0);
    }
    if (last < first)
        st = IOVP_E_INVALID;
    for (unsigned i = 0; !st && i < t->maps.count; i++) {
        const struct item *m = &t->maps.at[i];

        if (!overlaps(m, first, last))
            continue;
        bytes += m->last - m->first + 1;
        if (m->first < first || m->last > last)
            st = IOVP_E_RANGE;
    }
    CHECK_EQ(iovp_domain_unmap(t->m, first, last, &got), st);
    CHECK_EQ(got, st ? 77 : bytes);
    for (struct item *m; !st && (m = hit(&t->maps, first, last));)
        drop(&t->maps, m);
}

static void do_reserve(struct model *t)
{
    uint64_t bytes = some_bytes(t) - rnd_below(&t->r, 2), at = 77, want = 0;
    uint64_t align = rnd_chance(&t->r, 50) ? 0 : 1ull << rnd_below(&t->r, 30);
    uint64_t whole = (bytes + page(t) - 1) & ~(page(t) - 1);
    bool found = lowest(t, whole, align > page(t) ? align : page(t), 0, &want);

    CHECK_EQ(iovp_domain_reserve(t->m, bytes, align, &at),
             found ? IOVP_OK : IOVP_E_RANGE);
    CHECK_EQ(at, found ? want : 77);
    if (found)
        add(&t->reserved, at, whole, 0);
}

static void do_unreserve(struct model *t)
{
    struct item *i = NULL;
    uint64_t at = some_addr(t);
    iovp_status st = IOVP_E_NOTFOUND;

    if (t->reserved.count && rnd_chance(&t->r, 80)) {
        i = &t->reserved.at[rnd_below(&t->r, t->reserved.count)];
        at = i->first + (rnd_chance(&t->r, 10) ? page(t) : 0);
    }
    for (unsigned k = 0; k < t->reserved.count; k++) {
        if (t->reserved.at[k].first != at)
            continue;
        i = &t->reserved.at[k];
        st = hit(&t->maps, i->first, i->last) ? IOVP_E_BUSY : IOVP_OK;
    }
    CHECK_EQ(iovp_domain_unreserve(t->m, at), st);
    if (!st)
        drop(&t->reserved, i);
}

/* The camera comes and goes. */
static void do_camera(struct model *t)
{
    iovp_status st = IOVP_OK;

    if (t->cam) {
        CHECK_EQ(iovp_domain_detach(t->m, t->d.cam, NONE), IOVP_OK);
        t->cam = false;
        return;
    }
    if (hit(&t->maps, DOM_CAM_FIRST, DOM_CAM_LAST))
        st = IOVP_E_RANGE;
    CHECK_EQ(iovp_domain_attach(t->m, t->d.cam, NONE), st);
    t->cam = !st;
}

/* ---- what devices see ---------------------------------------------------- */

static void look(struct model *t, uint64_t iova)
{
    const struct item *i = hit(&t->maps, iova, iova);
    uint64_t want = i ? i->pa + (iova - i->first) : ~0ull;

    CHECK_EQ(dom_at(t->d.npu, NONE, iova), want);
    CHECK_EQ(dom_at(t->d.cam, NONE, iova), t->cam ? want : ~0ull);
}

static void look_around(struct model *t)
{
    look(t, some_addr(t));
    for (unsigned n = 0; n < 4 && t->maps.count; n++) {
        const struct item *i = &t->maps.at[rnd_below(&t->r, t->maps.count)];
        const struct item m = *i;

        look(t, m.first);
        look(t, m.last);
        if (m.first)
            look(t, m.first - 1);
        if (!((m.last + 1) >> t->input_bits))
            look(t, m.last + 1);
    }
}

/* DMA that fills caches, so that what is not invalidated is seen. */
static void touch(struct model *t)
{
    uint64_t iova, word = 0;
    iovp_dma_result r = {.size = sizeof(r)};

    if (!t->maps.count)
        return;
    iova = t->maps.at[rnd_below(&t->r, t->maps.count)].first;
    CHECK_EQ(iovp_dma_read(t->d.npu, NONE, iova, &word, 8, NULL, &r), IOVP_OK);
}

static void step(struct model *t)
{
    static void (*const what[])(struct model *) = {
        do_map_fixed, do_map_fixed, do_map_any,   do_map_any, do_unmap,
        do_unmap,     do_reserve,   do_unreserve, do_camera,
    };
    unsigned i = rnd_below(&t->r, 9);

    if (t->maps.count > MOST - 2 || t->reserved.count > MOST - 2)
        i = t->maps.count > MOST - 2 ? 4 : 7;
    what[i](t);
    touch(t);
    look_around(t);
}

static void run(uint32_t stage, unsigned page_bits, unsigned input_bits,
                unsigned blocks, uint64_t seed)
{
    const iovp_domain_config config = {.size = sizeof(config),
                                       .stage = stage,
                                       .page_bits = page_bits,
                                       .input_bits = input_bits};
    struct model *t = calloc(1, sizeof(*t));
    uint64_t used;

    REQUIRE(t && dom_open(&t->d, IOVP_MODE_FUNCTIONAL, MB(64)));
    t->r.state = seed;
    t->page_bits = page_bits;
    t->input_bits = input_bits;
    t->blocks = blocks;
    REQUIRE(!iovp_domain_create(&t->m, t->d.c, &config));
    CHECK_EQ(iovp_domain_attach(t->m, t->d.npu, NONE), IOVP_OK);
    /* Its table of CDs, if any, is there from now on. */
    do_camera(t);
    used = dom_used(&t->d);
    for (unsigned n = 0; n < 1500; n++)
        step(t);
    CHECK_EQ(iovp_domain_unmap(t->m, 0, UINT64_MAX, NULL), IOVP_OK);
    t->maps.count = 0;
    look_around(t);
    if (!t->cam)
        do_camera(t);
    CHECK_EQ(dom_used(&t->d), used);
    dom_close(&t->d);
    free(t);
}

TEST_CASE(CapiDomainRandom, Stage1)
{
    run(IOVP_STAGE_1, 12, 48, 1u << 21 | 1u << 30, 1);
    run(IOVP_STAGE_1, 12, 32, 1u << 21 | 1u << 30, 2);
}

TEST_CASE(CapiDomainRandom, Stage1LargePages)
{
    run(IOVP_STAGE_1, 14, 36, 1u << 25, 3);
    run(IOVP_STAGE_1, 16, 42, 1u << 29, 4);
}

TEST_CASE(CapiDomainRandom, Stage2)
{
    run(IOVP_STAGE_2, 12, 40, 1u << 21 | 1u << 30, 5);
    run(IOVP_STAGE_2, 16, 36, 1u << 29, 6);
}

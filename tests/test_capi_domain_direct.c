/* SPDX-License-Identifier: MIT */
/* What the device tree wants mapped to itself is, while a domain is attached.
 */
#include <stdlib.h>

#include "direct_soc.h"
#include "shim.h"

#define NONE IOVP_NO_PASID

static void one_device(struct direct *s, uint32_t stage)
{
    iovp_domain *m = dom_new(&s->d, stage, 12);
    uint64_t used = dom_used(&s->d), with;

    REQUIRE(m);
    CHECK(direct_aborted(s->mirror, NONE, FB));
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    direct_range(s, s->mirror, FB, FB_LAST);
    CHECK(direct_works(s, s->mirror, FB + MB(2)));
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    CHECK(direct_aborted(s->mirror, NONE, FB));
    /* Tables of levels 1 and 2 were there, but one of what is the group's
     * alone may be kept for the next time. */
    with = dom_used(&s->d);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
        CHECK(dom_used(&s->d) > with);
        CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
        CHECK_EQ(dom_used(&s->d), with);
    }
    /* Tables go with the domain that is still attached, too. */
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    iovp_domain_destroy(m);
    CHECK_EQ(dom_used(&s->d), with - KB(4));
    CHECK(with >= used);
    CHECK(direct_aborted(s->mirror, NONE, FB));
}

static void stage1(struct direct *s)
{
    one_device(s, 1);
}

static void stage2(struct direct *s)
{
    one_device(s, 2);
}

TEST_CASE(CapiDirect, Stage1)
{
    direct_both(stage1);
}

TEST_CASE(CapiDirect, Stage2)
{
    direct_both(stage2);
}

/* Not the caller's: what maps and unmaps does not see it. */
static void bookkeeping(struct direct *s)
{
    iovp_domain *m = dom_new(&s->d, 1, 12);
    uint64_t at = FB, bytes = 1;

    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    DOM_FAILS(iovp_domain_map(m, IOVP_MAP_FIXED, &at, DOM_DATA, KB(4), DOM_RW),
              IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &bytes), IOVP_OK);
    CHECK_EQ(bytes, 0);
    direct_range(s, s->mirror, FB, FB_LAST);
    /* Neighbours share tables with it, and leave them. */
    dom_map(m, FB - KB(4), DOM_DATA, KB(4));
    dom_map(m, FB_LAST + 1, DOM_DATA, KB(4));
    CHECK(dom_reads(&s->d, s->mirror, NONE, FB - KB(4), DOM_DATA));
    CHECK(dom_reads(&s->d, s->mirror, NONE, FB_LAST + 1, DOM_DATA));
    /* It is no mapping that would be cut in the middle. */
    CHECK_EQ(iovp_domain_unmap(m, FB + KB(4), FB + KB(8), &bytes), IOVP_OK);
    CHECK_EQ(bytes, 0);
    CHECK_EQ(iovp_domain_unmap(m, 0, FB + KB(8), &bytes), IOVP_OK);
    CHECK_EQ(bytes, KB(4));
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &bytes), IOVP_OK);
    CHECK_EQ(bytes, KB(4));
    direct_range(s, s->mirror, FB, FB_LAST);
    /* A mapping's tables outlive it in turn. */
    dom_map(m, FB - KB(4), DOM_DATA, KB(4));
    CHECK_EQ(iovp_domain_attach(m, s->plain, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    CHECK(dom_reads(&s->d, s->plain, NONE, FB - KB(4), DOM_DATA));
    CHECK(direct_aborted(s->plain, NONE, FB));
    /* And now it is the caller's. */
    dom_map(m, FB, DOM_DATA + KB(8), MB(4));
    CHECK(dom_reads(&s->d, s->plain, NONE, FB, DOM_DATA + KB(8)));
    DOM_FAILS(iovp_domain_attach(m, s->mirror, NONE), IOVP_E_RANGE);
    CHECK(dom_reads(&s->d, s->plain, NONE, FB, DOM_DATA + KB(8)));
}

TEST_CASE(CapiDirect, NotTheCallers)
{
    direct_one(bookkeeping);
}

/* A region of its tree only, for itself without PASID. */
static void which(struct direct *s)
{
    iovp_domain *m = dom_new(&s->d, 1, 12), *other = dom_new(&s->d, 1, 12);

    CHECK_EQ(iovp_domain_attach(m, s->d.npu, 3), IOVP_OK);
    CHECK(direct_aborted(s->d.npu, 3, NPU));
    CHECK_EQ(iovp_domain_attach(other, s->d.npu, NONE), IOVP_OK);
    CHECK(direct_aborted(s->d.npu, 3, NPU));
    direct_range(s, s->d.npu, NPU, NPU + NPU_BYTES - 1);
    /* Without PASID, too; then only with it again. */
    CHECK_EQ(iovp_domain_detach(other, s->d.npu, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, s->d.npu, NONE), IOVP_OK);
    CHECK(dom_reads(&s->d, s->d.npu, 3, NPU, NPU));
    CHECK_EQ(iovp_domain_detach(m, s->d.npu, NONE), IOVP_OK);
    CHECK(direct_aborted(s->d.npu, 3, NPU));
    /* What has other memory behind it is never used. */
    CHECK_EQ(iovp_domain_attach(m, s->d.cam, NONE), IOVP_OK);
    CHECK(direct_aborted(s->d.cam, NONE, NEVER));
    direct_range(s, s->d.cam, CAM, CAM_LAST);
}

TEST_CASE(CapiDirect, WhichRegions)
{
    direct_one(which);
}

/* ---- several devices ----------------------------------------------------- */

static void shared(struct direct *s)
{
    iovp_domain *m = dom_new(&s->d, 1, 12);
    uint64_t used;

    CHECK_EQ(iovp_domain_attach(m, s->plain, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    used = dom_used(&s->d);
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, s->d.twin, NONE), IOVP_OK);
    direct_range(s, s->plain, FB, FB_LAST);
    direct_range(s, s->d.twin, FB, FB_LAST);
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    direct_range(s, s->plain, FB, FB_LAST);
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s->d.twin, NONE), IOVP_OK);
    direct_range(s, s->mirror, FB, FB_LAST);
    /* With the last one it goes, from the caches of the others too. */
    CHECK(direct_works(s, s->plain, FB));
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    CHECK(direct_aborted(s->plain, NONE, FB));
    CHECK(direct_aborted(s->plain, NONE, FB_LAST - 7));
    CHECK_EQ(dom_used(&s->d), used);
}

TEST_CASE(CapiDirect, DevicesShareARegion)
{
    direct_both(shared);
}

/* The camera's begins in the frame buffer, in the middle of a block. */
static void overlapping(struct direct *s)
{
    iovp_device *const device[2] = {s->mirror, s->d.cam};
    const uint64_t range[2][2] = {{FB, FB_LAST}, {CAM, CAM_LAST}};
    iovp_domain *m = dom_new(&s->d, 1, 12);

    CHECK_EQ(iovp_domain_attach(m, s->plain, NONE), IOVP_OK);
    for (int i = 0; i < 4; i++) {
        int first = i & 1, stays = i >> 1;

        CHECK_EQ(iovp_domain_attach(m, device[first], NONE), IOVP_OK);
        direct_range(s, s->plain, range[first][0], range[first][1]);
        CHECK_EQ(iovp_domain_attach(m, device[!first], NONE), IOVP_OK);
        direct_range(s, s->plain, FB, CAM_LAST);
        CHECK(direct_works(s, s->plain, CAM));
        CHECK(direct_works(s, s->plain, FB_LAST + 1));
        CHECK_EQ(iovp_domain_detach(m, device[!stays], NONE), IOVP_OK);
        direct_range(s, s->plain, range[stays][0], range[stays][1]);
        CHECK_EQ(iovp_domain_detach(m, device[stays], NONE), IOVP_OK);
        CHECK(direct_aborted(s->plain, NONE, CAM));
    }
}

TEST_CASE(CapiDirect, RegionsOverlap)
{
    direct_both(overlapping);
}

/* A region of any device of the group; whole pages of the domain. */
static void group(struct direct *s, uint32_t page_bits)
{
    iovp_domain *m = dom_new(&s->d, 1, page_bits);
    uint64_t page = 1ull << page_bits, first = TWIN & ~(page - 1);
    uint64_t last = (TWIN + KB(4) - 1) | (page - 1), at = first;

    REQUIRE(m);
    CHECK_EQ(iovp_domain_attach(m, s->d.disp, NONE), IOVP_OK);
    direct_range(s, s->d.disp, first, last);
    direct_range(s, s->d.disp, FB, FB_LAST);
    DOM_FAILS(iovp_domain_map(m, IOVP_MAP_FIXED, &at, DOM_DATA, page, DOM_RW),
              IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_attach(m, s->d.twin, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s->d.disp, NONE), IOVP_OK);
    direct_range(s, s->d.twin, first, last);
    direct_range(s, s->d.twin, FB, FB_LAST);
    dom_map(m, first - page, DOM_DATA, page);
    CHECK_EQ(iovp_domain_detach(m, s->d.twin, NONE), IOVP_OK);
    CHECK(direct_aborted(s->d.twin, NONE, first));
    iovp_domain_destroy(m);
}

static void groups(struct direct *s)
{
    group(s, 12);
    group(s, 16);
}

TEST_CASE(CapiDirect, GroupAndWholePages)
{
    direct_one(groups);
}

/* ---- refused ------------------------------------------------------------- */

static void beyond(struct direct *s)
{
    iovp_domain_config config = {
        .size = sizeof(config), .stage = 1, .input_bits = 39};
    iovp_domain *m = NULL;

    REQUIRE(!iovp_domain_create(&m, s->d.c, &config));
    DOM_FAILS(iovp_domain_attach(m, s->high, NONE), IOVP_E_RANGE);
    CHECK(strstr(iovp_last_error(), "high"));
    DOM_FAILS(iovp_domain_detach(m, s->high, NONE), IOVP_E_NOTFOUND);
    m = dom_new(&s->d, 1, 12);
    CHECK_EQ(iovp_domain_attach(m, s->high, NONE), IOVP_OK);
    CHECK_EQ(dom_at(s->high, NONE, HIGH), HIGH);
    /* BUSY: nothing is mapped meanwhile. */
    CHECK_EQ(iovp_domain_attach(m, s->plain, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(dom_new(&s->d, 1, 12), s->mirror, NONE),
             IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, s->mirror, NONE), IOVP_E_BUSY);
    CHECK(direct_aborted(s->plain, NONE, FB));
    dom_map(m, FB, DOM_DATA, KB(4));
}

TEST_CASE(CapiDirect, Refused)
{
    direct_one(beyond);
}

/* ---- memory that ends ---------------------------------------------------- */

/* The caller's. */
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

/* Nothing of a failed attach is left. */
static void expect_nothing(struct direct *s, iovp_domain *m, uint64_t used)
{
    iovp_window w = IOVP_WINDOW_INIT;
    size_t count = 1;

    CHECK_EQ(dom_used(&s->d), used);
    CHECK(direct_aborted(s->d.disp, NONE, FB));
    CHECK(direct_aborted(s->d.disp, NONE, TWIN));
    CHECK_EQ(iovp_domain_windows(m, &w, &count, NULL), IOVP_OK);
    CHECK_EQ(count, 1);
}

/* The n-th allocation fails, for every n. */
TEST_CASE(CapiDirect, HostMemoryIsShort)
{
    struct short_memory mem = {0, ~0u};
    const iovp_allocator a = {sizeof(a), 0, short_alloc, short_release, &mem};
    struct direct s;
    iovp_domain *m;
    unsigned live, n;
    uint64_t used;

    REQUIRE(direct_open(&s, IOVP_MODE_FUNCTIONAL, &a));
    m = dom_new(&s.d, 1, 12);
    CHECK_EQ(iovp_domain_attach(m, s.d.disp, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s.d.disp, NONE), IOVP_OK);
    used = dom_used(&s.d);
    expect_nothing(&s, m, used);
    live = mem.live;
    for (n = 0; n < 100; n++) {
        iovp_status st;

        mem.left = n;
        st = iovp_domain_attach(m, s.d.disp, NONE);
        if (!st)
            break;
        CHECK_EQ(st, IOVP_E_NOMEM);
        mem.left = ~0u;
        CHECK_EQ(mem.live, live);
        expect_nothing(&s, m, used);
    }
    mem.left = ~0u;
    /* Records of three regions' pieces, and their tables. */
    CHECK(n > 6);
    direct_range(&s, s.d.disp, FB, FB_LAST);
    dom_close(&s.d);
    CHECK_EQ(mem.live, 0);
}

static void donated_short(struct direct *s)
{
    iovp_domain *m = dom_new(&s->d, 1, 12), *filler = dom_new(&s->d, 1, 12);
    uint64_t n = 0, failed = 0, used, at;
    iovp_status st = IOVP_OK;

    CHECK_EQ(iovp_domain_attach(m, s->d.disp, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_detach(m, s->d.disp, NONE), IOVP_OK);
    /* Tables of levels 2 and 3 each. */
    for (; !st; n += !st) {
        at = n * GB(1);
        st = iovp_domain_map(filler, IOVP_MAP_FIXED, &at, DOM_DATA, KB(4),
                             DOM_RW);
    }
    REQUIRE(st == IOVP_E_NOMEM);
    for (; n; n--, failed++) {
        used = dom_used(&s->d);
        st = iovp_domain_attach(m, s->d.disp, NONE);
        if (!st)
            break;
        CHECK_EQ(st, IOVP_E_NOMEM);
        CHECK(strstr(iovp_last_error(), "iovp_memory_donate"));
        expect_nothing(s, m, used);
        CHECK_EQ(
            iovp_domain_unmap(filler, (n - 1) * GB(1), n * GB(1) - 1, NULL),
            IOVP_OK);
    }
    CHECK(failed);
    direct_range(s, s->d.disp, FB, FB_LAST);
    iovp_domain_destroy(filler);
    iovp_domain_destroy(m);
}

TEST_CASE(CapiDirect, DonatedMemoryIsShort)
{
    direct_one(donated_short);
}

/* ---- notifiers ----------------------------------------------------------- */

struct heard {
    uint64_t mapped, dropped;
    bool unmapped;
};

static void hear(void *ud, const iovp_notification *n)
{
    struct heard *h = ud;

    if (n->kind == IOVP_NOTIFY_MAP) {
        CHECK_EQ(n->first, n->pa);
        CHECK_EQ(n->rights, DOM_RW);
        CHECK_EQ(n->mem_type, 0xff);
        h->mapped += n->last - n->first + 1;
    } else if (n->kind == IOVP_NOTIFY_UNMAP) {
        h->unmapped |= n->first <= FB && n->last >= FB;
    } else {
        h->dropped++;
    }
}

static void notified(struct direct *s)
{
    iovp_domain *m = dom_new(&s->d, 1, 12), *other = dom_new(&s->d, 1, 12);
    struct heard h[2] = {{0}, {0}};
    iovp_device *const of[2] = {s->plain, s->mirror};
    iovp_notifier_config config = {
        .size = sizeof(config),
        .index = IOVP_REGIME_ALL,
        .events = IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP | IOVP_NOTIFY_DROP,
        .understands = IOVP_ATTR_ALL,
        .last = UINT64_MAX,
        .fn = hear};
    iovp_notifier *n[2] = {NULL, NULL};
    iovp_replay replay = {.size = sizeof(replay)};

    CHECK_EQ(iovp_domain_attach(m, s->plain, NONE), IOVP_OK);
    for (int i = 0; i < 2; i++) {
        config.ud = &h[i];
        CHECK_EQ(iovp_notifier_register(&n[i], of[i], &config), IOVP_OK);
    }
    CHECK_EQ(iovp_domain_attach(m, s->mirror, NONE), IOVP_OK);
    CHECK_EQ(h[0].mapped, MB(4));
    /* For the device itself it is one of all mappings of a new regime. */
    CHECK(h[1].dropped > 0);
    CHECK_EQ(h[1].mapped, 0);
    CHECK_EQ(iovp_notifier_replay(n[1], &replay), IOVP_OK);
    CHECK_EQ(replay.complete, 1);
    CHECK_EQ(h[1].mapped, MB(4));
    CHECK(!h[0].unmapped);
    /* Again: it is there. */
    CHECK_EQ(iovp_domain_attach(m, s->d.disp, NONE), IOVP_OK);
    CHECK_EQ(h[0].mapped, MB(4) + KB(8));
    CHECK_EQ(h[1].mapped, MB(4) + KB(8));
    CHECK_EQ(iovp_domain_detach(m, s->d.disp, NONE), IOVP_OK);
    h[0].unmapped = false;
    CHECK_EQ(iovp_domain_detach(m, s->mirror, NONE), IOVP_OK);
    CHECK(h[0].unmapped);
    /* An attach that is refused maps nothing, not even for a moment. */
    h[0].mapped = 0;
    CHECK_EQ(iovp_domain_attach(other, s->mirror, NONE), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, s->mirror, NONE), IOVP_E_BUSY);
    CHECK_EQ(h[0].mapped, 0);
    iovp_notifier_unregister(n[0]);
    iovp_notifier_unregister(n[1]);
}

TEST_CASE(CapiDirect, NotifiersHear)
{
    direct_one(notified);
}

/* ---- guests and processes ------------------------------------------------ */

/* IHI 0070 5.2: a guest's STE, V, Config 0b100: its stage 1 is bypassed, and
 * what it sends is what its second stage, the host's, translates. */
static void guests(struct direct *s)
{
    const iovp_binding ste = {.size = sizeof(ste),
                              .stage1 = {.size = sizeof(ste.stage1),
                                         .type = IOVP_TABLE_SMMUV3_STE,
                                         .word = {1 | 4 << 1}}};
    iovp_binding b = ste;
    iovp_domain *m = dom_new(&s->d, 2, 12);
    uint64_t used = dom_used(&s->d), bytes = 1;

    b.stage2 = m;
    CHECK_EQ(iovp_context_bind(s->d.c, s->mirror, NONE, &b), IOVP_OK);
    direct_range(s, s->mirror, FB, FB_LAST);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &bytes), IOVP_OK);
    CHECK_EQ(bytes, 0);
    direct_range(s, s->mirror, FB, FB_LAST);
    CHECK_EQ(iovp_context_bind(s->d.c, s->d.cam, NONE, &b), IOVP_OK);
    direct_range(s, s->mirror, FB, CAM_LAST);
    /* Cached with the VMID of both. */
    CHECK(direct_works(s, s->d.cam, FB));
    CHECK_EQ(iovp_context_unbind(s->d.c, s->mirror, NONE), IOVP_OK);
    CHECK(direct_aborted(s->d.cam, NONE, FB));
    direct_range(s, s->d.cam, CAM, CAM_LAST);
    CHECK_EQ(iovp_context_unbind(s->d.c, s->d.cam, NONE), IOVP_OK);
    CHECK_EQ(dom_used(&s->d), used);
    CHECK(direct_aborted(s->d.cam, NONE, CAM));
    /* Words that are refused: 5.2, Config 0b101 wants a table of CDs. */
    b.stage1.word[0] = ~0ull;
    CHECK(iovp_context_bind(s->d.c, s->mirror, NONE, &b) < 0);
    CHECK_EQ(dom_used(&s->d), used);
    dom_map(m, FB, DOM_DATA, KB(4));
}

TEST_CASE(CapiDirect, Guests)
{
    direct_both(guests);
}

static void processes(struct direct *s)
{
    const iovp_process_config config = {.size = sizeof(config)};
    const iovp_sva_config whole = {
        .size = sizeof(whole), .flags = IOVP_SVA_NO_PASID | IOVP_SVA_NO_FAULTS};
    iovp_process *process = NULL;
    uint32_t pasid;

    REQUIRE(!iovp_process_create(&process, s->d.c, &config));
    CHECK_EQ(iovp_sva_bind(process, s->mirror, &whole, &pasid), IOVP_OK);
    direct_range(s, s->mirror, FB, FB_LAST);
    CHECK_EQ(iovp_process_exit(process), IOVP_OK);
    CHECK(direct_aborted(s->mirror, NONE, FB));
    CHECK_EQ(iovp_sva_unbind(process, s->mirror), IOVP_OK);
    iovp_process_destroy(process);
}

TEST_CASE(CapiDirect, Processes)
{
    direct_both(processes);
}

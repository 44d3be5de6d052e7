/* SPDX-License-Identifier: MIT */
/*
 * A guest that owns its stage 1: its memory has what a guest driver would keep
 * there, STE, table of CDs, page tables, all with guest-physical addresses.
 * Both ways: a second stage of the host's below, and none.  What a cached
 * translation shows and what an invalidation must remove follows from IHI 0070
 * 4.4 and 16.3; the model keeps a translation until it is told otherwise.
 */
#include "ctx_soc.h"
#include "shim.h"

/* The guest takes GPA 0 for this. */
#define SHIFT  CX_TABLE
/* Data pages lie here for it. */
#define GPA(n) (CX_PA(n) - SHIFT)

#define IOVA  0x40000000u
#define GUEST 0x05000000u /* bytes of guest memory: tables and data */

#define C_BAD_CD      0x0a
#define F_TRANSLATION 0x10

struct guest {
    struct cx *x;
    iovp_device *d;
    uint64_t shift; /* of what the guest takes for physical */
    uint64_t cds;   /* its table of 16 CDs, physical */
    struct cx_tables t[3];
    iovp_domain *s2;
    iovp_binding b;
};

static void guest_cd(struct guest *g, uint32_t pasid, unsigned table,
                     uint16_t asid)
{
    uint64_t w[8];

    cx_cd(&g->t[table], asid, w);
    for (int i = 7; i >= 0; i--)
        cx_put(g->x, g->cds + pasid * 64 + 8 * (unsigned)i, w[i]);
}

/*
 * PASIDs 1 and 2 with ASIDs 1 and 2, and CD 0 for what comes without; IOVA is
 * data page `base` plus the PASID.
 */
static void guest_open(struct guest *g, struct cx *x, iovp_device *d,
                       uint64_t shift, unsigned base)
{
    *g = (struct guest){.x = x, .d = d, .shift = shift};
    g->cds = cx_page(x);
    for (unsigned i = 0; i < 3; i++) {
        g->t[i] = cx_tables(x, 1, shift);
        cx_map(x, &g->t[i], IOVA, CX_PA(base + i) - shift);
        guest_cd(g, i, i, (uint16_t)(i + 1));
    }
    g->b.size = sizeof(g->b);
    g->b.stage1.size = sizeof(g->b.stage1);
    g->b.stage1.type = IOVP_TABLE_SMMUV3_STE;
    /* V, Config 0b101, S1ContextPtr, S1CDMax 4; S1DSS SSID0, write-back.
     * VMID, EATS and stage 2 are the host's: what stands there is ignored. */
    g->b.stage1.word[0] = 1 | 5u << 1 | (g->cds - shift) | 4ull << 59;
    g->b.stage1.word[1] = 2 | 1u << 2 | 1u << 4 | 3u << 6 | 1ull << 28;
}

/* Guest memory is mapped by a second stage of the library's. */
static void second_stage(struct guest *g)
{
    iovp_domain_config k = {.size = sizeof(k), .stage = IOVP_STAGE_2};
    uint64_t at = 0;

    CHECK_EQ(iovp_domain_create(&g->s2, g->x->c, &k), IOVP_OK);
    CHECK_EQ(iovp_domain_map(g->s2, IOVP_MAP_FIXED, &at, SHIFT, GUEST,
                             IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR |
                                 IOVP_RIGHT_PW),
             IOVP_OK);
    g->b.stage2 = g->s2;
}

static void bind(struct guest *g)
{
    CHECK_EQ(iovp_context_bind(g->x->c, g->d, IOVP_NO_PASID, &g->b), IOVP_OK);
}

static uint64_t see(const struct guest *g, uint32_t pasid)
{
    return cx_see(g->d, pasid, IOVA);
}

static void inval(const struct guest *g, iovp_inval e)
{
    size_t n = 1;

    e.size = sizeof(e);
    CHECK_EQ(iovp_context_invalidate(g->x->c, g->d, &e, &n), IOVP_OK);
    CHECK_EQ(n, 1);
}

static void raw(const struct guest *g, uint64_t word0, uint64_t word1)
{
    inval(g, (iovp_inval){.kind = IOVP_INVAL_RAW,
                          .raw_type = IOVP_RAW_SMMUV3_COMMAND,
                          .word = {word0, word1}});
}

/* Move a PASID's page without a word to the IOMMU. */
static void move(struct guest *g, uint32_t pasid, unsigned n)
{
    cx_map(g->x, &g->t[pasid], IOVA, CX_PA(n) - g->shift);
}

/* The PASIDs' pages go 1, 2, 3 further; which of them are seen there. */
static unsigned moved(struct guest *g, unsigned base)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t v = see(g, i ? i : IOVP_NO_PASID);

        if (v == CX_MARK(base + 10 + i))
            mask |= 1u << i;
        else
            CHECK_EQ(v, CX_MARK(base + i));
    }
    return mask;
}

/* From a fresh state: caches have all three, tables say something else. */
static void stale(struct guest *g, unsigned base)
{
    for (unsigned i = 0; i < 3; i++)
        move(g, i, base + i);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_ALL});
    CHECK_EQ(moved(g, base), 0);
    for (unsigned i = 0; i < 3; i++)
        move(g, i, base + 10 + i);
    CHECK_EQ(moved(g, base), 0);
}

static void neutral(struct guest *g, unsigned base)
{
    stale(g, base);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_ALL});
    CHECK_EQ(moved(g, base), 7);
    /* at least the PASID's */
    stale(g, base);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_PASID, .pasid = 2});
    CHECK(moved(g, base) & 4);
    stale(g, base);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_RANGE,
                          .pasid = 1,
                          .first = IOVA + 8,
                          .last = IOVA + 9,
                          .leaf = 1});
    CHECK(moved(g, base) & 2);
    /* a range elsewhere is another */
    stale(g, base);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_RANGE,
                          .pasid = 1,
                          .first = IOVA + CX_PAGE,
                          .last = IOVA + 9 * CX_PAGE});
    CHECK_EQ(moved(g, base), 0);
    inval(g, (iovp_inval){
                 .kind = IOVP_INVAL_RANGE, .pasid = 1, .last = UINT64_MAX});
    CHECK(moved(g, base) & 2);
    /* the table of a PASID is exchanged; its ASID is new, too */
    stale(g, base);
    guest_cd(g, 1, 2, 9);
    CHECK_EQ(moved(g, base), 0);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_CONFIG, .pasid = 2});
    CHECK_EQ(moved(g, base), 0);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_CONFIG, .pasid = 1});
    CHECK_EQ(see(g, 1), CX_MARK(base + 12));
    guest_cd(g, 1, 1, 2);
    inval(g, (iovp_inval){.kind = IOVP_INVAL_CONFIG, .pasid = 1});
}

#define CFGI_CD       0x05u
#define CFGI_CD_ALL   0x06u
#define TLBI_NH_ALL   0x10u
#define TLBI_NH_ASID  0x11u
#define TLBI_NH_VA    0x12u
#define TLBI_NH_VAA   0x13u
#define TLBI_NSNH_ALL 0x30u
/* A guest's idea of VMID and StreamID. */
#define VMID          (0x77ull << 32)
#define SID           (0x5555ull << 32)

static void commands(struct guest *g, unsigned base)
{
    static const struct {
        uint64_t word[2];
        unsigned moved;
    } cases[] = {
        {{TLBI_NH_ALL | VMID, 0}, 7},
        {{TLBI_NSNH_ALL, 0}, 7},
        {{TLBI_NH_ASID | VMID | 2ull << 48, 0}, 2},
        {{TLBI_NH_VA | VMID | 3ull << 48, IOVA | 1}, 4},
        {{TLBI_NH_VA | VMID | 3ull << 48, IOVA + CX_PAGE}, 0},
        {{TLBI_NH_VAA | VMID, IOVA}, 7},
        {{CFGI_CD | SID | 1u << 12, 1}, 0},
        {{CFGI_CD_ALL | SID, 0}, 0},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        stale(g, base);
        raw(g, cases[i].word[0], cases[i].word[1]);
        CHECK_EQ(moved(g, base), cases[i].moved);
    }
    stale(g, base);
    guest_cd(g, 1, 2, 9);
    guest_cd(g, 2, 1, 8);
    raw(g, CFGI_CD | SID | 1u << 12, 1);
    CHECK_EQ(see(g, 1), CX_MARK(base + 12));
    CHECK_EQ(see(g, 2), CX_MARK(base + 2));
    raw(g, CFGI_CD_ALL | SID, 0);
    CHECK_EQ(see(g, 2), CX_MARK(base + 11));
    guest_cd(g, 1, 1, 2);
    guest_cd(g, 2, 2, 3);
    raw(g, CFGI_CD_ALL | SID, 0);
}

static void refused(struct guest *g)
{
    /* EL2, stage 2, STE, RESUME, SYNC, ATC_INV (the SMMU has no ATS) */
    static const uint8_t opcodes[] = {0x00, 0x01, 0x03, 0x04, 0x18, 0x20, 0x21,
                                      0x28, 0x2a, 0x40, 0x41, 0x44, 0x45, 0x46};
    iovp_inval e[3] = {{.size = sizeof(e[0]), .kind = IOVP_INVAL_ALL},
                       {.size = sizeof(e[0])},
                       {.size = sizeof(e[0]), .kind = IOVP_INVAL_ALL}};
    iovp_context *c = g->x->c;
    uint64_t before = cx_stats(g->x).invalidations;
    size_t n;

    for (unsigned i = 0; i < sizeof(opcodes); i++) {
        e[1].kind = IOVP_INVAL_RAW;
        e[1].raw_type = IOVP_RAW_SMMUV3_COMMAND;
        e[1].word[0] = opcodes[i];
        n = 3;
        CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_invalidate(c, g->d, e, &n));
        CHECK_EQ(n, 1);
    }
    e[1].word[0] = TLBI_NH_ALL;
    e[1].raw_type = IOVP_RAW_VTD_DESCRIPTOR;
    n = 3;
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_invalidate(c, g->d, e, &n));
    CHECK_EQ(n, 1);
    CHECK_EQ(cx_stats(g->x).invalidations, before + sizeof(opcodes) + 1);
    e[1] = (iovp_inval){.size = sizeof(e[0]), .kind = 5};
    n = 3;
    CX_FAILS(IOVP_E_INVALID, iovp_context_invalidate(c, g->d, e, &n));
    CHECK_EQ(n, 1);
    e[1] = (iovp_inval){
        .size = sizeof(e[0]), .kind = IOVP_INVAL_RANGE, .first = 2, .last = 1};
    n = 3;
    CX_FAILS(IOVP_E_INVALID, iovp_context_invalidate(c, g->d, e, &n));
    CHECK_EQ(n, 1);
    n = 1;
    CX_FAILS(IOVP_E_INVALID, iovp_context_invalidate(c, g->d, NULL, &n));
    CX_FAILS(IOVP_E_INVALID, iovp_context_invalidate(c, g->d, e, NULL));
    /* does it work at all? */
    n = 0;
    CHECK_EQ(iovp_context_invalidate(c, g->d, NULL, &n), IOVP_OK);
    CX_FAILS(IOVP_E_NOTFOUND,
             iovp_context_invalidate(c, g->x->plain, NULL, &n));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_invalidate(c, g->x->raw, NULL, &n));
}

static void owns(struct guest *g, unsigned base)
{
    bind(g);
    CHECK_EQ(moved(g, base), 0);
    CHECK_EQ(see(g, 3), CX_EVENT(C_BAD_CD));
    neutral(g, base);
    commands(g, base);
    refused(g);
    /* unbound and bound again: nothing is left of the past */
    stale(g, base);
    CHECK_EQ(iovp_context_unbind(g->x->c, g->d, IOVP_NO_PASID), IOVP_OK);
    CHECK_EQ(see(g, 1), CX_EVENT(0));
    bind(g);
    CHECK_EQ(moved(g, base), 7);
}

static void level1(struct cx *x)
{
    struct guest g;

    guest_open(&g, x, x->npu, 0, 1);
    owns(&g, 1);
}

/* The guest owns both levels: there is no second one. */
TEST_CASE(Nested, GuestOwnsAll)
{
    cx_both(level1, NULL);
}

static void level12(struct cx *x)
{
    struct guest g;
    uint64_t n = 0;

    guest_open(&g, x, x->npu, SHIFT, 1);
    second_stage(&g);
    owns(&g, 1);
    /* the second stage goes: nothing of it is used any more */
    CHECK_EQ(iovp_domain_unmap(g.s2, 0, UINT64_MAX, &n), IOVP_OK);
    CHECK_EQ(n, GUEST);
    CHECK(see(&g, 1) >= CX_EVENT(1));
    /* and with the domain the binding */
    iovp_domain_destroy(g.s2);
    CHECK_EQ(see(&g, 1), CX_EVENT(0));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_unbind(x->c, x->npu, IOVP_NO_PASID));
}

/* The guest owns level 1, the host level 2. */
TEST_CASE(Nested, GuestOwnsStage1)
{
    cx_both(level12, NULL);
}

/* What the second stage says of one page changes. */
static void below(struct cx *x)
{
    struct guest g;
    uint64_t at = GPA(2), n = 0;
    iovp_regime_info info = {.size = sizeof(info)};
    iovp_domain_config k = {.size = sizeof(k), .stage = IOVP_STAGE_2};
    uint64_t tables = 0;
    uint32_t rw = IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR | IOVP_RIGHT_PW;
    uint32_t index;
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PASID};

    for (unsigned i = 0; i < 3; i++) {
        info.table[i].size = sizeof(info.table[i]);
    }
    guest_open(&g, x, x->npu, SHIFT, 1);
    CHECK_EQ(iovp_domain_create(&g.s2, x->c, &k), IOVP_OK);
    g.b.stage2 = g.s2;
    CHECK_EQ(
        iovp_domain_map(g.s2, IOVP_MAP_FIXED, &tables, SHIFT, 0x100000, rw),
        IOVP_OK);
    CHECK_EQ(iovp_domain_map(g.s2, IOVP_MAP_FIXED, &at, CX_PA(2), CX_PAGE, rw),
             IOVP_OK);
    bind(&g);
    CHECK_EQ(see(&g, 1), CX_MARK(2));
    CHECK_EQ(iovp_domain_unmap(g.s2, at, at + CX_PAGE - 1, &n), IOVP_OK);
    CHECK_EQ(n, CX_PAGE);
    CHECK_EQ(see(&g, 1), CX_EVENT(F_TRANSLATION));
    CHECK_EQ(iovp_domain_map(g.s2, IOVP_MAP_FIXED, &at, CX_PA(20), CX_PAGE, rw),
             IOVP_OK);
    CHECK_EQ(see(&g, 1), CX_MARK(20));
    /* the tables, as they are in STE and CD */
    a.pasid = a.pasid_valid = 1;
    CHECK_EQ(iovp_regime_index(x->npu, &a, &index), IOVP_OK);
    CHECK_EQ(iovp_regime_get_info(x->npu, index, &info), IOVP_OK);
    CHECK_EQ(info.state, IOVP_REGIME_TRANSLATED);
    CHECK_EQ(info.stages, IOVP_STAGE_1 | IOVP_STAGE_2);
    CHECK_EQ(info.asid, 2);
    CHECK_EQ(info.table[2].stage, IOVP_STAGE_2);
    CHECK_EQ(info.table[2].output_bits, 48);
    CHECK_EQ(info.table[2].page_bits, 12);
}

TEST_CASE(Nested, ChangesBelow)
{
    cx_both(below, NULL);
}

/* CD.S is the guest's; whether there are stalls at all is the host's. */
static void stalls(struct cx *x)
{
    struct guest g;
    iovp_fault_record f;

    guest_open(&g, x, x->npu, 0, 1);
    cx_put(x, g.cds + 64, cx_get(x, g.cds + 64) | 1ull << 44);
    bind(&g);
    CHECK_EQ(see(&g, 1), CX_EVENT(C_BAD_CD));
    CHECK_EQ(see(&g, 2), CX_MARK(3));
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, IOVP_NO_PASID), IOVP_OK);
    g.b.flags = IOVP_BIND_FAULTS;
    bind(&g);
    CHECK_EQ(see(&g, 1), CX_MARK(2));
    CHECK_EQ(cx_faults(x, NULL), 1);
    CHECK_EQ(cx_status(x->npu, 1, IOVA + CX_PAGE), IOVP_DMA_STALL);
    CHECK_EQ(cx_faults(x, &f), 1);
    CHECK_EQ(f.kind, IOVP_FAULT_STALL);
    CHECK_EQ(iovp_fault_respond(x->c, f.cookie, IOVP_RESPOND_INVALID), IOVP_OK);
}

TEST_CASE(Nested, StallsAreTheHostsToAllow)
{
    cx_both(stalls, NULL);
}

/* A guest's StreamID is each of the device's. */
static void streams(struct cx *x)
{
    struct guest g;

    guest_open(&g, x, x->twin, 0, 1);
    bind(&g);
    CHECK_EQ(see(&g, 1), CX_MARK(2));
    CHECK_EQ(cx_see_by(x->twin, 0x12, 1, IOVA), CX_MARK(2));
    CHECK_EQ(cx_see_by(x->twin, 0x10, 1, IOVA), CX_MARK(2));
    guest_cd(&g, 1, 2, 9);
    raw(&g, CFGI_CD | SID | 1u << 12, 1);
    CHECK_EQ(cx_see_by(x->twin, 0x12, 1, IOVA), CX_MARK(3));
    CHECK_EQ(cx_see_by(x->twin, 0x10, 1, IOVA), CX_MARK(3));
}

TEST_CASE(Nested, EveryStreamOfTheDevice)
{
    cx_both(streams, NULL);
}

/* A second stage whose tables the caller keeps. */
static void callers(struct cx *x)
{
    struct guest g;
    struct cx_tables s2 = cx_tables(x, 2, 0);
    iovp_table words = cx_s2(&s2);
    iovp_domain_config k = {
        .size = sizeof(k), .stage = IOVP_STAGE_2, .table = &words};

    guest_open(&g, x, x->npu, SHIFT, 1);
    for (uint64_t at = 0; at < x->next - SHIFT; at += CX_PAGE)
        cx_map(x, &s2, at, at + SHIFT);
    for (unsigned i = 0; i < 4; i++)
        cx_map(x, &s2, GPA(i), CX_PA(i));
    CHECK_EQ(iovp_domain_create(&g.s2, x->c, &k), IOVP_OK);
    g.b.stage2 = g.s2;
    bind(&g);
    CHECK_EQ(see(&g, 1), CX_MARK(2));
    move(&g, 1, 9); /* not mapped by stage 2 */
    inval(&g, (iovp_inval){.kind = IOVP_INVAL_ALL});
    CHECK_EQ(see(&g, 1), CX_EVENT(F_TRANSLATION));
    iovp_fault_record f = {.size = sizeof(f)};

    CHECK_EQ(cx_faults(x, &f), 1);
    CHECK_EQ(f.stage, IOVP_STAGE_2);
    CHECK_EQ(f.addr, IOVA);
    CHECK_EQ(f.ipa, GPA(9));
}

TEST_CASE(Nested, SecondStageOfTheCaller)
{
    cx_both(callers, NULL);
}

/* Two guests with the same ASIDs, side by side, without a second stage. */
static void apart(struct cx *x)
{
    struct guest a, b;

    guest_open(&a, x, x->npu, 0, 1);
    guest_open(&b, x, x->far, 0, 30);
    bind(&a);
    bind(&b);
    CHECK_EQ(moved(&a, 1), 0);
    CHECK_EQ(moved(&b, 30), 0);
    CHECK_EQ(moved(&a, 1), 0);
    /* what one says is not the other's affair */
    stale(&b, 30);
    raw(&a, TLBI_NSNH_ALL, 0);
    raw(&a, TLBI_NH_ALL | VMID, 0);
    raw(&a, CFGI_CD_ALL | SID, 0);
    CHECK_EQ(moved(&b, 30), 0);
    raw(&b, TLBI_NSNH_ALL, 0);
    CHECK_EQ(moved(&b, 30), 7);
}

TEST_CASE(Nested, GuestsAreKeptApart)
{
    cx_both(apart, NULL);
}

/* STE.Config as a guest may have it. */
static void config(struct cx *x)
{
    struct guest g;
    uint64_t *word, at;

    guest_open(&g, x, x->npu, SHIFT, 1);
    second_stage(&g);
    word = &g.b.stage1.word[0];
    /* not valid, and abort: blocked; invalidations are accepted */
    for (unsigned i = 0; i < 2; i++) {
        *word = i;
        bind(&g);
        CHECK_EQ(see(&g, 1), CX_EVENT(0));
        raw(&g, TLBI_NH_ALL, 0);
        CHECK_EQ(iovp_context_unbind(x->c, x->npu, IOVP_NO_PASID), IOVP_OK);
    }
    /* bypass: the second stage alone, of which nobody sees the first */
    *word = 1 | 4u << 1;
    bind(&g);
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, GPA(5)), CX_MARK(5));
    raw(&g, TLBI_NH_ALL, 0);
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, IOVP_NO_PASID), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, GPA(5)), CX_EVENT(0));
    g.b.stage2 = NULL;
    CX_FAILS(IOVP_E_UNSUPPORTED,
             iovp_context_bind(x->c, x->npu, IOVP_NO_PASID, &g.b));
    g.b.stage2 = g.s2;
    /* what the guest takes for memory are the device's interrupts */
    at = 0x8000000;
    CHECK_EQ(iovp_domain_map(g.s2, IOVP_MAP_FIXED, &at, CX_PA(0), CX_PAGE,
                             IOVP_RIGHT_UR | IOVP_RIGHT_PR),
             IOVP_OK);
    CX_FAILS(IOVP_E_RANGE,
             iovp_context_bind(x->c, x->npu, IOVP_NO_PASID, &g.b));
    CHECK_EQ(iovp_domain_unmap(g.s2, at, at + CX_PAGE - 1, NULL), IOVP_OK);
    *word = 1 | 6u << 1;
    CX_FAILS(IOVP_E_UNSUPPORTED,
             iovp_context_bind(x->c, x->npu, IOVP_NO_PASID, &g.b));
    *word = 1 | 7u << 1;
    CX_FAILS(IOVP_E_UNSUPPORTED,
             iovp_context_bind(x->c, x->npu, IOVP_NO_PASID, &g.b));
    CHECK_EQ(see(&g, 1), CX_EVENT(0));
}

TEST_CASE(Nested, WhatAGuestMaySay)
{
    cx_both(config, NULL);
}

/* ---- the host's say ---------------------------------------------------- */

static iovp_status says;

static iovp_status on_inval(void *ud, iovp_device *d, const iovp_inval *e)
{
    (void)ud;
    CHECK(d != NULL);
    return e->kind == IOVP_INVAL_ALL ? IOVP_PASS : says;
}

static void host_invalidates(struct cx *x)
{
    struct guest g;
    iovp_inval e[2] = {{.size = sizeof(e[0]), .kind = IOVP_INVAL_PASID},
                       {.size = sizeof(e[0]), .kind = IOVP_INVAL_PASID}};
    size_t n = 2;

    guest_open(&g, x, x->npu, 0, 1);
    bind(&g);
    stale(&g, 1);
    says = IOVP_OK;
    CHECK_EQ(iovp_context_invalidate(x->c, x->npu, e, &n), IOVP_OK);
    CHECK_EQ(n, 2);
    CHECK_EQ(moved(&g, 1), 0); /* the host did not do it */
    says = IOVP_E_REFUSED;
    CX_FAILS(IOVP_E_REFUSED, iovp_context_invalidate(x->c, x->npu, e, &n));
    CHECK_EQ(n, 0);
    says = IOVP_PASS;
    n = 1;
    CHECK_EQ(iovp_context_invalidate(x->c, x->npu, e, &n), IOVP_OK);
    CHECK_EQ(moved(&g, 1), 7);
}

TEST_CASE(Nested, TheHostHasASayInInvalidations)
{
    static const iovp_context_ops ops = {.size = sizeof(ops),
                                         .invalidate = on_inval};
    static const iovp_context_config k = {.size = sizeof(k), .ops = &ops};

    cx_both(host_invalidates, &k);
}

/* SPDX-License-Identifier: MIT */
/* MAP: by replay, after an UNMAP, and of what the library maps. */
#include "../capi/examples/smmuv3_driver_internal.h"
#include "../capi/notify.h"
#include "notify_log.h"
#include "shim.h"

#define IOVA    0x10000000ull
#define BLOCK   0x200000ull
#define VA_LAST ((1ull << 48) - 1)

#define MAP   IOVP_NOTIFY_MAP
#define UNMAP IOVP_NOTIFY_UNMAP
#define DROP  IOVP_NOTIFY_DROP

/*
 * PASID 2 of the GPU's first StreamID: a 2 MiB block, two pages before it and
 * one after it, all consecutive; a hole; a page elsewhere.  PASID 70000: one
 * page.  Its second StreamID without PASID: one page.  The first without PASID
 * passes.
 */
struct gpu {
    struct smmu_stream st[2];
    struct smmu_space s[3];
    uint32_t none, two, far, second;
};

static void set_up(struct views *v, struct gpu *g)
{
    iovp_attrs a = {.size = sizeof(a),
                    .specified = IOVP_ATTR_STREAM_ID,
                    .stream_id = VIEWS_GPU_SID + 1};
    const uint64_t pa = SOC_DATA + BLOCK;

    *g = (struct gpu){0};
    views_attach(v, &g->st[0], VIEWS_GPU_SID, 20, SMMU_S1DSS_BYPASS);
    views_attach(v, &g->st[1], VIEWS_GPU_SID + 1, 0, 0);
    views_bind(v, &g->st[0], 2, &g->s[0]);
    views_bind(v, &g->st[0], 70000, &g->s[1]);
    views_bind(v, &g->st[1], SMMU_NO_PASID, &g->s[2]);
    views_map(v, &g->s[0], IOVA - 2 * PAGE, pa - 2 * PAGE, BLOCK + 3 * PAGE,
              SMMU_WRITE | SMMU_BLOCKS);
    views_map(v, &g->s[0], IOVA + BLOCK + 2 * PAGE, SOC_PAGE(0), PAGE,
              SMMU_WRITE);
    views_map(v, &g->s[1], 7 * PAGE, SOC_PAGE(1), PAGE, SMMU_WRITE);
    views_map(v, &g->s[2], 8 * PAGE, SOC_PAGE(2), PAGE, SMMU_WRITE);
    g->none = views_index(v->gpu, IOVP_NO_PASID);
    g->two = views_index(v->gpu, 2);
    g->far = views_index(v->gpu, 70000);
    CHECK_EQ(iovp_regime_index(v->gpu, &a, &g->second), IOVP_OK);
}

/* The mappings of PASID 2, from notification n on. */
static void expect_two(const struct log *l, unsigned n, const struct gpu *g)
{
    log_expect_map(l, n, g->two, IOVA - 2 * PAGE, IOVA + BLOCK + PAGE - 1,
                   SOC_DATA + BLOCK - 2 * PAGE);
    log_expect_map(l, n + 1, g->two, IOVA + BLOCK + 2 * PAGE,
                   IOVA + BLOCK + 3 * PAGE - 1, SOC_PAGE(0));
}

/* ---- replay ------------------------------------------------------------- */

static void one_regime(struct views *v, uint32_t mode)
{
    iovp_replay r = {.size = sizeof(r)};
    struct log l = {.v = v};
    struct gpu g;
    iovp_notifier *n;

    (void)mode;
    set_up(v, &g);
    n = log_register(&l, v->gpu, g.two, MAP);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(r.complete, 1);
    CHECK_EQ(r.mappings, 2);
    CHECK_EQ(r.index, g.two);
    CHECK_EQ(l.count, 2);
    expect_two(&l, 0, &g);
    CHECK_EQ(l.n[0].stream_id, VIEWS_GPU_SID);
    CHECK_EQ(l.n[0].pasid, 2);
    /* UNMAP was not asked for. */
    views_command(v, CMD_TLBI_NSNH_ALL, 0);
    CHECK_EQ(l.count, 2);
}

TEST_CASE(CapiReplay, NeighboursAreJoined)
{
    views_both(one_regime);
}

static void all_regimes(struct views *v, uint32_t mode)
{
    iovp_replay r = {.size = sizeof(r)};
    struct log l = {.v = v};
    struct gpu g;
    iovp_notifier *n;

    (void)mode;
    set_up(v, &g);
    n = log_register(&l, v->gpu, IOVP_REGIME_ALL, MAP | UNMAP);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(r.complete, 1);
    CHECK_EQ(r.mappings, 5);
    CHECK_EQ(l.count, 5);
    /* 3.4: what passes reaches as far as the OAS. */
    log_expect(&l, 0, MAP, g.none, 0, (1ull << views_oas_bits(v)) - 1);
    CHECK_EQ(l.n[0].pa, 0);
    CHECK_EQ(l.n[0].rights, 0x3f);
    expect_two(&l, 1, &g);
    log_expect_map(&l, 3, g.far, 7 * PAGE, 8 * PAGE - 1, SOC_PAGE(1));
    log_expect_map(&l, 4, g.second, 8 * PAGE, 9 * PAGE - 1, SOC_PAGE(2));
    CHECK(g.none < g.two && g.two < g.far && g.far < g.second);
    /* What was told is told when it is void, though no DMA used it. */
    log_clear(&l);
    views_unmap(v, &g.s[1], 7 * PAGE, PAGE);
    CHECK(l.count >= 1);
    CHECK_EQ(l.n[l.count - 1].kind, UNMAP);
    log_clear(&l);
    views_command(v, CMD_TLBI_NH_ASID | CMD_ASID(g.s[1].asid), 0);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, UNMAP, g.far, 0, VA_LAST);
}

TEST_CASE(CapiReplay, AllRegimesInTheOrderOfTheirIndexes)
{
    views_both(all_regimes);
}

static bool joins(const iovp_notification *a, const iovp_notification *b)
{
    return b->index == a->index && b->first == a->last + 1 &&
           b->pa == a->pa + (b->first - a->first) && b->rights == a->rights;
}

/* Whatever the budget, the parts together are the whole, in order. */
static void with_budget(struct views *v, const struct gpu *g, uint32_t budget)
{
    iovp_replay r = {.size = sizeof(r), .budget = budget};
    struct log l = {.v = v};
    iovp_notifier *n = log_register(&l, v->gpu, IOVP_REGIME_ALL, MAP);
    iovp_notification whole[8];
    unsigned calls = 0, count = 0, i;
    struct log joined = {.v = v};

    do {
        log_clear(&l);
        CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
        CHECK_EQ(r.mappings, l.count);
        CHECK_EQ(r.budget, budget);
        for (i = 0; i < l.count && count < 8; i++) {
            if (count && joins(&whole[count - 1], &l.n[i]))
                whole[count - 1].last = l.n[i].last;
            else
                whole[count++] = l.n[i];
        }
    } while (!r.complete && ++calls < 100000);
    CHECK(r.complete);
    if (budget < 100)
        CHECK(calls > 3);
    CHECK_EQ(count, 5);
    for (i = 0; i < count; i++)
        joined.n[i] = whole[i];
    joined.count = count;
    expect_two(&joined, 1, g);
    log_expect_map(&joined, 3, g->far, 7 * PAGE, 8 * PAGE - 1, SOC_PAGE(1));
    log_expect_map(&joined, 4, g->second, 8 * PAGE, 9 * PAGE - 1, SOC_PAGE(2));
    iovp_notifier_unregister(n);
}

TEST_CASE(CapiReplay, ABudgetOnlyDividesIt)
{
    static const uint32_t budgets[] = {1, 2, 3, 7, 64, 1000, 2600, UINT32_MAX};
    struct views v;
    struct gpu g;
    unsigned i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &g);
    for (i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++)
        with_budget(&v, &g, budgets[i]);
    soc_close(&v.s);
}

/* Two regimes of four tables with 512 entries each. */
TEST_CASE(CapiReplay, ABudgetIsForAllRegimesTogether)
{
    iovp_replay r = {.size = sizeof(r), .budget = 2 * 4 * 512 - 100};
    struct views v;
    struct log l = {.v = &v};
    struct smmu_stream st[2];
    struct smmu_space s = {0};
    iovp_notifier *n;
    uint32_t i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    for (i = 0; i < 2; i++) {
        views_attach(&v, &st[i], VIEWS_GPU_SID + i, 0, 0);
        views_bind(&v, &st[i], SMMU_NO_PASID, &s);
    }
    views_map(&v, &s, IOVA, SOC_PAGE(0), PAGE, SMMU_WRITE);
    n = log_register(&l, v.gpu, IOVP_REGIME_ALL, MAP);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(r.complete, 0);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(r.complete, 1);
    CHECK_EQ(l.count, 2);
    soc_close(&v.s);
}

TEST_CASE(CapiReplay, RangesAreClipped)
{
    iovp_replay r = {.size = sizeof(r)};
    struct views v;
    struct log l = {.v = &v};
    iovp_notifier_config c;
    iovp_notifier *n = NULL;
    struct gpu g;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &g);
    c = log_config(&l, IOVP_REGIME_ALL, MAP);
    c.first = IOVA + 0x800;
    c.last = IOVA + 0x17ff;
    CHECK_EQ(iovp_notifier_register(&n, v.gpu, &c), IOVP_OK);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, MAP, g.none, IOVA + 0x800, IOVA + 0x17ff);
    CHECK_EQ(l.n[0].pa, IOVA + 0x800);
    log_expect_map(&l, 1, g.two, IOVA + 0x800, IOVA + 0x17ff,
                   SOC_DATA + BLOCK + 0x800);
    CHECK_EQ(r.complete, 1);
    soc_close(&v.s);
}

TEST_CASE(CapiReplay, ChecksItsArguments)
{
    iovp_replay r = {.size = sizeof(r)};
    struct views v;
    struct log l = {.v = &v};
    iovp_notifier *n, *map;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    n = log_register(&l, v.s.npu, IOVP_REGIME_ALL, UNMAP | DROP);
    map = log_register(&l, v.s.npu, IOVP_REGIME_ALL, MAP);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_E_INVALID);
    CHECK_EQ(iovp_notifier_replay(map, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_notifier_replay(NULL, &r), IOVP_E_HANDLE);
    r.size--;
    CHECK_EQ(iovp_notifier_replay(map, &r), IOVP_E_INVALID);
    r.size++;
    /* An index that is none: there is nothing from there on. */
    r.index = UINT32_MAX;
    CHECK_EQ(iovp_notifier_replay(map, &r), IOVP_OK);
    CHECK_EQ(r.complete, 1);
    CHECK_EQ(l.count, 0);
    iovp_notifier_unregister(map);
    CHECK_EQ(iovp_notifier_replay(map, &r), IOVP_E_HANDLE);
    soc_close(&v.s);
}

/* A device without IOMMU: everything, as it is. */
TEST_CASE(CapiReplay, WithoutIommu)
{
    iovp_replay r = {.size = sizeof(r)};
    struct views v;
    struct log l = {.v = &v};
    iovp_notifier *n;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    n = log_register(&l, v.s.raw, IOVP_REGIME_ALL, MAP);
    CHECK_EQ(iovp_notifier_replay(n, &r), IOVP_OK);
    CHECK_EQ(r.complete, 1);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, MAP, 0, 0, UINT64_MAX);
    CHECK_EQ(l.n[0].pa, 0);
    CHECK_EQ(l.n[0].rights, 0x3f);
    soc_close(&v.s);
}

/* ---- after an UNMAP ----------------------------------------------------- */

static void found_again(struct views *v, uint32_t mode)
{
    struct log l = {.v = v};
    struct gpu g;

    (void)mode;
    set_up(v, &g);
    log_register(&l, v->gpu, g.two, MAP | UNMAP);
    views_command(v, CMD_TLBI_NH_ASID | CMD_ASID(g.s[0].asid), 0);
    CHECK_EQ(l.count, 3);
    log_expect(&l, 0, UNMAP, g.two, 0, VA_LAST);
    expect_two(&l, 1, &g);
    log_clear(&l);
    /* Within its range. */
    views_command(v, CMD_TLBI_NH_VA | CMD_ASID(g.s[0].asid),
                  (IOVA - PAGE) | CMD_LEAF);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, UNMAP, g.two, IOVA - PAGE, IOVA - 1);
    log_expect_map(&l, 1, g.two, IOVA - PAGE, IOVA - 1,
                   SOC_DATA + BLOCK - PAGE);
    log_clear(&l);
    views_unmap(v, &g.s[0], IOVA - PAGE, PAGE);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, UNMAP, g.two, IOVA - PAGE, IOVA - 1);
}

TEST_CASE(CapiReplay, UnmapIsFollowedByWhatTheTablesHold)
{
    views_both(found_again);
}

/* More than NOTIFY_BUDGET descriptors: the rest is for a replay. */
TEST_CASE(CapiReplay, TooManyMappingsEndInADrop)
{
    const uint64_t bytes = NOTIFY_BUDGET * PAGE;
    struct views v;
    struct log l = {.v = &v}, mapper = {.v = &v};
    struct smmu_stream st;
    struct smmu_space s = {0};
    uint32_t index;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    views_attach(&v, &st, SOC_NPU_SID, 0, 0);
    views_bind(&v, &st, SMMU_NO_PASID, &s);
    views_map(&v, &s, IOVA, SOC_DATA, bytes, SMMU_WRITE);
    views_map(&v, &s, IOVA + bytes, SOC_DATA, PAGE, SMMU_WRITE);
    index = views_index(v.s.npu, IOVP_NO_PASID);
    log_register(&l, v.s.npu, index, MAP | UNMAP | DROP);
    log_register(&mapper, v.s.npu, index, MAP | UNMAP);
    views_command(&v, CMD_TLBI_NH_ASID | CMD_ASID(s.asid), 0);
    CHECK_EQ(l.count, 3);
    log_expect(&l, 0, UNMAP, index, 0, VA_LAST);
    CHECK_EQ(l.n[1].kind, MAP);
    CHECK_EQ(l.n[1].first, IOVA);
    CHECK(l.n[1].last < IOVA + bytes);
    log_expect(&l, 2, DROP, index, 0, UINT64_MAX);
    /* Who did not ask for DROP has to know, too, that this is not all. */
    CHECK_EQ(mapper.count, 3);
    log_expect(&mapper, 2, DROP, index, 0, UINT64_MAX);
    soc_close(&v.s);
}

/* ---- what the library maps ---------------------------------------------- */

TEST_CASE(CapiReplay, MappingsOfTheLibrary)
{
    struct iovp_mapping m = {.first = IOVA,
                             .last = IOVA + 3 * PAGE - 1,
                             .pa = SOC_PAGE(4),
                             .rights = 0x1b,
                             .mem_type = 0xff,
                             .shareability = IOVP_SH_INNER};
    struct views v;
    struct log all = {.v = &v}, one = {.v = &v}, other = {.v = &v};
    struct platform *p = NULL;
    struct platform_device_state *d = NULL;
    iovp_notifier_config c;
    iovp_notifier *n = NULL;
    struct gpu g;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &g);
    CHECK_EQ(handle_enter_device(v.gpu, ENTER_NORMAL, &p, &d), IOVP_OK);
    CHECK_EQ(notifiers_count(p), 0);
    c = log_config(&all, IOVP_REGIME_ALL, MAP | UNMAP);
    c.first = IOVA + PAGE;
    CHECK_EQ(iovp_notifier_register(&n, v.gpu, &c), IOVP_OK);
    log_register(&one, v.gpu, g.far, MAP);
    log_register(&other, v.gpu, g.two, MAP);
    CHECK_EQ(notifiers_count(p), 3);
    notifiers_mapped(p, d, 70000, &m);
    CHECK_EQ(other.count, 0);
    CHECK_EQ(one.count, 1);
    log_expect_map(&one, 0, g.far, IOVA, IOVA + 3 * PAGE - 1, SOC_PAGE(4));
    /* Of both StreamIDs. */
    CHECK_EQ(all.count, 2);
    log_expect_map(&all, 0, g.far, IOVA + PAGE, IOVA + 3 * PAGE - 1,
                   SOC_PAGE(5));
    CHECK_EQ(all.n[1].stream_id, VIEWS_GPU_SID + 1);
    CHECK_EQ(all.n[1].pasid, 70000);
    /* From now on an UNMAP of it is told. */
    log_clear(&all);
    views_command(&v, CMD_TLBI_NH_ASID | CMD_ASID(g.s[1].asid), 0);
    CHECK_EQ(all.count, 1);
    log_expect(&all, 0, UNMAP, g.far, IOVA + PAGE, VA_LAST);
    soc_close(&v.s);
}

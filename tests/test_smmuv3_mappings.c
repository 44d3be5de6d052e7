/* SPDX-License-Identifier: MIT */
/* What iovp_iommu_ops.mappings tells of tables that are written by hand. */
#include <string.h>

#include "mapping_list.h"
#include "shim.h"

#define SID 3u

#define ALL  0x3fu
#define UR   IOVP_RIGHT_UR
#define UW   IOVP_RIGHT_UW
#define UX   IOVP_RIGHT_UX
#define PR   IOVP_RIGHT_PR
#define PW   IOVP_RIGHT_PW
#define PX   IOVP_RIGHT_PX
#define DATA (UR | UW | PR | PW)

static struct mapping_list list, parts;

static bool is(unsigned i, uint64_t first, uint64_t bytes, uint64_t pa,
               unsigned rights)
{
    const struct iovp_mapping *m = &list.m[i];

    if (i < list.count && m->first == first && m->last == first + bytes - 1 &&
        m->pa == pa && m->rights == rights)
        return true;
    REPORT("%u of %u: %#llx..%#llx to %#llx, rights %#x", i, list.count,
           (unsigned long long)m->first, (unsigned long long)m->last,
           (unsigned long long)m->pa, m->rights);
    return false;
}

/* D8.4.1: what EL0 may write, EL1 may not execute: UX stays, PX goes. */
#define S1_RW (DATA | UX)

/* Pages that join, a page with other rights, a block, one alone. */
static void make_s1(struct scene *sc, struct stream *st)
{
    stream_s1(sc, st, SID, 12, 48);
    tree_set(sc, &st->s1, 0x1000, 3, 0x90001000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, 0x2000, 3, 0x90002000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, 0x3000, 3,
             0x90003000 | D_PAGE | D_S1_RW | D_AP(3) | D_UXN | D_PXN);
    tree_set(sc, &st->s1, 0x200000, 2, 0xa0000000 | D_BLOCK | D_S1_RW);
    tree_set(sc, &st->s1, 0x400000, 3, 0xa0200000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, 0xfffffffff000, 3, 0xb0000000 | D_PAGE | D_S1_RW);
    stream_write(sc, st);
}

static void expect_s1(void)
{
    CHECK_EQ(list.count, 4);
    CHECK(is(0, 0x1000, 0x2000, 0x90001000, S1_RW));
    CHECK(is(1, 0x3000, 0x1000, 0x90003000, UR | PR));
    CHECK(is(2, 0x200000, 0x201000, 0xa0000000, S1_RW));
    CHECK(is(3, 0xfffffffff000, 0x1000, 0xb0000000, S1_RW));
    CHECK_EQ(list.m[0].mem_type, 0xff); /* MAIR 0 of cd_init */
    CHECK_EQ(list.m[0].shareability, IOVP_SH_INNER);
}

TEST_CASE(Mappings, Stage1)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_s1(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    expect_s1();
    scene_close(&sc);
}

/* Other attributes end a mapping, though nothing else differs. */
TEST_CASE(Mappings, AttributesSeparate)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    tree_set(&sc, &st.s1, 0x1000, 3, 0x90001000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s1, 0x2000, 3, 0x90002000 | D_PAGE | D_S1_RW | D_ATTR(1));
    tree_set(&sc, &st.s1, 0x3000, 3,
             0x90003000 | D_PAGE | D_AF | D_NG | D_AP(1) | D_SH(2));
    stream_write(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 3);
    CHECK_EQ(list.m[1].mem_type, 0x44);
    CHECK_EQ(list.m[1].shareability, IOVP_SH_OUTER);
    CHECK_EQ(list.m[2].mem_type, 0xff);
    CHECK_EQ(list.m[2].shareability, IOVP_SH_OUTER);
    scene_close(&sc);
}

TEST_CASE(Mappings, RangeIsClipped)
{
    struct scene sc;
    struct stream st;
    struct acc how = acc(SID, 0, "r");
    struct iovp_attrs a = acc_attrs(&how);

    scene_open(&sc);
    make_s1(&sc, &st);
    list.count = 0;
    CHECK(list_range(&list, &sc, &a, 0x2345, 0x2100ff, 1000, NULL));
    CHECK_EQ(list.count, 3);
    CHECK(is(0, 0x2345, 0xcbb, 0x90002345, S1_RW));
    CHECK(is(1, 0x3000, 0x1000, 0x90003000, UR | PR));
    CHECK(is(2, 0x200000, 0x10100, 0xa0000000, S1_RW));
    list.count = 0;
    CHECK(list_range(&list, &sc, &a, 0x4000, 0x1fffff, 1000, NULL));
    CHECK(list_range(&list, &sc, &a, 5, 4, 1000, NULL));
    CHECK(list_range(&list, &sc, &a, 1ull << 48, UINT64_MAX, 1000, NULL));
    CHECK_EQ(list.count, 0);
    scene_close(&sc);
}

/* 3.4.1: TTB1's range ends at the top; TBI adds nothing but aliases. */
TEST_CASE(Mappings, BothRangesInAscendingOrder)
{
    struct scene sc;
    struct stream st;
    struct tree upper;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 40);
    tree_init(&sc, &upper, 14, 36, tree_s1_start(14, 36));
    cd_ttb1(st.cd, &upper);
    tb_put(st.cd, T_CD_TBI0, 1);
    tb_put(st.cd, T_CD_TBI1, 1);
    tree_set(&sc, &st.s1, 0, 3, 0x90000000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s1, 0xfffffff000, 3, 0x90001000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &upper, 0, 2, 0xa0000000 | D_BLOCK | D_S1_RW);
    tree_set(&sc, &upper, 0xfffffc000, 3, 0x90004000 | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 4);
    CHECK(is(0, 0, 0x1000, 0x90000000, S1_RW));
    CHECK(is(1, 0xfffffff000, 0x1000, 0x90001000, S1_RW));
    CHECK(is(2, 0xfffffff000000000, 0x2000000, 0xa0000000, S1_RW));
    CHECK(is(3, 0xffffffffffffc000, 0x4000, 0x90004000, S1_RW));
    /* What ends at the last address there is has nothing behind it. */
    list.count = 0;
    list.stop_at = 4;
    {
        struct acc how = acc(SID, 0, "r");
        struct iovp_attrs a = acc_attrs(&how);

        CHECK(list_range(&list, &sc, &a, 0, UINT64_MAX, 100000, NULL));
    }
    scene_close(&sc);
}

/* Without stage 1 the input is an IPA and the client's attributes count. */
TEST_CASE(Mappings, Stage2)
{
    struct scene sc;
    struct stream st;
    struct acc how = acc(SID, 0, "r");

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 16, 40, 2);
    tree_set(&sc, &st.s2, 0x10000, 3, 0x90010000 | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, 0x20000, 3,
             0x90020000 | D_PAGE | D_AF | D_S2AP(1) | D_S2MEM(15) | D_S2XN(2));
    tree_set(&sc, &st.s2, 0x20000000, 2, 0xa0000000 | D_BLOCK | D_S2_RW);
    /* S2AP 0, XN: nothing may be done there. */
    tree_set(&sc, &st.s2, 0x30000, 3, 0x90030000 | D_PAGE | D_AF | D_S2XN(2));
    stream_write(&sc, &st);
    how.mem_type = 0x44;
    list_all(&list, &sc, how);
    CHECK_EQ(list.count, 3);
    CHECK(is(0, 0x10000, 0x10000, 0x90010000, ALL));
    CHECK(is(1, 0x20000, 0x10000, 0x90020000, UR | PR));
    CHECK(is(2, 0x20000000, 0x20000000, 0xa0000000, ALL));
    CHECK_EQ(list.m[0].mem_type, 0x44);
    CHECK_EQ(list.m[0].shareability, IOVP_SH_OUTER);
    scene_close(&sc);
}

/* A block of stage 1 over pages of stage 2, and pages over a block. */
static void make_nested(struct scene *sc, struct stream *st)
{
    stream_nested(sc, st, SID, 12, 12);
    tree_set(sc, &st->s1, 0x40000000, 2, 0x10000000000 | D_BLOCK | D_S1_RW);
    tree_set(sc, &st->s2, 0x10000001000, 3, 0x90001000 | D_PAGE | D_S2_RW);
    tree_set(sc, &st->s2, 0x10000002000, 3, 0x90002000 | D_PAGE | D_S2_RW);
    tree_set(sc, &st->s2, 0x10000003000, 3,
             0x90003000 | D_PAGE | D_AF | D_S2AP(1) | D_S2MEM(15));
    tree_set(sc, &st->s2, 0x100001ff000, 3, 0x91000000 | D_PAGE | D_S2_RW);
    tree_set(sc, &st->s1, 0x80000000, 3, 0x20000005000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, 0x80001000, 3, 0x20000006000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, 0x80002000, 3, 0x30000000000 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s2, 0x20000000000, 2, 0xa0000000 | D_BLOCK | D_S2_RW);
    stream_write(sc, st);
}

TEST_CASE(Mappings, NestedSplitsAtStage2)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_nested(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 4);
    CHECK(is(0, 0x40001000, 0x2000, 0x90001000, S1_RW));
    CHECK(is(1, 0x40003000, 0x1000, 0x90003000, UR | PR | UX));
    CHECK(is(2, 0x401ff000, 0x1000, 0x91000000, S1_RW));
    CHECK(is(3, 0x80000000, 0x2000, 0xa0005000, S1_RW));
    scene_close(&sc);
}

/* Whatever the budget, the parts together are the whole. */
static void expect_parts(struct scene *sc, uint32_t budget, unsigned stop_at)
{
    struct acc how = acc(SID, 0, "r");
    struct iovp_attrs a = acc_attrs(&how);
    uint64_t first = 0, next;
    unsigned calls = 0;

    parts.count = 0;
    for (;;) {
        parts.stop_at = stop_at ? parts.count + stop_at : 0;
        if (list_range(&parts, sc, &a, first, UINT64_MAX, budget, &next))
            break;
        if (next <= first || ++calls > 100000)
            FAIL_TEST("no progress");
        first = next;
    }
    list_join(&parts);
    CHECK_EQ(parts.count, list.count);
    CHECK_MEM(parts.m, list.m, list.count * sizeof(list.m[0]));
}

TEST_CASE(Mappings, AnyBudget)
{
    struct scene sc;
    struct stream st;
    uint32_t budget;

    scene_open(&sc);
    make_s1(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    for (budget = 0; budget < 40; budget++)
        expect_parts(&sc, budget, 0);
    scene_close(&sc);
    scene_open(&sc);
    make_nested(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    for (budget = 1; budget < 40; budget += 3)
        expect_parts(&sc, budget, 0);
    scene_close(&sc);
}

TEST_CASE(Mappings, StoppedByTheReceiver)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_nested(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    expect_parts(&sc, 1u << 20, 1);
    expect_parts(&sc, 1u << 20, 3);
    expect_parts(&sc, 77, 1);
    scene_close(&sc);
}

static bool count_fn(void *ud, const struct iovp_mapping *m)
{
    unsigned *count = ud;

    (void)m;
    ++*count;
    return true;
}

/* 512 entries that lead to their own table: 2^36 pages. */
TEST_CASE(Mappings, TablesInACircleEndByBudget)
{
    struct scene sc;
    struct stream st;
    struct acc how = acc(SID, 0, "r");
    struct iovp_attrs a = acc_attrs(&how);
    unsigned i, count = 0;
    struct iovp_mapping_walk w = {
        .last = UINT64_MAX, .budget = 100000, .fn = count_fn, .ud = &count};

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    for (i = 0; i < 512; i++)
        bench_put64(&sc.b, st.s1.root + 8 * i, st.s1.root | D_TABLE | D_S1_RW);
    stream_write(&sc, &st);
    sc.b.reads = 0;
    CHECK(!smmuv3_iommu_ops.mappings(sc.b.s, &a, &w));
    CHECK(count > 99000 && count <= 100000);
    CHECK_EQ(w.next, count * 0x1000ull);
    CHECK(sc.b.reads < 100000 / 8 + 1000);
    scene_close(&sc);
}

/* A table costs what its 4 KB cost, in both stages. */
TEST_CASE(Mappings, ReadsAreFew)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    make_nested(&sc, &st);
    for (i = 0; i < 512; i++) {
        tree_set(&sc, &st.s1, 0x600000 + 0x1000 * i, 3,
                 (0x10000200000 + 0x1000 * i) | D_PAGE | D_S1_RW);
        tree_set(&sc, &st.s2, 0x10000200000 + 0x1000 * i, 3,
                 (0x98000000 + 0x1000 * i) | D_PAGE | D_S2_RW);
    }
    sc.b.reads = 0;
    list.count = 0;
    {
        struct acc how = acc(SID, 0, "r");
        struct iovp_attrs a = acc_attrs(&how);

        CHECK(list_range(&list, &sc, &a, 0x600000, 0x7fffff, 10000, NULL));
    }
    CHECK_EQ(list.count, 1);
    CHECK(is(0, 0x600000, 0x200000, 0x98000000, S1_RW));
    /* Twice 64 windows, and the ways to the tables. */
    CHECK(sc.b.reads < 128 + 40);
    scene_close(&sc);
}

/* One descriptor that aborts leaves the others of its cache line. */
TEST_CASE(Mappings, UnreadableDescriptor)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_s1(&sc, &st);
    bench_fault(&sc.b, tree_slot(&sc, &st.s1, 0x2000, 3), true, false);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 4);
    CHECK(is(0, 0x1000, 0x1000, 0x90001000, S1_RW));
    CHECK(is(1, 0x3000, 0x1000, 0x90003000, UR | PR));
    scene_close(&sc);
}

/* As memory is, and without a trace of the look. */
TEST_CASE(Mappings, MemoryNotCaches)
{
    struct scene sc;
    struct stream st;
    struct iovp_cache_stats before[IOVP_CACHES];
    struct smmuv3_stats stats, now;
    unsigned i;
    uint64_t ev[4];

    scene_open(&sc);
    make_nested(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x80000123, "r"), 0xa0005123);
    EXPECT_OK(&sc, acc(SID, 0x40001123, "r"), 0x90001123);
    /* Nothing is invalidated. */
    tree_set(&sc, &st.s2, 0x20000000000, 2, 0xc0000000 | D_BLOCK | D_S2_RW);
    smmuv3_get_stats(sc.b.s, &stats);
    for (i = 0; i < IOVP_CACHES; i++)
        before[i] = *smmuv3_cache_stats(sc.b.s, (enum iovp_cache_id)i);
    sc.b.traces = 0;
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK(is(3, 0x80000000, 0x2000, 0xc0005000, S1_RW));
    smmuv3_get_stats(sc.b.s, &now);
    CHECK_MEM(&now, &stats, sizeof(now));
    for (i = 0; i < IOVP_CACHES; i++)
        CHECK_MEM(smmuv3_cache_stats(sc.b.s, (enum iovp_cache_id)i), &before[i],
                  sizeof(before[i]));
    CHECK_EQ(sc.b.traces, 0);
    CHECK(!bench_event(&sc.b, ev));
    CHECK_EQ(sc.b.last_read.debug, 1);
    EXPECT_OK(&sc, acc(SID, 0x80000123, "r"), 0xa0005123);
    scene_close(&sc);
}

/* The tables themselves, and the CD, are found by stage 2 of now. */
TEST_CASE(Mappings, NestedTablesByMemory)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_nested(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x80000123, "r"), 0xa0005123);
    /* The block with all of stage 1 goes; the TLB and walk cache know it. */
    for (uint64_t pa = BENCH_RAM; pa < BENCH_RAM + BENCH_RAM_SIZE;
         pa += 1 << 21)
        tree_set(&sc, &st.s2, pa + NEST_BIAS, 2, 0);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 0);
    scene_close(&sc);
}

static void expect_identity(struct scene *sc, uint8_t type, uint8_t sh)
{
    struct acc how = acc(SID, 0, "r");

    how.mem_type = 0xff;
    how.sh = IOVP_SH_INNER;
    list_all(&list, sc, how);
    CHECK_EQ(list.count, 1);
    CHECK(is(0, 0, 1ull << 48, 0, ALL)); /* 3.4: up to the OAS */
    CHECK_EQ(list.m[0].mem_type, type);
    CHECK_EQ(list.m[0].shareability, sh);
}

TEST_CASE(Mappings, IdentityIsOne)
{
    struct scene sc;
    struct stream st;
    struct acc how = acc(SID, 0, "r");
    struct iovp_attrs a = acc_attrs(&how);

    scene_open(&sc);
    stream_bypass(&st, SID);
    stream_write(&sc, &st);
    expect_identity(&sc, 0xff, IOVP_SH_INNER);
    /* 5.2 MTCFG, MemAttr, SHCFG. */
    tb_put(st.ste, T_STE_MTCFG, 1);
    tb_put(st.ste, T_STE_MEMATTR, 5);
    stream_write(&sc, &st);
    expect_identity(&sc, 0x44, IOVP_SH_OUTER);
    list.count = 0;
    CHECK(list_range(&list, &sc, &a, 0x12345, 0x23456, 1, NULL));
    CHECK(is(0, 0x12345, 0x11112, 0x12345, ALL));
    /* SMMUEN == 0: GBPA's attributes. */
    bench_w32(&sc.b, SMMU_CR0, 0);
    expect_identity(&sc, 0xff, IOVP_SH_INNER);
    bench_w32(&sc.b, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    list_all(&list, &sc, how);
    CHECK_EQ(list.count, 0);
    scene_close(&sc);
}

TEST_CASE(Mappings, NoneWhereTransactionsFault)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    make_s1(&sc, &st);
    list_all(&list, &sc, acc_ss(SID, 1, 0, "r"));
    CHECK_EQ(list.count, 0);
    tb_put(st.cd, T_CD_EPD0, 1);
    stream_write(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 0);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_ABORT);
    stream_write(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 0);
    list_all(&list, &sc, acc(0xffff, 0, "r"));
    CHECK_EQ(list.count, 0);
    scene_close(&sc);
}

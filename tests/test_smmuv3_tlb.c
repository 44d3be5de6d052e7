/* SPDX-License-Identifier: MIT */
/*
 * What caches may and may not remember (3.21, 5.2.1, 5.4.1, 4.4), beside the
 * scopes of the commands, which test_smmuv3_tlbi.c goes through.
 */
#include "shim.h"
#include "smmu_scene.h"

#define VA      0x40201000ull /* indexes 0, 1, 1, 1 */
#define IPA     0x5000ull
#define OLD     0x2340000000ull
#define NEW     0x6780000000ull
#define VMID(n) ((uint64_t)(n) << 32)
#define ASID(n) ((uint64_t)(n) << 48)
#define LEAF    1u

#define NH_ALL      0x10u
#define NH_ASID     0x11u
#define NH_VA       0x12u
#define NH_VAA      0x13u
#define EL2_ALL     0x20u
#define EL2_VA      0x22u
#define S12_VMALL   0x28u
#define S2_IPA      0x2au
#define NSNH_ALL    0x30u
#define CFGI_STE    0x03u
#define CFGI_CD     0x05u
#define CFGI_CD_ALL 0x06u

static void tell(struct scene *sc, uint64_t w0, uint64_t w1)
{
    CHECK_EQ(bench_command(&sc->b, w0, w1), 0);
    CHECK_EQ(bench_command(&sc->b, 0x46, 0), 0);
}

/* A stage 1 stream with VA -> OLD. */
static void open_s1(struct scene *sc, struct stream *st, unsigned granule)
{
    scene_open(sc);
    stream_s1(sc, st, 5, granule, 48);
    tree_set(sc, &st->s1, VA, 3, OLD | D_PAGE | D_S1_RW);
    stream_write(sc, st);
}

/* ---- faults are not cached (3.21.1) ------------------------------------ */

/* From invalid to valid needs no invalidation, at any level. */
TEST_CASE(NoNegativeCaching, EachLevelOfStage1)
{
    struct scene sc;
    struct stream st;
    int level;

    open_s1(&sc, &st, 12);
    for (level = 0; level < 4; level++) {
        uint64_t at = tree_slot(&sc, &st.s1, VA, level);
        uint64_t desc = bench_get64(&sc.b, at);

        bench_put64(&sc.b, at, 0);
        scene_invalidate(&sc);
        EXPECT_EVENT(&sc, acc(5, VA, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
        bench_put64(&sc.b, at, desc);
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    }
    scene_close(&sc);
}

TEST_CASE(NoNegativeCaching, AccessFlagAndExternalAbort)
{
    struct scene sc;
    struct stream st;
    uint64_t at;

    open_s1(&sc, &st, 12);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | (D_S1_RW & ~D_AF));
    EXPECT_EVENT(&sc, acc(5, VA, "r"), E_ACCESS, EV_CLASS_IN, 0);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | D_S1_RW);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    scene_invalidate(&sc);
    at = tree_slot(&sc, &st.s1, VA, 3);
    bench_fault(&sc.b, at, true, false);
    EXPECT_EVENT(&sc, acc(5, VA, "r"), E_WALK_EABT, EV_CLASS_TT, at);
    bench_clear_faults(&sc.b);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    scene_close(&sc);
}

TEST_CASE(NoNegativeCaching, EachLevelOfStage2UnderAll)
{
    struct scene sc;
    struct stream st;
    uint64_t ipas[3];
    unsigned i;
    int level;

    scene_open(&sc);
    stream_nested(&sc, &st, 7, 12, 12);
    tree_set(&sc, &st.s1, VA, 3, IPA | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, IPA, 3, OLD | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    ipas[0] = IPA;
    ipas[1] = st.cd_at + NEST_BIAS;
    ipas[2] = tree_slot(&sc, &st.s1, VA, 3) + NEST_BIAS;
    for (i = 0; i < 3; i++) {
        for (level = 0; level < (i ? 3 : 4); level++) {
            uint64_t at = tree_slot(&sc, &st.s2, ipas[i], level);
            uint64_t desc = bench_get64(&sc.b, at);

            bench_put64(&sc.b, at, 0);
            scene_invalidate(&sc);
            scene_do(&sc, acc(7, VA, "r"));
            CHECK_EQ(sc.r.event, E_TRANSLATION);
            bench_put64(&sc.b, at, desc);
            EXPECT_OK(&sc, acc(7, VA, "r"), OLD);
        }
    }
    scene_close(&sc);
}

/* A write that stage 1 refuses leaves a mapping that reads may use. */
TEST_CASE(NoNegativeCaching, PermissionFaults)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | D_AF | D_NG | D_AP(3));
    EXPECT_EVENT(&sc, acc(5, VA, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    EXPECT_EVENT(&sc, acc(5, VA, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* ---- stale entries, and the end of them -------------------------------- */

/* The old translation is used until the command, the new one after it. */
TEST_CASE(Stale, PagesOfEachGranuleByAnyAddressWithin)
{
    static const unsigned granules[] = {12, 14, 16};
    unsigned i, k;

    for (i = 0; i < 3; i++) {
        uint64_t within[3] = {0, 1ull << (granules[i] - 1),
                              (1ull << granules[i]) - 0x1000};

        for (k = 0; k < 3; k++) {
            struct scene sc;
            struct stream st;
            uint64_t va = VA >> granules[i] << granules[i];

            open_s1(&sc, &st, granules[i]);
            EXPECT_OK(&sc, acc(5, va + 4, "r"), OLD + 4);
            tree_set(&sc, &st.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
            EXPECT_OK(&sc, acc(5, va + 4, "r"), OLD + 4);
            tell(&sc, NH_VA | VMID(5) | ASID(5),
                 (va + (1ull << granules[i])) | LEAF);
            EXPECT_OK(&sc, acc(5, va + 4, "r"), OLD + 4);
            tell(&sc, NH_VA | VMID(5) | ASID(5),
                 ((va + within[k]) & ~0xfffull) | LEAF);
            EXPECT_OK(&sc, acc(5, va + 4, "r"), NEW + 4);
            scene_close(&sc);
        }
    }
}

/* Blocks: any address within does. */
TEST_CASE(Stale, Blocks)
{
    static const struct {
        int level;
        uint64_t size;
    } k[] = {{2, 1ull << 21}, {1, 1ull << 30}};
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct scene sc;
        struct stream st;
        uint64_t va = 5ull << 30;

        open_s1(&sc, &st, 12);
        tree_set(&sc, &st.s1, va, k[i].level,
                 0x40000000ull | D_BLOCK | D_S1_RW);
        EXPECT_OK(&sc, acc(5, va + k[i].size - 1, "r"),
                  0x40000000ull + k[i].size - 1);
        tree_set(&sc, &st.s1, va, k[i].level,
                 0x80000000ull | D_BLOCK | D_S1_RW);
        EXPECT_OK(&sc, acc(5, va, "r"), 0x40000000ull);
        tell(&sc, NH_VAA | VMID(5), (va + k[i].size) | LEAF);
        EXPECT_OK(&sc, acc(5, va, "r"), 0x40000000ull);
        tell(&sc, NH_VAA | VMID(5), (va + k[i].size - 0x1000) | LEAF);
        EXPECT_OK(&sc, acc(5, va, "r"), 0x80000000ull);
        scene_close(&sc);
    }
}

/* TTB1's half of the address space, by page and by range. */
TEST_CASE(Stale, UpperHalf)
{
    struct scene sc;
    struct stream st;
    struct tree hi;
    uint64_t va = 0xffff000000007000ull;

    open_s1(&sc, &st, 12);
    tree_init(&sc, &hi, 12, 48, 0);
    cd_ttb1(st.cd, &hi);
    tree_set(&sc, &hi, va, 3, OLD | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, va, "r"), OLD);
    tree_set(&sc, &hi, va, 3, NEW | D_PAGE | D_S1_RW);
    tell(&sc, NH_VA | VMID(5) | ASID(5), 0x7000);
    EXPECT_OK(&sc, acc(5, va, "r"), OLD);
    tell(&sc, NH_VA | VMID(5) | ASID(5), va);
    EXPECT_OK(&sc, acc(5, va, "r"), NEW);
    tree_set(&sc, &hi, va, 3, OLD | D_PAGE | D_S1_RW);
    /* TG 4KB, 8 pages from the first of this half. */
    tell(&sc, NH_VA | VMID(5) | ASID(5) | 7u << 12,
         0xffff000000000000ull | 1u << 10);
    EXPECT_OK(&sc, acc(5, va, "r"), OLD);
    scene_close(&sc);
}

/* A page seen through a tag is the same page (TBI). */
TEST_CASE(Stale, TaggedAddresses)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    tb_put(st.cd, T_CD_TBI0, 1);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, VA | 0xaaull << 56, "r"), OLD);
    tree_set(&sc, &st.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
    EXPECT_OK(&sc, acc(5, VA | 0x55ull << 56, "r"), OLD);
    tell(&sc, NH_VA | VMID(5) | ASID(5), VA);
    EXPECT_OK(&sc, acc(5, VA | 0xaaull << 56, "r"), NEW);
    scene_close(&sc);
}

/* A new table at each level: Leaf == 0 must reach it. */
TEST_CASE(Stale, TableDescriptorsAtEachLevel)
{
    int level;

    for (level = 0; level < 3; level++) {
        struct scene sc;
        struct stream st;
        struct tree other;
        uint64_t at;

        open_s1(&sc, &st, 12);
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
        /* The sub-tree of another tree takes the place of the first. */
        tree_init(&sc, &other, 12, 48, 0);
        tree_set(&sc, &other, VA, 3, NEW | D_PAGE | D_S1_RW);
        at = tree_slot(&sc, &other, VA, level);
        bench_put64(&sc.b, tree_slot(&sc, &st.s1, VA, level),
                    bench_get64(&sc.b, at));
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
        tell(&sc, NH_VA | VMID(5) | ASID(5), VA);
        EXPECT_OK(&sc, acc(5, VA, "r"), NEW);
        scene_close(&sc);
    }
}

/* ---- two stages -------------------------------------------------------- */

static void open_nested(struct scene *sc, struct stream *st)
{
    scene_open(sc);
    stream_nested(sc, st, 7, 12, 12);
    tree_set(sc, &st->s1, VA, 3, IPA | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s2, IPA, 3, OLD | D_PAGE | D_S2_RW);
    stream_write(sc, st);
    EXPECT_OK(sc, acc(7, VA, "r"), OLD);
}

/* 4.4.3.1: S2_IPA, with NH_ALL or NH_VAA for what combines both stages. */
TEST_CASE(StaleNested, S2IpaThenStage1)
{
    static const unsigned second[] = {NH_ALL, NH_VAA, S12_VMALL, NSNH_ALL};
    unsigned i;

    for (i = 0; i < 4; i++) {
        struct scene sc;
        struct stream st;

        open_nested(&sc, &st);
        tree_set(&sc, &st.s2, IPA, 3, NEW | D_PAGE | D_S2_RW);
        tell(&sc, S2_IPA | VMID(7), IPA);
        tell(&sc, second[i] | (second[i] == NSNH_ALL ? 0 : VMID(7)),
             second[i] == NH_VAA ? VA : 0);
        EXPECT_OK(&sc, acc(7, VA, "r"), NEW);
        scene_close(&sc);
    }
}

/* Stage 1 commands alone keep stage 2's entries (they are per IPA). */
TEST_CASE(StaleNested, Stage1CommandsAlone)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    tree_set(&sc, &st.s1, VA, 3, 0x6000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, 0x6000, 3, NEW | D_PAGE | D_S2_RW);
    EXPECT_OK(&sc, acc(7, VA, "r"), OLD);
    tell(&sc, NH_VA | VMID(7) | ASID(7), VA | LEAF);
    EXPECT_OK(&sc, acc(7, VA, "r"), NEW);
    scene_close(&sc);
}

/* Stage 2 moves the page that holds a table of stage 1. */
TEST_CASE(StaleNested, TableMovesAtStage2)
{
    struct scene sc;
    struct stream st;
    uint64_t table, copy, block, p;

    open_nested(&sc, &st);
    table = tree_slot(&sc, &st.s1, VA, 3) & ~0xfffull;
    block = table & ~0x1fffffull;
    tree_set(&sc, &st.s2, block + NEST_BIAS, 2, 0);
    for (p = block; p < block + 0x200000; p += 0x1000)
        tree_set(&sc, &st.s2, p + NEST_BIAS, 3, p | D_PAGE | D_S2_RW);
    scene_invalidate(&sc);
    EXPECT_OK(&sc, acc(7, VA, "r"), OLD);
    copy = scene_alloc(&sc, 4096, 12);
    bench_put64(&sc.b, copy + 8, 0x6000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, 0x6000, 3, NEW | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, table + NEST_BIAS, 3, copy | D_PAGE | D_S2_RW);
    tell(&sc, S2_IPA | VMID(7), table + NEST_BIAS);
    tell(&sc, NH_ALL | VMID(7), 0);
    EXPECT_OK(&sc, acc(7, VA, "r"), NEW);
    scene_close(&sc);
}

/* The walk cache of stage 2: a new table below the root. */
TEST_CASE(StaleNested, Stage2TableDescriptors)
{
    int level;

    for (level = 0; level < 3; level++) {
        struct scene sc;
        struct stream st;
        struct tree other;

        scene_open(&sc);
        stream_s2(&sc, &st, 6, 12, 48, 0);
        tree_set(&sc, &st.s2, VA, 3, OLD | D_PAGE | D_S2_RW);
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(6, VA, "r"), OLD);
        tree_init(&sc, &other, 12, 48, 0);
        tree_set(&sc, &other, VA, 3, NEW | D_PAGE | D_S2_RW);
        bench_put64(&sc.b, tree_slot(&sc, &st.s2, VA, level),
                    bench_get64(&sc.b, tree_slot(&sc, &other, VA, level)));
        EXPECT_OK(&sc, acc(6, VA, "r"), OLD);
        tell(&sc, S2_IPA | VMID(6), VA);
        EXPECT_OK(&sc, acc(6, VA, "r"), NEW);
        scene_close(&sc);
    }
}

/* ---- who shares entries ------------------------------------------------ */

/* Two streams with one VMID and ASID share translations (3.3.3). */
TEST_CASE(Sharing, SameVmidAndAsid)
{
    struct scene sc;
    struct stream a, b;

    open_s1(&sc, &a, 12);
    b = a;
    b.sid = 6;
    stream_write(&sc, &b);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    EXPECT_OK(&sc, acc(6, VA, "r"), OLD);
    CHECK_EQ(sc.r.walk.count > 0, true); /* STE and CD */
    CHECK_EQ(iovp_walk_outcome(sc.r.walk.caches, IOVP_CACHE_TLB),
             IOVP_CACHE_HIT);
    tree_set(&sc, &a.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
    tell(&sc, NH_VA | VMID(5) | ASID(5), VA);
    EXPECT_OK(&sc, acc(6, VA, "r"), NEW);
    EXPECT_OK(&sc, acc(5, VA, "r"), NEW);
    scene_close(&sc);
}

/* nG == 0: every ASID of the VMID sees it; another VMID does not. */
TEST_CASE(Sharing, GlobalPages)
{
    struct scene sc;
    struct stream a, b, c;

    open_s1(&sc, &a, 12);
    tree_set(&sc, &a.s1, VA, 3, OLD | D_PAGE | (D_S1_RW & ~D_NG));
    stream_s1(&sc, &b, 6, 12, 48);
    tree_set(&sc, &b.s1, VA, 3, OLD | D_PAGE | (D_S1_RW & ~D_NG));
    tb_put(b.ste, T_STE_S2VMID, 5);
    stream_s1(&sc, &c, 7, 12, 48);
    tree_set(&sc, &c.s1, VA, 3, NEW | D_PAGE | (D_S1_RW & ~D_NG));
    stream_write(&sc, &a);
    stream_write(&sc, &b);
    stream_write(&sc, &c);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    EXPECT_OK(&sc, acc(6, VA, "r"), OLD);
    CHECK_EQ(iovp_walk_outcome(sc.r.walk.caches, IOVP_CACHE_TLB),
             IOVP_CACHE_HIT);
    EXPECT_OK(&sc, acc(7, VA, "r"), NEW);
    scene_close(&sc);
}

/* The same numbers in another StreamWorld are another space. */
TEST_CASE(Sharing, WorldsAreSeparate)
{
    struct scene sc;
    struct stream a, b, c;

    open_s1(&sc, &a, 12);
    tb_put(a.ste, T_STE_S2VMID, 0);
    tb_put(a.cd, T_CD_ASID, 0);
    stream_s1(&sc, &b, 6, 12, 48);
    tb_put(b.ste, T_STE_STRW, 2);
    tb_put(b.ste, T_STE_S2VMID, 0);
    tb_put(b.cd, T_CD_ASID, 0);
    tree_set(&sc, &b.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
    stream_s2(&sc, &c, 7, 12, 40, 1);
    tb_put(c.ste, T_STE_S2VMID, 0);
    tree_set(&sc, &c.s2, VA, 3, 0x7000 | D_PAGE | D_S2_RW);
    stream_write(&sc, &a);
    stream_write(&sc, &b);
    stream_write(&sc, &c);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    EXPECT_OK(&sc, acc(6, VA, "r"), NEW);
    EXPECT_OK(&sc, acc(7, VA, "r"), 0x7000);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    /* EL2's commands leave the others alone, and the other way round. */
    tree_set(&sc, &a.s1, VA, 3, 0x1000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &b.s1, VA, 3, 0x2000 | D_PAGE | D_S1_RW);
    tell(&sc, EL2_VA, VA);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    EXPECT_OK(&sc, acc(6, VA, "r"), 0x2000);
    tell(&sc, NSNH_ALL, 0);
    EXPECT_OK(&sc, acc(5, VA, "r"), 0x1000);
    tree_set(&sc, &b.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
    tell(&sc, NSNH_ALL, 0);
    EXPECT_OK(&sc, acc(6, VA, "r"), 0x2000);
    tell(&sc, EL2_ALL, 0);
    EXPECT_OK(&sc, acc(6, VA, "r"), NEW);
    scene_close(&sc);
}

/* A new ASID in the CD needs no TLBI; the old one's entries are not used. */
TEST_CASE(Sharing, NewAsid)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    tree_set(&sc, &st.s1, VA, 3, NEW | D_PAGE | D_S1_RW);
    tb_put(st.cd, T_CD_ASID, 99);
    bench_put_words(&sc.b, st.cd_at, st.cd, 8);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    tell(&sc, CFGI_CD | VMID(5), LEAF); /* StreamID 5 is at [63:32] */
    EXPECT_OK(&sc, acc(5, VA, "r"), NEW);
    scene_close(&sc);
}

/* ---- configuration ----------------------------------------------------- */

/* 5.2.1: attributes and permissions of the STE are no part of the TLB. */
TEST_CASE(Config, OverridesNeedNoTlbi)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | D_AF | D_NG);
    scene_invalidate(&sc);
    EXPECT_OK(&sc, acc(5, VA, "rp"), OLD);
    EXPECT_EVENT(&sc, acc(5, VA, "r"), E_PERMISSION, EV_CLASS_IN, 0);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    bench_put_words(&sc.b, BENCH_STRTAB + 64 * 5, st.ste, 8);
    tell(&sc, CFGI_STE | VMID(5), LEAF);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    CHECK_EQ(iovp_walk_outcome(sc.r.walk.caches, IOVP_CACHE_TLB),
             IOVP_CACHE_HIT);
    scene_close(&sc);
}

/* STE.Config may change back and forth without TLBI (5.2.1). */
TEST_CASE(Config, ModeChanges)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    open_s1(&sc, &st, 12);
    for (i = 0; i < 3; i++) {
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
        tb_put(st.ste, T_STE_CONFIG, CONFIG_BYPASS);
        bench_put_words(&sc.b, BENCH_STRTAB + 64 * 5, st.ste, 8);
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD); /* cached */
        tell(&sc, CFGI_STE | VMID(5), LEAF);
        EXPECT_OK(&sc, acc(5, VA, "r"), VA);
        tb_put(st.ste, T_STE_CONFIG, CONFIG_ABORT);
        bench_put_words(&sc.b, BENCH_STRTAB + 64 * 5, st.ste, 8);
        tell(&sc, CFGI_STE | VMID(5), 0);
        EXPECT_SILENT(&sc, acc(5, VA, "r"), IOVP_RESULT_ABORT);
        tb_put(st.ste, T_STE_CONFIG, CONFIG_S1);
        bench_put_words(&sc.b, BENCH_STRTAB + 64 * 5, st.ste, 8);
        tell(&sc, CFGI_STE | VMID(5), 0);
    }
    scene_close(&sc);
}

/* CFGI_CD reaches the CD of one index; S1DSS 0b10 makes two uses of CD 0. */
TEST_CASE(Config, CdByIndex)
{
    struct scene sc;
    struct stream st;
    struct tree t[2];
    uint64_t cd[8], at;
    unsigned i;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    at = scene_alloc(&sc, 128, 7);
    for (i = 0; i < 2; i++) {
        tree_init(&sc, &t[i], 12, 30, 2);
        tree_set(&sc, &t[i], 0x1000, 3, (OLD + 0x10000 * i) | D_PAGE | D_S1_RW);
        cd_init(cd, &t[i], 10 + i);
        bench_put_words(&sc.b, at + 64 * i, cd, 8);
    }
    tb_put(st.ste, T_STE_S1CPTR, at >> 6);
    tb_put(st.ste, T_STE_S1CDMAX, 1);
    tb_put(st.ste, T_STE_S1DSS, 2);
    st.cd_at = 0;
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, 0x1000, "r"), OLD);
    EXPECT_OK(&sc, acc_ss(5, 1, 0x1000, "r"), OLD + 0x10000);
    /* Both CDs become invalid; each keeps working until told. */
    bench_put64(&sc.b, at, 0);
    bench_put64(&sc.b, at + 64, 0);
    EXPECT_OK(&sc, acc(5, 0x1000, "r"), OLD);
    tell(&sc, CFGI_CD | VMID(5) | 1u << 12, LEAF);
    EXPECT_EVENT(&sc, acc_ss(5, 1, 0x1000, "r"), E_BAD_CD, 0, 0);
    EXPECT_OK(&sc, acc(5, 0x1000, "r"), OLD);
    tell(&sc, CFGI_CD | VMID(5), LEAF);
    EXPECT_EVENT(&sc, acc(5, 0x1000, "r"), E_BAD_CD, 0, 0);
    scene_close(&sc);
}

/* No entry is made while SMMUEN == 0 (3.21.1). */
TEST_CASE(Config, NothingIsCachedWhileDisabled)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    EXPECT_OK(&sc, acc(5, VA, "r"), VA);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) | 1);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    CHECK_EQ(iovp_walk_outcome(sc.r.walk.caches, IOVP_CACHE_TLB),
             IOVP_CACHE_MISS);
    scene_close(&sc);
}

/* An STE changes by CFGI_CD_ALL of its stream in no way, its CDs do. */
TEST_CASE(Config, CdAll)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st, 12);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    bench_put64(&sc.b, st.cd_at, 0);
    tell(&sc, CFGI_CD_ALL | VMID(6), 0);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    tell(&sc, CFGI_CD_ALL | VMID(5), 0);
    EXPECT_EVENT(&sc, acc(5, VA, "r"), E_BAD_CD, 0, 0);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/* Both stages: which one faults, in which class, and with which IPA. */
#include "shim.h"
#include "smmu_scene.h"

#define SID 7u
#define VA  0x1000ull
#define IPA 0x5000ull

static const unsigned granules[3] = {12, 14, 16};

/* VA -> IPA at stage 1, nothing at stage 2 yet. */
static void open_nested(struct scene *sc, struct stream *st)
{
    scene_open(sc);
    stream_nested(sc, st, SID, 12, 12);
    tree_set(sc, &st->s1, VA, 3, IPA | D_PAGE | D_S1_RW);
}

static void map_ipa(struct scene *sc, struct stream *st, uint64_t attrs)
{
    tree_set(sc, &st->s2, IPA, 3, SOMEWHERE | D_PAGE | attrs);
    scene_invalidate(sc);
}

/* ---- addresses --------------------------------------------------------- */

/* Every pair of granules; the result is linear within the smaller page. */
TEST_CASE(Nested, EveryPairOfGranules)
{
    unsigned i, j;

    for (i = 0; i < 3; i++) {
        for (j = 0; j < 3; j++) {
            unsigned small = granules[i < j ? i : j];
            struct scene sc;
            struct stream st;

            scene_open(&sc);
            stream_nested(&sc, &st, SID, granules[i], granules[j]);
            tree_set(&sc, &st.s1, 0x7f0000, 3, 0x20000 | D_PAGE | D_S1_RW);
            tree_set(&sc, &st.s2, 0x20000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
            stream_write(&sc, &st);
            EXPECT_OK(&sc, acc(SID, 0x7f0abc, "r"), SOMEWHERE + 0xabc);
            CHECK_EQ(sc.r.log2, small);
            EXPECT_OK(&sc, acc(SID, 0x7f0abc, "w"), SOMEWHERE + 0xabc);
            CHECK_EQ(sc.r.log2, small);
            scene_close(&sc);
        }
    }
}

/* Blocks of one stage over pages of the other. */
TEST_CASE(Nested, SmallerSizeWins)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    /* 2 MB at stage 1, two 4 KB pages of it at stage 2. */
    tree_set(&sc, &st.s1, 0x40000000, 2, 0x600000 | D_BLOCK | D_S1_RW);
    tree_set(&sc, &st.s2, 0x600000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, 0x601000, 3, 0x77777000 | D_PAGE | D_S2_RW);
    /* A page at stage 1 in a 1 GB block at stage 2. */
    tree_set(&sc, &st.s1, 0x2000, 3, 0x80012345000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, 0x80000000000, 1, 3ull << 40 | D_BLOCK | D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x40000123, "r"), SOMEWHERE + 0x123);
    CHECK_EQ(sc.r.log2, 12);
    EXPECT_OK(&sc, acc(SID, 0x40001123, "r"), 0x77777123);
    EXPECT_EVENT(&sc, acc(SID, 0x40002123, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_IN, 0x602000);
    EXPECT_OK(&sc, acc(SID, 0x2fff, "r"), (3ull << 40) + 0x12345fff);
    CHECK_EQ(sc.r.log2, 12);
    scene_close(&sc);
}

/* Blocks at both stages, of the same size. */
TEST_CASE(Nested, BlockOnBlock)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    tree_set(&sc, &st.s1, 0x40000000, 2, 0x600000 | D_BLOCK | D_S1_RW);
    tree_set(&sc, &st.s2, 0x600000, 2, 0x7000000 | D_BLOCK | D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x401fffff, "r"), 0x71fffff);
    CHECK_EQ(sc.r.log2, 21);
    scene_close(&sc);
}

/* ---- class IN: the access's own IPA ------------------------------------ */

TEST_CASE(Nested, FaultsOfTheOutput)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA + 0x321, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_IN, IPA);
    map_ipa(&sc, &st, D_S2_RW & ~D_AF);
    EXPECT_EVENT(&sc, acc(SID, VA + 0x321, "w"), E_ACCESS, EV_S2 | EV_CLASS_IN,
                 IPA);
    map_ipa(&sc, &st, D_AF | D_S2AP(1) | D_S2MEM(15));
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA + 0x321, "wp"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN, IPA);
    tb_put(st.ste, T_STE_S2PS, 0); /* 32 bits */
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_ADDR_SIZE, EV_S2 | EV_CLASS_IN, IPA);
    scene_close(&sc);
}

/* 7.3.22: stage 1's permission comes before any stage 2 fault. */
TEST_CASE(Nested, Stage1PermissionFirst)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    tree_set(&sc, &st.s1, VA, 3, IPA | D_PAGE | D_AF | D_NG | D_AP(3));
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN,
                 IPA);
    /* Refused by both: stage 1 tells; also from the TLB. */
    map_ipa(&sc, &st, D_AF | D_S2AP(1) | D_S2MEM(15));
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* Stage 2 refuses what stage 1 allows, hit or miss. */
TEST_CASE(Nested, Stage2PermissionOnHit)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_AF | D_S2AP(1) | D_S2XN(2) | D_S2MEM(15));
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA + 0xfff, "w"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN, IPA);
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA + 0xfff, "w"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN, IPA);
    EXPECT_EVENT(&sc, acc(SID, VA, "x"), E_PERMISSION, EV_S2 | EV_CLASS_IN,
                 IPA);
    scene_close(&sc);
}

/* Stage 1's faults do not name an IPA. */
TEST_CASE(Nested, Stage1Faults)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    tree_set(&sc, &st.s1, 0x2000, 3, IPA | D_PAGE | (D_S1_RW & ~D_AF));
    tree_set(&sc, &st.s1, 0x3000, 3, 1ull << 40 | D_PAGE | D_S1_RW);
    tb_put(st.cd, T_CD_IPS, 1); /* 36 bits */
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x9000, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x2000, "r"), E_ACCESS, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x3000, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 48, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* An IPA that stage 1 may output but stage 2 does not take in. */
TEST_CASE(Nested, IpaBeyondT0sz)
{
    struct scene sc;
    struct stream st;
    uint64_t pa;

    open_nested(&sc, &st);
    tree_init(&sc, &st.s2, 12, 40, 1);
    for (pa = BENCH_RAM; pa < BENCH_RAM + BENCH_RAM_SIZE; pa += 1 << 21)
        tree_set(&sc, &st.s2, pa + NEST_BIAS, 2, pa | D_BLOCK | D_S2_RW);
    tb_put(st.ste, T_STE_S2T0SZ, 24);
    tb_put(st.ste, T_STE_S2SL0, 1);
    tb_put(st.ste, T_STE_S2TTB, st.s2.root >> 4);
    tree_set(&sc, &st.s1, VA, 3, 0x12345678000 | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN,
                 0x12345678000);
    scene_close(&sc);
}

/* ---- class CD and TT --------------------------------------------------- */

/* Give the page that holds `pa` a stage 2 descriptor of its own. */
static void s2_page(struct scene *sc, struct stream *st, uint64_t pa,
                    uint64_t attrs)
{
    uint64_t block = pa & ~0x1fffffull;
    uint64_t p;

    if ((bench_get64(&sc->b, tree_slot(sc, &st->s2, pa + NEST_BIAS, 2)) & 3) ==
        D_BLOCK) {
        tree_set(sc, &st->s2, block + NEST_BIAS, 2, 0);
        for (p = block; p < block + 0x200000; p += 0x1000)
            tree_set(sc, &st->s2, p + NEST_BIAS, 3, p | D_PAGE | D_S2_RW);
    }
    pa &= ~0xfffull;
    tree_set(sc, &st->s2, pa + NEST_BIAS, 3, attrs ? pa | attrs : 0);
    scene_invalidate(sc);
}

struct s2_fault {
    uint64_t attrs;
    unsigned type;
};

/* Nothing there, not accessed, not readable. */
static const struct s2_fault s2_faults[] = {
    {0, E_TRANSLATION},
    {D_PAGE | (D_S2_RW & ~D_AF), E_ACCESS},
    {D_PAGE | D_AF | D_S2AP(2) | D_S2MEM(15), E_PERMISSION},
};

TEST_CASE(Nested, CdFetchFaults)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    for (i = 0; i < 3; i++) {
        s2_page(&sc, &st, st.cd_at, s2_faults[i].attrs);
        EXPECT_EVENT(&sc, acc(SID, VA + 0x44, "w"), s2_faults[i].type,
                     EV_S2 | EV_CLASS_CD, st.cd_at + NEST_BIAS);
    }
    s2_page(&sc, &st, st.cd_at, D_PAGE | D_S2_RW);
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    scene_close(&sc);
}

TEST_CASE(Nested, TableWalkFaultsAtEachLevel)
{
    struct scene sc;
    struct stream st;
    int level;
    unsigned i;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    stream_write(&sc, &st);
    for (level = 0; level < 4; level++) {
        uint64_t at = tree_slot(&sc, &st.s1, VA, level);

        for (i = 0; i < 3; i++) {
            unsigned ttrnw = s2_faults[i].type == E_PERMISSION ? EV_TTRNW : 0;

            s2_page(&sc, &st, at, s2_faults[i].attrs);
            EXPECT_EVENT(&sc, acc(SID, VA, "wp"), s2_faults[i].type,
                         EV_S2 | EV_CLASS_TT | ttrnw, at + NEST_BIAS);
        }
        s2_page(&sc, &st, at, D_PAGE | D_S2_RW);
    }
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    scene_close(&sc);
}

/* A table's or CD's IPA need not be executable or writable, only readable. */
TEST_CASE(Nested, TablesNeedReadOnly)
{
    struct scene sc;
    struct stream st;
    int level;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    stream_write(&sc, &st);
    for (level = 0; level < 4; level++)
        s2_page(&sc, &st, tree_slot(&sc, &st.s1, VA, level),
                D_PAGE | D_AF | D_S2AP(1) | D_S2XN(2) | D_S2MEM(15));
    s2_page(&sc, &st, st.cd_at,
            D_PAGE | D_AF | D_S2AP(1) | D_S2XN(2) | D_S2MEM(15));
    EXPECT_OK(&sc, acc(SID, VA, "wp"), SOMEWHERE);
    scene_close(&sc);
}

/* 7.3.12: external aborts of both stages' descriptors and of the CD. */
TEST_CASE(Nested, ExternalAborts)
{
    struct scene sc;
    struct stream st;
    uint64_t s1_at, s2_in, s2_tt, s2_cd;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    stream_write(&sc, &st);
    s1_at = tree_slot(&sc, &st.s1, VA, 2);
    s2_in = tree_slot(&sc, &st.s2, IPA, 3);
    s2_tt = tree_slot(&sc, &st.s2, st.s1.root + NEST_BIAS, 2);
    s2_cd = tree_slot(&sc, &st.s2, st.cd_at + NEST_BIAS, 0);
    bench_fault(&sc.b, s1_at, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_WALK_EABT, EV_CLASS_TT, s1_at);
    bench_clear_faults(&sc.b);
    bench_fault(&sc.b, s2_in, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "w"), E_WALK_EABT, EV_S2 | EV_CLASS_IN,
                 s2_in);
    bench_clear_faults(&sc.b);
    scene_invalidate(&sc);
    bench_fault(&sc.b, s2_cd, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_WALK_EABT, EV_S2 | EV_CLASS_CD,
                 s2_cd);
    bench_clear_faults(&sc.b);
    /* The CD is fetched, then the walk's own descriptor aborts. */
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    bench_command(&sc.b, 0x30, 0);
    bench_fault(&sc.b, s2_tt, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_WALK_EABT, EV_S2 | EV_CLASS_TT,
                 s2_tt);
    bench_clear_faults(&sc.b);
    scene_invalidate(&sc);
    bench_fault(&sc.b, st.cd_at + 8, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_CD_FETCH, 0, st.cd_at);
    scene_close(&sc);
}

/* 5.2 S2PTW: tables and CDs in Device memory are refused if it is set. */
TEST_CASE(Nested, ProtectedTableWalk)
{
    struct scene sc;
    struct stream st;
    uint64_t at;
    unsigned device;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    stream_write(&sc, &st);
    at = tree_slot(&sc, &st.s1, VA, 1);
    for (device = 0; device < 4; device++) {
        s2_page(&sc, &st, at, D_PAGE | D_AF | D_S2AP(3) | D_S2MEM(device));
        tb_put(st.ste, T_STE_S2PTW, 0);
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
        tb_put(st.ste, T_STE_S2PTW, 1);
        stream_write(&sc, &st);
        EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_PERMISSION,
                     EV_S2 | EV_CLASS_TT | EV_TTRNW, at + NEST_BIAS);
    }
    s2_page(&sc, &st, at, D_PAGE | D_S2_RW);
    s2_page(&sc, &st, st.cd_at, D_PAGE | D_AF | D_S2AP(3));
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_PERMISSION, EV_S2 | EV_CLASS_CD,
                 st.cd_at + NEST_BIAS);
    /* The client's own Device access is none of its business. */
    s2_page(&sc, &st, st.cd_at, D_PAGE | D_S2_RW);
    map_ipa(&sc, &st, D_AF | D_S2AP(3) | D_S2MEM(1));
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    scene_close(&sc);
}

/* S2PTW is IGNORED unless both stages translate. */
TEST_CASE(Nested, S2ptwIsIgnoredInStage2Only)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tree_set(&sc, &st.s2, IPA, 3,
             SOMEWHERE | D_PAGE | D_AF | D_S2AP(3) | D_S2MEM(0));
    tb_put(st.ste, T_STE_S2PTW, 1);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, IPA, "r"), SOMEWHERE);
    scene_close(&sc);
}

/* STRW is IGNORED with stage 2: the world is EL1, privilege counts. */
TEST_CASE(Nested, StrwIsIgnored)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    map_ipa(&sc, &st, D_S2_RW);
    tree_set(&sc, &st.s1, VA, 3, IPA | D_PAGE | D_AF | D_NG | D_AP(0));
    tb_put(st.ste, T_STE_STRW, 2);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA, "rp"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_PERMISSION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* CD.R and CD.A govern stage 1, S2R stage 2, whoever caused the walk. */
TEST_CASE(Nested, EachStageHasItsOwnFlags)
{
    struct scene sc;
    struct stream st;

    open_nested(&sc, &st);
    tb_put(st.cd, T_CD_R, 0);
    tb_put(st.cd, T_CD_A, 0);
    stream_write(&sc, &st);
    EXPECT_SILENT(&sc, acc(SID, 0x9000, "r"), IOVP_RESULT_RAZWI);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN,
                 IPA);
    tb_put(st.cd, T_CD_R, 1);
    tb_put(st.cd, T_CD_A, 1);
    tb_put(st.ste, T_STE_S2R, 0);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x9000, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_SILENT(&sc, acc(SID, VA, "r"), IOVP_RESULT_ABORT);
    /* A stage 2 fault of the CD fetch is silent as well. */
    s2_page(&sc, &st, st.cd_at, 0);
    EXPECT_SILENT(&sc, acc(SID, VA, "r"), IOVP_RESULT_ABORT);
    scene_close(&sc);
}

/* Tables that lie across two stage 2 pages with different frames. */
TEST_CASE(Nested, TableLargerThanAStage2Page)
{
    struct scene sc;
    struct stream st;
    uint64_t lo = 0x9000000000ull, frame, other;

    scene_open(&sc);
    /* A 64 KB table of stage 1 behind 4 KB pages of stage 2, shuffled. */
    stream_nested(&sc, &st, SID, 16, 12);
    frame = scene_alloc(&sc, 0x1000, 12);
    other = scene_alloc(&sc, 0x1000, 12);
    tree_set(&sc, &st.s2, lo, 3, other | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, lo + 0x1000, 3, frame | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, 0x20000, 2, 0x4400000 | D_BLOCK | D_S2_RW);
    tree_set(&sc, &st.s1, 0, 2, lo | D_TABLE);
    bench_put64(&sc.b, other + 8, 0x20000 | D_PAGE | D_S1_RW);
    bench_put64(&sc.b, frame + 8, 0x30000 | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x10000, "r"), 0x4420000);
    EXPECT_OK(&sc, acc(SID, (512 + 1) << 16, "r"), 0x4430000);
    EXPECT_OK(&sc, acc(SID, 0x10010, "r"), 0x4420010);
    scene_close(&sc);
}

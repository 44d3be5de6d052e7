/* SPDX-License-Identifier: MIT */
/* Stage 2 alone: sizes, concatenation, permissions, faults (3.4, 5.2). */
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define SID 6u

/* ---- every legal geometry ---------------------------------------------- */

struct geometry {
    unsigned granule;
    int start;
    unsigned min_bits, max_bits; /* of the IPA, at 48 bits OAS */
};

/* Up to 16 concatenated tables: four bits more than one table resolves. */
static const struct geometry geometries[] = {
    {12, 2, 25, 34}, {12, 1, 31, 43}, {12, 0, 40, 48},
    {14, 3, 25, 29}, {14, 2, 26, 40}, {14, 1, 37, 48},
    {16, 3, 25, 33}, {16, 2, 30, 46}, {16, 1, 43, 48},
};

static void check_geometry(const struct geometry *g, unsigned bits)
{
    uint64_t page = 1ull << g->granule;
    uint64_t top = (1ull << bits) - page;
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, g->granule, bits, g->start);
    tree_set(&sc, &st.s2, 0, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, top, 3, (SOMEWHERE + 0x80000) | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x123, "r"), SOMEWHERE + 0x123);
    CHECK_EQ(sc.r.log2, g->granule);
    EXPECT_OK(&sc, acc(SID, top + 0x456, "w"), SOMEWHERE + 0x80456);
    if (bits < 48)
        EXPECT_EVENT(&sc, acc(SID, 1ull << bits, "r"), E_TRANSLATION,
                     EV_S2 | EV_CLASS_IN, 1ull << bits);
    /* Beyond the IAS it is a stage 1 fault (3.4). */
    EXPECT_EVENT(&sc, acc(SID, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Stage2, EveryGeometry)
{
    unsigned i, bits;

    for (i = 0; i < 9; i++)
        for (bits = geometries[i].min_bits; bits <= geometries[i].max_bits;
             bits++)
            check_geometry(&geometries[i], bits);
}

/* 16 concatenated level 1 tables: each of them is reached. */
TEST_CASE(Stage2, SixteenConcatenatedTables)
{
    struct scene sc;
    struct stream st;
    uint64_t i;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 43, 1);
    for (i = 0; i < 16; i++)
        tree_set(&sc, &st.s2, i << 39 | 3ull << 30, 1,
                 (i + 1) << 32 | D_BLOCK | D_S2_RW);
    stream_write(&sc, &st);
    for (i = 0; i < 16; i++) {
        EXPECT_OK(&sc, acc(SID, (i << 39 | 3ull << 30) + 0x777, "r"),
                  ((i + 1) << 32) + 0x777);
        EXPECT_EVENT(&sc, acc(SID, i << 39, "r"), E_TRANSLATION,
                     EV_S2 | EV_CLASS_IN, i << 39);
    }
    scene_close(&sc);
}

/* FEAT_TTST: 4KB tables that start at level 3, 16 bits and 25 bits of IPA. */
TEST_CASE(Stage2, SmallTranslationTables)
{
    static const unsigned bits[] = {16, 25};
    unsigned i;

    for (i = 0; i < 2; i++) {
        uint64_t top = (1ull << bits[i]) - 0x1000;
        struct smmuv3_config c;
        struct scene sc;
        struct stream st;

        bench_config(&c);
        c.idr3 |= 1u << 9;
        scene_open_with(&sc, &c);
        stream_s2(&sc, &st, SID, 12, bits[i], 3);
        tb_put(st.ste, T_STE_S2SL0, 3);
        tree_set(&sc, &st.s2, top, 3, SOMEWHERE | D_PAGE | D_S2_RW);
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(SID, top + 1, "r"), SOMEWHERE + 1);
        EXPECT_EVENT(&sc, acc(SID, 1ull << bits[i], "r"), E_TRANSLATION,
                     EV_S2 | EV_CLASS_IN, 1ull << bits[i]);
        scene_close(&sc);
    }
}

/* S2TTB is aligned to the size of all concatenated tables. */
TEST_CASE(Stage2, BaseIsAligned)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 41, 1);
    tree_set(&sc, &st.s2, 0x1000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    /* 4 tables of 4 KiB: bits [13:4] are ignored. */
    tb_put(st.ste, T_STE_S2TTB, (st.s2.root | 0x3ff0) >> 4);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1000, "r"), SOMEWHERE);
    scene_close(&sc);
}

/* ---- blocks and faults of the format ----------------------------------- */

TEST_CASE(Stage2, Blocks)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 48, 0);
    tree_set(&sc, &st.s2, 0, 0, 1ull << 39 | D_BLOCK | D_S2_RW);
    tree_set(&sc, &st.s2, 1ull << 39, 1, 1ull << 30 | D_BLOCK | D_S2_RW);
    tree_set(&sc, &st.s2, 2ull << 39, 2, 1ull << 21 | D_BLOCK | D_S2_RW);
    tree_set(&sc, &st.s2, 3ull << 39, 3, 0x1000 | D_BLOCK | D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x5000, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN,
                 0x5000);
    EXPECT_OK(&sc, acc(SID, (1ull << 39) + 0x3fffffff, "r"), 0x7fffffff);
    CHECK_EQ(sc.r.log2, 30);
    EXPECT_OK(&sc, acc(SID, (2ull << 39) + 0x1fffff, "r"), 0x3fffff);
    CHECK_EQ(sc.r.log2, 21);
    EXPECT_EVENT(&sc, acc(SID, 3ull << 39, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_IN, 3ull << 39);
    scene_close(&sc);
}

/* The IPA of the record is that of the access, without bits [11:0]. */
TEST_CASE(Stage2, AddressSizeAtEveryS2ps)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
    struct scene sc;
    struct stream st;
    unsigned ps;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 48, 0);
    for (ps = 0; ps < 5; ps++) {
        uint64_t first = 1ull << bits[ps];

        tb_put(st.ste, T_STE_S2PS, ps);
        tree_set(&sc, &st.s2, 0x1000, 3, (first - 0x1000) | D_PAGE | D_S2_RW);
        tree_set(&sc, &st.s2, 0x2000, 3, first | D_PAGE);
        tree_set(&sc, &st.s2, 1ull << 21, 2, first | D_TABLE);
        tree_set(&sc, &st.s2, 1ull << 30, 1, first | D_BLOCK | D_S2_RW);
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(SID, 0x1abc, "r"), first - 0x544);
        EXPECT_EVENT(&sc, acc(SID, 0x2abc, "r"), E_ADDR_SIZE,
                     EV_S2 | EV_CLASS_IN, 0x2000);
        EXPECT_EVENT(&sc, acc(SID, (1ull << 21) + 0x3000, "wp"), E_ADDR_SIZE,
                     EV_S2 | EV_CLASS_IN, (1ull << 21) + 0x3000);
        EXPECT_EVENT(&sc, acc(SID, 1ull << 30, "xp"), E_ADDR_SIZE,
                     EV_S2 | EV_CLASS_IN, 1ull << 30);
    }
    scene_close(&sc);
}

TEST_CASE(Stage2, FiftyTwoBits)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.idr5 = (c.idr5 & ~7u) | 6;
    scene_open_with(&sc, &c);
    stream_s2(&sc, &st, SID, 16, 52, 1);
    tb_put(st.ste, T_STE_S2PS, 6);
    tree_set(&sc, &st.s2, 0xfffffffff0000ull, 3,
             0x123456780000ull | 0xb000 | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, 0, 1, D_BLOCK | D_S2_RW | 0xf000);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0xfffffffff1234ull, "r"), 0xb123456781234ull);
    EXPECT_OK(&sc, acc(SID, 0x3ffffffffffull, "r"), 0xf03ffffffffffull);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 52, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Stage2, AccessFlag)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tree_set(&sc, &st.s2, 0x1000, 3, SOMEWHERE | D_PAGE | (D_S2_RW & ~D_AF));
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x1010, "w"), E_ACCESS, EV_S2 | EV_CLASS_IN,
                 0x1000);
    tb_put(st.ste, T_STE_S2AFFD, 1);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1010, "w"), SOMEWHERE + 0x10);
    scene_close(&sc);
}

/* ---- permissions ------------------------------------------------------- */

struct s2_perm {
    unsigned s2ap, xn;
    const char *priv, *user; /* FEAT_XNX */
    const char *no_xnx;      /* for both without it */
};

static const struct s2_perm s2_perms[] = {
    {0, 0, "x", "x", "x"},       {0, 1, "", "x", "x"},
    {0, 2, "", "", ""},          {0, 3, "x", "", ""},
    {1, 0, "rx", "rx", "rx"},    {1, 1, "r", "rx", "rx"},
    {1, 2, "r", "r", "r"},       {1, 3, "rx", "r", "r"},
    {2, 0, "wx", "wx", "wx"},    {2, 1, "w", "wx", "wx"},
    {2, 2, "w", "w", "w"},       {2, 3, "wx", "w", "w"},
    {3, 0, "rwx", "rwx", "rwx"}, {3, 1, "rw", "rwx", "rwx"},
    {3, 2, "rw", "rw", "rw"},    {3, 3, "rwx", "rw", "rw"},
};

static void check_s2_perm(struct scene *sc, const char *how, const char *may)
{
    struct acc a = acc(SID, 0x1018, how);
    bool allowed = strchr(may, how[0]) != NULL;

    if (allowed) {
        EXPECT_OK(sc, a, SOMEWHERE + 0x18);
        EXPECT_OK(sc, a, SOMEWHERE + 0x18);
    } else {
        EXPECT_EVENT(sc, a, E_PERMISSION, EV_S2 | EV_CLASS_IN, 0x1000);
        EXPECT_EVENT(sc, a, E_PERMISSION, EV_S2 | EV_CLASS_IN, 0x1000);
    }
}

static void check_s2_perms(bool xnx)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    unsigned i;

    bench_config(&c);
    if (!xnx) {
        c.idr3 &= ~(1u << 4);
        c.aidr = 0; /* mandatory from SMMUv3.1 on */
    }
    scene_open_with(&sc, &c);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    for (i = 0; i < 16; i++) {
        const struct s2_perm *k = &s2_perms[i];
        const char *priv = xnx ? k->priv : k->no_xnx;
        const char *user = xnx ? k->user : k->no_xnx;

        tree_set(&sc, &st.s2, 0x1000, 3,
                 SOMEWHERE | D_PAGE | D_AF | D_S2AP(k->s2ap) | D_S2XN(k->xn) |
                     D_S2MEM(15));
        stream_write(&sc, &st);
        check_s2_perm(&sc, "rp", priv);
        check_s2_perm(&sc, "wp", priv);
        check_s2_perm(&sc, "xp", priv);
        check_s2_perm(&sc, "r", user);
        check_s2_perm(&sc, "w", user);
        check_s2_perm(&sc, "x", user);
    }
    scene_close(&sc);
}

TEST_CASE(Stage2, Permissions)
{
    check_s2_perms(true);
}

TEST_CASE(Stage2, PermissionsWithoutXnx)
{
    check_s2_perms(false);
}

/* Bits [63:59] of a stage 2 table descriptor limit nothing. */
TEST_CASE(Stage2, NoHierarchy)
{
    struct scene sc;
    struct stream st;
    uint64_t at;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tree_set(&sc, &st.s2, 0x1000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    at = tree_slot(&sc, &st.s2, 0x1000, 2);
    bench_put64(&sc.b, at, bench_get64(&sc.b, at) | 0x1full << 59);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1000, "w"), SOMEWHERE);
    EXPECT_OK(&sc, acc(SID, 0x1000, "x"), SOMEWHERE);
    EXPECT_OK(&sc, acc(SID, 0x1000, "xp"), SOMEWHERE);
    scene_close(&sc);
}

/* ---- S2R --------------------------------------------------------------- */

/* 5.5: without S2R the four translation-related faults are silent aborts. */
TEST_CASE(Stage2, SilentWithoutS2r)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tree_set(&sc, &st.s2, 0x1000, 3, SOMEWHERE | D_PAGE | D_AF);
    tree_set(&sc, &st.s2, 0x2000, 3, SOMEWHERE | D_PAGE | (D_S2_RW & ~D_AF));
    tree_set(&sc, &st.s2, 0x3000, 3, 1ull << 44 | D_PAGE | D_S2_RW);
    tree_set(&sc, &st.s2, 1ull << 21, 2, NOWHERE | D_TABLE);
    tb_put(st.ste, T_STE_S2R, 0);
    tb_put(st.ste, T_STE_S2PS, 4);
    stream_write(&sc, &st);
    EXPECT_SILENT(&sc, acc(SID, 0x1000, "r"), IOVP_RESULT_ABORT);
    EXPECT_SILENT(&sc, acc(SID, 0x2000, "r"), IOVP_RESULT_ABORT);
    EXPECT_SILENT(&sc, acc(SID, 0x3000, "r"), IOVP_RESULT_ABORT);
    EXPECT_SILENT(&sc, acc(SID, 0x4000, "r"), IOVP_RESULT_ABORT);
    EXPECT_SILENT(&sc, acc(SID, 1ull << 41, "r"), IOVP_RESULT_ABORT);
    /* Any other event is recorded. */
    EXPECT_EVENT(&sc, acc(SID, 1ull << 21, "r"), E_WALK_EABT,
                 EV_S2 | EV_CLASS_IN, NOWHERE);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Stage2, WalkAbortAtEachLevel)
{
    struct scene sc;
    struct stream st;
    uint64_t va = 0x123456789000ull;
    int level;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 48, 0);
    tree_set(&sc, &st.s2, va, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    for (level = 0; level < 4; level++) {
        uint64_t at = tree_slot(&sc, &st.s2, va, level);

        bench_fault(&sc.b, at, true, false);
        scene_invalidate(&sc);
        EXPECT_EVENT(&sc, acc(SID, va, "w"), E_WALK_EABT, EV_S2 | EV_CLASS_IN,
                     at);
        bench_clear_faults(&sc.b);
    }
    EXPECT_OK(&sc, acc(SID, va, "w"), SOMEWHERE);
    scene_close(&sc);
}

TEST_CASE(Stage2, BigEndianTables)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.idr0 &= ~(3u << 21);
    scene_open_with(&sc, &c);
    stream_s2(&sc, &st, SID, 14, 40, 2);
    st.s2.big_endian = true;
    tb_put(st.ste, T_STE_S2ENDI, 1);
    tree_set(&sc, &st.s2, 0x4000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x4000, "r"), SOMEWHERE);
    scene_close(&sc);
}

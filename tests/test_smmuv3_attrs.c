/* SPDX-License-Identifier: MIT */
/*
 * Attributes of the output (chapter 13); test_smmuv3_walk_attrs.c has those of
 * the SMMU's own accesses.
 * Memory types are bytes of MAIR_ELx: 0xff Normal WB, 0xbb WT, 0x44 NC, each
 * outer half first; 0x0 nGnRnE, 0x4 nGnRE, 0x8 nGRE, 0xc GRE.
 */
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define VA    0x1000ull
#define NON   0u
#define OUTER 2u
#define INNER 3u

static struct acc typed(uint32_t sid, const char *how, unsigned mem_type,
                        unsigned sh)
{
    struct acc a = acc(sid, VA, how);

    a.mem_type = (uint8_t)mem_type;
    a.sh = (uint8_t)sh;
    return a;
}

#define EXPECT_ATTRS(sc, a, want_type, want_sh)    \
    do {                                           \
        scene_do(sc, a);                           \
        CHECK_EQ((sc)->r.status, IOVP_RESULT_OK);  \
        CHECK_EQ((sc)->r.mem_type, (want_type));   \
        CHECK_EQ((sc)->r.shareability, (want_sh)); \
    } while (0)

/* ---- bypass: what comes in, as the STE overrides it (13.3) ------------- */

TEST_CASE(BypassAttrs, PassThrough)
{
    static const uint8_t types[] = {0x00, 0x04, 0x08, 0x0c, 0x44,
                                    0xff, 0xbb, 0x4f, 0xf4, 0xee};
    struct scene sc;
    struct stream st;
    unsigned i, sh;

    scene_open(&sc);
    stream_bypass(&st, 4);
    stream_write(&sc, &st);
    for (i = 0; i < 10; i++) {
        for (sh = 0; sh < 4; sh++) {
            bool osh = types[i] < 0x10 || types[i] == 0x44;

            if (sh == 1)
                continue;
            /* 13.1.7: any Device and iNC-oNC are Outer Shareable. */
            EXPECT_ATTRS(&sc, typed(4, "r", types[i], sh), types[i],
                         osh ? OUTER : sh);
        }
    }
    scene_close(&sc);
}

/* STE.MemAttr: 4, 8 and 12 are reserved and behave as Device-nGnRnE (5.2). */
static const uint8_t memattr_type[16] = {
    0x00, 0x04, 0x08, 0x0c, 0x00, 0x44, 0x4b, 0x4f,
    0x00, 0xb4, 0xbb, 0xbf, 0x00, 0xf4, 0xfb, 0xff,
};

TEST_CASE(BypassAttrs, MemAttrOverride)
{
    struct scene sc;
    struct stream st;
    unsigned m;

    scene_open(&sc);
    stream_bypass(&st, 4);
    tb_put(st.ste, T_STE_MTCFG, 1);
    for (m = 0; m < 16; m++) {
        bool osh = memattr_type[m] < 0x10 || memattr_type[m] == 0x44;

        tb_put(st.ste, T_STE_MEMATTR, m);
        stream_write(&sc, &st);
        EXPECT_ATTRS(&sc, typed(4, "w", 0x44, INNER), memattr_type[m],
                     osh ? OUTER : INNER);
        EXPECT_ATTRS(&sc, typed(4, "r", 0x04, NON), memattr_type[m],
                     osh ? OUTER : NON);
    }
    scene_close(&sc);
}

TEST_CASE(BypassAttrs, ShcfgOverride)
{
    static const unsigned want[4] = {NON, INNER, OUTER, INNER};
    struct scene sc;
    struct stream st;
    unsigned cfg;

    scene_open(&sc);
    stream_bypass(&st, 4);
    for (cfg = 0; cfg < 4; cfg++) {
        tb_put(st.ste, T_STE_SHCFG, cfg);
        stream_write(&sc, &st);
        /* 0b01 uses the incoming one, INNER here. */
        EXPECT_ATTRS(&sc, typed(4, "r", 0xff, INNER), 0xff, want[cfg]);
        /* No effect on types that are not cacheable. */
        EXPECT_ATTRS(&sc, typed(4, "r", 0x44, INNER), 0x44, OUTER);
        EXPECT_ATTRS(&sc, typed(4, "r", 0x08, INNER), 0x08, OUTER);
    }
    scene_close(&sc);
}

/* PRIVCFG and INSTCFG: 0b0x as it comes, 0b10, 0b11; writes are data. */
TEST_CASE(BypassAttrs, PrivcfgAndInstcfg)
{
    struct scene sc;
    struct stream st;
    unsigned cfg, in;

    scene_open(&sc);
    stream_bypass(&st, 4);
    for (cfg = 0; cfg < 16; cfg++) {
        unsigned priv = cfg & 3, inst = cfg >> 2;

        tb_put(st.ste, T_STE_PRIVCFG, priv);
        tb_put(st.ste, T_STE_INSTCFG, inst);
        stream_write(&sc, &st);
        for (in = 0; in < 8; in++) {
            struct acc a = acc(4, VA, in & 4 ? "w" : "r");

            a.priv = in & 1;
            a.inst = (in & 2) != 0;
            scene_do(&sc, a);
            CHECK_EQ(sc.r.privileged, priv & 2 ? priv & 1 : in & 1);
            if (in & 4)
                CHECK_EQ(sc.r.instruction, 0);
            else
                CHECK_EQ(sc.r.instruction, inst & 2 ? inst & 1 : a.inst);
        }
    }
    scene_close(&sc);
}

/* Without ATTR_TYPES_OVR and ATTR_PERMS_OVR nothing is overridden. */
TEST_CASE(BypassAttrs, OverridesNotImplemented)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    struct acc a = typed(4, "r", 0xee, INNER);

    bench_config(&c);
    c.idr1 &= ~(3u << 26);
    scene_open_with(&sc, &c);
    stream_bypass(&st, 4);
    tb_put(st.ste, T_STE_MTCFG, 1);
    tb_put(st.ste, T_STE_MEMATTR, 0);
    tb_put(st.ste, T_STE_SHCFG, 0);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    tb_put(st.ste, T_STE_INSTCFG, 3);
    stream_write(&sc, &st);
    EXPECT_ATTRS(&sc, a, 0xee, INNER);
    CHECK_EQ(sc.r.privileged, 0);
    CHECK_EQ(sc.r.instruction, 0);
    scene_close(&sc);
}

/* A Non-secure stream's output is Non-secure (13.1.2). */
TEST_CASE(BypassAttrs, OutputIsNonSecure)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, 4);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(4, VA, "r"), VA);
    CHECK_EQ(sc.r.space, IOVP_SPACE_NONSECURE);
    scene_close(&sc);
}

/* ---- GBPA (13.2) ------------------------------------------------------- */

TEST_CASE(GbpaAttrs, Overrides)
{
    struct scene sc;
    struct acc a;
    unsigned m;

    scene_open(&sc);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    for (m = 0; m < 16; m++) {
        bool osh = memattr_type[m] < 0x10 || memattr_type[m] == 0x44;

        bench_w32(&sc.b, 0x44, 1u << 31 | 3u << 12 | 1u << 4 | m);
        EXPECT_ATTRS(&sc, typed(9, "r", 0xee, NON), memattr_type[m],
                     osh ? OUTER : INNER);
    }
    /* Incoming attributes, privileged, instruction. */
    bench_w32(&sc.b, 0x44, 1u << 31 | 1u << 12 | 3u << 16 | 3u << 18);
    a = typed(9, "r", 0xee, NON);
    EXPECT_ATTRS(&sc, a, 0xee, NON);
    CHECK_EQ(sc.r.privileged, 1);
    CHECK_EQ(sc.r.instruction, 1);
    a = typed(9, "w", 0xee, NON);
    scene_do(&sc, a);
    CHECK_EQ(sc.r.instruction, 0);
    scene_close(&sc);
}

/* ---- stage 1 ----------------------------------------------------------- */

/* 5.4 MAIR: encodings that VMSAv8-64 leaves UNPREDICTABLE are defined. */
static uint8_t mair_type(uint8_t attr)
{
    if (attr < 0x10)
        return attr & 0x0c;
    return attr & 0x0f ? attr : attr | 0x03;
}

static bool forced_osh(uint8_t type)
{
    return type < 0x10 || type == 0x44;
}

TEST_CASE(Stage1Attrs, EveryMairValue)
{
    struct scene sc;
    struct stream st;
    unsigned base, i;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    for (i = 0; i < 8; i++)
        tree_set(&sc, &st.s1, VA + 0x1000 * i, 3,
                 SOMEWHERE | D_PAGE | D_S1_RW | D_ATTR(i));
    for (base = 0; base < 256; base += 8) {
        uint64_t mair = 0;

        for (i = 0; i < 8; i++)
            mair |= (uint64_t)(base + i) << (8 * i);
        tb_put(st.cd, T_CD_MAIR, mair);
        stream_write(&sc, &st);
        for (i = 0; i < 8; i++) {
            struct acc a = acc(5, VA + 0x1000 * i, "r");
            uint8_t want = mair_type((uint8_t)(base + i));

            EXPECT_ATTRS(&sc, a, want, forced_osh(want) ? OUTER : INNER);
            EXPECT_ATTRS(&sc, a, want, forced_osh(want) ? OUTER : INNER);
        }
    }
    scene_close(&sc);
}

/* Type and shareability come from the descriptor, not from the client. */
TEST_CASE(Stage1Attrs, ReplaceTheInput)
{
    static const unsigned sh[] = {NON, OUTER, INNER};
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tb_put(st.ste, T_STE_MTCFG, 1);
    tb_put(st.ste, T_STE_MEMATTR, 5);
    tb_put(st.ste, T_STE_SHCFG, 0);
    for (i = 0; i < 3; i++) {
        tree_set(&sc, &st.s1, VA, 3,
                 SOMEWHERE | D_PAGE | D_AF | D_NG | D_AP(1) | D_SH(sh[i]));
        stream_write(&sc, &st);
        EXPECT_ATTRS(&sc, typed(5, "r", 0x04, OUTER), 0xff, sh[i]);
    }
    scene_close(&sc);
}

/* The overrides act on the permission check and on the record (13.1.4). */
TEST_CASE(Stage1Attrs, OverridesAndPermissions)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    /* Privileged read and write; no execution. */
    tree_set(&sc, &st.s1, VA, 3,
             SOMEWHERE | D_PAGE | D_AF | D_NG | D_PXN | D_UXN);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, VA, "r"), SOMEWHERE);
    EXPECT_OK(&sc, acc(5, VA, "w"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(5, VA, "x"), E_PERMISSION, EV_CLASS_IN | EV_PNU, 0);
    tb_put(st.ste, T_STE_PRIVCFG, 2);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(5, VA, "rp"), E_PERMISSION, EV_CLASS_IN | EV_NO_PNU,
                 0);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    tb_put(st.ste, T_STE_INSTCFG, 2);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, VA, "x"), SOMEWHERE);
    tb_put(st.ste, T_STE_INSTCFG, 3);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(5, VA, "r"), E_PERMISSION,
                 EV_CLASS_IN | EV_PNU | EV_IND, 0);
    /* INSTCFG does not reach writes. */
    EXPECT_OK(&sc, acc(5, VA, "w"), SOMEWHERE);
    CHECK_EQ(sc.r.instruction, 0);
    scene_close(&sc);
}

/* An atomic marked as an instruction is data: no execute permission asked. */
TEST_CASE(Stage1Attrs, WritesAreData)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW | D_PXN | D_UXN);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, VA, "wx"), SOMEWHERE);
    CHECK_EQ(sc.r.instruction, 0);
    EXPECT_OK(&sc, acc(5, VA, "rwx"), SOMEWHERE);
    CHECK_EQ(sc.r.instruction, 0);
    EXPECT_EVENT(&sc, acc(5, VA, "x"), E_PERMISSION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* ---- combination (13.1.5) ---------------------------------------------- */

struct combine_case {
    uint8_t first;   /* stage 1, or the client's */
    uint8_t memattr; /* stage 2, MemAttr[3:0] */
    uint8_t want;
};

static const struct combine_case combines[] = {
    {0xff, 0xf, 0xff},
    {0xff, 0xa, 0xbb},
    {0xff, 0x5, 0x44},
    {0xff, 0x7, 0x4f},
    {0xff, 0xd, 0xf4},
    {0xff, 0xb, 0xbf},
    {0xff, 0xe, 0xfb},
    {0xff, 0x6, 0x4b},
    {0xff, 0x9, 0xb4},
    {0xbb, 0xf, 0xbb},
    {0xbb, 0x5, 0x44},
    {0xbb, 0x7, 0x4b},
    {0x44, 0xf, 0x44},
    {0x44, 0xa, 0x44},
    {0x4f, 0xa, 0x4b},
    {0xf4, 0xa, 0xb4},
    {0xf4, 0x7, 0x44},
    /* Hints are those of the first: no allocation, transient. */
    {0xee, 0xf, 0xee},
    {0xee, 0xa, 0xaa},
    {0xdd, 0xa, 0x99},
    {0xcc, 0xa, 0x88},
    {0x77, 0xf, 0x77},
    {0x77, 0xa, 0x33},
    {0x55, 0xa, 0x11},
    {0x33, 0xf, 0x33},
    {0x33, 0xa, 0x33},
    /* Any Device beats Normal; the stricter Device wins. */
    {0xff, 0x0, 0x00},
    {0xff, 0x1, 0x04},
    {0x44, 0x2, 0x08},
    {0xbb, 0x3, 0x0c},
    {0x04, 0xf, 0x04},
    {0x0c, 0x5, 0x0c},
    {0x0c, 0x2, 0x08},
    {0x0c, 0x0, 0x00},
    {0x00, 0x3, 0x00},
    {0x08, 0x1, 0x04},
    {0x04, 0x3, 0x04},
};

static const struct {
    unsigned first, second, want;
} shares[] = {
    {NON, NON, NON},     {NON, INNER, INNER},   {NON, OUTER, OUTER},
    {INNER, NON, INNER}, {INNER, INNER, INNER}, {INNER, OUTER, OUTER},
    {OUTER, NON, OUTER}, {OUTER, INNER, OUTER}, {OUTER, OUTER, OUTER},
};

static void set_stage2(struct scene *sc, struct stream *st, uint64_t ipa,
                       unsigned memattr, unsigned sh)
{
    tree_set(sc, &st->s2, ipa, 3,
             SOMEWHERE | D_PAGE | D_AF | D_S2AP(3) | D_S2MEM(memattr) |
                 D_SH(sh));
    stream_write(sc, st);
}

TEST_CASE(Combine, Stage2OverTheClient)
{
    unsigned n = sizeof(combines) / sizeof(combines[0]);
    struct scene sc;
    struct stream st;
    unsigned i, s;

    scene_open(&sc);
    stream_s2(&sc, &st, 6, 12, 40, 1);
    for (i = 0; i < n; i++) {
        const struct combine_case *k = &combines[i];

        set_stage2(&sc, &st, VA, k->memattr, NON);
        for (s = 0; s < 2; s++) /* miss, then hit */
            EXPECT_ATTRS(&sc, typed(6, "r", k->first, NON), k->want,
                         forced_osh(k->want) ? OUTER : NON);
    }
    for (i = 0; i < 9; i++) {
        set_stage2(&sc, &st, VA, 0xf, shares[i].second);
        EXPECT_ATTRS(&sc, typed(6, "r", 0xff, shares[i].first), 0xff,
                     shares[i].want);
    }
    scene_close(&sc);
}

/* Two clients with different attributes share the entry of stage 2. */
TEST_CASE(Combine, Stage2EntryServesAnyClient)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, 6, 12, 40, 1);
    set_stage2(&sc, &st, VA, 0xa, INNER);
    EXPECT_ATTRS(&sc, typed(6, "r", 0x04, NON), 0x04, OUTER);
    EXPECT_ATTRS(&sc, typed(6, "r", 0xff, NON), 0xbb, INNER);
    EXPECT_ATTRS(&sc, typed(6, "r", 0x44, NON), 0x44, OUTER);
    scene_close(&sc);
}

/* The STE's override comes before stage 2. */
TEST_CASE(Combine, OverrideThenStage2)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, 6, 12, 40, 1);
    tb_put(st.ste, T_STE_MTCFG, 1);
    tb_put(st.ste, T_STE_MEMATTR, 0xf);
    tb_put(st.ste, T_STE_SHCFG, 3);
    set_stage2(&sc, &st, VA, 0xa, NON);
    EXPECT_ATTRS(&sc, typed(6, "r", 0x04, OUTER), 0xbb, INNER);
    scene_close(&sc);
}

TEST_CASE(Combine, Stage1WithStage2)
{
    unsigned n = sizeof(combines) / sizeof(combines[0]);
    struct scene sc;
    struct stream st;
    unsigned i, s;

    scene_open(&sc);
    stream_nested(&sc, &st, 7, 12, 12);
    tree_set(&sc, &st.s1, VA, 3,
             0x5000 | D_PAGE | D_AF | D_NG | D_AP(1) | D_ATTR(3));
    for (i = 0; i < n; i++) {
        const struct combine_case *k = &combines[i];

        tb_put(st.cd, T_CD_MAIR, (uint64_t)k->first << 24);
        set_stage2(&sc, &st, 0x5000, k->memattr, NON);
        for (s = 0; s < 2; s++)
            EXPECT_ATTRS(&sc, typed(7, "r", 0x00, OUTER), k->want,
                         forced_osh(k->want) ? OUTER : NON);
    }
    tb_put(st.cd, T_CD_MAIR, 0xff000000);
    for (i = 0; i < 9; i++) {
        tree_set(&sc, &st.s1, VA, 3,
                 0x5000 | D_PAGE | D_AF | D_NG | D_AP(1) | D_ATTR(3) |
                     D_SH(shares[i].first));
        set_stage2(&sc, &st, 0x5000, 0xf, shares[i].second);
        EXPECT_ATTRS(&sc, typed(7, "r", 0x00, OUTER), 0xff, shares[i].want);
    }
    scene_close(&sc);
}

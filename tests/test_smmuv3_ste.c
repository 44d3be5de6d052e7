/* SPDX-License-Identifier: MIT */
/* The STE's contents: SteIllegal() of 5.2.2, Config, IGNORED fields. */
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define VA 0x1000ull

/* One stream of each Config at SIDs 4 to 7, with VA mapped. */
struct four {
    struct scene sc;
    struct stream st[8];
};

static void four_open(struct four *f, const struct smmuv3_config *c)
{
    struct scene *sc = &f->sc;

    scene_open_with(sc, c);
    stream_bypass(&f->st[4], 4);
    stream_s1(sc, &f->st[5], 5, 12, 48);
    stream_s2(sc, &f->st[6], 6, 12, 40, 1);
    stream_nested(sc, &f->st[7], 7, 12, 12);
    tree_set(sc, &f->st[5].s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(sc, &f->st[6].s2, VA, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    tree_set(sc, &f->st[7].s1, VA, 3, 0x5000 | D_PAGE | D_S1_RW);
    tree_set(sc, &f->st[7].s2, 0x5000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
}

static void default_config(struct smmuv3_config *c)
{
    bench_config(c);
}

/* ---- Config ------------------------------------------------------------ */

TEST_CASE(Ste, EachConfigTranslates)
{
    struct four f;
    struct smmuv3_config c;
    unsigned i;

    default_config(&c);
    four_open(&f, &c);
    for (i = 4; i < 8; i++)
        stream_write(&f.sc, &f.st[i]);
    EXPECT_OK(&f.sc, acc(4, VA + 0x20, "r"), VA + 0x20);
    for (i = 5; i < 8; i++)
        EXPECT_OK(&f.sc, acc(i, VA + 0x20, "r"), SOMEWHERE + 0x20);
    scene_close(&f.sc);
}

TEST_CASE(Ste, InvalidIsBadSte)
{
    struct scene sc;
    uint64_t garbage[8];

    scene_open(&sc);
    memset(garbage, 0xff, sizeof(garbage));
    garbage[0] &= ~1ull;
    bench_put_words(&sc.b, BENCH_STRTAB + 64 * 3, garbage, 8);
    EXPECT_EVENT(&sc, acc(3, 0x77, "r"), E_BAD_STE, 0, 0);
    EXPECT_EVENT(&sc, acc(3, 0x77, "wpx"), E_BAD_STE, 0, 0);
    EXPECT_EVENT(&sc, acc_ss(3, 0x12345, 0x77, "r"), E_BAD_STE, 0, 0);
    scene_close(&sc);
}

/* 5.2 Config: 0b0xx aborts without a record, whatever the rest says. */
TEST_CASE(Ste, AbortIsSilent)
{
    struct scene sc;
    uint64_t ste[8];
    unsigned config;

    scene_open(&sc);
    for (config = 0; config < 4; config++) {
        memset(ste, 0xff, sizeof(ste));
        tb_put(ste, T_STE_CONFIG, config);
        bench_put_words(&sc.b, BENCH_STRTAB + 64 * 3, ste, 8);
        scene_invalidate(&sc);
        EXPECT_SILENT(&sc, acc(3, 0, "r"), IOVP_RESULT_ABORT);
        EXPECT_SILENT(&sc, acc(3, 0, "r"), IOVP_RESULT_ABORT);
        EXPECT_SILENT(&sc, acc_ss(3, 7, 0, "w"), IOVP_RESULT_ABORT);
    }
    scene_close(&sc);
}

/* 3.4: the bypassed address must fit into the OAS. */
TEST_CASE(Ste, BypassChecksTheAddressSize)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, 3);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(3, 0xffffffffffffull, "r"), 0xffffffffffffull);
    EXPECT_EVENT(&sc, acc(3, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(3, ~0ull, "wp"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(3, 0xff00000000001000ull, "xp"), E_ADDR_SIZE,
                 EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Ste, BypassAtEveryOas)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 52};
    unsigned i;

    for (i = 0; i < 7; i++) {
        struct smmuv3_config c;
        struct scene sc;
        struct stream st;

        default_config(&c);
        c.idr5 = (c.idr5 & ~7u) | i;
        scene_open_with(&sc, &c);
        stream_bypass(&st, 3);
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(3, (1ull << bits[i]) - 1, "r"),
                  (1ull << bits[i]) - 1);
        EXPECT_EVENT(&sc, acc(3, 1ull << bits[i], "r"), E_ADDR_SIZE,
                     EV_CLASS_IN, 0);
        scene_close(&sc);
    }
}

/* 5.2 S1Fmt: a SubstreamID needs stage 1; 7.3.9 has no SSV. */
TEST_CASE(Ste, SubstreamWithoutStage1)
{
    struct four f;
    struct smmuv3_config c;
    unsigned i;

    default_config(&c);
    four_open(&f, &c);
    for (i = 4; i < 8; i += 2) {
        stream_write(&f.sc, &f.st[i]);
        EXPECT_EVENT(&f.sc, acc_ss(i, 0, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
        EXPECT_EVENT(&f.sc, acc_ss(i, 0xabcde, VA, "r"), E_BAD_SUBSTREAMID, 0,
                     0);
    }
    scene_close(&f.sc);
}

/* ---- SteIllegal() ------------------------------------------------------ */

enum {
    IDS_DEFAULT,
    IDS_NO_S1,
    IDS_NO_S2,
    IDS_NO_HYP,
    IDS_NO_CD2L,
    IDS_NO_SSID,
    IDS_VMID8,
    IDS_BE,
    IDS_MIXED,
    IDS_NO_16K,
    IDS_OAS40,
    IDS_STT,
    IDS_NO_STALL,
    IDS_STALL_FORCED
};

static void set_ids(struct smmuv3_config *c, unsigned ids)
{
    default_config(c);
    switch (ids) {
    case IDS_NO_S1:
        c->idr0 &= ~(2u | 1u << 9); /* Hyp and HAD need it */
        c->idr3 &= ~(1u << 2);
        break;
    case IDS_NO_S2:
        c->idr0 &= ~(1u | 1u << 9);
        break;
    case IDS_NO_HYP:
        c->idr0 &= ~(1u << 9);
        break;
    case IDS_NO_CD2L:
        c->idr0 &= ~(1u << 19);
        break;
    case IDS_NO_SSID:
        c->idr1 &= ~(0x1fu << 6);
        break;
    case IDS_VMID8:
        c->idr0 &= ~(1u << 18);
        break;
    case IDS_BE:
        c->idr0 |= 3u << 21;
        break;
    case IDS_MIXED:
        c->idr0 &= ~(3u << 21);
        break;
    case IDS_NO_16K:
        c->idr5 &= ~(1u << 5);
        break;
    case IDS_OAS40:
        c->idr5 = (c->idr5 & ~7u) | 2;
        break;
    case IDS_STT:
        c->idr3 |= 1u << 9;
        break;
    case IDS_NO_STALL:
        c->idr0 |= 1u << 24;
        c->idr5 &= 0xffff;
        break;
    case IDS_STALL_FORCED:
        c->idr0 |= 2u << 24;
        break;
    default:
        break;
    }
}

#define ON_BYPASS (1u << 4)
#define ON_S1     (1u << 5)
#define ON_S2     (1u << 6)
#define ON_NESTED (1u << 7)
#define ON_ALL    0xf0u

/*
 * One field changed in a good STE of each Config: on which Configs that is
 * ILLEGAL.  On the others it must not be.
 */
struct ste_case {
    unsigned ids;
    unsigned illegal; /* ON_* */
    unsigned lsb, width;
    uint64_t value;
};

static const struct ste_case ste_cases[] = {
    {IDS_DEFAULT, 0, T_STE_V, 1},
    {IDS_DEFAULT, ON_ALL, T_STE_V, 0},
    /* STRW is used with stage 1 alone; 0bx1 is Reserved. */
    {IDS_DEFAULT, ON_S1, T_STE_STRW, 1},
    {IDS_DEFAULT, 0, T_STE_STRW, 2},
    {IDS_DEFAULT, ON_S1, T_STE_STRW, 3},
    {IDS_NO_HYP, 0, T_STE_STRW, 1},
    {IDS_NO_HYP, 0, T_STE_STRW, 3},
    /* IDR0.STALL_MODEL 0b00, 0b01 and 0b10 (5.5). */
    {IDS_DEFAULT, 0, T_STE_S1STALLD, 1},
    {IDS_NO_STALL, ON_S1 | ON_NESTED, T_STE_S1STALLD, 1},
    {IDS_STALL_FORCED, ON_S1 | ON_S2 | ON_NESTED, T_STE_S1STALLD, 1},
    {IDS_DEFAULT, 0, T_STE_S2S, 1},
    {IDS_NO_STALL, ON_S2 | ON_NESTED, T_STE_S2S, 1},
    {IDS_STALL_FORCED, ON_S2 | ON_NESTED, T_STE_S2S, 0},
    {IDS_STALL_FORCED, 0, T_STE_S2S, 1},
    /* IDR1.SSIDSIZE is 20. */
    {IDS_DEFAULT, 0, T_STE_S1CDMAX, 20},
    {IDS_DEFAULT, ON_S1 | ON_NESTED, T_STE_S1CDMAX, 21},
    {IDS_DEFAULT, ON_S1 | ON_NESTED, T_STE_S1CDMAX, 31},
    {IDS_NO_SSID, 0, T_STE_S1CDMAX, 31},
    {IDS_DEFAULT, 0, T_STE_S1FMT, 1},
    {IDS_DEFAULT, 0, T_STE_S1FMT, 3},
    /* S1ContextPtr, S2TTB: bits above the OAS. */
    {IDS_DEFAULT, ON_S1 | ON_NESTED, 48, 1, 1},
    {IDS_DEFAULT, ON_S1 | ON_NESTED, 55, 1, 1},
    {IDS_DEFAULT, 0, 56, 1, 1},
    {IDS_DEFAULT, 0, 58, 1, 1},
    {IDS_DEFAULT, 0, 192 + 47, 1, 1},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, 192 + 48, 1, 1},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, 192 + 51, 1, 1},
    /* The fixture's S2TTB has bit 31 set and no higher one. */
    {IDS_DEFAULT, 0, T_STE_S2PS, 0},
    {IDS_DEFAULT, 0, T_STE_S2PS, 7},
    /* ATS is not implemented: EATS is IGNORED. */
    {IDS_DEFAULT, 0, T_STE_EATS, 1},
    {IDS_DEFAULT, 0, T_STE_EATS, 2},
    {IDS_DEFAULT, 0, T_STE_EATS, 3},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2AA64, 0},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2HA, 1},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2HD, 1},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2ENDI, 1},
    {IDS_BE, ON_S2 | ON_NESTED, T_STE_S2ENDI, 0},
    {IDS_MIXED, 0, T_STE_S2ENDI, 1},
    {IDS_MIXED, 0, T_STE_S2ENDI, 0},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2TG, 3},
    {IDS_NO_16K, ON_S2 | ON_NESTED, T_STE_S2TG, 2},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2SL0, 3},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2T0SZ, 15},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2T0SZ, 40},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2T0SZ, 63},
    {IDS_DEFAULT, ON_S2 | ON_NESTED, T_STE_S2T0SZ, 0},
    {IDS_DEFAULT, 0, T_STE_S2VMID, 0xffff},
    {IDS_VMID8, 0, T_STE_S2VMID, 0xff},
    {IDS_VMID8, ON_S1 | ON_S2 | ON_NESTED, T_STE_S2VMID, 0x100},
    {IDS_NO_S1, ON_S1 | ON_NESTED, T_STE_V, 1},
    {IDS_NO_S2, ON_S2 | ON_NESTED, T_STE_V, 1},
    /* S2VMID is IGNORED without stage 2. */
    {IDS_NO_S2, ON_S2 | ON_NESTED, T_STE_S2VMID, 0xffff},
    {IDS_DEFAULT, 0, T_STE_S2AFFD, 1},
    {IDS_DEFAULT, 0, T_STE_S2PTW, 1},
    {IDS_DEFAULT, 0, T_STE_S2R, 0},
    {IDS_DEFAULT, 0, T_STE_MEMATTR, 15},
};

static void check_ste(struct four *f, const struct ste_case *k, unsigned i,
                      const char *what)
{
    struct stream st = f->st[i];

    tb_put(st.ste, k->lsb, k->width, k->value);
    stream_write(&f->sc, &st);
    scene_do(&f->sc, acc(i, VA, "r"));
    if ((f->sc.r.event == E_BAD_STE) != ((k->illegal >> i) & 1))
        REPORT("%s, Config %u, bits [%u+:%u] = %#llx: event %#x", what, i,
               k->lsb, k->width, (unsigned long long)k->value, f->sc.r.event);
    CHECK_EQ(f->sc.events, f->sc.r.event != 0);
}

TEST_CASE(SteIllegal, EachCondition)
{
    unsigned n = sizeof(ste_cases) / sizeof(ste_cases[0]);
    unsigned k, i;

    for (k = 0; k < n; k++) {
        struct smmuv3_config c;
        struct four f;

        set_ids(&c, ste_cases[k].ids);
        four_open(&f, &c);
        for (i = 4; i < 8; i++)
            check_ste(&f, &ste_cases[k], i, "single");
        scene_close(&f.sc);
    }
}

/* Pairs of fields that matter together. */
TEST_CASE(SteIllegal, TwoLevelCdNeedsCd2l)
{
    struct smmuv3_config c;
    struct four f;
    unsigned fmt, cdmax;

    set_ids(&c, IDS_NO_CD2L);
    four_open(&f, &c);
    for (fmt = 0; fmt < 4; fmt++) {
        for (cdmax = 0; cdmax < 2; cdmax++) {
            struct stream st = f.st[5];
            bool illegal = cdmax && (fmt == 1 || fmt == 2);

            tb_put(st.ste, T_STE_S1FMT, fmt);
            tb_put(st.ste, T_STE_S1CDMAX, cdmax);
            stream_write(&f.sc, &st);
            scene_do(&f.sc, acc(5, VA, "r"));
            CHECK_EQ(f.sc.r.event == E_BAD_STE, illegal);
        }
    }
    scene_close(&f.sc);
}

TEST_CASE(SteIllegal, VmidIsIgnoredOutsideEl1)
{
    struct smmuv3_config c;
    struct four f;
    struct stream st;

    set_ids(&c, IDS_VMID8);
    four_open(&f, &c);
    st = f.st[5];
    tb_put(st.ste, T_STE_S2VMID, 0x100);
    tb_put(st.ste, T_STE_STRW, 2);
    stream_write(&f.sc, &st);
    EXPECT_OK(&f.sc, acc(5, VA, "r"), SOMEWHERE);
    scene_close(&f.sc);
}

/* S2TTB beyond the effective S2PS, which is at most the OAS. */
TEST_CASE(SteIllegal, S2TtbBeyondS2ps)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
    struct smmuv3_config c;
    struct four f;
    unsigned ps;

    default_config(&c);
    four_open(&f, &c);
    for (ps = 0; ps < 8; ps++) {
        struct stream st = f.st[6];

        tb_put(st.ste, T_STE_S2PS, ps);
        tb_put(st.ste, T_STE_S2TTB, (1ull << (bits[ps] - 1)) >> 4);
        stream_write(&f.sc, &st);
        scene_do(&f.sc, acc(6, VA, "r"));
        CHECK(f.sc.r.event != E_BAD_STE);
        tb_put(st.ste, T_STE_S2TTB, (1ull << bits[ps]) >> 4);
        stream_write(&f.sc, &st);
        EXPECT_EVENT(&f.sc, acc(6, VA, "r"), E_BAD_STE, 0, 0);
    }
    scene_close(&f.sc);
}

/*
 * S2T0SZ for each granule and SL0 (Arm ARM D8.2): at least one bit for the
 * initial level and at most 16 concatenated tables, within 16..39.
 */
struct sl0_range {
    unsigned granule, sl0, min, max;
};

static const struct sl0_range sl0_48[] = {
    {12, 0, 30, 39}, {12, 1, 21, 33}, {12, 2, 16, 24}, {12, 3, 1, 0},
    {14, 0, 35, 39}, {14, 1, 24, 38}, {14, 2, 16, 27}, {14, 3, 1, 0},
    {16, 0, 31, 39}, {16, 1, 18, 34}, {16, 2, 16, 21}, {16, 3, 1, 0},
};

/* OAS 40: level 0 of 4KB and level 1 of 16KB and 64KB need more. */
static const struct sl0_range sl0_40[] = {
    {12, 0, 30, 39}, {12, 1, 24, 33}, {12, 2, 1, 0}, {12, 3, 1, 0},
    {14, 0, 35, 39}, {14, 1, 24, 38}, {14, 2, 1, 0}, {14, 3, 1, 0},
    {16, 0, 31, 39}, {16, 1, 24, 34}, {16, 2, 1, 0}, {16, 3, 1, 0},
};

/* Small translation tables: 4KB may start at level 3. */
static const struct sl0_range sl0_stt[] = {
    {12, 0, 30, 42}, {12, 1, 21, 33}, {12, 2, 16, 24}, {12, 3, 39, 48},
    {14, 0, 35, 48}, {14, 1, 24, 38}, {14, 2, 16, 27}, {14, 3, 1, 0},
    {16, 0, 31, 47}, {16, 1, 18, 34}, {16, 2, 16, 21}, {16, 3, 1, 0},
};

static void check_sl0(unsigned ids, const struct sl0_range *rows)
{
    struct smmuv3_config c;
    struct four f;
    unsigned i, t0sz;

    set_ids(&c, ids);
    four_open(&f, &c);
    for (i = 0; i < 12; i++) {
        for (t0sz = 0; t0sz < 64; t0sz++) {
            struct stream st = f.st[6];
            bool legal = t0sz >= rows[i].min && t0sz <= rows[i].max;

            tb_put(st.ste, T_STE_S2TG, tb_tg0(rows[i].granule));
            tb_put(st.ste, T_STE_S2SL0, rows[i].sl0);
            tb_put(st.ste, T_STE_S2T0SZ, t0sz);
            stream_write(&f.sc, &st);
            scene_do(&f.sc, acc(6, 0, "r"));
            if ((f.sc.r.event == E_BAD_STE) == legal)
                REPORT("ids %u granule 2^%u SL0 %u T0SZ %u: event %#x", ids,
                       rows[i].granule, rows[i].sl0, t0sz, f.sc.r.event);
        }
    }
    scene_close(&f.sc);
}

TEST_CASE(SteIllegal, StartLevelsAndSizes)
{
    check_sl0(IDS_DEFAULT, sl0_48);
}

TEST_CASE(SteIllegal, StartLevelsNeedTheOas)
{
    check_sl0(IDS_OAS40, sl0_40);
}

TEST_CASE(SteIllegal, SmallTranslationTables)
{
    check_sl0(IDS_STT, sl0_stt);
}

/* ---- IGNORED fields ---------------------------------------------------- */

/* Everything that belongs to stage 2, all ones. */
static void garbage_s2(uint64_t ste[8])
{
    tb_put(ste, 160, 32, 0xffffffff); /* S2T0SZ .. S2POE */
    ste[3] = ~0ull;
    ste[4] = ~0ull;
    ste[5] |= ~0ull << 16;
    ste[6] = ~0ull;
    ste[7] = ~0ull;
}

TEST_CASE(SteIgnored, Stage2FieldsWithoutStage2)
{
    struct four f;
    struct smmuv3_config c;
    struct stream st;

    default_config(&c);
    four_open(&f, &c);
    st = f.st[5];
    garbage_s2(st.ste);
    stream_write(&f.sc, &st);
    EXPECT_OK(&f.sc, acc(5, VA, "r"), SOMEWHERE);
    scene_close(&f.sc);
}

TEST_CASE(SteIgnored, Stage1FieldsWithoutStage1)
{
    struct four f;
    struct smmuv3_config c;
    struct stream st;

    default_config(&c);
    four_open(&f, &c);
    st = f.st[6];
    st.ste[0] |= ~0xfull;        /* S1Fmt, S1ContextPtr, S1CDMax */
    tb_put(st.ste, 64, 8, 0xff); /* S1DSS .. S1CSH */
    tb_put(st.ste, T_STE_S1STALLD, 1);
    tb_put(st.ste, T_STE_STRW, 3);
    stream_write(&f.sc, &st);
    EXPECT_OK(&f.sc, acc(6, VA, "r"), SOMEWHERE);
    scene_close(&f.sc);
}

TEST_CASE(SteIgnored, BothStagesInBypass)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, 3);
    st.ste[0] |= ~0xfull;
    tb_put(st.ste, 64, 8, 0xff);
    tb_put(st.ste, T_STE_S1STALLD, 1);
    tb_put(st.ste, T_STE_EATS, 3);
    tb_put(st.ste, T_STE_STRW, 3);
    st.ste[2] = ~0ull;
    garbage_s2(st.ste);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(3, 0x1234, "r"), 0x1234);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/* The CD's contents: CdIllegal() of 5.4.2 and 5.4.1.1. */
#include "shim.h"
#include "smmu_scene.h"

#define VA_LO 0x1000ull
#define VA_HI 0xffff000000001000ull
#define SID   5u

enum {
    IDS_DEFAULT,
    IDS_TERM,
    IDS_ASID8,
    IDS_BE,
    IDS_MIXED,
    IDS_NO_16K,
    IDS_STT,
    IDS_OAS44,
    IDS_VAX,
    IDS_NO_STALL,
    IDS_STALL_FORCED
};

static void set_ids(struct smmuv3_config *c, unsigned ids)
{
    bench_config(c);
    switch (ids) {
    case IDS_TERM:
        c->idr0 |= 1u << 26;
        break;
    case IDS_ASID8:
        c->idr0 &= ~(1u << 12);
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
    case IDS_STT:
        c->idr3 |= 1u << 9;
        break;
    case IDS_OAS44:
        c->idr5 = (c->idr5 & ~7u) | 4;
        break;
    case IDS_VAX:
        c->idr5 |= 1u << 10;
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

/* A CD with both TTBs; `strw` 2 puts the stream into EL2, E2H by `cr2`. */
struct cd_scene {
    struct scene sc;
    struct stream st;
    struct tree hi;
};

static void cd_open(struct cd_scene *f, unsigned ids, unsigned strw,
                    uint32_t cr2)
{
    struct smmuv3_config c;
    struct scene *sc = &f->sc;

    set_ids(&c, ids);
    scene_open_with(sc, &c);
    scene_cr2(sc, cr2);
    stream_s1(sc, &f->st, SID, 12, 48);
    tree_init(sc, &f->hi, 12, 48, 0);
    tree_set(sc, &f->st.s1, VA_LO, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(sc, &f->hi, VA_HI, 3, (SOMEWHERE + 0x1000) | D_PAGE | D_S1_RW);
    cd_ttb1(f->st.cd, &f->hi);
    tb_put(f->st.ste, T_STE_STRW, strw);
}

TEST_CASE(Cd, BothTablesTranslate)
{
    struct cd_scene f;

    cd_open(&f, IDS_DEFAULT, 0, 2);
    stream_write(&f.sc, &f.st);
    EXPECT_OK(&f.sc, acc(SID, VA_LO + 4, "r"), SOMEWHERE + 4);
    EXPECT_OK(&f.sc, acc(SID, VA_HI + 4, "w"), SOMEWHERE + 0x1004);
    scene_close(&f.sc);
}

TEST_CASE(Cd, InvalidIsBadCd)
{
    struct cd_scene f;
    unsigned i;

    cd_open(&f, IDS_DEFAULT, 0, 2);
    tb_put(f.st.cd, T_CD_V, 0);
    stream_write(&f.sc, &f.st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_LO, "r"), E_BAD_CD, 0, 0);
    /* The rest is IGNORED. */
    for (i = 0; i < 8; i++)
        f.st.cd[i] = ~0ull;
    tb_put(f.st.cd, T_CD_V, 0);
    stream_write(&f.sc, &f.st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_HI, "wp"), E_BAD_CD, 0, 0);
    scene_close(&f.sc);
}

#define EL1    (1u << 0)
#define EL2    (1u << 1)
#define E2H    (1u << 2)
#define WORLDS 7u

/* One field changed in a good CD: in which worlds it becomes ILLEGAL. */
struct cd_case {
    unsigned ids;
    unsigned illegal;
    unsigned lsb, width;
    uint64_t value;
};

static const struct cd_case cd_cases[] = {
    {IDS_DEFAULT, 0, T_CD_V, 1},
    {IDS_DEFAULT, WORLDS, T_CD_V, 0},
    /* IDR0.STALL_MODEL 0b00, 0b01 and 0b10 (5.5). */
    {IDS_DEFAULT, 0, T_CD_S, 1},
    {IDS_NO_STALL, 0, T_CD_S, 0},
    {IDS_NO_STALL, WORLDS, T_CD_S, 1},
    {IDS_STALL_FORCED, WORLDS, T_CD_S, 0},
    {IDS_STALL_FORCED, 0, T_CD_S, 1},
    {IDS_DEFAULT, 0, T_CD_A, 0},
    {IDS_TERM, WORLDS, T_CD_A, 0},
    {IDS_DEFAULT, 0, T_CD_R, 0},
    {IDS_DEFAULT, WORLDS, T_CD_ENDI, 1},
    {IDS_BE, WORLDS, T_CD_ENDI, 0},
    {IDS_BE, 0, T_CD_ENDI, 1},
    {IDS_MIXED, 0, T_CD_ENDI, 1},
    {IDS_MIXED, 0, T_CD_ENDI, 0},
    {IDS_DEFAULT, WORLDS, T_CD_AA64, 0},
    {IDS_DEFAULT, WORLDS, T_CD_HA, 1},
    {IDS_DEFAULT, WORLDS, T_CD_HD, 1},
    {IDS_DEFAULT, 0, T_CD_ASID, 0xffff},
    {IDS_ASID8, 0, T_CD_ASID, 0xff},
    /* EL2 has no ASIDs. */
    {IDS_ASID8, EL1 | E2H, T_CD_ASID, 0x100},
    {IDS_DEFAULT, WORLDS, T_CD_TG0, 3},
    {IDS_NO_16K, WORLDS, T_CD_TG0, 2},
    /* TTB1 is unreachable in EL2. */
    {IDS_DEFAULT, EL1 | E2H, T_CD_TG1, 0},
    {IDS_NO_16K, EL1 | E2H, T_CD_TG1, 1},
    {IDS_DEFAULT, EL1 | E2H, T_CD_T1SZ, 15},
    {IDS_DEFAULT, EL1 | E2H, T_CD_T1SZ, 40},
    {IDS_DEFAULT, WORLDS, T_CD_T0SZ, 15},
    {IDS_DEFAULT, WORLDS, T_CD_T0SZ, 40},
    {IDS_DEFAULT, 0, 64 + 47, 1, 1},
    {IDS_DEFAULT, WORLDS, 64 + 48, 1, 1},
    {IDS_DEFAULT, WORLDS, 64 + 51, 1, 1},
    {IDS_DEFAULT, EL1 | E2H, 128 + 48, 1, 1},
    {IDS_OAS44, WORLDS, 64 + 44, 1, 1},
    {IDS_OAS44, 0, 64 + 43, 1, 1},
    /* IPS 32 bits holds the fixture's TTBs; reserved 7 behaves as 6. */
    {IDS_DEFAULT, 0, T_CD_IPS, 0},
    {IDS_DEFAULT, 0, T_CD_IPS, 7},
    {IDS_DEFAULT, 0, T_CD_UWXN, 1},
    {IDS_DEFAULT, 0, T_CD_ASET, 1},
};

static void check_cd(struct cd_scene *f, const struct cd_case *k, unsigned w)
{
    struct stream st = f->st;

    tb_put(st.cd, k->lsb, k->width, k->value);
    stream_write(&f->sc, &st);
    scene_do(&f->sc, acc(SID, VA_LO, "r"));
    if ((f->sc.r.event == E_BAD_CD) != ((k->illegal >> w) & 1))
        REPORT("world %u, bits [%u+:%u] = %#llx: event %#x", w, k->lsb,
               k->width, (unsigned long long)k->value, f->sc.r.event);
}

TEST_CASE(CdIllegal, EachConditionInEachWorld)
{
    static const unsigned strw[] = {0, 2, 2};
    static const uint32_t cr2[] = {2, 2, 3};
    unsigned n = sizeof(cd_cases) / sizeof(cd_cases[0]);
    unsigned k, w;

    for (k = 0; k < n; k++) {
        for (w = 0; w < 3; w++) {
            struct cd_scene f;

            cd_open(&f, cd_cases[k].ids, strw[w], cr2[w]);
            check_cd(&f, &cd_cases[k], w);
            scene_close(&f.sc);
        }
    }
}

/* CDTxSZInvalid() for both TTBs: 16..39, STT 48 or 47, VAX 12 for 64KB. */
static void check_tsz(unsigned ids, unsigned granule, unsigned min,
                      unsigned max)
{
    struct cd_scene f;
    unsigned tsz, n;

    cd_open(&f, ids, 0, 2);
    for (n = 0; n < 2; n++) {
        for (tsz = 0; tsz < 64; tsz++) {
            struct stream st = f.st;
            bool legal = tsz >= min && tsz <= max;

            if (n == 0) {
                tb_put(st.cd, T_CD_TG0, tb_tg0(granule));
                tb_put(st.cd, T_CD_T0SZ, tsz);
            } else {
                tb_put(st.cd, T_CD_TG1, tb_tg1(granule));
                tb_put(st.cd, T_CD_T1SZ, tsz);
            }
            stream_write(&f.sc, &st);
            scene_do(&f.sc, acc(SID, n ? VA_HI : VA_LO, "r"));
            if ((f.sc.r.event != E_BAD_CD) != legal)
                REPORT("ids %u granule %u T%uSZ %u: event %#x", ids, granule, n,
                       tsz, f.sc.r.event);
        }
    }
    scene_close(&f.sc);
}

TEST_CASE(CdIllegal, TxszRange)
{
    check_tsz(IDS_DEFAULT, 12, 16, 39);
    check_tsz(IDS_DEFAULT, 14, 16, 39);
    check_tsz(IDS_DEFAULT, 16, 16, 39);
}

TEST_CASE(CdIllegal, TxszRangeStt)
{
    check_tsz(IDS_STT, 12, 16, 48);
    check_tsz(IDS_STT, 14, 16, 48);
    check_tsz(IDS_STT, 16, 16, 47);
}

TEST_CASE(CdIllegal, TxszRangeVax)
{
    check_tsz(IDS_VAX, 12, 16, 39);
    check_tsz(IDS_VAX, 14, 16, 39);
    check_tsz(IDS_VAX, 16, 12, 39);
}

/* CDTTBxOutOfRange(): beyond the effective IPS, at most the OAS. */
TEST_CASE(CdIllegal, TtbBeyondIps)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
    struct cd_scene f;
    unsigned ips;

    cd_open(&f, IDS_DEFAULT, 0, 2);
    for (ips = 0; ips < 8; ips++) {
        struct stream st = f.st;

        tb_put(st.cd, T_CD_IPS, ips);
        tb_put(st.cd, T_CD_TTB1, (1ull << (bits[ips] - 1)) >> 4);
        stream_write(&f.sc, &st);
        scene_do(&f.sc, acc(SID, VA_HI, "r"));
        CHECK(f.sc.r.event != E_BAD_CD);
        tb_put(st.cd, T_CD_TTB1, (1ull << bits[ips]) >> 4);
        stream_write(&f.sc, &st);
        EXPECT_EVENT(&f.sc, acc(SID, VA_LO, "r"), E_BAD_CD, 0, 0);
    }
    scene_close(&f.sc);
}

/* ---- 5.4.1.1: EPDx ----------------------------------------------------- */

/* Garbage in the fields of a disabled TTB does not matter. */
static void garbage_ttb(uint64_t cd[8], unsigned n)
{
    if (n == 0) {
        tb_put(cd, 0, 14, 0x3fff); /* T0SZ .. SH0 */
        tb_put(cd, T_CD_TTB0, ~0ull);
    } else {
        tb_put(cd, 16, 14, 0x3fff);
        tb_put(cd, T_CD_TG1, 0); /* Reserved */
        tb_put(cd, T_CD_TTB1, ~0ull);
    }
}

TEST_CASE(Epd, DisabledFieldsAreIgnored)
{
    struct cd_scene f;
    struct stream st;

    cd_open(&f, IDS_DEFAULT, 0, 2);
    st = f.st;
    tb_put(st.cd, T_CD_EPD0, 1);
    garbage_ttb(st.cd, 0);
    stream_write(&f.sc, &st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_LO, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_OK(&f.sc, acc(SID, VA_HI, "r"), SOMEWHERE + 0x1000);

    st = f.st;
    tb_put(st.cd, T_CD_EPD1, 1);
    garbage_ttb(st.cd, 1);
    stream_write(&f.sc, &st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_HI, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_OK(&f.sc, acc(SID, VA_LO, "r"), SOMEWHERE);

    /* Both disabled: ENDI is IGNORED too. */
    garbage_ttb(st.cd, 0);
    tb_put(st.cd, T_CD_EPD0, 1);
    tb_put(st.cd, T_CD_ENDI, 1);
    stream_write(&f.sc, &st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_LO, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_EVENT(&f.sc, acc(SID, VA_HI, "wp"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&f.sc);
}

/* EPD0 and EPD1 are IGNORED in EL2, obeyed in EL2-E2H. */
TEST_CASE(Epd, InEl2)
{
    struct cd_scene f;

    cd_open(&f, IDS_DEFAULT, 2, 2);
    tb_put(f.st.cd, T_CD_EPD0, 1);
    garbage_ttb(f.st.cd, 1);
    stream_write(&f.sc, &f.st);
    EXPECT_OK(&f.sc, acc(SID, VA_LO, "r"), SOMEWHERE);
    EXPECT_EVENT(&f.sc, acc(SID, VA_HI, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&f.sc);

    cd_open(&f, IDS_DEFAULT, 2, 3);
    tb_put(f.st.cd, T_CD_EPD0, 1);
    stream_write(&f.sc, &f.st);
    EXPECT_EVENT(&f.sc, acc(SID, VA_LO, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    EXPECT_OK(&f.sc, acc(SID, VA_HI, "r"), SOMEWHERE + 0x1000);
    scene_close(&f.sc);
}

/* CD.R == 0: an EPD fault is not recorded (SVA's way to quiesce). */
TEST_CASE(Epd, QuietWithoutR)
{
    struct cd_scene f;

    cd_open(&f, IDS_DEFAULT, 0, 2);
    tb_put(f.st.cd, T_CD_EPD0, 1);
    tb_put(f.st.cd, T_CD_R, 0);
    stream_write(&f.sc, &f.st);
    EXPECT_SILENT(&f.sc, acc(SID, VA_LO, "r"), IOVP_RESULT_ABORT);
    scene_close(&f.sc);
}

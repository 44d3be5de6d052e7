/* SPDX-License-Identifier: MIT */
/* ATS Translated transactions: 3.9.1.1, 3.9.1.3. */
#include "ats_scene.h"
#include "shim.h"

#define SID 4u
#define PA  0x2345678ull

static struct acc translated(uint32_t sid, uint64_t pa, const char *how)
{
    return ats_acc(sid, -1, pa, IOVP_AT_TRANSLATED, how);
}

static void open_s1(struct scene *sc, struct stream *st)
{
    ats_open(sc);
    stream_s1(sc, st, SID, 12, 48);
    ats_eats(sc, st, 1);
}

/* Aborted; `type` is recorded, with RnW and the address and no more. */
static void expect_event(struct scene *sc, struct acc a, unsigned type)
{
    scene_do(sc, a);
    CHECK_EQ(IOVP_RESULT_ABORT, sc->r.status);
    CHECK_EQ(type, sc->r.event);
    CHECK_EQ(type ? 1 : 0, sc->events);
    if (!type)
        return;
    CHECK_EQ((uint64_t)a.sid << 32 | type, sc->ev[0]);
    if (type != F_TRANSL_FORBIDDEN)
        return;
    CHECK_EQ(a.write ? 0 : 1ull << 35, sc->ev[1]);
    CHECK_EQ(a.va, sc->ev[2]);
    CHECK_EQ(0, sc->ev[3]);
}

/* Full ATS: the PA and the attributes pass; no CD and no table is read. */
TEST_CASE(AtsTranslated, FullPasses)
{
    struct acc a = translated(SID, PA, "w");
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    /* Table 13.5: MTCFG does not apply. */
    tb_put(st.ste, T_STE_MTCFG, 1);
    tb_put(st.ste, T_STE_MEMATTR, 0);
    stream_write(&sc, &st);
    a.mem_type = 0x44;
    a.sh = 2;
    EXPECT_OK(&sc, a, PA);
    CHECK_EQ(1, sc.r.walk.count); /* the STE */
    CHECK_EQ(0x44, sc.r.mem_type);
    EXPECT_OK(&sc, a, PA);
    CHECK_EQ(0, sc.r.walk.count);
    /* A PASID is of no account, nor what comes with it (PASIDTT == 0). */
    a = translated(SID, PA, "rpx");
    a.ssid = 7;
    EXPECT_OK(&sc, a, PA);
    CHECK_EQ(0, sc.r.privileged);
    CHECK_EQ(0, sc.r.instruction);
    scene_close(&sc);
}

/* An Untranslated transaction neither uses nor spoils what is cached. */
TEST_CASE(AtsTranslated, TheSteIsCachedApart)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    tree_set(&sc, &st.s1, PA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, translated(SID, PA, "r"), PA);
    EXPECT_OK(&sc, acc(SID, PA, "r"), SOMEWHERE + 0x678);
    EXPECT_OK(&sc, translated(SID, PA, "r"), PA);
    EXPECT_OK(&sc, acc(SID, PA, "r"), SOMEWHERE + 0x678);
    /* CMD_CFGI_STE reaches both. */
    tb_put(st.ste, T_STE_EATS, 0);
    bench_put_words(&sc.b, BENCH_STRTAB + 64 * SID, st.ste, 8);
    CHECK_EQ(0, bench_command(&sc.b, CMD_CFGI_STE | (uint64_t)SID << 32, 1));
    expect_event(&sc, translated(SID, PA, "r"), F_TRANSL_FORBIDDEN);
    scene_close(&sc);
}

/* 3.9.1.1: beyond the OAS it is aborted and not told. */
TEST_CASE(AtsTranslated, AddressesAboveTheOas)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    EXPECT_OK(&sc, translated(SID, (1ull << 48) - 64, "r"), (1ull << 48) - 64);
    expect_event(&sc, translated(SID, 1ull << 48, "r"), 0);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_ATSCHK);
    expect_event(&sc, translated(SID, 1ull << 63, "r"), 0);
    scene_close(&sc);
}

TEST_CASE(AtsTranslated, Forbidden)
{
    struct acc a = translated(SID, PA, "r");
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    ats_eats(&sc, &st, 0);
    expect_event(&sc, a, F_TRANSL_FORBIDDEN);
    expect_event(&sc, translated(SID, PA, "w"), F_TRANSL_FORBIDDEN);
    a.priv = a.inst = true;
    a.ssid = 3; /* as if it had none */
    expect_event(&sc, a, F_TRANSL_FORBIDDEN);
    ats_eats(&sc, &st, 3);
    expect_event(&sc, translated(SID, PA, "r"), F_TRANSL_FORBIDDEN);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_BYPASS);
    ats_eats(&sc, &st, 1);
    expect_event(&sc, translated(SID, PA, "r"), F_TRANSL_FORBIDDEN);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_ABORT);
    stream_write(&sc, &st);
    expect_event(&sc, translated(SID, PA, "r"), 0);
    scene_close(&sc);
}

/* ATSCHK == 0: nothing is looked up, whatever the STE would say. */
TEST_CASE(AtsTranslated, FastModeChecksNothing)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    ats_eats(&sc, &st, 0);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_ATSCHK);
    EXPECT_OK(&sc, translated(SID, PA, "w"), PA);
    EXPECT_OK(&sc, translated(0xffffffff, PA, "w"), PA);
    CHECK_EQ(0, sc.r.walk.count);
    scene_close(&sc);
}

TEST_CASE(AtsTranslated, DisabledSmmu)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_SMMUEN);
    expect_event(&sc, translated(SID, PA, "w"), F_TRANSL_FORBIDDEN);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~(SMMU_CR0_SMMUEN | SMMU_CR0_ATSCHK));
    expect_event(&sc, translated(SID, PA, "r"), F_TRANSL_FORBIDDEN);
    scene_close(&sc);
}

static void configuration_errors(struct scene *sc, bool rec)
{
    expect_event(sc, translated(0x1000, PA, "r"), rec ? C_BAD_STREAMID : 0);
    expect_event(sc, translated(77, PA, "r"), rec ? C_BAD_STE : 0);
    bench_fault(&sc->b, BENCH_STRTAB + 64 * SID, true, false);
    expect_event(sc, translated(SID, PA, "r"), rec ? F_STE_FETCH : 0);
    bench_clear_faults(&sc->b);
}

/* Recorded if CR2.REC_CFG_ATS; RECINVSID does not count. */
TEST_CASE(AtsTranslated, ConfigurationErrors)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st);
    configuration_errors(&sc, false);
    scene_cr2(&sc, SMMU_CR2_REC_CFG_ATS);
    configuration_errors(&sc, true);
    scene_close(&sc);
}

/* Split-stage: the address is an IPA, and stage 2 faults as ever. */
TEST_CASE(AtsTranslated, SplitGoesThroughStage2)
{
    uint64_t ipa = 0x40005000;
    struct stream st;
    struct scene sc;

    ats_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    tree_set(&sc, &st.s2, ipa, 3,
             SOMEWHERE | D_PAGE | D_AF | D_SH(3) | D_S2AP(1) | D_S2MEM(15));
    ats_eats(&sc, &st, 2);
    EXPECT_OK(&sc, translated(SID, ipa | 0x678, "r"), SOMEWHERE + 0x678);
    EXPECT_OK(&sc, translated(SID, ipa | 0x678, "r"), SOMEWHERE + 0x678);
    EXPECT_EVENT(&sc, translated(SID, ipa | 0x678, "w"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN, ipa);
    EXPECT_EVENT(&sc, translated(SID, 0x50000000, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_IN, 0x50000000);
    EXPECT_EVENT(&sc, translated(SID, 1ull << 48, "r"), E_ADDR_SIZE,
                 EV_CLASS_IN, 0);
    /* STE.S2R == 0 records none of them. */
    tb_put(st.ste, T_STE_S2R, 0);
    stream_write(&sc, &st);
    EXPECT_SILENT(&sc, translated(SID, 0x50000000, "r"), IOVP_RESULT_ABORT);
    /* TLBI_S2_IPA and NH commands find what is cached. */
    EXPECT_OK(&sc, translated(SID, ipa, "r"), SOMEWHERE);
    tree_set(&sc, &st.s2, ipa, 3,
             (SOMEWHERE + 0x1000) | D_PAGE | D_AF | D_SH(3) | D_S2AP(1) |
                 D_S2MEM(15));
    CHECK_EQ(0,
             bench_command(&sc.b, CMD_TLBI_S2_IPA | (uint64_t)SID << 32, ipa));
    EXPECT_OK(&sc, translated(SID, ipa, "r"), SOMEWHERE + 0x1000);
    scene_close(&sc);
}

/* 13.7: INSTCFG and PRIVCFG apply before stage 2 is checked. */
TEST_CASE(AtsTranslated, SplitOverridesPermissions)
{
    uint64_t ipa = 0x40005000;
    struct stream st;
    struct scene sc;

    ats_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    /* Privileged execute only. */
    tree_set(&sc, &st.s2, ipa, 3,
             SOMEWHERE | D_PAGE | D_AF | D_SH(3) | D_S2XN(3) | D_S2MEM(15));
    ats_eats(&sc, &st, 2);
    EXPECT_EVENT(&sc, translated(SID, ipa, "r"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN, ipa);
    tb_put(st.ste, T_STE_INSTCFG, 3);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, translated(SID, ipa, "r"), SOMEWHERE);
    CHECK_EQ(1, sc.r.privileged);
    CHECK_EQ(1, sc.r.instruction);
    scene_close(&sc);
}

/* SteIllegal(): what EATS requires (5.2). */
TEST_CASE(AtsTranslated, EatsIsChecked)
{
    struct smmuv3_config c;
    struct stream st;
    struct scene sc;

    ats_config(&c);
    c.idr0 |= SMMU_IDR0_NS1ATS;
    scene_open_with(&sc, &c);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0);
    stream_nested(&sc, &st, SID, 12, 12);
    ats_eats(&sc, &st, 2);
    EXPECT_EVENT(&sc, acc(SID, 0, "r"), E_BAD_STE, 0, 0);
    ats_eats(&sc, &st, 1);
    tb_put(st.ste, T_STE_S2S, 1);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0, "r"), E_BAD_STE, 0, 0);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/* ATS Translation Requests: 3.9.1.2, 13.6, 13.7. */
#include "ats_scene.h"
#include "shim.h"

#define SID 4u
#define VA  0x12345678ull
#define R   IOVP_ATS_READ
#define W   IOVP_ATS_WRITE
#define X   IOVP_ATS_EXECUTE
#define P   IOVP_ATS_PRIVILEGED
#define IO  IOVP_ATS_CXL_IO

/* AP[2:1] of stage 1. */
#define USER_RW 1u
#define USER_RO 3u
#define PRIV_RW 0u

static void open_s1(struct scene *sc, struct stream *st, uint64_t leaf)
{
    ats_open(sc);
    stream_s1(sc, st, SID, 12, 48);
    tree_set(sc, &st->s1, VA, 3, SOMEWHERE | D_PAGE | D_AF | D_SH(3) | leaf);
    ats_eats(sc, st, 1);
}

/* PASIDs 0 and 1 share stage 1; without a PASID, as S1DSS says. */
static void with_pasids(struct scene *sc, struct stream *st, unsigned dss)
{
    st->cd_at = scene_alloc(sc, 4 * 64, 8);
    tb_put(st->ste, T_STE_S1CPTR, (st->cd_at + st->s1.bias) >> 6);
    tb_put(st->ste, T_STE_S1CDMAX, 2);
    tb_put(st->ste, T_STE_S1DSS, dss);
    bench_put_words(&sc->b, st->cd_at + 64, st->cd, 8);
    stream_write(sc, st);
}

TEST_CASE(AtsRequest, GrantsAPage)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RW));
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R | W);
    CHECK_EQ(SOMEWHERE + 0x678, sc.r.pa);
    /* From the TLB, and without a side effect. */
    ats_request(&sc, SID, -1, VA + 0x100, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R | W);
    CHECK_EQ(0, sc.r.walk.count);
    scene_close(&sc);
}

TEST_CASE(AtsRequest, TellsTheSizeOfABlock)
{
    struct stream st;
    struct scene sc;

    ats_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    tree_set(&sc, &st.s1, VA, 2, SOMEWHERE | D_BLOCK | D_S1_RW);
    ats_eats(&sc, &st, 1);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 21, R | W);
    scene_close(&sc);
}

/* The examples of 13.7, by its pseudocode; PASID 1 for Exe and Priv. */
TEST_CASE(AtsRequest, GrantsWhatTheTablesPermit)
{
    static const struct {
        uint64_t leaf;
        const char *how;
        unsigned privcfg, instcfg;
        unsigned want;
    } cases[] = {
        {D_AP(USER_RO), "", 0, 0, R},
        {D_AP(USER_RW) | D_UXN, "w", 0, 0, R | W},
        {D_AP(USER_RO), "w", 0, 0, R},
        {D_AP(PRIV_RW), "wp", 0, 0, R | W | P},
        {D_AP(PRIV_RW), "w", 0, 0, 0},
        {D_AP(USER_RW) | D_UXN, "x", 0, 0, R | W},
        {D_AP(USER_RW), "wx", 0, 0, R | W | X},
        {D_AP(USER_RW), "w", 0, 0, R | W},
        /* Execute-only for the user: nothing. */
        {D_AP(PRIV_RW), "wx", 0, 0, 0},
        {D_AP(PRIV_RW), "wx", 0, 3, R | X},
        /* Data: what can be read can be executed. */
        {D_AP(USER_RW) | D_UXN, "wx", 0, 2, R | W | X},
        {D_AP(USER_RW) | D_UXN, "wx", 0, 3, W},
        /* Priv is that of the request, whatever PRIVCFG makes of it. */
        {D_AP(PRIV_RW), "w", 3, 0, R | W},
        {D_AP(PRIV_RW), "wp", 2, 0, P},
        {D_AP(USER_RO), "wp", 2, 0, R | P},
    };
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, 0);
    with_pasids(&sc, &st, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned rw = cases[i].want & (R | W);

        tree_set(&sc, &st.s1, VA, 3,
                 SOMEWHERE | D_PAGE | D_AF | D_NG | D_SH(3) | cases[i].leaf);
        tb_put(st.ste, T_STE_PRIVCFG, cases[i].privcfg);
        tb_put(st.ste, T_STE_INSTCFG, cases[i].instcfg);
        stream_write(&sc, &st);
        ats_request(&sc, SID, 1, VA, cases[i].how);
        EXPECT_ATS(&sc, rw ? SOMEWHERE : 0, 12, cases[i].want);
        ats_request(&sc, SID, 1, VA, cases[i].how); /* a hit, if filled */
        EXPECT_ATS(&sc, rw ? SOMEWHERE : 0, 12, cases[i].want);
    }
    scene_close(&sc);
}

/* 13.7.1: without a PASID there are no Exe and Priv. */
TEST_CASE(AtsRequest, WithoutPasidIsDataUnprivileged)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RO));
    ats_request(&sc, SID, -1, VA, "wxp");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R);
    scene_close(&sc);
}

/* 3.9.1.2: access is denied, nothing is recorded, the size is the STU. */
TEST_CASE(AtsRequest, FaultsOfTranslationGrantNothing)
{
    static const uint64_t leaf[] = {
        0,                                    /* F_TRANSLATION */
        SOMEWHERE | D_PAGE | D_AP(1),         /* F_ACCESS */
        1ull << 47 | D_PAGE | D_AF | D_AP(1), /* F_ADDR_SIZE */
    };
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, 0);
    tb_put(st.cd, T_CD_IPS, 1); /* 36 bits */
    tb_put(st.cd, T_CD_S, 1);   /* never stalls */
    for (size_t i = 0; i < 3; i++) {
        tree_set(&sc, &st.s1, VA, 3, leaf[i]);
        stream_write(&sc, &st);
        ats_request(&sc, SID, -1, VA, "wp");
        EXPECT_ATS(&sc, 0, 12, 0);
        CHECK_EQ(0, sc.r.event);
    }
    CHECK_EQ(0, smmuv3_stalls(sc.b.s));
    scene_close(&sc);
}

TEST_CASE(AtsRequest, StuIsTheSmallestGranule)
{
    struct smmuv3_config c;
    struct stream st;
    struct scene sc;

    ats_config(&c);
    c.idr5 &= ~(SMMU_IDR5_GRAN4K | SMMU_IDR5_GRAN16K);
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, 16, 48);
    ats_eats(&sc, &st, 1);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, 0, 16, 0);
    scene_close(&sc);
}

/* What a Translation Request is refused for, and F_BAD_ATS_TREQ in full. */
TEST_CASE(AtsRequest, Unsupported)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RW));
    ats_eats(&sc, &st, 0);
    ats_request(&sc, SID, -1, VA, "wxp");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ);
    CHECK_EQ((uint64_t)SID << 32 | 5, sc.ev[0]);
    CHECK_EQ(0xcull << 32, sc.ev[1]);         /* R, W */
    CHECK_EQ((VA & ~0xfffull) | 1, sc.ev[2]); /* Span 1 */
    CHECK_EQ(0, sc.ev[3]);
    ats_request(&sc, SID, 1, VA, "xp");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ); /* no C_BAD_SUBSTREAMID */
    CHECK_EQ((uint64_t)SID << 32 | 1u << 12 | 1u << 11 | 5, sc.ev[0]);
    CHECK_EQ(0xbull << 32, sc.ev[1]); /* R, X, Priv */

    ats_eats(&sc, &st, 3); /* no DPT: as 0b00 */
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ);

    tb_put(st.ste, T_STE_CONFIG, CONFIG_BYPASS);
    ats_eats(&sc, &st, 1);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ);

    tb_put(st.ste, T_STE_CONFIG, CONFIG_ABORT);
    stream_write(&sc, &st);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, 0);

    tb_put(st.ste, T_STE_CONFIG, CONFIG_S1);
    stream_write(&sc, &st);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_SMMUEN);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ);
    scene_close(&sc);
}

static void configuration_errors(struct scene *sc, struct stream *st, bool rec)
{
    ats_request(sc, 0x1000, -1, VA, "w");
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? C_BAD_STREAMID : 0);
    ats_request(sc, SID, 1, VA, "w");
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? C_BAD_SUBSTREAMID : 0);
    bench_fault(&sc->b, BENCH_STRTAB + 64 * SID, true, false);
    scene_invalidate(sc);
    ats_request(sc, SID, -1, VA, "w");
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? F_STE_FETCH : 0);
    bench_clear_faults(&sc->b);
    bench_fault(&sc->b, st->cd_at, true, false);
    ats_request(sc, SID, -1, VA, "w");
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? F_CD_FETCH : 0);
    bench_clear_faults(&sc->b);
    bench_fault(&sc->b, tree_slot(sc, &st->s1, VA, 3), true, false);
    ats_request(sc, SID, -1, VA, "w");
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? F_WALK_EABT : 0);
    bench_clear_faults(&sc->b);
    ats_request(sc, 77, -1, VA, "w"); /* V == 0 */
    EXPECT_REFUSED(sc, IOVP_ATS_CA, rec ? C_BAD_STE : 0);
}

/* Completer Abort; recorded if CR2.REC_CFG_ATS, and RECINVSID as ever. */
TEST_CASE(AtsRequest, ConfigurationErrorsAbort)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RW));
    configuration_errors(&sc, &st, false);
    scene_cr2(&sc, SMMU_CR2_RECINVSID | SMMU_CR2_REC_CFG_ATS);
    configuration_errors(&sc, &st, true);
    scene_cr2(&sc, SMMU_CR2_REC_CFG_ATS);
    ats_request(&sc, 0x1000, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_CA, 0);
    scene_close(&sc);
}

/* 13.6.4: all of the OAS, one to one, without Exe. */
TEST_CASE(AtsRequest, SkippedStage1IsIdentity)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RW));
    with_pasids(&sc, &st, 1);
    ats_request(&sc, SID, -1, VA, "x");
    EXPECT_ATS(&sc, 0, 48, R | W);
    CHECK_EQ(VA, sc.r.pa);
    ats_request(&sc, SID, -1, 1ull << 48, "w"); /* F_ADDR_SIZE */
    EXPECT_ATS(&sc, 0, 12, 0);
    /* S1DSS 0b00: such traffic is disabled. */
    tb_put(st.ste, T_STE_S1DSS, 0);
    stream_write(&sc, &st);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_CA, 0);
    scene_close(&sc);
}

#define IPA 0x40005000ull

static void open_nested(struct scene *sc, struct stream *st, unsigned eats)
{
    ats_open(sc);
    stream_nested(sc, st, SID, 12, 12);
    /* A block of stage 1 onto pages of stage 2. */
    tree_set(sc, &st->s1, VA, 2, 0x40000000 | D_BLOCK | D_S1_RW);
    tree_set(sc, &st->s2, 0x40000000 | (VA & 0x1ff000), 3,
             SOMEWHERE | D_PAGE | D_S2_RW);
    ats_eats(sc, st, eats);
}

TEST_CASE(AtsRequest, FullNestedGivesThePa)
{
    struct stream st;
    struct scene sc;

    open_nested(&sc, &st, 1);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R | W);
    scene_close(&sc);
}

/* 13.6.3: the IPA, with the rights and the size of both stages. */
TEST_CASE(AtsRequest, SplitGivesTheIpa)
{
    uint64_t ipa = 0x40000000 | (VA & 0x1ff000);
    struct stream st;
    struct scene sc;

    open_nested(&sc, &st, 2);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, ipa, 12, R | W | IO);
    CHECK_EQ(ipa | 0x678, sc.r.pa);
    tree_set(&sc, &st.s2, ipa, 3,
             SOMEWHERE | D_PAGE | D_AF | D_SH(3) | D_S2AP(1) | D_S2MEM(15));
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, ipa, 12, R | IO);
    tree_set(&sc, &st.s2, ipa, 3, 0);
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, 0, 12, 0);
    /* Without ATSCHK there is no Split-stage ATS. */
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_ATSCHK);
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_UR, F_BAD_ATS_TREQ);
    scene_close(&sc);
}

/* 13.6.5: one to one, with the rights of stage 2. */
TEST_CASE(AtsRequest, SplitSkippingStage1)
{
    uint64_t ipa = 0x40000000 | (VA & 0x1ff000);
    struct stream st;
    struct scene sc;

    open_nested(&sc, &st, 2);
    with_pasids(&sc, &st, 1);
    tree_set(&sc, &st.s2, ipa, 3,
             SOMEWHERE | D_PAGE | D_AF | D_SH(3) | D_S2AP(1) | D_S2MEM(15));
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, ipa, "wx");
    EXPECT_ATS(&sc, ipa, 12, R | IO);
    scene_close(&sc);
}

/* 3.9.1.2: stage 2 is not asked for what stage 1 grants nothing of. */
TEST_CASE(AtsRequest, Stage2StaysUnseenWithoutRights)
{
    struct stream st;
    struct scene sc;

    open_nested(&sc, &st, 1);
    scene_cr2(&sc, SMMU_CR2_RECINVSID | SMMU_CR2_REC_CFG_ATS);
    tree_set(&sc, &st.s1, VA, 2,
             0x40000000 | D_BLOCK | D_AF | D_NG | D_SH(3) | D_AP(PRIV_RW));
    bench_fault(&sc.b, tree_slot(&sc, &st.s2, 0x40000000 | (VA & 0x1ff000), 3),
                true, false);
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, 0, 12, 0);
    tree_set(&sc, &st.s1, VA, 2, 0x40000000 | D_BLOCK | D_S1_RW);
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_CA, F_WALK_EABT);
    CHECK_EQ(0, sc.ev[1] >> 33 & 3); /* PnU, InD */
    /* 7.3.12: as the STE overrides them. */
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    tb_put(st.ste, T_STE_INSTCFG, 3);
    stream_write(&sc, &st);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_REFUSED(&sc, IOVP_ATS_CA, F_WALK_EABT);
    CHECK_EQ(3, sc.ev[1] >> 33 & 3);
    scene_close(&sc);
}

/* A stage 2 fault of the CD's address: denied, not aborted. */
TEST_CASE(AtsRequest, Stage2OfACdGrantsNothing)
{
    struct stream st;
    struct scene sc;

    open_nested(&sc, &st, 1);
    tb_put(st.ste, T_STE_S1CPTR, 0x7000000000ull >> 6);
    stream_write(&sc, &st);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, 0, 12, 0);
    scene_close(&sc);
}

/* 3.9.3: AttrIndx 1 of the scene's MAIR is Non-cacheable. */
TEST_CASE(AtsRequest, OnlyWriteBackIsForCxlCache)
{
    struct stream st;
    struct scene sc;

    open_s1(&sc, &st, D_AP(USER_RW) | D_ATTR(1));
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R | W | IO);
    tree_set(&sc, &st.s1, VA, 3,
             SOMEWHERE | D_PAGE | D_AF | D_AP(USER_RW)); /* Non-shareable */
    scene_invalidate(&sc);
    ats_request(&sc, SID, -1, VA, "w");
    EXPECT_ATS(&sc, SOMEWHERE, 12, R | W | IO);
    scene_close(&sc);
}

/* PCI Express: 4 KB has S == 0; else the lowest zero tells. */
TEST_CASE(Ats, EncodesRanges)
{
    CHECK_EQ(0x12345000, iovp_ats_encode(0x12345678, 12));
    CHECK_EQ(0x12344800, iovp_ats_encode(0x12345678, 13));
    CHECK_EQ(0x12345800, iovp_ats_encode(0x12345678, 14));
    CHECK_EQ(0x122ff800, iovp_ats_encode(0x12345678, 21));
    CHECK_EQ(0x7ffffffffffff800, iovp_ats_encode(0x12345678, 64));
}

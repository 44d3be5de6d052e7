/* SPDX-License-Identifier: MIT */
/* Regimes, PASIDs and capabilities, as iovp_iommu_ops tells them. */
#include <string.h>

#include "shim.h"
#include "smmu_cases.h"

#define SID 3u

static struct iovp_regime regime(struct scene *sc, struct acc how)
{
    struct iovp_attrs a = acc_attrs(&how);
    struct iovp_regime r;

    memset(&r, 0xee, sizeof(r));
    smmuv3_iommu_ops.regime(sc->b.s, &a, &r);
    return r;
}

static unsigned state(struct scene *sc, int32_t ssid)
{
    return regime(sc, acc_ss(SID, ssid, 0, "r")).state;
}

static unsigned fault(struct scene *sc, struct acc how)
{
    struct iovp_regime r = regime(sc, how);

    CHECK_EQ(r.state, IOVP_STATE_INVALID);
    /* What an access says of it. */
    scene_do(sc, how);
    CHECK_EQ(r.fault, sc->r.event);
    return r.fault;
}

/* ---- states -----------------------------------------------------------------
 */

/* 6.3.9.6, 6.3.14 */
TEST_CASE(Regime, Disabled)
{
    struct scene sc;
    struct acc how = acc(SID, 0, "r");

    scene_open(&sc);
    bench_w32(&sc.b, SMMU_CR0, 0);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_OFF);
    CHECK_EQ(state(&sc, 5), IOVP_STATE_OFF);
    CHECK_EQ(regime(&sc, how).output_bits, 48);
    CHECK_EQ(regime(&sc, how).stages, 0);
    how.addr_type = IOVP_AT_TRANSLATED;
    CHECK_EQ(regime(&sc, how).state, IOVP_STATE_BLOCKED);
    bench_w32(&sc.b, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_BLOCKED);
    scene_close(&sc);
}

TEST_CASE(Regime, BypassAndAbort)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, SID);
    stream_write(&sc, &st);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_IDENTITY);
    CHECK_EQ(fault(&sc, acc_ss(SID, 2, 0, "r")), E_BAD_SUBSTREAMID);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_ABORT);
    stream_write(&sc, &st);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_BLOCKED);
    scene_close(&sc);
}

TEST_CASE(Regime, InvalidWithItsEvent)
{
    struct scene sc;
    struct stream st;
    struct acc how = acc(SID, 0, "r");

    scene_open(&sc);
    scene_cr2(&sc, SMMU_CR2_RECINVSID);
    CHECK_EQ(fault(&sc, acc(1u << BENCH_SIDS, 0, "r")), E_BAD_STREAMID);
    CHECK_EQ(fault(&sc, how), E_BAD_STE);
    stream_s1(&sc, &st, SID, 12, 48);
    tb_put(st.cd, T_CD_V, 0);
    stream_write(&sc, &st);
    CHECK_EQ(fault(&sc, how), E_BAD_CD);
    how.addr_type = IOVP_AT_TRANSLATED;
    CHECK_EQ(fault(&sc, how), E_UUT);
    how.addr_type = IOVP_AT_UNTRANSLATED;
    tb_put(st.ste, T_STE_S1CPTR, NOWHERE >> 6);
    stream_write(&sc, &st);
    CHECK_EQ(fault(&sc, how), E_CD_FETCH);
    bench_fault(&sc.b, BENCH_STRTAB + 64 * SID, true, false);
    CHECK_EQ(fault(&sc, how), E_STE_FETCH);
    scene_close(&sc);
}

/* 5.2 S1DSS: which regime transactions without a SubstreamID have. */
TEST_CASE(Regime, S1dss)
{
    static const struct {
        unsigned dss;
        int32_t ssid;
        unsigned state, event;
    } row[] = {
        {0, -1, IOVP_STATE_INVALID, E_STREAM_DISABLED},
        {0, 0, IOVP_STATE_TRANSLATED, 0},
        {1, -1, IOVP_STATE_IDENTITY, 0},
        {1, 0, IOVP_STATE_TRANSLATED, 0},
        {2, -1, IOVP_STATE_TRANSLATED, 0},
        {2, 0, IOVP_STATE_INVALID, E_STREAM_DISABLED},
        {2, 1, IOVP_STATE_INVALID, E_BAD_CD},
        {2, 4, IOVP_STATE_INVALID, E_BAD_SUBSTREAMID},
    };
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    st.cd_at = scene_alloc(&sc, 4 * 64, 8);
    tb_put(st.ste, T_STE_S1CPTR, st.cd_at >> 6);
    tb_put(st.ste, T_STE_S1CDMAX, 2);
    for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct iovp_regime r;

        tb_put(st.ste, T_STE_S1DSS, row[i].dss);
        stream_write(&sc, &st);
        r = regime(&sc, acc_ss(SID, row[i].ssid, 0, "r"));
        CHECK_EQ(r.state, row[i].state);
        CHECK_EQ(r.fault, row[i].event);
    }
    scene_close(&sc);
}

/* ---- tables
 * ------------------------------------------------------------------ */

TEST_CASE(Regime, BothRangesOfStage1)
{
    struct scene sc;
    struct stream st;
    struct tree upper;
    struct iovp_regime r;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    tree_init(&sc, &upper, 16, 36, tree_s1_start(16, 36));
    cd_ttb1(st.cd, &upper);
    tb_put(st.cd, T_CD_ASID, 0x1234);
    tb_put(st.cd, T_CD_IPS, 2); /* 40 bits */
    stream_write(&sc, &st);
    r = regime(&sc, acc(SID, 0, "r"));
    CHECK_EQ(r.state, IOVP_STATE_TRANSLATED);
    CHECK_EQ(r.stages, IOVP_STAGE_1);
    CHECK_EQ(r.asid, 0x1234);
    CHECK_EQ(r.vmid, SID);
    CHECK_EQ(r.output_bits, 40);
    CHECK_EQ(r.space, IOVP_SPACE_NONSECURE);
    CHECK_EQ(r.faults, 0);
    CHECK(r.table[IOVP_TABLE_LOWER].on && r.table[IOVP_TABLE_UPPER].on);
    CHECK(!r.table[IOVP_TABLE_STAGE2].on);
    CHECK_EQ(r.table[0].base, st.s1.root);
    CHECK_EQ(r.table[0].first, 0);
    CHECK_EQ(r.table[0].last, 0xffffffffffff);
    CHECK_EQ(r.table[0].granule_log2, 12);
    CHECK_EQ(r.table[0].levels, 4);
    CHECK_EQ(r.table[0].output_bits, 40);
    CHECK_EQ(r.table[1].base, upper.root);
    CHECK_EQ(r.table[1].first, 0xfffffff000000000);
    CHECK_EQ(r.table[1].last, UINT64_MAX);
    CHECK_EQ(r.table[1].granule_log2, 16);
    CHECK_EQ(r.table[1].levels, 2);
    tb_put(st.cd, T_CD_EPD0, 1);
    stream_write(&sc, &st);
    r = regime(&sc, acc(SID, 0, "r"));
    CHECK(!r.table[0].on && r.table[1].on);
    scene_close(&sc);
}

TEST_CASE(Regime, Nested)
{
    struct scene sc;
    struct stream st;
    struct iovp_regime r;

    scene_open(&sc);
    stream_nested(&sc, &st, SID, 12, 16);
    tb_put(st.ste, T_STE_S2PS, 4); /* 44 bits */
    tb_put(st.ste, T_STE_S2VMID, 0x77);
    stream_write(&sc, &st);
    r = regime(&sc, acc(SID, 0, "r"));
    CHECK_EQ(r.stages, IOVP_STAGE_1 | IOVP_STAGE_2);
    CHECK_EQ(r.vmid, 0x77);
    CHECK_EQ(r.output_bits, 44);
    CHECK_EQ(r.table[0].base, st.s1.root + NEST_BIAS); /* an IPA */
    CHECK_EQ(r.table[0].output_bits, 48);
    CHECK(r.table[IOVP_TABLE_STAGE2].on);
    CHECK_EQ(r.table[IOVP_TABLE_STAGE2].base, st.s2.root);
    CHECK_EQ(r.table[IOVP_TABLE_STAGE2].last, 0xffffffffffff);
    CHECK_EQ(r.table[IOVP_TABLE_STAGE2].granule_log2, 16);
    CHECK_EQ(r.table[IOVP_TABLE_STAGE2].levels, 3);
    /* S1DSS: stage 2 remains. */
    tb_put(st.ste, T_STE_S1CDMAX, 1);
    tb_put(st.ste, T_STE_S1DSS, 1);
    stream_write(&sc, &st);
    r = regime(&sc, acc(SID, 0, "r"));
    CHECK_EQ(r.state, IOVP_STATE_TRANSLATED);
    CHECK_EQ(r.stages, IOVP_STAGE_2);
    CHECK(!r.table[0].on && r.table[IOVP_TABLE_STAGE2].on);
    scene_close(&sc);
}

/* The STE and CD of now, not those that the SMMU knows. */
TEST_CASE(Regime, MemoryNotCaches)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, SID);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x5000, "r"), 0x5000);
    bench_put64(&sc.b, BENCH_STRTAB + 64 * SID, 1);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_BLOCKED);
    EXPECT_OK(&sc, acc(SID, 0x5000, "r"), 0x5000);
    /* Nor the stage 2 by which it has found the CD. */
    stream_nested(&sc, &st, SID, 12, 12);
    tree_set(&sc, &st.s1, 0x5000, 3, (st.cd_at + NEST_BIAS) | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    scene_do(&sc, acc(SID, 0x5000, "r"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_OK);
    CHECK_EQ(state(&sc, -1), IOVP_STATE_TRANSLATED);
    tree_set(&sc, &st.s2, st.cd_at + NEST_BIAS, 1, 0);
    CHECK_EQ(regime(&sc, acc(SID, 0, "r")).fault, E_TRANSLATION);
    scene_close(&sc);
}

/* 6.3.1 IDR0.STALL_MODEL, 6.3.6 IDR5.STALL_MAX */
static void stall_model(struct smmuv3_config *c, uint32_t model, uint32_t max)
{
    c->idr0 = (c->idr0 & ~(3u << 24)) | model << 24;
    c->idr5 = (c->idr5 & 0xffff) | max << 16;
}

/* CD.S and STE.S2S, of the stages that are on. */
TEST_CASE(Regime, StallIsOn)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    stall_model(&c, 0, 16);
    scene_open_with(&sc, &c);
    stream_nested(&sc, &st, SID, 12, 12);
    stream_write(&sc, &st);
    CHECK_EQ(regime(&sc, acc(SID, 0, "r")).faults, 0);
    tb_put(st.cd, T_CD_S, 1);
    stream_write(&sc, &st);
    CHECK_EQ(regime(&sc, acc(SID, 0, "r")).faults, 1);
    tb_put(st.cd, T_CD_S, 0);
    tb_put(st.ste, T_STE_S2S, 1);
    stream_write(&sc, &st);
    CHECK_EQ(regime(&sc, acc(SID, 0, "r")).faults, 1);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_S1);
    tb_put(st.ste, T_STE_S1CPTR, st.cd_at >> 6);
    stream_write(&sc, &st);
    CHECK_EQ(regime(&sc, acc(SID, 0, "r")).faults, 0);
    scene_close(&sc);
}

/* ---- PASIDs
 * ------------------------------------------------------------------ */

/* Every PASID from `from` on, with a budget a call; returns how many calls. */
static unsigned pasids(struct scene *sc, uint32_t from, uint32_t budget,
                       uint32_t *found, unsigned *count)
{
    uint32_t pasid = from, left = budget;
    unsigned calls = 0;

    *count = 0;
    while (++calls < 100000) {
        if (smmuv3_iommu_ops.next_pasid(sc->b.s, SID, &pasid, &left))
            found[(*count)++] = pasid++;
        else if (left)
            break;
        left = left ? left : budget;
    }
    return calls;
}

static void put_cd(struct scene *sc, uint64_t at, const struct stream *st)
{
    bench_put_words(&sc->b, at, st->cd, 8);
}

TEST_CASE(Regime, PasidsOfALinearTable)
{
    static const uint32_t want[] = {0, 1, 5, 31};
    struct scene sc;
    struct stream st;
    uint32_t found[32];
    unsigned i, n, budget;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    st.cd_at = scene_alloc(&sc, 32 * 64, 11);
    tb_put(st.ste, T_STE_S1CPTR, st.cd_at >> 6);
    tb_put(st.ste, T_STE_S1CDMAX, 5);
    stream_write(&sc, &st);
    for (i = 0; i < 4; i++)
        put_cd(&sc, st.cd_at + 64 * want[i], &st);
    for (budget = 1; budget < 40; budget++) {
        pasids(&sc, 0, budget, found, &n);
        CHECK_EQ(n, 4);
        CHECK_MEM(found, want, sizeof(want));
    }
    pasids(&sc, 6, 100, found, &n);
    CHECK_EQ(n, 1);
    pasids(&sc, 32, 100, found, &n);
    CHECK_EQ(n, 0);
    /* 5.2: with S1DSS 0b10 CD 0 is nobody's PASID 0. */
    tb_put(st.ste, T_STE_S1DSS, 2);
    stream_write(&sc, &st);
    pasids(&sc, 0, 100, found, &n);
    CHECK_EQ(n, 3);
    CHECK_EQ(found[0], 1);
    scene_close(&sc);
}

/* 5.2 S1Fmt: 2^20 SubstreamIDs in leaf tables of 64. */
TEST_CASE(Regime, PasidsOfTwoLevels)
{
    struct scene sc;
    struct stream st;
    uint64_t l1, leaf;
    uint32_t found[32], pasid = 0, budget;
    unsigned n;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    l1 = scene_alloc(&sc, 1u << 17, 17);
    leaf = scene_alloc(&sc, 4096, 12);
    tb_put(st.ste, T_STE_S1CPTR, l1 >> 6);
    tb_put(st.ste, T_STE_S1CDMAX, 20);
    tb_put(st.ste, T_STE_S1FMT, 1);
    stream_write(&sc, &st);
    put_cd(&sc, leaf + 64 * 7, &st);
    bench_put64(&sc.b, l1 + 8 * 3, l1cd(leaf, 1));
    bench_put64(&sc.b, l1 + 8 * 16383, l1cd(leaf, 1));
    bench_put64(&sc.b, l1 + 8 * 100, l1cd(NOWHERE, 1));
    pasids(&sc, 0, 1u << 20, found, &n);
    CHECK_EQ(n, 2);
    CHECK_EQ(found[0], 3 * 64 + 7);
    CHECK_EQ(found[1], 16383 * 64 + 7);
    pasids(&sc, 0, 5, found, &n);
    CHECK_EQ(n, 2);
    /* Three missing leaves, then the CD that is the eighth of its leaf. */
    budget = 3 + 8;
    CHECK(smmuv3_iommu_ops.next_pasid(sc.b.s, SID, &pasid, &budget));
    CHECK_EQ(pasid, 3 * 64 + 7);
    CHECK_EQ(budget, 0);
    pasid = 0;
    budget = 4;
    CHECK(!smmuv3_iommu_ops.next_pasid(sc.b.s, SID, &pasid, &budget));
    CHECK_EQ(pasid, 3 * 64 + 1);
    CHECK_EQ(budget, 0);
    scene_close(&sc);
}

TEST_CASE(Regime, NoPasids)
{
    struct scene sc;
    struct stream st;
    uint32_t found[4];
    unsigned n;

    scene_open(&sc);
    pasids(&sc, 0, 10, found, &n); /* STE.V == 0 */
    CHECK_EQ(n, 0);
    stream_s1(&sc, &st, SID, 12, 48);
    stream_write(&sc, &st); /* S1CDMax == 0 */
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 0);
    tb_put(st.ste, T_STE_S1CDMAX, 1);
    stream_write(&sc, &st);
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 1);
    bench_w32(&sc.b, SMMU_CR0, 0);
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 0);
    bench_w32(&sc.b, SMMU_CR0, 1);
    tb_put(st.ste, T_STE_CONFIG, CONFIG_BYPASS);
    stream_write(&sc, &st);
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 0);
    scene_close(&sc);
}

/* CDs behind stage 2, as it is in memory. */
TEST_CASE(Regime, PasidsOfANestedStream)
{
    struct scene sc;
    struct stream st;
    uint32_t found[8];
    unsigned n;

    scene_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    st.cd_at = scene_alloc(&sc, 4 * 64, 12);
    tb_put(st.ste, T_STE_S1CPTR, (st.cd_at + NEST_BIAS) >> 6);
    tb_put(st.ste, T_STE_S1CDMAX, 2);
    stream_write(&sc, &st);
    put_cd(&sc, st.cd_at + 64 * 3, &st);
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 2);
    CHECK_EQ(found[1], 3);
    scene_do(&sc, acc_ss(SID, 3, 0, "r")); /* stage 2 is known now */
    tree_set(&sc, &st.s2, st.cd_at + NEST_BIAS, 2, 0);
    pasids(&sc, 0, 10, found, &n);
    CHECK_EQ(n, 0);
    scene_close(&sc);
}

/* ---- capabilities
 * --------------------------------------------------------------- */

static struct iovp_iommu_caps caps_of(const struct smmuv3_config *c)
{
    struct iovp_iommu_caps out;
    struct scene sc;

    scene_open_with(&sc, c);
    memset(&out, 0xee, sizeof(out));
    smmuv3_iommu_ops.caps(sc.b.s, &out);
    scene_close(&sc);
    return out;
}

static struct iovp_iommu_caps caps(unsigned profile)
{
    struct smmuv3_config c;

    case_config(&c, profile);
    return caps_of(&c);
}

TEST_CASE(Regime, Capabilities)
{
    struct iovp_iommu_caps c = caps(0);

    CHECK_EQ(c.distinguishes, IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID |
                                  IOVP_ATTR_PRIVILEGED | IOVP_ATTR_INSTRUCTION);
    CHECK_EQ(c.pasid_bits, 20);
    CHECK_EQ(c.stages, IOVP_STAGE_1 | IOVP_STAGE_2);
    CHECK_EQ(c.page_sizes, 1ull << 12 | 1ull << 14 | 1ull << 16 | 1ull << 21 |
                               1ull << 25 | 1ull << 29 | 1ull << 30);
    CHECK_EQ(c.input_bits, 48);
    CHECK_EQ(c.output_bits, 48);
    CHECK_EQ(c.asid_bits, 16);
    CHECK_EQ(c.vmid_bits, 16);
    CHECK(!c.ats && !c.pri);
    CHECK(c.msi_first > c.msi_last);
}

TEST_CASE(Regime, CapabilitiesOfTheStallModel)
{
    struct smmuv3_config c;
    struct iovp_iommu_caps out;

    bench_config(&c);
    stall_model(&c, 0, 16);
    out = caps_of(&c);
    CHECK(out.stall && !out.stall_forced);
    stall_model(&c, 1, 0);
    out = caps_of(&c);
    CHECK(!out.stall && !out.stall_forced);
    stall_model(&c, 2, 16);
    out = caps_of(&c);
    CHECK(out.stall && out.stall_forced);
}

TEST_CASE(Regime, CapabilitiesOfAts)
{
    struct smmuv3_config c;
    struct iovp_iommu_caps out;

    bench_config(&c);
    c.idr0 |= SMMU_IDR0_ATS;
    out = caps_of(&c);
    CHECK(out.ats && !out.pri);
    c.idr0 |= SMMU_IDR0_PRI;
    out = caps_of(&c);
    CHECK(out.ats && out.pri);
}

TEST_CASE(Regime, CapabilitiesFollowTheIdRegisters)
{
    struct iovp_iommu_caps c = caps(1); /* 52 bits */

    CHECK_EQ(c.input_bits, 52);
    CHECK_EQ(c.output_bits, 52);
    CHECK(c.page_sizes >> 42 & 1);
    c = caps(5);
    CHECK_EQ(c.asid_bits, 8);
    CHECK_EQ(c.vmid_bits, 8);
    c = caps(6); /* stage 1, no substreams, 4 KB */
    CHECK_EQ(c.stages, IOVP_STAGE_1);
    CHECK_EQ(c.pasid_bits, 0);
    CHECK(!(c.distinguishes & IOVP_ATTR_PASID));
    CHECK_EQ(c.page_sizes, 1ull << 12 | 1ull << 21 | 1ull << 30);
    CHECK_EQ(c.vmid_bits, 0);
    c = caps(7); /* stage 2; SMMUv3.1: XNX */
    CHECK_EQ(c.stages, IOVP_STAGE_2);
    CHECK_EQ(c.asid_bits, 0);
    CHECK_EQ(c.pasid_bits, 0);
    CHECK_EQ(c.distinguishes, IOVP_ATTR_STREAM_ID | IOVP_ATTR_PRIVILEGED |
                                  IOVP_ATTR_INSTRUCTION);
}

/* SPDX-License-Identifier: MIT */
/* Profiles, and which combinations of ID values are refused (2.9, 6.3). */
#include <string.h>

#include "shim.h"
#include "smmu_fixture.h"

TEST_CASE(Profile, EachIsLegalAndNamed)
{
    for (int p = 0; p < SMMUV3_PROFILES; p++) {
        struct smmuv3_config c;
        struct bench b;

        smmuv3_config_default(&c, (enum smmuv3_profile)p);
        CHECK_STR(smmuv3_config_check(&c), NULL);
        CHECK(smmuv3_profile_name((enum smmuv3_profile)p) != NULL);
        bench_create_with(&b, &c);
        CHECK(b.s != NULL);
        bench_destroy(&b);
    }
    CHECK_STR(smmuv3_profile_name(SMMUV3_PROFILES), NULL);
}

/* A change that is refused, and the field that the sentence must name. */
enum word { IDR0, IDR1, IDR3, IDR5, AIDR };

static const struct {
    enum word word;
    uint32_t clear, set;
    const char *names;
} refused[] = {
    {IDR0, SMMU_IDR0_S1P | SMMU_IDR0_S2P, 0, "S1P"},
    {IDR0, 3u << 2, 1u << 2, "TTF"}, /* AArch32 only */
    {IDR0, 3u << 2, 3u << 2, "TTF"}, /* both */
    {IDR0, 0, SMMU_IDR0_BTM, "BTM"},
    {IDR0, 0, 1u << 6, "HTTU"},
    {IDR0, 0, SMMU_IDR0_NS1ATS, "NS1ATS"},
    {IDR0, 0, SMMU_IDR0_PRI, "PRI"},
    {IDR0, 3u << 24, SMMU_IDR0_ATS | 2u << 24, "STALL_MODEL"},
    {IDR0, 0, SMMU_IDR0_ATOS, "ATOS"},
    {IDR0, 0, SMMU_IDR0_VATOS, "VATOS"},
    {IDR0, 0, SMMU_IDR0_VMW, "VMW"},
    {IDR0, 0, SMMU_IDR0_RME_IMPL, "RME"},
    {IDR0, 3u << 21, 1u << 21, "TTENDIAN"},
    {IDR0, 3u << 24, 3u << 24, "STALL_MODEL"},
    /* 6.3.6: STALL_MAX is RES0 without the Stall model. */
    {IDR0, 3u << 24, 1u << 24, "STALL_MAX"},
    {IDR0, 3u << 27, 2u << 27, "ST_LEVEL"},
    {IDR0, 3u << 27, 0, "SIDSIZE"}, /* 6.3.2: >= 7 needs two levels */
    {IDR1, 0x3f, 33, "SIDSIZE"},
    {IDR1, 0x1f << 6, 21u << 6, "SSIDSIZE"},
    {IDR1, 0x1f << 21, 20u << 21, "CMDQS"},
    {IDR1, 0x1f << 16, 20u << 16, "EVENTQS"},
    {IDR1, 0, SMMU_IDR1_QUEUES_PRESET, "preset"},
    {IDR1, 0, SMMU_IDR1_TABLES_PRESET, "preset"},
    {IDR1, 0, SMMU_IDR1_ECMDQ, "ECMDQ"},
    /* 6.3.1: RES0 without the other stage, without ATS. */
    {IDR0, SMMU_IDR0_S1P, 0, "Hyp"},
    {IDR0, SMMU_IDR0_S2P, 0, "Hyp"},
    {IDR0, SMMU_IDR0_S1P | SMMU_IDR0_HYP, 0, "HAD"},
    {IDR0, 0, SMMU_IDR0_ATSRECERR, "ATSRECERR"},
    {IDR0, 0, 1u << 29, "reserved"},
    {IDR0, 0, 1u << 31, "reserved"},
    {IDR3, SMMU_IDR3_XNX, 0, "XNX"},
    {IDR3, SMMU_IDR3_HAD, 0, "HAD"}, /* 6.3.4: mandatory in v3.1 */
    {IDR3, 0, SMMU_IDR3_PBHA, "PBHA"},
    {IDR3, 0, SMMU_IDR3_PPS, "PPS"},
    {IDR3, 0, 3u << 11, "BBML"},
    {IDR3, 0, 1u << 6, "reserved"},
    {IDR5, 1u << 6 | 7, 6, "GRAN64K"}, /* 6.3.6: OAS of 52 bits */
    {IDR5, 1u << 6, 1u << 10, "GRAN64K"},
    {IDR5, 0, 1u << 15, "reserved"},
    {IDR3, 0, SMMU_IDR3_MPAM, "MPAM"},
    {IDR3, 0, SMMU_IDR3_FWB, "FWB"},
    {IDR3, 0, SMMU_IDR3_DPT, "IDR3"},
    {IDR5, 7, 7, "OAS"},
    {IDR5, 7u << 4, 0, "granule"},
    {IDR5, 0, SMMU_IDR5_DS, "DS"},
    {IDR5, 0, 3u << 10, "VAX"},
    {IDR5, 0xffffu << 16, 0, "STALL_MAX"},
    {IDR5, 0xffffu << 16, 257u << 16, "STALL_MAX"},
    {AIDR, 0xf, 2, "AIDR"}, /* 2.9: RIL, FWB and BBML are mandatory */
    {AIDR, 0xf, 4, "AIDR"},
};

static uint32_t *word_of(struct smmuv3_config *c, enum word w)
{
    uint32_t *words[] = {&c->idr0, &c->idr1, &c->idr3, &c->idr5, &c->aidr};

    return words[w];
}

TEST_CASE(Profile, IllegalIdsAreRefusedByName)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct smmuv3_config c;
        const char *why;
        struct bench b;
        uint32_t *w;

        bench_config(&c);
        w = word_of(&c, refused[i].word);
        *w = (*w & ~refused[i].clear) | refused[i].set;
        why = smmuv3_config_check(&c);
        if (!why)
            FAIL_TEST("accepted: %s", refused[i].names);
        if (!strstr(why, refused[i].names))
            FAIL_TEST("\"%s\" does not name %s", why, refused[i].names);
        bench_create_with(&b, &c);
        CHECK(b.s == NULL);
        bench_destroy(&b);
    }
}

/* 6.3.1, 6.3.2, 6.3.4: ATS, PRI and what is RES0 without them. */
TEST_CASE(Profile, AtsAndPri)
{
    const struct {
        uint32_t idr0, idr1, idr3, clear0;
        bool legal;
    } cases[] = {
        {SMMU_IDR0_ATS, 0, 0, 0, true},
        {SMMU_IDR0_ATS | SMMU_IDR0_NS1ATS | SMMU_IDR0_ATSRECERR, 0, 0, 0, true},
        {SMMU_IDR0_ATS | SMMU_IDR0_NS1ATS, 0, 0, SMMU_IDR0_S2P | SMMU_IDR0_HYP,
         false},
        {SMMU_IDR0_ATS | SMMU_IDR0_PRI, 19u << 11, 0, 0, true},
        {SMMU_IDR0_ATS | SMMU_IDR0_PRI, 20u << 11, 0, 0, false},
        {SMMU_IDR0_ATS | SMMU_IDR0_PRI, 0, SMMU_IDR3_PPS, 0, true},
        {SMMU_IDR0_ATS, 0, SMMU_IDR3_PPS, 0, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smmuv3_config c;

        bench_config(&c);
        c.idr0 = (c.idr0 | cases[i].idr0) & ~cases[i].clear0;
        c.idr1 |= cases[i].idr1;
        c.idr3 |= cases[i].idr3;
        CHECK_EQ(cases[i].legal, smmuv3_config_check(&c) == NULL);
    }
}

TEST_CASE(Profile, IllegalGeometryIsRefused)
{
    static const struct iovp_cache_config bad[] = {
        {3, 1, 0, 1},     {8, 3, 0, 1},        {4, 8, 0, 1},
        {128, 128, 0, 1}, {1u << 21, 4, 0, 1}, {8, 2, IOVP_POLICIES, 1}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smmuv3_config c;

        bench_config(&c);
        c.cache[IOVP_CACHE_TLB] = bad[i];
        CHECK(smmuv3_config_check(&c) != NULL);
    }
}

TEST_CASE(Profile, IllegalTimesAreRefused)
{
    struct smmuv3_config c;

    bench_config(&c);
    c.timing.clock_ps = 99;
    CHECK(smmuv3_config_check(&c) != NULL);
    bench_config(&c);
    c.timing.ack_cycles = 1000000001;
    CHECK(smmuv3_config_check(&c) != NULL);
    bench_config(&c);
    c.timing.walkers = 0;
    CHECK(smmuv3_config_check(&c) != NULL);
    bench_config(&c);
    c.timing.memory_ports = 65;
    CHECK(smmuv3_config_check(&c) != NULL);
    bench_config(&c);
    c.size = 4;
    CHECK(smmuv3_config_check(&c) != NULL);
}

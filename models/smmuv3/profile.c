/* SPDX-License-Identifier: MIT */
/* Named profiles of geometry and latency, and which ID values are legal. */
#include <stddef.h>

#include "smmuv3_internal.h"

#define PUT(f, v) ((uint32_t)(v) << (f))

/*
 * What this model implements: both stages of VMSAv8-64, substreams, two-level
 * tables, EL2; ATS and PRI if asked for; no HTTU, BTM, ATOS or Secure state
 * yet.
 */
#define DEFAULT_IDR0                                                       \
    (SMMU_IDR0_S1P | SMMU_IDR0_S2P | PUT(2, SMMU_IDR0_TTF_AARCH64) |       \
     SMMU_IDR0_COHACC | SMMU_IDR0_HYP | SMMU_IDR0_ASID16 | SMMU_IDR0_MSI | \
     SMMU_IDR0_SEV | SMMU_IDR0_VMID16 | SMMU_IDR0_CD2L |                   \
     PUT(21, SMMU_IDR0_TTENDIAN_LE) | PUT(24, SMMU_IDR0_STALL_BOTH) |      \
     PUT(27, SMMU_IDR0_ST_LEVEL_2))

/* SIDSIZE 24, SSIDSIZE 20, 2^19 entries in Event and Command queue. */
#define DEFAULT_IDR1                                       \
    (PUT(0, 24) | PUT(6, 20) | PUT(16, 19) | PUT(21, 19) | \
     SMMU_IDR1_ATTR_PERMS_OVR | SMMU_IDR1_ATTR_TYPES_OVR)

#define DEFAULT_IDR3 (SMMU_IDR3_HAD | SMMU_IDR3_XNX | SMMU_IDR3_RIL)

/* 48-bit addresses, all granules, STALL_MAX. */
#define DEFAULT_IDR5                                                 \
    (5u | SMMU_IDR5_GRAN4K | SMMU_IDR5_GRAN16K | SMMU_IDR5_GRAN64K | \
     PUT(16, SMMUV3_STALLS))

#define DEFAULT_AIDR 1u /* SMMUv3.1 */

struct profile {
    const char *name;
    struct iovp_cache_config cache[IOVP_CACHES];
    struct smmuv3_timing timing;
    bool terminates; /* STALL_MODEL is 0b01 */
};

/*
 * Where the figures come from is told in docs/timing.md.  Order of the caches:
 * configuration, TLB, walk cache, stage 2.
 */
static const struct profile profiles[SMMUV3_PROFILES] = {
    [SMMUV3_PROFILE_MMU600] = {"mmu-600",
                               {{256, 4, IOVP_POLICY_RR, 1},
                                {512, 4, IOVP_POLICY_RANDOM, 1},
                                {1024, 4, IOVP_POLICY_RR, 1},
                                {256, 4, IOVP_POLICY_RR, 1}},
                               {1000, 2, 1, 4, 4, 8, 16, 60000, 16, 8, 16},
                               false},
    [SMMUV3_PROFILE_MMU700] = {"mmu-700",
                               {{1024, 4, IOVP_POLICY_PLRU, 1},
                                {2048, 8, IOVP_POLICY_PLRU, 1},
                                {4096, 8, IOVP_POLICY_PLRU, 1},
                                {1024, 8, IOVP_POLICY_PLRU, 1}},
                               {1000, 2, 1, 3, 3, 8, 64, 60000, 64, 8, 16},
                               false},
    [SMMUV3_PROFILE_GEM5] = {"gem5",
                             {{64, 4, IOVP_POLICY_RR, 1},
                              {2048, 4, IOVP_POLICY_RR, 1},
                              {512, 4, IOVP_POLICY_RR, 1},
                              {128, 4, IOVP_POLICY_RR, 1}},
                             {1000, 3, 1, 3, 4, 8, 16, 50000, 16, 0, 0},
                             true},
};

const char *smmuv3_profile_name(enum smmuv3_profile p)
{
    return (unsigned)p < SMMUV3_PROFILES ? profiles[p].name : NULL;
}

void smmuv3_config_default(struct smmuv3_config *c, enum smmuv3_profile p)
{
    const struct profile *from =
        &profiles[(unsigned)p < SMMUV3_PROFILES ? p : SMMUV3_PROFILE_MMU600];
    unsigned i;

    *c = (struct smmuv3_config){.size = sizeof(*c),
                                .idr0 = DEFAULT_IDR0,
                                .idr1 = DEFAULT_IDR1,
                                .idr3 = DEFAULT_IDR3,
                                .idr5 = DEFAULT_IDR5,
                                .aidr = DEFAULT_AIDR,
                                .timing = from->timing};
    if (from->terminates) {
        c->idr0 |= PUT(24, SMMU_IDR0_STALL_NONE);
        c->idr5 &= ~PUT(16, 0xffffu);
    }
    for (i = 0; i < IOVP_CACHES; i++)
        c->cache[i] = from->cache[i];
}

/* A feature that has a bit or field but no implementation here. */
struct absent {
    uint8_t reg; /* index of the IDR */
    uint32_t mask;
    const char *why;
};

static const struct absent absent[] = {
    {0, SMMU_IDR0_BTM, "IDR0.BTM: broadcast TLB maintenance is not modelled"},
    {0, 3u << 6, "IDR0.HTTU: hardware update of flags is not modelled yet"},
    {0, SMMU_IDR0_ATOS | SMMU_IDR0_VATOS, "IDR0.ATOS/VATOS are not modelled"},
    {0, SMMU_IDR0_VMW, "IDR0.VMW: VMID wildcards are not modelled"},
    {0, SMMU_IDR0_RME_IMPL, "IDR0.RME_IMPL is not modelled"},
    {0, 1u << 29 | 1u << 31, "IDR0: a reserved bit"},
    {1, SMMU_IDR1_REL | SMMU_IDR1_QUEUES_PRESET | SMMU_IDR1_TABLES_PRESET,
     "IDR1: preset queues and tables are not modelled"},
    {1, SMMU_IDR1_ECMDQ, "IDR1.ECMDQ is not modelled"},
    {3, 1u << 0 | 1u << 1 | 1u << 6, "IDR3: a reserved bit"},
    {3, SMMU_IDR3_PBHA, "IDR3.PBHA is not modelled"},
    {3, SMMU_IDR3_FWB, "IDR3.FWB is not modelled yet"},
    {3, SMMU_IDR3_MPAM, "IDR3.MPAM is not modelled"},
    {3, ~0xfffu & ~(3u << 11), "IDR3: a feature of SMMUv3.3 or later"},
    {5, SMMU_IDR5_DS | SMMU_IDR5_D128, "IDR5.DS/D128 are not modelled"},
    {5, 1u << 3 | 1u << 9 | 0xfu << 12, "IDR5: a reserved bit"},
};

static const char *check_absent(const struct smmuv3_config *c)
{
    const uint32_t idr[6] = {c->idr0, c->idr1, 0, c->idr3, 0, c->idr5};
    unsigned i;

    for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        if (idr[absent[i].reg] & absent[i].mask)
            return absent[i].why;
    return NULL;
}

/* Rules that join features of several registers (6.3.1, 6.3.4, 6.3.6). */
static const char *check_stages(const struct smmuv3_config *c)
{
    bool s1 = c->idr0 & SMMU_IDR0_S1P, s2 = c->idr0 & SMMU_IDR0_S2P;
    bool had = c->idr3 & SMMU_IDR3_HAD;
    bool bits52 = (c->idr5 & 7) == 6 || iovp_bits(c->idr5, 11, 10);

    if ((c->idr0 & SMMU_IDR0_HYP) && !(s1 && s2))
        return "IDR0.Hyp needs both S1P and S2P";
    if (had && !s1)
        return "IDR3.HAD needs IDR0.S1P";
    if (!had && s1 && (c->aidr & 0xf) >= 1)
        return "IDR3.HAD is mandatory from SMMUv3.1 on with stage 1";
    if (iovp_bits(c->idr3, 12, 11) == 3)
        return "IDR3.BBML: reserved value";
    if (bits52 && !(c->idr5 & SMMU_IDR5_GRAN64K))
        return "IDR5: 52-bit addresses need GRAN64K";
    return NULL;
}

/* 6.3.1, 6.3.2, 6.3.4: fields that are RES0 without others. */
static const char *check_ats(const struct smmuv3_config *c)
{
    const uint32_t both = SMMU_IDR0_S1P | SMMU_IDR0_S2P;
    bool ats = c->idr0 & SMMU_IDR0_ATS;

    if ((c->idr0 & SMMU_IDR0_NS1ATS) && (!ats || (c->idr0 & both) != both))
        return "IDR0.NS1ATS needs IDR0.ATS, S1P and S2P";
    if ((c->idr0 & SMMU_IDR0_ATSRECERR) && !ats)
        return "IDR0.ATSRECERR needs IDR0.ATS";
    if ((c->idr0 & SMMU_IDR0_PRI) && !ats)
        return "IDR0.PRI needs IDR0.ATS";
    if ((c->idr3 & SMMU_IDR3_PPS) &&
        (!(c->idr0 & SMMU_IDR0_PRI) || !iovp_bits(c->idr1, 10, 6)))
        return "IDR3.PPS needs IDR0.PRI and IDR1.SSIDSIZE";
    if ((c->idr0 & SMMU_IDR0_PRI) && iovp_bits(c->idr1, 15, 11) > 19)
        return "IDR1.PRIQS: at most 19";
    if (ats && iovp_bits(c->idr0, 25, 24) == SMMU_IDR0_STALL_FORCED)
        return "IDR0.ATS: STALL_MODEL may not be 0b10 with PCI Express";
    return NULL;
}

static const char *check_stall(const struct smmuv3_config *c)
{
    uint64_t model = iovp_bits(c->idr0, 25, 24);
    uint64_t max = iovp_bits(c->idr5, 31, 16);

    if (model == 3)
        return "IDR0.STALL_MODEL: reserved value";
    if (model == SMMU_IDR0_STALL_NONE && max)
        return "IDR5.STALL_MAX must be 0 without the Stall model";
    if (model != SMMU_IDR0_STALL_NONE && (max < 1 || max > SMMUV3_STALLS))
        return "IDR5.STALL_MAX: 1..256 with the Stall model";
    return NULL;
}

static const char *check_ids(const struct smmuv3_config *c)
{
    unsigned minor = c->aidr & 0xf;

    if (!(c->idr0 & (SMMU_IDR0_S1P | SMMU_IDR0_S2P)))
        return "IDR0: at least one of S1P and S2P must be set";
    if (iovp_bits(c->idr0, 3, 2) != SMMU_IDR0_TTF_AARCH64)
        return "IDR0.TTF: only AArch64 (0b10) is modelled";
    if (iovp_bits(c->idr0, 22, 21) == 1)
        return "IDR0.TTENDIAN: 0b01 is reserved";
    if (iovp_bits(c->idr0, 28, 27) > 1)
        return "IDR0.ST_LEVEL: reserved value";
    if (iovp_bits(c->idr1, 5, 0) > 32)
        return "IDR1.SIDSIZE: at most 32";
    /* 6.3.2: a large StreamID space needs two-level tables. */
    if (iovp_bits(c->idr1, 5, 0) >= 7 && iovp_bits(c->idr0, 28, 27) == 0)
        return "IDR1.SIDSIZE >= 7 requires IDR0.ST_LEVEL != 0";
    if (iovp_bits(c->idr1, 10, 6) > IOVP_PASID_BITS)
        return "IDR1.SSIDSIZE: at most 20";
    if (iovp_bits(c->idr1, 25, 21) > 19 || iovp_bits(c->idr1, 20, 16) > 19)
        return "IDR1.CMDQS, EVENTQS: at most 19";
    if ((c->idr5 & 7) > 6)
        return "IDR5.OAS: reserved value";
    if (!(c->idr5 & (7u << 4)))
        return "IDR5: at least one granule must be supported";
    if (iovp_bits(c->idr5, 11, 10) > 1)
        return "IDR5.VAX: at most 0b01";
    if (c->aidr > 3)
        return "AIDR: at most SMMUv3.3";
    if (minor == 0 && ((c->idr5 & 7) == 6 || iovp_bits(c->idr5, 11, 10)))
        return "AIDR: 52-bit addresses need SMMUv3.1";
    if (minor >= 1 && (c->idr0 & SMMU_IDR0_S2P) && !(c->idr3 & SMMU_IDR3_XNX))
        return "IDR3.XNX is mandatory from SMMUv3.1 on with stage 2";
    if (minor >= 2)
        return "AIDR: SMMUv3.2 requires IDR3.FWB, which is not modelled yet";
    return NULL;
}

static const char *check_timing(const struct smmuv3_timing *t)
{
    if (t->clock_ps < 100 || t->clock_ps > 1000000)
        return "timing.clock_ps: 100..1000000";
    if (t->lookup_cycles > 1000 || t->config_cycles > 1000 ||
        t->walk_cycles > 1000 || t->link_cycles > 1000)
        return "timing: a latency of at most 1000 cycles";
    if (t->walkers < 1 || t->walkers > IOVP_CALENDAR_SLOTS ||
        t->memory_ports < 1 || t->memory_ports > IOVP_CALENDAR_SLOTS ||
        t->lookup_ports < 1 || t->lookup_ports > IOVP_CALENDAR_SLOTS)
        return "timing: 1..64 walkers, memory ports and lookup ports";
    if (t->memory_ps > 100000000 || t->command_cycles > 100000 ||
        t->ack_cycles > 1000000000)
        return "timing: memory_ps, command_cycles or ack_cycles too large";
    return NULL;
}

const char *smmuv3_config_check(const struct smmuv3_config *c)
{
    const char *why;
    unsigned i;

    if (c->size != sizeof(*c))
        return "size: not that of struct smmuv3_config";
    why = check_absent(c);
    if (!why)
        why = check_ids(c);
    if (!why)
        why = check_stages(c);
    if (!why)
        why = check_stall(c);
    if (!why)
        why = check_ats(c);
    if (!why)
        why = check_timing(&c->timing);
    for (i = 0; !why && i < IOVP_CACHES; i++)
        if (!iovp_cache_config_valid(&c->cache[i]))
            why = "cache: entries and ways must be powers of two, at most 64 "
                  "ways and 2^20 entries";
    return why;
}

/* SPDX-License-Identifier: MIT */
/* Stream table walk (3.3.2) and Stream Table Entry (5.1, 5.2). */
#include "smmuv3_internal.h"

static bool bad_streamid(struct smmuv3_job *j)
{
    j->fault.code = C_BAD_STREAMID;
    /* 7.3.3: recorded only if CR2.RECINVSID == 1. */
    j->fault.silent = !(smmuv3_reg(j->s, SMMU_CR2) & SMMU_CR2_RECINVSID);
    return false;
}

static bool fetch_failed(struct smmuv3_job *j, uint64_t addr)
{
    j->fault.code = F_STE_FETCH;
    j->fault.addr = addr;
    return false;
}

/* 6.3.25: SPLIT is 6, 8 or 10; reserved values behave as 6. */
static unsigned effective_split(uint32_t cfg)
{
    unsigned split = (unsigned)iovp_bits(cfg, 10, 6);

    return split == 8 || split == 10 ? split : 6;
}

static bool two_level(const struct smmuv3 *s, uint32_t cfg)
{
    return iovp_bits(s->cfg.idr0, 28, 27) == SMMU_IDR0_ST_LEVEL_2 &&
           iovp_bits(cfg, 17, 16) == SMMU_STRTAB_FMT_2LVL;
}

static bool ste_addr_2lvl(struct smmuv3_job *j, uint64_t base, uint32_t cfg,
                          unsigned log2size, uint32_t sid, uint64_t *addr)
{
    struct iovp_bus_attrs a = smmuv3_table_attrs(j->s);
    unsigned split = effective_split(cfg);
    unsigned l1_log2 = log2size > split ? log2size - split + 3 : 6;
    uint64_t l1std, span, l1_addr;

    base = iovp_align_down(base, l1_log2 > 6 ? l1_log2 : 6);
    l1_addr = base + (uint64_t)(sid >> split) * L1STD_BYTES;
    if (!smmuv3_fetch(j, IOVP_WALK_CONFIG, 1, &a, l1_addr, &l1std, L1STD_BYTES))
        return fetch_failed(j, l1_addr);
    span = iovp_get_field(&l1std, L1STD_SPAN);
    /* 7.3.3, conditions 2a to 2d; Spans above 11 are reserved (5.1). */
    if (span == 0 || span > 11 || span > split + 1)
        return bad_streamid(j);
    sid &= (uint32_t)iovp_mask(split);
    if (sid >= 1u << (span - 1))
        return bad_streamid(j);
    *addr = iovp_align_down(l1std & L1STD_L2PTR_MASK, (unsigned)span + 5) +
            (uint64_t)sid * STE_BYTES;
    return true;
}

/* 6.3.25: the table's size is capped to SIDSIZE. */
bool smmuv3_sid_covered(const struct smmuv3 *s, uint32_t sid)
{
    unsigned log2size =
        (unsigned)iovp_bits(smmuv3_reg(s, SMMU_STRTAB_BASE_CFG), 5, 0);
    unsigned sidsize = (unsigned)iovp_bits(s->cfg.idr1, 5, 0);

    return !((uint64_t)sid >> (log2size < sidsize ? log2size : sidsize));
}

bool smmuv3_ste_fetch(struct smmuv3_job *j, uint32_t sid,
                      uint64_t ste[STE_WORDS])
{
    struct smmuv3 *s = j->s;
    struct iovp_bus_attrs a = smmuv3_table_attrs(s);
    uint32_t cfg = smmuv3_reg(s, SMMU_STRTAB_BASE_CFG);
    uint64_t base =
        smmuv3_reg64(s, SMMU_STRTAB_BASE) & SMMU_STRTAB_BASE_ADDR_MASK;
    unsigned log2size = (unsigned)iovp_bits(cfg, 5, 0);
    uint64_t addr;

    if (!smmuv3_sid_covered(s, sid))
        return bad_streamid(j);
    /* 6.3.24: the base is aligned by LOG2SIZE as written, not as capped. */
    if (two_level(s, cfg)) {
        if (!ste_addr_2lvl(j, base, cfg, log2size, sid, &addr))
            return false;
    } else {
        addr = iovp_align_down(base, log2size + 6) + (uint64_t)sid * STE_BYTES;
    }
    if (!smmuv3_fetch(j, IOVP_WALK_CONFIG, 0, &a, addr, ste, STE_BYTES))
        return fetch_failed(j, addr);
    return true;
}

unsigned smmuv3_tg0(const struct smmuv3 *s, unsigned tg)
{
    static const struct {
        uint8_t log2;
        uint32_t idr5;
    } granule[4] = {{12, SMMU_IDR5_GRAN4K},
                    {16, SMMU_IDR5_GRAN64K},
                    {14, SMMU_IDR5_GRAN16K},
                    {0, 0}};

    return s->cfg.idr5 & granule[tg & 3].idr5 ? granule[tg & 3].log2 : 0;
}

unsigned smmuv3_tg1(const struct smmuv3 *s, unsigned tg)
{
    static const uint8_t as_tg0[4] = {3, 2, 0, 1};

    return smmuv3_tg0(s, as_tg0[tg & 3]);
}

unsigned smmuv3_ps_bits(const struct smmuv3 *s, unsigned ps)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned oas = smmuv3_oas_bits(s);

    return bits[ps & 7] < oas ? bits[ps & 7] : oas;
}

static unsigned ste(const uint64_t *e, struct iovp_field f)
{
    return (unsigned)iovp_get_field(e, f);
}

/* IgnoreSTESTRW() */
static bool strw_unused(const struct smmuv3 *s, unsigned config)
{
    return !(s->cfg.idr0 & SMMU_IDR0_S1P) || !(s->cfg.idr0 & SMMU_IDR0_HYP) ||
           (config & 6) == 6 || config == STE_CONFIG_BYPASS;
}

/* IgnoreSTES2VMID() */
static bool vmid_ignored(const struct smmuv3 *s, unsigned config, unsigned strw)
{
    return !(config & 4) || !(s->cfg.idr0 & SMMU_IDR0_S2P) ||
           config == STE_CONFIG_BYPASS ||
           (strw != STE_STRW_NSEL1 && !strw_unused(s, config));
}

static bool stage1_illegal(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned ssidsize = (unsigned)iovp_bits(s->cfg.idr1, 10, 6);
    unsigned cdmax = ste(e, STE_S1CDMAX);
    unsigned fmt = ste(e, STE_S1FMT);

    if (ste(e, STE_S1STALLD) &&
        iovp_bits(s->cfg.idr0, 25, 24) != SMMU_IDR0_STALL_BOTH)
        return true;
    if (ssidsize && cdmax > ssidsize)
        return true;
    if (ssidsize && cdmax && !(s->cfg.idr0 & SMMU_IDR0_CD2L) &&
        (fmt == STE_S1FMT_4K_L2 || fmt == STE_S1FMT_64K_L2))
        return true;
    /* An IPA or a PA: IAS equals OAS without AArch32 (3.4). */
    return ((e[0] & STE_S1CONTEXTPTR_MASK) >> smmuv3_oas_bits(s)) != 0;
}

static int s2_start_level(const struct smmuv3 *s, const uint64_t *e)
{
    return pt_arm_s2_start_level(smmuv3_tg0(s, ste(e, STE_S2TG)),
                                 ste(e, STE_S2SL0), 64 - ste(e, STE_S2T0SZ),
                                 smmuv3_oas_bits(s),
                                 (s->cfg.idr3 & SMMU_IDR3_STT) != 0);
}

/* STES2T0SZInvalid(), STEWalkConfigInconsistentAA64(), STES2TTBOutOfRange() */
static bool stage2_table_illegal(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned tg = smmuv3_tg0(s, ste(e, STE_S2TG));
    unsigned t0sz = ste(e, STE_S2T0SZ);
    unsigned oas = smmuv3_oas_bits(s);
    unsigned max = 39, min;
    unsigned range = smmuv3_ps_bits(s, ste(e, STE_S2PS));

    if (!tg)
        return true;
    if (s->cfg.idr3 & SMMU_IDR3_STT)
        max = tg == 16 ? 47 : 48;
    min = tg == 16 ? 12 : 16;
    if (64 - oas > min)
        min = 64 - oas;
    if (t0sz < min || t0sz > max)
        return true;
    if (tg != 16 && range > 48)
        range = 48;
    if ((e[3] & STE_S2TTB_MASK) >> range)
        return true;
    return s2_start_level(s, e) < 0;
}

static bool endian_illegal(const struct smmuv3 *s, bool big)
{
    unsigned ttendian = (unsigned)iovp_bits(s->cfg.idr0, 22, 21);

    return (ttendian == SMMU_IDR0_TTENDIAN_LE && big) ||
           (ttendian == SMMU_IDR0_TTENDIAN_BE && !big);
}

static bool stage2_illegal(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned stall = (unsigned)iovp_bits(s->cfg.idr0, 25, 24);
    unsigned httu = (unsigned)iovp_bits(s->cfg.idr0, 7, 6);
    bool ha = ste(e, STE_S2HA), hd = ste(e, STE_S2HD);

    if (!(s->cfg.idr0 & SMMU_IDR0_S2P))
        return true;
    if (ste(e, STE_S2S) ? stall == SMMU_IDR0_STALL_NONE
                        : stall == SMMU_IDR0_STALL_FORCED)
        return true;
    /* Only VMSAv8-64 is implemented: TTF == 0b10. */
    if (!ste(e, STE_S2AA64))
        return true;
    if ((ha || hd) && httu == 0)
        return true;
    if (hd && httu == 1)
        return true;
    return stage2_table_illegal(s, e) || endian_illegal(s, ste(e, STE_S2ENDI));
}

/* The conditions on EATS of SteIllegal(), for a Non-secure STE. */
static bool eats_illegal(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned eats = ste(e, STE_EATS);
    unsigned config = ste(e, STE_CONFIG);

    if (!(s->cfg.idr0 & SMMU_IDR0_ATS) || (config & 3) == 0)
        return false;
    if (eats == STE_EATS_SPLIT)
        return config != STE_CONFIG_NESTED || ste(e, STE_S2S) ||
               (s->cfg.idr0 & SMMU_IDR0_NS1ATS);
    return eats == STE_EATS_FULL && ste(e, STE_S2S) && (config & 6) == 6;
}

bool smmuv3_ste_illegal(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned config = ste(e, STE_CONFIG);
    unsigned strw = ste(e, STE_STRW);

    if (!ste(e, STE_V))
        return true;
    if (!(config & 4))
        return false;
    if ((config & 1) && !(s->cfg.idr0 & SMMU_IDR0_S1P))
        return true;
    if (eats_illegal(s, e))
        return true;
    if (!strw_unused(s, config) && (strw & 1))
        return true;
    if ((config & 1) && stage1_illegal(s, e))
        return true;
    if ((config & 2) && stage2_illegal(s, e))
        return true;
    return !vmid_ignored(s, config, strw) &&
           !(s->cfg.idr0 & SMMU_IDR0_VMID16) && ste(e, STE_S2VMID) > 0xff;
}

static void decode_stage2(const struct smmuv3 *s, const uint64_t *e,
                          struct smmuv3_stream *st)
{
    struct pt_arm_table *t = &st->s2table;

    t->stage = 2;
    t->granule_log2 = (uint8_t)smmuv3_tg0(s, ste(e, STE_S2TG));
    t->input_bits = (uint8_t)(64 - ste(e, STE_S2T0SZ));
    t->output_bits = (uint8_t)smmuv3_ps_bits(s, ste(e, STE_S2PS));
    t->start_level = (uint8_t)s2_start_level(s, e);
    t->big_endian = ste(e, STE_S2ENDI);
    t->lpa = t->granule_log2 == 16 && smmuv3_oas_bits(s) == 52;
    t->af_fault_disable = ste(e, STE_S2AFFD);
    t->base = e[3] & STE_S2TTB_MASK;
    st->s2attrs = smmuv3_walk_attrs(ste(e, STE_S2IR0), ste(e, STE_S2OR0),
                                    ste(e, STE_S2SH0));
    st->s2r = ste(e, STE_S2R);
    st->s2s = ste(e, STE_S2S);
    st->s2ptw = ste(e, STE_S2PTW);
}

/* 5.2: where EATS is IGNORED there is no ATS; 0b11 needs IDR3.DPT. */
static uint8_t decode_eats(const struct smmuv3 *s, const uint64_t *e)
{
    unsigned eats = ste(e, STE_EATS);

    if (!(s->cfg.idr0 & SMMU_IDR0_ATS) || (ste(e, STE_CONFIG) & 3) == 0 ||
        eats > STE_EATS_SPLIT)
        return STE_EATS_NONE;
    return (uint8_t)eats;
}

void smmuv3_ste_decode(const struct smmuv3 *s, const uint64_t *e,
                       struct smmuv3_stream *st)
{
    unsigned config = ste(e, STE_CONFIG);
    unsigned strw = ste(e, STE_STRW);

    *st = (struct smmuv3_stream){.config = (uint8_t)config};
    st->s1 = (config & 5) == 5;
    st->s2 = (config & 6) == 6;
    st->eats = decode_eats(s, e);
    if (!strw_unused(s, config) && strw == STE_STRW_EL2)
        st->world = smmuv3_reg(s, SMMU_CR2) & SMMU_CR2_E2H
                        ? SMMUV3_WORLD_EL2_E2H
                        : SMMUV3_WORLD_EL2;
    if (!vmid_ignored(s, config, strw))
        st->vmid = (uint16_t)ste(e, STE_S2VMID);
    /* 6.3.2: the override fields act only if the SMMU supports them. */
    st->shcfg = STE_SHCFG_USE_IN;
    if (s->cfg.idr1 & SMMU_IDR1_ATTR_TYPES_OVR) {
        st->mtcfg = (uint8_t)ste(e, STE_MTCFG);
        st->memattr = (uint8_t)ste(e, STE_MEMATTR);
        st->shcfg = (uint8_t)ste(e, STE_SHCFG);
    }
    if (s->cfg.idr1 & SMMU_IDR1_ATTR_PERMS_OVR) {
        st->privcfg = (uint8_t)ste(e, STE_PRIVCFG);
        st->instcfg = (uint8_t)ste(e, STE_INSTCFG);
    }
    st->overrides = st->mtcfg || st->shcfg != STE_SHCFG_USE_IN ||
                    (st->privcfg & 2) || (st->instcfg & 2);
    if (st->s2)
        decode_stage2(s, e, st);
}

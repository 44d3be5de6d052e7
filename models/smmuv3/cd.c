/* SPDX-License-Identifier: MIT */
/* Context Descriptor tables (3.3.3) and Context Descriptor (5.3, 5.4). */
#include "smmuv3_internal.h"

static unsigned cdf(const uint64_t *cd, struct iovp_field f)
{
    return (unsigned)iovp_get_field(cd, f);
}

/* EL1 and EL2-E2H have two TTBs, and ASIDs; EL2 has neither (3.3.4). */
static bool two_ranges(enum smmuv3_world world)
{
    return world != SMMUV3_WORLD_EL2;
}

/* EffectiveCDEPD0(), EffectiveCDEPD1() */
static bool epd(const uint64_t *cd, enum smmuv3_world world, unsigned n)
{
    if (!two_ranges(world))
        return n == 1;
    return cdf(cd, n ? CD_EPD1 : CD_EPD0);
}

struct ttb_fields {
    unsigned granule; /* 0: not supported */
    unsigned tsz;
    uint64_t ttb;
};

static struct ttb_fields ttb_fields(const struct smmuv3 *s, const uint64_t *cd,
                                    unsigned n)
{
    struct ttb_fields f;

    if (n == 0) {
        f.granule = smmuv3_tg0(s, cdf(cd, CD_TG0));
        f.tsz = cdf(cd, CD_T0SZ);
        f.ttb = cd[1] & CD_TTB0_MASK;
    } else {
        f.granule = smmuv3_tg1(s, cdf(cd, CD_TG1));
        f.tsz = cdf(cd, CD_T1SZ);
        f.ttb = cd[2] & CD_TTB1_MASK;
    }
    return f;
}

/* CDTxSZInvalid(), GranuleSupported(), CDTTBxOutOfRange() */
static bool ttb_illegal(const struct smmuv3 *s, const uint64_t *cd, unsigned n)
{
    struct ttb_fields f = ttb_fields(s, cd, n);
    unsigned range = smmuv3_ps_bits(s, cdf(cd, CD_IPS));
    unsigned max = 39;
    unsigned min = 16;

    if (!f.granule)
        return true;
    if (s->cfg.idr3 & SMMU_IDR3_STT)
        max = f.granule == 16 ? 47 : 48;
    if (f.granule == 16 && iovp_bits(s->cfg.idr5, 11, 10) >= 1)
        min = 12;
    if (f.tsz < min || f.tsz > max)
        return true;
    if (f.granule != 16 && range > 48)
        range = 48;
    return (f.ttb >> range) != 0;
}

static bool endi_illegal(const struct smmuv3 *s, const uint64_t *cd)
{
    unsigned ttendian = (unsigned)iovp_bits(s->cfg.idr0, 22, 21);
    bool big = cdf(cd, CD_ENDI);

    return (ttendian == SMMU_IDR0_TTENDIAN_LE && big) ||
           (ttendian == SMMU_IDR0_TTENDIAN_BE && !big);
}

static bool stall_illegal(const struct smmuv3 *s, const uint64_t *ste,
                          const uint64_t *cd)
{
    unsigned model = (unsigned)iovp_bits(s->cfg.idr0, 25, 24);
    bool stall = cdf(cd, CD_S);

    if (iovp_get_field(ste, STE_S1STALLD) && stall)
        return true;
    return stall ? model == SMMU_IDR0_STALL_NONE
                 : model == SMMU_IDR0_STALL_FORCED;
}

static bool httu_illegal(const struct smmuv3 *s, const uint64_t *cd)
{
    unsigned httu = (unsigned)iovp_bits(s->cfg.idr0, 7, 6);
    bool ha = cdf(cd, CD_HA), hd = cdf(cd, CD_HD);

    return ((ha || hd) && httu == 0) || (hd && httu == 1);
}

bool smmuv3_cd_illegal(const struct smmuv3 *s, const uint64_t *ste,
                       const uint64_t *cd, enum smmuv3_world world)
{
    bool off0 = epd(cd, world, 0);
    bool off1 = epd(cd, world, 1);

    if (!cdf(cd, CD_V))
        return true;
    if (stall_illegal(s, ste, cd))
        return true;
    if ((s->cfg.idr0 & SMMU_IDR0_TERM_MODEL) && !cdf(cd, CD_A))
        return true;
    if ((!off0 || !off1) && endi_illegal(s, cd))
        return true;
    /* Only VMSAv8-64 is implemented: TTF == 0b10. */
    if (!cdf(cd, CD_AA64))
        return true;
    if (httu_illegal(s, cd))
        return true;
    if (two_ranges(world) && !(s->cfg.idr0 & SMMU_IDR0_ASID16) &&
        cdf(cd, CD_ASID) > 0xff)
        return true;
    return (!off0 && ttb_illegal(s, cd, 0)) || (!off1 && ttb_illegal(s, cd, 1));
}

static void decode_ttb(const struct smmuv3 *s, const uint64_t *cd, unsigned n,
                       struct smmuv3_stream *st)
{
    struct smmuv3_ttb *b = &st->ttb[n];
    struct ttb_fields f = ttb_fields(s, cd, n);

    b->disabled = epd(cd, (enum smmuv3_world)st->world, n);
    b->tbi = cdf(cd, n ? CD_TBI1 : CD_TBI0);
    if (b->disabled)
        return;
    b->table.stage = 1;
    b->table.base = f.ttb;
    b->table.granule_log2 = (uint8_t)f.granule;
    b->table.input_bits = (uint8_t)(64 - f.tsz);
    b->table.output_bits = (uint8_t)smmuv3_ps_bits(s, cdf(cd, CD_IPS));
    b->table.start_level = pt_arm_s1_start_level(f.granule, 64 - f.tsz);
    b->table.big_endian = cdf(cd, CD_ENDI);
    b->table.lpa = f.granule == 16 && smmuv3_oas_bits(s) == 52;
    b->table.af_fault_disable = cdf(cd, CD_AFFD);
    b->table.hierarchical =
        !((s->cfg.idr3 & SMMU_IDR3_HAD) && cdf(cd, n ? CD_HAD1 : CD_HAD0));
    b->attrs = smmuv3_walk_attrs(cdf(cd, n ? CD_IR1 : CD_IR0),
                                 cdf(cd, n ? CD_OR1 : CD_OR0),
                                 cdf(cd, n ? CD_SH1 : CD_SH0));
}

static void decode_cd(const struct smmuv3 *s, const uint64_t *cd,
                      struct smmuv3_stream *st)
{
    bool two = two_ranges((enum smmuv3_world)st->world);

    st->asid = two ? (uint16_t)cdf(cd, CD_ASID) : 0;
    st->aset = two && cdf(cd, CD_ASET);
    st->cd_r = cdf(cd, CD_R);
    st->cd_a = cdf(cd, CD_A);
    st->cd_s = cdf(cd, CD_S);
    st->mair = smmuv3_mair(cd[CD_MAIR_WORD]);
    st->perm.two_privileges = two;
    st->perm.wxn = cdf(cd, CD_WXN);
    st->perm.pan = two && cdf(cd, CD_PAN);
    decode_ttb(s, cd, 0, st);
    decode_ttb(s, cd, 1, st);
}

/*
 * 5.2, S1CIR and S1COR: as those of table walks, but 0b11 is a write-back type
 * without Read-Allocate.
 */
static struct iovp_bus_attrs fetch_attrs(const uint64_t *ste)
{
    unsigned inner = (unsigned)iovp_get_field(ste, STE_S1CIR);
    unsigned outer = (unsigned)iovp_get_field(ste, STE_S1COR);
    struct iovp_bus_attrs a = smmuv3_walk_attrs(
        inner, outer, (unsigned)iovp_get_field(ste, STE_S1CSH));

    if (inner == 3)
        a.mem_type &= 0xfd;
    if (outer == 3)
        a.mem_type &= 0xdf;
    return a;
}

/*
 * Read a CD or L1CD.  With stage 2 its address is an IPA, and a stage 2 fault
 * has class CD; without, an abort is F_CD_FETCH.
 */
static bool read_entry(struct smmuv3_job *j, const uint64_t *ste, int level,
                       const struct smmuv3_stream *st, uint64_t addr,
                       uint64_t *words, unsigned bytes)
{
    struct iovp_bus_attrs a = fetch_attrs(ste);

    if (st->s2 && !smmuv3_stage2_read(j, st, IOVP_FAULT_CONFIG, &addr, &a))
        return false;
    if (smmuv3_fetch(j, IOVP_WALK_CONFIG, level, &a, addr, words, bytes))
        return true;
    j->fault.code = F_CD_FETCH;
    j->fault.addr = addr;
    return false;
}

/* The address of a CD: a linear table, or 4 KB or 64 KB leaf tables. */
static bool cd_addr(struct smmuv3_job *j, const uint64_t *ste, uint32_t ssid,
                    const struct smmuv3_stream *st, uint64_t *addr)
{
    unsigned cdmax = (unsigned)iovp_get_field(ste, STE_S1CDMAX);
    unsigned fmt = (unsigned)iovp_get_field(ste, STE_S1FMT);
    uint64_t base = ste[0] & STE_S1CONTEXTPTR_MASK;
    unsigned split, l1_log2;
    uint64_t l1cd;

    if (iovp_bits(j->s->cfg.idr1, 10, 6) == 0 || cdmax == 0) {
        *addr = base;
        return true;
    }
    if (fmt != STE_S1FMT_4K_L2 && fmt != STE_S1FMT_64K_L2) {
        *addr = iovp_align_down(base, cdmax + 6) + (uint64_t)ssid * CD_BYTES;
        return true;
    }
    split = fmt == STE_S1FMT_4K_L2 ? 6 : 10;
    l1_log2 = cdmax > split ? cdmax - split + 3 : 6;
    base = iovp_align_down(base, l1_log2 > 6 ? l1_log2 : 6);
    if (!read_entry(j, ste, 1, st,
                    base + (uint64_t)(ssid >> split) * L1CD_BYTES, &l1cd,
                    L1CD_BYTES))
        return false;
    *addr = iovp_align_down(l1cd & L1CD_L2PTR_MASK, split + 6) +
            (ssid & iovp_mask(split)) * CD_BYTES;
    /* 3.4.3 note 3: out of range without stage 2; with it, stage 2 says. */
    if (iovp_get_field(&l1cd, L1CD_V) &&
        (st->s2 || !(*addr >> smmuv3_oas_bits(j->s))))
        return true;
    j->fault.code = C_BAD_SUBSTREAMID;
    return false;
}

bool smmuv3_cd_fetch(struct smmuv3_job *j, const uint64_t *ste, uint32_t ssid,
                     const struct smmuv3_stream *st, uint64_t cd[CD_WORDS])
{
    uint64_t addr;

    return cd_addr(j, ste, ssid, st, &addr) &&
           read_entry(j, ste, 0, st, addr, cd, CD_BYTES);
}

bool smmuv3_cd_load(struct smmuv3_job *j, const uint64_t *ste, uint32_t ssid,
                    struct smmuv3_stream *st)
{
    uint64_t cd[CD_WORDS];

    if (!smmuv3_cd_fetch(j, ste, ssid, st, cd))
        return false;
    if (smmuv3_cd_illegal(j->s, ste, cd, (enum smmuv3_world)st->world)) {
        j->fault.code = C_BAD_CD;
        return false;
    }
    decode_cd(j->s, cd, st);
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * This SMMU as an IOMMU like any other (iommu.h): what it can, and the regime
 * that a transaction's StreamID and SubstreamID select.
 */
#include "inspect.h"
#include "regime.h"

/* ---- what it can -------------------------------------------------------- */

static uint64_t page_sizes(const struct smmuv3 *s)
{
    static const struct {
        uint32_t idr5;
        uint64_t sizes; /* pages, blocks of level 2 and of level 1 */
    } granule[] = {
        {SMMU_IDR5_GRAN4K, 1ull << 12 | 1ull << 21 | 1ull << 30},
        {SMMU_IDR5_GRAN16K, 1ull << 14 | 1ull << 25},
        {SMMU_IDR5_GRAN64K, 1ull << 16 | 1ull << 29},
    };
    uint64_t sizes = 0;
    unsigned i;

    for (i = 0; i < sizeof(granule) / sizeof(granule[0]); i++)
        if (s->cfg.idr5 & granule[i].idr5)
            sizes |= granule[i].sizes;
    /* Level 1 blocks of 64KB come with 52-bit output addresses. */
    if ((s->cfg.idr5 & SMMU_IDR5_GRAN64K) && smmuv3_oas_bits(s) == 52)
        sizes |= 1ull << 42;
    return sizes;
}

static uint32_t distinguishes(const struct smmuv3 *s,
                              const struct iovp_iommu_caps *c)
{
    uint32_t mask = IOVP_ATTR_STREAM_ID;

    if (c->pasid_bits)
        mask |= IOVP_ATTR_PASID;
    /* Execute permissions: PXN, UXN and XN; of stage 2 by privilege with XNX
     * only. */
    mask |= IOVP_ATTR_INSTRUCTION;
    if ((c->stages & IOVP_STAGE_1) || (s->cfg.idr3 & SMMU_IDR3_XNX))
        mask |= IOVP_ATTR_PRIVILEGED;
    return mask;
}

static void caps(const void *core, struct iovp_iommu_caps *out)
{
    const struct smmuv3 *s = core;
    uint32_t idr0 = s->cfg.idr0;
    bool s1 = idr0 & SMMU_IDR0_S1P, s2 = idr0 & SMMU_IDR0_S2P;
    unsigned stall = (unsigned)iovp_bits(idr0, 25, 24);

    *out = (struct iovp_iommu_caps){
        .stages = (s1 ? IOVP_STAGE_1 : 0) | (s2 ? IOVP_STAGE_2 : 0),
        .page_sizes = page_sizes(s),
        .output_bits = smmuv3_oas_bits(s),
        .stall = stall != SMMU_IDR0_STALL_NONE,
        .stall_forced = stall == SMMU_IDR0_STALL_FORCED,
        .ats = idr0 & SMMU_IDR0_ATS,
        .pri = idr0 & SMMU_IDR0_PRI,
        .msi_first = 1};
    out->input_bits = out->output_bits;
    if (s1) {
        out->pasid_bits = (uint32_t)iovp_bits(s->cfg.idr1, 10, 6);
        out->input_bits = iovp_bits(s->cfg.idr5, 11, 10) ? 52 : 48;
        out->asid_bits = idr0 & SMMU_IDR0_ASID16 ? 16 : 8;
    }
    if (s2)
        out->vmid_bits = idr0 & SMMU_IDR0_VMID16 ? 16 : 8;
    out->distinguishes = distinguishes(s, out);
}

/* ---- regimes ------------------------------------------------------------- */

/* iovp_regime.tag: the context of tlb.c; bit n: TBIn. */
enum { REGIME_CTX, REGIME_TBI };

static void table_info(const struct pt_arm_table *t, bool upper,
                       struct iovp_table_info *out)
{
    struct pt_arm_walk w;

    pt_arm_start(t, &w);
    *out = (struct iovp_table_info){
        .on = true,
        .granule_log2 = t->granule_log2,
        .output_bits = t->output_bits,
        .levels = (uint8_t)(PT_ARM_LAST_LEVEL + 1 - t->start_level),
        .base = w.table,
        .first = upper ? ~iovp_mask(t->input_bits) : 0,
        .last = upper ? UINT64_MAX : iovp_mask(t->input_bits)};
}

static void describe_stage1(const struct smmuv3_stream *st,
                            struct iovp_regime *out)
{
    unsigned n;

    out->stages |= IOVP_STAGE_1;
    out->asid = st->asid;
    for (n = 0; n < 2; n++) {
        const struct smmuv3_ttb *b = &st->ttb[n];

        if (b->disabled)
            continue;
        table_info(&b->table, n == 1, &out->table[n]);
        out->output_bits = b->table.output_bits;
        out->tag[REGIME_TBI] |= (uint64_t)b->tbi << n;
    }
}

static void describe(const struct smmuv3_stream *st, struct iovp_regime *out)
{
    out->state = IOVP_STATE_TRANSLATED;
    out->vmid = st->vmid;
    out->faults = (st->s1 && st->cd_s) || (st->s2 && st->s2s);
    out->tag[REGIME_CTX] = st->s1_walk_ctx;
    if (st->s1)
        describe_stage1(st, out);
    if (st->s2) {
        out->stages |= IOVP_STAGE_2;
        table_info(&st->s2table, false, &out->table[IOVP_TABLE_STAGE2]);
        out->output_bits = st->s2table.output_bits;
    }
}

static void invalid(uint8_t event, struct iovp_regime *out)
{
    out->state = IOVP_STATE_INVALID;
    out->fault = event;
}

void smmuv3_regime(struct smmuv3_job *j, struct smmuv3_stream *st,
                   struct iovp_regime *out)
{
    bool plain = j->attrs->addr_type == IOVP_AT_UNTRANSLATED;
    struct smmuv3_stream *found;

    *out = (struct iovp_regime){.space = IOVP_SPACE_NONSECURE,
                                .output_bits = (uint8_t)smmuv3_oas_bits(j->s)};
    if (!(smmuv3_reg(j->s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN)) {
        bool abort = smmuv3_reg(j->s, SMMU_GBPA) & SMMU_GBPA_ABORT;

        /* 6.3.9.6: what is not untranslated aborts in any case. */
        out->state = abort || !plain ? IOVP_STATE_BLOCKED : IOVP_STATE_OFF;
        return;
    }
    if (!plain) {
        invalid(F_UUT, out);
        return;
    }
    switch (smmuv3_config_fetch(j, st, &found)) {
    case SMMUV3_CFG_EVENT:
        invalid(j->fault.code, out);
        break;
    case SMMUV3_CFG_ABORT:
        out->state = IOVP_STATE_BLOCKED;
        break;
    default:
        out->state = IOVP_STATE_IDENTITY;
        if (st->s1 || st->s2)
            describe(st, out);
        break;
    }
}

static void regime(void *core, const struct iovp_attrs *a,
                   struct iovp_regime *out)
{
    struct iovp_walk_record walk = {0};
    struct smmuv3_job j = {
        .s = core, .attrs = a, .walk = &walk, .debug = true, .fresh = true};
    struct smmuv3_stream st;

    smmuv3_regime(&j, &st, out);
}

/* ---- PASIDs ----------------------------------------------------------------
 */

/* How many bits the SubstreamIDs of a stream have that select a CD each. */
static unsigned substream_bits(const struct smmuv3 *s,
                               const struct smmuv3_inspection *in)
{
    unsigned config = (unsigned)iovp_get_field(in->ste, STE_CONFIG);

    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN) || !in->ste_legal ||
        (config & 5) != 5 || !iovp_bits(s->cfg.idr1, 10, 6))
        return 0;
    return (unsigned)iovp_get_field(in->ste, STE_S1CDMAX);
}

static bool next_pasid(void *core, uint32_t stream_id, uint32_t *pasid,
                       uint32_t *budget)
{
    struct iovp_walk_record walk = {0};
    struct smmuv3_job j = {
        .s = core, .walk = &walk, .debug = true, .fresh = true};
    struct smmuv3_inspection in;
    struct smmuv3_stream st;
    uint64_t cd[CD_WORDS];
    unsigned bits;

    smmuv3_inspect_ste(core, stream_id, &in);
    bits = substream_bits(core, &in);
    if (!bits)
        return false;
    smmuv3_ste_decode(core, in.ste, &st);
    /* 5.2, S1DSS: CD 0 is that of transactions without a SubstreamID. */
    if (*pasid == 0 && iovp_get_field(in.ste, STE_S1DSS) == STE_S1DSS_SSID0)
        *pasid = 1;
    while (!((uint64_t)*pasid >> bits) && *budget) {
        --*budget;
        j.fault.code = 0;
        if (smmuv3_cd_fetch(&j, in.ste, *pasid, &st, cd) &&
            iovp_get_field(cd, CD_V))
            return true;
        *pasid = smmuv3_ssid_after(in.ste, *pasid,
                                   j.fault.code == C_BAD_SUBSTREAMID);
    }
    return false;
}

/* ---- invalidations ---------------------------------------------------------
 */

/* The range without tags: 4.4 permits TBI to apply to the parameter. */
static void untag(const struct iovp_regime *r, uint64_t *first, uint64_t *last)
{
    uint64_t size = *last - *first;
    bool upper = iovp_bit(*first, 55);

    if (size == UINT64_MAX || !(r->tag[REGIME_TBI] >> upper & 1))
        return;
    *first = upper ? *first | ~iovp_mask(56) : *first & iovp_mask(56);
    *last = *first + size < *first ? UINT64_MAX : *first + size;
}

/* What of first..last the regime translates.  False: nothing. */
static bool clip(const struct iovp_regime *r, uint64_t first, uint64_t last,
                 uint64_t *out_first, uint64_t *out_last)
{
    unsigned n =
        r->stages & IOVP_STAGE_1 ? IOVP_TABLE_LOWER : IOVP_TABLE_STAGE2;
    unsigned end = r->stages & IOVP_STAGE_1 ? IOVP_TABLE_STAGE2 : IOVP_TABLES;
    bool any = false;

    for (; n < end; n++) {
        const struct iovp_table_info *t = &r->table[n];

        if (!t->on || first > t->last || last < t->first)
            continue;
        if (!any)
            *out_first = first > t->first ? first : t->first;
        *out_last = last < t->last ? last : t->last;
        any = true;
    }
    return any;
}

static bool touches(const struct iovp_invalidation *i,
                    const struct iovp_regime *r, uint64_t *first,
                    uint64_t *last)
{
    bool s1, s2;
    uint64_t from = i->first, to = i->last;

    if (i->kind != IOVP_INVALIDATE_TLB || r->state != IOVP_STATE_TRANSLATED)
        return false;
    s1 = (r->stages & IOVP_STAGE_1) &&
         smmuv3_tlbi_covers(i, IOVP_STAGE_1, r->tag[REGIME_CTX]);
    s2 = (r->stages & IOVP_STAGE_2) &&
         smmuv3_tlbi_covers(i, IOVP_STAGE_2, r->tag[REGIME_CTX]);
    if (!s1 && !s2)
        return false;
    if (s2 && (r->stages & IOVP_STAGE_1)) {
        /* Which VAs lead to these IPAs is not known. */
        from = 0;
        to = UINT64_MAX;
    }
    untag(r, &from, &to);
    return clip(r, from, to, first, last);
}

const struct iovp_iommu_ops smmuv3_iommu_ops = {
    .caps = caps,
    .regime = regime,
    .next_pasid = next_pasid,
    .mappings = smmuv3_mappings,
    .touches = touches,
};

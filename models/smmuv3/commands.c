/* SPDX-License-Identifier: MIT */
/* The commands, one row each: when they are legal and what they do. */
#include <string.h>

#include "smmuv3_internal.h"

/* A CMD_PREFETCH_ADDR stops after this many translations (4.2.2). */
#define PREFETCH_MAX 32u

enum {
    CMD_HAS_SSEC = 1 << 0,  /* 4.1.6: must be 0 on this queue */
    CMD_HAS_RANGE = 1 << 1, /* 4.4.1.1: NUM, SCALE, TTL and TG */
    CMD_VALID = 1 << 7,     /* a row of the table, not a gap */
};

struct command {
    uint8_t flags;
    uint32_t idr0; /* bits that must be implemented, else CERROR_ILL */
    uint32_t idr3;
    bool (*legal)(const struct smmuv3 *s, const uint64_t *cmd);
    void (*run)(struct smmuv3 *s, const uint64_t *cmd);
};

/* ---- prefetch (4.2) --------------------------------------------------- */

static void prefetch_attrs(const struct smmuv3 *s, const uint64_t *cmd,
                           struct iovp_attrs *a)
{
    memset(a, 0, sizeof(*a));
    a->size = sizeof(*a);
    a->specified = IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID;
    a->stream_id = (uint32_t)iovp_get_field(cmd, CMD_STREAMID);
    a->pasid = (uint32_t)iovp_get_field(cmd, CMD_SUBSTREAMID);
    /* 4.2: without substreams SSV behaves as 0. */
    a->pasid_valid = smmuv3_has_pasid(s, iovp_get_field(cmd, CMD_SSV));
    if (!a->pasid_valid)
        a->pasid = 0;
}

/* 4.2, 4.5: some commands are consumed without effect while translation is
 * disabled. */
static bool enabled(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN;
}

static void prefetch_config(struct smmuv3 *s, const uint64_t *cmd)
{
    struct iovp_attrs a;

    if (!enabled(s))
        return;
    prefetch_attrs(s, cmd, &a);
    smmuv3_prefetch(s, &a, 0, false);
}

static void prefetch_addr(struct smmuv3 *s, const uint64_t *cmd)
{
    unsigned size = (unsigned)iovp_get_field(cmd, CMD_PREFETCH_SIZE);
    /* 4.2.2: SMMUv3.0 has no Stride. */
    unsigned stride =
        12 +
        (s->cfg.aidr ? (unsigned)iovp_get_field(cmd, CMD_PREFETCH_STRIDE) : 0);
    uint64_t addr = cmd[CMD_ADDR_WORD] & CMD_VA_MASK;
    uint64_t count = 1ull << size;
    struct iovp_attrs a;

    if (!enabled(s))
        return;
    prefetch_attrs(s, cmd, &a);
    if (count > PREFETCH_MAX)
        count = PREFETCH_MAX;
    for (uint64_t i = 0; i < count; i++)
        smmuv3_prefetch(s, &a, addr + (i << stride), true);
}

/* ---- configuration (4.3) ---------------------------------------------- */

static void cfgi_ste(struct smmuv3 *s, const uint64_t *cmd)
{
    uint32_t sid = (uint32_t)iovp_get_field(cmd, CMD_STREAMID);

    smmuv3_config_invalidate(s, sid, sid);
}

static void cfgi_ste_range(struct smmuv3 *s, const uint64_t *cmd)
{
    uint32_t sid = (uint32_t)iovp_get_field(cmd, CMD_STREAMID);
    unsigned range = (unsigned)iovp_get_field(cmd, CMD_CFGI_RANGE);
    uint32_t span = (uint32_t)iovp_mask(range + 1);

    smmuv3_config_invalidate(s, sid & ~span, sid | span);
}

static void cfgi_cd(struct smmuv3 *s, const uint64_t *cmd)
{
    smmuv3_config_invalidate_cd(s, (uint32_t)iovp_get_field(cmd, CMD_STREAMID),
                                (uint32_t)iovp_get_field(cmd, CMD_SUBSTREAMID),
                                false);
}

static void cfgi_cd_all(struct smmuv3 *s, const uint64_t *cmd)
{
    smmuv3_config_invalidate_cd(s, (uint32_t)iovp_get_field(cmd, CMD_STREAMID),
                                0, true);
}

/* ---- TLB invalidation (4.4) -------------------------------------------- */

/*
 * 4.4.1.1: TG != 0 with a zero NUM, SCALE and TTL is Reserved; so is a TTL
 * of level 1 with 16KB, which behaves as TTL 0 without SMMU_IDR5.DS.
 */
static bool range_legal(const struct smmuv3 *s, const uint64_t *cmd)
{
    uint64_t tg = iovp_get_field(cmd, CMD_TLBI_TG);
    uint64_t ttl = iovp_get_field(cmd, CMD_TLBI_TTL);

    if (!(s->cfg.idr3 & SMMU_IDR3_RIL) || tg == CMD_TLBI_TG_ANY)
        return true;
    if (tg == CMD_TLBI_TG_16K && ttl == 1 && !(s->cfg.idr5 & SMMU_IDR5_DS))
        ttl = 0;
    return iovp_get_field(cmd, CMD_TLBI_NUM) ||
           iovp_get_field(cmd, CMD_TLBI_SCALE) || ttl;
}

/* The bytes that an address-based command covers; never wraps. */
static void tlbi_span(const struct smmuv3 *s, const uint64_t *cmd,
                      uint64_t addr, struct smmuv3_tlbi *t)
{
    unsigned tg = (unsigned)iovp_get_field(cmd, CMD_TLBI_TG);
    uint64_t bytes = 0x1000;

    if ((s->cfg.idr3 & SMMU_IDR3_RIL) && tg != CMD_TLBI_TG_ANY) {
        uint64_t num = iovp_get_field(cmd, CMD_TLBI_NUM);
        unsigned scale = (unsigned)iovp_get_field(cmd, CMD_TLBI_SCALE);

        bytes = (num + 1) << (scale + 10 + 2 * tg);
    }
    t->first = addr;
    t->last = addr + bytes - 1;
    if (t->last < addr)
        t->last = UINT64_MAX;
    t->leaf = iovp_get_field(cmd, CMD_TLBI_LEAF);
}

/* Everything of a world; the callers narrow it. */
static struct smmuv3_tlbi tlbi_all(enum smmuv3_world world,
                                   enum smmuv3_tlbi_stage stage)
{
    struct smmuv3_tlbi t = {
        .world = (uint8_t)world,
        .stage = (uint8_t)stage,
        .any_vmid = true,
        .any_asid = true,
        .match_global = true,
        .first = 0,
        .last = UINT64_MAX,
    };

    return t;
}

/* 4.4.2: VMID is matched only if stage 2 is supported. */
static void by_vmid(const struct smmuv3 *s, const uint64_t *cmd,
                    struct smmuv3_tlbi *t)
{
    t->any_vmid = !(s->cfg.idr0 & SMMU_IDR0_S2P);
    t->vmid = (uint16_t)iovp_get_field(cmd, CMD_TLBI_VMID);
}

static void by_asid(const uint64_t *cmd, bool global, struct smmuv3_tlbi *t)
{
    t->any_asid = false;
    t->match_global = global;
    t->asid = (uint16_t)iovp_get_field(cmd, CMD_TLBI_ASID);
}

static void by_va(const struct smmuv3 *s, const uint64_t *cmd,
                  struct smmuv3_tlbi *t)
{
    tlbi_span(s, cmd, cmd[CMD_ADDR_WORD] & CMD_VA_MASK, t);
}

static void tlbi_nh_all(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S1);

    by_vmid(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_nh_asid(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S1);

    by_vmid(s, cmd, &t);
    by_asid(cmd, false, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_nh_va(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S1);

    by_vmid(s, cmd, &t);
    by_asid(cmd, true, &t);
    by_va(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_nh_vaa(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S1);

    by_vmid(s, cmd, &t);
    by_va(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

/* 4.4.2.8: CR2.E2H says which of the two EL2 regimes is meant. */
static struct smmuv3_tlbi tlbi_el2(const struct smmuv3 *s)
{
    bool e2h = smmuv3_reg(s, SMMU_CR2) & SMMU_CR2_E2H;

    return tlbi_all(e2h ? SMMUV3_WORLD_EL2_E2H : SMMUV3_WORLD_EL2,
                    SMMUV3_TLBI_S1);
}

/* 4.4.2.7: whether tagged with an ASID or not. */
static void tlbi_el2_all(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_EL2, SMMUV3_TLBI_S1);

    (void)cmd;
    smmuv3_tlb_invalidate(s, &t);
    t.world = SMMUV3_WORLD_EL2_E2H;
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_el2_asid(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_EL2_E2H, SMMUV3_TLBI_S1);

    by_asid(cmd, false, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_el2_va(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_el2(s);

    if (t.world == SMMUV3_WORLD_EL2_E2H)
        by_asid(cmd, true, &t);
    by_va(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_el2_vaa(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_el2(s);

    by_va(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_s12_vmall(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S12);

    by_vmid(s, cmd, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_s2_ipa(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S2);

    by_vmid(s, cmd, &t);
    tlbi_span(s, cmd, cmd[CMD_ADDR_WORD] & CMD_IPA_MASK, &t);
    smmuv3_tlb_invalidate(s, &t);
}

static void tlbi_nsnh_all(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_tlbi t = tlbi_all(SMMUV3_WORLD_NSEL1, SMMUV3_TLBI_S12);

    (void)cmd;
    smmuv3_tlb_invalidate(s, &t);
}

/* ---- ATS and PRI (4.5) --------------------------------------------------- */

/* 4.5.1: an invalidation of all; more is refused, as is permitted. */
#define ATC_INV_ALL 52u

static bool atc_inv_legal(const struct smmuv3 *s, const uint64_t *cmd)
{
    (void)s;
    return iovp_get_field(cmd, CMD_ATC_INV_SIZE) <= ATC_INV_ALL;
}

static void atc_inv(struct smmuv3 *s, const uint64_t *cmd)
{
    unsigned log2 = 12 + (unsigned)iovp_get_field(cmd, CMD_ATC_INV_SIZE);
    uint64_t span = log2 == 64 ? UINT64_MAX : iovp_mask(log2);
    struct iovp_ats_invalidation i = {
        .stream_id = (uint32_t)iovp_get_field(cmd, CMD_STREAMID),
        .pasid_valid = smmuv3_has_pasid(s, iovp_get_field(cmd, CMD_SSV)),
        .log2 = (uint8_t)log2,
        .first = cmd[CMD_ADDR_WORD] & ~span,
        .last = cmd[CMD_ADDR_WORD] | span,
    };

    if (!enabled(s))
        return;
    if (i.pasid_valid) {
        i.pasid = (uint32_t)iovp_get_field(cmd, CMD_SUBSTREAMID);
        i.global = iovp_get_field(cmd, CMD_ATC_INV_G);
    }
    smmuv3_atc_send(s, &i);
}

static bool pri_resp_legal(const struct smmuv3 *s, const uint64_t *cmd)
{
    (void)s;
    return iovp_get_field(cmd, CMD_PRI_RESP_RESP) != CMD_PRI_RESP_RESERVED;
}

static void pri_resp(struct smmuv3 *s, const uint64_t *cmd)
{
    static const uint8_t codes[] = {
        [CMD_PRI_RESP_FAILURE] = IOVP_PAGE_FAILURE,
        [CMD_PRI_RESP_INVALID] = IOVP_PAGE_INVALID,
        [CMD_PRI_RESP_SUCCESS] = IOVP_PAGE_SUCCESS,
    };
    struct iovp_page_response r = {
        .stream_id = (uint32_t)iovp_get_field(cmd, CMD_STREAMID),
        .prg_index = (uint16_t)iovp_get_field(cmd, CMD_PRI_RESP_PRGINDEX),
        .pasid_valid = smmuv3_has_pasid(s, iovp_get_field(cmd, CMD_SSV)),
        .code = codes[iovp_get_field(cmd, CMD_PRI_RESP_RESP)],
    };

    if (r.pasid_valid)
        r.pasid = (uint32_t)iovp_get_field(cmd, CMD_SUBSTREAMID);
    if (enabled(s) && s->ops.pri_response)
        s->ops.pri_response(s->opaque, &r);
}

/* ---- the rest ------------------------------------------------------------ */

static bool stall_legal(const struct smmuv3 *s, const uint64_t *cmd)
{
    uint64_t idr0 = s->cfg.idr0;

    (void)cmd;
    return iovp_get_field(&idr0, SMMU_IDR0_STALL_MODEL) != SMMU_IDR0_STALL_NONE;
}

/* 4.7.1: Ab is IGNORED where there is no termination but by abort. */
static void resume(struct smmuv3 *s, const uint64_t *cmd)
{
    enum smmuv3_stall_state state = SMMUV3_STALL_RAZWI;

    if (iovp_get_field(cmd, CMD_RESUME_AC))
        state = SMMUV3_STALL_RETRY;
    else if (iovp_get_field(cmd, CMD_RESUME_AB) ||
             (s->cfg.idr0 & SMMU_IDR0_TERM_MODEL))
        state = SMMUV3_STALL_ABORT;
    smmuv3_stall_resume(s, (uint32_t)iovp_get_field(cmd, CMD_STREAMID),
                        (uint16_t)iovp_get_field(cmd, CMD_RESUME_STAG), state);
}

static void stall_term(struct smmuv3 *s, const uint64_t *cmd)
{
    uint32_t sid = (uint32_t)iovp_get_field(cmd, CMD_STREAMID);

    smmuv3_stalls_terminate(s, sid, sid);
}

static bool sync_legal(const struct smmuv3 *s, const uint64_t *cmd)
{
    (void)s;
    return iovp_get_field(cmd, CMD_SYNC_CS) != CMD_SYNC_RESERVED;
}

#define S1P   SMMU_IDR0_S1P
#define S2P   SMMU_IDR0_S2P
#define EL2   (SMMU_IDR0_S1P | SMMU_IDR0_HYP)
#define SSEC  CMD_HAS_SSEC
#define RANGE CMD_HAS_RANGE

/* op, flags, IDR0, IDR3, further check, action */
#define COMMAND(op, f, i0, i3, legal, run) \
    [op] = {CMD_VALID | (f), i0, i3, legal, run}

/*
 * Opcodes that are not here are Reserved, or belong to the Secure queue or to
 * IMPLEMENTATION DEFINED commands that this model has none of: CERROR_ILL.
 */
static const struct command commands[256] = {
    COMMAND(CMD_PREFETCH_CONFIG, SSEC, 0, 0, NULL, prefetch_config),
    COMMAND(CMD_PREFETCH_ADDR, SSEC, 0, 0, NULL, prefetch_addr),
    COMMAND(CMD_CFGI_STE, SSEC, 0, 0, NULL, cfgi_ste),
    COMMAND(CMD_CFGI_STE_RANGE, SSEC, 0, 0, NULL, cfgi_ste_range),
    COMMAND(CMD_CFGI_CD, SSEC, S1P, 0, NULL, cfgi_cd),
    COMMAND(CMD_CFGI_CD_ALL, SSEC, S1P, 0, NULL, cfgi_cd_all),
    COMMAND(CMD_CFGI_VMS_PIDM, SSEC, 0, SMMU_IDR3_MPAM, NULL, NULL),
    COMMAND(CMD_TLBI_NH_ALL, 0, S1P, 0, NULL, tlbi_nh_all),
    COMMAND(CMD_TLBI_NH_ASID, 0, S1P, 0, NULL, tlbi_nh_asid),
    COMMAND(CMD_TLBI_NH_VA, RANGE, S1P, 0, NULL, tlbi_nh_va),
    COMMAND(CMD_TLBI_NH_VAA, RANGE, S1P, 0, NULL, tlbi_nh_vaa),
    COMMAND(CMD_TLBI_EL2_ALL, 0, EL2, 0, NULL, tlbi_el2_all),
    COMMAND(CMD_TLBI_EL2_ASID, 0, EL2, 0, NULL, tlbi_el2_asid),
    COMMAND(CMD_TLBI_EL2_VA, RANGE, EL2, 0, NULL, tlbi_el2_va),
    COMMAND(CMD_TLBI_EL2_VAA, RANGE, EL2, 0, NULL, tlbi_el2_vaa),
    COMMAND(CMD_TLBI_S12_VMALL, 0, S2P, 0, NULL, tlbi_s12_vmall),
    COMMAND(CMD_TLBI_S2_IPA, RANGE, S2P, 0, NULL, tlbi_s2_ipa),
    COMMAND(CMD_TLBI_NSNH_ALL, 0, 0, 0, NULL, tlbi_nsnh_all),
    COMMAND(CMD_ATC_INV, 0, SMMU_IDR0_ATS, 0, atc_inv_legal, atc_inv),
    COMMAND(CMD_PRI_RESP, 0, SMMU_IDR0_PRI, 0, pri_resp_legal, pri_resp),
    COMMAND(CMD_RESUME, SSEC, 0, 0, stall_legal, resume),
    COMMAND(CMD_STALL_TERM, SSEC, 0, 0, stall_legal, stall_term),
    COMMAND(CMD_SYNC, 0, 0, 0, sync_legal, NULL),
    COMMAND(CMD_DPTI_ALL, 0, 0, SMMU_IDR3_DPT, NULL, NULL),
    COMMAND(CMD_DPTI_PA, 0, 0, SMMU_IDR3_DPT, NULL, NULL),
};

unsigned smmuv3_command_check(const struct smmuv3 *s,
                              const uint64_t cmd[CMD_WORDS])
{
    const struct command *c = &commands[iovp_get_field(cmd, CMD_OPCODE)];

    if (!(c->flags & CMD_VALID) || (s->cfg.idr0 & c->idr0) != c->idr0 ||
        (s->cfg.idr3 & c->idr3) != c->idr3)
        return SMMU_CERROR_ILL;
    if ((c->flags & CMD_HAS_SSEC) && iovp_get_field(cmd, CMD_SSEC))
        return SMMU_CERROR_ILL;
    if ((c->flags & CMD_HAS_RANGE) && !range_legal(s, cmd))
        return SMMU_CERROR_ILL;
    if (c->legal && !c->legal(s, cmd))
        return SMMU_CERROR_ILL;
    return SMMU_CERROR_NONE;
}

void smmuv3_command_run(struct smmuv3 *s, const uint64_t cmd[CMD_WORDS])
{
    uint64_t op = iovp_get_field(cmd, CMD_OPCODE);

    if (op >= CMD_CFGI_STE && op <= CMD_TLBI_NSNH_ALL)
        smmuv3_stalls_outdate(s);
    if (commands[op].run)
        commands[op].run(s, cmd);
}

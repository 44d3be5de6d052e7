/* SPDX-License-Identifier: MIT */
/*
 * The translation of one transaction: 3.3, 3.4, 13.1 and the procedure of
 * chapter 15.  A TLB entry keeps what the permission check needs, and the
 * check is made on the entry whether it was hit or just filled, so that a hit
 * differs from a miss in time only.
 */
#include <string.h>

#include "translate.h"

/* The next descriptors are likely to lie in the same memory. */
static void find_window(struct smmuv3 *s, uint64_t addr)
{
    uint64_t end = 1ull << smmuv3_oas_bits(s);

    if (!s->ops.window || !s->ops.window(s->opaque, addr, &s->window))
        return;
    /* 3.4.3: what lies beyond the OAS is out of reach. */
    if (s->window.base >= end)
        s->window.bytes = 0;
    else if (s->window.bytes > end - s->window.base)
        s->window.bytes = end - s->window.base;
}

bool smmuv3_fetch(struct smmuv3_job *j, enum iovp_walk_kind kind, int level,
                  const struct iovp_bus_attrs *a, uint64_t addr,
                  uint64_t *words, unsigned bytes)
{
    struct smmuv3 *s = j->s;
    struct iovp_bus_attrs quiet;
    uint64_t latency = 0;
    unsigned i;

    /* 3.4.3: no SMMU-originated address exceeds the OAS. */
    if (addr >> smmuv3_oas_bits(s))
        return false;
    if (j->debug) {
        quiet = *a;
        quiet.debug = 1;
        a = &quiet;
    }
    if (s->ops.read(s->opaque, a, addr, words, bytes, &latency) != IOVP_BUS_OK)
        return false;
    find_window(s, addr);
    for (i = 0; i < bytes / 8; i++)
        words[i] = iovp_le64(&words[i]);
    if (!j->debug) {
        iovp_walk_add(j->walk, kind, level, addr, bytes, latency);
        s->stats.accesses[kind]++;
    }
    return true;
}

static const uint8_t sh_of_shcfg[4] = {IOVP_SH_NON, 0, IOVP_SH_OUTER,
                                       IOVP_SH_INNER};

static void override_attrs(struct smmuv3_input *in, unsigned shcfg,
                           unsigned mtcfg, unsigned memattr, unsigned privcfg,
                           unsigned instcfg)
{
    if (privcfg & 2)
        in->privileged = privcfg & 1;
    if ((instcfg & 2) && !in->write)
        in->instruction = instcfg & 1;
    if (mtcfg)
        in->mem_type = smmuv3_s2_mem_type(memattr);
    if (shcfg != STE_SHCFG_USE_IN)
        in->shareability = sh_of_shcfg[shcfg];
}

static void set_output(struct smmuv3_result *out, const struct smmuv3_input *in,
                       uint64_t pa, unsigned log2, unsigned perms,
                       uint8_t mem_type, uint8_t sh)
{
    out->status = IOVP_RESULT_OK;
    out->pa = pa;
    out->log2 = (uint8_t)log2;
    out->perms = (uint8_t)perms;
    out->mem_type = mem_type;
    out->shareability = sh;
    out->privileged = in->privileged;
    out->instruction = in->instruction;
}

/* `iova` is below the OAS, and so is all that passes with it (3.4). */
static void set_bypass(const struct smmuv3 *s, struct smmuv3_result *out,
                       const struct smmuv3_input *in, uint64_t iova)
{
    set_output(out, in, iova, smmuv3_oas_bits(s), SMMUV3_ALL_PERMS,
               in->mem_type,
               smmuv3_consistent_sh(in->mem_type, in->shareability));
}

static void finish_fault(struct smmuv3_job *j, const struct smmuv3_input *in,
                         uint64_t iova, unsigned access,
                         struct smmuv3_result *out)
{
    uint64_t ev[EVENT_WORDS];

    out->status = j->fault.razwi ? IOVP_RESULT_RAZWI : IOVP_RESULT_ABORT;
    out->event = j->fault.silent ? 0 : j->fault.code;
    if (j->fault.silent || j->debug)
        return;
    smmuv3_event(j, iova, access, in->privileged, in->instruction, ev);
    if (j->fault.stall)
        smmuv3_stall_hold(j, iova, access, ev, out);
    else
        smmuv3_eventq_write(j->s, ev);
}

/* 6.3.14: as the STE's, these act only if IDR1 has the overrides. */
static void override_gbpa(const struct smmuv3 *s, struct smmuv3_input *in,
                          uint32_t gbpa)
{
    bool types = s->cfg.idr1 & SMMU_IDR1_ATTR_TYPES_OVR;
    bool perms = s->cfg.idr1 & SMMU_IDR1_ATTR_PERMS_OVR;

    override_attrs(
        in, types ? (unsigned)iovp_bits(gbpa, 13, 12) : STE_SHCFG_USE_IN,
        types && (gbpa & SMMU_GBPA_MTCFG), (unsigned)iovp_bits(gbpa, 3, 0),
        perms ? (unsigned)iovp_bits(gbpa, 17, 16) : STE_PRIVCFG_USE_IN,
        perms ? (unsigned)iovp_bits(gbpa, 19, 18) : STE_INSTCFG_USE_IN);
}

/* 6.3.14: SMMUEN == 0, transactions bypass or abort as GBPA says. */
static void bypass_disabled(struct smmuv3_job *j, struct smmuv3_input *in,
                            uint64_t iova, unsigned access,
                            struct smmuv3_result *out)
{
    const struct smmuv3 *s = j->s;
    uint32_t gbpa = smmuv3_reg(s, SMMU_GBPA);

    if (j->attrs->addr_type != IOVP_AT_UNTRANSLATED) {
        smmuv3_ats(j, iova, access, out);
        return;
    }
    /* 3.4: beyond the OAS it aborts too, and nothing is recorded. */
    if ((gbpa & SMMU_GBPA_ABORT) || iova >> smmuv3_oas_bits(s)) {
        out->status = IOVP_RESULT_ABORT;
        return;
    }
    override_gbpa(s, in, gbpa);
    set_bypass(s, out, in, iova);
}

/* A stage 1 that is bypassed still checks the size of the address (3.4). */
static bool bypass_size_ok(struct smmuv3_job *j, uint64_t iova)
{
    if (!(iova >> smmuv3_oas_bits(j->s)))
        return true;
    j->fault.code = F_ADDR_SIZE;
    j->fault.origin = IOVP_FAULT_INPUT;
    return false;
}

/* TBI: bits [63:56] are ignored, the tag is the sign-extended address. */
static uint64_t canonical(const struct smmuv3_stream *st, uint64_t va)
{
    bool upper = st->world != SMMUV3_WORLD_EL2 && iovp_bit(va, 55);

    if (!st->ttb[upper].tbi)
        return va;
    return upper ? va | 0xffull << 56 : va & iovp_mask(56);
}

/* `missing`: the permissions that the access lacks. */
static bool permission_fault(struct smmuv3_job *j,
                             const struct smmuv3_stream *st, bool s2,
                             uint64_t ipa, unsigned missing)
{
    j->fault.code = F_PERMISSION;
    /* 13.1.1: an atomic that may write but not read is told as a read. */
    j->fault.rnw = !(missing & (PT_ARM_UW | PT_ARM_PW));
    j->fault.origin = IOVP_FAULT_INPUT;
    j->fault.stage = s2 ? 2 : 1;
    j->fault.addr = ipa;
    smmuv3_fault_model(j, st, j->fault.stage);
    return false;
}

static bool check_perms(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        const struct smmuv3_tlbe *e, uint64_t iova,
                        uint8_t need)
{
    if (need & ~e->s1_perms)
        return permission_fault(j, st, false, 0, need & ~e->s1_perms);
    if (need & ~e->s2_perms)
        return permission_fault(j, st, true,
                                e->ipa | (iova & iovp_mask(e->log2)),
                                need & ~e->s2_perms);
    return true;
}

void smmuv3_apply_stage1(const struct smmuv3_stream *st,
                         const struct pt_arm_leaf *leaf, struct smmuv3_tlbe *e)
{
    unsigned index = (unsigned)iovp_bits(leaf->desc, 4, 2);

    e->ipa = leaf->base;
    e->pa = leaf->base;
    e->log2 = leaf->log2;
    e->s1_perms = pt_arm_s1_perms(leaf, &st->perm);
    e->mem_type = (uint8_t)(st->mair >> (8 * index));
    e->shareability =
        smmuv3_consistent_sh(e->mem_type, (uint8_t)iovp_bits(leaf->desc, 9, 8));
    /* nG, bit 11; EL2 has no ASIDs, so that nothing is global there. */
    e->global = !iovp_bit(leaf->desc, 11) && st->world != SMMUV3_WORLD_EL2;
}

/*
 * The smaller page of both stages.  Without stage 1 the entry keeps the
 * attributes of stage 2 alone, as those of the client differ from one
 * transaction to the next.
 */
void smmuv3_apply_stage2(bool s1, uint64_t ipa, const struct smmuv3_s2e *s2,
                         struct smmuv3_tlbe *e)
{
    if (s2->log2 < e->log2)
        e->log2 = s2->log2;
    e->ipa = iovp_align_down(ipa, e->log2);
    e->pa = s2->pa | (e->ipa & iovp_mask(s2->log2));
    e->s2_perms = s2->perms;
    if (s1) {
        smmuv3_combine(&e->mem_type, &e->shareability, s2->mem_type,
                       s2->shareability);
    } else {
        e->mem_type = s2->mem_type;
        e->shareability = s2->shareability;
    }
}

/* Walk both stages as configured.  False: job->fault is set. */
static bool walk(struct smmuv3_job *j, const struct smmuv3_stream *st,
                 uint64_t iova, uint8_t need, struct smmuv3_tlbe *e)
{
    struct pt_arm_leaf leaf;
    struct smmuv3_s2e s2;
    uint64_t ipa = iova;

    *e = SMMUV3_TLBE_IDENTITY;
    if (st->s1) {
        if (!smmuv3_stage1(j, st, iova, &leaf))
            return false;
        smmuv3_apply_stage1(st, &leaf, e);
        /* A stage 1 fault comes before any stage 2 fault of its output. */
        if (need & ~e->s1_perms)
            return permission_fault(j, st, false, 0, need & ~e->s1_perms);
        if (j->useful && !(j->useful & e->s1_perms))
            return permission_fault(j, st, false, 0, j->useful);
        ipa = leaf.base | (iova & iovp_mask(leaf.log2));
    }
    if (st->s2) {
        if (!smmuv3_stage2(j, st, ipa, IOVP_FAULT_INPUT, &s2))
            return false;
        smmuv3_apply_stage2(st->s1, ipa, &s2, e);
    }
    return true;
}

static struct smmuv3_tlbe *lookup(struct smmuv3_job *j,
                                  const struct smmuv3_stream *st, uint64_t va,
                                  struct smmuv3_tlbe *copy)
{
    struct iovp_cache *c = j->s->cache[IOVP_CACHE_TLB];
    const struct smmuv3_tlbe *seen;

    if (!j->debug)
        return iovp_cache_lookup(c, va, st->tlb_ctx,
                                 j->s->tlb_has_global ? st->tlb_global_ctx
                                                      : st->tlb_ctx);
    seen = iovp_cache_peek(c, va, st->tlb_ctx, st->tlb_global_ctx);
    if (!seen)
        return NULL;
    *copy = *seen;
    return copy;
}

static struct smmuv3_tlbe *fill(struct smmuv3_job *j,
                                const struct smmuv3_stream *st, uint64_t va,
                                struct smmuv3_tlbe *e)
{
    struct smmuv3_tlbe *entry = NULL;

    if (!j->debug)
        entry = iovp_cache_insert(j->s->cache[IOVP_CACHE_TLB], va,
                                  e->global ? st->tlb_global_ctx : st->tlb_ctx,
                                  e->log2);
    if (!entry)
        return e;
    if (e->global)
        j->s->tlb_has_global = true;
    *entry = *e;
    return entry;
}

static void finish_entry(const struct smmuv3_stream *st,
                         const struct smmuv3_input *in,
                         const struct smmuv3_tlbe *e, uint64_t va,
                         struct smmuv3_result *out)
{
    uint8_t mem_type = e->mem_type;
    uint8_t sh = e->shareability;

    if (!st->s1) {
        mem_type = in->mem_type;
        sh = in->shareability;
        smmuv3_combine(&mem_type, &sh, e->mem_type, e->shareability);
    }
    set_output(out, in, e->pa | (va & iovp_mask(e->log2)), e->log2,
               e->s1_perms & e->s2_perms, mem_type, sh);
}

/* The entry that translates `va`, found or made: *local if it is not cached.
 * NULL: job->fault is set. */
static inline struct smmuv3_tlbe *
find_entry(struct smmuv3_job *j, const struct smmuv3_stream *st, uint64_t va,
           uint8_t need, struct smmuv3_tlbe *local, struct smmuv3_result *out)
{
    struct smmuv3_tlbe *e;

    if (!st->s1 && !bypass_size_ok(j, va))
        return NULL;
    e = lookup(j, st, va, local);
    iovp_walk_cache(j->walk, IOVP_CACHE_TLB,
                    e ? IOVP_CACHE_HIT : IOVP_CACHE_MISS);
    if (!e) {
        if (!j->debug)
            j->s->stats.walks++;
        if (!walk(j, st, va, need, local))
            return NULL;
        e = fill(j, st, va, local);
    }
    if (e != local)
        out->tlb_ready = &e->ready_at;
    return e;
}

static bool translate_stages(struct smmuv3_job *j,
                             const struct smmuv3_stream *st,
                             const struct smmuv3_input *in, uint64_t iova,
                             unsigned access, struct smmuv3_result *out)
{
    uint8_t need = pt_arm_need(access & SMMUV3_READ, access & SMMUV3_WRITE,
                               in->instruction, in->privileged);
    uint64_t va = st->s1 ? canonical(st, iova) : iova;
    struct smmuv3_tlbe local;
    const struct smmuv3_tlbe *e = find_entry(j, st, va, need, &local, out);

    if (!e || !check_perms(j, st, e, va, need))
        return false;
    finish_entry(st, in, e, va, out);
    return true;
}

static void override_by_ste(struct smmuv3_input *in,
                            const struct smmuv3_stream *st)
{
    if (st->overrides)
        override_attrs(in, st->shcfg, st->mtcfg, st->memattr, st->privcfg,
                       st->instcfg);
}

static struct smmuv3_input input_of(const struct iovp_attrs *attrs, bool write)
{
    /* 13.1.2: an incoming write is Data, however it is marked. */
    return (struct smmuv3_input){.privileged = attrs->privileged,
                                 .instruction = attrs->instruction && !write,
                                 .write = write,
                                 .mem_type = attrs->mem_type,
                                 .shareability = attrs->shareability};
}

void smmuv3_entry_result(const struct smmuv3_stream *st,
                         const struct iovp_attrs *attrs,
                         const struct smmuv3_tlbe *e, uint64_t va,
                         struct smmuv3_result *out)
{
    struct smmuv3_input in = input_of(attrs, false);

    override_by_ste(&in, st);
    finish_entry(st, &in, e, va, out);
}

void smmuv3_bypass_result(const struct smmuv3 *s,
                          const struct smmuv3_stream *st,
                          const struct iovp_attrs *attrs, uint64_t iova,
                          struct smmuv3_result *out)
{
    struct smmuv3_input in = input_of(attrs, false);

    if (st)
        override_by_ste(&in, st);
    else
        override_gbpa(s, &in, smmuv3_reg(s, SMMU_GBPA));
    set_bypass(s, out, &in, iova);
}

/* ---- for ats.c ----------------------------------------------------------- */

struct smmuv3_input smmuv3_input_of(const struct iovp_attrs *attrs, bool write)
{
    return input_of(attrs, write);
}

void smmuv3_override(struct smmuv3_input *in, const struct smmuv3_stream *st)
{
    override_by_ste(in, st);
}

void smmuv3_override_perms(struct smmuv3_input *in,
                           const struct smmuv3_stream *st)
{
    override_attrs(in, STE_SHCFG_USE_IN, 0, 0, st->privcfg, st->instcfg);
}

bool smmuv3_bypass_fits(struct smmuv3_job *j, uint64_t iova)
{
    return bypass_size_ok(j, iova);
}

void smmuv3_set_bypass(const struct smmuv3 *s, struct smmuv3_result *out,
                       const struct smmuv3_input *in, uint64_t iova)
{
    set_bypass(s, out, in, iova);
}

const struct smmuv3_tlbe *smmuv3_find_entry(struct smmuv3_job *j,
                                            const struct smmuv3_stream *st,
                                            uint64_t iova,
                                            struct smmuv3_tlbe *local,
                                            struct smmuv3_result *out)
{
    return find_entry(j, st, st->s1 ? canonical(st, iova) : iova, 0, local,
                      out);
}

void smmuv3_finish_entry(const struct smmuv3_stream *st,
                         const struct smmuv3_input *in,
                         const struct smmuv3_tlbe *e, uint64_t va,
                         struct smmuv3_result *out)
{
    finish_entry(st, in, e, va, out);
}

bool smmuv3_translate_stages(struct smmuv3_job *j,
                             const struct smmuv3_stream *st,
                             const struct smmuv3_input *in, uint64_t iova,
                             unsigned access, struct smmuv3_result *out)
{
    return translate_stages(j, st, in, iova, access, out);
}

void smmuv3_finish_fault(struct smmuv3_job *j, const struct smmuv3_input *in,
                         uint64_t iova, unsigned access,
                         struct smmuv3_result *out)
{
    finish_fault(j, in, iova, access, out);
}

/* ---- a transaction ------------------------------------------------------- */

static bool translate_enabled(struct smmuv3_job *j, struct smmuv3_input *in,
                              uint64_t iova, unsigned access,
                              struct smmuv3_result *out)
{
    struct smmuv3_stream scratch;
    struct smmuv3_stream *st;

    scratch.overrides = false;
    if (j->attrs->addr_type != IOVP_AT_UNTRANSLATED) {
        smmuv3_ats(j, iova, access, out);
        return true;
    }
    switch (smmuv3_config_lookup(j, &scratch, &st)) {
    case SMMUV3_CFG_EVENT:
        /* 7.3.13: PnU and InD of a fault on the CD's IPA, overridden. */
        override_by_ste(in, &scratch);
        return false;
    case SMMUV3_CFG_ABORT:
        j->fault.silent = true;
        return false;
    default:
        break;
    }
    if (st != &scratch)
        out->config_ready = &st->ready_at;
    override_by_ste(in, st);
    if (st->s1 || st->s2)
        return translate_stages(j, st, in, iova, access, out);
    if (!bypass_size_ok(j, iova))
        return false;
    set_bypass(j->s, out, in, iova);
    return true;
}

void smmuv3_translate(struct smmuv3 *s, const struct iovp_attrs *attrs,
                      uint64_t iova, unsigned access, enum smmuv3_mode mode,
                      struct smmuv3_result *out)
{
    struct smmuv3_job j = {
        .s = s,
        .attrs = attrs,
        .walk = &out->walk,
        .debug = mode == SMMUV3_DEBUG,
    };
    struct smmuv3_input in = input_of(attrs, access & SMMUV3_WRITE);
    /* A debug access may come while a walk waits for its memory. */
    bool *busy = j.debug ? &s->engaged_debug : &s->engaged;

    iovp_walk_reset(&out->walk);
    out->event = 0;
    out->config_ready = NULL;
    out->tlb_ready = NULL;
    out->time_out = 0;
    memset(out->wait, 0, sizeof(out->wait));
    /* 3.10.1: without Secure state every output is Non-secure. */
    out->space = IOVP_SPACE_NONSECURE;
    if (*busy) {
        /* One of our own accesses came back to us: no recursion. */
        out->status = IOVP_RESULT_ABORT;
        return;
    }
    if (!j.debug) {
        smmuv3_tick(s);
        s->stats.translations++;
    }
    *busy = true;
    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN))
        bypass_disabled(&j, &in, iova, access, out);
    else if (!translate_enabled(&j, &in, iova, access, out))
        finish_fault(&j, &in, iova, access, out);
    *busy = false;
}

void smmuv3_prefetch(struct smmuv3 *s, const struct iovp_attrs *attrs,
                     uint64_t addr, bool translate)
{
    struct smmuv3_job j = {.s = s, .attrs = attrs, .walk = &s->scratch.walk};
    struct smmuv3_input in = {.privileged = attrs->privileged,
                              .instruction = attrs->instruction};
    struct smmuv3_stream scratch;
    struct smmuv3_stream *st;

    /* 4.2: no fault and no event comes of a prefetch. */
    iovp_walk_reset(j.walk);
    if (smmuv3_config_lookup(&j, &scratch, &st) != SMMUV3_CFG_OK || !translate)
        return;
    if (st->s1 || st->s2)
        translate_stages(&j, st, &in, addr, 0, &s->scratch);
}

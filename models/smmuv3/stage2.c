/* SPDX-License-Identifier: MIT */
/* Stage 2 translation: IPA to PA (3.3.4, 3.4). */
#include "smmuv3_internal.h"

static const uint8_t fault_type[] = {
    [PT_ARM_FAULT_TRANSLATION] = F_TRANSLATION,
    [PT_ARM_FAULT_ADDR_SIZE] = F_ADDR_SIZE,
    [PT_ARM_FAULT_ACCESS] = F_ACCESS,
    [PT_ARM_FAULT_PERMISSION] = F_PERMISSION,
    [PT_ARM_FAULT_EXTERNAL] = F_WALK_EABT,
};

static bool stage2_fault(struct smmuv3_job *j, const struct smmuv3_stream *st,
                         enum pt_arm_fault f, enum iovp_fault_origin origin,
                         uint64_t addr)
{
    j->fault.code = fault_type[f];
    j->fault.stage = 2;
    j->fault.origin = (uint8_t)origin;
    j->fault.addr = addr;
    if (f != PT_ARM_FAULT_EXTERNAL)
        smmuv3_fault_model(j, st, 2);
    return false;
}

void smmuv3_stage2_leaf(const struct smmuv3 *s, const struct pt_arm_leaf *leaf,
                        struct smmuv3_s2e *out)
{
    const struct pt_arm_perm_ctl ctl = {.xnx =
                                            (s->cfg.idr3 & SMMU_IDR3_XNX) != 0};

    out->pa = leaf->base;
    out->log2 = leaf->log2;
    out->perms = pt_arm_s2_perms(leaf, &ctl);
    out->mem_type = smmuv3_s2_mem_type((unsigned)iovp_bits(leaf->desc, 5, 2));
    out->shareability = (uint8_t)iovp_bits(leaf->desc, 9, 8);
}

static bool walk(struct smmuv3_job *j, const struct smmuv3_stream *st,
                 uint64_t ipa, enum iovp_fault_origin origin,
                 struct pt_arm_leaf *leaf)
{
    const struct pt_arm_table *t = &st->s2table;
    struct pt_arm_walk w;
    enum pt_arm_fault fault;
    enum pt_arm_step step;
    uint64_t desc, addr;

    smmuv3_walk_begin(j, t, st->s2_walk_ctx, ipa, &w);
    for (;;) {
        addr = pt_arm_desc_addr(t, &w, ipa);
        if (!smmuv3_fetch_desc(j, IOVP_WALK_S2, w.level, &st->s2attrs, addr,
                               &desc))
            return stage2_fault(j, st, PT_ARM_FAULT_EXTERNAL, origin, addr);
        step = pt_arm_step(t, &w, desc, leaf, &fault);
        if (step == PT_ARM_STEP_LEAF)
            return true;
        if (step == PT_ARM_STEP_FAULT)
            return stage2_fault(j, st, fault, origin, ipa);
        smmuv3_walk_keep(j, t, st->s2_walk_ctx, ipa, &w);
    }
}

bool smmuv3_stage2(struct smmuv3_job *j, const struct smmuv3_stream *st,
                   uint64_t ipa, enum iovp_fault_origin origin,
                   struct smmuv3_s2e *out)
{
    struct iovp_cache *c = j->s->cache[IOVP_CACHE_STAGE2];
    const struct smmuv3_s2e *hit = NULL;
    struct smmuv3_s2e *entry;
    struct pt_arm_leaf leaf;

    /* 3.4: an IPA outside S2T0SZ's range is a stage 2 Translation fault. */
    if (ipa >> st->s2table.input_bits)
        return stage2_fault(j, st, PT_ARM_FAULT_TRANSLATION, origin, ipa);
    if (!j->debug)
        hit = iovp_cache_lookup(c, ipa, st->s2_ctx, st->s2_ctx);
    else if (!j->fresh)
        hit = iovp_cache_peek(c, ipa, st->s2_ctx, st->s2_ctx);
    if (hit) {
        *out = *hit;
        if (iovp_walk_outcome(j->walk->caches, IOVP_CACHE_STAGE2) ==
            IOVP_CACHE_UNUSED)
            iovp_walk_cache(j->walk, IOVP_CACHE_STAGE2, IOVP_CACHE_HIT);
        return true;
    }
    iovp_walk_cache(j->walk, IOVP_CACHE_STAGE2, IOVP_CACHE_MISS);
    if (!walk(j, st, ipa, origin, &leaf))
        return false;
    smmuv3_stage2_leaf(j->s, &leaf, out);
    if (!j->debug) {
        entry = iovp_cache_insert(c, ipa, st->s2_ctx, out->log2);
        if (entry)
            *entry = *out;
    }
    return true;
}

/*
 * Implicitly a data read (7.3.16); S2PTW also refuses tables in Device memory
 * (5.2).
 */
bool smmuv3_stage2_direct(const struct smmuv3_stream *st,
                          const struct smmuv3_s2e *e, uint64_t *addr,
                          struct iovp_bus_attrs *a)
{
    if (!(e->perms & PT_ARM_PR) || (st->s2ptw && (e->mem_type & 0xf0) == 0))
        return false;
    smmuv3_combine(&a->mem_type, &a->shareability, e->mem_type,
                   e->shareability);
    *addr = e->pa | (*addr & iovp_mask(e->log2));
    return true;
}

bool smmuv3_stage2_read(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        enum iovp_fault_origin origin, uint64_t *addr,
                        struct iovp_bus_attrs *a)
{
    struct smmuv3_s2e e;
    uint64_t ipa = *addr;

    if (!smmuv3_stage2(j, st, ipa, origin, &e))
        return false;
    if (!smmuv3_stage2_direct(st, &e, addr, a))
        return stage2_fault(j, st, PT_ARM_FAULT_PERMISSION, origin, ipa);
    return true;
}

/* SPDX-License-Identifier: MIT */
/* Stage 1 translation: VA to IPA or PA (3.4, 5.4). */
#include "smmuv3_internal.h"

static bool stage1_fault(struct smmuv3_job *j, const struct smmuv3_stream *st,
                         uint8_t type)
{
    j->fault.code = type;
    j->fault.origin = IOVP_FAULT_INPUT;
    smmuv3_fault_model(j, st, 1);
    return false;
}

/* 7.3.12: a stage 1 descriptor that aborts has class TT and its PA. */
static bool walk_aborted(struct smmuv3_job *j, uint64_t addr)
{
    j->fault.code = F_WALK_EABT;
    j->fault.origin = IOVP_FAULT_TABLE;
    j->fault.addr = addr;
    return false;
}

static uint8_t event_of(enum pt_arm_fault f)
{
    switch (f) {
    case PT_ARM_FAULT_ADDR_SIZE:
        return F_ADDR_SIZE;
    case PT_ARM_FAULT_ACCESS:
        return F_ACCESS;
    default:
        return F_TRANSLATION;
    }
}

/* 3.4.1: VA[AddrTop:N] must equal the bit that selects the table. */
static bool in_range(const struct smmuv3_ttb *b, uint64_t va, bool upper)
{
    unsigned top = b->tbi ? 55 : 63;
    unsigned n = b->table.input_bits;
    uint64_t bits = iovp_bits(va, top, n);

    return bits == (upper ? iovp_mask(top - n + 1) : 0);
}

static bool read_desc(struct smmuv3_job *j, const struct smmuv3_stream *st,
                      const struct smmuv3_ttb *b, const struct pt_arm_walk *w,
                      uint64_t va, uint64_t *desc)
{
    uint64_t addr = pt_arm_desc_addr(&b->table, w, va);
    const struct iovp_bus_attrs *a = &b->attrs;
    struct iovp_bus_attrs nested;

    if (st->s2) {
        nested = *a;
        a = &nested;
        if (!smmuv3_stage2_read(j, st, IOVP_FAULT_TABLE, &addr, &nested))
            return false;
    }
    if (!smmuv3_fetch_desc(j, IOVP_WALK_S1, w->level, a, addr, desc))
        return walk_aborted(j, addr);
    return true;
}

bool smmuv3_stage1(struct smmuv3_job *j, const struct smmuv3_stream *st,
                   uint64_t va, struct pt_arm_leaf *leaf)
{
    bool upper = st->world != SMMUV3_WORLD_EL2 && iovp_bit(va, 55);
    const struct smmuv3_ttb *b = &st->ttb[upper];
    struct pt_arm_walk w;
    enum pt_arm_fault fault;
    enum pt_arm_step step;
    uint64_t desc;
    bool known;

    if (b->disabled || !in_range(b, va, upper))
        return stage1_fault(j, st, F_TRANSLATION);
    known = smmuv3_walk_begin(j, &b->table, st->s1_walk_ctx, va, &w);
    if (!j->debug)
        iovp_walk_cache(j->walk, IOVP_CACHE_WALK,
                        known ? IOVP_CACHE_HIT : IOVP_CACHE_MISS);
    for (;;) {
        if (!read_desc(j, st, b, &w, va, &desc))
            return false;
        step = pt_arm_step(&b->table, &w, desc, leaf, &fault);
        if (step == PT_ARM_STEP_LEAF)
            return true;
        if (step == PT_ARM_STEP_FAULT)
            return stage1_fault(j, st, event_of(fault));
        smmuv3_walk_keep(j, &b->table, st->s1_walk_ctx, va, &w);
    }
}

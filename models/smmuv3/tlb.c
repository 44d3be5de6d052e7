/* SPDX-License-Identifier: MIT */
/*
 * Tags of TLB and walk cache entries, and TLB invalidation (3.17, 4.4).
 *
 * A tag says which StreamWorld, VMID and ASID an entry belongs to.  Global
 * entries have the tag of their VMID with the global bit and ASET instead of an
 * ASID.
 */
#include "smmuv3_internal.h"

#define TAG_WORLD_SHIFT 0
#define TAG_VMID_SHIFT  2
#define TAG_ASID_SHIFT  18
#define TAG_GLOBAL      (1ull << 34)
#define TAG_STAGE2      (1ull << 35) /* stage 2 alone */
#define TAG_ASET        (1ull << 36) /* of global entries only */

#define TAG_WORLD_MASK (3ull << TAG_WORLD_SHIFT)
#define TAG_VMID_MASK  (0xffffull << TAG_VMID_SHIFT)
#define TAG_ASID_MASK  (0xffffull << TAG_ASID_SHIFT | TAG_GLOBAL | TAG_ASET)

static uint64_t tag(unsigned world, unsigned vmid, unsigned asid)
{
    return (uint64_t)world << TAG_WORLD_SHIFT |
           (uint64_t)vmid << TAG_VMID_SHIFT | (uint64_t)asid << TAG_ASID_SHIFT;
}

void smmuv3_tlb_tags(struct smmuv3_stream *st)
{
    uint64_t s1 = tag(st->world, st->vmid, st->asid);
    uint64_t s2 = tag(st->world, st->vmid, 0) | TAG_STAGE2;
    /* 3.17.1: global entries match lookups of the same ASET only. */
    uint64_t global =
        tag(st->world, st->vmid, 0) | TAG_GLOBAL | (st->aset ? TAG_ASET : 0);

    st->tlb_ctx = st->s1 ? s1 : s2;
    st->tlb_global_ctx = st->s1 ? global : s2;
    st->s1_walk_ctx = s1;
    st->s2_ctx = s2;
    st->s2_walk_ctx = s2;
}

struct scope {
    uint64_t first, last;
    uint64_t ctx, mask;
};

static void drop(struct smmuv3 *s, const struct scope *sc, bool walks)
{
    iovp_cache_invalidate(s->cache[IOVP_CACHE_TLB], sc->first, sc->last,
                          sc->ctx, sc->mask);
    if (walks)
        iovp_cache_invalidate(s->cache[IOVP_CACHE_WALK], sc->first, sc->last,
                              sc->ctx, sc->mask);
}

static void drop_stage1(struct smmuv3 *s, const struct smmuv3_tlbi *t,
                        struct scope sc)
{
    sc.ctx = tag(t->world, t->vmid, t->any_asid ? 0 : t->asid);
    if (t->any_asid)
        sc.mask &= ~TAG_ASID_MASK;
    drop(s, &sc, !t->leaf);
    if (!t->any_asid && t->match_global) {
        sc.ctx = tag(t->world, t->vmid, 0) | TAG_GLOBAL;
        drop(s, &sc, false);
        /* 4.4: commands disregard ASET. */
        sc.ctx |= TAG_ASET;
        drop(s, &sc, false);
    }
}

static void drop_stage2(struct smmuv3 *s, const struct smmuv3_tlbi *t,
                        struct scope sc)
{
    sc.ctx = tag(t->world, t->vmid, 0) | TAG_STAGE2;
    drop(s, &sc, !t->leaf);
    iovp_cache_invalidate(s->cache[IOVP_CACHE_STAGE2], sc.first, sc.last,
                          sc.ctx, sc.mask);
}

/* iovp_invalidation.tag: a context, for each stage which of its bits count,
 * and which stages are meant. */
enum { TELL_CTX, TELL_S1_MASK, TELL_S2_MASK, TELL_STAGES };

static void tell(struct smmuv3 *s, const struct smmuv3_tlbi *t)
{
    uint64_t s2_mask = TAG_WORLD_MASK | (t->any_vmid ? 0 : TAG_VMID_MASK);
    /* A global entry may be there in every address space. */
    bool any_asid = t->any_asid || t->match_global;
    const struct iovp_invalidation i = {
        .kind = IOVP_INVALIDATE_TLB,
        .first = t->first,
        .last = t->last,
        .tag = {[TELL_CTX] = tag(t->world, t->vmid, t->asid),
                [TELL_S1_MASK] = s2_mask | (any_asid ? 0 : TAG_ASID_MASK),
                [TELL_S2_MASK] = s2_mask,
                [TELL_STAGES] =
                    (t->stage != SMMUV3_TLBI_S2 ? IOVP_STAGE_1 : 0) |
                    (t->stage != SMMUV3_TLBI_S1 ? IOVP_STAGE_2 : 0)}};

    smmuv3_tell(s, &i);
}

bool smmuv3_tlbi_covers(const struct iovp_invalidation *i, unsigned stage,
                        uint64_t s1_walk_ctx)
{
    uint64_t mask = i->tag[stage == IOVP_STAGE_1 ? TELL_S1_MASK : TELL_S2_MASK];

    return (i->tag[TELL_STAGES] & stage) &&
           !((i->tag[TELL_CTX] ^ s1_walk_ctx) & mask);
}

void smmuv3_tlb_invalidate(struct smmuv3 *s, const struct smmuv3_tlbi *t)
{
    struct scope sc = {t->first, t->last, 0, UINT64_MAX};

    if (t->any_vmid)
        sc.mask &= ~TAG_VMID_MASK;
    if (t->stage != SMMUV3_TLBI_S2)
        drop_stage1(s, t, sc);
    if (t->stage != SMMUV3_TLBI_S1)
        drop_stage2(s, t, sc);
    if (s->ops.invalidated)
        tell(s, t);
}

/* SPDX-License-Identifier: MIT */
/*
 * All mappings of a regime in a range.  The range is gone through piece by
 * piece: a piece is a naturally aligned block of addresses that both stages
 * treat alike, be it the smaller leaf or the larger hole.
 */
#include "../common/pt_arm_cursor.h"
#include "regime.h"
#include "translate.h"

struct piece {
    bool mapped;
    unsigned log2;        /* of its size */
    struct smmuv3_tlbe e; /* if mapped; log2 is its own */
};

struct look {
    struct smmuv3_job *j;
    const struct smmuv3_stream *st;
    struct iovp_mapping_walk *w;
    bool begun; /* a piece was looked at: the budget counts */
    const struct smmuv3_ttb *ttb;
    struct pt_arm_cursor s1, s2;
    struct pt_arm_cursor s2_tables; /* of stage 1's descriptors */
    /* The last piece by stage 1 alone; its output may be many of stage 2. */
    bool known;
    uint64_t known_at;
    struct piece s1_piece;
    bool pending; /* `run` is still growing */
    struct iovp_mapping run;
};

/* ---- reading --------------------------------------------------------------
 */

static bool read_s2(void *ud, int level, uint64_t addr, uint64_t *desc,
                    unsigned count)
{
    const struct look *l = ud;

    return smmuv3_fetch(l->j, IOVP_WALK_S2, level, &l->st->s2attrs, addr, desc,
                        8 * count);
}

/* *log2: how much of the IPAs around has the same answer. */
static bool look_s2(struct look *l, struct pt_arm_cursor *c, uint64_t ipa,
                    struct smmuv3_s2e *out, unsigned *log2)
{
    struct pt_arm_leaf leaf;

    /* 3.4: outside S2T0SZ's range, and so is all with the same top bit. */
    *log2 = l->st->s2table.input_bits;
    if (ipa >> *log2) {
        while (ipa >> *log2 > 1)
            ++*log2;
        return false;
    }
    if (pt_arm_look(c, ipa, &leaf, log2) != PT_ARM_OK)
        return false;
    smmuv3_stage2_leaf(l->j->s, &leaf, out);
    return true;
}

static bool read_s1(void *ud, int level, uint64_t addr, uint64_t *desc,
                    unsigned count)
{
    struct look *l = ud;
    struct iovp_bus_attrs a = l->ttb->attrs;
    struct smmuv3_s2e e;
    unsigned log2;

    if (l->st->s2 && (!look_s2(l, &l->s2_tables, addr, &e, &log2) ||
                      !smmuv3_stage2_direct(l->st, &e, &addr, &a)))
        return false;
    return smmuv3_fetch(l->j, IOVP_WALK_S1, level, &a, addr, desc, 8 * count);
}

/* ---- pieces ----------------------------------------------------------------
 */

static void look_s1(struct look *l, uint64_t va, struct piece *out)
{
    struct piece *p = &l->s1_piece;
    struct pt_arm_leaf leaf;

    if (!l->known || (va ^ l->known_at) >> p->log2) {
        p->e = SMMUV3_TLBE_IDENTITY;
        p->mapped = pt_arm_look(&l->s1, va, &leaf, &p->log2) == PT_ARM_OK;
        if (p->mapped)
            smmuv3_apply_stage1(l->st, &leaf, &p->e);
        l->known = true;
        l->known_at = va;
    }
    *out = *p;
}

static void look_at(struct look *l, uint64_t va, struct piece *p)
{
    const struct smmuv3_stream *st = l->st;
    struct smmuv3_s2e s2;
    uint64_t ipa = va;
    unsigned log2;

    *p = (struct piece){true, 63, SMMUV3_TLBE_IDENTITY};
    if (st->s1) {
        look_s1(l, va, p);
        ipa = p->e.pa | (va & iovp_mask(p->log2));
    }
    if (!st->s2 || !p->mapped)
        return;
    p->mapped = look_s2(l, &l->s2, ipa, &s2, &log2);
    if (log2 < p->log2)
        p->log2 = log2;
    if (p->mapped)
        smmuv3_apply_stage2(st->s1, ipa, &s2, &p->e);
}

/* ---- mappings --------------------------------------------------------------
 */

#define READS    (IOVP_RIGHT_UR | IOVP_RIGHT_PR)
#define EXECUTES (IOVP_RIGHT_UX | IOVP_RIGHT_PX)

/* 5.2 PRIVCFG, INSTCFG: what the transactions are taken for. */
static uint8_t rights_of(const struct smmuv3_stream *st, unsigned perms)
{
    if (st->privcfg & 2) {
        perms = st->privcfg & 1 ? perms >> 3 : perms & 7;
        perms |= perms << 3;
    }
    if (st->instcfg == STE_INSTCFG_INST)
        perms = (perms & ~READS) | (perms & EXECUTES) >> 2;
    else if (st->instcfg == STE_INSTCFG_DATA)
        perms = (perms & ~EXECUTES) | (perms & READS) << 2;
    return (uint8_t)perms;
}

static struct iovp_mapping mapping(uint64_t first, uint64_t last,
                                   const struct smmuv3_result *r,
                                   uint8_t rights)
{
    return (struct iovp_mapping){.first = first,
                                 .last = last,
                                 .pa = r->pa,
                                 .rights = rights,
                                 .mem_type = r->mem_type,
                                 .shareability = r->shareability,
                                 .space = IOVP_SPACE_NONSECURE};
}

static bool deliver(struct look *l)
{
    if (!l->pending)
        return true;
    l->pending = false;
    if (l->w->fn(l->w->ud, &l->run))
        return true;
    l->w->next = l->run.last + 1;
    return false;
}

static bool continues(const struct iovp_mapping *run,
                      const struct iovp_mapping *m)
{
    return m->first == run->last + 1 &&
           m->pa == run->pa + (m->first - run->first) &&
           m->rights == run->rights && m->mem_type == run->mem_type &&
           m->shareability == run->shareability;
}

static bool add(struct look *l, uint64_t first, uint64_t last,
                const struct piece *p)
{
    struct smmuv3_result r;
    struct iovp_mapping m;

    smmuv3_entry_result(l->st, l->j->attrs, &p->e, first, &r);
    m = mapping(first, last, &r, rights_of(l->st, r.perms));
    if (!m.rights)
        return true;
    if (l->pending && continues(&l->run, &m)) {
        l->run.last = last;
        return true;
    }
    if (!deliver(l))
        return false;
    l->run = m;
    l->pending = true;
    return true;
}

/* False: stopped, or the budget is used up, and w->next is set. */
static bool walk_range(struct look *l, uint64_t first, uint64_t last)
{
    uint64_t va = first, end;
    struct piece p;

    for (;; va = end + 1) {
        if (l->begun && !l->w->budget) {
            l->w->next = va;
            deliver(l);
            return false;
        }
        l->begun = true;
        look_at(l, va, &p);
        end = va | iovp_mask(p.log2);
        if (end > last)
            end = last;
        if (p.mapped && !add(l, va, end, &p))
            return false;
        if (end == last)
            return true;
    }
}

/* ---- regimes ---------------------------------------------------------------
 */

static bool walk_table(struct look *l, const struct iovp_regime *r, unsigned n)
{
    const struct iovp_table_info *t = &r->table[n];
    uint64_t first = t->first > l->w->first ? t->first : l->w->first;
    uint64_t last = t->last < l->w->last ? t->last : l->w->last;

    if (!t->on || first > last)
        return true;
    if (n != IOVP_TABLE_STAGE2) {
        l->ttb = &l->st->ttb[n];
        pt_arm_cursor_init(&l->s1, &l->ttb->table, read_s1, l, &l->w->budget);
    }
    return walk_range(l, first, last);
}

static bool walk_tables(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        const struct iovp_regime *r,
                        struct iovp_mapping_walk *w)
{
    struct look l = {.j = j, .st = st, .w = w};
    const struct pt_arm_table *s2 = &st->s2table;

    if (st->s2) {
        pt_arm_cursor_init(&l.s2, s2, read_s2, &l, &w->budget);
        pt_arm_cursor_init(&l.s2_tables, s2, read_s2, &l, &w->budget);
    }
    if (!st->s1) {
        if (!walk_table(&l, r, IOVP_TABLE_STAGE2))
            return false;
    } else if (!walk_table(&l, r, IOVP_TABLE_LOWER) ||
               !walk_table(&l, r, IOVP_TABLE_UPPER)) {
        return false;
    }
    /* Whatever fn says of the last one, there are no more. */
    deliver(&l);
    return true;
}

/* 3.4: a bypass reaches as far as the OAS. */
static bool identity(const struct smmuv3 *s, const struct smmuv3_stream *st,
                     const struct iovp_attrs *a, struct iovp_mapping_walk *w)
{
    uint64_t end = iovp_mask(smmuv3_oas_bits(s));
    struct smmuv3_result r;
    struct iovp_mapping m;

    if (w->first > end || w->first > w->last)
        return true;
    smmuv3_bypass_result(s, st, a, w->first, &r);
    m = mapping(w->first, w->last < end ? w->last : end, &r, r.perms);
    w->fn(w->ud, &m);
    return true;
}

bool smmuv3_mappings(void *core, const struct iovp_attrs *a,
                     struct iovp_mapping_walk *w)
{
    struct iovp_walk_record walk = {0};
    struct smmuv3_job j = {
        .s = core, .attrs = a, .walk = &walk, .debug = true, .fresh = true};
    struct smmuv3_stream st;
    struct iovp_regime r;

    smmuv3_regime(&j, &st, &r);
    switch (r.state) {
    case IOVP_STATE_OFF:
        return identity(core, NULL, a, w);
    case IOVP_STATE_IDENTITY:
        return identity(core, &st, a, w);
    case IOVP_STATE_TRANSLATED:
        return walk_tables(&j, &st, &r, w);
    default:
        return true;
    }
}

/* SPDX-License-Identifier: MIT */
/* VMSAv8-64 by recursion: one call is one level (Arm ARM D8). */
#include "ref_smmu.h"

unsigned ref_oas(const struct ref *r)
{
    switch (r->idr5 & 7) {
    case 0:
        return 32;
    case 1:
        return 36;
    case 2:
        return 40;
    case 3:
        return 42;
    case 4:
        return 44;
    case 6:
        return 52;
    default:
        return 48;
    }
}

static bool stop(struct ref_run *run, unsigned type, unsigned flags,
                 uint64_t addr)
{
    run->stop.type = type;
    run->stop.flags = flags;
    run->stop.addr = addr;
    return false;
}

/* Who is walking, and for what: needed to tell what went wrong. */
struct why {
    const struct ref_stage *s;
    unsigned flags; /* EV_S2 and class of a fault */
    uint64_t ipa;   /* of a stage 2 fault */
};

static bool fault(struct ref_run *run, const struct why *w, unsigned type)
{
    return stop(run, type, w->flags, w->ipa);
}

static bool get_desc(struct ref_run *run, const struct why *w, uint64_t at,
                     uint64_t *desc)
{
    unsigned flags = w->s->second ? w->flags : EV_CLASS_TT;

    if (!w->s->second && run->s2.on &&
        !ref_stage2_read(run, at, EV_CLASS_TT, &at))
        return false;
    if (!run->r->read(run->r->ud, at, 8, desc))
        return stop(run, E_WALK_EABT, flags, at);
    if (w->s->big_endian) {
        uint64_t d = *desc;
        int i;

        *desc = 0;
        for (i = 0; i < 8; i++, d >>= 8)
            *desc = *desc << 8 | (d & 0xff);
    }
    return true;
}

/* Address bits [47:low], and [51:48] where the format has them. */
static uint64_t address(const struct ref_run *run, const struct ref_stage *s,
                        uint64_t desc, unsigned low)
{
    uint64_t a = (desc & 0xffffffffffffull) >> low << low;

    if (s->granule == 16 && ref_oas(run->r) == 52)
        a += (desc >> 12 & 15) << 48;
    return a;
}

static bool may_be_block(const struct ref_run *run, const struct ref_stage *s,
                         int level)
{
    if (level == 1)
        return s->granule == 12 || (s->granule == 16 && ref_oas(run->r) == 52);
    return level == 2;
}

static bool take_leaf(struct ref_run *run, const struct why *w, int level,
                      uint64_t offset, uint64_t desc, struct ref_leaf *leaf)
{
    unsigned log2 = tb_shift(w->s->granule, level);
    uint64_t base = address(run, w->s, desc, log2);

    if (base >> w->s->out_bits)
        return fault(run, w, E_ADDR_SIZE);
    if (!(desc & D_AF) && !w->s->affd)
        return fault(run, w, E_ACCESS);
    leaf->out = base + offset;
    leaf->log2 = log2;
    leaf->desc = desc;
    return true;
}

/* `offset` is what remains of the address for this level and below. */
static bool descend(struct ref_run *run, const struct why *w, int level,
                    uint64_t table, uint64_t offset, struct ref_leaf *leaf)
{
    uint64_t span = 1ull << tb_shift(w->s->granule, level);
    uint64_t desc, next;

    if (!get_desc(run, w, table + offset / span * 8, &desc))
        return false;
    offset %= span;
    switch (desc & 3) {
    case 3:
        if (level == 3)
            return take_leaf(run, w, level, offset, desc, leaf);
        next = address(run, w->s, desc, w->s->granule);
        if (next >> w->s->out_bits)
            return fault(run, w, E_ADDR_SIZE);
        leaf->above |= desc;
        return descend(run, w, level + 1, next, offset, leaf);
    case 1:
        if (level < 3 && may_be_block(run, w->s, level))
            return take_leaf(run, w, level, offset, desc, leaf);
        return fault(run, w, E_TRANSLATION);
    default:
        return fault(run, w, E_TRANSLATION);
    }
}

static bool walk(struct ref_run *run, const struct why *w, uint64_t input,
                 struct ref_leaf *leaf)
{
    const struct ref_stage *s = w->s;
    uint64_t region = 1ull << s->in_bits;
    uint64_t size = 8 * (region >> tb_shift(s->granule, s->start));

    /* 52 bits of output: at least 64 bytes (5.2 S2TTB, 5.4 TTB0). */
    if (s->out_bits == 52 && size < 64)
        size = 64;
    leaf->above = 0;
    return descend(run, w, s->start, s->ttb / size * size, input % region,
                   leaf);
}

bool ref_stage1(struct ref_run *run, const struct ref_stage *s, uint64_t va,
                struct ref_leaf *leaf)
{
    struct why w = {s, EV_CLASS_IN, 0};

    return walk(run, &w, va, leaf);
}

bool ref_stage2(struct ref_run *run, uint64_t ipa, unsigned class_flags,
                struct ref_leaf *leaf)
{
    struct why w = {&run->s2, EV_S2 | class_flags, ipa};

    if (ipa >= 1ull << run->s2.in_bits)
        return fault(run, &w, E_TRANSLATION);
    return walk(run, &w, ipa, leaf);
}

bool ref_stage2_read(struct ref_run *run, uint64_t ipa, unsigned class_flags,
                     uint64_t *pa)
{
    struct ref_leaf leaf;
    unsigned ttrnw = class_flags == EV_CLASS_TT ? EV_TTRNW : 0;

    if (!ref_stage2(run, ipa, class_flags, &leaf))
        return false;
    if (!ref_s2_allows(run, &leaf, 'r', true) ||
        (run->s2ptw && ref_memattr(leaf.desc >> 2 & 15) < 16))
        return stop(run, E_PERMISSION, EV_S2 | class_flags | ttrnw, ipa);
    *pa = leaf.out;
    return true;
}

/* ---- permissions ------------------------------------------------------- */

static bool el2_allows(const struct ref_run *run, uint64_t desc, uint64_t above,
                       char kind)
{
    bool writable = !(desc & 1ull << 7) && !(above & 1ull << 62);
    bool xn = (desc & D_UXN) || (above & D_UXNTABLE);

    if (kind == 'r')
        return true;
    if (kind == 'w')
        return writable;
    return !xn && !(run->wxn && writable);
}

bool ref_s1_allows(const struct ref_run *run, const struct ref_stage *s,
                   const struct ref_leaf *leaf, char kind, bool priv)
{
    uint64_t above = s->had ? 0 : leaf->above;
    uint64_t desc = leaf->desc;
    bool read_only, user, user_writes, xn;

    if (run->el2)
        return el2_allows(run, desc, above, kind);
    read_only = (desc & 1ull << 7) || (above & 1ull << 62);
    user = (desc & 1ull << 6) && !(above & 1ull << 61);
    user_writes = user && !read_only;
    if (priv) {
        xn = (desc & D_PXN) || (above & D_PXNTABLE) || user_writes ||
             (run->wxn && !read_only);
        if (kind == 'x')
            return !xn;
        if (user && run->pan)
            return false;
        return kind == 'r' || !read_only;
    }
    xn = (desc & D_UXN) || (above & D_UXNTABLE) || (run->wxn && user_writes);
    if (kind == 'x')
        return !xn;
    return kind == 'r' ? user : user_writes;
}

bool ref_s2_allows(const struct ref_run *run, const struct ref_leaf *leaf,
                   char kind, bool priv)
{
    unsigned xn = leaf->desc >> 53 & 3;

    if (kind == 'r')
        return leaf->desc >> 6 & 1;
    if (kind == 'w')
        return leaf->desc >> 7 & 1;
    if (!(run->r->idr3 & 1u << 4))
        xn &= 2; /* FEAT_XNX: without it only XN[1] exists */
    switch (xn) {
    case 0:
        return true;
    case 1:
        return !priv;
    case 2:
        return false;
    default:
        return priv;
    }
}

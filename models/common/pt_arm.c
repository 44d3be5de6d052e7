/* SPDX-License-Identifier: MIT */
#include "pt_arm.h"

#include "bits.h"

/* Descriptor bits, Arm ARM D8.3. */
#define DESC_VALID    0
#define DESC_TABLE    1 /* below level 3: table; at level 3: page */
#define DESC_AP       6 /* AP[2:1] in [7:6]; stage 2: S2AP */
#define DESC_AF       10
#define DESC_PXN      53 /* stage 2: XN[0] */
#define DESC_UXN      54 /* stage 2: XN[1], EL2: XN */
#define DESC_PXNTABLE 59
#define DESC_UXNTABLE 60
#define DESC_APTABLE  61

#define LAST_LEVEL PT_ARM_LAST_LEVEL

static unsigned stride(const struct pt_arm_table *t)
{
    return t->granule_log2 - 3u;
}

uint8_t pt_arm_s1_start_level(unsigned granule_log2, unsigned input_bits)
{
    unsigned levels;

    if (input_bits <= granule_log2)
        return LAST_LEVEL;
    levels = (input_bits - granule_log2 - 1) / (granule_log2 - 3) + 1;
    return (uint8_t)(levels > 4 ? 0 : 4 - levels);
}

/* VTCR_EL2.SL0 per granule: the level for each encoding, and the physical
 * address size that encoding 2 needs at least. */
struct sl0_rule {
    int8_t level[4];
    uint8_t pa_min_sl0_2;
};

int pt_arm_s2_start_level(unsigned granule_log2, unsigned sl0,
                          unsigned input_bits, unsigned pa_bits, bool small)
{
    static const struct sl0_rule rules[3] = {
        {{2, 1, 0, -1}, 43}, /* 4 KB */
        {{3, 2, 1, -1}, 41}, /* 16 KB */
        {{3, 2, 1, -1}, 43}, /* 64 KB */
    };
    const struct sl0_rule *r = &rules[(granule_log2 - 12) / 2];
    struct pt_arm_table t = {.granule_log2 = (uint8_t)granule_log2};
    int level = r->level[sl0 & 3];
    unsigned shift;

    /* FEAT_TTST: small translation tables of 4 KB start at level 3. */
    if (small && granule_log2 == 12 && sl0 == 3)
        level = 3;
    if (level < 0 || (sl0 == 2 && pa_bits < r->pa_min_sl0_2))
        return -1;
    shift = pt_arm_level_shift(&t, level);
    /* D8.2.2: up to 16 tables of the initial level may be concatenated. */
    if (input_bits <= shift || input_bits - shift > stride(&t) + 4)
        return -1;
    return level;
}

void pt_arm_start(const struct pt_arm_table *t, struct pt_arm_walk *w)
{
    unsigned shift = pt_arm_level_shift(t, t->start_level);
    unsigned size_log2 = 3;

    if (t->input_bits > shift)
        size_log2 += t->input_bits - shift;
    /* IHI 0070 5.2 S2TTB, 5.4 TTB0: 52 bits of output want 64 bytes. */
    if (t->output_bits == 52 && size_log2 < 6)
        size_log2 = 6;
    w->table = iovp_align_down(t->base, size_log2);
    w->level = t->start_level;
    w->limits = (struct pt_arm_limits){false, false, false, false};
}

bool pt_arm_block_allowed(const struct pt_arm_table *t, int level)
{
    if (level == 2)
        return true;
    return level == 1 && (t->granule_log2 == 12 || t->lpa);
}

void pt_arm_add_limits(struct pt_arm_limits *l, uint64_t desc)
{
    l->no_el0 |= iovp_bit(desc, DESC_APTABLE);
    l->ro |= iovp_bit(desc, DESC_APTABLE + 1);
    l->uxn |= iovp_bit(desc, DESC_UXNTABLE);
    l->pxn |= iovp_bit(desc, DESC_PXNTABLE);
}

static enum pt_arm_step fault_step(enum pt_arm_fault *fault,
                                   enum pt_arm_fault f)
{
    *fault = f;
    return PT_ARM_STEP_FAULT;
}

enum pt_arm_step pt_arm_end(const struct pt_arm_table *t,
                            const struct pt_arm_walk *w, uint64_t desc,
                            struct pt_arm_leaf *leaf, enum pt_arm_fault *fault)
{
    bool last = w->level == LAST_LEVEL;

    if (!iovp_bit(desc, DESC_VALID))
        return fault_step(fault, PT_ARM_FAULT_TRANSLATION);
    /* A block at level 3, or where the granule has none, is reserved. */
    if (last ? !iovp_bit(desc, DESC_TABLE) : !pt_arm_block_allowed(t, w->level))
        return fault_step(fault, PT_ARM_FAULT_TRANSLATION);
    leaf->log2 = (uint8_t)pt_arm_level_shift(t, w->level);
    leaf->base = pt_arm_output(t, desc, leaf->log2);
    leaf->desc = desc;
    leaf->level = (uint8_t)w->level;
    leaf->limits = w->limits;
    if (leaf->base >> t->output_bits)
        return fault_step(fault, PT_ARM_FAULT_ADDR_SIZE);
    if (!iovp_bit(desc, DESC_AF) && !t->af_fault_disable)
        return fault_step(fault, PT_ARM_FAULT_ACCESS);
    return PT_ARM_STEP_LEAF;
}

static uint8_t rwx(bool r, bool w, bool x, uint8_t r_bit)
{
    return (uint8_t)((r ? r_bit : 0) | (w ? r_bit << 1 : 0) |
                     (x ? r_bit << 2 : 0));
}

uint8_t pt_arm_s1_perms(const struct pt_arm_leaf *leaf,
                        const struct pt_arm_perm_ctl *ctl)
{
    const struct pt_arm_limits *l = &leaf->limits;
    bool ro = iovp_bit(leaf->desc, DESC_AP + 1) || l->ro;
    bool el0 = iovp_bit(leaf->desc, DESC_AP) && !l->no_el0;
    bool uxn = iovp_bit(leaf->desc, DESC_UXN) || l->uxn;
    bool pxn = iovp_bit(leaf->desc, DESC_PXN) || l->pxn;
    bool uw = el0 && !ro;
    bool p = !(ctl->pan && el0);

    if (!ctl->two_privileges) {
        bool x = !uxn && !(ctl->wxn && !ro);

        return rwx(true, !ro, x, PT_ARM_UR) | rwx(true, !ro, x, PT_ARM_PR);
    }
    /* D8.4.1: what EL0 may write, EL1 may not execute. */
    return rwx(el0, uw, !uxn && !(ctl->wxn && uw), PT_ARM_UR) |
           rwx(p, p && !ro, !pxn && !uw && !(ctl->wxn && !ro), PT_ARM_PR);
}

uint8_t pt_arm_s2_perms(const struct pt_arm_leaf *leaf,
                        const struct pt_arm_perm_ctl *ctl)
{
    bool r = iovp_bit(leaf->desc, DESC_AP);
    bool w = iovp_bit(leaf->desc, DESC_AP + 1);
    bool xn1 = iovp_bit(leaf->desc, DESC_UXN);
    bool xn0 = ctl->xnx && iovp_bit(leaf->desc, DESC_PXN);

    /* D8.4.2 XN[1:0]: 0 both execute, 1 EL0 only, 2 none, 3 EL1 only. */
    return rwx(r, w, !xn1, PT_ARM_UR) | rwx(r, w, xn1 == xn0, PT_ARM_PR);
}

/* SPDX-License-Identifier: MIT */
/*
 * The AArch64 (VMSAv8-64) translation table walker: Arm ARM (DDI 0487)
 * chapter D8, as SMMUv3 uses it.  One lookup level at a time, so that the
 * caller decides what a table address means (an IPA or a PA), asks its walk
 * cache and keeps its record.  Nothing here reads memory or recurses.
 */
#ifndef IOVP_PT_ARM_H
#define IOVP_PT_ARM_H

#include <stdbool.h>
#include <stdint.h>

#include "walk_record.h"

enum pt_arm_fault {
    PT_ARM_OK = 0,
    PT_ARM_FAULT_TRANSLATION,
    PT_ARM_FAULT_ADDR_SIZE,
    PT_ARM_FAULT_ACCESS,
    PT_ARM_FAULT_PERMISSION,
    PT_ARM_FAULT_EXTERNAL, /* the descriptor could not be read */
};

/* A translation regime's geometry for one stage and one TTB. */
struct pt_arm_table {
    uint64_t base;        /* TTB, aligned by the walker */
    uint8_t granule_log2; /* 12, 14 or 16 */
    uint8_t input_bits;   /* 64 - TxSZ */
    uint8_t output_bits;  /* effective output address size */
    uint8_t start_level;  /* 0..3 */
    uint8_t stage;        /* 1 or 2 */
    bool big_endian;
    bool lpa;              /* 64 KB granule with 52-bit output: FEAT_LPA */
    bool hierarchical;     /* stage 1: APTable, XNTable apply (!HAD) */
    bool af_fault_disable; /* AFFD: a clear Access flag does not fault */
};

/* Hierarchical restrictions gathered from table descriptors (stage 1). */
struct pt_arm_limits {
    bool ro;     /* APTable[1] */
    bool no_el0; /* APTable[0] */
    bool uxn;    /* UXNTable / XNTable */
    bool pxn;    /* PXNTable */
};

/* Where the walk stands: the table to read next. */
struct pt_arm_walk {
    uint64_t table; /* address of the table, in the output space */
    int level;      /* its lookup level */
    struct pt_arm_limits limits;
};

/* A leaf (block or page) descriptor. */
struct pt_arm_leaf {
    uint64_t base; /* output address of the block or page */
    uint64_t desc;
    uint8_t log2; /* size of the block or page */
    uint8_t level;
    struct pt_arm_limits limits;
};

enum pt_arm_step {
    PT_ARM_STEP_TABLE, /* *walk now names the next table */
    PT_ARM_STEP_LEAF,  /* *leaf is valid, Access flag already checked */
    PT_ARM_STEP_FAULT, /* *fault says which */
};

#define PT_ARM_LAST_LEVEL 3

/* The lowest input address bit that a level resolves. */
static inline unsigned pt_arm_level_shift(const struct pt_arm_table *t,
                                          int level)
{
    return t->granule_log2 +
           (unsigned)(PT_ARM_LAST_LEVEL - level) * (t->granule_log2 - 3u);
}

/* The initial lookup level of stage 1 for the geometry (D8.2). */
uint8_t pt_arm_s1_start_level(unsigned granule_log2, unsigned input_bits);

/*
 * The start level that STE.S2SL0 encodes, or -1 if it is reserved for this
 * granule, inconsistent with the input size (at most 16 tables are
 * concatenated) or beyond what the physical address size allows.  `small`:
 * small translation tables (FEAT_TTST).
 */
int pt_arm_s2_start_level(unsigned granule_log2, unsigned sl0,
                          unsigned input_bits, unsigned pa_bits, bool small);

/* Can a descriptor of this level, above the last, be a block (D8.3)? */
bool pt_arm_block_allowed(const struct pt_arm_table *t, int level);

void pt_arm_start(const struct pt_arm_table *t, struct pt_arm_walk *w);

/* The address of the descriptor for `va` in the current table. */
static inline uint64_t pt_arm_desc_addr(const struct pt_arm_table *t,
                                        const struct pt_arm_walk *w,
                                        uint64_t va)
{
    unsigned shift = pt_arm_level_shift(t, w->level);
    unsigned bits = t->granule_log2 - 3u;

    /* The initial level may resolve fewer bits, or more if concatenated. */
    if (w->level == t->start_level)
        bits = t->input_bits > shift ? t->input_bits - shift : 0;
    return w->table + (((va >> shift) & ((1ull << bits) - 1)) << 3);
}

/* The output address in a descriptor, from bit `low` up. */
static inline uint64_t pt_arm_output(const struct pt_arm_table *t,
                                     uint64_t desc, unsigned low)
{
    uint64_t addr = desc & ((1ull << 48) - (1ull << low));

    if (t->lpa)
        addr |= (desc >> 12 & 15) << 48;
    return addr;
}

/* APTable, UXNTable and PXNTable of a table descriptor (D8.4.3). */
void pt_arm_add_limits(struct pt_arm_limits *l, uint64_t desc);

/* The part of pt_arm_step that ends a walk: a leaf or a fault. */
enum pt_arm_step pt_arm_end(const struct pt_arm_table *t,
                            const struct pt_arm_walk *w, uint64_t desc,
                            struct pt_arm_leaf *leaf, enum pt_arm_fault *fault);

/* Interpret the descriptor read there. */
static inline enum pt_arm_step pt_arm_step(const struct pt_arm_table *t,
                                           struct pt_arm_walk *w, uint64_t desc,
                                           struct pt_arm_leaf *leaf,
                                           enum pt_arm_fault *fault)
{
    if (t->big_endian)
        desc = __builtin_bswap64(desc);
    /* Valid and table: bits [1:0] are 0b11 above the last level. */
    if ((desc & 3) != 3 || w->level == PT_ARM_LAST_LEVEL)
        return pt_arm_end(t, w, desc, leaf, fault);
    w->table = pt_arm_output(t, desc, t->granule_log2);
    if (w->table >> t->output_bits) {
        *fault = PT_ARM_FAULT_ADDR_SIZE;
        return PT_ARM_STEP_FAULT;
    }
    if (t->hierarchical && desc >> 59)
        pt_arm_add_limits(&w->limits, desc);
    w->level++;
    return PT_ARM_STEP_TABLE;
}

/* Permissions as a set of bits, for both privilege levels at once. */
#define PT_ARM_UR (1u << 0)
#define PT_ARM_UW (1u << 1)
#define PT_ARM_UX (1u << 2)
#define PT_ARM_PR (1u << 3)
#define PT_ARM_PW (1u << 4)
#define PT_ARM_PX (1u << 5)

/* What the regime adds to the descriptor's permissions. */
struct pt_arm_perm_ctl {
    bool two_privileges; /* EL1&0 and EL2&0; false: EL2 or EL3 alone */
    bool wxn;
    bool pan;
    bool xnx; /* stage 2: XN is two bits (FEAT_XNX) */
};

uint8_t pt_arm_s1_perms(const struct pt_arm_leaf *leaf,
                        const struct pt_arm_perm_ctl *ctl);
uint8_t pt_arm_s2_perms(const struct pt_arm_leaf *leaf,
                        const struct pt_arm_perm_ctl *ctl);

/* The permission bits that an access needs. */
static inline uint8_t pt_arm_need(bool read, bool write, bool instruction,
                                  bool privileged)
{
    unsigned need = write ? PT_ARM_UW : 0;

    if (read)
        need |= instruction && !write ? PT_ARM_UX : PT_ARM_UR;
    return (uint8_t)(privileged ? need << 3 : need);
}

#endif

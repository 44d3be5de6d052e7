/* SPDX-License-Identifier: MIT */
#include "pt_arm_cursor.h"

#include "bits.h"

#define WINDOW_LOG2 6u /* bytes */

void pt_arm_cursor_init(struct pt_arm_cursor *c, const struct pt_arm_table *t,
                        pt_arm_read_fn *read, void *ud, uint32_t *budget)
{
    unsigned i;

    *c = (struct pt_arm_cursor){.table = t,
                                .read = read,
                                .ud = ud,
                                .budget = budget,
                                .level = t->start_level};
    pt_arm_start(t, &c->way[t->start_level]);
    for (i = 0; i < PT_ARM_LEVELS; i++)
        c->window[i].addr = 1;
}

static bool fetch(struct pt_arm_cursor *c, int level, uint64_t input,
                  uint64_t *desc)
{
    uint64_t at = pt_arm_desc_addr(c->table, &c->way[level], input);
    uint64_t base = iovp_align_down(at, WINDOW_LOG2);
    uint64_t *words = c->window[level].desc;

    if (*c->budget)
        --*c->budget;
    if (c->window[level].addr != base) {
        c->window[level].addr = 1;
        /* Of a window that cannot be read, this descriptor perhaps can. */
        if (!c->read(c->ud, level, base, words, PT_ARM_CURSOR_WINDOW))
            return c->read(c->ud, level, at, desc, 1);
        c->window[level].addr = base;
    }
    *desc = words[(at - base) / 8];
    return true;
}

/* The deepest table on the way to the last address that this one shares. */
static int shared_level(const struct pt_arm_cursor *c, uint64_t addr)
{
    int level = c->level;

    while (level > c->table->start_level &&
           (addr ^ c->addr) >> pt_arm_level_shift(c->table, level - 1))
        level--;
    return level;
}

enum pt_arm_fault pt_arm_look(struct pt_arm_cursor *c, uint64_t addr,
                              struct pt_arm_leaf *leaf, unsigned *log2)
{
    int level = shared_level(c, addr);
    enum pt_arm_fault fault;
    struct pt_arm_walk w;
    uint64_t desc;

    c->addr = addr;
    for (;;) {
        c->level = level;
        *log2 = pt_arm_level_shift(c->table, level);
        if (!fetch(c, level, addr, &desc))
            return PT_ARM_FAULT_EXTERNAL;
        w = c->way[level];
        switch (pt_arm_step(c->table, &w, desc, leaf, &fault)) {
        case PT_ARM_STEP_LEAF:
            return PT_ARM_OK;
        case PT_ARM_STEP_FAULT:
            return fault;
        default:
            /* The last level has no tables below: this ends. */
            c->way[++level] = w;
        }
    }
}

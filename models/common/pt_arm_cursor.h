/* SPDX-License-Identifier: MIT */
/*
 * A walker for many addresses in turn: it remembers its way through the
 * tables, so that a look at the next page costs one descriptor.  Nothing is
 * said about who reads the descriptors, nor what their addresses mean.
 */
#ifndef IOVP_PT_ARM_CURSOR_H
#define IOVP_PT_ARM_CURSOR_H

#include "pt_arm.h"

#define PT_ARM_LEVELS        (PT_ARM_LAST_LEVEL + 1)
#define PT_ARM_CURSOR_WINDOW 8u /* descriptors that are read at a time */

/*
 * Read `count` (1 or PT_ARM_CURSOR_WINDOW) little-endian descriptors at the
 * naturally aligned address `addr`, of the output space.  False: unreadable.
 */
typedef bool pt_arm_read_fn(void *ud, int level, uint64_t addr, uint64_t *desc,
                            unsigned count);

struct pt_arm_cursor {
    const struct pt_arm_table *table;
    pt_arm_read_fn *read;
    void *ud;
    uint32_t *budget; /* one less for every descriptor, down to 0 */
    uint64_t addr;    /* looked at last */
    int level;        /* at which that ended */
    struct pt_arm_walk way[PT_ARM_LEVELS]; /* to there */
    struct {
        uint64_t addr; /* 1: nothing was read */
        uint64_t desc[PT_ARM_CURSOR_WINDOW];
    } window[PT_ARM_LEVELS];
};

void pt_arm_cursor_init(struct pt_arm_cursor *c, const struct pt_arm_table *t,
                        pt_arm_read_fn *read, void *ud, uint32_t *budget);

/*
 * Look at one address within the table's input range; at most PT_ARM_LEVELS
 * descriptors.  PT_ARM_OK: *leaf is what maps it.  Else why nothing does.  The
 * same is true of the naturally aligned 2^*log2 bytes around it.
 */
enum pt_arm_fault pt_arm_look(struct pt_arm_cursor *c, uint64_t addr,
                              struct pt_arm_leaf *leaf, unsigned *log2);

#endif

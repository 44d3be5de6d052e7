/* SPDX-License-Identifier: MIT */
/*
 * A set of disjoint address ranges: a balanced (AVL) tree through the ranges
 * themselves, so that it never needs memory.  Each operation takes time
 * logarithmic in their number.  Private to capi/.
 */
#ifndef IOVP_RANGES_H
#define IOVP_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
    uint64_t first, last; /* inclusive */

    /* The tree's: of the subtree, its bounds and the most free addresses
     * between two neighbours. */
    struct range *child[2];
    uint64_t low, high, gap;
    int height;
};

struct ranges {
    struct range *root;
    size_t count;
};

/* `r` overlaps nothing in the set. */
void ranges_insert(struct ranges *t, struct range *r);
/* `r` is in the set. */
void ranges_remove(struct ranges *t, struct range *r);

/* The lowest that ends at `addr` or above, NULL: there is none. */
struct range *ranges_from(const struct ranges *t, uint64_t addr);
/* The highest that begins below `addr`. */
struct range *ranges_below(const struct ranges *t, uint64_t addr);

/* Some room: `bytes` (not 0), at an address that is `offset` modulo `align`, a
 * power of two. */
struct range_want {
    uint64_t bytes, align, offset;
};

/* The lowest such room in first..last that overlaps nothing in the set. */
bool ranges_room(const struct ranges *t, uint64_t first, uint64_t last,
                 const struct range_want *want, uint64_t *at);

#endif

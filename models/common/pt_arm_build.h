/* SPDX-License-Identifier: MIT */
/*
 * Making VMSAv8-64 translation tables: what pt_arm.h walks.  Where the tables
 * are is remembered on the host, so that nothing is ever read back: whoever
 * scribbles over tables in memory harms translations, and nothing here.
 * Little-endian; no contiguous hint; leaves are Normal Write-Back (AttrIndx 0
 * of stage 1), Inner Shareable, not global, with the Access flag set.
 */
#ifndef IOVP_PT_ARM_BUILD_H
#define IOVP_PT_ARM_BUILD_H

#include "heap.h"
#include "pt_arm.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pt_arm_node;

struct pt_arm_build_ops {
    /* `bytes` (a power of two) of cleared memory for a table, aligned to its
     * size; 0: there is none. */
    uint64_t (*alloc)(void *opaque, uint64_t bytes);
    void (*free)(void *opaque, uint64_t addr, uint64_t bytes);
    /* A descriptor: single-copy atomic. */
    void (*write64)(void *opaque, uint64_t addr, uint64_t desc);
};

/* The caller sets the first part. */
struct pt_arm_build {
    struct pt_arm_table table; /* base: the builder's */
    bool pages_only;           /* no blocks */
    struct iovp_heap heap;
    const struct pt_arm_build_ops *ops;
    void *opaque;

    struct pt_arm_node *root;
    struct pt_arm_node *dead; /* cut off, and not freed yet */
};

/*
 * Input addresses around a range, and with it, of which all that is outside of
 * the range is unmapped: which tables serve nobody else.
 */
struct pt_arm_room {
    uint64_t first, last;
};

/*
 * Set the initial level of lookup for stage, granule and input size: the last
 * one that can be.  What STE.S2SL0 says must agree with it.  False: the
 * granule, or this size of it, does not exist.
 */
bool pt_arm_build_geometry(struct pt_arm_table *t);
/* Bytes of the first table, concatenated ones included. */
uint64_t pt_arm_root_bytes(const struct pt_arm_table *t);
/* The largest block or page of at most `bytes`, as log2. */
unsigned pt_arm_block_log2(const struct pt_arm_table *t, uint64_t bytes);

/*
 * Permission and attribute bits of leaves for IOVP_RIGHT_*, in a regime of
 * two privilege levels with neither WXN nor PAN nor hierarchical limits.
 * `xnx`: FEAT_XNX.  NULL, or why no leaf says so.
 */
const char *pt_arm_build_rights(unsigned stage, bool xnx, uint32_t rights,
                                uint64_t *attrs);

/* Make the first table; table.base tells where.  False: no memory. */
bool pt_arm_build_create(struct pt_arm_build *b);
/* Frees everything.  Nothing may walk the tables any more. */
void pt_arm_build_destroy(struct pt_arm_build *b);

/*
 * Map what is unmapped: multiples of the granule, input addresses within
 * input_bits and output addresses within output_bits.  False: no memory, and
 * everything is as before.
 */
bool pt_arm_build_map(struct pt_arm_build *b, uint64_t va, uint64_t pa,
                      uint64_t bytes, uint64_t attrs,
                      const struct pt_arm_room *room);
/*
 * Unmap first..last, in which no mapping may begin or end in the middle.
 * Tables that served nothing else are cut off, and `dead` is not NULL: free
 * them when nothing walks them any more.
 */
void pt_arm_build_unmap(struct pt_arm_build *b, uint64_t first, uint64_t last,
                        const struct pt_arm_room *room);
/* Free the tables that were cut off. */
void pt_arm_build_reap(struct pt_arm_build *b);

#ifdef __cplusplus
}
#endif

#endif

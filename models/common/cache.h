/* SPDX-License-Identifier: MIT */
/*
 * The one cache of the project: set-associative, tagged by an address, a size
 * class and a context word, with a payload of fixed size.  Configuration
 * caches, TLBs and walk caches are instances of it.
 *
 * An entry covers the naturally aligned range of 2^log2 bytes that holds its
 * address, so pages of several sizes live in one cache.  A lookup probes only
 * those size classes of which the cache holds an entry.  Every operation is
 * bounded by the number of entries.  Memory is allocated at create only.
 */
#ifndef IOVP_CACHE_H
#define IOVP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "heap.h"

enum iovp_cache_policy {
    IOVP_POLICY_LRU = 0,
    IOVP_POLICY_PLRU = 1, /* tree pseudo-LRU; ways must be a power of two */
    IOVP_POLICY_RR = 2,   /* round robin per set */
    IOVP_POLICY_RANDOM = 3,
    IOVP_POLICIES = 4,
};

/* Size classes are powers of two from 2^0 to 2^63. */
#define IOVP_CACHE_CLASSES 64

struct iovp_cache_config {
    uint32_t entries; /* power of two, 1..2^20; 0: the cache is absent */
    uint32_t ways;    /* power of two, 1..64, at most entries */
    uint32_t policy;  /* enum iovp_cache_policy */
    uint32_t seed;    /* of the random policy */
};

struct iovp_cache_stats {
    uint64_t lookups;
    uint64_t hits;
    uint64_t fills;
    uint64_t evictions;     /* a valid entry was displaced by a fill */
    uint64_t invalidations; /* entries dropped by invalidation */
};

struct iovp_cache;

/* True if the geometry is one that iovp_cache_create accepts. */
bool iovp_cache_config_valid(const struct iovp_cache_config *c);

/*
 * NULL if the configuration is invalid or memory is short.  `payload` is the
 * size of an entry's data in bytes.  `heap` is copied; NULL: malloc's.
 */
struct iovp_cache *iovp_cache_create(const struct iovp_cache_config *c,
                                     uint32_t payload,
                                     const struct iovp_heap *heap);
void iovp_cache_destroy(struct iovp_cache *c);

/*
 * The payload of the entry that covers `addr` in context `ctx` or `alt` (a
 * second context for entries that are shared, such as global pages; equal to
 * `ctx` if there is none), NULL if there is no such entry.  If entries of
 * several sizes match, the smallest wins.  Counts a lookup and updates the
 * replacement state.  A context has 57 bits.
 */
void *iovp_cache_lookup(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                        uint64_t alt);

/* As above for one size class only. */
void *iovp_cache_lookup_class(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                              unsigned log2);

/* As lookup, without any side effect. */
const void *iovp_cache_peek(const struct iovp_cache *c, uint64_t addr,
                            uint64_t ctx, uint64_t alt);

/*
 * Make room for an entry (or reuse the one that is there) and return its
 * payload, which the caller must fill wholly.  NULL if the cache is absent.
 */
void *iovp_cache_fill(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                      unsigned log2);

/* As fill, for an entry that a lookup has just not found. */
void *iovp_cache_insert(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                        unsigned log2);

/*
 * Drop every entry whose range touches [first, last] and whose context
 * matches: (entry ctx & mask) == (ctx & mask).  Returns how many.
 */
uint32_t iovp_cache_invalidate(struct iovp_cache *c, uint64_t first,
                               uint64_t last, uint64_t ctx, uint64_t mask);

/*
 * Drop every entry for which match() returns true; `ud` is passed to it.
 * Returns how many.
 */
typedef bool iovp_cache_match_fn(void *ud, uint64_t addr, uint64_t ctx,
                                 unsigned log2, const void *payload);
uint32_t iovp_cache_invalidate_if(struct iovp_cache *c,
                                  iovp_cache_match_fn *match, void *ud);

void iovp_cache_flush(struct iovp_cache *c);
/* Back to the state after create, statistics and replacement state too. */
void iovp_cache_reset(struct iovp_cache *c);
const struct iovp_cache_stats *iovp_cache_get_stats(const struct iovp_cache *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a translation did: which caches were asked and every memory access it
 * made.  Timing is a calculation on this record.
 */
#ifndef IOVP_WALK_RECORD_H
#define IOVP_WALK_RECORD_H

#include <stdint.h>

#include "trace_record.h"

/*
 * A nested 4 KB walk with two-level STE and CD tables needs
 * 2 + (4 + 1) + (4 + 1) + 4 * (4 + 1) + 4 = 36 accesses; five levels of
 * stage 1 and two more of stage 2 stay below the bound.
 */
#define IOVP_WALK_MAX 64

enum iovp_walk_kind {
    IOVP_WALK_CONFIG = 0, /* STE, CD and the tables that lead to them */
    IOVP_WALK_S1 = 1,
    IOVP_WALK_S2 = 2,
};

struct iovp_walk_access {
    uint64_t addr;
    uint32_t latency_ps; /* as told by the bus, 0: not told */
    uint8_t kind;        /* enum iovp_walk_kind */
    int8_t level;
    uint8_t bytes;
    uint8_t pad;
};

struct iovp_walk_record {
    uint8_t caches; /* 2 bits a cache, enum iovp_cache_outcome */
    uint8_t count;  /* accesses made */
    struct iovp_walk_access access[IOVP_WALK_MAX];
};

static inline void iovp_walk_reset(struct iovp_walk_record *w)
{
    w->caches = 0;
    w->count = 0;
}

static inline void iovp_walk_cache(struct iovp_walk_record *w,
                                   enum iovp_cache_id id,
                                   enum iovp_cache_outcome o)
{
    w->caches =
        (uint8_t)((w->caches & ~(3u << (2 * id))) | ((unsigned)o << (2 * id)));
}

static inline enum iovp_cache_outcome iovp_walk_outcome(uint8_t caches,
                                                        enum iovp_cache_id id)
{
    return (enum iovp_cache_outcome)((caches >> (2 * id)) & 3);
}

static inline void iovp_walk_add(struct iovp_walk_record *w,
                                 enum iovp_walk_kind kind, int level,
                                 uint64_t addr, uint32_t bytes,
                                 uint64_t latency_ps)
{
    struct iovp_walk_access *a;

    if (w->count >= IOVP_WALK_MAX)
        return;
    a = &w->access[w->count++];
    a->addr = addr;
    a->latency_ps = latency_ps > UINT32_MAX ? UINT32_MAX : (uint32_t)latency_ps;
    a->kind = (uint8_t)kind;
    a->level = (int8_t)level;
    a->bytes = (uint8_t)bytes;
}

#endif

/* SPDX-License-Identifier: MIT */
#include "cache.h"

#include <string.h>

#include "bits.h"

/*
 * A tag is two words, so that four ways share a cache line of the host.  The
 * second word holds the caller's context in its low bits, the size class
 * above and a valid bit; a tag of zero is an empty way.
 */
#define CTX_BITS    57
#define TAG_VALID   (1ull << CTX_BITS)
#define CLASS_SHIFT (CTX_BITS + 1)

struct tag {
    uint64_t page; /* address >> log2 */
    uint64_t word;
};

struct iovp_cache {
    struct iovp_cache_config cfg;
    struct iovp_heap heap;
    uint32_t payload;
    uint32_t set_mask;
    uint32_t ways_log2;
    uint64_t classes;                    /* size classes that are present */
    uint32_t counts[IOVP_CACHE_CLASSES]; /* entries of each */
    struct tag *tags;
    uint64_t *stamp; /* LRU: time of last use per entry */
    uint64_t *set;   /* PLRU tree or round-robin pointer per set */
    uint8_t *data;
    uint64_t clock;
    uint64_t random;
    uint32_t valid;  /* entries in use */
    uint32_t recent; /* the entry that was hit or filled last */
    struct iovp_cache_stats stats;
};

bool iovp_cache_config_valid(const struct iovp_cache_config *c)
{
    if (c->entries == 0)
        return true;
    return iovp_is_pow2(c->entries) && c->entries <= 1u << 20 &&
           iovp_is_pow2(c->ways) && c->ways <= 64 && c->ways <= c->entries &&
           c->policy < IOVP_POLICIES;
}

static uint64_t seed_of(const struct iovp_cache_config *c)
{
    return (uint64_t)c->seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull;
}

struct iovp_cache *iovp_cache_create(const struct iovp_cache_config *c,
                                     uint32_t payload,
                                     const struct iovp_heap *heap)
{
    static const struct iovp_heap malloc_heap = {NULL, NULL, NULL};
    struct iovp_cache *cache;
    uint64_t n = c->entries;

    if (!iovp_cache_config_valid(c))
        return NULL;
    if (!heap)
        heap = &malloc_heap;
    cache = iovp_heap_alloc(heap, sizeof(*cache));
    if (!cache)
        return NULL;
    cache->heap = *heap;
    cache->cfg = *c;
    cache->payload = (payload + 7u) & ~7u;
    cache->random = seed_of(c);
    if (n == 0)
        return cache;
    cache->set_mask = c->entries / c->ways - 1;
    cache->ways_log2 = (uint32_t)__builtin_ctz(c->ways);
    cache->tags = iovp_heap_alloc(heap, n * sizeof(*cache->tags));
    cache->stamp = iovp_heap_alloc(heap, n * sizeof(*cache->stamp));
    cache->set = iovp_heap_alloc(heap, n / c->ways * sizeof(*cache->set));
    cache->data =
        iovp_heap_alloc(heap, n * (cache->payload ? cache->payload : 8));
    if (!cache->tags || !cache->stamp || !cache->set || !cache->data) {
        iovp_cache_destroy(cache);
        return NULL;
    }
    return cache;
}

void iovp_cache_destroy(struct iovp_cache *c)
{
    struct iovp_heap heap;

    if (!c)
        return;
    heap = c->heap;
    iovp_heap_free(&heap, c->tags);
    iovp_heap_free(&heap, c->stamp);
    iovp_heap_free(&heap, c->set);
    iovp_heap_free(&heap, c->data);
    iovp_heap_free(&heap, c);
}

/* What a context contributes to tags and to the choice of a set. */
struct key {
    uint64_t word;
    uint32_t spread;
};

/*
 * As hardware does, consecutive pages fall into consecutive sets; the context
 * only rotates where a space begins, so that spaces with the same layout do
 * not all fight for the same sets.
 */
static inline struct key key_of(uint64_t ctx)
{
    return (struct key){(ctx & iovp_mask(CTX_BITS)) | TAG_VALID,
                        (uint32_t)((ctx * 0x9e3779b97f4a7c15ull) >> 40)};
}

static inline struct tag tag_of(struct key key, uint64_t addr, unsigned log2)
{
    return (struct tag){addr >> log2, key.word | (uint64_t)log2 << CLASS_SHIFT};
}

static unsigned tag_class(const struct tag *t)
{
    return (unsigned)(t->word >> CLASS_SHIFT);
}

static inline uint32_t set_of(const struct iovp_cache *c, struct key key,
                              uint64_t page)
{
    return ((uint32_t)page ^ (uint32_t)(page >> 20) ^ key.spread) & c->set_mask;
}

static void *data_of(const struct iovp_cache *c, uint32_t index)
{
    return c->data + (size_t)index * c->payload;
}

/* The page first: it differs most often. */
static inline bool matches(const struct tag *t, const struct tag *want)
{
    return t->page == want->page && t->word == want->word;
}

/* Index of the matching entry, or -1. */
static inline int64_t find(const struct iovp_cache *c, uint64_t addr,
                           struct key key, unsigned log2)
{
    const struct tag want = tag_of(key, addr, log2);
    const struct tag *t =
        c->tags + ((size_t)set_of(c, key, want.page) << c->ways_log2);
    const struct tag *end = t + c->cfg.ways;

    for (; t < end; t++)
        if (matches(t, &want))
            return t - c->tags;
    return -1;
}

/* Walk the tree from the root and point every node away from `way`. */
static void plru_touch(struct iovp_cache *c, uint32_t set, uint32_t way)
{
    uint32_t span = c->cfg.ways;
    uint32_t node = 1;

    while (span > 1) {
        bool right;

        span /= 2;
        right = (way & span) != 0;
        if (right)
            c->set[set] &= ~(1ull << (node - 1));
        else
            c->set[set] |= 1ull << (node - 1);
        node = node * 2 + right;
    }
}

static uint32_t plru_victim(const struct iovp_cache *c, uint32_t set)
{
    uint32_t span = c->cfg.ways;
    uint32_t node = 1;
    uint32_t way = 0;

    while (span > 1) {
        bool right = (c->set[set] >> (node - 1)) & 1;

        span /= 2;
        if (right)
            way |= span;
        node = node * 2 + right;
    }
    return way;
}

static void touch(struct iovp_cache *c, uint32_t index)
{
    if (c->cfg.policy == IOVP_POLICY_LRU)
        c->stamp[index] = ++c->clock;
    else if (c->cfg.policy == IOVP_POLICY_PLRU)
        plru_touch(c, index >> c->ways_log2, index & (c->cfg.ways - 1));
}

/* An entry was hit or filled: remember that, and give its payload. */
static inline void *use(struct iovp_cache *c, uint32_t i)
{
    c->recent = i;
    touch(c, i);
    return data_of(c, i);
}

void *iovp_cache_lookup_class(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                              unsigned log2)
{
    int64_t i;

    c->stats.lookups++;
    if (!((c->classes >> log2) & 1))
        return NULL;
    i = find(c, addr, key_of(ctx), log2);
    if (i < 0)
        return NULL;
    c->stats.hits++;
    return use(c, (uint32_t)i);
}

static int64_t find_any(const struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                        uint64_t alt)
{
    struct key key = key_of(ctx);
    uint64_t left = c->classes;

    for (; left; left &= left - 1) {
        unsigned log2 = (unsigned)__builtin_ctzll(left);
        int64_t i = find(c, addr, key, log2);

        if (i < 0 && alt != ctx)
            i = find(c, addr, key_of(alt), log2);
        if (i >= 0)
            return i;
    }
    return -1;
}

/*
 * The entry used last is tried first: it is the one if it matches and no
 * smaller one could hide it, that is, if all entries are of one size.
 */
static inline bool is_recent(const struct iovp_cache *c, uint64_t addr,
                             uint64_t ctx)
{
    const struct tag *t = &c->tags[c->recent];
    unsigned log2 = tag_class(t);
    const struct tag want = tag_of(key_of(ctx), addr, log2);

    return c->classes == 1ull << log2 && matches(t, &want);
}

void *iovp_cache_lookup(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                        uint64_t alt)
{
    int64_t i;

    c->stats.lookups++;
    if (!c->classes)
        return NULL;
    i = is_recent(c, addr, ctx) ? c->recent : find_any(c, addr, ctx, alt);
    if (i < 0)
        return NULL;
    c->stats.hits++;
    return use(c, (uint32_t)i);
}

const void *iovp_cache_peek(const struct iovp_cache *c, uint64_t addr,
                            uint64_t ctx, uint64_t alt)
{
    int64_t i = find_any(c, addr, ctx, alt);

    return i < 0 ? NULL : data_of(c, (uint32_t)i);
}

static uint64_t next_random(struct iovp_cache *c)
{
    c->random ^= c->random << 13;
    c->random ^= c->random >> 7;
    c->random ^= c->random << 17;
    return c->random;
}

static uint32_t oldest(const struct iovp_cache *c, uint32_t first)
{
    uint32_t best = first;
    uint32_t i;

    for (i = first + 1; i < first + c->cfg.ways; i++)
        if (c->stamp[i] < c->stamp[best])
            best = i;
    return best;
}

static uint32_t victim(struct iovp_cache *c, uint32_t set)
{
    uint32_t first = set * c->cfg.ways;

    switch (c->cfg.policy) {
    case IOVP_POLICY_PLRU:
        return first + plru_victim(c, set);
    case IOVP_POLICY_RR:
        return first + (uint32_t)(c->set[set]++ & (c->cfg.ways - 1));
    case IOVP_POLICY_RANDOM:
        return first + (uint32_t)(next_random(c) & (c->cfg.ways - 1));
    default:
        return oldest(c, first);
    }
}

static inline void count(struct iovp_cache *c, unsigned log2)
{
    c->valid++;
    c->counts[log2]++;
    c->classes |= 1ull << log2;
}

static inline void uncount(struct iovp_cache *c, unsigned log2)
{
    c->valid--;
    if (--c->counts[log2] == 0)
        c->classes &= ~(1ull << log2);
}

static inline void evict(struct iovp_cache *c, unsigned old, unsigned log2)
{
    c->stats.evictions++;
    if (old == log2)
        return;
    uncount(c, old);
    count(c, log2);
}

static void drop(struct iovp_cache *c, uint32_t index)
{
    uncount(c, tag_class(&c->tags[index]));
    c->tags[index] = (struct tag){0, 0};
}

/* A free way of a set, else the victim; a full cache has no free ones. */
static inline uint32_t room_in(struct iovp_cache *c, uint32_t set)
{
    uint32_t first = set << c->ways_log2;
    uint32_t i;

    if (c->valid < c->cfg.entries)
        for (i = first; i < first + c->cfg.ways; i++)
            if (!c->tags[i].word)
                return i;
    return victim(c, set);
}

static inline void *put(struct iovp_cache *c, uint32_t i, const struct tag *tag)
{
    struct tag *way = &c->tags[i];

    if (!way->word)
        count(c, tag_class(tag));
    else
        evict(c, tag_class(way), tag_class(tag));
    *way = *tag;
    c->stats.fills++;
    return use(c, i);
}

void *iovp_cache_insert(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                        unsigned log2)
{
    const struct key key = key_of(ctx);
    const struct tag tag = tag_of(key, addr, log2);

    if (c->cfg.entries == 0)
        return NULL;
    return put(c, room_in(c, set_of(c, key, tag.page)), &tag);
}

void *iovp_cache_fill(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                      unsigned log2)
{
    int64_t i = c->classes ? find(c, addr, key_of(ctx), log2) : -1;

    if (i < 0)
        return iovp_cache_insert(c, addr, ctx, log2);
    c->stats.fills++;
    return use(c, (uint32_t)i);
}

static bool touches(const struct tag *t, uint64_t first, uint64_t last)
{
    unsigned log2 = tag_class(t);
    uint64_t start = t->page << log2;

    return start <= last && (start | iovp_mask(log2)) >= first;
}

/*
 * A small range with an exact context is looked up page by page instead of
 * scanned for: what TLBI by address does most of the time.
 */
static bool invalidate_exact(struct iovp_cache *c, uint64_t first,
                             uint64_t last, uint64_t ctx, uint32_t *dropped)
{
    uint64_t left = c->classes;
    struct key key = key_of(ctx);

    if (left && ((last - first) >> __builtin_ctzll(left)) > 16)
        return false;
    for (; left; left &= left - 1) {
        unsigned log2 = (unsigned)__builtin_ctzll(left);
        uint64_t page = first >> log2;
        uint64_t pages = (last >> log2) - page + 1;

        for (; pages; pages--, page++) {
            int64_t i;

            while ((i = find(c, page << log2, key, log2)) >= 0) {
                drop(c, (uint32_t)i);
                ++*dropped;
            }
        }
    }
    return true;
}

uint32_t iovp_cache_invalidate(struct iovp_cache *c, uint64_t first,
                               uint64_t last, uint64_t ctx, uint64_t mask)
{
    uint32_t dropped = 0;
    uint32_t i;

    mask &= iovp_mask(CTX_BITS);
    if (mask != iovp_mask(CTX_BITS) ||
        !invalidate_exact(c, first, last, ctx, &dropped)) {
        for (i = 0; i < c->cfg.entries; i++) {
            const struct tag *t = &c->tags[i];

            if (t->word && ((t->word ^ ctx) & mask) == 0 &&
                touches(t, first, last)) {
                drop(c, i);
                dropped++;
            }
        }
    }
    c->stats.invalidations += dropped;
    return dropped;
}

uint32_t iovp_cache_invalidate_if(struct iovp_cache *c,
                                  iovp_cache_match_fn *match, void *ud)
{
    uint32_t dropped = 0;
    uint32_t i;

    for (i = 0; i < c->cfg.entries; i++) {
        const struct tag *t = &c->tags[i];
        unsigned log2 = tag_class(t);

        if (t->word && match(ud, t->page << log2, t->word & iovp_mask(CTX_BITS),
                             log2, data_of(c, i))) {
            drop(c, i);
            dropped++;
        }
    }
    c->stats.invalidations += dropped;
    return dropped;
}

void iovp_cache_flush(struct iovp_cache *c)
{
    iovp_cache_invalidate(c, 0, UINT64_MAX, 0, 0);
}

void iovp_cache_reset(struct iovp_cache *c)
{
    if (c->cfg.entries) {
        memset(c->tags, 0, c->cfg.entries * sizeof(*c->tags));
        memset(c->stamp, 0, c->cfg.entries * sizeof(*c->stamp));
        memset(c->set, 0, c->cfg.entries / c->cfg.ways * sizeof(*c->set));
    }
    memset(c->counts, 0, sizeof(c->counts));
    c->classes = 0;
    c->valid = 0;
    c->clock = 0;
    c->recent = 0;
    c->random = seed_of(&c->cfg);
    c->stats = (struct iovp_cache_stats){0, 0, 0, 0, 0};
}

const struct iovp_cache_stats *iovp_cache_get_stats(const struct iovp_cache *c)
{
    return &c->stats;
}

/* SPDX-License-Identifier: MIT */
/*
 * Any geometry: after random fills, lookups and invalidations the cache holds
 * nothing but what was filled last and not dropped since, and invalidation by
 * range, context and mask drops what a scan of everything would drop.
 */
#include <string.h>

#include "../models/common/cache.h"
#include "shim.h"
#include "smmu_tables.h"

#define KEYS 600

/* Everything that was ever filled and may still be there. */
struct key {
    uint64_t base, ctx, value;
    unsigned log2;
    bool live;
};

struct shadow {
    struct iovp_cache *c;
    struct rnd r;
    struct key key[KEYS];
    unsigned keys;
    uint64_t count; /* of values */
};

static const unsigned char classes[] = {12, 12, 12, 14, 16, 21, 25, 30, 39};

static uint64_t some_ctx(struct shadow *s)
{
    /* A few worlds, VMIDs and ASIDs, so that masks mean something. */
    return rnd_below(&s->r, 2) | (uint64_t)rnd_below(&s->r, 3) << 2 |
           (uint64_t)rnd_below(&s->r, 3) << 18 |
           (uint64_t)rnd_below(&s->r, 2) << 56;
}

static uint64_t some_addr(struct shadow *s)
{
    uint64_t a = rnd64(&s->r) & 0x3ffffff000ull;

    if (rnd_chance(&s->r, 60))
        a &= 0x3f000;
    if (rnd_chance(&s->r, 20))
        a |= 0xffffffc000000000ull;
    return a;
}

static struct key *find_key(struct shadow *s, uint64_t base, uint64_t ctx,
                            unsigned log2)
{
    unsigned i;

    for (i = 0; i < s->keys; i++)
        if (s->key[i].base == base && s->key[i].ctx == ctx &&
            s->key[i].log2 == log2)
            return &s->key[i];
    return NULL;
}

static void do_fill(struct shadow *s)
{
    unsigned log2 = classes[rnd_below(&s->r, sizeof(classes))];
    uint64_t addr = some_addr(s), ctx = some_ctx(s);
    uint64_t base = addr >> log2 << log2;
    struct key *k = find_key(s, base, ctx, log2);
    void *p;

    if (!k) {
        if (s->keys == KEYS)
            return;
        k = &s->key[s->keys++];
    }
    *k = (struct key){base, ctx, ++s->count, log2, true};
    p = iovp_cache_fill(s->c, addr, ctx, log2);
    CHECK(p != NULL);
    memcpy(p, &k->value, 8);
    /* What was just filled is there. */
    p = iovp_cache_lookup_class(s->c, addr, ctx, log2);
    CHECK(p != NULL && memcmp(p, &k->value, 8) == 0);
}

/* Learn which keys were evicted; a value must be the one filled last. */
static void settle(struct shadow *s)
{
    unsigned i;

    for (i = 0; i < s->keys; i++) {
        struct key *k = &s->key[i];
        const void *p = iovp_cache_lookup_class(s->c, k->base, k->ctx, k->log2);

        if (!k->live) {
            CHECK(p == NULL);
            continue;
        }
        if (!p)
            k->live = false;
        else
            CHECK_MEM(p, &k->value, 8);
    }
}

static unsigned live_keys(const struct shadow *s)
{
    unsigned i, n = 0;

    for (i = 0; i < s->keys; i++)
        n += s->key[i].live;
    return n;
}

/* The smallest live entry of either context that covers the address. */
static void do_lookup(struct shadow *s)
{
    uint64_t addr = some_addr(s) | (rnd64(&s->r) & 0xfff);
    uint64_t ctx = some_ctx(s), alt = some_ctx(s);
    const void *p = iovp_cache_peek(s->c, addr, ctx, alt);
    const struct key *best = NULL;
    uint64_t value = 0;
    unsigned i;

    if (p)
        memcpy(&value, p, 8);
    for (i = 0; i < s->keys; i++) {
        const struct key *k = &s->key[i];

        if (!k->live || addr >> k->log2 << k->log2 != k->base ||
            (k->ctx != ctx && k->ctx != alt))
            continue;
        if (!best || k->log2 < best->log2 ||
            (k->log2 == best->log2 && k->ctx == ctx))
            best = k;
    }
    CHECK_EQ(value, best ? best->value : 0);
}

static void do_invalidate(struct shadow *s)
{
    static const uint64_t masks[] = {
        ~0ull, ~0ull, ~0ull, ~(0xffffull << 18), ~(0xffffull << 2), 3, 0};
    uint64_t mask = masks[rnd_below(&s->r, 7)], ctx = some_ctx(s);
    uint64_t first = some_addr(s), last = first + 0xfff;
    unsigned i, expect = 0;

    switch (rnd_below(&s->r, 5)) {
    case 0:
        first = 0;
        last = ~0ull;
        break;
    case 1:
        last = first + (rnd64(&s->r) & 0xffffff);
        if (last < first)
            last = ~0ull;
        break;
    case 2:
        last = first;
        break;
    default:
        break;
    }
    for (i = 0; i < s->keys; i++) {
        struct key *k = &s->key[i];
        uint64_t end = k->base + ((1ull << k->log2) - 1);

        if (!k->live || k->base > last || end < first ||
            ((k->ctx ^ ctx) & mask & ((1ull << 57) - 1)))
            continue;
        k->live = false;
        expect++;
    }
    CHECK_EQ(iovp_cache_invalidate(s->c, first, last, ctx, mask), expect);
}

static bool odd_value(void *ud, uint64_t addr, uint64_t ctx, unsigned log2,
                      const void *payload)
{
    struct shadow *s = ud;
    struct key *k = find_key(s, addr, ctx, log2);
    uint64_t v;

    memcpy(&v, payload, 8);
    CHECK(k != NULL && k->live && k->value == v);
    return v & 1;
}

static void do_invalidate_if(struct shadow *s)
{
    unsigned i, expect = 0;

    for (i = 0; i < s->keys; i++)
        expect += s->key[i].live && (s->key[i].value & 1);
    CHECK_EQ(iovp_cache_invalidate_if(s->c, odd_value, s), expect);
    for (i = 0; i < s->keys; i++)
        if (s->key[i].value & 1)
            s->key[i].live = false;
}

static void run(uint32_t entries, uint32_t ways, uint32_t policy)
{
    struct iovp_cache_config c = {entries, ways, policy, 5};
    struct shadow s;
    const struct iovp_cache_stats *st;
    unsigned round, i;

    memset(&s, 0, sizeof(s));
    s.c = iovp_cache_create(&c, 8, NULL);
    REQUIRE(s.c != NULL);
    s.r.state = entries * 64 + ways * 4 + policy + 1;
    for (round = 0; round < 12; round++) {
        for (i = 0; i < 40; i++)
            do_fill(&s);
        settle(&s);
        for (i = 0; i < 40; i++)
            do_lookup(&s);
        for (i = 0; i < 4; i++)
            do_invalidate(&s);
        if (round % 4 == 3)
            do_invalidate_if(&s);
        settle(&s);
        CHECK(live_keys(&s) <= entries);
    }
    st = iovp_cache_get_stats(s.c);
    CHECK(st->hits <= st->lookups);
    iovp_cache_flush(s.c);
    for (i = 0; i < s.keys; i++)
        CHECK(iovp_cache_peek(s.c, s.key[i].base, s.key[i].ctx, s.key[i].ctx) ==
              NULL);
    iovp_cache_destroy(s.c);
}

TEST_CASE(CacheRandom, EveryPolicyAndGeometry)
{
    static const struct {
        uint32_t entries, ways;
    } g[] = {{1, 1},  {2, 1},  {2, 2},    {8, 2},    {16, 4},
             {64, 1}, {64, 8}, {256, 64}, {1024, 4}, {4096, 16}};
    uint32_t policy;
    unsigned i;

    for (policy = 0; policy < IOVP_POLICIES; policy++)
        for (i = 0; i < sizeof(g) / sizeof(g[0]); i++)
            run(g[i].entries, g[i].ways, policy);
}

/* Fills that miss are either still there, evicted or invalidated. */
TEST_CASE(CacheRandom, EntriesAreAccountedFor)
{
    struct iovp_cache_config c = {64, 4, IOVP_POLICY_PLRU, 1};
    struct iovp_cache *cache = iovp_cache_create(&c, 8, NULL);
    const struct iovp_cache_stats *s = iovp_cache_get_stats(cache);
    struct rnd r = {.state = 3};
    uint64_t page, there = 0, fresh = 0;
    unsigned i;

    for (i = 0; i < 5000; i++) {
        page = rnd_below(&r, 300);
        if (rnd_chance(&r, 5)) {
            iovp_cache_invalidate(cache, page << 12, (page + 3) << 12, 1,
                                  ~0ull);
            continue;
        }
        fresh += iovp_cache_peek(cache, page << 12, 1, 1) == NULL;
        iovp_cache_fill(cache, page << 12, 1, 12);
    }
    for (page = 0; page < 310; page++)
        there += iovp_cache_peek(cache, page << 12, 1, 1) != NULL;
    CHECK_EQ(fresh, there + s->evictions + s->invalidations);
    CHECK(s->evictions > 1000);
    CHECK(s->invalidations > 20);
    iovp_cache_destroy(cache);
}

/* Consecutive pages fill all sets before any is evicted (cache.h: by set). */
TEST_CASE(CacheRandom, SequentialPagesUseEverySet)
{
    struct iovp_cache_config c = {256, 4, IOVP_POLICY_LRU, 0};
    struct iovp_cache *cache = iovp_cache_create(&c, 8, NULL);
    uint64_t page;

    for (page = 0x1000; page < 0x1000 + 256; page++)
        iovp_cache_fill(cache, page << 12, 77, 12);
    CHECK_EQ(iovp_cache_get_stats(cache)->evictions, 0);
    iovp_cache_destroy(cache);
}

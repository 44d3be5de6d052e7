/* SPDX-License-Identifier: MIT */
/*
 * The cache against simple models of it: one set of every policy, and the
 * contents of any geometry after random operations.
 */
#include <string.h>

#include "../models/common/cache.h"
#include "shim.h"
#include "smmu_tables.h"

static struct iovp_cache *make(uint32_t entries, uint32_t ways, uint32_t policy,
                               uint32_t seed)
{
    struct iovp_cache_config c = {entries, ways, policy, seed};

    return iovp_cache_create(&c, 8, NULL);
}

static void fill(struct iovp_cache *c, uint64_t addr, uint64_t ctx,
                 unsigned log2, uint64_t value)
{
    void *p = iovp_cache_fill(c, addr, ctx, log2);

    CHECK(p != NULL);
    if (p)
        memcpy(p, &value, 8);
}

/* The value at an address, 0 if there is none. */
static uint64_t get(struct iovp_cache *c, uint64_t addr, uint64_t ctx)
{
    const void *p = iovp_cache_lookup(c, addr, ctx, ctx);
    uint64_t v = 0;

    if (p)
        memcpy(&v, p, 8);
    return v;
}

static uint64_t look(const struct iovp_cache *c, uint64_t addr, uint64_t ctx)
{
    const void *p = iovp_cache_peek(c, addr, ctx, ctx);
    uint64_t v = 0;

    if (p)
        memcpy(&v, p, 8);
    return v;
}

/* ---- geometry ---------------------------------------------------------- */

TEST_CASE(CacheConfig, Validity)
{
    static const struct {
        uint32_t entries, ways, policy;
        bool valid;
    } k[] = {
        {0, 0, 0, true},        {0, 3, 9, true},         {1, 1, 0, true},
        {1, 2, 0, false},       {2, 2, 1, true},         {3, 1, 0, false},
        {64, 64, 0, true},      {128, 64, 3, true},      {128, 128, 0, false},
        {64, 0, 0, false},      {64, 3, 0, false},       {64, 4, 4, false},
        {1u << 20, 4, 0, true}, {1u << 21, 4, 0, false}, {~0u, 1, 0, false},
        {64, ~0u, 0, false},
    };
    unsigned i;

    for (i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
        struct iovp_cache_config c = {k[i].entries, k[i].ways, k[i].policy, 0};
        struct iovp_cache *cache = iovp_cache_create(&c, 16, NULL);

        CHECK_EQ(iovp_cache_config_valid(&c), k[i].valid);
        CHECK_EQ(cache != NULL, k[i].valid);
        iovp_cache_destroy(cache);
    }
    iovp_cache_destroy(NULL);
}

TEST_CASE(CacheConfig, AbsentCache)
{
    struct iovp_cache *c = make(0, 0, 0, 0);

    REQUIRE(c != NULL);
    CHECK(iovp_cache_fill(c, 0x1000, 1, 12) == NULL);
    CHECK(iovp_cache_lookup(c, 0x1000, 1, 2) == NULL);
    CHECK(iovp_cache_lookup_class(c, 0x1000, 1, 12) == NULL);
    CHECK(iovp_cache_peek(c, 0x1000, 1, 1) == NULL);
    CHECK_EQ(iovp_cache_invalidate(c, 0, ~0ull, 0, 0), 0);
    iovp_cache_flush(c);
    iovp_cache_reset(c);
    CHECK_EQ(iovp_cache_get_stats(c)->hits, 0);
    iovp_cache_destroy(c);
}

/* ---- what a lookup finds ----------------------------------------------- */

TEST_CASE(Cache, EverySizeClass)
{
    unsigned log2;

    for (log2 = 0; log2 < IOVP_CACHE_CLASSES; log2++) {
        struct iovp_cache *c = make(16, 4, IOVP_POLICY_LRU, 0);
        uint64_t base = log2 < 63 ? 3ull << log2 : 1ull << 63;
        uint64_t last = base + (1ull << log2) - 1;

        fill(c, base + ((last - base) / 2), 5, log2, 7);
        CHECK_EQ(get(c, base, 5), 7);
        CHECK_EQ(get(c, last, 5), 7);
        CHECK_EQ(get(c, base - 1, 5), 0);
        CHECK_EQ(get(c, last + 1, 5), 0);
        CHECK_EQ(get(c, base, 4), 0);
        CHECK(iovp_cache_lookup_class(c, base, 5, log2) != NULL);
        CHECK(iovp_cache_lookup_class(c, base, 5, (log2 + 1) % 64) == NULL);
        iovp_cache_destroy(c);
    }
}

TEST_CASE(Cache, SmallestSizeWins)
{
    struct iovp_cache *c = make(16, 16, IOVP_POLICY_LRU, 0);

    fill(c, 0x40000000, 1, 30, 30);
    fill(c, 0x40200000, 1, 21, 21);
    fill(c, 0x40201000, 1, 12, 12);
    CHECK_EQ(get(c, 0x40201fff, 1), 12);
    CHECK_EQ(get(c, 0x40202000, 1), 21);
    CHECK_EQ(get(c, 0x40400000, 1), 30);
    iovp_cache_destroy(c);
}

TEST_CASE(Cache, SecondContext)
{
    struct iovp_cache *c = make(64, 4, IOVP_POLICY_LRU, 0);

    fill(c, 0x1000, 10, 12, 1);
    fill(c, 0x2000, 20, 12, 2);
    CHECK(iovp_cache_lookup(c, 0x1000, 10, 20) != NULL);
    CHECK(iovp_cache_lookup(c, 0x2000, 10, 20) != NULL);
    CHECK(iovp_cache_lookup(c, 0x2000, 10, 10) == NULL);
    CHECK(iovp_cache_peek(c, 0x1000, 20, 10) != NULL);
    CHECK(iovp_cache_peek(c, 0x1000, 20, 30) == NULL);
    iovp_cache_destroy(c);
}

/* Contexts that differ in any of their 57 bits are different. */
TEST_CASE(Cache, EveryContextBit)
{
    unsigned bit;

    for (bit = 0; bit < 57; bit++) {
        struct iovp_cache *c = make(4, 4, IOVP_POLICY_LRU, 0);

        fill(c, 0x1000, 1ull << bit, 12, bit + 1);
        CHECK_EQ(get(c, 0x1000, 1ull << bit), bit + 1);
        CHECK_EQ(get(c, 0x1000, 0), 0);
        CHECK_EQ(get(c, 0x1000, 1ull << (bit + 1) % 57), 0);
        iovp_cache_destroy(c);
    }
}

/* A fill of what is there already reuses the entry. */
TEST_CASE(Cache, RefillIsTheSameEntry)
{
    struct iovp_cache *c = make(2, 2, IOVP_POLICY_LRU, 0);

    fill(c, 0x1000, 1, 12, 1);
    fill(c, 0x2000, 1, 12, 2);
    fill(c, 0x1000, 1, 12, 3);
    CHECK_EQ(get(c, 0x1000, 1), 3);
    CHECK_EQ(get(c, 0x2000, 1), 2);
    CHECK_EQ(iovp_cache_get_stats(c)->evictions, 0);
    CHECK_EQ(iovp_cache_get_stats(c)->fills, 3);
    iovp_cache_destroy(c);
}

TEST_CASE(Cache, Statistics)
{
    struct iovp_cache *c = make(2, 2, IOVP_POLICY_LRU, 0);
    const struct iovp_cache_stats *s = iovp_cache_get_stats(c);

    get(c, 0x1000, 1);
    fill(c, 0x1000, 1, 12, 1);
    get(c, 0x1000, 1);
    iovp_cache_lookup_class(c, 0x1000, 1, 12);
    iovp_cache_lookup_class(c, 0x1000, 1, 13);
    look(c, 0x1000, 1);
    look(c, 0x9000, 1);
    fill(c, 0x2000, 1, 12, 2);
    fill(c, 0x3000, 1, 12, 3);
    CHECK_EQ(iovp_cache_invalidate(c, 0, ~0ull, 0, 0), 2);
    CHECK_EQ(s->lookups, 4);
    CHECK_EQ(s->hits, 2);
    CHECK_EQ(s->fills, 3);
    CHECK_EQ(s->evictions, 1);
    CHECK_EQ(s->invalidations, 2);
    iovp_cache_reset(c);
    CHECK_EQ(s->lookups + s->hits + s->fills + s->evictions + s->invalidations,
             0);
    iovp_cache_destroy(c);
}

/* ---- one set: who is evicted ------------------------------------------- */

#define WAYS_MAX 64

/* A model of one set; a way holds a page number, 0 is empty. */
struct set {
    unsigned ways, policy;
    uint64_t page[WAYS_MAX];
    unsigned used[WAYS_MAX]; /* LRU */
    bool right[WAYS_MAX];    /* PLRU: node n points right, root is 1 */
    unsigned clock, next;
};

static int way_of(const struct set *s, uint64_t page)
{
    unsigned i;

    for (i = 0; i < s->ways; i++)
        if (s->page[i] == page)
            return (int)i;
    return -1;
}

static void use(struct set *s, unsigned way)
{
    unsigned lo = 0, hi = s->ways, node = 1;

    s->used[way] = ++s->clock;
    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;
        bool upper = way >= mid;

        s->right[node] = !upper; /* away from what was used */
        node = 2 * node + upper;
        if (upper)
            lo = mid;
        else
            hi = mid;
    }
}

static unsigned model_victim(struct set *s)
{
    unsigned lo = 0, hi = s->ways, node = 1, i, best = 0;

    switch (s->policy) {
    case IOVP_POLICY_RR:
        return s->next++ % s->ways;
    case IOVP_POLICY_PLRU:
        while (hi - lo > 1) {
            unsigned mid = (lo + hi) / 2;

            if (s->right[node]) {
                lo = mid;
                node = 2 * node + 1;
            } else {
                hi = mid;
                node = 2 * node;
            }
        }
        return lo;
    default:
        for (i = 1; i < s->ways; i++)
            if (s->used[i] < s->used[best])
                best = i;
        return best;
    }
}

static void model_fill(struct set *s, uint64_t page)
{
    int way = way_of(s, page);

    if (way < 0)
        way = way_of(s, 0); /* free ways in order */
    if (way < 0)
        way = (int)model_victim(s);
    s->page[way] = page;
    use(s, (unsigned)way);
}

static void check_contents(const struct iovp_cache *c, const struct set *s,
                           unsigned pages)
{
    uint64_t page;

    for (page = 1; page <= pages; page++)
        CHECK_EQ(look(c, page << 12, 1) != 0, way_of(s, page) >= 0);
}

/* One way below full, one above, and many more pages than ways. */
static void run_set(unsigned policy, unsigned ways)
{
    struct iovp_cache *c = make(ways, ways, policy, 0);
    struct set s = {.ways = ways, .policy = policy};
    struct rnd r = {.state = 99 + ways};
    unsigned pages = ways + ways / 2 + 1, i;

    for (i = 0; i < 600; i++) {
        uint64_t page = 1 + rnd_below(&r, pages);
        int way = way_of(&s, page);
        unsigned op = rnd_below(&r, 10);

        if (op < 5) {
            CHECK_EQ(get(c, page << 12, 1), way >= 0 ? page : 0);
            if (way >= 0)
                use(&s, (unsigned)way);
        } else if (op < 9) {
            fill(c, page << 12, 1, 12, page);
            model_fill(&s, page);
        } else {
            CHECK_EQ(iovp_cache_invalidate(c, page << 12, page << 12, 1, ~0ull),
                     way >= 0);
            if (way >= 0)
                s.page[way] = 0;
        }
        if (i % 16 == 0)
            check_contents(c, &s, pages);
    }
    check_contents(c, &s, pages);
    iovp_cache_destroy(c);
}

TEST_CASE(CachePolicy, Lru)
{
    unsigned ways;

    for (ways = 1; ways <= 64; ways *= 2)
        run_set(IOVP_POLICY_LRU, ways);
}

TEST_CASE(CachePolicy, TreePlru)
{
    unsigned ways;

    for (ways = 1; ways <= 64; ways *= 2)
        run_set(IOVP_POLICY_PLRU, ways);
}

TEST_CASE(CachePolicy, RoundRobin)
{
    unsigned ways;

    for (ways = 1; ways <= 64; ways *= 2)
        run_set(IOVP_POLICY_RR, ways);
}

/* Random: the same seed the same victims, another seed others. */
static uint64_t random_history(struct iovp_cache *c)
{
    uint64_t hash = 0, page;

    for (page = 1; page < 400; page++) {
        fill(c, page << 12, 1, 12, page);
        hash = hash * 31 + (look(c, (page / 2) << 12, 1) != 0);
        hash = hash * 31 + (page > 5 && look(c, (page - 5) << 12, 1) != 0);
    }
    return hash;
}

TEST_CASE(CachePolicy, RandomIsDeterministic)
{
    struct iovp_cache *a = make(8, 8, IOVP_POLICY_RANDOM, 7);
    struct iovp_cache *b = make(8, 8, IOVP_POLICY_RANDOM, 7);
    struct iovp_cache *d = make(8, 8, IOVP_POLICY_RANDOM, 8);
    uint64_t first = random_history(a);

    CHECK_EQ(random_history(b), first);
    CHECK(random_history(d) != first);
    /* Back to the state after create: replacement state too. */
    iovp_cache_reset(a);
    CHECK_EQ(look(a, 399 << 12, 1), 0);
    CHECK_EQ(random_history(a), first);
    iovp_cache_destroy(a);
    iovp_cache_destroy(b);
    iovp_cache_destroy(d);
}

/* Random victims reach every way. */
TEST_CASE(CachePolicy, RandomReachesEveryWay)
{
    struct iovp_cache *c = make(8, 8, IOVP_POLICY_RANDOM, 3);
    uint64_t page;
    unsigned left = 0;

    for (page = 1; page <= 8; page++)
        fill(c, page << 12, 1, 12, page);
    for (page = 100; page < 300; page++)
        fill(c, page << 12, 1, 12, page);
    for (page = 1; page <= 8; page++)
        left += look(c, page << 12, 1) != 0;
    CHECK_EQ(left, 0);
    iovp_cache_destroy(c);
}

/* peek is not a use: the policy does not see it. */
TEST_CASE(CachePolicy, PeekIsNoUse)
{
    struct iovp_cache *c = make(4, 4, IOVP_POLICY_LRU, 0);
    uint64_t page;

    for (page = 1; page <= 4; page++)
        fill(c, page << 12, 1, 12, page);
    look(c, 1 << 12, 1);
    fill(c, 9 << 12, 1, 12, 9);
    CHECK_EQ(look(c, 1 << 12, 1), 0);
    CHECK_EQ(look(c, 2 << 12, 1), 2);
    iovp_cache_destroy(c);
}

/* SPDX-License-Identifier: MIT */
/* Random tables of every shape, and tables that memory does not suffice for. */
#include <stdlib.h>
#include <string.h>

#include "pt_bench.h"
#include "shim.h"

/* ---- random -------------------------------------------------------------- */

#define MOST 16

struct model {
    struct {
        uint64_t va, pa, bytes;
    } m[MOST];
    unsigned count;
};

static struct pt_arm_room room_of(const struct model *m, uint64_t va,
                                  uint64_t bytes, unsigned input)
{
    struct pt_arm_room r = {0, (1ull << input) - 1};

    for (unsigned i = 0; i < m->count; i++) {
        uint64_t end = m->m[i].va + m->m[i].bytes;

        if (end <= va && end > r.first)
            r.first = end;
        if (m->m[i].va >= va + bytes && m->m[i].va <= r.last)
            r.last = m->m[i].va - 1;
    }
    return r;
}

static bool is_free(const struct model *m, uint64_t va, uint64_t bytes)
{
    for (unsigned i = 0; i < m->count; i++)
        if (va < m->m[i].va + m->m[i].bytes && m->m[i].va < va + bytes)
            return false;
    return true;
}

static uint64_t random_size(struct rnd *r, const struct shape *k)
{
    unsigned stride = k->granule - 3;
    uint64_t size = (1 + (rnd64(r) & 63)) << k->granule;

    if (rnd_chance(r, 40))
        size += (rnd64(r) & 3) << (k->granule + stride);
    if (k->granule + 2 * stride < k->input && rnd_chance(r, 20))
        size += 1ull << (k->granule + 2 * stride);
    return size & ((1ull << (k->input - 1)) - 1);
}

/* An address below 2^bits, mostly near to others and mostly aligned well. */
static uint64_t random_addr(struct rnd *r, const struct shape *k, unsigned bits)
{
    unsigned stride = k->granule - 3;
    unsigned low =
        k->granule + (rnd_chance(r, 60) ? rnd_below(r, 3) * stride : 0);
    uint64_t a = rnd64(r) & ((1ull << bits) - 1);

    if (rnd_chance(r, 50))
        a &= (1ull << (k->granule + 2 * stride)) * 4 - 1;
    return a >> low << low;
}

static void random_map(struct bench *t, struct rnd *r, const struct shape *k,
                       struct model *m)
{
    uint64_t bytes = random_size(r, k);
    uint64_t va = random_addr(r, k, k->input);
    uint64_t pa = random_addr(r, k, k->output);
    uint64_t block = 1ull << (2 * k->granule - 3);
    struct pt_arm_room room;

    /* Much memory is mapped by blocks. */
    if (bytes >= 4 * block || rnd_chance(r, 50))
        pa = pa / block * block + va % block;

    if (!bytes || m->count == MOST || va + bytes > 1ull << k->input ||
        pa + bytes > 1ull << k->output || !is_free(m, va, bytes))
        return;
    room = room_of(m, va, bytes, k->input);
    CHECK(pt_arm_build_map(&t->b, va, pa, bytes, t->attrs, &room));
    m->m[m->count].va = va;
    m->m[m->count].pa = pa;
    m->m[m->count++].bytes = bytes;
}

static void random_unmap(struct bench *t, struct rnd *r, const struct shape *k,
                         struct model *m)
{
    unsigned i = m->count ? rnd_below(r, m->count) : 0;
    uint64_t va = m->m[i].va, bytes = m->m[i].bytes;
    struct pt_arm_room room;

    if (!m->count)
        return;
    m->m[i] = m->m[--m->count];
    room = room_of(m, va, bytes, k->input);
    pt_arm_build_unmap(&t->b, va, va + bytes - 1, &room);
    pt_arm_build_reap(&t->b);
    bench_expect_none(t, va);
    bench_expect_none(t, va + bytes - 1);
}

static void check_all(struct bench *t, struct rnd *r, const struct shape *k,
                      const struct model *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        uint64_t va = m->m[i].va, pa = m->m[i].pa, bytes = m->m[i].bytes;
        uint64_t in = rnd64(r) % bytes;

        bench_expect(t, va, pa);
        bench_expect(t, va + in, pa + in);
        bench_expect(t, va + bytes - 1, pa + bytes - 1);
        if (va && is_free(m, va - 1, 1))
            bench_expect_none(t, va - 1);
        if (va + bytes < 1ull << k->input && is_free(m, va + bytes, 1))
            bench_expect_none(t, va + bytes);
    }
}

TEST_CASE(PtArmBuild, RandomMapsAndUnmaps)
{
    struct rnd r = {2026};

    for (unsigned i = 0; i < SHAPES; i++) {
        const struct shape *k = &shapes[i];
        struct model m = {.count = 0};
        struct bench t;

        REQUIRE(bench_open(&t, k));
        for (unsigned n = 0; n < 120; n++) {
            t.b.pages_only = k->granule == 12 && rnd_chance(&r, 2);
            if (rnd_chance(&r, 65))
                random_map(&t, &r, k, &m);
            else
                random_unmap(&t, &r, k, &m);
            if (n % 10 == 0)
                check_all(&t, &r, k, &m);
        }
        while (m.count)
            random_unmap(&t, &r, k, &m);
        /* The first table and its node. */
        CHECK_EQ(t.a->live, 2);
        bench_close(&t);
    }
}

/* ---- no memory ----------------------------------------------------------- */

/* What was used before is as it was. */
static void check_same(const struct arena *a, const struct arena *before)
{
    CHECK_EQ(a->live, before->live);
    CHECK_MEM(a->used, before->used, sizeof(a->used));
    for (unsigned i = 0; i < before->top; i++)
        if (before->used[i])
            CHECK_MEM(&a->word[i * (UNIT / 8)], &before->word[i * (UNIT / 8)],
                      UNIT);
}

static void arena_copy(struct arena *to, const struct arena *from)
{
    memcpy(to->word, from->word, (size_t)from->top * UNIT);
    memcpy(to->used, from->used, sizeof(*from) - offsetof(struct arena, used));
}

/* The n-th allocation of a map fails, for every n: nothing has changed. */
static void starve(const struct shape *k)
{
    unsigned stride = k->granule - 3;
    uint64_t page = 1ull << k->granule;
    uint64_t block = k->granule + stride < k->input - 1
                         ? 1ull << (k->granule + stride)
                         : 4 * page;
    uint64_t half = 1ull << (k->input - 1);
    /* It begins and ends in the middle of tables and crosses the middle. */
    uint64_t va = half - page, bytes = page + block + page;
    struct pt_arm_room all = {0, 2 * half - 1}, room = {page, 2 * half - 1};
    struct bench t;
    struct arena *before = malloc(sizeof(*before));
    unsigned fails = 0;
    bool done = false;

    REQUIRE(before && bench_open(&t, k));
    CHECK(pt_arm_build_map(&t.b, 0, 0, page, t.attrs, &all));
    while (!done && fails < 64) {
        arena_copy(before, t.a);
        t.a->attempts = 0;
        t.a->allowed = fails;
        done = pt_arm_build_map(&t.b, va, page, bytes, t.attrs, &room);
        if (done)
            break;
        fails++;
        CHECK(!t.b.dead);
        check_same(t.a, before);
        bench_expect(&t, 0, 0);
    }
    CHECK(done);
    CHECK(fails > 0 || k->start == 3);
    bench_expect(&t, va + bytes - 1, page + bytes - 1);
    bench_close(&t);
    free(before);
}

TEST_CASE(PtArmBuild, NoMemoryLeavesNoTrace)
{
    for (unsigned i = 0; i < SHAPES; i++)
        starve(&shapes[i]);
}

TEST_CASE(PtArmBuild, NoMemoryForTheFirstTable)
{
    for (unsigned allowed = 0; allowed < 2; allowed++) {
        struct arena *a = arena_new();
        struct pt_arm_build b = {
            .table = {.stage = 1, .granule_log2 = 12, .input_bits = 48},
            .heap = {arena_host_alloc, arena_host_free, a},
            .ops = &arena_ops,
            .opaque = a};

        REQUIRE(a && pt_arm_build_geometry(&b.table));
        a->allowed = allowed;
        CHECK(!pt_arm_build_create(&b));
        CHECK_EQ(a->live, 0);
        pt_arm_build_destroy(&b);
        free(a);
    }
}

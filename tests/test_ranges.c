/* SPDX-License-Identifier: MIT */
/* The set of ranges, against a plain list. */
#include <stdlib.h>

#include "../capi/ranges.h"
#include "shim.h"
#include "smmu_tables.h"

#define MOST 200

struct plain {
    struct range r[MOST];
    bool in[MOST];
};

static bool overlaps(const struct range *r, uint64_t first, uint64_t last)
{
    return r->first <= last && first <= r->last;
}

static struct range *plain_overlap(struct plain *p, uint64_t first,
                                   uint64_t last)
{
    struct range *found = NULL;

    for (unsigned i = 0; i < MOST; i++)
        if (p->in[i] && overlaps(&p->r[i], first, last) &&
            (!found || p->r[i].first < found->first))
            found = &p->r[i];
    return found;
}

static struct range *plain_below(struct plain *p, uint64_t addr)
{
    struct range *found = NULL;

    for (unsigned i = 0; i < MOST; i++)
        if (p->in[i] && p->r[i].first < addr &&
            (!found || p->r[i].first > found->first))
            found = &p->r[i];
    return found;
}

/* Address by address. */
static bool plain_room(struct plain *p, uint64_t first, uint64_t last,
                       const struct range_want *w, uint64_t *at)
{
    for (uint64_t a = first; a <= last && last - a >= w->bytes - 1; a++) {
        if (a % w->align != w->offset || plain_overlap(p, a, a + w->bytes - 1))
            continue;
        *at = a;
        return true;
    }
    return false;
}

/* Sorted, balanced, and what is kept of subtrees is right; as all subtrees are
 * looked at the tests' own recursion does no harm. */
static int check_tree(const struct range *r, uint64_t low, uint64_t high)
{
    int a, b;

    if (!r)
        return 0;
    CHECK(r->first >= low && r->last <= high && r->first <= r->last);
    a = check_tree(r->child[0], low, r->first ? r->first - 1 : 0);
    b = check_tree(r->child[1], r->last + 1, high);
    CHECK(a - b <= 1 && b - a <= 1);
    CHECK_EQ(r->height, 1 + (a > b ? a : b));
    CHECK_EQ(r->low, r->child[0] ? r->child[0]->low : r->first);
    CHECK_EQ(r->high, r->child[1] ? r->child[1]->high : r->last);
    return r->height;
}

static void compare(struct ranges *t, struct plain *p, struct rnd *r,
                    uint64_t space)
{
    uint64_t first = rnd64(r) % space, last = first + rnd64(r) % space, a, b;
    struct range_want w = {1 + rnd_below(r, 40), 1u << rnd_below(r, 6), 0};

    w.offset = rnd64(r) & (w.align - 1);
    CHECK(ranges_from(t, first) == plain_overlap(p, first, UINT64_MAX));
    CHECK(ranges_below(t, first) == plain_below(p, first));
    a = b = 0;
    CHECK_EQ(ranges_room(t, first, last, &w, &a),
             plain_room(p, first, last, &w, &b));
    CHECK_EQ(a, b);
}

TEST_CASE(Ranges, RandomAgainstAList)
{
    struct plain *p = calloc(1, sizeof(*p));
    struct ranges t = {0};
    struct rnd r = {7};
    size_t count = 0;

    REQUIRE(p);
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t space = n % 4000 < 2000 ? 1000 : 4000;
        unsigned i = rnd_below(&r, MOST);
        struct range *x = &p->r[i];

        if (p->in[i]) {
            ranges_remove(&t, x);
            p->in[i] = false;
            count--;
        } else {
            x->first = rnd64(&r) % space;
            x->last = x->first + rnd_below(&r, 30);
            if (plain_overlap(p, x->first, x->last))
                continue;
            ranges_insert(&t, x);
            p->in[i] = true;
            count++;
        }
        CHECK_EQ(t.count, count);
        if (n % 16 == 0)
            check_tree(t.root, 0, UINT64_MAX);
        compare(&t, p, &r, space);
    }
    free(p);
}

/* Where numbers end. */
TEST_CASE(Ranges, TheWholeSpace)
{
    struct ranges t = {0};
    struct range low = {.first = 0, .last = 9};
    struct range high = {.first = UINT64_MAX - 9, .last = UINT64_MAX};
    struct range_want w = {10, 1, 0};
    uint64_t at = 0;

    CHECK(ranges_room(&t, 0, UINT64_MAX, &w, &at));
    CHECK_EQ(at, 0);
    ranges_insert(&t, &low);
    ranges_insert(&t, &high);
    CHECK(ranges_room(&t, 0, UINT64_MAX, &w, &at));
    CHECK_EQ(at, 10);
    CHECK(!ranges_room(&t, UINT64_MAX - 18, UINT64_MAX, &w, &at));
    CHECK(ranges_room(&t, UINT64_MAX - 19, UINT64_MAX, &w, &at));
    CHECK_EQ(at, UINT64_MAX - 19);
    w = (struct range_want){UINT64_MAX, 1, 0};
    CHECK(!ranges_room(&t, 0, UINT64_MAX, &w, &at));
    w = (struct range_want){16, 1ull << 63, 0};
    CHECK(ranges_room(&t, 1, UINT64_MAX, &w, &at));
    CHECK_EQ(at, 1ull << 63);
    w.offset = 5;
    CHECK(!ranges_room(&t, (1ull << 63) + 6, UINT64_MAX, &w, &at));
    CHECK(ranges_from(&t, 10) == &high);
    CHECK(ranges_below(&t, UINT64_MAX - 9) == &low);
    CHECK(!ranges_below(&t, 0));
}

/* A million in order: the tree stays flat. */
TEST_CASE(Ranges, StaysBalanced)
{
    enum { MILLION = 1000000 };
    struct range *r = calloc(MILLION, sizeof(*r));
    struct ranges t = {0};
    struct range_want w = {3, 1, 0};
    uint64_t at = 0;

    REQUIRE(r);
    for (uint64_t i = 0; i < MILLION; i++) {
        r[i].first = 4 * i;
        r[i].last = 4 * i + 1 + (i != MILLION / 2);
        ranges_insert(&t, &r[i]);
    }
    /* 1.44 log2(n) */
    CHECK(t.root->height <= 29);
    w.bytes = 2;
    CHECK(ranges_room(&t, 0, UINT64_MAX, &w, &at));
    CHECK_EQ(at, 4u * (MILLION / 2) + 2);
    for (uint64_t i = 0; i < MILLION; i++)
        ranges_remove(&t, &r[i]);
    CHECK(!t.root);
    CHECK_EQ(t.count, 0);
    free(r);
}

/* SPDX-License-Identifier: MIT */
#include "ranges.h"

/* A tree of 2^44 ranges is not so high. */
#define HEIGHT_MAX 64

/* ---- balance ------------------------------------------------------------- */

static int height(const struct range *r)
{
    return r ? r->height : 0;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void update(struct range *r)
{
    const struct range *a = r->child[0], *b = r->child[1];

    r->height = 1 + (height(a) > height(b) ? height(a) : height(b));
    r->low = a ? a->low : r->first;
    r->high = b ? b->high : r->last;
    r->gap = 0;
    if (a)
        r->gap = most(a->gap, r->first - a->high - 1);
    if (b)
        r->gap = most(r->gap, most(b->gap, b->low - r->last - 1));
}

/* The child of `side` comes up. */
static void rotate(struct range **link, int side)
{
    struct range *r = *link, *up = r->child[side];

    r->child[side] = up->child[!side];
    up->child[!side] = r;
    *link = up;
    update(r);
    update(up);
}

static void balance(struct range **link)
{
    struct range *r = *link;

    if (!r)
        return;
    for (int side = 0; side < 2; side++) {
        struct range *c = r->child[side];

        if (height(c) <= height(r->child[!side]) + 1)
            continue;
        if (height(c->child[!side]) > height(c->child[side]))
            rotate(&r->child[side], !side);
        rotate(link, side);
        return;
    }
    update(r);
}

/* ---- insert and remove --------------------------------------------------- */

/* The links from the root to where `first` is, or would be. */
static int path_to(struct ranges *t, uint64_t first, struct range **path[])
{
    struct range **link = &t->root;
    int n = 0;

    for (;;) {
        path[n++] = link;
        if (!*link || (*link)->first == first)
            return n;
        link = &(*link)->child[first > (*link)->first];
    }
}

void ranges_insert(struct ranges *t, struct range *r)
{
    struct range **path[HEIGHT_MAX];
    int n = path_to(t, r->first, path);

    r->child[0] = r->child[1] = NULL;
    *path[n - 1] = r;
    t->count++;
    while (n)
        balance(path[--n]);
}

void ranges_remove(struct ranges *t, struct range *r)
{
    struct range **path[HEIGHT_MAX];
    int n = path_to(t, r->first, path), at = n - 1;
    struct range **link, *next;

    t->count--;
    if (!r->child[1]) {
        *path[at] = r->child[0];
    } else {
        /* The next one takes its place. */
        for (link = &r->child[1]; *link; link = &(*link)->child[0])
            path[n++] = link;
        link = path[n - 1];
        next = *link;
        *link = next->child[1];
        next->child[0] = r->child[0];
        next->child[1] = r->child[1];
        *path[at] = next;
        path[at + 1] = &next->child[1];
    }
    while (n)
        balance(path[--n]);
}

/* ---- find ---------------------------------------------------------------- */

struct range *ranges_from(const struct ranges *t, uint64_t addr)
{
    struct range *r = t->root, *found = NULL;

    while (r) {
        if (r->last >= addr)
            found = r;
        r = r->child[r->last < addr];
    }
    return found;
}

struct range *ranges_below(const struct ranges *t, uint64_t addr)
{
    struct range *r = t->root, *found = NULL;

    while (r) {
        if (r->first < addr)
            found = r;
        r = r->child[r->first < addr];
    }
    return found;
}

/* The end of the range before the lowest gap of `bytes` in a subtree that has
 * one. */
static uint64_t lowest_gap(const struct range *r, uint64_t bytes)
{
    for (;;) {
        const struct range *a = r->child[0], *b = r->child[1];

        if (a && a->gap >= bytes)
            r = a;
        else if (a && r->first - a->high - 1 >= bytes)
            return a->high;
        else if (b->low - r->last - 1 >= bytes)
            return r->last;
        else
            r = b;
    }
}

/*
 * The end of the lowest range that ends at `addr` or above (one does) and is
 * followed by `bytes` that are free.
 */
static uint64_t before_gap(const struct ranges *t, uint64_t addr,
                           uint64_t bytes)
{
    const struct range *later[HEIGHT_MAX], *r = t->root, *b;
    uint64_t end = addr;
    int n = 0;

    while (r) {
        if (r->last >= addr)
            later[n++] = r;
        r = r->child[r->last < addr];
    }
    while (n) {
        r = later[--n];
        b = r->child[1];
        if (b && b->low - r->last - 1 >= bytes)
            return r->last;
        if (b && b->gap >= bytes)
            return lowest_gap(b, bytes);
        end = b ? b->high : r->last;
        if (n && later[n - 1]->first - end - 1 >= bytes)
            return end;
    }
    return end;
}

static bool fits(uint64_t first, uint64_t last, const struct range_want *want,
                 uint64_t *at)
{
    uint64_t a = first + ((want->offset - first) & (want->align - 1));

    if (a < first || a > last || last - a < want->bytes - 1)
        return false;
    *at = a;
    return true;
}

bool ranges_room(const struct ranges *t, uint64_t first, uint64_t last,
                 const struct range_want *want, uint64_t *at)
{
    for (;;) {
        const struct range *r = ranges_from(t, first);
        uint64_t end;

        if (!r || r->first > last)
            return fits(first, last, want, at);
        if (r->first > first && fits(first, r->first - 1, want, at))
            return true;
        end = before_gap(t, r->last, want->bytes);
        if (end >= last)
            return false;
        first = end + 1;
    }
}

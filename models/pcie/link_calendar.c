/* SPDX-License-Identifier: MIT */
#include "link_calendar.h"

#include <string.h>

static uint64_t max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- a direction --------------------------------------------------------- */

uint64_t pcie_wire_duration(struct pcie_wire *w, uint64_t byte_time,
                            uint32_t bytes)
{
    uint64_t time = bytes * byte_time + w->carry;

    w->carry = (uint32_t)(time & 0xffff);
    return time >> 16;
}

/* The oldest gap makes room: time goes on, so it is the least of use. */
static void insert_gap(struct pcie_wire *w, uint32_t at, uint64_t from,
                       uint64_t to)
{
    if (from >= to)
        return;
    if (w->gaps == PCIE_LINK_GAPS) {
        if (at == 0)
            return;
        memmove(w->gap, w->gap + 1, (w->gaps - 1) * sizeof(*w->gap));
        w->gaps--;
        at--;
    }
    memmove(w->gap + at + 1, w->gap + at, (w->gaps - at) * sizeof(*w->gap));
    w->gap[at] = (struct pcie_gap){from, to};
    w->gaps++;
}

static void use_gap(struct pcie_wire *w, uint32_t at, uint64_t start,
                    uint64_t end)
{
    struct pcie_gap g = w->gap[at];

    w->gaps--;
    memmove(w->gap + at, w->gap + at + 1, (w->gaps - at) * sizeof(*w->gap));
    insert_gap(w, at, end, g.to);
    insert_gap(w, at, g.from, start);
}

/* The first time from `t` on at which the direction is idle for so long. */
static uint64_t book(struct pcie_wire *w, uint64_t t, uint64_t duration)
{
    uint64_t start;
    uint32_t i;

    if (t < w->next_free) {
        for (i = 0; i < w->gaps; i++) {
            start = max64(t, w->gap[i].from);
            if (start + duration > w->gap[i].to)
                continue;
            use_gap(w, i, start, start + duration);
            return start;
        }
    }
    start = max64(t, w->next_free);
    insert_gap(w, w->gaps, w->next_free, start);
    w->next_free = pcie_later(start, duration);
    return start;
}

uint64_t pcie_wire_take(struct pcie_wire *w, uint64_t ready, uint64_t t,
                        uint64_t duration, bool posted)
{
    uint64_t start;

    if (ready >= w->posted_ready)
        t = max64(t, w->posted_end);
    start = book(w, t, duration);
    if (posted) {
        w->posted_ready = ready;
        w->posted_end = pcie_later(start, duration);
    }
    w->busy_ps += duration;
    return start;
}

/* ---- tags and credits ---------------------------------------------------- */

void pcie_pool_init(struct pcie_pool *p, uint16_t limit, uint16_t data)
{
    p->limit = limit;
    p->data_limit = data;
    p->held = 0;
    p->returning = 0;
    p->data_free = data;
}

static void push(struct pcie_pool *p, struct pcie_token token)
{
    uint32_t i = p->returning++;

    while (i && p->back[(i - 1) / 2].time > token.time) {
        p->back[i] = p->back[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    p->back[i] = token;
}

static struct pcie_token pop(struct pcie_pool *p)
{
    struct pcie_token top = p->back[0], last = p->back[--p->returning];
    uint32_t i = 0, child;

    while ((child = 2 * i + 1) < p->returning) {
        if (child + 1 < p->returning &&
            p->back[child + 1].time < p->back[child].time)
            child++;
        if (p->back[child].time >= last.time)
            break;
        p->back[i] = p->back[child];
        i = child;
    }
    p->back[i] = last;
    return top;
}

bool pcie_pool_can_take(const struct pcie_pool *p)
{
    return !p->limit || p->held < p->limit;
}

static bool exhausted(const struct pcie_pool *p, uint16_t data)
{
    return p->held + p->returning >= p->limit ||
           (p->data_limit && p->data_free < data);
}

uint64_t pcie_pool_take(struct pcie_pool *p, uint64_t t, uint16_t data)
{
    if (!p->limit)
        return t;
    while (p->returning && exhausted(p, data)) {
        struct pcie_token token = pop(p);

        t = max64(t, token.time);
        p->data_free += token.data;
    }
    p->held++;
    if (p->data_limit)
        p->data_free -= data;
    return t;
}

void pcie_pool_give(struct pcie_pool *p, uint64_t back, uint16_t data)
{
    if (!p->limit || !p->held)
        return;
    p->held--;
    push(p, (struct pcie_token){back, p->data_limit ? data : 0});
}

/* SPDX-License-Identifier: MIT */
/* Resource calendars against a simulation that keeps every interval. */
#include <string.h>

#include "../models/common/calendar.h"
#include "shim.h"
#include "smmu_tables.h"

#define TAKES 400

struct interval {
    uint64_t start, end;
};

TEST_CASE(Calendar, SlotsAreClamped)
{
    struct iovp_calendar c;

    iovp_calendar_init(&c, 0);
    CHECK_EQ(c.slots, 1);
    iovp_calendar_init(&c, 64);
    CHECK_EQ(c.slots, 64);
    iovp_calendar_init(&c, 65);
    CHECK_EQ(c.slots, 64);
    iovp_calendar_init(&c, ~0u);
    CHECK_EQ(c.slots, 64);
    CHECK_EQ(c.busy_ps + c.wait_ps, 0);
}

TEST_CASE(Calendar, OneSlotByHand)
{
    struct iovp_calendar c;

    iovp_calendar_init(&c, 1);
    CHECK_EQ(iovp_calendar_take(&c, 100, 50), 100);
    CHECK_EQ(iovp_calendar_take(&c, 100, 50), 150);
    CHECK_EQ(iovp_calendar_take(&c, 120, 10), 200);
    CHECK_EQ(iovp_calendar_take(&c, 210, 5), 210);
    CHECK_EQ(iovp_calendar_take(&c, 500, 0), 500);
    CHECK_EQ(iovp_calendar_take(&c, 500, 1), 500);
    CHECK_EQ(c.busy_ps, 50 + 50 + 10 + 5 + 0 + 1);
    CHECK_EQ(c.wait_ps, 0 + 50 + 80);
}

TEST_CASE(Calendar, TwoSlotsByHand)
{
    struct iovp_calendar c;

    iovp_calendar_init(&c, 2);
    CHECK_EQ(iovp_calendar_take(&c, 0, 100), 0);
    CHECK_EQ(iovp_calendar_take(&c, 0, 30), 0);
    CHECK_EQ(iovp_calendar_take(&c, 0, 30), 30);
    CHECK_EQ(iovp_calendar_take(&c, 0, 30), 60);
    CHECK_EQ(iovp_calendar_take(&c, 0, 30), 90);
    CHECK_EQ(iovp_calendar_take(&c, 0, 30), 100);
    CHECK_EQ(c.wait_ps, 30 + 60 + 90 + 100);
}

/* Of the intervals begun so far, those that are under way at `t`. */
static unsigned busy_at(const struct interval *v, unsigned n, uint64_t t)
{
    unsigned i, busy = 0;

    for (i = 0; i < n; i++)
        busy += v[i].start <= t && t < v[i].end;
    return busy;
}

/*
 * Requests in the order of time: each starts at the first moment at which
 * fewer than `slots` others are under way.
 */
static void run_in_order(unsigned slots)
{
    struct interval v[TAKES];
    struct iovp_calendar c;
    struct rnd r = {.state = slots * 7 + 1};
    uint64_t now = 0, busy = 0, wait = 0;
    unsigned i, k;

    iovp_calendar_init(&c, slots);
    for (i = 0; i < TAKES; i++) {
        uint64_t duration = rnd_below(&r, 300), want;

        now += rnd_below(&r, 400 / slots + 2);
        want = now;
        while (busy_at(v, i, want) >= slots) {
            uint64_t next = ~0ull;

            for (k = 0; k < i; k++)
                if (v[k].end > want && v[k].end < next)
                    next = v[k].end;
            want = next;
        }
        v[i].start = want;
        v[i].end = want + duration;
        CHECK_EQ(iovp_calendar_take(&c, now, duration), want);
        busy += duration;
        wait += want - now;
    }
    CHECK_EQ(c.busy_ps, busy);
    CHECK_EQ(c.wait_ps, wait);
}

TEST_CASE(Calendar, BruteForceInOrder)
{
    unsigned slots;

    for (slots = 1; slots <= 16; slots++)
        run_in_order(slots);
    run_in_order(64);
}

/* Any order: never before t, and never more than the slots at once. */
static void run_any_order(unsigned slots)
{
    struct interval v[TAKES];
    struct iovp_calendar c;
    struct rnd r = {.state = slots * 11 + 3};
    unsigned i;

    iovp_calendar_init(&c, slots);
    for (i = 0; i < TAKES; i++) {
        uint64_t t = rnd_below(&r, 20000), duration = 1 + rnd_below(&r, 200);

        v[i].start = iovp_calendar_take(&c, t, duration);
        v[i].end = v[i].start + duration;
        CHECK(v[i].start >= t);
    }
    for (i = 0; i < TAKES; i++)
        CHECK(busy_at(v, TAKES, v[i].start) <= slots);
}

TEST_CASE(Calendar, NeverMoreThanItsSlots)
{
    run_any_order(1);
    run_any_order(3);
    run_any_order(64);
}

/* acquire and release are take in two steps. */
TEST_CASE(Calendar, AcquireAndRelease)
{
    struct iovp_calendar a, b;
    struct rnd r = {.state = 5};
    uint64_t now = 0;
    unsigned i;

    iovp_calendar_init(&a, 3);
    iovp_calendar_init(&b, 3);
    for (i = 0; i < TAKES; i++) {
        uint64_t duration = rnd_below(&r, 300), start;
        uint32_t slot = 99;

        now += rnd_below(&r, 80);
        start = iovp_calendar_acquire(&b, now, &slot);
        CHECK(slot < 3);
        CHECK_EQ(iovp_calendar_take(&a, now, duration), start);
        iovp_calendar_release(&b, slot, start, start + duration);
    }
    CHECK_EQ(a.busy_ps, b.busy_ps);
    CHECK_EQ(a.wait_ps, b.wait_ps);
    CHECK_MEM(a.next_free, b.next_free, sizeof(a.next_free));
}

/* Nonsense from the caller changes nothing. */
TEST_CASE(Calendar, ReleaseOfNothing)
{
    struct iovp_calendar c, before;

    iovp_calendar_init(&c, 2);
    iovp_calendar_take(&c, 10, 10);
    before = c;
    iovp_calendar_release(&c, 2, 0, 100);
    iovp_calendar_release(&c, ~0u, 0, 100);
    iovp_calendar_release(&c, 0, 100, 50);
    CHECK_MEM(&c, &before, sizeof(c));
    /* A release never makes a slot free earlier. */
    iovp_calendar_release(&c, 0, 0, 5);
    CHECK_EQ(c.next_free[0], before.next_free[0]);
}

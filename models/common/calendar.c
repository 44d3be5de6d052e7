/* SPDX-License-Identifier: MIT */
#include "calendar.h"

void iovp_calendar_init(struct iovp_calendar *c, uint32_t slots)
{
    if (slots < 1)
        slots = 1;
    if (slots > IOVP_CALENDAR_SLOTS)
        slots = IOVP_CALENDAR_SLOTS;
    *c = (struct iovp_calendar){.slots = slots};
}

uint64_t iovp_calendar_acquire(struct iovp_calendar *c, uint64_t t,
                               uint32_t *slot)
{
    uint32_t best = 0;
    uint32_t i;

    for (i = 0; i < c->slots; i++) {
        if (c->next_free[i] <= t) {
            best = i;
            break;
        }
        if (c->next_free[i] < c->next_free[best])
            best = i;
    }
    *slot = best;
    if (c->next_free[best] > t) {
        c->wait_ps += c->next_free[best] - t;
        t = c->next_free[best];
    }
    return t;
}

void iovp_calendar_release(struct iovp_calendar *c, uint32_t slot,
                           uint64_t start, uint64_t end)
{
    if (slot >= c->slots || end < start)
        return;
    c->busy_ps += end - start;
    if (c->next_free[slot] < end)
        c->next_free[slot] = end;
}

uint64_t iovp_calendar_take(struct iovp_calendar *c, uint64_t t,
                            uint64_t duration_ps)
{
    uint32_t slot;
    uint64_t start = iovp_calendar_acquire(c, t, &slot);

    iovp_calendar_release(c, slot, start, start + duration_ps);
    return start;
}

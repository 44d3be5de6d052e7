/* SPDX-License-Identifier: MIT */
/*
 * Resource calendars.  A resource has a number of equal slots, each of which
 * is free from some time on.  Taking the resource at time t for a duration
 * gives the time at which it really starts; the wait is the difference.  No
 * event is scheduled: a transaction's completion is known when it enters.
 */
#ifndef IOVP_CALENDAR_H
#define IOVP_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define IOVP_CALENDAR_SLOTS 64

struct iovp_calendar {
    uint32_t slots;
    uint64_t busy_ps; /* sum of durations taken */
    uint64_t wait_ps; /* sum of waits */
    uint64_t next_free[IOVP_CALENDAR_SLOTS];
};

/* `slots` is clamped to 1..IOVP_CALENDAR_SLOTS. */
void iovp_calendar_init(struct iovp_calendar *c, uint32_t slots);

/*
 * The time, not before `t`, at which a slot can start: a slot that is free by
 * `t`, else the one that is free first.  It is then busy for `duration_ps`.
 */
uint64_t iovp_calendar_take(struct iovp_calendar *c, uint64_t t,
                            uint64_t duration_ps);

/*
 * As take, when the duration is known only afterwards: *slot names the slot,
 * which is busy until iovp_calendar_release says from when it is free.
 */
uint64_t iovp_calendar_acquire(struct iovp_calendar *c, uint64_t t,
                               uint32_t *slot);
void iovp_calendar_release(struct iovp_calendar *c, uint32_t slot,
                           uint64_t start, uint64_t end);

#endif

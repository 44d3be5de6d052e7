/* SPDX-License-Identifier: MIT */
/*
 * Stalled transactions (3.12.2): held in a slot from their fault until
 * software answers their event record, by CMD_RESUME, by CMD_STALL_TERM or by
 * clearing SMMUEN, and their initiator has taken note.
 *
 * A record that cannot be written waits in its slot.  An invalidation outdates
 * it: then the transaction is translated again instead (7.2.1).  There is no
 * early retry, and no record is suppressed as a duplicate; both are optional
 * (3.12.2.1, 3.12.2.2).
 */
#include <string.h>

#include "smmuv3_internal.h"

/* Numbers and STAGs have the index of the slot in their low bits. */
#define SLOT(n) ((n) % SMMUV3_STALLS)

static struct smmuv3_stall *find(struct smmuv3 *s, uint32_t number)
{
    struct smmuv3_stall *t = &s->stalls.slot[SLOT(number)];

    return number && t->number == number && !t->orphan ? t : NULL;
}

static void release(struct smmuv3 *s, struct smmuv3_stall *t)
{
    /* Another STAG next time: a late answer to this one finds nothing. */
    t->stag = (uint16_t)(t->stag + SMMUV3_STALLS);
    t->number = 0;
    s->stalls.used--;
}

static void tell(struct smmuv3 *s, uint32_t number)
{
    bool engaged = s->engaged;

    if (!s->ops.resumed)
        return;
    s->engaged = true;
    s->ops.resumed(s->opaque, number);
    s->engaged = engaged;
}

/* It no longer waits for software, which may see its STAG again. */
static void forget_wait(struct smmuv3 *s, struct smmuv3_stall *t)
{
    if (t->recorded)
        s->stalls.recorded--;
    else
        s->stalls.unrecorded--;
    if (!t->orphan)
        s->stalls.waiting--;
    t->recorded = false;
}

static void answer(struct smmuv3 *s, struct smmuv3_stall *t,
                   enum smmuv3_stall_state state)
{
    forget_wait(s, t);
    if (t->orphan) {
        release(s, t);
        return;
    }
    t->state = (uint8_t)state;
    tell(s, t->number);
}

/* ---- event records ------------------------------------------------------ */

/* 6.3.6: as many records may be without an answer. */
static uint32_t stall_max(const struct smmuv3 *s)
{
    return (uint32_t)iovp_bits(s->cfg.idr5, 31, 16);
}

/* STALL_MAX does not hold back one that is translated again: no record. */
bool smmuv3_stalls_due(const struct smmuv3 *s)
{
    return s->stalls.unrecorded &&
           (s->stalls.outdated || s->stalls.recorded < stall_max(s)) &&
           smmuv3_eventq_room(s);
}

static struct smmuv3_stall *oldest_unrecorded(struct smmuv3 *s, bool outdated)
{
    struct smmuv3_stall *oldest = NULL;

    for (unsigned i = 0; i < SMMUV3_STALLS; i++) {
        struct smmuv3_stall *t = &s->stalls.slot[i];

        if (!t->number || t->state != SMMUV3_STALL_WAITING || t->recorded ||
            t->outdated != outdated)
            continue;
        /* Numbers grow, and may wrap. */
        if (!oldest || (int32_t)(t->number - oldest->number) < 0)
            oldest = t;
    }
    return oldest;
}

/* Counts as recorded from the start: its initiator may give up meanwhile. */
static bool record(struct smmuv3 *s, struct smmuv3_stall *t)
{
    t->recorded = true;
    s->stalls.unrecorded--;
    s->stalls.recorded++;
    if (smmuv3_eventq_record(s, t->ev))
        return true;
    if (t->orphan) {
        forget_wait(s, t);
        release(s, t);
        return false;
    }
    t->recorded = false;
    s->stalls.recorded--;
    s->stalls.unrecorded++;
    return false;
}

void smmuv3_stalls_record(struct smmuv3 *s)
{
    while (smmuv3_stalls_due(s)) {
        /* Those that are outdated are older than those that are not. */
        struct smmuv3_stall *t = oldest_unrecorded(s, s->stalls.outdated);

        if (!t)
            s->stalls.outdated = false;
        else if (t->outdated)
            answer(s, t, SMMUV3_STALL_RETRY);
        else if (!record(s, t))
            return;
    }
}

void smmuv3_stalls_outdate(struct smmuv3 *s)
{
    if (!s->stalls.unrecorded)
        return;
    s->stalls.outdated = true;
    for (unsigned i = 0; i < SMMUV3_STALLS; i++)
        s->stalls.slot[i].outdated = true;
}

/* ---- into a slot --------------------------------------------------------- */

static struct smmuv3_stall *take_slot(struct smmuv3 *s)
{
    struct smmuv3_stall *t = s->stalls.slot;
    uint32_t index;

    if (s->stalls.used == SMMUV3_STALLS)
        return NULL;
    while (t->number)
        t++;
    index = (uint32_t)(t - s->stalls.slot);
    s->stalls.used++;
    s->stalls.count++;
    if (s->stalls.count == UINT32_MAX / SMMUV3_STALLS)
        s->stalls.count = 1;
    t->number = s->stalls.count * SMMUV3_STALLS + index;
    t->stag = (uint16_t)(t->stag - SLOT(t->stag) + index);
    return t;
}

/* The Update of SMMUEN may have come while the tables were read. */
static bool still_enabled(struct smmuv3 *s)
{
    smmuv3_tick(s);
    return smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN;
}

/*
 * If translation is disabled by now it ends as all that are stalled do, with
 * an abort (6.3.9.6).  So it does if no slot is free: 3.12 permits to terminate
 * what is configured to stall, and to tell so by Stall == 0.
 */
void smmuv3_stall_hold(struct smmuv3_job *j, uint64_t iova, unsigned access,
                       const uint64_t ev[EVENT_WORDS],
                       struct smmuv3_result *out)
{
    struct smmuv3 *s = j->s;
    struct smmuv3_stall *t;

    if (!still_enabled(s)) {
        out->event = 0;
        return;
    }
    t = take_slot(s);
    if (!t) {
        smmuv3_eventq_write(s, ev);
        return;
    }
    t->attrs = *j->attrs;
    t->iova = iova;
    t->access = (uint8_t)access;
    t->state = SMMUV3_STALL_WAITING;
    t->recorded = false;
    t->outdated = false;
    t->orphan = false;
    memcpy(t->ev, ev, sizeof(t->ev));
    iovp_put_field(t->ev, EVENT_STALL, 1);
    iovp_put_field(t->ev, EVENT_STAG, t->stag);
    s->stalls.waiting++;
    s->stalls.unrecorded++;
    out->status = IOVP_RESULT_STALL;
    out->stall = t->number;
    smmuv3_stalls_record(s);
}

/* ---- answers (4.7.1, 4.7.2, 6.3.9.6) ---------------------------------------
 */

/*
 * Whatever does not match exactly has no effect.  Choice: neither has an
 * answer to a record that has not been written yet.
 */
void smmuv3_stall_resume(struct smmuv3 *s, uint32_t sid, uint16_t stag,
                         enum smmuv3_stall_state state)
{
    struct smmuv3_stall *t = &s->stalls.slot[SLOT(stag)];

    if (t->number && t->recorded && t->stag == stag &&
        t->attrs.stream_id == sid)
        answer(s, t, state);
}

/* One that has not been retried yet is still stalled (3.12.2.2). */
void smmuv3_stalls_terminate(struct smmuv3 *s, uint32_t first, uint32_t last)
{
    if (!s->stalls.used)
        return;
    for (unsigned i = 0; i < SMMUV3_STALLS; i++) {
        struct smmuv3_stall *t = &s->stalls.slot[i];

        if (!t->number || t->attrs.stream_id < first ||
            t->attrs.stream_id > last)
            continue;
        if (t->state == SMMUV3_STALL_WAITING)
            answer(s, t, SMMUV3_STALL_ABORT);
        else if (t->state == SMMUV3_STALL_RETRY)
            t->state = SMMUV3_STALL_ABORT;
    }
}

void smmuv3_stalls_reset(struct smmuv3 *s)
{
    uint32_t told[SMMUV3_STALLS];
    uint32_t count = s->stalls.count;
    unsigned n = 0;

    for (unsigned i = 0; s->stalls.used && i < SMMUV3_STALLS; i++) {
        const struct smmuv3_stall *t = &s->stalls.slot[i];

        if (t->number && !t->orphan)
            told[n++] = t->number;
    }
    memset(&s->stalls, 0, sizeof(s->stalls));
    /* STAGs start anew, but no number is given twice. */
    s->stalls.count = count;
    for (unsigned i = 0; i < n; i++)
        tell(s, told[i]);
}

/* ---- the initiator's side --------------------------------------------------
 */

enum smmuv3_stall_state smmuv3_stall_state(const struct smmuv3 *s,
                                           uint32_t stall)
{
    const struct smmuv3_stall *t = &s->stalls.slot[SLOT(stall)];

    if (!stall || t->number != stall || t->orphan)
        return SMMUV3_STALL_NONE;
    return (enum smmuv3_stall_state)t->state;
}

void smmuv3_retry(struct smmuv3 *s, uint32_t stall, struct smmuv3_result *out)
{
    struct smmuv3_stall *t = find(s, stall);
    struct iovp_attrs attrs;

    if (!t || t->state != SMMUV3_STALL_RETRY) {
        memset(out, 0, sizeof(*out));
        out->status = IOVP_RESULT_ABORT;
        return;
    }
    /* 3.12.2: as though it had just arrived; it may take the same slot. */
    attrs = t->attrs;
    release(s, t);
    smmuv3_translate(s, &attrs, t->iova, t->access, SMMUV3_NORMAL, out);
}

void smmuv3_stall_end(struct smmuv3 *s, uint32_t stall)
{
    struct smmuv3_stall *t = find(s, stall);

    if (!t)
        return;
    if (t->state == SMMUV3_STALL_WAITING && t->recorded) {
        t->orphan = true;
        s->stalls.waiting--;
        return;
    }
    if (t->state == SMMUV3_STALL_WAITING)
        forget_wait(s, t);
    release(s, t);
}

uint32_t smmuv3_stalls(const struct smmuv3 *s)
{
    return s->stalls.waiting;
}

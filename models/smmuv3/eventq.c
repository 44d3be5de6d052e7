/* SPDX-License-Identifier: MIT */
/* The Event queue: 3.5, 7.2 and 7.4. */
#include "queue.h"

/* 7.2.1: enabled, and no abort unacknowledged; fullness is another matter. */
static bool writable(const struct smmuv3 *s)
{
    return (smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_EVENTQEN) &&
           !smmuv3_error_active(s, SMMU_GERROR_EVENTQ_ABT_ERR);
}

/* True if the record is in the queue; *was_empty says how it found it. */
static bool append(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS],
                   bool *was_empty)
{
    struct smmuv3_queue q = smmuv3_eventq(s);
    enum smmuv3_put put =
        smmuv3_queue_put(s, &q, SMMU_EVENTQ_PROD, ev, was_empty);

    if (put == SMMUV3_PUT_ABORT)
        smmuv3_gerror(s, SMMU_GERROR_EVENTQ_ABT_ERR);
    return put == SMMUV3_PUT_OK;
}

bool smmuv3_eventq_record(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS])
{
    bool was_empty = false;

    if (!writable(s) || !append(s, ev, &was_empty))
        return false;
    s->stats.events_recorded++;
    smmuv3_trace_event(s, ev, true);
    if (was_empty)
        smmuv3_interrupt(s, IOVP_IRQ_EVENTQ);
    return true;
}

void smmuv3_eventq_write(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS])
{
    smmuv3_tick(s);
    /* 3.5: these should not be held back by others. */
    smmuv3_stalls_record(s);
    if (smmuv3_eventq_record(s, ev))
        return;
    s->stats.events_lost++;
    smmuv3_trace_event(s, ev, false);
}

bool smmuv3_eventq_room(const struct smmuv3 *s)
{
    struct smmuv3_queue q = smmuv3_eventq(s);

    return writable(s) &&
           smmuv3_queue_used(&q, smmuv3_reg(s, SMMU_EVENTQ_PROD),
                             smmuv3_reg(s, SMMU_EVENTQ_CONS)) < 1u << q.log2;
}

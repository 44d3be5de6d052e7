/* SPDX-License-Identifier: MIT */
/* The Event queue: 3.5, 7.2 and 7.4. */
#include "queue.h"

/* 7.2.1: enabled, and no abort unacknowledged; fullness is another matter. */
static bool writable(const struct smmuv3 *s)
{
    return (smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_EVENTQEN) &&
           !smmuv3_error_active(s, SMMU_GERROR_EVENTQ_ABT_ERR);
}

/* 7.4: toggled once, until software acknowledges. */
static void overflow(struct smmuv3 *s)
{
    uint32_t *prod = &s->reg[SMMU_EVENTQ_PROD / 4];

    if (!((*prod ^ smmuv3_reg(s, SMMU_EVENTQ_CONS)) & SMMU_QUEUE_OVFLG))
        *prod ^= SMMU_QUEUE_OVFLG;
}

static bool store(struct smmuv3 *s, uint64_t addr,
                  const uint64_t ev[EVENT_WORDS])
{
    struct iovp_bus_attrs a = smmuv3_queue_attrs(s);
    uint8_t buf[EVENT_BYTES];
    bool engaged = s->engaged;
    uint64_t latency = 0;
    enum iovp_bus_status st;

    for (int i = 0; i < EVENT_WORDS; i++)
        iovp_put_le64(buf + 8 * i, ev[i]);
    s->engaged = true;
    st = s->ops.write(s->opaque, &a, addr, buf, sizeof(buf), &latency);
    s->engaged = engaged;
    return st == IOVP_BUS_OK;
}

/* True if the record is in the queue; *was_empty says how it found it. */
static bool append(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS],
                   bool *was_empty)
{
    struct smmuv3_queue q = smmuv3_eventq(s);
    uint32_t *prod = &s->reg[SMMU_EVENTQ_PROD / 4];
    uint32_t used =
        smmuv3_queue_used(&q, *prod, smmuv3_reg(s, SMMU_EVENTQ_CONS));

    /* 3.5.1: inconsistent indexes are treated as a full queue. */
    if (used >= 1u << q.log2) {
        overflow(s);
        return false;
    }
    /* 7.2.2: a synchronous abort, so PROD stays and earlier records hold. */
    if (!store(s, smmuv3_queue_addr(&q, *prod), ev)) {
        smmuv3_gerror(s, SMMU_GERROR_EVENTQ_ABT_ERR);
        return false;
    }
    *was_empty = used == 0;
    *prod = (*prod & SMMU_QUEUE_OVFLG) | smmuv3_queue_next(&q, *prod);
    return true;
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

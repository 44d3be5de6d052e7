/* SPDX-License-Identifier: MIT */
/* The queues that the SMMU writes: Event queue and PRI queue (3.5, 7.4, 8.1).
 */
#include "queue.h"

bool smmuv3_queue_overflown(const struct smmuv3 *s, uint32_t prod)
{
    return (smmuv3_reg(s, prod) ^ smmuv3_reg(s, prod + 4)) & SMMU_QUEUE_OVFLG;
}

static bool store(struct smmuv3 *s, const struct smmuv3_queue *q, uint64_t addr,
                  const uint64_t *words)
{
    struct iovp_bus_attrs a = smmuv3_queue_attrs(s);
    uint8_t buf[EVENT_BYTES];
    uint32_t bytes = 1u << q->entry_log2;
    bool engaged = s->engaged;
    uint64_t latency = 0;
    enum iovp_bus_status st;

    for (uint32_t i = 0; i < bytes / 8; i++)
        iovp_put_le64(buf + 8 * i, words[i]);
    s->engaged = true;
    st = s->ops.write(s->opaque, &a, addr, buf, bytes, &latency);
    s->engaged = engaged;
    return st == IOVP_BUS_OK;
}

enum smmuv3_put smmuv3_queue_put(struct smmuv3 *s, const struct smmuv3_queue *q,
                                 uint32_t prod_reg, const uint64_t *words,
                                 bool *was_empty)
{
    uint32_t *prod = &s->reg[prod_reg / 4];
    uint32_t used = smmuv3_queue_used(q, *prod, smmuv3_reg(s, prod_reg + 4));

    /* 3.5.1: inconsistent indexes are treated as a full queue. */
    if (used >= 1u << q->log2) {
        /* 7.4, 8.1: toggled once, until software acknowledges. */
        if (!smmuv3_queue_overflown(s, prod_reg))
            *prod ^= SMMU_QUEUE_OVFLG;
        return SMMUV3_PUT_FULL;
    }
    /* 7.2.2: a synchronous abort, so PROD stays and earlier records hold. */
    if (!store(s, q, smmuv3_queue_addr(q, *prod), words))
        return SMMUV3_PUT_ABORT;
    *was_empty = used == 0;
    *prod = (*prod & SMMU_QUEUE_OVFLG) | smmuv3_queue_next(q, *prod);
    return SMMUV3_PUT_OK;
}

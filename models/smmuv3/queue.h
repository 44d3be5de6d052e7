/* SPDX-License-Identifier: MIT */
/* The index arithmetic of the circular queues (3.5.1). */
#ifndef SMMUV3_QUEUE_H
#define SMMUV3_QUEUE_H

#include "smmuv3_internal.h"

struct smmuv3_queue {
    uint64_t base; /* aligned to the queue's size, truncated to the OAS */
    unsigned log2; /* effective LOG2SIZE */
    unsigned entry_log2;
};

/* Index bits with the wrap bit. */
static inline uint32_t smmuv3_queue_mask(unsigned log2)
{
    return (2u << log2) - 1;
}

/* 6.3.26: uses of LOG2SIZE are capped at the maximum that IDR1 tells. */
static inline unsigned smmuv3_queue_log2(const struct smmuv3 *s,
                                         uint32_t base_reg,
                                         struct iovp_field idr1_max)
{
    uint64_t idr1 = s->cfg.idr1;
    uint64_t base = smmuv3_reg64(s, base_reg);
    unsigned log2 = (unsigned)iovp_get_field(&base, SMMU_QUEUE_BASE_LOG2SIZE);
    unsigned max = (unsigned)iovp_get_field(&idr1, idr1_max);

    if (max > SMMU_QUEUE_LOG2_MAX)
        max = SMMU_QUEUE_LOG2_MAX;
    return log2 < max ? log2 : max;
}

static inline struct smmuv3_queue smmuv3_queue_get(const struct smmuv3 *s,
                                                   uint32_t base_reg,
                                                   struct iovp_field idr1_max,
                                                   unsigned entry_log2)
{
    struct smmuv3_queue q;
    unsigned align;

    q.log2 = smmuv3_queue_log2(s, base_reg, idr1_max);
    q.entry_log2 = entry_log2;
    align = q.log2 + entry_log2 < 5 ? 5 : q.log2 + entry_log2;
    q.base = smmuv3_reg64(s, base_reg) & SMMU_QUEUE_BASE_ADDR_MASK &
             iovp_mask(smmuv3_oas_bits(s));
    q.base = iovp_align_down(q.base, align);
    return q;
}

static inline uint64_t smmuv3_queue_addr(const struct smmuv3_queue *q,
                                         uint32_t index)
{
    uint64_t slot = index & (uint32_t)iovp_mask(q->log2);

    return q->base + (slot << q->entry_log2);
}

/* Entries between CONS and PROD; above 2^log2 if they are inconsistent. */
static inline uint32_t smmuv3_queue_used(const struct smmuv3_queue *q,
                                         uint32_t prod, uint32_t cons)
{
    return (prod - cons) & smmuv3_queue_mask(q->log2);
}

static inline uint32_t smmuv3_queue_next(const struct smmuv3_queue *q,
                                         uint32_t index)
{
    return (index + 1) & smmuv3_queue_mask(q->log2);
}

static inline struct smmuv3_queue smmuv3_cmdq(const struct smmuv3 *s)
{
    return smmuv3_queue_get(s, SMMU_CMDQ_BASE, SMMU_IDR1_CMDQS, 4);
}

static inline struct smmuv3_queue smmuv3_eventq(const struct smmuv3 *s)
{
    return smmuv3_queue_get(s, SMMU_EVENTQ_BASE, SMMU_IDR1_EVENTQS, 5);
}

static inline struct smmuv3_queue smmuv3_priq(const struct smmuv3 *s)
{
    return smmuv3_queue_get(s, SMMU_PRIQ_BASE, SMMU_IDR1_PRIQS, 4);
}

/* ---- queues that the SMMU writes (queue.c) --------------------------------
 */

enum smmuv3_put {
    SMMUV3_PUT_OK,
    SMMUV3_PUT_FULL, /* an overflow: OVFLG is told */
    SMMUV3_PUT_ABORT,
};

/* An overflow that software has not acknowledged; `prod`: the register. */
bool smmuv3_queue_overflown(const struct smmuv3 *s, uint32_t prod);
/* One entry; *was_empty is set if it is there. */
enum smmuv3_put smmuv3_queue_put(struct smmuv3 *s, const struct smmuv3_queue *q,
                                 uint32_t prod_reg, const uint64_t *words,
                                 bool *was_empty);

#endif

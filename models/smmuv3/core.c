/* SPDX-License-Identifier: MIT */
/* Life of an instance, in-flight transactions, records and statistics. */
#include <string.h>

#include "smmuv3_internal.h"

static const uint32_t payload[IOVP_CACHES] = {
    [IOVP_CACHE_CONFIG] = sizeof(struct smmuv3_stream),
    [IOVP_CACHE_TLB] = sizeof(struct smmuv3_tlbe),
    [IOVP_CACHE_WALK] = sizeof(smmuv3_walke),
    [IOVP_CACHE_STAGE2] = sizeof(struct smmuv3_s2e),
};

static void timer_reset(struct smmuv3 *s)
{
    const struct smmuv3_timing *t = &s->cfg.timing;

    iovp_calendar_init(&s->timer.lookup, t->lookup_ports);
    iovp_calendar_init(&s->timer.walkers, t->walkers);
    iovp_calendar_init(&s->timer.memory, t->memory_ports);
}

static void power_on(struct smmuv3 *s)
{
    unsigned i;

    for (i = 0; i < IOVP_CACHES; i++)
        iovp_cache_reset(s->cache[i]);
    timer_reset(s);
    s->ack_due = 0;
    s->ack_pending = false;
    s->work_ps = 0;
    s->engaged = false;
    s->engaged_debug = false;
    s->inflight[0] = 0;
    s->inflight[1] = 0;
    s->epoch = 0;
    s->sync_waiting = false;
    memset(s->atc, 0, sizeof(s->atc));
    s->atc_used = 0;
    s->atc_failed = false;
    s->tlb_has_global = false;
    s->window.bytes = 0;
    s->stats = (struct smmuv3_stats){0};
    smmuv3_regs_reset(s);
    smmuv3_stalls_reset(s);
}

static bool ops_legal(const struct iovp_bus_ops *ops)
{
    return ops->size == sizeof(*ops) && ops->read && ops->write &&
           !ops->alloc == !ops->free;
}

struct smmuv3 *smmuv3_create(const struct smmuv3_config *c,
                             const struct iovp_bus_ops *ops, void *opaque)
{
    struct iovp_heap heap;
    struct smmuv3 *s;
    unsigned i;

    if (smmuv3_config_check(c) || !ops_legal(ops))
        return NULL;
    heap = (struct iovp_heap){ops->alloc, ops->free, opaque};
    s = iovp_heap_alloc(&heap, sizeof(*s));
    if (!s)
        return NULL;
    s->cfg = *c;
    s->ops = *ops;
    s->opaque = opaque;
    for (i = 0; i < IOVP_CACHES; i++) {
        s->cache[i] = iovp_cache_create(&c->cache[i], payload[i], &heap);
        if (!s->cache[i]) {
            smmuv3_destroy(s);
            return NULL;
        }
    }
    power_on(s);
    return s;
}

void smmuv3_destroy(struct smmuv3 *s)
{
    struct iovp_heap heap;
    unsigned i;

    if (!s)
        return;
    for (i = 0; i < IOVP_CACHES; i++)
        iovp_cache_destroy(s->cache[i]);
    heap = (struct iovp_heap){s->ops.alloc, s->ops.free, s->opaque};
    iovp_heap_free(&heap, s);
}

void smmuv3_reset(struct smmuv3 *s)
{
    power_on(s);
    smmuv3_tell_reset(s);
}

unsigned smmuv3_txn_begin(struct smmuv3 *s)
{
    s->inflight[s->epoch]++;
    return s->epoch;
}

void smmuv3_txn_end(struct smmuv3 *s, unsigned token)
{
    token &= 1;
    if (!s->inflight[token] || --s->inflight[token])
        return;
    /* 4.7.3: the last user of an old translation is done. */
    if (s->sync_waiting && token != s->epoch && s->ops.wake)
        s->ops.wake(s->opaque);
}

static void count_accesses(const struct iovp_walk_record *w,
                           struct iovp_trace_record *r)
{
    unsigned i;

    r->config_accesses = r->s1_accesses = r->s2_accesses = 0;
    for (i = 0; i < w->count; i++) {
        switch (w->access[i].kind) {
        case IOVP_WALK_CONFIG:
            r->config_accesses++;
            break;
        case IOVP_WALK_S1:
            r->s1_accesses++;
            break;
        default:
            r->s2_accesses++;
            break;
        }
    }
}

static uint32_t record_flags(const struct iovp_attrs *a, unsigned access)
{
    return (a->pasid_valid ? IOVP_TRACE_PASID_VALID : 0) |
           (a->privileged ? IOVP_TRACE_PRIVILEGED : 0) |
           (a->instruction ? IOVP_TRACE_INSTRUCTION : 0) |
           (access & SMMUV3_READ ? IOVP_TRACE_READ : 0) |
           (access & SMMUV3_WRITE ? IOVP_TRACE_WRITE : 0) |
           (uint32_t)(a->space & 3) << IOVP_TRACE_SPACE_SHIFT |
           (uint32_t)(a->addr_type & 3) << IOVP_TRACE_AT_SHIFT;
}

void smmuv3_describe(const struct smmuv3 *s, const struct iovp_attrs *attrs,
                     uint64_t iova, uint32_t length, unsigned access,
                     const struct smmuv3_result *res,
                     struct iovp_trace_record *r)
{
    unsigned i;

    *r = (struct iovp_trace_record){
        .iova = iova,
        .pa = res->status == IOVP_RESULT_OK ? res->pa : 0,
        .stream_id = attrs->stream_id,
        .pasid = attrs->pasid_valid ? attrs->pasid : 0,
        .length = length,
        .flags = record_flags(attrs, access),
        .initiator = 0xffff,
        .iommu = s ? s->cfg.iommu_index : 0xffff,
        .kind = IOVP_TRACE_TRANSACTION,
        .result = res->status,
        .event = res->event,
        .caches = res->walk.caches,
    };
    count_accesses(&res->walk, r);
    for (i = 0; i < IOVP_WAITS; i++)
        r->wait[i] = res->wait[i];
}

void smmuv3_get_stats(const struct smmuv3 *s, struct smmuv3_stats *out)
{
    *out = s->stats;
}

const struct iovp_cache_stats *smmuv3_cache_stats(const struct smmuv3 *s,
                                                  enum iovp_cache_id id)
{
    return iovp_cache_get_stats(s->cache[id]);
}

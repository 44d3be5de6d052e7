/* SPDX-License-Identifier: MIT */
/*
 * Time of a translation, computed from its walk record on resource calendars.
 *
 * TBU: a lookup port, then the TLB.  On a miss the request crosses to the TCU
 * (link), which looks into the configuration cache, fetches STE and CD if it
 * must, takes a walker, asks the walk cache and reads descriptors one after
 * the other through the memory ports, and crosses back.  A second access to
 * an entry that is still being filled waits for the fill instead.
 */
#include "smmuv3_internal.h"

struct clock {
    struct smmuv3 *s;
    struct smmuv3_result *out;
    uint64_t t;
};

static uint64_t cycles(const struct smmuv3 *s, uint32_t n)
{
    return (uint64_t)n * s->cfg.timing.clock_ps;
}

static void wait_until(struct clock *c, enum iovp_wait_cause cause, uint64_t t)
{
    uint64_t wait;

    if (t <= c->t)
        return;
    wait = t - c->t + c->out->wait[cause];
    c->out->wait[cause] = wait > UINT32_MAX ? UINT32_MAX : (uint32_t)wait;
    c->t = t;
}

/* Memory accesses of one kind of structure, each after the one before. */
static void accesses(struct clock *c, bool config)
{
    const struct iovp_walk_record *w = &c->out->walk;
    unsigned i;

    for (i = 0; i < w->count; i++) {
        const struct iovp_walk_access *a = &w->access[i];
        uint64_t latency = a->latency_ps;

        if ((a->kind == IOVP_WALK_CONFIG) != config)
            continue;
        if (!latency)
            latency = c->s->cfg.timing.memory_ps;
        wait_until(c, IOVP_WAIT_MEMORY,
                   iovp_calendar_take(&c->s->timer.memory, c->t, latency));
        c->t += latency;
    }
}

static void merge(struct clock *c, enum iovp_cache_id id, const uint64_t *ready)
{
    if (!ready || *ready <= c->t)
        return;
    wait_until(c, IOVP_WAIT_FILL, *ready);
    iovp_walk_cache(&c->out->walk, id, IOVP_CACHE_MERGED);
}

static void config_part(struct clock *c)
{
    const struct smmuv3_timing *tm = &c->s->cfg.timing;
    bool hit = iovp_walk_outcome(c->out->walk.caches, IOVP_CACHE_CONFIG) ==
               IOVP_CACHE_HIT;

    c->t += cycles(c->s, tm->config_cycles);
    if (hit) {
        merge(c, IOVP_CACHE_CONFIG, c->out->config_ready);
        return;
    }
    accesses(c, true);
    if (c->out->config_ready)
        *c->out->config_ready = c->t;
}

static void walk_part(struct clock *c)
{
    const struct smmuv3_timing *tm = &c->s->cfg.timing;
    uint64_t start;
    uint32_t slot;

    start = iovp_calendar_acquire(&c->s->timer.walkers, c->t, &slot);
    wait_until(c, IOVP_WAIT_WALKER, start);
    c->t += cycles(c->s, tm->walk_cycles);
    accesses(c, false);
    iovp_calendar_release(&c->s->timer.walkers, slot, start, c->t);
}

void smmuv3_time(struct smmuv3 *s, uint64_t time_in, struct smmuv3_result *out)
{
    const struct smmuv3_timing *tm = &s->cfg.timing;
    struct clock c = {s, out, time_in};
    enum iovp_cache_outcome tlb, config;
    unsigned i;

    for (i = 0; i < IOVP_WAITS; i++)
        out->wait[i] = 0;
    tlb = iovp_walk_outcome(out->walk.caches, IOVP_CACHE_TLB);
    config = iovp_walk_outcome(out->walk.caches, IOVP_CACHE_CONFIG);
    if (config != IOVP_CACHE_UNUSED) {
        wait_until(&c, IOVP_WAIT_LOOKUP,
                   iovp_calendar_take(&s->timer.lookup, c.t, cycles(s, 1)));
        c.t += cycles(s, tm->lookup_cycles);
    }
    /* A TLB hit needs the TCU only if the configuration is not at hand. */
    if (tlb == IOVP_CACHE_MISS || config == IOVP_CACHE_MISS) {
        c.t += cycles(s, tm->link_cycles);
        config_part(&c);
        if (tlb == IOVP_CACHE_MISS)
            walk_part(&c);
        c.t += cycles(s, tm->link_cycles);
    } else {
        merge(&c, IOVP_CACHE_CONFIG, out->config_ready);
    }
    if (tlb == IOVP_CACHE_MISS && out->tlb_ready)
        *out->tlb_ready = c.t;
    else
        merge(&c, IOVP_CACHE_TLB, out->tlb_ready);
    out->time_out = c.t;
}

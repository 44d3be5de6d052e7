/* SPDX-License-Identifier: MIT */
#include "notify.h"

#include <stdio.h>
#include <string.h>

#include "abi.h"
#include "alloc.h"
#include "object.h"
#include "regime.h"
#include "space.h"

#define REPLAY_BUDGET (1u << 20)

/* A regime that is known whether it is used or not. */
struct watch {
    uint32_t index;
    struct iovp_regime regime; /* as configured last */
};

struct notifier {
    struct notifier *next;
    struct platform_device_state *device;
    iovp_notifier_config config;
    uintptr_t handle;
    uint32_t watches;
    struct watch watch[];
};

struct notifiers {
    struct notifier *first; /* in the order of registration */
    uint32_t count;
};

static bool wants(const struct notifier *n, uint32_t events)
{
    return (n->config.events & events) == events;
}

static bool of_all(const struct notifier *n)
{
    return n->config.index == IOVP_REGIME_ALL;
}

static bool watched(const struct notifier *n, uint32_t index)
{
    uint32_t i;

    for (i = 0; i < n->watches; i++)
        if (n->watch[i].index == index)
            return true;
    return false;
}

/* ---- telling ------------------------------------------------------------ */

/* To what was asked for; false: nothing of it was. */
static bool clip(const struct notifier *n, uint64_t *first, uint64_t *last)
{
    if (*first < n->config.first)
        *first = n->config.first;
    if (*last > n->config.last)
        *last = n->config.last;
    return *first <= *last;
}

static void tell_anyway(struct platform *p, const struct notifier *n,
                        uint32_t index, iovp_notification *e)
{
    int nested = p->in_callback;
    iovp_attrs a;

    regime_attrs_of(n->device, index, &a);
    e->size = sizeof(*e);
    e->index = index;
    e->stream_id = a.stream_id;
    e->pasid = a.pasid_valid ? a.pasid : IOVP_NO_PASID;
    e->space = a.space;
    e->time_ps = p->timed ? timed_now(p) : 0;
    p->in_callback = CALLBACK_SIM;
    n->config.fn(n->config.ud, e);
    p->in_callback = nested;
}

static void tell(struct platform *p, const struct notifier *n, uint32_t index,
                 iovp_notification *e)
{
    if (wants(n, e->kind))
        tell_anyway(p, n, index, e);
}

/* It would miss something from here on: DROP, whether it asked for that or
 * not. */
static void tell_lost(struct platform *p, const struct notifier *n,
                      uint32_t index)
{
    iovp_notification e = {.kind = IOVP_NOTIFY_DROP,
                           .first = n->config.first,
                           .last = n->config.last};

    tell_anyway(p, n, index, &e);
}

static void tell_drop(struct platform *p, const struct notifier *n,
                      uint32_t index)
{
    if (wants(n, IOVP_NOTIFY_DROP))
        tell_lost(p, n, index);
}

static void tell_map(struct platform *p, const struct notifier *n,
                     uint32_t index, const struct iovp_mapping *m)
{
    iovp_notification e = {.kind = IOVP_NOTIFY_MAP,
                           .first = m->first,
                           .last = m->last,
                           .rights = m->rights,
                           .mem_type = m->mem_type,
                           .shareability = m->shareability,
                           .output_space = m->space};

    if (!clip(n, &e.first, &e.last))
        return;
    e.pa = m->pa + (e.first - m->first);
    tell(p, n, index, &e);
}

/* ---- mappings in tables ------------------------------------------------- */

struct look {
    struct platform *p;
    const struct notifier *n;
    uint32_t index;
    bool known; /* an UNMAP of it would be told */
    bool failed;
    uint64_t told;
};

static bool on_mapping(void *ud, const struct iovp_mapping *m)
{
    struct look *l = ud;

    if (!l->known && !space_make(l->p, l->n->device, l->index)) {
        l->failed = true;
        return false;
    }
    l->known = true;
    l->told++;
    tell_map(l->p, l->n, l->index, m);
    return true;
}

/* All addresses of a device without IOMMU. */
static void identity(struct look *l, uint64_t first, uint64_t last)
{
    const iovp_attrs *a = &l->n->device->attrs;
    const struct iovp_mapping m = {.first = first,
                                   .last = last,
                                   .pa = first,
                                   .rights = 0x3f,
                                   .mem_type = a->mem_type,
                                   .shareability = a->shareability,
                                   .space = a->space};

    on_mapping(l, &m);
}

/* Tell the mappings from *next on.  False: the budget is used up, and *next
 * says where to go on. */
static bool tell_mappings(struct look *l, uint64_t *next, uint64_t last,
                          uint32_t *budget)
{
    struct platform_device_state *d = l->n->device;
    struct iovp_mapping_walk w = {.first = *next,
                                  .last = last,
                                  .budget = *budget,
                                  .fn = on_mapping,
                                  .ud = l};
    iovp_attrs a;
    bool done;

    if (!d->iommu) {
        identity(l, *next, last);
        return true;
    }
    regime_attrs_of(d, l->index, &a);
    done = d->iommu->mappings(d->core, &a, &w);
    *budget = w.budget;
    *next = w.next;
    return done;
}

static void tell_again(struct platform *p, const struct notifier *n,
                       uint32_t index, uint64_t first, uint64_t last)
{
    struct look l = {.p = p, .n = n, .index = index, .known = true};
    uint32_t budget = NOTIFY_BUDGET;

    if (!tell_mappings(&l, &first, last, &budget))
        tell_lost(p, n, index);
}

/* ---- invalidations ------------------------------------------------------ */

static void unmap(struct platform *p, const struct notifier *n, uint32_t index,
                  const struct iovp_regime *r,
                  const struct iovp_invalidation *i)
{
    iovp_notification e = {.kind = IOVP_NOTIFY_UNMAP};
    struct iovp_regime now;
    uint64_t first, last;

    if (r->state == IOVP_STATE_INVALID) {
        regime_now(n->device, index, &now);
        r = &now;
    }
    if (!n->device->iommu->touches(i, r, &first, &last) ||
        !clip(n, &first, &last))
        return;
    e.first = first;
    e.last = last;
    tell(p, n, index, &e);
    if (wants(n, IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP))
        tell_again(p, n, index, first, last);
}

static void unmap_all(struct platform *p, const struct notifier *n,
                      const struct iovp_invalidation *i)
{
    const struct space *s;
    uint32_t k;

    if (!(n->config.events & IOVP_NOTIFY_UNMAP))
        return;
    for (k = 0; k < n->watches; k++)
        unmap(p, n, n->watch[k].index, &n->watch[k].regime, i);
    if (!of_all(n))
        return;
    for (s = space_first(p, n->device); s; s = space_next(s))
        if (!watched(n, s->index))
            unmap(p, n, s->index, &s->regime, i);
}

/* Regimes of PASIDs, which no watch stands for. */
static void drop_pasids(struct platform *p, const struct notifier *n,
                        const struct iovp_invalidation *i)
{
    uint32_t index[REGIMES_OF_PASID], k, count;
    const struct space *s;

    if (i->kind == IOVP_INVALIDATE_PASID) {
        count = regimes_of_pasid(n->device, i, index);
        for (k = 0; k < count; k++)
            if (!watched(n, index[k]))
                tell_drop(p, n, index[k]);
        return;
    }
    for (s = space_first(p, n->device); s; s = space_next(s))
        if (!watched(n, s->index) &&
            regime_reconfigured(n->device, s->index, i))
            tell_drop(p, n, s->index);
}

static void drop_all(struct platform *p, struct notifier *n,
                     const struct iovp_invalidation *i)
{
    uint32_t k;

    for (k = 0; k < n->watches; k++) {
        struct watch *w = &n->watch[k];

        if (!regime_reconfigured(n->device, w->index, i))
            continue;
        regime_now(n->device, w->index, &w->regime);
        tell_drop(p, n, w->index);
    }
    if (of_all(n))
        drop_pasids(p, n, i);
}

void notifiers_invalidated(struct platform *p, const void *core,
                           const struct iovp_invalidation *i)
{
    struct notifier *n;

    if (!p->notifiers)
        return;
    for (n = p->notifiers->first; n; n = n->next) {
        if (n->device->core != core)
            continue;
        if (i->kind == IOVP_INVALIDATE_TLB)
            unmap_all(p, n, i);
        else
            drop_all(p, n, i);
    }
}

void notifiers_forgotten(struct platform *p, struct platform_device_state *d,
                         uint32_t index)
{
    struct notifier *n;

    if (!p->notifiers)
        return;
    for (n = p->notifiers->first; n; n = n->next)
        if (n->device == d && of_all(n) && !watched(n, index))
            tell_lost(p, n, index);
}

/* ---- mappings that become known otherwise ------------------------------- */

void notifiers_learn(struct platform *p, struct platform_device_state *d,
                     const iovp_attrs *a)
{
    const struct notifier *n;
    uint32_t index;

    if (!regime_find(d, a, &index))
        return;
    for (n = p->notifiers->first; n; n = n->next)
        if (n->device == d && of_all(n) && !watched(n, index))
            space_make(p, d, index);
}

static void mapped(struct platform *p, const struct notifier *n, uint32_t index,
                   const struct iovp_mapping *m)
{
    uint64_t first = m->first, last = m->last;

    if (!wants(n, IOVP_NOTIFY_MAP) || !clip(n, &first, &last))
        return;
    if (n->config.index == index)
        tell_map(p, n, index, m);
    else if (of_all(n) &&
             (watched(n, index) || space_make(p, n->device, index)))
        tell_map(p, n, index, m);
}

void notifiers_mapped(struct platform *p, struct platform_device_state *d,
                      uint32_t pasid, const struct iovp_mapping *m)
{
    iovp_attrs a = d->attrs;
    const struct notifier *n;
    uint32_t i, index;

    a.pasid_valid = pasid != IOVP_NO_PASID;
    a.pasid = a.pasid_valid ? pasid : 0;
    if (!p->notifiers)
        return;
    for (n = p->notifiers->first; n; n = n->next) {
        for (i = 0; n->device == d && i < d->desc.stream_ids; i++) {
            a.stream_id = d->desc.stream_id[i];
            if (regime_find(d, &a, &index))
                mapped(p, n, index, m);
        }
    }
}

uint32_t notifiers_count(const struct platform *p)
{
    return p->notifiers ? p->notifiers->count : 0;
}

/* ---- registration ------------------------------------------------------- */

static iovp_status check_config(const struct platform_device_state *d,
                                const iovp_notifier_config *c)
{
    const uint32_t events =
        IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP | IOVP_NOTIFY_DROP;
    iovp_attrs a;

    if (!c->fn || !c->events || (c->events & ~events))
        return iovp_fail(IOVP_E_INVALID, "config: no function, or events");
    if (c->first > c->last || (c->understands & ~IOVP_ATTR_ALL))
        return iovp_fail(IOVP_E_INVALID,
                         "config: first is above last, or understands");
    return c->index == IOVP_REGIME_ALL ? IOVP_OK
                                       : regime_attrs_of(d, c->index, &a);
}

/* "PASID", "PASID and privileged", "StreamID, PASID and privileged" */
static void name_attrs(uint32_t mask, char *text, size_t size)
{
    static const char *const name[] = {
        "StreamID",   "PASID",       "security space",
        "privileged", "instruction", "address type",
        "no-write",   "memory type", "shareability"};
    size_t i, used = 0;

    text[0] = '\0';
    for (i = 0; mask && i < sizeof(name) / sizeof(name[0]); i++) {
        if (!(mask >> i & 1))
            continue;
        mask &= ~(1u << i);
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 !used  ? ""
                                 : mask ? ", "
                                        : " and ",
                                 name[i]);
    }
}

/* What the IOMMU tells apart and the consumer does not. */
static iovp_status check_attrs(const struct platform_device_state *d,
                               const iovp_notifier_config *c)
{
    uint32_t rest = regime_attrs(d) & ~c->understands;
    char names[128];

    if (c->index != IOVP_REGIME_ALL)
        rest &= ~REGIME_ATTRS;
    if (!rest)
        return IOVP_OK;
    name_attrs(rest, names, sizeof(names));
    return iovp_fail(IOVP_E_ATTRS, "the IOMMU also distinguishes %s", names);
}

static void watch_add(struct notifier *n, uint32_t index)
{
    struct watch *w = &n->watch[n->watches];

    if (watched(n, index))
        return;
    w->index = index;
    regime_now(n->device, index, &w->regime);
    n->watches++;
}

static struct notifier *create(struct platform *p,
                               struct platform_device_state *d,
                               const iovp_notifier_config *c)
{
    struct notifier *n = platform_alloc(
        p, 1, sizeof(*n) + PLATFORM_STREAMS * sizeof(n->watch[0]));
    iovp_attrs a = d->attrs;
    uint32_t i, index;

    if (!n)
        return NULL;
    n->device = d;
    n->config = *c;
    if (!of_all(n))
        watch_add(n, c->index);
    for (i = 0; of_all(n) && i < d->desc.stream_ids; i++) {
        a.stream_id = d->desc.stream_id[i];
        if (regime_find(d, &a, &index))
            watch_add(n, index);
    }
    return n;
}

static iovp_status add(struct platform *p, struct notifier *n)
{
    struct notifier **at = &p->notifiers->first;

    n->handle = object_add(p, OBJECT_NOTIFIER, n);
    if (!n->handle)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a handle");
    while (*at)
        at = &(*at)->next;
    *at = n;
    p->notifiers->count++;
    return IOVP_OK;
}

iovp_status iovp_notifier_register(iovp_notifier **out, iovp_device *h,
                                   const iovp_notifier_config *config)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, &p, &d);
    iovp_notifier_config c;
    struct notifier *n;

    if (!st && !out)
        st = iovp_fail(IOVP_E_INVALID, "no place for the handle");
    if (!st)
        st = ABI_IN(&c, config);
    if (!st)
        st = check_config(d, &c);
    if (!st)
        st = check_attrs(d, &c);
    if (st)
        return st;
    if (notifiers_count(p) == NOTIFIERS_MAX)
        return iovp_fail(IOVP_E_LIMIT, "more than %u notifiers", NOTIFIERS_MAX);
    if (!p->notifiers)
        p->notifiers = platform_alloc(p, 1, sizeof(*p->notifiers));
    n = p->notifiers ? create(p, d, &c) : NULL;
    if (!n)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a notifier");
    st = add(p, n);
    if (st)
        platform_free(p, n);
    else
        *out = (iovp_notifier *)n->handle;
    return st;
}

void iovp_notifier_unregister(iovp_notifier *h)
{
    struct platform *p;
    struct notifier **at, *n;
    void *object;

    if (!h || object_enter(h, OBJECT_NOTIFIER, ENTER_NORMAL, &p, &object))
        return;
    n = object;
    for (at = &p->notifiers->first; *at != n;)
        at = &(*at)->next;
    *at = n->next;
    p->notifiers->count--;
    object_remove(p, n->handle);
    platform_free_ud(p, n->config.free_ud, n->config.ud);
    platform_free(p, n);
}

void notifiers_free(struct platform *p)
{
    struct notifier *n = p->notifiers ? p->notifiers->first : NULL, *next;

    for (; n; n = next) {
        next = n->next;
        platform_free_ud(p, n->config.free_ud, n->config.ud);
        platform_free(p, n);
    }
    platform_free(p, p->notifiers);
    p->notifiers = NULL;
}

/* ---- replay ------------------------------------------------------------- */

/* What is left of the regime r->index.  False: budget or memory is used up. */
static bool replay_regime(struct look *l, iovp_replay *r, uint32_t *budget)
{
    const iovp_notifier_config *c = &l->n->config;

    l->index = r->index;
    l->known = watched(l->n, r->index);
    if (r->next < c->first)
        r->next = c->first;
    if (r->next <= c->last && !tell_mappings(l, &r->next, c->last, budget))
        return false;
    r->next = 0;
    return true;
}

static void replay_all(struct look *l, iovp_replay *r, uint32_t budget)
{
    uint32_t index;

    for (;;) {
        index = r->index;
        if (!regime_next(l->n->device, &r->index, &budget)) {
            r->complete = budget > 0;
            return;
        }
        if (r->index != index)
            r->next = 0;
        if (!replay_regime(l, r, &budget))
            return;
        r->index++;
        /* To find out that there are no tables costs, too. */
        if (budget <= 1)
            return;
        budget--;
    }
}

iovp_status iovp_notifier_replay(iovp_notifier *h, iovp_replay *replay)
{
    struct platform *p;
    void *object;
    iovp_status st =
        object_enter(h, OBJECT_NOTIFIER, ENTER_NORMAL, &p, &object);
    struct look l = {0};
    uint32_t budget;
    iovp_replay r;

    if (!st)
        st = ABI_IN(&r, replay);
    if (st)
        return st;
    l.p = p;
    l.n = object;
    if (!wants(l.n, IOVP_NOTIFY_MAP))
        return iovp_fail(IOVP_E_INVALID, "it did not ask for MAP");
    budget = r.budget ? r.budget : REPLAY_BUDGET;
    r.complete = 0;
    if (of_all(l.n)) {
        replay_all(&l, &r, budget);
    } else {
        r.index = l.n->config.index;
        r.complete = replay_regime(&l, &r, &budget);
    }
    if (l.failed)
        return iovp_fail(IOVP_E_NOMEM, "no memory for an address space");
    r.mappings = l.told;
    abi_out(replay, &r, sizeof(r));
    return IOVP_OK;
}

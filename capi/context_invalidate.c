/* SPDX-License-Identifier: MIT */
/* A guest's invalidations of its stage 1. */
#include "abi.h"
#include "group.h"

static bool bound(const struct attachment *a, const struct context *c)
{
    return a->owner == c;
}

/* A CD that was bound is in the host's table, under an ASID of the host's. */
static iovp_status invalidate_cd(struct context *c, struct group *g,
                                 const struct attachment *a,
                                 const iovp_inval *e)
{
    uint64_t first = 0, last = UINT64_MAX;
    bool leaf = false;

    if (e->kind == IOVP_INVAL_CONFIG)
        return c->ops->pasid(c->host, &g->host, a->pasid, &a->table, a->flags);
    if (e->kind == IOVP_INVAL_RANGE) {
        first = e->first;
        last = e->last;
        leaf = e->leaf;
    }
    return c->ops->flush(c->host, &a->table, first, last, leaf);
}

static iovp_status of_pasids(struct context *c, struct group *g,
                             const iovp_inval *e)
{
    bool found = false;
    iovp_status st;

    if (e->kind == IOVP_INVAL_RAW)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "a command names an ASID, and that of a CD which was "
                         "bound is the host's");
    for (const struct attachment *a = g->attachments; a; a = a->next) {
        if (!bound(a, c) || a->by_host)
            continue;
        if (e->kind != IOVP_INVAL_ALL && a->pasid != e->pasid)
            continue;
        found = true;
        st = invalidate_cd(c, g, a, e);
        if (st)
            return st;
    }
    if (!found)
        return iovp_fail(IOVP_E_NOTFOUND, "nothing is bound to PASID 0x%x",
                         e->pasid);
    return IOVP_OK;
}

static iovp_status check(const iovp_inval *e)
{
    if (e->kind > IOVP_INVAL_RAW || e->leaf > 1 || e->reserved)
        return iovp_fail(IOVP_E_INVALID, "entry: kind, leaf or reserved");
    if (e->kind == IOVP_INVAL_RANGE && e->first > e->last)
        return iovp_fail(IOVP_E_INVALID, "entry: first is after last");
    if (e->kind != IOVP_INVAL_ALL && e->kind != IOVP_INVAL_RAW &&
        e->pasid > IOVP_PASID_MAX && e->pasid != IOVP_NO_PASID)
        return iovp_fail(IOVP_E_INVALID, "entry: PASID 0x%x", e->pasid);
    return IOVP_OK;
}

static iovp_status ask(struct context *c, iovp_device *d, const iovp_inval *e)
{
    int nested = c->p->in_callback;
    iovp_status st;

    if (!c->user.invalidate)
        return IOVP_PASS;
    c->p->in_callback = CALLBACK_SERVICE;
    st = c->user.invalidate(c->config.ud, d, e);
    c->p->in_callback = nested;
    return st < 0 ? iovp_fail(st, "the host's callback refused") : st;
}

static iovp_status one(struct context *c, struct group *g, iovp_device *d,
                       const iovp_inval *entries, size_t i)
{
    iovp_inval e;
    iovp_status st = ABI_IN_AT(&e, entries, i);

    if (!st)
        st = check(&e);
    if (!st)
        st = ask(c, d, &e);
    if (st != IOVP_PASS)
        return st;
    if (g->state != GROUP_GUEST)
        return of_pasids(c, g, &e);
    if (group_attachment(g, IOVP_NO_PASID)->by_host)
        return IOVP_OK;
    return c->ops->invalidate(c->host, &g->host, &e);
}

/* NULL and a sentence: nothing is bound. */
static struct group *guest_of(struct context *c,
                              const struct platform_device_state *d)
{
    struct group *g = group_of(c, d);

    for (const struct attachment *a = g ? g->attachments : NULL; a; a = a->next)
        if (bound(a, c))
            return g;
    iovp_fail(IOVP_E_NOTFOUND, "%s: no stage 1 of a guest is bound", d->name);
    return NULL;
}

iovp_status iovp_context_invalidate(iovp_context *h, iovp_device *device,
                                    const iovp_inval *entries, size_t *count)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);
    const struct platform_device_state *d;
    struct group *g;
    void *object;
    size_t n, i;

    if (st)
        return st;
    if (!count || (!entries && *count))
        return iovp_fail(IOVP_E_INVALID, "no count, or no entries");
    st = object_of(c->p, device, OBJECT_DEVICE, &object);
    if (st)
        return st;
    d = object;
    g = d->desc.iommu == c->iommu ? guest_of(c, d) : NULL;
    if (!g)
        return iovp_fail(IOVP_E_NOTFOUND,
                         "%s: no stage 1 of a guest is bound here", d->name);
    n = *count;
    *count = 0;
    for (i = 0; i < n && !st; i++) {
        st = one(c, g, device, entries, i);
        if (!st)
            *count = i + 1;
    }
    faults_invalidated(c, *count);
    return st;
}

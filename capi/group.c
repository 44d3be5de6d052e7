/* SPDX-License-Identifier: MIT */
/* Groups of devices, and what is attached to them. */
#include "group.h"

#include "alloc.h"
#include "domain.h"
#include "pcie_device.h"

/* ---- which devices ----------------------------------------------------------
 */

static bool has_stream(const struct platform_device *d, uint32_t stream_id)
{
    for (uint32_t i = 0; i < d->stream_ids; i++)
        if (d->stream_id[i] == stream_id)
            return true;
    return false;
}

static bool share(const struct platform_device *a,
                  const struct platform_device *b)
{
    for (uint32_t i = 0; i < a->stream_ids; i++)
        if (has_stream(b, a->stream_id[i]))
            return true;
    return false;
}

static bool ours(const struct context *c, uint32_t device)
{
    const struct platform_device *d = &c->p->device[device].desc;

    return d->iommu == c->iommu && d->stream_ids;
}

/* All that is connected with group n's gets its number. */
static void spread(const struct context *c, uint16_t *of, uint16_t n)
{
    uint32_t count = c->p->device_count, i, j;
    bool more = true;

    while (more) {
        more = false;
        for (i = 0; i < count; i++)
            for (j = 0; of[i] == n && j < count; j++)
                if (ours(c, j) && of[j] == NO_GROUP &&
                    share(&c->p->device[i].desc, &c->p->device[j].desc)) {
                    of[j] = n;
                    more = true;
                }
    }
}

static uint32_t number(struct context *c)
{
    struct groups *gs = c->groups;
    uint32_t streams = 0, i;

    for (i = 0; i < PLATFORM_DEVICE_MAX; i++)
        gs->of_device[i] = NO_GROUP;
    for (i = 0; i < c->p->device_count; i++) {
        if (!ours(c, i))
            continue;
        streams += c->p->device[i].desc.stream_ids;
        if (gs->of_device[i] != NO_GROUP)
            continue;
        gs->of_device[i] = (uint16_t)gs->count++;
        spread(c, gs->of_device, gs->of_device[i]);
    }
    return streams;
}

static void add_streams(struct host_group *h, uint32_t *ids,
                        const struct platform_device *d)
{
    for (uint32_t i = 0; i < d->stream_ids; i++) {
        uint32_t k = 0;

        while (k < h->streams && ids[k] != d->stream_id[i])
            k++;
        ids[k] = d->stream_id[i];
        if (k == h->streams)
            h->streams++;
    }
}

/* Returns where the next group's StreamIDs go. */
static uint32_t *fill(struct context *c, uint16_t n, uint32_t *ids)
{
    struct group *g = &c->groups->group[n];
    uint32_t most = c->ops->pasid_bits(c->host);

    g->can_stall = true;
    g->host.ats = c->ops->can_ats(c->host);
    g->host.pri = g->host.ats && c->ops->can_pri(c->host);
    g->host.stream_id = ids;
    for (uint32_t i = 0; i < c->p->device_count; i++) {
        const struct platform_device *d = &c->p->device[i].desc;

        if (c->groups->of_device[i] != n)
            continue;
        g->can_stall = g->can_stall && d->can_stall;
        g->host.ats = g->host.ats && pcie_device_can(c->p, i, PCIE_CAP_ATS);
        g->host.pri = g->host.pri && pcie_device_can(c->p, i, PCIE_CAP_PRI);
        if (d->pasid_bits > g->host.pasid_bits)
            g->host.pasid_bits = d->pasid_bits;
        add_streams(&g->host, ids, d);
    }
    if (g->host.pasid_bits > most)
        g->host.pasid_bits = most;
    return ids + g->host.streams;
}

struct groups *groups_create(struct context *c)
{
    struct groups *gs = platform_alloc(c->p, 1, sizeof(*gs));
    uint32_t streams, *ids;

    c->groups = gs;
    if (!gs)
        return NULL;
    streams = number(c);
    gs->group = platform_alloc(c->p, gs->count + 1, sizeof(*gs->group));
    gs->stream_ids = platform_alloc(c->p, streams + 1, sizeof(*ids));
    if (!gs->group || !gs->stream_ids)
        return NULL;
    ids = gs->stream_ids;
    for (uint16_t n = 0; n < gs->count; n++)
        ids = fill(c, n, ids);
    return gs;
}

struct group *group_of(struct context *c, const struct platform_device_state *d)
{
    uint16_t n = c->groups->of_device[d - c->p->device];

    return n == NO_GROUP ? NULL : &c->groups->group[n];
}

struct group *group_of_stream(struct context *c, uint32_t stream_id)
{
    for (uint32_t n = 0; n < c->groups->count; n++) {
        struct group *g = &c->groups->group[n];

        for (uint32_t i = 0; i < g->host.streams; i++)
            if (g->host.stream_id[i] == stream_id)
                return g;
    }
    return NULL;
}

iovp_device *group_device(struct context *c, uint32_t stream_id)
{
    for (uint32_t i = 0; i < c->p->device_count; i++)
        if (ours(c, i) && has_stream(&c->p->device[i].desc, stream_id))
            return handle_device(c->p, i);
    return NULL;
}

/* ---- what is attached -------------------------------------------------- */

bool group_is_whole(const struct group *g)
{
    return g->state == GROUP_STAGE2 || g->state == GROUP_GUEST;
}

static struct attachment *find(const struct group *g, uint32_t pasid)
{
    struct attachment *a = g->attachments;

    while (a && a->pasid != pasid)
        a = a->next;
    return a;
}

struct attachment *group_attachment(const struct group *g, uint32_t pasid)
{
    return find(g, group_is_whole(g) ? IOVP_NO_PASID : pasid);
}

static uint64_t *device_word(struct context *c, struct attachment *a,
                             const struct platform_device_state *d,
                             uint64_t *bit)
{
    size_t index = (size_t)(d - c->p->device);

    *bit = 1ull << index % 64;
    return &a->device[index / 64];
}

static bool is_whole(const struct attachment *a)
{
    return a->table.stage != IOVP_STAGE_1;
}

static iovp_status check_pasid(const struct context *c,
                               const struct platform_device_state *d,
                               const struct attachment *a)
{
    uint32_t most = c->ops->pasid_bits(c->host);
    uint32_t bits = d->desc.pasid_bits < most ? d->desc.pasid_bits : most;

    if (a->pasid == IOVP_NO_PASID)
        return IOVP_OK;
    if (is_whole(a))
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "PASID 0x%x: a stage 2 is for all of a device",
                         a->pasid);
    if (!bits)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: the device, or its IOMMU, has no PASIDs",
                         d->name);
    if (!a->pasid || a->pasid >> bits)
        return iovp_fail(IOVP_E_INVALID,
                         "PASID 0x%x: %s has those of %u bits, and 0 is none",
                         a->pasid, d->name, bits);
    return IOVP_OK;
}

static uint32_t flags_of(const struct context *c, const struct group *g,
                         uint32_t flags)
{
    if ((!g->can_stall && !g->host.pri) || c->ops->can_fault(c->host, &g->host))
        flags &= ~HOST_FAULTS;
    return flags;
}

/* One more device of the group: it gets the entry that there is. */
static iovp_status check_again(const struct context *c, const struct group *g,
                               const struct platform_device_state *d,
                               const struct attachment *old,
                               const struct attachment *a)
{
    if ((old->flags ^ flags_of(c, g, a->flags)) & HOST_FAULTS)
        return iovp_fail(IOVP_E_BUSY,
                         "%s: a device that shares a StreamID has this address "
                         "space %s recoverable faults",
                         d->name,
                         old->flags & HOST_FAULTS ? "with" : "without");
    return IOVP_OK;
}

iovp_status group_check(struct context *c,
                        const struct platform_device_state *d,
                        const struct attachment *a)
{
    struct group *g = group_of(c, d);
    struct attachment *old;
    iovp_status st;
    uint64_t bit;

    if (!g)
        return iovp_fail(IOVP_E_INVALID, "%s: not behind this IOMMU", d->name);
    if (d->desc.space != IOVP_SPACE_NONSECURE)
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: not a Non-secure device",
                         d->name);
    st = check_pasid(c, d, a);
    if (st)
        return st;
    old = find(g, a->pasid);
    if (old && old->owner == a->owner && a->owner != c &&
        !(*device_word(c, old, d, &bit) & bit))
        return check_again(c, g, d, old, a);
    if (old || group_is_whole(g) || (is_whole(a) && g->attachments))
        return iovp_fail(IOVP_E_BUSY,
                         "%s, or a device that shares a StreamID, has an "
                         "address space there already",
                         d->name);
    return IOVP_OK;
}

/*
 * The devices cache translations as long as the group is open: enabled when
 * the IOMMU answers Translation Requests, disabled before it stops.
 */
static void set_ats(struct context *c, struct group *g, bool on)
{
    uint16_t n = (uint16_t)(g - c->groups->group);

    if (!g->host.ats || g->ats == on)
        return;
    if (on)
        c->ops->ats(c->host, &g->host, true);
    for (uint32_t i = 0; i < c->p->device_count; i++)
        if (c->groups->of_device[i] == n)
            pcie_device_ats(c->p, i, on, g->host.pri);
    if (!on)
        c->ops->ats(c->host, &g->host, false);
    g->ats = on;
}

static iovp_status open_entry(struct context *c, struct group *g,
                              const struct attachment *a,
                              const iovp_table *guest)
{
    const struct host_table *stage2 = a->stage2 ? &a->stage2->table : NULL;
    iovp_status st = IOVP_OK;

    if (a->by_host) {
        if (guest)
            g->state = GROUP_GUEST;
        return IOVP_OK;
    }
    if (is_whole(a)) {
        st = guest ? c->ops->guest(c->host, &g->host, guest, stage2, a->flags)
                   : c->ops->stage2(c->host, &g->host, &a->table, a->flags);
        if (st)
            return st;
        g->state = guest ? GROUP_GUEST : GROUP_STAGE2;
        set_ats(c, g, !guest);
        return IOVP_OK;
    }
    if (g->state == GROUP_BLOCKED) {
        st = c->ops->pasids(c->host, &g->host);
        if (st)
            return st;
        g->state = GROUP_PASIDS;
        set_ats(c, g, true);
    }
    return c->ops->pasid(c->host, &g->host, a->pasid, &a->table, a->flags);
}

/* The last entry is gone. */
static void close_if_empty(struct context *c, struct group *g)
{
    if (g->state != GROUP_PASIDS)
        return;
    for (struct attachment *a = g->attachments; a; a = a->next)
        if (!a->by_host)
            return;
    set_ats(c, g, false);
    faults_abort_group(c, g);
    c->ops->block(c->host, &g->host);
    g->state = GROUP_BLOCKED;
}

iovp_status group_attach(struct context *c, struct platform_device_state *d,
                         const struct attachment *what, const iovp_table *guest)
{
    iovp_status st = group_check(c, d, what);
    struct group *g;
    struct attachment *a;
    uint64_t bit, *word;

    if (st)
        return st;
    g = group_of(c, d);
    a = find(g, what->pasid);
    if (a) {
        word = device_word(c, a, d, &bit);
        *word |= bit;
        return IOVP_OK;
    }
    a = platform_alloc(c->p, 1, sizeof(*a));
    if (!a)
        return iovp_fail(IOVP_E_NOMEM, "no memory for an attachment");
    *a = *what;
    a->flags = flags_of(c, g, a->flags);
    word = device_word(c, a, d, &bit);
    *word |= bit;
    st = open_entry(c, g, a, guest);
    if (st) {
        close_if_empty(c, g);
        platform_free(c->p, a);
        return st;
    }
    a->next = g->attachments;
    g->attachments = a;
    return IOVP_OK;
}

static void unlink_attachment(struct group *g, const struct attachment *a)
{
    struct attachment **at = &g->attachments;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
}

/* On return no DMA uses it: its entry, what waits, what is cached. */
static iovp_status take_down(struct context *c, struct group *g,
                             struct attachment *a)
{
    iovp_status st = IOVP_OK, flushed = IOVP_OK, fit = IOVP_OK;
    bool whole = is_whole(a);

    if (whole)
        set_ats(c, g, false);
    if (!a->by_host)
        st = whole ? c->ops->block(c->host, &g->host)
                   : c->ops->pasid(c->host, &g->host, a->pasid, NULL, 0);
    faults_abort(c, g, a->pasid);
    if (!a->by_host && a->table.stage)
        flushed = c->ops->flush(c->host, &a->table, 0, UINT64_MAX, false);
    if (whole)
        g->state = GROUP_BLOCKED;
    unlink_attachment(g, a);
    if (a->stage2)
        fit = domain_fit(a->stage2);
    if (a->owner == c && a->table.id)
        c->ops->id_free(c->host, a->table.stage, a->table.id);
    platform_free(c->p, a);
    close_if_empty(c, g);
    st = st ? st : flushed;
    return st ? st : fit;
}

struct attachment *group_find(struct context *c,
                              const struct platform_device_state *d,
                              uint32_t pasid, const void *owner)
{
    struct group *g = group_of(c, d);
    struct attachment *a = g ? find(g, pasid) : NULL;
    uint64_t bit;

    if (a && a->owner == owner && (*device_word(c, a, d, &bit) & bit))
        return a;
    iovp_fail(IOVP_E_NOTFOUND, "%s: not attached there, or by another",
              d->name);
    return NULL;
}

/* ---- the contract ------------------------------------------------------ */

iovp_status context_attach(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const struct host_table *t,
                           uint32_t flags, const void *owner,
                           const struct fault_sink *sink)
{
    struct attachment what = {
        .pasid = pasid, .flags = flags, .table = *t, .owner = owner};

    if (sink)
        what.sink = *sink;
    return group_attach(c, d, &what, NULL);
}

iovp_status context_change(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const struct host_table *t,
                           uint32_t flags, const void *owner)
{
    struct attachment *a = group_find(c, d, pasid, owner);
    struct group *g = group_of(c, d);
    iovp_status st;

    if (!a)
        return IOVP_E_NOTFOUND;
    flags = flags_of(c, g, flags);
    st = is_whole(a) ? c->ops->stage2(c->host, &g->host, t, flags)
                     : c->ops->pasid(c->host, &g->host, pasid, t, flags);
    /* A new entry does not keep what was cached from being used. */
    if (!st)
        st = c->ops->flush(c->host, &a->table, 0, UINT64_MAX, false);
    if (st)
        return st;
    a->table = *t;
    a->flags = flags;
    return IOVP_OK;
}

iovp_status context_detach(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const void *owner)
{
    struct attachment *a = group_find(c, d, pasid, owner);
    uint64_t bit, *word;

    if (!a)
        return IOVP_E_NOTFOUND;
    word = device_word(c, a, d, &bit);
    *word &= ~bit;
    for (size_t i = 0; i < PLATFORM_DEVICE_MAX / 64; i++)
        if (a->device[i])
            return IOVP_OK;
    return take_down(c, group_of(c, d), a);
}

iovp_status context_can_fault(struct context *c,
                              const struct platform_device_state *d)
{
    const struct group *g = group_of(c, d);

    if (!g)
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: not behind this IOMMU",
                         d->name);
    if (!g->can_stall && !g->host.pri)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: the device, or one that shares a StreamID, has "
                         "neither dma-can-stall nor, with ATS that its host "
                         "bridge and its IOMMU support, page requests",
                         d->name);
    return c->ops->can_fault(c->host, &g->host);
}

void context_forget_stage2(struct context *c, const struct domain *m)
{
    for (uint32_t n = 0; n < c->groups->count; n++) {
        struct group *g = &c->groups->group[n];

        if (g->attachments && g->attachments->stage2 == m)
            take_down(c, g, g->attachments);
    }
}

void context_abort_faults(struct context *c, const void *owner)
{
    for (uint32_t n = 0; n < c->groups->count; n++) {
        struct group *g = &c->groups->group[n];

        for (struct attachment *a = g->attachments; a; a = a->next)
            if (a->owner == owner)
                faults_abort(c, g, a->pasid);
    }
}

void groups_destroy(struct context *c)
{
    struct groups *gs = c->groups;

    if (!gs)
        return;
    for (uint32_t n = 0; gs->group && n < gs->count; n++) {
        while (gs->group[n].attachments)
            take_down(c, &gs->group[n], gs->group[n].attachments);
        faults_abort_group(c, &gs->group[n]);
    }
    platform_free(c->p, gs->group);
    platform_free(c->p, gs->stream_ids);
    platform_free(c->p, gs);
    c->groups = NULL;
}

/* SPDX-License-Identifier: MIT */
#include "space.h"

#define IOVP_USE_UNSTABLE
#include "abi.h"
#include "alloc.h"
#include "iovp_unstable.h"
#include "notify.h"
#include "object.h"
#include "regime.h"

#define BUCKETS_MIN 64u

struct list {
    struct space *oldest, *newest;
};

struct spaces {
    struct list device[PLATFORM_DEVICE_MAX];
    struct list dropped; /* with a handle that is not put yet */
    struct space **bucket;
    uint32_t buckets; /* a power of two */
    uint32_t live, most;
    uint64_t made, drops;
    uint64_t reused; /* by spaces that were dropped */
};

/* ---- lists and the hash table ------------------------------------------- */

static void list_add(struct list *l, struct space *s)
{
    s->newer = NULL;
    s->older = l->newest;
    if (l->newest)
        l->newest->newer = s;
    else
        l->oldest = s;
    l->newest = s;
}

static void list_remove(struct list *l, struct space *s)
{
    *(s->older ? &s->older->newer : &l->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &l->newest) = s->older;
}

static struct space **bucket_of(const struct spaces *c, uint32_t device,
                                uint32_t index)
{
    uint64_t mix = ((uint64_t)device << 32 | index) * 0x9e3779b97f4a7c15ull;

    return &c->bucket[mix >> 32 & (c->buckets - 1)];
}

static struct space *find(const struct spaces *c, uint32_t device,
                          uint32_t index)
{
    struct space *s = *bucket_of(c, device, index);

    while (s && (s->device != device || s->index != index))
        s = s->chain;
    return s;
}

static void hash_add(struct spaces *c, struct space *s)
{
    struct space **at = bucket_of(c, s->device, s->index);

    s->chain = *at;
    *at = s;
}

static void hash_remove(struct spaces *c, struct space *s)
{
    struct space **at = bucket_of(c, s->device, s->index);

    while (*at != s)
        at = &(*at)->chain;
    *at = s->chain;
}

/* Twice as many buckets; without memory for them chains get longer. */
static void hash_grow(struct platform *p, struct spaces *c)
{
    struct space **more =
        platform_alloc(p, 2 * (size_t)c->buckets, sizeof(*more));
    struct space *s;
    uint32_t i;

    if (!more)
        return;
    platform_free(p, c->bucket);
    c->bucket = more;
    c->buckets *= 2;
    for (i = 0; i < p->device_count; i++)
        for (s = c->device[i].oldest; s; s = s->newer)
            hash_add(c, s);
}

/* ---- life of a space ---------------------------------------------------- */

static struct spaces *spaces_of(struct platform *p)
{
    struct spaces *c = p->spaces;

    if (c)
        return c;
    c = platform_alloc(p, 1, sizeof(*c));
    if (!c)
        return NULL;
    c->bucket = platform_alloc(p, BUCKETS_MIN, sizeof(*c->bucket));
    if (!c->bucket) {
        platform_free(p, c);
        return NULL;
    }
    c->buckets = BUCKETS_MIN;
    c->most = SPACES_MAX;
    p->spaces = c;
    return c;
}

/* Uses that found it there. */
static uint64_t reuses(const struct space *s)
{
    return s->uses ? s->uses - 1 : 0;
}

/* Out of the cache; its handle, if there is one, outlives it. */
static void drop(struct platform *p, struct space *s)
{
    struct spaces *c = p->spaces;

    list_remove(&c->device[s->device], s);
    hash_remove(c, s);
    if (p->device[s->device].last_space.space == s)
        p->device[s->device].last_space.space = NULL;
    c->live--;
    c->drops++;
    c->reused += reuses(s);
    if (!s->gets) {
        platform_free(p, s);
        return;
    }
    s->dropped = true;
    list_add(&c->dropped, s);
}

/* Whoever relies on knowing all spaces is told that this one is forgotten. */
static void drop_oldest(struct platform *p)
{
    struct spaces *c = p->spaces;
    struct space *oldest = NULL, *s;
    uint32_t i;

    for (i = 0; i < p->device_count; i++) {
        s = c->device[i].oldest;
        if (s && (!oldest || s->made < oldest->made))
            oldest = s;
    }
    notifiers_forgotten(p, &p->device[oldest->device], oldest->index);
    drop(p, oldest);
}

static struct space *make(struct platform *p, struct spaces *c,
                          struct platform_device_state *d, uint32_t index)
{
    struct space *s = platform_alloc(p, 1, sizeof(*s));

    if (!s)
        return NULL;
    while (c->live >= c->most)
        drop_oldest(p);
    if (c->live >= c->buckets)
        hash_grow(p, c);
    s->device = (uint32_t)(d - p->device);
    s->index = index;
    regime_now(d, index, &s->regime);
    s->made = ++c->made;
    s->time_ps = p->timed ? timed_now(p) : 0;
    c->live++;
    list_add(&c->device[s->device], s);
    hash_add(c, s);
    return s;
}

struct space *space_make(struct platform *p, struct platform_device_state *d,
                         uint32_t index)
{
    struct spaces *c = spaces_of(p);
    struct space *s;

    if (!c)
        return NULL;
    s = find(c, (uint32_t)(d - p->device), index);
    return s ? s : make(p, c, d, index);
}

/* ---- DMA ---------------------------------------------------------------- */

/* A DMA works without its space too, if there is no memory for it. */
void space_changed(struct platform *p, struct platform_device_state *d,
                   const iovp_attrs *a, uint64_t bytes)
{
    uint32_t pasid = a->pasid_valid ? a->pasid : IOVP_NO_PASID, index;
    struct space *s;

    if (!regime_pasid_ok(d, pasid) || !regime_find(d, a, &index))
        return;
    s = space_make(p, d, index);
    if (!s)
        return;
    s->uses++;
    s->bytes += bytes;
    d->last_space = (struct space_memo){s, a->stream_id, a->pasid,
                                        a->pasid_valid, a->space};
}

/* ---- all of them -------------------------------------------------------- */

struct space *space_first(const struct platform *p,
                          const struct platform_device_state *d)
{
    return p->spaces ? p->spaces->device[d - p->device].oldest : NULL;
}

struct space *space_next(const struct space *s)
{
    return s->newer;
}

static void drop_pasid(struct platform *p, struct platform_device_state *d,
                       const struct iovp_invalidation *i)
{
    uint32_t index[REGIMES_OF_PASID];
    unsigned n = regimes_of_pasid(d, i, index);

    while (n--) {
        struct space *s = find(p->spaces, (uint32_t)(d - p->device), index[n]);

        if (s)
            drop(p, s);
    }
}

static void drop_reconfigured(struct platform *p,
                              struct platform_device_state *d,
                              const struct iovp_invalidation *i)
{
    struct space *s = space_first(p, d), *next;

    for (; s; s = next) {
        next = s->newer;
        if (regime_reconfigured(d, s->index, i))
            drop(p, s);
    }
}

void spaces_invalidated(struct platform *p, const void *core,
                        const struct iovp_invalidation *i)
{
    uint32_t n;

    if (!p->spaces || i->kind == IOVP_INVALIDATE_TLB)
        return;
    for (n = 0; n < p->device_count; n++) {
        struct platform_device_state *d = &p->device[n];

        if (d->core != core)
            continue;
        if (i->kind == IOVP_INVALIDATE_PASID)
            drop_pasid(p, d, i);
        else
            drop_reconfigured(p, d, i);
    }
}

void spaces_limit(struct platform *p, uint32_t most)
{
    struct spaces *c = spaces_of(p);

    if (c)
        c->most = most;
}

static void list_free(struct platform *p, struct list *l)
{
    struct space *s = l->oldest, *next;

    for (; s; s = next) {
        next = s->newer;
        platform_free(p, s);
    }
}

void spaces_free(struct platform *p)
{
    struct spaces *c = p->spaces;
    uint32_t i;

    if (!c)
        return;
    for (i = 0; i < p->device_count; i++)
        list_free(p, &c->device[i]);
    list_free(p, &c->dropped);
    platform_free(p, c->bucket);
    platform_free(p, c);
    p->spaces = NULL;
}

/* ---- the C API ---------------------------------------------------------- */

static uint64_t count_reuses(const struct platform *p)
{
    uint64_t n = p->spaces->reused;
    const struct space *s;
    uint32_t i;

    for (i = 0; i < p->device_count; i++)
        for (s = space_first(p, &p->device[i]); s; s = s->newer)
            n += reuses(s);
    return n;
}

static iovp_status no_memory(void)
{
    return iovp_fail(IOVP_E_NOMEM, "no memory for an address space");
}

iovp_status iovp_space_get(iovp_space **out, iovp_device *h, uint32_t pasid)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    struct space *s;

    if (st)
        return st;
    if (!out || !regime_pasid_ok(d, pasid))
        return iovp_fail(IOVP_E_INVALID,
                         "no place for the handle, or a PASID beyond the %u "
                         "bits of %s",
                         d->desc.pasid_bits, d->name);
    s = space_make(p, d, regime_of_pasid(d, pasid));
    if (!s)
        return no_memory();
    if (!s->handle)
        s->handle = object_add(p, OBJECT_SPACE, s);
    if (!s->handle)
        return no_memory();
    s->uses++;
    s->gets++;
    *out = (iovp_space *)s->handle;
    return IOVP_OK;
}

void iovp_space_put(iovp_space *h)
{
    struct platform *p;
    void *object;
    struct space *s;

    if (!h || object_enter(h, OBJECT_SPACE, ENTER_SERVICE, &p, &object))
        return;
    s = object;
    if (--s->gets)
        return;
    object_remove(p, s->handle);
    s->handle = 0;
    if (s->dropped) {
        list_remove(&p->spaces->dropped, s);
        platform_free(p, s);
    }
}

/* A space by its handle, if it is still the one that the device sees. */
static iovp_status enter(const iovp_space *h, struct platform **p,
                         struct space **s)
{
    void *object;
    iovp_status st = object_enter(h, OBJECT_SPACE, ENTER_SERVICE, p, &object);

    if (st)
        return st;
    *s = object;
    if ((*s)->dropped)
        return iovp_fail(IOVP_E_STALE,
                         "the address space was dropped: get it again");
    return IOVP_OK;
}

iovp_status iovp_space_get_info(iovp_space *h, iovp_space_info *info)
{
    struct platform *p;
    struct space *s;
    iovp_status st = enter(h, &p, &s);
    iovp_space_info out = {.size = sizeof(out)};
    iovp_attrs a;

    if (!st)
        st = abi_out_check(info, sizeof(*info), "info");
    if (!st)
        st = regime_attrs_of(&p->device[s->device], s->index, &a);
    if (st)
        return st;
    out.pasid = a.pasid_valid ? a.pasid : IOVP_NO_PASID;
    out.index = s->index;
    out.state = s->regime.state;
    out.made = s->made;
    out.uses = s->uses;
    out.bytes = s->bytes;
    out.time_ps = s->time_ps;
    abi_out(info, &out, sizeof(out));
    return IOVP_OK;
}

iovp_status iovp_space_translate(iovp_space *h, uint64_t iova, uint32_t access,
                                 iovp_translation *out)
{
    struct platform *p;
    struct space *s;
    iovp_status st = enter(h, &p, &s);
    iovp_translation local = {0};
    iovp_attrs a;

    if (!st)
        st = abi_out_check(out, sizeof(*out), "out");
    if (!st && access > (IOVP_ACCESS_READ | IOVP_ACCESS_WRITE))
        st = iovp_fail(IOVP_E_INVALID, "access: 0x%x is unknown", access);
    if (!st)
        st = regime_attrs_of(&p->device[s->device], s->index, &a);
    if (st)
        return st;
    device_translate(p, &p->device[s->device], &a, iova, access,
                     IOVP_TRANSLATE_DEBUG, &local);
    abi_out(out, &local, sizeof(local));
    return IOVP_OK;
}

iovp_status iovp_space_get_stats(iovp_platform *h, iovp_space_stats *stats)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_SERVICE, &p);
    iovp_space_stats out = {.size = sizeof(out)};
    const struct spaces *c;

    if (!st)
        st = abi_out_check(stats, sizeof(*stats), "stats");
    if (st)
        return st;
    c = p->spaces;
    if (c) {
        out.live = c->live;
        out.made = c->made;
        out.reused = count_reuses(p);
        out.dropped = c->drops;
        out.bytes =
            c->live * sizeof(struct space) + c->buckets * sizeof(*c->bucket);
    }
    abi_out(stats, &out, sizeof(out));
    return IOVP_OK;
}

/* SPDX-License-Identifier: MIT */
/* The root complex: its functions with their classes, requests that leave the
 * hierarchy, and who is due when. */
#include "root_internal.h"

#include "../common/iovp_attrs.h"
#include "pcie_internal.h"

#include <string.h>

/* ---- time --------------------------------------------------------------- */

void root_wake(struct pcie_root *r, uint64_t t)
{
    if (r->working || t >= r->said)
        return;
    r->said = t;
    if (r->ops.wake)
        r->ops.wake(r->opaque, t);
}

struct pcie_fn *pcie_ep_function(const struct pcie_ep *ep)
{
    return ep->fn;
}

void pcie_ep_wake(struct pcie_ep *ep, uint64_t t)
{
    ep->due = root_earlier(ep->due, t);
    root_wake(ep->root, ep->due);
}

uint64_t pcie_ep_time(const struct pcie_ep *ep)
{
    return pcie_time(ep->root->p);
}

void pcie_ep_set_time(struct pcie_ep *ep, uint64_t t)
{
    pcie_set_time(ep->root->p, t);
}

/* In create there is no function yet, and nothing to share. */
struct pcie_ep_pri *pcie_ep_shared_pri(struct pcie_ep *ep)
{
    if (!ep->fn)
        return &ep->pri;
    return &ep->root->ep[pcie_physical(ep->fn) - ep->root->p->functions].pri;
}

void pcie_ep_pri_changed(struct pcie_ep *ep)
{
    struct pcie_root *r = ep->root;
    const struct pcie_fn *pf = ep->fn ? pcie_physical(ep->fn) : NULL;

    if (!pf || !pf->vf_total)
        return;
    for (uint32_t i = 0; i < r->count; i++) {
        struct pcie_ep *other = &r->ep[i];

        if (other != ep && other->cls && other->cls->pri_changed &&
            pcie_physical(other->fn) == pf)
            other->cls->pri_changed(other->self);
    }
}

/* Each that is due once, beginning with another one each time. */
static void work_endpoints(struct pcie_root *r, uint64_t now)
{
    uint32_t first = r->turn++;

    for (uint32_t n = 0; n < r->count; n++) {
        struct pcie_ep *ep = &r->ep[(first + n) % r->count];
        uint64_t again;

        if (ep->due > now || !ep->cls || !pcie_present(ep->fn))
            continue;
        ep->due = PCIE_NEVER;
        pcie_set_time(r->p, now);
        again = ep->cls->work(ep->self, now);
        ep->due = root_earlier(ep->due, again);
    }
}

static uint64_t endpoints_due(const struct pcie_root *r)
{
    uint64_t next = PCIE_NEVER;

    for (uint32_t i = 0; i < r->count; i++)
        if (r->ep[i].due < next && r->ep[i].cls && pcie_present(r->ep[i].fn))
            next = r->ep[i].due;
    return next;
}

uint64_t pcie_root_work(struct pcie_root *r, uint64_t now)
{
    uint64_t next;

    if (!r || r->working)
        return PCIE_NEVER;
    r->working = true;
    root_serve_down(r, now);
    work_endpoints(r, now);
    root_serve_up(r, now);
    next = root_earlier(endpoints_due(r), root_messages_due(r));
    r->working = false;
    r->said = next > now ? next : now;
    return r->said;
}

/* ---- what comes up --------------------------------------------------------
 */

static uint32_t index_of(const struct pcie_fn *f)
{
    return f ? (uint32_t)(f - f->p->functions) : ROOT_NOBODY;
}

static enum pcie_status on_request(void *opaque, struct pcie_fn *f,
                                   const struct pcie_tlp *t, void *data)
{
    struct pcie_root *r = (struct pcie_root *)opaque;
    uint64_t time = pcie_time(r->p) + r->latency_ps;
    enum pcie_status s = PCIE_SC;

    if (t->type == PCIE_TLP_MSG || t->type == PCIE_TLP_MSGD)
        return root_message(r, index_of(f), t);
    if (t->at == IOVP_AT_TRANSLATION_REQUEST) {
        struct iovp_ats_completion c = {.status = IOVP_ATS_UR};

        if (r->ops.translate)
            r->ops.translate(r->opaque, index_of(f), t, &c, &time);
        memcpy(data, &c, sizeof(c));
    } else {
        s = r->ops.request
                ? r->ops.request(r->opaque, index_of(f), t, data, &time)
                : PCIE_UR;
    }
    pcie_set_time(r->p, pcie_tlp_posted(t) ? time : time + r->latency_ps);
    return s;
}

static void on_sent(void *opaque, struct pcie_fn *f, const struct pcie_tlp *t,
                    enum pcie_status s, uint64_t time_in)
{
    struct pcie_root *r = (struct pcie_root *)opaque;
    struct pcie_tlp_view v = {.tlp = *t,
                              .function = index_of(f),
                              .status = (uint8_t)s,
                              .time_in = time_in,
                              .time_out = pcie_time(r->p)};

    if (f) {
        r->ep[v.function].tlps++;
        r->ep[v.function].bytes += t->length;
    }
    if (r->ops.tlp)
        r->ops.tlp(r->opaque, &v);
}

static void on_renumbered(void *opaque, struct pcie_fn *f)
{
    struct pcie_root *r = (struct pcie_root *)opaque;

    /* Also what a reset from above does: its link was down. */
    root_messages_gone(r);
    if (r->ops.renumbered)
        r->ops.renumbered(r->opaque, index_of(f));
}

static void on_intx(void *opaque, unsigned line, bool level)
{
    struct pcie_root *r = (struct pcie_root *)opaque;

    if (r->ops.intx)
        r->ops.intx(r->opaque, line, level);
}

static void on_error(void *opaque, uint8_t message, uint16_t source)
{
    struct pcie_root *r = (struct pcie_root *)opaque;

    if (r->ops.system_error)
        r->ops.system_error(r->opaque, message, source);
}

static void *on_alloc(void *opaque, uint64_t bytes)
{
    return iovp_heap_alloc(&((struct pcie_root *)opaque)->heap, bytes);
}

static void on_free(void *opaque, void *block)
{
    iovp_heap_free(&((struct pcie_root *)opaque)->heap, block);
}

/* ---- create ------------------------------------------------------------- */

/* The hierarchy's configuration; its functions are `room`. */
static void hierarchy_config(const struct pcie_root_config *c,
                             struct pcie_fn_config *room,
                             struct pcie_config *out)
{
    *out = (struct pcie_config){
        .size = sizeof(*out),
        .bus_first = c->bus_first,
        .bus_last = c->bus_last,
        .peer_to_peer = c->peer_to_peer,
        .timed = c->timed,
        .intx_by_pin = c->intx_by_pin,
        .windows = c->windows,
        .window_count = c->window_count,
        .functions = room,
        .function_count = c->function_count,
    };
    for (uint32_t i = 0; i < c->function_count; i++)
        room[i] = c->functions[i].fn;
}

static const char *check_classes(const struct pcie_root_config *c,
                                 int32_t *index)
{
    for (uint32_t i = 0; i < c->function_count; i++) {
        const struct pcie_root_function *f = &c->functions[i];
        const char *wrong = NULL;

        if (f->cls && f->fn.kind >= PCIE_ROOT_PORT)
            wrong = "a port has no endpoint class";
        else if (f->cls && !f->config)
            wrong = "config is missing";
        else if (f->cls && f->cls->check)
            wrong = f->cls->check(f->config);
        *index = (int32_t)i;
        if (wrong)
            return wrong;
    }
    *index = -1;
    return NULL;
}

static const char *check(const struct pcie_root_config *c, int32_t *index)
{
    struct pcie_config h;
    struct pcie_fn_config *room;
    const char *wrong;

    *index = -1;
    if (!c || c->size != sizeof(*c))
        return "size is not that of struct pcie_root_config";
    if (c->function_count > PCIE_FUNCTIONS_MAX ||
        (c->function_count && !c->functions))
        return "function_count is above 4096, or functions are missing";
    if (c->page_requests > 4096)
        return "page_requests is above 4096";
    room =
        (struct pcie_fn_config *)calloc(c->function_count + 1u, sizeof(*room));
    if (!room)
        return "memory is short";
    hierarchy_config(c, room, &h);
    wrong = pcie_config_check(&h, index);
    free(room);
    return wrong ? wrong : check_classes(c, index);
}

const char *pcie_root_check(const struct pcie_root_config *c, int32_t *index)
{
    int32_t own;

    return check(c, index ? index : &own);
}

static bool create_endpoints(struct pcie_root *r,
                             const struct pcie_root_config *c)
{
    r->ep = (struct pcie_ep *)iovp_heap_alloc(
        &r->heap, (c->function_count + 1ull) * sizeof(*r->ep));
    if (!r->ep)
        return false;
    r->count = c->function_count;
    for (uint32_t i = 0; i < r->count; i++) {
        struct pcie_ep *ep = &r->ep[i];

        ep->root = r;
        ep->due = PCIE_NEVER;
        if (!c->functions[i].cls)
            continue;
        ep->self =
            c->functions[i].cls->create(c->functions[i].config, ep, &r->heap);
        if (!ep->self)
            return false;
        ep->cls = c->functions[i].cls;
    }
    return true;
}

static bool create_hierarchy(struct pcie_root *r,
                             const struct pcie_root_config *c)
{
    struct pcie_ops ops = {.size = sizeof(ops),
                           .request = on_request,
                           .sent = on_sent,
                           .renumbered = on_renumbered,
                           .intx = on_intx,
                           .system_error = on_error,
                           .alloc = on_alloc,
                           .free = on_free};
    struct pcie_config h;
    struct pcie_fn_config *room = (struct pcie_fn_config *)iovp_heap_alloc(
        &r->heap, (c->function_count + 1ull) * sizeof(*room));

    if (!room)
        return false;
    hierarchy_config(c, room, &h);
    for (uint32_t i = 0; i < r->count; i++) {
        if (!r->ep[i].cls)
            continue;
        room[i].ops = r->ep[i].cls->ops;
        room[i].opaque = r->ep[i].self;
    }
    r->p = pcie_create(&h, &ops, r);
    iovp_heap_free(&r->heap, room);
    for (uint32_t i = 0; r->p && i < r->count; i++)
        r->ep[i].fn = pcie_function(r->p, i);
    return r->p != NULL;
}

static bool create_queues(struct pcie_root *r, const struct pcie_root_config *c)
{
    r->pages.size = c->page_requests ? c->page_requests : ROOT_PAGE_REQUESTS;
    r->responses.size = ROOT_RESPONSES;
    r->page = (struct root_page *)iovp_heap_alloc(
        &r->heap, r->pages.size * sizeof(*r->page));
    r->response = (struct root_response *)iovp_heap_alloc(
        &r->heap, ROOT_RESPONSES * sizeof(*r->response));
    r->invalidation = (struct root_invalidation *)iovp_heap_alloc(
        &r->heap, ROOT_INVALIDATIONS * sizeof(*r->invalidation));
    return r->page && r->response && r->invalidation;
}

struct pcie_root *pcie_root_create(const struct pcie_root_config *c,
                                   const struct pcie_root_ops *ops,
                                   void *opaque)
{
    struct iovp_heap heap;
    struct pcie_root *r;

    if (pcie_root_check(c, NULL) || !ops || ops->size != sizeof(*ops) ||
        !ops->alloc != !ops->free)
        return NULL;
    heap = (struct iovp_heap){ops->alloc, ops->free, opaque};
    r = (struct pcie_root *)iovp_heap_alloc(&heap, sizeof(*r));
    if (!r)
        return NULL;
    r->heap = heap;
    r->ops = *ops;
    r->opaque = opaque;
    r->latency_ps = c->timed ? c->latency_ps : 0;
    r->timeout_ps = c->invalidate_timeout_ps ? c->invalidate_timeout_ps
                                             : PCIE_INVALIDATE_TIMEOUT_PS;
    r->said = PCIE_NEVER;
    /* The embedder does not know it yet: nothing wakes it before the end. */
    r->working = true;
    if (!create_queues(r, c) || !create_endpoints(r, c) ||
        !create_hierarchy(r, c)) {
        pcie_root_destroy(r);
        return NULL;
    }
    r->working = false;
    root_wake(r, endpoints_due(r));
    return r;
}

void pcie_root_destroy(struct pcie_root *r)
{
    struct iovp_heap heap;

    if (!r)
        return;
    heap = r->heap;
    pcie_destroy(r->p);
    for (uint32_t i = 0; i < r->count; i++)
        if (r->ep[i].cls)
            r->ep[i].cls->destroy(r->ep[i].self);
    iovp_heap_free(&heap, r->ep);
    iovp_heap_free(&heap, r->page);
    iovp_heap_free(&heap, r->response);
    iovp_heap_free(&heap, r->invalidation);
    iovp_heap_free(&heap, r);
}

void pcie_root_reset(struct pcie_root *r)
{
    if (!r)
        return;
    root_messages_reset(r);
    for (uint32_t i = 0; i < r->count; i++) {
        r->ep[i].due = PCIE_NEVER;
        r->ep[i].itags = 0;
    }
    pcie_reset(r->p);
}

struct pcie *pcie_root_hierarchy(struct pcie_root *r)
{
    return r ? r->p : NULL;
}

/* ---- presence, counters ---------------------------------------------------
 */

void pcie_root_unplug(struct pcie_root *r, uint32_t function)
{
    if (!r || function >= r->count)
        return;
    pcie_set_present(r->ep[function].fn, false);
    root_messages_purge(r);
    root_messages_gone(r);
}

void pcie_root_plug(struct pcie_root *r, uint32_t function)
{
    if (!r || function >= r->count)
        return;
    pcie_set_present(r->ep[function].fn, true);
    /* What its reset has not undone is due again. */
    root_wake(r, endpoints_due(r));
}

static uint32_t counters(const struct pcie_ep *ep, struct pcie_counter *out,
                         uint32_t max)
{
    const struct pcie_counter own[] = {
        {"msi_sent", ep->fn->msi_sent},
        {"tlps", ep->tlps},
        {"bytes", ep->bytes},
    };
    uint32_t n = 0;

    if (ep->cls && ep->cls->counters)
        n = ep->cls->counters(ep->self, out, max);
    for (uint32_t i = 0; i < sizeof(own) / sizeof(own[0]); i++, n++)
        if (n < max)
            out[n] = own[i];
    return n;
}

uint32_t pcie_root_counters(struct pcie_root *r, uint32_t function,
                            struct pcie_counter *out, uint32_t max)
{
    if (!r || function >= r->count)
        return 0;
    return counters(&r->ep[function], out, max);
}

/* SPDX-License-Identifier: MIT */
/*
 * Messages of ATS and PRI between functions and the IOMMU (10.3, 10.4).
 *
 * Nothing here is answered where it comes in: what is for the IOMMU waits in a
 * queue for pcie_root_work, and so does what the IOMMU sends, because both may
 * come from within each other's calls.
 */
#include "root_internal.h"

#include "pcie_internal.h"

/* ---- responses to page requests -------------------------------------------
 */

static bool respond(struct pcie_root *r, uint16_t id,
                    const struct iovp_page_response *p, uint64_t now)
{
    struct root_ring *q = &r->responses;

    if (q->count == q->size)
        return false;
    r->response[root_ring_at(q, q->count++)] =
        (struct root_response){*p, id, now + r->latency_ps};
    root_wake(r, now + r->latency_ps);
    return true;
}

bool pcie_root_page_response(struct pcie_root *r, uint16_t id,
                             const struct iovp_page_response *p, uint64_t now)
{
    return r && p && respond(r, id, p, now);
}

static void serve_responses(struct pcie_root *r, uint64_t now)
{
    struct root_ring *q = &r->responses;

    for (uint32_t n = 0; n < ROOT_BATCH && q->count; n++) {
        const struct root_response *s = &r->response[q->head];
        struct pcie_tlp t = {
            .type = PCIE_TLP_MSG,
            .message = PCIE_MSG_PRG_RESPONSE,
            .requester = (uint16_t)((unsigned)r->p->bus_first << 8),
            .target = s->id,
            .pasid_valid = s->p.pasid_valid,
            .pasid = s->p.pasid_valid ? s->p.pasid & 0xfffff : 0,
            .addr = (uint64_t)(s->p.code & 15u)
                        << PCIE_PAGE_RESPONSE_CODE_SHIFT |
                    (s->p.prg_index & PCIE_PRGI_MASK),
        };

        if (s->due > now)
            return;
        root_ring_pop(q);
        pcie_set_time(r->p, now);
        pcie_send_down(r->p, &t, NULL);
    }
}

/* ---- page requests --------------------------------------------------------
 */

/*
 * The root complex answers for an IOMMU that cannot.  Only the last request of
 * a group has an answer, and a Stop marker has none (10.4.1).
 */
static void answer(struct pcie_root *r, const struct iovp_page_request *q,
                   uint8_t code, uint64_t now)
{
    struct iovp_page_response p = {.stream_id = q->stream_id,
                                   .pasid = q->pasid,
                                   .pasid_valid = q->pasid_valid,
                                   .prg_index = q->prg_index,
                                   .automatic = true,
                                   .code = code};

    if (q->last && (q->read || q->write || !q->pasid_valid))
        respond(r, (uint16_t)q->stream_id, &p, now);
}

/*
 * Choice: what finds the queue full is dropped, and its group answered with
 * Success, as IOMMUs do whose own queue is full: the function will miss the
 * page and ask again.
 */
static enum pcie_status page_request(struct pcie_root *r, uint32_t function,
                                     const struct pcie_tlp *t)
{
    struct root_ring *q = &r->pages;
    uint64_t now = pcie_time(r->p);
    struct iovp_page_request p = {
        .address = t->addr & ~0xfffull,
        .stream_id = t->requester,
        .pasid = t->pasid_valid ? t->pasid : 0,
        .pasid_valid = t->pasid_valid,
        .prg_index = t->addr >> PCIE_PAGE_REQUEST_PRGI_SHIFT & PCIE_PRGI_MASK,
        .read = t->addr & PCIE_PAGE_REQUEST_READ,
        .write = t->addr & PCIE_PAGE_REQUEST_WRITE,
        .execute = t->execute,
        .privileged = t->privileged,
        .last = t->addr & PCIE_PAGE_REQUEST_LAST,
    };

    if (!r->ops.page_request) {
        answer(r, &p, IOVP_PAGE_FAILURE, now);
        return PCIE_SC;
    }
    if (q->count == q->size) {
        answer(r, &p, IOVP_PAGE_SUCCESS, now);
        return PCIE_SC;
    }
    r->page[root_ring_at(q, q->count++)] =
        (struct root_page){p, function, now + r->latency_ps};
    root_wake(r, now + r->latency_ps);
    return PCIE_SC;
}

static void serve_pages(struct pcie_root *r, uint64_t now)
{
    struct root_ring *q = &r->pages;

    for (uint32_t n = 0; n < ROOT_BATCH && q->count; n++) {
        struct root_page *page = &r->page[q->head];

        if (page->due > now)
            return;
        if (!r->ops.page_request(r->opaque, &page->r)) {
            page->due = now + ROOT_RETRY_PS;
            return;
        }
        root_ring_pop(q);
    }
}

void root_messages_purge(struct pcie_root *r)
{
    struct root_ring *q = &r->pages;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < q->count; i++) {
        const struct root_page *page = &r->page[root_ring_at(q, i)];

        if (pcie_present(pcie_function(r->p, page->function)))
            r->page[root_ring_at(q, kept++)] = *page;
    }
    q->count = kept;
}

/* ---- invalidations --------------------------------------------------------
 */

bool pcie_root_invalidate(struct pcie_root *r, uint16_t id,
                          const struct iovp_ats_invalidation *i, uint64_t now)
{
    if (!r || !i || r->invalidations == ROOT_INVALIDATIONS)
        return false;
    r->invalidation[r->invalidations++] =
        (struct root_invalidation){.i = *i,
                                   .id = id,
                                   .state = INVALIDATION_QUEUED,
                                   .due = now + r->latency_ps};
    root_wake(r, now + r->latency_ps);
    return true;
}

/* 10.5.1.2: 0 means 32. */
static uint32_t queue_depth(const struct pcie_fn *f)
{
    uint32_t depth = cap16(f, PCIE_CAP_ATS, PCIE_ATS_CAPABILITY) & 31;

    return depth ? depth : PCIE_ITAGS;
}

/* False: as many are in flight as the function takes. */
static bool take_itag(struct pcie_ep *ep, uint8_t *itag)
{
    if ((uint32_t)__builtin_popcount(ep->itags) >= queue_depth(ep->fn))
        return false;
    /* Not the one that was used last: what answers twice is then found out. */
    do
        ep->itag = (ep->itag + 1) % PCIE_ITAGS;
    while (ep->itags >> ep->itag & 1);
    ep->itags |= 1u << ep->itag;
    *itag = ep->itag;
    return true;
}

/* Who waited for an ITag may try again. */
static void free_itag(struct pcie_root *r, const struct root_invalidation *v)
{
    r->ep[v->function].itags &= ~(1u << v->itag);
    for (uint32_t i = 0; i < r->invalidations; i++)
        r->invalidation[i].blocked = false;
}

static enum pcie_status deliver(struct pcie_root *r,
                                const struct root_invalidation *v)
{
    uint8_t data[8];
    struct pcie_tlp t = {
        .type = PCIE_TLP_MSGD,
        .message = PCIE_MSG_INVALIDATE_REQUEST,
        .requester = (uint16_t)((unsigned)r->p->bus_first << 8),
        .target = v->id,
        .tag = v->itag,
        .pasid_valid = v->i.pasid_valid,
        .pasid = v->i.pasid_valid ? v->i.pasid & 0xfffff : 0,
        .length = sizeof(data),
    };
    uint64_t range = iovp_ats_encode(v->i.first, v->i.log2);

    iovp_put_le64(data, range | (v->i.pasid_valid && v->i.global));
    return pcie_send_down(r->p, &t, data);
}

/* Nobody will answer; at `due` the IOMMU hears of it. */
static void lose(struct root_invalidation *v, uint64_t due)
{
    v->state = INVALIDATION_LOST;
    v->blocked = false;
    v->due = due;
}

static void send_invalidation(struct pcie_root *r, struct root_invalidation *v,
                              uint64_t now)
{
    struct pcie_fn *f = pcie_find(r->p, v->id);
    struct pcie_ep *ep = f ? &r->ep[f - r->p->functions] : NULL;

    if (!ep) {
        lose(v, now);
        return;
    }
    if (!pcie_cap_offset(f, PCIE_CAP_ATS)) {
        lose(v, now + r->timeout_ps);
        return;
    }
    v->blocked = !take_itag(ep, &v->itag);
    if (v->blocked)
        return;
    v->function = (uint32_t)(ep - r->ep);
    v->state = INVALIDATION_SENT;
    v->due = now + r->timeout_ps;
    pcie_set_time(r->p, now);
    if (deliver(r, v) != PCIE_SC) {
        free_itag(r, v);
        lose(v, v->due);
    }
}

void root_messages_gone(struct pcie_root *r)
{
    uint64_t now = r->invalidations ? pcie_time(r->p) : 0;
    bool any = false;

    for (uint32_t i = 0; i < r->invalidations; i++) {
        struct root_invalidation *v = &r->invalidation[i];
        const struct pcie_fn *f = pcie_find(r->p, v->id);
        bool here = f && (v->state == INVALIDATION_QUEUED ||
                          f == r->ep[v->function].fn);

        if (here ||
            (v->state != INVALIDATION_QUEUED && v->state != INVALIDATION_SENT))
            continue;
        if (v->state == INVALIDATION_SENT)
            free_itag(r, v);
        lose(v, now);
        any = true;
    }
    if (any)
        root_wake(r, now);
}

static void report(struct pcie_root *r, struct root_invalidation *v,
                   uint64_t now)
{
    if (v->state == INVALIDATION_SENT)
        free_itag(r, v);
    v->timeout = v->timeout || v->state != INVALIDATION_COMPLETE;
    v->state = INVALIDATION_COMPLETE;
    if (!r->ops.invalidated ||
        r->ops.invalidated(r->opaque, v->i.token, v->timeout))
        v->state = INVALIDATION_DONE;
    else
        v->due = now + ROOT_RETRY_PS;
}

/* ops.invalidated may append to the list. */
static void serve_reports(struct pcie_root *r, uint64_t now)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < r->invalidations; i++) {
        struct root_invalidation *v = &r->invalidation[i];

        if (v->state != INVALIDATION_QUEUED && v->due <= now)
            report(r, v, now);
    }
    for (uint32_t i = 0; i < r->invalidations; i++)
        if (r->invalidation[i].state != INVALIDATION_DONE)
            r->invalidation[kept++] = r->invalidation[i];
    r->invalidations = kept;
}

static void serve_invalidations(struct pcie_root *r, uint64_t now)
{
    for (uint32_t i = 0; i < r->invalidations; i++) {
        struct root_invalidation *v = &r->invalidation[i];

        if (v->state == INVALIDATION_QUEUED && v->due <= now)
            send_invalidation(r, v, now);
    }
}

/*
 * 10.3.4: as many completions as the Completion Count says (0: 8), each for
 * the ITags of its vector.  What fits no request in flight is ignored.
 */
static enum pcie_status invalidate_completion(struct pcie_root *r,
                                              const struct pcie_tlp *t)
{
    uint32_t vector = (uint32_t)t->addr;
    uint8_t cc = t->addr >> PCIE_INVALIDATE_CC_SHIFT & 7;
    uint64_t due = pcie_time(r->p) + r->latency_ps;

    for (uint32_t i = 0; i < r->invalidations; i++) {
        struct root_invalidation *v = &r->invalidation[i];

        if (v->state != INVALIDATION_SENT || v->id != t->requester ||
            !(vector >> v->itag & 1))
            continue;
        if (!v->expected)
            v->expected = cc ? cc : 8;
        if (++v->seen < v->expected)
            continue;
        free_itag(r, v);
        v->state = INVALIDATION_COMPLETE;
        v->due = due;
        root_wake(r, due);
    }
    return PCIE_SC;
}

/* ---- all of them ------------------------------------------------------------
 */

enum pcie_status root_message(struct pcie_root *r, uint32_t function,
                              const struct pcie_tlp *t)
{
    if (t->message == PCIE_MSG_PAGE_REQUEST)
        return page_request(r, function, t);
    if (t->message == PCIE_MSG_INVALIDATE_COMPLETION)
        return invalidate_completion(r, t);
    return PCIE_UR;
}

void root_serve_down(struct pcie_root *r, uint64_t now)
{
    serve_responses(r, now);
    serve_invalidations(r, now);
}

void root_serve_up(struct pcie_root *r, uint64_t now)
{
    serve_pages(r, now);
    serve_reports(r, now);
}

uint64_t root_messages_due(const struct pcie_root *r)
{
    uint64_t next = PCIE_NEVER;

    if (r->pages.count)
        next = root_earlier(next, r->page[r->pages.head].due);
    if (r->responses.count)
        next = root_earlier(next, r->response[r->responses.head].due);
    for (uint32_t i = 0; i < r->invalidations; i++)
        if (!r->invalidation[i].blocked)
            next = root_earlier(next, r->invalidation[i].due);
    return next;
}

void root_messages_reset(struct pcie_root *r)
{
    r->pages.count = r->responses.count = 0;
    r->invalidations = 0;
}

/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include "abi.h"
#include "alloc.h"
#include "context.h"

struct transfers {
    struct transfer *first;
    uint32_t count;
};

static iovp_status has_room(struct platform *p)
{
    if (!p->transfers)
        p->transfers = platform_alloc(p, 1, sizeof(*p->transfers));
    if (!p->transfers)
        return iovp_fail(IOVP_E_NOMEM, "no memory for transfers");
    if (p->transfers->count == TRANSFERS_MAX)
        return iovp_fail(IOVP_E_LIMIT, "more than %d transfers at a time",
                         TRANSFERS_MAX);
    return IOVP_OK;
}

static void append(struct transfer *t)
{
    struct transfer **at = &t->p->transfers->first;

    while (*at)
        at = &(*at)->next;
    *at = t;
    t->p->transfers->count++;
}

static void drop(struct transfer *t)
{
    struct platform *p = t->p;
    struct transfer **at = &p->transfers->first;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    p->transfers->count--;
    platform_free(p, t);
}

bool transfers_work(struct platform *p)
{
    struct transfer *t = p->transfers ? p->transfers->first : NULL;
    bool moved = false;

    for (; t; t = t->next) {
        uint32_t stall = t->run.stall;

        if (t->complete)
            continue;
        t->complete = dma_continue(p, t->d, &t->run);
        moved |= t->complete || t->run.stall != stall;
        if (t->ended && t->complete)
            t->ended(t->ud);
    }
    return moved;
}

void transfer_ended(struct transfer *t)
{
    t->complete = true;
    if (!t->wanted)
        drop(t);
    else if (t->ended)
        t->ended(t->ud);
}

void transfers_destroy(struct platform *p)
{
    struct transfer *t = p->transfers ? p->transfers->first : NULL;

    while (t) {
        struct transfer *next = t->next;

        platform_free(p, t);
        t = next;
    }
    platform_free(p, p->transfers);
    p->transfers = NULL;
}

/* Check and copy what the caller wants. */
static iovp_status job_of(const struct platform_device_state *d,
                          const iovp_transfer_config *config,
                          struct dma_job *job)
{
    const iovp_attrs *use;
    iovp_transfer_config c;
    iovp_status st = ABI_IN(&c, config);

    if (st)
        return st;
    if (!c.buf || c.bytes < 1 || c.bytes > DMA_MAX || c.reserved ||
        (c.access != IOVP_ACCESS_READ && c.access != IOVP_ACCESS_WRITE))
        return iovp_fail(IOVP_E_INVALID, "config: buf, bytes or access");
    use = device_attrs_pasid(d, c.pasid, c.attrs, &job->attrs);
    if (!use)
        return iovp_fail(IOVP_E_INVALID, "config: attrs or pasid");
    job->iova = c.iova;
    job->bytes = c.bytes;
    job->buf = c.buf;
    job->access = c.access;
    return IOVP_OK;
}

/* In the list, and in timed mode with a process. */
static iovp_status make(struct platform *p, struct platform_device_state *d,
                        const struct dma_job *job, struct transfer **out)
{
    iovp_status st = has_room(p);
    struct transfer *t;

    if (st)
        return st;
    t = platform_alloc(p, 1, sizeof(*t));
    if (!t)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a transfer");
    t->p = p;
    t->d = d;
    t->wanted = true;
    t->run.job = *job;
    dma_begin(&t->run);
    append(t);
    st = p->timed ? timed_transfer(p, t) : IOVP_OK;
    if (st)
        drop(t);
    else
        *out = t;
    return st;
}

iovp_status transfer_begin(struct platform *p, struct platform_device_state *d,
                           const struct dma_job *job, void (*ended)(void *ud),
                           void *ud, struct transfer **out)
{
    iovp_status st = make(p, d, job, out);

    if (st)
        return st;
    (*out)->ended = ended;
    (*out)->ud = ud;
    if (!p->timed)
        (*out)->complete = dma_continue(p, d, &(*out)->run);
    return IOVP_OK;
}

iovp_status iovp_dma_submit(iovp_transfer **out, iovp_device *h,
                            const iovp_transfer_config *config)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, &p, &d);
    struct dma_job job = {0};
    struct transfer *t;

    if (st)
        return st;
    if (!out)
        return iovp_fail(IOVP_E_INVALID, "no place for the handle");
    st = job_of(d, config, &job);
    if (!st)
        st = make(p, d, &job, &t);
    if (st)
        return st;
    t->handle = object_add(p, OBJECT_TRANSFER, t);
    if (!t->handle) {
        transfer_give_up(t);
        return iovp_fail(IOVP_E_NOMEM, "no memory for a transfer");
    }
    if (!p->timed) {
        transfers_work(p);
        contexts_service(p);
        transfers_work(p);
    }
    *out = (iovp_transfer *)t->handle;
    return IOVP_OK;
}

bool transfer_held(const struct transfer *t)
{
    if (t->p->timed)
        return t->progress && *t->progress == IOVP_RESULT_STALL;
    return t->run.stall;
}

iovp_status iovp_dma_poll(iovp_transfer *h, iovp_dma_result *result)
{
    struct platform *p;
    void *object;
    iovp_status st =
        object_enter(h, OBJECT_TRANSFER, ENTER_SERVICE, &p, &object);
    struct transfer *t = object;
    iovp_dma_result now;

    if (!st)
        st = abi_out_check(result, sizeof(*result), "result");
    if (st)
        return st;
    /* Inside a callback others may be in the middle of something. */
    if (!p->timed && !p->in_callback) {
        contexts_service(p);
        transfers_work(p);
    }
    now = t->run.result;
    if (!t->complete)
        now.status = transfer_held(t) ? IOVP_DMA_STALL : IOVP_DMA_PENDING;
    abi_out(result, &now, sizeof(now));
    return IOVP_OK;
}

void transfer_give_up(struct transfer *t)
{
    struct platform *p = t->p;

    t->wanted = false;
    t->ended = NULL;
    /* In timed mode its process ends when it runs next. */
    if (p->timed && !t->complete) {
        if (transfer_held(t))
            timed_give_up(p, t->d, *t->held);
        return;
    }
    if (!t->complete)
        dma_give_up(p, t->d, &t->run);
    drop(t);
}

void iovp_dma_release(iovp_transfer *h)
{
    struct platform *p;
    struct transfer *t;
    void *object;

    if (!h || object_enter(h, OBJECT_TRANSFER, ENTER_NORMAL, &p, &object))
        return;
    t = object;
    object_remove(p, t->handle);
    transfer_give_up(t);
}

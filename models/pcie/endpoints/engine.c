/* SPDX-License-Identifier: MIT */
/* The test endpoint's engine: one operation after the other, step by step. */
#include "engine_internal.h"

#include <string.h>

/* ---- create and reset ------------------------------------------------------
 */

void engine_init(struct engine *e, const struct engine_config *c,
                 const struct engine_ops *ops, void *opaque)
{
    memset(e, 0, sizeof(*e));
    e->cfg = *c;
    if (!e->cfg.chunk)
        e->cfg.chunk = 4096;
    e->ops = ops;
    e->opaque = opaque;
    engine_regs_reset(e);
}

static void forget(struct engine *e)
{
    if (e->active)
        e->ops->end(e->opaque);
    e->active = e->waiting = e->queued = e->abort = e->dropped = false;
    e->phase = ENGINE_IDLE;
    memset(e->scratch, 0, sizeof(e->scratch));
    memset(e->count, 0, sizeof(e->count));
    memset(e->base, 0, sizeof(e->base));
    engine_regs_reset(e);
}

void engine_reset(struct engine *e)
{
    if (e->inside) {
        e->dropped = true;
        engine_regs_reset(e);
    } else {
        forget(e);
    }
}

bool engine_busy(const struct engine *e)
{
    return e->queued || e->phase != ENGINE_IDLE;
}

void engine_wake(struct engine *e)
{
    e->waiting = false;
    e->ops->wake(e->opaque, e->ops->time(e->opaque));
}

/* ---- the end of a job ------------------------------------------------------
 */

static void show_waiting(struct engine *e, bool on)
{
    uint32_t status = engine_reg(e, TEP_STATUS) & ~TEP_STATUS_WAITING;

    if (e->source == ENGINE_REGS && e->phase == ENGINE_RUNNING)
        engine_set(e, TEP_STATUS, status | (on ? TEP_STATUS_WAITING : 0));
}

/* Interrupts come last: their write may be one to the engine's registers. */
static void retire(struct engine *e)
{
    e->count[TEP_BUSY_PS] += e->ops->time(e->opaque) - e->began;
    e->phase = ENGINE_IDLE;
    e->abort = false;
    switch ((enum engine_source)e->source) {
    case ENGINE_REGS:
        engine_regs_done(e, &e->job);
        engine_interrupt(e, e->job.irq);
        break;
    case ENGINE_RING:
        engine_ring_advance(e);
        break;
    case ENGINE_ALIAS:
        e->ops->finished(e->opaque, &e->job);
        break;
    }
}

/* The outcome of the operation is known. */
static void finish(struct engine *e)
{
    e->count[TEP_OPERATIONS]++;
    e->count[TEP_ERRORS] += e->job.error != 0;
    if (e->source == ENGINE_RING && e->job.completion) {
        engine_ring_record(e, &e->access);
        e->phase = ENGINE_COMPLETING;
        return;
    }
    retire(e);
}

static void fail(struct engine *e, uint8_t error)
{
    e->job.error = error;
    e->job.fault_info |= error;
    finish(e);
}

/* A descriptor could not be read, or its record not be written. */
static void stop_ring(struct engine *e, uint8_t error)
{
    engine_set64(e, TEP_FAULT_ADDR, e->job.fault_addr);
    engine_set(e, TEP_FAULT_INFO,
               e->job.fault_info | error | TEP_FAULT_INFO_RING);
    e->count[TEP_ERRORS]++;
    e->phase = ENGINE_IDLE;
    e->abort = false;
    engine_ring_stop(e, error);
}

static void give_up(struct engine *e)
{
    if (e->active)
        e->ops->end(e->opaque);
    e->active = e->waiting = e->abort = false;
    if (e->phase == ENGINE_RUNNING)
        fail(e, TEP_ERROR_ABORTED);
    else
        stop_ring(e, TEP_ERROR_ABORTED);
}

/* ---- its beginning ---------------------------------------------------------
 */

/* e->job is there. */
static void run(struct engine *e)
{
    uint8_t error = engine_check(e, &e->job);

    e->phase = ENGINE_RUNNING;
    if (error) {
        fail(e, error);
        return;
    }
    engine_first(e);
    if (!engine_at_once(e, &error))
        return;
    if (error)
        fail(e, error);
    else
        finish(e);
}

/* False: there is nothing to do. */
static bool start(struct engine *e)
{
    if (e->queued) {
        e->began = e->ops->time(e->opaque);
        e->queued = false;
        e->source = e->next_source;
        e->job = e->next;
        run(e);
        return true;
    }
    if (!engine_ring_ready(e))
        return false;
    e->began = e->ops->time(e->opaque);
    e->source = ENGINE_RING;
    e->phase = ENGINE_FETCHING;
    memset(&e->job, 0, sizeof(e->job));
    engine_ring_fetch(e, &e->access);
    return true;
}

/* ---- steps -----------------------------------------------------------------
 */

static void done(struct engine *e, const struct engine_result *r)
{
    uint8_t error;

    switch ((enum engine_phase)e->phase) {
    case ENGINE_FETCHING:
        engine_ring_parse(e);
        run(e);
        break;
    case ENGINE_RUNNING:
        error = engine_took(e, r);
        if (error)
            fail(e, error);
        break;
    case ENGINE_COMPLETING:
        retire(e);
        break;
    case ENGINE_IDLE:
        break;
    }
}

static void failed(struct engine *e, const struct engine_result *r)
{
    engine_failed(e, r);
    if (e->phase == ENGINE_RUNNING)
        finish(e);
    else
        stop_ring(e, r->error);
}

/* e->access, once.  False: it waits. */
static bool access_step(struct engine *e)
{
    struct engine_result r;
    enum engine_status s;

    memset(&r, 0, sizeof(r));
    if (!e->active)
        e->ops->begin(e->opaque, &e->access);
    e->active = true;
    s = e->ops->go_on(e->opaque, e->data, &r);
    if (e->dropped)
        return true;
    show_waiting(e, s == ENGINE_WAIT);
    if (s == ENGINE_WAIT) {
        e->count[TEP_WAITS]++;
        e->waiting = true;
        e->again = r.again;
        return false;
    }
    e->active = false;
    e->ops->end(e->opaque);
    if (s == ENGINE_DONE)
        done(e, &r);
    else
        failed(e, &r);
    return true;
}

/* False: nothing more to do before *when. */
static bool step(struct engine *e, uint64_t *when)
{
    *when = ENGINE_NEVER;
    if (e->phase == ENGINE_IDLE)
        return start(e);
    if (e->abort) {
        give_up(e);
        return true;
    }
    *when = e->again;
    if (e->waiting &&
        (e->again == ENGINE_NEVER || e->again > e->ops->time(e->opaque)))
        return false;
    e->waiting = false;
    if (e->phase == ENGINE_RUNNING && !e->active &&
        !engine_next(e, &e->access)) {
        finish(e);
        return true;
    }
    if (access_step(e))
        return true;
    *when = e->again;
    return false;
}

uint64_t engine_work(struct engine *e)
{
    uint64_t when = ENGINE_NEVER;
    bool more = true;

    if (e->inside)
        return ENGINE_NEVER;
    e->inside = true;
    for (unsigned n = 0; more && n < ENGINE_STEPS; n++) {
        more = step(e, &when);
        if (e->dropped)
            forget(e);
    }
    e->inside = false;
    return more ? e->ops->time(e->opaque) : when;
}

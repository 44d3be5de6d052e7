/* SPDX-License-Identifier: MIT */
#include "engine_device.h"

#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "pcie.h"

/* Time between two looks whether the IOMMU holds an access. */
#define POLL_PS 1000000u

/* ---- accesses ------------------------------------------------------------ */

static struct platform_device_state *device_of(struct platform_engine *e)
{
    return &e->p->device[e->device];
}

static void ended(void *ud)
{
    struct platform_engine *e = ud;

    engine_wake(&e->engine);
}

static void set_attrs(struct platform_engine *e, iovp_attrs *out)
{
    const struct engine_access *a = &e->access;

    *out = device_of(e)->attrs;
    out->pasid_valid = a->pasid_valid;
    out->pasid = a->pasid_valid ? a->pasid : 0;
    out->privileged = a->privileged;
    out->instruction = a->execute;
    if (a->space_valid)
        out->space = a->space;
}

static bool is_atomic(const struct engine_access *a)
{
    return a->kind == ENGINE_FETCH_ADD || a->kind == ENGINE_SWAP ||
           a->kind == ENGINE_CAS;
}

static bool start(struct platform_engine *e, void *data)
{
    struct dma_job job = {.iova = e->access.addr, .bytes = e->access.bytes};

    set_attrs(e, &job.attrs);
    if (is_atomic(&e->access)) {
        iovp_atomic_set(&e->atomic, engine_atomic_kind(e->access.kind),
                        e->access.bytes, data);
        job.atomic = &e->atomic;
        job.access = IOVP_ACCESS_READ | IOVP_ACCESS_WRITE;
    } else {
        job.buf = data;
        job.access = e->access.kind == ENGINE_WRITE ? IOVP_ACCESS_WRITE
                                                    : IOVP_ACCESS_READ;
    }
    return !transfer_begin(e->p, device_of(e), &job, ended, e, &e->transfer);
}

static void begin(void *opaque, const struct engine_access *a)
{
    struct platform_engine *e = opaque;

    e->access = *a;
    e->tries = 0;
}

static void stop(struct platform_engine *e)
{
    if (e->transfer)
        transfer_give_up(e->transfer);
    e->transfer = NULL;
}

static uint64_t now(void *opaque)
{
    const struct platform_engine *e = opaque;

    return e->p->timed ? timed_now(e->p) : e->now;
}

static enum engine_status failed(struct platform_engine *e, uint8_t error,
                                 uint64_t done, struct engine_result *r)
{
    r->error = error;
    r->done = (uint32_t)done;
    r->fault_addr = e->access.addr + done;
    return ENGINE_FAILED;
}

/* The transfer has ended, or the device does not wait any longer. */
static enum engine_status outcome(struct platform_engine *e, void *data,
                                  struct engine_result *r)
{
    const iovp_dma_result result = e->transfer->run.result;
    bool held = !e->transfer->complete;

    stop(e);
    if (!held &&
        (result.status == IOVP_DMA_OK || result.status == IOVP_DMA_RAZWI)) {
        if (is_atomic(&e->access))
            memcpy(data, e->atomic.old, e->access.bytes);
        return ENGINE_DONE;
    }
    if (e->access.policy == TEP_FAULT_RETRY && e->tries < e->access.retries) {
        e->tries++;
        r->again = now(e) + e->access.retry_ps;
        return ENGINE_WAIT;
    }
    return failed(e, TEP_ERROR_UR, result.done, r);
}

static enum engine_status go_on(void *opaque, void *data,
                                struct engine_result *r)
{
    struct platform_engine *e = opaque;

    if (!e->transfer && !start(e, data))
        return failed(e, TEP_ERROR_REFUSED, 0, r);
    /* Without ON_FAULT STALL what is held is given up. */
    if (e->transfer->complete ||
        (e->access.policy != TEP_FAULT_STALL && transfer_held(e->transfer)))
        return outcome(e, data, r);
    r->again =
        e->access.policy == TEP_FAULT_STALL ? ENGINE_NEVER : now(e) + POLL_PS;
    return ENGINE_WAIT;
}

static void end(void *opaque)
{
    stop(opaque);
}

static void wake(void *opaque, uint64_t t)
{
    struct platform_engine *e = opaque;

    if (t < e->due)
        e->due = t;
    if (e->p->timed)
        timed_engine_wake(e, e->due);
}

static bool irq(void *opaque, uint32_t vector)
{
    struct platform_engine *e = opaque;
    iovp_irq_event event = {
        .kind = IOVP_IRQ_WIRED, .level = 1, .number = PLATFORM_NO_IRQ};

    if (vector >= PLATFORM_ENGINE_IRQS || e->irq[vector] == PLATFORM_NO_IRQ)
        return false;
    event.number = e->irq[vector];
    snprintf(event.line, sizeof(event.line), "dma%u", vector);
    platform_irq(e->p, e->range.node, &event);
    return true;
}

static const struct engine_ops ops = {
    .begin = begin,
    .go_on = go_on,
    .end = end,
    .time = now,
    .wake = wake,
    .irq = irq,
};

/* ---- life ---------------------------------------------------------------- */

static void configure(const struct platform_device *d, uint32_t vectors,
                      struct engine_config *c)
{
    c->vectors = vectors;
    c->caps = (1u << TEP_FAULT_FAIL | 1u << TEP_FAULT_RETRY |
               (d->can_stall ? 1u << TEP_FAULT_STALL : 0))
              << TEP_CAPS_POLICY_SHIFT;
    c->caps |= TEP_CAPS_ATOMICS | TEP_CAPS_EXECUTE | TEP_CAPS_PRIVILEGED;
    if (d->pasid_bits)
        c->caps |= TEP_CAPS_PASID | d->pasid_bits << TEP_CAPS_WIDTH_SHIFT;
    c->spaces = (uint8_t)(1u << d->space);
}

iovp_status platform_add_engine(struct platform *p,
                                const struct platform_device *desc,
                                uint64_t base, const uint32_t *irq,
                                uint32_t irqs)
{
    struct platform_engine *e;
    struct engine_config c = {0};
    iovp_status st;

    if (p->engine_count == PLATFORM_ENGINE_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d DMA engines", desc->path,
                         PLATFORM_ENGINE_MAX);
    e = platform_alloc(p, 1, sizeof(*e));
    if (!e)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a DMA engine");
    st = memory_range(p, desc->name, base, TEP_WINDOW, &e->range);
    if (!st)
        st = platform_add_device(p, desc);
    if (st) {
        platform_free(p, e);
        return st;
    }
    e->p = p;
    e->device = p->device_count - 1;
    e->due = ENGINE_NEVER;
    for (uint32_t i = 0; i < PLATFORM_ENGINE_IRQS; i++)
        e->irq[i] = i < irqs ? irq[i] : PLATFORM_NO_IRQ;
    configure(desc, irqs, &c);
    engine_init(&e->engine, &c, &ops, e);
    p->engine[p->engine_count++] = e;
    return IOVP_OK;
}

void engine_devices_free(struct platform *p)
{
    for (uint32_t i = 0; i < p->engine_count; i++)
        platform_free(p, p->engine[i]);
    p->engine_count = 0;
}

/* ---- registers and work -------------------------------------------------- */

struct platform_engine *engine_device_at(struct platform *p, uint64_t addr,
                                         uint64_t bytes)
{
    for (uint32_t i = 0; i < p->engine_count; i++) {
        const struct platform_range *r = &p->engine[i]->range;

        if (addr >= r->base && addr <= r->last && bytes - 1 <= r->last - addr)
            return p->engine[i];
    }
    return NULL;
}

void engine_device_access(struct platform_engine *e, uint64_t addr,
                          uint32_t width, bool write, uint64_t *value)
{
    uint64_t offset = addr - e->range.base;
    uint8_t bytes[8] = {0};

    if (write) {
        iovp_put_le64(bytes, *value);
        engine_write(&e->engine, offset, bytes, width);
    } else {
        engine_read(&e->engine, offset, bytes, width);
        *value = iovp_le64(bytes);
    }
}

uint64_t engine_device_work(struct platform_engine *e)
{
    uint64_t next;

    e->due = ENGINE_NEVER;
    next = engine_work(&e->engine);
    if (next < e->due)
        e->due = next;
    return e->due;
}

bool engine_devices_step(struct platform *p)
{
    for (uint32_t i = 0; i < p->engine_count; i++) {
        struct platform_engine *e = p->engine[i];

        if (e->due == ENGINE_NEVER)
            continue;
        if (e->due > e->now)
            e->now = e->due;
        engine_device_work(e);
        return true;
    }
    return false;
}

uint32_t engine_device_counters(const struct platform *p, uint32_t device,
                                struct pcie_counter *out, uint32_t max)
{
    uint32_t i, n = 0;

    for (i = 0; i < p->engine_count && p->engine[i]->device != device; i++)
        ;
    for (; i < p->engine_count && n < TEP_ATC_HITS && n < max; n++)
        out[n] = (struct pcie_counter){
            engine_counter_name((enum tep_counter)n),
            engine_counter(&p->engine[i]->engine, (enum tep_counter)n)};
    return n;
}

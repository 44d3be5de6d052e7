/* SPDX-License-Identifier: MIT */
/* SMMUv3 instances of a platform: their bus in functional mode, and their
 * interrupts in either. */
#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "alloc.h"
#include "notify.h"
#include "pcie.h"
#include "space.h"

static enum iovp_bus_status bus_read(void *opaque,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, void *buf, uint32_t len,
                                     uint64_t *latency_ps)
{
    struct platform_smmu *s = opaque;
    const uint8_t *host = memory_at(s->p, addr, len);

    (void)a;
    (void)latency_ps;
    if (!host)
        return IOVP_BUS_ABORT;
    memcpy(buf, host, len);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status bus_write(void *opaque,
                                      const struct iovp_bus_attrs *a,
                                      uint64_t addr, const void *buf,
                                      uint32_t len, uint64_t *latency_ps)
{
    struct platform_smmu *s = opaque;
    uint8_t *host = memory_at(s->p, addr, len);

    (void)a;
    (void)latency_ps;
    if (!host)
        return IOVP_BUS_ABORT;
    memcpy(host, buf, len);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status
bus_cas64(void *opaque, const struct iovp_bus_attrs *a, uint64_t addr,
          uint64_t expect, uint64_t value, uint64_t *seen, uint64_t *latency_ps)
{
    struct platform_smmu *s = opaque;
    uint8_t *host = memory_at(s->p, addr, 8);

    (void)a;
    (void)latency_ps;
    if (!host)
        return IOVP_BUS_ABORT;
    *seen = iovp_le64(host);
    if (*seen == expect)
        iovp_put_le64(host, value);
    return IOVP_BUS_OK;
}

void platform_irq(struct platform *p, const char *source, iovp_irq_event *e)
{
    int nested = p->in_callback;

    if (!p->irq)
        return;
    e->size = sizeof(*e);
    e->time_ps = p->timed ? timed_now(p) : 0;
    snprintf(e->source, sizeof(e->source), "%s", source);
    p->in_callback = CALLBACK_SIM;
    p->irq(p->irq_ud, e);
    p->in_callback = nested;
}

static void deliver(struct platform_smmu *s, iovp_irq_event *e)
{
    e->level = 1;
    platform_irq(s->p, s->range.node, e);
}

void smmu_irq(struct platform_smmu *s, enum iovp_irq_line line)
{
    static const char *const name[IOVP_IRQ_LINES] = {
        [IOVP_IRQ_EVENTQ] = "eventq",
        [IOVP_IRQ_PRIQ] = "priq",
        [IOVP_IRQ_CMDQ_SYNC] = "cmdq-sync",
        [IOVP_IRQ_GERROR] = "gerror",
    };
    iovp_irq_event e = {.kind = IOVP_IRQ_WIRED, .number = s->irq[line]};

    snprintf(e.line, sizeof(e.line), "%s", name[line]);
    if (line == IOVP_IRQ_EVENTQ || line == IOVP_IRQ_PRIQ)
        s->reports = true;
    timed_notify(s->p);
    deliver(s, &e);
}

void smmu_sev(struct platform_smmu *s)
{
    iovp_irq_event e = {.kind = IOVP_IRQ_SEV, .number = PLATFORM_NO_IRQ};

    deliver(s, &e);
}

/*
 * An MSI into RAM is a memory write (a driver may poll for it); into a node
 * that is known but not modelled, such as an ITS, it is told to the user;
 * anywhere else it aborts.
 */
enum iovp_bus_status smmu_msi(struct platform_smmu *s, uint64_t addr,
                              uint32_t data)
{
    iovp_irq_event e = {.kind = IOVP_IRQ_MSI,
                        .number = PLATFORM_NO_IRQ,
                        .data = data,
                        .addr = addr};
    uint8_t *host = memory_at(s->p, addr, 4);

    if (!host && !memory_is_placeholder(s->p, addr))
        return IOVP_BUS_ABORT;
    if (host)
        iovp_put_le32(host, data);
    deliver(s, &e);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status bus_msi(void *opaque,
                                    const struct iovp_bus_attrs *a,
                                    uint64_t addr, uint32_t data)
{
    (void)a;
    return smmu_msi(opaque, addr, data);
}

static void bus_irq(void *opaque, enum iovp_irq_line line)
{
    smmu_irq(opaque, line);
}

static void bus_sev(void *opaque)
{
    smmu_sev(opaque);
}

static void bus_trace(void *opaque, const struct iovp_trace_record *r)
{
    struct platform_smmu *s = opaque;

    platform_record(s->p, r);
}

static void bus_wake(void *opaque)
{
    struct platform_smmu *s = opaque;

    s->work = true;
}

static bool bus_window(void *opaque, uint64_t addr, struct iovp_bus_window *w)
{
    struct platform_smmu *s = opaque;

    return memory_window(s->p, addr, w);
}

void smmu_invalidated(struct platform_smmu *s,
                      const struct iovp_invalidation *i)
{
    notifiers_invalidated(s->p, s->core, i);
    spaces_invalidated(s->p, s->core, i);
}

static void bus_invalidated(void *opaque, const struct iovp_invalidation *i)
{
    smmu_invalidated(opaque, i);
}

static void bus_atc_invalidate(void *opaque,
                               const struct iovp_ats_invalidation *i)
{
    struct platform_smmu *s = opaque;

    if (!pcie_host_invalidate(s, i, s->p->pcie_now))
        smmuv3_atc_complete(s->core, i->token, true);
}

static void bus_pri_response(void *opaque, const struct iovp_page_response *r)
{
    struct platform_smmu *s = opaque;

    pcie_host_page_response(s, r, s->p->pcie_now);
}

static const struct iovp_bus_ops functional_ops = {
    .size = sizeof(struct iovp_bus_ops),
    .read = bus_read,
    .write = bus_write,
    .cas64 = bus_cas64,
    .msi = bus_msi,
    .irq = bus_irq,
    .sev = bus_sev,
    .trace = bus_trace,
    .wake = bus_wake,
    .window = bus_window,
    .invalidated = bus_invalidated,
};

iovp_status smmu_create_all(struct platform *p)
{
    struct iovp_bus_ops ops = functional_ops;
    uint32_t i;

    alloc_bus(p, &ops);
    /* Without host bridges there is nobody to answer. */
    if (p->pcie_count) {
        ops.atc_invalidate = bus_atc_invalidate;
        ops.pri_response = bus_pri_response;
    }
    for (i = 0; i < p->smmu_count; i++) {
        struct platform_smmu *s = &p->smmu[i];

        s->core = smmuv3_create(&s->config, &ops, s);
        if (!s->core)
            return iovp_fail(IOVP_E_NOMEM, "%s: no memory for its caches",
                             s->range.node);
    }
    return IOVP_OK;
}

void smmu_attach_device(struct platform *p, struct platform_device_state *d)
{
    bool has = d->desc.iommu != PLATFORM_NO_IOMMU;

    d->core = has ? p->smmu[d->desc.iommu].core : NULL;
    d->iommu = d->core ? &smmuv3_iommu_ops : NULL;
}

void smmu_attach_devices(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->device_count; i++)
        smmu_attach_device(p, &p->device[i]);
}

void smmu_destroy_all(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->smmu_count; i++) {
        smmuv3_destroy(p->smmu[i].core);
        p->smmu[i].core = NULL;
    }
}

/*
 * A guest can make work for ever (a queue that an MSI refills cannot, as MSIs
 * do not reach registers), so one call does a queue's worth at most.
 */
#define WORK_BATCH (1u << 19)

void smmu_work(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->smmu_count; i++) {
        struct platform_smmu *s = &p->smmu[i];
        bool more = false;

        if (!s->work)
            continue;
        s->work = false;
        smmuv3_work(s->core, WORK_BATCH, &more);
        if (more)
            s->work = true;
    }
}

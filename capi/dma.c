/* SPDX-License-Identifier: MIT */
/* DMA on behalf of a device. */
#include <string.h>

#include "../models/common/bits.h"
#include "platform.h"

#define DMA_MAX      (1u << 30)
#define GRANULE_LOG2 12

void platform_record(struct platform *p, const struct iovp_trace_record *r)
{
    if (p->trace)
        port_trace_put(p->trace, r);
    if (r->kind == IOVP_TRACE_TRANSACTION)
        stats_count(p->stats, r);
}

/* A device without an IOMMU. */
static void identity(const iovp_attrs *a, uint64_t iova,
                     struct smmuv3_result *r)
{
    memset(r, 0, offsetof(struct smmuv3_result, walk.access));
    r->pa = iova;
    r->log2 = 63;
    r->space = a->space;
}

/* Copy to or from RAM; false if nothing answers at the physical address. */
static bool transfer(struct platform *p, uint64_t pa, uint8_t *buf,
                     uint64_t bytes, uint32_t access)
{
    uint8_t *host = memory_at(p, pa, bytes);

    if (!host)
        return false;
    if (access & IOVP_ACCESS_WRITE) {
        if (buf)
            memcpy(host, buf, bytes);
        else
            memset(host, 0, bytes);
    } else if (buf) {
        memcpy(buf, host, bytes);
    }
    return true;
}

struct part {
    uint64_t bytes;
    uint32_t status; /* IOVP_DMA_* */
    uint32_t event;
};

/*
 * Bytes from `iova` on that are translated alike: what failed failed for one
 * smallest granule.
 */
static uint64_t span_of(const struct smmuv3_result *r, uint64_t iova)
{
    uint64_t mask =
        iovp_mask(r->status == IOVP_RESULT_OK ? r->log2 : GRANULE_LOG2);

    return mask - (iova & mask) + 1;
}

/* The part of a transfer within one translation granule. */
static struct part do_part(struct platform *p, struct platform_device_state *d,
                           const iovp_attrs *a, uint64_t iova, uint8_t *buf,
                           uint64_t bytes, uint32_t access)
{
    struct smmuv3_result *r = &p->scratch;
    struct iovp_trace_record rec;
    struct part part;
    uint64_t room;

    if (!d->core)
        identity(a, iova, r);
    else
        smmuv3_translate(d->core, a, iova, access, SMMUV3_NORMAL, r);
    room = !d->core ? bytes : span_of(r, iova);
    part.bytes = bytes < room ? bytes : room;
    part.status = r->status;
    part.event = r->event;
    if (r->status == IOVP_RESULT_OK &&
        !transfer(p, r->pa, buf, part.bytes, access))
        part.status = IOVP_DMA_BUS;
    if (r->status == IOVP_RESULT_RAZWI && buf && !(access & IOVP_ACCESS_WRITE))
        memset(buf, 0, part.bytes);
    smmuv3_describe(d->core, a, iova, (uint32_t)part.bytes, access, r, &rec);
    rec.initiator = (uint16_t)(d - p->device);
    rec.result = (uint8_t)part.status;
    platform_record(p, &rec);
    return part;
}

void dma_functional(struct platform *p, struct platform_device_state *d,
                    const iovp_attrs *a, uint64_t iova, void *buf,
                    uint64_t bytes, uint32_t access, iovp_dma_result *r)
{
    uint8_t *to = buf;
    uint64_t at = 0;

    *r = (iovp_dma_result){.size = sizeof(*r)};
    while (at < bytes) {
        struct part part = do_part(p, d, a, iova + at, to ? to + at : NULL,
                                   bytes - at, access);

        /* RAZ/WI goes on as if it had worked, and is reported. */
        if (part.status != IOVP_DMA_OK && r->status == IOVP_DMA_OK) {
            r->status = part.status;
            r->event = part.event;
        }
        if (part.status != IOVP_DMA_OK && part.status != IOVP_DMA_RAZWI)
            return;
        at += part.bytes;
        if (r->status == IOVP_DMA_OK)
            r->done = at;
    }
}

static iovp_status dma(iovp_device *h, const iovp_attrs *attrs, uint64_t iova,
                       void *buf, size_t bytes, uint32_t access,
                       const uint64_t *time_ps, iovp_dma_result *result)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, &p, &d);
    iovp_dma_result local;
    iovp_attrs full;
    const iovp_attrs *use;

    if (st)
        return st;
    if (bytes < 1 || bytes > DMA_MAX ||
        (result && result->size != sizeof(*result)))
        return iovp_fail(IOVP_E_INVALID, "bytes or result->size");
    use = device_attrs(d, attrs, &full);
    if (!use)
        return iovp_fail(IOVP_E_INVALID, "attrs: a field is out of range");
    if (p->timed)
        st = timed_dma(p, d, use, iova, buf, bytes, access,
                       time_ps ? *time_ps : timed_now(p), &local);
    else
        dma_functional(p, d, use, iova, buf, bytes, access, &local);
    if (!st && result)
        *result = local;
    return st;
}

iovp_status iovp_dma_read(iovp_device *d, const iovp_attrs *attrs,
                          uint64_t iova, void *buf, size_t bytes,
                          iovp_dma_result *result)
{
    if (!buf)
        return iovp_fail(IOVP_E_INVALID, "no buffer");
    return dma(d, attrs, iova, buf, bytes, IOVP_ACCESS_READ, NULL, result);
}

iovp_status iovp_dma_write(iovp_device *d, const iovp_attrs *attrs,
                           uint64_t iova, const void *buf, size_t bytes,
                           iovp_dma_result *result)
{
    if (!buf)
        return iovp_fail(IOVP_E_INVALID, "no buffer");
    return dma(d, attrs, iova, (void *)(uintptr_t)buf, bytes, IOVP_ACCESS_WRITE,
               NULL, result);
}

iovp_status iovp_dma_replay(iovp_device *d, const iovp_attrs *attrs,
                            uint64_t iova, uint32_t bytes, uint32_t access,
                            uint64_t time_ps, iovp_dma_result *result)
{
    if (bytes > 4096 ||
        (access != IOVP_ACCESS_READ && access != IOVP_ACCESS_WRITE))
        return iovp_fail(IOVP_E_INVALID, "bytes or access");
    return dma(d, attrs, iova, NULL, bytes, access, &time_ps, result);
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../models/common/bits.h"
#include "platform.h"
#include "space.h"

#define GRANULE_LOG2 12

/* ---- parts ---------------------------------------------------------------
 */

void platform_record(struct platform *p, const struct iovp_trace_record *r)
{
    if (p->trace)
        port_trace_put(p->trace, r);
    if (r->kind == IOVP_TRACE_TRANSACTION)
        stats_count(p->stats, r);
}

void dma_identity(const iovp_attrs *a, uint64_t iova, struct smmuv3_result *r)
{
    memset(r, 0, offsetof(struct smmuv3_result, walk.access));
    r->pa = iova;
    r->log2 = 63;
    r->space = a->space;
}

/* Copy to or from RAM; false if nothing answers at the physical address. */
static bool transfer(struct platform *p, const struct dma_job *job, uint64_t pa,
                     uint8_t *buf, uint64_t bytes)
{
    uint8_t *host = memory_at(p, pa, bytes);

    if (!host)
        return false;
    if (job->atomic) {
        iovp_atomic_apply(job->atomic, host);
    } else if (job->access & IOVP_ACCESS_WRITE) {
        if (buf)
            memcpy(host, buf, bytes);
        else
            memset(host, 0, bytes);
    } else if (buf) {
        memcpy(buf, host, bytes);
    }
    return true;
}

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

/*
 * Translate the part at r->at, or try it again if it was held.  False: it is
 * held (again, or still).
 */
static bool translate(struct platform_device_state *d, struct dma_run *r,
                      struct smmuv3_result *out)
{
    uint64_t iova = r->job.iova + r->at;

    if (!d->core) {
        dma_identity(&r->job.attrs, iova, out);
        return true;
    }
    if (!r->stall) {
        smmuv3_translate(d->core, &r->job.attrs, iova, r->job.access,
                         SMMUV3_NORMAL, out);
    } else {
        enum smmuv3_stall_state state = smmuv3_stall_state(d->core, r->stall);

        if (state == SMMUV3_STALL_WAITING)
            return false;
        r->result.stalls++;
        if (state == SMMUV3_STALL_RETRY) {
            smmuv3_retry(d->core, r->stall, out);
        } else {
            dma_identity(&r->job.attrs, iova, out);
            out->status = state == SMMUV3_STALL_RAZWI ? IOVP_RESULT_RAZWI
                                                      : IOVP_RESULT_ABORT;
            out->event = (uint8_t)r->event;
            smmuv3_stall_end(d->core, r->stall);
        }
    }
    /* A Translation Request is answered; it moves no data. */
    if (r->job.attrs.addr_type == IOVP_AT_TRANSLATION_REQUEST)
        out->status = IOVP_RESULT_ABORT;
    r->stall = out->status == IOVP_RESULT_STALL ? out->stall : 0;
    r->event = out->event;
    return !r->stall;
}

/* A part was decided: do it, trace it and count it.  Returns its bytes; 0: the
 * DMA ends with it. */
static uint64_t do_part(struct platform *p, struct platform_device_state *d,
                        struct dma_run *r, struct smmuv3_result *res)
{
    const struct dma_job *job = &r->job;
    uint64_t iova = job->iova + r->at;
    uint64_t left = job->bytes - r->at;
    uint64_t room = d->core ? span_of(res, iova) : left;
    uint64_t bytes = left < room ? left : room;
    uint8_t *buf = job->buf ? job->buf + r->at : NULL;
    uint32_t status = res->status;
    struct iovp_trace_record rec;

    if (status == IOVP_RESULT_OK && !transfer(p, job, res->pa, buf, bytes))
        status = IOVP_DMA_BUS;
    if (status == IOVP_RESULT_RAZWI && job->access == IOVP_ACCESS_READ && buf)
        memset(buf, 0, bytes);
    smmuv3_describe(d->core, &job->attrs, iova, (uint32_t)bytes, job->access,
                    res, &rec);
    rec.initiator = (uint16_t)(d - p->device);
    rec.result = (uint8_t)status;
    platform_record(p, &rec);
    /* RAZ/WI goes on as if it had worked, and is reported. */
    if (status != IOVP_DMA_OK && r->result.status == IOVP_DMA_OK) {
        r->result.status = status;
        r->result.event = res->event;
    }
    return status == IOVP_DMA_OK || status == IOVP_DMA_RAZWI ? bytes : 0;
}

/* ---- runs ----------------------------------------------------------------
 */

void dma_begin(struct dma_run *r)
{
    r->at = 0;
    r->stall = 0;
    r->event = 0;
    r->tries = 0;
    r->tried = 0;
    r->result = (iovp_dma_result){.size = sizeof(r->result)};
}

bool dma_continue(struct platform *p, struct platform_device_state *d,
                  struct dma_run *r)
{
    struct smmuv3_result *res = &p->scratch;
    uint64_t bytes;

    while (r->at < r->job.bytes) {
        if (!translate(d, r, res))
            return false;
        bytes = do_part(p, d, r, res);
        if (!bytes)
            break;
        r->at += bytes;
        if (r->result.status == IOVP_DMA_OK)
            r->result.done = r->at;
    }
    space_used(p, d, &r->job.attrs, r->result.done);
    return true;
}

bool dma_hopeless(struct dma_run *r)
{
    if (r->tried != r->at)
        r->tries = 0;
    r->tried = r->at;
    return ++r->tries > DMA_TRIES;
}

void dma_give_up(struct platform *p, struct platform_device_state *d,
                 struct dma_run *r)
{
    space_used(p, d, &r->job.attrs, r->result.done);
    if (r->stall)
        smmuv3_stall_end(d->core, r->stall);
    r->stall = 0;
    if (r->result.status == IOVP_DMA_OK) {
        r->result.status = IOVP_DMA_STALL;
        r->result.event = r->event;
    }
}

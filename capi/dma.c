/* SPDX-License-Identifier: MIT */
/* DMA on behalf of a device, to its end. */
#include <string.h>

#include "abi.h"
#include "context.h"
#include "dma.h"

/* What every DMA call checks. */
static iovp_status enter(iovp_device *h, struct platform **p,
                         struct platform_device_state **d, size_t bytes,
                         const iovp_dma_result *result)
{
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, p, d);

    if (!st && result)
        st = abi_out_check(result, sizeof(*result), "result");
    if (!st && (bytes < 1 || bytes > DMA_MAX))
        st = iovp_fail(IOVP_E_INVALID, "1..2^30 bytes");
    return st;
}

static iovp_status bad_attrs(void)
{
    return iovp_fail(IOVP_E_INVALID,
                     "attrs or pasid: out of range, or they contradict");
}

/*
 * To the end.  What is held is held until handlers of faults have run; if
 * none has answered, or their answers resolve nothing, nobody will while this
 * call lasts.
 */
static void run_functional(struct platform *p, struct platform_device_state *d,
                           struct dma_run *r)
{
    dma_begin(r);
    while (!dma_continue(p, d, r)) {
        if (dma_hopeless(r) || !contexts_service(p)) {
            dma_give_up(p, d, r);
            break;
        }
    }
    if (r->result.event)
        contexts_service(p);
}

/* r->job, which enters at time_ps in timed mode. */
static iovp_status run(struct platform *p, struct platform_device_state *d,
                       struct dma_run *r, uint64_t time_ps,
                       iovp_dma_result *result)
{
    iovp_status st = IOVP_OK;

    if (p->timed)
        st = timed_dma(p, d, &r->job, time_ps, &r->result);
    else
        run_functional(p, d, r);
    if (!st && result)
        abi_out(result, &r->result, sizeof(r->result));
    return st;
}

static iovp_status dma(iovp_device *h, uint32_t pasid, const iovp_attrs *attrs,
                       uint64_t iova, void *buf, size_t bytes, uint32_t access,
                       iovp_dma_result *result)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = enter(h, &p, &d, bytes, result);
    struct dma_run r;

    if (st)
        return st;
    if (!buf)
        return iovp_fail(IOVP_E_INVALID, "no buffer");
    if (!device_attrs_pasid(d, pasid, attrs, &r.job.attrs))
        return bad_attrs();
    r.job.iova = iova;
    r.job.bytes = bytes;
    r.job.buf = buf;
    r.job.access = access;
    r.job.atomic = NULL;
    return run(p, d, &r, p->timed ? timed_now(p) : 0, result);
}

iovp_status iovp_dma_read(iovp_device *d, uint32_t pasid, uint64_t iova,
                          void *buf, size_t bytes, const iovp_attrs *attrs,
                          iovp_dma_result *result)
{
    return dma(d, pasid, attrs, iova, buf, bytes, IOVP_ACCESS_READ, result);
}

iovp_status iovp_dma_write(iovp_device *d, uint32_t pasid, uint64_t iova,
                           const void *buf, size_t bytes,
                           const iovp_attrs *attrs, iovp_dma_result *result)
{
    return dma(d, pasid, attrs, iova, (void *)(uintptr_t)buf, bytes,
               IOVP_ACCESS_WRITE, result);
}

iovp_status iovp_dma_replay(iovp_device *h, const iovp_attrs *attrs,
                            uint64_t iova, uint32_t bytes, uint32_t access,
                            uint64_t time_ps, iovp_dma_result *result)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = enter(h, &p, &d, bytes, result);
    const iovp_attrs *use;
    struct dma_run r;
    iovp_attrs full;

    if (st)
        return st;
    if (bytes > 4096 ||
        (access != IOVP_ACCESS_READ && access != IOVP_ACCESS_WRITE))
        return iovp_fail(IOVP_E_INVALID, "bytes or access");
    use = device_attrs(d, attrs, &full);
    if (!use)
        return bad_attrs();
    r.job = (struct dma_job){
        .attrs = *use, .iova = iova, .bytes = bytes, .access = access};
    return run(p, d, &r, time_ps, result);
}

_Static_assert(IOVP_ATOMIC_FETCH_ADD == IOVP_ATOMIC_KIND_ADD &&
                   IOVP_ATOMIC_SWAP == IOVP_ATOMIC_KIND_SWAP &&
                   IOVP_ATOMIC_CAS == IOVP_ATOMIC_KIND_CAS,
               "the numbers of the API are those of the models");

static const char *atomic_check(const iovp_atomic *a, uint64_t iova)
{
    if (a->op > IOVP_ATOMIC_CAS || a->reserved)
        return "op is unknown, or reserved is not 0";
    if (a->width != 4 && a->width != 8 &&
        !(a->width == 16 && a->op == IOVP_ATOMIC_CAS))
        return "4 or 8 bytes, and 16 for compare and swap";
    if (iova & (a->width - 1))
        return "the address is not aligned to the width";
    return NULL;
}

iovp_status iovp_dma_atomic(iovp_device *h, uint32_t pasid, uint64_t iova,
                            iovp_atomic *atomic, const iovp_attrs *attrs,
                            iovp_dma_result *result)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = enter(h, &p, &d, 1, result);
    struct iovp_atomic_op op = {0};
    struct dma_run r = {0};
    const char *why;
    iovp_atomic known;

    if (!st)
        st = ABI_IN(&known, atomic);
    if (st)
        return st;
    why = atomic_check(&known, iova);
    if (why)
        return iovp_fail(IOVP_E_INVALID, "atomic: %s", why);
    if (!device_attrs_pasid(d, pasid, attrs, &r.job.attrs))
        return bad_attrs();
    op.kind = (uint8_t)known.op;
    op.width = (uint8_t)known.width;
    memcpy(op.operand, known.operand, sizeof(op.operand));
    memcpy(op.compare, known.compare, sizeof(op.compare));
    r.job.iova = iova;
    r.job.bytes = known.width;
    r.job.access = IOVP_ACCESS_READ | IOVP_ACCESS_WRITE;
    r.job.atomic = &op;
    st = run(p, d, &r, p->timed ? timed_now(p) : 0, result);
    if (st)
        return st;
    memcpy(known.old, op.old, sizeof(known.old));
    abi_out(atomic, &known, sizeof(known));
    return IOVP_OK;
}

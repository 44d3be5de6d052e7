/* SPDX-License-Identifier: MIT */
/* Running workloads, transfers and the software that owns IOMMUs. */
#include "context.h"
#include "engine_device.h"
#include "pcie.h"
#include "transfer.h"

#define RUN_BATCH 65536

/* True: an access was done; false: the device has none, or waits for one. */
static bool run_device(struct platform *p, struct platform_device_state *d)
{
    struct workload_access a;

    if (!d->held) {
        if (!workload_next(&d->workload, &a))
            return false;
        d->run.job = (struct dma_job){
            .iova = a.iova, .bytes = a.bytes, .access = a.access};
        workload_attrs(d, &a, &d->run.job.attrs);
        dma_begin(&d->run);
    }
    if (dma_continue(p, d, &d->run)) {
        d->held = false;
        return true;
    }
    if (!d->held) {
        d->held = true;
        return true;
    }
    return false;
}

/* One access of the next device whose turn it is; false: none has any. */
static bool run_one(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->device_count; i++) {
        struct platform_device_state *d =
            &p->device[p->next_device % p->device_count];

        p->next_device = (p->next_device + 1) % p->device_count;
        if (run_device(p, d))
            return true;
    }
    return false;
}

/* *n: accesses so far, but for one. */
static bool run_pcie(struct platform *p, uint32_t *n)
{
    uint32_t done = pcie_step(p);

    if (!done)
        return false;
    smmu_work(p);
    *n += done - 1;
    return true;
}

static uint32_t run_functional(struct platform *p)
{
    uint32_t n;

    smmu_work(p);
    contexts_tick(p);
    for (n = 0; n < RUN_BATCH; n++) {
        bool answered = contexts_service(p);

        if (!run_one(p) && !transfers_work(p) && !run_pcie(p, &n) &&
            !engine_devices_step(p) && !answered && !contexts_service(p))
            return IOVP_RUN_IDLE;
    }
    return IOVP_RUN_TIME;
}

iovp_status iovp_run_until(iovp_platform *h, uint64_t time_ps, uint32_t *reason)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    uint32_t why = IOVP_RUN_IDLE;

    if (st)
        return st;
    if (p->timed)
        st = timed_run_until(p, time_ps, &why);
    else
        why = run_functional(p);
    if (!st && reason)
        *reason = why;
    return st;
}

iovp_status platform_wait(struct platform *p, uint64_t ps)
{
    if (p->timed)
        return timed_wait(p, ps);
    pcie_work(p);
    return IOVP_OK;
}

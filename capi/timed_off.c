/* SPDX-License-Identifier: MIT */
/* Built instead of timed.cpp when there is no SystemC: never reached, as
 * timed_available() says no before a timed platform could exist. */
#ifndef IOVP_SYSTEMC

#include "engine_device.h"
#include "pcie.h"

int timed_available(void)
{
    return 0;
}

static iovp_status refuse(void)
{
    return iovp_fail(IOVP_E_UNSUPPORTED, "built without SystemC");
}

iovp_status timed_create(struct platform *p)
{
    (void)p;
    return refuse();
}

void timed_destroy(struct platform *p)
{
    (void)p;
}

uint64_t timed_now(const struct platform *p)
{
    (void)p;
    return 0;
}

iovp_status timed_run_until(struct platform *p, uint64_t time_ps,
                            uint32_t *reason)
{
    (void)p;
    (void)time_ps;
    (void)reason;
    return refuse();
}

iovp_status timed_mmio(struct platform *p, struct platform_smmu *s,
                       uint32_t offset, uint32_t width, uint32_t space,
                       bool write, uint64_t *value)
{
    (void)p;
    (void)s;
    (void)offset;
    (void)width;
    (void)space;
    (void)write;
    (void)value;
    return refuse();
}

iovp_status timed_dma(struct platform *p, struct platform_device_state *d,
                      const struct dma_job *job, uint64_t time_ps,
                      iovp_dma_result *r)
{
    (void)p;
    (void)d;
    (void)job;
    (void)time_ps;
    (void)r;
    return refuse();
}

iovp_status timed_transfer(struct platform *p, struct transfer *t)
{
    (void)p;
    (void)t;
    return refuse();
}

void timed_give_up(struct platform *p, const struct platform_device_state *d,
                   uint32_t stall)
{
    (void)p;
    (void)d;
    (void)stall;
}

iovp_status timed_wait(struct platform *p, uint64_t ps)
{
    (void)p;
    (void)ps;
    return refuse();
}

void timed_settle(struct platform *p)
{
    (void)p;
}

void timed_notify(struct platform *p)
{
    (void)p;
}

void timed_workload_changed(struct platform *p, struct platform_device_state *d)
{
    (void)p;
    (void)d;
}

iovp_status timed_pcie_mmio(struct platform *p, struct platform_pcie *h,
                            uint64_t addr, uint32_t width, bool write,
                            uint64_t *value)
{
    (void)p;
    (void)h;
    (void)addr;
    (void)width;
    (void)write;
    (void)value;
    return refuse();
}

void timed_engine_wake(struct platform_engine *e, uint64_t t)
{
    (void)e;
    (void)t;
}

void timed_pcie_changed(struct platform *p, struct platform_pcie *h)
{
    (void)p;
    (void)h;
}

#else
typedef int iovp_timed_off_is_empty;
#endif

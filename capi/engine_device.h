/* SPDX-License-Identifier: MIT */
/*
 * DMA masters with registers that are no PCI functions: the engine of the test
 * endpoint (models/pcie/endpoints/engine.h) on a platform's bus.  Its accesses
 * are transfers, which an IOMMU may hold.  Private to capi/.
 */
#ifndef IOVP_ENGINE_DEVICE_H
#define IOVP_ENGINE_DEVICE_H

#include "../models/pcie/endpoints/engine.h"
#include "transfer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct timed_engine;

struct platform_engine {
    struct platform *p;
    struct platform_range range;
    uint32_t device; /* index */
    uint32_t irq[PLATFORM_ENGINE_IRQS];
    uint64_t due; /* of engine_work; ENGINE_NEVER */
    uint64_t now; /* functional mode: from one thing that is due to the next */
    struct timed_engine *timed; /* its process */

    /* The access that is going on. */
    struct engine_access access;
    struct transfer *transfer;
    struct iovp_atomic_op atomic;
    uint16_t tries;
    struct engine engine;
};

/* The engine that has all bytes; NULL: none. */
struct platform_engine *engine_device_at(struct platform *p, uint64_t addr,
                                         uint64_t bytes);
void engine_device_access(struct platform_engine *e, uint64_t addr,
                          uint32_t width, bool write, uint64_t *value);
/* Do what is due now; when next, or ENGINE_NEVER. */
uint64_t engine_device_work(struct platform_engine *e);
/* Functional mode: do something that is due.  False: nothing is. */
bool engine_devices_step(struct platform *p);
void engine_devices_free(struct platform *p);
/* Counters of a device that is one, else 0. */
uint32_t engine_device_counters(const struct platform *p, uint32_t device,
                                struct pcie_counter *out, uint32_t max);

/* Timed mode: engine_device_work is due at `t`. */
void timed_engine_wake(struct platform_engine *e, uint64_t t);

#ifdef __cplusplus
}
#endif

#endif

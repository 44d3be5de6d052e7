/* SPDX-License-Identifier: MIT */
/*
 * The engine of the test endpoint on a bus of its own: memory, accesses that
 * wait or fail when the test says so, as a platform device behind an IOMMU that
 * stalls would have them.
 */
#ifndef ENGINE_BUS_H
#define ENGINE_BUS_H

#include "../models/pcie/endpoints/engine.h"
#include "drivers/test_endpoint_driver.h"

#define ENGINE_RAM 0x100000u
#define ENGINE_LOG 64u

struct engine_bus {
    struct engine e;
    struct tep_driver d;
    uint8_t ram[ENGINE_RAM];
    uint64_t now, due;
    struct engine_access access, log[ENGINE_LOG];
    uint32_t begins, ends;
    uint32_t steps_most, steps_seen; /* accesses of one work */
    uint64_t fail_at; /* an access to this page fails, or waits */
    bool fails, stalls, resumed;
    uint64_t again;
    uint32_t irqs[8], irq_count, flushes, stops;
    uint32_t flushed;
    bool flush_valid;
    void (*inside)(struct engine_bus *b); /* once, inside of an access */
};

struct engine_bus *engine_bus_new(void);
uint32_t engine_bus_read(void *ud, uint32_t at);
void engine_bus_write(void *ud, uint32_t at, uint32_t value);
/* One call of work.  False: nothing is due. */
bool engine_bus_work(void *ud);

#endif

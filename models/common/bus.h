/* SPDX-License-Identifier: MIT */
/*
 * How a core reaches the world: memory, interrupts, time and trace, given as
 * an ops structure with an opaque pointer when the core is created.
 */
#ifndef IOVP_BUS_H
#define IOVP_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct iovp_ats_invalidation;
struct iovp_invalidation;
struct iovp_page_response;
struct iovp_trace_record;

/* Attributes of an access that the IOMMU itself originates. */
struct iovp_bus_attrs {
    uint8_t space;        /* IOVP_SPACE_* */
    uint8_t mem_type;     /* as a byte of MAIR_ELx */
    uint8_t shareability; /* IOVP_SH_* */
    uint8_t debug;        /* 1: no side effect anywhere, no waiting */
};

/* Result of a bus access. */
enum iovp_bus_status {
    IOVP_BUS_OK = 0,
    IOVP_BUS_ABORT = -1, /* external abort: nothing answers, or an error */
};

/* Output lines of an IOMMU, as numbered in ops.irq. */
enum iovp_irq_line {
    IOVP_IRQ_EVENTQ = 0,
    IOVP_IRQ_PRIQ = 1,
    IOVP_IRQ_CMDQ_SYNC = 2,
    IOVP_IRQ_GERROR = 3,
    IOVP_IRQ_LINES = 4,
};

/* Plain memory that the host can read directly. */
struct iovp_bus_window {
    uint64_t base; /* physical */
    uint64_t bytes;
    const uint8_t *host;
};

struct iovp_bus_ops {
    uint32_t size; /* sizeof(struct iovp_bus_ops) */

    /*
     * Read or write `len` bytes (1..64) at physical address `addr`.  An
     * aligned access of 1, 2, 4 or 8 bytes is single-copy atomic.
     * `latency_ps` is preset to 0; a bus that knows the time an access takes
     * adds it there, a bus that does not leaves it alone.
     */
    enum iovp_bus_status (*read)(void *opaque, const struct iovp_bus_attrs *a,
                                 uint64_t addr, void *buf, uint32_t len,
                                 uint64_t *latency_ps);
    enum iovp_bus_status (*write)(void *opaque, const struct iovp_bus_attrs *a,
                                  uint64_t addr, const void *buf, uint32_t len,
                                  uint64_t *latency_ps);
    /*
     * Atomic compare-and-swap of an aligned 64-bit little-endian word:
     * *seen gets the old value; the swap happened if *seen == expect.
     */
    enum iovp_bus_status (*cas64)(void *opaque, const struct iovp_bus_attrs *a,
                                  uint64_t addr, uint64_t expect,
                                  uint64_t value, uint64_t *seen,
                                  uint64_t *latency_ps);
    /* A message-signalled interrupt: a 32-bit write that may reach an ITS. */
    enum iovp_bus_status (*msi)(void *opaque, const struct iovp_bus_attrs *a,
                                uint64_t addr, uint32_t data);
    /* An edge on a wired interrupt line. */
    void (*irq)(void *opaque, enum iovp_irq_line line);
    /* Arm: a WFE wake-up event to the processors (CMD_SYNC with CS=SEV). */
    void (*sev)(void *opaque);
    /* Optional: a trace record is complete. */
    void (*trace)(void *opaque, const struct iovp_trace_record *r);
    /* Queue work is pending: call the core's work function from a process. */
    void (*wake)(void *opaque);
    /* Simulated time in picoseconds; may be NULL in functional use. */
    uint64_t (*now)(void *opaque);
    /*
     * Optional, where time does not count: the memory around `addr`, which
     * stays where it is as long as the core lives.  Reads of it then bypass
     * read().  False: there is none.
     */
    bool (*window)(void *opaque, uint64_t addr, struct iovp_bus_window *w);
    /*
     * Optional: software has invalidated something (iommu.h), or reset,
     * enabled or disabled the IOMMU.  The core is busy: only the operations
     * of struct iovp_iommu_ops may be called.
     */
    void (*invalidated)(void *opaque, const struct iovp_invalidation *i);
    /*
     * Optional: software has answered a stalled transaction (see the core's
     * stall functions), or it is to be translated again because its record
     * could not be written in time; its initiator can go on.  The core is
     * busy: tell the initiator, and let it ask later.
     */
    void (*resumed)(void *opaque, uint32_t stall);
    /*
     * Optional, both, and without them nothing is sent: an ATS invalidation
     * for an endpoint, whose completion the core is told, at once or later;
     * and a response to a group of page requests (ats.h).
     */
    void (*atc_invalidate)(void *opaque, const struct iovp_ats_invalidation *i);
    void (*pri_response)(void *opaque, const struct iovp_page_response *r);
    /* Optional, both or none: memory for create, in any state; NULL: malloc
     * and free. */
    void *(*alloc)(void *opaque, uint64_t bytes);
    void (*free)(void *opaque, void *block);
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A bench for one SMMUv3 core: 16 MiB of RAM, bus errors by address, records
 * of what the core did to the outside, and the chores of bringing it up.
 *
 *     struct bench b;
 *
 *     bench_create(&b);
 *     bench_enable(&b);
 *     bench_command(&b, w0, w1);
 *     CHECK(bench_event(&b, ev));
 *     bench_destroy(&b);
 */
#ifndef IOVP_SMMU_FIXTURE_H
#define IOVP_SMMU_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../models/common/trace_record.h"
#include "../models/smmuv3/smmuv3.h"
#include "../models/smmuv3/smmuv3_fmt.h"
#include "../models/smmuv3/smmuv3_regs.h"

#define BENCH_RAM      0x80000000ull
#define BENCH_RAM_SIZE 0x1000000ull
#define BENCH_MMIO     0x09050000ull /* the core's own registers on the bus */

/* Where bench_enable puts the queues and the Stream table. */
#define BENCH_CMDQ   (BENCH_RAM + 0x000000) /* 2^BENCH_LOG2 * 16 bytes */
#define BENCH_EVENTQ (BENCH_RAM + 0x010000) /* 2^BENCH_LOG2 * 32 bytes */
#define BENCH_STRTAB (BENCH_RAM + 0x100000) /* linear, 2^8 STEs */
#define BENCH_FREE   (BENCH_RAM + 0x200000) /* the tests' own */
#define BENCH_LOG2   6u
#define BENCH_SIDS   8u /* STRTAB_BASE_CFG.LOG2SIZE */

#define BENCH_FAULTS  16
#define BENCH_MSIS    64
#define BENCH_RESUMED 512
#define BENCH_ATCS    64
#define BENCH_TRACES  4096

struct bench_msi {
    uint64_t addr;
    uint32_t data;
    struct iovp_bus_attrs attrs;
};

struct bench {
    struct smmuv3 *s;
    struct smmuv3_config cfg;
    uint8_t *ram;
    uint64_t now; /* picoseconds */

    /* Accesses that touch one of these bytes abort. */
    struct {
        uint64_t addr;
        bool reads, writes;
    } fault[BENCH_FAULTS];
    unsigned faults;

    /* What happened. */
    uint64_t reads, writes; /* bus accesses, aborted ones included */
    struct iovp_bus_attrs last_read, last_write;
    unsigned irq[IOVP_IRQ_LINES];
    unsigned sev, wakes;
    uint32_t resumed[BENCH_RESUMED]; /* the last ones, by resumes % SIZE */
    unsigned resumes;
    struct iovp_ats_invalidation atc[BENCH_ATCS]; /* as above */
    unsigned atcs;
    struct iovp_page_response response[BENCH_ATCS]; /* as above */
    unsigned responses;
    struct bench_msi msi[BENCH_MSIS]; /* the last ones, msi_count % SIZE */
    unsigned msi_count;
    struct iovp_trace_record *trace; /* BENCH_TRACES of them */
    unsigned traces;                 /* later ones are not kept */

    /* Called, if set, when the core raises a line or sends an MSI. */
    void (*on_irq)(struct bench *b, enum iovp_irq_line line);
    void (*on_msi)(struct bench *b, uint64_t addr, uint32_t data);
    /* Called, if set, when a stalled transaction was answered. */
    void (*on_resumed)(struct bench *b, uint32_t stall);
    /* Called, if set, when an ATS invalidation is sent. */
    void (*on_atc)(struct bench *b, const struct iovp_ats_invalidation *i);
    /* Called, if set, before each read of memory. */
    void (*on_read)(struct bench *b, uint64_t addr, uint32_t len);
    /* Called, if set, when software has invalidated something. */
    void (*on_invalidated)(struct bench *b, const struct iovp_invalidation *i);
    void *user;
};

/* ---- life ----------------------------------------------------------- */

/* The default configuration: MMU-600 geometry, registers take no time. */
void bench_config(struct smmuv3_config *c);
/* A core with bench_config's configuration, out of reset. */
void bench_create(struct bench *b);
/* As above with one's own configuration; b->s is NULL if it is refused. */
void bench_create_with(struct bench *b, const struct smmuv3_config *c);
void bench_destroy(struct bench *b);
/* Both queues, the linear Stream table of zeros, interrupts, SMMUEN. */
void bench_enable(struct bench *b);
/* The Command queue alone, of the given size. */
void bench_enable_cmdq(struct bench *b, uint64_t base, unsigned log2);

/* ---- registers ------------------------------------------------------ */

uint32_t bench_r32(struct bench *b, uint32_t offset);
uint64_t bench_r64(struct bench *b, uint32_t offset);
void bench_w32(struct bench *b, uint32_t offset, uint32_t value);
void bench_w64(struct bench *b, uint32_t offset, uint64_t value);

/* ---- memory --------------------------------------------------------- */

uint64_t bench_get64(const struct bench *b, uint64_t addr);
void bench_put64(struct bench *b, uint64_t addr, uint64_t value);
/* `n` 64-bit words, little-endian. */
void bench_put_words(struct bench *b, uint64_t addr, const uint64_t *words,
                     size_t n);
void bench_fault(struct bench *b, uint64_t addr, bool reads, bool writes);
void bench_clear_faults(struct bench *b);

/* ---- commands and events -------------------------------------------- */

/* Write an entry at PROD and move PROD, without any work being done. */
void bench_push(struct bench *b, uint64_t w0, uint64_t w1);
/*
 * Let the core work until nothing is left that can be done without time
 * passing; returns commands executed.
 */
uint32_t bench_work(struct bench *b);
/* Push and work.  Returns CERROR_NONE if the command was consumed. */
unsigned bench_command(struct bench *b, uint64_t w0, uint64_t w1);
/* Invalidate all configuration and all of the TLB. */
void bench_invalidate_all(struct bench *b);
/* Acknowledge every active global error; returns which were active. */
uint32_t bench_ack(struct bench *b);
/* Take the oldest event.  False if the queue is empty. */
bool bench_event(struct bench *b, uint64_t ev[EVENT_WORDS]);
/* Forget what is recorded above. */
void bench_forget(struct bench *b);

#endif

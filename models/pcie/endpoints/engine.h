/* SPDX-License-Identifier: MIT */
/*
 * The engine of the test endpoint: registers, operations, descriptor ring and
 * counters (test_endpoint_regs.h), without the bus.  What makes its accesses
 * is given as operations, so that a DMA master of any kind is built on it:
 * a PCI function (test_endpoint.c), or a platform device whose accesses the
 * IOMMU stalls.
 *
 * Registers only change its state and wake it; accesses are made by
 * engine_work alone.  No allocation, fixed size, to be embedded.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/atomic.h"
#include "test_endpoint_regs.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENGINE_CHUNK 16384u /* bytes of an access at most */
#define ENGINE_STEPS 32u    /* accesses of one call of engine_work at most */
#define ENGINE_NEVER UINT64_MAX

enum engine_kind {
    ENGINE_READ = 0,
    ENGINE_WRITE,
    ENGINE_FETCH_ADD,
    ENGINE_SWAP,
    ENGINE_CAS,
    ENGINE_PREFETCH, /* translate; `bytes` is how much is wanted */
};

/* Of FETCH_ADD, SWAP and CAS. */
static inline enum iovp_atomic_kind engine_atomic_kind(uint8_t kind)
{
    return (enum iovp_atomic_kind)(IOVP_ATOMIC_KIND_ADD + kind -
                                   ENGINE_FETCH_ADD);
}

struct engine_access {
    uint8_t kind;   /* enum engine_kind */
    uint8_t at;     /* TEP_AT_* */
    uint8_t policy; /* TEP_FAULT_* */
    uint8_t space;  /* IOVP_SPACE_*, if space_valid */
    bool space_valid, pasid_valid, execute, privileged;
    bool no_write, no_snoop, relaxed;
    uint32_t pasid;
    uint64_t addr;
    uint32_t bytes;   /* 1..ENGINE_CHUNK; atomics: 4 or 8 */
    uint16_t retries; /* RETRY */
    uint32_t retry_ps;
};

enum engine_status {
    ENGINE_DONE = 0,
    ENGINE_WAIT, /* go on at `again`, or when engine_wake is called */
    ENGINE_FAILED,
};

struct engine_result {
    uint64_t again;      /* WAIT; ENGINE_NEVER: only engine_wake */
    uint64_t fault_addr; /* FAILED */
    uint32_t done;       /* FAILED: bytes that were done before */
    uint8_t error;       /* TEP_ERROR_* */
    uint8_t refusal;
    /* PREFETCH */
    uint64_t address, range; /* where access.addr leads, and how far alike */
    uint32_t info;           /* TEP_INFO_HIT and flags */
};

/* Counters from TEP_ATC_HITS on belong to whoever has the ATC. */
#define ENGINE_STATS ((unsigned)TEP_COUNTER_COUNT - (unsigned)TEP_ATC_HITS)

struct engine_job;

struct engine_ops {
    /* An access begins; there is one at a time. */
    void (*begin)(void *opaque, const struct engine_access *a);
    /*
     * As far as it gets.  `data` has a->bytes (atomics: operands in, CAS:
     * compare then swap; the old value out) and is the same at each call.
     * It begins at time(), and moves that to its end.  May be called
     * though nothing has happened.
     */
    enum engine_status (*go_on)(void *opaque, void *data,
                                struct engine_result *r);
    /* The access is over: done, failed, or given up. */
    void (*end)(void *opaque);
    uint64_t (*time)(void *opaque);
    /* engine_work is due at `t`. */
    void (*wake)(void *opaque, uint64_t t);
    /* False: it was not sent.  From engine_work only. */
    bool (*irq)(void *opaque, uint32_t vector);
    /* Optional: drop translations; all of them if not pasid_valid. */
    void (*flush)(void *opaque, bool pasid_valid, uint32_t pasid);
    /* Optional: a Stop marker. TEP_ERROR_*. */
    uint8_t (*stop)(void *opaque, uint32_t pasid);
    /* Optional: out[ENGINE_STATS], running totals. */
    void (*stats)(const void *opaque, uint64_t *out);
    /* Optional: a job of engine_submit is done, or has failed. */
    void (*finished)(void *opaque, const struct engine_job *j);
};

struct engine_config {
    uint32_t caps;    /* TEP_CAPS_* with policies and width */
    uint32_t vectors; /* 0..2048 */
    uint32_t chunk;   /* bytes of an access at most: power of two up to
                       * ENGINE_CHUNK; 0: 4 KiB */
    uint8_t spaces;   /* bit n: IOVP_SPACE_n may be asked for */
};

/* One operation: from registers, from the ring, or of an alias. */
struct engine_job {
    uint32_t cmd, attr, pasid, len, irq, tag;
    uint64_t src, dst, operand[2], completion;
    uint16_t retries;
    uint32_t retry_ps;
    struct {
        uint64_t stride, seed;
        uint32_t count;
        uint8_t span;
    } load; /* count 1: once */
    /* The outcome. */
    uint8_t error;
    uint32_t info; /* RESULT_INFO */
    uint32_t fault_info;
    uint64_t fault_addr, result, bytes_done;
};

enum engine_source { ENGINE_REGS = 0, ENGINE_RING, ENGINE_ALIAS };

enum engine_phase {
    ENGINE_IDLE = 0,
    ENGINE_FETCHING, /* a descriptor */
    ENGINE_RUNNING,
    ENGINE_COMPLETING, /* the completion record */
};

struct engine {
    struct engine_config cfg;
    const struct engine_ops *ops;
    void *opaque;

    uint8_t reg[TEP_REGISTERS]; /* little-endian */
    uint8_t scratch[TEP_SCRATCH_SIZE];

    uint8_t phase;  /* enum engine_phase */
    uint8_t source; /* enum engine_source, of `job` */
    bool queued;    /* `next` waits */
    uint8_t next_source;
    bool abort;
    struct engine_job job, next;
    uint64_t began; /* time */
    /* Progress: of operation `turn` of job.load, `at` bytes are done; `half`:
     * a copy has `data` and is to write them. */
    uint32_t turn;
    uint64_t at;
    bool half;
    uint64_t random, offset;

    bool active;  /* an access is going on */
    bool waiting; /* and waits until `again` */
    uint64_t again;
    bool inside;  /* of engine_work */
    bool dropped; /* reset meanwhile */
    struct engine_access access;
    uint8_t data[ENGINE_CHUNK];

    uint64_t count[TEP_COUNTER_COUNT];
    uint64_t base[TEP_COUNTER_COUNT]; /* at COUNTERS_CLEAR */
};

void engine_init(struct engine *e, const struct engine_config *c,
                 const struct engine_ops *ops, void *opaque);
/* As after init, but the counters of whoever has the ATC.  Also from inside an
 * access: then that is given up when it returns. */
void engine_reset(struct engine *e);

/*
 * Do what is due; when to call again, unless engine_wake or a register asks
 * for it earlier, or ENGINE_NEVER.  Bounded: what is left is due at once.
 */
uint64_t engine_work(struct engine *e);
/* What an access waits for has happened: it goes on at the next work. */
void engine_wake(struct engine *e);
bool engine_busy(const struct engine *e);

/* Registers and scratch memory, [0, TEP_WINDOW): any offset and length. */
void engine_read(struct engine *e, uint64_t offset, void *data,
                 uint32_t length);
void engine_write(struct engine *e, uint64_t offset, const void *data,
                  uint32_t length);
/* On scratch memory; `kind` FETCH_ADD, SWAP or CAS.  False: not there, or not
 * 4 or 8 aligned bytes. */
bool engine_atomic(struct engine *e, uint64_t offset, uint8_t kind, void *data,
                   uint32_t length);

/* An operation beside the registers; ops.finished has the outcome.  False:
 * the engine has one already. */
bool engine_submit(struct engine *e, const struct engine_job *j);

uint64_t engine_counter(const struct engine *e, enum tep_counter c);
const char *engine_counter_name(enum tep_counter c);

#ifdef __cplusplus
}
#endif

#endif

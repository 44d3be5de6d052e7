/* SPDX-License-Identifier: MIT */
/*
 * Arm SMMUv3 (IHI 0070): the core.  C11, no SystemC, no globals; memory is
 * allocated by create only.  One thread at a time may use an instance.
 *
 * Section numbers in this folder are those of IHI 0070 issue G.b.
 */
#ifndef SMMUV3_H
#define SMMUV3_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/ats.h"
#include "../common/bus.h"
#include "../common/cache.h"
#include "../common/explain.h"
#include "../common/iommu.h"
#include "../common/iovp_attrs.h"
#include "../common/walk_record.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two 64 KiB pages of registers (6.1). */
#define SMMUV3_MMIO_SIZE 0x20000u

/* Latencies and resources; 0 takes the profile's value where noted. */
struct smmuv3_timing {
    uint32_t clock_ps;       /* SMMU clock period, 100..1000000 */
    uint32_t lookup_cycles;  /* TLB lookup latency, 0..1000 */
    uint32_t lookup_ports;   /* lookups that start in one cycle, 1..64 */
    uint32_t config_cycles;  /* configuration cache lookup, 0..1000 */
    uint32_t walk_cycles;    /* walk cache lookup, 0..1000 */
    uint32_t link_cycles;    /* TBU to TCU and back, each way, 0..1000 */
    uint32_t walkers;        /* table walks in flight, 1..64 */
    uint32_t memory_ps;      /* one table-walk read, if the bus tells none */
    uint32_t memory_ports;   /* table-walk reads in flight, 1..64 */
    uint32_t command_cycles; /* executing one command, 0..100000 */
    uint32_t ack_cycles;     /* CR0 write to CR0ACK, 0..10^9 */
};

struct smmuv3_config {
    uint32_t size; /* sizeof(struct smmuv3_config) */
    /* ID registers; smmuv3_config_check says which values are legal. */
    uint32_t idr0, idr1, idr3, idr5, iidr, aidr;
    /* Geometry, indexed by enum iovp_cache_id. */
    struct iovp_cache_config cache[IOVP_CACHES];
    struct smmuv3_timing timing;
    uint16_t iommu_index; /* put into trace records */
};

/* A named profile's values: see smmuv3_profile_name. */
enum smmuv3_profile {
    SMMUV3_PROFILE_MMU600 = 0,
    SMMUV3_PROFILE_MMU700 = 1,
    SMMUV3_PROFILE_GEM5 = 2,
    SMMUV3_PROFILES = 3,
};

void smmuv3_config_default(struct smmuv3_config *c, enum smmuv3_profile p);
const char *smmuv3_profile_name(enum smmuv3_profile p); /* NULL: no such */

/* NULL if legal; else a sentence that names the field and the rule. */
const char *smmuv3_config_check(const struct smmuv3_config *c);

struct smmuv3;

/* NULL if the configuration is illegal or memory is short. */
struct smmuv3 *smmuv3_create(const struct smmuv3_config *c,
                             const struct iovp_bus_ops *ops, void *opaque);
void smmuv3_destroy(struct smmuv3 *s);
/* As after create, whatever happened before.  No transaction may be under way:
 * tokens of smmuv3_txn_begin become invalid.  What is stalled is dropped. */
void smmuv3_reset(struct smmuv3 *s);

/* ---- registers ------------------------------------------------------ */

/*
 * Access `width` (1, 2, 4 or 8) bytes at `offset` into the two pages.  Every
 * offset, width and alignment is defined: what the specification does not
 * allow reads as zero and ignores the write, and returns false so that a bus
 * may answer with an error if it likes.  `space` is the access's security
 * space.
 */
bool smmuv3_mmio_read(struct smmuv3 *s, uint32_t offset, unsigned width,
                      uint8_t space, uint64_t *value);
bool smmuv3_mmio_write(struct smmuv3 *s, uint32_t offset, unsigned width,
                       uint8_t space, uint64_t value);
/* What any bytes of them would read as now; nothing happens. */
void smmuv3_mmio_peek(const struct smmuv3 *s, uint32_t offset, void *data,
                      uint32_t length);

/*
 * Do pending queue work: apply register updates that are due, execute up to
 * `max_commands` commands, drain delayed events.  Returns the number of
 * commands executed.  *more is true if work is left: commands, or a register
 * update that takes effect when smmuv3_work_time has passed.  A CMD_SYNC that
 * waits for in-flight transactions or ATS invalidations is none: ops.wake is
 * called when it can go on.  Never called by the core itself: ops.wake asks for
 * it.
 */
uint32_t smmuv3_work(struct smmuv3 *s, uint32_t max_commands, bool *more);

/* Time that smmuv3_work's last batch takes, in picoseconds. */
uint64_t smmuv3_work_time(const struct smmuv3 *s);

/* ---- translation ---------------------------------------------------- */

#define SMMUV3_READ  1u
#define SMMUV3_WRITE 2u

enum smmuv3_mode {
    SMMUV3_NORMAL = 0,
    SMMUV3_DEBUG = 1, /* no side effect: no fill, event, count or trace */
};

struct smmuv3_result {
    uint8_t status; /* enum iovp_trace_result: OK, ABORT, RAZWI or STALL */
    uint8_t event;  /* event type (7.3) that this access causes, 0: none */
    uint8_t log2;   /* pa is linear within 2^log2 bytes, 12..63 */
    uint8_t perms;  /* PT_ARM_* allowed here; all for a bypass */
    uint64_t pa;
    /* Attributes after the STE's overrides and the descriptors (13). */
    uint8_t mem_type;
    uint8_t shareability;
    uint8_t space;
    uint8_t privileged;
    uint8_t instruction;
    /* Timing, valid after smmuv3_time. */
    uint64_t time_out;
    uint32_t wait[IOVP_WAITS];
    /* For smmuv3_time: when the entries this access uses are filled. */
    uint64_t *config_ready;
    uint64_t *tlb_ready;
    uint32_t stall; /* status IOVP_RESULT_STALL: its number, never 0 */
    struct iovp_walk_record walk;
    /* Of a Translation Request, if IDR0.ATS; else not set. */
    struct iovp_ats_completion ats;
};

/*
 * Translate one access; it must not cross the translation granule that
 * out->log2 reports, which the caller learns by asking for the first byte.
 * `access` is a mask of SMMUV3_READ and SMMUV3_WRITE, 0 to translate without
 * a permission check in debug mode.  Never fails on the host's side: what is
 * wrong becomes out->status and an event record.
 *
 * If IDR0.ATS, attrs->addr_type may be that of an ATS Translation Request:
 * `access` does not count, out->ats is its completion, and out->status is OK if
 * that has success.  A Translated transaction's `iova` is the address of a
 * completion.
 */
void smmuv3_translate(struct smmuv3 *s, const struct iovp_attrs *attrs,
                      uint64_t iova, unsigned access, enum smmuv3_mode mode,
                      struct smmuv3_result *out);

/*
 * The completion time of a translation that entered at `time_in`: sets
 * out->time_out and out->wait.  Call it right after smmuv3_translate, at
 * most once a translation, in the order in which transactions enter.
 */
void smmuv3_time(struct smmuv3 *s, uint64_t time_in, struct smmuv3_result *out);

/*
 * A transaction that used a translation is under way until end() is called
 * with begin()'s token; CMD_SYNC waits for the ones begun before it.
 */
unsigned smmuv3_txn_begin(struct smmuv3 *s);
void smmuv3_txn_end(struct smmuv3 *s, unsigned token);

/*
 * Fill the fields of a transaction record that the core knows; s may be NULL
 * for a transaction that no IOMMU has seen.
 */
void smmuv3_describe(const struct smmuv3 *s, const struct iovp_attrs *attrs,
                     uint64_t iova, uint32_t length, unsigned access,
                     const struct smmuv3_result *res,
                     struct iovp_trace_record *r);

/* ---- ATS and PRI (3.9, 8) --------------------------------------------- */

/*
 * An endpoint has completed the invalidation of ops.atc_invalidate with this
 * token, or has not in time: then the CMD_SYNC that waits fails.  It may come
 * from within that callback.  False: there is none such.
 */
bool smmuv3_atc_complete(struct smmuv3 *s, uint32_t token, bool timeout);

/*
 * A Page Request message or Stop marker of an endpoint (8): a record in the
 * PRI queue, or ops.pri_response with an automatic answer.  False: the core is
 * in a callback and has not taken it.
 */
bool smmuv3_page_request(struct smmuv3 *s, const struct iovp_page_request *r);

/* ---- stalled transactions (3.12) ------------------------------------- */

/* What software has decided about a stalled transaction. */
enum smmuv3_stall_state {
    SMMUV3_STALL_NONE = 0, /* no such transaction */
    SMMUV3_STALL_WAITING,
    SMMUV3_STALL_RETRY, /* translate it again, with smmuv3_retry */
    SMMUV3_STALL_ABORT,
    SMMUV3_STALL_RAZWI,
};

/*
 * Stalled transactions at a time, and the largest IDR5.STALL_MAX.  What faults
 * beyond that is terminated with an abort, its event tells Stall == 0.
 */
#define SMMUV3_STALLS 256

/*
 * A translation with status IOVP_RESULT_STALL is held.  ops.resumed tells
 * when software has answered; its initiator then asks here, and either
 * retries or ends it.  After smmuv3_reset there is no such transaction.
 *
 * Numbers of transactions held at once differ modulo SMMUV3_STALLS.
 */
enum smmuv3_stall_state smmuv3_stall_state(const struct smmuv3 *s,
                                           uint32_t stall);

/*
 * Translate a stalled transaction in SMMUV3_STALL_RETRY again.  It may stall
 * again, with a new number; the old one is gone in any case.  In any other
 * state nothing changes, and the result is an abort.
 */
void smmuv3_retry(struct smmuv3 *s, uint32_t stall, struct smmuv3_result *out);

/*
 * The initiator has taken note of ABORT or RAZWI, or has given up: then the
 * STAG stays in use until software answers it, to no effect.  This may come at
 * any time, also while the core is in a callback or waits for its memory.
 */
void smmuv3_stall_end(struct smmuv3 *s, uint32_t stall);

/* How many wait for software. */
uint32_t smmuv3_stalls(const struct smmuv3 *s);

/* ---- regimes, mappings, invalidations ---------------------------------- */

/* struct smmuv3 as an IOMMU like any other: see iommu.h. */
extern const struct iovp_iommu_ops smmuv3_iommu_ops;

/* ---- why a feature is off ------------------------------------------- */

/*
 * Append the conditions of a feature that this SMMU knows of: ID registers,
 * then control registers, then for each StreamID its STE and a CD, as they are
 * in memory.  No side effect; at most 2^16 CDs of a StreamID are read.
 */
void smmuv3_explain(struct smmuv3 *s, const struct iovp_explain_query *q,
                    struct iovp_explain_list *out);

/* ---- statistics ----------------------------------------------------- */

struct smmuv3_stats {
    uint64_t translations;
    uint64_t commands;
    uint64_t events_recorded;
    uint64_t events_lost; /* the queue was full or could not be written */
    uint64_t walks;       /* translations that read a descriptor */
    uint64_t accesses[3]; /* by enum iovp_walk_kind */
};

void smmuv3_get_stats(const struct smmuv3 *s, struct smmuv3_stats *out);
const struct iovp_cache_stats *smmuv3_cache_stats(const struct smmuv3 *s,
                                                  enum iovp_cache_id id);
const char *smmuv3_event_name(uint8_t type);     /* "F_TRANSLATION", or NULL */
const char *smmuv3_command_name(uint8_t opcode); /* "CMD_SYNC", or NULL */

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* What the files of this folder share.  Nobody else includes it. */
#ifndef SMMUV3_INTERNAL_H
#define SMMUV3_INTERNAL_H

#include "../common/bits.h"
#include "../common/calendar.h"
#include "../common/fault.h"
#include "../common/pt_arm.h"
#include "smmuv3.h"
#include "smmuv3_fmt.h"
#include "smmuv3_regs.h"

/*
 * Register words of page 0 from 0x0 to 0x21f, by offset.  The queue indexes
 * of page 1 live at the offsets that page 0 reserves for them.
 */
#define SMMUV3_REG_WORDS (0x220 / 4)

/* StreamWorld (3.3.4): which exception level's regime a stream belongs to. */
enum smmuv3_world {
    SMMUV3_WORLD_NSEL1 = 0,
    SMMUV3_WORLD_EL2 = 1,
    SMMUV3_WORLD_EL2_E2H = 2,
};

/* Why a configuration could not be had. */
enum smmuv3_cfg_status {
    SMMUV3_CFG_OK = 0,
    SMMUV3_CFG_ABORT, /* silent: STE.Config == 0b0xx */
    SMMUV3_CFG_EVENT, /* an event: see struct iovp_fault */
};

/* One TTB of a CD, decoded. */
struct smmuv3_ttb {
    bool disabled; /* EPDx */
    bool tbi;
    struct pt_arm_table table;
    struct iovp_bus_attrs attrs; /* of its walks */
};

/* A decoded STE with, if stage 1 is on, its CD: the configuration cache's
 * payload. */
struct smmuv3_stream {
    uint8_t config; /* STE.Config, as S1DSS makes it for this SubstreamID */
    uint8_t world;  /* enum smmuv3_world */
    uint8_t shcfg, memattr, mtcfg, privcfg, instcfg;
    bool overrides; /* any of these changes an attribute */
    bool s1, s2;
    uint8_t eats; /* STE_EATS_*, where the STE's counts */
    /* stage 1 */
    struct smmuv3_ttb ttb[2];
    struct pt_arm_perm_ctl perm;
    uint64_t mair;
    uint16_t asid;
    bool aset; /* which set of global entries is seen (3.17.1) */
    bool cd_r, cd_a, cd_s;
    /* stage 2 */
    struct pt_arm_table s2table;
    struct iovp_bus_attrs s2attrs;
    uint16_t vmid;
    bool s2r, s2s, s2ptw;
    uint64_t ready_at; /* time at which the fill is complete */
    /* tags of this stream's entries, see tlb.c */
    uint64_t tlb_ctx, tlb_global_ctx, s1_walk_ctx, s2_ctx, s2_walk_ctx;
};

/* The payload of the TLB: one leaf, both stages combined. */
struct smmuv3_tlbe {
    uint64_t pa;  /* base of the 2^log2 bytes */
    uint64_t ipa; /* base of the same bytes in IPA space, if nested */
    uint64_t ready_at;
    uint8_t log2;
    uint8_t s1_perms, s2_perms; /* PT_ARM_* */
    uint8_t mem_type;
    uint8_t shareability;
    bool global;
};

/* The payload of the stage 2 TLB. */
struct smmuv3_s2e {
    uint64_t pa; /* base of the 2^log2 bytes */
    uint8_t log2;
    uint8_t perms;    /* PT_ARM_* */
    uint8_t mem_type; /* MemAttr[3:0], as a byte of MAIR_ELx */
    uint8_t shareability;
};

/*
 * The payload of the walk cache: where a partial walk stands.  With stage 2
 * the table of stage 1 is an IPA, so that a table larger than a stage 2 page
 * needs no care.
 */
typedef struct pt_arm_walk smmuv3_walke;

struct smmuv3_timer {
    struct iovp_calendar lookup;
    struct iovp_calendar walkers;
    struct iovp_calendar memory;
};

/* A stalled transaction (stall.c). */
struct smmuv3_stall {
    uint32_t number; /* 0: the slot is free */
    uint16_t stag;
    uint8_t state;  /* enum smmuv3_stall_state */
    uint8_t access; /* of its translation, as all that follows */
    bool recorded;  /* software has its STAG and has not answered */
    bool outdated;  /* there was an invalidation: ev may not be recorded */
    bool orphan;    /* its initiator has given up */
    struct iovp_attrs attrs;
    uint64_t iova;
    uint64_t ev[EVENT_WORDS];
};

struct smmuv3_stalls {
    uint32_t count; /* given so far: the upper part of a number */
    uint32_t used;  /* slots */
    uint32_t waiting;
    uint32_t unrecorded, recorded;
    bool outdated; /* one that is unrecorded may be */
    struct smmuv3_stall slot[SMMUV3_STALLS];
};

/* ATS invalidations under way at a time, a power of two; further ones wait. */
#define SMMUV3_ATC_SLOTS 32u

struct smmuv3 {
    struct smmuv3_config cfg;
    struct iovp_bus_ops ops;
    void *opaque;
    struct iovp_bus_window window; /* the memory read last, if it has one */

    uint32_t reg[SMMUV3_REG_WORDS];
    uint64_t ack_due;     /* time at which CR0ACK takes CR0's value */
    uint64_t irq_ack_due; /* the same for IRQ_CTRLACK */
    uint64_t gbpa_due;    /* and for GBPA.Update */
    bool ack_pending;     /* one of the three is under way */
    uint64_t work_ps;     /* time of the last batch of commands */
    bool engaged_debug;   /* the same, of a debug translation */
    bool engaged;         /* a call of ours is on the stack: no re-entry */

    /* CMD_SYNC and the transactions begun before it */
    uint32_t inflight[2]; /* by epoch */
    uint8_t epoch;
    bool sync_waiting;
    bool sync_flipped; /* the waiting CMD_SYNC has begun a new epoch */

    /* CMD_ATC_INV: what endpoints have not completed yet, 0: a free slot */
    uint32_t atc[SMMUV3_ATC_SLOTS];
    uint32_t atc_count; /* given so far: the upper part of a token */
    uint32_t atc_used;  /* slots */
    bool atc_waiting;   /* the next CMD_ATC_INV needs a slot */
    bool atc_failed;    /* one timed out since the last CMD_SYNC */

    struct iovp_cache *cache[IOVP_CACHES];
    bool tlb_has_global; /* since reset: spares a second probe until then */
    struct smmuv3_timer timer;
    struct smmuv3_stats stats;
    struct smmuv3_result scratch; /* for commands that translate */
    struct smmuv3_stalls stalls;
};

/* ---- registers (regs.c) --------------------------------------------- */

static inline uint32_t smmuv3_reg(const struct smmuv3 *s, uint32_t off)
{
    return s->reg[off / 4];
}

static inline uint64_t smmuv3_reg64(const struct smmuv3 *s, uint32_t off)
{
    return s->reg[off / 4] | (uint64_t)s->reg[off / 4 + 1] << 32;
}

/* Set every register to its reset value; reads s->cfg only. */
void smmuv3_regs_reset(struct smmuv3 *s);

/*
 * Complete the register updates that are due by now (6.3.9).  Every access
 * that depends on them calls smmuv3_tick first, so no event is scheduled.
 */
void smmuv3_update_registers(struct smmuv3 *s);
/* When the next of them takes effect, UINT64_MAX: none is pending. */
uint64_t smmuv3_update_due(const struct smmuv3 *s);

static inline void smmuv3_tick(struct smmuv3 *s)
{
    if (s->ack_pending)
        smmuv3_update_registers(s);
}

static inline unsigned smmuv3_oas_bits(const struct smmuv3 *s)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 52, 48};

    return bits[s->cfg.idr5 & 7];
}

/* The attributes of accesses to queues or structures, from CR1's fields. */
struct iovp_bus_attrs smmuv3_queue_attrs(const struct smmuv3 *s);
struct iovp_bus_attrs smmuv3_table_attrs(const struct smmuv3 *s);

/* ---- errors, interrupts, events (gerror.c, irq.c, eventq.c) --------- */

/* Toggle a GERROR bit if it is not active already, and interrupt (7.5). */
void smmuv3_gerror(struct smmuv3 *s, uint32_t bits);
/* Raise a line: wired edge, and MSI if configured (3.18). */
void smmuv3_interrupt(struct smmuv3 *s, enum iovp_irq_line line);
/* Whether a global error is active: GERROR[x] != GERRORN[x] (7.5). */
static inline bool smmuv3_error_active(const struct smmuv3 *s, uint32_t bits)
{
    return (smmuv3_reg(s, SMMU_GERROR) ^ smmuv3_reg(s, SMMU_GERRORN)) & bits;
}

/* An MSI: no write is made if addr is 0. */
struct smmuv3_msi {
    uint64_t addr;
    uint32_t data;
    uint8_t memattr; /* encoded as STE.MemAttr */
    uint8_t sh;
};

/* A pulse on the wire, and the MSI if there is one; CMD_SYNC has its own. */
void smmuv3_signal(struct smmuv3 *s, enum iovp_irq_line line,
                   const struct smmuv3_msi *msi);
/* Write one record to the Event queue, with the overflow rules of 7.2-7.4. */
void smmuv3_eventq_write(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS]);
/* A single attempt.  False: it could not be written, and is not counted. */
bool smmuv3_eventq_record(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS]);
/* Whether the Event queue is writable (7.2.1). */
bool smmuv3_eventq_room(const struct smmuv3 *s);

/* ---- trace (trace.c) ------------------------------------------------ */

static inline uint64_t smmuv3_now(const struct smmuv3 *s)
{
    return s->ops.now ? s->ops.now(s->opaque) : 0;
}

void smmuv3_trace_command(struct smmuv3 *s, const uint64_t cmd[CMD_WORDS],
                          unsigned cerror);
void smmuv3_trace_event(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS],
                        bool recorded);
void smmuv3_trace_interrupt(struct smmuv3 *s, enum iovp_irq_line line,
                            uint64_t msi_addr, uint32_t msi_data);

/* ---- commands (cmdq.c, commands.c) ---------------------------------- */

/* Whether the Command queue is enabled, not in error and not empty (4.1.2). */
bool smmuv3_cmdq_ready(const struct smmuv3 *s);
/* Forget a CMD_SYNC that waits: the queue was disabled or is in error. */
void smmuv3_sync_cancel(struct smmuv3 *s);

/* CERROR_NONE if the command is legal on the Non-secure queue (4.1.3). */
unsigned smmuv3_command_check(const struct smmuv3 *s,
                              const uint64_t cmd[CMD_WORDS]);
/* Carry out a legal command other than CMD_SYNC. */
void smmuv3_command_run(struct smmuv3 *s, const uint64_t cmd[CMD_WORDS]);

/* Execute at most `max`; stops at an error or at a command that must wait. */
uint32_t smmuv3_cmdq_run(struct smmuv3 *s, uint32_t max, bool *more);

/* ---- a translation in progress --------------------------------------- */

/* What every step of one translation needs. */
struct smmuv3_job {
    struct smmuv3 *s;
    const struct iovp_attrs *attrs;
    struct iovp_walk_record *walk;
    struct iovp_fault fault;
    bool debug;
    bool fresh;     /* with debug: as memory is, whatever the caches hold */
    bool ste_only;  /* the configuration without a CD: smmuv3_config_ste */
    uint8_t useful; /* if any: PT_ARM_*, one of which stage 1 has to grant */
};

/*
 * Read `bytes` (8 or 64) little-endian words of a table and put the access on
 * record.  False: external abort, or an address beyond the OAS.
 */
bool smmuv3_fetch(struct smmuv3_job *j, enum iovp_walk_kind kind, int level,
                  const struct iovp_bus_attrs *a, uint64_t addr,
                  uint64_t *words, unsigned bytes);

/* The same for one descriptor, short where the memory is at hand. */
static inline bool smmuv3_fetch_desc(struct smmuv3_job *j,
                                     enum iovp_walk_kind kind, int level,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, uint64_t *desc)
{
    const struct iovp_bus_window *w = &j->s->window;
    uint64_t at = addr - w->base;

    if (j->debug || at >= w->bytes || w->bytes - at < 8)
        return smmuv3_fetch(j, kind, level, a, addr, desc, 8);
    *desc = iovp_le64(w->host + at);
    iovp_walk_add(j->walk, kind, level, addr, 8, 0);
    j->s->stats.accesses[kind]++;
    return true;
}

/* Attributes of an access from IR/OR/SH-like fields (5.2, 5.4, 6.3.11). */
struct iovp_bus_attrs smmuv3_walk_attrs(unsigned inner, unsigned outer,
                                        unsigned sh);

/* ---- configuration (config.c, ste.c, cd.c) --------------------------- */

/* Tag in the configuration cache: SSV in bit 0, SubstreamID above. */
static inline uint64_t smmuv3_substream_ctx(const struct iovp_attrs *a)
{
    return a->pasid_valid ? (uint64_t)a->pasid << 1 | 1 : 0;
}

static inline enum smmuv3_cfg_status
smmuv3_config_status(const struct smmuv3_stream *st)
{
    return st->config & 4 ? SMMUV3_CFG_OK : SMMUV3_CFG_ABORT;
}

/* The part of smmuv3_config_lookup that misses. */
enum smmuv3_cfg_status smmuv3_config_fetch(struct smmuv3_job *j,
                                           struct smmuv3_stream *scratch,
                                           struct smmuv3_stream **stream);

/*
 * The configuration of a transaction's stream and SubstreamID, from the cache
 * or by fetching.  If the result is SMMUV3_CFG_OK or ABORT, *stream is valid
 * until the next call; with EVENT, job->fault says what is wrong.
 */
static inline enum smmuv3_cfg_status
smmuv3_config_lookup(struct smmuv3_job *j, struct smmuv3_stream *scratch,
                     struct smmuv3_stream **stream)
{
    uint64_t ctx = smmuv3_substream_ctx(j->attrs);

    *stream = j->debug ? NULL
                       : iovp_cache_lookup(j->s->cache[IOVP_CACHE_CONFIG],
                                           j->attrs->stream_id, ctx, ctx);
    if (!*stream)
        return smmuv3_config_fetch(j, scratch, stream);
    iovp_walk_cache(j->walk, IOVP_CACHE_CONFIG, IOVP_CACHE_HIT);
    return smmuv3_config_status(*stream);
}

/*
 * The same for a transaction that selects no CD: *stream has no stage 1, and
 * is cached apart.
 */
enum smmuv3_cfg_status smmuv3_config_ste(struct smmuv3_job *j,
                                         struct smmuv3_stream *scratch,
                                         struct smmuv3_stream **stream);

/* The Stream table has an entry for it (6.3.25). */
bool smmuv3_sid_covered(const struct smmuv3 *s, uint32_t sid);
/* Fetch the STE of a StreamID (3.3.2).  False: job->fault is set. */
bool smmuv3_ste_fetch(struct smmuv3_job *j, uint32_t sid,
                      uint64_t ste[STE_WORDS]);
/* SteIllegal() of 5.2.2, for a Non-secure STE. */
bool smmuv3_ste_illegal(const struct smmuv3 *s, const uint64_t *ste);
void smmuv3_ste_decode(const struct smmuv3 *s, const uint64_t *ste,
                       struct smmuv3_stream *st);

/* Fetch the CD of a SubstreamID (3.3.3).  False: job->fault is set. */
bool smmuv3_cd_fetch(struct smmuv3_job *j, const uint64_t *ste, uint32_t ssid,
                     const struct smmuv3_stream *st, uint64_t cd[CD_WORDS]);
/* Find and decode the CD of a SubstreamID.  False: job->fault is set. */
bool smmuv3_cd_load(struct smmuv3_job *j, const uint64_t *ste, uint32_t ssid,
                    struct smmuv3_stream *st);
/* CdIllegal() of 5.4.2, for a Non-secure stream. */
bool smmuv3_cd_illegal(const struct smmuv3 *s, const uint64_t *ste,
                       const uint64_t *cd, enum smmuv3_world world);

/* Granule size as a power of two from TG0 or S2TG, TG1; 0: not supported. */
unsigned smmuv3_tg0(const struct smmuv3 *s, unsigned tg);
unsigned smmuv3_tg1(const struct smmuv3 *s, unsigned tg);
/* Effective output size from IPS or S2PS, capped to the OAS. */
unsigned smmuv3_ps_bits(const struct smmuv3 *s, unsigned ps);

/* CMD_CFGI_STE(_RANGE), CFGI_ALL: StreamIDs first..last. */
void smmuv3_config_invalidate(struct smmuv3 *s, uint32_t first, uint32_t last);
/* CMD_CFGI_CD, CFGI_CD_ALL: one or every SubstreamID of a stream. */
void smmuv3_config_invalidate_cd(struct smmuv3 *s, uint32_t sid, uint32_t ssid,
                                 bool all);

/* ---- TLB maintenance (tlb.c) ---------------------------------------- */

enum smmuv3_tlbi_stage {
    SMMUV3_TLBI_S1, /* combined and stage 1 information */
    SMMUV3_TLBI_S2, /* stage 2 information only: TLBI_S2_IPA */
    SMMUV3_TLBI_S12,
};

struct smmuv3_tlbi {
    uint8_t world;     /* enum smmuv3_world */
    uint8_t stage;     /* enum smmuv3_tlbi_stage */
    bool any_vmid;     /* match every VMID */
    bool any_asid;     /* match every ASID, and global entries */
    bool match_global; /* with an ASID: global entries match too (by VA) */
    bool leaf;         /* leaf entries only: keep the walk cache */
    uint16_t vmid;
    uint16_t asid;
    uint64_t first; /* inclusive address range; 0..~0 for all */
    uint64_t last;
};

void smmuv3_tlb_invalidate(struct smmuv3 *s, const struct smmuv3_tlbi *t);

/* `i` came of smmuv3_tlb_invalidate: does it cover stage 1 or stage 2 of the
 * streams with this s1_walk_ctx? */
bool smmuv3_tlbi_covers(const struct iovp_invalidation *i, unsigned stage,
                        uint64_t s1_walk_ctx);

/* Tell ops.invalidated, if there is one. */
static inline void smmuv3_tell(struct smmuv3 *s,
                               const struct iovp_invalidation *i)
{
    if (s->ops.invalidated)
        s->ops.invalidated(s->opaque, i);
}

static inline void smmuv3_tell_reset(struct smmuv3 *s)
{
    const struct iovp_invalidation i = {.kind = IOVP_INVALIDATE_RESET,
                                        .stream_last = UINT32_MAX,
                                        .last = UINT64_MAX};

    smmuv3_tell(s, &i);
}

/* Compute the tags of a decoded stream. */
void smmuv3_tlb_tags(struct smmuv3_stream *st);

/* ---- the walk cache: partial walks of either stage --------------------- */

/*
 * Start at the deepest table that the walk cache knows for `addr`, or at the
 * table's base.  True: the cache knew one.
 */
static inline bool smmuv3_walk_begin(const struct smmuv3_job *j,
                                     const struct pt_arm_table *t, uint64_t ctx,
                                     uint64_t addr, struct pt_arm_walk *w)
{
    struct iovp_cache *c = j->s->cache[IOVP_CACHE_WALK];
    const smmuv3_walke *e = NULL;

    if (!j->debug)
        e = iovp_cache_lookup(c, addr, ctx, ctx);
    else if (!j->fresh)
        e = iovp_cache_peek(c, addr, ctx, ctx);

    if (e)
        *w = *e;
    else
        pt_arm_start(t, w);
    return e != NULL;
}

/* A table descriptor was read: *w stands one level deeper. */
static inline void smmuv3_walk_keep(const struct smmuv3_job *j,
                                    const struct pt_arm_table *t, uint64_t ctx,
                                    uint64_t addr, const struct pt_arm_walk *w)
{
    smmuv3_walke *e;

    if (j->debug)
        return;
    e = iovp_cache_insert(j->s->cache[IOVP_CACHE_WALK], addr, ctx,
                          pt_arm_level_shift(t, w->level - 1));
    if (e)
        *e = *w;
}

/* ---- walks (stage1.c, stage2.c) --------------------------------------- */

/*
 * Stage 2 of an IPA that the operation `origin` uses.  False: job->fault is
 * set.  The Access flag and sizes are checked, permissions are not.
 */
bool smmuv3_stage2(struct smmuv3_job *j, const struct smmuv3_stream *st,
                   uint64_t ipa, enum iovp_fault_origin origin,
                   struct smmuv3_s2e *out);

/* What a leaf descriptor of stage 2 says. */
void smmuv3_stage2_leaf(const struct smmuv3 *s, const struct pt_arm_leaf *leaf,
                        struct smmuv3_s2e *out);
/* Turn an IPA that the SMMU itself reads into a PA, and combine *a with stage
 * 2's attributes.  False: it may not be read. */
bool smmuv3_stage2_direct(const struct smmuv3_stream *st,
                          const struct smmuv3_s2e *e, uint64_t *addr,
                          struct iovp_bus_attrs *a);

/*
 * A structure that the SMMU itself reads at the IPA *addr: stage 2 and its
 * permission check (class CD or TT).  *addr becomes the PA and *a is combined
 * with stage 2's attributes.  False: job->fault is set.
 */
bool smmuv3_stage2_read(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        enum iovp_fault_origin origin, uint64_t *addr,
                        struct iovp_bus_attrs *a);

/*
 * Walk stage 1.  False: job->fault is set.  *leaf is in the IPA space if
 * stage 2 is on.
 */
bool smmuv3_stage1(struct smmuv3_job *j, const struct smmuv3_stream *st,
                   uint64_t va, struct pt_arm_leaf *leaf);

/* ---- ATS (ats.c) ------------------------------------------------------ */

/* CR2.REC_CFG_ATS: configuration errors of ATS and PRI are recorded. */
bool smmuv3_ats_records(const struct smmuv3 *s);
/* CMD_ATC_INV can be sent now; else the queue waits for a completion. */
bool smmuv3_atc_ready(struct smmuv3 *s);
void smmuv3_atc_send(struct smmuv3 *s, const struct iovp_ats_invalidation *i);

/* The PASID of a message that has one; none without SubstreamIDs (8). */
static inline bool smmuv3_has_pasid(const struct smmuv3 *s, bool valid)
{
    return valid && iovp_bits(s->cfg.idr1, 10, 6);
}

/* ---- attributes (attrs.c) --------------------------------------------- */

/* MemAttr[3:0] of STE, GBPA, MSIs and stage 2, as a byte of MAIR_ELx. */
uint8_t smmuv3_s2_mem_type(unsigned memattr);
/* CD.MAIR with what its reserved encodings behave as (5.4). */
uint64_t smmuv3_mair(uint64_t mair);
/* The stronger of two memory types, and of two shareabilities (13.1.5). */
void smmuv3_combine(uint8_t *mem_type, uint8_t *sh, uint8_t mem_type2,
                    uint8_t sh2);
/* Device and Normal Non-cacheable memory is Outer Shareable (13.1.7). */
uint8_t smmuv3_consistent_sh(uint8_t mem_type, uint8_t sh);

/* ---- faults (fault.c) -------------------------------------------------- */

/*
 * How a translation-related fault of a stage ends, by CD.{A,R,S} or
 * STE.{S2R,S2S} (5.5): sets job->fault's stall, silent and razwi.
 */
void smmuv3_fault_model(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        unsigned stage);

/* The record of job->fault. */
void smmuv3_event(const struct smmuv3_job *j, uint64_t iova, unsigned access,
                  bool privileged, bool instruction, uint64_t ev[EVENT_WORDS]);

/* ---- stalled transactions (stall.c) ------------------------------------ */

/*
 * Hold a transaction: *out is told, and the record `ev` is written as soon as
 * it can be.  If it cannot be held it is terminated.
 */
void smmuv3_stall_hold(struct smmuv3_job *j, uint64_t iova, unsigned access,
                       const uint64_t ev[EVENT_WORDS],
                       struct smmuv3_result *out);
/* Whether smmuv3_stalls_record has something to do. */
bool smmuv3_stalls_due(const struct smmuv3 *s);
/* Write what records can be written. */
void smmuv3_stalls_record(struct smmuv3 *s);
/* Configuration or translations were invalidated: records that wait are of no
 * use any more (7.2.1). */
void smmuv3_stalls_outdate(struct smmuv3 *s);
/* CMD_RESUME; state: what becomes of the transaction. */
void smmuv3_stall_resume(struct smmuv3 *s, uint32_t sid, uint16_t stag,
                         enum smmuv3_stall_state state);
/* CMD_STALL_TERM, or SMMUEN cleared: StreamIDs first..last. */
void smmuv3_stalls_terminate(struct smmuv3 *s, uint32_t first, uint32_t last);
void smmuv3_stalls_reset(struct smmuv3 *s);

/* CMD_PREFETCH_ADDR and CMD_PREFETCH_CONFIG: fill, never report a fault. */
void smmuv3_prefetch(struct smmuv3 *s, const struct iovp_attrs *attrs,
                     uint64_t addr, bool translate);

#endif

/* SPDX-License-Identifier: MIT */
/* What the files of this folder share.  Nobody else includes it. */
#ifndef SMMUV3_INTERNAL_H
#define SMMUV3_INTERNAL_H

#include "../common/bits.h"
#include "../common/calendar.h"
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
    SMMUV3_CFG_EVENT, /* an event: see struct smmuv3_fault */
};

/* An event in the making. */
struct smmuv3_fault {
    uint8_t type;  /* 0: none */
    bool s2;
    uint8_t class_; /* EVENT_CLASS_* */
    uint64_t addr2; /* IPA or FetchAddr */
    bool razwi;     /* terminate as RAZ/WI: CD.A == 0 */
    bool silent;    /* terminate without a record: CD.R == 0, EPDx ... */
};

/* One TTB of a CD, decoded. */
struct smmuv3_ttb {
    bool disabled; /* EPDx */
    bool tbi;
    struct pt_arm_table table;
};

/* A decoded STE with, if stage 1 is on, its CD: the configuration cache's
 * payload. */
struct smmuv3_stream {
    uint8_t config;  /* STE.Config after S1DSS */
    uint8_t world;   /* enum smmuv3_world */
    uint8_t shcfg, memattr, mtcfg, privcfg, instcfg;
    bool s1, s2;
    bool mev;
    /* stage 1 */
    struct smmuv3_ttb ttb[2];
    struct pt_arm_perm_ctl perm;
    uint64_t mair;
    uint16_t asid;
    bool cd_r, cd_a;
    uint8_t ips; /* effective intermediate address size in bits */
    /* stage 2 */
    struct pt_arm_table s2table;
    uint16_t vmid;
    bool s2r, s2ptw;
    uint64_t ready_at; /* time at which the fill is complete */
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
    uint64_t pa;
    uint64_t ready_at;
    uint8_t log2;
    uint8_t perms;
    uint8_t mem_attr; /* MemAttr[3:0] of the descriptor */
    uint8_t shareability;
};

/* The payload of the walk cache: the table that a partial walk leads to. */
struct smmuv3_walke {
    uint64_t table; /* physical */
    uint64_t ipa;   /* the same before stage 2 */
    struct pt_arm_limits limits;
    int8_t level;
};

struct smmuv3_timer {
    struct iovp_calendar lookup;
    struct iovp_calendar walkers;
    struct iovp_calendar memory;
};

struct smmuv3 {
    struct smmuv3_config cfg;
    struct iovp_bus_ops ops;
    void *opaque;

    uint32_t reg[SMMUV3_REG_WORDS];
    uint64_t ack_due;     /* time at which CR0ACK takes CR0's value */
    bool ack_pending;
    uint64_t work_ps;     /* time of the last batch of commands */
    bool engaged;         /* a call of ours is on the stack: no re-entry */

    /* CMD_SYNC and the transactions begun before it */
    uint32_t inflight[2]; /* by epoch */
    uint8_t epoch;
    bool sync_waiting;

    struct iovp_cache *cache[IOVP_CACHES];
    struct smmuv3_timer timer;
    struct smmuv3_stats stats;
    struct smmuv3_result scratch; /* for commands that translate */
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
/* Write one record to the Event queue, with the overflow rules of 7.2-7.4. */
void smmuv3_eventq_write(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS]);

/* ---- commands (cmdq.c) ---------------------------------------------- */

/* Execute at most `max`; stops at an error or at a SYNC that must wait. */
uint32_t smmuv3_cmdq_run(struct smmuv3 *s, uint32_t max, bool *more);

/* ---- configuration (config.c) --------------------------------------- */

enum smmuv3_cfg_status
smmuv3_config_lookup(struct smmuv3 *s, const struct iovp_attrs *attrs,
                     enum smmuv3_mode mode, struct iovp_walk_record *walk,
                     struct smmuv3_stream *scratch,
                     struct smmuv3_stream **stream,
                     struct smmuv3_fault *fault);

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
    uint8_t world;       /* enum smmuv3_world */
    uint8_t stage;       /* enum smmuv3_tlbi_stage */
    bool any_vmid;       /* match every VMID */
    bool any_asid;       /* match every ASID, and global entries */
    bool match_global;   /* with an ASID: global entries match too (by VA) */
    bool leaf;           /* leaf entries only: keep the walk cache */
    uint16_t vmid;
    uint16_t asid;
    uint64_t first;      /* inclusive address range; 0..~0 for all */
    uint64_t last;
};

void smmuv3_tlb_invalidate(struct smmuv3 *s, const struct smmuv3_tlbi *t);

/* CMD_PREFETCH_ADDR and CMD_PREFETCH_CONFIG: fill, never report a fault. */
void smmuv3_prefetch(struct smmuv3 *s, const struct iovp_attrs *attrs,
                     uint64_t addr, bool translate);

#endif

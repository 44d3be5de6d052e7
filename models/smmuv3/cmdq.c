/* SPDX-License-Identifier: MIT */
/* The Command queue: transport, errors and CMD_SYNC (4.1, 4.7.3, 7.1). */
#include "queue.h"

static uint32_t cmdq_used(const struct smmuv3 *s, const struct smmuv3_queue *q)
{
    return smmuv3_queue_used(q, smmuv3_reg(s, SMMU_CMDQ_PROD),
                             smmuv3_reg(s, SMMU_CMDQ_CONS));
}

bool smmuv3_cmdq_ready(const struct smmuv3 *s)
{
    struct smmuv3_queue q;
    uint32_t used;

    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_CMDQEN) ||
        smmuv3_error_active(s, SMMU_GERROR_CMDQ_ERR))
        return false;
    q = smmuv3_cmdq(s);
    used = cmdq_used(s, &q);
    /* 3.5.1: nothing is consumed while the indexes are inconsistent. */
    return used && used <= 1u << q.log2;
}

/* ---- CMD_SYNC ------------------------------------------------------------ */

void smmuv3_sync_cancel(struct smmuv3 *s)
{
    s->sync_waiting = false;
    s->sync_flipped = false;
    s->atc_waiting = false;
}

/*
 * 4.7.3: transactions begun before the CMD_SYNC have to be over.  Those begun
 * after it count in the other epoch, so that the wait ends.  An epoch may be
 * left over from a CMD_SYNC that was cancelled: it is waited for first.
 */
static bool sync_complete(struct smmuv3 *s)
{
    /* 4.5.1: first, so that what was begun with a translation of an endpoint
     * that is invalidated meanwhile is waited for as well. */
    if (s->atc_used || s->inflight[s->epoch ^ 1]) {
        s->sync_waiting = true;
        return false;
    }
    if (!s->sync_flipped && s->inflight[s->epoch]) {
        s->epoch ^= 1;
        s->sync_flipped = true;
        s->sync_waiting = true;
        return false;
    }
    smmuv3_sync_cancel(s);
    return true;
}

static void sync_signal(struct smmuv3 *s, const uint64_t *cmd)
{
    struct smmuv3_msi m;

    switch (iovp_get_field(cmd, CMD_SYNC_CS)) {
    case CMD_SYNC_SIG_IRQ:
        m.addr = cmd[1] & CMD_SYNC_MSIADDRESS_MASK;
        m.data = (uint32_t)iovp_get_field(cmd, CMD_SYNC_MSIDATA);
        m.memattr = (uint8_t)iovp_get_field(cmd, CMD_SYNC_MSIATTR);
        m.sh = (uint8_t)iovp_get_field(cmd, CMD_SYNC_MSH);
        smmuv3_signal(s, IOVP_IRQ_CMDQ_SYNC, &m);
        break;
    case CMD_SYNC_SIG_SEV:
        if ((s->cfg.idr0 & SMMU_IDR0_SEV) && s->ops.sev)
            s->ops.sev(s->opaque);
        break;
    default:
        break;
    }
}

/* ---- consumption -----------------------------------------------------------
 */

/* Read the entry once: what is checked is what is executed. */
static bool fetch(struct smmuv3 *s, const struct smmuv3_queue *q,
                  uint64_t cmd[CMD_WORDS])
{
    struct iovp_bus_attrs a = smmuv3_queue_attrs(s);
    uint64_t addr = smmuv3_queue_addr(q, smmuv3_reg(s, SMMU_CMDQ_CONS));
    uint8_t buf[CMD_BYTES];
    uint64_t latency = 0;

    if (s->ops.read(s->opaque, &a, addr, buf, sizeof(buf), &latency) !=
        IOVP_BUS_OK)
        return false;
    s->work_ps += latency;
    cmd[0] = iovp_le64(buf);
    cmd[1] = iovp_le64(buf + 8);
    return true;
}

/* 7.1: CONS.RD stays, and the reason is visible before the error is. */
static void fail(struct smmuv3 *s, unsigned cerror)
{
    uint64_t cons = smmuv3_reg(s, SMMU_CMDQ_CONS);

    iovp_put_field(&cons, SMMU_CMDQ_CONS_ERR, cerror);
    s->reg[SMMU_CMDQ_CONS / 4] = (uint32_t)cons;
    smmuv3_sync_cancel(s);
    smmuv3_gerror(s, SMMU_GERROR_CMDQ_ERR);
}

static void advance(struct smmuv3 *s, const struct smmuv3_queue *q)
{
    uint32_t *cons = &s->reg[SMMU_CMDQ_CONS / 4];
    bool was_full = cmdq_used(s, q) == 1u << q->log2;

    *cons = (*cons & ~SMMU_QUEUE_INDEX_MASK) | smmuv3_queue_next(q, *cons);
    /* 4.1.2: a processor may wait by WFE for a queue that it saw full. */
    if (was_full && (s->cfg.idr0 & SMMU_IDR0_SEV) && s->ops.sev)
        s->ops.sev(s->opaque);
}

/* True if a command was consumed. */
static bool step(struct smmuv3 *s)
{
    struct smmuv3_queue q = smmuv3_cmdq(s);
    uint64_t cmd[CMD_WORDS] = {0};
    unsigned cerror = SMMU_CERROR_ABT;
    bool sync;

    if (fetch(s, &q, cmd))
        cerror = smmuv3_command_check(s, cmd);
    if (cerror != SMMU_CERROR_NONE) {
        smmuv3_trace_command(s, cmd, cerror);
        fail(s, cerror);
        return false;
    }
    sync = iovp_get_field(cmd, CMD_OPCODE) == CMD_SYNC;
    if (!sync)
        smmuv3_sync_cancel(s);
    else if (!sync_complete(s))
        return false;
    if (iovp_get_field(cmd, CMD_OPCODE) == CMD_ATC_INV && !smmuv3_atc_ready(s))
        return false;
    if (sync && s->atc_failed) {
        /* 4.7.3: told once; the CMD_SYNC is tried again after that. */
        s->atc_failed = false;
        smmuv3_trace_command(s, cmd, SMMU_CERROR_ATC_INV_SYNC);
        fail(s, SMMU_CERROR_ATC_INV_SYNC);
        return false;
    }
    s->stats.commands++;
    s->work_ps +=
        (uint64_t)s->cfg.timing.command_cycles * s->cfg.timing.clock_ps;
    smmuv3_trace_command(s, cmd, SMMU_CERROR_NONE);
    smmuv3_command_run(s, cmd);
    advance(s, &q);
    /* 3.18: the consumption is observable before its interrupt is. */
    if (sync)
        sync_signal(s, cmd);
    return true;
}

uint32_t smmuv3_cmdq_run(struct smmuv3 *s, uint32_t max, bool *more)
{
    uint32_t done = 0;
    uint32_t entries = 1u << smmuv3_cmdq(s).log2;

    if (max > entries)
        max = entries;
    s->atc_waiting = false;
    while (done < max && smmuv3_cmdq_ready(s) && step(s))
        done++;
    *more = smmuv3_cmdq_ready(s) && !s->sync_waiting && !s->atc_waiting;
    return done;
}

/* Nothing to do but a register update that is not due yet: come back then. */
static void wait_for_update(struct smmuv3 *s, bool *more)
{
    uint64_t due = smmuv3_update_due(s);
    uint64_t now = smmuv3_now(s) + s->work_ps;

    if (!s->ack_pending)
        return;
    *more = true;
    if (due > now)
        s->work_ps += due - now;
}

uint32_t smmuv3_work(struct smmuv3 *s, uint32_t max_commands, bool *more)
{
    uint32_t done;

    *more = false;
    if (s->engaged)
        return 0;
    s->engaged = true;
    s->work_ps = 0;
    smmuv3_tick(s);
    smmuv3_stalls_record(s);
    done = smmuv3_cmdq_run(s, max_commands, more);
    /* An answer may have made room for another record. */
    smmuv3_stalls_record(s);
    if (!*more)
        wait_for_update(s, more);
    s->engaged = false;
    return done;
}

uint64_t smmuv3_work_time(const struct smmuv3 *s)
{
    return s->work_ps;
}

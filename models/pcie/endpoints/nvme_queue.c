/* SPDX-License-Identifier: MIT */
/*
 * Submission and completion queues (4.1): commands are fetched round robin,
 * carried out one after the other, and completed when their time has come.
 */
#include "nvme_internal.h"

/* ---- completions ---------------------------------------------------- */

uint32_t nvme_cq_room(const struct nvme_cq *q)
{
    uint32_t used = (q->tail + q->entries - q->head) % q->entries;

    return q->entries - 1 - used;
}

/* MSI-X has masks of its own; those of MSI and the pin are INTMS. */
static void interrupt(struct nvme *n, const struct nvme_cq *q)
{
    struct pcie_fn *f = pcie_ep_function(n->ep);

    if (!q->interrupts)
        return;
    if (!pcie_enabled(f, PCIE_CAP_MSIX) && q->vector < 32 &&
        iovp_bit(n->masked, q->vector)) {
        n->unsignaled |= 1u << q->vector;
        return;
    }
    if (pcie_msi(f, q->vector) != PCIE_IRQ_NONE)
        n->count[NVME_COUNT_INTERRUPTS]++;
}

static void unmasked(struct nvme *n)
{
    uint32_t due = n->unsignaled & ~n->masked;

    n->unsignaled &= n->masked;
    for (uint32_t v = 0; v < 32; v++)
        if (iovp_bit(due, v) &&
            pcie_msi(pcie_ep_function(n->ep), v) != PCIE_IRQ_NONE)
            n->count[NVME_COUNT_INTERRUPTS]++;
}

/* Permanent errors say so: a retry does not help. */
static bool permanent(uint16_t status)
{
    return status != NVME_SC_SUCCESS && status != NVME_SC_DATA_TRANSFER &&
           status != NVME_SC_INTERNAL && status != NVME_SC_ABORT_REQUESTED &&
           status != NVME_SC_WRITE_FAULT && status != NVME_SC_READ_ERROR;
}

/* False: the entry could not be sent.  There is room. */
static bool post(struct nvme *n, const struct nvme_done *d)
{
    const struct nvme_sq *sq = &n->sq[d->sqid];
    struct nvme_cq *q = &n->cq[sq->cqid];
    uint16_t status = (uint16_t)(d->status << NVME_CQE_SC_SHIFT);
    uint8_t e[NVME_CQE_SIZE] = {0};
    uint32_t epoch = n->epoch;
    enum nvme_dma s;

    status |= q->phase ? NVME_CQE_PHASE : 0;
    status |= permanent(d->status) ? NVME_CQE_DNR : 0;
    status |= d->more ? NVME_CQE_MORE : 0;
    iovp_put_le32(e + NVME_CQE_RESULT, d->result);
    iovp_put_le16(e + NVME_CQE_SQHD, (uint16_t)sq->head);
    iovp_put_le16(e + NVME_CQE_SQID, d->sqid);
    iovp_put_le16(e + NVME_CQE_CID, d->cid);
    iovp_put_le16(e + NVME_CQE_STATUS, status);
    s = nvme_dma(n, true, q->base + (uint64_t)q->tail * NVME_CQE_SIZE, e,
                 sizeof(e));
    /* Its own write may have reset the controller. */
    if (epoch != n->epoch || s == NVME_DMA_REFUSED)
        return false;
    if (s == NVME_DMA_FAILED) {
        nvme_fatal(n);
        return false;
    }
    q->tail = (q->tail + 1) % q->entries;
    q->phase ^= !q->tail;
    n->count[NVME_COUNT_COMPLETIONS]++;
    nvme_update_pin(n);
    interrupt(n, q);
    return true;
}

static void release(struct nvme *n, struct nvme_done *d)
{
    n->cq[n->sq[d->sqid].cqid].in_flight--;
    n->done_count--;
    d->used = false;
}

/* The next to be completed, of one queue or (-1) of all; NULL: none. */
static struct nvme_done *next_done(struct nvme *n, int sqid)
{
    struct nvme_done *best = NULL;

    for (uint32_t i = 0; i < NVME_IN_FLIGHT; i++) {
        struct nvme_done *d = &n->done[i];

        if (!d->used || (sqid >= 0 && d->sqid != sqid))
            continue;
        if (!best || d->end < best->end ||
            (d->end == best->end && d->order < best->order))
            best = d;
    }
    return best;
}

/* What cannot be posted is completed by the deletion itself (5.6). */
void nvme_finish_queue(struct nvme *n, uint16_t sqid)
{
    struct nvme_done *d;

    while ((d = next_done(n, sqid))) {
        uint32_t epoch = n->epoch;

        post(n, d);
        if (epoch != n->epoch)
            return;
        release(n, d);
    }
}

static void complete_due(struct nvme *n, uint64_t now)
{
    struct nvme_done *d;

    while (!n->refused && nvme_ready(n) && (d = next_done(n, -1)) &&
           d->end <= now) {
        uint32_t epoch = n->epoch;

        pcie_ep_set_time(n->ep, now);
        /* Its interrupt, too, may have reset the controller. */
        if (post(n, d) && epoch == n->epoch)
            release(n, d);
    }
}

static struct nvme_done *keep(struct nvme *n, uint16_t sqid, uint16_t cid,
                              uint16_t status, uint32_t result)
{
    struct nvme_done *d = n->done;

    /* There is one: fetch and nvme_complete_aer have asked. */
    while (d->used)
        d++;
    *d = (struct nvme_done){
        .used = true,
        .sqid = sqid,
        .cid = cid,
        .status = status,
        .result = result,
        .end = pcie_ep_time(n->ep),
        .order = n->order++,
    };
    n->cq[n->sq[sqid].cqid].in_flight++;
    if (++n->done_count > n->count[NVME_COUNT_IN_FLIGHT_MAX])
        n->count[NVME_COUNT_IN_FLIGHT_MAX] = n->done_count;
    return d;
}

void nvme_complete_aer(struct nvme *n, uint32_t index, uint16_t status,
                       uint32_t result)
{
    uint16_t cid = n->aer[index];

    n->aer[index] = n->aer[--n->aer_count];
    keep(n, 0, cid, status, result);
}

/* ---- commands ------------------------------------------------------- */

/* A fetched command holds room for its completion. */
static bool can_fetch(const struct nvme *n, const struct nvme_sq *q)
{
    const struct nvme_cq *cq = &n->cq[q->cqid];

    return q->valid && q->head != q->tail && nvme_cq_room(cq) > cq->in_flight;
}

/* 4.13.1: round robin, with bursts of one.  -1: none. */
static int next_queue(struct nvme *n)
{
    uint32_t count = n->cfg.queues + 1u;

    if (!nvme_ready(n) || n->refused || n->csts & NVME_CSTS_SHST ||
        n->done_count >= NVME_IN_FLIGHT - NVME_AER_LIMIT)
        return -1;
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t id = (n->last_sq + i) % count;

        if (can_fetch(n, &n->sq[id]))
            return (int)id;
    }
    return -1;
}

static void parse(struct nvme_command *c, uint16_t sqid)
{
    c->sqid = sqid;
    c->opcode = c->sqe[NVME_SQE_OPCODE];
    c->cid = nvme_le16(c->sqe + NVME_SQE_CID);
    c->nsid = iovp_le32(c->sqe + NVME_SQE_NSID);
    c->prp1 = iovp_le64(c->sqe + NVME_SQE_PRP1);
    c->prp2 = iovp_le64(c->sqe + NVME_SQE_PRP2);
    for (unsigned i = 0; i < 16; i++)
        c->cdw[i] = iovp_le32(c->sqe + NVME_SQE_CDW(i));
}

static uint16_t carry_out(struct nvme *n, struct nvme_command *c)
{
    const struct nvme_opcode *o =
        c->sqid ? nvme_io_commands : nvme_admin_commands;

    while (o->run && o->opcode != c->opcode)
        o++;
    if (!o->run)
        return NVME_SC_INVALID_OPCODE;
    n->count[o->count]++;
    if (c->sqe[NVME_SQE_FLAGS] & (NVME_SQE_FUSE | NVME_SQE_PSDT))
        return NVME_SC_INVALID_FIELD;
    if (!c->sqid)
        nvme_take_time(n, n->cfg.admin_ps, 0);
    return o->run(n, c);
}

static void log_failure(struct nvme *n, const struct nvme_command *c,
                        uint16_t status)
{
    struct nvme_error e = {
        .sqid = c->sqid,
        .cid = c->cid,
        .status = (uint16_t)(status << NVME_CQE_SC_SHIFT),
        .param = 0xffff,
        .nsid = c->nsid,
        .lba = c->sqid ? iovp_le64(c->sqe + NVME_SQE_CDW(10)) : 0,
    };

    n->count[NVME_COUNT_ERRORS]++;
    nvme_log_error(n, &e);
}

static void step(struct nvme *n, uint16_t id, uint64_t now)
{
    struct nvme_sq *q = &n->sq[id];
    struct nvme_command c = {0};
    struct nvme_done *d;
    uint32_t epoch = n->epoch;
    uint16_t status;
    enum nvme_dma s;

    pcie_ep_set_time(n->ep, now);
    n->last_sq = id;
    s = nvme_dma(n, false, q->base + (uint64_t)q->head * NVME_SQE_SIZE, c.sqe,
                 sizeof(c.sqe));
    if (epoch != n->epoch || s == NVME_DMA_REFUSED)
        return;
    if (s == NVME_DMA_FAILED) {
        nvme_fatal(n);
        return;
    }
    q->head = (q->head + 1) % q->entries;
    n->controller_free = now + n->cfg.command_ps;
    parse(&c, id);
    status = carry_out(n, &c);
    if (epoch != n->epoch || status == NVME_LATER)
        return;
    if (status)
        log_failure(n, &c, status);
    d = keep(n, id, c.cid, status, c.result);
    d->more = status;
}

static uint64_t due(struct nvme *n)
{
    const struct nvme_done *d = next_done(n, -1);
    uint64_t next = PCIE_NEVER;

    if (n->refused || !nvme_ready(n))
        return PCIE_NEVER;
    if (d)
        next = d->end;
    if (next_queue(n) >= 0 && n->controller_free < next)
        next = n->controller_free;
    return next;
}

uint64_t nvme_work_queues(struct nvme *n, uint64_t now)
{
    unmasked(n);
    complete_due(n, now);
    for (unsigned i = 0; i < NVME_STEPS && n->controller_free <= now; i++) {
        int id = next_queue(n);

        if (id < 0)
            break;
        step(n, (uint16_t)id, now);
    }
    nvme_deliver_events(n);
    complete_due(n, now);
    return due(n);
}

/* SPDX-License-Identifier: MIT */
/* Admin commands (chapter 5) about queues, Abort and Asynchronous Event
 * Request; the others have files of their own. */
#include "nvme_internal.h"

/* ---- creation and deletion of queues -------------------------------- */

/* What both kinds of queues must obey, once their identifiers are right. */
static uint16_t check_queue(const struct nvme *n, const struct nvme_command *c,
                            uint32_t entry_log2, uint32_t must_log2)
{
    uint32_t size = c->cdw[10] >> 16;

    if (!size || size >= n->cfg.queue_entries)
        return NVME_SC_QUEUE_SIZE;
    if (c->prp1 & (nvme_page(n) - 1))
        return NVME_SC_PRP_OFFSET;
    /* CAP.CQR is 1. */
    if (!(c->cdw[11] & NVME_QUEUE_PC) || entry_log2 != must_log2)
        return NVME_SC_INVALID_FIELD;
    return NVME_SC_SUCCESS;
}

/* 5.3 */
static uint16_t create_cq(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xffff, vector = c->cdw[11] >> 16;
    uint32_t vectors = pcie_vectors(pcie_ep_function(n->ep));
    uint16_t s;

    if (!id || id > n->queues || n->cq[id].valid)
        return NVME_SC_QID_INVALID;
    s = check_queue(n, c, NVME_CC_IOCQES(n->cc), NVME_CQE_LOG2);
    if (s)
        return s;
    if (vector && vector >= vectors)
        return NVME_SC_VECTOR_INVALID;
    n->cq[id] = (struct nvme_cq){
        .valid = true,
        .interrupts = c->cdw[11] & NVME_QUEUE_IEN,
        .phase = true,
        .base = c->prp1,
        .entries = (c->cdw[10] >> 16) + 1,
        .vector = (uint16_t)vector,
    };
    return NVME_SC_SUCCESS;
}

/* 5.4 */
static uint16_t create_sq(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xffff, cqid = c->cdw[11] >> 16;
    uint16_t s;

    if (!id || id > n->queues || n->sq[id].valid || !cqid || cqid > n->queues)
        return NVME_SC_QID_INVALID;
    if (!n->cq[cqid].valid)
        return NVME_SC_CQ_INVALID;
    s = check_queue(n, c, NVME_CC_IOSQES(n->cc), NVME_SQE_LOG2);
    if (s)
        return s;
    n->sq[id] = (struct nvme_sq){
        .valid = true,
        .base = c->prp1,
        .entries = (c->cdw[10] >> 16) + 1,
        .cqid = (uint16_t)cqid,
    };
    n->cq[cqid].users++;
    return NVME_SC_SUCCESS;
}

/* 5.5 */
static uint16_t delete_cq(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xffff;

    if (!id || id > n->cfg.queues || !n->cq[id].valid)
        return NVME_SC_QID_INVALID;
    if (n->cq[id].users)
        return NVME_SC_QUEUE_DELETION;
    n->cq[id].valid = false;
    nvme_update_pin(n);
    return NVME_SC_SUCCESS;
}

/* 5.6 */
static uint16_t delete_sq(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xffff, epoch = n->epoch;

    if (!id || id > n->cfg.queues || !n->sq[id].valid)
        return NVME_SC_QID_INVALID;
    nvme_finish_queue(n, (uint16_t)id);
    if (epoch == n->epoch) {
        n->cq[n->sq[id].cqid].users--;
        n->sq[id].valid = false;
    }
    return NVME_SC_SUCCESS;
}

/* ---- others --------------------------------------------------------- */

/*
 * 5.1: DW0 bit 0 says that nothing was aborted.  Only Asynchronous Event
 * Requests can be: other commands are done once they are fetched.
 */
static uint16_t do_abort(struct nvme *n, struct nvme_command *c)
{
    uint32_t sqid = c->cdw[10] & 0xffff, cid = c->cdw[10] >> 16;
    const struct nvme_cq *q = &n->cq[0];

    c->result = 1;
    for (uint32_t i = 0; !sqid && i < n->aer_count; i++) {
        /* There is room for this command's completion; one more is needed. */
        if (n->aer[i] != cid || nvme_cq_room(q) < q->in_flight + 2)
            continue;
        nvme_complete_aer(n, i, NVME_SC_ABORT_REQUESTED, 0);
        c->result = 0;
        break;
    }
    return NVME_SC_SUCCESS;
}

/* 5.2 */
static uint16_t async_event(struct nvme *n, struct nvme_command *c)
{
    if (n->aer_count == NVME_AER_LIMIT)
        return NVME_SC_AER_LIMIT;
    n->aer[n->aer_count++] = c->cid;
    return NVME_LATER;
}

#define ROW(opcode, run)                                     \
    {                                                        \
        (opcode), NVME_EFFECT_CSUPP, NVME_COUNT_ADMIN, (run) \
    }

const struct nvme_opcode nvme_admin_commands[] = {
    ROW(NVME_ADMIN_DELETE_SQ, delete_sq),
    ROW(NVME_ADMIN_CREATE_SQ, create_sq),
    ROW(NVME_ADMIN_GET_LOG, nvme_get_log),
    ROW(NVME_ADMIN_DELETE_CQ, delete_cq),
    ROW(NVME_ADMIN_CREATE_CQ, create_cq),
    ROW(NVME_ADMIN_IDENTIFY, nvme_identify),
    ROW(NVME_ADMIN_ABORT, do_abort),
    ROW(NVME_ADMIN_SET_FEATURES, nvme_set_features),
    ROW(NVME_ADMIN_GET_FEATURES, nvme_get_features),
    ROW(NVME_ADMIN_ASYNC_EVENT, async_event),
    {0},
};

/* SPDX-License-Identifier: MIT */
/* The descriptor ring of the test endpoint's engine. */
#include "engine_internal.h"

#include <string.h>

static void fill(const struct engine *e, struct engine_job *j)
{
    uint32_t retry = engine_reg(e, TEP_RETRY);

    memset(j, 0, sizeof(*j));
    j->retries = (uint16_t)(retry & TEP_RETRY_TRIES);
    j->retry_ps = (retry >> TEP_RETRY_SHIFT) * 1000;
    j->load.count = 1;
}

/* A job with the attributes of the ring's own accesses. */
static void own(const struct engine *e, struct engine_job *j)
{
    fill(e, j);
    j->cmd = TEP_OP_MEMCPY;
    j->attr = engine_reg(e, TEP_RING_ATTR);
    j->pasid = engine_reg(e, TEP_RING_PASID);
}

/* ---- enable and stop ------------------------------------------------------
 */

static void running(struct engine *e, bool on)
{
    uint32_t status = engine_reg(e, TEP_RING_STATUS) & ~TEP_RING_RUNNING;

    engine_set(e, TEP_RING_STATUS, on ? TEP_RING_RUNNING : status);
}

void engine_ring_stop(struct engine *e, uint8_t error)
{
    engine_set(e, TEP_RING_CTRL, 0);
    engine_set(e, TEP_RING_STATUS,
               TEP_RING_STOPPED | (uint32_t)error << TEP_RING_ERROR_SHIFT);
    engine_interrupt(e, engine_reg(e, TEP_RING_IRQ));
}

static uint8_t check(const struct engine *e)
{
    uint32_t size = engine_reg(e, TEP_RING_SIZE);
    struct engine_job j;

    if (!size || size > TEP_RING_SIZE_MAX ||
        engine_reg(e, TEP_RING_HEAD) >= size)
        return TEP_ERROR_RING;
    own(e, &j);
    return engine_check(e, &j);
}

void engine_ring_control(struct engine *e)
{
    bool on = engine_reg(e, TEP_RING_CTRL) & TEP_RING_ENABLE;
    bool was = engine_reg(e, TEP_RING_STATUS) & TEP_RING_RUNNING;
    bool busy = e->phase != ENGINE_IDLE && e->source == ENGINE_RING;

    /* What is wrong with it stops it at the next work. */
    if (on && !was)
        running(e, true);
    else if (!on && was && !busy)
        running(e, false);
    e->ops->wake(e->opaque, e->ops->time(e->opaque));
}

bool engine_ring_ready(struct engine *e)
{
    uint32_t size = engine_reg(e, TEP_RING_SIZE);
    uint32_t tail = engine_reg(e, TEP_RING_TAIL);
    uint8_t error;

    if (!(engine_reg(e, TEP_RING_CTRL) & TEP_RING_ENABLE))
        return false;
    error = check(e);
    if (!error && tail >= size)
        error = TEP_ERROR_RING;
    if (error) {
        engine_ring_stop(e, error);
        return false;
    }
    return engine_reg(e, TEP_RING_HEAD) != tail;
}

/* ---- descriptors -----------------------------------------------------------
 */

void engine_ring_fetch(const struct engine *e, struct engine_access *a)
{
    struct engine_job j;

    own(e, &j);
    engine_access_of(&j, a);
    a->kind = ENGINE_READ;
    a->execute = false;
    a->addr = engine_reg64(e, TEP_RING_BASE) +
              (uint64_t)engine_reg(e, TEP_RING_HEAD) * TEP_DESC_SIZE;
    a->bytes = TEP_DESC_SIZE;
}

void engine_ring_parse(struct engine *e)
{
    struct engine_job *j = &e->job;
    const uint8_t *d = e->data;

    fill(e, j);
    j->cmd = iovp_le32(d + TEP_DESC_CMD) & ~TEP_CMD_LOAD;
    j->attr = iovp_le32(d + TEP_DESC_ATTR);
    j->src = iovp_le64(d + TEP_DESC_SRC);
    j->dst = iovp_le64(d + TEP_DESC_DST);
    j->len = iovp_le32(d + TEP_DESC_LEN);
    j->pasid = iovp_le32(d + TEP_DESC_PASID);
    j->operand[0] = iovp_le64(d + TEP_DESC_OPERAND0);
    j->operand[1] = iovp_le64(d + TEP_DESC_OPERAND1);
    j->completion = iovp_le64(d + TEP_DESC_COMPLETION);
    j->irq = iovp_le32(d + TEP_DESC_IRQ);
    j->tag = iovp_le32(d + TEP_DESC_TAG);
}

void engine_ring_record(struct engine *e, struct engine_access *a)
{
    const struct engine_job *j = &e->job;
    uint8_t *d = e->data;

    engine_ring_fetch(e, a);
    a->kind = ENGINE_WRITE;
    a->addr = j->completion;
    a->bytes = TEP_DONE_SIZE;
    iovp_put_le32(d + TEP_DONE_STATUS, engine_status_word(j));
    iovp_put_le32(d + TEP_DONE_TAG, j->tag);
    iovp_put_le64(d + TEP_DONE_BYTES, j->bytes_done);
    iovp_put_le64(d + TEP_DONE_RESULT, j->result);
    iovp_put_le64(d + TEP_DONE_FAULT_ADDR, j->fault_addr);
}

void engine_ring_advance(struct engine *e)
{
    uint32_t head = engine_reg(e, TEP_RING_HEAD) + 1;

    if (head >= engine_reg(e, TEP_RING_SIZE))
        head = 0;
    engine_set(e, TEP_RING_HEAD, head);
    e->count[TEP_DESCRIPTORS]++;
    if (!(engine_reg(e, TEP_RING_CTRL) & TEP_RING_ENABLE))
        running(e, false);
    engine_interrupt(e, e->job.irq);
    if (head == engine_reg(e, TEP_RING_TAIL))
        engine_interrupt(e, engine_reg(e, TEP_RING_IRQ));
}

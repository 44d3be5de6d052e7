/* SPDX-License-Identifier: MIT */
#include "test_endpoint_driver.h"

#include <string.h>

#include "../../models/common/bits.h"

#define POLLS 100000u

uint64_t tep_read64(struct tep_driver *d, uint32_t at)
{
    uint64_t low = d->read(d->ud, at);

    return low | (uint64_t)d->read(d->ud, at + 4) << 32;
}

void tep_write64(struct tep_driver *d, uint32_t at, uint64_t value)
{
    d->write(d->ud, at, (uint32_t)value);
    d->write(d->ud, at + 4, (uint32_t)(value >> 32));
}

bool tep_probe(struct tep_driver *d)
{
    if (d->read(d->ud, TEP_ID) != TEP_ID_VALUE ||
        d->read(d->ud, TEP_VERSION) != TEP_VERSION_VALUE)
        return false;
    d->caps = d->read(d->ud, TEP_CAPS);
    d->vectors = d->read(d->ud, TEP_LIMITS) >> TEP_LIMITS_VECTORS;
    return true;
}

bool tep_start(struct tep_driver *d, const struct tep_request *r)
{
    if (d->read(d->ud, TEP_STATUS) & TEP_STATUS_BUSY)
        return false;
    tep_write64(d, TEP_SRC, r->src);
    tep_write64(d, TEP_DST, r->dst);
    d->write(d->ud, TEP_LEN, r->len);
    d->write(d->ud, TEP_PASID, r->pasid);
    d->write(d->ud, TEP_ATTR, r->attr);
    tep_write64(d, TEP_OPERAND0, r->operand[0]);
    tep_write64(d, TEP_OPERAND1, r->operand[1]);
    d->write(d->ud, TEP_IRQ, r->irq);
    d->write(d->ud, TEP_CMD, r->op);
    return true;
}

bool tep_wait(struct tep_driver *d, struct tep_outcome *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t n = 0; n < POLLS; n++) {
        out->status = d->read(d->ud, TEP_STATUS);
        if (out->status & TEP_STATUS_DONE)
            break;
        if (!d->sleep(d->ud) && !(d->read(d->ud, TEP_STATUS) & TEP_STATUS_DONE))
            return false;
    }
    if (!(out->status & TEP_STATUS_DONE))
        return false;
    out->error = out->status >> TEP_STATUS_ERROR_SHIFT & 0xff;
    out->result = tep_read64(d, TEP_RESULT);
    out->bytes = tep_read64(d, TEP_BYTES_DONE);
    out->fault_addr = tep_read64(d, TEP_FAULT_ADDR);
    out->fault_info = d->read(d->ud, TEP_FAULT_INFO);
    out->info = d->read(d->ud, TEP_RESULT_INFO);
    d->write(d->ud, TEP_STATUS, TEP_STATUS_DONE);
    return true;
}

uint32_t tep_run(struct tep_driver *d, const struct tep_request *r,
                 struct tep_outcome *out)
{
    struct tep_outcome own;

    if (!tep_start(d, r) || !tep_wait(d, out ? out : &own))
        return UINT32_MAX;
    return out ? out->error : own.error;
}

bool tep_memcpy_start(struct tep_driver *d, uint64_t src, uint64_t dst,
                      uint32_t len, uint32_t count)
{
    struct tep_request r = {
        .op = TEP_OP_MEMCPY | TEP_CMD_LOAD, .src = src, .dst = dst, .len = len};

    tep_write64(d, TEP_LOAD_STRIDE, 0);
    tep_write64(d, TEP_LOAD_SEED, 0);
    d->write(d->ud, TEP_LOAD_COUNT, count);
    d->write(d->ud, TEP_LOAD_SPAN, 0);
    return tep_start(d, &r);
}

bool tep_memcpy_wait(struct tep_driver *d)
{
    struct tep_outcome out;

    return tep_wait(d, &out) && !out.error;
}

bool tep_send_msi(struct tep_driver *d, uint32_t vector)
{
    struct tep_request r = {.op = TEP_OP_NOP, .irq = TEP_IRQ_OF(vector)};

    return tep_run(d, &r, NULL) == TEP_ERROR_NONE;
}

/* ---- the ring -------------------------------------------------------------
 */

bool tep_ring_open(struct tep_driver *d, uint32_t pasid, uint32_t attr,
                   uint32_t irq)
{
    tep_ring_close(d);
    memset(d->ring, 0, (size_t)d->ring_size * TEP_DESC_SIZE);
    d->tail = 0;
    tep_write64(d, TEP_RING_BASE, d->ring_iova);
    d->write(d->ud, TEP_RING_SIZE, d->ring_size);
    d->write(d->ud, TEP_RING_HEAD, 0);
    d->write(d->ud, TEP_RING_TAIL, 0);
    d->write(d->ud, TEP_RING_PASID, pasid);
    d->write(d->ud, TEP_RING_ATTR, attr);
    d->write(d->ud, TEP_RING_IRQ, irq);
    d->write(d->ud, TEP_RING_STATUS, TEP_RING_STOPPED);
    d->write(d->ud, TEP_RING_CTRL, TEP_RING_ENABLE);
    d->sleep(d->ud);
    return d->read(d->ud, TEP_RING_STATUS) == TEP_RING_RUNNING;
}

void tep_ring_push(struct tep_driver *d, const struct tep_request *r)
{
    uint8_t *p = d->ring + (size_t)d->tail * TEP_DESC_SIZE;

    iovp_put_le32(p + TEP_DESC_CMD, r->op);
    iovp_put_le32(p + TEP_DESC_ATTR, r->attr);
    iovp_put_le64(p + TEP_DESC_SRC, r->src);
    iovp_put_le64(p + TEP_DESC_DST, r->dst);
    iovp_put_le32(p + TEP_DESC_LEN, r->len);
    iovp_put_le32(p + TEP_DESC_PASID, r->pasid);
    iovp_put_le64(p + TEP_DESC_OPERAND0, r->operand[0]);
    iovp_put_le64(p + TEP_DESC_OPERAND1, r->operand[1]);
    iovp_put_le64(p + TEP_DESC_COMPLETION, r->completion);
    iovp_put_le32(p + TEP_DESC_IRQ, r->irq);
    iovp_put_le32(p + TEP_DESC_TAG, r->tag);
    d->tail = (d->tail + 1) % d->ring_size;
}

void tep_ring_kick(struct tep_driver *d)
{
    d->write(d->ud, TEP_RING_TAIL, d->tail);
}

bool tep_ring_drain(struct tep_driver *d)
{
    for (uint32_t n = 0; n < POLLS; n++) {
        if (d->read(d->ud, TEP_RING_STATUS) & TEP_RING_STOPPED)
            return false;
        if (d->read(d->ud, TEP_RING_HEAD) == d->tail)
            return true;
        if (!d->sleep(d->ud) && d->read(d->ud, TEP_RING_HEAD) != d->tail)
            return false;
    }
    return false;
}

void tep_ring_close(struct tep_driver *d)
{
    d->write(d->ud, TEP_RING_CTRL, 0);
    for (uint32_t n = 0; n < POLLS; n++)
        if (!(d->read(d->ud, TEP_RING_STATUS) & TEP_RING_RUNNING) ||
            !d->sleep(d->ud))
            return;
}

uint64_t tep_counter(struct tep_driver *d, enum tep_counter c)
{
    return tep_read64(d, TEP_COUNTERS + 8 * (uint32_t)c);
}

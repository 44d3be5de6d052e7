/* SPDX-License-Identifier: MIT */
/*
 * A user driver of the test endpoint, as one would be on top of uio or vfio:
 * it knows a mapped BAR0 and memory for DMA, and nothing of the model.
 */
#ifndef TEST_ENDPOINT_DRIVER_H
#define TEST_ENDPOINT_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../models/pcie/endpoints/test_endpoint_regs.h"

struct tep_driver {
    /* BAR0, 32 bits at a time. */
    uint32_t (*read)(void *ud, uint32_t at);
    void (*write)(void *ud, uint32_t at, uint32_t value);
    /* Sleep until an interrupt, or a while.  False: nothing will happen. */
    bool (*sleep)(void *ud);
    /* Memory of the ring, as the processor and as the device address it. */
    uint8_t *ring;
    uint64_t ring_iova;
    uint32_t ring_size;
    void *ud;

    uint32_t caps; /* after probe */
    uint32_t vectors;
    uint32_t tail;
};

#define TEP_PASID_OF(n) (TEP_PASID_VALID | (n))
#define TEP_IRQ_OF(n)   (TEP_IRQ_ENABLE | (n))

struct tep_request {
    uint32_t op, attr;
    uint32_t pasid; /* 0: none; else TEP_PASID_OF(n) */
    uint64_t src, dst;
    uint32_t len;
    uint64_t operand[2];
    uint32_t irq;        /* 0: none; else TEP_IRQ_OF(vector) */
    uint64_t completion; /* ring only */
    uint32_t tag;
};

struct tep_outcome {
    uint32_t status, error; /* STATUS; TEP_ERROR_* */
    uint64_t result, bytes, fault_addr;
    uint32_t fault_info, info;
};

/* False: it is not this device, or a version that is not known. */
bool tep_probe(struct tep_driver *d);

/* False: it is busy. */
bool tep_start(struct tep_driver *d, const struct tep_request *r);
/* False: it has not ended. */
bool tep_wait(struct tep_driver *d, struct tep_outcome *out);
/* Both.  The error, or UINT32_MAX. */
uint32_t tep_run(struct tep_driver *d, const struct tep_request *r,
                 struct tep_outcome *out);

/* As VFIO's selftests want it of a driver: the same copy `count` times. */
bool tep_memcpy_start(struct tep_driver *d, uint64_t src, uint64_t dst,
                      uint32_t len, uint32_t count);
bool tep_memcpy_wait(struct tep_driver *d);
bool tep_send_msi(struct tep_driver *d, uint32_t vector);

/* False: the ring does not start. */
bool tep_ring_open(struct tep_driver *d, uint32_t pasid, uint32_t attr,
                   uint32_t irq);
/* One more descriptor; tep_ring_kick tells the device. */
void tep_ring_push(struct tep_driver *d, const struct tep_request *r);
void tep_ring_kick(struct tep_driver *d);
/* Wait until it is empty.  False: it has stopped, or never ends. */
bool tep_ring_drain(struct tep_driver *d);
void tep_ring_close(struct tep_driver *d);

uint64_t tep_counter(struct tep_driver *d, enum tep_counter c);
uint64_t tep_read64(struct tep_driver *d, uint32_t at);
void tep_write64(struct tep_driver *d, uint32_t at, uint64_t value);

#endif

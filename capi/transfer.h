/* SPDX-License-Identifier: MIT */
/* DMA that goes on while the caller does other things.  Private to capi/. */
#ifndef IOVP_TRANSFER_H
#define IOVP_TRANSFER_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TRANSFERS_MAX 1024

struct transfer {
    struct transfer *next; /* in the order in which they were submitted */
    struct platform *p;
    struct platform_device_state *d;
    uintptr_t handle;   /* 0: the caller has released it */
    struct dma_run run; /* timed mode: job and result only */
    bool complete;
    const uint8_t *progress; /* timed mode: what the bridge says now */
    const uint32_t *held;    /* with STALL: the core's number for it */
};

/* Functional mode: carry out what is not held any more; true: something
 * moved. */
bool transfers_work(struct platform *p);
/* Its process has ended (timed mode): freed if it was released. */
void transfer_ended(struct transfer *t);
void transfers_destroy(struct platform *p);

#ifdef __cplusplus
}
#endif

#endif

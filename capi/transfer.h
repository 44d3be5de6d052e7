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
    uintptr_t handle;        /* 0: not the caller's of the C API */
    bool wanted;             /* else it is freed when it has ended */
    void (*ended)(void *ud); /* of the library's own; may be NULL */
    void *ud;
    struct dma_run run; /* timed mode: job and result only */
    bool complete;
    const uint8_t *progress; /* timed mode: what the bridge says now */
    const uint32_t *held;    /* with STALL: the core's number for it */
};

/*
 * A transfer of the library's own: `ended` is called when it is complete,
 * though not from inside of this call, which may complete it, too.
 * transfer_give_up ends it at any time: job's buffer is not used any more.
 */
iovp_status transfer_begin(struct platform *p, struct platform_device_state *d,
                           const struct dma_job *job, void (*ended)(void *ud),
                           void *ud, struct transfer **out);
void transfer_give_up(struct transfer *t);
/* Does its IOMMU hold it? */
bool transfer_held(const struct transfer *t);

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

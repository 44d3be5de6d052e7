/* SPDX-License-Identifier: MIT */
/* One DMA of a device, in functional mode: parts, each within a translation
 * granule, until it is complete or the IOMMU holds it.  Private to capi/. */
#ifndef IOVP_DMA_H
#define IOVP_DMA_H

#include <stdbool.h>

#include "../models/common/atomic.h"
#include "iovp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct platform;
struct platform_device_state;

/* The longest, in bytes. */
#define DMA_MAX (1u << 30)

/* What is to be done. */
struct dma_job {
    iovp_attrs attrs; /* complete */
    uint64_t iova, bytes;
    uint8_t *buf;    /* NULL: zeros are written, what is read is lost */
    uint32_t access; /* IOVP_ACCESS_* */
    struct iovp_atomic_op *atomic; /* then access is both, and buf NULL */
};

/* How far it is. */
struct dma_run {
    struct dma_job job;
    uint64_t at;
    uint32_t stall; /* the core's number for what it holds; 0: nothing */
    uint32_t event; /* of what it holds */
    uint32_t tries; /* at `tried`, for dma_hopeless */
    uint64_t tried;
    iovp_dma_result result;
};

/* Nothing of r->job is done. */
void dma_begin(struct dma_run *r);
/* Go on until the end (true) or as long as the IOMMU does not hold it. */
bool dma_continue(struct platform *p, struct platform_device_state *d,
                  struct dma_run *r);
/* It was held once more: is it held for ever, however often it is answered? */
#define DMA_TRIES 256
bool dma_hopeless(struct dma_run *r);
/* A translation without an IOMMU. */
struct smmuv3_result;
void dma_identity(const iovp_attrs *a, uint64_t iova, struct smmuv3_result *r);

/* The device does not wait any longer; the status is IOVP_DMA_STALL. */
void dma_give_up(struct platform *p, struct platform_device_state *d,
                 struct dma_run *r);

#ifdef __cplusplus
}
#endif

#endif

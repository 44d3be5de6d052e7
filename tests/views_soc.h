/* SPDX-License-Identifier: MIT */
/*
 * The SoC of the tests of regimes, notifiers, spaces and windows: that of
 * capi_soc.h, and a GPU with two StreamIDs and all PASIDs there are, reserved
 * regions, and commands and structures written by hand.
 */
#ifndef VIEWS_SOC_H
#define VIEWS_SOC_H

#include "capi_soc.h"

#define VIEWS_GPU_SID 0x30u /* and the next one; 20 bits of PASID */

/* Reserved for the display: the frame buffer, mapped to itself; a hole at
 * either end of 48 bits.  For the GPU: another one. */
#define VIEWS_FB       0x90000000ull
#define VIEWS_FB_BYTES 0x100000ull
#define VIEWS_GPU_HOLE 0x1000000ull /* two pages */

struct views {
    struct soc s;
    iovp_device *gpu;
};

/* As soc_create, soc_open and soc_both; with an allocator, or NULL. */
bool views_create_with(struct views *v, uint32_t mode,
                       const iovp_allocator *allocator);
bool views_create(struct views *v, uint32_t mode);
bool views_open(struct views *v, uint32_t mode);
void views_both(void (*fn)(struct views *v, uint32_t mode));

/* A command, carried out and complete on return. */
void views_command(struct views *v, uint64_t word0, uint64_t word1);

/* The address of a stream's STE, and a word of it or of guest memory. */
uint64_t views_ste(struct views *v, uint32_t sid);
uint64_t views_get64(struct views *v, uint64_t addr);

/* Bits of addresses by IDR5.OAS. */
unsigned views_oas_bits(struct views *v);

/* The driver's calls; failures are recorded. */
void views_attach(struct views *v, struct smmu_stream *st, uint32_t sid,
                  unsigned pasid_bits, uint32_t s1dss);
void views_bind(struct views *v, struct smmu_stream *st, uint32_t pasid,
                struct smmu_space *space);
void views_map(struct views *v, const struct smmu_space *space, uint64_t iova,
               uint64_t pa, uint64_t bytes, unsigned rights);
void views_unmap(struct views *v, const struct smmu_space *space, uint64_t iova,
                 uint64_t bytes);

/* A DMA read of 8 bytes; its status. */
uint32_t views_dma(iovp_device *d, uint32_t pasid, uint64_t iova);

/* The index of a device's PASID, by its first StreamID. */
uint32_t views_index(iovp_device *d, uint32_t pasid);

#endif

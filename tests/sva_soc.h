/* SPDX-License-Identifier: MIT */
/*
 * What the tests of SVA share: a SoC with two IOMMUs, a context on each, and
 * devices of every kind.  The library keeps its tables in donated memory.
 */
#ifndef SVA_SOC_H
#define SVA_SOC_H

#include <stdbool.h>

#include "../capi/iovp.h"

#define SVA_RAM   0x80000000u
#define SVA_POOL  0x01000000u /* donated, from the start of RAM */
#define SVA_TABLE 0x88000000u /* tables that a test keeps itself */
#define SVA_DATA  0x90000000u
#define SVA_PAGE  0x1000u

/* Who has a right as an unprivileged master has it as a privileged one. */
#define SVA_RO (IOVP_RIGHT_UR | IOVP_RIGHT_PR)
#define SVA_RW (SVA_RO | IOVP_RIGHT_UW | IOVP_RIGHT_PW)

/* The n-th page for data. */
#define SVA_PA(n) (SVA_DATA + (uint64_t)(n)*SVA_PAGE)

struct sva {
    iovp_platform *p;
    iovp_context *c, *other; /* of both IOMMUs */
    iovp_device *npu, *twin; /* one StreamID, PASIDs, can stall */
    iovp_device *small;      /* 2 bits of PASID, can stall */
    iovp_device *plain;      /* no PASID, can stall */
    iovp_device *rigid;      /* PASIDs, cannot stall */
    iovp_device *raw;        /* no IOMMU */
    iovp_device *far;        /* as npu, behind the other IOMMU */
    bool timed;
};

/* With contexts of this configuration (NULL: the default; `iommu` is set
 * here); false after a recorded failure. */
bool sva_open(struct sva *v, uint32_t mode, const iovp_context_config *config);
bool sva_open_as(struct sva *v, const iovp_platform_config *platform,
                 const iovp_context_config *config);
void sva_close(struct sva *v);
/* fn in functional mode and, in a child, in timed mode. */
void sva_both(void (*fn)(struct sva *v));

/* A process with this handler. */
iovp_process *sva_process(struct sva *v, iovp_fault_fn *fn, void *ud);
iovp_domain *sva_domain(iovp_process *s);
/* Bind with flags and nothing else; the PASID. */
uint32_t sva_bind(iovp_process *s, iovp_device *d, uint32_t flags);
/* Map data page n at an address, to read and write; fill it with a byte. */
void sva_map(struct sva *v, iovp_process *s, uint64_t iova, unsigned n,
             uint8_t fill);
void sva_unmap(iovp_process *s, uint64_t iova);

/* Every byte of data page n. */
void sva_fill(struct sva *v, unsigned n, uint8_t byte);
/* Does every byte of it have this value? */
bool sva_holds(struct sva *v, unsigned n, uint8_t byte);

/* A read of 16 bytes; with OK all of them have the value *byte. */
iovp_dma_result sva_read(iovp_device *d, uint32_t pasid, uint64_t iova,
                         uint8_t *byte);
/* Its status; OK with another value than `byte` is a failure. */
uint32_t sva_see(iovp_device *d, uint32_t pasid, uint64_t iova, uint8_t byte);
/* A write of 16 bytes: its status. */
uint32_t sva_write(iovp_device *d, uint32_t pasid, uint64_t iova, uint8_t byte);

/* Begin a read of 16 bytes into `buf`; how it stands. */
iovp_transfer *sva_submit(iovp_device *d, uint32_t pasid, uint64_t iova,
                          void *buf);
uint32_t sva_poll(iovp_transfer *t);
/* Keep reading or writing a page until it is stopped. */
void sva_work(iovp_device *d, uint32_t pasid, uint64_t iova, uint32_t access);
/* Bytes that all devices have transferred. */
uint64_t sva_bytes(struct sva *v);

/* Let time pass in timed mode, one call of iovp_run_until in the other. */
void sva_run(struct sva *v, uint64_t ps);
iovp_context_stats sva_stats(iovp_context *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the C API share: a small SoC, brought up with the example
 * driver, and a way to run a part of a test in a process of its own, because
 * a process can have one timed platform.
 */
#ifndef CAPI_SOC_H
#define CAPI_SOC_H

#include <stdbool.h>

#include "../capi/examples/smmuv3_driver.h"
#include "../capi/iovp.h"

#define SOC_ITS   0x08080000u /* a placeholder */
#define SOC_SMMU  0x09050000u
#define SOC_NPU   0x0a000000u /* a device's registers: a placeholder */
#define SOC_RAM   0x80000000u
#define SOC_BYTES 0x20000000u             /* 512 MiB of RAM */
#define SOC_DATA  (SOC_RAM + 0x10000000u) /* tables lie below, data above */
#define SOC_END   (SOC_RAM + SOC_BYTES)

#define SOC_NPU_SID   0x10u /* "npu@a000000", 16 bits of PASID, a workload */
#define SOC_DISP_SID  0x20u /* "display@a010000", no PASID */
#define SOC_PASIDBITS 16
/* "raw@a020000" has no IOMMU. */

#define PAGE_BYTES 0x1000u

struct soc {
    iovp_platform *p;
    iovp_device *npu, *disp, *raw;
    struct smmu_ram ram;
    struct smmu_driver drv;
    struct smmu_event event; /* the last that soc_events found */
    unsigned events;
};

/* The SoC's compiled tree, NULL after a recorded failure. */
const void *soc_tree(size_t *bytes);

/* Compile a tree; *blob is malloc'ed.  False after a recorded failure. */
bool soc_compile(const char *dts, void **blob, size_t *bytes);

/* The platform without driver; false after a recorded failure. */
bool soc_create(struct soc *s, uint32_t mode, uint64_t quantum_ps);

bool soc_create_as(struct soc *s, const iovp_platform_config *c);

/* Enable its SMMU: every stream is aborted.  On failure it is closed. */
bool soc_bring_up(struct soc *s);

/* Both. */
bool soc_open(struct soc *s, uint32_t mode, uint64_t quantum_ps);
void soc_close(struct soc *s);

/* Page-aligned RAM above SOC_DATA for buffers: the n-th page. */
#define SOC_PAGE(n) (SOC_DATA + (uint64_t)(n)*PAGE_BYTES)

/* Registers of the SMMU, 32 bits; failures are recorded. */
uint32_t soc_reg(struct soc *s, uint32_t offset);
void soc_set_reg(struct soc *s, uint32_t offset, uint32_t width,
                 uint64_t value);

/* Let time pass, in timed mode. */
void soc_run(struct soc *s, uint64_t ps);
/* 100 us: enough for queue work and register updates. */
void soc_settle(struct soc *s);
/* Write CR0 and wait for CR0ACK. */
void soc_set_cr0(struct soc *s, uint32_t v);
/* SMMU_GERROR's active errors. */
uint32_t soc_errors(struct soc *s);
/* Events since the last call. */
unsigned soc_events(struct soc *s);
/* A 64-bit word of RAM. */
void soc_put64(struct soc *s, uint64_t addr, uint64_t v);
/* DMA read of up to 16 KiB whose data do not matter. */
iovp_dma_result soc_read(iovp_device *d, const iovp_attrs *a, uint64_t iova,
                         size_t bytes);

/* The display, attached without PASIDs, one page mapped. */
struct soc_page {
    struct smmu_stream st;
    struct smmu_space space;
};

void soc_map_page(struct soc *s, struct soc_page *m, uint64_t iova,
                  uint64_t pa);

iovp_attrs soc_pasid(uint32_t pasid);
/* The PASID that attributes give; NULL: none. */
uint32_t soc_pasid_of(const iovp_attrs *a);

/* A path below $TMPDIR that is this process's own. */
void soc_path(char *path, size_t bytes, const char *name);

/* Memory that children share with their parent; never freed. */
void *soc_shared(size_t bytes);

/*
 * Call fn(ud) in a child and wait.  A check that fails there, a crash and a
 * hang are failures here.
 */
void soc_child(void (*fn)(void *ud), void *ud);

/* fn with an enabled SMMU in functional mode and, in a child, in timed mode. */
void soc_both(void (*fn)(struct soc *s, uint32_t mode));

/* Whether this is built with AddressSanitizer. */
bool soc_sanitized(void);

#endif

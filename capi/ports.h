/* SPDX-License-Identifier: MIT */
/*
 * The border of capi/ towards the rooms above it.  capi/ may not include
 * them, so it declares here what it needs of them (they implement it), and
 * what they may use to build a platform.
 */
#ifndef IOVP_PORTS_H
#define IOVP_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "../models/common/trace_record.h"
#include "../models/smmuv3/smmuv3.h"
#include "iovp.h"

#ifdef __cplusplus
extern "C" {
#endif

struct platform;

/*
 * Set the thread's iovp_last_error sentence (printf-like) and return
 * `status`, so that a failure is one line: return iovp_fail(...).
 */
iovp_status iovp_fail(iovp_status status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- for platforms/: the builder (platform.c) ------------------------ */

/* Zeroed memory for `count` things of `bytes`, by the platform's allocator;
 * NULL: there is none.  platform_free ignores NULL. */
void *platform_alloc(struct platform *p, size_t count, size_t bytes);
void platform_free(struct platform *p, void *block);

/* RAM, allocated as it is touched or the caller's.  Overlap with anything:
 * IOVP_E_DT. */
iovp_status platform_add_ram(struct platform *p, const char *node,
                             uint64_t base, uint64_t size);

/* Addresses that answer nothing yet but must not be claimed twice. */
iovp_status platform_add_placeholder(struct platform *p, const char *node,
                                     uint64_t base, uint64_t size);

#define PLATFORM_NO_IRQ UINT32_MAX

struct platform_smmuv3 {
    const char *name; /* node name with unit address */
    uint64_t base;
    uint32_t irq[IOVP_IRQ_LINES]; /* SPI number, or PLATFORM_NO_IRQ */
    uint32_t coherent;            /* dma-coherent of the node */
    struct smmuv3_config config;
};

/* *index gets the IOMMU's index in the platform. */
iovp_status platform_add_smmuv3(struct platform *p,
                                const struct platform_smmuv3 *desc,
                                uint32_t *index);

#define PLATFORM_NO_IOMMU UINT32_MAX
#define PLATFORM_STREAMS  16
#define PLATFORM_REGIONS  16

/* IOVAs that a device may not use as it likes. */
struct platform_region {
    uint64_t first, last; /* inclusive */
    uint32_t identity;    /* 1: mapped to themselves; 0: not used */
};

struct platform_device {
    const char *name; /* node name with unit address */
    const char *path;
    uint32_t iommu; /* index, or PLATFORM_NO_IOMMU */
    uint32_t stream_id[PLATFORM_STREAMS];
    uint32_t stream_ids;
    uint32_t pasid_bits;
    uint32_t space; /* IOVP_SPACE_* */
    uint32_t can_stall;
    uint32_t pci;           /* a PCI function */
    uint32_t ats_supported; /* of its host bridge */
    uint32_t regions;
    struct platform_region region[PLATFORM_REGIONS];
    uint32_t has_workload;
    iovp_workload workload;
};

iovp_status platform_add_device(struct platform *p,
                                const struct platform_device *desc);

/* For iovp_nodes. */
iovp_status platform_add_node(struct platform *p, const iovp_node *node);

/* ---- implemented by platforms/ --------------------------------------- */

/*
 * Build the SoC from a tree: calls the functions above.  The blob has been
 * copied and stays valid as long as the platform.
 */
iovp_status port_dt_build(struct platform *p, const void *fdt, size_t bytes);

/* Read a .dtb, or compile a .dts.  *blob is malloc'ed. */
iovp_status port_dt_load(const char *path, void **blob, size_t *bytes);

/* ---- implemented by traces/ ------------------------------------------ */

struct trace_writer;

iovp_status port_trace_create(struct trace_writer **out, const char *path,
                              const void *dtb, size_t dtb_bytes);
/* Errors are kept and returned by port_trace_finish. */
void port_trace_put(struct trace_writer *w, const struct iovp_trace_record *r);
/* Flush, close and free. */
iovp_status port_trace_finish(struct trace_writer *w);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The border of capi/ towards the rooms above it.  capi/ may not include
 * them, so it declares here what it needs of them (they implement it), and
 * what they may use to build a platform.
 */
#ifndef IOVP_PORTS_H
#define IOVP_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../models/common/trace_record.h"
#include "../models/pcie/root.h"
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
    uint32_t ats, pri;      /* it has these capabilities */
    uint32_t regions;
    struct platform_region region[PLATFORM_REGIONS];
    uint32_t has_workload;
    iovp_workload workload;
};

iovp_status platform_add_device(struct platform *p,
                                const struct platform_device *desc);

#define PLATFORM_ENGINE_IRQS 16

/* A DMA master with registers (engine_device.h); `irq`: SPIs of its interrupt
 * vectors. */
iovp_status platform_add_engine(struct platform *p,
                                const struct platform_device *desc,
                                uint64_t base, const uint32_t *irq,
                                uint32_t irqs);

/* Requester IDs (after the mask) that lead to StreamIDs or DeviceIDs. */
struct platform_pcie_map {
    uint32_t rid, count;
    uint32_t iommu; /* index, or PLATFORM_NO_IOMMU: of none that is modelled */
    uint32_t id;    /* of `rid` */
};

struct platform_pcie_maps {
    const struct platform_pcie_map *map;
    uint32_t count;
    uint16_t mask; /* of requester IDs */
};

struct platform_pcie_function {
    const char *name; /* node name; a VF: of its PF, with "/vf<n>" */
    const char *path;
};

#define PLATFORM_PCIE_WINDOWS 32

struct platform_pcie_host {
    const char *name; /* node name with unit address */
    const char *path;
    uint64_t ecam;   /* 1 MiB for each bus of `root` */
    uint32_t irq[4]; /* SPIs of INTA to INTD, or PLATFORM_NO_IRQ */
    uint32_t coherent;
    uint32_t ats_supported;
    struct platform_pcie_maps streams; /* iommu-map; others have no IOMMU */
    struct platform_pcie_maps msis;    /* msi-map; `iommu` is not used */
    const struct pcie_root_config *root;
    const struct platform_pcie_function *function; /* as in `root` */
    /* All of the above is in this block of platform_alloc, which is the
     * platform's from here on, whatever is returned. */
    void *memory;
};

/* A host bridge with its functions; those that are no bridges become devices.
 * What pcie_root_check says is the caller's to report. */
iovp_status platform_add_pcie(struct platform *p,
                              const struct platform_pcie_host *desc);

/*
 * A regular file of the host as the blocks of a namespace, open as long as the
 * platform; `node` is who wants it.  *opaque is for platform_file_storage.
 */
struct nvme_storage_ops;
extern const struct nvme_storage_ops platform_file_storage;
iovp_status platform_open_file(struct platform *p, const char *node,
                               const char *path, bool read_only, void **opaque,
                               uint64_t *bytes);

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

/* SPDX-License-Identifier: MIT */
/*
 * A flattened device tree as the builder sees it: checked once, its nodes in
 * an array in tree order, its phandles sorted.  Everything is bounded by the
 * limits below, because a tree may come from anywhere.
 */
#ifndef DT_TREE_H
#define DT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../capi/ports.h"

#define DT_MAX_NODES    16384u /* in the tree */
#define DT_MAX_RECORDED 4096u  /* told by iovp_nodes */
#define DT_MAX_DEPTH    32
#define DT_MAX_PROPS    1024u /* of a node that is modelled */
#define DT_MAX_NAME     255u  /* bytes of a property's name */
#define DT_MAX_COMPAT   4096u /* bytes of `compatible` */
#define DT_MAX_REGIONS  4096u
#define DT_MAX_RAM      64u
#define DT_MAX_SMMUS    64u
#define DT_MAX_ENTRIES  (1u << 22) /* of all caches of all SMMUs */
#define DT_MAX_STREAMS  8192u      /* ranges of StreamIDs with an owner */
#define DT_PATH         512        /* bytes of a path that are kept */

/* dt_node.address_cells, size_cells: besides 0..4. */
#define DT_CELLS_BAD     0xffu /* malformed, or more than 4 */
#define DT_CELLS_UNCLEAR 0xfeu /* absent, and readers of trees differ */

#define DT_ROOT 0u
#define DT_NONE UINT32_MAX

struct dt;

/* What becomes of a node with a certain `compatible`. */
struct dt_factory {
    const char *compatible;
    unsigned pass; /* 0: memory and IOMMUs; 1: what refers to them */
    iovp_status (*build)(struct dt *t, uint32_t node);
    bool (*knows)(const char *property); /* a property iovp,* */
};

struct dt_node {
    int offset;
    uint32_t parent;                   /* of the root: the root */
    uint32_t smmu;                     /* index in dt.smmu, or DT_NONE */
    uint8_t address_cells, size_cells; /* of its children */
    uint8_t state;                     /* IOVP_NODE_* */
    bool enabled;                      /* it, and all above it */
    const struct dt_factory *factory;
    char what[64];
};

struct dt_phandle {
    uint32_t phandle;
    uint32_t node;
};

struct dt_range {
    uint64_t base;
    uint64_t size;
};

/* Addresses that a node has taken. */
struct dt_region {
    struct dt_range range;
    uint32_t node;
    const char *property;
};

/* StreamIDs that a node has taken: of one IOMMU and security space. */
struct dt_streams {
    uint32_t smmu;
    uint32_t space;
    uint32_t node;
    bool master; /* of `iommus`: masters may share a StreamID, as a group */
    uint64_t first;
    uint64_t last;
};

struct dt_smmu {
    uint32_t node;
    uint32_t index; /* in the platform */
    unsigned sid_bits;
    unsigned ssid_bits;
};

struct dt {
    const void *fdt;
    struct platform *platform;
    bool quiet; /* dt_fail leaves iovp_last_error alone */
    struct dt_node *node;
    uint32_t nodes;
    struct dt_phandle *phandle;
    uint32_t phandles;
    struct dt_region *region;
    uint32_t regions;
    struct dt_streams *streams;
    uint32_t stream_ranges;
    struct dt_smmu smmu[DT_MAX_SMMUS];
    uint32_t smmus;
    uint32_t rams;
    uint64_t entries; /* of caches */
    uint64_t media;   /* bytes of NVMe namespaces in memory */
};

/* A property's value. */
struct dt_prop {
    const uint8_t *data;
    uint32_t len;
};

/* ---- the tree (dt_tree.c) -------------------------------------------- */

/* Check the blob and index it.  dt_close in any case. */
iovp_status dt_open(struct dt *t, const void *fdt, size_t bytes);
void dt_close(struct dt *t);

const char *dt_name(const struct dt *t, uint32_t node);
/* The full path, cut at the end, without unprintable bytes; returns buf. */
char *dt_path(const struct dt *t, uint32_t node, char *buf, size_t size);

/* The node with this phandle, or DT_NONE. */
uint32_t dt_by_phandle(const struct dt *t, uint32_t phandle);

/*
 * Fail with IOVP_E_DT and "path: property: sentence"; `property` may be NULL
 * if it is the node that is wrong.
 */
iovp_status dt_fail(const struct dt *t, uint32_t node, const char *property,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- properties (dt_prop.c) ------------------------------------------ */

bool dt_get(const struct dt *t, uint32_t node, const char *name,
            struct dt_prop *p);
bool dt_has(const struct dt *t, uint32_t node, const char *name);

/* Cell `i`, or the number of `cells` (0..2) cells from cell `i` on. */
uint32_t dt_cell(const struct dt_prop *p, uint32_t i);
uint64_t dt_number(const struct dt_prop *p, uint32_t i, unsigned cells);

/*
 * The value of a property of one cell; of one or two cells; without value;
 * that is one string.  Absent is no error: *value (*s: NULL) is left alone.
 */
iovp_status dt_get_u32(const struct dt *t, uint32_t node, const char *name,
                       uint32_t *value);
iovp_status dt_get_u64(const struct dt *t, uint32_t node, const char *name,
                       uint64_t *value);
iovp_status dt_get_flag(const struct dt *t, uint32_t node, const char *name,
                        bool *value);
iovp_status dt_get_string(const struct dt *t, uint32_t node, const char *name,
                          const char **s);

/*
 * dma-coherent of the node, or of the nearest node above that has it or
 * dma-noncoherent.
 */
iovp_status dt_get_coherent(const struct dt *t, uint32_t node, bool *coherent);

/*
 * String `i` of a list of strings, NULL after the last.  What follows the
 * last NUL is no string.
 */
const char *dt_string(const struct dt_prop *p, uint32_t i);

/* ---- addresses (dt_addr.c) ------------------------------------------- */

/* Entries of `reg`; 0 if there is none. */
iovp_status dt_reg_count(const struct dt *t, uint32_t node, uint32_t *count);
/* Entry `i`, as a CPU address. */
iovp_status dt_reg(const struct dt *t, uint32_t node, uint32_t i,
                   struct dt_range *r);
/* The cells of a bus with modelled nodes: one or two each. */
iovp_status dt_check_bus(const struct dt *t, uint32_t bus);
/* Not empty, and no wrap-around. */
iovp_status dt_check_extent(const struct dt *t, uint32_t node,
                            const char *property, const struct dt_range *r);
/* From the address space of the node's parent to that of the CPU. */
iovp_status dt_translate(const struct dt *t, uint32_t node,
                         const char *property, struct dt_range *r);

/* ---- ownership (dt_claim.c) ------------------------------------------ */

/* Take addresses; an error if another node, or this one, has some already. */
iovp_status dt_claim(struct dt *t, uint32_t node, const char *property,
                     const struct dt_range *r);
/* As above, with a placeholder in the platform. */
iovp_status dt_reserve(struct dt *t, uint32_t node, const char *property,
                       const struct dt_range *r);
/* Every entry of reg, if it has any. */
iovp_status dt_reserve_reg(struct dt *t, uint32_t node);
/* Take StreamIDs first..first+count-1 of an SMMU; `count` is not 0. */
iovp_status dt_claim_streams(struct dt *t, uint32_t node, const char *property,
                             uint32_t smmu, uint32_t space, uint32_t first,
                             uint64_t count);

/* ---- interrupts (dt_irq.c) ------------------------------------------- */

/* SPI numbers from `interrupts` or `interrupts-extended`, at most `max`. */
iovp_status dt_interrupts(const struct dt *t, uint32_t node, uint32_t *spi,
                          uint32_t max, uint32_t *count);

/* As above of an interrupt-map, from cell *at on: the parent's phandle, its
 * unit address, its specifier. */
iovp_status dt_mapped_interrupt(const struct dt *t, uint32_t node,
                                const struct dt_prop *p, uint32_t *at,
                                uint32_t *spi);

/* ---- reserved regions (dt_reserved.c) --------------------------------- */

/* IOVAs that memory-region of a device reserves. */
iovp_status dt_reserved_regions(const struct dt *t, uint32_t node,
                                struct platform_device *d);

/* ---- DMA masters (dt_dma.c) --------------------------------------------- */

/* What every master on the platform's bus has: identity, IOMMU, PASIDs,
 * reserved regions.  d->path is in `path`. */
iovp_status dt_master(struct dt *t, uint32_t node, char path[DT_PATH],
                      struct platform_device *d);

/* ---- factories ------------------------------------------------------- */

iovp_status dt_build_memory(struct dt *t, uint32_t node);
iovp_status dt_build_smmuv3(struct dt *t, uint32_t node);
bool dt_smmuv3_knows(const char *property);
iovp_status dt_build_pci(struct dt *t, uint32_t node);
bool dt_pci_knows(const char *property);
/* That of a PCI function; NULL: no such (dt_pci_class.c). */
const struct dt_factory *dt_pci_factory(const char *compatible);
iovp_status dt_build_msi(struct dt *t, uint32_t node);
iovp_status dt_build_dma(struct dt *t, uint32_t node);
bool dt_dma_knows(const char *property);
iovp_status dt_build_engine(struct dt *t, uint32_t node);
bool dt_engine_knows(const char *property);

/* ID registers, geometry and timing (dt_smmu_config.c). */
iovp_status dt_smmuv3_config(const struct dt *t, uint32_t node,
                             struct smmuv3_config *c, const char **profile);

/* A DMA master's workload; *has is false if it has none (dt_workload.c). */
iovp_status dt_workload(const struct dt *t, uint32_t node, uint32_t pasid_bits,
                        iovp_workload *w, bool *has);
bool dt_workload_knows(const char *property);

/* Tell the platform of every node worth listing (dt_nodes.c). */
iovp_status dt_list_nodes(struct dt *t);

#endif

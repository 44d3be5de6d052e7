/* SPDX-License-Identifier: MIT */
/*
 * pci-host-ecam-generic: a placeholder that owns its configuration space and
 * its windows, and whose iommu-map is checked.
 */
#include <inttypes.h>
#include <stdio.h>

#include "../models/common/bits.h"
#include "dt_tree.h"

#define PCI_ADDRESS_CELLS 3u
#define PCI_SIZE_CELLS    2u
#define PCI_BUSES         256u
#define PCI_RIDS          0x10000u
#define ECAM_BUS_LOG2     20 /* 1 MiB of configuration space a bus */
#define MAP_CELLS         4u

/* phys.hi[25:24] of a PCI address (IEEE 1275 PCI binding). */
#define SPACE_CONFIG 0u
#define SPACE_IO     1u
#define SPACE_MEM32  2u

static iovp_status check_cells(const struct dt *t, uint32_t node)
{
    const struct dt_node *n = &t->node[node];

    if (n->address_cells != PCI_ADDRESS_CELLS)
        return dt_fail(t, node, "#address-cells", "must be <3>");
    if (n->size_cells != PCI_SIZE_CELLS)
        return dt_fail(t, node, "#size-cells", "must be <2>");
    return IOVP_OK;
}

static iovp_status reserve_ecam(struct dt *t, uint32_t node)
{
    struct dt_range r;
    struct dt_prop p;
    iovp_status st = dt_reg(t, node, 0, &r);

    if (st != IOVP_OK)
        return st;
    if (dt_get(t, node, "bus-range", &p)) {
        if (p.len != 8 || dt_cell(&p, 0) > dt_cell(&p, 1) ||
            dt_cell(&p, 1) >= PCI_BUSES)
            return dt_fail(t, node, "bus-range",
                           "must be <first last>, in order, at most 255");
        if (r.size >> ECAM_BUS_LOG2 <= dt_cell(&p, 1) - dt_cell(&p, 0))
            return dt_fail(t, node, "bus-range",
                           "%u buses need more than the 0x%" PRIx64
                           " bytes of reg",
                           dt_cell(&p, 1) - dt_cell(&p, 0) + 1, r.size);
    }
    return dt_reserve(t, node, "reg", &r);
}

/* Below 4 GiB on the PCI side, as far as the space needs it. */
static iovp_status check_window(const struct dt *t, uint32_t node,
                                uint32_t space, const struct dt_range *bus)
{
    if (space == SPACE_CONFIG)
        return dt_fail(t, node, "ranges",
                       "an entry of configuration space: reg has that");
    if (bus->size && bus->base + (bus->size - 1) < bus->base)
        return dt_fail(t, node, "ranges",
                       "PCI address 0x%" PRIx64 " + 0x%" PRIx64 " wraps around",
                       bus->base, bus->size);
    if ((space == SPACE_IO || space == SPACE_MEM32) && bus->size &&
        (bus->base + (bus->size - 1)) >> 32)
        return dt_fail(t, node, "ranges",
                       "32-bit window 0x%" PRIx64 " + 0x%" PRIx64
                       " is not below 4 GiB",
                       bus->base, bus->size);
    return IOVP_OK;
}

static iovp_status reserve_windows(struct dt *t, uint32_t node)
{
    unsigned pc = t->node[t->node[node].parent].address_cells;
    unsigned step = PCI_ADDRESS_CELLS + pc + PCI_SIZE_CELLS;
    struct dt_prop p;

    if (!dt_get(t, node, "ranges", &p))
        return dt_fail(t, node, "ranges", "missing: no window to the devices");
    if (!p.len || p.len % (4 * step))
        return dt_fail(t, node, "ranges",
                       "%u bytes are no multiple of its %u cells an entry",
                       p.len, step);
    for (uint32_t i = 0; i < p.len / 4; i += step) {
        uint64_t size = dt_number(&p, i + PCI_ADDRESS_CELLS + pc, 2);
        struct dt_range bus = {dt_number(&p, i + 1, 2), size};
        struct dt_range cpu = {dt_number(&p, i + PCI_ADDRESS_CELLS, pc), size};
        uint32_t space = (uint32_t)iovp_bits(dt_cell(&p, i), 25, 24);
        iovp_status st = check_window(t, node, space, &bus);

        if (st == IOVP_OK)
            st = dt_translate(t, node, "ranges", &cpu);
        if (st == IOVP_OK)
            st = dt_reserve(t, node, "ranges", &cpu);
        if (st != IOVP_OK)
            return st;
    }
    return IOVP_OK;
}

struct map_entry {
    uint32_t rid, iommu, first, count;
};

static struct map_entry map_entry(const struct dt_prop *p, uint32_t i)
{
    return (struct map_entry){dt_cell(p, i), dt_cell(p, i + 1),
                              dt_cell(p, i + 2), dt_cell(p, i + 3)};
}

static iovp_status map_one(struct dt *t, uint32_t node,
                           const struct map_entry *e)
{
    uint32_t iommu = dt_by_phandle(t, e->iommu), cells = 1;
    char path[DT_PATH];
    iovp_status st;

    if (iommu == DT_NONE)
        return dt_fail(t, node, "iommu-map", "no node has the phandle 0x%x",
                       e->iommu);
    if (!e->count || (uint64_t)e->rid + e->count > PCI_RIDS)
        return dt_fail(t, node, "iommu-map",
                       "requester IDs 0x%x + 0x%x: not empty and within 16 "
                       "bits, please",
                       e->rid, e->count);
    st = dt_get_u32(t, iommu, "#iommu-cells", &cells);
    if (st != IOVP_OK)
        return st;
    if (cells != 1)
        return dt_fail(t, node, "iommu-map", "#iommu-cells of %s is not 1",
                       dt_path(t, iommu, path, sizeof(path)));
    if (t->node[iommu].smmu == DT_NONE)
        return IOVP_OK;
    return dt_claim_streams(t, node, "iommu-map", t->node[iommu].smmu,
                            IOVP_SPACE_NONSECURE, e->first, e->count);
}

static iovp_status check_iommu_map(struct dt *t, uint32_t node)
{
    struct dt_prop p;

    if (!dt_get(t, node, "iommu-map", &p))
        return IOVP_OK;
    /* The comparison below is of each pair. */
    if (!p.len || p.len % (4 * MAP_CELLS) || p.len > 4 * MAP_CELLS * PCI_BUSES)
        return dt_fail(t, node, "iommu-map",
                       "needs entries of 4 cells, <rid &iommu id length>, at "
                       "most 256");
    for (uint32_t i = 0; i < p.len / 4; i += MAP_CELLS) {
        struct map_entry e = map_entry(&p, i);
        iovp_status st = map_one(t, node, &e);

        for (uint32_t k = 0; st == IOVP_OK && k < i; k += MAP_CELLS) {
            struct map_entry o = map_entry(&p, k);

            if (e.rid < (uint64_t)o.rid + o.count &&
                o.rid < (uint64_t)e.rid + e.count)
                st = dt_fail(t, node, "iommu-map",
                             "requester ID 0x%x is mapped twice",
                             e.rid > o.rid ? e.rid : o.rid);
        }
        if (st != IOVP_OK)
            return st;
    }
    return IOVP_OK;
}

iovp_status dt_build_pci(struct dt *t, uint32_t node)
{
    struct dt_node *n = &t->node[node];
    iovp_status st = check_cells(t, node);

    if (st == IOVP_OK)
        st = reserve_ecam(t, node);
    if (st == IOVP_OK)
        st = reserve_windows(t, node);
    if (st == IOVP_OK)
        st = check_iommu_map(t, node);
    n->state = IOVP_NODE_PLACEHOLDER;
    snprintf(n->what, sizeof(n->what), "PCIe host, addresses reserved");
    return st;
}

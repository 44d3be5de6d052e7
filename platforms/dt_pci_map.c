/* SPDX-License-Identifier: MIT */
/* iommu-map and msi-map: where requester IDs lead. */
#include <string.h>

#include "dt_pci.h"

#define MAP_CELLS 4u

/* One of the two. */
struct map {
    const char *name, *mask_name, *cells_name;
    iovp_status (*one)(struct dt_pci *h, struct platform_pcie_map *m,
                       uint32_t to);
};

static iovp_status iommu_one(struct dt_pci *h, struct platform_pcie_map *m,
                             uint32_t to)
{
    uint32_t smmu = h->t->node[to].smmu;

    m->iommu = PLATFORM_NO_IOMMU;
    if (smmu == DT_NONE)
        return IOVP_OK;
    m->iommu = h->t->smmu[smmu].index;
    return dt_claim_streams(h->t, h->node, "iommu-map", smmu,
                            IOVP_SPACE_NONSECURE, m->id, m->count);
}

static iovp_status msi_one(struct dt_pci *h, struct platform_pcie_map *m,
                           uint32_t to)
{
    (void)h;
    (void)to;
    m->iommu = PLATFORM_NO_IOMMU;
    return IOVP_OK;
}

static const struct map iommu_map = {"iommu-map", "iommu-map-mask",
                                     "#iommu-cells", iommu_one};
static const struct map msi_map = {"msi-map", "msi-map-mask", "#msi-cells",
                                   msi_one};

static iovp_status read_entry(struct dt_pci *h, const struct map *k,
                              const struct dt_prop *p, uint32_t i,
                              uint32_t mask, struct platform_pcie_map *m)
{
    uint32_t to = dt_by_phandle(h->t, dt_cell(p, i + 1)), cells = 1;
    char path[DT_PATH];
    iovp_status st;

    m->rid = dt_cell(p, i);
    m->id = dt_cell(p, i + 2);
    m->count = dt_cell(p, i + 3);
    if (to == DT_NONE)
        return dt_fail(h->t, h->node, k->name, "no node has the phandle 0x%x",
                       dt_cell(p, i + 1));
    if (!m->count || (uint64_t)m->rid + m->count > PCI_RIDS)
        return dt_fail(h->t, h->node, k->name,
                       "requester IDs 0x%x + 0x%x: not empty and within 16 "
                       "bits, please",
                       m->rid, m->count);
    if (m->rid & ~mask)
        return dt_fail(h->t, h->node, k->name,
                       "requester ID 0x%x has bits that %s 0x%x clears", m->rid,
                       k->mask_name, mask);
    st = dt_get_u32(h->t, to, k->cells_name, &cells);
    if (st != IOVP_OK)
        return st;
    if (cells != 1)
        return dt_fail(h->t, h->node, k->name, "%s of %s is not 1",
                       k->cells_name, dt_path(h->t, to, path, sizeof(path)));
    return k->one(h, m, to);
}

static iovp_status check_twice(struct dt_pci *h, const struct map *k,
                               const struct platform_pcie_map *map, uint32_t n)
{
    const struct platform_pcie_map *e = &map[n];

    for (uint32_t i = 0; i < n; i++) {
        const struct platform_pcie_map *o = &map[i];

        if (e->rid < (uint64_t)o->rid + o->count &&
            o->rid < (uint64_t)e->rid + e->count)
            return dt_fail(h->t, h->node, k->name,
                           "requester ID 0x%x is mapped twice",
                           e->rid > o->rid ? e->rid : o->rid);
    }
    return IOVP_OK;
}

static iovp_status read_map(struct dt_pci *h, const struct map *k,
                            struct platform_pcie_map *map,
                            struct platform_pcie_maps *out)
{
    uint32_t mask = PCI_RIDS - 1;
    iovp_status st = dt_get_u32(h->t, h->node, k->mask_name, &mask);
    struct dt_prop p;

    if (st != IOVP_OK)
        return st;
    mask &= PCI_RIDS - 1;
    *out = (struct platform_pcie_maps){map, 0, (uint16_t)mask};
    if (!dt_get(h->t, h->node, k->name, &p))
        return IOVP_OK;
    /* The comparison below is of each pair. */
    if (!p.len || p.len % (4 * MAP_CELLS) || p.len > 4 * MAP_CELLS * PCI_MAPS)
        return dt_fail(h->t, h->node, k->name,
                       "needs entries of 4 cells, <rid &node id length>, at "
                       "most 256");
    for (uint32_t i = 0; st == IOVP_OK && i < p.len / 4; i += MAP_CELLS) {
        st = read_entry(h, k, &p, i, mask, &map[out->count]);
        if (st == IOVP_OK)
            st = check_twice(h, k, map, out->count);
        out->count++;
    }
    return st;
}

/* Requester IDs are DeviceIDs then, and nothing is to be kept. */
static iovp_status check_msi_parent(const struct dt_pci *h)
{
    struct dt_prop p;

    if (!dt_get(h->t, h->node, "msi-parent", &p))
        return IOVP_OK;
    if (p.len < 4 || p.len % 4)
        return dt_fail(h->t, h->node, "msi-parent",
                       "an MSI controller's phandle is needed, not %u bytes",
                       p.len);
    if (dt_by_phandle(h->t, dt_cell(&p, 0)) == DT_NONE)
        return dt_fail(h->t, h->node, "msi-parent",
                       "no node has the phandle 0x%x", dt_cell(&p, 0));
    return IOVP_OK;
}

iovp_status dt_pci_maps(struct dt_pci *h)
{
    iovp_status st =
        read_map(h, &iommu_map, h->block->stream, &h->host.streams);

    if (st == IOVP_OK)
        st = read_map(h, &msi_map, h->block->msi, &h->host.msis);
    return st == IOVP_OK ? check_msi_parent(h) : st;
}

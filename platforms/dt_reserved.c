/* SPDX-License-Identifier: MIT */
/*
 * Reserved regions of a device: nodes of /reserved-memory that its
 * memory-region points to, and that have iommu-addresses.
 */
#include <inttypes.h>
#include <string.h>

#include "dt_tree.h"

#define PARENT   "reserved-memory"
#define PROPERTY "iommu-addresses"

/* Does the first entry of reg, if there is one, say the same addresses? */
static iovp_status is_identity(const struct dt *t, uint32_t region,
                               const struct dt_range *iova, uint32_t *identity)
{
    struct dt_range phys;
    iovp_status st;

    *identity = 0;
    if (!dt_has(t, region, "reg"))
        return IOVP_OK;
    st = dt_reg(t, region, 0, &phys);
    if (st == IOVP_OK)
        *identity = phys.base == iova->base && phys.size == iova->size;
    return st;
}

static iovp_status add(const struct dt *t, uint32_t region,
                       const struct dt_range *iova, struct platform_device *d)
{
    struct platform_region r = {iova->base, iova->base + (iova->size - 1), 0};
    iovp_status st = dt_check_extent(t, region, PROPERTY, iova);

    if (st == IOVP_OK)
        st = is_identity(t, region, iova, &r.identity);
    if (st != IOVP_OK)
        return st;
    if (d->regions == PLATFORM_REGIONS)
        return dt_fail(t, region, PROPERTY, "more than %d regions of a master",
                       PLATFORM_REGIONS);
    d->region[d->regions++] = r;
    return IOVP_OK;
}

/*
 * The entry at cell *i: whose it is, and which addresses.  *i becomes the next
 * one's.
 */
static iovp_status entry(const struct dt *t, uint32_t region,
                         const struct dt_prop *p, uint32_t *i, uint32_t *owner,
                         struct dt_range *iova)
{
    uint32_t phandle = dt_cell(p, *i), at = *i + 1, bus, ac, sc;
    iovp_status st;

    *owner = dt_by_phandle(t, phandle);
    if (*owner == DT_NONE)
        return dt_fail(t, region, PROPERTY, "no node has the phandle 0x%x",
                       phandle);
    bus = t->node[*owner].parent;
    st = dt_check_bus(t, bus);
    if (st != IOVP_OK)
        return st;
    ac = t->node[bus].address_cells;
    sc = t->node[bus].size_cells;
    if (p->len / 4 - at < ac + sc)
        return dt_fail(t, region, PROPERTY,
                       "an entry is a phandle, %u address and %u size cells",
                       ac, sc);
    iova->base = dt_number(p, at, ac);
    iova->size = dt_number(p, at + ac, sc);
    *i = at + ac + sc;
    return IOVP_OK;
}

static iovp_status read_region(const struct dt *t, uint32_t region,
                               uint32_t node, struct platform_device *d)
{
    struct dt_prop p;
    struct dt_range iova;
    uint32_t i = 0, owner;
    iovp_status st = IOVP_OK;

    if (!dt_get(t, region, PROPERTY, &p))
        return IOVP_OK;
    if (p.len % 4)
        return dt_fail(t, region, PROPERTY, "%u bytes are no cells", p.len);
    while (st == IOVP_OK && i < p.len / 4) {
        st = entry(t, region, &p, &i, &owner, &iova);
        if (st == IOVP_OK && owner == node)
            st = add(t, region, &iova, d);
    }
    return st;
}

static bool is_reserved_memory(const struct dt *t, uint32_t node)
{
    uint32_t parent = t->node[node].parent;

    return node != DT_ROOT && parent != DT_ROOT &&
           t->node[parent].parent == DT_ROOT &&
           !strcmp(dt_name(t, parent), PARENT);
}

iovp_status dt_reserved_regions(const struct dt *t, uint32_t node,
                                struct platform_device *d)
{
    struct dt_prop p;
    iovp_status st = IOVP_OK;

    if (!dt_get(t, node, "memory-region", &p))
        return IOVP_OK;
    if (!p.len || p.len % 4 || p.len / 4 > PLATFORM_REGIONS)
        return dt_fail(t, node, "memory-region", "must be 1 to %d phandles",
                       PLATFORM_REGIONS);
    for (uint32_t i = 0; st == IOVP_OK && i < p.len / 4; i++) {
        uint32_t region = dt_by_phandle(t, dt_cell(&p, i));

        if (region == DT_NONE || !is_reserved_memory(t, region))
            return dt_fail(t, node, "memory-region",
                           "0x%x is no phandle of a node of /" PARENT,
                           dt_cell(&p, i));
        if (t->node[region].enabled)
            st = read_region(t, region, node, d);
    }
    return st;
}

/* SPDX-License-Identifier: MIT */
/* Addresses: `reg`, and `ranges` of the buses above. */
#include <inttypes.h>

#include "dt_tree.h"

/* A bus whose children's addresses are of one or two cells. */
static iovp_status check_cells(const struct dt *t, uint32_t bus,
                               const char *name, uint8_t cells)
{
    if (cells == DT_CELLS_UNCLEAR)
        return dt_fail(t, bus, name,
                       "missing, and its default is not what is inherited: "
                       "state it");
    if (cells == DT_CELLS_BAD)
        return dt_fail(t, bus, name, "must be one cell, 0 to 4");
    if (cells < 1 || cells > 2)
        return dt_fail(t, bus, name,
                       "must be 1 or 2 for modelled nodes below, not %u",
                       cells);
    return IOVP_OK;
}

iovp_status dt_check_bus(const struct dt *t, uint32_t bus)
{
    const struct dt_node *n = &t->node[bus];
    iovp_status st = check_cells(t, bus, "#address-cells", n->address_cells);

    if (st != IOVP_OK)
        return st;
    return check_cells(t, bus, "#size-cells", n->size_cells);
}

iovp_status dt_check_extent(const struct dt *t, uint32_t node,
                            const char *property, const struct dt_range *r)
{
    if (!r->size)
        return dt_fail(t, node, property, "the size at 0x%" PRIx64 " is zero",
                       r->base);
    if (r->base + (r->size - 1) < r->base)
        return dt_fail(t, node, property,
                       "0x%" PRIx64 " + 0x%" PRIx64
                       " wraps around the address space",
                       r->base, r->size);
    return IOVP_OK;
}

static bool inside(const struct dt_range *r, const struct dt_range *outer)
{
    return r->base >= outer->base && r->base - outer->base < outer->size &&
           r->size <= outer->size - (r->base - outer->base);
}

/* From below `bus` to above it.  `node` and `property` are whose address. */
static iovp_status through_bus(const struct dt *t, uint32_t bus, uint32_t node,
                               const char *property, struct dt_range *r)
{
    uint32_t above = t->node[bus].parent;
    unsigned ac = t->node[bus].address_cells, sc = t->node[bus].size_cells;
    unsigned pc = t->node[above].address_cells;
    char path[DT_PATH];
    struct dt_prop p;
    iovp_status st;

    if (!dt_get(t, bus, "ranges", &p))
        return dt_fail(t, node, property,
                       "0x%" PRIx64 " cannot be translated: %s has no ranges",
                       r->base, dt_path(t, bus, path, sizeof(path)));
    if (!p.len)
        return IOVP_OK;
    st = dt_check_bus(t, bus);
    if (st == IOVP_OK)
        st = check_cells(t, above, "#address-cells", (uint8_t)pc);
    if (st != IOVP_OK)
        return st;
    if (p.len % (4 * (ac + pc + sc)))
        return dt_fail(t, bus, "ranges",
                       "%u bytes are no multiple of its %u cells an entry",
                       p.len, ac + pc + sc);
    for (uint32_t i = 0; i < p.len / 4; i += ac + pc + sc) {
        struct dt_range child = {dt_number(&p, i, ac),
                                 dt_number(&p, i + ac + pc, sc)};

        if (!inside(r, &child))
            continue;
        r->base = r->base - child.base + dt_number(&p, i + ac, pc);
        return dt_check_extent(t, node, property, r);
    }
    return dt_fail(t, node, property,
                   "0x%" PRIx64 " + 0x%" PRIx64
                   " is in no entry of ranges of %s",
                   r->base, r->size, dt_path(t, bus, path, sizeof(path)));
}

iovp_status dt_translate(const struct dt *t, uint32_t node,
                         const char *property, struct dt_range *r)
{
    uint32_t bus = t->node[node].parent;
    iovp_status st = dt_check_extent(t, node, property, r);

    for (; st == IOVP_OK && bus != DT_ROOT; bus = t->node[bus].parent)
        st = through_bus(t, bus, node, property, r);
    return st;
}

iovp_status dt_reg_count(const struct dt *t, uint32_t node, uint32_t *count)
{
    const struct dt_node *bus = &t->node[t->node[node].parent];
    struct dt_prop p;
    iovp_status st;
    unsigned cells;

    *count = 0;
    if (node == DT_ROOT || !dt_get(t, node, "reg", &p))
        return IOVP_OK;
    st = dt_check_bus(t, t->node[node].parent);
    if (st != IOVP_OK)
        return st;
    cells = (unsigned)bus->address_cells + bus->size_cells;
    if (!p.len || p.len % (4 * cells))
        return dt_fail(t, node, "reg",
                       "%u bytes are no multiple of %u address and %u size "
                       "cells",
                       p.len, bus->address_cells, bus->size_cells);
    *count = p.len / (4 * cells);
    return IOVP_OK;
}

iovp_status dt_reg(const struct dt *t, uint32_t node, uint32_t i,
                   struct dt_range *r)
{
    const struct dt_node *bus = &t->node[t->node[node].parent];
    unsigned ac = bus->address_cells, sc = bus->size_cells;
    struct dt_prop p;
    uint32_t count;
    iovp_status st = dt_reg_count(t, node, &count);

    if (st != IOVP_OK)
        return st;
    if (i >= count)
        return dt_fail(t, node, "reg", "missing");
    dt_get(t, node, "reg", &p);
    r->base = dt_number(&p, i * (ac + sc), ac);
    r->size = dt_number(&p, i * (ac + sc) + ac, sc);
    return dt_translate(t, node, "reg", r);
}

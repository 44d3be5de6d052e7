/* SPDX-License-Identifier: MIT */
/*
 * Wired interrupts (Devicetree Specification 2.4): a GIC's specifier is the
 * type, the number and flags; type 0 is a shared peripheral interrupt.
 */
#include "dt_tree.h"

#define GIC_SPI     0u
#define GIC_MAX_SPI 987u /* INTID 1019 */

struct irq_list {
    const char *property;
    struct dt_prop p;
    uint32_t at;     /* next cell */
    uint32_t parent; /* of `interrupts`; DT_NONE: each entry names its own */
    bool mapped;     /* interrupt-map: and has a unit address */
};

/* The node's interrupt parent: named by it or by a node above, or above. */
static uint32_t interrupt_parent(const struct dt *t, uint32_t node)
{
    struct dt_prop p;

    for (int i = 0; i < DT_MAX_DEPTH; i++) {
        if (dt_get(t, node, "interrupt-parent", &p))
            return p.len == 4 ? dt_by_phandle(t, dt_cell(&p, 0)) : DT_NONE;
        if (node == DT_ROOT)
            return DT_NONE;
        node = t->node[node].parent;
        if (dt_has(t, node, "#interrupt-cells"))
            return node;
    }
    return DT_NONE;
}

static iovp_status check_gic(const struct dt *t, uint32_t node,
                             const char *property, uint32_t parent,
                             uint32_t *cells)
{
    char path[DT_PATH];
    iovp_status st;

    if (parent == DT_NONE)
        return dt_fail(t, node, property,
                       "there is no node that its interrupt parent names");
    *cells = 0;
    st = dt_get_u32(t, parent, "#interrupt-cells", cells);
    if (st != IOVP_OK)
        return st;
    if (*cells < 3 || *cells > 4)
        return dt_fail(t, node, property,
                       "%s has #interrupt-cells = <%u>; only a GIC's 3 or 4 "
                       "are understood",
                       dt_path(t, parent, path, sizeof(path)), *cells);
    return IOVP_OK;
}

/* Of an interrupt controller: absent is 0 here, other than for buses. */
static uint32_t unit_cells(const struct dt *t, uint32_t node)
{
    struct dt_prop p;

    if (!dt_get(t, node, "#address-cells", &p) || p.len != 4)
        return 0;
    return t->node[node].address_cells <= 4 ? t->node[node].address_cells : 0;
}

static iovp_status next_irq(const struct dt *t, uint32_t node,
                            struct irq_list *l, uint32_t *spi)
{
    uint32_t parent = l->parent, cells, skip = 0;
    iovp_status st;

    if (parent == DT_NONE)
        parent = dt_by_phandle(t, dt_cell(&l->p, l->at++));
    st = check_gic(t, node, l->property, parent, &cells);
    if (st != IOVP_OK)
        return st;
    if (l->mapped)
        skip = unit_cells(t, parent);
    if (l->p.len / 4 - l->at < skip + cells)
        return dt_fail(t, node, l->property,
                       "the last entry has fewer than %u cells", skip + cells);
    l->at += skip;
    if (dt_cell(&l->p, l->at) != GIC_SPI)
        return dt_fail(t, node, l->property,
                       "type %u is no shared peripheral interrupt (0)",
                       dt_cell(&l->p, l->at));
    *spi = dt_cell(&l->p, l->at + 1);
    if (*spi > GIC_MAX_SPI)
        return dt_fail(t, node, l->property, "SPI %u is above %u", *spi,
                       GIC_MAX_SPI);
    l->at += cells;
    return IOVP_OK;
}

iovp_status dt_interrupts(const struct dt *t, uint32_t node, uint32_t *spi,
                          uint32_t max, uint32_t *count)
{
    struct irq_list l = {"interrupts-extended", {NULL, 0}, 0, DT_NONE, false};
    iovp_status st = IOVP_OK;

    *count = 0;
    if (!dt_get(t, node, l.property, &l.p)) {
        l.property = "interrupts";
        if (!dt_get(t, node, l.property, &l.p))
            return IOVP_OK;
        l.parent = interrupt_parent(t, node);
        if (l.parent == DT_NONE)
            return dt_fail(t, node, "interrupt-parent",
                           "missing, or names no node");
    }
    if (l.p.len % 4)
        return dt_fail(t, node, l.property, "%u bytes are no cells", l.p.len);
    while (st == IOVP_OK && l.at < l.p.len / 4) {
        if (*count == max)
            return dt_fail(t, node, l.property, "more than %u interrupts", max);
        st = next_irq(t, node, &l, &spi[*count]);
        ++*count;
    }
    return st;
}

iovp_status dt_mapped_interrupt(const struct dt *t, uint32_t node,
                                const struct dt_prop *p, uint32_t *at,
                                uint32_t *spi)
{
    struct irq_list l = {"interrupt-map", *p, *at, DT_NONE, true};
    iovp_status st = next_irq(t, node, &l, spi);

    *at = l.at;
    return st;
}

/* SPDX-License-Identifier: MIT */
/*
 * The functions below a host bridge (IEEE 1275 PCI binding, and pci-bus-common
 * of dt-schema): where they are, and their VFs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dt_pci.h"

#define REG_CELLS (PCI_ADDRESS_CELLS + PCI_SIZE_CELLS)

/* phys.hi of a function's configuration space. */
#define PHYS_DEVICE(hi)   ((hi) >> 11 & 31)
#define PHYS_FUNCTION(hi) ((hi) >> 8 & 7)
#define PHYS_ELSE         0xff0000ffu /* space, flags, register */

iovp_status dt_pci_check_cells(const struct dt *t, uint32_t node)
{
    const struct dt_node *n = &t->node[node];

    if (n->address_cells != PCI_ADDRESS_CELLS)
        return dt_fail(t, node, "#address-cells", "must be <3>");
    if (n->size_cells != PCI_SIZE_CELLS)
        return dt_fail(t, node, "#size-cells", "must be <2>");
    return IOVP_OK;
}

/* Is it a modelled function below this host bridge, which is before it? */
static bool below(const struct dt *t, uint32_t host, uint32_t node)
{
    if (!dt_pci_class_of(t, node))
        return false;
    do {
        node = t->node[node].parent;
    } while (node > host);
    return node == host;
}

iovp_status dt_pci_count(const struct dt *t, uint32_t host, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = host + 1; i < t->nodes; i++) {
        uint32_t vfs;
        iovp_status st;

        if (!below(t, host, i))
            continue;
        st = dt_pci_vfs(t, i, &vfs);
        if (st != IOVP_OK)
            return st;
        if (vfs >= PCIE_FUNCTIONS_MAX ||
            (*count += 1 + vfs) > PCIE_FUNCTIONS_MAX)
            return dt_fail(t, i, vfs ? "iovp,vfs" : "reg",
                           "more than %u functions below a host bridge",
                           PCIE_FUNCTIONS_MAX);
    }
    return IOVP_OK;
}

static iovp_status read_place(const struct dt_pci *h, uint32_t node,
                              struct pcie_fn_config *f)
{
    const struct dt *t = h->t;
    uint32_t up = t->node[node].parent, hi;
    struct dt_prop p;
    iovp_status st = dt_pci_check_cells(t, up);

    if (st != IOVP_OK)
        return st;
    if (!dt_get(t, node, "reg", &p))
        return dt_fail(t, node, "reg", "missing");
    if (!p.len || p.len % (4 * REG_CELLS))
        return dt_fail(t, node, "reg",
                       "%u bytes are no multiple of 3 address and 2 size "
                       "cells",
                       p.len);
    hi = dt_cell(&p, 0);
    if (hi & PHYS_ELSE || dt_number(&p, 1, 2) || dt_number(&p, 3, 2))
        return dt_fail(t, node, "reg",
                       "the first entry is the configuration space: <(device "
                       "<< 11 | function << 8) 0 0 0 0>");
    f->device = (uint8_t)PHYS_DEVICE(hi);
    f->function = (uint8_t)PHYS_FUNCTION(hi);
    return IOVP_OK;
}

/* What can be below what. */
static iovp_status read_kind(const struct dt_pci *h, uint32_t node,
                             struct pcie_fn_config *f)
{
    uint32_t up = h->t->node[node].parent;
    enum pcie_kind above = PCIE_KINDS; /* the host bridge */
    bool fits;

    f->kind = (uint8_t)dt_pci_kind(dt_pci_class_of(h->t, node));
    f->parent = -1;
    /* It says itself what is wrong. */
    if (up != h->node && h->of_node[up] == DT_NONE)
        return h->t->node[node].factory->build(h->t, node);
    if (up != h->node) {
        f->parent = (int32_t)h->of_node[up];
        above = (enum pcie_kind)h->function[f->parent].fn.kind;
    }
    if (f->kind == PCIE_ENDPOINT && up == h->node)
        f->kind = PCIE_RCIEP;
    switch ((enum pcie_kind)f->kind) {
    case PCIE_ROOT_PORT:
    case PCIE_RCIEP:
        fits = above == PCIE_KINDS;
        break;
    case PCIE_DOWNSTREAM_PORT:
        fits = above == PCIE_UPSTREAM_PORT;
        break;
    default:
        fits = above == PCIE_ROOT_PORT || above == PCIE_DOWNSTREAM_PORT;
    }
    if (fits)
        return IOVP_OK;
    return dt_fail(h->t, node, "compatible",
                   "root ports are on the root bus, downstream ports below an "
                   "upstream port, all else below a root or downstream port "
                   "or on the root bus");
}

static void name_function(struct dt_pci *h, uint32_t index, uint32_t node,
                          uint32_t vf)
{
    struct dt_pci_room *room = &h->room[index];
    char path[DT_PATH], suffix[16] = "";

    if (vf)
        snprintf(suffix, sizeof(suffix), "/vf%u", vf - 1);
    snprintf(room->name, sizeof(room->name), "%.31s%s", dt_name(h->t, node),
             suffix);
    snprintf(room->path, sizeof(room->path), "%.140s%s",
             dt_path(h->t, node, path, sizeof(path)), suffix);
    h->place[index] = (struct platform_pcie_function){room->name, room->path};
    h->node_of[index] = node;
}

static iovp_status add_function(struct dt_pci *h, uint32_t node)
{
    uint32_t index = h->functions, vfs;
    struct pcie_fn_config *f = &h->function[index].fn;
    iovp_status st = read_place(h, node, f);

    name_function(h, index, node, 0);
    h->of_node[node] = index;
    if (st == IOVP_OK)
        st = read_kind(h, node, f);
    if (st == IOVP_OK)
        st = dt_pci_describe(h, index);
    if (st == IOVP_OK)
        st = dt_pci_vfs(h->t, node, &vfs);
    if (st != IOVP_OK)
        return st;
    h->functions++;
    for (uint32_t n = 1; st == IOVP_OK && n <= vfs; n++) {
        struct pcie_fn_config *v = &h->function[index + n].fn;

        v->kind = PCIE_VF;
        v->parent = f->parent;
        v->device = f->device;
        name_function(h, index + n, node, n);
        st = dt_pci_describe(h, index + n);
        h->functions++;
    }
    return st;
}

static void describe_node(const struct dt_pci *h, uint32_t index)
{
    static const char *const kind[PCIE_KINDS] = {
        [PCIE_ENDPOINT] = "PCIe endpoint",
        [PCIE_RCIEP] = "PCIe endpoint, integrated",
        [PCIE_VF] = "",
        [PCIE_ROOT_PORT] = "PCIe root port",
        [PCIE_UPSTREAM_PORT] = "PCIe switch, upstream port",
        [PCIE_DOWNSTREAM_PORT] = "PCIe switch, downstream port",
    };
    const struct pcie_fn_config *f = &h->function[index].fn;
    struct dt_node *n = &h->t->node[h->node_of[index]];

    if (f->kind == PCIE_VF)
        return;
    n->state = IOVP_NODE_BUILT;
    snprintf(n->what, sizeof(n->what), "%s, %02x.%x", kind[f->kind], f->device,
             f->function);
}

iovp_status dt_pci_functions(struct dt_pci *h)
{
    iovp_status st = IOVP_OK;

    for (uint32_t i = h->node + 1; st == IOVP_OK && i < h->t->nodes; i++)
        if (below(h->t, h->node, i))
            st = add_function(h, i);
    for (uint32_t i = 0; st == IOVP_OK && i < h->functions; i++)
        describe_node(h, i);
    return st;
}

/* The models' sentences begin with a member of their configuration. */
const char *dt_pci_property(const char *why)
{
    static const struct {
        const char *begin, *property;
    } rows[] = {
        {"device:", "reg"},
        {"function:", "reg"},
        {"exp: width", "num-lanes"},
        {"exp: mps", "iovp,max-payload"},
        {"sriov:", "iovp,vfs"},
        {"atc:", "iovp,atc-entries"},
        {"pri:", "iovp,pri"},
        {"bar0_bytes", "iovp,bar0-bytes"},
        {"memory_bytes:", "iovp,memory-bytes"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strncmp(why, rows[i].begin, strlen(rows[i].begin)))
            return rows[i].property;
    return "compatible";
}

iovp_status dt_pci_blame(const struct dt_pci *h, int32_t index, const char *why)
{
    if (index < 0)
        return dt_fail(h->t, h->node, "ranges", "%s", why);
    return dt_fail(h->t, h->node_of[index], dt_pci_property(why), "%s", why);
}

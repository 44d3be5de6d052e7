/* SPDX-License-Identifier: MIT */
/*
 * A PCI host bridge while it is read: everything that the platform is to get
 * is in one block of memory (struct platform_pcie_host).  Private to
 * dt_pci*.c.
 */
#ifndef DT_PCI_H
#define DT_PCI_H

#include "../models/pcie/endpoint.h"
#include "dt_tree.h"

#define PCI_ADDRESS_CELLS 3u
#define PCI_SIZE_CELLS    2u
#define PCI_BUSES         256u
#define PCI_RIDS          0x10000u
#define PCI_MAPS          256u
#define PCI_CONFIG_BYTES  512u /* of an endpoint class */

/* Of a function: its description and its class's configuration. */
struct dt_pci_room {
    uint64_t config[PCI_CONFIG_BYTES / 8];
    struct pcie_ep_caps caps;
    char name[48], path[160];
};

/* In front of the block; `functions` of each array follow. */
struct dt_pci_block {
    char name[48], path[160];
    struct pcie_root_config root;
    struct pcie_window window[PLATFORM_PCIE_WINDOWS];
    struct platform_pcie_map stream[PCI_MAPS], msi[PCI_MAPS];
};

struct dt_pci {
    struct dt *t;
    uint32_t node;
    struct platform_pcie_host host;
    struct dt_pci_block *block;
    struct pcie_root_function *function;
    struct platform_pcie_function *place;
    struct dt_pci_room *room;
    uint32_t *of_node; /* function index of a node of the tree, or DT_NONE */
    uint32_t *node_of; /* of a function */
    uint32_t functions, most;
};

/* ---- classes (dt_pci_class.c) ------------------------------------------- */

struct dt_pci_class;

/* The class of a node; NULL: it is no PCI function that is modelled. */
const struct dt_pci_class *dt_pci_class_of(const struct dt *t, uint32_t node);
enum pcie_kind dt_pci_kind(const struct dt_pci_class *c);
/* VFs that a node asks for. */
iovp_status dt_pci_vfs(const struct dt *t, uint32_t node, uint32_t *vfs);
/* Function `index` of h as its node has it, but for its place. */
iovp_status dt_pci_describe(struct dt_pci *h, uint32_t index);

/* ---- maps (dt_pci_map.c) ------------------------------------------------- */

iovp_status dt_pci_maps(struct dt_pci *h);

/* ---- INTx (dt_pci_irq.c) --------------------------------------------------
 */

iovp_status dt_pci_interrupts(struct dt_pci *h);

/* ---- functions below (dt_pci_tree.c) --------------------------------------
 */

/* How many there are. */
iovp_status dt_pci_count(const struct dt *t, uint32_t host, uint32_t *count);
iovp_status dt_pci_functions(struct dt_pci *h);
/* The property that a sentence of the models is about. */
const char *dt_pci_property(const char *why);
/* Which node is wrong if the root complex says that function `index` is. */
iovp_status dt_pci_blame(const struct dt_pci *h, int32_t index,
                         const char *why);
/* #address-cells and #size-cells of a PCI bus. */
iovp_status dt_pci_check_cells(const struct dt *t, uint32_t node);

#endif

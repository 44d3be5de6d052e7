/* SPDX-License-Identifier: MIT */
/*
 * Enumeration of a PCI Express hierarchy as firmware does it: buses numbered
 * depth first, BARs sized and placed, bridge windows opened, memory and bus
 * mastering enabled.  It knows configuration accesses and nothing of who
 * answers them.
 */
#ifndef CMD_PCI_ENUM_H
#define CMD_PCI_ENUM_H

#include <stdbool.h>
#include <stdint.h>

#define PCIE_ENUM_MAX   256
#define PCIE_ENUM_DEPTH 16
#define PCIE_ENUM_BARS  7 /* the last is the ROM */

struct pcie_enum_fn {
    uint16_t id;
    uint16_t vendor, device;
    uint8_t header; /* type, without the multi-function bit */
    uint8_t secondary, subordinate;
    int16_t parent;               /* index of the bridge above, -1: root bus */
    uint64_t bar[PCIE_ENUM_BARS]; /* addresses; 0: none was free */
    uint64_t size[PCIE_ENUM_BARS];
    uint64_t vf_bar[6], vf_size[6]; /* of one VF */
};

/* An address range that is handed out upwards; empty: there is none. */
struct pcie_enum_pool {
    uint64_t next, end;
};

enum pcie_enum_kind { ENUM_MEM, ENUM_PREF, ENUM_IO, ENUM_POOLS };

struct pcie_enum {
    uint32_t (*read)(void *ud, uint16_t id, uint32_t at, unsigned width);
    void (*write)(void *ud, uint16_t id, uint32_t at, unsigned width,
                  uint32_t value);
    void *ud;
    struct pcie_enum_pool pool[ENUM_POOLS];
    uint8_t bus_first, bus_last;
    /* Also ARI, room for the VFs of SR-IOV, and one Max_Payload_Size for what
     * is below a root port. */
    bool features;

    uint8_t bus; /* given out last */
    unsigned count;
    struct pcie_enum_fn fn[PCIE_ENUM_MAX];
    const char *error; /* NULL: all went well */
};

void pcie_enumerate(struct pcie_enum *e);
const struct pcie_enum_fn *pcie_enum_find(const struct pcie_enum *e,
                                          uint16_t vendor, uint16_t device);
/* Offset of a capability by its ID; 0: absent, or the chain is broken. */
uint32_t pcie_enum_cap(const struct pcie_enum *e, uint16_t id, uint8_t cap);
uint32_t pcie_enum_ext(const struct pcie_enum *e, uint16_t id, uint16_t cap);

#endif

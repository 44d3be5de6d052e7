/* SPDX-License-Identifier: MIT */
/*
 * The PCI Express hosts of a platform, as software finds them in the device
 * tree: configuration space and windows, and the bus behind, enumerated.
 */
#ifndef CMD_PCI_H
#define CMD_PCI_H

#include "../capi/iovp.h"
#include "cmd_pci_enum.h"

#define CMD_PCI_WINDOWS 16

/* What processors and functions call the same bytes. */
struct cmd_pci_window {
    uint64_t host, pci, size;
    enum pcie_enum_kind kind;
};

struct cmd_pci_host {
    iovp_platform *platform;
    char path[128];
    uint32_t domain;
    uint64_t ecam; /* of bus_first */
    struct cmd_pci_window window[CMD_PCI_WINDOWS];
    unsigned windows;
    struct pcie_enum bus;
};

struct cmd_pci {
    struct cmd_pci_host *host;
    size_t hosts;
};

/* Find and enumerate every host; messages are printed.  None is no error. */
int cmd_pci_open(struct cmd_pci *p, iovp_platform *platform, const char *file);
void cmd_pci_close(struct cmd_pci *p);

/* Configuration accesses; what fails reads all ones. */
uint32_t cmd_pci_read(const struct cmd_pci_host *h, uint16_t id, uint32_t at,
                      unsigned width);
void cmd_pci_write(const struct cmd_pci_host *h, uint16_t id, uint32_t at,
                   unsigned width, uint32_t value);
/* Where processors find a PCI memory address; false: nowhere. */
bool cmd_pci_address(const struct cmd_pci_host *h, uint64_t pci,
                     uint64_t *host);

#endif

/* SPDX-License-Identifier: MIT */
/* Configuration space by ECAM: 4 KiB a function, in the order of requester IDs.
 */
#include "board.h"

#include "../../models/pcie/pcie_regs.h"

static uintptr_t config(int rid, unsigned at)
{
    return ECAM_BASE + ((uintptr_t)rid << 12) + at;
}

int pci_find(uint32_t id)
{
    for (int device = 0; device < 32; device++) {
        if (get32(config(device << 3, PCIE_VENDOR_ID)) == id)
            return device << 3;
    }
    return -1;
}

bool pci_enable(int rid, uint64_t address)
{
    uintptr_t bar = config(rid, PCIE_BASE_ADDRESS);
    uint32_t mask;

    set32(bar, 0xffffffff);
    mask = get32(bar) & ~0xfu;
    if (!mask || (address & ~mask))
        return false; /* no BAR, or its size does not fit the address */
    set32(bar, (uint32_t)address);
    set32(config(rid, PCIE_COMMAND),
          PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
    return (get32(bar) & ~0xfu) == address;
}

/* SPDX-License-Identifier: MIT */
/*
 * The Arm PCIe Exerciser 13b5:ed01: what Arm's BSA and SBSA compliance suite
 * drives to provoke DMA, ATS, interrupts and errors, and to see what arrives
 * at a function.  exerciser_regs.h has its registers.
 */
#ifndef EXERCISER_H
#define EXERCISER_H

#include "../endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EXERCISER_MEMORY_MAX 0x1000000u
#define EXERCISER_TRACE_MAX  32u

struct exerciser_config {
    uint32_t memory_bytes; /* of BAR1: a power of two, 4 KiB to 16 MiB */
    uint16_t msix_vectors; /* 1..2048 */
    uint8_t trace_entries; /* 1..32 */
    uint8_t pasid_bits;    /* 1..20; 0: no PASID */
    uint8_t interrupt_pin; /* 0: none, 1..4 */
    bool ats, pri, acs, ari, error_injection;
    uint8_t speed, width; /* of the link, see struct pcie_cap_config */
    uint16_t mps;
};

extern const struct pcie_ep_class exerciser_class;

#ifdef __cplusplus
}
#endif

#endif

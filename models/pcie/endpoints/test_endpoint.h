/* SPDX-License-Identifier: MIT */
/*
 * The test endpoint: a DMA engine (engine.h) as a PCI Express function, for
 * user drivers by uio and vfio and for bare-metal tests.  Registers in a 32-bit
 * BAR0, MSI-X in BAR2.  test_endpoint_regs.h has the registers.
 */
#ifndef TEST_ENDPOINT_H
#define TEST_ENDPOINT_H

#include "../xfer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* iovp's own; no driver of an operating system claims them. */
#define TEST_ENDPOINT_VENDOR    0x1234
#define TEST_ENDPOINT_DEVICE    0x1057
#define TEST_ENDPOINT_VF_DEVICE 0x1058

enum test_endpoint_personality {
    TEST_ENDPOINT_NATIVE = 0,
    TEST_ENDPOINT_ATSDEV, /* 1234:11e9, QEMU's pcie-ats-testdev */
    TEST_ENDPOINT_ITD,    /* 1b36:0005, QEMU's iommu-testdev */
    TEST_ENDPOINT_PERSONALITIES,
};

struct test_endpoint_config {
    uint8_t personality;           /* enum test_endpoint_personality */
    uint16_t vendor_id, device_id; /* 0: those of the personality */
    uint32_t bar0_bytes;           /* native: power of two, 8 to 64 KiB */
    uint16_t vectors;              /* MSI-X: 1..2048; MSI: as many, to 32 */
    uint32_t chunk_bytes;          /* that it reads, then writes; 512..16384 */
    uint8_t speed, width;          /* of the link, as PCIE_CAP_EXP */
    uint16_t mps;
    bool atomics;
    bool ats, pri;       /* PRI needs ATS */
    uint8_t queue_depth; /* of invalidations, 1..32 */
    struct pcie_atc_config atc;
    uint32_t page_requests; /* PRI capacity */
    uint8_t pasid_bits;     /* 0: no PASID, 1..20 */
    bool execute, privileged;
    uint8_t spaces; /* bit n: transfers may ask for IOVP_SPACE_n */
    /* The PF of SR-IOV: with so many VFs, functions `vf_first` and on. */
    uint16_t vfs, vf_first, vf_stride;
    bool vf; /* this is one of them */
};

extern const struct pcie_ep_class test_endpoint_class;

#ifdef __cplusplus
}
#endif

#endif

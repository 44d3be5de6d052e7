/* SPDX-License-Identifier: MIT */
/*
 * A SoC with PCI functions behind an SMMUv3 that has ATS and PRI, brought up by
 * the C API alone: enumerated through its configuration space, the SMMU by the
 * example driver.
 *
 *   00:01.0 root port ---- 01:00.0 test endpoint "near@0,0"
 *   00:02.0 root port ---- 02:00.0 upstream port
 *                            03:00.0 downstream port --- 04:00.0 "nvme@0,0"
 *                            03:01.0 downstream port --- 05:00.0 "far@0,0",
 *                                                        05:00.1 "far@0,1"
 *   00:03.0 RCiEP "inside@3,0", 4 VFs, 12 bits of PASID
 */
#ifndef PCIE_SOC_H
#define PCIE_SOC_H

#include <stdbool.h>

#include "../capi/examples/smmuv3_driver.h"
#include "../capi/iovp.h"
#include "drivers/test_endpoint_driver.h"
#include "../platforms/cmd_pci_enum.h"

#define PS_ITS       0x08080000u
#define PS_SMMU      0x09050000u
#define PS_ECAM      0x20000000u /* 16 buses */
#define PS_IO        0x2f000000u /* at the host; 0 on the bus */
#define PS_MEM       0x30000000u /* the same on the bus, 256 MiB */
#define PS_PREF      0x8000000000ull
#define PS_RAM       0x80000000u
#define PS_DATA      0x90000000u /* above the driver's tables */
#define PS_END       0xa0000000u
#define PS_PAGE      0x1000u
#define PS_PA(n)     (PS_DATA + (uint64_t)(n)*PS_PAGE)
#define PS_SID       0x1000u /* of requester ID 0 */
#define PS_DEVID     0x3000u
#define PS_IRQS      64
#define PS_FUNCTIONS 10 /* without VFs */

struct ps {
    iovp_platform *p;
    iovp_device *near, *nvme, *far, *far1, *inside;
    struct pcie_enum e;
    struct smmu_ram ram;
    struct smmu_driver drv;
    struct tep_driver tep; /* of ps_driver */
    uint64_t bar;          /* its registers */
    iovp_irq_event irq[PS_IRQS];
    unsigned irqs; /* since ps_forget */
};

/* The source of the tree; `more` are properties of the host bridge. */
const char *ps_tree(const char *more);
/* The platform alone; false after a recorded failure. */
bool ps_create(struct ps *s, const char *dts, uint32_t mode);
/* Number the buses, place BARs, enable memory and bus mastering. */
bool ps_enumerate(struct ps *s);
/* The SMMU: every stream aborts. */
bool ps_bring_up(struct ps *s);
/* All of it, functional. */
bool ps_open(struct ps *s);
void ps_close(struct ps *s);

/* Configuration space by ID; failures are recorded. */
uint32_t ps_cfg(struct ps *s, uint16_t id, uint32_t at, unsigned width);
void ps_cfg_set(struct ps *s, uint16_t id, uint32_t at, unsigned width,
                uint32_t value);
/* Any address. */
uint64_t ps_rd(struct ps *s, uint64_t addr, unsigned width);
void ps_wr(struct ps *s, uint64_t addr, unsigned width, uint64_t value);

iovp_device_info ps_info(iovp_device *d);
uint16_t ps_id(iovp_device *d);
/* A BAR as enumerated. */
uint64_t ps_bar(struct ps *s, iovp_device *d, unsigned bar);
/* A counter; UINT64_MAX: there is none. */
uint64_t ps_counter(iovp_device *d, const char *name);

/* s->tep drives this test endpoint. */
bool ps_driver(struct ps *s, iovp_device *d);
/* Fill `bytes` at dst with a pattern, without PASID; TEP_ERROR_*. */
uint32_t ps_fill(struct ps *s, uint64_t dst, uint32_t bytes, uint64_t pattern,
                 uint32_t attr, uint32_t pasid);

/* A stream of the device, with PASIDs if pasid_bits, translated by a space. */
struct ps_stream {
    struct smmu_stream st;
    struct smmu_space space;
};
bool ps_attach(struct ps *s, struct ps_stream *a, iovp_device *d,
               unsigned pasid_bits);
bool ps_map(struct ps *s, struct ps_stream *a, uint64_t iova, uint64_t pa,
            uint64_t bytes, unsigned rights);

/* MSI-X vector 0 of a function: to this address, unmasked. */
void ps_msix(struct ps *s, iovp_device *d, uint64_t addr, uint32_t data);
/* Set a 16-bit register of an extended capability. */
void ps_ext_set(struct ps *s, iovp_device *d, uint16_t cap, uint32_t at,
                unsigned width, uint32_t value);
void ps_forget(struct ps *s);

uint64_t ps_word(struct ps *s, uint64_t addr);
void ps_put(struct ps *s, uint64_t addr, uint64_t word);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A hierarchy with SR-IOV, enumerated:
 *
 *   00:01.0 root port --- 01:00.0 PF, 4 VFs from 01:02.0 on (16, 17, 18, 19)
 *                         01:00.1 PF, 4 VFs: 01:1f.7, then 02:00.1, .3, .5
 *   00:04.0 RCiEP, 2 VFs: 00:04.4, 00:04.6
 */
#ifndef PCIE_VFS_H
#define PCIE_VFS_H

#include "../models/pcie/pcie.h"
#include "../models/pcie/pcie_regs.h"
#include "../platforms/cmd_pci_enum.h"

enum {
    PORT,
    PF0,
    VF0,
    PF1 = VF0 + 4,
    VF1,
    PFR = VF1 + 4,
    VFR,
    COUNT = VFR + 2
};

#define MEM  0x40000000ull
#define PREF 0x8000000000ull

struct vfs_fn {
    unsigned resets, reads;
    enum pcie_reset_kind reset;
    uint64_t offset;
};

struct vfs {
    struct pcie *p;
    struct pcie_enum e;
    struct vfs_fn fn[COUNT];
    struct pcie_fn_config config[COUNT];
    struct pcie_tlp last; /* that reached the host */
    uint32_t last_data;
    unsigned requests, renumbers;
};

extern struct pcie_cap_config vfs_pf_caps[3][7]; /* the fourth: SR-IOV */
extern struct pcie_cap_config vfs_vf_caps[5];

void vfs_describe(struct pcie_fn_config f[COUNT]);
struct pcie_config vfs_config(struct vfs *s);
/* Created and enumerated; no VF is enabled.  NULL: not. */
struct vfs *vfs_open(void);
void vfs_close(struct vfs *s);

struct pcie_fn *vfs_fn(struct vfs *s, unsigned i);
uint32_t vfs_rd(void *s, uint16_t id, uint32_t at, unsigned width);
void vfs_wr(void *s, uint16_t id, uint32_t at, unsigned width, uint32_t value);
/* In a PF's SR-IOV capability. */
uint32_t sriov_rd(struct vfs *s, unsigned pf, uint32_t at, unsigned width);
void sriov_wr(struct vfs *s, unsigned pf, uint32_t at, unsigned width,
              uint32_t value);
void vfs_enable(struct vfs *s, unsigned pf, unsigned count);
/* A read of 4 bytes. */
int vfs_dma(struct vfs *s, unsigned i);

#define VFS_OPEN()              \
    struct vfs *s = vfs_open(); \
    REQUIRE(s && s->p);         \
    CHECK(!s->e.error);         \
    CHECK_EQ(4, s->e.count) /* no VF is found by looking */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Device trees of `iovp boot`: where the window is, and the tree of the guest,
 * which is QEMU's with the platform's devices in it.
 */
#ifndef IOVP_QEMU_TREE_H
#define IOVP_QEMU_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_RANGES 32
#define QEMU_WHY    256 /* of a sentence that says what is wrong */

enum qemu_kind {
    QEMU_REGISTERS, /* of an SMMU or a DMA engine */
    QEMU_ECAM,
    QEMU_BARS, /* a window of a host bridge */
};

struct qemu_range {
    uint64_t base, bytes;
    enum qemu_kind kind;
    uint64_t pci; /* BARS: the address on the bus */
};

/* RAM, and the window above it in which all ranges are. */
struct qemu_layout {
    uint64_t ram_base, ram_bytes;
    uint64_t window_base, window_bytes;
    struct qemu_range range[QEMU_RANGES];
    unsigned ranges;
};

/* False: *why has a sentence. */
bool qemu_layout(const void *dtb, struct qemu_layout *l, char why[QEMU_WHY]);

/*
 * QEMU's tree with the devices of `platform` that are in the window.  Phandles
 * to other nodes become those of the node with the same `compatible` in QEMU's
 * tree.  malloc'ed; NULL: *why.
 */
void *qemu_merge(const void *qemu, size_t bytes, const void *platform,
                 char why[QEMU_WHY]);

/* "mem=960M": what keeps a kernel out of the window. */
void qemu_mem_argument(const struct qemu_layout *l, char *text, size_t size);

#endif

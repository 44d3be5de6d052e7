/* SPDX-License-Identifier: MIT */
/* Where RAM ends and the window of devices begins. */
#include "tree.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#define MIB  UINT64_C(0x100000)
#define PAGE 0x1000u

static uint64_t cells(const fdt32_t *c, unsigned n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 32 | fdt32_to_cpu(*c++);
    return v;
}

/* Nodes below the root have two cells for an address and two for a size. */
static bool reg(const void *dtb, int node, uint64_t *base, uint64_t *bytes)
{
    int len;
    const fdt32_t *p = fdt_getprop(dtb, node, "reg", &len);

    if (!p || len < 16)
        return false;
    *base = cells(p, 2);
    *bytes = cells(p + 2, 2);
    return *bytes != 0 && *base + *bytes - 1 >= *base;
}

static bool fail(char *why, const char *name, const char *what)
{
    snprintf(why, QEMU_WHY, "%s: %s", name ? name : "the tree", what);
    return false;
}

static bool add(struct qemu_layout *l, const struct qemu_range *r)
{
    if (l->ranges == QEMU_RANGES || !r->bytes ||
        (r->base | r->pci | r->bytes) % PAGE ||
        r->base + r->bytes - 1 < r->base)
        return false;
    l->range[l->ranges++] = *r;
    return true;
}

/* `ranges` of a host bridge: 3 cells of the bus, 2 of ours, 2 of size. */
static bool add_windows(const void *dtb, int node, struct qemu_layout *l)
{
    int len;
    const fdt32_t *p = fdt_getprop(dtb, node, "ranges", &len);

    for (; p && len >= 28; p += 7, len -= 28) {
        struct qemu_range r = {.kind = QEMU_BARS,
                               .pci = cells(p + 1, 2),
                               .base = cells(p + 3, 2),
                               .bytes = cells(p + 5, 2)};

        if (!add(l, &r))
            return false;
    }
    return true;
}

static bool add_device(const void *dtb, int node, struct qemu_layout *l)
{
    static const struct {
        const char *compatible;
        enum qemu_kind kind;
    } known[] = {
        {"arm,smmu-v3", QEMU_REGISTERS},
        {"iovp,dma-engine", QEMU_REGISTERS},
        {"pci-host-ecam-generic", QEMU_ECAM},
    };
    struct qemu_range r = {0};

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (fdt_node_check_compatible(dtb, node, known[i].compatible))
            continue;
        r.kind = known[i].kind;
        return reg(dtb, node, &r.base, &r.bytes) && add(l, &r) &&
               (r.kind != QEMU_ECAM || add_windows(dtb, node, l));
    }
    return true;
}

static bool is_memory(const void *dtb, int node)
{
    const char *type = fdt_getprop(dtb, node, "device_type", NULL);

    return type && !strcmp(type, "memory");
}

static bool read_nodes(const void *dtb, struct qemu_layout *l, char *why)
{
    int node;

    fdt_for_each_subnode(node, dtb, 0)
    {
        const char *name = fdt_get_name(dtb, node, NULL);

        if (is_memory(dtb, node)) {
            if (l->ram_bytes || !reg(dtb, node, &l->ram_base, &l->ram_bytes))
                return fail(why, name,
                            "one memory node with one range of "
                            "memory, please: QEMU has one");
        } else if (!add_device(dtb, node, l)) {
            return fail(why, name,
                        "reg or ranges are not whole pages of 4 KiB, or more "
                        "than iovp boot can put into QEMU's memory");
        }
    }
    return true;
}

bool qemu_layout(const void *dtb, struct qemu_layout *l, char why[QEMU_WHY])
{
    uint64_t end, last = 0;

    memset(l, 0, sizeof(*l));
    if (fdt_address_cells(dtb, 0) != 2 || fdt_size_cells(dtb, 0) != 2)
        return fail(why, "/",
                    "#address-cells and #size-cells must be 2, as "
                    "they are in QEMU's tree");
    if (!read_nodes(dtb, l, why))
        return false;
    if (!l->ram_bytes || !l->ranges)
        return fail(why, NULL,
                    "it needs a memory node and, directly below "
                    "the root, a device above the memory");
    end = l->ram_base + l->ram_bytes;
    for (unsigned i = 0; i < l->ranges; i++) {
        const struct qemu_range *r = &l->range[i];

        if (r->base < end) {
            snprintf(why, QEMU_WHY,
                     "0x%" PRIx64 ": a device must be above the memory, which "
                     "ends at 0x%" PRIx64 ": move it, or end the memory below",
                     r->base, end);
            return false;
        }
        if (r->base + r->bytes - 1 > last)
            last = r->base + r->bytes - 1;
    }
    if (last - l->ram_base >= 1ull << 40 || end % MIB)
        return fail(why, NULL,
                    "the devices are too far above the memory, or "
                    "that does not end at a multiple of 1 MiB");
    l->window_base = end;
    l->window_bytes = ((last - end) | (2 * MIB - 1)) + 1;
    return true;
}

void qemu_mem_argument(const struct qemu_layout *l, char *text, size_t size)
{
    snprintf(text, size, "mem=%" PRIu64 "M", l->ram_bytes / MIB);
}

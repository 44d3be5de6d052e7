/* SPDX-License-Identifier: MIT */
/* The guest's tree: QEMU's with the platform's devices in it. */
#include "tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32
#define ROOM  4096 /* for what libfdt aligns */

struct merge {
    const void *from;
    void *to;
    uint32_t base; /* added to phandles of nodes that are copied */
    uint64_t window;
    char *why;
};

/*
 * Where phandles are in properties that are copied: an entry has `before`
 * cells, the phandle, `after` cells, and as many as these properties of the
 * node that is pointed to say.
 */
static const struct reference {
    const char *name;
    unsigned before, after;
    const char *counts[2];
} references[] = {
    {"interrupt-parent", 0, 0, {NULL, NULL}},
    {"interrupts-extended", 0, 0, {"#interrupt-cells", NULL}},
    /* Children have 3 cells for their address and 1 for the interrupt. */
    {"interrupt-map", 4, 0, {"#address-cells", "#interrupt-cells"}},
    {"iommus", 0, 0, {"#iommu-cells", NULL}},
    {"iommu-map", 1, 2, {NULL, NULL}},
    {"msi-parent", 0, 0, {"#msi-cells", NULL}},
    {"msi-map", 1, 2, {NULL, NULL}},
    {"memory-region", 0, 0, {NULL, NULL}},
    {"clocks", 0, 0, {"#clock-cells", NULL}},
};

static bool fail(struct merge *m, int node, const char *property,
                 const char *what)
{
    const char *name = fdt_get_name(m->from, node, NULL);

    snprintf(m->why, QEMU_WHY, "%s: %s%s%s", name ? name : "?", property,
             *property ? ": " : "", what);
    return false;
}

/* ---- phandles ------------------------------------------------------------ */

/* Is this node, or one above, a device in the window? */
static bool is_copied(const struct merge *m, int node)
{
    for (int depth = 0; node > 0 && depth < DEPTH; depth++) {
        int parent = fdt_parent_offset(m->from, node), len;
        const fdt32_t *reg = fdt_getprop(m->from, node, "reg", &len);

        if (parent == 0)
            return reg && len >= 16 &&
                   ((uint64_t)fdt32_to_cpu(reg[0]) << 32 |
                    fdt32_to_cpu(reg[1])) >= m->window;
        node = parent;
    }
    return false;
}

/* The phandle in the guest's tree of a node; 0: it has none. */
static uint32_t translate(const struct merge *m, uint32_t phandle, int *node)
{
    const char *compatible;
    int there;

    *node = fdt_node_offset_by_phandle(m->from, phandle);
    if (*node < 0)
        return 0;
    if (is_copied(m, *node))
        return m->base + phandle;
    compatible = fdt_getprop(m->from, *node, "compatible", NULL);
    if (!compatible)
        return 0;
    there = fdt_node_offset_by_compatible(m->to, -1, compatible);
    return there < 0 ? 0 : fdt_get_phandle(m->to, there);
}

static unsigned count(const struct merge *m, int node, const char *property)
{
    const fdt32_t *v;
    int len;

    if (!property)
        return 0;
    v = fdt_getprop(m->from, node, property, &len);
    return v && len == 4 ? fdt32_to_cpu(*v) & 0xff : 0;
}

/* `cells` are in the guest's tree, at their place. */
static bool rewrite(struct merge *m, int node, const struct reference *r,
                    fdt32_t *cells, unsigned n)
{
    for (unsigned at = r->before; at < n;) {
        int target;
        uint32_t phandle = translate(m, fdt32_to_cpu(cells[at]), &target);

        if (!phandle)
            return fail(m, node, r->name,
                        "it points to a node that is neither in the window nor "
                        "in QEMU's tree");
        cells[at] = cpu_to_fdt32(phandle);
        at += 1 + r->after + count(m, target, r->counts[0]) +
              count(m, target, r->counts[1]) + r->before;
    }
    return true;
}

/* ---- nodes --------------------------------------------------------------- */

static bool copy_property(struct merge *m, int node, int to, const char *name,
                          const void *value, int len)
{
    void *copy;
    int err = fdt_setprop_placeholder(m->to, to, name, len, &copy);

    if (err)
        return fail(m, node, name, fdt_strerror(err));
    if (len)
        memcpy(copy, value, (size_t)len);
    if (!strcmp(name, "phandle") && len == 4) {
        *(fdt32_t *)copy =
            cpu_to_fdt32(m->base + fdt32_to_cpu(*(const fdt32_t *)value));
        return true;
    }
    for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++)
        if (!strcmp(name, references[i].name))
            return rewrite(m, node, &references[i], copy, (unsigned)len / 4);
    return true;
}

static bool copy_node(struct merge *m, int node, int parent, int *to)
{
    int property, len;

    *to = fdt_add_subnode(m->to, parent, fdt_get_name(m->from, node, NULL));
    if (*to < 0)
        return fail(m, node, "", fdt_strerror(*to));
    fdt_for_each_property_offset(property, m->from, node)
    {
        const char *name;
        const void *value =
            fdt_getprop_by_offset(m->from, property, &name, &len);

        if (value && !copy_property(m, node, *to, name, value, len))
            return false;
    }
    return true;
}

/* A node is put before its siblings, so those above it stay where they are. */
static bool copy_tree(struct merge *m, int top)
{
    int at[DEPTH] = {0}, depth = 0;

    for (int n = top; n >= 0 && (n == top || depth > 0);
         n = fdt_next_node(m->from, n, &depth)) {
        if (depth + 1 >= DEPTH)
            return fail(m, n, "", "too many levels");
        if (!copy_node(m, n, at[depth], &at[depth + 1]))
            return false;
    }
    return true;
}

static bool copy_all(struct merge *m)
{
    int node;

    fdt_for_each_subnode(node, m->from, 0)
    {
        if (is_copied(m, node) && !copy_tree(m, node))
            return false;
    }
    return true;
}

void *qemu_merge(const void *qemu, size_t bytes, const void *platform,
                 char why[QEMU_WHY])
{
    struct merge m = {.from = platform, .why = why};
    struct qemu_layout layout;
    size_t room = bytes + fdt_totalsize(platform) + ROOM;

    if (!qemu_layout(platform, &layout, why))
        return NULL;
    m.window = layout.window_base;
    m.to = malloc(room);
    if (!m.to || fdt_check_full(qemu, bytes) ||
        fdt_open_into(qemu, m.to, (int)room)) {
        snprintf(why, QEMU_WHY, "QEMU's device tree cannot be read");
        free(m.to);
        return NULL;
    }
    if (fdt_find_max_phandle(m.to, &m.base) || !copy_all(&m)) {
        free(m.to);
        return NULL;
    }
    fdt_pack(m.to);
    return m.to;
}

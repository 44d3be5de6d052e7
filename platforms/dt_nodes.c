/* SPDX-License-Identifier: MIT */
/* What the tree had, for iovp_nodes. */
#include <stdio.h>
#include <string.h>

#include "dt_tree.h"

static void copy(char *to, size_t size, const char *from)
{
    size_t i = 0;

    for (; from[i] && i + 1 < size; i++)
        to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?';
    to[i] = 0;
}

/* Nothing to build, but its ranges are followed. */
static bool is_bus(const struct dt *t, uint32_t node)
{
    struct dt_prop p;
    const char *s;

    if (!t->node[node].enabled || !dt_get(t, node, "compatible", &p))
        return false;
    while ((s = dt_string(&p, 0))) {
        if (!strcmp(s, "simple-bus"))
            return true;
        p.len -= (uint32_t)strlen(s) + 1;
        p.data += strlen(s) + 1;
    }
    return false;
}

static const char *what(const struct dt *t, uint32_t node)
{
    if (t->node[node].what[0])
        return t->node[node].what;
    if (node == DT_ROOT)
        return "the machine";
    if (is_bus(t, node))
        return "bus";
    return t->node[node].enabled ? "not modelled" : "disabled";
}

static iovp_status list_node(struct dt *t, uint32_t node)
{
    iovp_node out = {.size = sizeof(out), .state = t->node[node].state};
    struct dt_range r;
    struct dt_prop p;

    if (node == DT_ROOT || is_bus(t, node))
        out.state = IOVP_NODE_BUILT;
    dt_path(t, node, out.path, sizeof(out.path));
    if (dt_get(t, node, "compatible", &p) && dt_string(&p, 0))
        copy(out.compatible, sizeof(out.compatible), dt_string(&p, 0));
    copy(out.what, sizeof(out.what), what(t, node));
    if (dt_has(t, node, "reg") && dt_reg(t, node, 0, &r) == IOVP_OK) {
        out.reg_base = r.base;
        out.reg_size = r.size;
    }
    return platform_add_node(t->platform, &out);
}

iovp_status dt_list_nodes(struct dt *t)
{
    uint32_t listed = 0;
    iovp_status st = IOVP_OK;

    for (uint32_t i = 0; st == IOVP_OK && i < t->nodes; i++) {
        if (!t->node[i].factory && !dt_has(t, i, "compatible"))
            continue;
        if (listed++ == DT_MAX_RECORDED)
            return dt_fail(t, i, NULL, "more than %u nodes to list",
                           DT_MAX_RECORDED);
        /* An address that cannot be told is no failure here. */
        t->quiet = true;
        st = list_node(t, i);
        t->quiet = false;
    }
    return st;
}

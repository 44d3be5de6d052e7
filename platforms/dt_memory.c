/* SPDX-License-Identifier: MIT */
/* Memory nodes (Devicetree Specification 3.4): each reg entry becomes RAM. */
#include <inttypes.h>
#include <stdio.h>

#include "dt_tree.h"

static iovp_status add_ram(struct dt *t, uint32_t node,
                           const struct dt_range *r)
{
    char path[DT_PATH];
    iovp_status st;

    if (t->rams++ == DT_MAX_RAM)
        return dt_fail(t, node, "reg", "more than %u regions of RAM",
                       DT_MAX_RAM);
    st = dt_claim(t, node, "reg", r);
    if (st != IOVP_OK)
        return st;
    return platform_add_ram(t->platform, dt_path(t, node, path, sizeof(path)),
                            r->base, r->size);
}

iovp_status dt_build_memory(struct dt *t, uint32_t node)
{
    struct dt_node *n = &t->node[node];
    uint32_t count;
    uint64_t total = 0;
    iovp_status st = dt_reg_count(t, node, &count);

    if (st == IOVP_OK && !count)
        st = dt_fail(t, node, "reg", "missing");
    for (uint32_t i = 0; st == IOVP_OK && i < count; i++) {
        struct dt_range r;

        st = dt_reg(t, node, i, &r);
        if (st == IOVP_OK)
            st = add_ram(t, node, &r);
        if (st == IOVP_OK)
            total += r.size;
    }
    n->state = IOVP_NODE_BUILT;
    if (total >> 20)
        snprintf(n->what, sizeof(n->what), "RAM, %" PRIu64 " MiB", total >> 20);
    else
        snprintf(n->what, sizeof(n->what), "RAM, %" PRIu64 " bytes", total);
    return st;
}

/* SPDX-License-Identifier: MIT */
/*
 * MSI controllers: placeholders, so that an MSI write to one is a message to
 * somebody and not an access to nowhere.
 */
#include <stdio.h>

#include "dt_tree.h"

iovp_status dt_build_msi(struct dt *t, uint32_t node)
{
    struct dt_node *n = &t->node[node];
    iovp_status st = dt_reserve_reg(t, node);

    n->state = IOVP_NODE_PLACEHOLDER;
    snprintf(n->what, sizeof(n->what), "MSI controller, addresses reserved");
    return st;
}

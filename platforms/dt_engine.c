/* SPDX-License-Identifier: MIT */
/* iovp,dma-engine: a DMA master with registers, on the platform's bus. */
#include <stdio.h>
#include <string.h>

#include "../models/pcie/endpoints/test_endpoint_regs.h"
#include "dt_tree.h"

bool dt_engine_knows(const char *property)
{
    return !strcmp(property, "iovp,secure");
}

static iovp_status read_reg(struct dt *t, uint32_t node, struct dt_range *r)
{
    uint32_t count = 0;
    iovp_status st = dt_reg_count(t, node, &count);

    if (st == IOVP_OK && count != 1)
        st = dt_fail(t, node, "reg", "must have one entry");
    if (st == IOVP_OK)
        st = dt_reg(t, node, 0, r);
    if (st == IOVP_OK && r->size < TEP_WINDOW)
        st = dt_fail(t, node, "reg", "must have at least 0x%x bytes",
                     TEP_WINDOW);
    return st;
}

iovp_status dt_build_engine(struct dt *t, uint32_t node)
{
    struct platform_device d;
    uint32_t irq[PLATFORM_ENGINE_IRQS], irqs = 0;
    char path[DT_PATH];
    struct dt_range r = {0};
    iovp_status st = dt_master(t, node, path, &d);

    if (st == IOVP_OK)
        st = read_reg(t, node, &r);
    if (st == IOVP_OK)
        st = dt_claim(t, node, "reg", &r);
    if (st == IOVP_OK)
        st = dt_interrupts(t, node, irq, PLATFORM_ENGINE_IRQS, &irqs);
    if (st == IOVP_OK)
        st = platform_add_engine(t->platform, &d, r.base, irq, irqs);
    t->node[node].state = IOVP_NODE_BUILT;
    snprintf(t->node[node].what, sizeof(t->node[node].what),
             d.stream_ids ? "DMA engine, StreamID 0x%x"
                          : "DMA engine without IOMMU",
             d.stream_id[0]);
    return st;
}

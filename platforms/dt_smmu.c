/* SPDX-License-Identifier: MIT */
/* arm,smmu-v3: registers, interrupt lines, and the configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "dt_tree.h"

/* 6.1: the register pages are 64 KiB and aligned to it. */
#define PAGE_LOG2 16

static const char *const line_name[IOVP_IRQ_LINES] = {
    [IOVP_IRQ_EVENTQ] = "eventq",
    [IOVP_IRQ_PRIQ] = "priq",
    [IOVP_IRQ_CMDQ_SYNC] = "cmdq-sync",
    [IOVP_IRQ_GERROR] = "gerror",
};

static uint32_t line_of(const char *name)
{
    for (uint32_t i = 0; i < IOVP_IRQ_LINES; i++) {
        if (!strcmp(name, line_name[i]))
            return i;
    }
    return IOVP_IRQ_LINES;
}

static iovp_status name_lines(const struct dt *t, uint32_t node,
                              const struct dt_prop *names, const uint32_t *spi,
                              uint32_t count, uint32_t *irq)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *name = dt_string(names, i);
        uint32_t line;

        if (!name)
            return dt_fail(t, node, "interrupt-names",
                           "fewer names than the %u interrupts", count);
        line = line_of(name);
        if (line == IOVP_IRQ_LINES)
            return dt_fail(t, node, "interrupt-names",
                           "entry %u is none of eventq, priq, cmdq-sync, "
                           "gerror or combined",
                           i);
        if (irq[line] != PLATFORM_NO_IRQ)
            return dt_fail(t, node, "interrupt-names", "%s is there twice",
                           name);
        irq[line] = spi[i];
    }
    if (dt_string(names, count))
        return dt_fail(t, node, "interrupt-names",
                       "more names than the %u interrupts", count);
    return IOVP_OK;
}

static iovp_status read_lines(const struct dt *t, uint32_t node, uint32_t *irq)
{
    uint32_t spi[IOVP_IRQ_LINES], count;
    struct dt_prop names;
    const char *first;
    iovp_status st = dt_interrupts(t, node, spi, IOVP_IRQ_LINES, &count);

    for (int i = 0; i < IOVP_IRQ_LINES; i++)
        irq[i] = PLATFORM_NO_IRQ;
    if (st != IOVP_OK)
        return st;
    if (!dt_get(t, node, "interrupt-names", &names)) {
        if (count)
            return dt_fail(t, node, "interrupt-names",
                           "missing, so the interrupts mean nothing");
        return IOVP_OK;
    }
    first = dt_string(&names, 0);
    if (count == 1 && first && !strcmp(first, "combined")) {
        for (int i = 0; i < IOVP_IRQ_LINES; i++)
            irq[i] = spi[0];
        return IOVP_OK;
    }
    return name_lines(t, node, &names, spi, count, irq);
}

/* Two pages are the SMMU; what reg says beyond them is only reserved. */
static iovp_status read_registers(struct dt *t, uint32_t node, uint64_t *base)
{
    struct dt_range r, rest;
    uint32_t count;
    iovp_status st = dt_reg_count(t, node, &count);

    if (st == IOVP_OK && count > 1)
        return dt_fail(t, node, "reg", "one entry is understood, not %u",
                       count);
    if (st == IOVP_OK)
        st = dt_reg(t, node, 0, &r);
    if (st != IOVP_OK)
        return st;
    if (r.size < SMMUV3_MMIO_SIZE)
        return dt_fail(t, node, "reg",
                       "0x%" PRIx64 " bytes are less than the two register "
                       "pages, 0x%x",
                       r.size, SMMUV3_MMIO_SIZE);
    if (r.base != iovp_align_down(r.base, PAGE_LOG2))
        return dt_fail(t, node, "reg", "0x%" PRIx64 " is not aligned to 64 KiB",
                       r.base);
    *base = r.base;
    rest.base = r.base + SMMUV3_MMIO_SIZE;
    rest.size = r.size - SMMUV3_MMIO_SIZE;
    r.size = SMMUV3_MMIO_SIZE;
    st = dt_claim(t, node, "reg", &r);
    if (st == IOVP_OK && rest.size)
        st = dt_reserve(t, node, "reg", &rest);
    return st;
}

static iovp_status check_iommu_cells(const struct dt *t, uint32_t node)
{
    uint32_t cells = 1;
    iovp_status st = dt_get_u32(t, node, "#iommu-cells", &cells);

    if (st != IOVP_OK)
        return st;
    if (!dt_has(t, node, "#iommu-cells"))
        return dt_fail(t, node, "#iommu-cells", "missing, must be <1>");
    if (cells != 1)
        return dt_fail(t, node, "#iommu-cells", "must be <1>, not <%u>", cells);
    return IOVP_OK;
}

/* Memory that a tree may ask for is bounded in total. */
static iovp_status count_entries(struct dt *t, uint32_t node,
                                 const struct smmuv3_config *c)
{
    for (int i = 0; i < IOVP_CACHES; i++)
        t->entries += c->cache[i].entries;
    if (t->entries > DT_MAX_ENTRIES)
        return dt_fail(t, node, NULL,
                       "the caches of all SMMUs have more than %u entries",
                       DT_MAX_ENTRIES);
    return IOVP_OK;
}

static iovp_status add_smmu(struct dt *t, uint32_t node,
                            const struct platform_smmuv3 *d)
{
    struct dt_smmu *m = &t->smmu[t->smmus];
    iovp_status st;

    m->node = node;
    m->sid_bits = (unsigned)iovp_bits(d->config.idr1, 5, 0);
    m->ssid_bits = (unsigned)iovp_bits(d->config.idr1, 10, 6);
    st = platform_add_smmuv3(t->platform, d, &m->index);
    if (st == IOVP_OK)
        t->node[node].smmu = t->smmus++;
    return st;
}

iovp_status dt_build_smmuv3(struct dt *t, uint32_t node)
{
    struct platform_smmuv3 d = {.name = dt_name(t, node)};
    struct dt_node *n = &t->node[node];
    const char *profile = NULL;
    bool coherent = false;
    iovp_status st;

    if (t->smmus == DT_MAX_SMMUS)
        return dt_fail(t, node, NULL, "more than %u SMMUs", DT_MAX_SMMUS);
    st = check_iommu_cells(t, node);
    if (st == IOVP_OK)
        st = read_lines(t, node, d.irq);
    if (st == IOVP_OK)
        st = dt_smmuv3_config(t, node, &d.config, &profile);
    if (st == IOVP_OK)
        st = dt_get_coherent(t, node, &coherent);
    d.coherent = coherent;
    if (st == IOVP_OK)
        st = count_entries(t, node, &d.config);
    if (st == IOVP_OK)
        st = read_registers(t, node, &d.base);
    if (st == IOVP_OK)
        st = add_smmu(t, node, &d);
    if (st != IOVP_OK)
        return st;
    n->state = IOVP_NODE_BUILT;
    snprintf(n->what, sizeof(n->what), "SMMUv3, profile %s", profile);
    return IOVP_OK;
}

/* SPDX-License-Identifier: MIT */
/* iovp,dma: a DMA master that issues a described workload. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dt_tree.h"

bool dt_dma_knows(const char *property)
{
    return !strcmp(property, "iovp,secure") || dt_workload_knows(property);
}

/* The phandle of one entry of `iommus`: an SMMU that was built. */
static iovp_status find_smmu(const struct dt *t, uint32_t node,
                             uint32_t phandle, uint32_t *smmu)
{
    uint32_t iommu = dt_by_phandle(t, phandle);
    char path[DT_PATH];

    if (iommu == DT_NONE)
        return dt_fail(t, node, "iommus", "no node has the phandle 0x%x",
                       phandle);
    dt_path(t, iommu, path, sizeof(path));
    *smmu = t->node[iommu].smmu;
    if (*smmu != DT_NONE)
        return IOVP_OK;
    if (t->node[iommu].factory && !t->node[iommu].enabled)
        return dt_fail(t, node, "iommus", "%s is disabled", path);
    return dt_fail(t, node, "iommus", "%s is no IOMMU that is modelled", path);
}

static iovp_status read_iommus(struct dt *t, uint32_t node, uint32_t *smmu,
                               struct platform_device *d)
{
    struct dt_prop p;

    *smmu = DT_NONE;
    if (!dt_get(t, node, "iommus", &p))
        return IOVP_OK;
    if (!p.len || p.len % 8)
        return dt_fail(t, node, "iommus",
                       "must be pairs of &smmu and StreamID, not %u bytes",
                       p.len);
    if (p.len / 8 > PLATFORM_STREAMS)
        return dt_fail(t, node, "iommus", "more than %d StreamIDs",
                       PLATFORM_STREAMS);
    for (uint32_t i = 0; i < p.len / 8; i++) {
        uint32_t sid = dt_cell(&p, 2 * i + 1), found;
        iovp_status st = find_smmu(t, node, dt_cell(&p, 2 * i), &found);

        if (st == IOVP_OK && i && found != *smmu)
            st = dt_fail(t, node, "iommus",
                         "a master is behind one SMMU, not several");
        if (st == IOVP_OK)
            st = dt_claim_streams(t, node, "iommus", found, d->space, sid, 1);
        if (st != IOVP_OK)
            return st;
        *smmu = found;
        d->stream_id[d->stream_ids++] = sid;
    }
    d->iommu = t->smmu[*smmu].index;
    return IOVP_OK;
}

static iovp_status read_pasid_bits(const struct dt *t, uint32_t node,
                                   uint32_t smmu, uint32_t *bits)
{
    char path[DT_PATH];
    iovp_status st = dt_get_u32(t, node, "pasid-num-bits", bits);

    if (st != IOVP_OK || !*bits)
        return st;
    if (smmu == DT_NONE)
        return dt_fail(t, node, "pasid-num-bits",
                       "a PASID means nothing without iommus");
    if (*bits > IOVP_PASID_BITS)
        return dt_fail(t, node, "pasid-num-bits",
                       "%u is more than the %d bits of a PASID", *bits,
                       IOVP_PASID_BITS);
    if (*bits > t->smmu[smmu].ssid_bits)
        return dt_fail(t, node, "pasid-num-bits",
                       "%u is more than the %u bits (IDR1.SSIDSIZE) of %s",
                       *bits, t->smmu[smmu].ssid_bits,
                       dt_path(t, t->smmu[smmu].node, path, sizeof(path)));
    return IOVP_OK;
}

static iovp_status read_flags(const struct dt *t, uint32_t node,
                              struct platform_device *d)
{
    bool secure, stall, coherent;
    iovp_status st = dt_get_flag(t, node, "iovp,secure", &secure);

    if (st == IOVP_OK)
        st = dt_get_flag(t, node, "dma-can-stall", &stall);
    if (st == IOVP_OK)
        st = dt_get_coherent(t, node, &coherent);
    if (st != IOVP_OK)
        return st;
    d->space = secure ? IOVP_SPACE_SECURE : IOVP_SPACE_NONSECURE;
    d->can_stall = stall;
    return IOVP_OK;
}

static void describe(struct dt_node *n, const struct platform_device *d)
{
    n->state = IOVP_NODE_BUILT;
    if (d->stream_ids)
        snprintf(n->what, sizeof(n->what), "DMA master, %sStreamID 0x%x%s",
                 d->space == IOVP_SPACE_SECURE ? "secure " : "",
                 d->stream_id[0], d->stream_ids > 1 ? " and more" : "");
    else
        snprintf(n->what, sizeof(n->what), "DMA master without IOMMU");
}

iovp_status dt_master(struct dt *t, uint32_t node, char path[DT_PATH],
                      struct platform_device *d)
{
    uint32_t smmu;
    iovp_status st;

    *d = (struct platform_device){.name = dt_name(t, node),
                                  .path = dt_path(t, node, path, DT_PATH),
                                  .iommu = PLATFORM_NO_IOMMU};
    st = read_flags(t, node, d);
    if (st == IOVP_OK)
        st = read_iommus(t, node, &smmu, d);
    if (st == IOVP_OK)
        st = read_pasid_bits(t, node, smmu, &d->pasid_bits);
    if (st == IOVP_OK)
        st = dt_reserved_regions(t, node, d);
    return st;
}

iovp_status dt_build_dma(struct dt *t, uint32_t node)
{
    struct platform_device d;
    char path[DT_PATH];
    bool has = false;
    iovp_status st = dt_master(t, node, path, &d);

    if (st == IOVP_OK)
        st = dt_workload(t, node, d.pasid_bits, &d.workload, &has);
    if (st == IOVP_OK)
        st = dt_reserve_reg(t, node);
    d.has_workload = has;
    if (st == IOVP_OK)
        st = platform_add_device(t->platform, &d);
    describe(&t->node[node], &d);
    return st;
}

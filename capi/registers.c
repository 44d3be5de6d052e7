/* SPDX-License-Identifier: MIT */
/* Registers as they are, many at a time, without an access. */
#include "engine_device.h"
#include "pcie.h"

static bool inside(const struct platform_range *r, uint64_t addr, size_t bytes)
{
    return addr >= r->base && addr <= r->last && bytes - 1 <= r->last - addr;
}

static const struct platform_smmu *smmu_at(const struct platform *p,
                                           uint64_t addr, size_t bytes)
{
    for (uint32_t i = 0; i < p->smmu_count; i++)
        if (inside(&p->smmu[i].range, addr, bytes))
            return &p->smmu[i];
    return NULL;
}

static void copy_pcie(struct platform_pcie *h, uint64_t addr, void *buf,
                      size_t bytes)
{
    struct pcie *bus = pcie_root_hierarchy(h->root);

    if (inside(&h->ecam, addr, bytes))
        pcie_ecam_peek(bus, addr - h->ecam.base, buf, bytes);
    else
        pcie_host_peek(bus, addr, buf, bytes);
}

iovp_status iovp_mmio_copy(iovp_platform *handle, uint64_t addr, void *buf,
                           size_t bytes)
{
    const struct platform_smmu *s;
    struct platform_engine *e;
    struct platform_pcie *h;
    struct platform *p;
    iovp_status st = handle_enter(handle, ENTER_SERVICE, &p);

    if (st)
        return st;
    if (!buf || !bytes)
        return iovp_fail(IOVP_E_INVALID, "no buffer, or no bytes to copy");
    s = smmu_at(p, addr, bytes);
    e = engine_device_at(p, addr, bytes);
    h = pcie_host_at(p, addr, bytes);
    if (s)
        smmuv3_mmio_peek(s->core, (uint32_t)(addr - s->range.base), buf,
                         (uint32_t)bytes);
    else if (e)
        engine_read(&e->engine, addr - e->range.base, buf, (uint32_t)bytes);
    else if (h)
        copy_pcie(h, addr, buf, bytes);
    else
        return iovp_fail(IOVP_E_BUS,
                         "0x%llx, %zu bytes: not registers of one device",
                         (unsigned long long)addr, bytes);
    return IOVP_OK;
}

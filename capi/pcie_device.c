/* SPDX-License-Identifier: MIT */
#include "pcie_device.h"

#include "../models/pcie/pcie_regs.h"
#include "pcie.h"

/* NULL: not a PCI function. */
static struct pcie_fn *function_of(struct platform *p, uint32_t device)
{
    const struct platform_device_state *d = &p->device[device];

    if (!d->desc.pci || d->pcie == PLATFORM_NO_PCIE)
        return NULL;
    return pcie_function(pcie_root_hierarchy(p->pcie[d->pcie].root),
                         d->function);
}

bool pcie_device_can(struct platform *p, uint32_t device, enum pcie_cap cap)
{
    const struct platform_device *d = &p->device[device].desc;

    if (!function_of(p, device) || !d->ats_supported)
        return false;
    return cap == PCIE_CAP_PRI ? d->ats && d->pri : d->ats;
}

/*
 * PASID and PRI are a PF's, for its VFs as well (9.3.7): enabled by the first
 * of them that has ATS, and as long as one has.  6.20: not changed while ATS is
 * enabled.
 */
static void enable_pasid(struct pcie_fn *pf)
{
    uint64_t can = pcie_cap_read(pf, PCIE_CAP_PASID, PCIE_PASID_CAPABILITY, 2);

    if (!pcie_enabled(pf, PCIE_CAP_PASID))
        pcie_cap_write(pf, PCIE_CAP_PASID, PCIE_PASID_CONTROL, 2,
                       PCIE_PASID_ENABLE | (can & (PCIE_PASID_EXECUTE |
                                                   PCIE_PASID_PRIVILEGED)));
}

static void enable_pri(struct pcie_fn *pf)
{
    uint64_t capacity = pcie_cap_read(pf, PCIE_CAP_PRI, PCIE_PRI_CAPACITY, 4);

    if (pcie_enabled(pf, PCIE_CAP_PRI))
        return;
    /* 10.5.2.2: reset first, then what may be outstanding. */
    pcie_cap_write(pf, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_RESET);
    pcie_cap_write(pf, PCIE_CAP_PRI, PCIE_PRI_ALLOCATION, 4, capacity);
    pcie_cap_write(pf, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
}

static void enable(struct pcie_fn *f, bool pri)
{
    enable_pasid(pcie_physical(f));
    pcie_cap_write(f, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    if (pri)
        enable_pri(pcie_physical(f));
}

/* Has another function ATS that shares f's PASID and PRI? */
static bool is_shared(struct pcie *bus, struct pcie_fn *f)
{
    struct pcie_fn *g;

    for (uint32_t i = 0; (g = pcie_function(bus, i)) != NULL; i++)
        if (g != f && pcie_physical(g) == pcie_physical(f) && pcie_present(g) &&
            pcie_enabled(g, PCIE_CAP_ATS))
            return true;
    return false;
}

static void disable(struct pcie *bus, struct pcie_fn *f)
{
    struct pcie_fn *pf = pcie_physical(f);
    bool shared = is_shared(bus, f);

    if (!shared)
        pcie_cap_write(pf, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, 0);
    pcie_cap_write(f, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, 0);
    if (!shared)
        pcie_cap_write(pf, PCIE_CAP_PASID, PCIE_PASID_CONTROL, 2, 0);
}

void pcie_device_ats(struct platform *p, uint32_t device, bool on, bool pri)
{
    struct pcie_fn *f = function_of(p, device);
    struct platform_pcie *h;

    if (!f)
        return;
    h = &p->pcie[p->device[device].pcie];
    if (on)
        enable(f, pri);
    else
        disable(pcie_root_hierarchy(h->root), f);
    if (p->timed)
        timed_pcie_changed(p, h);
    else
        pcie_changed(h);
}

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

/* A VF has the PF's PASID and PRI: those are the PF's affair. */
static void write(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                  unsigned width, uint64_t value)
{
    uint32_t base = pcie_cap_offset(f, cap);

    if (base)
        pcie_config_write(f, base + at, width, value);
}

static uint64_t read(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                     unsigned width)
{
    uint32_t base = pcie_cap_offset(f, cap);

    return base ? pcie_config_read(f, base + at, width) : 0;
}

static void enable_pasid(struct pcie_fn *f)
{
    uint64_t can = read(f, PCIE_CAP_PASID, PCIE_PASID_CAPABILITY, 2);

    write(f, PCIE_CAP_PASID, PCIE_PASID_CONTROL, 2,
          PCIE_PASID_ENABLE |
              (can & (PCIE_PASID_EXECUTE | PCIE_PASID_PRIVILEGED)));
}

static void enable_pri(struct pcie_fn *f)
{
    uint64_t capacity = read(f, PCIE_CAP_PRI, PCIE_PRI_CAPACITY, 4);

    /* 10.5.2.2: reset first, then what may be outstanding. */
    write(f, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_RESET);
    write(f, PCIE_CAP_PRI, PCIE_PRI_ALLOCATION, 4, capacity);
    write(f, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
}

void pcie_device_ats(struct platform *p, uint32_t device, bool on, bool pri)
{
    struct pcie_fn *f = function_of(p, device);
    struct platform_pcie *h;

    if (!f)
        return;
    h = &p->pcie[p->device[device].pcie];
    if (on) {
        enable_pasid(f);
        write(f, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
        if (pri)
            enable_pri(f);
    } else {
        write(f, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, 0);
        write(f, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, 0);
        write(f, PCIE_CAP_PASID, PCIE_PASID_CONTROL, 2, 0);
    }
    if (p->timed)
        timed_pcie_changed(p, h);
    else
        pcie_changed(h);
}

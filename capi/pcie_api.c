/* SPDX-License-Identifier: MIT */
/* PCI functions in the C API: counters, and taking them away. */
#include <stdio.h>

#include "abi.h"
#include "engine_device.h"
#include "pcie.h"

#define COUNTERS 64u

iovp_status iovp_device_counters(iovp_device *h, iovp_counter *counters,
                                 size_t *count)
{
    struct pcie_counter have[COUNTERS];
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    uint32_t n = 0, i;

    if (st)
        return st;
    if (d->pcie != PLATFORM_NO_PCIE)
        n = pcie_root_counters(p->pcie[d->pcie].root, d->function, have,
                               COUNTERS);
    else
        n = engine_device_counters(p, (uint32_t)(d - p->device), have,
                                   COUNTERS);
    if (n > COUNTERS)
        n = COUNTERS;
    st = abi_list(counters, count, n, sizeof(*counters), "counters");
    for (i = 0; !st && i < n; i++) {
        iovp_counter c = {.size = sizeof(c), .value = have[i].value};

        snprintf(c.name, sizeof(c.name), "%s", have[i].name);
        abi_out(abi_at(counters, i), &c, sizeof(c));
    }
    return st;
}

static iovp_status set_present(iovp_device *dev, bool present)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(dev, ENTER_NORMAL, &p, &d);
    struct platform_pcie *h;

    if (st)
        return st;
    if (d->pcie == PLATFORM_NO_PCIE)
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: not a PCI function", d->name);
    h = &p->pcie[d->pcie];
    if (h->desc.root->functions[d->function].fn.kind == PCIE_VF)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: a VF comes and goes with its PF", d->name);
    if (present ==
        pcie_present(pcie_function(pcie_root_hierarchy(h->root), d->function)))
        return IOVP_OK;
    if (present)
        pcie_root_plug(h->root, d->function);
    else
        pcie_root_unplug(h->root, d->function);
    if (p->timed)
        timed_pcie_changed(p, h);
    else
        pcie_changed(h);
    return IOVP_OK;
}

iovp_status iovp_device_unplug(iovp_device *d)
{
    return set_present(d, false);
}

iovp_status iovp_device_plug(iovp_device *d)
{
    return set_present(d, true);
}

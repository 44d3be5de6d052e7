/* SPDX-License-Identifier: MIT */
/*
 * INTx (6.1.4): a level at each function's pin.  At every bridge, and at the
 * host bridge, pin and device number make the next pin (2.2.8.1).
 */
#include "pcie_internal.h"

static unsigned swizzle(const struct pcie_fn *f)
{
    unsigned pin = (cfg8(f, PCIE_INTERRUPT_PIN) - 1) & 3;

    for (; f; f = f->parent) {
        /* On a link there is device 0 only, whatever ARI numbers mean. */
        bool link = f->parent && leads_down(f->parent);

        if (!link && (f->parent || !f->p->intx_by_pin))
            pin = (pin + (f->devfn >> 3)) & 3;
    }
    return pin;
}

/* 7.5.1.1.4: Interrupt Status does not depend on Interrupt Disable. */
void pcie_intx_update(struct pcie_fn *f)
{
    struct pcie *p = f->p;
    bool pin = cfg8(f, PCIE_INTERRUPT_PIN) != 0;
    bool show = pin && f->intx && in_d0(f) && pcie_present(f) &&
                !(cfg16(f, PCIE_COMMAND) & PCIE_COMMAND_INTERRUPT_DISABLE) &&
                !pcie_enabled(f, PCIE_CAP_MSI) &&
                !pcie_enabled(f, PCIE_CAP_MSIX);
    uint32_t *count;

    cfg_put16(f, PCIE_STATUS,
              (cfg16(f, PCIE_STATUS) & ~PCIE_STATUS_INTERRUPT) |
                  (pin && f->intx ? PCIE_STATUS_INTERRUPT : 0));
    if (show == f->intx_shown)
        return;
    f->intx_shown = show;
    if (show)
        f->intx_line = (uint8_t)swizzle(f);
    count = &p->asserted[f->intx_line];
    *count += show ? 1u : ~0u;
    if (p->ops.intx && *count == (show ? 1u : 0u))
        p->ops.intx(p->opaque, f->intx_line, show);
}

void pcie_intx(struct pcie_fn *f, bool level)
{
    if (!f)
        return;
    f->intx = level;
    pcie_intx_update(f);
}

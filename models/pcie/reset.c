/* SPDX-License-Identifier: MIT */
/* Resets (6.6): cold, hot from a bridge above, Function Level, D3hot to D0. */
#include "pcie_internal.h"

/* 6.6.2: what a Function Level Reset leaves alone besides sticky bits. */
static uint8_t kept(const struct pcie_fn *f, uint32_t at)
{
    uint32_t exp = f->cap[PCIE_CAP_EXP];

    if (!exp)
        return 0;
    if (at == exp + PCIE_DEVCTL)
        return PCIE_DEVCTL_MPS;
    /* Link Control 2 is sticky. */
    return at == exp + PCIE_LNKCTL || at == exp + PCIE_LNKCTL + 1 ? 0xff : 0;
}

void pcie_fn_reset(struct pcie_fn *f, enum pcie_reset_kind kind)
{
    bool function = kind == PCIE_RESET_FLR || kind == PCIE_RESET_D3HOT;
    uint32_t sta = f->cap[PCIE_CAP_EXP] + PCIE_LNKSTA;
    uint32_t link = cap16(f, PCIE_CAP_EXP, PCIE_LNKSTA);

    for (uint32_t at = 0; at < PCIE_CONFIG_SIZE; at++) {
        uint8_t keep = kind == PCIE_RESET_COLD ? 0 : f->sticky[at];

        if (function)
            keep |= kept(f, at);
        f->config[at] =
            (uint8_t)((f->config[at] & keep) | (f->initial[at] & ~keep));
    }
    if (function && f->cap[PCIE_CAP_EXP])
        cfg_put16(f, sta, link);
    if (!function)
        f->bus = f->parent ? 0 : f->p->bus_first;
    f->intx = false;
    pcie_msix_reset(f);
    pcie_intx_update(f);
    if (f->kind == PCIE_ROOT_PORT)
        pcie_root_update(f);
    if (f->ops && f->ops->reset)
        f->ops->reset(f->opaque, kind);
    /* Choice: a bridge that loses its bus numbers resets what they led to. */
    if (is_bridge(f) && function)
        pcie_reset_below(f);
}

static bool below(const struct pcie_fn *f, const struct pcie_fn *bridge)
{
    for (f = f->parent; f; f = f->parent)
        if (f == bridge)
            return true;
    return false;
}

/* The whole subtree, the bridge itself excepted. */
void pcie_reset_below(struct pcie_fn *bridge)
{
    struct pcie *p = bridge->p;

    for (uint32_t i = 0; i < p->function_count; i++)
        if (below(&p->functions[i], bridge))
            pcie_fn_reset(&p->functions[i], PCIE_RESET_HOT);
}

void pcie_reset(struct pcie *p)
{
    if (!p)
        return;
    for (uint32_t i = 0; i < p->function_count; i++)
        pcie_fn_reset(&p->functions[i], PCIE_RESET_COLD);
}

/* SPDX-License-Identifier: MIT */
/* Resets (6.6): cold, hot from a bridge above, Function Level, D3hot to D0; and
 * surprise removal, whose end is a cold reset. */
#include "pcie_internal.h"

/* ---- who is who ------------------------------------------------------------
 */

void pcie_renumbered(struct pcie_fn *f)
{
    if (f->p->ops.renumbered)
        f->p->ops.renumbered(f->p->opaque, f);
}

void pcie_set_bus(struct pcie_fn *f, uint8_t bus)
{
    if (f->bus == bus)
        return;
    f->bus = bus;
    pcie_renumbered(f);
    for (uint32_t i = 0; i < f->vf_total; i++)
        if (pcie_vf_exists(&f->vf[i]))
            pcie_renumbered(&f->vf[i]);
}

void pcie_link_state(struct pcie_fn *f)
{
    uint32_t sta = f->cap[PCIE_CAP_EXP] + PCIE_LNKSTA;

    if (!leads_down(f))
        return;
    cfg_put16(f, sta, cfg16(f, sta) & ~PCIE_LNKSTA_DLL_ACTIVE);
    if (pcie_link_alive(f))
        cfg_set16(f, sta, PCIE_LNKSTA_DLL_ACTIVE);
}

/* ---- resets ------------------------------------------------------------- */

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

/* Values at reset, but for what this kind of it keeps. */
static void reset_config(struct pcie_fn *f, enum pcie_reset_kind kind)
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
    pcie_link_state(f);
    pcie_link_follow(f);
}

void pcie_fn_reset(struct pcie_fn *f, enum pcie_reset_kind kind)
{
    bool function = kind == PCIE_RESET_FLR || kind == PCIE_RESET_D3HOT;
    bool had_vfs = f->vf && pcie_vf_count(f);

    reset_config(f, kind);
    if (f->vf)
        pcie_sriov_pages(f);
    if (!function && !f->pf)
        pcie_set_bus(f, f->parent ? 0 : f->p->bus_first);
    f->intx = false;
    pcie_msix_reset(f);
    pcie_intx_update(f);
    pcie_root_update(f);
    pcie_dpc_update(f);
    if (f->ops && f->ops->reset)
        f->ops->reset(f->opaque, kind);
    /* 9.2.1.1: without VF Enable there are no VFs. */
    for (uint32_t i = 0; function && had_vfs && i < f->vf_total; i++)
        pcie_fn_reset(&f->vf[i], kind);
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
    pcie_links_reset(p);
    for (uint32_t i = 0; i < p->function_count; i++)
        pcie_fn_reset(&p->functions[i], PCIE_RESET_COLD);
}

/* ---- presence -------------------------------------------------------------
 */

bool pcie_present(const struct pcie_fn *f)
{
    if (!f || (f->pf && !pcie_vf_exists(f)))
        return false;
    for (f = physical(f); f; f = f->parent)
        if (f->away)
            return false;
    return true;
}

/* What goes and comes with `f`: on a link, the whole device. */
static bool goes_with(const struct pcie_fn *g, const struct pcie_fn *f)
{
    g = physical(g);
    for (; g; g = g->parent)
        if (g == f ||
            (f->parent && leads_down(f->parent) && g->parent == f->parent))
            return true;
    return false;
}

void pcie_set_present(struct pcie_fn *f, bool present)
{
    struct pcie_fn *port;
    struct pcie *p;

    if (!f || f->pf || f->away == !present)
        return;
    p = f->p;
    port = f->parent && leads_down(f->parent) ? f->parent : NULL;
    /* 3.2.1: a link that is down already surprises nobody. */
    if (port && !present && pcie_link_alive(port))
        pcie_report(port, PCIE_UNCOR_SURPRISE_DOWN, NULL);
    f->away = !present;
    for (struct pcie_fn *g = port ? port->child : NULL; g; g = g->next)
        g->away = !present;
    for (uint32_t i = 0; i < p->function_count; i++) {
        if (!goes_with(&p->functions[i], f))
            continue;
        if (present)
            pcie_fn_reset(&p->functions[i], PCIE_RESET_COLD);
        else
            pcie_intx_update(&p->functions[i]);
    }
    if (port)
        pcie_link_state(port);
}

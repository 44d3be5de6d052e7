/* SPDX-License-Identifier: MIT */
/* Is what a configuration says of SR-IOV something that can be built? */
#include "pcie_internal.h"

/* The PF of a VF; NULL: it is nobody's. */
static const struct pcie_fn_config *pf_of(const struct pcie_config *c,
                                          uint32_t i, uint32_t *n,
                                          const struct pcie_cap_config **sriov)
{
    uint32_t j = i;

    while (j && c->functions[j].kind == PCIE_VF)
        j--;
    *n = i - j - 1;
    *sriov = pcie_cap_find(&c->functions[j], PCIE_CAP_SRIOV);
    return c->functions[j].kind != PCIE_VF && *sriov &&
                   *n < (*sriov)->sriov.total
               ? &c->functions[j]
               : NULL;
}

static const char *check_pf(const struct pcie_config *c, uint32_t i,
                            const struct pcie_cap_config *s)
{
    const struct pcie_fn_config *f = &c->functions[i];
    uint32_t last;

    if (f->kind != PCIE_ENDPOINT && f->kind != PCIE_RCIEP)
        return "sriov: only endpoints have VFs";
    if (s->sriov.total < 1 || s->sriov.total > 256)
        return "sriov: total is 1 to 256";
    if (!s->sriov.first || (s->sriov.total > 1 && !s->sriov.stride))
        return "sriov: first and stride are not 0";
    if (c->function_count - i <= s->sriov.total)
        return "sriov: the VFs are right behind their PF";
    for (uint32_t n = 1; n <= s->sriov.total; n++)
        if (c->functions[i + n].kind != PCIE_VF)
            return "sriov: the VFs are right behind their PF";
    last = devfn_of(f) + s->sriov.first +
           (s->sriov.total - 1u) * (uint32_t)s->sriov.stride;
    if (last > (f->kind == PCIE_RCIEP ? 0xffu : 0xffffu))
        return "sriov: there is no bus number for the last VF";
    return NULL;
}

static const char *check_vf_caps(const struct pcie_fn_config *f,
                                 const struct pcie_fn_config *pf)
{
    const struct pcie_cap_config *exp = pcie_cap_find(f, PCIE_CAP_EXP);

    if (!exp || !exp->exp.flr)
        return "caps: a VF has PCI Express with Function Level Reset";
    if (pcie_cap_find(f, PCIE_CAP_SRIOV) || pcie_cap_find(f, PCIE_CAP_PRI) ||
        pcie_cap_find(f, PCIE_CAP_PASID))
        return "caps: a VF has no SR-IOV, PRI or PASID of its own";
    if (pcie_cap_find(f, PCIE_CAP_AER) && !pcie_cap_find(pf, PCIE_CAP_AER))
        return "caps: a VF has AER only with its PF";
    return NULL;
}

/* IDs relative to the bus; physical functions of other devices count, too. */
static const char *check_ids(const struct pcie_config *c, uint32_t i,
                             uint32_t own)
{
    const struct pcie_cap_config *s = NULL;
    uint32_t pf = 0;

    for (uint32_t j = 0; j < c->function_count; j++) {
        const struct pcie_fn_config *g = &c->functions[j];
        uint32_t id = devfn_of(g);

        if (g->kind != PCIE_VF) {
            pf = j;
            s = pcie_cap_find(g, PCIE_CAP_SRIOV);
        } else if (s) {
            id = devfn_of(&c->functions[pf]) + s->sriov.first +
                 (j - pf - 1) * (uint32_t)s->sriov.stride;
        }
        if (j != i && g->parent == c->functions[i].parent && id == own)
            return "sriov: two functions have one ID";
    }
    return NULL;
}

static const char *check_vf(const struct pcie_config *c, uint32_t i)
{
    const struct pcie_fn_config *f = &c->functions[i], *pf;
    const struct pcie_cap_config *s;
    const char *wrong;
    uint32_t n;

    pf = pf_of(c, i, &n, &s);
    if (!pf)
        return "kind: a VF is behind a PF that has it";
    if (f->parent != pf->parent)
        return "parent: of a VF it is the PF's";
    if (f->rom || f->interrupt_pin)
        return "rom, interrupt_pin: a VF has none";
    for (unsigned b = 0; b < PCIE_BARS; b++) {
        const struct pcie_bar *first = &c->functions[i - n].bar[b];

        if (f->bar[b].flags & PCIE_BAR_IO)
            return "bar: a VF has no I/O";
        if (f->bar[b].size != first->size || f->bar[b].flags != first->flags)
            return "bar: those of VFs are all alike";
    }
    wrong = check_vf_caps(f, pf);
    if (wrong)
        return wrong;
    return check_ids(
        c, i, devfn_of(pf) + s->sriov.first + n * (uint32_t)s->sriov.stride);
}

const char *pcie_check_sriov(const struct pcie_config *c, uint32_t i)
{
    const struct pcie_fn_config *f = &c->functions[i];
    const struct pcie_cap_config *s = pcie_cap_find(f, PCIE_CAP_SRIOV);

    if (f->kind == PCIE_VF)
        return check_vf(c, i);
    return s ? check_pf(c, i, s) : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * Single Root I/O Virtualization (9): VFs are functions behind a PF, with IDs
 * and BARs by arithmetic, that exist while VF Enable is set.  Choices: First VF
 * Offset and VF Stride do not depend on ARI Capable Hierarchy; NumVFs and
 * System Page Size keep their value while VF Enable is set, the latter also if
 * the size is not a supported one.
 */
#include "pcie_internal.h"

#include <string.h>

static uint32_t sriov16(const struct pcie_fn *pf, uint32_t at)
{
    return cap16(pf, PCIE_CAP_SRIOV, at);
}

/* ---- IDs (9.2.1.2) ------------------------------------------------------- */

static uint32_t first_id(const struct pcie_fn *pf)
{
    return (uint32_t)pcie_id(pf) + sriov16(pf, PCIE_SRIOV_FIRST_VF_OFFSET);
}

static uint32_t vf_id(const struct pcie_fn *vf)
{
    return first_id(vf->pf) +
           vf->vf_index * sriov16(vf->pf, PCIE_SRIOV_VF_STRIDE);
}

uint16_t pcie_id(const struct pcie_fn *f)
{
    if (f && f->pf)
        return (uint16_t)vf_id(f);
    return f ? (uint16_t)(f->bus << 8 | f->devfn) : 0;
}

uint32_t pcie_vf_count(const struct pcie_fn *pf)
{
    uint32_t count = sriov16(pf, PCIE_SRIOV_NUM_VFS);

    if (!(sriov16(pf, PCIE_SRIOV_CONTROL) & PCIE_SRIOV_VF_ENABLE))
        return 0;
    return count < pf->vf_total ? count : pf->vf_total;
}

/* There is no bus 256. */
bool pcie_vf_exists(const struct pcie_fn *vf)
{
    return vf->vf_index < pcie_vf_count(vf->pf) && vf_id(vf) <= 0xffff;
}

struct pcie_fn *pcie_vf_by_id(const struct pcie_fn *pf, uint16_t id)
{
    uint32_t first = first_id(pf);
    uint32_t stride = sriov16(pf, PCIE_SRIOV_VF_STRIDE);
    uint32_t n;

    if (id < first)
        return NULL;
    /* One VF needs no stride. */
    n = stride ? (id - first) / stride : 0;
    if (n >= pcie_vf_count(pf) || first + n * stride != id)
        return NULL;
    return &pf->vf[n];
}

struct pcie_fn *pcie_physical(struct pcie_fn *f)
{
    return f && f->pf ? f->pf : f;
}

/* ---- memory (9.2.1.1.1) ----------------------------------------------------
 */

/* What each VF has of a VF BAR's range: whole pages of the system. */
static uint64_t aperture(const struct pcie_fn *pf, unsigned bar)
{
    uint64_t page =
        (uint64_t)cfg32(pf, pf->cap[PCIE_CAP_SRIOV] + PCIE_SRIOV_SYSTEM_PAGE)
        << 12;
    uint64_t size = pf->vf[0].bar[bar].size;

    return size && size < page ? page : size;
}

static uint64_t vf_base(const struct pcie_fn *pf, unsigned bar)
{
    uint32_t at = pf->cap[PCIE_CAP_SRIOV] + PCIE_SRIOV_VF_BAR + 4 * bar;
    uint64_t base = cfg32(pf, at) & ~15u;

    if (pf->vf[0].bar[bar].flags & PCIE_BAR_64)
        base |= (uint64_t)cfg32(pf, at + 4) << 32;
    return base;
}

bool pcie_vf_hit(const struct pcie_fn *pf, const struct pcie_tlp *t,
                 struct pcie_target *to)
{
    uint32_t count = pcie_vf_count(pf);

    if (!count ||
        !(sriov16(pf, PCIE_SRIOV_CONTROL) & PCIE_SRIOV_VF_MEMORY_SPACE))
        return false;
    for (unsigned i = 0; i < PCIE_BARS; i++) {
        uint64_t size = aperture(pf, i), offset = t->addr - vf_base(pf, i);

        if (!size || offset / size >= count || !in_d0(&pf->vf[offset / size]))
            continue;
        to->f = &pf->vf[offset / size];
        to->bar = i;
        to->offset = offset % size;
        return true;
    }
    return false;
}

/* ---- registers of a PF ----------------------------------------------------
 */

void pcie_sriov_pages(struct pcie_fn *pf)
{
    uint32_t at = pf->cap[PCIE_CAP_SRIOV] + PCIE_SRIOV_VF_BAR;

    for (unsigned i = 0; i < PCIE_BARS; i++) {
        uint64_t mask = ~(aperture(pf, i) - 1);
        bool wide = pf->vf[0].bar[i].flags & PCIE_BAR_64;

        if (!pf->vf[0].bar[i].size)
            continue;
        for (unsigned b = 0; b < (wide ? 8u : 4u); b++) {
            uint32_t byte = at + 4 * i + b;

            pf->write[byte] = (uint8_t)(mask >> (8 * b));
            pf->config[byte] = (uint8_t)((pf->config[byte] & pf->write[byte]) |
                                         pf->initial[byte]);
        }
    }
}

static void system_page(struct pcie_fn *pf, uint32_t at, uint32_t old)
{
    uint32_t page = cfg32(pf, at);

    if (!iovp_is_pow2(page) || !(page & PCIE_SRIOV_PAGES) || pcie_vf_count(pf))
        cfg_put32(pf, at, old);
    pcie_sriov_pages(pf);
}

/* VFs begin and end as after a Function Level Reset. */
static void enable(struct pcie_fn *pf, uint32_t old)
{
    bool on = sriov16(pf, PCIE_SRIOV_CONTROL) & PCIE_SRIOV_VF_ENABLE;

    if (on == !!(old & PCIE_SRIOV_VF_ENABLE))
        return;
    for (uint32_t i = 0; i < pf->vf_total; i++) {
        if (!on)
            pcie_fn_reset(&pf->vf[i], PCIE_RESET_FLR);
        else if (pcie_vf_exists(&pf->vf[i]))
            pcie_renumbered(&pf->vf[i]);
    }
}

void pcie_sriov_written(struct pcie_fn *pf, uint32_t at, uint32_t old)
{
    uint32_t cap = pf->cap[PCIE_CAP_SRIOV];

    if (at == cap + PCIE_SRIOV_CONTROL)
        enable(pf, old);
    else if (at == cap + PCIE_SRIOV_NUM_VFS &&
             sriov16(pf, PCIE_SRIOV_CONTROL) & PCIE_SRIOV_VF_ENABLE)
        cfg_put32(pf, at, old);
    else if (at == cap + PCIE_SRIOV_SYSTEM_PAGE)
        system_page(pf, at, old);
}

/* ---- create ----------------------------------------------------------------
 */

static void read_only_zero(struct pcie_fn *f, uint32_t at, uint32_t bytes)
{
    memset(&f->initial[at], 0, bytes);
    memset(&f->write[at], 0, bytes);
    memset(&f->clear[at], 0, bytes);
    memset(&f->sticky[at], 0, bytes);
}

/* 9.3.4 to 9.3.7: what a VF has not, because it is the PF's. */
static void build_vf(struct pcie_fn *vf)
{
    static const struct {
        uint8_t cap; /* PCIE_CAPS: the header */
        uint8_t at, bytes;
    } absent[] = {
        {PCIE_CAPS, PCIE_CACHE_LINE_SIZE, 1},
        {PCIE_CAPS, PCIE_BASE_ADDRESS, 4 * PCIE_BARS},
        {PCIE_CAPS, PCIE_INTERRUPT_LINE, 2},
        {PCIE_CAP_EXP, PCIE_DEVCTL, 2},
        {PCIE_CAP_EXP, PCIE_LNKCTL, 4},
        {PCIE_CAP_EXP, PCIE_DEVCTL2, 2},
        {PCIE_CAP_EXP, PCIE_LNKCTL2, 2},
        {PCIE_CAP_AER, PCIE_AER_UNCOR_MASK, 8},
        {PCIE_CAP_AER, PCIE_AER_COR_MASK, 4},
    };
    const struct pcie_fn *pf = vf->pf;
    uint32_t ats = vf->cap[PCIE_CAP_ATS];

    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        uint32_t base = absent[i].cap == PCIE_CAPS ? 0 : vf->cap[absent[i].cap];

        if (base || absent[i].cap == PCIE_CAPS)
            read_only_zero(vf, base + absent[i].at, absent[i].bytes);
    }
    pcie_reg_value(vf, PCIE_VENDOR_ID, 4, 0xffffffff);
    memcpy(&vf->initial[PCIE_REVISION_ID], &pf->initial[PCIE_REVISION_ID], 4);
    memcpy(&vf->initial[PCIE_SUBSYSTEM_VENDOR_ID],
           &pf->initial[PCIE_SUBSYSTEM_VENDOR_ID], 2);
    read_only_zero(vf, PCIE_COMMAND, 2);
    vf->write[PCIE_COMMAND] = PCIE_COMMAND_BUS_MASTER;
    /* 10.5.1: queue and STU are the PF's. */
    if (ats) {
        vf->initial[ats + PCIE_ATS_CAPABILITY] &= 0xe0;
        vf->write[ats + PCIE_ATS_CONTROL] = 0;
    }
}

/* 9.3.3.3.5: software tells it to the first PF of the device. */
static bool first_pf(const struct pcie_fn *pf)
{
    const struct pcie_fn *f = pf->parent ? pf->parent->child : pf->p->root;

    for (; f && f != pf; f = f->next)
        if (f->cap[PCIE_CAP_SRIOV] &&
            (pf->parent || f->devfn >> 3 == pf->devfn >> 3))
            return false;
    return true;
}

void pcie_build_vfs(struct pcie_fn *pf, uint16_t total)
{
    uint32_t at = pf->cap[PCIE_CAP_SRIOV];

    pf->vf = pf + 1;
    pf->vf_total = total;
    for (uint16_t i = 0; i < total; i++) {
        pf->vf[i].pf = pf;
        pf->vf[i].vf_index = i;
        build_vf(&pf->vf[i]);
    }
    for (unsigned i = 0; i < PCIE_BARS; i++)
        pcie_reg_value(pf, at + PCIE_SRIOV_VF_BAR + 4 * i, 1,
                       pcie_bar_bits(&pf->vf[0].bar[i]));
    if (first_pf(pf))
        pf->write[at + PCIE_SRIOV_CONTROL] |= PCIE_SRIOV_ARI_HIERARCHY;
}

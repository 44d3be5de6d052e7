/* SPDX-License-Identifier: MIT */
/* Is a configuration one that can be built? */
#include "pcie_internal.h"

static const char *check_bar(const struct pcie_bar *b, bool last)
{
    if (b->flags & ~(PCIE_BAR_64 | PCIE_BAR_PREFETCH | PCIE_BAR_IO))
        return "bar: flags has unknown bits";
    if (!iovp_is_pow2(b->size))
        return "bar: size is not a power of two";
    if (b->flags & PCIE_BAR_IO)
        return b->flags != PCIE_BAR_IO || b->size < 4 || b->size > 256
                   ? "bar: an I/O BAR has 4 to 256 bytes and no other flag"
                   : NULL;
    if (b->size < 128)
        return "bar: a memory BAR has at least 128 bytes";
    if (!(b->flags & PCIE_BAR_64))
        return b->size > 1u << 31 ? "bar: a 32-bit BAR has at most 2 GiB"
                                  : NULL;
    if (last)
        return "bar: there is no next BAR for the upper half";
    return b->size > 1ull << 62 ? "bar: at most 2^62 bytes" : NULL;
}

static const char *check_bars(const struct pcie_fn_config *f)
{
    unsigned count = f->kind >= PCIE_ROOT_PORT ? 2 : PCIE_BARS;

    for (unsigned i = 0; i < PCIE_BARS; i++) {
        const char *wrong;

        if (!f->bar[i].size)
            continue;
        if (i >= count)
            return "bar: a type 1 header has two";
        wrong = check_bar(&f->bar[i], i + 1 == count);
        if (wrong)
            return wrong;
        if (f->bar[i].flags & PCIE_BAR_64 && f->bar[++i].size)
            return "bar: the BAR behind a 64-bit one is its upper half";
    }
    if (f->rom &&
        (!iovp_is_pow2(f->rom) || f->rom < 2048 || f->rom > 16u << 20))
        return "rom: a power of two from 2 KiB to 16 MiB";
    return NULL;
}

static bool in_bar(const struct pcie_fn_config *f, unsigned bar,
                   uint64_t offset, uint64_t bytes)
{
    return bar < PCIE_BARS && f->bar[bar].size &&
           !(f->bar[bar].flags & PCIE_BAR_IO) && !(offset & 7) &&
           offset + bytes <= f->bar[bar].size;
}

static const char *check_msix(const struct pcie_fn_config *f,
                              const struct pcie_cap_config *c)
{
    uint64_t table = (uint64_t)PCIE_MSIX_ENTRY * c->msix.vectors;
    uint64_t pba = (c->msix.vectors + 63u) / 64 * 8;

    if (c->msix.vectors < 1 || c->msix.vectors > 2048)
        return "msix: 1 to 2048 vectors";
    if (!in_bar(f, c->msix.table_bar, c->msix.table_offset, table))
        return "msix: the table is not inside of a memory BAR, or unaligned";
    if (!in_bar(f, c->msix.pba_bar, c->msix.pba_offset, pba))
        return "msix: the PBA is not inside of a memory BAR, or unaligned";
    if (c->msix.table_bar == c->msix.pba_bar &&
        c->msix.table_offset < c->msix.pba_offset + pba &&
        c->msix.pba_offset < c->msix.table_offset + table)
        return "msix: table and PBA overlap";
    return NULL;
}

static const char *check_exp(const struct pcie_fn_config *f,
                             const struct pcie_cap_config *c)
{
    static const uint8_t widths[] = {1, 2, 4, 8, 12, 16, 32};
    bool width = f->kind == PCIE_RCIEP;

    for (size_t i = 0; i < sizeof(widths); i++)
        width |= c->exp.width == widths[i];
    if (!width)
        return "exp: width is 1, 2, 4, 8, 12, 16 or 32";
    if (f->kind != PCIE_RCIEP && (c->exp.speed < 1 || c->exp.speed > 6))
        return "exp: speed is 1 to 6";
    if (c->exp.max_prefixes > 4)
        return "exp: max_prefixes is 1 to 4";
    if (c->exp.message > 31)
        return "exp: message is 0 to 31";
    return NULL;
}

static bool mps_ok(uint32_t mps)
{
    return iovp_is_pow2(mps) && mps >= 128 && mps <= 4096;
}

static const char *check_cap(const struct pcie_fn_config *f,
                             const struct pcie_cap_config *c)
{
    switch ((enum pcie_cap)c->cap) {
    case PCIE_CAP_EXP:
        return mps_ok(c->exp.mps) ? check_exp(f, c)
                                  : "exp: mps is 128, 256 .. 4096";
    case PCIE_CAP_MSI:
        return iovp_is_pow2(c->msi.vectors) && c->msi.vectors <= 32
                   ? NULL
                   : "msi: 1, 2, 4 .. 32 vectors";
    case PCIE_CAP_MSIX:
        return check_msix(f, c);
    case PCIE_CAP_ACS:
        return c->acs.services & ~(PCIE_ACS_SV | PCIE_ACS_TB | PCIE_ACS_RR |
                                   PCIE_ACS_CR | PCIE_ACS_UF | PCIE_ACS_DT)
                   ? "acs: unknown services"
                   : NULL;
    case PCIE_CAP_ATS:
        return c->ats.queue_depth < 1 || c->ats.queue_depth > 32
                   ? "ats: queue_depth is 1 to 32"
                   : NULL;
    case PCIE_CAP_DPC:
        return f->kind != PCIE_ROOT_PORT && f->kind != PCIE_DOWNSTREAM_PORT
                   ? "dpc: ports that lead down have it"
                   : NULL;
    case PCIE_CAP_PASID:
        return c->pasid.width < 1 || c->pasid.width > 20
                   ? "pasid: width is 1 to 20"
                   : NULL;
    case PCIE_CAP_DVSEC:
    case PCIE_CAP_RAW:
        if (c->raw.version > 15)
            return "raw: version is 0 to 15";
        return c->raw.length > PCIE_CONFIG_SIZE - 0x110
                   ? "raw: too long for the configuration space"
                   : NULL;
    default:
        return NULL;
    }
}

static const char *check_caps(const struct pcie_fn_config *f)
{
    uint32_t end[2] = {PCIE_STANDARD_FIRST, PCIE_EXTENDED_FIRST};
    uint32_t seen = 0;

    if (f->cap_count && !f->caps)
        return "caps is NULL";
    for (uint32_t i = 0; i < f->cap_count; i++) {
        const struct pcie_cap_config *c = &f->caps[i];
        const char *wrong;

        if (c->cap >= PCIE_CAPS)
            return "caps: no such capability";
        if (seen & 1u << c->cap && c->cap != PCIE_CAP_RAW &&
            c->cap != PCIE_CAP_DVSEC)
            return "caps: the same one twice";
        seen |= 1u << c->cap;
        wrong = check_cap(f, c);
        if (wrong)
            return wrong;
        end[pcie_cap_extended(c->cap)] += pcie_cap_bytes(c);
        if (end[0] > PCIE_STANDARD_END || end[1] > PCIE_CONFIG_SIZE)
            return "caps: they do not fit into the configuration space";
    }
    if (f->kind >= PCIE_ROOT_PORT && !(seen & 1u << PCIE_CAP_EXP))
        return "caps: a port has the PCI Express capability";
    return NULL;
}

static const char *check_place(const struct pcie_config *c, uint32_t i)
{
    const struct pcie_fn_config *f = &c->functions[i];
    bool at_root = f->kind == PCIE_RCIEP || f->kind == PCIE_ROOT_PORT;
    const struct pcie_fn_config *up;

    if (f->kind == PCIE_VF)
        return NULL; /* it is where its PF is */
    if (f->parent < -1 || f->parent >= (int32_t)i)
        return "parent: a function before this one, or -1";
    if (at_root != (f->parent == -1))
        return "parent: RCiEPs and root ports, and only they, are on the root "
               "bus";
    if (f->device > 31)
        return "device: 0 to 31";
    up = at_root ? NULL : &c->functions[f->parent];
    if (up && up->kind != PCIE_ROOT_PORT && up->kind != PCIE_DOWNSTREAM_PORT &&
        up->kind != PCIE_UPSTREAM_PORT)
        return "parent: not a bridge";
    if (up &&
        (up->kind == PCIE_UPSTREAM_PORT) != (f->kind == PCIE_DOWNSTREAM_PORT))
        return "parent: downstream ports, and only they, are below an upstream "
               "port";
    if (up && up->kind != PCIE_UPSTREAM_PORT && f->device)
        return "device: there is device 0 only on a link";
    if (f->function > 7 && (!up || !pcie_cap_find(up, PCIE_CAP_EXP)->exp.ari ||
                            !pcie_cap_find(f, PCIE_CAP_ARI)))
        return "function: above 7 only with ARI, also in the port above";
    return NULL;
}

/* Only function 0 tells that a device is there. */
static const char *check_unique(const struct pcie_config *c, uint32_t i)
{
    const struct pcie_fn_config *f = &c->functions[i];
    bool zero = false;

    for (uint32_t j = 0; j < c->function_count; j++) {
        const struct pcie_fn_config *g = &c->functions[j];

        if (g->parent != f->parent || g->device != f->device ||
            g->kind == PCIE_VF)
            continue;
        if (j != i && g->function == f->function)
            return "function: there are two with this number";
        zero |= !g->function;
    }
    return zero ? NULL : "function: the device has no function 0";
}

static const char *check_depth(const struct pcie_config *c, uint32_t i)
{
    uint32_t depth = 0;

    for (int32_t up = c->functions[i].parent; up >= 0;
         up = c->functions[up].parent)
        if (++depth > PCIE_DEPTH_MAX)
            return "parent: too many bridges above";
    return NULL;
}

const char *pcie_check_function(const struct pcie_config *c, uint32_t i)
{
    const struct pcie_fn_config *f = &c->functions[i];
    const char *wrong;

    if (f->kind >= PCIE_KINDS)
        return "kind: no such";
    if (f->interrupt_pin > 4)
        return "interrupt_pin: 0 to 4";
    if (f->class_code > 0xffffff)
        return "class_code: 24 bits";
    if ((wrong = check_caps(f)) || (wrong = check_bars(f)) ||
        (wrong = check_place(c, i)) || (wrong = pcie_check_sriov(c, i)) ||
        (wrong = check_depth(c, i)) || (wrong = pcie_check_link(f)))
        return wrong;
    return f->kind == PCIE_VF ? NULL : check_unique(c, i);
}

static const char *check_windows(const struct pcie_config *c)
{
    if (c->window_count && !c->windows)
        return "windows is NULL";
    for (uint32_t i = 0; i < c->window_count; i++) {
        const struct pcie_window *w = &c->windows[i];

        if (!w->size || w->host + (w->size - 1) < w->host ||
            w->pci + (w->size - 1) < w->pci)
            return "windows: empty, or beyond 2^64";
        if (w->io && w->pci + (w->size - 1) > UINT32_MAX)
            return "windows: I/O addresses have 32 bits";
        for (uint32_t j = 0; j < i; j++)
            if (w->host <= c->windows[j].host + (c->windows[j].size - 1) &&
                c->windows[j].host <= w->host + (w->size - 1))
                return "windows: two overlap at the host";
    }
    return NULL;
}

const char *pcie_config_check(const struct pcie_config *c, int32_t *index)
{
    const char *wrong;

    if (index)
        *index = -1;
    if (!c || c->size != sizeof(*c))
        return "size is not that of struct pcie_config";
    if (c->bus_first > c->bus_last)
        return "bus_first is above bus_last";
    if (c->function_count > PCIE_FUNCTIONS_MAX)
        return "function_count: too many";
    if (c->function_count && !c->functions)
        return "functions is NULL";
    wrong = check_windows(c);
    for (uint32_t i = 0; !wrong && i < c->function_count; i++) {
        wrong = pcie_check_function(c, i);
        if (wrong && index)
            *index = (int32_t)i;
    }
    return wrong;
}

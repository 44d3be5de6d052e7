/* SPDX-License-Identifier: MIT */
/* Create and destroy: functions become a tree, which then stays. */
#include "pcie_internal.h"

#include <stdlib.h>
#include <string.h>

void *pcie_grab(const struct pcie *p, uint64_t bytes)
{
    void *block;

    if (!bytes)
        bytes = 1;
    if (bytes > SIZE_MAX)
        return NULL;
    block =
        p->ops.alloc ? p->ops.alloc(p->opaque, bytes) : malloc((size_t)bytes);
    if (block)
        memset(block, 0, (size_t)bytes);
    return block;
}

static void drop(const struct pcie *p, void *block)
{
    if (!block)
        return;
    if (p->ops.free)
        p->ops.free(p->opaque, block);
    else
        free(block);
}

/* Into the list of its bus, ordered by device and function. */
static void insert(struct pcie *p, struct pcie_fn *f)
{
    struct pcie_fn **at = f->parent ? &f->parent->child : &p->root;

    while (*at && (*at)->devfn < f->devfn)
        at = &(*at)->next;
    f->next = *at;
    *at = f;
}

static bool same_device(const struct pcie_fn *f, const struct pcie_fn *g)
{
    /* On a link there is one device, with ARI also above function 7. */
    return (f->parent && leads_down(f->parent)) ||
           f->devfn >> 3 == g->devfn >> 3;
}

/* What a function says of its neighbours: Multi-Function Device, and with ARI
 * the Next Function Number. */
static void link_device(struct pcie_fn *f)
{
    struct pcie_fn *g = f->parent ? f->parent->child : f->p->root;
    const struct pcie_fn *next = NULL;
    bool many = false;

    if (f->kind == PCIE_VF)
        return;
    for (; g; g = g->next) {
        if (g == f || !same_device(f, g))
            continue;
        many = true;
        if (g->devfn > f->devfn && !next)
            next = g;
    }
    if (many)
        f->initial[PCIE_HEADER_TYPE] |= PCIE_HEADER_TYPE_MULTI_FUNCTION;
    if (f->cap[PCIE_CAP_ARI] && next)
        f->initial[f->cap[PCIE_CAP_ARI] + PCIE_ARI_CAPABILITY + 1] =
            next->devfn;
}

/* A link runs as fast and wide as the slower and narrower of its ends. */
static void train_link(struct pcie_fn *port)
{
    uint32_t sta = port->cap[PCIE_CAP_EXP] + PCIE_LNKSTA;
    uint32_t best = iovp_le32(&port->initial[sta]) & 0x3ff;
    uint32_t speed = best & 15, width = best >> 4;
    struct pcie_fn *g;

    for (g = port->child; g; g = g->next)
        if (g->cap[PCIE_CAP_EXP]) {
            uint32_t cap =
                iovp_le32(&g->initial[g->cap[PCIE_CAP_EXP] + PCIE_LNKCAP]);

            speed = (cap & 15) < speed ? cap & 15 : speed;
            width = (cap >> 4 & 63) < width ? cap >> 4 & 63 : width;
        }
    for (g = port->child; g; g = g->next)
        if (g->cap[PCIE_CAP_EXP])
            pcie_reg_value(g, g->cap[PCIE_CAP_EXP] + PCIE_LNKSTA, 2,
                           speed | width << 4);
    pcie_reg_value(port, sta, 2,
                   port->child ? speed | width << 4 | PCIE_LNKSTA_DLL_ACTIVE
                               : 0);
}

static void build(struct pcie *p, struct pcie_fn *f,
                  const struct pcie_fn_config *c)
{
    f->p = p;
    f->kind = c->kind;
    f->parent = c->parent < 0 ? NULL : &p->functions[c->parent];
    f->devfn = devfn_of(c);
    f->bus = f->parent ? 0 : p->bus_first;
    f->ops = c->ops;
    f->opaque = c->opaque;
    pcie_build_header(f, c);
    pcie_build_caps(f, c);
    if (c->kind != PCIE_VF)
        insert(p, f);
}

static uint64_t pba_bytes(uint32_t vectors)
{
    return (vectors + 63u) / 64 * 8;
}

/* One block for the MSI-X tables and pending bits of everybody. */
static bool place_msix(struct pcie *p)
{
    uint64_t bytes = 0;
    uint8_t *at;

    for (uint32_t i = 0; i < p->function_count; i++)
        bytes += p->functions[i].msix_vectors * PCIE_MSIX_ENTRY +
                 pba_bytes(p->functions[i].msix_vectors);
    p->msix = at = (uint8_t *)pcie_grab(p, bytes);
    if (!at)
        return false;
    for (uint32_t i = 0; i < p->function_count; i++) {
        struct pcie_fn *f = &p->functions[i];

        f->msix_table = at;
        at += f->msix_vectors * PCIE_MSIX_ENTRY;
        f->msix_pba = at;
        at += pba_bytes(f->msix_vectors);
    }
    return true;
}

static bool fill(struct pcie *p, const struct pcie_config *c)
{
    p->functions = (struct pcie_fn *)pcie_grab(p, (uint64_t)c->function_count *
                                                      sizeof(struct pcie_fn));
    p->windows = (struct pcie_window *)pcie_grab(
        p, (uint64_t)c->window_count * sizeof(struct pcie_window));
    if (!p->functions || !p->windows)
        return false;
    if (c->window_count)
        memcpy(p->windows, c->windows, c->window_count * sizeof(*c->windows));
    p->window_count = c->window_count;
    p->function_count = c->function_count;
    p->bus_first = c->bus_first;
    p->bus_last = c->bus_last;
    p->peer_to_peer = c->peer_to_peer;
    p->intx_by_pin = c->intx_by_pin;
    for (uint32_t i = 0; i < c->function_count; i++)
        build(p, &p->functions[i], &c->functions[i]);
    for (uint32_t i = 0; i < c->function_count; i++) {
        link_device(&p->functions[i]);
        if (leads_down(&p->functions[i]))
            train_link(&p->functions[i]);
    }
    for (uint32_t i = 0; i < c->function_count; i++) {
        const struct pcie_cap_config *s =
            pcie_cap_find(&c->functions[i], PCIE_CAP_SRIOV);

        if (s)
            pcie_build_vfs(&p->functions[i], s->sriov.total);
    }
    return pcie_place_links(p, c) && place_msix(p);
}

struct pcie *pcie_create(const struct pcie_config *c,
                         const struct pcie_ops *ops, void *opaque)
{
    struct pcie head = {.opaque = opaque}, *p;

    if (pcie_config_check(c, NULL) || !ops || ops->size != sizeof(*ops) ||
        !ops->alloc != !ops->free)
        return NULL;
    head.ops = *ops;
    p = (struct pcie *)pcie_grab(&head, sizeof(*p));
    if (!p)
        return NULL;
    *p = head;
    if (!fill(p, c)) {
        pcie_destroy(p);
        return NULL;
    }
    for (uint32_t i = 0; i < p->function_count; i++)
        memcpy(p->functions[i].config, p->functions[i].initial,
               PCIE_CONFIG_SIZE);
    pcie_reset(p);
    return p;
}

void pcie_destroy(struct pcie *p)
{
    struct pcie head;

    if (!p)
        return;
    head = *p;
    drop(&head, p->msix);
    drop(&head, p->links);
    drop(&head, p->windows);
    drop(&head, p->functions);
    drop(&head, p);
}

struct pcie_fn *pcie_function(struct pcie *p, uint32_t index)
{
    return p && index < p->function_count ? &p->functions[index] : NULL;
}

struct pcie_fn *pcie_parent(const struct pcie_fn *f)
{
    return f ? f->parent : NULL;
}

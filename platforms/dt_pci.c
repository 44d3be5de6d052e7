/* SPDX-License-Identifier: MIT */
/*
 * pci-host-ecam-generic: a host bridge with its configuration space, its
 * windows, and the functions below.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "dt_pci.h"

#define ECAM_BUS_LOG2 20 /* 1 MiB of configuration space a bus */

/* phys.hi[25:24] of a PCI address (IEEE 1275 PCI binding). */
#define SPACE_CONFIG 0u
#define SPACE_IO     1u
#define SPACE_MEM32  2u

/* ---- properties of iovp's own -----------------------------------------------
 */

bool dt_pci_knows(const char *property)
{
    return !strcmp(property, "iovp,latency-ps") ||
           !strcmp(property, "iovp,invalidate-timeout-ps") ||
           !strcmp(property, "iovp,page-requests") ||
           !strcmp(property, "iovp,peer-to-peer");
}

#define LATENCY_MAX  1000000000u         /* 1 ms */
#define TIMEOUT_MAX  1000000000000000ull /* 1000 s */
#define REQUESTS_MAX 4096u

static iovp_status read_own(struct dt_pci *h)
{
    struct pcie_root_config *c = &h->block->root;
    iovp_status st =
        dt_get_u32(h->t, h->node, "iovp,latency-ps", &c->latency_ps);

    if (st == IOVP_OK)
        st = dt_get_u64(h->t, h->node, "iovp,invalidate-timeout-ps",
                        &c->invalidate_timeout_ps);
    if (st == IOVP_OK)
        st = dt_get_u32(h->t, h->node, "iovp,page-requests", &c->page_requests);
    if (st == IOVP_OK)
        st = dt_get_flag(h->t, h->node, "iovp,peer-to-peer", &c->peer_to_peer);
    if (st != IOVP_OK)
        return st;
    if (c->latency_ps > LATENCY_MAX)
        return dt_fail(h->t, h->node, "iovp,latency-ps", "more than %u",
                       LATENCY_MAX);
    if (c->invalidate_timeout_ps > TIMEOUT_MAX)
        return dt_fail(h->t, h->node, "iovp,invalidate-timeout-ps",
                       "more than %llu", TIMEOUT_MAX);
    if (c->page_requests > REQUESTS_MAX)
        return dt_fail(h->t, h->node, "iovp,page-requests", "more than %u",
                       REQUESTS_MAX);
    return IOVP_OK;
}

/* ---- addresses --------------------------------------------------------------
 */

static iovp_status read_buses(const struct dt_pci *h, const struct dt_range *r,
                              struct pcie_root_config *c)
{
    uint64_t buses = r->size >> ECAM_BUS_LOG2;
    struct dt_prop p;

    if (!buses)
        return dt_fail(h->t, h->node, "reg",
                       "0x%" PRIx64 " bytes are less than the 1 MiB of a bus",
                       r->size);
    c->bus_first = 0;
    c->bus_last = (uint8_t)(buses < PCI_BUSES ? buses - 1 : PCI_BUSES - 1);
    if (!dt_get(h->t, h->node, "bus-range", &p))
        return IOVP_OK;
    if (p.len != 8 || dt_cell(&p, 0) > dt_cell(&p, 1) ||
        dt_cell(&p, 1) >= PCI_BUSES)
        return dt_fail(h->t, h->node, "bus-range",
                       "must be <first last>, in order, at most 255");
    if (buses <= dt_cell(&p, 1) - dt_cell(&p, 0))
        return dt_fail(h->t, h->node, "bus-range",
                       "%u buses need more than the 0x%" PRIx64 " bytes of reg",
                       dt_cell(&p, 1) - dt_cell(&p, 0) + 1, r->size);
    c->bus_first = (uint8_t)dt_cell(&p, 0);
    c->bus_last = (uint8_t)dt_cell(&p, 1);
    return IOVP_OK;
}

/* What reg says beyond the buses is only reserved. */
static iovp_status read_ecam(struct dt_pci *h)
{
    struct pcie_root_config *c = &h->block->root;
    struct dt_range r, rest;
    iovp_status st = dt_reg(h->t, h->node, 0, &r);

    if (st == IOVP_OK)
        st = read_buses(h, &r, c);
    if (st != IOVP_OK)
        return st;
    h->host.ecam = r.base;
    rest.size = ((uint64_t)c->bus_last - c->bus_first + 1) << ECAM_BUS_LOG2;
    rest = (struct dt_range){r.base + rest.size, r.size - rest.size};
    r.size -= rest.size;
    st = dt_claim(h->t, h->node, "reg", &r);
    if (st == IOVP_OK && rest.size)
        st = dt_reserve(h->t, h->node, "reg", &rest);
    return st;
}

/* Below 4 GiB on the PCI side, as far as the space needs it. */
static iovp_status check_window(const struct dt *t, uint32_t node,
                                uint32_t space, const struct dt_range *bus)
{
    if (space == SPACE_CONFIG)
        return dt_fail(t, node, "ranges",
                       "an entry of configuration space: reg has that");
    if (bus->size && bus->base + (bus->size - 1) < bus->base)
        return dt_fail(t, node, "ranges",
                       "PCI address 0x%" PRIx64 " + 0x%" PRIx64 " wraps around",
                       bus->base, bus->size);
    if ((space == SPACE_IO || space == SPACE_MEM32) && bus->size &&
        (bus->base + (bus->size - 1)) >> 32)
        return dt_fail(t, node, "ranges",
                       "32-bit window 0x%" PRIx64 " + 0x%" PRIx64
                       " is not below 4 GiB",
                       bus->base, bus->size);
    return IOVP_OK;
}

static iovp_status read_window(struct dt_pci *h, const struct dt_prop *p,
                               uint32_t i, unsigned pc)
{
    struct pcie_root_config *c = &h->block->root;
    uint64_t size = dt_number(p, i + PCI_ADDRESS_CELLS + pc, 2);
    struct dt_range bus = {dt_number(p, i + 1, 2), size};
    struct dt_range cpu = {dt_number(p, i + PCI_ADDRESS_CELLS, pc), size};
    uint32_t space = (uint32_t)iovp_bits(dt_cell(p, i), 25, 24);
    iovp_status st = check_window(h->t, h->node, space, &bus);

    if (st == IOVP_OK)
        st = dt_translate(h->t, h->node, "ranges", &cpu);
    if (st == IOVP_OK)
        st = dt_claim(h->t, h->node, "ranges", &cpu);
    if (st == IOVP_OK && c->window_count == PLATFORM_PCIE_WINDOWS)
        st = dt_fail(h->t, h->node, "ranges", "more than %d entries",
                     PLATFORM_PCIE_WINDOWS);
    if (st == IOVP_OK)
        h->block->window[c->window_count++] =
            (struct pcie_window){cpu.base, bus.base, size, space == SPACE_IO};
    return st;
}

static iovp_status read_windows(struct dt_pci *h)
{
    const struct dt *t = h->t;
    unsigned pc = t->node[t->node[h->node].parent].address_cells;
    unsigned step = PCI_ADDRESS_CELLS + pc + PCI_SIZE_CELLS;
    iovp_status st = IOVP_OK;
    struct dt_prop p;

    if (!dt_get(t, h->node, "ranges", &p))
        return dt_fail(t, h->node, "ranges",
                       "missing: no window to the devices");
    if (!p.len || p.len % (4 * step))
        return dt_fail(t, h->node, "ranges",
                       "%u bytes are no multiple of its %u cells an entry",
                       p.len, step);
    for (uint32_t i = 0; st == IOVP_OK && i < p.len / 4; i += step)
        st = read_window(h, &p, i, pc);
    h->block->root.windows = h->block->window;
    return st;
}

/* ---- the bridge -------------------------------------------------------------
 */

static iovp_status read_flags(struct dt_pci *h)
{
    bool ats = false, coherent = false;
    iovp_status st = dt_get_flag(h->t, h->node, "ats-supported", &ats);

    if (st == IOVP_OK)
        st = dt_get_coherent(h->t, h->node, &coherent);
    h->host.ats_supported = ats;
    h->host.coherent = coherent;
    return st;
}

/* One block for all that the platform keeps, one for what is needed here. */
static iovp_status allocate(struct dt_pci *h, uint32_t **scratch)
{
    struct platform *p = h->t->platform;
    size_t n = (size_t)h->most + 1;
    size_t each = sizeof(*h->room) + sizeof(*h->function) + sizeof(*h->place);
    char *block = platform_alloc(p, 1, sizeof(*h->block) + n * each);

    *scratch = platform_alloc(p, h->t->nodes + n, sizeof(**scratch));
    h->host.memory = block;
    if (!block || !*scratch)
        return iovp_fail(IOVP_E_NOMEM, "no memory for PCI functions");
    h->block = (struct dt_pci_block *)(void *)block;
    h->room = (struct dt_pci_room *)(void *)(block + sizeof(*h->block));
    h->function = (struct pcie_root_function *)(void *)(h->room + n);
    h->place = (struct platform_pcie_function *)(void *)(h->function + n);
    h->of_node = *scratch;
    memset(h->of_node, 0xff, h->t->nodes * sizeof(*h->of_node));
    h->node_of = *scratch + h->t->nodes;
    h->block->root.size = sizeof(h->block->root);
    h->block->root.functions = h->function;
    snprintf(h->block->name, sizeof(h->block->name), "%s",
             dt_name(h->t, h->node));
    dt_path(h->t, h->node, h->block->path, sizeof(h->block->path));
    h->host.name = h->block->name;
    h->host.path = h->block->path;
    h->host.root = &h->block->root;
    h->host.function = h->place;
    return IOVP_OK;
}

static iovp_status read_host(struct dt_pci *h)
{
    int32_t index;
    const char *wrong;
    iovp_status st = read_ecam(h);

    if (st == IOVP_OK)
        st = read_windows(h);
    if (st == IOVP_OK)
        st = dt_pci_maps(h);
    if (st == IOVP_OK)
        st = read_flags(h);
    if (st == IOVP_OK)
        st = read_own(h);
    if (st == IOVP_OK)
        st = dt_pci_interrupts(h);
    if (st == IOVP_OK)
        st = dt_pci_functions(h);
    if (st != IOVP_OK)
        return st;
    h->block->root.function_count = h->functions;
    wrong = pcie_root_check(&h->block->root, &index);
    return wrong ? dt_pci_blame(h, index, wrong) : IOVP_OK;
}

iovp_status dt_build_pci(struct dt *t, uint32_t node)
{
    struct dt_pci h = {.t = t, .node = node};
    struct dt_node *n = &t->node[node];
    uint32_t *scratch = NULL;
    iovp_status st = dt_pci_check_cells(t, node);

    if (st == IOVP_OK)
        st = dt_pci_count(t, node, &h.most);
    if (st == IOVP_OK)
        st = allocate(&h, &scratch);
    if (st == IOVP_OK)
        st = read_host(&h);
    platform_free(t->platform, scratch);
    if (st != IOVP_OK) {
        platform_free(t->platform, h.host.memory);
        return st;
    }
    n->state = IOVP_NODE_BUILT;
    snprintf(n->what, sizeof(n->what),
             "PCIe host bridge, buses %u to %u, %u functions",
             h.block->root.bus_first, h.block->root.bus_last, h.functions);
    return platform_add_pcie(t->platform, &h.host);
}

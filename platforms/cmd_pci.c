/* SPDX-License-Identifier: MIT */
/* Hosts of the device tree; their windows become pools of addresses. */
#include "cmd_pci.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define LEVELS 32 /* of the device tree */

/* ---- configuration accesses ----------------------------------------- */

static uint64_t config_address(const struct cmd_pci_host *h, uint16_t id,
                               uint32_t at)
{
    return h->ecam + ((uint64_t)(id - (h->bus.bus_first << 8)) << 12 | at);
}

uint32_t cmd_pci_read(const struct cmd_pci_host *h, uint16_t id, uint32_t at,
                      unsigned width)
{
    uint64_t v;

    if (iovp_mmio_read(h->platform, config_address(h, id, at), width,
                       IOVP_SPACE_NONSECURE, &v) != IOVP_OK)
        v = UINT64_MAX >> (64 - 8 * width);
    return (uint32_t)v;
}

void cmd_pci_write(const struct cmd_pci_host *h, uint16_t id, uint32_t at,
                   unsigned width, uint32_t value)
{
    iovp_mmio_write(h->platform, config_address(h, id, at), width,
                    IOVP_SPACE_NONSECURE,
                    value & (uint32_t)(UINT64_MAX >> (64 - 8 * width)));
}

static uint32_t enum_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    return cmd_pci_read((struct cmd_pci_host *)ud, id, at, width);
}

static void enum_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                       uint32_t value)
{
    cmd_pci_write((struct cmd_pci_host *)ud, id, at, width, value);
}

bool cmd_pci_address(const struct cmd_pci_host *h, uint64_t pci, uint64_t *host)
{
    for (unsigned i = 0; i < h->windows; i++) {
        const struct cmd_pci_window *w = &h->window[i];

        if (w->kind == ENUM_IO || pci - w->pci >= w->size)
            continue;
        *host = w->host + (pci - w->pci);
        return true;
    }
    return false;
}

/* ---- the device tree ------------------------------------------------ */

static uint64_t cells(const fdt32_t *p, int n)
{
    uint64_t v = 0;

    for (int i = 0; i < n; i++)
        v = v << 32 | fdt32_to_cpu(p[i]);
    return v;
}

/* An address in `node`'s children's terms, upwards to the processors'. */
static uint64_t translate(const void *fdt, int node, uint64_t address)
{
    for (int n = 0; n < LEVELS && node > 0; n++) {
        int up = fdt_parent_offset(fdt, node), bytes, row;
        int a = fdt_address_cells(fdt, node), s = fdt_size_cells(fdt, node);
        int p = up >= 0 ? fdt_address_cells(fdt, up) : 0;
        const fdt32_t *r = fdt_getprop(fdt, node, "ranges", &bytes);

        if (a < 1 || a > 2 || p < 1 || p > 2 || s < 1 || s > 2)
            break;
        row = a + p + s;
        for (int i = 0; r && (i + row) * 4 <= bytes; i += row) {
            uint64_t base = cells(r + i, a);

            if (address - base < cells(r + i + a + p, s)) {
                address = address - base + cells(r + i + a, p);
                break;
            }
        }
        node = up;
    }
    return address;
}

/* phys.hi of a PCI address: bits [25:24] tell the space, bit 30 prefetchable
 * (IEEE 1275 PCI Bus Binding, 2.2.1). */
static bool kind_of(uint32_t hi, enum pcie_enum_kind *kind)
{
    static const enum pcie_enum_kind kinds[] = {ENUM_IO, ENUM_MEM, ENUM_PREF};
    unsigned space = hi >> 24 & 3;

    if (!space)
        return false;
    *kind = kinds[space - 1];
    if (space == 2 && hi & 1u << 30)
        *kind = ENUM_PREF;
    return true;
}

/* The largest window of each kind.  Address 0 means "none" in a BAR. */
static void make_pools(struct cmd_pci_host *h)
{
    static const uint64_t lowest[ENUM_POOLS] = {1u << 20, 1u << 20, 1u << 12};

    for (unsigned i = 0; i < h->windows; i++) {
        const struct cmd_pci_window *w = &h->window[i];
        struct pcie_enum_pool *p = &h->bus.pool[w->kind];

        if (w->size <= p->end - p->next)
            continue;
        p->next = w->pci ? w->pci : lowest[w->kind];
        p->end = w->pci + w->size;
    }
}

static void read_windows(struct cmd_pci_host *h, const void *fdt, int node)
{
    int bytes, up = fdt_parent_offset(fdt, node);
    int p = up >= 0 ? fdt_address_cells(fdt, up) : 0;
    const fdt32_t *r = fdt_getprop(fdt, node, "ranges", &bytes);
    int row = 3 + p + 2;

    for (int i = 0; r && p > 0 && (i + row) * 4 <= bytes; i += row) {
        struct cmd_pci_window *w = &h->window[h->windows];

        if (h->windows == CMD_PCI_WINDOWS)
            break;
        if (!kind_of(fdt32_to_cpu(r[i]), &w->kind))
            continue;
        w->pci = cells(r + i + 1, 2);
        w->host = translate(fdt, up, cells(r + i + 3, p));
        w->size = cells(r + i + 3 + p, 2);
        h->windows++;
    }
    make_pools(h);
}

static void read_host(struct cmd_pci_host *h, const void *fdt, int node,
                      const iovp_node *n)
{
    int bytes;
    const fdt32_t *range = fdt_getprop(fdt, node, "bus-range", &bytes);
    bool has_range = range && bytes == 8;
    const fdt32_t *domain = fdt_getprop(fdt, node, "linux,pci-domain", &bytes);
    uint64_t buses = n->reg_size >> 20;

    snprintf(h->path, sizeof(h->path), "%s", n->path);
    h->ecam = n->reg_base;
    if (domain && bytes == 4)
        h->domain = fdt32_to_cpu(*domain);
    h->bus.bus_first = has_range ? (uint8_t)fdt32_to_cpu(range[0]) : (uint8_t)0;
    h->bus.bus_last = has_range     ? (uint8_t)fdt32_to_cpu(range[1])
                      : buses > 256 ? (uint8_t)255
                                    : (uint8_t)(buses - 1);
    h->bus.read = enum_read;
    h->bus.write = enum_write;
    h->bus.ud = h;
    h->bus.features = true;
    read_windows(h, fdt, node);
}

/* ---- all of them ---------------------------------------------------- */

static bool is_host(const iovp_node *n)
{
    return n->state == IOVP_NODE_BUILT && n->reg_size >> 20 &&
           !strcmp(n->compatible, "pci-host-ecam-generic");
}

static int get_tree(iovp_platform *platform, const char *file, void **fdt)
{
    size_t bytes = 0;
    iovp_status st;

    iovp_platform_dtb(platform, NULL, &bytes);
    *fdt = malloc(bytes ? bytes : 1);
    if (!*fdt)
        return cmd_api_error(file, IOVP_E_NOMEM);
    st = iovp_platform_dtb(platform, *fdt, &bytes);
    return st == IOVP_OK ? CMD_OK : cmd_api_error(file, st);
}

static int enumerate(struct cmd_pci *p, iovp_platform *platform,
                     const char *file, const iovp_node *nodes, size_t count)
{
    void *fdt;
    int rc = get_tree(platform, file, &fdt);

    for (size_t i = 0; !rc && i < count; i++) {
        struct cmd_pci_host *h = &p->host[p->hosts];
        int node = fdt_path_offset(fdt, nodes[i].path);

        if (!is_host(&nodes[i]) || node < 0)
            continue;
        p->hosts++;
        h->platform = platform;
        read_host(h, fdt, node, &nodes[i]);
        pcie_enumerate(&h->bus);
        if (h->bus.error)
            cmd_note("%s: %s for all of its functions; make bus-range or "
                     "ranges larger",
                     h->path, h->bus.error);
    }
    free(fdt);
    return rc;
}

int cmd_pci_open(struct cmd_pci *p, iovp_platform *platform, const char *file)
{
    iovp_node *nodes;
    size_t count, hosts = 0;
    iovp_status st = cmd_nodes(platform, &nodes, &count);
    int rc;

    memset(p, 0, sizeof(*p));
    for (size_t i = 0; st == IOVP_OK && i < count; i++)
        hosts += is_host(&nodes[i]);
    if (st == IOVP_OK && hosts) {
        p->host = calloc(hosts, sizeof(*p->host));
        st = p->host ? IOVP_OK : IOVP_E_NOMEM;
    }
    rc = st != IOVP_OK ? cmd_api_error(file, st)
         : hosts       ? enumerate(p, platform, file, nodes, count)
                       : CMD_OK;
    free(nodes);
    return rc;
}

void cmd_pci_close(struct cmd_pci *p)
{
    free(p->host);
    memset(p, 0, sizeof(*p));
}

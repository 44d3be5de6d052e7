/* SPDX-License-Identifier: MIT */
/*
 * Downwards: by ID, by address, and delivery.  Where BARs or windows overlap,
 * the first on the bus answers, in the order of device and function; a
 * function's BARs come in their order, a bridge's before its windows.
 */
#include "pcie_internal.h"

#include <string.h>

/* Secondary Bus Reset, Link Disable, containment: nothing gets through. */
bool pcie_held(const struct pcie_fn *f)
{
    return cfg16(f, PCIE_BRIDGE_CONTROL) &
               PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET ||
           cap16(f, PCIE_CAP_EXP, PCIE_LNKCTL) & PCIE_LNKCTL_DISABLE ||
           pcie_contained(f);
}

/* Does it forward what is not meant for itself? */
bool pcie_port_up(const struct pcie_fn *f)
{
    return !pcie_held(f) && in_d0(f);
}

/* A device is unplugged with all its functions. */
bool pcie_link_alive(const struct pcie_fn *port)
{
    return port->child && !port->child->away && !pcie_held(port);
}

/* ---- by ID ------------------------------------------------------------ */

/* VFs have IDs by arithmetic, also on bus numbers behind their PF's. */
static struct pcie_fn *vf_on_bus(struct pcie *p, struct pcie_fn *bridge,
                                 uint16_t id)
{
    struct pcie_fn *f = bridge ? bridge->child : p->root, *vf = NULL;

    for (; f && !vf; f = f->next)
        if (f->vf && !f->away)
            vf = pcie_vf_by_id(f, id);
    return vf;
}

static struct pcie_fn *on_bus(struct pcie *p, struct pcie_fn *bridge,
                              uint16_t id)
{
    struct pcie_fn *f = bridge ? bridge->child : p->root;

    while (f && (f->devfn != (uint8_t)id || f->away))
        f = f->next;
    return f ? f : vf_on_bus(p, bridge, id);
}

/* 7.3.1: a port sends device 0 down its link only, unless it forwards ARI. */
static bool link_has(const struct pcie_fn *port, uint8_t devfn)
{
    return !leads_down(port) || !(devfn >> 3) ||
           cap16(port, PCIE_CAP_EXP, PCIE_DEVCTL2) &
               PCIE_DEVCTL2_ARI_FORWARDING;
}

static struct pcie_fn *bridge_to(struct pcie *p, struct pcie_fn *bridge,
                                 uint8_t bus)
{
    struct pcie_fn *f = bridge ? bridge->child : p->root;

    for (; f; f = f->next)
        if (is_bridge(f) && !f->away && cfg8(f, PCIE_SECONDARY_BUS) <= bus &&
            bus <= cfg8(f, PCIE_SUBORDINATE_BUS))
            break;
    return f;
}

/* *blame: as in struct pcie_target. */
struct pcie_fn *pcie_route_id(struct pcie *p, uint16_t id,
                              struct pcie_fn **blame)
{
    uint8_t bus = (uint8_t)(id >> 8), devfn = (uint8_t)id;
    struct pcie_fn *bridge, *vf;

    *blame = NULL;
    if (bus < p->bus_first || bus > p->bus_last)
        return NULL;
    if (bus == p->bus_first)
        return on_bus(p, NULL, id);
    /* The tree is finite, so is the way down. */
    bridge = bridge_to(p, NULL, bus);
    while (bridge && pcie_port_up(bridge)) {
        if (bus == cfg8(bridge, PCIE_SECONDARY_BUS)) {
            if (!link_has(bridge, devfn))
                return NULL;
            *blame = bridge;
            return on_bus(p, bridge, id);
        }
        vf = vf_on_bus(p, bridge, id);
        if (vf) {
            *blame = bridge;
            return vf;
        }
        bridge = bridge_to(p, bridge, bus);
    }
    return NULL;
}

struct pcie_fn *pcie_find(struct pcie *p, uint16_t id)
{
    struct pcie_fn *blame;

    return p ? pcie_route_id(p, id, &blame) : NULL;
}

/* ---- by address ---------------------------------------------------------- */

static bool is_io(const struct pcie_tlp *t)
{
    return t->type == PCIE_TLP_IORD || t->type == PCIE_TLP_IOWR;
}

static bool space_enabled(const struct pcie_fn *f, bool io)
{
    return cfg16(f, PCIE_COMMAND) &
           (io ? PCIE_COMMAND_IO_SPACE : PCIE_COMMAND_MEMORY_SPACE);
}

static bool bar_address(const struct pcie_fn *f, unsigned i, uint64_t *addr)
{
    uint32_t at = PCIE_BASE_ADDRESS + 4 * i;

    if (i == PCIE_ROM) {
        at = is_bridge(f) ? PCIE_EXPANSION_ROM_1 : PCIE_EXPANSION_ROM_0;
        if (!(cfg32(f, at) & PCIE_EXPANSION_ROM_ENABLE))
            return false;
    }
    *addr = cfg32(f, at);
    if (i != PCIE_ROM && f->bar[i].flags & PCIE_BAR_64)
        *addr |= (uint64_t)cfg32(f, at + 4) << 32;
    *addr &= ~(f->bar[i].size - 1);
    return true;
}

bool pcie_bar_hit(const struct pcie_fn *f, const struct pcie_tlp *t,
                  struct pcie_target *to)
{
    bool io = is_io(t);

    if (f->away)
        return false;
    if (!io && f->vf && pcie_vf_hit(f, t, to))
        return true;
    if (!space_enabled(f, io) || !in_d0(f))
        return false;
    for (unsigned i = 0; i <= PCIE_ROM; i++) {
        uint64_t base, size = f->bar[i].size;

        if (!size || io != !!(f->bar[i].flags & PCIE_BAR_IO) ||
            !bar_address(f, i, &base) || (t->addr & ~(size - 1)) != base)
            continue;
        to->f = (struct pcie_fn *)f;
        to->bar = i;
        to->offset = t->addr - base;
        return true;
    }
    return false;
}

static bool between(uint64_t addr, uint64_t base, uint64_t limit)
{
    return base <= addr && addr <= limit;
}

/* 7.5.1.3.6 to .12.  What a window's registers say, whether or not it is
 * enabled downwards. */
static bool window_covers(const struct pcie_fn *f, uint64_t addr, bool io)
{
    uint64_t base, limit;

    if (io) {
        base = (uint64_t)(cfg8(f, PCIE_IO_BASE) & 0xf0) << 8 |
               cfg16(f, PCIE_IO_BASE_UPPER) << 16;
        limit = (uint64_t)(cfg8(f, PCIE_IO_LIMIT) & 0xf0) << 8 |
                cfg16(f, PCIE_IO_LIMIT_UPPER) << 16 | 0xfff;
        return between(addr, base, limit);
    }
    base = (uint64_t)(cfg16(f, PCIE_MEMORY_BASE) & 0xfff0) << 16;
    limit = (uint64_t)(cfg16(f, PCIE_MEMORY_LIMIT) & 0xfff0) << 16 | 0xfffff;
    if (between(addr, base, limit))
        return true;
    base = (uint64_t)(cfg16(f, PCIE_PREFETCHABLE_BASE) & 0xfff0) << 16 |
           (uint64_t)cfg32(f, PCIE_PREFETCHABLE_BASE_UPPER) << 32;
    limit = (uint64_t)(cfg16(f, PCIE_PREFETCHABLE_LIMIT) & 0xfff0) << 16 |
            (uint64_t)cfg32(f, PCIE_PREFETCHABLE_LIMIT_UPPER) << 32 | 0xfffff;
    return between(addr, base, limit);
}

bool pcie_window_hit(const struct pcie_fn *f, const struct pcie_tlp *t)
{
    bool io = is_io(t);

    return is_bridge(f) && !f->away && space_enabled(f, io) && in_d0(f) &&
           window_covers(f, t->addr, io);
}

void pcie_route_down(struct pcie *p, struct pcie_fn *bridge,
                     const struct pcie_fn *except, const struct pcie_tlp *t,
                     struct pcie_target *to)
{
    struct pcie_fn *f = bridge ? bridge->child : p->root;

    memset(to, 0, sizeof(*to));
    to->blame = bridge;
    while (f) {
        if (f != except && pcie_bar_hit(f, t, to))
            return;
        if (f == except || !pcie_window_hit(f, t)) {
            f = f->next;
            continue;
        }
        /* It is the bridge's: nobody else on this bus is asked. */
        to->blame = f;
        if (!to->root_port && f->kind == PCIE_ROOT_PORT)
            to->root_port = f;
        if (pcie_held(f))
            return;
        f = f->child;
    }
}

/* ---- delivery -------------------------------------------------------------
 */

enum pcie_status pcie_deliver(const struct pcie_target *to,
                              const struct pcie_tlp *t, void *data)
{
    struct pcie_fn *f = to->f;
    const struct pcie_fn_ops *ops = f->ops;

    if (to->offset + t->length > f->bar[to->bar].size)
        return PCIE_UR;
    switch ((enum pcie_tlp_type)t->type) {
    case PCIE_TLP_MRD:
    case PCIE_TLP_IORD:
        if (pcie_msix_read(f, to, t->length, (uint8_t *)data))
            return PCIE_SC;
        return ops && ops->read
                   ? ops->read(f->opaque, to->bar, to->offset, t, data)
                   : PCIE_UR;
    case PCIE_TLP_MWR:
    case PCIE_TLP_IOWR:
        if (pcie_msix_write(f, to, t->length, (const uint8_t *)data))
            return PCIE_SC;
        return ops && ops->write
                   ? ops->write(f->opaque, to->bar, to->offset, t, data)
                   : PCIE_UR;
    case PCIE_TLP_FETCH_ADD:
    case PCIE_TLP_SWAP:
    case PCIE_TLP_CAS:
        return ops && ops->atomic
                   ? ops->atomic(f->opaque, to->bar, to->offset, t, data)
                   : PCIE_UR;
    default:
        return PCIE_UR;
    }
}

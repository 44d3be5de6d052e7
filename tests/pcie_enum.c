/* SPDX-License-Identifier: MIT */
#include "pcie_enum.h"

#include <stddef.h>
#include <string.h>

/* Offsets by number: this is a second reading of the specification. */

static uint32_t rd(const struct pcie_enum *e, uint16_t id, uint32_t at,
                   unsigned width)
{
    return e->read(e->ud, id, at, width);
}

static void wr(const struct pcie_enum *e, uint16_t id, uint32_t at,
               unsigned width, uint32_t value)
{
    e->write(e->ud, id, at, width, value);
}

static uint64_t take(struct pcie_enum *e, enum pcie_enum_kind kind,
                     uint64_t size)
{
    struct pcie_enum_pool *p = &e->pool[kind];
    uint64_t at = (p->next + size - 1) & ~(size - 1);

    if (at + size > p->end) {
        e->error = "out of addresses";
        return 0;
    }
    p->next = at + size;
    return at;
}

static void place_bars(struct pcie_enum *e, struct pcie_enum_fn *f)
{
    unsigned count = f->header == 1 ? 2 : 6;

    for (unsigned i = 0; i < count; i++) {
        uint32_t at = 0x10 + 4 * i, was = rd(e, f->id, at, 4), mask;
        bool io = was & 1, wide = !io && (was >> 1 & 3) == 2;
        bool pref = !io && was & 8;
        uint64_t size;

        wr(e, f->id, at, 4, 0xffffffff);
        mask = rd(e, f->id, at, 4);
        wr(e, f->id, at, 4, was);
        size = mask & (io ? ~3u : ~15u);
        if (wide) {
            wr(e, f->id, at + 4, 4, 0xffffffff);
            size |= (uint64_t)rd(e, f->id, at + 4, 4) << 32;
        } else if (size) {
            size |= 0xffffffffull << 32;
        }
        size = ~size + 1;
        if (!size || !mask)
            continue;
        f->size[i] = size;
        f->bar[i] = take(e,
                         io             ? ENUM_IO
                         : wide && pref ? ENUM_PREF
                                        : ENUM_MEM,
                         size);
        wr(e, f->id, at, 4, (uint32_t)f->bar[i]);
        if (wide)
            wr(e, f->id, at + 4, 4, (uint32_t)(f->bar[i] >> 32));
        i += wide;
    }
}

static void place_rom(struct pcie_enum *e, struct pcie_enum_fn *f)
{
    uint32_t at = f->header == 1 ? 0x38 : 0x30, mask;

    wr(e, f->id, at, 4, 0xfffff800);
    mask = rd(e, f->id, at, 4) & 0xfffff800;
    wr(e, f->id, at, 4, 0);
    if (!mask)
        return;
    f->size[6] = ~mask + 1u;
    f->bar[6] = take(e, ENUM_MEM, f->size[6]);
    wr(e, f->id, at, 4, (uint32_t)f->bar[6]);
}

/* Windows begin and end at multiples of this. */
static const uint64_t grain[ENUM_POOLS] = {1u << 20, 1u << 20, 1u << 12};

static void align_pools(struct pcie_enum *e)
{
    for (unsigned k = 0; k < ENUM_POOLS; k++)
        e->pool[k].next = (e->pool[k].next + grain[k] - 1) & ~(grain[k] - 1);
}

static void open_bridge(struct pcie_enum *e, struct pcie_enum_fn *f,
                        uint8_t bus, uint64_t *base)
{
    f->secondary = ++e->bus;
    wr(e, f->id, 0x18, 1, bus);
    wr(e, f->id, 0x19, 1, f->secondary);
    wr(e, f->id, 0x1a, 1, e->bus_last);
    align_pools(e);
    for (unsigned k = 0; k < ENUM_POOLS; k++)
        base[k] = e->pool[k].next;
}

/* base > limit closes a window. */
static void close_bridge(struct pcie_enum *e, struct pcie_enum_fn *f,
                         const uint64_t *base)
{
    uint64_t limit[ENUM_POOLS];

    align_pools(e);
    for (unsigned k = 0; k < ENUM_POOLS; k++)
        limit[k] = e->pool[k].next - 1;
    f->subordinate = e->bus;
    wr(e, f->id, 0x1a, 1, e->bus);
    wr(e, f->id, 0x20, 2, (uint32_t)(base[ENUM_MEM] >> 16));
    wr(e, f->id, 0x22, 2, (uint32_t)(limit[ENUM_MEM] >> 16) & 0xfff0);
    wr(e, f->id, 0x24, 2, (uint32_t)(base[ENUM_PREF] >> 16) & 0xfff0);
    wr(e, f->id, 0x26, 2, (uint32_t)(limit[ENUM_PREF] >> 16) & 0xfff0);
    wr(e, f->id, 0x28, 4, (uint32_t)(base[ENUM_PREF] >> 32));
    wr(e, f->id, 0x2c, 4, (uint32_t)(limit[ENUM_PREF] >> 32));
    wr(e, f->id, 0x1c, 1, (uint32_t)(base[ENUM_IO] >> 8) & 0xf0);
    wr(e, f->id, 0x1d, 1, (uint32_t)(limit[ENUM_IO] >> 8) & 0xf0);
    wr(e, f->id, 0x30, 2, (uint32_t)(base[ENUM_IO] >> 16));
    wr(e, f->id, 0x32, 2, (uint32_t)(limit[ENUM_IO] >> 16));
}

/* One function, if it is there; its header type byte. */
static struct pcie_enum_fn *probe(struct pcie_enum *e, uint16_t id,
                                  uint8_t *header)
{
    struct pcie_enum_fn *f = &e->fn[e->count];
    uint32_t ids = rd(e, id, 0, 4);

    if ((ids & 0xffff) == 0xffff || e->count == PCIE_ENUM_MAX)
        return NULL;
    memset(f, 0, sizeof(*f));
    e->count++;
    f->id = id;
    f->vendor = (uint16_t)ids;
    f->device = (uint16_t)(ids >> 16);
    *header = (uint8_t)rd(e, id, 0x0e, 1);
    f->header = *header & 0x7f;
    place_bars(e, f);
    place_rom(e, f);
    wr(e, id, 0x04, 2, 0x0007);
    return f;
}

struct level {
    struct pcie_enum_fn *bridge; /* NULL: the root bus */
    uint64_t base[ENUM_POOLS];
    uint8_t bus;
    unsigned devfn; /* looked at next; 256: done */
};

void pcie_enumerate(struct pcie_enum *e)
{
    struct level stack[PCIE_ENUM_DEPTH] = {{.bus = e->bus_first}};
    unsigned depth = 0;

    e->bus = e->bus_first;
    e->count = 0;
    e->error = NULL;
    for (;;) {
        struct level *l = &stack[depth];
        struct pcie_enum_fn *f;
        uint8_t header = 0;

        if (l->devfn == 256) {
            if (!depth)
                return;
            close_bridge(e, l->bridge, l->base);
            depth--;
            continue;
        }
        f = probe(e, (uint16_t)(l->bus << 8 | l->devfn), &header);
        /* Function 0 tells whether there are others. */
        if (!(l->devfn & 7) && (!f || !(header & 0x80)))
            l->devfn += 8;
        else
            l->devfn++;
        if (!f || f->header != 1)
            continue;
        if (depth + 1 == PCIE_ENUM_DEPTH || e->bus == e->bus_last) {
            e->error = "out of buses";
            return;
        }
        l = &stack[++depth];
        memset(l, 0, sizeof(*l));
        l->bridge = f;
        open_bridge(e, f, stack[depth - 1].bus, l->base);
        l->bus = f->secondary;
    }
}

const struct pcie_enum_fn *pcie_enum_find(const struct pcie_enum *e,
                                          uint16_t vendor, uint16_t device)
{
    for (unsigned i = 0; i < e->count; i++)
        if (e->fn[i].vendor == vendor && e->fn[i].device == device)
            return &e->fn[i];
    return NULL;
}

uint32_t pcie_enum_cap(const struct pcie_enum *e, uint16_t id, uint8_t cap)
{
    uint32_t at = rd(e, id, 0x06, 2) & 0x10 ? rd(e, id, 0x34, 1) : 0;

    for (unsigned n = 0; at >= 0x40 && n < 48; n++) {
        uint32_t header = rd(e, id, at, 2);

        if ((header & 0xff) == cap)
            return at;
        at = header >> 8;
    }
    return 0;
}

uint32_t pcie_enum_ext(const struct pcie_enum *e, uint16_t id, uint16_t cap)
{
    uint32_t at = 0x100;

    for (unsigned n = 0; at >= 0x100 && n < 960; n++) {
        uint32_t header = rd(e, id, at, 4);

        if (!header)
            return 0;
        if ((header & 0xffff) == cap)
            return at;
        at = header >> 20;
    }
    return 0;
}

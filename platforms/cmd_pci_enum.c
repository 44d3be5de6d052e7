/* SPDX-License-Identifier: MIT */
#include "cmd_pci_enum.h"

#include <stddef.h>
#include <string.h>

/* Offsets by number: this is a second reading of the specification. */

#define CAP_EXPRESS 0x10
#define EXT_ARI     0x000e
#define EXT_SRIOV   0x0010

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

/* ---- addresses ------------------------------------------------------ */

static bool has_pool(const struct pcie_enum *e, enum pcie_enum_kind kind)
{
    return e->pool[kind].end != 0;
}

/* `size` is a multiple of `align`, a power of two.  0: none is left. */
static uint64_t take(struct pcie_enum *e, enum pcie_enum_kind kind,
                     uint64_t size, uint64_t align)
{
    struct pcie_enum_pool *p = &e->pool[kind];
    uint64_t at = (p->next + align - 1) & ~(align - 1);

    if (!has_pool(e, kind))
        return 0;
    if (at < p->next || at > p->end || size > p->end - at) {
        e->error = "out of addresses";
        return 0;
    }
    p->next = at + size;
    return at;
}

struct bar {
    uint64_t size;
    enum pcie_enum_kind kind;
    bool wide; /* takes the next one, too */
};

static struct bar probe_bar(struct pcie_enum *e, uint16_t id, uint32_t at)
{
    uint32_t was = rd(e, id, at, 4), mask;
    bool io = was & 1, pref = !io && was & 8;
    struct bar b = {0, ENUM_MEM, !io && (was >> 1 & 3) == 2};
    uint64_t ones;

    wr(e, id, at, 4, 0xffffffff);
    mask = rd(e, id, at, 4);
    wr(e, id, at, 4, was);
    ones = mask & (io ? ~3u : ~15u);
    if (b.wide) {
        wr(e, id, at + 4, 4, 0xffffffff);
        ones |= (uint64_t)rd(e, id, at + 4, 4) << 32;
    } else if (ones) {
        ones |= 0xffffffffull << 32;
    }
    b.size = mask ? ~ones + 1 : 0;
    if (io)
        b.kind = ENUM_IO;
    else if (b.wide && pref && has_pool(e, ENUM_PREF))
        b.kind = ENUM_PREF;
    return b;
}

/* BARs from `at` on, each for `times` functions side by side. */
static void place_bars(struct pcie_enum *e, uint16_t id, uint32_t at,
                       unsigned count, uint32_t times, uint64_t *bar,
                       uint64_t *size)
{
    for (unsigned i = 0; i < count; i++, at += 4) {
        struct bar b = probe_bar(e, id, at);

        if (!b.size || b.size > UINT64_MAX / times)
            continue;
        size[i] = b.size;
        bar[i] = take(e, b.kind, b.size * times, b.size);
        wr(e, id, at, 4, (uint32_t)bar[i]);
        if (!b.wide)
            continue;
        wr(e, id, at + 4, 4, (uint32_t)(bar[i] >> 32));
        at += 4;
        i++;
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
    f->bar[6] = take(e, ENUM_MEM, f->size[6], f->size[6]);
    wr(e, f->id, at, 4, (uint32_t)f->bar[6]);
}

/* Addresses and bus numbers of the VFs, whether or not they will be used. */
static void place_vfs(struct pcie_enum *e, struct pcie_enum_fn *f)
{
    uint32_t at = pcie_enum_ext(e, f->id, EXT_SRIOV), total;
    uint64_t last;

    if (!at)
        return;
    total = rd(e, f->id, at + 0x0e, 2);
    if (!total)
        return;
    place_bars(e, f->id, at + 0x24, 6, total, f->vf_bar, f->vf_size);
    last = f->id + rd(e, f->id, at + 0x14, 2) +
           (uint64_t)(total - 1) * rd(e, f->id, at + 0x16, 2);
    if (last >> 8 > e->bus_last)
        e->error = "out of buses";
    else if (last >> 8 > e->bus)
        e->bus = (uint8_t)(last >> 8);
}

/* ---- bridges -------------------------------------------------------- */

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
                         uint64_t *base)
{
    uint64_t limit[ENUM_POOLS];

    align_pools(e);
    for (unsigned k = 0; k < ENUM_POOLS; k++) {
        limit[k] = e->pool[k].next - 1;
        if (e->pool[k].next > base[k])
            continue;
        base[k] = grain[k];
        limit[k] = 0;
    }
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

/* ---- functions ------------------------------------------------------ */

/* One function, if it is there; its header type byte. */
static struct pcie_enum_fn *probe(struct pcie_enum *e, uint16_t id,
                                  int16_t parent, uint8_t *header)
{
    uint32_t ids = rd(e, id, 0, 4);
    struct pcie_enum_fn *f;

    if ((ids & 0xffff) == 0xffff)
        return NULL;
    if (e->count == PCIE_ENUM_MAX) {
        e->error = "too many functions";
        return NULL;
    }
    f = &e->fn[e->count++];
    memset(f, 0, sizeof(*f));
    f->id = id;
    f->parent = parent;
    f->vendor = (uint16_t)ids;
    f->device = (uint16_t)(ids >> 16);
    *header = (uint8_t)rd(e, id, 0x0e, 1);
    f->header = *header & 0x7f;
    place_bars(e, id, 0x10, f->header == 1 ? 2 : 6, 1, f->bar, f->size);
    place_rom(e, f);
    if (e->features)
        place_vfs(e, f);
    wr(e, id, 0x04, 2, 0x0007);
    return f;
}

struct level {
    struct pcie_enum_fn *bridge; /* NULL: the root bus */
    uint64_t base[ENUM_POOLS];
    uint8_t bus;
    bool ari;       /* function numbers have 8 bits: follow the list */
    unsigned devfn; /* looked at next; 256: done */
};

/* DevCap2 and DevCtl2, bit 5: ARI Forwarding, if the device is of that kind. */
static bool start_ari(const struct pcie_enum *e, const struct level *l,
                      const struct pcie_enum_fn *f)
{
    uint32_t at;

    if (!e->features || !l->bridge || l->devfn ||
        !pcie_enum_ext(e, f->id, EXT_ARI))
        return false;
    at = pcie_enum_cap(e, l->bridge->id, CAP_EXPRESS);
    if (!at || !(rd(e, l->bridge->id, at + 0x24, 4) & 0x20))
        return false;
    wr(e, l->bridge->id, at + 0x28, 2,
       rd(e, l->bridge->id, at + 0x28, 2) | 0x20);
    return true;
}

static void next_function(const struct pcie_enum *e, struct level *l,
                          const struct pcie_enum_fn *f, uint8_t header)
{
    unsigned next = 0;
    uint32_t at;

    if (f && start_ari(e, l, f))
        l->ari = true;
    if (l->ari) {
        at = f ? pcie_enum_ext(e, f->id, EXT_ARI) : 0;
        if (at)
            next = rd(e, f->id, at + 5, 1);
        /* Upwards only, or a list would have no end. */
        l->devfn = next > l->devfn ? next : 256;
    } else if (!(l->devfn & 7) && (!f || !(header & 0x80))) {
        /* Function 0 tells whether there are others. */
        l->devfn += 8;
    } else {
        l->devfn++;
    }
}

static bool go_down(struct pcie_enum *e, struct level *from, struct level *l,
                    struct pcie_enum_fn *f)
{
    if (e->bus >= e->bus_last) {
        e->error = "out of buses";
        return false;
    }
    memset(l, 0, sizeof(*l));
    l->bridge = f;
    open_bridge(e, f, from->bus, l->base);
    l->bus = f->secondary;
    return true;
}

static void number_buses(struct pcie_enum *e)
{
    struct level stack[PCIE_ENUM_DEPTH] = {{.bus = e->bus_first}};
    unsigned depth = 0;

    for (;;) {
        struct level *l = &stack[depth];
        struct pcie_enum_fn *f;
        uint8_t header = 0;

        if (l->devfn >= 256) {
            if (!depth)
                return;
            close_bridge(e, l->bridge, l->base);
            depth--;
            continue;
        }
        f = probe(e, (uint16_t)(l->bus << 8 | l->devfn),
                  l->bridge ? (int16_t)(l->bridge - e->fn) : (int16_t)-1,
                  &header);
        next_function(e, l, f, header);
        if (!f || f->header != 1)
            continue;
        if (depth + 1 == PCIE_ENUM_DEPTH) {
            e->error = "out of buses";
            return;
        }
        if (!go_down(e, l, &stack[depth + 1], f))
            return;
        depth++;
    }
}

/* ---- Max_Payload_Size ----------------------------------------------- */

/* The function on the root bus that `i` is or is below. */
static unsigned top_of(const struct pcie_enum *e, unsigned i)
{
    while (e->fn[i].parent >= 0)
        i = (unsigned)e->fn[i].parent; /* parents have lower indices */
    return i;
}

/* Everybody below a root port sends and bears the same size of packets. */
static void set_payload(struct pcie_enum *e)
{
    uint8_t size[PCIE_ENUM_MAX];

    memset(size, 7, sizeof(size));
    for (unsigned i = 0; i < e->count; i++) {
        uint32_t at = pcie_enum_cap(e, e->fn[i].id, CAP_EXPRESS);
        uint8_t has =
            at ? (uint8_t)(rd(e, e->fn[i].id, at + 0x04, 4) & 7) : (uint8_t)0;

        if (has < size[top_of(e, i)])
            size[top_of(e, i)] = has;
    }
    for (unsigned i = 0; i < e->count; i++) {
        uint16_t id = e->fn[i].id;
        uint32_t at = pcie_enum_cap(e, id, CAP_EXPRESS);

        if (at)
            wr(e, id, at + 0x08, 2,
               (rd(e, id, at + 0x08, 2) & 0xff1f) | (uint32_t)size[top_of(e, i)]
                                                        << 5);
    }
}

void pcie_enumerate(struct pcie_enum *e)
{
    e->bus = e->bus_first;
    e->count = 0;
    e->error = NULL;
    number_buses(e);
    if (e->features)
        set_payload(e);
}

/* ---- looking up ----------------------------------------------------- */

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
    /* 7.5.1.1.11: the lowest two bits of such pointers are to be masked. */
    uint32_t at = rd(e, id, 0x06, 2) & 0x10 ? rd(e, id, 0x34, 1) & ~3u : 0;

    for (unsigned n = 0; at >= 0x40 && n < 48; n++) {
        uint32_t header = rd(e, id, at, 2);

        if ((header & 0xff) == cap)
            return at;
        at = header >> 8 & ~3u;
    }
    return 0;
}

uint32_t pcie_enum_ext(const struct pcie_enum *e, uint16_t id, uint16_t cap)
{
    uint32_t at = 0x100;

    for (unsigned n = 0; at >= 0x100 && n < 960; n++) {
        uint32_t header = rd(e, id, at, 4);

        if (!header || header == 0xffffffff)
            return 0;
        if ((header & 0xffff) == cap)
            return at;
        at = header >> 20 & ~3u;
    }
    return 0;
}

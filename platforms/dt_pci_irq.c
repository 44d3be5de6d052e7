/* SPDX-License-Identifier: MIT */
/*
 * interrupt-map of a host bridge (Devicetree Specification 2.4.3): to which
 * interrupts the pins of devices on its bus lead.  A root complex has four
 * lines, so the map says one of two things: device and pin together choose the
 * line, as on any bus (PCIe 2.2.8.1), or the pin does.
 */
#include "dt_pci.h"

#define ENTRIES 512u
#define KEY     4u /* cells: unit address, pin */
#define DEVICES 32u
#define PINS    4u

struct entry {
    uint32_t key[KEY];
    uint32_t spi;
};

struct irq_map {
    uint32_t mask[KEY];
    uint32_t count;
    struct entry entry[ENTRIES];
};

static iovp_status read_map(const struct dt_pci *h, const struct dt_prop *p,
                            struct irq_map *m)
{
    uint32_t at = 0;
    iovp_status st = IOVP_OK;

    while (st == IOVP_OK && at < p->len / 4) {
        struct entry *e = &m->entry[m->count];

        if (m->count++ == ENTRIES)
            return dt_fail(h->t, h->node, "interrupt-map",
                           "more than %u entries", ENTRIES);
        if (p->len / 4 - at < KEY + 1)
            return dt_fail(h->t, h->node, "interrupt-map",
                           "the last entry is cut off");
        for (uint32_t i = 0; i < KEY; i++)
            e->key[i] = dt_cell(p, at++);
        st = dt_mapped_interrupt(h->t, h->node, p, &at, &e->spi);
    }
    return st;
}

/* PLATFORM_NO_IRQ: the map does not say. */
static uint32_t look_up(const struct irq_map *m, uint32_t device, uint32_t pin)
{
    const uint32_t key[KEY] = {device << 11, 0, 0, pin};

    for (uint32_t i = 0; i < m->count; i++) {
        bool same = true;

        for (uint32_t k = 0; k < KEY; k++)
            same &= !((m->entry[i].key[k] ^ key[k]) & m->mask[k]);
        if (same)
            return m->entry[i].spi;
    }
    return PLATFORM_NO_IRQ;
}

/* The four lines, if the map has them. */
static bool read_lines(const struct irq_map *m, bool by_pin,
                       uint32_t line[PINS])
{
    for (uint32_t i = 0; i < PINS; i++)
        line[i] = PLATFORM_NO_IRQ;
    for (uint32_t d = 0; d < DEVICES; d++) {
        for (uint32_t pin = 0; pin < PINS; pin++) {
            uint32_t *l = &line[(pin + (by_pin ? 0 : d)) % PINS];
            uint32_t spi = look_up(m, d, pin + 1);

            if (*l == PLATFORM_NO_IRQ)
                *l = spi;
            if (spi != PLATFORM_NO_IRQ && spi != *l)
                return false;
        }
    }
    return true;
}

iovp_status dt_pci_interrupts(struct dt_pci *h)
{
    struct irq_map m = {.mask = {~0u, ~0u, ~0u, ~0u}};
    uint32_t cells = 0;
    struct dt_prop p, mask;
    iovp_status st;

    for (uint32_t i = 0; i < PINS; i++)
        h->host.irq[i] = PLATFORM_NO_IRQ;
    if (!dt_get(h->t, h->node, "interrupt-map", &p))
        return IOVP_OK;
    st = dt_get_u32(h->t, h->node, "#interrupt-cells", &cells);
    if (st == IOVP_OK && cells != 1)
        st = dt_fail(h->t, h->node, "#interrupt-cells", "must be <1>");
    if (st == IOVP_OK && dt_get(h->t, h->node, "interrupt-map-mask", &mask)) {
        if (mask.len != 4 * KEY)
            return dt_fail(h->t, h->node, "interrupt-map-mask",
                           "4 cells are needed, not %u bytes", mask.len);
        for (uint32_t i = 0; i < KEY; i++)
            m.mask[i] = dt_cell(&mask, i);
    }
    if (st == IOVP_OK && (!p.len || p.len % 4))
        st = dt_fail(h->t, h->node, "interrupt-map", "%u bytes are no entries",
                     p.len);
    if (st == IOVP_OK)
        st = read_map(h, &p, &m);
    if (st != IOVP_OK || read_lines(&m, false, h->host.irq))
        return st;
    h->block->root.intx_by_pin = true;
    if (read_lines(&m, true, h->host.irq))
        return IOVP_OK;
    return dt_fail(h->t, h->node, "interrupt-map",
                   "four lines are understood, chosen by device and pin "
                   "together, or by the pin");
}

/* SPDX-License-Identifier: MIT */
/* The headers of type 0 and 1 (7.5.1): reset values and masks. */
#include "pcie_internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void pcie_reg_masks(struct pcie_fn *f, uint32_t base,
                    const struct pcie_reg *rows, size_t count)
{
    for (size_t r = 0; r < count; r++)
        for (unsigned i = 0; i < rows[r].bytes; i++) {
            uint32_t at = base + rows[r].at + i;

            f->write[at] = (uint8_t)(rows[r].write >> (8 * i));
            f->clear[at] = (uint8_t)(rows[r].clear >> (8 * i));
            f->sticky[at] = (uint8_t)(rows[r].sticky >> (8 * i));
        }
}

void pcie_reg_value(struct pcie_fn *f, uint32_t at, unsigned bytes,
                    uint32_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        f->initial[at + i] = (uint8_t)(value >> (8 * i));
}

#define COMMAND_BITS                                          \
    (PCIE_COMMAND_IO_SPACE | PCIE_COMMAND_MEMORY_SPACE |      \
     PCIE_COMMAND_BUS_MASTER | PCIE_COMMAND_PARITY_RESPONSE | \
     PCIE_COMMAND_SERR_ENABLE | PCIE_COMMAND_INTERRUPT_DISABLE)

static const struct pcie_reg common[] = {
    {PCIE_COMMAND, 2, COMMAND_BITS, 0, 0},
    {PCIE_STATUS, 2, 0, 0xf900, 0},
    {PCIE_CACHE_LINE_SIZE, 1, 0xff, 0, 0},
    {PCIE_INTERRUPT_LINE, 1, 0xff, 0, 0},
};

static const struct pcie_reg type1[] = {
    {PCIE_PRIMARY_BUS, 3, 0xffffff, 0, 0},
    {PCIE_IO_BASE, 2, 0xf0f0, 0, 0},
    {PCIE_SECONDARY_STATUS, 2, 0, 0xf900, 0},
    {PCIE_MEMORY_BASE, 4, 0xfff0fff0, 0, 0},
    {PCIE_PREFETCHABLE_BASE, 4, 0xfff0fff0, 0, 0},
    {PCIE_PREFETCHABLE_BASE_UPPER, 4, 0xffffffff, 0, 0},
    {PCIE_PREFETCHABLE_LIMIT_UPPER, 4, 0xffffffff, 0, 0},
    {PCIE_IO_BASE_UPPER, 4, 0xffffffff, 0, 0},
    {PCIE_BRIDGE_CONTROL, 2,
     PCIE_BRIDGE_CONTROL_PARITY_RESPONSE | PCIE_BRIDGE_CONTROL_SERR_ENABLE |
         PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET,
     0, 0},
};

uint32_t pcie_bar_bits(const struct pcie_bar *b)
{
    if (!b->size)
        return 0;
    if (b->flags & PCIE_BAR_IO)
        return PCIE_BAR_IO_SPACE;
    return (b->flags & PCIE_BAR_64 ? PCIE_BAR_TYPE_64 : 0) |
           (b->flags & PCIE_BAR_PREFETCH ? PCIE_BAR_PREFETCHABLE : 0);
}

static void build_bars(struct pcie_fn *f, const struct pcie_fn_config *c)
{
    for (unsigned i = 0; i < PCIE_BARS; i++) {
        const struct pcie_bar *b = &c->bar[i];
        uint32_t at = PCIE_BASE_ADDRESS + 4 * i;
        uint64_t mask = ~(b->size - 1);

        f->bar[i] = *b;
        if (!b->size)
            continue;
        pcie_reg_value(f, at, 4, pcie_bar_bits(b));
        pcie_reg_masks(f, at, &(struct pcie_reg){0, 4, (uint32_t)mask, 0, 0},
                       1);
        if (b->flags & PCIE_BAR_64)
            pcie_reg_masks(
                f, at + 4,
                &(struct pcie_reg){0, 4, (uint32_t)(mask >> 32), 0, 0}, 1);
    }
    if (c->rom) {
        f->bar[PCIE_ROM].size = c->rom;
        pcie_reg_masks(
            f, is_bridge(f) ? PCIE_EXPANSION_ROM_1 : PCIE_EXPANSION_ROM_0,
            &(struct pcie_reg){0, 4, ~(c->rom - 1) | PCIE_EXPANSION_ROM_ENABLE,
                               0, 0},
            1);
    }
}

void pcie_build_header(struct pcie_fn *f, const struct pcie_fn_config *c)
{
    uint32_t class_code = c->class_code;

    if (is_bridge(f) && !class_code)
        class_code = 0x060400;
    pcie_reg_value(f, PCIE_VENDOR_ID, 2, c->vendor_id);
    pcie_reg_value(f, PCIE_DEVICE_ID, 2, c->device_id);
    pcie_reg_value(f, PCIE_REVISION_ID, 1, c->revision_id);
    pcie_reg_value(f, PCIE_CLASS_CODE, 3, class_code);
    pcie_reg_value(f, PCIE_INTERRUPT_PIN, 1, c->interrupt_pin);
    pcie_reg_masks(f, 0, common, COUNT(common));
    build_bars(f, c);
    if (is_bridge(f)) {
        pcie_reg_value(f, PCIE_HEADER_TYPE, 1, PCIE_HEADER_TYPE_1);
        pcie_reg_masks(f, 0, type1, COUNT(type1));
        pcie_reg_value(f, PCIE_IO_BASE, 2, PCIE_IO_32BIT * 0x0101);
        pcie_reg_value(f, PCIE_PREFETCHABLE_BASE, 4,
                       PCIE_PREFETCHABLE_64BIT * 0x00010001);
    } else {
        pcie_reg_value(f, PCIE_SUBSYSTEM_VENDOR_ID, 2, c->subsystem_vendor_id);
        pcie_reg_value(f, PCIE_SUBSYSTEM_ID, 2, c->subsystem_id);
    }
}

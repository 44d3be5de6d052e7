/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#define PAGE   0x1000u
#define AROUND 64u   /* refreshed around a store */
#define HEAD   512u  /* of a device's registers: always refreshed */
#define CONFIG 1024u /* and of a function's configuration space */

#define SMMU_PAGE1 0x10000u

/* Configuration space: what lies where (PCIe 7.5.1). */
#define PCI_COMMAND        0x04
#define PCI_HEADER_TYPE    0x0c /* of the doubleword: bits [23:16] */
#define PCI_BARS           0x10
#define PCI_BUS_NUMBERS    0x18
#define PCI_BRIDGE_CONTROL 0x3c /* of the doubleword */
#define PCI_WINDOWS_END    0x34
#define PCI_EXTENDED       0x100
#define PCI_BAR_IO         1u
#define PCI_BAR_TYPE       6u
#define PCI_BAR_64         4u
#define PCI_MEMORY_SPACE   2u

static uint8_t *host_at(const struct qemu_image *i, uint64_t addr)
{
    return i->host + (addr - i->layout->window_base);
}

static uint8_t **page_of(const struct qemu_image *i, uint64_t addr)
{
    return &i->shadow[(addr - i->layout->window_base) / PAGE];
}

static uint32_t word(const struct qemu_image *i, uint64_t addr)
{
    const uint8_t *page = *page_of(i, addr);
    uint32_t v = UINT32_MAX;

    if (page)
        memcpy(&v, page + addr % PAGE, sizeof(v));
    return v;
}

/* Where a page's shadow is written; without memory it stays all ones. */
static uint8_t *shadow_at(struct qemu_image *i, uint64_t addr)
{
    uint8_t **page = page_of(i, addr);

    if (!*page && (*page = malloc(PAGE)) != NULL)
        memset(*page, 0xff, PAGE);
    return *page ? *page + addr % PAGE : NULL;
}

static bool all_ones(const uint8_t *data, uint32_t bytes)
{
    static const uint64_t ones = UINT64_MAX;

    return !memcmp(data, &ones, 8) && !memcmp(data, data + 8, bytes - 8);
}

/* ---- one range ----------------------------------------------------------- */

/* Bytes that a model has changed go to the guest, in words that a vCPU reads at
 * once. */
static void put(struct qemu_image *i, uint64_t addr, const uint8_t *now,
                uint32_t bytes)
{
    uint8_t *host = host_at(i, addr), *old;
    uint32_t n = 0;

    if (!*page_of(i, addr) && all_ones(now, bytes))
        return;
    old = shadow_at(i, addr);
    if (!old || !memcmp(now, old, bytes))
        return;
    for (; n + 8 <= bytes; n += 8) {
        uint64_t v, was;

        memcpy(&v, now + n, 8);
        memcpy(&was, old + n, 8);
        if (v == was)
            continue;
        if ((uint32_t)v != (uint32_t)was)
            __atomic_store_n((uint32_t *)(void *)(host + n), (uint32_t)v,
                             __ATOMIC_RELEASE);
        if (v >> 32 != was >> 32)
            __atomic_store_n((uint32_t *)(void *)(host + n + 4),
                             (uint32_t)(v >> 32), __ATOMIC_RELEASE);
    }
    memcpy(old, now, bytes);
}

/* `addr` and `bytes` are multiples of 8, and within one page. */
static void sync_range(struct qemu_image *i, uint64_t addr, uint32_t bytes)
{
    if (iovp_mmio_copy(i->p, addr, i->scratch, bytes) == IOVP_OK)
        put(i, addr, i->scratch, bytes);
}

/* ---- what is hot --------------------------------------------------------- */

static void heat(struct qemu_image *i, uint64_t base, uint32_t bytes)
{
    if (i->hots == IMAGE_HOT)
        return;
    i->hot[i->hots].base = base;
    i->hot[i->hots++].bytes = bytes;
}

/* A small BAR may begin anywhere in a page. */
static void heat_head(struct qemu_image *i, uint64_t base)
{
    uint32_t left = PAGE - base % PAGE;

    heat(i, base, left < HEAD ? left : HEAD);
}

static void refresh(struct qemu_image *i, unsigned first, unsigned end)
{
    for (unsigned n = first; n < end; n++)
        sync_range(i, i->hot[n].base, i->hot[n].bytes);
}

static void find_functions(struct qemu_image *i, const struct qemu_range *r)
{
    for (uint64_t n = 0; n + PAGE <= r->bytes; n += PAGE) {
        uint64_t fn = r->base + n;
        uint32_t id = UINT32_MAX;

        iovp_mmio_copy(i->p, fn, &id, sizeof(id));
        if (id == UINT32_MAX)
            continue;
        sync_range(i, fn, PAGE);
        heat(i, fn, CONFIG);
    }
}

/* The range in which a bus address is. */
static const struct qemu_range *bars_at(const struct qemu_image *i,
                                        uint64_t pci)
{
    for (unsigned n = 0; n < i->layout->ranges; n++) {
        const struct qemu_range *r = &i->layout->range[n];

        if (r->kind == QEMU_BARS && pci - r->pci < r->bytes)
            return r;
    }
    return NULL;
}

/* How long a BAR is cannot be seen: behind it, all is ones. */
static void show_bar(struct qemu_image *i, uint64_t pci)
{
    const struct qemu_range *r = bars_at(i, pci);
    uint64_t at = r ? (pci - r->pci) & ~(uint64_t)(PAGE - 1) : 0;

    if (r)
        heat_head(i, pci - r->pci + r->base);
    for (; r && at < r->bytes; at += PAGE) {
        uint64_t addr = r->base + at;

        sync_range(i, addr, PAGE);
        if (all_ones(i->scratch, PAGE))
            break;
        i->present[(addr - i->layout->window_base) / PAGE] = 1;
    }
}

static void show_bars(struct qemu_image *i, uint64_t fn)
{
    unsigned type = word(i, fn + PCI_HEADER_TYPE) >> 16 & 0x7f;
    unsigned bars = type == 0 ? 6 : type == 1 ? 2 : 0;

    if (!(word(i, fn + PCI_COMMAND) & PCI_MEMORY_SPACE))
        return;
    for (unsigned b = 0; b < bars; b++) {
        uint32_t low = word(i, fn + PCI_BARS + 4 * b);
        uint64_t pci = low & ~15u;
        bool wide = (low & (PCI_BAR_TYPE | PCI_BAR_IO)) == PCI_BAR_64;

        if (wide && b + 1 < bars)
            pci |= (uint64_t)word(i, fn + PCI_BARS + 4 * ++b) << 32;
        if (!(low & PCI_BAR_IO) && pci)
            show_bar(i, pci);
    }
}

/* What was a BAR may be none now. */
static void hide_bars(struct qemu_image *i)
{
    uint8_t *end = i->present + i->layout->window_bytes / PAGE;
    uint8_t *page = i->present;

    while (page < end && (page = memchr(page, 1, (size_t)(end - page)))) {
        *page = 0;
        sync_range(
            i, i->layout->window_base + (uint64_t)(page - i->present) * PAGE,
            PAGE);
    }
}

/* The functions of every bus; those that were there may have gone. */
static void find_all(struct qemu_image *i)
{
    refresh(i, i->fixed, i->fns);
    i->hots = i->fixed;
    for (unsigned n = 0; n < i->layout->ranges; n++)
        if (i->layout->range[n].kind == QEMU_ECAM)
            find_functions(i, &i->layout->range[n]);
    i->fns = i->hots;
}

static void find_fixed(struct qemu_image *i)
{
    for (unsigned n = 0; n < i->layout->ranges; n++) {
        const struct qemu_range *r = &i->layout->range[n];

        if (r->kind != QEMU_REGISTERS)
            continue;
        heat(i, r->base, HEAD);
        if (r->bytes >= SMMU_PAGE1 + HEAD)
            heat(i, r->base + SMMU_PAGE1, HEAD);
    }
    i->fixed = i->hots;
}

/* Another one if BARs, or windows of bridges, are elsewhere. */
static uint64_t decode(const struct qemu_image *i)
{
    uint64_t sum = 0;

    for (unsigned n = i->fixed; n < i->fns; n++) {
        uint64_t fn = i->hot[n].base;

        if (!(word(i, fn + PCI_COMMAND) & PCI_MEMORY_SPACE))
            continue;
        for (unsigned reg = PCI_BARS; reg < PCI_WINDOWS_END; reg += 4)
            sum = (sum ^ word(i, fn + reg) ^ fn) * 0x100000001b3u;
    }
    return sum;
}

static void find_bars(struct qemu_image *i)
{
    i->hots = i->fns;
    hide_bars(i);
    for (unsigned n = i->fixed; n < i->fns; n++)
        show_bars(i, i->hot[n].base);
}

void image_refresh(struct qemu_image *i)
{
    uint64_t now;

    if (i->renumbered)
        find_all(i);
    refresh(i, 0, i->fns);
    now = decode(i);
    if (now != i->decode || i->renumbered)
        find_bars(i);
    else
        refresh(i, i->fns, i->hots);
    i->decode = now;
    i->renumbered = false;
}

/* ---- stores -------------------------------------------------------------- */

static const struct qemu_range *range_at(const struct qemu_layout *l,
                                         uint64_t addr)
{
    for (unsigned n = 0; n < l->ranges; n++)
        if (addr - l->range[n].base < l->range[n].bytes)
            return &l->range[n];
    return NULL;
}

/* Bus numbers, a bridge's reset, SR-IOV.  Links that go down or up, and power
 * states, are seen at functions that are known. */
static bool renumbers(uint64_t addr)
{
    uint32_t reg = addr & (PAGE - 1) & ~3u;

    return reg == PCI_BUS_NUMBERS || reg == PCI_BRIDGE_CONTROL ||
           reg >= PCI_EXTENDED;
}

static void store(struct qemu_image *i, uint64_t addr, uint32_t bytes)
{
    uint8_t *shadow = shadow_at(i, addr);
    uint64_t value = 0;

    memcpy(&value, host_at(i, addr), bytes);
    if (shadow)
        memcpy(shadow, &value, bytes);
    iovp_mmio_write(i->p, addr, bytes, IOVP_SPACE_NONSECURE, value);
}

void image_store(struct qemu_image *i, uint64_t addr, uint32_t bytes)
{
    const struct qemu_range *r = range_at(i->layout, addr);
    uint32_t part = bytes < 8 ? bytes : 8;

    if (!r || bytes > 64 || addr + bytes > r->base + r->bytes)
        return;
    while (addr & (part - 1))
        part /= 2;
    for (uint32_t n = 0; n < bytes; n += part)
        store(i, addr + n, part);
    if (r->kind == QEMU_ECAM)
        i->renumbered = renumbers(addr);
    image_refresh(i);
    sync_range(i, addr & ~(uint64_t)(AROUND - 1), AROUND);
}

/* ---- life ---------------------------------------------------------------- */

/* All of it: what is hot is only what may change by itself. */
static void show_registers(struct qemu_image *i, const struct qemu_range *r)
{
    for (uint64_t n = 0; n + PAGE <= r->bytes; n += PAGE)
        sync_range(i, r->base + n, PAGE);
}

bool image_open(struct qemu_image *i, iovp_platform *p,
                const struct qemu_layout *l, uint8_t *host)
{
    size_t pages = l->window_bytes / PAGE;

    memset(i, 0, sizeof(*i));
    i->p = p;
    i->layout = l;
    i->host = host;
    i->scratch = malloc(PAGE);
    i->shadow = calloc(pages, sizeof(*i->shadow));
    i->present = calloc(pages, 1);
    if (!i->shadow || !i->scratch || !i->present)
        return false;
    for (unsigned n = 0; n < l->ranges; n++) {
        const struct qemu_range *r = &l->range[n];

        memset(host_at(i, r->base), 0xff, r->bytes);
        if (r->kind == QEMU_REGISTERS)
            show_registers(i, r);
    }
    find_fixed(i);
    i->renumbered = true;
    image_refresh(i);
    return true;
}

void image_close(struct qemu_image *i)
{
    for (size_t n = 0; i->shadow && n < i->layout->window_bytes / PAGE; n++)
        free(i->shadow[n]);
    free(i->shadow);
    free(i->scratch);
    free(i->present);
    memset(i, 0, sizeof(*i));
}

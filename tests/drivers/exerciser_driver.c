/* SPDX-License-Identifier: MIT */
#include "exerciser_driver.h"

#define MSICTL    0x00
#define INTXCTL   0x04
#define DMACTL    0x08
#define BUS_ADDR  0x10
#define LENGTH    0x18
#define STATUS    0x1c
#define PASID     0x20
#define ATSCTL    0x24
#define ATS_ADDR  0x28
#define RIDCTL    0x3c
#define TRACE     0x40
#define TRACECTL  0x44
#define NOTHING   0xffffffffu
#define EXT_PASID 0x1b
#define EXT_DVSEC 0x23

static uint32_t rd(struct exdrv *d, uint32_t at)
{
    return d->bus.read(d->bus.ud, exdrv_bar(d, 0) + at);
}

static void wr(struct exdrv *d, uint32_t at, uint32_t value)
{
    d->bus.write(d->bus.ud, exdrv_bar(d, 0) + at, value);
}

static uint64_t rd64(struct exdrv *d, uint32_t at)
{
    uint32_t low = rd(d, at);

    return low | (uint64_t)rd(d, at + 4) << 32;
}

static uint32_t cfg(struct exdrv *d, uint32_t at)
{
    return d->bus.cfg_read(d->bus.ud, d->id, at);
}

static void cfg_put(struct exdrv *d, uint32_t at, uint32_t value)
{
    d->bus.cfg_write(d->bus.ud, d->id, at, value);
}

bool exdrv_init(struct exdrv *d, const struct exdrv_bus *bus, uint16_t id)
{
    d->bus = *bus;
    d->id = id;
    if (cfg(d, 0) != 0xed0113b5)
        return false;
    cfg_put(d, 4, cfg(d, 4) | 6);
    return true;
}

uint64_t exdrv_bar(struct exdrv *d, unsigned bar)
{
    uint32_t low = cfg(d, 0x10 + 4 * bar);
    uint64_t base = low & 0xfffffff0;

    if (low & 4)
        base |= (uint64_t)cfg(d, 0x14 + 4 * bar) << 32;
    return base;
}

uint32_t exdrv_find(struct exdrv *d, uint16_t cap)
{
    uint32_t at = 0x100;

    for (unsigned n = 0; at && n < 1024; n++) {
        uint32_t header = cfg(d, at);

        if ((header & 0xffff) == cap)
            return at;
        at = header >> 20;
    }
    return 0;
}

/* ---- DMA ----------------------------------------------------------------- */

void exdrv_dma_attributes(struct exdrv *d, uint64_t addr, uint32_t length)
{
    wr(d, BUS_ADDR, (uint32_t)addr);
    wr(d, BUS_ADDR + 4, (uint32_t)(addr >> 32));
    wr(d, LENGTH, length);
}

void exdrv_dma(struct exdrv *d, enum exdrv_direction direction)
{
    uint32_t from = 1u << 4;

    if (direction == EXDRV_TO_DEVICE)
        wr(d, DMACTL, rd(d, DMACTL) & ~from);
    else
        wr(d, DMACTL, rd(d, DMACTL) | from);
    wr(d, DMACTL, rd(d, DMACTL) | 1);
}

uint32_t exdrv_dma_status(struct exdrv *d)
{
    return rd(d, STATUS);
}

void exdrv_no_snoop(struct exdrv *d, bool on)
{
    uint32_t bit = 1u << 5;

    wr(d, DMACTL, on ? rd(d, DMACTL) | bit : rd(d, DMACTL) & ~bit);
}

void exdrv_address_type(struct exdrv *d, uint32_t at)
{
    wr(d, DMACTL, rd(d, DMACTL) | at << 10);
}

void exdrv_requester(struct exdrv *d, uint16_t id)
{
    wr(d, RIDCTL, id | 1u << 31);
}

void exdrv_requester_valid(struct exdrv *d, bool valid)
{
    wr(d, RIDCTL, valid ? rd(d, RIDCTL) | 1u << 31 : 0);
}

bool exdrv_pasid(struct exdrv *d, bool on, uint32_t pasid)
{
    uint32_t bit = 1u << 6, enable = 1u << 16, at;

    if (on) {
        wr(d, DMACTL, rd(d, DMACTL) | bit);
        wr(d, PASID, pasid & 0xfffff);
    } else {
        wr(d, DMACTL, rd(d, DMACTL) & ~bit);
    }
    at = exdrv_find(d, EXT_PASID);
    if (!at)
        return false;
    cfg_put(d, at + 4, on ? cfg(d, at + 4) | enable : cfg(d, at + 4) & ~enable);
    return true;
}

/* ---- interrupts ---------------------------------------------------------- */

void exdrv_msi(struct exdrv *d, uint32_t index)
{
    uint32_t keep = rd(d, MSICTL) & 0x7ffff800;

    wr(d, MSICTL, keep | (index & 0x7ff) | 1u << 31);
}

void exdrv_intx(struct exdrv *d, bool level)
{
    wr(d, INTXCTL, level ? rd(d, INTXCTL) | 1 : rd(d, INTXCTL) & ~1u);
}

/* ---- ATS ----------------------------------------------------------------- */

bool exdrv_ats(struct exdrv *d, uint64_t addr)
{
    wr(d, BUS_ADDR, (uint32_t)addr);
    wr(d, BUS_ADDR + 4, (uint32_t)(addr >> 32));
    wr(d, ATSCTL, 1);
    return rd(d, ATSCTL) >> 7 & 1;
}

uint64_t exdrv_ats_address(struct exdrv *d)
{
    return rd64(d, ATS_ADDR);
}

void exdrv_ats_clear(struct exdrv *d)
{
    wr(d, ATSCTL, 1u << 5);
}

/* ---- the monitor --------------------------------------------------------- */

void exdrv_monitor(struct exdrv *d, bool run)
{
    wr(d, TRACECTL, run);
}

bool exdrv_record(struct exdrv *d, struct exdrv_record *r)
{
    r->attributes = rd(d, TRACE);
    if (r->attributes == NOTHING)
        return false;
    r->addr = rd(d, TRACE);
    r->addr |= (uint64_t)rd(d, TRACE) << 32;
    r->data = rd(d, TRACE);
    r->data |= (uint64_t)rd(d, TRACE) << 32;
    return true;
}

/* At most as much as any Exerciser keeps. */
void exdrv_drain(struct exdrv *d)
{
    for (unsigned n = 0; n <= 32 * 5; n++)
        if (rd(d, TRACE) == NOTHING)
            return;
}

/* ---- errors -------------------------------------------------------------- */

bool exdrv_error(struct exdrv *d, uint32_t code, bool fatal)
{
    uint32_t at = exdrv_find(d, EXT_DVSEC) + 8;

    cfg(d, at);
    cfg_put(d, at, code << 20 | (uint32_t)fatal << 31);
    return code <= 7;
}

void exdrv_inject(struct exdrv *d)
{
    uint32_t at = exdrv_find(d, EXT_DVSEC) + 8;

    cfg_put(d, at, cfg(d, at) | 1u << 17);
}

void exdrv_poison(struct exdrv *d, bool on)
{
    uint32_t at = exdrv_find(d, EXT_DVSEC) + 8;

    cfg_put(d, at, on ? cfg(d, at) | 1u << 18 : 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Software of arm-pcie.dts that does anything at all: registers of every
 * function, of bridges and of the SMMU, garbage in memory, functions that come
 * and go.  Every call returns after a bounded amount of work, and the same
 * seed does the same.
 */
#include <stdlib.h>
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "pcie_arm.h"
#include "shim.h"

#define BARS (PS_MEM + 0x01000000u) /* all of them are below */

struct walk {
    struct pa a;
    uint64_t r;
};

static uint64_t pick(struct walk *w, uint64_t below)
{
    return pa_random(&w->r) % below;
}

/* ---- values ----------------------------------------------------------------
 */

/* Often something that means something: an address, a size, a bit. */
static uint64_t value(struct walk *w)
{
    switch (pick(w, 8)) {
    case 0:
        return PA_IOVA + (pick(w, PA_WINDOW) & ~7ull);
    case 1:
        return PA_PEER + (pick(w, BARS - PS_MEM) & ~3ull);
    case 2:
        return PS_DATA + (pick(w, 0x100000) & ~63ull);
    case 3:
        return pick(w, 64);
    case 4:
        return 1ull << pick(w, 64);
    case 5:
        return 0;
    case 6:
        return UINT64_MAX;
    default:
        return pa_random(&w->r);
    }
}

static uint64_t bar_of(struct walk *w)
{
    const struct pcie_enum_fn *f = &w->a.s.e.fn[pick(w, w->a.s.e.count)];
    unsigned bar = (unsigned)pick(w, 6);

    return f->size[bar] ? f->bar[bar] + pick(w, f->size[bar]) : PS_MEM;
}

/* ---- steps -----------------------------------------------------------------
 */

static void access_at(struct walk *w, uint64_t addr, bool write)
{
    uint32_t width = 1u << pick(w, 4);
    uint64_t before = pa_sent(&w->a), v = value(w);
    iovp_status st;

    addr &= ~(uint64_t)(width - 1);
    if (write)
        st = iovp_mmio_write(w->a.s.p, addr, width, 0, v);
    else
        st = iovp_mmio_read(w->a.s.p, addr, width, 0, &v);
    CHECK(!st || st == IOVP_E_BUS);
    CHECK(pa_sent(&w->a) - before <= PA_ONE);
}

static void config(struct walk *w)
{
    uint32_t id = w->a.s.e.fn[pick(w, w->a.s.e.count)].id;

    access_at(w, PS_ECAM + ((uint64_t)id << 12) + pick(w, 0x1000),
              pick(w, 8) != 0);
}

static void config_anywhere(struct walk *w)
{
    access_at(w, PS_ECAM + pick(w, 0x1000000), true);
}

static void registers(struct walk *w)
{
    access_at(w, bar_of(w), pick(w, 8) != 0);
}

/* Where there is something, three times of four. */
static uint64_t place(struct walk *w)
{
    if (!pick(w, 4))
        return value(w);
    return pick(w, 3) ? PA_IOVA + pick(w, PA_WINDOW)
                      : PA_PEER + pick(w, BARS - PS_MEM);
}

/* An operation of a test endpoint, whole. */
static void operation(struct walk *w)
{
    uint64_t bar =
        ps_bar(&w->a.s, w->a.dev[pick(w, 2) ? PA_FAR : PA_INSIDE], 0);

    if (pick(w, 2))
        iovp_mmio_write(w->a.s.p, bar + TEP_CMD, 4, 0, TEP_OP_ABORT);
    iovp_mmio_write(w->a.s.p, bar + TEP_SRC, 8, 0, place(w));
    iovp_mmio_write(w->a.s.p, bar + TEP_DST, 8, 0, place(w));
    iovp_mmio_write(w->a.s.p, bar + TEP_PASID, 4, 0,
                    pick(w, 2) ? 0 : (uint32_t)value(w));
    iovp_mmio_write(w->a.s.p, bar + TEP_ATTR, 4, 0,
                    pick(w, 2) ? 0 : (uint32_t)pa_random(&w->r));
    iovp_mmio_write(w->a.s.p, bar + TEP_RING_BASE, 8, 0, place(w));
    iovp_mmio_write(w->a.s.p, bar + TEP_RING_SIZE, 4, 0, pick(w, 0x100));
    iovp_mmio_write(w->a.s.p, bar + TEP_RING_TAIL, 4, 0, pick(w, 0x100));
    iovp_mmio_write(w->a.s.p, bar + TEP_LEN, 4, 0, pick(w, 0x3000));
    iovp_mmio_write(w->a.s.p, bar + TEP_IRQ, 4, 0, TEP_IRQ_ENABLE | pick(w, 4));
    access_at(w, bar + TEP_RING_CTRL, true);
    iovp_mmio_write(w->a.s.p, bar + TEP_CMD, 4, 0, pick(w, 16));
}

static void interrupt(struct walk *w)
{
    const struct pcie_enum_fn *f = &w->a.s.e.fn[pick(w, w->a.s.e.count)];
    uint32_t cap = pcie_enum_cap(&w->a.s.e, f->id, PCIE_ID_MSIX), table;
    uint64_t at;

    if (!cap)
        return;
    table = ps_cfg(&w->a.s, f->id, cap + PCIE_MSIX_TABLE, 4);
    at = f->bar[(table & 7) % 6] + (table & ~7u) + 16 * pick(w, 4);
    ps_cfg_set(&w->a.s, f->id, cap + PCIE_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
    iovp_mmio_write(w->a.s.p, at, 8, 0, value(w));
    iovp_mmio_write(w->a.s.p, at + 8, 4, 0, (uint32_t)value(w));
    iovp_mmio_write(w->a.s.p, at + 12, 4, 0, 0);
}

static void smmu(struct walk *w)
{
    static const uint32_t at[] = {0x20,    0x24,    0x28,    0x2c,   0x44, 0x50,
                                  0x58,    0x60,    0x64,    0x68,   0x80, 0x88,
                                  0x90,    0x98,    0x9c,    0xa0,   0xc0, 0xd0,
                                  0x100a8, 0x100ac, 0x100c8, 0x100cc};

    access_at(w,
              PA_SMMU + (pick(w, 4) ? at[pick(w, sizeof(at) / sizeof(at[0]))]
                                    : pick(w, 0x20000)),
              true);
}

/* Tables and queues of the driver, descriptors, command lists. */
static void memory(struct walk *w)
{
    uint64_t base = pick(w, 2) ? PS_RAM : PS_DATA;
    uint64_t used = base == PS_RAM ? w->a.s.ram.next - PS_RAM : PA_WINDOW;
    uint64_t at = base + (pick(w, used) & ~7ull);

    for (unsigned i = 0; i < 16; i++)
        ps_put(&w->a.s, at + 8 * i, value(w));
}

static void presence(struct walk *w)
{
    iovp_device *d = w->a.dev[pick(w, PA_FUNCTIONS)];

    CHECK_EQ(pick(w, 3) ? iovp_device_plug(d) : iovp_device_unplug(d), IOVP_OK);
}

static void run(struct walk *w)
{
    pa_run(&w->a, NULL);
}

static void look(struct walk *w)
{
    iovp_device *d = w->a.dev[pick(w, PA_FUNCTIONS)];
    iovp_translation t = IOVP_TRANSLATION_INIT;
    iovp_condition c[64];
    size_t n = 64;

    for (unsigned i = 0; i < 64; i++)
        c[i] = (iovp_condition)IOVP_CONDITION_INIT;
    CHECK_EQ(iovp_explain(d, (uint32_t)pick(w, 7), c, &n), IOVP_OK);
    iovp_translate(d, NULL, value(w), 1, (uint32_t)pick(w, 2), &t);
}

/* An NVMe controller with queues of garbage. */
static void commands(struct walk *w)
{
    uint64_t bar = ps_bar(&w->a.s, w->a.s.nvme, 0);

    for (unsigned i = 0; i < 16; i++) {
        uint64_t at = PS_PA(0x40) + 64 * i;

        ps_put(&w->a.s, at, pick(w, 13) | pick(w, 0x10000) << 16 | 1ull << 32);
        ps_put(&w->a.s, at + 24, place(w));
        ps_put(&w->a.s, at + 32, place(w));
        ps_put(&w->a.s, at + 40, pick(w, 9) | pick(w, 16) << 16 | 1ull << 32);
        ps_put(&w->a.s, at + 48, pick(w, 64));
    }
    iovp_mmio_write(w->a.s.p, bar + 0x14, 4, 0, 0);
    iovp_mmio_write(w->a.s.p, bar + 0x24, 4, 0, 0x000f000f);
    iovp_mmio_write(w->a.s.p, bar + 0x28, 8, 0, PA_IOVA + 0x40000);
    iovp_mmio_write(w->a.s.p, bar + 0x30, 8, 0, PA_IOVA + 0x41000);
    iovp_mmio_write(w->a.s.p, bar + 0x14, 4, 0, 4u << 20 | 6u << 16 | 1);
    access_at(w, bar + 0x1000, true);
    iovp_mmio_write(w->a.s.p, bar + 0x1000, 4, 0, pick(w, 16));
}

/* Somebody finds the functions again, so that there is more to break. */
static void enumerate(struct walk *w)
{
    pcie_enumerate(&w->a.s.e);
    if (!w->a.s.e.count)
        w->a.s.e.count = 1;
}

static void repair(struct walk *w)
{
    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        CHECK_EQ(iovp_device_unplug(w->a.dev[f]), IOVP_OK);
    CHECK(pa_settle(&w->a, 4));
    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        CHECK_EQ(iovp_device_plug(w->a.dev[f]), IOVP_OK);
    /* What unplugging does not reset: bridges, which hide those below. */
    for (unsigned bus = 0; bus < 3; bus++)
        for (unsigned i = 0; i < 0x1000; i += 8)
            ps_cfg_set(&w->a.s, (uint16_t)i, PCIE_BRIDGE_CONTROL, 2, 0);
    CHECK(pa_enumerate(&w->a));
    CHECK(pa_translate(&w->a));
}

static void ats(struct walk *w)
{
    enum pa_function f = (enum pa_function)pick(w, PA_FUNCTIONS);

    if (pcie_enum_ext(&w->a.s.e, ps_id(w->a.dev[f]), PCIE_EXT_ATS))
        pa_ext(&w->a, f, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    if (pcie_enum_ext(&w->a.s.e, ps_id(w->a.dev[f]), PCIE_EXT_PRI)) {
        pa_ext(&w->a, f, PCIE_EXT_PRI, PCIE_PRI_ALLOCATION, 4,
               (uint32_t)value(w));
        pa_ext(&w->a, f, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
    }
}

static const struct step {
    unsigned weight;
    void (*take)(struct walk *w);
} steps[] = {
    {10, config},    {2, config_anywhere}, {30, registers},
    {40, operation}, {16, interrupt},      {4, smmu},
    {6, memory},     {3, presence},        {1, run},
    {2, look},       {4, enumerate},       {4, ats},
    {4, commands},   {4, repair},
};

static void step(struct walk *w)
{
    unsigned total = 0, n;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        total += steps[i].weight;
    n = (unsigned)pick(w, total);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (n < steps[i].weight) {
            steps[i].take(w);
            return;
        }
        n -= steps[i].weight;
    }
}

/* ---- walks -----------------------------------------------------------------
 */

/* Of all that can be seen at its end. */
static uint64_t summary(struct walk *w)
{
    uint64_t h = 0xcbf29ce484222325ull;

    for (unsigned f = 0; f < PA_FUNCTIONS; f++) {
        iovp_counter c[64];
        size_t n = 64;

        for (unsigned i = 0; i < 64; i++)
            c[i] = (iovp_counter)IOVP_COUNTER_INIT;
        CHECK_EQ(iovp_device_counters(w->a.dev[f], c, &n), IOVP_OK);
        for (size_t i = 0; i < n; i++)
            h = (h ^ c[i].value) * 0x100000001b3ull;
    }
    return (h ^ w->r) * 0x100000001b3ull;
}

static uint64_t walk(uint64_t seed, unsigned count, uint32_t mode)
{
    struct walk *w = calloc(1, sizeof(*w));
    uint64_t h = 0;

    w->r = seed * 0x9e3779b97f4a7c15ull;
    if (pa_open_as(&w->a, mode)) {
        for (unsigned i = 0; i < count; i++)
            step(w);
        h = summary(w);
        pa_close(&w->a);
    }
    free(w);
    return h;
}

TEST_CASE(PcieBadSoup, RandomWalks)
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        walk(seed, 500, IOVP_MODE_FUNCTIONAL);
}

TEST_CASE(PcieBadSoup, Deterministic)
{
    CHECK_EQ(walk(99, 400, IOVP_MODE_FUNCTIONAL),
             walk(99, 400, IOVP_MODE_FUNCTIONAL));
}

/* After a walk all is brought up again: nothing is broken for good. */
TEST_CASE(PcieBadSoup, RecoversFromAll)
{
    for (uint64_t seed = 21; seed <= 26; seed++) {
        struct walk *w = calloc(1, sizeof(*w));

        w->r = seed * 0x9e3779b97f4a7c15ull;
        REQUIRE(pa_open(&w->a));
        for (unsigned i = 0; i < 300; i++)
            step(w);
        repair(w);
        CHECK(pa_recovers(&w->a));
        pa_close(&w->a);
        free(w);
    }
}

/* ---- timed mode ------------------------------------------------------------
 */

static void timed(void *ud)
{
    const uint64_t *seed = ud;

    walk(*seed, 300, IOVP_MODE_TIMED);
}

TEST_CASE(PcieBadSoup, TimedWalks)
{
    if (!iovp_has_systemc())
        SKIP_TEST("no SystemC");
    for (uint64_t seed = 41; seed <= 44; seed++)
        soc_child(timed, &seed);
}

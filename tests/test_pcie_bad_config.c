/* SPDX-License-Identifier: MIT */
/* arm-pcie.dts whose configuration space is written by somebody who knows
 * nothing of PCI: addresses and windows. */
#include "../models/pcie/pcie_regs.h"
#include "pcie_arm.h"
#include "shim.h"

#define ROOT_PORT  0x0000u
#define UPSTREAM   0x0100u
#define DOWNSTREAM 0x0200u /* above 03:00.0 */
#define FAR        0x0300u

static uint64_t ecam(uint32_t id, uint32_t at)
{
    return PS_ECAM + ((uint64_t)id << 12 | at);
}

TEST_CASE(PcieBadConfig, ItWorks)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    CHECK_EQ(a.s.e.count, 9);
    CHECK_EQ(ps_id(a.s.far), FAR);
    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        CHECK(pa_works(&a, (enum pa_function)f));
    pa_close(&a);
}

/* ---- accesses --------------------------------------------------------------
 */

/* Who is not there reads all ones and ignores writes (iovp_mmio_read). */
TEST_CASE(PcieBadConfig, EveryBusAndWidth)
{
    uint64_t v;
    struct pa a;

    REQUIRE(pa_open(&a));
    for (uint32_t id = 0; id < 0x1000; id++) {
        unsigned width = 1u << id % 4;
        uint32_t at = id * 8 % 0x1000;
        uint64_t ones = width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
        bool there = false;

        for (unsigned i = 0; i < a.s.e.count; i++)
            there |= a.s.e.fn[i].id == id;
        if (there)
            continue;
        CHECK_EQ(ps_rd(&a.s, ecam(id, at), width), ones);
        pa_wr(&a, ecam(id, at), width, 0);
        CHECK_EQ(ps_rd(&a.s, ecam(id, at), width), ones);
    }
    /* Behind the last bus nothing answers; what is unaligned is no access. */
    CHECK_EQ(iovp_mmio_read(a.s.p, PS_ECAM + 0x1000000, 4, 0, &v), IOVP_E_BUS);
    CHECK_EQ(iovp_mmio_read(a.s.p, PS_ECAM - 4, 4, 0, &v), IOVP_E_BUS);
    for (unsigned at = 1; at < 4; at++)
        CHECK_EQ(iovp_mmio_read(a.s.p, PS_ECAM + at, 4, 0, &v), IOVP_E_INVALID);
    CHECK_EQ(iovp_mmio_read(a.s.p, PS_ECAM, 3, 0, &v), IOVP_E_INVALID);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* Every register of every function: ones, zeros, garbage, in every width. */
TEST_CASE(PcieBadConfig, EveryRegister)
{
    static const uint64_t values[] = {UINT64_MAX, 0, 0xa5c3965a3c69f00full};
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned f = 0; f < 9; f++) {
        uint16_t id = a.s.e.fn[f].id;

        for (uint32_t at = 0; at < 0x1000; at++) {
            unsigned width = 1u << (at + f) % 4;

            if (!(at & (width - 1)))
                pa_wr(&a, ecam(id, at), width, values[(at / 8 + f) % 3]);
        }
        CHECK(pa_settle(&a, 4));
        /* Whoever was hidden by it is found again. */
        CHECK_EQ(iovp_device_unplug(a.dev[PA_FAR]), IOVP_OK);
        CHECK_EQ(iovp_device_plug(a.dev[PA_FAR]), IOVP_OK);
        pcie_enumerate(&a.s.e);
    }
    pa_close(&a);
}

/* ---- BARs ------------------------------------------------------------------
 */

static void set_bar(struct pa *a, uint32_t id, uint64_t addr)
{
    pa_wr(a, ecam(id, PCIE_BASE_ADDRESS), 4, addr);
}

/* The first on the bus answers, and that is the root port with its window;
 * with it closed, the endpoint behind it on the root bus (route.c). */
TEST_CASE(PcieBadConfig, BarsThatOverlap)
{
    uint64_t there;
    struct pa a;

    REQUIRE(pa_open(&a));
    there = ps_bar(&a.s, a.s.far, 0);
    set_bar(&a, ps_id(a.s.inside), there);
    CHECK_EQ(ps_rd(&a.s, there, 4), TEP_ID_VALUE);
    pa_wr(&a, ecam(FAR, PCIE_COMMAND), 2, 0);
    CHECK_EQ(ps_rd(&a.s, there, 4), UINT32_MAX);
    pa_wr(&a, ecam(ROOT_PORT, PCIE_COMMAND), 2, 0);
    CHECK_EQ(ps_rd(&a.s, there, 4), TEP_ID_VALUE);
    pa_wr(&a, ecam(ps_id(a.s.inside), PCIE_COMMAND), 2, 0);
    CHECK_EQ(ps_rd(&a.s, there, 4), UINT32_MAX);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* A function's BARs over each other: the first of them answers (route.c). */
TEST_CASE(PcieBadConfig, BarsOfOneFunctionOverlap)
{
    uint64_t there;
    struct pa a;

    REQUIRE(pa_open(&a));
    there = ps_bar(&a.s, a.s.far1, 0);
    for (unsigned bar = 0; bar < 6; bar++)
        pa_wr(&a, ecam(0x0400, PCIE_BASE_ADDRESS + 4 * bar), 4, there);
    pa_wr(&a, there + 0x10, 4, 0x11223344);
    CHECK_EQ(ps_rd(&a.s, there + 0x10, 4), 0x11223344);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* What a processor reads there is what is there without PCI. */
TEST_CASE(PcieBadConfig, BarsOverRamSmmuAndEcam)
{
    static const uint64_t at[] = {
        PA_RAM, PS_DATA, PA_SMMU, PS_ECAM, PA_ITS & ~0xffffull, 0, 0xffffe000};
    uint64_t idr0, id;
    struct pa a;

    REQUIRE(pa_open(&a));
    idr0 = ps_rd(&a.s, PA_SMMU, 4);
    id = ps_rd(&a.s, PS_ECAM, 4);
    ps_put(&a.s, PS_DATA, 0x1122334455667788ull);
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        set_bar(&a, FAR, at[i]);
        set_bar(&a, ps_id(a.s.inside), at[i]);
        CHECK_EQ(ps_rd(&a.s, PA_SMMU, 4), idr0);
        CHECK_EQ(ps_rd(&a.s, PS_ECAM, 4), id);
        CHECK_EQ(ps_rd(&a.s, PS_DATA, 8), 0x1122334455667788ull);
        /* Also for a function whose DMA goes to that address. */
        CHECK(pa_works(&a, PA_EXERCISER));
    }
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* ---- windows of bridges ----------------------------------------------------
 */

/* 7.5.1.3.8: a limit below its base is a window that is closed. */
TEST_CASE(PcieBadConfig, InvertedWindows)
{
    uint64_t there;
    struct pa a;

    REQUIRE(pa_open(&a));
    there = ps_bar(&a.s, a.s.far, 0);
    CHECK_EQ(ps_rd(&a.s, there, 4), TEP_ID_VALUE);
    pa_wr(&a, ecam(UPSTREAM, PCIE_MEMORY_BASE), 4, 0x0000fff0);
    pa_wr(&a, ecam(UPSTREAM, PCIE_PREFETCHABLE_BASE), 4, 0x0000fff0);
    CHECK_EQ(ps_rd(&a.s, there, 4), UINT32_MAX);
    CHECK(pa_works(&a, PA_INSIDE));
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/*
 * All windows are everything: a request of an endpoint never leaves the switch,
 * a processor's goes to the first port.  Nothing goes round in circles.
 */
TEST_CASE(PcieBadConfig, WindowsOverEverything)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < a.s.e.count; i++) {
        if (a.s.e.fn[i].header != 1)
            continue;
        pa_wr(&a, ecam(a.s.e.fn[i].id, PCIE_MEMORY_BASE), 4, 0xfff00000);
        pa_wr(&a, ecam(a.s.e.fn[i].id, PCIE_PREFETCHABLE_BASE), 4, 0xfff00000);
        pa_wr(&a, ecam(a.s.e.fn[i].id, PCIE_PREFETCHABLE_BASE_UPPER), 8,
              0xffffffff00000000ull);
    }
    /* The root port is before it. */
    CHECK_EQ(ps_rd(&a.s, ps_bar(&a.s, a.s.inside, 0), 4), UINT32_MAX);
    REQUIRE(pa_driver(&a, PA_FAR));
    /* Writes are posted: it does not learn that nobody took it. */
    CHECK_EQ(ps_fill(&a.s, PA_IOVA + 64, 8, 0x77, 0, 0), TEP_ERROR_NONE);
    CHECK(ps_word(&a.s, PS_DATA + 64) != 0x77);
    CHECK(pa_settle(&a, 4));
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

/* Bus numbers in a circle, inverted, all alike: the tree is what it is. */
TEST_CASE(PcieBadConfig, BusNumbers)
{
    static const uint32_t numbers[] = {0x000000, 0xff0100, 0x000100, 0x00ff00,
                                       0x010100, 0x0f0f0f, 0xffffff};
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        for (unsigned f = 0; f < a.s.e.count; f++)
            if (a.s.e.fn[f].header == 1)
                pa_wr(&a, ecam(a.s.e.fn[f].id, PCIE_PRIMARY_BUS), 4,
                      numbers[i]);
        for (uint32_t id = 0; id < 0x1000; id += 8) {
            ps_rd(&a.s, ecam(id, 0), 4);
            pa_wr(&a, ecam(id, PCIE_CACHE_LINE_SIZE), 1, 0);
        }
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

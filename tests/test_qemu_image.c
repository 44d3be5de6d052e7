/* SPDX-License-Identifier: MIT */
/* The registers' image, stored to and loaded from as a guest does. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../platforms/qemu/image.h"
#include "shim.h"

#define ARM_QEMU IOVP_SOURCE_DIR "/platforms/arm-qemu.dts"

#define SMMU           0x7c000000u
#define CR0            0x20u
#define CR0ACK         0x24u
#define STRTAB_BASE    0x80u
#define STRTAB_CONFIG  0x88u
#define ECAM(bus, dev) (0x7d000000u + ((bus) << 20) + ((dev) << 15))
#define BARS           0x7e000000u
#define COMMAND        0x04u
#define BAR0           0x10u
#define BUS_NUMBERS    0x18u
#define MEM_WINDOW     0x20u
#define MEMORY         2u
#define ROOT_PORT      0x10531234u /* device and vendor */
#define NVME           0x01081234u
#define TEST_ENDPOINT  0x10571234u
#define ONES           0xffffffffu

static struct guest {
    iovp_platform *p;
    struct qemu_layout l;
    struct qemu_image i;
    uint8_t *host;
} g;

static uint32_t load(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, g.host + (addr - g.l.window_base), 4);
    return v;
}

/* In memory, and nobody knows yet. */
static void put(uint32_t addr, uint32_t bytes, uint64_t v)
{
    memcpy(g.host + (addr - g.l.window_base), &v, bytes);
}

static void store(uint32_t addr, uint32_t bytes, uint64_t v)
{
    put(addr, bytes, v);
    image_store(&g.i, addr, bytes);
}

static uint32_t model(uint32_t addr)
{
    uint64_t v = 0;

    CHECK_EQ(IOVP_OK, iovp_mmio_read(g.p, addr, 4, 0, &v));
    return (uint32_t)v;
}

static bool open_guest(void)
{
    char why[QEMU_WHY];
    size_t bytes = 0;
    void *tree;
    bool ok;

    memset(&g, 0, sizeof(g));
    if (iovp_platform_create_file(&g.p, NULL, ARM_QEMU) != IOVP_OK)
        return false;
    iovp_platform_dtb(g.p, NULL, &bytes);
    tree = malloc(bytes);
    ok = iovp_platform_dtb(g.p, tree, &bytes) == IOVP_OK &&
         qemu_layout(tree, &g.l, why);
    free(tree);
    g.host = mmap(NULL, g.l.window_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ok && image_open(&g.i, g.p, &g.l, g.host);
}

static void close_guest(void)
{
    image_close(&g.i);
    munmap(g.host, g.l.window_bytes);
    iovp_platform_destroy(g.p);
}

TEST_CASE(QemuImage, AfterReset)
{
    REQUIRE(open_guest());
    for (uint32_t reg = 0; reg < 0x200; reg += 4)
        CHECK_EQ(model(SMMU + reg), load(SMMU + reg));
    CHECK_EQ(ROOT_PORT, load(ECAM(0, 0)));
    CHECK_EQ(ROOT_PORT, load(ECAM(0, 1)));
    CHECK_EQ(TEST_ENDPOINT, load(ECAM(0, 2)));
    CHECK_EQ(ONES, load(ECAM(0, 3)));
    CHECK_EQ(ONES, load(ECAM(1, 0)));
    CHECK_EQ(ONES, load(ECAM(15, 31) + 0xffc));
    CHECK_EQ(ONES, load(BARS));
    close_guest();
}

/* 6.3.9: CR0ACK follows; 6.3.1: IDR0 is read-only. */
TEST_CASE(QemuImage, RegistersAnswerAtOnce)
{
    uint32_t idr0;

    REQUIRE(open_guest());
    idr0 = load(SMMU);
    store(SMMU, 4, ~(uint64_t)idr0);
    CHECK_EQ(idr0, load(SMMU));
    store(SMMU + CR0, 4, 8);
    CHECK_EQ(8, load(SMMU + CR0));
    CHECK_EQ(8, load(SMMU + CR0ACK));
    store(SMMU + STRTAB_BASE, 8, 0x40000040u);
    CHECK_EQ(0x40000040u, load(SMMU + STRTAB_BASE));
    CHECK_EQ(0x40000040u, model(SMMU + STRTAB_BASE));
    close_guest();
}

/* A store that another processor has done, and that is told later, stays. */
TEST_CASE(QemuImage, StoresInFlightStay)
{
    REQUIRE(open_guest());
    put(SMMU + STRTAB_CONFIG, 4, 0x5);
    store(SMMU + CR0, 4, 8);
    CHECK_EQ(5, load(SMMU + STRTAB_CONFIG));
    image_store(&g.i, SMMU + STRTAB_CONFIG, 4);
    CHECK_EQ(5, model(SMMU + STRTAB_CONFIG));
    close_guest();
}

TEST_CASE(QemuImage, BarsAppearWhereTheyArePut)
{
    const uint32_t fn = ECAM(0, 2), at = BARS + 0x200000;

    REQUIRE(open_guest());
    store(fn + BAR0, 4, ONES);
    CHECK_EQ(0xffff0000u, load(fn + BAR0)); /* 64 KiB */
    store(fn + BAR0, 4, at);
    CHECK_EQ(ONES, load(at));
    store(fn + COMMAND, 2, MEMORY);
    for (uint32_t reg = 0; reg < 0x200; reg += 4)
        CHECK_EQ(model(at + reg), load(at + reg));
    CHECK(load(at) != ONES);
    CHECK_EQ(0, load(at + 0x1000)); /* scratch memory */
    store(at + 0x1000, 4, 0x1234);
    CHECK_EQ(0x1234, model(at + 0x1000));
    /* Moved, then switched off. */
    store(fn + BAR0, 4, at + 0x10000);
    CHECK_EQ(ONES, load(at));
    CHECK_EQ(0x1234, load(at + 0x11000));
    store(fn + COMMAND, 2, 0);
    CHECK_EQ(ONES, load(at + 0x10000));
    close_guest();
}

TEST_CASE(QemuImage, BusesAreRenumbered)
{
    REQUIRE(open_guest());
    store(ECAM(0, 0) + BUS_NUMBERS, 4, 0x00010100);
    CHECK_EQ(NVME, load(ECAM(1, 0)));
    store(ECAM(0, 0) + BUS_NUMBERS, 4, 0x00030300);
    CHECK_EQ(ONES, load(ECAM(1, 0)));
    CHECK_EQ(NVME, load(ECAM(3, 0)));
    /* Its BAR behind the port's window. */
    store(ECAM(0, 0) + MEM_WINDOW, 4, 0x7e107e10);
    store(ECAM(0, 0) + COMMAND, 2, MEMORY);
    store(ECAM(3, 0) + BAR0, 4, 0x7e100000);
    store(ECAM(3, 0) + COMMAND, 2, MEMORY);
    CHECK_EQ(0x00010400, load(0x7e100008)); /* VS: NVMe 1.4 */
    store(ECAM(0, 0) + COMMAND, 2, 0);
    CHECK_EQ(ONES, load(0x7e100008));
    close_guest();
}

/* Nothing that a guest may store reaches beyond. */
TEST_CASE(QemuImage, OddStores)
{
    REQUIRE(open_guest());
    image_store(&g.i, SMMU + 0x20000, 8);      /* behind the registers */
    image_store(&g.i, SMMU + 0x1fffc, 8);      /* half behind them */
    image_store(&g.i, g.l.window_base - 8, 8); /* memory */
    image_store(&g.i, g.l.window_base + g.l.window_bytes, 8);
    image_store(&g.i, UINT64_MAX, 16);
    image_store(&g.i, ECAM(0, 0), 1u << 31);
    put(SMMU + STRTAB_BASE, 8, 0x40000080u);
    image_store(&g.i, SMMU + STRTAB_BASE, 16);
    CHECK_EQ(0x40000080u, model(SMMU + STRTAB_BASE));
    put(ECAM(0, 2) + BAR0 + 1, 4, 0);
    image_store(&g.i, ECAM(0, 2) + BAR0 + 1, 4);
    CHECK_EQ(model(ECAM(0, 2) + BAR0), load(ECAM(0, 2) + BAR0));
    close_guest();
}

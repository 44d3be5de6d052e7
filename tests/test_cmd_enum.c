/* SPDX-License-Identifier: MIT */
/*
 * Enumeration as the iovp command does it, with what only firmware does: one
 * payload size below a root port, ARI, room for VFs, hosts without windows.
 *
 *   00:00.0 root port, 512 bytes -- 01:00.0 switch -- 02:00.0 -- 03:00.0 256
 *                                                  -- 02:01.0 -- 04:00.0, .12
 *   00:01.0 RCiEP, 1024 bytes
 */
#include <string.h>

#include "../models/pcie/pcie.h"
#include "../models/pcie/pcie_regs.h"
#include "../platforms/cmd_pci_enum.h"
#include "shim.h"

enum { RP, UP, DOWN0, DOWN1, EP, ARI0, ARI12, RCI, COUNT };

#define EXP(mps_, ari_)               \
    {                                 \
        .cap = PCIE_CAP_EXP, .exp = { \
            .speed = 4,               \
            .width = 4,               \
            .mps = (mps_),            \
            .ari = (ari_),            \
            .max_prefixes = 1         \
        }                             \
    }

static const struct pcie_cap_config caps512[] = {EXP(512, true)};
static const struct pcie_cap_config caps256[] = {EXP(256, false)};
static const struct pcie_cap_config caps1024[] = {EXP(1024, false)};
static const struct pcie_cap_config caps_ari[] = {EXP(512, false),
                                                  {.cap = PCIE_CAP_ARI}};

#define FN(index, kind_, parent_, device_, function_, caps_)          \
    [index] = {.kind = (kind_),                                       \
               .parent = (parent_),                                   \
               .device = (device_),                                   \
               .function = (function_),                               \
               .vendor_id = 0x1234,                                   \
               .device_id = (uint16_t)(0x1000 + (index)),             \
               .class_code = (kind_) < PCIE_ROOT_PORT ? 0xff0000 : 0, \
               .caps = (caps_),                                       \
               .cap_count = sizeof(caps_) / sizeof(*(caps_))}

static struct pcie_fn_config functions[COUNT] = {
    FN(RP, PCIE_ROOT_PORT, -1, 0, 0, caps512),
    FN(UP, PCIE_UPSTREAM_PORT, RP, 0, 0, caps512),
    FN(DOWN0, PCIE_DOWNSTREAM_PORT, UP, 0, 0, caps512),
    FN(DOWN1, PCIE_DOWNSTREAM_PORT, UP, 1, 0, caps512),
    FN(EP, PCIE_ENDPOINT, DOWN0, 0, 0, caps256),
    FN(ARI0, PCIE_ENDPOINT, DOWN1, 0, 0, caps_ari),
    FN(ARI12, PCIE_ENDPOINT, DOWN1, 0, 12, caps_ari),
    FN(RCI, PCIE_RCIEP, -1, 1, 0, caps1024),
};

struct scene {
    struct pcie *p;
    struct pcie_enum e;
};

static uint32_t rd(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    uint64_t v;

    pcie_ecam_read(((struct scene *)ud)->p, (uint64_t)id << 12 | at, width, &v);
    return (uint32_t)v;
}

static void wr(void *ud, uint16_t id, uint32_t at, unsigned width,
               uint32_t value)
{
    pcie_ecam_write(((struct scene *)ud)->p, (uint64_t)id << 12 | at, width,
                    value);
}

static struct scene scene_open(uint8_t bus_last)
{
    static const struct pcie_window windows[] = {
        {0x40000000, 0x40000000, 0x10000000, false}};
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 255,
                            .windows = windows,
                            .window_count = 1,
                            .functions = functions,
                            .function_count = COUNT};
    struct pcie_ops ops = {.size = sizeof(ops)};
    struct scene s = {.p = pcie_create(&c, &ops, NULL)};

    memset(functions[EP].bar, 0, sizeof(functions[EP].bar)); /* it is copied */
    s.e.read = rd;
    s.e.write = wr;
    s.e.bus_last = bus_last;
    s.e.features = true;
    s.e.pool[ENUM_MEM] = (struct pcie_enum_pool){0x40000000, 0x50000000};
    return s;
}

static void run(struct scene *s)
{
    s->e.ud = s;
    pcie_enumerate(&s->e);
}

static const struct pcie_enum_fn *fn(const struct scene *s, unsigned index)
{
    return pcie_enum_find(&s->e, 0x1234, (uint16_t)(0x1000 + index));
}

/* DevCtl[7:5]: 128 bytes shifted. */
static unsigned payload(struct scene *s, unsigned index)
{
    const struct pcie_enum_fn *f = fn(s, index);

    if (!f)
        return 0;
    return 128u << (rd(s, f->id, pcie_enum_cap(&s->e, f->id, 0x10) + 8, 2) >>
                        5 &
                    7);
}

TEST_CASE(CmdEnum, OnePayloadSizeBelowARootPort)
{
    struct scene s = scene_open(255);

    REQUIRE(s.p != NULL);
    run(&s);
    CHECK(s.e.error == NULL);
    for (unsigned i = RP; i < RCI; i++)
        CHECK_EQ(payload(&s, i), 256);
    CHECK_EQ(payload(&s, RCI), 1024);
    pcie_destroy(s.p);
}

TEST_CASE(CmdEnum, BusesAreNumberedDepthFirst)
{
    static const uint16_t want[COUNT] = {
        [RP] = 0x0000, [UP] = 0x0100,   [DOWN0] = 0x0200, [DOWN1] = 0x0208,
        [EP] = 0x0300, [ARI0] = 0x0400, [ARI12] = 0x040c, [RCI] = 0x0008};
    static const int parent[COUNT] = {-1, RP, UP, UP, DOWN0, DOWN1, DOWN1, -1};
    struct scene s = scene_open(255);

    REQUIRE(s.p != NULL);
    run(&s);
    REQUIRE(s.e.count == COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct pcie_enum_fn *f = fn(&s, i);

        REQUIRE(f != NULL);
        CHECK_EQ(f->id, want[i]);
        if (parent[i] < 0)
            CHECK_EQ(f->parent, -1);
        else
            CHECK_EQ(s.e.fn[f->parent].id, want[parent[i]]);
    }
    CHECK_EQ(fn(&s, RP)->subordinate, 4);
    CHECK_EQ(fn(&s, DOWN1)->secondary, 4);
    pcie_destroy(s.p);
}

/* Function 12 of a device is reached with ARI Forwarding (6.13) only. */
TEST_CASE(CmdEnum, AriFunctionsNeedFirmware)
{
    struct scene s = scene_open(255);
    uint16_t id;

    REQUIRE(s.p != NULL);
    s.e.features = false;
    run(&s);
    CHECK(fn(&s, ARI12) == NULL);
    s.e.features = true;
    run(&s);
    REQUIRE(fn(&s, ARI12) != NULL);
    id = fn(&s, DOWN1)->id;
    CHECK_EQ(rd(&s, id, pcie_enum_cap(&s.e, id, 0x10) + 0x28, 2) & 0x20, 0x20);
    id = fn(&s, DOWN0)->id;
    CHECK_EQ(rd(&s, id, pcie_enum_cap(&s.e, id, 0x10) + 0x28, 2) & 0x20, 0);
    pcie_destroy(s.p);
}

/* A bridge window is closed by a base above the limit (7.5.1.3). */
TEST_CASE(CmdEnum, WithoutWindowsNothingIsPlaced)
{
    struct scene s;
    uint16_t id;

    functions[EP].bar[0] = (struct pcie_bar){0x1000, 0};
    functions[EP].bar[1] = (struct pcie_bar){64, PCIE_BAR_IO};
    functions[EP].bar[2] =
        (struct pcie_bar){0x1000, PCIE_BAR_64 | PCIE_BAR_PREFETCH};
    s = scene_open(255);
    REQUIRE(s.p != NULL);
    run(&s);
    CHECK(s.e.error == NULL);
    CHECK_EQ(fn(&s, EP)->bar[0], 0x40000000);
    CHECK_EQ(fn(&s, EP)->size[1], 64);
    CHECK_EQ(fn(&s, EP)->bar[1], 0);
    CHECK_EQ(fn(&s, EP)->bar[2], 0x40001000); /* as well there */
    id = fn(&s, DOWN0)->id;
    CHECK_EQ(rd(&s, id, 0x20, 4), 0x40004000);
    CHECK((rd(&s, id, 0x1c, 1) & 0xf0) > (rd(&s, id, 0x1d, 1) & 0xf0));
    CHECK((rd(&s, id, 0x24, 2) & 0xfff0) > (rd(&s, id, 0x26, 2) & 0xfff0));
    id = fn(&s, DOWN1)->id;
    CHECK((rd(&s, id, 0x20, 2) & 0xfff0) > (rd(&s, id, 0x22, 2) & 0xfff0));
    pcie_destroy(s.p);
}

TEST_CASE(CmdEnum, OutOfAddressesAndBuses)
{
    struct scene s;

    functions[EP].bar[0] = (struct pcie_bar){0x20000000, 0};
    s = scene_open(255);
    REQUIRE(s.p != NULL);
    run(&s);
    REQUIRE(s.e.error != NULL);
    CHECK_STR(s.e.error, "out of addresses");
    CHECK_EQ(s.e.count, COUNT); /* the others are there */
    CHECK_EQ(fn(&s, EP)->bar[0], 0);
    pcie_destroy(s.p);

    s = scene_open(3);
    REQUIRE(s.p != NULL);
    run(&s);
    REQUIRE(s.e.error != NULL);
    CHECK_STR(s.e.error, "out of buses");
    CHECK(fn(&s, EP) != NULL);
    CHECK(fn(&s, ARI0) == NULL);
    pcie_destroy(s.p);
}

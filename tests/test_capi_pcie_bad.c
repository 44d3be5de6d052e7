/* SPDX-License-Identifier: MIT */
/*
 * PCI functions of a platform in bad hands: accesses that make no sense, buses
 * that are numbered anew under whoever watches, memory that runs out.
 */
#include <stdlib.h>
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "pcie_soc.h"
#include "shim.h"

#define IOVA 0x40000000u

/* ---- random accesses -------------------------------------------------------
 */

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Somewhere in configuration space, or in what was enumerated, or in RAM. */
static uint64_t somewhere(const struct ps *s, uint64_t *r)
{
    const struct pcie_enum_fn *f = &s->e.fn[next(r) % s->e.count];
    unsigned bar = next(r) % 6;

    switch (next(r) % 4) {
    case 0:
        return PS_ECAM + next(r) % 0x1000000;
    case 1:
        return PS_ECAM + ((uint64_t)f->id << 12) + next(r) % 0x1000;
    case 2:
        return f->size[bar] ? f->bar[bar] + next(r) % f->size[bar]
                            : PS_MEM + next(r) % 0x10000000;
    default:
        return f->size[0] ? f->bar[0] + next(r) % 0x100 : PS_IO;
    }
}

/* Half of the time an address or a length that does something. */
static uint64_t something(uint64_t *r)
{
    switch (next(r) % 6) {
    case 0:
        return PS_DATA + next(r) % 0x10000;
    case 1:
        return PS_MEM + next(r) % 0x200000;
    case 2:
        return next(r) % 64;
    case 3:
        return next(r) % 0x2000;
    default:
        return next(r);
    }
}

static void storm(uint64_t seed, unsigned count)
{
    uint64_t r = seed, v;
    struct ps s;

    REQUIRE(ps_open(&s));
    for (unsigned i = 0; i < count; i++) {
        uint32_t width = 1u << next(&r) % 4;
        uint64_t addr = somewhere(&s, &r) & ~(uint64_t)(width - 1);
        iovp_status st;

        if (next(&r) % 4)
            st = iovp_mmio_write(s.p, addr, width, 0, something(&r));
        else
            st = iovp_mmio_read(s.p, addr, width, 0, &v);
        CHECK(!st || st == IOVP_E_BUS);
        if (i % 997 == 0)
            iovp_device_unplug(s.far);
        if (i % 997 == 500)
            iovp_device_plug(s.far);
        if (i % 200 == 199)
            pcie_enumerate(&s.e);
    }
    CHECK_EQ(iovp_run_until(s.p, 0, NULL), IOVP_OK);
    ps_close(&s);
}

TEST_CASE(CapiPcieBad, RandomAccesses)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        storm(seed * 0x9e3779b97f4a7c15ull, 3000);
}

/* ---- renumbering -----------------------------------------------------------
 */

/* A device that gets another StreamID has lost its address space. */
TEST_CASE(CapiPcieBad, SpacesOfARenumberedFunction)
{
    iovp_translation t = IOVP_TRANSLATION_INIT;
    iovp_space *space = NULL;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(1), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(iovp_space_get(&space, s.near, IOVP_NO_PASID), IOVP_OK);
    CHECK_EQ(iovp_space_translate(space, IOVA, 1, &t), IOVP_OK);
    CHECK_EQ(t.pa, PS_PA(1));
    ps_cfg_set(&s, 0x0008, PCIE_SUBORDINATE_BUS, 1, 7);
    ps_cfg_set(&s, 0x0008, PCIE_SECONDARY_BUS, 1, 7);
    ps_cfg_set(&s, 0x0700, PCIE_COMMAND, 2, 6);
    CHECK_EQ(ps_info(s.near).stream_id, PS_SID + 0x0700);
    CHECK_EQ(iovp_space_translate(space, IOVA, 1, &t), IOVP_E_STALE);
    iovp_space_put(space);
    ps_close(&s);
}

/* ---- memory ----------------------------------------------------------------
 */

struct budget {
    unsigned left, live;
};

static void *take(void *ud, size_t bytes)
{
    struct budget *b = ud;

    if (!b->left)
        return NULL;
    b->left--;
    b->live++;
    return malloc(bytes ? bytes : 1);
}

static void give(void *ud, void *block)
{
    struct budget *b = ud;

    b->live--;
    free(block);
}

/* Each allocation of a platform fails once; nothing is left behind. */
TEST_CASE(CapiPcieBad, NoMemory)
{
    struct budget b = {0};
    const iovp_allocator allocator = {
        .size = sizeof(allocator), .alloc = take, .release = give, .ud = &b};
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    iovp_platform *p = NULL;
    iovp_status st = IOVP_E_NOMEM;
    void *blob;
    size_t bytes;

    REQUIRE(soc_compile(ps_tree(""), &blob, &bytes));
    c.allocator = &allocator;
    for (unsigned n = 0; st == IOVP_E_NOMEM && n < 10000; n++) {
        b.left = n;
        st = iovp_platform_create(&p, &c, blob, bytes);
        CHECK(!st || st == IOVP_E_NOMEM);
        if (st)
            CHECK_EQ(b.live, 0);
    }
    CHECK_EQ(st, IOVP_OK);
    iovp_platform_destroy(p);
    CHECK_EQ(b.live, 0);
    free(blob);
}

/* SPDX-License-Identifier: MIT */
/* PCI Express: BARs and bridge windows, as processors see them; the scene is
 * walked and placed as an operating system does. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s))

TEST_CASE(PcieBars, EnumeratorFindsAndPlacesEverything)
{
    static const uint64_t sizes[7] = {0x1000, 64,      0x100000, 0,
                                      256,    0x20000, 0x10000};
    const struct pcie_enum_fn *f;

    OPEN();
    CHECK_EQ(PTREE_COUNT, s->e.count);
    CHECK_EQ(5, s->e.bus);
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        f = pcie_enum_find(&s->e, PTREE_VENDOR, (uint16_t)(0x1000 + i));
        REQUIRE(f);
        CHECK_EQ(ptree_id(i), f->id);
    }
    f = pcie_enum_find(&s->e, PTREE_VENDOR, 0x1000 + EP0);
    for (unsigned b = 0; b < 7; b++)
        CHECK_EQ(sizes[b], f->size[b]);
    CHECK(f->bar[2] >= PTREE_PREF);
    f = pcie_enum_find(&s->e, PTREE_VENDOR, 0x1000 + RP1);
    CHECK_EQ(2, f->secondary);
    CHECK_EQ(5, f->subordinate);
    ptree_close(s);
}

/* A bridge, 31 devices of eight functions beside it, and more behind it. */
static uint32_t crowd_rd(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    (void)ud;
    (void)width;
    if (at == 0)
        return id >> 8 < 2 ? 0x10001234 : 0xffffffff;
    return at == 0x0e ? (id ? 0x80 : 0x81) : 0;
}

static void crowd_wr(void *ud, uint16_t id, uint32_t at, unsigned width,
                     uint32_t value)
{
    (void)ud;
    (void)id;
    (void)at;
    (void)width;
    (void)value;
}

TEST_CASE(PcieBars, EnumeratorSaysThatThereAreTooMany)
{
    struct pcie_enum *e = (struct pcie_enum *)calloc(1, sizeof(*e));

    REQUIRE(e);
    e->read = crowd_rd;
    e->write = crowd_wr;
    e->bus_last = 255;
    pcie_enumerate(e);
    CHECK_EQ(PCIE_ENUM_MAX, e->count);
    CHECK_STR("too many functions", e->error);
    free(e);
}

TEST_CASE(PcieBars, SizingReadsBackTypeBits)
{
    OPEN();
    for (uint32_t at = 0x10; at <= 0x30; at += 4)
        cfg_wr(s, EP0, at, 4, 0xffffffff);
    CHECK_EQ(0xfffff000, cfg_rd(s, EP0, 0x10, 4)); /* 4 KiB */
    CHECK_EQ(0xffffffc1, cfg_rd(s, EP0, 0x14, 4)); /* 64 bytes of I/O */
    CHECK_EQ(0xfff0000c, cfg_rd(s, EP0, 0x18, 4)); /* 64 bits, prefetchable */
    CHECK_EQ(0xffffffff, cfg_rd(s, EP0, 0x1c, 4));
    CHECK_EQ(0xffffff00, cfg_rd(s, EP0, 0x20, 4));
    CHECK_EQ(0xfffe0008, cfg_rd(s, EP0, 0x24, 4)); /* 32, prefetchable */
    CHECK_EQ(0xffff0001, cfg_rd(s, EP0, 0x30, 4)); /* ROM, enable */
    ptree_close(s);
}

TEST_CASE(PcieBars, EveryByteReachesItsFunction)
{
    static const struct {
        unsigned fn, bar;
    } place[] = {{EP0, 0}, {EP0, 4}, {EP0, 5},   {EP1, 0},
                 {EP2, 0}, {EP2, 2}, {EP2F1, 0}, {RCI, 0}};
    uint8_t in[8], out[8];

    OPEN();
    for (unsigned i = 0; i < 8; i++) {
        const struct pcie_enum_fn *e = pcie_enum_find(
            &s->e, PTREE_VENDOR, (uint16_t)(0x1000 + place[i].fn));
        uint64_t end = e->size[place[i].bar] - 8;
        struct ptree_fn *f = &s->fn[place[i].fn];

        memset(in, (int)(0x11 * i + 1), sizeof(in));
        CHECK_EQ(PCIE_SC,
                 pcie_host_write(s->p, e->bar[place[i].bar] + end, in, 8));
        CHECK_EQ(
            1 + (place[i].fn == EP0 || place[i].fn == EP2 ? f->writes - 1 : 0),
            f->writes);
        CHECK_EQ(place[i].bar, f->bar);
        CHECK_EQ(end, f->offset);
        CHECK_EQ(PCIE_SC,
                 pcie_host_read(s->p, e->bar[place[i].bar] + end, out, 8));
        CHECK_MEM(in, out, 8);
    }
    ptree_close(s);
}

TEST_CASE(PcieBars, IoSpace)
{
    uint64_t bar;
    uint8_t b = 0x5a;

    OPEN();
    bar = ptree_bar(s, EP0, 1);
    CHECK(bar >= 0x1000 && bar < 0x10000 && !(bar & 63));
    CHECK_EQ(PCIE_SC,
             pcie_host_write(s->p, PTREE_IO + bar - 0x1000 + 63, &b, 1));
    CHECK_EQ(1, s->fn[EP0].bar);
    CHECK_EQ(63, s->fn[EP0].offset);
    CHECK_EQ(PCIE_TLP_IOWR, s->fn[EP0].last.type);
    cfg_wr(s, EP0, 0x04, 2, 0x6); /* no I/O Space */
    CHECK_EQ(PCIE_UR,
             pcie_host_write(s->p, PTREE_IO + bar - 0x1000 + 63, &b, 1));
    cfg_wr(s, EP0, 0x04, 2, 0x7);
    cfg_wr(s, RP0, 0x04, 2, 0x6);
    CHECK_EQ(PCIE_UR,
             pcie_host_write(s->p, PTREE_IO + bar - 0x1000 + 63, &b, 1));
    ptree_close(s);
}

TEST_CASE(PcieBars, MemorySpaceEnableAtEveryLevel)
{
    static const unsigned path[] = {RP1, SWU, SWD0, EP1};
    uint64_t bar;
    uint32_t v;

    OPEN();
    bar = ptree_bar(s, EP1, 0);
    for (unsigned i = 0; i < 4; i++) {
        cfg_wr(s, path[i], 0x04, 2, 0x5);
        CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar, &v, 4));
        CHECK_EQ(0xffffffff, v);
        cfg_wr(s, path[i], 0x04, 2, 0x7);
        CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    }
    ptree_close(s);
}

/* 7.5.1.3.8: base above limit closes; the limit's low 20 bits are ones. */
TEST_CASE(PcieBars, WindowEdges)
{
    uint64_t bar;
    uint32_t v;

    OPEN();
    cfg_wr(s, EP1, 0x10, 4, 0x48300000);
    cfg_wr(s, RP1, 0x20, 4, 0x4ff04000);
    cfg_wr(s, SWU, 0x20, 4, 0x4ff04000);
    cfg_wr(s, SWD1, 0x20, 4, 0x0000fff0);
    cfg_wr(s, SWD0, 0x20, 4, 0x48304830);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, 0x48300ffc, &v, 4));
    cfg_wr(s, EP1, 0x10, 4, 0x483ff000);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, 0x483ffffc, &v, 4));
    cfg_wr(s, SWD0, 0x20, 4, 0x48304840);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, 0x483ffffc, &v, 4));
    /* Prefetchable beyond 4 GiB: the upper halves count. */
    bar = ptree_bar(s, EP2, 2);
    CHECK(bar >> 32);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    cfg_wr(s, SWD1, 0x2c, 4, 0);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar, &v, 4));
    ptree_close(s);
}

/* Choice: the first function on the bus, and its first BAR, answers. */
TEST_CASE(PcieBars, OverlapIsAnsweredByTheFirst)
{
    uint32_t bar, v;

    OPEN();
    bar = (uint32_t)ptree_bar(s, EP2, 0);
    cfg_wr(s, EP2F1, 0x10, 4, bar);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(1, s->fn[EP2].reads);
    CHECK_EQ(0, s->fn[EP2F1].reads);
    cfg_wr(s, EP2, 0x04, 2, 0);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(1, s->fn[EP2F1].reads);
    /* A BAR over another one of the same function. */
    bar = (uint32_t)ptree_bar(s, EP0, 5);
    cfg_wr(s, EP0, 0x10, 4, bar);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(0, s->fn[EP0].bar);
    ptree_close(s);
}

TEST_CASE(PcieBars, ExpansionRom)
{
    uint64_t rom;
    uint32_t v;

    OPEN();
    rom = ptree_bar(s, EP0, 6);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, rom, &v, 4));
    cfg_wr(s, EP0, 0x30, 4, (uint32_t)rom | 1);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, rom + 0xfffc, &v, 4));
    CHECK_EQ(PCIE_ROM, s->fn[EP0].bar);
    CHECK_EQ(0xfffc, s->fn[EP0].offset);
    ptree_close(s);
}

/* What crosses the end of a BAR smaller than a page is refused; what crosses
 * pages is split. */
TEST_CASE(PcieBars, SizesOfAccesses)
{
    static uint8_t data[0x5000];
    uint64_t bar;

    OPEN();
    bar = ptree_bar(s, EP0, 4);
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, bar + 0xfc, data, 8));
    CHECK_EQ(0, s->fn[EP0].writes);
    bar = ptree_bar(s, EP2, 2);
    CHECK_EQ(PCIE_SC, pcie_host_write(s->p, bar + 0x123, data, 0x4000));
    CHECK_EQ(5, s->fn[EP2].writes);
    CHECK_EQ(0x4000, s->fn[EP2].offset);
    CHECK_EQ(0x123, s->fn[EP2].last.length);
    /* Outside of the host bridge's windows, and across its end. */
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, 0x1000, data, 4));
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, ~0ull - 1, data, 16));
    CHECK_EQ(0xff, data[15]);
    ptree_close(s);
}

/* SPDX-License-Identifier: MIT */
/* PCI Express: configuration space, ECAM, routing by ID, what create refuses.
 * Offsets and values are written by hand from the specification. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

#define OPEN(open_)                                          \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&open_(s))

static uint64_t ecam(struct ptree *s, uint64_t offset, unsigned width)
{
    uint64_t v = 0;

    pcie_ecam_read(s->p, offset, width, &v);
    return v;
}

/* Before enumeration only the root bus answers: a bridge whose bus numbers
 * are 0 forwards nothing. */
TEST_CASE(PcieConfig, UnprogrammedBridgesForwardNothing)
{
    OPEN(ptree_create);
    for (uint32_t id = 0; id < 0x10000; id++) {
        bool there = id == 0x0008 || id == 0x0010 || id == 0x0018;

        CHECK_EQ(there ? 0x1234 : 0xffff, ecam(s, (uint64_t)id << 12, 2));
    }
    ptree_close(s);
}

TEST_CASE(PcieConfig, BusNumbersRouteType1ToType0)
{
    OPEN(ptree_open);
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        CHECK_EQ(0x10001234u + (i << 16), cfg_rd(s, i, 0, 4));
        CHECK(pcie_find(s->p, ptree_id(i)) == ptree_fn(s, i));
        CHECK_EQ(ptree_id(i), pcie_id(ptree_fn(s, i)));
    }
    /* Renumber: the switch's bus 3 becomes 0x20, so 4 and 5 go with it. */
    cfg_wr(s, RP1, 0x1a, 1, 0x30);
    cfg_wr(s, SWU, 0x19, 2, 0x2220);
    cfg_wr(s, RCI, 0, 1, 0); /* read only */
    CHECK(!pcie_find(s->p, 0x0300));
    CHECK_EQ(0x10041234, ecam(s, 0x20ull << 20, 4));
    CHECK(!pcie_find(s->p, 0x0400));
    /* A bus range that the host bridge does not have. */
    CHECK_EQ(0xffff, ecam(s, 256ull << 20, 2));
    ptree_close(s);
}

TEST_CASE(PcieConfig, OnALinkThereIsDevice0Only)
{
    OPEN(ptree_open);
    for (unsigned devfn = 1; devfn < 256; devfn++) {
        CHECK(!pcie_find(s->p, (uint16_t)(0x0100 | devfn)));
        CHECK(devfn == 1 || !pcie_find(s->p, (uint16_t)(0x0500 | devfn)));
    }
    ptree_close(s);
}

TEST_CASE(PcieConfig, Type0Header)
{
    OPEN(ptree_open);
    CHECK_EQ(0x0007, cfg_rd(s, EP0, 0x04, 2)); /* as the enumerator left it */
    CHECK_EQ(0x0010, cfg_rd(s, EP0, 0x06, 2)); /* Capabilities List */
    CHECK_EQ(0x01080203, cfg_rd(s, EP0, 0x08, 4)); /* class, revision 3 */
    CHECK_EQ(0x00, cfg_rd(s, EP0, 0x0e, 1));
    CHECK_EQ(0x00011234, cfg_rd(s, EP0, 0x2c, 4));
    CHECK_EQ(0x40, cfg_rd(s, EP0, 0x34, 1));
    CHECK_EQ(0x02, cfg_rd(s, EP0, 0x3d, 1)); /* INTB */
    /* Command: I/O, memory, master, parity, SERR#, Interrupt Disable. */
    cfg_wr(s, EP0, 0x04, 2, 0xffff);
    CHECK_EQ(0x0547, cfg_rd(s, EP0, 0x04, 2));
    cfg_wr(s, EP0, 0x3c, 4, 0xffffffff);
    CHECK_EQ(0x000002ff, cfg_rd(s, EP0, 0x3c, 4));
    /* 05:00 has two functions, and each says so. */
    CHECK_EQ(0x80, cfg_rd(s, EP2, 0x0e, 1));
    CHECK_EQ(0x80, cfg_rd(s, EP2F1, 0x0e, 1));
    ptree_close(s);
}

TEST_CASE(PcieConfig, Type1Header)
{
    OPEN(ptree_create);
    CHECK_EQ(0x06040000, cfg_rd(s, RP0, 0x08, 4));
    CHECK_EQ(0x01, cfg_rd(s, RP0, 0x0e, 1));
    for (uint32_t at = 0x18; at < 0x34; at += 4)
        cfg_wr(s, RP0, at, 4, 0xffffffff);
    cfg_wr(s, RP0, 0x3e, 2, 0xffbf);
    CHECK_EQ(0x00ffffff, cfg_rd(s, RP0, 0x18, 4)); /* no latency timer */
    CHECK_EQ(0x0000f1f1, cfg_rd(s, RP0, 0x1c, 4)); /* 32-bit I/O */
    CHECK_EQ(0xfff0fff0, cfg_rd(s, RP0, 0x20, 4));
    CHECK_EQ(0xfff1fff1, cfg_rd(s, RP0, 0x24, 4)); /* 64-bit prefetchable */
    CHECK_EQ(0xffffffff, cfg_rd(s, RP0, 0x28, 4));
    CHECK_EQ(0xffffffff, cfg_rd(s, RP0, 0x2c, 4));
    CHECK_EQ(0xffffffff, cfg_rd(s, RP0, 0x30, 4));
    CHECK_EQ(0x0003, cfg_rd(s, RP0, 0x3e, 2)); /* parity, SERR# */
    ptree_close(s);
}

TEST_CASE(PcieConfig, EveryWidthAndAlignmentIsDefined)
{
    OPEN(ptree_open);
    for (uint32_t at = 0; at < 0x1000; at++)
        for (unsigned width = 0; width <= 9; width++) {
            uint64_t v = ecam(s, 0x100000 + at, width), want = 0;

            for (unsigned i = 0; i < width && i < 8; i++)
                want |= (at + width > 0x1000 || width > 8
                             ? 0xffull
                             : ecam(s, 0x100000 + at + i, 1))
                        << (8 * i);
            CHECK_EQ(want, v);
        }
    /* Bytes beside those written do not change. */
    pcie_ecam_write(s->p, 0x100000 + 0x11, 1, 0xff);
    CHECK_EQ(0x4000f000u | (cfg_rd(s, EP0, 0x10, 4) & 0xffff0000),
             cfg_rd(s, EP0, 0x10, 4));
    pcie_ecam_write(s->p, 0x100ffe, 4, 0);            /* crosses: ignored */
    pcie_ecam_write(s->p, 0x100000 + 0x0b, 8, ~0ull); /* unaligned */
    CHECK_EQ(0xff, cfg_rd(s, EP0, 0x0c, 1));
    CHECK_EQ(0xfffff000, cfg_rd(s, EP0, 0x10, 4) | 0xff000000);
    ptree_close(s);
}

TEST_CASE(PcieConfig, BusRangeNeedNotBeginAt0)
{
    struct pcie_fn_config f = {
        .kind = PCIE_RCIEP, .parent = -1, .device = 2, .vendor_id = 0xabcd};
    struct pcie_config c = {.size = sizeof(c),
                            .bus_first = 0x40,
                            .bus_last = 0x4f,
                            .functions = &f,
                            .function_count = 1};
    struct pcie_ops ops = {.size = sizeof(ops)};
    struct pcie *p = pcie_create(&c, &ops, NULL);
    uint64_t v;

    REQUIRE(p);
    CHECK_EQ(0x1000000, pcie_ecam_size(p));
    pcie_ecam_read(p, 2 << 15, 2, &v);
    CHECK_EQ(0xabcd, v);
    CHECK_EQ(0x4010, pcie_id(pcie_function(p, 0)));
    CHECK(pcie_find(p, 0x4010) && !pcie_find(p, 0x0010));
    pcie_destroy(p);
}

/* 6.13: with ARI Forwarding the device number is part of the function's. */
TEST_CASE(PcieConfig, AriForwarding)
{
    static const struct pcie_cap_config port[] = {
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = 1, .width = 1, .mps = 128, .ari = true}}};
    static const struct pcie_cap_config ari[] = {{.cap = PCIE_CAP_ARI}};
    struct pcie_fn_config f[4] = {
        {.kind = PCIE_ROOT_PORT, .parent = -1, .caps = port, .cap_count = 1},
        {.kind = PCIE_ENDPOINT, .function = 0, .caps = ari, .cap_count = 1},
        {.kind = PCIE_ENDPOINT, .function = 0x5d, .caps = ari, .cap_count = 1},
        {.kind = PCIE_ENDPOINT, .function = 9, .caps = ari, .cap_count = 1},
    };
    struct pcie_config c = {
        .size = sizeof(c), .bus_last = 1, .functions = f, .function_count = 4};
    struct pcie_ops ops = {.size = sizeof(ops)};
    struct pcie *p = pcie_create(&c, &ops, NULL);
    uint64_t v;

    REQUIRE(p);
    pcie_ecam_write(p, 0x18, 4, 0x010100);
    CHECK(pcie_find(p, 0x100) && !pcie_find(p, 0x15d) && !pcie_find(p, 0x109));
    pcie_ecam_write(p, 0x40 + 0x28, 2, 1 << 5);
    CHECK(pcie_find(p, 0x100) && pcie_find(p, 0x15d) && pcie_find(p, 0x109));
    /* Next Function Number: 0 -> 9 -> 0x5d -> end. */
    pcie_ecam_read(p, 0x100100 + 4, 2, &v);
    CHECK_EQ(0x0900, v);
    pcie_ecam_read(p, 0x109100 + 4, 2, &v);
    CHECK_EQ(0x5d00, v);
    pcie_ecam_read(p, 0x15d100 + 4, 2, &v);
    CHECK_EQ(0, v);
    pcie_destroy(p);
}

/* 2.2.6.2: a function learns its bus number from a write, not from a read. */
TEST_CASE(PcieConfig, BusNumberIsCapturedByWrites)
{
    OPEN(ptree_open);
    cfg_wr(s, RP0, 0x18, 4, 0x00777700);
    CHECK_EQ(0x10011234, ecam(s, 0x77ull << 20, 4));
    CHECK_EQ(0x0100, pcie_id(ptree_fn(s, EP0)));
    pcie_ecam_write(s->p, 0x77ull << 20, 1, 0);
    CHECK_EQ(0x7700, pcie_id(ptree_fn(s, EP0)));
    ptree_close(s);
}

TEST_CASE(PcieConfig, IllegalConfigurationsAreRefusedByName)
{
    struct pcie_fn_config f[PTREE_COUNT], *e = &f[EP0];
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 9,
                            .functions = f,
                            .function_count = PTREE_COUNT};
    struct pcie_cap_config bad = {.cap = PCIE_CAP_MSIX,
                                  .msix = {16, 0, 0, 0xf80, 0}};
    int32_t index;
    const char *said;

#define REFUSED(change, word)                                      \
    do {                                                           \
        memcpy(f, ptree_functions(), sizeof(f));                   \
        change;                                                    \
        said = pcie_config_check(&c, &index);                      \
        CHECK(said && !strncmp(said, word ":", strlen(word ":"))); \
        CHECK_EQ(EP0, index);                                      \
    } while (0)
    REFUSED(e->kind = PCIE_KINDS, "kind");
    REFUSED(e->parent = EP0, "parent");
    REFUSED(e->parent = -2, "parent");
    REFUSED(e->parent = -1, "parent");
    REFUSED(e->device = 1, "device");
    REFUSED(e->function = 1, "function");
    REFUSED(e->interrupt_pin = 5, "interrupt_pin");
    REFUSED(e->class_code = 1u << 24, "class_code");
    REFUSED(e->rom = 1024, "rom");
    REFUSED(e->bar[0].size = 0x1001, "bar");
    REFUSED(e->bar[0].size = 64, "bar");
    REFUSED(e->bar[0].size = 1ull << 32, "bar");
    REFUSED(e->bar[0].flags = 8, "bar");
    REFUSED(e->bar[1].size = 512, "bar");
    REFUSED(e->bar[3].size = 0x1000, "bar");
    REFUSED(e->bar[5].flags = PCIE_BAR_64, "bar");
    REFUSED((e->caps = &bad, e->cap_count = 1), "msix");
    bad.msix.pba_offset = 4; /* unaligned */
    bad.msix.table_offset = 0x100;
    REFUSED((e->caps = &bad, e->cap_count = 1), "msix");
    bad.msix.pba_offset = 0x1f8;
    REFUSED((e->caps = &bad, e->cap_count = 1), "msix");
    bad = (struct pcie_cap_config){.cap = PCIE_CAP_PASID, .pasid = {21, 0, 0}};
    REFUSED((e->caps = &bad, e->cap_count = 1), "pasid");
    bad = (struct pcie_cap_config){.cap = PCIE_CAP_ATS};
    REFUSED((e->caps = &bad, e->cap_count = 1), "ats");
    bad = (struct pcie_cap_config){.cap = PCIE_CAPS};
    REFUSED((e->caps = &bad, e->cap_count = 1), "caps");
    memcpy(f, ptree_functions(), sizeof(f));
    CHECK(!pcie_config_check(&c, &index));
    CHECK_EQ(-1, index);
    c.bus_first = 10;
    CHECK(pcie_config_check(&c, NULL));
}

struct blocks {
    unsigned left, live;
};

static void *take_block(void *opaque, uint64_t bytes)
{
    struct blocks *b = (struct blocks *)opaque;

    if (!b->left)
        return NULL;
    b->left--;
    b->live++;
    return malloc((size_t)bytes);
}

static void free_block(void *opaque, void *block)
{
    ((struct blocks *)opaque)->live--;
    free(block);
}

TEST_CASE(PcieConfig, MemoryThatRunsOut)
{
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 9,
                            .functions = ptree_functions(),
                            .function_count = PTREE_COUNT};
    struct pcie_ops ops = {
        .size = sizeof(ops), .alloc = take_block, .free = free_block};

    for (unsigned timed = 0; timed < 2; timed++) {
        struct pcie *p = NULL;
        unsigned n = 0;

        c.timed = timed;
        for (; !p && n < 10; n++) {
            struct blocks b = {n, 0};

            p = pcie_create(&c, &ops, &b);
            CHECK_EQ(p ? n : 0, b.live);
            pcie_destroy(p);
            CHECK_EQ(0, b.live);
        }
        CHECK_EQ(5 + timed, n); /* itself, functions, windows, MSI-X; links */
    }
    ops.free = NULL;
    CHECK(!pcie_create(&c, &ops, NULL));
}

/* Host-side misuse: nothing happens. */
TEST_CASE(PcieConfig, NullArguments)
{
    struct pcie_ops ops = {.size = sizeof(ops)};
    struct pcie_tlp t = {0};
    uint64_t v = 0;

    CHECK(!pcie_create(NULL, &ops, NULL));
    pcie_destroy(NULL);
    pcie_reset(NULL);
    pcie_set_present(NULL, false);
    pcie_set_time(NULL, 1);
    CHECK(!pcie_present(NULL) && !pcie_physical(NULL) && !pcie_time(NULL));
    CHECK(!pcie_function(NULL, 0) && !pcie_find(NULL, 0));
    pcie_ecam_read(NULL, 0, 4, &v);
    CHECK_EQ(0xffffffff, v);
    pcie_ecam_write(NULL, 0, 4, 0);
    CHECK_EQ(PCIE_UR, pcie_host_read(NULL, 0, &v, 1));
    CHECK_EQ(PCIE_UR, pcie_send_down(NULL, &t, &v));
    CHECK_EQ(PCIE_REFUSED_ARGUMENT, pcie_request(NULL, &t, &v));
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(NULL, 0));
    pcie_intx(NULL, true);
    pcie_report(NULL, 20, NULL);
    CHECK_EQ(~0ull, pcie_config_read(NULL, 0, 8));
}

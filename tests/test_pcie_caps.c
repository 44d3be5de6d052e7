/* SPDX-License-Identifier: MIT */
/* PCI Express: the capabilities' registers, and resets. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s))

/* The chains, walked by the enumerator from its own numbers. */
TEST_CASE(PcieCaps, ChainsInTheOrderGiven)
{
    static const uint8_t ids[] = {0x01, 0x05, 0x10, 0x11};
    static const uint16_t ext[] = {0x01, 0x03, 0x0f, 0x13, 0x1b, 0x0e, 0x23};
    uint32_t before = 0;

    OPEN();
    for (unsigned i = 0; i < sizeof(ids); i++) {
        uint32_t at = pcie_enum_cap(&s->e, 0x0100, ids[i]);

        CHECK(at > before && !(at & 3));
        before = at;
    }
    CHECK_EQ(0, cfg_rd(s, EP0, before + 1, 1));
    before = 0xff;
    for (unsigned i = 0; i < 7; i++) {
        uint32_t at = pcie_enum_ext(&s->e, 0x0100, ext[i]);

        CHECK(at > before && !(at & 3));
        before = at;
    }
    CHECK_EQ(0, cfg_rd(s, EP0, before, 4) >> 20);
    CHECK_EQ(0, pcie_enum_ext(&s->e, 0x0100, 0x10));          /* no SR-IOV */
    CHECK_EQ(0x00000001, cap_rd(s, EP0, PCIE_CAP_RAW, 4, 4)); /* serial */
    CHECK_EQ(0x80000000, cap_rd(s, EP0, PCIE_CAP_RAW, 8, 4));
    ptree_close(s);
}

/* What software can write, by walking ones and zeroes: the bits that keep what
 * was written are those of the list. */
TEST_CASE(PcieCaps, WritableBits)
{
    static const struct {
        uint8_t fn, cap, at;
        uint32_t bits, value; /* value: after reset, of what is read only */
    } row[] = {
        {EP0, PCIE_CAP_EXP, 0x02, 0x0000, 0x0002},
        {RP0, PCIE_CAP_EXP, 0x02, 0x0000, 0x0042},
        {SWU, PCIE_CAP_EXP, 0x02, 0x0000, 0x0052},
        {SWD0, PCIE_CAP_EXP, 0x02, 0x0000, 0x0062},
        {RCI, PCIE_CAP_EXP, 0x02, 0x0000, 0x0092},
        {EP0, PCIE_CAP_EXP, 0x08, 0x79ff, 0},
        {EP0, PCIE_CAP_EXP, 0x0c, 0x0000, 0x0043}, /* 8 GT/s, x4 */
        {EP0, PCIE_CAP_EXP, 0x10, 0x00cb, 0},
        {RP0, PCIE_CAP_EXP, 0x1c, 0x000f, 0},
        {EP0, PCIE_CAP_EXP, 0x1c, 0x0000, 0},
        {EP0, PCIE_CAP_EXP, 0x26, 0x0000, 0x0070}, /* EE prefix, one */
        {SWU, PCIE_CAP_EXP, 0x26, 0x0000, 0x0070}, /* needs Extended Fmt */
        /* 7.5.3.15, .16: endpoints can disable the completion timeout. */
        {EP0, PCIE_CAP_EXP, 0x24, 0x0000, 0x0190},
        {RP0, PCIE_CAP_EXP, 0x24, 0x0000, 0x0060},
        {EP0, PCIE_CAP_EXP, 0x28, 0x0350, 0},
        {RP0, PCIE_CAP_EXP, 0x28, 0x03a0, 0},
        {EP0, PCIE_CAP_EXP, 0x2c, 0x0000, 0x000e}, /* 2.5, 5, 8 GT/s */
        {RCI, PCIE_CAP_EXP, 0x0c, 0x0000, 0},
        {EP0, PCIE_CAP_MSI, 0x02, 0x0071, 0x0186}, /* 8, 64 bits, masks */
        {EP0, PCIE_CAP_MSI, 0x10, 0x00ff, 0},
        {EP0, PCIE_CAP_MSI, 0x14, 0x0000, 0},
        {EP0, PCIE_CAP_MSIX, 0x02, 0xc000, 0x000f},
        {EP0, PCIE_CAP_MSIX, 0x04, 0x0000, 0x0002},
        {EP0, PCIE_CAP_MSIX, 0x08, 0x0000, 0x0802},
        {EP0, PCIE_CAP_ATS, 0x04, 0x0000, 0x0060}, /* depth 32 is 0 */
        {EP1, PCIE_CAP_ATS, 0x04, 0x0000, 0x0021},
        {EP0, PCIE_CAP_ATS, 0x06, 0x801f, 0},
        {EP0, PCIE_CAP_PRI, 0x06, 0x0000, 0x8100},
        {EP0, PCIE_CAP_PRI, 0x08, 0x0000, 0x0040},
        {EP0, PCIE_CAP_PRI, 0x0c, 0xffff, 0},
        {EP0, PCIE_CAP_PASID, 0x04, 0x0000, 0x1006},
        {EP0, PCIE_CAP_PASID, 0x06, 0x0007, 0},
        {EP1, PCIE_CAP_PASID, 0x04, 0x0000, 0x1400},
        {EP1, PCIE_CAP_PASID, 0x06, 0x0001, 0},
        {RP0, PCIE_CAP_ACS, 0x04, 0x0000, 0x005f},
        {RP0, PCIE_CAP_ACS, 0x06, 0x005f, 0},
        {EP0, PCIE_CAP_DVSEC, 0x04, 0x0000, 0x1234},
        {EP0, PCIE_CAP_DVSEC, 0x06, 0x0000, 0x0102}, /* 16 bytes, rev 2 */
        {EP0, PCIE_CAP_DVSEC, 0x08, 0x0000, 0x0007},
        {EP0, PCIE_CAP_DVSEC, 0x0a, 0xff00, 0x0001},
        {EP0, PCIE_CAP_DVSEC, 0x0e, 0x0f00, 0x0005},
        {EP0, PCIE_CAP_PM, 0x02, 0x0000, 0x0003},
        {EP1, PCIE_CAP_PM, 0x04, 0x0003, 0x0008},
    };

    OPEN();
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        enum pcie_cap cap = (enum pcie_cap)row[i].cap;
        uint32_t got;

        cap_wr(s, row[i].fn, cap, row[i].at, 2, row[i].bits);
        got = cap_rd(s, row[i].fn, cap, row[i].at, 2);
        if ((got & ~row[i].value) != (row[i].bits & ~row[i].value))
            shim_fail(__FILE__, __LINE__, "row %u: %x", i, got);
        cap_wr(s, row[i].fn, cap, row[i].at, 2,
               (uint16_t)~row[i].bits & 0x7fff);
        if (cap == PCIE_CAP_PM)
            continue;
        got = cap_rd(s, row[i].fn, cap, row[i].at, 2);
        if (got != row[i].value)
            shim_fail(__FILE__, __LINE__, "row %u reads %x", i, got);
        cap_wr(s, row[i].fn, cap, row[i].at, 2, 0);
    }
    ptree_close(s);
}

/* A link is as fast and wide as both ends can: 8 GT/s x4 at RP0 (16 GT/s x8);
 * 16 GT/s x8 at a downstream port with an endpoint of 32 GT/s x16. */
TEST_CASE(PcieCaps, LinkStatus)
{
    OPEN();
    CHECK_EQ(0x2043, cap_rd(s, RP0, PCIE_CAP_EXP, 0x12, 2)); /* DLL active */
    CHECK_EQ(0x0043, cap_rd(s, EP0, PCIE_CAP_EXP, 0x12, 2));
    CHECK_EQ(0x0084, cap_rd(s, EP1, PCIE_CAP_EXP, 0x12, 2));
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x10, 2, 0x10); /* Link Disable */
    CHECK_EQ(0x0043, cap_rd(s, RP0, PCIE_CAP_EXP, 0x12, 2));
    CHECK(!pcie_find(s->p, 0x0100));
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x10, 2, 0);
    CHECK_EQ(0x2043, cap_rd(s, RP0, PCIE_CAP_EXP, 0x12, 2));
    CHECK(pcie_find(s->p, 0x0100));
    ptree_close(s);
}

TEST_CASE(PcieCaps, D3hotAnswersConfigurationOnly)
{
    uint64_t bar;
    uint32_t v;

    OPEN();
    bar = ptree_bar(s, EP1, 0);
    cap_wr(s, EP1, PCIE_CAP_PM, 4, 2, 3);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(0xffffffff, v);
    CHECK_EQ(0x10061234, cfg_rd(s, EP1, 0, 4));
    CHECK_EQ(PCIE_REFUSED_POWER, ptree_dma(s, EP1, false, 0, &v, 4));
    /* No_Soft_Reset: all is as before. */
    cap_wr(s, EP1, PCIE_CAP_PM, 4, 2, 0);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(1, s->fn[EP1].resets);
    /* Without it, the function is reset. */
    cap_wr(s, EP0, PCIE_CAP_PM, 4, 2, 3);
    cap_wr(s, EP0, PCIE_CAP_PM, 4, 2, 1); /* D1: ignored */
    CHECK_EQ(3, cap_rd(s, EP0, PCIE_CAP_PM, 4, 2));
    cap_wr(s, EP0, PCIE_CAP_PM, 4, 2, 0);
    CHECK_EQ(2, s->fn[EP0].resets);
    CHECK_EQ(PCIE_RESET_D3HOT, s->fn[EP0].reset);
    CHECK_EQ(0, cfg_rd(s, EP0, 0x04, 2));
    CHECK_EQ(0, cfg_rd(s, EP0, 0x10, 4));
    ptree_close(s);
}

TEST_CASE(PcieReset, FunctionLevel)
{
    OPEN();
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x2050); /* MPS 512 */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x10, 2, 0x40);   /* common clock */
    cap_wr(s, EP0, PCIE_CAP_PASID, 6, 2, 1);
    cap_wr(s, EP0, PCIE_CAP_AER, 0x08, 4, 0x00100000); /* sticky */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x8000 | 0x2050);
    CHECK_EQ(PCIE_RESET_FLR, s->fn[EP0].reset);
    CHECK_EQ(0, cfg_rd(s, EP0, 0x04, 2));
    CHECK_EQ(0, cfg_rd(s, EP0, 0x10, 4));
    CHECK_EQ(0, cap_rd(s, EP0, PCIE_CAP_PASID, 6, 2));
    CHECK_EQ(0x2950, cap_rd(s, EP0, PCIE_CAP_EXP, 0x08, 2));
    CHECK_EQ(0x40, cap_rd(s, EP0, PCIE_CAP_EXP, 0x10, 2));
    CHECK_EQ(0x00100000, cap_rd(s, EP0, PCIE_CAP_AER, 0x08, 4));
    CHECK_EQ(0x0100, pcie_id(ptree_fn(s, EP0)));
    CHECK_EQ(1, s->fn[EP1].resets); /* nobody else */
    ptree_close(s);
}

TEST_CASE(PcieReset, SecondaryBusReset)
{
    uint32_t v;

    OPEN();
    cap_wr(s, EP1, PCIE_CAP_AER, 0x08, 4, 0x00100000);
    cap_wr(s, EP1, PCIE_CAP_EXP, 0x08, 2, 0x0050);
    cfg_wr(s, RP1, 0x3e, 2, 1 << 6);
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        bool below = i >= SWU && i <= EP2F1;

        CHECK_EQ(below ? 2 : 1, s->fn[i].resets);
        CHECK_EQ(below ? PCIE_RESET_HOT : PCIE_RESET_COLD, s->fn[i].reset);
    }
    CHECK(!pcie_find(s->p, 0x0200));
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, ptree_bar(s, EP1, 0), &v, 4));
    CHECK_EQ(PCIE_REFUSED_POWER, ptree_dma(s, EP1, false, 0, &v, 4));
    cfg_wr(s, RP1, 0x3e, 2, 0);
    CHECK(pcie_find(s->p, 0x0200) == ptree_fn(s, SWU));
    CHECK(!pcie_find(s->p, 0x0300)); /* its bus numbers are gone */
    pcie_enumerate(&s->e);
    CHECK_EQ(0x00100000, cap_rd(s, EP1, PCIE_CAP_AER, 0x08, 4));
    CHECK_EQ(0x2910, cap_rd(s, EP1, PCIE_CAP_EXP, 0x08, 2));
    /* A cold reset clears what is sticky, too. */
    pcie_reset(s->p);
    pcie_enumerate(&s->e);
    CHECK_EQ(0x04400000, cap_rd(s, EP1, PCIE_CAP_AER, 0x08, 4));
    ptree_close(s);
}

/* 10.5.2: Stopped follows Enable; Reset clears errors while disabled. */
TEST_CASE(PcieCaps, PriEnableAndReset)
{
    OPEN();
    CHECK_EQ(0x8100, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    cap_wr(s, EP0, PCIE_CAP_PRI, 4, 2, 1);
    CHECK(pcie_enabled(ptree_fn(s, EP0), PCIE_CAP_PRI));
    CHECK_EQ(0x8000, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    pcie_config_poke(ptree_fn(s, EP0),
                     pcie_cap_offset(ptree_fn(s, EP0), PCIE_CAP_PRI) + 6, 2, 3,
                     3);
    pcie_config_poke(ptree_fn(s, EP0),
                     pcie_cap_offset(ptree_fn(s, EP0), PCIE_CAP_PRI) + 6, 2,
                     0x100, 0x100);
    /* Enabled already, and no Reset while it is. */
    cap_wr(s, EP0, PCIE_CAP_PRI, 4, 2, 3);
    CHECK_EQ(0x8103, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    cap_wr(s, EP0, PCIE_CAP_PRI, 6, 2, 1); /* write 1 to clear */
    CHECK_EQ(0x8102, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    cap_wr(s, EP0, PCIE_CAP_PRI, 4, 2, 0);
    CHECK_EQ(0x8102, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    cap_wr(s, EP0, PCIE_CAP_PRI, 4, 2, 2);
    CHECK_EQ(0x8100, cap_rd(s, EP0, PCIE_CAP_PRI, 6, 2));
    CHECK_EQ(0, cap_rd(s, EP0, PCIE_CAP_PRI, 4, 2)); /* reads 0 */
    ptree_close(s);
}

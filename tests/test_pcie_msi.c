/* SPDX-License-Identifier: MIT */
/* PCI Express: MSI, MSI-X and INTx. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s))

static void msi_setup(struct ptree *s, unsigned mme)
{
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x04, 4, 0x08020040);
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x08, 4, 0x1);
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x0c, 2, 0x4567);
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x02, 2, mme << 4 | 1);
}

/* 7.7.1: the vector replaces as many low bits as Multiple Message Enable has
 * given. */
TEST_CASE(PcieMsi, IsAMemoryWriteOfTheFunction)
{
    OPEN();
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(ptree_fn(s, EP0), 0));
    msi_setup(s, 2);
    CHECK_EQ(4, pcie_vectors(ptree_fn(s, EP0)));
    for (unsigned v = 0; v < 4; v++) {
        CHECK_EQ(PCIE_IRQ_SENT, pcie_msi(ptree_fn(s, EP0), v));
        CHECK_EQ(PCIE_TLP_MWR, s->last.type);
        CHECK_EQ(0x108020040ull, s->last.addr);
        CHECK_EQ(0x4564 + v, s->last_data);
        CHECK_EQ(0x0100, s->last.requester);
        CHECK_EQ(0, s->last.at);
    }
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(ptree_fn(s, EP0), 4));
    msi_setup(s, 7); /* more than the 8 that it has */
    CHECK_EQ(8, pcie_vectors(ptree_fn(s, EP0)));
    CHECK_EQ(PCIE_IRQ_SENT, pcie_msi(ptree_fn(s, EP0), 7));
    CHECK_EQ(0x4567, s->last_data);
    cfg_wr(s, EP0, 0x04, 2, 3); /* no bus master */
    CHECK_EQ(PCIE_IRQ_LOST, pcie_msi(ptree_fn(s, EP0), 0));
    ptree_close(s);
}

TEST_CASE(PcieMsi, MaskedIsPendingUntilUnmasked)
{
    OPEN();
    msi_setup(s, 3);
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x10, 4, 0x24);
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(ptree_fn(s, EP0), 2));
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(ptree_fn(s, EP0), 5));
    CHECK_EQ(PCIE_IRQ_SENT, pcie_msi(ptree_fn(s, EP0), 3));
    CHECK_EQ(0x24, cap_rd(s, EP0, PCIE_CAP_MSI, 0x14, 4));
    s->requests = 0;
    cap_wr(s, EP0, PCIE_CAP_MSI, 0x10, 4, 0x04);
    CHECK_EQ(1, s->requests);
    CHECK_EQ(0x4565, s->last_data);
    CHECK_EQ(0x04, cap_rd(s, EP0, PCIE_CAP_MSI, 0x14, 4));
    ptree_close(s);
}

static void msix_entry(struct ptree *s, unsigned n, uint64_t addr,
                       uint32_t data, uint32_t control)
{
    uint64_t at = ptree_bar(s, EP0, 2) + 16 * n;
    uint32_t words[4] = {(uint32_t)addr, (uint32_t)(addr >> 32), data, control};

    for (unsigned i = 0; i < 4; i++)
        pcie_host_write(s->p, at + 4 * i, &words[i], 4);
}

static uint32_t pba(struct ptree *s)
{
    uint32_t v = 0;

    pcie_host_read(s->p, ptree_bar(s, EP0, 2) + 0x800, &v, 4);
    return v;
}

TEST_CASE(PcieMsix, TableAndPending)
{
    uint32_t words[4];

    OPEN();
    /* After reset every vector is masked (7.7.2.8). */
    pcie_host_read(s->p, ptree_bar(s, EP0, 2) + 16 * 15, words, 16);
    CHECK_EQ(0, words[0]);
    CHECK_EQ(1, words[3]);
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(ptree_fn(s, EP0), 0));
    cap_wr(s, EP0, PCIE_CAP_MSIX, 2, 2, 0x8000);
    CHECK_EQ(16, pcie_vectors(ptree_fn(s, EP0)));
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(ptree_fn(s, EP0), 15));
    CHECK_EQ(1u << 15, pba(s));
    s->requests = 0;
    msix_entry(s, 15, 0x2000000103ull, 0xcafef00d, 0xfffffffe);
    CHECK_EQ(1, s->requests);
    CHECK_EQ(0x2000000100ull, s->last.addr); /* bits 1:0 are 0 */
    CHECK_EQ(0xcafef00d, s->last_data);
    CHECK_EQ(0, pba(s));
    pcie_host_read(s->p, ptree_bar(s, EP0, 2) + 16 * 15, words, 16);
    CHECK_EQ(0x00000100, words[0]);
    CHECK_EQ(0, words[3]);
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(ptree_fn(s, EP0), 16));
    /* The function itself sees neither table nor PBA. */
    CHECK_EQ(0, s->fn[EP0].writes);
    CHECK_EQ(0, s->fn[EP0].reads);
    pcie_host_read(s->p, ptree_bar(s, EP0, 2) + 0x100, words, 4);
    CHECK_EQ(1, s->fn[EP0].reads);
    ptree_close(s);
}

TEST_CASE(PcieMsix, FunctionMaskAndReadOnlyPending)
{
    uint32_t ones = 0xffffffff;

    OPEN();
    cap_wr(s, EP0, PCIE_CAP_MSIX, 2, 2, 0xc000);
    msix_entry(s, 3, 0x100, 33, 0);
    msix_entry(s, 4, 0x200, 44, 0);
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(ptree_fn(s, EP0), 3));
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(ptree_fn(s, EP0), 4));
    pcie_host_write(s->p, ptree_bar(s, EP0, 2) + 0x800, &ones, 4);
    CHECK_EQ(0x18, pba(s));
    s->requests = 0;
    cap_wr(s, EP0, PCIE_CAP_MSIX, 2, 2, 0x8000);
    CHECK_EQ(2, s->requests);
    CHECK_EQ(44, s->last_data);
    CHECK_EQ(0, pba(s));
    ptree_close(s);
}

/* A vector whose address is its own table: bounded. */
TEST_CASE(PcieMsix, AddressOfItsOwnTable)
{
    uint64_t table;

    OPEN();
    s->loop = true;
    table = ptree_bar(s, EP0, 2);
    cap_wr(s, RP0, PCIE_CAP_ACS, 6, 2, 0x10);
    cap_wr(s, EP0, PCIE_CAP_MSIX, 2, 2, 0x8000);
    for (unsigned i = 0; i < 16; i++)
        pcie_msi(ptree_fn(s, EP0), i);
    for (unsigned i = 0; i < 16; i++)
        msix_entry(s, i, table + 16 * ((i + 1) % 16) + 12, 0, 0);
    CHECK_EQ(0, pba(s));
    CHECK(s->requests >= 16 && s->requests < 1000);
    ptree_close(s);
}

/* 2.2.8.1: root line = pin + device at every level.  EP0: INTB behind device
 * 1; EP1: INTA behind port 0 behind device 2; EP2F1: INTB behind port 1
 * behind device 2; RCI: INTA in device 3. */
TEST_CASE(PcieIntx, SwizzleToFourLines)
{
    static const struct {
        unsigned fn, line;
    } row[] = {{EP0, 2}, {EP1, 2}, {EP2, 3}, {EP2F1, 0}, {RCI, 3}, {RP0, 1}};

    OPEN();
    for (unsigned i = 0; i < 6; i++) {
        pcie_intx(ptree_fn(s, row[i].fn), true);
        for (unsigned l = 0; l < 4; l++)
            CHECK_EQ(l == row[i].line, s->line[l]);
        CHECK_EQ(0x8, cfg_rd(s, row[i].fn, 0x06, 2) & 8);
        pcie_intx(ptree_fn(s, row[i].fn), false);
        CHECK(!s->line[row[i].line]);
        CHECK_EQ(0, cfg_rd(s, row[i].fn, 0x06, 2) & 8);
    }
    ptree_close(s);
}

TEST_CASE(PcieIntx, LinesAreSharedLevels)
{
    OPEN();
    pcie_intx(ptree_fn(s, EP0), true);
    pcie_intx(ptree_fn(s, EP0), true);
    pcie_intx(ptree_fn(s, EP1), true);
    CHECK_EQ(1, s->edges);
    pcie_intx(ptree_fn(s, EP0), false);
    CHECK(s->line[2]);
    cfg_wr(s, EP1, 0x04, 2, 0x407); /* Interrupt Disable */
    CHECK(!s->line[2]);
    CHECK_EQ(8, cfg_rd(s, EP1, 0x06, 2) & 8);
    cfg_wr(s, EP1, 0x04, 2, 0x007);
    CHECK(s->line[2]);
    cfg_wr(s, RP1, 0x3e, 2, 0x40); /* reset of the bus below */
    CHECK(!s->line[2]);
    /* D3hot: not before it is left (No_Soft_Reset). */
    pcie_intx(ptree_fn(s, RCI), true);
    CHECK(s->line[3]);
    cap_wr(s, RCI, PCIE_CAP_PM, 4, 2, 3);
    CHECK(!s->line[3]);
    cap_wr(s, RCI, PCIE_CAP_PM, 4, 2, 0);
    CHECK(s->line[3]);
    /* MSI replaces it. */
    pcie_intx(ptree_fn(s, EP0), true);
    CHECK(s->line[2]);
    msi_setup(s, 0);
    CHECK(!s->line[2]);
    ptree_close(s);
}

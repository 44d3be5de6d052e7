/* SPDX-License-Identifier: MIT */
/* PCI Express: surprise removal (6.7, 3.2.1), and return. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s))

#define SURPRISE_DOWN (1u << 5)

TEST_CASE(PciePresence, WhatIsAwayAnswersNothing)
{
    struct pcie_tlp m = {
        .type = PCIE_TLP_MSG, .message = 0x05, .target = 0x0400};
    uint64_t bar;
    uint32_t v = 0;

    OPEN();
    bar = ptree_bar(s, EP1, 0);
    pcie_set_present(ptree_fn(s, EP1), false);
    CHECK(!pcie_present(ptree_fn(s, EP1)));
    CHECK(pcie_present(ptree_fn(s, SWD0)));
    CHECK_EQ(0xffffffff, cfg_rd(s, EP1, 0, 4));
    CHECK_EQ(0xffffffff, pcie_config_read(ptree_fn(s, EP1), 0, 4));
    CHECK(!pcie_find(s->p, 0x0400));
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(0xffffffff, v);
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, bar, &v, 4));
    CHECK_EQ(PCIE_UR, pcie_send_down(s->p, &m, NULL));
    CHECK_EQ(0, s->fn[EP1].reads + s->fn[EP1].writes + s->fn[EP1].messages);
    /* Writes of registers are lost. */
    cfg_wr(s, EP1, 0x04, 2, 0);
    pcie_config_write(ptree_fn(s, EP1), 0x04, 2, 0);
    /* And it sends nothing. */
    CHECK_EQ(PCIE_REFUSED_ABSENT, ptree_dma(s, EP1, false, 0x1000, &v, 4));
    pcie_report(ptree_fn(s, EP1), PCIE_UNCOR_TIMEOUT, NULL);
    CHECK_EQ(0, s->requests);
    /* Others are as before. */
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, ptree_bar(s, EP2, 0), &v, 4));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP2, false, 0x1000, &v, 4));
    /* A peer gets no answer either. */
    CHECK_EQ(PCIE_UR, ptree_dma(s, EP2, false, bar, &v, 4));
    ptree_close(s);
}

TEST_CASE(PciePresence, ThePortAboveTells)
{
    uint64_t bar;
    uint32_t v = 0;

    OPEN();
    bar = ptree_bar(s, EP1, 0);
    cap_wr(s, EP1, PCIE_CAP_EXP, 0x08, 2, 0xf); /* it reports all errors */
    CHECK_EQ(1u << 19, cap_rd(s, SWD0, PCIE_CAP_EXP, 0x0c, 4) & 1u << 19);
    CHECK_EQ(0, cap_rd(s, EP1, PCIE_CAP_EXP, 0x0c, 4) & 1u << 19);
    cap_wr(s, RP1, PCIE_CAP_AER, 0x2c, 4, 7);
    cap_wr(s, SWD0, PCIE_CAP_EXP, 0x08, 2, 0x4); /* fatal errors */
    for (unsigned i = RP1; i <= SWD0; i++) {
        cfg_wr(s, i, 0x3e, 2, 1 << 1); /* SERR# Enable */
        cfg_wr(s, i, 0x04, 2, 0x107);
    }
    pcie_set_present(ptree_fn(s, EP1), false);
    CHECK_EQ(0, cap_rd(s, SWD0, PCIE_CAP_EXP, 0x12, 2) & 0x2000);
    CHECK_EQ(SURPRISE_DOWN, cap_rd(s, SWD0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(0x54, cap_rd(s, RP1, PCIE_CAP_AER, 0x30, 4) & 0x7f);
    CHECK_EQ(0x0300, cap_rd(s, RP1, PCIE_CAP_AER, 0x36, 2));
    /* Nobody is there to log what comes then. */
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, bar, &v, 4));
    CHECK_EQ(0x54, cap_rd(s, RP1, PCIE_CAP_AER, 0x30, 4) & 0x7f);
    CHECK_EQ(0x2000, cap_rd(s, SWD1, PCIE_CAP_EXP, 0x12, 2) & 0x2000);
    pcie_set_present(ptree_fn(s, EP1), true);
    CHECK_EQ(0x2084, cap_rd(s, SWD0, PCIE_CAP_EXP, 0x12, 2));
    /* A link that software has disabled before: no surprise. */
    cap_wr(s, SWD0, PCIE_CAP_AER, 0x04, 4, SURPRISE_DOWN);
    cap_wr(s, SWD0, PCIE_CAP_EXP, 0x10, 2, 0x10);
    pcie_set_present(ptree_fn(s, EP1), false);
    CHECK_EQ(0, cap_rd(s, SWD0, PCIE_CAP_AER, 0x04, 4));
    /* Enabled without a device it stays down. */
    cap_wr(s, SWD0, PCIE_CAP_EXP, 0x10, 2, 0);
    CHECK_EQ(0, cap_rd(s, SWD0, PCIE_CAP_EXP, 0x12, 2) & 0x2000);
    ptree_close(s);
}

TEST_CASE(PciePresence, ReturnIsAColdReset)
{
    OPEN();
    cap_wr(s, EP1, PCIE_CAP_AER, 0x08, 4, 0x00100000); /* sticky */
    pcie_set_present(ptree_fn(s, EP1), false);
    CHECK_EQ(1, s->fn[EP1].resets);
    s->renumbers = 0;
    pcie_set_present(ptree_fn(s, EP1), true);
    CHECK_EQ(2, s->fn[EP1].resets);
    CHECK_EQ(PCIE_RESET_COLD, s->fn[EP1].reset);
    CHECK_EQ(1, s->renumbers);
    CHECK_EQ(EP1, s->renumbered);
    CHECK_EQ(0, pcie_id(ptree_fn(s, EP1)));
    CHECK_EQ(0x10061234, cfg_rd(s, EP1, 0, 4)); /* the bridges are set up */
    CHECK_EQ(0, cfg_rd(s, EP1, 0x04, 2));
    CHECK_EQ(0, cfg_rd(s, EP1, 0x10, 4));
    CHECK_EQ(0x04400000, cap_rd(s, EP1, PCIE_CAP_AER, 0x08, 4));
    /* Twice is once; others are not reset. */
    pcie_set_present(ptree_fn(s, EP1), true);
    CHECK_EQ(2, s->fn[EP1].resets);
    CHECK_EQ(1, s->fn[EP2].resets);
    ptree_close(s);
}

/* A device goes with all its functions, a switch with what is below it. */
TEST_CASE(PciePresence, WholeDevicesAndWholeTrees)
{
    uint32_t v;

    OPEN();
    pcie_set_present(ptree_fn(s, EP2F1), false);
    CHECK(!pcie_present(ptree_fn(s, EP2)));
    CHECK(!pcie_find(s->p, 0x0500));
    CHECK(pcie_present(ptree_fn(s, EP1)));
    pcie_set_present(ptree_fn(s, EP2), true);
    CHECK(pcie_present(ptree_fn(s, EP2F1)));
    CHECK_EQ(2, s->fn[EP2F1].resets);

    pcie_set_present(ptree_fn(s, EP1), false);
    pcie_set_present(ptree_fn(s, SWU), false);
    for (unsigned i = 0; i < PTREE_COUNT; i++)
        CHECK_EQ(i < SWU || i > EP2F1, pcie_present(ptree_fn(s, i)));
    CHECK_EQ(PCIE_REFUSED_ABSENT, ptree_dma(s, EP2, false, 0, &v, 4));
    CHECK_EQ(0, cap_rd(s, RP1, PCIE_CAP_EXP, 0x12, 2) & 0x2000);
    /* What went before the switch does not come with it. */
    pcie_set_present(ptree_fn(s, SWU), true);
    CHECK(pcie_present(ptree_fn(s, EP2)));
    CHECK(!pcie_present(ptree_fn(s, EP1)));
    /* Nor does a reset bring it. */
    pcie_reset(s->p);
    CHECK(!pcie_present(ptree_fn(s, EP1)));
    pcie_enumerate(&s->e);
    CHECK(!s->e.error);
    CHECK_EQ(PTREE_COUNT - 1, s->e.count);
    CHECK_EQ(0, cap_rd(s, SWD0, PCIE_CAP_EXP, 0x12, 2) & 0x2000);
    pcie_set_present(ptree_fn(s, EP1), true);
    CHECK_EQ(0x10061234, cfg_rd(s, EP1, 0, 4));
    ptree_close(s);
}

TEST_CASE(PciePresence, ItsInterruptGoes)
{
    OPEN();
    pcie_intx(ptree_fn(s, EP2), true);
    CHECK_EQ(1, s->line[0] + s->line[1] + s->line[2] + s->line[3]);
    pcie_set_present(ptree_fn(s, SWU), false);
    CHECK_EQ(0, s->line[0] + s->line[1] + s->line[2] + s->line[3]);
    pcie_intx(ptree_fn(s, EP2), true);
    CHECK_EQ(0, s->line[0] + s->line[1] + s->line[2] + s->line[3]);
    pcie_set_present(ptree_fn(s, SWU), true);
    CHECK_EQ(0, s->line[0] + s->line[1] + s->line[2] + s->line[3]);
    pcie_intx(ptree_fn(s, EP2), true);
    CHECK_EQ(1, s->line[0] + s->line[1] + s->line[2] + s->line[3]);
    ptree_close(s);
}

/* It goes while its own request is under way, in the middle of a DMA. */
static enum pcie_status pull(void *opaque, struct pcie_fn *f,
                             const struct pcie_tlp *t, void *data)
{
    unsigned *left = (unsigned *)opaque;

    (void)t;
    (void)data;
    if (!--*left)
        pcie_set_present(f, false);
    return PCIE_SC;
}

TEST_CASE(PciePresence, InTheMiddleOfADma)
{
    static uint8_t data[4096];
    unsigned left = 3;
    struct pcie_ops ops = {.size = sizeof(ops), .request = pull};
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 1,
                            .timed = true,
                            .functions = ptree_functions(),
                            .function_count = 2};
    struct pcie_tlp t = {.type = PCIE_TLP_MRD, .length = sizeof(data)};
    struct pcie *p = pcie_create(&c, &ops, &left);

    REQUIRE(p);
    for (unsigned i = 0; i < 2; i++)
        pcie_config_write(pcie_function(p, i), 4, 2, 7);
    CHECK_EQ(PCIE_REFUSED_ABSENT, pcie_dma(pcie_function(p, EP0), &t, data));
    CHECK_EQ(0, left);
    /* The link is not left with a tag that never returns. */
    for (unsigned i = 0; i < 300; i++) {
        pcie_set_present(pcie_function(p, EP0), true);
        pcie_config_write(pcie_function(p, EP0), 4, 2, 7);
        left = 1;
        CHECK_EQ(PCIE_SC, pcie_request(pcie_function(p, EP0),
                                       &(struct pcie_tlp){.type = PCIE_TLP_MRD,
                                                          .length = 4},
                                       data));
    }
    CHECK(pcie_time(p) > 300 * 2 * 50000);
    pcie_set_present(NULL, true);
    CHECK(!pcie_present(NULL));
    pcie_destroy(p);
}

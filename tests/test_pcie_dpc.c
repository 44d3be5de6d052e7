/* SPDX-License-Identifier: MIT */
/* PCI Express: Downstream Port Containment (6.2.10, 7.9.15). */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s));                              \
    clear(s)

#define FATAL     18 /* Malformed TLP, by its default */
#define NON_FATAL 12 /* Poisoned TLP */

/* The walk over buses has left errors.  All may be told. */
static void clear(struct ptree *s)
{
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        s->fn[i].resets = 0;
        cap_wr(s, i, PCIE_CAP_EXP, 0x08, 2, 0x200f);
        cap_wr(s, i, PCIE_CAP_EXP, 0x0a, 2, 0xf);
        cap_wr(s, i, PCIE_CAP_AER, 0x04, 4, 0xffffffff);
        cap_wr(s, i, PCIE_CAP_AER, 0x10, 4, 0xffffffff);
        cfg_wr(s, i, 0x3e, 2, 2); /* SERR# Enable; ignored by type 0 */
    }
}

static void msi(struct ptree *s, unsigned port, uint16_t data)
{
    cap_wr(s, port, PCIE_CAP_MSI, 4, 4, 0x500);
    cap_wr(s, port, PCIE_CAP_MSI, 0xc, 2, data);
    cap_wr(s, port, PCIE_CAP_MSI, 2, 2, 1);
    s->requests = 0;
}

static uint32_t status(struct ptree *s, unsigned port)
{
    return cap_rd(s, port, PCIE_CAP_DPC, 0x08, 2);
}

static void control(struct ptree *s, unsigned port, uint16_t value)
{
    cap_wr(s, port, PCIE_CAP_DPC, 0x06, 2, value);
}

static bool link_up(struct ptree *s, unsigned port)
{
    return cap_rd(s, port, PCIE_CAP_EXP, 0x12, 2) & 0x2000;
}

static uint32_t root_errors(struct ptree *s, unsigned port)
{
    return cap_rd(s, port, PCIE_CAP_AER, 0x30, 4);
}

TEST_CASE(PcieDpc, Registers)
{
    OPEN();
    CHECK(pcie_enum_ext(&s->e, ptree_id(RP0), 0x1d) != 0);
    CHECK(pcie_enum_ext(&s->e, ptree_id(SWD0), 0x1d) != 0);
    CHECK_EQ(0, pcie_enum_ext(&s->e, ptree_id(SWU), 0x1d));
    /* Software trigger; neither extensions of root ports nor poison. */
    CHECK_EQ(0x0080, cap_rd(s, RP0, PCIE_CAP_DPC, 0x04, 2));
    control(s, RP0, 0xffbf);
    CHECK_EQ(0x001f, cap_rd(s, RP0, PCIE_CAP_DPC, 0x06, 2));
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x04, 2, 0xffff);
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x08, 4, 0xffffffff);
    CHECK_EQ(0x0080, cap_rd(s, RP0, PCIE_CAP_DPC, 0x04, 2));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_DPC, 0x08, 4));
    ptree_close(s);
}

/* As the driver of Linux: on fatal errors, with an interrupt. */
TEST_CASE(PcieDpc, AFatalMessageIsContained)
{
    uint32_t v = 0;

    OPEN();
    msi(s, RP0, 77);
    control(s, RP0, 0x9);
    pcie_report(ptree_fn(s, EP0), NON_FATAL, NULL);
    CHECK_EQ(0, status(s, RP0));
    CHECK_EQ(0x24, root_errors(s, RP0));
    pcie_report(ptree_fn(s, EP0), FATAL, NULL);
    /* Triggered, ERR_FATAL, interrupt; the message goes no further. */
    CHECK_EQ(0x01000000 | 0x0d, cap_rd(s, RP0, PCIE_CAP_DPC, 0x08, 4));
    CHECK_EQ(0x24, root_errors(s, RP0));
    CHECK_EQ(1, s->requests);
    CHECK_EQ(77, s->last_data);
    CHECK_EQ(ptree_id(RP0), s->last.requester);
    /* The link is down, what was on it is reset. */
    CHECK(!link_up(s, RP0));
    CHECK_EQ(PCIE_RESET_HOT, s->fn[EP0].reset);
    CHECK_EQ(0xffffffff, cfg_rd(s, EP0, 0, 4));
    CHECK_EQ(PCIE_REFUSED_POWER, ptree_dma(s, EP0, true, 0x1000, &v, 4));
    /* Its handler clears the interrupt, then, some time later, the trigger. */
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x08, 2, 8);
    CHECK_EQ(0x05, status(s, RP0));
    CHECK(!link_up(s, RP0));
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x08, 2, 1);
    CHECK_EQ(0, status(s, RP0) & 1);
    CHECK(link_up(s, RP0));
    CHECK_EQ(0x1234 | (0x1000 + EP0) << 16, cfg_rd(s, EP0, 0, 4));
    CHECK_EQ(0, cfg_rd(s, EP0, 4, 2));
    /* And again. */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x200f);
    pcie_report(ptree_fn(s, EP0), FATAL, NULL);
    CHECK_EQ(0x0d, status(s, RP0));
    CHECK_EQ(2, s->requests);
    ptree_close(s);
}

TEST_CASE(PcieDpc, NonFatalMessagesIfAsked)
{
    OPEN();
    control(s, RP0, 0x3); /* reserved */
    pcie_report(ptree_fn(s, EP0), FATAL, NULL);
    CHECK_EQ(0, status(s, RP0));
    control(s, RP0, 0x2);
    pcie_report_cor(ptree_fn(s, EP0), 0);
    CHECK_EQ(0, status(s, RP0));
    pcie_report(ptree_fn(s, EP0), NON_FATAL, NULL);
    CHECK_EQ(0x01000000 | 0x03, cap_rd(s, RP0, PCIE_CAP_DPC, 0x08, 4));
    CHECK(!s->line[1]); /* not enabled */
    /* The first reason stays. */
    pcie_report(ptree_fn(s, RP0), FATAL, NULL);
    CHECK_EQ(0x01000000 | 0x03, cap_rd(s, RP0, PCIE_CAP_DPC, 0x08, 4));
    ptree_close(s);
}

/* ACS Source Validation makes them: an error of the port's own, of whatever
 * severity, is not told by a message. */
TEST_CASE(PcieDpc, ThePortsOwnErrors)
{
    struct pcie_tlp t = {
        .type = PCIE_TLP_MWR, .addr = 0x1000, .length = 4, .requester = 0x4200};
    uint32_t v = 0;

    OPEN();
    cap_wr(s, RP0, PCIE_CAP_ACS, 6, 2, 1);
    control(s, RP0, 0x1);
    /* Masked, then advisory: no. */
    cap_wr(s, RP0, PCIE_CAP_AER, 0x08, 4, 1u << 21);
    CHECK_EQ(PCIE_SC, pcie_request_as(ptree_fn(s, EP0), &t, &v));
    CHECK_EQ(0, status(s, RP0));
    cap_wr(s, RP0, PCIE_CAP_AER, 0x08, 4, 0);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x14, 4, 0);
    t.type = PCIE_TLP_MRD;
    CHECK_EQ(PCIE_CA, pcie_request_as(ptree_fn(s, EP0), &t, &v));
    CHECK_EQ(0, status(s, RP0));
    /* 7.5.1.3.7: Signaled Target Abort. */
    CHECK_EQ(0x0800, cfg_rd(s, RP0, 0x1e, 2) & 0x0800);
    t.type = PCIE_TLP_MWR;
    CHECK_EQ(PCIE_SC, pcie_request_as(ptree_fn(s, EP0), &t, &v));
    CHECK_EQ(0x01, status(s, RP0));
    CHECK_EQ(0x01, root_errors(s, RP0)); /* the advisory one */
    CHECK_EQ(1u << 21, cap_rd(s, RP0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(1, s->fn[EP0].resets);
    ptree_close(s);
}

TEST_CASE(PcieDpc, SoftwareTriggers)
{
    OPEN();
    control(s, RP0, 0x40); /* not enabled */
    CHECK_EQ(0, status(s, RP0));
    control(s, RP0, 0x1);
    control(s, RP0, 0x41);
    CHECK_EQ(0x27, status(s, RP0));
    CHECK_EQ(0x01, cap_rd(s, RP0, PCIE_CAP_DPC, 0x06, 2));
    control(s, RP0, 0x49);
    CHECK_EQ(0x27, status(s, RP0)); /* no interrupt of a second one */
    /* Disabling does not release. */
    control(s, RP0, 0);
    CHECK(!link_up(s, RP0));
    ptree_close(s);
}

/* AER and DPC share the pin. */
TEST_CASE(PcieDpc, IntxIsALevelOfBoth)
{
    OPEN();
    cap_wr(s, RP0, PCIE_CAP_AER, 0x2c, 4, 0x7);
    pcie_report(ptree_fn(s, EP0), NON_FATAL, NULL);
    CHECK(s->line[1]);
    control(s, RP0, 0x49);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x30, 4, 0x7f);
    CHECK(s->line[1]);
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x08, 2, 8);
    CHECK(!s->line[1]);
    ptree_close(s);
}

TEST_CASE(PcieDpc, CompletionsOfWhatIsContained)
{
    uint64_t bar;
    uint32_t v = 0;

    OPEN();
    bar = ptree_bar(s, EP0, 0);
    control(s, RP0, 0x41);
    CHECK_EQ(PCIE_CA, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(0xffffffff, v);
    control(s, RP0, 0x05);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar, &v, 4));
    CHECK_EQ(0, s->fn[EP0].reads);
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x04, 4));
    ptree_close(s);
}

/* What is beside it goes on; the trigger outlives a reset from above. */
TEST_CASE(PcieDpc, ASwitchContainsOnePort)
{
    uint32_t v = 0;

    OPEN();
    msi(s, SWD0, 55);
    control(s, SWD0, 0xa);
    pcie_report(ptree_fn(s, EP1), NON_FATAL, NULL);
    CHECK_EQ(0x0b, status(s, SWD0));
    CHECK_EQ(ptree_id(EP1), cap_rd(s, SWD0, PCIE_CAP_DPC, 0x0a, 2));
    CHECK_EQ(0, root_errors(s, RP1));
    CHECK_EQ(55, s->last_data);
    CHECK_EQ(ptree_id(SWD0), s->last.requester);
    CHECK(link_up(s, SWD1) && link_up(s, RP1));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP2, true, 0x1000, &v, 4));
    CHECK_EQ(0, s->fn[EP2].resets);
    cfg_wr(s, RP1, 0x3e, 2, 0x42);
    cfg_wr(s, RP1, 0x3e, 2, 0x02);
    CHECK_EQ(0x0b,
             pcie_config_read(
                 ptree_fn(s, SWD0),
                 pcie_cap_offset(ptree_fn(s, SWD0), PCIE_CAP_DPC) + 8, 2));
    pcie_reset(s->p);
    CHECK_EQ(0, pcie_config_read(
                    ptree_fn(s, SWD0),
                    pcie_cap_offset(ptree_fn(s, SWD0), PCIE_CAP_DPC) + 8, 2));
    ptree_close(s);
}

/* 6.2.10.2: without a mark in any status of the port. */
TEST_CASE(PcieDpc, ErrCor)
{
    OPEN();
    control(s, RP0, 0x11);
    control(s, RP0, 0x51);
    CHECK_EQ(0x01, root_errors(s, RP0));
    CHECK_EQ(ptree_id(RP0), cap_rd(s, RP0, PCIE_CAP_AER, 0x34, 2));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_EXP, 0x0a, 2));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x10, 4));
    ptree_close(s);
}

/* One device, two functions: the first message is the last. */
TEST_CASE(PcieDpc, UnclaimedRequestsTriggerOnce)
{
    uint32_t v = 0;

    OPEN();
    cap_wr(s, EP2F1, PCIE_CAP_AER, 0x0c, 4, 1u << 20); /* fatal there */
    control(s, SWD1, 0x2);
    CHECK_EQ(PCIE_UR,
             pcie_host_write(s->p, ptree_bar(s, EP2, 0) | 0xff000, &v, 4));
    CHECK_EQ(0x03, status(s, SWD1));
    CHECK_EQ(ptree_id(EP2), cap_rd(s, SWD1, PCIE_CAP_DPC, 0x0a, 2));
    CHECK_EQ(1, s->fn[EP2].resets);
    CHECK_EQ(1, s->fn[EP2F1].resets);
    /* The reset came first. */
    CHECK_EQ(0,
             pcie_config_read(
                 ptree_fn(s, EP2F1),
                 pcie_cap_offset(ptree_fn(s, EP2F1), PCIE_CAP_EXP) + 0x0a, 2));
    CHECK_EQ(0, root_errors(s, RP1));
    ptree_close(s);
}

TEST_CASE(PcieDpc, RemovalOfWhatIsContainedSurprisesNobody)
{
    OPEN();
    control(s, RP0, 0x41);
    pcie_set_present(ptree_fn(s, EP0), false);
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x04, 4));
    cap_wr(s, RP0, PCIE_CAP_DPC, 0x08, 2, 1);
    CHECK(!link_up(s, RP0));
    pcie_set_present(ptree_fn(s, EP0), true);
    CHECK(link_up(s, RP0));
    /* It is DPC now that hides a removal from AER's message (6.2.10). */
    control(s, RP0, 0x1);
    pcie_set_present(ptree_fn(s, EP0), false);
    CHECK_EQ(0x01, status(s, RP0));
    CHECK_EQ(0, root_errors(s, RP0));
    ptree_close(s);
}

/* Only ports that lead down have it. */
TEST_CASE(PcieDpc, IsRefusedElsewhere)
{
    static const struct pcie_cap_config caps[] = {
        {.cap = PCIE_CAP_EXP, .exp = {.speed = 1, .width = 1, .mps = 128}},
        {.cap = PCIE_CAP_DPC},
    };
    struct pcie_fn_config f = {.kind = PCIE_RCIEP,
                               .parent = -1,
                               .class_code = 0xff0000,
                               .caps = caps,
                               .cap_count = 2};
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 255,
                            .functions = &f,
                            .function_count = 1};

    CHECK_STR("dpc: ports that lead down have it", pcie_config_check(&c, NULL));
    f.kind = PCIE_ROOT_PORT;
    CHECK(!pcie_config_check(&c, NULL));
}

/* SPDX-License-Identifier: MIT */
/* PCI Express: errors, their logs, and what the root port makes of them. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s));                              \
    aer_clear(s)

#define UR  (1u << 20)
#define CA  (1u << 15)
#define ADV (1u << 13)

/* The walk over buses has left errors, as on real machines. */
static void aer_clear(struct ptree *s)
{
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        cap_wr(s, i, PCIE_CAP_EXP, 0x0a, 2, 0xf);
        cap_wr(s, i, PCIE_CAP_AER, 0x04, 4, 0xffffffff);
        cap_wr(s, i, PCIE_CAP_AER, 0x10, 4, 0xffffffff);
        cfg_wr(s, i, 0x06, 2, 0xffff);
    }
}

static void report_all(struct ptree *s, unsigned fn)
{
    cap_wr(s, fn, PCIE_CAP_EXP, 0x08, 2, 0x200f);
    cfg_wr(s, fn, 0x3e, 2, 2); /* SERR# Enable; ignored by type 0 */
}

static void report_path(struct ptree *s)
{
    report_all(s, RP0);
    report_all(s, EP0);
}

/* An address in RP0's window, in no BAR of EP0: its pool is 1 MiB aligned. */
static uint64_t hole(struct ptree *s)
{
    return (ptree_bar(s, EP0, 0) | 0xfffff) & ~3ull;
}

TEST_CASE(PcieAer, PostedUrIsNonFatalAndLogged)
{
    uint32_t v = 0;

    OPEN();
    report_path(s);
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, hole(s), &v, 4));
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, hole(s), &v, 1));
    CHECK_EQ(0xa, cap_rd(s, EP0, PCIE_CAP_EXP, 0x0a, 2)); /* URD, NFED */
    CHECK_EQ(UR, cap_rd(s, EP0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(20, cap_rd(s, EP0, PCIE_CAP_AER, 0x18, 4) & 31);
    /* The first: MWr, three words, one data word; bytes enabled; address. */
    CHECK_EQ(0x40000001, cap_rd(s, EP0, PCIE_CAP_AER, 0x1c, 4));
    CHECK_EQ(0x0000000f, cap_rd(s, EP0, PCIE_CAP_AER, 0x20, 4));
    CHECK_EQ((uint32_t)hole(s), cap_rd(s, EP0, PCIE_CAP_AER, 0x24, 4));
    /* Root port: two ERR_NONFATAL from 01:00.0. */
    CHECK_EQ(0x2c, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    CHECK_EQ(0x0100, cap_rd(s, RP0, PCIE_CAP_AER, 0x36, 2));
    CHECK_EQ(0x4000, cfg_rd(s, RP0, 0x1e, 2) & 0x4000);
    ptree_close(s);
}

TEST_CASE(PcieAer, NonPostedUrIsAdvisory)
{
    uint32_t v;

    OPEN();
    report_path(s);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, hole(s), &v, 4));
    CHECK_EQ(0x9, cap_rd(s, EP0, PCIE_CAP_EXP, 0x0a, 2)); /* URD, CED */
    CHECK_EQ(ADV, cap_rd(s, EP0, PCIE_CAP_AER, 0x10, 4));
    /* Advisory is masked after reset: no more than that. */
    CHECK_EQ(0, cap_rd(s, EP0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    cap_wr(s, EP0, PCIE_CAP_AER, 0x14, 4, 0);
    pcie_host_read(s->p, hole(s), &v, 4);
    CHECK_EQ(UR, cap_rd(s, EP0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(0x00000001, cap_rd(s, EP0, PCIE_CAP_AER, 0x1c, 4)); /* MRd */
    CHECK_EQ(0x01, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));       /* ERR_COR */
    CHECK_EQ(0x0100, cap_rd(s, RP0, PCIE_CAP_AER, 0x34, 2));
    /* The root port received a master abort. */
    CHECK_EQ(0x2000, cfg_rd(s, RP0, 0x1e, 2) & 0x2000);
    ptree_close(s);
}

TEST_CASE(PcieAer, SeverityMaskAndFirstError)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MWR,
                         .addr = 0x1122334455667788ull,
                         .length = 8,
                         .requester = 0x0042,
                         .tag = 0x5a,
                         .pasid_valid = true,
                         .privileged = true,
                         .pasid = 0xabcde};
    struct pcie_fn *f;

    OPEN();
    f = ptree_fn(s, EP0);
    report_path(s);
    cap_wr(s, EP0, PCIE_CAP_AER, 0x08, 4, CA);
    pcie_report(f, 15, &t); /* masked: status only */
    CHECK_EQ(CA, cap_rd(s, EP0, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    CHECK_EQ(0, cap_rd(s, EP0, PCIE_CAP_AER, 0x1c, 4));
    cap_wr(s, EP0, PCIE_CAP_AER, 0x0c, 4, UR); /* UR is fatal now */
    pcie_report(f, 20, &t);
    pcie_report(f, 18, NULL); /* second: not logged */
    CHECK_EQ(0x814, cap_rd(s, EP0, PCIE_CAP_AER, 0x18, 4));
    /* MWr of two words with four header words; requester, tag, enables. */
    CHECK_EQ(0x60000002, cap_rd(s, EP0, PCIE_CAP_AER, 0x1c, 4));
    CHECK_EQ(0x00425aff, cap_rd(s, EP0, PCIE_CAP_AER, 0x20, 4));
    CHECK_EQ(0x11223344, cap_rd(s, EP0, PCIE_CAP_AER, 0x24, 4));
    CHECK_EQ(0x55667788, cap_rd(s, EP0, PCIE_CAP_AER, 0x28, 4));
    /* PASID prefix: 100 1 0001, Privileged, PASID. */
    CHECK_EQ(0x912abcde, cap_rd(s, EP0, PCIE_CAP_AER, 0x38, 4));
    /* First fatal, then (MALFORMED has become non-fatal) more than one. */
    CHECK_EQ(0x7c, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    /* Software clears the first: the pointer is free. */
    cap_wr(s, EP0, PCIE_CAP_AER, 0x04, 4, UR);
    pcie_report(f, 18, NULL);
    CHECK_EQ(18, cap_rd(s, EP0, PCIE_CAP_AER, 0x18, 4));
    ptree_close(s);
}

/* Nobody at the end of a link that is down finds out, nor is a held function
 * reached. */
TEST_CASE(PcieAer, ALinkThatIsDownLogsNothing)
{
    uint32_t v = 0;

    OPEN();
    cfg_wr(s, RP0, 0x3e, 2, 0x40);
    pcie_config_write(ptree_fn(s, EP0), 0x10, 4, ptree_bar(s, EP0, 0));
    pcie_config_write(ptree_fn(s, EP0), 0x04, 2, 7);
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, ptree_bar(s, EP0, 0), &v, 4));
    CHECK_EQ(0, s->fn[EP0].writes);
    CHECK_EQ(0, pcie_config_read(ptree_fn(s, EP0), 0x100 + 4, 4));
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x04, 4));
    ptree_close(s);
}

TEST_CASE(PcieAer, CompleterAbort)
{
    uint32_t v;

    OPEN();
    s->fn[EP0].answer = PCIE_CA;
    CHECK_EQ(PCIE_CA, pcie_host_read(s->p, ptree_bar(s, EP0, 0), &v, 4));
    CHECK_EQ(0xffffffff, v);
    CHECK_EQ(0x0810, cfg_rd(s, EP0, 0x06, 2)); /* Signaled Target Abort */
    CHECK_EQ(0x1000, cfg_rd(s, RP0, 0x1e, 2) & 0x1000);
    CHECK_EQ(0x1, cap_rd(s, EP0, PCIE_CAP_EXP, 0x0a, 2));
    ptree_close(s);
}

TEST_CASE(PcieAer, RootPortInterrupts)
{
    OPEN();
    report_path(s);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x2c, 4, 0x6);
    /* Without MSI it is a level: INTA of device 1. */
    pcie_report(ptree_fn(s, EP0), 12, NULL);
    CHECK(s->line[1]);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x30, 4, 0x7f);
    CHECK(!s->line[1]);
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    /* With it, a message when the condition becomes true. */
    cap_wr(s, RP0, PCIE_CAP_MSI, 4, 4, 0x500);
    cap_wr(s, RP0, PCIE_CAP_MSI, 0xc, 2, 77);
    cap_wr(s, RP0, PCIE_CAP_MSI, 2, 2, 1);
    s->requests = 0;
    pcie_report(ptree_fn(s, EP0), 12, NULL);
    pcie_report(ptree_fn(s, EP0), 12, NULL);
    CHECK_EQ(1, s->requests);
    CHECK_EQ(77, s->last_data);
    CHECK_EQ(0x0008, s->last.requester);
    ptree_close(s);
}

/* An error that comes while there is no MSI, and is seen to when there is. */
TEST_CASE(PcieAer, LevelEndsWithItsCondition)
{
    OPEN();
    report_path(s);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x2c, 4, 0x7);
    pcie_report(ptree_fn(s, EP0), 12, NULL);
    CHECK(s->line[1]);
    cap_wr(s, RP0, PCIE_CAP_MSI, 2, 2, 1);
    CHECK(!s->line[1]);
    cap_wr(s, RP0, PCIE_CAP_AER, 0x30, 4, 0x7f);
    CHECK_EQ(0, cfg_rd(s, RP0, 0x06, 2) & 8); /* Interrupt Status */
    cap_wr(s, RP0, PCIE_CAP_MSI, 2, 2, 0);
    CHECK(!s->line[1]);
    ptree_close(s);
}

/* What is away, or behind a link that is held, tells nothing. */
TEST_CASE(PcieAer, NoMessageFromNowhere)
{
    OPEN();
    report_path(s);
    cfg_wr(s, RP0, 0x3e, 2, 0x42);
    pcie_config_write(ptree_fn(s, EP0), 0x04, 2, 0x100);
    pcie_report(ptree_fn(s, EP0), 18, NULL);
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    CHECK_EQ(0, cfg_rd(s, RP0, 0x1e, 2) & 0x4000);
    cfg_wr(s, RP0, 0x3e, 2, 2);
    report_all(s, EP0);
    pcie_report_cor(ptree_fn(s, EP0), 0);
    CHECK_EQ(0x01, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    cap_wr(s, RP0, PCIE_CAP_AER, 0x30, 4, 0x7f);
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x08, 2, 0x2001);
    pcie_set_present(ptree_fn(s, EP0), false);
    pcie_report_cor(ptree_fn(s, EP0), 0);
    CHECK_EQ(0, cap_rd(s, RP0, PCIE_CAP_AER, 0x30, 4));
    ptree_close(s);
}

TEST_CASE(PcieAer, EveryBridgeMustForward)
{
    static const unsigned path[] = {SWD0, SWU, RP1};

    OPEN();
    for (unsigned i = 0; i < 3; i++)
        report_all(s, path[i]);
    report_all(s, EP1);
    for (unsigned i = 0; i < 3; i++) {
        cfg_wr(s, path[i], 0x3e, 2, 0);
        pcie_report(ptree_fn(s, EP1), 12, NULL);
        CHECK_EQ(0, cap_rd(s, RP1, PCIE_CAP_AER, 0x30, 4));
        cfg_wr(s, path[i], 0x3e, 2, 2);
    }
    pcie_report(ptree_fn(s, EP1), 12, NULL);
    CHECK_EQ(0x24, cap_rd(s, RP1, PCIE_CAP_AER, 0x30, 4));
    CHECK_EQ(0x0400, cap_rd(s, RP1, PCIE_CAP_AER, 0x36, 2));
    ptree_close(s);
}

TEST_CASE(PcieAer, SystemErrors)
{
    OPEN();
    report_path(s);
    pcie_report(ptree_fn(s, EP0), 18, NULL);
    CHECK_EQ(0, s->errors);
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x1c, 2, 4); /* on fatal errors */
    pcie_report(ptree_fn(s, EP0), 18, NULL);
    CHECK_EQ(1, s->errors);
    CHECK_EQ(0x33, s->error);
    CHECK_EQ(0x0100, s->error_source);
    /* SERR# Enable alone is enough, and leaves a mark (7.5.1.1.4). */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x2000);
    cfg_wr(s, EP0, 0x04, 2, 0x107);
    pcie_report(ptree_fn(s, EP0), 18, NULL);
    CHECK_EQ(2, s->errors);
    CHECK_EQ(0x4010, cfg_rd(s, EP0, 0x06, 2));
    /* No root port above the RCiEP. */
    report_all(s, RCI);
    pcie_report(ptree_fn(s, RCI), 12, NULL);
    CHECK_EQ(3, s->errors);
    CHECK_EQ(0x31, s->error);
    ptree_close(s);
}

/* 6.2.4: all functions of a device log what none of them claims. */
TEST_CASE(PcieAer, AllFunctionsOfTheDeviceLog)
{
    uint64_t unclaimed;
    uint32_t v = 0;

    OPEN();
    report_all(s, SWD1);
    report_all(s, SWU);
    report_all(s, RP1);
    report_all(s, EP2);
    report_all(s, EP2F1);
    unclaimed = ptree_bar(s, EP2, 0) | 0xff000;
    CHECK_EQ(PCIE_UR, pcie_host_write(s->p, unclaimed, &v, 4));
    CHECK_EQ(UR, cap_rd(s, EP2, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(UR, cap_rd(s, EP2F1, PCIE_CAP_AER, 0x04, 4));
    CHECK_EQ(0x24, cap_rd(s, RP1, PCIE_CAP_AER, 0x30, 4)); /* one message */
    ptree_close(s);
}

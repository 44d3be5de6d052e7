/* SPDX-License-Identifier: MIT */
/*
 * PCI Express: the time of what crosses the links of a hierarchy.  By hand, as
 * docs/timing.md has it, for Gen3 x8 (63.0154 Gb/s):
 *
 *   MPS 128: 1 - 16/163 - 4/1538 of that, 56.6660 Gb/s, 141.178 ps for a byte
 *   MPS 256: 1 - 16/203 - 4/1538 of that, 57.8848 Gb/s, 138.2055 ps
 *
 * A TLP has 8 bytes of framing, a request's header 12 bytes, 16 at 4 GiB and
 * above, a completion's 12; each link adds 50 ns.
 */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

#define BYTE128 141.178
#define BYTE256 138.2055
#define FLIGHT  50000.0
#define HIGH    (1ull << 32)

static struct ptree *timed_tree(void)
{
    static struct pcie_link_config link;
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));

    pcie_link_config_default(&link, 3, 8);
    if (s) {
        s->timed = true;
        s->link = &link;
    }
    if (!s || !ptree_open(s))
        return NULL;
    /* Max_Payload_Size 256, Max_Read_Request_Size 512. */
    for (unsigned i = 0; i < PTREE_COUNT; i++)
        cap_wr(s, i, PCIE_CAP_EXP, 0x08, 2, 0x2930);
    pcie_reset(s->p);
    pcie_enumerate(&s->e);
    for (unsigned i = 0; i < PTREE_COUNT; i++)
        cap_wr(s, i, PCIE_CAP_EXP, 0x08, 2, 0x2930);
    /* Long after what enumeration has left on the links. */
    pcie_set_time(s->p, 1000000000);
    return s;
}

#define OPEN()                        \
    struct ptree *s = timed_tree();   \
    uint64_t t0 = s ? 1000000000 : 0; \
    REQUIRE(s);                       \
    (void)t0

/* Up to the digits of the figures above. */
#define TOOK(want)                                                             \
    do {                                                                       \
        double took = (double)(pcie_time(s->p) - t0), want_ = (want);          \
        double slack = 4 + want_ * 3e-6;                                       \
        if (took < want_ - slack || took > want_ + slack)                      \
            shim_fail(__FILE__, __LINE__, "took %.1f, not %.1f", took, want_); \
    } while (0)

/* Everything idle again. */
static uint64_t later(struct ptree *s)
{
    pcie_set_time(s->p, pcie_time(s->p) + 1000000000);
    return pcie_time(s->p);
}

TEST_CASE(PcieTime, ReadIsItsRequestTheHostAndItsCompletions)
{
    static uint8_t data[512];

    OPEN();
    s->host_ps = 200000;
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, HIGH, data, 512));
    TOOK(24 * BYTE256 + FLIGHT + 200000 + 2 * 276 * BYTE256 + FLIGHT);
    /* 4 bytes of header less; one completion, of 4 bytes. */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, 0x1000, data, 4));
    TOOK(20 * BYTE256 + FLIGHT + 200000 + 24 * BYTE256 + FLIGHT);
    /* A failed one has no data. */
    s->answer = PCIE_UR;
    t0 = later(s);
    CHECK_EQ(PCIE_UR, ptree_dma(s, EP0, false, 0x1000, data, 512));
    TOOK(20 * BYTE256 + FLIGHT + 200000 + 20 * BYTE256 + FLIGHT);
    ptree_close(s);
}

TEST_CASE(PcieTime, PostedEndsWhereItArrives)
{
    static uint8_t data[1024];
    struct pcie_tlp t = {.type = PCIE_TLP_MWR, .addr = HIGH, .length = 1024};

    OPEN();
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, HIGH, data, 256));
    TOOK(280 * BYTE256 + FLIGHT);
    CHECK_EQ(1, s->requests);
    /* Four at once follow each other on the link. */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    TOOK(4 * 280 * BYTE256 + FLIGHT);
    ptree_close(s);
}

TEST_CASE(PcieTime, LinksInSeriesAndIntegratedFunctions)
{
    static uint8_t data[512];

    OPEN();
    s->host_ps = 100000;
    /* Through the downstream port's link and the root port's. */
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, HIGH, data, 256));
    TOOK(2 * (24 * BYTE256 + FLIGHT) + 100000 + 2 * (276 * BYTE256 + FLIGHT));
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, HIGH, data, 256));
    TOOK(2 * (280 * BYTE256 + FLIGHT) + 100000);
    /* Of two completions the first is sent on while the second comes in. */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, HIGH, data, 512));
    TOOK(2 * (24 * BYTE256 + FLIGHT) + 100000 + 3 * 276 * BYTE256 + 2 * FLIGHT);
    /* The switch's own ports: the root port's only, and of a root port none. */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, SWD0, true, HIGH, data, 4));
    TOOK(28 * BYTE256 + FLIGHT + 100000);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, RP1, true, HIGH, data, 4));
    TOOK(100000);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, RCI, false, HIGH, data, 256));
    TOOK(100000);
    ptree_close(s);
}

/* BARs are below 4 GiB: headers of 12 bytes. */
TEST_CASE(PcieTime, PeersThroughASwitch)
{
    static uint8_t data[256];

    OPEN();
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, ptree_bar(s, EP2, 0), data, 256));
    TOOK(2 * (276 * BYTE256 + FLIGHT));
    CHECK_EQ(1, s->fn[EP2].writes);
    t0 = later(s);
    CHECK_EQ(PCIE_SC,
             ptree_dma(s, EP1, false, ptree_bar(s, EP2, 0), data, 256));
    TOOK(2 * (20 * BYTE256 + FLIGHT) + 2 * (276 * BYTE256 + FLIGHT));
    CHECK_EQ(0, s->requests);
    /* Refused by the port where it enters: one link, and back. */
    cap_wr(s, SWD0, PCIE_CAP_ACS, 6, 2, PCIE_ACS_SV);
    cfg_wr(s, SWD0, 0x19, 2, 0xffff);
    t0 = later(s);
    CHECK_EQ(PCIE_CA,
             ptree_dma(s, EP1, false, ptree_bar(s, EP2, 0), data, 256));
    TOOK(2 * (20 * BYTE256 + FLIGHT));
    ptree_close(s);
}

TEST_CASE(PcieTime, APasidPrefixHas4Bytes)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MWR,
                         .addr = HIGH,
                         .length = 4,
                         .pasid_valid = true,
                         .pasid = 7};
    uint8_t data[4] = {0};

    OPEN();
    cap_wr(s, EP0, PCIE_CAP_PASID, 6, 2, 1);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_request(ptree_fn(s, EP0), &t, data));
    TOOK(32 * BYTE256 + FLIGHT);
    t.pasid_valid = false;
    t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_request(ptree_fn(s, EP0), &t, data));
    TOOK(28 * BYTE256 + FLIGHT);
    ptree_close(s);
}

TEST_CASE(PcieTime, TwoDevicesShareTheLinkAboveTheirSwitch)
{
    static uint8_t data[0x10000];
    struct pcie_tlp t = {
        .type = PCIE_TLP_MWR, .addr = HIGH, .length = sizeof(data)};
    const double wire = 256 * 280 * BYTE256; /* 256 TLPs */
    uint64_t begin;

    OPEN();
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP1), &t, data));
    /* The second link begins when the first TLP has arrived. */
    TOOK(280 * BYTE256 + wire + 2 * FLIGHT);
    begin = t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP1), &t, data));
    pcie_set_time(s->p, begin);
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP2), &t, data));
    TOOK(280 * BYTE256 + 2 * wire + 2 * FLIGHT);
    /* Elsewhere nobody waits. */
    pcie_set_time(s->p, begin);
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    TOOK(wire + FLIGHT);
    ptree_close(s);
}

/* 256 of 276 bytes that come down are data: 53.69 Gb/s. */
TEST_CASE(PcieTime, SaturatedReadsReachTheFormula)
{
    static uint8_t data[1 << 20];
    struct pcie_tlp t = {
        .type = PCIE_TLP_MRD, .addr = HIGH, .length = sizeof(data)};
    double took, bytes;

    OPEN();
    s->host_ps = 200000;
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    took = (double)(pcie_time(s->p) - t0);
    took -= 24 * BYTE256 + FLIGHT + 200000 + FLIGHT;
    bytes = 8000 * sizeof(data) / took;
    CHECK(bytes > 0.999 * 57.8848 * 256 / 276);
    CHECK(bytes < 1.001 * 57.8848 * 256 / 276);
    ptree_close(s);
}

TEST_CASE(PcieTime, DownwardsToo)
{
    struct pcie_tlp m = {
        .type = PCIE_TLP_MSGD, .message = 0x01, .target = 0x0501, .length = 8};
    uint8_t data[8] = {0};
    uint64_t word;

    OPEN();
    CHECK_EQ(PCIE_SC, pcie_host_write(s->p, ptree_bar(s, EP0, 0), data, 8));
    TOOK(28 * BYTE256 + FLIGHT);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, ptree_bar(s, EP1, 0), data, 8));
    TOOK(2 * (20 * BYTE256 + FLIGHT) + 2 * (28 * BYTE256 + FLIGHT));
    t0 = later(s);
    cfg_rd(s, EP0, 0, 4);
    TOOK(20 * BYTE256 + FLIGHT + 24 * BYTE256 + FLIGHT);
    t0 = later(s);
    /* 64 bits are two requests (2.2.7.1). */
    pcie_ecam_read(s->p, 0x0100 << 12, 8, &word);
    TOOK(2 * 20 * BYTE256 + FLIGHT + 2 * 24 * BYTE256 + FLIGHT);
    t0 = later(s);
    cfg_wr(s, EP0, 0x3c, 1, 5);
    TOOK(24 * BYTE256 + FLIGHT + 20 * BYTE256 + FLIGHT);
    t0 = later(s);
    cfg_rd(s, RP0, 0, 4);
    TOOK(0);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, pcie_send_down(s->p, &m, data));
    TOOK(2 * (32 * BYTE256 + FLIGHT));
    /* Nobody claims it: that is found out at the end of the link. */
    m.target = 0x0507;
    t0 = later(s);
    CHECK_EQ(PCIE_UR, pcie_send_down(s->p, &m, data));
    TOOK(2 * (32 * BYTE256 + FLIGHT));
    ptree_close(s);
}

/* The link follows what software sets in its port, and takes what a requester
 * has cut otherwise as several. */
TEST_CASE(PcieTime, MaxPayloadSizeIsTheSoftwares)
{
    static uint8_t data[256];

    OPEN();
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x08, 2, 0x2910); /* 128 */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, HIGH, data, 256));
    TOOK(2 * 152 * BYTE128 + FLIGHT);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, HIGH, data, 256));
    TOOK(24 * BYTE128 + FLIGHT + 2 * 148 * BYTE128 + FLIGHT);
    /* 257 bytes of double words, because of the first one's offset. */
    cap_wr(s, RP0, PCIE_CAP_EXP, 0x08, 2, 0x2930);
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x2950);
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, HIGH + 1, data, 256));
    TOOK((280 + 28) * BYTE256 + FLIGHT);
    /* The last page there is. */
    t0 = later(s);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, -256ull, data, 256));
    TOOK(280 * BYTE256 + FLIGHT);
    ptree_close(s);
}

TEST_CASE(PcieTime, WithoutItOnlyTheHostTakesTime)
{
    static uint8_t data[512];
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));

    REQUIRE(s && ptree_open(s));
    CHECK_EQ(0, pcie_time(s->p));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, HIGH, data, 512));
    CHECK_EQ(0, pcie_time(s->p));
    s->host_ps = 5;
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, HIGH, data, 512));
    CHECK_EQ(5, pcie_time(s->p));
    ptree_close(s);
}

/* ---- who is told ------------------------------------------------------- */

TEST_CASE(PcieTime, EveryTlpIsReportedWhenItIsDone)
{
    static uint8_t data[256];

    OPEN();
    s->sents = 0;
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, HIGH, data, 256));
    CHECK_EQ(1, s->sents);
    CHECK_EQ(EP1, s->sent.fn);
    CHECK_EQ(0x0400, s->sent.t.requester);
    CHECK_EQ(PCIE_TLP_MRD, s->sent.t.type);
    CHECK_EQ(t0, s->sent.from);
    CHECK_EQ(pcie_time(s->p), s->sent.to);
    /* A posted one fails for the observer only. */
    cfg_wr(s, RP1, 0x04, 2, 0x3);
    s->sents = 0;
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, HIGH, data, 256));
    CHECK_EQ(1, s->sents);
    CHECK_EQ(PCIE_UR, s->sent.s);
    /* What is refused has not been sent. */
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP1, true, HIGH, data, 0));
    CHECK_EQ(1, s->sents);
    /* Of the root complex. */
    pcie_host_read(s->p, ptree_bar(s, EP0, 0), data, 4);
    CHECK_EQ(2, s->sents);
    CHECK_EQ(-1, s->sent.fn);
    CHECK_EQ(PCIE_TLP_MRD, s->sent.t.type);
    cfg_rd(s, EP0, 0x10, 4);
    CHECK_EQ(3, s->sents);
    CHECK_EQ(PCIE_TLP_CFGRD0, s->sent.t.type);
    CHECK_EQ(0x0100, s->sent.t.target);
    CHECK_EQ(0x10, s->sent.t.addr);
    pcie_host_read(s->p, 0x10, data, 4); /* no window, no TLP */
    CHECK_EQ(3, s->sents);
    /* An error message. */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x0002); /* non-fatal */
    s->sents = 0;
    pcie_report(ptree_fn(s, EP0), PCIE_UNCOR_TIMEOUT, NULL);
    CHECK_EQ(1, s->sents);
    CHECK_EQ(0x31, s->sent.t.message);
    CHECK_EQ(0x0100, s->sent.t.requester);
    ptree_close(s);
}

TEST_CASE(PcieTime, NewBusNumbersAreReported)
{
    OPEN();
    s->renumbers = 0;
    cfg_wr(s, RP0, 0x18, 4, 0x00090900); /* secondary 9 */
    pcie_ecam_write(s->p, 0x900000, 4, 0);
    CHECK_EQ(1, s->renumbers);
    CHECK_EQ(EP0, s->renumbered);
    CHECK_EQ(0x0900, pcie_id(ptree_fn(s, EP0)));
    pcie_ecam_write(s->p, 0x900000, 4, 0);
    CHECK_EQ(1, s->renumbers);
    /* A reset makes it forget. */
    cfg_wr(s, RP0, 0x3e, 2, 1 << 6);
    CHECK_EQ(2, s->renumbers);
    CHECK_EQ(0, pcie_id(ptree_fn(s, EP0)));
    ptree_close(s);
}

/* ---- bad input ------------------------------------------------------------
 */

TEST_CASE(PcieTime, IllegalLinksAreRefusedByName)
{
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));
    struct pcie_link_config l;

    REQUIRE(s);
    pcie_link_config_default(&l, 3, 8);
    s->link = &l;
    l.lanes = 12;
    CHECK(!ptree_create(s));
    l.lanes = 8;
    /* The ports have an MPS of 512: 32 credits are one TLP. */
    l.credits[PCIE_UP][PCIE_POSTED] = (struct pcie_credits){1, 31, 0};
    CHECK(!ptree_create(s));
    l.credits[PCIE_UP][PCIE_POSTED].data = 32;
    CHECK(ptree_create(s));
    ptree_close(s);
}

TEST_CASE(PcieTime, ForwardedCompletionsHaveAnOrder)
{
    static struct pcie_link link;
    struct pcie_transfer x = {.type = PCIE_TLP_MRD, .length = 512};
    struct pcie_link_config l;
    struct pcie_link_time out;

    pcie_link_config_default(&l, 3, 8);
    REQUIRE(pcie_link_init(&link, &l));
    CHECK(!pcie_link_forward(&link, &x, 5, 5, &out)); /* nothing was sent */
    REQUIRE(pcie_link_send(&link, &x, 0, &out));
    CHECK(!pcie_link_forward(&link, &x, 6, 5, &out));
    CHECK(!pcie_link_forward(&link, &x, 0, UINT64_MAX, &out));
    CHECK(pcie_link_forward(&link, &x, 0, PCIE_LINK_TIME_MAX, &out));
    CHECK_EQ(PCIE_LINK_TIME_MAX, out.done);
    CHECK(out.first < out.done);
}

/* Times beyond all ends, and no tag left for a request within a request. */
TEST_CASE(PcieTime, NothingBreaksWhenTimeOrTagsRunOut)
{
    static uint8_t data[512];
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));
    struct pcie_link_config l;

    REQUIRE(s);
    pcie_link_config_default(&l, 1, 1);
    l.tags[PCIE_UP] = l.tags[PCIE_DOWN] = 1;
    s->link = &l;
    s->timed = true;
    REQUIRE(ptree_open(s));
    s->loop = true;
    s->fn[EP0].echo = (struct pcie_tlp){
        .type = PCIE_TLP_MRD, .addr = ptree_bar(s, EP0, 0), .length = 64};
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, ptree_bar(s, EP0, 0), data, 64));
    CHECK(s->fn[EP0].reads);
    s->fn[EP0].echo.length = 0;
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(PCIE_SC,
                 ptree_dma(s, EP0, false, ptree_bar(s, EP1, 0), data, 64));
    pcie_set_time(s->p, UINT64_MAX);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, ptree_bar(s, EP1, 0), data, 64));
    CHECK_EQ(UINT64_MAX, pcie_time(s->p));
    ptree_close(s);
}

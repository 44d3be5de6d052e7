/* SPDX-License-Identifier: MIT */
/* PCI Express: requests of functions, and where Access Control Services and
 * the windows of bridges send them. */
#include "shim.h"

#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

#define OPEN()                                               \
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s)); \
    REQUIRE(s &&ptree_open(s))

#define SV 0x01
#define TB 0x02
#define RR 0x04
#define UF 0x10
#define DT 0x40

TEST_CASE(PcieRequest, ReachesTheHostWithItsId)
{
    uint32_t v = 0x12345678, back = 0;

    OPEN();
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        CHECK_EQ(PCIE_SC, ptree_dma(s, i, true, 0x1000, &v, 4));
        CHECK_EQ(ptree_id(i), s->last.requester);
        CHECK_EQ(i + 1, s->requests);
    }
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, 0x1000, &back, 4));
    CHECK_EQ(v, back);
    /* An error of the host reaches the requester, and its Status register. */
    s->answer = PCIE_UR;
    CHECK_EQ(PCIE_UR, ptree_dma(s, EP1, false, 0x1000, &back, 4));
    CHECK_EQ(0x2010, cfg_rd(s, EP1, 0x06, 2));
    s->answer = PCIE_CA;
    CHECK_EQ(PCIE_CA, ptree_dma(s, EP1, false, 0x1000, &back, 4));
    CHECK_EQ(0x3010, cfg_rd(s, EP1, 0x06, 2));
    cfg_wr(s, EP1, 0x06, 2, 0x2000);
    CHECK_EQ(0x1010, cfg_rd(s, EP1, 0x06, 2));
    /* Posted: never. */
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, 0x1000, &v, 4));
    CHECK_EQ(0x1010, cfg_rd(s, EP1, 0x06, 2));
    ptree_close(s);
}

TEST_CASE(PcieRequest, BusMasterOfTheFunctionAndOfEveryBridge)
{
    static const unsigned path[] = {SWD0, SWU, RP1};
    uint32_t v = 0;

    OPEN();
    cfg_wr(s, EP1, 0x04, 2, 0x3);
    CHECK_EQ(PCIE_REFUSED_BUS_MASTER, ptree_dma(s, EP1, false, 0, &v, 4));
    cfg_wr(s, EP1, 0x04, 2, 0x7);
    for (unsigned i = 0; i < 3; i++) {
        cfg_wr(s, path[i], 0x04, 2, 0x3);
        CHECK_EQ(PCIE_UR, ptree_dma(s, EP1, false, 0, &v, 4));
        CHECK_EQ(8, cap_rd(s, path[i], PCIE_CAP_EXP, 0x0a, 2) & 8);
        cfg_wr(s, path[i], 0x04, 2, 0x7);
        CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, 0, &v, 4));
    }
    ptree_close(s);
}

TEST_CASE(PcieRequest, PasidAndAddressType)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MWR,
                         .length = 4,
                         .pasid_valid = true,
                         .pasid = 0xffff};
    uint8_t v[8] = {0};
    struct pcie_fn *f;

    OPEN();
    f = ptree_fn(s, EP0);
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(f, &t, v));
    cap_wr(s, EP0, PCIE_CAP_PASID, 6, 2, 1);
    CHECK_EQ(PCIE_SC, pcie_request(f, &t, v));
    CHECK(s->last.pasid_valid);
    CHECK_EQ(0xffff, s->last.pasid);
    t.pasid = 0x10000; /* 16 bits */
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(f, &t, v));
    t.pasid = 1;
    t.execute = true;
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(f, &t, v));
    cap_wr(s, EP0, PCIE_CAP_PASID, 6, 2, 3);
    CHECK_EQ(PCIE_SC, pcie_request(f, &t, v));
    t.privileged = true;
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(f, &t, v));
    cap_wr(s, EP0, PCIE_CAP_PASID, 6, 2, 7);
    CHECK_EQ(PCIE_SC, pcie_request(f, &t, v));
    t.pasid_valid = false; /* Exe and Priv are in the prefix */
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(f, &t, v));

    t = (struct pcie_tlp){.type = PCIE_TLP_MWR, .length = 4, .at = 2};
    CHECK_EQ(PCIE_REFUSED_AT, pcie_request(f, &t, v));
    cap_wr(s, EP0, PCIE_CAP_ATS, 6, 2, 0x8000);
    CHECK_EQ(PCIE_SC, pcie_request(f, &t, v));
    CHECK_EQ(2, s->last.at);
    t.at = 1; /* a translation request is a read */
    CHECK_EQ(PCIE_REFUSED_ARGUMENT, pcie_request(f, &t, v));
    t.type = PCIE_TLP_MRD;
    t.length = 8;
    CHECK_EQ(PCIE_SC, pcie_request(f, &t, v));
    t.at = 3;
    CHECK_EQ(PCIE_REFUSED_ARGUMENT, pcie_request(f, &t, v));
    ptree_close(s);
}

TEST_CASE(PcieRequest, PrefixNeedsSupportOnTheWay)
{
    struct pcie_cap_config ports[] = {
        {.cap = PCIE_CAP_EXP, .exp = {.speed = 1, .width = 1, .mps = 128}}};
    struct pcie_cap_config caps[] = {
        {.cap = PCIE_CAP_PASID, .pasid = {20, false, false}}};
    struct pcie_fn_config f[2] = {
        {.kind = PCIE_ROOT_PORT, .parent = -1, .caps = ports, .cap_count = 1},
        {.kind = PCIE_ENDPOINT, .caps = caps, .cap_count = 1},
    };
    struct pcie_config c = {
        .size = sizeof(c), .bus_last = 1, .functions = f, .function_count = 2};
    struct pcie_ops ops = {.size = sizeof(ops)};
    struct pcie_tlp t = {
        .type = PCIE_TLP_MRD, .length = 4, .pasid_valid = true};
    uint8_t v[4];

    for (unsigned with = 0; with < 2; with++) {
        struct pcie *p;

        ports[0].exp.ee_prefix = with;
        p = pcie_create(&c, &ops, NULL);
        REQUIRE(p);
        for (unsigned i = 0; i < 2; i++)
            pcie_config_write(pcie_function(p, i), 4, 2, 7);
        pcie_config_write(pcie_function(p, 1), 0x106, 2, 1);
        /* Without a host every read ends as UR; the port tells why. */
        CHECK_EQ(PCIE_UR, pcie_request(pcie_function(p, 1), &t, v));
        CHECK_EQ(with ? 0 : 4, /* Fatal Error Detected */
                 pcie_config_read(pcie_function(p, 0), 0x4a, 2));
        pcie_destroy(p);
    }
}

TEST_CASE(PcieRequest, PayloadAndReadSizes)
{
    static uint8_t data[0x4000];
    struct pcie_tlp t = {
        .type = PCIE_TLP_MWR, .addr = 0x10f80, .length = 0x2100};

    OPEN();
    CHECK_EQ(128, pcie_max_payload(ptree_fn(s, EP0)));
    CHECK_EQ(512, pcie_max_read_request(ptree_fn(s, EP0)));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, true, 0, data, 129));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, 0, data, 128));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, 0, data, 512));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, false, 0, data, 513));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, true, 0xff0, data, 17));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, true, 0, data, 0));
    /* 4096 is set, 512 is supported. */
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x08, 2, 0x20a0);
    CHECK_EQ(512, pcie_max_payload(ptree_fn(s, EP0)));
    /* 128 to the page, 16 times 512, 128. */
    s->requests = 0;
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    CHECK_EQ(1 + 16 + 1, s->requests);
    CHECK_EQ(0x13000, s->last.addr);
    CHECK_EQ(0x80, s->last.length);
    ptree_close(s);
}

/* 2.2.2: Length counts doublewords; 128 bytes from address 2 on touch 33. */
TEST_CASE(PcieRequest, UnalignedOnesCountWholeDoublewords)
{
    static uint8_t data[0x400];
    struct pcie_tlp t = {
        .type = PCIE_TLP_MWR, .addr = 0x10002, .length = 0x100};

    OPEN();
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, true, 2, data, 128));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, true, 2, data, 127));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, 2, data, 126));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, 4, data, 128));
    CHECK_EQ(PCIE_REFUSED_LENGTH, ptree_dma(s, EP0, false, 1, data, 512));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, 1, data, 511));
    /* 126, 128 and 2 bytes. */
    s->requests = 0;
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    CHECK_EQ(3, s->requests);
    CHECK_EQ(0x10100, s->last.addr);
    CHECK_EQ(2, s->last.length);
    /* Of reads: 509 and 3. */
    t.type = PCIE_TLP_MRD;
    t.addr = 0x20003;
    t.length = 0x200;
    s->requests = 0;
    CHECK_EQ(PCIE_SC, pcie_dma(ptree_fn(s, EP0), &t, data));
    CHECK_EQ(2, s->requests);
    CHECK_EQ(0x20200, s->last.addr);
    CHECK_EQ(3, s->last.length);
    ptree_close(s);
}

TEST_CASE(PcieRequest, AtomicsNeedTheirEnable)
{
    struct pcie_tlp t = {.type = PCIE_TLP_SWAP, .addr = 0x1000, .length = 8};
    uint8_t v[8] = {1};

    OPEN();
    CHECK_EQ(PCIE_REFUSED_ATOMIC, pcie_request(ptree_fn(s, EP0), &t, v));
    cap_wr(s, EP0, PCIE_CAP_EXP, 0x28, 2, 0x40);
    CHECK_EQ(PCIE_SC, pcie_request(ptree_fn(s, EP0), &t, v));
    t.addr = 0x1004;
    CHECK_EQ(PCIE_REFUSED_ARGUMENT, pcie_request(ptree_fn(s, EP0), &t, v));
    ptree_close(s);
}

TEST_CASE(PcieRequest, Messages)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MSG, .message = 0x04};

    OPEN();
    CHECK_EQ(PCIE_REFUSED_PRI, pcie_request(ptree_fn(s, EP0), &t, NULL));
    cap_wr(s, EP0, PCIE_CAP_PRI, 4, 2, 1);
    CHECK_EQ(PCIE_SC, pcie_request(ptree_fn(s, EP0), &t, NULL));
    CHECK_EQ(1, s->messages);
    CHECK_EQ(0x0100, s->last.requester);
    /* Down, by ID: an invalidation for 05:00.1. */
    t = (struct pcie_tlp){
        .type = PCIE_TLP_MSGD, .message = 0x01, .target = 0x0501};
    CHECK_EQ(PCIE_SC, pcie_send_down(s->p, &t, &t));
    CHECK_EQ(1, s->fn[EP2F1].messages);
    CHECK_EQ(0, s->fn[EP2].messages);
    t.target = 0x0502;
    CHECK_EQ(PCIE_UR, pcie_send_down(s->p, &t, &t));
    ptree_close(s);
}

/* ---- peers ------------------------------------------------------------- */

/* EP1 to a BAR of EP2 within the switch, with these controls of ACS at EP1's
 * downstream port. */
static int peer(struct ptree *s, unsigned acs, unsigned at, bool write)
{
    struct pcie_tlp t = {.type = (uint8_t)(write ? PCIE_TLP_MWR : PCIE_TLP_MRD),
                         .at = (uint8_t)at,
                         .addr = ptree_bar(s, EP2, 0) + 0x10,
                         .length = 4};
    uint8_t v[4] = {0};

    s->requests = 0;
    s->fn[EP2].reads = s->fn[EP2].writes = 0;
    cap_wr(s, EP1, PCIE_CAP_ATS, 6, 2, 0x8000);
    cap_wr(s, SWD0, PCIE_CAP_ACS, 6, 2, acs);
    return pcie_request(ptree_fn(s, EP1), &t, v);
}

TEST_CASE(PcieAcs, RedirectDirectTranslatedAndBlocking)
{
    static const struct {
        unsigned acs, at;
        bool direct, host, violation;
    } row[] = {
        {0, 0, true, false, false},       {0, 2, true, false, false},
        {0, 1, false, true, false}, /* translation requests go up */
        {RR, 0, false, true, false},      {RR, 2, false, true, false},
        {RR | DT, 0, false, true, false}, {RR | DT, 2, true, false, false},
        {TB, 0, true, false, false},      {TB, 1, false, false, true},
        {TB, 2, false, false, true},      {TB | RR | DT, 2, false, false, true},
        {SV, 0, true, false, false},
    };

    OPEN();
    cap_wr(s, RP1, PCIE_CAP_ACS, 6, 2, UF);
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int got;

        cap_wr(s, SWD0, PCIE_CAP_AER, 4, 4, 0xffffffff);
        cap_wr(s, SWD0, PCIE_CAP_AER, 0x14, 4, 0); /* advisory: not masked */
        got = peer(s, row[i].acs, row[i].at, false);
        CHECK_EQ(row[i].violation ? PCIE_CA : PCIE_SC, got);
        CHECK_EQ(row[i].direct, s->fn[EP2].reads);
        CHECK_EQ(row[i].host, s->requests);
        CHECK_EQ(row[i].violation ? 1u << 21 : 0,
                 cap_rd(s, SWD0, PCIE_CAP_AER, 4, 4));
    }
    ptree_close(s);
}

/* 6.12.1.1: the bus number must be one behind the port. */
TEST_CASE(PcieAcs, SourceValidation)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MRD, .length = 4};
    uint8_t v[4];

    OPEN();
    cap_wr(s, SWD0, PCIE_CAP_ACS, 6, 2, SV);
    for (unsigned bus = 0; bus < 8; bus++) {
        t.requester = (uint16_t)(bus << 8 | 0x33);
        CHECK_EQ(bus == 4 ? PCIE_SC : PCIE_CA,
                 pcie_request_as(ptree_fn(s, EP1), &t, v));
    }
    cap_wr(s, SWD0, PCIE_CAP_ACS, 6, 2, 0);
    t.requester = 0x0700;
    CHECK_EQ(PCIE_SC, pcie_request_as(ptree_fn(s, EP1), &t, v));
    CHECK_EQ(0x0700, s->last.requester);
    ptree_close(s);
}

/* A request for what is behind the port that it comes from. */
TEST_CASE(PcieAcs, UpstreamForwarding)
{
    uint64_t own;
    uint32_t v;

    OPEN();
    own = ptree_bar(s, EP1, 0);
    CHECK_EQ(PCIE_UR, ptree_dma(s, EP1, false, own, &v, 4));
    CHECK_EQ(0, s->requests);
    cap_wr(s, SWD0, PCIE_CAP_ACS, 6, 2, UF);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, own, &v, 4));
    CHECK_EQ(1, s->requests);
    CHECK_EQ(0, s->fn[EP1].reads);
    ptree_close(s);
}

/* An address in the switch's window that no port has may not go up. */
TEST_CASE(PcieAcs, HoleInsideOfASwitch)
{
    uint32_t v;

    OPEN();
    cfg_wr(s, SWU, 0x20, 4, 0x4ff04000);
    CHECK_EQ(PCIE_UR, ptree_dma(s, EP1, false, 0x4ff00000, &v, 4));
    CHECK_EQ(0, s->requests);
    CHECK_EQ(8, cap_rd(s, SWU, PCIE_CAP_EXP, 0x0a, 2) & 8);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, false, 0x50000000, &v, 4));
    ptree_close(s);
}

TEST_CASE(PcieAcs, PeersOfTheRootComplex)
{
    struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));
    uint64_t bar;
    uint32_t v = 0;

    REQUIRE(s && ptree_open(s));
    bar = ptree_bar(s, EP0, 0);
    /* By default all goes to the host. */
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, bar, &v, 4));
    CHECK_EQ(1, s->requests);
    ptree_close(s);

    s = (struct ptree *)calloc(1, sizeof(*s));
    REQUIRE(s);
    s->peer_to_peer = true;
    REQUIRE(ptree_open(s));
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, bar, &v, 4));
    CHECK_EQ(PCIE_SC, ptree_dma(s, RCI, true, bar, &v, 4));
    CHECK_EQ(0, s->requests);
    CHECK_EQ(2, s->fn[EP0].writes);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, ptree_bar(s, RCI, 0), &v, 4));
    CHECK_EQ(1, s->fn[RCI].writes);
    cap_wr(s, RP1, PCIE_CAP_ACS, 6, 2, RR);
    CHECK_EQ(PCIE_SC, ptree_dma(s, EP1, true, bar, &v, 4));
    CHECK_EQ(1, s->requests);
    /* Nobody is a peer of itself. */
    CHECK_EQ(PCIE_SC, ptree_dma(s, RCI, true, ptree_bar(s, RCI, 0), &v, 4));
    CHECK_EQ(2, s->requests);
    CHECK_EQ(1, s->fn[RCI].writes);
    ptree_close(s);
}

/* A function that answers a write to its BAR with a write to its BAR. */
TEST_CASE(PcieRequest, OwnBarIsBounded)
{
    uint64_t own;
    uint32_t v = 0;

    OPEN();
    own = ptree_bar(s, RCI, 0);
    s->loop = true;
    s->fn[RCI].echo =
        (struct pcie_tlp){.type = PCIE_TLP_MWR, .addr = own, .length = 4};
    CHECK_EQ(PCIE_SC, pcie_host_write(s->p, own, &v, 4));
    CHECK_EQ(1 + PCIE_NESTING_MAX, s->fn[RCI].writes);
    CHECK_EQ(PCIE_NESTING_MAX, s->requests);
    /* And it still works. */
    s->fn[RCI].echo.length = 0;
    CHECK_EQ(PCIE_SC, ptree_dma(s, RCI, true, own, &v, 4));
    CHECK_EQ(2 + PCIE_NESTING_MAX, s->fn[RCI].writes);
    ptree_close(s);
}

/* 2.2.6.2: 5 bits, or 8 with Extended Tag Field Enable. */
TEST_CASE(PcieRequest, TagsAreGivenInTurn)
{
    uint8_t data[4];

    OPEN();
    for (unsigned extended = 0; extended < 2; extended++) {
        unsigned tags = extended ? 256 : 32;
        uint32_t control = cap_rd(s, EP0, PCIE_CAP_EXP, PCIE_DEVCTL, 2);
        uint16_t first;

        control = extended ? control | PCIE_DEVCTL_EXTENDED_TAG
                           : control & ~(uint32_t)PCIE_DEVCTL_EXTENDED_TAG;
        cap_wr(s, EP0, PCIE_CAP_EXP, PCIE_DEVCTL, 2, control);
        CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, PTREE_RAM, data, 4));
        first = s->last.tag;
        for (unsigned i = 1; i <= tags; i++) {
            CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, false, PTREE_RAM, data, 4));
            CHECK_EQ((first + i) % tags, s->last.tag);
        }
        /* Nobody completes a posted one. */
        CHECK_EQ(PCIE_SC, ptree_dma(s, EP0, true, PTREE_RAM, data, 4));
        CHECK_EQ(0, s->last.tag);
    }
    ptree_close(s);
}

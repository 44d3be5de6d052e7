/* SPDX-License-Identifier: MIT */
/* A link at its bounds: late times, least credits, nonsense. */
#include <string.h>

#include "pcie_link.h"
#include "shim.h"
#include "smmu_tables.h"

static struct pcie_link l, before;

/* ---- bounds -------------------------------------------------------------- */

TEST_CASE(PcieLinkBad, LateTimesAreAsEarlyOnes)
{
    const uint64_t late = 1ull << 62;
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 4096);
    struct pcie_link_time a, b;
    unsigned i;

    c.tags[PCIE_UP] = 3;
    c.credits[PCIE_UP][PCIE_NON_POSTED] = (struct pcie_credits){2, 0, 400000};
    REQUIRE(pcie_link_init(&l, &c));
    REQUIRE(pcie_link_init(&before, &c));
    for (i = 0; i < 100; i++) {
        CHECK(pcie_link_transfer(&l, &x, i, &a));
        CHECK(pcie_link_transfer(&before, &x, late + i, &b));
        CHECK_EQ(a.sent + late, b.sent);
        CHECK_EQ(a.done + late, b.done);
        CHECK_EQ(waits(&a), waits(&b));
    }
}

TEST_CASE(PcieLinkBad, TimeStaysAtItsEnd)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 4096);
    struct pcie_link_time out;
    unsigned i;

    c.tags[PCIE_UP] = 2;
    REQUIRE(pcie_link_init(&l, &c));
    x.service_ps = UINT64_MAX;
    for (i = 0; i < 20; i++) {
        out = run(&l, &x, i);
        CHECK_EQ(PCIE_LINK_TIME_MAX, out.done);
    }
    x = transfer(PCIE_TLP_MWR, 64);
    CHECK_EQ(PCIE_LINK_TIME_MAX, run(&l, &x, PCIE_LINK_TIME_MAX).done);
    before = l;
    CHECK(!pcie_link_transfer(&l, &x, PCIE_LINK_TIME_MAX + 1, &out));
    CHECK_MEM(&before, &l, sizeof(l));
}

/* The largest request of each type with an MPS of 256; memory at random. */
static const struct {
    unsigned type, length;
} largest[] = {
    {PCIE_TLP_MRD, 0},    {PCIE_TLP_MWR, 0},    {PCIE_TLP_FETCH_ADD, 8},
    {PCIE_TLP_SWAP, 8},   {PCIE_TLP_CAS, 32},   {PCIE_TLP_IORD, 4},
    {PCIE_TLP_IOWR, 4},   {PCIE_TLP_CFGRD0, 4}, {PCIE_TLP_CFGWR0, 4},
    {PCIE_TLP_CFGRD1, 4}, {PCIE_TLP_CFGWR1, 4}, {PCIE_TLP_MSG, 0},
    {PCIE_TLP_MSGD, 256},
};

/* The least data credits: the worst alignment of the largest TLPs fits. */
TEST_CASE(PcieLinkBad, LeastCreditsAreEnough)
{
    struct pcie_link_config c = gen3x8();
    struct rnd r = {.state = 3};
    unsigned d, i;

    for (d = 0; d < PCIE_DIRECTIONS; d++) {
        c.credits[d][PCIE_POSTED] = (struct pcie_credits){1, 16, 1};
        c.credits[d][PCIE_NON_POSTED] = (struct pcie_credits){1, 2, 1};
        c.credits[d][PCIE_COMPLETION] = (struct pcie_credits){1, 16, 1};
        c.tags[d] = 1;
    }
    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 5000; i++) {
        unsigned k = rnd_below(&r, sizeof(largest) / sizeof(*largest));
        struct pcie_transfer x = transfer(largest[k].type, largest[k].length);

        x.addr = rnd64(&r) >> 8;
        x.direction = (uint8_t)rnd_below(&r, 2);
        if (x.type == PCIE_TLP_MRD || x.type == PCIE_TLP_MWR)
            x.length = 1 + rnd_below(&r, 3000);
        CHECK(run(&l, &x, rnd_below(&r, 1000)).done < 1000000000000);
        CHECK(l.credits[x.direction][PCIE_POSTED].data_free <= 16);
        CHECK(l.credits[x.direction][PCIE_NON_POSTED].data_free <= 2);
        CHECK(l.credits[!x.direction][PCIE_COMPLETION].data_free <= 16);
    }
}

static const struct {
    unsigned type, direction, prefixes, length;
    uint64_t addr;
} bad_transfers[] = {
    {PCIE_TLP_TYPES, 0, 0, 4, 0},
    {255, 0, 0, 4, 0},
    {PCIE_TLP_MWR, 2, 0, 4, 0},
    {PCIE_TLP_MWR, 0, 5, 4, 0},
    {PCIE_TLP_MWR, 0, 0, 0, 0},
    {PCIE_TLP_MRD, 0, 0, 0, 0},
    {PCIE_TLP_MWR, 0, 0, PCIE_LINK_BURST + 1, 0},
    {PCIE_TLP_MRD, 0, 0, ~0u, 0},
    {PCIE_TLP_MRD, 0, 0, 4096, UINT64_MAX - 4094},
    {PCIE_TLP_FETCH_ADD, 0, 0, 2, 0},
    {PCIE_TLP_FETCH_ADD, 0, 0, 6, 0},
    {PCIE_TLP_SWAP, 0, 0, 16, 0},
    {PCIE_TLP_CAS, 0, 0, 4, 0},
    {PCIE_TLP_CAS, 0, 0, 24, 0},
    {PCIE_TLP_CAS, 0, 0, 64, 0},
    {PCIE_TLP_CFGRD0, 0, 0, 5, 0},
    {PCIE_TLP_IOWR, 0, 0, 0, 0},
    {PCIE_TLP_MSG, 0, 0, 4, 0},
    {PCIE_TLP_MSGD, 0, 0, 257, 0}, /* above MPS */
};

TEST_CASE(PcieLinkBad, NonsenseChangesNothing)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_link_time out = {.sent = 42};
    struct pcie_transfer x;
    unsigned i;

    REQUIRE(pcie_link_init(&l, &c));
    before = l;
    for (i = 0; i < sizeof(bad_transfers) / sizeof(*bad_transfers); i++) {
        x = transfer(bad_transfers[i].type, bad_transfers[i].length);
        x.direction = (uint8_t)bad_transfers[i].direction;
        x.prefixes = (uint8_t)bad_transfers[i].prefixes;
        x.addr = bad_transfers[i].addr;
        CHECK(!pcie_link_transfer(&l, &x, 0, &out));
        CHECK(!pcie_link_send(&l, &x, 0, &out));
        CHECK(!pcie_link_complete(&l, &x, 0, &out));
    }
    /* In two steps a request is one TLP: not above MPS, MRRS or 4 KiB. */
    x = transfer(PCIE_TLP_MWR, 257);
    CHECK(!pcie_link_send(&l, &x, 0, &out));
    x = transfer(PCIE_TLP_MRD, 513);
    CHECK(!pcie_link_send(&l, &x, 0, &out));
    x = transfer(PCIE_TLP_MRD, 8);
    x.addr = HIGH + 4092;
    CHECK(!pcie_link_send(&l, &x, 0, &out));
    CHECK(!pcie_link_complete(&l, &x, 0, &out));
    CHECK_MEM(&before, &l, sizeof(l));
    CHECK_EQ(42, out.sent);
}

TEST_CASE(PcieLinkBad, TagsThatAreHeld)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    struct pcie_transfer w = transfer(PCIE_TLP_MWR, 64);
    struct pcie_link_time out;

    c.tags[PCIE_UP] = 2;
    REQUIRE(pcie_link_init(&l, &c));
    CHECK(!pcie_link_complete(&l, &x, 0, &out));
    CHECK(pcie_link_send(&l, &x, 0, &out));
    CHECK(pcie_link_send(&l, &x, 0, &out));
    before = l;
    CHECK(!pcie_link_send(&l, &x, 0, &out));
    CHECK(!pcie_link_transfer(&l, &x, 0, &out));
    CHECK(!pcie_link_complete(&l, &w, 0, &out));
    CHECK(!pcie_link_complete(&l, &x, PCIE_LINK_TIME_MAX + 1, &out));
    CHECK_MEM(&before, &l, sizeof(l));
    CHECK(pcie_link_transfer(&l, &w, 0, &out));
    CHECK(pcie_link_complete(&l, &x, 900 * NS, &out));
    CHECK_EQ(900 * NS + T84 + 50 * NS, out.done);
    out = run(&l, &x, 0);
    CHECK_EQ(950 * NS + T84, out.wait[PCIE_WAIT_TAG]);
    CHECK(pcie_link_complete(&l, &x, 900 * NS, &out));
    CHECK(!pcie_link_complete(&l, &x, 900 * NS, &out));
}

/* ---- configurations ------------------------------------------------------ */

static void refused(const struct pcie_link_config *c, const char *field)
{
    const char *why = pcie_link_check(c);

    REQUIRE(why != NULL);
    CHECK(strstr(why, field) != NULL);
    memset(&l, 0x5a, sizeof(l));
    before = l;
    CHECK(!pcie_link_init(&l, c));
    CHECK_MEM(&before, &l, sizeof(l));
}

#define REFUSED(field, value)                 \
    do {                                      \
        struct pcie_link_config c = gen3x8(); \
        c.field = (value);                    \
        refused(&c, #field);                  \
    } while (0)

#define REFUSED_AT(field, index, value)       \
    do {                                      \
        struct pcie_link_config c = gen3x8(); \
        c.field[index] = (value);             \
        refused(&c, #field);                  \
    } while (0)

TEST_CASE(PcieLinkConfig, EachFieldIsChecked)
{
    REFUSED(generation, 0);
    REFUSED(generation, 7);
    REFUSED(generation, 255);
    REFUSED(lanes, 0);
    REFUSED(lanes, 12);
    REFUSED(lanes, 64);
    REFUSED(mps, 0);
    REFUSED(mps, 64);
    REFUSED(mps, 384);
    REFUSED(mps, 8192);
    REFUSED(mrrs, 0);
    REFUSED(mrrs, 65535);
    REFUSED(mrrs, 8192);
    REFUSED(rcb, 0);
    REFUSED(rcb, 32);
    REFUSED(rcb, 256);
    REFUSED(propagation_ps, 1000000001);
    REFUSED_AT(tags, PCIE_UP, 0);
    REFUSED_AT(tags, PCIE_DOWN, 1025);
    REFUSED_AT(completer_ps, PCIE_UP, 1000000001);
    REFUSED_AT(completer_ps, PCIE_DOWN, ~0u);
    CHECK(pcie_link_check(NULL) != NULL);
}

TEST_CASE(PcieLinkConfig, EachCreditIsChecked)
{
    unsigned d, flow;

    for (d = 0; d < PCIE_DIRECTIONS; d++)
        for (flow = 0; flow < PCIE_FLOWS; flow++) {
            struct pcie_link_config c = gen3x8();
            struct pcie_credits *p = &c.credits[d][flow];
            uint16_t least = flow == PCIE_NON_POSTED ? 2 : 256 / 16;

            *p = (struct pcie_credits){1025, 0, 0};
            refused(&c, "credits.header");
            *p = (struct pcie_credits){0, 100, 0};
            refused(&c, "credits.data");
            *p = (struct pcie_credits){1, (uint16_t)(least - 1), 0};
            refused(&c, "credits.data");
            *p = (struct pcie_credits){1, least, 1000000001};
            refused(&c, "credits.hold_ps");
            *p = (struct pcie_credits){1, least, 1000000000};
            CHECK_STR(NULL, pcie_link_check(&c));
            *p = (struct pcie_credits){1024, 65535, 0};
            CHECK_STR(NULL, pcie_link_check(&c));
        }
}

TEST_CASE(PcieLinkConfig, DefaultsAreLegal)
{
    uint8_t generation, lanes;

    for (generation = 1; generation <= 6; generation++)
        for (lanes = 1; lanes <= 32; lanes *= 2) {
            struct pcie_link_config c;

            pcie_link_config_default(&c, generation, lanes);
            CHECK_STR(NULL, pcie_link_check(&c));
        }
}

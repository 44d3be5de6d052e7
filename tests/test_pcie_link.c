/* SPDX-License-Identifier: MIT */
/*
 * One transfer by hand; limits by credits and tags; order.  The rates of a full
 * link are in test_pcie_link_rate.c, its bounds in test_pcie_link_bad.c.
 */
#include "pcie_link.h"
#include "shim.h"
#include "smmu_tables.h"

#define GIVEN 300 /* TLPs of the random test */

static struct pcie_link l;

/* ---- one transfer -------------------------------------------------------- */

TEST_CASE(PcieLink, ReadLatencyByHand)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    struct pcie_link_time out;

    REQUIRE(pcie_link_init(&l, &c));
    x.service_ps = 1000000;
    out = run(&l, &x, 5000);
    CHECK_EQ(5000 + T24, out.sent);
    CHECK_EQ(5000 + T24 + 50 * NS, out.arrived);
    /* + completer, service, completion, and the way back */
    CHECK_EQ(5000 + T24 + (50 + 300 + 1000 + 50) * NS + T84, out.done);
    CHECK_EQ(0, waits(&out));
    /* Two completions of 276 bytes: one is no wait for the other. */
    REQUIRE(pcie_link_init(&l, &c));
    x = transfer(PCIE_TLP_MRD, 512);
    out = run(&l, &x, 0);
    CHECK_EQ(T24 + (50 + 300 + 50) * NS + 76289, out.done);
    CHECK_EQ(0, waits(&out));
}

TEST_CASE(PcieLink, PostedWriteByHand)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MWR, 64);
    struct pcie_link_time out;

    REQUIRE(pcie_link_init(&l, &c));
    out = run(&l, &x, 0);
    CHECK_EQ(T88, out.sent);
    CHECK_EQ(T88 + 50 * NS, out.arrived);
    CHECK_EQ(out.arrived, out.done);
    /* The next waits for it, and ends after 2 * 12162.09 ps. */
    out = run(&l, &x, 0);
    CHECK_EQ(T88, out.wait[PCIE_WAIT_LINK]);
    CHECK_EQ(24324, out.sent);
    CHECK_EQ(0, l.wire[PCIE_DOWN].tlps);
}

/* Bytes and TLPs on the link, framing (8) included, up and down. */
static void check_cost(const struct pcie_link_config *c,
                       const struct pcie_transfer *x, uint64_t up_tlps,
                       uint64_t up, uint64_t down_tlps, uint64_t down)
{
    REQUIRE(pcie_link_init(&l, c));
    run(&l, x, 0);
    CHECK_EQ(up_tlps, l.wire[PCIE_UP].tlps);
    CHECK_EQ(up, l.wire[PCIE_UP].bytes);
    CHECK_EQ(down_tlps, l.wire[PCIE_DOWN].tlps);
    CHECK_EQ(down, l.wire[PCIE_DOWN].bytes);
}

static const struct {
    unsigned type, length;
    unsigned up, down; /* one TLP each way; 0: none */
} costs[] = {
    {PCIE_TLP_MRD, 64, 24, 84},
    {PCIE_TLP_MWR, 64, 88, 0},
    {PCIE_TLP_FETCH_ADD, 4, 28, 24},
    {PCIE_TLP_FETCH_ADD, 8, 32, 28},
    {PCIE_TLP_SWAP, 8, 32, 28},
    /* two operands there, one back */
    {PCIE_TLP_CAS, 8, 32, 24},
    {PCIE_TLP_CAS, 32, 56, 36},
    /* headers of three DW; a write is completed without data */
    {PCIE_TLP_IORD, 4, 20, 24},
    {PCIE_TLP_IOWR, 2, 24, 20},
    {PCIE_TLP_CFGRD0, 1, 20, 24},
    {PCIE_TLP_CFGWR0, 4, 24, 20},
    {PCIE_TLP_CFGRD1, 4, 20, 24},
    {PCIE_TLP_CFGWR1, 4, 24, 20},
    {PCIE_TLP_MSG, 0, 24, 0},
    {PCIE_TLP_MSGD, 8, 32, 0},
};

TEST_CASE(PcieLink, BytesOfEachType)
{
    struct pcie_link_config c = gen3x8();
    unsigned i;

    for (i = 0; i < sizeof(costs) / sizeof(*costs); i++) {
        struct pcie_transfer x = transfer(costs[i].type, costs[i].length);
        unsigned up = costs[i].up, down = costs[i].down;

        c.ecrc = false;
        check_cost(&c, &x, 1, up, !!down, down);
        /* A digest is a DW of each TLP, a prefix of each request. */
        c.ecrc = true;
        x.prefixes = 1;
        check_cost(&c, &x, 1, up + 8, !!down, down ? down + 4 : 0);
        c.ecrc = false;
        x.prefixes = 4;
        check_cost(&c, &x, 1, up + 16, !!down, down);
    }
}

TEST_CASE(PcieLink, ShortAddressesAndFailures)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 1024);

    x.addr = HIGH - 1024;
    check_cost(&c, &x, 2, 40, 4, 80 + 1024);
    x.failed = true;
    check_cost(&c, &x, 2, 40, 2, 40);
    x = transfer(PCIE_TLP_MWR, 64);
    x.addr = 0x1000;
    check_cost(&c, &x, 1, 84, 0, 0);
}

TEST_CASE(PcieLink, CutsOfWritesAndRequests)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MWR, 512);

    /* 0xf80: 128 bytes to the 4 KiB boundary, then 256 and 128. */
    x.addr = HIGH + 0xf80;
    check_cost(&c, &x, 3, 3 * 24 + 512, 0, 0);
    /* Requests of 128 and 384; completions of 128, 256 and 128. */
    x.type = PCIE_TLP_MRD;
    check_cost(&c, &x, 2, 48, 3, 60 + 512);
    /* Bytes 3 to 6 are two DW. */
    x = transfer(PCIE_TLP_MWR, 4);
    x.addr = HIGH + 3;
    check_cost(&c, &x, 1, 24 + 8, 0, 0);
    /* Bytes 3 to 258: 65 DW do not fit, so 64 of them and one more. */
    x.length = 256;
    check_cost(&c, &x, 2, 48 + 256 + 4, 0, 0);
}

TEST_CASE(PcieLink, CutsOfCompletions)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 256);

    /* From 0x60 to an RCB of 64 with at most 256 bytes: 224, then 32. */
    x.addr = HIGH + 0x60;
    check_cost(&c, &x, 1, 24, 2, 40 + 256);
    c.rcb_chunks = true; /* 32, 64, 64, 64, 32 */
    check_cost(&c, &x, 1, 24, 5, 100 + 256);
    c.rcb = 128; /* 32, 128, 96 */
    check_cost(&c, &x, 1, 24, 3, 60 + 256);
    /* A request that ends before the boundary is not cut. */
    x.length = 32;
    check_cost(&c, &x, 1, 24, 1, 20 + 32);
}

/* The root complex as requester: the same with the directions swapped. */
TEST_CASE(PcieLink, BothDirectionsAreAlike)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    struct pcie_link_time up, down;

    c.completer_ps[PCIE_DOWN] = 123;
    REQUIRE(pcie_link_init(&l, &c));
    up = run(&l, &x, 0);
    REQUIRE(pcie_link_init(&l, &c));
    x.direction = PCIE_DOWN;
    down = run(&l, &x, 0);
    CHECK_EQ(up.sent, down.sent);
    CHECK_EQ(up.done - 300 * NS + 123, down.done);
    CHECK_EQ(24, l.wire[PCIE_DOWN].bytes);
    CHECK_EQ(84, l.wire[PCIE_UP].bytes);
}

TEST_CASE(PcieLink, DirectionsAreIndependent)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MWR, 1u << 16);
    struct pcie_link_time up, down;

    REQUIRE(pcie_link_init(&l, &c));
    up = run(&l, &x, 0);
    x.direction = PCIE_DOWN;
    down = run(&l, &x, 0);
    CHECK_EQ(up.sent, down.sent);
    CHECK_EQ(0, waits(&down));
    CHECK_EQ(l.wire[PCIE_UP].busy_ps, l.wire[PCIE_DOWN].busy_ps);
    CHECK_EQ(up.sent, l.wire[PCIE_UP].busy_ps);
}

/* Two steps with the same latency are one. */
TEST_CASE(PcieLink, SendAndComplete)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 512);
    struct pcie_link_time whole, parts;
    unsigned i;

    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 10; i++)
        whole = run(&l, &x, i * NS);
    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 10; i++) {
        CHECK(pcie_link_send(&l, &x, i * NS, &parts));
        CHECK(pcie_link_complete(&l, &x, parts.arrived + 300 * NS, &parts));
    }
    CHECK_EQ(whole.sent, parts.sent);
    CHECK_EQ(whole.done, parts.done);
    CHECK_EQ(waits(&whole), waits(&parts));
    CHECK(waits(&whole) > 0);
}

/* ---- limits -------------------------------------------------------------- */

/*
 * T <= C * 64 / L with 64-byte writes: L is from a TLP's start until its
 * credits are back, 12162 ps + 2 * 50 ns + what the receiver takes.
 */
static void check_credit_limit(struct pcie_link_config *c, unsigned in_flight,
                               unsigned type, uint64_t loop)
{
    struct pcie_transfer x = transfer(type, 64);
    struct pcie_link_time out = {0};
    uint64_t begin = 0, waited = 0;
    unsigned i;

    REQUIRE(pcie_link_init(&l, c));
    for (i = 0; i < in_flight * 41; i++) {
        out = run(&l, &x, 0);
        if (i + 1 == in_flight)
            begin = out.sent;
        waited += out.wait[PCIE_WAIT_CREDIT];
    }
    CHECK(near(40.0 * (double)loop, (double)(out.sent - begin), 0.001));
    CHECK(waited > 0);
}

TEST_CASE(PcieLink, PostedCreditsLimit)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_credits *posted = &c.credits[PCIE_UP][PCIE_POSTED];

    *posted = (struct pcie_credits){8, 0, 200000};
    check_credit_limit(&c, 8, PCIE_TLP_MWR, T88 + 300 * NS);
    *posted = (struct pcie_credits){8, 16, 200000}; /* 256 bytes: 4 TLPs */
    check_credit_limit(&c, 4, PCIE_TLP_MWR, T88 + 300 * NS);
    /* 92 lines and 300 ns, measured on a Cascade Lake: 19.6 GB/s. */
    pcie_link_config_default(&c, 4, 16);
    c.credits[PCIE_UP][PCIE_POSTED] = (struct pcie_credits){92, 0, 196905};
    check_credit_limit(&c, 92, PCIE_TLP_MWR, 300 * NS);
}

TEST_CASE(PcieLink, NonPostedCreditsLimit)
{
    struct pcie_link_config c = gen3x8();

    c.credits[PCIE_UP][PCIE_NON_POSTED] = (struct pcie_credits){4, 0, 400000};
    check_credit_limit(&c, 4, PCIE_TLP_MRD, T24 + 500 * NS);
}

/* Completions: 4 credits of 16 bytes each, T84 + 2 * 50 ns + 400 ns. */
TEST_CASE(PcieLink, CompletionCreditsLimit)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    struct pcie_link_time out = {0}, first = {0};
    unsigned i;

    c.credits[PCIE_DOWN][PCIE_COMPLETION] =
        (struct pcie_credits){64, 16, 400000};
    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 164; i++) {
        out = run(&l, &x, 0);
        if (i == 3)
            first = out;
    }
    CHECK(
        near(40.0 * (T84 + 500 * NS), (double)(out.done - first.done), 0.001));
    CHECK(out.wait[PCIE_WAIT_CREDIT] > 0);
    /* Other flows are not affected. */
    x = transfer(PCIE_TLP_MWR, 64);
    x.direction = PCIE_DOWN;
    out = run(&l, &x, 0);
    CHECK_EQ(0, out.wait[PCIE_WAIT_CREDIT]);
}

/*
 * Closed loop: 4 tags of 512 bytes, each busy for the latency of a read:
 * request, 2 * 50 ns + 300 ns, two completions of 276 bytes.
 */
TEST_CASE(PcieLink, TagsLimit)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 512);
    const double latency = 24 * 138.2055 + 400000 + 552 * 138.2055;
    struct pcie_link_time out = {0}, first = {0};
    unsigned i;

    c.tags[PCIE_UP] = 4;
    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 404; i++) {
        out = run(&l, &x, 0);
        if (i == 3)
            first = out;
    }
    CHECK(near(100 * latency, (double)(out.done - first.done), 0.001));
    CHECK(near(99 * latency + (double)first.done,
               (double)out.wait[PCIE_WAIT_TAG], 0.001));
    CHECK_EQ(0, out.wait[PCIE_WAIT_CREDIT]);
    /* One transfer of eight requests waits for its own tags. */
    REQUIRE(pcie_link_init(&l, &c));
    x.length = 4096;
    out = run(&l, &x, 0);
    CHECK(out.wait[PCIE_WAIT_TAG] > 0);
    CHECK(near(2 * latency + 3 * 552 * 138.2055, (double)out.done, 0.01));
    /* Posted writes need none. */
    x.type = PCIE_TLP_MWR;
    CHECK_EQ(0, run(&l, &x, 0).wait[PCIE_WAIT_TAG]);
}

/* Whichever comes back first is used again first. */
TEST_CASE(PcieLink, TagsReturnInAnyOrder)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    uint64_t done[4];
    unsigned i;

    c.tags[PCIE_UP] = 4;
    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < 4; i++) {
        x.service_ps = (4 - i) * 1000000;
        done[i] = run(&l, &x, 0).done;
    }
    x.service_ps = 1000000000;
    for (i = 0; i < 4; i++)
        CHECK_EQ(done[3 - i], run(&l, &x, 0).wait[PCIE_WAIT_TAG]);
}

/* ---- order --------------------------------------------------------------- */

/* The completion of a slow read is booked ahead; others go before it. */
TEST_CASE(PcieLink, ASlowReadDelaysNobody)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer slow = transfer(PCIE_TLP_MRD, 64);
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 64);
    struct pcie_link_time alone, out;

    REQUIRE(pcie_link_init(&l, &c));
    alone = run(&l, &x, 0);
    REQUIRE(pcie_link_init(&l, &c));
    slow.service_ps = 1000000000;
    CHECK(run(&l, &slow, 0).done > 1000000000);
    out = run(&l, &x, 10 * NS);
    /* The fraction that the first request left makes a picosecond. */
    CHECK_EQ(alone.done + 10 * NS + 1, out.done);
    CHECK_EQ(0, waits(&out));
}

/*
 * A booked completion leaves 50 ns.  The first completion of 276 bytes fits,
 * 38145 ps, the second does not; the one of the last four bytes does.
 */
TEST_CASE(PcieLink, TheLastRequestNeedNotBeDoneLast)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer slow = transfer(PCIE_TLP_MRD, 64);
    struct pcie_transfer x = transfer(PCIE_TLP_MRD, 516);
    uint64_t booked, done;

    REQUIRE(pcie_link_init(&l, &c));
    slow.service_ps = T24 + 50 * NS;
    booked = run(&l, &slow, 0).done;
    CHECK_EQ(2 * T24 + (50 + 300 + 50 + 50) * NS + T84, booked);
    done = run(&l, &x, 0).done;
    CHECK(done >= booked + 38144 && done <= booked + 38146);
}

/* 2.4.1: neither a write nor a read passes a write that was there before. */
TEST_CASE(PcieLink, NothingPassesAPostedWrite)
{
    struct pcie_link_config c = gen3x8();
    struct pcie_transfer w = transfer(PCIE_TLP_MWR, 64);
    struct pcie_transfer r = transfer(PCIE_TLP_MRD, 64);
    struct pcie_link_time first, second, read, early;

    c.credits[PCIE_UP][PCIE_POSTED] = (struct pcie_credits){1, 0, 200000};
    REQUIRE(pcie_link_init(&l, &c));
    first = run(&l, &w, 100 * NS);
    second = run(&l, &w, 100 * NS);
    CHECK_EQ(first.sent + 300 * NS, second.wait[PCIE_WAIT_CREDIT] + 100 * NS);
    CHECK_EQ(0, second.wait[PCIE_WAIT_LINK]);
    read = run(&l, &r, 100 * NS);
    CHECK(read.sent >= second.sent + T24);
    CHECK_EQ(second.sent - 100 * NS, read.wait[PCIE_WAIT_LINK]);
    /* What was there before the write does not wait for it. */
    early = run(&l, &r, 10 * NS);
    CHECK(early.sent < 14 * NS);
}

struct crossed {
    uint64_t ready, from, to;
    bool posted;
};

static void no_overlap(const struct crossed *v, unsigned n)
{
    unsigned i, k;

    for (i = 0; i < n; i++)
        for (k = 0; k < i; k++)
            CHECK(v[i].to <= v[k].from || v[k].to <= v[i].from);
}

/* `k` was offered before `i` in time and in the order of the calls. */
static void posted_order(const struct crossed *v, unsigned n)
{
    unsigned i, k;

    for (i = 0; i < n; i++)
        for (k = 0; k < i; k++)
            if (v[k].posted && v[k].ready <= v[i].ready)
                CHECK(v[i].from >= v[k].to);
}

/* Times go on, but completions are ready in any order. */
TEST_CASE(PcieLink, RandomOrderIsSound)
{
    static struct crossed up[GIVEN], down[GIVEN];
    struct pcie_link_config c = gen3x8();
    struct rnd r = {.state = 77};
    uint64_t t = 0;
    unsigned i, n = 0;

    REQUIRE(pcie_link_init(&l, &c));
    for (i = 0; i < GIVEN; i++) {
        bool read = rnd_chance(&r, 60);
        struct pcie_transfer x =
            transfer(read ? PCIE_TLP_MRD : PCIE_TLP_MWR, 64);
        struct pcie_link_time out;
        uint64_t ready;

        t += rnd_below(&r, 15000);
        REQUIRE(pcie_link_send(&l, &x, t, &out));
        CHECK(out.sent > t && out.arrived > out.sent);
        /* A picosecond more if fractions have added up to one. */
        CHECK(out.sent - t - waits(&out) - (read ? T24 : T88) <= 1);
        up[i] = (struct crossed){t, t + waits(&out), out.sent, !read};
        if (!read)
            continue;
        ready = out.arrived + rnd_below(&r, 3000000);
        out.wait[PCIE_WAIT_LINK] = 0;
        REQUIRE(pcie_link_complete(&l, &x, ready, &out));
        CHECK(out.done >= ready + T84 + 50 * NS);
        down[n++] = (struct crossed){ready, ready + out.wait[PCIE_WAIT_LINK],
                                     out.done - 50 * NS, false};
    }
    no_overlap(up, GIVEN);
    posted_order(up, GIVEN);
    no_overlap(down, n);
}

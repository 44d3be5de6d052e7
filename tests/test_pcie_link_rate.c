/* SPDX-License-Identifier: MIT */
/*
 * The saturated link against the formulas of pcie-model (Neugebauer et al.,
 * "Understanding PCIe performance for end host networking"): an independent
 * implementation in floating point, with the specification's tables, and
 * figures that were printed by pcie-model itself.
 */
#include <math.h>
#include <stdio.h>

#include "../models/pcie/link.h"
#include "shim.h"

#define HIGH    (1ull << 32) /* addresses from here on have 64 bits */
#define WARM_UP 32
#define OPS     480
#define LIMIT   0.001

enum op { WRITE, READ, BOTH, OPERATIONS };

/*
 * Ack Latency Limits of the Base Specification, revision 5.0, tables 3-7 (2.5
 * GT/s), 3-8 (5), 3-9 (8 and above), in symbol times: a row per width, a column
 * per MPS.  Tables 2-46 to 2-48 (flow control) are the same.  pcie-model, from
 * which the cells are, has two that contradict their twin and the rule of the
 * tables, (MPS + 28) * factor / lanes + delay: FC 248 at 2.5 GT/s x32 2048, and
 * Ack 237 at 5 GT/s x32 4096.  Here are the twins, which follow the rule.
 */
static const unsigned ack_limit[3][6][6] = {
    {{237, 416, 559, 1071, 2095, 4143},
     {128, 217, 289, 545, 1057, 2081},
     {73, 118, 154, 282, 538, 1050},
     {67, 107, 86, 150, 278, 534},
     {48, 72, 86, 150, 278, 534},
     {33, 45, 52, 84, 148, 276}},
    {{288, 467, 610, 1122, 2146, 4194},
     {179, 268, 340, 596, 1108, 2132},
     {124, 169, 205, 333, 589, 1101},
     {118, 158, 137, 201, 329, 585},
     {99, 123, 137, 201, 329, 585},
     {84, 96, 103, 135, 199, 327}},
    {{333, 512, 655, 1167, 2191, 4239},
     {224, 313, 385, 641, 1153, 2177},
     {169, 214, 250, 378, 634, 1146},
     {163, 203, 182, 246, 374, 630},
     {144, 168, 182, 246, 374, 630},
     {129, 141, 148, 180, 244, 372}},
};

static unsigned log2_of(unsigned v)
{
    return v > 1 ? 1 + log2_of(v / 2) : 0;
}

static double raw_gbps(const struct pcie_link_config *c)
{
    static const double rate[6] = {2.5, 5, 8, 16, 32, 64};
    static const double code[6] = {0.8,         0.8,         128 / 130.0,
                                   128 / 130.0, 128 / 130.0, 242 / 256.0};

    return rate[c->generation - 1] * code[c->generation - 1] * c->lanes;
}

static double tlp_gbps(const struct pcie_link_config *c)
{
    unsigned table = c->generation > 3 ? 2 : c->generation - 1u;
    double limit = ack_limit[table][log2_of(c->lanes)][log2_of(c->mps) - 7];

    return raw_gbps(c) * (1 - 8 / limit - 8 / limit - 4 / 1538.0);
}

/*
 * pcie-model lets a completion be longer than the request when MPS is above
 * MRRS; a request's completions are its own (2.3.1.1), so MRRS bounds them.
 */
static double formula(const struct pcie_link_config *c, enum op op, double size)
{
    double chunk = c->rcb_chunks ? c->rcb : fmin(c->mps, c->mrrs);
    double digest = c->ecrc ? 4 : 0;
    double write = ceil(size / c->mps) * (24 + digest) + size;
    double request = ceil(size / c->mrrs) * (24 + digest);
    double rx = ceil(size / chunk) * (20 + digest) + size;

    if (op == WRITE)
        return tlp_gbps(c) * size / write;
    if (op == BOTH)
        request += write;
    return tlp_gbps(c) * size / (request > rx ? request : rx);
}

static void link_config(struct pcie_link_config *c, unsigned generation,
                        unsigned lanes, unsigned mps)
{
    pcie_link_config_default(c, (uint8_t)generation, (uint8_t)lanes);
    c->mps = (uint16_t)mps;
    c->tags[PCIE_UP] = c->tags[PCIE_DOWN] = 1024;
    c->completer_ps[PCIE_UP] = 0;
    c->propagation_ps = 0;
}

static uint64_t both_idle(const struct pcie_link *l)
{
    uint64_t up = l->wire[PCIE_UP].next_free;
    uint64_t down = l->wire[PCIE_DOWN].next_free;

    return up > down ? up : down;
}

/* Everything is offered at time 0; Gb/s each way once the link is full. */
static double measured(const struct pcie_link_config *c, enum op op,
                       unsigned size)
{
    static struct pcie_link l;
    struct pcie_transfer x = {.length = size, .addr = HIGH};
    struct pcie_link_time out;
    uint64_t begin = 0;
    unsigned i;

    if (!pcie_link_init(&l, c))
        return 0;
    for (i = 0; i < WARM_UP + OPS; i++) {
        if (i == WARM_UP)
            begin = both_idle(&l);
        x.type = PCIE_TLP_MWR;
        if (op != READ)
            CHECK(pcie_link_transfer(&l, &x, 0, &out));
        x.type = PCIE_TLP_MRD;
        if (op != WRITE)
            CHECK(pcie_link_transfer(&l, &x, 0, &out));
    }
    return 8000.0 * size * OPS / (double)(both_idle(&l) - begin);
}

static double deviation(const struct pcie_link_config *c, enum op op,
                        unsigned size)
{
    return fabs(measured(c, op, size) / formula(c, op, size) - 1);
}

/* The largest deviation of all operations and sizes. */
static double worst_of(const struct pcie_link_config *c)
{
    static const unsigned sizes[] = {64, 256, 512, 1536, 4096};
    double worst = 0;
    unsigned i, op;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (op = 0; op < OPERATIONS; op++) {
            double d = deviation(c, op, sizes[i]);

            if (d > worst)
                worst = d;
        }
    return worst;
}

TEST_CASE(PcieLinkRate, EveryGenerationWidthAndMps)
{
    double all = 0;
    unsigned generation, lanes, mps;

    printf("worst deviation from the formulas in %%, MPS 128 to 4096:\n");
    for (generation = 1; generation <= 6; generation++)
        for (lanes = 1; lanes <= 32; lanes *= 2) {
            printf("  gen%u x%-2u", generation, lanes);
            for (mps = 128; mps <= 4096; mps *= 2) {
                struct pcie_link_config c;
                double worst;

                link_config(&c, generation, lanes, mps);
                if (c.mrrs < mps)
                    c.mrrs = (uint16_t)mps;
                worst = worst_of(&c);
                printf(" %7.4f", 100 * worst);
                CHECK(worst < LIMIT);
                all = worst > all ? worst : all;
            }
            printf("\n");
        }
    printf("worst of all: %.4f %%\n", 100 * all);
}

/* What the two cells of pcie-model that are not followed would change. */
TEST_CASE(PcieLinkRate, TheTwoDoubtfulCells)
{
    static const struct {
        unsigned generation, mps;
        double ack, fc;
    } cells[] = {{1, 2048, 148, 248}, {2, 4096, 237, 327}};
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct pcie_link_config c;
        double literal, ours;

        link_config(&c, cells[i].generation, 32, cells[i].mps);
        c.mrrs = c.mps;
        literal = raw_gbps(&c) *
                  (1 - 8 / cells[i].ack - 8 / cells[i].fc - 4 / 1538.0);
        ours = 8000 * 65536.0 / (double)pcie_link_byte_time(&c);
        printf("gen%u x32 MPS %u: Ack %.0f, FC %.0f give %+.2f %%\n",
               cells[i].generation, cells[i].mps, cells[i].ack, cells[i].fc,
               100 * (literal / ours - 1));
        CHECK(fabs(ours / tlp_gbps(&c) - 1) < LIMIT);
        CHECK(fabs(literal / ours - 1) > LIMIT);
    }
}

/* Chunks by RCB, digests and other MRRS at one generation and width. */
TEST_CASE(PcieLinkRate, ChunksDigestsAndRequestSizes)
{
    unsigned mps, mrrs, i;

    for (mps = 128; mps <= 4096; mps *= 4)
        for (mrrs = 128; mrrs <= 4096; mrrs *= 2)
            for (i = 0; i < 8; i++) {
                struct pcie_link_config c;

                link_config(&c, 4, 8, mps);
                c.mrrs = (uint16_t)mrrs;
                c.rcb_chunks = i & 1;
                c.rcb = i & 2 ? 128 : 64;
                c.ecrc = i & 4;
                CHECK(worst_of(&c) < LIMIT);
            }
}

/* Printed by pcie-model: 64-bit addresses, no ECRC, MRRS 512, chunks by MPS. */
static const struct golden {
    unsigned generation, lanes, mps;
    double raw, tlp;
    double gbps[3][OPERATIONS]; /* of 64, 256 and 512 bytes */
} golden[] = {
    {3,
     8,
     256,
     63.02,
     57.88,
     {{42.10, 44.10, 33.08}, {52.92, 53.69, 48.75}, {52.92, 53.69, 50.75}}},
    {3,
     16,
     256,
     126.03,
     113.70,
     {{82.69, 86.63, 64.97}, {103.95, 105.46, 95.75}, {103.95, 105.46, 99.68}}},
    {4,
     16,
     256,
     252.06,
     227.40,
     {{165.38, 173.26, 129.94},
      {207.91, 210.92, 191.49},
      {207.91, 210.92, 199.36}}},
    {4,
     16,
     512,
     252.06,
     229.25,
     {{166.72, 174.66, 131.00},
      {209.60, 212.63, 193.05},
      {218.98, 220.63, 209.60}}},
    {5,
     16,
     512,
     504.12,
     458.49,
     {{333.45, 349.33, 262.00},
      {419.19, 425.27, 386.10},
      {437.96, 441.26, 419.19}}},
};

TEST_CASE(PcieLinkRate, GoldenValues)
{
    static const char *const names[OPERATIONS] = {"write", "read", "both"};
    static const unsigned sizes[3] = {64, 256, 512};
    unsigned i, k, op;

    for (i = 0; i < sizeof(golden) / sizeof(*golden); i++) {
        const struct golden *g = &golden[i];
        struct pcie_link_config c;

        link_config(&c, g->generation, g->lanes, g->mps);
        CHECK(fabs(raw_gbps(&c) - g->raw) < 0.006);
        CHECK(fabs(tlp_gbps(&c) - g->tlp) < 0.006);
        for (k = 0; k < 3; k++)
            for (op = 0; op < OPERATIONS; op++) {
                double gbps = measured(&c, op, sizes[k]);

                printf("gen%u x%u MPS %u: %-5s %3u B %7.2f, is %7.2f Gb/s\n",
                       g->generation, g->lanes, g->mps, names[op], sizes[k],
                       g->gbps[k][op], gbps);
                CHECK(fabs(gbps / g->gbps[k][op] - 1) < LIMIT);
            }
    }
}

/* One DW per PASID: 64-byte writes have 92 bytes instead of 88. */
TEST_CASE(PcieLinkRate, PrefixesCostTheirBytes)
{
    static struct pcie_link l;
    struct pcie_transfer x = {.type = PCIE_TLP_MWR, .length = 64, .addr = HIGH};
    struct pcie_link_config c;
    struct pcie_link_time out;
    unsigned i;

    link_config(&c, 3, 8, 256);
    for (x.prefixes = 0; x.prefixes <= 4; x.prefixes++) {
        double want;

        REQUIRE(pcie_link_init(&l, &c));
        for (i = 0; i < 1000; i++)
            CHECK(pcie_link_transfer(&l, &x, 0, &out));
        want = 1000 * 8000 * (88 + 4 * x.prefixes) / tlp_gbps(&c);
        CHECK(fabs((double)out.sent / want - 1) < 1e-5);
    }
}

/* The unit of byte_time, 2^-16 ps, is fine enough everywhere. */
TEST_CASE(PcieLinkRate, ByteTimeIsTheFormulas)
{
    unsigned generation, lanes, mps;

    for (generation = 1; generation <= 6; generation++)
        for (lanes = 1; lanes <= 32; lanes *= 2)
            for (mps = 128; mps <= 4096; mps *= 2) {
                struct pcie_link_config c;

                link_config(&c, generation, lanes, mps);
                CHECK(fabs((double)pcie_link_byte_time(&c) / 65536 *
                               tlp_gbps(&c) / 8000 -
                           1) < 2e-6);
            }
}

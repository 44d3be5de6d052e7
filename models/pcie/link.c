/* SPDX-License-Identifier: MIT */
/* What a link is: legal configurations, and the time of a byte. */
#include "link.h"

#include <stddef.h>

#include "link_calendar.h"

#define GENERATIONS    6
#define DATA_CREDIT    16u         /* bytes (2.6.1) */
#define LATENCY_MAX_PS 1000000000u /* a millisecond */

/* Twice the rate in GT/s; the encoding; Internal Delay in symbol times. */
static const struct {
    uint8_t gt2;
    uint16_t encoded, of;
    uint16_t delay;
} generations[GENERATIONS] = {
    {5, 8, 10, 19},      {10, 8, 10, 70},     {16, 128, 130, 115},
    {32, 128, 130, 115}, {64, 128, 130, 115}, {128, 242, 256, 115},
};

/*
 * Tenths of the Ack Factor: rows for an MPS of 128, of 256 and above, columns
 * for x1 to x32.  With them the sum below gives every cell of tables 3-7 to 3-9
 * (Ack) and 2-46 to 2-48 (flow control) of revision 5.0.
 */
static const uint8_t ack_factor[3][6] = {
    {14, 14, 14, 25, 30, 30},
    {14, 14, 14, 25, 30, 30},
    {10, 10, 10, 10, 20, 20},
};

static unsigned log2_of(uint32_t v)
{
    unsigned n = 0;

    while (v >>= 1)
        n++;
    return n;
}

/*
 * Symbol times between Acks, and between updates of flow control, for which
 * the specification gives the same figures.
 */
static uint64_t ack_limit(const struct pcie_link_config *c)
{
    unsigned row = c->mps >= 512 ? 2 : log2_of(c->mps) - 7;
    uint64_t factor = ack_factor[row][log2_of(c->lanes)];

    return (c->mps + 28u) * factor / (10u * c->lanes) +
           generations[c->generation - 1].delay;
}

/*
 * 8 / (GT/s * encoding * lanes * (1 - 8/Ack - 8/FC - 4/1538)) as one fraction;
 * its parts stay below 2^61.
 */
uint64_t pcie_link_byte_time(const struct pcie_link_config *c)
{
    uint64_t ack = ack_limit(c);
    uint64_t gt2 = generations[c->generation - 1].gt2;
    uint64_t over = gt2 * generations[c->generation - 1].encoded * c->lanes *
                    ((1538 - 4) * ack - 2 * 8 * 1538);
    uint64_t bits =
        2 * 8000ull * generations[c->generation - 1].of * 1538 * ack;

    return ((bits << 16) + over / 2) / over;
}

void pcie_link_config_default(struct pcie_link_config *c, uint8_t generation,
                              uint8_t lanes)
{
    *c = (struct pcie_link_config){
        .generation = generation,
        .lanes = lanes,
        .mps = 256,
        .mrrs = 512,
        .rcb = 64,
        .tags = {256, 256},
        .completer_ps = {300000, 300000},
        .propagation_ps = 50000,
    };
}

static bool power_of_two(uint32_t v, uint32_t min, uint32_t max)
{
    return v >= min && v <= max && !(v & (v - 1));
}

static const char *check_credits(const struct pcie_link_config *c,
                                 enum pcie_flow flow,
                                 const struct pcie_credits *credits)
{
    /* 2.6.1: room for the largest TLP; of the non-posted, that is a CAS. */
    uint32_t least = flow == PCIE_NON_POSTED ? 2 : c->mps / DATA_CREDIT;

    if (credits->header > PCIE_LINK_TOKENS)
        return "credits.header is not 0 (infinite) to 1024";
    if (!credits->header && credits->data)
        return "credits.data is finite and credits.header is not";
    if (credits->data && credits->data < least)
        return "credits.data has no room for the largest TLP: MPS, or 32 bytes "
               "of a CAS";
    if (credits->hold_ps > LATENCY_MAX_PS)
        return "credits.hold_ps is above 1000000000, a millisecond";
    return NULL;
}

static const char *check_direction(const struct pcie_link_config *c,
                                   unsigned direction)
{
    unsigned flow;

    for (flow = 0; flow < PCIE_FLOWS; flow++) {
        const char *wrong =
            check_credits(c, flow, &c->credits[direction][flow]);

        if (wrong)
            return wrong;
    }
    if (c->tags[direction] < 1 || c->tags[direction] > PCIE_LINK_TOKENS)
        return "tags is not 1 to 1024";
    if (c->completer_ps[direction] > LATENCY_MAX_PS)
        return "completer_ps is above 1000000000, a millisecond";
    return NULL;
}

const char *pcie_link_check(const struct pcie_link_config *c)
{
    const char *wrong;

    if (!c)
        return "there is no configuration";
    if (c->generation < 1 || c->generation > GENERATIONS)
        return "generation is not 1 to 6";
    if (!power_of_two(c->lanes, 1, 32))
        return "lanes is not 1, 2, 4, 8, 16 or 32";
    if (!power_of_two(c->mps, 128, 4096))
        return "mps is not a power of two from 128 to 4096";
    if (!power_of_two(c->mrrs, 128, 4096))
        return "mrrs is not a power of two from 128 to 4096";
    if (!power_of_two(c->rcb, 64, 128))
        return "rcb is not 64 or 128";
    if (c->propagation_ps > LATENCY_MAX_PS)
        return "propagation_ps is above 1000000000, a millisecond";
    wrong = check_direction(c, PCIE_UP);
    return wrong ? wrong : check_direction(c, PCIE_DOWN);
}

bool pcie_link_init(struct pcie_link *l, const struct pcie_link_config *c)
{
    unsigned d, flow;

    if (!l || pcie_link_check(c))
        return false;
    l->cfg = *c;
    l->byte_time = pcie_link_byte_time(c);
    for (d = 0; d < PCIE_DIRECTIONS; d++) {
        l->wire[d] = (struct pcie_wire){.next_free = 0};
        pcie_pool_init(&l->tags[d], c->tags[d], 0);
        for (flow = 0; flow < PCIE_FLOWS; flow++)
            pcie_pool_init(&l->credits[d][flow], c->credits[d][flow].header,
                           c->credits[d][flow].data);
    }
    return true;
}

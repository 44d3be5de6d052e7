/* SPDX-License-Identifier: MIT */
/* Memory types taken apart and put together again (13.1, 5.4 MAIR). */
#include "ref_smmu.h"

enum { NC, WT, WB };

/* One half of a Normal type. */
struct half {
    unsigned type; /* NC, WT, WB */
    unsigned rw;   /* allocation hints */
    bool transient;
};

static struct half half_of(unsigned n)
{
    struct half h = {NC, 0, false};

    if (n == 4)
        return h;
    h.rw = n & 3;
    switch (n >> 2) {
    case 0:
        h.type = WT;
        h.transient = true;
        break;
    case 1:
        h.type = WB;
        h.transient = true;
        break;
    case 2:
        h.type = WT;
        break;
    default:
        h.type = WB;
        break;
    }
    return h;
}

static unsigned half_code(struct half h)
{
    if (h.type == NC)
        return 4;
    if (h.type == WT)
        return (h.transient ? 0 : 8) + h.rw;
    return (h.transient ? 4 : 12) + h.rw;
}

static unsigned weaker(unsigned a, unsigned b)
{
    struct half x = half_of(a), y = half_of(b);

    /* Stage 2 has no hints of its own; NC is the strongest, then WT. */
    if (y.type < x.type)
        x.type = y.type;
    return half_code(x);
}

void ref_combine(uint8_t *type, uint8_t *sh, uint8_t type2, uint8_t sh2)
{
    static const char order[4] = {0, 0, 2, 1}; /* Non, -, Outer, Inner */

    if (*type < 16 || type2 < 16) {
        /* Device: nGnRnE < nGnRE < nGRE < GRE < any Normal. */
        if (type2 < *type)
            *type = type2;
    } else {
        unsigned outer = weaker(*type / 16, type2 / 16);
        unsigned inner = weaker(*type % 16, type2 % 16);

        *type = (uint8_t)(outer * 16 + inner);
    }
    if (order[sh2 & 3] > order[*sh & 3])
        *sh = sh2;
}

uint8_t ref_output_sh(uint8_t type, uint8_t sh)
{
    if (type < 16 || type == 0x44)
        return 2;
    return sh == 1 ? 0 : sh; /* Reserved: the model's choice */
}

uint8_t ref_memattr(unsigned memattr)
{
    static const uint8_t half[4] = {0, 0x4, 0xb, 0xf};
    unsigned outer = memattr / 4, inner = memattr % 4;

    if (outer == 0)
        return (uint8_t)(inner * 4);
    if (inner == 0)
        return 0;
    return (uint8_t)(half[outer] * 16 + half[inner]);
}

uint8_t ref_mair(uint8_t attr)
{
    if (attr < 16)
        return (uint8_t)(attr / 4 * 4);
    return attr % 16 == 0 ? (uint8_t)(attr + 3) : attr;
}

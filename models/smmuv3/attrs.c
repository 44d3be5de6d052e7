/* SPDX-License-Identifier: MIT */
/* Memory attributes (13.1): encodings and how two of them combine. */
#include "smmuv3_internal.h"

/*
 * The IR/OR encodings of STE, CD and CR1 as one half of a MAIR byte:
 * non-cacheable, write-back RA WA, write-through RA, write-back RA.
 */
static uint8_t nibble(unsigned cacheability)
{
    static const uint8_t mair[4] = {0x4, 0xf, 0xa, 0xe};

    return mair[cacheability & 3];
}

struct iovp_bus_attrs smmuv3_walk_attrs(unsigned inner, unsigned outer,
                                        unsigned sh)
{
    uint8_t type = (uint8_t)(nibble(outer) << 4 | nibble(inner));

    return (struct iovp_bus_attrs){
        .space = IOVP_SPACE_NONSECURE,
        .mem_type = type,
        .shareability = smmuv3_consistent_sh(type, (uint8_t)sh),
    };
}

uint8_t smmuv3_s2_mem_type(unsigned memattr)
{
    /* MemAttr[3:2] is the outer half, 0: Device of type MemAttr[1:0]. */
    static const uint8_t half[4] = {0x4, 0x4, 0xb, 0xf};

    if ((memattr >> 2 & 3) == 0)
        return (uint8_t)((memattr & 3) << 2);
    if ((memattr & 3) == 0)
        return 0; /* reserved: Device-nGnRnE */
    return (uint8_t)(half[memattr >> 2 & 3] << 4 | half[memattr & 3]);
}

uint64_t smmuv3_mair(uint64_t mair)
{
    uint64_t out = 0;
    unsigned i;

    for (i = 0; i < 64; i += 8) {
        uint64_t attr = mair >> i & 0xff;

        if (attr < 0x10)
            attr &= 0xc;
        else if (!(attr & 0xf))
            attr |= 3;
        out |= attr << i;
    }
    return out;
}

static bool is_device(uint8_t mem_type)
{
    return (mem_type & 0xf0) == 0;
}

/* 0 non-cacheable, 1 write-through, 2 write-back: a half of a MAIR byte. */
static unsigned strength(unsigned half)
{
    if (half == 0x4)
        return 0;
    return (half & 4) ? 2 : 1;
}

/* The stronger type; the hints of the first if the types are the same. */
static unsigned combine_half(unsigned a, unsigned b)
{
    unsigned sa = strength(a), sb = strength(b);

    if (sa == sb || sa < sb)
        return a;
    /* The hints of stage 1 stay; only the type weakens to that of b. */
    return sb == 0 ? 0x4 : a & ~4u;
}

uint8_t smmuv3_consistent_sh(uint8_t mem_type, uint8_t sh)
{
    if (is_device(mem_type) || mem_type == 0x44)
        return IOVP_SH_OUTER;
    /* 0b01 is reserved: 0b00 in the fields that IHI 0070 defines, and here
     * in descriptors too. */
    return sh == 1 ? IOVP_SH_NON : sh;
}

/* Non < Inner < Outer, in the order in which sharing widens. */
static unsigned sh_rank(uint8_t sh)
{
    return sh == IOVP_SH_OUTER ? 2 : sh == IOVP_SH_INNER;
}

void smmuv3_combine(uint8_t *mem_type, uint8_t *sh, uint8_t mem_type2,
                    uint8_t sh2)
{
    uint8_t a = *mem_type;

    if (is_device(a) && is_device(mem_type2))
        *mem_type = a < mem_type2 ? a : mem_type2;
    else if (is_device(mem_type2))
        *mem_type = mem_type2;
    else if (!is_device(a))
        *mem_type = (uint8_t)(combine_half(a >> 4, mem_type2 >> 4) << 4 |
                              combine_half(a & 15, mem_type2 & 15));
    if (sh_rank(sh2) > sh_rank(*sh))
        *sh = sh2;
    *sh = smmuv3_consistent_sh(*mem_type, *sh);
}

/* SPDX-License-Identifier: MIT */
#include "atomic.h"

#include <string.h>

#include "bits.h"

static uint64_t word_of(const uint8_t *byte, unsigned width)
{
    return width == 4 ? iovp_le32(byte) : iovp_le64(byte);
}

static void put_word(uint8_t *byte, unsigned width, uint64_t v)
{
    if (width == 4)
        iovp_put_le32(byte, (uint32_t)v);
    else
        iovp_put_le64(byte, v);
}

void iovp_atomic_apply(struct iovp_atomic_op *a, uint8_t *host)
{
    memset(a->old, 0, sizeof(a->old));
    memcpy(a->old, host, a->width);
    if (a->kind == IOVP_ATOMIC_KIND_ADD)
        put_word(host, a->width,
                 word_of(host, a->width) + word_of(a->operand, a->width));
    else if (a->kind == IOVP_ATOMIC_KIND_SWAP ||
             !memcmp(host, a->compare, a->width))
        memcpy(host, a->operand, a->width);
}

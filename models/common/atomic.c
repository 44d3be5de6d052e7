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

void iovp_atomic_set(struct iovp_atomic_op *a, enum iovp_atomic_kind kind,
                     unsigned width, const void *data)
{
    const uint8_t *from = data;

    memset(a, 0, sizeof(*a));
    a->kind = (uint8_t)kind;
    a->width = (uint8_t)width;
    if (kind == IOVP_ATOMIC_KIND_CAS) {
        memcpy(a->compare, from, width);
        from += width;
    }
    memcpy(a->operand, from, width);
}

void iovp_atomic_get(const struct iovp_atomic_op *a, void *data)
{
    uint8_t *to = data;

    if (a->kind == IOVP_ATOMIC_KIND_CAS) {
        memcpy(to, a->compare, a->width);
        to += a->width;
    }
    memcpy(to, a->operand, a->width);
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

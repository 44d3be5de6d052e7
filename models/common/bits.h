/* SPDX-License-Identifier: MIT */
/* Bit-field and little-endian access to guest-visible words. */
#ifndef IOVP_BITS_H
#define IOVP_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A field is named once, by its low bit and width. */
struct iovp_field {
    uint16_t lsb;
    uint16_t width;
};

#define IOVP_FIELD(lsb_, width_) \
    (struct iovp_field)          \
    {                            \
        (lsb_), (width_)         \
    }

/* The low `n` bits set; n is 0..64. */
static inline uint64_t iovp_mask(unsigned n)
{
    return n >= 64 ? ~0ull : (1ull << n) - 1;
}

/* Bits [msb:lsb] of a 64-bit word. */
static inline uint64_t iovp_bits(uint64_t v, unsigned msb, unsigned lsb)
{
    return (v >> lsb) & iovp_mask(msb - lsb + 1);
}

static inline bool iovp_bit(uint64_t v, unsigned n)
{
    return (v >> n) & 1;
}

/* `v` with bits [msb:lsb] replaced by `field`. */
static inline uint64_t iovp_set_bits(uint64_t v, unsigned msb, unsigned lsb,
                                     uint64_t field)
{
    uint64_t mask = iovp_mask(msb - lsb + 1) << lsb;

    return (v & ~mask) | ((field << lsb) & mask);
}

/*
 * A field of a multi-word structure, numbered as the specification numbers
 * it (bit 64 is bit 0 of the second word).  A field may not cross a word
 * unless it is read in two parts; no field of SMMUv3 or VT-d does.
 */
static inline uint64_t iovp_get_field(const uint64_t *words,
                                      struct iovp_field f)
{
    return (words[f.lsb / 64] >> (f.lsb % 64)) & iovp_mask(f.width);
}

static inline void iovp_put_field(uint64_t *words, struct iovp_field f,
                                  uint64_t v)
{
    uint64_t mask = iovp_mask(f.width) << (f.lsb % 64);
    uint64_t *w = &words[f.lsb / 64];

    *w = (*w & ~mask) | ((v << (f.lsb % 64)) & mask);
}

static inline uint64_t iovp_align_down(uint64_t v, unsigned log2)
{
    return v & ~iovp_mask(log2);
}

static inline bool iovp_is_pow2(uint64_t v)
{
    return v && !(v & (v - 1));
}

/* Byte-wise, so that alignment and host byte order do not matter. */
static inline uint32_t iovp_le32(const void *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static inline uint64_t iovp_le64(const void *p)
{
    const uint8_t *b = (const uint8_t *)p;

    return iovp_le32(b) | (uint64_t)iovp_le32(b + 4) << 32;
}

static inline void iovp_put_le16(void *p, uint16_t v)
{
    uint8_t *b = (uint8_t *)p;

    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

static inline void iovp_put_le32(void *p, uint32_t v)
{
    iovp_put_le16(p, (uint16_t)v);
    iovp_put_le16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}

static inline void iovp_put_le64(void *p, uint64_t v)
{
    iovp_put_le32(p, (uint32_t)v);
    iovp_put_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

#endif

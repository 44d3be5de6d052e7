/* SPDX-License-Identifier: MIT */
/* The atomic operations of PCIe (AtomicOps), on little-endian bytes. */
#ifndef IOVP_ATOMIC_H
#define IOVP_ATOMIC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum iovp_atomic_kind {
    IOVP_ATOMIC_KIND_ADD = 0,
    IOVP_ATOMIC_KIND_SWAP = 1,
    IOVP_ATOMIC_KIND_CAS = 2, /* compare and swap */
    IOVP_ATOMIC_KINDS = 3,
};

struct iovp_atomic_op {
    uint8_t kind;  /* enum iovp_atomic_kind */
    uint8_t width; /* 4 or 8 bytes; CAS: also 16 */
    uint8_t operand[16];
    uint8_t compare[16];
    uint8_t old[16]; /* what was there before; the rest is zero */
};

/*
 * Operands as the data of a packet have them (PCIe 6.15.2): of `width` bytes;
 * for CAS the one to compare with, then the one to store.
 */
void iovp_atomic_set(struct iovp_atomic_op *a, enum iovp_atomic_kind kind,
                     unsigned width, const void *data);
void iovp_atomic_get(const struct iovp_atomic_op *a, void *data);

/* Carry it out on the `width` bytes at `host`. */
void iovp_atomic_apply(struct iovp_atomic_op *a, uint8_t *host);

#ifdef __cplusplus
}
#endif

#endif

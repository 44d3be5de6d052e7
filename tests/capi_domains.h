/* SPDX-License-Identifier: MIT */
/* What the tests of domains share: a SoC with a context for each SMMU. */
#ifndef CAPI_DOMAINS_H
#define CAPI_DOMAINS_H

#include <stdbool.h>
#include <string.h>

#include "../capi/iovp.h"

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

#define DOM_TABLES 0x80000000u /* donated: 64 MiB of RAM */
#define DOM_DATA   0x90000000u /* what is mapped */
#define DOM_END    0xc0000000u /* of RAM */

/* The camera's reserved region; the twin has another. */
#define DOM_CAM_FIRST  0x50000000u
#define DOM_CAM_LAST   0x500fffffu
#define DOM_TWIN_FIRST 0x60000000u
#define DOM_TWIN_LAST  0x60000fffu

/* Linux's and therefore every context's range for interrupts. */
#define DOM_MSI_FIRST 0x8000000u
#define DOM_MSI_LAST  0x80fffffu

#define DOM_RW (IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR | IOVP_RIGHT_PW)

struct dom {
    iovp_platform *p;
    iovp_device *npu;  /* 16 bits of PASID */
    iovp_device *disp; /* shares its StreamID with the twin */
    iovp_device *cam;
    iovp_device *twin;
    iovp_device *far; /* behind the other SMMU */
    iovp_device *raw; /* behind none */
    iovp_context *c, *other;
    uint64_t donated;
};

/* False after a recorded failure. */
bool dom_open(struct dom *d, uint32_t mode, uint64_t donate);
bool dom_open_with(struct dom *d, uint32_t mode, uint64_t donate,
                   const iovp_allocator *allocator);
void dom_close(struct dom *d);

/* fn in functional mode and, in a child, in timed mode. */
void dom_both(void (*fn)(struct dom *d));
/* fn in functional mode. */
void dom_one(void (*fn)(struct dom *d));

/* A domain of a stage (or NULL), with pages of 2^page_bits. */
iovp_domain *dom_new(struct dom *d, uint32_t stage, uint32_t page_bits);
/* Map at an address, or (~0) where the library likes; the address. */
uint64_t dom_map(iovp_domain *m, uint64_t iova, uint64_t pa, uint64_t bytes);

/* The physical address that a device's reads of one go to; ~0: they fault. */
uint64_t dom_at(iovp_device *dev, uint32_t pasid, uint64_t iova);

/* DMA of 8 bytes: does it work, and is it memory at `pa`? */
bool dom_reads(struct dom *d, iovp_device *dev, uint32_t pasid, uint64_t iova,
               uint64_t pa);
bool dom_writes(struct dom *d, iovp_device *dev, uint32_t pasid, uint64_t iova,
                uint64_t pa);

/* Bytes of the donated memory that are in use. */
uint64_t dom_used(struct dom *d);

/* The call fails with this code and a sentence of its own. */
#define DOM_FAILS(call, code)                                 \
    do {                                                      \
        iovp_trace_next(NULL, NULL);                          \
        CHECK_EQ(call, code);                                 \
        CHECK(strlen(iovp_last_error()) > 0 &&                \
              !strstr(iovp_last_error(), "iovp_trace_next")); \
    } while (0)

#endif

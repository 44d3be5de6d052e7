/* SPDX-License-Identifier: MIT */
/* What the tests of regions that are mapped to themselves share. */
#ifndef DIRECT_SOC_H
#define DIRECT_SOC_H

#include "capi_domains.h"

/* Frame buffer of display and mirror; the twin's, in the display's group, is no
 * page of any size: it fills the second half of one of 4 KB and the first of
 * the next; the camera's begins in the middle of the frame buffer. */
#define FB        0xa0000000u
#define FB_LAST   (FB + MB(4) - 1)
#define TWIN      0xa1000800u
#define CAM       (FB + MB(3))
#define CAM_LAST  (CAM + MB(4) - 1)
#define NEVER     0x50000000u /* of the camera: with other memory behind it */
#define NPU       0xb0000000u
#define NPU_BYTES KB(64)
#define HIGH      (1ull << 40) /* no memory there */

struct direct {
    struct dom d; /* p, c, npu, disp, twin, cam, donated */
    iovp_device *mirror, *high, *plain;
};

/* With 64 MB donated, and a context; false after a recorded failure.
 * dom_close closes it. */
bool direct_open(struct direct *s, uint32_t mode,
                 const iovp_allocator *allocator);
/* fn in functional mode; and in a child in timed mode. */
void direct_one(void (*fn)(struct direct *s));
void direct_both(void (*fn)(struct direct *s));

/* Is DMA at `addr`, without PASID, DMA of the memory at the same address? */
bool direct_works(struct direct *s, iovp_device *dev, uint64_t addr);
bool direct_aborted(iovp_device *dev, uint32_t pasid, uint64_t iova);
/* That of the first and last words of a range works, and none beside it. */
void direct_range(struct direct *s, iovp_device *dev, uint64_t first,
                  uint64_t last);

#endif

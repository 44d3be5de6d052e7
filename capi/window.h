/* SPDX-License-Identifier: MIT */
/* Lists of address ranges: where a device may do DMA.  Private to capi/. */
#ifndef IOVP_WINDOW_H
#define IOVP_WINDOW_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WINDOWS_MAX 64

struct window_range {
    uint64_t first, last; /* inclusive */
};

/* Ascending and disjoint. */
struct window_list {
    uint32_t count;
    struct window_range at[WINDOWS_MAX];
};

struct window_info {
    uint32_t state;      /* IOVP_REGIME_* */
    uint64_t page_sizes; /* bit n: 2^n bytes */
    uint64_t alignment;
};

/* Take first..last (none of it, if first > last) out of a list, or all that
 * another list has not.  False: that is more than WINDOWS_MAX windows, and the
 * list is as it was. */
bool window_subtract(struct window_list *l, uint64_t first, uint64_t last);
bool window_intersect(struct window_list *l, const struct window_list *other);
/* Is all of first..last in one window? */
bool window_holds(const struct window_list *l, uint64_t first, uint64_t last);

/* As iovp_windows; the PASID must be one that the device has. */
iovp_status windows_of(struct platform *p,
                       const struct platform_device_state *d, uint32_t pasid,
                       struct window_list *out, struct window_info *info);

/* The answer of a query for windows, by the two-call rule; `info` (NULL: not
 * wanted) was checked. */
iovp_status windows_answer(const struct window_list *list,
                           const struct window_info *from, iovp_window *windows,
                           size_t *count, iovp_window_info *info);

/* As iovp_reserved_regions, at most `max`; returns how many. */
#define WINDOW_REGIONS_MAX (PLATFORM_REGIONS + 2)
uint32_t windows_reserved(struct platform *p,
                          const struct platform_device_state *d,
                          iovp_window out[WINDOW_REGIONS_MAX]);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Regimes by index.  An index is a number made of the attributes by which the
 * IOMMU tells a device's transactions apart, and of nothing else:
 *
 *     which of its StreamIDs   security space   PASID + 1, or 0: none
 *     4 bits                   2 bits           21 bits
 *
 * An attribute that does not count is 0 there.  Private to capi/.
 */
#ifndef IOVP_REGIME_H
#define IOVP_REGIME_H

#include "../models/common/iommu.h"
#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The attributes that an index gives. */
#define REGIME_ATTRS (IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID | IOVP_ATTR_SPACE)

/* Of transactions without PASID. */
#define REGIME_NO_PASID_PART 0u

/* What the IOMMU can; without one all is 0 but the absent MSI range. */
void regime_caps(const struct platform_device_state *d,
                 struct iovp_iommu_caps *out);
/* As iovp_regime_attrs. */
uint32_t regime_attrs(const struct platform_device_state *d);

/* Is it IOVP_NO_PASID, or a PASID that the device has? */
bool regime_pasid_ok(const struct platform_device_state *d, uint32_t pasid);

/* The index for complete attributes.  False: not a StreamID of the device, or
 * a PASID beyond the device's where PASIDs count. */
bool regime_find(const struct platform_device_state *d, const iovp_attrs *a,
                 uint32_t *index);
/* The index of its first StreamID, its own space and a PASID that is ok. */
uint32_t regime_of_pasid(const struct platform_device_state *d, uint32_t pasid);
/*
 * The other way round: complete attributes of an unprivileged data access.
 * Errors: NOTFOUND (no such index of this device).
 */
iovp_status regime_attrs_of(const struct platform_device_state *d,
                            uint32_t index, iovp_attrs *out);

/* How an index, which must be valid, is translated by what is in memory. */
void regime_now(const struct platform_device_state *d, uint32_t index,
                struct iovp_regime *out);

/*
 * The lowest index from *index on that is set up.  False: there is none, or
 * *budget table entries were looked at: then *budget is 0 and *index says
 * where to go on.
 */
bool regime_next(const struct platform_device_state *d, uint32_t *index,
                 uint32_t *budget);

/* Does a configuration invalidation cover what index, which must be valid, is
 * configured by?  False for one of the TLB. */
bool regime_reconfigured(const struct platform_device_state *d, uint32_t index,
                         const struct iovp_invalidation *i);
/* All indexes that one of a single PASID (IOVP_INVALIDATE_PASID) covers. */
#define REGIMES_OF_PASID 8
unsigned regimes_of_pasid(const struct platform_device_state *d,
                          const struct iovp_invalidation *i,
                          uint32_t index[REGIMES_OF_PASID]);

#ifdef __cplusplus
}
#endif

#endif

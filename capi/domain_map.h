/* SPDX-License-Identifier: MIT */
/* Between domain.c (attachments, windows), domain_map.c (mappings) and
 * domain_direct.c (what the tree wants mapped to itself). */
#ifndef IOVP_DOMAIN_MAP_H
#define IOVP_DOMAIN_MAP_H

#include "../models/common/iommu.h"
#include "domain.h"

#ifdef __cplusplus
extern "C" {
#endif

iovp_status domain_enter(iovp_domain *h, int enter, struct domain **m);

/* The tables of a domain whose geometry is known, empty; sets m->table.root and
 * page_sizes.  Errors: UNSUPPORTED, NOMEM. */
iovp_status mappings_create(struct domain *m, const struct iovp_iommu_caps *c);
/* Nothing walks the tables any more. */
void mappings_destroy(struct domain *m);

/* Is everything that is mapped within these windows? */
bool mappings_within(const struct domain *m, const struct window_list *w);

/*
 * Mappings to themselves, for reading and writing, that are not the caller's:
 * unmap does not see them, and they lie outside of the windows.  Only with
 * tables of the library's.
 */
/* The highest address that can be mapped to itself. */
uint64_t mappings_direct_most(const struct domain *m);
/* Pages first..last, of which all are mapped so already, or none.  NOMEM. */
iovp_status mappings_direct_add(struct domain *m, uint64_t first,
                                uint64_t last);
/* Remove those that are not direct_wanted.  On return no DMA uses them. */
iovp_status mappings_direct_trim(struct domain *m);

/* Map what the tree wants mapped to itself for a device, and its group; after
 * an error some may be mapped.  Errors: RANGE, NOMEM. */
iovp_status direct_add(struct domain *m, struct context *c,
                       const struct platform_device_state *d);
/* Does a device that has the domain as a whole want some of it? */
bool direct_wanted(const struct domain *m, uint64_t first, uint64_t last);
/* Does all of a device's DMA without PASID go through this domain, or does
 * that of a device of its group? */
bool domain_has_whole(const struct domain *m,
                      const struct platform_device_state *d);

/* Something was mapped: tell those who watch the domain's devices. */
void domain_tell_mapped(struct domain *m, const struct iovp_mapping *mapping);

#ifdef __cplusplus
}
#endif

#endif

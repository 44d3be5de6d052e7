/* SPDX-License-Identifier: MIT */
/* Between domain.c (attachments, windows) and domain_map.c (mappings). */
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

/* Something was mapped: tell those who watch the domain's devices. */
void domain_tell_mapped(struct domain *m, const struct iovp_mapping *mapping);

#ifdef __cplusplus
}
#endif

#endif

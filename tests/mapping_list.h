/* SPDX-License-Identifier: MIT */
/* What iovp_iommu_ops.mappings delivers, kept in a list. */
#ifndef IOVP_MAPPING_LIST_H
#define IOVP_MAPPING_LIST_H

#include "smmu_scene.h"

#define MAPPINGS 4096

struct mapping_list {
    unsigned count;
    unsigned stop_at; /* fn says no when so many are there, 0: never */
    struct iovp_mapping m[MAPPINGS];
};

/*
 * Append the mappings in first..last; what the model says.  *next may be NULL.
 */
bool list_range(struct mapping_list *l, struct scene *sc,
                const struct iovp_attrs *a, uint64_t first, uint64_t last,
                uint32_t budget, uint64_t *next);
/* Everything of the accesses like `how`, from scratch. */
void list_all(struct mapping_list *l, struct scene *sc, struct acc how);
/* The mapping of an address, or NULL. */
const struct iovp_mapping *list_find(const struct mapping_list *l,
                                     uint64_t addr);
/* Join what could be one mapping. */
void list_join(struct mapping_list *l);
/* Ascending, apart, each as large as can be; else what is wrong. */
const char *list_wrong(const struct mapping_list *l);

#endif

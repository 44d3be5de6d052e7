/* SPDX-License-Identifier: MIT */
/* Between the files that implement smmuv3_iommu_ops (iommu.c, mappings.c). */
#ifndef SMMUV3_REGIME_H
#define SMMUV3_REGIME_H

#include "smmuv3_internal.h"

/*
 * What becomes of the transactions of job->attrs, as the structures in memory
 * are; the job must be fresh.  *st is valid in the states IDENTITY and
 * TRANSLATED.
 */
void smmuv3_regime(struct smmuv3_job *j, struct smmuv3_stream *st,
                   struct iovp_regime *out);

/* iovp_iommu_ops.mappings */
bool smmuv3_mappings(void *core, const struct iovp_attrs *a,
                     struct iovp_mapping_walk *w);

#endif

/* SPDX-License-Identifier: MIT */
/* Global errors (7.5). */
#include "smmuv3_internal.h"

void smmuv3_gerror(struct smmuv3 *s, uint32_t bits)
{
    uint32_t active = smmuv3_reg(s, SMMU_GERROR) ^ smmuv3_reg(s, SMMU_GERRORN);
    uint32_t fresh = bits & ~active;

    if (!fresh)
        return; /* one that is active already is not logged again */
    s->reg[SMMU_GERROR / 4] ^= fresh;
    /* 7.5.1: the failure of a GERROR MSI does not cause another one. */
    if (fresh & ~SMMU_GERROR_MSI_GERROR_ABT_ERR)
        smmuv3_interrupt(s, IOVP_IRQ_GERROR);
}

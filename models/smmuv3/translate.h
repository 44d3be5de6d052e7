/* SPDX-License-Identifier: MIT */
/* The parts of a translation that looks at whole tables (mappings.c) share
 * with the translation of one access.  Private to this folder. */
#ifndef SMMUV3_TRANSLATE_H
#define SMMUV3_TRANSLATE_H

#include "smmuv3_internal.h"

/* An entry that maps all addresses to themselves. */
#define SMMUV3_TLBE_IDENTITY                            \
    ((struct smmuv3_tlbe){.log2 = 63,                   \
                          .s1_perms = SMMUV3_ALL_PERMS, \
                          .s2_perms = SMMUV3_ALL_PERMS})
#define SMMUV3_ALL_PERMS 0x3fu

/* Stage 1's part of a TLB entry. */
void smmuv3_apply_stage1(const struct smmuv3_stream *st,
                         const struct pt_arm_leaf *leaf, struct smmuv3_tlbe *e);
/* Then stage 2's; `s1`: there is a part of stage 1. */
void smmuv3_apply_stage2(bool s1, uint64_t ipa, const struct smmuv3_s2e *s2,
                         struct smmuv3_tlbe *e);

/* What a read gets of a TLB entry: status, address, size, permissions and
 * attributes of *out are set. */
void smmuv3_entry_result(const struct smmuv3_stream *st,
                         const struct iovp_attrs *attrs,
                         const struct smmuv3_tlbe *e, uint64_t va,
                         struct smmuv3_result *out);
/* The same of a bypass; st is NULL if SMMUEN is 0. */
void smmuv3_bypass_result(const struct smmuv3 *s,
                          const struct smmuv3_stream *st,
                          const struct iovp_attrs *attrs, uint64_t iova,
                          struct smmuv3_result *out);

#endif

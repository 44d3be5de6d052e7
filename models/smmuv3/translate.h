/* SPDX-License-Identifier: MIT */
/* The parts of a translation that looks at whole tables (mappings.c) and ATS
 * (ats.c) share with the translation of one access.  Private to this folder. */
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

/* ---- ATS ----------------------------------------------------------------- */

/* Attributes that go in: what the client sends, as the STE overrides it. */
struct smmuv3_input {
    bool privileged;
    bool instruction;
    bool write;
    uint8_t mem_type;
    uint8_t shareability;
};

/* Whatever is not Untranslated; *out is complete, its event is written. */
void smmuv3_ats(struct smmuv3_job *j, uint64_t iova, unsigned access,
                struct smmuv3_result *out);

struct smmuv3_input smmuv3_input_of(const struct iovp_attrs *attrs, bool write);

/* Of all the STE's overrides, and of PRIVCFG and INSTCFG alone. */
void smmuv3_override(struct smmuv3_input *in, const struct smmuv3_stream *st);
void smmuv3_override_perms(struct smmuv3_input *in,
                           const struct smmuv3_stream *st);
/* False: job->fault is set. */
bool smmuv3_bypass_fits(struct smmuv3_job *j, uint64_t iova);
void smmuv3_set_bypass(const struct smmuv3 *s, struct smmuv3_result *out,
                       const struct smmuv3_input *in, uint64_t iova);
/*
 * The entry that translates an address, whatever it permits, found or made:
 * *local if it is not cached.  NULL: job->fault is set, also if there is a
 * job->useful and stage 1 permits nothing of it.
 */
const struct smmuv3_tlbe *smmuv3_find_entry(struct smmuv3_job *j,
                                            const struct smmuv3_stream *st,
                                            uint64_t iova,
                                            struct smmuv3_tlbe *local,
                                            struct smmuv3_result *out);
void smmuv3_finish_entry(const struct smmuv3_stream *st,
                         const struct smmuv3_input *in,
                         const struct smmuv3_tlbe *e, uint64_t va,
                         struct smmuv3_result *out);
/* False: job->fault is set. */
bool smmuv3_translate_stages(struct smmuv3_job *j,
                             const struct smmuv3_stream *st,
                             const struct smmuv3_input *in, uint64_t iova,
                             unsigned access, struct smmuv3_result *out);
/* job->fault becomes *out, and an event if it is not silent. */
void smmuv3_finish_fault(struct smmuv3_job *j, const struct smmuv3_input *in,
                         uint64_t iova, unsigned access,
                         struct smmuv3_result *out);

#endif

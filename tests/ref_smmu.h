/* SPDX-License-Identifier: MIT */
/*
 * A second opinion: what an SMMUv3 answers to one access, worked out afresh
 * from the specification with no cache and no speed in mind.  It shares no
 * code and no header with the models; recursion and plain comparisons take
 * the place of their masks and loops.
 *
 * It knows what smmuv3_config_check lets through: both stages of VMSAv8-64,
 * Non-secure streams, no HTTU, ATS or LPA2.  Its STAGs are 0.
 */
#ifndef IOVP_REF_SMMU_H
#define IOVP_REF_SMMU_H

#include "smmu_tables.h"

struct ref {
    uint32_t idr0, idr1, idr3, idr5;
    uint64_t strtab_base; /* SMMU_STRTAB_BASE */
    uint32_t strtab_cfg;  /* SMMU_STRTAB_BASE_CFG */
    uint32_t cr2;
    /* Little-endian words of memory.  False: external abort. */
    bool (*read)(void *ud, uint64_t pa, unsigned bytes, uint64_t *words);
    void *ud;
};

#define REF_OK    0u
#define REF_ABORT 1u
#define REF_RAZWI 2u
#define REF_STALL 4u

struct ref_result {
    unsigned status; /* REF_* */
    unsigned type;   /* of the event that is recorded, 0: none */
    uint64_t ev[4];
    /* If REF_OK: */
    uint64_t pa;
    unsigned log2;
    uint8_t mem_type, sh;
    bool priv, inst;
};

void ref_translate(const struct ref *r, const struct acc *a,
                   struct ref_result *out);

/* ---- between ref_smmu.c and ref_walk.c --------------------------------- */

/* One stage of translation, as STE or CD configure it. */
struct ref_stage {
    bool on;
    bool second;
    unsigned granule;
    unsigned in_bits, out_bits;
    int start;
    uint64_t ttb;
    bool big_endian, affd, had;
};

struct ref_leaf {
    uint64_t out; /* of the very address that was asked */
    unsigned log2;
    uint64_t desc;
    uint64_t above; /* all table descriptors on the way, or-ed */
};

/* What stops a translation. */
struct ref_stop {
    unsigned type; /* 0: nothing does */
    unsigned flags;
    uint64_t addr;
};

struct ref_run {
    const struct ref *r;
    struct ref_stage s1[2], s2;
    bool s2ptw;
    bool el2; /* one privilege level */
    bool wxn, pan;
    struct ref_stop stop;
};

unsigned ref_oas(const struct ref *r);
/* False: run->stop says why. */
bool ref_stage1(struct ref_run *run, const struct ref_stage *s, uint64_t va,
                struct ref_leaf *leaf);
bool ref_stage2(struct ref_run *run, uint64_t ipa, unsigned class_flags,
                struct ref_leaf *leaf);
/* The PA of something that the SMMU reads at `ipa`. */
bool ref_stage2_read(struct ref_run *run, uint64_t ipa, unsigned class_flags,
                     uint64_t *pa);
/* `kind` is 'r', 'w' or 'x'. */
bool ref_s1_allows(const struct ref_run *run, const struct ref_stage *s,
                   const struct ref_leaf *leaf, char kind, bool priv);
bool ref_s2_allows(const struct ref_run *run, const struct ref_leaf *leaf,
                   char kind, bool priv);

/* ---- ref_attrs.c ------------------------------------------------------- */

/* MemAttr[3:0]; a MAIR byte with its reserved values resolved. */
uint8_t ref_memattr(unsigned memattr);
uint8_t ref_mair(uint8_t attr);
void ref_combine(uint8_t *type, uint8_t *sh, uint8_t type2, uint8_t sh2);
uint8_t ref_output_sh(uint8_t type, uint8_t sh);

#endif

/* SPDX-License-Identifier: MIT */
/* A look at the STE and CDs of a stream as they are in memory, without any
 * side effect and without the caches.  Private to this folder. */
#ifndef SMMUV3_INSPECT_H
#define SMMUV3_INSPECT_H

#include "smmuv3_internal.h"

/* Which CDs smmuv3_inspect_cd looks for. */
struct smmuv3_cd_search {
    bool pasid_only;     /* not that of transactions without SubstreamID */
    bool stalls;         /* rather one with CD.S set */
    unsigned pasid_bits; /* that the device can send, 0: none */
};

/* How far a CD goes, in the order in which an SMMU finds out. */
enum smmuv3_cd_grade {
    SMMUV3_CD_NONE = 0, /* the search had no candidate */
    SMMUV3_CD_UNREADABLE,
    SMMUV3_CD_READ,
    SMMUV3_CD_VALID, /* CD.V */
    SMMUV3_CD_AA64,
    SMMUV3_CD_LEGAL,
    SMMUV3_CD_STALLS, /* legal, and CD.S is set */
};

struct smmuv3_inspection {
    /* of the Stream table */
    bool covered;      /* the StreamID is below the table's size */
    uint8_t ste_fault; /* the event that fetching would be, 0: none */
    uint64_t ste_addr; /* with F_STE_FETCH: what could not be read */
    uint64_t ste[STE_WORDS];
    bool ste_legal;
    /* of the best CD */
    uint8_t cd_grade; /* enum smmuv3_cd_grade */
    uint8_t cd_fault; /* of the last that was SMMUV3_CD_UNREADABLE */
    bool ssv;         /* it is that of a SubstreamID */
    uint32_t ssid;
    uint64_t cd[CD_WORDS];
};

/* Fill what is said of the Stream table. */
void smmuv3_inspect_ste(struct smmuv3 *s, uint32_t sid,
                        struct smmuv3_inspection *out);
/* Then, if the STE is legal and has stage 1: the best CD of at most 2^16
 * that a transaction of the device could select. */
void smmuv3_inspect_cd(struct smmuv3 *s, uint32_t sid,
                       const struct smmuv3_cd_search *what,
                       struct smmuv3_inspection *out);

/* The next SubstreamID to look at, in tables as the STE describes them;
 * `missing`: so is the whole leaf table with this one's CD. */
uint32_t smmuv3_ssid_after(const uint64_t *ste, uint32_t ssid, bool missing);

#endif

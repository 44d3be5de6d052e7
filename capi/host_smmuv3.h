/* SPDX-License-Identifier: MIT */
/* What the files of the SMMUv3 driver of contexts share.  Private. */
#ifndef IOVP_HOST_SMMUV3_H
#define IOVP_HOST_SMMUV3_H

#include "examples/smmuv3_driver_internal.h"
#include "host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks of donated memory. */
struct blocks {
    struct block *first;
};

struct host {
    struct platform *p;
    const char *name; /* node */
    struct smmu_driver drv;
    struct blocks own;    /* queues and the Stream table */
    struct blocks *owner; /* of what is allocated now */
    bool short_of_memory; /* an allocation failed */
    uint64_t overflows;   /* of the Event queue, told */
    unsigned stall_model; /* IDR0.STALL_MODEL */
    bool stage2, ril;
    struct smmu_group *ats; /* groups whose devices cache translations */
    uint32_t grans;         /* IDR5.GRAN* */
    uint32_t ids[2];        /* how many ASIDs and VMIDs there are */
    uint64_t *used[2];
};

#define STALL_MODEL_BOTH   0u
#define STALL_MODEL_NONE   1u
#define STALL_MODEL_FORCED 2u

/* What an ATC may have cached: by which table a PASID is translated. */
struct atc_user {
    struct atc_user *next;
    uint32_t pasid;     /* or IOVP_NO_PASID */
    uint32_t stage, id; /* of the table */
};

/* host_group.priv: what is behind the STEs of a group that is not blocked. */
struct smmu_group {
    struct smmu_stream st; /* the table of PASIDs */
    struct blocks blocks;
    bool guest;       /* stage 1 is a guest's */
    uint32_t vmid;    /* of the guest's stage 1 */
    bool vmid_is_own; /* not that of a stage 2 */
    const struct host_group *g;
    bool cached; /* in the list of host.ats: its devices have ATS enabled */
    struct smmu_group *next;
    struct atc_user *users;
};

/* Begin an operation whose memory is `owner`'s, and what came of it. */
void host_smmuv3_begin(struct host *h, struct blocks *owner);
iovp_status host_smmuv3_end(struct host *h);
void host_smmuv3_free(struct host *h, struct blocks *b);

iovp_status host_smmuv3_id_alloc(struct host *h, uint32_t stage, uint32_t *id);
void host_smmuv3_id_free(struct host *h, uint32_t stage, uint32_t id);

/* _tables.c */
iovp_status host_smmuv3_table_check(struct host *h, struct host_table *t);
iovp_status host_smmuv3_block(struct host *h, struct host_group *g);
iovp_status host_smmuv3_guest(struct host *h, struct host_group *g,
                              const iovp_table *stage1,
                              const struct host_table *stage2, uint32_t flags);
iovp_status host_smmuv3_stage2(struct host *h, struct host_group *g,
                               const struct host_table *t, uint32_t flags);
iovp_status host_smmuv3_pasids(struct host *h, struct host_group *g);
iovp_status host_smmuv3_pasid(struct host *h, struct host_group *g,
                              uint32_t pasid, const struct host_table *t,
                              uint32_t flags);

/* _commands.c */
iovp_status host_smmuv3_flush(struct host *h, const struct host_table *t,
                              uint64_t first, uint64_t last, bool leaf);
iovp_status host_smmuv3_invalidate(struct host *h, struct host_group *g,
                                   const iovp_inval *entry);
iovp_status host_smmuv3_can_fault(struct host *h, const struct host_group *g);
bool host_smmuv3_fault_next(struct host *h, struct host_fault *f);
iovp_status host_smmuv3_respond(struct host *h, const struct host_fault *f,
                                uint32_t respond);

/* _ats.c */
/* The group's devices keep translations, or have stopped. */
void host_smmuv3_ats(struct host *h, struct host_group *g, bool on);
/* The group is closed. */
void host_smmuv3_atc_close(struct host *h, struct smmu_group *x);
/* A PASID is translated by `t` (NULL: by nothing).  False: no memory. */
bool host_smmuv3_atc_set(struct host *h, struct smmu_group *x, uint32_t pasid,
                         const struct host_table *t);
/* Devices forget what they have of a PASID, or of a table. */
void host_smmuv3_atc_flush_pasid(struct host *h, const struct smmu_group *x,
                                 uint32_t pasid);
void host_smmuv3_atc_flush(struct host *h, const struct host_table *t,
                           uint64_t first, uint64_t last);
bool host_smmuv3_can_ats(struct host *h);
bool host_smmuv3_can_pri(struct host *h);
/* The oldest page request that wants an answer or a handler. */
bool host_smmuv3_page_request(struct host *h, struct host_fault *f);
void host_smmuv3_page_respond(struct host *h, const struct host_fault *f,
                              uint32_t respond);

#ifdef __cplusplus
}
#endif

#endif

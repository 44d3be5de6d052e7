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
    bool stage2, ats, ril;
    uint32_t grans;  /* IDR5.GRAN* */
    uint32_t ids[2]; /* how many ASIDs and VMIDs there are */
    uint64_t *used[2];
};

#define STALL_MODEL_BOTH   0u
#define STALL_MODEL_NONE   1u
#define STALL_MODEL_FORCED 2u

/* host_group.priv: what is behind the STEs of a group that is not blocked. */
struct smmu_group {
    struct smmu_stream st; /* the table of PASIDs */
    struct blocks blocks;
    bool guest;       /* stage 1 is a guest's */
    uint32_t vmid;    /* of the guest's stage 1 */
    bool vmid_is_own; /* not that of a stage 2 */
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
iovp_status host_smmuv3_can_fault(struct host *h);
bool host_smmuv3_fault_next(struct host *h, struct host_fault *f);
iovp_status host_smmuv3_respond(struct host *h, const struct host_fault *f,
                                uint32_t respond);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a context needs of an architecture: the driver of one IOMMU.  A driver
 * knows registers, queues and formats, and nothing of domains, processes and
 * users.  Its calls complete before they return; in timed mode they take
 * simulated time.  Private to capi/.
 */
#ifndef IOVP_HOST_H
#define IOVP_HOST_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

struct host; /* the driver's own */

/*
 * A translation table as hardware takes it.  One of the library's begins with
 * one table at the level that input_bits gives (none are concatenated), leaves
 * have memory attributes 0, which is normal write-back memory.
 */
struct host_table {
    uint32_t stage; /* IOVP_STAGE_1 or IOVP_STAGE_2 */
    uint32_t id;    /* ASID or VMID (or domain ID) by which it is cached */
    uint32_t page_bits, input_bits;
    uint64_t root; /* physical address of the first table */
    bool user;     /* the caller keeps it: `words` instead of root */
    iovp_table words;
};

/* Flags of an entry. */
#define HOST_FAULTS 1u /* recoverable faults are held, if the IOMMU can */
#define HOST_QUIET  2u /* nothing is translated and nothing is recorded */

/*
 * Devices that share a StreamID share everything that hangs on it: this is
 * the unit of attachment.  The first fields are the context's, set before the
 * first call.
 */
struct host_group {
    const uint32_t *stream_id;
    uint32_t streams;
    uint32_t pasid_bits; /* the most that its devices and the IOMMU can */
    bool ats;            /* its devices cache translations, if enabled */
    bool pri;            /* and ask for pages */
    void *priv;          /* the driver's, e.g. its table of PASIDs */
};

/* What the IOMMU reported. */
struct host_fault {
    uint32_t kind; /* IOVP_FAULT_* but LOST, or HOST_FAULT_LOST_EVENTS */
    uint32_t stream_id, pasid; /* or IOVP_NO_PASID */
    uint64_t addr, ipa;
    uint32_t rights, stage, group, last, event;
    uint64_t token; /* the driver's, for respond */
};
#define HOST_FAULT_LOST_EVENTS 16u /* the IOMMU had no room for some */

struct host_ops {
    /* Take over an IOMMU that is off: queues, tables, every stream blocked. */
    iovp_status (*create)(struct host **out, struct platform *p,
                          uint32_t iommu);
    /* Disable it; it aborts everything.  Frees its memory. */
    void (*destroy)(struct host *h);

    /* A number for a table of a stage: ASID or VMID; LIMIT. */
    iovp_status (*id_alloc)(struct host *h, uint32_t stage, uint32_t *id);
    void (*id_free)(struct host *h, uint32_t stage, uint32_t id);
    /* Fill in page_bits and input_bits where 0, and check them (UNSUPPORTED),
     * and the words of a table of the caller. */
    iovp_status (*table_check)(struct host *h, struct host_table *t);

    /* How many bits of PASID it can. */
    uint32_t (*pasid_bits)(struct host *h);
    /* Can faults of the group be recovered: does the IOMMU hold them, or take
     * page requests?  OK, or UNSUPPORTED with the reason. */
    iovp_status (*can_fault)(struct host *h, const struct host_group *g);
    /* Does it answer Translation Requests, and take page requests? */
    bool (*can_ats)(struct host *h);
    bool (*can_pri)(struct host *h);

    /* All transactions of the group: aborted (also the way to close it: what
     * it had is freed), or as a guest's stage 1 or a stage 2 alone says.  The
     * group is blocked before, and after a failure; stage2 may change one. */
    iovp_status (*block)(struct host *h, struct host_group *g);
    iovp_status (*guest)(struct host *h, struct host_group *g,
                         const iovp_table *stage1,
                         const struct host_table *stage2, uint32_t flags);
    iovp_status (*stage2)(struct host *h, struct host_group *g,
                          const struct host_table *t, uint32_t flags);
    /* ATS is enabled in the group's devices, or is not any more: they keep, or
     * do not keep, translations that invalidations must reach. */
    void (*ats)(struct host *h, struct host_group *g, bool on);
    /* A table of PASIDs of the host's, empty; IOVP_NO_PASID has an entry
     * there too. */
    iovp_status (*pasids)(struct host *h, struct host_group *g);
    /* Set, change or (t NULL) clear an entry.  On return no transaction uses
     * the old one; what is cached of its table wants flush. */
    iovp_status (*pasid)(struct host *h, struct host_group *g, uint32_t pasid,
                         const struct host_table *t, uint32_t flags);

    /* first..last of a table has changed; leaf: only leaves.  On return no
     * transaction uses what was cached, in the IOMMU or in devices. */
    iovp_status (*flush)(struct host *h, const struct host_table *t,
                         uint64_t first, uint64_t last, bool leaf);
    /* An invalidation by the guest that has the group. */
    iovp_status (*invalidate)(struct host *h, struct host_group *g,
                              const iovp_inval *entry);

    /* The oldest fault report; false: there is none. */
    bool (*fault_next)(struct host *h, struct host_fault *f);
    /* IOVP_RESPOND_* */
    iovp_status (*respond)(struct host *h, const struct host_fault *f,
                           uint32_t respond);
};

extern const struct host_ops host_smmuv3;

#ifdef __cplusplus
}
#endif

#endif

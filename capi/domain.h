/* SPDX-License-Identifier: MIT */
/* Domains: tables that the library keeps, or the caller.  Private to capi/. */
#ifndef IOVP_DOMAIN_H
#define IOVP_DOMAIN_H

#include "context.h"
#include "window.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Its table behind another IOMMU. */
struct domain_part {
    struct domain_part *next;
    struct context *c;
    struct host_table table;
};

struct domain {
    struct domain *next; /* of the context's list */
    struct context *c;
    uintptr_t handle;
    struct host_table table;
    uint32_t flags;        /* IOVP_DOMAIN_* */
    struct process *owner; /* a process's own: not the caller's to destroy */
    struct mappings *map;  /* domain_map.c's: mappings and reservations */
    struct attached *attached;  /* domain.c's: (device, PASID) list */
    uint64_t page_sizes;        /* bit n: 2^n bytes can be one leaf */
    struct window_list windows; /* where mappings can be */
    struct window_list required;
    struct domain_part *parts; /* domain_part.c's: a process's only */
    bool quiet;                /* since domain_quiesce: it ends */
};

iovp_status domain_create(struct domain **out, struct context *c,
                          const iovp_domain_config *config);
/* Detaches it everywhere. */
void domain_destroy(struct domain *m);
/* As iovp_domain_attach; flags: HOST_*. */
iovp_status domain_attach(struct domain *m, struct platform_device_state *d,
                          uint32_t pasid, uint32_t flags,
                          const struct fault_sink *sink);
iovp_status domain_detach(struct domain *m, struct platform_device_state *d,
                          uint32_t pasid);
/* Every attachment: translate nothing from now on, and record nothing; faults
 * that wait are answered INVALID. */
iovp_status domain_quiesce(struct domain *m);
/* The table changed in first..last: IOTLB and ATCs of every attachment, and
 * those who watch. */
iovp_status domain_flush(struct domain *m, uint64_t first, uint64_t last,
                         bool leaf);
/*
 * Before it is the second stage of what a guest has of a device: its windows
 * become those with the device, and what the tree wants mapped to itself is
 * mapped.  Errors: RANGE, LIMIT, NOMEM.  domain_fit undoes it if that failed.
 */
iovp_status domain_carry(struct domain *m,
                         const struct platform_device_state *d);
/*
 * After an attachment or a guest came or went: its windows fit again (if they
 * would be too many, the old ones do), and what is mapped to itself is what the
 * remaining devices want.  Errors: those of domain_flush.
 */
iovp_status domain_fit(struct domain *m);
/* Make it usable behind another context's IOMMU, and not any more: it is
 * attached there nowhere. */
iovp_status domain_extend(struct domain *m, struct context *c);
void domain_leave(struct domain *m, struct context *c);
/* The table there; NULL: it is not usable. */
const struct host_table *domain_table(const struct domain *m,
                                      const struct context *c);
/* All domains of a context. */
void domains_destroy(struct context *c);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* What process.c and sva.c share.  Private to capi/. */
#ifndef IOVP_SVA_H
#define IOVP_SVA_H

#include "process.h"

/* A device that uses a process's addresses. */
struct bond {
    struct bond *next; /* in the order of binding */
    struct platform_device_state *device;
    struct context *c; /* of the device's IOMMU */
    uint32_t pasid;    /* or IOVP_NO_PASID */
    iovp_sva_config config;
};

struct process {
    struct process *next; /* of the context's list */
    struct context *c;
    uintptr_t handle;
    struct domain *domain;
    iovp_process_config config;
    uint32_t pasid; /* IOVP_NO_PASID: it has none (any more) */
    bool ended;
    struct bond *bonds;
};

/* The bond of a device, NULL: it is not bound. */
struct bond *process_bond(const struct process *s,
                          const struct platform_device_state *d);
/* Take a bond apart and free it; the status is what the IOMMU
 * has to say. */
iovp_status process_unbind(struct process *s, struct bond *b);
/* An ended process gives its PASID back once no device is bound with it. */
void process_give_pasid(struct process *s);
/* Who is asked first about its faults. */
struct fault_sink process_sink(struct process *s);

#endif

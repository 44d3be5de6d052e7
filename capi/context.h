/* SPDX-License-Identifier: MIT */
/*
 * A context: what is attached where on one IOMMU, and its faults.  Domains
 * and processes attach through it.  Private to capi/.
 */
#ifndef IOVP_CONTEXT_H
#define IOVP_CONTEXT_H

#include "host.h"
#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

struct context;
struct domain;
struct process;

/* Who is asked first about the faults of an attachment; fn may be NULL. */
struct fault_sink {
    iovp_fault_fn *fn;
    void *ud;
};

struct context {
    struct context *next; /* of the platform's list */
    struct platform *p;
    uintptr_t handle;
    uint32_t iommu; /* index in the platform */
    const struct host_ops *ops;
    struct host *host;
    iovp_context_config config; /* ops pointer replaced by the copy below */
    iovp_context_ops user;
    struct domain *domains;    /* list, domain.h */
    struct process *processes; /* list, process.h */
    struct groups *groups;     /* group.h */
    struct faults *faults;     /* faults.c's */
};

/* The context of a device's IOMMU; NULL and a sentence: there is none. */
struct context *context_of_device(struct platform *p,
                                  const struct platform_device_state *d);
/*
 * Input addresses that the context of a device's IOMMU keeps for interrupts.
 * `fixed`: the hardware has some already.  False: none.
 */
bool context_msi(const struct platform *p,
                 const struct platform_device_state *d, bool fixed,
                 uint64_t *first, uint64_t *last);
/* The context behind a handle. */
iovp_status context_enter(iovp_context *h, int enter, struct context **c);

/*
 * Translate a device's transactions with a PASID, or IOVP_NO_PASID, by a
 * table: one of stage 2 takes the device whole.  All devices of its group are
 * attached with it; the same owner may attach another device of the group
 * again: that counts.  Errors: BUSY (it has another owner's), UNSUPPORTED,
 * NOMEM.
 */
iovp_status context_attach(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const struct host_table *t,
                           uint32_t flags, const void *owner,
                           const struct fault_sink *sink);
/* Change what the entry of an attachment says: flags (HOST_QUIET), table. */
iovp_status context_change(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const struct host_table *t,
                           uint32_t flags, const void *owner);
/*
 * Undo one attach.  The last one of the group: waiting faults are aborted, the
 * entry is cleared, and on return no DMA uses the table.  Errors: NOTFOUND; BUS
 * (the IOMMU does not do what it should), but the attachment is gone.
 */
iovp_status context_detach(struct context *c, struct platform_device_state *d,
                           uint32_t pasid, const void *owner);
/* Can faults of this device be recovered?  OK, or UNSUPPORTED with the
 * reason. */
iovp_status context_can_fault(struct context *c,
                              const struct platform_device_state *d);

/* PASIDs, system-wide (pasid.c); with the host's say. */
iovp_status context_take_pasid(struct context *c, uint32_t min, uint32_t max,
                               uint32_t *pasid);
iovp_status context_give_pasid(struct context *c, uint32_t pasid);

/* A domain goes: unbind the guests that have it as their second stage. */
void context_forget_stage2(struct context *c, const struct domain *m);

/* Answer everything that waits for this owner's attachments INVALID. */
void context_abort_faults(struct context *c, const void *owner);

/*
 * Read fault reports and ask who is to be asked; timeouts.  At points where
 * the models are at rest: from the DMA and run functions in functional mode,
 * from the software's process in timed mode.  True: something was answered.
 */
bool contexts_service(struct platform *p);
/* When the next of these timeouts is due, in picoseconds (timed mode);
 * UINT64_MAX: none is. */
uint64_t contexts_deadline(const struct platform *p);
/* iovp_run_until was called (the clock of functional mode). */
void contexts_tick(struct platform *p);
/* Before the platform's IOMMUs go. */
void contexts_destroy(struct platform *p);

/* Let simulated time pass inside a method: a driver polls. */
iovp_status platform_wait(struct platform *p, uint64_t ps);
/* The same of a driver of contexts: none is served meanwhile. */
iovp_status contexts_wait(struct platform *p, uint64_t ps);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A root complex: a hierarchy (pcie.h) with its endpoints (endpoint.h), the
 * messages of ATS and PRI between them and an IOMMU, and the time at which all
 * that happens.  C11, no globals; memory is allocated by create only.  One
 * thread at a time may use it.
 *
 * The embedder supplies memory and the IOMMU; it calls pcie_root_work when
 * something is due.
 */
#ifndef PCIE_ROOT_H
#define PCIE_ROOT_H

#include "../common/ats.h"
#include "endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_ITAGS                 32u /* invalidations of a function in flight, at most */
/* 10.3.1: one minute, at least. */
#define PCIE_INVALIDATE_TIMEOUT_PS 60000000000000ull

struct pcie_root;

struct pcie_root_function {
    const struct pcie_ep_class *cls; /* NULL: a port, or only registers */
    const void *config;              /* of cls; copied */
    struct pcie_fn_config fn; /* ops and opaque are filled in if cls is set */
};

struct pcie_root_config {
    uint32_t size; /* sizeof(struct pcie_root_config) */
    uint8_t bus_first, bus_last;
    bool peer_to_peer;
    bool timed;       /* links and latencies take time */
    bool intx_by_pin; /* as in struct pcie_config */
    const struct pcie_window *windows;
    uint32_t window_count;
    const struct pcie_root_function *functions; /* as in struct pcie_config */
    uint32_t function_count;
    uint32_t latency_ps;            /* of the root complex, each way */
    uint64_t invalidate_timeout_ps; /* 0: PCIE_INVALIDATE_TIMEOUT_PS */
    uint32_t page_requests;         /* queued for the IOMMU, 1..4096; 0: 256 */
};

/* What became of a TLP, for observers. */
struct pcie_tlp_view {
    struct pcie_tlp tlp;
    uint32_t function; /* that sent it, or UINT32_MAX: the root complex */
    uint8_t status;    /* enum pcie_status */
    uint64_t time_in, time_out; /* sent, and completed or arrived */
};

struct pcie_root_ops {
    uint32_t size; /* sizeof(struct pcie_root_ops) */
    /*
     * A memory request or AtomicOp that leaves the hierarchy at *time, which
     * moves to when it is done.  `function`: index in the configuration of who
     * sent it; t->requester is what the IOMMU sees.
     */
    enum pcie_status (*request)(void *opaque, uint32_t function,
                                const struct pcie_tlp *t, void *data,
                                uint64_t *time);
    /* Optional, without it they are Unsupported Requests: a Translation
     * Request, for one translation. */
    void (*translate)(void *opaque, uint32_t function, const struct pcie_tlp *t,
                      struct iovp_ats_completion *out, uint64_t *time);
    /*
     * Optional: a page request or Stop marker; stream_id is the requester ID.
     * False: the IOMMU is busy, it is offered again 1 us later.  Without it
     * groups are answered with Response Failure; when the queue is full, with
     * Success, as IOMMUs do: the function will ask again.
     */
    bool (*page_request)(void *opaque, const struct iovp_page_request *r);
    /* Optional: an invalidation (pcie_root_invalidate) has completed or has
     * timed out.  False: the IOMMU is busy, it is told again 1 us later. */
    bool (*invalidated)(void *opaque, uint32_t token, bool timeout);
    /* A level on one of the four INTx lines. */
    void (*intx)(void *opaque, unsigned line, bool level);
    void (*system_error)(void *opaque, uint8_t message, uint16_t source);
    /* Optional: every TLP, when it is done. */
    void (*tlp)(void *opaque, const struct pcie_tlp_view *v);
    /* pcie_root_work is due at `t`: earlier than it has said. */
    void (*wake)(void *opaque, uint64_t t);
    /* Optional: a function's bus number, and so its requester ID, changed. */
    void (*renumbered)(void *opaque, uint32_t function);
    /* Optional, both or none: memory for create; NULL: malloc and free. */
    void *(*alloc)(void *opaque, uint64_t bytes);
    void (*free)(void *opaque, void *block);
};

/* As pcie_config_check. */
const char *pcie_root_check(const struct pcie_root_config *c, int32_t *index);
struct pcie_root *pcie_root_create(const struct pcie_root_config *c,
                                   const struct pcie_root_ops *ops,
                                   void *opaque);
void pcie_root_destroy(struct pcie_root *r);
void pcie_root_reset(struct pcie_root *r);

/* For ECAM, windows and configuration: set its time (pcie_set_time) first. */
struct pcie *pcie_root_hierarchy(struct pcie_root *r);

/*
 * Do what is due at `now`: deliver messages, let endpoints work, offer page
 * requests, time out invalidations.  When to call again, PCIE_NEVER: when
 * ops.wake asks.  A bounded amount of work: what is left is due at once.
 */
uint64_t pcie_root_work(struct pcie_root *r, uint64_t now);

/*
 * From the IOMMU, also from inside its callbacks: nothing is called back, but
 * ops.wake.  An invalidation for the function with this ID: it gets an ITag
 * when one is free, at most as many as the function's queue is deep.  ATS need
 * not be enabled: software invalidates before it enables and after it disables
 * (SMMU 3.9.2).  No answer in time, or no ATS capability: a timeout; no such
 * function, or its link is or goes down: a timeout at once, which ports know
 * of.  False: beyond what is kept (1024): the IOMMU is to count it as timed
 * out.
 */
bool pcie_root_invalidate(struct pcie_root *r, uint16_t id,
                          const struct iovp_ats_invalidation *i, uint64_t now);
/* A PRG Response message for that function.  False: beyond what is kept. */
bool pcie_root_page_response(struct pcie_root *r, uint16_t id,
                             const struct iovp_page_response *p, uint64_t now);

/* Surprise removal, and insertion as after a cold reset (6.7). */
void pcie_root_unplug(struct pcie_root *r, uint32_t function);
void pcie_root_plug(struct pcie_root *r, uint32_t function);

/* Counters of a function: of its class, then those of every function
 * (msi_sent, tlps, bytes).  At most `max`; how many there are. */
uint32_t pcie_root_counters(struct pcie_root *r, uint32_t function,
                            struct pcie_counter *out, uint32_t max);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* What root.c and root_messages.c share. */
#ifndef PCIE_ROOT_INTERNAL_H
#define PCIE_ROOT_INTERNAL_H

#include "root.h"

#define ROOT_INVALIDATIONS 1024u
#define ROOT_RESPONSES     4096u
#define ROOT_PAGE_REQUESTS 256u
#define ROOT_BATCH         64u /* messages of a kind in one call of work */
#define ROOT_NOBODY        UINT32_MAX
/* When something is offered again to an IOMMU that was busy: 1 us. */
#define ROOT_RETRY_PS      1000000u

/* A function; without class it only has its registers. */
struct pcie_ep {
    struct pcie_root *root;
    struct pcie_fn *fn;
    const struct pcie_ep_class *cls;
    void *self;
    uint64_t due;
    uint32_t itags; /* in flight */
    uint8_t itag;   /* given out last */
    uint64_t tlps, bytes;
    struct pcie_ep_pri pri; /* of a VF: its PF's counts */
};

/* A queue that is a ring of `size` elements elsewhere. */
struct root_ring {
    uint32_t head, count, size;
};

static inline uint32_t root_ring_at(const struct root_ring *q, uint32_t i)
{
    return (q->head + i) % q->size;
}

static inline void root_ring_pop(struct root_ring *q)
{
    q->head = root_ring_at(q, 1);
    q->count--;
}

struct root_page {
    struct iovp_page_request r;
    uint32_t function;
    uint64_t due;
};

struct root_response {
    struct iovp_page_response p;
    uint16_t id;
    uint64_t due;
};

enum root_invalidation_state {
    INVALIDATION_DONE = 0, /* the IOMMU knows: to be removed */
    INVALIDATION_QUEUED,
    INVALIDATION_SENT,
    INVALIDATION_LOST, /* nobody is there to answer */
    INVALIDATION_COMPLETE,
};

struct root_invalidation {
    struct iovp_ats_invalidation i;
    uint16_t id;
    uint32_t function; /* SENT: whose ITag it has */
    uint8_t state, itag;
    uint8_t expected, seen; /* completions; expected 0: none has come */
    bool blocked;           /* QUEUED: until an ITag is free */
    bool timeout;
    uint64_t due; /* to be sent, timed out, or reported */
};

struct pcie_root {
    struct pcie_root_ops ops;
    void *opaque;
    struct iovp_heap heap;
    struct pcie *p;
    struct pcie_ep *ep; /* of every function */
    uint32_t count, turn;
    uint64_t latency_ps, timeout_ps;
    uint64_t said; /* when work is to be called, as the embedder knows it */
    bool working;

    struct root_ring pages, responses;
    struct root_page *page;
    struct root_response *response;
    struct root_invalidation *invalidation; /* by age */
    uint32_t invalidations;
};

static inline uint64_t root_earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Something is due at `t`. */
void root_wake(struct pcie_root *r, uint64_t t);

/* ---- root_messages.c ------------------------------------------------------
 */

enum pcie_status root_message(struct pcie_root *r, uint32_t function,
                              const struct pcie_tlp *t);
void root_serve_down(struct pcie_root *r, uint64_t now);
void root_serve_up(struct pcie_root *r, uint64_t now);
uint64_t root_messages_due(const struct pcie_root *r);
void root_messages_reset(struct pcie_root *r);
/* Page requests of functions that are gone. */
void root_messages_purge(struct pcie_root *r);
/* Links may have gone down, IDs changed: whoever has an invalidation there need
 * not wait for it. */
void root_messages_gone(struct pcie_root *r);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an endpoint of a root complex (root.h) is: a class of functions, and
 * what one of them may ask of its surroundings.  The classes that exist are in
 * endpoints/.
 *
 * An endpoint is a machine of small steps.  What it is told (registers,
 * messages, resets) only changes its state and wakes it; requests are made by
 * `work` alone, which the root complex calls when it is due.  So requests of
 * different endpoints never interleave, and nothing recurses.
 *
 * Times are picoseconds.  Without a clock (functional mode) they are those of
 * a virtual one that runs from one thing that is due to the next.
 */
#ifndef PCIE_ENDPOINT_H
#define PCIE_ENDPOINT_H

#include "../common/heap.h"
#include "pcie.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_ep; /* one endpoint function and its surroundings */

#define PCIE_NEVER UINT64_MAX

struct pcie_counter {
    const char *name; /* lower case, words joined by '_'; static */
    uint64_t value;
};

/* Where a class puts its capabilities: fn_config.caps points at them. */
#define PCIE_EP_CAPS 16
struct pcie_ep_caps {
    struct pcie_cap_config cap[PCIE_EP_CAPS];
    uint8_t bytes[64]; /* of RAW and DVSEC */
    uint8_t write[64];
};

struct pcie_ep_class {
    const char *name; /* as in `compatible`, without "iovp," */
    uint32_t config_bytes;
    /* The defaults, as far as they do not come from elsewhere. */
    void (*defaults)(void *config);
    /* NULL if legal; else a sentence that names the field. */
    const char *(*check)(const void *config);
    /*
     * What such a function looks like: everything but kind, parent, device
     * and function, ops and opaque.  A root complex integrated one has no link.
     */
    void (*describe)(const void *config, struct pcie_fn_config *f,
                     struct pcie_ep_caps *room);
    /* `config` is copied.  pcie_ep_function is NULL, also in the reset that
     * follows.  NULL: no memory. */
    void *(*create)(const void *config, struct pcie_ep *ep,
                    const struct iovp_heap *heap);
    void (*destroy)(void *self);
    const struct pcie_fn_ops *ops; /* with `self` */
    /* Do what is due at `now`; when to be called again unless woken before, or
     * PCIE_NEVER.  A bounded amount of work each time. */
    uint64_t (*work)(void *self, uint64_t now);
    /* Optional: a function with which it shares the Page Request Interface, a
     * PF or VF of the same device, has changed struct pcie_ep_pri. */
    void (*pri_changed)(void *self);
    /* Counters, at most `max`; how many there are.  May be NULL. */
    uint32_t (*counters)(const void *self, struct pcie_counter *out,
                         uint32_t max);
};

/* ---- what an endpoint may ask (root.c) ---------------------------------- */

struct pcie_fn *pcie_ep_function(const struct pcie_ep *ep);
/* `work` is due at `t`, or earlier if it was due earlier. */
void pcie_ep_wake(struct pcie_ep *ep, uint64_t t);
/* The time at which the endpoint is: pcie_time of its hierarchy.  What it
 * requests begins then, and moves it on to its end. */
uint64_t pcie_ep_time(const struct pcie_ep *ep);
void pcie_ep_set_time(struct pcie_ep *ep, uint64_t t);

/* What of page requests a PF and its VFs have in common (9.3.7). */
struct pcie_ep_pri {
    uint32_t outstanding; /* page requests: the credits that they hold */
    uint32_t ended;       /* changes when all that wait have waited in vain */
};

struct pcie_ep_pri *pcie_ep_shared_pri(struct pcie_ep *ep);
/* It was changed: tells the others. */
void pcie_ep_pri_changed(struct pcie_ep *ep);

#ifdef __cplusplus
}
#endif

#endif

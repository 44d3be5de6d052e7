/* SPDX-License-Identifier: MIT */
/*
 * The Page Request Interface of a function (10.4): groups of page requests,
 * their credits, and responses.  A PF and its VFs, each with groups of its own,
 * share credits, control and status.  Fixed size, to be embedded.
 */
#ifndef PCIE_PRI_H
#define PCIE_PRI_H

#include "../common/ats.h"
#include "endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_PRI_GROUPS 64u /* outstanding at a time */

enum pcie_pri_state {
    PCIE_PRI_FREE = 0,
    PCIE_PRI_WAITING,
    PCIE_PRI_SUCCESS,
    PCIE_PRI_INVALID,
    PCIE_PRI_FAILURE, /* or another group's failure, or a reset, ended it */
};

struct pcie_pri_group {
    uint8_t state; /* enum pcie_pri_state */
    bool pasid_valid;
    bool forgotten; /* its answer frees it */
    uint32_t pasid;
    uint32_t pages; /* credits that it holds */
    uint64_t sent;  /* time */
};

struct pcie_pri {
    struct pcie_ep *ep;
    struct pcie_pri_group group[PCIE_PRI_GROUPS]; /* index: the PRG index */
    uint32_t outstanding;                         /* page requests, its own */
    uint32_t ended; /* as of struct pcie_ep_pri, when it was looked at */
    uint32_t next;  /* group to try first */
    bool enabled;   /* as of the last update */
    /* Counters. */
    uint64_t requests, groups, responses[3], unexpected, refused;
    uint64_t round_trips, round_trip_ps, round_trip_max_ps;
};

void pcie_pri_init(struct pcie_pri *p, struct pcie_ep *ep);

/*
 * Ask for `pages` pages of 4 KiB from the page of t->addr on (rights: t's
 * execute and privileged, and `want` IOVP_ATS_READ and WRITE), as one group.
 * Its index, or -1: not enabled, no credits (Outstanding Page Request
 * Allocation) or group is free, or the function may not send.
 */
int pcie_pri_ask(struct pcie_pri *p, const struct pcie_tlp *t, uint32_t want,
                 uint32_t pages);
/* It may ask, and lacks only what an answer to another group gives back. */
bool pcie_pri_busy(const struct pcie_pri *p);
/* What became of it; SUCCESS, INVALID and FAILURE free it. */
enum pcie_pri_state pcie_pri_take(struct pcie_pri *p, int group);
/* Nobody waits for it any more: its answer frees it. */
void pcie_pri_forget(struct pcie_pri *p, int group);
/* A Stop marker for a PASID that the device has stopped using (10.4.1.2).
 * False: it could not be sent. */
bool pcie_pri_stop(struct pcie_pri *p, uint32_t pasid);

/* A PRG Response: from the endpoint's message callback; others are ignored.
 * Sets Response Failure and Unexpected PRG Index as 10.4.2 has it, and wakes
 * the endpoint. */
void pcie_pri_message(struct pcie_pri *p, const struct pcie_tlp *t);
/* From config_written of the endpoint: Enable and Reset of the capability.
 * Keeps Stopped and the groups right.  A VF has no such registers. */
void pcie_pri_update(struct pcie_pri *p);
/* From pri_changed of the endpoint's class. */
void pcie_pri_changed(struct pcie_pri *p);
/* A reset of the function. */
void pcie_pri_reset(struct pcie_pri *p);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A transfer of an endpoint, of any length and address: cut into pages,
 * untranslated or through the ATC, with page requests if it is to wait for
 * its pages.  It goes on step by step from the endpoint's work.
 */
#ifndef PCIE_XFER_H
#define PCIE_XFER_H

#include "atc.h"
#include "pri.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pcie_xfer_mode {
    PCIE_XFER_UNTRANSLATED = 0,
    PCIE_XFER_ATC,        /* by translations of the ATC */
    PCIE_XFER_TRANSLATED, /* the address is a translated one already */
};

enum pcie_xfer_policy {
    PCIE_XFER_FAIL = 0, /* a fault ends it */
    PCIE_XFER_PRI,      /* ask for the page and wait; needs ATC */
    PCIE_XFER_RETRY,    /* again after retry_ps, at most `retries` times */
};

/* Why it failed. */
enum pcie_xfer_error {
    PCIE_XFER_OK = 0,
    PCIE_XFER_UR,       /* completion status Unsupported Request */
    PCIE_XFER_CA,       /* completion status Completer Abort */
    PCIE_XFER_DENIED,   /* translation without the right */
    PCIE_XFER_PAGE,     /* page response Invalid Request */
    PCIE_XFER_PRI_FAIL, /* page response Response Failure, or PRI is off */
    PCIE_XFER_REFUSED,  /* the function may not send: see `refusal` */
};

struct pcie_xfer_config {
    struct pcie_tlp tlp; /* type (MRD, MWR, atomics), attr, tc, PASID, addr,
                          * no_write; length is not used */
    uint64_t bytes;      /* atomics: of the operand */
    uint8_t mode;        /* enum pcie_xfer_mode */
    uint8_t policy;      /* enum pcie_xfer_policy */
    uint16_t retries;    /* of one page, whatever the policy; PRI: answers
                          * that resolve nothing */
    uint32_t retry_ps;
};

enum pcie_xfer_status {
    PCIE_XFER_DONE = 0,
    PCIE_XFER_WAIT,   /* go on at x->again, or when a message wakes it */
    PCIE_XFER_FAILED, /* x->error, x->fault_addr; x->done bytes are done */
};

struct pcie_xfer {
    struct pcie_xfer_config cfg;
    struct pcie_ep *ep;
    struct pcie_atc *atc; /* NULL: none */
    struct pcie_pri *pri; /* NULL: none */
    uint64_t done;
    uint64_t again;      /* PCIE_NEVER: a message */
    uint64_t fault_addr; /* of the page that failed */
    uint8_t error;       /* enum pcie_xfer_error */
    int refusal;         /* enum pcie_refusal */
    int group;           /* page requests that it waits for, or -1 */
    uint32_t tries;      /* may be one more than retries */
};

void pcie_xfer_begin(struct pcie_xfer *x, const struct pcie_xfer_config *c,
                     struct pcie_ep *ep, struct pcie_atc *atc,
                     struct pcie_pri *pri);
/*
 * As far as it gets; `data` is the buffer of all cfg.bytes (atomics: operands
 * in, the old value out).  It begins at the endpoint's time and moves that to
 * its end.  Writes are posted: only translation can fail them.
 */
enum pcie_xfer_status pcie_xfer_continue(struct pcie_xfer *x, void *data);
/* Give it up. */
void pcie_xfer_end(struct pcie_xfer *x);

#ifdef __cplusplus
}
#endif

#endif

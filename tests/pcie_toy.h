/* SPDX-License-Identifier: MIT */
/* An endpoint that does what a test tells it, for the tests of the root
 * complex, of the ATC, of page requests and of transfers. */
#ifndef PCIE_TOY_H
#define PCIE_TOY_H

#include "../models/pcie/xfer.h"
#include "pcie_root_soc.h"

enum toy_job {
    TOY_NOTHING,
    TOY_DMA,     /* pcie_dma of `tlp` */
    TOY_REQUEST, /* pcie_request of `tlp`: messages, atomics */
    TOY_MSI,     /* vector `vector` */
    TOY_CALL,    /* call() */
    TOY_XFER,    /* `xfer` until it has ended */
};

struct toy_config {
    struct pcie_cap_config ats, pri, pasid; /* instead of the defaults */
    struct pcie_atc_config atc;
    bool plain; /* no ATS, PRI, PASID */
    bool deaf;  /* hears no message */
};

struct toy {
    struct pcie_ep *ep;
    struct toy_config c;
    struct iovp_heap heap;
    struct pcie_atc *atc;
    struct pcie_pri pri;

    int job; /* enum toy_job; done once */
    struct pcie_tlp tlp;
    uint32_t vector;
    void (*call)(struct toy *t, uint64_t now);
    void *ud;
    struct pcie_xfer_config xfer_config;
    struct pcie_xfer xfer;
    bool running;
    uint8_t data[65536];
    int result; /* of the job */
    enum pcie_xfer_status status;
    uint64_t done;  /* time at which the job was done */
    uint64_t every; /* > 0: work again and again */
    uint32_t works, messages, resets, configs;
    uint64_t worked; /* time of the last work */
    struct pcie_tlp message;
    uint8_t message_data[8];
    uint64_t message_time;
};

extern const struct pcie_ep_class toy_class;

/* The toy that is function `fn`. */
struct toy *toy_of(struct rsoc *s, uint32_t fn);
/* Do a job: from a register write, to its end. */
bool toy_run(struct rsoc *s, struct toy *t, int job);
/* Only start it. */
void toy_start(struct rsoc *s, struct toy *t, int job);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A guest's fault in the making: what went wrong with a transaction, before an
 * architecture turns it into its own record (an SMMUv3 event, a VT-d fault
 * register).  Guest errors are never host errors.
 */
#ifndef IOVP_FAULT_H
#define IOVP_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* iovp_fault.origin: whose access the faulting stage was translating. */
enum iovp_fault_origin {
    IOVP_FAULT_CONFIG = 0, /* a configuration structure's (SMMUv3: CD) */
    IOVP_FAULT_TABLE = 1,  /* a walk's of another stage */
    IOVP_FAULT_INPUT = 2,  /* the transaction's own */
};

struct iovp_fault {
    uint8_t code;   /* the architecture's number for it, 0: no fault */
    uint8_t stage;  /* 1 or 2, of the faulting translation; 0: of none */
    uint8_t origin; /* enum iovp_fault_origin */
    bool silent;    /* terminate without a record */
    bool razwi;     /* terminate as reads-zero, writes-ignored: no abort */
    bool stall;     /* hold the transaction until software answers */
    bool rnw;       /* of an atomic access: it is the read that failed */
    uint64_t addr;  /* IPA, or address of the structure or descriptor */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A transaction layer packet as the models see it: what PCI Express Base
 * Specification chapter 2 puts into header and prefix.  Data are beside it.
 */
#ifndef PCIE_TLP_H
#define PCIE_TLP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Requests and messages; completions are struct pcie_completion. */
enum pcie_tlp_type {
    PCIE_TLP_MRD = 0,
    PCIE_TLP_MWR,
    PCIE_TLP_FETCH_ADD,
    PCIE_TLP_SWAP,
    PCIE_TLP_CAS,
    PCIE_TLP_IORD,
    PCIE_TLP_IOWR,
    PCIE_TLP_CFGRD0,
    PCIE_TLP_CFGWR0,
    PCIE_TLP_CFGRD1,
    PCIE_TLP_CFGWR1,
    PCIE_TLP_MSG,  /* without data */
    PCIE_TLP_MSGD, /* with data */
    PCIE_TLP_TYPES,
};

/* Attributes of the header. */
#define PCIE_ATTR_NO_SNOOP (1u << 0)
#define PCIE_ATTR_RELAXED  (1u << 1)
#define PCIE_ATTR_ID_BASED (1u << 2)

struct pcie_tlp {
    uint8_t type; /* enum pcie_tlp_type */
    uint8_t at;   /* IOVP_AT_*: address type */
    uint8_t attr; /* PCIE_ATTR_* */
    uint8_t tc;   /* traffic class, 0..7 */
    uint16_t requester;
    uint16_t tag;    /* 10 bits */
    uint16_t target; /* configuration and messages by ID: bus, device, fn */
    uint8_t message; /* message code */
    bool no_write;   /* NW of a translation request */
    /* PASID TLP prefix */
    bool pasid_valid, execute, privileged;
    uint32_t pasid;
    uint64_t addr;   /* memory and I/O; configuration: the register's offset */
    uint32_t length; /* bytes, 1..4096 */
};

/* Completion status (2.2.9). */
enum pcie_status {
    PCIE_SC = 0,  /* successful completion */
    PCIE_UR = 1,  /* unsupported request */
    PCIE_RRS = 2, /* request retry status */
    PCIE_CA = 4,  /* completer abort */
};

/* A request that wants no completion. */
static inline bool pcie_tlp_posted(const struct pcie_tlp *t)
{
    return t->type == PCIE_TLP_MWR || t->type == PCIE_TLP_MSG ||
           t->type == PCIE_TLP_MSGD;
}

#ifdef __cplusplus
}
#endif

#endif

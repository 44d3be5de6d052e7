/* SPDX-License-Identifier: MIT */
/*
 * A transaction layer packet as the models see it: what PCI Express Base
 * Specification chapter 2 puts into header and prefix.  Data are beside it.
 */
#ifndef PCIE_TLP_H
#define PCIE_TLP_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/atomic.h"

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
    bool peek;       /* no request: what a read would give, nothing happens */
    /* PASID TLP prefix */
    bool pasid_valid, execute, privileged;
    uint32_t pasid;
    /* Not in a header: the T bit of IDE, or the wires of an integrated
     * function.  IOVP_SPACE_*; otherwise the host decides. */
    bool space_valid;
    uint8_t space;
    uint64_t addr;   /* memory and I/O; configuration: the register's offset;
                      * messages: bytes 8 to 15 of the header, see below */
    uint32_t length; /* bytes, 1..4096; messages without data 0 */
};

/*
 * Messages of ATS and PRI (10.3, 10.4), what pcie_tlp.addr holds:
 *
 *   Invalidate Request     nothing; `tag` is the ITag, the data are 8 bytes,
 *                          little-endian here: address [63:12] with S (bit 11),
 *                          Global Invalidate (bit 0)
 *   Invalidate Completion  Completion Count [34:32], ITag Vector [31:0]
 *   Page Request           address [63:12], PRG index [11:3], L, W, R (2..0)
 *   PRG Response           Response Code [15:12], PRG index [8:0]
 *
 * A Translation Request is a memory read with `at` 1 and a length of 8; its
 * data are a struct iovp_ats_completion, and it always completes with SC: what
 * became of it is in there.
 */
#define PCIE_PAGE_REQUEST_READ        (1u << 0)
#define PCIE_PAGE_REQUEST_WRITE       (1u << 1)
#define PCIE_PAGE_REQUEST_LAST        (1u << 2)
#define PCIE_PAGE_REQUEST_PRGI_SHIFT  3
#define PCIE_PAGE_RESPONSE_CODE_SHIFT 12
#define PCIE_PRGI_MASK                0x1ffu
#define PCIE_INVALIDATE_CC_SHIFT      32

/* Completion status (2.2.9). */
enum pcie_status {
    PCIE_SC = 0,  /* successful completion */
    PCIE_UR = 1,  /* unsupported request */
    PCIE_RRS = 2, /* request retry status */
    PCIE_CA = 4,  /* completer abort */
};

/* The operation of an AtomicOp. */
static inline enum iovp_atomic_kind
pcie_tlp_atomic_kind(const struct pcie_tlp *t)
{
    return t->type == PCIE_TLP_FETCH_ADD ? IOVP_ATOMIC_KIND_ADD
           : t->type == PCIE_TLP_SWAP    ? IOVP_ATOMIC_KIND_SWAP
                                         : IOVP_ATOMIC_KIND_CAS;
}

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

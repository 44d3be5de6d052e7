/* SPDX-License-Identifier: MIT */
/*
 * What an IOMMU tells about its translation besides translating: regimes,
 * mappings and invalidations, in terms that no architecture owns.  Each
 * architecture fills one struct iovp_iommu_ops; the C API knows nothing else
 * of it.  Nothing here has a side effect on the model.
 */
#ifndef IOVP_IOMMU_H
#define IOVP_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "iovp_attrs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- regimes ---------------------------------------------------------- */

enum iovp_regime_state {
    IOVP_STATE_OFF = 0,    /* the IOMMU is disabled; transactions pass */
    IOVP_STATE_BLOCKED,    /* they are aborted, on purpose */
    IOVP_STATE_IDENTITY,   /* they pass untranslated */
    IOVP_STATE_TRANSLATED, /* by the tables below */
    IOVP_STATE_INVALID,    /* the structures are wrong: they fault */
};

/* The tables of a regime. */
enum iovp_table_id {
    IOVP_TABLE_LOWER = 0,  /* stage 1, lower range (TTB0) */
    IOVP_TABLE_UPPER = 1,  /* stage 1, upper range (TTB1) */
    IOVP_TABLE_STAGE2 = 2, /* stage 2 */
    IOVP_TABLES = 3,
};

struct iovp_table_info {
    bool on;
    uint8_t granule_log2;
    uint8_t output_bits;
    uint8_t levels; /* of lookup */
    uint64_t base;
    uint64_t first, last; /* input addresses, inclusive */
};

/* How transactions with one StreamID, PASID and space are translated now. */
struct iovp_regime {
    uint8_t state;  /* enum iovp_regime_state */
    uint8_t fault;  /* IOVP_STATE_INVALID: the architecture's code */
    uint8_t stages; /* IOVP_STAGE_* */
    uint8_t space;  /* IOVP_SPACE_* of its accesses to tables */
    uint8_t faults; /* 1: recoverable faults are on (stall or PRI) */
    uint8_t output_bits;
    uint64_t asid, vmid; /* or domain; as the architecture numbers them */
    struct iovp_table_info table[IOVP_TABLES];
    uint64_t tag[4]; /* for `touches`; nobody else's */
};

/* ---- mappings --------------------------------------------------------- */

/* Consecutive input addresses with consecutive output addresses and the same
 * rights and attributes. */
struct iovp_mapping {
    uint64_t first, last; /* inclusive */
    uint64_t pa;
    uint8_t rights; /* IOVP_RIGHT_*, of both stages: what transactions may do,
                     * marked as they come in; never 0 */
    uint8_t mem_type;
    uint8_t shareability;
    uint8_t space;
    uint8_t reserved[4]; /* zero: mappings are compared as bytes */
};

/* False: stop. */
typedef bool iovp_mapping_fn(void *ud, const struct iovp_mapping *m);

/* A look at the mappings in a range; the caller sets all but `next`. */
struct iovp_mapping_walk {
    uint64_t first, last; /* input addresses, inclusive */
    uint32_t budget;      /* descriptors to look at; the walk to an address is
                           * not cut short, so that each call gets on; it
                           * becomes what is left */
    iovp_mapping_fn *fn;  /* coalesced, in ascending order */
    void *ud;
    uint64_t next; /* where to go on, if the walk did not end */
};

/* ---- invalidations ---------------------------------------------------- */

enum iovp_invalidation_kind {
    IOVP_INVALIDATE_TLB,       /* translations: range and tag */
    IOVP_INVALIDATE_STREAMS,   /* configuration of StreamIDs, with PASIDs */
    IOVP_INVALIDATE_PASID,     /* configuration of one PASID of a StreamID */
    IOVP_INVALIDATE_PASID_ALL, /* of every PASID of a StreamID */
    IOVP_INVALIDATE_RESET,     /* everything: the IOMMU was reset, enabled,
                                * disabled, or told what to do meanwhile */
};

/* What software has just invalidated; told when the caches are clean. */
struct iovp_invalidation {
    uint8_t kind;          /* enum iovp_invalidation_kind */
    uint32_t stream_first; /* inclusive */
    uint32_t stream_last;
    uint32_t pasid;       /* 0 is also that of "no PASID" */
    uint64_t first, last; /* TLB: input addresses, inclusive */
    uint64_t tag[4];      /* for `touches`; nobody else's */
};

/* ---- what it can ------------------------------------------------------- */

struct iovp_iommu_caps {
    uint32_t distinguishes; /* IOVP_ATTR_*: transactions that differ in these
                             * may be translated differently */
    uint32_t pasid_bits;
    uint32_t stages;     /* IOVP_STAGE_* */
    uint64_t page_sizes; /* bit n: 2^n bytes, pages and blocks */
    uint32_t input_bits; /* of stage 1, or of stage 2 if there is no other */
    uint32_t output_bits;
    uint32_t asid_bits, vmid_bits;
    bool stall;        /* can hold a faulting transaction */
    bool stall_forced; /* holds every one */
    bool ats, pri;
    uint64_t msi_first, msi_last; /* input addresses that are interrupts
                                   * whatever the tables say; first > last:
                                   * none */
};

/* ---- the operations ---------------------------------------------------- */

struct iovp_iommu_ops {
    void (*caps)(const void *core, struct iovp_iommu_caps *out);

    /* The regime of a transaction, as the structures in memory are now. */
    void (*regime)(void *core, const struct iovp_attrs *a,
                   struct iovp_regime *out);

    /*
     * The lowest PASID from *pasid on that has a valid table entry for this
     * StreamID.  *budget is less by the entries looked at.  False: there is
     * none, or the budget is used up: *budget is 0, and *pasid says where to
     * go on.
     */
    bool (*next_pasid)(void *core, uint32_t stream_id, uint32_t *pasid,
                       uint32_t *budget);

    /*
     * Walk the tables of a regime by table, not by page.  True: there is
     * nothing more; false: fn stopped it or the budget is used up, and w->next
     * says where to go on.  Unreadable and malformed tables map nothing.  A
     * regime that is OFF or IDENTITY is one mapping.  fn may call the
     * operations of this structure.
     */
    bool (*mappings)(void *core, const struct iovp_attrs *a,
                     struct iovp_mapping_walk *w);

    /*
     * Does a TLB invalidation cover a regime?  *first, *last: which input
     * addresses of it (all of them, for one of stage 2 alone of a regime
     * with two stages).
     */
    bool (*touches)(const struct iovp_invalidation *i,
                    const struct iovp_regime *r, uint64_t *first,
                    uint64_t *last);
};

#ifdef __cplusplus
}
#endif

#endif

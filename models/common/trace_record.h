/* SPDX-License-Identifier: MIT */
/*
 * One trace record in memory.  traces/format.md describes the same fields in
 * the file; traces/ is the only place that knows their byte order.
 */
#ifndef IOVP_TRACE_RECORD_H
#define IOVP_TRACE_RECORD_H

#include <stdint.h>

enum iovp_trace_kind {
    IOVP_TRACE_TRANSACTION = 0,
    IOVP_TRACE_COMMAND = 1, /* iova, pa: the command's two words */
    IOVP_TRACE_FAULT = 2,   /* an event or fault record, result: its code */
    IOVP_TRACE_PAGE_REQUEST = 3,
    IOVP_TRACE_INTERRUPT = 4, /* result: line; iova: MSI address or 0 */
    IOVP_TRACE_MARKER = 5,    /* iova: a number given by the user */
    IOVP_TRACE_TLP = 6, /* a PCIe packet; event: enum pcie_tlp_type, result:
                         * completion status, pa: see traces/format.md */
    IOVP_TRACE_KINDS = 7,
};

/* iovp_trace_record.flags */
#define IOVP_TRACE_PASID_VALID (1u << 0)
#define IOVP_TRACE_PRIVILEGED  (1u << 1)
#define IOVP_TRACE_INSTRUCTION (1u << 2)
#define IOVP_TRACE_READ        (1u << 3)
#define IOVP_TRACE_WRITE       (1u << 4)
#define IOVP_TRACE_DEBUG       (1u << 5)
#define IOVP_TRACE_SPACE_SHIFT 8  /* two bits: IOVP_SPACE_* */
#define IOVP_TRACE_AT_SHIFT    10 /* two bits: IOVP_AT_* */

/* iovp_trace_record.result of a transaction. */
enum iovp_trace_result {
    IOVP_RESULT_OK = 0,
    IOVP_RESULT_ABORT = 1, /* terminated with an abort */
    IOVP_RESULT_RAZWI = 2, /* terminated, reads zero and ignores writes */
    IOVP_RESULT_BUS = 3,   /* translated, but nothing answers there */
    IOVP_RESULT_STALL = 4, /* held until software answers */
};

/* iovp_trace_record.caches: two bits a cache, IOVP_CACHE_* each. */
enum iovp_cache_id {
    IOVP_CACHE_CONFIG = 0,
    IOVP_CACHE_TLB = 1,
    IOVP_CACHE_WALK = 2,
    IOVP_CACHE_STAGE2 = 3,
    IOVP_CACHES = 4,
};

enum iovp_cache_outcome {
    IOVP_CACHE_UNUSED = 0,
    IOVP_CACHE_HIT = 1,
    IOVP_CACHE_MISS = 2,
    IOVP_CACHE_MERGED = 3, /* hit on an entry whose fill is in flight */
};

/* iovp_trace_record.wait: why time passed besides fixed latencies. */
enum iovp_wait_cause {
    IOVP_WAIT_LOOKUP = 0, /* a lookup port was busy */
    IOVP_WAIT_WALKER = 1, /* no walker was free */
    IOVP_WAIT_MEMORY = 2, /* the table-walk memory port was busy */
    IOVP_WAIT_FILL = 3,   /* another transaction fills the same entry */
    IOVP_WAITS = 4,
};

struct iovp_trace_record {
    uint64_t time_in;  /* picoseconds: the transaction enters */
    uint64_t time_out; /* picoseconds: it is complete */
    uint64_t iova;
    uint64_t pa; /* valid if result is OK or BUS */
    uint32_t stream_id;
    uint32_t pasid;
    uint32_t length;    /* bytes */
    uint32_t flags;     /* IOVP_TRACE_* */
    uint16_t initiator; /* index of the device, 0xffff: none */
    uint16_t iommu;     /* index of the IOMMU, 0xffff: none */
    uint8_t kind;       /* enum iovp_trace_kind */
    uint8_t result;     /* enum iovp_trace_result, or the kind's own code */
    uint8_t event;      /* event type recorded because of it, 0: none */
    uint8_t caches;     /* 2 bits a cache, enum iovp_cache_outcome */
    uint16_t config_accesses; /* memory reads for STE, CD and their tables */
    uint16_t s1_accesses;     /* stage 1 descriptor reads */
    uint16_t s2_accesses;     /* stage 2 descriptor reads */
    uint16_t reserved;
    uint32_t wait[IOVP_WAITS]; /* picoseconds each, saturating */
};

#endif

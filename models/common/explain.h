/* SPDX-License-Identifier: MIT */
/*
 * Why a feature is off: the conditions that it needs, one after the other, as
 * rows of a list.  An IOMMU model appends those that it can look at; what the
 * rows are about is its own affair.
 */
#ifndef IOVP_EXPLAIN_H
#define IOVP_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum iovp_explain_feature {
    IOVP_EXPLAIN_TRANSLATION = 0,
    IOVP_EXPLAIN_NESTED = 1,
    IOVP_EXPLAIN_PASID = 2,
    IOVP_EXPLAIN_STALL = 3,
    IOVP_EXPLAIN_ATS = 4,
    IOVP_EXPLAIN_PRI = 5,
    IOVP_EXPLAIN_SVA = 6,
    IOVP_EXPLAIN_FEATURES = 7,
};

enum iovp_explain_state {
    IOVP_EXPLAIN_MET = 0,
    IOVP_EXPLAIN_FAILS = 1,
    IOVP_EXPLAIN_UNKNOWN = 2, /* not looked at, as an earlier one fails */
};

struct iovp_explain_row {
    uint8_t state;
    char where[64];
    char what[192];
};

/* The rows are the caller's; what does not fit is counted only. */
struct iovp_explain_list {
    struct iovp_explain_row *row;
    uint32_t room;
    uint32_t count;
};

/* A processor that shares page tables with a device. */
struct iovp_explain_cpu {
    const char *name;
    uint8_t pa_bits;
    uint8_t asid_bits;
    uint8_t granules; /* bit 0: 4 KiB, 1: 16 KiB, 2: 64 KiB */
};

/* What is asked, and what the platform knows about the device. */
struct iovp_explain_query {
    uint8_t feature;           /* enum iovp_explain_feature */
    uint8_t pasid_bits;        /* that the device has */
    uint32_t streams;          /* entries of stream_id */
    const uint32_t *stream_id; /* StreamIDs or requester IDs */
    uint64_t ram_last;         /* highest address of RAM, 0: no RAM */
    /* The most demanding processor that is known; NULL: none is. */
    const struct iovp_explain_cpu *cpu;
};

void iovp_explain_add(struct iovp_explain_list *l,
                      enum iovp_explain_state state, const char *where,
                      const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif

#endif

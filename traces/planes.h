/* SPDX-License-Identifier: MIT */
/*
 * The body of a chunk of records: the first record, then the others as byte
 * planes (format.md, "Records").  No I/O and no allocation here.
 */
#ifndef IOVP_TRACE_PLANES_H
#define IOVP_TRACE_PLANES_H

#include <stdbool.h>

#include "trace_fmt.h"

/* Bytes that `n` records need at most. */
#define TRACE_BODY_MAX(n) \
    ((n)*TRACE_RECORD_BYTES + (TRACE_RECORD_BYTES + 7u) / 8u)

/*
 * Encode 1..TRACE_RECORDS_MAX records; `scratch` has room for n words.
 * Returns the number of bytes put to `out`.
 */
size_t trace_body_encode(const struct iovp_trace_record *records, uint32_t n,
                         uint64_t *scratch, uint8_t *out);

struct trace_body {
    const uint8_t *plane[TRACE_RECORD_BYTES]; /* of byte `at` of a record */
    uint8_t at[TRACE_RECORD_BYTES];
    uint32_t planes;
    uint32_t records;
    uint32_t next; /* index of the record that comes next */
    struct iovp_trace_record first;
    uint8_t row[TRACE_RECORD_BYTES]; /* what XOR_FIRST fields start from */
    uint64_t time_in;
    uint64_t iova[TRACE_UNITS];
    uint64_t mapping[TRACE_UNITS];
};

/*
 * Prepare to decode.  `body` is not trusted and must stay while it is used.
 * False if it cannot be `n` records of `record_bytes` bytes.
 */
bool trace_body_open(struct trace_body *b, const uint8_t *body, size_t bytes,
                     uint32_t n, uint32_t record_bytes);

/* The next record; false after the last. */
bool trace_body_next(struct trace_body *b, struct iovp_trace_record *out);

#endif

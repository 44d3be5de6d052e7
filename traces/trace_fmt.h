/* SPDX-License-Identifier: MIT */
/* Layout of a trace file, format.md in numbers.  Everything little endian. */
#ifndef IOVP_TRACE_FMT_H
#define IOVP_TRACE_FMT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "../models/common/trace_record.h"

/* ---- file header ----------------------------------------------------- */

/* Not ASCII first and a line feed last: text-mode copies are noticed. */
#define TRACE_MAGIC       "\211IOVPTR\n"
#define TRACE_MAGIC_BYTES 8

#define TRACE_MAJOR 1
#define TRACE_MINOR 0

#define TRACE_FILE_BYTES 64

#define TRACE_FILE_MAJOR        8  /* u16 */
#define TRACE_FILE_MINOR        10 /* u16 */
#define TRACE_FILE_RECORD_BYTES 12 /* u32 */
#define TRACE_FILE_TICK_PS      16 /* u32, 1 */
#define TRACE_FILE_PRODUCER     20 /* 32 bytes of text, NUL-padded */
#define TRACE_PRODUCER_BYTES    32
#define TRACE_FILE_CRC          60 /* u32, of the bytes before it */

/* ---- chunk header ---------------------------------------------------- */

#define TRACE_CHUNK_MAGIC 0x43564f49u /* "IOVC" */
#define TRACE_CHUNK_BYTES 48

#define TRACE_CHUNK_KIND     4  /* u32 */
#define TRACE_CHUNK_SEQUENCE 8  /* u32 */
#define TRACE_CHUNK_RAW      12 /* u32 */
#define TRACE_CHUNK_STORED   16 /* u32 */
#define TRACE_CHUNK_RECORDS  20 /* u32 */
#define TRACE_CHUNK_FIRST    24 /* u64 */
#define TRACE_CHUNK_LAST     32 /* u64 */
#define TRACE_CHUNK_CRC      44 /* u32, of bytes 0..43 and the stored bytes */

#define TRACE_KIND_DTB     1u
#define TRACE_KIND_RECORDS 2u
#define TRACE_KIND_END     3u

#define TRACE_END_BYTES 8 /* u64: records in the file */

/* ---- limits ---------------------------------------------------------- */

#define TRACE_RAW_MAX     (4u << 20)
#define TRACE_STORED_MAX  (TRACE_RAW_MAX + (64u << 10))
#define TRACE_RECORDS_MAX 32768u

/* Later minor versions may append fields to a record. */
#define TRACE_RECORD_BYTES     80u
#define TRACE_RECORD_BYTES_MAX 256u

/* ---- record ---------------------------------------------------------- */

/* How a field is rewritten before its bytes are spread over planes. */
enum trace_code {
    TRACE_XOR_FIRST,  /* with the chunk's first record */
    TRACE_DELTA,      /* zigzag difference to the record before */
    TRACE_DELTA_UNIT, /* the same, to the initiator's record before */
    TRACE_LATENCY,    /* time_out - time_in, then as XOR_FIRST */
    TRACE_MAPPING,    /* pa ^ iova, then XOR with the initiator's before */
};

struct trace_field {
    uint8_t offset; /* in the file's record and in iovp_trace_record */
    uint8_t width;  /* bytes */
    uint8_t code;   /* enum trace_code */
};

#define TRACE_FIELD(name, offset, code)                                 \
    {                                                                   \
        (offset), sizeof(((struct iovp_trace_record *)0)->name), (code) \
    }
/* clang-format off */
#define TRACE_FIELDS {                                                         \
    TRACE_FIELD(time_in, 0, TRACE_DELTA),                                      \
    TRACE_FIELD(time_out, 8, TRACE_LATENCY),                                   \
    TRACE_FIELD(iova, 16, TRACE_DELTA_UNIT),                                   \
    TRACE_FIELD(pa, 24, TRACE_MAPPING),                                        \
    TRACE_FIELD(stream_id, 32, TRACE_XOR_FIRST),                               \
    TRACE_FIELD(pasid, 36, TRACE_XOR_FIRST),                                   \
    TRACE_FIELD(length, 40, TRACE_XOR_FIRST),                                  \
    TRACE_FIELD(flags, 44, TRACE_XOR_FIRST),                                   \
    TRACE_FIELD(initiator, 48, TRACE_XOR_FIRST),                               \
    TRACE_FIELD(iommu, 50, TRACE_XOR_FIRST),                                   \
    TRACE_FIELD(kind, 52, TRACE_XOR_FIRST),                                    \
    TRACE_FIELD(result, 53, TRACE_XOR_FIRST),                                  \
    TRACE_FIELD(event, 54, TRACE_XOR_FIRST),                                   \
    TRACE_FIELD(caches, 55, TRACE_XOR_FIRST),                                  \
    TRACE_FIELD(config_accesses, 56, TRACE_XOR_FIRST),                         \
    TRACE_FIELD(s1_accesses, 58, TRACE_XOR_FIRST),                             \
    TRACE_FIELD(s2_accesses, 60, TRACE_XOR_FIRST),                             \
    TRACE_FIELD(reserved, 62, TRACE_XOR_FIRST),                                \
    TRACE_FIELD(wait[0], 64, TRACE_XOR_FIRST),                                 \
    TRACE_FIELD(wait[1], 68, TRACE_XOR_FIRST),                                 \
    TRACE_FIELD(wait[2], 72, TRACE_XOR_FIRST),                                 \
    TRACE_FIELD(wait[3], 76, TRACE_XOR_FIRST),                                 \
}
/* clang-format on */

/* The record in memory has the offsets of the file, host byte order aside. */
#define TRACE_ASSERT_OFFSET(name, at) \
    static_assert(offsetof(struct iovp_trace_record, name) == (at), #name)

TRACE_ASSERT_OFFSET(time_in, 0);
TRACE_ASSERT_OFFSET(time_out, 8);
TRACE_ASSERT_OFFSET(iova, 16);
TRACE_ASSERT_OFFSET(pa, 24);
TRACE_ASSERT_OFFSET(stream_id, 32);
TRACE_ASSERT_OFFSET(pasid, 36);
TRACE_ASSERT_OFFSET(length, 40);
TRACE_ASSERT_OFFSET(flags, 44);
TRACE_ASSERT_OFFSET(initiator, 48);
TRACE_ASSERT_OFFSET(iommu, 50);
TRACE_ASSERT_OFFSET(kind, 52);
TRACE_ASSERT_OFFSET(result, 53);
TRACE_ASSERT_OFFSET(event, 54);
TRACE_ASSERT_OFFSET(caches, 55);
TRACE_ASSERT_OFFSET(config_accesses, 56);
TRACE_ASSERT_OFFSET(s1_accesses, 58);
TRACE_ASSERT_OFFSET(s2_accesses, 60);
TRACE_ASSERT_OFFSET(reserved, 62);
TRACE_ASSERT_OFFSET(wait, 64);
static_assert(sizeof(struct iovp_trace_record) == TRACE_RECORD_BYTES,
              "a new field changes the format: see format.md, Versions");

/*
 * Initiators whose last record a chunk remembers, by the low bits of the
 * index: two that share a slot only compress worse.
 */
#define TRACE_UNITS 256u

#endif

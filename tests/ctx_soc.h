/* SPDX-License-Identifier: MIT */
/*
 * What the tests of contexts share: a SoC with one SMMUv3, a context, and
 * tables that a guest would keep, built by hand.
 */
#ifndef CTX_SOC_H
#define CTX_SOC_H

#include <stdbool.h>

#include "../capi/iovp.h"

#define CX_SMMU  0x09050000u
#define CX_RAM   0x80000000u
#define CX_POOL  0x01000000u /* donated, from the start of RAM */
#define CX_TABLE 0x8c000000u /* tables of guests */
#define CX_DATA  0x90000000u
#define CX_END   0xa0000000u
#define CX_PAGE  0x1000u

#define CX_NPU_SID 0x10u

/* The n-th page for data; cx_open writes CX_MARK(n) at its start. */
#define CX_PA(n)    (CX_DATA + (uint64_t)(n)*CX_PAGE)
#define CX_PAGES    64u
#define CX_MARK(n)  (0xda7a0000ull + (n))
/* cx_see: what a DMA that was aborted with this event gives. */
#define CX_EVENT(e) (0xfa170000ull + (e))

struct cx {
    iovp_platform *p;
    iovp_context *c;
    iovp_device *npu;   /* StreamID 0x10; 16 bits of PASID, can stall */
    iovp_device *twin;  /* 0x10 and 0x12; 4 bits of PASID, can stall */
    iovp_device *plain; /* 0x20; neither */
    iovp_device *far;   /* 0x30; 12 bits of PASID, can stall */
    iovp_device *raw;   /* no IOMMU */
    uint64_t next;      /* page for a table */
    bool timed;
};

/* The platform alone; false after a recorded failure. */
bool cx_platform(struct cx *x, uint32_t mode);
/* With more properties of the SMMU. */
bool cx_platform_with(struct cx *x, uint32_t mode, const char *more);
/* With an allocator. */
bool cx_platform_from(struct cx *x, uint32_t mode, const iovp_allocator *a);
/* With donated memory and a context (`config` may be NULL). */
bool cx_open(struct cx *x, uint32_t mode, const iovp_context_config *config);
void cx_close(struct cx *x);
/* fn with a context in functional mode and, in a child, in timed mode. */
void cx_both(void (*fn)(struct cx *x), const iovp_context_config *config);
/* fn with a platform that has donated memory and no context. */
void cx_each(void (*fn)(struct cx *x));
/* Let 1 ms pass, or one call of iovp_run_until. */
void cx_run(struct cx *x);

/* A cleared page of RAM. */
uint64_t cx_page(struct cx *x);
void cx_put(struct cx *x, uint64_t addr, uint64_t word);
uint64_t cx_get(struct cx *x, uint64_t addr);
uint32_t cx_reg(struct cx *x, uint32_t offset);

/* Tables of 4 KiB pages and 48 bits; what is behind `shift` bytes below in the
 * eyes of who walks them. */
struct cx_tables {
    uint64_t root;
    uint64_t shift;
    uint32_t stage;
};
struct cx_tables cx_tables(struct cx *x, uint32_t stage, uint64_t shift);
void cx_map(struct cx *x, const struct cx_tables *t, uint64_t in, uint64_t out);
/* The address of the leaf's descriptor. */
uint64_t cx_leaf(struct cx *x, const struct cx_tables *t, uint64_t in);

/* A CD (5.4) for them with an ASID of the guest's. */
void cx_cd(const struct cx_tables *t, uint16_t asid, uint64_t word[8]);
iovp_binding cx_cd_binding(const struct cx_tables *t, uint16_t asid);
/* STE dwords 2 and 3 (5.2). */
iovp_table cx_s2(const struct cx_tables *t);

/* A DMA read of 8 bytes: what is there, or CX_EVENT. */
uint64_t cx_see(iovp_device *d, uint32_t pasid, uint64_t iova);
/* The same by another StreamID. */
uint64_t cx_see_by(iovp_device *d, uint32_t stream_id, uint32_t pasid,
                   uint64_t iova);
/* Its IOVP_DMA_*. */
uint32_t cx_status(iovp_device *d, uint32_t pasid, uint64_t iova);
iovp_context_stats cx_stats(struct cx *x);
/* Records in the fault queue; the last of them is in *f. */
unsigned cx_faults(struct cx *x, iovp_fault_record *f);

/* The call fails with this code and a sentence of its own. */
#define CX_FAILS(code, call)         \
    do {                             \
        iovp_trace_next(NULL, NULL); \
        CHECK_EQ(code, call);        \
        CHECK(cx_sentence());        \
    } while (0)
bool cx_sentence(void);

#endif

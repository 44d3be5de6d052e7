/* SPDX-License-Identifier: MIT */
/*
 * iovp: cycle-approximate IOMMU and PCIe models behind a plain C API.
 *
 * Conventions
 *   Status     Every function that can fail returns iovp_status: IOVP_OK (0)
 *              or a negative IOVP_E_*; iovp_strerror explains the code and
 *              iovp_last_error gives the sentence for the last failure.
 *              A translation fault is not an error of a call: it is a result.
 *   Handles    Opaque, checked by generation: a handle that was destroyed
 *              gives IOVP_E_HANDLE, never undefined behaviour.
 *   Structures Begin with `size`, which the caller sets to sizeof
 *              (IOVP_PLATFORM_CONFIG_INIT does); reserved fields are zero.
 *   Lists      Caller's buffer and an in/out count.  If the buffer is too
 *              small, IOVP_E_SPACE and the required count.
 *   Time       Picoseconds of simulated time in uint64_t.
 *   Threads    ANY:   may be called from any thread at any time.
 *              OWNER: only from the thread that created the platform; from
 *              another thread IOVP_E_THREAD.  Platforms are independent.
 *              SIM:   a callback; it runs on the owner's thread, inside a
 *              call of the owner.
 *   Callbacks  May call iovp_now, iovp_mem_read, iovp_mem_write and ANY
 *              functions; every other call answers IOVP_E_REENTRY.
 */
#ifndef IOVP_H
#define IOVP_H

#include <stddef.h>
#include <stdint.h>

#include "iovp_attrs.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define IOVP_API __attribute__((visibility("default")))
#else
#define IOVP_API
#endif

#define IOVP_VERSION_MAJOR 0
#define IOVP_VERSION_MINOR 1
#define IOVP_VERSION_PATCH 0
#define IOVP_VERSION_NUM \
    (IOVP_VERSION_MAJOR * 10000 + IOVP_VERSION_MINOR * 100 + IOVP_VERSION_PATCH)

/* ---- status ---------------------------------------------------------- */

/* 0, or one of the negative codes below. */
typedef int32_t iovp_status;

#define IOVP_OK 0

/* An argument is NULL, out of range, misaligned or contradictory. */
#define IOVP_E_INVALID (-1)

/* The handle is not, or no longer, valid. */
#define IOVP_E_HANDLE (-2)

/* Host memory is exhausted. */
#define IOVP_E_NOMEM (-3)

/* The caller's buffer is too small; the count says what is needed. */
#define IOVP_E_SPACE (-4)

/* No object of that name or index. */
#define IOVP_E_NOTFOUND (-5)

/* The process already has or had a timed platform (SystemC allows one
 * simulation per process), or a trace is already being written. */
#define IOVP_E_BUSY (-6)

/* Built without it, or not in this mode. */
#define IOVP_E_UNSUPPORTED (-7)

/* Called from a thread that does not own the platform. */
#define IOVP_E_THREAD (-8)

/* Called from inside a callback that must not. */
#define IOVP_E_REENTRY (-9)

/* The device tree is malformed or contradicts itself; the message names
 * the node and the property. */
#define IOVP_E_DT (-10)

/* A host file or program (dtc) failed. */
#define IOVP_E_IO (-11)

/* Nothing answers at this physical address, or it refused the access. */
#define IOVP_E_BUS (-12)

/* A trace file is damaged; what precedes the damage was delivered. */
#define IOVP_E_FORMAT (-13)

/* No more records. */
#define IOVP_E_END (-14)

/* A defect of the library: an exception was stopped at its border. */
#define IOVP_E_INTERNAL (-15)

/* A sentence for a status, never NULL.  ANY. */
IOVP_API const char *iovp_strerror(iovp_status status);

/* IOVP_VERSION_NUM of the library that is running.  ANY. */
IOVP_API uint32_t iovp_version(void);

/* 1 if the library was built with SystemC, so that timed platforms exist.
 * ANY. */
IOVP_API int iovp_has_systemc(void);

/*
 * The sentence that explains the last failure in this thread; "" if there was
 * none.  Valid until the thread's next iovp call that fails.  ANY.
 */
IOVP_API const char *iovp_last_error(void);

/* ---- platform -------------------------------------------------------- */

typedef struct iovp_platform iovp_platform;
typedef struct iovp_device iovp_device;

/* iovp_platform_config.mode */
#define IOVP_MODE_FUNCTIONAL 0u /* no time, no SystemC; any number of them */
#define IOVP_MODE_TIMED      1u /* SystemC and TLM-2.0; one per process */

/* iovp_log_fn.level */
#define IOVP_LOG_ERROR 0u
#define IOVP_LOG_WARN  1u
#define IOVP_LOG_INFO  2u

/* A line of the library's log, without newline.  SIM. */
typedef void iovp_log_fn(void *ud, uint32_t level, const char *message);

typedef struct iovp_platform_config {
    uint32_t size;
    uint32_t mode;       /* IOVP_MODE_* */
    uint64_t quantum_ps; /* timed mode: how far a device may run ahead of
                          * the others; 0: all accesses in time order */
    iovp_log_fn *log;    /* NULL: silent */
    void *log_ud;
    uint64_t reserved[2];
} iovp_platform_config;

#define IOVP_PLATFORM_CONFIG_INIT                                    \
    {                                                                \
        sizeof(iovp_platform_config), IOVP_MODE_FUNCTIONAL, 0, 0, 0, \
        {                                                            \
            0, 0                                                     \
        }                                                            \
    }

/*
 * Build the SoC that a flattened device tree describes.  `dtb` is copied.
 * docs/bindings.md says which nodes are modelled; the others are listed by
 * iovp_nodes and are no error.  `config` may be NULL for the defaults.
 * Errors: INVALID, NOMEM, DT, BUSY and UNSUPPORTED (timed mode).  ANY; the
 * calling thread becomes the owner.
 */
IOVP_API iovp_status iovp_platform_create(iovp_platform **out,
                                          const iovp_platform_config *config,
                                          const void *dtb, size_t bytes);

/*
 * As above from a file: a .dtb, or a .dts which is compiled with dtc on the
 * fly.  Errors: also IO.  ANY; the calling thread becomes the owner.
 */
IOVP_API iovp_status iovp_platform_create_file(
    iovp_platform **out, const iovp_platform_config *config, const char *path);

/*
 * Free a platform with everything that belongs to it; NULL and stale handles
 * are ignored, and so are calls from another thread and from callbacks
 * (iovp_last_error tells).  A trace being written is finished.  OWNER.
 */
IOVP_API void iovp_platform_destroy(iovp_platform *p);

/* The tree the platform was built from, two-call rule.  OWNER. */
IOVP_API iovp_status iovp_platform_dtb(iovp_platform *p, void *buf,
                                       size_t *bytes);

/* iovp_node.state */
#define IOVP_NODE_BUILT 0u
#define IOVP_NODE_PLACEHOLDER                      \
    1u /* its addresses are reserved, no behaviour \
        */
#define IOVP_NODE_UNMODELLED 2u

typedef struct iovp_node {
    uint32_t size;
    uint32_t state;      /* IOVP_NODE_* */
    char path[128];      /* cut at the end if longer */
    char compatible[64]; /* the first string, "" if there is none */
    char what[64];       /* what it became, for people */
    uint64_t reg_base;   /* first reg entry, translated to a CPU address */
    uint64_t reg_size;   /* 0: no reg */
} iovp_node;

/*
 * Every node that has `compatible` or is a memory node, in tree order.  Each
 * element's `size` must be set.  Errors: INVALID, SPACE.  OWNER.
 */
IOVP_API iovp_status iovp_nodes(iovp_platform *p, iovp_node *nodes,
                                size_t *count);

/* ---- time ------------------------------------------------------------ */

/* Simulated time in picoseconds; 0 in functional mode.  OWNER, callbacks. */
IOVP_API uint64_t iovp_now(iovp_platform *p);

/* Why iovp_run_until returned. */
#define IOVP_RUN_TIME 0u /* the time was reached */
#define IOVP_RUN_IDLE 1u /* nothing is left to do: all workloads are done */

/*
 * Run workloads and queue work until `time_ps` (absolute) or, if nothing is
 * left to do, until idle: iovp_now is then the end of the last work.  In
 * functional mode there is no time: `time_ps` bounds nothing, and up to 65536
 * transactions are run a call; the reason is then IOVP_RUN_TIME if work is
 * left.  Simulated time ends at 2^62 ps.  `reason` may be NULL.  Errors:
 * INVALID (the time has passed).  OWNER.
 */
IOVP_API iovp_status iovp_run_until(iovp_platform *p, uint64_t time_ps,
                                    uint32_t *reason);

/* ---- access as a processor would ------------------------------------- */

/*
 * Read or write `width` (1, 2, 4, 8) bytes at a physical address, device
 * registers included, as a processor in the security space `space`
 * (IOVP_SPACE_*) does.  Aligned to width.  Queue work that a write starts is
 * done before the call returns in functional mode; in timed mode it takes
 * simulated time.  Errors: INVALID, BUS.  OWNER.
 */
IOVP_API iovp_status iovp_mmio_read(iovp_platform *p, uint64_t addr,
                                    uint32_t width, uint32_t space,
                                    uint64_t *value);
IOVP_API iovp_status iovp_mmio_write(iovp_platform *p, uint64_t addr,
                                     uint32_t width, uint32_t space,
                                     uint64_t value);

/*
 * Copy from or to RAM, without any side effect, outside of time.  All bytes
 * must lie in one RAM region.  Errors: INVALID, BUS.  OWNER, callbacks.
 */
IOVP_API iovp_status iovp_mem_read(iovp_platform *p, uint64_t addr, void *buf,
                                   size_t bytes);
IOVP_API iovp_status iovp_mem_write(iovp_platform *p, uint64_t addr,
                                    const void *buf, size_t bytes);

/* ---- interrupts ------------------------------------------------------ */

/* iovp_irq_event.kind */
#define IOVP_IRQ_WIRED 0u /* an edge on a line */
#define IOVP_IRQ_MSI   1u /* a message-signalled interrupt's write */
#define IOVP_IRQ_SEV   2u /* Arm: wake-up event (CMD_SYNC with CS = SEV) */

typedef struct iovp_irq_event {
    uint32_t size;
    uint32_t kind; /* IOVP_IRQ_* */
    uint64_t time_ps;
    char source[32]; /* node name of the source, e.g. "smmu@9050000" */
    char line[16];   /* "eventq", "priq", "cmdq-sync", "gerror"; or "" */
    uint32_t number; /* first cell pair of `interrupts`: the SPI, or ~0 */
    uint32_t data;   /* MSI data */
    uint64_t addr;   /* MSI address */
} iovp_irq_event;

typedef void iovp_irq_fn(void *ud, const iovp_irq_event *event);

/*
 * Call `fn` (SIM) for every interrupt; NULL stops it.  One callback per
 * platform.  OWNER.
 */
IOVP_API iovp_status iovp_irq_handler(iovp_platform *p, iovp_irq_fn *fn,
                                      void *ud);

/* ---- devices: DMA masters -------------------------------------------- */

/* A pattern of DMA accesses, from the device tree or the caller. */
#define IOVP_PATTERN_SEQUENTIAL 0u
#define IOVP_PATTERN_RANDOM     1u
#define IOVP_PATTERN_STRIDED    2u

#define IOVP_WORKLOAD_PASIDS 16

typedef struct iovp_workload {
    uint32_t size;
    uint32_t pattern;      /* IOVP_PATTERN_* */
    uint64_t base;         /* first IOVA of the window */
    uint64_t window;       /* bytes, at least `bytes` */
    uint64_t stride;       /* bytes between accesses, strided only */
    uint32_t bytes;        /* per transfer, 1..4096 */
    uint32_t outstanding;  /* transfers in flight, 1..256 */
    uint64_t rate;         /* bytes per second at most, 0: unlimited */
    uint32_t read_percent; /* 0..100: share of reads */
    uint32_t seed;         /* of the random choices */
    uint64_t transfers;    /* to do, 0: until stopped */
    uint32_t pasids;       /* entries used in pasid[]; 0: no PASID */
    uint32_t pasid[IOVP_WORKLOAD_PASIDS]; /* used in turn */
    uint32_t reserved;
} iovp_workload;

typedef struct iovp_device_info {
    uint32_t size;
    uint32_t index;         /* initiator in trace records */
    char name[32];          /* node name, e.g. "dma@a000000" */
    char iommu[32];         /* node name of its IOMMU, "" if none */
    uint64_t iommu_base;    /* register base of that IOMMU */
    uint32_t stream_ids;    /* number of entries in `iommus` */
    uint32_t stream_id;     /* the first of them */
    uint32_t pasid_bits;    /* pasid-num-bits, 0: no PASID */
    uint32_t space;         /* IOVP_SPACE_* of its transactions */
    uint32_t can_stall;     /* dma-can-stall */
    uint32_t has_workload;  /* 1: the device tree describes one */
    iovp_workload workload; /* as described by the device tree */
} iovp_device_info;

/* All devices in tree order, two-call rule.  OWNER. */
IOVP_API iovp_status iovp_devices(iovp_platform *p, iovp_device **devices,
                                  size_t *count);
/* A device by node name or full path.  Errors: NOTFOUND.  OWNER. */
IOVP_API iovp_status iovp_device_find(iovp_platform *p, const char *name,
                                      iovp_device **device);
IOVP_API iovp_status iovp_device_get_info(iovp_device *d,
                                          iovp_device_info *info);

/*
 * Start a workload on a device, NULL: the one of the device tree.  It
 * replaces one that runs.  The buffers must be mapped by then.  OWNER.
 */
IOVP_API iovp_status iovp_workload_start(iovp_device *d,
                                         const iovp_workload *w);
IOVP_API iovp_status iovp_workload_stop(iovp_device *d);

/* iovp_dma_result.status */
#define IOVP_DMA_OK    0u
#define IOVP_DMA_ABORT 1u /* the IOMMU terminated it with an abort */
#define IOVP_DMA_RAZWI 2u /* terminated: reads zero, ignores writes */
#define IOVP_DMA_BUS   3u /* translated, but nothing answers there */

typedef struct iovp_dma_result {
    uint32_t size;
    uint32_t status;   /* IOVP_DMA_* of the first part that failed, or OK */
    uint64_t done;     /* bytes transferred before it */
    uint64_t time_in;  /* picoseconds */
    uint64_t time_out; /* picoseconds; equal to time_in if functional */
    uint32_t event;    /* architectural code of the fault, 0: none */
    uint32_t reserved;
} iovp_dma_result;

/*
 * DMA by a device: split at translation granules, translated, checked,
 * traced and counted like the device's own.  `attrs` may be NULL; fields not
 * `specified` take the device's values.  A fault is IOVP_OK with
 * result->status set.  `result` may be NULL.  1..2^30 bytes.  OWNER.
 */
IOVP_API iovp_status iovp_dma_read(iovp_device *d, const iovp_attrs *attrs,
                                   uint64_t iova, void *buf, size_t bytes,
                                   iovp_dma_result *result);
IOVP_API iovp_status iovp_dma_write(iovp_device *d, const iovp_attrs *attrs,
                                    uint64_t iova, const void *buf,
                                    size_t bytes, iovp_dma_result *result);

/*
 * A DMA without data that enters at `time_ps`, which is not before iovp_now
 * and at most 2^62: replay of a recorded transaction.  `access`: one of
 * IOVP_ACCESS_*.  1..4096 bytes.  A write stores zeros.  In functional mode
 * the time is ignored.  Errors: INVALID.  OWNER.
 */
#define IOVP_ACCESS_READ  1u
#define IOVP_ACCESS_WRITE 2u
IOVP_API iovp_status iovp_dma_replay(iovp_device *d, const iovp_attrs *attrs,
                                     uint64_t iova, uint32_t bytes,
                                     uint32_t access, uint64_t time_ps,
                                     iovp_dma_result *result);

/* ---- translation ----------------------------------------------------- */

/* flags of iovp_translate */
#define IOVP_TRANSLATE_DEBUG 1u /* no side effect: no fill, event, count */

typedef struct iovp_translation {
    uint32_t size;
    uint32_t status; /* IOVP_DMA_OK, ABORT or RAZWI */
    uint64_t pa;
    uint64_t span;     /* bytes from pa that are translated alike */
    uint32_t event;    /* architectural code of the fault, 0: none */
    uint32_t perms;    /* IOVP_ACCESS_* that this privilege has here */
    uint32_t space;    /* IOVP_SPACE_* of the output */
    uint32_t mem_type; /* as a byte of MAIR_ELx */
    uint32_t shareability;
    uint32_t accesses; /* memory reads that the walk made */
} iovp_translation;

/*
 * Translate one address for a device, outside of time.  `access` as above;
 * attrs as for DMA.  A fault is IOVP_OK with out->status set, and is recorded
 * by the IOMMU unless the DEBUG flag is given.  A device without an IOMMU
 * translates to itself.  OWNER.
 */
IOVP_API iovp_status iovp_translate(iovp_device *d, const iovp_attrs *attrs,
                                    uint64_t iova, uint32_t access,
                                    uint32_t flags, iovp_translation *out);

/* ---- why is a feature off? -------------------------------------------- */

/* feature of iovp_explain */
#define IOVP_FEATURE_TRANSLATION 0u /* its DMA is translated at all */
#define IOVP_FEATURE_NESTED      1u /* two stages of translation */
#define IOVP_FEATURE_PASID       2u
#define IOVP_FEATURE_STALL       3u /* I/O page faults recovered by stalling */
#define IOVP_FEATURE_ATS         4u
#define IOVP_FEATURE_PRI         5u
#define IOVP_FEATURE_SVA         6u

/* iovp_condition.state; UNKNOWN: cannot be looked at as an earlier one fails */
#define IOVP_CONDITION_MET     0u
#define IOVP_CONDITION_FAILS   1u
#define IOVP_CONDITION_UNKNOWN 2u

typedef struct iovp_condition {
    uint32_t size;
    uint32_t state; /* IOVP_CONDITION_* */
    char where[64]; /* node and property, or register field, or structure */
    char what[192]; /* a sentence: what is required and what was found */
} iovp_condition;

/*
 * Every condition of a feature (IOVP_FEATURE_*) in the order in which hardware
 * and drivers meet them, two-call rule: the device tree; what the IOMMU has;
 * how it is programmed, structures of each of the device's StreamIDs as they
 * are in memory.  The feature works if all are met, and the first that FAILS
 * is why it does not.  SVA is page tables shared with processors that are in
 * the tree; whether its page faults can be recovered is told by STALL or PRI.
 * The conditions of a device without IOMMU end with the device tree's.
 * Nothing is changed, filled, recorded or counted, and no time passes.  Each
 * element's `size` must be set; the number of conditions may be another after
 * the platform has been reprogrammed.  Texts are for people and may change.
 * Errors: INVALID, SPACE, NOMEM.  OWNER.
 */
IOVP_API iovp_status iovp_explain(iovp_device *d, uint32_t feature,
                                  iovp_condition *conditions, size_t *count);

/* ---- statistics ------------------------------------------------------ */

/* Index of per-cache figures. */
#define IOVP_STAT_CONFIG 0 /* configuration cache: STE and CD */
#define IOVP_STAT_TLB    1
#define IOVP_STAT_WALK   2 /* walk cache */
#define IOVP_STAT_STAGE2 3 /* stage 2 TLB */
#define IOVP_STAT_CACHES 4

/* One stream and PASID. */
typedef struct iovp_stream_stats {
    uint32_t size;
    uint32_t device; /* index, see iovp_device_info */
    uint32_t stream_id;
    uint32_t pasid;
    uint32_t pasid_valid;
    uint32_t space;
    uint64_t transfers; /* one that crosses a page counts once a page */
    uint64_t bytes;     /* of those that succeeded */
    uint64_t faults;    /* transfers that did not succeed */
    uint64_t first_ps;  /* entry of the first transfer */
    uint64_t last_ps;   /* completion of the last */
    uint64_t latency_min_ps, latency_p50_ps, latency_p99_ps, latency_max_ps;
    uint64_t lookups[IOVP_STAT_CACHES];
    uint64_t hits[IOVP_STAT_CACHES];
    uint64_t walks;      /* transfers that read a descriptor */
    uint64_t accesses;   /* memory reads of walks and configuration */
    uint64_t wait_ps[4]; /* by cause: lookup, walker, memory, fill */
} iovp_stream_stats;

/*
 * One row per (device, StreamID, PASID, space) that was active since the last
 * reset, sorted by these.  Percentiles are exact to 1/32 of their value.  At
 * most 4096 rows are kept; later ones are summed up in a last row with
 * device = ~0.  Each element's `size` must be set.  OWNER.
 */
IOVP_API iovp_status iovp_stats(iovp_platform *p, iovp_stream_stats *rows,
                                size_t *count);
IOVP_API iovp_status iovp_stats_reset(iovp_platform *p);

/* ---- trace ------------------------------------------------------------ */

/* One record, as traces/format.md describes it. */
typedef struct iovp_record {
    uint32_t size;
    uint32_t kind;              /* IOVP_RECORD_* */
    uint64_t time_in, time_out; /* picoseconds */
    uint64_t iova, pa;
    uint32_t device; /* index, ~0: none */
    uint32_t iommu;  /* index, ~0: none */
    uint32_t stream_id;
    uint32_t pasid;
    uint32_t pasid_valid;
    uint32_t space;
    uint32_t privileged, instruction, addr_type;
    uint32_t access; /* IOVP_ACCESS_* */
    uint32_t bytes;
    uint32_t result; /* IOVP_DMA_* of a transaction, else the kind's code */
    uint32_t event;  /* architectural code of the fault, 0: none */
    uint32_t cache[IOVP_STAT_CACHES]; /* 0 unused 1 hit 2 miss 3 merged */
    uint32_t config_accesses, s1_accesses, s2_accesses;
    uint32_t wait_ps[4]; /* by cause: lookup, walker, memory, fill */
} iovp_record;

#define IOVP_RECORD_TRANSACTION  0u
#define IOVP_RECORD_COMMAND      1u /* iova, pa: the command's two words */
#define IOVP_RECORD_FAULT        2u
#define IOVP_RECORD_PAGE_REQUEST 3u
#define IOVP_RECORD_INTERRUPT    4u
#define IOVP_RECORD_MARKER       5u

/*
 * Write every record from now on to a file, which is replaced; one at a time
 * per platform.  Errors: BUSY, IO.  OWNER.
 */
IOVP_API iovp_status iovp_trace_start(iovp_platform *p, const char *path);
/* Finish the file.  Errors: INVALID (there is none), IO if any of it could
 * not be written.  OWNER. */
IOVP_API iovp_status iovp_trace_stop(iovp_platform *p);
/* Put a marker with a number of the user's into the trace.  OWNER. */
IOVP_API iovp_status iovp_trace_marker(iovp_platform *p, uint64_t number);

typedef struct iovp_trace_reader iovp_trace_reader;

/* Open a trace; reading needs no platform.  A reader belongs to the thread
 * that uses it.  Errors: IO, FORMAT (not a trace).  ANY. */
IOVP_API iovp_status iovp_trace_open(iovp_trace_reader **out, const char *path);
/*
 * The next record.  Errors: END after the last one; FORMAT if the file is
 * damaged or ends in the middle of a chunk, and again at every further call;
 * IO if the host cannot read it; NOMEM.
 */
IOVP_API iovp_status iovp_trace_next(iovp_trace_reader *r, iovp_record *out);
/* The compiled device tree of the recorded platform, two-call rule.  Errors:
 * also NOTFOUND, if the file has none. */
IOVP_API iovp_status iovp_trace_dtb(iovp_trace_reader *r, void *buf,
                                    size_t *bytes);
IOVP_API void iovp_trace_close(iovp_trace_reader *r);

#ifdef __cplusplus
}
#endif

#endif

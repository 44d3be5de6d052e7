/* SPDX-License-Identifier: MIT */
/*
 * iovp: cycle-approximate IOMMU and PCIe models behind a plain C API.
 *
 * Conventions
 *   Status     Every function that can fail returns iovp_status: IOVP_OK (0)
 *              or a negative IOVP_E_*; iovp_strerror explains the code and
 *              iovp_last_error gives the sentence for the last failure.
 *              A translation fault is not an error of a call: it is a result.
 *   Errors     A comment names those that are the function's own.  Every call
 *              can have: HANDLE, THREAD, REENTRY (see below), INVALID (NULL
 *              where something must be, a `size` that is not set), NOMEM;
 *              of a list, SPACE; in timed mode, INTERNAL.  A call that failed
 *              has changed nothing, unless its comment says so, but for a
 *              count with SPACE.
 *   Handles    Opaque, checked by generation: a handle that was destroyed
 *              gives IOVP_E_HANDLE, never undefined behaviour.
 *   Structures Begin with `size`, which the caller sets to sizeof (the macro
 *              IOVP_<NAME>_INIT does, at the end of this header); reserved
 *              fields are zero.  The library uses what both sides know; a
 *              longer structure whose unknown part is not zero gives
 *              IOVP_E_UNSUPPORTED.  iovp_attrs alone has one size for ever.
 *   Lists      Caller's buffer and an in/out count.  If the buffer is too
 *              small, IOVP_E_SPACE and the required count.  Elements that are
 *              structures all have the `size` of the first.
 *   Time       Picoseconds of simulated time in uint64_t.
 *   Threads    ANY:   may be called from any thread at any time.
 *              OWNER: only from the thread that created the platform; from
 *              another thread IOVP_E_THREAD.  Platforms are independent.
 *              SIM:   a callback; it runs on the owner's thread, inside a
 *              call of the owner.
 *              SERVICE: a callback on the owner's thread at a point where
 *              the models are at rest: it may change mappings and answer
 *              faults.
 *   Callbacks  Of kind SIM may call iovp_now, iovp_mem_read, iovp_mem_write
 *              and ANY functions.  Of kind SERVICE may also call what says
 *              "OWNER, SERVICE".  Every other call answers IOVP_E_REENTRY and
 *              changes nothing.  After unregistering, a callback is not
 *              called any more; then its free_ud, if any, is called once.
 *   Lifetime   A platform owns every object made from it: destroying it makes
 *              their handles invalid.  What a handle depends on may be
 *              destroyed first: the handle then answers IOVP_E_HANDLE.
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
#define IOVP_VERSION_MINOR 2
#define IOVP_VERSION_PATCH 0
#define IOVP_VERSION_NUM \
    (IOVP_VERSION_MAJOR * 10000 + IOVP_VERSION_MINOR * 100 + IOVP_VERSION_PATCH)

/* ---- status ---------------------------------------------------------- */

/** 0, or one of the negative codes below. */
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

/* What the handle stands for was dropped as its configuration changed; get it
 * again. */
#define IOVP_E_STALE (-16)

/* A limit of the IOMMU, the device or the library is reached. */
#define IOVP_E_LIMIT (-17)

/* Addresses are outside the valid windows, overlap, or an attach would
 * narrow windows that were required. */
#define IOVP_E_RANGE (-18)

/* The host's callback refused. */
#define IOVP_E_REFUSED (-19)

/* The IOMMU tells transactions apart by attributes that the consumer does
 * not understand; the message names them. */
#define IOVP_E_ATTRS (-20)

/* Not an error: a host's callback leaves the request to the library. */
#define IOVP_PASS 1

/** A sentence for a status, never NULL.  ANY. */
IOVP_API const char *iovp_strerror(iovp_status status);

/** IOVP_VERSION_NUM of the library that is running.  ANY. */
IOVP_API uint32_t iovp_version(void);

/** 1 if the library was built with SystemC, so that timed platforms exist.
 * ANY. */
IOVP_API int iovp_has_systemc(void);

/**
 * Does the running library fit what the caller was compiled with?  Pass
 * IOVP_VERSION_NUM and the sizes of iovp_attrs, iovp_dma_result and
 * iovp_record.  Errors: UNSUPPORTED, and the message says why.  ANY.
 */
IOVP_API iovp_status iovp_check_abi(uint32_t version, size_t attrs_size,
                                    size_t dma_result_size, size_t record_size);

/**
 * The sentence that explains the last failure in this thread; "" if there was
 * none.  Valid until the thread's next iovp call that fails.  ANY.
 */
IOVP_API const char *iovp_last_error(void);

/* ---- platform -------------------------------------------------------- */

/** A SoC, built from a device tree. */
typedef struct iovp_platform iovp_platform;
/** A DMA master of a platform, which owns it: there is nothing to free. */
typedef struct iovp_device iovp_device;

/* iovp_platform_config.mode */
#define IOVP_MODE_FUNCTIONAL 0u /* no time, no SystemC; any number of them */
#define IOVP_MODE_TIMED      1u /* SystemC and TLM-2.0; one per process */

/* iovp_log_fn.level */
#define IOVP_LOG_ERROR 0u
#define IOVP_LOG_WARN  1u
#define IOVP_LOG_INFO  2u

/** A line of the library's log, without newline.  SIM. */
typedef void iovp_log_fn(void *ud, uint32_t level, const char *message);

/** The last use of a callback's `ud`.  SIM. */
typedef void iovp_free_fn(void *ud);

/**
 * Host memory for what belongs to a platform, aligned for any type; NULL:
 * there is none.  Guest RAM does not come from here, nor do writers of traces
 * and what SystemC, zlib and the C library allocate.  SIM.
 */
typedef void *iovp_alloc_fn(void *ud, size_t bytes);
typedef void iovp_release_fn(void *ud, void *block);

/** Both functions, or neither. */
typedef struct iovp_allocator {
    uint32_t size;
    uint32_t reserved;
    iovp_alloc_fn *alloc;
    iovp_release_fn *release;
    void *ud;
} iovp_allocator;

/**
 * Host memory behind the guest's RAM, for a caller that shares it with a
 * processor model.  `map` is called once for every memory node while the
 * platform is created and returns `bytes` bytes that stay there until `unmap`;
 * NULL: the library allocates them.  SIM.
 */
typedef void *iovp_ram_map_fn(void *ud, uint64_t base, uint64_t bytes);
typedef void iovp_ram_unmap_fn(void *ud, uint64_t base, uint64_t bytes,
                               void *host);

/** Where guest RAM is. */
typedef struct iovp_ram_ops {
    uint32_t size;
    uint32_t reserved;
    iovp_ram_map_fn *map;
    iovp_ram_unmap_fn *unmap; /* may be NULL */
    void *ud;
} iovp_ram_ops;

/** How to build a platform. */
typedef struct iovp_platform_config {
    uint32_t size;
    uint32_t mode;       /* IOVP_MODE_* */
    uint64_t quantum_ps; /* timed mode: how far a device may run ahead of
                          * the others; 0: all accesses in time order */
    iovp_log_fn *log;    /* NULL: silent */
    void *log_ud;
    const iovp_allocator *allocator; /* copied; NULL: malloc */
    const iovp_ram_ops *ram;         /* copied; NULL: the library's */
    uint64_t reserved[2];
} iovp_platform_config;

/**
 * Build the SoC that a flattened device tree describes.  `dtb` is copied.
 * docs/bindings.md says which nodes are modelled; the others are listed by
 * iovp_nodes and are no error.  `config` may be NULL for the defaults.
 * Errors: INVALID, NOMEM, DT, IO (a file that the tree names), BUSY and
 * UNSUPPORTED (timed mode).  ANY; the calling thread becomes the owner.
 */
IOVP_API iovp_status iovp_platform_create(iovp_platform **out,
                                          const iovp_platform_config *config,
                                          const void *dtb, size_t bytes);

/**
 * As above from a file: a .dtb, or a .dts which is compiled with dtc on the
 * fly.  Errors: also IO.  ANY; the calling thread becomes the owner.
 */
IOVP_API iovp_status iovp_platform_create_file(
    iovp_platform **out, const iovp_platform_config *config, const char *path);

/**
 * Free a platform with everything that belongs to it; NULL and stale handles
 * are ignored, and so are calls from another thread and from callbacks
 * (iovp_last_error tells).  A trace being written is finished.  OWNER.
 */
IOVP_API void iovp_platform_destroy(iovp_platform *p);

/** The tree the platform was built from, two-call rule.  Errors: those of every
 * call.  OWNER. */
IOVP_API iovp_status iovp_platform_dtb(iovp_platform *p, void *buf,
                                       size_t *bytes);

/* iovp_node.state */
#define IOVP_NODE_BUILT       0u
#define IOVP_NODE_PLACEHOLDER 1u /* addresses are reserved, no behaviour */
#define IOVP_NODE_UNMODELLED  2u

/** A node of the tree, and what became of it. */
typedef struct iovp_node {
    uint32_t size;
    uint32_t state;      /* IOVP_NODE_* */
    char path[128];      /* cut at the end if longer */
    char compatible[64]; /* the first string, "" if there is none */
    char what[64];       /* what it became, for people */
    uint64_t reg_base;   /* first reg entry, translated to a CPU address */
    uint64_t reg_size;   /* 0: no reg */
} iovp_node;

/**
 * Every node that has `compatible` or is a memory node, in tree order;
 * two-call rule, each element's `size` set.  Errors: those of every call.
 * OWNER.
 */
IOVP_API iovp_status iovp_nodes(iovp_platform *p, iovp_node *nodes,
                                size_t *count);

/* ---- time ------------------------------------------------------------ */

/** Simulated time in picoseconds; 0 in functional mode, and without a
 * platform.  OWNER, SIM. */
IOVP_API uint64_t iovp_now(iovp_platform *p);

/* Why iovp_run_until returned. */
#define IOVP_RUN_TIME 0u /* the time was reached */
#define IOVP_RUN_IDLE 1u /* nothing is left to do: all workloads are done */

/**
 * Run workloads and queue work until `time_ps` (absolute) or, if nothing is
 * left to do, until idle: iovp_now is then the end of the last work.  In
 * functional mode there is no time: `time_ps` bounds nothing, and some 65536
 * transactions are run a call; the reason is then IOVP_RUN_TIME if work is
 * left.  PCI functions there do not wait for this call: a register access does
 * what it causes, some 4096 transactions of it, with timers and timeouts as if
 * they had passed.  Simulated time ends at 2^62 ps.  `reason` may be NULL.
 * Errors: INVALID (the time has passed).  OWNER.
 */
IOVP_API iovp_status iovp_run_until(iovp_platform *p, uint64_t time_ps,
                                    uint32_t *reason);

/* ---- access as a processor would ------------------------------------- */

/**
 * Read or write `width` (1, 2, 4, 8) bytes at a physical address, device
 * registers included, as a processor in the security space `space`
 * (IOVP_SPACE_*) does.  Aligned to width.  Queue work that a write starts is
 * done before the call returns in functional mode; in timed mode it takes
 * simulated time.  In the configuration space and the windows of a PCI host
 * bridge everything answers: what is absent reads all ones and ignores
 * writes.  Errors: INVALID, BUS.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_mmio_read(iovp_platform *p, uint64_t addr,
                                    uint32_t width, uint32_t space,
                                    uint64_t *value);
IOVP_API iovp_status iovp_mmio_write(iovp_platform *p, uint64_t addr,
                                     uint32_t width, uint32_t space,
                                     uint64_t value);

/**
 * Copy what a processor would read in `bytes` bytes of device registers: of an
 * SMMU, a DMA engine, a PCI host bridge's configuration space or one of its
 * windows.  Nothing is read: there is no side effect, no access, no time; a
 * register whose reads do something shows what it has.  For a processor model
 * that keeps registers in memory and tells of stores only.  All bytes must lie
 * in one of these ranges.  Errors: INVALID, BUS.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_mmio_copy(iovp_platform *p, uint64_t addr, void *buf,
                                    size_t bytes);

/**
 * Copy from or to RAM, without any side effect, outside of time.  All bytes
 * must lie in one RAM region.  Errors: INVALID, BUS.  OWNER, SIM.
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

/** An interrupt. */
typedef struct iovp_irq_event {
    uint32_t size;
    uint32_t kind; /* IOVP_IRQ_* */
    uint64_t time_ps;
    char source[32];    /* node name of the source, e.g. "smmu@9050000" */
    char line[16];      /* "eventq", "priq", "cmdq-sync", "gerror"; of PCI
                         * functions "msi", "inta" to "intd"; or "" */
    uint32_t number;    /* first cell pair of `interrupts`: the SPI, or ~0 */
    uint32_t data;      /* MSI data */
    uint64_t addr;      /* MSI address */
    uint32_t level;     /* 1; 0: a PCI INTx line ("inta" to "intd") went low */
    uint32_t device_id; /* "msi": what an ITS knows the function by (msi-map) */
} iovp_irq_event;

/** Told of an interrupt.  SIM. */
typedef void iovp_irq_fn(void *ud, const iovp_irq_event *event);

/**
 * Call `fn` for every interrupt; NULL stops it.  One callback per platform.
 * `free_ud` (may be NULL) is called for the `ud` that is replaced, or when the
 * platform is destroyed.  Errors: those of every call.  OWNER.
 */
IOVP_API iovp_status iovp_irq_handler(iovp_platform *p, iovp_irq_fn *fn,
                                      iovp_free_fn *free_ud, void *ud);

/* ---- devices: DMA masters -------------------------------------------- */

/* iovp_workload.pattern */
#define IOVP_PATTERN_SEQUENTIAL 0u
#define IOVP_PATTERN_RANDOM     1u
#define IOVP_PATTERN_STRIDED    2u

#define IOVP_WORKLOAD_PASIDS 16

/** A pattern of DMA accesses, from the device tree or the caller. */
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

/** What a device is. */
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
    uint32_t pci;           /* 1: a PCI function */
    uint32_t requester_id;  /* of it, as software has numbered the buses */
    uint32_t ats, pri;      /* 1: it has that capability */
} iovp_device_info;

/** All devices in tree order, two-call rule.  Errors: those of every call.
 * OWNER, SERVICE. */
IOVP_API iovp_status iovp_devices(iovp_platform *p, iovp_device **devices,
                                  size_t *count);
/** A device by node name or full path.  Errors: NOTFOUND.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_device_find(iovp_platform *p, const char *name,
                                      iovp_device **device);
/** Describe a device.  Errors: those of every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_device_get_info(iovp_device *d,
                                          iovp_device_info *info);
/** All StreamIDs (requester IDs) of a device, two-call rule.  Errors: those of
 * every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_device_streams(iovp_device *d, uint32_t *stream_ids,
                                         size_t *count);

/** What a device has counted since it was made. */
typedef struct iovp_counter {
    uint32_t size;
    uint32_t reserved;
    char name[32]; /* lower case, words joined by '_' */
    uint64_t value;
} iovp_counter;

/**
 * Counters of a PCI function: of its kind of device, then those of every
 * function; none of other devices.  Their times are picoseconds; in functional
 * mode those of a virtual clock.  Two-call rule, each element's `size` set.
 * Errors: those of every call.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_device_counters(iovp_device *d,
                                          iovp_counter *counters,
                                          size_t *count);
/**
 * Take a PCI function away without warning, in the middle of whatever it does:
 * what it sends or is asked from now on is lost, as if its link had gone down;
 * the VFs of a PF go with it.  Or put it back, as after power-up.  Nothing
 * changes if it is away, or there, already.  Errors: UNSUPPORTED (no PCI
 * function, or a VF).  OWNER.
 */
IOVP_API iovp_status iovp_device_unplug(iovp_device *d);
IOVP_API iovp_status iovp_device_plug(iovp_device *d);

/**
 * Start a workload on a device, NULL: the one of the device tree.  It
 * replaces one that runs.  The buffers must be mapped by then.  Errors:
 * INVALID (the sentence says which field).  OWNER.
 */
IOVP_API iovp_status iovp_workload_start(iovp_device *d,
                                         const iovp_workload *w);
/** Stop it; transfers in flight complete.  Errors: those of every call.
 * OWNER. */
IOVP_API iovp_status iovp_workload_stop(iovp_device *d);

/* No PASID, which is not PASID 0. */
#define IOVP_NO_PASID 0xffffffffu

/* One of, or a mask. */
#define IOVP_ACCESS_READ  1u
#define IOVP_ACCESS_WRITE 2u

/* iovp_dma_result.status */
#define IOVP_DMA_OK      0u
#define IOVP_DMA_ABORT   1u /* the IOMMU terminated it with an abort */
#define IOVP_DMA_RAZWI   2u /* terminated: reads zero, ignores writes */
#define IOVP_DMA_BUS     3u /* translated, but nothing answers there */
#define IOVP_DMA_STALL   4u /* held: software has not answered its fault */
#define IOVP_DMA_PENDING 5u /* iovp_dma_poll: under way */

/** What became of a DMA. */
typedef struct iovp_dma_result {
    uint32_t size;
    uint32_t status;   /* IOVP_DMA_* of the first part that failed, or OK */
    uint64_t done;     /* bytes transferred before it */
    uint64_t time_in;  /* picoseconds */
    uint64_t time_out; /* picoseconds; equal to time_in if functional */
    uint32_t event;    /* architectural code of the fault, 0: none */
    uint32_t stalls;   /* times that a part was held and retried */
} iovp_dma_result;

/**
 * DMA by a device: split at translation granules, translated, checked,
 * traced and counted like the device's own.  `pasid`: PASID, or
 * IOVP_NO_PASID.  `attrs` may be NULL; fields not `specified` take the
 * device's values; a PASID specified there must be the same.  A fault is
 * IOVP_OK with result->status set.  `result` may be NULL.  1..2^30 bytes.
 *
 * An access that the IOMMU holds is served before the call returns: handlers
 * of faults (iovp_context_config, iovp_process_config) run, and what they
 * answer is carried out.  If nobody answers, or 256 answers in turn resolve
 * nothing, the device gives up waiting: the status is IOVP_DMA_STALL, and what
 * is answered later has no effect on it.
 * Use iovp_dma_submit for a device that waits.  Errors: INVALID.  OWNER.
 */
IOVP_API iovp_status iovp_dma_read(iovp_device *d, uint32_t pasid,
                                   uint64_t iova, void *buf, size_t bytes,
                                   const iovp_attrs *attrs,
                                   iovp_dma_result *result);
IOVP_API iovp_status iovp_dma_write(iovp_device *d, uint32_t pasid,
                                    uint64_t iova, const void *buf,
                                    size_t bytes, const iovp_attrs *attrs,
                                    iovp_dma_result *result);

/* iovp_atomic.op: the AtomicOps of PCIe */
#define IOVP_ATOMIC_FETCH_ADD 0u
#define IOVP_ATOMIC_SWAP      1u
#define IOVP_ATOMIC_CAS       2u /* compare and swap */

/** Bytes as they are in memory: little-endian. */
typedef struct iovp_atomic {
    uint32_t size;
    uint32_t op;    /* IOVP_ATOMIC_* */
    uint32_t width; /* 4 or 8 bytes; 16 for CAS only */
    uint32_t reserved;
    uint8_t operand[16]; /* to add, or to store */
    uint8_t compare[16]; /* CAS only */
    uint8_t old[16];     /* out: what was there before */
} iovp_atomic;

/**
 * An atomic access, aligned to its width; it needs the right to read and to
 * write.  Otherwise as iovp_dma_read.  Errors: INVALID.  OWNER.
 */
IOVP_API iovp_status iovp_dma_atomic(iovp_device *d, uint32_t pasid,
                                     uint64_t iova, iovp_atomic *atomic,
                                     const iovp_attrs *attrs,
                                     iovp_dma_result *result);

/** A DMA that goes on while the caller does other things. */
typedef struct iovp_transfer iovp_transfer;

/** A DMA to begin. */
typedef struct iovp_transfer_config {
    uint32_t size;
    uint32_t access; /* IOVP_ACCESS_READ or IOVP_ACCESS_WRITE */
    uint32_t pasid;  /* or IOVP_NO_PASID */
    uint32_t reserved;
    uint64_t iova;
    void *buf;               /* the caller's, until the transfer is released */
    size_t bytes;            /* 1..2^30 */
    const iovp_attrs *attrs; /* copied; NULL: the device's */
} iovp_transfer_config;

/**
 * Begin a DMA.  In functional mode it is carried out as far as the IOMMU does
 * not hold it, and goes on in iovp_dma_poll and iovp_run_until; in timed mode
 * it begins at iovp_now and goes on in iovp_run_until.  Errors: INVALID, LIMIT
 * (1024 at a time in a platform).  OWNER.
 */
IOVP_API iovp_status iovp_dma_submit(iovp_transfer **out, iovp_device *d,
                                     const iovp_transfer_config *config);
/** How it stands: IOVP_DMA_PENDING, IOVP_DMA_STALL, or how it ended.  Errors:
 * those of every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_dma_poll(iovp_transfer *t, iovp_dma_result *result);
/** Forget a transfer; one that is under way is given up, and its buffer is not
 * touched any more.  NULL is ignored.  OWNER. */
IOVP_API void iovp_dma_release(iovp_transfer *t);

/**
 * A DMA without data that enters at `time_ps`, which is not before iovp_now
 * and at most 2^62: replay of a recorded transaction.  `access`: one of
 * IOVP_ACCESS_*.  1..4096 bytes.  A write stores zeros.  In functional mode
 * the time is ignored.  Errors: INVALID.  OWNER.
 */
IOVP_API iovp_status iovp_dma_replay(iovp_device *d, const iovp_attrs *attrs,
                                     uint64_t iova, uint32_t bytes,
                                     uint32_t access, uint64_t time_ps,
                                     iovp_dma_result *result);

/* ---- translation ----------------------------------------------------- */

/* flags of iovp_translate */
#define IOVP_TRANSLATE_DEBUG 1u /* no side effect: no fill, event, count */

/** Where an address leads. */
typedef struct iovp_translation {
    uint32_t size;
    uint32_t status; /* IOVP_DMA_OK, ABORT, RAZWI or STALL */
    uint64_t pa;
    uint64_t span;     /* bytes from pa that are translated alike */
    uint32_t event;    /* architectural code of the fault, 0: none */
    uint32_t perms;    /* IOVP_ACCESS_* that this privilege has here */
    uint32_t space;    /* IOVP_SPACE_* of the output */
    uint32_t mem_type; /* as a byte of MAIR_ELx */
    uint32_t shareability;
    uint32_t accesses; /* memory reads that the walk made */
} iovp_translation;

/**
 * Translate one address for a device, outside of time.  `access` as above;
 * attrs as for DMA.  A fault is IOVP_OK with out->status set, and is recorded
 * by the IOMMU unless the DEBUG flag is given; nothing waits for the answer to
 * a fault that can be recovered.  A device without an IOMMU translates to
 * itself.  Errors: INVALID.  OWNER; with the DEBUG flag also SERVICE.
 */
IOVP_API iovp_status iovp_translate(iovp_device *d, const iovp_attrs *attrs,
                                    uint64_t iova, uint32_t access,
                                    uint32_t flags, iovp_translation *out);

/* ---- regimes: what transactions are translated by --------------------- */

/*
 * A regime is what all transactions of a device with the same StreamID, PASID
 * and security space are translated by.  It has an index, which follows from
 * these alone: it is valid for ever, whatever the IOMMU's tables say now.
 * Attributes by which the IOMMU does not tell the device's transactions apart
 * do not change the index.
 */
#define IOVP_REGIME_ALL 0xffffffffu

/* iovp_regime_info.state */
#define IOVP_REGIME_OFF        0u /* IOMMU disabled, or none: they pass */
#define IOVP_REGIME_BLOCKED    1u /* aborted, on purpose */
#define IOVP_REGIME_IDENTITY   2u /* pass untranslated */
#define IOVP_REGIME_TRANSLATED 3u
#define IOVP_REGIME_INVALID    4u /* its structures are wrong or missing */

/** A tree of tables of a regime. */
typedef struct iovp_regime_table {
    uint32_t size;
    uint32_t stage;       /* IOVP_STAGE_1 or IOVP_STAGE_2; 0: not used */
    uint32_t page_bits;   /* log2 of the granule */
    uint32_t levels;      /* of lookup */
    uint64_t base;        /* address of the first table: an IPA if stage 2 is on
                           * and this is stage 1 */
    uint64_t first, last; /* input addresses, inclusive */
    uint32_t output_bits;
    uint32_t reserved;
} iovp_regime_table;

/** A regime, as its structures describe it now. */
typedef struct iovp_regime_info {
    uint32_t size;
    uint32_t index;
    uint32_t stream_id;
    uint32_t pasid;       /* or IOVP_NO_PASID */
    uint32_t space;       /* IOVP_SPACE_* */
    uint32_t state;       /* IOVP_REGIME_* */
    uint32_t stages;      /* mask of IOVP_STAGE_* */
    uint32_t event;       /* INVALID: architectural code that a DMA would get */
    uint32_t recoverable; /* 1: faults can be recovered (stall, page request) */
    uint32_t reserved;
    uint64_t asid; /* ASID, or PASID's domain: tag of stage 1 translations */
    uint64_t vmid; /* VMID or domain ID: tag of stage 2 translations */
    iovp_regime_table table[3]; /* lower and upper range of stage 1; stage 2 */
} iovp_regime_info;

/** By which of IOVP_ATTR_* does the device's IOMMU tell its transactions
 * apart?  0 for a device without IOMMU.  Errors: those of every call.  OWNER,
 * SERVICE. */
IOVP_API iovp_status iovp_regime_attrs(iovp_device *d, uint32_t *mask);
/** The index of the regime of a transaction.  attrs as for DMA.  Errors:
 * NOTFOUND (not a StreamID of this device), INVALID (a PASID beyond the
 * device's).  OWNER, SERVICE. */
IOVP_API iovp_status iovp_regime_index(iovp_device *d, const iovp_attrs *attrs,
                                       uint32_t *index);
/** The regimes that are set up now: one for each StreamID without PASID, and
 * one for each PASID with an entry.  Errors: those of every call.  OWNER,
 * SERVICE. */
IOVP_API iovp_status iovp_regime_count(iovp_device *d, size_t *count);
/** Their indexes, ascending, two-call rule.  Errors: those of every call.
 * OWNER, SERVICE. */
IOVP_API iovp_status iovp_regime_list(iovp_device *d, uint32_t *indexes,
                                      size_t *count);
/** Describe one.  Errors: NOTFOUND (no such index of this device).  OWNER,
 * SERVICE. */
IOVP_API iovp_status iovp_regime_get_info(iovp_device *d, uint32_t index,
                                          iovp_regime_info *info);
/** iovp_translate by index: an unprivileged data access; `attrs` (NULL: none)
 * gives the attributes that the index does not.  Errors: NOTFOUND (no such
 * index of this device), INVALID.  OWNER; with the DEBUG flag also SERVICE. */
IOVP_API iovp_status iovp_regime_translate(iovp_device *d, uint32_t index,
                                           const iovp_attrs *attrs,
                                           uint64_t iova, uint32_t access,
                                           uint32_t flags,
                                           iovp_translation *out);

/* ---- notifiers: what changes in a regime ------------------------------ */

/** Who is told what changes in a device's regimes. */
typedef struct iovp_notifier iovp_notifier;

/* iovp_notification.kind, and mask of iovp_notifier_config.events */
#define IOVP_NOTIFY_MAP   1u /* a mapping became known: see register, replay */
#define IOVP_NOTIFY_UNMAP 2u /* translations in a range are void */
#define IOVP_NOTIFY_DROP  4u /* the regime was torn down or described anew */

/** What changed.  All that was known of a regime is void after DROP. */
typedef struct iovp_notification {
    uint32_t size;
    uint32_t kind;  /* one of IOVP_NOTIFY_* */
    uint32_t index; /* of the regime */
    uint32_t stream_id;
    uint32_t pasid; /* or IOVP_NO_PASID */
    uint32_t space;
    uint64_t first, last; /* input addresses, inclusive; clipped to what was
                           * asked for */
    uint64_t pa;          /* MAP: of `first` */
    uint32_t rights;      /* MAP: IOVP_RIGHT_* */
    uint32_t mem_type, shareability; /* MAP */
    uint32_t output_space;           /* MAP: IOVP_SPACE_* */
    uint64_t time_ps;
} iovp_notification;

/** Told of a change.  SIM. */
typedef void iovp_notify_fn(void *ud, const iovp_notification *n);

/** Of what to be told. */
typedef struct iovp_notifier_config {
    uint32_t size;
    uint32_t index;        /* of a regime, or IOVP_REGIME_ALL */
    uint32_t events;       /* mask of IOVP_NOTIFY_* */
    uint32_t understands;  /* IOVP_ATTR_*: what the consumer tells apart */
    uint64_t first, last;  /* input addresses of interest, inclusive */
    iovp_notify_fn *fn;    /* SIM */
    iovp_free_fn *free_ud; /* NULL: none */
    void *ud;
} iovp_notifier_config;

/**
 * Be told.  A consumer that does not tell apart what the IOMMU does would mix
 * up address spaces: ATTRS, unless it understands all of iovp_regime_attrs.
 * With one index, the attributes that the index fixes (StreamID, PASID,
 * security space) count as understood.  UNMAP and DROP come when software
 * invalidates, after the model's caches are clean and before it is told that
 * the invalidation is complete.  If MAP is asked for too, an UNMAP is
 * followed by what the tables then hold in its range; if these are more than
 * 2^16 table entries, by some of it and a DROP, whether that was asked for or
 * not: replay.  With IOVP_REGIME_ALL they come for regimes that were used, of
 * which alone something can be known; a consumer that looks at tables itself
 * names its index.  If these are more than 2^20, the oldest is forgotten, with
 * a DROP in the same way.  MAP also comes from iovp_domain_map, where the
 * domain is attached, and from iovp_notifier_replay.  Errors: ATTRS, NOTFOUND
 * (no such index), INVALID, LIMIT (256 in a platform).  OWNER.
 */
IOVP_API iovp_status iovp_notifier_register(iovp_notifier **out, iovp_device *d,
                                            const iovp_notifier_config *config);
/** NULL is ignored.  OWNER. */
IOVP_API void iovp_notifier_unregister(iovp_notifier *n);

/** How far a replay has come. */
typedef struct iovp_replay {
    uint32_t size;
    uint32_t budget;   /* in: table entries to read, but at least those that
                        * lead to one address; 0: 2^20 */
    uint32_t index;    /* in/out: the regime to go on with; first call: 0 */
    uint32_t complete; /* out: 1: there is no more */
    uint64_t next;     /* in/out: input address to go on with; first call: 0 */
    uint64_t mappings; /* out: notifications of this call */
} iovp_replay;

/**
 * Tell a notifier, with MAP, of every mapping of its regimes that its range
 * holds: table by table, neighbours joined.  The time is bounded by `budget`
 * whatever the tables hold; while `complete` is 0, call again with the same
 * structure.  Errors: INVALID (it did not ask for MAP).  OWNER.
 */
IOVP_API iovp_status iovp_notifier_replay(iovp_notifier *n,
                                          iovp_replay *replay);

/* ---- PASID contexts: a device's address spaces ------------------------ */

/**
 * The address space that a device sees with one PASID, or without.  It is
 * made when it is first used, by a DMA, a replay or here, or, as there is a
 * notifier of all regimes, by a translation or a mapping; cached, and dropped
 * when software changes the PASID's (or stream's) entry and invalidates it.
 */
typedef struct iovp_space iovp_space;

/** What a space is. */
typedef struct iovp_space_info {
    uint32_t size;
    uint32_t pasid;   /* or IOVP_NO_PASID */
    uint32_t index;   /* of its regime */
    uint32_t state;   /* IOVP_REGIME_* when it was made */
    uint64_t made;    /* its number: the n-th space made in this platform */
    uint64_t uses;    /* DMAs, and iovp_space_get */
    uint64_t bytes;   /* of those DMAs, done */
    uint64_t time_ps; /* when it was made */
} iovp_space_info;

/**
 * The space of a device's PASID (or IOVP_NO_PASID), made if need be: by its
 * first StreamID and its own security space.  Every get wants a put.  Errors:
 * INVALID (a PASID beyond the device's), NOMEM.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_space_get(iovp_space **out, iovp_device *d,
                                    uint32_t pasid);
/** NULL is ignored, and so is a handle without a get.  OWNER, SERVICE. */
IOVP_API void iovp_space_put(iovp_space *s);
/** Errors: STALE (it was dropped).  OWNER, SERVICE. */
IOVP_API iovp_status iovp_space_get_info(iovp_space *s, iovp_space_info *info);
/** iovp_translate with DEBUG, in this space.  Errors: STALE.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_space_translate(iovp_space *s, uint64_t iova,
                                          uint32_t access,
                                          iovp_translation *out);

/* ---- IOVA windows ----------------------------------------------------- */

/* iovp_window.kind */
#define IOVP_WINDOW_USABLE   0u
#define IOVP_WINDOW_MSI      1u /* reserved: interrupts */
#define IOVP_WINDOW_RESERVED 2u /* by the tree: never, or mapped to itself */

/** A range of input addresses. */
typedef struct iovp_window {
    uint32_t size;
    uint32_t kind;        /* IOVP_WINDOW_* */
    uint64_t first, last; /* inclusive */
} iovp_window;

/** What holds for all windows of an address space. */
typedef struct iovp_window_info {
    uint32_t size;
    uint32_t state;      /* IOVP_REGIME_* */
    uint64_t page_sizes; /* bit n: 2^n bytes can be one mapping */
    uint64_t alignment;  /* of addresses and sizes: the smallest page */
} iovp_window_info;

/**
 * Where a device may do DMA with a PASID (or IOVP_NO_PASID): ascending,
 * disjoint windows of kind USABLE, two-call rule.  With tables set up they
 * are what the tables' format can translate, else what the IOMMU could; less
 * the reserved regions.  They change when the device is attached, detached or
 * reprogrammed.  `info` may be NULL; it is filled with SPACE, too.  Errors:
 * INVALID (PASID).  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_windows(iovp_device *d, uint32_t pasid,
                                  iovp_window *windows, size_t *count,
                                  iovp_window_info *info);
/** A device's reserved regions, two-call rule: those of the device tree, and
 * the addresses of interrupts, of the hardware or of the context.  A domain
 * maps nothing there for its caller; what the tree wants mapped to itself is,
 * while a domain is attached: see iovp_domain_attach.  Errors: those of every
 * call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_reserved_regions(iovp_device *d, iovp_window *regions,
                                           size_t *count);

/* ---- memory for tables ------------------------------------------------ */

/**
 * Give guest RAM to the library for queues and tables that it keeps itself
 * (contexts, domains, processes); its content is lost.  Page-aligned, in one
 * RAM region, not given before; at most 16 times.  It stays the library's as
 * long as the platform lives.  Errors: INVALID, BUS, LIMIT, RANGE (overlap).
 * OWNER.
 */
IOVP_API iovp_status iovp_memory_donate(iovp_platform *p, uint64_t base,
                                        uint64_t bytes);

/* ---- contexts: the software that owns an IOMMU ------------------------ */

/**
 * A context does for one IOMMU what an operating system's driver or a
 * hypervisor does: it owns its registers, queues and tables, which it keeps
 * in donated memory, and offers the methods that a guest's view of the IOMMU
 * needs: PASIDs, stage 1 tables, invalidation, page faults.  A platform whose
 * guest drives the IOMMU itself needs none.
 */
typedef struct iovp_context iovp_context;
/** An I/O address space whose tables the library keeps: see below. */
typedef struct iovp_domain iovp_domain;

/* iovp_table.type: whose words these are */
#define IOVP_TABLE_SMMUV3_STE 1u /* word[0..1]: of a guest's STE */
#define IOVP_TABLE_SMMUV3_CD  2u /* word[0..7]: a CD */
#define IOVP_TABLE_SMMUV3_S2  3u /* word[0..1]: STE dwords 2, 3: VTCR, TTB */
#define IOVP_TABLE_VTD_FIRST  4u /* word[0]: FLPTPTR; [1]: width; [2]: flags */
#define IOVP_TABLE_VTD_SECOND 5u /* word[0]: SLPTPTR; [1]: AW */

/**
 * Tables that the caller keeps.  Of an STE: Config, S1ContextPtr, S1CDMax,
 * S1Fmt, S1DSS and so on; the flags of VTD_FIRST are SRE, EAFE and WPE in bits
 * 0 to 2.  Fields that software below a guest must not leave to it (ASID,
 * VMID, faults of the host) are ignored.
 */
typedef struct iovp_table {
    uint32_t size;
    uint32_t type; /* IOVP_TABLE_* */
    uint64_t word[8];
    uint64_t reserved[2];
} iovp_table;

/** A stage 1 that a guest owns. */
typedef struct iovp_binding {
    uint32_t size;
    uint32_t flags; /* IOVP_BIND_* */
    iovp_table stage1;
    iovp_domain *stage2; /* nested: what the guest takes for physical
                          * addresses; NULL: no second stage */
} iovp_binding;

#define IOVP_BIND_FAULTS 1u /* recoverable faults, if the device can */

/* iovp_inval.kind */
#define IOVP_INVAL_ALL    0u /* all of the device's translations */
#define IOVP_INVAL_PASID  1u /* translations of one PASID */
#define IOVP_INVAL_RANGE  2u /* of one PASID, first..last */
#define IOVP_INVAL_CONFIG 3u /* the entry of one PASID */
#define IOVP_INVAL_RAW    4u /* a command as the architecture defines it */

/* iovp_inval.raw_type */
#define IOVP_RAW_SMMUV3_COMMAND 1u /* word[0..1] */
#define IOVP_RAW_VTD_DESCRIPTOR 2u /* word[0..3] */

/** An invalidation by a guest. */
typedef struct iovp_inval {
    uint32_t size;
    uint32_t kind;        /* IOVP_INVAL_* */
    uint32_t pasid;       /* or IOVP_NO_PASID; not for ALL and RAW */
    uint32_t leaf;        /* RANGE: 1: no table entry changed, leaves only */
    uint64_t first, last; /* RANGE: inclusive */
    uint32_t raw_type;    /* IOVP_RAW_* */
    uint32_t reserved;
    uint64_t word[4];
} iovp_inval;

/* iovp_fault_record.kind */
#define IOVP_FAULT_STALL         0u /* held by the IOMMU; wants an answer */
#define IOVP_FAULT_PAGE_REQUEST  1u /* PRI; the group wants an answer */
#define IOVP_FAULT_UNRECOVERABLE 2u /* terminated; for information */
#define IOVP_FAULT_LOST          3u /* `lost` records are missing here */

/** A fault that software may answer, or be told of. */
typedef struct iovp_fault_record {
    uint32_t size;
    uint32_t kind;     /* IOVP_FAULT_* */
    uint64_t sequence; /* of this context: 1, 2, 3, ... without gaps but for
                        * what LOST stands for */
    uint64_t cookie;   /* for the answer; 0: none is wanted */
    uint64_t time_ps;
    iovp_device *device; /* NULL: not known by its StreamID */
    uint32_t stream_id;
    uint32_t pasid;  /* or IOVP_NO_PASID */
    uint64_t addr;   /* input address */
    uint64_t ipa;    /* stage 2 faults */
    uint32_t rights; /* IOVP_RIGHT_* that the access wants */
    uint32_t stage;  /* IOVP_STAGE_* that faulted, 0: none */
    uint32_t group;  /* PRI: PRG index; STALL: STAG */
    uint32_t last;   /* 1: last of its group: answer now */
    uint32_t event;  /* architectural code */
    uint32_t lost;   /* LOST: how many */
} iovp_fault_record;

/* Answers to a group of faults. */
#define IOVP_RESPOND_SUCCESS 0u /* resolved: try again */
#define IOVP_RESPOND_INVALID 1u /* cannot be resolved: abort */
#define IOVP_RESPOND_FAILURE 2u /* and no more page requests of this device */

/**
 * The host's say: the library asks before it acts.  IOVP_PASS,
 * or a NULL pointer: the library does it.  IOVP_OK: the host has done it, and
 * the library does not.  Negative: it is refused, and the caller of the
 * method gets this status.  SERVICE.
 */
typedef iovp_status iovp_pasid_alloc_fn(void *ud, uint32_t min, uint32_t max,
                                        uint32_t *pasid);
typedef iovp_status iovp_pasid_free_fn(void *ud, uint32_t pasid);
typedef iovp_status iovp_bind_fn(void *ud, iovp_device *d, uint32_t pasid,
                                 const iovp_binding *binding);
typedef iovp_status iovp_unbind_fn(void *ud, iovp_device *d, uint32_t pasid);
typedef iovp_status iovp_invalidate_fn(void *ud, iovp_device *d,
                                       const iovp_inval *entry);
/** IOVP_OK: answered, with *respond (IOVP_RESPOND_*).  IOVP_PASS: into the
 * fault queue.  SERVICE. */
typedef iovp_status iovp_fault_fn(void *ud, const iovp_fault_record *fault,
                                  uint32_t *respond);

/** The host's say, in all. */
typedef struct iovp_context_ops {
    uint32_t size;
    uint32_t reserved;
    iovp_pasid_alloc_fn *pasid_alloc;
    iovp_pasid_free_fn *pasid_free;
    iovp_bind_fn *bind;
    iovp_unbind_fn *unbind;
    iovp_invalidate_fn *invalidate;
    iovp_fault_fn *fault;
} iovp_context_ops;

/** How to take an IOMMU over. */
typedef struct iovp_context_config {
    uint32_t size;
    uint32_t fault_entries; /* of the fault queue, 1..65536; 0: 256 */
    const char *iommu;      /* node name; NULL: the only one */
    uint64_t fault_timeout; /* picoseconds until a fault that nobody answers is
                             * answered INVALID; in functional mode calls of
                             * iovp_run_until; 0: 10 ms, or 16 calls */
    uint64_t msi_first, msi_last; /* input addresses kept for interrupts; both
                                   * 0: the architecture's custom */
    const iovp_context_ops *ops;  /* copied; NULL: the library does it all */
    iovp_free_fn *free_ud;        /* NULL: none */
    void *ud;                     /* of ops */
} iovp_context_config;

/**
 * Take an IOMMU over: reset it, set up queues and tables, block every stream.
 * In timed mode this takes simulated time, as do all methods.  Errors: BUSY
 * (it has a context, or a guest has enabled it), NOTFOUND, NOMEM (donated
 * memory).  OWNER.
 */
IOVP_API iovp_status iovp_context_create(iovp_context **out, iovp_platform *p,
                                         const iovp_context_config *config);
/** Everything bound or attached is undone, waiting faults are aborted, the
 * IOMMU is disabled and aborts.  Domains and processes of it are destroyed.
 * NULL is ignored.  OWNER. */
IOVP_API void iovp_context_destroy(iovp_context *c);

/**
 * PASIDs are system-wide: one number names one address space in the whole
 * platform.  min 0 counts as 1, as PASID 0 is never given.  Errors: LIMIT
 * (none is free in min..max), INVALID, or the host's.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_context_pasid_alloc(iovp_context *c, uint32_t min,
                                              uint32_t max, uint32_t *pasid);
/** Errors: NOTFOUND (not allocated), BUSY (in use by a process).  OWNER,
 * SERVICE. */
IOVP_API iovp_status iovp_context_pasid_free(iovp_context *c, uint32_t pasid);

/**
 * Give a device, or one PASID of it, a stage 1 that its guest owns.
 * IOVP_TABLE_SMMUV3_STE binds the guest's whole table of PASIDs (`pasid` is
 * IOVP_NO_PASID): with `stage2` the guest's addresses are translated twice,
 * and its PASIDs are its own affair.  IOVP_TABLE_SMMUV3_CD binds one PASID, in
 * a table of the host.  `stage2` has the windows of the device as if it were
 * attached.  Errors: UNSUPPORTED (another architecture's table, or what the
 * IOMMU has not), BUSY (bound or attached), INVALID, RANGE and LIMIT (`stage2`,
 * as iovp_domain_attach), LIMIT (ASIDs), NOMEM, or the host's.  OWNER.
 */
IOVP_API iovp_status iovp_context_bind(iovp_context *c, iovp_device *d,
                                       uint32_t pasid,
                                       const iovp_binding *binding);
/**
 * Undo it.  On return no DMA uses the stage 1 any more: faults of it that
 * wait are aborted, and accesses in flight are over.  Errors: NOTFOUND, or the
 * host's.  OWNER.
 */
IOVP_API iovp_status iovp_context_unbind(iovp_context *c, iovp_device *d,
                                         uint32_t pasid);

/**
 * A guest has invalidated something of its stage 1: carry it out, in order,
 * complete on return.  *count: entries; on return those that were handled,
 * also if one of them failed, but not if another argument was wrong.  0
 * entries ask whether it works at all.  RAW
 * commands have the guest's StreamID and VMID replaced by the device's; those
 * that reach beyond a stage 1 are UNSUPPORTED.  Errors: INVALID, UNSUPPORTED,
 * NOTFOUND (nothing is bound), or the host's.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_context_invalidate(iovp_context *c, iovp_device *d,
                                             const iovp_inval *entries,
                                             size_t *count);

/**
 * The oldest fault of the queue.  A fault is asked for in this order: the
 * process's handler, the host's (iovp_context_ops.fault), then this queue.
 * If the queue is full a fault that wants an answer is answered INVALID, and
 * LOST stands in its place.  Errors: END (there is none).  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_fault_next(iovp_context *c, iovp_fault_record *fault);
/**
 * Answer a fault, or with its last one a group, once.  Errors: NOTFOUND
 * (answered already, timed out, or its device was detached), INVALID.  OWNER,
 * SERVICE.
 */
IOVP_API iovp_status iovp_fault_respond(iovp_context *c, uint64_t cookie,
                                        uint32_t respond);

/** Figures of a context since it was created. */
typedef struct iovp_context_stats {
    uint32_t size;
    uint32_t waiting;       /* faults without an answer now */
    uint64_t reported;      /* faults that wanted an answer */
    uint64_t unrecoverable; /* faults that wanted none */
    uint64_t succeeded;     /* answers of each kind, timeouts included */
    uint64_t invalid;
    uint64_t failed;
    uint64_t timeouts;      /* of invalid: nobody answered in time */
    uint64_t lost;          /* records that the queue had no room for */
    uint64_t invalidations; /* entries handled */
    uint64_t reserved[2];
} iovp_context_stats;

/** Errors: those of every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_context_get_stats(iovp_context *c,
                                            iovp_context_stats *stats);

/* ---- domains: tables that the library keeps --------------------------- */

/* iovp_domain_config.flags */
#define IOVP_DOMAIN_PAGES_ONLY 1u /* no blocks, for measurements */

/** What a domain is to be. */
typedef struct iovp_domain_config {
    uint32_t size;
    uint32_t stage;      /* IOVP_STAGE_1 or IOVP_STAGE_2 */
    uint32_t page_bits;  /* log2 of the granule; 0: the smallest there is */
    uint32_t input_bits; /* 0: the most that the IOMMU can */
    uint32_t flags;      /* IOVP_DOMAIN_* */
    uint32_t reserved;
    const iovp_table *table; /* a table that the caller keeps (it maps and
                              * unmaps there); NULL: the library's */
} iovp_domain_config;

/**
 * An I/O address space with tables of its own.  Errors: UNSUPPORTED (stage,
 * granule or table), INVALID, LIMIT (ASIDs or VMIDs), NOMEM.  OWNER.
 */
IOVP_API iovp_status iovp_domain_create(iovp_domain **out, iovp_context *c,
                                        const iovp_domain_config *config);
/** Detaches it everywhere first.  NULL is ignored; the domain of a process
 * is destroyed with it, not here.  OWNER. */
IOVP_API void iovp_domain_destroy(iovp_domain *m);

/**
 * Translate a device's DMA with a PASID (or IOVP_NO_PASID) by this domain.
 * Without PASID, what the device tree wants mapped to itself for the device,
 * or for one that shares a StreamID, is mapped so for reads and writes, in
 * whole pages, from before the attach to after the last detach: outside of the
 * windows, and not to be unmapped.  A table of the caller is the caller's to
 * write.  iovp_context_bind with the domain as `stage2`, and iovp_sva_bind with
 * NO_PASID do the same.  Errors: BUSY (it has one already), RANGE (a window
 * that was required, or a mapping that exists, lies outside of what the device
 * can use; or what is to be mapped to itself lies outside of the domain's
 * addresses), UNSUPPORTED (PASIDs, or a PASID with stage 2), INVALID, LIMIT
 * (64 windows), NOMEM.  OWNER.
 */
IOVP_API iovp_status iovp_domain_attach(iovp_domain *m, iovp_device *d,
                                        uint32_t pasid);
/** As iovp_context_unbind.  Errors: NOTFOUND.  OWNER. */
IOVP_API iovp_status iovp_domain_detach(iovp_domain *m, iovp_device *d,
                                        uint32_t pasid);

/** Where mappings can be: for every device that is attached, or bound with this
 * domain as `stage2`; two-call rule, as iovp_windows.  Errors: those of every
 * call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_domain_windows(iovp_domain *m, iovp_window *windows,
                                         size_t *count, iovp_window_info *info);
/**
 * Windows that must stay: a later attach that would narrow them fails.  The
 * list replaces the one before; 0 windows: none.  At most 64 (LIMIT).
 * Errors: RANGE (not valid even now).  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_domain_require(iovp_domain *m,
                                         const iovp_window *windows,
                                         size_t count);

/**
 * "About so many bytes of address space, please": reserve `bytes` (rounded up
 * to pages) aligned to `align` (a power of two; 0: the page) in the valid
 * windows, lowest first; nothing is mapped.  Errors: RANGE (there is no such
 * room), INVALID.  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_domain_reserve(iovp_domain *m, uint64_t bytes,
                                         uint64_t align, uint64_t *iova);
/** Give back a reservation, by its address.  Errors: NOTFOUND, BUSY (something
 * is mapped in it).  OWNER, SERVICE. */
IOVP_API iovp_status iovp_domain_unreserve(iovp_domain *m, uint64_t iova);

/* flags of iovp_domain_map */
#define IOVP_MAP_FIXED 1u /* at *iova; else the library picks and tells */

/**
 * Map bytes at `pa` (physical; multiples of the smallest page) with
 * IOVP_RIGHT_*.  FIXED may lie inside a reservation or outside of all.
 * Errors: RANGE (outside the windows, or mapped already), INVALID, NOMEM
 * (donated memory), UNSUPPORTED (a table of the caller), STALE (its process
 * has ended).  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_domain_map(iovp_domain *m, uint32_t flags,
                                     uint64_t *iova, uint64_t pa,
                                     uint64_t bytes, uint32_t rights);
/**
 * Remove every mapping that lies wholly in first..last (0..UINT64_MAX: all).
 * A mapping is what one call of iovp_domain_map made: none is split (RANGE).
 * On return no DMA uses them: the IOTLB and the devices' ATCs are clean.
 * `bytes` (may be NULL) gets how many were unmapped.  Errors: RANGE, INVALID,
 * UNSUPPORTED (a table of the caller).  OWNER, SERVICE.
 */
IOVP_API iovp_status iovp_domain_unmap(iovp_domain *m, uint64_t first,
                                       uint64_t last, uint64_t *bytes);

/* ---- SVA: shared virtual addressing ----------------------------------- */

/** What an operating system calls a process: an address space that devices
 * share by PASID. */
typedef struct iovp_process iovp_process;

/** What a process is to be. */
typedef struct iovp_process_config {
    uint32_t size;
    uint32_t reserved;
    const iovp_table *table; /* a page table that the caller keeps; NULL: the
                              * library keeps one, in iovp_process_domain.
                              * Global pages in it (SMMUv3: nG = 0) would be
                              * seen by every process of the IOMMU */
    iovp_fault_fn *fault;    /* resolves page faults (SERVICE), and is asked
                              * about no others; NULL: the host's handler or
                              * the fault queue does */
    iovp_free_fn *free_ud;   /* NULL: none */
    void *ud;                /* of fault */
} iovp_process_config;

/** Errors: UNSUPPORTED (table), LIMIT, NOMEM.  OWNER. */
IOVP_API iovp_status iovp_process_create(iovp_process **out, iovp_context *c,
                                         const iovp_process_config *config);
/** Exits first, then unbinds every device.  NULL is ignored.  OWNER. */
IOVP_API void iovp_process_destroy(iovp_process *s);

/** The domain with its mappings; not to be attached or destroyed by the
 * caller.  Errors: those of every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_process_domain(iovp_process *s, iovp_domain **domain);
/** The caller has changed its own page table in first..last: on return no
 * device uses what was there before.  Errors: INVALID.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_process_invalidate(iovp_process *s, uint64_t first,
                                             uint64_t last);
/**
 * The process ends: every bound device's exit callback is called, in the
 * order of binding; then its address space translates nothing, and DMA of it
 * is aborted without a record; faults that wait are answered INVALID.  Its
 * domain stays, to unmap what it has; mapping is STALE.  The PASID stays taken
 * until every device is unbound.  Errors: STALE (it has ended).  OWNER.
 */
IOVP_API iovp_status iovp_process_exit(iovp_process *s);

/* iovp_sva_config.flags */
#define IOVP_SVA_NO_PASID  1u /* as the device's ordinary address space */
#define IOVP_SVA_NO_FAULTS 2u /* pages are pinned: a fault is final */

/** The process of this device and PASID has ended: stop its DMA.  SERVICE. */
typedef void iovp_exit_fn(void *ud, iovp_device *d, uint32_t pasid);

/** How a device shares a process's addresses. */
typedef struct iovp_sva_config {
    uint32_t size;
    uint32_t flags;     /* IOVP_SVA_* */
    iovp_exit_fn *exit; /* NULL: none */
    iovp_free_fn *free_ud;
    void *ud;
} iovp_sva_config;

/**
 * Let a device use a process's addresses: *pasid gets the process's PASID, the
 * same for every device and IOMMU, or IOVP_NO_PASID: taken at the first bind
 * that wants one, and kept as long as the process lives.  `config` may be NULL.
 * The device may be behind another IOMMU than the process's context, if that
 * has a context, too.  Devices that share a StreamID share the table of PASIDs:
 * bound to one, the PASID works for all of them, with or without faults.
 * Errors: BUSY (bound already, or its group is, otherwise), UNSUPPORTED (the
 * device has no PASIDs, or faults cannot be recovered and NO_FAULTS is not
 * given: iovp_explain tells why), LIMIT, STALE (the process has ended), NOMEM,
 * or the host's.  OWNER.
 */
IOVP_API iovp_status iovp_sva_bind(iovp_process *s, iovp_device *d,
                                   const iovp_sva_config *config,
                                   uint32_t *pasid);
/**
 * Undo it: DMA in flight completes or is aborted, faults that wait are
 * aborted, and on return nothing uses the address space any more.  Later DMA
 * with the PASID faults.  Errors: NOTFOUND.  OWNER.
 */
IOVP_API iovp_status iovp_sva_unbind(iovp_process *s, iovp_device *d);

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

/** A condition of a feature. */
typedef struct iovp_condition {
    uint32_t size;
    uint32_t state; /* IOVP_CONDITION_* */
    char where[64]; /* node and property, or register field, or structure */
    char what[192]; /* a sentence: what is required and what was found */
} iovp_condition;

/**
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

/** One stream and PASID. */
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

/**
 * One row per (device, StreamID, PASID, space) that was active since the last
 * reset, sorted by these.  Percentiles are exact to 1/32 of their value.  At
 * most 4096 rows are kept; later ones are summed up in a last row with
 * device = ~0.  Two-call rule, each element's `size` set.  Errors: those of
 * every call.  OWNER.
 */
IOVP_API iovp_status iovp_stats(iovp_platform *p, iovp_stream_stats *rows,
                                size_t *count);
/** Begin to count anew.  Errors: those of every call.  OWNER. */
IOVP_API iovp_status iovp_stats_reset(iovp_platform *p);

/* ---- trace ------------------------------------------------------------ */

/** One record, as traces/format.md describes it. */
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
#define IOVP_RECORD_TLP          6u /* a PCIe packet: traces/format.md */

/**
 * Write every record from now on to a file, which is replaced; one at a time
 * per platform.  Errors: BUSY, IO.  OWNER.
 */
IOVP_API iovp_status iovp_trace_start(iovp_platform *p, const char *path);
/** Finish the file.  Errors: INVALID (there is none), IO if any of it could
 * not be written.  OWNER. */
IOVP_API iovp_status iovp_trace_stop(iovp_platform *p);
/** Put a marker with a number of the user's into the trace; without one, do
 * nothing.  Errors: those of every call.  OWNER. */
IOVP_API iovp_status iovp_trace_marker(iovp_platform *p, uint64_t number);

/** Reads a trace from its begin to its end. */
typedef struct iovp_trace_reader iovp_trace_reader;

/** Open a trace; reading needs no platform.  Errors: IO, FORMAT (not a trace).
 * ANY. */
IOVP_API iovp_status iovp_trace_open(iovp_trace_reader **out, const char *path);
/**
 * The next record.  Errors: END after the last one; FORMAT if the file is
 * damaged or ends in the middle of a chunk, and again at every further call;
 * IO if the host cannot read it; NOMEM.  ANY, one thread at a time.
 */
IOVP_API iovp_status iovp_trace_next(iovp_trace_reader *r, iovp_record *out);
/** The compiled device tree of the recorded platform, two-call rule.  Errors:
 * NOTFOUND (the file has none).  ANY, one thread at a time. */
IOVP_API iovp_status iovp_trace_dtb(iovp_trace_reader *r, void *buf,
                                    size_t *bytes);
/** Free a reader; NULL is ignored.  ANY, one thread at a time. */
IOVP_API void iovp_trace_close(iovp_trace_reader *r);

/* ---- initialisers: the size, all else zero or what the lines say -------- */

/* clang-format off */
#define IOVP_ALLOCATOR_INIT \
    {sizeof(iovp_allocator), 0, NULL, NULL, NULL}
#define IOVP_RAM_OPS_INIT \
    {sizeof(iovp_ram_ops), 0, NULL, NULL, NULL}
#define IOVP_PLATFORM_CONFIG_INIT \
    {sizeof(iovp_platform_config), IOVP_MODE_FUNCTIONAL, 0, NULL, NULL, NULL, \
     NULL, {0}}
#define IOVP_NODE_INIT \
    {sizeof(iovp_node), 0, {0}, {0}, {0}, 0, 0}
#define IOVP_IRQ_EVENT_INIT \
    {sizeof(iovp_irq_event), 0, 0, {0}, {0}, 0, 0, 0, 0, 0}
#define IOVP_WORKLOAD_INIT \
    {sizeof(iovp_workload), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, 0}
#define IOVP_DEVICE_INFO_INIT \
    {sizeof(iovp_device_info), 0, {0}, {0}, 0, 0, 0, 0, 0, 0, 0, \
     IOVP_WORKLOAD_INIT, 0, 0, 0, 0}
#define IOVP_COUNTER_INIT \
    {sizeof(iovp_counter), 0, {0}, 0}
#define IOVP_DMA_RESULT_INIT \
    {sizeof(iovp_dma_result), 0, 0, 0, 0, 0, 0}
#define IOVP_ATOMIC_INIT \
    {sizeof(iovp_atomic), 0, 0, 0, {0}, {0}, {0}}
#define IOVP_TRANSFER_CONFIG_INIT \
    {sizeof(iovp_transfer_config), 0, IOVP_NO_PASID, 0, 0, NULL, 0, NULL}
#define IOVP_TRANSLATION_INIT \
    {sizeof(iovp_translation), 0, 0, 0, 0, 0, 0, 0, 0, 0}
#define IOVP_REGIME_TABLE_INIT \
    {sizeof(iovp_regime_table), 0, 0, 0, 0, 0, 0, 0, 0}
#define IOVP_REGIME_INFO_INIT \
    {sizeof(iovp_regime_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     {IOVP_REGIME_TABLE_INIT, IOVP_REGIME_TABLE_INIT, IOVP_REGIME_TABLE_INIT}}
#define IOVP_NOTIFICATION_INIT \
    {sizeof(iovp_notification), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
#define IOVP_NOTIFIER_CONFIG_INIT \
    {sizeof(iovp_notifier_config), IOVP_REGIME_ALL, 0, 0, 0, UINT64_MAX, \
     NULL, NULL, NULL}
#define IOVP_REPLAY_INIT \
    {sizeof(iovp_replay), 0, 0, 0, 0, 0}
#define IOVP_SPACE_INFO_INIT \
    {sizeof(iovp_space_info), 0, 0, 0, 0, 0, 0, 0}
#define IOVP_WINDOW_INIT \
    {sizeof(iovp_window), 0, 0, 0}
#define IOVP_WINDOW_INFO_INIT \
    {sizeof(iovp_window_info), 0, 0, 0}
#define IOVP_TABLE_INIT \
    {sizeof(iovp_table), 0, {0}, {0}}
#define IOVP_BINDING_INIT \
    {sizeof(iovp_binding), 0, IOVP_TABLE_INIT, NULL}
#define IOVP_INVAL_INIT \
    {sizeof(iovp_inval), 0, IOVP_NO_PASID, 0, 0, 0, 0, 0, {0}}
#define IOVP_FAULT_RECORD_INIT \
    {sizeof(iovp_fault_record), 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     0}
#define IOVP_CONTEXT_OPS_INIT \
    {sizeof(iovp_context_ops), 0, NULL, NULL, NULL, NULL, NULL, NULL}
#define IOVP_CONTEXT_CONFIG_INIT \
    {sizeof(iovp_context_config), 0, NULL, 0, 0, 0, NULL, NULL, NULL}
#define IOVP_CONTEXT_STATS_INIT \
    {sizeof(iovp_context_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}}
#define IOVP_DOMAIN_CONFIG_INIT \
    {sizeof(iovp_domain_config), 0, 0, 0, 0, 0, NULL}
#define IOVP_PROCESS_CONFIG_INIT \
    {sizeof(iovp_process_config), 0, NULL, NULL, NULL, NULL}
#define IOVP_SVA_CONFIG_INIT \
    {sizeof(iovp_sva_config), 0, NULL, NULL, NULL}
#define IOVP_CONDITION_INIT \
    {sizeof(iovp_condition), 0, {0}, {0}}
#define IOVP_STREAM_STATS_INIT \
    {sizeof(iovp_stream_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     {0}, {0}, 0, 0, {0}}
#define IOVP_RECORD_INIT \
    {sizeof(iovp_record), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     0, {0}, 0, 0, 0, {0}}
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* The platform behind a handle.  Private to capi/. */
#ifndef IOVP_PLATFORM_H
#define IOVP_PLATFORM_H

#include <stdbool.h>

#include "dma.h"
#include "ports.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PLATFORM_RAM_MAX         64
#define PLATFORM_PLACEHOLDER_MAX 256
#define PLATFORM_SMMU_MAX        16
#define PLATFORM_PCIE_MAX        16
#define PLATFORM_ENGINE_MAX      16
#define PLATFORM_DEVICE_MAX      256
#define PLATFORM_NODE_MAX        4096
#define PLATFORM_NAME            32

struct platform_range {
    uint64_t base;
    uint64_t last;
    char node[PLATFORM_NAME];
};

struct platform_ram {
    struct platform_range range;
    uint8_t *host; /* mapped without reservation: pages appear when touched */
};

struct platform_smmu {
    struct platform *p;
    struct platform_range range;
    uint32_t irq[IOVP_IRQ_LINES];
    bool coherent; /* dma-coherent */
    struct smmuv3_config config;
    struct smmuv3 *core; /* in timed mode it belongs to the SystemC module */
    bool work;           /* queue work is pending (functional mode) */
    bool reports;        /* faults or page requests may be there (contexts) */
};

#define PLATFORM_NO_PCIE UINT32_MAX

/* A PCI Express host bridge; see pcie.h. */
struct platform_pcie {
    struct platform *p;
    struct platform_range ecam;
    struct platform_range window[PLATFORM_PCIE_WINDOWS];
    struct platform_pcie_host desc;
    uint32_t *device;         /* of each function; PLATFORM_NO_PCIE: none */
    struct pcie_inval *inval; /* invalidations on their way */
    struct pcie_root *root;   /* in timed mode the SystemC module's */
    uint64_t due;             /* of pcie_root_work (functional mode) */
    uint64_t pause;           /* the last one of pcie_step */
};

/* The generator of a workload's accesses. */
struct workload {
    iovp_workload w;
    uint64_t issued;
    uint64_t position;
    uint64_t random;
    bool active;
};

struct workload_access {
    uint64_t iova;
    uint32_t bytes;
    uint32_t access; /* IOVP_ACCESS_* */
    bool pasid_valid;
    uint32_t pasid;
};

/* The last space that a device used, and by which attributes. */
struct space_memo {
    struct space *space; /* NULL: none */
    uint32_t stream_id, pasid;
    uint8_t pasid_valid, security;
};

struct platform_device_state {
    struct platform_device desc;
    char name[PLATFORM_NAME];
    char path[128];
    iovp_attrs attrs;    /* what its transactions carry by default */
    struct smmuv3 *core; /* its IOMMU, NULL: none */
    const struct iovp_iommu_ops *iommu; /* what else that can do */
    uint32_t pcie, function; /* its host bridge, or PLATFORM_NO_PCIE, and where
                              * it is in its configuration */
    struct space_memo last_space; /* space.h */
    struct workload workload;
    struct dma_run run; /* of the workload, functional mode */
    bool held;          /* the IOMMU holds it */
};

struct stats_table;
struct timed;
struct transfer;
struct objects;
struct spaces;
struct notifiers;
struct transfers;
struct contexts;
struct pool;

struct platform {
    uint32_t slot, generation; /* of its handle */
    uint32_t mode;
    uint64_t quantum_ps;
    uint64_t run_until_ps; /* what iovp_run_until was asked for last */
    iovp_log_fn *log;
    void *log_ud;
    iovp_allocator allocator; /* alloc.h; no functions: malloc */
    iovp_ram_ops ram_ops;     /* memory.c; no map: mmap */
    iovp_irq_fn *irq;
    iovp_free_fn *irq_free;
    void *irq_ud;
    int in_callback; /* CALLBACK_* */

    void *dtb;
    size_t dtb_bytes;
    iovp_node *nodes;
    size_t node_count;

    struct platform_ram ram[PLATFORM_RAM_MAX];
    uint32_t ram_count, ram_last;
    struct platform_range placeholder[PLATFORM_PLACEHOLDER_MAX];
    uint32_t placeholder_count;
    struct platform_smmu smmu[PLATFORM_SMMU_MAX];
    uint32_t smmu_count;
    struct platform_pcie pcie[PLATFORM_PCIE_MAX];
    uint32_t pcie_count;
    struct platform_engine *engine[PLATFORM_ENGINE_MAX];
    uint32_t engine_count;
    struct platform_file *files; /* pcie_file.c */
    uint64_t pcie_now;  /* virtual time of host bridges (functional mode) */
    uint32_t pcie_done; /* transactions since the last pcie_step began */
    struct platform_device_state device[PLATFORM_DEVICE_MAX];
    uint32_t device_count, next_device;

    struct stats_table *stats;
    struct trace_writer *trace;
    struct timed *timed;
    struct objects *objects;     /* object.h */
    struct spaces *spaces;       /* space.h */
    struct notifiers *notifiers; /* notify.h */
    struct transfers *transfers; /* transfer.h */
    struct contexts *contexts;   /* context.h */
    struct pool *pool;           /* pool.h */
    struct smmuv3_result scratch;
};

/* ---- handles (handle.c) ---------------------------------------------- */

iovp_status handle_register(struct platform *p, iovp_platform **out);
/* Stops the handle being valid; NULL if it is not the caller's. */
struct platform *handle_release(iovp_platform *h);

/* What a callback is, and what a call may be made in: at most this. */
#define CALLBACK_NONE    0
#define CALLBACK_SERVICE 1
#define CALLBACK_SIM     2

#define ENTER_NORMAL   CALLBACK_NONE
#define ENTER_SERVICE  CALLBACK_SERVICE
#define ENTER_CALLBACK CALLBACK_SIM

/* The platform of a handle, checked for thread and re-entry. */
iovp_status handle_enter(iovp_platform *h, int kind, struct platform **out);
iovp_status handle_enter_device(iovp_device *h, int kind, struct platform **out,
                                struct platform_device_state **device);
iovp_platform *handle_platform(const struct platform *p);
iovp_device *handle_device(const struct platform *p, uint32_t index);

/* ---- memory (memory.c) ------------------------------------------------ */

/* Host address of `bytes` at a physical address, NULL if not all RAM. */
uint8_t *memory_at(struct platform *p, uint64_t addr, uint64_t bytes);
/* The RAM region around an address; false: there is none. */
bool memory_window(struct platform *p, uint64_t addr,
                   struct iovp_bus_window *w);
bool memory_is_placeholder(const struct platform *p, uint64_t addr);
struct platform_smmu *memory_smmu_at(struct platform *p, uint64_t addr,
                                     uint32_t width);
/* Make a range that claims nothing that is taken. */
iovp_status memory_range(const struct platform *p, const char *node,
                         uint64_t base, uint64_t size,
                         struct platform_range *r);
void memory_free(struct platform *p);

/* ---- IOMMUs (smmu.c) --------------------------------------------------- */

iovp_status smmu_create_all(struct platform *p);
/* Every IOMMU has its core: tell the devices, or one whose IOMMU changed. */
void smmu_attach_devices(struct platform *p);
void smmu_attach_device(struct platform *p, struct platform_device_state *d);
void smmu_destroy_all(struct platform *p);
/* Queue work of all IOMMUs, to the end; functional mode. */
void smmu_work(struct platform *p);

/* An interrupt towards the user, of a node with this name. */
void platform_irq(struct platform *p, const char *source, iovp_irq_event *e);

/* Interrupts of an IOMMU towards the user, from either mode. */
void smmu_irq(struct platform_smmu *s, enum iovp_irq_line line);
void smmu_sev(struct platform_smmu *s);
/* Software has invalidated something; the IOMMU is busy. */
void smmu_invalidated(struct platform_smmu *s,
                      const struct iovp_invalidation *i);
enum iovp_bus_status smmu_msi(struct platform_smmu *s, uint64_t addr,
                              uint32_t data);

/* ---- devices (device.c, dma.c, workload.c, run.c)
 * ----------------------------- */

/*
 * `a` completed with the device's defaults, for which `room` is there; NULL if
 * it is malformed.
 */
const iovp_attrs *device_attrs(const struct platform_device_state *d,
                               const iovp_attrs *a, iovp_attrs *room);
/* The same with a PASID beside the attributes, which may not contradict. */
const iovp_attrs *device_attrs_pasid(const struct platform_device_state *d,
                                     uint32_t pasid, const iovp_attrs *a,
                                     iovp_attrs *room);
/* iovp_translate with what was checked. */
void device_translate(struct platform *p, struct platform_device_state *d,
                      const iovp_attrs *a, uint64_t iova, uint32_t access,
                      uint32_t flags, iovp_translation *out);
/* A record is complete: trace it and count it. */
void platform_record(struct platform *p, const struct iovp_trace_record *r);

/* NULL if valid, else what is wrong with it. */
const char *workload_check(const iovp_workload *w, uint32_t pasid_bits);
void workload_begin(struct workload *s, const iovp_workload *w);
/* False: all is issued, or it was stopped. */
bool workload_pending(struct workload *s);
bool workload_next(struct workload *s, struct workload_access *a);
/* Attributes of an access of a device's workload. */
void workload_attrs(const struct platform_device_state *d,
                    const struct workload_access *a, iovp_attrs *out);

/* ---- statistics (stats.c) ---------------------------------------------- */

struct stats_table *stats_create(struct platform *p);
void stats_destroy(struct stats_table *t);
void stats_count(struct stats_table *t, const struct iovp_trace_record *r);
void stats_reset(struct stats_table *t);
iovp_status stats_rows(const struct stats_table *t, iovp_stream_stats *rows,
                       size_t *count);

/* The last use of a callback's argument; free_ud may be NULL. */
void platform_free_ud(struct platform *p, iovp_free_fn *free_ud, void *ud);

/* ---- log (error.c) ------------------------------------------------------ */

void platform_log(struct platform *p, uint32_t level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- timed mode (timed.cpp, or timed_off.c without SystemC) -------------- */

int timed_available(void);
iovp_status timed_create(struct platform *p);
void timed_destroy(struct platform *p);
uint64_t timed_now(const struct platform *p);
iovp_status timed_run_until(struct platform *p, uint64_t time_ps,
                            uint32_t *reason);
iovp_status timed_mmio(struct platform *p, struct platform_smmu *s,
                       uint32_t offset, uint32_t width, uint32_t space,
                       bool write, uint64_t *value);
/* One DMA, to its end, that enters at time_ps. */
iovp_status timed_dma(struct platform *p, struct platform_device_state *d,
                      const struct dma_job *job, uint64_t time_ps,
                      iovp_dma_result *r);
/* A transfer begins: a process of its own runs it. */
iovp_status timed_transfer(struct platform *p, struct transfer *t);
/* A device does not wait any longer for what its IOMMU holds. */
void timed_give_up(struct platform *p, const struct platform_device_state *d,
                   uint32_t stall);
/* Let time pass inside a method of the library. */
iovp_status timed_wait(struct platform *p, uint64_t ps);
/* The software's process is in the middle of something: let it finish. */
void timed_settle(struct platform *p);
/* There may be something for contexts_service. */
void timed_notify(struct platform *p);
/* A workload was started or stopped. */
void timed_workload_changed(struct platform *p,
                            struct platform_device_state *d);

#ifdef __cplusplus
}
#endif

#endif

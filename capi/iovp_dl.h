/* SPDX-License-Identifier: MIT */
/*
 * Types of the functions of iovp.h, for programs that load libiovp by dlopen:
 *
 *     iovp_dl_version *version =
 *         (iovp_dl_version *)dlsym(library, "iovp_version");
 *
 * Made from iovp.h by python/gen.py; do not edit.
 */
#ifndef IOVP_DL_H
#define IOVP_DL_H

#include "iovp.h"

/* The library of this header's version. */
#define IOVP_DL_SONAME "libiovp.so.0.2"

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
typedef const char *iovp_dl_strerror(iovp_status status);
typedef uint32_t iovp_dl_version(void);
typedef int iovp_dl_has_systemc(void);
typedef iovp_status iovp_dl_check_abi(uint32_t version, size_t attrs_size,
    size_t dma_result_size, size_t record_size);
typedef const char *iovp_dl_last_error(void);
typedef iovp_status iovp_dl_platform_create(iovp_platform **out,
    const iovp_platform_config *config, const void *dtb, size_t bytes);
typedef iovp_status iovp_dl_platform_create_file(iovp_platform **out,
    const iovp_platform_config *config, const char *path);
typedef void iovp_dl_platform_destroy(iovp_platform *p);
typedef iovp_status iovp_dl_platform_dtb(iovp_platform *p, void *buf,
    size_t *bytes);
typedef iovp_status iovp_dl_nodes(iovp_platform *p, iovp_node *nodes,
    size_t *count);
typedef uint64_t iovp_dl_now(iovp_platform *p);
typedef iovp_status iovp_dl_run_until(iovp_platform *p, uint64_t time_ps,
    uint32_t *reason);
typedef iovp_status iovp_dl_mmio_read(iovp_platform *p, uint64_t addr,
    uint32_t width, uint32_t space, uint64_t *value);
typedef iovp_status iovp_dl_mmio_write(iovp_platform *p, uint64_t addr,
    uint32_t width, uint32_t space, uint64_t value);
typedef iovp_status iovp_dl_mmio_copy(iovp_platform *p, uint64_t addr,
    void *buf, size_t bytes);
typedef iovp_status iovp_dl_mem_read(iovp_platform *p, uint64_t addr,
    void *buf, size_t bytes);
typedef iovp_status iovp_dl_mem_write(iovp_platform *p, uint64_t addr,
    const void *buf, size_t bytes);
typedef iovp_status iovp_dl_irq_handler(iovp_platform *p, iovp_irq_fn *fn,
    iovp_free_fn *free_ud, void *ud);
typedef iovp_status iovp_dl_devices(iovp_platform *p, iovp_device **devices,
    size_t *count);
typedef iovp_status iovp_dl_device_find(iovp_platform *p, const char *name,
    iovp_device **device);
typedef iovp_status iovp_dl_device_get_info(iovp_device *d,
    iovp_device_info *info);
typedef iovp_status iovp_dl_device_streams(iovp_device *d,
    uint32_t *stream_ids, size_t *count);
typedef iovp_status iovp_dl_device_counters(iovp_device *d,
    iovp_counter *counters, size_t *count);
typedef iovp_status iovp_dl_device_unplug(iovp_device *d);
typedef iovp_status iovp_dl_device_plug(iovp_device *d);
typedef iovp_status iovp_dl_workload_start(iovp_device *d,
    const iovp_workload *w);
typedef iovp_status iovp_dl_workload_stop(iovp_device *d);
typedef iovp_status iovp_dl_dma_read(iovp_device *d, uint32_t pasid,
    uint64_t iova, void *buf, size_t bytes, const iovp_attrs *attrs,
    iovp_dma_result *result);
typedef iovp_status iovp_dl_dma_write(iovp_device *d, uint32_t pasid,
    uint64_t iova, const void *buf, size_t bytes, const iovp_attrs *attrs,
    iovp_dma_result *result);
typedef iovp_status iovp_dl_dma_atomic(iovp_device *d, uint32_t pasid,
    uint64_t iova, iovp_atomic *atomic, const iovp_attrs *attrs,
    iovp_dma_result *result);
typedef iovp_status iovp_dl_dma_submit(iovp_transfer **out, iovp_device *d,
    const iovp_transfer_config *config);
typedef iovp_status iovp_dl_dma_poll(iovp_transfer *t,
    iovp_dma_result *result);
typedef void iovp_dl_dma_release(iovp_transfer *t);
typedef iovp_status iovp_dl_dma_replay(iovp_device *d, const iovp_attrs *attrs,
    uint64_t iova, uint32_t bytes, uint32_t access, uint64_t time_ps,
    iovp_dma_result *result);
typedef iovp_status iovp_dl_translate(iovp_device *d, const iovp_attrs *attrs,
    uint64_t iova, uint32_t access, uint32_t flags, iovp_translation *out);
typedef iovp_status iovp_dl_regime_attrs(iovp_device *d, uint32_t *mask);
typedef iovp_status iovp_dl_regime_index(iovp_device *d,
    const iovp_attrs *attrs, uint32_t *index);
typedef iovp_status iovp_dl_regime_count(iovp_device *d, size_t *count);
typedef iovp_status iovp_dl_regime_list(iovp_device *d, uint32_t *indexes,
    size_t *count);
typedef iovp_status iovp_dl_regime_get_info(iovp_device *d, uint32_t index,
    iovp_regime_info *info);
typedef iovp_status iovp_dl_regime_translate(iovp_device *d, uint32_t index,
    const iovp_attrs *attrs, uint64_t iova, uint32_t access, uint32_t flags,
    iovp_translation *out);
typedef iovp_status iovp_dl_notifier_register(iovp_notifier **out,
    iovp_device *d, const iovp_notifier_config *config);
typedef void iovp_dl_notifier_unregister(iovp_notifier *n);
typedef iovp_status iovp_dl_notifier_replay(iovp_notifier *n,
    iovp_replay *replay);
typedef iovp_status iovp_dl_space_get(iovp_space **out, iovp_device *d,
    uint32_t pasid);
typedef void iovp_dl_space_put(iovp_space *s);
typedef iovp_status iovp_dl_space_get_info(iovp_space *s,
    iovp_space_info *info);
typedef iovp_status iovp_dl_space_translate(iovp_space *s, uint64_t iova,
    uint32_t access, iovp_translation *out);
typedef iovp_status iovp_dl_windows(iovp_device *d, uint32_t pasid,
    iovp_window *windows, size_t *count, iovp_window_info *info);
typedef iovp_status iovp_dl_reserved_regions(iovp_device *d,
    iovp_window *regions, size_t *count);
typedef iovp_status iovp_dl_memory_donate(iovp_platform *p, uint64_t base,
    uint64_t bytes);
typedef iovp_status iovp_dl_context_create(iovp_context **out,
    iovp_platform *p, const iovp_context_config *config);
typedef void iovp_dl_context_destroy(iovp_context *c);
typedef iovp_status iovp_dl_context_pasid_alloc(iovp_context *c, uint32_t min,
    uint32_t max, uint32_t *pasid);
typedef iovp_status iovp_dl_context_pasid_free(iovp_context *c,
    uint32_t pasid);
typedef iovp_status iovp_dl_context_bind(iovp_context *c, iovp_device *d,
    uint32_t pasid, const iovp_binding *binding);
typedef iovp_status iovp_dl_context_unbind(iovp_context *c, iovp_device *d,
    uint32_t pasid);
typedef iovp_status iovp_dl_context_invalidate(iovp_context *c, iovp_device *d,
    const iovp_inval *entries, size_t *count);
typedef iovp_status iovp_dl_fault_next(iovp_context *c,
    iovp_fault_record *fault);
typedef iovp_status iovp_dl_fault_respond(iovp_context *c, uint64_t cookie,
    uint32_t respond);
typedef iovp_status iovp_dl_context_get_stats(iovp_context *c,
    iovp_context_stats *stats);
typedef iovp_status iovp_dl_domain_create(iovp_domain **out, iovp_context *c,
    const iovp_domain_config *config);
typedef void iovp_dl_domain_destroy(iovp_domain *m);
typedef iovp_status iovp_dl_domain_attach(iovp_domain *m, iovp_device *d,
    uint32_t pasid);
typedef iovp_status iovp_dl_domain_detach(iovp_domain *m, iovp_device *d,
    uint32_t pasid);
typedef iovp_status iovp_dl_domain_windows(iovp_domain *m,
    iovp_window *windows, size_t *count, iovp_window_info *info);
typedef iovp_status iovp_dl_domain_require(iovp_domain *m,
    const iovp_window *windows, size_t count);
typedef iovp_status iovp_dl_domain_reserve(iovp_domain *m, uint64_t bytes,
    uint64_t align, uint64_t *iova);
typedef iovp_status iovp_dl_domain_unreserve(iovp_domain *m, uint64_t iova);
typedef iovp_status iovp_dl_domain_map(iovp_domain *m, uint32_t flags,
    uint64_t *iova, uint64_t pa, uint64_t bytes, uint32_t rights);
typedef iovp_status iovp_dl_domain_unmap(iovp_domain *m, uint64_t first,
    uint64_t last, uint64_t *bytes);
typedef iovp_status iovp_dl_process_create(iovp_process **out, iovp_context *c,
    const iovp_process_config *config);
typedef void iovp_dl_process_destroy(iovp_process *s);
typedef iovp_status iovp_dl_process_domain(iovp_process *s,
    iovp_domain **domain);
typedef iovp_status iovp_dl_process_invalidate(iovp_process *s, uint64_t first,
    uint64_t last);
typedef iovp_status iovp_dl_process_exit(iovp_process *s);
typedef iovp_status iovp_dl_sva_bind(iovp_process *s, iovp_device *d,
    const iovp_sva_config *config, uint32_t *pasid);
typedef iovp_status iovp_dl_sva_unbind(iovp_process *s, iovp_device *d);
typedef iovp_status iovp_dl_explain(iovp_device *d, uint32_t feature,
    iovp_condition *conditions, size_t *count);
typedef iovp_status iovp_dl_stats(iovp_platform *p, iovp_stream_stats *rows,
    size_t *count);
typedef iovp_status iovp_dl_stats_reset(iovp_platform *p);
typedef iovp_status iovp_dl_trace_start(iovp_platform *p, const char *path);
typedef iovp_status iovp_dl_trace_stop(iovp_platform *p);
typedef iovp_status iovp_dl_trace_marker(iovp_platform *p, uint64_t number);
typedef iovp_status iovp_dl_trace_open(iovp_trace_reader **out,
    const char *path);
typedef iovp_status iovp_dl_trace_next(iovp_trace_reader *r, iovp_record *out);
typedef iovp_status iovp_dl_trace_dtb(iovp_trace_reader *r, void *buf,
    size_t *bytes);
typedef void iovp_dl_trace_close(iovp_trace_reader *r);
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif

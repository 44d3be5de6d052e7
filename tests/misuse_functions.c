/* SPDX-License-Identifier: MIT */
/* Every function, called as it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IOVP_USE_UNSTABLE
#include "../capi/iovp_unstable.h"
#include "capi_soc.h"
#include "misuse_scene.h"
#include "shim.h"

/* What it is, unless it is this: which is right here. */
static iovp_status but(iovp_status fine, iovp_status st)
{
    return st == fine ? IOVP_OK : st;
}

#define CALL(name) \
    static iovp_status call_##name(struct misuse_scene *s, void *h, void *other)
#define UNUSED (void)s, (void)h, (void)other
#define ONE(name, expr) \
    CALL(name)          \
    {                   \
        UNUSED;         \
        return (expr);  \
    }
#define END(name)       \
    CALL(name)          \
    {                   \
        UNUSED;         \
        iovp_##name(h); \
        return IOVP_OK; \
    }

/* ---- without a handle ---------------------------------------------------- */

ONE(strerror,
    strcmp(iovp_strerror(IOVP_OK), "success") ? IOVP_E_INTERNAL : IOVP_OK)

ONE(version, iovp_version() == IOVP_VERSION_NUM ? IOVP_OK : IOVP_E_INTERNAL)

ONE(has_systemc, iovp_has_systemc() & ~1 ? IOVP_E_INTERNAL : IOVP_OK)

ONE(check_abi, iovp_check_abi(IOVP_VERSION_NUM, sizeof(iovp_attrs),
                              sizeof(iovp_dma_result), sizeof(iovp_record)))

ONE(last_error, iovp_last_error() ? IOVP_OK : IOVP_E_INTERNAL)

CALL(platform_create)
{
    iovp_platform *p = NULL;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    iovp_status st = iovp_platform_create(&p, NULL, blob, bytes);

    UNUSED;
    iovp_platform_destroy(p);
    return st;
}

CALL(platform_create_file)
{
    iovp_platform *p = NULL;
    iovp_status st = iovp_platform_create_file(&p, NULL, s->tree);

    UNUSED;
    iovp_platform_destroy(p);
    return st;
}

CALL(trace_open)
{
    iovp_trace_reader *r = NULL;
    iovp_status st = iovp_trace_open(&r, s->trace);

    UNUSED;
    iovp_trace_close(r);
    return st;
}

/* ---- platforms ---------------------------------------------------------- */

ONE(platform_dtb,
    iovp_platform_dtb(h, misuse_word(s, SCENE_OUT), misuse_count(s, SCENE_OUT)))

ONE(nodes, iovp_nodes(h, LIST(s, iovp_node, 32), misuse_count(s, 32)))

CALL(now)
{
    UNUSED;
    CHECK_EQ(0, iovp_now(h));
    return IOVP_OK;
}

ONE(run_until, iovp_run_until(h, 0, WORD(s, uint32_t)))

ONE(mmio_read, iovp_mmio_read(h, 0x9050000, 4, 0, WORD(s, uint64_t)))

ONE(mmio_copy, iovp_mmio_copy(h, 0x9050000, WORD(s, uint64_t), 8))

ONE(mmio_write, iovp_mmio_write(h, SVA_PA(5), 4, 0, 0x5a5a5a5a))

ONE(mem_read, iovp_mem_read(h, SVA_DATA, misuse_word(s, 64), 64))

/* What is there. */
CALL(mem_write)
{
    static const uint8_t zero[64];

    UNUSED;
    return iovp_mem_write(h, SVA_PA(6), zero, sizeof(zero));
}

ONE(irq_handler, iovp_irq_handler(h, NULL, NULL, NULL))

ONE(devices,
    iovp_devices(h, misuse_word(s, 16 * sizeof(void *)), misuse_count(s, 16)))

ONE(device_find, iovp_device_find(h, "raw@a050000", WORD(s, iovp_device *)))

ONE(stats, iovp_stats(h, LIST(s, iovp_stream_stats, 32), misuse_count(s, 32)))

ONE(stats_reset, iovp_stats_reset(h))

ONE(space_get_stats, iovp_space_get_stats(h, OUT(s, iovp_space_stats)))

ONE(memory_donate, iovp_memory_donate(h, SVA_PA(32), SVA_PAGE))

CALL(context_create)
{
    const iovp_context_config c = {.size = sizeof(c), .iommu = "iommu@9070000"};

    UNUSED;
    return iovp_context_create(WORD(s, iovp_context *), h, &c);
}

ONE(trace_start, iovp_trace_start(h, s->record))

ONE(trace_marker, iovp_trace_marker(h, 1))

ONE(trace_stop, iovp_trace_stop(h))

END(platform_destroy)

/* ---- devices ------------------------------------------------------------ */

ONE(device_get_info, iovp_device_get_info(h, OUT(s, iovp_device_info)))

ONE(device_streams,
    iovp_device_streams(h, WORD(s, uint32_t), misuse_count(s, 1)))

ONE(device_counters,
    iovp_device_counters(h, LIST(s, iovp_counter, 32), misuse_count(s, 32)))

/* It is no PCI function. */
ONE(device_unplug, but(IOVP_E_UNSUPPORTED, iovp_device_unplug(h)))

ONE(device_plug, but(IOVP_E_UNSUPPORTED, iovp_device_plug(h)))

CALL(workload_start)
{
    const iovp_workload w = {.size = sizeof(w),
                             .base = SVA_DATA,
                             .window = SVA_PAGE,
                             .bytes = 8,
                             .outstanding = 1,
                             .transfers = 1};

    UNUSED;
    return iovp_workload_start(h, &w);
}

ONE(workload_stop, iovp_workload_stop(h))

ONE(dma_read, iovp_dma_read(h, IOVP_NO_PASID, SCENE_MAPPED, misuse_word(s, 64),
                            64, NULL, OUT(s, iovp_dma_result)))

CALL(dma_write)
{
    uint8_t byte = 9;

    UNUSED;
    return iovp_dma_write(h, IOVP_NO_PASID, SCENE_MAPPED, &byte, 1, NULL,
                          OUT(s, iovp_dma_result));
}

CALL(dma_atomic)
{
    iovp_atomic a = {.size = sizeof(a), .width = 4};

    UNUSED;
    return iovp_dma_atomic(h, IOVP_NO_PASID, SCENE_MAPPED, &a, NULL,
                           OUT(s, iovp_dma_result));
}

ONE(dma_replay, iovp_dma_replay(h, NULL, SCENE_MAPPED, 64, IOVP_ACCESS_WRITE, 0,
                                OUT(s, iovp_dma_result)))

CALL(dma_submit)
{
    const iovp_transfer_config c = {.size = sizeof(c),
                                    .access = IOVP_ACCESS_READ,
                                    .pasid = IOVP_NO_PASID,
                                    .iova = SCENE_MAPPED,
                                    .buf = s->held,
                                    .bytes = 1};

    UNUSED;
    return iovp_dma_submit(WORD(s, iovp_transfer *), h, &c);
}

ONE(translate,
    iovp_translate(h, NULL, SCENE_HOLE, 1, 0, OUT(s, iovp_translation)))

ONE(translate_debug,
    iovp_translate(h, NULL, SCENE_HOLE, 1, IOVP_TRANSLATE_DEBUG,
                   OUT(s, iovp_translation)))

ONE(regime_attrs, iovp_regime_attrs(h, WORD(s, uint32_t)))

ONE(regime_index, iovp_regime_index(h, NULL, WORD(s, uint32_t)))

ONE(regime_count, iovp_regime_count(h, WORD(s, size_t)))

ONE(regime_list, iovp_regime_list(h, misuse_word(s, 64), misuse_count(s, 16)))

ONE(regime_get_info, iovp_regime_get_info(h, 0, OUT(s, iovp_regime_info)))

ONE(regime_translate, iovp_regime_translate(h, 0, NULL, SCENE_HOLE, 1, 0,
                                            OUT(s, iovp_translation)))

ONE(regime_translate_debug,
    iovp_regime_translate(h, 0, NULL, SCENE_HOLE, 1, IOVP_TRANSLATE_DEBUG,
                          OUT(s, iovp_translation)))

static void nobody(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
}

CALL(notifier_register)
{
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;

    UNUSED;
    c.events = IOVP_NOTIFY_MAP;
    c.understands = IOVP_ATTR_ALL;
    c.fn = nobody;
    return iovp_notifier_register(WORD(s, iovp_notifier *), h, &c);
}

CALL(space_get)
{
    iovp_space **out = WORD(s, iovp_space *);
    iovp_status st = iovp_space_get(out, h, IOVP_NO_PASID);

    UNUSED;
    if (!st)
        iovp_space_put(*out);
    return st;
}

ONE(windows, iovp_windows(h, IOVP_NO_PASID, LIST(s, iovp_window, 8),
                          misuse_count(s, 8), OUT(s, iovp_window_info)))

ONE(reserved_regions,
    iovp_reserved_regions(h, LIST(s, iovp_window, 8), misuse_count(s, 8)))

ONE(explain, iovp_explain(h, IOVP_FEATURE_SVA, LIST(s, iovp_condition, 64),
                          misuse_count(s, 64)))

/* ---- other objects ------------------------------------------------------ */

ONE(dma_poll, iovp_dma_poll(h, OUT(s, iovp_dma_result)))

END(dma_release)

CALL(notifier_replay)
{
    iovp_replay r = IOVP_REPLAY_INIT;
    iovp_status st = iovp_notifier_replay(h, &r);

    UNUSED;
    CHECK(!st || (!r.complete && !r.mappings && !r.next));
    return st;
}

END(notifier_unregister)

ONE(space_get_info, iovp_space_get_info(h, OUT(s, iovp_space_info)))

ONE(space_translate,
    iovp_space_translate(h, SCENE_HOLE, 1, OUT(s, iovp_translation)))

END(space_put)

ONE(trace_next, iovp_trace_next(h, OUT(s, iovp_record)))

ONE(trace_dtb,
    iovp_trace_dtb(h, misuse_word(s, SCENE_OUT), misuse_count(s, SCENE_OUT)))

END(trace_close)

/* ---- contexts ----------------------------------------------------------- */

CALL(context_pasid_alloc)
{
    uint32_t *pasid = WORD(s, uint32_t);
    iovp_status st = iovp_context_pasid_alloc(h, 300, 300, pasid);

    UNUSED;
    return st ? st : iovp_context_pasid_free(h, *pasid);
}

CALL(context_pasid_free)
{
    iovp_status st = iovp_context_pasid_free(h, s->free_pasid);

    UNUSED;
    return st ? st
              : iovp_context_pasid_alloc(h, s->free_pasid, s->free_pasid,
                                         WORD(s, uint32_t));
}

CALL(context_bind)
{
    const iovp_binding b = misuse_binding();

    UNUSED;
    return iovp_context_bind(h, other, SCENE_GUEST + 1, &b);
}

ONE(context_unbind, iovp_context_unbind(h, other, SCENE_GUEST))

CALL(context_invalidate)
{
    const iovp_inval e = {.size = sizeof(e), .kind = IOVP_INVAL_ALL};

    UNUSED;
    return iovp_context_invalidate(h, other, &e, misuse_count(s, 1));
}

ONE(context_get_stats, iovp_context_get_stats(h, OUT(s, iovp_context_stats)))

ONE(fault_next, but(IOVP_E_END, iovp_fault_next(h, OUT(s, iovp_fault_record))))

/* The second time it has been answered. */
ONE(fault_respond, but(IOVP_E_NOTFOUND,
                       iovp_fault_respond(h, s->cookie, IOVP_RESPOND_INVALID)))

END(context_destroy)

/* ---- domains ------------------------------------------------------------ */

CALL(domain_create)
{
    const iovp_domain_config c = {.size = sizeof(c), .stage = IOVP_STAGE_1};

    UNUSED;
    return iovp_domain_create(WORD(s, iovp_domain *), h, &c);
}

/* To a device that has another PASID already. */
ONE(domain_attach, iovp_domain_attach(h, other, SCENE_GUEST + 2))

ONE(domain_detach, iovp_domain_detach(h, other, IOVP_NO_PASID))

ONE(domain_windows,
    iovp_domain_windows(h, LIST(s, iovp_window, 8), misuse_count(s, 8),
                        OUT(s, iovp_window_info)))

ONE(domain_require, iovp_domain_require(h, NULL, 0))

CALL(domain_reserve)
{
    uint64_t *at = WORD(s, uint64_t);
    iovp_status st = iovp_domain_reserve(h, SVA_PAGE, 0, at);

    UNUSED;
    return st ? st : iovp_domain_unreserve(h, *at);
}

ONE(domain_unreserve,
    but(IOVP_E_NOTFOUND, iovp_domain_unreserve(h, s->reserved)))

CALL(domain_map)
{
    uint64_t at = SCENE_HOLE;
    iovp_status st =
        iovp_domain_map(h, IOVP_MAP_FIXED, &at, SVA_PA(3), SVA_PAGE, SVA_RW);

    UNUSED;
    return st ? st
              : iovp_domain_unmap(h, SCENE_HOLE, SCENE_HOLE + SVA_PAGE - 1,
                                  NULL);
}

ONE(domain_unmap,
    iovp_domain_unmap(h, SCENE_MAPPED, SCENE_MAPPED + 2 * SVA_PAGE - 1,
                      WORD(s, uint64_t)))

END(domain_destroy)

/* ---- processes ---------------------------------------------------------- */

CALL(process_create)
{
    const iovp_process_config c = IOVP_PROCESS_CONFIG_INIT;

    UNUSED;
    return iovp_process_create(WORD(s, iovp_process *), h, &c);
}

ONE(process_domain, iovp_process_domain(h, WORD(s, iovp_domain *)))

ONE(process_invalidate, iovp_process_invalidate(h, 0, UINT64_MAX))

ONE(process_exit, iovp_process_exit(h))

END(process_destroy)

CALL(sva_bind)
{
    const iovp_sva_config c = {.size = sizeof(c), .flags = IOVP_SVA_NO_FAULTS};

    UNUSED;
    return iovp_sva_bind(h, other, &c, WORD(s, uint32_t));
}

ONE(sva_unbind, iovp_sva_unbind(h, other))

/* ---- the table ---------------------------------------------------------- */

#define ROW(name, from, ...)                                   \
    {                                                          \
        "iovp_" #name, call_##name, {__VA_ARGS__}, from, false \
    }
#define VOID(name, from, kind)                         \
    {                                                  \
        "iovp_" #name, call_##name, {kind}, from, true \
    }

const struct function misuse_functions[] = {
    ROW(strerror, ANY, K_NONE),
    ROW(version, ANY, K_NONE),
    ROW(has_systemc, ANY, K_NONE),
    ROW(check_abi, ANY, K_NONE),
    ROW(last_error, ANY, K_NONE),
    ROW(platform_create, ANY, K_NONE),
    ROW(platform_create_file, ANY, K_NONE),
    ROW(trace_open, ANY, K_NONE),
    ROW(trace_next, ANY, K_READER),
    ROW(trace_dtb, ANY, K_READER),
    ROW(platform_dtb, OWNER, K_PLATFORM),
    ROW(nodes, OWNER, K_PLATFORM),
    VOID(now, SIM, K_PLATFORM),
    ROW(mmio_read, SERVICE, K_PLATFORM),
    ROW(mmio_write, SERVICE, K_PLATFORM),
    ROW(mmio_copy, SERVICE, K_PLATFORM),
    ROW(mem_read, SIM, K_PLATFORM),
    ROW(mem_write, SIM, K_PLATFORM),
    ROW(devices, SERVICE, K_PLATFORM),
    ROW(device_find, SERVICE, K_PLATFORM),
    ROW(stats, OWNER, K_PLATFORM),
    ROW(space_get_stats, SERVICE, K_PLATFORM),
    ROW(memory_donate, OWNER, K_PLATFORM),
    ROW(trace_start, OWNER, K_PLATFORM),
    ROW(trace_marker, OWNER, K_PLATFORM),
    ROW(trace_stop, OWNER, K_PLATFORM),
    ROW(device_get_info, SERVICE, K_DEVICE),
    ROW(device_streams, SERVICE, K_DEVICE),
    ROW(device_counters, SERVICE, K_DEVICE),
    ROW(device_unplug, OWNER, K_DEVICE),
    ROW(device_plug, OWNER, K_DEVICE),
    ROW(workload_start, OWNER, K_RAW),
    ROW(run_until, OWNER, K_PLATFORM),
    ROW(workload_stop, OWNER, K_RAW),
    ROW(dma_read, OWNER, K_DEVICE),
    ROW(dma_write, OWNER, K_DEVICE),
    ROW(dma_atomic, OWNER, K_DEVICE),
    ROW(dma_replay, OWNER, K_DEVICE),
    ROW(dma_submit, OWNER, K_DEVICE),
    ROW(dma_poll, SERVICE, K_TRANSFER),
    ROW(translate, OWNER, K_DEVICE),
    {"iovp_translate", call_translate_debug, {K_DEVICE}, SERVICE, false},
    ROW(regime_attrs, SERVICE, K_DEVICE),
    ROW(regime_index, SERVICE, K_DEVICE),
    ROW(regime_count, SERVICE, K_DEVICE),
    ROW(regime_list, SERVICE, K_DEVICE),
    ROW(regime_get_info, SERVICE, K_DEVICE),
    ROW(regime_translate, OWNER, K_DEVICE),
    {"iovp_regime_translate",
     call_regime_translate_debug,
     {K_DEVICE},
     SERVICE,
     false},
    ROW(notifier_register, OWNER, K_DEVICE),
    ROW(notifier_replay, OWNER, K_NOTIFIER),
    ROW(space_get, SERVICE, K_DEVICE),
    ROW(space_get_info, SERVICE, K_SPACE),
    ROW(space_translate, SERVICE, K_SPACE),
    ROW(windows, SERVICE, K_DEVICE),
    ROW(reserved_regions, SERVICE, K_DEVICE),
    ROW(explain, OWNER, K_DEVICE),
    ROW(context_create, OWNER, K_PLATFORM),
    ROW(context_pasid_alloc, SERVICE, K_CONTEXT),
    ROW(context_pasid_free, SERVICE, K_CONTEXT),
    ROW(context_bind, OWNER, K_CONTEXT, K_RIGID),
    ROW(context_invalidate, SERVICE, K_CONTEXT, K_RIGID),
    ROW(context_unbind, OWNER, K_CONTEXT, K_RIGID),
    ROW(context_get_stats, SERVICE, K_CONTEXT),
    ROW(fault_next, SERVICE, K_CONTEXT),
    ROW(fault_respond, SERVICE, K_CONTEXT),
    ROW(domain_create, OWNER, K_CONTEXT),
    ROW(domain_attach, OWNER, K_DOMAIN, K_RIGID),
    ROW(domain_windows, SERVICE, K_DOMAIN),
    ROW(domain_require, SERVICE, K_DOMAIN),
    ROW(domain_reserve, SERVICE, K_DOMAIN),
    ROW(domain_unreserve, SERVICE, K_DOMAIN),
    ROW(domain_map, SERVICE, K_DOMAIN),
    ROW(domain_unmap, SERVICE, K_DOMAIN),
    ROW(domain_detach, OWNER, K_DOMAIN, K_DEVICE),
    ROW(process_create, OWNER, K_CONTEXT),
    ROW(process_domain, SERVICE, K_PROCESS),
    ROW(process_invalidate, SERVICE, K_PROCESS),
    ROW(sva_bind, OWNER, K_PROCESS, K_RIGID),
    ROW(sva_unbind, OWNER, K_PROCESS, K_NPU),
    ROW(process_exit, OWNER, K_PROCESS),
    ROW(irq_handler, OWNER, K_PLATFORM),
    ROW(stats_reset, OWNER, K_PLATFORM),
    VOID(notifier_unregister, OWNER, K_NOTIFIER),
    VOID(dma_release, OWNER, K_TRANSFER),
    VOID(space_put, SERVICE, K_SPACE),
    VOID(process_destroy, OWNER, K_PROCESS),
    VOID(domain_destroy, OWNER, K_DOMAIN),
    VOID(context_destroy, OWNER, K_CONTEXT),
    VOID(trace_close, ANY, K_READER),
    VOID(platform_destroy, OWNER, K_PLATFORM),
};

const size_t misuse_function_count =
    sizeof(misuse_functions) / sizeof(misuse_functions[0]);

static bool has(const char *(*name_at)(size_t i), const char *name)
{
    for (size_t i = 0; name_at(i); i++)
        if (!strcmp(name_at(i), name))
            return true;
    return false;
}

void misuse_rows_are_complete(const char *symbols,
                              const char *(*name_at)(size_t i))
{
    FILE *f = fopen(symbols, "r");
    char line[128], name[64];
    unsigned n = 0;

    REQUIRE(f);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "iovp_%58s", name + 5) != 1)
            continue;
        memcpy(name, "iovp_", 5);
        n++;
        if (!has(name_at, name))
            shim_fail(__FILE__, __LINE__, "%s: no row", name);
    }
    fclose(f);
    CHECK(n > 80);
}

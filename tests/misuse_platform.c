/* SPDX-License-Identifier: MIT */
/* Wrong arguments of functions about platforms, devices, DMA and traces. */
#include <string.h>

#include "capi_soc.h"
#include "misuse_scene.h"
#include "shim.h"

#define NONE      IOVP_NO_PASID
#define RUN(name) static void run_##name(struct misuse_scene *s)
#define DEV       (s->v.plain)

/* The larger part of a 64-bit number. */
#define HUGE_BYTES (UINT64_MAX - 0xfff)

/* Numbers whose arguments can be anything. */
RUN(nothing)
{
    CHECK(strlen(iovp_strerror(INT32_MIN)) && strlen(iovp_strerror(INT32_MAX)));
    CHECK(s && iovp_last_error());
}

RUN(check_abi)
{
    const size_t a = sizeof(iovp_attrs), d = sizeof(iovp_dma_result),
                 r = sizeof(iovp_record);

    (void)s;
    GIVES(IOVP_E_UNSUPPORTED, iovp_check_abi(UINT32_MAX, a, d, r));
    GIVES(IOVP_E_UNSUPPORTED, iovp_check_abi(IOVP_VERSION_NUM, 0, d, r));
    GIVES(IOVP_E_UNSUPPORTED, iovp_check_abi(IOVP_VERSION_NUM, SIZE_MAX, d, r));
    GIVES(IOVP_E_UNSUPPORTED, iovp_check_abi(IOVP_VERSION_NUM, a, SIZE_MAX, r));
    GIVES(IOVP_E_UNSUPPORTED, iovp_check_abi(IOVP_VERSION_NUM, a, d, SIZE_MAX));
}

static void *host_alloc(void *ud, size_t bytes)
{
    (void)ud;
    (void)bytes;
    return NULL;
}

static void host_release(void *ud, void *block)
{
    (void)ud;
    (void)block;
}

static void host_unmap(void *ud, uint64_t base, uint64_t bytes, void *host)
{
    (void)ud;
    (void)base;
    (void)bytes;
    (void)host;
}

#define CREATE(config) \
    iovp_platform_create(WORD(s, iovp_platform *), config, blob, bytes)

RUN(platform_create_memory)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    iovp_allocator a = IOVP_ALLOCATOR_INIT;
    iovp_ram_ops r = IOVP_RAM_OPS_INIT;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);

    c.allocator = &a;
    a.alloc = host_alloc;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    a.release = host_release;
    GIVES(IOVP_E_NOMEM, CREATE(&c));
    a.reserved = 1;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    a.reserved = 0;
    a.alloc = NULL;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    c.allocator = NULL;
    c.ram = &r;
    r.unmap = host_unmap;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    r.unmap = NULL;
    r.reserved = 1;
    GIVES(IOVP_E_INVALID, CREATE(&c));
}

RUN(platform_create)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    static const uint8_t zeros[64];
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);

    GIVES(IOVP_E_INVALID, iovp_platform_create(NULL, NULL, blob, bytes));
    GIVES(IOVP_E_INVALID,
          iovp_platform_create(WORD(s, iovp_platform *), NULL, NULL, bytes));
    GIVES(IOVP_E_INVALID,
          iovp_platform_create(WORD(s, iovp_platform *), NULL, blob, 0));
    GIVES(IOVP_E_INVALID,
          iovp_platform_create(WORD(s, iovp_platform *), NULL, blob, SIZE_MAX));
    GIVES(IOVP_E_DT,
          iovp_platform_create(WORD(s, iovp_platform *), NULL, zeros, 64));
    c.mode = 2;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    c.mode = 0;
    c.reserved[1] = 1;
    GIVES(IOVP_E_INVALID, CREATE(&c));
    run_platform_create_memory(s);
}

RUN(platform_create_file)
{
    iovp_platform **out;

    GIVES(IOVP_E_INVALID, iovp_platform_create_file(NULL, NULL, s->tree));
    GIVES(IOVP_E_INVALID,
          iovp_platform_create_file(WORD(s, iovp_platform *), NULL, NULL));
    for (unsigned i = 0; i < 3; i++) {
        static const char *const path[] = {"", "/nowhere/x.dtb", "/"};

        GIVES(IOVP_E_IO, (out = WORD(s, iovp_platform *),
                          iovp_platform_create_file(out, NULL, path[i])));
    }
    GIVES(IOVP_E_DT,
          iovp_platform_create_file(WORD(s, iovp_platform *), NULL, s->trace));
}

/* A list; `misuse_word` has no sizes of elements. */
#define ANY_LIST(fn, h)                                                \
    do {                                                               \
        GIVES(IOVP_E_INVALID, fn(h, misuse_word(s, 64), NULL));        \
        GIVES(IOVP_E_INVALID, fn(h, NULL, NULL));                      \
        GIVES(IOVP_E_INVALID, fn(h, NULL, misuse_count(s, 1)));        \
        GIVES(IOVP_E_INVALID, fn(h, NULL, misuse_count(s, SIZE_MAX))); \
        GIVES(IOVP_E_SPACE, fn(h, NULL, misuse_count(s, 0)));          \
        CHECK(s->count);                                               \
    } while (0)

#define PLAIN_LIST(fn, h)                                            \
    do {                                                             \
        size_t have;                                                 \
                                                                     \
        ANY_LIST(fn, h);                                             \
        have = s->count;                                             \
        GIVES(IOVP_E_SPACE,                                          \
              fn(h, misuse_word(s, 64), misuse_count(s, have - 1))); \
        CHECK_EQ(have, s->count);                                    \
    } while (0)

RUN(platform_dtb)
{
    PLAIN_LIST(iovp_platform_dtb, s->v.p);
}

RUN(nodes)
{
    ANY_LIST(iovp_nodes, s->v.p);
}

RUN(devices)
{
    PLAIN_LIST(iovp_devices, s->v.p);
}

RUN(device_streams)
{
    size_t n = 0;

    PLAIN_LIST(iovp_device_streams, DEV);
    /* An empty list needs no room. */
    CHECK_EQ(IOVP_OK, iovp_device_streams(s->v.raw, NULL, &n));
    CHECK_EQ(0, n);
}

RUN(regime_list)
{
    PLAIN_LIST(iovp_regime_list, DEV);
}

RUN(stats)
{
    ANY_LIST(iovp_stats, s->v.p);
}

RUN(reserved_regions)
{
    GIVES(IOVP_E_INVALID,
          iovp_reserved_regions(DEV, LIST(s, iovp_window, 2), NULL));
    GIVES(IOVP_E_INVALID, iovp_reserved_regions(DEV, NULL, misuse_count(s, 1)));
}

RUN(trace_dtb)
{
    PLAIN_LIST(iovp_trace_dtb, s->h[K_READER]);
}

RUN(explain)
{
    GIVES(IOVP_E_INVALID,
          iovp_explain(DEV, IOVP_FEATURE_SVA + 1, LIST(s, iovp_condition, 8),
                       misuse_count(s, 8)));
    GIVES(IOVP_E_INVALID,
          iovp_explain(DEV, UINT32_MAX, NULL, misuse_count(s, 0)));
    for (uint32_t f = 0; f <= IOVP_FEATURE_SVA; f++) {
        GIVES(IOVP_E_INVALID, iovp_explain(DEV, f, NULL, NULL));
        GIVES(IOVP_E_INVALID, iovp_explain(DEV, f, NULL, misuse_count(s, 1)));
        GIVES(IOVP_E_SPACE, iovp_explain(DEV, f, NULL, misuse_count(s, 0)));
    }
}

/* ---- memory and registers ----------------------------------------------- */

#define READ(addr, width, space) \
    iovp_mmio_read(s->v.p, addr, width, space, WORD(s, uint64_t))
#define WRITE(addr, width, space) \
    iovp_mmio_write(s->v.p, addr, width, space, UINT64_MAX)

RUN(mmio_read)
{
    for (uint32_t w = 0; w < 20; w++)
        if (w != 1 && w != 2 && w != 4 && w != 8)
            GIVES(IOVP_E_INVALID, READ(0x9050000, w, 0));
    GIVES(IOVP_E_INVALID, READ(0x9050000, UINT32_MAX, 0));
    GIVES(IOVP_E_INVALID, READ(0x9050000, 4, 4));
    GIVES(IOVP_E_INVALID, READ(0x9050000, 4, UINT32_MAX));
    GIVES(IOVP_E_INVALID, READ(0x9050002, 4, 0));
    GIVES(IOVP_E_INVALID, READ(SVA_DATA + 4, 8, 0));
    GIVES(IOVP_E_INVALID, iovp_mmio_read(s->v.p, 0x9050000, 4, 0, NULL));
    GIVES(IOVP_E_BUS, READ(0, 8, 0));
    GIVES(IOVP_E_BUS, READ(UINT64_MAX - 7, 8, 0));
    GIVES(IOVP_E_BUS, READ(UINT64_MAX, 1, 0));
    GIVES(IOVP_E_BUS, READ(0x9050000, 1, 0));
}

#define COPY(addr, bytes) iovp_mmio_copy(s->v.p, addr, WORD(s, uint64_t), bytes)

RUN(mmio_copy)
{
    GIVES(IOVP_E_INVALID, iovp_mmio_copy(s->v.p, 0x9050000, NULL, 8));
    GIVES(IOVP_E_INVALID, COPY(0x9050000, 0));
    GIVES(IOVP_E_BUS, COPY(0, 8));
    GIVES(IOVP_E_BUS, COPY(SVA_DATA, 8));
    GIVES(IOVP_E_BUS, COPY(0x906fffc, 8));
    GIVES(IOVP_E_BUS, COPY(0x9050000, SIZE_MAX));
    GIVES(IOVP_E_BUS, COPY(UINT64_MAX, 8));
}

RUN(mmio_write)
{
    for (uint32_t w = 0; w < 20; w++)
        if (w != 1 && w != 2 && w != 4 && w != 8)
            GIVES(IOVP_E_INVALID, WRITE(0x9050020, w, 0));
    GIVES(IOVP_E_INVALID, WRITE(0x9050020, 4, 4));
    GIVES(IOVP_E_INVALID, WRITE(0x9050022, 4, 0));
    GIVES(IOVP_E_INVALID, WRITE(SVA_DATA + 1, 2, 0));
    GIVES(IOVP_E_BUS, WRITE(0, 8, 0));
    GIVES(IOVP_E_BUS, WRITE(UINT64_MAX - 7, 8, 0));
    GIVES(IOVP_E_BUS, WRITE(0x9050020, 1, 0));
}

#define RAM_END 0xa0000000u

RUN(mem_read)
{
#define READ_RAM(addr, n) iovp_mem_read(s->v.p, addr, misuse_word(s, 64), n)
    GIVES(IOVP_E_INVALID, iovp_mem_read(s->v.p, SVA_DATA, NULL, 1));
    GIVES(IOVP_E_INVALID, READ_RAM(SVA_DATA, 0));
    GIVES(IOVP_E_BUS, READ_RAM(SVA_RAM - 1, 2));
    GIVES(IOVP_E_BUS, READ_RAM(RAM_END - 1, 2));
    GIVES(IOVP_E_BUS, READ_RAM(SVA_DATA, SIZE_MAX));
    GIVES(IOVP_E_BUS, READ_RAM(UINT64_MAX, 1));
    GIVES(IOVP_E_BUS, READ_RAM(UINT64_MAX, SIZE_MAX));
    GIVES(IOVP_E_BUS, READ_RAM(0x9050000, 4));
}

RUN(mem_write)
{
    static const uint8_t b[64] = {1};

    GIVES(IOVP_E_INVALID, iovp_mem_write(s->v.p, SVA_DATA, NULL, 1));
    GIVES(IOVP_E_INVALID, iovp_mem_write(s->v.p, SVA_DATA, b, 0));
    GIVES(IOVP_E_BUS, iovp_mem_write(s->v.p, RAM_END - 1, b, 2));
    GIVES(IOVP_E_BUS, iovp_mem_write(s->v.p, SVA_DATA, b, SIZE_MAX));
    GIVES(IOVP_E_BUS, iovp_mem_write(s->v.p, UINT64_MAX - 1, b, 4));
    GIVES(IOVP_E_BUS, iovp_mem_write(s->v.p, 0x9050020, b, 4));
}

RUN(memory_donate)
{
    GIVES(IOVP_E_INVALID, iovp_memory_donate(s->v.p, SVA_PA(32), 0));
    GIVES(IOVP_E_INVALID, iovp_memory_donate(s->v.p, SVA_PA(32) + 8, 0x1000));
    GIVES(IOVP_E_INVALID, iovp_memory_donate(s->v.p, SVA_PA(32), 0x1008));
    GIVES(IOVP_E_INVALID, iovp_memory_donate(s->v.p, HUGE_BYTES, 0x2000));
    GIVES(IOVP_E_INVALID, iovp_memory_donate(s->v.p, SVA_RAM, HUGE_BYTES));
    GIVES(IOVP_E_BUS, iovp_memory_donate(s->v.p, 0, 0x1000));
    GIVES(IOVP_E_BUS, iovp_memory_donate(s->v.p, RAM_END - 0x1000, 0x2000));
    GIVES(IOVP_E_BUS, iovp_memory_donate(s->v.p, 0x9050000, 0x1000));
    GIVES(IOVP_E_RANGE, iovp_memory_donate(s->v.p, SVA_RAM, 0x1000));
    GIVES(IOVP_E_RANGE, iovp_memory_donate(s->v.p, SVA_RAM, RAM_END - SVA_RAM));
}

/* ---- devices ------------------------------------------------------------ */

RUN(device_find)
{
    GIVES(IOVP_E_INVALID,
          iovp_device_find(s->v.p, NULL, WORD(s, iovp_device *)));
    GIVES(IOVP_E_INVALID, iovp_device_find(s->v.p, "npu@a000000", NULL));
    GIVES(IOVP_E_NOTFOUND,
          iovp_device_find(s->v.p, "", WORD(s, iovp_device *)));
    GIVES(IOVP_E_NOTFOUND,
          iovp_device_find(s->v.p, "npu", WORD(s, iovp_device *)));
}

RUN(device_get_info)
{
    GIVES(IOVP_E_INVALID, iovp_device_get_info(DEV, NULL));
}

RUN(device_counters)
{
    size_t n = 0;

    /* None, of what is no PCI function: that needs no room. */
    CHECK_EQ(IOVP_OK, iovp_device_counters(DEV, NULL, &n));
    GIVES(IOVP_E_INVALID, iovp_device_counters(DEV, NULL, NULL));
}

RUN(device_unplug)
{
    GIVES(IOVP_E_UNSUPPORTED, iovp_device_unplug(DEV));
}

RUN(device_plug)
{
    GIVES(IOVP_E_UNSUPPORTED, iovp_device_plug(DEV));
}

#define WORKLOAD(field, value)                                    \
    do {                                                          \
        iovp_workload w = good;                                   \
        w.field = (value);                                        \
        GIVES(IOVP_E_INVALID, iovp_workload_start(s->v.raw, &w)); \
    } while (0)

RUN(workload_start)
{
    const iovp_workload good = {.size = sizeof(good),
                                .window = 4096,
                                .bytes = 64,
                                .outstanding = 1,
                                .transfers = 1};

    GIVES(IOVP_E_INVALID, iovp_workload_start(s->v.raw, NULL));
    WORKLOAD(pattern, UINT32_MAX);
    WORKLOAD(pattern, IOVP_PATTERN_STRIDED);
    WORKLOAD(bytes, 0);
    WORKLOAD(bytes, UINT32_MAX);
    WORKLOAD(window, 63);
    WORKLOAD(window, 0);
    WORKLOAD(base, UINT64_MAX);
    WORKLOAD(outstanding, 0);
    WORKLOAD(outstanding, UINT32_MAX);
    WORKLOAD(read_percent, 101);
    WORKLOAD(pasids, 1); /* it has none */
    WORKLOAD(pasids, UINT32_MAX);
    WORKLOAD(reserved, 1);
}

/* ---- traces ------------------------------------------------------------- */

RUN(trace_start)
{
    GIVES(IOVP_E_INVALID, iovp_trace_start(s->v.p, NULL));
    GIVES(IOVP_E_IO, iovp_trace_start(s->v.p, ""));
    GIVES(IOVP_E_IO, iovp_trace_start(s->v.p, "/nowhere/x"));
    GIVES(IOVP_E_IO, iovp_trace_start(s->v.p, "/"));
}

RUN(trace_stop)
{
    GIVES(IOVP_E_INVALID, iovp_trace_stop(s->v.p));
}

RUN(trace_open)
{
    GIVES(IOVP_E_INVALID, iovp_trace_open(NULL, s->trace));
    GIVES(IOVP_E_INVALID, iovp_trace_open(WORD(s, iovp_trace_reader *), NULL));
    GIVES(IOVP_E_IO,
          iovp_trace_open(WORD(s, iovp_trace_reader *), "/nowhere/x"));
    GIVES(IOVP_E_FORMAT,
          iovp_trace_open(WORD(s, iovp_trace_reader *), s->tree));
}

RUN(trace_next)
{
    GIVES(IOVP_E_INVALID, iovp_trace_next(s->h[K_READER], NULL));
}

#define ROW(name)                 \
    {                             \
        "iovp_" #name, run_##name \
    }
/* No argument but handles, or any is right. */
#define FREE(name)                 \
    {                              \
        "iovp_" #name, run_nothing \
    }

const struct misuse misuse_platform[] = {
    FREE(strerror),
    FREE(version),
    FREE(has_systemc),
    FREE(last_error),
    FREE(now),
    FREE(platform_destroy),
    FREE(run_until),
    FREE(irq_handler),
    FREE(workload_stop),
    FREE(dma_release),
    FREE(stats_reset),
    FREE(trace_marker),
    FREE(trace_close),
    ROW(check_abi),
    ROW(platform_create),
    ROW(platform_create_file),
    ROW(platform_dtb),
    ROW(nodes),
    ROW(mmio_read),
    ROW(mmio_write),
    ROW(mmio_copy),
    ROW(mem_read),
    ROW(mem_write),
    ROW(memory_donate),
    ROW(devices),
    ROW(device_find),
    ROW(device_get_info),
    ROW(device_streams),
    ROW(device_counters),
    ROW(device_unplug),
    ROW(device_plug),
    ROW(workload_start),
    ROW(regime_list),
    ROW(reserved_regions),
    ROW(explain),
    ROW(stats),
    ROW(trace_start),
    ROW(trace_stop),
    ROW(trace_open),
    ROW(trace_next),
    ROW(trace_dtb),
};

const size_t misuse_platform_count =
    sizeof(misuse_platform) / sizeof(misuse_platform[0]);

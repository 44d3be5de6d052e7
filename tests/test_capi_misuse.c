/* SPDX-License-Identifier: MIT */
/*
 * The C API used wrongly: handles that are none, threads that own nothing,
 * calls from callbacks.  Each is an error code with a sentence, and changes
 * nothing.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

/* ---- every function that takes a platform or a device ---------------- */

static uint8_t buffer[4096];
static iovp_node nodes[64];
static iovp_stream_stats rows[8];
static char trace_path[256];

static iovp_status call_dtb(void *h)
{
    size_t n = 0;
    iovp_status st = iovp_platform_dtb(h, NULL, &n);

    return st == IOVP_E_SPACE ? IOVP_OK : st;
}

static iovp_status call_nodes(void *h)
{
    size_t n = 64;

    for (size_t i = 0; i < n; i++)
        nodes[i].size = sizeof(nodes[i]);
    return iovp_nodes(h, nodes, &n);
}

static iovp_status call_run_until(void *h)
{
    return iovp_run_until(h, 0, NULL);
}

static iovp_status call_mmio_read(void *h)
{
    uint64_t v;

    return iovp_mmio_read(h, SOC_SMMU, 4, 0, &v);
}

static iovp_status call_mmio_write(void *h)
{
    return iovp_mmio_write(h, SOC_DATA, 4, 0, 0x5a5a5a5a);
}

static iovp_status call_mem_read(void *h)
{
    return iovp_mem_read(h, SOC_DATA, buffer, 64);
}

static iovp_status call_mem_write(void *h)
{
    static const uint8_t other[64] = {1, 2, 3};

    return iovp_mem_write(h, SOC_DATA, other, 64);
}

static iovp_status call_irq_handler(void *h)
{
    return iovp_irq_handler(h, NULL, NULL, NULL);
}

static iovp_status call_devices(void *h)
{
    iovp_device *d[8];
    size_t n = 8;

    return iovp_devices(h, d, &n);
}

static iovp_status call_device_find(void *h)
{
    iovp_device *d;

    return iovp_device_find(h, "raw@a020000", &d);
}

static iovp_status call_stats(void *h)
{
    size_t n = 8;

    for (size_t i = 0; i < n; i++)
        rows[i].size = sizeof(rows[i]);
    return iovp_stats(h, rows, &n);
}

static iovp_status call_stats_reset(void *h)
{
    return iovp_stats_reset(h);
}

static iovp_status call_trace_start(void *h)
{
    return iovp_trace_start(h, trace_path);
}

static iovp_status call_trace_marker(void *h)
{
    return iovp_trace_marker(h, 7);
}

static iovp_status call_trace_stop(void *h)
{
    return iovp_trace_stop(h);
}

static iovp_status call_get_info(void *h)
{
    iovp_device_info i = {.size = sizeof(i)};

    return iovp_device_get_info(h, &i);
}

static iovp_status call_workload_start(void *h)
{
    return iovp_workload_start(h, NULL);
}

static iovp_status call_workload_stop(void *h)
{
    return iovp_workload_stop(h);
}

static iovp_status call_dma_read(void *h)
{
    return iovp_dma_read(h, IOVP_NO_PASID, SOC_DATA, buffer, 64, NULL, NULL);
}

static iovp_status call_dma_write(void *h)
{
    return iovp_dma_write(h, IOVP_NO_PASID, SOC_DATA, buffer, 64, NULL, NULL);
}

static iovp_status call_dma_replay(void *h)
{
    return iovp_dma_replay(h, NULL, SOC_DATA, 64, IOVP_ACCESS_WRITE, 0, NULL);
}

static iovp_status call_translate(void *h)
{
    iovp_translation t = {.size = sizeof(t)};

    return iovp_translate(h, NULL, SOC_DATA, IOVP_ACCESS_READ, 0, &t);
}

static iovp_status call_explain(void *h)
{
    size_t n = 0;
    iovp_status st = iovp_explain(h, IOVP_FEATURE_SVA, NULL, &n);

    return st == IOVP_E_SPACE ? IOVP_OK : st;
}

enum taker { PLATFORM, DEVICE };

static const struct function {
    const char *name;
    iovp_status (*call)(void *handle);
    enum taker takes;
    bool in_callbacks;
} functions[] = {
    {"iovp_platform_dtb", call_dtb, PLATFORM, false},
    {"iovp_nodes", call_nodes, PLATFORM, false},
    {"iovp_run_until", call_run_until, PLATFORM, false},
    {"iovp_mmio_read", call_mmio_read, PLATFORM, false},
    {"iovp_mmio_write", call_mmio_write, PLATFORM, false},
    {"iovp_mem_read", call_mem_read, PLATFORM, true},
    {"iovp_mem_write", call_mem_write, PLATFORM, true},
    {"iovp_irq_handler", call_irq_handler, PLATFORM, false},
    {"iovp_devices", call_devices, PLATFORM, false},
    {"iovp_device_find", call_device_find, PLATFORM, false},
    {"iovp_stats", call_stats, PLATFORM, false},
    {"iovp_trace_start", call_trace_start, PLATFORM, false},
    {"iovp_trace_marker", call_trace_marker, PLATFORM, false},
    {"iovp_trace_stop", call_trace_stop, PLATFORM, false},
    {"iovp_device_get_info", call_get_info, DEVICE, false},
    {"iovp_workload_start", call_workload_start, DEVICE, false},
    {"iovp_workload_stop", call_workload_stop, DEVICE, false},
    {"iovp_dma_read", call_dma_read, DEVICE, false},
    {"iovp_dma_write", call_dma_write, DEVICE, false},
    {"iovp_dma_replay", call_dma_replay, DEVICE, false},
    {"iovp_explain", call_explain, DEVICE, false},
    {"iovp_translate", call_translate, DEVICE, false},
    {"iovp_stats_reset", call_stats_reset, PLATFORM, false},
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static void expect(const struct function *f, void *handle, iovp_status want)
{
    iovp_status got;

    /* A failure of another kind first: the sentence must be a new one. */
    iovp_trace_next(NULL, NULL);
    got = f->call(handle);
    if (got != want)
        shim_fail(__FILE__, __LINE__, "%s(%p): %d (%s), expected %d", f->name,
                  handle, (int)got, iovp_last_error(), (int)want);
    if (want)
        CHECK(strlen(iovp_last_error()) > 0 &&
              !strstr(iovp_last_error(), "iovp_trace_next"));
}

static void expect_all(void *platform, void *device, iovp_status want)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        expect(&functions[i],
               functions[i].takes == PLATFORM ? platform : device, want);
}

/* ---- state that must not change --------------------------------------- */

struct state {
    uint8_t ram[4096];
    iovp_stream_stats row[8];
    size_t rows;
    uint32_t cr0, prod;
};

static void take_state(struct soc *s, struct state *out)
{
    memset(out, 0, sizeof(*out));
    out->rows = 8;
    for (size_t i = 0; i < 8; i++)
        out->row[i].size = sizeof(out->row[i]);
    CHECK_EQ(iovp_mem_read(s->p, SOC_DATA, out->ram, sizeof(out->ram)),
             IOVP_OK);
    CHECK_EQ(iovp_stats(s->p, out->row, &out->rows), IOVP_OK);
    out->cr0 = soc_reg(s, 0x20);
    out->prod = soc_reg(s, 0x100a8);
}

/* One successful and one faulting DMA, so that there is something to lose. */
static bool busy_soc(struct soc *s, struct state *before)
{
    uint64_t v = 0x1122334455667788;

    if (!soc_open(s, IOVP_MODE_FUNCTIONAL, 0))
        return false;
    soc_path(trace_path, sizeof(trace_path), "misuse");
    CHECK_EQ(iovp_dma_write(s->raw, IOVP_NO_PASID, SOC_DATA, &v, 8, NULL, NULL),
             IOVP_OK);
    CHECK_EQ(iovp_dma_write(s->npu, IOVP_NO_PASID, SOC_DATA, &v, 8, NULL, NULL),
             IOVP_OK);
    take_state(s, before);
    CHECK_EQ(before->rows, 2);
    return true;
}

static void unchanged(struct soc *s, const struct state *before)
{
    struct state after;

    take_state(s, &after);
    CHECK_MEM(&after, before, sizeof(after));
    CHECK(access(trace_path, F_OK) != 0);
}

/* ---- handles ----------------------------------------------------------- */

TEST_CASE(Misuse, TheCallsOfThisTestAreRight)
{
    struct soc s;
    struct state before;

    REQUIRE(busy_soc(&s, &before));
    for (size_t i = 0; i < FUNCTIONS; i++)
        expect(&functions[i],
               functions[i].takes == PLATFORM             ? (void *)s.p
               : functions[i].call == call_workload_start ? (void *)s.npu
                                                          : (void *)s.raw,
               IOVP_OK);
    unlink(trace_path);
    soc_close(&s);
}

TEST_CASE(Misuse, NullHandles)
{
    expect_all(NULL, NULL, IOVP_E_HANDLE);
    CHECK_EQ(iovp_now(NULL), 0);
    iovp_platform_destroy(NULL);
    iovp_trace_close(NULL);
}

TEST_CASE(Misuse, PlatformsAndDevicesAreTold)
{
    struct soc s;
    struct state before;

    REQUIRE(busy_soc(&s, &before));
    expect_all(s.npu, s.p, IOVP_E_HANDLE);
    iovp_platform_destroy((void *)s.npu);
    unchanged(&s, &before);
    soc_close(&s);
}

TEST_CASE(Misuse, DestroyedHandles)
{
    struct soc s, other;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    iovp_platform_destroy(s.p);
    expect_all(s.p, s.raw, IOVP_E_HANDLE);
    iovp_platform_destroy(s.p);
    /* the next platform takes the slot that became free */
    REQUIRE(soc_open(&other, IOVP_MODE_FUNCTIONAL, 0));
    CHECK(other.p != s.p);
    expect_all(s.p, s.raw, IOVP_E_HANDLE);
    iovp_platform_destroy(s.p);
    CHECK_EQ(call_mmio_read(other.p), IOVP_OK);
    soc_close(&other);
}

/* Slots are used again and again; no generation is the same as an earlier. */
TEST_CASE(Misuse, ManyGenerations)
{
    enum { N = 200 };
    static iovp_platform *old[N];
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);

    REQUIRE(blob);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(iovp_platform_create(&old[i], NULL, blob, bytes), IOVP_OK);
        for (int k = 0; k < i; k++)
            CHECK(old[k] != old[i]);
        iovp_platform_destroy(old[i]);
        CHECK_EQ(call_devices(old[i]), IOVP_E_HANDLE);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

TEST_CASE(Misuse, GarbageHandles)
{
    struct soc s;
    struct state before;
    uint64_t x = 0x9e3779b97f4a7c15;

    REQUIRE(busy_soc(&s, &before));
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t word = next_random(&x);
        const struct function *f = &functions[i % FUNCTIONS];
        void *h = (void *)(uintptr_t)(i % 4 ? word : word & 0xffff);

        /* A handle needs slot and generation, 32 bits, to be right. */
        if ((uint32_t)word == (uint32_t)(uintptr_t)s.p)
            continue;
        expect(f, h, IOVP_E_HANDLE);
        iovp_platform_destroy(h);
        CHECK_EQ(iovp_trace_next(h, NULL), IOVP_E_HANDLE);
        iovp_trace_close(h);
    }
    /* the right platform, a device that it does not have */
    for (uint64_t i = 4; i; i <<= 1) {
        void *h = (void *)((uintptr_t)s.p | (uintptr_t)i << 32);

        if (i >> 32)
            break;
        expect_all(h, h, IOVP_E_HANDLE);
    }
    unchanged(&s, &before);
    soc_close(&s);
}

/* ---- threads ------------------------------------------------------------ */

struct visit {
    struct soc *s;
    const char *error;
};

static void *visitor(void *ud)
{
    struct visit *v = ud;

    expect_all(v->s->p, v->s->raw, IOVP_E_THREAD);
    CHECK_EQ(iovp_now(v->s->p), 0);
    iovp_platform_destroy(v->s->p);
    v->error = strstr(iovp_last_error(), "thread") ? "thread" : "other";
    return NULL;
}

TEST_CASE(Misuse, OtherThreadsAreRefused)
{
    struct soc s;
    struct state before;
    struct visit v = {&s, ""};
    pthread_t t;

    REQUIRE(busy_soc(&s, &before));
    CHECK_EQ(iovp_trace_next(NULL, NULL), IOVP_E_HANDLE);
    REQUIRE(pthread_create(&t, NULL, visitor, &v) == 0);
    pthread_join(t, NULL);
    CHECK_STR(v.error, "thread");
    /* the sentence is each thread's own */
    CHECK(strstr(iovp_last_error(), "iovp_trace_next"));
    unchanged(&s, &before);
    soc_close(&s);
}

static void *create_and_leave(void *ud)
{
    struct soc *s = ud;

    CHECK(soc_create(s, IOVP_MODE_FUNCTIONAL, 0));
    return NULL;
}

static void *come_after(void *ud)
{
    struct soc *s = ud;

    expect_all(s->p, s->raw, IOVP_E_THREAD);
    return NULL;
}

/* A thread that begins where another ended, memory included, is another. */
TEST_CASE(Misuse, AThreadDoesNotInherit)
{
    size_t bytes = 0;
    struct soc s;

    REQUIRE(soc_tree(&bytes));
    for (int i = 0; i < 4; i++) {
        pthread_t t;

        REQUIRE(pthread_create(&t, NULL, create_and_leave, &s) == 0);
        pthread_join(t, NULL);
        REQUIRE(pthread_create(&t, NULL, come_after, &s) == 0);
        pthread_join(t, NULL);
        expect_all(s.p, s.raw, IOVP_E_THREAD);
    }
}

/* ---- callbacks ----------------------------------------------------------- */

struct inside {
    struct soc *s;
    unsigned calls;
    struct soc *other;
};

static void from_callback(void *ud, const iovp_irq_event *e)
{
    struct inside *in = ud;
    iovp_platform *h = NULL;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);

    CHECK_EQ(e->size, sizeof(*e));
    in->calls++;
    for (size_t i = 0; i < FUNCTIONS; i++)
        expect(&functions[i],
               functions[i].takes == PLATFORM ? (void *)in->s->p
                                              : (void *)in->s->raw,
               functions[i].in_callbacks ? IOVP_OK : IOVP_E_REENTRY);
    CHECK_EQ(iovp_now(in->s->p), 0);
    iovp_platform_destroy(in->s->p);
    /* functions of any thread, and another platform */
    CHECK_STR(iovp_strerror(IOVP_OK), "success");
    CHECK_EQ(iovp_version(), IOVP_VERSION_NUM);
    CHECK_EQ(iovp_platform_create(&h, NULL, blob, bytes), IOVP_OK);
    CHECK_EQ(call_mmio_read(h), IOVP_OK);
    iovp_platform_destroy(h);
    CHECK_EQ(call_mmio_write(in->other->p), IOVP_OK);
}

/* CMD_SYNC with CS = IRQ (4.7.3): an interrupt within a register write. */
static void sync_by_irq(struct soc *s)
{
    s->drv.failed = false;
    uint64_t cmd[2] = {0x46 | 1u << 12, 0};
    uint32_t prod = soc_reg(s, 0x98);

    CHECK_EQ(
        iovp_mem_write(s->p, s->drv.cmdq.base + 16 * (prod & 0xff), cmd, 16),
        IOVP_OK);
    soc_set_reg(s, 0x98, 4, prod + 1);
    CHECK_EQ(soc_reg(s, 0x9c), prod + 1);
}

TEST_CASE(Misuse, Callbacks)
{
    struct soc s, other;
    struct inside in = {&s, 0, &other};
    static const uint8_t seen[3] = {1, 2, 3};
    uint8_t ram[3];
    uint64_t v;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    REQUIRE(soc_open(&other, IOVP_MODE_FUNCTIONAL, 0));
    soc_path(trace_path, sizeof(trace_path), "callback");
    CHECK_EQ(iovp_irq_handler(s.p, from_callback, NULL, &in), IOVP_OK);
    /* from a register write, a DMA and a translation */
    sync_by_irq(&s);
    CHECK_EQ(in.calls, 1);
    CHECK_EQ(iovp_dma_read(s.npu, IOVP_NO_PASID, 0, &v, 8, NULL, NULL),
             IOVP_OK);
    CHECK_EQ(in.calls, 2);
    CHECK_EQ(smmu_events(&s.drv, NULL, NULL), 0);
    expect(&functions[FUNCTIONS - 2], s.npu, IOVP_OK);
    CHECK_EQ(in.calls, 3);
    /* what was refused did nothing, what was allowed did it */
    CHECK(access(trace_path, F_OK) != 0);
    CHECK_EQ(iovp_mem_read(s.p, SOC_DATA, ram, 3), IOVP_OK);
    CHECK_MEM(ram, seen, 3);
    CHECK_EQ(iovp_irq_handler(s.p, NULL, NULL, NULL), IOVP_OK);
    sync_by_irq(&s);
    CHECK_EQ(in.calls, 3);
    soc_close(&s);
    soc_close(&other);
}

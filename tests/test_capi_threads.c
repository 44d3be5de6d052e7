/* SPDX-License-Identifier: MIT */
/*
 * Many threads: platforms beside each other, functions that anyone may call,
 * and calls of the wrong thread while the owner works and destroys.  Results
 * are checked here, data races by ThreadSanitizer (preset tsan).
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "capi_soc.h"
#include "shim.h"

#define THREADS 4
#define ROUNDS  8

static void run_threads(void *(*fn)(void *ud), void *ud, size_t bytes)
{
    pthread_t t[THREADS];
    unsigned i, started;

    for (started = 0; started < THREADS; started++)
        if (pthread_create(&t[started], NULL, fn, (char *)ud + started * bytes))
            break;
    for (i = 0; i < started; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(started, THREADS);
}

/* ---- a platform for each
 * ----------------------------------------------------- */

struct worker {
    uint32_t number;
    uint64_t transfers;
};

static void use(struct soc *s, struct worker *w)
{
    uint64_t want = 0x1000000000000001u * (w->number + 1), got = 0;
    iovp_stream_stats row = IOVP_STREAM_STATS_INIT;
    struct soc_page m;
    size_t rows = 1;

    soc_map_page(s, &m, 0x1000, SOC_PAGE(w->number));
    CHECK_EQ(
        iovp_dma_write(s->disp, IOVP_NO_PASID, 0x1000, &want, 8, NULL, NULL),
        IOVP_OK);
    CHECK_EQ(iovp_mem_read(s->p, SOC_PAGE(w->number), &got, 8), IOVP_OK);
    CHECK_EQ(got, want);
    CHECK_EQ(iovp_dma_read(s->disp, IOVP_NO_PASID, 0x1000, &got, 8, NULL, NULL),
             IOVP_OK);
    CHECK_EQ(got, want);
    CHECK_EQ(iovp_stats(s->p, &row, &rows), IOVP_OK);
    w->transfers += row.transfers;
}

static void *work(void *ud)
{
    struct worker *w = ud;
    struct soc s;
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        if (!soc_open(&s, IOVP_MODE_FUNCTIONAL, 0))
            return NULL;
        use(&s, w);
        soc_close(&s);
    }
    return NULL;
}

TEST_CASE(CapiThreads, PlatformsBesideEachOther)
{
    struct worker w[THREADS] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}};
    size_t bytes;
    unsigned i;

    REQUIRE(soc_tree(&bytes));
    run_threads(work, w, sizeof(w[0]));
    for (i = 0; i < THREADS; i++)
        CHECK_EQ(w[i].transfers, 2 * ROUNDS);
}

/* ---- functions that any thread may call
 * ---------------------------------------- */

static void *any(void *ud)
{
    static const char *const path[2] = {"/nonexistent/a", "/nonexistent/b"};
    unsigned which = *(uint32_t *)ud & 1, i;
    iovp_trace_reader *r = NULL;

    CHECK_STR(iovp_last_error(), "");
    for (i = 0; i < 200; i++) {
        CHECK_EQ(iovp_version(), IOVP_VERSION_NUM);
        CHECK(iovp_has_systemc() >= 0);
        CHECK(iovp_strerror(IOVP_E_THREAD)[0]);
        CHECK_EQ(iovp_trace_open(&r, path[which]), IOVP_E_IO);
        /* Each thread has its own sentence. */
        CHECK(strstr(iovp_last_error(), path[which]));
        CHECK_EQ(iovp_check_abi(0, 0, 0, 0), IOVP_E_UNSUPPORTED);
        CHECK(!strstr(iovp_last_error(), path[which]));
        CHECK_EQ(iovp_mem_read(NULL, 0, &i, 1), IOVP_E_HANDLE);
        CHECK_EQ(iovp_now(NULL), 0);
    }
    return NULL;
}

TEST_CASE(CapiThreads, AnyFunctions)
{
    uint32_t number[THREADS] = {0, 1, 2, 3};

    run_threads(any, number, sizeof(number[0]));
}

/* ---- the wrong thread
 * ------------------------------------------------------------ */

/*
 * Relaxed: what the threads tell each other shall not order what the library
 * does, which would hide its races.
 */
#define get(at) atomic_load_explicit((at), memory_order_relaxed)
#define put(at, value) \
    atomic_store_explicit((at), (value), memory_order_relaxed)
#define count_up(at) atomic_fetch_add_explicit((at), 1, memory_order_relaxed)

struct shared {
    _Atomic(iovp_platform *) platform;
    _Atomic(iovp_device *) device;
    atomic_bool stop;
    atomic_uint thread, handle, other, rounds;
};

static void count(struct shared *s, iovp_status st)
{
    if (st == IOVP_E_THREAD)
        count_up(&s->thread);
    else if (st == IOVP_E_HANDLE)
        count_up(&s->handle);
    else
        count_up(&s->other);
}

static void *intrude(void *ud)
{
    struct shared *s = ud;
    uint8_t buf[8] = {0};

    while (!get(&s->stop)) {
        iovp_platform *p = get(&s->platform);
        iovp_device *d = get(&s->device);
        iovp_device_info info = IOVP_DEVICE_INFO_INIT;
        size_t n = 0;

        count(s, iovp_mem_write(p, SOC_DATA, buf, 8));
        count(s, iovp_nodes(p, NULL, &n));
        count(s, iovp_run_until(p, 1, NULL));
        count(s,
              iovp_dma_write(d, IOVP_NO_PASID, SOC_DATA, buf, 8, NULL, NULL));
        count(s, iovp_device_get_info(d, &info));
        CHECK_EQ(iovp_now(p), 0);
        iovp_platform_destroy(p); /* ignored */
        count_up(&s->rounds);
        sched_yield();
    }
    return NULL;
}

/* Until each of the others had a chance to see this platform. */
static void let_them(struct shared *s)
{
    unsigned from = get(&s->rounds);

    while (get(&s->rounds) - from < 2 * THREADS)
        sched_yield();
}

static void own(struct shared *s)
{
    uint64_t want = 0x1122334455667788u, got = 0;
    struct soc soc;

    if (!soc_create(&soc, IOVP_MODE_FUNCTIONAL, 0))
        return;
    put(&s->platform, soc.p);
    put(&s->device, soc.raw);
    CHECK_EQ(
        iovp_dma_write(soc.raw, IOVP_NO_PASID, SOC_DATA, &want, 8, NULL, NULL),
        IOVP_OK);
    let_them(s);
    /* Still there, and nobody else has written. */
    CHECK_EQ(iovp_mem_read(soc.p, SOC_DATA, &got, 8), IOVP_OK);
    CHECK_EQ(got, want);
    soc_close(&soc);
    let_them(s);
}

TEST_CASE(CapiThreads, WrongThreadWhileTheOwnerWorks)
{
    static struct shared s;
    pthread_t t[THREADS];
    unsigned i, started;
    size_t bytes;

    REQUIRE(soc_tree(&bytes));
    for (started = 0; started < THREADS; started++)
        if (pthread_create(&t[started], NULL, intrude, &s))
            break;
    for (i = 0; i < ROUNDS && started == THREADS; i++)
        own(&s);
    put(&s.stop, true);
    for (i = 0; i < started; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(started, THREADS);
    CHECK_EQ(get(&s.other), 0);
    CHECK(get(&s.thread) > 0);
    CHECK(get(&s.handle) > 0);
}

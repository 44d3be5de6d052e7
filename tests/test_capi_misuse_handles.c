/* SPDX-License-Identifier: MIT */
/* Every function with handles that are wrong, and from a wrong thread. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "capi_soc.h"
#include "misuse_scene.h"
#include "shim.h"

static struct misuse_scene scene;

static const char *name_at(size_t i)
{
    return i < misuse_function_count ? misuse_functions[i].name : NULL;
}

TEST_CASE(MisuseHandles, EveryFunctionHasARow)
{
    misuse_rows_are_complete(IOVP_SOURCE_DIR "/capi/symbols", name_at);
}

/* Readers are numbered apart: none is ever equal to a platform's handle.  It
 * comes first, as long as a reader's number is a small one. */
TEST_CASE(MisuseHandles, ReadersAreNoPlatforms)
{
    const uintptr_t number = UINT64_MAX >> 1;
    struct misuse_scene *s = &scene;
    uintptr_t reader;
    bool met = false;
    size_t bytes;
    void *blob;

    REQUIRE(soc_compile("/dts-v1/; / { };\n", &blob, &bytes));
    REQUIRE(misuse_open(s));
    reader = (uintptr_t)s->h[K_READER];
    for (unsigned i = 0; i < 4096 && !met; i++) {
        iovp_platform *p = NULL;

        CHECK_EQ(IOVP_OK, iovp_platform_create(&p, NULL, blob, bytes));
        CHECK((uintptr_t)p != reader);
        met = (uintptr_t)p == (reader & number);
        if (met)
            GIVES(IOVP_E_HANDLE,
                  iovp_run_until(s->h[K_READER], 0, WORD(s, uint32_t)));
        iovp_platform_destroy(p);
    }
    CHECK(met);
    misuse_close(s);
    free(blob);
}

static void expect(struct misuse_scene *s, const struct function *f, void *h,
                   void *other, iovp_status want)
{
    misuse_poison(s);
    misuse_expect(s, f->silent ? IOVP_OK : want, f->call(s, h, other), f->name,
                  __FILE__, __LINE__);
}

TEST_CASE(MisuseHandles, TheCallsOfThisTestAreRight)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < misuse_function_count; i++) {
        const struct function *f = &misuse_functions[i];

        expect(s, f, s->h[f->takes[0]], s->h[f->takes[1]], IOVP_OK);
    }
    misuse_close(s);
}

/* With something wrong in one place, and all else right. */
static void each_place(struct misuse_scene *s, const struct function *f,
                       void *wrong, iovp_status want)
{
    expect(s, f, wrong, s->h[f->takes[1]], want);
    if (f->takes[1])
        expect(s, f, s->h[f->takes[0]], wrong, want);
}

static void none(struct misuse_scene *s, const struct function *f)
{
    each_place(s, f, NULL, IOVP_E_HANDLE);
}

static void dead(struct misuse_scene *s, const struct function *f)
{
    for (enum kind k = K_PLATFORM; k <= K_READER; k++)
        each_place(s, f, s->dead[k], IOVP_E_HANDLE);
}

static void wrong_kind(struct misuse_scene *s, const struct function *f)
{
    for (enum kind k = K_PLATFORM; k < KINDS; k++) {
        if (misuse_class(k) != misuse_class(f->takes[0]))
            expect(s, f, s->h[k], s->h[f->takes[1]], IOVP_E_HANDLE);
        if (f->takes[1] && misuse_class(k) != K_DEVICE)
            expect(s, f, s->h[f->takes[0]], s->h[k], IOVP_E_HANDLE);
    }
}

/* A bit of a right handle is wrong. */
static void altered(struct misuse_scene *s, const struct function *f)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        uintptr_t word = (uintptr_t)s->h[f->takes[0]] ^ (uintptr_t)1 << bit;

        /* Another of these: as good as this. */
        if (f->takes[0] != K_PLATFORM && bit >= 24 && bit < 44)
            continue;
        expect(s, f, (void *)word, s->h[f->takes[1]], IOVP_E_HANDLE);
    }
}

static void each_function(void (*fn)(struct misuse_scene *s,
                                     const struct function *f))
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < misuse_function_count; i++) {
        struct state *before;

        if (!misuse_functions[i].takes[0])
            continue;
        before = misuse_take(s);
        fn(s, &misuse_functions[i]);
        misuse_same(before, misuse_take(s), misuse_functions[i].name);
    }
    misuse_close(s);
}

TEST_CASE(MisuseHandles, Null)
{
    each_function(none);
}

TEST_CASE(MisuseHandles, Destroyed)
{
    each_function(dead);
}

TEST_CASE(MisuseHandles, OfAnotherKind)
{
    each_function(wrong_kind);
}

TEST_CASE(MisuseHandles, OneBitIsWrong)
{
    each_function(altered);
}

/* Objects die with what they are made from. */
TEST_CASE(MisuseHandles, OfADestroyedPlatform)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    iovp_platform_destroy(s->v.p);
    for (size_t i = 0; i < misuse_function_count; i++) {
        const struct function *f = &misuse_functions[i];

        if (f->takes[0] && f->takes[0] != K_READER)
            expect(s, f, s->h[f->takes[0]], s->h[f->takes[1]], IOVP_E_HANDLE);
    }
    misuse_close(s);
}

TEST_CASE(MisuseHandles, OfADestroyedContext)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    iovp_context_destroy(s->v.c);
    for (size_t i = 0; i < misuse_function_count; i++) {
        const struct function *f = &misuse_functions[i];

        if (f->takes[0] == K_CONTEXT || f->takes[0] == K_DOMAIN ||
            f->takes[0] == K_PROCESS)
            expect(s, f, s->h[f->takes[0]], s->h[f->takes[1]], IOVP_E_HANDLE);
    }
    misuse_close(s);
}

/* ---- of another platform ------------------------------------------------- */

TEST_CASE(MisuseHandles, Foreign)
{
    static struct misuse_scene there;
    iovp_binding binding = misuse_binding();
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    REQUIRE(misuse_open(&there));
    for (size_t i = 0; i < misuse_function_count; i++) {
        const struct function *f = &misuse_functions[i];
        struct state *a, *b;

        if (!f->takes[1])
            continue;
        a = misuse_take(s);
        b = misuse_take(&there);
        expect(s, f, s->h[f->takes[0]], there.h[f->takes[1]], IOVP_E_INVALID);
        expect(s, f, there.h[f->takes[0]], s->h[f->takes[1]], IOVP_E_INVALID);
        misuse_same(a, misuse_take(s), f->name);
        misuse_same(b, misuse_take(&there), f->name);
    }
    binding.stage2 = there.h[K_DOMAIN];
    GIVES(IOVP_E_INVALID,
          iovp_context_bind(s->v.c, s->v.rigid, SCENE_GUEST + 1, &binding));
    misuse_close(&there);
    misuse_close(s);
}

static void *create_and_leave(void *ud)
{
    struct soc *other = ud;

    CHECK(soc_create(other, IOVP_MODE_FUNCTIONAL, 0));
    return NULL;
}

TEST_CASE(MisuseHandles, ForeignAndOfAnotherThread)
{
    struct misuse_scene *s = &scene;
    struct state *before;
    struct soc other;
    pthread_t t;

    REQUIRE(misuse_open(s));
    REQUIRE(!pthread_create(&t, NULL, create_and_leave, &other));
    pthread_join(t, NULL);
    before = misuse_take(s);
    for (size_t i = 0; i < misuse_function_count; i++)
        if (misuse_functions[i].takes[1])
            expect(s, &misuse_functions[i], s->h[misuse_functions[i].takes[0]],
                   other.npu, IOVP_E_THREAD);
    misuse_same(before, misuse_take(s), "device of another thread");
    misuse_close(s);
}

/* ---- threads ------------------------------------------------------------ */

static void *visit(void *ud)
{
    struct misuse_scene *s = ud;

    for (size_t i = 0; i < misuse_function_count; i++) {
        const struct function *f = &misuse_functions[i];

        /* The reader is left for the owner. */
        if (f->from == ANY && f->takes[0])
            continue;
        expect(s, f, s->h[f->takes[0]], s->h[f->takes[1]],
               f->from == ANY ? IOVP_OK : IOVP_E_THREAD);
    }
    return NULL;
}

TEST_CASE(MisuseHandles, OfAnotherThread)
{
    struct misuse_scene *s = &scene;
    struct state *before;
    pthread_t t;

    REQUIRE(misuse_open(s));
    before = misuse_take(s);
    REQUIRE(!pthread_create(&t, NULL, visit, s));
    pthread_join(t, NULL);
    misuse_same(before, misuse_take(s), "a thread that owns nothing");
    misuse_close(s);
}

/* A reader may go from thread to thread. */
static void *read_on(void *ud)
{
    struct misuse_scene *s = ud;
    iovp_record r = IOVP_RECORD_INIT;

    CHECK_EQ(IOVP_OK, iovp_trace_next(s->h[K_READER], &r));
    CHECK_EQ(1, r.iova);
    return NULL;
}

TEST_CASE(MisuseHandles, ReadersHaveNoOwner)
{
    struct misuse_scene *s = &scene;
    iovp_record r = IOVP_RECORD_INIT;
    pthread_t t;

    REQUIRE(misuse_open(s));
    CHECK_EQ(IOVP_OK, iovp_trace_next(s->h[K_READER], &r));
    CHECK_EQ(0, r.iova);
    REQUIRE(!pthread_create(&t, NULL, read_on, s));
    pthread_join(t, NULL);
    misuse_close(s);
}

/* ---- the state itself --------------------------------------------------- */

/* What was not changed works: the queue, the transfer, the workload, DMA. */
TEST_CASE(MisuseHandles, AllOfItStillWorks)
{
    iovp_fault_record r = {.size = sizeof(r)};
    iovp_record record = IOVP_RECORD_INIT;
    struct misuse_scene *s = &scene;
    unsigned n = 0;

    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < misuse_function_count; i++)
        if (misuse_functions[i].takes[0])
            none(s, &misuse_functions[i]), dead(s, &misuse_functions[i]);
    CHECK_EQ(IOVP_OK, iovp_fault_next(s->v.c, &r));
    CHECK_EQ(2, r.sequence);
    CHECK_EQ(IOVP_FAULT_UNRECOVERABLE, r.kind);
    CHECK_EQ(IOVP_E_END, iovp_fault_next(s->v.c, &r));
    CHECK_EQ(IOVP_DMA_OK, sva_see(s->v.plain, IOVP_NO_PASID, SCENE_MAPPED, 1));
    sva_map(&s->v, s->h[K_PROCESS], SCENE_HOLE, 4, 7);
    CHECK_EQ(IOVP_OK,
             iovp_fault_respond(s->v.c, s->cookie, IOVP_RESPOND_SUCCESS));
    CHECK_EQ(IOVP_DMA_OK, sva_poll(s->h[K_TRANSFER]));
    CHECK_EQ(7, s->held[0]);
    misuse_runs(s);
    while (!iovp_trace_next(s->h[K_READER], &record))
        CHECK_EQ(n++, record.iova);
    CHECK_EQ(SCENE_MARKS, n);
    CHECK_EQ(SCENE_GUEST, 7);
    CHECK_EQ(IOVP_OK, iovp_context_unbind(s->v.c, s->v.rigid, SCENE_GUEST));
    misuse_close(s);
}

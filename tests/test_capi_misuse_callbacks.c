/* SPDX-License-Identifier: MIT */
/*
 * Every function from inside every callback.  What a callback must not call
 * answers REENTRY, and the scene ends like another one in which nobody tried;
 * what it may call works.
 */
#include <string.h>

#include "misuse_scene.h"
#include "shim.h"

static struct misuse_scene tried, quiet;

/* ---- what makes a callback come ----------------------------------------- */

static void fault(iovp_device *d, uint32_t pasid)
{
    uint8_t byte;

    CHECK(sva_read(d, pasid, SCENE_HOLE, &byte).status != IOVP_DMA_OK);
}

static void to_irq(struct misuse_scene *s)
{
    fault(s->v.plain, IOVP_NO_PASID);
}

static void to_notify(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_domain_unmap(s->h[K_DOMAIN], SCENE_MAPPED,
                                        SCENE_MAPPED + SVA_PAGE - 1, NULL));
}

/* A PASID that the host does not take back. */
static void to_log(struct misuse_scene *s)
{
    s->refuse = true;
    CHECK_EQ(IOVP_OK, iovp_process_exit(s->h[K_PROCESS]));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s->h[K_PROCESS], s->v.npu));
    s->refuse = false;
}

static void to_alloc(struct misuse_scene *s)
{
    uint64_t at = SCENE_HOLE;

    CHECK_EQ(IOVP_OK, iovp_domain_map(s->h[K_DOMAIN], IOVP_MAP_FIXED, &at,
                                      SVA_PA(4), SVA_PAGE, SVA_RW));
}

static void to_free_irq(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_irq_handler(s->v.p, NULL, NULL, NULL));
}

static void to_free_notifier(struct misuse_scene *s)
{
    iovp_notifier_unregister(s->h[K_NOTIFIER]);
}

static void to_free_process(struct misuse_scene *s)
{
    iovp_process_destroy(s->h[K_PROCESS]);
}

static void to_unbind_process(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s->h[K_PROCESS], s->v.npu));
}

static void to_free_context(struct misuse_scene *s)
{
    iovp_context_destroy(s->v.c);
}

static void to_pasid_alloc(struct misuse_scene *s)
{
    uint32_t pasid = 0;

    CHECK_EQ(IOVP_OK, iovp_context_pasid_alloc(s->v.c, 400, 400, &pasid));
    CHECK_EQ(400, pasid);
}

static void to_pasid_free(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_context_pasid_free(s->v.c, s->free_pasid));
}

static void to_bind(struct misuse_scene *s)
{
    const iovp_binding b = misuse_binding();

    CHECK_EQ(IOVP_OK,
             iovp_context_bind(s->v.c, s->v.rigid, SCENE_GUEST + 1, &b));
}

static void to_unbind(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_context_unbind(s->v.c, s->v.rigid, SCENE_GUEST));
}

static void to_invalidate(struct misuse_scene *s)
{
    const iovp_inval e = {.size = sizeof(e), .kind = IOVP_INVAL_ALL};
    size_t n = 1;

    CHECK_EQ(IOVP_OK, iovp_context_invalidate(s->v.c, s->v.rigid, &e, &n));
    CHECK_EQ(1, n);
}

static void to_fault(struct misuse_scene *s)
{
    fault(s->v.npu, s->pasid);
}

static void to_exit(struct misuse_scene *s)
{
    CHECK_EQ(IOVP_OK, iovp_process_exit(s->h[K_PROCESS]));
}

#define BIT(k) (1u << (k))

static const struct cause {
    enum callback cb;
    const char *name;
    void (*run)(struct misuse_scene *s);
    uint32_t gone; /* kinds of objects that are no more when it comes */
} causes[] = {
    {CB_IRQ, "irq handler", to_irq, 0},
    {CB_NOTIFY, "notifier", to_notify, 0},
    {CB_LOG, "log", to_log, 0},
    {CB_ALLOC, "alloc", to_alloc, 0},
    {CB_RELEASE, "release", to_notify, 0},
    {CB_FREE_IRQ, "free_ud of irq", to_free_irq, 0},
    {CB_FREE_NOTIFIER, "free_ud of notifier", to_free_notifier,
     BIT(K_NOTIFIER)},
    {CB_FREE_PROCESS, "free_ud of process", to_free_process, BIT(K_PROCESS)},
    {CB_FREE_BOND, "free_ud of bond", to_unbind_process, 0},
    {CB_FREE_CONTEXT, "free_ud of context", to_free_context,
     BIT(K_CONTEXT) | BIT(K_DOMAIN) | BIT(K_PROCESS)},
    {CB_PASID_ALLOC, "pasid_alloc", to_pasid_alloc, 0},
    {CB_PASID_FREE, "pasid_free", to_pasid_free, 0},
    {CB_BIND, "bind", to_bind, 0},
    {CB_UNBIND, "unbind", to_unbind, 0},
    {CB_INVALIDATE, "invalidate", to_invalidate, 0},
    {CB_FAULT, "fault handler of host", to_fault, 0},
    {CB_PROCESS_FAULT, "fault handler of process", to_fault, 0},
    {CB_EXIT, "exit", to_exit, 0},
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

static const struct cause *cause;

TEST_CASE(MisuseCallbacks, EveryCallbackHasARow)
{
    uint32_t seen = BIT(CB_NONE);

    for (size_t i = 0; i < CAUSES; i++)
        seen |= BIT(causes[i].cb);
    CHECK_EQ(BIT(CALLBACKS) - 1, seen);
}

/* ---- what is called there ----------------------------------------------- */

static void call(struct misuse_scene *s, const struct function *f,
                 iovp_status want)
{
    char name[128];

    if (f->takes[0] && (cause->gone & BIT(f->takes[0])))
        want = IOVP_E_HANDLE;
    strcpy(name, f->name);
    strcat(name, " in ");
    strcat(name, cause->name);
    misuse_poison(s);
    misuse_expect(s, f->silent ? IOVP_OK : want,
                  f->call(s, s->h[f->takes[0]], s->h[f->takes[1]]), name,
                  __FILE__, __LINE__);
}

static bool allowed(const struct function *f, bool service)
{
    return f->from >= (service ? SERVICE : SIM);
}

/* The reader is not the platform's. */
static bool of_reader(const struct function *f)
{
    return f->takes[0] == K_READER;
}

static void try_forbidden(struct misuse_scene *s, bool service)
{
    for (size_t i = 0; i < misuse_function_count; i++)
        if (!allowed(&misuse_functions[i], service))
            call(s, &misuse_functions[i], IOVP_E_REENTRY);
}

static void try_allowed(struct misuse_scene *s, bool service)
{
    for (size_t i = 0; i < misuse_function_count; i++)
        if (allowed(&misuse_functions[i], service))
            call(s, &misuse_functions[i], IOVP_OK);
}

static void run(struct misuse_scene *s,
                void (*inside)(struct misuse_scene *s, bool service))
{
    s->inside = inside;
    s->armed = inside ? cause->cb : CB_NONE;
    cause->run(s);
    if (s->armed)
        shim_fail(__FILE__, __LINE__, "%s: it never came", cause->name);
    s->armed = CB_NONE;
}

TEST_CASE(MisuseCallbacks, WhatIsForbiddenDoesNothing)
{
    for (size_t i = 0; i < CAUSES; i++) {
        struct state *a, *b;

        cause = &causes[i];
        REQUIRE(misuse_open(&tried));
        REQUIRE(misuse_open(&quiet));
        run(&tried, try_forbidden);
        run(&quiet, NULL);
        CHECK_EQ(quiet.told[cause->cb], tried.told[cause->cb]);
        a = misuse_take(&quiet);
        b = misuse_take(&tried);
        misuse_same(a, b, cause->name);
        misuse_close(&tried);
        misuse_close(&quiet);
    }
}

TEST_CASE(MisuseCallbacks, WhatIsAllowedWorks)
{
    for (size_t i = 0; i < CAUSES; i++) {
        cause = &causes[i];
        REQUIRE(misuse_open(&tried));
        run(&tried, try_allowed);
        misuse_close(&tried);
    }
}

/* ---- the end of a platform ---------------------------------------------- */

static unsigned ended;

/* Nothing of it is valid any more. */
static void try_dead(struct misuse_scene *s, bool service)
{
    (void)service;
    ended++;
    for (size_t i = 0; i < misuse_function_count; i++)
        if (misuse_functions[i].takes[0] && !of_reader(&misuse_functions[i]))
            call(s, &misuse_functions[i], IOVP_E_HANDLE);
}

TEST_CASE(MisuseCallbacks, WhenThePlatformEnds)
{
    static const enum callback last[] = {
        CB_RELEASE,      CB_FREE_IRQ,  CB_FREE_NOTIFIER, CB_FREE_PROCESS,
        CB_FREE_CONTEXT, CB_FREE_BOND, CB_EXIT};
    static const struct cause end = {CB_NONE, "end of the platform", NULL, 0};

    cause = &end;
    ended = 0;
    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++) {
        struct misuse_scene *s = &tried;

        REQUIRE(misuse_open(s));
        s->inside = try_dead;
        s->armed = last[i];
        iovp_platform_destroy(s->v.p);
        CHECK_EQ(i + 1, ended);
        misuse_close(s);
        CHECK_EQ(1, s->told[CB_FREE_IRQ]);
        CHECK_EQ(1, s->told[CB_FREE_BOND]);
        CHECK_EQ(1, s->told[CB_EXIT]);
    }
}

/* Once for what is destroyed in the middle of a life, and not again. */
TEST_CASE(MisuseCallbacks, FreedOnce)
{
    struct misuse_scene *s = &tried;

    REQUIRE(misuse_open(s));
    CHECK_EQ(1, s->told[CB_FREE_NOTIFIER]);
    CHECK_EQ(1, s->told[CB_FREE_PROCESS]);
    for (size_t i = 0; i < 2; i++) {
        iovp_notifier_unregister(s->h[K_NOTIFIER]);
        iovp_process_destroy(s->h[K_PROCESS]);
        iovp_context_destroy(s->v.c);
    }
    misuse_close(s);
    CHECK_EQ(2, s->told[CB_FREE_NOTIFIER]);
    CHECK_EQ(3, s->told[CB_FREE_PROCESS]);
    CHECK_EQ(1, s->told[CB_FREE_BOND]);
    CHECK_EQ(1, s->told[CB_FREE_CONTEXT]);
    CHECK_EQ(1, s->told[CB_EXIT]);
}

/* A callback of one platform uses another one, which is at rest. */
static void use_other(struct misuse_scene *s, bool service)
{
    (void)s;
    (void)service;
    for (size_t i = 0; i < misuse_function_count; i++)
        if (misuse_functions[i].takes[0] != K_READER)
            call(&quiet, &misuse_functions[i], IOVP_OK);
}

TEST_CASE(MisuseCallbacks, OtherPlatformsAreFree)
{
    for (size_t i = 0; i < 2; i++) {
        cause = &causes[i ? CAUSES - 1 : 0];
        REQUIRE(misuse_open(&tried));
        REQUIRE(misuse_open(&quiet));
        run(&tried, use_other);
        misuse_close(&tried);
        misuse_close(&quiet);
    }
}

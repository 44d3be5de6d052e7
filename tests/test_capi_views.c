/* SPDX-License-Identifier: MIT */
/*
 * Regimes, notifiers, spaces and windows: which calls are allowed where, as
 * iovp.h says of each, and what becomes of handles.
 */
#include <pthread.h>

#define IOVP_USE_UNSTABLE
#include "../capi/iovp_unstable.h"
#include "../capi/platform.h"
#include "shim.h"
#include "views_soc.h"

static struct views v;
static iovp_space *space;
static iovp_notifier *notifier;

static void on_notify(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
}

static iovp_status call_attrs(void)
{
    uint32_t mask;

    return iovp_regime_attrs(v.s.npu, &mask);
}

static iovp_status call_index(void)
{
    uint32_t index;

    return iovp_regime_index(v.s.npu, NULL, &index);
}

static iovp_status call_count(void)
{
    size_t count;

    return iovp_regime_count(v.s.npu, &count);
}

static iovp_status call_list(void)
{
    uint32_t index[4];
    size_t count = 4;

    return iovp_regime_list(v.s.npu, index, &count);
}

static iovp_status call_regime_info(void)
{
    iovp_regime_info info = {.size = sizeof(info)};

    return iovp_regime_get_info(v.s.npu, 0, &info);
}

static iovp_status translate_with(uint32_t flags)
{
    iovp_translation t = {.size = sizeof(t)};

    return iovp_regime_translate(v.s.npu, 0, NULL, 0, 1, flags, &t);
}

static iovp_status call_translate(void)
{
    return translate_with(0);
}

static iovp_status call_translate_debug(void)
{
    return translate_with(IOVP_TRANSLATE_DEBUG);
}

static iovp_status call_register(void)
{
    iovp_notifier_config c = {.size = sizeof(c),
                              .events = IOVP_NOTIFY_DROP,
                              .understands = IOVP_ATTR_ALL,
                              .fn = on_notify};
    iovp_notifier *n = NULL;
    iovp_status st = iovp_notifier_register(&n, v.s.npu, &c);

    iovp_notifier_unregister(n);
    return st;
}

static iovp_status call_replay(void)
{
    iovp_replay r = {.size = sizeof(r)};

    return iovp_notifier_replay(notifier, &r);
}

static iovp_status call_get(void)
{
    iovp_space *s = NULL;
    iovp_status st = iovp_space_get(&s, v.s.npu, 5);

    iovp_space_put(s);
    return st;
}

static iovp_status call_space_info(void)
{
    iovp_space_info info = {.size = sizeof(info)};

    return iovp_space_get_info(space, &info);
}

static iovp_status call_space_translate(void)
{
    iovp_translation t = {.size = sizeof(t)};

    return iovp_space_translate(space, 0, 1, &t);
}

static iovp_status call_windows(void)
{
    iovp_window w = {.size = sizeof(w)};
    size_t count = 1;

    return iovp_windows(v.s.npu, IOVP_NO_PASID, &w, &count, NULL);
}

static iovp_status call_reserved(void)
{
    size_t count = 0;

    return iovp_reserved_regions(v.s.npu, NULL, &count);
}

static iovp_status call_stats(void)
{
    iovp_space_stats st = {.size = sizeof(st)};

    return iovp_space_get_stats(v.s.p, &st);
}

static const struct function {
    const char *name;
    iovp_status (*call)(void);
    bool in_service;
} functions[] = {
    {"iovp_regime_attrs", call_attrs, true},
    {"iovp_regime_index", call_index, true},
    {"iovp_regime_count", call_count, true},
    {"iovp_regime_list", call_list, true},
    {"iovp_regime_get_info", call_regime_info, true},
    {"iovp_regime_translate", call_translate, false},
    {"iovp_regime_translate, DEBUG", call_translate_debug, true},
    {"iovp_notifier_register", call_register, false},
    {"iovp_notifier_replay", call_replay, false},
    {"iovp_space_get", call_get, true},
    {"iovp_space_get_info", call_space_info, true},
    {"iovp_space_translate", call_space_translate, true},
    {"iovp_windows", call_windows, true},
    {"iovp_reserved_regions", call_reserved, true},
    {"iovp_space_get_stats", call_stats, true},
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static void expect(const struct function *f, iovp_status want)
{
    iovp_status st = f->call();

    if (st != want)
        shim_fail(__FILE__, __LINE__, "%s: %d, not %d", f->name, (int)st,
                  (int)want);
}

static bool set_up(void)
{
    iovp_notifier_config c = {.size = sizeof(c),
                              .events = IOVP_NOTIFY_MAP,
                              .last = UINT64_MAX,
                              .understands = IOVP_ATTR_ALL,
                              .fn = on_notify};

    if (!views_open(&v, IOVP_MODE_FUNCTIONAL))
        return false;
    CHECK_EQ(iovp_space_get(&space, v.s.npu, 1), IOVP_OK);
    CHECK_EQ(iovp_notifier_register(&notifier, v.s.npu, &c), IOVP_OK);
    return true;
}

TEST_CASE(CapiViews, InCallbacks)
{
    struct platform *p = NULL;
    unsigned i;

    REQUIRE(set_up());
    CHECK_EQ(handle_enter(v.s.p, ENTER_NORMAL, &p), IOVP_OK);
    for (i = 0; i < FUNCTIONS; i++) {
        expect(&functions[i], IOVP_OK);
        p->in_callback = CALLBACK_SERVICE;
        expect(&functions[i],
               functions[i].in_service ? IOVP_OK : IOVP_E_REENTRY);
        p->in_callback = CALLBACK_SIM;
        expect(&functions[i], IOVP_E_REENTRY);
        p->in_callback = CALLBACK_NONE;
    }
    /* A put in a callback of the models has no effect, nor unregistering. */
    p->in_callback = CALLBACK_SIM;
    iovp_space_put(space);
    iovp_notifier_unregister(notifier);
    p->in_callback = CALLBACK_SERVICE;
    iovp_notifier_unregister(notifier);
    p->in_callback = CALLBACK_NONE;
    CHECK_EQ(call_space_info(), IOVP_OK);
    CHECK_EQ(call_replay(), IOVP_OK);
    p->in_callback = CALLBACK_SERVICE;
    iovp_space_put(space);
    p->in_callback = CALLBACK_NONE;
    CHECK_EQ(call_space_info(), IOVP_E_HANDLE);
    soc_close(&v.s);
}

static void *of_another_thread(void *ud)
{
    unsigned i;

    (void)ud;
    for (i = 0; i < FUNCTIONS; i++)
        expect(&functions[i], IOVP_E_THREAD);
    iovp_space_put(space);
    iovp_notifier_unregister(notifier);
    return NULL;
}

TEST_CASE(CapiViews, OfAnotherThread)
{
    pthread_t t;

    REQUIRE(set_up());
    REQUIRE(!pthread_create(&t, NULL, of_another_thread, NULL));
    pthread_join(t, NULL);
    CHECK_EQ(call_space_info(), IOVP_OK);
    CHECK_EQ(call_replay(), IOVP_OK);
    soc_close(&v.s);
}

TEST_CASE(CapiViews, OfADestroyedPlatform)
{
    unsigned i;

    REQUIRE(set_up());
    soc_close(&v.s);
    for (i = 0; i < FUNCTIONS; i++)
        expect(&functions[i], IOVP_E_HANDLE);
    iovp_space_put(space);
    iovp_notifier_unregister(notifier);
}

/* Handles of other kinds, and of other platforms' objects, are none. */
TEST_CASE(CapiViews, HandlesAreOfOneKind)
{
    iovp_space_info info = {.size = sizeof(info)};
    iovp_replay r = {.size = sizeof(r)};

    REQUIRE(set_up());
    CHECK_EQ(iovp_space_get_info((iovp_space *)notifier, &info), IOVP_E_HANDLE);
    CHECK_EQ(iovp_space_get_info((iovp_space *)v.s.npu, &info), IOVP_E_HANDLE);
    CHECK_EQ(iovp_space_get_info((iovp_space *)v.s.p, &info), IOVP_E_HANDLE);
    CHECK_EQ(iovp_notifier_replay((iovp_notifier *)space, &r), IOVP_E_HANDLE);
    iovp_space_put((iovp_space *)notifier);
    iovp_notifier_unregister((iovp_notifier *)space);
    CHECK_EQ(call_space_info(), IOVP_OK);
    CHECK_EQ(call_replay(), IOVP_OK);
    soc_close(&v.s);
}

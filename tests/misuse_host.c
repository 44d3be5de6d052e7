/* SPDX-License-Identifier: MIT */
/* Wrong arguments of functions about views and contexts. */
#include <string.h>

#define IOVP_USE_UNSTABLE
#include "../capi/iovp_unstable.h"
#include "misuse_scene.h"
#include "shim.h"

#define NONE      IOVP_NO_PASID
#define RUN(name) static void run_##name(struct misuse_scene *s)
#define DEV       (s->v.plain)
#define CTX       (s->v.c)
#define DOM       ((iovp_domain *)s->h[K_DOMAIN])

RUN(nothing)
{
    CHECK(s);
}

/* ---- views -------------------------------------------------------------- */

static void told(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
    CHECK(!"told without a registration");
}

#define REGISTER(d, c) iovp_notifier_register(WORD(s, iovp_notifier *), d, c)
#define NOTIFIER(want, d, field, value) \
    do {                                \
        iovp_notifier_config c = good;  \
        c.field = (value);              \
        GIVES(want, REGISTER(d, &c));   \
    } while (0)

RUN(notifier_register)
{
    const iovp_notifier_config good = {.size = sizeof(good),
                                       .index = IOVP_REGIME_ALL,
                                       .events = IOVP_NOTIFY_UNMAP,
                                       .understands = IOVP_ATTR_ALL,
                                       .last = UINT64_MAX,
                                       .fn = told};
    iovp_notifier_config none = good;

    GIVES(IOVP_E_INVALID, iovp_notifier_register(NULL, DEV, &good));
    GIVES(IOVP_E_INVALID, REGISTER(DEV, NULL));
    NOTIFIER(IOVP_E_INVALID, DEV, fn, NULL);
    NOTIFIER(IOVP_E_INVALID, DEV, events, 0);
    NOTIFIER(IOVP_E_INVALID, DEV, events, 8);
    NOTIFIER(IOVP_E_INVALID, DEV, events, UINT32_MAX);
    NOTIFIER(IOVP_E_INVALID, DEV, understands, IOVP_ATTR_ALL + 1);
    NOTIFIER(IOVP_E_INVALID, DEV, understands, UINT32_MAX);
    NOTIFIER(IOVP_E_NOTFOUND, DEV, index, 1);
    NOTIFIER(IOVP_E_NOTFOUND, DEV, index, UINT32_MAX - 1);
    NOTIFIER(IOVP_E_ATTRS, s->v.npu, understands, 0);
    none.first = 2;
    none.last = 1;
    GIVES(IOVP_E_INVALID, REGISTER(DEV, &none));
}

RUN(notifier_replay)
{
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_replay r = IOVP_REPLAY_INIT;
    iovp_notifier *n = NULL;

    GIVES(IOVP_E_INVALID, iovp_notifier_replay(s->h[K_NOTIFIER], NULL));
    /* It did not ask for MAP. */
    c.events = IOVP_NOTIFY_DROP;
    c.understands = IOVP_ATTR_ALL;
    c.fn = told;
    CHECK_EQ(IOVP_OK, iovp_notifier_register(&n, DEV, &c));
    GIVES(IOVP_E_INVALID, iovp_notifier_replay(n, &r));
    iovp_notifier_unregister(n);
}

RUN(space_get)
{
#define GET(d, pasid) iovp_space_get(WORD(s, iovp_space *), d, pasid)
    GIVES(IOVP_E_INVALID, iovp_space_get(NULL, DEV, NONE));
    GIVES(IOVP_E_INVALID, GET(DEV, 0));
    GIVES(IOVP_E_INVALID, GET(DEV, 1));
    GIVES(IOVP_E_INVALID, GET(s->v.raw, 0));
    GIVES(IOVP_E_INVALID, GET(s->v.small, 4));
    GIVES(IOVP_E_INVALID, GET(s->v.npu, 1u << 16));
    GIVES(IOVP_E_INVALID, GET(s->v.npu, 1u << 20));
    GIVES(IOVP_E_INVALID, GET(s->v.npu, NONE - 1));
}

RUN(space_get_info)
{
    GIVES(IOVP_E_INVALID, iovp_space_get_info(s->h[K_SPACE], NULL));
    GIVES(IOVP_E_STALE, iovp_space_get_info(s->stale, OUT(s, iovp_space_info)));
}

RUN(space_translate)
{
#define SPACE(sp, access) \
    iovp_space_translate(sp, SCENE_MAPPED, access, OUT(s, iovp_translation))
    GIVES(IOVP_E_INVALID, iovp_space_translate(s->h[K_SPACE], 0, 1, NULL));
    GIVES(IOVP_E_INVALID, SPACE(s->h[K_SPACE], 4));
    GIVES(IOVP_E_INVALID, SPACE(s->h[K_SPACE], UINT32_MAX));
    GIVES(IOVP_E_STALE, SPACE(s->stale, 1));
}

RUN(space_get_stats)
{
    GIVES(IOVP_E_INVALID, iovp_space_get_stats(s->v.p, NULL));
}

RUN(windows)
{
#define WINDOWS(d, pasid)                                               \
    iovp_windows(d, pasid, LIST(s, iovp_window, 4), misuse_count(s, 4), \
                 OUT(s, iovp_window_info))
    GIVES(IOVP_E_INVALID, WINDOWS(DEV, 0));
    GIVES(IOVP_E_INVALID, WINDOWS(s->v.small, 4));
    GIVES(IOVP_E_INVALID, WINDOWS(s->v.npu, 1u << 20));
    GIVES(IOVP_E_INVALID, WINDOWS(s->v.npu, NONE - 1));
    GIVES(IOVP_E_INVALID, iovp_windows(DEV, NONE, LIST(s, iovp_window, 4), NULL,
                                       OUT(s, iovp_window_info)));
    GIVES(IOVP_E_INVALID, iovp_windows(DEV, NONE, NULL, misuse_count(s, 4),
                                       OUT(s, iovp_window_info)));
}

/* ---- contexts ----------------------------------------------------------- */

#define CREATE(c) iovp_context_create(WORD(s, iovp_context *), s->v.p, c)
#define CONTEXT(want, field, value)   \
    do {                              \
        iovp_context_config c = good; \
        c.field = (value);            \
        GIVES(want, CREATE(&c));      \
    } while (0)

RUN(context_create)
{
    const iovp_context_config good = {.size = sizeof(good),
                                      .iommu = "iommu@9070000"};
    iovp_context_ops ops = IOVP_CONTEXT_OPS_INIT;

    GIVES(IOVP_E_INVALID, iovp_context_create(NULL, s->v.p, &good));
    GIVES(IOVP_E_INVALID, CREATE(NULL)); /* which of the two? */
    CONTEXT(IOVP_E_INVALID, iommu, NULL);
    CONTEXT(IOVP_E_NOTFOUND, iommu, "");
    CONTEXT(IOVP_E_NOTFOUND, iommu, "iommu@0");
    CONTEXT(IOVP_E_BUSY, iommu, "iommu@9050000");
    CONTEXT(IOVP_E_INVALID, fault_entries, 65537);
    CONTEXT(IOVP_E_INVALID, fault_entries, UINT32_MAX);
    CONTEXT(IOVP_E_INVALID, msi_first, 1);
    ops.reserved = 1;
    CONTEXT(IOVP_E_INVALID, ops, &ops);
    ops.reserved = 0;
    ops.size = 4;
    CONTEXT(IOVP_E_INVALID, ops, &ops);
}

RUN(context_pasid_alloc)
{
#define PASID(min, max) \
    iovp_context_pasid_alloc(CTX, min, max, WORD(s, uint32_t))
    GIVES(IOVP_E_INVALID, iovp_context_pasid_alloc(CTX, 1, 2, NULL));
    GIVES(IOVP_E_INVALID, PASID(2, 1));
    GIVES(IOVP_E_INVALID, PASID(0, 0));
    GIVES(IOVP_E_INVALID, PASID(1, 1u << 20));
    GIVES(IOVP_E_INVALID, PASID(1u << 20, 1u << 20));
    GIVES(IOVP_E_INVALID, PASID(0, UINT32_MAX));
    GIVES(IOVP_E_LIMIT,
          (s->told[CB_PASID_ALLOC]--, PASID(s->free_pasid, s->free_pasid)));
}

RUN(context_pasid_free)
{
    GIVES(IOVP_E_NOTFOUND, iovp_context_pasid_free(CTX, 0));
    GIVES(IOVP_E_NOTFOUND, iovp_context_pasid_free(CTX, 999));
    GIVES(IOVP_E_NOTFOUND, iovp_context_pasid_free(CTX, 1u << 20));
    GIVES(IOVP_E_NOTFOUND, iovp_context_pasid_free(CTX, NONE));
    GIVES(IOVP_E_BUSY, iovp_context_pasid_free(CTX, s->pasid));
}

#define BIND(d, pasid) iovp_context_bind(CTX, d, pasid, &b)
#define BINDING(want, pasid, field, value)    \
    do {                                      \
        b = misuse_binding();                 \
        b.field = (value);                    \
        GIVES(want, BIND(s->v.rigid, pasid)); \
    } while (0)

RUN(context_bind)
{
    iovp_binding b = misuse_binding();

    GIVES(IOVP_E_INVALID, iovp_context_bind(CTX, s->v.rigid, 8, NULL));
    GIVES(IOVP_E_INVALID, BIND(s->v.rigid, 0));
    GIVES(IOVP_E_INVALID, BIND(s->v.rigid, 1u << 16));
    GIVES(IOVP_E_INVALID, BIND(s->v.rigid, 1u << 20));
    GIVES(IOVP_E_INVALID, BIND(s->v.rigid, NONE - 1));
    GIVES(IOVP_E_BUSY, BIND(s->v.rigid, SCENE_GUEST));
    GIVES(IOVP_E_UNSUPPORTED, BIND(s->v.plain, 8));
    GIVES(IOVP_E_INVALID, BIND(s->v.raw, NONE));
    GIVES(IOVP_E_INVALID, BIND(s->v.far, 8));
    BINDING(IOVP_E_INVALID, 8, flags, 2);
    BINDING(IOVP_E_INVALID, 8, flags, UINT32_MAX);
    BINDING(IOVP_E_INVALID, 8, stage1.size, 0);
    BINDING(IOVP_E_INVALID, 8, stage1.size, 8);
    BINDING(IOVP_E_INVALID, 8, stage1.reserved[0], 1);
    BINDING(IOVP_E_INVALID, 8, stage1.reserved[1], 1);
    BINDING(IOVP_E_UNSUPPORTED, 8, stage1.type, 0);
    BINDING(IOVP_E_UNSUPPORTED, 8, stage1.type, IOVP_TABLE_VTD_FIRST);
    BINDING(IOVP_E_UNSUPPORTED, 8, stage1.type, UINT32_MAX);
    BINDING(IOVP_E_INVALID, 8, stage1.type, IOVP_TABLE_SMMUV3_STE);
    BINDING(IOVP_E_INVALID, 8, stage1.word[0], 0);
    BINDING(IOVP_E_INVALID, 8, stage2, DOM);
    BINDING(IOVP_E_HANDLE, 8, stage2, (iovp_domain *)s->dead[K_DOMAIN]);
    BINDING(IOVP_E_HANDLE, 8, stage2, (iovp_domain *)(void *)CTX);
}

RUN(context_unbind)
{
    GIVES(IOVP_E_NOTFOUND, iovp_context_unbind(CTX, s->v.rigid, 8));
    GIVES(IOVP_E_NOTFOUND, iovp_context_unbind(CTX, s->v.rigid, NONE));
    GIVES(IOVP_E_NOTFOUND, iovp_context_unbind(CTX, s->v.rigid, NONE - 1));
    /* what others have attached */
    GIVES(IOVP_E_NOTFOUND, iovp_context_unbind(CTX, s->v.npu, s->pasid));
    GIVES(IOVP_E_NOTFOUND, iovp_context_unbind(CTX, s->v.plain, NONE));
    GIVES(IOVP_E_INVALID, iovp_context_unbind(CTX, s->v.far, NONE));
}

/* An entry, or the second of two, is wrong: only what was handled counts. */
static void invalidates(struct misuse_scene *s, iovp_inval second,
                        iovp_status want)
{
    const iovp_inval e[2] = {{.size = sizeof(e[0]), .kind = IOVP_INVAL_ALL},
                             second};
    size_t n = 1;

    CHECK_EQ(want, iovp_context_invalidate(CTX, s->v.rigid, &second, &n));
    CHECK_EQ(0, n);
    n = 2;
    CHECK_EQ(want, iovp_context_invalidate(CTX, s->v.rigid, e, &n));
    CHECK_EQ(1, n);
}

/* Of a scene that is not compared: the first entry is carried out. */
void misuse_invalidations(struct misuse_scene *s)
{
    const iovp_inval good = {
        .size = sizeof(good), .kind = IOVP_INVAL_RANGE, .pasid = SCENE_GUEST};
    iovp_inval e = good;

#define ENTRY(want, field, value) \
    do {                          \
        e = good;                 \
        e.field = (value);        \
        invalidates(s, e, want);  \
    } while (0)
    ENTRY(IOVP_E_INVALID, size, 0);
    ENTRY(IOVP_E_INVALID, size, sizeof(good) - 1);
    ENTRY(IOVP_E_INVALID, size, UINT32_MAX);
    ENTRY(IOVP_E_INVALID, kind, 5);
    ENTRY(IOVP_E_INVALID, kind, UINT32_MAX);
    ENTRY(IOVP_E_INVALID, leaf, 2);
    ENTRY(IOVP_E_INVALID, reserved, 1);
    ENTRY(IOVP_E_INVALID, first, 1);
    ENTRY(IOVP_E_INVALID, pasid, 1u << 20);
    ENTRY(IOVP_E_NOTFOUND, pasid, 8);
    ENTRY(IOVP_E_UNSUPPORTED, kind, IOVP_INVAL_RAW);
}

RUN(context_invalidate)
{
    const iovp_inval e = {.size = sizeof(e), .kind = IOVP_INVAL_ALL};

#define INVALIDATE(d) iovp_context_invalidate(CTX, d, &e, misuse_count(s, 1))
    GIVES(IOVP_E_INVALID, iovp_context_invalidate(CTX, s->v.rigid, &e, NULL));
    GIVES(IOVP_E_INVALID,
          iovp_context_invalidate(CTX, s->v.rigid, NULL, misuse_count(s, 1)));
    GIVES(IOVP_E_INVALID, iovp_context_invalidate(CTX, s->v.rigid, NULL,
                                                  misuse_count(s, SIZE_MAX)));
    GIVES(IOVP_E_NOTFOUND, INVALIDATE(s->v.npu));
    GIVES(IOVP_E_NOTFOUND, INVALIDATE(s->v.small));
    GIVES(IOVP_E_NOTFOUND, INVALIDATE(s->v.raw));
    GIVES(IOVP_E_NOTFOUND, INVALIDATE(s->v.far));
}

RUN(context_get_stats)
{
    GIVES(IOVP_E_INVALID, iovp_context_get_stats(CTX, NULL));
}

RUN(fault_next)
{
    GIVES(IOVP_E_INVALID, iovp_fault_next(CTX, NULL));
}

RUN(fault_respond)
{
#define ANSWER(cookie, how) iovp_fault_respond(CTX, cookie, how)
    GIVES(IOVP_E_INVALID, ANSWER(s->cookie, IOVP_RESPOND_FAILURE + 1));
    GIVES(IOVP_E_INVALID, ANSWER(s->cookie, UINT32_MAX));
    GIVES(IOVP_E_NOTFOUND, ANSWER(0, IOVP_RESPOND_SUCCESS));
    GIVES(IOVP_E_NOTFOUND, ANSWER(s->cookie + 1, IOVP_RESPOND_SUCCESS));
    GIVES(IOVP_E_NOTFOUND, ANSWER(UINT64_MAX, IOVP_RESPOND_SUCCESS));
}

#define ROW(name)                 \
    {                             \
        "iovp_" #name, run_##name \
    }
/* No argument but a handle. */
#define FREE(name)                 \
    {                              \
        "iovp_" #name, run_nothing \
    }

const struct misuse misuse_host[] = {
    FREE(notifier_unregister), FREE(space_put),
    FREE(context_destroy),     ROW(notifier_register),
    ROW(notifier_replay),      ROW(space_get),
    ROW(space_get_info),       ROW(space_translate),
    ROW(space_get_stats),      ROW(windows),
    ROW(context_create),       ROW(context_pasid_alloc),
    ROW(context_pasid_free),   ROW(context_bind),
    ROW(context_unbind),       ROW(context_invalidate),
    ROW(context_get_stats),    ROW(fault_next),
    ROW(fault_respond),
};

const size_t misuse_host_count = sizeof(misuse_host) / sizeof(misuse_host[0]);

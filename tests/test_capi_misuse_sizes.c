/* SPDX-License-Identifier: MIT */
/*
 * Structures of a size that is none, too small, or larger than the library
 * knows: with something in the part that it does not know, and with zeros.
 */
#include <string.h>

#define IOVP_USE_UNSTABLE
#include "../capi/iovp_unstable.h"
#include "capi_soc.h"
#include "misuse_scene.h"
#include "shim.h"

#define NONE IOVP_NO_PASID
#define MORE 12u /* not a multiple of any alignment above 4 */

static struct misuse_scene scene;

/* ---- structures that the library reads ---------------------------------- */

static iovp_status create_with(iovp_platform_config *c)
{
    iovp_platform *p = NULL;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    iovp_status st = iovp_platform_create(&p, c, blob, bytes);

    iovp_platform_destroy(p);
    return st;
}

static iovp_status in_platform(struct misuse_scene *s, void *c)
{
    (void)s;
    return create_with(c);
}

static iovp_status in_allocator(struct misuse_scene *s, void *a)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    (void)s;
    c.allocator = a;
    return create_with(&c);
}

static iovp_status in_ram(struct misuse_scene *s, void *r)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    (void)s;
    c.ram = r;
    return create_with(&c);
}

static iovp_status in_workload(struct misuse_scene *s, void *w)
{
    return iovp_workload_start(s->v.raw, w);
}

static iovp_status in_atomic(struct misuse_scene *s, void *a)
{
    return iovp_dma_atomic(s->v.plain, NONE, SCENE_MAPPED, a, NULL,
                           OUT(s, iovp_dma_result));
}

static iovp_status in_transfer(struct misuse_scene *s, void *c)
{
    return iovp_dma_submit(WORD(s, iovp_transfer *), s->v.plain, c);
}

static iovp_status in_notifier(struct misuse_scene *s, void *c)
{
    return iovp_notifier_register(WORD(s, iovp_notifier *), s->v.plain, c);
}

static iovp_status in_replay(struct misuse_scene *s, void *r)
{
    return iovp_notifier_replay(s->h[K_NOTIFIER], r);
}

static iovp_status create_context(struct misuse_scene *s,
                                  const iovp_context_config *c)
{
    iovp_context **out = WORD(s, iovp_context *);
    iovp_status st = iovp_context_create(out, s->v.p, c);

    if (!st)
        iovp_context_destroy(*out);
    return st;
}

static iovp_status in_context(struct misuse_scene *s, void *c)
{
    return create_context(s, c);
}

static iovp_status in_ops(struct misuse_scene *s, void *ops)
{
    const iovp_context_config c = {
        .size = sizeof(c), .iommu = "iommu@9070000", .ops = ops};

    return create_context(s, &c);
}

static iovp_status in_binding(struct misuse_scene *s, void *b)
{
    return iovp_context_bind(s->v.c, s->v.rigid, SCENE_GUEST + 1, b);
}

static iovp_status in_domain(struct misuse_scene *s, void *c)
{
    return iovp_domain_create(WORD(s, iovp_domain *), s->v.c, c);
}

static iovp_status in_table(struct misuse_scene *s, void *t)
{
    const iovp_domain_config c = {
        .size = sizeof(c), .stage = IOVP_STAGE_1, .table = t};

    return iovp_domain_create(WORD(s, iovp_domain *), s->v.c, &c);
}

static iovp_status in_window(struct misuse_scene *s, void *w)
{
    return iovp_domain_require(s->h[K_DOMAIN], w, 1);
}

static iovp_status in_process(struct misuse_scene *s, void *c)
{
    return iovp_process_create(WORD(s, iovp_process *), s->v.c, c);
}

static iovp_status in_bond(struct misuse_scene *s, void *c)
{
    return iovp_sva_bind(s->h[K_PROCESS], s->v.rigid, c, WORD(s, uint32_t));
}

static iovp_status in_invalidation(struct misuse_scene *s, void *e)
{
    size_t n = 1;

    return iovp_context_invalidate(s->v.c, s->v.rigid, e, &n);
}

static void nobody(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
}

static const iovp_platform_config platform = IOVP_PLATFORM_CONFIG_INIT;
static const iovp_allocator allocator = IOVP_ALLOCATOR_INIT;
static const iovp_ram_ops ram = IOVP_RAM_OPS_INIT;
static const iovp_workload workload = {.size = sizeof(workload),
                                       .window = 64,
                                       .bytes = 64,
                                       .outstanding = 1,
                                       .transfers = 1};
static const iovp_atomic atomic = {.size = sizeof(atomic), .width = 8};
static const iovp_transfer_config transfer = {.size = sizeof(transfer),
                                              .access = IOVP_ACCESS_READ,
                                              .pasid = NONE,
                                              .iova = SCENE_MAPPED,
                                              .buf = scene.held,
                                              .bytes = 1};
static const iovp_notifier_config notifier = {.size = sizeof(notifier),
                                              .index = IOVP_REGIME_ALL,
                                              .events = IOVP_NOTIFY_MAP,
                                              .understands = IOVP_ATTR_ALL,
                                              .fn = nobody};
static const iovp_replay replay = {.size = sizeof(replay), .budget = 1};
static const iovp_context_config context = {.size = sizeof(context),
                                            .iommu = "iommu@9070000"};
static const iovp_context_ops ops = IOVP_CONTEXT_OPS_INIT;
static iovp_binding binding;
static iovp_table table;
static const iovp_domain_config domain = {.size = sizeof(domain),
                                          .stage = IOVP_STAGE_1};
static const iovp_window window = {sizeof(window), IOVP_WINDOW_USABLE,
                                   SCENE_MAPPED, SCENE_MAPPED + 0xfff};
static const iovp_process_config process = IOVP_PROCESS_CONFIG_INIT;
static const iovp_sva_config bond = {.size = sizeof(bond),
                                     .flags = IOVP_SVA_NO_FAULTS};
static const iovp_inval invalidation = {.size = sizeof(invalidation),
                                        .kind = IOVP_INVAL_ALL};

static const struct in {
    const char *name;
    iovp_status (*call)(struct misuse_scene *s, void *structure);
    const void *good;
    uint32_t size;
} ins[] = {
#define IN(name)                              \
    {                                         \
#name, in_##name, &name, sizeof(name) \
    }
    IN(platform), IN(allocator),    IN(ram),    IN(workload), IN(atomic),
    IN(transfer), IN(notifier),     IN(replay), IN(context),  IN(ops),
    IN(binding),  IN(domain),       IN(table),  IN(window),   IN(process),
    IN(bond),     IN(invalidation),
};

struct room {
    _Alignas(16) uint8_t byte[1024];
};

static struct room sized(const struct in *i, uint32_t size, uint8_t tail)
{
    struct room r = {{0}};

    memcpy(r.byte, i->good, i->size);
    memcpy(r.byte, &size, sizeof(size));
    r.byte[i->size + MORE - 1] = tail;
    return r;
}

static void refused(struct misuse_scene *s, const struct in *i, uint32_t size,
                    iovp_status want)
{
    struct room r = sized(i, size, 1), before = r;

    misuse_poison(s);
    misuse_expect(s, want, i->call(s, r.byte), i->name, __FILE__, __LINE__);
    CHECK_MEM(r.byte, before.byte, sizeof(r));
}

TEST_CASE(MisuseSizes, OfWhatTheLibraryReads)
{
    struct misuse_scene *s = &scene;

    binding = misuse_binding();
    table = binding.stage1;
    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < sizeof(ins) / sizeof(ins[0]); i++) {
        struct state *before = misuse_take(s);
        struct room r;

        refused(s, &ins[i], 0, IOVP_E_INVALID);
        refused(s, &ins[i], 1, IOVP_E_INVALID);
        refused(s, &ins[i], ins[i].size - 1, IOVP_E_INVALID);
        refused(s, &ins[i], UINT32_MAX, IOVP_E_INVALID);
        refused(s, &ins[i], ins[i].size + MORE, IOVP_E_UNSUPPORTED);
        misuse_same(before, misuse_take(s), ins[i].name);
        r = sized(&ins[i], ins[i].size + MORE, 0);
        misuse_poison(s);
        misuse_expect(s, IOVP_OK, ins[i].call(s, r.byte), ins[i].name, __FILE__,
                      __LINE__);
    }
    misuse_close(s);
}

/* ---- structures that it fills ------------------------------------------- */

#define FILLS(name, call)                                            \
    static iovp_status out_##name(struct misuse_scene *s, void *out) \
    {                                                                \
        return call;                                                 \
    }

FILLS(device_info, iovp_device_get_info(s->v.plain, out))
FILLS(read,
      iovp_dma_read(s->v.plain, NONE, SCENE_MAPPED, s->held, 1, NULL, out))
FILLS(write,
      iovp_dma_write(s->v.plain, NONE, SCENE_MAPPED, s->held, 1, NULL, out))
FILLS(replay, iovp_dma_replay(s->v.plain, NULL, SCENE_MAPPED, 1, 1, 0, out))
FILLS(poll, iovp_dma_poll(s->h[K_TRANSFER], out))
FILLS(translate, iovp_translate(s->v.plain, NULL, SCENE_MAPPED, 1, 0, out))
FILLS(regime, iovp_regime_get_info(s->v.plain, 0, out))
FILLS(by_regime,
      iovp_regime_translate(s->v.plain, 0, NULL, SCENE_MAPPED, 1, 0, out))
FILLS(space, iovp_space_get_info(s->h[K_SPACE], out))
FILLS(by_space, iovp_space_translate(s->h[K_SPACE], SCENE_MAPPED, 1, out))
FILLS(spaces, iovp_space_get_stats(s->v.p, out))
FILLS(context, iovp_context_get_stats(s->v.c, out))
FILLS(fault, iovp_fault_next(s->v.c, out))
FILLS(record, iovp_trace_next(s->h[K_READER], out))

static iovp_status out_atomic(struct misuse_scene *s, void *out)
{
    iovp_atomic a = {.size = sizeof(a), .width = 4};

    return iovp_dma_atomic(s->v.plain, NONE, SCENE_MAPPED, &a, NULL, out);
}

static iovp_status out_windows(struct misuse_scene *s, void *out)
{
    iovp_window w[4] = {{sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0}};
    size_t n = 4;

    return iovp_windows(s->v.plain, NONE, w, &n, out);
}

static iovp_status out_domain(struct misuse_scene *s, void *out)
{
    iovp_window w[4] = {{sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0},
                        {sizeof(w[0]), 0, 0, 0}};
    size_t n = 4;

    return iovp_domain_windows(s->h[K_DOMAIN], w, &n, out);
}

static const struct out {
    const char *name;
    iovp_status (*call)(struct misuse_scene *s, void *structure);
    uint32_t size;
} outs[] = {
#define FILL(name, type)                \
    {                                   \
#name, out_##name, sizeof(type) \
    }
    FILL(device_info, iovp_device_info), FILL(read, iovp_dma_result),
    FILL(write, iovp_dma_result),        FILL(atomic, iovp_dma_result),
    FILL(replay, iovp_dma_result),       FILL(poll, iovp_dma_result),
    FILL(translate, iovp_translation),   FILL(regime, iovp_regime_info),
    FILL(by_regime, iovp_translation),   FILL(space, iovp_space_info),
    FILL(by_space, iovp_translation),    FILL(spaces, iovp_space_stats),
    FILL(windows, iovp_window_info),     FILL(domain, iovp_window_info),
    FILL(context, iovp_context_stats),   FILL(fault, iovp_fault_record),
    FILL(record, iovp_record),
};

static void unfilled(struct misuse_scene *s, const struct out *o, uint32_t size)
{
    misuse_poison(s);
    misuse_expect(s, IOVP_E_INVALID,
                  o->call(s, misuse_out(s, 1, o->size, size)), o->name,
                  __FILE__, __LINE__);
}

/* `size` stays, what the library does not know is zero, nothing follows. */
static void is_filled(const uint8_t *at, uint32_t known, uint32_t size,
                      const char *name)
{
    static const uint8_t zero[MORE];

    if (memcmp(at, &size, sizeof(size)) || memcmp(at + known, zero, MORE))
        shim_fail(__FILE__, __LINE__, "%s: size, or what follows it", name);
}

TEST_CASE(MisuseSizes, OfWhatTheLibraryFills)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
        uint32_t size = outs[i].size;
        struct state *before = misuse_take(s);
        uint8_t *at;

        unfilled(s, &outs[i], 0);
        unfilled(s, &outs[i], 1);
        unfilled(s, &outs[i], size - 1);
        unfilled(s, &outs[i], UINT32_MAX);
        misuse_same(before, misuse_take(s), outs[i].name);
        misuse_poison(s);
        at = misuse_out(s, 1, size + MORE, size + MORE);
        misuse_expect(s, IOVP_OK, outs[i].call(s, at), outs[i].name, __FILE__,
                      __LINE__);
        is_filled(at, size, size + MORE, outs[i].name);
        CHECK_EQ(0xa5, at[size + MORE]);
    }
    misuse_close(s);
}

/* ---- lists -------------------------------------------------------------- */

#define LISTS(name, call)                                             \
    static iovp_status list_##name(struct misuse_scene *s, void *out, \
                                   size_t *count)                     \
    {                                                                 \
        return call;                                                  \
    }

LISTS(nodes, iovp_nodes(s->v.p, out, count))
LISTS(stats, iovp_stats(s->v.p, out, count))
LISTS(explain, iovp_explain(s->v.npu, IOVP_FEATURE_SVA, out, count))
LISTS(windows, iovp_windows(s->v.plain, NONE, out, count, NULL))
LISTS(domain, iovp_domain_windows(s->h[K_DOMAIN], out, count, NULL))

static const struct list {
    const char *name;
    iovp_status (*call)(struct misuse_scene *s, void *list, size_t *count);
    uint32_t size;
} lists[] = {
    {"nodes", list_nodes, sizeof(iovp_node)},
    {"stats", list_stats, sizeof(iovp_stream_stats)},
    {"explain", list_explain, sizeof(iovp_condition)},
    {"windows", list_windows, sizeof(iovp_window)},
    {"domain windows", list_domain, sizeof(iovp_window)},
};

/* The list is as long as it must be; element `which` has another size. */
static void one_differs(struct misuse_scene *s, const struct list *l, size_t n,
                        size_t which, uint32_t size)
{
    uint8_t *at;

    misuse_poison(s);
    at = misuse_out(s, n, l->size, l->size);
    memcpy(at + which * l->size, &size, sizeof(size));
    memcpy(s->expected + which * l->size, &size, sizeof(size));
    misuse_expect(s, IOVP_E_INVALID, l->call(s, at, misuse_count(s, n)),
                  l->name, __FILE__, __LINE__);
}

static void elements(struct misuse_scene *s, const struct list *l, size_t n)
{
    uint32_t wide = l->size + MORE;
    uint8_t *at;

    for (size_t i = 0; i < n; i++) {
        one_differs(s, l, n, i, 0);
        one_differs(s, l, n, i, l->size - 1);
        one_differs(s, l, n, i, UINT32_MAX);
        if (i)
            one_differs(s, l, n, i, wide);
    }
    misuse_poison(s);
    at = misuse_out(s, n, wide, wide);
    misuse_expect(s, IOVP_OK, l->call(s, at, misuse_count(s, n)), l->name,
                  __FILE__, __LINE__);
    for (size_t i = 0; i < n; i++)
        is_filled(at + i * wide, l->size, wide, l->name);
    CHECK_EQ(0xa5, at[n * wide]);
}

TEST_CASE(MisuseSizes, OfElementsOfLists)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct state *before = misuse_take(s);
        size_t n = 0;

        CHECK_EQ(IOVP_E_SPACE, lists[i].call(s, NULL, &n));
        CHECK(n);
        elements(s, &lists[i], n);
        /* More room than there are elements, and than there is memory. */
        misuse_poison(s);
        misuse_expect(
            s, IOVP_OK,
            lists[i].call(s, misuse_out(s, n, lists[i].size, lists[i].size),
                          misuse_count(s, SIZE_MAX)),
            lists[i].name, __FILE__, __LINE__);
        CHECK_EQ(n, s->count);
        misuse_same(before, misuse_take(s), lists[i].name);
    }
    misuse_close(s);
}

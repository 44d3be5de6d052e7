/* SPDX-License-Identifier: MIT */
#include "misuse_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

#define POISON 0xa5

enum kind misuse_class(enum kind k)
{
    return k == K_NPU || k == K_RIGID || k == K_RAW ? K_DEVICE : k;
}

/* ---- callbacks ---------------------------------------------------------- */

static void come(void *ud, enum callback cb)
{
    struct misuse_scene *s = ud;

    s->told[cb]++;
    if (s->armed != cb)
        return;
    s->armed = CB_NONE;
    s->inside(s, cb > CB_FREE_CONTEXT);
}

static void on_irq(void *ud, const iovp_irq_event *e)
{
    (void)e;
    come(ud, CB_IRQ);
}

static void on_notify(void *ud, const iovp_notification *n)
{
    (void)n;
    come(ud, CB_NOTIFY);
}

static void on_log(void *ud, uint32_t level, const char *line)
{
    (void)level;
    (void)line;
    come(ud, CB_LOG);
}

static void *on_alloc(void *ud, size_t bytes)
{
    come(ud, CB_ALLOC);
    return malloc(bytes);
}

static void on_release(void *ud, void *block)
{
    come(ud, CB_RELEASE);
    free(block);
}

static void free_irq(void *ud)
{
    come(ud, CB_FREE_IRQ);
}

static void free_notifier(void *ud)
{
    come(ud, CB_FREE_NOTIFIER);
}

static void free_process(void *ud)
{
    come(ud, CB_FREE_PROCESS);
}

static void free_bond(void *ud)
{
    come(ud, CB_FREE_BOND);
}

static void free_context(void *ud)
{
    come(ud, CB_FREE_CONTEXT);
}

static iovp_status on_pasid_alloc(void *ud, uint32_t min, uint32_t max,
                                  uint32_t *pasid)
{
    (void)min;
    (void)max;
    (void)pasid;
    come(ud, CB_PASID_ALLOC);
    return IOVP_PASS;
}

static iovp_status on_pasid_free(void *ud, uint32_t pasid)
{
    struct misuse_scene *s = ud;

    (void)pasid;
    come(ud, CB_PASID_FREE);
    return s->refuse ? IOVP_E_REFUSED : IOVP_PASS;
}

static iovp_status on_bind(void *ud, iovp_device *d, uint32_t pasid,
                           const iovp_binding *binding)
{
    (void)d;
    (void)pasid;
    (void)binding;
    come(ud, CB_BIND);
    return IOVP_PASS;
}

static iovp_status on_unbind(void *ud, iovp_device *d, uint32_t pasid)
{
    (void)d;
    (void)pasid;
    come(ud, CB_UNBIND);
    return IOVP_PASS;
}

static iovp_status on_invalidate(void *ud, iovp_device *d, const iovp_inval *e)
{
    (void)d;
    (void)e;
    come(ud, CB_INVALIDATE);
    return IOVP_PASS;
}

static iovp_status on_fault(void *ud, const iovp_fault_record *fault,
                            uint32_t *respond)
{
    (void)fault;
    (void)respond;
    come(ud, CB_FAULT);
    return IOVP_PASS;
}

static iovp_status on_process_fault(void *ud, const iovp_fault_record *fault,
                                    uint32_t *respond)
{
    (void)fault;
    (void)respond;
    come(ud, CB_PROCESS_FAULT);
    return IOVP_PASS;
}

static void on_exit_of(void *ud, iovp_device *d, uint32_t pasid)
{
    (void)d;
    (void)pasid;
    come(ud, CB_EXIT);
}

/* ---- the scene ---------------------------------------------------------- */

static bool open_platform(struct misuse_scene *s)
{
    const iovp_allocator allocator = {.size = sizeof(allocator),
                                      .alloc = on_alloc,
                                      .release = on_release,
                                      .ud = s};
    const iovp_context_ops ops = {.size = sizeof(ops),
                                  .pasid_alloc = on_pasid_alloc,
                                  .pasid_free = on_pasid_free,
                                  .bind = on_bind,
                                  .unbind = on_unbind,
                                  .invalidate = on_invalidate,
                                  .fault = on_fault};
    const iovp_context_config context = {
        .size = sizeof(context), .ops = &ops, .free_ud = free_context, .ud = s};
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    c.allocator = &allocator;
    c.log = on_log;
    c.log_ud = s;
    return sva_open_as(&s->v, &c, &context);
}

/* Files: a tree, and a trace with marks. */
static bool open_files(struct misuse_scene *s)
{
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    iovp_status st = IOVP_OK;
    FILE *f;

    soc_path(s->trace, sizeof(s->trace), "misuse-trace");
    soc_path(s->record, sizeof(s->record), "misuse-record");
    soc_path(s->tree, sizeof(s->tree), "misuse.dtb");
    f = fopen(s->tree, "wb");
    if (!blob || !f || fwrite(blob, 1, bytes, f) != bytes || fclose(f))
        return false;
    st = iovp_trace_start(s->v.p, s->trace);
    for (unsigned i = 0; !st && i < SCENE_MARKS; i++)
        st = iovp_trace_marker(s->v.p, i);
    if (!st)
        st = iovp_trace_stop(s->v.p);
    return !st &&
           !iovp_trace_open((iovp_trace_reader **)&s->h[K_READER], s->trace);
}

static iovp_domain *new_domain(struct misuse_scene *s)
{
    const iovp_domain_config c = {.size = sizeof(c), .stage = IOVP_STAGE_1};
    iovp_domain *m = NULL;

    CHECK_EQ(IOVP_OK, iovp_domain_create(&m, s->v.c, &c));
    return m;
}

static iovp_process *new_process(struct misuse_scene *s)
{
    const iovp_process_config c = {.size = sizeof(c),
                                   .fault = on_process_fault,
                                   .free_ud = free_process,
                                   .ud = s};
    iovp_process *made = NULL;

    CHECK_EQ(IOVP_OK, iovp_process_create(&made, s->v.c, &c));
    return made;
}

static iovp_notifier *new_notifier(struct misuse_scene *s)
{
    const iovp_notifier_config c = {
        .size = sizeof(c),
        .index = IOVP_REGIME_ALL,
        .events = IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP | IOVP_NOTIFY_DROP,
        .understands = IOVP_ATTR_ALL,
        .last = UINT64_MAX,
        .fn = on_notify,
        .free_ud = free_notifier,
        .ud = s};
    iovp_notifier *n = NULL;

    CHECK_EQ(IOVP_OK, iovp_notifier_register(&n, s->v.plain, &c));
    return n;
}

static void open_domain(struct misuse_scene *s)
{
    iovp_domain *m = new_domain(s);

    s->h[K_DOMAIN] = m;
    CHECK_EQ(IOVP_OK, iovp_domain_attach(m, s->v.plain, IOVP_NO_PASID));
    for (unsigned i = 0; i < 2; i++) {
        uint64_t iova = SCENE_MAPPED + i * SVA_PAGE;

        CHECK_EQ(IOVP_OK, iovp_domain_map(m, IOVP_MAP_FIXED, &iova, SVA_PA(i),
                                          SVA_PAGE, SVA_RW));
        sva_fill(&s->v, i, (uint8_t)(1 + i));
    }
    CHECK_EQ(IOVP_OK, iovp_domain_reserve(m, 0x10000, 0, &s->reserved));
}

static void open_process(struct misuse_scene *s)
{
    const iovp_sva_config c = {
        .size = sizeof(c), .exit = on_exit_of, .free_ud = free_bond, .ud = s};
    iovp_process *one = new_process(s);

    s->h[K_PROCESS] = one;
    CHECK_EQ(IOVP_OK, iovp_sva_bind(one, s->v.npu, &c, &s->pasid));
    sva_map(&s->v, one, SCENE_MAPPED, 2, 3);
    s->ended = new_process(s);
    CHECK_EQ(IOVP_OK, iovp_process_exit(s->ended));
}

iovp_binding misuse_binding(void)
{
    iovp_binding b = IOVP_BINDING_INIT;

    /* CD (5.4): T0SZ 16, write-back, inner, EPD1, V, IPS 48 bits, AA64, R, A */
    b.stage1.type = IOVP_TABLE_SMMUV3_CD;
    b.stage1.word[0] = 16 | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 30 |
                       1ull << 31 | 5ull << 32 | 1ull << 41 | 1ull << 45 |
                       1ull << 46 | 3ull << 48;
    b.stage1.word[1] = SVA_TABLE;
    b.stage1.word[3] = 0xff;
    return b;
}

static void open_rest(struct misuse_scene *s)
{
    const iovp_binding b = misuse_binding();
    const iovp_workload w = {.size = sizeof(w),
                             .base = SVA_DATA,
                             .window = SVA_PAGE,
                             .bytes = 64,
                             .outstanding = 1,
                             .read_percent = 100,
                             .transfers = SCENE_TRANSFERS};

    CHECK_EQ(IOVP_OK, iovp_context_bind(s->v.c, s->v.rigid, SCENE_GUEST, &b));
    CHECK_EQ(IOVP_OK,
             iovp_context_pasid_alloc(s->v.c, 100, 200, &s->free_pasid));
    CHECK_EQ(IOVP_OK, iovp_irq_handler(s->v.p, on_irq, free_irq, s));
    s->h[K_NOTIFIER] = new_notifier(s);
    CHECK_EQ(IOVP_OK,
             iovp_space_get((iovp_space **)&s->h[K_SPACE], s->v.npu, s->pasid));
    CHECK_EQ(IOVP_OK, iovp_workload_start(s->v.raw, &w));
    s->h[K_PLATFORM] = s->v.p;
    s->h[K_DEVICE] = s->v.plain;
    s->h[K_CONTEXT] = s->v.c;
    s->h[K_NPU] = s->v.npu;
    s->h[K_RIGID] = s->v.rigid;
    s->h[K_RAW] = s->v.raw;
}

/* One transfer waits for an answer, one record waits to be read. */
static void open_faults(struct misuse_scene *s)
{
    iovp_fault_record r = {.size = sizeof(r)};
    uint8_t byte;

    CHECK_EQ(IOVP_DMA_OK, sva_see(s->v.plain, IOVP_NO_PASID, SCENE_MAPPED, 1));
    CHECK_EQ(IOVP_DMA_OK, sva_see(s->v.npu, s->pasid, SCENE_MAPPED, 3));
    s->h[K_TRANSFER] = sva_submit(s->v.npu, s->pasid, SCENE_HOLE, s->held);
    CHECK_EQ(IOVP_DMA_STALL, sva_poll(s->h[K_TRANSFER]));
    CHECK_EQ(IOVP_OK, iovp_fault_next(s->v.c, &r));
    s->cookie = r.cookie;
    CHECK(s->cookie);
    sva_read(s->v.plain, IOVP_NO_PASID, SCENE_HOLE, &byte);
    CHECK_EQ(1, sva_stats(s->v.c).waiting);
}

/* One handle of each kind that was valid. */
static bool make_dead(struct misuse_scene *s)
{
    struct soc other;

    if (!soc_create(&other, IOVP_MODE_FUNCTIONAL, 0))
        return false;
    s->dead[K_PLATFORM] = other.p;
    s->dead[K_DEVICE] = other.npu;
    soc_close(&other);
    s->dead[K_NOTIFIER] = new_notifier(s);
    iovp_notifier_unregister(s->dead[K_NOTIFIER]);
    s->dead[K_DOMAIN] = new_domain(s);
    iovp_domain_destroy(s->dead[K_DOMAIN]);
    s->dead[K_PROCESS] = new_process(s);
    iovp_process_destroy(s->dead[K_PROCESS]);
    s->dead[K_TRANSFER] =
        sva_submit(s->v.raw, IOVP_NO_PASID, SVA_DATA, s->held);
    iovp_dma_release(s->dead[K_TRANSFER]);
    CHECK_EQ(IOVP_OK, iovp_space_get((iovp_space **)&s->dead[K_SPACE], s->v.raw,
                                     IOVP_NO_PASID));
    iovp_space_put(s->dead[K_SPACE]);
    /* Its PASID's entry is made: what was known is dropped. */
    CHECK_EQ(IOVP_OK, iovp_space_get(&s->stale, s->v.far, 1));
    s->dead[K_CONTEXT] = s->v.other;
    iovp_context_destroy(s->v.other);
    return !iovp_trace_open((iovp_trace_reader **)&s->dead[K_READER], s->trace);
}

bool misuse_open(struct misuse_scene *s)
{
    memset(s, 0, sizeof(*s));
    if (!open_platform(s))
        return false;
    if (!open_files(s)) {
        shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
        sva_close(&s->v);
        return false;
    }
    open_domain(s);
    open_process(s);
    open_rest(s);
    open_faults(s);
    if (!make_dead(s)) {
        sva_close(&s->v);
        return false;
    }
    iovp_trace_close(s->dead[K_READER]);
    return true;
}

void misuse_close(struct misuse_scene *s)
{
    s->armed = CB_NONE;
    iovp_trace_close(s->h[K_READER]);
    sva_close(&s->v);
    unlink(s->trace);
    unlink(s->tree);
    unlink(s->record);
    CHECK_EQ(s->told[CB_ALLOC], s->told[CB_RELEASE]);
}

/* ---- results ------------------------------------------------------------ */

void misuse_poison(struct misuse_scene *s)
{
    memset(s->out, POISON, sizeof(s->out));
    memset(s->expected, POISON, sizeof(s->expected));
    s->used = 0;
    s->count = s->count_before = 0;
    /* A failure of another kind: the next sentence must be a new one. */
    CHECK_EQ(IOVP_E_UNSUPPORTED, iovp_check_abi(0, 0, 0, 0));
}

static bool is_new(const char *sentence)
{
    return strlen(sentence) > 8 &&
           !strstr(sentence, "compiled for version 0.0");
}

void *misuse_word(struct misuse_scene *s, size_t bytes)
{
    void *at = s->out + s->used;

    s->used += (bytes + 15) & ~(size_t)15;
    return at;
}

void *misuse_out(struct misuse_scene *s, size_t n, size_t bytes, uint32_t size)
{
    size_t first = s->used;

    for (size_t i = 0; i < n; i++) {
        memcpy(s->out + first + i * bytes, &size, sizeof(size));
        memcpy(s->expected + first + i * bytes, &size, sizeof(size));
    }
    return misuse_word(s, n * bytes);
}

size_t *misuse_count(struct misuse_scene *s, size_t count)
{
    s->count = s->count_before = count;
    return &s->count;
}

void misuse_expect(struct misuse_scene *s, iovp_status want, iovp_status got,
                   const char *call, const char *file, int line)
{
    if (got != want)
        shim_fail(file, line, "%s: %d (%s), expected %d", call, (int)got,
                  got ? iovp_last_error() : "", (int)want);
    if (!got)
        return;
    if (!is_new(iovp_last_error()))
        shim_fail(file, line, "%s: failed without a sentence", call);
    if (memcmp(s->out, s->expected, sizeof(s->out)))
        shim_fail(file, line, "%s: failed, and has changed a result", call);
    if (got != IOVP_E_SPACE && s->count != s->count_before)
        shim_fail(file, line, "%s: failed, and has changed the count", call);
}

/* SPDX-License-Identifier: MIT */
/* What can be seen of a scene without changing it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IOVP_USE_UNSTABLE
#include "../capi/iovp_unstable.h"
#include "misuse_scene.h"
#include "shim.h"

enum { ROWS = 16, REGIMES = 16, REGS = 12, PROBES = 6, WINDOWS = 8 };

#define PAGES 8u

/* 6.3: registers of queues, tables and errors. */
static const uint32_t offsets[REGS] = {0x20, 0x28, 0x2c, 0x44, 0x50,    0x60,
                                       0x80, 0x90, 0x98, 0x9c, 0x100a8, 0xa0};

struct view {
    iovp_status st[32]; /* of the calls that looked */
    unsigned looks;
    iovp_stream_stats row[ROWS];
    iovp_context_stats stats[2];
    iovp_space_stats spaces;
    iovp_space_info space;
    uint32_t regime[7][REGIMES];
    iovp_regime_info info[7];
    iovp_translation probe[PROBES];
    iovp_window window[3][WINDOWS];
    iovp_dma_result transfer;
    uint64_t reg[2][REGS];
    iovp_status tracing;
    uint32_t next_pasid;
    uint64_t next_iova;
    unsigned told[CALLBACKS];
    unsigned blocks;
    bool file;
    uint8_t held[16];
};

struct state {
    struct state *spare;
    struct view v;
    uint8_t data[PAGES * SVA_PAGE];
    uint8_t tables[SVA_PAGE];
    uint8_t pool[SVA_POOL];
};

static void look(struct view *v, iovp_status st)
{
    if (v->looks < sizeof(v->st) / sizeof(v->st[0]))
        v->st[v->looks++] = st;
}

static void take_devices(struct misuse_scene *s, struct view *v)
{
    iovp_device *const d[7] = {s->v.npu,   s->v.twin, s->v.small, s->v.plain,
                               s->v.rigid, s->v.raw,  s->v.far};

    for (unsigned i = 0; i < 7; i++) {
        size_t n = REGIMES;

        v->info[i].size = sizeof(v->info[i]);
        look(v, iovp_regime_list(d[i], v->regime[i], &n));
        look(v, iovp_regime_get_info(d[i], n ? v->regime[i][n - 1] : 0,
                                     &v->info[i]));
    }
}

static void take_translations(struct misuse_scene *s, struct view *v)
{
    const struct {
        iovp_device *d;
        uint32_t pasid;
        uint64_t iova;
    } at[PROBES] = {
        {s->v.plain, IOVP_NO_PASID, SCENE_MAPPED},
        {s->v.plain, IOVP_NO_PASID, SCENE_MAPPED + SVA_PAGE},
        {s->v.plain, IOVP_NO_PASID, SCENE_HOLE},
        {s->v.npu, s->pasid, SCENE_MAPPED},
        {s->v.rigid, SCENE_GUEST, SCENE_MAPPED},
        {s->v.small, IOVP_NO_PASID, SCENE_MAPPED},
    };

    for (unsigned i = 0; i < PROBES; i++) {
        iovp_attrs a = IOVP_ATTRS_INIT;

        if (at[i].pasid != IOVP_NO_PASID) {
            a.specified = IOVP_ATTR_PASID;
            a.pasid = at[i].pasid;
            a.pasid_valid = 1;
        }
        v->probe[i].size = sizeof(v->probe[i]);
        look(v, iovp_translate(at[i].d, &a, at[i].iova, IOVP_ACCESS_READ,
                               IOVP_TRANSLATE_DEBUG, &v->probe[i]));
    }
}

static void take_windows(struct misuse_scene *s, struct view *v)
{
    size_t n[3] = {WINDOWS, WINDOWS, WINDOWS};

    for (unsigned i = 0; i < 3; i++)
        for (unsigned k = 0; k < WINDOWS; k++)
            v->window[i][k].size = sizeof(v->window[i][k]);
    look(v, iovp_windows(s->v.plain, IOVP_NO_PASID, v->window[0], &n[0], NULL));
    look(v, iovp_windows(s->v.npu, s->pasid, v->window[1], &n[1], NULL));
    look(v, iovp_domain_windows(s->h[K_DOMAIN], v->window[2], &n[2], NULL));
}

static void take_registers(struct misuse_scene *s, struct view *v)
{
    static const uint64_t base[2] = {0x9050000, 0x9070000};

    for (unsigned i = 0; i < 2; i++)
        for (unsigned k = 0; k < REGS; k++)
            CHECK_EQ(IOVP_OK, iovp_mmio_read(s->v.p, base[i] + offsets[k], 4, 0,
                                             &v->reg[i][k]));
}

static void take_figures(struct misuse_scene *s, struct view *v)
{
    size_t n = ROWS;

    for (unsigned i = 0; i < ROWS; i++)
        v->row[i].size = sizeof(v->row[i]);
    look(v, iovp_stats(s->v.p, v->row, &n));
    v->stats[0].size = v->stats[1].size = sizeof(v->stats[0]);
    look(v, iovp_context_get_stats(s->v.c, &v->stats[0]));
    v->spaces.size = sizeof(v->spaces);
    look(v, iovp_space_get_stats(s->v.p, &v->spaces));
    v->space.size = sizeof(v->space);
    look(v, iovp_space_get_info(s->h[K_SPACE], &v->space));
    v->transfer.size = sizeof(v->transfer);
    look(v, iovp_dma_poll(s->h[K_TRANSFER], &v->transfer));
}

/* Given back at once. */
static void take_next(struct misuse_scene *s, struct view *v)
{
    unsigned told[CALLBACKS];

    memcpy(told, s->told, sizeof(told));
    look(v, iovp_context_pasid_alloc(s->v.c, 0, 99, &v->next_pasid));
    look(v, iovp_context_pasid_free(s->v.c, v->next_pasid));
    look(v, iovp_domain_reserve(s->h[K_DOMAIN], 1, 0, &v->next_iova));
    look(v, iovp_domain_unreserve(s->h[K_DOMAIN], v->next_iova));
    v->blocks = s->told[CB_ALLOC] - s->told[CB_RELEASE];
    memcpy(s->told, told, sizeof(told));
    memcpy(v->told, told, sizeof(told));
    /* The library may allocate and release; what is left counts. */
    v->told[CB_ALLOC] = v->told[CB_RELEASE] = 0;
    v->blocks = told[CB_ALLOC] - told[CB_RELEASE];
}

/* They are large: used again. */
static struct state *spare;

static struct state *new_state(void)
{
    struct state *t = spare ? spare : malloc(sizeof(*t));

    if (spare)
        spare = spare->spare;
    memset(&t->v, 0, sizeof(t->v));
    return t;
}

static void forget(struct state *t)
{
    t->spare = spare;
    spare = t;
}

struct state *misuse_take(struct misuse_scene *s)
{
    struct state *t = new_state();
    struct view *v = &t->v;

    take_devices(s, v);
    take_translations(s, v);
    take_windows(s, v);
    take_figures(s, v);
    take_registers(s, v);
    take_next(s, v);
    memcpy(v->held, s->held, sizeof(v->held));
    v->tracing = iovp_trace_stop(s->v.p);
    v->file = !access(s->record, F_OK);
    CHECK_EQ(IOVP_OK,
             iovp_mem_read(s->v.p, SVA_DATA, t->data, sizeof(t->data)));
    CHECK_EQ(IOVP_OK,
             iovp_mem_read(s->v.p, SVA_TABLE, t->tables, sizeof(t->tables)));
    CHECK_EQ(IOVP_OK, iovp_mem_read(s->v.p, SVA_RAM, t->pool, sizeof(t->pool)));
    return t;
}

#define SAME(field)                                                        \
    do {                                                                   \
        if (memcmp(&a->field, &b->field, sizeof(a->field)))                \
            shim_fail(__FILE__, __LINE__, "%s: " #field " changed", what); \
    } while (0)

void misuse_same(struct state *before, struct state *after, const char *what)
{
    const struct state *a = before, *b = after;

    SAME(v.st);
    SAME(v.row);
    SAME(v.stats);
    SAME(v.spaces);
    SAME(v.space);
    SAME(v.regime);
    SAME(v.info);
    SAME(v.probe);
    SAME(v.window);
    SAME(v.transfer);
    SAME(v.reg);
    SAME(v.tracing);
    SAME(v.next_pasid);
    SAME(v.next_iova);
    SAME(v.told);
    SAME(v.blocks);
    SAME(v.file);
    SAME(v.held);
    SAME(data);
    SAME(tables);
    SAME(pool);
    forget(before);
    forget(after);
}

void misuse_runs(struct misuse_scene *s)
{
    iovp_device_info info = IOVP_DEVICE_INFO_INIT;
    iovp_stream_stats row[ROWS];
    size_t n = ROWS, i = 0;

    for (size_t k = 0; k < ROWS; k++)
        row[k].size = sizeof(row[k]);
    CHECK_EQ(IOVP_OK, iovp_device_get_info(s->v.raw, &info));
    CHECK_EQ(IOVP_OK, iovp_stats_reset(s->v.p));
    CHECK_EQ(IOVP_OK, iovp_run_until(s->v.p, 0, NULL));
    CHECK_EQ(IOVP_OK, iovp_stats(s->v.p, row, &n));
    while (i < n && row[i].device != info.index)
        i++;
    REQUIRE(i < n);
    CHECK_EQ(SCENE_TRANSFERS, row[i].transfers);
    CHECK_EQ(SCENE_TRANSFERS * 64, row[i].bytes);
}

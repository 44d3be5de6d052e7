/* SPDX-License-Identifier: MIT */
/*
 * A timed platform gives what a functional one gives: data, results, faults,
 * Event queue, memory, and all figures but those of time.
 */
#include <stdlib.h>
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "capi_soc.h"
#include "shim.h"

#define IOVA 0x40000000ull

enum { NPU, DISP, RAW };

#define NO_PASID UINT32_MAX
#define HOLE     5 /* a page that is not mapped; HOLE + 1 is read-only */
#define PAGES    32

/* What a DMA must give, by hand; done and event 0 unless said. */
static const struct step {
    uint8_t device, write;
    uint32_t pasid;
    uint64_t iova;
    uint32_t bytes, status, done, event;
} steps[] = {
    {NPU, 1, 1, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 0, 1, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 0, 2, IOVA, 64, IOVP_DMA_OK, 64, 0},
    {NPU, 1, 2, IOVA + 0xff8, 0x3000, IOVP_DMA_OK, 0x3000, 0},
    {NPU, 0, 2, IOVA + 0xff0, 0x2fff, IOVP_DMA_OK, 0x2fff, 0},
    /* no PASID: CD 0, as S1DSS = SSID0 */
    {NPU, 0, NO_PASID, IOVA, 8, IOVP_DMA_OK, 8, 0},
    {NPU, 0, NO_PASID, IOVA + HOLE * 0x1000, 8, IOVP_DMA_ABORT, 0, 0x10},
    /* a PASID without Context Descriptor, and one beyond the table */
    {NPU, 0, 9, IOVA, 8, IOVP_DMA_ABORT, 0, 0x0a},
    {NPU, 0, 0x10000, IOVA, 8, IOVP_DMA_ABORT, 0, 0x08},
    {DISP, 1, NO_PASID, IOVA, 4096, IOVP_DMA_OK, 4096, 0},
    /* into the hole, in the third page of it */
    {DISP, 0, NO_PASID, IOVA + 0x3800, 0x3000, IOVP_DMA_ABORT, 0x1800, 0x10},
    {DISP, 0, NO_PASID, IOVA + HOLE * 0x1000, 1, IOVP_DMA_ABORT, 0, 0x10},
    /* read-only */
    {DISP, 0, NO_PASID, IOVA + 0x6000, 0x1000, IOVP_DMA_OK, 0x1000, 0},
    {DISP, 1, NO_PASID, IOVA + 0x6ffc, 8, IOVP_DMA_ABORT, 0, 0x13},
    {DISP, 1, NO_PASID, IOVA + 0x6ffc, 1, IOVP_DMA_ABORT, 0, 0x13},
    /* a PASID for a stream without: C_BAD_SUBSTREAMID */
    {DISP, 0, 1, IOVA, 8, IOVP_DMA_ABORT, 0, 0x08},
    /* mapped to where nothing is, after a page that is there */
    {DISP, 1, NO_PASID, IOVA + 0x1fffff0, 32, IOVP_DMA_BUS, 16, 0},
    {RAW, 1, NO_PASID, SOC_DATA + 0x1ffffc, 8, IOVP_DMA_OK, 8, 0},
    {RAW, 0, NO_PASID, SOC_END - 4, 8, IOVP_DMA_BUS, 0, 0},
};

#define STEPS  (sizeof(steps) / sizeof(steps[0]))
#define RANDOM 600
#define EVENTS 2048

struct outcome {
    uint64_t hash; /* of all data that were read, and of RAM */
    iovp_dma_result result[STEPS + RANDOM + 8];
    uint32_t results;
    uint64_t event[EVENTS][4];
    uint32_t events;
    iovp_stream_stats row[64];
    size_t rows;
    bool time_passed; /* in every DMA */
};

static void hash(struct outcome *o, const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ b[i]) * 0x100000001b3;
}

static void do_dma(struct soc *s, struct outcome *o, const struct step *t)
{
    static uint8_t buf[0x4000];
    iovp_device *d[] = {s->npu, s->disp, s->raw};
    iovp_attrs a = soc_pasid(t->pasid);
    iovp_attrs *with = t->pasid == NO_PASID ? NULL : &a;
    iovp_dma_result *r = &o->result[o->results++];

    r->size = sizeof(*r);
    memset(buf, (int)(o->results | 1), t->bytes);
    if (t->write)
        CHECK_EQ(iovp_dma_write(d[t->device], soc_pasid_of(with), t->iova, buf,
                                t->bytes, with, r),
                 IOVP_OK);
    else
        CHECK_EQ(iovp_dma_read(d[t->device], soc_pasid_of(with), t->iova, buf,
                               t->bytes, with, r),
                 IOVP_OK);
    hash(o, buf, t->bytes);
    if (r->time_out <= r->time_in)
        o->time_passed = false;
    r->time_in = r->time_out = 0;
    if (s->drv.poll_ps && o->results % 16 == 0)
        soc_run(s, 1000000);
}

struct setup {
    struct smmu_stream npu, disp;
    struct smmu_space space[3];
};

static void set_up(struct soc *s, struct setup *u)
{
    struct smmu_driver *d = &s->drv;

    CHECK_EQ(smmu_attach(d, &u->npu, SOC_NPU_SID, 8, SMMU_S1DSS_SSID0), 0);
    CHECK_EQ(smmu_attach(d, &u->disp, SOC_DISP_SID, 0, 0), 0);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQ(smmu_space_create(d, &u->space[i]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, SMMU_NO_PASID, &u->space[2]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, 1, &u->space[0]), 0);
    CHECK_EQ(smmu_bind(d, &u->npu, 2, &u->space[1]), 0);
    CHECK_EQ(smmu_bind(d, &u->disp, SMMU_NO_PASID, &u->space[2]), 0);
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < PAGES; i++)
            CHECK_EQ(smmu_map(d, &u->space[k], IOVA + i * PAGE,
                              SOC_PAGE(1000 * k + (i * 7) % PAGES), PAGE,
                              SMMU_WRITE),
                     0);
    for (uint32_t i = 0; i < PAGES; i++)
        if (i != HOLE)
            CHECK_EQ(smmu_map(d, &u->space[2], IOVA + i * PAGE,
                              SOC_PAGE(3000 + i), PAGE,
                              i == HOLE + 1 ? 0 : SMMU_WRITE),
                     0);
    CHECK_EQ(smmu_map(d, &u->space[2], IOVA + 0x1fff000, SOC_PAGE(4000), PAGE,
                      SMMU_WRITE),
             0);
    CHECK_EQ(smmu_map(d, &u->space[2], IOVA + 0x2000000, 0x70000000, PAGE,
                      SMMU_WRITE),
             0);
    CHECK_STR(d->message, "");
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void random_steps(struct soc *s, struct outcome *o, uint64_t seed,
                         unsigned count)
{
    while (count--) {
        uint64_t r = next_random(&seed);
        struct step t = {.device = r % 3, .write = r >> 8 & 1};

        t.pasid = t.device == NPU ? 1 + (r >> 16) % 3 : NO_PASID;
        t.iova = IOVA + (r >> 20) % (PAGES * PAGE);
        if (t.device == RAW)
            t.iova += SOC_DATA - IOVA;
        t.bytes = 1 + (uint32_t)((r >> 44) % 0x1800);
        do_dma(s, o, &t);
    }
}

/*
 * CD.A = 0 (5.4): stage 1 faults of the display read as zero and do nothing;
 * what is mapped after the hole goes on.
 */
static void razwi(struct soc *s, struct outcome *o, struct setup *u)
{
    uint64_t cd = smmu_get64(&s->drv, u->disp.cd_table);
    struct step t = {DISP, 0, NO_PASID, IOVA + 0x4ff0, 0x1020, 0, 0, 0};

    soc_put64(s, u->disp.cd_table, cd & ~CD0_A);
    smmu_begin(&s->drv);
    smmu_cmd(&s->drv, CMD_CFGI_ALL, 31);
    smmu_sync(&s->drv);
    CHECK_EQ(smmu_end(&s->drv), 0);
    for (t.write = 0; t.write < 2; t.write++) {
        do_dma(s, o, &t);
        CHECK_EQ(o->result[o->results - 1].status, IOVP_DMA_RAZWI);
        CHECK_EQ(o->result[o->results - 1].event, 0x10);
        CHECK_EQ(o->result[o->results - 1].done, 16);
    }
    soc_put64(s, u->disp.cd_table, cd);
}

static void keep_event(void *ud, const struct smmu_event *e)
{
    struct outcome *o = ud;

    if (o->events < EVENTS)
        memcpy(o->event[o->events++], e->word, sizeof(e->word));
}

static void keep_rows(struct soc *s, struct outcome *o)
{
    o->rows = 64;
    for (size_t i = 0; i < o->rows; i++)
        o->row[i].size = sizeof(o->row[i]);
    CHECK_EQ(iovp_stats(s->p, o->row, &o->rows), IOVP_OK);
    for (size_t i = 0; i < o->rows; i++) {
        iovp_stream_stats *r = &o->row[i];

        r->first_ps = r->last_ps = 0;
        r->latency_min_ps = r->latency_max_ps = 0;
        r->latency_p50_ps = r->latency_p99_ps = 0;
        memset(r->wait_ps, 0, sizeof(r->wait_ps));
    }
}

static void keep_memory(struct soc *s, struct outcome *o)
{
    static uint8_t page[4096];

    for (uint32_t i = 0; i < 4001; i++) {
        CHECK_EQ(iovp_mem_read(s->p, SOC_PAGE(i), page, sizeof(page)), IOVP_OK);
        hash(o, page, sizeof(page));
    }
}

static void scenario(struct soc *s, struct outcome *o)
{
    struct setup u;

    o->time_passed = true;
    set_up(s, &u);
    for (size_t i = 0; i < STEPS; i++) {
        do_dma(s, o, &steps[i]);
        CHECK_EQ(o->result[i].status, steps[i].status);
        CHECK_EQ(o->result[i].done, steps[i].done);
        CHECK_EQ(o->result[i].event, steps[i].event);
    }
    random_steps(s, o, 0x9e3779b97f4a7c15, RANDOM / 2);
    razwi(s, o, &u);
    CHECK_EQ(smmu_unmap(&s->drv, &u.space[0], IOVA, 8 * PAGE), 0);
    random_steps(s, o, 0xc2b2ae3d27d4eb4f, RANDOM / 2);
    CHECK_EQ(smmu_events(&s->drv, keep_event, o), 0);
    CHECK_EQ(s->drv.overflows, 0);
    keep_rows(s, o);
    keep_memory(s, o);
}

static void timed_scenario(void *ud)
{
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_TIMED, 0));
    scenario(&s, ud);
    soc_close(&s);
}

TEST_CASE(Same, TimedGivesWhatFunctionalGives)
{
    struct outcome *f, *t;
    size_t bytes;
    struct soc s;

    if (!iovp_has_systemc())
        SKIP_TEST("built without SystemC");
    REQUIRE(soc_tree(&bytes));
    f = calloc(1, sizeof(*f));
    t = soc_shared(sizeof(*t));
    REQUIRE(f && t && soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    scenario(&s, f);
    soc_close(&s);
    soc_child(timed_scenario, t);
    CHECK_EQ(f->results, t->results);
    for (uint32_t i = 0; i < f->results; i++)
        CHECK_MEM(&f->result[i], &t->result[i], sizeof(f->result[i]));
    CHECK_EQ(f->events, t->events);
    CHECK(f->events > 100 && f->events < EVENTS);
    CHECK_MEM(f->event, t->event, sizeof(f->event));
    CHECK_EQ(f->rows, t->rows);
    for (size_t i = 0; i < f->rows; i++)
        CHECK_MEM(&f->row[i], &t->row[i], sizeof(f->row[i]));
    CHECK_EQ(f->hash, t->hash);
    CHECK(t->time_passed);
    CHECK(!f->time_passed);
    free(f);
}

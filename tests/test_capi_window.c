/* SPDX-License-Identifier: MIT */
/* IOVA windows and reserved regions. */
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "../capi/window.h"
#include "shim.h"
#include "views_soc.h"

#define ALL_SIZES UINT64_MAX
#define SIZES_4K  (1ull << 12 | 1ull << 21 | 1ull << 30)
#define SIZES_ALL_GRANULES \
    (SIZES_4K | 1ull << 14 | 1ull << 25 | 1ull << 16 | 1ull << 29)

struct seen {
    size_t count;
    iovp_window w[8];
    iovp_window_info info;
};

static void look(iovp_device *d, uint32_t pasid, struct seen *out)
{
    size_t i, room;

    memset(out, 0, sizeof(*out));
    out->info.size = sizeof(out->info);
    out->count = 0;
    CHECK_EQ(iovp_windows(d, pasid, NULL, &out->count, NULL), IOVP_E_SPACE);
    REQUIRE(out->count <= 8);
    for (i = 0; i < 8; i++)
        out->w[i].size = sizeof(out->w[i]);
    room = out->count;
    CHECK_EQ(iovp_windows(d, pasid, out->w, &out->count, &out->info), IOVP_OK);
    CHECK_EQ(out->count, room);
    for (i = 0; i < out->count; i++) {
        CHECK_EQ(out->w[i].kind, IOVP_WINDOW_USABLE);
        CHECK(out->w[i].first <= out->w[i].last);
        if (i)
            CHECK(out->w[i].first > out->w[i - 1].last);
    }
}

static void expect_window(const iovp_window *w, uint64_t first, uint64_t last)
{
    CHECK_EQ(w->first, first);
    CHECK_EQ(w->last, last);
}

static void expect_info(const struct seen *s, uint32_t state, uint64_t sizes,
                        uint64_t alignment)
{
    CHECK_EQ(s->info.state, state);
    CHECK_EQ(s->info.page_sizes, sizes);
    CHECK_EQ(s->info.alignment, alignment);
}

/* One window 0..last. */
static void expect_one(iovp_device *d, uint32_t pasid, uint64_t last,
                       uint32_t state, uint64_t sizes, uint64_t alignment)
{
    struct seen s;

    look(d, pasid, &s);
    CHECK_EQ(s.count, 1);
    expect_window(&s.w[0], 0, last);
    expect_info(&s, state, sizes, alignment);
}

static uint64_t below(unsigned bits)
{
    return (1ull << bits) - 1;
}

/* ---- reserved regions --------------------------------------------------- */

TEST_CASE(CapiWindow, ReservedRegionsOfTheDeviceTree)
{
    iovp_window w[4] = {{.size = sizeof(w[0])},
                        {.size = sizeof(w[0])},
                        {.size = sizeof(w[0])},
                        {.size = sizeof(w[0])}};
    struct views v;
    size_t count = 0;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_reserved_regions(v.s.disp, NULL, &count), IOVP_E_SPACE);
    CHECK_EQ(count, 3);
    CHECK_EQ(iovp_reserved_regions(v.s.disp, w, &count), IOVP_OK);
    expect_window(&w[0], 0, PAGE - 1);
    expect_window(&w[1], VIEWS_FB, VIEWS_FB + VIEWS_FB_BYTES - 1);
    expect_window(&w[2], 0xfffffffff000, 0xffffffffffff);
    for (count = 0; count < 3; count++)
        CHECK_EQ(w[count].kind, IOVP_WINDOW_RESERVED);
    count = 4;
    CHECK_EQ(iovp_reserved_regions(v.gpu, w, &count), IOVP_OK);
    CHECK_EQ(count, 1);
    expect_window(&w[0], VIEWS_GPU_HOLE, VIEWS_GPU_HOLE + 2 * PAGE - 1);
    count = 4;
    CHECK_EQ(iovp_reserved_regions(v.s.npu, w, &count), IOVP_OK);
    CHECK_EQ(count, 0);
    CHECK_EQ(iovp_reserved_regions(v.s.npu, w, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_reserved_regions(NULL, w, &count), IOVP_E_HANDLE);
    w[0].size = 4;
    count = 4;
    CHECK_EQ(iovp_reserved_regions(v.s.disp, w, &count), IOVP_E_INVALID);
    soc_close(&v.s);
}

/* With the same addresses in `reg` it is mapped to itself. */
TEST_CASE(CapiWindow, OneRegionIsMappedToItself)
{
    struct platform *p = NULL;
    struct platform_device_state *d = NULL;
    struct views v;
    uint32_t i, identities = 0;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(handle_enter_device(v.s.disp, ENTER_NORMAL, &p, &d), IOVP_OK);
    for (i = 0; i < d->desc.regions; i++) {
        CHECK_EQ(d->desc.region[i].identity,
                 d->desc.region[i].first == VIEWS_FB);
        identities += d->desc.region[i].identity;
    }
    CHECK_EQ(identities, 1);
    soc_close(&v.s);
}

/* ---- windows follow the configuration ----------------------------------- */

static void follow(struct views *v, uint32_t mode)
{
    struct smmu_stream st, plain;
    struct smmu_space s = {0};
    unsigned input = soc_reg(&v->s, IDR5) >> 10 & 3 ? 52 : 48; /* VAX */
    struct seen w;

    (void)mode;
    /* Aborted: what the SMMU could. */
    expect_one(v->s.npu, IOVP_NO_PASID, below(input), IOVP_REGIME_INVALID,
               SIZES_ALL_GRANULES, PAGE);
    /* Attached, no CD yet; then with tables; bypass without PASID. */
    views_attach(v, &st, SOC_NPU_SID, 10, SMMU_S1DSS_BYPASS);
    expect_one(v->s.npu, 3, below(input), IOVP_REGIME_INVALID,
               SIZES_ALL_GRANULES, PAGE);
    expect_one(v->s.npu, IOVP_NO_PASID, below(views_oas_bits(v)),
               IOVP_REGIME_IDENTITY, ALL_SIZES, 1);
    views_bind(v, &st, 3, &s);
    expect_one(v->s.npu, 3, below(48), IOVP_REGIME_TRANSLATED, SIZES_4K, PAGE);
    smmu_unbind(&v->s.drv, &st, 3, &s);
    expect_one(v->s.npu, 3, below(input), IOVP_REGIME_INVALID,
               SIZES_ALL_GRANULES, PAGE);
    smmu_detach(&v->s.drv, &st);
    expect_one(v->s.npu, 3, below(input), IOVP_REGIME_BLOCKED,
               SIZES_ALL_GRANULES, PAGE);
    /* Less the reserved regions. */
    views_attach(v, &plain, SOC_DISP_SID, 0, 0);
    views_bind(v, &plain, SMMU_NO_PASID, &s);
    look(v->s.disp, IOVP_NO_PASID, &w);
    CHECK_EQ(w.count, 2);
    expect_window(&w.w[0], PAGE, VIEWS_FB - 1);
    expect_window(&w.w[1], VIEWS_FB + VIEWS_FB_BYTES, 0xffffffffefff);
    expect_info(&w, IOVP_REGIME_TRANSLATED, SIZES_4K, PAGE);
}

TEST_CASE(CapiWindow, FollowTheConfiguration)
{
    views_both(follow);
}

TEST_CASE(CapiWindow, WithoutTranslation)
{
    struct views v;

    /* Out of reset the SMMU is off, and transactions pass (6.3.14). */
    REQUIRE(views_create(&v, IOVP_MODE_FUNCTIONAL));
    expect_one(v.s.npu, IOVP_NO_PASID, below(views_oas_bits(&v)),
               IOVP_REGIME_OFF, ALL_SIZES, 1);
    expect_one(v.s.raw, IOVP_NO_PASID, UINT64_MAX, IOVP_REGIME_OFF, ALL_SIZES,
               1);
    soc_close(&v.s);
}

/* 5.4: both ranges.  A mapping that suits both has a size that both have. */
TEST_CASE(CapiWindow, UpperRange)
{
    struct smmu_stream st;
    struct smmu_space s = {0};
    struct views v;
    struct seen w;
    uint64_t word;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    views_attach(&v, &st, SOC_NPU_SID, 0, 0);
    views_bind(&v, &st, SMMU_NO_PASID, &s);
    word = views_get64(&v, st.cd_table);
    soc_put64(&v.s, st.cd_table + 16, s.ttb);
    /* T1SZ = 25, TG1 = 4 KiB, no EPD1 */
    word = (word & ~CD0_EPD1) | 25ull << 16 | 2ull << 22;
    soc_put64(&v.s, st.cd_table, word);
    look(v.s.npu, IOVP_NO_PASID, &w);
    CHECK_EQ(w.count, 2);
    expect_window(&w.w[0], 0, below(48));
    expect_window(&w.w[1], ~below(39), UINT64_MAX);
    expect_info(&w, IOVP_REGIME_TRANSLATED, SIZES_4K, PAGE);
    /* TG1 = 16 KiB: no size is in common. */
    soc_put64(&v.s, st.cd_table, word ^ 3ull << 22);
    look(v.s.npu, IOVP_NO_PASID, &w);
    CHECK_EQ(w.count, 2);
    expect_info(&w, IOVP_REGIME_TRANSLATED, 0, 1u << 14);
    soc_close(&v.s);
}

/* Stage 2 of 39 bits, from level 1: 512 blocks of 1 GiB mapped to themselves.
 */
static void add_stage2(struct views *v, uint32_t sid, unsigned config)
{
    uint64_t ste = views_ste(v, sid), table, i, word;

    smmu_begin(&v->s.drv);
    table = smmu_alloc(&v->s.drv, PAGE, PAGE);
    for (i = 0; i < 512; i++) /* AF, SH, S2AP, MemAttr */
        soc_put64(&v->s, table + 8 * i,
                  i << 30 | 1u << 10 | 3u << 8 | 3u << 6 | 0xfu << 2 | 1);
    /* S2VMID 1, S2T0SZ 25, S2SL0 1, WB ISH, 4 KiB, S2PS 40, AA64, AFFD, S2R */
    word = 1 | 25ull << 32 | 1ull << 38 | 1ull << 40 | 1ull << 42 | 3ull << 44 |
           2ull << 48 | 1ull << 51 | 1ull << 53 | 1ull << 58;
    soc_put64(&v->s, ste + 16, word);
    soc_put64(&v->s, ste + 24, table);
    word = views_get64(v, ste);
    soc_put64(&v->s, ste, (word & ~(7ull << 1)) | config << 1);
    views_command(v, CMD_CFGI_STE | CMD_SID(sid), CMD_LEAF);
}

static void stages(struct views *v, uint32_t mode)
{
    struct smmu_stream st;
    struct smmu_space s = {0};

    (void)mode;
    views_attach(v, &st, SOC_NPU_SID, 0, 0);
    views_bind(v, &st, SMMU_NO_PASID, &s);
    add_stage2(v, SOC_NPU_SID, 7);
    /* Nested: what the device uses are addresses of stage 1. */
    expect_one(v->s.npu, IOVP_NO_PASID, below(48), IOVP_REGIME_TRANSLATED,
               SIZES_4K, PAGE);
    add_stage2(v, SOC_NPU_SID, 6);
    expect_one(v->s.npu, IOVP_NO_PASID, below(39), IOVP_REGIME_TRANSLATED,
               SIZES_4K, PAGE);
}

TEST_CASE(CapiWindow, NestedAndStage2Alone)
{
    views_both(stages);
}

TEST_CASE(CapiWindow, ChecksItsArguments)
{
    struct views v;
    iovp_window w = {.size = sizeof(w)};
    iovp_window_info info = {.size = sizeof(info)};
    size_t count = 1;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_windows(v.s.npu, IOVP_NO_PASID, &w, NULL, NULL),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_windows(v.s.npu, IOVP_NO_PASID, NULL, &count, NULL),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_windows(v.s.npu, 1u << 16, &w, &count, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_windows(v.s.raw, 0, &w, &count, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_windows(NULL, 0, &w, &count, NULL), IOVP_E_HANDLE);
    info.size--;
    CHECK_EQ(iovp_windows(v.s.npu, IOVP_NO_PASID, &w, &count, &info),
             IOVP_E_INVALID);
    info.size++;
    w.size--;
    CHECK_EQ(iovp_windows(v.s.npu, IOVP_NO_PASID, &w, &count, &info),
             IOVP_E_INVALID);
    w.size++;
    CHECK_EQ(count, 1);
    CHECK_EQ(iovp_windows(v.s.npu, IOVP_NO_PASID, &w, &count, &info), IOVP_OK);
    soc_close(&v.s);
}

/* ---- lists -------------------------------------------------------------- */

static void expect_list(const struct window_list *l, unsigned count,
                        const struct window_range *want)
{
    CHECK_EQ(l->count, count);
    if (l->count == count)
        CHECK_MEM(l->at, want, count * sizeof(*want));
}

TEST_CASE(CapiWindow, Subtract)
{
    struct window_list l = {1, {{0, UINT64_MAX}}};

    CHECK(window_subtract(&l, 0, 9));
    CHECK(window_subtract(&l, 100, 199));
    CHECK(window_subtract(&l, 2, 1));
    CHECK(window_subtract(&l, UINT64_MAX, UINT64_MAX));
    expect_list(&l, 2,
                (struct window_range[]){{10, 99}, {200, UINT64_MAX - 1}});
    CHECK(window_subtract(&l, 50, 300));
    expect_list(&l, 2,
                (struct window_range[]){{10, 49}, {301, UINT64_MAX - 1}});
    CHECK(window_holds(&l, 10, 49));
    CHECK(!window_holds(&l, 9, 49));
    CHECK(!window_holds(&l, 49, 301));
    CHECK(!window_holds(&l, 20, 19));
    CHECK(window_subtract(&l, 0, UINT64_MAX));
    expect_list(&l, 0, NULL);
}

TEST_CASE(CapiWindow, Intersect)
{
    struct window_list a = {3, {{0, 10}, {20, 30}, {40, UINT64_MAX}}};
    const struct window_list b = {
        3, {{5, 25}, {30, 45}, {UINT64_MAX, UINT64_MAX}}};

    CHECK(window_intersect(&a, &b));
    expect_list(
        &a, 5,
        (struct window_range[]){
            {5, 10}, {20, 25}, {30, 30}, {40, 45}, {UINT64_MAX, UINT64_MAX}});
}

/* The last hole that fits, and the first that does not. */
TEST_CASE(CapiWindow, ListsAreBounded)
{
    struct window_list l = {1, {{0, UINT64_MAX}}}, before;
    uint64_t i;

    for (i = 1; i < WINDOWS_MAX; i++)
        CHECK(window_subtract(&l, 10 * i, 10 * i));
    CHECK_EQ(l.count, WINDOWS_MAX);
    before = l;
    CHECK(!window_subtract(&l, 10 * i, 10 * i));
    CHECK_MEM(&l, &before, sizeof(l));
}

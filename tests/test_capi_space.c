/* SPDX-License-Identifier: MIT */
/* PASID contexts: a device's address spaces, made lazily and dropped when
 * their configuration changes. */
#include <stdlib.h>
#include <string.h>

#define IOVP_USE_UNSTABLE
#include "../capi/examples/smmuv3_driver_internal.h"
#include "../capi/iovp_unstable.h"
#include "../capi/space.h"
#include "shim.h"
#include "views_soc.h"

#define IOVA 0x10000000ull

static iovp_space_stats stats(struct views *v)
{
    iovp_space_stats st = {.size = sizeof(st)};

    CHECK_EQ(iovp_space_get_stats(v->s.p, &st), IOVP_OK);
    return st;
}

static iovp_space *get(iovp_device *d, uint32_t pasid)
{
    iovp_space *s = NULL;

    CHECK_EQ(iovp_space_get(&s, d, pasid), IOVP_OK);
    return s;
}

static iovp_space_info info(iovp_space *s)
{
    iovp_space_info i = {.size = sizeof(i)};

    CHECK_EQ(iovp_space_get_info(s, &i), IOVP_OK);
    return i;
}

/* STALE, whatever is asked. */
static void expect_stale(iovp_space *s)
{
    iovp_space_info i = {.size = sizeof(i)};
    iovp_translation t = {.size = sizeof(t)};

    CHECK_EQ(iovp_space_get_info(s, &i), IOVP_E_STALE);
    CHECK_EQ(iovp_space_translate(s, IOVA, 1, &t), IOVP_E_STALE);
}

/* The NPU with two PASIDs, one page each. */
struct two {
    struct smmu_stream st;
    struct smmu_space a, b;
};

#define PASID_A 5u
#define PASID_B 700u

static void set_up(struct views *v, struct two *t)
{
    *t = (struct two){0};
    views_attach(v, &t->st, SOC_NPU_SID, 10, SMMU_S1DSS_BYPASS);
    views_bind(v, &t->st, PASID_A, &t->a);
    views_bind(v, &t->st, PASID_B, &t->b);
    views_map(v, &t->a, IOVA, SOC_PAGE(0), PAGE, SMMU_WRITE);
    views_map(v, &t->b, IOVA, SOC_PAGE(1), PAGE, SMMU_WRITE);
}

/* ---- lazily ------------------------------------------------------------- */

static void made_by_first_use(struct views *v, uint32_t mode)
{
    struct two t;
    iovp_space *a, *again;
    iovp_space_info i;
    uint64_t before;

    set_up(v, &t);
    CHECK_EQ(stats(v).live, 0);
    soc_run(&v->s, 1000);
    before = iovp_now(v->s.p);
    CHECK_EQ(views_dma(v->s.npu, PASID_A, IOVA), IOVP_DMA_OK);
    CHECK_EQ(stats(v).live, 1);
    CHECK_EQ(stats(v).made, 1);
    soc_run(&v->s, 1000000);
    CHECK_EQ(views_dma(v->s.npu, PASID_A, IOVA + 8), IOVP_DMA_OK);
    a = get(v->s.npu, PASID_A);
    i = info(a);
    CHECK_EQ(i.pasid, PASID_A);
    CHECK_EQ(i.index, views_index(v->s.npu, PASID_A));
    CHECK_EQ(i.state, IOVP_REGIME_TRANSLATED);
    CHECK_EQ(i.made, 1);
    CHECK_EQ(i.uses, 3);
    CHECK_EQ(i.bytes, 16);
    if (mode == IOVP_MODE_TIMED)
        CHECK(i.time_ps >= before && i.time_ps < iovp_now(v->s.p) - 500000);
    else
        CHECK_EQ(i.time_ps, 0);
    CHECK_EQ(stats(v).live, 1);
    CHECK_EQ(stats(v).reused, 2);
    again = get(v->s.npu, PASID_A);
    CHECK_EQ((uintptr_t)again, (uintptr_t)a);
    CHECK_EQ(info(a).uses, 4);
    iovp_space_put(again);
    CHECK_EQ(info(a).made, 1);
    iovp_space_put(a);
    CHECK_EQ(stats(v).live, 1);
}

TEST_CASE(CapiSpace, FirstUseMakesItLaterOnesFindIt)
{
    views_both(made_by_first_use);
}

/* A fault is a use, without bytes; another StreamID has another space. */
static void each_regime_has_its_own(struct views *v, uint32_t mode)
{
    iovp_attrs second = {.size = sizeof(second),
                         .specified = IOVP_ATTR_STREAM_ID,
                         .stream_id = VIEWS_GPU_SID + 1};
    iovp_space *s;
    uint64_t word;

    (void)mode;
    CHECK_EQ(views_dma(v->gpu, 9, IOVA), IOVP_DMA_ABORT);
    s = get(v->gpu, 9);
    CHECK_EQ(info(s).uses, 2);
    CHECK_EQ(info(s).bytes, 0);
    /* C_BAD_STREAMID: the driver has no leaf table for it yet. */
    CHECK_EQ(info(s).state, IOVP_REGIME_INVALID);
    CHECK_EQ(views_dma(v->gpu, IOVP_NO_PASID, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(stats(v).live, 2);
    CHECK_EQ(
        iovp_dma_read(v->gpu, IOVP_NO_PASID, IOVA, &word, 8, &second, NULL),
        IOVP_OK);
    CHECK_EQ(stats(v).live, 3);
    CHECK_EQ(views_dma(v->s.disp, IOVP_NO_PASID, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(stats(v).live, 4);
    CHECK_EQ(views_dma(v->s.raw, IOVP_NO_PASID, SOC_DATA), IOVP_DMA_OK);
    CHECK_EQ(stats(v).live, 5);
    iovp_space_put(s);
    s = get(v->s.raw, IOVP_NO_PASID);
    CHECK_EQ(info(s).state, IOVP_REGIME_OFF);
    CHECK_EQ(info(s).index, 0);
    CHECK_EQ(info(s).pasid, IOVP_NO_PASID);
    CHECK_EQ(info(s).bytes, 8);
    iovp_space_put(s);
}

/* What is no regime of the device has no space, and is no error. */
TEST_CASE(CapiSpace, ForeignAttributesHaveNone)
{
    iovp_attrs foreign = {.size = sizeof(foreign),
                          .specified = IOVP_ATTR_STREAM_ID,
                          .stream_id = SOC_DISP_SID};
    struct views v;
    uint64_t word;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_mem_read(v.s.p, 0, &word, 8), IOVP_E_BUS);
    CHECK_EQ(
        iovp_dma_read(v.s.npu, IOVP_NO_PASID, IOVA, &word, 8, &foreign, NULL),
        IOVP_OK);
    CHECK_EQ(views_dma(v.s.npu, 1u << 16, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(views_dma(v.s.disp, 0, IOVA), IOVP_DMA_ABORT);
    CHECK_EQ(stats(&v).made, 0);
    /* Still that of the failure. */
    CHECK(!strstr(iovp_last_error(), "StreamID"));
    soc_close(&v.s);
}

TEST_CASE(CapiSpace, EachRegimeHasItsOwn)
{
    views_both(each_regime_has_its_own);
}

/* Any of 2^20 PASIDs, but memory for those alone that are used. */
TEST_CASE(CapiSpace, MemoryIsForThoseInUse)
{
    enum { LIVE = 5000 };
    static iovp_space *held[LIVE];
    struct views v;
    iovp_space_stats st;
    uint32_t i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    for (i = 0; i < LIVE; i++)
        views_dma(v.gpu, i * 209 % (1u << 20), IOVA);
    st = stats(&v);
    CHECK_EQ(st.live, LIVE);
    CHECK_EQ(st.made, LIVE);
    CHECK(st.bytes > 0 && st.bytes < LIVE * 512);
    for (i = 0; i < LIVE; i++) {
        held[i] = get(v.gpu, i * 209 % (1u << 20));
        if (info(held[i]).made != i + 1)
            break;
    }
    CHECK_EQ(i, LIVE);
    CHECK_EQ(stats(&v).reused, LIVE);
    views_command(&v, CMD_CFGI_STE | CMD_SID(VIEWS_GPU_SID), CMD_LEAF);
    CHECK_EQ(stats(&v).live, 0);
    CHECK_EQ(stats(&v).dropped, LIVE);
    CHECK(stats(&v).bytes < LIVE * 64);
    expect_stale(held[0]);
    expect_stale(held[LIVE - 1]);
    /* Those that are not put are freed with the platform. */
    for (i = 0; i < LIVE / 2; i++)
        iovp_space_put(held[i]);
    soc_close(&v.s);
}

/* ---- dropped ------------------------------------------------------------ */

static void cd_change(struct views *v, uint32_t mode)
{
    iovp_translation t = {.size = sizeof(t)};
    iovp_space_info i = {.size = sizeof(i)};
    struct two two;
    struct smmu_space c = {0};
    iovp_space *a, *b, *none, *fresh;
    uint64_t cd;

    (void)mode;
    set_up(v, &two);
    a = get(v->s.npu, PASID_A);
    b = get(v->s.npu, PASID_B);
    none = get(v->s.npu, IOVP_NO_PASID);
    CHECK_EQ(info(none).state, IOVP_REGIME_IDENTITY);
    CHECK_EQ(iovp_space_translate(a, IOVA + 4, 1, &t), IOVP_OK);
    CHECK_EQ(t.pa, SOC_PAGE(0) + 4);
    CHECK_EQ(iovp_space_translate(b, IOVA + 4, 1, &t), IOVP_OK);
    CHECK_EQ(t.pa, SOC_PAGE(1) + 4);

    /* Rewritten in memory: nothing is dropped yet. */
    CHECK_EQ(smmu_space_create(&v->s.drv, &c), 0);
    cd = two.st.cd_table + PASID_A * CD_BYTES;
    soc_put64(&v->s, cd + 8, c.ttb);
    CHECK_EQ(info(a).made, 1);
    CHECK_EQ(stats(v).dropped, 0);
    /* Invalidated: this one alone. */
    views_command(v, CMD_CFGI_CD | CMD_SID(SOC_NPU_SID) | CMD_SSID(PASID_A),
                  CMD_LEAF);
    expect_stale(a);
    CHECK_EQ(info(b).made, 2);
    CHECK_EQ(info(none).made, 3);
    CHECK_EQ(stats(v).dropped, 1);
    CHECK_EQ(stats(v).live, 2);
    /* The next use makes a new one. */
    fresh = get(v->s.npu, PASID_A);
    CHECK_EQ(info(fresh).made, 4);
    CHECK_EQ(info(fresh).uses, 1);
    CHECK((uintptr_t)fresh != (uintptr_t)a);
    CHECK_EQ(iovp_space_translate(fresh, IOVA, 1, &t), IOVP_OK);
    CHECK_EQ(t.status, IOVP_DMA_ABORT);
    expect_stale(a);
    iovp_space_put(a);
    CHECK_EQ(iovp_space_get_info(a, &i), IOVP_E_HANDLE);
    CHECK_EQ(info(fresh).made, 4);
    iovp_space_put(fresh);
    iovp_space_put(b);
    iovp_space_put(none);
}

TEST_CASE(CapiSpace, AChangedEntryDropsItWhenInvalidated)
{
    views_both(cd_change);
}

/* Which of the NPU's spaces A, B and "none", and the display's, are left. */
static void expect_left(struct views *v, struct two *two, uint64_t word0,
                        uint64_t word1, unsigned left)
{
    iovp_space *s[4] = {get(v->s.npu, PASID_A), get(v->s.npu, PASID_B),
                        get(v->s.npu, IOVP_NO_PASID),
                        get(v->s.disp, IOVP_NO_PASID)};
    unsigned i;

    (void)two;
    views_command(v, word0, word1);
    for (i = 0; i < 4; i++) {
        if (left >> i & 1)
            info(s[i]);
        else
            expect_stale(s[i]);
        iovp_space_put(s[i]);
    }
}

/* 4.3: what the commands cover. */
static void what_is_dropped(struct views *v, uint32_t mode)
{
    struct two t;

    (void)mode;
    set_up(v, &t);
    expect_left(v, &t, CMD_TLBI_NSNH_ALL, 0, 0xf);
    expect_left(v, &t, CMD_CFGI_CD | CMD_SID(SOC_NPU_SID) | CMD_SSID(PASID_B),
                CMD_LEAF, 0xd);
    /* CD 0 is also that of transactions without PASID. */
    expect_left(v, &t, CMD_CFGI_CD | CMD_SID(SOC_NPU_SID) | CMD_SSID(0),
                CMD_LEAF, 0xb);
    expect_left(v, &t, 0x06 | CMD_SID(SOC_NPU_SID), 0, 0x8); /* CFGI_CD_ALL */
    expect_left(v, &t, CMD_CFGI_STE | CMD_SID(SOC_NPU_SID), CMD_LEAF, 0x8);
    expect_left(v, &t, CMD_CFGI_STE | CMD_SID(SOC_DISP_SID), CMD_LEAF, 0x7);
    expect_left(v, &t, CMD_CFGI_STE | CMD_SID(0x999), CMD_LEAF, 0xf);
    /* CFGI_STE_RANGE: StreamIDs 0x10..0x1f */
    expect_left(v, &t, CMD_CFGI_ALL | CMD_SID(SOC_NPU_SID), 3, 0x8);
    expect_left(v, &t, CMD_CFGI_ALL, 31, 0);
}

TEST_CASE(CapiSpace, OthersStay)
{
    views_both(what_is_dropped);
}

/* Switching the SMMU off and on concerns everybody behind it. */
static void reset(struct views *v, uint32_t mode)
{
    iovp_space *npu = get(v->s.npu, 1), *raw = get(v->s.raw, IOVP_NO_PASID);

    (void)mode;
    soc_set_cr0(&v->s, 0xc);
    expect_stale(npu);
    CHECK_EQ(info(raw).made, 2);
    iovp_space_put(npu);
    npu = get(v->s.npu, 1);
    CHECK_EQ(info(npu).state, IOVP_REGIME_BLOCKED); /* GBPA.ABORT */
    soc_set_cr0(&v->s, 0xd);
    expect_stale(npu);
    iovp_space_put(npu);
    iovp_space_put(raw);
}

TEST_CASE(CapiSpace, ResetDropsAll)
{
    views_both(reset);
}

/* ---- handles ------------------------------------------------------------ */

TEST_CASE(CapiSpace, EveryGetWantsAPut)
{
    iovp_space_info i = {.size = sizeof(i)};
    iovp_translation t = {.size = sizeof(t)};
    struct views v, other;
    iovp_space *s = NULL, *again;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    REQUIRE(views_open(&other, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_space_get(NULL, v.s.npu, 1), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get(&s, NULL, 1), IOVP_E_HANDLE);
    CHECK_EQ(iovp_space_get(&s, v.s.npu, 1u << 16), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get(&s, v.s.disp, 0), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get(&s, v.s.raw, 0), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get(&s, v.gpu, 1u << 20), IOVP_E_INVALID);
    CHECK(!s);
    CHECK_EQ(stats(&v).made, 0);
    s = get(v.s.npu, 0xffff);
    again = get(v.s.npu, 0xffff);
    CHECK_EQ(iovp_space_get_info(s, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_translate(s, 0, 4, &t), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_translate(s, 0, 1, NULL), IOVP_E_INVALID);
    iovp_space_put(NULL);
    iovp_space_put(s);
    CHECK_EQ(info(again).uses, 2);
    iovp_space_put(again);
    CHECK_EQ(iovp_space_get_info(s, &i), IOVP_E_HANDLE);
    iovp_space_put(s);
    /* The space itself is still cached. */
    s = get(v.s.npu, 0xffff);
    CHECK_EQ(info(s).made, 1);
    CHECK_EQ(info(s).uses, 3);
    soc_close(&v.s);
    CHECK_EQ(iovp_space_get_info(s, &i), IOVP_E_HANDLE);
    soc_close(&other.s);
}

TEST_CASE(CapiSpace, StatisticsCheckTheirStructure)
{
    iovp_space_stats st = {.size = sizeof(st) - 1};
    struct views v;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_space_get_stats(v.s.p, &st), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get_stats(v.s.p, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_space_get_stats(NULL, &st), IOVP_E_HANDLE);
    soc_close(&v.s);
}

/* ---- without memory ---------------------------------------------------- */

static bool exhausted;

static void *alloc_some(void *ud, size_t bytes)
{
    (void)ud;
    return exhausted ? NULL : malloc(bytes);
}

static void release(void *ud, void *block)
{
    (void)ud;
    free(block);
}

static void on_notify(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
}

/* DMA works; calls fail and change nothing. */
TEST_CASE(CapiSpace, WithoutMemory)
{
    const iovp_allocator some = {
        .size = sizeof(some), .alloc = alloc_some, .release = release};
    iovp_notifier_config c = {.size = sizeof(c),
                              .index = 0,
                              .events = IOVP_NOTIFY_DROP,
                              .understands = IOVP_ATTR_ALL,
                              .fn = on_notify};
    iovp_notifier *n = NULL;
    iovp_space *s = NULL;
    struct views v;

    exhausted = false;
    REQUIRE(views_create_with(&v, IOVP_MODE_FUNCTIONAL, &some));
    exhausted = true;
    CHECK_EQ(iovp_space_get(&s, v.s.npu, 1), IOVP_E_NOMEM);
    CHECK_EQ(iovp_notifier_register(&n, v.s.npu, &c), IOVP_E_NOMEM);
    CHECK_EQ(views_dma(v.s.npu, 1, SOC_DATA), IOVP_DMA_OK);
    CHECK_EQ(stats(&v).made, 0);
    exhausted = false;
    CHECK_EQ(views_dma(v.s.npu, 1, SOC_DATA), IOVP_DMA_OK);
    CHECK_EQ(stats(&v).live, 1);
    exhausted = true;
    CHECK_EQ(iovp_space_get(&s, v.s.npu, 2), IOVP_E_NOMEM);
    CHECK(!s && !n);
    exhausted = false;
    CHECK_EQ(iovp_notifier_register(&n, v.s.npu, &c), IOVP_OK);
    s = get(v.s.npu, 1);
    CHECK_EQ(info(s).uses, 2);
    soc_close(&v.s);
}

/* ---- the bound ---------------------------------------------------------- */

static struct platform *platform_of(struct views *v)
{
    struct platform *p = NULL;

    CHECK_EQ(handle_enter(v->s.p, ENTER_NORMAL, &p), IOVP_OK);
    return p;
}

TEST_CASE(CapiSpace, TheOldestMakesRoom)
{
    struct views v;
    iovp_space *first, *second;
    uint32_t i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    spaces_limit(platform_of(&v), 100);
    first = get(v.s.npu, 0);
    second = get(v.gpu, 1);
    for (i = 2; i < 100; i++)
        views_dma(v.gpu, i, IOVA);
    CHECK_EQ(stats(&v).live, 100);
    CHECK_EQ(stats(&v).dropped, 0);
    views_dma(v.gpu, 100, IOVA);
    CHECK_EQ(stats(&v).live, 100);
    CHECK_EQ(stats(&v).dropped, 1);
    expect_stale(first);
    CHECK_EQ(info(second).made, 2);
    /* Uses of the one that was dropped find a new one. */
    views_dma(v.s.npu, 0, IOVA);
    expect_stale(first);
    expect_stale(second);
    iovp_space_put(first);
    iovp_space_put(second);
    CHECK_EQ(stats(&v).made, 102);
    soc_close(&v.s);
}

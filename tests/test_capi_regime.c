/* SPDX-License-Identifier: MIT */
/* Regimes: indexes, enumeration, description, translation by index. */
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "shim.h"
#include "views_soc.h"

#define IOVA 0x10000000ull

#define EXECUTION (IOVP_ATTR_PRIVILEGED | IOVP_ATTR_INSTRUCTION)

static uint32_t mask_of(iovp_device *d)
{
    uint32_t mask = UINT32_MAX;

    CHECK_EQ(iovp_regime_attrs(d, &mask), IOVP_OK);
    return mask;
}

static uint32_t index_of(iovp_device *d, const iovp_attrs *a)
{
    uint32_t index = UINT32_MAX;

    CHECK_EQ(iovp_regime_index(d, a, &index), IOVP_OK);
    return index;
}

static iovp_regime_info info_of(iovp_device *d, uint32_t index)
{
    iovp_regime_info i = {.size = sizeof(i)};

    CHECK_EQ(iovp_regime_get_info(d, index, &i), IOVP_OK);
    CHECK_EQ(i.size, sizeof(i));
    CHECK_EQ(i.index, index);
    return i;
}

static iovp_attrs gpu_attrs(uint32_t stream, uint32_t pasid)
{
    iovp_attrs a = soc_pasid(pasid);

    a.stream_id = VIEWS_GPU_SID + stream;
    a.specified |= IOVP_ATTR_STREAM_ID;
    if (pasid == IOVP_NO_PASID)
        a.pasid = a.pasid_valid = 0;
    return a;
}

/* ---- indexes ------------------------------------------------------------ */

TEST_CASE(CapiRegime, AttributesThatCount)
{
    struct views v;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(mask_of(v.gpu), IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID | EXECUTION);
    CHECK_EQ(mask_of(v.s.npu), IOVP_ATTR_PASID | EXECUTION);
    CHECK_EQ(mask_of(v.s.disp), EXECUTION);
    CHECK_EQ(mask_of(v.s.raw), 0);
    CHECK_EQ(iovp_regime_attrs(v.s.npu, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_regime_attrs(NULL, &(uint32_t){0}), IOVP_E_HANDLE);
    soc_close(&v.s);
}

TEST_CASE(CapiRegime, OnlyTheseAttributesChangeAnIndex)
{
    struct views v;
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_ALL}, b;
    uint32_t plain, with_pasid;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    a.stream_id = SOC_NPU_SID;
    plain = index_of(v.s.npu, NULL);
    CHECK_EQ(index_of(v.s.npu, &a), plain);
    a.pasid_valid = 1;
    with_pasid = index_of(v.s.npu, &a);
    CHECK(with_pasid != plain);
    b = a;
    b.pasid = 1;
    CHECK(index_of(v.s.npu, &b) != with_pasid);
    b = a;
    b.space = IOVP_SPACE_REALM;
    b.privileged = b.instruction = b.no_write = 1;
    b.addr_type = IOVP_AT_TRANSLATED;
    b.mem_type = 0x44;
    b.shareability = IOVP_SH_OUTER;
    CHECK_EQ(index_of(v.s.npu, &b), with_pasid);
    /* The display has no PASIDs, so that one changes nothing. */
    b.stream_id = SOC_DISP_SID;
    CHECK_EQ(index_of(v.s.disp, &b), index_of(v.s.disp, NULL));
    /* Without IOMMU there is one regime. */
    CHECK_EQ(index_of(v.s.raw, &b), 0);
    CHECK_EQ(index_of(v.s.raw, NULL), 0);
    soc_close(&v.s);
}

static void ever_the_same(struct views *v, uint32_t mode)
{
    struct smmu_stream st;
    struct smmu_space s = {0};
    uint32_t before = views_index(v->s.npu, 9), none;

    (void)mode;
    none = views_index(v->s.npu, IOVP_NO_PASID);
    views_attach(v, &st, SOC_NPU_SID, 10, SMMU_S1DSS_TERMINATE);
    views_bind(v, &st, 9, &s);
    CHECK_EQ(views_index(v->s.npu, 9), before);
    soc_set_cr0(&v->s, 0);
    CHECK_EQ(views_index(v->s.npu, 9), before);
    CHECK_EQ(views_index(v->s.npu, IOVP_NO_PASID), none);
}

TEST_CASE(CapiRegime, IndexesAreValidForEver)
{
    views_both(ever_the_same);
}

TEST_CASE(CapiRegime, EveryRegimeHasAnIndexAndBack)
{
    static const uint32_t pasids[] = {IOVP_NO_PASID, 0,       1,      2,
                                      4095,          0xffffe, 0xfffff};
    struct views v;
    uint32_t last = 0, index, stream, i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    for (stream = 0; stream < 2; stream++) {
        for (i = 0; i < sizeof(pasids) / sizeof(pasids[0]); i++) {
            iovp_attrs a = gpu_attrs(stream, pasids[i]);
            iovp_regime_info info;

            index = index_of(v.gpu, &a);
            CHECK(index < 1u << 31);
            if (stream || i)
                CHECK(index > last);
            last = index;
            info = info_of(v.gpu, index);
            CHECK_EQ(info.stream_id, VIEWS_GPU_SID + stream);
            CHECK_EQ(info.pasid, pasids[i]);
            CHECK_EQ(info.space, IOVP_SPACE_NONSECURE);
        }
    }
    soc_close(&v.s);
}

static void expect_none(iovp_device *d, uint32_t index)
{
    iovp_regime_info i = {.size = sizeof(i)};
    iovp_translation t = {.size = sizeof(t)};

    CHECK_EQ(iovp_regime_get_info(d, index, &i), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_regime_translate(d, index, NULL, 0, 1, 0, &t),
             IOVP_E_NOTFOUND);
}

TEST_CASE(CapiRegime, OtherIndexesAreNone)
{
    struct views v;
    iovp_attrs a = gpu_attrs(1, 0xfffff);
    uint32_t index, bit;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(iovp_regime_index(v.s.npu, &a, &index), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_regime_index(v.gpu, &a, NULL), IOVP_E_INVALID);
    a.size = 1;
    CHECK_EQ(iovp_regime_index(v.gpu, &a, &index), IOVP_E_INVALID);
    a = soc_pasid(1u << 16);
    CHECK_EQ(iovp_regime_index(v.s.npu, &a, &index), IOVP_E_INVALID);
    index = views_index(v.gpu, 0xfffff);
    expect_none(v.s.npu, index);
    expect_none(v.s.disp, views_index(v.s.npu, 0));
    expect_none(v.s.raw, 1);
    expect_none(v.gpu, IOVP_REGIME_ALL);
    /* Above all that two streams and 20 bits of PASID need. */
    for (bit = 24; bit < 32; bit++)
        expect_none(v.gpu, 1u << bit);
    soc_close(&v.s);
}

/* ---- enumeration -------------------------------------------------------- */

#define LIST_MAX 16

static size_t list(iovp_device *d, uint32_t *indexes)
{
    size_t count = 0, have = LIST_MAX;

    CHECK_EQ(iovp_regime_count(d, &count), IOVP_OK);
    CHECK_EQ(iovp_regime_list(d, indexes, &have), IOVP_OK);
    CHECK_EQ(have, count);
    if (count) {
        have = count - 1;
        CHECK_EQ(iovp_regime_list(d, indexes, &have), IOVP_E_SPACE);
        CHECK_EQ(have, count);
        CHECK_EQ(iovp_regime_list(d, indexes, &have), IOVP_OK);
    }
    return count;
}

static void enumerate(struct views *v, uint32_t mode)
{
    struct smmu_stream st[2];
    struct smmu_space s = {0};
    uint32_t index[LIST_MAX], i;
    iovp_attrs want[6] = {gpu_attrs(0, IOVP_NO_PASID), gpu_attrs(0, 3),
                          gpu_attrs(0, 70000),         gpu_attrs(0, 0xfffff),
                          gpu_attrs(1, IOVP_NO_PASID), gpu_attrs(1, 0)};

    (void)mode;
    CHECK_EQ(list(v->s.raw, index), 1);
    CHECK_EQ(index[0], 0);
    CHECK_EQ(list(v->s.disp, index), 1);
    CHECK_EQ(list(v->gpu, index), 2);
    views_attach(v, &st[0], VIEWS_GPU_SID, 20, SMMU_S1DSS_TERMINATE);
    views_attach(v, &st[1], VIEWS_GPU_SID + 1, 4, SMMU_S1DSS_TERMINATE);
    CHECK_EQ(list(v->gpu, index), 2);
    views_bind(v, &st[1], 0, &s);
    views_bind(v, &st[0], 0xfffff, &s);
    views_bind(v, &st[0], 3, &s);
    views_bind(v, &st[0], 70000, &s);
    CHECK_EQ(list(v->gpu, index), 6);
    for (i = 0; i < 6; i++)
        CHECK_EQ(index[i], index_of(v->gpu, &want[i]));
    smmu_unbind(&v->s.drv, &st[0], 70000, &s);
    CHECK_EQ(list(v->gpu, index), 5);
    CHECK_EQ(index[2], index_of(v->gpu, &want[3]));
    smmu_detach(&v->s.drv, &st[0]);
    CHECK_EQ(list(v->gpu, index), 3);
    CHECK_EQ(iovp_regime_count(v->gpu, NULL), IOVP_E_INVALID);
    CHECK_EQ(iovp_regime_list(v->gpu, index, NULL), IOVP_E_INVALID);
}

TEST_CASE(CapiRegime, ThoseThatAreSetUp)
{
    views_both(enumerate);
}

/* A PASID with an entry that the device has not got is none of its regimes. */
TEST_CASE(CapiRegime, PasidsBeyondTheDevice)
{
    struct views v;
    struct smmu_stream st;
    struct smmu_space s = {0};
    uint32_t index[LIST_MAX];

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    views_attach(&v, &st, SOC_NPU_SID, 18, SMMU_S1DSS_TERMINATE);
    views_bind(&v, &st, 0x10000, &s);
    CHECK_EQ(list(v.s.npu, index), 1);
    views_bind(&v, &st, 0xffff, &s);
    CHECK_EQ(list(v.s.npu, index), 2);
    CHECK_EQ(index[1], views_index(v.s.npu, 0xffff));
    soc_close(&v.s);
}

/* ---- description -------------------------------------------------------- */

static void states(struct views *v, uint32_t mode)
{
    struct smmu_stream st;
    struct smmu_space s = {0};
    iovp_regime_info i;

    (void)mode;
    views_attach(v, &st, SOC_NPU_SID, 10, SMMU_S1DSS_BYPASS);
    views_bind(v, &st, 9, &s);
    i = info_of(v->s.npu, views_index(v->s.npu, 9));
    CHECK_EQ(i.state, IOVP_REGIME_TRANSLATED);
    CHECK_EQ(i.stages, IOVP_STAGE_1);
    CHECK_EQ(i.event, 0);
    CHECK_EQ(i.asid, s.asid);
    /* CD0_T0SZ 16, 4 KiB, EPD1: levels 0 to 3 of 48 bits. */
    CHECK_EQ(i.table[0].stage, IOVP_STAGE_1);
    CHECK_EQ(i.table[0].page_bits, 12);
    CHECK_EQ(i.table[0].levels, 4);
    CHECK_EQ(i.table[0].base, s.ttb);
    CHECK_EQ(i.table[0].first, 0);
    CHECK_EQ(i.table[0].last, 0xffffffffffff);
    CHECK_EQ(i.table[1].stage, 0);
    CHECK_EQ(i.table[2].stage, 0);
    i = info_of(v->s.npu, views_index(v->s.npu, IOVP_NO_PASID));
    CHECK_EQ(i.state, IOVP_REGIME_IDENTITY);
    i = info_of(v->s.npu, views_index(v->s.npu, 10));
    CHECK_EQ(i.state, IOVP_REGIME_INVALID);
    CHECK_EQ(i.event, 0x0a); /* C_BAD_CD: V = 0 */
    i = info_of(v->s.npu, views_index(v->s.npu, 1024));
    CHECK_EQ(i.state, IOVP_REGIME_INVALID);
    CHECK_EQ(i.event, 0x08); /* C_BAD_SUBSTREAMID: beyond S1CDMax */
    smmu_detach(&v->s.drv, &st);
    i = info_of(v->s.npu, views_index(v->s.npu, 9));
    CHECK_EQ(i.state, IOVP_REGIME_BLOCKED);
    CHECK_EQ(i.event, 0);
    i = info_of(v->s.raw, 0);
    CHECK_EQ(i.state, IOVP_REGIME_OFF);
    CHECK_EQ(i.pasid, IOVP_NO_PASID);
    CHECK_EQ(iovp_regime_get_info(v->s.npu, 0, NULL), IOVP_E_INVALID);
    i.size--;
    CHECK_EQ(iovp_regime_get_info(v->s.npu, 0, &i), IOVP_E_INVALID);
}

TEST_CASE(CapiRegime, WhatTheyAreNow)
{
    views_both(states);
}

TEST_CASE(CapiRegime, OutOfReset)
{
    struct views v;

    REQUIRE(views_create(&v, IOVP_MODE_FUNCTIONAL));
    CHECK_EQ(info_of(v.s.npu, 0).state, IOVP_REGIME_OFF);
    soc_close(&v.s);
}

/* ---- translation by index ----------------------------------------------- */

static iovp_translation by_index(iovp_device *d, uint32_t pasid,
                                 const iovp_attrs *a, uint64_t iova,
                                 uint32_t flags)
{
    iovp_translation t = {.size = sizeof(t), .status = 99};

    CHECK_EQ(iovp_regime_translate(d, views_index(d, pasid), a, iova,
                                   IOVP_ACCESS_READ, flags, &t),
             IOVP_OK);
    return t;
}

static void translate(struct views *v, uint32_t mode)
{
    struct smmu_stream st;
    struct smmu_space a = {0}, b = {0};
    iovp_attrs priv = {.size = sizeof(priv),
                       .specified = IOVP_ATTR_PRIVILEGED,
                       .privileged = 1};
    iovp_translation t;

    (void)mode;
    views_attach(v, &st, SOC_NPU_SID, 10, SMMU_S1DSS_TERMINATE);
    views_bind(v, &st, 1, &a);
    views_bind(v, &st, 2, &b);
    views_map(v, &a, IOVA, SOC_PAGE(1), PAGE, SMMU_WRITE);
    views_map(v, &b, IOVA, SOC_PAGE(2), PAGE, SMMU_PRIVILEGED);
    soc_events(&v->s);
    t = by_index(v->s.npu, 1, NULL, IOVA + 5, 0);
    CHECK_EQ(t.status, IOVP_DMA_OK);
    CHECK_EQ(t.pa, SOC_PAGE(1) + 5);
    CHECK_EQ(t.perms, IOVP_ACCESS_READ | IOVP_ACCESS_WRITE);
    /* An unprivileged data access, unless attrs say otherwise. */
    t = by_index(v->s.npu, 2, NULL, IOVA, IOVP_TRANSLATE_DEBUG);
    CHECK_EQ(t.status, IOVP_DMA_ABORT);
    CHECK_EQ(t.event, 0x13); /* F_PERMISSION */
    t = by_index(v->s.npu, 2, &priv, IOVA, IOVP_TRANSLATE_DEBUG);
    CHECK_EQ(t.status, IOVP_DMA_OK);
    CHECK_EQ(t.pa, SOC_PAGE(2));
    CHECK_EQ(soc_events(&v->s), 0);
    t = by_index(v->s.npu, 2, NULL, IOVA, 0);
    soc_settle(&v->s);
    CHECK_EQ(soc_events(&v->s), 1);
    CHECK_EQ(v->s.event.ssid, 2);
    t = by_index(v->s.raw, IOVP_NO_PASID, NULL, 0x1234, 0);
    CHECK_EQ(t.pa, 0x1234);
}

TEST_CASE(CapiRegime, TranslateByIndex)
{
    views_both(translate);
}

TEST_CASE(CapiRegime, TranslateChecksItsArguments)
{
    struct views v;
    iovp_translation t = {.size = sizeof(t)};
    iovp_attrs a = gpu_attrs(1, 6);
    uint32_t index;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    index = index_of(v.gpu, &a);
    CHECK_EQ(iovp_regime_translate(v.gpu, index, &a, 0, 1, 0, &t), IOVP_OK);
    CHECK_EQ(iovp_regime_translate(v.gpu, index, NULL, 0, 4, 0, &t),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_regime_translate(v.gpu, index, NULL, 0, 1, 2, &t),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_regime_translate(v.gpu, index, NULL, 0, 1, 0, NULL),
             IOVP_E_INVALID);
    CHECK_EQ(iovp_regime_translate(NULL, index, NULL, 0, 1, 0, &t),
             IOVP_E_HANDLE);
    a.pasid = 7;
    CHECK_EQ(iovp_regime_translate(v.gpu, index, &a, 0, 1, 0, &t),
             IOVP_E_INVALID);
    a = gpu_attrs(0, 6);
    CHECK_EQ(iovp_regime_translate(v.gpu, index, &a, 0, 1, 0, &t),
             IOVP_E_INVALID);
    a.size = 3;
    CHECK_EQ(iovp_regime_translate(v.gpu, index, &a, 0, 1, 0, &t),
             IOVP_E_INVALID);
    soc_close(&v.s);
}

/* SPDX-License-Identifier: MIT */
/* An SMMU with ATS: a Translation Request is answered, and moves no data. */
#include <stdio.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "ctx_soc.h"
#include "shim.h"

#define STE1_EATS_FULL (1ull << 28)
#define IOVA           0x10000u

static uint32_t reg(struct cx *x, uint32_t offset)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mmio_read(x->p, CX_SMMU + offset, 4, 0, &v), IOVP_OK);
    return (uint32_t)v;
}

/* The registers of the model with IDR0.ATS and without the Stall model. */
static bool ats_platform(struct cx *x, uint32_t mode)
{
    char idr[160];

    if (!cx_platform(x, IOVP_MODE_FUNCTIONAL))
        return false;
    snprintf(idr, sizeof(idr), "iovp,idr = <%u %u %u %u %u %u>;",
             reg(x, 0) | IDR0_ATS, reg(x, 4), reg(x, 0xc), reg(x, 0x14),
             reg(x, 0x18), reg(x, 0x1c));
    cx_close(x);
    return cx_platform_with(x, mode, idr);
}

/* A page for the device, and EATS. */
static bool bring_up(struct smmu_driver *drv)
{
    struct smmu_stream st;
    struct smmu_space space;
    uint64_t ste;

    if (smmu_init(drv) || smmu_space_create(drv, &space) ||
        smmu_map(drv, &space, IOVA, CX_PA(1), CX_PAGE, SMMU_WRITE) ||
        smmu_attach(drv, &st, 0x20, 0, 0) ||
        smmu_bind(drv, &st, SMMU_NO_PASID, &space))
        return false;
    ste = smmu_ste_address(drv, 0x20);
    smmu_put64(drv, ste + 8, smmu_get64(drv, ste + 8) | STE1_EATS_FULL);
    smmu_cmd(drv, CMD_CFGI_STE | CMD_SID(0x20), CMD_LEAF);
    smmu_sync(drv);
    return smmu_end(drv) == 0;
}

static void request(void *ud)
{
    const uint32_t mode = *(const uint32_t *)ud;
    struct smmu_ram ram = {CX_TABLE, CX_TABLE + 0x2000000};
    struct smmu_driver drv = {.base = CX_SMMU, .ram = &ram};
    iovp_attrs a = {.size = sizeof(a),
                    .specified = IOVP_ATTR_ADDR_TYPE,
                    .addr_type = IOVP_AT_TRANSLATION_REQUEST};
    iovp_translation t = IOVP_TRANSLATION_INIT;
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint64_t v = 0;
    struct cx x;

    REQUIRE(ats_platform(&x, mode));
    drv.platform = x.p;
    drv.poll_ps = mode == IOVP_MODE_TIMED ? 1000000 : 0;
    REQUIRE(bring_up(&drv));
    CHECK_EQ(iovp_translate(x.plain, &a, IOVA, IOVP_ACCESS_READ, 0, &t),
             IOVP_OK);
    CHECK_EQ(t.status, IOVP_DMA_OK);
    CHECK_EQ(t.pa, CX_PA(1));
    CHECK_EQ(iovp_dma_read(x.plain, IOVP_NO_PASID, IOVA, &v, 8, &a, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.done, 0);
    CHECK_EQ(v, 0);
    /* as an ordinary access */
    CHECK_EQ(iovp_dma_read(x.plain, IOVP_NO_PASID, IOVA, &v, 8, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    cx_close(&x);
}

TEST_CASE(CapiAts, RequestsMoveNoData)
{
    uint32_t mode = IOVP_MODE_FUNCTIONAL;

    request(&mode);
}

TEST_CASE(CapiAts, RequestsMoveNoDataInTime)
{
    uint32_t mode = IOVP_MODE_TIMED;

    if (!iovp_has_systemc())
        SKIP_TEST("built without SystemC");
    request(&mode);
}

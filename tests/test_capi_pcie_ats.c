/* SPDX-License-Identifier: MIT */
/*
 * ATS, invalidations and page requests between PCI functions and the SMMU of a
 * platform, from end to end: a test endpoint with its driver, the SMMU with
 * the example driver, and the C API between them.
 */
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie_soc.h"
#include "shim.h"

#define IOVA    0x40000000u
#define PATTERN 0x0123456789abcdefull
#define OTHER   0xfedcba9876543210ull
#define CACHED  (TEP_AT_ATC << TEP_ATTR_AT_SHIFT)
#define BY_PRI  (CACHED | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)

#define CERROR_ATC_INV_SYNC 3u /* SMMU 7.1, in SMMU_CMDQ_CONS.ERR */
#define SMMU_CMDQ_CONS      0x9cu

/* "near" with ATS, and PRI; its ordinary address space is `a`. */
static bool begin(struct ps *s, struct ps_stream *a)
{
    if (!ps_open(s))
        return false;
    if (!ps_attach(s, a, s->near, 0) || smmu_ats(&s->drv, &a->st, true) ||
        !ps_driver(s, s->near)) {
        ps_close(s);
        return false;
    }
    ps_ext_set(s, s->near, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    ps_ext_set(s, s->near, PCIE_EXT_PRI, PCIE_PRI_ALLOCATION, 4, 16);
    ps_ext_set(s, s->near, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
    return true;
}

/* ---- translations ----------------------------------------------------------
 */

TEST_CASE(CapiPcieAts, TranslatedDma)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(3), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(ps_fill(&s, IOVA + 16, 64, PATTERN, CACHED, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(3) + 8), 0);
    CHECK_EQ(ps_word(&s, PS_PA(3) + 16), PATTERN);
    CHECK_EQ(ps_counter(s.near, "ats_requests"), 1);
    CHECK_EQ(ps_counter(s.near, "atc_misses"), 1);
    CHECK_EQ(ps_fill(&s, IOVA + 64, 64, PATTERN, CACHED, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_counter(s.near, "ats_requests"), 1);
    CHECK(ps_counter(s.near, "atc_hits") >= 1);
    ps_close(&s);
}

/* Cached, it does not see a change of the tables; that is what an ATC is. */
TEST_CASE(CapiPcieAts, Invalidation)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(3), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, CACHED, 0), TEP_ERROR_NONE);
    CHECK_EQ(smmu_unmap(&s.drv, &a.space, IOVA, PS_PAGE), 0);
    CHECK_EQ(ps_fill(&s, IOVA, 8, OTHER, CACHED, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(3)), OTHER);
    CHECK_EQ(smmu_atc_invalidate(&s.drv, &a.st, SMMU_NO_PASID, IOVA, PS_PAGE),
             0);
    CHECK_EQ(ps_counter(s.near, "invalidations"), 1);
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, CACHED, 0), TEP_ERROR_DENIED);
    CHECK_EQ(ps_word(&s, PS_PA(3)), OTHER);
    ps_close(&s);
}

/* CMD_ATC_INV for whom nobody answers: CMD_SYNC fails (SMMU 7.1, 4.5). */
static void check_lost(struct ps *s, const struct ps_stream *a)
{
    CHECK(smmu_atc_invalidate(&s->drv, &a->st, SMMU_NO_PASID, IOVA, PS_PAGE));
    CHECK_EQ(ps_rd(s, PS_SMMU + SMMU_CMDQ_CONS, 4) >> 24 & 0x7f,
             CERROR_ATC_INV_SYNC);
}

TEST_CASE(CapiPcieAts, InvalidationOfTheAbsent)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    CHECK_EQ(iovp_device_unplug(s.near), IOVP_OK);
    check_lost(&s, &a);
    ps_close(&s);
}

TEST_CASE(CapiPcieAts, InvalidationOfAnUnknownStream)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    a.st.sid = PS_SID + 0x0a00;
    check_lost(&s, &a);
    ps_close(&s);
}

/* A translation of a PASID, and an invalidation of another one's. */
TEST_CASE(CapiPcieAts, InvalidationOfAPasid)
{
    struct smmu_space own[2];
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.inside, 4));
    for (unsigned n = 0; n < 2; n++) {
        CHECK_EQ(smmu_space_create(&s.drv, &own[n]), 0);
        CHECK_EQ(smmu_map(&s.drv, &own[n], IOVA, PS_PA(n), PS_PAGE, SMMU_WRITE),
                 0);
        CHECK_EQ(smmu_bind(&s.drv, &a.st, n + 1, &own[n]), 0);
    }
    CHECK_EQ(smmu_ats(&s.drv, &a.st, true), 0);
    ps_ext_set(&s, s.inside, PCIE_EXT_PASID, PCIE_PASID_CONTROL, 2,
               PCIE_PASID_ENABLE);
    ps_ext_set(&s, s.inside, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2,
               PCIE_ATS_ENABLE);
    REQUIRE(ps_driver(&s, s.inside));
    for (unsigned n = 0; n < 2; n++)
        CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN + n, CACHED, TEP_PASID_OF(n + 1)),
                 TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(0)), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(1)), PATTERN + 1);
    CHECK_EQ(smmu_unmap(&s.drv, &own[1], IOVA, PS_PAGE), 0);
    CHECK_EQ(smmu_atc_invalidate(&s.drv, &a.st, 2, IOVA, PS_PAGE), 0);
    CHECK_EQ(ps_counter(s.inside, "invalidated"), 1);
    CHECK_EQ(ps_fill(&s, IOVA, 8, OTHER, CACHED, TEP_PASID_OF(1)),
             TEP_ERROR_NONE);
    CHECK_EQ(ps_counter(s.inside, "ats_requests"), 2);
    CHECK_EQ(ps_fill(&s, IOVA, 8, OTHER, CACHED, TEP_PASID_OF(2)),
             TEP_ERROR_DENIED);
    ps_close(&s);
}

/* STE.EATS is 0: Unsupported Request (SMMU 3.9.1). */
TEST_CASE(CapiPcieAts, NotEnabledInTheSmmu)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(3), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(smmu_ats(&s.drv, &a.st, false), 0);
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, CACHED, 0), TEP_ERROR_UR);
    ps_close(&s);
}

/* No ats-supported: the root complex answers. */
TEST_CASE(CapiPcieAts, NotSupportedByTheHostBridge)
{
    struct ps_stream a;
    char dts[8192], *at;
    struct ps s;

    strcpy(dts, ps_tree(""));
    at = strstr(dts, "ats-supported;");
    REQUIRE(at);
    memset(at, ' ', strlen("ats-supported;"));
    REQUIRE(ps_create(&s, dts, IOVP_MODE_FUNCTIONAL));
    REQUIRE(ps_enumerate(&s) && ps_bring_up(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    CHECK_EQ(smmu_ats(&s.drv, &a.st, true), 0);
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(3), PS_PAGE, SMMU_WRITE));
    ps_ext_set(&s, s.near, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, CACHED, 0), TEP_ERROR_UR);
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, 0, 0), TEP_ERROR_NONE);
    ps_close(&s);
}

/* ---- page requests ---------------------------------------------------------
 */

static const struct tep_request on_fault = {
    .op = TEP_OP_FILL,
    .attr = BY_PRI,
    .dst = IOVA + 8,
    .len = 8,
    .operand = {PATTERN},
};

TEST_CASE(CapiPcieAts, PageRequest)
{
    struct smmu_page_request r;
    struct tep_outcome out;
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    ps_forget(&s);
    CHECK(tep_start(&s.tep, &on_fault));
    CHECK(ps_rd(&s, s.bar + TEP_STATUS, 4) & TEP_STATUS_WAITING);
    REQUIRE(s.irqs == 1);
    CHECK_STR(s.irq[0].line, "priq");
    REQUIRE(smmu_page_request_next(&s.drv, &r));
    CHECK_EQ(r.sid, PS_SID + 0x0100);
    CHECK_EQ(r.addr, IOVA);
    CHECK(r.write);
    CHECK(r.last);
    CHECK(!r.ssv);
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(6), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(smmu_page_respond(&s.drv, &r, SMMU_PRI_SUCCESS), 0);
    CHECK(tep_wait(&s.tep, &out));
    CHECK_EQ(out.error, TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(6) + 8), PATTERN);
    CHECK_EQ(ps_counter(s.near, "pri_success"), 1);
    ps_close(&s);
}

TEST_CASE(CapiPcieAts, PageRequestRefused)
{
    struct smmu_page_request r;
    struct tep_outcome out;
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    CHECK(tep_start(&s.tep, &on_fault));
    REQUIRE(smmu_page_request_next(&s.drv, &r));
    CHECK_EQ(smmu_page_respond(&s.drv, &r, SMMU_PRI_INVALID), 0);
    CHECK(tep_wait(&s.tep, &out));
    CHECK_EQ(out.error, TEP_ERROR_PAGE);
    ps_close(&s);
}

/* It is gone before its answer comes; a stale answer does no harm. */
TEST_CASE(CapiPcieAts, UnpluggedWhileItWaits)
{
    struct smmu_page_request r;
    struct ps_stream a;
    struct ps s;

    REQUIRE(begin(&s, &a));
    CHECK(tep_start(&s.tep, &on_fault));
    REQUIRE(smmu_page_request_next(&s.drv, &r));
    CHECK_EQ(iovp_device_unplug(s.near), IOVP_OK);
    CHECK_EQ(smmu_page_respond(&s.drv, &r, SMMU_PRI_SUCCESS), 0);
    CHECK_EQ(iovp_device_plug(s.near), IOVP_OK);
    REQUIRE(ps_enumerate(&s) && ps_driver(&s, s.near));
    CHECK_EQ(ps_rd(&s, s.bar + TEP_STATUS, 4), 0);
    ps_close(&s);
}

/* ---- without an IOMMU ------------------------------------------------------
 */

/* iommu-map of another bus: DMA passes, ATS is not there. */
TEST_CASE(CapiPcieAts, UnmappedRequester)
{
    iovp_device_info i;
    char dts[8192], *at;
    struct ps s;

    strcpy(dts, ps_tree(""));
    at = strstr(dts, "<0 &smmu 0x1000 0x1000>");
    REQUIRE(at);
    memcpy(at, "<8 &smmu 0x1008 0x00f8>", 23);
    REQUIRE(ps_create(&s, dts, IOVP_MODE_FUNCTIONAL));
    REQUIRE(ps_enumerate(&s) && ps_bring_up(&s));
    i = ps_info(s.near);
    CHECK_STR(i.iommu, "");
    CHECK_EQ(i.stream_id, 0x0100);
    i = ps_info(s.inside);
    CHECK_STR(i.iommu, "iommu@9050000");
    REQUIRE(ps_driver(&s, s.near));
    ps_ext_set(&s, s.near, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    CHECK_EQ(ps_fill(&s, PS_PA(1), 8, PATTERN, 0, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(1)), PATTERN);
    CHECK_EQ(ps_fill(&s, PS_PA(1), 8, PATTERN, CACHED, 0), TEP_ERROR_UR);
    ps_close(&s);
}

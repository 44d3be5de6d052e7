/* SPDX-License-Identifier: MIT */
/*
 * PCI functions of a platform in functional mode, by the C API alone: they are
 * enumerated, named, seen by the SMMU under the requester IDs that software
 * gave them, and do DMA through it.
 */
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie_soc.h"
#include "shim.h"

#define IOVA    0x40000000u
#define PATTERN 0x0123456789abcdefull

/* Space 0 of a stream: Normal transactions only. */
#define ABORTS TEP_ERROR_CA

/* ---- enumeration -----------------------------------------------------------
 */

TEST_CASE(CapiPcie, Enumeration)
{
    struct ps s;

    REQUIRE(ps_open(&s));
    CHECK_EQ(s.e.count, PS_FUNCTIONS);
    CHECK_EQ(ps_id(s.near), 0x0100);
    CHECK_EQ(ps_id(s.nvme), 0x0400);
    CHECK_EQ(ps_id(s.far), 0x0500);
    CHECK_EQ(ps_id(s.far1), 0x0501);
    CHECK_EQ(ps_id(s.inside), 0x0018);
    CHECK_EQ(ps_cfg(&s, 0x0100, 0, 4), 0x10571234);
    CHECK_EQ(ps_cfg(&s, 0x0501, 0, 4), 0xed0113b5);
    CHECK_EQ(ps_cfg(&s, 0x0400, PCIE_CLASS_CODE - 1, 4) >> 8, 0x010802);
    ps_close(&s);
}

/* What software has not numbered is on the first bus for everybody. */
TEST_CASE(CapiPcie, StreamsFollowBusNumbers)
{
    iovp_device_info i;
    struct ps s;

    REQUIRE(ps_create(&s, ps_tree(""), IOVP_MODE_FUNCTIONAL));
    i = ps_info(s.far1);
    CHECK_EQ(i.pci, 1);
    CHECK_EQ(i.requester_id, 0x0001);
    CHECK_EQ(i.stream_id, PS_SID + 0x0001);
    CHECK_EQ(i.stream_ids, 1);
    CHECK_STR(i.iommu, "iommu@9050000");
    REQUIRE(ps_enumerate(&s));
    i = ps_info(s.far1);
    CHECK_EQ(i.requester_id, 0x0501);
    CHECK_EQ(i.stream_id, PS_SID + 0x0501);
    /* Another number for the bus below the second root port's switch. */
    ps_cfg_set(&s, 0x0308, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&s, 0x0200, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&s, 0x0010, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&s, 0x0308, PCIE_SECONDARY_BUS, 1, 9);
    ps_cfg_set(&s, 0x0901, PCIE_COMMAND, 2, 0);
    CHECK_EQ(ps_info(s.far1).stream_id, PS_SID + 0x0901);
    ps_close(&s);
}

TEST_CASE(CapiPcie, DeviceInfo)
{
    iovp_device_info i;
    struct ps s;

    REQUIRE(ps_open(&s));
    i = ps_info(s.near);
    CHECK_STR(i.name, "near@0,0");
    CHECK_EQ(i.pasid_bits, 16);
    CHECK_EQ(i.ats, 1);
    CHECK_EQ(i.pri, 1);
    CHECK_EQ(i.can_stall, 0);
    i = ps_info(s.inside);
    CHECK_EQ(i.pasid_bits, 12);
    i = ps_info(s.nvme);
    CHECK_EQ(i.pci, 1);
    CHECK_EQ(i.pri, 0);
    CHECK_EQ(i.pasid_bits, 0);
    ps_close(&s);
}

/* VFs are devices, before and after software enables them (9.3.3). */
TEST_CASE(CapiPcie, VirtualFunctions)
{
    iovp_device *vf = NULL;
    iovp_device_info i;
    struct ps s;

    REQUIRE(ps_open(&s));
    CHECK_EQ(iovp_device_find(s.p, "inside@3,0/vf3", &vf), IOVP_OK);
    CHECK_EQ(iovp_device_find(s.p, "inside@3,0/vf4", &vf), IOVP_E_NOTFOUND);
    i = ps_info(vf);
    CHECK_EQ(i.requester_id, 0x001c);
    CHECK_EQ(i.stream_id, PS_SID + 0x001c);
    CHECK_EQ(i.pasid_bits, 12);
    CHECK_EQ(i.pri, 1);
    CHECK_EQ(ps_cfg(&s, 0x001c, PCIE_REVISION_ID, 4), UINT32_MAX);
    ps_ext_set(&s, s.inside, PCIE_EXT_SRIOV, PCIE_SRIOV_NUM_VFS, 2, 4);
    ps_ext_set(&s, s.inside, PCIE_EXT_SRIOV, PCIE_SRIOV_CONTROL, 2,
               PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE);
    CHECK(ps_cfg(&s, 0x001c, PCIE_REVISION_ID, 4) != UINT32_MAX);
    CHECK_EQ(iovp_device_unplug(vf), IOVP_E_UNSUPPORTED);
    ps_close(&s);
}

/* ---- accesses of processors ------------------------------------------------
 */

TEST_CASE(CapiPcie, AbsentReadsAllOnes)
{
    uint64_t v = 0;
    struct ps s;

    REQUIRE(ps_open(&s));
    for (unsigned width = 1; width <= 8; width *= 2) {
        uint64_t ones = width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;

        CHECK_EQ(ps_rd(&s, PS_ECAM + (0x0f00ull << 12), width), ones);
        CHECK_EQ(ps_rd(&s, PS_MEM + 0xfff0000, width), ones);
        CHECK_EQ(ps_rd(&s, PS_PREF + 0xfff0000, width), ones);
        CHECK_EQ(ps_rd(&s, PS_IO + 0x40, width), ones);
        ps_wr(&s, PS_MEM + 0xfff0000, width, 0);
    }
    CHECK_EQ(ps_rd(&s, PS_ECAM + 0xffffff, 1), 0xff);
    /* Behind the last bus, and behind the windows, nothing is. */
    CHECK_EQ(iovp_mmio_read(s.p, PS_ECAM + 0x1000000, 4, 0, &v), IOVP_E_BUS);
    CHECK_EQ(iovp_mmio_read(s.p, PS_MEM - 8, 8, 0, &v), IOVP_E_BUS);
    CHECK_EQ(iovp_mmio_read(s.p, PS_IO + 0x10000, 1, 0, &v), IOVP_E_BUS);
    ps_close(&s);
}

TEST_CASE(CapiPcie, RegistersOfEveryWidth)
{
    struct ps s;
    uint64_t at;

    REQUIRE(ps_open(&s));
    at = ps_bar(&s, s.near, 0) + TEP_SCRATCH;
    ps_wr(&s, at, 8, PATTERN);
    CHECK_EQ(ps_rd(&s, at, 8), PATTERN);
    CHECK_EQ(ps_rd(&s, at + 4, 4), PATTERN >> 32);
    CHECK_EQ(ps_rd(&s, at + 2, 2), PATTERN >> 16 & 0xffff);
    ps_wr(&s, at + 7, 1, 0xee);
    CHECK_EQ(ps_rd(&s, at + 6, 1), PATTERN >> 48 & 0xff);
    CHECK_EQ(ps_rd(&s, at + 7, 1), 0xee);
    /* Memory Space Enable (7.5.1.1.3) */
    ps_cfg_set(&s, ps_id(s.near), PCIE_COMMAND, 2, 0);
    CHECK_EQ(ps_rd(&s, at, 4), UINT32_MAX);
    ps_close(&s);
}

/* ---- DMA -------------------------------------------------------------------
 */

/* The SMMU is off: GBPA.ABORT is 0 after reset, and DMA passes. */
TEST_CASE(CapiPcie, DmaWithoutTranslation)
{
    struct ps s;

    REQUIRE(ps_create(&s, ps_tree(""), IOVP_MODE_FUNCTIONAL));
    REQUIRE(ps_enumerate(&s));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, PS_PA(1) + 8, 0x1234, PATTERN, 0, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(1)), 0);
    CHECK_EQ(ps_word(&s, PS_PA(1) + 8), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(2) + 0x230), PATTERN);
    ps_close(&s);
}

TEST_CASE(CapiPcie, DmaThroughSmmu)
{
    const struct tep_request copy = {
        .op = TEP_OP_MEMCPY, .src = IOVA, .dst = IOVA + PS_PAGE + 4, .len = 64};
    struct tep_outcome out;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.far, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(7), PS_PAGE, 0));
    REQUIRE(ps_map(&s, &a, IOVA + PS_PAGE, PS_PA(3), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.far));
    ps_put(&s, PS_PA(7) + 56, PATTERN);
    CHECK_EQ(tep_run(&s.tep, &copy, &out), TEP_ERROR_NONE);
    CHECK_EQ(out.bytes, 64);
    CHECK_EQ(ps_word(&s, PS_PA(3) + 4 + 56), PATTERN);
    ps_close(&s);
}

/* Across pages that lie apart, with one TLP at the border (Max_Payload). */
TEST_CASE(CapiPcie, DmaIsSplitAtPages)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    for (unsigned n = 0; n < 3; n++)
        REQUIRE(ps_map(&s, &a, IOVA + n * PS_PAGE, PS_PA(20 - 4 * n), PS_PAGE,
                       SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, IOVA + 0xff8, 0x1010, PATTERN, 0, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(20) + 0xff0), 0);
    CHECK_EQ(ps_word(&s, PS_PA(20) + 0xff8), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(16)), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(16) + 0xff8), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(12)), PATTERN);
    CHECK_EQ(ps_word(&s, PS_PA(12) + 8), 0);
    ps_close(&s);
}

/* A read that the SMMU aborts: Completer Abort, and an event with the
 * StreamID; a posted write is lost. */
TEST_CASE(CapiPcie, FaultsOfTranslation)
{
    const struct tep_request sum = {
        .op = TEP_OP_SUM, .src = IOVA + 0x10, .len = 16};
    struct tep_outcome out;
    struct smmu_event e;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(tep_run(&s.tep, &sum, &out), ABORTS);
    CHECK_EQ(out.fault_addr & ~0xfffull, IOVA);
    REQUIRE(smmu_event_next(&s.drv, &e));
    CHECK_STR(smmu_event_name(e.type), "F_TRANSLATION");
    CHECK_EQ(e.sid, PS_SID + 0x0100);
    CHECK_EQ(e.addr, IOVA + 0x10);
    CHECK(e.read);
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, 0, 0), TEP_ERROR_NONE);
    REQUIRE(smmu_event_next(&s.drv, &e));
    CHECK(!e.read);
    CHECK(!smmu_event_next(&s.drv, &e));
    ps_close(&s);
}

/* Translated to where nothing is: Unsupported Request (2.3.1). */
TEST_CASE(CapiPcie, NothingBehind)
{
    const struct tep_request sum = {.op = TEP_OP_SUM, .src = IOVA, .len = 16};
    struct tep_outcome out;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_map(&s, &a, IOVA, 0x4000000000ull, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(tep_run(&s.tep, &sum, &out), TEP_ERROR_UR);
    ps_close(&s);
}

TEST_CASE(CapiPcie, DmaWithPasid)
{
    struct smmu_space own;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.inside, 4));
    CHECK_EQ(smmu_space_create(&s.drv, &own), 0);
    CHECK_EQ(smmu_map(&s.drv, &own, IOVA, PS_PA(9), PS_PAGE, SMMU_WRITE), 0);
    CHECK_EQ(smmu_bind(&s.drv, &a.st, 5, &own), 0);
    REQUIRE(ps_driver(&s, s.inside));
    /* 6.20: not before it is enabled. */
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, 0, TEP_PASID_OF(5)),
             TEP_ERROR_REFUSED);
    ps_ext_set(&s, s.inside, PCIE_EXT_PASID, PCIE_PASID_CONTROL, 2,
               PCIE_PASID_ENABLE);
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, 0, TEP_PASID_OF(5)), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(9)), PATTERN);
    ps_close(&s);
}

TEST_CASE(CapiPcie, Atomics)
{
    struct tep_request r = {
        .op = TEP_OP_FETCH_ADD, .dst = IOVA + 16, .len = 8, .operand = {5}};
    struct tep_outcome out;
    struct ps_stream a;
    struct ps s;
    uint32_t exp;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(4), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    exp = pcie_enum_cap(&s.e, ps_id(s.near), PCIE_ID_EXP);
    ps_cfg_set(&s, ps_id(s.near), exp + PCIE_DEVCTL2, 2,
               PCIE_DEVCTL2_ATOMIC_REQUESTER);
    ps_put(&s, PS_PA(4) + 16, 100);
    CHECK_EQ(tep_run(&s.tep, &r, &out), TEP_ERROR_NONE);
    CHECK_EQ(out.result, 100);
    CHECK_EQ(ps_word(&s, PS_PA(4) + 16), 105);
    r.op = TEP_OP_SWAP;
    CHECK_EQ(tep_run(&s.tep, &r, &out), TEP_ERROR_NONE);
    CHECK_EQ(out.result, 105);
    CHECK_EQ(ps_word(&s, PS_PA(4) + 16), 5);
    r.op = TEP_OP_CAS;
    r.operand[1] = 77;
    CHECK_EQ(tep_run(&s.tep, &r, &out), TEP_ERROR_NONE);
    CHECK_EQ(out.result, 5);
    CHECK_EQ(ps_word(&s, PS_PA(4) + 16), 77);
    /* Both rights (SMMU 13.1.1: as a write, and a read). */
    REQUIRE(ps_map(&s, &a, IOVA + PS_PAGE, PS_PA(5), PS_PAGE, 0));
    r.dst = IOVA + PS_PAGE;
    CHECK_EQ(tep_run(&s.tep, &r, &out), ABORTS);
    ps_close(&s);
}

/* A translated address in a window of the host bridge is a peer. */
TEST_CASE(CapiPcie, PeerThroughTheSmmu)
{
    struct ps_stream a;
    uint64_t peer;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    peer = ps_bar(&s, s.far, 0) + TEP_SCRATCH;
    REQUIRE(ps_map(&s, &a, IOVA, peer & ~0xfffull, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, IOVA + (peer & 0xfff) + 0x20, 16, PATTERN, 0, 0),
             TEP_ERROR_NONE);
    CHECK_EQ(ps_rd(&s, peer + 0x18, 8), 0);
    CHECK_EQ(ps_rd(&s, peer + 0x20, 8), PATTERN);
    CHECK_EQ(ps_rd(&s, peer + 0x28, 8), PATTERN);
    ps_close(&s);
}

/* To its own registers: an operation that starts itself ends. */
TEST_CASE(CapiPcie, DmaToItself)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(
        ps_map(&s, &a, IOVA, ps_bar(&s, s.near, 0), 2 * PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    ps_fill(&s, IOVA, 0x2000, 0x0000000200000002ull, 0, 0);
    CHECK(ps_counter(s.near, "operations") > 0);
    ps_close(&s);
}

/* ---- interrupts ------------------------------------------------------------
 */

TEST_CASE(CapiPcie, MsiToTheIts)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.far, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_ITS + 0x10000, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.far));
    ps_msix(&s, s.far, IOVA + 0x40, 0x77);
    ps_forget(&s);
    CHECK(tep_send_msi(&s.tep, 0));
    REQUIRE(s.irqs == 1);
    CHECK_EQ(s.irq[0].kind, IOVP_IRQ_MSI);
    CHECK_STR(s.irq[0].source, "far@0,0");
    CHECK_STR(s.irq[0].line, "msi");
    CHECK_EQ(s.irq[0].addr, PS_ITS + 0x10040);
    CHECK_EQ(s.irq[0].data, 0x77);
    CHECK_EQ(s.irq[0].device_id, PS_DEVID + 0x0500);
    CHECK_EQ(s.irq[0].number, UINT32_MAX);
    ps_close(&s);
}

/* Into RAM it is a write; to nowhere it is lost: no event, no interrupt. */
TEST_CASE(CapiPcie, MsiElsewhere)
{
    struct smmu_event e;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.far, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(2), PS_PAGE, SMMU_WRITE));
    REQUIRE(
        ps_map(&s, &a, IOVA + PS_PAGE, 0x4000000000ull, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.far));
    ps_msix(&s, s.far, IOVA + 4, 0x1234);
    ps_forget(&s);
    CHECK(tep_send_msi(&s.tep, 0));
    CHECK_EQ(ps_word(&s, PS_PA(2)), 0x123400000000ull);
    ps_msix(&s, s.far, IOVA + PS_PAGE, 0x1234);
    tep_send_msi(&s.tep, 0);
    CHECK_EQ(s.irqs, 0);
    CHECK(!smmu_event_next(&s.drv, &e));
    /* Not mapped: the SMMU reports it. */
    ps_msix(&s, s.far, IOVA + 4 * PS_PAGE, 0x1234);
    tep_send_msi(&s.tep, 0);
    CHECK(smmu_event_next(&s.drv, &e));
    ps_close(&s);
}

/* The exerciser's INTA at 05:00.1: device 1 of the switch, device 2 of the
 * root bus: INTA + 1 + 2 (2.2.8.1) is INTD, SPI 43. */
TEST_CASE(CapiPcie, IntxSwizzle)
{
    struct ps s;

    REQUIRE(ps_open(&s));
    ps_forget(&s);
    ps_wr(&s, ps_bar(&s, s.far1, 0) + 4, 4, 1);
    REQUIRE(s.irqs == 1);
    CHECK_EQ(s.irq[0].kind, IOVP_IRQ_WIRED);
    CHECK_STR(s.irq[0].source, "pcie@20000000");
    CHECK_STR(s.irq[0].line, "intd");
    CHECK_EQ(s.irq[0].number, 43);
    CHECK_EQ(s.irq[0].level, 1);
    ps_wr(&s, ps_bar(&s, s.far1, 0) + 4, 4, 0);
    REQUIRE(s.irqs == 2);
    CHECK_EQ(s.irq[1].number, 43);
    CHECK_EQ(s.irq[1].level, 0);
    ps_close(&s);
}

/* ---- unplugging ------------------------------------------------------------
 */

TEST_CASE(CapiPcie, Unplug)
{
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(1), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(iovp_device_unplug(s.near), IOVP_OK);
    CHECK_EQ(iovp_device_unplug(s.near), IOVP_OK);
    CHECK_EQ(ps_cfg(&s, 0x0100, 0, 4), UINT32_MAX);
    CHECK_EQ(ps_rd(&s, s.bar, 4), UINT32_MAX);
    CHECK(!tep_probe(&s.tep));
    CHECK_EQ(iovp_device_plug(s.near), IOVP_OK);
    CHECK_EQ(ps_cfg(&s, 0x0100, 0, 4), 0x10571234);
    /* As after power-up: no address, not a bus master. */
    CHECK_EQ(ps_cfg(&s, 0x0100, PCIE_COMMAND, 2), 0);
    REQUIRE(ps_enumerate(&s));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, IOVA, 8, PATTERN, 0, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&s, PS_PA(1)), PATTERN);
    ps_close(&s);
}

/* 2 GiB, far more than an access of a processor waits for. */
static bool start_long(struct ps *s)
{
    const struct tep_request r = {.op = TEP_OP_FILL | TEP_CMD_LOAD,
                                  .dst = PS_DATA,
                                  .len = 0x4000000,
                                  .operand = {PATTERN}};

    if (!ps_create(s, ps_tree(""), IOVP_MODE_FUNCTIONAL))
        return false;
    if (!ps_enumerate(s) || !ps_driver(s, s->near)) {
        ps_close(s);
        return false;
    }
    ps_wr(s, s->bar + TEP_LOAD_COUNT, 4, 32);
    CHECK(tep_start(&s->tep, &r));
    CHECK(ps_rd(s, s->bar + TEP_STATUS, 4) & TEP_STATUS_BUSY);
    CHECK_EQ(ps_word(s, PS_DATA), PATTERN);
    return true;
}

/* Gone in the middle: nothing more is written, and nothing hangs. */
TEST_CASE(CapiPcie, UnplugInTheMiddle)
{
    static const uint8_t zero[0x100000];
    uint32_t why = IOVP_RUN_TIME;
    struct ps s;

    REQUIRE(start_long(&s));
    CHECK_EQ(iovp_device_unplug(s.near), IOVP_OK);
    for (uint64_t at = 0; at < 0x4000000; at += sizeof(zero))
        CHECK_EQ(iovp_mem_write(s.p, PS_DATA + at, zero, sizeof(zero)),
                 IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    for (uint64_t at = 0; at < 0x4000000; at += PS_PAGE)
        CHECK_EQ(ps_word(&s, PS_DATA + at), 0);
    CHECK_EQ(iovp_device_plug(s.near), IOVP_OK);
    REQUIRE(ps_enumerate(&s));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_rd(&s, s.bar + TEP_STATUS, 4) & TEP_STATUS_BUSY, 0);
    ps_close(&s);
}

/* It goes on in iovp_run_until, and can be given up there. */
TEST_CASE(CapiPcie, RunsOnInRunUntil)
{
    uint32_t why = IOVP_RUN_IDLE;
    uint64_t before;
    struct ps s;

    REQUIRE(start_long(&s));
    before = ps_counter(s.near, "bytes_written");
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK(ps_counter(s.near, "bytes_written") > before);
    ps_wr(&s, s.bar + TEP_CMD, 4, TEP_OP_ABORT);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    ps_close(&s);
}

/* ---- counters, statistics --------------------------------------------------
 */

TEST_CASE(CapiPcie, Counters)
{
    iovp_counter c = IOVP_COUNTER_INIT;
    size_t n = 0, need;
    struct ps s;

    REQUIRE(ps_create(&s, ps_tree(""), IOVP_MODE_FUNCTIONAL));
    REQUIRE(ps_enumerate(&s));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_counter(s.near, "bytes_written"), 0);
    CHECK_EQ(ps_fill(&s, PS_DATA, 256, PATTERN, 0, 0), TEP_ERROR_NONE);
    CHECK_EQ(ps_counter(s.near, "bytes_written"), 256);
    CHECK(ps_counter(s.near, "tlps") >= 1);
    CHECK_EQ(iovp_device_counters(s.near, NULL, &n), IOVP_E_SPACE);
    CHECK(n > 10);
    need = n;
    n = 1;
    CHECK_EQ(iovp_device_counters(s.near, &c, &n), IOVP_E_SPACE);
    CHECK_EQ(n, need);
    ps_close(&s);
}

TEST_CASE(CapiPcie, Statistics)
{
    iovp_stream_stats row[8];
    size_t n = 8;
    struct ps_stream a;
    struct ps s;

    REQUIRE(ps_open(&s));
    REQUIRE(ps_attach(&s, &a, s.near, 0));
    REQUIRE(ps_map(&s, &a, IOVA, PS_PA(1), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_driver(&s, s.near));
    CHECK_EQ(ps_fill(&s, IOVA, 512, PATTERN, 0, 0), TEP_ERROR_NONE);
    for (size_t i = 0; i < n; i++)
        row[i].size = sizeof(row[i]);
    CHECK_EQ(iovp_stats(s.p, row, &n), IOVP_OK);
    REQUIRE(n == 1);
    CHECK_EQ(row[0].device, ps_info(s.near).index);
    CHECK_EQ(row[0].stream_id, PS_SID + 0x0100);
    CHECK_EQ(row[0].bytes, 512);
    CHECK_EQ(row[0].faults, 0);
    ps_close(&s);
}

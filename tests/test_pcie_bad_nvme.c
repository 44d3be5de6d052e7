/* SPDX-License-Identifier: MIT */
/*
 * The NVMe controller of arm-pcie.dts and a driver that lies to it: queues,
 * data and lists where they must not be, interrupts that reset it.
 */
#include <string.h>

#include "../models/common/bits.h"
#include "../models/pcie/pcie_regs.h"
#include "pcie_arm.h"
#include "shim.h"

#define NOWHERE 0x60000000u /* an IOVA that is not mapped */
#define CC      0x14u
#define CSTS    0x1cu
#define AQA     0x24u
#define ASQ     0x28u
#define ACQ     0x30u
#define CFS     2u

static uint64_t bar(struct pa *a)
{
    return ps_bar(&a->s, a->s.nvme, 0);
}

static uint64_t own(struct pa *a)
{
    return bar(a) - PS_MEM + PA_PEER;
}

static uint32_t reg(struct pa *a, uint32_t at)
{
    return (uint32_t)ps_rd(&a->s, bar(a) + at, 4);
}

/* Enabled with admin queues that nobody has checked. */
static void enable(struct pa *a, uint32_t aqa, uint64_t sq, uint64_t cq)
{
    pa_wr(a, bar(a) + CC, 4, 0);
    pa_wr(a, bar(a) + AQA, 4, aqa);
    pa_wr(a, bar(a) + ASQ, 8, sq);
    pa_wr(a, bar(a) + ACQ, 8, cq);
    pa_wr(a, bar(a) + CC, 4, 4u << 20 | 6u << 16 | 1);
}

/* ---- queues ----------------------------------------------------------------
 */

/* 3.1.6 CSTS.CFS: what it cannot fetch or complete is fatal; a reset helps. */
TEST_CASE(PcieBadNvme, QueuesOutsideMemory)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned i = 0; i < 6; i++) {
        const uint64_t good = PA_IOVA + 0x40000;
        uint64_t bad[] = {NOWHERE, 0xfffffffffffff000ull, own(&a)};
        uint64_t there = bad[i % 3];

        memset(a.ram + (PS_PA(0x40) - PA_RAM), 0, 0x2000);
        enable(&a, 0x001f001f, i < 3 ? there : good,
               i < 3 ? good + 0x1000 : there);
        pa_wr(&a, bar(&a) + 0x1000, 4, 1);
        CHECK(pa_settle(&a, 4));
        if (i % 3 == 0 && i < 3)
            CHECK(reg(&a, CSTS) & CFS);
        CHECK(pa_works(&a, PA_NVME));
    }
    pa_close(&a);
}

/* 3.1.8: sizes of one entry and of 4096; 5.3, 5.4: more than CAP.MQES. */
TEST_CASE(PcieBadNvme, SizesOfTheGuest)
{
    static const uint32_t sizes[] = {0, 0xffff, 0x8000, 1024};
    struct pa a;

    REQUIRE(pa_open(&a));
    enable(&a, 0, PA_IOVA, PA_IOVA);
    CHECK(reg(&a, CSTS) & CFS);
    enable(&a, 0x0fff0fff, PA_IOVA, PA_IOVA + 0x80000);
    CHECK_EQ(reg(&a, CSTS), 1);
    /* 4095 commands of zeros (Delete SQ 0): all are refused, in order. */
    memset(a.ram + (PS_DATA - PA_RAM), 0, 0x90000);
    pa_wr(&a, bar(&a) + 0x1000, 4, 4095);
    CHECK(pa_settle(&a, 16));
    CHECK_EQ(ps_word(&a.s, PS_PA(0x80) + 16 * 4094 + 8) & 0xffff, 4095);
    CHECK_EQ(ps_word(&a.s, PS_PA(0x80) + 16 * 4094 + 8) >> 49 & 0x7ff, 0x101);
    REQUIRE(pa_nvme(&a, 2));
    CHECK(nvmed_delete_queue(&a.nvme, 2));
    for (unsigned i = 0; i < 4; i++) {
        struct nvmed_cmd c = nvmed_cmd(5, 0, PA_IOVA, 0);

        c.dw[10] = sizes[i] << 16 | 2;
        c.dw[11] = 1;
        CHECK_EQ(NVMED_SC(nvmed_sync(&a.nvme, 0, &c, NULL)), 0x102);
    }
    CHECK(pa_works(&a, PA_NVME));
    pa_close(&a);
}

/* A submission queue that lies over its completion queue, and both over the
 * data: it does what it reads, and it ends. */
TEST_CASE(PcieBadNvme, QueuesOverEachOther)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (uint64_t r = 1, i = 0; i < 32; i++) {
        for (uint64_t at = 0; at < 0x2000; at += 8)
            ps_put(&a.s, PS_PA(0x40) + at, pa_random(&r));
        enable(&a, 0x007f007f, PA_IOVA + 0x40000,
               PA_IOVA + 0x40000 + (i % 2 ? 0x1000 : 0));
        pa_wr(&a, bar(&a) + 0x1000, 4, 0x7f);
        pa_wr(&a, bar(&a) + 0x1004, 4, 0x30);
        CHECK(pa_settle(&a, 64));
    }
    CHECK(pa_works(&a, PA_NVME));
    pa_close(&a);
}

/* ---- data ------------------------------------------------------------------
 */

static int rw(struct pa *a, uint64_t prp1, uint64_t prp2, uint32_t blocks)
{
    struct nvmed_cmd c = nvmed_rw(&a->nvme, false, 0, blocks, prp1);

    c.dw[8] = (uint32_t)prp2;
    c.dw[9] = (uint32_t)(prp2 >> 32);
    return NVMED_SC(nvmed_sync(&a->nvme, 1, &c, NULL));
}

/* 4.3: a list whose last entry is the list itself; lists outside of memory. */
TEST_CASE(PcieBadNvme, EndlessLists)
{
    const uint64_t list = PS_PA(0x60), bus = PA_IOVA + 0x60000;
    struct nvmed_cmd c;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_nvme(&a, 1));
    for (unsigned i = 0; i < 512; i++)
        ps_put(&a.s, list + 8 * i, bus);
    /* 512 KiB, the most (MDTS 7): 127 entries of the list, which is
     * overwritten by what is read. */
    CHECK_EQ(rw(&a, PA_IOVA, bus, 1024), 0);
    /* Begun at its last entry, a list of one that leads to itself. */
    for (unsigned i = 0; i < 512; i++)
        ps_put(&a.s, list + 8 * i, bus + 0xff8);
    CHECK_EQ(rw(&a, PA_IOVA, bus + 0xff8, 1024), 0x13);
    CHECK_EQ(rw(&a, PA_IOVA, NOWHERE, 1024), 0x04);
    CHECK_EQ(rw(&a, PA_IOVA, PA_IOVA + 1, 1024), 0x13);
    /* Written data are posted; what is read comes back or does not. */
    CHECK_EQ(rw(&a, NOWHERE, 0, 8), 0);
    c = nvmed_rw(&a.nvme, true, 0, 8, NOWHERE);
    CHECK_EQ(NVMED_SC(nvmed_sync(&a.nvme, 1, &c, NULL)), 0x04);
    CHECK_EQ(rw(&a, PA_IOVA + 2, 0, 8), 0x13);
    CHECK_EQ(rw(&a, PA_IOVA, 0, 0x10000), 0x02);
    CHECK(pa_works(&a, PA_NVME));
    pa_close(&a);
}

/* ---- itself ----------------------------------------------------------------
 */

/* An interrupt whose write clears CC.EN: everything is forgotten, and the
 * driver begins anew. */
TEST_CASE(PcieBadNvme, ResetByItsInterrupt)
{
    struct nvmed_cmd c;
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned vector = 0; vector < 2; vector++) {
        REQUIRE(pa_nvme(&a, 2));
        ps_msix(&a.s, a.s.nvme, own(&a) + CC, 0);
        c = nvmed_cmd(6, 0, PA_IOVA + 0x1000, 0);
        c.dw[10] = 1;
        nvmed_submit(&a.nvme, 0, &c);
        CHECK(pa_settle(&a, 4));
        CHECK_EQ(reg(&a, CC), 0);
        CHECK_EQ(reg(&a, CSTS), 0);
        /* The vector is masked again for the next driver. */
        ps_wr(&a.s, bar(&a) + 0x200c, 4, 1);
        CHECK(pa_works(&a, PA_NVME));
    }
    pa_close(&a);
}

/* Its interrupt rings its own doorbell: each command makes the next. */
TEST_CASE(PcieBadNvme, InterruptThatRings)
{
    struct nvmed_cmd c;
    struct pa a;

    REQUIRE(pa_open(&a));
    REQUIRE(pa_nvme(&a, 1));
    for (unsigned door = 0; door < 4; door++) {
        ps_msix(&a.s, a.s.nvme, own(&a) + 0x1000 + 4 * door, 5);
        c = nvmed_cmd(6, 0, PA_IOVA + 0x1000, 0);
        c.dw[10] = 1;
        nvmed_submit(&a.nvme, 0, &c);
        pa_settle(&a, 4);
    }
    ps_wr(&a.s, bar(&a) + 0x200c, 4, 1);
    pa_wr(&a, bar(&a) + CC, 4, 0);
    CHECK(pa_settle(&a, 4));
    CHECK(pa_works(&a, PA_NVME));
    pa_close(&a);
}

/* Data over its own registers, MSI-X table included, and the others'. */
TEST_CASE(PcieBadNvme, DataOverRegisters)
{
    struct pa a;

    REQUIRE(pa_open(&a));
    for (unsigned f = 0; f < PA_FUNCTIONS; f++) {
        uint64_t to = ps_bar(&a.s, a.dev[f], 0) - PS_MEM + PA_PEER;

        REQUIRE(pa_nvme(&a, 1));
        for (unsigned page = 0; page < 4; page++) {
            struct nvmed_cmd c =
                nvmed_rw(&a.nvme, false, 0, 8, to + page * PS_PAGE);

            nvmed_submit(&a.nvme, 1, &c);
            CHECK(pa_settle(&a, 64));
        }
        pa_wr(&a, bar(&a) + CC, 4, 0);
        CHECK(pa_recovers(&a));
    }
    pa_close(&a);
}

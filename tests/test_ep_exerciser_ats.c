/* SPDX-License-Identifier: MIT */
/* Translation requests, the entry and its invalidations of the Arm PCIe
 * Exerciser, as its documentation describes them. */
#include "shim.h"

#include "exerciser_scene.h"

#define RAM RSOC_RAM
#define VA  0x7000000000ull
#define RW  (IOVP_ATS_READ | IOVP_ATS_WRITE)

/* Offsets and bits of the documentation. */
#define DMACTL  0x08
#define PASID   0x20
#define ATSCTL  0x24
#define RANGE   0x30
#define PERM    0x38
#define USE_ATC (1u << 9)

#define ATS_SUCCESS     (1u << 7)
#define ATS_CACHEABLE   (1u << 8)
#define ATS_INVALIDATED (1u << 9)

static struct exs x;

#define OPEN()    \
    exs_init(&x); \
    REQUIRE(exs_open(&x))

static void open_iommu(void)
{
    x.s->iommu = true;
    rsoc_enable_sva(x.s, EXS_EX0);
}

static struct exdrv *ex0(void)
{
    return &x.d[EXS_EX0];
}

static uint32_t rd(uint32_t at)
{
    return exs_rd(&x, EXS_EX0, at);
}

static void wr(uint32_t at, uint32_t value)
{
    exs_wr(&x, EXS_EX0, at, value);
}

static void map(int32_t pasid, uint64_t va, uint64_t pa, unsigned log2,
                uint32_t flags)
{
    rsoc_map(x.s, EXS_EX0, pasid, va, pa, log2, flags);
}

TEST_CASE(ExerciserAts, AtsResults)
{
    OPEN();
    open_iommu();
    map(RSOC_NO_PASID, VA, RAM + 0x200000, 21, RW);
    CHECK(exdrv_ats(ex0(), VA + 0x12345));
    CHECK_EQ(ATS_SUCCESS | ATS_CACHEABLE, rd(ATSCTL));
    CHECK_EQ(RAM + 0x212345, exdrv_ats_address(ex0()));
    CHECK_EQ(0x200000, rd(RANGE));
    CHECK_EQ(0x6, rd(PERM));
    /* Clearing clears all of it. */
    exdrv_ats_clear(ex0());
    CHECK_EQ(0, rd(ATSCTL));
    CHECK_EQ(0, rd(RANGE));
    CHECK_EQ(0, rd(PERM));
    exs_close(&x);
}

TEST_CASE(ExerciserAts, AtsPermissions)
{
    static const struct {
        uint32_t ctl, flags, perm;
    } t[] = {
        {1u << 3, RW, 0x06},
        {1u << 3, IOVP_ATS_READ, 0x04},
        {1u << 3 | 1u << 2, RW, 0x04},                    /* no write */
        {1u << 3 | 1u << 4, RW | IOVP_ATS_EXECUTE, 0x07}, /* execute */
        {1u << 3, RW | IOVP_ATS_EXECUTE, 0x06},           /* not asked */
        {1u << 3 | 1u << 1 | 1u << 4, RW | IOVP_ATS_EXECUTE, 0x5f},
        {1u << 3 | 1u << 1, IOVP_ATS_WRITE, 0x12},
    };

    OPEN();
    open_iommu();
    wr(0x10, 0);
    wr(0x14, VA >> 32);
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        map((int32_t)(0x100 + i), VA, RAM, 12, t[i].flags);
        wr(PASID, 0x100 + i);
        wr(ATSCTL, t[i].ctl | 1);
        CHECK_EQ(t[i].ctl | ATS_SUCCESS | ATS_CACHEABLE, rd(ATSCTL));
        CHECK_EQ(t[i].perm, rd(PERM));
    }
    exs_close(&x);
}

TEST_CASE(ExerciserAts, AtsFailures)
{
    OPEN();
    /* ATS is not enabled: nothing is asked. */
    CHECK(!exdrv_ats(ex0(), VA));
    CHECK_EQ(0, rd(ATSCTL));
    CHECK_EQ(0, x.s->translations);
    open_iommu();
    /* A completion without rights is one, but not to be kept. */
    CHECK(exdrv_ats(ex0(), VA));
    CHECK_EQ(ATS_SUCCESS, rd(ATSCTL));
    CHECK_EQ(0, rd(RANGE));
    x.s->ats_status = IOVP_ATS_UR;
    CHECK(!exdrv_ats(ex0(), VA));
    x.s->ats_status = IOVP_ATS_CA;
    CHECK(!exdrv_ats(ex0(), VA));
    CHECK_EQ(0, rd(ATSCTL));
    CHECK_EQ(3, x.s->translations);
    /* It is in flight until it is not. */
    x.hold = true;
    wr(ATSCTL, 1);
    CHECK_EQ(1u << 6, rd(ATSCTL));
    CHECK(rsoc_step(x.s));
    CHECK_EQ(1u << 6, rd(ATSCTL));
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0, rd(ATSCTL));
    exs_close(&x);
}

TEST_CASE(ExerciserAts, DmaByTheEntry)
{
    OPEN();
    open_iommu();
    map(7, VA, RAM + 0x3000, 12, IOVP_ATS_READ);
    rsoc_ram_wr(x.s, RAM + 0x3800, 8, 0xfeedfacecafebeef);
    wr(PASID, 7);
    wr(0x10, 0);
    wr(0x14, VA >> 32);
    wr(ATSCTL, 1u << 3 | 1);
    wr(DMACTL, USE_ATC | 1u << 6);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA + 0x800, 0x800));
    CHECK_EQ(IOVP_AT_TRANSLATED, x.s->last.at);
    CHECK(!x.s->last.pasid_valid); /* 6.20.2 */
    CHECK_EQ(0xfeedfacecafebeef, rsoc_bar_rd(x.s, EXS_EX0, 1, 0, 8));
    x.s->translated = 0;
    /* Not all of it, no such right, another PASID, none, another address. */
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA + 0x801, 0x800));
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, VA, 4));
    wr(PASID, 8);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    wr(PASID, 7);
    wr(DMACTL, USE_ATC);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    wr(DMACTL, USE_ATC | 1u << 6);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA - 4, 4));
    /* Privileged, by an entry that is not. */
    wr(DMACTL, USE_ATC | 1u << 6 | 1u << 7);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    wr(DMACTL, USE_ATC | 1u << 6);
    /* What is translated is not to be translated. */
    exdrv_address_type(ex0(), 2);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    wr(DMACTL, USE_ATC | 1u << 6);
    exdrv_ats_clear(ex0());
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    CHECK_EQ(0, x.s->translated);
    CHECK_EQ(0, x.s->violations);
    exs_close(&x);
}

/* PASID 0 is not the same as none. */
TEST_CASE(ExerciserAts, EntryOfPasid0)
{
    OPEN();
    open_iommu();
    map(0, VA, RAM, 12, RW);
    wr(0x14, VA >> 32);
    wr(ATSCTL, 1u << 3 | 1);
    CHECK(rd(ATSCTL) & ATS_CACHEABLE);
    wr(DMACTL, USE_ATC);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    wr(DMACTL, USE_ATC | 1u << 6);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    exs_close(&x);
}

/* N: requests by this translation have No Snoop clear (10.2.3.4). */
TEST_CASE(ExerciserAts, EntryForSnoopedAccess)
{
    OPEN();
    open_iommu();
    exdrv_no_snoop(ex0(), true);
    for (unsigned n = 0; n < 2; n++) {
        rsoc_unmap(x.s, EXS_EX0, RSOC_NO_PASID, VA, 12);
        map(RSOC_NO_PASID, VA, RAM, 12, RW | (n ? IOVP_ATS_NON_SNOOPED : 0));
        CHECK(exdrv_ats(ex0(), VA));
        wr(DMACTL, rd(DMACTL) | USE_ATC);
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
        CHECK_EQ(n ? 0 : PCIE_ATTR_NO_SNOOP,
                 x.s->last.attr & PCIE_ATTR_NO_SNOOP);
    }
    exs_close(&x);
}

/* U: untranslated requests only (10.2.3.4). */
TEST_CASE(ExerciserAts, EntryForUntranslatedAccess)
{
    OPEN();
    open_iommu();
    map(RSOC_NO_PASID, VA, RAM, 12, RW | IOVP_ATS_UNTRANSLATED);
    CHECK(exdrv_ats(ex0(), VA));
    wr(DMACTL, USE_ATC);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    CHECK_EQ(IOVP_AT_UNTRANSLATED, x.s->last.at);
    CHECK_EQ(VA, x.s->last.addr);
    exs_close(&x);
}

/* ---- invalidations ------------------------------------------------------- */

static void fill(int32_t pasid)
{
    wr(PASID, pasid < 0 ? 0 : (uint32_t)pasid);
    wr(0x10, 0);
    wr(0x14, VA >> 32);
    wr(ATSCTL, 1 | (pasid < 0 ? 0 : 1u << 3));
    CHECK(rd(ATSCTL) & ATS_CACHEABLE);
}

static bool invalidates(int32_t pasid, uint64_t va, unsigned log2, bool global)
{
    int token = rsoc_invalidate(x.s, EXS_EX0, pasid, va, log2, global);

    CHECK(token >= 0);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(RSOC_INV_COMPLETE, x.s->inv[token].state);
    return rd(ATSCTL) & ATS_INVALIDATED;
}

TEST_CASE(ExerciserAts, Invalidations)
{
    OPEN();
    open_iommu();
    map(3, VA, RAM, 21, RW);
    map(RSOC_NO_PASID, VA, RAM + 0x400000, 12, RW);
    fill(3);
    CHECK(!invalidates(3, VA + 0x200000, 21, false));
    CHECK(!invalidates(4, VA, 21, false));
    CHECK(invalidates(3, VA + 0x1ff000, 12, false));
    fill(3);
    CHECK(invalidates(4, VA & ~0xffffffffull, 32, true));
    fill(3); /* without a PASID it is about those with one, too */
    CHECK(invalidates(RSOC_NO_PASID, 0, 64, false));
    fill(RSOC_NO_PASID);
    CHECK(!invalidates(3, VA, 12, true));
    CHECK(!invalidates(RSOC_NO_PASID, VA + 0x1000, 12, false));
    CHECK(invalidates(RSOC_NO_PASID, VA, 13, false));
    /* The entry is gone. */
    wr(DMACTL, USE_ATC);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    exs_close(&x);
}

TEST_CASE(ExerciserAts, InvalidationInFlightRepeatsTheRequest)
{
    OPEN();
    open_iommu();
    map(RSOC_NO_PASID, VA, RAM, 12, RW);
    x.hold = true;
    wr(0x10, 0);
    wr(0x14, VA >> 32);
    wr(ATSCTL, 1);
    CHECK(rsoc_step(x.s));
    CHECK_EQ(1, x.s->translations);
    rsoc_unmap(x.s, EXS_EX0, RSOC_NO_PASID, VA, 12);
    map(RSOC_NO_PASID, VA, RAM + 0x1000, 12, RW);
    CHECK(rsoc_invalidate(x.s, EXS_EX0, RSOC_NO_PASID, VA, 12, false) >= 0);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(2, x.s->translations);
    CHECK_EQ(RAM + 0x1000, exdrv_ats_address(ex0()));
    /* One of another page does not. */
    wr(ATSCTL, 1);
    CHECK(rsoc_step(x.s));
    CHECK(rsoc_invalidate(x.s, EXS_EX0, RSOC_NO_PASID, VA + 0x1000, 12,
                          false) >= 0);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(3, x.s->translations);
    exs_close(&x);
}

/* 10.3.2: it completes when what uses the translation has. */
TEST_CASE(ExerciserAts, InvalidationWaitsForDma)
{
    int token, other;

    OPEN();
    open_iommu();
    map(RSOC_NO_PASID, VA, RAM, 14, RW);
    CHECK(exdrv_ats(ex0(), VA));
    wr(DMACTL, USE_ATC);
    x.hold = true;
    exdrv_dma_attributes(ex0(), VA, 0x4000);
    exdrv_dma(ex0(), EXDRV_TO_DEVICE);
    CHECK(rsoc_step(x.s));
    rsoc_unmap(x.s, EXS_EX0, RSOC_NO_PASID, VA, 14);
    token = rsoc_invalidate(x.s, EXS_EX0, RSOC_NO_PASID, VA, 12, false);
    other =
        rsoc_invalidate(x.s, EXS_EX0, RSOC_NO_PASID, VA + 0x100000, 12, false);
    REQUIRE(token >= 0 && other >= 0);
    while (rd(DMACTL) & 1) {
        CHECK_EQ(RSOC_INV_PENDING, x.s->inv[token].state);
        REQUIRE(rsoc_step(x.s));
    }
    CHECK_EQ(RSOC_INV_COMPLETE, x.s->inv[other].state);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(RSOC_INV_COMPLETE, x.s->inv[token].state);
    CHECK_EQ(0, exdrv_dma_status(ex0()));
    CHECK_EQ(0, x.s->violations);
    exs_close(&x);
}

/* 10.5.1.3: what is disabled keeps nothing. */
TEST_CASE(ExerciserAts, DisablingAtsDropsTheEntry)
{
    OPEN();
    open_iommu();
    map(RSOC_NO_PASID, VA, RAM, 12, RW);
    CHECK(exdrv_ats(ex0(), VA));
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, 0);
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2, 0x8000);
    wr(DMACTL, USE_ATC);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, VA, 4));
    exs_close(&x);
}

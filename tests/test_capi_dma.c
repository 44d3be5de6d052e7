/* SPDX-License-Identifier: MIT */
/* The PASID beside the address, and atomic accesses. */
#include <string.h>

#include "capi_soc.h"
#include "shim.h"

#define IOVA 0x10000u

static const iovp_atomic no_atomic = IOVP_ATOMIC_INIT;

static iovp_atomic atomic(uint32_t op, uint32_t width, uint64_t operand,
                          uint64_t compare)
{
    iovp_atomic a = no_atomic;

    a.op = op;
    a.width = width;
    for (int i = 0; i < 8; i++) {
        a.operand[i] = (uint8_t)(operand >> (8 * i));
        a.compare[i] = (uint8_t)(compare >> (8 * i));
    }
    return a;
}

static uint64_t word(const uint8_t *b)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | b[i];
    return v;
}

static uint64_t ram(struct soc *s, uint64_t addr)
{
    uint8_t b[8] = {0};

    CHECK_EQ(iovp_mem_read(s->p, addr, b, 8), IOVP_OK);
    return word(b);
}

/* Carry it out on `before`; what is in memory afterwards. */
static uint64_t run(struct soc *s, iovp_atomic *a, uint64_t before)
{
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;

    soc_put64(s, SOC_PAGE(0) + 0x40, before);
    CHECK_EQ(iovp_dma_atomic(s->disp, IOVP_NO_PASID, IOVA + 0x40, a, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    CHECK_EQ(r.done, a->width);
    return ram(s, SOC_PAGE(0) + 0x40);
}

/* PCIe Base Specification, 2.2.7: FetchAdd, Swap, CAS. */
static void operations(struct soc *s, uint32_t mode)
{
    struct soc_page m;
    iovp_atomic a;

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_PAGE(0));
    a = atomic(IOVP_ATOMIC_FETCH_ADD, 8, 5, 0);
    CHECK_EQ(run(s, &a, UINT64_MAX - 1), 3); /* wraps */
    CHECK_EQ(word(a.old), UINT64_MAX - 1);
    a = atomic(IOVP_ATOMIC_FETCH_ADD, 4, 2, 0);
    CHECK_EQ(run(s, &a, 0x11ffffffffull), 0x1100000001ull);
    CHECK_EQ(word(a.old), 0xffffffff);
    a = atomic(IOVP_ATOMIC_SWAP, 8, 0x123456789abcdef0, 0);
    CHECK_EQ(run(s, &a, 77), 0x123456789abcdef0);
    CHECK_EQ(word(a.old), 77);
    a = atomic(IOVP_ATOMIC_CAS, 8, 9, 78);
    CHECK_EQ(run(s, &a, 77), 77); /* not equal */
    CHECK_EQ(word(a.old), 77);
    a = atomic(IOVP_ATOMIC_CAS, 4, 9, 77);
    CHECK_EQ(run(s, &a, 0xa0000004dull), 0xa00000009ull);
}

TEST_CASE(dma, atomic_operations)
{
    soc_both(operations);
}

/* 13.1.1: an atomic needs both rights, and is recorded as a write. */
static void rights(struct soc *s, uint32_t mode)
{
    iovp_atomic a = atomic(IOVP_ATOMIC_FETCH_ADD, 8, 1, 0), before = a;
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    struct smmu_space space;
    struct smmu_stream st;

    (void)mode;
    CHECK_EQ(smmu_space_create(&s->drv, &space), 0);
    CHECK_EQ(smmu_map(&s->drv, &space, IOVA, SOC_PAGE(0), PAGE_BYTES, 0), 0);
    CHECK_EQ(smmu_attach(&s->drv, &st, SOC_DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_bind(&s->drv, &st, SMMU_NO_PASID, &space), 0);
    soc_put64(s, SOC_PAGE(0), 41);
    CHECK_EQ(iovp_dma_atomic(s->disp, IOVP_NO_PASID, IOVA, &a, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, 0x13); /* F_PERMISSION */
    CHECK_EQ(r.done, 0);
    CHECK_MEM(&before, &a, sizeof(a));
    CHECK_EQ(ram(s, SOC_PAGE(0)), 41);
    CHECK_EQ(soc_events(s), 1);
    CHECK(!s->event.read);
}

TEST_CASE(dma, atomic_needs_both_rights)
{
    soc_both(rights);
}

/* Without an IOMMU, and 16 bytes. */
static void wide(struct soc *s, uint32_t mode)
{
    iovp_atomic a = no_atomic;
    uint8_t now[16];

    (void)mode;
    a.op = IOVP_ATOMIC_CAS;
    a.width = 16;
    memset(a.operand, 0xab, 16);
    a.compare[15] = 1;
    soc_put64(s, SOC_PAGE(0), 0);
    soc_put64(s, SOC_PAGE(0) + 8, 1ull << 56);
    CHECK_EQ(
        iovp_dma_atomic(s->raw, IOVP_NO_PASID, SOC_PAGE(0), &a, NULL, NULL),
        IOVP_OK);
    CHECK_EQ(iovp_mem_read(s->p, SOC_PAGE(0), now, 16), IOVP_OK);
    CHECK_MEM(a.operand, now, 16);
    CHECK_EQ(a.old[15], 1);
}

TEST_CASE(dma, atomic_of_16_bytes)
{
    soc_both(wide);
}

TEST_CASE(dma, atomic_arguments)
{
    iovp_atomic a = atomic(IOVP_ATOMIC_SWAP, 8, 1, 0);
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
#define REFUSED(d, pasid, iova, a) \
    CHECK_EQ(iovp_dma_atomic(d, pasid, iova, a, NULL, NULL), IOVP_E_INVALID)
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA, NULL);
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA + 4, &a);
    REFUSED(s.raw, 1u << 20, SOC_DATA, &a);
    a.width = 2;
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA, &a);
    a.width = 16;
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA, &a);
    a.width = 8;
    a.op = 3;
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA, &a);
    a.op = 0;
    a.size = 4;
    REFUSED(s.raw, IOVP_NO_PASID, SOC_DATA, &a);
    CHECK_EQ(ram(&s, SOC_DATA), 0);
    soc_close(&s);
}

TEST_CASE(dma, pasid_beside_the_attributes)
{
    iovp_attrs three = soc_pasid(3), none = {.size = sizeof(none)};
    uint8_t b[8];
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
#define READ(pasid, a) iovp_dma_read(s.raw, pasid, SOC_DATA, b, 8, a, NULL)
    CHECK_EQ(READ(3, &three), IOVP_OK);
    CHECK_EQ(READ(3, &none), IOVP_OK);
    CHECK_EQ(READ(4, &three), IOVP_E_INVALID);
    CHECK_EQ(READ(IOVP_NO_PASID, &three), IOVP_E_INVALID);
    CHECK_EQ(READ(IOVP_PASID_MAX, NULL), IOVP_OK);
    CHECK_EQ(READ(IOVP_PASID_MAX + 1, NULL), IOVP_E_INVALID);
    soc_close(&s);
}

/* A space's uses are DMAs, whatever parts they have. */
static void uses(struct soc *s, uint32_t mode)
{
    static uint8_t b[3 * PAGE_BYTES];
    iovp_space_info info = IOVP_SPACE_INFO_INIT;
    struct smmu_space space;
    struct smmu_stream st;
    iovp_space *h = NULL;

    (void)mode;
    CHECK_EQ(smmu_space_create(&s->drv, &space), 0);
    CHECK_EQ(smmu_map(&s->drv, &space, IOVA, SOC_PAGE(0), 2 * PAGE_BYTES, 0),
             0);
    CHECK_EQ(smmu_attach(&s->drv, &st, SOC_DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_bind(&s->drv, &st, SMMU_NO_PASID, &space), 0);
    CHECK_EQ(
        iovp_dma_read(s->disp, IOVP_NO_PASID, IOVA, b, sizeof(b), NULL, NULL),
        IOVP_OK);
    CHECK_EQ(iovp_space_get(&h, s->disp, IOVP_NO_PASID), IOVP_OK);
    CHECK_EQ(iovp_space_get_info(h, &info), IOVP_OK);
    CHECK_EQ(info.uses, 2); /* and the get */
    CHECK_EQ(info.bytes, 2 * PAGE_BYTES);
    iovp_space_put(h);
}

TEST_CASE(dma, counts_once_in_its_space)
{
    soc_both(uses);
}

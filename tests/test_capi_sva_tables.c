/* SPDX-License-Identifier: MIT */
/*
 * SVA: what devices see when the tables change: the library's, and those that
 * a guest's processors use and the test writes here, as Arm DDI 0487 has them.
 */
#include <string.h>

#include "shim.h"
#include "sva_soc.h"

#define VA        0x400000u
#define NO_PASID  IOVP_SVA_NO_PASID
#define NO_FAULTS IOVP_SVA_NO_FAULTS

/* ---- the library's ------------------------------------------------------- */

static void unmap_is_seen(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, NO_FAULTS);
    uint64_t bytes;

    CHECK_EQ(IOVP_NO_PASID, sva_bind(s, v->plain, NO_PASID | NO_FAULTS));
    sva_map(v, s, VA, 0, 0x11);
    sva_map(v, s, VA + SVA_PAGE, 1, 0x12);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x11));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA + SVA_PAGE, 0x12));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->plain, IOVP_NO_PASID, VA, 0x11));
    sva_unmap(s, VA);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->plain, IOVP_NO_PASID, VA, 0));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA + SVA_PAGE, 0x12));
    sva_map(v, s, VA, 2, 0x13);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x13));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->plain, IOVP_NO_PASID, VA, 0x13));
    CHECK_EQ(IOVP_OK, iovp_domain_unmap(sva_domain(s), 0, UINT64_MAX, &bytes));
    CHECK_EQ(2 * SVA_PAGE, bytes);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA + SVA_PAGE, 0));
}

TEST_CASE(SvaTables, UnmappedPagesAreOutOfReach)
{
    sva_both(unmap_is_seen);
}

/* ---- a guest's ----------------------------------------------------------- */

/* Descriptors of VMSAv8-64, 4 KB granule, four levels, of one gigabyte: the
 * tables of levels 0 to 3 follow each other in guest memory. */
#define LEVEL(n)   (SVA_TABLE + (uint64_t)(n)*SVA_PAGE)
#define DESC_TABLE 3u
#define DESC_PAGE                                              \
    (3u | 1u << 6 | 3u << 8 | 1u << 10) /* RW for all, ISH, AF \
                                         */
#define DESC_RO (1u << 7)
#define DESC_NG (1u << 11) /* not global */

static void put(struct sva *v, uint64_t at, uint64_t value)
{
    uint8_t byte[8];
    unsigned i;

    for (i = 0; i < 8; i++)
        byte[i] = (uint8_t)(value >> 8 * i);
    CHECK_EQ(IOVP_OK, iovp_mem_write(v->p, at, byte, sizeof(byte)));
}

static void guest_page(struct sva *v, uint64_t va, uint64_t descriptor)
{
    put(v, LEVEL(3) + 8 * ((va >> 12) & 511), descriptor);
}

static iovp_process *guest_process(struct sva *v, iovp_fault_fn *fn, void *ud)
{
    iovp_table cd = {.size = sizeof(cd), .type = IOVP_TABLE_SMMUV3_CD};
    iovp_process_config c = {
        .size = sizeof(c), .table = &cd, .fault = fn, .ud = ud};
    iovp_process *s = NULL;

    put(v, LEVEL(0), LEVEL(1) | DESC_TABLE);
    put(v, LEVEL(1), LEVEL(2) | DESC_TABLE);
    put(v, LEVEL(2) + 8 * (VA >> 21), LEVEL(3) | DESC_TABLE);
    /* IHI 0070, 5.4: T0SZ 16; write-back, inner shareable walks; EPD1; V;
     * 48-bit addresses; AA64.  TTB0.  MAIR: normal write-back memory. */
    cd.word[0] = 16 | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 30 | 1u << 31 |
                 5ull << 32 | 1ull << 41;
    cd.word[1] = LEVEL(0);
    cd.word[3] = 0xff;
    CHECK_EQ(IOVP_OK, iovp_process_create(&s, v->c, &c));
    return s;
}

static void guest_tables(struct sva *v, uint64_t kind)
{
    iovp_process *s = guest_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, NO_FAULTS);
    uint64_t at = VA;

    guest_page(v, VA, SVA_PA(0) | DESC_PAGE | kind);
    sva_fill(v, 0, 0x21);
    sva_fill(v, 1, 0x22);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x21));
    CHECK_EQ(IOVP_DMA_OK, sva_write(v->npu, pasid, VA, 0x21));

    /* Another page, then read-only, then none: each with its notification. */
    guest_page(v, VA, SVA_PA(1) | DESC_PAGE | kind);
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(s, VA, VA + SVA_PAGE - 1));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x22));
    guest_page(v, VA, SVA_PA(1) | DESC_PAGE | kind | DESC_RO);
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(s, VA, VA));
    CHECK_EQ(IOVP_DMA_ABORT, sva_write(v->npu, pasid, VA, 0x99));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x22));
    guest_page(v, VA, 0);
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(s, 0, UINT64_MAX));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK(sva_holds(v, 1, 0x22));

    CHECK_EQ(IOVP_E_INVALID, iovp_process_invalidate(s, 1, 0));
    CHECK_EQ(IOVP_E_UNSUPPORTED,
             iovp_domain_map(sva_domain(s), IOVP_MAP_FIXED, &at, SVA_PA(0),
                             SVA_PAGE, SVA_RO));
    guest_page(v, VA, SVA_PA(0) | DESC_PAGE | kind);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x21));
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    iovp_process_destroy(s);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
}

static void own_pages(struct sva *v)
{
    guest_tables(v, DESC_NG);
}

static void global_pages(struct sva *v)
{
    guest_tables(v, 0);
}

TEST_CASE(SvaTables, AGuestsTables)
{
    sva_both(own_pages);
}

TEST_CASE(SvaTables, AGuestsTablesWithGlobalPages)
{
    sva_both(global_pages);
}

struct guest_os {
    struct sva *v;
    unsigned faults;
};

/* What a kernel does: allocate the page, then let the access go on. */
static iovp_status demand_page(void *ud, const iovp_fault_record *fault,
                               uint32_t *respond)
{
    struct guest_os *os = ud;

    os->faults++;
    sva_fill(os->v, 3, 0x31);
    guest_page(os->v, fault->addr, SVA_PA(3) | DESC_PAGE | DESC_NG);
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

static void demand_paging(struct sva *v)
{
    struct guest_os os = {v, 0};
    iovp_process *s = guest_process(v, demand_page, &os);
    uint32_t pasid = sva_bind(s, v->npu, 0);

    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA + SVA_PAGE, 0x31));
    CHECK_EQ(1, os.faults);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA + SVA_PAGE, 0x31));
    CHECK_EQ(1, os.faults);
}

TEST_CASE(SvaTables, DemandPagingInAGuestsTables)
{
    sva_both(demand_paging);
}

/* The notification is enough while DMA is in flight, too. */
static void in_flight(struct sva *v)
{
    iovp_process *s = guest_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, NO_FAULTS);

    guest_page(v, VA, SVA_PA(0) | DESC_PAGE | DESC_NG);
    sva_fill(v, 0, 0xbb);
    sva_work(v->npu, pasid, VA, IOVP_ACCESS_WRITE);
    sva_run(v, 20000000);
    CHECK(sva_holds(v, 0, 0)); /* a workload writes zeros */
    guest_page(v, VA, 0);
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(s, VA, VA + SVA_PAGE - 1));
    sva_fill(v, 0, 0xaa);
    sva_run(v, 20000000);
    CHECK(sva_holds(v, 0, 0xaa));
}

TEST_CASE(SvaTables, AGuestsTablesChangeUnderAWorkload)
{
    sva_both(in_flight);
}

TEST_CASE(SvaTables, WhatIsNoProcesssTable)
{
    iovp_table table = {.size = sizeof(table), .type = IOVP_TABLE_SMMUV3_STE};
    iovp_process_config c = {.size = sizeof(c), .table = &table};
    iovp_process *s = NULL;
    struct sva v;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    CHECK_EQ(IOVP_E_UNSUPPORTED, iovp_process_create(&s, v.c, &c));
    table.type = IOVP_TABLE_SMMUV3_S2;
    CHECK_EQ(IOVP_E_UNSUPPORTED, iovp_process_create(&s, v.c, &c));
    table.type = IOVP_TABLE_VTD_FIRST;
    CHECK_EQ(IOVP_E_UNSUPPORTED, iovp_process_create(&s, v.c, &c));
    table.size = 0;
    CHECK_EQ(IOVP_E_INVALID, iovp_process_create(&s, v.c, &c));
    CHECK(!s);
    sva_close(&v);
}

/* ---- two IOMMUs ---------------------------------------------------------- */

static void second_iommu(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, NO_FAULTS);

    sva_map(v, s, VA, 0, 0x41);
    CHECK_EQ(pasid, sva_bind(s, v->far, NO_FAULTS));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x41));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA, 0x41));
    sva_map(v, s, VA + SVA_PAGE, 1, 0x42);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA + SVA_PAGE, 0x42));
    sva_unmap(s, VA);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->far, pasid, VA, 0));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA + SVA_PAGE, 0));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA + SVA_PAGE, 0x42));
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->far, pasid, VA + SVA_PAGE, 0));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->far));
    iovp_process_destroy(s);
}

TEST_CASE(SvaTables, OneProcessBehindTwoIommus)
{
    sva_both(second_iommu);
}

static void second_iommus_faults(struct sva *v)
{
    struct guest_os os = {v, 0};
    iovp_process *s = guest_process(v, demand_page, &os);
    iovp_fault_record f = {.size = sizeof(f)};
    uint32_t pasid = sva_bind(s, v->far, 0);

    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA + SVA_PAGE, 0x31));
    CHECK_EQ(1, os.faults);
    CHECK_EQ(1, sva_stats(v->other).succeeded);
    CHECK_EQ(0, sva_stats(v->c).reported);
    CHECK_EQ(IOVP_E_END, iovp_fault_next(v->other, &f));
}

TEST_CASE(SvaTables, FaultsBehindTheOtherIommu)
{
    sva_both(second_iommus_faults);
}

static void second_context_goes(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, NO_FAULTS);

    sva_map(v, s, VA, 0, 0x43);
    CHECK_EQ(pasid, sva_bind(s, v->far, NO_FAULTS));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA, 0x43));
    iovp_context_destroy(v->other);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->far, pasid, VA, 0));
    CHECK_EQ(IOVP_E_NOTFOUND, iovp_sva_unbind(s, v->far));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x43));
    sva_unmap(s, VA);
    iovp_process_destroy(s);
}

TEST_CASE(SvaTables, TheOtherIommusContextGoesFirst)
{
    sva_both(second_context_goes);
}

static void first_context_goes(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->far, NO_FAULTS);

    sva_map(v, s, VA, 0, 0x44);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->far, pasid, VA, 0x44));
    iovp_context_destroy(v->c);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->far, pasid, VA, 0));
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_exit(s));
}

TEST_CASE(SvaTables, TheProcesssOwnContextGoesFirst)
{
    sva_both(first_context_goes);
}

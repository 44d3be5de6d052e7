/* SPDX-License-Identifier: MIT */
/*
 * What a guest can do wrong: every register at every width, tables and queues
 * that point nowhere or at themselves, DMA and interrupts to nowhere.  Each
 * becomes an architected record (IHI 0070 chapters 6 and 7) or an error code,
 * in both modes alike.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "capi_soc.h"
#include "shim.h"

#define IOVA    0x40000000ull
#define NOWHERE 0x10000000ull /* an address that nothing answers */
#define GERRORS 0x1fdu        /* SMMU_GERROR, all bits that exist (6.3.19) */

static void expect_event(struct soc *s, iovp_device *d, uint64_t iova,
                         uint8_t type)
{
    iovp_dma_result r = soc_read(d, NULL, iova, 8);

    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, type);
    CHECK_EQ(r.done, 0);
    CHECK_EQ(soc_events(s), 1);
    CHECK_EQ(s->event.type, type);
}

/* ---- registers
 * --------------------------------------------------------------------- */

static uint64_t garbage(void)
{
    static uint64_t x = 0x243f6a8885a308d3;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

/* 6.2: aligned 32-bit and 64-bit accesses only. */
static iovp_status expected(uint32_t offset, uint32_t width)
{
    if (offset % width)
        return IOVP_E_INVALID;
    return width < 4 ? IOVP_E_BUS : IOVP_OK;
}

static void access_register(struct soc *s, uint32_t offset, uint32_t width)
{
    uint64_t addr = SOC_SMMU + offset, v = 0;
    iovp_status want = expected(offset, width);

    if (iovp_mmio_read(s->p, addr, width, 0, &v) != want ||
        (width < 8 && v >> (8 * width)))
        shim_fail(__FILE__, __LINE__, "read of %u at 0x%x", width, offset);
    if (iovp_mmio_write(s->p, addr, width, garbage() & 3, garbage()) != want)
        shim_fail(__FILE__, __LINE__, "write of %u at 0x%x", width, offset);
}

/* From any state a driver gets the SMMU back. */
static void recover(struct soc *s)
{
    struct soc_page m;

    soc_settle(s);
    soc_set_cr0(s, 0);
    soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    CHECK_EQ(smmu_init(&s->drv), 0);
    CHECK_STR(s->drv.message, "");
    soc_map_page(s, &m, IOVA, SOC_DATA);
    CHECK_EQ(soc_read(s->disp, NULL, IOVA, 8).status, IOVP_DMA_OK);
}

static void every_register(struct soc *s, uint32_t mode)
{
    bool timed = mode == IOVP_MODE_TIMED;
    uint32_t idr0 = soc_reg(s, IDR0), n = 0;

    /* All of them; in timed mode the named ones, and a sample. */
    for (uint32_t offset = 0; offset < 0x20000;) {
        for (uint32_t width = 1; width <= 8; width *= 2)
            access_register(s, offset, width);
        if (n++ % 64 == 0)
            soc_read(s->npu, NULL, garbage(), 64);
        offset += !timed || (offset & 0xffff) < 0x220 ? 1 : 61;
    }
    /* once more where there is state, in any order */
    for (n = 0; n < 3000; n++) {
        uint32_t page1 = garbage() & 1 ? 0x10000 : 0;

        access_register(s, page1 | (garbage() & 0x1fc), 4u << (n & 1));
        if (n % 64 == 0)
            soc_settle(s);
    }
    CHECK_EQ(soc_reg(s, IDR0), idr0);
    CHECK_EQ(soc_errors(s) & ~GERRORS, 0);
    recover(s);
}

TEST_CASE(BadInput, EveryRegisterAtEveryWidth)
{
    soc_both(every_register);
}

/* ---- DMA
 * ------------------------------------------------------------------------- */

static void dma_nowhere(struct soc *s, uint32_t mode)
{
    static const uint64_t nowhere[] = {
        0,          SOC_SMMU,        SOC_SMMU + 0x10000, SOC_ITS,
        SOC_NPU,    SOC_RAM - 4,     SOC_END - 4,        SOC_END,
        1ull << 47, (1ull << 48) - 8};
    static const uint64_t beyond[] = {1ull << 48, (1ull << 48) - 4, 1ull << 63,
                                      UINT64_MAX - 4096, UINT64_MAX - 3};
    uint32_t cr1 = soc_reg(s, CR1);
    uint64_t v = UINT64_MAX;
    iovp_dma_result r;

    (void)mode;
    for (size_t i = 0; i < 10; i++) {
        r = soc_read(s->raw, NULL, nowhere[i], 8);
        CHECK_EQ(r.status, IOVP_DMA_BUS);
        CHECK_EQ(r.done, 0);
        CHECK_EQ(r.event, 0);
    }
    for (size_t i = 0; i < 5; i++)
        CHECK_EQ(soc_read(s->raw, NULL, beyond[i], 0x3000).status,
                 IOVP_DMA_BUS);
    CHECK_EQ(iovp_dma_write(s->raw, IOVP_NO_PASID, SOC_SMMU + CR1, &v, 8, NULL,
                            NULL),
             IOVP_OK);
    CHECK_EQ(soc_reg(s, CR1), cr1);
    /* disabled, GBPA.ABORT = 0: the address as it is, up to the OAS (3.4) */
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN);
    soc_set_reg(s, GBPA, 4, GBPA_UPDATE | 1u << 12);
    soc_settle(s);
    CHECK_EQ(soc_reg(s, GBPA) >> 20, 0);
    for (size_t i = 0; i < 10; i++)
        CHECK_EQ(soc_read(s->disp, NULL, nowhere[i], 8).status, IOVP_DMA_BUS);
    CHECK_EQ(soc_read(s->disp, NULL, SOC_RAM, 8).status, IOVP_DMA_OK);
    CHECK_EQ(soc_read(s->disp, NULL, 1ull << 48, 8).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_read(s->disp, NULL, UINT64_MAX, 4096).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_events(s), 0);
}

TEST_CASE(BadInput, DmaToNowhere)
{
    soc_both(dma_nowhere);
}

/* A mapping is no proof that something is there. */
static void mapped_to_registers(struct soc *s, uint32_t mode)
{
    struct soc_page m;
    uint64_t v = UINT64_MAX;
    iovp_dma_result r = {.size = sizeof(r)};
    uint32_t cr0 = soc_reg(s, CR0);

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_SMMU);
    CHECK_EQ(
        iovp_dma_write(s->disp, IOVP_NO_PASID, IOVA + CR0, &v, 8, NULL, &r),
        IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    CHECK_EQ(r.event, 0);
    CHECK_EQ(soc_reg(s, CR0), cr0);
    CHECK_EQ(soc_events(s), 0);
    /* a page of RAM, one of nothing: what came before is done */
    CHECK_EQ(smmu_map(&s->drv, &m.space, IOVA + PAGE, SOC_DATA, PAGE, 0), 0);
    CHECK_EQ(smmu_map(&s->drv, &m.space, IOVA + 2 * PAGE, NOWHERE, PAGE, 0), 0);
    r = soc_read(s->disp, NULL, IOVA + PAGE + 0x10, 2 * PAGE);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    CHECK_EQ(r.done, PAGE - 0x10);
}

TEST_CASE(BadInput, MappedToWhereNothingIs)
{
    soc_both(mapped_to_registers);
}

/* SIDSIZE is 24: anything above is C_BAD_STREAMID (7.3.3), and named in full.
 */
static void stream_ids(struct soc *s, uint32_t mode)
{
    (void)mode;
    for (unsigned bit = 8; bit < 32; bit++) {
        iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_STREAM_ID};
        uint32_t sid[3] = {1u << bit, (2u << bit) - 1, UINT32_MAX - bit + 8};

        for (int i = 0; i < 3; i++) {
            a.stream_id = sid[i];
            CHECK_EQ(soc_read(s->npu, &a, IOVA, 8).status, IOVP_DMA_ABORT);
            CHECK_EQ(soc_events(s), 1);
            CHECK_EQ(s->event.type, 0x02);
            CHECK_EQ(s->event.sid, sid[i]);
        }
    }
}

TEST_CASE(BadInput, StreamIdsBeyondTheTable)
{
    soc_both(stream_ids);
}

/* The driver's CDs have EPD1 = 1: above 2^48 is F_TRANSLATION (5.4). */
static void wrap_around(struct soc *s, uint32_t mode)
{
    static const uint64_t iova[] = {UINT64_MAX, UINT64_MAX - 0x7ff,
                                    UINT64_MAX - 0x1fff, 1ull << 48,
                                    (1ull << 63) - 0x800};
    struct soc_page m;

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_DATA);
    CHECK_EQ(smmu_map(&s->drv, &m.space, 0, SOC_DATA, PAGE, SMMU_WRITE), 0);
    for (size_t i = 0; i < 5; i++) {
        iovp_dma_result r = soc_read(s->disp, NULL, iova[i], 0x3000);

        CHECK_EQ(r.status, IOVP_DMA_ABORT);
        CHECK_EQ(r.done, 0);
        CHECK_EQ(soc_events(s), 1);
        CHECK_EQ(s->event.type, 0x10);
        CHECK_EQ(s->event.addr, iova[i]);
    }
    /* from the last page below 2^48 into the hole */
    CHECK_EQ(smmu_map(&s->drv, &m.space, (1ull << 48) - PAGE, SOC_DATA, PAGE,
                      SMMU_WRITE),
             0);
    {
        iovp_dma_result r = soc_read(s->disp, NULL, (1ull << 48) - 16, 32);

        CHECK_EQ(r.status, IOVP_DMA_ABORT);
        CHECK_EQ(r.done, 16);
        CHECK_EQ(soc_events(s), 1);
        CHECK_EQ(s->event.addr, 1ull << 48);
    }
}

TEST_CASE(BadInput, AddressesThatWrapAround)
{
    soc_both(wrap_around);
}

/* 2^30 bytes of buffer that are the same 2 MiB of host memory. */
static uint8_t *endless_buffer(void)
{
    const size_t piece = 0x200000, all = 1u << 30;
    FILE *f = tmpfile();
    uint8_t *p = mmap(NULL, all, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(f && p != MAP_FAILED && ftruncate(fileno(f), piece) == 0);
    for (size_t i = 0; i < all && p != MAP_FAILED; i += piece)
        CHECK(mmap(p + i, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                   fileno(f), 0) == p + i);
    fclose(f);
    return p;
}

static void gigabyte(struct soc *s, uint32_t mode)
{
    const uint64_t all = 1u << 30, block = 0x200000;
    iovp_dma_result r = {.size = sizeof(r)};
    struct soc_page m;
    uint8_t *buf = endless_buffer();

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_DATA);
    for (uint64_t i = 0; i < all; i += block)
        CHECK_EQ(smmu_map(&s->drv, &m.space, 0x80000000 + i, SOC_DATA, block,
                          SMMU_WRITE | SMMU_BLOCKS),
                 0);
    buf[5] = 0x77;
    CHECK_EQ(
        iovp_dma_write(s->disp, IOVP_NO_PASID, 0x80000000, buf, all, NULL, &r),
        IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    CHECK_EQ(r.done, all);
    CHECK_EQ(iovp_dma_read(s->disp, IOVP_NO_PASID, 0x80000000 + block, buf, all,
                           NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.done, all - block);
    CHECK_EQ(buf[5], 0x77);
    CHECK_EQ(iovp_dma_read(s->raw, IOVP_NO_PASID, SOC_RAM, buf, all, NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    CHECK_EQ(soc_events(s), 1);
    munmap(buf, all);
}

TEST_CASE(BadInput, DmaOfAGigabyte)
{
    soc_both(gigabyte);
}

/* ---- tables
 * ---------------------------------------------------------------------------
 */

static void stream_table_nowhere(struct soc *s, uint32_t mode)
{
    (void)mode;
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN);
    soc_set_reg(s, STRTAB_BASE, 8, NOWHERE);
    soc_set_reg(s, STRTAB_BASE_CFG, 4, 8); /* linear, 2^8 entries */
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
    expect_event(s, s->disp, IOVA, 0x03); /* F_STE_FETCH */
    CHECK_EQ(s->event.addr2, NOWHERE + SOC_DISP_SID * 64);
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN);
    soc_set_reg(s, STRTAB_BASE, 8, SOC_DATA);
    /* two levels, whose second lies nowhere: L2Ptr with Span = 9 */
    soc_set_reg(s, STRTAB_BASE_CFG, 4, 16 | 1u << 16 | 8 << 6);
    soc_put64(s, SOC_DATA, NOWHERE | 9);
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
    expect_event(s, s->disp, IOVA, 0x03);
    /* the largest that can be said: 2^32 entries, in 2^26 of 64 bytes */
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN);
    soc_set_reg(s, STRTAB_BASE_CFG, 4, 63 | 1u << 16 | 10 << 6);
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
    CHECK_EQ(soc_read(s->disp, NULL, IOVA, 8).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_events(s), 1);
}

TEST_CASE(BadInput, StreamTablesOutsideRam)
{
    soc_both(stream_table_nowhere);
}

static uint64_t ste_of(struct soc *s, uint32_t sid)
{
    uint64_t l2 = smmu_get64(&s->drv, s->drv.strtab + (sid >> 8) * 8);

    return (l2 & ~0x3fffull) + (sid & 0xff) * 64;
}

static void forget(struct soc *s)
{
    smmu_begin(&s->drv);
    smmu_cmd(&s->drv, CMD_CFGI_ALL, 31);
    smmu_cmd(&s->drv, CMD_TLBI_NSNH_ALL, 0);
    smmu_sync(&s->drv);
    CHECK_EQ(smmu_end(&s->drv), 0);
}

static void tables_nowhere(struct soc *s, uint32_t mode)
{
    struct soc_page m;
    uint64_t ste, word;

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_DATA);
    CHECK_EQ(soc_read(s->disp, NULL, IOVA, 8).status, IOVP_DMA_OK);
    /* the Context Descriptor: F_CD_FETCH */
    ste = ste_of(s, SOC_DISP_SID);
    word = smmu_get64(&s->drv, ste);
    soc_put64(s, ste, (word & ~0x00ffffffffffffc0ull) | NOWHERE);
    forget(s);
    expect_event(s, s->disp, IOVA, 0x09);
    CHECK_EQ(s->event.addr2, NOWHERE);
    soc_put64(s, ste, word);
    /* the translation table: F_WALK_EABT, with the address of the descriptor */
    soc_put64(s, m.st.cd_table + 8, NOWHERE);
    forget(s);
    expect_event(s, s->disp, IOVA, 0x0b);
    CHECK_EQ(s->event.addr2, NOWHERE);
    CHECK_EQ(s->event.addr, IOVA);
    /* beyond the 48 bits of IPS: C_BAD_CD (5.4.1) */
    soc_put64(s, m.st.cd_table + 8, 1ull << 50);
    forget(s);
    expect_event(s, s->disp, IOVA, 0x0a);
    soc_put64(s, m.st.cd_table + 8, m.space.ttb);
    /* the last table */
    soc_put64(s, m.space.ttb, 0xfffffffff003); /* 2^48 - 4096, a table */
    forget(s);
    expect_event(s, s->disp, IOVA, 0x0b);
    CHECK_EQ(s->event.addr2, 0xfffffffff008); /* IOVA[38:30] = 1 */
}

TEST_CASE(BadInput, TablesOutsideRam)
{
    soc_both(tables_nowhere);
}

/*
 * A table that is its own next level, four times: level 3 finds a page
 * descriptor, whose Access flag, bit 10, decides.
 */
static void tables_that_loop(struct soc *s, uint32_t mode)
{
    struct soc_page m;
    uint64_t table;

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_DATA);
    table = SOC_DATA + 0x10000;
    soc_put64(s, m.st.cd_table + 8, table);
    soc_put64(s, table, table | 3);
    forget(s);
    expect_event(s, s->disp, 0x123, 0x12); /* F_ACCESS */
    soc_put64(s, table, table | 3 | 1 << 10 | 1 << 6);
    CHECK_EQ(soc_read(s->disp, NULL, 0x123, 8).status, IOVP_DMA_OK);
    CHECK_EQ(soc_events(s), 0);
    {
        iovp_translation t = {.size = sizeof(t)};

        CHECK_EQ(iovp_translate(s->disp, NULL, 0x123, IOVP_ACCESS_READ, 0, &t),
                 IOVP_OK);
        CHECK_EQ(t.pa, table + 0x123);
    }
    /* a stream table that is a table of Context Descriptors that is ... */
    soc_put64(s, ste_of(s, SOC_DISP_SID),
              STE0_V | STE0_S1 | ste_of(s, SOC_DISP_SID));
    forget(s);
    CHECK_EQ(soc_read(s->disp, NULL, IOVA, 8).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_events(s), 1);
    CHECK_EQ(s->event.type, 0x0a); /* C_BAD_CD: its bit 31, V, is 0 */
}

TEST_CASE(BadInput, TablesThatLoop)
{
    soc_both(tables_that_loop);
}

/* ---- anything ---------------------------------------------------------------
 */

/* An address that is somewhere, often at an edge. */
static uint64_t address(void)
{
    static const uint64_t near[] = {0,
                                    SOC_SMMU,
                                    SOC_SMMU + 0x10000,
                                    SOC_ITS,
                                    SOC_RAM,
                                    SOC_DATA,
                                    SOC_END,
                                    IOVA,
                                    1ull << 32,
                                    1ull << 48,
                                    UINT64_MAX - 4096};
    uint64_t r = garbage();

    return near[r % 11] + (r >> 8 & (r & 16 ? 0xfff : 0x3fffff));
}

static iovp_attrs random_attrs(void)
{
    uint64_t r = garbage();
    iovp_attrs a = {.size = sizeof(a), .specified = r & IOVP_ATTR_ALL};

    a.stream_id = r & 512 ? SOC_NPU_SID : (uint32_t)(r >> 32);
    a.pasid = r >> 20 & 0xfffff;
    a.pasid_valid = r >> 12 & 1;
    a.space = r >> 13 & 3;
    a.privileged = r >> 15 & 1;
    a.instruction = r >> 16 & 1;
    a.addr_type = (r >> 17 & 7) % 3;
    a.mem_type = (uint8_t)(r >> 40);
    return a;
}

static iovp_workload random_workload(void)
{
    uint64_t r = garbage();
    iovp_workload w = {.size = sizeof(w), .pattern = r % 4};

    w.base = address();
    w.window = 1 + (garbage() >> (r >> 8 & 63));
    w.stride = garbage() >> (r >> 16 & 63);
    w.bytes = r >> 24 & 0x1fff;
    w.outstanding = 1 + (r >> 40 & 0xff);
    w.rate = r & 64 ? garbage() >> (r >> 48 & 31) : 0;
    w.read_percent = r >> 32 & 127;
    w.transfers = 1 + (r >> 52 & 0xff);
    w.pasids = r >> 60;
    return w;
}

static iovp_status random_dma(iovp_device *d)
{
    static uint8_t buf[0x10000];
    iovp_dma_result r = {.size = sizeof(r)};
    iovp_translation t = {.size = sizeof(t)};
    iovp_attrs a = random_attrs();
    uint64_t x = garbage(), iova = address();
    size_t bytes = x >> 8 & (x & 1 ? 0xff : 0xffff);

    switch (x >> 32 & 3) {
    case 0:
        return iovp_dma_read(d, soc_pasid_of(&a), iova, buf, bytes, &a, &r);
    case 1:
        return iovp_dma_write(d, soc_pasid_of(&a), iova, buf, bytes, &a, &r);
    case 2:
        return iovp_dma_replay(d, &a, iova, (uint32_t)bytes, x >> 34 & 3,
                               x >> 40, &r);
    default:
        return iovp_translate(d, &a, iova, x >> 34 & 3, x >> 36 & 1, &t);
    }
}

static iovp_status random_call(struct soc *s)
{
    iovp_device *d[] = {s->npu, s->disp, s->raw};
    uint64_t r = garbage(), v = garbage();
    uint32_t offset = (r >> 16 & 1) << 16 | (r >> 20 & 0x1fc);
    iovp_workload w;

    switch (r % 8) {
    case 0:
        return iovp_mmio_write(s->p, address(), 1u << (r >> 8 & 3), r >> 10 & 3,
                               v);
    case 1:
        return iovp_mmio_read(s->p, address(), 1u << (r >> 8 & 3), 0, &v);
    case 2: /* registers that hold an address, of what is there */
        return iovp_mmio_write(s->p, SOC_SMMU + offset, 4, 0,
                               r & 256 ? SOC_DATA | (v & 31) : v);
    case 3: /* tables and queues of garbage */
        return iovp_mem_write(s->p, SOC_DATA + (r >> 8 & 0xffff8), &v, 8);
    case 4:
        w = random_workload();
        return iovp_workload_start(d[r >> 8 & 1], &w);
    case 5:
        return iovp_run_until(s->p, iovp_now(s->p) + (r >> 40), NULL);
    default:
        return random_dma(d[(r >> 8) % 3]);
    }
}

static void random_calls(struct soc *s, uint32_t mode)
{
    unsigned ok = 0;

    (void)mode;
    for (unsigned i = 0; i < 20000; i++) {
        iovp_status st = random_call(s);

        if (st != IOVP_OK && st != IOVP_E_INVALID && st != IOVP_E_BUS)
            FAIL_TEST("call %u: %d, %s", i, (int)st, iovp_last_error());
        ok += st == IOVP_OK;
    }
    CHECK(ok > 5000);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(iovp_workload_stop(i ? s->disp : s->npu), IOVP_OK);
    recover(s);
}

TEST_CASE(BadInput, AnyCallsInAnyOrder)
{
    soc_both(random_calls);
}

/* SPDX-License-Identifier: MIT */
/*
 * The example driver on platforms/arm-soc.dts, functional mode.  Expected
 * events are those of IHI 0070 chapter 7.3 for the situation that each test
 * sets up.
 */
#include <string.h>

#include "../capi/examples/smmuv3_driver.h"
#include "../capi/examples/smmuv3_driver_internal.h"
#include "../capi/iovp.h"
#include "shim.h"

#ifndef IOVP_SOURCE_DIR
#define IOVP_SOURCE_DIR "."
#endif

#define SMMU_BASE 0x12000000u
#define RAM       0x80000000u /* tables from here */
#define DATA      0x90000000u
#define IOVA      0x40000000u
#define NPU_SID   0x20u
#define DISP_SID  0x10u

struct soc {
    iovp_platform *platform;
    iovp_device *npu, *display;
    struct smmu_ram ram;
    struct smmu_driver driver;
    struct smmu_stream stream;
    struct smmu_space space;
    struct smmu_event event; /* the last */
    unsigned events;
};

/* False after a failure was recorded. */
static bool soc_open(struct soc *s)
{
    iovp_status st;

    memset(s, 0, sizeof(*s));
    st = iovp_platform_create_file(&s->platform, NULL,
                                   IOVP_SOURCE_DIR "/platforms/arm-soc.dts");
    CHECK_EQ(st, IOVP_OK);
    if (st != IOVP_OK)
        return false;
    CHECK_EQ(iovp_device_find(s->platform, "npu@13010000", &s->npu), IOVP_OK);
    CHECK_EQ(iovp_device_find(s->platform, "display@13000000", &s->display),
             IOVP_OK);
    s->ram.next = RAM;
    s->ram.end = DATA;
    s->driver.platform = s->platform;
    s->driver.base = SMMU_BASE;
    s->driver.ram = &s->ram;
    CHECK_EQ(smmu_init(&s->driver), 0);
    CHECK_STR(s->driver.message, "");
    return !s->driver.failed;
}

static void soc_close(struct soc *s)
{
    iovp_platform_destroy(s->platform);
}

static void on_event(void *ud, const struct smmu_event *e)
{
    struct soc *s = ud;

    s->event = *e;
    s->events++;
}

/* How many events came since the last call. */
static unsigned events(struct soc *s)
{
    s->events = 0;
    CHECK_EQ(smmu_events(&s->driver, on_event, s), 0);
    return s->events;
}

static uint32_t reg(struct soc *s, uint32_t offset)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mmio_read(s->platform, SMMU_BASE + offset, 4,
                            IOVP_SPACE_NONSECURE, &v),
             IOVP_OK);
    return (uint32_t)v;
}

static iovp_attrs with_pasid(uint32_t pasid)
{
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PASID};

    a.pasid = pasid;
    a.pasid_valid = 1;
    return a;
}

/* Status of an 8-byte DMA; *v is written or read. */
static uint32_t dma(iovp_device *d, const iovp_attrs *a, uint64_t iova,
                    bool write, uint64_t *v)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint32_t pasid = a && a->pasid_valid ? a->pasid : IOVP_NO_PASID;
    iovp_status st = write ? iovp_dma_write(d, pasid, iova, v, 8, a, &r)
                           : iovp_dma_read(d, pasid, iova, v, 8, a, &r);

    CHECK_EQ(st, IOVP_OK);
    return r.status;
}

/* The display with one page mapped. */
static bool display_page(struct soc *s, unsigned rights)
{
    if (!soc_open(s))
        return false;
    CHECK_EQ(smmu_attach(&s->driver, &s->stream, DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_space_create(&s->driver, &s->space), 0);
    CHECK_EQ(smmu_bind(&s->driver, &s->stream, SMMU_NO_PASID, &s->space), 0);
    CHECK_EQ(smmu_map(&s->driver, &s->space, IOVA, DATA, PAGE, rights), 0);
    CHECK_STR(s->driver.message, "");
    return !s->driver.failed;
}

TEST_CASE(Driver, ResetLeavesTheSmmuEnabled)
{
    struct soc s;

    REQUIRE(soc_open(&s));
    /* SMMUEN, EVENTQEN, CMDQEN, acknowledged; EVENTQ and GERROR interrupts */
    CHECK_EQ(reg(&s, 0x20), 0xd);
    CHECK_EQ(reg(&s, 0x24), 0xd);
    CHECK_EQ(reg(&s, 0x54), 0x5);
    /* two SYNCs, CFGI_ALL and TLBI_NSNH_ALL are consumed without error */
    CHECK_EQ(reg(&s, 0x98), 4);
    CHECK_EQ(reg(&s, 0x9c), 4);
    CHECK_EQ(reg(&s, 0x60), reg(&s, 0x64));
    /* GBPA.ABORT is set, Update is clear: 6.3.14 */
    CHECK_EQ(reg(&s, 0x44) >> 20 & 1, 1);
    CHECK_EQ(reg(&s, 0x44) >> 31, 0);
    soc_close(&s);
}

TEST_CASE(Driver, StreamsAreAbortedBeforeTheyAreAttached)
{
    struct soc s;
    uint64_t v = 0;

    REQUIRE(soc_open(&s));
    /* no level 2 table: C_BAD_STREAMID, because CR2.RECINVSID is 1 */
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x02);
    CHECK_EQ(s.event.sid, DISP_SID);
    /* attaching a neighbour makes the table; Config = abort is silent */
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, NPU_SID, 8, SMMU_S1DSS_SSID0),
             0);
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 0);
    soc_close(&s);
}

TEST_CASE(Driver, MapDmaUnmapFault)
{
    struct soc s;
    uint64_t v = 0x1122334455667788ull, seen = 0;
    char text[160];

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(dma(s.display, NULL, IOVA + 0x18, true, &v), IOVP_DMA_OK);
    CHECK_EQ(iovp_mem_read(s.platform, DATA + 0x18, &seen, 8), IOVP_OK);
    CHECK_EQ(seen, v);
    seen = 0;
    CHECK_EQ(dma(s.display, NULL, IOVA + 0x18, false, &seen), IOVP_DMA_OK);
    CHECK_EQ(seen, v);
    CHECK_EQ(events(&s), 0);

    CHECK_EQ(smmu_unmap(&s.driver, &s.space, IOVA, PAGE), 0);
    CHECK_EQ(dma(s.display, NULL, IOVA + 0x18, false, &seen), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x10); /* F_TRANSLATION */
    CHECK_EQ(s.event.sid, DISP_SID);
    CHECK_EQ(s.event.ssv, 0);
    CHECK_EQ(s.event.addr, IOVA + 0x18);
    CHECK_EQ(s.event.read, 1);
    CHECK_EQ(s.event.s2, 0);
    CHECK_EQ(s.event.class_, 2); /* IN */
    smmu_event_text(&s.event, text, sizeof(text));
    CHECK_STR(text, "F_TRANSLATION: StreamID 0x10, unprivileged read of "
                    "0x40000018, stage 1 (input)");
    soc_close(&s);
}

TEST_CASE(Driver, ReadOnlyMappingRefusesWrites)
{
    struct soc s;
    uint64_t v = 5, seen = 0;

    REQUIRE(display_page(&s, 0));
    CHECK_EQ(dma(s.display, NULL, IOVA, true, &v), IOVP_DMA_ABORT);
    CHECK_EQ(iovp_mem_read(s.platform, DATA, &seen, 8), IOVP_OK);
    CHECK_EQ(seen, 0);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x13); /* F_PERMISSION */
    CHECK_EQ(s.event.read, 0);
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_OK);
    CHECK_EQ(v, 0);
    soc_close(&s);
}

TEST_CASE(Driver, PrivilegedMappingRefusesOthers)
{
    struct soc s;
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PRIVILEGED};
    uint64_t v = 0;

    REQUIRE(display_page(&s, SMMU_PRIVILEGED));
    CHECK_EQ(dma(s.display, &a, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x13);
    CHECK_EQ(s.event.privileged, 0);
    a.privileged = 1;
    CHECK_EQ(dma(s.display, &a, IOVA, false, &v), IOVP_DMA_OK);
    soc_close(&s);
}

TEST_CASE(Driver, BlocksAreUsedWhereAligned)
{
    iovp_translation t = {.size = sizeof(t)};
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(smmu_map(&s.driver, &s.space, 0x80000000, DATA + 0x200000,
                      0x200000 + PAGE, SMMU_WRITE | SMMU_BLOCKS),
             0);
    CHECK_EQ(
        iovp_translate(s.display, NULL, 0x80012345, IOVP_ACCESS_READ, 0, &t),
        IOVP_OK);
    CHECK_EQ(t.status, IOVP_DMA_OK);
    CHECK_EQ(t.pa, DATA + 0x212345);
    CHECK_EQ(t.span, 0x200000 - 0x12345);
    /* the page after it */
    CHECK_EQ(
        iovp_translate(s.display, NULL, 0x80200010, IOVP_ACCESS_READ, 0, &t),
        IOVP_OK);
    CHECK_EQ(t.pa, DATA + 0x400010);
    /* a page cannot be cut out of a block; the block goes in one piece */
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, 0x80000000, PAGE), -1);
    CHECK_STR(s.driver.message, "0x80000000: part of a 2 MiB block");
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, 0x80000000, 0x200000 + PAGE), 0);
    CHECK_EQ(
        iovp_translate(s.display, NULL, 0x80012345, IOVP_ACCESS_READ, 0, &t),
        IOVP_OK);
    CHECK_EQ(t.status, IOVP_DMA_ABORT);
    soc_close(&s);
}

TEST_CASE(Driver, UnmapOfManyPagesInvalidatesThemAll)
{
    const uint64_t bytes = 600 * PAGE; /* by ASID: more than 512 pages */
    uint64_t v = 0;
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(smmu_map(&s.driver, &s.space, 0x50000000, DATA + 0x100000, bytes,
                      SMMU_WRITE),
             0);
    for (uint64_t i = 0; i < bytes; i += PAGE)
        CHECK_EQ(dma(s.display, NULL, 0x50000000 + i, false, &v), IOVP_DMA_OK);
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, 0x50000000, bytes), 0);
    for (uint64_t i = 0; i < bytes; i += PAGE)
        CHECK_EQ(dma(s.display, NULL, 0x50000000 + i, false, &v),
                 IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 600);
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_OK);
    soc_close(&s);
}

TEST_CASE(Driver, MappingMistakesAreRefused)
{
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(smmu_map(&s.driver, &s.space, IOVA, DATA, PAGE, 0), -1);
    CHECK_STR(s.driver.message, "0x40000000 is mapped already");
    CHECK_EQ(smmu_map(&s.driver, &s.space, IOVA + 1, DATA, PAGE, 0), -1);
    CHECK_EQ(smmu_map(&s.driver, &s.space, IOVA, DATA, 0, 0), -1);
    CHECK_EQ(smmu_map(&s.driver, &s.space, 1ull << 48, DATA, PAGE, 0), -1);
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, IOVA + PAGE, PAGE), -1);
    CHECK_STR(s.driver.message, "0x40001000 is not mapped");
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, 1u << 24, 0, 0), -1);
    CHECK_STR(s.driver.message, "StreamID 0x1000000: the table ends at 2^24");
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, 1, 21, 0), -1);
    CHECK_STR(s.driver.message, "21 bits of PASID: the SMMU has 20");
    /* the driver still works */
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, IOVA, PAGE), 0);
    soc_close(&s);
}

TEST_CASE(Driver, NoRamLeftIsAnError)
{
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    s.ram.end = s.ram.next + PAGE;
    CHECK_EQ(smmu_map(&s.driver, &s.space, 1ull << 40, DATA, PAGE, 0), -1);
    CHECK_STR(s.driver.message, "no guest RAM left for 4096 bytes of tables");
    soc_close(&s);
}

TEST_CASE(Driver, PasidsAreIsolated)
{
    struct smmu_space space[2];
    iovp_translation t = {.size = sizeof(t)};
    uint64_t v, seen;
    struct soc s;

    REQUIRE(soc_open(&s));
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, NPU_SID, 8, SMMU_S1DSS_SSID0),
             0);
    for (uint32_t i = 0; i < 2; i++) {
        iovp_attrs a = with_pasid(7 + i);

        CHECK_EQ(smmu_space_create(&s.driver, &space[i]), 0);
        CHECK_EQ(smmu_bind(&s.driver, &s.stream, 7 + i, &space[i]), 0);
        CHECK_EQ(smmu_map(&s.driver, &space[i], IOVA, DATA + i * PAGE, PAGE,
                          SMMU_WRITE),
                 0);
        v = 0xaa00 + i;
        CHECK_EQ(dma(s.npu, &a, IOVA, true, &v), IOVP_DMA_OK);
        CHECK_EQ(iovp_translate(s.npu, &a, IOVA, IOVP_ACCESS_READ, 0, &t),
                 IOVP_OK);
        CHECK_EQ(t.pa, DATA + i * PAGE);
    }
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(iovp_mem_read(s.platform, DATA + i * PAGE, &seen, 8), IOVP_OK);
        CHECK_EQ(seen, 0xaa00 + i);
    }
    CHECK_EQ(events(&s), 0);
    soc_close(&s);
}

TEST_CASE(Driver, PasidsWithoutSpaceFault)
{
    iovp_attrs a = with_pasid(9);
    uint64_t v = 0;
    struct soc s;

    REQUIRE(soc_open(&s));
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, NPU_SID, 8, SMMU_S1DSS_SSID0),
             0);
    /* CD.V == 0 */
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x0a); /* C_BAD_CD */
    CHECK_EQ(s.event.ssv, 1);
    CHECK_EQ(s.event.ssid, 9);
    /* S1DSS == SSID0: PASID 0 itself is not for use */
    a = with_pasid(0);
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x06); /* F_STREAM_DISABLED */
    CHECK_EQ(smmu_space_create(&s.driver, &s.space), 0);
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 0, &s.space), -1);
    CHECK_STR(s.driver.message, "StreamID 0x20: S1DSS 2 gives CD 0 to "
                                "transactions without PASID");
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 256, &s.space), -1);
    CHECK_STR(s.driver.message, "PASID 0x100: StreamID 0x20 has 8 bits");
    soc_close(&s);
}

TEST_CASE(Driver, UnbindStopsOnePasidOnly)
{
    iovp_attrs a = with_pasid(1), b = with_pasid(2);
    struct smmu_space other;
    uint64_t v = 0;
    struct soc s;

    REQUIRE(soc_open(&s));
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, NPU_SID, 8, SMMU_S1DSS_SSID0),
             0);
    CHECK_EQ(smmu_space_create(&s.driver, &s.space), 0);
    CHECK_EQ(smmu_space_create(&s.driver, &other), 0);
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 1, &s.space), 0);
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 2, &other), 0);
    CHECK_EQ(smmu_map(&s.driver, &s.space, IOVA, DATA, PAGE, 0), 0);
    CHECK_EQ(smmu_map(&s.driver, &other, IOVA, DATA, PAGE, 0), 0);
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_OK);
    CHECK_EQ(dma(s.npu, &b, IOVA, false, &v), IOVP_DMA_OK);
    CHECK_EQ(smmu_unbind(&s.driver, &s.stream, 1, &s.space), 0);
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(dma(s.npu, &b, IOVA, false, &v), IOVP_DMA_OK);
    soc_close(&s);
}

TEST_CASE(Driver, TwoLevelContextDescriptorTable)
{
    iovp_attrs a = with_pasid(200);
    uint64_t v = 0;
    struct soc s;

    REQUIRE(soc_open(&s));
    CHECK_EQ(smmu_attach(&s.driver, &s.stream, NPU_SID, 16, SMMU_S1DSS_SSID0),
             0);
    CHECK(s.stream.cd_2level);
    CHECK_EQ(smmu_space_create(&s.driver, &s.space), 0);
    CHECK_EQ(smmu_map(&s.driver, &s.space, IOVA, DATA, PAGE, 0), 0);
    /* L1CD.V == 0: C_BAD_SUBSTREAMID */
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.event.type, 0x08);
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 200, &s.space), 0);
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_OK);
    /* in another leaf table */
    CHECK_EQ(smmu_bind(&s.driver, &s.stream, 5000, &s.space), 0);
    a = with_pasid(5000);
    CHECK_EQ(dma(s.npu, &a, IOVA, false, &v), IOVP_DMA_OK);
    soc_close(&s);
}

TEST_CASE(Driver, DetachedStreamIsAbortedSilently)
{
    uint64_t v = 0;
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_OK);
    CHECK_EQ(smmu_detach(&s.driver, &s.stream), 0);
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 0);
    soc_close(&s);
}

TEST_CASE(Driver, RecoversFromARefusedCommand)
{
    uint64_t v = 0;
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_OK);
    smmu_begin(&s.driver);
    smmu_cmd(&s.driver, 0xff, 0); /* reserved */
    smmu_sync(&s.driver);
    CHECK_EQ(smmu_end(&s.driver), -1);
    CHECK_STR(s.driver.message,
              "GERROR 0x1: command 0xff refused, CMDQ_CONS.ERR = 1");
    CHECK_EQ(s.driver.gerrors, 1);
    CHECK_EQ(reg(&s, 0x60), reg(&s, 0x64));
    CHECK_EQ(smmu_gerror(&s.driver), 0);
    CHECK_EQ(smmu_unmap(&s.driver, &s.space, IOVA, PAGE), 0);
    CHECK_EQ(dma(s.display, NULL, IOVA, false, &v), IOVP_DMA_ABORT);
    soc_close(&s);
}

TEST_CASE(Driver, CommandQueueWrapsManyTimes)
{
    struct soc s;
    uint64_t v = 0;

    REQUIRE(display_page(&s, SMMU_WRITE));
    /* 256 entries; 3 x 512 invalidations and SYNCs */
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(smmu_map(&s.driver, &s.space, 0x50000000, DATA + 0x100000,
                          512 * PAGE, SMMU_WRITE),
                 0);
        CHECK_EQ(dma(s.display, NULL, 0x50000000, false, &v), IOVP_DMA_OK);
        CHECK_EQ(smmu_unmap(&s.driver, &s.space, 0x50000000, 512 * PAGE), 0);
        CHECK_EQ(dma(s.display, NULL, 0x50000000, false, &v), IOVP_DMA_ABORT);
    }
    CHECK_EQ(events(&s), 3);
    soc_close(&s);
}

TEST_CASE(Driver, EventQueueOverflowIsToldOnce)
{
    uint64_t v = 0;
    struct soc s;

    REQUIRE(display_page(&s, SMMU_WRITE));
    /* 2^12 entries */
    for (unsigned i = 0; i < 5000; i++)
        CHECK_EQ(dma(s.display, NULL, IOVA + PAGE + 8 * i, false, &v),
                 IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 4096);
    CHECK_EQ(s.driver.overflows, 1);
    CHECK_EQ(s.event.addr, IOVA + PAGE + 8 * 4095);
    /* acknowledged: the next event is recorded, and no overflow is told */
    CHECK_EQ(dma(s.display, NULL, 0, false, &v), IOVP_DMA_ABORT);
    CHECK_EQ(events(&s), 1);
    CHECK_EQ(s.driver.overflows, 1);
    soc_close(&s);
}

TEST_CASE(Driver, NoSmmuThereIsAnError)
{
    struct soc s;

    REQUIRE(soc_open(&s));
    s.driver.base = 0x70000000; /* nothing */
    CHECK_EQ(smmu_init(&s.driver), -1);
    CHECK(strlen(s.driver.message) > 0);
    soc_close(&s);
}

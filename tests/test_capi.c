/* SPDX-License-Identifier: MIT */
/*
 * The C API in functional mode: what every function gives, and what it says
 * to arguments that are wrong.  test_capi_misuse.c has handles and threads.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capi_soc.h"
#include "shim.h"

/* The call fails with this code and a sentence of its own. */
#define FAILS(call, code)                                     \
    do {                                                      \
        iovp_trace_next(NULL, NULL);                          \
        CHECK_EQ(call, code);                                 \
        CHECK(strlen(iovp_last_error()) > 0 &&                \
              !strstr(iovp_last_error(), "iovp_trace_next")); \
    } while (0)

/* ---- status codes -------------------------------------------------------- */

TEST_CASE(Capi, EveryStatusHasItsOwnText)
{
    CHECK_STR(iovp_strerror(IOVP_OK), "success");
    CHECK(strcmp(iovp_strerror(IOVP_PASS), iovp_strerror(2)) != 0);
    for (iovp_status a = IOVP_OK; a >= IOVP_E_ATTRS; a--) {
        CHECK(strlen(iovp_strerror(a)) > 0);
        CHECK(strcmp(iovp_strerror(a), iovp_strerror(2)) != 0);
        for (iovp_status b = IOVP_OK; b > a; b--)
            CHECK(strcmp(iovp_strerror(a), iovp_strerror(b)) != 0);
    }
    CHECK_STR(iovp_strerror(IOVP_E_ATTRS - 1), iovp_strerror(2));
    CHECK_STR(iovp_strerror(INT32_MIN), iovp_strerror(INT32_MAX));
    CHECK_EQ(iovp_version(), 200);
}

/* ---- create ----------------------------------------------------------------
 */

static iovp_status create_with(const iovp_platform_config *c)
{
    iovp_platform *p = NULL;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    iovp_status st = iovp_platform_create(&p, c, blob, bytes);

    CHECK((st == IOVP_OK) == (p != NULL));
    iovp_platform_destroy(p);
    return st;
}

TEST_CASE(Capi, CreateChecksItsConfiguration)
{
    const iovp_platform_config good = IOVP_PLATFORM_CONFIG_INIT;
    iovp_platform_config c = good;

    CHECK_EQ(create_with(NULL), IOVP_OK);
    CHECK_EQ(create_with(&c), IOVP_OK);
    c.size--;
    FAILS(create_with(&c), IOVP_E_INVALID);
    c.size = 0;
    FAILS(create_with(&c), IOVP_E_INVALID);
    c = good;
    c.mode = 2;
    FAILS(create_with(&c), IOVP_E_INVALID);
    c.mode = UINT32_MAX;
    FAILS(create_with(&c), IOVP_E_INVALID);
    for (int i = 0; i < 2; i++) {
        c = good;
        c.reserved[i] = 1;
        FAILS(create_with(&c), IOVP_E_INVALID);
    }
}

TEST_CASE(Capi, CreateChecksTheTree)
{
    iovp_platform *p = NULL;
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    uint8_t zeros[64] = {0};

    REQUIRE(blob);
    FAILS(iovp_platform_create(NULL, NULL, blob, bytes), IOVP_E_INVALID);
    FAILS(iovp_platform_create(&p, NULL, NULL, bytes), IOVP_E_INVALID);
    FAILS(iovp_platform_create(&p, NULL, blob, 0), IOVP_E_INVALID);
    FAILS(iovp_platform_create(&p, NULL, blob, 39), IOVP_E_INVALID);
    FAILS(iovp_platform_create(&p, NULL, blob, SIZE_MAX), IOVP_E_INVALID);
    FAILS(iovp_platform_create(&p, NULL, blob, bytes - 1), IOVP_E_DT);
    FAILS(iovp_platform_create(&p, NULL, zeros, 64), IOVP_E_DT);
    FAILS(iovp_platform_create_file(NULL, NULL, "x"), IOVP_E_INVALID);
    FAILS(iovp_platform_create_file(&p, NULL, NULL), IOVP_E_INVALID);
    FAILS(iovp_platform_create_file(&p, NULL, "/nowhere/x.dtb"), IOVP_E_IO);
    FAILS(iovp_platform_create_file(&p, NULL, "/"), IOVP_E_IO);
    CHECK(!p);
}

/* 255 at a time; the next is refused, and a free slot is found again. */
TEST_CASE(Capi, ThereAreManyPlatformsButNotEndless)
{
    enum { MOST = 300 };
    static iovp_platform *p[MOST];
    iovp_platform *more = NULL;
    void *blob;
    size_t bytes;
    int n;

    REQUIRE(soc_compile("/dts-v1/; / { };\n", &blob, &bytes));
    for (n = 0; n < MOST; n++)
        if (iovp_platform_create(&p[n], NULL, blob, bytes))
            break;
    /* others may live in threads of other tests of this program */
    CHECK(n >= 200 && n <= 255);
    FAILS(iovp_platform_create(&more, NULL, blob, bytes), IOVP_E_NOMEM);
    CHECK(!more);
    iovp_platform_destroy(p[7]);
    CHECK_EQ(iovp_platform_create(&p[7], NULL, blob, bytes), IOVP_OK);
    while (n)
        iovp_platform_destroy(p[--n]);
    free(blob);
}

static unsigned log_lines;

static void on_log(void *ud, uint32_t level, const char *message)
{
    if (level == IOVP_LOG_INFO && strstr(message, "/serial@9000000"))
        log_lines++;
    CHECK(strlen(message) > 0 && !strchr(message, '\n'));
    CHECK(ud == &log_lines);
}

TEST_CASE(Capi, TheLogTellsWhatIsNotModelled)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    c.log = on_log;
    c.log_ud = &log_lines;
    log_lines = 0;
    CHECK_EQ(create_with(&c), IOVP_OK);
    CHECK_EQ(log_lines, 1);
}

/* ---- lists: too small, exact, larger ------------------------------------- */

TEST_CASE(Capi, DtbList)
{
    struct soc s;
    size_t bytes = 0, n = 0;
    const void *blob = soc_tree(&bytes);
    uint8_t *buf = calloc(1, bytes + 16);

    REQUIRE(buf && soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    FAILS(iovp_platform_dtb(s.p, buf, NULL), IOVP_E_INVALID);
    n = 1;
    FAILS(iovp_platform_dtb(s.p, NULL, &n), IOVP_E_INVALID);
    CHECK_EQ(n, 1);
    n = bytes - 1;
    FAILS(iovp_platform_dtb(s.p, buf, &n), IOVP_E_SPACE);
    CHECK_EQ(n, bytes);
    CHECK_EQ(buf[0], 0);
    CHECK_EQ(iovp_platform_dtb(s.p, buf, &n), IOVP_OK);
    CHECK_MEM(buf, blob, bytes);
    n = bytes + 16;
    CHECK_EQ(iovp_platform_dtb(s.p, buf, &n), IOVP_OK);
    CHECK_EQ(n, bytes);
    CHECK_EQ(buf[bytes], 0);
    free(buf);
    soc_close(&s);
}

TEST_CASE(Capi, NodeList)
{
    static iovp_node node[16];
    struct soc s;
    size_t n = 0;

    memset(node, 0, sizeof(node));
    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    FAILS(iovp_nodes(s.p, node, NULL), IOVP_E_INVALID);
    n = 3;
    FAILS(iovp_nodes(s.p, NULL, &n), IOVP_E_INVALID);
    n = 0;
    FAILS(iovp_nodes(s.p, NULL, &n), IOVP_E_SPACE);
    /* memory, its, serial, smmu, three masters */
    CHECK_EQ(n, 7);
    for (size_t i = 0; i < n; i++)
        node[i].size = sizeof(node[i]);
    node[6].size--;
    FAILS(iovp_nodes(s.p, node, &n), IOVP_E_INVALID);
    CHECK_EQ(n, 7);
    CHECK_STR(node[0].path, "");
    node[6].size++;
    CHECK_EQ(iovp_nodes(s.p, node, &n), IOVP_OK);
    CHECK_STR(node[0].path, "/memory@80000000");
    CHECK_EQ(node[0].reg_base, SOC_RAM);
    CHECK_EQ(node[0].reg_size, SOC_BYTES);
    CHECK_EQ(node[1].state, IOVP_NODE_PLACEHOLDER);
    CHECK_STR(node[2].compatible, "arm,pl011");
    CHECK_EQ(node[2].state, IOVP_NODE_UNMODELLED);
    CHECK_EQ(node[3].state, IOVP_NODE_BUILT);
    CHECK_STR(node[6].path, "/raw@a020000");
    n = 16;
    CHECK_EQ(iovp_nodes(s.p, node, &n), IOVP_OK);
    CHECK_EQ(n, 7);
    soc_close(&s);
}

TEST_CASE(Capi, DeviceList)
{
    iovp_device *d[4] = {NULL, NULL, NULL, NULL};
    iovp_device *one = NULL;
    iovp_device_info info = {.size = sizeof(info)};
    struct soc s;
    size_t n = 2;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    FAILS(iovp_devices(s.p, d, NULL), IOVP_E_INVALID);
    FAILS(iovp_devices(s.p, NULL, &n), IOVP_E_INVALID);
    FAILS(iovp_devices(s.p, d, &n), IOVP_E_SPACE);
    CHECK_EQ(n, 3);
    CHECK(!d[0] && !d[1]);
    CHECK_EQ(iovp_devices(s.p, d, &n), IOVP_OK);
    CHECK(d[0] == s.npu && d[1] == s.disp && d[2] == s.raw);
    n = 4;
    CHECK_EQ(iovp_devices(s.p, d, &n), IOVP_OK);
    CHECK_EQ(n, 3);
    CHECK(!d[3]);
    FAILS(iovp_device_find(s.p, NULL, &one), IOVP_E_INVALID);
    FAILS(iovp_device_find(s.p, "npu@a000000", NULL), IOVP_E_INVALID);
    FAILS(iovp_device_find(s.p, "npu", &one), IOVP_E_NOTFOUND);
    FAILS(iovp_device_find(s.p, "", &one), IOVP_E_NOTFOUND);
    CHECK(!one);
    CHECK_EQ(iovp_device_find(s.p, "/npu@a000000", &one), IOVP_OK);
    CHECK(one == s.npu);
    FAILS(iovp_device_get_info(one, NULL), IOVP_E_INVALID);
    info.size--;
    FAILS(iovp_device_get_info(one, &info), IOVP_E_INVALID);
    CHECK_STR(info.name, "");
    info.size++;
    CHECK_EQ(iovp_device_get_info(one, &info), IOVP_OK);
    CHECK_STR(info.name, "npu@a000000");
    CHECK_STR(info.iommu, "iommu@9050000");
    CHECK_EQ(info.iommu_base, SOC_SMMU);
    CHECK_EQ(info.stream_id, SOC_NPU_SID);
    CHECK_EQ(info.pasid_bits, SOC_PASIDBITS);
    CHECK_EQ(info.has_workload, 1);
    CHECK_EQ(info.workload.transfers, 100);
    CHECK_EQ(iovp_device_get_info(s.raw, &info), IOVP_OK);
    CHECK_EQ(info.index, 2);
    CHECK_STR(info.iommu, "");
    soc_close(&s);
}

TEST_CASE(Capi, StatisticsList)
{
    iovp_stream_stats row[3] = {{.size = 0}, {.size = 0}, {.size = 0}};
    uint64_t v = 0;
    struct soc s;
    size_t n = 0;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_stats(s.p, NULL, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    CHECK_EQ(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_DATA, &v, 8, NULL, NULL),
             IOVP_OK);
    CHECK_EQ(iovp_dma_read(s.npu, IOVP_NO_PASID, 0, &v, 8, NULL, NULL),
             IOVP_OK);
    FAILS(iovp_stats(s.p, row, NULL), IOVP_E_INVALID);
    n = 1;
    FAILS(iovp_stats(s.p, NULL, &n), IOVP_E_INVALID);
    row[0].size = sizeof(row[0]);
    FAILS(iovp_stats(s.p, row, &n), IOVP_E_SPACE);
    CHECK_EQ(n, 2);
    FAILS(iovp_stats(s.p, row, &n), IOVP_E_INVALID); /* row[1].size */
    CHECK_EQ(row[0].transfers, 0);
    row[1].size = sizeof(row[0]);
    CHECK_EQ(iovp_stats(s.p, row, &n), IOVP_OK);
    CHECK_EQ(row[0].device, 0);
    CHECK_EQ(row[0].stream_id, SOC_NPU_SID);
    CHECK_EQ(row[0].transfers, 1);
    CHECK_EQ(row[0].faults, 1);
    CHECK_EQ(row[0].bytes, 0);
    CHECK_EQ(row[0].lookups[IOVP_STAT_CONFIG], 1);
    CHECK_EQ(row[1].device, 2);
    CHECK_EQ(row[1].bytes, 8);
    CHECK_EQ(row[1].latency_max_ps, 0);
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    CHECK_EQ(iovp_stats(s.p, row, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    soc_close(&s);
}

/* ---- memory and registers ---------------------------------------------------
 */

TEST_CASE(Capi, MemoryArguments)
{
    uint8_t b[16] = {0};
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    FAILS(iovp_mem_read(s.p, SOC_RAM, NULL, 1), IOVP_E_INVALID);
    FAILS(iovp_mem_write(s.p, SOC_RAM, NULL, 1), IOVP_E_INVALID);
    FAILS(iovp_mem_read(s.p, SOC_RAM, b, 0), IOVP_E_INVALID);
    FAILS(iovp_mem_read(s.p, SOC_RAM - 1, b, 2), IOVP_E_BUS);
    FAILS(iovp_mem_read(s.p, SOC_END - 1, b, 2), IOVP_E_BUS);
    FAILS(iovp_mem_write(s.p, SOC_END - 1, b, 2), IOVP_E_BUS);
    FAILS(iovp_mem_read(s.p, SOC_RAM, b, SIZE_MAX), IOVP_E_BUS);
    FAILS(iovp_mem_read(s.p, UINT64_MAX, b, 16), IOVP_E_BUS);
    FAILS(iovp_mem_read(s.p, SOC_SMMU, b, 4), IOVP_E_BUS);
    FAILS(iovp_mem_write(s.p, SOC_ITS, b, 4), IOVP_E_BUS);
    CHECK_EQ(iovp_mem_write(s.p, SOC_END - 1, "x", 1), IOVP_OK);
    CHECK_EQ(iovp_mem_read(s.p, SOC_END - 16, b, 16), IOVP_OK);
    CHECK_EQ(b[15], 'x');
    soc_close(&s);
}

TEST_CASE(Capi, RegisterArguments)
{
    static const uint32_t widths[] = {0, 3, 5, 6, 7, 9, 16, UINT32_MAX};
    uint64_t v = 77;
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        FAILS(iovp_mmio_read(s.p, SOC_SMMU, widths[i], 0, &v), IOVP_E_INVALID);
        FAILS(iovp_mmio_write(s.p, SOC_SMMU, widths[i], 0, v), IOVP_E_INVALID);
    }
    FAILS(iovp_mmio_read(s.p, SOC_SMMU, 4, 0, NULL), IOVP_E_INVALID);
    FAILS(iovp_mmio_read(s.p, SOC_SMMU, 4, 4, &v), IOVP_E_INVALID);
    FAILS(iovp_mmio_read(s.p, SOC_SMMU + 2, 4, 0, &v), IOVP_E_INVALID);
    FAILS(iovp_mmio_write(s.p, SOC_RAM + 4, 8, 0, v), IOVP_E_INVALID);
    FAILS(iovp_mmio_read(s.p, 0, 8, 0, &v), IOVP_E_BUS);
    FAILS(iovp_mmio_write(s.p, SOC_ITS, 4, 0, 1), IOVP_E_BUS);
    FAILS(iovp_mmio_read(s.p, UINT64_MAX, 1, 0, &v), IOVP_E_BUS);
    FAILS(iovp_mmio_read(s.p, SOC_SMMU, 1, 0, &v), IOVP_E_BUS);
    CHECK_EQ(v, 77);
    for (uint32_t space = 0; space < 4; space++)
        CHECK_EQ(iovp_mmio_read(s.p, SOC_SMMU, 4, space, &v), IOVP_OK);
    /* little-endian, and no more than `width` bytes */
    CHECK_EQ(iovp_mmio_write(s.p, SOC_RAM, 8, 0, 0x8877665544332211), IOVP_OK);
    CHECK_EQ(iovp_mmio_write(s.p, SOC_RAM + 2, 2, 0, 0xffffaabb), IOVP_OK);
    CHECK_EQ(iovp_mmio_read(s.p, SOC_RAM, 8, 0, &v), IOVP_OK);
    CHECK_EQ(v, 0x88776655aabb2211);
    CHECK_EQ(iovp_mmio_read(s.p, SOC_RAM + 3, 1, 0, &v), IOVP_OK);
    CHECK_EQ(v, 0xaa);
    soc_close(&s);
}

/* ---- DMA, translation, workloads -------------------------------------------
 */

static iovp_status dma_with(struct soc *s, iovp_attrs a)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint64_t v = 0;

    return iovp_dma_read(s->npu, soc_pasid_of(&a), 0, &v, 8, &a, &r);
}

/* Every field beyond its range; `set` says how the compiled field is changed.
 */
TEST_CASE(Capi, AttributesAreChecked)
{
    const iovp_attrs good = {.size = sizeof(good)};
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(dma_with(&s, good), IOVP_OK);
#define BAD(field, value)                       \
    do {                                        \
        iovp_attrs a = good;                    \
        a.field = value;                        \
        FAILS(dma_with(&s, a), IOVP_E_INVALID); \
    } while (0)
    BAD(size, 0);
    BAD(size, sizeof(good) - 1);
    BAD(size, sizeof(good) + 1);
    BAD(specified, IOVP_ATTR_ALL + 1);
    BAD(specified, UINT32_MAX);
    BAD(pasid, 1u << 20);
    BAD(pasid, UINT32_MAX);
    BAD(pasid_valid, 2);
    BAD(space, 4);
    BAD(privileged, 2);
    BAD(instruction, 255);
    BAD(addr_type, 3);
    BAD(no_write, 2);
    BAD(shareability, 4);
    BAD(reserved[0], 1);
    BAD(reserved[1], 1);
#undef BAD
    soc_close(&s);
}

TEST_CASE(Capi, DmaArguments)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};
    iovp_translation t = {.size = sizeof(t), .status = 99};
    uint8_t b[8] = {0};
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    FAILS(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_RAM, NULL, 8, NULL, &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_write(s.raw, IOVP_NO_PASID, SOC_RAM, NULL, 8, NULL, &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_RAM, b, 0, NULL, &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_RAM, b, (1u << 30) + 1, NULL,
                        &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_RAM, b, SIZE_MAX, NULL, &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_replay(s.raw, NULL, SOC_RAM, 0, 1, 0, &r), IOVP_E_INVALID);
    FAILS(iovp_dma_replay(s.raw, NULL, SOC_RAM, 4097, 1, 0, &r),
          IOVP_E_INVALID);
    FAILS(iovp_dma_replay(s.raw, NULL, SOC_RAM, 8, 0, 0, &r), IOVP_E_INVALID);
    FAILS(iovp_dma_replay(s.raw, NULL, SOC_RAM, 8, 3, 0, &r), IOVP_E_INVALID);
    r.size--;
    FAILS(iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_RAM, b, 8, NULL, &r),
          IOVP_E_INVALID);
    CHECK_EQ(r.status, 99);
    FAILS(iovp_translate(s.raw, NULL, 0, 4, 0, &t), IOVP_E_INVALID);
    FAILS(iovp_translate(s.raw, NULL, 0, 1, 2, &t), IOVP_E_INVALID);
    FAILS(iovp_translate(s.raw, NULL, 0, 1, 0, NULL), IOVP_E_INVALID);
    t.size = 0;
    FAILS(iovp_translate(s.raw, NULL, 0, 1, 0, &t), IOVP_E_INVALID);
    CHECK_EQ(t.status, 99);
    t.size = sizeof(t);
    CHECK_EQ(iovp_translate(s.raw, NULL, 0x1234, 1, 0, &t), IOVP_OK);
    CHECK_EQ(t.pa, 0x1234);
    CHECK_EQ(t.perms, IOVP_ACCESS_READ | IOVP_ACCESS_WRITE);
    soc_close(&s);
}

TEST_CASE(Capi, WorkloadsAreChecked)
{
    const iovp_workload good = {.size = sizeof(good),
                                .window = 4096,
                                .bytes = 64,
                                .outstanding = 1,
                                .read_percent = 100,
                                .transfers = 1};
    struct soc s;

    REQUIRE(soc_open(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_workload_start(s.npu, &good), IOVP_OK);
    FAILS(iovp_workload_start(s.disp, NULL), IOVP_E_INVALID);
#define BAD(field, value)                                      \
    do {                                                       \
        iovp_workload w = good;                                \
        w.field = value;                                       \
        FAILS(iovp_workload_start(s.npu, &w), IOVP_E_INVALID); \
    } while (0)
    BAD(size, sizeof(good) - 1);
    BAD(pattern, 3);
    BAD(pattern, IOVP_PATTERN_STRIDED); /* without a stride */
    BAD(bytes, 0);
    BAD(bytes, 4097);
    BAD(window, 63);
    BAD(window, 0);
    BAD(base, UINT64_MAX - 4094); /* wraps */
    BAD(outstanding, 0);
    BAD(outstanding, 257);
    BAD(read_percent, 101);
    BAD(pasids, IOVP_WORKLOAD_PASIDS + 1);
    BAD(reserved, 1);
    {
        iovp_workload w = good;

        w.pasids = 1;
        w.pasid[0] = 1u << SOC_PASIDBITS;
        FAILS(iovp_workload_start(s.npu, &w), IOVP_E_INVALID);
        w.pasid[0] = 0; /* a PASID all the same: this device has none */
        FAILS(iovp_workload_start(s.disp, &w), IOVP_E_INVALID);
    }
#undef BAD
    soc_close(&s);
}

/* 65536 transactions a call; the last call says that nothing is left. */
TEST_CASE(Capi, FunctionalRunsGoInBatches)
{
    iovp_workload w = {.size = sizeof(w),
                       .base = SOC_DATA,
                       .window = 4096,
                       .bytes = 64,
                       .outstanding = 4,
                       .read_percent = 0,
                       .transfers = 70000};
    iovp_stream_stats row = {.size = sizeof(row)};
    uint32_t why = 9;
    size_t n = 1;
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_workload_start(s.raw, &w), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK_EQ(iovp_stats(s.p, &row, &n), IOVP_OK);
    CHECK_EQ(row.transfers, 65536);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    CHECK_EQ(iovp_stats(s.p, &row, &n), IOVP_OK);
    CHECK_EQ(row.transfers, 70000);
    CHECK_EQ(iovp_now(s.p), 0);
    w.transfers = 0;
    CHECK_EQ(iovp_workload_start(s.raw, &w), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_TIME);
    CHECK_EQ(iovp_workload_stop(s.raw), IOVP_OK);
    CHECK_EQ(iovp_run_until(s.p, 0, &why), IOVP_OK);
    CHECK_EQ(why, IOVP_RUN_IDLE);
    soc_close(&s);
}

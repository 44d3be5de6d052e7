/* SPDX-License-Identifier: MIT */
/*
 * Descriptions of arm-pcie.dts that lie: every property missing, cut, doubled
 * and wrong; counts, sizes and depths beyond all limits.  Each ends in a
 * platform, or in an error with a sentence that names node and property; no
 * memory is left.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capi_soc.h"
#include "pcie_arm.h"
#include "shim.h"

#define ROOM 0x20000

static uint64_t words[ROOM / 8], pristine[ROOM / 8];
#define blob ((uint8_t *)words)

/* RAM that nobody looks at, mapped once. */
static void *ram;

static void *map_ram(void *ud, uint64_t base, uint64_t bytes)
{
    (void)ud;
    (void)base;
    return bytes <= PA_BYTES ? ram : NULL;
}

/* ---- memory ----------------------------------------------------------------
 */

struct count {
    unsigned left, live;
};

static void *take(void *ud, size_t bytes)
{
    struct count *c = ud;

    if (!c->left)
        return NULL;
    c->left--;
    c->live++;
    return malloc(bytes ? bytes : 1);
}

static void give(void *ud, void *block)
{
    struct count *c = ud;

    c->live--;
    free(block);
}

static iovp_status create_with(unsigned allocations, const void *dtb,
                               size_t bytes)
{
    struct count n = {allocations, 0};
    const iovp_allocator allocator = {
        .size = sizeof(allocator), .alloc = take, .release = give, .ud = &n};
    const iovp_ram_ops ops = {.size = sizeof(ops), .map = map_ram};
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    iovp_platform *p = NULL;
    iovp_status st;

    c.allocator = &allocator;
    c.ram = &ops;
    st = iovp_platform_create(&p, &c, dtb, bytes);
    CHECK(!st == (p != NULL));
    if (st)
        CHECK(iovp_last_error()[0]);
    iovp_platform_destroy(p);
    CHECK_EQ(n.live, 0);
    return st;
}

/* "/node...: property: what is wrong", or without a property. */
static bool names_a_node(const char *sentence)
{
    return sentence[0] == '/' && strstr(sentence, ": ");
}

static iovp_status create(void)
{
    iovp_status st = create_with(~0u, blob, fdt_totalsize(blob));

    CHECK(!st || st == IOVP_E_DT || st == IOVP_E_NOMEM || st == IOVP_E_IO);
    return st;
}

#define HOST   "/soc/pcie@20000000"
#define PORT   HOST "/pcie@0,0"
#define INSIDE HOST "/accelerator@1,0"
#define FAR    PORT "/pcie@0,0/pcie@0,0/accelerator@0,0"
#define NVME   PORT "/pcie@0,0/pcie@2,0/nvme@0,0"

/* ---- the tree --------------------------------------------------------------
 */

static size_t devices; /* without VFs */

/* With a small namespace, which is zeroed each time. */
static bool load(void)
{
    struct pa a;
    int nvme;
    size_t bytes = ROOM;

    if (!ram)
        ram = mmap(NULL, PA_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED || !pa_create(&a, NULL))
        return false;
    CHECK_EQ(iovp_platform_dtb(a.s.p, pristine, &bytes), IOVP_OK);
    devices = 0;
    CHECK_EQ(iovp_devices(a.s.p, NULL, &devices), IOVP_E_SPACE);
    pa_close(&a);
    nvme = fdt_path_offset(pristine, NVME);
    return fdt_setprop_inplace_u32(pristine, nvme, "iovp,size-bytes",
                                   0x10000) == 0;
}

/* A fresh copy with room to change it. */
static void fresh(void)
{
    CHECK_EQ(fdt_open_into(pristine, blob, ROOM), 0);
}

/* The n-th property of the tree; false: there are less. */
static bool property(unsigned n, int *node, int *prop)
{
    for (*node = 0; *node >= 0; *node = fdt_next_node(blob, *node, NULL))
        fdt_for_each_property_offset(*prop, blob, *node) if (!n--) return true;
    return false;
}

typedef void change_fn(int node, const char *name, const uint8_t *value,
                       int len, uint64_t *r);

/* Each property in turn is changed. */
static void each(change_fn *change, unsigned times)
{
    uint64_t r = 0x9e3779b97f4a7c15ull;
    unsigned bad = 0;

    REQUIRE(load());
    for (unsigned n = 0;; n++) {
        int node, prop, len;
        uint8_t value[1024];
        char name[64];
        const char *what;
        const void *p;

        fresh();
        if (!property(n, &node, &prop))
            break;
        for (unsigned i = 0; i < times; i++) {
            fresh();
            REQUIRE(property(n, &node, &prop));
            p = fdt_getprop_by_offset(blob, prop, &what, &len);
            REQUIRE(p && len <= (int)sizeof(value));
            memcpy(value, p, (size_t)len);
            snprintf(name, sizeof(name), "%s", what);
            change(node, name, value, len, &r);
            if (create() == IOVP_E_DT) {
                bad++;
                if (!names_a_node(iovp_last_error()))
                    FAIL_TEST("%s: \"%s\"", name, iovp_last_error());
            }
        }
    }
    CHECK(bad > 10);
}

static void set(int node, const char *name, const void *value, int len)
{
    CHECK_EQ(fdt_setprop(blob, node, name, value, len), 0);
}

static void missing(int node, const char *name, const uint8_t *value, int len,
                    uint64_t *r)
{
    (void)value;
    (void)len;
    (void)r;
    CHECK_EQ(fdt_delprop(blob, node, name), 0);
}

static void cut(int node, const char *name, const uint8_t *value, int len,
                uint64_t *r)
{
    set(node, name, value, len ? (int)(pa_random(r) % (unsigned)len) : 0);
}

static void longer(int node, const char *name, const uint8_t *value, int len,
                   uint64_t *r)
{
    uint8_t more[2048];
    int size = len + 1 + (int)(pa_random(r) % 64);

    for (int i = 0; i < size; i++)
        more[i] = len ? value[i % len] : (uint8_t)pa_random(r);
    set(node, name, more, size);
}

/* One cell becomes zero, all ones, a power of two, a little more or less. */
static void cell(int node, const char *name, const uint8_t *value, int len,
                 uint64_t *r)
{
    uint8_t other[1024];
    uint32_t v;

    memcpy(other, value, (size_t)len);
    if (len >= 4) {
        uint8_t *at = other + pa_random(r) % (unsigned)(len / 4) * 4;

        v = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
            (uint32_t)at[2] << 8 | at[3];
        switch (pa_random(r) % 6) {
        case 0:
            v = 0;
            break;
        case 1:
            v = ~0u;
            break;
        case 2:
            v = 1u << pa_random(r) % 32;
            break;
        case 3:
            v++;
            break;
        case 4:
            v--;
            break;
        default:
            v = (uint32_t)pa_random(r);
        }
        for (int i = 0; i < 4; i++)
            at[i] = (uint8_t)(v >> (24 - 8 * i));
    }
    set(node, name, other, len);
}

static void bytes_of_it(int node, const char *name, const uint8_t *value,
                        int len, uint64_t *r)
{
    uint8_t other[1024];

    memcpy(other, value, (size_t)len);
    for (int i = 0; len && i < 3; i++)
        other[pa_random(r) % (unsigned)len] = (uint8_t)pa_random(r);
    set(node, name, other, len);
}

TEST_CASE(PcieBadDt, MissingProperties)
{
    each(missing, 1);
}

TEST_CASE(PcieBadDt, CutProperties)
{
    each(cut, 2);
}

TEST_CASE(PcieBadDt, LongerProperties)
{
    each(longer, 2);
}

TEST_CASE(PcieBadDt, WrongCells)
{
    each(cell, 6);
}

TEST_CASE(PcieBadDt, WrongBytes)
{
    each(bytes_of_it, 3);
}

/* ---- chosen lies ------------------------------------------------------------
 */

static void set_u32(const char *path, const char *name, uint32_t v)
{
    int node = fdt_path_offset(blob, path);

    REQUIRE(node >= 0);
    CHECK_EQ(fdt_setprop_u32(blob, node, name, v), 0);
}

/* The error names node and property. */
static void check_names(iovp_status st, const char *path, const char *name)
{
    char want[256];

    snprintf(want, sizeof(want), "%s: %s", path, name);
    if (st != IOVP_E_DT || strncmp(iovp_last_error(), want, strlen(want)) != 0)
        FAIL_TEST("expected \"%s\", got %d, \"%s\"", want, (int)st,
                  iovp_last_error());
}

static void refuse(const char *path, const char *name, uint32_t v)
{
    fresh();
    set_u32(path, name, v);
    check_names(create(), path, name);
}

TEST_CASE(PcieBadDt, CountsAndSizes)
{
    static const struct {
        const char *path, *name;
        uint32_t value;
    } lies[] = {
        {INSIDE, "iovp,vfs", 65535},
        {INSIDE, "iovp,vfs", 0xffffffff},
        {INSIDE, "iovp,vfs", 257},
        {FAR, "iovp,bar0-bytes", 0x80000000},
        {FAR, "iovp,bar0-bytes", 4096},
        {FAR, "iovp,bar0-bytes", 12288},
        {FAR, "iovp,atc-entries", 0xffffffff},
        {FAR, "iovp,atc-entries", 0},
        {FAR, "iovp,atc-ways", 65537},
        {FAR, "iovp,pri-capacity", 0},
        {FAR, "iovp,msix-vectors", 2049},
        {FAR, "iovp,pasid-bits", 21},
        {NVME, "iovp,queues", 65},
        {NVME, "iovp,queue-entries", 65537},
        {NVME, "iovp,mdts", 9},
        {NVME, "iovp,size-bytes", 0},
        {PORT, "num-lanes", 33},
        {PORT, "num-lanes", 7},
        {PORT, "max-link-speed", 7},
        {PORT, "iovp,max-payload", 192},
        {PORT, "iovp,max-payload", 8192},
        {HOST, "iovp,page-requests", 4097},
    };

    REQUIRE(load());
    for (unsigned i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
        refuse(lies[i].path, lies[i].name, lies[i].value);
}

/* docs/bindings.md: 256 devices, of which some are there without VFs; those of
 * an integrated endpoint, 00:01.0, also end with its bus. */
TEST_CASE(PcieBadDt, AsManyVfsAsThereIsRoom)
{
    iovp_status st;

    REQUIRE(load());
    for (uint32_t n = 1; n <= 256; n++) {
        fresh();
        set_u32(FAR, "iovp,vfs", n);
        st = create();
        if (st != (n + devices <= 256 ? IOVP_OK : IOVP_E_DT))
            FAIL_TEST("%u: %s", n, iovp_last_error());
        fresh();
        set_u32(INSIDE, "iovp,vfs", n);
        st = create();
        CHECK(!st || st == IOVP_E_DT);
        n += n > 4 && n < 230 ? 24 : 0;
    }
    CHECK_EQ(st, IOVP_E_DT);
    CHECK(names_a_node(iovp_last_error()));
}

/* ---- shapes ----------------------------------------------------------------
 */

static int begin_node(int parent, const char *name, const char *compatible,
                      uint32_t reg)
{
    const uint32_t cells[5] = {cpu_to_fdt32(reg)};
    int node = fdt_add_subnode(blob, parent, name);

    if (node < 0)
        return node;
    fdt_setprop(blob, node, "reg", cells, sizeof(cells));
    fdt_setprop_u32(blob, node, "#size-cells", 2);
    fdt_setprop_u32(blob, node, "#address-cells", 3);
    fdt_setprop_string(blob, node, "compatible", compatible);
    return node;
}

/* Switches below each other, `n` bridges in all. */
static void nest(unsigned n)
{
    int at;

    fresh();
    at = begin_node(fdt_path_offset(blob, HOST), "deep@2,0",
                    "iovp,pcie-root-port", 0x1000);
    for (unsigned i = 1; i < n && at >= 0; i++)
        at = begin_node(at, "deep@0,0",
                        i % 2 ? "iovp,pcie-switch-upstream"
                              : "iovp,pcie-switch-downstream",
                        0);
    CHECK(at >= 0);
}

TEST_CASE(PcieBadDt, DeeperThanTheLimits)
{
    iovp_status st;

    REQUIRE(load());
    for (unsigned n = 1; n <= 48; n++) {
        nest(n);
        st = create();
        /* The root, soc, the host bridge, and so 29 more levels. */
        CHECK_EQ(st, n <= 29 ? IOVP_OK : IOVP_E_DT);
        if (st)
            CHECK(strstr(iovp_last_error(), "deeper than 32 levels"));
    }
}

/* 32 ports, each with a function of 256 VFs: refused as soon as they are too
 * many, with little work before that. */
TEST_CASE(PcieBadDt, FourThousandFunctions)
{
    static uint64_t big[0x200000 / 8];
    size_t bytes = 0;

    REQUIRE(load());
    CHECK_EQ(fdt_open_into(pristine, big, sizeof(big)), 0);
    for (unsigned n = 0; n < 32; n++) {
        const uint32_t port[5] = {
            cpu_to_fdt32((2 + n % 30) << 11 | (n / 30) << 8)};
        const uint32_t ep[5] = {0};
        char name[32];
        int host = fdt_path_offset(big, HOST), at;

        snprintf(name, sizeof(name), "port@%x,%x", 2 + n % 30, n / 30);
        at = fdt_add_subnode(big, host, name);
        REQUIRE(at >= 0);
        fdt_setprop(big, at, "reg", port, sizeof(port));
        fdt_setprop_u32(big, at, "#size-cells", 2);
        fdt_setprop_u32(big, at, "#address-cells", 3);
        fdt_setprop_string(big, at, "compatible", "iovp,pcie-root-port");
        at = fdt_add_subnode(big, at, "many@0,0");
        REQUIRE(at >= 0);
        fdt_setprop(big, at, "reg", ep, sizeof(ep));
        fdt_setprop_u32(big, at, "iovp,vfs", 256);
        fdt_setprop_string(big, at, "compatible", "iovp,test-endpoint");
        bytes = fdt_totalsize(big);
        if (n == 14 || n == 31) {
            CHECK_EQ(create_with(~0u, big, bytes), IOVP_E_DT);
            CHECK(strstr(iovp_last_error(),
                         n == 14 ? "more than 256 devices" : "more than 4096"));
        }
    }
}

/* interrupt-map that leads to the host bridge itself, to nodes without, in
 * circles. */
TEST_CASE(PcieBadDt, CircularInterruptMap)
{
    REQUIRE(load());
    for (unsigned i = 0; i < 3; i++) {
        static const char *const to[] = {HOST, PORT, "/soc/uart"};
        uint32_t cells[6 * 4];
        int node, target;

        fresh();
        target = fdt_path_offset(blob, i < 2 ? to[i] : "/soc/serial@11000000");
        REQUIRE(target >= 0);
        CHECK_EQ(fdt_setprop_u32(blob, target, "phandle", 0x77), 0);
        node = fdt_path_offset(blob, HOST);
        for (unsigned e = 0; e < 4; e++) {
            const uint32_t entry[6] = {0, 0, 0, e + 1, 0x77, e + 1};

            for (unsigned c = 0; c < 6; c++)
                cells[6 * e + c] = cpu_to_fdt32(entry[c]);
        }
        set(node, "interrupt-map", cells, sizeof(cells));
        check_names(create(), HOST, "interrupt-map");
    }
}

/* Two nodes with the phandle of the SMMU. */
TEST_CASE(PcieBadDt, PhandlesTwice)
{
    uint32_t smmu;

    REQUIRE(load());
    fresh();
    smmu = fdt_get_phandle(blob, fdt_path_offset(blob, "/soc/iommu@12000000"));
    REQUIRE(smmu);
    set_u32(PORT, "phandle", smmu);
    check_names(create(), PORT, "phandle");
    fresh();
    set_u32(HOST, "phandle", smmu);
    check_names(create(), HOST, "phandle");
}

/* reg, ranges: over RAM, over the SMMU, beyond 2^64, over each other. */
TEST_CASE(PcieBadDt, AddressesOfOthers)
{
    static const uint32_t ecam[][4] = {{0, 0x80000000, 0, 0x1000000},
                                       {0, 0x12000000, 0, 0x1000000},
                                       {~0u, 0xfff00000, 0, 0x1000000},
                                       {0, 0x20000000, 0, 0x100000},
                                       {0, 0x2f000000, 0, 0x1000000}};

    REQUIRE(load());
    for (unsigned i = 0; i < 5; i++) {
        uint32_t cells[4];

        fresh();
        for (unsigned c = 0; c < 4; c++)
            cells[c] = cpu_to_fdt32(ecam[i][c]);
        set(fdt_path_offset(blob, HOST), "reg", cells, sizeof(cells));
        CHECK_EQ(create(), IOVP_E_DT);
        CHECK(strstr(iovp_last_error(), "pcie@20000000"));
    }
}

/* ---- memory that runs out --------------------------------------------------
 */

/* Each allocation fails once: also with VFs and a tree that is wrong. */
TEST_CASE(PcieBadDt, NoMemory)
{
    REQUIRE(load());
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        iovp_status st = IOVP_E_NOMEM;

        fresh();
        set_u32(INSIDE, "iovp,vfs", 8);
        if (wrong)
            set_u32(NVME, "iovp,queues", 0);
        for (unsigned n = 0; st == IOVP_E_NOMEM && n < 20000; n++)
            st = create_with(n, blob, fdt_totalsize(blob));
        CHECK_EQ(st, wrong ? IOVP_E_DT : IOVP_OK);
    }
}

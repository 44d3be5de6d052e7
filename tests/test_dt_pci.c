/* SPDX-License-Identifier: MIT */
/* What the tree of a PCI host bridge says, as far as it is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "pcie_soc.h"
#include "shim.h"

/* A tree with one host bridge: its properties and nodes. */
static const char *tree(const char *host)
{
    static const char before[] =
        "/dts-v1/;\n"
        "/ { #address-cells = <2>; #size-cells = <2>;\n"
        "memory@80000000 { device_type = \"memory\";\n"
        "  reg = <0 0x80000000 0 0x20000000>; };\n"
        "gic: gic@8000000 { compatible = \"arm,gic-v3\";\n"
        "  interrupt-controller; #interrupt-cells = <3>; };\n"
        "its: its@8080000 { compatible = \"arm,gic-v3-its\"; msi-controller;\n"
        "  #msi-cells = <1>; reg = <0 0x8080000 0 0x20000>; };\n"
        "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
        "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; "
        "};\n"
        "pcie@20000000 { compatible = \"pci-host-ecam-generic\";\n"
        "  #address-cells = <3>; #size-cells = <2>;\n"
        "  ranges = <0x02000000 0 0x30000000 0 0x30000000 0 0x10000000>;\n";
    static char text[8192];

    snprintf(text, sizeof(text), "%s%s}; };\n", before, host);
    return text;
}

static bool create(struct ps *s, const char *host)
{
    return ps_create(s, tree(host), IOVP_MODE_FUNCTIONAL);
}

static iovp_status refuse(const char *host)
{
    iovp_platform *p = NULL;
    iovp_status st;
    char path[256];
    FILE *f;

    soc_path(path, sizeof(path), "bad.dts");
    f = fopen(path, "w");
    if (f) {
        fputs(tree(host), f);
        fclose(f);
    }
    st = iovp_platform_create_file(&p, NULL, path);
    unlink(path);
    iovp_platform_destroy(p);
    return st;
}

#define ECAM "reg = <0 0x20000000 0 0x1000000>;\n"
#define RCIEP                                          \
    "ep@1,0 { compatible = \"iovp,pcie-exerciser\";\n" \
    "reg = <0x0800 0 0 0 0>; iovp,ats = <0>; };\n"
#define SECOND                                         \
    "ep@1,1 { compatible = \"iovp,pcie-exerciser\";\n" \
    "reg = <0x0900 0 0 0 0>; iovp,interrupt-pin = <2>; };\n"

static iovp_device *device(struct ps *s, const char *name)
{
    iovp_device *d = NULL;

    CHECK_EQ(iovp_device_find(s->p, name, &d), IOVP_OK);
    return d;
}

/* ---- the bridge ------------------------------------------------------------
 */

/* ECAM begins with the first bus of bus-range, as Linux has it. */
TEST_CASE(DtPci, BusRange)
{
    uint64_t v = 0;
    struct ps s;

    REQUIRE(create(&s, ECAM "bus-range = <32 35>;\n"
                            "iommu-map = <0x2000 &smmu 0 0x400>;\n" RCIEP));
    CHECK_EQ(ps_rd(&s, PS_ECAM + (8 << 12), 4), 0xed0113b5);
    CHECK_EQ(ps_id(device(&s, "ep@1,0")), 0x2008);
    CHECK_EQ(ps_info(device(&s, "ep@1,0")).stream_id, 8);
    /* reg has more than these four: that is nobody's. */
    CHECK_EQ(iovp_mmio_read(s.p, PS_ECAM + 0x3fffff, 1, 0, &v), IOVP_OK);
    CHECK_EQ(iovp_mmio_read(s.p, PS_ECAM + 0x400000, 1, 0, &v), IOVP_E_BUS);
    ps_close(&s);
}

TEST_CASE(DtPci, NoFunctions)
{
    size_t n = 0;
    struct ps s;

    REQUIRE(create(&s, ECAM));
    CHECK_EQ(iovp_devices(s.p, NULL, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    CHECK_EQ(ps_rd(&s, PS_ECAM, 4), UINT32_MAX);
    ps_close(&s);
}

/* Nodes that are not modelled are listed, and no function is there. */
TEST_CASE(DtPci, UnknownFunctions)
{
    iovp_node n[16];
    size_t count = 16, seen = 0;
    struct ps s;

    REQUIRE(create(&s, ECAM RCIEP "wifi@2,0 { compatible = \"pci168c,0042\";\n"
                                  "reg = <0x1000 0 0 0 0>; };\n"));
    for (size_t i = 0; i < count; i++)
        n[i].size = sizeof(n[i]);
    CHECK_EQ(iovp_nodes(s.p, n, &count), IOVP_OK);
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(n[i].path, "/pcie@20000000/wifi@2,0")) {
            CHECK_EQ(n[i].state, IOVP_NODE_UNMODELLED);
            seen++;
        }
        if (!strcmp(n[i].path, "/pcie@20000000/ep@1,0")) {
            CHECK_EQ(n[i].state, IOVP_NODE_BUILT);
            CHECK_STR(n[i].what, "PCIe endpoint, integrated, 01.0");
            seen++;
        }
        if (!strcmp(n[i].path, "/pcie@20000000")) {
            CHECK_STR(n[i].what,
                      "PCIe host bridge, buses 0 to 15, 1 functions");
            seen++;
        }
    }
    CHECK_EQ(seen, 3);
    CHECK_EQ(ps_rd(&s, PS_ECAM + (0x10 << 12), 4), UINT32_MAX);
    ps_close(&s);
}

TEST_CASE(DtPci, DisabledFunctions)
{
    iovp_device *d = NULL;
    struct ps s;

    REQUIRE(create(&s, ECAM RCIEP "port@2,0 { status = \"disabled\";\n"
                                  "compatible = \"iovp,pcie-root-port\";\n"
                                  "ep@0,0 { compatible = \"iovp,nvme\"; };\n"
                                  "};\n"));
    CHECK_EQ(iovp_device_find(s.p, "ep@0,0", &d), IOVP_E_NOTFOUND);
    CHECK_EQ(ps_rd(&s, PS_ECAM + (0x10 << 12), 4), UINT32_MAX);
    ps_close(&s);
}

TEST_CASE(DtPci, MultiFunctionDevice)
{
    struct ps s;

    REQUIRE(create(&s, ECAM RCIEP SECOND));
    CHECK_EQ(ps_cfg(&s, 0x0008, PCIE_HEADER_TYPE, 1) & 0x80, 0x80);
    CHECK_EQ(ps_cfg(&s, 0x0009, 0, 4), 0xed0113b5);
    CHECK_EQ(ps_cfg(&s, 0x0008, PCIE_INTERRUPT_PIN, 1), 1);
    CHECK_EQ(ps_cfg(&s, 0x0009, PCIE_INTERRUPT_PIN, 1), 2);
    /* iovp,ats = <0> takes the capability away. */
    CHECK_EQ(ps_info(device(&s, "ep@1,0")).ats, 0);
    CHECK_EQ(ps_info(device(&s, "ep@1,1")).ats, 1);
    ps_close(&s);
}

TEST_CASE(DtPci, PortWithoutChildren)
{
    struct ps s;

    REQUIRE(create(&s, ECAM "port@1,0 { compatible = \"iovp,pcie-root-port\";\n"
                            "reg = <0x0800 0 0 0 0>; max-link-speed = <5>;\n"
                            "num-lanes = <16>; iovp,acs = <0>; };\n"
                            "port@2,0 { compatible = \"iovp,pcie-root-port\";\n"
                            "reg = <0x1000 0 0 0 0>; iovp,dpc = <0>; };\n"));
    REQUIRE(ps_enumerate(&s));
    CHECK_EQ(s.e.count, 2);
    CHECK_EQ(ps_cfg(&s, 0x0008,
                    pcie_enum_cap(&s.e, 0x0008, PCIE_ID_EXP) + PCIE_LNKCAP, 4) &
                 0x3ff,
             16 << 4 | 5);
    CHECK_EQ(pcie_enum_ext(&s.e, 0x0008, PCIE_EXT_ACS), 0);
    CHECK(pcie_enum_ext(&s.e, 0x0008, PCIE_EXT_AER));
    CHECK(pcie_enum_ext(&s.e, 0x0008, PCIE_EXT_DPC));
    CHECK(pcie_enum_ext(&s.e, 0x0010, PCIE_EXT_ACS));
    CHECK_EQ(pcie_enum_ext(&s.e, 0x0010, PCIE_EXT_DPC), 0);
    ps_close(&s);
}

/* ---- maps ------------------------------------------------------------------
 */

/* The mask lets a device's functions share a StreamID. */
TEST_CASE(DtPci, MapMask)
{
    struct ps s;

    REQUIRE(create(&s,
                   ECAM "iommu-map-mask = <0xfff8>;\n"
                        "iommu-map = <0x8 &smmu 0x40 0x8>;\n" RCIEP SECOND));
    CHECK_EQ(ps_info(device(&s, "ep@1,0")).stream_id, 0x40);
    CHECK_EQ(ps_info(device(&s, "ep@1,1")).stream_id, 0x40);
    ps_close(&s);
}

TEST_CASE(DtPci, MapsInPieces)
{
    iovp_device_info i;
    struct ps s;

    REQUIRE(create(
        &s, ECAM
        "iommu-map = <0x9 &smmu 0x100 1>, <0 &smmu 0x200 9>;" RCIEP SECOND));
    CHECK_EQ(ps_info(device(&s, "ep@1,0")).stream_id, 0x208);
    CHECK_EQ(ps_info(device(&s, "ep@1,1")).stream_id, 0x100);
    ps_close(&s);
    /* Of a node that is not modelled: as without one. */
    REQUIRE(create(&s, ECAM "iommu-map = <0 &gic 0x100 0x10>;" RCIEP));
    i = ps_info(device(&s, "ep@1,0"));
    CHECK_STR(i.iommu, "");
    ps_close(&s);
}

/* ---- INTx ------------------------------------------------------------------
 */

#define PIN_MAP                                         \
    "#interrupt-cells = <1>;\n"                         \
    "interrupt-map-mask = <0 0 0 7>;\n"                 \
    "interrupt-map = <0 0 0 1 &gic 0 80 4>,\n"          \
    "  <0 0 0 2 &gic 0 81 4>, <0 0 0 3 &gic 0 82 4>,\n" \
    "  <0 0 0 4 &gic 0 83 4>;\n"

static uint32_t raise(struct ps *s, const char *name)
{
    iovp_device *d = device(s, name);

    s->irqs = 0;
    ps_wr(s, ps_bar(s, d, 0) + 4, 4, 1);
    CHECK_EQ(s->irqs, 1);
    return s->irqs ? s->irq[0].number : 0;
}

/* The map looks at the pin alone, whatever the device. */
TEST_CASE(DtPci, InterruptsByPin)
{
    struct ps s;

    REQUIRE(create(&s, ECAM PIN_MAP RCIEP SECOND));
    REQUIRE(ps_enumerate(&s));
    CHECK_EQ(raise(&s, "ep@1,0"), 80);
    CHECK_EQ(raise(&s, "ep@1,1"), 81);
    ps_close(&s);
}

TEST_CASE(DtPci, NoInterruptMap)
{
    struct ps s;

    REQUIRE(create(&s, ECAM RCIEP));
    REQUIRE(ps_enumerate(&s));
    CHECK_EQ(raise(&s, "ep@1,0"), UINT32_MAX);
    ps_close(&s);
}

/* ---- storage ---------------------------------------------------------------
 */

TEST_CASE(DtPci, BackingFile)
{
    char host[1024], path[256];
    struct ps s;
    FILE *f;

    soc_path(path, sizeof(path), "disk");
    f = fopen(path, "w");
    REQUIRE(f);
    CHECK(!ftruncate(fileno(f), 1 << 20));
    fclose(f);
    snprintf(host, sizeof(host),
             ECAM "nvme@1,0 { compatible = \"iovp,nvme\";\n"
                  "reg = <0x0800 0 0 0 0>; iovp,backing-file = \"%s\"; };\n",
             path);
    REQUIRE(create(&s, host));
    CHECK_EQ(ps_cfg(&s, 0x0008, PCIE_CLASS_CODE - 1, 4) >> 8, 0x010802);
    ps_close(&s);
    unlink(path);
}

static void check_refused(const char *path, iovp_status want, const char *why)
{
    char host[1024];

    snprintf(host, sizeof(host),
             ECAM "nvme@1,0 { compatible = \"iovp,nvme\";\n"
                  "reg = <0x0800 0 0 0 0>; %s };\n",
             path);
    CHECK_EQ(refuse(host), want);
    CHECK(strstr(iovp_last_error(), "/pcie@20000000/nvme@1,0"));
    CHECK(strstr(iovp_last_error(), why));
}

TEST_CASE(DtPci, BadBackingFiles)
{
    check_refused("iovp,backing-file = \"/nowhere/at/all\";", IOVP_E_IO,
                  "/nowhere/at/all");
    check_refused("iovp,backing-file = \"/tmp\";", IOVP_E_IO, "/tmp");
    check_refused("iovp,backing-file = \"/dev/null\";", IOVP_E_IO,
                  "not a regular file");
    check_refused("iovp,backing-file = \"/proc/self/cmdline\";"
                  "iovp,read-only;",
                  IOVP_E_DT, "iovp,backing-file: at least a block");
}

/* ---- damaged trees ---------------------------------------------------------
 */

/* Any byte: built, or refused with a sentence. */
TEST_CASE(DtPci, ByteFlips)
{
    void *whole;
    uint8_t *blob;
    size_t bytes;

    REQUIRE(soc_compile(ps_tree(""), &whole, &bytes));
    blob = whole;
    for (size_t at = 40; at < bytes; at += 5) {
        iovp_platform *p = NULL;
        iovp_status st;

        blob[at] ^= (uint8_t)(1u << at % 8);
        st = iovp_platform_create(&p, NULL, blob, bytes);
        CHECK(!st || st == IOVP_E_DT || st == IOVP_E_NOMEM);
        CHECK(!st == (p != NULL));
        iovp_platform_destroy(p);
        blob[at] ^= (uint8_t)(1u << at % 8);
    }
    free(whole);
}

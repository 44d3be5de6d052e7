/* SPDX-License-Identifier: MIT */
/* Device trees of iovp boot: where the window is, and the guest's tree. */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "../capi/ports.h"
#include "../platforms/qemu/tree.h"
#include "cmd_files.h"

#define ARM_QEMU IOVP_SOURCE_DIR "/platforms/arm-qemu.dts"
#define VIRT     IOVP_SOURCE_DIR "/tests/data/qemu/virt.dts"

static char why[QEMU_WHY];

static void *load(const char *path, size_t *bytes)
{
    void *blob = NULL;

    CHECK_EQ(port_dt_load(path, &blob, bytes), IOVP_OK);
    return blob;
}

/* A tree of 2 cells each with these nodes. */
static void *tree(const char *nodes, size_t *bytes)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/t.dts", scratch());
    f = fopen(path, "w");
    if (!f)
        return NULL;
    fprintf(f, "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; %s };\n",
            nodes);
    fclose(f);
    return load(path, bytes);
}

#define MEMORY                                    \
    "memory@40000000 { device_type = \"memory\";" \
    "  reg = <0 0x40000000 0 0x1000000>; };"
#define SMMU                                               \
    "smmu: iommu@41000000 { compatible = \"arm,smmu-v3\";" \
    "  reg = <0 0x41000000 0 0x20000>; #iommu-cells = <1>; };"

/* ---- layout -------------------------------------------------------------- */

TEST_CASE(QemuLayout, WindowIsAboveTheMemory)
{
    struct qemu_layout l;
    size_t bytes;
    void *t = load(ARM_QEMU, &bytes);
    char mem[32];

    REQUIRE(qemu_layout(t, &l, why));
    CHECK_EQ(0x40000000u, l.ram_base);
    CHECK_EQ(0x3c000000u, l.ram_bytes);
    CHECK_EQ(0x7c000000u, l.window_base);
    CHECK_EQ(0x4000000u, l.window_bytes);
    /* SMMU, engine, configuration space, one memory window */
    CHECK_EQ(4, l.ranges);
    qemu_mem_argument(&l, mem, sizeof(mem));
    CHECK_STR("mem=960M", mem);
    free(t);
}

TEST_CASE(QemuLayout, WhatCannotBe)
{
    static const struct {
        const char *nodes, *message;
    } bad[] = {
        {SMMU, "it needs a memory node"},
        {MEMORY, "it needs a memory node and, directly below the root"},
        {MEMORY "iommu@40800000 { compatible = \"arm,smmu-v3\";"
                " reg = <0 0x40800000 0 0x20000>; };",
         "0x40800000: a device must be above the memory, which ends at "
         "0x41000000"},
        {MEMORY "iommu@9050000 { compatible = \"arm,smmu-v3\";"
                " reg = <0 0x9050000 0 0x20000>; };",
         "0x9050000: a device must be above the memory"},
        {MEMORY "iommu@41000000 { compatible = \"arm,smmu-v3\";"
                " reg = <0 0x41000000>; };",
         "iommu@41000000: reg or ranges"},
        {MEMORY "dma@41000800 { compatible = \"iovp,dma-engine\";"
                " reg = <0 0x41000800 0 0x2000>; };",
         "dma@41000800: reg or ranges are not whole pages"},
        {MEMORY "iommu@0 { compatible = \"arm,smmu-v3\";"
                " reg = <0xff000000 0 0 0x20000>; };",
         "too far above"},
        {MEMORY SMMU "memory@80000000 { device_type = \"memory\";"
                     " reg = <0 0x80000000 0 0x1000000>; };",
         "memory@80000000: one memory node"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct qemu_layout l;
        size_t bytes;
        void *t = tree(bad[i].nodes, &bytes);

        CHECK_EQ(false, qemu_layout(t, &l, why));
        if (!strstr(why, bad[i].message))
            FAIL_TEST("%zu: %s", i, why);
        free(t);
    }
}

/* ---- merge --------------------------------------------------------------- */

static uint32_t cell(const void *t, const char *path, const char *property,
                     unsigned index)
{
    int len, node = fdt_path_offset(t, path);
    const fdt32_t *p = node < 0 ? NULL : fdt_getprop(t, node, property, &len);

    if (!p || len < (int)(4 * index + 4)) {
        shim_fail(__FILE__, __LINE__, "%s has no %s[%u]", path, property,
                  index);
        return 0;
    }
    return fdt32_to_cpu(p[index]);
}

TEST_CASE(QemuMerge, DevicesPointToQemusControllers)
{
    size_t bytes, size;
    void *ours = load(ARM_QEMU, &bytes), *virt = load(VIRT, &size), *t;
    uint32_t smmu;

    t = qemu_merge(virt, size, ours, why);
    REQUIRE(t);
    CHECK_EQ(0, fdt_check_full(t, fdt_totalsize(t)));
    smmu = cell(t, "/iommu@7c000000", "phandle", 0);
    CHECK(smmu > 0x8003);
    CHECK_EQ(smmu, cell(t, "/engine@7c100000", "iommus", 0));
    CHECK_EQ(0x10, cell(t, "/engine@7c100000", "iommus", 1));
    CHECK_EQ(0, cell(t, "/pcie@7d000000", "iommu-map", 0));
    CHECK_EQ(smmu, cell(t, "/pcie@7d000000", "iommu-map", 1));
    CHECK_EQ(0x1000, cell(t, "/pcie@7d000000", "iommu-map", 2));
    CHECK_EQ(0x8003, cell(t, "/pcie@7d000000", "msi-parent", 0));
    /* 4 rows of 10 cells: 3 + 1, the GIC, 2 + 3 */
    for (unsigned row = 0; row < 4; row++) {
        CHECK_EQ(0x8002,
                 cell(t, "/pcie@7d000000", "interrupt-map", 10 * row + 4));
        CHECK_EQ(184 + row,
                 cell(t, "/pcie@7d000000", "interrupt-map", 10 * row + 8));
    }
    /* All of a subtree, and nothing of what QEMU has. */
    CHECK_EQ(0x4000000,
             cell(t, "/pcie@7d000000/pcie@0,0/nvme@0,0", "iovp,size-bytes", 0));
    CHECK_EQ(0x40000000, cell(t, "/memory@40000000", "reg", 3));
    CHECK_EQ(0x8002, cell(t, "/intc@8000000", "phandle", 0));
    CHECK_EQ(1, cell(t, "/pl011@9000000", "interrupts", 1));
    free(t);
    free(virt);
    free(ours);
}

TEST_CASE(QemuMerge, WhatCannotBe)
{
    static const struct {
        const char *ours, *qemu, *message;
    } bad[] = {
        /* The GIC is not in QEMU's tree. */
        {MEMORY "g: gic { compatible = \"arm,gic-v3\"; #interrupt-cells = <3>;"
                "  interrupt-controller; };"
                "iommu@41000000 { compatible = \"arm,smmu-v3\";"
                "  reg = <0 0x41000000 0 0x20000>; interrupt-parent = <&g>; };",
         "", "iommu@41000000: interrupt-parent: it points to a node"},
        /* Nothing has that phandle. */
        {MEMORY "iommu@41000000 { compatible = \"arm,smmu-v3\";"
                "  reg = <0 0x41000000 0 0x20000>; msi-parent = <77>; };",
         "", "iommu@41000000: msi-parent: it points to a node"},
        /* The name is taken. */
        {MEMORY SMMU, SMMU, "iommu@41000000: FDT_ERR_EXISTS"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        size_t bytes, size;
        void *ours = tree(bad[i].ours, &bytes);
        void *virt = tree(bad[i].qemu, &size);

        CHECK_EQ(NULL, qemu_merge(virt, size, ours, why));
        if (!strstr(why, bad[i].message))
            FAIL_TEST("%zu: %s", i, why);
        free(virt);
        free(ours);
    }
}

/* What QEMU has written may be cut. */
TEST_CASE(QemuMerge, CutTrees)
{
    size_t bytes, size;
    void *ours = load(ARM_QEMU, &bytes), *virt = load(VIRT, &size);

    for (size_t n = 0; n < size; n += 13) {
        void *part = malloc(n + 1);

        memcpy(part, virt, n);
        CHECK_EQ(NULL, qemu_merge(part, n, ours, why));
        free(part);
    }
    free(virt);
    free(ours);
}

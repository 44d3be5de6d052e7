/* SPDX-License-Identifier: MIT */
/*
 * Device trees through the public C API: the tree that stock QEMU dumps, our
 * own SoC, and other trees that are right.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <libfdt.h>
#include <string.h>

#include "dt_files.h"

#define MAX_NODES   256
#define MAX_DEVICES 16

/* ---- helpers --------------------------------------------------------- */

static iovp_node nodes[MAX_NODES];
static size_t node_count;

static void list_nodes(iovp_platform *p)
{
    node_count = MAX_NODES;
    for (size_t i = 0; i < MAX_NODES; i++)
        nodes[i].size = sizeof(nodes[i]);
    CHECK_EQ(iovp_nodes(p, nodes, &node_count), IOVP_OK);
    if (node_count > MAX_NODES)
        node_count = 0;
}

static const iovp_node *node_at(const char *path)
{
    static const iovp_node absent = {.state = 99};

    for (size_t i = 0; i < node_count; i++) {
        if (!strcmp(nodes[i].path, path))
            return &nodes[i];
    }
    shim_fail(__FILE__, __LINE__, "%s is not listed", path);
    return &absent;
}

static void check_node(const char *path, const char *compatible, uint32_t state,
                       uint64_t base, uint64_t size)
{
    const iovp_node *n = node_at(path);

    CHECK_STR(n->compatible, compatible);
    CHECK_EQ(n->state, state);
    CHECK_EQ(n->reg_base, base);
    CHECK_EQ(n->reg_size, size);
}

static iovp_device_info info_of(iovp_platform *p, const char *name)
{
    iovp_device_info info = {.size = sizeof(info)};
    iovp_device *d = NULL;

    CHECK_EQ(iovp_device_find(p, name, &d), IOVP_OK);
    if (d)
        CHECK_EQ(iovp_device_get_info(d, &info), IOVP_OK);
    return info;
}

static size_t count_devices(iovp_platform *p)
{
    iovp_device *d[MAX_DEVICES];
    size_t n = MAX_DEVICES;

    CHECK_EQ(iovp_devices(p, d, &n), IOVP_OK);
    return n;
}

static uint32_t reg32(iovp_platform *p, uint64_t addr)
{
    uint64_t value = 0;

    CHECK_EQ(iovp_mmio_read(p, addr, 4, IOVP_SPACE_NONSECURE, &value), IOVP_OK);
    return (uint32_t)value;
}

static bool is_ram(iovp_platform *p, uint64_t addr)
{
    char byte;

    return iovp_mem_read(p, addr, &byte, 1) == IOVP_OK;
}

/* ---- the tree that QEMU dumps ---------------------------------------- */

/* Run QEMU; the dumped tree's path in `path`. */
static bool dump(const char *machine, const char *rest, char *path, size_t size)
{
    char command[1024];
    bool good;

    if (!make_work_dir())
        return false;
    snprintf(path, size, "%s/virt.dtb", work_dir);
    snprintf(command, sizeof(command),
             "qemu-system-aarch64 -M virt,iommu=smmuv3%s,dumpdtb='%s' "
             "-display none %s >/dev/null 2>&1",
             machine, path, rest);
    good = system(command) == 0;
    if (!good)
        shim_fail(__FILE__, __LINE__, "QEMU failed: %s", command);
    return good;
}

static bool have_qemu(void)
{
    return system("command -v qemu-system-aarch64 >/dev/null 2>&1") == 0;
}

/* What every tree of the machine has in common. */
static void check_virt(iovp_platform *p, uint64_t ram, uint64_t ecam,
                       uint64_t ecam_size)
{
    char pcie[] = "/pcie@10000000";

    list_nodes(p);
    check_node("/", "linux,dummy-virt", IOVP_NODE_BUILT, 0, 0);
    check_node("/memory@40000000", "", IOVP_NODE_BUILT, 0x40000000, ram);
    check_node("/smmuv3@9050000", "arm,smmu-v3", IOVP_NODE_BUILT, 0x9050000,
               0x20000);
    check_node(pcie, "pci-host-ecam-generic", IOVP_NODE_BUILT, ecam, ecam_size);
    check_node("/pl011@9000000", "arm,pl011", IOVP_NODE_UNMODELLED, 0x9000000,
               0x1000);
    check_node("/virtio_mmio@a000000", "virtio,mmio", IOVP_NODE_UNMODELLED,
               0xa000000, 0x200);
    check_node("/timer", "arm,armv8-timer", IOVP_NODE_UNMODELLED, 0, 0);
    check_node("/cpus/cpu@0", "arm,cortex-a57", IOVP_NODE_UNMODELLED, 0, 0);
    CHECK_EQ(count_devices(p), 0);
    CHECK(is_ram(p, 0x40000000));
    CHECK(is_ram(p, 0x40000000 + ram - 1));
    CHECK(!is_ram(p, 0x40000000 + ram));
    CHECK(!is_ram(p, 0x3fffffff));
    /* dma-coherent is there: IDR0.COHACC */
    CHECK_EQ(reg32(p, 0x9050000) >> 4 & 1, 1);
}

static void run_virt(const char *machine, const char *rest, uint64_t ram,
                     uint64_t ecam, uint64_t ecam_size)
{
    iovp_platform *p;
    char path[300];

    if (dump(machine, rest, path, sizeof(path))) {
        p = load(path);
        if (p)
            check_virt(p, ram, ecam, ecam_size);
        iovp_platform_destroy(p);
    }
    clean(path);
}

#define NO_QEMU "qemu-system-aarch64 (package qemu-system-arm) is missing"

TEST_CASE(DtQemu, Virt)
{
    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    run_virt("", "-cpu cortex-a57 -m 512", 0x20000000, 0x4010000000,
             0x10000000);
    check_node("/flash@0", "cfi-flash", IOVP_NODE_UNMODELLED, 0, 0x4000000);
    check_node("/intc@8000000", "arm,cortex-a15-gic", IOVP_NODE_UNMODELLED,
               0x8000000, 0x10000);
    check_node("/intc@8000000/v2m@8020000", "arm,gic-v2m-frame",
               IOVP_NODE_PLACEHOLDER, 0x8020000, 0x1000);
}

TEST_CASE(DtQemu, MemoryAbove4GiB)
{
    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    run_virt("", "-cpu cortex-a57 -m 4G", 0x100000000, 0x4010000000,
             0x10000000);
}

TEST_CASE(DtQemu, GicV3AndFourProcessors)
{
    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    run_virt(",gic-version=3", "-cpu cortex-a57 -m 512 -smp 4", 0x20000000,
             0x4010000000, 0x10000000);
    check_node("/cpus/cpu@3", "arm,cortex-a57", IOVP_NODE_UNMODELLED, 0, 0);
    check_node("/intc@8000000/its@8080000", "arm,gic-v3-its",
               IOVP_NODE_PLACEHOLDER, 0x8080000, 0x20000);
}

TEST_CASE(DtQemu, NoHighMemory)
{
    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    run_virt(",highmem=off", "-cpu cortex-a57 -m 2G", 0x80000000, 0x3f000000,
             0x1000000);
}

TEST_CASE(DtQemu, SecureWorld)
{
    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    run_virt(",secure=on", "-cpu cortex-a57 -m 512", 0x20000000, 0x4010000000,
             0x10000000);
    CHECK_STR(node_at("/secram@e000000")->what, "disabled");
    CHECK_EQ(node_at("/secram@e000000")->state, IOVP_NODE_UNMODELLED);
}

/* Every node with `compatible` is told, in the order of the tree. */
TEST_CASE(DtQemu, EveryNodeIsListed)
{
    char path[300];
    size_t listed = 0, bytes = 0;
    int depth = 0;

    if (!have_qemu())
        SKIP_TEST(NO_QEMU);
    if (dump("", "-cpu cortex-a57 -m 512", path, sizeof(path)))
        bytes = compile(path);
    clean(path);
    REQUIRE(bytes);
    iovp_platform *p = NULL;
    REQUIRE(iovp_platform_create(&p, NULL, blob, bytes) == IOVP_OK);
    list_nodes(p);
    for (int off = 0; off >= 0 && depth >= 0;
         off = fdt_next_node(blob, off, &depth)) {
        char name[128];

        if (!fdt_getprop(blob, off, "compatible", NULL) &&
            !fdt_getprop(blob, off, "device_type", NULL))
            continue;
        REQUIRE(fdt_get_path(blob, off, name, sizeof(name)) == 0);
        REQUIRE(listed < node_count);
        CHECK_STR(nodes[listed].path, name);
        CHECK(nodes[listed++].what[0] != 0);
    }
    CHECK_EQ(listed, node_count);
    CHECK(listed > 40); /* 32 of them are virtio_mmio */
    iovp_platform_destroy(p);
}

/* ---- our own SoC ----------------------------------------------------- */

TEST_CASE(DtArmSoc, Nodes)
{
    iovp_platform *p = load(ARM_SOC);

    REQUIRE(p);
    list_nodes(p);
    check_node("/memory@80000000", "", IOVP_NODE_BUILT, 0x80000000, 0x80000000);
    check_node("/soc/iommu@12000000", "arm,smmu-v3", IOVP_NODE_BUILT,
               0x12000000, 0x20000);
    check_node("/soc/pcie@20000000", "pci-host-ecam-generic", IOVP_NODE_BUILT,
               0x20000000, 0x1000000);
    check_node("/soc/serial@11000000", "arm,pl011", IOVP_NODE_UNMODELLED,
               0x11000000, 0x1000);
    CHECK(is_ram(p, 0x80000000));
    CHECK(is_ram(p, 0xffffffff));
    CHECK_EQ(count_devices(p), 4);
    iovp_platform_destroy(p);
}

TEST_CASE(DtArmSoc, Npu)
{
    iovp_platform *p = load(ARM_SOC);
    iovp_device_info d;

    REQUIRE(p);
    d = info_of(p, "npu@13010000");
    CHECK_STR(d.name, "npu@13010000");
    CHECK_STR(d.iommu, "iommu@12000000");
    CHECK_EQ(d.iommu_base, 0x12000000);
    CHECK_EQ(d.index, 1);
    CHECK_EQ(d.stream_ids, 1);
    CHECK_EQ(d.stream_id, 0x20);
    CHECK_EQ(d.pasid_bits, 8);
    CHECK_EQ(d.space, IOVP_SPACE_NONSECURE);
    CHECK_EQ(d.can_stall, 0);
    CHECK_EQ(d.has_workload, 1);
    CHECK_EQ(d.workload.pattern, IOVP_PATTERN_RANDOM);
    CHECK_EQ(d.workload.base, 0x80000000);
    CHECK_EQ(d.workload.window, 32 << 20);
    CHECK_EQ(d.workload.bytes, 64);
    CHECK_EQ(d.workload.outstanding, 32);
    CHECK_EQ(d.workload.rate, 0);
    CHECK_EQ(d.workload.read_percent, 75);
    CHECK_EQ(d.workload.transfers, 160000);
    CHECK_EQ(d.workload.pasids, 4);
    CHECK_EQ(d.workload.pasid[3], 4);
    iovp_platform_destroy(p);
}

TEST_CASE(DtArmSoc, OtherMasters)
{
    iovp_platform *p = load(ARM_SOC);
    iovp_device_info d;

    REQUIRE(p);
    d = info_of(p, "/soc/display@13000000");
    CHECK_EQ(d.index, 0);
    CHECK_EQ(d.stream_id, 0x10);
    CHECK_EQ(d.pasid_bits, 0);
    CHECK_EQ(d.workload.pattern, IOVP_PATTERN_SEQUENTIAL);
    CHECK_EQ(d.workload.rate, 497664000);
    CHECK_EQ(d.workload.seed, 1); /* the default */
    CHECK_EQ(d.workload.pasids, 0);
    d = info_of(p, "crypto@13020000");
    CHECK_EQ(d.stream_id, 0x30);
    CHECK_EQ(d.space, IOVP_SPACE_SECURE);
    d = info_of(p, "isp@13030000");
    CHECK_EQ(d.stream_id, 0x40);
    CHECK_EQ(d.workload.pattern, IOVP_PATTERN_STRIDED);
    CHECK_EQ(d.workload.stride, 4160);
    CHECK_EQ(d.workload.base, 0x100000000);
    iovp_platform_destroy(p);
}

/* ---- other right trees ----------------------------------------------- */

TEST_CASE(DtGood, AddressesThroughBuses)
{
    iovp_platform *p = load(DATA "good-buses.dts");

    REQUIRE(p);
    list_nodes(p);
    check_node("/outer", "simple-bus", IOVP_NODE_BUILT, 0, 0);
    check_node("/outer/inner/dma@2000", "iovp,dma", IOVP_NODE_BUILT,
               0x440102000, 0x1000);
    check_node("/outer/inner/dma@80000000", "iovp,dma", IOVP_NODE_BUILT,
               0x440300000, 0x10000);
    check_node("/outer/inner/uart@90000000", "vendor,uart",
               IOVP_NODE_UNMODELLED, 0, 0);
    iovp_platform_destroy(p);
}

TEST_CASE(DtGood, MastersOfAllKinds)
{
    iovp_platform *p = load(DATA "good-forms.dts");
    iovp_device_info d;

    REQUIRE(p);
    CHECK_EQ(count_devices(p), 4);
    d = info_of(p, "secure@13001000");
    CHECK_EQ(d.stream_id, 0x10);
    CHECK_EQ(d.space, IOVP_SPACE_SECURE);
    CHECK_EQ(d.has_workload, 0);
    d = info_of(p, "plain");
    CHECK_STR(d.iommu, "");
    CHECK_EQ(d.stream_ids, 0);
    d = info_of(p, "several@13002000");
    CHECK_STR(d.iommu, "iommu@14000000");
    CHECK_EQ(d.stream_ids, 3);
    CHECK_EQ(d.pasid_bits, 20);
    CHECK_EQ(d.can_stall, 1);
    CHECK_EQ(d.workload.base, 0xfffffffffffff000);
    CHECK_EQ(d.workload.window, 0x1000);
    CHECK_EQ(d.workload.bytes, 4096);
    CHECK_EQ(d.workload.stride, 0x1000);
    CHECK_EQ(d.workload.outstanding, 256);
    CHECK_EQ(d.workload.rate, 10000000000);
    CHECK_EQ(d.workload.read_percent, 0);
    CHECK_EQ(d.workload.transfers, 0x100000001);
    CHECK_EQ(d.workload.seed, 0xffffffff);
    CHECK_EQ(d.workload.pasids, 2);
    CHECK_EQ(d.workload.pasid[0], 0xfffff);
    CHECK_EQ(d.workload.pasid[1], 0);
    iovp_platform_destroy(p);
}

TEST_CASE(DtGood, SmmuIdRegisters)
{
    iovp_platform *p = load(DATA "good-forms.dts");

    REQUIRE(p);
    /* COHACC follows dma-coherent. */
    CHECK_EQ(reg32(p, 0x12000000) >> 4 & 1, 1);
    CHECK_EQ(reg32(p, 0x14000000) >> 4 & 1, 0);
    /* 6.2: IDR0, IDR1, IDR3, IDR5, IIDR, AIDR. */
    CHECK_EQ(reg32(p, 0x15000000), 0x094c321b);
    CHECK_EQ(reg32(p, 0x15000004), 0x00e70108);
    CHECK_EQ(reg32(p, 0x1500000c), 0x14);
    CHECK_EQ(reg32(p, 0x15000014), 0x15);
    CHECK_EQ(reg32(p, 0x15000018), 0x1234);
    CHECK_EQ(reg32(p, 0x1500001c), 0x1);
    iovp_platform_destroy(p);
}

TEST_CASE(DtGood, RamAndDisabledNodes)
{
    iovp_platform *p = load(DATA "good-forms.dts");

    REQUIRE(p);
    list_nodes(p);
    CHECK(is_ram(p, 0x8fffffff));
    CHECK(!is_ram(p, 0x90000000));
    CHECK(is_ram(p, 0x800000000));
    CHECK(is_ram(p, 0x8ffffffff));
    CHECK(!is_ram(p, 0x900000000));
    check_node("/bus", "simple-bus", IOVP_NODE_UNMODELLED, 0, 0);
    CHECK_STR(node_at("/bus/dma@0")->what, "disabled");
    check_node("/odd@0", "vendor,odd", IOVP_NODE_UNMODELLED, 0, 0);
    iovp_platform_destroy(p);
}

static iovp_irq_event last_irq;

static void keep_irq(void *ud, const iovp_irq_event *e)
{
    (void)ud;
    if (!strcmp(e->line, "gerror"))
        last_irq = *e;
}

/* Command 0 is illegal: GERROR.CMDQ_ERR (7.1), on the line of that name. */
static void raise_gerror(iovp_platform *p, uint64_t smmu)
{
    static const uint8_t command[16];
    const struct {
        uint32_t offset, width;
        uint64_t value;
    } write[] = {
        {0x90, 8, 0x80000000 | 5}, /* CMDQ_BASE, 2^5 entries */
        {0x50, 4, 1},              /* IRQ_CTRL.GERROR_IRQEN */
        {0x20, 4, 8},              /* CR0.CMDQEN */
        {0x98, 4, 1},              /* CMDQ_PROD */
    };

    memset(&last_irq, 0, sizeof(last_irq));
    CHECK_EQ(iovp_irq_handler(p, keep_irq, NULL, NULL), IOVP_OK);
    CHECK_EQ(iovp_mem_write(p, 0x80000000, command, sizeof(command)), IOVP_OK);
    for (size_t i = 0; i < sizeof(write) / sizeof(write[0]); i++)
        CHECK_EQ(iovp_mmio_write(p, smmu + write[i].offset, write[i].width,
                                 IOVP_SPACE_NONSECURE, write[i].value),
                 IOVP_OK);
}

TEST_CASE(DtGood, InterruptNumbers)
{
    iovp_platform *p = load(DATA "good-forms.dts");

    REQUIRE(p);
    raise_gerror(p, 0x12000000);
    CHECK_EQ(last_irq.number, 67);
    CHECK_STR(last_irq.source, "iommu@12000000");
    raise_gerror(p, 0x14000000); /* combined */
    CHECK_EQ(last_irq.number, 100);
    CHECK_STR(last_irq.source, "iommu@14000000");
    raise_gerror(p, 0x15000000); /* none */
    CHECK_EQ(last_irq.number, UINT32_MAX);
    iovp_platform_destroy(p);
}

/* SPDX-License-Identifier: MIT */
/* The platform that `iovp bench` measures; its device tree is made here. */
#include "cmd_bench.h"

#include <libfdt.h>
#include <string.h>

#define RAM_BASE   0x40000000ull
#define SMMU_BASE  0x09050000ull
#define SMMU_SIZE  0x20000ull
#define DMA_BASE   0x0a000000ull
#define DMA_SIZE   0x1000ull
#define PHANDLE    1u
#define TREE_BYTES 4096
#define POLL_PS    1000000ull

int bench_reg(void *fdt, uint64_t base, uint64_t size)
{
    fdt64_t cells[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};

    return fdt_property(fdt, "reg", cells, sizeof(cells));
}

static int memory_node(void *fdt)
{
    return fdt_begin_node(fdt, "memory@40000000") ||
           fdt_property_string(fdt, "device_type", "memory") ||
           bench_reg(fdt, RAM_BASE, BENCH_DATA + BENCH_DATA_BYTES - RAM_BASE) ||
           fdt_end_node(fdt);
}

static int caches(void *fdt, uint32_t entries)
{
    return entries ? fdt_property_u32(fdt, "iovp,tlb-entries", entries) ||
                         fdt_property_u32(fdt, "iovp,walk-entries", entries)
                   : 0;
}

static int smmu_node(void *fdt, uint32_t entries)
{
    return fdt_begin_node(fdt, "smmu@9050000") || caches(fdt, entries) ||
           fdt_property_string(fdt, "compatible", "arm,smmu-v3") ||
           bench_reg(fdt, SMMU_BASE, SMMU_SIZE) ||
           fdt_property_u32(fdt, "#iommu-cells", 1) ||
           fdt_property(fdt, "dma-coherent", NULL, 0) ||
           fdt_property_u32(fdt, "phandle", PHANDLE) || fdt_end_node(fdt);
}

static int dma_node(void *fdt, uint32_t pasid_bits)
{
    fdt32_t iommus[2] = {cpu_to_fdt32(PHANDLE), cpu_to_fdt32(BENCH_SID)};

    return fdt_begin_node(fdt, "dma@a000000") ||
           fdt_property_string(fdt, "compatible", "iovp,dma") ||
           bench_reg(fdt, DMA_BASE, DMA_SIZE) ||
           fdt_property(fdt, "iommus", iommus, sizeof(iommus)) ||
           fdt_property_u32(fdt, "pasid-num-bits", pasid_bits) ||
           fdt_end_node(fdt);
}

static int make_tree(void *fdt, uint32_t entries, uint32_t pasid_bits)
{
    return fdt_create(fdt, TREE_BYTES) || fdt_finish_reservemap(fdt) ||
           fdt_begin_node(fdt, "") ||
           fdt_property_string(fdt, "compatible", "iovp,bench") ||
           fdt_property_u32(fdt, "#address-cells", 2) ||
           fdt_property_u32(fdt, "#size-cells", 2) || memory_node(fdt) ||
           smmu_node(fdt, entries) || dma_node(fdt, pasid_bits) ||
           fdt_end_node(fdt) || fdt_finish(fdt);
}

int bench_fail(const struct bench_soc *s, const char *what)
{
    const char *api = iovp_last_error();

    cmd_error("%s: %s", what, s->driver.failed ? s->driver.message : api);
    return CMD_FAIL;
}

static int bring_up(struct bench_soc *s, uint32_t mode, uint32_t pasid_bits)
{
    struct smmu_driver *d = &s->driver;

    d->platform = s->platform;
    d->base = SMMU_BASE;
    d->poll_ps = mode == IOVP_MODE_TIMED ? POLL_PS : 0;
    d->ram = &s->ram;
    s->ram.next = RAM_BASE;
    s->ram.end = BENCH_DATA;
    if (smmu_init(d) ||
        smmu_attach(d, &s->stream, BENCH_SID, pasid_bits, SMMU_S1DSS_SSID0))
        return bench_fail(s, "bring-up");
    return CMD_OK;
}

int bench_open_pasids(struct bench_soc *s, uint32_t mode, uint32_t entries,
                      uint32_t pasid_bits)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    char tree[TREE_BYTES];

    memset(s, 0, sizeof(*s));
    config.mode = mode;
    if (make_tree(tree, entries, pasid_bits)) {
        cmd_error("the device tree of the benchmark could not be made");
        return CMD_FAIL;
    }
    if (iovp_platform_create(&s->platform, &config, tree, fdt_totalsize(tree)))
        return bench_fail(s, "platform");
    if (iovp_device_find(s->platform, "dma@a000000", &s->device))
        return bench_fail(s, "device");
    return bring_up(s, mode, pasid_bits);
}

int bench_open(struct bench_soc *s, uint32_t mode, uint32_t entries)
{
    return bench_open_pasids(s, mode, entries, BENCH_PASID_BITS);
}

int bench_space(struct bench_soc *s, uint32_t pasid, struct smmu_space *space)
{
    struct smmu_driver *d = &s->driver;

    if (smmu_space_create(d, space) || smmu_bind(d, &s->stream, pasid, space))
        return bench_fail(s, "address space");
    return CMD_OK;
}

int bench_map(struct bench_soc *s, const struct smmu_space *space,
              uint64_t iova, uint64_t offset, uint64_t bytes)
{
    if (smmu_map(&s->driver, space, iova, BENCH_DATA + offset, bytes,
                 SMMU_WRITE))
        return bench_fail(s, "mapping");
    return CMD_OK;
}

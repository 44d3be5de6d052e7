/* SPDX-License-Identifier: MIT */
#include "capi_domains.h"

#include <stdlib.h>

#include "../capi/pool.h"
#include "capi_soc.h"
#include "shim.h"

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x40000000>; };\n"
    "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
    "  r1: camera-region { iommu-addresses = <&cam 0 0x50000000 0 0x100000>; "
    "};\n"
    "  r2: twin-region { iommu-addresses = <&twin 0 0x60000000 0 0x1000>; };\n"
    "};\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "smmu2: iommu@9070000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9070000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "npu@a000000 { compatible = \"iovp,dma\"; reg = <0 0xa000000 0 0x1000>;\n"
    "  iommus = <&smmu 0x10>; pasid-num-bits = <16>; };\n"
    "disp@a010000 { compatible = \"iovp,dma\"; reg = <0 0xa010000 0 0x1000>;\n"
    "  iommus = <&smmu 0x20>; };\n"
    "cam: cam@a020000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa020000 0 0x1000>; iommus = <&smmu 0x30>;\n"
    "  memory-region = <&r1>; };\n"
    "twin: twin@a030000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa030000 0 0x1000>; iommus = <&smmu 0x20>;\n"
    "  memory-region = <&r2>; };\n"
    "far@a040000 { compatible = \"iovp,dma\"; reg = <0 0xa040000 0 0x1000>;\n"
    "  iommus = <&smmu2 0x10>; };\n"
    "raw@a050000 { compatible = \"iovp,dma\"; reg = <0 0xa050000 0 0x1000>; "
    "};\n"
    "};\n";

static const void *compiled(size_t *bytes)
{
    static void *blob;
    static size_t size;

    if (!blob && !soc_compile(tree, &blob, &size))
        return NULL;
    *bytes = size;
    return blob;
}

static bool context_open(struct dom *d, const char *iommu, iovp_context **c)
{
    const iovp_context_config config = {.size = sizeof(config), .iommu = iommu};
    iovp_status st = iovp_context_create(c, d->p, &config);

    if (st)
        shim_fail(__FILE__, __LINE__, "context: %d, %s", (int)st,
                  iovp_last_error());
    return !st;
}

static void find(struct dom *d, const char *name, iovp_device **dev)
{
    CHECK_EQ(iovp_device_find(d->p, name, dev), IOVP_OK);
}

bool dom_open(struct dom *d, uint32_t mode, uint64_t donate)
{
    return dom_open_with(d, mode, donate, NULL);
}

bool dom_open_with(struct dom *d, uint32_t mode, uint64_t donate,
                   const iovp_allocator *allocator)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    size_t bytes = 0;
    const void *blob = compiled(&bytes);

    memset(d, 0, sizeof(*d));
    config.mode = mode;
    config.allocator = allocator;
    if (!blob || iovp_platform_create(&d->p, &config, blob, bytes)) {
        shim_fail(__FILE__, __LINE__, "platform: %s", iovp_last_error());
        return false;
    }
    find(d, "npu@a000000", &d->npu);
    find(d, "disp@a010000", &d->disp);
    find(d, "cam@a020000", &d->cam);
    find(d, "twin@a030000", &d->twin);
    find(d, "far@a040000", &d->far);
    find(d, "raw@a050000", &d->raw);
    d->donated = donate;
    CHECK_EQ(iovp_memory_donate(d->p, DOM_TABLES, donate), IOVP_OK);
    if (context_open(d, "iommu@9050000", &d->c) &&
        context_open(d, "iommu@9070000", &d->other))
        return true;
    dom_close(d);
    return false;
}

void dom_close(struct dom *d)
{
    iovp_platform_destroy(d->p);
    d->p = NULL;
}

struct job {
    void (*fn)(struct dom *d);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    const struct job *j = ud;
    struct dom d;

    REQUIRE(dom_open(&d, j->mode, MB(64)));
    j->fn(&d);
    dom_close(&d);
}

void dom_one(void (*fn)(struct dom *d))
{
    one_mode(&(struct job){fn, IOVP_MODE_FUNCTIONAL});
}

void dom_both(void (*fn)(struct dom *d))
{
    struct job timed = {fn, IOVP_MODE_TIMED};

    dom_one(fn);
    if (iovp_has_systemc())
        soc_child(one_mode, &timed);
}

iovp_domain *dom_new(struct dom *d, uint32_t stage, uint32_t page_bits)
{
    const iovp_domain_config config = {
        .size = sizeof(config), .stage = stage, .page_bits = page_bits};
    iovp_domain *m = NULL;

    if (iovp_domain_create(&m, d->c, &config))
        shim_fail(__FILE__, __LINE__, "domain: %s", iovp_last_error());
    return m;
}

uint64_t dom_map(iovp_domain *m, uint64_t iova, uint64_t pa, uint64_t bytes)
{
    uint32_t flags = iova == ~0ull ? 0 : IOVP_MAP_FIXED;
    iovp_status st = iovp_domain_map(m, flags, &iova, pa, bytes, DOM_RW);

    if (st)
        shim_fail(__FILE__, __LINE__, "map: %d, %s", (int)st,
                  iovp_last_error());
    return iova;
}

uint64_t dom_at(iovp_device *dev, uint32_t pasid, uint64_t iova)
{
    iovp_translation out = {.size = sizeof(out)};
    iovp_attrs a = soc_pasid(pasid);

    CHECK_EQ(iovp_translate(dev, pasid == IOVP_NO_PASID ? NULL : &a, iova,
                            IOVP_ACCESS_READ, IOVP_TRANSLATE_DEBUG, &out),
             IOVP_OK);
    return out.status == IOVP_DMA_OK ? out.pa : ~0ull;
}

static uint64_t word(void)
{
    static uint64_t next = 0x123456789abcdef;

    return next = next * 3 + 1;
}

bool dom_reads(struct dom *d, iovp_device *dev, uint32_t pasid, uint64_t iova,
               uint64_t pa)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint64_t put = word(), got = 0;

    CHECK_EQ(iovp_mem_write(d->p, pa, &put, 8), IOVP_OK);
    CHECK_EQ(iovp_dma_read(dev, pasid, iova, &got, 8, NULL, &r), IOVP_OK);
    return r.status == IOVP_DMA_OK && got == put;
}

bool dom_writes(struct dom *d, iovp_device *dev, uint32_t pasid, uint64_t iova,
                uint64_t pa)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint64_t put = word(), got = 0;

    CHECK_EQ(iovp_dma_write(dev, pasid, iova, &put, 8, NULL, &r), IOVP_OK);
    CHECK_EQ(iovp_mem_read(d->p, pa, &got, 8), IOVP_OK);
    return r.status == IOVP_DMA_OK && got == put;
}

uint64_t dom_used(struct dom *d)
{
    struct platform *p;
    uint64_t donated = 0, used = 0;

    CHECK_EQ(handle_enter(d->p, ENTER_NORMAL, &p), IOVP_OK);
    pool_usage(p, &donated, &used);
    CHECK_EQ(donated, d->donated);
    return used;
}

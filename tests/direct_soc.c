/* SPDX-License-Identifier: MIT */
#include "direct_soc.h"

#include "capi_soc.h"
#include "shim.h"

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x40000000>; };\n"
    "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
    "  fb: fb@a0000000 { reg = <0 0xa0000000 0 0x400000>;\n"
    "    iommu-addresses = <&disp 0 0xa0000000 0 0x400000>,\n"
    "                      <&mirror 0 0xa0000000 0 0x400000>; };\n"
    "  r1: twin@a1000800 { reg = <0 0xa1000800 0 0x1000>;\n"
    "    iommu-addresses = <&twin 0 0xa1000800 0 0x1000>; };\n"
    "  r2: cam@a0300000 { reg = <0 0xa0300000 0 0x400000>;\n"
    "    iommu-addresses = <&cam 0 0xa0300000 0 0x400000>; };\n"
    "  r3: never@a8000000 { reg = <0 0xa8000000 0 0x1000>;\n"
    "    iommu-addresses = <&cam 0 0x50000000 0 0x1000>; };\n"
    "  r4: npu@b0000000 { reg = <0 0xb0000000 0 0x10000>;\n"
    "    iommu-addresses = <&npu 0 0xb0000000 0 0x10000>; };\n"
    "  r5: high { reg = <0x100 0 0 0x1000>;\n"
    "    iommu-addresses = <&high 0x100 0 0 0x1000>; };\n"
    "};\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "npu: npu { compatible = \"iovp,dma\"; iommus = <&smmu 0x10>;\n"
    "  pasid-num-bits = <16>; memory-region = <&r4>; };\n"
    "disp: disp { compatible = \"iovp,dma\"; iommus = <&smmu 0x20>;\n"
    "  memory-region = <&fb>; };\n"
    "twin: twin { compatible = \"iovp,dma\"; iommus = <&smmu 0x20>;\n"
    "  memory-region = <&r1>; };\n"
    "cam: cam { compatible = \"iovp,dma\"; iommus = <&smmu 0x30>;\n"
    "  memory-region = <&r2 &r3>; };\n"
    "mirror: mirror { compatible = \"iovp,dma\"; iommus = <&smmu 0x40>;\n"
    "  memory-region = <&fb>; };\n"
    "high: high { compatible = \"iovp,dma\"; iommus = <&smmu 0x50>;\n"
    "  memory-region = <&r5>; };\n"
    "plain { compatible = \"iovp,dma\"; iommus = <&smmu 0x60>; };\n"
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

bool direct_open(struct direct *s, uint32_t mode,
                 const iovp_allocator *allocator)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    const struct {
        const char *name;
        iovp_device **device;
    } devices[] = {{"npu", &s->d.npu},     {"disp", &s->d.disp},
                   {"twin", &s->d.twin},   {"cam", &s->d.cam},
                   {"mirror", &s->mirror}, {"high", &s->high},
                   {"plain", &s->plain}};
    size_t bytes = 0;
    const void *blob = compiled(&bytes);

    memset(s, 0, sizeof(*s));
    config.mode = mode;
    config.allocator = allocator;
    if (!blob || iovp_platform_create(&s->d.p, &config, blob, bytes)) {
        shim_fail(__FILE__, __LINE__, "platform: %s", iovp_last_error());
        return false;
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
        CHECK_EQ(iovp_device_find(s->d.p, devices[i].name, devices[i].device),
                 IOVP_OK);
    s->d.donated = MB(64);
    CHECK_EQ(iovp_memory_donate(s->d.p, DOM_TABLES, s->d.donated), IOVP_OK);
    CHECK_EQ(iovp_context_create(&s->d.c, s->d.p, NULL), IOVP_OK);
    return s->d.c;
}

struct job {
    void (*fn)(struct direct *s);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    const struct job *j = ud;
    struct direct s;

    REQUIRE(direct_open(&s, j->mode, NULL));
    j->fn(&s);
    dom_close(&s.d);
}

void direct_one(void (*fn)(struct direct *s))
{
    one_mode(&(struct job){fn, IOVP_MODE_FUNCTIONAL});
}

void direct_both(void (*fn)(struct direct *s))
{
    struct job timed = {fn, IOVP_MODE_TIMED};

    direct_one(fn);
    if (iovp_has_systemc())
        soc_child(one_mode, &timed);
}

bool direct_works(struct direct *s, iovp_device *dev, uint64_t addr)
{
    return dom_reads(&s->d, dev, IOVP_NO_PASID, addr, addr) &&
           dom_writes(&s->d, dev, IOVP_NO_PASID, addr + 8, addr + 8);
}

bool direct_aborted(iovp_device *dev, uint32_t pasid, uint64_t iova)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint64_t got;

    CHECK_EQ(iovp_dma_read(dev, pasid, iova, &got, 8, NULL, &r), IOVP_OK);
    return r.status == IOVP_DMA_ABORT;
}

void direct_range(struct direct *s, iovp_device *dev, uint64_t first,
                  uint64_t last)
{
    CHECK(direct_works(s, dev, first));
    CHECK(direct_works(s, dev, last - 15));
    CHECK(direct_aborted(dev, IOVP_NO_PASID, first - 8));
    CHECK(direct_aborted(dev, IOVP_NO_PASID, last + 1));
}

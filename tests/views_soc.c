/* SPDX-License-Identifier: MIT */
#include "views_soc.h"

#include "../capi/examples/smmuv3_driver_internal.h"

#include <string.h>

#include "shim.h"

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;\n"
    "  fb: fb@90000000 { reg = <0 0x90000000 0 0x100000>;\n"
    "    iommu-addresses = <&disp 0 0x90000000 0 0x100000>; };\n"
    "  holes: holes { iommu-addresses = <&disp 0xffff 0xfffff000 0 0x1000>,\n"
    "    <&gpu 0 0x1000000 0 0x2000>, <&disp 0 0 0 0x1000>; };\n"
    "  pool: pool@91000000 { reg = <0 0x91000000 0 0x1000>; };\n"
    "  off: off { status = \"disabled\";\n"
    "    iommu-addresses = <&gpu 0 0x5000000 0 0x1000>; }; };\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "npu@a000000 { compatible = \"iovp,dma\"; reg = <0 0xa000000 0 0x1000>;\n"
    "  iommus = <&smmu 0x10>; pasid-num-bits = <16>; };\n"
    "disp: display@a010000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa010000 0 0x1000>; iommus = <&smmu 0x20>;\n"
    "  memory-region = <&fb &holes>; };\n"
    "raw@a020000 { compatible = \"iovp,dma\"; reg = <0 0xa020000 0 0x1000>; "
    "};\n"
    "gpu: gpu@a030000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa030000 0 0x1000>; iommus = <&smmu 0x30>, <&smmu 0x31>;\n"
    "  pasid-num-bits = <20>; memory-region = <&pool &holes &off>; };\n"
    "};\n";

static const void *views_tree(size_t *bytes)
{
    static void *blob;
    static size_t size;

    if (!blob && !soc_compile(tree, &blob, &size))
        return NULL;
    *bytes = size;
    return blob;
}

bool views_create_with(struct views *v, uint32_t mode,
                       const iovp_allocator *allocator)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    struct soc *s = &v->s;
    size_t bytes = 0;
    const void *blob = views_tree(&bytes);

    memset(v, 0, sizeof(*v));
    c.mode = mode;
    c.allocator = allocator;
    if (!blob || iovp_platform_create(&s->p, &c, blob, bytes)) {
        shim_fail(__FILE__, __LINE__, "create: %s", iovp_last_error());
        return false;
    }
    CHECK_EQ(iovp_device_find(s->p, "npu@a000000", &s->npu), IOVP_OK);
    CHECK_EQ(iovp_device_find(s->p, "display@a010000", &s->disp), IOVP_OK);
    CHECK_EQ(iovp_device_find(s->p, "raw@a020000", &s->raw), IOVP_OK);
    CHECK_EQ(iovp_device_find(s->p, "gpu@a030000", &v->gpu), IOVP_OK);
    s->ram.next = SOC_RAM;
    s->ram.end = SOC_DATA;
    s->drv.platform = s->p;
    s->drv.base = SOC_SMMU;
    s->drv.ram = &s->ram;
    s->drv.poll_ps = mode == IOVP_MODE_TIMED ? 1000000 : 0;
    return true;
}

bool views_create(struct views *v, uint32_t mode)
{
    return views_create_with(v, mode, NULL);
}

bool views_open(struct views *v, uint32_t mode)
{
    if (!views_create(v, mode))
        return false;
    if (smmu_init(&v->s.drv)) {
        shim_fail(__FILE__, __LINE__, "driver: %s", v->s.drv.message);
        soc_close(&v->s);
        return false;
    }
    return true;
}

struct job {
    void (*fn)(struct views *v, uint32_t mode);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    struct job *j = ud;
    struct views v;

    REQUIRE(views_open(&v, j->mode));
    j->fn(&v, j->mode);
    soc_close(&v.s);
}

void views_both(void (*fn)(struct views *v, uint32_t mode))
{
    struct job j = {fn, IOVP_MODE_FUNCTIONAL};
    size_t bytes;

    REQUIRE(views_tree(&bytes));
    one_mode(&j);
    j.mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(one_mode, &j);
}

void views_command(struct views *v, uint64_t word0, uint64_t word1)
{
    smmu_begin(&v->s.drv);
    smmu_cmd(&v->s.drv, word0, word1);
    smmu_sync(&v->s.drv);
    CHECK_STR(v->s.drv.message, "");
}

uint64_t views_get64(struct views *v, uint64_t addr)
{
    uint64_t word = 0;

    CHECK_EQ(iovp_mem_read(v->s.p, addr, &word, 8), IOVP_OK);
    return word;
}

uint64_t views_ste(struct views *v, uint32_t sid)
{
    const uint64_t leaf = (uint64_t)STE_BYTES << ST_SPLIT;
    uint64_t l2;

    if (!v->s.drv.st_2level)
        return v->s.drv.strtab + (uint64_t)sid * STE_BYTES;
    l2 = views_get64(v, v->s.drv.strtab + (sid >> ST_SPLIT) * L1STD_BYTES);
    return (l2 & ~(leaf - 1)) + sid % (1u << ST_SPLIT) * STE_BYTES;
}

/* IDR5.OAS, 6.3.6 */
unsigned views_oas_bits(struct views *v)
{
    static const unsigned bits[8] = {32, 36, 40, 42, 44, 48, 52, 56};

    return bits[soc_reg(&v->s, IDR5) & 7];
}

void views_attach(struct views *v, struct smmu_stream *st, uint32_t sid,
                  unsigned pasid_bits, uint32_t s1dss)
{
    smmu_attach(&v->s.drv, st, sid, pasid_bits, s1dss);
    CHECK_STR(v->s.drv.message, "");
}

void views_bind(struct views *v, struct smmu_stream *st, uint32_t pasid,
                struct smmu_space *space)
{
    if (!space->ttb)
        smmu_space_create(&v->s.drv, space);
    CHECK_STR(v->s.drv.message, "");
    smmu_bind(&v->s.drv, st, pasid, space);
    CHECK_STR(v->s.drv.message, "");
}

void views_map(struct views *v, const struct smmu_space *space, uint64_t iova,
               uint64_t pa, uint64_t bytes, unsigned rights)
{
    smmu_map(&v->s.drv, space, iova, pa, bytes, rights);
    CHECK_STR(v->s.drv.message, "");
}

void views_unmap(struct views *v, const struct smmu_space *space, uint64_t iova,
                 uint64_t bytes)
{
    smmu_unmap(&v->s.drv, space, iova, bytes);
    CHECK_STR(v->s.drv.message, "");
}

uint32_t views_dma(iovp_device *d, uint32_t pasid, uint64_t iova)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};
    uint64_t word;

    CHECK_EQ(iovp_dma_read(d, pasid, iova, &word, sizeof(word), NULL, &r),
             IOVP_OK);
    return r.status;
}

uint32_t views_index(iovp_device *d, uint32_t pasid)
{
    iovp_attrs a = soc_pasid(pasid);
    uint32_t index = UINT32_MAX;

    if (pasid == IOVP_NO_PASID)
        a.specified = a.pasid = a.pasid_valid = 0;
    CHECK_EQ(iovp_regime_index(d, &a, &index), IOVP_OK);
    return index;
}

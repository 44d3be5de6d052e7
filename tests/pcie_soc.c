/* SPDX-License-Identifier: MIT */
#include "pcie_soc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "shim.h"

#define BRIDGE "#address-cells = <3>; #size-cells = <2>; device_type = \"pci\";"

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "gic: gic@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller;\n"
    "  #interrupt-cells = <3>; #address-cells = <0>; #size-cells = <0>; };\n"
    "its: its@8080000 { compatible = \"arm,gic-v3-its\"; msi-controller;\n"
    "  #msi-cells = <1>; reg = <0 0x8080000 0 0x20000>; };\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent;\n"
    "  iovp,idr = <0x84d761b 0xe734d18 0x414 0x1000075 0x0 0x1>; };\n"
    "pcie@20000000 { compatible = \"pci-host-ecam-generic\";\n"
    "  device_type = \"pci\"; reg = <0 0x20000000 0 0x1000000>;\n"
    "  bus-range = <0 15>; #address-cells = <3>; #size-cells = <2>;\n"
    "  ranges = <0x01000000 0 0 0 0x2f000000 0 0x10000>,\n"
    "    <0x02000000 0 0x30000000 0 0x30000000 0 0x10000000>,\n"
    "    <0x43000000 0x80 0 0x80 0 1 0>;\n"
    "  iommu-map = <0 &smmu 0x1000 0x1000>; ats-supported;\n"
    "  msi-map = <0 &its 0x3000 0x1000>; dma-coherent;\n"
    "  #interrupt-cells = <1>; interrupt-map-mask = <0x1800 0 0 7>;\n"
    "  interrupt-map =\n"
    "  <0x0000 0 0 1 &gic 0 40 4>, <0x0000 0 0 2 &gic 0 41 4>,\n"
    "  <0x0000 0 0 3 &gic 0 42 4>, <0x0000 0 0 4 &gic 0 43 4>,\n"
    "  <0x0800 0 0 1 &gic 0 41 4>, <0x0800 0 0 2 &gic 0 42 4>,\n"
    "  <0x0800 0 0 3 &gic 0 43 4>, <0x0800 0 0 4 &gic 0 40 4>,\n"
    "  <0x1000 0 0 1 &gic 0 42 4>, <0x1000 0 0 2 &gic 0 43 4>,\n"
    "  <0x1000 0 0 3 &gic 0 40 4>, <0x1000 0 0 4 &gic 0 41 4>,\n"
    "  <0x1800 0 0 1 &gic 0 43 4>, <0x1800 0 0 2 &gic 0 40 4>,\n"
    "  <0x1800 0 0 3 &gic 0 41 4>, <0x1800 0 0 4 &gic 0 42 4>;\n"
    "  %s\n"
    "  port@1,0 { compatible = \"iovp,pcie-root-port\";\n"
    "    reg = <0x0800 0 0 0 0>; " BRIDGE "\n"
    "    near@0,0 { compatible = \"iovp,test-endpoint\";\n"
    "      reg = <0 0 0 0 0>; }; };\n"
    "  port@2,0 { compatible = \"iovp,pcie-root-port\";\n"
    "    reg = <0x1000 0 0 0 0>; " BRIDGE "\n"
    "    switch@0,0 { compatible = \"iovp,pcie-switch-upstream\";\n"
    "      reg = <0 0 0 0 0>; " BRIDGE "\n"
    "      down@0,0 { compatible = \"iovp,pcie-switch-downstream\";\n"
    "        reg = <0 0 0 0 0>; " BRIDGE "\n"
    "        nvme@0,0 { compatible = \"iovp,nvme\"; reg = <0 0 0 0 0>;\n"
    "          iovp,size-bytes = <0x100000>; }; };\n"
    "      down@1,0 { compatible = \"iovp,pcie-switch-downstream\";\n"
    "        reg = <0x0800 0 0 0 0>; " BRIDGE "\n"
    "        far@0,0 { compatible = \"iovp,test-endpoint\";\n"
    "          reg = <0 0 0 0 0>; };\n"
    "        far@0,1 { compatible = \"iovp,pcie-exerciser\";\n"
    "          reg = <0x100 0 0 0 0>; }; }; }; };\n"
    "  inside@3,0 { compatible = \"iovp,test-endpoint\";\n"
    "    reg = <0x1800 0 0 0 0>; iovp,vfs = <4>; iovp,pasid-bits = <12>; };\n"
    "}; };\n";

const char *ps_tree(const char *more)
{
    static char text[2 * sizeof(tree)];

    snprintf(text, sizeof(text), tree, more);
    return text;
}

/* ---- life ------------------------------------------------------------------
 */

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct ps *s = ud;

    if (s->irqs < PS_IRQS)
        s->irq[s->irqs] = *e;
    s->irqs++;
}

static iovp_device *find(struct ps *s, const char *name)
{
    iovp_device *d = NULL;

    iovp_device_find(s->p, name, &d);
    return d;
}

bool ps_create(struct ps *s, const char *dts, uint32_t mode)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    void *blob;
    size_t bytes;
    iovp_status st;

    memset(s, 0, sizeof(*s));
    c.mode = mode;
    if (!soc_compile(dts, &blob, &bytes))
        return false;
    st = iovp_platform_create(&s->p, &c, blob, bytes);
    free(blob);
    if (st) {
        shim_fail(__FILE__, __LINE__, "create: %d, %s", (int)st,
                  iovp_last_error());
        return false;
    }
    CHECK_EQ(iovp_irq_handler(s->p, on_irq, NULL, s), IOVP_OK);
    s->near = find(s, "near@0,0");
    s->nvme = find(s, "nvme@0,0");
    s->far = find(s, "far@0,0");
    s->far1 = find(s, "far@0,1");
    s->inside = find(s, "inside@3,0");
    return true;
}

static uint32_t enum_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    return ps_cfg(ud, id, at, width);
}

static void enum_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                       uint32_t value)
{
    ps_cfg_set(ud, id, at, width, value);
}

bool ps_enumerate(struct ps *s)
{
    s->e = (struct pcie_enum){
        .read = enum_read,
        .write = enum_write,
        .ud = s,
        .pool = {[ENUM_MEM] = {PS_MEM, PS_MEM + 0x10000000u},
                 [ENUM_PREF] = {PS_PREF, PS_PREF + 0x100000000ull},
                 [ENUM_IO] = {0x1000, 0x10000}},
        .bus_last = 15,
    };
    pcie_enumerate(&s->e);
    if (s->e.error)
        shim_fail(__FILE__, __LINE__, "%s", s->e.error);
    return !s->e.error;
}

bool ps_bring_up(struct ps *s)
{
    s->ram = (struct smmu_ram){PS_RAM, PS_DATA};
    s->drv =
        (struct smmu_driver){.platform = s->p, .base = PS_SMMU, .ram = &s->ram};
    if (smmu_init(&s->drv)) {
        shim_fail(__FILE__, __LINE__, "%s", s->drv.message);
        return false;
    }
    return true;
}

bool ps_open(struct ps *s)
{
    if (!ps_create(s, ps_tree(""), IOVP_MODE_FUNCTIONAL))
        return false;
    if (ps_enumerate(s) && ps_bring_up(s))
        return true;
    ps_close(s);
    return false;
}

void ps_close(struct ps *s)
{
    iovp_platform_destroy(s->p);
    s->p = NULL;
}

/* ---- accesses --------------------------------------------------------------
 */

uint64_t ps_rd(struct ps *s, uint64_t addr, unsigned width)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mmio_read(s->p, addr, width, IOVP_SPACE_NONSECURE, &v),
             IOVP_OK);
    return v;
}

void ps_wr(struct ps *s, uint64_t addr, unsigned width, uint64_t value)
{
    CHECK_EQ(iovp_mmio_write(s->p, addr, width, IOVP_SPACE_NONSECURE, value),
             IOVP_OK);
}

uint32_t ps_cfg(struct ps *s, uint16_t id, uint32_t at, unsigned width)
{
    return (uint32_t)ps_rd(s, PS_ECAM + ((uint64_t)id << 12 | at), width);
}

void ps_cfg_set(struct ps *s, uint16_t id, uint32_t at, unsigned width,
                uint32_t value)
{
    ps_wr(s, PS_ECAM + ((uint64_t)id << 12 | at), width, value);
}

uint64_t ps_word(struct ps *s, uint64_t addr)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mem_read(s->p, addr, &v, sizeof(v)), IOVP_OK);
    return v;
}

void ps_put(struct ps *s, uint64_t addr, uint64_t word)
{
    CHECK_EQ(iovp_mem_write(s->p, addr, &word, sizeof(word)), IOVP_OK);
}

/* ---- functions -------------------------------------------------------------
 */

iovp_device_info ps_info(iovp_device *d)
{
    iovp_device_info i = IOVP_DEVICE_INFO_INIT;

    CHECK_EQ(iovp_device_get_info(d, &i), IOVP_OK);
    return i;
}

uint16_t ps_id(iovp_device *d)
{
    return (uint16_t)ps_info(d).requester_id;
}

uint64_t ps_bar(struct ps *s, iovp_device *d, unsigned bar)
{
    uint16_t id = ps_id(d);

    for (unsigned i = 0; i < s->e.count; i++)
        if (s->e.fn[i].id == id)
            return s->e.fn[i].bar[bar];
    return 0;
}

uint64_t ps_counter(iovp_device *d, const char *name)
{
    iovp_counter c[64];
    size_t n = 64;

    for (size_t i = 0; i < n; i++)
        c[i] = (iovp_counter)IOVP_COUNTER_INIT;
    CHECK_EQ(iovp_device_counters(d, c, &n), IOVP_OK);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(c[i].name, name))
            return c[i].value;
    return UINT64_MAX;
}

static uint32_t tep_rd(void *ud, uint32_t at)
{
    struct ps *s = ud;

    return (uint32_t)ps_rd(s, s->bar + at, 4);
}

static void tep_wr(void *ud, uint32_t at, uint32_t value)
{
    struct ps *s = ud;

    ps_wr(s, s->bar + at, 4, value);
}

/* Whatever it does is done before a register access returns. */
static bool tep_sleep(void *ud)
{
    struct ps *s = ud;
    uint32_t why = IOVP_RUN_IDLE;

    iovp_run_until(s->p, 0, &why);
    return why != IOVP_RUN_IDLE;
}

bool ps_driver(struct ps *s, iovp_device *d)
{
    s->bar = ps_bar(s, d, 0);
    s->tep = (struct tep_driver){
        .read = tep_rd, .write = tep_wr, .sleep = tep_sleep, .ud = s};
    CHECK(s->bar);
    return s->bar && tep_probe(&s->tep);
}

uint32_t ps_fill(struct ps *s, uint64_t dst, uint32_t bytes, uint64_t pattern,
                 uint32_t attr, uint32_t pasid)
{
    const struct tep_request r = {.op = TEP_OP_FILL,
                                  .attr = attr,
                                  .pasid = pasid,
                                  .dst = dst,
                                  .len = bytes,
                                  .operand = {pattern}};
    struct tep_outcome out;

    return tep_run(&s->tep, &r, &out);
}

static bool did(struct ps *s, int failed)
{
    if (failed)
        shim_fail(__FILE__, __LINE__, "%s", s->drv.message);
    return !failed;
}

bool ps_attach(struct ps *s, struct ps_stream *a, iovp_device *d,
               unsigned pasid_bits)
{
    uint32_t sid = ps_info(d).stream_id;

    memset(a, 0, sizeof(*a));
    return did(s, smmu_attach(&s->drv, &a->st, sid, pasid_bits,
                              SMMU_S1DSS_SSID0)) &&
           did(s, smmu_space_create(&s->drv, &a->space)) &&
           did(s, smmu_bind(&s->drv, &a->st, SMMU_NO_PASID, &a->space));
}

bool ps_map(struct ps *s, struct ps_stream *a, uint64_t iova, uint64_t pa,
            uint64_t bytes, unsigned rights)
{
    return did(s, smmu_map(&s->drv, &a->space, iova, pa, bytes, rights));
}

void ps_msix(struct ps *s, iovp_device *d, uint64_t addr, uint32_t data)
{
    uint16_t id = ps_id(d);
    uint32_t cap = pcie_enum_cap(&s->e, id, PCIE_ID_MSIX);
    uint32_t table, bir;
    uint64_t at;

    REQUIRE(cap);
    table = ps_cfg(s, id, cap + PCIE_MSIX_TABLE, 4);
    bir = table & 7;
    at = ps_bar(s, d, bir) + (table & ~7u);
    ps_cfg_set(s, id, cap + PCIE_MSIX_CONTROL, 2, PCIE_MSIX_ENABLE);
    ps_wr(s, at, 8, addr);
    ps_wr(s, at + 8, 4, data);
    ps_wr(s, at + 12, 4, 0);
}

void ps_ext_set(struct ps *s, iovp_device *d, uint16_t cap, uint32_t at,
                unsigned width, uint32_t value)
{
    uint16_t id = ps_id(d);
    uint32_t base = pcie_enum_ext(&s->e, id, cap);

    REQUIRE(base);
    ps_cfg_set(s, id, base + at, width, value);
}

void ps_forget(struct ps *s)
{
    s->irqs = 0;
}

/* SPDX-License-Identifier: MIT */
/* iovp_mmio_copy: registers as a processor would read them, without reading. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/pcie/endpoints/exerciser_regs.h"
#include "../models/pcie/endpoints/test_endpoint_regs.h"
#include "capi_soc.h"
#include "pcie_soc.h"
#include "shim.h"

#define FN(bus, dev) (PS_ECAM + ((bus) << 20) + ((dev) << 15))

static uint32_t copied(const struct ps *s, uint64_t addr)
{
    uint32_t v = 0;

    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s->p, addr, &v, 4));
    return v;
}

/* All of [base, base + bytes), copied at once, is what reads give. */
static void same(struct ps *s, uint64_t base, uint32_t bytes)
{
    static uint8_t image[0x20000];

    REQUIRE(bytes <= sizeof(image));
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s->p, base, image, bytes));
    for (uint32_t at = 0; at < bytes; at += 4) {
        uint32_t v;

        memcpy(&v, &image[at], 4);
        if (v != ps_rd(s, base + at, 4))
            FAIL_TEST("0x%llx", (unsigned long long)(base + at));
    }
}

TEST_CASE(CapiRegisters, CopiesAreWhatReadsGive)
{
    struct ps s;
    uint8_t odd[7];
    uint64_t word;

    REQUIRE(ps_open(&s));
    same(&s, PS_SMMU, 0x20000);
    same(&s, FN(0, 0), 0x1000); /* nobody */
    same(&s, FN(0, 1), 0x1000);
    same(&s, FN(1, 0), 0x1000);
    same(&s, ps_bar(&s, s.near, 0), TEP_WINDOW);
    same(&s, ps_bar(&s, s.nvme, 0), 0x4000);
    same(&s, ps_bar(&s, s.inside, 0), TEP_WINDOW);
    /* Any bytes, also across functions. */
    word = ps_rd(&s, PS_SMMU, 8);
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s.p, PS_SMMU + 1, odd, 7));
    CHECK_MEM((uint8_t *)&word + 1, odd, 7);
    word = ps_rd(&s, FN(0, 1), 4);
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s.p, FN(0, 1) - 3, odd, 7));
    CHECK_MEM("\xff\xff\xff", odd, 3);
    CHECK_MEM(&word, odd + 3, 4);
    ps_close(&s);
}

/* Where nothing answers, reads are errors that ports report; copies are none.
 */
TEST_CASE(CapiRegisters, NothingHappens)
{
    const uint64_t nobody = PS_MEM + 0xfff0000;
    uint8_t before[0x1000], after[0x1000];
    struct ps s;

    REQUIRE(ps_open(&s));
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s.p, FN(0, 1), before, sizeof(before)));
    CHECK_EQ(0xffffffffu, copied(&s, nobody));
    CHECK_EQ(0xffffffffu, copied(&s, FN(1, 5)));
    CHECK_EQ(0xffffffffu, copied(&s, ps_bar(&s, s.near, 0) + 0x80000));
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s.p, FN(0, 1), after, sizeof(after)));
    CHECK_MEM(before, after, sizeof(before));
    /* The register that the port reports it in is looked at here. */
    ps_rd(&s, ps_bar(&s, s.near, 0) + 0x80000, 4);
    CHECK_EQ(IOVP_OK, iovp_mmio_copy(s.p, FN(0, 1), after, sizeof(after)));
    CHECK(memcmp(before, after, sizeof(before)) != 0);
    ps_close(&s);
}

/* A platform with one integrated function, 00:01.0, whose BAR 0 is enabled. */
static bool open_one(struct ps *s, const char *function)
{
    char tree[1024];
    size_t bytes;
    void *blob;

    memset(s, 0, sizeof(*s));
    snprintf(tree, sizeof(tree),
             "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;\n"
             "memory@80000000 { device_type = \"memory\";"
             "  reg = <0 0x80000000 0 0x100000>; };\n"
             "pcie@20000000 { compatible = \"pci-host-ecam-generic\";"
             "  device_type = \"pci\"; reg = <0 0x20000000 0 0x100000>;"
             "  #address-cells = <3>; #size-cells = <2>;"
             "  ranges = <0x02000000 0 0x30000000 0 0x30000000 0 0x1000000>;\n"
             "  fn@1,0 { reg = <0x0800 0 0 0 0>; %s }; }; };\n",
             function);
    if (!soc_compile(tree, &blob, &bytes))
        return false;
    CHECK_EQ(IOVP_OK, iovp_platform_create(&s->p, NULL, blob, bytes));
    free(blob);
    if (!s->p)
        return false;
    ps_wr(s, FN(0, 1) + 0x10, 4, PS_MEM);
    ps_wr(s, FN(0, 1) + 0x04, 2, 6);
    return true;
}

/* A read of the trigger of this personality starts DMA; a copy shows it. */
TEST_CASE(CapiRegisters, ReadsThatDoSomething)
{
    struct ps s;

    REQUIRE(open_one(&s, "compatible = \"iovp,test-endpoint\";"
                         "iovp,personality = \"iommu-testdev\";"));
    ps_wr(&s, PS_MEM + TEP_ITD_GVA, 4, 0x80001000u);
    ps_wr(&s, PS_MEM + TEP_ITD_LEN, 4, 4);
    ps_wr(&s, PS_MEM + TEP_ITD_DBELL, 4, 1);
    copied(&s, PS_MEM + TEP_ITD_TRIGGER);
    CHECK_EQ(IOVP_OK, iovp_run_until(s.p, 0, NULL));
    CHECK_EQ(TEP_ITD_RESULT_BUSY, copied(&s, PS_MEM + TEP_ITD_RESULT));
    ps_rd(&s, PS_MEM + TEP_ITD_TRIGGER, 4);
    CHECK(copied(&s, PS_MEM + TEP_ITD_RESULT) != TEP_ITD_RESULT_BUSY);
    ps_close(&s);
}

/* A read takes a word out of the exerciser's FIFO, and is itself seen. */
TEST_CASE(CapiRegisters, NothingLeavesAFifo)
{
    struct ps s;

    REQUIRE(open_one(&s, "compatible = \"iovp,pcie-exerciser\";"));
    ps_wr(&s, PS_MEM + EX_TRACECTL, 4, EX_TRACECTL_RUN);
    ps_wr(&s, PS_MEM, 4, 0);
    ps_wr(&s, PS_MEM + EX_TRACECTL, 4, 0);
    CHECK_EQ(EX_TRACE_EMPTY, copied(&s, PS_MEM + EX_TRACE));
    CHECK(ps_rd(&s, PS_MEM + EX_TRACE, 4) != EX_TRACE_EMPTY);
    for (unsigned i = 0; i < 100; i++)
        ps_rd(&s, PS_MEM + EX_TRACE, 4);
    ps_wr(&s, PS_MEM + EX_TRACECTL, 4, EX_TRACECTL_RUN);
    copied(&s, PS_MEM);
    ps_wr(&s, PS_MEM + EX_TRACECTL, 4, 0);
    CHECK_EQ(EX_TRACE_EMPTY, ps_rd(&s, PS_MEM + EX_TRACE, 4));
    ps_close(&s);
}

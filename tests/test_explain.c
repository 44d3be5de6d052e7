/* SPDX-License-Identifier: MIT */
/*
 * iovp_explain: the first condition that fails, derived by hand for each state
 * of a driver's life and for trees that lack something; and that a look
 * changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../capi/platform.h"
#include "capi_soc.h"
#include "shim.h"

#ifndef IOVP_SOURCE_DIR
#define IOVP_SOURCE_DIR "."
#endif

#define MAX 400

static iovp_condition list[MAX];
static size_t listed;

/* Ask, and count on the list being in order: 0 to 2 states, texts ended. */
static void ask(iovp_device *d, uint32_t feature)
{
    memset(list, 0x5a, sizeof(list));
    for (size_t i = 0; i < MAX; i++)
        list[i].size = sizeof(list[i]);
    listed = MAX;
    CHECK_EQ(iovp_explain(d, feature, list, &listed), IOVP_OK);
    if (listed > MAX)
        listed = 0;
    CHECK(listed > 0);
    for (size_t i = 0; i < listed; i++) {
        CHECK(list[i].state <= IOVP_CONDITION_UNKNOWN);
        CHECK(memchr(list[i].where, 0, sizeof(list[i].where)));
        CHECK(memchr(list[i].what, 0, sizeof(list[i].what)));
        CHECK(list[i].where[0] && list[i].what[0]);
    }
}

static const iovp_condition *first_failing(void)
{
    for (size_t i = 0; i < listed; i++)
        if (list[i].state == IOVP_CONDITION_FAILS)
            return &list[i];
    return NULL;
}

/* Why the feature is off; "" if every condition is met. */
static const char *why(iovp_device *d, uint32_t feature)
{
    const iovp_condition *c;

    ask(d, feature);
    c = first_failing();
    if (c)
        return c->where;
    for (size_t i = 0; i < listed; i++)
        CHECK_EQ(list[i].state, IOVP_CONDITION_MET);
    return "";
}

/* The state of the first condition about `where` in the last list, or 99. */
static uint32_t state(const char *where)
{
    for (size_t i = 0; i < listed; i++)
        if (!strcmp(list[i].where, where))
            return list[i].state;
    return 99;
}

/* What the last list's first failure says contains this. */
static void says(const char *text)
{
    const iovp_condition *c = first_failing();

    if (!c || !strstr(c->what, text))
        shim_fail(__FILE__, __LINE__, "'%s' does not say '%s'",
                  c ? c->what : "no failure", text);
}

/* ---- platforms/arm-soc.dts ------------------------------------------- */

#define NPU_SID  0x20u /* 8 bits of PASID */
#define DISP_SID 0x10u
#define TABLES   0x80000000u

struct arm {
    iovp_platform *p;
    iovp_device *npu, *disp;
    struct smmu_ram ram;
    struct smmu_driver drv;
    struct smmu_stream st;
    struct smmu_space space;
};

static bool arm_open(struct arm *a)
{
    memset(a, 0, sizeof(*a));
    if (iovp_platform_create_file(&a->p, NULL,
                                  IOVP_SOURCE_DIR "/platforms/arm-soc.dts") ||
        iovp_device_find(a->p, "npu@13010000", &a->npu) ||
        iovp_device_find(a->p, "display@13000000", &a->disp)) {
        shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
        return false;
    }
    a->ram.next = TABLES;
    a->ram.end = TABLES + 0x10000000;
    a->drv.platform = a->p;
    a->drv.base = 0x12000000;
    a->drv.ram = &a->ram;
    return true;
}

/* The npu has the given PASID. */
static bool arm_bound(struct arm *a, uint32_t pasid, uint32_t s1dss)
{
    return arm_open(a) && !smmu_init(&a->drv) &&
           !smmu_attach(&a->drv, &a->st, NPU_SID, 8, s1dss) &&
           !smmu_space_create(&a->drv, &a->space) &&
           !smmu_bind(&a->drv, &a->st, pasid, &a->space);
}

static uint64_t get64(iovp_platform *p, uint64_t addr)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mem_read(p, addr, &v, 8), IOVP_OK);
    return v;
}

static void put64(iovp_platform *p, uint64_t addr, uint64_t v)
{
    CHECK_EQ(iovp_mem_write(p, addr, &v, 8), IOVP_OK);
}

/* 5.1: a level 2 table of 256 STEs of 64 bytes is aligned to its size. */
static uint64_t ste_of(const struct smmu_driver *d, uint32_t sid)
{
    uint64_t l1 = get64(d->platform, d->strtab + (sid >> 8) * 8);

    return (l1 & ~0x3fffull) + (sid & 255) * 64;
}

static const char *pasid_after(struct arm *a, uint64_t addr, uint64_t clear,
                               uint64_t set)
{
    uint64_t old = get64(a->p, addr);
    const char *where;

    put64(a->p, addr, (old & ~clear) | set);
    where = why(a->npu, IOVP_FEATURE_PASID);
    put64(a->p, addr, old);
    return where;
}

TEST_CASE(Explain, AfterReset)
{
    struct arm a;

    REQUIRE(arm_open(&a));
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "SMMU_CR0.SMMUEN");
    CHECK_EQ(state("npu@13010000 iommus"), IOVP_CONDITION_MET);
    CHECK_EQ(state("SMMU_STRTAB_BASE_CFG"), IOVP_CONDITION_UNKNOWN);
    CHECK_EQ(state("STE[0x20].V"), IOVP_CONDITION_UNKNOWN);
    CHECK_EQ(state("CD[0x20].V"), IOVP_CONDITION_UNKNOWN);
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "SMMU_CR0.SMMUEN");
    CHECK_EQ(state("STE[0x20].S1CDMax"), IOVP_CONDITION_UNKNOWN);
    CHECK_STR(why(a.npu, IOVP_FEATURE_SVA), "SMMU_CR0.SMMUEN");
    CHECK_EQ(state("iommu@12000000 dma-coherent"), IOVP_CONDITION_MET);
    CHECK_STR(why(a.npu, IOVP_FEATURE_NESTED), "SMMU_CR0.SMMUEN");
    CHECK_STR(why(a.disp, IOVP_FEATURE_PASID),
              "display@13000000 pasid-num-bits");
    CHECK_STR(why(a.disp, IOVP_FEATURE_SVA), "display@13000000 pasid-num-bits");
    CHECK_STR(why(a.npu, IOVP_FEATURE_STALL), "npu@13010000 dma-can-stall");
    CHECK_EQ(state("SMMU_CR0.EVENTQEN"), IOVP_CONDITION_FAILS);
    CHECK_STR(why(a.npu, IOVP_FEATURE_ATS),
              "npu@13010000 below a PCI host bridge");
    CHECK_EQ(state("npu@13010000 host bridge's ats-supported"),
             IOVP_CONDITION_UNKNOWN);
    CHECK_STR(why(a.npu, IOVP_FEATURE_PRI),
              "npu@13010000 below a PCI host bridge");
    iovp_platform_destroy(a.p);
}

TEST_CASE(Explain, StepsOfADriver)
{
    struct arm a;
    struct smmu_stream disp;

    REQUIRE(arm_open(&a));
    REQUIRE(smmu_init(&a.drv) == 0);
    /* The L1STDs are zero: Span 0 has no STEs. */
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "STE[0x20]");
    says("C_BAD_STREAMID");
    CHECK_EQ(state("SMMU_STRTAB_BASE_CFG"), IOVP_CONDITION_MET);
    /* A neighbour's table has STEs that abort, for the npu too. */
    REQUIRE(smmu_attach(&a.drv, &disp, DISP_SID, 0, 0) == 0);
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "STE[0x20].Config");
    CHECK_EQ(state("STE[0x20].V"), IOVP_CONDITION_MET);
    CHECK_EQ(state("STE[0x20].S1CDMax"), IOVP_CONDITION_UNKNOWN);
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "STE[0x20].Config");
    CHECK_STR(why(a.disp, IOVP_FEATURE_TRANSLATION), "CD[0x10].V");
    REQUIRE(smmu_attach(&a.drv, &a.st, NPU_SID, 8, SMMU_S1DSS_TERMINATE) == 0);
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "CD[0x20].V");
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "CD[0x20].V");
    CHECK_EQ(state("CD[0x20].AA64"), IOVP_CONDITION_UNKNOWN);
    REQUIRE(smmu_space_create(&a.drv, &a.space) == 0);
    REQUIRE(smmu_bind(&a.drv, &a.st, 200, &a.space) == 0);
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "");
    CHECK(strstr(list[listed - 1].what, "PASID 200"));
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "");
    CHECK_STR(why(a.npu, IOVP_FEATURE_SVA), "");
    CHECK_STR(why(a.npu, IOVP_FEATURE_NESTED), "STE[0x20].Config");
    REQUIRE(smmu_bind(&a.drv, &disp, SMMU_NO_PASID, &a.space) == 0);
    CHECK_STR(why(a.disp, IOVP_FEATURE_TRANSLATION), "");
    CHECK(strstr(list[listed - 1].what, "without PASID"));
    REQUIRE(smmu_detach(&a.drv, &a.st) == 0);
    CHECK_STR(why(a.npu, IOVP_FEATURE_SVA), "STE[0x20].Config");
    iovp_platform_destroy(a.p);
}

/* With S1DSS 0b10, CD 0 is of DMA without PASID and no PASID's. */
TEST_CASE(Explain, CdZeroMayBelongToNoPasid)
{
    struct arm a;

    REQUIRE(arm_bound(&a, SMMU_NO_PASID, SMMU_S1DSS_SSID0));
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "");
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "CD[0x20].V");
    iovp_platform_destroy(a.p);
    REQUIRE(arm_bound(&a, 0, SMMU_S1DSS_TERMINATE));
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "");
    CHECK(strstr(list[listed - 1].what, "PASID 0"));
    iovp_platform_destroy(a.p);
}

/* Each field spoilt in turn: bit numbers are those of 5.2 and 5.4. */
TEST_CASE(Explain, SpoiltFields)
{
    struct arm a;
    uint64_t ste, cd;

    REQUIRE(arm_bound(&a, 7, SMMU_S1DSS_TERMINATE));
    ste = ste_of(&a.drv, NPU_SID);
    cd = a.st.cd_table + 7 * 64;
    CHECK_STR(pasid_after(&a, ste, 1, 0), "STE[0x20].V");
    CHECK_EQ(state("STE[0x20].Config"), IOVP_CONDITION_UNKNOWN);
    CHECK_STR(pasid_after(&a, ste, 7 << 1, 4 << 1), "STE[0x20].Config");
    says("bypass");
    CHECK_STR(pasid_after(&a, ste, 0x1full << 59, 0), "STE[0x20].S1CDMax");
    CHECK_STR(pasid_after(&a, ste, 0x1full << 59, 21ull << 59),
              "STE[0x20].S1CDMax");
    CHECK_STR(pasid_after(&a, ste + 8, 0, 3), "STE[0x20].S1DSS");
    /* STRW 0b01 is ILLEGAL. */
    CHECK_STR(pasid_after(&a, ste + 8, 0, 1ull << 30), "STE[0x20]");
    says("C_BAD_STE");
    /* S1ContextPtr where nothing answers. */
    CHECK_STR(pasid_after(&a, ste, 0xffffffffffffc0, 0x7000000000), "CD[0x20]");
    says("F_CD_FETCH");
    CHECK_STR(pasid_after(&a, cd, 1ull << 31, 0), "CD[0x20].V");
    CHECK_STR(pasid_after(&a, cd, 1ull << 41, 0), "CD[0x20].AA64");
    says("PASID 7");
    CHECK_STR(pasid_after(&a, cd, 0x3f, 0), "CD[0x20]"); /* T0SZ 0 */
    says("C_BAD_CD");
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "");
    iovp_platform_destroy(a.p);
}

/* The control registers, one bit at a time; 6.3.9. */
TEST_CASE(Explain, ControlRegisters)
{
    struct arm a;

    REQUIRE(arm_bound(&a, 1, SMMU_S1DSS_TERMINATE));
    ask(a.npu, IOVP_FEATURE_STALL);
    CHECK_EQ(state("SMMU_CR0.EVENTQEN"), IOVP_CONDITION_MET);
    CHECK_EQ(state("CD[0x20].S"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("STE[0x20].S1STALLD"), IOVP_CONDITION_MET);
    CHECK_EQ(state("STE[0x20].S2S"), 99);
    /* SMMUEN and EVENTQEN stay, CMDQEN goes. */
    CHECK_EQ(iovp_mmio_write(a.p, 0x12000020, 4, 0, 5), IOVP_OK);
    CHECK_STR(why(a.npu, IOVP_FEATURE_SVA), "SMMU_CR0.CMDQEN");
    CHECK_EQ(iovp_mmio_write(a.p, 0x12000020, 4, 0, 9), IOVP_OK);
    ask(a.npu, IOVP_FEATURE_STALL);
    CHECK_EQ(state("SMMU_CR0.EVENTQEN"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("SMMU_CR0.CMDQEN"), IOVP_CONDITION_MET);
    ask(a.npu, IOVP_FEATURE_PRI);
    CHECK_EQ(state("SMMU_IDR0.ATS"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("SMMU_IDR0.PRI"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("SMMU_CR0.ATSCHK"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("SMMU_CR0.PRIQEN"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("STE[0x20].EATS"), IOVP_CONDITION_FAILS);
    /* 5.2: EATS 0b01 is Full ATS. */
    put64(a.p, ste_of(&a.drv, NPU_SID) + 8,
          get64(a.p, ste_of(&a.drv, NPU_SID) + 8) | 1ull << 28);
    ask(a.npu, IOVP_FEATURE_ATS);
    CHECK_EQ(state("STE[0x20].EATS"), IOVP_CONDITION_MET);
    iovp_platform_destroy(a.p);
}

/*
 * Stage 2 of 39 bits, starting at level 1: RAM is one block of 1 GiB, with
 * AF, Inner Shareable, read and write, Normal Write-Back.
 */
TEST_CASE(Explain, TwoStages)
{
    struct arm a;
    uint64_t ste, s2;

    REQUIRE(arm_bound(&a, 1, SMMU_S1DSS_TERMINATE));
    ste = ste_of(&a.drv, NPU_SID);
    s2 = smmu_alloc(&a.drv, 0x1000, 0x1000);
    put64(a.p, s2 + 2 * 8,
          TABLES | 1u << 10 | 3u << 8 | 3u << 6 | 0xfu << 2 | 1);
    put64(a.p, ste + 16,
          1 | 25ull << 32 | 1ull << 38 | 1ull << 40 | 1ull << 42 | 3ull << 44 |
              5ull << 48 | 1ull << 51 | 1ull << 58);
    put64(a.p, ste + 24, s2);
    put64(a.p, ste, get64(a.p, ste) | 7 << 1);
    CHECK_STR(why(a.npu, IOVP_FEATURE_NESTED), "");
    CHECK_STR(why(a.npu, IOVP_FEATURE_PASID), "");
    /* The CD's IPA has no mapping. */
    put64(a.p, s2 + 2 * 8, 0);
    CHECK_STR(why(a.npu, IOVP_FEATURE_NESTED), "CD[0x20]");
    says("F_TRANSLATION");
    /* Stage 2 only: no CD is asked for. */
    put64(a.p, ste, (get64(a.p, ste) & ~(7ull << 1)) | 6 << 1);
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "");
    CHECK_EQ(state("CD[0x20].V"), 99);
    CHECK_STR(why(a.npu, IOVP_FEATURE_NESTED), "STE[0x20].Config");
    CHECK_STR(why(a.npu, IOVP_FEATURE_SVA), "STE[0x20].Config");
    ask(a.npu, IOVP_FEATURE_STALL);
    CHECK_EQ(state("STE[0x20].S2S"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("STE[0x20].S1STALLD"), 99);
    /* S2T0SZ 0 is out of range. */
    put64(a.p, ste + 16, get64(a.p, ste + 16) & ~(0x3full << 32));
    CHECK_STR(why(a.npu, IOVP_FEATURE_TRANSLATION), "STE[0x20]");
    iovp_platform_destroy(a.p);
}

/* ---- trees that lack something --------------------------------------- */

#define IDR0 0x094c721bu /* all that the model has, terminate only */
#define IDR1 0x0e730518u /* SSIDSIZE 20, SIDSIZE 24 */
#define IDR3 0x414u
#define IDR5 0x75u /* 48 bits, all granules */

struct machine {
    uint32_t idr0, idr1, idr3, idr5;
    const char *cpu;    /* NULL: no processors */
    const char *smmu;   /* more of the SMMU's node */
    const char *dma;    /* of the master's */
    const char *memory; /* its reg */
};

static bool build(const struct machine *m, iovp_platform **p, iovp_device **d)
{
    char text[1500], cpus[200] = "";
    size_t bytes;
    void *blob;
    bool ok;

    if (m->cpu)
        snprintf(cpus, sizeof(cpus),
                 "cpus { #address-cells = <1>; #size-cells = <0>;"
                 "cpu@0 { device_type = \"cpu\"; reg = <0>;"
                 "compatible = \"%s\"; }; };\n",
                 m->cpu);
    snprintf(text, sizeof(text),
             "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;\n"
             "memory@80000000 { device_type = \"memory\"; reg = <%s>; };\n%s"
             "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
             "reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; %s\n"
             "iovp,idr = <0x%x 0x%x 0x%x 0x%x 0 1>; };\n"
             "dma@a000000 { compatible = \"iovp,dma\";\n"
             "reg = <0 0xa000000 0 0x1000>; %s };\n};\n",
             m->memory, cpus, m->smmu, m->idr0, m->idr1, m->idr3, m->idr5,
             m->dma);
    if (!soc_compile(text, &blob, &bytes))
        return false;
    ok = iovp_platform_create(p, NULL, blob, bytes) == IOVP_OK &&
         iovp_device_find(*p, "dma@a000000", d) == IOVP_OK;
    free(blob);
    return ok;
}

#define ONE    "iommus = <&smmu 0x10>;"
#define TWO    "iommus = <&smmu 0x10>, <&smmu 0x11>;"
#define PASIDS ONE " pasid-num-bits = <16>;"
#define STALLS " dma-can-stall;"
#define COHER  "dma-coherent;"
#define LOW    "0 0x80000000 0 0x20000000"
#define HIGH   LOW ">, <8 0 0 0x1000" /* at 32 GiB */
#define EN     "SMMU_CR0.SMMUEN"

/* What the model has, but for two registers; nothing is programmed. */
static const char *fresh(uint32_t feature, uint32_t idr0, uint32_t idr5,
                         const char *cpu, const char *dma, const char *memory)
{
    static char where[64];
    /* HAD goes with stage 1; COHACC with dma-coherent. */
    struct machine m = {idr0, IDR1,  IDR3 & ~(idr0 & 2 ? 0u : 4u),
                        idr5, cpu,   idr0 & 0x10 ? COHER : "",
                        dma,  memory};
    iovp_platform *p = NULL;
    iovp_device *d;

    snprintf(where, sizeof(where), "no platform");
    if (build(&m, &p, &d))
        snprintf(where, sizeof(where), "%s", why(d, feature));
    iovp_platform_destroy(p);
    return where;
}

#define TRANSLATION IOVP_FEATURE_TRANSLATION
#define NESTED      IOVP_FEATURE_NESTED
#define PASID       IOVP_FEATURE_PASID
#define STALL       IOVP_FEATURE_STALL
#define S_BIT       (1ull << 44) /* of CD word 0, 5.4 */
#define SVA         IOVP_FEATURE_SVA

/* A tree without a flaw ends at SMMUEN. */
TEST_CASE(Explain, TreesThatLackSomething)
{
    CHECK_STR(fresh(TRANSLATION, IDR0, IDR5, NULL, "", LOW),
              "dma@a000000 iommus");
    CHECK_STR(fresh(TRANSLATION, IDR0, IDR5, NULL, ONE, LOW), EN);
    CHECK_STR(fresh(PASID, IDR0, IDR5, NULL, ONE, LOW),
              "dma@a000000 pasid-num-bits");
    CHECK_STR(fresh(PASID, IDR0, IDR5, NULL, PASIDS, LOW), EN);
    CHECK_STR(fresh(STALL, IDR0, IDR5, NULL, ONE, LOW),
              "dma@a000000 dma-can-stall");
    CHECK_STR(fresh(STALL, IDR0, IDR5, NULL, TWO STALLS, LOW),
              "dma@a000000 iommus, its entries");
    CHECK_STR(fresh(STALL, IDR0, IDR5, NULL, ONE STALLS, LOW),
              "SMMU_IDR0.STALL_MODEL");
    CHECK_STR(fresh(SVA, IDR0 & ~0x10u, IDR5, NULL, PASIDS, LOW),
              "iommu@9050000 dma-coherent");
    CHECK_STR(fresh(PASID, IDR0 & ~0x10u, IDR5, NULL, PASIDS, LOW), EN);
}

TEST_CASE(Explain, HardwareThatLacksSomething)
{
    /* without stage 1 or stage 2, and without Hyp, which needs both */
    CHECK_STR(fresh(NESTED, IDR0 & ~0x202u, IDR5, NULL, ONE, LOW),
              "SMMU_IDR0.S1P");
    CHECK_STR(fresh(NESTED, IDR0 & ~0x201u, IDR5, NULL, ONE, LOW),
              "SMMU_IDR0.S2P");
    CHECK_STR(fresh(TRANSLATION, IDR0 & ~0x201u, IDR5, NULL, ONE, LOW), EN);
    /* OAS 0b000 is 32 bits, 0b001 36 bits, 0b010 40 bits */
    CHECK_STR(fresh(TRANSLATION, IDR0, 0x70, NULL, ONE, HIGH), "SMMU_IDR5.OAS");
    CHECK_STR(fresh(TRANSLATION, IDR0, 0x71, NULL, ONE, HIGH), EN);
    CHECK_STR(fresh(SVA, IDR0, 0x72, "arm,cortex-a57", PASIDS, LOW),
              "SMMU_IDR5.OAS");
    CHECK_STR(fresh(SVA, IDR0, 0x72, "arm,cortex-a53", PASIDS, LOW), EN);
    CHECK_STR(fresh(SVA, IDR0, 0x72, "nobody,knows", PASIDS, LOW), EN);
    CHECK_STR(fresh(SVA, IDR0 & ~0x1000u, IDR5, "arm,cortex-a53", PASIDS, LOW),
              "SMMU_IDR0.ASID16");
    /* pages of 16 KiB only: the first core has none */
    CHECK_STR(fresh(SVA, IDR0, 0x25, "arm,cortex-a72", PASIDS, LOW),
              "SMMU_IDR5.GRAN4K, GRAN16K, GRAN64K");
    CHECK_STR(fresh(SVA, IDR0, 0x25, "arm,neoverse-n1", PASIDS, LOW), EN);
}

/* IDR1.SSIDSIZE 0 forbids pasid-num-bits, so it is the second reason. */
TEST_CASE(Explain, NoSubstreams)
{
    struct machine m = {IDR0, IDR1 & ~0x7c0u, IDR3, IDR5,
                        NULL, COHER,          ONE,  LOW};
    iovp_platform *p = NULL;
    iovp_device *d;

    REQUIRE(build(&m, &p, &d));
    CHECK_STR(why(d, IOVP_FEATURE_PASID), "dma@a000000 pasid-num-bits");
    CHECK_EQ(state("SMMU_IDR1.SSIDSIZE"), IOVP_CONDITION_FAILS);
    iovp_platform_destroy(p);
}

/* Every StreamID counts; and CD tables of two levels need IDR0.CD2L. */
TEST_CASE(Explain, TwoStreamsAndNoTwoLevelCds)
{
    struct machine m = {IDR0 & ~0x80000u,
                        IDR1,
                        IDR3,
                        IDR5,
                        NULL,
                        COHER,
                        TWO " pasid-num-bits = <4>;",
                        LOW};
    struct smmu_ram ram = {TABLES, TABLES + 0x10000000};
    struct smmu_driver drv = {.base = SOC_SMMU, .ram = &ram};
    struct smmu_stream st;
    struct smmu_space space;
    iovp_device *d;
    uint64_t ste;

    REQUIRE(build(&m, &drv.platform, &d));
    REQUIRE(smmu_init(&drv) == 0);
    REQUIRE(smmu_attach(&drv, &st, 0x10, 4, 0) == 0);
    REQUIRE(smmu_space_create(&drv, &space) == 0);
    REQUIRE(smmu_bind(&drv, &st, 3, &space) == 0);
    CHECK_STR(why(d, IOVP_FEATURE_PASID), "STE[0x11].Config");
    CHECK_EQ(state("CD[0x10].V"), IOVP_CONDITION_MET);
    CHECK_EQ(state("CD[0x11].V"), IOVP_CONDITION_UNKNOWN);
    REQUIRE(smmu_attach(&drv, &st, 0x11, 4, 0) == 0);
    REQUIRE(smmu_bind(&drv, &st, 3, &space) == 0);
    CHECK_STR(why(d, IOVP_FEATURE_PASID), "");
    ste = ste_of(&drv, 0x11);
    put64(drv.platform, ste, get64(drv.platform, ste) | 2 << 4); /* S1Fmt */
    CHECK_STR(why(d, IOVP_FEATURE_PASID), "STE[0x11].S1Fmt");
    iovp_platform_destroy(drv.platform);
}

/* Of the two conditions on a structure, the one after its fields. */
static uint32_t legal(const char *where)
{
    uint32_t last = 99;

    for (size_t i = 0; i < listed; i++)
        if (!strcmp(list[i].where, where))
            last = list[i].state;
    return last;
}

/* The SMMU's part of ATS and PRI, each condition met and missed. */
TEST_CASE(Explain, AtsAndPri)
{
    struct machine m = {
        IDR0 | 1u << 10 | 1u << 16, IDR1, IDR3, IDR5, NULL, COHER, ONE, LOW};
    struct smmu_ram ram = {TABLES, TABLES + 0x10000000};
    struct smmu_driver drv = {.base = SOC_SMMU, .ram = &ram};
    struct smmu_stream st;
    struct smmu_space space;
    iovp_device *d;
    uint64_t ste;

    REQUIRE(build(&m, &drv.platform, &d));
    REQUIRE(smmu_init(&drv) == 0);
    REQUIRE(smmu_attach(&drv, &st, 0x10, 0, 0) == 0);
    REQUIRE(smmu_space_create(&drv, &space) == 0);
    REQUIRE(smmu_bind(&drv, &st, SMMU_NO_PASID, &space) == 0);
    /* SMMUEN, EVENTQEN, CMDQEN. */
    CHECK_EQ(iovp_mmio_write(drv.platform, SOC_SMMU + 0x20, 4, 0, 0x0d),
             IOVP_OK);
    ask(d, IOVP_FEATURE_PRI);
    CHECK_EQ(state("SMMU_IDR0.ATS"), IOVP_CONDITION_MET);
    CHECK_EQ(state("SMMU_IDR0.PRI"), IOVP_CONDITION_MET);
    CHECK_EQ(state("SMMU_CR0.ATSCHK"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("SMMU_CR0.PRIQEN"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("STE[0x10].EATS"), IOVP_CONDITION_FAILS);
    /* SMMUEN, PRIQEN, EVENTQEN, CMDQEN, ATSCHK. */
    CHECK_EQ(iovp_mmio_write(drv.platform, SOC_SMMU + 0x20, 4, 0, 0x1f),
             IOVP_OK);
    ste = ste_of(&drv, 0x10);
    put64(drv.platform, ste + 8, get64(drv.platform, ste + 8) | 1ull << 28);
    ask(d, IOVP_FEATURE_PRI);
    CHECK_EQ(state("SMMU_CR0.ATSCHK"), IOVP_CONDITION_MET);
    CHECK_EQ(state("SMMU_CR0.PRIQEN"), IOVP_CONDITION_MET);
    CHECK_EQ(state("STE[0x10].EATS"), IOVP_CONDITION_MET);
    CHECK_EQ(legal("STE[0x10]"), IOVP_CONDITION_MET);
    /* Split-stage needs both stages. */
    put64(drv.platform, ste + 8, get64(drv.platform, ste + 8) ^ 3ull << 28);
    ask(d, IOVP_FEATURE_ATS);
    CHECK_EQ(state("STE[0x10].EATS"), IOVP_CONDITION_MET);
    CHECK_EQ(legal("STE[0x10]"), IOVP_CONDITION_FAILS);
    iovp_platform_destroy(drv.platform);
}

/*
 * STALL_MODEL 0b00 and 0b10: a platform device, a CD with S, and each thing
 * that takes stalling away.
 */
static void stall_works(uint32_t model)
{
    struct machine m = {(IDR0 & ~(3u << 24)) | model << 24,
                        IDR1,
                        IDR3,
                        IDR5 | 256u << 16,
                        NULL,
                        COHER,
                        ONE STALLS,
                        LOW};
    struct smmu_ram ram = {TABLES, TABLES + 0x10000000};
    struct smmu_driver drv = {.base = SOC_SMMU, .ram = &ram};
    struct smmu_stream st;
    struct smmu_space space;
    iovp_device *d;
    uint64_t ste;

    REQUIRE(build(&m, &drv.platform, &d));
    REQUIRE(smmu_init(&drv) == 0);
    REQUIRE(smmu_attach(&drv, &st, 0x10, 0, 0) == 0);
    REQUIRE(smmu_space_create(&drv, &space) == 0);
    REQUIRE(smmu_bind(&drv, &st, SMMU_NO_PASID, &space) == 0);
    ste = ste_of(&drv, 0x10);
    CHECK_STR(why(d, STALL), "CD[0x10].S");
    put64(drv.platform, st.cd_table, get64(drv.platform, st.cd_table) | S_BIT);
    CHECK_STR(why(d, STALL), "");
    put64(drv.platform, ste + 8, get64(drv.platform, ste + 8) | 1ull << 27);
    CHECK_STR(why(d, STALL), "STE[0x10].S1STALLD");
    iovp_platform_destroy(drv.platform);
}

TEST_CASE(Explain, StallWorks)
{
    stall_works(0);
    stall_works(2);
}

/* LOG2SIZE 4 holds the StreamIDs 0 to 15. */
TEST_CASE(Explain, StreamTableTooSmall)
{
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    soc_set_reg(&s, 0x80, 8, SOC_RAM); /* STRTAB_BASE */
    soc_set_reg(&s, 0x88, 4, 4);       /* STRTAB_BASE_CFG: linear */
    soc_set_reg(&s, 0x20, 4, 1);       /* CR0.SMMUEN */
    CHECK_STR(why(s.npu, IOVP_FEATURE_TRANSLATION), "SMMU_STRTAB_BASE_CFG");
    says("LOG2SIZE is 4");
    /* 32 StreamIDs: the STE is there, and zero. */
    soc_set_reg(&s, 0x20, 4, 0);
    soc_set_reg(&s, 0x88, 4, 5);
    soc_set_reg(&s, 0x20, 4, 1);
    CHECK_STR(why(s.npu, IOVP_FEATURE_TRANSLATION), "STE[0x10].V");
    /* Nothing answers at 0x40000000. */
    soc_set_reg(&s, 0x20, 4, 0);
    soc_set_reg(&s, 0x80, 8, 0x40000000);
    soc_set_reg(&s, 0x20, 4, 1);
    CHECK_STR(why(s.npu, IOVP_FEATURE_TRANSLATION), "STE[0x10]");
    says("0x40000400");
    says("F_STE_FETCH");
    soc_close(&s);
}

/* ---- no side effect; both modes ---------------------------------------- */

struct seen {
    iovp_stream_stats row[8];
    size_t rows;
    uint32_t eventq, cmdq, gerror, cr0ack;
    uint64_t now;
    struct smmuv3_stats core;
};

static void look(struct soc *s, struct seen *out)
{
    struct platform_device_state *d;
    struct platform *p;

    memset(out, 0, sizeof(*out));
    out->rows = 8;
    for (size_t i = 0; i < 8; i++)
        out->row[i].size = sizeof(out->row[i]);
    CHECK_EQ(iovp_stats(s->p, out->row, &out->rows), IOVP_OK);
    out->now = iovp_now(s->p);
    CHECK_EQ(handle_enter_device(s->npu, ENTER_NORMAL, &p, &d), IOVP_OK);
    smmuv3_get_stats(d->core, &out->core);
    out->eventq = soc_reg(s, 0x100a8);
    out->cmdq = soc_reg(s, 0x9c);
    out->gerror = soc_reg(s, 0x60);
    out->cr0ack = soc_reg(s, 0x24);
}

static void ask_all(struct soc *s)
{
    iovp_device *const d[] = {s->npu, s->disp, s->raw};

    for (size_t i = 0; i < 3; i++)
        for (uint32_t f = 0; f <= IOVP_FEATURE_SVA; f++)
            ask(d[i], f);
}

static void quiet(struct soc *s, uint32_t mode)
{
    struct smmu_stream st;
    struct smmu_space space;
    struct seen before, after;
    iovp_attrs pasid = soc_pasid(5120);
    iovp_dma_result r;
    uint64_t now;

    (void)mode;
    ask_all(s); /* every stream aborts or has no STE */
    REQUIRE(smmu_attach(&s->drv, &st, SOC_NPU_SID, SOC_PASIDBITS, 0) == 0);
    ask_all(s); /* no CD */
    REQUIRE(smmu_space_create(&s->drv, &space) == 0);
    REQUIRE(smmu_bind(&s->drv, &st, 5120, &space) == 0);
    REQUIRE(smmu_map(&s->drv, &space, 0x1000, SOC_PAGE(0), PAGE_BYTES, 0) == 0);
    look(s, &before);
    CHECK_EQ(before.rows, 0);
    now = iovp_now(s->p);
    ask_all(s);
    CHECK_EQ(iovp_now(s->p), now);
    look(s, &after);
    before.now = after.now = 0; /* reading registers takes time */
    CHECK_MEM(&after, &before, sizeof(after));
    CHECK_EQ(soc_events(s), 0);
    /* PASID 5120 is the first of its leaf table, which is the only one. */
    CHECK_STR(why(s->npu, IOVP_FEATURE_PASID), "");
    CHECK(strstr(list[listed - 1].what, "PASID 5120"));
    /* The caches are as empty as before. */
    r = soc_read(s->npu, &pasid, 0x1000, 64);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    look(s, &after);
    REQUIRE(after.rows == 1);
    CHECK_EQ(after.row[0].lookups[IOVP_STAT_CONFIG], 1);
    CHECK_EQ(after.row[0].hits[IOVP_STAT_CONFIG], 0);
    CHECK_EQ(after.row[0].hits[IOVP_STAT_TLB], 0);
    CHECK_EQ(after.row[0].transfers, 1);
}

TEST_CASE(Explain, ChangesNothing)
{
    soc_both(quiet);
}

/* ---- misuse -------------------------------------------------------------- */

TEST_CASE(Explain, WrongArguments)
{
    struct soc s;
    iovp_condition *c;
    size_t n = 0, all;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_explain(NULL, 0, NULL, &n), IOVP_E_HANDLE);
    CHECK_EQ(iovp_explain(s.npu, 7, NULL, &n), IOVP_E_INVALID);
    CHECK_EQ(iovp_explain(s.npu, UINT32_MAX, NULL, &n), IOVP_E_INVALID);
    CHECK_EQ(iovp_explain(s.npu, 0, list, NULL), IOVP_E_INVALID);
    n = 5;
    CHECK_EQ(iovp_explain(s.npu, 0, NULL, &n), IOVP_E_INVALID);
    CHECK_EQ(n, 5);
    n = 0;
    CHECK_EQ(iovp_explain(s.npu, 0, NULL, &n), IOVP_E_SPACE);
    all = n;
    CHECK(all > 5 && all < MAX);
    /* One too few: nothing but the count is written. */
    c = calloc(all, sizeof(*c));
    REQUIRE(c != NULL);
    for (size_t i = 0; i < all; i++)
        c[i] = (iovp_condition){.size = sizeof(*c), .state = 77};
    n = all - 1;
    CHECK_EQ(iovp_explain(s.npu, 0, c, &n), IOVP_E_SPACE);
    CHECK_EQ(n, all);
    CHECK_EQ(c[0].state, 77);
    /* The last element's size is not set. */
    c[all - 1].size = 0;
    CHECK_EQ(iovp_explain(s.npu, 0, c, &n), IOVP_E_INVALID);
    CHECK(strstr(iovp_last_error(), "size"));
    CHECK_EQ(c[0].state, 77);
    c[all - 1].size = sizeof(*c) + 8;
    CHECK_EQ(iovp_explain(s.npu, 0, c, &n), IOVP_E_INVALID);
    c[all - 1].size = sizeof(*c);
    CHECK_EQ(iovp_explain(s.npu, 0, c, &n), IOVP_OK);
    CHECK_EQ(n, all);
    CHECK(c[0].state <= IOVP_CONDITION_UNKNOWN);
    free(c);
    soc_close(&s);
    CHECK_EQ(iovp_explain(s.npu, 0, NULL, &n), IOVP_E_HANDLE);
}

/* A device without IOMMU: what the tree says, and no more. */
TEST_CASE(Explain, NoIommu)
{
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_STR(why(s.raw, IOVP_FEATURE_SVA), "raw@a020000 iommus");
    CHECK_EQ(state("raw@a020000 pasid-num-bits"), IOVP_CONDITION_FAILS);
    CHECK_EQ(state("IOMMU dma-coherent"), IOVP_CONDITION_UNKNOWN);
    CHECK_EQ(listed, 3);
    soc_close(&s);
}

/* SPDX-License-Identifier: MIT */
#include "io_soc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "../platforms/cmd_pci_enum.h"
#include "shim.h"

#define IDR0_ATS_PRI (1u << 10 | 1u << 16)
#define IDR1_PRIQS   (8u << 11)
#define IO_VF_BAR    0x5ff00000u /* where enumeration puts nothing */

/* %s: the SMMU's ID registers. */
static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "gic: gic@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller;\n"
    "  #interrupt-cells = <3>; #address-cells = <2>; #size-cells = <2>;\n"
    "  reg = <0 0x8000000 0 0x10000>; ranges;\n"
    "  its: its@8080000 { compatible = \"arm,gic-v3-its\"; msi-controller;\n"
    "    #msi-cells = <1>; reg = <0 0x8080000 0 0x20000>; }; };\n"
    "a: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; %s};\n"
    "engine@a000000 { compatible = \"iovp,dma-engine\";\n"
    "  reg = <0 0xa000000 0 0x2000>; interrupt-parent = <&gic>;\n"
    "  interrupts = <0 40 4>, <0 41 4>; iommus = <&a 0x10>;\n"
    "  pasid-num-bits = <8>; dma-can-stall; };\n"
    "rigid@a010000 { compatible = \"iovp,dma-engine\";\n"
    "  reg = <0 0xa010000 0 0x2000>; iommus = <&a 0x11>; };\n"
    "pcie@40000000 { compatible = \"pci-host-ecam-generic\";\n"
    "  device_type = \"pci\"; #address-cells = <3>; #size-cells = <2>;\n"
    "  reg = <0 0x40000000 0 0x1000000>; bus-range = <0 15>;\n"
    "  ranges = <0x02000000 0 0x50000000 0 0x50000000 0 0x10000000>;\n"
    "  iommu-map = <0 &a 0x1000 0x1000>; msi-map = <0 &its 0 0x1000>;\n"
    "  ats-supported;\n"
    "  port@1,0 { compatible = \"iovp,pcie-root-port\"; device_type = "
    "\"pci\";\n"
    "    reg = <0x800 0 0 0 0>; #address-cells = <3>; #size-cells = <2>;\n"
    "    ranges;\n"
    "    pci@0,0 { compatible = \"iovp,test-endpoint\"; reg = <0 0 0 0 0>;\n"
    "      iovp,pasid-bits = <16>; iovp,ats; iovp,pri; }; };\n"
    "  rciep@2,0 { compatible = \"iovp,test-endpoint\";\n"
    "    reg = <0x1000 0 0 0 0>; iovp,pasid-bits = <16>; iovp,ats;\n"
    "    iovp,pri; iovp,atc-invalidate-ps = <3000000000>;\n"
    "    iovp,vfs = <2>; };\n"
    "}; };\n";

static const void *compile(const char *idr, size_t *bytes)
{
    char *text = malloc(sizeof(tree) + strlen(idr));
    void *blob = NULL;

    if (!text)
        return NULL;
    snprintf(text, sizeof(tree) + strlen(idr), tree, idr);
    if (!soc_compile(text, &blob, bytes))
        blob = NULL;
    free(text);
    return blob;
}

static uint32_t smmu_reg(iovp_platform *p, uint32_t at)
{
    uint64_t v = 0;

    CHECK_EQ(IOVP_OK, iovp_mmio_read(p, IO_SMMU + at, 4, 0, &v));
    return (uint32_t)v;
}

/* The model's own ID registers, and ATS and PRI. */
static const void *blob_of_tree(size_t *bytes)
{
    static const void *blob;
    static size_t size;
    iovp_platform *p = NULL;
    const void *plain;
    char idr[160];

    if (!blob) {
        plain = compile("", bytes);
        if (!plain || iovp_platform_create(&p, NULL, plain, *bytes)) {
            shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
            return NULL;
        }
        snprintf(idr, sizeof(idr), "iovp,idr = <%u %u %u %u %u %u>;",
                 smmu_reg(p, 0) | IDR0_ATS_PRI, smmu_reg(p, 4) | IDR1_PRIQS,
                 smmu_reg(p, 0xc), smmu_reg(p, 0x14), smmu_reg(p, 0x18),
                 smmu_reg(p, 0x1c));
        iovp_platform_destroy(p);
        free((void *)(uintptr_t)plain);
        blob = compile(idr, &size);
    }
    *bytes = size;
    return blob;
}

/* ---- what drivers use ------------------------------------------------------
 */

static uint32_t unit_read(void *ud, uint32_t at)
{
    struct io_unit *u = ud;
    uint64_t v = 0;

    CHECK_EQ(IOVP_OK, iovp_mmio_read(u->io->p, u->base + at, 4, 0, &v));
    return (uint32_t)v;
}

static void unit_write(void *ud, uint32_t at, uint32_t value)
{
    struct io_unit *u = ud;

    CHECK_EQ(IOVP_OK, iovp_mmio_write(u->io->p, u->base + at, 4, 0, value));
}

static bool unit_sleep(void *ud)
{
    struct io_unit *u = ud;
    uint32_t reason = 0;

    CHECK_EQ(IOVP_OK,
             iovp_run_until(u->io->p, iovp_now(u->io->p) + 1000000, &reason));
    return reason == IOVP_RUN_TIME;
}

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct io *io = ud;

    if (e->kind == IOVP_IRQ_MSI)
        io->msis++;
    if (!strncmp(e->source, "iommu", 5))
        return;
    io->irq = *e;
    io->irqs++;
}

/* ---- configuration space --------------------------------------------------
 */

static uint32_t cfg_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    struct io *io = ud;
    uint64_t v = 0;

    CHECK_EQ(IOVP_OK, iovp_mmio_read(io->p, IO_ECAM + ((uint64_t)id << 12) + at,
                                     width, 0, &v));
    return (uint32_t)v;
}

static void cfg_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                      uint32_t value)
{
    struct io *io = ud;

    CHECK_EQ(IOVP_OK,
             iovp_mmio_write(io->p, IO_ECAM + ((uint64_t)id << 12) + at, width,
                             0, value));
}

static uint16_t rid_of(const struct io_unit *u)
{
    iovp_device_info info = IOVP_DEVICE_INFO_INIT;

    CHECK_EQ(IOVP_OK, iovp_device_get_info(u->d, &info));
    return (uint16_t)info.requester_id;
}

uint32_t io_config(struct io *io, const struct io_unit *u, uint32_t at,
                   unsigned width)
{
    return cfg_read(io, rid_of(u), at, width);
}

uint32_t io_ext_cap(struct io *io, const struct io_unit *u, uint16_t cap)
{
    struct pcie_enum e = {.read = cfg_read, .write = cfg_write, .ud = io};

    return pcie_enum_ext(&e, rid_of(u), cap);
}

void io_config_set(struct io *io, const struct io_unit *u, uint32_t at,
                   unsigned width, uint32_t value)
{
    cfg_write(io, rid_of(u), at, width, value);
}

void io_power(struct io *io, const struct io_unit *u, uint32_t state)
{
    struct pcie_enum e = {.read = cfg_read, .write = cfg_write, .ud = io};

    cfg_write(io, rid_of(u),
              pcie_enum_cap(&e, rid_of(u), PCIE_ID_PM) + PCIE_PMCSR, 2, state);
}

static bool enumerate(struct io *io)
{
    static struct pcie_enum e;

    memset(&e, 0, sizeof(e));
    e.read = cfg_read;
    e.write = cfg_write;
    e.ud = io;
    e.bus_last = 15;
    e.pool[ENUM_MEM] = (struct pcie_enum_pool){0x50000000, 0x60000000};
    e.pool[ENUM_PREF] = (struct pcie_enum_pool){0, 0};
    pcie_enumerate(&e);
    if (e.error)
        shim_fail(__FILE__, __LINE__, "%s", e.error);
    for (unsigned i = 0; i < e.count; i++) {
        if (e.fn[i].id == rid_of(&io->pci))
            io->pci.base = e.fn[i].bar[0];
        if (e.fn[i].id == rid_of(&io->rciep))
            io->rciep.base = e.fn[i].bar[0];
    }
    return !e.error && io->pci.base && io->rciep.base;
}

/* ---- life ------------------------------------------------------------------
 */

static bool unit(struct io *io, struct io_unit *u, const char *name,
                 uint64_t base)
{
    u->io = io;
    u->base = base;
    u->drv = (struct tep_driver){
        .read = unit_read, .write = unit_write, .sleep = unit_sleep, .ud = u};
    return !iovp_device_find(io->p, name, &u->d);
}

/* System Page Size 4 KiB, VF BAR0, NumVFs, VF Enable and VF MSE. */
bool io_open_vf(struct io *io, struct io_unit *u)
{
    uint32_t cap = io_ext_cap(io, &io->rciep, PCIE_EXT_SRIOV);

    io_config_set(io, &io->rciep, cap + PCIE_SRIOV_SYSTEM_PAGE, 4, 1);
    io_config_set(io, &io->rciep, cap + PCIE_SRIOV_VF_BAR, 4, IO_VF_BAR);
    io_config_set(io, &io->rciep, cap + PCIE_SRIOV_NUM_VFS, 2, 2);
    io_config_set(io, &io->rciep, cap + PCIE_SRIOV_CONTROL, 2,
                  PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE);
    if (!unit(io, u, "rciep@2,0/vf0", IO_VF_BAR))
        return false;
    io_config_set(io, u, PCIE_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
    return tep_probe(&u->drv);
}

bool io_open(struct io *io, uint32_t mode)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    size_t bytes = 0;
    const void *blob = blob_of_tree(&bytes);

    memset(io, 0, sizeof(*io));
    io->timed = mode == IOVP_MODE_TIMED;
    c.mode = mode;
    if (blob && !iovp_platform_create(&io->p, &c, blob, bytes) &&
        !iovp_irq_handler(io->p, on_irq, NULL, io) &&
        unit(io, &io->engine, "engine@a000000", 0xa000000) &&
        unit(io, &io->rigid, "rigid@a010000", 0xa010000) &&
        unit(io, &io->pci, "pci@0,0", 0) &&
        unit(io, &io->rciep, "rciep@2,0", 0) && enumerate(io) &&
        tep_probe(&io->engine.drv) && tep_probe(&io->rigid.drv) &&
        tep_probe(&io->pci.drv) && tep_probe(&io->rciep.drv))
        return true;
    shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
    iovp_platform_destroy(io->p);
    return false;
}

void io_close(struct io *io)
{
    iovp_platform_destroy(io->p);
    io->p = NULL;
}

struct job {
    void (*fn)(struct io *io);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    const struct job *j = ud;
    struct io io;

    REQUIRE(io_open(&io, j->mode));
    j->fn(&io);
    io_close(&io);
}

void io_both(void (*fn)(struct io *io))
{
    struct job j = {fn, IOVP_MODE_FUNCTIONAL};
    size_t bytes;

    REQUIRE(blob_of_tree(&bytes));
    one_mode(&j);
    j.mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(one_mode, &j);
}

/* ---- shared virtual addresses ----------------------------------------------
 */

static iovp_domain *domain_of(const struct io_pager *p)
{
    iovp_domain *m = NULL;

    CHECK_EQ(IOVP_OK, iovp_process_domain(p->s, &m));
    return m;
}

void io_map(struct io_pager *p, unsigned n, uint32_t rights)
{
    uint64_t at = IO_VA + (uint64_t)n * IO_PAGE;

    CHECK_EQ(IOVP_OK, iovp_domain_map(domain_of(p), IOVP_MAP_FIXED, &at,
                                      IO_PA(n), IO_PAGE, rights));
}

void io_unmap(struct io_pager *p, unsigned n)
{
    uint64_t at = IO_VA + (uint64_t)n * IO_PAGE, bytes = 0;

    CHECK_EQ(IOVP_OK,
             iovp_domain_unmap(domain_of(p), at, at + IO_PAGE - 1, &bytes));
    CHECK_EQ(IO_PAGE, bytes);
}

static iovp_status on_fault(void *ud, const iovp_fault_record *f,
                            uint32_t *respond)
{
    struct io_pager *p = ud;

    p->calls++;
    p->last = *f;
    *respond = IOVP_RESPOND_INVALID;
    if (p->hold)
        return IOVP_PASS;
    if (p->refuse || f->addr < IO_VA)
        return IOVP_OK;
    io_map(p, (unsigned)((f->addr - IO_VA) / IO_PAGE), IO_RW);
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

uint32_t io_bind(struct io *io, struct io_pager *p, iovp_device *d)
{
    iovp_context_config cc = IOVP_CONTEXT_CONFIG_INIT;
    iovp_process_config pc = IOVP_PROCESS_CONFIG_INIT;
    iovp_sva_config sc = IOVP_SVA_CONFIG_INIT;
    uint32_t pasid = 0;

    pc.fault = on_fault;
    pc.ud = p;
    p->d = d;
    /* Whoever holds an answer back does so for good. */
    if (p->hold)
        cc.fault_timeout = UINT64_MAX;
    if (!io->donated)
        CHECK_EQ(IOVP_OK, iovp_memory_donate(io->p, IO_RAM, IO_POOL));
    io->donated = true;
    CHECK_EQ(IOVP_OK, iovp_context_create(&p->c, io->p, &cc));
    CHECK_EQ(IOVP_OK, iovp_process_create(&p->s, p->c, &pc));
    CHECK_EQ(IOVP_OK, iovp_sva_bind(p->s, d, &sc, &pasid));
    return pasid;
}

/* ---- data ------------------------------------------------------------------
 */

void io_fill(struct io *io, unsigned n, uint8_t byte)
{
    uint8_t page[IO_PAGE];

    memset(page, byte, sizeof(page));
    CHECK_EQ(iovp_mem_write(io->p, IO_PA(n), page, sizeof(page)), IOVP_OK);
}

bool io_holds(struct io *io, unsigned n, uint8_t byte)
{
    uint8_t page[IO_PAGE];

    CHECK_EQ(iovp_mem_read(io->p, IO_PA(n), page, sizeof(page)), IOVP_OK);
    for (size_t i = 0; i < sizeof(page); i++)
        if (page[i] != byte)
            return false;
    return true;
}

uint64_t io_counter(iovp_device *d, const char *name)
{
    iovp_counter c[64];
    size_t count = 64;

    for (size_t i = 0; i < count; i++)
        c[i].size = sizeof(c[i]);
    CHECK_EQ(IOVP_OK, iovp_device_counters(d, c, &count));
    for (size_t i = 0; i < count; i++)
        if (!strcmp(c[i].name, name))
            return c[i].value;
    shim_fail(__FILE__, __LINE__, "no counter %s", name);
    return 0;
}

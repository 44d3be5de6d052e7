/* SPDX-License-Identifier: MIT */
/*
 * What the exerciser tests of Arm's compliance suite do to the device, and what
 * they expect of it; the numbers are the suite's.
 */
#include "shim.h"

#include <string.h>

#include "../models/common/bits.h"
#include "exerciser_scene.h"

#define RAM RSOC_RAM

static struct exs x;

#define OPEN()    \
    exs_init(&x); \
    REQUIRE(exs_open(&x))

static struct exdrv *drv(uint32_t fn)
{
    return &x.d[fn];
}

static void acs(uint32_t fn, uint32_t services)
{
    rsoc_cap_wr(x.s, fn, PCIE_CAP_ACS, PCIE_ACS_CONTROL, 2, services);
}

/* e001: Source Validation and Translation Blocking of the port above. */
TEST_CASE(ExerciserSuite, E001SourceValidationAndTranslationBlocking)
{
    uint64_t target;

    OPEN();
    acs(EXS_RP0, PCIE_ACS_SV | PCIE_ACS_TB);
    acs(EXS_RP1, PCIE_ACS_SV | PCIE_ACS_TB);
    target = exdrv_bar(drv(EXS_EX1), 0);
    exs_device_status(&x, EXS_RP0);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, target, 1);
    CHECK_EQ(0, exs_device_status(&x, EXS_RP0));

    /* A requester ID of a bus behind the port's subordinate one. */
    exdrv_requester(drv(EXS_EX0), 2 << 8);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, target, 1);
    CHECK(exs_device_status(&x, EXS_RP0));
    CHECK(rsoc_cap_rd(x.s, EXS_RP0, PCIE_CAP_AER, PCIE_AER_UNCOR_STATUS, 4) &
          1u << PCIE_UNCOR_ACS);

    /* The suite takes it back by writing the ID 0. */
    exdrv_requester(drv(EXS_EX0), 0);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, target, 1);
    CHECK_EQ(0, exs_device_status(&x, EXS_RP0));

    exdrv_address_type(drv(EXS_EX0), 3);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, target, 1));
    CHECK(exs_device_status(&x, EXS_RP0));
    /* And nothing takes back that. */
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, target, 1));
    CHECK_EQ(0, exs_device_status(&x, EXS_RP0));
    exs_close(&x);
}

/* Without blocking, the documentation wants an Unsupported Request. */
TEST_CASE(ExerciserSuite, ReservedAddressTypeIsUnsupported)
{
    OPEN();
    exs_device_status(&x, EXS_RP0);
    exdrv_address_type(drv(EXS_EX0), 3);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM, 4));
    CHECK(exs_device_status(&x, EXS_RP0) & PCIE_DEVSTA_UR);
    CHECK_EQ(0, x.s->untranslated);
    /* An integrated one has no port above that could tell. */
    exdrv_address_type(drv(EXS_RC), 3);
    CHECK_EQ(2, exs_dma(&x, EXS_RC, EXDRV_TO_DEVICE, RAM, 4));
    CHECK_EQ(0, x.s->untranslated);
    exs_close(&x);
}

/* The suite spoils what is at BAR0, MSI control, and looks whether DMA of a
 * byte changes it. */
static bool redirected(uint64_t target)
{
    uint32_t before;

    exdrv_dma_attributes(drv(EXS_EX0), target, 1);
    exs_wr(&x, EXS_EX1, 0, 0xabcdabcd);
    before = exs_rd(&x, EXS_EX1, 0);
    exdrv_dma(drv(EXS_EX0), EXDRV_FROM_DEVICE);
    return exs_rd(&x, EXS_EX1, 0) != before;
}

/* e002: what is redirected is subject to the IOMMU's permissions. */
TEST_CASE(ExerciserSuite, E002RedirectedRequests)
{
    uint64_t target;

    OPEN();
    acs(EXS_RP0, PCIE_ACS_RR | PCIE_ACS_UF);
    acs(EXS_RP1, PCIE_ACS_RR | PCIE_ACS_UF);
    target = exdrv_bar(drv(EXS_EX1), 0);
    x.s->iommu = true;
    rsoc_map(x.s, EXS_EX0, RSOC_NO_PASID, target, target, 12, IOVP_ATS_READ);
    CHECK(!redirected(target));
    CHECK_EQ(1, x.s->faults);
    rsoc_unmap(x.s, EXS_EX0, RSOC_NO_PASID, target, 12);
    rsoc_map(x.s, EXS_EX0, RSOC_NO_PASID, target, target, 12,
             IOVP_ATS_READ | IOVP_ATS_WRITE);
    CHECK(redirected(target));
    CHECK_EQ(1, x.s->faults);
    exs_close(&x);
}

/* e003, e021: accesses in their order.  Bit 1: a read. */
static void order(uint32_t (*rd)(unsigned), void (*wr)(unsigned), bool config)
{
    static const bool writes[] = {true,  true,  false, true,
                                  false, false, false, false};
    struct exdrv_record r;

    exdrv_monitor(drv(EXS_EX0), true);
    for (unsigned i = 0; i < 8; i++)
        if (writes[i])
            wr(i);
        else
            rd(i);
    exdrv_monitor(drv(EXS_EX0), false);
    for (unsigned i = 0; i < 8; i++) {
        REQUIRE(exdrv_record(drv(EXS_EX0), &r));
        CHECK_EQ(writes[i] ? 0 : 2, r.attributes & 2);
        CHECK_EQ(config ? 4 : 0, r.attributes & 5);
    }
    /* To stop it, the driver has read BAR0 once more: the next one starts
     * anew. */
}

static unsigned width;

static uint32_t config_rd(unsigned i)
{
    return rsoc_cfg_rd(x.s, EXS_EX0, i * width, width);
}

static void config_wr(unsigned i)
{
    rsoc_cfg_wr(x.s, EXS_EX0, i * width, width,
                rsoc_fn(x.s, EXS_EX0) ? 0x07 : 0);
}

static uint32_t memory_rd(unsigned i)
{
    return (uint32_t)rsoc_bar_rd(x.s, EXS_EX0, 1, i * width, width);
}

static void memory_wr(unsigned i)
{
    rsoc_bar_wr(x.s, EXS_EX0, 1, i * width, width, i);
}

TEST_CASE(ExerciserSuite, E003ArrivalOrder)
{
    OPEN();
    for (width = 1; width <= 4; width *= 2)
        order(config_rd, config_wr, true);
    rsoc_cfg_wr(x.s, EXS_EX0, PCIE_COMMAND, 2, 6);
    for (width = 1; width <= 8; width *= 2)
        order(memory_rd, memory_wr, false);
    exs_close(&x);
}

/* e022: data of writes to BAR0, which is not to start anything. */
TEST_CASE(ExerciserSuite, E022DataOfWrites)
{
    static const uint64_t value[] = {0xabcd, 0xc0dec0de, 0xcafecafecafecafe};
    struct exdrv_record r;
    uint64_t bar;

    OPEN();
    bar = exdrv_bar(drv(EXS_EX0), 0);
    for (unsigned i = 0, bytes = 2; i < 3; i++, bytes *= 2) {
        exdrv_monitor(drv(EXS_EX0), true);
        for (unsigned n = 0; n < 4; n++)
            rsoc_bar_wr(x.s, EXS_EX0, 0, n * bytes, bytes, value[i]);
        exdrv_monitor(drv(EXS_EX0), false);
        for (unsigned n = 0; n < 4; n++) {
            REQUIRE(exdrv_record(drv(EXS_EX0), &r));
            CHECK_EQ(value[i], r.data);
            CHECK_EQ(bar + n * bytes, r.addr);
            CHECK_EQ(bytes << 16, r.attributes);
        }
    }
    for (unsigned n = 0; n < 4; n++)
        rsoc_bar_wr(x.s, EXS_EX0, 0, 8 * n, 8, 0);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0, x.s->untranslated);
    CHECK_EQ(0, exs_rd(&x, EXS_EX0, 0x08));
    exs_close(&x);
}

/* e010, e015: configuration requests on the secondary bus are of type 0. */
TEST_CASE(ExerciserSuite, E010And015ConfigurationRequestsAreType0)
{
    struct exdrv_record r;
    uint16_t id;

    OPEN();
    id = drv(EXS_EX0)->id;
    exdrv_monitor(drv(EXS_EX0), true);
    CHECK_EQ(0xed0113b5, drv(EXS_EX0)->bus.cfg_read(&x, id, 0));
    exdrv_monitor(drv(EXS_EX0), false);
    REQUIRE(exdrv_record(drv(EXS_EX0), &r));
    CHECK_EQ((uint64_t)id << 12, r.addr);
    CHECK_EQ(4 << 16 | 4 | 2, r.attributes);
    CHECK_EQ(0xed0113b5, r.data);
    exdrv_drain(drv(EXS_EX0));
    CHECK(!exdrv_record(drv(EXS_EX0), &r));
    exs_close(&x);
}

/* e015: with ARI Forwarding, device 1 of the bus is function 8. */
TEST_CASE(ExerciserSuite, E015AriForwarding)
{
    uint16_t f8;

    OPEN();
    f8 = (uint16_t)(drv(EXS_EX0)->id | 8);
    CHECK_EQ(0xffffffff, drv(EXS_EX0)->bus.cfg_read(&x, f8, 0));
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_EXP, PCIE_DEVCTL2, 2,
                PCIE_DEVCTL2_ARI_FORWARDING);
    CHECK_EQ(0xed0113b5, drv(EXS_EX0)->bus.cfg_read(&x, f8, 0));
    /* Next Function Number. */
    CHECK_EQ(8, rsoc_cap_rd(x.s, EXS_EX0, PCIE_CAP_ARI, 5, 1));
    exs_close(&x);
}

/* e006: the interrupt handler looks at Interrupt Status, then clears it. */
TEST_CASE(ExerciserSuite, E006Intx)
{
    unsigned line;

    OPEN();
    CHECK_EQ(1, rsoc_cfg_rd(x.s, EXS_EX0, PCIE_INTERRUPT_PIN, 1));
    exdrv_intx(drv(EXS_EX0), false);
    exdrv_intx(drv(EXS_EX0), true);
    for (line = 0; line < 4 && !x.s->line[line]; line++)
        ;
    CHECK(line < 4);
    CHECK(rsoc_cfg_rd(x.s, EXS_EX0, PCIE_STATUS, 2) & PCIE_STATUS_INTERRUPT);
    exdrv_intx(drv(EXS_EX0), false);
    CHECK(!x.s->line[line & 3]);
    CHECK(!(rsoc_cfg_rd(x.s, EXS_EX0, PCIE_STATUS, 2) & PCIE_STATUS_INTERRUPT));
    exs_close(&x);
}

/* e007, e008, e019: into the device, out again, data alike. */
TEST_CASE(ExerciserSuite, E007DmaThereAndBack)
{
    OPEN();
    for (unsigned snoop = 0; snoop < 2; snoop++) {
        exdrv_no_snoop(drv(EXS_EX0), !snoop);
        memset(rsoc_ram(x.s, RAM, 2048), snoop ? 0xad : 0xbc, 2048);
        memset(rsoc_ram(x.s, RAM + 2048, 2048), 0, 2048);
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 2048));
        CHECK_EQ(snoop ? 0 : PCIE_ATTR_NO_SNOOP,
                 x.s->last.attr & PCIE_ATTR_NO_SNOOP);
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 2048, 2048));
        CHECK_MEM(rsoc_ram(x.s, RAM, 1), rsoc_ram(x.s, RAM + 2048, 1), 2048);
    }
    exs_close(&x);
}

/* e012, e033, e035: an MSI of an index is a write by its own ID. */
TEST_CASE(ExerciserSuite, E033Msi)
{
    OPEN();
    rsoc_enable_msix(x.s, EXS_EX0, 2048, 0x1000);
    exdrv_msi(drv(EXS_EX0), 0);
    exdrv_msi(drv(EXS_EX0), 2047);
    REQUIRE(x.s->msis == 2);
    CHECK_EQ(0x1000, x.s->msi[0].data);
    CHECK_EQ(0x1000 + 2047, x.s->msi[1].data);
    CHECK_EQ(drv(EXS_EX0)->id, x.s->msi[1].rid);
    CHECK_EQ(2047, exs_rd(&x, EXS_EX0, 0));
    exs_close(&x);
}

/* e017: without Bus Master Enable of the root port. */
TEST_CASE(ExerciserSuite, E017BusMasterOfThePort)
{
    OPEN();
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_COMMAND, 2, PCIE_COMMAND_MEMORY_SPACE);
    exs_device_status(&x, EXS_RP0);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 8192));
    CHECK(exs_device_status(&x, EXS_RP0) & PCIE_DEVSTA_UR);
    CHECK(rsoc_cfg_rd(x.s, EXS_EX0, PCIE_STATUS, 2) &
          PCIE_STATUS_RECEIVED_MASTER_ABORT);
    exs_close(&x);
}

/* e019: by translations that differ from function to function. */
TEST_CASE(ExerciserSuite, E019Translation)
{
    static const uint32_t fn[] = {EXS_EX0, EXS_EX1, EXS_RC};

    OPEN();
    x.s->iommu = true;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t iova = 0x7000000000ull + i * 0x4000;

        for (unsigned p = 0; p < 4; p++)
            rsoc_map(x.s, fn[i], RSOC_NO_PASID, iova + p * 0x1000,
                     RAM + p * 0x1000, 12, IOVP_ATS_READ | IOVP_ATS_WRITE);
        memset(rsoc_ram(x.s, RAM, 0x4000), 0, 0x4000);
        memset(rsoc_ram(x.s, RAM, 0x2000), (int)(0xd0 + i), 0x2000);
        CHECK_EQ(0, exs_dma(&x, fn[i], EXDRV_TO_DEVICE, iova, 0x2000));
        CHECK_EQ(0,
                 exs_dma(&x, fn[i], EXDRV_FROM_DEVICE, iova + 0x2000, 0x2000));
        CHECK_MEM(rsoc_ram(x.s, RAM, 1), rsoc_ram(x.s, RAM + 0x2000, 1),
                  0x2000);
    }
    exs_close(&x);
}

/* e020: ATS, then a translated read and, as nothing takes the type back, a
 * translated write. */
TEST_CASE(ExerciserSuite, E020Ats)
{
    uint64_t va = 0x7000000000ull;

    OPEN();
    x.s->iommu = true;
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_ATS, PCIE_ATS_CONTROL, 2,
                PCIE_ATS_ENABLE);
    rsoc_map(x.s, EXS_EX0, RSOC_NO_PASID, va, RAM + 0x5000, 12,
             IOVP_ATS_READ | IOVP_ATS_WRITE);
    exdrv_dma_attributes(drv(EXS_EX0), va, 2048);
    CHECK(exdrv_ats(drv(EXS_EX0), va));
    CHECK_EQ(RAM + 0x5000, exdrv_ats_address(drv(EXS_EX0)));
    CHECK_EQ(1, x.s->translations);
    memset(rsoc_ram(x.s, RAM + 0x5000, 2048), 0xde, 2048);
    exdrv_address_type(drv(EXS_EX0), 2);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM + 0x5000, 2048));
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 0x5800, 2048));
    CHECK_MEM(rsoc_ram(x.s, RAM + 0x5000, 1), rsoc_ram(x.s, RAM + 0x5800, 1),
              2048);
    CHECK_EQ(0, x.s->untranslated);
    CHECK(x.s->translated);
    exdrv_ats_clear(drv(EXS_EX0));
    CHECK_EQ(0, exdrv_ats_address(drv(EXS_EX0)));
    exs_close(&x);
}

/* Bit of AER's status register for each code of the documentation. */
static const uint8_t error_bit[0x19] = {0,  6,  7,  8,  12, 13, 14, 15, 4,
                                        5,  12, 13, 14, 15, 16, 17, 18, 19,
                                        20, 21, 22, 23, 24, 25, 26};

static void inject(uint32_t code, bool masked, bool fatal)
{
    uint32_t status, root, source;
    bool cor = exdrv_error(drv(EXS_EX0), code, false);

    exdrv_inject(drv(EXS_EX0));
    status = rsoc_cap_rd(x.s, EXS_EX0, PCIE_CAP_AER,
                         cor ? PCIE_AER_COR_STATUS : PCIE_AER_UNCOR_STATUS, 4);
    CHECK(status >> error_bit[code] & 1);
    source = rsoc_cap_rd(x.s, EXS_RP0, PCIE_CAP_AER,
                         cor ? PCIE_AER_SOURCE_COR : PCIE_AER_SOURCE_UNCOR, 2);
    root = exs_root_status(&x, EXS_RP0);
    CHECK_EQ(!masked, root >> (cor ? 0 : 2) & 1);
    if (!masked) {
        CHECK_EQ(drv(EXS_EX0)->id, source);
        if (!cor)
            CHECK_EQ(
                fatal ? PCIE_ROOT_STATUS_FATAL : PCIE_ROOT_STATUS_NON_FATAL,
                root & (PCIE_ROOT_STATUS_FATAL | PCIE_ROOT_STATUS_NON_FATAL));
    }
    CHECK(exs_device_status(&x, EXS_EX0) & (cor ? 1u : 6u));
    /* It has cleared itself. */
    CHECK_EQ(0, drv(EXS_EX0)->bus.cfg_read(
                    &x, drv(EXS_EX0)->id,
                    exdrv_find(drv(EXS_EX0), PCIE_EXT_DVSEC) + 8) &
                    1u << 17);
}

/* e023: all errors, as they are, masked, and fatal. */
TEST_CASE(ExerciserSuite, E023ErrorInjection)
{
    OPEN();
    exs_report(&x, EXS_RP0);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_AER, PCIE_AER_ROOT_COMMAND, 4, 7);
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_BRIDGE_CONTROL, 2,
                PCIE_BRIDGE_CONTROL_SERR_ENABLE);
    for (unsigned pass = 0; pass < 3; pass++) {
        uint32_t mask = pass == 1 ? 0xffffffff : 0;

        exs_report(&x, EXS_EX0);
        rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_MASK, 4, mask);
        rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_COR_MASK, 4, mask);
        rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_SEVERITY, 4,
                    pass == 2 ? 0xffffffff : 0);
        for (uint32_t code = 0; code <= 0x18; code++)
            inject(code, pass == 1, pass == 2);
    }
    exs_close(&x);
}

/* The functions below the port, as the suite keeps them over its reset: by the
 * ID that they had. */
static uint32_t config(uint32_t at)
{
    return drv(EXS_EX0)->bus.cfg_read(&x, drv(EXS_EX0)->id, at);
}

static void restore(const uint32_t (*space)[1024])
{
    for (uint16_t n = 0; n < 2; n++)
        for (uint32_t i = 0; i < 1024; i++)
            drv(EXS_EX0)->bus.cfg_write(
                &x, (uint16_t)(drv(EXS_EX0)->id + 8 * n), 4 * i, space[n][i]);
}

/* An error of the device triggers; software releases it, and resets the bus. */
static void contain(uint32_t trigger, uint32_t reason, uint32_t severity)
{
    static uint32_t space[2][1024];
    uint32_t msis = x.s->msis, status;

    for (uint32_t i = 0; i < 1024; i++) {
        space[0][i] = config(4 * i);
        space[1][i] = rsoc_cfg_rd(x.s, EXS_EX0_F8, 4 * i, 4);
    }
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_DPC, 6, 2, trigger | 0x8);
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_SEVERITY, 4,
                severity);
    exdrv_inject(drv(EXS_EX0));
    CHECK_EQ(0xffffffff, config(0));
    status = rsoc_cap_rd(x.s, EXS_RP0, PCIE_CAP_DPC, 8, 4);
    CHECK_EQ(1, status & 1);
    CHECK_EQ(reason, status >> 1 & 3);
    CHECK_EQ(0, status & 0x10);
    CHECK_EQ(drv(EXS_EX0)->id, status >> 16);
    CHECK_EQ(msis + 1, x.s->msis);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_DPC, 8, 4, 1);
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_BRIDGE_CONTROL, 2, 0x42);
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_BRIDGE_CONTROL, 2, 0x02);
    CHECK(rsoc_cap_rd(x.s, EXS_RP0, PCIE_CAP_EXP, PCIE_LNKSTA, 2) & 0x2000);
    status = rsoc_cap_rd(x.s, EXS_RP0, PCIE_CAP_DPC, 8, 4);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_DPC, 8, 4, status | 1);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_DPC, 6, 2, 0x8);
    restore(space);
    exs_report(&x, EXS_EX0);
    CHECK_EQ(0xed0113b5, config(0));
}

/* e024, e027: the port contains what is not fatal, what is, and completions
 * that failed. */
TEST_CASE(ExerciserSuite, E024And027Containment)
{
    OPEN();
    exs_report(&x, EXS_RP0);
    exs_report(&x, EXS_EX0);
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_BRIDGE_CONTROL, 2,
                PCIE_BRIDGE_CONTROL_SERR_ENABLE);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_MSI, 4, 4, (uint32_t)RSOC_MSI);
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_MSI, 8, 4, (uint32_t)(RSOC_MSI >> 32));
    rsoc_cap_wr(x.s, EXS_RP0, PCIE_CAP_MSI, 2, 2, 1);
    CHECK(!exdrv_error(drv(EXS_EX0), 0x0c, true)); /* completion timeout */
    contain(2, 1, 0);
    contain(1, 2, 0xffffffff);
    exdrv_error(drv(EXS_EX0), 0x0d, true); /* Completer Abort */
    contain(2, 1, 0);
    exdrv_error(drv(EXS_EX0), 0x12, true); /* Unsupported Request */
    contain(2, 1, 0);
    /* The device works again. */
    rsoc_ram_wr(x.s, RAM, 8, 0x1122334455667788);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 8));
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 64, 8));
    CHECK_EQ(0x1122334455667788, rsoc_ram_rd(x.s, RAM + 64, 8));
    exs_close(&x);
}

/* e025: sizes of 2, 4 and 8 bytes, to the host and to a peer. */
TEST_CASE(ExerciserSuite, E025SizesToHostAndPeer)
{
    uint64_t pattern = 0xa5b6c7d8e9f01234, bar;
    struct exdrv_record r;

    OPEN();
    bar = exdrv_bar(drv(EXS_EX1), 0);
    for (unsigned n = 2; n <= 8; n *= 2) {
        rsoc_ram_wr(x.s, RAM, 8, pattern);
        rsoc_ram_wr(x.s, RAM + 64, 8, 0);
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, n));
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 64, n));
        CHECK_EQ(pattern & iovp_mask(8 * n), rsoc_ram_rd(x.s, RAM + 64, 8));

        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, n));
        exdrv_dma_attributes(drv(EXS_EX0), bar, n);
        rsoc_bar_wr(x.s, EXS_EX1, 0, 0x44, 4, 1);
        exdrv_dma(drv(EXS_EX0), EXDRV_FROM_DEVICE);
        rsoc_bar_wr(x.s, EXS_EX1, 0, 0x44, 4, 0);
        REQUIRE(exdrv_record(drv(EXS_EX1), &r));
        CHECK_EQ(pattern & iovp_mask(8 * n), r.data);
        CHECK_EQ(bar, r.addr);
        CHECK_EQ(n << 16, r.attributes);
        exdrv_drain(drv(EXS_EX1));
        CHECK(rsoc_run(x.s));
    }
    exs_close(&x);
}

/* e028: poison reads as ones, writes are ignored, the port is told. */
TEST_CASE(ExerciserSuite, E028Poison)
{
    OPEN();
    exs_report(&x, EXS_EX0);
    rsoc_cfg_wr(x.s, EXS_RP0, PCIE_BRIDGE_CONTROL, 2,
                PCIE_BRIDGE_CONTROL_SERR_ENABLE);
    exs_report(&x, EXS_RP0);
    exs_root_status(&x, EXS_RP0);
    exs_wr(&x, EXS_EX0, 0x0c, 0x55);
    exdrv_poison(drv(EXS_EX0), true);
    CHECK_EQ(0, exs_root_status(&x, EXS_RP0));
    CHECK_EQ(0xffffffff, exs_rd(&x, EXS_EX0, 0x0c));
    exs_wr(&x, EXS_EX0, 0x0c, 0x66);
    CHECK(exs_root_status(&x, EXS_RP0) & PCIE_ROOT_STATUS_UNCOR);
    CHECK_EQ(1u << PCIE_UNCOR_POISONED,
             rsoc_cap_rd(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_STATUS, 4));
    exdrv_poison(drv(EXS_EX0), false);
    CHECK_EQ(0x55, exs_rd(&x, EXS_EX0, 0x0c));
    /* Nobody is told while Device Control reports nothing. */
    exs_report(&x, EXS_EX0);
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_EXP, PCIE_DEVCTL, 2, 0);
    exdrv_poison(drv(EXS_EX0), true);
    CHECK_EQ(0xffffffff, exs_rd(&x, EXS_EX0, 0x0c));
    CHECK_EQ(0,
             rsoc_cap_rd(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_STATUS, 4));
    exs_close(&x);
}

/* e036: the same address of two PASIDs leads to two places. */
TEST_CASE(ExerciserSuite, E036Pasid)
{
    static const uint32_t pasid[] = {0x8100, 0x8200};
    uint64_t va = 0x7000000000ull;

    OPEN();
    x.s->iommu = true;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t pa = RAM + i * 0x2000;

        for (unsigned p = 0; p < 2; p++)
            rsoc_map(x.s, EXS_EX0, (int32_t)pasid[i], va + p * 0x1000,
                     pa + p * 0x1000, 12, IOVP_ATS_READ | IOVP_ATS_WRITE);
        memset(rsoc_ram(x.s, pa, 0x1000), (int)(0xa0 + i), 0x1000);
        CHECK(exdrv_pasid(drv(EXS_EX0), true, pasid[i]));
        CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, va, 0x1000));
        CHECK_EQ(0,
                 exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, va + 0x1000, 0x1000));
        CHECK(x.s->last.pasid_valid);
        CHECK_EQ(pasid[i], x.s->last.pasid);
        CHECK_MEM(rsoc_ram(x.s, pa, 1), rsoc_ram(x.s, pa + 0x1000, 1), 0x1000);
        CHECK(exdrv_pasid(drv(EXS_EX0), false, pasid[i]));
    }
    CHECK_EQ(0, x.s->faults);
    CHECK_EQ(2, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, va, 4));
    CHECK(!x.s->last.pasid_valid);
    exs_close(&x);
}

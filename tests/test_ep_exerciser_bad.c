/* SPDX-License-Identifier: MIT */
/* What nobody should do to an Arm PCIe Exerciser. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"
#include "exerciser_scene.h"

#define RAM     RSOC_RAM
#define DMACTL  0x08
#define OFFSET  0x0c
#define STATUS  0x1c
#define ATSCTL  0x24
#define USE_ATC (1u << 9)

static struct exs x;

#define OPEN()    \
    exs_init(&x); \
    REQUIRE(exs_open(&x))

static struct exdrv *ex0(void)
{
    return &x.d[EXS_EX0];
}

static uint32_t rd(uint32_t at)
{
    return exs_rd(&x, EXS_EX0, at);
}

static void wr(uint32_t at, uint32_t value)
{
    exs_wr(&x, EXS_EX0, at, value);
}

static uint32_t to_device(uint64_t addr, uint32_t length)
{
    return exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, addr, length);
}

TEST_CASE(ExerciserBad, RangesOutOfBounds)
{
    static const struct {
        uint32_t offset, length, status;
    } t[] = {
        {0, 0x4000, 0},          {0, 0x4001, 1},
        {0x4000, 0, 0},          {0x4000, 1, 1},
        {0x4001, 0, 1},          {0x3fff, 2, 1},
        {0xffffffff, 1, 1},      {0xffffffff, 0xffffffff, 1},
        {0x2000, 0xfffff000, 1}, {0x3fff, 1, 0},
    };

    OPEN();
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        x.s->untranslated = 0;
        wr(OFFSET, t[i].offset);
        CHECK_EQ(t[i].status, to_device(RAM, t[i].length));
        CHECK_EQ(!t[i].status && t[i].length, x.s->untranslated != 0);
        CHECK_EQ(0, rd(DMACTL) & 0xf);
    }
    /* Beyond the end of all addresses. */
    wr(OFFSET, 0);
    CHECK_EQ(1, to_device(~0ull, 2));
    /* Writing 1 to bit 2 clears it, and nothing else does. */
    wr(STATUS, 3);
    CHECK_EQ(1, rd(STATUS));
    wr(STATUS, 4);
    CHECK_EQ(0, rd(STATUS));
    exs_close(&x);
}

TEST_CASE(ExerciserBad, WhatAFunctionMayNotSend)
{
    OPEN();
    /* Privileged without a PASID; a PASID that is not enabled. */
    wr(DMACTL, 1u << 7);
    CHECK_EQ(2, to_device(RAM, 4));
    wr(DMACTL, 1u << 6);
    CHECK_EQ(2, to_device(RAM, 4));
    wr(DMACTL, 0);
    CHECK_EQ(0, to_device(RAM, 4));
    /* Translated, and to be translated. */
    rsoc_enable_sva(x.s, EXS_EX0);
    wr(DMACTL, USE_ATC | 2u << 10);
    CHECK_EQ(2, to_device(RAM, 4));
    wr(DMACTL, 0);
    rsoc_cfg_wr(x.s, EXS_EX0, PCIE_COMMAND, 2, PCIE_COMMAND_MEMORY_SPACE);
    x.s->untranslated = 0;
    CHECK_EQ(2, to_device(RAM, 4));
    CHECK_EQ(0, x.s->untranslated);
    CHECK_EQ(0, x.s->translated);
    exs_close(&x);
}

/* Address type 2 without a translation: the IOMMU decides, not the device. */
TEST_CASE(ExerciserBad, TranslatedRequestsOutOfTheBlue)
{
    OPEN();
    wr(DMACTL, 2u << 10);
    CHECK_EQ(2, to_device(RAM, 4));
    CHECK_EQ(1, x.s->violations);
    exs_close(&x);
}

/* A read learns of the end of its request, a write does not (posted). */
TEST_CASE(ExerciserBad, AddressesOfNobody)
{
    OPEN();
    x.s->iommu = true;
    CHECK_EQ(2, to_device(EXS_FREE, 4));
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, EXS_FREE, 4));
    CHECK_EQ(2, x.s->faults);
    exs_close(&x);
}

/* Every reserved trigger, and triggers while one is at work. */
TEST_CASE(ExerciserBad, Triggers)
{
    OPEN();
    exdrv_dma_attributes(ex0(), RAM, 4);
    for (uint32_t v = 2; v < 16; v++) {
        wr(DMACTL, v);
        CHECK_EQ(0, rd(DMACTL));
    }
    CHECK_EQ(0, x.s->untranslated);
    x.hold = true;
    exdrv_dma(ex0(), EXDRV_TO_DEVICE);
    exdrv_dma_attributes(ex0(), EXS_FREE, 0x10000);
    exdrv_dma(ex0(), EXDRV_FROM_DEVICE);
    wr(ATSCTL, 1);
    wr(ATSCTL, 1);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(1, x.s->untranslated);
    CHECK_EQ(PCIE_TLP_MRD, x.s->last.type);
    CHECK_EQ(RAM, x.s->last.addr);
    CHECK_EQ(0, rd(STATUS));
    exs_close(&x);
}

/* DMA to its own registers: among others, the trigger. */
TEST_CASE(ExerciserBad, DmaToItself)
{
    uint64_t bar0, bar1;

    OPEN();
    bar0 = exdrv_bar(ex0(), 0);
    bar1 = exdrv_bar(ex0(), 1);
    for (unsigned i = 0; i < 0x4000; i += 4)
        rsoc_bar_wr(x.s, EXS_EX0, 1, i, 4, i == DMACTL ? 0x11 : 0xffffffff);
    CHECK(exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, bar0, 0x50) <= 2);
    CHECK(rsoc_run(x.s));
    exs_wr(&x, EXS_EX0, OFFSET, 0);
    to_device(bar0, 0x50);
    CHECK(rsoc_run(x.s));
    wr(OFFSET, 0x100);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, bar1, 0x3000);
    to_device(bar1 + 0x80, 0x3000);
    CHECK(rsoc_run(x.s));
    exs_close(&x);
}

/* Two that start each other. */
TEST_CASE(ExerciserBad, PingPongEnds)
{
    static const uint32_t fn[] = {EXS_EX0, EXS_EX1};

    OPEN();
    x.hold = true;
    for (unsigned i = 0; i < 2; i++) {
        rsoc_bar_wr(x.s, fn[i], 1, 0, 4, 0x11);
        exdrv_dma_attributes(&x.d[fn[i]], exdrv_bar(&x.d[fn[1 - i]], 0) + 8, 4);
    }
    exdrv_dma(ex0(), EXDRV_FROM_DEVICE);
    /* It goes on for ever, a bounded amount each time. */
    for (unsigned n = 0; n < 1000; n++)
        REQUIRE(rsoc_step(x.s));
    rsoc_cfg_wr(x.s, EXS_EX1, PCIE_COMMAND, 2, PCIE_COMMAND_MEMORY_SPACE);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(2, exdrv_dma_status(&x.d[EXS_EX1]));
    exs_close(&x);
}

TEST_CASE(ExerciserBad, ErrorsThatDoNotExist)
{
    OPEN();
    exs_report(&x, EXS_EX0);
    exs_device_status(&x, EXS_EX0);
    for (uint32_t code = 0x19; code < 0x800; code += 7) {
        exdrv_error(ex0(), code, true);
        exdrv_inject(ex0());
    }
    CHECK_EQ(0, exs_device_status(&x, EXS_EX0));
    CHECK_EQ(0,
             rsoc_cap_rd(x.s, EXS_EX0, PCIE_CAP_AER, PCIE_AER_UNCOR_STATUS, 4));
    exs_close(&x);
}

/* Errors on DMA: every DMA fails until the mode is left. */
TEST_CASE(ExerciserBad, CorruptDma)
{
    uint32_t at;

    OPEN();
    at = exdrv_find(ex0(), 0x23) + 8;
    rsoc_cfg_wr(x.s, EXS_EX0, at, 4, 1u << 16);
    CHECK_EQ(2, to_device(RAM, 4));
    CHECK_EQ(0, x.s->untranslated);
    rsoc_cfg_wr(x.s, EXS_EX0, at, 4, 0);
    CHECK_EQ(0, to_device(RAM, 4));
    exs_close(&x);
}

static void begin_long_dma(void)
{
    x.hold = true;
    exdrv_dma_attributes(ex0(), RAM, 0x4000);
    exdrv_dma(ex0(), EXDRV_TO_DEVICE);
    CHECK(rsoc_step(x.s));
    CHECK(rsoc_step(x.s));
    CHECK_EQ(1, rd(DMACTL) & 1);
}

TEST_CASE(ExerciserBad, FlrInTheMiddle)
{
    OPEN();
    memset(rsoc_ram(x.s, RAM, 0x4000), 0x77, 0x4000);
    exdrv_intx(ex0(), true);
    begin_long_dma();
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_INITIATE_FLR);
    x.s->untranslated = 0;
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0, x.s->untranslated);
    for (unsigned i = 0; i < 4; i++)
        CHECK(!x.s->line[i]);
    /* Software numbers and enables it again. */
    pcie_enumerate(&x.s->e);
    CHECK_EQ(0, rd(DMACTL));
    CHECK_EQ(0, rd(0x10));
    CHECK_EQ(0, rsoc_bar_rd(x.s, EXS_EX0, 1, 0, 8));
    x.hold = false;
    CHECK_EQ(0, to_device(RAM, 4));
    exs_close(&x);
}

/* A host that resets the function while that waits for it. */
static enum pcie_status reset_it(void *opaque, uint32_t function,
                                 const struct pcie_tlp *t, void *data,
                                 uint64_t *time)
{
    struct pcie *p = pcie_root_hierarchy(*(struct pcie_root **)opaque);
    struct pcie_fn *f = pcie_function(p, function);

    (void)data;
    *time += 1000000;
    CHECK_EQ(PCIE_TLP_MRD, t->type);
    pcie_config_write(f, pcie_cap_offset(f, PCIE_CAP_EXP) + PCIE_DEVCTL, 2,
                      PCIE_DEVCTL_INITIATE_FLR);
    return PCIE_SC;
}

static void translate_it(void *opaque, uint32_t function,
                         const struct pcie_tlp *t,
                         struct iovp_ats_completion *out, uint64_t *time)
{
    out->flags = IOVP_ATS_READ;
    out->status = IOVP_ATS_SUCCESS;
    out->log2 = 64; /* there is no such range */
    reset_it(opaque, function, t, out, time);
}

static void run_root(struct pcie_root *r)
{
    uint64_t now = 0;

    for (unsigned n = 0; n < 100 && now != PCIE_NEVER; n++)
        now = pcie_root_work(r, now);
    CHECK_EQ(PCIE_NEVER, now);
}

TEST_CASE(ExerciserBad, ResetDuringARequest)
{
    struct exerciser_config c;
    struct pcie_ep_caps room = {0};
    struct pcie_root_function f = {
        .cls = &exerciser_class, .config = &c, .fn = {.kind = PCIE_RCIEP}};
    struct pcie_window w = {RSOC_MEM, RSOC_MEM, 0x100000, false};
    struct pcie_root_config rc = {.size = sizeof(rc),
                                  .windows = &w,
                                  .window_count = 1,
                                  .functions = &f,
                                  .function_count = 1};
    struct pcie_root *r = NULL;
    struct pcie_root_ops ops = {
        .size = sizeof(ops), .request = reset_it, .translate = translate_it};
    struct pcie_counter counter[2];
    struct pcie_fn *fn;

    f.fn.parent = -1;
    exerciser_class.defaults(&c);
    exerciser_class.describe(&c, &f.fn, &room);
    r = pcie_root_create(&rc, &ops, &r);
    REQUIRE(r);
    fn = pcie_function(pcie_root_hierarchy(r), 0);
    for (unsigned ats = 0; ats < 2; ats++) {
        uint32_t length = 0x1000, trigger = 1, v;

        pcie_config_write(fn, PCIE_BASE_ADDRESS, 4, RSOC_MEM);
        pcie_config_write(fn, PCIE_COMMAND, 2, 6);
        pcie_config_write(fn, pcie_cap_offset(fn, PCIE_CAP_ATS) + 6, 2, 0x8000);
        pcie_host_write(pcie_root_hierarchy(r), RSOC_MEM + 0x18, &length, 4);
        pcie_host_write(pcie_root_hierarchy(r),
                        RSOC_MEM + (ats ? ATSCTL : DMACTL), &trigger, 4);
        run_root(r);
        /* Only what was reset, and nothing of what was on its way. */
        pcie_config_write(fn, PCIE_BASE_ADDRESS, 4, RSOC_MEM);
        pcie_config_write(fn, PCIE_COMMAND, 2, 6);
        for (uint32_t at = 0; at < 0x40; at += 4) {
            pcie_host_read(pcie_root_hierarchy(r), RSOC_MEM + at, &v, 4);
            CHECK_EQ(0, v);
        }
    }
    pcie_root_counters(r, 0, counter, 2);
    CHECK_STR("dma_bytes", counter[1].name);
    CHECK_EQ(0, counter[1].value);
    pcie_root_destroy(r);
}

TEST_CASE(ExerciserBad, UnpluggedInTheMiddle)
{
    OPEN();
    begin_long_dma();
    pcie_root_unplug(x.s->root, EXS_EX0);
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0xffffffff, exs_rd(&x, EXS_EX0, 0));
    pcie_root_plug(x.s->root, EXS_EX0);
    CHECK(rsoc_run(x.s));
    pcie_root_reset(x.s->root);
    CHECK(rsoc_run(x.s));
    exs_close(&x);
}

static void send(uint8_t message, uint16_t tag, uint64_t word, uint32_t length)
{
    uint8_t data[8];
    struct pcie_tlp t = {.type = length ? PCIE_TLP_MSGD : PCIE_TLP_MSG,
                         .target = ex0()->id,
                         .message = message,
                         .tag = tag,
                         .length = length,
                         .addr = word};

    iovp_put_le64(data, word);
    pcie_send_down(x.s->p, &t, data);
    CHECK(rsoc_run(x.s));
}

TEST_CASE(ExerciserBad, MessagesThatNobodyExpects)
{
    OPEN();
    rsoc_enable_sva(x.s, EXS_EX0);
    for (unsigned m = 0; m < 256; m++) {
        send((uint8_t)m, 0xffff, ~0ull, 8);
        send((uint8_t)m, 31, 0, 0);
        send((uint8_t)m, 0, 0xf005, 4);
    }
    CHECK_EQ(0, to_device(RAM, 4));
    exs_close(&x);
}

static uint32_t random32(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static uint64_t random_address(void)
{
    switch (random32() % 5) {
    case 0:
        return RAM + random32() % 0x8000;
    case 1:
        return exdrv_bar(&x.d[EXS_EX1], random32() % 2) + random32() % 0x60;
    case 2:
        return exdrv_bar(ex0(), random32() % 2) + random32() % 0x60;
    case 3:
        return (uint64_t)random32() << 32 | random32();
    default:
        return 0xfffffffffffff000ull | random32();
    }
}

static void random_step(void)
{
    static const uint32_t fn[] = {EXS_EX0, EXS_EX1, EXS_RC};
    uint32_t f = fn[random32() % 3];
    unsigned bytes = 1u + random32() % 8;
    uint64_t addr;

    switch (random32() % 8) {
    case 0:
        rsoc_bar_rd(x.s, f, 0, random32() % 0x50, bytes);
        break;
    case 1:
        addr = random_address();
        exs_wr(&x, f, 0x10, (uint32_t)addr);
        exs_wr(&x, f, 0x14, (uint32_t)(addr >> 32));
        exs_wr(&x, f, 0x18, random32() % 0x5000);
        exs_wr(&x, f, 0x0c, random32() % 0x5000);
        break;
    case 2:
        exs_wr(&x, f, 0x08, (random32() & 0xff0) | 1);
        break;
    case 3: /* capabilities and Command, but nobody's memory and power */
        rsoc_cfg_wr(x.s, f, 0x100 + random32() % 0x200, 1 + random32() % 4,
                    random32());
        break;
    case 4:
        rsoc_cfg_wr(x.s, f, PCIE_COMMAND, 1, 6);
        break;
    case 5:
        rsoc_invalidate(x.s, f, (int32_t)(random32() % 3) - 1,
                        (uint64_t)random32() << 12, 12 + random32() % 53,
                        random32() % 2);
        break;
    default:
        rsoc_bar_wr(x.s, f, 0, random32() % 0x50, bytes,
                    (uint64_t)random32() << 32 | random32());
    }
}

/* No crash, no hang; in the end it works as it did. */
TEST_CASE(ExerciserBad, Random)
{
    OPEN();
    x.hold = true;
    rsoc_enable_sva(x.s, EXS_EX0);
    for (unsigned n = 0; n < 20000; n++) {
        random_step();
        for (unsigned i = random32() % 4; i; i--)
            rsoc_step(x.s);
    }
    for (unsigned i = 0; i < EXS_COUNT; i++)
        rsoc_cfg_wr(x.s, i, PCIE_COMMAND, 2, 0);
    CHECK(rsoc_run(x.s));
    pcie_root_reset(x.s->root);
    pcie_enumerate(&x.s->e);
    x.hold = false;
    x.s->iommu = false;
    rsoc_ram_wr(x.s, RAM, 8, 0x123456789abcdef0);
    CHECK_EQ(0, to_device(RAM, 8));
    CHECK_EQ(0x123456789abcdef0, rsoc_bar_rd(x.s, EXS_EX0, 1, 0, 8));
    exs_close(&x);
}

static unsigned left;

static void *some_memory(void *opaque, uint64_t bytes)
{
    (void)opaque;
    return left-- ? calloc(1, (size_t)bytes) : NULL;
}

static void give_back(void *opaque, void *block)
{
    (void)opaque;
    free(block);
}

TEST_CASE(ExerciserBad, MemoryThatRunsOut)
{
    struct iovp_heap heap = {some_memory, give_back, NULL};
    struct exerciser_config c;

    exerciser_class.defaults(&c);
    for (unsigned n = 0; n < 2; n++) {
        left = n;
        CHECK(!exerciser_class.create(&c, NULL, &heap));
    }
}

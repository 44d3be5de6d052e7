/* SPDX-License-Identifier: MIT */
/* The Arm PCIe Exerciser's registers, as its documentation describes them. */
#include "shim.h"

#include <string.h>

#include "exerciser_scene.h"

#define RAM RSOC_RAM

/* Offsets and bits of the documentation. */
#define DMACTL   0x08
#define OFFSET   0x0c
#define PASID    0x20
#define TRACECTL 0x44

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

/* ---- what it looks like ------------------------------------------------- */

TEST_CASE(Exerciser, Identity)
{
    static const uint64_t size[] = {0x1000, 0x4000, 0x8000, 0, 0x1000, 0};

    OPEN();
    CHECK_EQ(0xed0113b5, rsoc_cfg_rd(x.s, EXS_EX0, 0, 4));
    CHECK_EQ(0xed000000, rsoc_cfg_rd(x.s, EXS_EX0, 8, 4));
    CHECK_EQ(0x000013b5, rsoc_cfg_rd(x.s, EXS_EX0, 0x2c, 4));
    for (unsigned bar = 0; bar < 6; bar++) {
        uint32_t old = rsoc_cfg_rd(x.s, EXS_EX0, 0x10 + 4 * bar, 4);

        rsoc_cfg_wr(x.s, EXS_EX0, 0x10 + 4 * bar, 4, 0xffffffff);
        CHECK_EQ((uint32_t)-size[bar],
                 rsoc_cfg_rd(x.s, EXS_EX0, 0x10 + 4 * bar, 4));
        rsoc_cfg_wr(x.s, EXS_EX0, 0x10 + 4 * bar, 4, old);
    }
    exs_close(&x);
}

TEST_CASE(Exerciser, Capabilities)
{
    static const uint16_t ext[] = {0x01, 0x0d, 0x0e, 0x0f, 0x13, 0x1b, 0x23};
    uint32_t at;

    OPEN();
    for (unsigned i = 0; i < 7; i++)
        CHECK(exdrv_find(ex0(), ext[i]));
    /* Control: ID 1, and all but bit 19 can be written; 17 clears itself. */
    at = exdrv_find(ex0(), 0x23);
    CHECK_EQ(0x00c013b5, rsoc_cfg_rd(x.s, EXS_EX0, at + 4, 4));
    CHECK_EQ(1, rsoc_cfg_rd(x.s, EXS_EX0, at + 8, 4));
    rsoc_cfg_wr(x.s, EXS_EX0, at + 8, 4, 0xffffffff);
    CHECK_EQ(0xfff70001, rsoc_cfg_rd(x.s, EXS_EX0, at + 8, 4));
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0xfff50001, rsoc_cfg_rd(x.s, EXS_EX0, at + 8, 4));
    exs_close(&x);
}

TEST_CASE(Exerciser, WithoutOptions)
{
    exs_init(&x);
    x.cfg.ats = x.cfg.pri = x.cfg.acs = x.cfg.ari = false;
    x.cfg.error_injection = false;
    x.cfg.pasid_bits = 0;
    x.cfg.ari = true; /* the scene has a function 8 */
    REQUIRE(exs_open(&x));
    CHECK_EQ(0, exdrv_find(ex0(), 0x0f));
    CHECK_EQ(0, exdrv_find(ex0(), 0x1b));
    CHECK_EQ(0, exdrv_find(ex0(), 0x23));
    CHECK(!exdrv_ats(ex0(), RAM));
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 4));
    exs_close(&x);
}

/* Which bits software can set; triggers excepted. */
TEST_CASE(Exerciser, RegisterMasks)
{
    static const struct {
        uint32_t at, written, read;
    } r[] = {
        {0x00, 0x7fffffff, 0x000007ff}, {0x04, 0xffffffff, 0x00000001},
        {0x08, 0xfffffff0, 0x00000ff0}, {0x0c, 0xffffffff, 0xffffffff},
        {0x10, 0xffffffff, 0xffffffff}, {0x14, 0xffffffff, 0xffffffff},
        {0x18, 0xffffffff, 0xffffffff}, {0x1c, 0xffffffff, 0x00000000},
        {0x20, 0xffffffff, 0x000fffff}, {0x24, 0xfffffffe, 0x0000001e},
        {0x28, 0xffffffff, 0x00000000}, {0x2c, 0xffffffff, 0x00000000},
        {0x30, 0xffffffff, 0x00000000}, {0x34, 0xffffffff, 0x00000000},
        {0x38, 0xffffffff, 0x00000000}, {0x3c, 0xffffffff, 0x8000ffff},
        {0x44, 0xfffffffe, 0x00000000}, {0x48, 0xffffffff, 0x00000000},
    };

    OPEN();
    CHECK_EQ(0xffffffff, rd(0x40));
    for (unsigned i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
        CHECK_EQ(0, rd(r[i].at));
        wr(r[i].at, r[i].written);
        CHECK_EQ(r[i].read, rd(r[i].at));
        wr(r[i].at, 0);
    }
    /* A byte is a byte. */
    wr(OFFSET, 0x11223344);
    rsoc_bar_wr(x.s, EXS_EX0, 0, OFFSET + 2, 1, 0xaa);
    CHECK_EQ(0x11aa3344, rd(OFFSET));
    CHECK_EQ(0xaa33, rsoc_bar_rd(x.s, EXS_EX0, 0, OFFSET + 1, 2));
    CHECK_EQ(0, rd(0xffc));
    exs_close(&x);
}

/* ---- DMA ------------------------------------------------------------------
 */

TEST_CASE(Exerciser, DmaIsPendingUntilItIsDone)
{
    uint64_t end;

    OPEN();
    x.hold = true;
    exdrv_dma_attributes(ex0(), RAM, 0x4000);
    exdrv_dma(ex0(), EXDRV_TO_DEVICE);
    CHECK_EQ(1, rd(DMACTL) & 0xf);
    end = x.s->now + 4 * x.s->memory_ps;
    /* Requests of a page begin at once; pages follow each other. */
    while (x.s->due < end) {
        CHECK(rsoc_step(x.s));
        CHECK_EQ(x.s->now < end, rd(DMACTL) & 0xf);
    }
    CHECK(rsoc_run(x.s));
    CHECK_EQ(0, rd(DMACTL) & 0xf);
    CHECK_EQ(end, x.s->now);
    exs_close(&x);
}

/* Over a link, with a host that takes its time: slower than the host alone, and
 * than the integrated one. */
TEST_CASE(Exerciser, DmaTakesTime)
{
    static const uint32_t fn[] = {EXS_EX0, EXS_RC};
    uint64_t took[2];

    exs_init(&x);
    x.s->timed = true;
    REQUIRE(exs_open(&x));
    memset(rsoc_ram(x.s, RAM, 0x1000), 0x5a, 0x1000);
    for (unsigned i = 0; i < 2; i++) {
        took[i] = x.s->now;
        CHECK_EQ(0, exs_dma(&x, fn[i], EXDRV_TO_DEVICE, RAM, 0x1000));
        took[i] = x.s->now - took[i];
        CHECK_EQ(0,
                 exs_dma(&x, fn[i], EXDRV_FROM_DEVICE, RAM + 0x1000, 0x1000));
        CHECK_MEM(rsoc_ram(x.s, RAM, 1), rsoc_ram(x.s, RAM + 0x1000, 1),
                  0x1000);
    }
    CHECK(took[1] >= x.s->memory_ps + 2 * x.s->latency_ps);
    CHECK(took[0] > took[1]);
    exs_close(&x);
}

TEST_CASE(Exerciser, DmaOffsetAndMemory)
{
    OPEN();
    rsoc_ram_wr(x.s, RAM + 0xffe, 8, 0x1122334455667788);
    wr(OFFSET, 0x3ff8);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM + 0xffe, 8));
    CHECK_EQ(0x1122334455667788, rsoc_bar_rd(x.s, EXS_EX0, 1, 0x3ff8, 8));
    rsoc_bar_wr(x.s, EXS_EX0, 1, 0x3ffa, 1, 0xee);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 1, 8));
    CHECK_EQ(0x1122334455ee7788, rsoc_ram_rd(x.s, RAM + 1, 8));
    exs_close(&x);
}

static uint32_t longest(uint8_t type)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < x.s->tlps && i < RSOC_LIST; i++)
        if (x.s->tlp[i].tlp.type == type && x.s->tlp[i].function == EXS_EX0 &&
            x.s->tlp[i].tlp.length > most)
            most = x.s->tlp[i].tlp.length;
    return most;
}

/* Max_Payload_Size 256 and Max_Read_Request_Size 1024 (7.5.3.4). */
TEST_CASE(Exerciser, RequestsAreCut)
{
    OPEN();
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                1 << PCIE_DEVCTL_MPS_SHIFT | 3 << PCIE_DEVCTL_MRRS_SHIFT);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM + 0x10, 0x3000));
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM + 0x10, 0x3000));
    CHECK_EQ(1024, longest(PCIE_TLP_MRD));
    CHECK_EQ(256, longest(PCIE_TLP_MWR));
    exs_close(&x);
}

/* Attributes only as far as Device Control enables them (7.5.3.4). */
TEST_CASE(Exerciser, Attributes)
{
    OPEN();
    exdrv_no_snoop(ex0(), true);
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_NO_SNOOP);
    exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 4);
    CHECK_EQ(PCIE_ATTR_NO_SNOOP, x.s->last.attr);
    rsoc_cap_wr(x.s, EXS_EX0, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_RELAXED);
    exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 4);
    CHECK_EQ(PCIE_ATTR_RELAXED, x.s->last.attr);
    exs_close(&x);
}

TEST_CASE(Exerciser, PrivilegedInstructionPasid)
{
    OPEN();
    rsoc_enable_sva(x.s, EXS_EX0);
    wr(PASID, 0xabcde);
    wr(DMACTL, 1u << 6 | 1u << 7 | 1u << 8);
    CHECK_EQ(0, exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 4));
    CHECK(x.s->last.pasid_valid && x.s->last.privileged && x.s->last.execute);
    CHECK_EQ(0xabcde, x.s->last.pasid);
    exs_close(&x);
}

TEST_CASE(Exerciser, RequesterId)
{
    OPEN();
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM, 4);
    CHECK_EQ(ex0()->id, x.s->last.requester);
    exdrv_requester(ex0(), 0x1234);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM, 4);
    CHECK_EQ(0x1234, x.s->last.requester);
    exdrv_requester_valid(ex0(), false);
    exs_dma(&x, EXS_EX0, EXDRV_FROM_DEVICE, RAM, 4);
    CHECK_EQ(ex0()->id, x.s->last.requester);
    exs_close(&x);
}

/* ---- interrupts -----------------------------------------------------------
 */

TEST_CASE(Exerciser, MsiThatNobodyEnabledIsNotPending)
{
    OPEN();
    x.hold = true;
    exdrv_msi(ex0(), 5);
    CHECK_EQ(5, rd(0));
    x.hold = false;
    rsoc_enable_msix(x.s, EXS_EX0, 4, 0);
    x.hold = true;
    exdrv_msi(ex0(), 4); /* its table has more, and it is masked */
    CHECK_EQ(4 | 1u << 31, rd(0));
    CHECK(rsoc_run(x.s));
    CHECK_EQ(4, rd(0));
    CHECK_EQ(0, x.s->msis);
    /* Unmasking sends what is pending (6.1.4.3). */
    rsoc_bar_wr(x.s, EXS_EX0, 2, 4 * 16, 4, (uint32_t)RSOC_MSI);
    rsoc_bar_wr(x.s, EXS_EX0, 2, 4 * 16 + 12, 4, 0);
    CHECK_EQ(1, x.s->msis);
    exs_close(&x);
}

/* ---- the monitor ----------------------------------------------------------
 */

TEST_CASE(Exerciser, TraceKeepsTheFirst)
{
    struct exdrv_record r;

    exs_init(&x);
    x.cfg.trace_entries = 3;
    REQUIRE(exs_open(&x));
    wr(TRACECTL, 1);
    for (unsigned i = 0; i < 5; i++)
        rsoc_bar_wr(x.s, EXS_EX0, 1, 8 * i, 4, 0x100 + i);
    for (unsigned i = 0; i < 3; i++) {
        rsoc_bar_wr(x.s, EXS_EX0, 0, TRACECTL, 4, 0);
        CHECK(exdrv_record(ex0(), &r));
        CHECK_EQ(0x100 + i, r.data);
    }
    CHECK(!exdrv_record(ex0(), &r));
    CHECK_EQ(0xffffffff, rd(0x40));
    exs_close(&x);
}

/* Each beat of a burst is a transaction of its own. */
TEST_CASE(Exerciser, TraceOfABurst)
{
    static const struct {
        uint32_t at, bytes;
    } beat[] = {{3, 1}, {4, 4}, {8, 8}, {16, 4}};
    struct exdrv_record r;
    uint8_t data[17];
    uint64_t bar;

    OPEN();
    bar = exdrv_bar(ex0(), 1);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(0x40 + i);
    wr(TRACECTL, 1);
    pcie_host_write(x.s->p, bar + 3, data, sizeof(data));
    rsoc_bar_wr(x.s, EXS_EX0, 0, TRACECTL, 4, 0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t want = 0;

        memcpy(&want, data + beat[i].at - 3, beat[i].bytes);
        REQUIRE(exdrv_record(ex0(), &r));
        CHECK_EQ(bar + beat[i].at, r.addr);
        CHECK_EQ(beat[i].bytes << 16, r.attributes);
        CHECK_EQ(want, r.data);
    }
    CHECK(!exdrv_record(ex0(), &r));
    exs_close(&x);
}

/* ---- the class ------------------------------------------------------------
 */

TEST_CASE(Exerciser, Counters)
{
    struct pcie_counter c[16];
    uint32_t n;

    OPEN();
    exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, RAM, 100);
    exs_dma(&x, EXS_EX0, EXDRV_TO_DEVICE, 0, 100);
    n = pcie_root_counters(x.s->root, EXS_EX0, c, 16);
    REQUIRE(n >= 7);
    CHECK_STR("dmas", c[0].name);
    CHECK_EQ(2, c[0].value);
    CHECK_STR("dma_bytes", c[1].name);
    CHECK_EQ(100, c[1].value);
    CHECK_STR("dma_failed", c[2].name);
    CHECK_EQ(1, c[2].value);
    CHECK_EQ(n, pcie_root_counters(x.s->root, EXS_EX0, c, 2));
    exs_close(&x);
}

TEST_CASE(Exerciser, ConfigurationsAreChecked)
{
    struct exerciser_config c;

#define REFUSED(field, v)                                 \
    do {                                                  \
        exerciser_class.defaults(&c);                     \
        c.field = (v);                                    \
        CHECK(exerciser_class.check(&c) &&                \
              strstr(exerciser_class.check(&c), #field)); \
    } while (0)

    exerciser_class.defaults(&c);
    CHECK_STR(NULL, exerciser_class.check(&c));
    REFUSED(memory_bytes, 0x800);
    REFUSED(memory_bytes, 0x5000);
    REFUSED(memory_bytes, 0x2000000);
    REFUSED(msix_vectors, 0);
    REFUSED(msix_vectors, 2049);
    REFUSED(trace_entries, 0);
    REFUSED(trace_entries, 33);
    REFUSED(pasid_bits, 21);
    REFUSED(interrupt_pin, 5);
}

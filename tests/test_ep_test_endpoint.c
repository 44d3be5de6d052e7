/* SPDX-License-Identifier: MIT */
/* The test endpoint as a PCI Express function, without ATS. */
#include "shim.h"

#include <string.h>

#include "../models/common/bits.h"
#include "tep_soc.h"

#define A   RSOC_RAM
#define B   (RSOC_RAM + 0x100000)
#define REC (RSOC_RAM + 0x200000)

#define REQ(...) (&(struct tep_request){__VA_ARGS__})
#define OPEN()                    \
    struct tsoc *t = tsoc_new();  \
    struct rsoc *s = t->s;        \
    REQUIRE(tsoc_open(t, false)); \
    (void)s

/* ---- what it looks like ---------------------------------------------------
 */

/* uio wants 32-bit memory that is not prefetchable; a driver for user space
 * wants nobody else to claim the device. */
TEST_CASE(TestEndpoint, FunctionAndRegisters)
{
    OPEN();
    CHECK_EQ(0x10571234, rsoc_cfg_rd(s, t->fn, 0, 4));
    CHECK_EQ(0x1200, rsoc_cfg_rd(s, t->fn, 10, 2));
    CHECK_EQ(0, rsoc_cfg_rd(s, t->fn, PCIE_BASE_ADDRESS, 4) & 15);
    CHECK_EQ(0, rsoc_cfg_rd(s, t->fn, PCIE_BASE_ADDRESS + 8, 4) & 15);
    rsoc_cfg_wr(s, t->fn, PCIE_BASE_ADDRESS + 20, 4, 0xffffffff);
    CHECK_EQ(0, rsoc_cfg_rd(s, t->fn, PCIE_BASE_ADDRESS + 20, 4));
    CHECK_EQ(TEP_CAPS_PCI | TEP_CAPS_ATC | TEP_CAPS_PASID | TEP_CAPS_EXECUTE |
                 TEP_CAPS_PRIVILEGED | TEP_CAPS_SPACE | TEP_CAPS_ATOMICS |
                 16u << TEP_CAPS_WIDTH_SHIFT | 7,
             t->d.caps);
    CHECK_EQ(16, t->d.vectors);
    /* 3.4 of what Linux wants for SVA: Page Aligned, PASID required. */
    CHECK_EQ(0x60, rsoc_cap_rd(s, t->fn, PCIE_CAP_ATS, 4, 2));
    CHECK_EQ(0x8100, rsoc_cap_rd(s, t->fn, PCIE_CAP_PRI, 6, 2));
    CHECK_EQ(0x1006, rsoc_cap_rd(s, t->fn, PCIE_CAP_PASID, 4, 2));
    CHECK_EQ(1, rsoc_cap_rd(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCAP2, 4) >> 21 & 1);
    CHECK_EQ(1, rsoc_cap_rd(s, t->fn, PCIE_CAP_EXP, 4, 4) >> 28 & 1);
    CHECK(pcie_cap_offset(rsoc_fn(s, t->fn), PCIE_CAP_ARI));
    /* 64-bit access to a 64-bit register. */
    rsoc_bar_wr(s, t->fn, 0, TEP_SRC, 8, 0x1122334455667788);
    CHECK_EQ(0x1122334455667788, rsoc_bar_rd(s, t->fn, 0, TEP_SRC, 8));
    CHECK_EQ(0x5566, rsoc_bar_rd(s, t->fn, 0, TEP_SRC + 2, 2));
    CHECK_EQ(0, rsoc_bar_rd(s, t->fn, 0, 0xfff0, 8));
    CHECK_EQ(0, rsoc_bar_rd(s, t->fn, 2, 0x400, 4));
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, WithoutFeatures)
{
    static const enum pcie_cap absent[] = {PCIE_CAP_ATS, PCIE_CAP_PRI,
                                           PCIE_CAP_PASID, PCIE_CAP_SRIOV,
                                           PCIE_CAP_ARI};
    struct tsoc *t = tsoc_new();

    t->cfg.ats = t->cfg.pri = t->cfg.atomics = false;
    t->cfg.pasid_bits = t->cfg.spaces = 0;
    t->cfg.bar0_bytes = 0x2000;
    t->cfg.vectors = 2048;
    REQUIRE(tsoc_open(t, true));
    CHECK_EQ(TEP_CAPS_PCI | 1u << TEP_FAULT_FAIL | 1u << TEP_FAULT_RETRY,
             t->d.caps);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(0, pcie_cap_offset(rsoc_fn(t->s, t->fn), absent[i]));
    CHECK_EQ(TEP_ERROR_OP, tsoc_run(t, REQ(.op = TEP_OP_SWAP, .len = 4)));
    CHECK_EQ(TEP_ERROR_ATTR, tsoc_run(t, REQ(.pasid = TEP_PASID_OF(1))));
    CHECK_EQ(TEP_ERROR_ATTR, tsoc_run(t, REQ(.attr = TEP_ATTR_SPACE_VALID)));
    CHECK_EQ(TEP_ERROR_NONE, tsoc_run(t, REQ(.op = TEP_OP_NOP)));
    tsoc_close(t);
}

static const char *wrong(struct test_endpoint_config c)
{
    return test_endpoint_class.check(&c);
}

TEST_CASE(TestEndpoint, IllegalConfigurations)
{
    struct test_endpoint_config c;

    test_endpoint_class.defaults(&c);
    CHECK_STR(NULL, wrong(c));
#define WRONG(field, value)                \
    do {                                   \
        struct test_endpoint_config w = c; \
        w.field = value;                   \
        CHECK(wrong(w));                   \
    } while (0)
    WRONG(personality, 3);
    WRONG(bar0_bytes, 0x1000);
    WRONG(bar0_bytes, 0x3000);
    WRONG(bar0_bytes, 0x20000);
    WRONG(chunk_bytes, 0x8000);
    WRONG(chunk_bytes, 600);
    WRONG(vectors, 0);
    WRONG(vectors, 2049);
    WRONG(ats, false);
    WRONG(atc.cache.entries, 3);
    WRONG(pasid_bits, 21);
    WRONG(spaces, 16);
    WRONG(vfs, 257);
    CHECK_STR("test-endpoint", test_endpoint_class.name);
}

/* ---- transfers ------------------------------------------------------------
 */

TEST_CASE(TestEndpoint, OperationsReachMemory)
{
    uint64_t sum = 0;
    OPEN();

    tsoc_pattern(t, A, 0x5000, 1);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .src = A + 3,
                                .dst = B + 0xffd, .len = 0x4321)));
    CHECK_MEM(rsoc_ram(s, A + 3, 0x4321), rsoc_ram(s, B + 0xffd, 0x4321),
              0x4321);
    CHECK_EQ(0x4321, t->out.bytes);
    CHECK_EQ(0x4321, tep_counter(&t->d, TEP_BYTES_READ));
    CHECK_EQ(0x4321, tep_counter(&t->d, TEP_BYTES_WRITTEN));
    CHECK_EQ(pcie_id(rsoc_fn(s, t->fn)), s->last.requester);
    CHECK_EQ(0, s->translations);
    for (unsigned i = 0; i < 4096; i++)
        sum += *rsoc_ram(s, A + i, 1);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 4096)));
    CHECK_EQ(sum, t->out.result);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_FILL, .dst = B, .len = 100,
                                .operand = {0x0102030405060708, 0})));
    CHECK_EQ(0x0102030405060708, rsoc_ram_rd(s, B + 88, 8));
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_VERIFY, .src = B, .len = 100,
                                .operand = {0x0102030405060708, 0})));
    tsoc_close(t);
}

/* 6.15: as TLPs, which the completer carries out. */
TEST_CASE(TestEndpoint, AtomicOps)
{
    OPEN();
    rsoc_ram_wr(s, A, 8, 100);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_FETCH_ADD, .dst = A, .len = 8,
                                .operand = {11, 0})));
    CHECK_EQ(PCIE_TLP_FETCH_ADD, s->last.type);
    CHECK_EQ(100, t->out.result);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_CAS, .dst = A, .len = 4,
                                .operand = {111, 5})));
    CHECK_EQ(PCIE_TLP_CAS, s->last.type);
    CHECK_EQ(111, t->out.result);
    CHECK_EQ(5, rsoc_ram_rd(s, A, 8));
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SWAP, .dst = A, .len = 8,
                                .operand = {0xaaaabbbbccccdddd, 0})));
    CHECK_EQ(0xaaaabbbbccccdddd, rsoc_ram_rd(s, A, 8));
    /* AtomicOp Requester Enable. */
    rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL2, 2, 0);
    CHECK_EQ(TEP_ERROR_REFUSED,
             tsoc_run(t, REQ(.op = TEP_OP_SWAP, .dst = A, .len = 8)));
    CHECK_EQ((unsigned)-PCIE_REFUSED_ATOMIC,
             t->out.fault_info >> TEP_FAULT_INFO_REFUSAL_SHIFT & 0xff);
    tsoc_close(t);
}

/* Of the endpoint. */
static const struct pcie_tlp *first_tlp(const struct tsoc *t, uint8_t type)
{
    const struct rsoc *s = t->s;

    for (uint32_t i = 0; i < s->tlps && i < RSOC_LIST; i++)
        if (s->tlp[i].tlp.type == type && s->tlp[i].function == t->fn)
            return &s->tlp[i].tlp;
    return NULL;
}

TEST_CASE(TestEndpoint, AttributesAreInTheTlp)
{
    const struct pcie_tlp *r, *w;
    OPEN();

    rsoc_enable_sva(s, t->fn);
    s->tlps = 0;
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .src = A, .dst = B,
                                .len = 64, .pasid = TEP_PASID_OF(0xabcd),
                                .attr = TEP_ATTR_EXECUTE | TEP_ATTR_PRIVILEGED |
                                        TEP_ATTR_NO_SNOOP | TEP_ATTR_RELAXED |
                                        TEP_ATTR_SPACE_VALID |
                                        2u << TEP_ATTR_SPACE_SHIFT)));
    r = first_tlp(t, PCIE_TLP_MRD);
    w = first_tlp(t, PCIE_TLP_MWR);
    REQUIRE(r && w);
    CHECK(r->pasid_valid && r->execute && r->privileged && r->space_valid);
    CHECK_EQ(0xabcd, r->pasid);
    CHECK_EQ(IOVP_SPACE_REALM, r->space);
    CHECK_EQ(PCIE_ATTR_NO_SNOOP | PCIE_ATTR_RELAXED, r->attr);
    CHECK_EQ(IOVP_AT_UNTRANSLATED, r->at);
    CHECK(w->pasid_valid && !w->execute && w->privileged && w->space_valid);
    /* Without: nothing of that. */
    s->tlps = 0;
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 64)));
    r = first_tlp(t, PCIE_TLP_MRD);
    REQUIRE(r);
    CHECK(!r->pasid_valid && !r->space_valid && !r->attr);
    /* The PASID is wider than the capability says. */
    CHECK_EQ(TEP_ERROR_REFUSED,
             tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 64,
                             .pasid = TEP_PASID_OF(0x10000))));
    CHECK_EQ((unsigned)-PCIE_REFUSED_PASID,
             t->out.fault_info >> TEP_FAULT_INFO_REFUSAL_SHIFT & 0xff);
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, ErrorsOfCompletionsAndRefusals)
{
    OPEN();
    CHECK_EQ(TEP_ERROR_UR,
             tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = 0x1000, .len = 64)));
    CHECK_EQ(0x1000, t->out.fault_addr);
    CHECK_EQ(TEP_ERROR_UR, t->out.fault_info);
    /* On the way: the second page is not there. */
    CHECK_EQ(TEP_ERROR_UR,
             tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .dst = B, .len = 0x2000,
                             .src = RSOC_RAM + RSOC_RAM_SIZE - 0x1000)));
    CHECK_EQ(0x1000, t->out.bytes);
    CHECK_EQ(RSOC_RAM + RSOC_RAM_SIZE, t->out.fault_addr);
    /* RETRY waits, and gives up after so many. */
    rsoc_bar_wr(s, t->fn, 0, TEP_RETRY, 4, 2000u << TEP_RETRY_SHIFT | 5);
    {
        uint64_t before = s->now;

        CHECK_EQ(
            TEP_ERROR_UR,
            tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = 0x1000, .len = 64,
                            .attr = TEP_FAULT_RETRY << TEP_ATTR_FAULT_SHIFT)));
        CHECK(s->now - before >= 5 * 2000000);
        CHECK_EQ(5, tep_counter(&t->d, TEP_WAITS));
    }
    rsoc_cfg_wr(s, t->fn, PCIE_COMMAND, 2, PCIE_COMMAND_MEMORY_SPACE);
    CHECK_EQ(TEP_ERROR_REFUSED,
             tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 64)));
    CHECK_EQ((unsigned)-PCIE_REFUSED_BUS_MASTER,
             t->out.fault_info >> TEP_FAULT_INFO_REFUSAL_SHIFT & 0xff);
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, OwnBarAndScratchMemory)
{
    uint64_t bar;
    OPEN();

    bar = rsoc_bar(s, t->fn, 0);
    rsoc_bar_wr(s, t->fn, 0, TEP_SCRATCH + 0x10, 8, 0x123456789abcdef0);
    CHECK_EQ(0x56789abc, rsoc_bar_rd(s, t->fn, 0, TEP_SCRATCH + 0x12, 4));
    /* Its own registers, CMD with them: what becomes of that is bounded. */
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_FILL, .dst = B, .len = 0x100)));
    for (unsigned op = 0; op < TEP_OP_COUNT; op++) {
        tep_start(&t->d, REQ(.op = op, .src = bar, .dst = bar, .len = 0x2000));
        CHECK(rsoc_run(s));
        CHECK(!(rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4) & TEP_STATUS_BUSY));
    }
    tsoc_close(t);
}

/* ---- interrupts, the ring -------------------------------------------------
 */

TEST_CASE(TestEndpoint, EachVectorOfMsixAndOfMsi)
{
    OPEN();
    rsoc_enable_msix(s, t->fn, 16, 0x40);
    for (uint32_t v = 0; v < 16; v++) {
        CHECK(tep_send_msi(&t->d, v));
        CHECK_EQ(v + 1, s->msis);
        CHECK_EQ(0x40 + v, s->msi[v].data);
        CHECK_EQ(pcie_id(rsoc_fn(s, t->fn)), s->msi[v].rid);
    }
    CHECK(tep_send_msi(&t->d, 16)); /* there is none */
    CHECK_EQ(16, s->msis);
    CHECK_EQ(16, tep_counter(&t->d, TEP_INTERRUPTS));
    rsoc_cap_wr(s, t->fn, PCIE_CAP_MSIX, 2, 2, 0);
    CHECK(tep_send_msi(&t->d, 0)); /* no interrupt is enabled */
    CHECK_EQ(16, s->msis);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_MSI, 4, 4, (uint32_t)RSOC_MSI);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_MSI, 12, 2, 0x80);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_MSI, 2, 2, 4u << 4 | 1);
    CHECK(tep_send_msi(&t->d, 9));
    CHECK_EQ(17, s->msis);
    CHECK_EQ(0x89, s->msi[16].data);
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, RingOfARealDriver)
{
    OPEN();
    rsoc_enable_sva(s, t->fn);
    rsoc_enable_msix(s, t->fn, 4, 0);
    tsoc_pattern(t, A, 0x10000, 7);
    REQUIRE(tep_ring_open(&t->d, TEP_PASID_OF(3), 0, TEP_IRQ_OF(2)));
    for (unsigned turn = 0; turn < 3; turn++) {
        memset(rsoc_ram(s, B, 0x10000), 0, 0x10000);
        for (uint32_t i = 0; i < 40; i++)
            tep_ring_push(&t->d, REQ(.op = TEP_OP_MEMCPY, .len = 0x300,
                                     .src = A + 0x300 * i, .dst = B + 0x300 * i,
                                     .completion = REC + 32 * i, .tag = i,
                                     .irq = i == 7 ? TEP_IRQ_OF(1) : 0));
        tep_ring_kick(&t->d);
        CHECK(tep_ring_drain(&t->d));
        CHECK_MEM(rsoc_ram(s, A, 40 * 0x300), rsoc_ram(s, B, 40 * 0x300),
                  40 * 0x300);
        for (uint32_t i = 0; i < 40; i++) {
            CHECK_EQ(TEP_STATUS_DONE, rsoc_ram_rd(s, REC + 32 * i, 4));
            CHECK_EQ(i, rsoc_ram_rd(s, REC + 32 * i + TEP_DONE_TAG, 4));
        }
        CHECK(s->msis >= 2 * (turn + 1));
    }
    CHECK_EQ(1, s->msi[0].data);
    CHECK_EQ(2, s->msi[1].data);
    CHECK_EQ(120, tep_counter(&t->d, TEP_DESCRIPTORS));
    tep_ring_close(&t->d);
    tsoc_close(t);
}

/* ---- reset, removal --------------------------------------------------------
 */

TEST_CASE(TestEndpoint, FlrInTheMiddleOfDma)
{
    OPEN();
    rsoc_enable_msix(s, t->fn, 1, 0);
    REQUIRE(tep_start(&t->d, REQ(.op = TEP_OP_MEMCPY, .src = A, .dst = B,
                                 .len = 0x100000, .irq = TEP_IRQ_OF(0))));
    rsoc_step(s);
    CHECK_EQ(TEP_STATUS_BUSY, rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4));
    rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                PCIE_DEVCTL_INITIATE_FLR);
    s->tlps = 0;
    CHECK(rsoc_run(s));
    CHECK_EQ(0, s->msis);
    CHECK(!first_tlp(t, PCIE_TLP_MWR));
    rsoc_cfg_wr(s, t->fn, PCIE_BASE_ADDRESS, 4,
                (uint32_t)rsoc_bar(s, t->fn, 0));
    rsoc_cfg_wr(s, t->fn, PCIE_COMMAND, 2,
                PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
    REQUIRE(tep_probe(&t->d));
    CHECK_EQ(0, rsoc_bar_rd(s, t->fn, 0, TEP_STATUS, 4));
    CHECK_EQ(0, tep_counter(&t->d, TEP_BYTES_READ));
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 1)));
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, UnplugInTheMiddleOfDma)
{
    uint64_t id;
    uint32_t bar;
    OPEN();

    bar = (uint32_t)rsoc_bar(s, t->fn, 0);
    id = pcie_id(rsoc_fn(s, t->fn));
    REQUIRE(tep_start(
        &t->d, REQ(.op = TEP_OP_MEMCPY, .src = A, .dst = B, .len = 0x100000)));
    rsoc_step(s);
    pcie_root_unplug(s->root, t->fn);
    CHECK(rsoc_run(s));
    CHECK_EQ(0xffffffff, rsoc_cfg_rd(s, t->fn, 0, 4));
    pcie_root_plug(s->root, t->fn);
    CHECK(rsoc_run(s));
    /* It has forgotten its bus number, until software writes to it. */
    pcie_ecam_write(s->p, id << 12 | PCIE_BASE_ADDRESS, 4, bar);
    rsoc_cfg_wr(s, t->fn, PCIE_COMMAND, 2,
                PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
    REQUIRE(tep_probe(&t->d));
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 1)));
    tsoc_close(t);
}

/* As drivers for testing use it: the same copy again and again. */
TEST_CASE(TestEndpoint, VfioSelftestContract)
{
    OPEN();
    tsoc_pattern(t, A, 0x4000, 3);
    CHECK(tep_memcpy_start(&t->d, A, B, 0x4000, 50));
    CHECK(!tep_memcpy_start(&t->d, A, B, 0x4000, 50));
    CHECK(tep_memcpy_wait(&t->d));
    CHECK_MEM(rsoc_ram(s, A, 0x4000), rsoc_ram(s, B, 0x4000), 0x4000);
    CHECK_EQ(50 * 0x4000, tep_counter(&t->d, TEP_BYTES_WRITTEN));
    CHECK(tep_memcpy_start(&t->d, 0x1000, B, 0x4000, 2));
    CHECK(!tep_memcpy_wait(&t->d));
    tsoc_close(t);
}

/* 16 GT/s x 4 lanes x 128/130: 1 MiB takes 133.1 us, here down and up in
 * turns; headers and latencies are less than as much again. */
TEST_CASE(TestEndpoint, TimeIsThatOfTheLink)
{
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;
    uint64_t busy;

    s->timed = true;
    REQUIRE(tsoc_open(t, false));
    tsoc_pattern(t, A, 0x100000, 5);
    CHECK_EQ(0, tsoc_run(t, REQ(.op = TEP_OP_MEMCPY, .src = A, .dst = B,
                                .len = 0x100000)));
    CHECK_MEM(rsoc_ram(s, A, 0x100000), rsoc_ram(s, B, 0x100000), 0x100000);
    busy = tep_counter(&t->d, TEP_BUSY_PS);
    CHECK(busy >= 2 * 133100000);
    CHECK(busy <= 4 * 133100000);
    tsoc_close(t);
}

TEST_CASE(TestEndpoint, CountersOfTheClass)
{
    struct pcie_counter c[64];
    uint32_t n;
    OPEN();

    tsoc_run(t, REQ(.op = TEP_OP_SUM, .src = A, .len = 100));
    n = pcie_root_counters(s->root, t->fn, c, 64);
    REQUIRE(n > TEP_COUNTER_COUNT);
    CHECK_STR("operations", c[0].name);
    CHECK_EQ(1, c[0].value);
    CHECK_STR("bytes_read", c[TEP_BYTES_READ].name);
    CHECK_EQ(100, c[TEP_BYTES_READ].value);
    CHECK(c[TEP_BUSY_PS].value >= s->memory_ps);
    tsoc_close(t);
}

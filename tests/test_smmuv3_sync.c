/* SPDX-License-Identifier: MIT */
/* CMD_SYNC: signals, and what it waits for (4.7.3). */
#include "../models/smmuv3/smmuv3_internal.h"
#include "shim.h"
#include "smmu_fixture.h"

/* CMD_SYNC with CS and the MSI fields of 4.7.3. */
static uint64_t sync_word(unsigned cs, unsigned msh, unsigned attr,
                          uint32_t data)
{
    return CMD_SYNC | (uint64_t)cs << 12 | (uint64_t)msh << 22 |
           (uint64_t)attr << 24 | (uint64_t)data << 32;
}

/* A command that is legal everywhere and does little: SMMUEN is 0. */
#define NOP ((uint64_t)CMD_PREFETCH_CONFIG)

static void create_cmdq(struct bench *b, unsigned log2)
{
    bench_create(b);
    bench_enable_cmdq(b, BENCH_CMDQ, log2);
}

static uint32_t cons(struct bench *b)
{
    return bench_r32(b, SMMU_CMDQ_CONS) & SMMU_QUEUE_INDEX_MASK;
}

static uint32_t cerror(struct bench *b)
{
    return (bench_r32(b, SMMU_CMDQ_CONS) >> 24) & 0x7f;
}

/* ---- completion signals ------------------------------------------------ */

TEST_CASE(Sync, WithoutSignal)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(0, 3, 15, 7), BENCH_FREE), 0);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 0);
    CHECK_EQ(b.msi_count, 0);
    CHECK_EQ(b.sev, 0);
    bench_destroy(&b);
}

TEST_CASE(Sync, ReservedSignalIsIllegal)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(3, 0, 0, 0), 0), SMMU_CERROR_ILL);
    CHECK_EQ(cons(&b), 0);
    CHECK_EQ(b.sev, 0);
    bench_destroy(&b);
}

TEST_CASE(Sync, Sev)
{
    struct smmuv3_config c;
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(2, 0, 0, 0), BENCH_FREE), 0);
    CHECK_EQ(b.sev, 1);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 0);
    CHECK_EQ(b.msi_count, 0);
    bench_destroy(&b);

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_SEV;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    bench_enable_cmdq(&b, BENCH_CMDQ, 4);
    CHECK_EQ(bench_command(&b, sync_word(2, 0, 0, 0), 0), 0);
    CHECK_EQ(b.sev, 0);
    bench_destroy(&b);
}

/* The wire pulses whatever MSIAddress is; no IRQ_CTRL bit enables it. */
TEST_CASE(Sync, Wire)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(1, 0, 0, 9), 0), 0);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 1);
    CHECK_EQ(b.msi_count, 0);
    CHECK_EQ(b.trace[1].kind, IOVP_TRACE_INTERRUPT);
    CHECK_EQ(b.trace[1].result, IOVP_IRQ_CMDQ_SYNC);
    CHECK_EQ(b.trace[1].iova, 0);
    bench_destroy(&b);
}

/* The consumption is observable when the interrupt is. */
static void see_consumed(struct bench *b, enum iovp_irq_line line)
{
    CHECK_EQ(line, IOVP_IRQ_CMDQ_SYNC);
    CHECK_EQ(b->s->reg[SMMU_CMDQ_CONS / 4], 1);
}

static void see_consumed_msi(struct bench *b, uint64_t addr, uint32_t data)
{
    (void)addr;
    (void)data;
    CHECK_EQ(b->s->reg[SMMU_CMDQ_CONS / 4], 1);
}

TEST_CASE(Sync, Msi)
{
    struct bench b;

    create_cmdq(&b, 4);
    b.on_irq = see_consumed;
    b.on_msi = see_consumed_msi;
    /* Bits [1:0] and [63:56] are not part of MSIAddress. */
    CHECK_EQ(bench_command(&b, sync_word(1, 3, 15, 0x12345678),
                           BENCH_FREE | 3 | 0xffull << 56),
             0);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 1);
    CHECK_EQ(b.msi_count, 1);
    CHECK_EQ(b.msi[0].addr, BENCH_FREE);
    CHECK_EQ(b.msi[0].data, 0x12345678);
    CHECK_EQ(bench_get64(&b, BENCH_FREE), 0x12345678);
    CHECK_EQ(b.trace[1].kind, IOVP_TRACE_INTERRUPT);
    CHECK_EQ(b.trace[1].iova, BENCH_FREE);
    CHECK_EQ(b.trace[1].pa, 0x12345678);
    bench_destroy(&b);
}

TEST_CASE(Sync, MsiAttributes)
{
    static const struct {
        unsigned attr, msh;
        uint8_t mem_type, sh;
    } cases[] = {
        {0x0, 3, 0x00, IOVP_SH_OUTER}, /* Device-nGnRnE */
        {0x1, 3, 0x04, IOVP_SH_OUTER}, /* Device-nGnRE */
        {0x2, 0, 0x08, IOVP_SH_OUTER}, {0x3, 0, 0x0c, IOVP_SH_OUTER},
        {0x5, 3, 0x44, IOVP_SH_OUTER}, /* Normal iNC-oNC */
        {0xf, 3, 0xff, IOVP_SH_INNER}, /* Normal iWB-oWB */
        {0xf, 2, 0xff, IOVP_SH_OUTER}, {0xf, 0, 0xff, IOVP_SH_NON},
        {0xf, 1, 0xff, IOVP_SH_NON},   /* Reserved, as 0b00 */
        {0xa, 3, 0xbb, IOVP_SH_INNER}, /* Normal iWT-oWT */
        {0x7, 3, 0x4f, IOVP_SH_INNER}, {0xd, 3, 0xf4, IOVP_SH_INNER},
        {0x4, 3, 0x00, IOVP_SH_OUTER}, /* Reserved: Device-nGnRnE */
        {0x8, 3, 0x00, IOVP_SH_OUTER}, {0xc, 3, 0x00, IOVP_SH_OUTER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;

        create_cmdq(&b, 4);
        CHECK_EQ(bench_command(&b, sync_word(1, cases[i].msh, cases[i].attr, 1),
                               BENCH_FREE),
                 0);
        CHECK_EQ(b.msi[0].attrs.mem_type, cases[i].mem_type);
        CHECK_EQ(b.msi[0].attrs.shareability, cases[i].sh);
        bench_destroy(&b);
    }
}

/* 3.4.3: MSIAddress is compared with zero, then truncated to the OAS. */
TEST_CASE(Sync, MsiAddressIsTruncatedToTheOas)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_command(&b, sync_word(1, 0, 0, 5), BENCH_FREE | 1ull << 50);
    CHECK_EQ(b.msi[0].addr, BENCH_FREE);
    bench_command(&b, sync_word(1, 0, 0, 5), 1ull << 50);
    CHECK_EQ(b.msi_count, 2);
    CHECK_EQ(b.msi[1].addr, 0);
    bench_destroy(&b);
}

TEST_CASE(Sync, MsiNeedsIdr0Msi)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_MSI;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    bench_enable_cmdq(&b, BENCH_CMDQ, 4);
    CHECK_EQ(bench_command(&b, sync_word(1, 3, 15, 5), BENCH_FREE), 0);
    CHECK_EQ(b.msi_count, 0);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 1);
    bench_destroy(&b);
}

TEST_CASE(Sync, MsiAbort)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_w32(&b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR);
    bench_fault(&b, BENCH_FREE, false, true);
    CHECK_EQ(bench_command(&b, sync_word(1, 3, 15, 5), BENCH_FREE), 0);
    CHECK_EQ(cons(&b), 1);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_MSI_CMDQ_ABT_ERR);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    /* Active: not toggled again, and commands go on. */
    CHECK_EQ(bench_command(&b, sync_word(1, 3, 15, 5), BENCH_FREE), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_MSI_CMDQ_ABT_ERR);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    CHECK_EQ(cons(&b), 2);
    bench_ack(&b);
    bench_command(&b, sync_word(1, 3, 15, 5), BENCH_FREE);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    CHECK_EQ(bench_ack(&b), SMMU_GERROR_MSI_CMDQ_ABT_ERR);
    bench_destroy(&b);
}

/* An MSI at our own CMDQ_PROD neither recurses nor moves the index. */
TEST_CASE(Sync, MsiToOwnRegisters)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_command(&b, sync_word(1, 0, 0, 9), BENCH_MMIO + SMMU_CMDQ_PROD);
    CHECK_EQ(b.msi_count, 1);
    CHECK_EQ(bench_r32(&b, SMMU_CMDQ_PROD), 1);
    CHECK_EQ(bench_ack(&b), SMMU_GERROR_MSI_CMDQ_ABT_ERR);
    bench_destroy(&b);
}

/* ---- the wait ----------------------------------------------------------- */

TEST_CASE(Sync, WaitsForTransactionsBegunBefore)
{
    struct bench b;
    unsigned t1, t2, t3;
    bool more;

    create_cmdq(&b, 4);
    t1 = smmuv3_txn_begin(b.s);
    t2 = smmuv3_txn_begin(b.s);
    bench_push(&b, NOP, 0);
    bench_push(&b, sync_word(1, 0, 0, 0), 0);
    bench_push(&b, NOP, 0);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 1);
    CHECK(!more); /* nothing that could be done now */
    CHECK_EQ(cons(&b), 1);
    t3 = smmuv3_txn_begin(b.s); /* younger: not waited for */
    bench_forget(&b);
    smmuv3_txn_end(b.s, t1);
    CHECK_EQ(b.wakes, 0);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 0);
    smmuv3_txn_end(b.s, t2);
    CHECK(b.wakes > 0);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 2);
    CHECK_EQ(cons(&b), 3);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 1);
    /* The next one waits for the younger. */
    bench_push(&b, sync_word(1, 0, 0, 0), 0);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 0);
    smmuv3_txn_end(b.s, t3);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 1);
    CHECK_EQ(cons(&b), 4);
    bench_destroy(&b);
}

/* A stream of transactions without a gap does not hold a CMD_SYNC up. */
TEST_CASE(Sync, EndsUnderConstantTraffic)
{
    struct bench b;
    unsigned older, younger;

    create_cmdq(&b, 4);
    older = smmuv3_txn_begin(b.s);
    for (int i = 0; i < 30; i++) {
        bench_push(&b, sync_word(0, 0, 0, 0), 0);
        CHECK_EQ(bench_work(&b), 0);
        younger = smmuv3_txn_begin(b.s);
        smmuv3_txn_end(b.s, older);
        CHECK_EQ(bench_work(&b), 1);
        older = younger;
    }
    smmuv3_txn_end(b.s, older);
    bench_destroy(&b);
}

/* Disabled while a CMD_SYNC waits: the next one waits for all before it. */
TEST_CASE(Sync, AfterACancelledOne)
{
    struct bench b;
    unsigned t1, t2, t3;

    create_cmdq(&b, 4);
    t1 = smmuv3_txn_begin(b.s);
    bench_push(&b, CMD_SYNC, 0);
    CHECK_EQ(bench_work(&b), 0);
    t2 = smmuv3_txn_begin(b.s);
    bench_w32(&b, SMMU_CR0, 0);
    CHECK_EQ(bench_work(&b), 0);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    CHECK_EQ(bench_work(&b), 0);
    smmuv3_txn_end(b.s, t1);
    CHECK_EQ(bench_work(&b), 0);
    t3 = smmuv3_txn_begin(b.s);
    smmuv3_txn_end(b.s, t2);
    CHECK_EQ(bench_work(&b), 1);
    CHECK_EQ(cons(&b), 1);
    smmuv3_txn_end(b.s, t3);
    bench_destroy(&b);
}

/* ... and so does one that failed to be fetched again while it waited. */
TEST_CASE(Sync, AfterAFetchAbort)
{
    struct bench b;
    unsigned t1, t2;

    create_cmdq(&b, 4);
    t1 = smmuv3_txn_begin(b.s);
    bench_push(&b, CMD_SYNC, 0);
    CHECK_EQ(bench_work(&b), 0);
    t2 = smmuv3_txn_begin(b.s);
    smmuv3_txn_end(b.s, t1);
    bench_fault(&b, BENCH_CMDQ, true, false);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(cerror(&b), SMMU_CERROR_ABT);
    bench_clear_faults(&b);
    bench_ack(&b);
    CHECK_EQ(bench_work(&b), 0);
    smmuv3_txn_end(b.s, t2);
    CHECK_EQ(bench_work(&b), 1);
    bench_destroy(&b);
}

/* Other commands do not wait. */
TEST_CASE(Sync, InvalidationDoesNotWaitForTransactions)
{
    struct bench b;
    unsigned t;

    create_cmdq(&b, 4);
    t = smmuv3_txn_begin(b.s);
    CHECK_EQ(bench_command(&b, CMD_TLBI_NSNH_ALL, 0), 0);
    CHECK_EQ(cons(&b), 1);
    smmuv3_txn_end(b.s, t);
    bench_destroy(&b);
}

/* SPDX-License-Identifier: MIT */
/* The Command queue: transport and errors (3.5, 4.1, 7.1). */
#include "../models/smmuv3/smmuv3_internal.h"
#include "shim.h"
#include "smmu_fixture.h"

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

/* ---- transport --------------------------------------------------------- */

/* Fill the queue with NOPs; the position shows in the StreamID field. */
static void fill(struct bench *b, uint64_t base, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; i++) {
        bench_put64(b, base + 16ull * i, NOP | (uint64_t)i << 32);
        bench_put64(b, base + 16ull * i + 8, 0);
    }
}

/* One command at a time, over 2 * size + 1 of them, at each LOG2SIZE. */
TEST_CASE(Cmdq, WrapsAtEverySize)
{
    for (unsigned log2 = 0; log2 <= 10; log2++) {
        uint32_t size = 1u << log2, mask = 2 * size - 1, index = 0;
        struct bench b;

        create_cmdq(&b, log2);
        for (uint32_t i = 0; i < 2 * size + 1; i++) {
            bench_push(&b, NOP | (uint64_t)i << 32, 0);
            CHECK_EQ(bench_work(&b), 1);
            index = (index + 1) & mask;
            CHECK_EQ(cons(&b), index);
            if (i < BENCH_TRACES)
                CHECK_EQ(b.trace[i].iova, NOP | (uint64_t)i << 32);
        }
        CHECK_EQ(index, 1 & mask);
        bench_destroy(&b);
    }
}

/* PROD moves by a full queue at once, three times, up to the largest size. */
TEST_CASE(Cmdq, ProdMayJumpByAFullQueue)
{
    for (unsigned log2 = 0; log2 <= 19; log2++) {
        uint32_t size = 1u << log2, prod = 0;
        uint64_t base = BENCH_RAM + 0x800000;
        struct bench b;

        bench_create(&b);
        fill(&b, base, size);
        bench_enable_cmdq(&b, base, log2);
        for (int round = 0; round < 3; round++) {
            prod = (prod + size) & (2 * size - 1);
            bench_w32(&b, SMMU_CMDQ_PROD, prod);
            CHECK_EQ(bench_work(&b), size);
            CHECK_EQ(cons(&b), prod);
        }
        CHECK_EQ(b.trace[0].iova, NOP);
        if (size > 1)
            CHECK_EQ(b.trace[1].iova, NOP | 1ull << 32);
        bench_destroy(&b);
    }
}

TEST_CASE(Cmdq, LargestSizeIsThatOfIdr1)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr1 = (c.idr1 & ~(0x1fu << 21)) | 4u << 21; /* CMDQS: 16 entries */
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    fill(&b, BENCH_FREE, 32);
    bench_w64(&b, SMMU_CMDQ_BASE, BENCH_FREE | 31);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    bench_w32(&b, SMMU_CMDQ_PROD, 16); /* wrapped once: full */
    CHECK_EQ(bench_work(&b), 16);
    bench_w32(&b, SMMU_CMDQ_PROD, 0);
    CHECK_EQ(bench_work(&b), 16);
    CHECK_EQ(cons(&b), 0);
    CHECK_EQ(b.trace[16].iova, NOP); /* slot 0 again */
    bench_destroy(&b);
}

/* 6.3.26: ADDR is aligned to the queue's size, or to 32 bytes. */
TEST_CASE(Cmdq, BaseIsAlignedToTheSize)
{
    static const struct {
        unsigned log2;
        uint64_t bytes;
    } sizes[] = {{0, 32}, {1, 32}, {2, 64}, {8, 4096}, {12, 65536}};

    for (int i = 0; i < 5; i++) {
        uint64_t low = sizes[i].bytes - 32;
        struct bench b;

        bench_create(&b);
        bench_put64(&b, BENCH_FREE, NOP | 0xabull << 32);
        bench_enable_cmdq(&b, BENCH_FREE + low, sizes[i].log2);
        bench_w32(&b, SMMU_CMDQ_PROD, 1);
        CHECK_EQ(bench_work(&b), 1);
        CHECK_EQ(b.trace[0].iova, NOP | 0xabull << 32);
        bench_destroy(&b);
    }
}

TEST_CASE(Cmdq, NothingIsConsumedWhileDisabled)
{
    struct bench b;

    bench_create(&b);
    bench_w64(&b, SMMU_CMDQ_BASE, BENCH_CMDQ | 4);
    bench_push(&b, NOP, 0);
    bench_push(&b, NOP, 0);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(b.reads, 0);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    CHECK(b.wakes > 0);
    CHECK_EQ(bench_work(&b), 2);
    bench_w32(&b, SMMU_CR0, 0);
    CHECK_EQ(cons(&b), 2);
    bench_push(&b, NOP, 0);
    CHECK_EQ(bench_work(&b), 0);
    bench_destroy(&b);
}

/* 3.5.1: PROD and CONS further apart than the queue is large. */
TEST_CASE(Cmdq, InconsistentIndexesStopConsumption)
{
    struct bench b;

    create_cmdq(&b, 4);
    fill(&b, BENCH_CMDQ, 16);
    bench_w32(&b, SMMU_CMDQ_PROD, 17);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(cons(&b), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_w32(&b, SMMU_CMDQ_PROD, 16);
    CHECK_EQ(bench_work(&b), 16);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, WorkIsBounded)
{
    struct bench b;
    bool more;

    create_cmdq(&b, 5);
    fill(&b, BENCH_CMDQ, 32);
    bench_w32(&b, SMMU_CMDQ_PROD, 32);
    CHECK_EQ(smmuv3_work(b.s, 0, &more), 0);
    CHECK(more);
    CHECK_EQ(smmuv3_work(b.s, 5, &more), 5);
    CHECK(more);
    CHECK_EQ(cons(&b), 5);
    CHECK_EQ(smmuv3_work(b.s, UINT32_MAX, &more), 27);
    CHECK(!more);
    CHECK_EQ(smmuv3_work(b.s, UINT32_MAX, &more), 0);
    CHECK(!more);
    bench_destroy(&b);
}

/* A driver that produces as fast as we consume does not keep us for ever. */
static void produce_more(struct bench *b, uint64_t addr, uint32_t len)
{
    (void)addr;
    (void)len;
    b->s->reg[SMMU_CMDQ_PROD / 4] = (b->s->reg[SMMU_CMDQ_PROD / 4] + 1) & 0x3f;
}

TEST_CASE(Cmdq, WorkEndsThoughTheQueueStaysFull)
{
    struct bench b;
    bool more;

    create_cmdq(&b, 5);
    fill(&b, BENCH_CMDQ, 32);
    bench_w32(&b, SMMU_CMDQ_PROD, 16);
    b.on_read = produce_more;
    CHECK_EQ(smmuv3_work(b.s, UINT32_MAX, &more), 32);
    CHECK(more);
    bench_destroy(&b);
}

/* Each entry is read once, as a whole, with CR1's attributes. */
TEST_CASE(Cmdq, EntryIsReadOnce)
{
    struct bench b;

    create_cmdq(&b, 5);
    for (int i = 0; i < 20; i++)
        bench_push(&b, NOP, 0);
    bench_work(&b);
    CHECK_EQ(b.reads, 20);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, FetchAttributes)
{
    static const struct {
        uint32_t cr1; /* SH[5:4] OC[3:2] IC[1:0] */
        uint8_t mem_type, sh;
    } cases[] = {
        {0x35, 0xff, IOVP_SH_INNER}, /* inner shareable write-back */
        {0x25, 0xff, IOVP_SH_OUTER}, {0x05, 0xff, IOVP_SH_NON},
        {0x15, 0xff, IOVP_SH_NON},   /* 0b01 is treated as 0b00 */
        {0x3a, 0xbb, IOVP_SH_INNER}, /* write-through */
        {0x30, 0x44, IOVP_SH_OUTER}, /* non-cacheable: SH is ignored */
        {0x3f, 0x44, IOVP_SH_OUTER}, /* 0b11 is treated as 0b00 */
        {0x31, 0x4f, IOVP_SH_INNER}, {0x34, 0xf4, IOVP_SH_INNER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;

        bench_create(&b);
        bench_w32(&b, SMMU_CR1, cases[i].cr1);
        bench_enable_cmdq(&b, BENCH_CMDQ, 4);
        CHECK_EQ(bench_command(&b, NOP, 0), 0);
        CHECK_EQ(b.last_read.mem_type, cases[i].mem_type);
        CHECK_EQ(b.last_read.shareability, cases[i].sh);
        CHECK_EQ(b.last_read.space, IOVP_SPACE_NONSECURE);
        CHECK_EQ(b.last_read.debug, 0);
        bench_destroy(&b);
    }
}

/* 4.1.2: a processor may sleep in WFE until a full queue has room. */
TEST_CASE(Cmdq, EventWhenAFullQueueGetsRoom)
{
    for (int sev = 0; sev < 2; sev++) {
        struct smmuv3_config c;
        struct bench b;

        bench_config(&c);
        if (!sev)
            c.idr0 &= ~SMMU_IDR0_SEV;
        bench_create_with(&b, &c);
        REQUIRE(b.s != NULL);
        bench_enable_cmdq(&b, BENCH_CMDQ, 2);
        fill(&b, BENCH_CMDQ, 4);
        bench_w32(&b, SMMU_CMDQ_PROD, 3);
        CHECK_EQ(bench_work(&b), 3);
        CHECK_EQ(b.sev, 0);
        bench_w32(&b, SMMU_CMDQ_PROD, 7);
        CHECK_EQ(bench_work(&b), 4);
        CHECK_EQ(b.sev, (unsigned)sev);
        bench_destroy(&b);
    }
}

TEST_CASE(Cmdq, TraceAndStatistics)
{
    struct smmuv3_stats stats;
    struct bench b;

    create_cmdq(&b, 4);
    b.now = 1234;
    bench_push(&b, NOP | 0x77ull << 32, 0xfeed0000);
    bench_push(&b, 0xff, 0x55);
    bench_work(&b);
    CHECK_EQ(b.traces, 2);
    CHECK_EQ(b.trace[0].kind, IOVP_TRACE_COMMAND);
    CHECK_EQ(b.trace[0].iova, NOP | 0x77ull << 32);
    CHECK_EQ(b.trace[0].pa, 0xfeed0000);
    CHECK_EQ(b.trace[0].result, SMMU_CERROR_NONE);
    CHECK_EQ(b.trace[0].time_in, 1234);
    CHECK_EQ(b.trace[0].time_out, 1234);
    CHECK_EQ(b.trace[0].initiator, 0xffff);
    CHECK_EQ(b.trace[0].iommu, b.cfg.iommu_index);
    CHECK_EQ(b.trace[1].iova, 0xff);
    CHECK_EQ(b.trace[1].result, SMMU_CERROR_ILL);
    smmuv3_get_stats(b.s, &stats);
    CHECK_EQ(stats.commands, 1);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, WorkTakesTime)
{
    struct smmuv3_config c;
    struct bench b;
    bool more;

    bench_config(&c);
    c.timing.clock_ps = 500;
    c.timing.command_cycles = 7;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    bench_enable_cmdq(&b, BENCH_CMDQ, 4);
    for (int i = 0; i < 3; i++)
        bench_push(&b, NOP, 0);
    smmuv3_work(b.s, 64, &more);
    CHECK_EQ(smmuv3_work_time(b.s), 3 * 7 * 500);
    smmuv3_work(b.s, 64, &more);
    CHECK_EQ(smmuv3_work_time(b.s), 0);
    bench_destroy(&b);
}

/* ---- errors (7.1) ------------------------------------------------------ */

TEST_CASE(Cmdq, FetchAbortAtEachPosition)
{
    for (uint32_t bad = 0; bad < 8; bad++) {
        struct bench b;

        create_cmdq(&b, 3);
        fill(&b, BENCH_CMDQ, 8);
        bench_fault(&b, BENCH_CMDQ + 16 * bad + 15, true, false);
        bench_w32(&b, SMMU_CMDQ_PROD, 8);
        CHECK_EQ(bench_work(&b), bad);
        CHECK_EQ(cons(&b), bad);
        CHECK_EQ(cerror(&b), SMMU_CERROR_ABT);
        CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_CMDQ_ERR);
        /* Acknowledged without a remedy: the same error again. */
        bench_ack(&b);
        CHECK_EQ(bench_work(&b), 0);
        CHECK_EQ(bench_ack(&b), SMMU_GERROR_CMDQ_ERR);
        bench_clear_faults(&b);
        CHECK_EQ(bench_work(&b), 8 - bad);
        CHECK_EQ(bench_ack(&b), 0);
        bench_destroy(&b);
    }
}

TEST_CASE(Cmdq, NoConsumptionWhileTheErrorIsActive)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_push(&b, NOP, 0);
    bench_push(&b, 0xff, 0);
    bench_push(&b, NOP, 0);
    CHECK_EQ(bench_work(&b), 1);
    CHECK_EQ(cons(&b), 1);
    CHECK_EQ(cerror(&b), SMMU_CERROR_ILL);
    bench_push(&b, NOP, 0);
    bench_forget(&b);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(b.reads, 0);
    /* CMDQEN has nothing to do with the error (6.3.28). */
    bench_w32(&b, SMMU_CR0, 0);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    CHECK_EQ(bench_work(&b), 0);
    /* Replaced, acknowledged: fetched again and all consumed. */
    bench_put64(&b, BENCH_CMDQ + 16, CMD_SYNC);
    bench_ack(&b);
    CHECK(b.wakes > 0);
    CHECK_EQ(bench_work(&b), 3);
    CHECK_EQ(cons(&b), 4);
    bench_destroy(&b);
}

/* While the error is active PROD may go back to CONS. */
TEST_CASE(Cmdq, QueueMayBeEmptiedWhileInError)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_push(&b, 0xff, 0);
    bench_push(&b, NOP, 0);
    bench_work(&b);
    bench_w32(&b, SMMU_CMDQ_PROD, 0);
    bench_ack(&b);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(bench_command(&b, NOP, 0), SMMU_CERROR_NONE);
    CHECK_EQ(cons(&b), 1);
    bench_destroy(&b);
}

/* The reason is observable before the error, and the error toggles. */
static void see_reason(struct bench *b, enum iovp_irq_line line)
{
    const uint32_t *reg = b->s->reg;

    CHECK_EQ(line, IOVP_IRQ_GERROR);
    CHECK_EQ((reg[SMMU_CMDQ_CONS / 4] >> 24) & 0x7f, SMMU_CERROR_ILL);
    CHECK_EQ((reg[SMMU_GERROR / 4] ^ reg[SMMU_GERRORN / 4]) & 1, 1);
}

TEST_CASE(Cmdq, ErrorTogglesAndInterrupts)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_w32(&b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR);
    b.on_irq = see_reason;
    CHECK_EQ(bench_command(&b, 0xff, 0), SMMU_CERROR_ILL);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 1);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    bench_ack(&b);
    bench_work(&b);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERRORN), 1);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 2);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, BaseOutsideMemory)
{
    static const uint64_t bases[] = {0, 0xfffffffffffe0, 0x1000, 0x7fffff00};

    for (int i = 0; i < 4; i++) {
        for (unsigned log2 = 0; log2 < 32; log2 += 31) {
            struct bench b;

            bench_create(&b);
            bench_enable_cmdq(&b, bases[i], log2);
            bench_w32(&b, SMMU_CMDQ_PROD, 1);
            CHECK_EQ(bench_work(&b), 0);
            CHECK_EQ(cerror(&b), SMMU_CERROR_ABT);
            CHECK_EQ(bench_ack(&b), SMMU_GERROR_CMDQ_ERR);
            bench_destroy(&b);
        }
    }
}

/* A queue that lies in our own registers: refused, never re-entered. */
TEST_CASE(Cmdq, BaseInOwnRegisters)
{
    struct bench b;

    bench_create(&b);
    bench_enable_cmdq(&b, BENCH_MMIO, 2);
    bench_w32(&b, SMMU_CMDQ_PROD, 1);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(cerror(&b), SMMU_CERROR_ABT);
    bench_destroy(&b);
}

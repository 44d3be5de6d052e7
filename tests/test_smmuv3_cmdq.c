/* SPDX-License-Identifier: MIT */
/* The Command queue: transport, legality, errors and CMD_SYNC (4, 7.1). */
#include "../models/smmuv3/smmuv3_internal.h"
#include "shim.h"
#include "smmu_fixture.h"

#define SSEC (1ull << 10)

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

/* ---- which commands are legal ------------------------------------------ */

static bool contains(const uint8_t *list, size_t n, unsigned op)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == op)
            return true;
    return false;
}

/* Every opcode with all other fields zero, against the list of legal ones. */
static void check_opcodes(const struct smmuv3_config *c, const uint8_t *legal,
                          size_t n)
{
    for (unsigned op = 0; op < 256; op++) {
        unsigned want =
            contains(legal, n, op) ? SMMU_CERROR_NONE : SMMU_CERROR_ILL;
        struct bench b;
        unsigned got;

        bench_create_with(&b, c);
        REQUIRE(b.s != NULL);
        bench_enable(&b);
        got = bench_command(&b, op, 0);
        if (got != want)
            FAIL_TEST("opcode 0x%02x gives CERROR %u", op, got);
        /* 7.1: the index stays at a command that cannot be consumed. */
        CHECK_EQ(cons(&b), want == SMMU_CERROR_NONE);
        CHECK_EQ(bench_ack(&b) & SMMU_GERROR_CMDQ_ERR,
                 want == SMMU_CERROR_NONE ? 0 : SMMU_GERROR_CMDQ_ERR);
        bench_destroy(&b);
    }
}

TEST_CASE(Cmdq, LegalOpcodesBothStages)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                    0x10, 0x11, 0x12, 0x13, 0x20, 0x21,
                                    0x22, 0x23, 0x28, 0x2a, 0x30, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Cmdq, LegalOpcodesWithoutHyp)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10,
                                    0x11, 0x12, 0x13, 0x28, 0x2a, 0x30, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_HYP;
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Cmdq, LegalOpcodesStage1Only)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                    0x10, 0x11, 0x12, 0x13, 0x30, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    c.idr0 &= ~(SMMU_IDR0_S2P | SMMU_IDR0_HYP | SMMU_IDR0_VMID16);
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Cmdq, LegalOpcodesStage2Only)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04,
                                    0x28, 0x2a, 0x30, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    c.idr0 &= ~(SMMU_IDR0_S1P | SMMU_IDR0_HYP | SMMU_IDR0_ASID16 |
                SMMU_IDR0_CD2L);
    c.idr1 &= ~(0x1fu << 6);
    check_opcodes(&c, legal, sizeof(legal));
}

/* 4.1.6: SSec == 1 is ILLEGAL on the Non-secure queue. */
TEST_CASE(Cmdq, SSecIsIllegal)
{
    for (unsigned op = CMD_PREFETCH_CONFIG; op <= CMD_CFGI_CD_ALL; op++) {
        struct bench b;

        bench_create(&b);
        bench_enable(&b);
        CHECK_EQ(bench_command(&b, op, 0), SMMU_CERROR_NONE);
        CHECK_EQ(bench_command(&b, op | SSEC, 0), SMMU_CERROR_ILL);
        bench_destroy(&b);
    }
}

/*
 * 4.4.1.1: with TG != 0 the combination NUM == 0, SCALE == 0, TTL == 0 is
 * ILLEGAL; TG == 2 (16KB) treats TTL == 1 as 0 without IDR5.DS.
 */
static void check_range(struct bench *b, unsigned op, unsigned i, bool ril)
{
    unsigned tg = i & 3, ttl = (i >> 2) & 3, num = (i >> 4) & 1,
             scale = (i >> 5) & 1;
    bool no_ttl = ttl == 0 || (tg == 2 && ttl == 1);
    bool illegal = ril && tg && !num && !scale && no_ttl;
    uint64_t w0 = op | (uint64_t)num << 12 | (uint64_t)scale << 20;
    uint64_t w1 = (uint64_t)ttl << 8 | (uint64_t)tg << 10;
    unsigned got = bench_command(b, w0, w1);

    if (got != (illegal ? SMMU_CERROR_ILL : SMMU_CERROR_NONE))
        FAIL_TEST("op 0x%x TG %u TTL %u NUM %u SCALE %u: %u", op, tg, ttl,
                  num, scale, got);
    if (illegal) {
        bench_w32(b, SMMU_CMDQ_PROD, cons(b));
        bench_ack(b);
    }
}

TEST_CASE(Cmdq, RangeFields)
{
    static const uint8_t ops[] = {0x12, 0x13, 0x22, 0x23, 0x2a};

    for (int ril = 0; ril < 2; ril++) {
        struct smmuv3_config c;
        struct bench b;

        bench_config(&c);
        if (!ril)
            c.idr3 &= ~SMMU_IDR3_RIL;
        bench_create_with(&b, &c);
        REQUIRE(b.s != NULL);
        bench_enable(&b);
        for (int op = 0; op < 5; op++)
            for (unsigned i = 0; i < 64; i++)
                check_range(&b, ops[op], i, ril);
        bench_destroy(&b);
    }
}

/* Commands without a range have no such fields: RES0, and ignored here. */
TEST_CASE(Cmdq, NoRangeFieldsElsewhere)
{
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    CHECK_EQ(bench_command(&b, CMD_TLBI_NH_ALL, 1u << 10), 0);
    CHECK_EQ(bench_command(&b, CMD_TLBI_NH_ASID, 1u << 10), 0);
    CHECK_EQ(bench_command(&b, CMD_TLBI_S12_VMALL, 1u << 10), 0);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, CommandNames)
{
    unsigned named = 0;

    CHECK_STR(smmuv3_command_name(0x01), "CMD_PREFETCH_CONFIG");
    CHECK_STR(smmuv3_command_name(0x02), "CMD_PREFETCH_ADDR");
    CHECK_STR(smmuv3_command_name(0x03), "CMD_CFGI_STE");
    CHECK_STR(smmuv3_command_name(0x04), "CMD_CFGI_STE_RANGE");
    CHECK_STR(smmuv3_command_name(0x05), "CMD_CFGI_CD");
    CHECK_STR(smmuv3_command_name(0x06), "CMD_CFGI_CD_ALL");
    CHECK_STR(smmuv3_command_name(0x07), "CMD_CFGI_VMS_PIDM");
    CHECK_STR(smmuv3_command_name(0x10), "CMD_TLBI_NH_ALL");
    CHECK_STR(smmuv3_command_name(0x11), "CMD_TLBI_NH_ASID");
    CHECK_STR(smmuv3_command_name(0x12), "CMD_TLBI_NH_VA");
    CHECK_STR(smmuv3_command_name(0x13), "CMD_TLBI_NH_VAA");
    CHECK_STR(smmuv3_command_name(0x18), "CMD_TLBI_EL3_ALL");
    CHECK_STR(smmuv3_command_name(0x1a), "CMD_TLBI_EL3_VA");
    CHECK_STR(smmuv3_command_name(0x20), "CMD_TLBI_EL2_ALL");
    CHECK_STR(smmuv3_command_name(0x21), "CMD_TLBI_EL2_ASID");
    CHECK_STR(smmuv3_command_name(0x22), "CMD_TLBI_EL2_VA");
    CHECK_STR(smmuv3_command_name(0x23), "CMD_TLBI_EL2_VAA");
    CHECK_STR(smmuv3_command_name(0x28), "CMD_TLBI_S12_VMALL");
    CHECK_STR(smmuv3_command_name(0x2a), "CMD_TLBI_S2_IPA");
    CHECK_STR(smmuv3_command_name(0x30), "CMD_TLBI_NSNH_ALL");
    CHECK_STR(smmuv3_command_name(0x40), "CMD_ATC_INV");
    CHECK_STR(smmuv3_command_name(0x41), "CMD_PRI_RESP");
    CHECK_STR(smmuv3_command_name(0x44), "CMD_RESUME");
    CHECK_STR(smmuv3_command_name(0x45), "CMD_STALL_TERM");
    CHECK_STR(smmuv3_command_name(0x46), "CMD_SYNC");
    CHECK_STR(smmuv3_command_name(0x50), "CMD_TLBI_S_EL2_ALL");
    CHECK_STR(smmuv3_command_name(0x51), "CMD_TLBI_S_EL2_ASID");
    CHECK_STR(smmuv3_command_name(0x52), "CMD_TLBI_S_EL2_VA");
    CHECK_STR(smmuv3_command_name(0x53), "CMD_TLBI_S_EL2_VAA");
    CHECK_STR(smmuv3_command_name(0x58), "CMD_TLBI_S_S12_VMALL");
    CHECK_STR(smmuv3_command_name(0x5a), "CMD_TLBI_S_S2_IPA");
    CHECK_STR(smmuv3_command_name(0x60), "CMD_TLBI_SNH_ALL");
    CHECK_STR(smmuv3_command_name(0x70), "CMD_DPTI_ALL");
    CHECK_STR(smmuv3_command_name(0x73), "CMD_DPTI_PA");
    for (unsigned op = 0; op < 256; op++)
        named += smmuv3_command_name((uint8_t)op) != NULL;
    CHECK_EQ(named, 34);
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
    b->s->reg[SMMU_CMDQ_PROD / 4] =
        (b->s->reg[SMMU_CMDQ_PROD / 4] + 1) & 0x3f;
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
        {0x15, 0xff, IOVP_SH_NON}, /* 0b01 is treated as 0b00 */
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

/* ---- CMD_SYNC (4.7.3) -------------------------------------------------- */

TEST_CASE(Cmdq, SyncWithoutSignal)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(0, 3, 15, 7), BENCH_FREE), 0);
    CHECK_EQ(b.irq[IOVP_IRQ_CMDQ_SYNC], 0);
    CHECK_EQ(b.msi_count, 0);
    CHECK_EQ(b.sev, 0);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, SyncReservedSignalIsIllegal)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, sync_word(3, 0, 0, 0), 0), SMMU_CERROR_ILL);
    CHECK_EQ(cons(&b), 0);
    CHECK_EQ(b.sev, 0);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, SyncSev)
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
TEST_CASE(Cmdq, SyncWire)
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

TEST_CASE(Cmdq, SyncMsi)
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

TEST_CASE(Cmdq, SyncMsiAttributes)
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
        {0xf, 1, 0xff, IOVP_SH_NON}, /* Reserved, as 0b00 */
        {0xa, 3, 0xbb, IOVP_SH_INNER}, /* Normal iWT-oWT */
        {0x7, 3, 0x4f, IOVP_SH_INNER}, {0xd, 3, 0xf4, IOVP_SH_INNER},
        {0x4, 3, 0x00, IOVP_SH_OUTER}, /* Reserved: Device-nGnRnE */
        {0x8, 3, 0x00, IOVP_SH_OUTER}, {0xc, 3, 0x00, IOVP_SH_OUTER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;

        create_cmdq(&b, 4);
        CHECK_EQ(bench_command(
                     &b, sync_word(1, cases[i].msh, cases[i].attr, 1),
                     BENCH_FREE),
                 0);
        CHECK_EQ(b.msi[0].attrs.mem_type, cases[i].mem_type);
        CHECK_EQ(b.msi[0].attrs.shareability, cases[i].sh);
        bench_destroy(&b);
    }
}

/* 3.4.3: MSIAddress is compared with zero, then truncated to the OAS. */
TEST_CASE(Cmdq, SyncMsiAddressIsTruncatedToTheOas)
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

TEST_CASE(Cmdq, SyncMsiNeedsIdr0Msi)
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

TEST_CASE(Cmdq, SyncMsiAbort)
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
TEST_CASE(Cmdq, SyncMsiToOwnRegisters)
{
    struct bench b;

    create_cmdq(&b, 4);
    bench_command(&b, sync_word(1, 0, 0, 9), BENCH_MMIO + SMMU_CMDQ_PROD);
    CHECK_EQ(b.msi_count, 1);
    CHECK_EQ(bench_r32(&b, SMMU_CMDQ_PROD), 1);
    CHECK_EQ(bench_ack(&b), SMMU_GERROR_MSI_CMDQ_ABT_ERR);
    bench_destroy(&b);
}

TEST_CASE(Cmdq, SyncWaitsForTransactionsBegunBefore)
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
TEST_CASE(Cmdq, SyncEndsUnderConstantTraffic)
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
TEST_CASE(Cmdq, SyncAfterACancelledOne)
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

/* Other commands do not wait. */
TEST_CASE(Cmdq, InvalidationDoesNotWaitForTransactions)
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

/* ---- prefetch (4.2) ----------------------------------------------------- */

/* Without translation nothing is read but the command itself. */
TEST_CASE(Cmdq, PrefetchIsIgnoredWhileDisabled)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_CONFIG, 0), 0);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_ADDR, 0x1000 | 31), 0);
    CHECK_EQ(b.reads, 2);
    bench_destroy(&b);
}

/* An invalid STE, or one beyond the table, fails silently. */
TEST_CASE(Cmdq, PrefetchOfBadConfigurationIsSilent)
{
    static const uint64_t sids[] = {0, 5, 0xffffffff};
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(bench_command(&b, CMD_PREFETCH_CONFIG | sids[i] << 32, 0),
                 0);
        CHECK_EQ(bench_command(&b, CMD_PREFETCH_ADDR | sids[i] << 32, 31), 0);
    }
    CHECK_EQ(bench_r32(&b, SMMU_PAGE1 + SMMU_EVENTQ_PROD), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_destroy(&b);
}

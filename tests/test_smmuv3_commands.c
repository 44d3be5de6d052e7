/* SPDX-License-Identifier: MIT */
/* Which commands are legal (4.1 to 4.7), and prefetches that do nothing. */
#include "shim.h"
#include "smmu_fixture.h"

#define SSEC (1ull << 10)

static uint32_t cons(struct bench *b)
{
    return bench_r32(b, SMMU_CMDQ_CONS) & SMMU_QUEUE_INDEX_MASK;
}

static void create_cmdq(struct bench *b, unsigned log2)
{
    bench_create(b);
    bench_enable_cmdq(b, BENCH_CMDQ, log2);
}

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

TEST_CASE(Commands, LegalOpcodesBothStages)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10,
                                    0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23,
                                    0x28, 0x2a, 0x30, 0x44, 0x45, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    check_opcodes(&c, legal, sizeof(legal));
    c.idr0 |= 2u << 24; /* stall forced */
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Commands, LegalOpcodesWithoutHyp)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                    0x10, 0x11, 0x12, 0x13, 0x28, 0x2a,
                                    0x30, 0x44, 0x45, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_HYP;
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Commands, LegalOpcodesStage1Only)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10,
                                    0x11, 0x12, 0x13, 0x30, 0x44, 0x45, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    c.idr0 &= ~(SMMU_IDR0_S2P | SMMU_IDR0_HYP | SMMU_IDR0_VMID16);
    check_opcodes(&c, legal, sizeof(legal));
}

TEST_CASE(Commands, LegalOpcodesStage2Only)
{
    static const uint8_t legal[] = {0x01, 0x02, 0x03, 0x04,
                                    0x28, 0x2a, 0x30, 0x46};
    struct smmuv3_config c;

    bench_config(&c);
    /* Terminate only: no CMD_RESUME, no CMD_STALL_TERM (4.7.1, 4.7.2). */
    c.idr0 |= 1u << 24;
    c.idr5 &= 0xffff;
    c.idr0 &=
        ~(SMMU_IDR0_S1P | SMMU_IDR0_HYP | SMMU_IDR0_ASID16 | SMMU_IDR0_CD2L);
    c.idr1 &= ~(0x1fu << 6);
    c.idr3 &= ~SMMU_IDR3_HAD;
    check_opcodes(&c, legal, sizeof(legal));
}

/* 4.1.6: SSec == 1 is ILLEGAL on the Non-secure queue. */
TEST_CASE(Commands, SSecIsIllegal)
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
        FAIL_TEST("op 0x%x TG %u TTL %u NUM %u SCALE %u: %u", op, tg, ttl, num,
                  scale, got);
    if (illegal) {
        bench_w32(b, SMMU_CMDQ_PROD, cons(b));
        bench_ack(b);
    }
}

TEST_CASE(Commands, RangeFields)
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
TEST_CASE(Commands, NoRangeFieldsElsewhere)
{
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    CHECK_EQ(bench_command(&b, CMD_TLBI_NH_ALL, 1u << 10), 0);
    CHECK_EQ(bench_command(&b, CMD_TLBI_NH_ASID, 1u << 10), 0);
    CHECK_EQ(bench_command(&b, CMD_TLBI_S12_VMALL, 1u << 10), 0);
    bench_destroy(&b);
}

/* ---- prefetch (4.2) ----------------------------------------------------- */

/* Without translation nothing is read but the command itself. */
TEST_CASE(Commands, PrefetchIsIgnoredWhileDisabled)
{
    struct bench b;

    create_cmdq(&b, 4);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_CONFIG, 0), 0);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_ADDR, 0x1000 | 31), 0);
    CHECK_EQ(b.reads, 2);
    bench_destroy(&b);
}

/* An invalid STE, or one beyond the table, fails silently. */
TEST_CASE(Commands, PrefetchOfBadConfigurationIsSilent)
{
    static const uint64_t sids[] = {0, 5, 0xffffffff};
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(bench_command(&b, CMD_PREFETCH_CONFIG | sids[i] << 32, 0), 0);
        CHECK_EQ(bench_command(&b, CMD_PREFETCH_ADDR | sids[i] << 32, 31), 0);
    }
    CHECK_EQ(bench_r32(&b, SMMU_PAGE1 + SMMU_EVENTQ_PROD), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_destroy(&b);
}

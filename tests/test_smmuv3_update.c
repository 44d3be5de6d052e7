/* SPDX-License-Identifier: MIT */
/* Update of CR0, IRQ_CTRL and GBPA (6.3.9, 6.3.14, 6.3.16), and reset. */
#include "shim.h"
#include "smmu_fixture.h"

/* A core whose Updates take 100 ns. */
static void create_slow(struct bench *b)
{
    struct smmuv3_config c;

    bench_config(&c);
    c.timing.clock_ps = 1000;
    c.timing.ack_cycles = 100;
    bench_create_with(b, &c);
}

#define SLOW_PS 100000u

/* ---- Update (6.3.9, 6.3.14, 6.3.16) ------------------------------------ */

TEST_CASE(Update, Cr0AckShowsImplementedFieldsOnly)
{
    struct bench b;

    bench_create(&b);
    bench_w32(&b, SMMU_CR0, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_CR0), 0xd); /* SMMUEN EVENTQEN CMDQEN */
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0xd);
    bench_w32(&b, SMMU_CR0ACK, 0);
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0xd);
    bench_w32(&b, SMMU_CR0, 0);
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0);
    bench_destroy(&b);
}

TEST_CASE(Update, Cr0AckComesAfterItsLatency)
{
    struct bench b;

    create_slow(&b);
    b.now = 7;
    bench_w32(&b, SMMU_CR0, SMMU_CR0_SMMUEN);
    CHECK_EQ(bench_r32(&b, SMMU_CR0), SMMU_CR0_SMMUEN);
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0);
    b.now = 7 + SLOW_PS - 1;
    /* Writing the same value does not delay the Update. */
    bench_w32(&b, SMMU_CR0, SMMU_CR0_SMMUEN);
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0);
    b.now = 7 + SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), SMMU_CR0_SMMUEN);
    bench_destroy(&b);
}

/* 6.3.9: a field changed again before its Update completes keeps the first. */
TEST_CASE(Update, Cr0FieldInUpdateIgnoresASecondChange)
{
    struct bench b;

    create_slow(&b);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_SMMUEN);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_EVENTQEN);
    CHECK_EQ(bench_r32(&b, SMMU_CR0), SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN);
    b.now += 2 * SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_EVENTQEN);
    b.now += SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), SMMU_CR0_EVENTQEN);
    bench_destroy(&b);
}

/* CMDQEN takes effect with its Update, and the poll of it asks for work. */
TEST_CASE(Update, UpdateOfCmdqenWakesTheQueue)
{
    struct bench b;

    create_slow(&b);
    bench_w64(&b, SMMU_CMDQ_BASE, BENCH_CMDQ | 4);
    bench_push(&b, CMD_SYNC, 0);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    CHECK_EQ(bench_work(&b), 0);
    CHECK_EQ(bench_r32(&b, SMMU_CMDQ_CONS), 0);
    bench_forget(&b);
    b.now += SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), SMMU_CR0_CMDQEN);
    CHECK(b.wakes > 0);
    CHECK_EQ(bench_work(&b), 1);
    CHECK_EQ(bench_r32(&b, SMMU_CMDQ_CONS), 1);
    bench_destroy(&b);
}

/* Without a poll, the time of the work says when the Update is due. */
TEST_CASE(Update, WorkTellsWhenAnUpdateIsDue)
{
    struct bench b;
    bool more;

    create_slow(&b);
    b.now = 5;
    bench_w64(&b, SMMU_CMDQ_BASE, BENCH_CMDQ | 4);
    bench_push(&b, CMD_SYNC, 0);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_CMDQEN);
    CHECK(b.wakes > 0);
    b.now += 300;
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 0);
    CHECK(more);
    CHECK_EQ(smmuv3_work_time(b.s), SLOW_PS - 300);
    b.now += smmuv3_work_time(b.s);
    CHECK_EQ(smmuv3_work(b.s, 64, &more), 1);
    CHECK(!more);
    bench_destroy(&b);
}

TEST_CASE(Update, IrqCtrlAck)
{
    struct bench b;

    create_slow(&b);
    bench_w32(&b, SMMU_IRQ_CTRL, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_IRQ_CTRL), 0x5);
    CHECK_EQ(bench_r32(&b, SMMU_IRQ_CTRLACK), 0);
    b.now += SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_IRQ_CTRLACK), 0x5);
    bench_w32(&b, SMMU_IRQ_CTRLACK, 0);
    CHECK_EQ(bench_r32(&b, SMMU_IRQ_CTRLACK), 0x5);
    bench_destroy(&b);
}

TEST_CASE(Update, GbpaIsWrittenWithUpdateOnly)
{
    struct bench b;

    bench_create(&b);
    /* Out of reset: no abort, every attribute as it comes in. */
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0x00001000);
    bench_w32(&b, SMMU_GBPA, SMMU_GBPA_ABORT);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0x00001000);
    bench_w32(&b, SMMU_GBPA, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0x001f3f1f);
    bench_w32(&b, SMMU_GBPA, 0);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0x001f3f1f);
    bench_w32(&b, SMMU_GBPA, SMMU_GBPA_UPDATE);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0);
    bench_destroy(&b);
}

TEST_CASE(Update, GbpaIgnoresWritesDuringUpdate)
{
    struct bench b;

    create_slow(&b);
    bench_w32(&b, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    bench_w32(&b, SMMU_GBPA, SMMU_GBPA_UPDATE);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    b.now += SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), SMMU_GBPA_ABORT);
    bench_destroy(&b);
}

TEST_CASE(Update, GerrornKeepsWhatIsWritten)
{
    struct bench b;

    bench_create(&b);
    bench_w32(&b, SMMU_GERRORN, 0x5);
    CHECK_EQ(bench_r32(&b, SMMU_GERRORN), 0x5);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_w32(&b, SMMU_GERROR, 0x5);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_destroy(&b);
}

/* ---- reset --------------------------------------------------------------- */

static void make_history(struct bench *b)
{
    uint64_t ev[EVENT_WORDS];

    bench_enable(b);
    bench_command(b, CMD_TLBI_NSNH_ALL, 0);
    bench_command(b, 0xff, 0);
    bench_event(b, ev);
    bench_w32(b, SMMU_CR0, 0);
    for (uint32_t off = 0x20; off < SMMUV3_MMIO_SIZE; off += 4)
        bench_w32(b, off, 0xa5a5a5a5u ^ off);
    bench_w32(b, SMMU_GBPA, 0xffffffff);
    smmuv3_txn_begin(b->s);
}

TEST_CASE(Reset, EqualsFresh)
{
    struct smmuv3_stats stats;
    struct bench used, fresh;

    bench_create(&used);
    bench_create(&fresh);
    make_history(&used);
    smmuv3_reset(used.s);
    for (uint32_t off = 0; off < SMMUV3_MMIO_SIZE; off += 4)
        if (bench_r32(&used, off) != bench_r32(&fresh, off))
            FAIL_TEST("0x%x: 0x%x after reset, 0x%x fresh", off,
                      bench_r32(&used, off), bench_r32(&fresh, off));
    smmuv3_get_stats(used.s, &stats);
    CHECK_EQ(stats.commands, 0);
    CHECK_EQ(stats.events_lost, 0);
    CHECK_EQ(smmuv3_work_time(used.s), 0);
    bench_enable(&used);
    CHECK_EQ(bench_command(&used, CMD_SYNC, 0), SMMU_CERROR_NONE);
    bench_destroy(&used);
    bench_destroy(&fresh);
}

/* Reset in the middle of an Update ends it. */
TEST_CASE(Reset, DuringUpdate)
{
    struct bench b;

    create_slow(&b);
    bench_w32(&b, SMMU_CR0, SMMU_CR0_SMMUEN);
    bench_w32(&b, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    smmuv3_reset(b.s);
    b.now += 10 * SLOW_PS;
    CHECK_EQ(bench_r32(&b, SMMU_CR0), 0);
    CHECK_EQ(bench_r32(&b, SMMU_CR0ACK), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GBPA), 0x1000);
    bench_destroy(&b);
}

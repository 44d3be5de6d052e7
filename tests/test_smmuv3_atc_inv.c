/* SPDX-License-Identifier: MIT */
/* CMD_ATC_INV and the CMD_SYNC that waits for it: 4.5.1, 4.7.3, 3.9.1.4. */
#include "ats_scene.h"
#include "shim.h"

#define SID 0x12u

static uint64_t word0(int32_t ssid, bool global)
{
    return CMD_ATC_INV | (uint64_t)SID << 32 | (uint64_t)global << 9 |
           (ssid >= 0 ? 1ull << 11 | (uint64_t)ssid << 12 : 0);
}

static void at_once(struct bench *b, const struct iovp_ats_invalidation *i)
{
    CHECK(smmuv3_atc_complete(b->s, i->token, false));
}

static uint32_t cons(struct bench *b)
{
    return bench_r32(b, SMMU_CMDQ_CONS) & SMMU_QUEUE_INDEX_MASK;
}

TEST_CASE(AtcInv, SaysWhatToInvalidate)
{
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    b->on_atc = at_once;
    CHECK_EQ(0, bench_command(b, word0(-1, true), 0x123456789000));
    CHECK_EQ(0, bench_command(b, word0(0xabcde, true), 0x12345f000 | 4));
    CHECK_EQ(0, bench_command(b, word0(0, false), 0xfffffffffffff000 | 52));
    CHECK_EQ(0, bench_command(b, CMD_SYNC, 0));
    REQUIRE(b->atcs == 3);
    CHECK_EQ(SID, b->atc[0].stream_id);
    CHECK_EQ(0, b->atc[0].pasid_valid);
    CHECK_EQ(0, b->atc[0].global); /* only with a PASID */
    CHECK_EQ(0x123456789000, b->atc[0].first);
    CHECK_EQ(0x123456789fff, b->atc[0].last);
    CHECK_EQ(12, b->atc[0].log2);
    CHECK_EQ(1, b->atc[1].pasid_valid);
    CHECK_EQ(0xabcde, b->atc[1].pasid);
    CHECK_EQ(1, b->atc[1].global);
    CHECK_EQ(0x123450000, b->atc[1].first);
    CHECK_EQ(0x12345ffff, b->atc[1].last);
    CHECK_EQ(16, b->atc[1].log2);
    CHECK_EQ(1, b->atc[2].pasid_valid);
    CHECK_EQ(0, b->atc[2].pasid);
    CHECK_EQ(0, b->atc[2].global);
    CHECK_EQ(0, b->atc[2].first);
    CHECK_EQ(UINT64_MAX, b->atc[2].last);
    CHECK_EQ(64, b->atc[2].log2);
    scene_close(&sc);
}

TEST_CASE(AtcInv, Legality)
{
    struct smmuv3_config c;
    struct scene sc;

    scene_open(&sc);
    CHECK_EQ(SMMU_CERROR_ILL, bench_command(&sc.b, word0(-1, false), 0));
    scene_close(&sc);
    ats_open(&sc);
    CHECK_EQ(SMMU_CERROR_ILL, bench_command(&sc.b, word0(-1, false), 53));
    CHECK_EQ(0, sc.b.atcs);
    scene_close(&sc);
    /* Without SubstreamIDs SSV behaves as 0. */
    ats_config(&c);
    c.idr1 &= ~(0x1fu << 6);
    scene_open_with(&sc, &c);
    CHECK_EQ(0, bench_command(&sc.b, word0(7, true), 0));
    REQUIRE(sc.b.atcs == 1);
    CHECK_EQ(0, sc.b.atc[0].pasid_valid);
    CHECK_EQ(0, sc.b.atc[0].global);
    scene_close(&sc);
}

/* 6.3.9.6: ignored, and nothing is waited for. */
TEST_CASE(AtcInv, IgnoredWhileDisabled)
{
    struct scene sc;

    ats_open(&sc);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0 & ~SMMU_CR0_SMMUEN);
    CHECK_EQ(0, bench_command(&sc.b, word0(-1, false), 0));
    CHECK_EQ(0, bench_command(&sc.b, CMD_SYNC, 0));
    CHECK_EQ(0, sc.b.atcs);
    CHECK_EQ(2, cons(&sc.b));
    scene_close(&sc);
}

TEST_CASE(AtcInv, SyncWaitsForAll)
{
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    bench_command(b, word0(-1, false), 0);
    bench_command(b, word0(1, false), 0x1000);
    CHECK_EQ(2, cons(b)); /* consumed before they are complete */
    bench_command(b, CMD_SYNC | 1u << 12, 0);
    CHECK_EQ(2, cons(b));
    CHECK_EQ(0, b->irq[IOVP_IRQ_CMDQ_SYNC]);
    b->wakes = 0;
    CHECK(smmuv3_atc_complete(b->s, b->atc[1].token, false));
    CHECK_EQ(0, b->wakes);
    CHECK_EQ(0, bench_work(b));
    CHECK(smmuv3_atc_complete(b->s, b->atc[0].token, false));
    CHECK_EQ(1, b->wakes);
    CHECK_EQ(1, bench_work(b));
    CHECK_EQ(3, cons(b));
    CHECK_EQ(1, b->irq[IOVP_IRQ_CMDQ_SYNC]);
    scene_close(&sc);
}

/* What an endpoint began before its completion is waited for too (4.5.1). */
TEST_CASE(AtcInv, SyncWaitsForTransactionsBeforeTheCompletion)
{
    unsigned txn, later;
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    bench_command(b, word0(-1, false), 0);
    bench_command(b, CMD_SYNC, 0);
    txn = smmuv3_txn_begin(b->s);
    CHECK(smmuv3_atc_complete(b->s, b->atc[0].token, false));
    CHECK_EQ(0, bench_work(b));
    later = smmuv3_txn_begin(b->s);
    smmuv3_txn_end(b->s, txn);
    CHECK_EQ(1, bench_work(b));
    smmuv3_txn_end(b->s, later);
    scene_close(&sc);
}

TEST_CASE(AtcInv, TimeoutFailsTheSync)
{
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    bench_command(b, word0(-1, false), 0);
    bench_command(b, word0(-1, false), 0x1000);
    bench_command(b, CMD_SYNC | 1u << 12, 0);
    CHECK(smmuv3_atc_complete(b->s, b->atc[0].token, true));
    CHECK(smmuv3_atc_complete(b->s, b->atc[1].token, false));
    bench_work(b);
    CHECK_EQ(2, cons(b)); /* at the CMD_SYNC */
    CHECK_EQ(SMMU_CERROR_ATC_INV_SYNC,
             bench_r32(b, SMMU_CMDQ_CONS) >> 24 & 0x7f);
    CHECK_EQ(0, b->irq[IOVP_IRQ_CMDQ_SYNC]);
    CHECK_EQ(1, b->irq[IOVP_IRQ_GERROR]);
    CHECK_EQ(SMMU_GERROR_CMDQ_ERR, bench_ack(b));
    CHECK_EQ(1, bench_work(b));
    CHECK_EQ(1, b->irq[IOVP_IRQ_CMDQ_SYNC]);
    /* Told once. */
    CHECK_EQ(0, bench_command(b, CMD_SYNC, 0));
    scene_close(&sc);
}

/* Misuse changes nothing. */
TEST_CASE(AtcInv, TokensAreUsedOnce)
{
    uint32_t token;
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    CHECK(!smmuv3_atc_complete(b->s, 0, false));
    bench_command(b, word0(-1, false), 0);
    token = b->atc[0].token;
    CHECK(!smmuv3_atc_complete(b->s, token + 1, false));
    CHECK(!smmuv3_atc_complete(b->s, token + 32, false));
    CHECK(smmuv3_atc_complete(b->s, token, false));
    CHECK(!smmuv3_atc_complete(b->s, token, true));
    bench_command(b, word0(-1, false), 0);
    token = b->atc[1].token;
    smmuv3_reset(b->s);
    CHECK(!smmuv3_atc_complete(b->s, token, true));
    bench_enable_cmdq(b, BENCH_CMDQ, BENCH_LOG2);
    CHECK_EQ(0, bench_command(b, CMD_SYNC, 0));
    CHECK_EQ(1, cons(b));
    scene_close(&sc);
}

/* 32 at a time: the queue stands until one is complete. */
TEST_CASE(AtcInv, TheQueueWaitsForRoom)
{
    struct bench *b;
    struct scene sc;

    ats_open(&sc);
    b = &sc.b;
    for (unsigned i = 0; i < 40; i++)
        bench_push(b, word0(-1, false), (uint64_t)i << 12);
    bench_work(b);
    CHECK_EQ(32, b->atcs);
    CHECK_EQ(32, cons(b));
    b->wakes = 0;
    CHECK(smmuv3_atc_complete(b->s, b->atc[5].token, false));
    CHECK_EQ(1, b->wakes);
    bench_work(b);
    CHECK_EQ(33, b->atcs);
    CHECK(b->atc[32].token != b->atc[5].token);
    for (unsigned i = 0; i < b->atcs; i++) {
        smmuv3_atc_complete(b->s, b->atc[i].token, false);
        bench_work(b);
    }
    CHECK_EQ(40, b->atcs);
    CHECK_EQ(0, bench_command(b, CMD_SYNC, 0));
    CHECK_EQ(41, cons(b));
    scene_close(&sc);
}

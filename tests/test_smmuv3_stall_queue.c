/* SPDX-License-Identifier: MIT */
/*
 * Records of stalled transactions when they cannot be written at once (7.2,
 * 7.4, STALL_MAX), STAGs, many stalls, and initiators that give up.
 */
#include <stdlib.h>
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define SID     5u
#define OTHER   6u /* terminates */
#define VA      0x1000ull
#define PAGE    0x1000ull
#define FRAME   0x90000000ull
#define STALLS  256u
#define ENTRIES 64u /* of the Event queue, 2^BENCH_LOG2 */

#define PROD 0x100a8u /* EVENTQ_PROD, EVENTQ_CONS: 6.3.28, 6.3.29 */
#define CONS 0x100acu

struct two {
    struct scene sc;
    struct stream st, other;
};

static void open_with(struct two *t, const struct smmuv3_config *c)
{
    scene_open_with(&t->sc, c);
    stream_s1(&t->sc, &t->st, SID, 12, 48);
    tb_put(t->st.cd, T_CD_S, 1);
    tree_set(&t->sc, &t->st.s1, VA, 3, 0);
    stream_write(&t->sc, &t->st);
    stream_s1(&t->sc, &t->other, OTHER, 12, 48);
    stream_write(&t->sc, &t->other);
}

static void open_two(struct two *t)
{
    struct smmuv3_config c;

    bench_config(&c);
    open_with(t, &c);
}

/* Without looking at the queue. */
static uint32_t access(struct two *t, uint32_t sid, uint64_t va)
{
    struct acc a = acc(sid, va, "r");
    struct iovp_attrs at = acc_attrs(&a);

    smmuv3_translate(t->sc.b.s, &at, va, SMMUV3_READ, SMMUV3_NORMAL, &t->sc.r);
    return t->sc.r.stall;
}

static uint32_t stall(struct two *t, uint64_t va)
{
    uint32_t n = access(t, SID, va);

    CHECK_EQ(t->sc.r.status, IOVP_RESULT_STALL);
    CHECK_EQ(t->sc.r.event, E_TRANSLATION);
    return n;
}

static unsigned used(struct two *t)
{
    return (bench_r32(&t->sc.b, PROD) - bench_r32(&t->sc.b, CONS)) & 0x7f;
}

static bool overflown(struct two *t)
{
    return (bench_r32(&t->sc.b, PROD) ^ bench_r32(&t->sc.b, CONS)) >> 31;
}

static void fill_queue(struct two *t)
{
    while (used(t) < ENTRIES)
        access(t, OTHER, VA);
    CHECK(!overflown(t));
}

static unsigned stag_of(const uint64_t ev[4])
{
    return (unsigned)tb_get(ev, 64, 16);
}

static void answer(struct two *t, unsigned stag, uint64_t how)
{
    CHECK_EQ(bench_command(&t->sc.b, 0x44 | how | (uint64_t)SID << 32, stag),
             SMMU_CERROR_NONE);
}

#define RETRY (1ull << 12)
#define ABORT (1ull << 13)

/* The next record is a stall's, of this address. */
static unsigned expect_stall(struct two *t, uint64_t va)
{
    uint64_t ev[4] = {0};

    CHECK(bench_event(&t->sc.b, ev));
    CHECK_EQ(tb_get(ev, 0, 8), E_TRANSLATION);
    CHECK_EQ(tb_get(ev, 95, 1), 1);
    CHECK_EQ(ev[2], va);
    return stag_of(ev);
}

#define STATE(t, n, want) \
    CHECK_EQ(smmuv3_stall_state((t)->sc.b.s, n), SMMUV3_STALL_##want)

/* ---- a queue that cannot be written ------------------------------------- */

/* 7.4: neither lost nor an overflow; written when there is room, in order. */
TEST_CASE(StallQueue, FullQueueKeepsThem)
{
    struct two t;
    uint64_t ev[4];
    uint32_t n[3];
    unsigned i;

    open_two(&t);
    fill_queue(&t);
    for (i = 0; i < 3; i++)
        n[i] = stall(&t, VA + i * PAGE);
    CHECK(!overflown(&t));
    CHECK_EQ(used(&t), ENTRIES);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 3);
    bench_work(&t.sc.b);
    CHECK_EQ(used(&t), ENTRIES);
    /* Room for two: the oldest are written, by the next work. */
    t.sc.b.wakes = 0;
    CHECK(bench_event(&t.sc.b, ev));
    CHECK(bench_event(&t.sc.b, ev));
    CHECK(t.sc.b.wakes > 0);
    CHECK_EQ(used(&t), ENTRIES - 2);
    bench_work(&t.sc.b);
    CHECK_EQ(used(&t), ENTRIES);
    for (i = 0; i < ENTRIES - 2; i++) {
        CHECK(bench_event(&t.sc.b, ev));
        CHECK_EQ(tb_get(ev, 95, 1), 0);
    }
    expect_stall(&t, VA);
    bench_work(&t.sc.b);
    expect_stall(&t, VA + PAGE);
    expect_stall(&t, VA + 2 * PAGE);
    CHECK(!bench_event(&t.sc.b, ev));
    for (i = 0; i < 3; i++)
        STATE(&t, n[i], WAITING);
    scene_close(&t.sc);
}

/* 3.5: a record that waits comes before one of a later fault. */
TEST_CASE(StallQueue, LaterFaultsDoNotOvertake)
{
    struct two t;
    uint64_t ev[4];
    unsigned i;

    open_two(&t);
    fill_queue(&t);
    stall(&t, VA);
    for (i = 0; i < ENTRIES; i++)
        CHECK(bench_event(&t.sc.b, ev));
    access(&t, OTHER, VA);
    expect_stall(&t, VA);
    CHECK(bench_event(&t.sc.b, ev));
    CHECK_EQ(tb_get(ev, 32, 32), OTHER);
    scene_close(&t.sc);
}

/* 7.2.1: EVENTQEN 0; a terminated fault's record is lost, a stall's is not. */
TEST_CASE(StallQueue, DisabledQueueKeepsThem)
{
    struct two t;
    uint64_t ev[4];
    uint32_t cr0;

    open_two(&t);
    cr0 = bench_r32(&t.sc.b, 0x20);
    bench_w32(&t.sc.b, 0x20, cr0 & ~4u);
    access(&t, OTHER, VA);
    stall(&t, VA);
    bench_work(&t.sc.b);
    CHECK_EQ(used(&t), 0);
    bench_w32(&t.sc.b, 0x20, cr0);
    bench_work(&t.sc.b);
    expect_stall(&t, VA);
    CHECK(!bench_event(&t.sc.b, ev));
    scene_close(&t.sc);
}

/* 7.2.2: an abort of the write itself; the record waits for the GERRORN. */
TEST_CASE(StallQueue, WriteAbortKeepsThem)
{
    struct two t;
    uint64_t ev[4];

    open_two(&t);
    bench_fault(&t.sc.b, BENCH_EVENTQ, false, true);
    stall(&t, VA);
    CHECK_EQ(used(&t), 0);
    bench_clear_faults(&t.sc.b);
    bench_work(&t.sc.b);
    CHECK_EQ(used(&t), 0); /* EVENTQ_ABT_ERR is active */
    CHECK_EQ(bench_ack(&t.sc.b), 1u << 2);
    bench_work(&t.sc.b);
    expect_stall(&t, VA);
    CHECK(!bench_event(&t.sc.b, ev));
    scene_close(&t.sc);
}

/*
 * 7.2.1: an invalidation outdates a record that waits, and the transaction is
 * translated again when the queue is writable.
 */
TEST_CASE(StallQueue, InvalidationOutdatesARecord)
{
    struct two t;
    uint64_t ev[4];
    uint32_t n, m;
    unsigned i;

    open_two(&t);
    n = stall(&t, VA + 9 * PAGE);
    expect_stall(&t, VA + 9 * PAGE); /* recorded: not affected */
    fill_queue(&t);
    m = stall(&t, VA);
    tree_set(&t.sc, &t.st.s1, VA, 3, FRAME | D_PAGE | D_S1_RW);
    scene_invalidate(&t.sc);
    STATE(&t, m, WAITING);
    CHECK_EQ(t.sc.b.resumes, 0);
    for (i = 0; i < ENTRIES; i++)
        CHECK(bench_event(&t.sc.b, ev));
    bench_work(&t.sc.b);
    STATE(&t, m, RETRY);
    STATE(&t, n, WAITING);
    CHECK_EQ(t.sc.b.resumes, 1);
    CHECK_EQ(t.sc.b.resumed[0], m);
    smmuv3_retry(t.sc.b.s, m, &t.sc.r);
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_OK);
    CHECK(!bench_event(&t.sc.b, ev));
    scene_close(&t.sc);
}

/* 4.7.2: what is terminated before it was recorded is never recorded. */
TEST_CASE(StallQueue, TermPreventsARecord)
{
    struct two t;
    uint64_t ev[4];
    uint32_t n;
    unsigned i;

    open_two(&t);
    fill_queue(&t);
    n = stall(&t, VA);
    /* Its STAG is unknown to software yet: an answer has no effect. */
    for (i = 0; i < 0x10000; i += 256)
        answer(&t, i, RETRY);
    STATE(&t, n, WAITING);
    CHECK_EQ(bench_command(&t.sc.b, 0x45 | (uint64_t)SID << 32, 0), 0);
    STATE(&t, n, ABORT);
    for (i = 0; i < ENTRIES; i++)
        CHECK(bench_event(&t.sc.b, ev));
    bench_work(&t.sc.b);
    CHECK(!bench_event(&t.sc.b, ev));
    scene_close(&t.sc);
}

/* A FAULT record of the trace for each that is recorded, when it is. */
TEST_CASE(StallQueue, TraceAndStatistics)
{
    struct two t;
    struct smmuv3_stats st;
    uint64_t ev[4];

    open_two(&t);
    bench_forget(&t.sc.b);
    stall(&t, VA);
    CHECK_EQ(t.sc.b.traces, 2); /* and the interrupt */
    CHECK_EQ(t.sc.b.trace[0].kind, IOVP_TRACE_FAULT);
    CHECK_EQ(t.sc.b.trace[0].event, E_TRANSLATION);
    CHECK_EQ(t.sc.b.trace[0].iova, VA);
    CHECK_EQ(t.sc.b.irq[IOVP_IRQ_EVENTQ], 1);
    fill_queue(&t);
    bench_forget(&t.sc.b);
    stall(&t, VA + PAGE);
    CHECK_EQ(t.sc.b.traces, 0);
    CHECK(bench_event(&t.sc.b, ev));
    bench_work(&t.sc.b);
    CHECK_EQ(t.sc.b.traces, 1);
    CHECK_EQ(t.sc.b.trace[0].iova, VA + PAGE);
    smmuv3_get_stats(t.sc.b.s, &st);
    CHECK_EQ(st.events_lost, 0);
    scene_close(&t.sc);
}

/* ---- many ------------------------------------------------------------------
 */

/* 6.3.6: no more than STALL_MAX records are without an answer. */
TEST_CASE(StallQueue, StallMaxBoundsTheRecords)
{
    struct smmuv3_config c;
    struct two t;
    uint32_t n[5];
    unsigned i, stag;

    bench_config(&c);
    c.idr5 = (c.idr5 & 0xffff) | 2u << 16;
    open_with(&t, &c);
    for (i = 0; i < 5; i++)
        n[i] = stall(&t, VA + i * PAGE);
    CHECK_EQ(used(&t), 2);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 5);
    expect_stall(&t, VA);
    stag = expect_stall(&t, VA + PAGE);
    bench_work(&t.sc.b);
    CHECK_EQ(used(&t), 0);
    answer(&t, stag, ABORT);
    STATE(&t, n[1], ABORT);
    CHECK_EQ(used(&t), 1);
    expect_stall(&t, VA + 2 * PAGE);
    /* Others' records are not held back. */
    access(&t, OTHER, VA);
    CHECK_EQ(used(&t), 1);
    scene_close(&t.sc);
}

/* All slots; what comes then is terminated with an abort, Stall 0 (3.12). */
TEST_CASE(StallQueue, MoreThanCanBeHeld)
{
    static unsigned stag[STALLS];
    static uint32_t n[STALLS];
    struct two t;
    uint64_t ev[4];
    unsigned i, k;

    open_two(&t);
    tb_put(t.st.cd, T_CD_A, 0);
    tb_put(t.st.cd, T_CD_R, 0);
    stream_write(&t.sc, &t.st);
    for (i = 0; i < STALLS; i++) {
        n[i] = stall(&t, VA + i * PAGE);
        stag[i] = expect_stall(&t, VA + i * PAGE);
        for (k = 0; k < i; k++)
            if (stag[k] == stag[i] || n[k] == n[i] ||
                n[k] % STALLS == n[i] % STALLS)
                FAIL_TEST("%u and %u share a STAG or a number", k, i);
    }
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), STALLS);
    access(&t, SID, VA);
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
    CHECK(bench_event(&t.sc.b, ev));
    CHECK_EQ(ev[1] & 1ull << 31, 0);
    CHECK_EQ(stag_of(ev), 0);
    /* An answer alone makes no room: its initiator has yet to take note. */
    answer(&t, stag[100], ABORT);
    access(&t, SID, VA);
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
    CHECK(bench_event(&t.sc.b, ev));
    smmuv3_stall_end(t.sc.b.s, n[100]);
    stall(&t, VA);
    /* 3.12.2: the STAG was free to be used again; a new one is clearer. */
    CHECK(expect_stall(&t, VA) != stag[100]);
    CHECK_EQ(bench_command(&t.sc.b, 0x45 | (uint64_t)SID << 32, 0), 0);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 0);
    for (i = 0; i < STALLS; i++)
        if (i != 100)
            STATE(&t, n[i], ABORT);
    scene_close(&t.sc);
}

/* 3.12.2: no STAG is given to two that wait, over many rounds. */
TEST_CASE(StallQueue, StagsAreUniqueForever)
{
    static uint32_t owner[0x10000]; /* number by STAG */
    uint32_t live[8] = {0};
    unsigned stag[8] = {0};
    struct rnd r = {1};
    struct two t;
    unsigned i;

    memset(owner, 0, sizeof(owner));
    open_two(&t);
    for (i = 0; i < 5000; i++) {
        unsigned k = rnd_below(&r, 8);

        if (live[k]) {
            answer(&t, stag[k], rnd_chance(&r, 50) ? RETRY : ABORT);
            smmuv3_stall_end(t.sc.b.s, live[k]);
            owner[stag[k]] = 0;
        }
        live[k] = stall(&t, VA);
        stag[k] = expect_stall(&t, VA);
        CHECK_EQ(owner[stag[k]], 0);
        owner[stag[k]] = live[k];
    }
    CHECK(smmuv3_stalls(t.sc.b.s) <= 8);
    scene_close(&t.sc);
}

/* ---- initiators that give up ----------------------------------------------
 */

TEST_CASE(StallQueue, GivingUpKeepsTheStag)
{
    struct two t;
    uint64_t ev[4];
    unsigned stag, i;
    uint32_t n, m;

    open_two(&t);
    n = stall(&t, VA);
    stag = expect_stall(&t, VA);
    smmuv3_stall_end(t.sc.b.s, n);
    STATE(&t, n, NONE);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 0);
    for (i = 0; i < STALLS - 1; i++) {
        m = stall(&t, VA);
        CHECK(expect_stall(&t, VA) != stag);
    }
    access(&t, SID, VA); /* the slot is still in use */
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
    CHECK(bench_event(&t.sc.b, ev));
    bench_forget(&t.sc.b);
    answer(&t, stag, RETRY);
    CHECK_EQ(t.sc.b.resumes, 0);
    STATE(&t, n, NONE);
    stall(&t, VA);
    STATE(&t, m, WAITING);
    scene_close(&t.sc);
}

/* Before it was recorded: it never is (7.2.1 does not ask for it). */
TEST_CASE(StallQueue, GivingUpBeforeTheRecord)
{
    struct two t;
    uint64_t ev[4];
    uint32_t n;
    unsigned i;

    open_two(&t);
    fill_queue(&t);
    n = stall(&t, VA);
    smmuv3_stall_end(t.sc.b.s, n);
    STATE(&t, n, NONE);
    for (i = 0; i < ENTRIES; i++)
        CHECK(bench_event(&t.sc.b, ev));
    bench_work(&t.sc.b);
    CHECK(!bench_event(&t.sc.b, ev));
    scene_close(&t.sc);
}

/* Calls about something else change nothing. */
TEST_CASE(StallQueue, WrongNumbers)
{
    struct two t;
    uint32_t n, i;

    open_two(&t);
    n = stall(&t, VA);
    for (i = 0; i < 32; i++) {
        smmuv3_stall_end(t.sc.b.s, n ^ 1u << i);
        STATE(&t, n ^ 1u << i, NONE);
        smmuv3_retry(t.sc.b.s, n ^ 1u << i, &t.sc.r);
        CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
    }
    smmuv3_stall_end(t.sc.b.s, 0);
    STATE(&t, 0, NONE);
    smmuv3_retry(t.sc.b.s, n, &t.sc.r); /* not answered yet */
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
    smmuv3_time(t.sc.b.s, 1000, &t.sc.r);
    CHECK_EQ(t.sc.r.time_out, 1000);
    STATE(&t, n, WAITING);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 1);
    scene_close(&t.sc);
}

/* ---- reset, and again
 * --------------------------------------------------------
 */

TEST_CASE(StallQueue, ResetDropsThem)
{
    struct two t;
    uint32_t n, m, gone;
    unsigned stag;

    open_two(&t);
    n = stall(&t, VA);
    stag = expect_stall(&t, VA);
    m = stall(&t, VA + PAGE);
    answer(&t, expect_stall(&t, VA + PAGE), RETRY);
    gone = stall(&t, VA + 2 * PAGE);
    smmuv3_stall_end(t.sc.b.s, gone);
    bench_forget(&t.sc.b);
    smmuv3_reset(t.sc.b.s);
    CHECK_EQ(t.sc.b.resumes, 2);
    CHECK_EQ(t.sc.b.resumed[0], n);
    CHECK_EQ(t.sc.b.resumed[1], m);
    STATE(&t, n, NONE);
    STATE(&t, m, NONE);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 0);
    bench_enable(&t.sc.b);
    /* A new number, but STAGs as after create. */
    CHECK(stall(&t, VA) != n);
    CHECK_EQ(expect_stall(&t, VA), stag);
    STATE(&t, n, NONE);
    scene_close(&t.sc);
}

/* The core is busy while ops.resumed runs: a call from there is refused. */
static void call_back(struct bench *b, uint32_t stall)
{
    struct iovp_attrs a = {.size = sizeof(a), .stream_id = SID};
    struct smmuv3_result r;
    uint64_t v;

    (void)stall;
    smmuv3_translate(b->s, &a, VA, SMMUV3_READ, SMMUV3_NORMAL, &r);
    CHECK_EQ(r.status, IOVP_RESULT_ABORT);
    CHECK(!smmuv3_mmio_read(b->s, 0, 4, 0, &v));
}

TEST_CASE(StallQueue, NoWayBackFromTheCallback)
{
    struct two t;
    uint32_t n;

    open_two(&t);
    n = stall(&t, VA);
    t.sc.b.on_resumed = call_back;
    answer(&t, expect_stall(&t, VA), RETRY);
    STATE(&t, n, RETRY);
    stall(&t, VA);
    bench_w32(&t.sc.b, 0x20, 0xc); /* SMMUEN 0 */
    CHECK_EQ(t.sc.b.resumes, 2);
    CHECK_EQ(bench_r32(&t.sc.b, 0x24), 0xc);
    scene_close(&t.sc);
}

/* The same calls make the same records, twice. */
TEST_CASE(StallQueue, Deterministic)
{
    uint8_t *seen[2];
    unsigned i, k;

    for (i = 0; i < 2; i++) {
        struct rnd r = {77};
        struct two t;

        open_two(&t);
        for (k = 0; k < 300; k++) {
            uint32_t n = access(&t, SID, VA + rnd_below(&r, 4) * PAGE);
            uint64_t ev[4];

            if (rnd_chance(&r, 60) && bench_event(&t.sc.b, ev))
                answer(&t, stag_of(ev), rnd_chance(&r, 50) ? RETRY : ABORT);
            if (t.sc.r.status == IOVP_RESULT_STALL && rnd_chance(&r, 40))
                smmuv3_stall_end(t.sc.b.s, n);
        }
        seen[i] = t.sc.b.ram;
        t.sc.b.ram = NULL;
        scene_close(&t.sc);
    }
    CHECK(memcmp(seen[0], seen[1], BENCH_RAM_SIZE) == 0);
    free(seen[0]);
    free(seen[1]);
}

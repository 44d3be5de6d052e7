/* SPDX-License-Identifier: MIT */
/*
 * Stalled transactions and the mappings of a regime where two rules meet:
 * STALL_MAX and invalidations, initiators that give up while the core is at
 * work, records that come late, budgets and a small stage 2.
 */
#include "mapping_list.h"
#include "shim.h"

#define SID     5u
#define OTHER   6u /* terminates */
#define VA      0x1000ull
#define PAGE    0x1000ull
#define FRAME   0x90000000ull
#define ENTRIES 64u /* of the Event queue, 2^BENCH_LOG2 */

#define PROD 0x100a8u /* EVENTQ_PROD, EVENTQ_CONS: 6.3.28, 6.3.29 */
#define CONS 0x100acu

/* Bits of CMD_RESUME (4.7.1): Ac[12], Ab[13]. */
#define RETRY (1ull << 12)
#define ABORT (1ull << 13)

struct two {
    struct scene sc;
    struct stream st, other;
    uint32_t n; /* for callbacks */
};

static struct two t;

/* STALL_MAX as given; a stream that stalls, and one that does not. */
static void open_with(unsigned stall_max)
{
    struct smmuv3_config c;

    bench_config(&c);
    c.idr5 = (c.idr5 & 0xffff) | stall_max << 16;
    scene_open_with(&t.sc, &c);
    stream_s1(&t.sc, &t.st, SID, 12, 48);
    tb_put(t.st.cd, T_CD_S, 1);
    tree_set(&t.sc, &t.st.s1, VA, 3, 0);
    stream_write(&t.sc, &t.st);
    stream_s1(&t.sc, &t.other, OTHER, 12, 48);
    stream_write(&t.sc, &t.other);
}

/* Without looking at the queue. */
static uint32_t access(uint32_t sid, uint64_t va)
{
    struct acc a = acc(sid, va, "r");
    struct iovp_attrs at = acc_attrs(&a);

    smmuv3_translate(t.sc.b.s, &at, va, SMMUV3_READ, SMMUV3_NORMAL, &t.sc.r);
    return t.sc.r.stall;
}

static uint32_t stall(uint64_t va)
{
    uint32_t n = access(SID, va);

    CHECK_EQ(t.sc.r.status, IOVP_RESULT_STALL);
    return n;
}

static unsigned used(void)
{
    return (bench_r32(&t.sc.b, PROD) - bench_r32(&t.sc.b, CONS)) & 0x7f;
}

static void fill_queue(void)
{
    while (used() < ENTRIES)
        access(OTHER, VA);
}

static void drain_queue(void)
{
    uint64_t ev[4];
    unsigned i;

    for (i = 0; i < ENTRIES; i++)
        CHECK(bench_event(&t.sc.b, ev));
}

/* The next record is a stall's, of this address.  Returns its STAG. */
static unsigned expect_stall(uint64_t va)
{
    uint64_t ev[4] = {0};

    CHECK(bench_event(&t.sc.b, ev));
    CHECK_EQ(tb_get(ev, 0, 8), E_TRANSLATION);
    CHECK_EQ(tb_get(ev, 95, 1), 1);
    CHECK_EQ(ev[2], va);
    return (unsigned)tb_get(ev, 64, 16);
}

static void expect_no_event(void)
{
    uint64_t ev[4];

    CHECK(!bench_event(&t.sc.b, ev));
}

static void answer(unsigned stag, uint64_t how)
{
    CHECK_EQ(bench_command(&t.sc.b, 0x44 | how | (uint64_t)SID << 32, stag),
             SMMU_CERROR_NONE);
}

#define STATE(n, want) \
    CHECK_EQ(smmuv3_stall_state(t.sc.b.s, n), SMMUV3_STALL_##want)

/* ---- STALL_MAX and invalidations ---------------------------------------- */

/*
 * 7.2.1, 4.7.3: what an invalidation and CMD_SYNC affect before it was recorded
 * is retried as soon as the queue is writable.  STALL_MAX bounds records
 * (6.3.6), and a retry needs none.
 */
TEST_CASE(StallReview, OutdatedBeyondStallMax)
{
    uint32_t a, b, c;

    open_with(1);
    a = stall(VA);
    b = stall(VA + PAGE);
    c = stall(VA + 2 * PAGE);
    CHECK_EQ(used(), 1);
    tree_set(&t.sc, &t.st.s1, VA + PAGE, 3, FRAME | D_PAGE | D_S1_RW);
    scene_invalidate(&t.sc);
    STATE(a, WAITING);
    STATE(b, RETRY);
    STATE(c, RETRY);
    smmuv3_retry(t.sc.b.s, b, &t.sc.r);
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_OK);
    /* The other one faults again, and waits for its turn as before. */
    smmuv3_retry(t.sc.b.s, c, &t.sc.r);
    CHECK_EQ(t.sc.r.status, IOVP_RESULT_STALL);
    CHECK_EQ(used(), 1);
    answer(expect_stall(VA), ABORT);
    expect_stall(VA + 2 * PAGE);
    expect_no_event();
    scene_close(&t.sc);
}

/*
 * The sequence of 4.7.2.1: no record with Stall == 1 comes after the CMD_SYNC
 * of step 2c, however full the queue and whatever STALL_MAX.
 */
TEST_CASE(StallReview, NoStallRecordAfterTheStreamIsClosed)
{
    uint32_t n[3];
    unsigned i;

    open_with(1);
    n[0] = stall(VA);
    expect_stall(VA);
    fill_queue();
    n[1] = stall(VA + PAGE);
    n[2] = stall(VA + 2 * PAGE);
    bench_put64(&t.sc.b, BENCH_STRTAB + SID * 64, 1);      /* V, Config 0b000 */
    bench_command(&t.sc.b, 0x03 | (uint64_t)SID << 32, 1); /* CFGI_STE */
    bench_command(&t.sc.b, 0x46, 0);
    drain_queue();
    bench_work(&t.sc.b);
    STATE(n[0], WAITING);
    for (i = 1; i < 3; i++) {
        STATE(n[i], RETRY);
        smmuv3_retry(t.sc.b.s, n[i], &t.sc.r);
        CHECK_EQ(t.sc.r.status, IOVP_RESULT_ABORT);
        CHECK_EQ(t.sc.r.event, 0);
    }
    CHECK_EQ(bench_command(&t.sc.b, 0x45 | (uint64_t)SID << 32, 0), 0);
    STATE(n[0], ABORT);
    expect_no_event();
    scene_close(&t.sc);
}

/* ---- initiators that give up while their record is written ------------- */

static void give_up(struct bench *b, enum iovp_irq_line line)
{
    (void)line;
    smmuv3_stall_end(b->s, t.n);
}

/* Its STAG is in the queue: it stays in use until it is answered. */
TEST_CASE(StallReview, GivesUpDuringTheRecord)
{
    unsigned stag;
    uint32_t m;

    open_with(256);
    fill_queue();
    t.n = stall(VA);
    drain_queue();
    t.sc.b.on_irq = give_up;
    bench_work(&t.sc.b);
    t.sc.b.on_irq = NULL;
    STATE(t.n, NONE);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 0);
    stag = expect_stall(VA);
    expect_no_event();
    /* Everything goes on as if it had given up a little later. */
    m = stall(VA);
    CHECK(expect_stall(VA) != stag);
    bench_forget(&t.sc.b);
    answer(stag, RETRY);
    CHECK_EQ(t.sc.b.resumes, 0);
    STATE(m, WAITING);
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 1);
    expect_no_event();
    scene_close(&t.sc);
}

/* With STALL_MAX 1: until that answer nothing else is recorded. */
TEST_CASE(StallReview, GivenUpStillCountsForStallMax)
{
    unsigned stag;

    open_with(1);
    fill_queue();
    t.n = stall(VA);
    stall(VA + PAGE);
    drain_queue();
    t.sc.b.on_irq = give_up;
    bench_work(&t.sc.b);
    t.sc.b.on_irq = NULL;
    stag = expect_stall(VA);
    bench_work(&t.sc.b);
    expect_no_event();
    answer(stag, ABORT);
    expect_stall(VA + PAGE);
    expect_no_event();
    scene_close(&t.sc);
}

/* The write aborts (7.2.2): nobody knows the STAG, and nobody wants it. */
TEST_CASE(StallReview, GivesUpDuringAnAbortedRecord)
{
    uint32_t i;

    open_with(256);
    fill_queue();
    t.n = stall(VA);
    drain_queue();
    bench_fault(&t.sc.b, BENCH_EVENTQ, false, true);
    t.sc.b.on_irq = give_up;
    bench_work(&t.sc.b);
    t.sc.b.on_irq = NULL;
    STATE(t.n, NONE);
    CHECK_EQ(used(), 0);
    bench_clear_faults(&t.sc.b);
    CHECK_EQ(bench_ack(&t.sc.b), 1u << 2);
    bench_work(&t.sc.b);
    expect_no_event();
    CHECK_EQ(smmuv3_stalls(t.sc.b.s), 0);
    /* All 256 slots are there. */
    for (i = 0; i < 256; i++) {
        stall(VA);
        expect_stall(VA);
    }
    scene_close(&t.sc);
}

/* ---- interrupts of records that come late -------------------------------- */

/* 3.18, 6.3.16: an edge as the queue gets its first record, if enabled. */
TEST_CASE(StallReview, InterruptOfALateRecord)
{
    open_with(256);
    bench_w32(&t.sc.b, 0x50, 0);                  /* IRQ_CTRL */
    bench_w64(&t.sc.b, 0xb0, BENCH_FREE - 0x100); /* EVENTQ_IRQ_CFG0, 1 */
    bench_w32(&t.sc.b, 0xb8, 0x1234);
    bench_w32(&t.sc.b, 0x50, 4);
    fill_queue();
    stall(VA);
    stall(VA + PAGE);
    bench_forget(&t.sc.b);
    drain_queue();
    CHECK_EQ(t.sc.b.msi_count, 0);
    bench_work(&t.sc.b);
    CHECK_EQ(used(), 2);
    CHECK_EQ(t.sc.b.irq[IOVP_IRQ_EVENTQ], 1);
    CHECK_EQ(t.sc.b.msi_count, 1);
    CHECK_EQ(t.sc.b.msi[0].data, 0x1234);
    scene_close(&t.sc);

    open_with(256);
    fill_queue();
    stall(VA);
    bench_w32(&t.sc.b, 0x50, 0);
    bench_forget(&t.sc.b);
    drain_queue();
    bench_work(&t.sc.b);
    CHECK_EQ(used(), 1);
    CHECK_EQ(t.sc.b.irq[IOVP_IRQ_EVENTQ], 0);
    CHECK_EQ(t.sc.b.msi_count, 0);
    scene_close(&t.sc);
}

/* 7.4: an overflow that is not acknowledged keeps no record from coming. */
TEST_CASE(StallReview, LateRecordsDuringAnOverflow)
{
    uint32_t prod;

    open_with(256);
    fill_queue();
    access(OTHER, VA);
    stall(VA);
    prod = bench_r32(&t.sc.b, PROD);
    CHECK((prod ^ bench_r32(&t.sc.b, CONS)) >> 31);
    /* All consumed, OVACKFLG as it was. */
    bench_w32(&t.sc.b, CONS,
              (prod & 0x7f) | (bench_r32(&t.sc.b, CONS) & 1u << 31));
    bench_work(&t.sc.b);
    CHECK_EQ(used(), 1);
    CHECK_EQ(bench_r32(&t.sc.b, PROD) >> 31, prod >> 31);
    expect_stall(VA);
    scene_close(&t.sc);
}

/* ---- mappings --------------------------------------------------------------
 */

static bool any(void *ud, const struct iovp_mapping *m)
{
    (void)ud;
    (void)m;
    return true;
}

/* RAM at IPA 0, and a stage 2 of 25 bits: S2T0SZ has its largest value. */
static void small_nested(struct scene *sc, struct stream *st)
{
    uint64_t ipa;

    stream_nested(sc, st, SID, 12, 12);
    tree_init(sc, &st->s2, 12, 25, 2);
    for (ipa = 0; ipa < BENCH_RAM_SIZE; ipa += 0x200000)
        tree_set(sc, &st->s2, ipa, 2, (BENCH_RAM + ipa) | D_BLOCK | D_S2_RW);
    tb_put(st->ste, T_STE_S2T0SZ, 39);
    tb_put(st->ste, T_STE_S2SL0, 0);
    tb_put(st->ste, T_STE_S2TTB, st->s2.root >> 4);
    st->s1.bias = 0 - BENCH_RAM;
    tb_put(st->ste, T_STE_S1CPTR, (st->cd_at - BENCH_RAM) >> 6);
    tb_put(st->cd, T_CD_TTB0, (st->s1.root - BENCH_RAM) >> 4);
}

/*
 * A block of stage 1 whose IPAs are beyond the input range of a small stage 2:
 * one answer for all of it (3.4), however small that range is.  In pieces of
 * that range it would take many steps that no budget counts.
 */
TEST_CASE(StallReview, BlockBeyondASmallStage2)
{
    static const struct {
        uint64_t ipa, next;
    } k[] = {
        {0x40000000, 0x40000000},
        /* What stage 2 maps, and 2 MiB of it are the first piece. */
        {0, 0x200000},
    };
    struct acc a = acc(SID, 0, "r");
    struct iovp_attrs at = acc_attrs(&a);
    unsigned i;

    for (i = 0; i < 2; i++) {
        struct iovp_mapping_walk w = {
            .last = UINT64_MAX, .budget = 1, .fn = any};
        struct scene sc;
        struct stream st;

        scene_open(&sc);
        small_nested(&sc, &st);
        tree_set(&sc, &st.s1, 0, 1, k[i].ipa | D_BLOCK | D_S1_RW);
        stream_write(&sc, &st);
        CHECK(!smmuv3_iommu_ops.mappings(sc.b.s, &at, &w));
        CHECK_EQ(w.next, k[i].next);
        scene_close(&sc);
    }
}

/* Where the range of stage 2 ends within a block, so do the mappings. */
TEST_CASE(StallReview, MappingsEndWithStage2)
{
    static struct mapping_list list;
    struct scene sc;
    struct stream st;
    uint64_t va;

    scene_open(&sc);
    small_nested(&sc, &st);
    for (va = 0; va < 0x2000000; va += 0x200000)
        tree_set(&sc, &st.s2, va, 2, (BENCH_RAM + va) | D_BLOCK | D_S2_RW);
    tree_set(&sc, &st.s1, 0, 1, 0 | D_BLOCK | D_S1_RW);
    tree_set(&sc, &st.s1, 0x40000000, 1, 0x40000000 | D_BLOCK | D_S1_RW);
    tree_set(&sc, &st.s1, 0x80000000, 2, 0x1e00000 | D_BLOCK | D_S1_RW);
    stream_write(&sc, &st);
    list_all(&list, &sc, acc(SID, 0, "r"));
    CHECK_EQ(list.count, 2);
    CHECK_EQ(list.m[0].first, 0);
    CHECK_EQ(list.m[0].last, 0x1ffffff);
    CHECK_EQ(list.m[0].pa, BENCH_RAM);
    CHECK_EQ(list.m[1].first, 0x80000000);
    CHECK_EQ(list.m[1].last, 0x801fffff);
    CHECK_EQ(list.m[1].pa, BENCH_RAM + 0x1e00000);
    EXPECT_OK(&sc, acc(SID, 0x1ffffff, "r"), BENCH_RAM + 0x1ffffff);
    EXPECT_EVENT(&sc, acc(SID, 0x2000000, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_IN, 0x2000000);
    scene_close(&sc);
}

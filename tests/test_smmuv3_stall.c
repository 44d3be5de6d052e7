/* SPDX-License-Identifier: MIT */
/*
 * Stalled transactions (3.12.2): which faults stall, what their records say,
 * and what each answer does.
 */
#include "shim.h"
#include "smmu_scene.h"

#define SID   5u
#define VA    0x1000ull
#define PAGE  0x1000ull
#define FRAME 0x90000000ull

/* Bit 95 of a record: Stall (7.3). */
#define STALL_BIT (1ull << 31)

static unsigned stag_of(const uint64_t ev[4])
{
    return (unsigned)tb_get(ev, 64, 16);
}

/* A stream with CD.S, and a table for VA that maps nothing yet. */
static void open_s1(struct scene *sc, struct stream *st)
{
    scene_open(sc);
    stream_s1(sc, st, SID, 12, 48);
    tb_put(st->cd, T_CD_S, 1);
    tree_set(sc, &st->s1, VA, 3, 0);
    stream_write(sc, st);
}

static void map(struct scene *sc, struct stream *st, uint64_t va)
{
    tree_set(sc, &st->s1, va, 3, (FRAME + va) | D_PAGE | D_S1_RW);
}

/* The access stalls, with exactly this record but for the STAG. */
static uint32_t stalls(struct scene *sc, struct acc a, unsigned type,
                       unsigned flags, uint64_t addr)
{
    uint64_t want[4];

    tb_event(want, type, &a, flags, addr);
    scene_do(sc, a);
    CHECK_EQ(sc->r.status, IOVP_RESULT_STALL);
    CHECK_EQ(sc->r.event, type);
    CHECK(sc->r.stall != 0);
    CHECK_EQ(sc->events, 1);
    tb_put(want, 64, 16, stag_of(sc->ev));
    want[1] |= STALL_BIT;
    CHECK_MEM(sc->ev, want, 32);
    CHECK_EQ(smmuv3_stall_state(sc->b.s, sc->r.stall), SMMUV3_STALL_WAITING);
    return sc->r.stall;
}

static uint32_t stall_s1(struct scene *sc, uint64_t va)
{
    return stalls(sc, acc(SID, va, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
}

/* Bits of CMD_RESUME (4.7.1): Ac[12], Ab[13]. */
#define AC (1ull << 12)
#define AB (1ull << 13)

static unsigned resume(struct scene *sc, uint32_t sid, unsigned stag,
                       uint64_t how)
{
    return bench_command(&sc->b, 0x44 | how | (uint64_t)sid << 32, stag);
}

static unsigned stall_term(struct scene *sc, uint32_t sid)
{
    return bench_command(&sc->b, 0x45 | (uint64_t)sid << 32, 0);
}

static void retry(struct scene *sc, uint32_t stall)
{
    uint64_t more[4];

    smmuv3_retry(sc->b.s, stall, &sc->r);
    sc->events = 0;
    if (bench_event(&sc->b, sc->ev))
        sc->events = 1;
    while (bench_event(&sc->b, more))
        sc->events++;
    CHECK_EQ(smmuv3_stall_state(sc->b.s, stall), SMMUV3_STALL_NONE);
}

#define STATE(sc, stall, want) \
    CHECK_EQ(smmuv3_stall_state((sc)->b.s, stall), SMMUV3_STALL_##want)

/* ---- which faults stall ---------------------------------------------------
 */

TEST_CASE(Stall, RetryTranslatesAgain)
{
    struct scene sc;
    struct stream st;
    uint32_t n;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA + 0x234);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 1);
    CHECK_EQ(sc.b.resumes, 0);
    map(&sc, &st, VA);
    CHECK_EQ(resume(&sc, SID, stag_of(sc.ev), AC), SMMU_CERROR_NONE);
    CHECK_EQ(sc.b.resumes, 1);
    CHECK_EQ(sc.b.resumed[0], n);
    STATE(&sc, n, RETRY);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    retry(&sc, n);
    CHECK_EQ(sc.r.status, IOVP_RESULT_OK);
    CHECK_EQ(sc.r.pa, FRAME + VA + 0x234);
    CHECK_EQ(sc.events, 0);
    /* The time of a retry is that of a walk which begins now. */
    smmuv3_time(sc.b.s, 5000000, &sc.r);
    CHECK(sc.r.time_out > 5000000);
    scene_close(&sc);
}

/* The four of 3.12, each at stage 1. */
TEST_CASE(Stall, EachFaultOfStage1)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st);
    /* IPS 32 bits: 2^32 is beyond. */
    tb_put(st.cd, T_CD_IPS, 0);
    tree_set(&sc, &st.s1, VA + 1 * PAGE, 3, 1ull << 32 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s1, VA + 2 * PAGE, 3, FRAME | D_PAGE | (D_S1_RW & ~D_AF));
    tree_set(&sc, &st.s1, VA + 3 * PAGE, 3,
             FRAME | D_PAGE | D_S1_RW | D_AP(3)); /* read-only */
    stream_write(&sc, &st);
    stalls(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    stalls(&sc, acc(SID, VA, "wp"), E_TRANSLATION, EV_CLASS_IN, 0);
    stalls(&sc, acc(SID, VA + 1 * PAGE, "w"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    stalls(&sc, acc(SID, VA + 2 * PAGE, "xp"), E_ACCESS, EV_CLASS_IN, 0);
    stalls(&sc, acc(SID, VA + 3 * PAGE, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    /* A permission fault of a TLB hit as well. */
    EXPECT_OK(&sc, acc(SID, VA + 3 * PAGE, "r"), FRAME);
    stalls(&sc, acc(SID, VA + 3 * PAGE, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 6);
    scene_close(&sc);
}

/* 5.5: S makes R and A of no account. */
TEST_CASE(Stall, RecordAndAbortFlagsAreIgnored)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        struct scene sc;
        struct stream st;

        open_s1(&sc, &st);
        tb_put(st.cd, T_CD_R, i & 1);
        tb_put(st.cd, T_CD_A, i >> 1);
        stream_write(&sc, &st);
        stall_s1(&sc, VA);
        scene_close(&sc);
    }
}

/* 3.12.5: the model of the stage that faults counts. */
TEST_CASE(Stall, StagesAreConfiguredApart)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        struct scene sc;
        struct stream st;
        struct acc one = acc(SID, VA, "w"), two = acc(SID, VA + PAGE, "w");

        scene_open(&sc);
        stream_nested(&sc, &st, SID, 12, 12);
        tree_set(&sc, &st.s1, VA, 3, 0);
        tree_set(&sc, &st.s1, VA + PAGE, 3, 0x7000 | D_PAGE | D_S1_RW);
        tb_put(st.cd, T_CD_S, i & 1);
        tb_put(st.ste, T_STE_S2S, i >> 1);
        tb_put(st.ste, T_STE_S2R, !(i >> 1));
        stream_write(&sc, &st);
        if (i & 1)
            stalls(&sc, one, E_TRANSLATION, EV_CLASS_IN, 0);
        else
            EXPECT_EVENT(&sc, one, E_TRANSLATION, EV_CLASS_IN, 0);
        if (i >> 1)
            stalls(&sc, two, E_TRANSLATION, EV_S2 | EV_CLASS_IN, 0x7000);
        else
            EXPECT_EVENT(&sc, two, E_TRANSLATION, EV_S2 | EV_CLASS_IN, 0x7000);
        scene_close(&sc);
    }
}

/* 3.12: stage 2 of a walk's descriptor (TT) and of a CD stall by S2S. */
TEST_CASE(Stall, Stage2OfTablesAndOfACd)
{
    struct scene sc;
    struct stream st;
    uint64_t cd_ipa, leaf, block;
    uint32_t n;

    scene_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    tb_put(st.ste, T_STE_S2S, 1);
    tree_set(&sc, &st.s1, VA, 3, (FRAME + NEST_BIAS) | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    /* The root of stage 1 lies in an IPA that is not mapped any more. */
    cd_ipa = st.cd_at + NEST_BIAS;
    tb_put(st.cd, T_CD_TTB0, 0x50000000 >> 4);
    stream_write(&sc, &st);
    n = stalls(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_TT,
               0x50000000);
    CHECK_EQ(resume(&sc, SID, stag_of(sc.ev), AB), SMMU_CERROR_NONE);
    STATE(&sc, n, ABORT);
    smmuv3_stall_end(sc.b.s, n);
    /* Nor is the CD. */
    leaf = tree_slot(&sc, &st.s2, cd_ipa, 2);
    block = bench_get64(&sc.b, leaf);
    bench_put64(&sc.b, leaf, 0);
    scene_invalidate(&sc);
    n = stalls(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_CD,
               cd_ipa & ~0xfffull);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 1);
    /* 3.21.1: no CFGI is needed to have the CD fetched again. */
    bench_put64(&sc.b, leaf, block);
    resume(&sc, SID, stag_of(sc.ev), AC);
    retry(&sc, n);
    CHECK_EQ(sc.r.event, E_TRANSLATION); /* the walk again */
    CHECK_EQ(tb_get(sc.ev, 104, 2), 1);  /* CLASS TT */
    scene_close(&sc);
}

/* Faults that are not translation-related, and sizes of a bypassed stage 1. */
TEST_CASE(Stall, OtherFaultsTerminate)
{
    struct scene sc;
    struct stream st, two;

    open_s1(&sc, &st);
    EXPECT_EVENT(&sc, acc_ss(SID, 3, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    bench_fault(&sc.b, tree_slot(&sc, &st.s1, VA, 3), true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_WALK_EABT, EV_CLASS_TT,
                 tree_slot(&sc, &st.s1, VA, 3));
    bench_clear_faults(&sc.b);
    tb_put(st.cd, T_CD_V, 0);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_BAD_CD, 0, 0);
    /* 3.12: an IPA that is too large where stage 1 is bypassed. */
    stream_s2(&sc, &two, 6, 12, 48, 0);
    tb_put(two.ste, T_STE_S2S, 1);
    stream_write(&sc, &two);
    EXPECT_EVENT(&sc, acc(6, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    scene_close(&sc);
}

TEST_CASE(Stall, S1stalldForbidsIt)
{
    struct scene sc;
    struct stream st;

    open_s1(&sc, &st);
    tb_put(st.ste, T_STE_S1STALLD, 1);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_BAD_CD, 0, 0);
    tb_put(st.cd, T_CD_S, 0);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* STALL_MODEL 0b10: what may terminate is ILLEGAL; the rest stalls. */
TEST_CASE(Stall, Forced)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.idr0 |= 2u << 24;
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, 12, 48);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_BAD_CD, 0, 0);
    tb_put(st.cd, T_CD_S, 1);
    stream_write(&sc, &st);
    stall_s1(&sc, VA);
    scene_close(&sc);
}

/* Neither debug accesses nor prefetches stall. */
TEST_CASE(Stall, NotOfDebugNorOfPrefetch)
{
    struct scene sc;
    struct stream st;
    uint64_t ev[4];

    open_s1(&sc, &st);
    scene_debug(&sc, acc(SID, VA, "r"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_ABORT);
    CHECK_EQ(bench_command(&sc.b, 0x02 | (uint64_t)SID << 32, VA),
             SMMU_CERROR_NONE);
    CHECK(!bench_event(&sc.b, ev));
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    scene_close(&sc);
}

/* ---- answers ----------------------------------------------------------------
 */

/* 4.7.1: Ac and Ab, whatever CD.A says; TERM_MODEL knows only aborts. */
TEST_CASE(Stall, AnswersOfResume)
{
    static const struct {
        uint64_t how;
        unsigned both, abort_only; /* by TERM_MODEL */
    } k[] = {
        {0, SMMUV3_STALL_RAZWI, SMMUV3_STALL_ABORT},
        {AB, SMMUV3_STALL_ABORT, SMMUV3_STALL_ABORT},
        {AC, SMMUV3_STALL_RETRY, SMMUV3_STALL_RETRY},
        {AC | AB, SMMUV3_STALL_RETRY, SMMUV3_STALL_RETRY},
    };
    unsigned term, a, i;

    for (term = 0; term < 2; term++) {
        for (a = term; a < 2; a++) { /* TERM_MODEL: CD.A must be 1 */
            struct smmuv3_config c;
            struct scene sc;
            struct stream st;

            bench_config(&c);
            c.idr0 |= term << 26;
            scene_open_with(&sc, &c);
            stream_s1(&sc, &st, SID, 12, 48);
            tb_put(st.cd, T_CD_S, 1);
            tb_put(st.cd, T_CD_A, a);
            stream_write(&sc, &st);
            for (i = 0; i < 4; i++) {
                uint32_t n = stall_s1(&sc, VA);

                resume(&sc, SID, stag_of(sc.ev), k[i].how);
                CHECK_EQ(smmuv3_stall_state(sc.b.s, n),
                         term ? k[i].abort_only : k[i].both);
                smmuv3_stall_end(sc.b.s, n);
                STATE(&sc, n, NONE);
            }
            scene_close(&sc);
        }
    }
}

/* A stage 2 fault too may be ended with RAZ/WI by CMD_RESUME (4.7.1). */
TEST_CASE(Stall, Stage2MayEndAsRazWi)
{
    struct scene sc;
    struct stream st;
    uint32_t n;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tb_put(st.ste, T_STE_S2S, 1);
    stream_write(&sc, &st);
    n = stalls(&sc, acc(SID, VA, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN, VA);
    resume(&sc, SID, stag_of(sc.ev), 0);
    STATE(&sc, n, RAZWI);
    scene_close(&sc);
}

/* 4.7.1: StreamID and STAG must both match; else there is no effect. */
TEST_CASE(Stall, ResumeThatDoesNotMatch)
{
    struct scene sc;
    struct stream st;
    uint64_t bit;
    unsigned stag;
    uint32_t n;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA);
    stag = stag_of(sc.ev);
    for (bit = 1; bit < 0x10000; bit <<= 1)
        CHECK_EQ(resume(&sc, SID, stag ^ (unsigned)bit, AC), 0);
    for (bit = 1; bit < 1ull << 32; bit <<= 1)
        CHECK_EQ(resume(&sc, SID ^ (uint32_t)bit, stag, AC), 0);
    /* SSec is ILLEGAL here (4.1.6). */
    CHECK_EQ(resume(&sc, SID, stag, AC | 1 << 10), SMMU_CERROR_ILL);
    bench_w32(&sc.b, SMMU_CMDQ_PROD, bench_r32(&sc.b, SMMU_CMDQ_CONS) & 0x7f);
    bench_ack(&sc.b);
    STATE(&sc, n, WAITING);
    CHECK_EQ(sc.b.resumes, 0);
    CHECK_EQ(resume(&sc, SID, stag, AC), 0);
    STATE(&sc, n, RETRY);
    scene_close(&sc);
}

/* The second answer to one STAG has no effect, before and after the retry. */
TEST_CASE(Stall, ResumeTwice)
{
    struct scene sc;
    struct stream st;
    unsigned stag;
    uint32_t n, again;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA);
    stag = stag_of(sc.ev);
    resume(&sc, SID, stag, AC);
    resume(&sc, SID, stag, AB);
    STATE(&sc, n, RETRY);
    CHECK_EQ(sc.b.resumes, 1);
    retry(&sc, n); /* stalls again: nothing was mapped */
    again = sc.r.stall;
    CHECK_EQ(sc.r.status, IOVP_RESULT_STALL);
    CHECK_EQ(sc.events, 1);
    CHECK(again != n);
    CHECK(stag_of(sc.ev) != stag);
    resume(&sc, SID, stag, AB);
    STATE(&sc, again, WAITING);
    CHECK_EQ(sc.b.resumes, 1);
    scene_close(&sc);
}

/* 3.12.2: in any order, and each by its own STAG. */
TEST_CASE(Stall, AnsweredInAnyOrder)
{
    static const unsigned order[] = {3, 0, 4, 1, 2};
    struct scene sc;
    struct stream st;
    uint32_t n[5];
    unsigned stag[5], i, k;

    open_s1(&sc, &st);
    for (i = 0; i < 5; i++) {
        n[i] = stall_s1(&sc, VA + i * PAGE);
        stag[i] = stag_of(sc.ev);
        for (k = 0; k < i; k++)
            CHECK(stag[k] != stag[i]);
        map(&sc, &st, VA + i * PAGE);
    }
    for (i = 0; i < 5; i++) {
        unsigned x = order[i];

        resume(&sc, SID, stag[x], AC);
        CHECK_EQ(sc.b.resumed[i], n[x]);
        CHECK_EQ(smmuv3_stalls(sc.b.s), 4 - i);
        retry(&sc, n[x]);
        CHECK_EQ(sc.r.pa, FRAME + VA + x * PAGE);
    }
    scene_close(&sc);
}

/* 4.7.2: all of a StreamID, and of no other, end with an abort. */
TEST_CASE(Stall, StallTerm)
{
    struct scene sc;
    struct stream st, other;
    uint32_t n[3], far;
    unsigned i;

    open_s1(&sc, &st);
    stream_s1(&sc, &other, SID + 1, 12, 48);
    tb_put(other.cd, T_CD_S, 1);
    tb_put(other.cd, T_CD_A, 0);
    stream_write(&sc, &other);
    for (i = 0; i < 3; i++)
        n[i] = stall_s1(&sc, VA + i * PAGE);
    /* One is to be retried, but has not been yet: it is still stalled. */
    resume(&sc, SID, stag_of(sc.ev), AC);
    far = stalls(&sc, acc(SID + 1, VA, "w"), E_TRANSLATION, EV_CLASS_IN, 0);
    CHECK_EQ(stall_term(&sc, SID + 2), SMMU_CERROR_NONE);
    CHECK_EQ(sc.b.resumes, 1);
    CHECK_EQ(stall_term(&sc, SID), SMMU_CERROR_NONE);
    for (i = 0; i < 3; i++)
        STATE(&sc, n[i], ABORT);
    CHECK_EQ(sc.b.resumes, 3); /* each was told of once */
    STATE(&sc, far, WAITING);
    CHECK_EQ(stall_term(&sc, SID + 1), SMMU_CERROR_NONE);
    STATE(&sc, far, ABORT);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    scene_close(&sc);
}

/* 6.3.9.6: clearing SMMUEN ends all, and gives their STAGs back. */
TEST_CASE(Stall, SmmuenOff)
{
    struct scene sc;
    struct stream st;
    unsigned stag;
    uint32_t n, m;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA);
    stag = stag_of(sc.ev);
    resume(&sc, SID, stag, AC);
    m = stall_s1(&sc, VA + PAGE);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    STATE(&sc, n, ABORT); /* was to be retried */
    STATE(&sc, m, ABORT);
    CHECK_EQ(sc.b.resumes, 2);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) | 1u);
    STATE(&sc, m, ABORT);
    smmuv3_stall_end(sc.b.s, n);
    smmuv3_stall_end(sc.b.s, m);
    scene_close(&sc);
}

/* The Update of SMMUEN takes effect while the tables are read. */
static void turn_off(struct bench *b, uint64_t addr, uint32_t len)
{
    (void)addr;
    (void)len;
    b->now = 1000000000;
}

TEST_CASE(Stall, SmmuenOffDuringTheWalk)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.timing.ack_cycles = 1000;
    scene_open_with(&sc, &c);
    sc.b.now = 2000000;
    bench_work(&sc.b);
    stream_s1(&sc, &st, SID, 12, 48);
    tb_put(st.cd, T_CD_S, 1);
    stream_write(&sc, &st);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    CHECK_EQ(bench_r32(&sc.b, 0x24) & 1, 1);
    sc.b.on_read = turn_off;
    EXPECT_SILENT(&sc, acc(SID, VA, "r"), IOVP_RESULT_ABORT);
    CHECK_EQ(smmuv3_stalls(sc.b.s), 0);
    scene_close(&sc);
}

/* 4.3.8: invalidations leave them alone; a retry sees what is new. */
TEST_CASE(Stall, RetryUsesTheNewConfiguration)
{
    struct scene sc;
    struct stream st;
    uint32_t n;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA);
    tb_put(st.cd, T_CD_S, 0);
    tb_put(st.cd, T_CD_A, 0);
    stream_write(&sc, &st); /* and CFGI, TLBI, SYNC */
    STATE(&sc, n, WAITING);
    resume(&sc, SID, stag_of(sc.ev), AC);
    retry(&sc, n);
    CHECK_EQ(sc.r.status, IOVP_RESULT_RAZWI);
    CHECK_EQ(sc.events, 1);
    CHECK_EQ(sc.ev[1] & STALL_BIT, 0);
    scene_close(&sc);
}

/* 4.7.3: CMD_SYNC does not wait for what is stalled. */
TEST_CASE(Stall, SyncDoesNotWait)
{
    struct scene sc;
    struct stream st;
    unsigned token;
    uint32_t n;

    open_s1(&sc, &st);
    n = stall_s1(&sc, VA);
    CHECK_EQ(bench_command(&sc.b, CMD_SYNC, 0), SMMU_CERROR_NONE);
    CHECK_EQ((bench_r32(&sc.b, 0x98) ^ bench_r32(&sc.b, 0x9c)) & 0x7f, 0);
    STATE(&sc, n, WAITING);
    /* It waits for the retried one when that uses its translation. */
    map(&sc, &st, VA);
    resume(&sc, SID, stag_of(sc.ev), AC);
    retry(&sc, n);
    token = smmuv3_txn_begin(sc.b.s);
    bench_command(&sc.b, CMD_SYNC, 0);
    CHECK((bench_r32(&sc.b, 0x98) ^ bench_r32(&sc.b, 0x9c)) & 0x7f);
    smmuv3_txn_end(sc.b.s, token);
    bench_work(&sc.b);
    CHECK_EQ((bench_r32(&sc.b, 0x98) ^ bench_r32(&sc.b, 0x9c)) & 0x7f, 0);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/* Stage 1 fault behaviour and the fields of records (5.5, 7.3, 3.12). */
#include "shim.h"
#include "smmu_scene.h"

#define SID 5u
#define VA  0x1000ull

/* At VA: fine; +1 page: nothing; +2: no AF; +3: too large; +4: read-only. */
static void open_faults(struct scene *sc, struct stream *st)
{
    scene_open(sc);
    stream_s1(sc, st, SID, 12, 48);
    tree_set(sc, &st->s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, VA + 0x2000, 3,
             SOMEWHERE | D_PAGE | (D_S1_RW & ~D_AF));
    tree_set(sc, &st->s1, VA + 0x3000, 3, 1ull << 44 | D_PAGE | D_S1_RW);
    tree_set(sc, &st->s1, VA + 0x4000, 3,
             SOMEWHERE | D_PAGE | D_AF | D_NG | D_AP(3));
    tree_set(sc, &st->s1, VA + (1 << 21), 2, NOWHERE | D_TABLE);
    tb_put(st->cd, T_CD_IPS, 4); /* 44 bits */
    stream_write(sc, st);
}

static const struct {
    uint64_t va;
    unsigned type;
} cases[] = {
    {VA + 0x1000, E_TRANSLATION}, {VA + 0x2000, E_ACCESS},
    {VA + 0x3000, E_ADDR_SIZE},   {VA + 0x4000, E_PERMISSION},
    {1ull << 48, E_TRANSLATION},
};

/* 5.5: A, R = abort or RAZ/WI, recorded or not. */
TEST_CASE(Faults, AbortAndRecordFlags)
{
    struct scene sc;
    struct stream st;
    unsigned i, ar;

    open_faults(&sc, &st);
    for (ar = 0; ar < 4; ar++) {
        unsigned status = ar & 1 ? IOVP_RESULT_ABORT : IOVP_RESULT_RAZWI;

        tb_put(st.cd, T_CD_A, ar & 1);
        tb_put(st.cd, T_CD_R, ar >> 1);
        stream_write(&sc, &st);
        for (i = 0; i < 5; i++) {
            struct acc a = acc(SID, cases[i].va, "w");
            uint64_t want[4];

            tb_event(want, cases[i].type, &a, EV_CLASS_IN, 0);
            scene_do(&sc, a);
            CHECK_EQ(sc.r.status, status);
            CHECK_EQ(sc.events, ar >> 1);
            CHECK_EQ(sc.r.event, ar >> 1 ? cases[i].type : 0);
            if (ar >> 1)
                CHECK_MEM(sc.ev, want, 32);
        }
        /* An external abort is none of the four: always told, aborted. */
        EXPECT_EVENT(&sc, acc(SID, VA + (1 << 21), "r"), E_WALK_EABT,
                     EV_CLASS_TT, NOWHERE + 8);
        EXPECT_OK(&sc, acc(SID, VA, "w"), SOMEWHERE);
    }
    scene_close(&sc);
}

/* The same from the TLB: only permission can fault there. */
TEST_CASE(Faults, FlagsOnHit)
{
    struct scene sc;
    struct stream st;

    open_faults(&sc, &st);
    tb_put(st.cd, T_CD_A, 0);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA + 0x4000, "r"), SOMEWHERE);
    scene_do(&sc, acc(SID, VA + 0x4000, "w"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_RAZWI);
    CHECK_EQ(sc.events, 1);
    CHECK_EQ(sc.r.walk.count, 0);
    scene_close(&sc);
}

/* CD.R and CD.A are not TLB state: a new value counts after CFGI_CD. */
TEST_CASE(Faults, FlagsAreNotCachedInTheTlb)
{
    struct scene sc;
    struct stream st;

    open_faults(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA + 0x4000, "r"), SOMEWHERE);
    tb_put(st.cd, T_CD_R, 0);
    bench_put_words(&sc.b, st.cd_at, st.cd, 8);
    bench_command(&sc.b, 0x05 | (uint64_t)SID << 32, 1); /* CFGI_CD */
    EXPECT_SILENT(&sc, acc(SID, VA + 0x4000, "w"), IOVP_RESULT_ABORT);
    scene_close(&sc);
}

TEST_CASE(Faults, WalkAbortAtEachLevel)
{
    struct scene sc;
    struct stream st;
    uint64_t va = 0x123456789000ull;
    int level;

    open_faults(&sc, &st);
    tree_set(&sc, &st.s1, va, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    for (level = 0; level < 4; level++) {
        uint64_t at = tree_slot(&sc, &st.s1, va, level);

        bench_fault(&sc.b, at + 7, true, false);
        scene_invalidate(&sc);
        EXPECT_EVENT(&sc, acc(SID, va + 5, "r"), E_WALK_EABT, EV_CLASS_TT, at);
        bench_clear_faults(&sc.b);
    }
    EXPECT_OK(&sc, acc(SID, va + 5, "r"), SOMEWHERE + 5);
    scene_close(&sc);
}

/* RnW, PnU and InD of every kind of access. */
TEST_CASE(Faults, SyndromeOfEveryAccess)
{
    static const char *const how[] = {"r",  "w",  "rw",  "x",  "wx",
                                      "rp", "wp", "rwp", "xp", "wxp"};
    struct scene sc;
    struct stream st;
    unsigned i;

    open_faults(&sc, &st);
    for (i = 0; i < 10; i++)
        EXPECT_EVENT(&sc, acc(SID, VA + 0x1fff, how[i]), E_TRANSLATION,
                     EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* Every bit of the StreamID, SubstreamID and InputAddr reaches the record. */
TEST_CASE(Faults, WalkingOnesThroughTheRecord)
{
    struct scene sc;
    struct stream st;
    unsigned bit;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    stream_write(&sc, &st);
    for (bit = 0; bit < 64; bit++)
        EXPECT_EVENT(&sc, acc(SID, 1ull << bit, "r"), E_TRANSLATION,
                     EV_CLASS_IN, 0);
    for (bit = 8; bit < 32; bit++)
        EXPECT_EVENT(&sc, acc(1u << bit, 0, "r"), E_BAD_STREAMID, 0, 0);
    for (bit = 0; bit < 20; bit++)
        EXPECT_EVENT(&sc, acc_ss(1u << 20, 1 << bit, 0, "r"), E_BAD_STREAMID, 0,
                     0);
    scene_close(&sc);
}

/* 13.1.1: an atomic that lacks either permission is recorded as a write. */
TEST_CASE(Faults, AtomicNeedsBoth)
{
    struct scene sc;
    struct stream st;

    open_faults(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA, "rw"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA + 0x4000, "rw"), E_PERMISSION, EV_CLASS_IN,
                 0);
    EXPECT_EVENT(&sc, acc(SID, VA + 0x4000, "rwxp"), E_PERMISSION, EV_CLASS_IN,
                 0);
    scene_close(&sc);
}

/* 13.1.1, SMMUv3.1: write permission but no read permission: RnW is 1. */
TEST_CASE(Faults, AtomicWithoutReadPermission)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s2(&sc, &st, SID, 12, 40, 1);
    tree_set(&sc, &st.s2, VA, 3,
             SOMEWHERE | D_PAGE | D_AF | D_S2AP(2) | D_S2MEM(15));
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, VA, "rw"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN | EV_RNW, VA);
    EXPECT_OK(&sc, acc(SID, VA, "w"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA, "rwp"), E_PERMISSION,
                 EV_S2 | EV_CLASS_IN | EV_RNW, VA);
    scene_close(&sc);
}

/* MEV == 0: equal faults are not merged. */
TEST_CASE(Faults, EqualFaultsAreEachRecorded)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    open_faults(&sc, &st);
    for (i = 0; i < 5; i++)
        EXPECT_EVENT(&sc, acc(SID, VA + 0x1000, "r"), E_TRANSLATION,
                     EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* 7.3.22: StreamID, STE, SubstreamID, CD, translation, in this order. */
TEST_CASE(Faults, Priorities)
{
    struct scene sc;
    struct stream st;

    open_faults(&sc, &st);
    /* An illegal STE beats a bad SubstreamID. */
    tb_put(st.ste, T_STE_S1CDMAX, 21);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc_ss(SID, 3, 1ull << 50, "r"), E_BAD_STE, 0, 0);
    /* A bad SubstreamID beats an illegal CD. */
    tb_put(st.ste, T_STE_S1CDMAX, 0);
    tb_put(st.cd, T_CD_V, 0);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc_ss(SID, 3, 1ull << 50, "r"), E_BAD_SUBSTREAMID, 0, 0);
    /* An illegal CD beats a bad address. */
    EXPECT_EVENT(&sc, acc(SID, 1ull << 50, "r"), E_BAD_CD, 0, 0);
    scene_close(&sc);
}

/* ---- SMMUEN == 0 (3.4, 6.3.14) ----------------------------------------- */

TEST_CASE(Disabled, BypassAndAbort)
{
    struct scene sc;

    scene_open(&sc);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    EXPECT_OK(&sc, acc(0xffffffff, 0x123456, "wp"), 0x123456);
    EXPECT_OK(&sc, acc_ss(0, 77, 0xffffffffffffull, "r"), 0xffffffffffffull);
    EXPECT_SILENT(&sc, acc(1, 1ull << 48, "r"), IOVP_RESULT_ABORT);
    /* GBPA.ABORT with Update. */
    bench_w32(&sc.b, 0x44, 1u << 31 | 1u << 20);
    EXPECT_SILENT(&sc, acc(1, 0x1000, "r"), IOVP_RESULT_ABORT);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/* SubstreamIDs and tables of CDs: S1CDMax, S1DSS, S1Fmt, L1CD (5.2, 5.3). */
#include "shim.h"
#include "smmu_scene.h"

#define VA  0x1000ull
#define SID 5u

/* What VA translates to through the CD of a SubstreamID. */
static uint64_t page_of(uint32_t ssid)
{
    return SOMEWHERE + ((uint64_t)ssid << 12);
}

/* Write a CD with tables of its own that map VA to page_of(ssid). */
static void put_cd(struct scene *sc, uint64_t at, uint32_t ssid, uint64_t bias)
{
    struct tree t;
    uint64_t cd[8];

    /* 30 bits of VA: tables of levels 2 and 3 only. */
    tree_init(sc, &t, 12, 30, 2);
    t.bias = bias;
    tree_set(sc, &t, VA, 3, page_of(ssid) | D_PAGE | D_S1_RW);
    cd_init(cd, &t, ssid & 0xffff);
    bench_put_words(&sc->b, at, cd, 8);
}

/* A stage 1 stream whose CDs are at `table`. */
static void use_table(struct scene *sc, uint64_t table, unsigned fmt,
                      unsigned cdmax, unsigned dss)
{
    struct stream st;

    stream_s1(sc, &st, SID, 12, 48);
    tb_put(st.ste, T_STE_S1CPTR, table >> 6);
    tb_put(st.ste, T_STE_S1FMT, fmt);
    tb_put(st.ste, T_STE_S1CDMAX, cdmax);
    tb_put(st.ste, T_STE_S1DSS, dss);
    st.cd_at = 0;
    stream_write(sc, &st);
}

#define EXPECT_SSID(sc, ssid)                                   \
    EXPECT_OK(sc, acc_ss(SID, (int32_t)(ssid), VA + 0x10, "r"), \
              page_of(ssid) + 0x10)

/* ---- one CD ------------------------------------------------------------ */

/* S1CDMax == 0: one CD, no substreams, S1DSS and S1Fmt IGNORED. */
TEST_CASE(SingleCd, NoSubstreams)
{
    struct scene sc;
    uint64_t at;
    unsigned dss, fmt;

    scene_open(&sc);
    at = scene_alloc(&sc, 64, 6);
    put_cd(&sc, at, 0, 0);
    for (dss = 0; dss < 4; dss++) {
        for (fmt = 0; fmt < 4; fmt++) {
            use_table(&sc, at, fmt, 0, dss);
            EXPECT_OK(&sc, acc(SID, VA, "r"), page_of(0));
            EXPECT_EVENT(&sc, acc_ss(SID, 0, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
            EXPECT_EVENT(&sc, acc_ss(SID, 1, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
        }
    }
    scene_close(&sc);
}

/* SSIDSIZE == 0: S1CDMax is IGNORED and no SubstreamID may come. */
TEST_CASE(SingleCd, SubstreamsNotSupported)
{
    struct smmuv3_config c;
    struct scene sc;
    uint64_t at;

    bench_config(&c);
    c.idr1 &= ~(0x1fu << 6);
    scene_open_with(&sc, &c);
    at = scene_alloc(&sc, 64, 6);
    put_cd(&sc, at, 0, 0);
    use_table(&sc, at, 2, 9, 0);
    EXPECT_OK(&sc, acc(SID, VA, "r"), page_of(0));
    EXPECT_EVENT(&sc, acc_ss(SID, 0, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    scene_close(&sc);
}

/* ---- linear tables ----------------------------------------------------- */

TEST_CASE(LinearCd, Bounds)
{
    struct scene sc;
    unsigned cdmax;

    scene_open(&sc);
    for (cdmax = 1; cdmax <= 8; cdmax++) {
        uint32_t n = 1u << cdmax;
        uint64_t at = scene_alloc(&sc, 64ull * n, 6 + cdmax);

        put_cd(&sc, at + 64, 1, 0);
        put_cd(&sc, at + 64ull * (n - 1), n - 1, 0);
        use_table(&sc, at, 0, cdmax, 0);
        EXPECT_SSID(&sc, 1);
        EXPECT_SSID(&sc, n - 1);
        EXPECT_EVENT(&sc, acc_ss(SID, (int32_t)n, VA, "r"), E_BAD_SUBSTREAMID,
                     0, 0);
        EXPECT_EVENT(&sc, acc_ss(SID, (int32_t)n + 1, VA, "r"),
                     E_BAD_SUBSTREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc_ss(SID, 0xfffff, VA, "r"), E_BAD_SUBSTREAMID, 0,
                     0);
    }
    scene_close(&sc);
}

/* S1Fmt 3 behaves as 0; address bits below the table's size are RES0. */
TEST_CASE(LinearCd, ReservedFormatAndAlignment)
{
    struct scene sc;
    uint64_t at;

    scene_open(&sc);
    at = scene_alloc(&sc, 64 * 16, 10);
    put_cd(&sc, at + 64 * 9, 9, 0);
    use_table(&sc, at, 3, 4, 0);
    EXPECT_SSID(&sc, 9);
    scene_close(&sc);
}

/* ---- S1DSS ------------------------------------------------------------- */

static uint64_t dss_table(struct scene *sc)
{
    uint64_t at = scene_alloc(sc, 64 * 4, 8);
    unsigned i;

    for (i = 0; i < 4; i++)
        put_cd(sc, at + 64 * i, i, 0);
    return at;
}

/* 0b00 and the reserved 0b11: no SubstreamID, no access. */
TEST_CASE(S1dss, Terminate)
{
    struct scene sc;
    uint64_t at;
    unsigned dss;

    scene_open(&sc);
    at = dss_table(&sc);
    for (dss = 0; dss < 4; dss += 3) {
        use_table(&sc, at, 0, 2, dss);
        EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_STREAM_DISABLED, 0, 0);
        EXPECT_SSID(&sc, 0);
        EXPECT_SSID(&sc, 3);
        EXPECT_EVENT(&sc, acc(SID, VA, "wp"), E_STREAM_DISABLED, 0, 0);
    }
    scene_close(&sc);
}

/* 0b01: as Config 0b1x0, no CD is read. */
TEST_CASE(S1dss, Bypass)
{
    struct scene sc;
    uint64_t at;

    scene_open(&sc);
    at = dss_table(&sc);
    bench_fault(&sc.b, at, true, false);
    use_table(&sc, at, 0, 2, 1);
    EXPECT_OK(&sc, acc(SID, 0x123456789ull, "r"), 0x123456789ull);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    EXPECT_SSID(&sc, 1);
    EXPECT_EVENT(&sc, acc_ss(SID, 0, VA, "r"), E_CD_FETCH, 0, at);
    bench_clear_faults(&sc.b);
    EXPECT_SSID(&sc, 0);
    scene_close(&sc);
}

/* 0b10: CD 0 serves what has no SubstreamID, and SubstreamID 0 is barred. */
TEST_CASE(S1dss, Substream0)
{
    struct scene sc;
    uint64_t at;

    scene_open(&sc);
    at = dss_table(&sc);
    use_table(&sc, at, 0, 2, 2);
    EXPECT_OK(&sc, acc(SID, VA, "r"), page_of(0));
    EXPECT_SSID(&sc, 1);
    EXPECT_EVENT(&sc, acc_ss(SID, 0, VA, "r"), E_STREAM_DISABLED, 0, 0);
    EXPECT_EVENT(&sc, acc_ss(SID, 4, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    scene_close(&sc);
}

/* ---- two-level tables -------------------------------------------------- */

struct l2_case {
    unsigned fmt, split, l1_log2_min;
};

static const struct l2_case l2_cases[] = {{1, 6, 6}, {2, 10, 6}};

TEST_CASE(TwoLevelCd, EverySize)
{
    struct scene sc;
    unsigned i, cdmax;

    scene_open(&sc);
    for (i = 0; i < 2; i++) {
        unsigned split = l2_cases[i].split;
        uint64_t l1 = scene_alloc(&sc, 8 << 14, 17);
        uint64_t l2 = scene_alloc(&sc, 64ull << split, 6 + split);

        /* One level 2 table at both ends: index 0 and the last. */
        put_cd(&sc, l2 + 64, 1, 0);
        for (cdmax = 1; cdmax <= 20; cdmax++) {
            uint32_t last = cdmax > split ? (1u << (cdmax - split)) - 1 : 0;
            uint32_t ssid = last << split | 1;

            bench_put64(&sc.b, l1 + 8ull * last, l1cd(l2, 1));
            use_table(&sc, l1, l2_cases[i].fmt, cdmax, 0);
            EXPECT_OK(&sc, acc_ss(SID, (int32_t)ssid, VA, "r"), page_of(1));
            if (cdmax < 20)
                EXPECT_EVENT(&sc, acc_ss(SID, 1 << cdmax, VA, "r"),
                             E_BAD_SUBSTREAMID, 0, 0);
            bench_put64(&sc.b, l1 + 8ull * last, 0);
        }
    }
    scene_close(&sc);
}

/* 5.3.1: L1CD.V == 0 is C_BAD_SUBSTREAMID and L2Ptr is IGNORED. */
TEST_CASE(TwoLevelCd, InvalidL1cd)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 4096, 12);
    use_table(&sc, l1, 1, 12, 2);
    EXPECT_EVENT(&sc, acc_ss(SID, 0x41, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    bench_put64(&sc.b, l1 + 8, ~1ull);
    scene_invalidate(&sc);
    EXPECT_EVENT(&sc, acc_ss(SID, 0x41, VA, "w"), E_BAD_SUBSTREAMID, 0, 0);
    /* Without a SubstreamID, S1DSS 0b10: recorded as 0. */
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    scene_close(&sc);
}

/* 3.4.3 note 3, SMMUv3.1: an L2Ptr beyond the OAS. */
TEST_CASE(TwoLevelCd, L2PtrOutOfRange)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 4096, 12);
    use_table(&sc, l1, 1, 12, 2);
    bench_put64(&sc.b, l1, l1cd(1ull << 48, 1));
    bench_put64(&sc.b, l1 + 8, l1cd(1ull << 55, 1));
    EXPECT_EVENT(&sc, acc_ss(SID, 0x42, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_BAD_SUBSTREAMID, 0, 0);
    scene_close(&sc);
}

/* L2Ptr[11:0] are zero; with 64KB leaves the next four bits are RES0. */
TEST_CASE(TwoLevelCd, L2PtrAlignment)
{
    struct scene sc;
    uint64_t l1, l2;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 4096, 12);
    l2 = scene_alloc(&sc, 4096, 12);
    put_cd(&sc, l2 + 64 * 3, 3, 0);
    use_table(&sc, l1, 1, 12, 0);
    bench_put64(&sc.b, l1, l2 | 0xff00000000000fffull);
    EXPECT_SSID(&sc, 3);
    scene_close(&sc);
}

/* ---- F_CD_FETCH -------------------------------------------------------- */

TEST_CASE(CdFetch, External)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    use_table(&sc, NOWHERE, 0, 0, 0);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_CD_FETCH, 0, NOWHERE);
    use_table(&sc, NOWHERE, 0, 4, 0);
    EXPECT_EVENT(&sc, acc_ss(SID, 7, VA, "wp"), E_CD_FETCH, 0,
                 NOWHERE + 64 * 7);
    use_table(&sc, NOWHERE, 1, 9, 0);
    EXPECT_EVENT(&sc, acc_ss(SID, 0x87, VA, "r"), E_CD_FETCH, 0, NOWHERE + 16);
    l1 = scene_alloc(&sc, 64, 6);
    bench_put64(&sc.b, l1 + 16, l1cd(NOWHERE, 1));
    use_table(&sc, l1, 1, 9, 0);
    EXPECT_EVENT(&sc, acc_ss(SID, 0x87, VA, "r"), E_CD_FETCH, 0,
                 NOWHERE + 64 * 7);
    scene_close(&sc);
}

/* 5.4.1: a failed fetch does not cause a CD to be cached. */
TEST_CASE(CdFetch, FailureIsNotCached)
{
    struct scene sc;
    uint64_t at;

    scene_open(&sc);
    at = scene_alloc(&sc, 64, 6);
    put_cd(&sc, at, 0, 0);
    use_table(&sc, at, 0, 0, 0);
    bench_fault(&sc.b, at + 32, true, false);
    EXPECT_EVENT(&sc, acc(SID, VA, "r"), E_CD_FETCH, 0, at);
    bench_clear_faults(&sc.b);
    EXPECT_OK(&sc, acc(SID, VA, "r"), page_of(0));
    scene_close(&sc);
}

/* ---- nested ------------------------------------------------------------ */

/* L1CD and CD addresses are IPAs; stage 2's faults have class CD. */
TEST_CASE(NestedCd, TwoLevelInIpaSpace)
{
    struct scene sc;
    struct stream st;
    uint64_t l1, l2;

    scene_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    tree_set(&sc, &st.s2, page_of(0), 1,
             (page_of(0) & ~0x3fffffffull) | D_BLOCK | D_S2_RW);
    l1 = scene_alloc(&sc, 4096, 12);
    l2 = scene_alloc(&sc, 4096, 12);
    put_cd(&sc, l2 + 64 * 5, 5, NEST_BIAS);
    bench_put64(&sc.b, l1 + 8, l1cd(l2 + NEST_BIAS, 1));
    bench_put64(&sc.b, l1 + 16, l1cd(0x7000, 1));
    bench_put64(&sc.b, l1 + 24, l1cd(1ull << 48, 1));
    tb_put(st.ste, T_STE_S1CPTR, (l1 + NEST_BIAS) >> 6);
    tb_put(st.ste, T_STE_S1FMT, 1);
    tb_put(st.ste, T_STE_S1CDMAX, 9);
    st.cd_at = 0;
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc_ss(SID, 0x45, VA, "r"), page_of(5));
    EXPECT_EVENT(&sc, acc_ss(SID, 0x85, VA, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_CD, 0x7000);
    /* 3.4.3 note 4: C_BAD_SUBSTREAMID, or stage 2 tells the whole IPA. */
    scene_do(&sc, acc_ss(SID, 0xc5, VA, "r"));
    CHECK_EQ(sc.events, 1);
    if (sc.r.event != E_BAD_SUBSTREAMID) {
        CHECK_EQ(sc.r.event, E_TRANSLATION);
        CHECK_EQ(tb_get(sc.ev, 104, 2), 0);
        CHECK_EQ(sc.ev[3], 1ull << 48);
    }
    scene_close(&sc);
}

/* S1DSS 0b01 with stage 2: the address is an IPA, no CD is read. */
TEST_CASE(NestedCd, S1dssBypassIsStage2Only)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_nested(&sc, &st, SID, 12, 12);
    tree_set(&sc, &st.s2, VA, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    tb_put(st.ste, T_STE_S1CDMAX, 2);
    tb_put(st.ste, T_STE_S1DSS, 1);
    tb_put(st.ste, T_STE_S1CPTR, 0x5000 >> 6); /* not mapped at stage 2 */
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA + 8, "w"), SOMEWHERE + 8);
    EXPECT_EVENT(&sc, acc(SID, 0x2000, "r"), E_TRANSLATION, EV_S2 | EV_CLASS_IN,
                 0x2000);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 48, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc_ss(SID, 1, VA, "r"), E_TRANSLATION,
                 EV_S2 | EV_CLASS_CD, 0x5000);
    scene_close(&sc);
}

/* Two substreams, one IOVA, two physical addresses; PASID 0 is not "none". */
TEST_CASE(Pasid, AddressSpacesAreSeparate)
{
    struct scene sc;
    uint64_t at;
    unsigned round, i;

    scene_open(&sc);
    at = dss_table(&sc);
    use_table(&sc, at, 0, 2, 1);
    for (round = 0; round < 2; round++) {
        EXPECT_OK(&sc, acc(SID, VA, "r"), VA);
        for (i = 0; i < 4; i++)
            EXPECT_SSID(&sc, i);
    }
    scene_close(&sc);
}

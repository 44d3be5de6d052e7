/* SPDX-License-Identifier: MIT */
/*
 * Stream tables (3.3.1, 5.1, 6.3.24, 6.3.25) and which STE a StreamID
 * reaches.  Validity of an STE's contents is in test_smmuv3_ste.c.
 */
#include "shim.h"
#include "smmu_scene.h"

#define FMT_2LVL  (1u << 16)
#define SPLIT(n)  ((uint32_t)(n) << 6)
#define RECINVSID 2u

/* A bypass STE, whose access of `va` answers `va`. */
static void put_bypass(struct scene *sc, uint64_t at)
{
    struct stream st;

    stream_bypass(&st, 0);
    bench_put_words(&sc->b, at, st.ste, 8);
}

TEST_CASE(StreamTable, LinearBounds)
{
    struct scene sc;
    static const unsigned log2size[] = {0, 1, 6, 8, 12};
    unsigned i;

    scene_open(&sc);
    for (i = 0; i < 5; i++) {
        uint32_t n = 1u << log2size[i];
        uint64_t base = scene_alloc(&sc, 64ull << log2size[i], 6 + log2size[i]);

        scene_strtab(&sc, base, log2size[i]);
        put_bypass(&sc, base + 64ull * (n - 1));
        EXPECT_OK(&sc, acc(n - 1, 0x1000, "r"), 0x1000);
        EXPECT_EVENT(&sc, acc(n, 0x1000, "r"), E_BAD_STREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc(n + 1, 0x1000, "r"), E_BAD_STREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc(0x80000000, 0x1000, "r"), E_BAD_STREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc(0xffffffff, 0x1000, "w"), E_BAD_STREAMID, 0, 0);
    }
    scene_close(&sc);
}

TEST_CASE(StreamTable, BadStreamIdRecordsTheSubstream)
{
    struct scene sc;

    scene_open(&sc);
    EXPECT_EVENT(&sc, acc_ss(256, 0, 0, "r"), E_BAD_STREAMID, 0, 0);
    EXPECT_EVENT(&sc, acc_ss(256, 0xfffff, 0, "r"), E_BAD_STREAMID, 0, 0);
    scene_close(&sc);
}

/* 7.3.3: recorded only if CR2.RECINVSID == 1. */
TEST_CASE(StreamTable, RecInvSid)
{
    struct scene sc;

    scene_open(&sc);
    scene_cr2(&sc, 0);
    EXPECT_SILENT(&sc, acc(256, 0, "r"), IOVP_RESULT_ABORT);
    scene_strtab(&sc, BENCH_STRTAB, 8 | SPLIT(6) | FMT_2LVL);
    EXPECT_SILENT(&sc, acc(3, 0, "r"), IOVP_RESULT_ABORT);
    scene_cr2(&sc, RECINVSID);
    EXPECT_EVENT(&sc, acc(3, 0, "r"), E_BAD_STREAMID, 0, 0);
    scene_close(&sc);
}

/* 6.3.25: the effective LOG2SIZE is capped to IDR1.SIDSIZE. */
TEST_CASE(StreamTable, Log2SizeBeyondSidSize)
{
    struct scene sc;
    struct smmuv3_config c;

    bench_config(&c);
    c.idr1 = (c.idr1 & ~0x3fu) | 8;
    scene_open_with(&sc, &c);
    /* RAM begins at a multiple of 2^(63+6), that is, at 0, for nobody. */
    scene_strtab(&sc, BENCH_RAM + 0x200000, 12);
    put_bypass(&sc, BENCH_RAM + 0x200000 + 64 * 255);
    EXPECT_OK(&sc, acc(255, 0x40, "r"), 0x40);
    EXPECT_EVENT(&sc, acc(256, 0, "r"), E_BAD_STREAMID, 0, 0);
    scene_close(&sc);
}

/* 6.3.24: the base is aligned by the literal LOG2SIZE, not the capped one. */
TEST_CASE(StreamTable, AlignmentUsesTheLiteralLog2Size)
{
    struct scene sc;
    struct smmuv3_config c;

    bench_config(&c);
    c.idr1 = (c.idr1 & ~0x3fu) | 8;
    scene_open_with(&sc, &c);
    /* 2^(12+6) = 256 KiB: bits [17:0] of the base are ignored. */
    scene_strtab(&sc, BENCH_RAM + 0x23ffc0, 12);
    put_bypass(&sc, BENCH_RAM + 0x200000 + 64 * 5);
    EXPECT_OK(&sc, acc(5, 0x40, "r"), 0x40);
    scene_close(&sc);
}

TEST_CASE(StreamTable, LinearBaseIsAligned)
{
    struct scene sc;

    scene_open(&sc);
    put_bypass(&sc, BENCH_STRTAB + 64 * 7);
    /* 2^(8+6) = 16 KiB. */
    scene_strtab(&sc, BENCH_STRTAB + 0x3fc0, 8);
    EXPECT_OK(&sc, acc(7, 0x40, "r"), 0x40);
    scene_close(&sc);
}

struct split_case {
    unsigned field; /* STRTAB_BASE_CFG.SPLIT */
    unsigned split; /* what it means */
};

static const struct split_case splits[] = {
    {6, 6}, {8, 8}, {10, 10}, {0, 6}, {7, 6}, {9, 6}, {31, 6},
};

/* Every SPLIT, and at each the StreamIDs around the end of a full table. */
TEST_CASE(StreamTable, TwoLevelSplits)
{
    struct scene sc;
    unsigned i;

    scene_open(&sc);
    for (i = 0; i < 7; i++) {
        unsigned split = splits[i].split;
        uint32_t n = 1u << split;
        uint64_t l1 = scene_alloc(&sc, 8 * 1024, 13);
        uint64_t l2 = scene_alloc(&sc, 64ull << split, 6 + split);

        scene_strtab(&sc, l1, 16 | SPLIT(splits[i].field) | FMT_2LVL);
        bench_put64(&sc.b, l1 + 8, l1std(l2, split + 1));
        put_bypass(&sc, l2);
        put_bypass(&sc, l2 + 64ull * (n - 1));
        EXPECT_OK(&sc, acc(n, 0x1000, "r"), 0x1000);
        EXPECT_OK(&sc, acc(2 * n - 1, 0x1000, "r"), 0x1000);
        EXPECT_EVENT(&sc, acc(2 * n, 0, "r"), E_BAD_STREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc(n - 1, 0, "r"), E_BAD_STREAMID, 0, 0);
        EXPECT_EVENT(&sc, acc(0x10000, 0, "r"), E_BAD_STREAMID, 0, 0);
    }
    scene_close(&sc);
}

/* 5.1 Span and 7.3.3 conditions 2a to 2d, for every Span at every SPLIT. */
static void check_span(struct scene *sc, unsigned split, unsigned span,
                       uint64_t l1, uint64_t l2)
{
    bool valid = span >= 1 && span <= 11 && span <= split + 1;
    uint32_t n = valid ? 1u << (span - 1) : 0;

    bench_put64(&sc->b, l1, l1std(l2, span));
    scene_invalidate(sc);
    if (!valid) {
        EXPECT_EVENT(sc, acc(0, 0, "r"), E_BAD_STREAMID, 0, 0);
        return;
    }
    EXPECT_OK(sc, acc(0, 0x40, "r"), 0x40);
    EXPECT_OK(sc, acc(n - 1, 0x40, "r"), 0x40);
    if (n < 1u << split)
        EXPECT_EVENT(sc, acc(n, 0, "r"), E_BAD_STREAMID, 0, 0);
    if (n + 1 < 1u << split)
        EXPECT_EVENT(sc, acc(n + 1, 0, "r"), E_BAD_STREAMID, 0, 0);
}

TEST_CASE(StreamTable, EverySpan)
{
    struct scene sc;
    static const unsigned split[] = {6, 8, 10};
    unsigned i, span, k;

    scene_open(&sc);
    for (i = 0; i < 3; i++) {
        uint64_t l1 = scene_alloc(&sc, 8 * 1024, 13);
        uint64_t l2 = scene_alloc(&sc, 64 * 1024, 16);

        for (k = 0; k < 1024; k++)
            put_bypass(&sc, l2 + 64 * k);
        scene_strtab(&sc, l1, 16 | SPLIT(split[i]) | FMT_2LVL);
        for (span = 0; span < 32; span++)
            check_span(&sc, split[i], span, l1, l2);
    }
    scene_close(&sc);
}

/* 5.1: bits [5 + Span - 1:0] of L2Ptr are treated as 0. */
TEST_CASE(StreamTable, L2PtrIsAlignedToItsSpan)
{
    struct scene sc;
    uint64_t l1, l2;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    l2 = scene_alloc(&sc, 4096, 12);
    put_bypass(&sc, l2 + 64 * 5);
    scene_strtab(&sc, l1, 6 | SPLIT(6) | FMT_2LVL);
    /* Span 4: 8 STEs, 512 bytes; Span 1: one STE, 64 bytes. */
    bench_put64(&sc.b, l1, l1std(l2 + 0x1c0, 4));
    EXPECT_OK(&sc, acc(5, 0x40, "r"), 0x40);
    bench_put64(&sc.b, l1, l1std(l2 + 64 * 5, 1));
    scene_invalidate(&sc);
    EXPECT_OK(&sc, acc(0, 0x40, "r"), 0x40);
    /* Bits [63:56] and bit 5 are no part of the address. */
    bench_put64(&sc.b, l1, l1std(l2 + 64 * 5, 1) | 0xff00000000000020ull);
    scene_invalidate(&sc);
    EXPECT_OK(&sc, acc(0, 0x40, "r"), 0x40);
    scene_close(&sc);
}

/* 6.3.25: with SPLIT >= LOG2SIZE one descriptor serves everything. */
TEST_CASE(StreamTable, SplitBeyondTheSize)
{
    struct scene sc;
    uint64_t l1, l2;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    l2 = scene_alloc(&sc, 65536, 16);
    put_bypass(&sc, l2 + 64 * 15);
    put_bypass(&sc, l2 + 64 * 16);
    bench_put64(&sc.b, l1, l1std(l2, 11));
    scene_strtab(&sc, l1, 4 | SPLIT(10) | FMT_2LVL);
    EXPECT_OK(&sc, acc(15, 0x40, "r"), 0x40);
    EXPECT_EVENT(&sc, acc(16, 0, "r"), E_BAD_STREAMID, 0, 0);
    scene_close(&sc);
}

/* The level 1 table is aligned to its size, at least to 64 bytes. */
TEST_CASE(StreamTable, Level1BaseIsAligned)
{
    struct scene sc;
    uint64_t l1, l2;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 8192, 13);
    l2 = scene_alloc(&sc, 4096, 12);
    put_bypass(&sc, l2);
    bench_put64(&sc.b, l1 + 8 * 9, l1std(l2, 1));
    /* 2^(16-6) descriptors of 8 bytes: 8 KiB. */
    scene_strtab(&sc, l1 + 0x1fc0, 16 | SPLIT(6) | FMT_2LVL);
    EXPECT_OK(&sc, acc(9 << 6, 0x40, "r"), 0x40);
    scene_close(&sc);
}

/* FMT 2 and 3 are reserved and behave as linear; so does 1 without ST_LEVEL. */
TEST_CASE(StreamTable, ReservedFormats)
{
    struct scene sc;
    struct smmuv3_config c;
    unsigned fmt;

    scene_open(&sc);
    put_bypass(&sc, BENCH_STRTAB + 64 * 3);
    for (fmt = 2; fmt < 4; fmt++) {
        scene_strtab(&sc, BENCH_STRTAB, 8 | SPLIT(6) | fmt << 16);
        EXPECT_OK(&sc, acc(3, 0x40, "r"), 0x40);
    }
    scene_close(&sc);
    bench_config(&c);
    c.idr0 &= ~(3u << 27);
    c.idr1 = (c.idr1 & ~0x3fu) | 6;
    scene_open_with(&sc, &c);
    put_bypass(&sc, BENCH_STRTAB + 64 * 3);
    scene_strtab(&sc, BENCH_STRTAB, 6 | SPLIT(6) | FMT_2LVL);
    EXPECT_OK(&sc, acc(3, 0x40, "r"), 0x40);
    scene_close(&sc);
}

/* A table that was 2-level may become linear again. */
TEST_CASE(StreamTable, BackToLinear)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    put_bypass(&sc, BENCH_STRTAB + 64 * 3);
    scene_strtab(&sc, l1, 6 | SPLIT(6) | FMT_2LVL);
    EXPECT_EVENT(&sc, acc(3, 0, "r"), E_BAD_STREAMID, 0, 0);
    scene_strtab(&sc, BENCH_STRTAB, 8);
    EXPECT_OK(&sc, acc(3, 0x40, "r"), 0x40);
    scene_close(&sc);
}

TEST_CASE(SteFetch, BaseOutsideRam)
{
    struct scene sc;

    scene_open(&sc);
    scene_strtab(&sc, NOWHERE, 8);
    EXPECT_EVENT(&sc, acc(3, 0, "r"), E_STE_FETCH, 0, NOWHERE + 64 * 3);
    EXPECT_EVENT(&sc, acc_ss(3, 9, 0, "w"), E_STE_FETCH, 0, NOWHERE + 64 * 3);
    scene_strtab(&sc, NOWHERE, 8 | SPLIT(6) | FMT_2LVL);
    EXPECT_EVENT(&sc, acc(0x81, 0, "r"), E_STE_FETCH, 0, NOWHERE + 16);
    scene_close(&sc);
}

TEST_CASE(SteFetch, Level2OutsideRam)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    scene_strtab(&sc, l1, 8 | SPLIT(6) | FMT_2LVL);
    bench_put64(&sc.b, l1, l1std(NOWHERE, 7));
    EXPECT_EVENT(&sc, acc(5, 0, "r"), E_STE_FETCH, 0, NOWHERE + 64 * 5);
    scene_close(&sc);
}

/* 3.4.3 note 5: beyond the OAS it is F_STE_FETCH, or it is truncated. */
TEST_CASE(SteFetch, Level2BeyondOas)
{
    struct scene sc;
    uint64_t l1, l2;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    l2 = scene_alloc(&sc, 4096, 12);
    put_bypass(&sc, l2);
    scene_strtab(&sc, l1, 8 | SPLIT(6) | FMT_2LVL);
    bench_put64(&sc.b, l1, l1std(l2 | 1ull << 48, 1));
    scene_do(&sc, acc(0, 0x40, "r"));
    if (sc.r.status == IOVP_RESULT_OK) {
        CHECK_EQ(sc.r.pa, 0x40);
    } else {
        CHECK_EQ(sc.events, 1);
        CHECK_EQ(tb_get(sc.ev, 0, 8), E_STE_FETCH);
        CHECK_EQ(sc.ev[3] & 0xffffffffffffull, l2);
    }
    scene_close(&sc);
}

/* 5.2.1: a failed fetch does not cause an STE to be cached. */
TEST_CASE(SteFetch, FailureIsNotCached)
{
    struct scene sc;

    scene_open(&sc);
    put_bypass(&sc, BENCH_STRTAB + 64 * 3);
    bench_fault(&sc.b, BENCH_STRTAB + 64 * 3 + 8, true, false);
    EXPECT_EVENT(&sc, acc(3, 0, "r"), E_STE_FETCH, 0, BENCH_STRTAB + 64 * 3);
    bench_clear_faults(&sc.b);
    EXPECT_OK(&sc, acc(3, 0x40, "r"), 0x40);
    scene_close(&sc);
}

/* The STE is one 64-byte read: what changes between two reads is not seen. */
static void change_ste(struct bench *b, uint64_t addr, uint32_t len)
{
    uint64_t *count = b->user;

    (void)len;
    if (addr >= BENCH_STRTAB && addr < BENCH_STRTAB + 0x4000)
        ++*count;
}

TEST_CASE(SteFetch, OneRead)
{
    struct scene sc;
    uint64_t count = 0;

    scene_open(&sc);
    put_bypass(&sc, BENCH_STRTAB + 64 * 3);
    sc.b.user = &count;
    sc.b.on_read = change_ste;
    EXPECT_OK(&sc, acc(3, 0x40, "r"), 0x40);
    CHECK_EQ(count, 1);
    scene_close(&sc);
}

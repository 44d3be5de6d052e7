/* SPDX-License-Identifier: MIT */
/*
 * Stage 1 walks: granules, levels, ranges and faults of the table format
 * (3.4, 7.3.12 to 7.3.15, Arm ARM D8).  Permissions: test_smmuv3_perms.c.
 */
#include "shim.h"
#include "smmu_scene.h"

#define SID 5u

static const unsigned granules[3] = {12, 14, 16};

/* First initial level of each T0SZ by granule, 16 to 39 (Arm ARM D8.2). */
static int start_level(unsigned granule, unsigned bits)
{
    if (granule == 12)
        return bits > 39 ? 0 : bits > 30 ? 1 : 2;
    if (granule == 14)
        return bits > 47 ? 0 : bits > 36 ? 1 : bits > 25 ? 2 : 3;
    return bits > 42 ? 1 : bits > 29 ? 2 : 3;
}

/* ---- every size of the input ------------------------------------------- */

static void check_size(unsigned granule, unsigned bits, bool upper)
{
    uint64_t page = 1ull << granule;
    uint64_t top = upper ? 0 - page : (1ull << bits) - page;
    uint64_t low = upper ? 0 - (1ull << bits) : 0;
    uint64_t beyond = upper ? low - 1 : (1ull << bits);
    struct scene sc;
    struct stream st;
    struct tree *t = &st.s1;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, granule, bits);
    CHECK_EQ(t->start, start_level(granule, bits));
    if (upper) {
        tb_put(st.cd, T_CD_EPD0, 1);
        cd_ttb1(st.cd, t);
    }
    tree_set(&sc, t, low, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(&sc, t, top, 3, (SOMEWHERE + 0x80000) | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, low + 0xabc, "r"), SOMEWHERE + 0xabc);
    CHECK_EQ(sc.r.log2, granule);
    EXPECT_OK(&sc, acc(SID, top + page - 1, "w"),
              SOMEWHERE + 0x80000 + page - 1);
    EXPECT_EVENT(&sc, acc(SID, beyond, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Stage1, EverySizeOfTtb0)
{
    unsigned g, bits;

    for (g = 0; g < 3; g++)
        for (bits = 25; bits <= 48; bits++)
            check_size(granules[g], bits, false);
}

TEST_CASE(Stage1, EverySizeOfTtb1)
{
    unsigned g, bits;

    for (g = 0; g < 3; g++)
        for (bits = 25; bits <= 48; bits++)
            check_size(granules[g], bits, true);
}

/* Both at once, with different granules and sizes. */
TEST_CASE(Stage1, BothTtbsDiffer)
{
    struct scene sc;
    struct stream st;
    struct tree hi;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 39);
    tree_init(&sc, &hi, 16, 42, 2);
    tree_set(&sc, &st.s1, 0x1000, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(&sc, &hi, 0x10000, 3, (SOMEWHERE + 0x70000) | D_PAGE | D_S1_RW);
    cd_ttb1(st.cd, &hi);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1008, "r"), SOMEWHERE + 8);
    EXPECT_OK(&sc, acc(SID, 0xfffffc0000012345ull, "r"), SOMEWHERE + 0x72345);
    EXPECT_EVENT(&sc, acc(SID, 0xfffffbffffffffffull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x8000000000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* Each bit of a VA above the range, alone, is out of range. */
TEST_CASE(Stage1, EachBitAboveTheRange)
{
    struct scene sc;
    struct stream st;
    unsigned bit;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 40);
    tree_set(&sc, &st.s1, 0, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0, "r"), SOMEWHERE);
    for (bit = 40; bit < 64; bit++)
        EXPECT_EVENT(&sc, acc(SID, 1ull << bit, "r"), E_TRANSLATION,
                     EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* ---- Top Byte Ignore (3.4.1) ------------------------------------------- */

static void tbi_open(struct scene *sc, struct stream *st, unsigned tbi0,
                     unsigned tbi1)
{
    struct tree hi;

    scene_open(sc);
    stream_s1(sc, st, SID, 12, 48);
    tree_init(sc, &hi, 12, 48, 0);
    tree_set(sc, &st->s1, 0x1000, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(sc, &hi, 0x1000, 3, (SOMEWHERE + 0x1000) | D_PAGE | D_S1_RW);
    cd_ttb1(st->cd, &hi);
    tb_put(st->cd, T_CD_TBI0, tbi0);
    tb_put(st->cd, T_CD_TBI1, tbi1);
    stream_write(sc, st);
}

TEST_CASE(Tbi, LowerHalf)
{
    struct scene sc;
    struct stream st;

    tbi_open(&sc, &st, 1, 0);
    EXPECT_OK(&sc, acc(SID, 0x1000, "r"), SOMEWHERE);
    EXPECT_OK(&sc, acc(SID, 0xa500000000001234ull, "r"), SOMEWHERE + 0x234);
    EXPECT_OK(&sc, acc(SID, 0xff00000000001000ull, "r"), SOMEWHERE);
    /* Bits [55:48] still count, and bit 55 selects the table. */
    EXPECT_EVENT(&sc, acc(SID, 0xa501000000001000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0xa580000000001000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    /* TBI1 is 0: the upper half wants all ones. */
    EXPECT_EVENT(&sc, acc(SID, 0x7fff000000001000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    EXPECT_OK(&sc, acc(SID, 0xffff000000001000ull, "r"), SOMEWHERE + 0x1000);
    scene_close(&sc);
}

TEST_CASE(Tbi, UpperHalf)
{
    struct scene sc;
    struct stream st;

    tbi_open(&sc, &st, 0, 1);
    EXPECT_OK(&sc, acc(SID, 0x00ff000000001000ull, "r"), SOMEWHERE + 0x1000);
    EXPECT_OK(&sc, acc(SID, 0x5aff000000001fffull, "r"), SOMEWHERE + 0x1fff);
    EXPECT_EVENT(&sc, acc(SID, 0x5afe000000001000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x0100000000001000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* A tagged and an untagged address are one TLB entry; InputAddr keeps the tag.
 */
TEST_CASE(Tbi, HitAndFaultAddress)
{
    struct scene sc;
    struct stream st;
    uint64_t walks;

    tbi_open(&sc, &st, 1, 1);
    EXPECT_OK(&sc, acc(SID, 0x1000, "r"), SOMEWHERE);
    walks = sc.r.walk.count;
    CHECK(walks > 0);
    EXPECT_OK(&sc, acc(SID, 0x8800000000001010ull, "r"), SOMEWHERE + 0x10);
    CHECK_EQ(sc.r.walk.count, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x8800000000002000ull, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x8800000000001000ull, "xp"), E_PERMISSION,
                 EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* ---- descriptors ------------------------------------------------------- */

/* Which levels may hold a block, 48-bit addresses (Arm ARM D8.3). */
static bool block_level(unsigned granule, int level)
{
    return level == 2 || (level == 1 && granule == 12);
}

static void check_blocks(unsigned granule)
{
    struct scene sc;
    struct stream st;
    int level;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, granule, 48);
    for (level = st.s1.start; level < 3; level++) {
        unsigned shift = tb_shift(granule, level);
        /* A slot of its own at each level, and low bits that are ignored. */
        uint64_t va = (uint64_t)(level - st.s1.start + 1) << shift;
        uint64_t pa = 1ull << (shift > 46 ? 46 : shift);

        tree_set(&sc, &st.s1, va, level, pa | 0x3000 | D_BLOCK | D_S1_RW);
        stream_write(&sc, &st);
        if (!block_level(granule, level)) {
            EXPECT_EVENT(&sc, acc(SID, va + 0x5678, "r"), E_TRANSLATION,
                         EV_CLASS_IN, 0);
            continue;
        }
        EXPECT_OK(&sc, acc(SID, va + 0x5678, "r"), pa + 0x5678);
        CHECK_EQ(sc.r.log2, shift);
        EXPECT_OK(&sc, acc(SID, va + (1ull << shift) - 1, "w"),
                  pa + (1ull << shift) - 1);
    }
    scene_close(&sc);
}

TEST_CASE(Stage1, BlocksAtEachLevel)
{
    check_blocks(12);
    check_blocks(14);
    check_blocks(16);
}

/* Bit 0 clear at any level, and 0b01 at level 3, are no descriptors. */
static void check_invalid(unsigned granule)
{
    struct scene sc;
    struct stream st;
    int level;

    scene_open(&sc);
    for (level = tree_s1_start(granule, 48); level <= 3; level++) {
        uint64_t va = 0x8000000;

        stream_s1(&sc, &st, SID, granule, 48);
        tree_set(&sc, &st.s1, va, level, SOMEWHERE | D_S1_RW | 2);
        stream_write(&sc, &st);
        EXPECT_EVENT(&sc, acc(SID, va, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
        tree_set(&sc, &st.s1, va, level, 0xfffffffffffffffcull);
        scene_invalidate(&sc);
        EXPECT_EVENT(&sc, acc(SID, va, "wp"), E_TRANSLATION, EV_CLASS_IN, 0);
        sc.next = BENCH_FREE;
    }
    stream_s1(&sc, &st, SID, granule, 48);
    tree_set(&sc, &st.s1, 0, 3, SOMEWHERE | D_S1_RW | D_BLOCK);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x10, "xp"), E_TRANSLATION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

TEST_CASE(Stage1, InvalidDescriptorsAtEachLevel)
{
    check_invalid(12);
    check_invalid(14);
    check_invalid(16);
}

/* ---- address sizes ----------------------------------------------------- */

/* Leaf and table beyond the effective IPS at every IPS (5.4, 3.4). */
TEST_CASE(Stage1, AddressSizeAtEveryIps)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 48, 48};
    struct scene sc;
    struct stream st;
    unsigned ips;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    for (ips = 0; ips < 8; ips++) {
        uint64_t first = 1ull << bits[ips];

        tb_put(st.cd, T_CD_IPS, ips);
        tree_set(&sc, &st.s1, 0x1000, 3, (first - 0x1000) | D_PAGE | D_S1_RW);
        if (bits[ips] < 48) {
            tree_set(&sc, &st.s1, 0x2000, 3, first | D_PAGE | D_S1_RW);
            /* Address size comes before the Access flag (7.3.22). */
            tree_set(&sc, &st.s1, 0x3000, 3, first | D_PAGE);
            tree_set(&sc, &st.s1, 1ull << 21, 2, first | D_TABLE);
            tree_set(&sc, &st.s1, 1ull << 30, 1, first | D_BLOCK | D_S1_RW);
        }
        stream_write(&sc, &st);
        EXPECT_OK(&sc, acc(SID, 0x1fff, "r"), first - 1);
        if (bits[ips] >= 48)
            continue;
        EXPECT_EVENT(&sc, acc(SID, 0x2000, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
        EXPECT_EVENT(&sc, acc(SID, 0x3000, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
        EXPECT_EVENT(&sc, acc(SID, 1ull << 21, "w"), E_ADDR_SIZE, EV_CLASS_IN,
                     0);
        EXPECT_EVENT(&sc, acc(SID, 1ull << 30, "r"), E_ADDR_SIZE, EV_CLASS_IN,
                     0);
    }
    scene_close(&sc);
}

/* 64KB granule, OAS 52: bits [15:12] are address bits [51:48]. */
TEST_CASE(Stage1, FiftyTwoBits)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.idr5 = (c.idr5 & ~7u) | 6 | 1u << 10; /* OAS 52, VAX 52 */
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, 16, 52);
    tb_put(st.cd, T_CD_IPS, 6);
    tree_set(&sc, &st.s1, 0, 3, 0x123456780000ull | 0xa000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s1, 0xf000000000000ull, 2,
             0x123440000000ull | 0x5000 | D_BLOCK | D_S1_RW);
    /* A block at level 1 exists with 52-bit addresses only: 4 TB. */
    tree_set(&sc, &st.s1, 1ull << 42, 1, 1ull << 42 | D_BLOCK | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0xffff, "r"), 0xa12345678ffffull);
    EXPECT_OK(&sc, acc(SID, 0xf00001fffffffull, "r"), 0x512345fffffffull);
    EXPECT_OK(&sc, acc(SID, (1ull << 42) + 0x123456789a, "r"),
              (1ull << 42) + 0x123456789a);
    CHECK_EQ(sc.r.log2, 42);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 52, "r"), E_TRANSLATION, EV_CLASS_IN, 0);
    /* IPS 48: the same descriptor is now too large. */
    tb_put(st.cd, T_CD_IPS, 5);
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0xffff, "r"), E_ADDR_SIZE, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/*
 * 5.4 TTB0: 64-byte alignment if the effective IPS is 52 bits, whatever the
 * granule, and only then.
 */
static void check_alignment(unsigned granule, unsigned bits, unsigned ips,
                            unsigned offset, unsigned used)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    uint64_t desc;

    bench_config(&c);
    c.idr5 = (c.idr5 & ~7u) | 6;
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, granule, bits);
    tb_put(st.cd, T_CD_IPS, ips);
    tree_set(&sc, &st.s1, 0, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    desc = bench_get64(&sc.b, st.s1.root);
    bench_put64(&sc.b, st.s1.root, 0);
    bench_put64(&sc.b, st.s1.root + used, desc);
    tb_put(st.cd, T_CD_TTB0, (st.s1.root + offset) >> 4);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x10, "r"), SOMEWHERE + 0x10);
    scene_close(&sc);
}

TEST_CASE(Stage1, SmallRootsAreAlignedByTheIps)
{
    /* 2^2 descriptors, 32 bytes: 4KB with 32 bits, 64KB with 44 bits. */
    check_alignment(12, 32, 5, 32, 32);
    check_alignment(12, 32, 6, 32, 0);
    check_alignment(16, 44, 5, 32, 32);
    check_alignment(16, 44, 6, 32, 0);
    /* 2^1 descriptors: 16 bytes. */
    check_alignment(14, 48, 5, 48, 48);
    check_alignment(14, 48, 6, 48, 0);
}

/* ---- Access flag ------------------------------------------------------- */

TEST_CASE(Stage1, AccessFlag)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    tree_set(&sc, &st.s1, 0x1000, 3, SOMEWHERE | D_PAGE | (D_S1_RW & ~D_AF));
    tree_set(&sc, &st.s1, 1ull << 21, 2,
             SOMEWHERE | D_BLOCK | (D_S1_RW & ~D_AF));
    /* Read-only and not accessed: F_ACCESS comes first (7.3.22). */
    tree_set(&sc, &st.s1, 0x2000, 3, SOMEWHERE | D_PAGE | D_NG | D_AP(3));
    stream_write(&sc, &st);
    EXPECT_EVENT(&sc, acc(SID, 0x1000, "r"), E_ACCESS, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 1ull << 21, "w"), E_ACCESS, EV_CLASS_IN, 0);
    EXPECT_EVENT(&sc, acc(SID, 0x2000, "w"), E_ACCESS, EV_CLASS_IN, 0);
    tb_put(st.cd, T_CD_AFFD, 1);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1000, "r"), SOMEWHERE);
    EXPECT_OK(&sc, acc(SID, 1ull << 21, "w"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, 0x2000, "w"), E_PERMISSION, EV_CLASS_IN, 0);
    scene_close(&sc);
}

/* ---- big-endian tables ------------------------------------------------- */

TEST_CASE(Stage1, BigEndianTables)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    bench_config(&c);
    c.idr0 &= ~(3u << 21);
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, 12, 48);
    st.s1.big_endian = true;
    tb_put(st.cd, T_CD_ENDI, 1);
    tree_set(&sc, &st.s1, 0x1000, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, 0x1000, "r"), SOMEWHERE);
    tb_put(st.cd, T_CD_ENDI, 0);
    stream_write(&sc, &st);
    scene_do(&sc, acc(SID, 0x1000, "r"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_ABORT);
    scene_close(&sc);
}

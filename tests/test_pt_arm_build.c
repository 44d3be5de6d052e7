/* SPDX-License-Identifier: MIT */
/* Tables that the builder makes, read by the independent walker. */
#include <string.h>

#include "pt_bench.h"
#include "shim.h"

/* ---- geometry ------------------------------------------------------------ */

TEST_CASE(PtArmBuild, Geometry)
{
    for (unsigned i = 0; i < SHAPES; i++) {
        const struct shape *k = &shapes[i];
        struct pt_arm_table t = {.stage = (uint8_t)k->stage,
                                 .granule_log2 = (uint8_t)k->granule,
                                 .input_bits = (uint8_t)k->input,
                                 .output_bits = (uint8_t)k->output};

        CHECK(pt_arm_build_geometry(&t));
        CHECK_EQ(t.start_level, k->start);
        CHECK_EQ(pt_arm_root_bytes(&t), k->root_bytes);
    }
}

TEST_CASE(PtArmBuild, WhatIsNoGeometry)
{
    static const struct {
        uint8_t stage, granule, input, output;
    } k[] = {
        {1, 13, 40, 48}, {1, 11, 40, 48}, {1, 18, 40, 48}, {1, 12, 12, 48},
        {1, 12, 49, 52}, {1, 14, 49, 52}, {1, 16, 53, 52}, {1, 16, 64, 52},
        {2, 12, 21, 48}, {2, 12, 49, 48}, {2, 12, 44, 42}, {2, 14, 41, 40},
        {2, 16, 52, 40}, {2, 16, 16, 40},
    };

    for (unsigned i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
        struct pt_arm_table t = {.stage = k[i].stage,
                                 .granule_log2 = k[i].granule,
                                 .input_bits = k[i].input,
                                 .output_bits = k[i].output};

        CHECK(!pt_arm_build_geometry(&t));
    }
}

/* ---- rights -------------------------------------------------------------- */

/* What a leaf allows: IOVP_RIGHT_*. */
static uint32_t allowed(struct bench *t, uint64_t desc, bool xnx)
{
    static const char kind[] = "rwx";
    struct ref_leaf leaf = {.desc = desc};
    uint32_t rights = 0;

    t->r.idr3 = xnx ? 1u << 4 : 0;
    for (unsigned i = 0; i < 6; i++)
        if (t->s.second
                ? ref_s2_allows(&t->run, &leaf, kind[i % 3], i >= 3)
                : ref_s1_allows(&t->run, &t->s, &leaf, kind[i % 3], i >= 3))
            rights |= 1u << i;
    return rights;
}

/* Is there a leaf with exactly these?  AP or S2AP, and both XN bits. */
static bool exists(struct bench *t, uint32_t rights, bool xnx)
{
    for (unsigned i = 0; i < 16; i++)
        if (allowed(t, D_AP(i & 3) | D_S2XN(i >> 2), xnx) == rights)
            return true;
    return false;
}

static void every_right(struct bench *t, unsigned stage, bool xnx)
{
    unsigned can = 0;

    for (uint32_t rights = 0; rights < 64; rights++) {
        uint64_t attrs = 0;
        const char *why = pt_arm_build_rights(stage, xnx, rights, &attrs);

        CHECK_EQ(!why, exists(t, rights, xnx));
        if (why) {
            CHECK(strlen(why) > 20);
            continue;
        }
        can++;
        CHECK_EQ(allowed(t, attrs, xnx), rights);
        /* D8.3: AF, Inner Shareable; AttrIndx 0 and nG, or MemAttr 0b1111. */
        CHECK_EQ(attrs & 0xfffffffff73full & ~D_AP(3),
                 D_AF | D_SH(3) | (stage == 1 ? 0 : D_S2MEM(15)));
        CHECK_EQ(attrs & D_NG, stage == 1 ? D_NG : 0);
        CHECK_EQ(attrs & D_CONT, 0);
    }
    /* AP[2:1], UXN and PXN, which does not count where EL0 may write; S2AP and
     * XN. */
    CHECK_EQ(can, stage == 1 ? 14 : xnx ? 16 : 8);
}

TEST_CASE(PtArmBuild, EveryRight)
{
    struct bench t;

    REQUIRE(bench_open(&t, &shapes[0]));
    every_right(&t, 1, false);
    bench_close(&t);
    REQUIRE(bench_open(&t, &shapes[14]));
    every_right(&t, 2, false);
    every_right(&t, 2, true);
    bench_close(&t);
}

/* ---- blocks -------------------------------------------------------------- */

static unsigned leaf_log2(struct bench *t, uint64_t va)
{
    struct ref_leaf leaf;

    CHECK(bench_look(t, va, &leaf));
    return leaf.log2;
}

/* 4KB pages, 2MB and 1GB blocks: as large as addresses and length allow. */
TEST_CASE(PtArmBuild, BlocksWhereTheyFit)
{
    struct pt_arm_room all = {0, (1ull << 48) - 1};
    uint64_t bytes = KB(4) + MB(2) + GB(1) + MB(2) + KB(4);
    uint64_t va = GB(1) - MB(2) - KB(4), pa = GB(5) - MB(2) - KB(4);
    struct bench t;

    REQUIRE(bench_open(&t, &shapes[0]));
    REQUIRE(pt_arm_build_map(&t.b, va, pa, bytes, t.attrs, &all));
    /* Five leaves; two tables for each of 0 and 2 GB, and one above. */
    CHECK_EQ(t.a->writes, 5 + 5);
    CHECK_EQ(leaf_log2(&t, va), 12);
    CHECK_EQ(leaf_log2(&t, GB(1) - MB(2)), 21);
    CHECK_EQ(leaf_log2(&t, GB(1)), 30);
    CHECK_EQ(leaf_log2(&t, GB(2)), 21);
    CHECK_EQ(leaf_log2(&t, GB(2) + MB(2)), 12);
    bench_expect(&t, GB(2) + MB(2) + 0xabc, GB(6) + MB(2) + 0xabc);
    bench_expect_none(&t, va - 1);
    bench_expect_none(&t, va + bytes);
    pt_arm_build_unmap(&t.b, va, va + bytes - 1, &all);
    pt_arm_build_reap(&t.b);
    CHECK_EQ(t.a->live, 2);
    bench_close(&t);
}

/* Addresses that differ in bits below the block's size, or the flag. */
TEST_CASE(PtArmBuild, PagesWhereBlocksDoNotFit)
{
    struct pt_arm_room all = {0, (1ull << 48) - 1};
    struct bench t;

    REQUIRE(bench_open(&t, &shapes[0]));
    REQUIRE(pt_arm_build_map(&t.b, MB(2), MB(4) + KB(4), MB(4), t.attrs, &all));
    CHECK_EQ(leaf_log2(&t, MB(4)), 12);
    t.b.pages_only = true;
    REQUIRE(pt_arm_build_map(&t.b, MB(8), MB(8), MB(2), t.attrs, &all));
    CHECK_EQ(leaf_log2(&t, MB(8)), 12);
    bench_expect(&t, MB(10) - 1, MB(10) - 1);
    bench_close(&t);
}

/* Levels at which a granule has no block: 16KB level 1, 64KB level 1 without
 * 52-bit output addresses. */
TEST_CASE(PtArmBuild, BlocksOfGranules)
{
    static const struct {
        unsigned shape, log2;
    } k[] = {{0, 30}, {6, 25}, {9, 29}, {10, 42}, {18, 21}, {24, 29}};

    for (unsigned i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
        const struct shape *s = &shapes[k[i].shape];
        uint64_t bytes = 1ull << (s->input < 42 ? s->input : 42);
        struct pt_arm_room all = {0, (1ull << s->input) - 1};
        struct bench t;

        REQUIRE(bench_open(&t, s));
        CHECK_EQ(pt_arm_block_log2(&t.b.table, ~0ull), k[i].log2);
        CHECK_EQ(pt_arm_block_log2(&t.b.table, 1ull << 20), s->granule);
        if (bytes >> k[i].log2 <= 8192) {
            CHECK(pt_arm_build_map(&t.b, 0, 0, bytes, t.attrs, &all));
            CHECK_EQ(leaf_log2(&t, bytes - 1), k[i].log2);
        }
        bench_close(&t);
    }
}

/* Tables that are cut off stay until the caller says that nobody walks them. */
TEST_CASE(PtArmBuild, TablesAreFreedLate)
{
    struct pt_arm_room all = {0, (1ull << 48) - 1}, left = {0, GB(3) - 1};
    struct bench t;
    unsigned live;

    REQUIRE(bench_open(&t, &shapes[0]));
    REQUIRE(pt_arm_build_map(&t.b, GB(1), 0, KB(4), t.attrs, &all));
    REQUIRE(pt_arm_build_map(&t.b, GB(3), 0, KB(4), t.attrs, &all));
    live = t.a->live;
    CHECK(!t.b.dead);
    pt_arm_build_unmap(&t.b, GB(1), GB(1) + KB(4) - 1, &left);
    CHECK(t.b.dead);
    CHECK_EQ(t.a->live, live);
    pt_arm_build_reap(&t.b);
    CHECK(!t.b.dead);
    /* Its level 2 and level 3, in memory and on the host. */
    CHECK_EQ(t.a->live, live - 4);
    bench_expect(&t, GB(3), 0);
    bench_close(&t);
}

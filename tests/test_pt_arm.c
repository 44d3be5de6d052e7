/* SPDX-License-Identifier: MIT */
/* The table walker alone, one function at a time (Arm ARM D8). */
#include <string.h>

#include "../models/common/pt_arm.h"
#include "shim.h"
#include "smmu_tables.h"

static struct pt_arm_table table(unsigned granule, unsigned bits, int start)
{
    struct pt_arm_table t;

    memset(&t, 0, sizeof(t));
    t.granule_log2 = (uint8_t)granule;
    t.input_bits = (uint8_t)bits;
    t.output_bits = 48;
    t.start_level = (uint8_t)start;
    t.stage = 1;
    t.hierarchical = true;
    return t;
}

/* ---- geometry ---------------------------------------------------------- */

TEST_CASE(PtArm, LevelShifts)
{
    static const unsigned granules[] = {12, 14, 16};
    unsigned i;
    int level;

    for (i = 0; i < 3; i++) {
        struct pt_arm_table t = table(granules[i], 48, 0);

        for (level = 0; level < 4; level++)
            CHECK_EQ(pt_arm_level_shift(&t, level),
                     tb_shift(granules[i], level));
    }
}

/* The last input size that each level still starts at. */
TEST_CASE(PtArm, Stage1StartLevels)
{
    static const struct {
        unsigned granule, bits, level;
    } k[] = {
        {12, 48, 0}, {12, 40, 0}, {12, 39, 1}, {12, 31, 1}, {12, 30, 2},
        {12, 25, 2}, {12, 22, 2}, {12, 21, 3}, {12, 16, 3}, {14, 48, 0},
        {14, 47, 1}, {14, 37, 1}, {14, 36, 2}, {14, 26, 2}, {14, 25, 3},
        {14, 16, 3}, {16, 52, 1}, {16, 48, 1}, {16, 43, 1}, {16, 42, 2},
        {16, 30, 2}, {16, 29, 3}, {16, 17, 3},
    };
    unsigned i;

    for (i = 0; i < sizeof(k) / sizeof(k[0]); i++)
        CHECK_EQ(pt_arm_s1_start_level(k[i].granule, k[i].bits), k[i].level);
}

struct s2_row {
    unsigned granule, sl0;
    int level;
    unsigned min, max; /* input bits */
    unsigned pa;       /* least physical address size */
};

static const struct s2_row s2_rows[] = {
    {12, 0, 2, 22, 34, 32}, {12, 1, 1, 31, 43, 32}, {12, 2, 0, 40, 52, 44},
    {14, 0, 3, 15, 29, 32}, {14, 1, 2, 26, 40, 32}, {14, 2, 1, 37, 51, 42},
    {16, 0, 3, 17, 33, 32}, {16, 1, 2, 30, 46, 32}, {16, 2, 1, 43, 59, 44},
};

TEST_CASE(PtArm, Stage2StartLevels)
{
    static const unsigned pas[] = {32, 36, 40, 42, 44, 48, 52};
    unsigned i, bits, p;

    for (i = 0; i < 9; i++) {
        const struct s2_row *k = &s2_rows[i];

        for (p = 0; p < 7; p++) {
            for (bits = 12; bits < 60; bits++) {
                bool ok = bits >= k->min && bits <= k->max && pas[p] >= k->pa;

                CHECK_EQ(pt_arm_s2_start_level(k->granule, k->sl0, bits, pas[p],
                                               false),
                         ok ? k->level : -1);
            }
        }
    }
    for (i = 12; i <= 16; i += 2)
        for (bits = 12; bits < 60; bits++)
            CHECK_EQ(pt_arm_s2_start_level(i, 3, bits, 48, false), -1);
}

/* FEAT_TTST: SL0 3 is level 3, with 4KB tables alone. */
TEST_CASE(PtArm, Stage2SmallTables)
{
    unsigned bits;

    for (bits = 12; bits < 60; bits++) {
        CHECK_EQ(pt_arm_s2_start_level(12, 3, bits, 48, true),
                 bits >= 13 && bits <= 25 ? 3 : -1);
        CHECK_EQ(pt_arm_s2_start_level(14, 3, bits, 48, true), -1);
        CHECK_EQ(pt_arm_s2_start_level(16, 3, bits, 48, true), -1);
    }
}

/* ---- where the descriptors are ----------------------------------------- */

TEST_CASE(PtArm, DescriptorAddresses)
{
    struct pt_arm_table t = table(12, 48, 0);
    struct pt_arm_walk w;
    uint64_t va = 0x123ull << 39 | 0x45ull << 30 | 0x167ull << 21 |
                  0x189ull << 12 | 0xabc;

    t.base = 0x40000fff;
    pt_arm_start(&t, &w);
    CHECK_EQ(w.level, 0);
    CHECK_EQ(w.table, 0x40000000);
    CHECK_EQ(pt_arm_desc_addr(&t, &w, va), 0x40000000 + 8 * 0x123);
    /* Bits above the input range do not count. */
    CHECK_EQ(pt_arm_desc_addr(&t, &w, va | 0xffffull << 48),
             0x40000000 + 8 * 0x123);
    w.table = 0x5000;
    w.level = 1;
    CHECK_EQ(pt_arm_desc_addr(&t, &w, va), 0x5000 + 8 * 0x45);
    w.level = 2;
    CHECK_EQ(pt_arm_desc_addr(&t, &w, va), 0x5000 + 8 * 0x167);
    w.level = 3;
    CHECK_EQ(pt_arm_desc_addr(&t, &w, va), 0x5000 + 8 * 0x189);
}

TEST_CASE(PtArm, RootsAreAlignedToTheirSize)
{
    static const struct {
        unsigned granule, bits, output;
        int start;
        uint64_t base;
    } k[] = {
        {12, 48, 48, 0, 0x7ffff000}, {12, 47, 48, 0, 0x7ffff800},
        {12, 32, 48, 1, 0x7fffffe0}, {12, 32, 52, 1, 0x7fffffc0},
        {16, 44, 48, 1, 0x7fffffe0}, {16, 44, 52, 1, 0x7fffffc0},
        {14, 48, 48, 0, 0x7ffffff0}, {12, 43, 48, 1, 0x7fff0000},
        {16, 52, 52, 1, 0x7fffe000},
    };
    unsigned i;

    for (i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
        struct pt_arm_table t = table(k[i].granule, k[i].bits, k[i].start);
        struct pt_arm_walk w;

        t.output_bits = (uint8_t)k[i].output;
        t.lpa = k[i].granule == 16 && k[i].output == 52;
        t.base = 0x7ffffff0;
        pt_arm_start(&t, &w);
        CHECK_EQ(w.table, k[i].base);
    }
}

/* ---- one step ---------------------------------------------------------- */

static enum pt_arm_step step(const struct pt_arm_table *t, int level,
                             uint64_t desc, struct pt_arm_walk *w,
                             struct pt_arm_leaf *leaf, enum pt_arm_fault *fault)
{
    memset(w, 0, sizeof(*w));
    memset(leaf, 0, sizeof(*leaf));
    w->level = level;
    *fault = PT_ARM_OK;
    return pt_arm_step(t, w, desc, leaf, fault);
}

static void expect_fault(const struct pt_arm_table *t, int level, uint64_t desc,
                         enum pt_arm_fault want)
{
    struct pt_arm_walk w;
    struct pt_arm_leaf leaf;
    enum pt_arm_fault fault;

    CHECK_EQ(step(t, level, desc, &w, &leaf, &fault), PT_ARM_STEP_FAULT);
    CHECK_EQ(fault, want);
}

TEST_CASE(PtArm, InvalidDescriptors)
{
    static const unsigned granules[] = {12, 14, 16};
    unsigned i;
    int level;

    for (i = 0; i < 3; i++) {
        struct pt_arm_table t = table(granules[i], 48, 0);

        for (level = 0; level < 4; level++) {
            expect_fault(&t, level, 0, PT_ARM_FAULT_TRANSLATION);
            expect_fault(&t, level, 2, PT_ARM_FAULT_TRANSLATION);
            expect_fault(&t, level, ~1ull, PT_ARM_FAULT_TRANSLATION);
        }
        expect_fault(&t, 3, D_BLOCK | D_AF, PT_ARM_FAULT_TRANSLATION);
        expect_fault(&t, 0, D_BLOCK | D_AF, PT_ARM_FAULT_TRANSLATION);
        if (granules[i] != 12)
            expect_fault(&t, 1, D_BLOCK | D_AF, PT_ARM_FAULT_TRANSLATION);
    }
}

TEST_CASE(PtArm, Tables)
{
    struct pt_arm_table t = table(12, 48, 0);
    struct pt_arm_walk w;
    struct pt_arm_leaf leaf;
    enum pt_arm_fault fault;

    CHECK_EQ(step(&t, 0, 0x123456789000 | 0xffc | D_TABLE, &w, &leaf, &fault),
             PT_ARM_STEP_TABLE);
    CHECK_EQ(w.table, 0x123456789000);
    CHECK_EQ(w.level, 1);
    CHECK(!w.limits.ro && !w.limits.no_el0 && !w.limits.uxn && !w.limits.pxn);
    CHECK_EQ(
        step(&t, 2, D_TABLE | D_APTABLE(2) | D_PXNTABLE, &w, &leaf, &fault),
        PT_ARM_STEP_TABLE);
    CHECK(w.limits.ro && !w.limits.no_el0 && !w.limits.uxn && w.limits.pxn);
    CHECK_EQ(pt_arm_step(&t, &w, D_PAGE | D_AF | D_APTABLE(1), &leaf, &fault),
             PT_ARM_STEP_LEAF);
    /* Bits [63:59] of a leaf are no limits. */
    CHECK(leaf.limits.ro && !leaf.limits.no_el0 && leaf.limits.pxn);
    t.hierarchical = false;
    CHECK_EQ(
        step(&t, 0, D_TABLE | D_APTABLE(3) | D_UXNTABLE, &w, &leaf, &fault),
        PT_ARM_STEP_TABLE);
    CHECK(!w.limits.ro && !w.limits.no_el0 && !w.limits.uxn);
}

static void expect_leaf(const struct pt_arm_table *t, int level, uint64_t desc,
                        uint64_t base, unsigned log2)
{
    struct pt_arm_walk w;
    struct pt_arm_leaf leaf;
    enum pt_arm_fault fault;

    CHECK_EQ(step(t, level, desc, &w, &leaf, &fault), PT_ARM_STEP_LEAF);
    CHECK_EQ(leaf.base, base);
    CHECK_EQ(leaf.log2, log2);
    CHECK_EQ(leaf.level, level);
}

TEST_CASE(PtArm, Leaves)
{
    struct pt_arm_table t4 = table(12, 48, 0), t16 = table(14, 48, 0);
    struct pt_arm_table t64 = table(16, 48, 1);
    uint64_t d = 0xabcdeffff000ull | D_AF;

    expect_leaf(&t4, 3, d | D_PAGE, 0xabcdeffff000, 12);
    expect_leaf(&t4, 2, d | D_BLOCK, 0xabcdefe00000, 21);
    expect_leaf(&t4, 1, d | D_BLOCK, 0xabcdc0000000, 30);
    expect_leaf(&t16, 3, d | D_PAGE, 0xabcdefffc000, 14);
    expect_leaf(&t16, 2, d | D_BLOCK, 0xabcdee000000, 25);
    expect_leaf(&t64, 3, d | D_PAGE, 0xabcdefff0000, 16);
    expect_leaf(&t64, 2, d | D_BLOCK, 0xabcde0000000, 29);
    /* With 52 bits [15:12] are [51:48], and level 1 has blocks. */
    t64.lpa = true;
    t64.output_bits = 52;
    expect_leaf(&t64, 3, d | D_PAGE, 0xfabcdefff0000, 16);
    expect_leaf(&t64, 1, d | D_BLOCK, 0xfa80000000000, 42);
    t64.output_bits = 48;
    expect_fault(&t64, 3, d | D_PAGE, PT_ARM_FAULT_ADDR_SIZE);
}

TEST_CASE(PtArm, AddressSizeBeforeAccessFlag)
{
    struct pt_arm_table t = table(12, 48, 0);

    t.output_bits = 36;
    expect_leaf(&t, 3, 0xffffff000 | D_PAGE | D_AF, 0xffffff000, 12);
    expect_fault(&t, 3, 0x1000000000 | D_PAGE | D_AF, PT_ARM_FAULT_ADDR_SIZE);
    expect_fault(&t, 3, 0x1000000000 | D_PAGE, PT_ARM_FAULT_ADDR_SIZE);
    expect_fault(&t, 2, 0x1000000000 | D_TABLE, PT_ARM_FAULT_ADDR_SIZE);
    expect_fault(&t, 3, 0x1000 | D_PAGE, PT_ARM_FAULT_ACCESS);
    t.af_fault_disable = true;
    expect_leaf(&t, 3, 0x1000 | D_PAGE, 0x1000, 12);
}

TEST_CASE(PtArm, BigEndian)
{
    struct pt_arm_table t = table(12, 48, 0);

    t.big_endian = true;
    /* 0x0000123456789403, swapped. */
    expect_leaf(&t, 3, 0x0394785634120000ull, 0x123456789000, 12);
}

/* ---- permissions ------------------------------------------------------- */

TEST_CASE(PtArm, Need)
{
    CHECK_EQ(pt_arm_need(true, false, false, false), PT_ARM_UR);
    CHECK_EQ(pt_arm_need(false, true, false, false), PT_ARM_UW);
    CHECK_EQ(pt_arm_need(true, false, true, false), PT_ARM_UX);
    CHECK_EQ(pt_arm_need(true, true, false, false), PT_ARM_UR | PT_ARM_UW);
    /* A write is data. */
    CHECK_EQ(pt_arm_need(false, true, true, false), PT_ARM_UW);
    CHECK_EQ(pt_arm_need(true, true, true, true), PT_ARM_PR | PT_ARM_PW);
    CHECK_EQ(pt_arm_need(true, false, true, true), PT_ARM_PX);
    CHECK_EQ(pt_arm_need(false, false, false, true), 0);
}

#define P(r, w, x) ((r)*PT_ARM_PR | (w)*PT_ARM_PW | (x)*PT_ARM_PX)
#define U(r, w, x) ((r)*PT_ARM_UR | (w)*PT_ARM_UW | (x)*PT_ARM_UX)

TEST_CASE(PtArm, Stage1Permissions)
{
    static const struct {
        uint64_t desc;
        unsigned el1, wxn, pan, el2;
    } k[] = {
        {D_AP(0), P(1, 1, 1) | U(0, 0, 1), P(1, 1, 0) | U(0, 0, 1),
         P(1, 1, 1) | U(0, 0, 1), P(1, 1, 1) | U(1, 1, 1)},
        {D_AP(1), P(1, 1, 0) | U(1, 1, 1), P(1, 1, 0) | U(1, 1, 0),
         P(0, 0, 0) | U(1, 1, 1), P(1, 1, 1) | U(1, 1, 1)},
        {D_AP(2), P(1, 0, 1) | U(0, 0, 1), P(1, 0, 1) | U(0, 0, 1),
         P(1, 0, 1) | U(0, 0, 1), P(1, 0, 1) | U(1, 0, 1)},
        {D_AP(3), P(1, 0, 1) | U(1, 0, 1), P(1, 0, 1) | U(1, 0, 1),
         P(0, 0, 1) | U(1, 0, 1), P(1, 0, 1) | U(1, 0, 1)},
        {D_AP(1) | D_PXN | D_UXN, P(1, 1, 0) | U(1, 1, 0),
         P(1, 1, 0) | U(1, 1, 0), P(0, 0, 0) | U(1, 1, 0),
         P(1, 1, 0) | U(1, 1, 0)},
        {D_AP(2) | D_PXN, P(1, 0, 0) | U(0, 0, 1), P(1, 0, 0) | U(0, 0, 1),
         P(1, 0, 0) | U(0, 0, 1), P(1, 0, 1) | U(1, 0, 1)},
    };
    unsigned i;

    for (i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
        struct pt_arm_leaf leaf = {.desc = k[i].desc};
        struct pt_arm_perm_ctl c = {.two_privileges = true};

        CHECK_EQ(pt_arm_s1_perms(&leaf, &c), k[i].el1);
        c.wxn = true;
        CHECK_EQ(pt_arm_s1_perms(&leaf, &c), k[i].wxn);
        c.wxn = false;
        c.pan = true;
        CHECK_EQ(pt_arm_s1_perms(&leaf, &c), k[i].pan);
        c.pan = false;
        c.two_privileges = false;
        CHECK_EQ(pt_arm_s1_perms(&leaf, &c), k[i].el2);
    }
}

TEST_CASE(PtArm, Stage2Permissions)
{
    static const unsigned xnx[4] = {P(0, 0, 1) | U(0, 0, 1), U(0, 0, 1), 0,
                                    P(0, 0, 1)};
    unsigned ap, xn;

    for (ap = 0; ap < 4; ap++) {
        unsigned r = ap & 1, w = ap >> 1, rw = P(r, w, 0) | U(r, w, 0);

        for (xn = 0; xn < 4; xn++) {
            struct pt_arm_leaf leaf = {.desc = D_S2AP(ap) | D_S2XN(xn)};
            struct pt_arm_perm_ctl c = {.xnx = true};

            CHECK_EQ(pt_arm_s2_perms(&leaf, &c), rw | xnx[xn]);
            c.xnx = false;
            CHECK_EQ(pt_arm_s2_perms(&leaf, &c), rw | xnx[xn & 2]);
        }
    }
}

/* SPDX-License-Identifier: MIT */
/* Registers: presence, access sizes, guards and Update (6.2, 6.3). */
#include "shim.h"
#include "smmu_fixture.h"

#define PAGE1_EVENTQ_PROD (SMMU_PAGE1 + SMMU_EVENTQ_PROD)
#define PAGE1_EVENTQ_CONS (SMMU_PAGE1 + SMMU_EVENTQ_CONS)

/* A core whose Updates take 100 ns. */
static void create_slow(struct bench *b)
{
    struct smmuv3_config c;

    bench_config(&c);
    c.timing.clock_ps = 1000;
    c.timing.ack_cycles = 100;
    bench_create_with(b, &c);
}

#define SLOW_PS 100000u

TEST_CASE(Regs, IdRegistersShowTheConfiguration)
{
    struct bench b;

    bench_create(&b);
    CHECK_EQ(bench_r32(&b, 0x00), b.cfg.idr0);
    CHECK_EQ(bench_r32(&b, 0x04), b.cfg.idr1);
    CHECK_EQ(bench_r32(&b, 0x08), 0); /* IDR2: no VATOS page */
    CHECK_EQ(bench_r32(&b, 0x0c), b.cfg.idr3);
    CHECK_EQ(bench_r32(&b, 0x10), 0);
    CHECK_EQ(bench_r32(&b, 0x14), b.cfg.idr5);
    CHECK_EQ(bench_r32(&b, 0x18), b.cfg.iidr);
    CHECK_EQ(bench_r32(&b, 0x1c), b.cfg.aidr);
    CHECK_EQ(bench_r32(&b, 0x190), 0); /* IDR6: no ECMDQ */
    for (uint32_t off = 0; off < 0x20; off += 4) {
        uint32_t before = bench_r32(&b, off);

        bench_w32(&b, off, ~before);
        CHECK_EQ(bench_r32(&b, off), before);
    }
    bench_destroy(&b);
}

TEST_CASE(Regs, ComponentAndPeripheralIds)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.iidr = 0xabc1243b; /* part 0xabc, variant 1, revision 2, JEP106 4 3b */
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    CHECK_EQ(bench_r32(&b, 0xff0), 0x0d);
    CHECK_EQ(bench_r32(&b, 0xff4), 0xf0);
    CHECK_EQ(bench_r32(&b, 0xff8), 0x05);
    CHECK_EQ(bench_r32(&b, 0xffc), 0xb1);
    CHECK_EQ(bench_r32(&b, 0xfe0), 0xbc);
    CHECK_EQ(bench_r32(&b, 0xfe4), 0xba);
    CHECK_EQ(bench_r32(&b, 0xfe8), 0x1b);
    CHECK_EQ(bench_r32(&b, 0xfec), 0x20);
    CHECK_EQ(bench_r32(&b, 0xfd0), 0x04);
    CHECK_EQ(bench_r32(&b, 0xfd4), 0);
    CHECK_EQ(bench_r32(&b, 0xfdc), 0);
    bench_destroy(&b);
}

/*
 * Writable bits with every guard open, for the default IDs (OAS 48 bits, no
 * PRI, ATS, VMW, BTM, ATSRECERR), read off the field diagrams of 6.3.
 */
static const struct {
    uint32_t offset, width;
    uint64_t writable;
} fields[] = {
    {0x028, 4, 0xfff},              /* CR1 */
    {0x02c, 4, 0x3},                /* CR2: E2H, RECINVSID */
    {0x050, 4, 0x5},                /* IRQ_CTRL: EVENTQ, GERROR */
    {0x064, 4, 0x1b5},              /* GERRORN */
    {0x068, 8, 0x0000fffffffffffc}, /* GERROR_IRQ_CFG0 */
    {0x070, 4, 0xffffffff},         /* GERROR_IRQ_CFG1 */
    {0x074, 4, 0x3f},               /* GERROR_IRQ_CFG2 */
    {0x080, 8, 0x4000ffffffffffc0}, /* STRTAB_BASE */
    {0x088, 4, 0x307ff},            /* STRTAB_BASE_CFG */
    {0x090, 8, 0x4000ffffffffffff}, /* CMDQ_BASE */
    {0x098, 4, 0xfffff},            /* CMDQ_PROD */
    {0x0a0, 8, 0x4000ffffffffffff}, /* EVENTQ_BASE */
    {0x0b0, 8, 0x0000fffffffffffc}, /* EVENTQ_IRQ_CFG0 */
    {0x0b8, 4, 0xffffffff},         /* EVENTQ_IRQ_CFG1 */
    {0x0bc, 4, 0x3f},               /* EVENTQ_IRQ_CFG2 */
    {0x100ac, 4, 0x800fffff},       /* EVENTQ_CONS */
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static uint64_t read_reg(struct bench *b, uint32_t offset, uint32_t width)
{
    return width == 8 ? bench_r64(b, offset) : bench_r32(b, offset);
}

static void write_reg(struct bench *b, uint32_t offset, uint32_t width,
                      uint64_t v)
{
    if (width == 8)
        bench_w64(b, offset, v);
    else
        bench_w32(b, offset, (uint32_t)v);
}

TEST_CASE(Regs, WalkingOnesReachTheirBitOnly)
{
    for (size_t i = 0; i < FIELDS; i++) {
        uint32_t off = fields[i].offset, w = fields[i].width;
        struct bench b;

        bench_create(&b);
        for (unsigned bit = 0; bit < 8 * w; bit++) {
            uint64_t one = 1ull << bit;

            /* IRQ enables guard themselves only while they change. */
            write_reg(&b, off, w, one);
            CHECK_EQ(read_reg(&b, off, w), one & fields[i].writable);
        }
        write_reg(&b, off, w, UINT64_MAX);
        CHECK_EQ(read_reg(&b, off, w), fields[i].writable);
        write_reg(&b, off, w, 0);
        CHECK_EQ(read_reg(&b, off, w), 0);
        bench_destroy(&b);
    }
}

TEST_CASE(Regs, AddressBitsAboveTheOasAreRes0)
{
    static const struct {
        uint32_t oas;
        uint64_t mask;
    } sizes[] = {{0, 0xffffffff},     {1, 0xfffffffff},   {2, 0xffffffffff},
                 {3, 0x3ffffffffff},  {4, 0xfffffffffff}, {5, 0xffffffffffff},
                 {6, 0xfffffffffffff}};

    for (size_t i = 0; i < 7; i++) {
        struct smmuv3_config c;
        struct bench b;

        bench_config(&c);
        c.idr5 = (c.idr5 & ~7u) | sizes[i].oas;
        bench_create_with(&b, &c);
        REQUIRE(b.s != NULL);
        bench_w64(&b, SMMU_STRTAB_BASE, UINT64_MAX);
        CHECK_EQ(bench_r64(&b, SMMU_STRTAB_BASE),
                 (1ull << 62) | (sizes[i].mask & ~0x3full));
        bench_destroy(&b);
    }
}

TEST_CASE(Regs, HalvesAndPairs)
{
    struct bench b;

    bench_create(&b);
    bench_w32(&b, SMMU_STRTAB_BASE + 4, 0x40001234);
    CHECK_EQ(bench_r64(&b, SMMU_STRTAB_BASE), 0x4000123400000000);
    bench_w32(&b, SMMU_STRTAB_BASE, 0x89abcdc0);
    CHECK_EQ(bench_r64(&b, SMMU_STRTAB_BASE), 0x4000123489abcdc0);
    CHECK_EQ(bench_r32(&b, SMMU_STRTAB_BASE), 0x89abcdc0);
    CHECK_EQ(bench_r32(&b, SMMU_STRTAB_BASE + 4), 0x40001234);
    /* 6.2: two adjacent 32-bit registers at once: both are accessed. */
    bench_w64(&b, SMMU_GERROR_IRQ_CFG1, 0x0000001512345678);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR_IRQ_CFG1), 0x12345678);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR_IRQ_CFG2), 0x15);
    CHECK_EQ(bench_r64(&b, SMMU_IDR0), b.cfg.idr0 | (uint64_t)b.cfg.idr1 << 32);
    bench_destroy(&b);
}

/* 6.2: every size, alignment and offset is defined; no host error follows. */
TEST_CASE(Regs, EveryOffsetAtEveryWidth)
{
    static const unsigned widths[] = {1, 2, 4, 8};
    struct bench b;

    bench_create(&b);
    for (uint32_t off = 0; off < SMMUV3_MMIO_SIZE + 16; off++) {
        for (int i = 0; i < 4; i++) {
            unsigned w = widths[i];
            bool legal = w >= 4 && off % w == 0 && off < SMMUV3_MMIO_SIZE;
            uint64_t v = 0x5555;

            if (smmuv3_mmio_read(b.s, off, w, 0, &v) != legal)
                FAIL_TEST("read of %u at 0x%x", w, off);
            if (!legal && v)
                FAIL_TEST("0x%x reads %llu", off, (unsigned long long)v);
            if (w == 4 && (v >> 32))
                FAIL_TEST("0x%x: more than 32 bits", off);
            if (smmuv3_mmio_write(b.s, off, w, 0, UINT64_MAX) != legal)
                FAIL_TEST("write of %u at 0x%x", w, off);
        }
    }
    CHECK(!smmuv3_mmio_write(b.s, UINT32_MAX, 4, 0, 0));
    CHECK(!smmuv3_mmio_write(b.s, UINT32_MAX - 3, 4, 0, 0));
    CHECK(!smmuv3_mmio_write(b.s, UINT32_MAX - 7, 8, 0, 0));
    CHECK(!smmuv3_mmio_write(b.s, 0, 0, 0, 0));
    CHECK(!smmuv3_mmio_write(b.s, 0, 16, 0, 0));
    bench_destroy(&b);
}

/* Locations that may be non-zero after writing ones everywhere. */
static bool may_be_set(uint32_t off)
{
    static const struct {
        uint32_t first, last;
    } live[] = {{0x00, 0x1f},   {0x20, 0x2f},      {0x44, 0x47}, {0x50, 0x57},
                {0x60, 0x77},   {0x80, 0x8b},      {0x90, 0xa7}, {0xb0, 0xbf},
                {0xfd0, 0xfff}, {0x100a8, 0x100af}};

    for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++)
        if (off >= live[i].first && off <= live[i].last)
            return true;
    return false;
}

/*
 * RES0: undefined offsets, GATOS, VATOS_SEL, MPAM, DPT, S2PII and PRIQ_*
 * without their features, the Secure bank without Secure state, and page 0's
 * copies of page 1's registers.
 */
TEST_CASE(Regs, EverythingElseIsRes0)
{
    struct bench b;

    bench_create(&b);
    for (uint32_t off = 0; off < SMMUV3_MMIO_SIZE; off += 4)
        bench_w32(&b, off, 0xffffffff);
    for (uint32_t off = 0; off < SMMUV3_MMIO_SIZE; off += 4)
        if (!may_be_set(off) && bench_r32(&b, off))
            FAIL_TEST("0x%x reads 0x%x", off, bench_r32(&b, off));
    CHECK_EQ(bench_r32(&b, SMMU_EVENTQ_CONS), 0);
    CHECK_EQ(bench_r32(&b, PAGE1_EVENTQ_CONS), 0x800fffff);
    CHECK_EQ(bench_r32(&b, SMMU_PAGE1 + SMMU_IDR0), 0);
    CHECK_EQ(bench_r32(&b, SMMU_SECURE_BANK + SMMU_IDR0), 0);
    bench_destroy(&b);
}

/* Non-secure registers answer accesses of every security space (6.2). */
TEST_CASE(Regs, SecurityOfTheAccessDoesNotMatter)
{
    struct bench b;
    uint64_t v;

    bench_create(&b);
    for (uint8_t space = 0; space < 4; space++) {
        CHECK(smmuv3_mmio_write(b.s, SMMU_CR1, 4, space, 0x10u + space));
        CHECK(smmuv3_mmio_read(b.s, SMMU_CR1, 4, space, &v));
        CHECK_EQ(v, 0x10u + space);
        CHECK(smmuv3_mmio_read(b.s, SMMU_SECURE_BANK, 4, space, &v));
        CHECK_EQ(v, 0);
    }
    bench_destroy(&b);
}

TEST_CASE(Regs, MsiRegistersNeedIdr0Msi)
{
    static const uint32_t cfg[] = {0x68, 0x6c, 0x70, 0x74,
                                   0xb0, 0xb4, 0xb8, 0xbc};
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_MSI;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    for (int i = 0; i < 8; i++) {
        bench_w32(&b, cfg[i], 0xffffffff);
        CHECK_EQ(bench_r32(&b, cfg[i]), 0);
    }
    bench_w32(&b, SMMU_GERRORN, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_GERRORN), 0x105);
    bench_destroy(&b);
}

TEST_CASE(Regs, OptionalFieldsFollowTheirIdBits)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_HYP;
    c.idr0 &= ~(3u << 27); /* ST_LEVEL == 0 */
    c.idr1 = (c.idr1 & ~0x3fu) | 6;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    bench_w32(&b, SMMU_CR2, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_CR2), SMMU_CR2_RECINVSID);
    bench_w32(&b, SMMU_STRTAB_BASE_CFG, 0xffffffff);
    CHECK_EQ(bench_r32(&b, SMMU_STRTAB_BASE_CFG), 0x3f);
    bench_destroy(&b);
}

/* ---- guards (6.2) ------------------------------------------------------- */

/* `bit` of CR0 or IRQ_CTRL guards `mask` of the 32-bit word at `offset`. */
static const struct {
    uint32_t offset, mask, ctrl, bit;
} guarded[] = {
    {SMMU_CR1, 0xfc0, SMMU_CR0, SMMU_CR0_SMMUEN},
    {SMMU_CR1, 0x03f, SMMU_CR0, SMMU_CR0_CMDQEN},
    {SMMU_CR1, 0x03f, SMMU_CR0, SMMU_CR0_EVENTQEN},
    {SMMU_CR2, 0x3, SMMU_CR0, SMMU_CR0_SMMUEN},
    {SMMU_STRTAB_BASE, 0xffffffc0, SMMU_CR0, SMMU_CR0_SMMUEN},
    {SMMU_STRTAB_BASE + 4, 0x4000ffff, SMMU_CR0, SMMU_CR0_SMMUEN},
    {SMMU_STRTAB_BASE_CFG, 0x307ff, SMMU_CR0, SMMU_CR0_SMMUEN},
    {SMMU_CMDQ_BASE, 0xffffffff, SMMU_CR0, SMMU_CR0_CMDQEN},
    {SMMU_CMDQ_BASE + 4, 0x4000ffff, SMMU_CR0, SMMU_CR0_CMDQEN},
    {SMMU_CMDQ_CONS, 0x1, SMMU_CR0, SMMU_CR0_CMDQEN},
    {SMMU_EVENTQ_BASE, 0xffffffff, SMMU_CR0, SMMU_CR0_EVENTQEN},
    {SMMU_EVENTQ_BASE + 4, 0x4000ffff, SMMU_CR0, SMMU_CR0_EVENTQEN},
    {PAGE1_EVENTQ_PROD, 0x80000001, SMMU_CR0, SMMU_CR0_EVENTQEN},
    {SMMU_GERROR_IRQ_CFG0, 0xfffffffc, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR},
    {SMMU_GERROR_IRQ_CFG0 + 4, 0xffff, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR},
    {SMMU_GERROR_IRQ_CFG1, 0xffffffff, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR},
    {SMMU_GERROR_IRQ_CFG2, 0x3f, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR},
    {SMMU_EVENTQ_IRQ_CFG0, 0xfffffffc, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ},
    {SMMU_EVENTQ_IRQ_CFG0 + 4, 0xffff, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ},
    {SMMU_EVENTQ_IRQ_CFG1, 0xffffffff, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ},
    {SMMU_EVENTQ_IRQ_CFG2, 0x3f, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ},
};

#define GUARDED (sizeof(guarded) / sizeof(guarded[0]))

/* Write ones, then zeros, and see which of both stuck. */
static bool can_write(struct bench *b, size_t i)
{
    uint32_t ones, zeros, mask = guarded[i].mask;

    bench_w32(b, guarded[i].offset, 0xffffffff);
    ones = bench_r32(b, guarded[i].offset) & mask;
    bench_w32(b, guarded[i].offset, 0);
    zeros = bench_r32(b, guarded[i].offset) & mask;
    CHECK(ones == zeros || (ones == mask && zeros == 0));
    return ones != zeros;
}

TEST_CASE(Regs, GuardedFieldsIgnoreWritesWhileEnabled)
{
    for (size_t i = 0; i < GUARDED; i++) {
        struct bench b;

        bench_create(&b);
        CHECK(can_write(&b, i));
        bench_w32(&b, guarded[i].ctrl, guarded[i].bit);
        if (can_write(&b, i))
            FAIL_TEST("0x%x is writable", guarded[i].offset);
        bench_w32(&b, guarded[i].ctrl, 0);
        CHECK(can_write(&b, i));
        /* Another enable does not guard it. */
        if (guarded[i].offset != SMMU_CR1) {
            uint32_t other =
                guarded[i].ctrl == SMMU_CR0 ? SMMU_IRQ_CTRL : SMMU_CR0;

            bench_w32(&b, other, 0xffffffff);
            CHECK(can_write(&b, i));
        }
        bench_destroy(&b);
    }
}

/* ... and while an Update to or from 0 is under way. */
TEST_CASE(Regs, GuardedFieldsIgnoreWritesDuringUpdate)
{
    for (size_t i = 0; i < GUARDED; i++) {
        struct bench b;

        create_slow(&b);
        REQUIRE(b.s != NULL);
        CHECK(can_write(&b, i));
        bench_w32(&b, guarded[i].ctrl, guarded[i].bit);
        CHECK_EQ(bench_r32(&b, guarded[i].ctrl + 4), 0);
        CHECK(!can_write(&b, i));
        b.now += SLOW_PS;
        CHECK_EQ(bench_r32(&b, guarded[i].ctrl + 4), guarded[i].bit);
        CHECK(!can_write(&b, i));
        bench_w32(&b, guarded[i].ctrl, 0);
        CHECK_EQ(bench_r32(&b, guarded[i].ctrl + 4), guarded[i].bit);
        CHECK(!can_write(&b, i));
        b.now += SLOW_PS;
        CHECK_EQ(bench_r32(&b, guarded[i].ctrl + 4), 0);
        CHECK(can_write(&b, i));
        bench_destroy(&b);
    }
}

TEST_CASE(Regs, ProducerAndConsumerIndexesOfSoftwareAreNotGuarded)
{
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    bench_w32(&b, PAGE1_EVENTQ_CONS, 0x80000003);
    CHECK_EQ(bench_r32(&b, PAGE1_EVENTQ_CONS), 0x80000003);
    bench_w32(&b, SMMU_CMDQ_PROD, 5);
    CHECK_EQ(bench_r32(&b, SMMU_CMDQ_PROD), 5);
    bench_destroy(&b);
}

/* ---- queue geometry --------------------------------------------------- */

/* 6.3.28, 6.3.95: the SMMU's own indexes are RAZ above the wrap bit. */
TEST_CASE(Regs, OwnIndexesReadZeroAboveTheWrapBit)
{
    struct bench b;

    bench_create(&b);
    for (unsigned log2 = 0; log2 < 32; log2++) {
        unsigned effective = log2 < 19 ? log2 : 19;
        uint32_t mask = (2u << effective) - 1;

        bench_w64(&b, SMMU_CMDQ_BASE, log2);
        bench_w32(&b, SMMU_CMDQ_CONS, 0xfffff);
        CHECK_EQ(bench_r32(&b, SMMU_CMDQ_CONS), mask);
        bench_w64(&b, SMMU_EVENTQ_BASE, log2);
        bench_w32(&b, PAGE1_EVENTQ_PROD, 0x800fffff);
        CHECK_EQ(bench_r32(&b, PAGE1_EVENTQ_PROD), 0x80000000 | mask);
        /* Read back as written, whatever its effect. */
        CHECK_EQ(bench_r64(&b, SMMU_CMDQ_BASE), log2);
    }
    bench_destroy(&b);
}

/* SPDX-License-Identifier: MIT */
/*
 * What the invalidation commands reach (4.3, 4.4).  Eight mappings that differ
 * in world, VMID, ASID, address or globality are cached; then their tables
 * change, one command is given, and each mapping is asked again.
 *
 * The specification says what must be gone.  This model drops nothing else,
 * which is checked too: otherwise "flush everything" would pass.
 */
#include "shim.h"
#include "smmu_fixture.h"

#define ASID(x)  ((uint64_t)(x) << 48)
#define VMID(x)  ((uint64_t)(x) << 32)
#define TG_4K    (1u << 10)
#define NUM(x)   ((uint64_t)(x) << 12)
#define SCALE(x) ((uint64_t)(x) << 20)
#define LEAF     1u

/* The mappings, as bits of a set. */
enum {
    A1 = 1 << 0,  /* VMID 1, ASID 1, page 1 */
    A2G = 1 << 1, /* VMID 1, global, page 2 */
    A3 = 1 << 2,  /* VMID 1, ASID 1, page 3 */
    B1 = 1 << 3,  /* VMID 1, ASID 2, page 1 */
    C1 = 1 << 4,  /* VMID 2, ASID 1, page 1 */
    H1 = 1 << 5,  /* EL2 or EL2-E2H with ASID 1, page 1 */
    S1 = 1 << 6,  /* stage 2 alone, VMID 1, IPA page 1 */
    T1 = 1 << 7,  /* stage 2 alone, VMID 2, IPA page 1 */
};

struct mapping {
    uint32_t sid;
    uint32_t page;
};

static const struct mapping mappings[8] = {{1, 1}, {1, 2}, {1, 3}, {2, 1},
                                           {3, 1}, {4, 1}, {5, 1}, {6, 1}};

/* ---- tables: three levels of 4 KiB for 39 bits, at 64 KiB per StreamID -- */

static uint64_t area(uint32_t sid)
{
    return BENCH_FREE + 0x10000ull * sid;
}

/* Every leaf of the generation: stage 1 and stage 2 pages alike. */
static uint64_t leaf(uint32_t sid, uint32_t page, unsigned generation)
{
    bool stage2 = sid >= 5;
    bool global = page == 2;
    uint64_t pa = 0x90000000ull + 0x10000000ull * generation +
                  0x100000ull * sid + 0x1000ull * page;
    uint64_t d = pa | 1 << 10 | 3 << 8 | 3; /* AF, inner shareable, page */

    if (stage2)
        return d | 3 << 6 | 0xf << 2; /* S2AP, MemAttr */
    return d | 1 << 6 | (global ? 0 : 1 << 11);
}

static void put_tables(struct bench *b, uint32_t sid, unsigned generation)
{
    uint64_t t = area(sid);

    bench_put64(b, t, (t + 0x1000) | 3);
    bench_put64(b, t + 0x1000, (t + 0x2000) | 3);
    for (uint32_t page = 1; page <= 3; page++)
        bench_put64(b, t + 0x2000 + 8 * page, leaf(sid, page, generation));
}

static void put_cd(struct bench *b, uint32_t sid, unsigned asid)
{
    uint64_t cd[CD_WORDS] = {0};

    iovp_put_field(cd, CD_T0SZ, 25);
    iovp_put_field(cd, CD_EPD1, 1);
    iovp_put_field(cd, CD_V, 1);
    iovp_put_field(cd, CD_IPS, 5);
    iovp_put_field(cd, CD_AA64, 1);
    iovp_put_field(cd, CD_R, 1);
    iovp_put_field(cd, CD_A, 1);
    iovp_put_field(cd, CD_ASID, asid);
    cd[1] |= area(sid);
    cd[CD_MAIR_WORD] = 0xff;
    bench_put_words(b, area(sid) + 0x8000, cd, CD_WORDS);
}

static void put_ste(struct bench *b, uint32_t sid, unsigned vmid, bool el2)
{
    uint64_t ste[STE_WORDS] = {0};

    iovp_put_field(ste, STE_V, 1);
    iovp_put_field(ste, STE_SHCFG, STE_SHCFG_USE_IN);
    iovp_put_field(ste, STE_S2VMID, vmid);
    if (sid < 5) {
        iovp_put_field(ste, STE_CONFIG, STE_CONFIG_S1);
        iovp_put_field(ste, STE_STRW, el2 ? STE_STRW_EL2 : STE_STRW_NSEL1);
        ste[0] |= area(sid) + 0x8000;
    } else {
        iovp_put_field(ste, STE_CONFIG, STE_CONFIG_S2);
        iovp_put_field(ste, STE_S2T0SZ, 25);
        iovp_put_field(ste, STE_S2SL0, 1);
        iovp_put_field(ste, STE_S2PS, 5);
        iovp_put_field(ste, STE_S2AA64, 1);
        iovp_put_field(ste, STE_S2R, 1);
        ste[3] = area(sid);
    }
    bench_put_words(b, BENCH_STRTAB + (uint64_t)STE_BYTES * sid, ste,
                    STE_WORDS);
}

static void put_generation(struct bench *b, unsigned generation)
{
    for (uint32_t sid = 1; sid <= 6; sid++)
        put_tables(b, sid, generation);
}

/* ---- asking -------------------------------------------------------------- */

static uint64_t ask(struct bench *b, uint32_t sid, uint64_t iova)
{
    struct iovp_attrs a = {.size = sizeof(a),
                           .specified = IOVP_ATTR_ALL,
                           .stream_id = sid,
                           .mem_type = 0xff};
    struct smmuv3_result r;

    smmuv3_translate(b->s, &a, iova, SMMUV3_READ, SMMUV3_NORMAL, &r);
    return r.status == IOVP_RESULT_OK ? r.pa : 0;
}

/* The set of mappings that follow this generation of the tables. */
static unsigned current(struct bench *b, unsigned generation)
{
    unsigned set = 0;

    for (unsigned i = 0; i < 8; i++) {
        const struct mapping *m = &mappings[i];
        uint64_t want = leaf(m->sid, m->page, generation) & 0xfffffffff000;

        if (ask(b, m->sid, 0x1000ull * m->page) == want)
            set |= 1u << i;
    }
    return set;
}

static void create(struct bench *b, bool e2h)
{
    bench_create(b);
    bench_enable(b);
    if (e2h) {
        bench_w32(b, SMMU_CR0, 0);
        bench_w32(b, SMMU_CR2, SMMU_CR2_RECINVSID | SMMU_CR2_E2H);
        bench_w32(b, SMMU_CR0,
                  SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN | SMMU_CR0_SMMUEN);
    }
    put_generation(b, 0);
    put_cd(b, 1, 1);
    put_cd(b, 2, 2);
    put_cd(b, 3, 1);
    put_cd(b, 4, 1);
    put_ste(b, 1, 1, false);
    put_ste(b, 2, 1, false);
    put_ste(b, 3, 2, false);
    put_ste(b, 4, 0, true);
    put_ste(b, 5, 1, false);
    put_ste(b, 6, 2, false);
    CHECK_EQ(current(b, 0), 0xff);
    put_generation(b, 1);
    CHECK_EQ(current(b, 0), 0xff); /* all from the TLB */
}

static void expect(bool e2h, uint64_t w0, uint64_t w1, unsigned set)
{
    struct bench b;
    unsigned got;

    create(&b, e2h);
    CHECK_EQ(bench_command(&b, w0, w1), SMMU_CERROR_NONE);
    CHECK_EQ(bench_command(&b, CMD_SYNC, 0), SMMU_CERROR_NONE);
    got = current(&b, 1);
    if (got != set)
        shim_fail(__FILE__, __LINE__, "%s 0x%llx 0x%llx: 0x%x, not 0x%x",
                  smmuv3_command_name((uint8_t)w0), (unsigned long long)w0,
                  (unsigned long long)w1, got, set);
    bench_destroy(&b);
}

/* ---- 4.4.2, NS-EL1 ------------------------------------------------------- */

TEST_CASE(Tlbi, NhAll)
{
    expect(false, CMD_TLBI_NH_ALL | VMID(1), 0, A1 | A2G | A3 | B1);
    expect(false, CMD_TLBI_NH_ALL | VMID(2), 0, C1);
    expect(false, CMD_TLBI_NH_ALL | VMID(3), 0, 0);
}

TEST_CASE(Tlbi, NhAsidLeavesGlobalEntries)
{
    expect(false, CMD_TLBI_NH_ASID | VMID(1) | ASID(1), 0, A1 | A3);
    expect(false, CMD_TLBI_NH_ASID | VMID(1) | ASID(2), 0, B1);
    expect(false, CMD_TLBI_NH_ASID | VMID(2) | ASID(1), 0, C1);
    expect(false, CMD_TLBI_NH_ASID | VMID(2) | ASID(2), 0, 0);
}

TEST_CASE(Tlbi, NhVa)
{
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(1), 0x1000, A1);
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(2), 0x1000, B1);
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(1), 0x1000 | LEAF, A1);
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(1), 0x4000, 0);
    expect(false, CMD_TLBI_NH_VA | VMID(2) | ASID(1), 0x1000, C1);
}

/* Global entries match whatever the ASID is. */
TEST_CASE(Tlbi, NhVaMatchesGlobalEntries)
{
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(1), 0x2000, A2G);
    expect(false, CMD_TLBI_NH_VA | VMID(1) | ASID(9), 0x2000, A2G);
    expect(false, CMD_TLBI_NH_VA | VMID(2) | ASID(1), 0x2000, 0);
}

TEST_CASE(Tlbi, NhVaa)
{
    expect(false, CMD_TLBI_NH_VAA | VMID(1), 0x1000, A1 | B1);
    expect(false, CMD_TLBI_NH_VAA | VMID(1), 0x2000, A2G);
    expect(false, CMD_TLBI_NH_VAA | VMID(2), 0x1000, C1);
}

/* 4.4.1.1: Range = (NUM + 1) * 2^SCALE * granule, from Address on. */
TEST_CASE(Tlbi, Range)
{
    uint64_t va = CMD_TLBI_NH_VA | VMID(1) | ASID(1);

    expect(false, va | NUM(1), 0x1000 | TG_4K, A1 | A2G);
    expect(false, va | NUM(2), 0x1000 | TG_4K, A1 | A2G | A3);
    expect(false, va | SCALE(1), 0x1000 | TG_4K, A1 | A2G);
    expect(false, va | SCALE(1), 0x2000 | TG_4K, A2G | A3);
    expect(false, va | NUM(1) | SCALE(1), 0 | TG_4K, A1 | A2G | A3);
    expect(false, va | NUM(31) | SCALE(31), 0 | TG_4K, A1 | A2G | A3);
    expect(false, va | NUM(31) | SCALE(31), 0x4000 | TG_4K, 0);
    /* One granule with a level hint. */
    expect(false, va, 0x3000 | TG_4K | 3 << 8, A3);
    /* The top of the address space: no wrap to the bottom. */
    expect(false, va | NUM(31) | SCALE(20), 0xfffffffffffff000 | TG_4K, 0);
    /* Without TG the fields are RES0: a single page. */
    expect(false, va | NUM(2), 0x1000, A1);
    expect(false, CMD_TLBI_NH_VAA | VMID(1) | NUM(1), 0x1000 | TG_4K,
           A1 | A2G | B1);
}

/* A range that passes the top of the address space reaches the top. */
TEST_CASE(Tlbi, RangeUpToTheTop)
{
    const uint64_t top = 0xfffffffffffff000;
    uint64_t t = area(7), cd[CD_WORDS] = {0};
    struct bench b;

    create(&b, false);
    /* TTB1: three levels of 4 KiB, the last entry of each. */
    iovp_put_field(cd, CD_EPD0, 1);
    iovp_put_field(cd, CD_T0SZ, 25);
    iovp_put_field(cd, CD_T1SZ, 25);
    iovp_put_field(cd, CD_TG1, 2);
    iovp_put_field(cd, CD_V, 1);
    iovp_put_field(cd, CD_IPS, 5);
    iovp_put_field(cd, CD_AA64, 1);
    iovp_put_field(cd, CD_R, 1);
    iovp_put_field(cd, CD_A, 1);
    iovp_put_field(cd, CD_ASID, 1);
    cd[2] = t;
    bench_put_words(&b, area(1) + 0x8000, cd, CD_WORDS);
    bench_put64(&b, t + 0xff8, (t + 0x1000) | 3);
    bench_put64(&b, t + 0x1ff8, (t + 0x2000) | 3);
    bench_put64(&b, t + 0x2ff8, leaf(1, 1, 0));
    bench_invalidate_all(&b);
    CHECK_EQ(ask(&b, 1, top), leaf(1, 1, 0) & 0xfffffffff000);
    bench_put64(&b, t + 0x2ff8, leaf(1, 1, 1));
    CHECK_EQ(ask(&b, 1, top), leaf(1, 1, 0) & 0xfffffffff000);
    bench_command(&b, CMD_TLBI_NH_VA | VMID(1) | ASID(1) | NUM(31) | SCALE(31),
                  (top - 0x1000) | TG_4K);
    CHECK_EQ(ask(&b, 1, top), leaf(1, 1, 1) & 0xfffffffff000);
    bench_destroy(&b);
}

/* ---- 4.4.2, EL2 ------------------------------------------------------------
 */

TEST_CASE(Tlbi, El2)
{
    expect(false, CMD_TLBI_EL2_ALL, 0, H1);
    expect(false, CMD_TLBI_EL2_VA | ASID(7), 0x1000, H1); /* no ASIDs */
    expect(false, CMD_TLBI_EL2_VA, 0x2000, 0);
    expect(false, CMD_TLBI_EL2_VAA, 0x1000, H1);
    expect(false, CMD_TLBI_EL2_ASID | ASID(1), 0, 0);
    expect(false, CMD_TLBI_EL2_VA | NUM(1), 0 | TG_4K, H1);
}

TEST_CASE(Tlbi, El2E2h)
{
    expect(true, CMD_TLBI_EL2_ALL, 0, H1);
    expect(true, CMD_TLBI_EL2_VA | ASID(1), 0x1000, H1);
    expect(true, CMD_TLBI_EL2_VA | ASID(2), 0x1000, 0);
    expect(true, CMD_TLBI_EL2_VAA | ASID(2), 0x1000, H1);
    expect(true, CMD_TLBI_EL2_ASID | ASID(1), 0, H1);
    expect(true, CMD_TLBI_EL2_ASID | ASID(2), 0, 0);
}

/* ---- 4.4.3, 4.4.4
 * ------------------------------------------------------------ */

TEST_CASE(Tlbi, S12Vmall)
{
    expect(false, CMD_TLBI_S12_VMALL | VMID(1), 0, A1 | A2G | A3 | B1 | S1);
    expect(false, CMD_TLBI_S12_VMALL | VMID(2), 0, C1 | T1);
}

TEST_CASE(Tlbi, S2Ipa)
{
    expect(false, CMD_TLBI_S2_IPA | VMID(1), 0x1000, S1);
    expect(false, CMD_TLBI_S2_IPA | VMID(2), 0x1000, T1);
    expect(false, CMD_TLBI_S2_IPA | VMID(1), 0x2000, 0);
    expect(false, CMD_TLBI_S2_IPA | VMID(1) | NUM(1), 0 | TG_4K, S1);
    expect(false, CMD_TLBI_S2_IPA | VMID(1), 0x1000 | LEAF, S1);
}

TEST_CASE(Tlbi, NsnhAll)
{
    expect(false, CMD_TLBI_NSNH_ALL, 0, 0xff & ~H1);
}

/* A new table in the middle of the walk: Leaf == 0 drops the walk cache. */
TEST_CASE(Tlbi, LeafZeroReachesTableDescriptors)
{
    uint64_t t = area(1);
    struct bench b;

    create(&b, false);
    for (uint32_t page = 1; page <= 3; page++)
        bench_put64(&b, t + 0x3000 + 8 * page, leaf(1, page, 2));
    bench_put64(&b, t + 0x1000, (t + 0x3000) | 3);
    bench_command(&b, CMD_TLBI_NH_VA | VMID(1) | ASID(1), 0x1000);
    bench_command(&b, CMD_SYNC, 0);
    CHECK_EQ(current(&b, 2), A1);
    bench_destroy(&b);
}

/* ---- 4.3: the configuration
 * --------------------------------------------------- */

/* `w0`, `w1` must make the change of StreamID 2's STE visible. */
static void expect_cfgi(uint64_t w0, uint64_t w1, bool seen)
{
    uint64_t ste = BENCH_STRTAB + STE_BYTES * 2;
    struct bench b;

    create(&b, false);
    bench_put64(&b, ste, 1 | STE_CONFIG_BYPASS << 1);
    CHECK(ask(&b, 2, 0x1000) != 0x1000); /* cached, so the test tells */
    CHECK_EQ(bench_command(&b, w0, w1), SMMU_CERROR_NONE);
    CHECK_EQ(bench_command(&b, CMD_SYNC, 0), SMMU_CERROR_NONE);
    if ((ask(&b, 2, 0x1000) == 0x1000) != seen)
        shim_fail(__FILE__, __LINE__, "0x%llx 0x%llx", (unsigned long long)w0,
                  (unsigned long long)w1);
    bench_destroy(&b);
}

TEST_CASE(Cfgi, Ste)
{
    expect_cfgi(CMD_CFGI_STE | 2ull << 32, 0, true);
    expect_cfgi(CMD_CFGI_STE | 2ull << 32, LEAF, true);
    expect_cfgi(CMD_CFGI_STE | 3ull << 32, 0, false);
}

/* An aligned range of 2^(Range + 1) StreamIDs; low bits are IGNORED. */
TEST_CASE(Cfgi, SteRange)
{
    expect_cfgi(CMD_CFGI_STE_RANGE | 2ull << 32, 0, true);  /* 2-3 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 3ull << 32, 0, true);  /* 2-3 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 0ull << 32, 0, false); /* 0-1 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 4ull << 32, 0, false); /* 4-5 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 1ull << 32, 1, true);  /* 0-3 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 4ull << 32, 1, false); /* 4-7 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 7ull << 32, 2, true);  /* 0-7 */
    expect_cfgi(CMD_CFGI_STE_RANGE | 0xffffffffull << 32, 30, false);
    expect_cfgi(CMD_CFGI_ALL, 31, true);
    expect_cfgi(CMD_CFGI_ALL | 0xffffffffull << 32, 31, true);
}

/* The CD of StreamID 2 changes to other tables (and ASID, as it must). */
static void expect_cfgi_cd(uint64_t w0, uint64_t w1, bool seen)
{
    uint64_t want = leaf(3, 1, 1) & 0xfffffffff000;
    struct bench b;

    create(&b, false);
    bench_put64(&b, area(2) + 0x8000 + 8, area(3));
    bench_command(&b, CMD_TLBI_NH_ALL | VMID(1), 0);
    CHECK(ask(&b, 2, 0x1000) != want);
    bench_command(&b, CMD_TLBI_NH_ALL | VMID(1), 0);
    CHECK_EQ(bench_command(&b, w0, w1), SMMU_CERROR_NONE);
    CHECK_EQ(bench_command(&b, CMD_SYNC, 0), SMMU_CERROR_NONE);
    if ((ask(&b, 2, 0x1000) == want) != seen)
        shim_fail(__FILE__, __LINE__, "0x%llx 0x%llx", (unsigned long long)w0,
                  (unsigned long long)w1);
    bench_destroy(&b);
}

TEST_CASE(Cfgi, Cd)
{
    expect_cfgi_cd(CMD_CFGI_CD | 2ull << 32, LEAF, true);
    expect_cfgi_cd(CMD_CFGI_CD | 2ull << 32, 0, true);
    expect_cfgi_cd(CMD_CFGI_CD | 1ull << 32, LEAF, false);
    expect_cfgi_cd(CMD_CFGI_CD_ALL | 2ull << 32, 0, true);
    expect_cfgi_cd(CMD_CFGI_CD_ALL | 1ull << 32, 0, false);
    /* 4.3.1: an STE takes the CDs with it that were found through it. */
    expect_cfgi_cd(CMD_CFGI_STE | 2ull << 32, LEAF, true);
    expect_cfgi_cd(CMD_CFGI_ALL, 31, true);
}

/* ---- 4.2: prefetch
 * ----------------------------------------------------------- */

/* A prefetched translation is used without another walk. */
TEST_CASE(Prefetch, AddrFillsTheTlb)
{
    uint64_t span = 0x1000 | 1; /* Size 1: two pages, Stride 0: 4 KiB */
    struct bench b;

    create(&b, false);
    bench_invalidate_all(&b);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_ADDR | 1ull << 32, span), 0);
    bench_forget(&b);
    CHECK_EQ(ask(&b, 1, 0x1008), (leaf(1, 1, 1) & 0xfffffffff000) | 8);
    CHECK_EQ(ask(&b, 1, 0x2008), (leaf(1, 2, 1) & 0xfffffffff000) | 8);
    CHECK_EQ(b.reads, 0);
    CHECK_EQ(ask(&b, 1, 0x3000), leaf(1, 3, 1) & 0xfffffffff000);
    CHECK(b.reads > 0);
    bench_destroy(&b);
}

TEST_CASE(Prefetch, ConfigFillsTheConfigurationCache)
{
    const struct iovp_cache_stats *st;
    uint64_t hits;
    struct bench b;

    create(&b, false);
    bench_invalidate_all(&b);
    CHECK_EQ(bench_command(&b, CMD_PREFETCH_CONFIG | 1ull << 32, 0), 0);
    st = smmuv3_cache_stats(b.s, IOVP_CACHE_CONFIG);
    hits = st->hits;
    CHECK(ask(&b, 1, 0x1000) != 0);
    CHECK_EQ(smmuv3_cache_stats(b.s, IOVP_CACHE_CONFIG)->hits, hits + 1);
    bench_destroy(&b);
}

/* An address that faults, a bad STE: no event, no error (4.2). */
TEST_CASE(Prefetch, FaultsAreSilent)
{
    struct bench b;

    create(&b, false);
    bench_command(&b, CMD_PREFETCH_ADDR | 1ull << 32, 0x7f0000000 | 31);
    bench_command(&b, CMD_PREFETCH_ADDR | 1ull << 32, 0xffff00000000f000);
    bench_command(&b, CMD_PREFETCH_ADDR | 9ull << 32, 0x1000);
    bench_command(&b, CMD_PREFETCH_CONFIG | 9ull << 32, 0);
    CHECK_EQ(bench_r32(&b, SMMU_PAGE1 + SMMU_EVENTQ_PROD), 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    bench_destroy(&b);
}

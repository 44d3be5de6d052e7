/* SPDX-License-Identifier: MIT */
/*
 * Rules of IHI 0070 G.b that a second reading of the specification found
 * broken, each with its section.
 */
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define VA  0x40201000ull
#define OLD 0x2340000000ull
#define NEW 0x6780000000ull

#define WORD(n, shift) ((uint64_t)(n) << (shift))

static void tell(struct scene *sc, uint64_t w0, uint64_t w1)
{
    CHECK_EQ(bench_command(&sc->b, w0, w1), 0);
    CHECK_EQ(bench_command(&sc->b, 0x46, 0), 0);
}

/* ---- 3.17.1: global entries belong to an ASID set ----------------------- */

/*
 * Two address spaces of one VMID with a global page each, which their CDs'
 * ASET keeps apart.
 */
static void open_asets(struct scene *sc, struct stream *a, struct stream *b)
{
    scene_open(sc);
    stream_s1(sc, a, 5, 12, 48);
    tree_set(sc, &a->s1, VA, 3, OLD | D_PAGE | (D_S1_RW & ~D_NG));
    stream_s1(sc, b, 6, 12, 48);
    tb_put(b->ste, T_STE_S2VMID, 5);
    tb_put(b->cd, T_CD_ASET, 1);
    tree_set(sc, &b->s1, VA, 3, NEW | D_PAGE | (D_S1_RW & ~D_NG));
    stream_write(sc, a);
    stream_write(sc, b);
}

static void expect_tlb(struct scene *sc, uint32_t sid, uint64_t pa, bool hit)
{
    EXPECT_OK(sc, acc(sid, VA, "r"), pa);
    CHECK_EQ(iovp_walk_outcome(sc->r.walk.caches, IOVP_CACHE_TLB),
             hit ? IOVP_CACHE_HIT : IOVP_CACHE_MISS);
}

TEST_CASE(Aset, SeparatesGlobalEntries)
{
    struct scene sc;
    struct stream a, b;

    open_asets(&sc, &a, &b);
    expect_tlb(&sc, 5, OLD, false);
    expect_tlb(&sc, 6, NEW, false);
    expect_tlb(&sc, 5, OLD, true);
    expect_tlb(&sc, 6, NEW, true);
    scene_close(&sc);
}

/* For a non-global entry ASET is no part of its address space. */
TEST_CASE(Aset, DoesNotSeparateNonGlobalEntries)
{
    struct scene sc;
    struct stream a, b;

    open_asets(&sc, &a, &b);
    tree_set(&sc, &a.s1, VA, 3, OLD | D_PAGE | D_S1_RW);
    b.s1 = a.s1;
    cd_init(b.cd, &b.s1, 5);
    tb_put(b.cd, T_CD_ASET, 1);
    stream_write(&sc, &b);
    expect_tlb(&sc, 5, OLD, false);
    expect_tlb(&sc, 6, OLD, true);
    scene_close(&sc);
}

/* 4.4: commands by ASID disregard ASET. */
TEST_CASE(Aset, IsDisregardedByCommands)
{
    /* NH_VA of an unrelated ASID, NH_VAA and NH_ALL: all VMID 5. */
    static const struct {
        uint64_t w0, w1;
    } commands[] = {{0x12 | WORD(5, 32) | WORD(99, 48), VA},
                    {0x13 | WORD(5, 32), VA},
                    {0x10 | WORD(5, 32), 0}};
    struct scene sc;
    struct stream a, b;
    unsigned i;

    open_asets(&sc, &a, &b);
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        expect_tlb(&sc, 5, OLD, false);
        expect_tlb(&sc, 6, NEW, false);
        tell(&sc, commands[i].w0, commands[i].w1);
    }
    expect_tlb(&sc, 5, OLD, false);
    expect_tlb(&sc, 6, NEW, false);
    /* NH_ASID leaves global entries. */
    tell(&sc, 0x11 | WORD(5, 32) | WORD(5, 48), 0);
    tell(&sc, 0x11 | WORD(5, 32) | WORD(6, 48), 0);
    expect_tlb(&sc, 5, OLD, true);
    expect_tlb(&sc, 6, NEW, true);
    scene_close(&sc);
}

/* ---- 5.2: attributes of CD fetches -------------------------------------- */

static struct iovp_bus_attrs cd_read;
static uint64_t cd_read_at;

static void note_read(struct bench *b, uint64_t addr, uint32_t len)
{
    (void)len;
    if (addr == cd_read_at)
        cd_read = b->last_read;
}

/*
 * S1CIR, S1COR == 0b11: write-back without Read-Allocate, which is bit 1 of
 * the half of a MAIR byte; the Write-Allocate hint is the implementation's.
 */
TEST_CASE(CdAttrs, WithoutReadAllocate)
{
    static const struct {
        unsigned inner, outer;
        uint8_t hints; /* RA outer, RA inner */
    } rows[] = {{3, 3, 0x00}, {1, 3, 0x02}, {3, 1, 0x20}, {1, 1, 0x22}};
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | D_S1_RW);
    cd_read_at = st.cd_at;
    sc.b.on_read = note_read;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tb_put(st.ste, T_STE_S1CIR, rows[i].inner);
        tb_put(st.ste, T_STE_S1COR, rows[i].outer);
        stream_write(&sc, &st);
        memset(&cd_read, 0, sizeof(cd_read));
        EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
        CHECK_EQ(cd_read.mem_type & 0xcc, 0xcc);
        CHECK_EQ(cd_read.mem_type & 0x22, rows[i].hints);
    }
    scene_close(&sc);
}

/* ---- 7.3.4: FetchAddr bits above the OAS are RES0 ------------------------ */

TEST_CASE(FetchAddr, HasNoBitsAboveTheOas)
{
    struct scene sc;
    uint64_t l1;

    scene_open(&sc);
    l1 = scene_alloc(&sc, 64, 12);
    /* LOG2SIZE 8, SPLIT 6, two levels. */
    scene_strtab(&sc, l1, 8 | 6u << 6 | 1u << 16);
    bench_put64(&sc.b, l1, l1std(BENCH_FREE | 1ull << 48, 1));
    EXPECT_EVENT(&sc, acc(0, 0x40, "r"), E_STE_FETCH, 0, BENCH_FREE);
    scene_close(&sc);
}

/* ---- 6.3.9.6: while disabled ATS is not operational ---------------------- */

TEST_CASE(DisabledAts, IsAborted)
{
    static const uint8_t types[] = {IOVP_AT_TRANSLATION_REQUEST,
                                    IOVP_AT_TRANSLATED};
    struct acc a = acc(5, 0x1000, "r");
    struct iovp_attrs at = acc_attrs(&a);
    struct scene sc;
    unsigned i;

    scene_open(&sc);
    bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
    for (i = 0; i < 2; i++) {
        at.addr_type = types[i];
        smmuv3_translate(sc.b.s, &at, 0x1000, SMMUV3_READ, SMMUV3_NORMAL,
                         &sc.r);
        CHECK_EQ(sc.r.status, IOVP_RESULT_ABORT);
    }
    at.addr_type = IOVP_AT_UNTRANSLATED;
    smmuv3_translate(sc.b.s, &at, 0x1000, SMMUV3_READ, SMMUV3_NORMAL, &sc.r);
    CHECK_EQ(sc.r.status, IOVP_RESULT_OK);
    scene_close(&sc);
}

/*
 * 7.3.2: without ATS the types are not supported, and the record has the
 * incoming attributes, not those that the STE makes of them.
 */
TEST_CASE(UnsupportedAts, RecordsTheIncomingAttributes)
{
    static const uint8_t types[] = {IOVP_AT_TRANSLATION_REQUEST,
                                    IOVP_AT_TRANSLATED};
    struct acc a = acc_ss(5, 9, 0xfedcba9876543210ull, "rx");
    struct iovp_attrs at = acc_attrs(&a);
    uint64_t want[4], ev[4];
    struct stream st;
    struct scene sc;
    unsigned i;

    scene_open(&sc);
    stream_bypass(&st, 5);
    tb_put(st.ste, T_STE_PRIVCFG, 3);
    tb_put(st.ste, T_STE_INSTCFG, 2);
    stream_write(&sc, &st);
    tb_event(want, E_UUT, &a, 0, 0);
    for (i = 0; i < 2; i++) {
        at.addr_type = types[i];
        smmuv3_translate(sc.b.s, &at, a.va, SMMUV3_READ, SMMUV3_NORMAL, &sc.r);
        CHECK_EQ(sc.r.status, IOVP_RESULT_ABORT);
        CHECK(bench_event(&sc.b, ev));
        CHECK_MEM(ev, want, 32);
        CHECK(!bench_event(&sc.b, ev));
    }
    scene_close(&sc);
}

/* ---- 6.3.14: GBPA's overrides need IDR1's bits ----------------------------
 */

TEST_CASE(GbpaOverrides, NeedTheirIdBits)
{
    unsigned ovr; /* bit 0: ATTR_PERMS_OVR, bit 1: ATTR_TYPES_OVR */

    for (ovr = 0; ovr < 4; ovr++) {
        struct acc a = acc(5, 0x1000, "r");
        struct smmuv3_config c;
        struct scene sc;

        bench_config(&c);
        c.idr1 = (c.idr1 & ~(3u << 26)) | ovr << 26;
        scene_open_with(&sc, &c);
        bench_w32(&sc.b, 0x20, bench_r32(&sc.b, 0x20) & ~1u);
        /* Write-through, Outer Shareable, privileged, instruction. */
        bench_w32(&sc.b, 0x44,
                  1u << 31 | 3u << 18 | 3u << 16 | 2u << 12 | 1u << 4 | 0xa);
        a.mem_type = 0xff;
        a.sh = IOVP_SH_INNER;
        EXPECT_OK(&sc, a, 0x1000);
        CHECK_EQ(sc.r.mem_type, ovr & 2 ? 0xbb : 0xff);
        CHECK_EQ(sc.r.shareability, ovr & 2 ? IOVP_SH_OUTER : IOVP_SH_INNER);
        CHECK_EQ(sc.r.privileged, ovr & 1);
        CHECK_EQ(sc.r.instruction, ovr & 1);
        scene_close(&sc);
    }
}

/* ---- a reserved SH never goes out ---------------------------------------- */

TEST_CASE(ReservedSh, IsNonShareable)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | (D_S1_RW & ~D_SH(3)) | D_SH(1));
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, VA, "r"), OLD);
    CHECK_EQ(sc.r.mem_type, 0xff);
    CHECK_EQ(sc.r.shareability, IOVP_SH_NON);
    scene_close(&sc);
}

/* ---- 4.2.2: SMMUv3.0 prefetches at a stride of 4 KiB ----------------------
 */

TEST_CASE(PrefetchStride, IsIgnoredInVersion30)
{
    unsigned version;

    for (version = 0; version < 2; version++) {
        struct smmuv3_config c;
        struct scene sc;
        struct stream st;

        bench_config(&c);
        c.aidr = version;
        scene_open_with(&sc, &c);
        stream_s1(&sc, &st, 5, 12, 48);
        tree_set(&sc, &st.s1, VA, 3, OLD | D_PAGE | D_S1_RW);
        tree_set(&sc, &st.s1, VA + 0x1000, 3, NEW | D_PAGE | D_S1_RW);
        stream_write(&sc, &st);
        /* Two translations, Stride 1: VA + 8 KiB is not mapped. */
        tell(&sc, 0x02 | WORD(5, 32), VA | 1u | 1u << 5);
        EXPECT_OK(&sc, acc(5, VA + 0x1000, "r"), NEW);
        CHECK_EQ(iovp_walk_outcome(sc.r.walk.caches, IOVP_CACHE_TLB),
                 version ? IOVP_CACHE_MISS : IOVP_CACHE_HIT);
        scene_close(&sc);
    }
}

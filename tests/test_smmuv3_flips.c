/* SPDX-License-Identifier: MIT */
/*
 * Every single bit of good structures flipped, one at a time, and every fetch
 * aborted, one at a time: the answer is the second opinion's (ref_smmu.h).
 */
#include <stdio.h>
#include <string.h>

#include "shim.h"
#include "smmu_cases.h"

#define VA  0x0000123456789000ull
#define IPA 0x0000000765432000ull

static const char *const how[] = {"r", "w", "xp", "rw"};

/* Ask for everything worth asking with the structures as they are. */
static unsigned ask(struct scene *sc, struct acc a, const char *what)
{
    struct ref r;
    unsigned i, bad = 0;

    case_ref(&r, sc);
    scene_invalidate(sc);
    for (i = 0; i < 4; i++) {
        struct acc x = acc_ss(a.sid, a.ssid, a.va, how[i]);

        bad += !case_check(sc, &r, x, what);
        bad += !case_check(sc, &r, x, what); /* hit */
    }
    return bad;
}

/* Flip each bit of `words` words at `at`. */
static void flip(struct scene *sc, struct acc a, uint64_t at, unsigned words,
                 const char *name)
{
    unsigned i, bad = 0;
    char what[60];

    bad += ask(sc, a, name);
    for (i = 0; i < 64 * words && bad < 4; i++) {
        uint64_t word = at + 8 * (i / 64);
        uint64_t old = bench_get64(&sc->b, word);

        snprintf(what, sizeof(what), "%s bit %u", name, i);
        bench_put64(&sc->b, word, old ^ 1ull << (i % 64));
        bad += ask(sc, a, what);
        bench_put64(&sc->b, word, old);
    }
}

/* Abort the read of each of `words` words at `at`. */
static void abort_each(struct scene *sc, struct acc a, uint64_t at,
                       unsigned words, const char *name)
{
    unsigned i;

    for (i = 0; i < words; i++) {
        bench_fault(&sc->b, at + 8 * i + i % 8, true, false);
        ask(sc, a, name);
        bench_clear_faults(&sc->b);
    }
}

static void flip_tree(struct scene *sc, struct acc a, const struct tree *t,
                      uint64_t va, const char *name)
{
    int level;
    char what[40];

    for (level = t->start; level < 4; level++) {
        uint64_t at = tree_slot(sc, t, va, level);

        snprintf(what, sizeof(what), "%s level %d", name, level);
        flip(sc, a, at, 1, what);
        abort_each(sc, a, at, 1, what);
    }
}

static uint64_t ste_at(const struct stream *st)
{
    return BENCH_STRTAB + 64ull * st->sid;
}

TEST_CASE(Flips, BypassSte)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_bypass(&st, 4);
    stream_write(&sc, &st);
    flip(&sc, acc(4, VA, "r"), ste_at(&st), 8, "STE");
    abort_each(&sc, acc(4, VA, "r"), ste_at(&st), 8, "STE");
    scene_close(&sc);
}

static void flip_stage1(unsigned granule, unsigned profile, uint64_t va)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    struct tree hi;

    case_config(&c, profile);
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, 5, granule, 48);
    tree_init(&sc, &hi, granule, 48, tree_s1_start(granule, 48));
    cd_ttb1(st.cd, &hi);
    tree_set(&sc, va >> 55 & 1 ? &hi : &st.s1, va, 3,
             SOMEWHERE | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    flip(&sc, acc(5, va, "r"), ste_at(&st), 8, "STE");
    flip(&sc, acc(5, va, "r"), st.cd_at, 8, "CD");
    abort_each(&sc, acc(5, va, "r"), st.cd_at, 8, "CD");
    flip_tree(&sc, acc(5, va, "r"), va >> 55 & 1 ? &hi : &st.s1, va, "S1");
    scene_close(&sc);
}

TEST_CASE(Flips, Stage1)
{
    flip_stage1(12, 0, VA);
    flip_stage1(14, 0, VA);
    flip_stage1(16, 0, VA);
}

TEST_CASE(Flips, Stage1UpperHalf)
{
    flip_stage1(12, 0, VA | 0xffffull << 48);
    flip_stage1(16, 0, VA | 0xffffull << 48);
}

TEST_CASE(Flips, Stage1WithOtherIds)
{
    unsigned profile;

    for (profile = 1; profile < 6; profile++)
        flip_stage1(profile == 1 ? 16 : 12, profile, VA);
}

/* The address itself: each bit of it flipped. */
TEST_CASE(Flips, Address)
{
    struct scene sc;
    struct stream st;
    unsigned bit;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    for (bit = 0; bit < 64; bit++)
        ask(&sc, acc(5, VA ^ 1ull << bit, "r"), "VA");
    scene_close(&sc);
}

static void flip_stage2(unsigned granule, unsigned bits, int start,
                        unsigned profile)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;

    case_config(&c, profile);
    scene_open_with(&sc, &c);
    stream_s2(&sc, &st, 6, granule, bits, start);
    tree_set(&sc, &st.s2, IPA, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    flip(&sc, acc(6, IPA, "r"), ste_at(&st), 8, "STE");
    flip_tree(&sc, acc(6, IPA, "r"), &st.s2, IPA, "S2");
    scene_close(&sc);
}

TEST_CASE(Flips, Stage2)
{
    flip_stage2(12, 48, 0, 0);
    flip_stage2(12, 40, 1, 0);
    flip_stage2(14, 40, 2, 0);
    flip_stage2(16, 42, 2, 0);
}

TEST_CASE(Flips, Stage2WithOtherIds)
{
    flip_stage2(16, 48, 1, 1);
    flip_stage2(12, 44, 0, 2);
    flip_stage2(12, 40, 1, 3);
    flip_stage2(12, 40, 1, 4);
    flip_stage2(14, 40, 2, 7);
}

TEST_CASE(Flips, Nested)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_nested(&sc, &st, 7, 12, 12);
    tree_set(&sc, &st.s1, VA, 3, IPA | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, IPA, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    flip(&sc, acc(7, VA, "r"), ste_at(&st), 8, "STE");
    flip(&sc, acc(7, VA, "r"), st.cd_at, 8, "CD");
    flip_tree(&sc, acc(7, VA, "r"), &st.s1, VA, "S1");
    flip_tree(&sc, acc(7, VA, "r"), &st.s2, IPA, "S2");
    flip_tree(&sc, acc(7, VA, "r"), &st.s2, st.cd_at + NEST_BIAS, "S2 of RAM");
    scene_close(&sc);
}

TEST_CASE(Flips, TwoLevelTables)
{
    struct scene sc;
    struct stream st;
    uint64_t l1, l2, l1cds;
    struct acc a = acc_ss(3 << 6 | 5, 0x47, VA, "r");

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    l1 = scene_alloc(&sc, 4096, 12);
    l2 = scene_alloc(&sc, 4096, 12);
    l1cds = scene_alloc(&sc, 4096, 12);
    st.cd_at = scene_alloc(&sc, 4096, 12);
    bench_put_words(&sc.b, st.cd_at + 64 * 7, st.cd, 8);
    bench_put64(&sc.b, l1cds + 8, l1cd(st.cd_at, 1));
    tb_put(st.ste, T_STE_S1CPTR, l1cds >> 6);
    tb_put(st.ste, T_STE_S1FMT, 1);
    tb_put(st.ste, T_STE_S1CDMAX, 10);
    bench_put_words(&sc.b, l2 + 64 * 5, st.ste, 8);
    bench_put64(&sc.b, l1 + 24, l1std(l2, 7));
    scene_strtab(&sc, l1, 10 | 6u << 6 | 1u << 16);
    EXPECT_OK(&sc, a, SOMEWHERE);
    flip(&sc, a, l2 + 64 * 5, 8, "STE");
    flip(&sc, a, l1cds + 8, 1, "L1CD");
    abort_each(&sc, a, l1cds + 8, 1, "L1CD");
    abort_each(&sc, a, l1 + 24, 1, "L1STD");
    /* Bits above the OAS in L2Ptr are a choice: 3.4.3 note 5. */
    bench_put64(&sc.b, l1 + 24, l1std(l2, 7));
    flip(&sc, a, l1 + 24, 1, "L1STD");
    scene_close(&sc);
}

TEST_CASE(Flips, El2Streams)
{
    uint32_t e2h;

    for (e2h = 0; e2h < 2; e2h++) {
        struct scene sc;
        struct stream st;

        scene_open(&sc);
        scene_cr2(&sc, 2 | e2h);
        stream_s1(&sc, &st, 5, 12, 48);
        tb_put(st.ste, T_STE_STRW, 2);
        tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
        stream_write(&sc, &st);
        flip(&sc, acc(5, VA, "r"), ste_at(&st), 8, "STE");
        flip(&sc, acc(5, VA, "r"), st.cd_at, 8, "CD");
        flip_tree(&sc, acc(5, VA, "r"), &st.s1, VA, "S1");
        scene_close(&sc);
    }
}

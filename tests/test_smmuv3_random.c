/* SPDX-License-Identifier: MIT */
/*
 * The translation against a second implementation of the specification
 * (ref_smmu.h) on random and hostile structures: pointers in circles, outside
 * RAM and beyond the address sizes, reserved bits, illegal configurations.
 * What was asked once is asked again, so hits are compared as well as misses.
 */
#include <stdio.h>
#include <string.h>

#include "shim.h"
#include "smmu_cases.h"

#define WORLDS   600
#define ACCESSES 80

/* How often each outcome was met, so that a dull generator is noticed. */
struct tally {
    unsigned ok, hits, stalls, raz, silent;
    unsigned type[32];
    unsigned class[2][4]; /* S2, CLASS of translation faults */
};

static void count(struct tally *t, const struct scene *sc)
{
    if (sc->r.status == IOVP_RESULT_OK) {
        t->ok++;
        t->hits += iovp_walk_outcome(sc->r.walk.caches, IOVP_CACHE_TLB) ==
                   IOVP_CACHE_HIT;
        return;
    }
    t->raz += sc->r.status == IOVP_RESULT_RAZWI;
    t->stalls += sc->r.status == IOVP_RESULT_STALL;
    t->silent += sc->events == 0;
    t->type[sc->r.event & 31]++;
    if (sc->events && sc->r.event >= E_WALK_EABT)
        t->class[tb_get(sc->ev, 103, 1)][tb_get(sc->ev, 104, 2)]++;
}

static unsigned run_world(struct scene *sc, uint64_t seed, struct tally *t)
{
    struct world w;
    struct ref r;
    unsigned i, bad = 0;
    char what[40];

    snprintf(what, sizeof(what), "seed %#llx", (unsigned long long)seed);
    scene_cr2(sc, 2 | (seed & 1));
    world_make(&w, sc, seed);
    case_ref(&r, sc);
    for (i = 0; i < ACCESSES && bad < 3; i++) {
        struct acc a = world_access(&w);

        bad += !case_check(sc, &r, a, what);
        count(t, sc);
        /* The same again: from the caches, if they hold it. */
        bad += !case_check(sc, &r, a, what);
        count(t, sc);
    }
    return bad;
}

static void run_profile(unsigned profile, struct tally *t)
{
    struct smmuv3_config c;
    struct scene sc;
    unsigned i, bad = 0;

    memset(t, 0, sizeof(*t));
    case_config(&c, profile);
    scene_open_with(&sc, &c);
    for (i = 0; i < WORLDS && bad < 6; i++)
        bad += run_world(&sc, profile * 100000ull + i, t);
    scene_close(&sc);
    CHECK(t->ok > 1500);
    CHECK(t->hits > 700);
    CHECK(t->type[E_TRANSLATION] > 300);
    CHECK(t->type[E_ACCESS] > 30);
    CHECK(t->type[E_PERMISSION] > 100);
    CHECK(t->type[E_WALK_EABT] > 50);
    CHECK(t->type[E_BAD_STE] > 30);
    CHECK(t->silent > 30);
}

static void need_stage1(const struct tally *t)
{
    CHECK(t->type[E_BAD_CD] > 30);
    CHECK(t->class[0][2] > 100);
}

static void need_both_models(const struct tally *t)
{
    CHECK(t->raz > 30);
    CHECK(t->stalls > 100);
}

static void need_both(const struct tally *t)
{
    CHECK(t->class[1][0] > 5);  /* stage 2, CD */
    CHECK(t->class[1][1] > 30); /* stage 2, TT */
    CHECK(t->class[1][2] > 30); /* stage 2, IN */
    CHECK(t->type[E_BAD_SUBSTREAMID] > 20);
    CHECK(t->type[E_STREAM_DISABLED] > 5);
    CHECK(t->type[E_ADDR_SIZE] > 20);
}

TEST_CASE(Random, Default)
{
    struct tally t;

    run_profile(0, &t);
    need_stage1(&t);
    need_both_models(&t);
    need_both(&t);
}

TEST_CASE(Random, FiftyTwoBits)
{
    struct tally t;

    run_profile(1, &t);
    need_stage1(&t);
    need_both_models(&t);
    need_both(&t);
}

TEST_CASE(Random, Version30)
{
    struct tally t;

    run_profile(2, &t);
    need_stage1(&t);
    need_both_models(&t);
    need_both(&t);
}

TEST_CASE(Random, MixedEndianNoRazWiNoStall)
{
    struct tally t;

    run_profile(3, &t);
    CHECK_EQ(t.raz + t.stalls, 0);
    CHECK(t.type[E_BAD_CD] > 30);
    need_both(&t);
}

TEST_CASE(Random, SmallTables)
{
    struct tally t;

    run_profile(4, &t);
    need_stage1(&t);
    need_both_models(&t);
    need_both(&t);
}

TEST_CASE(Random, NoHypNoOverridesStallForced)
{
    struct tally t;

    run_profile(5, &t);
    need_stage1(&t);
    need_both(&t);
    CHECK_EQ(t.raz, 0);
    CHECK(t.stalls > 1000);
}

TEST_CASE(Random, Stage1Only)
{
    struct tally t;

    run_profile(6, &t);
    need_stage1(&t);
    need_both_models(&t);
    CHECK_EQ(t.class[1][0] + t.class[1][1] + t.class[1][2], 0);
}

TEST_CASE(Random, Stage2Only)
{
    struct tally t;

    run_profile(7, &t);
    CHECK_EQ(t.class[1][0] + t.class[1][1], 0);
    CHECK(t.class[1][2] > 100);
}

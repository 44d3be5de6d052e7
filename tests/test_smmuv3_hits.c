/* SPDX-License-Identifier: MIT */
/*
 * A hit differs from a miss in time only, and a debug access has no side
 * effect: the same random worlds with usual caches, with the smallest ones
 * and with none at all.
 */
#include <stdio.h>
#include <string.h>

#include "shim.h"
#include "smmu_cases.h"

#define WORLDS   300
#define ACCESSES 40

enum { USUAL, TINY, NONE, KINDS };

static void open_kind(struct scene *sc, unsigned profile, unsigned kind)
{
    struct smmuv3_config c;

    case_config(&c, profile);
    if (kind == TINY)
        case_tiny_caches(&c);
    if (kind == NONE)
        case_no_caches(&c);
    scene_open_with(sc, &c);
}

/* What is defined of an answer, in one comparable lump. */
struct answer {
    uint64_t pa, ev[4];
    uint32_t status, event, events, log2, perms, mem_type, sh, priv, inst;
};

static struct answer answer_of(const struct scene *sc)
{
    const struct smmuv3_result *r = &sc->r;
    struct answer a;

    memset(&a, 0, sizeof(a));
    a.status = r->status;
    a.event = r->event;
    a.events = sc->events;
    memcpy(a.ev, sc->ev, sizeof(a.ev));
    if (r->status != IOVP_RESULT_OK)
        return a;
    a.pa = r->pa;
    a.log2 = r->log2;
    a.perms = r->perms;
    a.mem_type = r->mem_type;
    a.sh = r->shareability;
    a.priv = r->privileged;
    a.inst = r->instruction;
    return a;
}

/* Ask all scenes, the ones with caches twice.  True if all agree. */
static bool all_agree(struct scene sc[KINDS], struct acc a, unsigned *hits)
{
    struct answer want, got;
    unsigned kind, again;
    bool same = true;

    scene_do(&sc[NONE], a);
    scene_unstall(&sc[NONE]);
    want = answer_of(&sc[NONE]);
    for (kind = USUAL; kind < NONE; kind++) {
        for (again = 0; again < 2; again++) {
            scene_do(&sc[kind], a);
            scene_unstall(&sc[kind]);
            got = answer_of(&sc[kind]);
            same = same && memcmp(&want, &got, sizeof(want)) == 0;
            *hits += iovp_walk_outcome(sc[kind].r.walk.caches,
                                       IOVP_CACHE_TLB) == IOVP_CACHE_HIT;
        }
    }
    return same;
}

static void run_profile(unsigned profile)
{
    struct scene sc[KINDS];
    unsigned kind, i, k, hits = 0, bad = 0;

    for (kind = 0; kind < KINDS; kind++)
        open_kind(&sc[kind], profile, kind);
    for (i = 0; i < WORLDS && bad < 3; i++) {
        uint64_t seed = 0x10000 + profile * 1000 + i;
        struct world w[KINDS];

        for (kind = 0; kind < KINDS; kind++)
            world_make(&w[kind], &sc[kind], seed);
        for (k = 0; k < ACCESSES; k++) {
            struct acc a = world_access(&w[0]);

            if (all_agree(sc, a, &hits))
                continue;
            bad++;
            REPORT("seed %#llx sid %u ssid %d va %#llx: answers differ",
                   (unsigned long long)seed, a.sid, a.ssid,
                   (unsigned long long)a.va);
        }
    }
    CHECK(hits > 1000);
    for (kind = 0; kind < KINDS; kind++)
        scene_close(&sc[kind]);
}

TEST_CASE(HitEqualsMiss, BothStages)
{
    run_profile(0);
}

TEST_CASE(HitEqualsMiss, FiftyTwoBits)
{
    run_profile(1);
}

TEST_CASE(HitEqualsMiss, NoHypNoOverrides)
{
    run_profile(5);
}

TEST_CASE(HitEqualsMiss, Stage2Only)
{
    run_profile(7);
}

/* Tables change and everything is invalidated: no cache remembers. */
TEST_CASE(HitEqualsMiss, AcrossWorldsWithoutNewCore)
{
    struct scene sc;
    struct world w;
    struct ref r;
    unsigned i, k, bad = 0;

    open_kind(&sc, 0, USUAL);
    for (i = 0; i < 200 && !bad; i++) {
        /* The same few places again and again, mapped anew each time. */
        world_make(&w, &sc, 0x777000 + i);
        memset(w.place, 0, sizeof(w.place));
        case_ref(&r, &sc);
        for (k = 0; k < 20; k++)
            bad += !case_check(&sc, &r, world_access(&w), "new world");
    }
    scene_close(&sc);
}

/* ---- debug accesses ---------------------------------------------------- */

/* Everything that an access could change. */
struct trace {
    struct smmuv3_stats stats;
    struct iovp_cache_stats cache[IOVP_CACHES];
    uint32_t prod, gerror;
    uint64_t writes;
    unsigned irq, msi, traces;
};

static void snapshot(struct scene *sc, struct trace *t)
{
    unsigned i;

    memset(t, 0, sizeof(*t));
    smmuv3_get_stats(sc->b.s, &t->stats);
    for (i = 0; i < IOVP_CACHES; i++)
        t->cache[i] = *smmuv3_cache_stats(sc->b.s, (enum iovp_cache_id)i);
    t->prod = bench_r32(&sc->b, 0x100a8);
    t->gerror = bench_r32(&sc->b, 0x60);
    t->writes = sc->b.writes;
    for (i = 0; i < IOVP_IRQ_LINES; i++)
        t->irq += sc->b.irq[i];
    t->msi = sc->b.msi_count;
    t->traces = sc->b.traces;
}

static void not_debug(struct bench *b, uint64_t addr, uint32_t len)
{
    unsigned *n = b->user;

    (void)addr;
    (void)len;
    *n += !b->last_read.debug;
}

/* A debug access: nothing changes, every read of memory is marked. */
static struct answer quiet(struct scene *sc, struct acc a)
{
    struct trace before, after;
    unsigned unmarked = 0;

    snapshot(sc, &before);
    sc->b.user = &unmarked;
    sc->b.on_read = not_debug;
    scene_debug(sc, a);
    sc->b.on_read = NULL;
    snapshot(sc, &after);
    CHECK_MEM(&before, &after, sizeof(before));
    CHECK_EQ(unmarked, 0);
    CHECK_EQ(sc->r.walk.count, 0);
    CHECK_EQ(smmuv3_stalls(sc->b.s), 0);
    sc->events = 0;
    memset(sc->ev, 0, sizeof(sc->ev));
    return answer_of(sc);
}

TEST_CASE(Debug, NoSideEffectAndTheSameAnswer)
{
    struct scene sc;
    unsigned i, k, bad = 0;

    open_kind(&sc, 0, USUAL);
    for (i = 0; i < 100 && bad < 3; i++) {
        struct world w;

        world_make(&w, &sc, 0x222000 + i);
        for (k = 0; k < 30; k++) {
            struct acc a = world_access(&w);
            struct answer first = quiet(&sc, a), normal, second;

            scene_do(&sc, a);
            scene_unstall(&sc);
            normal = answer_of(&sc);
            /* What would be held is no answer to a debug access. */
            if (normal.status == IOVP_RESULT_STALL)
                normal.status = IOVP_RESULT_ABORT;
            normal.events = 0;
            memset(normal.ev, 0, sizeof(normal.ev));
            second = quiet(&sc, a);
            if (memcmp(&first, &normal, sizeof(first)) == 0 &&
                memcmp(&second, &normal, sizeof(second)) == 0)
                continue;
            bad++;
            REPORT("world %u va %#llx: debug differs", i,
                   (unsigned long long)a.va);
        }
    }
    scene_close(&sc);
}

/*
 * Replacement state is a side effect too: with caches of two entries, debug
 * accesses in between do not change what hits.
 */
TEST_CASE(Debug, ReplacementIsNotDisturbed)
{
    struct scene with, without;
    struct world a, b;
    unsigned i, k;

    open_kind(&with, 0, TINY);
    open_kind(&without, 0, TINY);
    for (i = 0; i < 60; i++) {
        world_make(&a, &with, 0x333000 + i);
        world_make(&b, &without, 0x333000 + i);
        for (k = 0; k < 30; k++) {
            struct acc x = world_access(&a);

            scene_debug(&with, world_access(&a));
            world_access(&b);
            world_access(&b);
            scene_do(&with, x);
            scene_do(&without, x);
            CHECK_EQ(with.r.walk.caches, without.r.walk.caches);
        }
    }
    scene_close(&with);
    scene_close(&without);
}

/* access == 0: the address without a permission check. */
TEST_CASE(Debug, NoPermissionAsked)
{
    struct scene sc;
    struct stream st;
    struct acc a = acc(5, 0x1000, "");

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, 0x1000, 3,
             SOMEWHERE | D_PAGE | D_AF | D_NG | D_PXN | D_UXN);
    stream_write(&sc, &st);
    scene_debug(&sc, a);
    CHECK_EQ(sc.r.status, IOVP_RESULT_OK);
    CHECK_EQ(sc.r.pa, SOMEWHERE);
    scene_debug(&sc, acc(5, 0x1000, "r"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_ABORT);
    CHECK_EQ(sc.r.event, E_PERMISSION);
    scene_close(&sc);
}

/* Where a table changed without invalidation, debug sees what DMA sees. */
TEST_CASE(Debug, SeesStaleEntriesAsAnAccessDoes)
{
    struct scene sc;
    struct stream st;
    uint64_t table;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, 0x1000, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s1, 0x2000, 3, (SOMEWHERE + 0x1000) | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(5, 0x1000, "r"), SOMEWHERE);
    /* Another level 3 table: the walk cache still names the first. */
    table = scene_alloc(&sc, 4096, 12);
    bench_put64(&sc.b, table + 16, 0x77777000 | D_PAGE | D_S1_RW);
    bench_put64(&sc.b, tree_slot(&sc, &st.s1, 0x1000, 2), table | D_TABLE);
    scene_debug(&sc, acc(5, 0x2000, "r"));
    CHECK_EQ(sc.r.status, IOVP_RESULT_OK);
    CHECK_EQ(sc.r.pa, SOMEWHERE + 0x1000);
    EXPECT_OK(&sc, acc(5, 0x2000, "r"), SOMEWHERE + 0x1000);
    scene_invalidate(&sc);
    scene_debug(&sc, acc(5, 0x2000, "r"));
    CHECK_EQ(sc.r.pa, 0x77777000);
    scene_close(&sc);
}

/* SPDX-License-Identifier: MIT */
/*
 * Mappings against the second opinion (ref_smmu.h) on random and hostile
 * tables, which often lead back to themselves: whatever address is tried in a
 * range that was walked, the mapping that holds it, or that there is none,
 * must be what the opinion says of every kind of access to it.
 */
#include <stdio.h>
#include <string.h>

#include "mapping_list.h"
#include "shim.h"
#include "smmu_cases.h"

#define WORLDS 150
#define RANGES 4
#define PROBES 40

struct tally {
    unsigned mapped, unmapped, split, cut, rights[64];
};

static struct mapping_list list;

/* What the opinion allows at an address; *out is of the last that is OK. */
static unsigned allowed(const struct ref *r, struct acc a, uint64_t va,
                        struct ref_result *out)
{
    unsigned rights = 0, k;

    a.va = va;
    for (k = 0; k < 6; k++) {
        struct ref_result one;

        a.priv = k >= 3;
        a.write = k % 3 == 1;
        a.read = !a.write;
        a.inst = k % 3 == 2;
        ref_translate(r, &a, &one);
        if (one.status != REF_OK)
            continue;
        rights |= 1u << k;
        *out = one;
    }
    return rights;
}

static bool probe(const struct ref *r, const struct acc *a, uint64_t va,
                  struct tally *t)
{
    const struct iovp_mapping *m = list_find(&list, va);
    struct ref_result want;
    unsigned rights;

    memset(&want, 0, sizeof(want));
    rights = allowed(r, *a, va, &want);
    if (m) {
        t->mapped++;
        t->rights[m->rights & 63]++;
    } else {
        t->unmapped++;
    }
    if (m ? m->rights == rights && m->pa + (va - m->first) == want.pa &&
                m->mem_type == want.mem_type && m->shareability == want.sh &&
                m->space == IOVP_SPACE_NONSECURE
          : !rights)
        return true;
    REPORT("sid %u ssid %d va %#llx: model rights %#x pa %#llx type %#x sh %u,"
           " spec rights %#x pa %#llx type %#x sh %u",
           a->sid, a->ssid, (unsigned long long)va, m ? m->rights : 0,
           m ? (unsigned long long)(m->pa + (va - m->first)) : 0,
           m ? m->mem_type : 0, m ? m->shareability : 0, rights,
           (unsigned long long)want.pa, want.mem_type, want.sh);
    return false;
}

/* Somewhere in first..last, rather at the edge of a mapping. */
static uint64_t somewhere(struct world *w, uint64_t first, uint64_t last)
{
    uint64_t va =
        first + rnd64(&w->rnd) % (last - first + 1 ? last - first + 1 : 1);
    const struct iovp_mapping *m;

    if (list.count && rnd_chance(&w->rnd, 70)) {
        m = &list.m[rnd_below(&w->rnd, list.count)];
        switch (rnd_below(&w->rnd, 5)) {
        case 0:
            va = m->first;
            break;
        case 1:
            va = m->last;
            break;
        case 2:
            va = m->first - 1;
            break;
        case 3:
            va = m->last + 1;
            break;
        default:
            va = m->first + rnd64(&w->rnd) % (m->last - m->first + 1);
            break;
        }
    }
    return va >= first && va <= last ? va : first;
}

static unsigned run_range(struct world *w, const struct ref *r, struct tally *t)
{
    struct acc a = world_access(w);
    struct iovp_attrs attrs = acc_attrs(&a);
    /* With TBI, mappings tell of the addresses without tags only. */
    uint64_t tag = 0xffull << 56;
    uint64_t half = (1ull << (12 + rnd_below(&w->rnd, 37))) / 2;
    uint64_t first = a.va & ~0xfffull, last = a.va | 0xfff, next;
    unsigned i, bad = 0;

    first = first >> 55 & 1 ? first | tag : first & ~tag;
    last = last >> 55 & 1 ? last | tag : last & ~tag;
    first = first > half ? first - half : 0;
    last = last + half > last ? last + half : UINT64_MAX;
    list.count = 0;
    list.stop_at = rnd_chance(&w->rnd, 20) ? 1 + rnd_below(&w->rnd, 9) : 2000;
    if (!list_range(&list, w->sc, &attrs, first, last,
                    1 + rnd_below(&w->rnd, 4000), &next)) {
        CHECK(next > first && next <= last);
        last = next - 1;
        t->cut++;
    }
    if (list_wrong(&list)) {
        REPORT("%s", list_wrong(&list));
        return 1;
    }
    for (i = 0; i < list.count; i++)
        bad += list.m[i].first < first || list.m[i].last > last;
    t->split += list.count > 1;
    for (i = 0; i < PROBES && !bad; i++)
        bad += !probe(r, &a, somewhere(w, first, last), t);
    return bad;
}

static void run_profile(unsigned profile, struct tally *t)
{
    struct smmuv3_config c;
    struct scene sc;
    unsigned i, k, bad = 0;

    memset(t, 0, sizeof(*t));
    case_config(&c, profile);
    scene_open_with(&sc, &c);
    for (i = 0; i < WORLDS && bad < 5; i++) {
        struct world w;
        struct ref r;

        scene_cr2(&sc, 2 | (i & 1));
        world_make(&w, &sc, profile * 7000ull + i);
        case_ref(&r, &sc);
        for (k = 0; k < RANGES; k++)
            bad += run_range(&w, &r, t);
    }
    scene_close(&sc);
    CHECK(t->mapped > 1000);
    CHECK(t->unmapped > 1000);
    CHECK(t->split > 50);
    CHECK(t->cut > 50);
}

static unsigned kinds(const struct tally *t)
{
    unsigned i, n = 0;

    for (i = 0; i < 64; i++)
        n += t->rights[i] != 0;
    return n;
}

TEST_CASE(MappingsRandom, Default)
{
    struct tally t;

    run_profile(0, &t);
    CHECK(kinds(&t) > 12);
}

TEST_CASE(MappingsRandom, FiftyTwoBits)
{
    struct tally t;

    run_profile(1, &t);
}

TEST_CASE(MappingsRandom, Version30)
{
    struct tally t;

    run_profile(2, &t);
}

TEST_CASE(MappingsRandom, MixedEndian)
{
    struct tally t;

    run_profile(3, &t);
}

TEST_CASE(MappingsRandom, SmallTables)
{
    struct tally t;

    run_profile(4, &t);
}

TEST_CASE(MappingsRandom, NoHypNoOverrides)
{
    struct tally t;

    run_profile(5, &t);
}

TEST_CASE(MappingsRandom, Stage1Only)
{
    struct tally t;

    run_profile(6, &t);
}

TEST_CASE(MappingsRandom, Stage2Only)
{
    struct tally t;

    run_profile(7, &t);
}

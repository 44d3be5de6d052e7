/* SPDX-License-Identifier: MIT */
/*
 * An SMMU's configuration: a named profile, then what single properties
 * change.  Whether the result is legal is the model's own rule.
 */
#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "dt_tree.h"

#define PREFIX      "iovp,"
#define IDR0_COHACC 4u /* 6.3.1 */
#define IDR_CELLS   6u

static const char *const cache_name[IOVP_CACHES] = {
    [IOVP_CACHE_CONFIG] = "config",
    [IOVP_CACHE_TLB] = "tlb",
    [IOVP_CACHE_WALK] = "walk",
    [IOVP_CACHE_STAGE2] = "stage2",
};

static const char *const policy_name[IOVP_POLICIES] = {
    [IOVP_POLICY_LRU] = "lru",
    [IOVP_POLICY_PLRU] = "plru",
    [IOVP_POLICY_RR] = "round-robin",
    [IOVP_POLICY_RANDOM] = "random",
};

enum cache_field {
    CACHE_ENTRIES,
    CACHE_WAYS,
    CACHE_POLICY,
    CACHE_SEED,
    CACHE_FIELDS,
};

static const char *const field_name[CACHE_FIELDS] = {"entries", "ways",
                                                     "policy", "seed"};

#define TIMING(property, member, min, max)                                \
    {                                                                     \
        PREFIX property, offsetof(struct smmuv3_timing, member), min, max \
    }

/* The ranges are those that smmuv3_config_check has. */
static const struct timing {
    const char *property;
    size_t offset;
    uint32_t min, max;
} timing[] = {
    TIMING("clock-ps", clock_ps, 100, 1000000),
    TIMING("lookup-cycles", lookup_cycles, 0, 1000),
    TIMING("lookup-ports", lookup_ports, 1, 64),
    TIMING("config-cycles", config_cycles, 0, 1000),
    TIMING("walk-cycles", walk_cycles, 0, 1000),
    TIMING("link-cycles", link_cycles, 0, 1000),
    TIMING("walkers", walkers, 1, 64),
    TIMING("memory-ps", memory_ps, 0, 100000000),
    TIMING("memory-ports", memory_ports, 1, 64),
    TIMING("command-cycles", command_cycles, 0, 100000),
    TIMING("ack-cycles", ack_cycles, 0, 1000000000),
};

#define TIMINGS (sizeof(timing) / sizeof(timing[0]))

/* "iovp,tlb-ways" and its like. */
#define PROPERTY_MAX 32

static const char *cache_property(char *buf, unsigned cache, unsigned field)
{
    snprintf(buf, PROPERTY_MAX, PREFIX "%s-%s", cache_name[cache],
             field_name[field]);
    return buf;
}

bool dt_smmuv3_knows(const char *property)
{
    char buf[PROPERTY_MAX];

    if (!strcmp(property, PREFIX "profile") || !strcmp(property, PREFIX "idr"))
        return true;
    for (unsigned i = 0; i < TIMINGS; i++) {
        if (!strcmp(property, timing[i].property))
            return true;
    }
    for (unsigned i = 0; i < IOVP_CACHES * CACHE_FIELDS; i++) {
        if (!strcmp(property,
                    cache_property(buf, i / CACHE_FIELDS, i % CACHE_FIELDS)))
            return true;
    }
    return false;
}

/* ---- the profile ----------------------------------------------------- */

static iovp_status unknown_profile(const struct dt *t, uint32_t node)
{
    char list[128] = "";
    size_t at = 0;

    for (int i = 0; i < SMMUV3_PROFILES; i++) {
        int n = snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
                         smmuv3_profile_name((enum smmuv3_profile)i));

        if (n < 0 || (size_t)n >= sizeof(list) - at)
            break;
        at += (size_t)n;
    }
    return dt_fail(t, node, PREFIX "profile", "no such profile; there are: %s",
                   list);
}

static iovp_status read_profile(const struct dt *t, uint32_t node,
                                struct smmuv3_config *c, const char **profile)
{
    const char *name = NULL;
    iovp_status st = dt_get_string(t, node, PREFIX "profile", &name);

    if (st != IOVP_OK)
        return st;
    for (int i = 0; i < SMMUV3_PROFILES; i++) {
        const char *known = smmuv3_profile_name((enum smmuv3_profile)i);

        if (name && strcmp(name, known) != 0)
            continue;
        *profile = known;
        smmuv3_config_default(c, (enum smmuv3_profile)i);
        return IOVP_OK;
    }
    return unknown_profile(t, node);
}

/* ---- ID registers ---------------------------------------------------- */

static iovp_status read_idr(const struct dt *t, uint32_t node,
                            struct smmuv3_config *c)
{
    struct dt_prop p;
    bool coherent;
    iovp_status st = dt_get_coherent(t, node, &coherent);

    if (st != IOVP_OK)
        return st;
    if (!dt_get(t, node, PREFIX "idr", &p)) {
        c->idr0 = (uint32_t)iovp_set_bits(c->idr0, IDR0_COHACC, IDR0_COHACC,
                                          coherent);
        return IOVP_OK;
    }
    if (p.len != 4 * IDR_CELLS)
        return dt_fail(t, node, PREFIX "idr",
                       "needs 6 cells, <idr0 idr1 idr3 idr5 iidr aidr>, not "
                       "%u bytes",
                       p.len);
    c->idr0 = dt_cell(&p, 0);
    c->idr1 = dt_cell(&p, 1);
    c->idr3 = dt_cell(&p, 2);
    c->idr5 = dt_cell(&p, 3);
    c->iidr = dt_cell(&p, 4);
    c->aidr = dt_cell(&p, 5);
    if (iovp_bit(c->idr0, IDR0_COHACC) != coherent)
        return dt_fail(t, node, PREFIX "idr",
                       "IDR0.COHACC is %u but dma-coherent is %s", !coherent,
                       coherent ? "present" : "absent");
    return IOVP_OK;
}

/* ---- geometry -------------------------------------------------------- */

static iovp_status read_policy(const struct dt *t, uint32_t node,
                               const char *property, uint32_t *policy)
{
    const char *name = NULL;
    iovp_status st = dt_get_string(t, node, property, &name);

    if (st != IOVP_OK || !name)
        return st;
    for (uint32_t i = 0; i < IOVP_POLICIES; i++) {
        if (!strcmp(name, policy_name[i])) {
            *policy = i;
            return IOVP_OK;
        }
    }
    return dt_fail(t, node, property,
                   "must be lru, plru, round-robin or random");
}

static iovp_status read_cache(const struct dt *t, uint32_t node, unsigned id,
                              struct iovp_cache_config *c)
{
    char name[PROPERTY_MAX], ways[PROPERTY_MAX];
    bool given;
    iovp_status st;

    st = dt_get_u32(t, node, cache_property(name, id, CACHE_ENTRIES),
                    &c->entries);
    cache_property(ways, id, CACHE_WAYS);
    given = dt_has(t, node, ways);
    if (st == IOVP_OK)
        st = dt_get_u32(t, node, ways, &c->ways);
    if (st == IOVP_OK)
        st = read_policy(t, node, cache_property(name, id, CACHE_POLICY),
                         &c->policy);
    if (st == IOVP_OK)
        st =
            dt_get_u32(t, node, cache_property(name, id, CACHE_SEED), &c->seed);
    if (st != IOVP_OK)
        return st;
    /* The profile's ways need not suit the tree's entries. */
    if (!given && c->entries && c->ways > c->entries)
        c->ways = c->entries;
    if (iovp_cache_config_valid(c))
        return IOVP_OK;
    return dt_fail(t, node,
                   given ? ways : cache_property(name, id, CACHE_ENTRIES),
                   "%u entries in %u ways: both must be powers of two, at most "
                   "2^20 and 64, and the ways not more than the entries",
                   c->entries, c->ways);
}

/* ---- timing ---------------------------------------------------------- */

static iovp_status read_timing(const struct dt *t, uint32_t node,
                               struct smmuv3_timing *out)
{
    for (unsigned i = 0; i < TIMINGS; i++) {
        const struct timing *m = &timing[i];
        uint32_t value = m->min;
        iovp_status st;

        if (!dt_has(t, node, m->property))
            continue;
        st = dt_get_u32(t, node, m->property, &value);
        if (st != IOVP_OK)
            return st;
        if (value < m->min || value > m->max)
            return dt_fail(t, node, m->property, "%u is not in %u..%u", value,
                           m->min, m->max);
        memcpy((char *)out + m->offset, &value, sizeof(value));
    }
    return IOVP_OK;
}

iovp_status dt_smmuv3_config(const struct dt *t, uint32_t node,
                             struct smmuv3_config *c, const char **profile)
{
    const char *wrong;
    iovp_status st = read_profile(t, node, c, profile);

    if (st == IOVP_OK)
        st = read_idr(t, node, c);
    for (unsigned i = 0; st == IOVP_OK && i < IOVP_CACHES; i++)
        st = read_cache(t, node, i, &c->cache[i]);
    if (st == IOVP_OK)
        st = read_timing(t, node, &c->timing);
    if (st != IOVP_OK)
        return st;
    wrong = smmuv3_config_check(c);
    if (wrong)
        return dt_fail(t, node,
                       dt_has(t, node, PREFIX "idr") ? PREFIX "idr"
                                                     : PREFIX "profile",
                       "%s", wrong);
    return IOVP_OK;
}

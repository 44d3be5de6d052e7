/* SPDX-License-Identifier: MIT */
/*
 * Random worlds: streams, context descriptors, translation tables good and
 * hostile, and accesses to them; the same from the same seed.  Answers are
 * compared with ref_smmu.h's.
 */
#ifndef IOVP_SMMU_CASES_H
#define IOVP_SMMU_CASES_H

#include "ref_smmu.h"
#include "smmu_scene.h"

/* Sets of ID registers and cache sizes to run the cases with. */
#define CASE_PROFILES 8
void case_config(struct smmuv3_config *c, unsigned profile);
/* The same without any cache, or with the smallest that can be. */
void case_no_caches(struct smmuv3_config *c);
void case_tiny_caches(struct smmuv3_config *c);

#define WORLD_STREAMS 4
#define WORLD_PLACES  12

/* What a stream's accesses should look like to get anywhere. */
struct world_stream {
    unsigned config;
    unsigned cdmax, dss;
    unsigned bits[2]; /* input bits of TTB0 and TTB1, or of stage 2 */
};

struct world {
    struct scene *sc;
    struct rnd rnd;
    unsigned streams;
    unsigned asid; /* the last that was given away */
    bool shared;   /* several address spaces: nothing may be global */
    struct world_stream stream[WORLD_STREAMS];
    uint64_t place[WORLD_PLACES]; /* addresses, cut to a stream's range */
    struct tree s2; /* the tree that nested streams of this world use */
};

/* Make a world in the scene's memory and invalidate everything. */
void world_make(struct world *w, struct scene *sc, uint64_t seed);
struct acc world_access(struct world *w);

/* The second opinion on the scene's registers and memory. */
void case_ref(struct ref *r, struct scene *sc);

/*
 * What the scene's last access answered, against the opinion.  NULL if they
 * agree, else what differs.
 */
const char *case_differs(const struct scene *sc, const struct ref_result *want);
/* Ask both and compare.  False, and reported, if they disagree. */
bool case_check(struct scene *sc, const struct ref *r, struct acc a,
                const char *what);

#endif

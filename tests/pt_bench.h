/* SPDX-License-Identifier: MIT */
/* A table builder with memory of its own, and the independent walker. */
#ifndef PT_BENCH_H
#define PT_BENCH_H

#include "../models/common/pt_arm_build.h"
#include "ref_smmu.h"

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

#define UNIT        0x1000u
#define UNITS       8192u
#define ARENA       0x40000000ull
#define ARENA_BYTES ((size_t)UNITS * UNIT)

struct arena {
    uint64_t word[UNITS * (UNIT / 8)];
    uint8_t used[UNITS];
    unsigned top;      /* units that were ever used */
    unsigned live;     /* allocations of either kind that are not freed */
    unsigned writes;   /* of descriptors */
    unsigned allowed;  /* allocations of either kind before one fails */
    unsigned attempts; /* to allocate */
};

struct arena *arena_new(void);
/* Memory for nodes. */
void *arena_host_alloc(void *ud, uint64_t bytes);
void arena_host_free(void *ud, void *block);
extern const struct pt_arm_build_ops arena_ops;

struct shape {
    unsigned stage, granule, input, output;
    int start;           /* the level that the architecture says */
    unsigned root_bytes; /* 8 times what remains for the first level */
};

#define SHAPES 28
extern const struct shape shapes[SHAPES];

struct bench {
    struct arena *a;
    struct pt_arm_build b;
    struct ref r;
    struct ref_run run;
    struct ref_stage s;
    uint64_t attrs;
};

/* False after a recorded failure. */
bool bench_open(struct bench *t, const struct shape *k);
/* Everything is given back. */
void bench_close(struct bench *t);

bool bench_look(struct bench *t, uint64_t va, struct ref_leaf *leaf);
void bench_expect(struct bench *t, uint64_t va, uint64_t pa);
void bench_expect_none(struct bench *t, uint64_t va);

#endif

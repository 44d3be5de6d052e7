/* SPDX-License-Identifier: MIT */
/*
 * A bench with streams on it: tables are made on demand, an access is one
 * call, and what it answers is compared with one macro.
 *
 *     struct scene sc;
 *     struct stream st;
 *
 *     scene_open(&sc);
 *     stream_s1(&sc, &st, 5, 12, 48);
 *     tree_set(&sc, &st.s1, 0x1000, 3, 0x90000000 | D_PAGE | D_S1_RW);
 *     stream_write(&sc, &st);
 *     EXPECT_OK(&sc, acc(5, 0x1234, "r"), 0x90000234);
 *     scene_close(&sc);
 */
#ifndef IOVP_SMMU_SCENE_H
#define IOVP_SMMU_SCENE_H

#include "smmu_fixture.h"
#include "smmu_tables.h"

struct scene {
    struct bench b;
    uint64_t next; /* free memory */
    struct smmuv3_result r;
    unsigned events; /* that the last access caused */
    uint64_t ev[4];  /* the first of them */
};

/* Translation tables of one stage. */
struct tree {
    unsigned granule; /* 12, 14, 16 */
    unsigned bits;    /* of the input address */
    int start;        /* level */
    uint64_t root;    /* in memory */
    uint64_t bias;    /* added to a table's address in descriptors and TTB */
    bool big_endian;
};

struct stream {
    uint32_t sid;
    uint64_t ste[8];
    uint64_t cd[8];
    uint64_t cd_at;
    struct tree s1, s2;
};

/* IPA = PA + NEST_BIAS for what stream_nested's stage 2 maps. */
#define NEST_BIAS 0x40000000ull
/* Where tests let leaves point to: nobody reads there. */
#define SOMEWHERE 0x2340000000ull

/* Not RAM: whoever reads there gets an abort. */
#define NOWHERE 0x10000000ull

/* ---- life -------------------------------------------------------------- */

void scene_open(struct scene *sc);
void scene_open_with(struct scene *sc, const struct smmuv3_config *c);
void scene_close(struct scene *sc);
/* Zeroed memory, aligned to 2^log2. */
uint64_t scene_alloc(struct scene *sc, uint64_t bytes, unsigned log2);
/* CFGI_ALL and every TLBI. */
void scene_invalidate(struct scene *sc);
/* SMMUEN to 0, the registers changed by fn, SMMUEN to 1. */
void scene_strtab(struct scene *sc, uint64_t base, uint32_t cfg);
void scene_cr2(struct scene *sc, uint32_t cr2);

/* ---- tables ------------------------------------------------------------ */

void tree_init(struct scene *sc, struct tree *t, unsigned granule,
               unsigned bits, int start);
/* The memory address of the descriptor for `va` at `level`, with tables above.
 */
uint64_t tree_slot(struct scene *sc, const struct tree *t, uint64_t va,
                   int level);
void tree_set(struct scene *sc, const struct tree *t, uint64_t va, int level,
              uint64_t desc);
/* The initial level of stage 1 for a granule and a number of input bits. */
int tree_s1_start(unsigned granule, unsigned bits);

/* ---- streams ----------------------------------------------------------- */

/* STE and CD with safe values; stream_write puts them into memory. */
void stream_bypass(struct stream *st, uint32_t sid);
void stream_s1(struct scene *sc, struct stream *st, uint32_t sid,
               unsigned granule, unsigned bits);
void stream_s2(struct scene *sc, struct stream *st, uint32_t sid,
               unsigned granule, unsigned bits, int start);
/* Both, 48 bits each; RAM is mapped at IPA = PA + NEST_BIAS by blocks. */
void stream_nested(struct scene *sc, struct stream *st, uint32_t sid,
                   unsigned granule1, unsigned granule2);
/* Write STE (linear table) and CD, and invalidate everything. */
void stream_write(struct scene *sc, struct stream *st);
/* A CD's usual contents for stage 1 tables `t` through TTB0. */
void cd_init(uint64_t cd[8], const struct tree *t, unsigned asid);
void cd_ttb1(uint64_t cd[8], const struct tree *t);

/* ---- accesses ---------------------------------------------------------- */

void scene_do(struct scene *sc, struct acc a);
void scene_debug(struct scene *sc, struct acc a);
/* If the last access was stalled, it ends; its record loses the STAG. */
void scene_unstall(struct scene *sc);
struct iovp_attrs acc_attrs(const struct acc *a);

/* A failure with a message; the test goes on, and so cleans up. */
#define REPORT(...) shim_fail(__FILE__, __LINE__, __VA_ARGS__)

#define EXPECT_OK(sc, a, want_pa)                 \
    do {                                          \
        scene_do((sc), (a));                      \
        CHECK_EQ((sc)->r.status, IOVP_RESULT_OK); \
        CHECK_EQ((sc)->r.pa, (want_pa));          \
        CHECK_EQ((sc)->events, 0);                \
        CHECK_EQ((sc)->r.event, 0);               \
    } while (0)

/* Aborted with exactly this one record. */
#define EXPECT_EVENT(sc, a, type, flags, addr)                     \
    do {                                                           \
        struct acc event_acc = (a);                                \
        uint64_t event_want[4];                                    \
                                                                   \
        tb_event(event_want, (type), &event_acc, (flags), (addr)); \
        scene_do((sc), event_acc);                                 \
        CHECK_EQ((sc)->r.status, IOVP_RESULT_ABORT);               \
        CHECK_EQ((sc)->r.event, (type));                           \
        CHECK_EQ((sc)->events, 1);                                 \
        CHECK_MEM((sc)->ev, event_want, 32);                       \
    } while (0)

/* Terminated without a record. */
#define EXPECT_SILENT(sc, a, want_status)        \
    do {                                         \
        scene_do((sc), (a));                     \
        CHECK_EQ((sc)->r.status, (want_status)); \
        CHECK_EQ((sc)->r.event, 0);              \
        CHECK_EQ((sc)->events, 0);               \
    } while (0)

#endif

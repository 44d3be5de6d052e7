/* SPDX-License-Identifier: MIT */
#include "pt_bench.h"

#include <stdlib.h>
#include <string.h>

#include "shim.h"

/* ---- memory for tables --------------------------------------------------- */

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof(*a));

    if (a)
        a->allowed = ~0u;
    return a;
}

static bool may_allocate(struct arena *a)
{
    if (a->attempts++ >= a->allowed)
        return false;
    a->live++;
    return true;
}

static uint64_t table_alloc(void *ud, uint64_t bytes)
{
    struct arena *a = ud;
    unsigned units = (unsigned)((bytes + UNIT - 1) / UNIT);

    CHECK_EQ(bytes & (bytes - 1), 0);
    if (!may_allocate(a))
        return 0;
    for (unsigned i = 0; i + units <= UNITS; i += units) {
        if (memchr(&a->used[i], 1, units))
            continue;
        memset(&a->used[i], 1, units);
        if (a->top < i + units)
            a->top = i + units;
        memset(&a->word[i * (UNIT / 8)], 0, units * UNIT);
        return ARENA + (uint64_t)i * UNIT;
    }
    shim_fail(__FILE__, __LINE__, "the arena is too small");
    a->live--;
    return 0;
}

static void table_free(void *ud, uint64_t addr, uint64_t bytes)
{
    struct arena *a = ud;
    unsigned i = (unsigned)((addr - ARENA) / UNIT);
    unsigned units = (unsigned)((bytes + UNIT - 1) / UNIT);

    REQUIRE(addr >= ARENA && i + units <= UNITS);
    CHECK(!memchr(&a->used[i], 0, units));
    memset(&a->used[i], 0, units);
    a->live--;
}

static void table_write(void *ud, uint64_t addr, uint64_t desc)
{
    struct arena *a = ud;
    uint64_t i = (addr - ARENA) / 8;

    REQUIRE(addr >= ARENA && addr % 8 == 0 && addr < ARENA + ARENA_BYTES);
    CHECK(a->used[i / (UNIT / 8)]);
    a->word[i] = desc;
    a->writes++;
}

static bool table_read(void *ud, uint64_t pa, unsigned bytes, uint64_t *words)
{
    struct arena *a = ud;

    if (bytes != 8 || pa < ARENA || pa >= ARENA + ARENA_BYTES ||
        !a->used[(pa - ARENA) / UNIT])
        return false;
    *words = a->word[(pa - ARENA) / 8];
    return true;
}

void *arena_host_alloc(void *ud, uint64_t bytes)
{
    return may_allocate(ud) ? malloc((size_t)bytes) : NULL;
}

void arena_host_free(void *ud, void *block)
{
    struct arena *a = ud;

    a->live--;
    free(block);
}

/* ---- builder and walker -------------------------------------------------- */

/* Arm ARM D8.2: what each level resolves, and up to 16 concatenated tables of
 * stage 2, from the last level that can be the first. */
const struct shape shapes[SHAPES] = {
    {1, 12, 48, 48, 0, 4096},    {1, 12, 39, 40, 1, 4096},
    {1, 12, 32, 48, 1, 32},      {1, 12, 30, 44, 2, 4096},
    {1, 12, 25, 44, 2, 128},     {1, 14, 48, 48, 0, 16},
    {1, 14, 47, 48, 1, 16384},   {1, 14, 36, 48, 2, 16384},
    {1, 14, 25, 48, 3, 16384},   {1, 16, 48, 48, 1, 512},
    {1, 16, 52, 52, 1, 8192},    {1, 16, 42, 52, 2, 65536},
    {1, 16, 44, 52, 1, 64},      {1, 16, 29, 48, 3, 65536},
    {2, 12, 48, 48, 0, 4096},    {2, 12, 44, 44, 0, 256},
    {2, 12, 43, 44, 1, 65536},   {2, 12, 40, 40, 1, 8192},
    {2, 12, 34, 40, 2, 65536},   {2, 12, 31, 40, 2, 8192},
    {2, 14, 48, 48, 1, 32768},   {2, 14, 40, 40, 2, 262144},
    {2, 14, 29, 40, 3, 262144},  {2, 16, 48, 48, 1, 512},
    {2, 16, 46, 48, 2, 1048576}, {2, 16, 33, 48, 3, 1048576},
    {2, 16, 52, 52, 1, 8192},    {2, 16, 32, 40, 3, 524288},
};

const struct pt_arm_build_ops arena_ops = {table_alloc, table_free,
                                           table_write};

bool bench_open(struct bench *t, const struct shape *k)
{
    memset(t, 0, sizeof(*t));
    t->a = arena_new();
    t->b.table.stage = (uint8_t)k->stage;
    t->b.table.granule_log2 = (uint8_t)k->granule;
    t->b.table.input_bits = (uint8_t)k->input;
    t->b.table.output_bits = (uint8_t)k->output;
    t->b.table.lpa = k->granule == 16 && k->output == 52;
    t->b.heap = (struct iovp_heap){arena_host_alloc, arena_host_free, t->a};
    t->b.ops = &arena_ops;
    t->b.opaque = t->a;
    CHECK(!pt_arm_build_rights(k->stage, false, 0x1b & (k->stage == 1 ? 9 : 63),
                               &t->attrs));
    if (!t->a || !pt_arm_build_geometry(&t->b.table) ||
        !pt_arm_build_create(&t->b)) {
        shim_fail(__FILE__, __LINE__, "no builder");
        free(t->a);
        return false;
    }
    t->r.idr5 = k->output == 52 ? 6 : 5;
    t->r.read = table_read;
    t->r.ud = t->a;
    t->run.r = &t->r;
    t->s = (struct ref_stage){.on = true,
                              .second = k->stage == 2,
                              .granule = k->granule,
                              .in_bits = k->input,
                              .out_bits = k->output,
                              .start = k->start,
                              .ttb = t->b.table.base};
    t->run.s2 = t->s;
    t->run.s2.on = k->stage == 2;
    return true;
}

void bench_close(struct bench *t)
{
    pt_arm_build_destroy(&t->b);
    CHECK_EQ(t->a->live, 0);
    CHECK(!memchr(t->a->used, 1, UNITS));
    free(t->a);
}

bool bench_look(struct bench *t, uint64_t va, struct ref_leaf *leaf)
{
    memset(&t->run.stop, 0, sizeof(t->run.stop));
    if (t->s.second)
        return ref_stage2(&t->run, va, 0, leaf);
    return ref_stage1(&t->run, &t->s, va, leaf);
}

void bench_expect(struct bench *t, uint64_t va, uint64_t pa)
{
    struct ref_leaf leaf;

    if (!bench_look(t, va, &leaf))
        FAIL_TEST("0x%llx is not mapped: event 0x%x", (unsigned long long)va,
                  t->run.stop.type);
    CHECK_EQ(leaf.out, pa);
}

void bench_expect_none(struct bench *t, uint64_t va)
{
    struct ref_leaf leaf;

    CHECK(!bench_look(t, va, &leaf));
    CHECK_EQ(t->run.stop.type, E_TRANSLATION);
}

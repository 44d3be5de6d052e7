/* SPDX-License-Identifier: MIT */
/* What an address space of a PASID costs: to make, to find and to drop. */
#include "cmd_bench.h"

#define PASID_BITS 20u
#define PASIDS     (1u << PASID_BITS)
#define CACHED     65536u

struct spaces {
    struct bench_soc soc;
    struct smmu_space space;
};

static int open_spaces(struct spaces *s)
{
    *s = (struct spaces){0};
    return bench_open_pasids(&s->soc, IOVP_MODE_FUNCTIONAL, 0, PASID_BITS) ||
                   bench_space(&s->soc, 1, &s->space)
               ? CMD_FAIL
               : CMD_OK;
}

static iovp_status use(struct spaces *s, uint32_t pasid)
{
    iovp_space *space;
    iovp_status st = iovp_space_get(&space, s->soc.device, pasid);

    if (st == IOVP_OK)
        iovp_space_put(space);
    return st;
}

/* A stream that is attached anew has no spaces. */
static int forget(struct spaces *s)
{
    if (smmu_attach(&s->soc.driver, &s->soc.stream, BENCH_SID, PASID_BITS,
                    SMMU_S1DSS_SSID0))
        return bench_fail(&s->soc, "attaching");
    return CMD_OK;
}

static iovp_status first_once(void *ud, uint64_t n)
{
    struct spaces *s = ud;

    if (n % CACHED == 0 && forget(s))
        return IOVP_E_INTERNAL;
    return use(s, (uint32_t)(n % CACHED * (PASIDS / CACHED)));
}

static iovp_status reuse_once(void *ud, uint64_t n)
{
    return use(ud, (uint32_t)(n * 0x9e3779b97f4a7c15ull >> 48));
}

/* The only PASID that has a Context Descriptor is 1. */
static iovp_status drop_once(void *ud, uint64_t n)
{
    struct spaces *s = ud;

    (void)n;
    if (smmu_bind(&s->soc.driver, &s->soc.stream, 1, &s->space))
        return IOVP_E_INTERNAL;
    return use(s, 1);
}

static int run(const struct bench *b, double *value,
               iovp_status (*once)(void *ud, uint64_t n), uint32_t cached)
{
    struct spaces s;

    if (open_spaces(&s))
        return CMD_FAIL;
    for (uint32_t i = 0; i < cached; i++)
        if (use(&s, i))
            return bench_fail(&s.soc, "address space");
    if (bench_rates(b, value, once, &s))
        return bench_fail(&s.soc, "address space");
    return CMD_OK;
}

int bench_space_first(const struct bench *b, double *value)
{
    return run(b, value, first_once, 0);
}

int bench_space_reuse(const struct bench *b, double *value)
{
    return run(b, value, reuse_once, CACHED);
}

int bench_space_drop(const struct bench *b, double *value)
{
    return run(b, value, drop_once, 0);
}

int bench_space_memory(const struct bench *b, double *value)
{
    struct spaces s;
    double before;

    if (open_spaces(&s))
        return CMD_FAIL;
    before = bench_resident();
    for (uint32_t i = 0; i < PASIDS; i++)
        if (use(&s, i))
            return bench_fail(&s.soc, "address space");
    for (unsigned r = 0; r < b->runs; r++)
        value[r] = (bench_resident() - before) / 1e6;
    return CMD_OK;
}

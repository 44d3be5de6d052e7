/* SPDX-License-Identifier: MIT */
/* Donated memory: iovp_memory_donate, and the pages that are taken from it. */
#include "../capi/pool.h"
#include "ctx_soc.h"
#include "shim.h"

#define PAGE CX_PAGE

/* The test looks inside: the platform behind the handle. */
static struct platform *inside(struct cx *x)
{
    struct platform *p = NULL;

    CHECK_EQ(handle_enter(x->p, ENTER_NORMAL, &p), IOVP_OK);
    return p;
}

static uint64_t used(struct cx *x)
{
    uint64_t donated, u;

    pool_usage(inside(x), &donated, &u);
    return u;
}

TEST_CASE(Pool, DonateChecks)
{
    struct cx x;
    uint64_t donated, u;

    REQUIRE(cx_platform(&x, IOVP_MODE_FUNCTIONAL));
    CX_FAILS(IOVP_E_INVALID, iovp_memory_donate(x.p, CX_RAM, 0));
    CX_FAILS(IOVP_E_INVALID, iovp_memory_donate(x.p, CX_RAM + 1, PAGE));
    CX_FAILS(IOVP_E_INVALID, iovp_memory_donate(x.p, CX_RAM, PAGE + 1));
    CX_FAILS(IOVP_E_INVALID,
             iovp_memory_donate(x.p, CX_RAM, UINT64_MAX & ~(PAGE - 1ull)));
    CX_FAILS(IOVP_E_BUS, iovp_memory_donate(x.p, CX_SMMU, PAGE));
    CX_FAILS(IOVP_E_BUS, iovp_memory_donate(x.p, CX_END - PAGE, 2 * PAGE));
    CX_FAILS(IOVP_E_HANDLE, iovp_memory_donate(NULL, CX_RAM, PAGE));
    pool_usage(inside(&x), &donated, &u);
    CHECK_EQ(donated, 0);

    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM + PAGE, 2 * PAGE), IOVP_OK);
    CX_FAILS(IOVP_E_RANGE, iovp_memory_donate(x.p, CX_RAM + PAGE, PAGE));
    CX_FAILS(IOVP_E_RANGE, iovp_memory_donate(x.p, CX_RAM, 2 * PAGE));
    CX_FAILS(IOVP_E_RANGE, iovp_memory_donate(x.p, CX_RAM + 2 * PAGE, PAGE));
    CX_FAILS(IOVP_E_RANGE, iovp_memory_donate(x.p, CX_RAM, 16 * PAGE));
    /* neighbours, up to 16 in all; the last page of RAM is one */
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, PAGE), IOVP_OK);
    CHECK_EQ(iovp_memory_donate(x.p, CX_END - PAGE, PAGE), IOVP_OK);
    for (unsigned i = 3; i < 16; i++)
        CHECK_EQ(iovp_memory_donate(x.p, CX_RAM + i * PAGE, PAGE), IOVP_OK);
    CX_FAILS(IOVP_E_LIMIT, iovp_memory_donate(x.p, CX_RAM + 64 * PAGE, PAGE));
    pool_usage(inside(&x), &donated, &u);
    CHECK_EQ(donated, 17 * PAGE);
    CHECK_EQ(u, 0);
    cx_close(&x);
}

TEST_CASE(Pool, LowestFirstAlignedAndCleared)
{
    struct cx x;
    struct platform *p;
    uint64_t a, b;

    REQUIRE(cx_platform(&x, IOVP_MODE_FUNCTIONAL));
    p = inside(&x);
    CHECK_EQ(pool_alloc(p, PAGE, 1), 0);
    CHECK(cx_sentence());
    cx_put(&x, CX_RAM + PAGE, 0x1234);
    cx_put(&x, CX_RAM + 5 * PAGE - 8, 0x1234);
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM + PAGE, 256 * PAGE), IOVP_OK);
    CHECK_EQ(pool_alloc(p, 1, 1), CX_RAM + PAGE);
    CHECK_EQ(cx_get(&x, CX_RAM + PAGE), 0);
    /* 3 pages, aligned to 4: what is below stays free for smaller ones */
    a = pool_alloc(p, 2 * PAGE + 1, 4 * PAGE);
    CHECK_EQ(a, CX_RAM + 4 * PAGE);
    CHECK_EQ(cx_get(&x, CX_RAM + 5 * PAGE - 8), 0);
    CHECK_EQ(used(&x), 4 * PAGE);
    CHECK_EQ(pool_alloc(p, PAGE, PAGE), CX_RAM + 2 * PAGE);
    CHECK_EQ(pool_alloc(p, 2 * PAGE, PAGE), CX_RAM + 7 * PAGE);
    CHECK_EQ(pool_alloc(p, PAGE, PAGE), CX_RAM + 3 * PAGE);
    /* given back, and given again */
    b = pool_alloc(p, 128 * PAGE, 128 * PAGE);
    CHECK_EQ(b, CX_RAM + 128 * PAGE);
    pool_free(p, a, 2 * PAGE + 1);
    CHECK_EQ(pool_alloc(p, 4 * PAGE, PAGE), CX_RAM + 9 * PAGE);
    CHECK_EQ(pool_alloc(p, 3 * PAGE, PAGE), a);
    pool_free(p, b, 128 * PAGE);
    CHECK_EQ(pool_alloc(p, 129 * PAGE, 256 * PAGE), 0);
    CHECK(cx_sentence());
    CHECK_EQ(pool_alloc(p, 0, PAGE), 0);
    CHECK_EQ(pool_alloc(p, UINT64_MAX, PAGE), 0);
    CHECK_EQ(pool_alloc(p, PAGE, 1ull << 63), 0);
    cx_close(&x);
}

/* Against a map of bytes: nothing overlaps, all that is free is found. */
TEST_CASE(Pool, Random)
{
    static uint8_t taken[600];
    struct {
        uint64_t addr, pages;
    } block[64] = {{0, 0}};
    uint32_t seed = 1, n = 0;
    struct platform *p;
    struct cx x;

    REQUIRE(cx_platform(&x, IOVP_MODE_FUNCTIONAL));
    p = inside(&x);
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, 100 * PAGE), IOVP_OK);
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM + 200 * PAGE, 400 * PAGE), IOVP_OK);
    for (unsigned i = 0; i < 600; i++)
        taken[i] = i >= 100 && i < 200;
    for (unsigned step = 0; step < 4000; step++) {
        unsigned k = (seed = seed * 1103515245u + 12345u) >> 16 & 63;
        uint64_t pages = 1 + (seed >> 8 & 15), align = 1ull << (seed >> 24 & 3);
        bool room = false;

        if (block[k].pages) {
            pool_free(p, block[k].addr, block[k].pages * PAGE);
            for (uint64_t i = 0; i < block[k].pages; i++)
                taken[(block[k].addr - CX_RAM) / PAGE + i] = 0;
            n -= (uint32_t)block[k].pages;
            block[k].pages = 0;
            continue;
        }
        for (unsigned at = 0; at + pages <= 600 && !room; at += align) {
            room = true;
            for (unsigned i = 0; i < pages; i++)
                room = room && !taken[at + i];
            /* not across two donations: there is a gap between them */
        }
        block[k].addr = pool_alloc(p, pages * PAGE, align * PAGE);
        CHECK_EQ(block[k].addr != 0, room);
        if (!block[k].addr)
            continue;
        CHECK_EQ(block[k].addr % (align * PAGE), 0);
        block[k].pages = pages;
        n += (uint32_t)pages;
        for (uint64_t i = 0; i < pages; i++) {
            CHECK_EQ(taken[(block[k].addr - CX_RAM) / PAGE + i], 0);
            taken[(block[k].addr - CX_RAM) / PAGE + i] = 1;
        }
        CHECK_EQ(used(&x), (uint64_t)n * PAGE);
    }
    cx_close(&x);
}

/* SPDX-License-Identifier: MIT */
/*
 * Donated guest memory: a bit for each page, in 64-bit words.  The lowest free
 * pages are taken first, so that the same calls give the same addresses.
 */
#include "pool.h"

#include <string.h>

#include "alloc.h"

#define REGIONS   16
#define WORD_BITS 64

struct region {
    uint64_t base;
    uint64_t pages;
    uint64_t free_from; /* no page below is free */
    uint64_t *used;
};

struct pool {
    struct region region[REGIONS];
    uint32_t regions;
    uint64_t pages_used;
};

static bool is_used(const struct region *r, uint64_t page)
{
    return r->used[page / WORD_BITS] >> (page % WORD_BITS) & 1;
}

static void mark(struct region *r, uint64_t first, uint64_t count, bool used)
{
    for (uint64_t i = first; i < first + count; i++) {
        uint64_t bit = 1ull << (i % WORD_BITS);

        if (used)
            r->used[i / WORD_BITS] |= bit;
        else
            r->used[i / WORD_BITS] &= ~bit;
    }
}

/* The first free page from `page` on; r->pages: there is none. */
static uint64_t next_free(const struct region *r, uint64_t page)
{
    while (page < r->pages && is_used(r, page)) {
        if (page % WORD_BITS == 0 && r->used[page / WORD_BITS] == UINT64_MAX)
            page += WORD_BITS;
        else
            page++;
    }
    return page < r->pages ? page : r->pages;
}

/* Where `count` pages aligned to `align` bytes are free. */
static bool find(const struct region *r, uint64_t count, uint64_t align,
                 uint64_t *found)
{
    uint64_t page = r->free_from;

    for (;;) {
        uint64_t addr, end;

        page = next_free(r, page);
        addr = r->base + (page << POOL_PAGE_LOG2);
        addr = (addr + align - 1) & ~(align - 1);
        if (addr < r->base)
            return false;
        page = (addr - r->base) >> POOL_PAGE_LOG2;
        if (page > r->pages || r->pages - page < count)
            return false;
        for (end = page; end < page + count && !is_used(r, end); end++)
            ;
        if (end == page + count) {
            *found = page;
            return true;
        }
        page = end;
    }
}

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes >> POOL_PAGE_LOG2) + ((bytes & (POOL_PAGE - 1)) != 0);
}

static uint64_t take(struct platform *p, struct region *r, uint64_t page,
                     uint64_t count)
{
    uint64_t addr = r->base + (page << POOL_PAGE_LOG2);

    mark(r, page, count, true);
    p->pool->pages_used += count;
    if (page == r->free_from)
        r->free_from = page + count;
    memset(memory_at(p, addr, count << POOL_PAGE_LOG2), 0,
           count << POOL_PAGE_LOG2);
    return addr;
}

uint64_t pool_alloc(struct platform *p, uint64_t bytes, uint64_t align)
{
    struct pool *pool = p->pool;
    uint64_t count = pages_of(bytes), page;
    uint32_t i;

    if (align < POOL_PAGE)
        align = POOL_PAGE;
    if (!pool) {
        iovp_fail(IOVP_E_NOMEM, "no guest memory was donated for tables and "
                                "queues: call iovp_memory_donate first");
        return 0;
    }
    for (i = 0; count && i < pool->regions; i++)
        if (find(&pool->region[i], count, align, &page))
            return take(p, &pool->region[i], page, count);
    iovp_fail(IOVP_E_NOMEM,
              "no %llu bytes, aligned to %llu, are left of the donated memory: "
              "call iovp_memory_donate",
              (unsigned long long)bytes, (unsigned long long)align);
    return 0;
}

void pool_free(struct platform *p, uint64_t addr, uint64_t bytes)
{
    uint64_t count = pages_of(bytes), page;
    uint32_t i;

    for (i = 0; p->pool && i < p->pool->regions; i++) {
        struct region *r = &p->pool->region[i];

        if (addr < r->base || addr - r->base >= r->pages << POOL_PAGE_LOG2)
            continue;
        page = (addr - r->base) >> POOL_PAGE_LOG2;
        mark(r, page, count, false);
        p->pool->pages_used -= count;
        if (page < r->free_from)
            r->free_from = page;
        return;
    }
}

void pool_usage(const struct platform *p, uint64_t *donated, uint64_t *used)
{
    uint32_t i;

    *donated = 0;
    *used = p->pool ? p->pool->pages_used << POOL_PAGE_LOG2 : 0;
    for (i = 0; p->pool && i < p->pool->regions; i++)
        *donated += p->pool->region[i].pages << POOL_PAGE_LOG2;
}

void pool_destroy(struct platform *p)
{
    uint32_t i;

    for (i = 0; p->pool && i < p->pool->regions; i++)
        platform_free(p, p->pool->region[i].used);
    platform_free(p, p->pool);
    p->pool = NULL;
}

/* ---- the call ---------------------------------------------------------- */

static iovp_status check(struct platform *p, uint64_t base, uint64_t bytes)
{
    const struct pool *pool = p->pool;
    uint32_t i;

    if (!bytes || ((base | bytes) & (POOL_PAGE - 1)) || base + bytes - 1 < base)
        return iovp_fail(IOVP_E_INVALID, "0x%llx + 0x%llx: not pages",
                         (unsigned long long)base, (unsigned long long)bytes);
    if (!memory_at(p, base, bytes))
        return iovp_fail(IOVP_E_BUS,
                         "0x%llx, 0x%llx bytes: not within one RAM region",
                         (unsigned long long)base, (unsigned long long)bytes);
    for (i = 0; pool && i < pool->regions; i++) {
        const struct region *r = &pool->region[i];

        /* By last addresses: one may be that of the address space. */
        if (base <= r->base + ((r->pages << POOL_PAGE_LOG2) - 1) &&
            r->base <= base + (bytes - 1))
            return iovp_fail(
                IOVP_E_RANGE, "0x%llx + 0x%llx: a part was given before",
                (unsigned long long)base, (unsigned long long)bytes);
    }
    if (pool && pool->regions == REGIONS)
        return iovp_fail(IOVP_E_LIMIT, "memory was given %d times", REGIONS);
    return IOVP_OK;
}

iovp_status iovp_memory_donate(iovp_platform *h, uint64_t base, uint64_t bytes)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    struct region *r;
    uint64_t pages = bytes >> POOL_PAGE_LOG2;
    uint64_t *used;

    if (!st)
        st = check(p, base, bytes);
    if (st)
        return st;
    if (!p->pool)
        p->pool = platform_alloc(p, 1, sizeof(*p->pool));
    used = p->pool ? platform_alloc(p, pages / WORD_BITS + 1, sizeof(*used))
                   : NULL;
    if (!used)
        return iovp_fail(IOVP_E_NOMEM, "no memory to keep account of it");
    r = &p->pool->region[p->pool->regions++];
    *r = (struct region){.base = base, .pages = pages, .used = used};
    return IOVP_OK;
}

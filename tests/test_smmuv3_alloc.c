/* SPDX-License-Identifier: MIT */
/* ops.alloc and ops.free: all memory of a core, zeroed by the core. */
#include <stdlib.h>
#include <string.h>

#include "../models/smmuv3/smmuv3.h"
#include "shim.h"

struct heap {
    unsigned allocs, frees;
    unsigned fail_at; /* this allocation fails, 0: none does */
};

static enum iovp_bus_status no_read(void *opaque,
                                    const struct iovp_bus_attrs *a,
                                    uint64_t addr, void *buf, uint32_t len,
                                    uint64_t *latency_ps)
{
    (void)opaque, (void)a, (void)addr, (void)buf, (void)len, (void)latency_ps;
    return IOVP_BUS_ABORT;
}

static enum iovp_bus_status no_write(void *opaque,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, const void *buf,
                                     uint32_t len, uint64_t *latency_ps)
{
    (void)opaque, (void)a, (void)addr, (void)buf, (void)len, (void)latency_ps;
    return IOVP_BUS_ABORT;
}

static void *dirty_alloc(void *opaque, uint64_t bytes)
{
    struct heap *h = opaque;
    void *block;

    if (++h->allocs == h->fail_at)
        return NULL;
    block = malloc((size_t)bytes);
    if (block)
        memset(block, 0xa5, (size_t)bytes);
    return block;
}

static void counted_free(void *opaque, void *block)
{
    struct heap *h = opaque;

    CHECK(block != NULL);
    h->frees++;
    free(block);
}

static struct smmuv3 *create(struct heap *h, bool alloc, bool release)
{
    struct iovp_bus_ops ops = {
        .size = sizeof(ops), .read = no_read, .write = no_write};
    struct smmuv3_config c;

    smmuv3_config_default(&c, SMMUV3_PROFILE_MMU600);
    ops.alloc = alloc ? dirty_alloc : NULL;
    ops.free = release ? counted_free : NULL;
    return smmuv3_create(&c, &ops, h);
}

TEST_CASE(Alloc, MemoryIsZeroedByTheCore)
{
    struct iovp_attrs a = {.size = sizeof(a)};
    struct smmuv3_result r;
    struct smmuv3_stats stats;
    struct heap h = {0};
    struct smmuv3 *s = create(&h, true, true);
    unsigned i;

    REQUIRE(s != NULL);
    CHECK(h.allocs > 4);
    smmuv3_get_stats(s, &stats);
    CHECK_EQ(stats.translations, 0);
    CHECK_EQ(stats.walks, 0);
    for (i = 0; i < IOVP_CACHES; i++)
        CHECK_EQ(smmuv3_cache_stats(s, (enum iovp_cache_id)i)->lookups, 0);
    CHECK_EQ(smmuv3_stalls(s), 0);
    /* Out of reset: a bypass (6.3.14). */
    smmuv3_translate(s, &a, 0x1234, SMMUV3_READ, SMMUV3_NORMAL, &r);
    CHECK_EQ(r.status, IOVP_RESULT_OK);
    CHECK_EQ(r.pa, 0x1234);
    smmuv3_destroy(s);
    CHECK_EQ(h.frees, h.allocs);
}

TEST_CASE(Alloc, EachMayFail)
{
    struct heap all = {0}, h;
    struct smmuv3 *s = create(&all, true, true);
    unsigned i;

    smmuv3_destroy(s);
    for (i = 1; i <= all.allocs; i++) {
        h = (struct heap){.fail_at = i};
        CHECK(create(&h, true, true) == NULL);
        CHECK_EQ(h.frees, h.allocs - 1);
    }
}

TEST_CASE(Alloc, BothOrNone)
{
    struct heap h = {0};
    struct smmuv3 *s;

    CHECK(create(&h, true, false) == NULL);
    CHECK(create(&h, false, true) == NULL);
    CHECK_EQ(h.allocs, 0);
    s = create(&h, false, false);
    CHECK(s != NULL);
    smmuv3_destroy(s);
    CHECK_EQ(h.allocs + h.frees, 0);
}

/* SPDX-License-Identifier: MIT */
/* The caller's memory: an allocator for what a platform owns, and RAM. */
#include <stdlib.h>
#include <string.h>

#include "capi_soc.h"
#include "shim.h"

/* ---- an allocator that counts, and fails when it is told to ----------------
 */

#define MARK  0x1badb10cu
#define NEVER UINT64_MAX

struct counter {
    iovp_platform *p; /* to call into, NULL: do not */
    uint64_t calls, live, fail_at;
    uint64_t reentry, allowed; /* of the calls into it */
};

/* In front of each block: what is freed is what was given. */
struct block {
    struct counter *owner;
    uint32_t mark;
    uint32_t reserved;
};

static void call_into(struct counter *c)
{
    uint8_t byte;

    if (!c->p)
        return;
    c->reentry += iovp_stats_reset(c->p) == IOVP_E_REENTRY;
    c->allowed += iovp_mem_read(c->p, SOC_DATA, &byte, 1) == IOVP_OK;
}

static void *count_alloc(void *ud, size_t bytes)
{
    struct counter *c = ud;
    struct block *b;

    call_into(c);
    if (c->calls++ == c->fail_at)
        return NULL;
    b = malloc(sizeof(*b) + bytes);
    if (!b)
        return NULL;
    *b = (struct block){.owner = c, .mark = MARK};
    memset(b + 1, 0xa5, bytes);
    c->live++;
    return b + 1;
}

static void count_release(void *ud, void *at)
{
    struct block *b = (struct block *)at - 1;

    call_into(ud);
    CHECK_EQ(b->mark, MARK);
    CHECK(b->owner == ud);
    b->owner->live--;
    b->mark = 0;
    free(b);
}

struct config {
    iovp_platform_config c;
    iovp_allocator a;
    iovp_ram_ops r;
};

static const iovp_platform_config *counted(struct config *c, uint32_t mode,
                                           struct counter *n)
{
    *c = (struct config){.c = IOVP_PLATFORM_CONFIG_INIT,
                         .a = IOVP_ALLOCATOR_INIT};
    c->a.alloc = count_alloc;
    c->a.release = count_release;
    c->a.ud = n;
    c->c.mode = mode;
    c->c.allocator = &c->a;
    return &c->c;
}

/* ---- use
 * --------------------------------------------------------------------- */

static iovp_status explain(struct soc *s)
{
    static iovp_condition list[64];
    size_t n = 64;

    for (size_t i = 0; i < n; i++)
        list[i].size = sizeof(list[i]);
    return iovp_explain(s->npu, IOVP_FEATURE_SVA, list, &n);
}

static void use(struct soc *s)
{
    struct soc_page m;
    iovp_workload w = IOVP_WORKLOAD_INIT;

    soc_map_page(s, &m, 0x1000, SOC_DATA);
    CHECK_EQ(soc_read(s->disp, NULL, 0x1000, 64).status, IOVP_DMA_OK);
    CHECK_EQ(soc_read(s->disp, NULL, 0x2000, 64).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_read(s->raw, NULL, SOC_DATA, 64).status, IOVP_DMA_OK);
    w.base = 0x1000;
    w.window = w.bytes = 256;
    w.outstanding = 1;
    w.transfers = 8;
    CHECK_EQ(iovp_workload_start(s->disp, &w), IOVP_OK);
    soc_settle(s);
    CHECK_EQ(explain(s), IOVP_OK);
}

static void balanced(void *ud)
{
    const uint32_t *mode = ud;
    struct counter n = {.fail_at = NEVER};
    struct config c;
    struct soc s;

    REQUIRE(soc_create_as(&s, counted(&c, *mode, &n)));
    memset(&c, 0xff, sizeof(c)); /* it was copied */
    CHECK(n.live >= 4);
    REQUIRE(soc_bring_up(&s));
    use(&s);
    soc_close(&s);
    CHECK_EQ(n.live, 0);
}

TEST_CASE(CapiAlloc, EverythingComesBack)
{
    uint32_t mode = IOVP_MODE_FUNCTIONAL;
    size_t bytes;

    REQUIRE(soc_tree(&bytes));
    balanced(&mode);
    mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(balanced, &mode);
}

/* The cores' caches are the platform's largest part: they come from there. */
TEST_CASE(CapiAlloc, CoresUseIt)
{
    struct counter n = {.fail_at = NEVER};
    struct config c;
    struct soc s;

    REQUIRE(soc_create_as(&s, counted(&c, IOVP_MODE_FUNCTIONAL, &n)));
    /* A core, and 4 caches with at least their tags and their data. */
    CHECK(n.live >= 4 + 1 + 4 * 2);
    soc_close(&s);
    CHECK_EQ(n.live, 0);
}

/* ---- no memory
 * ------------------------------------------------------------------ */

TEST_CASE(CapiAlloc, CreationFailsAtAnyAllocation)
{
    struct counter n = {0};
    iovp_status st = IOVP_E_NOMEM;
    struct config c;
    size_t bytes;
    const void *tree = soc_tree(&bytes);
    iovp_platform *p;

    for (; st && n.fail_at < 1000; n.fail_at++) {
        p = NULL;
        n.calls = 0;
        st = iovp_platform_create(&p, counted(&c, IOVP_MODE_FUNCTIONAL, &n),
                                  tree, bytes);
        if (st) {
            CHECK_EQ(st, IOVP_E_NOMEM);
            CHECK(iovp_last_error()[0]);
            CHECK(!p);
            CHECK_EQ(n.live, 0);
        }
    }
    CHECK_EQ(st, IOVP_OK);
    CHECK(n.fail_at > 10);
    iovp_platform_destroy(p);
    CHECK_EQ(n.live, 0);
}

/* The same at work: a call succeeds or says NOMEM, and can be made again. */
TEST_CASE(CapiAlloc, WorkFailsAtAnyAllocation)
{
    struct counter n = {.fail_at = NEVER};
    struct config c;
    struct soc s;

    REQUIRE(soc_create_as(&s, counted(&c, IOVP_MODE_FUNCTIONAL, &n)));
    n.fail_at = n.calls;
    CHECK_EQ(explain(&s), IOVP_E_NOMEM);
    CHECK_EQ(explain(&s), IOVP_OK);
    /* A row of statistics that finds no memory is counted in none. */
    n.fail_at = n.calls;
    CHECK_EQ(soc_read(s.raw, NULL, SOC_DATA, 64).status, IOVP_DMA_OK);
    CHECK_EQ(soc_read(s.raw, NULL, SOC_DATA, 64).status, IOVP_DMA_OK);
    soc_close(&s);
    CHECK_EQ(n.live, 0);
}

TEST_CASE(CapiAlloc, IsACallback)
{
    struct counter n = {.fail_at = NEVER};
    struct config c;
    struct soc s;

    REQUIRE(soc_create_as(&s, counted(&c, IOVP_MODE_FUNCTIONAL, &n)));
    n.p = s.p;
    CHECK_EQ(explain(&s), IOVP_OK);
    /* An allocation and its release. */
    CHECK_EQ(n.reentry, 2);
    CHECK_EQ(n.allowed, 2);
    n.p = NULL;
    soc_close(&s);
}

/* ---- RAM
 * ---------------------------------------------------------------------------
 */

struct ram {
    uint8_t *host;
    uint64_t base, bytes;
    unsigned maps, unmaps;
    bool refuse;
};

static void *ram_map(void *ud, uint64_t base, uint64_t bytes)
{
    struct ram *r = ud;

    r->maps++;
    r->base = base;
    r->bytes = bytes;
    /* Pages appear when they are touched. */
    r->host = r->refuse ? NULL : calloc(1, bytes);
    return r->host;
}

static void ram_unmap(void *ud, uint64_t base, uint64_t bytes, void *host)
{
    struct ram *r = ud;

    r->unmaps++;
    CHECK_EQ(base, r->base);
    CHECK_EQ(bytes, r->bytes);
    CHECK(host == r->host);
}

static const iovp_platform_config *with_ram(struct config *c, uint32_t mode,
                                            struct ram *r)
{
    *c =
        (struct config){.c = IOVP_PLATFORM_CONFIG_INIT, .r = IOVP_RAM_OPS_INIT};
    c->r.map = ram_map;
    c->r.unmap = ram_unmap;
    c->r.ud = r;
    c->c.mode = mode;
    c->c.ram = &c->r;
    return &c->c;
}

static void shared_ram(void *ud)
{
    static const uint8_t text[8] = "by DMA";
    const uint32_t *mode = ud;
    struct ram r = {0};
    struct soc_page m;
    struct config c;
    uint8_t buf[8];
    struct soc s;

    REQUIRE(soc_create_as(&s, with_ram(&c, *mode, &r)));
    CHECK_EQ(r.maps, 1);
    CHECK_EQ(r.base, SOC_RAM);
    CHECK_EQ(r.bytes, SOC_BYTES);
    REQUIRE(soc_bring_up(&s));
    soc_map_page(&s, &m, 0x1000, SOC_DATA);
    CHECK_EQ(iovp_dma_write(s.disp, IOVP_NO_PASID, 0x1000, text, 8, NULL, NULL),
             IOVP_OK);
    CHECK_MEM(r.host + (SOC_DATA - SOC_RAM), text, 8);
    memcpy(r.host + (SOC_DATA - SOC_RAM), "by host", 8);
    CHECK_EQ(iovp_dma_read(s.disp, IOVP_NO_PASID, 0x1000, buf, 8, NULL, NULL),
             IOVP_OK);
    CHECK_MEM(buf, "by host", 8);
    CHECK_EQ(r.unmaps, 0);
    soc_close(&s);
    CHECK_EQ(r.unmaps, 1);
    /* What the guest left stays the caller's. */
    CHECK_MEM(r.host + (SOC_DATA - SOC_RAM), "by host", 8);
    free(r.host);
}

TEST_CASE(CapiRam, IsTheCallers)
{
    uint32_t mode = IOVP_MODE_FUNCTIONAL;
    size_t bytes;

    REQUIRE(soc_tree(&bytes));
    shared_ram(&mode);
    mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(shared_ram, &mode);
}

TEST_CASE(CapiAlloc, OneFunctionOfTwo)
{
    struct counter n = {.fail_at = NEVER};
    struct config c;
    iovp_platform *p = NULL;
    size_t bytes;
    const void *tree = soc_tree(&bytes);

    counted(&c, IOVP_MODE_FUNCTIONAL, &n);
    c.a.release = NULL;
    CHECK_EQ(iovp_platform_create(&p, &c.c, tree, bytes), IOVP_E_INVALID);
    c.a.release = count_release;
    c.a.alloc = NULL;
    CHECK_EQ(iovp_platform_create(&p, &c.c, tree, bytes), IOVP_E_INVALID);
    c.c.allocator = NULL;
    c.r = (iovp_ram_ops)IOVP_RAM_OPS_INIT;
    c.r.unmap = ram_unmap;
    c.c.ram = &c.r;
    CHECK_EQ(iovp_platform_create(&p, &c.c, tree, bytes), IOVP_E_INVALID);
    CHECK(!p);
    CHECK_EQ(n.calls, 0);
}

TEST_CASE(CapiRam, MapRefuses)
{
    struct ram r = {.refuse = true};
    struct config c;
    iovp_platform *p = NULL;
    size_t bytes;
    const void *tree = soc_tree(&bytes);

    CHECK_EQ(iovp_platform_create(&p, with_ram(&c, 0, &r), tree, bytes),
             IOVP_E_NOMEM);
    CHECK(!p);
    CHECK_EQ(r.maps, 1);
    CHECK_EQ(r.unmaps, 0);
}

TEST_CASE(CapiRam, WithoutUnmap)
{
    struct ram r = {0};
    struct config c;
    struct soc s;

    with_ram(&c, IOVP_MODE_FUNCTIONAL, &r);
    c.r.unmap = NULL;
    REQUIRE(soc_create_as(&s, &c.c));
    soc_close(&s);
    CHECK_EQ(r.unmaps, 0);
    free(r.host);
}

/* ---- a callback's argument --------------------------------------------------
 */

static void no_irq(void *ud, const iovp_irq_event *event)
{
    (void)ud;
    (void)event;
}

static void count_free(void *ud)
{
    ++*(unsigned *)ud;
}

TEST_CASE(CapiAlloc, ArgumentsOfCallbacksAreFreedOnce)
{
    unsigned first = 0, second = 0;
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_irq_handler(s.p, no_irq, count_free, &first), IOVP_OK);
    CHECK_EQ(first, 0);
    CHECK_EQ(iovp_irq_handler(s.p, no_irq, count_free, &second), IOVP_OK);
    CHECK_EQ(first, 1);
    soc_close(&s);
    CHECK_EQ(first, 1);
    CHECK_EQ(second, 1);
}

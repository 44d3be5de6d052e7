/* SPDX-License-Identifier: MIT */
/* Every function with arguments that are wrong. */
#include <stdlib.h>

#include "capi_soc.h"
#include "misuse_scene.h"
#include "shim.h"

static struct misuse_scene scene;

static const struct misuse *row_at(size_t i)
{
    const struct {
        const struct misuse *rows;
        size_t count;
    } table[] = {{misuse_platform, misuse_platform_count},
                 {misuse_dma, misuse_dma_count},
                 {misuse_host, misuse_host_count},
                 {misuse_domain, misuse_domain_count}};

    for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
        if (i < table[t].count)
            return &table[t].rows[i];
        i -= table[t].count;
    }
    return NULL;
}

static const char *name_at(size_t i)
{
    return row_at(i) ? row_at(i)->name : NULL;
}

TEST_CASE(MisuseArgs, EveryFunctionHasARow)
{
    misuse_rows_are_complete(IOVP_SOURCE_DIR "/capi/symbols", name_at);
}

TEST_CASE(MisuseArgs, AreToldAndChangeNothing)
{
    REQUIRE(misuse_open(&scene));
    for (size_t i = 0; row_at(i); i++) {
        struct state *before = misuse_take(&scene);

        row_at(i)->run(&scene);
        misuse_same(before, misuse_take(&scene), row_at(i)->name);
    }
    misuse_runs(&scene);
    misuse_close(&scene);
}

TEST_CASE(MisuseArgs, EntriesOfInvalidations)
{
    REQUIRE(misuse_open(&scene));
    misuse_invalidations(&scene);
    misuse_close(&scene);
}

/* No address follows the last one: what would lie there is not reached. */
TEST_CASE(MisuseArgs, BeyondTheLastAddress)
{
    struct misuse_scene *s = &scene;
    iovp_device *d[3];
    uint8_t b[64];

    REQUIRE(misuse_open(s));
    d[0] = s->v.raw;
    d[1] = s->v.plain;
    d[2] = s->v.npu;
    for (size_t i = 0; i < 3; i++) {
        iovp_dma_result r = {.size = sizeof(r)};

        CHECK_EQ(IOVP_OK, iovp_dma_write(d[i], IOVP_NO_PASID, UINT64_MAX - 31,
                                         b, sizeof(b), NULL, &r));
        CHECK(r.status == IOVP_DMA_BUS || r.status == IOVP_DMA_ABORT);
        CHECK_EQ(0, r.done);
    }
    misuse_close(s);
}

/* ---- moments ------------------------------------------------------------ */

/* Without memory for its tables an IOMMU is left as it was (6.3: CR0, CR1,
 * CR2, GBPA, IRQ_CTRL, STRTAB_BASE and _CFG, CMDQ_BASE, EVENTQ_BASE). */
TEST_CASE(MisuseArgs, AContextWithoutMemory)
{
    static const uint32_t reg[] = {0x20, 0x28, 0x2c, 0x44, 0x50,
                                   0x80, 0x88, 0x90, 0xa0};
    enum { REGS = sizeof(reg) / sizeof(reg[0]) };
    uint64_t before[REGS], after;
    struct misuse_scene *s = &scene;
    struct soc t;

    REQUIRE(soc_create(&t, IOVP_MODE_FUNCTIONAL, 0));
    for (unsigned i = 0; i < REGS; i++)
        CHECK_EQ(IOVP_OK,
                 iovp_mmio_read(t.p, SOC_SMMU + reg[i], 4, 0, &before[i]));
    for (unsigned pages = 0; pages < 3; pages++) {
        if (pages)
            CHECK_EQ(IOVP_OK,
                     iovp_memory_donate(t.p, SOC_PAGE(pages), PAGE_BYTES));
        GIVES(IOVP_E_NOMEM,
              iovp_context_create(WORD(s, iovp_context *), t.p, NULL));
        for (unsigned i = 0; i < REGS; i++) {
            CHECK_EQ(IOVP_OK,
                     iovp_mmio_read(t.p, SOC_SMMU + reg[i], 4, 0, &after));
            CHECK_EQ(before[i], after);
        }
    }
    soc_close(&t);
}

/* RAM at the end of the address space is given once, too. */
TEST_CASE(MisuseArgs, MemoryAtTheEnd)
{
    static const char tree[] =
        "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;\n"
        "memory@fffffffffff00000 { device_type = \"memory\";\n"
        "  reg = <0xffffffff 0xfff00000 0 0x100000>; }; };\n";
    const uint64_t base = 0xfffffffffff00000;
    struct misuse_scene *s = &scene;
    iovp_platform *p = NULL;
    size_t bytes;
    void *blob;

    REQUIRE(soc_compile(tree, &blob, &bytes));
    REQUIRE(!iovp_platform_create(&p, NULL, blob, bytes));
    CHECK_EQ(IOVP_OK, iovp_memory_donate(p, base + 0x1000, 0xff000));
    GIVES(IOVP_E_RANGE, iovp_memory_donate(p, base, 0x100000));
    GIVES(IOVP_E_RANGE, iovp_memory_donate(p, UINT64_MAX - 0xfff, 0x1000));
    GIVES(IOVP_E_RANGE, iovp_memory_donate(p, base + 0x1000, 0x1000));
    CHECK_EQ(IOVP_OK, iovp_memory_donate(p, base, 0x1000));
    iovp_platform_destroy(p);
    free(blob);
}

TEST_CASE(MisuseArgs, ATraceIsBeingWritten)
{
    struct misuse_scene *s = &scene;

    REQUIRE(misuse_open(s));
    CHECK_EQ(IOVP_OK, iovp_trace_start(s->v.p, s->record));
    GIVES(IOVP_E_BUSY, iovp_trace_start(s->v.p, s->trace));
    GIVES(IOVP_E_BUSY, iovp_trace_start(s->v.p, s->record));
    CHECK_EQ(IOVP_OK, iovp_trace_marker(s->v.p, 1));
    CHECK_EQ(IOVP_OK, iovp_trace_stop(s->v.p));
    GIVES(IOVP_E_INVALID, iovp_trace_stop(s->v.p));
    misuse_close(s);
}

TEST_CASE(MisuseArgs, AReservationIsInUse)
{
    struct misuse_scene *s = &scene;
    struct state *before;
    uint64_t at;

    REQUIRE(misuse_open(s));
    at = s->reserved;
    CHECK_EQ(IOVP_OK, iovp_domain_map(s->h[K_DOMAIN], IOVP_MAP_FIXED, &at,
                                      SVA_PA(4), SVA_PAGE, SVA_RW));
    before = misuse_take(s);
    GIVES(IOVP_E_BUSY, iovp_domain_unreserve(s->h[K_DOMAIN], s->reserved));
    misuse_same(before, misuse_take(s), "iovp_domain_unreserve");
    misuse_close(s);
}

TEST_CASE(MisuseArgs, AnswersCountOnce)
{
    struct misuse_scene *s = &scene;
    struct state *before;

    REQUIRE(misuse_open(s));
    CHECK_EQ(IOVP_OK,
             iovp_fault_respond(s->v.c, s->cookie, IOVP_RESPOND_INVALID));
    CHECK_EQ(IOVP_DMA_ABORT, sva_poll(s->h[K_TRANSFER]));
    before = misuse_take(s);
    GIVES(IOVP_E_NOTFOUND,
          iovp_fault_respond(s->v.c, s->cookie, IOVP_RESPOND_SUCCESS));
    misuse_same(before, misuse_take(s), "iovp_fault_respond");
    misuse_close(s);
}

/* A table that the caller keeps: its domain does not map. */
TEST_CASE(MisuseArgs, ATableOfTheCaller)
{
    struct misuse_scene *s = &scene;
    const iovp_binding b = misuse_binding();
    const iovp_domain_config c = {
        .size = sizeof(c), .stage = IOVP_STAGE_1, .table = &b.stage1};
    uint64_t at = SCENE_HOLE;
    iovp_domain *m = NULL;
    struct state *before;

    REQUIRE(misuse_open(s));
    CHECK_EQ(IOVP_OK, iovp_domain_create(&m, s->v.c, &c));
    before = misuse_take(s);
    GIVES(IOVP_E_UNSUPPORTED,
          iovp_domain_map(m, IOVP_MAP_FIXED, &at, SVA_PA(4), SVA_PAGE, SVA_RW));
    GIVES(IOVP_E_UNSUPPORTED,
          iovp_domain_unmap(m, 0, UINT64_MAX, WORD(s, uint64_t)));
    GIVES(IOVP_E_UNSUPPORTED,
          iovp_domain_reserve(m, SVA_PAGE, 0, WORD(s, uint64_t)));
    GIVES(IOVP_E_UNSUPPORTED, iovp_domain_unreserve(m, 0));
    misuse_same(before, misuse_take(s), "a table of the caller");
    misuse_close(s);
}

static void nobody(void *ud, const iovp_notification *n)
{
    (void)ud;
    (void)n;
}

/* Limits that are documented. */
TEST_CASE(MisuseArgs, Limits)
{
    struct misuse_scene *s = &scene;
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n = NULL;
    iovp_transfer *t = NULL;
    uint8_t byte;
    unsigned i;

    const iovp_transfer_config d = {.size = sizeof(d),
                                    .access = IOVP_ACCESS_READ,
                                    .pasid = IOVP_NO_PASID,
                                    .iova = SVA_DATA,
                                    .buf = &byte,
                                    .bytes = 1};

    REQUIRE(misuse_open(s));
    c.events = IOVP_NOTIFY_UNMAP;
    c.understands = IOVP_ATTR_ALL;
    c.fn = nobody;
    for (i = 1; i < 256; i++)
        CHECK_EQ(IOVP_OK, iovp_notifier_register(&n, s->v.npu, &c));
    GIVES(IOVP_E_LIMIT,
          iovp_notifier_register(WORD(s, iovp_notifier *), s->v.npu, &c));
    for (i = 1; i < 1024; i++)
        CHECK_EQ(IOVP_OK, iovp_dma_submit(&t, s->v.raw, &d));
    GIVES(IOVP_E_LIMIT,
          iovp_dma_submit(WORD(s, iovp_transfer *), s->v.raw, &d));
    for (i = 1; i < 16; i++)
        CHECK_EQ(IOVP_OK, iovp_memory_donate(s->v.p, SVA_PA(256 + i), 0x1000));
    GIVES(IOVP_E_LIMIT, iovp_memory_donate(s->v.p, SVA_PA(512), 0x1000));
    misuse_close(s);
}

/* SPDX-License-Identifier: MIT */
/* Notifiers: registration, UNMAP and DROP.  test_capi_replay.c has MAP. */
#include <stdio.h>
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "../capi/notify.h"
#include "../capi/space.h"
#include "notify_log.h"
#include "shim.h"

#define IOVA    0x10000000ull
#define VA_LAST ((1ull << 48) - 1) /* T0SZ = 16 */

#define MAP   IOVP_NOTIFY_MAP
#define UNMAP IOVP_NOTIFY_UNMAP
#define DROP  IOVP_NOTIFY_DROP

#define PASID_A 5u
#define PASID_B 700u

/* The NPU with two PASIDs, 16 pages each; without PASID addresses pass. */
struct two {
    struct smmu_stream st;
    struct smmu_space a, b;
    uint32_t index_a, index_b, index_none;
};

static void set_up(struct views *v, struct two *t)
{
    *t = (struct two){0};
    views_attach(v, &t->st, SOC_NPU_SID, 10, SMMU_S1DSS_BYPASS);
    views_bind(v, &t->st, PASID_A, &t->a);
    views_bind(v, &t->st, PASID_B, &t->b);
    views_map(v, &t->a, IOVA, SOC_PAGE(0), 16 * PAGE, SMMU_WRITE);
    views_map(v, &t->b, IOVA, SOC_PAGE(16), 16 * PAGE, SMMU_WRITE);
    t->index_a = views_index(v->s.npu, PASID_A);
    t->index_b = views_index(v->s.npu, PASID_B);
    t->index_none = views_index(v->s.npu, IOVP_NO_PASID);
}

static void tlbi_asid(struct views *v, const struct smmu_space *s)
{
    views_command(v, CMD_TLBI_NH_ASID | CMD_ASID(s->asid), 0);
}

static void cfgi_cd(struct views *v, uint32_t pasid)
{
    views_command(v, CMD_CFGI_CD | CMD_SID(SOC_NPU_SID) | CMD_SSID(pasid),
                  CMD_LEAF);
}

/* ---- registration ------------------------------------------------------- */

static void expect_attrs(iovp_device *d, uint32_t index, uint32_t understands,
                         const char *names)
{
    struct log l = {0};
    iovp_notifier_config c = log_config(&l, index, UNMAP);
    iovp_notifier *n = NULL;
    char text[200];

    c.understands = understands;
    CHECK_EQ(iovp_notifier_register(&n, d, &c), names ? IOVP_E_ATTRS : IOVP_OK);
    CHECK((n != NULL) == !names);
    if (names) {
        snprintf(text, sizeof(text), "the IOMMU also distinguishes %s", names);
        CHECK_STR(iovp_last_error(), text);
    }
    iovp_notifier_unregister(n);
}

TEST_CASE(CapiNotify, AConsumerMustTellApartWhatTheIommuDoes)
{
    const uint32_t exec = IOVP_ATTR_PRIVILEGED | IOVP_ATTR_INSTRUCTION;
    struct views v;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    expect_attrs(v.gpu, IOVP_REGIME_ALL, 0,
                 "StreamID, PASID, privileged and instruction");
    expect_attrs(v.gpu, IOVP_REGIME_ALL, exec, "StreamID and PASID");
    expect_attrs(v.s.npu, IOVP_REGIME_ALL, exec, "PASID");
    expect_attrs(v.s.npu, IOVP_REGIME_ALL,
                 IOVP_ATTR_PASID | IOVP_ATTR_INSTRUCTION, "privileged");
    expect_attrs(v.s.npu, IOVP_REGIME_ALL, exec | IOVP_ATTR_PASID, NULL);
    expect_attrs(v.s.disp, IOVP_REGIME_ALL, 0, "privileged and instruction");
    expect_attrs(v.s.disp, IOVP_REGIME_ALL, exec, NULL);
    expect_attrs(v.s.raw, IOVP_REGIME_ALL, 0, NULL);
    /* What the index fixes counts as understood. */
    expect_attrs(v.gpu, views_index(v.gpu, 7), exec, NULL);
    expect_attrs(v.gpu, views_index(v.gpu, 7), IOVP_ATTR_PRIVILEGED,
                 "instruction");
    soc_close(&v.s);
}

#define REFUSED(field, value, code)                                   \
    do {                                                              \
        iovp_notifier_config bad = good;                              \
        iovp_notifier *none = NULL;                                   \
        bad.field = (value);                                          \
        CHECK_EQ(iovp_notifier_register(&none, v.s.npu, &bad), code); \
        CHECK(!none);                                                 \
    } while (0)

TEST_CASE(CapiNotify, RegistrationChecksItsConfiguration)
{
    struct views v;
    struct log l = {.free_ud = true};
    iovp_notifier_config good;
    iovp_notifier *n = NULL;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    good = log_config(&l, IOVP_REGIME_ALL, MAP | UNMAP | DROP);
    REFUSED(fn, NULL, IOVP_E_INVALID);
    REFUSED(events, 0, IOVP_E_INVALID);
    REFUSED(events, 8 | UNMAP, IOVP_E_INVALID);
    REFUSED(understands, IOVP_ATTR_ALL + 1, IOVP_E_INVALID);
    REFUSED(size, sizeof(good) - 1, IOVP_E_INVALID);
    REFUSED(index, (1u << 16) + 1, IOVP_E_NOTFOUND);
    REFUSED(index, UINT32_MAX - 1, IOVP_E_NOTFOUND);
    good.last = 4;
    REFUSED(first, 5, IOVP_E_INVALID);
    CHECK_EQ(iovp_notifier_register(NULL, v.s.npu, &good), IOVP_E_INVALID);
    CHECK_EQ(iovp_notifier_register(&n, NULL, &good), IOVP_E_HANDLE);
    CHECK_EQ(iovp_notifier_register(&n, v.s.npu, NULL), IOVP_E_INVALID);
    CHECK_EQ(l.freed, 0);
    soc_close(&v.s);
}

TEST_CASE(CapiNotify, ThereAreAtMost256)
{
    static iovp_notifier *n[256];
    struct views v;
    struct log l = {.v = &v, .free_ud = true};
    iovp_notifier_config c = log_config(&l, IOVP_REGIME_ALL, DROP);
    iovp_notifier *more = NULL;
    unsigned i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    for (i = 0; i < 256; i++)
        n[i] = log_register(&l, i % 2 ? v.gpu : v.s.npu, IOVP_REGIME_ALL, DROP);
    CHECK_EQ(iovp_notifier_register(&more, v.s.disp, &c), IOVP_E_LIMIT);
    iovp_notifier_unregister(n[100]);
    CHECK_EQ(l.freed, 1);
    CHECK_EQ(iovp_notifier_register(&more, v.s.disp, &c), IOVP_OK);
    /* The platform frees what is left. */
    soc_close(&v.s);
    CHECK_EQ(l.freed, 257);
    iovp_notifier_unregister(more);
    CHECK_EQ(l.freed, 257);
}

/* ---- UNMAP -------------------------------------------------------------- */

static void unmaps(struct views *v, uint32_t mode)
{
    struct log l = {.v = v};
    struct two t;

    (void)mode;
    set_up(v, &t);
    log_register(&l, v->s.npu, t.index_a, UNMAP);
    tlbi_asid(v, &t.b);
    CHECK_EQ(l.count, 0);
    views_unmap(v, &t.a, IOVA + PAGE, 2 * PAGE);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, UNMAP, t.index_a, IOVA + PAGE, IOVA + 2 * PAGE - 1);
    log_expect(&l, 1, UNMAP, t.index_a, IOVA + 2 * PAGE, IOVA + 3 * PAGE - 1);
    CHECK_EQ(l.n[0].stream_id, SOC_NPU_SID);
    CHECK_EQ(l.n[0].pasid, PASID_A);
    CHECK_EQ(l.n[0].space, IOVP_SPACE_NONSECURE);
    CHECK_EQ(views_dma(v->s.npu, PASID_A, IOVA + PAGE), IOVP_DMA_ABORT);
    log_clear(&l);
    tlbi_asid(v, &t.a);
    views_command(v, CMD_TLBI_NSNH_ALL, 0);
    tlbi_asid(v, &t.b);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, UNMAP, t.index_a, 0, VA_LAST);
    log_expect(&l, 1, UNMAP, t.index_a, 0, VA_LAST);
    log_clear(&l);
    cfgi_cd(v, PASID_A); /* DROP was not asked for */
    CHECK_EQ(l.count, 0);
}

TEST_CASE(CapiNotify, UnmapsOfItsRegime)
{
    views_both(unmaps);
}

TEST_CASE(CapiNotify, RangesAreClipped)
{
    struct views v;
    struct log l = {.v = &v};
    iovp_notifier_config c;
    iovp_notifier *n;
    struct two t;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &t);
    c = log_config(&l, t.index_a, UNMAP | DROP);
    c.first = IOVA + 0x1800;
    c.last = IOVA + 0x27ff;
    CHECK_EQ(iovp_notifier_register(&n, v.s.npu, &c), IOVP_OK);
    views_unmap(&v, &t.a, IOVA, 4 * PAGE); /* page by page */
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, UNMAP, t.index_a, IOVA + 0x1800, IOVA + 0x1fff);
    log_expect(&l, 1, UNMAP, t.index_a, IOVA + 0x2000, IOVA + 0x27ff);
    tlbi_asid(&v, &t.a);
    log_expect(&l, 2, UNMAP, t.index_a, IOVA + 0x1800, IOVA + 0x27ff);
    cfgi_cd(&v, PASID_A);
    log_expect(&l, 3, DROP, t.index_a, IOVA + 0x1800, IOVA + 0x27ff);
    CHECK_EQ(l.count, 4);
    soc_close(&v.s);
}

/* In memory, what a CMD_SYNC with an MSI writes when it is complete. */
#define DONE SOC_PAGE(100)

static void look_at_done(struct log *l, const iovp_notification *n)
{
    (void)n;
    l->seen = views_get64(l->v, DONE);
}

/* 4.7.3: the SYNC is told to software when the TLBI is complete. */
static void before_software_knows(struct views *v, uint32_t mode)
{
    struct log l = {.v = v, .in = look_at_done, .seen = 99};
    struct two t;

    (void)mode;
    if (!(soc_reg(&v->s, IDR0) & 1u << 13)) /* MSI */
        SKIP_TEST("the SMMU has no MSIs");
    set_up(v, &t);
    soc_put64(&v->s, DONE, 0);
    log_register(&l, v->s.npu, t.index_a, UNMAP);
    smmu_begin(&v->s.drv);
    smmu_cmd(&v->s.drv, CMD_TLBI_NH_ASID | CMD_ASID(t.a.asid), 0);
    /* CS = SIG_IRQ, MSIData = 7 */
    views_command(v, CMD_SYNC | 1u << 12 | 7ull << 32, DONE);
    CHECK_EQ(l.count, 1);
    CHECK_EQ(l.seen, 0);
    CHECK_EQ(views_get64(v, DONE), 7);
}

TEST_CASE(CapiNotify, ToldBeforeSoftwareIs)
{
    views_both(before_software_knows);
}

/* ---- DROP and snapshots ------------------------------------------------- */

/* Until CFGI_CD the regime is what it was. */
static void snapshots(struct views *v, uint32_t mode)
{
    struct log l = {.v = v};
    struct two t;
    uint64_t cd;

    (void)mode;
    set_up(v, &t);
    log_register(&l, v->s.npu, t.index_a, UNMAP | DROP);
    /* PASID A gets the tables and the ASID of B, in memory. */
    cd = t.st.cd_table + PASID_A * CD_BYTES;
    soc_put64(&v->s, cd + 8, t.b.ttb);
    soc_put64(&v->s, cd,
              (views_get64(v, cd) & ~(0xffffull << CD0_ASID)) |
                  (uint64_t)t.b.asid << CD0_ASID);
    tlbi_asid(v, &t.b);
    CHECK_EQ(l.count, 0);
    tlbi_asid(v, &t.a);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, UNMAP, t.index_a, 0, VA_LAST);
    cfgi_cd(v, PASID_A);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 1, DROP, t.index_a, 0, UINT64_MAX);
    tlbi_asid(v, &t.a);
    CHECK_EQ(l.count, 2);
    tlbi_asid(v, &t.b);
    CHECK_EQ(l.count, 3);
    log_expect(&l, 2, UNMAP, t.index_a, 0, VA_LAST);
}

TEST_CASE(CapiNotify, OldTagsCountUntilTheConfigurationIsInvalidated)
{
    views_both(snapshots);
}

/* An entry that was not valid is not cached: 4.3.  So no CFGI tells. */
TEST_CASE(CapiNotify, WhatWasInvalidIsLookedAtAgain)
{
    struct views v;
    struct log one = {.v = &v}, all = {.v = &v};
    struct two t;
    uint64_t from, to;
    unsigned i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &t);
    log_register(&one, v.s.npu, views_index(v.s.npu, 9), UNMAP);
    log_register(&all, v.s.npu, IOVP_REGIME_ALL, UNMAP);
    CHECK_EQ(views_dma(v.s.npu, 9, IOVA), IOVP_DMA_ABORT);
    from = t.st.cd_table + PASID_A * CD_BYTES;
    to = t.st.cd_table + 9 * CD_BYTES;
    for (i = 0; i < CD_BYTES; i += 8)
        soc_put64(&v.s, to + i, views_get64(&v, from + i));
    tlbi_asid(&v, &t.a);
    CHECK_EQ(one.count, 1);
    CHECK_EQ(all.count, 1);
    log_expect(&all, 0, UNMAP, views_index(v.s.npu, 9), 0, VA_LAST);
    soc_close(&v.s);
}

/* Of the notifiers on A and on all: who is told DROP of which. */
static void drops(struct views *v, uint32_t mode)
{
    struct log one = {.v = v}, all = {.v = v};
    struct two t;

    (void)mode;
    set_up(v, &t);
    log_register(&one, v->s.npu, t.index_a, DROP);
    log_register(&all, v->s.npu, IOVP_REGIME_ALL, DROP);
    CHECK_EQ(views_dma(v->s.npu, PASID_B, IOVA), IOVP_DMA_OK);
    /* One PASID, used or not. */
    cfgi_cd(v, PASID_B);
    cfgi_cd(v, 33);
    CHECK_EQ(one.count, 0);
    CHECK_EQ(all.count, 2);
    log_expect(&all, 0, DROP, t.index_b, 0, UINT64_MAX);
    log_expect(&all, 1, DROP, views_index(v->s.npu, 33), 0, UINT64_MAX);
    cfgi_cd(v, PASID_A);
    CHECK_EQ(one.count, 1);
    CHECK_EQ(all.count, 3);
    log_clear(&all);
    /* CD 0 is also that of transactions without PASID. */
    cfgi_cd(v, 0);
    CHECK_EQ(all.count, 2);
    log_expect(&all, 0, DROP, t.index_none, 0, UINT64_MAX);
    log_expect(&all, 1, DROP, views_index(v->s.npu, 0), 0, UINT64_MAX);
    log_clear(&all);
    /* More: those that are known, the oldest first. */
    views_dma(v->s.npu, PASID_B, IOVA);
    views_dma(v->s.npu, PASID_A, IOVA);
    views_command(v, CMD_CFGI_STE | CMD_SID(SOC_NPU_SID), CMD_LEAF);
    CHECK_EQ(one.count, 2);
    CHECK_EQ(all.count, 3);
    log_expect(&all, 0, DROP, t.index_none, 0, UINT64_MAX);
    log_expect(&all, 1, DROP, t.index_b, 0, UINT64_MAX);
    log_expect(&all, 2, DROP, t.index_a, 0, UINT64_MAX);
    log_clear(&all);
    views_command(v, CMD_CFGI_STE | CMD_SID(SOC_DISP_SID), CMD_LEAF);
    CHECK_EQ(one.count + all.count, 2);
    soc_set_cr0(&v->s, 0xc);
    CHECK_EQ(one.count, 3);
    CHECK_EQ(all.count, 1);
    log_expect(&one, 2, DROP, t.index_a, 0, UINT64_MAX);
    log_expect(&all, 0, DROP, t.index_none, 0, UINT64_MAX);
}

TEST_CASE(CapiNotify, Drops)
{
    views_both(drops);
}

/* ---- all regimes -------------------------------------------------------- */

static void all_regimes(struct views *v, uint32_t mode)
{
    iovp_translation tr = {.size = sizeof(tr)};
    struct log l = {.v = v};
    iovp_attrs b = soc_pasid(PASID_B);
    struct two t;

    (void)mode;
    set_up(v, &t);
    log_register(&l, v->s.npu, IOVP_REGIME_ALL, UNMAP);
    /* Nobody used a PASID: there is nothing to forget. */
    views_command(v, CMD_TLBI_NSNH_ALL, 0);
    CHECK_EQ(l.count, 0);
    CHECK_EQ(views_dma(v->s.npu, PASID_A, IOVA), IOVP_DMA_OK);
    views_command(v, CMD_TLBI_NSNH_ALL, 0);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, UNMAP, t.index_a, 0, VA_LAST);
    /* Who is told a translation is told when it is void. */
    CHECK_EQ(iovp_translate(v->s.npu, &b, IOVA, IOVP_ACCESS_READ,
                            IOVP_TRANSLATE_DEBUG, &tr),
             IOVP_OK);
    CHECK_EQ(tr.pa, SOC_PAGE(16));
    log_clear(&l);
    tlbi_asid(v, &t.b);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, UNMAP, t.index_b, 0, VA_LAST);
    log_clear(&l);
    views_command(v, CMD_TLBI_NSNH_ALL, 0);
    CHECK_EQ(l.count, 2);
    log_expect(&l, 0, UNMAP, t.index_a, 0, VA_LAST);
    log_expect(&l, 1, UNMAP, t.index_b, 0, VA_LAST);
}

TEST_CASE(CapiNotify, AllRegimesThatAreKnown)
{
    views_both(all_regimes);
}

/* Both StreamIDs without PASID are known from the start. */
TEST_CASE(CapiNotify, EveryStreamWithoutPasidIsKnown)
{
    struct views v;
    struct log l = {.v = &v};
    struct smmu_stream st[2];
    struct smmu_space s = {0};
    iovp_regime_info i = {.size = sizeof(i)};

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    views_attach(&v, &st[0], VIEWS_GPU_SID, 0, 0);
    views_attach(&v, &st[1], VIEWS_GPU_SID + 1, 0, 0);
    views_bind(&v, &st[0], SMMU_NO_PASID, &s);
    views_bind(&v, &st[1], SMMU_NO_PASID, &s);
    log_register(&l, v.gpu, IOVP_REGIME_ALL, UNMAP);
    tlbi_asid(&v, &s);
    CHECK_EQ(l.count, 2);
    CHECK_EQ(l.n[0].stream_id, VIEWS_GPU_SID);
    CHECK_EQ(l.n[1].stream_id, VIEWS_GPU_SID + 1);
    CHECK_EQ(l.n[1].pasid, IOVP_NO_PASID);
    CHECK(l.n[0].index < l.n[1].index);
    CHECK_EQ(iovp_regime_get_info(v.gpu, l.n[1].index, &i), IOVP_OK);
    CHECK_EQ(i.stream_id, VIEWS_GPU_SID + 1);
    soc_close(&v.s);
}

/* A space that is dropped for lack of room is told, too. */
TEST_CASE(CapiNotify, ForgettingIsTold)
{
    struct views v;
    struct log l = {.v = &v}, unmaps = {.v = &v};
    struct platform *p = NULL;
    struct two t;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &t);
    CHECK_EQ(handle_enter(v.s.p, ENTER_NORMAL, &p), IOVP_OK);
    spaces_limit(p, 1);
    log_register(&l, v.s.npu, IOVP_REGIME_ALL, DROP);
    log_register(&unmaps, v.s.npu, IOVP_REGIME_ALL, UNMAP);
    views_dma(v.s.npu, PASID_A, IOVA);
    CHECK_EQ(l.count, 0);
    views_dma(v.s.npu, PASID_B, IOVA);
    CHECK_EQ(l.count, 1);
    log_expect(&l, 0, DROP, t.index_a, 0, UINT64_MAX);
    /* Who did not ask for it would miss an UNMAP. */
    CHECK_EQ(unmaps.count, 1);
    log_expect(&unmaps, 0, DROP, t.index_a, 0, UINT64_MAX);
    soc_close(&v.s);
}

/* ---- callbacks ---------------------------------------------------------- */

static iovp_notifier *self;

static void misuse(struct log *l, const iovp_notification *n)
{
    iovp_space *s = NULL;
    iovp_replay r = {.size = sizeof(r)};
    uint32_t mask;
    uint64_t word;
    size_t count = 0;

    (void)n;
    CHECK_EQ(iovp_mem_read(l->v->s.p, SOC_DATA, &word, 8), IOVP_OK);
    CHECK_EQ(iovp_space_get(&s, l->v->s.npu, 1), IOVP_E_REENTRY);
    CHECK_EQ(iovp_regime_attrs(l->v->s.npu, &mask), IOVP_E_REENTRY);
    CHECK_EQ(iovp_windows(l->v->s.npu, IOVP_NO_PASID, NULL, &count, NULL),
             IOVP_E_REENTRY);
    CHECK_EQ(iovp_notifier_replay(self, &r), IOVP_E_REENTRY);
    iovp_notifier_unregister(self);
    CHECK_EQ(l->freed, 0);
    l->seen++;
}

static void callbacks(struct views *v, uint32_t mode)
{
    struct log l = {.v = v, .in = misuse, .free_ud = true}, second = {.v = v};
    struct two t;

    (void)mode;
    set_up(v, &t);
    self = log_register(&l, v->s.npu, t.index_a, MAP | UNMAP);
    log_register(&second, v->s.npu, t.index_a, UNMAP);
    views_unmap(v, &t.a, IOVA, PAGE);
    CHECK_EQ(l.seen, 1);
    CHECK_EQ(second.count, 1);
    iovp_notifier_unregister(self);
    CHECK_EQ(l.freed, 1);
    views_unmap(v, &t.a, IOVA + PAGE, PAGE);
    CHECK_EQ(l.seen, 1);
    CHECK_EQ(second.count, 2);
    iovp_notifier_unregister(self);
    iovp_notifier_unregister(NULL);
    CHECK_EQ(l.freed, 1);
}

TEST_CASE(CapiNotify, CallbacksAreBoundedAndEnd)
{
    views_both(callbacks);
}

static struct log *order[3];

static void note_order(struct log *l, const iovp_notification *n)
{
    static unsigned next;

    (void)n;
    CHECK(order[next++ % 3] == l);
}

TEST_CASE(CapiNotify, InTheOrderOfRegistration)
{
    struct views v;
    struct log l[3];
    struct two t;
    unsigned i;

    REQUIRE(views_open(&v, IOVP_MODE_FUNCTIONAL));
    set_up(&v, &t);
    views_dma(v.s.npu, PASID_A, IOVA);
    for (i = 0; i < 3; i++) {
        l[i] = (struct log){.v = &v, .in = note_order, .free_ud = true};
        order[i] = &l[i];
        log_register(&l[i], v.s.npu, i == 1 ? IOVP_REGIME_ALL : t.index_a,
                     UNMAP);
    }
    tlbi_asid(&v, &t.a);
    tlbi_asid(&v, &t.a);
    for (i = 0; i < 3; i++)
        CHECK_EQ(l[i].count, 2);
    soc_close(&v.s);
    for (i = 0; i < 3; i++)
        CHECK_EQ(l[i].freed, 1);
}

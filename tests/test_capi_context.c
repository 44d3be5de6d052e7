/* SPDX-License-Identifier: MIT */
/*
 * Contexts: taking an IOMMU over, groups, PASIDs, bindings by CD, the host's
 * callbacks.  Events are those of IHI 0070 7.3.
 */
#include <stdlib.h>
#include <string.h>

#include "../capi/pool.h"
#include "ctx_soc.h"
#include "shim.h"

#define CR0  0x20
#define GBPA 0x44

#define C_BAD_SUBSTREAMID 0x08
#define C_BAD_CD          0x0a
#define F_TRANSLATION     0x10

#define IOVA 0x40000000u

static uint64_t pool_used(struct cx *x)
{
    struct platform *p = NULL;
    uint64_t donated, used;

    CHECK_EQ(handle_enter(x->p, ENTER_NORMAL, &p), IOVP_OK);
    pool_usage(p, &donated, &used);
    return used;
}

/* ---- life -------------------------------------------------------------------
 */

TEST_CASE(Context, CreateChecks)
{
    iovp_context_config k = {.size = sizeof(k)};
    iovp_context_ops ops = {.size = sizeof(ops)};
    iovp_context *c = NULL;
    struct cx x;

    REQUIRE(cx_platform(&x, IOVP_MODE_FUNCTIONAL));
    /* no memory: the sentence says what to do, and nothing has changed */
    CX_FAILS(IOVP_E_NOMEM, iovp_context_create(&c, x.p, NULL));
    CHECK(strstr(iovp_last_error(), "iovp_memory_donate"));
    CHECK_EQ(cx_reg(&x, GBPA) >> 20 & 1, 0);
    CHECK_EQ(cx_see(x.npu, IOVP_NO_PASID, CX_PA(1)), CX_MARK(1));
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, 8 * CX_PAGE), IOVP_OK);
    CX_FAILS(IOVP_E_NOMEM, iovp_context_create(&c, x.p, NULL));
    CHECK_EQ(cx_see(x.npu, IOVP_NO_PASID, CX_PA(1)), CX_MARK(1));
    CHECK_EQ(pool_used(&x), 0);

    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM + CX_POOL, CX_POOL), IOVP_OK);
    CX_FAILS(IOVP_E_INVALID, iovp_context_create(NULL, x.p, NULL));
    CX_FAILS(IOVP_E_HANDLE, iovp_context_create(&c, NULL, NULL));
    k.size = 8;
    CX_FAILS(IOVP_E_INVALID, iovp_context_create(&c, x.p, &k));
    k.size = sizeof(k);
    k.fault_entries = 65537;
    CX_FAILS(IOVP_E_INVALID, iovp_context_create(&c, x.p, &k));
    k.fault_entries = 65536;
    k.msi_first = 1;
    CX_FAILS(IOVP_E_INVALID, iovp_context_create(&c, x.p, &k));
    k.msi_last = 1;
    k.ops = &ops;
    ops.reserved = 1;
    CX_FAILS(IOVP_E_INVALID, iovp_context_create(&c, x.p, &k));
    ops.reserved = 0;
    k.iommu = "iommu@1";
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_create(&c, x.p, &k));

    /* a guest has enabled a queue */
    CHECK_EQ(iovp_mmio_write(x.p, CX_SMMU + CR0, 4, IOVP_SPACE_NONSECURE, 8),
             IOVP_OK);
    k.iommu = "iommu@9050000";
    CX_FAILS(IOVP_E_BUSY, iovp_context_create(&c, x.p, &k));
    CHECK_EQ(cx_reg(&x, CR0), 8);
    CHECK_EQ(iovp_mmio_write(x.p, CX_SMMU + CR0, 4, IOVP_SPACE_NONSECURE, 0),
             IOVP_OK);
    CHECK_EQ(pool_used(&x), 0);
    CHECK_EQ(iovp_context_create(&c, x.p, &k), IOVP_OK);
    CX_FAILS(IOVP_E_BUSY, iovp_context_create(&x.c, x.p, NULL));
    cx_close(&x);
}

static void count_free(void *ud)
{
    ++*(int *)ud;
}

static void life(struct cx *x)
{
    int freed = 0;
    iovp_context_config k = {
        .size = sizeof(k), .free_ud = count_free, .ud = &freed};
    iovp_context_stats s = {.size = sizeof(s)};
    iovp_context *old;

    CHECK_EQ(iovp_context_create(&x->c, x->p, &k), IOVP_OK);
    CHECK(pool_used(x) != 0);
    /* every stream is blocked, without a record */
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, CX_PA(1)), CX_EVENT(0));
    CHECK_EQ(cx_see(x->npu, 5, CX_PA(1)), CX_EVENT(0));
    CHECK_EQ(cx_see(x->plain, IOVP_NO_PASID, CX_PA(1)), CX_EVENT(0));
    CHECK_EQ(cx_see(x->raw, IOVP_NO_PASID, CX_PA(1)), CX_MARK(1));
    CHECK_EQ(cx_faults(x, NULL), 0);
    old = x->c;
    iovp_context_destroy(x->c);
    CHECK_EQ(freed, 1);
    CHECK_EQ(pool_used(x), 0);
    CHECK_EQ(cx_reg(x, CR0), 0);
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, CX_PA(1)), CX_EVENT(0));
    CX_FAILS(IOVP_E_HANDLE, iovp_context_get_stats(old, &s));
    iovp_context_destroy(old);
    iovp_context_destroy(NULL);
    CHECK_EQ(iovp_context_create(&x->c, x->p, &k), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, CX_PA(1)), CX_EVENT(0));
    iovp_context_destroy(x->c);
    CHECK_EQ(freed, 2);
}

TEST_CASE(Context, Life)
{
    cx_each(life);
}

TEST_CASE(Context, GoesWithItsPlatform)
{
    int freed = 0;
    iovp_context_config k = {
        .size = sizeof(k), .free_ud = count_free, .ud = &freed};
    struct cx x;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &k));
    struct cx_tables t = cx_tables(&x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);

    CHECK_EQ(iovp_context_bind(x.c, x.npu, 3, &b), IOVP_OK);
    cx_close(&x);
    CHECK_EQ(freed, 1);
}

/* ---- a CD: one PASID --------------------------------------------------- */

static void bind_cd(struct cx *x)
{
    struct cx_tables one = cx_tables(x, 1, 0), two = cx_tables(x, 1, 0);
    /* the same ASID: it is not the guest's to say */
    iovp_binding b1 = cx_cd_binding(&one, 7), b2 = cx_cd_binding(&two, 7);
    uint64_t idle = pool_used(x);
    iovp_fault_record f;

    cx_map(x, &one, IOVA, CX_PA(1));
    cx_map(x, &two, IOVA, CX_PA(2));
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b1), IOVP_OK);
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 0xffff, &b2), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(1));
    CHECK_EQ(cx_see(x->npu, 0xffff, IOVA), CX_MARK(2));
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(1));
    CHECK_EQ(cx_faults(x, NULL), 0);
    /* other PASIDs and none have no CD; faults are told */
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_EVENT(C_BAD_CD));
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, IOVA), CX_EVENT(C_BAD_CD));
    CHECK_EQ(cx_see(x->npu, 1, IOVA + CX_PAGE), CX_EVENT(F_TRANSLATION));
    CHECK_EQ(cx_faults(x, &f), 3);
    CHECK_EQ(f.kind, IOVP_FAULT_UNRECOVERABLE);
    CHECK_EQ(f.event, F_TRANSLATION);
    CHECK_EQ(f.pasid, 1);
    CHECK_EQ(f.addr, IOVA + CX_PAGE);

    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_EVENT(C_BAD_CD));
    CHECK_EQ(cx_see(x->npu, 0xffff, IOVA), CX_MARK(2));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_unbind(x->c, x->npu, 1));
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b2), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(2));
    /* the ordinary address space is one more */
    CHECK_EQ(iovp_context_bind(x->c, x->npu, IOVP_NO_PASID, &b1), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, IOVP_NO_PASID, IOVA), CX_MARK(1));
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, IOVP_NO_PASID), IOVP_OK);
    CHECK(pool_used(x) > idle);
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 0xffff), IOVP_OK);
    /* blocked again, and its memory is free */
    CHECK_EQ(cx_see(x->npu, 0xffff, IOVA), CX_EVENT(0));
    CHECK_EQ(pool_used(x), idle);
    /* a device without PASIDs has its ordinary address space */
    CHECK_EQ(iovp_context_bind(x->c, x->plain, IOVP_NO_PASID, &b2), IOVP_OK);
    CHECK_EQ(cx_see(x->plain, IOVP_NO_PASID, IOVA), CX_MARK(2));
}

TEST_CASE(Context, BindCd)
{
    cx_both(bind_cd, NULL);
}

TEST_CASE(Context, BindChecks)
{
    struct cx x;
    iovp_binding b;
    iovp_domain *m = NULL;
    iovp_domain_config s1 = {.size = sizeof(s1), .stage = IOVP_STAGE_1};

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, NULL));
    struct cx_tables t = cx_tables(&x, 1, 0);

    b = cx_cd_binding(&t, 1);
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 1, NULL));
    CX_FAILS(IOVP_E_HANDLE, iovp_context_bind(NULL, x.npu, 1, &b));
    CX_FAILS(IOVP_E_HANDLE, iovp_context_bind(x.c, NULL, 1, &b));
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.raw, 1, &b));
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 0, &b));
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 0x10000, &b));
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.twin, 16, &b));
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_bind(x.c, x.plain, 1, &b));
    b.flags = 2;
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 1, &b));
    b.flags = 0;
    b.stage1.size = 0;
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 1, &b));
    b.stage1.size = sizeof(b.stage1);
    b.stage1.word[0] &= ~(1ull << 31); /* V */
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 1, &b));
    b = cx_cd_binding(&t, 1);
    b.stage1.type = IOVP_TABLE_VTD_FIRST;
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_bind(x.c, x.npu, 1, &b));
    b.stage1.type = IOVP_TABLE_SMMUV3_S2;
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_bind(x.c, x.npu, 1, &b));
    b.stage1.type = IOVP_TABLE_SMMUV3_STE;
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, 1, &b));
    CHECK_EQ(iovp_domain_create(&m, x.c, &s1), IOVP_OK);
    b.stage2 = m;
    CX_FAILS(IOVP_E_INVALID, iovp_context_bind(x.c, x.npu, IOVP_NO_PASID, &b));
    s1.stage = IOVP_STAGE_2;
    iovp_domain_destroy(m);
    CX_FAILS(IOVP_E_HANDLE, iovp_context_bind(x.c, x.npu, IOVP_NO_PASID, &b));
    CHECK_EQ(iovp_domain_create(&m, x.c, &s1), IOVP_OK);
    b = cx_cd_binding(&t, 1);
    b.stage2 = m;
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_bind(x.c, x.npu, 1, &b));
    /* nothing of all this has changed anything */
    CHECK_EQ(cx_see(x.npu, 1, IOVA), CX_EVENT(0));
    cx_close(&x);
}

/* ---- groups ------------------------------------------------------------ */

static void groups(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0), u = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1), b2 = cx_cd_binding(&u, 1);
    iovp_domain_config k = {.size = sizeof(k), .stage = IOVP_STAGE_2};
    iovp_domain *s2 = NULL;

    cx_map(x, &t, IOVA, CX_PA(1));
    cx_map(x, &u, IOVA, CX_PA(2));
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 3, &b), IOVP_OK);
    /* npu 0x10; twin 0x12 and 0x10: all have the PASID */
    CHECK_EQ(cx_see(x->npu, 3, IOVA), CX_MARK(1));
    CHECK_EQ(cx_see(x->twin, 3, IOVA), CX_MARK(1));
    CHECK_EQ(cx_see_by(x->twin, 0x12, 3, IOVA), CX_MARK(1));
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 4, &b2), IOVP_OK);
    CHECK_EQ(cx_see_by(x->twin, 0x12, 4, IOVA), CX_MARK(2));
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 4), IOVP_OK);
    CHECK_EQ(cx_see_by(x->twin, 0x12, 4, IOVA), CX_EVENT(C_BAD_CD));
    CX_FAILS(IOVP_E_BUSY, iovp_context_bind(x->c, x->twin, 3, &b2));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_unbind(x->c, x->twin, 3));
    /* another group has its own */
    CHECK_EQ(iovp_context_bind(x->c, x->far, 3, &b2), IOVP_OK);
    CHECK_EQ(cx_see(x->far, 3, IOVA), CX_MARK(2));
    /* a stage 2 takes the group whole */
    CHECK_EQ(iovp_domain_create(&s2, x->c, &k), IOVP_OK);
    CX_FAILS(IOVP_E_BUSY, iovp_domain_attach(s2, x->twin, IOVP_NO_PASID));
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 3), IOVP_OK);
    CHECK_EQ(cx_see(x->twin, 3, IOVA), CX_EVENT(0));
    CHECK_EQ(iovp_domain_attach(s2, x->twin, IOVP_NO_PASID), IOVP_OK);
    CX_FAILS(IOVP_E_BUSY, iovp_context_bind(x->c, x->npu, 3, &b));
    CX_FAILS(IOVP_E_NOTFOUND,
             iovp_context_unbind(x->c, x->twin, IOVP_NO_PASID));
    CHECK_EQ(iovp_domain_detach(s2, x->twin, IOVP_NO_PASID), IOVP_OK);
    CHECK_EQ(iovp_context_bind(x->c, x->twin, 3, &b), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 3, IOVA), CX_MARK(1));
}

TEST_CASE(Context, DevicesOfOneStreamIDAreOne)
{
    cx_both(groups, NULL);
}

/* ---- PASIDs ------------------------------------------------------------ */

TEST_CASE(Context, Pasids)
{
    struct cx x;
    uint32_t n = 0;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, NULL));
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 0, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 1);
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 0, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 2);
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 0xffffe, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 0xffffe);
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 0xffffe, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 0xfffff);
    CX_FAILS(IOVP_E_LIMIT, iovp_context_pasid_alloc(x.c, 0xffffe, 0xfffff, &n));
    CX_FAILS(IOVP_E_LIMIT, iovp_context_pasid_alloc(x.c, 1, 2, &n));
    CX_FAILS(IOVP_E_INVALID, iovp_context_pasid_alloc(x.c, 0, 0, &n));
    CX_FAILS(IOVP_E_INVALID, iovp_context_pasid_alloc(x.c, 3, 2, &n));
    CX_FAILS(IOVP_E_INVALID, iovp_context_pasid_alloc(x.c, 1, 0x100000, &n));
    CX_FAILS(IOVP_E_INVALID, iovp_context_pasid_alloc(x.c, 1, 2, NULL));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_pasid_free(x.c, 3));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_pasid_free(x.c, 0));
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_pasid_free(x.c, IOVP_NO_PASID));
    CHECK_EQ(iovp_context_pasid_free(x.c, 1), IOVP_OK);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_pasid_free(x.c, 1));
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 0, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 1);
    /* whole words of the map are skipped, their neighbours are not */
    for (unsigned i = 3; i < 200; i++) {
        CHECK_EQ(iovp_context_pasid_alloc(x.c, 1, 0xfffff, &n), IOVP_OK);
        CHECK_EQ(n, i);
    }
    CHECK_EQ(iovp_context_pasid_free(x.c, 128), IOVP_OK);
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 1, 0xfffff, &n), IOVP_OK);
    CHECK_EQ(n, 128);
    cx_close(&x);
}

/* ---- the host's say ---------------------------------------------------- */

struct host_says {
    struct cx *x;
    iovp_status answer;
    uint32_t pasid;
    unsigned asked;
    iovp_status normal, service; /* of calls inside */
};

static struct host_says says;

static void calls_inside(void)
{
    iovp_fault_record f = {.size = sizeof(f)};

    says.asked++;
    says.normal = iovp_context_unbind(says.x->c, says.x->npu, 1);
    says.service = iovp_fault_next(says.x->c, &f);
}

static iovp_status on_alloc(void *ud, uint32_t min, uint32_t max,
                            uint32_t *pasid)
{
    CHECK(ud == &says);
    CHECK_EQ(min, 5);
    CHECK_EQ(max, 9);
    calls_inside();
    *pasid = says.pasid;
    return says.answer;
}

static iovp_status on_free(void *ud, uint32_t pasid)
{
    CHECK(ud == &says);
    CHECK_EQ(pasid, says.pasid);
    calls_inside();
    return says.answer;
}

static iovp_status on_bind(void *ud, iovp_device *d, uint32_t pasid,
                           const iovp_binding *b)
{
    CHECK(ud == &says && d == says.x->npu && b->stage1.word[0]);
    CHECK_EQ(pasid, says.pasid);
    calls_inside();
    return says.answer;
}

static iovp_status on_unbind(void *ud, iovp_device *d, uint32_t pasid)
{
    CHECK(ud == &says && d == says.x->npu);
    CHECK_EQ(pasid, says.pasid);
    calls_inside();
    return says.answer;
}

static const iovp_context_ops host_ops = {.size = sizeof(host_ops),
                                          .pasid_alloc = on_alloc,
                                          .pasid_free = on_free,
                                          .bind = on_bind,
                                          .unbind = on_unbind};
static const iovp_context_config host_config = {
    .size = sizeof(host_config), .ops = &host_ops, .ud = &says};

static void expect_asked(iovp_status answer, uint32_t pasid)
{
    CHECK_EQ(says.asked, 1);
    CHECK_EQ(says.normal, IOVP_E_REENTRY);
    CHECK_EQ(says.service, IOVP_E_END);
    says = (struct host_says){.x = says.x, .answer = answer, .pasid = pasid};
}

TEST_CASE(Context, TheHostHasASayInPasids)
{
    struct cx x;
    uint32_t n = 0;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &host_config));
    says = (struct host_says){.x = &x, .answer = IOVP_PASS, .pasid = 7};
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 5, 9, &n), IOVP_OK);
    CHECK_EQ(n, 5);
    expect_asked(IOVP_OK, 8);
    CHECK_EQ(iovp_context_pasid_alloc(x.c, 5, 9, &n), IOVP_OK);
    CHECK_EQ(n, 8);
    /* taken, and out of range */
    expect_asked(IOVP_OK, 8);
    CX_FAILS(IOVP_E_REFUSED, iovp_context_pasid_alloc(x.c, 5, 9, &n));
    expect_asked(IOVP_OK, 10);
    CX_FAILS(IOVP_E_REFUSED, iovp_context_pasid_alloc(x.c, 5, 9, &n));
    expect_asked(IOVP_E_LIMIT, 6);
    n = 77;
    CX_FAILS(IOVP_E_LIMIT, iovp_context_pasid_alloc(x.c, 5, 9, &n));
    CHECK_EQ(n, 77);
    expect_asked(IOVP_E_REFUSED, 8);
    CX_FAILS(IOVP_E_REFUSED, iovp_context_pasid_free(x.c, 8));
    expect_asked(IOVP_OK, 8);
    CHECK_EQ(iovp_context_pasid_free(x.c, 8), IOVP_OK);
    expect_asked(IOVP_PASS, 5);
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_pasid_free(x.c, 8));
    CHECK_EQ(says.asked, 0);
    CHECK_EQ(iovp_context_pasid_free(x.c, 5), IOVP_OK);
    cx_close(&x);
}

static void host_binds(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);

    cx_map(x, &t, IOVA, CX_PA(1));
    says = (struct host_says){.x = x, .answer = IOVP_E_REFUSED, .pasid = 1};
    CX_FAILS(IOVP_E_REFUSED, iovp_context_bind(x->c, x->npu, 1, &b));
    expect_asked(IOVP_OK, 1);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_EVENT(0));
    /* it has done it: the library has not */
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b), IOVP_OK);
    expect_asked(IOVP_E_REFUSED, 1);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_EVENT(0));
    CX_FAILS(IOVP_E_BUSY, iovp_context_bind(x->c, x->npu, 1, &b));
    CHECK_EQ(says.asked, 0);
    CX_FAILS(IOVP_E_REFUSED, iovp_context_unbind(x->c, x->npu, 1));
    expect_asked(IOVP_OK, 1);
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
    expect_asked(IOVP_PASS, 1);
    /* the library does it */
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b), IOVP_OK);
    expect_asked(IOVP_PASS, 1);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(1));
    CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
    expect_asked(IOVP_PASS, 1);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_EVENT(0));
}

TEST_CASE(Context, TheHostHasASayInBindings)
{
    cx_both(host_binds, &host_config);
}

/* ---- while DMA is under way -------------------------------------------- */

/* Writes zeros to a window of two pages until it is stopped. */
static void work(iovp_device *d, uint32_t pasid)
{
    iovp_workload w = {.size = sizeof(w),
                       .pattern = IOVP_PATTERN_RANDOM,
                       .base = IOVA,
                       .window = 2 * CX_PAGE,
                       .bytes = 256,
                       .outstanding = 16,
                       .seed = 1,
                       .pasids = 1,
                       .pasid = {pasid}};

    CHECK_EQ(iovp_workload_start(d, &w), IOVP_OK);
}

static void busy(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0), u = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1), b2 = cx_cd_binding(&u, 1);

    for (unsigned i = 0; i < 2; i++) {
        cx_map(x, &t, IOVA + i * CX_PAGE, CX_PA(1 + i));
        cx_map(x, &u, IOVA + i * CX_PAGE, CX_PA(3 + i));
    }
    CHECK_EQ(iovp_context_bind(x->c, x->far, 2, &b2), IOVP_OK);
    for (unsigned round = 0; round < 4; round++) {
        CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b), IOVP_OK);
        work(x->npu, 1);
        work(x->far, 2);
        for (unsigned i = 1; i < 5; i++)
            cx_put(x, CX_PA(i) + 512, CX_MARK(i));
        CHECK_EQ(
            iovp_run_until(x->p, iovp_now(x->p) + 3000000 + 77000 * round, 0),
            IOVP_OK);
        CHECK_EQ(iovp_context_unbind(x->c, x->npu, 1), IOVP_OK);
        /* from here on nobody writes there */
        for (unsigned i = 1; i < 3; i++)
            CHECK_EQ(cx_get(x, CX_PA(i) + 512), 0);
        for (unsigned i = 1; i < 5; i++)
            cx_put(x, CX_PA(i) + 512, CX_MARK(i));
        CHECK_EQ(iovp_run_until(x->p, iovp_now(x->p) + 20000000, NULL),
                 IOVP_OK);
        for (unsigned i = 1; i < 5; i++)
            CHECK_EQ(cx_get(x, CX_PA(i) + 512), i < 3 ? CX_MARK(i) : 0);
        CHECK_EQ(iovp_workload_stop(x->npu), IOVP_OK);
        CHECK_EQ(iovp_workload_stop(x->far), IOVP_OK);
        cx_run(x);
        cx_faults(x, NULL);
    }
}

TEST_CASE(Context, UnbindWhileDmaIsUnderWay)
{
    cx_both(busy, NULL);
}

/* ---- no memory --------------------------------------------------------- */

static struct {
    long left; /* allocations before they fail */
    long live;
} heap;

static void *heap_alloc(void *ud, size_t bytes)
{
    (void)ud;
    if (heap.left == 0)
        return NULL;
    heap.left--;
    heap.live++;
    return malloc(bytes);
}

static void heap_release(void *ud, void *block)
{
    (void)ud;
    heap.live--;
    free(block);
}

/* Everything that allocates, with so many allocations; true: it went well. */
static bool with_memory(struct cx *x, long allocations)
{
    struct cx_tables t = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1);
    uint64_t used;
    iovp_status st;
    uint32_t n;

    heap.left = allocations;
    x->c = NULL;
    st = iovp_context_create(&x->c, x->p, NULL);
    used = pool_used(x);
    for (uint32_t pasid = 1; !st && pasid < 3000; pasid += 1024)
        st = iovp_context_bind(x->c, x->npu, pasid, &b);
    if (!st)
        st = iovp_context_pasid_alloc(x->c, 1, 9, &n);
    if (!st && cx_see(x->npu, 2, IOVA) == CX_EVENT(C_BAD_CD))
        st = cx_faults(x, NULL) ? IOVP_OK : IOVP_E_NOMEM;
    CHECK(st == IOVP_OK || st == IOVP_E_NOMEM);
    heap.left = -1;
    for (uint32_t pasid = 1; x->c && pasid < 3000; pasid += 1024)
        iovp_context_unbind(x->c, x->npu, pasid);
    if (x->c)
        CHECK_EQ(pool_used(x), used);
    iovp_context_destroy(x->c);
    CHECK_EQ(pool_used(x), 0);
    return !st;
}

TEST_CASE(Context, AnyAllocationMayFail)
{
    iovp_allocator a = {
        .size = sizeof(a), .alloc = heap_alloc, .release = heap_release};
    struct cx x;
    long n = 0;

    heap.left = -1;
    REQUIRE(cx_platform_from(&x, IOVP_MODE_FUNCTIONAL, &a));
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, CX_POOL), IOVP_OK);
    while (n < 200 && !with_memory(&x, n))
        n++;
    CHECK(n > 10 && n < 200);
    cx_close(&x);
    CHECK_EQ(heap.live, 0);
}

/* Addresses that a context keeps for interrupts are reserved, and those of the
 * configuration instead of the custom. */
static void interrupts(struct cx *x, uint64_t first, uint64_t last)
{
    iovp_window w[4];
    size_t n = 4;

    for (size_t i = 0; i < n; i++)
        w[i].size = sizeof(w[i]);
    CHECK_EQ(iovp_reserved_regions(x->plain, w, &n), IOVP_OK);
    REQUIRE(n == 1);
    CHECK_EQ(w[0].kind, IOVP_WINDOW_MSI);
    CHECK_EQ(w[0].first, first);
    CHECK_EQ(w[0].last, last);
    n = 4;
    CHECK_EQ(iovp_windows(x->plain, IOVP_NO_PASID, w, &n, NULL), IOVP_OK);
    REQUIRE(n == 2);
    CHECK_EQ(w[0].last, first - 1);
    CHECK_EQ(w[1].first, last + 1);
}

TEST_CASE(Context, KeepsAddressesForInterrupts)
{
    iovp_context_config k = {
        .size = sizeof(k), .msi_first = 0x10000, .msi_last = 0x1ffff};
    size_t n = 0;
    struct cx x;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, &k));
    interrupts(&x, 0x10000, 0x1ffff);
    iovp_context_destroy(x.c);
    CHECK_EQ(iovp_reserved_regions(x.plain, NULL, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    cx_close(&x);
    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, NULL));
    interrupts(&x, 0x8000000, 0x80fffff);
    cx_close(&x);
}

/* SPDX-License-Identifier: MIT */
/* SVA: which devices can be bound to a process how, PASIDs, and the end. */
#include <string.h>

#include "shim.h"
#include "sva_soc.h"

#define VA    0x400000u
#define OTHER 0x800000u /* not mapped */

#define NO_PASID  IOVP_SVA_NO_PASID
#define NO_FAULTS IOVP_SVA_NO_FAULTS

/* ---- kinds of binding ---------------------------------------------------- */

struct pager {
    iovp_process *s;
    unsigned calls;
};

/* Every address that faults gets data page 1. */
static iovp_status page_in(void *ud, const iovp_fault_record *fault,
                           uint32_t *respond)
{
    struct pager *pager = ud;
    uint64_t at = fault->addr & ~(uint64_t)(SVA_PAGE - 1);

    pager->calls++;
    CHECK_EQ(iovp_domain_map(sva_domain(pager->s), IOVP_MAP_FIXED, &at,
                             SVA_PA(1), SVA_PAGE, SVA_RO),
             IOVP_OK);
    *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

static void one_kind(struct sva *v, uint32_t flags)
{
    struct pager pager = {0};
    iovp_process *s = sva_process(v, page_in, &pager);
    uint32_t pasid = sva_bind(s, v->npu, flags), with, without;
    bool faults = !(flags & NO_FAULTS);
    iovp_dma_result r;
    uint8_t byte;

    pager.s = s;
    sva_map(v, s, VA, 0, 0x5a);
    sva_fill(v, 1, 0xc3);
    CHECK_EQ(flags & NO_PASID ? 1 : 0, pasid == IOVP_NO_PASID);
    CHECK(pasid != 0);
    with = flags & NO_PASID ? 7 : pasid;
    without = IOVP_NO_PASID;
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x5a));
    CHECK_EQ(IOVP_DMA_ABORT,
             sva_see(v->npu, pasid == with ? without : with, VA, 0x5a));
    CHECK_EQ(0, pager.calls);
    r = sva_read(v->npu, pasid, OTHER, &byte);
    CHECK_EQ(faults ? IOVP_DMA_OK : IOVP_DMA_ABORT, r.status);
    CHECK_EQ(faults, r.stalls);
    CHECK_EQ(faults, pager.calls);
    if (faults)
        CHECK_EQ(0xc3, byte);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0x5a));
    iovp_process_destroy(s);
}

static void pasid_and_faults(struct sva *v)
{
    one_kind(v, 0);
}

static void pasid_pinned(struct sva *v)
{
    one_kind(v, NO_FAULTS);
}

static void faults_alone(struct sva *v)
{
    one_kind(v, NO_PASID);
}

static void neither(struct sva *v)
{
    one_kind(v, NO_PASID | NO_FAULTS);
}

TEST_CASE(Sva, PasidWithFaults)
{
    sva_both(pasid_and_faults);
}

TEST_CASE(Sva, PasidWithPinnedPages)
{
    sva_both(pasid_pinned);
}

TEST_CASE(Sva, FaultsWithoutPasid)
{
    sva_both(faults_alone);
}

TEST_CASE(Sva, PinnedPagesWithoutPasid)
{
    sva_both(neither);
}

static iovp_status bind_with(iovp_process *s, iovp_device *d, uint32_t flags)
{
    iovp_sva_config c = {.size = sizeof(c), .flags = flags};
    uint32_t pasid = 99;
    iovp_status st = iovp_sva_bind(s, d, &c, &pasid);

    if (st)
        CHECK_EQ(99, pasid);
    return st;
}

/* What the device or the IOMMU has not. */
TEST_CASE(Sva, DevicesThatCannot)
{
    struct sva v;
    iovp_process *s;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    s = sva_process(&v, NULL, NULL);
    CHECK_EQ(IOVP_E_UNSUPPORTED, bind_with(s, v.plain, 0));
    CHECK(strstr(iovp_last_error(), "iovp_explain"));
    CHECK_EQ(IOVP_E_UNSUPPORTED, bind_with(s, v.plain, NO_FAULTS));
    CHECK(strstr(iovp_last_error(), "iovp_explain"));
    CHECK_EQ(IOVP_E_UNSUPPORTED, bind_with(s, v.rigid, 0));
    CHECK(strstr(iovp_last_error(), "iovp_explain"));
    CHECK_EQ(IOVP_E_UNSUPPORTED, bind_with(s, v.rigid, NO_PASID));
    CHECK_EQ(IOVP_E_UNSUPPORTED, bind_with(s, v.raw, NO_PASID | NO_FAULTS));
    /* Nothing was taken by the attempts. */
    CHECK_EQ(IOVP_OK, bind_with(s, v.plain, NO_PASID));
    CHECK_EQ(IOVP_OK, bind_with(s, v.rigid, NO_FAULTS));
    sva_close(&v);
}

/* ---- PASIDs ------------------------------------------------------------- */

static bool is_free(struct sva *v, uint32_t pasid)
{
    uint32_t got = 0;
    iovp_status st = iovp_context_pasid_alloc(v->c, pasid, pasid, &got);

    if (st == IOVP_OK)
        CHECK_EQ(IOVP_OK, iovp_context_pasid_free(v->c, got));
    else
        CHECK_EQ(IOVP_E_LIMIT, st);
    return st == IOVP_OK;
}

static void one_pasid(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_process *t = sva_process(v, NULL, NULL);
    uint32_t of_s, of_t;

    sva_map(v, s, VA, 0, 0x11);
    sva_map(v, t, VA, 1, 0x22);
    of_s = sva_bind(s, v->npu, NO_FAULTS);
    of_t = sva_bind(t, v->npu, NO_FAULTS);
    CHECK(of_s != of_t);
    CHECK_EQ(of_s, sva_bind(s, v->small, NO_FAULTS));
    CHECK_EQ(of_s, sva_bind(s, v->rigid, NO_FAULTS));
    CHECK_EQ(of_t, sva_bind(t, v->rigid, NO_FAULTS));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, of_s, VA, 0x11));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, of_t, VA, 0x22));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->small, of_s, VA, 0x11));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->rigid, of_t, VA, 0x22));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->small, of_t, VA, 0));
}

TEST_CASE(Sva, OnePasidForEveryDevice)
{
    sva_both(one_pasid);
}

TEST_CASE(Sva, PasidStaysTakenUntilTheProcessIsGone)
{
    struct sva v;
    iovp_process *s;
    uint32_t pasid;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.npu, 0);
    CHECK_EQ(IOVP_E_BUSY, iovp_context_pasid_free(v.c, pasid));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v.npu));
    CHECK(!is_free(&v, pasid));
    CHECK_EQ(IOVP_E_BUSY, iovp_context_pasid_free(v.c, pasid));
    CHECK_EQ(pasid, sva_bind(s, v.small, 0));
    iovp_process_destroy(s);
    CHECK(is_free(&v, pasid));

    /* After its end it needs none any more once its devices are gone. */
    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.npu, 0);
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
    CHECK(!is_free(&v, pasid));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v.npu));
    CHECK(is_free(&v, pasid));
    iovp_process_destroy(s);

    s = sva_process(&v, NULL, NULL);
    pasid = sva_bind(s, v.npu, 0);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v.npu));
    CHECK_EQ(IOVP_OK, iovp_process_exit(s));
    CHECK(is_free(&v, pasid));
    sva_close(&v);
}

TEST_CASE(Sva, PasidsBeyondADevice)
{
    struct sva v;
    iovp_process *s[5];
    uint32_t pasid, i;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    for (i = 0; i < 5; i++)
        s[i] = sva_process(&v, NULL, NULL);
    /* 2 bits, and PASID 0 is never given: three. */
    for (i = 0; i < 3; i++) {
        pasid = sva_bind(s[i], v.small, 0);
        CHECK(pasid >= 1 && pasid <= 3);
    }
    CHECK_EQ(IOVP_E_LIMIT, bind_with(s[3], v.small, 0));
    pasid = sva_bind(s[3], v.npu, 0);
    CHECK(pasid > 3);
    CHECK_EQ(IOVP_E_LIMIT, bind_with(s[3], v.small, 0));
    iovp_process_destroy(s[0]);
    CHECK_EQ(IOVP_E_LIMIT, bind_with(s[3], v.small, 0));
    CHECK_EQ(IOVP_OK, bind_with(s[4], v.small, 0));
    sva_close(&v);
}

struct host {
    iovp_status alloc;
    uint32_t give, min, max, freed, frees;
};

static iovp_status host_alloc(void *ud, uint32_t min, uint32_t max,
                              uint32_t *pasid)
{
    struct host *h = ud;

    h->min = min;
    h->max = max;
    *pasid = h->give;
    return h->alloc;
}

static iovp_status host_free(void *ud, uint32_t pasid)
{
    struct host *h = ud;

    h->frees++;
    h->freed = pasid;
    return IOVP_OK;
}

TEST_CASE(Sva, TheHostGivesPasids)
{
    struct host h = {.alloc = IOVP_E_REFUSED};
    iovp_context_ops ops = {.size = sizeof(ops),
                            .pasid_alloc = host_alloc,
                            .pasid_free = host_free};
    iovp_context_config c = {.size = sizeof(c), .ops = &ops, .ud = &h};
    struct sva v;
    iovp_process *s;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, &c));
    s = sva_process(&v, NULL, NULL);
    CHECK_EQ(IOVP_E_REFUSED, bind_with(s, v.small, 0));
    CHECK_EQ(1, h.min);
    CHECK_EQ(3, h.max);
    CHECK_EQ(IOVP_E_NOTFOUND, iovp_sva_unbind(s, v.small));
    h.alloc = IOVP_OK;
    h.give = 77;
    CHECK_EQ(77, sva_bind(s, v.npu, 0));
    sva_map(&v, s, VA, 0, 0x33);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v.npu, 77, VA, 0x33));
    CHECK_EQ(0, h.frees);
    iovp_process_destroy(s);
    CHECK_EQ(1, h.frees);
    CHECK_EQ(77, h.freed);
    sva_close(&v);
}

/* A bind that fails gives back what it took. */
TEST_CASE(Sva, NoPasidIsLostByAFailure)
{
    struct sva v;
    iovp_domain_config config = {.size = sizeof(config), .stage = IOVP_STAGE_2};
    iovp_domain *m = NULL;
    iovp_process *s, *t;
    uint32_t pasid;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    s = sva_process(&v, NULL, NULL);
    t = sva_process(&v, NULL, NULL);
    CHECK_EQ(IOVP_NO_PASID, sva_bind(s, v.npu, NO_PASID));
    CHECK_EQ(IOVP_E_BUSY, bind_with(t, v.npu, NO_PASID));
    pasid = sva_bind(s, v.small, 0);
    CHECK_EQ(1, pasid);
    /* One that has taken its PASID already. */
    CHECK_EQ(IOVP_OK, iovp_domain_create(&m, v.c, &config));
    CHECK_EQ(IOVP_OK, iovp_domain_attach(m, v.rigid, IOVP_NO_PASID));
    CHECK_EQ(IOVP_E_BUSY, bind_with(t, v.rigid, NO_FAULTS));
    CHECK(is_free(&v, 2));
    CHECK_EQ(2, sva_bind(t, v.npu, 0));
    sva_close(&v);
}

/* ---- devices that share a StreamID -------------------------------------- */

static void group(struct sva *v)
{
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_process *t = sva_process(v, NULL, NULL);
    uint32_t pasid = sva_bind(s, v->npu, 0);

    sva_map(v, s, VA, 0, 0x44);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->twin, pasid, VA, 0x44));
    /* One entry of the IOMMU: it holds the faults of both, or of none. */
    CHECK_EQ(IOVP_E_BUSY, bind_with(s, v->twin, NO_FAULTS));
    CHECK_EQ(pasid, sva_bind(s, v->twin, 0));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->twin, pasid, VA, 0x44));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, pasid, VA, 0x44));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->twin));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->twin, pasid, VA, 0x44));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, pasid, VA, 0x44));
    /* Without PASID the group has one address space, too. */
    CHECK_EQ(IOVP_NO_PASID, sva_bind(s, v->npu, NO_PASID));
    CHECK_EQ(IOVP_E_BUSY, bind_with(t, v->twin, NO_PASID));
    CHECK_EQ(IOVP_NO_PASID, sva_bind(s, v->twin, NO_PASID));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_E_BUSY, bind_with(t, v->npu, NO_PASID));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->twin, IOVP_NO_PASID, VA, 0x44));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->twin));
    CHECK_EQ(IOVP_OK, bind_with(t, v->npu, NO_PASID));
}

TEST_CASE(Sva, DevicesOfAGroupShare)
{
    sva_both(group);
}

/* ---- the end ------------------------------------------------------------ */

struct tale {
    char text[64];
    struct sva *v;
    iovp_process *s;
};

struct part {
    struct tale *tale;
    char letter;
    uint32_t pasid;
    iovp_device *device;
};

static void tell(struct tale *t, char letter)
{
    size_t n = strlen(t->text);

    if (n < sizeof(t->text) - 1)
        t->text[n] = letter;
}

/* Upper case: the exit callback; lower case: free_ud. */
static void on_exit_part(void *ud, iovp_device *d, uint32_t pasid)
{
    struct part *part = ud;
    struct tale *t = part->tale;

    tell(t, part->letter);
    CHECK_EQ(part->pasid, pasid);
    CHECK_EQ((uintptr_t)part->device, (uintptr_t)d);
    /* Of kind SERVICE. */
    CHECK_EQ(IOVP_E_REENTRY, iovp_sva_unbind(t->s, d));
    CHECK_EQ(IOVP_E_REENTRY, iovp_process_exit(t->s));
    CHECK_EQ(IOVP_E_REENTRY, iovp_sva_bind(t->s, t->v->far, NULL, &pasid));
    sva_domain(t->s);
    CHECK_EQ(IOVP_OK, iovp_process_invalidate(t->s, 0, UINT64_MAX));
}

static void free_part(void *ud)
{
    const struct part *part = ud;

    tell(part->tale, (char)(part->letter + 'a' - 'A'));
}

static void bind_part(struct part *part, iovp_process *s, iovp_device *d,
                      uint32_t flags)
{
    iovp_sva_config c = {.size = sizeof(c),
                         .flags = flags,
                         .exit = on_exit_part,
                         .free_ud = free_part,
                         .ud = part};

    part->device = d;
    CHECK_EQ(IOVP_OK, iovp_sva_bind(s, d, &c, &part->pasid));
}

static void process_end(struct sva *v)
{
    struct tale t = {.v = v};
    struct part a = {&t, 'A', 0, NULL}, b = {&t, 'B', 0, NULL};
    struct part c = {&t, 'C', 0, NULL}, p = {&t, 'P', 0, NULL};
    iovp_process_config config = {
        .size = sizeof(config), .free_ud = free_part, .ud = &p};
    iovp_fault_record f = {.size = sizeof(f)};
    uint64_t at = OTHER;

    CHECK_EQ(IOVP_OK, iovp_process_create(&t.s, v->c, &config));
    sva_map(v, t.s, VA, 0, 0x55);
    sva_bind(sva_process(v, NULL, NULL), v->npu, 0); /* it goes on */
    bind_part(&b, t.s, v->plain, NO_PASID);
    bind_part(&a, t.s, v->npu, 0);
    bind_part(&c, t.s, v->rigid, NO_FAULTS);
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->npu, a.pasid, VA, 0x55));
    CHECK_EQ(IOVP_DMA_OK, sva_see(v->plain, IOVP_NO_PASID, VA, 0x55));
    CHECK_EQ(IOVP_OK, iovp_process_exit(t.s));
    CHECK_STR("BAC", t.text);

    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, a.pasid, VA, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, a.pasid, OTHER, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->plain, IOVP_NO_PASID, VA, 0));
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->rigid, c.pasid, VA, 0));
    sva_run(v, 100000000);
    CHECK_EQ(IOVP_E_END, iovp_fault_next(v->c, &f));
    CHECK_EQ(0, sva_stats(v->c).unrecoverable);

    CHECK_EQ(IOVP_E_STALE, iovp_process_exit(t.s));
    CHECK_EQ(IOVP_E_STALE, bind_with(t.s, v->small, 0));
    CHECK_EQ(IOVP_E_STALE, iovp_domain_map(sva_domain(t.s), IOVP_MAP_FIXED, &at,
                                           SVA_PA(1), SVA_PAGE, SVA_RO));
    sva_unmap(t.s, VA);
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(t.s, v->npu));
    CHECK_STR("BACa", t.text);
    CHECK_EQ(IOVP_DMA_ABORT, sva_see(v->npu, a.pasid, VA, 0));
    sva_run(v, 100000000);
    CHECK_EQ(IOVP_OK, iovp_fault_next(v->c, &f)); /* now it is a mistake */
    CHECK_EQ(a.pasid, f.pasid);
    iovp_process_destroy(t.s);
    CHECK_STR("BACabcp", t.text);
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_exit(t.s));
}

TEST_CASE(Sva, ExitTellsDevicesInOrderThenTranslatesNothing)
{
    sva_both(process_end);
}

static void everything_goes(struct sva *v, char how)
{
    struct tale t = {.v = v};
    struct part a = {&t, 'A', 0, NULL}, p = {&t, 'P', 0, NULL};
    iovp_process_config config = {
        .size = sizeof(config), .free_ud = free_part, .ud = &p};
    iovp_sva_config bond = {
        .size = sizeof(bond), .free_ud = free_part, .ud = &a};

    CHECK_EQ(IOVP_OK, iovp_process_create(&t.s, v->c, &config));
    CHECK_EQ(IOVP_OK, iovp_sva_bind(t.s, v->npu, &bond, &a.pasid));
    if (how == 'p')
        iovp_process_destroy(t.s);
    else if (how == 'c')
        iovp_context_destroy(v->c);
    else
        iovp_platform_destroy(v->p);
    CHECK_STR("ap", t.text);
    CHECK_EQ(IOVP_E_HANDLE, iovp_sva_unbind(t.s, v->npu));
    iovp_process_destroy(t.s);
    CHECK_STR("ap", t.text);
}

static void with_process(struct sva *v)
{
    everything_goes(v, 'p');
}

static void with_context(struct sva *v)
{
    everything_goes(v, 'c');
}

static void with_platform(struct sva *v)
{
    everything_goes(v, 'f');
}

/* ---- what is not to be called so ---------------------------------------- */

static void misuse_bind(struct sva *v, struct sva *w)
{
    iovp_sva_config c = {.size = sizeof(c)};
    iovp_process *s = sva_process(v, NULL, NULL);
    iovp_domain *m = sva_domain(s);
    uint32_t pasid = 99;

    CHECK_EQ(IOVP_E_INVALID, iovp_sva_bind(s, v->npu, &c, NULL));
    CHECK_EQ(IOVP_E_HANDLE, iovp_sva_bind(NULL, v->npu, &c, &pasid));
    CHECK_EQ(IOVP_E_HANDLE, iovp_sva_bind(s, NULL, &c, &pasid));
    CHECK_EQ(IOVP_E_HANDLE,
             iovp_sva_bind((iovp_process *)v->c, v->npu, &c, &pasid));
    CHECK_EQ(IOVP_E_INVALID, iovp_sva_bind(s, w->npu, &c, &pasid));
    CHECK_EQ(IOVP_E_INVALID, iovp_sva_unbind(s, w->npu));
    c.flags = 4;
    CHECK_EQ(IOVP_E_INVALID, iovp_sva_bind(s, v->npu, &c, &pasid));
    c = (iovp_sva_config){.size = 0};
    CHECK_EQ(IOVP_E_INVALID, iovp_sva_bind(s, v->npu, &c, &pasid));
    CHECK_EQ(99, pasid);
    CHECK_EQ(IOVP_E_NOTFOUND, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_OK, iovp_sva_bind(s, v->npu, NULL, &pasid));
    CHECK_EQ(IOVP_E_BUSY, bind_with(s, v->npu, 0));
    CHECK_EQ(IOVP_E_BUSY, bind_with(s, v->npu, NO_PASID));
    CHECK_EQ(IOVP_E_INVALID, iovp_domain_attach(m, v->small, 1));
    CHECK_EQ(IOVP_E_INVALID, iovp_domain_detach(m, v->npu, pasid));
    iovp_domain_destroy(m);
    CHECK_EQ((uintptr_t)m, (uintptr_t)sva_domain(s));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(s, v->npu));
    CHECK_EQ(IOVP_E_NOTFOUND, iovp_sva_unbind(s, v->npu));
}

static void misuse_process(struct sva *v)
{
    iovp_process_config c = {.size = sizeof(c)};
    iovp_process *s = NULL;
    iovp_domain *m = NULL;

    CHECK_EQ(IOVP_E_INVALID, iovp_process_create(NULL, v->c, &c));
    CHECK_EQ(IOVP_E_INVALID, iovp_process_create(&s, v->c, NULL));
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_create(&s, NULL, &c));
    c.reserved = 1;
    CHECK_EQ(IOVP_E_INVALID, iovp_process_create(&s, v->c, &c));
    CHECK(!s);
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_domain(NULL, &m));
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_invalidate(NULL, 0, 1));
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_exit(NULL));
    s = sva_process(v, NULL, NULL);
    CHECK_EQ(IOVP_E_INVALID, iovp_process_domain(s, NULL));
    iovp_process_destroy(NULL);
    iovp_process_destroy(s);
    CHECK_EQ(IOVP_E_HANDLE, iovp_process_domain(s, &m));
    iovp_process_destroy(s);
}

TEST_CASE(Sva, Misuse)
{
    struct sva v, w;

    REQUIRE(sva_open(&v, IOVP_MODE_FUNCTIONAL, NULL));
    REQUIRE(sva_open(&w, IOVP_MODE_FUNCTIONAL, NULL));
    misuse_bind(&v, &w);
    misuse_process(&v);
    sva_close(&w);
    sva_close(&v);
}

TEST_CASE(Sva, DestroyingFreesOnce)
{
    sva_both(with_process);
    sva_both(with_context);
    sva_both(with_platform);
}

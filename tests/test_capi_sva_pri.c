/* SPDX-License-Identifier: MIT */
/*
 * SVA with a PCI Express function: its pages are faulted in by ATS and page
 * requests, and what it caches is invalidated when they are unmapped.
 */
#include "../models/pcie/pcie_regs.h"
#include "io_soc.h"
#include "shim.h"

#define ATC_PRI \
    (TEP_AT_ATC << TEP_ATTR_AT_SHIFT | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)
#define ATC_ONLY (TEP_AT_ATC << TEP_ATTR_AT_SHIFT)
#define MS       1000000000ull
#define RETRIES  (4u | 100u << TEP_RETRY_SHIFT)

static uint32_t copy(struct io_unit *u, uint32_t pasid, unsigned from,
                     unsigned to, unsigned pages, uint32_t attr,
                     struct tep_outcome *out)
{
    struct tep_request r = {
        .op = TEP_OP_MEMCPY,
        .attr = attr,
        .pasid = TEP_PASID_OF(pasid),
        .src = IO_VA + (uint64_t)from * IO_PAGE,
        .dst = IO_VA + (uint64_t)to * IO_PAGE,
        .len = pages * IO_PAGE,
    };

    u->drv.write(u->drv.ud, TEP_RETRY, RETRIES);
    return tep_run(&u->drv, &r, out);
}

static bool enabled(struct io *io, const struct io_unit *u, uint16_t cap,
                    uint32_t control, uint32_t bit)
{
    uint32_t at = io_ext_cap(io, u, cap);

    CHECK(at != 0);
    return io_config(io, u, at + control, 2) & bit;
}

/* ---- pages are faulted in --------------------------------------------------
 */

static void faulted_in(struct io *io)
{
    struct io_unit *units[] = {&io->pci, &io->rciep};

    for (unsigned i = 0; i < 2; i++) {
        struct io_unit *u = units[i];
        struct io_pager p = {0};
        uint32_t pasid = io_bind(io, &p, u->d);
        struct tep_outcome out;

        CHECK(enabled(io, u, PCIE_EXT_ATS, PCIE_ATS_CONTROL, PCIE_ATS_ENABLE));
        CHECK(enabled(io, u, PCIE_EXT_PRI, PCIE_PRI_CONTROL, PCIE_PRI_ENABLE));
        CHECK(enabled(io, u, PCIE_EXT_PASID, PCIE_PASID_CONTROL,
                      PCIE_PASID_ENABLE));
        io_fill(io, 0, 0x33);
        io_fill(io, 1, 0x44);
        CHECK_EQ(TEP_ERROR_NONE, copy(u, pasid, 0, 2, 2, ATC_PRI, &out));
        CHECK_EQ(4, p.calls);
        CHECK_EQ(IOVP_FAULT_PAGE_REQUEST, p.last.kind);
        CHECK_EQ(pasid, p.last.pasid);
        CHECK_EQ((uintptr_t)u->d, (uintptr_t)p.last.device);
        CHECK_EQ(1, p.last.last);
        CHECK(io_holds(io, 2, 0x33));
        CHECK(io_holds(io, 3, 0x44));
        CHECK_EQ(4, tep_counter(&u->drv, TEP_PRI_REQUESTS));
        CHECK_EQ(4, tep_counter(&u->drv, TEP_PRI_SUCCESS));
        /* All of it is in the ATC now. */
        u->drv.write(u->drv.ud, TEP_COUNTERS_CLEAR, 0);
        CHECK_EQ(TEP_ERROR_NONE, copy(u, pasid, 0, 2, 2, ATC_ONLY, &out));
        CHECK_EQ(0, tep_counter(&u->drv, TEP_ATS_REQUESTS));
        CHECK_EQ(4, tep_counter(&u->drv, TEP_ATC_HITS));
        /* Nobody gives this page. */
        p.refuse = true;
        CHECK_EQ(TEP_ERROR_PAGE, copy(u, pasid, 16, 2, 1, ATC_PRI, &out));
        CHECK_EQ(IO_VA + 16 * IO_PAGE, out.fault_addr);
        CHECK_EQ(5, p.calls);
        /* Without page requests it is just denied. */
        CHECK_EQ(TEP_ERROR_DENIED, copy(u, pasid, 16, 2, 1, ATC_ONLY, &out));
        CHECK_EQ(5, p.calls);
        iovp_context_destroy(p.c);
        CHECK(!enabled(io, u, PCIE_EXT_ATS, PCIE_ATS_CONTROL, PCIE_ATS_ENABLE));
    }
}

TEST_CASE(CapiSvaPri, PagesAreFaultedIn)
{
    io_both(faulted_in);
}

/* Its handler gives a page that may only be read: that does not help. */
static void read_only(struct io *io)
{
    struct io_pager p = {0};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_outcome out;

    io_map(&p, 2, IO_RO);
    io_fill(io, 2, 0x12);
    p.refuse = true;
    CHECK_EQ(TEP_ERROR_PAGE, copy(&io->pci, pasid, 2, 2, 1, ATC_PRI, &out));
    CHECK(out.fault_info & TEP_FAULT_INFO_WRITE);
    CHECK_EQ(1, p.calls);
    CHECK(p.last.rights & IOVP_RIGHT_UW);
    CHECK(io_holds(io, 2, 0x12));
}

TEST_CASE(CapiSvaPri, ReadOnlyPagesAreNotWritten)
{
    io_both(read_only);
}

/* 9.3.7: PASID and PRI are the PF's, on as long as one of them needs them. */
static void virtual(struct io *io)
{
    iovp_sva_config sc = IOVP_SVA_CONFIG_INIT;
    struct io_unit vf, *pf = &io->rciep;
    struct io_pager p = {0};
    struct tep_outcome out;
    uint32_t pasid, same = 0;

    REQUIRE(io_open_vf(io, &vf));
    pasid = io_bind(io, &p, vf.d);
    CHECK(enabled(io, &vf, PCIE_EXT_ATS, PCIE_ATS_CONTROL, PCIE_ATS_ENABLE));
    CHECK(!enabled(io, pf, PCIE_EXT_ATS, PCIE_ATS_CONTROL, PCIE_ATS_ENABLE));
    CHECK(enabled(io, pf, PCIE_EXT_PRI, PCIE_PRI_CONTROL, PCIE_PRI_ENABLE));
    io_fill(io, 0, 0x29);
    CHECK_EQ(TEP_ERROR_NONE, copy(&vf, pasid, 0, 1, 1, ATC_PRI, &out));
    CHECK(io_holds(io, 1, 0x29));
    CHECK_EQ(2, p.calls);
    /* One more, one less: it does not disturb the other. */
    CHECK_EQ(IOVP_OK, iovp_sva_bind(p.s, pf->d, &sc, &same));
    CHECK_EQ(pasid, same);
    CHECK_EQ(TEP_ERROR_NONE, copy(pf, pasid, 0, 2, 1, ATC_PRI, &out));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(p.s, pf->d));
    CHECK(!enabled(io, pf, PCIE_EXT_ATS, PCIE_ATS_CONTROL, PCIE_ATS_ENABLE));
    CHECK_EQ(TEP_ERROR_NONE, copy(&vf, pasid, 0, 3, 1, ATC_PRI, &out));
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(p.s, vf.d));
    CHECK(!enabled(io, pf, PCIE_EXT_PRI, PCIE_PRI_CONTROL, PCIE_PRI_ENABLE));
    CHECK(!enabled(io, pf, PCIE_EXT_PASID, PCIE_PASID_CONTROL,
                   PCIE_PASID_ENABLE));
}

TEST_CASE(CapiSvaPri, VfsUsePasidAndPriOfTheirPf)
{
    io_both(virtual);
}

/* Word 1 of the STE of a requester ID, whose table has two levels. */
static uint64_t ste_word1(struct io *io, const struct io_unit *u)
{
    iovp_device_info info = IOVP_DEVICE_INFO_INIT;
    uint64_t base = 0, at = 0, word = 0, sid;

    CHECK_EQ(IOVP_OK, iovp_device_get_info(u->d, &info));
    sid = 0x1000 + info.requester_id;
    CHECK_EQ(IOVP_OK, iovp_mmio_read(io->p, IO_SMMU + 0x80, 8, 0, &base));
    base &= 0xfffffffffffc0;
    CHECK_EQ(IOVP_OK, iovp_mem_read(io->p, base + (sid >> 8) * 8, &at, 8));
    at &= 0xfffffffffffc0;
    CHECK_EQ(IOVP_OK,
             iovp_mem_read(io->p, at + (sid & 255) * 64 + 8, &word, 8));
    return word;
}

/* SMMU 8.1: these functions expect the PASID (PRG Response PASID Required) on
 * the automatic answer of a queue that overflows, which PPAR gives them. */
static void ppar(struct io *io)
{
    struct io_pager p = {0};

    io_bind(io, &p, io->pci.d);
    CHECK(enabled(io, &io->pci, PCIE_EXT_PRI, PCIE_PRI_STATUS,
                  PCIE_PRI_PASID_REQUIRED));
    CHECK_EQ(1, ste_word1(io, &io->pci) >> 28 & 3); /* EATS */
    CHECK_EQ(1, ste_word1(io, &io->pci) >> 18 & 1); /* PPAR */
}

TEST_CASE(CapiSvaPri, AutomaticAnswersHaveThePasid)
{
    io_both(ppar);
}

/* ---- what is cached ---------------------------------------------------------
 */

static void unmapped(struct io *io)
{
    struct io_pager p = {.refuse = true};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_driver *d = &io->pci.drv;
    struct tep_outcome out;

    for (unsigned n = 0; n < 4; n++)
        io_map(&p, n, IO_RW);
    io_fill(io, 0, 0x55);
    io_fill(io, 2, 0x00);
    CHECK_EQ(TEP_ERROR_NONE, copy(&io->pci, pasid, 0, 2, 2, ATC_ONLY, &out));
    CHECK(io_holds(io, 2, 0x55));
    CHECK_EQ(0, tep_counter(d, TEP_INVALIDATED));
    io_unmap(&p, 2);
    CHECK(tep_counter(d, TEP_INVALIDATIONS) >= 1);
    CHECK_EQ(1, tep_counter(d, TEP_INVALIDATED));
    /* The endpoint has really forgotten it, and the SMMU, too. */
    io_fill(io, 0, 0x66);
    CHECK_EQ(TEP_ERROR_DENIED, copy(&io->pci, pasid, 0, 2, 1, ATC_ONLY, &out));
    CHECK(io_holds(io, 2, 0x55));
    /* The others are there. */
    CHECK_EQ(TEP_ERROR_NONE, copy(&io->pci, pasid, 0, 3, 1, ATC_ONLY, &out));
    CHECK(io_holds(io, 3, 0x66));
}

TEST_CASE(CapiSvaPri, UnmapReachesTheEndpoint)
{
    io_both(unmapped);
}

static void ended(struct io *io)
{
    struct io_pager p = {0};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_outcome out;

    CHECK_EQ(TEP_ERROR_NONE, copy(&io->pci, pasid, 0, 1, 1, ATC_PRI, &out));
    CHECK_EQ(IOVP_OK, iovp_process_exit(p.s));
    io_fill(io, 1, 0x77);
    CHECK(copy(&io->pci, pasid, 0, 1, 1, ATC_PRI, &out) != TEP_ERROR_NONE);
    CHECK(io_holds(io, 1, 0x77));
    CHECK_EQ(2, p.calls);
}

TEST_CASE(CapiSvaPri, AnEndedProcessIsNobodys)
{
    io_both(ended);
}

/* It is pulled out: unmapping does not fail because of it, nor for ever. */
static void unplugged(struct io *io)
{
    struct io_pager p = {0};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_outcome out;
    uint64_t start;

    CHECK_EQ(TEP_ERROR_NONE, copy(&io->pci, pasid, 0, 1, 1, ATC_PRI, &out));
    CHECK_EQ(IOVP_OK, iovp_device_unplug(io->pci.d));
    start = iovp_now(io->p);
    io_unmap(&p, 0);
    /* The root port knows that nobody will answer. */
    CHECK(iovp_now(io->p) - start < MS);
    CHECK_EQ(0xffffffff, io->pci.drv.read(io->pci.drv.ud, TEP_ID));
    iovp_context_destroy(p.c);
}

TEST_CASE(CapiSvaPri, UnplugDoesNotHinderUnmap)
{
    io_both(unplugged);
}

/* 3 ms, three times as long as other commands may take. */
static void slow(struct io *io)
{
    struct io_pager p = {.refuse = true};
    uint32_t pasid = io_bind(io, &p, io->rciep.d);
    struct tep_outcome out;
    uint64_t start;

    io_map(&p, 0, IO_RW);
    io_map(&p, 1, IO_RW);
    CHECK_EQ(TEP_ERROR_NONE, copy(&io->rciep, pasid, 0, 1, 1, ATC_ONLY, &out));
    start = iovp_now(io->p);
    io_unmap(&p, 1);
    if (io->timed)
        CHECK(iovp_now(io->p) - start >= 3 * MS);
    CHECK_EQ(TEP_ERROR_DENIED,
             copy(&io->rciep, pasid, 0, 1, 1, ATC_ONLY, &out));
    io_map(&p, 1, IO_RW);
    CHECK_EQ(TEP_ERROR_NONE, copy(&io->rciep, pasid, 0, 1, 1, ATC_ONLY, &out));
}

TEST_CASE(CapiSvaPri, SlowEndpointsAreWaitedFor)
{
    io_both(slow);
}

/* In D3hot it sends nothing, no completion either: after 60 s, the host
 * bridge's default, it has failed, which is not who unmaps. */
static void silent(struct io *io)
{
    struct io_pager p = {0};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_outcome out;
    uint64_t start;

    CHECK_EQ(TEP_ERROR_NONE, copy(&io->pci, pasid, 0, 1, 1, ATC_PRI, &out));
    io_power(io, &io->pci, PCIE_D3HOT);
    start = iovp_now(io->p);
    io_unmap(&p, 0);
    if (io->timed)
        CHECK_EQ(60, (iovp_now(io->p) - start) / (1000 * MS));
    io_unmap(&p, 1);
    io_power(io, &io->pci, PCIE_D0);
    iovp_context_destroy(p.c);
}

TEST_CASE(CapiSvaPri, SilentEndpointsTimeOut)
{
    io_both(silent);
}

/* ---- nobody answers --------------------------------------------------------
 */

/* A job that waits for a page ends when its process, PASID or context does. */
static void abandoned(struct io *io, void (*end)(struct io_pager *p))
{
    struct io_pager p = {.hold = true};
    uint32_t pasid = io_bind(io, &p, io->pci.d);
    struct tep_driver *d = &io->pci.drv;
    struct tep_request r = {.op = TEP_OP_SUM,
                            .attr = ATC_PRI,
                            .pasid = TEP_PASID_OF(pasid),
                            .src = IO_VA,
                            .len = 64};
    struct tep_outcome out;

    REQUIRE(tep_start(d, &r));
    for (unsigned i = 0; i < 20 && !p.calls; i++)
        d->sleep(d->ud);
    CHECK_EQ(1, p.calls);
    CHECK(d->read(d->ud, TEP_STATUS) & TEP_STATUS_WAITING);
    end(&p);
    REQUIRE(tep_wait(d, &out));
    CHECK_EQ(TEP_ERROR_PAGE, out.error);
    if (p.c)
        iovp_context_destroy(p.c);
    /* All credits are back, and nothing waits. */
    CHECK(io_config(io, &io->pci,
                    io_ext_cap(io, &io->pci, PCIE_EXT_PRI) + PCIE_PRI_STATUS,
                    2) &
          PCIE_PRI_STOPPED);
}

static void by_exit(struct io_pager *p)
{
    CHECK_EQ(IOVP_OK, iovp_process_exit(p->s));
}

static void by_unbind(struct io_pager *p)
{
    CHECK_EQ(IOVP_OK, iovp_sva_unbind(p->s, p->d));
}

static void by_destroy(struct io_pager *p)
{
    iovp_context_destroy(p->c);
    p->c = NULL;
}

static void exits(struct io *io)
{
    abandoned(io, by_exit);
}

static void unbinds(struct io *io)
{
    abandoned(io, by_unbind);
}

static void destroys(struct io *io)
{
    abandoned(io, by_destroy);
}

TEST_CASE(CapiSvaPri, WaitingJobsEndWithTheirProcess)
{
    io_both(exits);
}

TEST_CASE(CapiSvaPri, WaitingJobsEndWithTheirBond)
{
    io_both(unbinds);
}

TEST_CASE(CapiSvaPri, WaitingJobsEndWithTheContext)
{
    io_both(destroys);
}

/* ---- why ------------------------------------------------------------------
 */

/* The first condition that fails; "" if all are met. */
static const char *why(iovp_device *d, uint32_t feature)
{
    static iovp_condition c[128];
    size_t count = 128;

    for (size_t i = 0; i < count; i++)
        c[i].size = sizeof(c[i]);
    CHECK_EQ(IOVP_OK, iovp_explain(d, feature, c, &count));
    for (size_t i = 0; i < count; i++)
        if (c[i].state == IOVP_CONDITION_FAILS)
            return c[i].where;
    return "";
}

static void explained(struct io *io)
{
    struct io_pager p = {0};

    CHECK_STR("pci@0,0 ATS Enable", why(io->pci.d, IOVP_FEATURE_ATS));
    CHECK_STR("engine@a000000 below a PCI host bridge",
              why(io->engine.d, IOVP_FEATURE_ATS));
    io_bind(io, &p, io->pci.d);
    CHECK_STR("", why(io->pci.d, IOVP_FEATURE_ATS));
    CHECK_STR("", why(io->pci.d, IOVP_FEATURE_PRI));
    CHECK_STR("", why(io->pci.d, IOVP_FEATURE_PASID));
    CHECK_STR("", why(io->pci.d, IOVP_FEATURE_SVA));
    CHECK_STR("rciep@2,0 ATS Enable", why(io->rciep.d, IOVP_FEATURE_PRI));
}

TEST_CASE(CapiSvaPri, ExplainFollowsTheRegisters)
{
    io_both(explained);
}

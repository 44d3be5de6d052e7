/* SPDX-License-Identifier: MIT */
/* What a broken driver, or a broken host, does to an NVM Express controller. */
#include "shim.h"

#include "nvme_soc.h"

#include <string.h>

#include "../models/common/bits.h"

/* The admin queues at these addresses, of the largest size. */
static void enable(struct nsoc *n, uint64_t asq, uint64_t acq)
{
    nsoc_wr(n, 0x24, 4, 0x0fff0fff);
    nsoc_wr(n, 0x28, 8, asq);
    nsoc_wr(n, 0x30, 8, acq);
    nsoc_wr(n, 0x14, 4, 0x00460001);
}

static bool works(struct nsoc *n)
{
    nsoc_forget(n);
    if (!nvmed_probe(&n->d, &n->host, 2, 8))
        return false;
    nsoc_fill(n, NSOC_DATA, 4096);
    return !nsoc_write(n, 1, 16, 8, NSOC_DATA) &&
           !nsoc_read(n, 2, 16, 8, NSOC_DATA + 0x10000) &&
           nsoc_same(n, 16, 8, NSOC_DATA + 0x10000);
}

/* ---- queues --------------------------------------------------------- */

TEST_CASE(NvmeBad, AdminQueueOutsideMemory)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK(nvmed_disable(&n->d));
    enable(n, NSOC_NONE, RSOC_RAM);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    nsoc_wr(n, 0x1000, 4, 1);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(3, nsoc_rd(n, 0x1c, 4)); /* CFS */
    nsoc_wr(n, 0x1000, 4, 2);
    CHECK(rsoc_run(n->s));
    CHECK(works(n));
    nsoc_close(n);
}

/* Completions are posted writes: nobody learns that they are lost. */
TEST_CASE(NvmeBad, CompletionQueueOutsideMemory)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK(nvmed_disable(&n->d));
    memset(rsoc_ram(n->s, RSOC_RAM, 0x40000), 0xff, 0x40000);
    enable(n, RSOC_RAM, ~0ull);
    CHECK(rsoc_run(n->s));
    /* The queue holds 4095; its head never moves. */
    nsoc_wr(n, 0x1000, 4, 4000);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    nsoc_wr(n, 0x1000, 4, 3999);
    CHECK(rsoc_run(n->s));
    CHECK(works(n));
    nsoc_close(n);
}

TEST_CASE(NvmeBad, IoQueuesOutsideMemory)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK(nvmed_delete_queue(&n->d, 1));
    CHECK_EQ(0, nsoc_admin(n, 5, NSOC_NONE, 7 << 16 | 1, 1 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 1, ~0xfffull, 1023u << 16 | 1, 1 << 16 | 1));
    nsoc_wr(n, 0x1008, 4, 1023);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(3, nsoc_rd(n, 0x1c, 4));
    CHECK(works(n));
    nsoc_close(n);
}

/* Its entries are taken as the completion queue has room. */
TEST_CASE(NvmeBad, FullCompletionQueueHoldsCommandsBack)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    unsigned got = 0;

    n->cfg.command_ps = 0; /* all of them at once */
    REQUIRE(nsoc_probe(n, 2, 8));
    CHECK(nvmed_delete_queue(&n->d, 1));
    n->d.q[1].phase = 1;
    n->d.q[1].head = 0;
    memset(n->d.q[1].cq, 0, 64);
    memset(rsoc_ram(n->s, NSOC_DATA + 0x100000, 4096), 0, 4096);
    CHECK_EQ(0, nsoc_admin(n, 5, n->d.q[1].cq_bus, 3 << 16 | 1, 1 << 16 | 3));
    CHECK_EQ(0,
             nsoc_admin(n, 1, NSOC_DATA + 0x100000, 63 << 16 | 1, 1 << 16 | 1));
    n->d.q[1].depth = 4;
    nsoc_forget(n);
    nsoc_wr(n, 0x1008, 4, 60); /* sixty times opcode 0, namespace 0 */
    CHECK(rsoc_run(n->s));
    CHECK_EQ(3, n->s->msis);
    /* The other queues go on. */
    CHECK_EQ(0, nsoc_read(n, 2, 0, 1, NSOC_DATA));
    while (nvmed_poll(&n->d, 1, &e)) {
        CHECK_EQ(0x00b, NVMED_SC(e.status));
        got++;
        CHECK(rsoc_run(n->s));
    }
    CHECK_EQ(60, got);
    nsoc_close(n);
}

TEST_CASE(NvmeBad, DoorbellsOfNothing)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_open(n));
    rsoc_enable_msix(n->s, n->fn, n->cfg.queues + 1u, 0x40);
    /* Before it is enabled, and beyond every queue. */
    for (uint64_t at = 0x1000; at < 0x2000; at += 4)
        nsoc_wr(n, at, 4, ~0u);
    CHECK(rsoc_run(n->s));
    CHECK(works(n));
    for (uint64_t at = 0x1000; at < 0x2000; at += 4)
        nsoc_wr(n, at, 4, 0x7fff8000 + (uint32_t)at);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(0, nsoc_read(n, 1, 16, 8, NSOC_DATA + 0x10000));
    CHECK(nsoc_same(n, 16, 8, NSOC_DATA + 0x10000));
    nsoc_close(n);
}

/* ---- data ----------------------------------------------------------- */

TEST_CASE(NvmeBad, PrpListsWithoutEnd)
{
    struct nsoc *n = nsoc_new();
    const uint64_t list = RSOC_RAM + 0x700000;
    struct nvmed_cmd c;
    uint32_t before;

    n->cfg.mdts = 8;
    REQUIRE(nsoc_probe(n, 1, 8));
    c = nvmed_cmd(2, 1, NSOC_DATA, list + 0xff8);
    c.dw[12] = 2047;
    /* The last entry of the page points at itself: not at a page's begin. */
    rsoc_ram_wr(n->s, list + 0xff8, 8, list + 0xff8);
    CHECK_EQ(0x013, NVMED_SC(nvmed_sync(&n->d, 1, &c, NULL)));
    /* At its own page, whose entries are data: all the same page. */
    for (unsigned i = 0; i < 512; i++)
        rsoc_ram_wr(n->s, list + 8 * i, 8, NSOC_DATA);
    rsoc_ram_wr(n->s, list + 0xff8, 8, list);
    before = n->s->tlps;
    CHECK_EQ(0, nvmed_sync(&n->d, 1, &c, NULL));
    CHECK(n->s->tlps - before < 16384);
    /* The list, or a page of it, is nowhere. */
    rsoc_ram_wr(n->s, list + 0xff8, 8, NSOC_NONE);
    CHECK_EQ(0x004, NVMED_SC(nvmed_sync(&n->d, 1, &c, NULL)));
    c.dw[8] = 0;
    c.dw[9] = (uint32_t)(NSOC_NONE >> 32);
    CHECK_EQ(0x004, NVMED_SC(nvmed_sync(&n->d, 1, &c, NULL)));
    /* Data to be written from nowhere. */
    CHECK_EQ(0x004, nsoc_cmd(n, 1, 1, 1, NSOC_NONE, 0, 0, 0));
    CHECK_EQ(0x004, nsoc_cmd(n, 1, 1, 1, ~3ull, 0, 0, 0));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    nsoc_close(n);
}

/*
 * Queues of garbage, some of it nearly right; whatever happens ends, and a
 * reset makes the controller usable again.
 */
static void garbage(struct nsoc *n, uint64_t at)
{
    static const uint8_t ops[] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12};
    uint64_t near = RSOC_RAM + 0x600000;

    nsoc_fill(n, at, 64);
    if (!nsoc_random(n, 8))
        return;
    rsoc_ram_wr(n->s, at, 2, ops[nsoc_random(n, 10)]);
    rsoc_ram_wr(n->s, at + 4, 4, nsoc_random(n, 3));
    for (unsigned i = 24; i < 40; i += 8)
        rsoc_ram_wr(n->s, at + i, 8,
                    near + (nsoc_random(n, 4) ? 4096ull : 4) *
                               nsoc_random(n, 1024));
    if (nsoc_random(n, 2)) {
        /* Blocks */
        rsoc_ram_wr(n->s, at + 40, 8, nsoc_random(n, 9000));
        rsoc_ram_wr(n->s, at + 48, 4,
                    nsoc_random(n, nsoc_random(n, 2) ? 1100 : 16));
        return;
    }
    /* A queue, a feature, a page */
    rsoc_ram_wr(n->s, at + 40, 4,
                nsoc_random(n, 12) | nsoc_random(n, 80) << 16);
    rsoc_ram_wr(n->s, at + 44, 4, nsoc_random(n, 4) ? 1 | 1 << 16 : 0);
}

/* Garbage in all queues that work, doorbells at random, now and then another
 * register. */
static void storm(struct nsoc *n)
{
    struct nvmed_cqe e;

    for (unsigned q = 0; q <= 2; q++)
        for (unsigned i = 0; i < n->d.q[q].depth; i++)
            garbage(n, n->d.q[q].sq_bus + 64 * i);
    for (unsigned i = 0; i < 4096; i++)
        garbage(n, RSOC_RAM + 0x600000 + 64 * i);
    for (unsigned i = 0; i < 100; i++) {
        unsigned q = nsoc_random(n, 3);

        nsoc_wr(n, 0x1000 + 8 * q, 4, nsoc_random(n, n->d.q[q].depth));
        if (!nsoc_random(n, 8))
            nsoc_wr(n, 0x1000 + 4 * nsoc_random(n, 24), 4, nsoc_random(n, 80));
        if (!nsoc_random(n, 64))
            nsoc_wr(n, 4 * nsoc_random(n, 16), 4, nsoc_random(n, ~0u));
        CHECK(rsoc_run_until(n->s, n->s->now + 50000000));
        for (q = 0; q <= 2; q++)
            while (nvmed_poll(&n->d, q, &e))
                ;
    }
    CHECK(rsoc_run(n->s));
}

TEST_CASE(NvmeBad, Garbage)
{
    struct nsoc *n = nsoc_new();

    n->integrated = true; /* below a port it would not come back */
    n->s->peer_to_peer = true;
    REQUIRE(nsoc_probe(n, 2, 8));
    for (unsigned round = 0; round < 40; round++) {
        CHECK(works(n));
        storm(n);
    }
    /* It was not all refused. */
    CHECK(nsoc_count(n, "errors") > 1000);
    CHECK(nsoc_count(n, "completions") > nsoc_count(n, "errors") + 500);
    CHECK(nsoc_count(n, "bytes_read") > 40 * 4096 + 100000);
    CHECK(nsoc_count(n, "bytes_written") > 40 * 4096 + 50000);
    nsoc_reset(n);
    CHECK(works(n));
    nsoc_close(n);
}

/* ---- itself --------------------------------------------------------- */

/* As an integrated endpoint: below a port its requests would not come back. */
static bool probe_with_loop(struct nsoc *n)
{
    n->integrated = true;
    n->s->peer_to_peer = true;
    return nsoc_probe(n, 1, 8);
}

/* A command whose data ring the doorbell of its own queue. */
TEST_CASE(NvmeBad, DataToItsOwnDoorbells)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    uint64_t bar;

    REQUIRE(probe_with_loop(n));
    bar = rsoc_bar(n->s, n->fn, 0);
    for (unsigned i = 0; i < 512; i += 8)
        rsoc_ram_wr(n->s, NSOC_DATA + i, 8, i == 8 ? 5 : 0);
    CHECK_EQ(0, nsoc_write(n, 1, 0, 1, NSOC_DATA));
    c = nvmed_rw(&n->d, false, 0, 1, bar + 0x1000);
    nvmed_submit(&n->d, 1, &c);
    CHECK(rsoc_run(n->s));
    /* A completion queue, and a submission queue, in its doorbells. */
    CHECK(works(n));
    CHECK(nvmed_delete_queue(&n->d, 2));
    CHECK_EQ(0, nsoc_admin(n, 5, bar + 0x1000, 7 << 16 | 2, 2 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 1, bar + 0x1000, 7 << 16 | 2, 2 << 16 | 1));
    nsoc_wr(n, 0x1010, 4, 7);
    CHECK(rsoc_run(n->s));
    /* An interrupt that rings. */
    CHECK(works(n));
    nsoc_wr(n, 0x2000, 8, bar + 0x1008);
    nsoc_wr(n, 0x2008, 4, 3);
    c = nvmed_cmd(0x0a, 0, 0, 0);
    nvmed_submit(&n->d, 0, &c);
    CHECK(rsoc_run(n->s));
    nsoc_reset(n);
    CHECK(works(n));
    nsoc_close(n);
}

/* CC.EN is cleared by a command's data, then by its completion. */
TEST_CASE(NvmeBad, ResetByItself)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    struct nvmed_cqe e;
    uint64_t bar;

    REQUIRE(probe_with_loop(n));
    bar = rsoc_bar(n->s, n->fn, 0);
    CHECK_EQ(0, nsoc_write(n, 1, 0, 1, NSOC_DATA)); /* zeros */
    c = nvmed_rw(&n->d, false, 0, 1, bar);
    nvmed_submit(&n->d, 1, &c);
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 1, &e));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    CHECK_EQ(0, nsoc_rd(n, 0x14, 4));
    CHECK(works(n));
    /* DW1 of the second entry is at CC. */
    CHECK(nvmed_delete_queue(&n->d, 2));
    CHECK_EQ(0, nsoc_admin(n, 5, bar, 7 << 16 | 2, 2 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 1, n->d.q[2].sq_bus, 7 << 16 | 2, 2 << 16 | 1));
    nsoc_wr(n, 0x1010, 4, 2);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(0, nsoc_rd(n, 0x14, 4));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    CHECK(works(n));
    nsoc_close(n);
}

/* ---- resets in the middle ------------------------------------------- */

/* Long reads in flight on queue 1; nothing is completed yet. */
static void in_the_middle(struct nsoc *n)
{
    n->cfg.read_ps = 1000000000;
    n->s->timed = true;
    if (!nsoc_probe(n, 2, 8))
        return;
    for (unsigned i = 0; i < 6; i++) {
        struct nvmed_cmd c =
            nvmed_rw(&n->d, false, 0, 256, NSOC_DATA + 0x20000 * i);

        nvmed_submit(&n->d, 1 + i % 2, &c);
    }
    rsoc_run_until(n->s, n->s->now + 500000000);
}

static bool nothing_comes(struct nsoc *n)
{
    uint32_t before = n->s->msis;
    struct nvmed_cqe e;

    return rsoc_run(n->s) && n->s->msis == before &&
           !nvmed_poll(&n->d, 1, &e) && !nvmed_poll(&n->d, 2, &e);
}

TEST_CASE(NvmeReset, ControllerResetDropsEverything)
{
    struct nsoc *n = nsoc_new();

    in_the_middle(n);
    nsoc_wr(n, 0x14, 4, 0);
    CHECK(nothing_comes(n));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    CHECK(works(n));
    CHECK(nvmed_shutdown(&n->d));
    nsoc_close(n);
}

TEST_CASE(NvmeReset, FunctionLevelReset)
{
    struct nsoc *n = nsoc_new();

    in_the_middle(n);
    nsoc_reset(n);
    CHECK_EQ(0, nsoc_rd(n, 0x14, 4));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    CHECK(nothing_comes(n));
    CHECK(works(n));
    nsoc_close(n);
}

TEST_CASE(NvmeReset, Unplugged)
{
    struct nsoc *n = nsoc_new();

    in_the_middle(n);
    pcie_root_unplug(n->s->root, n->fn);
    CHECK_EQ(0xffffffff, nsoc_rd(n, 0x1c, 4));
    CHECK(nothing_comes(n));
    pcie_root_plug(n->s->root, n->fn);
    pcie_enumerate(&n->s->e);
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    nsoc_reset(n);
    CHECK(works(n));
    nsoc_close(n);
}

/* Without bus mastering nothing moves; with it, it goes on where it was. */
TEST_CASE(NvmeReset, BusMasterOffAndOn)
{
    struct nsoc *n = nsoc_new();
    uint32_t command;
    struct nvmed_cqe e;
    unsigned got = 0;

    in_the_middle(n);
    command = rsoc_cfg_rd(n->s, n->fn, 4, 2);
    rsoc_cfg_wr(n->s, n->fn, 4, 2, command & ~4u);
    CHECK(nothing_comes(n));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    rsoc_cfg_wr(n->s, n->fn, 4, 2, command);
    CHECK(rsoc_run(n->s));
    while (nvmed_poll(&n->d, 1, &e) || nvmed_poll(&n->d, 2, &e))
        got += !e.status;
    CHECK_EQ(6, got);
    nsoc_close(n);
}

/* ---- interrupts ----------------------------------------------------- */

/* The last of MSI's 32 vectors, which INTMS holds back and INTMC lets go. */
TEST_CASE(NvmeBad, LastVectorOfMsi)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    struct nvmed_cmd c;

    n->cfg.queues = 31;
    n->host.interrupted = NULL;
    REQUIRE(nsoc_open(n));
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 4, 4, (uint32_t)RSOC_MSI);
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 12, 2, 0x40);
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 2, 2, 5 << 4 | 1);
    REQUIRE(nvmed_probe(&n->d, &n->host, 31, 8));
    CHECK(nvmed_delete_queue(&n->d, 31));
    CHECK(nvmed_create_queue(&n->d, 31, 8, true));
    nsoc_wr(n, 0x0c, 4, 0x80000000);
    n->s->msis = 0;
    c = nvmed_rw(&n->d, false, 0, 1, NSOC_DATA);
    nvmed_submit(&n->d, 31, &c);
    CHECK(rsoc_run(n->s));
    CHECK(nvmed_poll(&n->d, 31, &e));
    CHECK_EQ(0, n->s->msis);
    nsoc_wr(n, 0x10, 4, 0x80000000);
    CHECK(rsoc_run(n->s));
    REQUIRE(n->s->msis == 1);
    CHECK_EQ(0x40 + 31, n->s->msi[0].data);
    nsoc_close(n);
}

/* SPDX-License-Identifier: MIT */
/* The NVM Express controller under drivers that keep the order of real ones. */
#include "shim.h"

#include "nvme_soc.h"

#include <string.h>

#include "../models/common/bits.h"

/* ---- as an operating system ----------------------------------------- */

TEST_CASE(NvmeDriver, OperatingSystemOrder)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 4, 32));
    CHECK_EQ(4, n->d.queues);
    CHECK_STR("1", n->d.serial);
    CHECK_STR("iovp NVMe controller", n->d.model);
    CHECK_EQ(1, n->d.namespaces);
    CHECK_EQ(8192, n->d.blocks);
    CHECK_EQ(9, n->d.block_log2);
    CHECK_EQ(512 * 1024, n->d.mdts_bytes);
    for (unsigned i = 0; i < 200; i++) {
        uint32_t blocks = 1 + nsoc_random(n, i % 8 ? 40 : 1024);
        uint64_t lba = nsoc_random(n, 8192 - blocks + 1);
        uint64_t at = NSOC_DATA + 4ull * nsoc_random(n, 3000);
        unsigned qid = 1 + nsoc_random(n, 4);

        if (nsoc_random(n, 2)) {
            nsoc_fill(n, at, blocks * 512);
            CHECK_EQ(0, nsoc_write(n, qid, lba, blocks, at));
        } else {
            CHECK_EQ(0, nsoc_read(n, qid, lba, blocks, at));
            CHECK(nsoc_same(n, lba, blocks, at));
        }
    }
    for (uint64_t lba = 0; lba < 8192; lba += 1024) {
        CHECK_EQ(0, nsoc_read(n, 1, lba, 1024, NSOC_DATA + 0x204));
        CHECK(nsoc_same(n, lba, 1024, NSOC_DATA + 0x204));
    }
    CHECK_EQ(0, nsoc_cmd(n, 2, 0, 1, 0, 0, 0, 0));
    for (unsigned i = 1; i <= 4; i++)
        CHECK(nvmed_delete_queue(&n->d, i));
    CHECK(nvmed_shutdown(&n->d));
    CHECK(nvmed_disable(&n->d));
    CHECK_STR(NULL, n->d.error);
    /* Each completion had its interrupt, and none was left over. */
    CHECK_EQ(nsoc_count(n, "completions"), n->s->msis);
    CHECK_EQ(n->s->msis, nsoc_count(n, "interrupts"));
    CHECK_EQ(0, nsoc_count(n, "errors"));
    nsoc_close(n);
}

TEST_CASE(NvmeDriver, FirmwareOrder)
{
    struct nsoc *n = nsoc_new();

    n->cfg.block_log2 = 12;
    n->cfg.blocks = 512;
    n->cfg.mdts = 2;
    n->integrated = true;
    n->host.interrupted = NULL;
    REQUIRE(nsoc_open(n));
    REQUIRE(nvmeb_probe(&n->d, &n->host));
    CHECK_EQ(512, n->d.blocks);
    CHECK_EQ(12, n->d.block_log2);
    nsoc_fill(n, NSOC_DATA, 512 * 4096);
    memcpy(n->copy, rsoc_ram(n->s, NSOC_DATA, 512 * 4096), 512 * 4096);
    CHECK(nvmeb_rw(&n->d, true, 0, 512, NSOC_DATA));
    CHECK(nvmeb_rw(&n->d, false, 3, 509, NSOC_DATA + 0x200800));
    CHECK(nsoc_same(n, 3, 509, NSOC_DATA + 0x200800));
    CHECK(nvmeb_exit(&n->d));
    CHECK_EQ(0, n->s->msis);
    CHECK_EQ(512 * 4096, nsoc_count(n, "bytes_written"));
    CHECK_EQ(509 * 4096, nsoc_count(n, "bytes_read"));
    nsoc_close(n);
}

/* Firmware leaves it shut down but enabled; the system then takes it. */
TEST_CASE(NvmeDriver, HandOver)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_open(n));
    n->host.interrupted = NULL;
    REQUIRE(nvmeb_probe(&n->d, &n->host));
    nsoc_fill(n, NSOC_DATA, 4096);
    memcpy(n->copy, rsoc_ram(n->s, NSOC_DATA, 4096), 4096);
    CHECK(nvmeb_rw(&n->d, true, 0, 8, NSOC_DATA));
    CHECK(nvmeb_exit(&n->d));
    REQUIRE(nvmed_probe(&n->d, &n->host, 1, 64));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 8, NSOC_DATA + 0x10000));
    CHECK(nsoc_same(n, 0, 8, NSOC_DATA + 0x10000));
    nsoc_close(n);
}

/* Many in flight on every queue, completions in any order. */
TEST_CASE(NvmeDriver, DeepQueues)
{
    struct nsoc *n = nsoc_new();
    uint32_t sent[5] = {0}, got[5] = {0};
    struct nvmed_cqe e;

    n->s->timed = true;
    REQUIRE(nsoc_probe(n, 4, 16));
    nsoc_fill(n, NSOC_DATA, 64 * 4096);
    memcpy(n->copy, rsoc_ram(n->s, NSOC_DATA, 64 * 4096), 64 * 4096);
    for (unsigned i = 0; i < 4 * 64; i++) {
        unsigned qid = 1 + i % 4, slot = i / 4;
        struct nvmed_cmd c =
            nvmed_rw(&n->d, true, slot * 8, 8, NSOC_DATA + slot * 4096);

        /* 15 fit: the queue is full when one entry is free. */
        while (sent[qid] - got[qid] == 15) {
            REQUIRE(nvmed_await(&n->d, qid, &e));
            CHECK_EQ(0, e.status);
            got[qid]++;
        }
        nvmed_submit(&n->d, qid, &c);
        sent[qid]++;
    }
    for (unsigned qid = 1; qid <= 4; qid++)
        for (; got[qid] < sent[qid]; got[qid]++)
            REQUIRE(nvmed_await(&n->d, qid, &e));
    CHECK(!nvmed_poll(&n->d, 1, &e));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 512, NSOC_DATA + 0x100000));
    CHECK(nsoc_same(n, 0, 512, NSOC_DATA + 0x100000));
    CHECK(nsoc_count(n, "in_flight_max") > 32);
    nsoc_close(n);
}

/* ---- translated requests -------------------------------------------- */

#define RW (IOVP_ATS_READ | IOVP_ATS_WRITE)

/* Pages of 2 MiB for RAM, and one for interrupts. */
static bool probe_with_ats(struct nsoc *n)
{
    n->cfg.ats = true;
    n->s->iommu = true;
    if (!nsoc_open(n))
        return false;
    rsoc_enable_msix(n->s, n->fn, n->cfg.queues + 1u, 0x40);
    rsoc_enable_sva(n->s, n->fn);
    for (uint64_t at = 0; at < RSOC_RAM_SIZE; at += 0x200000)
        rsoc_map(n->s, n->fn, RSOC_NO_PASID, RSOC_RAM + at, RSOC_RAM + at, 21,
                 RW);
    rsoc_map(n->s, n->fn, RSOC_NO_PASID, RSOC_MSI, RSOC_MSI, 16, RW);
    return nvmed_probe(&n->d, &n->host, 2, 16);
}

TEST_CASE(NvmeAts, QueuesListsAndData)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(probe_with_ats(n));
    nsoc_fill(n, NSOC_DATA, 65536);
    CHECK_EQ(0, nsoc_write(n, 1, 100, 128, NSOC_DATA));
    CHECK_EQ(0, nsoc_read(n, 2, 100, 128, NSOC_DATA + 0x20004));
    CHECK(nsoc_same(n, 100, 128, NSOC_DATA + 0x20004));
    CHECK(n->s->translations > 0);
    CHECK(n->s->translated > 32);
    /* Only interrupts are untranslated. */
    CHECK_EQ(n->s->msis, n->s->untranslated);
    /* No mapping: the command fails, the controller does not. */
    CHECK_EQ(0x004, nsoc_cmd(n, 1, 2, 1, NSOC_NONE, 0, 0, 0));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    /* A completion queue without translation is fatal. */
    CHECK(nvmed_delete_queue(&n->d, 2));
    CHECK_EQ(0, nsoc_admin(n, 5, NSOC_NONE, 7 << 16 | 2, 2 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 1, n->d.q[2].sq_bus, 7 << 16 | 2, 2 << 16 | 1));
    nsoc_wr(n, 0x1010, 4, 1);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(3, nsoc_rd(n, 0x1c, 4));
    CHECK_EQ(0, n->s->violations);
    nsoc_close(n);
}

TEST_CASE(NvmeAts, InvalidatedPagesAreNotUsed)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(probe_with_ats(n));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 1, NSOC_DATA));
    rsoc_unmap(n->s, n->fn, RSOC_NO_PASID, NSOC_DATA, 21);
    CHECK(rsoc_invalidate(n->s, n->fn, RSOC_NO_PASID, NSOC_DATA, 21, false) >=
          0);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(RSOC_INV_COMPLETE, n->s->inv[0].state);
    CHECK_EQ(0x004, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0, n->s->violations);
    nsoc_close(n);
}

TEST_CASE(NvmeAts, OffAndOnAgain)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(probe_with_ats(n));
    CHECK_EQ(0, nsoc_read(n, 2, 0, 1, NSOC_DATA + 0x200000));
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_ATS, 6, 2, 0);
    n->s->translations = n->s->translated = 0;
    CHECK_EQ(0, nsoc_read(n, 1, 100, 128, NSOC_DATA));
    CHECK(nsoc_same(n, 100, 128, NSOC_DATA));
    CHECK_EQ(0, n->s->translations);
    CHECK_EQ(0, n->s->translated);
    /* What was cached before is forgotten: nobody had to invalidate it. */
    rsoc_unmap(n->s, n->fn, RSOC_NO_PASID, NSOC_DATA + 0x200000, 21);
    rsoc_enable_sva(n->s, n->fn);
    CHECK_EQ(0x004, nsoc_cmd(n, 1, 2, 1, NSOC_DATA + 0x200000, 0, 0, 0));
    nsoc_close(n);
}

/* ---- interrupts ----------------------------------------------------- */

TEST_CASE(NvmeInterrupt, PinIsALevelAndIntmsMasksIt)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    struct nvmed_cqe e;

    n->host.interrupted = NULL;
    n->integrated = true;
    REQUIRE(nsoc_open(n));
    REQUIRE(nvmed_probe(&n->d, &n->host, 1, 8));
    for (unsigned i = 0; i < 4; i++)
        CHECK(!n->s->line[i]);
    c = nvmed_cmd(6, 0, n->d.page_bus, 0);
    c.dw[10] = 1;
    nvmed_submit(&n->d, 0, &c);
    CHECK(rsoc_run(n->s));
    CHECK(n->s->line[0] || n->s->line[1] || n->s->line[2] || n->s->line[3]);
    nsoc_wr(n, 0x0c, 4, 1);
    CHECK_EQ(1, nsoc_rd(n, 0x0c, 4));
    CHECK(!n->s->line[0] && !n->s->line[1]);
    nsoc_wr(n, 0x10, 4, 1);
    CHECK(n->s->line[0] || n->s->line[1]);
    CHECK(nvmed_poll(&n->d, 0, &e));
    CHECK(!n->s->line[0] && !n->s->line[1]);
    nsoc_close(n);
}

TEST_CASE(NvmeInterrupt, MsiWaitsForIntmc)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    struct nvmed_cmd c;

    n->host.interrupted = NULL;
    REQUIRE(nsoc_open(n));
    REQUIRE(nvmed_probe(&n->d, &n->host, 1, 8));
    /* One vector, 64-bit address. */
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 4, 4, (uint32_t)RSOC_MSI);
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 12, 2, 0x55);
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_MSI, 2, 2, 1);
    c = nvmed_cmd(0, 1, 0, 0);
    nvmed_submit(&n->d, 0, &c); /* any error will do */
    CHECK(rsoc_run(n->s));
    CHECK_EQ(1, n->s->msis);
    CHECK_EQ(0x55, n->s->msi[0].data);
    CHECK(nvmed_poll(&n->d, 0, &e));
    nsoc_wr(n, 0x0c, 4, 1);
    nvmed_submit(&n->d, 0, &c);
    CHECK(rsoc_run(n->s));
    CHECK(nvmed_poll(&n->d, 0, &e));
    CHECK_EQ(1, n->s->msis);
    nsoc_wr(n, 0x10, 4, 1);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(2, n->s->msis);
    nsoc_close(n);
}

TEST_CASE(NvmeInterrupt, MsixMaskKeepsItPending)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    struct nvmed_cmd c;
    uint32_t before;

    REQUIRE(nsoc_probe(n, 2, 8));
    before = n->s->msis;
    nsoc_wr(n, 0x2000 + 16 * 2 + 12, 4, 1);
    c = nvmed_rw(&n->d, false, 0, 1, NSOC_DATA);
    nvmed_submit(&n->d, 2, &c);
    CHECK(rsoc_run(n->s));
    CHECK(nvmed_poll(&n->d, 2, &e));
    CHECK_EQ(before, n->s->msis);
    CHECK_EQ(1u << 2, nsoc_rd(n, 0x3000, 8));
    nsoc_wr(n, 0x2000 + 16 * 2 + 12, 4, 0);
    CHECK(rsoc_run(n->s));
    CHECK_EQ(before + 1, n->s->msis);
    CHECK_EQ(0x42, n->s->msi[before].data);
    nsoc_close(n);
}

/* ---- time ----------------------------------------------------------- */

/* From the doorbell to the interrupt, `count` reads of 4 KiB on queue 1. */
static uint64_t reads(struct nsoc *n, unsigned count)
{
    uint64_t begin = n->s->now;
    struct nvmed_cqe e;

    for (unsigned i = 0; i < count; i++) {
        struct nvmed_cmd c =
            nvmed_rw(&n->d, false, 8 * i, 8, NSOC_DATA + 4096 * i);

        nvmed_submit(&n->d, 1, &c);
    }
    for (unsigned i = 0; i < count; i++)
        if (!nvmed_await(&n->d, 1, &e))
            return 0;
    return n->s->now - begin;
}

TEST_CASE(NvmeTime, CommandsOverlapUpToTheBandwidth)
{
    struct nsoc *n = nsoc_new();
    uint64_t one, many;

    n->s->latency_ps = 0;
    n->s->memory_ps = 0;
    n->cfg.read_ps = 20000000;
    n->cfg.command_ps = 100000;
    n->cfg.bandwidth = 4096000000; /* 4 KiB: 1 us */
    REQUIRE(nsoc_probe(n, 1, 64));
    one = reads(n, 1);
    many = reads(n, 40);
    /* Links take no time here: latency and medium are all. */
    CHECK_EQ(21000000, one);
    CHECK_EQ(20000000 + 40 * 1000000, many);
    nsoc_close(n);
}

TEST_CASE(NvmeTime, TheControllerTakesOneCommandAtATime)
{
    struct nsoc *n = nsoc_new();

    n->s->latency_ps = 0;
    n->s->memory_ps = 0;
    n->cfg.read_ps = 1000000;
    n->cfg.command_ps = 300000;
    n->cfg.bandwidth = 0;
    REQUIRE(nsoc_probe(n, 1, 64));
    rsoc_run_until(n->s, n->s->now + 1000000000);
    CHECK_EQ(1000000 + 19 * 300000, reads(n, 20));
    nsoc_close(n);
}

/* No completion is seen before the data, whatever the link's time. */
TEST_CASE(NvmeTime, CompletionFollowsTheData)
{
    struct nsoc *n = nsoc_new();
    uint64_t last_data = 0, completion = 0, interrupt = 0;

    n->s->timed = true;
    REQUIRE(nsoc_probe(n, 1, 8));
    n->s->tlps = 0;
    CHECK_EQ(0, nsoc_read(n, 1, 0, 256, NSOC_DATA));
    for (uint32_t i = 0; i < n->s->tlps && i < RSOC_LIST; i++) {
        const struct pcie_tlp_view *v = &n->s->tlp[i];

        if (v->tlp.type != PCIE_TLP_MWR || v->function != n->fn)
            continue;
        if (v->tlp.addr >= NSOC_DATA && v->time_out > last_data)
            last_data = v->time_out;
        if (v->tlp.addr < NSOC_DATA && v->tlp.length == 16)
            completion = v->time_in;
        if (v->tlp.addr - RSOC_MSI < 0x10000)
            interrupt = v->time_in;
    }
    CHECK(last_data > 0);
    CHECK(completion >= last_data);
    CHECK(interrupt >= completion);
    nsoc_close(n);
}

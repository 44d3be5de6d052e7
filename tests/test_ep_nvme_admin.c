/* SPDX-License-Identifier: MIT */
/* Registers and admin commands of the NVM Express controller. */
#include "shim.h"

#include "nvme_soc.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"

/* ---- registers (3.1) ------------------------------------------------ */

TEST_CASE(NvmeRegs, ResetValuesAndWidths)
{
    struct nsoc *n = nsoc_new();
    /* MQES 1023, CQR, TO 20 s, NVM command set, pages up to 64 KiB */
    const uint64_t cap =
        1023 | 1ull << 16 | 40ull << 24 | 1ull << 37 | 4ull << 52;

    REQUIRE(nsoc_open(n));
    CHECK_EQ(0x010802, rsoc_cfg_rd(n->s, n->fn, 8, 4) >> 8);
    CHECK_EQ(cap, nsoc_rd(n, 0, 8));
    CHECK_EQ(cap & 0xffffffff, nsoc_rd(n, 0, 4));
    CHECK_EQ(cap >> 32, nsoc_rd(n, 4, 4));
    CHECK_EQ(0x10400, nsoc_rd(n, 8, 4));
    for (uint64_t at = 0x0c; at < 0x1000; at += 4)
        CHECK_EQ(0, nsoc_rd(n, at, 4));
    nsoc_wr(n, 0x24, 4, 0xffffffff);
    CHECK_EQ(0x0fff0fff, nsoc_rd(n, 0x24, 4));
    nsoc_wr(n, 0x28, 8, 0x123456789abcdef0);
    CHECK_EQ(0x123456789abcd000, nsoc_rd(n, 0x28, 8));
    nsoc_wr(n, 0x34, 4, 0xfedcba98);
    nsoc_wr(n, 0x30, 4, 0x76543210);
    CHECK_EQ(0xfedcba9876543000, nsoc_rd(n, 0x30, 8));
    /* What is not a doubleword is ignored. */
    nsoc_wr(n, 0x28, 2, 0xffff);
    nsoc_wr(n, 0x29, 1, 0xff);
    CHECK_EQ(0x123456789abcd000, nsoc_rd(n, 0x28, 8));
    nsoc_wr(n, 0x08, 4, 0xffffffff);
    CHECK_EQ(0x10400, nsoc_rd(n, 8, 4));
    nsoc_wr(n, 0x0c, 4, 0x5);
    nsoc_wr(n, 0x0c, 4, 0x2);
    CHECK_EQ(7, nsoc_rd(n, 0x10, 4));
    nsoc_wr(n, 0x10, 4, 0x5);
    CHECK_EQ(2, nsoc_rd(n, 0x0c, 4));
    nsoc_close(n);
}

/* CSTS.RDY follows CC.EN in ready_ps. */
TEST_CASE(NvmeRegs, ReadyTakesItsTime)
{
    struct nsoc *n = nsoc_new();
    uint64_t begin;

    n->cfg.ready_ps = 5000000;
    REQUIRE(nsoc_open(n));
    nsoc_wr(n, 0x24, 4, 0x00010001);
    nsoc_wr(n, 0x28, 8, RSOC_RAM);
    nsoc_wr(n, 0x30, 8, RSOC_RAM + 4096);
    begin = n->s->now;
    nsoc_wr(n, 0x14, 4, 0x00460001);
    CHECK(rsoc_run_until(n->s, begin + 4999999));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    CHECK(rsoc_run_until(n->s, begin + 5000000));
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    /* The admin queues stay where they are while CC.EN is 1. */
    nsoc_wr(n, 0x28, 8, RSOC_RAM + 0x10000);
    CHECK_EQ(RSOC_RAM, nsoc_rd(n, 0x28, 8));
    nsoc_wr(n, 0x14, 4, 0x00460000);
    CHECK_EQ(1, nsoc_rd(n, 0x1c, 4));
    CHECK(rsoc_run(n->s));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    /* A controller reset keeps them. */
    CHECK_EQ(RSOC_RAM, nsoc_rd(n, 0x28, 8));
    CHECK_EQ(0x00010001, nsoc_rd(n, 0x24, 4));
    /* A Function Level Reset does not. */
    nsoc_reset(n);
    CHECK_EQ(0, nsoc_rd(n, 0x28, 8));
    CHECK_EQ(0, nsoc_rd(n, 0x24, 4));
    nsoc_close(n);
}

TEST_CASE(NvmeRegs, WhatCannotStartIsFatal)
{
    static const struct {
        uint32_t cc, aqa;
        uint64_t asq;
    } bad[] = {
        {0x00460011, 0x00010001, RSOC_RAM},          /* CSS */
        {0x00460801, 0x00010001, RSOC_RAM},          /* AMS */
        {0x00460281, 0x00010001, RSOC_RAM},          /* MPS 5 */
        {0x00460081, 0x00010001, RSOC_RAM + 0x1000}, /* MPS 1: 8 KiB */
        {0x00450001, 0x00010001, RSOC_RAM},          /* IOSQES */
        {0x00560001, 0x00010001, RSOC_RAM},          /* IOCQES */
        {0x00460001, 0x00000001, RSOC_RAM},          /* ACQS */
        {0x00460001, 0x00010000, RSOC_RAM},          /* ASQS */
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct nsoc *n = nsoc_new();

        REQUIRE(nsoc_open(n));
        nsoc_wr(n, 0x24, 4, bad[i].aqa);
        nsoc_wr(n, 0x28, 8, bad[i].asq);
        nsoc_wr(n, 0x30, 8, RSOC_RAM + 0x10000);
        nsoc_wr(n, 0x14, 4, bad[i].cc);
        CHECK(rsoc_run(n->s));
        CHECK_EQ(2, nsoc_rd(n, 0x1c, 4));
        /* A reset heals it. */
        nsoc_wr(n, 0x14, 4, 0);
        CHECK(rsoc_run(n->s));
        CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
        CHECK(nvmed_probe(&n->d,
                          &(struct nvmed_host){n->host.read, n->host.write,
                                               n->host.alloc, n->host.wait,
                                               NULL, n},
                          1, 8));
        nsoc_close(n);
    }
}

TEST_CASE(NvmeRegs, ShutdownUntilTheNextReset)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    struct nvmed_cmd c;

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK(nvmed_shutdown(&n->d));
    CHECK_EQ(9, nsoc_rd(n, 0x1c, 4));
    c = nvmed_rw(&n->d, false, 0, 1, NSOC_DATA);
    nvmed_submit(&n->d, 1, &c);
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 1, &e));
    CHECK(nvmed_disable(&n->d));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    /* Also of a controller that is not enabled. */
    CHECK(nvmed_shutdown(&n->d));
    CHECK_EQ(8, nsoc_rd(n, 0x1c, 4));
    CHECK(nvmed_disable(&n->d));
    CHECK_EQ(0, nsoc_rd(n, 0x1c, 4));
    nsoc_close(n);
}

/* ---- Identify (5.15) ------------------------------------------------ */

TEST_CASE(NvmeIdentify, Controller)
{
    struct nsoc *n = nsoc_new();
    const uint8_t *p;

    strcpy(n->cfg.serial, "S-0815");
    strcpy(n->cfg.model, "0123456789012345678901234567890123456789");
    strcpy(n->cfg.firmware, "2.5");
    REQUIRE(nsoc_probe(n, 1, 8));
    p = n->d.page;
    CHECK_EQ(0, nsoc_admin(n, 6, n->d.page_bus, 1, 0));
    CHECK_EQ(rsoc_cfg_rd(n->s, n->fn, 0, 2), p[0] | p[1] << 8);
    CHECK_EQ(rsoc_cfg_rd(n->s, n->fn, 0x2c, 2), p[2] | p[3] << 8);
    CHECK_MEM("S-0815              ", p + 4, 20);
    CHECK_MEM("0123456789012345678901234567890123456789", p + 24, 40);
    CHECK_MEM("2.5     ", p + 64, 8);
    CHECK_EQ(7, p[77]);                   /* MDTS */
    CHECK_EQ(0x10400, iovp_le32(p + 80)); /* VER */
    CHECK_EQ(1, p[111]);                  /* CNTRLTYPE: I/O */
    CHECK_EQ(0, p[256] | p[257]);         /* OACS: nothing */
    CHECK_EQ(3, p[259]);                  /* AERL */
    CHECK_EQ(3, p[260]);                  /* FRMW: slot 1, read only */
    CHECK_EQ(0x66, p[512]);               /* SQES */
    CHECK_EQ(0x44, p[513]);               /* CQES */
    CHECK_EQ(1, iovp_le32(p + 516));      /* NN */
    CHECK_EQ(0x9d, p[520]);               /* ONCS */
    CHECK_EQ(0, p[522]);                  /* FUSES */
    CHECK_EQ(7, p[525]);                  /* VWC, FFFFFFFFh may be flushed */
    CHECK_EQ(0, iovp_le32(p + 536));      /* SGLS */
    CHECK_MEM("nqn.2014.08.org.nvmexpress:", p + 768, 27);
    nsoc_close(n);
}

TEST_CASE(NvmeIdentify, NamespaceAndLists)
{
    struct nsoc *n = nsoc_new();
    const uint8_t *p;

    n->cfg.block_log2 = 12;
    n->cfg.blocks = 100;
    n->cfg.eui64 = 0x0123456789abcdef;
    REQUIRE(nsoc_probe(n, 1, 8));
    p = n->d.page;
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, 0, 0, 0));
    CHECK_EQ(100, iovp_le64(p));      /* NSZE */
    CHECK_EQ(100, iovp_le64(p + 8));  /* NCAP */
    CHECK_EQ(100, iovp_le64(p + 16)); /* NUSE */
    CHECK_EQ(0, p[25]);               /* one format */
    CHECK_EQ(409600, iovp_le64(p + 48));
    CHECK_EQ(0x000c0000, iovp_le32(p + 128));
    CHECK_MEM("\x01\x23\x45\x67\x89\xab\xcd\xef", p + 120, 8);
    /* The descriptor list: EUI-64, then nothing. */
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, 3, 0, 0));
    CHECK_MEM("\x01\x08\0\0\x01\x23\x45\x67\x89\xab\xcd\xef\0\0\0\0", p, 16);
    /* Active namespaces above 0, above 1. */
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 0, n->d.page_bus, 2, 0, 0));
    CHECK_EQ(1, iovp_le64(p));
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, 2, 0, 0));
    CHECK_EQ(0, iovp_le64(p));
    CHECK_EQ(0x00b, nsoc_cmd(n, 0, 6, 0xfffffffe, n->d.page_bus, 2, 0, 0));
    for (uint32_t cns = 0; cns <= 3; cns += 3) {
        CHECK_EQ(0x00b, nsoc_cmd(n, 0, 6, 0, n->d.page_bus, cns, 0, 0));
        CHECK_EQ(0x00b, nsoc_cmd(n, 0, 6, 2, n->d.page_bus, cns, 0, 0));
        CHECK_EQ(0x00b, nsoc_cmd(n, 0, 6, ~0u, n->d.page_bus, cns, 0, 0));
    }
    for (uint32_t cns = 4; cns < 256; cns++)
        CHECK_EQ(0x002, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, cns, 0, 0));
    /* Across a page: the rest is at PRP2. */
    CHECK_EQ(0x013, nsoc_cmd(n, 0, 6, 1, n->d.page_bus + 2, 0, 0, 0));
    nsoc_close(n);
}

/* ---- queues (5.3 to 5.6) -------------------------------------------- */

TEST_CASE(NvmeQueues, CreateRefusesByStatus)
{
    struct nsoc *n = nsoc_new();

    n->cfg.queue_entries = 64;
    REQUIRE(nsoc_probe(n, 2, 8));
    /* Completion queues: identifier, size, address, vector, not contiguous. */
    CHECK_EQ(0x101, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 0, 1));
    CHECK_EQ(0x101, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 1, 1));
    CHECK_EQ(0x101, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 3, 1));
    CHECK_EQ(0x101, nsoc_admin(n, 5, RSOC_RAM, 7u << 16 | 0xffff, 1));
    CHECK(nvmed_delete_queue(&n->d, 2));
    CHECK_EQ(0x102, nsoc_admin(n, 5, RSOC_RAM, 0 << 16 | 2, 1));
    CHECK_EQ(0x102, nsoc_admin(n, 5, RSOC_RAM, 64 << 16 | 2, 1));
    CHECK_EQ(0x102, nsoc_admin(n, 5, RSOC_RAM, 0xffffu << 16 | 2, 1));
    CHECK_EQ(0x013, nsoc_admin(n, 5, RSOC_RAM + 64, 7 << 16 | 2, 1));
    CHECK_EQ(0x108, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 2, 9 << 16 | 3));
    CHECK_EQ(0x108, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 2, 0xffffu << 16 | 3));
    CHECK_EQ(0x002, nsoc_admin(n, 5, RSOC_RAM, 7 << 16 | 2, 2));
    CHECK_EQ(0,
             nsoc_admin(n, 5, RSOC_RAM + 0x700000, 63 << 16 | 2, 8 << 16 | 3));
    /* Submission queues: the same, and the completion queue. */
    CHECK_EQ(0x101, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 0, 2 << 16 | 1));
    CHECK_EQ(0x101, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 1, 2 << 16 | 1));
    CHECK_EQ(0x101, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 3, 2 << 16 | 1));
    CHECK_EQ(0x101, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 2, 0 << 16 | 1));
    CHECK_EQ(0x101, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 2, 3 << 16 | 1));
    CHECK_EQ(0x102, nsoc_admin(n, 1, RSOC_RAM, 0 << 16 | 2, 2 << 16 | 1));
    CHECK_EQ(0x102, nsoc_admin(n, 1, RSOC_RAM, 64 << 16 | 2, 2 << 16 | 1));
    CHECK_EQ(0x013, nsoc_admin(n, 1, RSOC_RAM + 1, 7 << 16 | 2, 2 << 16 | 1));
    CHECK_EQ(0x002, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 2, 2 << 16));
    /* Deletion: in use, twice, the admin queue's. */
    CHECK_EQ(0x10c, nsoc_admin(n, 4, 0, 1, 0));
    CHECK_EQ(0x101, nsoc_admin(n, 4, 0, 0, 0));
    CHECK_EQ(0x101, nsoc_admin(n, 0, 0, 0, 0));
    CHECK_EQ(0x101, nsoc_admin(n, 0, 0, 2, 0));
    CHECK_EQ(0x101, nsoc_admin(n, 0, 0, 0xffff, 0));
    CHECK_EQ(0, nsoc_admin(n, 4, 0, 2, 0));
    CHECK_EQ(0x101, nsoc_admin(n, 4, 0, 2, 0));
    CHECK_EQ(0x100, nsoc_admin(n, 1, RSOC_RAM, 7 << 16 | 2, 2 << 16 | 1));
    nsoc_close(n);
}

/* Two submission queues share a completion queue. */
TEST_CASE(NvmeQueues, SharedCompletionQueue)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    struct nvmed_cqe e;

    REQUIRE(nsoc_probe(n, 2, 8));
    CHECK(nvmed_delete_queue(&n->d, 2));
    n->d.q[2].tail = 0;
    CHECK_EQ(0, nsoc_admin(n, 1, n->d.q[2].sq_bus, 7 << 16 | 2, 1 << 16 | 1));
    c = nvmed_rw(&n->d, false, 0, 1, NSOC_DATA);
    nvmed_submit(&n->d, 2, &c);
    REQUIRE(nvmed_await(&n->d, 1, &e));
    CHECK_EQ(2, e.sqid);
    CHECK_EQ(1, e.sq_head);
    CHECK_EQ(0x10c, nsoc_admin(n, 4, 0, 1, 0));
    CHECK_EQ(0, nsoc_admin(n, 0, 0, 1, 0));
    CHECK_EQ(0x10c, nsoc_admin(n, 4, 0, 1, 0));
    CHECK_EQ(0, nsoc_admin(n, 0, 0, 2, 0));
    CHECK_EQ(0, nsoc_admin(n, 4, 0, 1, 0));
    nsoc_close(n);
}

/* One command of each queue in turn, however many wait in one. */
TEST_CASE(NvmeQueues, RoundRobin)
{
    static const uint32_t order[] = {0x41, 0x42, 0x43, 0x41, 0x42, 0x41, 0x41};
    static const unsigned commands[] = {4, 2, 1};
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    uint64_t before;

    REQUIRE(nsoc_probe(n, 3, 8));
    /* The first queue after the admin queue, which was served last. */
    before = n->s->msis;
    for (unsigned q = 3; q; q--)
        for (unsigned i = 0; i < commands[q - 1]; i++) {
            c = nvmed_rw(&n->d, false, i, 1, NSOC_DATA);
            nvmed_submit(&n->d, q, &c);
        }
    CHECK(rsoc_run(n->s));
    CHECK_EQ(before + 7, n->s->msis);
    for (unsigned i = 0; i < 7; i++)
        CHECK_EQ(order[i], n->s->msi[before + i].data);
    nsoc_close(n);
}

/* What is in flight when its queue is deleted is completed before. */
TEST_CASE(NvmeQueues, DeletionWithCommandsInFlight)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cmd c;
    struct nvmed_cqe e;

    n->cfg.read_ps = 1000000000;
    n->host.interrupted = NULL;
    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned i = 0; i < 5; i++) {
        c = nvmed_rw(&n->d, false, i, 1, NSOC_DATA + 512 * i);
        nvmed_submit(&n->d, 1, &c);
    }
    CHECK(rsoc_run_until(n->s, n->s->now + 100000000));
    CHECK(!nvmed_poll(&n->d, 1, &e));
    CHECK_EQ(0, nsoc_admin(n, 0, 0, 1, 0));
    for (unsigned i = 0; i < 5; i++)
        CHECK(nvmed_poll(&n->d, 1, &e));
    CHECK_EQ(0, nsoc_admin(n, 4, 0, 1, 0));
    CHECK(rsoc_run(n->s));
    nsoc_close(n);
}

/* ---- others --------------------------------------------------------- */

TEST_CASE(NvmeAdmin, OtherCommandsAndFlags)
{
    static const uint8_t have[] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12};
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned op = 0; op < 256; op++)
        if (!memchr(have, (int)op, sizeof(have)))
            CHECK_EQ(0x001, nsoc_admin(n, (uint8_t)op, 0, 0, 0));
    for (unsigned flag = 1; flag < 256; flag *= 2) {
        struct nvmed_cmd c = nvmed_cmd(6, 1, n->d.page_bus, 0);
        int s;

        c.dw[0] |= flag << 8;
        s = nvmed_sync(&n->d, 0, &c, NULL);
        CHECK_EQ(flag & 0xc3 ? 0x4002 : 0, s & 0x47ff); /* with DNR */
        CHECK_EQ(flag & 0xc3 ? 1 : 0, s >> 13 & 1);     /* More */
    }
    nsoc_close(n);
}

TEST_CASE(NvmeAdmin, IllegalConfigurationsAreRefused)
{
    static const struct nvme_storage_ops none = {.size = sizeof(none)};
    struct nvme_config c;

#define REFUSED(field, value)              \
    nvme_class.defaults(&c);               \
    CHECK_STR(NULL, nvme_class.check(&c)); \
    c.field = (value);                     \
    CHECK(nvme_class.check(&c) != NULL)
    REFUSED(queues, 0);
    REFUSED(queues, 65);
    REFUSED(queue_entries, 1);
    REFUSED(queue_entries, 65537);
    REFUSED(mdts, 0);
    REFUSED(mdts, 9);
    REFUSED(mpsmax, 5);
    REFUSED(blocks, 0);
    REFUSED(blocks, (1ull << 50) + 1);
    REFUSED(block_log2, 8);
    REFUSED(block_log2, 13);
    REFUSED(ready_ps, 10000000000001ull);
    REFUSED(bandwidth, (1ull << 50) + 1);
    nvme_class.defaults(&c);
    c.ats = true;
    CHECK_STR(NULL, nvme_class.check(&c));
    c.atc.cache.ways = 3;
    CHECK(nvme_class.check(&c) != NULL);
    REFUSED(serial[0], 0);
    REFUSED(model[1], 7);
    REFUSED(firmware[0], (char)0x80);
    REFUSED(storage, &none);
    memset(c.serial, 'a', sizeof(c.serial));
    CHECK(nvme_class.check(&c) != NULL);
}

/* ---- memory --------------------------------------------------------- */

struct scarce {
    unsigned left, blocks;
};

static void *scarce_alloc(void *opaque, uint64_t bytes)
{
    struct scarce *s = (struct scarce *)opaque;

    if (!s->left)
        return NULL;
    s->left--;
    s->blocks++;
    return malloc((size_t)bytes);
}

static void scarce_free(void *opaque, void *block)
{
    ((struct scarce *)opaque)->blocks--;
    free(block);
}

TEST_CASE(NvmeAdmin, MemoryThatRunsOut)
{
    struct nvme_config c;
    unsigned n;

    nvme_class.defaults(&c);
    c.ats = true;
    for (n = 0; n < 32; n++) {
        struct scarce s = {.left = n};
        const struct iovp_heap heap = {scarce_alloc, scarce_free, &s};
        void *self = nvme_class.create(&c, NULL, &heap);

        if (self)
            nvme_class.destroy(self);
        CHECK_EQ(0, s.blocks);
        if (self)
            break;
    }
    CHECK(n >= 3 && n < 32);
}

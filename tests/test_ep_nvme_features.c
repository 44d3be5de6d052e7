/* SPDX-License-Identifier: MIT */
/* Features, logs and asynchronous events of the NVM Express controller. */
#include "shim.h"

#include "nvme_soc.h"

#include <string.h>

#include "../models/common/bits.h"

/* ---- features (5.21) ------------------------------------------------ */

static int get(struct nsoc *n, uint32_t dw10, uint32_t dw11, uint32_t *value)
{
    struct nvmed_cmd c = nvmed_cmd(0x0a, 0, n->d.page_bus, 0);

    c.dw[10] = dw10;
    c.dw[11] = dw11;
    return NVMED_SC(nvmed_sync(&n->d, 0, &c, value));
}

TEST_CASE(NvmeFeatures, ValuesDefaultsAndCapabilities)
{
    /* fid, written, read back */
    static const struct {
        uint32_t fid, write, read, initial;
    } table[] = {
        {0x01, 0x01020307, 0x01020307, 0}, {0x02, 0x000000e0, 0xe0, 0},
        {0x04, 0x00000150, 0x150, 343},    {0x06, 0xfffffffe, 0, 1},
        {0x08, 0x1234abcd, 0xabcd, 0},     {0x09, 0x00010003, 0x10003, 3},
        {0x0a, 0x00000001, 1, 0},          {0x0b, 0x000001ff, 0x1ff, 0},
    };
    struct nsoc *n = nsoc_new();
    uint32_t v = 0;

    REQUIRE(nsoc_probe(n, 1, 8));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t fid = table[i].fid, sel = fid == 9 ? 3 : 0;

        CHECK_EQ(0, nsoc_admin(n, 9, 0, fid, table[i].write));
        CHECK_EQ(0, get(n, fid, sel, &v));
        CHECK_EQ(table[i].read, v);
        CHECK_EQ(0, get(n, fid | 1 << 8, sel, &v));
        CHECK_EQ(table[i].initial, v);
        CHECK_EQ(0, get(n, fid | 2 << 8, sel, &v));
        CHECK_EQ(table[i].initial, v);
        CHECK_EQ(0, get(n, fid | 3 << 8, sel, &v));
        CHECK_EQ(4, v);
        CHECK_EQ(0x002, get(n, fid | 4 << 8, sel, &v));
        /* Not saveable, not of a namespace. */
        CHECK_EQ(0x10d, nsoc_admin(n, 9, 0, fid | 1u << 31, 0));
        CHECK_EQ(0x10f, nsoc_cmd(n, 0, 9, 1, 0, fid, 0, 0));
        CHECK_EQ(0x00b, nsoc_cmd(n, 0, 9, 2, 0, fid, 0, 0));
    }
    /* Error Recovery is the namespace's. */
    CHECK_EQ(0, nsoc_cmd(n, 0, 9, 1, 0, 5, 7, 0));
    CHECK_EQ(0x00b, nsoc_cmd(n, 0, 9, 0, 0, 5, 7, 0));
    /* What is not there. */
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x00, 0));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x03, 0));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x0c, 0));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0xff, 0));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x02, 1));       /* power state 1 */
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x09, 9));       /* vector 9 */
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x04, 1 << 16)); /* sensor 1 */
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 0x04, 2 << 20)); /* type 2 */
    nsoc_close(n);
}

TEST_CASE(NvmeFeatures, NumberOfQueues)
{
    struct nsoc *n = nsoc_new();
    uint32_t v = 0;

    n->cfg.queues = 5;
    REQUIRE(nsoc_probe(n, 2, 8));
    CHECK_EQ(0, get(n, 7, 0, &v));
    CHECK_EQ(0x00010001, v);
    CHECK_EQ(0, get(n, 7 | 1 << 8, 0, &v));
    CHECK_EQ(0x00040004, v);
    /* Not after I/O queues are there. */
    CHECK_EQ(0x00c, nsoc_admin(n, 9, 0, 7, 0));
    CHECK(nvmed_delete_queue(&n->d, 1));
    CHECK(nvmed_delete_queue(&n->d, 2));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 7, 0xffff));
    CHECK_EQ(0x002, nsoc_admin(n, 9, 0, 7, 0xffff0000));
    CHECK_EQ(0, nsoc_admin(n, 9, 0, 7, 0xfffe0000));
    CHECK_EQ(0, get(n, 7, 0, &v));
    CHECK_EQ(0x00040004, v);
    nsoc_close(n);
}

TEST_CASE(NvmeFeatures, HostIdentifier)
{
    struct nsoc *n = nsoc_new();
    uint8_t id[16];

    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned i = 0; i < 16; i++)
        id[i] = n->d.page[i] = (uint8_t)(i + 1);
    CHECK_EQ(0, nsoc_admin(n, 9, n->d.page_bus, 0x81, 1));
    memset(n->d.page, 0, 16);
    CHECK_EQ(0, nsoc_admin(n, 10, n->d.page_bus, 0x81, 1));
    CHECK_MEM(id, n->d.page, 16);
    memset(n->d.page, 0, 16);
    CHECK_EQ(0, nsoc_admin(n, 10, n->d.page_bus, 0x81, 0));
    CHECK_MEM(id, n->d.page, 8);
    CHECK_EQ(0, n->d.page[8]);
    nsoc_close(n);
}

/* ---- logs (5.14) ---------------------------------------------------- */

static int get_log(struct nsoc *n, uint32_t id, uint32_t bytes, uint64_t offset)
{
    struct nvmed_cmd c = nvmed_cmd(2, ~0u, 0, 0);

    nvmed_map(&n->d, &c, NSOC_DATA, bytes);
    c.dw[10] = id | (bytes / 4 - 1) << 16;
    c.dw[11] = (bytes / 4 - 1) >> 16;
    c.dw[12] = (uint32_t)offset;
    c.dw[13] = (uint32_t)(offset >> 32);
    return NVMED_SC(nvmed_sync(&n->d, 0, &c, NULL));
}

TEST_CASE(NvmeLog, Pages)
{
    struct nsoc *n = nsoc_new();
    const uint8_t *p;

    REQUIRE(nsoc_probe(n, 1, 8));
    p = rsoc_ram(n->s, NSOC_DATA, 8192);
    nsoc_fill(n, NSOC_DATA + 0x10000, 65536);
    for (unsigned i = 0; i < 10; i++)
        CHECK_EQ(0, nsoc_write(n, 1, 0, 128, NSOC_DATA + 0x10000));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 1, NSOC_DATA));
    /* Errors: a command that failed, the newest first. */
    CHECK_EQ(0x002, nsoc_cmd(n, 0, 6, 1, 0, 0x77, 0, 0));
    CHECK_EQ(0x080, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 8192, 0, 0));
    CHECK_EQ(0, get_log(n, 1, 256, 0));
    CHECK_EQ(2, iovp_le64(p));
    CHECK_EQ(1, p[8]);                        /* SQID */
    CHECK_EQ(0x080 << 1, p[12] | p[13] << 8); /* status */
    CHECK_EQ(8192, iovp_le64(p + 16));        /* LBA */
    CHECK_EQ(1, iovp_le32(p + 24));           /* NSID */
    CHECK_EQ(1, iovp_le64(p + 64));
    CHECK_EQ(0x002 << 1, p[64 + 12] | p[64 + 13] << 8);
    CHECK_EQ(0, iovp_le64(p + 128));
    /* From the second entry on. */
    CHECK_EQ(0, get_log(n, 1, 64, 64));
    CHECK_EQ(1, iovp_le64(p));
    /* SMART: 10 * 128 + 0 blocks are 2 thousands, rounded up. */
    CHECK_EQ(0, get_log(n, 2, 512, 0));
    CHECK_EQ(0, p[0]);
    CHECK_EQ(313, p[1] | p[2] << 8);
    CHECK_EQ(100, p[3]);
    CHECK_EQ(1, iovp_le64(p + 32));
    CHECK_EQ(2, iovp_le64(p + 48));
    CHECK_EQ(2, iovp_le64(p + 64));
    CHECK_EQ(10, iovp_le64(p + 80));
    CHECK_EQ(2, iovp_le64(p + 176));
    /* Firmware: slot 1 runs. */
    CHECK_EQ(0, get_log(n, 3, 512, 0));
    CHECK_EQ(1, p[0]);
    CHECK_MEM("1.0     ", p + 8, 8);
    CHECK_EQ(0, get_log(n, 4, 4096, 0));
    CHECK_EQ(0, iovp_le32(p));
    /* Effects: Identify and Write are there, Format is not. */
    CHECK_EQ(0, get_log(n, 5, 4096, 0));
    CHECK_EQ(1, iovp_le32(p + 4 * 6));
    CHECK_EQ(0, iovp_le32(p + 4 * 0x80));
    CHECK_EQ(3, iovp_le32(p + 1024 + 4 * 1));
    CHECK_EQ(1, iovp_le32(p + 1024 + 4 * 2));
    nsoc_close(n);
}

TEST_CASE(NvmeLog, GuestChosenSizesAndOffsets)
{
    struct nsoc *n = nsoc_new();

    n->cfg.mdts = 1;
    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK_EQ(0x109, get_log(n, 0x00, 64, 0));
    CHECK_EQ(0x109, get_log(n, 0x06, 64, 0));
    CHECK_EQ(0x109, get_log(n, 0xff, 64, 0));
    CHECK_EQ(0, get_log(n, 2, 8192, 0));
    CHECK_EQ(0x002, get_log(n, 2, 8196, 0));
    CHECK_EQ(0x002, nsoc_admin(n, 2, NSOC_DATA, 2 | 0xffffu << 16, 0xffff));
    CHECK_EQ(0, get_log(n, 2, 4, 512));
    CHECK_EQ(0x002, get_log(n, 2, 4, 516));
    CHECK_EQ(0x002, get_log(n, 2, 4, 2));
    CHECK_EQ(0x002, get_log(n, 2, 4, 1ull << 63));
    CHECK_EQ(0x002, nsoc_cmd(n, 0, 2, 1, NSOC_DATA, 2, 0, 0));
    nsoc_close(n);
}

/* ---- events, Abort (5.1, 5.2) --------------------------------------- */

static uint16_t request_event(struct nsoc *n)
{
    struct nvmed_cmd c = nvmed_cmd(0x0c, 0, 0, 0);

    return nvmed_submit(&n->d, 0, &c);
}

TEST_CASE(NvmeEvents, InvalidDoorbells)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    uint16_t cid;

    REQUIRE(nsoc_probe(n, 1, 8));
    cid = request_event(n);
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 0, &e));
    /* A tail beyond the queue: log page 1, info 1, error. */
    nsoc_wr(n, 0x1008, 4, 8);
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(cid, e.cid);
    CHECK_EQ(0, e.status);
    CHECK_EQ(0x00010100, e.result);
    /* The next of its type waits until the log is read. */
    request_event(n);
    nsoc_wr(n, 0x1010, 4, 1); /* queue 2 is not there */
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 0, &e));
    CHECK_EQ(0, get_log(n, 1 | 1 << 15, 64, 0)); /* RAE */
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 0, &e));
    {
        struct nvmed_cmd c = nvmed_cmd(2, ~0u, NSOC_DATA, 0);

        c.dw[10] = 1 | 15 << 16;
        nvmed_submit(&n->d, 0, &c);
    }
    CHECK(rsoc_run(n->s));
    REQUIRE(nvmed_poll(&n->d, 0, &e));
    CHECK_EQ(0, e.result);
    REQUIRE(nvmed_poll(&n->d, 0, &e));
    CHECK_EQ(0x00010000, e.result);
    CHECK_EQ(2, nsoc_count(n, "async_events"));
    nsoc_close(n);
}

/* A completion queue's head may not overtake its tail. */
TEST_CASE(NvmeEvents, InvalidHead)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 1, NSOC_DATA));
    request_event(n);
    nsoc_wr(n, 0x100c, 4, 2);
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(0x00010100, e.result);
    /* It has not moved: the queue goes on. */
    for (unsigned i = 0; i < 20; i++)
        CHECK_EQ(0, nsoc_read(n, 1, i, 1, NSOC_DATA));
    nsoc_close(n);
}

TEST_CASE(NvmeEvents, TemperatureIfItIsConfigured)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;

    REQUIRE(nsoc_probe(n, 1, 8));
    CHECK_EQ(0, nsoc_admin(n, 9, 0, 0x0b, 0));
    CHECK_EQ(0, nsoc_admin(n, 9, 0, 4, 313)); /* over threshold: 313 K */
    request_event(n);
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 0, &e));
    CHECK_EQ(0, get_log(n, 2, 512, 0));
    CHECK_EQ(2, rsoc_ram_rd(n->s, NSOC_DATA, 1));
    CHECK_EQ(0, nsoc_admin(n, 9, 0, 0x0b, 2));
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(0x00020101, e.result);
    nsoc_close(n);
}

TEST_CASE(NvmeEvents, LimitAndAbort)
{
    struct nsoc *n = nsoc_new();
    struct nvmed_cqe e;
    struct nvmed_cmd c;
    uint16_t cid[5];
    uint32_t v = 9;

    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned i = 0; i < 4; i++)
        cid[i] = request_event(n);
    CHECK(rsoc_run(n->s));
    CHECK(!nvmed_poll(&n->d, 0, &e));
    cid[4] = request_event(n);
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(cid[4], e.cid);
    CHECK_EQ(0x105, NVMED_SC(e.status));
    /* Abort the second: its completion, and that of Abort. */
    c = nvmed_cmd(8, 0, 0, 0);
    c.dw[10] = (uint32_t)cid[1] << 16;
    nvmed_submit(&n->d, 0, &c);
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(cid[1], e.cid);
    CHECK_EQ(0x007, NVMED_SC(e.status));
    REQUIRE(nvmed_await(&n->d, 0, &e));
    CHECK_EQ(0, e.status);
    CHECK_EQ(0, e.result);
    /* There is nothing more to abort with that identifier. */
    CHECK_EQ(0, nvmed_sync(&n->d, 0, &c, &v));
    CHECK_EQ(1, v);
    c.dw[10] = 77u << 16 | 1;
    CHECK_EQ(0, nvmed_sync(&n->d, 0, &c, &v));
    CHECK_EQ(1, v);
    nsoc_close(n);
}

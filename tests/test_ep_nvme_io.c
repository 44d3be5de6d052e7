/* SPDX-License-Identifier: MIT */
/* NVM commands, PRP entries and storage of the NVM Express controller. */
#include "shim.h"

#include "nvme_soc.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"

/* ---- PRP entries (4.3) ---------------------------------------------- */

static int read_prp(struct nsoc *n, uint32_t blocks, uint64_t prp1,
                    uint64_t prp2)
{
    struct nvmed_cmd c = nvmed_cmd(2, 1, prp1, prp2);
    int s;

    c.dw[12] = blocks - 1;
    s = nvmed_sync(&n->d, 1, &c, NULL);
    return s < 0 ? s : NVMED_SC(s);
}

TEST_CASE(NvmePrp, Offsets)
{
    struct nsoc *n = nsoc_new();
    const uint64_t list = RSOC_RAM + 0x7f0000, data = NSOC_DATA;

    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned i = 0; i < 16; i++)
        rsoc_ram_wr(n->s, list + 8 * i, 8, data + 4096 * i);
    /* The first may be any doubleword. */
    CHECK_EQ(0, read_prp(n, 1, data + 0xc04, 0));
    CHECK_EQ(0x013, read_prp(n, 1, data + 2, 0));
    CHECK_EQ(0x013, read_prp(n, 1, data + 1, 0));
    /* The second begins a page. */
    CHECK_EQ(0, read_prp(n, 2, data + 0xe00, data + 0x1000));
    CHECK_EQ(0x013, read_prp(n, 2, data + 0xe00, data + 0x1004));
    /* 16 blocks from the middle of a page: three pages, so a list. */
    CHECK_EQ(0, read_prp(n, 16, data + 0x800, list));
    CHECK_EQ(0, read_prp(n, 16, data + 0x800, list + 8));
    CHECK_EQ(0x013, read_prp(n, 16, data + 0x800, list + 4));
    /* Exactly two pages: no list. */
    CHECK_EQ(0, read_prp(n, 16, data, data + 0x1000));
    CHECK_EQ(0x013, read_prp(n, 16, data, list + 8));
    rsoc_ram_wr(n->s, list + 8, 8, data + 0x1010);
    CHECK_EQ(0x013, read_prp(n, 24, data, list));
    nsoc_close(n);
}

/* A list that begins in the last entry of its page, and goes on elsewhere. */
TEST_CASE(NvmePrp, ListsAreChained)
{
    struct nsoc *n = nsoc_new();
    const uint64_t list = RSOC_RAM + 0x700000, next = list + 0x4000;

    REQUIRE(nsoc_probe(n, 1, 8));
    nsoc_fill(n, NSOC_DATA, 64 * 512);
    CHECK_EQ(0, nsoc_write(n, 1, 0, 64, NSOC_DATA));
    /* Pages in reverse order. */
    for (unsigned i = 0; i < 7; i++)
        rsoc_ram_wr(n->s, next + 8 * i, 8, NSOC_DATA + 0x16000 - 0x1000 * i);
    rsoc_ram_wr(n->s, list + 0xff8, 8, next);
    CHECK_EQ(0, read_prp(n, 64, NSOC_DATA + 0x20000, list + 0xff8));
    CHECK(nsoc_same(n, 0, 8, NSOC_DATA + 0x20000));
    for (unsigned i = 0; i < 7; i++)
        CHECK(nsoc_same(n, 8 + 8 * i, 8, NSOC_DATA + 0x16000 - 0x1000 * i));
    /* If one page is left, the last entry is its address. */
    rsoc_ram_wr(n->s, list + 0xff0, 8, NSOC_DATA + 0x31000);
    rsoc_ram_wr(n->s, list + 0xff8, 8, NSOC_DATA + 0x33000);
    CHECK_EQ(0, read_prp(n, 24, NSOC_DATA + 0x30000, list + 0xff0));
    CHECK(nsoc_same(n, 8, 8, NSOC_DATA + 0x31000));
    CHECK(nsoc_same(n, 16, 8, NSOC_DATA + 0x33000));
    /* Two pages need no list. */
    CHECK_EQ(0, read_prp(n, 16, NSOC_DATA + 0x30000, NSOC_DATA + 0x31000));
    CHECK_EQ(0, read_prp(n, 15, NSOC_DATA + 0x30200, NSOC_DATA + 0x31000));
    CHECK(nsoc_same(n, 0, 7, NSOC_DATA + 0x30200));
    CHECK(nsoc_same(n, 7, 8, NSOC_DATA + 0x31000));
    nsoc_close(n);
}

/* The largest transfer, by memory pages of 4 and of 64 KiB. */
TEST_CASE(NvmePrp, LargestTransfer)
{
    struct nsoc *n = nsoc_new();
    const uint64_t data = NSOC_DATA;
    uint64_t list = RSOC_RAM + 0x740000;

    n->cfg.mdts = 8;
    REQUIRE(nsoc_probe(n, 1, 8));
    nsoc_fill(n, data, 1 << 20);
    CHECK_EQ(0, nsoc_write(n, 1, 0, 2048, data));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 2048, data + 0x200204));
    CHECK(nsoc_same(n, 0, 2048, data + 0x200204));
    CHECK_EQ(0x002, nsoc_read(n, 1, 0, 2049, data) & 0x7ff);
    /* CC.MPS 4 */
    CHECK(nvmed_disable(&n->d));
    nsoc_wr(n, 0x28, 8, RSOC_RAM + 0x10000);
    nsoc_wr(n, 0x30, 8, RSOC_RAM + 0x20000);
    memset(rsoc_ram(n->s, RSOC_RAM, 0x60000), 0, 0x60000);
    nsoc_wr(n, 0x14, 4, 0x00460201);
    CHECK(rsoc_run(n->s));
    n->d.q[0] =
        (struct nvmed_queue){.sq = rsoc_ram(n->s, RSOC_RAM + 0x10000, 1),
                             .cq = rsoc_ram(n->s, RSOC_RAM + 0x20000, 1),
                             .depth = 32,
                             .phase = 1};
    n->d.q[1] =
        (struct nvmed_queue){.sq = rsoc_ram(n->s, RSOC_RAM + 0x30000, 1),
                             .cq = rsoc_ram(n->s, RSOC_RAM + 0x40000, 1),
                             .depth = 8,
                             .phase = 1,
                             .vector = 1};
    CHECK_EQ(0x013,
             nsoc_admin(n, 5, RSOC_RAM + 0x41000, 7 << 16 | 1, 1 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 5, RSOC_RAM + 0x40000, 7 << 16 | 1, 1 << 16 | 3));
    CHECK_EQ(0, nsoc_admin(n, 1, RSOC_RAM + 0x30000, 7 << 16 | 1, 1 << 16 | 1));
    for (unsigned i = 0; i < 16; i++)
        rsoc_ram_wr(n->s, list + 8 * i, 8,
                    data + 0x300000 + 0x10000 * (15 - i));
    CHECK_EQ(0, read_prp(n, 2048, data + 0x408000, list));
    CHECK(nsoc_same(n, 0, 64, data + 0x408000));
    for (unsigned i = 0; i < 15; i++)
        CHECK(nsoc_same(n, 64 + 128 * i, 128,
                        data + 0x300000 + 0x10000 * (15 - i)));
    nsoc_close(n);
}

/* ---- commands (6) --------------------------------------------------- */

TEST_CASE(NvmeIo, BlocksAndNamespacesAreChecked)
{
    static const uint8_t ops[] = {1, 2, 5, 8, 12};
    static const uint32_t nsid[] = {0, 2, 0xfffffffe, 0xffffffff};
    struct nsoc *n = nsoc_new();

    n->cfg.blocks = 5000;
    REQUIRE(nsoc_probe(n, 1, 8));
    for (size_t i = 0; i < sizeof(ops); i++) {
        uint8_t op = ops[i];

        for (unsigned k = 0; k < 4; k++)
            CHECK_EQ(0x00b, nsoc_cmd(n, 1, op, nsid[k], NSOC_DATA, 0, 0, 0));
        CHECK_EQ(0, nsoc_cmd(n, 1, op, 1, NSOC_DATA, 4999, 0, 0));
        CHECK_EQ(0x080, nsoc_cmd(n, 1, op, 1, NSOC_DATA, 4999, 0, 1));
        CHECK_EQ(0x080, nsoc_cmd(n, 1, op, 1, NSOC_DATA, 5000, 0, 0));
        CHECK_EQ(0x080, nsoc_cmd(n, 1, op, 1, NSOC_DATA, 0, 1, 0));
        CHECK_EQ(0x080, nsoc_cmd(n, 1, op, 1, NSOC_DATA, ~0u, ~0u, 0));
        CHECK_EQ(0x080, nsoc_cmd(n, 1, op, 1, NSOC_DATA, 0, 1u << 23, 0));
        CHECK_EQ(0x002, nsoc_cmd(n, 1, 1, 1, NSOC_DATA, 0, 0, 1024));
    }
    CHECK_EQ(0, nsoc_cmd(n, 1, 0, 1, 0, 0, 0, 0));
    CHECK_EQ(0, nsoc_cmd(n, 1, 0, ~0u, 0, 0, 0, 0));
    CHECK_EQ(0x00b, nsoc_cmd(n, 1, 0, 0, 0, 0, 0, 0));
    CHECK_EQ(0x00b, nsoc_cmd(n, 1, 9, ~0u, NSOC_DATA, 0, 4, 0));
    for (unsigned op = 0; op < 256; op++)
        if (!memchr(ops, (int)op, sizeof(ops)) && op != 0 && op != 9)
            CHECK_EQ(0x001, nsoc_cmd(n, 1, (uint8_t)op, 1, 0, 0, 0, 0));
    nsoc_close(n);
}

TEST_CASE(NvmeIo, WriteZeroesCompareVerify)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    nsoc_fill(n, NSOC_DATA, 4096);
    CHECK_EQ(0, nsoc_write(n, 1, 8, 8, NSOC_DATA));
    CHECK_EQ(0, nsoc_cmd(n, 1, 5, 1, NSOC_DATA, 8, 0, 7));
    rsoc_ram(n->s, NSOC_DATA + 4095, 1)[0] ^= 1;
    CHECK_EQ(0x285, nsoc_cmd(n, 1, 5, 1, NSOC_DATA, 8, 0, 7));
    CHECK_EQ(0, nsoc_cmd(n, 1, 5, 1, NSOC_DATA, 8, 0, 6));
    CHECK_EQ(0, nsoc_cmd(n, 1, 8, 1, 0, 10, 0, 3));
    memset(n->copy + 10 * 512, 0, 4 * 512);
    CHECK_EQ(0, nsoc_read(n, 1, 8, 8, NSOC_DATA + 0x10000));
    CHECK(nsoc_same(n, 8, 8, NSOC_DATA + 0x10000));
    /* All the blocks that a command can name. */
    CHECK_EQ(0, nsoc_cmd(n, 1, 12, 1, 0, 0, 0, 8191));
    CHECK_EQ(0, nsoc_cmd(n, 1, 8, 1, 0, 0, 0, 8191));
    CHECK_EQ(0, nsoc_read(n, 1, 8, 8, NSOC_DATA + 0x10000));
    CHECK_EQ(0, rsoc_ram_rd(n->s, NSOC_DATA + 0x10000, 8));
    CHECK_EQ(2, nsoc_count(n, "write_zeroes"));
    CHECK_EQ(3, nsoc_count(n, "compares"));
    CHECK_EQ(1, nsoc_count(n, "verifies"));
    nsoc_close(n);
}

static void put_range(struct nsoc *n, unsigned i, uint32_t blocks, uint64_t lba)
{
    rsoc_ram_wr(n->s, NSOC_DATA + 16 * i, 4, 0);
    rsoc_ram_wr(n->s, NSOC_DATA + 16 * i + 4, 4, blocks);
    rsoc_ram_wr(n->s, NSOC_DATA + 16 * i + 8, 8, lba);
}

TEST_CASE(NvmeIo, DatasetManagement)
{
    struct nsoc *n = nsoc_new();

    REQUIRE(nsoc_probe(n, 1, 8));
    nsoc_fill(n, NSOC_DATA + 0x10000, 65536);
    CHECK_EQ(0, nsoc_write(n, 1, 0, 128, NSOC_DATA + 0x10000));
    put_range(n, 0, 3, 5);
    put_range(n, 1, 1, 100);
    /* Without AD they are hints about use. */
    CHECK_EQ(0, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 1, 1, 0));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 128, NSOC_DATA + 0x20000));
    CHECK(nsoc_same(n, 0, 128, NSOC_DATA + 0x20000));
    CHECK_EQ(0, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 1, 4, 0));
    memset(n->copy + 5 * 512, 0, 3 * 512);
    memset(n->copy + 100 * 512, 0, 512);
    CHECK_EQ(0, nsoc_read(n, 1, 0, 128, NSOC_DATA + 0x20000));
    CHECK(nsoc_same(n, 0, 128, NSOC_DATA + 0x20000));
    /* One wrong range: nothing is done. */
    put_range(n, 0, 8, 0);
    put_range(n, 1, 2, 8191);
    CHECK_EQ(0x080, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 1, 4, 0));
    put_range(n, 1, ~0u, 0);
    CHECK_EQ(0x080, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 1, 4, 0));
    put_range(n, 1, 1, ~0ull);
    CHECK_EQ(0x080, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 1, 4, 0));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 128, NSOC_DATA + 0x20000));
    CHECK(nsoc_same(n, 0, 128, NSOC_DATA + 0x20000));
    /* 256 times everything. */
    for (unsigned i = 0; i < 256; i++)
        put_range(n, i, 8192, 0);
    CHECK_EQ(0, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 255, 4, 0));
    CHECK_EQ(0, nsoc_read(n, 1, 0, 1, NSOC_DATA + 0x20000));
    CHECK_EQ(0, rsoc_ram_rd(n->s, NSOC_DATA + 0x20000, 8));
    nsoc_close(n);
}

/* ---- storage -------------------------------------------------------- */

struct disk {
    uint8_t bytes[1024 * 512];
    unsigned flushes, discards;
    bool broken;
};

static bool disk_read(void *opaque, uint64_t offset, void *data, uint32_t bytes)
{
    struct disk *d = (struct disk *)opaque;

    memcpy(data, d->bytes + offset, bytes);
    return !d->broken;
}

static bool disk_write(void *opaque, uint64_t offset, const void *data,
                       uint32_t bytes)
{
    struct disk *d = (struct disk *)opaque;

    memcpy(d->bytes + offset, data, bytes);
    return !d->broken;
}

static bool disk_flush(void *opaque)
{
    struct disk *d = (struct disk *)opaque;

    d->flushes++;
    return !d->broken;
}

static bool disk_discard(void *opaque, uint64_t offset, uint64_t bytes)
{
    struct disk *d = (struct disk *)opaque;

    d->discards++;
    memset(d->bytes + offset, 0, bytes);
    return !d->broken;
}

static struct nsoc *with_disk(struct disk *d, const struct nvme_storage_ops *o)
{
    struct nsoc *n = nsoc_new();

    n->cfg.blocks = 1024;
    n->cfg.storage = o;
    n->cfg.storage_opaque = d;
    return n;
}

static const struct nvme_storage_ops whole = {
    sizeof(whole), disk_read, disk_write, disk_flush, disk_discard};

TEST_CASE(NvmeStorage, FlushAndForceUnitAccess)
{
    struct disk *d = (struct disk *)calloc(1, sizeof(*d));
    struct nsoc *n = with_disk(d, &whole);

    REQUIRE(nsoc_probe(n, 1, 8));
    nsoc_fill(n, NSOC_DATA, 512);
    CHECK_EQ(0, nsoc_write(n, 1, 7, 1, NSOC_DATA));
    CHECK_MEM(rsoc_ram(n->s, NSOC_DATA, 512), d->bytes + 7 * 512, 512);
    CHECK_EQ(0, d->flushes);
    CHECK_EQ(0, nsoc_cmd(n, 1, 0, 1, 0, 0, 0, 0));
    CHECK_EQ(1, d->flushes);
    CHECK_EQ(0, nsoc_cmd(n, 1, 1, 1, NSOC_DATA, 0, 0, 1u << 30));
    CHECK_EQ(2, d->flushes);
    CHECK_EQ(0, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 0, 0, 1u << 30));
    CHECK_EQ(2, d->flushes);
    /* Volatile write cache off: every write is safe. */
    CHECK_EQ(0, nsoc_admin(n, 9, 0, 6, 0));
    CHECK_EQ(0, nsoc_cmd(n, 1, 1, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(3, d->flushes);
    CHECK_EQ(0, nsoc_cmd(n, 1, 8, 1, 0, 0, 0, 0));
    CHECK_EQ(4, d->flushes);
    CHECK_EQ(1, d->discards);
    CHECK(nvmed_shutdown(&n->d));
    CHECK_EQ(5, d->flushes);
    nsoc_close(n);
    free(d);
}

/* As many blocks as there are, whatever the ranges say. */
TEST_CASE(NvmeStorage, DeallocationIsBounded)
{
    struct disk *d = (struct disk *)calloc(1, sizeof(*d));
    struct nsoc *n = with_disk(d, &whole);

    REQUIRE(nsoc_probe(n, 1, 8));
    for (unsigned i = 0; i < 256; i++)
        put_range(n, i, 400, i);
    CHECK_EQ(0, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 255, 4, 0));
    CHECK_EQ(2, d->discards);
    nsoc_close(n);
    free(d);
}

TEST_CASE(NvmeStorage, FailuresAreMediaErrors)
{
    struct disk *d = (struct disk *)calloc(1, sizeof(*d));
    struct nsoc *n = with_disk(d, &whole);

    REQUIRE(nsoc_probe(n, 1, 8));
    d->broken = true;
    put_range(n, 0, 1, 0);
    CHECK_EQ(0x281, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x280, nsoc_cmd(n, 1, 1, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x281, nsoc_cmd(n, 1, 5, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x281, nsoc_cmd(n, 1, 12, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x280, nsoc_cmd(n, 1, 8, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x280, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 0, 4, 0));
    CHECK_EQ(0x280, nsoc_cmd(n, 1, 0, 1, 0, 0, 0, 0));
    d->broken = false;
    CHECK_EQ(0, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 0, 0, 0));
    /* SMART counts them. */
    CHECK_EQ(0, nsoc_cmd(n, 0, 2, ~0u, NSOC_DATA, 2 | 127 << 16, 0, 0));
    CHECK_EQ(7, rsoc_ram_rd(n->s, NSOC_DATA + 160, 8));
    nsoc_close(n);
    free(d);
}

TEST_CASE(NvmeStorage, WithoutDiscardAndFlush)
{
    static const struct nvme_storage_ops poor = {
        .size = sizeof(poor), .read = disk_read, .write = disk_write};
    struct disk *d = (struct disk *)calloc(1, sizeof(*d));
    struct nsoc *n = with_disk(d, &poor);

    REQUIRE(nsoc_probe(n, 1, 8));
    memset(d->bytes, 0xaa, sizeof(d->bytes));
    put_range(n, 0, 4, 0);
    CHECK_EQ(0, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 0, 4, 0));
    CHECK_EQ(0xaa, d->bytes[0]);
    CHECK_EQ(0, nsoc_cmd(n, 1, 8, 1, 0, 1, 0, 8));
    CHECK_EQ(0xaa, d->bytes[511]);
    CHECK_EQ(0, d->bytes[512]);
    CHECK_EQ(0, d->bytes[10 * 512 - 1]);
    CHECK_EQ(0xaa, d->bytes[10 * 512]);
    CHECK_EQ(0, nsoc_cmd(n, 1, 0, 1, 0, 0, 0, 0));
    /* Deallocated blocks do not read as zeros, and it says so. */
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, 0, 0, 0));
    CHECK_EQ(0, n->d.page[33]);
    nsoc_close(n);
    free(d);
}

TEST_CASE(NvmeStorage, ReadOnly)
{
    static const struct nvme_storage_ops rom = {.size = sizeof(rom),
                                                .read = disk_read};
    struct disk *d = (struct disk *)calloc(1, sizeof(*d));
    struct nsoc *n = with_disk(d, &rom);

    n->cfg.read_only = true;
    REQUIRE(nsoc_probe(n, 1, 8));
    put_range(n, 0, 4, 0);
    CHECK_EQ(0x020, nsoc_cmd(n, 1, 1, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x020, nsoc_cmd(n, 1, 8, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0x020, nsoc_cmd(n, 1, 9, 1, NSOC_DATA, 0, 4, 0));
    CHECK_EQ(0, nsoc_cmd(n, 1, 2, 1, NSOC_DATA, 0, 0, 0));
    CHECK_EQ(0, nsoc_cmd(n, 1, 0, 1, 0, 0, 0, 0));
    CHECK_EQ(0, nsoc_cmd(n, 0, 6, 1, n->d.page_bus, 0, 0, 0));
    CHECK_EQ(1, n->d.page[99]); /* NSATTR */
    nsoc_close(n);
    free(d);
}

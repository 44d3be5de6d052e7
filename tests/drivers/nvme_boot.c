/* SPDX-License-Identifier: MIT */
#include "nvme_driver.h"

#include <string.h>

#include "../../models/common/bits.h"

/* Every register access is one of 32 bits, as firmware does it. */
static uint32_t rd(struct nvmed *d, uint64_t at)
{
    return (uint32_t)d->host.read(d->host.ud, at, 4);
}

static void wr(struct nvmed *d, uint64_t at, uint32_t v)
{
    d->host.write(d->host.ud, at, 4, v);
}

static bool fail(struct nvmed *d, const char *step)
{
    d->error = step;
    return false;
}

/* CAP.TO: polls of 1 ms. */
static bool poll_ready(struct nvmed *d, uint32_t ready)
{
    for (uint32_t left = ((d->cap >> 24) & 0xff) * 500; left; left--) {
        d->host.wait(d->host.ud);
        if ((rd(d, 0x1c) & 1) == ready)
            return true;
    }
    return false;
}

/* One command at a time; queue 0 or 1, two entries each. */
static bool command(struct nvmed *d, unsigned qid, struct nvmed_cmd *c,
                    uint32_t *result)
{
    struct nvmed_queue *q = &d->q[qid];
    uint8_t *e = q->cq + q->head * 16;

    c->dw[0] = (c->dw[0] & 0xffff) | (uint32_t)d->cid << 16;
    for (unsigned i = 0; i < 16; i++)
        iovp_put_le32(q->sq + q->tail * 64 + 4 * i, c->dw[i]);
    q->tail ^= 1;
    wr(d, 0x1000 + 8 * qid, q->tail);
    while ((iovp_le32(e + 12) >> 16 & 1) != q->phase)
        if (!d->host.wait(d->host.ud))
            return fail(d, "no completion");
    if (iovp_le32(e + 12) >> 17 || (iovp_le32(e + 12) & 0xffff) != d->cid++)
        return fail(d, "a command failed");
    if (result)
        *result = iovp_le32(e);
    q->head ^= 1;
    q->phase ^= !q->head;
    wr(d, 0x1004 + 8 * qid, q->head);
    return true;
}

static bool simple(struct nvmed *d, uint8_t opcode, uint32_t nsid,
                   uint64_t prp1, uint32_t dw10, uint32_t dw11)
{
    struct nvmed_cmd c = nvmed_cmd(opcode, nsid, prp1, 0);

    c.dw[10] = dw10;
    c.dw[11] = dw11;
    return command(d, 0, &c, NULL);
}

static void queue(struct nvmed *d, unsigned qid)
{
    struct nvmed_queue *q = &d->q[qid];

    q->sq = d->host.alloc(d->host.ud, 4096, &q->sq_bus);
    q->cq = d->host.alloc(d->host.ud, 4096, &q->cq_bus);
    q->phase = 1;
}

static bool start(struct nvmed *d)
{
    d->cap = rd(d, 0) | (uint64_t)rd(d, 4) << 32;
    wr(d, 0x14, rd(d, 0x14) & ~1u);
    if (!poll_ready(d, 0))
        return fail(d, "CSTS.RDY stays 1");
    queue(d, 0);
    wr(d, 0x24, 1u << 16 | 1);
    wr(d, 0x28, (uint32_t)d->q[0].sq_bus);
    wr(d, 0x2c, (uint32_t)(d->q[0].sq_bus >> 32));
    wr(d, 0x30, (uint32_t)d->q[0].cq_bus);
    wr(d, 0x34, (uint32_t)(d->q[0].cq_bus >> 32));
    wr(d, 0x14, 4u << 20 | 6u << 16 | 1);
    return poll_ready(d, 1) || fail(d, "CSTS.RDY stays 0");
}

bool nvmeb_probe(struct nvmed *d, const struct nvmed_host *h)
{
    memset(d, 0, sizeof(*d));
    d->host = *h;
    d->page = h->alloc(h->ud, 8192, &d->page_bus);
    if (!start(d) || !simple(d, 6, 0, d->page_bus, 1, 0))
        return false;
    d->mdts_bytes = 4096u << d->page[77];
    d->namespaces = iovp_le32(d->page + 516);
    /* One queue pair, no interrupts; the number of queues is not asked. */
    queue(d, 1);
    if (!simple(d, 5, 0, d->q[1].cq_bus, 1u << 16 | 1, 1) ||
        !simple(d, 1, 0, d->q[1].sq_bus, 1u << 16 | 1, 1u << 16 | 1) ||
        !simple(d, 6, 1, d->page_bus, 0, 0))
        return false;
    d->blocks = iovp_le64(d->page);
    d->block_log2 = d->page[128 + 4 * (d->page[26] & 15) + 2];
    return true;
}

/* At most MDTS each. */
bool nvmeb_rw(struct nvmed *d, bool write, uint64_t lba, uint32_t blocks,
              uint64_t bus)
{
    while (blocks) {
        uint32_t most = d->mdts_bytes >> d->block_log2;
        uint32_t n = blocks < most ? blocks : most;
        struct nvmed_cmd c = nvmed_rw(d, write, lba, n, bus);

        if (!command(d, 1, &c, NULL))
            return false;
        lba += n;
        blocks -= n;
        bus += (uint64_t)n << d->block_log2;
    }
    return true;
}

bool nvmeb_exit(struct nvmed *d)
{
    wr(d, 0x14, (rd(d, 0x14) & ~(3u << 14)) | 1u << 14);
    for (unsigned left = 1000; left; left--) {
        if ((rd(d, 0x1c) >> 2 & 3) == 2)
            return true;
        d->host.wait(d->host.ud);
    }
    return fail(d, "CSTS.SHST is never complete");
}

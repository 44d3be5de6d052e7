/* SPDX-License-Identifier: MIT */
#include "nvme_driver.h"

#include <string.h>

#include "../../models/common/bits.h"

/* Numbers from the specification, not from the model. */
enum {
    CAP = 0x00,
    CC = 0x14,
    CSTS = 0x1c,
    AQA = 0x24,
    ASQ = 0x28,
    ACQ = 0x30,
    DBS = 0x1000,
    SQES = 64,
    CQES = 16,
    PAGE = 4096,
    ADMIN_DEPTH = 32,
};

/* ---- registers ------------------------------------------------------ */

static uint64_t rd(struct nvmed *d, uint64_t at, unsigned width)
{
    return d->host.read(d->host.ud, at, width);
}

static void wr(struct nvmed *d, uint64_t at, unsigned width, uint64_t v)
{
    d->host.write(d->host.ud, at, width, v);
}

static bool fail(struct nvmed *d, const char *step)
{
    if (!d->error)
        d->error = step;
    return false;
}

static bool wait_ready(struct nvmed *d, uint32_t ready)
{
    for (;;) {
        uint32_t csts = (uint32_t)rd(d, CSTS, 4);

        if ((csts & 1) == ready)
            return true;
        if (csts == ~0u || csts & 2 || !d->host.wait(d->host.ud))
            return false;
    }
}

bool nvmed_disable(struct nvmed *d)
{
    uint32_t cc = (uint32_t)rd(d, CC, 4);

    wr(d, CC, 4, cc & ~((3u << 14) | 1));
    return wait_ready(d, 0) || fail(d, "CSTS.RDY stays 1");
}

static void init_queue(struct nvmed *d, struct nvmed_queue *q, uint32_t depth)
{
    if (!q->sq || q->depth < depth) {
        q->sq = d->host.alloc(d->host.ud, depth * SQES, &q->sq_bus);
        q->cq = d->host.alloc(d->host.ud, depth * CQES, &q->cq_bus);
    }
    memset(q->cq, 0, depth * CQES);
    q->depth = depth;
    q->tail = q->head = q->sq_head = 0;
    q->phase = 1;
}

bool nvmed_enable(struct nvmed *d)
{
    struct nvmed_queue *q = &d->q[0];
    uint32_t cc = 4u << 20 | 6u << 16;

    init_queue(d, q, ADMIN_DEPTH);
    wr(d, AQA, 4, (ADMIN_DEPTH - 1) << 16 | (ADMIN_DEPTH - 1));
    wr(d, ASQ, 4, (uint32_t)q->sq_bus);
    wr(d, ASQ + 4, 4, q->sq_bus >> 32);
    wr(d, ACQ, 4, (uint32_t)q->cq_bus);
    wr(d, ACQ + 4, 4, q->cq_bus >> 32);
    /* Configuration first, then the same with EN. */
    wr(d, CC, 4, cc);
    rd(d, CC, 4);
    wr(d, CC, 4, cc | 1);
    return wait_ready(d, 1) || fail(d, "CSTS.RDY stays 0");
}

bool nvmed_shutdown(struct nvmed *d)
{
    uint32_t cc = (uint32_t)rd(d, CC, 4);

    wr(d, CC, 4, (cc & ~(3u << 14)) | 1u << 14);
    while ((rd(d, CSTS, 4) & 12) != 8)
        if (!d->host.wait(d->host.ud))
            return fail(d, "CSTS.SHST is never complete");
    return true;
}

/* ---- commands ------------------------------------------------------- */

struct nvmed_cmd nvmed_cmd(uint8_t opcode, uint32_t nsid, uint64_t prp1,
                           uint64_t prp2)
{
    return (struct nvmed_cmd){{opcode, nsid, 0, 0, 0, 0, (uint32_t)prp1,
                               (uint32_t)(prp1 >> 32), (uint32_t)prp2,
                               (uint32_t)(prp2 >> 32)}};
}

static uint64_t doorbell(const struct nvmed *d, unsigned qid, bool cq)
{
    return DBS + (uint64_t)(2 * qid + cq) * d->stride;
}

uint16_t nvmed_submit(struct nvmed *d, unsigned qid, struct nvmed_cmd *c)
{
    struct nvmed_queue *q = &d->q[qid];

    c->dw[0] = (c->dw[0] & 0xffff) | (uint32_t)++d->cid << 16;
    for (unsigned i = 0; i < 16; i++)
        iovp_put_le32(q->sq + q->tail * SQES + 4 * i, c->dw[i]);
    if (++q->tail == q->depth)
        q->tail = 0;
    wr(d, doorbell(d, qid, false), 4, q->tail);
    return d->cid;
}

bool nvmed_poll(struct nvmed *d, unsigned qid, struct nvmed_cqe *e)
{
    struct nvmed_queue *q = &d->q[qid];
    const uint8_t *p = q->cq + q->head * CQES;
    uint32_t dw2 = iovp_le32(p + 8), dw3 = iovp_le32(p + 12);

    if ((dw3 >> 16 & 1) != q->phase)
        return false;
    *e = (struct nvmed_cqe){iovp_le32(p), (uint16_t)dw2, (uint16_t)(dw2 >> 16),
                            (uint16_t)dw3, (uint16_t)(dw3 >> 17)};
    q->sq_head = e->sq_head;
    if (++q->head == q->depth) {
        q->head = 0;
        q->phase ^= 1;
    }
    wr(d, doorbell(d, qid, true), 4, q->head);
    return true;
}

/* An entry counts only when its interrupt has come. */
bool nvmed_await(struct nvmed *d, unsigned qid, struct nvmed_cqe *e)
{
    const struct nvmed_host *h = &d->host;

    while (h->interrupted && !h->interrupted(h->ud, d->q[qid].vector))
        if (!h->wait(h->ud))
            return false;
    while (!nvmed_poll(d, qid, e))
        if (!h->wait(h->ud))
            return false;
    return true;
}

int nvmed_sync(struct nvmed *d, unsigned qid, struct nvmed_cmd *c,
               uint32_t *result)
{
    uint16_t cid = nvmed_submit(d, qid, c);
    struct nvmed_cqe e;

    if (!nvmed_await(d, qid, &e) || e.cid != cid || e.sqid != qid)
        return NVMED_TIMEOUT;
    if (result)
        *result = e.result;
    return e.status;
}

static int admin(struct nvmed *d, uint8_t opcode, uint32_t nsid, uint64_t prp1,
                 uint32_t dw10, uint32_t dw11, uint32_t *result)
{
    struct nvmed_cmd c = nvmed_cmd(opcode, nsid, prp1, 0);

    c.dw[10] = dw10;
    c.dw[11] = dw11;
    return nvmed_sync(d, 0, &c, result);
}

/* ---- queues --------------------------------------------------------- */

bool nvmed_create_queue(struct nvmed *d, unsigned qid, uint32_t depth,
                        bool interrupts)
{
    struct nvmed_queue *q = &d->q[qid];
    uint32_t dw10 = (depth - 1) << 16 | qid;

    init_queue(d, q, depth);
    q->vector = interrupts ? qid : 0;
    return (!admin(d, 5, 0, q->cq_bus, dw10,
                   q->vector << 16 | (interrupts ? 3 : 1), NULL) ||
            fail(d, "Create I/O Completion Queue")) &&
           (!admin(d, 1, 0, q->sq_bus, dw10, qid << 16 | 1, NULL) ||
            fail(d, "Create I/O Submission Queue"));
}

bool nvmed_delete_queue(struct nvmed *d, unsigned qid)
{
    return (!admin(d, 0, 0, 0, qid, 0, NULL) ||
            fail(d, "Delete I/O Submission Queue")) &&
           (!admin(d, 4, 0, 0, qid, 0, NULL) ||
            fail(d, "Delete I/O Completion Queue"));
}

static unsigned set_queue_count(struct nvmed *d, unsigned want)
{
    uint32_t n = (want - 1) | (want - 1) << 16, got = 0;

    if (admin(d, 9, 0, 0, 7, n, &got)) {
        fail(d, "Set Features: Number of Queues");
        return 0;
    }
    n = (got & 0xffff) < got >> 16 ? got & 0xffff : got >> 16;
    return n + 1 < want ? n + 1 : want;
}

/* ---- identification ------------------------------------------------- */

static void trimmed(char *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, size);
    to[size] = 0;
    while (size && to[size - 1] == ' ')
        to[--size] = 0;
}

static bool identify(struct nvmed *d)
{
    const uint8_t *p = d->page;
    uint32_t nsid;

    if (admin(d, 6, 0, d->page_bus, 1, 0, NULL))
        return fail(d, "Identify Controller");
    trimmed(d->serial, p + 4, 20);
    trimmed(d->model, p + 24, 40);
    d->mdts_bytes = (uint32_t)PAGE << p[77];
    d->namespaces = iovp_le32(p + 516);
    /* Asynchronous Event Configuration: what OAES offers. */
    if (admin(d, 9, 0, 0, 0x0b, iovp_le32(p + 92), NULL))
        return fail(d, "Set Features: Asynchronous Event Configuration");
    if (admin(d, 6, 0, d->page_bus, 2, 0, NULL))
        return fail(d, "Identify: active namespaces");
    nsid = iovp_le32(p);
    if (admin(d, 6, nsid, d->page_bus, 3, 0, NULL))
        return fail(d, "Identify: namespace descriptors");
    if (admin(d, 6, nsid, d->page_bus, 0, 0, NULL))
        return fail(d, "Identify Namespace");
    d->blocks = iovp_le64(p);
    d->block_log2 = p[128 + 4 * (p[26] & 15) + 2];
    return true;
}

bool nvmed_probe(struct nvmed *d, const struct nvmed_host *h, unsigned queues,
                 uint32_t depth)
{
    memset(d, 0, sizeof(*d));
    d->host = *h;
    if (rd(d, CSTS, 4) == 0xffffffff)
        return fail(d, "the controller is gone");
    d->cap = rd(d, CAP, 8);
    d->stride = 4u << (d->cap >> 32 & 15);
    d->io_depth = (d->cap & 0xffff) + 1 < depth ? (d->cap & 0xffff) + 1 : depth;
    d->page = h->alloc(h->ud, PAGE, &d->page_bus);
    if (!nvmed_disable(d) || !nvmed_enable(d) || !identify(d))
        return false;
    queues = set_queue_count(d, queues);
    for (d->queues = 0; d->queues < queues; d->queues++)
        if (!nvmed_create_queue(d, d->queues + 1, d->io_depth,
                                h->interrupted != NULL))
            return false;
    return d->queues > 0;
}

/* ---- data ----------------------------------------------------------- */

void nvmed_map(struct nvmed *d, struct nvmed_cmd *c, uint64_t bus,
               uint32_t bytes)
{
    uint32_t first = PAGE - (uint32_t)(bus % PAGE), n, i = 0;
    uint64_t list, at = bus + first;
    uint8_t *p;

    c->dw[6] = (uint32_t)bus;
    c->dw[7] = (uint32_t)(bus >> 32);
    c->dw[8] = c->dw[9] = 0;
    if (bytes <= first)
        return;
    n = (bytes - first + PAGE - 1) / PAGE;
    list = at;
    if (n > 1) {
        /* As many list pages as can be needed, each but the last chained. */
        p = d->host.alloc(d->host.ud, (n / 511 + 1) * PAGE, &list);
        for (uint64_t page = list; n; n--, at += PAGE) {
            if (i % 512 == 511 && n > 1) {
                page += PAGE;
                iovp_put_le64(p + 8 * i++, page);
            }
            iovp_put_le64(p + 8 * i++, at);
        }
    }
    c->dw[8] = (uint32_t)list;
    c->dw[9] = (uint32_t)(list >> 32);
}

struct nvmed_cmd nvmed_rw(struct nvmed *d, bool write, uint64_t lba,
                          uint32_t blocks, uint64_t bus)
{
    struct nvmed_cmd c = nvmed_cmd(write ? 1 : 2, 1, 0, 0);

    nvmed_map(d, &c, bus, blocks << d->block_log2);
    c.dw[10] = (uint32_t)lba;
    c.dw[11] = (uint32_t)(lba >> 32);
    c.dw[12] = blocks - 1;
    return c;
}

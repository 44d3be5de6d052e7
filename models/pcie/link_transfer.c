/* SPDX-License-Identifier: MIT */
/* A transfer is cut into TLPs; each takes its tag, its credits, its link. */
#include "link.h"

#include "link_calendar.h"

#define DW          4u
#define PAGE        4096u
#define FRAMING     8u  /* start, sequence number, LCRC, end (3.6, 4.2) */
#define CPL_HEADER  12u /* 2.2.9 */
#define DATA_CREDIT 16u
#define BACK_NONE   255u
#define BY_ADDRESS  0u

/* What a request is like on the link (2.2). */
struct kind {
    uint8_t flow;      /* enum pcie_flow */
    uint8_t header;    /* bytes, or BY_ADDRESS: 12 below 4 GiB, else 16 */
    bool data;         /* it carries `length` bytes */
    uint8_t back;      /* its completion carries length >> back bytes */
    bool power_of_two; /* of the lengths */
    uint32_t min, max; /* bytes */
};

static const struct kind kinds[PCIE_TLP_TYPES] = {
    [PCIE_TLP_MRD] = {PCIE_NON_POSTED, BY_ADDRESS, false, 0, false, 1,
                      PCIE_LINK_BURST},
    [PCIE_TLP_MWR] = {PCIE_POSTED, BY_ADDRESS, true, BACK_NONE, false, 1,
                      PCIE_LINK_BURST},
    [PCIE_TLP_FETCH_ADD] = {PCIE_NON_POSTED, BY_ADDRESS, true, 0, true, 4, 8},
    [PCIE_TLP_SWAP] = {PCIE_NON_POSTED, BY_ADDRESS, true, 0, true, 4, 8},
    [PCIE_TLP_CAS] = {PCIE_NON_POSTED, BY_ADDRESS, true, 1, true, 8, 32},
    [PCIE_TLP_IORD] = {PCIE_NON_POSTED, 12, false, 0, false, 1, 4},
    [PCIE_TLP_IOWR] = {PCIE_NON_POSTED, 12, true, BACK_NONE, false, 1, 4},
    [PCIE_TLP_CFGRD0] = {PCIE_NON_POSTED, 12, false, 0, false, 1, 4},
    [PCIE_TLP_CFGWR0] = {PCIE_NON_POSTED, 12, true, BACK_NONE, false, 1, 4},
    [PCIE_TLP_CFGRD1] = {PCIE_NON_POSTED, 12, false, 0, false, 1, 4},
    [PCIE_TLP_CFGWR1] = {PCIE_NON_POSTED, 12, true, BACK_NONE, false, 1, 4},
    [PCIE_TLP_MSG] = {PCIE_POSTED, 16, false, BACK_NONE, false, 0, 0},
    [PCIE_TLP_MSGD] = {PCIE_POSTED, 16, true, BACK_NONE, false, 1, PAGE},
};

static uint32_t min32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Memory, which is cut; everything else is a single request. */
static bool is_memory(const struct kind *k)
{
    return k->max == PCIE_LINK_BURST;
}

/* Payload is whole double words; byte enables tell which bytes count. */
static uint32_t payload(const struct kind *k, uint64_t addr, uint32_t length)
{
    uint32_t offset = is_memory(k) ? (uint32_t)(addr % DW) : 0;

    return length ? (offset + length + DW - 1) / DW * DW : 0;
}

/* The largest request that may begin at x->addr (2.2.7: not across 4 KiB). */
static uint32_t piece(const struct pcie_link *l, const struct pcie_transfer *x)
{
    const struct kind *k = &kinds[x->type];
    uint32_t limit = k->data ? l->cfg.mps : l->cfg.mrrs;

    if (!is_memory(k))
        return min32(x->length, limit);
    limit = min32(limit - (uint32_t)(x->addr % DW),
                  PAGE - (uint32_t)(x->addr % PAGE));
    return min32(x->length, limit);
}

/*
 * The largest completion from `addr` on (2.3.1.1): it ends at an RCB, and has
 * at most MPS bytes.
 */
static uint32_t completion(const struct pcie_link *l, uint64_t addr,
                           uint32_t left)
{
    uint32_t limit = l->cfg.rcb_chunks ? l->cfg.rcb : l->cfg.mps;

    return min32(left, limit - (uint32_t)(addr % l->cfg.rcb));
}

static bool is_transfer(const struct pcie_transfer *x)
{
    const struct kind *k;

    if (x->type >= PCIE_TLP_TYPES || x->direction >= PCIE_DIRECTIONS ||
        x->prefixes > PCIE_LINK_PREFIXES)
        return false;
    k = &kinds[x->type];
    if (x->length < k->min || x->length > k->max)
        return false;
    if (k->power_of_two && (x->length & (x->length - 1)))
        return false;
    return x->addr <= UINT64_MAX - x->length;
}

static bool may_send(const struct pcie_link *l, const struct pcie_transfer *x,
                     uint64_t t)
{
    if (t > PCIE_LINK_TIME_MAX || !is_transfer(x))
        return false;
    return kinds[x->type].flow == PCIE_POSTED ||
           pcie_pool_can_take(&l->tags[x->direction]);
}

struct crossing {
    unsigned direction;
    enum pcie_flow flow;
    uint32_t bytes; /* header, prefixes and data, without framing */
    uint32_t data;
    uint64_t sent;
};

/* The time at which a TLP that is offered at `t` is whole at the other end. */
static uint64_t cross(struct pcie_link *l, struct crossing *c, uint64_t t,
                      struct pcie_link_time *out)
{
    struct pcie_wire *w = &l->wire[c->direction];
    struct pcie_pool *p = &l->credits[c->direction][c->flow];
    uint32_t bytes = FRAMING + c->bytes + (l->cfg.ecrc ? DW : 0);
    uint16_t units = (uint16_t)((c->data + DATA_CREDIT - 1) / DATA_CREDIT);
    uint64_t duration = pcie_wire_duration(w, l->byte_time, bytes);
    uint64_t credit = pcie_pool_take(p, t, units);
    uint64_t start =
        pcie_wire_take(w, t, credit, duration, c->flow == PCIE_POSTED);
    uint64_t arrived, hold;

    c->sent = pcie_later(start, duration);
    arrived = pcie_later(c->sent, l->cfg.propagation_ps);
    hold = (uint64_t)l->cfg.credits[c->direction][c->flow].hold_ps;
    pcie_pool_give(p, pcie_later(arrived, hold + l->cfg.propagation_ps), units);
    w->tlps++;
    w->bytes += bytes;
    out->wait[PCIE_WAIT_CREDIT] += credit - t;
    out->wait[PCIE_WAIT_LINK] += start - credit;
    return arrived;
}

static void send(struct pcie_link *l, const struct pcie_transfer *x, uint64_t t,
                 struct pcie_link_time *out)
{
    const struct kind *k = &kinds[x->type];
    struct crossing c = {.direction = x->direction, .flow = k->flow};
    uint32_t header = k->header;
    uint64_t tag = t;

    /* 2.2.4.1: an address below 4 GiB has the short format. */
    if (header == BY_ADDRESS)
        header = x->addr >> 32 ? 16 : 12;
    c.data = k->data ? payload(k, x->addr, x->length) : 0;
    c.bytes = header + x->prefixes * DW + c.data;
    if (k->flow == PCIE_NON_POSTED)
        tag = pcie_pool_take(&l->tags[x->direction], t, 0);
    out->wait[PCIE_WAIT_TAG] += tag - t;
    out->arrived = cross(l, &c, tag, out);
    out->first = out->done = out->arrived;
    out->sent = c.sent;
}

/* When what is followed by `left` bytes is there: of `behind` bytes that come
 * after `first`, until `last`. */
static uint64_t available(uint64_t first, uint64_t last, uint32_t left,
                          uint32_t behind)
{
    uint64_t span = last - first;

    if (!span || !behind)
        return last;
    return last - (span >> 32 ? span / behind * left : span * left / behind);
}

static void complete(struct pcie_link *l, const struct pcie_transfer *x,
                     uint64_t first, uint64_t last, struct pcie_link_time *out)
{
    const struct kind *k = &kinds[x->type];
    struct crossing c = {.direction = !x->direction, .flow = PCIE_COMPLETION};
    uint32_t total = 0, left, behind;
    uint64_t addr = x->addr;

    if (!x->failed && k->back != BACK_NONE)
        total = x->length >> k->back;
    left = total;
    behind = total - completion(l, addr, total);
    c.sent = first;
    do {
        uint32_t n = completion(l, addr, left);
        uint64_t there = available(first, last, left - n, behind);

        c.data = payload(k, addr, n);
        c.bytes = CPL_HEADER + c.data;
        out->done = cross(l, &c, there > c.sent ? there : c.sent, out);
        if (left == total)
            out->first = out->done;
        addr += n;
        left -= n;
    } while (left);
    pcie_pool_give(&l->tags[x->direction], out->done, 0);
}

bool pcie_link_send(struct pcie_link *l, const struct pcie_transfer *x,
                    uint64_t t, struct pcie_link_time *out)
{
    if (!may_send(l, x, t) || piece(l, x) != x->length)
        return false;
    *out = (struct pcie_link_time){.sent = 0};
    send(l, x, t, out);
    return true;
}

bool pcie_link_forward(struct pcie_link *l, const struct pcie_transfer *x,
                       uint64_t first, uint64_t last,
                       struct pcie_link_time *out)
{
    if (first > last || last > PCIE_LINK_TIME_MAX || !is_transfer(x) ||
        kinds[x->type].flow == PCIE_POSTED || piece(l, x) != x->length ||
        !l->tags[x->direction].held)
        return false;
    complete(l, x, first, last, out);
    return true;
}

bool pcie_link_complete(struct pcie_link *l, const struct pcie_transfer *x,
                        uint64_t ready, struct pcie_link_time *out)
{
    return pcie_link_forward(l, x, ready, ready, out);
}

bool pcie_link_transfer(struct pcie_link *l, const struct pcie_transfer *x,
                        uint64_t t, struct pcie_link_time *out)
{
    struct pcie_transfer part = *x;
    uint32_t left = x->length;
    uint64_t done = 0;

    if (!may_send(l, x, t) ||
        (!is_memory(&kinds[x->type]) && piece(l, x) != x->length))
        return false;
    *out = (struct pcie_link_time){.sent = t};
    do {
        part.length = left;
        part.length = piece(l, &part);
        send(l, &part, out->sent, out);
        if (kinds[x->type].flow == PCIE_NON_POSTED) {
            uint64_t ready =
                pcie_later(out->arrived, l->cfg.completer_ps[x->direction]);

            ready = pcie_later(ready, x->service_ps);
            complete(l, &part, ready, ready, out);
        }
        done = out->done > done ? out->done : done;
        part.addr += part.length;
        left -= part.length;
    } while (left);
    out->done = done;
    return true;
}

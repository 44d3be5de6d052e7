/* SPDX-License-Identifier: MIT */
/* The Address Translation Cache (10.2, 10.3). */
#include "atc.h"

#include "../common/bits.h"
#include "../common/iovp_attrs.h"
#include "pcie_regs.h"

#include <string.h>

/* Contexts of the cache: whose a translation is. */
#define CTX_PASID_VALID (1ull << 20)
#define CTX_PRIVILEGED  (1ull << 21)
#define CTX_GLOBAL      (1ull << 22) /* of every PASID; instead of one */

#define QUEUE 32u /* 10.5.1.2: no Invalidate Queue is deeper */

#define RIGHTS (IOVP_ATS_READ | IOVP_ATS_WRITE | IOVP_ATS_EXECUTE)

struct entry {
    uint64_t address; /* of the range's first byte */
    uint8_t flags;    /* IOVP_ATS_* */
    uint8_t log2;
};

struct invalidation {
    uint64_t first, last; /* inclusive */
    uint64_t due;
    uint32_t pasid;
    uint16_t requester;
    uint8_t itag;
    bool pasid_valid, global;
    bool dropped; /* `due` is when the last use has ended */
};

struct pcie_atc {
    struct pcie_atc_config cfg;
    struct pcie_ep *ep;
    struct iovp_heap heap;
    struct iovp_cache *cache;
    struct invalidation queue[QUEUE];
    uint32_t queued;
    uint64_t used; /* end of the last request by a translation */
    uint64_t generation;
    struct pcie_atc_stats stats;
};

struct pcie_atc *pcie_atc_create(const struct pcie_atc_config *c,
                                 struct pcie_ep *ep,
                                 const struct iovp_heap *heap)
{
    static const struct iovp_heap plain;
    struct pcie_atc *a;

    heap = heap ? heap : &plain;
    a = (struct pcie_atc *)iovp_heap_alloc(heap, sizeof(*a));
    if (!a)
        return NULL;
    a->cfg = *c;
    a->ep = ep;
    a->heap = *heap;
    a->cache = iovp_cache_create(&c->cache, sizeof(struct entry), heap);
    if (a->cache)
        return a;
    pcie_atc_destroy(a);
    return NULL;
}

void pcie_atc_destroy(struct pcie_atc *a)
{
    struct iovp_heap heap;

    if (!a)
        return;
    heap = a->heap;
    iovp_cache_destroy(a->cache);
    iovp_heap_free(&heap, a);
}

/* ---- translations ---------------------------------------------------------
 */

static uint64_t context(const struct pcie_tlp *t, bool global)
{
    uint64_t privileged = t->privileged ? CTX_PRIVILEGED : 0;

    if (!t->pasid_valid)
        return privileged;
    if (global)
        return CTX_GLOBAL | privileged;
    return CTX_PASID_VALID | privileged | (t->pasid & 0xfffff);
}

static void answer(const struct entry *e, uint64_t addr, bool hit,
                   struct pcie_atc_result *out)
{
    uint64_t at = addr & iovp_mask(e->log2);

    *out = (struct pcie_atc_result){
        .address = e->address + at,
        .bytes = (1ull << e->log2) - at,
        .flags = e->flags,
        .untranslated = e->flags & IOVP_ATS_UNTRANSLATED,
        .hit = hit,
    };
    if (out->untranslated)
        out->address = addr;
}

/* 10.2.3: a completion without a right is not cached.  The Global Mapping flag
 * means something with a PASID only. */
static void fill(struct pcie_atc *a, const struct pcie_tlp *t,
                 const struct entry *e)
{
    bool global = e->flags & IOVP_ATS_GLOBAL;
    struct entry *slot;

    slot = (struct entry *)iovp_cache_fill(a->cache, t->addr,
                                           context(t, global), e->log2);
    if (slot)
        *slot = *e;
}

static enum pcie_atc_status ask(struct pcie_atc *a, const struct pcie_tlp *t,
                                uint32_t want, struct entry *e)
{
    struct iovp_ats_completion c = {.status = IOVP_ATS_UR};
    struct pcie_tlp q = {
        .type = PCIE_TLP_MRD,
        .at = IOVP_AT_TRANSLATION_REQUEST,
        .attr = t->attr,
        .tc = t->tc,
        .no_write = t->no_write,
        .pasid_valid = t->pasid_valid,
        .execute = t->execute || want & IOVP_ATS_EXECUTE,
        .privileged = t->privileged,
        .pasid = t->pasid,
        .space_valid = t->space_valid,
        .space = t->space,
        .addr = t->addr & ~0xfffull, /* Page Aligned Request */
        .length = 8,
    };
    int s = pcie_request(pcie_ep_function(a->ep), &q, &c);

    if (s < 0)
        return PCIE_ATC_REFUSED;
    a->stats.requests++;
    if (s != PCIE_SC)
        return s == PCIE_CA ? PCIE_ATC_ABORTED : PCIE_ATC_UNSUPPORTED;
    if (c.status != IOVP_ATS_SUCCESS)
        return c.status == IOVP_ATS_CA ? PCIE_ATC_ABORTED
                                       : PCIE_ATC_UNSUPPORTED;
    e->log2 = c.log2 < 12 || c.log2 > 63 ? 12 : c.log2;
    e->address = c.address & ~iovp_mask(e->log2);
    e->flags = c.flags;
    /* 10.2.3.5: Execute only means something if it was asked for. */
    if (!q.execute)
        e->flags &= (uint8_t)~IOVP_ATS_EXECUTE;
    return PCIE_ATC_OK;
}

enum pcie_atc_status pcie_atc_translate(struct pcie_atc *a,
                                        const struct pcie_tlp *t, uint32_t want,
                                        struct pcie_atc_result *out)
{
    enum pcie_atc_status s;
    const struct entry *hit;
    struct entry e;

    memset(out, 0, sizeof(*out));
    if (!pcie_enabled(pcie_ep_function(a->ep), PCIE_CAP_ATS))
        return PCIE_ATC_REFUSED;
    want &= RIGHTS;
    a->stats.lookups++;
    pcie_ep_set_time(a->ep, pcie_ep_time(a->ep) + a->cfg.lookup_ps);
    hit = (const struct entry *)iovp_cache_lookup(
        a->cache, t->addr, context(t, false), context(t, true));
    /* What lacks a right may have it now: it is asked for again. */
    if (hit && (hit->flags & want) == want) {
        a->stats.hits++;
        answer(hit, t->addr, true, out);
        return PCIE_ATC_OK;
    }
    s = ask(a, t, want, &e);
    if (s != PCIE_ATC_OK)
        return s;
    if (e.flags & (IOVP_ATS_READ | IOVP_ATS_WRITE)) {
        fill(a, t, &e);
        answer(&e, t->addr, false, out);
    }
    if ((e.flags & want) == want && e.flags & (IOVP_ATS_READ | IOVP_ATS_WRITE))
        return PCIE_ATC_OK;
    a->stats.denied++;
    return PCIE_ATC_DENIED;
}

void pcie_atc_used(struct pcie_atc *a, uint64_t t)
{
    if (t > a->used)
        a->used = t;
}

/* ---- invalidations --------------------------------------------------------
 */

/* See iovp_ats_encode. */
static void decode_range(uint64_t word, struct invalidation *v)
{
    uint64_t holes = ~word & ~0xfffull;
    unsigned log2 = 12;

    if (word & 1ull << 11)
        log2 = holes ? (unsigned)__builtin_ctzll(holes) + 1 : 64;
    v->first = word & ~iovp_mask(log2) & ~0xfffull;
    v->last = v->first | iovp_mask(log2);
}

void pcie_atc_message(struct pcie_atc *a, const struct pcie_tlp *t,
                      const void *data)
{
    struct pcie_fn *f = pcie_ep_function(a->ep);
    uint32_t cap = pcie_cap_offset(f, PCIE_CAP_ATS);
    struct invalidation *v = &a->queue[a->queued];
    uint64_t word;

    if (t->type != PCIE_TLP_MSGD || t->length < 8 || !data ||
        t->message != PCIE_MSG_INVALIDATE_REQUEST || a->queued == QUEUE)
        return;
    word = iovp_le64((const uint8_t *)data);
    *v =
        (struct invalidation){.due = pcie_ep_time(a->ep) + a->cfg.invalidate_ps,
                              .pasid = t->pasid,
                              .pasid_valid = t->pasid_valid,
                              .requester = t->requester,
                              .itag = t->tag & 31};
    decode_range(word, v);
    /* 10.3.8: reserved without a PASID, or without the capability. */
    v->global = word & 1 && t->pasid_valid &&
                pcie_config_read(f, cap + PCIE_ATS_CAPABILITY, 2) &
                    PCIE_ATS_GLOBAL_INVALIDATE;
    a->queued++;
    pcie_ep_wake(a->ep, v->due);
}

/* Entries without a PASID are those of requests without one.  A global entry
 * is of any PASID: so any of them drops it. */
static bool touches(void *ud, uint64_t addr, uint64_t ctx, unsigned log2,
                    const void *payload)
{
    const struct invalidation *v = (const struct invalidation *)ud;
    uint64_t first = addr & ~iovp_mask(log2);

    (void)payload;
    if (first > v->last || (first | iovp_mask(log2)) < v->first)
        return false;
    if (!v->pasid_valid)
        return !(ctx & (CTX_PASID_VALID | CTX_GLOBAL));
    if (ctx & CTX_GLOBAL)
        return true;
    return ctx & CTX_PASID_VALID && (v->global || (ctx & 0xfffff) == v->pasid);
}

static void drop(struct pcie_atc *a, struct invalidation *v, uint64_t now)
{
    a->stats.dropped += iovp_cache_invalidate_if(a->cache, touches, v);
    a->stats.invalidations++;
    a->generation++;
    v->dropped = true;
    /* 10.3.2: what still uses it is complete before. */
    v->due = a->used > now ? a->used : now;
}

/* One message for all ITags of `requester` that are done. */
static void complete(struct pcie_atc *a, uint16_t requester, uint64_t now)
{
    struct pcie_tlp m = {.type = PCIE_TLP_MSG,
                         .message = PCIE_MSG_INVALIDATE_COMPLETION,
                         .target = requester,
                         .addr = 1ull << PCIE_INVALIDATE_CC_SHIFT};
    uint64_t start = pcie_ep_time(a->ep);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < a->queued; i++) {
        const struct invalidation *v = &a->queue[i];

        if (v->requester == requester && v->dropped && v->due <= now)
            m.addr |= 1ull << v->itag;
        else
            a->queue[kept++] = *v;
    }
    a->queued = kept;
    pcie_ep_set_time(a->ep, now);
    /* A function that may not send leaves it to the host's timeout. */
    (void)pcie_request(pcie_ep_function(a->ep), &m, NULL);
    pcie_ep_set_time(a->ep, start);
}

uint64_t pcie_atc_work(struct pcie_atc *a, uint64_t now)
{
    uint64_t next = PCIE_NEVER;
    uint32_t i = 0;

    for (uint32_t n = 0; n < a->queued; n++)
        if (!a->queue[n].dropped && a->queue[n].due <= now)
            drop(a, &a->queue[n], now);
    while (i < a->queued)
        if (a->queue[i].dropped && a->queue[i].due <= now)
            complete(a, a->queue[i].requester, now);
        else
            i++;
    for (i = 0; i < a->queued; i++)
        if (a->queue[i].due < next)
            next = a->queue[i].due;
    return next;
}

/* ---- flushes --------------------------------------------------------------
 */

void pcie_atc_flush(struct pcie_atc *a)
{
    iovp_cache_flush(a->cache);
    a->generation++;
}

void pcie_atc_update(struct pcie_atc *a)
{
    if (!pcie_enabled(pcie_ep_function(a->ep), PCIE_CAP_ATS))
        pcie_atc_flush(a);
}

void pcie_atc_flush_pasid(struct pcie_atc *a, uint32_t pasid)
{
    struct invalidation v = {
        .last = UINT64_MAX, .pasid = pasid, .pasid_valid = true};

    iovp_cache_invalidate_if(a->cache, touches, &v);
    a->generation++;
}

void pcie_atc_reset(struct pcie_atc *a)
{
    pcie_atc_flush(a);
    a->queued = 0;
    a->used = 0;
}

uint64_t pcie_atc_generation(const struct pcie_atc *a)
{
    return a->generation;
}

void pcie_atc_get_stats(const struct pcie_atc *a, struct pcie_atc_stats *out)
{
    *out = a->stats;
}

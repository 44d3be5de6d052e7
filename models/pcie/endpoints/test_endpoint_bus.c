/* SPDX-License-Identifier: MIT */
/* The accesses of the test endpoint's engine, as requests of a function. */
#include "test_endpoint_internal.h"

#include <assert.h>
#include <string.h>

/* What the registers say is what xfer.h takes and answers. */
#define SAME(a, b) static_assert((unsigned)(a) == (unsigned)(b), #a)
SAME(TEP_AT_UNTRANSLATED, PCIE_XFER_UNTRANSLATED);
SAME(TEP_AT_ATC, PCIE_XFER_ATC);
SAME(TEP_AT_TRANSLATED, PCIE_XFER_TRANSLATED);
SAME(TEP_FAULT_FAIL, PCIE_XFER_FAIL);
SAME(TEP_FAULT_PRI, PCIE_XFER_PRI);
SAME(TEP_FAULT_RETRY, PCIE_XFER_RETRY);
SAME(TEP_ERROR_UR, PCIE_XFER_UR);
SAME(TEP_ERROR_CA, PCIE_XFER_CA);
SAME(TEP_ERROR_DENIED, PCIE_XFER_DENIED);
SAME(TEP_ERROR_PAGE, PCIE_XFER_PAGE);
SAME(TEP_ERROR_PRI, PCIE_XFER_PRI_FAIL);
SAME(TEP_ERROR_REFUSED, PCIE_XFER_REFUSED);

static void make_tlp(const struct engine_access *a, struct pcie_tlp *t)
{
    static const uint8_t type[] = {
        [ENGINE_READ] = PCIE_TLP_MRD,  [ENGINE_WRITE] = PCIE_TLP_MWR,
        [ENGINE_SWAP] = PCIE_TLP_SWAP, [ENGINE_FETCH_ADD] = PCIE_TLP_FETCH_ADD,
        [ENGINE_CAS] = PCIE_TLP_CAS,   [ENGINE_PREFETCH] = PCIE_TLP_MRD,
    };

    *t = (struct pcie_tlp){
        .type = type[a->kind],
        .attr = (uint8_t)((a->no_snoop ? PCIE_ATTR_NO_SNOOP : 0) |
                          (a->relaxed ? PCIE_ATTR_RELAXED : 0)),
        .no_write = a->no_write,
        .pasid_valid = a->pasid_valid,
        .execute = a->execute,
        .privileged = a->privileged,
        .pasid = a->pasid,
        .space_valid = a->space_valid,
        .space = a->space,
        .addr = a->addr,
    };
}

static void begin(void *opaque, const struct engine_access *a)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;
    struct pcie_xfer_config c = {.bytes = a->bytes,
                                 .mode = a->at,
                                 .policy = a->policy,
                                 .retries = a->retries,
                                 .retry_ps = a->retry_ps};

    t->access = *a;
    t->group = -1;
    t->tries = 0;
    make_tlp(a, &c.tlp);
    if (a->kind != ENGINE_PREFETCH)
        pcie_xfer_begin(&t->xfer, &c, t->ep, t->atc,
                        t->cfg.pri ? &t->pri : NULL);
}

static void end(void *opaque)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;

    if (t->group >= 0)
        pcie_pri_forget(&t->pri, t->group);
    t->group = -1;
    if (t->access.kind != ENGINE_PREFETCH)
        pcie_xfer_end(&t->xfer);
}

/* ---- translations alone --------------------------------------------------
 */

static enum engine_status failed(const struct test_endpoint *t, uint8_t error,
                                 struct engine_result *r)
{
    r->error = error;
    r->fault_addr = t->access.addr;
    return ENGINE_FAILED;
}

static enum engine_status again(struct test_endpoint *t,
                                struct engine_result *r)
{
    if (t->tries >= t->access.retries)
        return failed(t, TEP_ERROR_DENIED, r);
    t->tries++;
    r->again = pcie_ep_time(t->ep) + t->access.retry_ps;
    return ENGINE_WAIT;
}

static enum engine_status denied(struct test_endpoint *t,
                                 const struct pcie_tlp *tlp,
                                 struct engine_result *r)
{
    if (t->access.policy == TEP_FAULT_RETRY)
        return again(t, r);
    if (t->access.policy != TEP_FAULT_PRI || t->tries > t->access.retries)
        return failed(t, TEP_ERROR_DENIED, r);
    t->group = pcie_pri_ask(&t->pri, tlp, IOVP_ATS_READ, 1);
    r->again = ENGINE_NEVER;
    if (t->group < 0)
        return pcie_pri_busy(&t->pri) ? ENGINE_WAIT
                                      : failed(t, TEP_ERROR_PRI, r);
    t->tries++;
    return ENGINE_WAIT;
}

/* ENGINE_DONE: there is no answer to wait for. */
static enum engine_status answered(struct test_endpoint *t,
                                   struct engine_result *r)
{
    enum pcie_pri_state s;

    if (t->group < 0)
        return ENGINE_DONE;
    s = pcie_pri_take(&t->pri, t->group);
    r->again = ENGINE_NEVER;
    if (s == PCIE_PRI_WAITING)
        return ENGINE_WAIT;
    t->group = -1;
    if (s == PCIE_PRI_SUCCESS)
        return ENGINE_DONE;
    return failed(t, s == PCIE_PRI_INVALID ? TEP_ERROR_PAGE : TEP_ERROR_PRI, r);
}

static enum engine_status prefetch(struct test_endpoint *t,
                                   struct engine_result *r)
{
    static const uint8_t errors[] = {
        [PCIE_ATC_UNSUPPORTED] = TEP_ERROR_UR,
        [PCIE_ATC_ABORTED] = TEP_ERROR_CA,
        [PCIE_ATC_REFUSED] = TEP_ERROR_REFUSED,
    };
    uint32_t want = IOVP_ATS_READ | (t->access.execute ? IOVP_ATS_EXECUTE : 0);
    enum engine_status waits = answered(t, r);
    enum pcie_atc_status s;
    struct pcie_atc_result found;
    struct pcie_tlp tlp;

    if (waits != ENGINE_DONE)
        return waits;
    make_tlp(&t->access, &tlp);
    memset(&found, 0, sizeof(found));
    s = pcie_atc_translate(t->atc, &tlp, want, &found);
    if (s == PCIE_ATC_DENIED)
        return denied(t, &tlp, r);
    if (s != PCIE_ATC_OK)
        return failed(t, errors[s], r);
    r->address = found.address;
    r->range = found.bytes;
    r->info = (found.flags & TEP_INFO_FLAGS) |
              (found.untranslated ? IOVP_ATS_UNTRANSLATED : 0) |
              (found.hit ? TEP_INFO_HIT : 0);
    return ENGINE_DONE;
}

static enum engine_status go_on(void *opaque, void *data,
                                struct engine_result *r)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;
    const struct pcie_xfer *x = &t->xfer;

    if (t->access.kind == ENGINE_PREFETCH)
        return prefetch(t, r);
    switch (pcie_xfer_continue(&t->xfer, data)) {
    case PCIE_XFER_DONE:
        return ENGINE_DONE;
    case PCIE_XFER_WAIT:
        r->again = x->again;
        return ENGINE_WAIT;
    case PCIE_XFER_FAILED:
        break;
    }
    r->error = x->error;
    r->fault_addr = x->fault_addr;
    r->done = (uint32_t)x->done;
    if (x->error == PCIE_XFER_REFUSED)
        r->refusal = (uint8_t)-x->refusal;
    return ENGINE_FAILED;
}

/* ---- the rest --------------------------------------------------------------
 */

static uint64_t now(void *opaque)
{
    return pcie_ep_time(((struct test_endpoint *)opaque)->ep);
}

static void wake(void *opaque, uint64_t t)
{
    pcie_ep_wake(((struct test_endpoint *)opaque)->ep, t);
}

static bool irq(void *opaque, uint32_t vector)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;
    enum pcie_irq r = pcie_msi(pcie_ep_function(t->ep), vector);

    return r == PCIE_IRQ_SENT || r == PCIE_IRQ_PENDING;
}

static void flush(void *opaque, bool pasid_valid, uint32_t pasid)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;

    if (!t->atc)
        return;
    if (pasid_valid)
        pcie_atc_flush_pasid(t->atc, pasid);
    else
        pcie_atc_flush(t->atc);
}

/* 10.4.1.2: whoever never asks for pages has nothing to mark. */
static uint8_t stop(void *opaque, uint32_t pasid)
{
    struct test_endpoint *t = (struct test_endpoint *)opaque;

    if (!t->cfg.pri || !pcie_enabled(pcie_ep_function(t->ep), PCIE_CAP_PRI))
        return TEP_ERROR_NONE;
    return pcie_pri_stop(&t->pri, pasid) ? TEP_ERROR_NONE : TEP_ERROR_REFUSED;
}

static void stats(const void *opaque, uint64_t *out)
{
    const struct test_endpoint *t = (const struct test_endpoint *)opaque;
    struct pcie_atc_stats s;

    memset(&s, 0, sizeof(s));
    if (t->atc)
        pcie_atc_get_stats(t->atc, &s);
    out[TEP_ATC_HITS - TEP_ATC_HITS] = s.hits;
    out[TEP_ATC_MISSES - TEP_ATC_HITS] = s.lookups - s.hits;
    out[TEP_ATS_REQUESTS - TEP_ATC_HITS] = s.requests;
    out[TEP_ATS_DENIED - TEP_ATC_HITS] = s.denied;
    out[TEP_INVALIDATIONS - TEP_ATC_HITS] = s.invalidations;
    out[TEP_INVALIDATED - TEP_ATC_HITS] = s.dropped;
    out[TEP_PRI_REQUESTS - TEP_ATC_HITS] = t->pri.requests;
    for (unsigned i = 0; i < 3; i++)
        out[TEP_PRI_SUCCESS - TEP_ATC_HITS + i] = t->pri.responses[i];
}

static void finished(void *opaque, const struct engine_job *j)
{
    test_endpoint_alias_finished((struct test_endpoint *)opaque, j);
}

const struct engine_ops test_endpoint_bus = {
    .begin = begin,
    .go_on = go_on,
    .end = end,
    .time = now,
    .wake = wake,
    .irq = irq,
    .flush = flush,
    .stop = stop,
    .stats = stats,
    .finished = finished,
};

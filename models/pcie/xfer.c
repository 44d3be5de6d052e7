/* SPDX-License-Identifier: MIT */
/*
 * Transfers in pieces that stay within a page.  The pieces of one step begin
 * together: that is how far a device works ahead.
 */
#include "xfer.h"

#include "../common/iovp_attrs.h"

#include <string.h>

static bool is_atomic(const struct pcie_tlp *t)
{
    return t->type >= PCIE_TLP_FETCH_ADD && t->type <= PCIE_TLP_CAS;
}

static uint32_t rights(const struct pcie_tlp *t)
{
    if (t->type == PCIE_TLP_MRD)
        return IOVP_ATS_READ | (t->execute ? IOVP_ATS_EXECUTE : 0);
    if (t->type == PCIE_TLP_MWR)
        return IOVP_ATS_WRITE;
    return IOVP_ATS_READ | IOVP_ATS_WRITE;
}

void pcie_xfer_begin(struct pcie_xfer *x, const struct pcie_xfer_config *c,
                     struct pcie_ep *ep, struct pcie_atc *atc,
                     struct pcie_pri *pri)
{
    memset(x, 0, sizeof(*x));
    x->cfg = *c;
    x->ep = ep;
    x->atc = atc;
    x->pri = pri;
    x->group = -1;
}

void pcie_xfer_end(struct pcie_xfer *x)
{
    if (x->pri)
        pcie_pri_forget(x->pri, x->group);
    x->group = -1;
}

/* ---- faults ---------------------------------------------------------------
 */

static enum pcie_xfer_status fail(struct pcie_xfer *x,
                                  enum pcie_xfer_error error)
{
    x->error = (uint8_t)error;
    x->fault_addr = (x->cfg.tlp.addr + x->done) & ~0xfffull;
    return PCIE_XFER_FAILED;
}

static enum pcie_xfer_status refused(struct pcie_xfer *x, int refusal)
{
    x->refusal = refusal;
    return fail(x, PCIE_XFER_REFUSED);
}

static enum pcie_xfer_status wait(struct pcie_xfer *x, uint64_t again)
{
    x->again = again;
    return PCIE_XFER_WAIT;
}

/* A fault that may pass. */
static enum pcie_xfer_status fault(struct pcie_xfer *x,
                                   enum pcie_xfer_error error)
{
    if (x->cfg.policy != PCIE_XFER_RETRY || x->tries >= x->cfg.retries)
        return fail(x, error);
    x->tries++;
    return wait(x, pcie_ep_time(x->ep) + x->cfg.retry_ps);
}

/* `t` may not: ask for its page, if that is the policy. */
static enum pcie_xfer_status denied(struct pcie_xfer *x,
                                    const struct pcie_tlp *t)
{
    if (x->cfg.policy != PCIE_XFER_PRI)
        return fault(x, PCIE_XFER_DENIED);
    /* The first time is not a retry. */
    if (x->tries > x->cfg.retries)
        return fail(x, PCIE_XFER_DENIED);
    if (!x->pri)
        return fail(x, PCIE_XFER_PRI_FAIL);
    x->group = pcie_pri_ask(x->pri, t, rights(t), 1);
    if (x->group < 0)
        return pcie_pri_busy(x->pri) ? wait(x, PCIE_NEVER)
                                     : fail(x, PCIE_XFER_PRI_FAIL);
    x->tries++;
    return wait(x, PCIE_NEVER);
}

/* What the answer to a page request means; DONE: go on. */
static enum pcie_xfer_status answered(struct pcie_xfer *x)
{
    enum pcie_pri_state s = pcie_pri_take(x->pri, x->group);

    if (s == PCIE_PRI_WAITING)
        return wait(x, PCIE_NEVER);
    x->group = -1;
    if (s == PCIE_PRI_SUCCESS)
        return PCIE_XFER_DONE;
    return fail(x, s == PCIE_PRI_INVALID ? PCIE_XFER_PAGE : PCIE_XFER_PRI_FAIL);
}

/* ---- pieces ---------------------------------------------------------------
 */

/* A request for the piece `t`, by a translation. */
static enum pcie_xfer_status translate(struct pcie_xfer *x, struct pcie_tlp *t)
{
    struct pcie_atc_result r;

    if (!x->atc)
        return refused(x, PCIE_REFUSED_AT);
    switch (pcie_atc_translate(x->atc, t, rights(t), &r)) {
    case PCIE_ATC_OK:
        break;
    case PCIE_ATC_DENIED:
        return denied(x, t);
    case PCIE_ATC_UNSUPPORTED:
        return fail(x, PCIE_XFER_UR);
    case PCIE_ATC_ABORTED:
        return fail(x, PCIE_XFER_CA);
    case PCIE_ATC_REFUSED:
        return refused(x, PCIE_REFUSED_AT);
    }
    if (r.untranslated)
        return PCIE_XFER_DONE;
    t->at = IOVP_AT_TRANSLATED;
    t->addr = r.address;
    /* 6.20.1: the PASID is that of the untranslated address. */
    t->pasid_valid = t->execute = t->privileged = false;
    t->pasid = 0;
    return PCIE_XFER_DONE;
}

static enum pcie_xfer_status piece(struct pcie_xfer *x, uint8_t *data)
{
    struct pcie_tlp t = x->cfg.tlp;
    uint64_t left = x->cfg.bytes - x->done, page;
    enum pcie_xfer_status status = PCIE_XFER_DONE;
    int s;

    t.addr += x->done;
    page = PCIE_PAGE - (t.addr & (PCIE_PAGE - 1));
    t.length = (uint32_t)(left < page || is_atomic(&t) ? left : page);
    t.at = x->cfg.mode == PCIE_XFER_TRANSLATED ? IOVP_AT_TRANSLATED
                                               : IOVP_AT_UNTRANSLATED;
    if (x->cfg.mode == PCIE_XFER_ATC)
        status = translate(x, &t);
    if (status != PCIE_XFER_DONE)
        return status;
    s = is_atomic(&t) ? pcie_request(pcie_ep_function(x->ep), &t, data)
                      : pcie_dma(pcie_ep_function(x->ep), &t, data + x->done);
    if (x->cfg.mode == PCIE_XFER_ATC && t.at == IOVP_AT_TRANSLATED)
        pcie_atc_used(x->atc, pcie_ep_time(x->ep));
    if (s < 0)
        return refused(x, s);
    if (s != PCIE_SC)
        return fault(x, s == PCIE_CA ? PCIE_XFER_CA : PCIE_XFER_UR);
    x->done += t.length;
    x->tries = 0;
    return PCIE_XFER_DONE;
}

enum pcie_xfer_status pcie_xfer_continue(struct pcie_xfer *x, void *data)
{
    uint64_t start = pcie_ep_time(x->ep), end = start;
    enum pcie_xfer_status s = PCIE_XFER_DONE;

    /* Something else has woken the endpoint. */
    if (x->again != PCIE_NEVER && start < x->again)
        return PCIE_XFER_WAIT;
    if (x->group >= 0)
        s = answered(x);
    while (s == PCIE_XFER_DONE && x->done < x->cfg.bytes) {
        pcie_ep_set_time(x->ep, start);
        s = piece(x, (uint8_t *)data);
        end = pcie_ep_time(x->ep) > end ? pcie_ep_time(x->ep) : end;
    }
    pcie_ep_set_time(x->ep, end);
    return s;
}

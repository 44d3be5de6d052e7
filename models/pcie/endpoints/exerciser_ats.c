/* SPDX-License-Identifier: MIT */
/*
 * Translation requests by register, the one entry that keeps the answer, and
 * invalidations (10.3).  A request that is invalidated in flight is repeated.
 */
#include "exerciser_internal.h"

#define RESULTS \
    (EX_ATSCTL_SUCCESS | EX_ATSCTL_CACHEABLE | EX_ATSCTL_INVALIDATED)

static void forget_results(struct exerciser *x)
{
    x->ats.entry.valid = false;
    *ex_reg(x, EX_ATSCTL) &= ~RESULTS;
    ex_put64(x, EX_ATS_ADDR, 0);
    ex_put64(x, EX_ATS_RANGE, 0);
    *ex_reg(x, EX_ATS_PERM) = 0;
}

void ex_ats_clear(struct exerciser *x)
{
    forget_results(x);
}

/* ---- the request ----------------------------------------------------------
 */

void ex_ats_trigger(struct exerciser *x)
{
    uint32_t ctl = *ex_reg(x, EX_ATSCTL);
    bool pasid = ctl & EX_ATSCTL_PASID;

    if (x->ats.state != EX_ATS_IDLE)
        return;
    forget_results(x);
    x->ats.tlp = (struct pcie_tlp){
        .type = PCIE_TLP_MRD,
        .at = IOVP_AT_TRANSLATION_REQUEST,
        .addr = ex_reg64(x, EX_BUS_ADDR),
        .length = 8,
        .no_write = ctl & EX_ATSCTL_NO_WRITE,
        .pasid_valid = pasid,
        .pasid = pasid ? *ex_reg(x, EX_PASID) : 0,
        .privileged = ctl & EX_ATSCTL_PRIVILEGED,
        .execute = ctl & EX_ATSCTL_EXECUTE,
    };
    x->ats.state = EX_ATS_ASKS;
    *ex_reg(x, EX_ATSCTL) |= EX_ATSCTL_IN_FLIGHT;
    ex_wake(x);
}

/* What the completion translates, or, if nothing, the page asked for. */
static struct ex_entry answered(const struct ex_ats *a)
{
    bool good = a->completion.status == IOVP_ATS_SUCCESS &&
                a->completion.flags & (IOVP_ATS_READ | IOVP_ATS_WRITE);
    uint8_t log2 = good && a->completion.log2 > 12 ? a->completion.log2 : 12;
    uint64_t span = iovp_mask(log2);
    uint8_t mode = a->tlp.privileged ? IOVP_ATS_PRIVILEGED : 0;

    return (struct ex_entry){
        .valid = true,
        .input = a->tlp.addr & ~span,
        .output = a->completion.address & ~span,
        .log2 = log2,
        .flags = (uint8_t)((a->completion.flags & ~IOVP_ATS_PRIVILEGED) | mode),
        .pasid_valid = a->tlp.pasid_valid,
        .pasid = a->tlp.pasid};
}

static uint32_t permissions(const struct ex_entry *e)
{
    uint32_t perm = 0;

    if (e->flags & IOVP_ATS_EXECUTE)
        perm |= EX_ATS_EXECUTE | EX_ATS_EXECUTE_PRIV;
    if (e->flags & IOVP_ATS_WRITE)
        perm |= EX_ATS_WRITE | EX_ATS_WRITE_PRIV;
    if (e->flags & IOVP_ATS_READ)
        perm |= EX_ATS_READ | EX_ATS_READ_PRIV;
    return e->flags & IOVP_ATS_PRIVILEGED
               ? perm
               : perm & (EX_ATS_EXECUTE | EX_ATS_WRITE | EX_ATS_READ);
}

static void finish(struct exerciser *x)
{
    struct ex_ats *a = &x->ats;
    struct ex_entry e = answered(a);

    a->state = EX_ATS_IDLE;
    *ex_reg(x, EX_ATSCTL) &= ~EX_ATSCTL_IN_FLIGHT;
    if (a->completion.status != IOVP_ATS_SUCCESS)
        return;
    *ex_reg(x, EX_ATSCTL) |= EX_ATSCTL_SUCCESS;
    if (!(e.flags & (IOVP_ATS_READ | IOVP_ATS_WRITE)))
        return;
    *ex_reg(x, EX_ATSCTL) |= EX_ATSCTL_CACHEABLE;
    ex_put64(x, EX_ATS_ADDR, e.output + (a->tlp.addr - e.input));
    ex_put64(x, EX_ATS_RANGE, iovp_mask(e.log2) + 1);
    *ex_reg(x, EX_ATS_PERM) = permissions(&e);
    a->entry = e;
}

static void ask(struct exerciser *x)
{
    struct ex_ats *a = &x->ats;
    struct pcie_tlp t = a->tlp;
    struct iovp_ats_completion c = {.status = IOVP_ATS_UR};

    t.addr &= ~(uint64_t)(PCIE_PAGE - 1);
    x->ats_requests++;
    if (pcie_request(ex_fn(x), &t, &c))
        c.status = IOVP_ATS_UR;
    /* Unless it has led to a reset. */
    if (a->state != EX_ATS_ASKS)
        return;
    a->completion = c;
    a->end = pcie_ep_time(x->ep);
    a->retry = false;
    a->state = EX_ATS_FLIES;
}

/* ---- invalidations ---------------------------------------------------------
 */

static bool hits(const struct ex_entry *e, const struct pcie_tlp *t,
                 uint64_t word)
{
    bool global = word & 1;
    unsigned log2 = 12;
    uint64_t span;

    if (word >> 11 & 1)
        for (log2 = 13; log2 < 64 && word >> (log2 - 1) & 1;)
            log2++;
    span = iovp_mask(log2 > e->log2 ? log2 : e->log2);
    /* Without a PASID it is about all, with and without. */
    return e->valid && !((e->input ^ word) & ~span) &&
           (!t->pasid_valid ||
            (e->pasid_valid && (global || e->pasid == t->pasid)));
}

static void drop_entry(struct exerciser *x)
{
    if (x->ats.entry.valid)
        *ex_reg(x, EX_ATSCTL) |= EX_ATSCTL_INVALIDATED;
    x->ats.entry.valid = false;
}

void ex_ats_message(struct exerciser *x, const struct pcie_tlp *t,
                    const void *data)
{
    struct ex_ats *a = &x->ats;
    uint32_t itag = 1u << (t->tag & 31);
    struct ex_entry flying = answered(a);
    uint64_t word;

    if (t->message != PCIE_MSG_INVALIDATE_REQUEST || !data || t->length < 8)
        return;
    word = iovp_le64((const uint8_t *)data);
    x->invalidations++;
    a->root = t->requester;
    if (hits(&a->entry, t, word))
        drop_entry(x);
    if (a->state == EX_ATS_FLIES && hits(&flying, t, word))
        a->retry = true;
    /* 10.3.2: not before what uses the translation is complete. */
    if (x->dma.state != EX_DMA_IDLE && hits(&x->dma.entry, t, word))
        a->waiting |= itag;
    else
        a->answer |= itag;
    ex_wake(x);
}

void ex_ats_control(struct exerciser *x)
{
    if (!pcie_enabled(ex_fn(x), PCIE_CAP_ATS))
        drop_entry(x);
}

static void answer(struct exerciser *x)
{
    struct ex_ats *a = &x->ats;
    struct pcie_tlp t = {.type = PCIE_TLP_MSG,
                         .message = PCIE_MSG_INVALIDATE_COMPLETION,
                         .target = a->root,
                         .addr = 1ull << PCIE_INVALIDATE_CC_SHIFT | a->answer};

    a->answer = 0;
    pcie_request(ex_fn(x), &t, NULL);
}

uint64_t ex_ats_work(struct exerciser *x, uint64_t now)
{
    struct ex_ats *a = &x->ats;

    if (x->dma.state == EX_DMA_IDLE) {
        a->answer |= a->waiting;
        a->waiting = 0;
    }
    if (a->answer)
        answer(x);
    if (a->state == EX_ATS_FLIES && a->end <= now) {
        if (a->retry)
            a->state = EX_ATS_ASKS;
        else
            finish(x);
    }
    if (a->state == EX_ATS_ASKS)
        ask(x);
    return a->state == EX_ATS_FLIES ? a->end : PCIE_NEVER;
}

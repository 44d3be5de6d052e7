/* SPDX-License-Identifier: MIT */
/* DMA between BAR1's memory and the bus, a page of the bus at a time. */
#include "exerciser_internal.h"

uint32_t ex_devctl(const struct exerciser *x)
{
    return (uint32_t)pcie_cap_read(ex_fn(x), PCIE_CAP_EXP, PCIE_DEVCTL, 2);
}

static uint8_t attributes(const struct exerciser *x, uint32_t ctl)
{
    uint32_t enabled = ex_devctl(x);
    uint8_t attr = 0;

    if (ctl & EX_DMACTL_NO_SNOOP && enabled & PCIE_DEVCTL_NO_SNOOP)
        attr |= PCIE_ATTR_NO_SNOOP;
    if (enabled & PCIE_DEVCTL_RELAXED)
        attr |= PCIE_ATTR_RELAXED;
    return attr;
}

void ex_dma_trigger(struct exerciser *x)
{
    static const uint8_t at[] = {
        [EX_AT_DEFAULT] = IOVP_AT_UNTRANSLATED,
        [EX_AT_UNTRANSLATED] = IOVP_AT_UNTRANSLATED,
        [EX_AT_TRANSLATED] = IOVP_AT_TRANSLATED,
        [EX_AT_RESERVED] = EX_AT_RESERVED,
    };
    uint32_t ctl = *ex_reg(x, EX_DMACTL), rid = *ex_reg(x, EX_RIDCTL);
    bool pasid = ctl & EX_DMACTL_PASID;

    if (x->dma.state != EX_DMA_IDLE)
        return;
    x->dma = (struct ex_dma){
        .state = EX_DMA_STARTS,
        .use_atc = ctl & EX_DMACTL_USE_ATC,
        /* The suite writes 0 where it means none, and with it, valid. */
        .requester_valid = rid & EX_RIDCTL_VALID && rid & EX_RIDCTL_VALUE,
        .tlp = {.type =
                    ctl & EX_DMACTL_FROM_DEVICE ? PCIE_TLP_MWR : PCIE_TLP_MRD,
                .at = at[ctl >> EX_DMACTL_AT_SHIFT & 3],
                .attr = attributes(x, ctl),
                .requester = rid & EX_RIDCTL_VALUE,
                .pasid_valid = pasid,
                .pasid = pasid ? *ex_reg(x, EX_PASID) : 0,
                .privileged = ctl & EX_DMACTL_PRIVILEGED,
                .execute = ctl & EX_DMACTL_INSTRUCTION,
                .addr = ex_reg64(x, EX_BUS_ADDR)},
        .offset = *ex_reg(x, EX_DMA_OFFSET),
        .left = *ex_reg(x, EX_DMA_LENGTH),
    };
    *ex_reg(x, EX_DMACTL) |= EX_DMACTL_START;
    ex_wake(x);
}

/* By the ATC's entry, if that covers all of it and allows it. */
static bool translate(struct exerciser *x)
{
    const struct ex_entry *e = &x->ats.entry;
    struct pcie_tlp *t = &x->dma.tlp;
    uint32_t want = t->type == PCIE_TLP_MWR ? IOVP_ATS_WRITE : IOVP_ATS_READ;
    uint64_t span = iovp_mask(e->log2);

    if (t->execute)
        want |= IOVP_ATS_EXECUTE;
    if (!e->valid || e->pasid_valid != t->pasid_valid || e->pasid != t->pasid ||
        ~e->flags & want ||
        !(e->flags & IOVP_ATS_PRIVILEGED) == t->privileged ||
        (t->addr & ~span) != e->input || x->dma.left > span + 1 ||
        (t->addr & span) > span + 1 - x->dma.left)
        return false;
    x->dma.entry = *e;
    if (e->flags & IOVP_ATS_NON_SNOOPED)
        t->attr &= (uint8_t)~PCIE_ATTR_NO_SNOOP;
    if (e->flags & IOVP_ATS_UNTRANSLATED)
        return true;
    t->addr = e->output + (t->addr - e->input);
    t->at = IOVP_AT_TRANSLATED;
    /* 6.20.2: no prefix on what is translated. */
    t->pasid_valid = t->privileged = t->execute = false;
    t->pasid = 0;
    return true;
}

static uint8_t start(struct exerciser *x)
{
    struct ex_dma *d = &x->dma;

    if (d->offset > x->cfg.memory_bytes ||
        d->left > x->cfg.memory_bytes - d->offset ||
        d->tlp.addr + d->left < d->tlp.addr)
        return EX_DMA_RANGE;
    if (ex_error_control(x) & EX_ERROR_ON_DMA)
        return EX_DMA_INTERNAL;
    if (!d->use_atc)
        return EX_DMA_OK;
    if (d->tlp.at != IOVP_AT_UNTRANSLATED || !translate(x))
        return EX_DMA_INTERNAL;
    return EX_DMA_OK;
}

/* Requests up to the next page, which all begin at once. */
static void page(struct exerciser *x)
{
    struct ex_dma *d = &x->dma;
    struct pcie_fn *f = ex_fn(x);
    uint32_t room = PCIE_PAGE - (uint32_t)(d->tlp.addr & (PCIE_PAGE - 1));
    uint64_t begin = pcie_ep_time(x->ep), end = begin;

    room = room < d->left ? room : d->left;
    while (room) {
        struct pcie_tlp t = d->tlp;
        int s;

        t.length = pcie_piece(f, &t, room);
        if (!d->requester_valid)
            t.requester = pcie_id(f);
        pcie_ep_set_time(x->ep, begin);
        s = pcie_request_as(f, &t, x->memory + d->offset);
        if (pcie_ep_time(x->ep) > end)
            end = pcie_ep_time(x->ep);
        /* It may have led to a reset. */
        if (d->state != EX_DMA_RUNS)
            return;
        if (s)
            d->status = EX_DMA_INTERNAL;
        if (s)
            break;
        room -= t.length;
        d->left -= t.length;
        d->offset += t.length;
        d->tlp.addr += t.length;
        x->dma_bytes += t.length;
    }
    pcie_ep_set_time(x->ep, end);
}

static void finish(struct exerciser *x)
{
    struct ex_dma *d = &x->dma;

    *ex_reg(x, EX_DMACTL) &= ~EX_DMACTL_TRIGGER;
    /* The suite can set bits of the address type, but never clears them. */
    if (d->tlp.at == EX_AT_RESERVED) {
        *ex_reg(x, EX_DMACTL) &= ~EX_DMACTL_AT;
        d->status = EX_DMA_INTERNAL;
    }
    *ex_reg(x, EX_DMA_STATUS) = d->status;
    x->dmas++;
    x->dma_failed += d->status != EX_DMA_OK;
    x->dma.state = EX_DMA_IDLE;
    x->dma.entry.valid = false;
}

uint64_t ex_dma_work(struct exerciser *x, uint64_t now)
{
    struct ex_dma *d = &x->dma;

    if (d->state == EX_DMA_STARTS) {
        d->status = start(x);
        d->state = EX_DMA_RUNS;
    }
    if (d->state == EX_DMA_RUNS) {
        if (d->left && d->status == EX_DMA_OK)
            page(x);
        if (d->state != EX_DMA_RUNS)
            return PCIE_NEVER;
        if (d->left && d->status == EX_DMA_OK)
            return pcie_ep_time(x->ep);
        d->end = pcie_ep_time(x->ep);
        d->state = EX_DMA_ENDS;
    }
    if (d->state == EX_DMA_ENDS && d->end > now)
        return d->end;
    if (d->state == EX_DMA_ENDS)
        finish(x);
    return PCIE_NEVER;
}

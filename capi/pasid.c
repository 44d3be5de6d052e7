/* SPDX-License-Identifier: MIT */
/* PASIDs: one number names one address space in the whole platform. */
#include "alloc.h"
#include "group.h"

#define PASID_MAX IOVP_PASID_MAX
#define WORDS     ((PASID_MAX + 1) / 64)

static bool is_set(const uint64_t *map, uint32_t pasid)
{
    return map[pasid / 64] >> pasid % 64 & 1;
}

static void set(uint64_t *map, uint32_t pasid, bool on)
{
    if (on)
        map[pasid / 64] |= 1ull << pasid % 64;
    else
        map[pasid / 64] &= ~(1ull << pasid % 64);
}

void pasids_destroy(struct platform *p)
{
    if (!p->contexts)
        return;
    platform_free(p, p->contexts->pasids);
    platform_free(p, p->contexts->library);
}

static bool make(struct platform *p)
{
    struct contexts *all = p->contexts;

    if (!all->pasids)
        all->pasids = platform_alloc(p, WORDS, sizeof(uint64_t));
    if (!all->library)
        all->library = platform_alloc(p, WORDS, sizeof(uint64_t));
    return all->pasids && all->library;
}

/* The lowest that is free; 0: there is none. */
static uint32_t lowest(const uint64_t *taken, uint32_t min, uint32_t max)
{
    for (uint32_t i = min; i <= max; i++) {
        if (i % 64 == 0 && taken[i / 64] == UINT64_MAX)
            i += 63;
        else if (!is_set(taken, i))
            return i;
    }
    return 0;
}

static iovp_status ask_alloc(struct context *c, uint32_t min, uint32_t max,
                             uint32_t *pasid)
{
    int nested = c->p->in_callback;
    iovp_status st;

    if (!c->user.pasid_alloc)
        return IOVP_PASS;
    c->p->in_callback = CALLBACK_SERVICE;
    st = c->user.pasid_alloc(c->config.ud, min, max, pasid);
    c->p->in_callback = nested;
    if (st < 0)
        return iovp_fail(st, "the host's callback refused a PASID");
    if (st == IOVP_OK && (*pasid < min || *pasid > max ||
                          is_set(c->p->contexts->pasids, *pasid)))
        return iovp_fail(IOVP_E_REFUSED,
                         "the host's callback gave PASID 0x%x, which is taken "
                         "or not in 0x%x..0x%x",
                         *pasid, min, max);
    return st;
}

static iovp_status take(struct context *c, uint32_t min, uint32_t max,
                        uint32_t *pasid, bool library)
{
    struct contexts *all = c->p->contexts;
    uint32_t n = 0;
    iovp_status st;

    if (!min)
        min = 1;
    if (min > max || max > PASID_MAX)
        return iovp_fail(IOVP_E_INVALID, "PASIDs 0x%x..0x%x: 20 bits", min,
                         max);
    if (!make(c->p))
        return iovp_fail(IOVP_E_NOMEM, "no memory for PASIDs");
    st = ask_alloc(c, min, max, &n);
    if (st < 0)
        return st;
    if (st != IOVP_OK)
        n = lowest(all->pasids, min, max);
    if (!n)
        return iovp_fail(IOVP_E_LIMIT, "no PASID is free in 0x%x..0x%x", min,
                         max);
    set(all->pasids, n, true);
    set(all->library, n, library);
    *pasid = n;
    return IOVP_OK;
}

static iovp_status give(struct context *c, uint32_t pasid)
{
    int nested = c->p->in_callback;
    iovp_status st = IOVP_PASS;

    c->p->in_callback = CALLBACK_SERVICE;
    if (c->user.pasid_free)
        st = c->user.pasid_free(c->config.ud, pasid);
    c->p->in_callback = nested;
    if (st < 0)
        return iovp_fail(st, "the host's callback keeps PASID 0x%x", pasid);
    set(c->p->contexts->pasids, pasid, false);
    set(c->p->contexts->library, pasid, false);
    return IOVP_OK;
}

iovp_status context_take_pasid(struct context *c, uint32_t min, uint32_t max,
                               uint32_t *pasid)
{
    return take(c, min, max, pasid, true);
}

iovp_status context_give_pasid(struct context *c, uint32_t pasid)
{
    return give(c, pasid);
}

iovp_status iovp_context_pasid_alloc(iovp_context *h, uint32_t min,
                                     uint32_t max, uint32_t *pasid)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);

    if (st)
        return st;
    if (!pasid)
        return iovp_fail(IOVP_E_INVALID, "no place for the PASID");
    return take(c, min, max, pasid, false);
}

iovp_status iovp_context_pasid_free(iovp_context *h, uint32_t pasid)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);
    const struct contexts *all;

    if (st)
        return st;
    all = c->p->contexts;
    if (pasid > PASID_MAX || !all->pasids || !is_set(all->pasids, pasid))
        return iovp_fail(IOVP_E_NOTFOUND, "PASID 0x%x is not allocated", pasid);
    if (is_set(all->library, pasid))
        return iovp_fail(IOVP_E_BUSY, "PASID 0x%x is a process's", pasid);
    return give(c, pasid);
}

/* SPDX-License-Identifier: MIT */
/* The Page Request Interface (10.4, 10.5.2). */
#include "pri.h"

#include "pcie_regs.h"

#include <string.h>

static struct pcie_fn *function(const struct pcie_pri *p)
{
    return pcie_ep_function(p->ep);
}

/* 9.3.7: a VF has the registers of its PF. */
static uint32_t read_reg(const struct pcie_pri *p, uint32_t at, unsigned width)
{
    return (uint32_t)pcie_cap_read(pcie_physical(function(p)), PCIE_CAP_PRI, at,
                                   width);
}

static void set_status(struct pcie_pri *p, uint32_t mask, bool on)
{
    struct pcie_fn *f = pcie_physical(function(p));
    uint32_t cap = pcie_cap_offset(f, PCIE_CAP_PRI);

    if (cap)
        pcie_config_poke(f, cap + PCIE_PRI_STATUS, 2, mask, on ? mask : 0);
}

void pcie_pri_init(struct pcie_pri *p, struct pcie_ep *ep)
{
    memset(p, 0, sizeof(*p));
    p->ep = ep;
}

/* ---- requests ------------------------------------------------------------ */

/* Allocations above the capacity mean the capacity. */
static uint32_t credits(const struct pcie_pri *p)
{
    uint32_t most = read_reg(p, PCIE_PRI_CAPACITY, 4);
    uint32_t allowed = read_reg(p, PCIE_PRI_ALLOCATION, 4);
    uint32_t held = pcie_ep_shared_pri(p->ep)->outstanding;

    most = allowed < most ? allowed : most;
    return most > held ? most - held : 0;
}

/* 10.4.2.2: until software clears it, at the latest by enabling again. */
static bool failed(const struct pcie_pri *p)
{
    return read_reg(p, PCIE_PRI_STATUS, 2) & PCIE_PRI_RESPONSE_FAILURE;
}

static bool may_ask(const struct pcie_pri *p)
{
    return pcie_enabled(function(p), PCIE_CAP_PRI) && !failed(p);
}

bool pcie_pri_busy(const struct pcie_pri *p)
{
    return may_ask(p) && pcie_ep_shared_pri(p->ep)->outstanding;
}

static int free_group(struct pcie_pri *p)
{
    for (uint32_t n = 0; n < PCIE_PRI_GROUPS; n++) {
        uint32_t i = (p->next + n) % PCIE_PRI_GROUPS;

        if (p->group[i].state != PCIE_PRI_FREE)
            continue;
        /* The one that was used last comes last: late answers are found out. */
        p->next = i + 1;
        return (int)i;
    }
    return -1;
}

/* The pages of a group.  False: the function may not send. */
static bool send(struct pcie_pri *p, const struct pcie_tlp *t, uint32_t want,
                 uint32_t pages, unsigned prgi)
{
    uint64_t start = pcie_ep_time(p->ep);
    uint64_t low = (uint64_t)prgi << PCIE_PAGE_REQUEST_PRGI_SHIFT |
                   (want & IOVP_ATS_WRITE ? PCIE_PAGE_REQUEST_WRITE : 0) |
                   (want & IOVP_ATS_READ ? PCIE_PAGE_REQUEST_READ : 0);
    struct pcie_tlp m = {.type = PCIE_TLP_MSG,
                         .message = PCIE_MSG_PAGE_REQUEST,
                         .tc = t->tc,
                         .pasid_valid = t->pasid_valid,
                         .execute = t->execute,
                         .privileged = t->privileged,
                         .pasid = t->pasid,
                         .space_valid = t->space_valid,
                         .space = t->space};

    for (uint32_t i = 0; i < pages; i++) {
        int s;

        m.addr = (t->addr & ~0xfffull) + (uint64_t)i * PCIE_PAGE;
        m.addr |= low | (i + 1 == pages ? PCIE_PAGE_REQUEST_LAST : 0);
        pcie_ep_set_time(p->ep, start);
        s = pcie_request(function(p), &m, NULL);
        pcie_ep_set_time(p->ep, start);
        if (s < 0)
            return false;
    }
    return true;
}

int pcie_pri_ask(struct pcie_pri *p, const struct pcie_tlp *t, uint32_t want,
                 uint32_t pages)
{
    int i;

    if (!pages || !may_ask(p) || pages > credits(p) ||
        (i = free_group(p)) < 0 || !send(p, t, want, pages, (unsigned)i)) {
        p->refused++;
        return -1;
    }
    p->group[i] = (struct pcie_pri_group){.state = PCIE_PRI_WAITING,
                                          .pasid_valid = t->pasid_valid,
                                          .pasid = t->pasid,
                                          .pages = pages,
                                          .sent = pcie_ep_time(p->ep)};
    p->outstanding += pages;
    pcie_ep_shared_pri(p->ep)->outstanding += pages;
    p->requests += pages;
    p->groups++;
    return i;
}

bool pcie_pri_stop(struct pcie_pri *p, uint32_t pasid)
{
    struct pcie_tlp m = {.type = PCIE_TLP_MSG,
                         .message = PCIE_MSG_PAGE_REQUEST,
                         .pasid_valid = true,
                         .pasid = pasid,
                         .addr = PCIE_PAGE_REQUEST_LAST};
    uint64_t start = pcie_ep_time(p->ep);
    int s;

    if (!may_ask(p))
        return false;
    s = pcie_request(function(p), &m, NULL);
    pcie_ep_set_time(p->ep, start);
    return s >= 0;
}

/* ---- groups -------------------------------------------------------------- */

enum pcie_pri_state pcie_pri_take(struct pcie_pri *p, int group)
{
    enum pcie_pri_state s;

    if (group < 0 || group >= (int)PCIE_PRI_GROUPS)
        return PCIE_PRI_FREE;
    s = (enum pcie_pri_state)p->group[group].state;
    if (s != PCIE_PRI_WAITING)
        p->group[group].state = PCIE_PRI_FREE;
    return s;
}

void pcie_pri_forget(struct pcie_pri *p, int group)
{
    if (pcie_pri_take(p, group) == PCIE_PRI_WAITING)
        p->group[group].forgotten = true;
}

static void end_group(struct pcie_pri *p, struct pcie_pri_group *g,
                      enum pcie_pri_state s)
{
    p->outstanding -= g->pages;
    pcie_ep_shared_pri(p->ep)->outstanding -= g->pages;
    g->state = (uint8_t)(g->forgotten ? PCIE_PRI_FREE : s);
}

static void end_own(struct pcie_pri *p)
{
    p->ended = pcie_ep_shared_pri(p->ep)->ended;
    for (uint32_t i = 0; i < PCIE_PRI_GROUPS; i++)
        if (p->group[i].state == PCIE_PRI_WAITING)
            end_group(p, &p->group[i], PCIE_PRI_FAILURE);
    pcie_ep_wake(p->ep, pcie_ep_time(p->ep));
}

/* Nobody answers any more, whose groups they are. */
static void end_all(struct pcie_pri *p)
{
    pcie_ep_shared_pri(p->ep)->ended++;
    end_own(p);
}

void pcie_pri_changed(struct pcie_pri *p)
{
    if (p->ended != pcie_ep_shared_pri(p->ep)->ended)
        end_own(p);
    pcie_ep_wake(p->ep, pcie_ep_time(p->ep));
}

/* 10.5.2.3: Stopped says that nothing is outstanding any more. */
static void update_stopped(struct pcie_pri *p)
{
    if (!pcie_enabled(function(p), PCIE_CAP_PRI))
        set_status(p, PCIE_PRI_STOPPED,
                   !pcie_ep_shared_pri(p->ep)->outstanding);
}

/* ---- responses ----------------------------------------------------------- */

static struct pcie_pri_group *match(struct pcie_pri *p,
                                    const struct pcie_tlp *t)
{
    uint32_t i = t->addr & PCIE_PRGI_MASK;
    struct pcie_pri_group *g = &p->group[i % PCIE_PRI_GROUPS];

    if (i >= PCIE_PRI_GROUPS || g->state != PCIE_PRI_WAITING)
        return NULL;
    /* 10.4.2.1: with PRG Response PASID Required as the request had it. */
    if (read_reg(p, PCIE_PRI_STATUS, 2) & PCIE_PRI_PASID_REQUIRED &&
        (g->pasid_valid != t->pasid_valid ||
         (g->pasid_valid && g->pasid != t->pasid)))
        return NULL;
    return g;
}

static void measure(struct pcie_pri *p, const struct pcie_pri_group *g)
{
    uint64_t took = pcie_ep_time(p->ep);

    took = took > g->sent ? took - g->sent : 0;
    p->round_trips++;
    p->round_trip_ps += took;
    if (took > p->round_trip_max_ps)
        p->round_trip_max_ps = took;
}

void pcie_pri_message(struct pcie_pri *p, const struct pcie_tlp *t)
{
    unsigned code = t->addr >> PCIE_PAGE_RESPONSE_CODE_SHIFT & 15;
    struct pcie_pri_group *g;

    /* Behind a Response Failure all others are ignored. */
    if (t->message != PCIE_MSG_PRG_RESPONSE || failed(p))
        return;
    g = match(p, t);
    if (!g) {
        p->unexpected++;
        set_status(p, PCIE_PRI_UNEXPECTED_PRGI, true);
        return;
    }
    measure(p, g);
    if (code == IOVP_PAGE_SUCCESS || code == IOVP_PAGE_INVALID) {
        p->responses[code]++;
        end_group(p, g,
                  code == IOVP_PAGE_SUCCESS ? PCIE_PRI_SUCCESS
                                            : PCIE_PRI_INVALID);
        pcie_ep_wake(p->ep, pcie_ep_time(p->ep));
    } else {
        /* 10.4.2.2: reserved codes are failures as well. */
        p->responses[2]++;
        set_status(p, PCIE_PRI_RESPONSE_FAILURE, true);
        end_all(p);
    }
    pcie_ep_pri_changed(p->ep);
    update_stopped(p);
}

/* ---- software ------------------------------------------------------------ */

void pcie_pri_update(struct pcie_pri *p)
{
    bool enabled = pcie_enabled(function(p), PCIE_CAP_PRI);

    if (pcie_physical(function(p)) != function(p))
        return;
    if (read_reg(p, PCIE_PRI_CONTROL, 2) & PCIE_PRI_RESET)
        end_all(p);
    /* 10.5.2.2: enabling clears the status flags. */
    if (enabled && !p->enabled)
        set_status(p, PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED_PRGI,
                   false);
    p->enabled = enabled;
    pcie_ep_pri_changed(p->ep);
    update_stopped(p);
}

void pcie_pri_reset(struct pcie_pri *p)
{
    pcie_ep_shared_pri(p->ep)->outstanding -= p->outstanding;
    memset(p->group, 0, sizeof(p->group));
    p->outstanding = 0;
    p->next = 0;
    p->enabled = false;
    pcie_ep_pri_changed(p->ep);
}

/* SPDX-License-Identifier: MIT */
/*
 * What functions do: the checks of the requester (6.2.6, 6.20, 10.2), the way
 * up with Access Control Services (6.12), and peers.
 */
#include "pcie_internal.h"

static bool is_message(const struct pcie_tlp *t)
{
    return t->type == PCIE_TLP_MSG || t->type == PCIE_TLP_MSGD;
}

/* ---- the requester ------------------------------------------------------- */

static uint32_t limit(const struct pcie_fn *f, unsigned shift)
{
    uint32_t size = 128;

    if (f && f->cap[PCIE_CAP_EXP])
        size <<= cap16(physical(f), PCIE_CAP_EXP, PCIE_DEVCTL) >> shift & 7;
    return size < PCIE_PAGE ? size : PCIE_PAGE;
}

uint32_t pcie_max_read_request(const struct pcie_fn *f)
{
    return limit(f, PCIE_DEVCTL_MRRS_SHIFT);
}

/* A value beyond what is supported means what is (7.5.3.4). */
uint32_t pcie_max_payload(const struct pcie_fn *f)
{
    uint32_t set = limit(f, PCIE_DEVCTL_MPS_SHIFT);
    uint32_t can = 128;

    if (f && f->cap[PCIE_CAP_EXP])
        can <<= cap16(f, PCIE_CAP_EXP, PCIE_DEVCAP) & 7;
    return set < can ? set : can;
}

/* Length counts the doublewords that are touched. */
static uint32_t most_bytes(const struct pcie_fn *f, const struct pcie_tlp *t)
{
    return (t->type == PCIE_TLP_MRD ? pcie_max_read_request(f)
                                    : pcie_max_payload(f)) -
           (uint32_t)(t->addr & 3);
}

uint32_t pcie_piece(const struct pcie_fn *f, const struct pcie_tlp *t,
                    uint32_t left)
{
    uint32_t most = most_bytes(f, t);
    uint32_t page = PCIE_PAGE - (uint32_t)(t->addr & (PCIE_PAGE - 1));

    most = most < page ? most : page;
    return left < most ? left : most;
}

static int check_length(const struct pcie_fn *f, const struct pcie_tlp *t)
{
    if (is_message(t))
        return t->length > pcie_max_payload(f) ? PCIE_REFUSED_LENGTH : 0;
    if (is_atomic(t))
        return atomic_fits(t) ? 0 : PCIE_REFUSED_ARGUMENT;
    return !t->length || t->length > pcie_piece(f, t, t->length)
               ? PCIE_REFUSED_LENGTH
               : 0;
}

/* 6.20.2 */
static int check_pasid(const struct pcie_fn *f, const struct pcie_tlp *t)
{
    uint32_t control, width;

    f = physical(f);
    control = cap16(f, PCIE_CAP_PASID, PCIE_PASID_CONTROL);
    width = cap16(f, PCIE_CAP_PASID, PCIE_PASID_CAPABILITY) >>
                PCIE_PASID_WIDTH_SHIFT &
            31;
    if (!t->pasid_valid)
        return t->execute || t->privileged ? PCIE_REFUSED_PASID : 0;
    if (!(control & PCIE_PASID_ENABLE) || t->pasid >> width ||
        (t->execute && !(control & PCIE_PASID_EXECUTE)) ||
        (t->privileged && !(control & PCIE_PASID_PRIVILEGED)))
        return PCIE_REFUSED_PASID;
    return 0;
}

static bool held(const struct pcie_fn *f)
{
    for (f = f->parent; f; f = f->parent)
        if (pcie_held(f))
            return true;
    return false;
}

static int check(const struct pcie_fn *f, const struct pcie_tlp *t,
                 const void *data)
{
    bool types = t->type <= PCIE_TLP_CAS || is_message(t);
    int refused;

    if (!types || t->at > 3 || t->tc > 7 ||
        (!data && (!is_message(t) || t->type == PCIE_TLP_MSGD)))
        return PCIE_REFUSED_ARGUMENT;
    if (!pcie_present(f))
        return PCIE_REFUSED_ABSENT;
    if (!in_d0(f) || held(f))
        return PCIE_REFUSED_POWER;
    if (!is_message(t) && !(cfg16(f, PCIE_COMMAND) & PCIE_COMMAND_BUS_MASTER))
        return PCIE_REFUSED_BUS_MASTER;
    if (is_atomic(t) && !(cap16(physical(f), PCIE_CAP_EXP, PCIE_DEVCTL2) &
                          PCIE_DEVCTL2_ATOMIC_REQUESTER))
        return PCIE_REFUSED_ATOMIC;
    if (t->at && is_message(t))
        return PCIE_REFUSED_AT;
    if (t->at == 1 && t->type != PCIE_TLP_MRD)
        return PCIE_REFUSED_ARGUMENT;
    if (is_message(t) && t->message == PCIE_MSG_PAGE_REQUEST &&
        !pcie_enabled(f, PCIE_CAP_PRI))
        return PCIE_REFUSED_PRI;
    refused = check_pasid(f, t);
    return refused ? refused : check_length(f, t);
}

/* ---- the way up ------------------------------------------------------------
 */

/* May it go on?  Else *s is its end; the error is logged. */
static bool fail(struct pcie_fn *port, unsigned uncor, const struct pcie_tlp *t,
                 enum pcie_status status, enum pcie_status *s)
{
    if (status == PCIE_CA)
        cfg_set16(port, PCIE_SECONDARY_STATUS,
                  PCIE_STATUS_SIGNALED_TARGET_ABORT);
    pcie_report(port, uncor, t);
    *s = status;
    return false;
}

/* What a port does with whatever comes in from its link. */
static bool ingress(struct pcie_fn *port, const struct pcie_tlp *t,
                    enum pcie_status *s)
{
    uint32_t acs = cap16(port, PCIE_CAP_ACS, PCIE_ACS_CONTROL);
    uint32_t bus = t->requester >> 8;

    /* 2.2.10.2: a receiver that supports no End-End Prefix. */
    if (t->pasid_valid &&
        !(cfg32(port, port->cap[PCIE_CAP_EXP] + PCIE_DEVCAP2) &
          PCIE_DEVCAP2_EE_PREFIX))
        return fail(port, PCIE_UNCOR_MALFORMED, t, PCIE_UR, s);
    /* 6.12.1.1 */
    if (leads_down(port) && acs & PCIE_ACS_SV &&
        (bus < cfg8(port, PCIE_SECONDARY_BUS) ||
         bus > cfg8(port, PCIE_SUBORDINATE_BUS)))
        return fail(port, PCIE_UNCOR_ACS, t, PCIE_CA, s);
    if (leads_down(port) && acs & PCIE_ACS_TB && t->at && !is_message(t))
        return fail(port, PCIE_UNCOR_ACS, t, PCIE_CA, s);
    /* 10.2.1: reserved. */
    if (t->at == 3)
        return fail(port, PCIE_UNCOR_UR, t, PCIE_UR, s);
    /* 7.5.1.1.3: requests, not messages. */
    if (!is_message(t) && (!in_d0(port) || !(cfg16(port, PCIE_COMMAND) &
                                             PCIE_COMMAND_BUS_MASTER)))
        return fail(port, PCIE_UNCOR_UR, t, PCIE_UR, s);
    return true;
}

/* What is decided where the request enters a bus with peers on it. */
enum turn { TURN_UP, TURN_PEER, TURN_END };

/*
 * `at` came up with a request to the bus below `above` (NULL: root).  Does it
 * stay on that bus?  6.12.1.1: RR sends it on upwards, DT exempts what is
 * translated, UF lets pass what would turn around in this port.
 */
static enum turn peers(struct pcie_fn *at, const struct pcie_tlp *t,
                       struct pcie_target *to, enum pcie_status *s)
{
    uint32_t acs = cap16(at, PCIE_CAP_ACS, PCIE_ACS_CONTROL);
    struct pcie_fn *above = at->parent;

    if (leads_down(at) && pcie_window_hit(at, t)) {
        if (acs & PCIE_ACS_UF)
            return TURN_UP;
        fail(at, PCIE_UNCOR_UR, t, PCIE_UR, s);
        return TURN_END;
    }
    pcie_route_down(at->p, above, physical(at), t, to);
    if (to->f || to->blame != above)
        return acs & PCIE_ACS_RR && !(acs & PCIE_ACS_DT && t->at == 2)
                   ? TURN_UP
                   : TURN_PEER;
    /* Inside of the switch, but nobody's: it may not leave upwards. */
    if (above && pcie_window_hit(above, t)) {
        fail(above, PCIE_UNCOR_UR, t, PCIE_UR, s);
        return TURN_END;
    }
    return TURN_UP;
}

static bool has_peers(const struct pcie_fn *at)
{
    return at->kind == PCIE_DOWNSTREAM_PORT ||
           (!at->parent && at->p->peer_to_peer);
}

enum pcie_status pcie_complete(struct pcie *p, struct pcie_fn *bridge,
                               const struct pcie_fn *except,
                               const struct pcie_tlp *t, void *data,
                               struct pcie_target *to, struct pcie_path *path)
{
    enum pcie_status s;

    pcie_route_down(p, bridge, except, t, to);
    pcie_cross_down(path, bridge, to->f, to->blame, t);
    if (!to->f && to->blame && pcie_contained(to->blame))
        return pcie_contained_status(to->blame);
    if (!to->f) {
        pcie_unsupported(to->blame, t);
        return PCIE_UR;
    }
    s = pcie_deliver(to, t, data);
    if (s == PCIE_UR)
        pcie_report(to->f, PCIE_UNCOR_UR, t);
    if (s == PCIE_CA) {
        cfg_set16(to->f, PCIE_STATUS, PCIE_STATUS_SIGNALED_TARGET_ABORT);
        pcie_report(to->f, PCIE_UNCOR_CA, t);
    }
    return s;
}

static enum pcie_status send_up(struct pcie_fn *f, const struct pcie_tlp *t,
                                void *data, struct pcie_path *path)
{
    struct pcie *p = f->p;
    enum pcie_status s = PCIE_UR;
    struct pcie_target to;

    for (struct pcie_fn *at = f; at; at = at->parent) {
        enum turn turn = TURN_UP;

        if (at != f)
            pcie_cross(path, at, PCIE_UP, t);
        if (at != f && !ingress(at, t, &s))
            return s;
        /* Messages, and Translation Requests, are for the root complex. */
        if (!is_message(t) && t->at != 1 && has_peers(at))
            turn = peers(at, t, &to, &s);
        if (turn == TURN_END)
            return s;
        if (turn == TURN_PEER)
            return pcie_complete(p, at->parent, physical(at), t, data, &to,
                                 path);
    }
    return p->ops.request && t->at < 3 ? p->ops.request(p->opaque, f, t, data)
                                       : PCIE_UR;
}

int pcie_request_as(struct pcie_fn *f, const struct pcie_tlp *t, void *data)
{
    struct pcie_path path;
    enum pcie_status s;
    uint64_t begin;
    int refused;

    if (!f || !t)
        return PCIE_REFUSED_ARGUMENT;
    refused = check(f, t, data);
    if (refused)
        return refused;
    /* A request may make its target send requests, and so on. */
    if (f->p->nesting >= PCIE_NESTING_MAX)
        return PCIE_REFUSED_NESTING;
    f->p->nesting++;
    begin = f->p->time;
    path.count = 0;
    s = send_up(f, t, data, &path);
    pcie_cross_back(f->p, &path, t, s);
    pcie_sent(f->p, f, t, s, begin);
    f->p->nesting--;
    if (pcie_tlp_posted(t))
        return PCIE_SC;
    if (s == PCIE_UR)
        cfg_set16(f, PCIE_STATUS, PCIE_STATUS_RECEIVED_MASTER_ABORT);
    if (s == PCIE_CA)
        cfg_set16(f, PCIE_STATUS, PCIE_STATUS_RECEIVED_TARGET_ABORT);
    return (int)s;
}

/* 2.2.6.2: those of a function that wait for completions differ, within what
 * Extended Tag Field Enable leaves. */
static uint16_t next_tag(struct pcie_fn *f)
{
    bool extended = cap16(pcie_physical(f), PCIE_CAP_EXP, PCIE_DEVCTL) &
                    PCIE_DEVCTL_EXTENDED_TAG;

    return f->tag++ & (extended ? 0xff : 0x1f);
}

int pcie_request(struct pcie_fn *f, const struct pcie_tlp *t, void *data)
{
    struct pcie_tlp own;

    if (!f || !t)
        return PCIE_REFUSED_ARGUMENT;
    if (t->at > 2)
        return PCIE_REFUSED_ARGUMENT;
    if (t->at && !pcie_enabled(f, PCIE_CAP_ATS))
        return PCIE_REFUSED_AT;
    own = *t;
    own.requester = pcie_id(f);
    if (!pcie_tlp_posted(t))
        own.tag = next_tag(f);
    return pcie_request_as(f, &own, data);
}

int pcie_dma(struct pcie_fn *f, const struct pcie_tlp *t, void *data)
{
    struct pcie_tlp piece;
    uint64_t begin, end;
    uint32_t left;
    int s = PCIE_SC;

    if (!f || !t || (t->type != PCIE_TLP_MRD && t->type != PCIE_TLP_MWR))
        return PCIE_REFUSED_ARGUMENT;
    piece = *t;
    begin = end = f->p->time;
    for (left = t->length; left && s == PCIE_SC; left -= piece.length) {
        f->p->time = begin;
        piece.length = pcie_piece(f, &piece, left);
        s = pcie_request(f, &piece, data);
        end = f->p->time > end ? f->p->time : end;
        piece.addr += piece.length;
        data = (uint8_t *)data + piece.length;
    }
    f->p->time = end;
    return s;
}

/* SPDX-License-Identifier: MIT */
/*
 * ATS and page requests for contexts: who caches what, invalidations of
 * endpoints, the PRI queue.  Numbers in comments are sections of IHI 0070.
 */
#include "alloc.h"
#include "host_smmuv3.h"

/* ---- who caches what ------------------------------------------------------
 */

static void leave(struct host *h, struct smmu_group *x)
{
    struct smmu_group **at = &h->ats;

    while (*at && *at != x)
        at = &(*at)->next;
    if (*at)
        *at = x->next;
    x->cached = false;
}

static void drop(struct host *h, struct atc_user **at)
{
    struct atc_user *u = *at;

    *at = u->next;
    platform_free(h->p, u);
}

void host_smmuv3_atc_close(struct host *h, struct smmu_group *x)
{
    while (x->users)
        drop(h, &x->users);
    leave(h, x);
}

bool host_smmuv3_atc_set(struct host *h, struct smmu_group *x, uint32_t pasid,
                         const struct host_table *t)
{
    struct atc_user **at = &x->users;

    if (!x->st.ats)
        return true;
    while (*at && (*at)->pasid != pasid)
        at = &(*at)->next;
    if (!t) {
        if (*at)
            drop(h, at);
        return true;
    }
    if (!*at)
        *at = platform_alloc(h->p, 1, sizeof(**at));
    if (!*at)
        return false;
    (*at)->pasid = pasid;
    (*at)->stage = t->stage;
    (*at)->id = t->id;
    return true;
}

/* ---- invalidations --------------------------------------------------------
 */

/*
 * 4.7.3, CERROR_ATC_INV_SYNC: an endpoint that does not answer has failed or
 * is gone.  That is the endpoint's error, not that of who unmaps.
 */
static void sync(struct host *h)
{
    uint64_t errors = h->drv.gerrors;

    if (h->drv.failed)
        return;
    smmu_sync(&h->drv);
    if (h->drv.gerrors == errors)
        return;
    platform_log(h->p, IOVP_LOG_WARN,
                 "%s: an endpoint has not completed an ATS invalidation: %s",
                 h->name, h->drv.message);
    smmu_begin(&h->drv);
}

static void send(struct host *h, const struct smmu_group *x, uint32_t pasid,
                 uint64_t first, uint64_t last)
{
    for (uint32_t i = 0; i < x->g->streams; i++)
        smmu_atc_commands(&h->drv, x->g->stream_id[i], pasid, first, last);
}

void host_smmuv3_atc_flush_pasid(struct host *h, const struct smmu_group *x,
                                 uint32_t pasid)
{
    if (!x->cached)
        return;
    send(h, x, pasid, 0, UINT64_MAX);
    sync(h);
}

void host_smmuv3_atc_flush(struct host *h, const struct host_table *t,
                           uint64_t first, uint64_t last)
{
    bool any = false;

    for (const struct smmu_group *x = h->ats; x; x = x->next)
        for (const struct atc_user *u = x->users; u; u = u->next)
            if (u->stage == t->stage && u->id == t->id) {
                send(h, x, u->pasid, first, last);
                any = true;
            }
    if (any)
        sync(h);
}

/* 3.9.2: what was sent by translations before ATS was disabled is complete
 * with that. */
static void flush_users(struct host *h, const struct smmu_group *x)
{
    if (!x->users)
        return;
    host_smmuv3_begin(h, &h->own);
    for (const struct atc_user *u = x->users; u; u = u->next)
        send(h, x, u->pasid, 0, UINT64_MAX);
    sync(h);
}

void host_smmuv3_ats(struct host *h, struct host_group *g, bool on)
{
    struct smmu_group *x = g->priv;

    if (!x || !x->st.ats || x->cached == on)
        return;
    if (!on) {
        flush_users(h, x);
        leave(h, x);
        return;
    }
    x->cached = true;
    x->next = h->ats;
    h->ats = x;
}

/* ---- page requests --------------------------------------------------------
 */

bool host_smmuv3_can_ats(struct host *h)
{
    return h->drv.ats;
}

bool host_smmuv3_can_pri(struct host *h)
{
    return h->drv.pri;
}

static uint32_t rights_of(const struct smmu_page_request *r)
{
    uint32_t rights = (r->read ? IOVP_RIGHT_UR : 0) |
                      (r->write ? IOVP_RIGHT_UW : 0) |
                      (r->instruction ? IOVP_RIGHT_UX : 0);

    return r->privileged ? rights << 3 : rights;
}

/* 8: a Stop marker says that a PASID is not used any more. */
static bool is_marker(const struct smmu_page_request *r)
{
    return r->ssv && r->last && !r->read && !r->write;
}

bool host_smmuv3_page_request(struct host *h, struct host_fault *f)
{
    struct smmu_page_request r;

    do {
        if (!smmu_page_request_next(&h->drv, &r))
            return false;
    } while (is_marker(&r));
    *f = (struct host_fault){
        .kind = IOVP_FAULT_PAGE_REQUEST,
        .stream_id = r.sid,
        .pasid = r.ssv ? r.ssid : IOVP_NO_PASID,
        .addr = r.addr,
        .rights = rights_of(&r),
        .stage = IOVP_STAGE_1,
        .group = r.group,
        .last = r.last,
    };
    return true;
}

void host_smmuv3_page_respond(struct host *h, const struct host_fault *f,
                              uint32_t respond)
{
    static const uint8_t codes[] = {
        [IOVP_RESPOND_SUCCESS] = SMMU_PRI_SUCCESS,
        [IOVP_RESPOND_INVALID] = SMMU_PRI_INVALID,
        [IOVP_RESPOND_FAILURE] = SMMU_PRI_FAILURE,
    };
    const struct smmu_page_request r = {
        .sid = f->stream_id,
        .ssv = f->pasid != IOVP_NO_PASID,
        .ssid = f->pasid,
        .group = (uint16_t)f->group,
    };

    smmu_page_respond(&h->drv, &r, codes[respond]);
}

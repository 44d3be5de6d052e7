/* SPDX-License-Identifier: MIT */
/* Page requests of endpoints: the PRI queue and automatic responses (8). */
#include "queue.h"

/* 8: without SubstreamIDs a message has no PASID for the SMMU. */
static bool has_pasid(const struct smmuv3 *s, const struct iovp_page_request *r)
{
    return smmuv3_has_pasid(s, r->pasid_valid);
}

static uint32_t pasid_of(const struct smmuv3 *s,
                         const struct iovp_page_request *r)
{
    /* 3.9: one that does not fit is truncated. */
    return r->pasid &
           (uint32_t)iovp_mask((unsigned)iovp_bits(s->cfg.idr1, 10, 6));
}

/* 8: a Stop marker delimits groups, and nobody answers it. */
static bool is_marker(const struct smmuv3 *s, const struct iovp_page_request *r)
{
    return has_pasid(s, r) && r->last && !r->read && !r->write;
}

static void respond(struct smmuv3 *s, const struct iovp_page_request *r,
                    enum iovp_page_code code, bool pasid)
{
    const struct iovp_page_response out = {
        .stream_id = r->stream_id,
        .pasid = pasid ? pasid_of(s, r) : 0,
        .prg_index = (uint16_t)(r->prg_index & PRIQ_PRGINDEX_MAX),
        .pasid_valid = pasid,
        .automatic = true,
        .code = (uint8_t)code,
    };

    if (s->ops.pri_response && !is_marker(s, r))
        s->ops.pri_response(s->opaque, &out);
}

/* 8.1: STE.PPAR, if the STE can be had; else an event, if software asks. */
static bool read_ppar(struct smmuv3 *s, const struct iovp_page_request *r,
                      bool *ppar)
{
    const struct iovp_attrs a = {
        .stream_id = r->stream_id, .pasid = pasid_of(s, r), .pasid_valid = 1};
    struct smmuv3_job j = {.s = s, .attrs = &a, .walk = &s->scratch.walk};
    uint64_t ste[STE_WORDS], ev[EVENT_WORDS];

    iovp_walk_reset(j.walk);
    if (smmuv3_ste_fetch(&j, r->stream_id, ste)) {
        if (!smmuv3_ste_illegal(s, ste)) {
            *ppar = iovp_get_field(ste, STE_PPAR);
            return true;
        }
        j.fault.code = C_BAD_STE;
    }
    if (!j.fault.silent && smmuv3_ats_records(s)) {
        smmuv3_event(&j, r->address, SMMUV3_READ, false, false, ev);
        smmuv3_eventq_write(s, ev);
    }
    return false;
}

/* 6.3.36: with LO, the last message of a group interrupts, also if it is lost
 * in an overflow; without, a queue that was empty. */
static bool last_only(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_PRIQ_IRQ_CFG2) & SMMU_PRIQ_IRQ_CFG2_LO;
}

/* 8.1: the endpoint is to try again. */
static void discard(struct smmuv3 *s, const struct iovp_page_request *r)
{
    enum iovp_page_code code = IOVP_PAGE_SUCCESS;
    bool pasid = has_pasid(s, r);

    if (!r->last)
        return;
    if (pasid && !is_marker(s, r) && !(s->cfg.idr3 & SMMU_IDR3_PPS) &&
        !read_ppar(s, r, &pasid)) {
        code = IOVP_PAGE_FAILURE;
        pasid = false;
    }
    respond(s, r, code, pasid);
    if (last_only(s))
        smmuv3_interrupt(s, IOVP_IRQ_PRIQ);
}

static void make_record(const struct smmuv3 *s,
                        const struct iovp_page_request *r,
                        uint64_t rec[PRIQ_WORDS])
{
    rec[0] = 0;
    rec[1] = r->address & PRIQ_ADDR_MASK;
    iovp_put_field(rec, PRIQ_PRGINDEX, r->prg_index);
    iovp_put_field(rec, PRIQ_STREAMID, r->stream_id);
    iovp_put_field(rec, PRIQ_LAST, r->last);
    iovp_put_field(rec, PRIQ_W, r->write);
    iovp_put_field(rec, PRIQ_R, r->read);
    if (!has_pasid(s, r))
        return;
    iovp_put_field(rec, PRIQ_SSV, 1);
    iovp_put_field(rec, PRIQ_SUBSTREAMID, pasid_of(s, r));
    iovp_put_field(rec, PRIQ_X, r->execute);
    iovp_put_field(rec, PRIQ_PRIV, r->privileged);
}

static void append(struct smmuv3 *s, const struct iovp_page_request *r)
{
    struct smmuv3_queue q = smmuv3_priq(s);
    uint64_t rec[PRIQ_WORDS];
    bool was_empty = false;

    make_record(s, r, rec);
    switch (smmuv3_queue_put(s, &q, SMMU_PRIQ_PROD, rec, &was_empty)) {
    case SMMUV3_PUT_OK:
        if (last_only(s) ? r->last : was_empty)
            smmuv3_interrupt(s, IOVP_IRQ_PRIQ);
        break;
    case SMMUV3_PUT_FULL:
        discard(s, r);
        break;
    case SMMUV3_PUT_ABORT:
        smmuv3_gerror(s, SMMU_GERROR_PRIQ_ABT_ERR);
        respond(s, r, IOVP_PAGE_FAILURE, false);
        break;
    }
}

static void take(struct smmuv3 *s, const struct iovp_page_request *r)
{
    /* 6.3.9.5: PRIQEN counts only with SMMUEN. */
    const uint32_t on = SMMU_CR0_PRIQEN | SMMU_CR0_SMMUEN;

    if ((smmuv3_reg(s, SMMU_CR0ACK) & on) != on ||
        smmuv3_error_active(s, SMMU_GERROR_PRIQ_ABT_ERR))
        respond(s, r, IOVP_PAGE_FAILURE, false);
    else if (smmuv3_queue_overflown(s, SMMU_PRIQ_PROD))
        discard(s, r);
    else
        append(s, r);
}

bool smmuv3_page_request(struct smmuv3 *s, const struct iovp_page_request *r)
{
    if (s->engaged)
        return false;
    smmuv3_tick(s);
    s->engaged = true;
    take(s, r);
    s->engaged = false;
    return true;
}

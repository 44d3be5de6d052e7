/* SPDX-License-Identifier: MIT */
/* From a fault to an Event record (7.3), and what becomes of the transaction.
 */
#include <string.h>

#include "smmuv3_internal.h"

/* What a record contains besides type, StreamID and SubstreamID. */
enum event_shape {
    SHAPE_BARE = 0,
    SHAPE_NO_SSV,   /* SubstreamID always valid, SSV is RES0 (7.3.9) */
    SHAPE_NO_SSID,  /* neither (7.3.7) */
    SHAPE_FETCH,    /* FetchAddr */
    SHAPE_TREQ,     /* R, W, X, PRIV, Span, InputAddr */
    SHAPE_INPUT,    /* RnW, InD, PnU, InputAddr */
    SHAPE_WALK,     /* ... S2, CLASS, FetchAddr */
    SHAPE_TRANSLATE /* ... S2, CLASS, IPA */
};

static enum event_shape shape_of(uint8_t type)
{
    switch (type) {
    case C_BAD_SUBSTREAMID:
        return SHAPE_NO_SSV;
    case F_STREAM_DISABLED:
        return SHAPE_NO_SSID;
    case F_STE_FETCH:
    case F_CD_FETCH:
        return SHAPE_FETCH;
    case F_BAD_ATS_TREQ:
        return SHAPE_TREQ;
    case F_UUT:
    case F_TRANSL_FORBIDDEN:
        return SHAPE_INPUT;
    case F_WALK_EABT:
        return SHAPE_WALK;
    case F_TRANSLATION:
    case F_ADDR_SIZE:
    case F_ACCESS:
    case F_PERMISSION:
        return SHAPE_TRANSLATE;
    default:
        return SHAPE_BARE;
    }
}

static void put_input(uint64_t *ev, uint64_t iova, bool read, bool privileged,
                      bool instruction)
{
    iovp_put_field(ev, EVENT_RNW, read);
    iovp_put_field(ev, EVENT_PNU, privileged);
    /* InD == 0 when RnW == 0. */
    iovp_put_field(ev, EVENT_IND, read && instruction);
    ev[EVENT_INPUTADDR_WORD] = iova;
}

/* 7.3.6: as requested, before any override; one STU. */
static void put_request(uint64_t *ev, const struct iovp_attrs *a, uint64_t iova)
{
    ev[EVENT_INPUTADDR_WORD] = iova & ~0xfffull;
    iovp_put_field(ev, EVENT_TREQ_SPAN, 1);
    iovp_put_field(ev, EVENT_TREQ_R, 1);
    iovp_put_field(ev, EVENT_TREQ_W, !a->no_write);
    iovp_put_field(ev, EVENT_TREQ_X, a->pasid_valid && a->instruction);
    iovp_put_field(ev, EVENT_TREQ_PRIV, a->pasid_valid && a->privileged);
}

static void put_stage(uint64_t *ev, const struct iovp_fault *f)
{
    iovp_put_field(ev, EVENT_S2, f->stage == 2);
    /* The origins have the values of CLASS. */
    iovp_put_field(ev, EVENT_CLASS, f->origin);
    /* 7.3.16: a descriptor is read, never written without HTTU. */
    if (f->code == F_PERMISSION && f->origin == IOVP_FAULT_TABLE)
        iovp_put_field(ev, EVENT_TTRNW, 1);
}

void smmuv3_fault_model(struct smmuv3_job *j, const struct smmuv3_stream *st,
                        unsigned stage)
{
    j->fault.stall = stage == 2 ? st->s2s : st->cd_s;
    /* S makes R and A of no account: CMD_RESUME decides (5.5). */
    if (j->fault.stall)
        return;
    j->fault.silent = stage == 2 ? !st->s2r : !st->cd_r;
    j->fault.razwi = stage == 1 && !st->cd_a;
}

void smmuv3_event(const struct smmuv3_job *j, uint64_t iova, unsigned access,
                  bool privileged, bool instruction, uint64_t ev[EVENT_WORDS])
{
    const struct iovp_attrs *a = j->attrs;
    const struct iovp_fault *f = &j->fault;
    enum event_shape shape = shape_of(f->code);
    /* 13.1.1: an atomic is recorded as a write, but for one permission. */
    bool read = !(access & SMMUV3_WRITE) || f->rnw;

    memset(ev, 0, EVENT_BYTES);
    iovp_put_field(ev, EVENT_TYPE, f->code);
    iovp_put_field(ev, EVENT_SID, a->stream_id);
    if (a->pasid_valid && shape != SHAPE_NO_SSID) {
        iovp_put_field(ev, EVENT_SSID, a->pasid);
        iovp_put_field(ev, EVENT_SSV, shape != SHAPE_NO_SSV);
    }
    if (shape == SHAPE_TREQ)
        put_request(ev, a, iova);
    if (shape >= SHAPE_INPUT)
        put_input(ev, iova, read, privileged, instruction);
    if (shape >= SHAPE_WALK)
        put_stage(ev, f);
    if (shape == SHAPE_FETCH || shape == SHAPE_WALK)
        /* 7.3.4, 7.3.10, 7.3.12: FetchAddr bits above the OAS are RES0. */
        ev[EVENT_ADDR2_WORD] =
            f->addr & iovp_mask(smmuv3_oas_bits(j->s)) & ~7ull;
    if (shape == SHAPE_TRANSLATE && f->stage == 2)
        ev[EVENT_ADDR2_WORD] = f->addr & iovp_mask(56) & ~0xfffull;
}

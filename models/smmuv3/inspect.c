/* SPDX-License-Identifier: MIT */
#include "inspect.h"

#include <string.h>

/* A guest's tables may be large: so many CDs are looked at. */
#define CD_TRIES (1u << 16)

static unsigned ste(const uint64_t *e, struct iovp_field f)
{
    return (unsigned)iovp_get_field(e, f);
}

void smmuv3_inspect_ste(struct smmuv3 *s, uint32_t sid,
                        struct smmuv3_inspection *out)
{
    struct iovp_walk_record walk = {0};
    struct smmuv3_job j = {.s = s, .walk = &walk, .debug = true, .fresh = true};

    memset(out, 0, sizeof(*out));
    out->covered = smmuv3_sid_covered(s, sid);
    if (smmuv3_ste_fetch(&j, sid, out->ste)) {
        out->ste_legal = !smmuv3_ste_illegal(s, out->ste);
        return;
    }
    out->ste_fault = j.fault.code;
    out->ste_addr = j.fault.addr;
}

struct search {
    struct smmuv3_job *j;
    const struct smmuv3_stream *st;
    struct smmuv3_inspection *out;
    bool stalls;
};

static enum smmuv3_cd_grade grade(const struct search *q, const uint64_t *cd)
{
    if (!iovp_get_field(cd, CD_V))
        return SMMUV3_CD_READ;
    if (!iovp_get_field(cd, CD_AA64))
        return SMMUV3_CD_VALID;
    if (smmuv3_cd_illegal(q->j->s, q->out->ste, cd,
                          (enum smmuv3_world)q->st->world))
        return SMMUV3_CD_AA64;
    return q->stalls && iovp_get_field(cd, CD_S) ? SMMUV3_CD_STALLS
                                                 : SMMUV3_CD_LEGAL;
}

/* Whether there is no better one.  *missing: a whole leaf table is. */
static bool try_cd(const struct search *q, bool ssv, uint32_t ssid,
                   bool *missing)
{
    enum smmuv3_cd_grade g = SMMUV3_CD_UNREADABLE;
    struct smmuv3_inspection *out = q->out;
    uint64_t cd[CD_WORDS] = {0};

    q->j->fault = (struct iovp_fault){0};
    if (smmuv3_cd_fetch(q->j, out->ste, ssid, q->st, cd))
        g = grade(q, cd);
    *missing = q->j->fault.code == C_BAD_SUBSTREAMID;
    if (g > out->cd_grade) {
        out->cd_grade = (uint8_t)g;
        out->cd_fault = q->j->fault.code;
        out->ssv = ssv;
        out->ssid = ssid;
        memcpy(out->cd, cd, sizeof(cd));
    }
    return g >= (q->stalls ? SMMUV3_CD_STALLS : SMMUV3_CD_LEGAL);
}

uint32_t smmuv3_ssid_after(const uint64_t *e, uint32_t ssid, bool missing)
{
    unsigned fmt = ste(e, STE_S1FMT);
    uint32_t leaf = fmt == STE_S1FMT_4K_L2 ? 1u << 6 : 1u << 10;

    return missing ? (ssid | (leaf - 1)) + 1 : ssid + 1;
}

static void try_pasids(const struct search *q, uint32_t first, unsigned bits)
{
    uint32_t ssid = first, tries = 0;
    bool missing;

    while (!(ssid >> bits) && tries++ < CD_TRIES) {
        if (try_cd(q, true, ssid, &missing))
            return;
        ssid = smmuv3_ssid_after(q->out->ste, ssid, missing);
    }
}

void smmuv3_inspect_cd(struct smmuv3 *s, uint32_t sid,
                       const struct smmuv3_cd_search *what,
                       struct smmuv3_inspection *out)
{
    struct iovp_attrs a = {.stream_id = sid};
    struct iovp_walk_record walk = {0};
    struct smmuv3_job j = {
        .s = s, .attrs = &a, .walk = &walk, .debug = true, .fresh = true};
    struct smmuv3_stream st;
    struct search q = {&j, &st, out, what->stalls};
    unsigned bits = ste(out->ste, STE_S1CDMAX);
    bool ssid0 = ste(out->ste, STE_S1DSS) == STE_S1DSS_SSID0;
    bool missing;

    smmuv3_ste_decode(s, out->ste, &st);
    smmuv3_tlb_tags(&st);
    /* 6.3.2: without SubstreamIDs S1CDMax is ignored. */
    if (!iovp_bits(s->cfg.idr1, 10, 6))
        bits = 0;
    if (!what->pasid_only && (!bits || ssid0) && try_cd(&q, false, 0, &missing))
        return;
    if (what->pasid_bits < bits)
        bits = what->pasid_bits;
    /* 5.2, S1DSS: CD 0 is not that of SubstreamID 0 then. */
    if (bits)
        try_pasids(&q, ssid0, bits);
}

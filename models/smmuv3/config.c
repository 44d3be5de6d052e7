/* SPDX-License-Identifier: MIT */
/*
 * The configuration of a transaction: which STE and CD, from the
 * configuration cache or from memory (3.3, 3.9).
 *
 * The cache holds STE and CD together, as MMU-600 does, by StreamID (address)
 * and SubstreamID (context).  What failed to be fetched or is illegal is never
 * cached (3.21.1).
 */
#include "smmuv3_internal.h"

enum cd_choice { USE_CD, BYPASS_S1, FAULT };

/*
 * Which CD a transaction selects (5.2, S1CDMax and S1DSS).  *ssid is its
 * index if the result is USE_CD.
 */
static enum cd_choice choose_cd(struct smmuv3_job *j, const uint64_t *ste,
                                uint32_t *ssid)
{
    const struct iovp_attrs *a = j->attrs;
    unsigned cdmax = (unsigned)iovp_get_field(ste, STE_S1CDMAX);
    unsigned dss = (unsigned)iovp_get_field(ste, STE_S1DSS);

    *ssid = a->pasid_valid ? a->pasid : 0;
    if (cdmax == 0 || iovp_bits(j->s->cfg.idr1, 10, 6) == 0) {
        if (!a->pasid_valid)
            return USE_CD;
        j->fault.code = C_BAD_SUBSTREAMID;
        return FAULT;
    }
    if (!a->pasid_valid) {
        if (dss == STE_S1DSS_BYPASS)
            return BYPASS_S1;
        if (dss == STE_S1DSS_SSID0)
            return USE_CD;
        j->fault.code = F_STREAM_DISABLED;
        return FAULT;
    }
    if ((uint64_t)*ssid >> cdmax) {
        j->fault.code = C_BAD_SUBSTREAMID;
        return FAULT;
    }
    if (*ssid == 0 && dss == STE_S1DSS_SSID0) {
        j->fault.code = F_STREAM_DISABLED;
        return FAULT;
    }
    return USE_CD;
}

static bool load_stage1(struct smmuv3_job *j, const uint64_t *ste,
                        struct smmuv3_stream *st)
{
    uint32_t ssid;

    switch (choose_cd(j, ste, &ssid)) {
    case USE_CD:
        return smmuv3_cd_load(j, ste, ssid, st);
    case BYPASS_S1:
        st->s1 = false;
        st->config &= ~1u;
        return true;
    default:
        return false;
    }
}

static enum smmuv3_cfg_status load(struct smmuv3_job *j,
                                   struct smmuv3_stream *st)
{
    uint64_t ste[STE_WORDS];

    if (!smmuv3_ste_fetch(j, j->attrs->stream_id, ste))
        return SMMUV3_CFG_EVENT;
    if (smmuv3_ste_illegal(j->s, ste)) {
        j->fault.code = C_BAD_STE;
        return SMMUV3_CFG_EVENT;
    }
    smmuv3_ste_decode(j->s, ste, st);
    /* CD fetches may need stage 2, so the tags come first and again last. */
    smmuv3_tlb_tags(st);
    if (!(st->config & 4))
        return SMMUV3_CFG_ABORT;
    if (j->ste_only) {
        st->s1 = false;
        smmuv3_tlb_tags(st);
    } else if (st->s1) {
        if (!load_stage1(j, ste, st))
            return SMMUV3_CFG_EVENT;
        smmuv3_tlb_tags(st);
    } else if (j->attrs->pasid_valid) {
        /* 5.2, S1Fmt: a SubstreamID without stage 1. */
        j->fault.code = C_BAD_SUBSTREAMID;
        return SMMUV3_CFG_EVENT;
    }
    return SMMUV3_CFG_OK;
}

/* No SubstreamID has this: neither valid nor 0. */
#define CTX_STE 2u

static uint64_t ctx_of(const struct smmuv3_job *j)
{
    return j->ste_only ? CTX_STE : smmuv3_substream_ctx(j->attrs);
}

static enum smmuv3_cfg_status lookup_debug(struct smmuv3_job *j,
                                           struct smmuv3_stream *scratch)
{
    uint64_t ctx = ctx_of(j);
    const struct smmuv3_stream *seen = NULL;

    if (!j->fresh)
        seen = iovp_cache_peek(j->s->cache[IOVP_CACHE_CONFIG],
                               j->attrs->stream_id, ctx, ctx);
    if (!seen)
        return load(j, scratch);
    *scratch = *seen;
    return smmuv3_config_status(scratch);
}

enum smmuv3_cfg_status smmuv3_config_fetch(struct smmuv3_job *j,
                                           struct smmuv3_stream *scratch,
                                           struct smmuv3_stream **stream)
{
    enum smmuv3_cfg_status status;
    struct smmuv3_stream *entry;

    *stream = scratch;
    if (j->debug)
        return lookup_debug(j, scratch);
    iovp_walk_cache(j->walk, IOVP_CACHE_CONFIG, IOVP_CACHE_MISS);
    status = load(j, scratch);
    if (status == SMMUV3_CFG_EVENT)
        return status;
    entry = iovp_cache_insert(j->s->cache[IOVP_CACHE_CONFIG],
                              j->attrs->stream_id, ctx_of(j), 0);
    if (entry) {
        *entry = *scratch;
        *stream = entry;
    }
    return status;
}

enum smmuv3_cfg_status smmuv3_config_ste(struct smmuv3_job *j,
                                         struct smmuv3_stream *scratch,
                                         struct smmuv3_stream **stream)
{
    j->ste_only = true;
    *stream = j->debug
                  ? NULL
                  : iovp_cache_lookup(j->s->cache[IOVP_CACHE_CONFIG],
                                      j->attrs->stream_id, CTX_STE, CTX_STE);
    if (!*stream)
        return smmuv3_config_fetch(j, scratch, stream);
    iovp_walk_cache(j->walk, IOVP_CACHE_CONFIG, IOVP_CACHE_HIT);
    return smmuv3_config_status(*stream);
}

void smmuv3_config_invalidate(struct smmuv3 *s, uint32_t first, uint32_t last)
{
    const struct iovp_invalidation i = {.kind = IOVP_INVALIDATE_STREAMS,
                                        .stream_first = first,
                                        .stream_last = last,
                                        .last = UINT64_MAX};

    iovp_cache_invalidate(s->cache[IOVP_CACHE_CONFIG], first, last, 0, 0);
    smmuv3_tell(s, &i);
}

void smmuv3_config_invalidate_cd(struct smmuv3 *s, uint32_t sid, uint32_t ssid,
                                 bool all)
{
    struct iovp_cache *c = s->cache[IOVP_CACHE_CONFIG];
    const struct iovp_attrs a = {.pasid_valid = 1, .pasid = ssid};
    const struct iovp_invalidation i = {.kind = all ? IOVP_INVALIDATE_PASID_ALL
                                                    : IOVP_INVALIDATE_PASID,
                                        .stream_first = sid,
                                        .stream_last = sid,
                                        .pasid = ssid,
                                        .last = UINT64_MAX};

    iovp_cache_invalidate(c, sid, sid, smmuv3_substream_ctx(&a),
                          all ? 0 : UINT64_MAX);
    /* CD 0 also serves transactions without a SubstreamID. */
    if (!all && ssid == 0)
        iovp_cache_invalidate(c, sid, sid, 0, UINT64_MAX);
    smmuv3_tell(s, &i);
}

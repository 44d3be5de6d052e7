/* SPDX-License-Identifier: MIT */
/* The example driver's ATS and page requests (3.9, 4.5 and 8 of IHI 0070). */
#include "smmuv3_driver_internal.h"

int smmu_ats(struct smmu_driver *d, struct smmu_stream *st, bool on)
{
    uint64_t word[STE_BYTES / 8] = {0};

    smmu_begin(d);
    if (on && !d->ats)
        smmu_fail(d, "IDR0.ATS: no Translation Requests");
    if (d->failed)
        return smmu_end(d);
    st->ats = on;
    st->ppar = on && d->pri && d->ssid_bits;
    smmu_ste_stage1(st, word);
    smmu_ste_write(d, st->sid, word);
    return smmu_end(d);
}

/*
 * 4.5.1: a range is a power of two of pages and aligned to it: the smallest
 * one that has all that is asked for.
 */
void smmu_atc_commands(struct smmu_driver *d, uint32_t sid, uint32_t pasid,
                       uint64_t first, uint64_t last)
{
    uint64_t ssid = pasid == SMMU_NO_PASID ? 0 : CMD_SSV | CMD_SSID(pasid);
    uint64_t differ = (first ^ last) >> 12;
    unsigned size = 0;

    while (size < CMD_ATC_ALL && differ >> size)
        size++;
    first = size == CMD_ATC_ALL ? 0 : first >> (12 + size) << (12 + size);
    smmu_cmd(d, CMD_ATC_INV | CMD_SID(sid) | ssid, first | size);
}

int smmu_atc_invalidate(struct smmu_driver *d, const struct smmu_stream *st,
                        uint32_t pasid, uint64_t iova, uint64_t bytes)
{
    smmu_begin(d);
    smmu_atc_commands(d, st->sid, pasid, iova, iova + (bytes - 1));
    smmu_sync(d);
    return smmu_end(d);
}

/* ---- page requests -------------------------------------------------------
 */

static void decode(const uint64_t w[2], struct smmu_page_request *r)
{
    *r = (struct smmu_page_request){
        .sid = (uint32_t)w[0],
        .ssid = (uint32_t)(w[0] >> 32 & 0xfffff),
        .privileged = w[0] >> 58 & 1,
        .instruction = w[0] >> 59 & 1,
        .read = w[0] >> 60 & 1,
        .write = w[0] >> 61 & 1,
        .last = w[0] >> 62 & 1,
        .ssv = w[0] >> 63,
        .group = (uint16_t)(w[1] & 0x1ff),
        .addr = w[1] & ~0xfffull,
    };
}

bool smmu_page_request_next(struct smmu_driver *d, struct smmu_page_request *r)
{
    struct smmu_queue *q = &d->priq;
    uint32_t mask = (2u << q->log2) - 1, flag = q->prod & EVENTQ_OVFLG;
    uint64_t word[2], at;

    smmu_begin(d);
    if (!d->pri)
        return false;
    if (q->cons == (q->prod & mask) && !smmu_queue_look(d, q, PRIQ_PROD)) {
        /* 8.1: what was lost the SMMU has answered: try again. */
        if ((q->prod & EVENTQ_OVFLG) != flag)
            smmu_queue_taken(d, q, PRIQ_CONS);
        return false;
    }
    at = smmu_queue_entry(q, q->cons);
    word[0] = smmu_get64(d, at);
    word[1] = smmu_get64(d, at + 8);
    decode(word, r);
    d->page_requests++;
    q->cons = smmu_queue_next(q, q->cons);
    if (q->cons == (q->prod & mask))
        smmu_queue_taken(d, q, PRIQ_CONS);
    return !d->failed;
}

int smmu_page_respond(struct smmu_driver *d, const struct smmu_page_request *r,
                      uint32_t response)
{
    uint64_t ssid = r->ssv ? CMD_SSV | CMD_SSID(r->ssid) : 0;

    smmu_begin(d);
    smmu_cmd(d, CMD_PRI_RESP | CMD_SID(r->sid) | ssid,
             r->group | (uint64_t)response << CMD_PRI_RESP_CODE);
    smmu_sync(d);
    return smmu_end(d);
}

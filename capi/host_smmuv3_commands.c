/* SPDX-License-Identifier: MIT */
/*
 * Invalidations and faults for contexts.  Numbers in comments are sections of
 * IHI 0070.
 */
#include "host_smmuv3.h"

/* Larger ranges are invalidated whole: by page, and with SMMU_IDR3.RIL. */
#define TLBI_PAGES 512u
#define TLBI_RANGE (1ull << 32)

static void send(struct host *h, uint64_t word0, uint64_t word1)
{
    smmu_cmd(&h->drv, word0, word1);
}

/*
 * 4.4.1.1: (NUM + 1) * 2^SCALE pages, NUM being 5 bits.  One page has no such
 * command: its TG, NUM and SCALE would be Reserved.
 */
static void by_range(struct host *h, uint64_t command, uint32_t page_bits,
                     uint64_t at, uint64_t pages, uint64_t leaf)
{
    uint64_t tg = (page_bits - 10) / 2;

    while (pages) {
        unsigned scale = (unsigned)__builtin_ctzll(pages);
        uint64_t num = pages >> scale & 31;

        if (num << scale == 1)
            send(h, command, at | leaf);
        else
            send(h,
                 command | (num - 1) << CMD_NUM | (uint64_t)scale << CMD_SCALE,
                 at | tg << CMD_TG | leaf);
        at += num << scale << page_bits;
        pages -= num << scale;
    }
}

/* A command for each page or range, or `all` for too many of them. */
static void by_page(struct host *h, uint64_t command, uint64_t all,
                    uint32_t page_bits, uint64_t first, uint64_t last,
                    bool leaf)
{
    uint64_t pages = (last >> page_bits) - (first >> page_bits) + 1;
    uint64_t at = first >> page_bits << page_bits;
    uint64_t bit = leaf ? CMD_LEAF : 0;

    if (!pages || pages > (h->ril ? TLBI_RANGE : TLBI_PAGES)) {
        send(h, all, 0);
        return;
    }
    if (h->ril) {
        by_range(h, command, page_bits, at, pages, bit);
        return;
    }
    for (; pages; pages--, at += 1ull << page_bits)
        send(h, command, at | bit);
}

/*
 * 4.4: entries of both stages in one are tagged by the guest's address, so that
 * a change of stage 2 wants those of the VMID gone, too.
 */
static void flush_stage2(struct host *h, const struct host_table *t,
                         uint64_t first, uint64_t last, bool leaf)
{
    by_page(h, CMD_TLBI_S2_IPA | CMD_VMID(t->id),
            CMD_TLBI_S12_VMALL | CMD_VMID(t->id), t->page_bits, first, last,
            leaf);
    send(h, CMD_TLBI_NH_ALL | CMD_VMID(t->id), 0);
}

iovp_status host_smmuv3_flush(struct host *h, const struct host_table *t,
                              uint64_t first, uint64_t last, bool leaf)
{
    /* 4.4: global pages, which a caller's table may have, have no ASID. */
    uint64_t all =
        t->user ? CMD_TLBI_NH_ALL : CMD_TLBI_NH_ASID | CMD_ASID(t->id);

    host_smmuv3_begin(h, &h->own);
    if (t->stage == IOVP_STAGE_2)
        flush_stage2(h, t, first, last, leaf);
    else
        by_page(h, CMD_TLBI_NH_VA | CMD_ASID(t->id), all, t->page_bits, first,
                last, leaf);
    /* Then: an ATC would be filled from what the SMMU has cached. */
    smmu_sync(&h->drv);
    host_smmuv3_atc_flush(h, t, first, last);
    return host_smmuv3_end(h);
}

/* ---- a guest's -------------------------------------------------------------
 */

enum target {
    BY_VMID, /* its VMID is replaced */
    BY_SID,  /* its StreamID is replaced */
};

/* A guest's command as it goes to the SMMU: the fields that are its own. */
static const struct raw {
    uint8_t guest, host; /* opcodes */
    uint8_t target;      /* enum target */
    uint64_t keep[2];
} raws[] = {
    {CMD_TLBI_NH_ALL, CMD_TLBI_NH_ALL, BY_VMID, {0, 0}},
    {CMD_TLBI_NSNH_ALL, CMD_TLBI_NH_ALL, BY_VMID, {0, 0}},
    {CMD_TLBI_NH_ASID, CMD_TLBI_NH_ASID, BY_VMID, {0xffffull << 48, 0}},
    /* 4.4.1.1: NUM, SCALE, ASID; Address, TG, TTL, Leaf */
    {CMD_TLBI_NH_VA, CMD_TLBI_NH_VA, BY_VMID, {0xffff000001f1f000, UINT64_MAX}},
    {CMD_TLBI_NH_VAA, CMD_TLBI_NH_VAA, BY_VMID, {0x1f1f000, UINT64_MAX}},
    {CMD_CFGI_CD, CMD_CFGI_CD, BY_SID, {0xfffff000, CMD_LEAF}},
    {CMD_CFGI_CD_ALL, CMD_CFGI_CD_ALL, BY_SID, {0, 0}},
    /* 4.5.1: G, SSV, SubstreamID; Address, Size */
    {CMD_ATC_INV, CMD_ATC_INV, BY_SID, {0xfffffa00, UINT64_MAX}},
};

static void to_streams(struct host *h, const struct host_group *g,
                       uint64_t word0, uint64_t word1)
{
    for (uint32_t i = 0; i < g->streams; i++)
        send(h, word0 | CMD_SID(g->stream_id[i]), word1);
}

/* NULL and a sentence: not for a guest. */
static const struct raw *find_raw(const struct host *h, const iovp_inval *e)
{
    uint8_t opcode = (uint8_t)e->word[0];

    if (e->raw_type != IOVP_RAW_SMMUV3_COMMAND) {
        iovp_fail(IOVP_E_UNSUPPORTED, "%s: not an SMMUv3 command", h->name);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(raws) / sizeof(*raws); i++)
        if (raws[i].guest == opcode && (opcode != CMD_ATC_INV || h->drv.ats))
            return &raws[i];
    iovp_fail(IOVP_E_UNSUPPORTED,
              "command 0x%02x reaches beyond a stage 1, or this SMMU has not "
              "what it is for",
              opcode);
    return NULL;
}

static void send_raw(struct host *h, const struct host_group *g,
                     const struct raw *r, const iovp_inval *e)
{
    const struct smmu_group *x = g->priv;
    uint64_t word0 = r->host | (e->word[0] & r->keep[0]);
    uint64_t word1 = e->word[1] & r->keep[1];

    if (r->target == BY_VMID)
        send(h, word0 | CMD_VMID(x->vmid), word1);
    else
        to_streams(h, g, word0, word1);
}

/*
 * Which ASID a PASID has only the guest's tables tell: invalidations of one
 * PASID are done for all of the guest's.
 */
static void send_neutral(struct host *h, const struct host_group *g,
                         const iovp_inval *e)
{
    const struct smmu_group *x = g->priv;
    uint64_t vmid = CMD_VMID(x->vmid);
    uint32_t ssid = e->pasid == IOVP_NO_PASID ? 0 : e->pasid;

    if (e->kind == IOVP_INVAL_CONFIG)
        to_streams(h, g, CMD_CFGI_CD | CMD_SSID(ssid), 0);
    else if (e->kind == IOVP_INVAL_RANGE)
        by_page(h, CMD_TLBI_NH_VAA | vmid, CMD_TLBI_NH_ALL | vmid, 12, e->first,
                e->last, e->leaf);
    else
        send(h, CMD_TLBI_NH_ALL | vmid, 0);
}

iovp_status host_smmuv3_invalidate(struct host *h, struct host_group *g,
                                   const iovp_inval *e)
{
    const struct smmu_group *x = g->priv;
    const struct raw *r = NULL;
    uint64_t gerrors = h->drv.gerrors;

    if (e->kind == IOVP_INVAL_RAW) {
        r = find_raw(h, e);
        if (!r)
            return IOVP_E_UNSUPPORTED;
    }
    /* The guest has no stage 1 now: nothing of it is cached. */
    if (!x || !x->guest)
        return IOVP_OK;
    host_smmuv3_begin(h, &h->own);
    if (r)
        send_raw(h, g, r, e);
    else
        send_neutral(h, g, e);
    smmu_sync(&h->drv);
    if (h->drv.gerrors != gerrors)
        return iovp_fail(IOVP_E_INVALID, "%s: %s", h->name, h->drv.message);
    return host_smmuv3_end(h);
}

/* ---- faults ----------------------------------------------------------------
 */

#define F_WALK_EABT 0x0bu

static uint32_t rights_of(const struct smmu_event *e)
{
    uint32_t right = e->instruction ? IOVP_RIGHT_UX
                     : e->read      ? IOVP_RIGHT_UR
                                    : IOVP_RIGHT_UW;

    return e->privileged ? right << 3 : right;
}

static void describe(const struct smmu_event *e, struct host_fault *f)
{
    /* 7.3: the records of translations say more than those of tables. */
    bool translation = e->type >> 4 == 1 || e->type == F_WALK_EABT;
    bool stall = e->word[1] >> 31 & 1;

    *f = (struct host_fault){
        .kind = stall ? IOVP_FAULT_STALL : IOVP_FAULT_UNRECOVERABLE,
        .stream_id = e->sid,
        .pasid = e->ssv ? e->ssid : IOVP_NO_PASID,
        .addr = e->addr,
        .event = e->type,
        .last = 1,
    };
    if (translation) {
        f->rights = rights_of(e);
        f->stage = e->s2 ? IOVP_STAGE_2 : IOVP_STAGE_1;
        f->ipa = e->s2 ? e->addr2 : 0;
    }
    if (stall) {
        f->group = (uint32_t)(e->word[1] & 0xffff); /* STAG */
        f->token = f->group;
    }
}

/* Nothing is left of what was there when the SMMU was asked last. */
static bool drained(const struct smmu_queue *q)
{
    return q->cons == (q->prod & ((2u << q->log2) - 1));
}

bool host_smmuv3_fault_next(struct host *h, struct host_fault *f)
{
    struct smmu_event e;

    host_smmuv3_begin(h, &h->own);
    /* What was lost would have come after what was there. */
    if (h->overflows != h->drv.overflows && drained(&h->drv.eventq)) {
        h->overflows = h->drv.overflows;
        *f = (struct host_fault){.kind = HOST_FAULT_LOST_EVENTS};
        return true;
    }
    if (!smmu_event_next(&h->drv, &e))
        return host_smmuv3_page_request(h, f);
    describe(&e, f);
    return true;
}

iovp_status host_smmuv3_can_fault(struct host *h, const struct host_group *g)
{
    /* What is on PCI Express may not be held (3.12). */
    if (g->pri)
        return IOVP_OK;
    if (h->stall_model == STALL_MODEL_NONE)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: SMMU_IDR0.STALL_MODEL: faults terminate",
                         h->name);
    return IOVP_OK;
}

/* 4.7.1: the answer is carried out when the CMD_SYNC is complete. */
iovp_status host_smmuv3_respond(struct host *h, const struct host_fault *f,
                                uint32_t respond)
{
    uint64_t what =
        respond == IOVP_RESPOND_SUCCESS ? CMD_RESUME_RETRY : CMD_RESUME_ABORT;

    host_smmuv3_begin(h, &h->own);
    if (f->kind == IOVP_FAULT_PAGE_REQUEST) {
        host_smmuv3_page_respond(h, f, respond);
        return host_smmuv3_end(h);
    }
    send(h, CMD_RESUME | what | CMD_SID(f->stream_id), f->token);
    smmu_sync(&h->drv);
    return host_smmuv3_end(h);
}

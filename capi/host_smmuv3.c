/* SPDX-License-Identifier: MIT */
/*
 * The driver of contexts for SMMUv3: its life, memory and numbers.  The work
 * is the example driver's, which uses the public functions: what contexts do
 * to an SMMU any software can do.
 */
#include "host_smmuv3.h"

#include "alloc.h"
#include "context.h"
#include "pool.h"

/* Simulated time between polls. */
#define POLL_PS   1000000
/* Beside what endpoints take for an invalidation. */
#define MARGIN_PS 1000000000ull

/* ---- memory ---------------------------------------------------------------
 */

struct block {
    struct block *next;
    uint64_t addr, bytes;
};

static uint64_t hook_alloc(void *ud, uint64_t bytes, uint64_t align)
{
    struct host *h = ud;
    struct block *b = platform_alloc(h->p, 1, sizeof(*b));
    uint64_t addr = 0;

    if (b)
        addr = pool_alloc(h->p, bytes, align);
    else
        iovp_fail(IOVP_E_NOMEM, "no memory for a table's record");
    if (!addr) {
        h->short_of_memory = true;
        platform_free(h->p, b);
        return 0;
    }
    *b = (struct block){h->owner->first, addr, bytes};
    h->owner->first = b;
    return addr;
}

void host_smmuv3_free(struct host *h, struct blocks *b)
{
    while (b->first) {
        struct block *next = b->first->next;

        pool_free(h->p, b->first->addr, b->first->bytes);
        platform_free(h->p, b->first);
        b->first = next;
    }
}

static iovp_status hook_wait(void *ud, uint64_t ps)
{
    struct host *h = ud;

    return contexts_wait(h->p, ps);
}

static const struct smmu_hooks hooks = {.alloc = hook_alloc, .wait = hook_wait};

/* ---- operations -----------------------------------------------------------
 */

void host_smmuv3_begin(struct host *h, struct blocks *owner)
{
    h->owner = owner;
    h->short_of_memory = false;
    smmu_begin(&h->drv);
}

iovp_status host_smmuv3_end(struct host *h)
{
    h->owner = &h->own;
    if (h->short_of_memory)
        return IOVP_E_NOMEM; /* with the pool's sentence */
    if (h->drv.failed)
        return iovp_fail(IOVP_E_BUS, "%s: %s", h->name, h->drv.message);
    return IOVP_OK;
}

/* ---- numbers --------------------------------------------------------------
 */

#define WORD_BITS 64

iovp_status host_smmuv3_id_alloc(struct host *h, uint32_t stage, uint32_t *id)
{
    uint64_t *used = h->used[stage - 1];
    uint32_t i;

    /* 0 is nobody's: VMID 0 has the host's own stage 1. */
    for (i = 1; i < h->ids[stage - 1]; i++) {
        if (used[i / WORD_BITS] >> (i % WORD_BITS) & 1)
            continue;
        used[i / WORD_BITS] |= 1ull << (i % WORD_BITS);
        *id = i;
        return IOVP_OK;
    }
    return iovp_fail(IOVP_E_LIMIT, "%s: all %ss are in use", h->name,
                     stage == IOVP_STAGE_1 ? "ASID" : "VMID");
}

void host_smmuv3_id_free(struct host *h, uint32_t stage, uint32_t id)
{
    h->used[stage - 1][id / WORD_BITS] &= ~(1ull << (id % WORD_BITS));
}

/* ---- life ------------------------------------------------------------------
 */

static void release(struct host *h)
{
    host_smmuv3_free(h, &h->own);
    platform_free(h->p, h->used[0]);
    platform_free(h->p, h->used[1]);
    platform_free(h->p, h);
}

static void destroy(struct host *h)
{
    host_smmuv3_begin(h, &h->own);
    /* GBPA aborts from here on (3.11), stalled transactions too. */
    smmu_set_cr0(&h->drv, CR0_EVENTQEN | CR0_CMDQEN);
    smmu_cmd(&h->drv, CMD_CFGI_ALL, 31);
    smmu_cmd(&h->drv, CMD_TLBI_NSNH_ALL, 0);
    smmu_sync(&h->drv);
    smmu_set_irq_ctrl(&h->drv, 0);
    smmu_set_cr0(&h->drv, 0);
    release(h);
}

static void probe(struct host *h)
{
    uint32_t idr0 = smmu_rd32(&h->drv, IDR0), idr5 = smmu_rd32(&h->drv, IDR5);

    h->stall_model = idr0 >> IDR0_STALL_MODEL & 3;
    h->stage2 = idr0 & IDR0_S2P;
    h->ril = smmu_rd32(&h->drv, IDR3) & IDR3_RIL;
    h->grans = idr5 & (IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K);
    h->ids[0] = h->drv.asids;
    h->ids[1] = !h->stage2 ? 0 : idr0 & IDR0_VMID16 ? 1u << 16 : 1u << 8;
}

static bool enabled(struct host *h)
{
    host_smmuv3_begin(h, &h->own);
    return smmu_rd32(&h->drv, CR0);
}

static iovp_status start(struct host *h)
{
    iovp_status st;

    host_smmuv3_begin(h, &h->own);
    smmu_init(&h->drv);
    probe(h);
    st = host_smmuv3_end(h);
    if (st)
        return st == IOVP_E_NOMEM ? st
                                  : iovp_fail(IOVP_E_UNSUPPORTED, "%s: %s",
                                              h->name, h->drv.message);
    for (int i = 0; i < 2; i++) {
        h->used[i] = platform_alloc(h->p, h->ids[i] / WORD_BITS + 1,
                                    sizeof(*h->used[i]));
        if (!h->used[i])
            return iovp_fail(IOVP_E_NOMEM, "no memory for the numbers");
    }
    return IOVP_OK;
}

/*
 * Until the last host bridge has told that an endpoint does not answer: twice,
 * as an invalidation may wait for another one to make room (4.5.1).
 */
static uint64_t atc_ps(const struct platform *p)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < p->pcie_count; i++) {
        uint64_t t = p->pcie[i].desc.root->invalidate_timeout_ps;

        t = t ? t : PCIE_INVALIDATE_TIMEOUT_PS;
        most = t > most ? t : most;
    }
    return most ? 2 * most + MARGIN_PS : 0;
}

static iovp_status create(struct host **out, struct platform *p, uint32_t iommu)
{
    struct host *h = platform_alloc(p, 1, sizeof(*h));
    iovp_status st;

    if (!h)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the context");
    h->p = p;
    h->name = p->smmu[iommu].range.node;
    h->drv.platform = handle_platform(p);
    h->drv.base = p->smmu[iommu].range.base;
    h->drv.poll_ps = p->timed ? POLL_PS : 0;
    h->drv.atc_ps = p->timed ? atc_ps(p) : 0;
    h->drv.hooks = &hooks;
    h->drv.ud = h;
    if (enabled(h)) {
        release(h);
        return iovp_fail(IOVP_E_BUSY,
                         "%s: a guest has enabled it: SMMU_CR0 is not 0",
                         p->smmu[iommu].range.node);
    }
    st = start(h);
    if (!st)
        *out = h;
    else if (enabled(h))
        destroy(h);
    else
        release(h);
    return st;
}

static uint32_t pasid_bits(struct host *h)
{
    return h->drv.ssid_bits;
}

const struct host_ops host_smmuv3 = {
    .create = create,
    .destroy = destroy,
    .id_alloc = host_smmuv3_id_alloc,
    .id_free = host_smmuv3_id_free,
    .table_check = host_smmuv3_table_check,
    .pasid_bits = pasid_bits,
    .can_fault = host_smmuv3_can_fault,
    .can_ats = host_smmuv3_can_ats,
    .can_pri = host_smmuv3_can_pri,
    .ats = host_smmuv3_ats,
    .block = host_smmuv3_block,
    .guest = host_smmuv3_guest,
    .stage2 = host_smmuv3_stage2,
    .pasids = host_smmuv3_pasids,
    .pasid = host_smmuv3_pasid,
    .flush = host_smmuv3_flush,
    .invalidate = host_smmuv3_invalidate,
    .fault_next = host_smmuv3_fault_next,
    .respond = host_smmuv3_respond,
};

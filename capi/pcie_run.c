/* SPDX-License-Identifier: MIT */
/* Host bridges in functional mode: their root complexes, and the virtual time
 * in which those work. */
#include <string.h>

#include "../models/common/atomic.h"
#include "../models/common/bits.h"
#include "../models/smmuv3/smmuv3_regs.h"
#include "pcie.h"
#include "space.h"

/* Transactions for one access of a processor. */
#define BUDGET 4096

/* Picoseconds, see pause. */
#define PAUSE_FIRST 1000u
#define PAUSE_MOST  1000000000u

/* ---- requests --------------------------------------------------------------
 */

/* A request on its way to memory. */
struct request {
    struct platform_pcie *h;
    uint32_t function;
    const struct pcie_tlp *t;
    uint8_t *data;
    iovp_attrs attrs;
    struct smmuv3 *core; /* NULL: no IOMMU */
    unsigned access;
};

static unsigned access_of(const struct pcie_tlp *t)
{
    if (t->type == PCIE_TLP_MRD)
        return SMMUV3_READ;
    return t->type == PCIE_TLP_MWR ? SMMUV3_WRITE : SMMUV3_READ | SMMUV3_WRITE;
}

static void request_init(struct request *r, struct platform_pcie *h,
                         uint32_t function, const struct pcie_tlp *t,
                         void *data)
{
    uint32_t iommu;

    *r = (struct request){.h = h,
                          .function = function,
                          .t = t,
                          .data = data,
                          .access = access_of(t)};
    pcie_host_attrs(h, function, t, &r->attrs, &iommu);
    if (iommu != PLATFORM_NO_IOMMU)
        r->core = h->p->smmu[iommu].core;
}

static void atomic(const struct pcie_tlp *t, uint8_t *data, uint8_t *host)
{
    struct iovp_atomic_op op;

    iovp_atomic_set(&op, pcie_tlp_atomic_kind(t), t->length, data);
    iovp_atomic_apply(&op, host);
    memcpy(data, op.old, t->length);
}

/* At a physical address. */
static enum pcie_status deliver(const struct request *r, uint64_t pa)
{
    const struct pcie_tlp *t = r->t;
    struct platform *p = r->h->p;
    uint8_t *host = memory_at(p, pa, t->length);
    enum pcie_status s;

    if (host && r->access == (SMMUV3_READ | SMMUV3_WRITE))
        atomic(t, r->data, host);
    else if (host && r->access == SMMUV3_WRITE)
        memcpy(host, r->data, t->length);
    else if (host)
        memcpy(r->data, host, t->length);
    if (host)
        return PCIE_SC;
    if (pcie_host_peer(r->h, t, pa, r->data, &s))
        return s;
    if (r->access == SMMUV3_WRITE && t->length == 4 && !(pa & 3) &&
        pcie_host_msi(r->h, r->function, t->requester, pa, iovp_le32(r->data)))
        return PCIE_SC;
    return PCIE_UR;
}

static void translate(const struct request *r, struct smmuv3_result *res)
{
    if (r->core) {
        smmuv3_translate(r->core, &r->attrs, r->t->addr, r->access,
                         SMMUV3_NORMAL, res);
        return;
    }
    dma_identity(&r->attrs, r->t->addr, res);
}

static void record(const struct request *r, uint8_t result,
                   const struct smmuv3_result *res)
{
    const struct platform_device_state *d = pcie_host_device(r->h, r->function);
    struct iovp_trace_record rec;

    smmuv3_describe(r->core, &r->attrs, r->t->addr, r->t->length, r->access,
                    res, &rec);
    rec.result = result;
    rec.initiator = d ? (uint16_t)(d - r->h->p->device) : 0xffff;
    if (d)
        platform_record(r->h->p, &rec);
    else if (r->h->p->trace)
        port_trace_put(r->h->p->trace, &rec);
}

/* No request crosses 4 KiB, and so none a translation granule. */
static enum pcie_status on_request(void *opaque, uint32_t function,
                                   const struct pcie_tlp *t, void *data,
                                   uint64_t *time)
{
    struct platform_pcie *h = opaque;
    struct platform_device_state *d = pcie_host_device(h, function);
    struct smmuv3_result *res = &h->p->scratch;
    enum pcie_status s;
    struct request r;
    uint8_t result;

    (void)time;
    h->p->pcie_done++;
    request_init(&r, h, function, t, data);
    translate(&r, res);
    /* SMMU 16.4: PCIe must not wait for software. */
    if (res->status == IOVP_RESULT_STALL) {
        smmuv3_stall_end(r.core, res->stall);
        res->status = IOVP_RESULT_ABORT;
    }
    result = res->status;
    s = pcie_host_status(result);
    if (result == IOVP_RESULT_OK)
        s = deliver(&r, res->pa);
    else if (result == IOVP_RESULT_RAZWI && r.access & SMMUV3_READ)
        memset(data, 0, t->length);
    if (result == IOVP_RESULT_OK && s)
        result = IOVP_RESULT_BUS;
    record(&r, result, res);
    if (d)
        space_used(h->p, d, &r.attrs, s ? 0 : t->length);
    return s;
}

static void on_translate(void *opaque, uint32_t function,
                         const struct pcie_tlp *t,
                         struct iovp_ats_completion *out, uint64_t *time)
{
    struct platform_pcie *h = opaque;
    struct smmuv3_result *res = &h->p->scratch;
    uint32_t iommu;
    struct request r;

    (void)time;
    h->p->pcie_done++;
    out->status = IOVP_ATS_UR;
    request_init(&r, h, function, t, NULL);
    pcie_host_stream(h, t->requester, &iommu);
    if (!r.core || !(h->p->smmu[iommu].config.idr0 & SMMU_IDR0_ATS))
        return;
    translate(&r, res);
    *out = res->ats;
    record(&r, res->status, res);
}

static bool on_page_request(void *opaque, const struct iovp_page_request *r)
{
    struct platform_pcie *h = opaque;
    struct iovp_page_request own;
    uint32_t iommu;

    /* Nobody hears it without an IOMMU. */
    return !pcie_host_page_request(h, r, &own, &iommu) ||
           smmuv3_page_request(h->p->smmu[iommu].core, &own);
}

static bool on_invalidated(void *opaque, uint32_t token, bool timeout)
{
    struct platform_smmu *s = pcie_host_invalidated(opaque, &token);

    if (s)
        smmuv3_atc_complete(s->core, token, timeout);
    return true;
}

static void on_intx(void *opaque, unsigned line, bool level)
{
    pcie_host_intx(opaque, line, level);
}

static void on_system_error(void *opaque, uint8_t message, uint16_t source)
{
    pcie_host_system_error(opaque, message, source);
}

static void on_tlp(void *opaque, const struct pcie_tlp_view *v)
{
    pcie_host_tlp(opaque, v);
}

static void on_wake(void *opaque, uint64_t t)
{
    struct platform_pcie *h = opaque;

    if (t < h->due)
        h->due = t;
}

static void on_renumbered(void *opaque, uint32_t function)
{
    pcie_host_renumbered(opaque, function);
}

static void *on_alloc(void *opaque, uint64_t bytes)
{
    struct platform_pcie *h = opaque;

    return bytes > SIZE_MAX ? NULL : platform_alloc(h->p, 1, (size_t)bytes);
}

static void on_free(void *opaque, void *block)
{
    struct platform_pcie *h = opaque;

    platform_free(h->p, block);
}

static const struct pcie_root_ops functional_ops = {
    .size = sizeof(struct pcie_root_ops),
    .request = on_request,
    .translate = on_translate,
    .page_request = on_page_request,
    .invalidated = on_invalidated,
    .intx = on_intx,
    .system_error = on_system_error,
    .tlp = on_tlp,
    .wake = on_wake,
    .renumbered = on_renumbered,
    .alloc = on_alloc,
    .free = on_free,
};

/* ---- life ------------------------------------------------------------------
 */

iovp_status pcie_create_all(struct platform *p)
{
    for (uint32_t i = 0; i < p->pcie_count; i++) {
        struct platform_pcie *h = &p->pcie[i];
        struct pcie_root_ops ops = functional_ops;

        /* Without ats-supported there is no Translation Agent. */
        if (!h->desc.ats_supported) {
            ops.translate = NULL;
            ops.page_request = NULL;
        }
        h->root = pcie_root_create(h->desc.root, &ops, h);
        if (!h->root)
            return iovp_fail(IOVP_E_NOMEM, "%s: no memory for its functions",
                             h->desc.path);
        for (uint32_t f = 0; f < h->desc.root->function_count; f++)
            pcie_host_renumbered(h, f);
    }
    return IOVP_OK;
}

void pcie_destroy_all(struct platform *p)
{
    for (uint32_t i = 0; i < p->pcie_count; i++) {
        pcie_root_destroy(p->pcie[i].root);
        p->pcie[i].root = NULL;
    }
}

/* ---- time ------------------------------------------------------------------
 */

/*
 * Functions can be made busy for ever at one and the same time.  What is due at
 * once again is due later, and later each time: timers of others (CSTS.RDY,
 * invalidations that time out) come to pass all the same.
 */
static uint64_t pause(struct platform_pcie *h, uint64_t due)
{
    uint64_t now = h->p->pcie_now, twice = 2 * h->pause;

    if (due > now) {
        h->pause = 0;
        return due;
    }
    h->pause = !twice ? PAUSE_FIRST : twice < PAUSE_MOST ? twice : PAUSE_MOST;
    return now + h->pause;
}

uint32_t pcie_step(struct platform *p)
{
    struct platform_pcie *next = NULL;
    uint64_t due;

    for (uint32_t i = 0; i < p->pcie_count; i++) {
        struct platform_pcie *h = &p->pcie[i];

        if (h->due != PCIE_NEVER && (!next || h->due < next->due))
            next = h;
    }
    if (!next)
        return 0;
    p->pcie_done = 1;
    if (next->due > p->pcie_now)
        p->pcie_now = next->due;
    next->due = PCIE_NEVER;
    due = pcie_root_work(next->root, p->pcie_now);
    on_wake(next, pause(next, due));
    return p->pcie_done;
}

void pcie_work(struct platform *p)
{
    uint32_t left = BUDGET, done;

    smmu_work(p);
    while (left && (done = pcie_step(p)) != 0) {
        left -= done < left ? done : left;
        smmu_work(p);
    }
}

void pcie_mmio(struct platform_pcie *h, uint64_t addr, uint32_t width,
               bool write, uint64_t *value)
{
    struct pcie *bus = pcie_root_hierarchy(h->root);

    /* What endpoints have done may have taken it further. */
    if (pcie_time(bus) < h->p->pcie_now)
        pcie_set_time(bus, h->p->pcie_now);
    pcie_host_access(h, addr, width, write, value);
    pcie_work(h->p);
}

void pcie_changed(struct platform_pcie *h)
{
    pcie_work(h->p);
}

/* SPDX-License-Identifier: MIT */
/* Host bridges in functional mode: their root complexes, and the virtual time
 * in which those work. */
#include <string.h>

#include "../models/common/atomic.h"
#include "../models/common/bits.h"
#include "../models/smmuv3/smmuv3_regs.h"
#include "pcie.h"
#include "space.h"

/* Things done for one access of a processor. */
#define BUDGET 256

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
    struct iovp_atomic_op op = {
        .kind = t->type == PCIE_TLP_FETCH_ADD ? IOVP_ATOMIC_KIND_ADD
                : t->type == PCIE_TLP_SWAP    ? IOVP_ATOMIC_KIND_SWAP
                                              : IOVP_ATOMIC_KIND_CAS,
        .width = (uint8_t)t->length};
    bool cas = t->type == PCIE_TLP_CAS;

    if (cas)
        memcpy(op.compare, data, t->length);
    memcpy(op.operand, cas ? data + t->length : data, t->length);
    iovp_atomic_apply(&op, host);
    memcpy(data, op.old, t->length);
}

/* `bytes` at a physical address. */
static enum pcie_status deliver(const struct request *r, uint64_t pa,
                                uint8_t *data, uint32_t bytes)
{
    struct platform *p = r->h->p;
    uint8_t *host = memory_at(p, pa, bytes);
    struct pcie_tlp part = *r->t;
    enum pcie_status s;

    if (host && r->access == (SMMUV3_READ | SMMUV3_WRITE))
        atomic(r->t, data, host);
    else if (host && r->access == SMMUV3_WRITE)
        memcpy(host, data, bytes);
    else if (host)
        memcpy(data, host, bytes);
    if (host)
        return PCIE_SC;
    part.addr = pa;
    part.length = bytes;
    if (pcie_host_peer(r->h, &part, pa, data, &s))
        return s;
    if (r->access == SMMUV3_WRITE && bytes == 4 && !(pa & 3) &&
        pcie_host_msi(r->h, r->function, r->t->requester, pa, iovp_le32(data)))
        return PCIE_SC;
    return PCIE_UR;
}

static void translate(const struct request *r, uint64_t iova,
                      struct smmuv3_result *res)
{
    if (r->core) {
        smmuv3_translate(r->core, &r->attrs, iova, r->access, SMMUV3_NORMAL,
                         res);
        return;
    }
    dma_identity(&r->attrs, iova, res);
}

static void record(const struct request *r, uint64_t iova, uint32_t bytes,
                   uint8_t result, const struct smmuv3_result *res)
{
    const struct platform_device_state *d = pcie_host_device(r->h, r->function);
    struct iovp_trace_record rec;

    smmuv3_describe(r->core, &r->attrs, iova, bytes, r->access, res, &rec);
    rec.result = result;
    rec.initiator = d ? (uint16_t)(d - r->h->p->device) : 0xffff;
    if (d)
        platform_record(r->h->p, &rec);
    else if (r->h->p->trace)
        port_trace_put(r->h->p->trace, &rec);
}

/* The part at `at`.  Its bytes; *s is not SC: the request ends with it. */
static uint32_t do_part(const struct request *r, uint32_t at,
                        enum pcie_status *s)
{
    struct smmuv3_result *res = &r->h->p->scratch;
    uint64_t iova = r->t->addr + at, room;
    uint32_t bytes = r->t->length - at;
    uint8_t *data = r->data + at;

    translate(r, iova, res);
    /* SMMU 16.4: PCIe must not wait for software. */
    if (res->status == IOVP_RESULT_STALL) {
        smmuv3_stall_end(r->core, res->stall);
        res->status = IOVP_RESULT_ABORT;
    }
    room = dma_span(res, iova);
    if (bytes > room)
        bytes = (uint32_t)room;
    *s = pcie_host_status(res->status);
    if (res->status == IOVP_RESULT_OK)
        *s = deliver(r, res->pa, data, bytes);
    else if (res->status == IOVP_RESULT_RAZWI && r->access & SMMUV3_READ)
        memset(data, 0, bytes);
    record(r, iova, bytes,
           res->status == IOVP_RESULT_OK && *s ? IOVP_RESULT_BUS : res->status,
           res);
    return bytes;
}

static enum pcie_status on_request(void *opaque, uint32_t function,
                                   const struct pcie_tlp *t, void *data,
                                   uint64_t *time)
{
    struct platform_pcie *h = opaque;
    struct platform_device_state *d = pcie_host_device(h, function);
    enum pcie_status s = PCIE_SC;
    struct request r;
    uint32_t at = 0;

    (void)time;
    request_init(&r, h, function, t, data);
    while (!s && at < t->length)
        at += do_part(&r, at, &s);
    if (d)
        space_used(h->p, d, &r.attrs, s ? 0 : at);
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
    out->status = IOVP_ATS_UR;
    request_init(&r, h, function, t, NULL);
    pcie_host_stream(h, t->requester, &iommu);
    if (!r.core || !(h->p->smmu[iommu].config.idr0 & SMMU_IDR0_ATS))
        return;
    translate(&r, t->addr, res);
    *out = res->ats;
    record(&r, t->addr, t->length, res->status, res);
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

bool pcie_step(struct platform *p)
{
    struct platform_pcie *next = NULL;
    uint64_t due;

    for (uint32_t i = 0; i < p->pcie_count; i++) {
        struct platform_pcie *h = &p->pcie[i];

        if (h->due != PCIE_NEVER && (!next || h->due < next->due))
            next = h;
    }
    if (!next)
        return false;
    if (next->due > p->pcie_now)
        p->pcie_now = next->due;
    next->due = PCIE_NEVER;
    due = pcie_root_work(next->root, p->pcie_now);
    on_wake(next, due);
    return true;
}

void pcie_work(struct platform *p)
{
    smmu_work(p);
    for (unsigned n = 0; n < BUDGET && pcie_step(p); n++)
        smmu_work(p);
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

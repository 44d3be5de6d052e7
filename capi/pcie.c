/* SPDX-License-Identifier: MIT */
/* Host bridges: their functions as devices, maps of IDs, addresses, and what
 * they tell the user. */
#include "pcie.h"

#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "../models/pcie/pcie_regs.h"
#include "../models/pcie/trace.h"

/* What a root complex keeps (models/pcie/root.h). */
#define INVALS 1024u

/* An invalidation on its way: tokens of two IOMMUs may be alike. */
struct pcie_inval {
    bool used;
    uint32_t iommu, token;
};

/* Normal Write-Back memory, Inner Shareable: SBSA's base type (SMMU 13.6.1). */
#define MEM_TYPE 0xff

/* ---- life ------------------------------------------------------------------
 */

static const struct pcie_cap_config *find_cap(const struct pcie_fn_config *f,
                                              enum pcie_cap cap)
{
    for (uint32_t i = 0; i < f->cap_count; i++)
        if (f->caps[i].cap == cap)
            return &f->caps[i];
    return NULL;
}

/* A VF uses the PASID and PRI of its PF (9.3.7), which is before it. */
static bool shared(const struct platform_pcie *h, uint32_t index,
                   enum pcie_cap cap, const struct pcie_cap_config **c)
{
    const struct pcie_root_function *f = h->desc.root->functions;

    while (index && f[index].fn.kind == PCIE_VF)
        index--;
    *c = find_cap(&f[index].fn, cap);
    return *c != NULL;
}

static bool is_bridge(const struct pcie_fn_config *f)
{
    return f->kind == PCIE_ROOT_PORT || f->kind == PCIE_UPSTREAM_PORT ||
           f->kind == PCIE_DOWNSTREAM_PORT;
}

static iovp_status add_function(struct platform *p, struct platform_pcie *h,
                                uint32_t index)
{
    const struct pcie_fn_config *f = &h->desc.root->functions[index].fn;
    const struct pcie_cap_config *pasid, *pri;
    bool has_pasid = shared(h, index, PCIE_CAP_PASID, &pasid);
    struct platform_device d = {
        .name = h->desc.function[index].name,
        .path = h->desc.function[index].path,
        .iommu = PLATFORM_NO_IOMMU,
        .stream_ids = 1,
        .pasid_bits = has_pasid ? pasid->pasid.width : 0,
        .space = IOVP_SPACE_NONSECURE,
        .pci = 1,
        .ats_supported = h->desc.ats_supported,
        .ats = find_cap(f, PCIE_CAP_ATS) != NULL,
        .pri = shared(h, index, PCIE_CAP_PRI, &pri),
    };
    uint32_t device = p->device_count;
    iovp_status st;

    h->device[index] = PLATFORM_NO_PCIE;
    if (is_bridge(f))
        return IOVP_OK;
    st = platform_add_device(p, &d);
    if (st)
        return st;
    p->device[device].pcie = (uint32_t)(h - p->pcie);
    p->device[device].function = index;
    h->device[index] = device;
    pcie_host_renumbered(h, index);
    return IOVP_OK;
}

static iovp_status add_ranges(struct platform *p, struct platform_pcie *h)
{
    const struct pcie_root_config *c = h->desc.root;
    uint64_t buses = (uint64_t)c->bus_last - c->bus_first + 1;
    iovp_status st =
        memory_range(p, h->desc.name, h->desc.ecam, buses << 20, &h->ecam);

    for (uint32_t i = 0; !st && i < c->window_count; i++)
        st = memory_range(p, h->desc.name, c->windows[i].host,
                          c->windows[i].size, &h->window[i]);
    return st;
}

static iovp_status add(struct platform *p, struct platform_pcie *h)
{
    const struct pcie_root_config *c = h->desc.root;
    iovp_status st;

    if (c->window_count > PLATFORM_PCIE_WINDOWS)
        return iovp_fail(IOVP_E_DT, "%s: more than %d windows", h->desc.path,
                         PLATFORM_PCIE_WINDOWS);
    h->device = platform_alloc(p, c->function_count + 1u, sizeof(*h->device));
    h->inval = platform_alloc(p, INVALS, sizeof(*h->inval));
    if (!h->device || !h->inval)
        return iovp_fail(IOVP_E_NOMEM, "%s: no memory", h->desc.path);
    st = add_ranges(p, h);
    for (uint32_t i = 0; !st && i < c->function_count; i++)
        st = add_function(p, h, i);
    return st;
}

static void release(struct platform *p, struct platform_pcie *h)
{
    platform_free(p, h->inval);
    platform_free(p, h->device);
    platform_free(p, h->desc.memory);
}

iovp_status platform_add_pcie(struct platform *p,
                              const struct platform_pcie_host *desc)
{
    struct platform_pcie *h = &p->pcie[p->pcie_count];
    iovp_status st;

    if (p->pcie_count == PLATFORM_PCIE_MAX) {
        platform_free(p, desc->memory);
        return iovp_fail(IOVP_E_DT, "%s: more than %d PCI host bridges",
                         desc->path, PLATFORM_PCIE_MAX);
    }
    h->p = p;
    h->desc = *desc;
    h->due = PCIE_NEVER;
    st = add(p, h);
    if (st)
        release(p, h);
    else
        p->pcie_count++;
    return st;
}

void pcie_free(struct platform *p)
{
    while (p->pcie_count)
        release(p, &p->pcie[--p->pcie_count]);
    pcie_files_close(p);
}

/* ---- who is who ------------------------------------------------------------
 */

static const struct platform_pcie_map *
find_map(const struct platform_pcie_maps *maps, uint16_t rid, uint32_t *id)
{
    uint32_t masked = rid & maps->mask;

    for (uint32_t i = 0; i < maps->count; i++) {
        const struct platform_pcie_map *m = &maps->map[i];

        if (masked >= m->rid && masked - m->rid < m->count) {
            *id = m->id + (masked - m->rid);
            return m;
        }
    }
    return NULL;
}

uint32_t pcie_host_stream(const struct platform_pcie *h, uint16_t rid,
                          uint32_t *iommu)
{
    uint32_t id = rid;
    const struct platform_pcie_map *m = find_map(&h->desc.streams, rid, &id);

    *iommu = m ? m->iommu : PLATFORM_NO_IOMMU;
    return id;
}

uint32_t pcie_host_msi_id(const struct platform_pcie *h, uint16_t rid)
{
    uint32_t id = rid;

    find_map(&h->desc.msis, rid, &id);
    return id;
}

struct platform_device_state *pcie_host_device(const struct platform_pcie *h,
                                               uint32_t function)
{
    if (function >= h->desc.root->function_count ||
        h->device[function] == PLATFORM_NO_PCIE)
        return NULL;
    return &h->p->device[h->device[function]];
}

/* Functions whose bus nobody has numbered are all on the first. */
uint16_t pcie_host_rid(const struct platform_pcie *h, uint32_t function)
{
    const struct pcie_root_config *c = h->desc.root;
    const struct pcie_fn_config *f = &c->functions[function].fn;
    uint32_t rid = (uint32_t)f->device << 3 | f->function;

    if (h->root)
        rid = pcie_id(pcie_function(pcie_root_hierarchy(h->root), function));
    if (rid >> 8 < c->bus_first)
        rid = (rid & 0xff) | (uint32_t)c->bus_first << 8;
    return (uint16_t)rid;
}

static void tell_reconfigured(struct platform_device_state *d,
                              struct platform *p)
{
    const struct iovp_invalidation i = {
        .kind = IOVP_INVALIDATE_STREAMS,
        .stream_first = d->desc.stream_id[0],
        .stream_last = d->desc.stream_id[0],
    };

    if (d->core)
        smmu_invalidated(&p->smmu[d->desc.iommu], &i);
}

void pcie_host_renumbered(struct platform_pcie *h, uint32_t function)
{
    struct platform_device_state *d = pcie_host_device(h, function);
    struct platform *p = h->p;
    uint32_t iommu, id;

    if (!d)
        return;
    id = pcie_host_stream(h, pcie_host_rid(h, function), &iommu);
    if (id == d->desc.stream_id[0] && iommu == d->desc.iommu)
        return;
    /* Whoever watches its translations, or keeps them, has lost them. */
    tell_reconfigured(d, p);
    d->desc.iommu = iommu;
    d->desc.stream_id[0] = d->attrs.stream_id = id;
    d->last_space.space = NULL;
    smmu_attach_device(p, d);
    tell_reconfigured(d, p);
}

void pcie_host_attrs(const struct platform_pcie *h, uint32_t function,
                     const struct pcie_tlp *t, iovp_attrs *out, uint32_t *iommu)
{
    (void)function;
    *out = (iovp_attrs){
        .size = sizeof(*out),
        .specified = IOVP_ATTR_ALL,
        .stream_id = pcie_host_stream(h, t->requester, iommu),
        .pasid = t->pasid_valid ? t->pasid : 0,
        .pasid_valid = t->pasid_valid,
        .space = t->space_valid ? t->space & 3u : IOVP_SPACE_NONSECURE,
        .privileged = t->privileged,
        .instruction = t->execute,
        .addr_type = t->at,
        .no_write = t->no_write,
        .mem_type = MEM_TYPE,
        .shareability = IOVP_SH_INNER,
    };
}

/*
 * PCIe 2.3.1: Unsupported Request if nobody takes the request, Completer Abort
 * if whoever takes it cannot carry it out.  The SMMU took what it aborts.  RAZ
 * is data (SMMU 3.12.1).
 */
enum pcie_status pcie_host_status(uint8_t result)
{
    switch ((enum iovp_trace_result)result) {
    case IOVP_RESULT_OK:
    case IOVP_RESULT_RAZWI:
        return PCIE_SC;
    case IOVP_RESULT_BUS:
        return PCIE_UR;
    default:
        return PCIE_CA;
    }
}

/* ---- what it tells ---------------------------------------------------------
 */

bool pcie_host_msi(struct platform_pcie *h, uint32_t function, uint16_t rid,
                   uint64_t addr, uint32_t data)
{
    iovp_irq_event e = {.kind = IOVP_IRQ_MSI,
                        .number = PLATFORM_NO_IRQ,
                        .data = data,
                        .addr = addr,
                        .level = 1,
                        .device_id = pcie_host_msi_id(h, rid)};

    if (!memory_is_placeholder(h->p, addr))
        return false;
    snprintf(e.line, sizeof(e.line), "msi");
    platform_irq(h->p,
                 function < h->desc.root->function_count
                     ? h->desc.function[function].name
                     : h->desc.name,
                 &e);
    return true;
}

void pcie_host_intx(struct platform_pcie *h, unsigned line, bool level)
{
    iovp_irq_event e = {.kind = IOVP_IRQ_WIRED,
                        .number = h->desc.irq[line & 3],
                        .level = level};

    snprintf(e.line, sizeof(e.line), "int%c", 'a' + (int)(line & 3));
    platform_irq(h->p, h->desc.name, &e);
}

void pcie_host_system_error(struct platform_pcie *h, uint8_t message,
                            uint16_t source)
{
    const char *what = message == PCIE_MSG_ERR_COR ? "correctable"
                       : message == PCIE_MSG_ERR_NONFATAL
                           ? "uncorrectable, non-fatal"
                           : "uncorrectable, fatal";

    platform_log(h->p, IOVP_LOG_WARN,
                 "%s: system error, %s, of requester ID 0x%04x", h->desc.name,
                 what, source);
}

void pcie_host_tlp(struct platform_pcie *h, const struct pcie_tlp_view *v)
{
    const struct platform_device_state *d = pcie_host_device(h, v->function);
    struct iovp_trace_record r;
    uint32_t iommu;

    if (!h->p->trace)
        return;
    pcie_trace_record(v, &r);
    if (d)
        r.initiator = (uint16_t)(d - h->p->device);
    pcie_host_stream(h, v->tlp.requester, &iommu);
    if (d && iommu != PLATFORM_NO_IOMMU)
        r.iommu = (uint16_t)iommu;
    if (!h->p->timed)
        r.time_in = r.time_out = 0;
    platform_record(h->p, &r);
}

bool pcie_host_page_request(const struct platform_pcie *h,
                            const struct iovp_page_request *in,
                            struct iovp_page_request *out, uint32_t *iommu)
{
    *out = *in;
    out->stream_id = pcie_host_stream(h, (uint16_t)in->stream_id, iommu);
    return *iommu != PLATFORM_NO_IOMMU;
}

/* ---- from an IOMMU ---------------------------------------------------------
 */

/* The function that has a StreamID. */
static struct platform_pcie *find_stream(const struct platform_smmu *s,
                                         uint32_t stream_id, uint16_t *rid)
{
    struct platform *p = s->p;

    for (uint32_t i = 0; i < p->device_count; i++) {
        const struct platform_device_state *d = &p->device[i];
        struct platform_pcie *h;

        if (d->pcie == PLATFORM_NO_PCIE || d->core != s->core ||
            d->desc.stream_id[0] != stream_id)
            continue;
        h = &p->pcie[d->pcie];
        *rid = pcie_host_rid(h, d->function);
        return h->root ? h : NULL;
    }
    return NULL;
}

bool pcie_host_invalidate(struct platform_smmu *s,
                          const struct iovp_ats_invalidation *i, uint64_t now)
{
    struct iovp_ats_invalidation own = *i;
    struct platform_pcie *h;
    uint32_t slot = 0;
    uint16_t rid;

    h = find_stream(s, i->stream_id, &rid);
    if (!h)
        return false;
    while (slot < INVALS && h->inval[slot].used)
        slot++;
    if (slot == INVALS)
        return false;
    own.token = slot;
    if (!pcie_root_invalidate(h->root, rid, &own, now))
        return false;
    h->inval[slot] =
        (struct pcie_inval){true, (uint32_t)(s - s->p->smmu), i->token};
    return true;
}

struct platform_smmu *pcie_host_invalidated(struct platform_pcie *h,
                                            uint32_t *token)
{
    struct pcie_inval *i = *token < INVALS ? &h->inval[*token] : NULL;

    if (!i || !i->used)
        return NULL;
    *token = i->token;
    i->used = false;
    return &h->p->smmu[i->iommu];
}

void pcie_host_page_response(struct platform_smmu *s,
                             const struct iovp_page_response *r, uint64_t now)
{
    struct platform_pcie *h;
    uint16_t rid;

    h = find_stream(s, r->stream_id, &rid);
    if (h && !pcie_root_page_response(h->root, rid, r, now))
        platform_log(s->p, IOVP_LOG_WARN,
                     "%s: too many PRG responses at a time: one to 0x%04x is "
                     "lost",
                     h->desc.name, rid);
}

/* ---- addresses -------------------------------------------------------------
 */

static bool inside(const struct platform_range *r, uint64_t addr,
                   uint64_t bytes)
{
    return addr >= r->base && addr <= r->last && bytes - 1 <= r->last - addr;
}

/* The window of a host that has all bytes; its number of windows: none. */
static uint32_t window_at(const struct platform_pcie *h, uint64_t addr,
                          uint64_t bytes)
{
    uint32_t i = 0;

    while (i < h->desc.root->window_count &&
           !inside(&h->window[i], addr, bytes))
        i++;
    return i;
}

struct platform_pcie *pcie_host_at(struct platform *p, uint64_t addr,
                                   uint64_t bytes)
{
    for (uint32_t i = 0; i < p->pcie_count; i++) {
        struct platform_pcie *h = &p->pcie[i];

        if (inside(&h->ecam, addr, bytes) ||
            window_at(h, addr, bytes) < h->desc.root->window_count)
            return h;
    }
    return NULL;
}

bool pcie_host_peer(struct platform_pcie *h, const struct pcie_tlp *t,
                    uint64_t pa, void *data, enum pcie_status *s)
{
    struct platform_pcie *to = pcie_host_at(h->p, pa, t->length);
    struct pcie_tlp down = *t;
    uint32_t i;

    if (!to)
        return false;
    i = window_at(to, pa, t->length);
    *s = PCIE_UR;
    /* Configuration space and I/O windows take no memory requests. */
    if (i == to->desc.root->window_count || to->desc.root->windows[i].io)
        return true;
    down.addr =
        pa - to->desc.root->windows[i].host + to->desc.root->windows[i].pci;
    down.at = IOVP_AT_UNTRANSLATED;
    if (to != h)
        pcie_set_time(pcie_root_hierarchy(to->root),
                      pcie_time(pcie_root_hierarchy(h->root)));
    *s = pcie_send_down(pcie_root_hierarchy(to->root), &down, data);
    return true;
}

void pcie_host_access(struct platform_pcie *h, uint64_t addr, uint32_t width,
                      bool write, uint64_t *value)
{
    struct pcie *bus = pcie_root_hierarchy(h->root);
    uint8_t bytes[8];

    if (inside(&h->ecam, addr, width)) {
        if (write)
            pcie_ecam_write(bus, addr - h->ecam.base, width, *value);
        else
            pcie_ecam_read(bus, addr - h->ecam.base, width, value);
        return;
    }
    if (write) {
        iovp_put_le64(bytes, *value);
        pcie_host_write(bus, addr, bytes, width);
        return;
    }
    memset(bytes, 0, sizeof(bytes));
    pcie_host_read(bus, addr, bytes, width);
    *value = iovp_le64(bytes);
}

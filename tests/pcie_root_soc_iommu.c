/* SPDX-License-Identifier: MIT */
/* The IOMMU of pcie_root_soc.h: a list of mappings. */
#include "pcie_root_soc.h"

#include <stdlib.h>
#include <string.h>

static int32_t pasid_of(const struct pcie_tlp *t)
{
    return t->pasid_valid ? (int32_t)t->pasid : RSOC_NO_PASID;
}

static bool covers(const struct rsoc_page *m, uint64_t base, uint64_t addr)
{
    return (addr - base) >> m->log2 == 0;
}

static const struct rsoc_page *page_at(const struct rsoc *s, uint16_t rid,
                                       int32_t pasid, uint64_t va)
{
    for (uint32_t i = 0; i < s->pages; i++) {
        const struct rsoc_page *m = &s->page[i];

        if (m->state == RSOC_LIVE && m->rid == rid && m->pasid == pasid &&
            covers(m, m->va, va))
            return m;
    }
    return NULL;
}

static uint32_t rights_of(const struct pcie_tlp *t)
{
    if (t->type == PCIE_TLP_MRD)
        return IOVP_ATS_READ;
    return t->type == PCIE_TLP_MWR ? IOVP_ATS_WRITE
                                   : IOVP_ATS_READ | IOVP_ATS_WRITE;
}

/* The mapping that allows a translated request, even if a stale one. */
static struct rsoc_page *page_of(struct rsoc *s, const struct pcie_tlp *t)
{
    uint32_t want = rights_of(t);

    for (uint32_t i = 0; i < s->pages; i++) {
        struct rsoc_page *m = &s->page[i];

        if (m->state != RSOC_DEAD && m->rid == t->requester &&
            covers(m, m->pa, t->addr) && (m->flags & want) == want)
            return m;
    }
    return NULL;
}

bool rsoc_physical(struct rsoc *s, const struct pcie_tlp *t, uint64_t time,
                   uint64_t *pa)
{
    uint32_t want = rights_of(t);
    const struct rsoc_page *m;

    *pa = t->addr;
    if (t->at == IOVP_AT_TRANSLATED) {
        struct rsoc_page *use = page_of(s, t);

        s->translated++;
        s->violations += !use;
        if (use && use->used < time)
            use->used = time;
        return use;
    }
    s->untranslated++;
    if (!s->iommu || t->addr - RSOC_MSI < 0x10000)
        return true;
    m = page_at(s, t->requester, pasid_of(t), t->addr);
    if (!m || (m->flags & want) != want)
        return false;
    *pa = m->pa + (t->addr - m->va);
    return true;
}

void rsoc_translate(void *opaque, uint32_t function, const struct pcie_tlp *t,
                    struct iovp_ats_completion *out, uint64_t *time)
{
    struct rsoc *s = (struct rsoc *)opaque;
    const struct rsoc_page *m =
        page_at(s, t->requester, pasid_of(t), t->addr & ~0xfffull);

    (void)function;
    s->translations++;
    *time += s->translate_ps;
    memset(out, 0, sizeof(*out));
    out->status = s->ats_status;
    out->log2 = 12;
    if (s->ats_status != IOVP_ATS_SUCCESS || !m)
        return;
    out->address = m->pa;
    out->log2 = m->log2;
    out->flags = (uint8_t)m->flags;
    if (t->no_write)
        out->flags &= (uint8_t)~IOVP_ATS_WRITE;
    if (!t->execute && !s->eager)
        out->flags &= (uint8_t)~IOVP_ATS_EXECUTE;
    if (t->privileged)
        out->flags |= IOVP_ATS_PRIVILEGED;
}

bool rsoc_page_request(void *opaque, const struct iovp_page_request *r)
{
    static const uint8_t code[] = {
        [RSOC_PRI_MAP] = IOVP_PAGE_SUCCESS,
        [RSOC_PRI_SUCCESS] = IOVP_PAGE_SUCCESS,
        [RSOC_PRI_INVALID] = IOVP_PAGE_INVALID,
        [RSOC_PRI_FAILURE] = IOVP_PAGE_FAILURE,
    };
    struct rsoc *s = (struct rsoc *)opaque;
    struct iovp_page_response p = {.stream_id = r->stream_id,
                                   .pasid = r->pasid,
                                   .pasid_valid = r->pasid_valid,
                                   .prg_index = r->prg_index};
    struct pcie_fn *f = pcie_find(s->p, (uint16_t)r->stream_id);

    if (s->busy)
        return false;
    if (s->requests < RSOC_LIST)
        s->request[s->requests] = *r;
    s->requests++;
    if (s->pri == RSOC_PRI_HOLD || (!r->read && !r->write))
        return true;
    for (uint32_t i = 0; s->pri == RSOC_PRI_MAP && i < RSOC_FUNCTIONS; i++)
        if (f && rsoc_fn(s, i) == f) {
            rsoc_map(s, i, r->pasid_valid ? (int32_t)r->pasid : RSOC_NO_PASID,
                     r->address, s->next_page, 12,
                     (r->read ? IOVP_ATS_READ : 0u) |
                         (r->write ? IOVP_ATS_WRITE : 0u));
            s->next_page += 0x1000;
        }
    p.code = code[s->pri];
    if (r->last)
        pcie_root_page_response(s->root, (uint16_t)r->stream_id, &p, s->now);
    return true;
}

bool rsoc_invalidated(void *opaque, uint32_t token, bool timeout)
{
    struct rsoc *s = (struct rsoc *)opaque;
    struct rsoc_inv *v = &s->inv[token];

    if (s->busy)
        return false;
    v->state = timeout ? RSOC_INV_TIMEOUT : RSOC_INV_COMPLETE;
    v->done = s->now;
    for (uint32_t i = 0; !timeout && i < s->pages; i++) {
        struct rsoc_page *m = &s->page[i];
        int32_t pasid = v->i.pasid_valid ? (int32_t)v->i.pasid : RSOC_NO_PASID;

        if (m->state == RSOC_STALE && m->rid == v->rid && m->age < v->age &&
            m->va <= v->i.last &&
            m->va + ((1ull << m->log2) - 1) >= v->i.first &&
            (v->i.global ? m->pasid >= 0 : m->pasid == pasid)) {
            m->state = RSOC_DEAD;
            s->violations += m->used > s->now;
        }
    }
    return true;
}

void rsoc_map(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
              uint64_t pa, unsigned log2, uint32_t flags)
{
    uint32_t i = 0;

    while (i < s->pages && s->page[i].state != RSOC_DEAD)
        i++;
    if (i == RSOC_LIST)
        abort();
    if (i == s->pages)
        s->pages++;
    s->page[i] = (struct rsoc_page){.va = va,
                                    .pa = pa,
                                    .flags = flags,
                                    .pasid = pasid,
                                    .rid = pcie_id(rsoc_fn(s, fn)),
                                    .log2 = (uint8_t)log2};
}

void rsoc_unmap(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
                unsigned log2)
{
    uint16_t rid = pcie_id(rsoc_fn(s, fn));

    for (uint32_t i = 0; i < s->pages; i++) {
        struct rsoc_page *m = &s->page[i];

        if (m->state != RSOC_LIVE || m->rid != rid || m->pasid != pasid ||
            m->va > va + ((1ull << log2) - 1) ||
            m->va + ((1ull << m->log2) - 1) < va)
            continue;
        m->state = RSOC_STALE;
        m->age = s->age++;
    }
}

int rsoc_invalidate(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
                    unsigned log2, bool global)
{
    uint64_t span = log2 > 63 ? UINT64_MAX : (1ull << log2) - 1;
    struct rsoc_inv v = {
        .i = {.token = s->invs,
              .stream_id = pcie_id(rsoc_fn(s, fn)),
              .pasid = pasid < 0 ? 0 : (uint32_t)pasid,
              .pasid_valid = pasid >= 0,
              .global = global,
              .log2 = (uint8_t)log2,
              .first = va & ~span,
              .last = va | span},
        .rid = pcie_id(rsoc_fn(s, fn)),
        .age = s->age++,
        .issued = s->now,
    };

    if (s->invs == RSOC_LIST ||
        !pcie_root_invalidate(s->root, v.rid, &v.i, s->now))
        return -1;
    s->inv[s->invs] = v;
    return (int)s->invs++;
}

bool rsoc_respond(struct rsoc *s, uint32_t fn, int32_t pasid, unsigned prgi,
                  uint8_t code)
{
    uint16_t rid = pcie_id(rsoc_fn(s, fn));
    struct iovp_page_response p = {.stream_id = rid,
                                   .pasid = pasid < 0 ? 0 : (uint32_t)pasid,
                                   .pasid_valid = pasid >= 0,
                                   .prg_index = (uint16_t)prgi,
                                   .code = code};

    return pcie_root_page_response(s->root, rid, &p, s->now);
}

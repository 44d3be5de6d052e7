/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <string.h>

#include "pcie_regs.h"

static uint32_t access_of(const struct pcie_tlp *t)
{
    static const uint32_t access[PCIE_TLP_TYPES] = {
        [PCIE_TLP_MRD] = IOVP_TRACE_READ,
        [PCIE_TLP_MWR] = IOVP_TRACE_WRITE,
        [PCIE_TLP_FETCH_ADD] = IOVP_TRACE_READ | IOVP_TRACE_WRITE,
        [PCIE_TLP_SWAP] = IOVP_TRACE_READ | IOVP_TRACE_WRITE,
        [PCIE_TLP_CAS] = IOVP_TRACE_READ | IOVP_TRACE_WRITE,
        [PCIE_TLP_IORD] = IOVP_TRACE_READ,
        [PCIE_TLP_IOWR] = IOVP_TRACE_WRITE,
        [PCIE_TLP_CFGRD0] = IOVP_TRACE_READ,
        [PCIE_TLP_CFGWR0] = IOVP_TRACE_WRITE,
        [PCIE_TLP_CFGRD1] = IOVP_TRACE_READ,
        [PCIE_TLP_CFGWR1] = IOVP_TRACE_WRITE,
    };
    uint32_t a = t->type < PCIE_TLP_TYPES ? access[t->type] : 0;

    if (t->type == PCIE_TLP_MSG && t->message == PCIE_MSG_PAGE_REQUEST)
        a = (t->addr & PCIE_PAGE_REQUEST_READ ? IOVP_TRACE_READ : 0u) |
            (t->addr & PCIE_PAGE_REQUEST_WRITE ? IOVP_TRACE_WRITE : 0u);
    return a;
}

static uint32_t flags_of(const struct pcie_tlp *t)
{
    return (t->pasid_valid ? IOVP_TRACE_PASID_VALID : 0u) |
           (t->privileged ? IOVP_TRACE_PRIVILEGED : 0u) |
           (t->execute ? IOVP_TRACE_INSTRUCTION : 0u) | access_of(t) |
           (t->space_valid ? t->space & 3u : 0u) << IOVP_TRACE_SPACE_SHIFT |
           (t->at & 3u) << IOVP_TRACE_AT_SHIFT;
}

void pcie_trace_record(const struct pcie_tlp_view *v,
                       struct iovp_trace_record *r)
{
    const struct pcie_tlp *t = &v->tlp;

    memset(r, 0, sizeof(*r));
    r->kind = IOVP_TRACE_TLP;
    r->time_in = v->time_in;
    r->time_out = v->time_out;
    r->iova = t->addr;
    r->pa = t->tag | (uint64_t)t->message << PCIE_TRACE_MESSAGE_SHIFT |
            (uint64_t)(t->attr & 7u) << PCIE_TRACE_ATTR_SHIFT |
            (t->no_write ? PCIE_TRACE_NO_WRITE : 0u) |
            (uint64_t)(t->tc & 7u) << PCIE_TRACE_TC_SHIFT |
            (uint64_t)t->target << PCIE_TRACE_TARGET_SHIFT;
    r->stream_id = t->requester;
    r->pasid = t->pasid_valid ? t->pasid : 0;
    r->length = t->length;
    r->flags = flags_of(t);
    r->initiator = 0xffff;
    r->iommu = 0xffff;
    r->result = v->status;
    r->event = t->type;
}

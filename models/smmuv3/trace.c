/* SPDX-License-Identifier: MIT */
/* Trace records of what is not a transaction. */
#include <string.h>

#include "../common/trace_record.h"
#include "smmuv3_internal.h"

static bool begin(struct smmuv3 *s, struct iovp_trace_record *r,
                  enum iovp_trace_kind kind)
{
    if (!s->ops.trace)
        return false;
    memset(r, 0, sizeof(*r));
    r->time_in = smmuv3_now(s);
    r->time_out = r->time_in;
    r->initiator = UINT16_MAX;
    r->iommu = s->cfg.iommu_index;
    r->kind = (uint8_t)kind;
    r->flags = IOVP_SPACE_NONSECURE << IOVP_TRACE_SPACE_SHIFT;
    return true;
}

void smmuv3_trace_command(struct smmuv3 *s, const uint64_t cmd[CMD_WORDS],
                          unsigned cerror)
{
    struct iovp_trace_record r;

    if (!begin(s, &r, IOVP_TRACE_COMMAND))
        return;
    r.iova = cmd[0];
    r.pa = cmd[1];
    r.result = (uint8_t)cerror;
    s->ops.trace(s->opaque, &r);
}

void smmuv3_trace_event(struct smmuv3 *s, const uint64_t ev[EVENT_WORDS],
                        bool recorded)
{
    struct iovp_trace_record r;

    if (!begin(s, &r, IOVP_TRACE_FAULT))
        return;
    r.result = (uint8_t)iovp_get_field(ev, EVENT_TYPE);
    r.event = recorded ? r.result : 0;
    r.stream_id = (uint32_t)iovp_get_field(ev, EVENT_SID);
    /* 7.3.9: C_BAD_SUBSTREAMID has no SSV, its SubstreamID is valid. */
    if (iovp_get_field(ev, EVENT_SSV) || r.result == C_BAD_SUBSTREAMID) {
        r.pasid = (uint32_t)iovp_get_field(ev, EVENT_SSID);
        r.flags |= IOVP_TRACE_PASID_VALID;
    }
    r.iova = ev[EVENT_INPUTADDR_WORD];
    r.pa = ev[EVENT_ADDR2_WORD];
    s->ops.trace(s->opaque, &r);
}

void smmuv3_trace_interrupt(struct smmuv3 *s, enum iovp_irq_line line,
                            uint64_t msi_addr, uint32_t msi_data)
{
    struct iovp_trace_record r;

    if (!begin(s, &r, IOVP_TRACE_INTERRUPT))
        return;
    r.iova = msi_addr;
    r.pa = msi_data;
    r.result = (uint8_t)line;
    s->ops.trace(s->opaque, &r);
}

/* SPDX-License-Identifier: MIT */
/* A packet as a trace record (IOVP_TRACE_TLP), see traces/format.md. */
#ifndef PCIE_TRACE_H
#define PCIE_TRACE_H

#include "../common/trace_record.h"
#include "root.h"

#ifdef __cplusplus
extern "C" {
#endif

/* iovp_trace_record.pa */
#define PCIE_TRACE_MESSAGE_SHIFT 16
#define PCIE_TRACE_ATTR_SHIFT    24
#define PCIE_TRACE_NO_WRITE      (1u << 27)
#define PCIE_TRACE_TC_SHIFT      28
#define PCIE_TRACE_TARGET_SHIFT  32

/* All but the initiator, who is the embedder's: 0xffff, as is the IOMMU. */
void pcie_trace_record(const struct pcie_tlp_view *v,
                       struct iovp_trace_record *r);

#ifdef __cplusplus
}
#endif

#endif

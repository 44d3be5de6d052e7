/* SPDX-License-Identifier: MIT */
/* iovp_explain: what the configuration space of a PCI function says.  Private
 * to capi/. */
#ifndef IOVP_EXPLAIN_PCI_H
#define IOVP_EXPLAIN_PCI_H

#include "../models/common/explain.h"
#include "platform.h"

#define EXPLAIN_ON(feature) (1u << IOVP_FEATURE_##feature)

/* Nothing, if the device is none. */
void explain_pci(struct platform *p, const struct platform_device_state *d,
                 uint32_t feature, struct iovp_explain_list *out);

#endif

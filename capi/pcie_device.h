/* SPDX-License-Identifier: MIT */
/* What contexts do to devices that are PCI functions.  Private to capi/. */
#ifndef IOVP_PCIE_DEVICE_H
#define IOVP_PCIE_DEVICE_H

#include "../models/pcie/pcie.h"
#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * May software enable ATS or PRI in this device?  It has the capability, its
 * host bridge has ats-supported.  False for what is no PCI function.
 */
bool pcie_device_can(struct platform *p, uint32_t device, enum pcie_cap cap);

/*
 * Enable (or disable) PASID, ATS and, with `pri`, page requests, in the order
 * in which an operating system does: PASID first, as it may not change while
 * ATS is enabled.
 */
void pcie_device_ats(struct platform *p, uint32_t device, bool on, bool pri);

#ifdef __cplusplus
}
#endif

#endif

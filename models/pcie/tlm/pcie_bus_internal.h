// SPDX-License-Identifier: MIT
// The root complex's operations on a module's sockets and callbacks.  For this
// folder only.
#ifndef IOVP_PCIE_BUS_INTERNAL_H
#define IOVP_PCIE_BUS_INTERNAL_H

#include "../root.h"

namespace iovp
{

// `opaque` is the pcie_module.
struct pcie_bus {
    static struct pcie_root_ops ops();

    static enum pcie_status request(void *opaque, uint32_t function,
                                    const struct pcie_tlp *t, void *data,
                                    uint64_t *time);
    static void translate(void *opaque, uint32_t function,
                          const struct pcie_tlp *t,
                          struct iovp_ats_completion *out, uint64_t *time);
    static bool page_request(void *opaque, const struct iovp_page_request *r);
    static bool invalidated(void *opaque, uint32_t token, bool timeout);
    static void intx(void *opaque, unsigned line, bool level);
    static void system_error(void *opaque, uint8_t message, uint16_t source);
    static void tlp(void *opaque, const struct pcie_tlp_view *v);
    static void wake(void *opaque, uint64_t t);
    static void renumbered(void *opaque, uint32_t function);
};

} // namespace iovp

#endif

// SPDX-License-Identifier: MIT
// The core's ops on a module's sockets and callbacks.  For this folder only.
#ifndef IOVP_SMMUV3_BUS_INTERNAL_H
#define IOVP_SMMUV3_BUS_INTERNAL_H

#include "../../common/bus.h"

namespace iovp
{

// The calling process is a thread.
bool can_wait();

// `opaque` is the smmuv3_module.
struct smmuv3_bus {
    static struct iovp_bus_ops ops();

    static enum iovp_bus_status read(void *opaque,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, void *buf, uint32_t len,
                                     uint64_t *latency_ps);
    static enum iovp_bus_status write(void *opaque,
                                      const struct iovp_bus_attrs *a,
                                      uint64_t addr, const void *buf,
                                      uint32_t len, uint64_t *latency_ps);
    static enum iovp_bus_status cas64(void *opaque,
                                      const struct iovp_bus_attrs *a,
                                      uint64_t addr, uint64_t expect,
                                      uint64_t value, uint64_t *seen,
                                      uint64_t *latency_ps);
    static enum iovp_bus_status msi(void *opaque,
                                    const struct iovp_bus_attrs *a,
                                    uint64_t addr, uint32_t data);
    static void irq(void *opaque, enum iovp_irq_line line);
    static void sev(void *opaque);
    static void trace(void *opaque, const struct iovp_trace_record *r);
    static void wake(void *opaque);
    static void invalidated(void *opaque, const struct iovp_invalidation *i);
    static void resumed(void *opaque, uint32_t stall);
    static void atc_invalidate(void *opaque,
                               const struct iovp_ats_invalidation *i);
    static void pri_response(void *opaque, const struct iovp_page_response *r);
    static uint64_t now(void *opaque);
};

} // namespace iovp

#endif

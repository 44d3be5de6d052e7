// SPDX-License-Identifier: MIT
// Host bridges of timed platforms.  Private to capi/.
#ifndef IOVP_TIMED_PCIE_H
#define IOVP_TIMED_PCIE_H

#include "../models/pcie/tlm/pcie_module.h"
#include "pcie.h"
#include "timed_internal.h"

namespace timed_parts
{

// A root complex, with the processor's way to it.
class host_bridge
{
  public:
    host_bridge(struct platform *p, struct timed &t, unsigned index);

    // A processor's access to the ECAM or a window.
    void access(std::uint64_t addr, unsigned width, bool write,
                std::uint64_t *value, sc_core::sc_time &delay);
    // A request that is below the IOMMU, at an address that is no RAM: to a
    // peer, or an interrupt.  False: it is not ours, or nothing is there.
    bool elsewhere(tlm_generic_payload &gp, sc_core::sc_time &delay);
    void changed();
    // The platform ends.
    void leave();

  private:
    using module = iovp::pcie_module;

    void bind_functions(struct timed &t);
    void set_callbacks();
    int route(std::uint32_t function, const pcie_tlp &t, iovp_attrs *out) const;
    void done(const module::done &d) const;
    bool peer(const pcie_tlp &t, tlm_generic_payload &gp,
              sc_core::sc_time &delay);
    bool msi(std::uint32_t function, const pcie_tlp &t,
             tlm_generic_payload &gp) const;
    bool page_request(const iovp_page_request &r) const;
    bool invalidated(std::uint32_t token, bool timeout) const;

    struct platform *p_;
    struct timed &t_;
    struct platform_pcie *h_;
    std::vector<std::uint32_t> outlets_;
    module pcie_;
    cpu ecam_, windows_;
};

} // namespace timed_parts

#endif

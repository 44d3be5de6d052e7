// SPDX-License-Identifier: MIT
// A PCI Express root complex with its endpoints as a SystemC module: TLM-2.0
// around the C core of ../root.h.
//
//   ecam    -> | configuration   |
//   windows -> | BARs, links     | -> dma[i]   requests of function i
//              | endpoints, work |
//
// Time     Delays are annotated.  What functions request leaves with the delay
//          at which it has crossed the links and the root complex, and its
//          completion goes on from the delay with which it comes back.
// Threads  One host thread.  The endpoints work in an SC_METHOD, so whatever is
//          below `dma` must annotate its time and not wait: a target that
//          waits ends the simulation with SystemC's report.  A bridge to an
//          smmuv3_module is safe if its memories annotate.
// Errors   A bad configuration throws std::invalid_argument from the
//          constructor.  What is thrown in a callback or a target is thrown on
//          by whoever called this module.
#ifndef IOVP_PCIE_MODULE_H
#define IOVP_PCIE_MODULE_H

#ifndef SC_INCLUDE_DYNAMIC_PROCESSES
#define SC_INCLUDE_DYNAMIC_PROCESSES
#endif
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "../../common/iovp_attrs.h"
#include "../../common/tlm/payload_pool.h"
#include "../../common/tlm/time_unit.h"
#include "../root.h"
#include "tlp_extension.h"

namespace iovp
{

class pcie_module : public sc_core::sc_module
{
  public:
    // `outlets`: ways up that a function has, such as one for each IOMMU.
    explicit pcie_module(sc_core::sc_module_name name,
                         const pcie_root_config &config, unsigned outlets = 1);
    ~pcie_module() override;

    // ---- sockets, each optional ----

    // Configuration space; the address is an offset from the first bus.
    // Aligned or not, 1, 2, 4 and 8 bytes in host byte order.  What is absent
    // reads all ones.  Debug: reads only, and without any effect.
    tlm_utils::simple_target_socket_optional<pcie_module> ecam;
    // Host addresses in the windows of the configuration.  What fails reads
    // all ones, and the response is an address error (Unsupported Request) or a
    // generic one.  With an atomic_extension: an AtomicOp.  No debug accesses:
    // registers behind BARs have side effects.
    tlm_utils::simple_target_socket_optional<pcie_module> windows;
    // Requests of function i by outlet o: dma[o * functions + i].  They carry
    // an attrs_extension, a fault_extension, a tlp_extension, if they are an
    // AtomicOp an atomic_extension, and if a Translation Request an
    // ats_extension.  b_transport only.  Not bound: Unsupported Request.
    using initiator = tlm_utils::simple_initiator_socket_optional<pcie_module>;
    sc_core::sc_vector<initiator> dma;
    // Levels of INTA to INTD.
    using intx_port = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 0,
                                       sc_core::SC_ZERO_OR_MORE_BOUND>;
    sc_core::sc_vector<intx_port> intx;

    // ---- callbacks, optional: they must not access this module ----

    // With which attributes a request goes up, and by which outlet; -1: it is
    // an Unsupported Request.  *out has all that the packet says, the StreamID
    // being the requester ID.  Without the callback: outlet 0.
    std::function<int(uint32_t function, const pcie_tlp &t, iovp_attrs *out)>
        on_route;
    // Page requests and Stop markers; stream_id is the requester ID.  False:
    // the IOMMU is busy, it is offered again.
    std::function<bool(const iovp_page_request &r)> on_page_request;
    // An invalidation is complete.  False: as above.
    std::function<bool(uint32_t token, bool timeout)> on_invalidated;
    std::function<void(unsigned line, bool level)> on_intx;
    std::function<void(uint8_t message, uint16_t source)> on_system_error;
    std::function<void(uint32_t function)> on_renumbered;
    // A memory request or AtomicOp is back from its outlet; from and to when
    // it was there.
    struct done {
        uint32_t function;
        const pcie_tlp &tlp;
        const iovp_attrs &attrs;
        unsigned outlet;
        enum pcie_status status;
        uint64_t time_in, time_out;
    };
    std::function<void(const done &d)> on_done;
    // Every packet, when it is done.
    std::function<void(const pcie_tlp_view &v)> on_tlp;

    // ---- from an IOMMU, also from inside of its callbacks ----

    // As pcie_root_invalidate and pcie_root_page_response, at this time.
    bool invalidate(uint16_t id, const iovp_ats_invalidation &i);
    bool page_response(uint16_t id, const iovp_page_response &r);

    // The request that is below `dma` now, for targets there; NULL: none.
    const pcie_tlp *under_way(uint32_t *function) const
    {
        *function = sender_;
        return sent_;
    }
    // For counters, and to unplug functions.
    struct pcie_root *root() const
    {
        return root_;
    }
    // Something has changed there.
    void poke();
    unsigned functions() const
    {
        return functions_;
    }

  private:
    using payload = tlm::tlm_generic_payload;
    struct request;
    friend struct pcie_bus;

    static void method(const char *name, const sc_core::sc_event &event,
                       const std::function<void()> &f);
    void work();
    void arm(uint64_t t);
    void drive();
    void rethrow();
    template <typename F> void guard(F f);
    // Calls `f` with the hierarchy at the payload's time.
    template <typename F> void access(sc_core::sc_time &delay, F f);
    void ecam_transport(payload &p, sc_core::sc_time &delay);
    unsigned ecam_debug(payload &p);
    void window_transport(payload &p, sc_core::sc_time &delay);
    unsigned no_debug(payload &p);
    bool no_dmi(payload &p, tlm::tlm_dmi &dmi);
    enum pcie_status window_access(payload &p);
    enum pcie_status window_atomic(payload &p);

    enum pcie_status send(uint32_t function, const pcie_tlp &t, void *data,
                          uint64_t *time);
    void translate(uint32_t function, const pcie_tlp &t,
                   iovp_ats_completion *out, uint64_t *time);
    bool route(uint32_t function, request &r);
    bool transport(uint32_t function, request &r, uint64_t *time);
    enum pcie_status status_of(const request &r) const;
    enum pcie_status done_with(uint32_t function, const request &r,
                               uint64_t time_in, uint64_t time_out);

    uint64_t now() const
    {
        return unit_.ps(sc_core::sc_time_stamp());
    }

    struct pcie_root *root_ = nullptr;
    const unsigned functions_, outlets_;
    const uint8_t bus_first_;
    std::vector<pcie_window> map_;
    time_unit unit_;
    payload_pool pool_;
    sc_core::sc_event due_, levels_;
    bool level_[4] = {};
    const pcie_tlp *sent_ = nullptr; // under way, by function sender_
    uint32_t sender_ = 0;
    std::exception_ptr thrown_; // in a callback: goes on behind the C core
};

} // namespace iovp

#endif

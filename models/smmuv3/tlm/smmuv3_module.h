// SPDX-License-Identifier: MIT
// The SMMUv3 as a SystemC module: a TLM-2.0 transaction bridge around the C
// core of ../smmuv3.h.
//
//   upstream[i] -> | translate, split, child payloads | -> downstream
//   regs        -> | registers, queues                | -> walk
//
// Time     Delays are annotated, nothing waits unless a target does.  A
//          transaction that enters at sc_time_stamp() + delay leaves with the
//          delay at which its translations and downstream accesses, one after
//          the other, are complete.  The core counts in picoseconds.
// Threads  One host thread: the one that runs SystemC.  Any number of SystemC
//          processes may be in b_transport at once; while a table walk waits
//          inside its target, others wait for the core.
// Errors   A bad configuration throws std::invalid_argument from the
//          constructor.  Whatever comes through a socket gets a response,
//          never a report.
#ifndef IOVP_SMMUV3_MODULE_H
#define IOVP_SMMUV3_MODULE_H

#ifndef SC_INCLUDE_DYNAMIC_PROCESSES
#define SC_INCLUDE_DYNAMIC_PROCESSES
#endif
#include <exception>
#include <functional>
#include <memory>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "../../common/tlm/ats_extension.h"
#include "../../common/tlm/attrs_extension.h"
#include "../../common/tlm/payload_pool.h"
#include "../../common/tlm/time_unit.h"
#include "../../common/tlm/upstream_port.h"
#include "../../common/trace_record.h"
#include "../smmuv3.h"

namespace iovp
{

class smmuv3_module : public sc_core::sc_module, private transaction_sink
{
  public:
    explicit smmuv3_module(sc_core::sc_module_name name,
                           const smmuv3_config &config,
                           unsigned upstream_ports = 1);
    ~smmuv3_module() override;

    // ---- sockets (each to be bound) ----

    // Client transactions; b_, nb_transport, debug; DMI is denied.  A fault is
    // TLM_ADDRESS_ERROR_RESPONSE, of permission TLM_COMMAND_ERROR_RESPONSE; a
    // fault_extension on the payload tells more.  TLM_IGNORE_COMMAND
    // translates its address without a permission check, in time and with the
    // events of any access, and goes no further.  So does an ATS Translation
    // Request; one with an ats_extension is answered there.
    sc_core::sc_vector<upstream_port> upstream;
    // The two 64 KiB register pages; the address is an offset into them.
    // Aligned accesses of 4 and 8 bytes in host byte order.  The security
    // space is that of the attrs_extension, non-secure without one.
    tlm_utils::simple_target_socket<smmuv3_module> regs;
    // Translated client transactions.  b_transport and transport_dbg only.
    tlm_utils::simple_initiator_socket<smmuv3_module> downstream;
    // What the SMMU itself accesses: structures, tables, queues, MSIs.
    tlm_utils::simple_initiator_socket<smmuv3_module> walk;

    // Wired interrupts by enum iovp_irq_line, optional: a pulse of one SMMU
    // clock per edge.  Edges that come during a pulse become one more pulse.
    using irq_port = sc_core::sc_port<sc_core::sc_signal_inout_if<bool>, 0,
                                      sc_core::SC_ZERO_OR_MORE_BOUND>;
    sc_core::sc_vector<irq_port> irq;

    // ---- callbacks, optional ----

    // Called while the core is at work: they must not access this SMMU, other
    // than by notifying an event; if they do, that access fails.
    std::function<void(enum iovp_irq_line line)> on_irq;
    std::function<void()> on_sev;
    // Software has answered a stalled transaction (iovp_bus_ops::resumed); of
    // interest to whoever got IOVP_RESULT_STALL because it could not wait.
    std::function<void(uint32_t stall)> on_resumed;
    // Software has invalidated something (iovp_bus_ops::invalidated).
    std::function<void(const iovp_invalidation &i)> on_invalidated;
    // CMD_ATC_INV, for an endpoint that then has atc_complete called, also from
    // within this callback.  False: it cannot be sent, and counts as timed out.
    // Without the callback there are no endpoints, and it is complete at once.
    std::function<bool(const iovp_ats_invalidation &i)> on_atc_invalidate;
    // A PRG Response message, of software or automatic.
    std::function<void(const iovp_page_response &r)> on_pri_response;
    // Takes the place of the 32-bit write on `walk`.
    std::function<void(uint64_t addr, uint32_t data)> on_msi;
    // One record per translated part of a transaction, and the core's own
    // (commands, events, interrupts), in the order in which they happen.
    std::function<void(const iovp_trace_record &record)> on_trace;

    // ---- set-up, at any time between transactions ----

    // Attributes for what a payload on this port leaves open.  False: no such
    // port.
    bool set_port_attrs(unsigned port, const iovp_attrs &attrs);
    // The initiator in trace records; 0xffff: none, the default.
    bool set_port_index(unsigned port, uint16_t initiator_index);
    // False: what would stall is aborted, as a PCIe function cannot be told to
    // wait: the answer that software owes is without effect.
    bool set_port_may_stall(unsigned port, bool may_stall);
    // False: functional, translation and queue work take no time.
    void set_timed(bool timed);
    // The initiator of what is held (IOVP_RESULT_STALL, with this number) waits
    // no longer: it is aborted, whatever software answers.
    void give_up(uint32_t stall);
    // The core as after construction.  No transaction may be under way.
    void reset();

    // ---- ATS and PRI: what endpoints send, from any process ----

    // A Page Request message or Stop marker.  False: the SMMU is busy, it is to
    // be offered again.
    bool page_request(const iovp_page_request &r);
    // Of an invalidation; false: there is none such.
    bool atc_complete(uint32_t token, bool timeout);

    struct smmuv3 *core() const
    {
        return core_;
    }

  private:
    using payload = tlm::tlm_generic_payload;
    struct burst;

    // transaction_sink: smmuv3_bridge.cpp
    void transact(upstream_port &port, payload &p,
                  sc_core::sc_time &delay) override;
    unsigned debug(upstream_port &port, payload &p) override;
    bool part(burst &b);
    unsigned part_length(const burst &b, const smmuv3_result &res,
                         uint64_t iova, unsigned *width) const;
    bool translate(burst &b, uint64_t iova, smmuv3_result &res, unsigned *token,
                   uint64_t *time_in);
    void pass(burst &b, uint64_t iova, uint32_t *stall, smmuv3_result &res,
              unsigned *token);
    bool ask(const burst &b, uint64_t iova, uint32_t stall, smmuv3_result &res);
    bool hold(burst &b, const smmuv3_result &res);
    void wait_answer(uint32_t stall);
    void access(burst &b, const smmuv3_result &res, unsigned length,
                unsigned width, unsigned token);
    void answer(burst &b, smmuv3_result &res);
    void record(const burst &b, uint64_t iova, unsigned length,
                uint64_t time_in, const smmuv3_result &res);

    // smmuv3_module.cpp
    void spawn_processes();
    void regs_transport(payload &p, sc_core::sc_time &delay);
    unsigned regs_debug(payload &p);
    bool regs_dmi(payload &p, tlm::tlm_dmi &dmi);
    bool regs_access(payload &p);

    // The core serves one process at a time: smmuv3_bus.cpp
    bool enter(sc_core::sc_time &delay);
    void leave();
    void call_out();
    bool bus_wait(payload &p, uint64_t *latency_ps);
    enum iovp_bus_status bus_access(tlm::tlm_command cmd,
                                    const struct iovp_bus_attrs *a,
                                    uint64_t addr, void *buf, uint32_t len,
                                    uint64_t *latency_ps);
    void raise(enum iovp_irq_line line);
    void pulse(unsigned line);
    void work();
    void work_batch(bool *more);
    friend struct smmuv3_bus;

    uint64_t ps(const sc_core::sc_time &t) const
    {
        return unit_.ps(t);
    }
    sc_core::sc_time time_of(uint64_t ps) const
    {
        return unit_.time_of(ps);
    }

    struct smmuv3 *core_ = nullptr;
    payload_pool pool_;
    bool timed_ = true;
    time_unit unit_;

    bool busy_ = false;        // a process is in the core
    bool owner_known_ = false; // it may have been suspended: this is it
    sc_core::sc_process_handle owner_;
    bool waiting_ = false; // somebody, for free_
    sc_core::sc_event free_;
    std::exception_ptr unwinding_; // what the process in the core is to throw
    sc_core::sc_time local_;       // the core's effective time while busy

    // For processes whose transaction is stalled; made when needed.
    std::unique_ptr<sc_core::sc_event> answered_[SMMUV3_STALLS];

    sc_core::sc_event wake_;
    bool woken_ = false;

    struct irq_line {
        sc_core::sc_event event;
        sc_core::sc_time until; // end of the pulse
        bool pending = false;
        bool high = false;
    };
    irq_line lines_[IOVP_IRQ_LINES];
    sc_core::sc_time irq_width_;
};

} // namespace iovp

#endif

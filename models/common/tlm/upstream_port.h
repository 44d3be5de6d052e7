// SPDX-License-Identifier: MIT
// A target socket that serves b_transport and nb_transport alike by calling
// one blocking function, with the same completion times.
#ifndef IOVP_UPSTREAM_PORT_H
#define IOVP_UPSTREAM_PORT_H

#ifndef SC_INCLUDE_DYNAMIC_PROCESSES
#define SC_INCLUDE_DYNAMIC_PROCESSES
#endif
#include <vector>

#include <systemc>
#include <tlm>

#include "attrs_extension.h"
#include "timed_queue.h"

namespace iovp
{

class upstream_port;

// What stands behind a port.
class transaction_sink
{
  public:
    // As b_transport: sets the response, may wait, runs in a thread process.
    virtual void transact(upstream_port &port, tlm::tlm_generic_payload &p,
                          sc_core::sc_time &delay) = 0;
    // As transport_dbg: returns the bytes done, never waits.
    virtual unsigned debug(upstream_port &port,
                           tlm::tlm_generic_payload &p) = 0;

  protected:
    ~transaction_sink() = default;
};

// Non-blocking side: a request is accepted with END_REQ as long as fewer than
// `slots` of this port are under way; a further one waits for its END_REQ.
// BEGIN_RESP is sent at the completion time, one at a time, in the order of
// completion; the initiator may end it by phase or by return value.  Requests
// whose addresses overlap are served in order.  If the sink waits, others are
// served meanwhile by further threads, made on demand, at most `slots`.
class upstream_port : public tlm::tlm_target_socket<>,
                      private tlm::tlm_fw_transport_if<>
{
  public:
    upstream_port(const char *name, transaction_sink &sink, unsigned index,
                  unsigned slots = 64);

    const char *kind() const override
    {
        return "iovp::upstream_port";
    }

    const unsigned index;
    iovp_attrs defaults;         // of attributes that a payload leaves open
    uint16_t initiator = 0xffff; // in trace records, 0xffff: none
    bool may_stall = true;       // its transactions may be held

  private:
    using payload = tlm::tlm_generic_payload;
    struct window {
        payload *owner;
        uint64_t first, last;
    };

    void b_transport(payload &p, sc_core::sc_time &delay) override;
    tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &t) override;
    unsigned transport_dbg(payload &p) override;
    bool get_direct_mem_ptr(payload &p, tlm::tlm_dmi &dmi) override;

    tlm::tlm_sync_enum begin_request(payload &p, tlm::tlm_phase &phase,
                                     sc_core::sc_time &t);
    void end_response(const sc_core::sc_time &free_at);
    void start_processes();
    void dispatch();
    void serve();
    static window window_of(payload &p);
    bool overlaps(const window &w, size_t n) const;
    payload *next_request();
    void respond();
    bool send_end_request();
    bool send_response();

    transaction_sink &sink_;
    const unsigned slots_;
    unsigned used_ = 0;    // requests that were accepted and not yet ended
    unsigned workers_ = 0; // threads, of which idle_ have nothing to do
    unsigned idle_ = 0;
    bool started_ = false;

    timed_queue requests_;
    timed_queue responses_;
    std::vector<window> active_;  // in the sink now
    std::vector<window> blocked_; // due, but each overlaps an earlier one
    payload *stalled_ = nullptr;  // its BEGIN_REQ has no END_REQ yet
    sc_core::sc_time stalled_at_;
    payload *response_ = nullptr; // its BEGIN_RESP has no END_RESP yet
    sc_core::sc_time response_free_at_;
    sc_core::sc_event work_, again_, retry_;
};

} // namespace iovp

#endif

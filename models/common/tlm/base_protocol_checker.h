// SPDX-License-Identifier: MIT
// A pass-through module that checks the rules of the TLM-2.0 base protocol on
// one hop, in both directions.  It changes nothing and takes no time.
//
//   initiator.bind(checker.target); checker.initiator.bind(target);
//
// Rules that depend on a component further away (such as ordering) are not
// checked.  Names of rules are those of enum bp_rule.
#ifndef IOVP_BASE_PROTOCOL_CHECKER_H
#define IOVP_BASE_PROTOCOL_CHECKER_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>

namespace iovp
{

enum bp_rule {
    BP_STATUS_ON_ENTRY,    // request whose status is not INCOMPLETE
    BP_HINT_ON_ENTRY,      // request whose DMI hint is set
    BP_DATA_LENGTH,        // read or write of no bytes
    BP_DATA_POINTER,       // read or write without a data array
    BP_STREAMING_WIDTH,    // streaming width of zero
    BP_BYTE_ENABLE,        // array without length, element not 0x00 or 0xff
    BP_OPTION,             // generic payload option used in transport
    BP_RESPONSE_STATUS,    // response whose status is still INCOMPLETE
    BP_MODIFIED,           // command, data pointer, ... changed by the target
    BP_ADDRESS,            // address changed by a target
    BP_WRITE_DATA,         // target wrote to the data array of a write
    BP_DISABLED_BYTE,      // target wrote to a disabled byte of a read
    BP_TIME,               // effective local time went back, or delay is absurd
    BP_REENTRY,            // payload is already under way on this hop
    BP_NO_MM,              // non-blocking payload without memory manager
    BP_PHASE,              // phase out of sequence, or in the wrong direction
    BP_REQUEST_EXCLUSION,  // BEGIN_REQ before the last request ended
    BP_RESPONSE_EXCLUSION, // response before the last response ended
    BP_ACCEPTED,           // TLM_ACCEPTED, but something was modified
    BP_NESTED,             // nb_transport called back from inside the other
    BP_WAIT,               // nb_transport, DMI or debug call that waited
    BP_DEBUG_COUNT,        // transport_dbg did more bytes than asked for
    BP_DMI,       // descriptor does not cover the address, is NONE, ...
    BP_REFERENCE, // nobody holds a reference to a payload under way
    BP_RULES
};

const char *bp_rule_name(bp_rule rule); // "BP_TIME"

class base_protocol_checker : public sc_core::sc_module,
                              private tlm::tlm_fw_transport_if<>,
                              private tlm::tlm_bw_transport_if<>
{
  public:
    explicit base_protocol_checker(sc_core::sc_module_name name);

    tlm::tlm_target_socket<> target;
    tlm::tlm_initiator_socket<> initiator;

    // What follows may change the address on its way: it is an interconnect,
    // not a target.
    void set_interconnect(bool on)
    {
        interconnect_ = on;
    }

    // Called for each violation; without it SC_REPORT_ERROR is.
    std::function<void(bp_rule rule, const std::string &text)> on_violation;

    uint64_t violations() const
    {
        return violations_;
    }
    uint64_t violations(bp_rule rule) const
    {
        return count_[rule];
    }
    // Calls and phases seen: a check that nothing passed by is worth nothing.
    uint64_t seen() const
    {
        return seen_;
    }
    // Non-blocking payloads that are under way now; 0 when all is quiet.
    size_t under_way() const
    {
        return hops_.size();
    }

  private:
    using payload = tlm::tlm_generic_payload;

    // A payload as it was, to see what a callee changed.
    struct snapshot {
        explicit snapshot(const payload &p);

        tlm::tlm_command command;
        uint64_t address;
        unsigned char *data, *enables;
        unsigned length, enable_length, width;
        tlm::tlm_response_status status;
        bool dmi;
        std::vector<unsigned char> bytes; // b_transport: data array before
    };

    enum stage { REQUEST, ACCEPTED, RESPONSE };
    struct hop {
        snapshot before;
        stage at;
        sc_core::sc_time last; // effective time of the last phase
    };

    void b_transport(payload &p, sc_core::sc_time &t) override;
    tlm::tlm_sync_enum nb_transport_fw(payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &t) override;
    tlm::tlm_sync_enum nb_transport_bw(payload &p, tlm::tlm_phase &phase,
                                       sc_core::sc_time &t) override;
    unsigned transport_dbg(payload &p) override;
    bool get_direct_mem_ptr(payload &p, tlm::tlm_dmi &dmi) override;
    void invalidate_direct_mem_ptr(sc_dt::uint64 start,
                                   sc_dt::uint64 end) override;

    void check_request(const payload &p);
    void check_data_attributes(const payload &p);
    void check_response(const payload &p, const snapshot &before);
    void check_unmodified(const payload &p, const snapshot &before);
    void check_data(const payload &p, const snapshot &before);
    void check_accepted(const payload &p, const snapshot &before,
                        bool phase_same, bool time_same);
    void check_delay(const sc_core::sc_time &t);
    void phase_forward(payload &p, const tlm::tlm_phase &phase,
                       const sc_core::sc_time &t);
    void phase_backward(payload &p, const tlm::tlm_phase &phase,
                        const sc_core::sc_time &t);
    void begin_request(payload &p, const sc_core::sc_time &t);
    void begin_response(payload &p, hop &h);
    void finish(payload &p);
    void completed(payload &p, bool by_initiator);
    void advance(hop &h, const sc_core::sc_time &t);
    void violate(bp_rule rule, const payload *p, const char *what);

    bool interconnect_ = false;
    uint64_t violations_ = 0, seen_ = 0;
    uint64_t count_[BP_RULES] = {};
    std::map<const payload *, unsigned> blocking_;
    std::map<const payload *, hop> hops_;
    const payload *request_ = nullptr;  // its request has not ended
    const payload *response_ = nullptr; // its response has not ended
    int forward_ = 0, backward_ = 0;    // calls on the stack
};

// Bind through a new checker; the caller owns it.
template <typename I, typename T>
base_protocol_checker *bind_checked(I &initiator, T &target, const char *name)
{
    base_protocol_checker *c = new base_protocol_checker(name);

    initiator.bind(c->target);
    c->initiator.bind(target);
    return c;
}

} // namespace iovp

#endif

// SPDX-License-Identifier: MIT
#include "base_protocol_checker.h"

#include <algorithm>
#include <sstream>

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

static const char *const rule_names[BP_RULES] = {
    "BP_STATUS_ON_ENTRY",
    "BP_HINT_ON_ENTRY",
    "BP_DATA_LENGTH",
    "BP_DATA_POINTER",
    "BP_STREAMING_WIDTH",
    "BP_BYTE_ENABLE",
    "BP_OPTION",
    "BP_RESPONSE_STATUS",
    "BP_MODIFIED",
    "BP_ADDRESS",
    "BP_WRITE_DATA",
    "BP_DISABLED_BYTE",
    "BP_TIME",
    "BP_REENTRY",
    "BP_NO_MM",
    "BP_PHASE",
    "BP_REQUEST_EXCLUSION",
    "BP_RESPONSE_EXCLUSION",
    "BP_ACCEPTED",
    "BP_NESTED",
    "BP_WAIT",
    "BP_DEBUG_COUNT",
    "BP_DMI",
    "BP_REFERENCE",
};

const char *bp_rule_name(bp_rule rule)
{
    return rule < BP_RULES ? rule_names[rule] : "BP_?";
}

base_protocol_checker::base_protocol_checker(sc_core::sc_module_name name)
    : sc_core::sc_module(name), target("target"), initiator("initiator")
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
    initiator.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
}

void base_protocol_checker::violate(bp_rule rule, const payload *p,
                                    const char *what)
{
    std::ostringstream text;

    violations_++;
    count_[rule]++;
    text << name() << ": " << bp_rule_name(rule) << ": " << what;
    if (p)
        text << " (command " << p->get_command() << ", address 0x" << std::hex
             << p->get_address() << std::dec << ", length "
             << p->get_data_length() << ", at " << sc_time_stamp() << ")";
    if (on_violation)
        on_violation(rule, text.str());
    else
        SC_REPORT_ERROR("/iovp/base_protocol", text.str().c_str());
}

// ---- attributes ----

base_protocol_checker::snapshot::snapshot(const payload &p)
    : command(p.get_command()), address(p.get_address()),
      data(p.get_data_ptr()), enables(p.get_byte_enable_ptr()),
      length(p.get_data_length()), enable_length(p.get_byte_enable_length()),
      width(p.get_streaming_width()), status(p.get_response_status()),
      dmi(p.is_dmi_allowed())
{
}

void base_protocol_checker::check_request(const payload &p)
{
    if (p.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE)
        violate(BP_STATUS_ON_ENTRY, &p, "response status is not INCOMPLETE");
    if (p.is_dmi_allowed())
        violate(BP_HINT_ON_ENTRY, &p, "DMI hint is set in a request");
    if (p.get_gp_option() != tlm::TLM_MIN_PAYLOAD)
        violate(BP_OPTION, &p, "option is not TLM_MIN_PAYLOAD");
    if (p.get_command() != tlm::TLM_IGNORE_COMMAND)
        check_data_attributes(p);
}

void base_protocol_checker::check_data_attributes(const payload &p)
{
    const unsigned char *be = p.get_byte_enable_ptr();
    unsigned n = p.get_byte_enable_length();

    if (!p.get_data_length())
        violate(BP_DATA_LENGTH, &p, "data length is zero");
    if (!p.get_data_ptr())
        violate(BP_DATA_POINTER, &p, "data pointer is null");
    if (!p.get_streaming_width())
        violate(BP_STREAMING_WIDTH, &p, "streaming width is zero");
    if (!be)
        return;
    if (!n)
        violate(BP_BYTE_ENABLE, &p, "byte enable length is zero");
    for (unsigned i = 0; i < n; i++) {
        if (be[i] != TLM_BYTE_ENABLED && be[i] != TLM_BYTE_DISABLED) {
            violate(BP_BYTE_ENABLE, &p, "element is neither 0x00 nor 0xff");
            return;
        }
    }
}

void base_protocol_checker::check_unmodified(const payload &p,
                                             const snapshot &s)
{
    if (p.get_command() != s.command || p.get_data_ptr() != s.data ||
        p.get_data_length() != s.length ||
        p.get_byte_enable_ptr() != s.enables ||
        p.get_byte_enable_length() != s.enable_length ||
        p.get_streaming_width() != s.width)
        violate(BP_MODIFIED, &p, "an attribute was modified");
    if (!interconnect_ && p.get_address() != s.address)
        violate(BP_ADDRESS, &p, "a target modified the address");
}

void base_protocol_checker::check_response(const payload &p,
                                           const snapshot &before)
{
    if (p.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE)
        violate(BP_RESPONSE_STATUS, &p, "response status is INCOMPLETE");
    check_unmodified(p, before);
}

// The data array belongs to the initiator, except for the enabled bytes of a
// read.
void base_protocol_checker::check_data(const payload &p, const snapshot &s)
{
    const unsigned char *now = p.get_data_ptr();

    if (s.bytes.empty() || p.get_data_length() != s.length)
        return;
    for (unsigned i = 0; i < s.length; i++) {
        if (now[i] == s.bytes[i])
            continue;
        if (p.is_write()) {
            violate(BP_WRITE_DATA, &p, "data of a write were modified");
            return;
        }
        if (s.enables && s.enable_length &&
            s.enables[i % s.enable_length] == TLM_BYTE_DISABLED) {
            violate(BP_DISABLED_BYTE, &p, "a disabled byte was modified");
            return;
        }
    }
}

// sc_time is unsigned: what was meant to be negative is in the upper half.
void base_protocol_checker::check_delay(const sc_time &t)
{
    if (t.value() >> 63)
        violate(BP_TIME, nullptr, "timing annotation is negative");
}

// ---- blocking transport ----

void base_protocol_checker::b_transport(payload &p, sc_time &t)
{
    snapshot before(p);
    sc_time entry = sc_time_stamp() + t;

    seen_++;
    check_request(p);
    check_delay(t);
    if (blocking_[&p]++ || hops_.count(&p))
        violate(BP_REENTRY, &p, "payload is already under way");
    if (before.data && (p.is_write() || before.enables))
        before.bytes.assign(before.data, before.data + before.length);

    auto ended = [&] {
        if (!--blocking_[&p])
            blocking_.erase(&p);
    };
    try {
        initiator->b_transport(p, t);
    } catch (...) { // its process was killed
        ended();
        throw;
    }
    ended();
    check_delay(t);
    if (sc_time_stamp() + t < entry)
        violate(BP_TIME, &p, "effective local time decreased");
    check_response(p, before);
    check_data(p, before);
}

// ---- debug transport and direct memory ----

unsigned base_protocol_checker::transport_dbg(payload &p)
{
    snapshot before(p);
    uint64_t delta = sc_core::sc_delta_count();
    unsigned done;

    seen_++;
    done = initiator->transport_dbg(p);
    if (delta != sc_core::sc_delta_count())
        violate(BP_WAIT, &p, "transport_dbg waited");
    if (done > before.length)
        violate(BP_DEBUG_COUNT, &p, "more bytes than asked for");
    check_unmodified(p, before);
    return done;
}

bool base_protocol_checker::get_direct_mem_ptr(payload &p, tlm::tlm_dmi &dmi)
{
    uint64_t address = p.get_address();
    uint64_t delta = sc_core::sc_delta_count();
    bool granted = initiator->get_direct_mem_ptr(p, dmi);

    seen_++;
    if (delta != sc_core::sc_delta_count())
        violate(BP_WAIT, &p, "get_direct_mem_ptr waited");
    if (dmi.get_start_address() > dmi.get_end_address())
        violate(BP_DMI, &p, "start of the region is after its end");
    else if (address < dmi.get_start_address() ||
             address > dmi.get_end_address())
        violate(BP_DMI, &p, "region does not contain the address");
    if (dmi.is_none_allowed())
        violate(BP_DMI, &p, "access type is NONE");
    if (granted && !dmi.get_dmi_ptr())
        violate(BP_DMI, &p, "granted without a pointer");
    return granted;
}

void base_protocol_checker::invalidate_direct_mem_ptr(sc_dt::uint64 start,
                                                      sc_dt::uint64 end)
{
    uint64_t delta = sc_core::sc_delta_count();

    seen_++;
    if (start > end)
        violate(BP_DMI, nullptr, "invalidation starts after its end");
    target->invalidate_direct_mem_ptr(start, end);
    if (delta != sc_core::sc_delta_count())
        violate(BP_WAIT, nullptr, "invalidate_direct_mem_ptr waited");
}

// ---- non-blocking transport ----

void base_protocol_checker::check_accepted(const payload &p,
                                           const snapshot &before,
                                           bool phase_same, bool time_same)
{
    if (!phase_same || !time_same || p.get_response_status() != before.status ||
        p.is_dmi_allowed() != before.dmi)
        violate(BP_ACCEPTED, &p, "ACCEPTED, but something was modified");
}

tlm::tlm_sync_enum base_protocol_checker::nb_transport_fw(payload &p,
                                                          tlm::tlm_phase &phase,
                                                          sc_time &t)
{
    snapshot before(p);
    tlm::tlm_phase phase_in = phase;
    sc_time t_in = t, entry = sc_time_stamp() + t;
    uint64_t delta = sc_core::sc_delta_count();
    tlm::tlm_sync_enum sync;

    seen_++;
    if (backward_)
        violate(BP_NESTED, &p, "forward call from inside a backward call");
    check_delay(t);
    phase_forward(p, phase, t);
    forward_++;
    sync = initiator->nb_transport_fw(p, phase, t);
    forward_--;
    if (delta != sc_core::sc_delta_count())
        violate(BP_WAIT, &p, "nb_transport_fw waited");
    if (sc_time_stamp() + t < entry)
        violate(BP_TIME, &p, "effective time decreased");
    if (sync == tlm::TLM_ACCEPTED)
        check_accepted(p, before, phase == phase_in, t == t_in);
    else if (sync == tlm::TLM_UPDATED)
        phase_backward(p, phase, t);
    else
        completed(p, false);
    return sync;
}

tlm::tlm_sync_enum base_protocol_checker::nb_transport_bw(payload &p,
                                                          tlm::tlm_phase &phase,
                                                          sc_time &t)
{
    snapshot before(p);
    tlm::tlm_phase phase_in = phase;
    sc_time t_in = t, entry = sc_time_stamp() + t;
    uint64_t delta = sc_core::sc_delta_count();
    tlm::tlm_sync_enum sync;

    seen_++;
    if (forward_)
        violate(BP_NESTED, &p, "backward call from inside a forward call");
    check_delay(t);
    phase_backward(p, phase, t);
    backward_++;
    sync = target->nb_transport_bw(p, phase, t);
    backward_--;
    if (delta != sc_core::sc_delta_count())
        violate(BP_WAIT, &p, "nb_transport_bw waited");
    if (sc_time_stamp() + t < entry)
        violate(BP_TIME, &p, "effective time decreased");
    if (sync == tlm::TLM_ACCEPTED)
        check_accepted(p, before, phase == phase_in, t == t_in);
    else if (sync == tlm::TLM_UPDATED)
        phase_forward(p, phase, t);
    else
        completed(p, true);
    return sync;
}

// Phase times of one transaction may not go back.
void base_protocol_checker::advance(hop &h, const sc_time &t)
{
    sc_time effective = sc_time_stamp() + t;

    if (effective < h.last)
        violate(BP_TIME, nullptr, "a phase is before the one it follows");
    h.last = effective;
}

void base_protocol_checker::begin_request(payload &p, const sc_time &t)
{
    check_request(p);
    if (!p.has_mm())
        violate(BP_NO_MM, &p, "payload has no memory manager");
    else if (p.get_ref_count() < 1)
        violate(BP_REFERENCE, &p, "reference count is zero");
    if (hops_.count(&p) || blocking_.count(&p)) {
        violate(BP_REENTRY, &p, "payload is already under way");
        return;
    }
    if (request_)
        violate(BP_REQUEST_EXCLUSION, &p, "the last request has not ended");
    request_ = &p;
    hops_.emplace(&p, hop{snapshot(p), REQUEST, sc_time_stamp() + t});
}

void base_protocol_checker::phase_forward(payload &p,
                                          const tlm::tlm_phase &phase,
                                          const sc_time &t)
{
    auto it = hops_.find(&p);

    if (phase == tlm::BEGIN_REQ) {
        begin_request(p, t);
    } else if (phase == tlm::END_RESP) {
        if (it == hops_.end() || it->second.at != RESPONSE) {
            violate(BP_PHASE, &p, "END_RESP without BEGIN_RESP");
            return;
        }
        advance(it->second, t);
        finish(p);
    } else if (phase <= tlm::END_RESP) {
        violate(BP_PHASE, &p, "phase does not travel forward");
    }
}

void base_protocol_checker::phase_backward(payload &p,
                                           const tlm::tlm_phase &phase,
                                           const sc_time &t)
{
    auto it = hops_.find(&p);

    if (phase > tlm::END_RESP)
        return; // an ignorable phase
    if (phase != tlm::END_REQ && phase != tlm::BEGIN_RESP) {
        violate(BP_PHASE, &p, "phase does not travel backward");
        return;
    }
    if (it == hops_.end()) {
        violate(BP_PHASE, &p, "phase of a payload that is not under way");
        return;
    }
    advance(it->second, t);
    if (phase == tlm::BEGIN_RESP) {
        begin_response(p, it->second);
    } else if (it->second.at != REQUEST) {
        violate(BP_PHASE, &p, "END_REQ of a request that has ended");
    } else {
        it->second.at = ACCEPTED;
        request_ = nullptr;
    }
}

// BEGIN_RESP implies END_REQ.
void base_protocol_checker::begin_response(payload &p, hop &h)
{
    if (h.at == RESPONSE) {
        violate(BP_PHASE, &p, "second BEGIN_RESP");
        return;
    }
    if (response_)
        violate(BP_RESPONSE_EXCLUSION, &p, "the last response has not ended");
    check_response(p, h.before);
    if (request_ == &p)
        request_ = nullptr;
    response_ = &p;
    h.at = RESPONSE;
}

void base_protocol_checker::finish(payload &p)
{
    if (request_ == &p)
        request_ = nullptr;
    if (response_ == &p)
        response_ = nullptr;
    hops_.erase(&p);
}

// COMPLETED stands for all the phases that are left.
void base_protocol_checker::completed(payload &p, bool by_initiator)
{
    auto it = hops_.find(&p);

    if (it == hops_.end())
        return; // COMPLETED in answer to END_RESP
    if (it->second.at != RESPONSE) {
        if (by_initiator)
            violate(BP_PHASE, &p,
                    "COMPLETED by the initiator before the "
                    "response");
        if (response_)
            violate(BP_RESPONSE_EXCLUSION, &p,
                    "COMPLETED while another response has not ended");
        check_response(p, it->second.before);
    }
    finish(p);
}

} // namespace iovp

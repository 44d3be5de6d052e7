// SPDX-License-Identifier: MIT
// One hop with a protocol checker on it; both ends do what a test tells them.
#ifndef IOVP_TESTS_TLM_CHECKER_BENCH_H
#define IOVP_TESTS_TLM_CHECKER_BENCH_H

#define SC_INCLUDE_DYNAMIC_PROCESSES
#include <cstring>
#include <functional>

#include "../../models/common/tlm/base_protocol_checker.h"
#include "../../models/common/tlm/payload_pool.h"
#include "shim.h"

namespace checker_bench
{

using namespace iovp;
using sc_core::sc_time;
using payload = tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

// Both ends of the hop; what they do is up to the test.
struct ends : sc_core::sc_module,
              tlm::tlm_fw_transport_if<>,
              tlm::tlm_bw_transport_if<> {
    explicit ends(sc_core::sc_module_name name)
        : sc_core::sc_module(name), from("from"), to("to"), checker("checker")
    {
        from.bind(static_cast<tlm::tlm_bw_transport_if<> &>(*this));
        to.bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
        from.bind(checker.target);
        checker.initiator.bind(to);
        checker.on_violation = [this](bp_rule rule, const std::string &) {
            last = rule;
        };
        sc_core::sc_spawn([this] { run(); }, "script");
    }

    void b_transport(payload &p, sc_time &t) override
    {
        p.set_response_status(tlm::TLM_OK_RESPONSE);
        if (on_b)
            on_b(p, t);
    }
    tlm_sync_enum nb_transport_fw(payload &p, tlm_phase &ph,
                                  sc_time &t) override
    {
        return on_fw ? on_fw(p, ph, t) : tlm::TLM_ACCEPTED;
    }
    tlm_sync_enum nb_transport_bw(payload &p, tlm_phase &ph,
                                  sc_time &t) override
    {
        return on_bw ? on_bw(p, ph, t) : tlm::TLM_ACCEPTED;
    }
    unsigned transport_dbg(payload &p) override
    {
        return on_dbg ? on_dbg(p) : p.get_data_length();
    }
    bool get_direct_mem_ptr(payload &p, tlm::tlm_dmi &d) override
    {
        return on_dmi(p, d);
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }

    // Calls, as an initiator or a target makes them.
    void b(payload &p, sc_time t = sc_time())
    {
        from->b_transport(p, t);
    }
    tlm_sync_enum fw(payload &p, tlm_phase ph, sc_time t = sc_time())
    {
        return from->nb_transport_fw(p, ph, t);
    }
    tlm_sync_enum bw(payload &p, tlm_phase ph, sc_time t = sc_time())
    {
        return to->nb_transport_bw(p, ph, t);
    }

    void run()
    {
        for (;;) {
            while (!script)
                sc_core::wait(go);
            script();
            script = nullptr;
        }
    }

    tlm::tlm_initiator_socket<> from;
    tlm::tlm_target_socket<> to;
    base_protocol_checker checker;
    bp_rule last = BP_RULES;
    std::function<void(payload &, sc_time &)> on_b;
    std::function<tlm_sync_enum(payload &, tlm_phase &, sc_time &)> on_fw,
        on_bw;
    std::function<unsigned(payload &)> on_dbg;
    std::function<bool(payload &, tlm::tlm_dmi &)> on_dmi;
    std::function<void()> script;
    sc_core::sc_event go;
};

inline ends &the()
{
    static ends *e = new ends("e");

    return *e;
}

inline payload_pool pool;
inline unsigned char data[16];

inline void setup(payload &p, tlm::tlm_command cmd = tlm::TLM_READ_COMMAND)
{
    p.set_command(cmd);
    p.set_address(0x1000);
    p.set_data_ptr(data);
    p.set_data_length(16);
    p.set_streaming_width(16);
    p.set_byte_enable_ptr(nullptr);
    p.set_byte_enable_length(0);
    p.set_dmi_allowed(false);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

// A non-blocking payload; the first reference is the test's.
inline payload &nb()
{
    payload &p = pool.take();

    setup(p);
    return p;
}

// Run a script and expect `rule` once and nothing else; BP_RULES: nothing.
inline void expect(bp_rule rule, std::function<void(ends &)> script)
{
    ends &e = the();
    uint64_t before = e.checker.violations();
    uint64_t of_rule = rule < BP_RULES ? e.checker.violations(rule) : 0;

    e.on_b = nullptr;
    e.on_fw = e.on_bw = nullptr;
    e.on_dbg = nullptr;
    e.on_dmi = nullptr;
    e.last = BP_RULES;
    e.script = [&e, script] { script(e); };
    e.go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    CHECK(!e.script);
    CHECK_STR(bp_rule_name(e.last), bp_rule_name(rule));
    if (rule == BP_RULES) {
        CHECK_EQ(e.checker.violations(), before);
    } else {
        CHECK_EQ(e.checker.violations(), before + 1);
        CHECK_EQ(e.checker.violations(rule), of_rule + 1);
    }
    CHECK_EQ(e.checker.under_way(), 0);
}

} // namespace checker_bench

// A program that links libsystemc needs one; the tests have a main.
__attribute__((weak)) int sc_main(int, char **)
{
    return 0;
}

#endif

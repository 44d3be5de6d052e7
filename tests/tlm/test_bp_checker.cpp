// SPDX-License-Identifier: MIT
// The protocol checker sees what it should see: each test breaks one rule, on
// purpose, and expects that rule and no other to be reported.
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include <cstring>
#include <functional>

#include "../../models/common/tlm/base_protocol_checker.h"
#include "../../models/common/tlm/payload_pool.h"
#include "shim.h"

using namespace iovp;
using sc_core::sc_time;
using payload = tlm::tlm_generic_payload;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

__attribute__((weak)) int sc_main(int, char **)
{
    return 0;
}

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

static ends &the()
{
    static ends *e = new ends("e");

    return *e;
}

static payload_pool pool;
static unsigned char data[16];

static void setup(payload &p, tlm::tlm_command cmd = tlm::TLM_READ_COMMAND)
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
static payload &nb()
{
    payload &p = pool.take();

    setup(p);
    return p;
}

// Run a script and expect `rule` once and nothing else; BP_RULES: nothing.
static void expect(bp_rule rule, std::function<void(ends &)> script)
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

static void expect_b(bp_rule rule, std::function<void(payload &)> spoil,
                     std::function<void(payload &, sc_time &)> target = nullptr)
{
    expect(rule, [&](ends &e) {
        payload p;

        setup(p);
        spoil(p);
        e.on_b = target;
        e.b(p);
    });
}

static void nothing(payload &)
{
}

// ---- blocking transport ----

TEST_CASE(Checker, GoodTransportIsQuiet)
{
    static unsigned char be[2] = {0xff, 0};

    expect_b(BP_RULES, nothing, [](payload &p, sc_time &t) {
        p.get_data_ptr()[0]++;
        p.set_dmi_allowed(true);
        t += sc_time(1, sc_core::SC_NS);
    });
    expect_b(BP_RULES, [](payload &p) {
        p.set_byte_enable_ptr(be);
        p.set_byte_enable_length(2);
    }, [](payload &p, sc_time &t) {
        p.get_data_ptr()[2]++;
        sc_core::wait(1, sc_core::SC_NS);
        t = sc_core::SC_ZERO_TIME;
    });
    expect_b(BP_RULES, [](payload &p) {
        p.set_command(tlm::TLM_IGNORE_COMMAND);
        p.set_data_ptr(nullptr);
        p.set_data_length(0);
    });
}

TEST_CASE(Checker, StatusOnEntry)
{
    expect_b(BP_STATUS_ON_ENTRY, [](payload &p) {
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    });
}

TEST_CASE(Checker, HintOnEntry)
{
    expect_b(BP_HINT_ON_ENTRY, [](payload &p) { p.set_dmi_allowed(true); });
}

TEST_CASE(Checker, DataLength)
{
    expect_b(BP_DATA_LENGTH, [](payload &p) { p.set_data_length(0); });
}

TEST_CASE(Checker, DataPointer)
{
    expect_b(BP_DATA_POINTER, [](payload &p) { p.set_data_ptr(nullptr); });
}

TEST_CASE(Checker, StreamingWidth)
{
    expect_b(BP_STREAMING_WIDTH, [](payload &p) { p.set_streaming_width(0); });
}

TEST_CASE(Checker, ByteEnables)
{
    static unsigned char be[2] = {0xff, 0x0f};

    expect_b(BP_BYTE_ENABLE, [](payload &p) { p.set_byte_enable_ptr(be); });
    expect_b(BP_BYTE_ENABLE, [](payload &p) {
        p.set_byte_enable_ptr(be);
        p.set_byte_enable_length(2);
    });
}

TEST_CASE(Checker, Option)
{
    expect_b(BP_OPTION,
             [](payload &p) { p.set_gp_option(tlm::TLM_FULL_PAYLOAD); });
}

TEST_CASE(Checker, ResponseStatus)
{
    expect_b(BP_RESPONSE_STATUS, nothing, [](payload &p, sc_time &) {
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    });
}

TEST_CASE(Checker, ModifiedAttribute)
{
    static unsigned char be[1] = {0xff};

    expect_b(BP_MODIFIED, nothing,
             [](payload &p, sc_time &) { p.set_data_length(8); });
    expect_b(BP_MODIFIED, nothing,
             [](payload &p, sc_time &) { p.set_streaming_width(8); });
    expect_b(BP_MODIFIED, nothing,
             [](payload &p, sc_time &) { p.set_data_ptr(data + 1); });
    expect_b(BP_MODIFIED, nothing,
             [](payload &p, sc_time &) { p.set_byte_enable_ptr(be); });
    expect_b(BP_MODIFIED, nothing, [](payload &p, sc_time &) {
        p.set_command(tlm::TLM_WRITE_COMMAND);
    });
}

TEST_CASE(Checker, AddressModifiedByATarget)
{
    auto target = [](payload &p, sc_time &) { p.set_address(0); };

    expect_b(BP_ADDRESS, nothing, target);
    the().checker.set_interconnect(true);
    expect_b(BP_RULES, nothing, target);
    the().checker.set_interconnect(false);
}

TEST_CASE(Checker, WriteDataModified)
{
    expect_b(BP_WRITE_DATA,
             [](payload &p) { p.set_command(tlm::TLM_WRITE_COMMAND); },
             [](payload &p, sc_time &) { p.get_data_ptr()[5]++; });
}

TEST_CASE(Checker, DisabledByteModified)
{
    static unsigned char be[2] = {0xff, 0};

    expect_b(BP_DISABLED_BYTE, [](payload &p) {
        p.set_byte_enable_ptr(be);
        p.set_byte_enable_length(2);
    }, [](payload &p, sc_time &) { p.get_data_ptr()[3]++; });
}

TEST_CASE(Checker, LocalTimeDecreases)
{
    expect(BP_TIME, [](ends &e) {
        payload p;

        setup(p);
        e.on_b = [](payload &, sc_time &t) { t = sc_core::SC_ZERO_TIME; };
        e.b(p, sc_time(5, sc_core::SC_NS));
    });
}

TEST_CASE(Checker, NegativeDelay)
{
    expect(BP_TIME, [](ends &e) {
        payload p;

        setup(p);
        e.on_b = [](payload &, sc_time &t) { t = sc_core::SC_ZERO_TIME; };
        // Half a nanosecond ago, by wrap-around.
        sc_core::wait(1, sc_core::SC_NS);
        e.b(p, sc_time::from_value(0ull - 500));
    });
}

TEST_CASE(Checker, Reentry)
{
    expect(BP_REENTRY, [](ends &e) {
        bool inner = false;
        payload p;

        setup(p);
        e.on_b = [&](payload &q, sc_time &) {
            if (inner)
                return;
            inner = true;
            q.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
            e.b(q);
        };
        e.b(p);
    });
}

// ---- debug and direct memory ----

TEST_CASE(Checker, DebugCount)
{
    expect(BP_DEBUG_COUNT, [](ends &e) {
        payload p;

        setup(p);
        e.on_dbg = [](payload &) { return 17u; };
        e.from->transport_dbg(p);
    });
}

TEST_CASE(Checker, DebugWaits)
{
    expect(BP_WAIT, [](ends &e) {
        payload p;

        setup(p);
        e.on_dbg = [](payload &) {
            sc_core::wait(sc_core::SC_ZERO_TIME);
            return 1u;
        };
        e.from->transport_dbg(p);
    });
}

static void expect_dmi(bp_rule rule, uint64_t start, uint64_t end,
                       bool none, bool granted, bool pointer)
{
    expect(rule, [=](ends &e) {
        payload p;
        tlm::tlm_dmi dmi;

        setup(p);
        e.on_dmi = [=](payload &, tlm::tlm_dmi &d) {
            d.set_start_address(start);
            d.set_end_address(end);
            if (!none)
                d.allow_read_write();
            if (pointer)
                d.set_dmi_ptr(data);
            return granted;
        };
        e.from->get_direct_mem_ptr(p, dmi);
    });
}

TEST_CASE(Checker, DirectMemory)
{
    expect_dmi(BP_RULES, 0x1000, 0x1fff, false, true, true);
    expect_dmi(BP_RULES, 0x1000, 0x1fff, false, false, false);
    expect_dmi(BP_DMI, 0x1001, 0x1fff, false, true, true);
    expect_dmi(BP_DMI, 0, 0xfff, false, false, false);
    expect_dmi(BP_DMI, 0x2000, 0x1fff, false, true, true);
    expect_dmi(BP_DMI, 0x1000, 0x1fff, true, false, false);
    expect_dmi(BP_DMI, 0x1000, 0x1fff, false, true, false);
}

TEST_CASE(Checker, InvalidationRange)
{
    expect(BP_RULES, [](ends &e) { e.to->invalidate_direct_mem_ptr(0, 1); });
    expect(BP_DMI, [](ends &e) { e.to->invalidate_direct_mem_ptr(1, 0); });
}

// ---- non-blocking transport ----

static void respond(payload &p)
{
    p.set_response_status(tlm::TLM_OK_RESPONSE);
}

TEST_CASE(Checker, FourPhasesAreQuiet)
{
    expect(BP_RULES, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::END_REQ);
        e.fw(q, tlm::BEGIN_REQ); // the next one, while p is under way
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        respond(q);
        e.bw(q, tlm::BEGIN_RESP); // implies END_REQ
        e.fw(q, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, ReturnPathIsQuiet)
{
    expect(BP_RULES, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &, tlm_phase &ph, sc_time &) {
            ph = tlm::END_REQ;
            return tlm::TLM_UPDATED;
        };
        e.on_bw = [](payload &, tlm_phase &ph, sc_time &) {
            ph = tlm::END_RESP;
            return tlm::TLM_UPDATED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        p.release();
    });
    expect(BP_RULES, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, NoMemoryManager)
{
    expect(BP_NO_MM, [](ends &e) {
        payload p;

        setup(p);
        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
    });
}

TEST_CASE(Checker, RequestExclusion)
{
    expect(BP_REQUEST_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.fw(q, tlm::BEGIN_REQ);
        for (payload *r : {&p, &q}) {
            respond(*r);
            e.bw(*r, tlm::BEGIN_RESP);
            e.fw(*r, tlm::END_RESP);
            r->release();
        }
    });
}

TEST_CASE(Checker, ResponseExclusion)
{
    expect(BP_RESPONSE_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        for (payload *r : {&p, &q}) {
            e.fw(*r, tlm::BEGIN_REQ);
            e.bw(*r, tlm::END_REQ);
            respond(*r);
        }
        e.bw(p, tlm::BEGIN_RESP);
        e.bw(q, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        e.fw(q, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, EarlyCompletionDuringAResponse)
{
    expect(BP_RESPONSE_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.on_fw = [&q](payload &r, tlm_phase &, sc_time &) {
            if (&r != &q)
                return tlm::TLM_ACCEPTED;
            respond(r);
            return tlm::TLM_COMPLETED;
        };
        e.fw(q, tlm::BEGIN_REQ);
        e.fw(p, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, PhasesOutOfSequence)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.bw(p, tlm::END_REQ); // of nothing
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::END_REQ);
        e.bw(p, tlm::END_REQ); // twice
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.fw(p, tlm::END_RESP); // too early
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, PhaseInTheWrongDirection)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::END_REQ);
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.bw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, CompletedByTheInitiatorTooEarly)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.on_bw = [](payload &, tlm_phase &, sc_time &) {
            return tlm::TLM_COMPLETED;
        };
        e.bw(p, tlm::END_REQ);
        p.release();
    });
}

TEST_CASE(Checker, AcceptedButModified)
{
    expect(BP_ACCEPTED, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &, tlm_phase &ph, sc_time &) {
            if (ph == tlm::BEGIN_REQ)
                ph = tlm::END_REQ;
            return tlm::TLM_ACCEPTED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, Nested)
{
    expect(BP_NESTED, [](ends &e) {
        payload &p = nb();

        e.on_fw = [&e](payload &q, tlm_phase &ph, sc_time &) {
            if (ph == tlm::BEGIN_REQ)
                e.bw(q, tlm::END_REQ);
            return tlm::TLM_ACCEPTED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, NonBlockingCallWaits)
{
    expect(BP_WAIT, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            sc_core::wait(sc_core::SC_ZERO_TIME);
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, PhaseTimesGoBack)
{
    expect(BP_TIME, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ, sc_time(10, sc_core::SC_NS));
        e.bw(p, tlm::END_REQ, sc_time(5, sc_core::SC_NS));
        respond(p);
        e.bw(p, tlm::BEGIN_RESP, sc_time(10, sc_core::SC_NS));
        e.fw(p, tlm::END_RESP, sc_time(10, sc_core::SC_NS));
        p.release();
    });
}

TEST_CASE(Checker, ResponseWithoutStatus)
{
    expect(BP_RESPONSE_STATUS, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, NoReference)
{
    expect(BP_REFERENCE, [](ends &e) {
        struct : tlm::tlm_mm_interface {
            void free(payload *) override
            {
            }
        } mm;
        payload p(&mm);

        setup(p); // has a memory manager, but nobody acquired it
        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
    });
}

TEST_CASE(Checker, WithoutCallbackItReports)
{
    ends &e = the();
    bool caught = false;
    auto keep = e.checker.on_violation;
    uint64_t before = e.checker.violations();

    e.checker.on_violation = nullptr;
    e.script = [&] {
        payload p;

        setup(p);
        p.set_dmi_allowed(true);
        try {
            e.b(p);
        } catch (const sc_core::sc_report &r) {
            caught = std::strstr(r.get_msg(), "BP_HINT_ON_ENTRY") != nullptr;
        }
    };
    e.go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    e.checker.on_violation = keep;
    CHECK(caught);
    CHECK_EQ(e.checker.violations(), before + 1);
}

TEST_CASE(Checker, RulesHaveNames)
{
    for (int i = 0; i < BP_RULES; i++)
        CHECK(std::strncmp(bp_rule_name((bp_rule)i), "BP_", 3) == 0);
    CHECK_STR(bp_rule_name(BP_REFERENCE), "BP_REFERENCE");
    CHECK_STR(bp_rule_name(BP_RULES), "BP_?");
}

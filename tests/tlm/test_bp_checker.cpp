// SPDX-License-Identifier: MIT
// The protocol checker sees what it should see: each test breaks one rule, on
// purpose, and expects that rule and no other to be reported.  Blocking
// transport, debug and direct memory.
#include "checker_bench.h"

using namespace checker_bench;

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
    expect_b(
        BP_RULES,
        [](payload &p) {
            p.set_byte_enable_ptr(be);
            p.set_byte_enable_length(2);
        },
        [](payload &p, sc_time &t) {
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
    expect_b(BP_STATUS_ON_ENTRY,
             [](payload &p) { p.set_response_status(tlm::TLM_OK_RESPONSE); });
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
    expect_b(
        BP_WRITE_DATA,
        [](payload &p) { p.set_command(tlm::TLM_WRITE_COMMAND); },
        [](payload &p, sc_time &) { p.get_data_ptr()[5]++; });
}

TEST_CASE(Checker, DisabledByteModified)
{
    static unsigned char be[2] = {0xff, 0};

    expect_b(
        BP_DISABLED_BYTE,
        [](payload &p) {
            p.set_byte_enable_ptr(be);
            p.set_byte_enable_length(2);
        },
        [](payload &p, sc_time &) { p.get_data_ptr()[3]++; });
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

static void expect_dmi(bp_rule rule, uint64_t start, uint64_t end, bool none,
                       bool granted, bool pointer)
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

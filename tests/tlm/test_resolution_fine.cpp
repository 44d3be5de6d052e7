// SPDX-License-Identifier: MIT
// A time resolution of 1 fs, which is finer than the core's picoseconds.
#include "bench.h"

using namespace bench;

TEST_CASE(Fine, SetResolution)
{
    sc_core::sc_set_time_resolution(1, sc_core::SC_FS);
    CHECK_EQ(sc_time(1, sc_core::SC_PS).value(), 1000);
}

// 2 cycles of 1 ns, from the picosecond in which the access enters; never
// before its entry.
SIM_TEST(Fine, HitTakesTheLookupTime)
{
    std::vector<iovp_trace_record> r;
    unsigned char data[8];
    sc_time t = sc_time::from_value(1700);

    b.read(PAGE_A, data, 8);
    sc_core::wait(1, sc_core::SC_US);
    b.smmu.on_trace = [&r](const iovp_trace_record &x) { r.push_back(x); };
    CHECK_EQ(b.read(PAGE_A, data, 8, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(t.value(), 2001000);
    REQUIRE(r.size() == 1);
    CHECK_EQ(r[0].time_out - r[0].time_in, 2000);
}

SIM_TEST(Fine, UntimedKeepsFractions)
{
    unsigned char data[8];
    sc_time t = sc_time::from_value(1700);

    b.smmu.set_timed(false);
    CHECK_EQ(b.read(PAGE_A, data, 8, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(t.value(), 1700);
}

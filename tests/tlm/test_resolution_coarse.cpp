// SPDX-License-Identifier: MIT
// A time resolution of 100 ps, which is coarser than the core's picoseconds;
// and what a bad configuration does.
#include "bench.h"

#include <stdexcept>

using namespace bench;

// First: modules cannot be made once the simulation runs.
TEST_CASE(Construction, BadConfigurationThrows)
{
    smmuv3_config c = config();
    bool thrown = false;

    sc_core::sc_set_time_resolution(100, sc_core::SC_PS);
    c.idr5 = 7; // no such OAS, no granule
    try {
        iovp::smmuv3_module m("bad", c);
    } catch (const std::invalid_argument &e) {
        thrown = std::strstr(e.what(), "IDR5") != nullptr;
    }
    CHECK(thrown);
}

// 2 cycles of 1 ns.
SIM_TEST(Coarse, HitTakesTheLookupTime)
{
    std::vector<iovp_trace_record> r;
    unsigned char data[8];
    sc_time t;

    CHECK_EQ(sc_time::from_value(1).to_seconds() * 1e12 + 0.5, 100);
    b.read(PAGE_A, data, 8);
    sc_core::wait(1, sc_core::SC_US);
    b.smmu.on_trace = [&r](const iovp_trace_record &x) { r.push_back(x); };
    CHECK_EQ(b.read(PAGE_A, data, 8, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(t.value(), 20);
    REQUIRE(r.size() == 1);
    CHECK_EQ(r[0].time_out - r[0].time_in, 2000);
    CHECK_EQ(r[0].time_in, 100 * sc_time_stamp().value());
}

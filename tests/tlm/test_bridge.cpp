// SPDX-License-Identifier: MIT
// The transaction bridge: splitting, byte enables, streaming, faults, DMI and
// debug, attributes and traces.
#include "bench.h"

using namespace bench;
using iovp::attrs_extension;
using iovp::fault_extension;

static void fill(unsigned char *p, unsigned n, unsigned seed)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = static_cast<unsigned char>(seed + 7 * i);
}

SIM_TEST(Bridge, OnePageIsOneChild)
{
    unsigned char out[64], in[64] = {};

    fill(out, 64, 3);
    CHECK_EQ(b.write(PAGE_A + 0x40, out, 64), tlm::TLM_OK_RESPONSE);
    CHECK_MEM(&b.mem.bytes[DATA + 0x40], out, 64);
    CHECK_EQ(b.read(PAGE_A + 0x40, in, 64), tlm::TLM_OK_RESPONSE);
    CHECK_MEM(in, out, 64);
    REQUIRE(b.mem.log.size() == 2);
    CHECK_EQ(b.mem.log[0].address, DATA + 0x40);
    CHECK_EQ(b.mem.log[0].length, 64);
    CHECK_EQ(b.mem.log[0].command, tlm::TLM_WRITE_COMMAND);
}

SIM_TEST(Bridge, BurstIsSplitAtThePage)
{
    unsigned char out[96], in[96] = {};

    fill(out, 96, 11);
    CHECK_EQ(b.write(PAGE_B - 32, out, 96), tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 2);
    CHECK_EQ(b.mem.log[0].address, DATA + 0xfe0);
    CHECK_EQ(b.mem.log[0].length, 32);
    CHECK_EQ(b.mem.log[0].width, 32);
    CHECK_EQ(b.mem.log[1].address, DATA + 0x5000);
    CHECK_EQ(b.mem.log[1].length, 64);
    CHECK_MEM(&b.mem.bytes[DATA + 0xfe0], out, 32);
    CHECK_MEM(&b.mem.bytes[DATA + 0x5000], out + 32, 64);
    CHECK_EQ(b.read(PAGE_B - 32, in, 96), tlm::TLM_OK_RESPONSE);
    CHECK_MEM(in, out, 96);
}

SIM_TEST(Bridge, BlockIsNotSplitAtItsPages)
{
    static unsigned char data[0x3000];

    CHECK_EQ(b.write(BLOCK_2M + 0x800, data, sizeof data),
             tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 1);
    CHECK_EQ(b.mem.log[0].address, BLOCK + 0x800);
    CHECK_EQ(b.mem.log[0].length, 0x3000);
}

// Write 24 bytes, 8 before the page boundary, under a byte enable array, and
// compare memory with what 14.13 says byte by byte.
static void check_enables(platform &b, const unsigned char *be, unsigned n)
{
    unsigned char out[24];
    payload p;

    fill(out, 24, 5);
    std::memset(&b.mem.bytes[DATA + 0xff8], 0xee, 8);
    std::memset(&b.mem.bytes[DATA + 0x5000], 0xee, 16);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_B - 8, out, 24);
    p.set_byte_enable_ptr(const_cast<unsigned char *>(be));
    p.set_byte_enable_length(n);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    for (unsigned i = 0; i < 24; i++) {
        uint64_t at = i < 8 ? DATA + 0xff8 + i : DATA + 0x5000 + (i - 8);

        CHECK_EQ(b.mem.bytes[at], be[i % n] ? out[i] : 0xee);
    }
    CHECK(p.get_byte_enable_ptr() == be);
}

SIM_TEST(Bridge, ByteEnablesFollowTheirBytes)
{
    // Periods that divide 8, do not divide it, and exceed the transaction.
    static const unsigned char be[32] = {
        0xff, 0,    0,    0xff, 0, 0xff, 0xff, 0xff, 0, 0,    0xff,
        0xff, 0,    0xff, 0,    0, 0xff, 0,    0xff, 0, 0xff, 0,
        0,    0xff, 0xff, 0xff, 0, 0,    0,    0xff, 0, 0xff};

    for (unsigned n = 1; n <= 32; n++)
        check_enables(b, be, n);
    CHECK_EQ(b.mem.log.size(), 64);
}

SIM_TEST(Bridge, DisabledBytesOfAReadStay)
{
    unsigned char be[3] = {0xff, 0, 0}, in[16];
    payload p;

    std::memset(in, 0x55, 16);
    fill(&b.mem.bytes[DATA + 0xff8], 8, 1);
    fill(&b.mem.bytes[DATA + 0x5000], 8, 57);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_B - 8, in, 16);
    p.set_byte_enable_ptr(be);
    p.set_byte_enable_length(3);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    for (unsigned i = 0; i < 16; i++)
        CHECK_EQ(in[i], i % 3 ? 0x55 : (unsigned char)(1 + 7 * i));
}

SIM_TEST(Bridge, StreamInOneGranuleIsOneChild)
{
    unsigned char out[24];
    payload p;

    fill(out, 24, 9);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_B - 8, out, 24);
    p.set_streaming_width(8);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 1);
    CHECK_EQ(b.mem.log[0].address, DATA + 0xff8);
    CHECK_EQ(b.mem.log[0].length, 24);
    CHECK_EQ(b.mem.log[0].width, 8);
    CHECK_MEM(&b.mem.bytes[DATA + 0xff8], out + 16, 8); // the last beat stays
}

SIM_TEST(Bridge, StreamAcrossAPageIsSplitBeatByBeat)
{
    unsigned char out[20];
    payload p;
    static const struct {
        uint64_t address;
        unsigned length;
    } part[5] = {{DATA + 0xffe, 2},
                 {DATA + 0x5000, 6},
                 {DATA + 0xffe, 2},
                 {DATA + 0x5000, 6},
                 {DATA + 0xffe, 2}};

    fill(out, 20, 21);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_B - 2, out, 20);
    p.set_streaming_width(8); // 2 whole beats and half a one
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 6);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(b.mem.log[i].address, part[i].address);
        CHECK_EQ(b.mem.log[i].length, part[i].length);
        CHECK_EQ(b.mem.log[i].width, part[i].length);
    }
    CHECK_EQ(b.mem.log[5].address, DATA + 0x5000);
    CHECK_EQ(b.mem.log[5].length, 2);
    CHECK_MEM(&b.mem.bytes[DATA + 0xffe], out + 16, 2);
    CHECK_MEM(&b.mem.bytes[DATA + 0x5000], out + 18, 2);
    CHECK_MEM(&b.mem.bytes[DATA + 0x5002], out + 12, 4);
}

SIM_TEST(Bridge, TranslationFaultIsAnAddressError)
{
    unsigned char data[16] = {};
    fault_extension f;
    payload p;
    uint8_t type = 0;

    f.result = 9; // stale, to be reset
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE + 8, data, 16);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(f.result, IOVP_RESULT_ABORT);
    CHECK_EQ(f.event, 0x10); // F_TRANSLATION
    CHECK_EQ(f.done, 0);
    CHECK_EQ(b.mem.log.size(), 0);
    CHECK_EQ(b.events(&type), 1);
    CHECK_EQ(type, 0x10);
    p.clear_extension(&f);
}

SIM_TEST(Bridge, PermissionFaultIsACommandError)
{
    unsigned char data[16] = {};

    CHECK_EQ(b.read(PAGE_RO, data, 16), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(b.write(PAGE_RO, data, 16), tlm::TLM_COMMAND_ERROR_RESPONSE);
    CHECK_EQ(b.mem.log.size(), 1);
}

SIM_TEST(Bridge, SilentAbortIsAnAddressError)
{
    unsigned char data[16] = {};
    iovp_attrs a = iovp::no_attrs();
    attrs_extension e;
    fault_extension f;
    payload p;

    a.specified = IOVP_ATTR_STREAM_ID;
    a.stream_id = SID_ABORT;
    e.attrs = a;
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, data, 16);
    p.set_extension(&e);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(f.result, IOVP_RESULT_ABORT);
    CHECK_EQ(f.event, 0);
    CHECK_EQ(b.events(), 0);
    p.clear_extension(&e);
    p.clear_extension(&f);
}

SIM_TEST(Bridge, FirstFaultStopsTheBurst)
{
    static unsigned char data[0x2000];
    fault_extension f;
    payload p;

    fill(data, sizeof data, 1);
    std::memset(&b.mem.bytes[DATA + 0x5000], 0, 0x1000);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_B + 0x800, data, 0x1000);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(f.done, 0x800);
    CHECK_EQ(f.event, 0x10);
    // What was written before the fault stays written.
    CHECK_MEM(&b.mem.bytes[DATA + 0x5800], data, 0x800);
    CHECK_EQ(b.mem.log.size(), 1);
    p.clear_extension(&f);
}

SIM_TEST(Bridge, SuccessIsTold)
{
    unsigned char data[0x20];
    fault_extension f;
    payload p;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_B - 16, data, 0x20);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(f.result, IOVP_RESULT_OK);
    CHECK_EQ(f.event, 0);
    CHECK_EQ(f.done, 0x20);
    p.clear_extension(&f);
}

// PASID 1: CD.A == 0, a stage 1 fault is terminated RAZ/WI (5.5).
SIM_TEST(Bridge, RazwiReadsZeroAndIsOk)
{
    unsigned char data[12], be[2] = {0xff, 0};
    attrs_extension e;
    fault_extension f;
    payload p;
    uint8_t type = 0;

    std::memset(data, 0x77, sizeof data);
    e.attrs.specified = IOVP_ATTR_PASID;
    e.attrs.pasid_valid = 1;
    e.attrs.pasid = 1;
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE, data, 12);
    p.set_byte_enable_ptr(be);
    p.set_byte_enable_length(2);
    p.set_extension(&e);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    for (unsigned i = 0; i < 12; i++)
        CHECK_EQ(data[i], i % 2 ? 0x77 : 0);
    CHECK_EQ(f.result, IOVP_RESULT_RAZWI);
    CHECK_EQ(f.event, 0x10);
    CHECK_EQ(f.done, 0);
    CHECK_EQ(b.events(&type), 1);
    CHECK_EQ(type, 0x10);
    CHECK_EQ(b.mem.log.size(), 0);
    p.clear_extension(&e);
    p.clear_extension(&f);
}

SIM_TEST(Bridge, BusErrorIsHandedBack)
{
    unsigned char data[16];
    fault_extension f;
    payload p;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_HOLE, data, 16);
    p.set_extension(&f);
    CHECK_EQ(b.send(p), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(f.result, IOVP_RESULT_BUS);
    CHECK_EQ(f.event, 0);
    CHECK_EQ(b.events(), 0);
    p.clear_extension(&f);
}

// TLM_IGNORE_COMMAND translates and fills, and moves no data.
SIM_TEST(Bridge, IgnoreOnlyTranslates)
{
    unsigned char data[4];
    sc_time first, second;
    payload p;

    b.setup(p, tlm::TLM_IGNORE_COMMAND, PAGE_A, nullptr, 0);
    CHECK_EQ(b.send(p, &first), tlm::TLM_OK_RESPONSE);
    CHECK(first > sc_core::SC_ZERO_TIME);
    CHECK_EQ(b.mem.log.size(), 0);
    b.mem.table_reads = 0;
    CHECK_EQ(b.read(PAGE_A, data, 4, &second), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(b.mem.table_reads, 0);
    b.setup(p, tlm::TLM_IGNORE_COMMAND, PAGE_NONE, nullptr, 0);
    CHECK_EQ(b.send(p), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

static tlm::tlm_response_status malformed(platform &b, unsigned length,
                                          unsigned width, bool data)
{
    unsigned char buf[8];
    tlm::tlm_response_status st;
    payload p;
    sc_time t;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, data ? buf : nullptr, length);
    p.set_streaming_width(width);
    // Past the checker, which would object before the bridge does.
    b.smmu.upstream[1].get_base_interface().b_transport(p, t);
    st = p.get_response_status();
    return st;
}

SIM_TEST(Bridge, MalformedRequestsGetAnError)
{
    unsigned char buf[8], be[1] = {0xff};
    payload p;
    sc_time t;

    CHECK_EQ(malformed(b, 0, 8, true), tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK_EQ(malformed(b, 8, 0, true), tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK_EQ(malformed(b, 8, 8, false), tlm::TLM_GENERIC_ERROR_RESPONSE);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, buf, 8);
    p.set_byte_enable_ptr(be);
    b.smmu.upstream[1].get_base_interface().b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
    CHECK_EQ(b.mem.log.size(), 0);
}

// ---- attributes ----

SIM_TEST(Bridge, PortDefaultsApplyWithoutExtension)
{
    iovp_attrs a = iovp::no_attrs();
    unsigned char data[4];
    payload p;

    a.specified = IOVP_ATTR_STREAM_ID;
    a.stream_id = SID_BYPASS;
    CHECK(b.smmu.set_port_attrs(1, a));
    CHECK(!b.smmu.set_port_attrs(2, a));
    CHECK(!b.smmu.set_port_index(2, 0));
    b.setup(p, tlm::TLM_READ_COMMAND, DATA + 0x123, data, 4);
    CHECK_EQ(b.send(p, nullptr, 1), tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 1);
    CHECK_EQ(b.mem.log[0].address, DATA + 0x123);
}

// 13.1: attributes after translation, on an extension of the child's own.
SIM_TEST(Bridge, ChildCarriesTheOutputAttributes)
{
    unsigned char data[4];
    attrs_extension e;
    iovp_attrs before;
    payload p;

    e.attrs.specified = IOVP_ATTR_PRIVILEGED | IOVP_ATTR_MEM_TYPE;
    e.attrs.privileged = 1;
    e.attrs.mem_type = 0x44;
    before = e.attrs;
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, data, 4);
    p.set_extension(&e);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    REQUIRE(b.mem.log.size() == 1 && b.mem.log[0].has_attrs);
    CHECK_EQ(b.mem.log[0].attrs.specified, IOVP_ATTR_ALL);
    CHECK_EQ(b.mem.log[0].attrs.stream_id, SID_S1);
    CHECK_EQ(b.mem.log[0].attrs.privileged, 1);
    CHECK_EQ(b.mem.log[0].attrs.mem_type, 0xff); // MAIR's, not the client's
    CHECK_EQ(b.mem.log[0].attrs.shareability, IOVP_SH_INNER);
    CHECK_EQ(b.mem.log[0].attrs.space, IOVP_SPACE_NONSECURE);
    CHECK_MEM(&e.attrs, &before, sizeof before);
    CHECK_EQ(p.get_address(), PAGE_A);
    p.clear_extension(&e);
}

// ---- DMI and debug ----

SIM_TEST(Bridge, DmiIsDeniedForOnePage)
{
    tlm::tlm_dmi dmi;
    unsigned char data[4];
    payload p;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A + 0x123, data, 4);
    CHECK(!b.dma[0]->socket->get_direct_mem_ptr(p, dmi));
    CHECK_EQ(dmi.get_start_address(), PAGE_A);
    CHECK_EQ(dmi.get_end_address(), PAGE_A + 0xfff);
    CHECK(dmi.is_read_write_allowed());
    p.set_address(0x100); // of a register
    CHECK(!b.cpu.socket->get_direct_mem_ptr(p, dmi));
    CHECK_EQ(dmi.get_start_address(), 0);
    CHECK_EQ(dmi.get_end_address(), 0xfff);
    CHECK(dmi.is_read_write_allowed());
}

struct effects {
    explicit effects(platform &b)
    {
        smmuv3_get_stats(b.smmu.core(), &stats);
        for (int i = 0; i < IOVP_CACHES; i++)
            cache[i] =
                *smmuv3_cache_stats(b.smmu.core(), (enum iovp_cache_id)i);
        tables = b.mem.table_reads;
    }
    bool operator==(const effects &o) const
    {
        return !std::memcmp(&stats, &o.stats, sizeof stats) &&
               !std::memcmp(cache, o.cache, sizeof cache) && tables == o.tables;
    }
    smmuv3_stats stats;
    iovp_cache_stats cache[IOVP_CACHES];
    unsigned tables;
};

SIM_TEST(Bridge, DebugWorksAndLeavesNoTrace)
{
    unsigned char in[64] = {}, out[64];
    effects before(b);
    unsigned records = 0;
    payload p;

    b.smmu.on_trace = [&records](const iovp_trace_record &) { records++; };
    fill(&b.mem.bytes[DATA + 0xfe0], 32, 1);
    fill(&b.mem.bytes[DATA + 0x5000], 32, 2);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_B - 32, in, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 64);
    CHECK_MEM(in, &b.mem.bytes[DATA + 0xfe0], 32);
    CHECK_MEM(in + 32, &b.mem.bytes[DATA + 0x5000], 32);
    fill(out, 64, 77);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_B - 32, out, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 64);
    CHECK_MEM(&b.mem.bytes[DATA + 0x5000], out + 32, 32);
    CHECK(effects(b) == before);
    CHECK_EQ(b.events(), 0);
    CHECK_EQ(records, 0);
    CHECK_EQ(b.mem.log.size(), 0);
}

SIM_TEST(Bridge, DebugStopsAtTheFirstFault)
{
    unsigned char in[64] = {};
    effects before(b);
    payload p;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE - 24, in, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 24);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE, in, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 0);
    b.setup(p, tlm::TLM_WRITE_COMMAND, PAGE_RO, in, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 0);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_HOLE, in, 64);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 0);
    b.setup(p, tlm::TLM_IGNORE_COMMAND, PAGE_A, nullptr, 0);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 0);
    CHECK(effects(b) == before);
    CHECK_EQ(b.events(), 0);
}

// ---- time ----

// A hit in this profile takes lookup_cycles of clock_ps: 2 x 1 ns.
SIM_TEST(Bridge, HitTakesTheLookupTime)
{
    sc_time t(5, sc_core::SC_NS);
    unsigned char data[8];

    b.read(PAGE_A, data, 8);
    sc_core::wait(1, sc_core::SC_US);
    b.mem.client_latency = sc_time(30, sc_core::SC_NS);
    CHECK_EQ(b.read(PAGE_A, data, 8, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(t.value(), sc_time(37, sc_core::SC_NS).value());
    CHECK_EQ((b.mem.log.back().at - sc_time_stamp()).value(),
             sc_time(7, sc_core::SC_NS).value());
}

SIM_TEST(Bridge, WalkLatencyOfTheMemoryCounts)
{
    unsigned char data[8];
    sc_time slow, again, fast;

    b.mem.table_latency = sc_time(500, sc_core::SC_NS);
    b.read(PAGE_A, data, 8, &slow);
    // STE, CD and three levels of tables, one after the other.
    CHECK_EQ(b.mem.table_reads, 5);
    CHECK(slow >= sc_time(2500, sc_core::SC_NS));
    CHECK(slow < sc_time(2600, sc_core::SC_NS));
    sc_core::wait(slow);
    b.read(PAGE_A, data, 8, &again);
    CHECK(again < sc_time(10, sc_core::SC_NS));
    sc_core::wait(1, sc_core::SC_US);
    b.invalidate();
    b.mem.table_latency = sc_time(100, sc_core::SC_NS);
    b.read(PAGE_A, data, 8, &fast);
    CHECK_EQ((slow - fast).value(), sc_time(2000, sc_core::SC_NS).value());
}

// The same when the memory waits instead of annotating.
SIM_TEST(Bridge, WaitingMemoryCountsOnce)
{
    unsigned char data[8];
    sc_time annotated, waited, start;

    b.mem.table_latency = sc_time(500, sc_core::SC_NS);
    b.read(PAGE_A, data, 8, &annotated);
    sc_core::wait(10, sc_core::SC_US);
    b.invalidate();
    sc_core::wait(10, sc_core::SC_US);
    b.mem.table_latency = sc_time();
    b.mem.table_wait = sc_time(500, sc_core::SC_NS);
    start = sc_time_stamp();
    b.read(PAGE_A, data, 8, &waited);
    CHECK_EQ((sc_time_stamp() - start).value(),
             sc_time(2500, sc_core::SC_NS).value());
    CHECK_EQ((sc_time_stamp() + waited - start).value(), annotated.value());
}

SIM_TEST(Bridge, UntimedTakesOnlyTheMemorysTime)
{
    unsigned char data[8];
    sc_time t(3, sc_core::SC_NS);

    b.smmu.set_timed(false);
    b.mem.table_latency = sc_time(500, sc_core::SC_NS);
    b.mem.client_latency = sc_time(20, sc_core::SC_NS);
    CHECK_EQ(b.read(PAGE_A, data, 8, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(t.value(), sc_time(23, sc_core::SC_NS).value());
}

// ---- trace ----

SIM_TEST(Bridge, OneRecordPerPart)
{
    std::vector<iovp_trace_record> r;
    unsigned char data[64] = {};
    sc_time t(9, sc_core::SC_NS), entry;

    b.smmu.set_port_index(0, 42);
    b.smmu.on_trace = [&r](const iovp_trace_record &x) { r.push_back(x); };
    entry = sc_time_stamp() + t;
    CHECK_EQ(b.write(PAGE_B - 16, data, 64, &t), tlm::TLM_OK_RESPONSE);
    REQUIRE(r.size() == 2);
    CHECK_EQ(r[0].kind, IOVP_TRACE_TRANSACTION);
    CHECK_EQ(r[0].initiator, 42);
    CHECK_EQ(r[0].iova, PAGE_B - 16);
    CHECK_EQ(r[0].pa, DATA + 0xff0);
    CHECK_EQ(r[0].length, 16);
    CHECK_EQ(r[0].flags & (IOVP_TRACE_READ | IOVP_TRACE_WRITE),
             IOVP_TRACE_WRITE);
    CHECK_EQ(r[0].time_in, entry.value()); // the resolution is 1 ps
    CHECK_EQ(r[1].iova, PAGE_B);
    CHECK_EQ(r[1].length, 48);
    CHECK_EQ(r[1].time_in, r[0].time_out);
    CHECK_EQ(r[1].time_out, (sc_time_stamp() + t).value());
}

SIM_TEST(Bridge, RecordsTellResults)
{
    std::vector<iovp_trace_record> r;
    unsigned char data[8] = {};

    b.smmu.on_trace = [&r](const iovp_trace_record &x) {
        if (x.kind == IOVP_TRACE_TRANSACTION)
            r.push_back(x);
    };
    b.read(PAGE_HOLE, data, 8);
    b.read(PAGE_NONE, data, 8);
    REQUIRE(r.size() == 2);
    CHECK_EQ(r[0].result, IOVP_RESULT_BUS);
    CHECK_EQ(r[0].pa, 0x900000);
    CHECK_EQ(r[1].result, IOVP_RESULT_ABORT);
    CHECK_EQ(r[1].event, 0x10);
    CHECK_EQ(r[1].length, 8);
}

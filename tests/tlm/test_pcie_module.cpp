// SPDX-License-Identifier: MIT
// The root complex as a SystemC module: configuration space and windows,
// requests through an SMMU and past it, ATS and PRI, interrupts, time.
#include <stdexcept>

#include "../../models/common/tlm/atomic_extension.h"
#include "pcie_bench.h"

using namespace bench;

static const sc_time us(1, sc_core::SC_US);

static pcie_tlp request(enum pcie_tlp_type type, uint64_t addr, uint32_t length)
{
    pcie_tlp t = {};

    t.type = static_cast<uint8_t>(type);
    t.addr = addr;
    t.length = length;
    return t;
}

static uint16_t ep_id(const pcie_bench &s)
{
    return pcie_enum_find(&s.e, 0x1234, 0x1000 + EP)->id;
}

// STE.EATS = 0b01 for stream 0; ATS enabled in the endpoint.
static void ats_on(platform &b, pcie_bench &s)
{
    uint64_t w1 = b.mem.get64(STRTAB + 64 * SID_S1 + 8);

    b.mem.put64(STRTAB + 64 * SID_S1 + 8, w1 | 1ull << 28);
    b.invalidate();
    s.cfg_wr(ep_id(s), s.cap(PCIE_CAP_ATS) + PCIE_ATS_CONTROL, 2, 0x8000);
}

// ---- configuration space ----

PCIE_TEST(PcieEcam, ReadsAndAbsentFunctions)
{
    uint32_t v = 0;
    uint64_t w = 0;

    CHECK_EQ(s.cfg_rd(ep_id(s), 0, 4), 0x10011234);
    CHECK_EQ(s.cfg_rd(ep_id(s), 2, 2), 0x1001);
    CHECK_EQ(s.cfg(false, uint64_t(ep_id(s)) << 12, &w, 8),
             tlm::TLM_OK_RESPONSE);
    CHECK_EQ(w & 0xffffffff, 0x10011234);
    CHECK_EQ(s.cfg_rd(0x00f8, 0, 4), 0xffffffff);
    // 4 buses of 1 MiB.
    CHECK_EQ(s.cfg(false, 4u << 20, &v, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(s.cfg(false, 0, &w, 3), tlm::TLM_BURST_ERROR_RESPONSE);
}

PCIE_TEST(PcieEcam, DebugReadsChangeNothing)
{
    uint32_t v = 0, status = s.cfg_rd(0x0008, PCIE_SECONDARY_STATUS, 2);
    tlm::tlm_dmi dmi;
    payload p;

    platform::setup(p, tlm::TLM_READ_COMMAND, uint64_t(ep_id(s)) << 12, &v, 4);
    CHECK_EQ(s.host.socket->transport_dbg(p), 4);
    CHECK_EQ(v, 0x10011234);
    p.set_address(0x01f8 << 12); // nobody below the root port
    CHECK_EQ(s.host.socket->transport_dbg(p), 4);
    CHECK_EQ(v, 0xffffffff);
    CHECK_EQ(s.cfg_rd(0x0008, PCIE_SECONDARY_STATUS, 2), status);
    p.set_command(tlm::TLM_WRITE_COMMAND);
    CHECK_EQ(s.host.socket->transport_dbg(p), 0);
    p.set_command(tlm::TLM_READ_COMMAND);
    CHECK(!s.host.socket->get_direct_mem_ptr(p, dmi));
}

// ---- windows ----

PCIE_TEST(PcieWindow, RegistersBehindALink)
{
    uint32_t v = 0x12345678, got = 0;
    payload p;
    sc_time posted, read;

    CHECK_EQ(s.bar(true, EP, 4, &v, 4, &posted), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(s.bar(false, EP, 4, &got, 4, &read), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(got, 0x12345678);
    // A read is a round trip, of at least twice the propagation of 50 ns.
    CHECK(posted >= sc_time(50, sc_core::SC_NS));
    CHECK(read >= sc_time(100, sc_core::SC_NS));
    platform::setup(p, tlm::TLM_READ_COMMAND, s.bar_address(EP), &got, 4);
    CHECK_EQ(s.mmio.socket->transport_dbg(p), 0);
}

// An integrated function is at no link.
PCIE_TEST(PcieWindow, IntegratedFunctionsTakeNoTime)
{
    uint32_t v = 5, got = 0;
    sc_time t;

    CHECK_EQ(s.bar(true, RCI, 0, &v, 4, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(s.bar(false, RCI, 0, &got, 4, &t), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(got, 5);
    CHECK_EQ(t.value(), 0);
}

PCIE_TEST(PcieWindow, FailuresReadOnes)
{
    uint32_t got = 0;
    payload p;
    sc_time t;
    unsigned char enables[4] = {0xff, 0, 0xff, 0xff};

    CHECK_EQ(s.bar(false, EP, 0x800, &got, 4), tlm::TLM_GENERIC_ERROR_RESPONSE);
    CHECK_EQ(got, 0xffffffff);
    got = 0;
    platform::setup(p, tlm::TLM_READ_COMMAND, WINDOW + WINDOW_BYTES - 4, &got,
                    4);
    s.mmio.socket->b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(got, 0xffffffff);
    platform::setup(p, tlm::TLM_READ_COMMAND, s.bar_address(EP), &got, 4);
    p.set_byte_enable_ptr(enables);
    p.set_byte_enable_length(4);
    s.mmio.socket->b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
}

PCIE_TEST(PcieWindow, AtomicOps)
{
    iovp::atomic_extension x;
    uint32_t old = 0;
    payload p;
    sc_time t;

    gadgets[EP]->word = 40;
    x.op.kind = IOVP_ATOMIC_KIND_ADD;
    x.op.width = 4;
    x.op.operand[0] = 2;
    platform::setup(p, tlm::TLM_READ_COMMAND, s.bar_address(EP), &old, 4);
    p.set_extension(&x);
    s.mmio.socket->b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    CHECK(x.done);
    CHECK_EQ(old, 40);
    CHECK_EQ(x.op.old[0], 40);
    CHECK_EQ(gadgets[EP]->word, 42);
    p.clear_extension(&x);
}

// ---- requests ----

PCIE_TEST(PcieDma, WriteThroughTheSmmu)
{
    std::vector<iovp_trace_record> r;
    gadget &g = *gadgets[EP];

    b.smmu.on_trace = [&r](const iovp_trace_record &x) { r.push_back(x); };
    g.tlp = request(PCIE_TLP_MWR, PAGE_A + 8, 64);
    g.tlp.attr = PCIE_ATTR_RELAXED;
    std::memset(g.data, 0x5c, 64);
    CHECK_EQ(s.go(EP), PCIE_SC);
    CHECK_EQ(b.mem.bytes[DATA + 7], 0);
    CHECK_EQ(b.mem.bytes[DATA + 8], 0x5c);
    CHECK_EQ(b.mem.bytes[DATA + 71], 0x5c);
    CHECK_EQ(s.up.seen, 1);
    CHECK_EQ(s.up.tlp.requester, ep_id(s));
    CHECK_EQ(s.up.tlp.attr, PCIE_ATTR_RELAXED);
    CHECK_EQ(s.up.attrs.stream_id, SID_S1);
    REQUIRE(b.mem.log.size() == 1);
    CHECK_EQ(b.mem.log[0].attrs.stream_id, SID_S1);
    REQUIRE(r.size() == 1);
    CHECK_EQ(r[0].initiator, 2);
    CHECK_EQ(r[0].iova, PAGE_A + 8);
    CHECK_EQ(r[0].pa, DATA + 8);
}

// The link as it is by itself, the root complex's latency, then the SMMU's 2 ns
// of a hit and what the memory takes: 64 bytes of a read come back as well.
PCIE_TEST(PcieDma, TimeIsThatOfLinkSmmuAndMemory)
{
    static struct pcie_link link;
    struct pcie_link_config c;
    struct pcie_link_time time;
    struct pcie_transfer x = {};
    gadget &g = *gadgets[EP];
    uint64_t ready;

    pcie_link_config_default(&c, 3, 4);
    c.mps = 128;
    c.mrrs = 512;
    REQUIRE(pcie_link_init(&link, &c));
    g.tlp = request(PCIE_TLP_MRD, PAGE_A, 64);
    CHECK_EQ(s.go(EP), PCIE_SC); // fills the TLB
    b.mem.client_latency = sc_time(70, sc_core::SC_NS);
    CHECK_EQ(s.go(EP), PCIE_SC);
    x.type = PCIE_TLP_MRD;
    x.direction = PCIE_UP;
    x.length = 64;
    x.addr = PAGE_A;
    REQUIRE(pcie_link_send(&link, &x, g.began, &time));
    // Fractions of a picosecond that earlier packets left may add one.
    CHECK(s.up.at.value() - (time.arrived + LATENCY_PS) <= 1);
    CHECK_EQ(s.up.back.value() - s.up.at.value(), 2000 + 70000);
    ready = s.up.back.value() + LATENCY_PS;
    REQUIRE(pcie_link_complete(&link, &x, ready, &time));
    CHECK(g.ended - time.done <= 2);
}

PCIE_TEST(PcieDma, FaultsAreCompleterAborts)
{
    gadget &g = *gadgets[EP];
    uint8_t type = 0;

    g.tlp = request(PCIE_TLP_MRD, PAGE_NONE, 8);
    CHECK_EQ(s.go(EP), PCIE_CA);
    CHECK_EQ(b.events(&type), 1);
    CHECK_EQ(type, 0x10); // F_TRANSLATION
    g.tlp = request(PCIE_TLP_MRD, PAGE_HOLE, 8);
    CHECK_EQ(s.go(EP), PCIE_UR);
    // This memory knows no atomic operations.
    s.cfg_wr(ep_id(s), s.cap(PCIE_CAP_EXP) + PCIE_DEVCTL2, 2,
             PCIE_DEVCTL2_ATOMIC_REQUESTER);
    g.tlp = request(PCIE_TLP_FETCH_ADD, PAGE_A, 4);
    CHECK_EQ(s.go(EP), PCIE_UR);
}

PCIE_TEST(PcieDma, OutletsAreChosenByPacket)
{
    gadget &g = *gadgets[RCI];
    unsigned done = 0;

    s.pcie.on_done = [&](const iovp::pcie_module::done &d) {
        done++;
        CHECK_EQ(d.function, RCI);
        CHECK_EQ(d.outlet, PAST_IT);
        CHECK_EQ(d.status, PCIE_SC);
        CHECK_EQ(d.attrs.stream_id, 7);
        CHECK_EQ(d.time_out - d.time_in, 30000);
    };
    s.other.client_latency = sc_time(30, sc_core::SC_NS);
    g.tlp = request(PCIE_TLP_MWR, DATA + 0x40, 4);
    g.data[0] = 0x99;
    CHECK_EQ(s.go(RCI), PCIE_SC);
    CHECK_EQ(done, 1);
    CHECK_EQ(s.other.bytes[DATA + 0x40], 0x99);
    CHECK_EQ(b.mem.log.size(), 0);
    // Refused by the callback, and an outlet that is not bound.
    s.pcie.on_done = nullptr;
    g.tlp.type = PCIE_TLP_MRD;
    s.pcie.on_route = [](uint32_t, const pcie_tlp &, iovp_attrs *) {
        return -1;
    };
    CHECK_EQ(s.go(RCI), PCIE_UR);
    s.pcie.on_route = nullptr;
    CHECK_EQ(s.go(RCI), PCIE_UR);
}

PCIE_TEST(PcieDma, UnderWayIsTheRequestBelow)
{
    uint32_t function = 99;
    const pcie_tlp *t = nullptr;
    gadget &g = *gadgets[EP];

    s.up.on_seen = [&] {
        t = s.pcie.under_way(&function);
        REQUIRE(t != nullptr);
        CHECK_EQ(t->addr, PAGE_B);
        CHECK_EQ(function, EP);
    };
    g.tlp = request(PCIE_TLP_MWR, PAGE_B, 4);
    s.go(EP);
    CHECK(t != nullptr);
    CHECK(s.pcie.under_way(&function) == nullptr);
}

// ---- ATS and PRI ----

PCIE_TEST(PcieAts, TranslatedByTheEndpoint)
{
    struct iovp_ats_completion c;
    gadget &g = *gadgets[EP];

    ats_on(b, s);
    g.tlp = request(PCIE_TLP_MRD, PAGE_B, 8);
    g.tlp.at = IOVP_AT_TRANSLATION_REQUEST;
    CHECK_EQ(s.go(EP), PCIE_SC);
    std::memcpy(&c, g.data, sizeof c);
    CHECK_EQ(c.status, IOVP_ATS_SUCCESS);
    CHECK_EQ(c.address, DATA + 0x5000);
    CHECK_EQ(b.mem.log.size(), 0);
    CHECK(g.ended > g.began + 2 * LATENCY_PS);
    g.tlp = request(PCIE_TLP_MWR, c.address, 4);
    g.tlp.at = IOVP_AT_TRANSLATED;
    g.data[0] = 0x42;
    CHECK_EQ(s.go(EP), PCIE_SC);
    CHECK_EQ(b.mem.bytes[DATA + 0x5000], 0x42);
    // Forbidden by software: an answer, too.
    g.tlp = request(PCIE_TLP_MRD, PAGE_B, 8);
    g.tlp.at = IOVP_AT_TRANSLATION_REQUEST;
    s.pcie.on_route = [](uint32_t, const pcie_tlp &, iovp_attrs *) {
        return -1;
    };
    CHECK_EQ(s.go(EP), PCIE_SC);
    std::memcpy(&c, g.data, sizeof c);
    CHECK_EQ(c.status, IOVP_ATS_UR);
}

PCIE_TEST(PcieAts, InvalidationAndItsCompletion)
{
    gadget &g = *gadgets[EP];
    uint32_t prod;

    ats_on(b, s);
    b.smmu.on_atc_invalidate = [&s](const iovp_ats_invalidation &i) {
        return s.pcie.invalidate(ep_id(s), i);
    };
    b.command(0x40, 52, false); // CMD_ATC_INV of all addresses
    b.command(0x46, 0, false);  // CMD_SYNC
    prod = b.read32(0x98);
    sc_core::wait(10 * us);
    CHECK(b.read32(0x9c) != prod);
    CHECK_EQ(g.messages, 1);
    CHECK_EQ(g.message.message, PCIE_MSG_INVALIDATE_REQUEST);
    g.tlp = request(PCIE_TLP_MSG, 1ull << 32 | 1u << g.message.tag, 0);
    g.tlp.message = PCIE_MSG_INVALIDATE_COMPLETION;
    CHECK_EQ(s.go(EP), PCIE_SC);
    CHECK_EQ(b.read32(0x9c), prod);
}

PCIE_TEST(PcieAts, PageRequestAndResponse)
{
    const uint64_t priq = 0x42000;
    gadget &g = *gadgets[EP];

    b.smmu.on_pri_response = [&s](const iovp_page_response &r) {
        CHECK(s.pcie.page_response(ep_id(s), r));
    };
    b.write64(0xc0, priq | 4); // SMMU_PRIQ_BASE: 16 entries
    b.write32(0x100c8, 0);
    b.write32(0x100cc, 0);
    b.cr0(0xf);
    s.cfg_wr(ep_id(s), s.cap(PCIE_CAP_PRI) + 12, 4, 8); // allocation
    s.cfg_wr(ep_id(s), s.cap(PCIE_CAP_PRI) + 4, 2, 1);  // Enable
    g.tlp = request(PCIE_TLP_MSG, PAGE_NONE | 5u << 3 | 4 | 1, 0);
    g.tlp.message = PCIE_MSG_PAGE_REQUEST;
    CHECK_EQ(s.go(EP), PCIE_SC);
    CHECK_EQ(b.read32(0x100c8), 1);
    CHECK_EQ(b.mem.get64(priq + 8), PAGE_NONE | 5);
    b.command(0x41, 5 | 2ull << 12); // CMD_PRI_RESP, Success
    sc_core::wait(us);
    CHECK_EQ(g.messages, 1);
    CHECK_EQ(g.message.message, PCIE_MSG_PRG_RESPONSE);
    CHECK_EQ(g.message.addr, 5);
    b.cr0(0xd);
}

// As in the core without the operation: Response Failure.
PCIE_TEST(PcieAts, NobodyTakesPageRequests)
{
    auto keep = s.pcie.on_page_request;
    gadget &g = *gadgets[EP];

    s.pcie.on_page_request = nullptr;
    g.tlp = request(PCIE_TLP_MSG, PAGE_NONE | 6u << 3 | 4 | 1, 0);
    g.tlp.message = PCIE_MSG_PAGE_REQUEST;
    CHECK_EQ(s.go(EP), PCIE_SC);
    CHECK_EQ(g.messages, 1);
    CHECK_EQ(g.message.addr, 0xf006);
    s.pcie.on_page_request = keep;
}

// ---- interrupts ----

PCIE_TEST(PcieInterrupt, MsiIsAWriteThroughTheSmmu)
{
    uint32_t cap = pcie_enum_cap(&s.e, ep_id(s), 5);
    gadget &g = *gadgets[EP];

    s.cfg_wr(ep_id(s), cap + 4, 4, PAGE_C);
    s.cfg_wr(ep_id(s), cap + 8, 4, 0);
    s.cfg_wr(ep_id(s), cap + 12, 2, 0x1234);
    s.cfg_wr(ep_id(s), cap + 2, 2, 1);
    g.vector = 0;
    CHECK_EQ(s.go(EP), PCIE_IRQ_SENT);
    CHECK_EQ(b.mem.bytes[DATA + 0x8000], 0x34);
    CHECK_EQ(b.mem.bytes[DATA + 0x8001], 0x12);
    s.cfg_wr(ep_id(s), cap + 2, 2, 0);
}

PCIE_TEST(PcieInterrupt, IntxLevels)
{
    struct pcie_fn *f = pcie_function(pcie_root_hierarchy(s.pcie.root()), EP);
    unsigned edges = 0, high = 9;

    s.pcie.on_intx = [&](unsigned line, bool level) {
        edges++;
        high = level ? line : 9;
    };
    pcie_intx(f, true);
    CHECK_EQ(edges, 1);
    REQUIRE(high < 4);
    sc_core::wait(us);
    CHECK(s.intx[high].read());
    // Interrupt Disable.
    s.cfg_wr(ep_id(s), PCIE_COMMAND, 2, 0x0407);
    sc_core::wait(us);
    CHECK_EQ(edges, 2);
    for (unsigned i = 0; i < 4; i++)
        CHECK(!s.intx[i].read());
    s.cfg_wr(ep_id(s), PCIE_COMMAND, 2, 0x0007);
    pcie_intx(f, false);
}

// ---- work ----

// An endpoint that always has more to do does not stop the time.
PCIE_TEST(PcieWork, TimeGoesOn)
{
    sc_time t = sc_time_stamp();
    uint32_t v = 0;

    gadgets[EP]->endless = true;
    s.bar(true, EP, 0, &v, 4);
    sc_core::wait(us);
    CHECK(sc_time_stamp() - t == us);
    CHECK(gadgets[EP]->works > 100);
    CHECK(gadgets[EP]->works < 2000);
    gadgets[EP]->endless = false;
}

// What a callback throws does not go through the C core, but to the caller.
PCIE_TEST(PcieWork, ExceptionsOfCallbacks)
{
    bool caught = false;
    uint32_t v = 0;

    s.pcie.on_tlp = [](const pcie_tlp_view &) {
        throw std::runtime_error("a user's");
    };
    try {
        s.bar(false, EP, 0, &v, 4);
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    s.pcie.on_tlp = nullptr;
    CHECK_EQ(s.bar(false, EP, 0, &v, 4), tlm::TLM_OK_RESPONSE);
}

PCIE_TEST(PcieWork, EveryPacketIsSeen)
{
    std::vector<pcie_tlp_view> seen;
    gadget &g = *gadgets[EP];

    s.pcie.on_tlp = [&seen](const pcie_tlp_view &v) { seen.push_back(v); };
    g.tlp = request(PCIE_TLP_MRD, PAGE_A, 16);
    s.go(EP);
    s.pcie.on_tlp = nullptr;
    REQUIRE(seen.size() == 2); // the register write, then its read
    CHECK_EQ(seen[0].function, UINT32_MAX);
    CHECK_EQ(seen[1].function, EP);
    CHECK_EQ(seen[1].tlp.length, 16);
    CHECK_EQ(seen[1].time_in, g.began);
    CHECK_EQ(seen[1].time_out, g.ended);
}

TEST_CASE(PcieModule, TlpExtensionClonesAndCopies)
{
    iovp::tlp_extension a, b;

    a.tlp = request(PCIE_TLP_CAS, 0x123456789, 16);
    a.tlp.pasid = 0xabcde;
    a.tlp.pasid_valid = true;
    b.copy_from(a);
    CHECK_EQ(b.tlp.addr, 0x123456789);
    CHECK_EQ(b.tlp.pasid, 0xabcde);
    auto *c = static_cast<iovp::tlp_extension *>(b.clone());
    CHECK_EQ(c->tlp.type, PCIE_TLP_CAS);
    CHECK(c->tlp.pasid_valid);
    c->free();
}

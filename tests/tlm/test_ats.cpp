// SPDX-License-Identifier: MIT
// ATS and PRI at the sockets of an SMMUv3: Translation Requests, invalidations
// of endpoints and page requests; and ports that may not stall.
#include "stall_bench.h"

using namespace bench;

// IDR0.ATS and PRI; PRIQS = 4.
[[maybe_unused]] static bool with_ats = [] {
    adjust_config = [](smmuv3_config &c) {
        c.idr0 |= 1u << 10 | 1u << 16;
        c.idr1 |= 4u << 11;
    };
    return true;
}();

enum : uint64_t { PRIQ = 0x42000 };
enum { EATS_NONE = 0, EATS_FULL = 1 };

// STE.EATS is STE[93:92] (5.2).
static void eats(platform &b, uint64_t v)
{
    uint64_t w1 = b.mem.get64(STRTAB + 64 * SID_S1 + 8);

    b.mem.put64(STRTAB + 64 * SID_S1 + 8, (w1 & ~(3ull << 28)) | v << 28);
    b.invalidate();
    b.settle();
}

// A request of stream 0 that will write, unless `attrs` says otherwise.
struct asker {
    payload p;
    iovp::attrs_extension who;
    iovp::fault_extension fault;
    iovp::ats_extension ats;
    unsigned char data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    sc_time delay;

    explicit asker(uint8_t at = IOVP_AT_TRANSLATION_REQUEST)
    {
        who.attrs.specified =
            IOVP_ATTR_ADDR_TYPE | IOVP_ATTR_STREAM_ID | IOVP_ATTR_NO_WRITE;
        who.attrs.addr_type = at;
        who.attrs.stream_id = SID_S1;
        p.set_extension(&who);
        p.set_extension(&fault);
        p.set_extension(&ats);
    }
    ~asker()
    {
        p.clear_extension(&who);
        p.clear_extension(&fault);
        p.clear_extension(&ats);
    }

    tlm::tlm_response_status ask(platform &b, uint64_t iova)
    {
        platform::setup(p, tlm::TLM_READ_COMMAND, iova, data, 8);
        delay = sc_time();
        return b.send(p, &delay);
    }
};

// ---- Translation Requests ----

SIM_TEST(AtsRequest, IsAnsweredInTimeAndMovesNoData)
{
    std::vector<iovp_trace_record> r;
    asker a;

    eats(b, EATS_FULL);
    b.smmu.on_trace = [&r](const iovp_trace_record &x) { r.push_back(x); };
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK(a.ats.valid);
    CHECK_EQ(a.ats.completion.status, IOVP_ATS_SUCCESS);
    CHECK_EQ(a.ats.completion.address, DATA);
    CHECK_EQ(a.ats.completion.log2, 12);
    CHECK_EQ(a.ats.completion.flags & (IOVP_ATS_READ | IOVP_ATS_WRITE),
             IOVP_ATS_READ | IOVP_ATS_WRITE);
    CHECK_EQ(a.fault.result, IOVP_RESULT_OK);
    CHECK_EQ(a.data[0], 1);
    CHECK_EQ(b.mem.log.size(), 0);
    // It walked: at least STE, CD and three descriptors of 60 ns each.
    CHECK(a.delay > sc_time(5 * 60, sc_core::SC_NS));
    REQUIRE(r.size() == 1);
    CHECK_EQ(r[0].kind, IOVP_TRACE_TRANSACTION);
    CHECK_EQ(r[0].flags >> IOVP_TRACE_AT_SHIFT & 3,
             IOVP_AT_TRANSLATION_REQUEST);
    CHECK_EQ(r[0].result, IOVP_RESULT_OK);
    CHECK_EQ(r[0].time_out - r[0].time_in, a.delay.value());
    // Now it hits: 2 cycles of 1 ns.
    sc_core::wait(1, sc_core::SC_US);
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(a.delay.value(), 2000);
}

SIM_TEST(AtsRequest, LargePageAndNoRight)
{
    asker a;

    eats(b, EATS_FULL);
    CHECK_EQ(a.ask(b, BLOCK_2M + 0x3000), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(a.ats.completion.address, BLOCK);
    CHECK_EQ(a.ats.completion.log2, 21);
    // 3.9.1: a fault of the tables is a success without rights, unrecorded.
    CHECK_EQ(a.ask(b, PAGE_NONE), tlm::TLM_OK_RESPONSE);
    CHECK(a.ats.valid);
    CHECK_EQ(a.ats.completion.status, IOVP_ATS_SUCCESS);
    CHECK_EQ(a.ats.completion.flags, 0);
    CHECK_EQ(b.events(), 0);
}

// 3.9.1.1: forbidden is UR, a wrong structure CA; both are answers.
SIM_TEST(AtsRequest, RefusalsAreAnswersToo)
{
    asker a;

    eats(b, EATS_NONE);
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK(a.ats.valid);
    CHECK_EQ(a.ats.completion.status, IOVP_ATS_UR);
    CHECK_EQ(a.fault.result, IOVP_RESULT_ABORT);
    a.who.attrs.stream_id = 999; // C_BAD_STREAMID
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(a.ats.completion.status, IOVP_ATS_CA);
    CHECK_EQ(b.mem.log.size(), 0);
}

SIM_TEST(AtsRequest, WithoutTheExtensionNobodyIsTold)
{
    asker a;

    eats(b, EATS_FULL);
    a.p.clear_extension(&a.ats);
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(a.fault.result, IOVP_RESULT_ABORT);
    CHECK_EQ(b.mem.log.size(), 0);
}

// An extension that another request has left behind means nothing.
SIM_TEST(AtsRequest, OrdinaryTransactionsLeaveItEmpty)
{
    asker a(IOVP_AT_UNTRANSLATED);

    a.ats.valid = true;
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK(!a.ats.valid);
    CHECK_EQ(b.mem.log.size(), 1);
}

// 3.9.1.2, without ATSCHK (6.3.9.2): Translated transactions go through.
SIM_TEST(AtsRequest, TranslatedTransactionsPass)
{
    asker a(IOVP_AT_TRANSLATED);

    eats(b, EATS_FULL);
    b.mem.bytes[DATA] = 0x77;
    CHECK_EQ(a.ask(b, DATA), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(a.data[0], 0x77);
    REQUIRE(b.mem.log.size() == 1);
    CHECK_EQ(b.mem.log[0].address, DATA);
    CHECK_EQ(b.mem.log[0].attrs.addr_type, IOVP_AT_UNTRANSLATED);
}

// A bus that comes back to the SMMU from inside of its walk is refused.
SIM_TEST(AtsRequest, BusyIsNoAnswer)
{
    asker a, inner;
    unsigned n = 0;

    eats(b, EATS_FULL);
    b.invalidate();
    b.mem.on_table = [&](payload &) {
        if (!n++)
            CHECK_EQ(inner.ask(b, PAGE_A), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    };
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK(n > 0);
    CHECK(!inner.ats.valid);
    CHECK(a.ats.valid);
}

TEST_CASE(AtsExtension, ClonesAndCopies)
{
    iovp::ats_extension a, b;

    a.completion = {0x123456789000, IOVP_ATS_CA, 0xff, 33};
    a.valid = true;
    b.copy_from(a);
    CHECK_EQ(b.completion.address, 0x123456789000);
    CHECK_EQ(b.completion.status, IOVP_ATS_CA);
    CHECK_EQ(b.completion.flags, 0xff);
    CHECK_EQ(b.completion.log2, 33);
    CHECK(b.valid);
    auto *c = static_cast<iovp::ats_extension *>(b.clone());
    CHECK_EQ(c->completion.address, 0x123456789000);
    CHECK(c->valid);
    c->free();
    b.reset();
    CHECK(!b.valid);
    CHECK_EQ(b.completion.address, 0);
}

// ---- ports that may not stall ----

SIM_TEST(AtsPort, WhatWouldStallIsAborted)
{
    asker a(IOVP_AT_UNTRANSLATED);
    unsigned stag;

    stall_on(b);
    CHECK(b.smmu.set_port_may_stall(0, false));
    CHECK(!b.smmu.set_port_may_stall(2, false));
    CHECK_EQ(a.ask(b, PAGE_NONE), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(a.fault.result, IOVP_RESULT_ABORT);
    CHECK_EQ(a.fault.event, 0x10);
    CHECK_EQ(a.fault.stalls, 0);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
    // Software sees a stall, and its answer is without effect.
    sc_core::wait(us);
    stag = take_stall(b, PAGE_NONE);
    resume(b, stag, AC);
    CHECK_EQ(b.mem.log.size(), 0);
}

// ---- invalidations of endpoints (4.5) ----

// CMD_ATC_INV of stream 0, all addresses; then CMD_SYNC.
static void atc_inv(platform &b)
{
    b.command(0x40, 52, false);
    b.command(0x46, 0, false);
}

static bool idle(platform &b)
{
    return (b.read32(0x98) & 63) == (b.read32(0x9c) & 63);
}

SIM_TEST(AtsInvalidate, SyncWaitsForTheEndpoint)
{
    std::vector<iovp_ats_invalidation> sent;

    b.smmu.on_atc_invalidate = [&sent](const iovp_ats_invalidation &i) {
        sent.push_back(i);
        return true;
    };
    atc_inv(b);
    sc_core::wait(10 * us);
    CHECK(!idle(b));
    REQUIRE(sent.size() == 1);
    CHECK_EQ(sent[0].stream_id, SID_S1);
    CHECK_EQ(sent[0].log2, 64);
    CHECK(!sent[0].pasid_valid);
    CHECK(!b.smmu.atc_complete(sent[0].token + 1, false));
    CHECK(b.smmu.atc_complete(sent[0].token, false));
    CHECK(!b.smmu.atc_complete(sent[0].token, false));
    sc_core::wait(us);
    CHECK(idle(b));
    CHECK_EQ(b.read32(0x60), b.read32(0x64)); // GERROR, GERRORN
}

SIM_TEST(AtsInvalidate, CompletedAtOnceOrWithoutEndpoints)
{
    b.smmu.on_atc_invalidate = [&b](const iovp_ats_invalidation &i) {
        return b.smmu.atc_complete(i.token, false);
    };
    atc_inv(b);
    sc_core::wait(us);
    CHECK(idle(b));
    b.smmu.on_atc_invalidate = nullptr;
    atc_inv(b);
    sc_core::wait(us);
    CHECK(idle(b));
    CHECK_EQ(b.read32(0x60), b.read32(0x64));
}

// ---- page requests (8) ----

static iovp_page_request page(uint64_t address, uint16_t group)
{
    iovp_page_request r = {};

    r.address = address;
    r.stream_id = SID_S1;
    r.prg_index = group;
    r.read = r.last = true;
    return r;
}

SIM_TEST(AtsPage, RequestsAreQueuedAndAnswered)
{
    std::vector<iovp_page_response> out;
    unsigned raised = 0;

    b.smmu.on_pri_response = [&out](const iovp_page_response &r) {
        out.push_back(r);
    };
    b.smmu.on_irq = [&raised](iovp_irq_line line) {
        raised += line == IOVP_IRQ_PRIQ;
    };
    // Without PRIQEN it is answered at once, with Response Failure.
    CHECK(b.smmu.page_request(page(PAGE_NONE, 3)));
    REQUIRE(out.size() == 1);
    CHECK_EQ(out[0].code, IOVP_PAGE_FAILURE);
    CHECK_EQ(out[0].prg_index, 3);
    CHECK(out[0].automatic);
    b.write64(0xc0, PRIQ | 4); // SMMU_PRIQ_BASE: 16 entries
    b.write32(0x100c8, 0);
    b.write32(0x100cc, 0);
    b.cr0(0xf); // and PRIQEN
    CHECK(b.smmu.page_request(page(PAGE_NONE, 4)));
    CHECK_EQ(b.read32(0x100c8), 1);
    CHECK_EQ(raised, 1);
    CHECK_EQ(b.mem.get64(PRIQ + 8), PAGE_NONE | 4);
    CHECK_EQ(b.mem.get64(PRIQ) >> 62 & 1, 1); // L
    b.command(0x41, 4 | 2ull << 12);          // CMD_PRI_RESP, Success
    REQUIRE(out.size() == 2);
    CHECK_EQ(out[1].code, IOVP_PAGE_SUCCESS);
    CHECK_EQ(out[1].prg_index, 4);
    CHECK(!out[1].automatic);
    b.cr0(0xd);
}

// From inside of the core it is not taken, and can be offered again.
SIM_TEST(AtsPage, BusyIsToldSo)
{
    bool taken = true;
    asker a(IOVP_AT_UNTRANSLATED);

    b.invalidate();
    b.mem.on_table = [&](payload &) {
        taken = b.smmu.page_request(page(PAGE_A, 1));
    };
    CHECK_EQ(a.ask(b, PAGE_A), tlm::TLM_OK_RESPONSE);
    CHECK(!taken);
    b.mem.on_table = nullptr;
    CHECK(b.smmu.page_request(page(PAGE_A, 1)));
}

// ---- last, as CMDQ_CONS.ERR stays ----

// 7.1: CERROR_ATC_INV_SYNC (0x03) at the CMD_SYNC.
SIM_TEST(AtsTimeout, WhatCannotBeSentHasTimedOut)
{
    uint32_t cons;

    b.smmu.on_atc_invalidate = [](const iovp_ats_invalidation &) {
        return false;
    };
    atc_inv(b);
    sc_core::wait(us);
    cons = b.read32(0x9c);
    CHECK_EQ(cons >> 24 & 0x7f, 3);
    CHECK_EQ((b.read32(0x60) ^ b.read32(0x64)) & 1, 1);
    // Software makes the CMD_SYNC good and goes on.
    b.smmu.on_atc_invalidate = nullptr;
    b.write32(0x64, b.read32(0x60));
    sc_core::wait(us);
    CHECK(idle(b));
}

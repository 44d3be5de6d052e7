// SPDX-License-Identifier: MIT
// Stalled transactions at the bridge: who waits, for how long, and what
// becomes of those that cannot wait.
#include "stall_bench.h"

using namespace bench;
using iovp::fault_extension;

static void map_none(platform &b)
{
    b.mem.put64(TTB + 0x2000 + 8 * (PAGE_NONE >> 12),
                (DATA + 0xa000) | 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6 | 3);
}

// A client access in a process of its own.
struct client {
    platform &b;
    unsigned char data[64] = {};
    fault_extension fault;
    payload p;
    sc_time began, ended;
    bool done = false;
    sc_core::sc_process_handle process;

    client(platform &platform, tlm::tlm_command cmd, uint64_t iova,
           unsigned length = 8, sc_time delay = sc_time())
        : b(platform)
    {
        b.setup(p, cmd, iova, data, length);
        p.set_extension(&fault);
        began = sc_time_stamp() + delay;
        process = sc_core::sc_spawn(
            [this, delay] {
                sc_time t = delay;

                b.send(p, &t);
                ended = sc_time_stamp() + t;
                done = true;
            },
            sc_core::sc_gen_unique_name("client"));
    }
    ~client()
    {
        p.clear_extension(&fault);
    }
};

static uint64_t ps(const sc_time &t)
{
    return static_cast<uint64_t>(t / sc_time(1, sc_core::SC_PS));
}

SIM_TEST(BridgeStall, WaitsForTheAnswer)
{
    std::vector<iovp_trace_record> seen;
    unsigned stag;

    stall_on(b);
    b.mem.put64(DATA + 0xa010, 0x1122334455667788);
    b.smmu.on_trace = [&](const iovp_trace_record &r) { seen.push_back(r); };
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE + 0x10, 8, us);
    sc_core::wait(50 * us);
    CHECK(!c.done);
    CHECK_EQ(c.fault.result, IOVP_RESULT_STALL);
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), c.fault.stall),
             SMMUV3_STALL_WAITING);
    stag = take_stall(b, PAGE_NONE + 0x10);
    map_none(b);
    sc_time before = sc_time_stamp();
    resume(b, stag, AC);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.p.get_response_status(), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(c.data[0], 0x88);
    CHECK(c.ended > before);
    CHECK(c.ended < before + 2 * us);
    CHECK_EQ(c.fault.result, IOVP_RESULT_OK);
    CHECK_EQ(c.fault.event, 0);
    CHECK_EQ(c.fault.stall, 0);
    CHECK_EQ(c.fault.stalls, 1);
    CHECK_EQ(c.fault.done, 8);
    // One record of the event, and one of the transaction, from its start.
    unsigned faults = 0, transactions = 0;
    for (const iovp_trace_record &r : seen) {
        faults += r.kind == IOVP_TRACE_FAULT;
        if (r.kind != IOVP_TRACE_TRANSACTION)
            continue;
        transactions++;
        CHECK_EQ(r.result, IOVP_RESULT_OK);
        CHECK_EQ(r.time_in, ps(c.began));
        CHECK_EQ(r.time_out, ps(c.ended));
    }
    CHECK_EQ(faults, 1);
    CHECK_EQ(transactions, 1);
}

SIM_TEST(BridgeStall, AbortAndRazWi)
{
    stall_on(b);
    client abort(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
    client zero(b, tlm::TLM_READ_COMMAND, PAGE_NONE + 8);
    client gone(b, tlm::TLM_WRITE_COMMAND, PAGE_NONE + 16);
    std::fill(zero.data, zero.data + 9, 0x5a);
    sc_core::wait(10 * us);
    resume(b, take_stall(b, PAGE_NONE), AB);
    resume(b, take_stall(b, PAGE_NONE + 8), 0);
    sc_core::wait(us);
    CHECK(abort.done && zero.done && !gone.done);
    CHECK_EQ(abort.p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(abort.fault.result, IOVP_RESULT_ABORT);
    CHECK_EQ(abort.fault.event, 0x10);
    CHECK_EQ(abort.fault.stalls, 1);
    CHECK_EQ(zero.p.get_response_status(), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(zero.fault.result, IOVP_RESULT_RAZWI);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(zero.data[i], 0);
    CHECK_EQ(zero.data[8], 0x5a);
    b.command(0x45 | static_cast<uint64_t>(SID_S1) << 32, 0);
    sc_core::wait(us);
    CHECK(gone.done);
    CHECK_EQ(gone.fault.result, IOVP_RESULT_ABORT);
}

// Other transactions and CMD_SYNC go on meanwhile (3.12.2, 4.7.3).
SIM_TEST(BridgeStall, OthersGoOn)
{
    unsigned char data[8];

    stall_on(b);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
    sc_core::wait(10 * us);
    CHECK_EQ(b.read(PAGE_A, data, 8), tlm::TLM_OK_RESPONSE);
    b.command(0x46, 0); // checks that it is consumed
    CHECK(!c.done);
    resume(b, take_stall(b, PAGE_NONE), AB);
    sc_core::wait(us);
    CHECK(c.done);
}

// It stalls again if nothing has changed, with a new record.
SIM_TEST(BridgeStall, RetryMayStallAgain)
{
    stall_on(b);
    client c(b, tlm::TLM_WRITE_COMMAND, PAGE_NONE);
    std::fill(c.data, c.data + 8, 0x77);
    sc_core::wait(10 * us);
    for (unsigned i = 0; i < 3; i++) {
        resume(b, take_stall(b, PAGE_NONE), AC);
        sc_core::wait(10 * us);
        CHECK(!c.done);
    }
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE), AC);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.fault.stalls, 4);
    CHECK_EQ(b.mem.get64(DATA + 0xa000), 0x7777777777777777);
    CHECK_EQ(b.events(), 0);
}

// A burst waits in the middle, and its parts stay in order.
SIM_TEST(BridgeStall, MiddleOfABurst)
{
    stall_on(b);
    for (unsigned i = 0; i < 32; i++)
        b.mem.bytes[DATA + 0x5000 + 4096 - 32 + i] = static_cast<uint8_t>(i);
    for (unsigned i = 0; i < 32; i++)
        b.mem.bytes[DATA + 0xa000 + i] = static_cast<uint8_t>(32 + i);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE - 32, 64);
    sc_core::wait(10 * us);
    CHECK_EQ(c.fault.result, IOVP_RESULT_STALL);
    CHECK_EQ(c.fault.done, 32);
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE), AC);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.fault.done, 64);
    for (unsigned i = 0; i < 64; i++)
        CHECK_EQ(c.data[i], i);
}

// An answer in the past of a decoupled initiator's local time.
SIM_TEST(BridgeStall, AnswerBeforeTheLocalTime)
{
    stall_on(b);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE, 8, 500 * us);
    sc_core::wait(10 * us);
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE), AC);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK(c.ended > c.began);
    CHECK(c.ended < c.began + 2 * us);
}

// 6.3.9.6, and a reset of the module.
SIM_TEST(BridgeStall, SmmuenOffEndsThem)
{
    stall_on(b);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
    sc_core::wait(10 * us);
    b.cr0(0xc);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.fault.result, IOVP_RESULT_ABORT);
    b.cr0(0xd);
    b.events();
}

SIM_TEST(BridgeStall, ResetEndsThem)
{
    stall_on(b);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
    sc_core::wait(10 * us);
    b.smmu.reset();
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.fault.result, IOVP_RESULT_ABORT);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
    b.bring_up();
}

// The STAG of a process that was killed stays in use until it is answered.
SIM_TEST(BridgeStall, KilledProcess)
{
    uint32_t stall;

    stall_on(b);
    {
        client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
        sc_core::wait(10 * us);
        stall = c.fault.stall;
        c.process.kill();
        sc_core::wait(us);
        CHECK(!c.done);
    }
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), stall), SMMUV3_STALL_NONE);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
    resume(b, take_stall(b, PAGE_NONE), AC);
}

SIM_TEST(BridgeStall, DebugDoesNotWait)
{
    unsigned char data[8];
    payload p;

    stall_on(b);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE, data, 8);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 0);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
    CHECK_EQ(b.events(), 0);
}

// Without time it waits all the same.
SIM_TEST(BridgeStall, Untimed)
{
    stall_on(b);
    b.smmu.set_timed(false);
    client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
    sc_core::wait(10 * us);
    CHECK(!c.done);
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE), AC);
    sc_core::wait(us);
    CHECK(c.done);
    CHECK_EQ(c.p.get_response_status(), tlm::TLM_OK_RESPONSE);
}

// The same scenario takes the same time.
SIM_TEST(BridgeStall, Deterministic)
{
    sc_time took[2];

    for (sc_time &t : took) {
        stall_on(b);
        client c(b, tlm::TLM_READ_COMMAND, PAGE_NONE);
        sc_core::wait(10 * us);
        map_none(b);
        resume(b, take_stall(b, PAGE_NONE), AC);
        sc_core::wait(us);
        CHECK(c.done);
        t = c.ended - c.began;
    }
    CHECK(took[0] == took[1]);
}

// ---- non-blocking --------------------------------------------------------

// A stalled request blocks neither the port nor its responses.
SIM_TEST(BridgeStall, NonBlocking)
{
    iovp::payload_pool pool;
    std::vector<payload *> order;
    unsigned char data[3][8];
    payload *p[3];

    stall_on(b);
    b.dma[0]->on_bw = [&](payload &q, tlm::tlm_phase &ph, sc_time &) {
        if (ph != tlm::BEGIN_RESP)
            return tlm::TLM_ACCEPTED;
        order.push_back(&q);
        ph = tlm::END_RESP;
        return tlm::TLM_COMPLETED;
    };
    for (unsigned i = 0; i < 3; i++) {
        tlm::tlm_phase ph = tlm::BEGIN_REQ;
        sc_time t;

        p[i] = &pool.take();
        b.setup(*p[i], tlm::TLM_READ_COMMAND,
                i == 0 ? PAGE_NONE : PAGE_A + 8 * i, data[i], 8);
        CHECK_EQ(b.dma[0]->socket->nb_transport_fw(*p[i], ph, t),
                 tlm::TLM_UPDATED);
        sc_core::wait(us);
    }
    sc_core::wait(10 * us);
    REQUIRE(order.size() == 2);
    CHECK(order[0] == p[1] && order[1] == p[2]);
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE), AC);
    sc_core::wait(us);
    REQUIRE(order.size() == 3);
    CHECK(order[2] == p[0]);
    CHECK_EQ(p[0]->get_response_status(), tlm::TLM_OK_RESPONSE);
    for (payload *q : p)
        q->release();
}

// Requests that overlap stay in order; who comes behind them overtakes.
SIM_TEST(BridgeStall, NonBlockingOverlap)
{
    static const uint64_t iova[] = {PAGE_NONE, PAGE_NONE + 4, PAGE_A,
                                    PAGE_NONE + 8, PAGE_NONE + 16};
    static const unsigned want[] = {2, 4, 0, 1, 3};
    iovp::payload_pool pool;
    std::vector<payload *> order;
    unsigned char data[5][8];
    payload *p[5];

    stall_on(b);
    b.dma[0]->on_bw = [&](payload &q, tlm::tlm_phase &ph, sc_time &) {
        if (ph != tlm::BEGIN_RESP)
            return tlm::TLM_ACCEPTED;
        order.push_back(&q);
        ph = tlm::END_RESP;
        return tlm::TLM_COMPLETED;
    };
    for (unsigned i = 0; i < 5; i++) {
        tlm::tlm_phase ph = tlm::BEGIN_REQ;
        sc_time t;

        p[i] = &pool.take();
        b.setup(*p[i], tlm::TLM_READ_COMMAND, iova[i], data[i], 8);
        CHECK_EQ(b.dma[0]->socket->nb_transport_fw(*p[i], ph, t),
                 tlm::TLM_UPDATED);
        sc_core::wait(us);
    }
    sc_core::wait(10 * us);
    CHECK_EQ(order.size(), 1);
    // The last one overlaps nobody: it is in the SMMU, and stalls there.
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 2);
    unsigned stag = take_stall(b, PAGE_NONE);
    map_none(b);
    resume(b, take_stall(b, PAGE_NONE + 16), AC);
    sc_core::wait(us);
    CHECK_EQ(order.size(), 2);
    resume(b, stag, AC);
    sc_core::wait(10 * us);
    REQUIRE(order.size() == 5);
    for (unsigned i = 0; i < 5; i++)
        CHECK(order[i] == p[want[i]]);
    for (payload *q : p)
        q->release();
}

// ---- those that cannot wait ----------------------------------------------

// Outside of a process, and in an SC_METHOD: told at once, and done again by
// its initiator when it was answered.
static void cannot_wait(bool method)
{
    platform &b = the();
    std::vector<uint32_t> answered;
    unsigned char data[40] = {};
    fault_extension fault;
    sc_core::sc_spawn_options o;
    payload p;

    b.settle();
    CHECK(b.execute([&] { stall_on(b); }));
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE - 32, data, 40);
    p.set_extension(&fault);
    if (method) {
        o.spawn_method();
        sc_core::sc_spawn([&] { b.send(p); },
                          sc_core::sc_gen_unique_name("method"), &o);
        CHECK(b.execute([] { sc_core::wait(us); }));
    } else {
        b.send(p);
    }
    CHECK_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(fault.result, IOVP_RESULT_STALL);
    CHECK_EQ(fault.event, 0x10);
    CHECK_EQ(fault.done, 32);
    CHECK(fault.stall != 0);
    b.smmu.on_resumed = [&](uint32_t n) { answered.push_back(n); };
    CHECK(b.execute([&] {
        map_none(b);
        resume(b, take_stall(b, PAGE_NONE), AC);
    }));
    b.smmu.on_resumed = nullptr;
    REQUIRE(answered.size() == 1);
    CHECK_EQ(answered[0], fault.stall);
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), fault.stall),
             SMMUV3_STALL_RETRY);
    smmuv3_stall_end(b.smmu.core(), fault.stall);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_NONE, data + 32, 8);
    CHECK_EQ(b.send(p), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(fault.stall, 0);
    p.clear_extension(&fault);
    b.check_protocol();
}

TEST_CASE(BridgeStall, OutsideOfAProcess)
{
    cannot_wait(false);
}

TEST_CASE(BridgeStall, InAnScMethod)
{
    cannot_wait(true);
}

// SPDX-License-Identifier: MIT
// Processes that are killed wherever their transaction may wait, and those that
// cannot wait: the SMMU and everybody else go on, and nothing stays behind.
#include "stall_bench.h"

using namespace bench;
using iovp::fault_extension;

// A client access in a process of its own.
struct client {
    platform &b;
    unsigned char data[8] = {};
    fault_extension fault;
    payload p;
    bool done = false;
    sc_core::sc_process_handle process;

    client(platform &platform, uint64_t iova) : b(platform)
    {
        b.setup(p, tlm::TLM_READ_COMMAND, iova, data, 8);
        p.set_extension(&fault);
        process = sc_core::sc_spawn(
            [this] {
                b.send(p);
                done = true;
            },
            sc_core::sc_gen_unique_name("client"));
    }
    ~client()
    {
        p.clear_extension(&fault);
    }
};

// It is there for others, commands and CMD_SYNC, and no slot is lost.
static void check_alive(platform &b)
{
    unsigned char data[8];

    b.settle();
    b.invalidate();
    CHECK_EQ(b.read(PAGE_A, data, 8), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
}

// Its record is being written by the process that does the queue work.
SIM_TEST(BridgeKill, WhileItsRecordIsWritten)
{
    uint32_t stall;
    unsigned stag;

    stall_on(b);
    b.cr0(9); // EVENTQEN 0: the record waits
    client c(b, PAGE_NONE);
    sc_core::wait(10 * us);
    CHECK_EQ(c.fault.result, IOVP_RESULT_STALL);
    stall = c.fault.stall;
    b.mem.table_wait = 100 * us;
    b.write32(0x20, 0xd);
    sc_core::wait(50 * us);
    c.process.kill();
    sc_core::wait(200 * us);
    b.settle();
    CHECK(!c.done);
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), stall), SMMUV3_STALL_NONE);
    stag = take_stall(b, PAGE_NONE);
    resume(b, stag, AC);
    check_alive(b);
    CHECK_EQ(b.events(), 0);
}

// It was answered, and waits for the core to retry.
SIM_TEST(BridgeKill, BeforeTheRetry)
{
    stall_on(b);
    client c(b, PAGE_NONE);
    sc_core::wait(10 * us);
    uint32_t stall = c.fault.stall;
    unsigned stag = take_stall(b, PAGE_NONE);
    b.mem.table_wait = 10 * us;
    b.command(0x44 | AC | static_cast<uint64_t>(SID_S1) << 32, stag, false);
    b.command(0x46, 0, false); // its fetch keeps the core busy
    for (unsigned i = 0; i < 1000 && smmuv3_stall_state(b.smmu.core(), stall) !=
                                         SMMUV3_STALL_RETRY;
         i++)
        sc_core::wait(0.1 * us);
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), stall), SMMUV3_STALL_RETRY);
    sc_core::wait(us);
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), stall), SMMUV3_STALL_RETRY);
    c.process.kill();
    CHECK_EQ(smmuv3_stall_state(b.smmu.core(), stall), SMMUV3_STALL_NONE);
    sc_core::wait(100 * us);
    check_alive(b);
}

// In the target of the translated access: 4.7.3, CMD_SYNC waits no more.
SIM_TEST(BridgeKill, Downstream)
{
    b.mem.client_wait = 50 * us;
    client c(b, PAGE_A);
    sc_core::wait(10 * us);
    c.process.kill();
    sc_core::wait(us);
    CHECK(!c.done);
    check_alive(b);
}

// In a table walk: the core is free for others.
SIM_TEST(BridgeKill, InAWalk)
{
    b.mem.table_wait = 50 * us;
    client c(b, PAGE_B);
    sc_core::wait(10 * us);
    client waits(b, PAGE_A);
    sc_core::wait(10 * us);
    c.process.kill();
    sc_core::wait(us);
    CHECK(!c.done);
    b.mem.table_wait = sc_time();
    sc_core::wait(500 * us);
    CHECK(waits.done);
    CHECK_EQ(waits.p.get_response_status(), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(b.events(), 0);
    check_alive(b);
}

// In the write of the record of its own fault.
SIM_TEST(BridgeKill, InItsOwnRecord)
{
    bool writing = false;

    stall_on(b);
    b.mem.on_table = [&](payload &p) { writing |= p.is_write(); };
    b.mem.table_wait = 50 * us;
    client c(b, PAGE_NONE);
    for (unsigned i = 0; i < 100 && !writing; i++)
        sc_core::wait(10 * us);
    CHECK(writing);
    c.process.kill();
    b.settle();
    CHECK(!c.done);
    CHECK_EQ(smmuv3_stalls(b.smmu.core()), 0);
    CHECK_EQ(b.read32(0x60), b.read32(0x64)); // GERROR, GERRORN
    resume(b, take_stall(b, PAGE_NONE), AB);
    CHECK_EQ(b.events(), 0);
    check_alive(b);
}

// While another is in the core an SC_METHOD cannot wait: it is told so.
SIM_TEST(BridgeKill, MethodWhileTheCoreIsBusy)
{
    sc_core::sc_spawn_options o;
    unsigned char data[8];
    fault_extension fault;
    payload p, r;
    uint32_t v = 0;

    b.mem.table_wait = 50 * us;
    client first(b, PAGE_B);
    sc_core::wait(10 * us);
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, data, 8);
    p.set_extension(&fault);
    o.spawn_method();
    sc_core::sc_spawn(
        [&] {
            b.send(p);
            CHECK_EQ(b.reg(false, 0, &v, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
        },
        sc_core::sc_gen_unique_name("method"), &o);
    sc_core::wait(us);
    CHECK_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(fault.result, IOVP_RESULT_ABORT);
    p.clear_extension(&fault);
    b.mem.table_wait = sc_time();
    sc_core::wait(500 * us);
    CHECK(first.done);
    check_alive(b);
}

// Waiting for its turn in the core.
SIM_TEST(BridgeKill, BeforeTheCore)
{
    b.mem.table_wait = 10 * us;
    client first(b, PAGE_B);
    sc_core::wait(us);
    client c(b, PAGE_A);
    sc_core::wait(us);
    c.process.kill();
    b.mem.table_wait = sc_time();
    sc_core::wait(100 * us);
    CHECK(first.done);
    CHECK(!c.done);
    check_alive(b);
}

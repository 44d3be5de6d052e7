// SPDX-License-Identifier: MIT
// What the module adds to the core's queues and registers: processes, waiting,
// interrupts, and accesses that come back to where they started.
#include "bench.h"

using namespace bench;

static const sc_time ns(1, sc_core::SC_NS);
static const sc_time us(1, sc_core::SC_US);

enum : uint64_t { CMD_SYNC = 0x46, CS_SEV = 2 << 12, CS_IRQ = 1 << 12 };

// Run `script` in a process of its own beside the caller's.
static sc_core::sc_process_handle beside(std::function<void()> script)
{
    return sc_core::sc_spawn(script, sc_core::sc_gen_unique_name("beside"));
}

// ---- registers ----

SIM_TEST(Registers, WidthsAndErrors)
{
    unsigned char odd[3];
    uint64_t v8 = 0;
    uint32_t v4;
    uint16_t v2;

    CHECK_EQ(b.reg(false, 0x80, &v8, 8), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(v8, STRTAB);
    CHECK_EQ(b.reg(false, 0x80, &v2, 2), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(b.reg(false, 0x82, &v4, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(b.reg(false, 0x80, odd, 3), tlm::TLM_BURST_ERROR_RESPONSE);
    CHECK_EQ(b.reg(false, 0x20000, &v4, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(b.reg(true, 0xfffffffc, &v4, 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

SIM_TEST(Registers, ByteEnablesAreAllOrNothing)
{
    unsigned char be[4] = {0xff, 0xff, 0xff, 0xff};
    uint32_t v = 0;
    payload p;
    sc_time t;

    b.setup(p, tlm::TLM_READ_COMMAND, 0x24, &v, 4); // SMMU_CR0ACK
    p.set_byte_enable_ptr(be);
    p.set_byte_enable_length(4);
    b.cpu.socket->b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(v, 0xd);
    be[2] = 0;
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    b.cpu.socket->b_transport(p, t);
    CHECK_EQ(p.get_response_status(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
}

SIM_TEST(Registers, DebugReadsButDoesNotWrite)
{
    uint32_t v = 0;
    payload p;

    b.setup(p, tlm::TLM_READ_COMMAND, 0x24, &v, 4);
    CHECK_EQ(b.cpu.socket->transport_dbg(p), 4);
    CHECK_EQ(v, 0xd);
    v = 0;
    b.setup(p, tlm::TLM_WRITE_COMMAND, 0x20, &v, 4);
    CHECK_EQ(b.cpu.socket->transport_dbg(p), 0);
    CHECK_EQ(b.read32(0x20), 0xd);
}

// ---- CMD_SYNC and transactions under way (4.7.3) ----

SIM_TEST(QueueWork, SyncWaitsForATransactionUnderWay)
{
    unsigned char data[8] = {};
    sc_time ended, synced;
    bool done = false;

    b.smmu.on_sev = [&] { synced = sc_time_stamp(); };
    b.mem.client_wait = 50 * us;
    beside([&] {
        b.read(PAGE_A, data, 8);
        ended = sc_time_stamp();
        done = true;
    });
    sc_core::wait(10 * us); // it is in the memory now
    b.command(CMD_SYNC | CS_SEV, 0, false);
    sc_core::wait(20 * us);
    CHECK(synced == sc_time());
    CHECK(!done);
    sc_core::wait(30 * us);
    CHECK(done);
    CHECK(synced >= ended);
    CHECK(synced < ended + us);
}

// A transaction begun after the CMD_SYNC does not hold it up.
SIM_TEST(QueueWork, SyncDoesNotWaitForLaterTransactions)
{
    unsigned char first[8], later[8];
    sc_time synced;

    b.smmu.on_sev = [&] { synced = sc_time_stamp(); };
    b.mem.client_wait = 50 * us;
    sc_time start = sc_time_stamp();
    beside([&] { b.read(PAGE_A, first, 8); });
    sc_core::wait(10 * us);
    b.command(CMD_SYNC | CS_SEV, 0, false);
    sc_core::wait(10 * us);
    beside([&] { b.read(PAGE_B, later, 8); });
    sc_core::wait(80 * us);
    CHECK(synced >= start + 50 * us);
    CHECK(synced < start + 60 * us); // the later one ends after 70 us
}

// command_cycles is 8 at 1 ns in this profile; each batch waits its time.
SIM_TEST(QueueWork, CommandsTakeTime)
{
    sc_time start, synced;
    uint32_t prod = b.read32(0x98);

    b.smmu.on_sev = [&] { synced = sc_time_stamp(); };
    for (unsigned i = 0; i < 20; i++) {
        b.mem.put64(CMDQ + 16 * ((prod + i) & 31), i < 19 ? 0x30 : 0x2046);
        b.mem.put64(CMDQ + 16 * ((prod + i) & 31) + 8, 0);
    }
    start = sc_time_stamp();
    b.write32(0x98, (prod + 20) & 63);
    sc_core::wait(10 * us);
    // The SYNC is in the second batch of 16.
    CHECK_EQ((synced - start).value(), (16 * 8 * ns).value());
}

SIM_TEST(QueueWork, UntimedTakesNone)
{
    sc_time start, synced;

    b.smmu.set_timed(false);
    b.smmu.on_sev = [&] { synced = sc_time_stamp(); };
    start = sc_time_stamp();
    for (unsigned i = 0; i < 20; i++)
        b.command(0x30, 0, false);
    b.command(CMD_SYNC | CS_SEV, 0, false);
    sc_core::wait(us);
    CHECK(synced == start);
}

// ---- interrupts ----

struct edges {
    explicit edges(platform &b) : line(b.irq[IOVP_IRQ_EVENTQ])
    {
        watch = beside([this] {
            for (;;) {
                sc_core::wait(line.value_changed_event());
                if (line.read())
                    rise.push_back(sc_time_stamp());
                else
                    fall.push_back(sc_time_stamp());
            }
        });
        sc_core::wait(sc_core::SC_ZERO_TIME);
    }
    ~edges()
    {
        watch.kill();
    }
    sc_core::sc_signal<bool> &line;
    sc_core::sc_process_handle watch;
    std::vector<sc_time> rise, fall;
};

SIM_TEST(Interrupts, EventIsAPulseAndACallback)
{
    std::vector<int> lines;
    unsigned char data[8];
    edges e(b);

    b.smmu.on_irq = [&](enum iovp_irq_line l) { lines.push_back(l); };
    b.read(PAGE_NONE, data, 8);
    sc_core::wait(us);
    REQUIRE(lines.size() == 1);
    CHECK_EQ(lines[0], IOVP_IRQ_EVENTQ);
    REQUIRE(e.rise.size() == 1 && e.fall.size() == 1);
    CHECK_EQ((e.fall[0] - e.rise[0]).value(), ns.value()); // one clock
}

// An edge during the pulse must not be lost: its handler may have read the
// queue before the second record came.
SIM_TEST(Interrupts, EdgeDuringAPulseIsSeen)
{
    unsigned char data[8];
    edges e(b);

    b.read(PAGE_NONE, data, 8);
    sc_core::wait(ns / 2);
    CHECK(e.line.read());
    b.events();
    b.read(PAGE_NONE, data, 8);
    sc_core::wait(us);
    CHECK_EQ(e.rise.size(), 2);
    CHECK_EQ(e.fall.size(), 2);
}

SIM_TEST(Interrupts, MsiIsAWriteOnWalk)
{
    uint32_t seen = 0, data = 0;
    uint64_t at = 0;

    b.mem.put64(MSI_ADDR, 0);
    b.command(CMD_SYNC | CS_IRQ | 0xcafeull << 32, MSI_ADDR);
    sc_core::wait(us);
    CHECK_EQ(b.mem.get64(MSI_ADDR), 0xcafe);
    b.smmu.on_msi = [&](uint64_t addr, uint32_t d) {
        at = addr;
        data = d;
        seen++;
    };
    b.command(CMD_SYNC | CS_IRQ | 0xbeefull << 32, MSI_ADDR);
    sc_core::wait(us);
    CHECK_EQ(seen, 1);
    CHECK_EQ(at, MSI_ADDR);
    CHECK_EQ(data, 0xbeef);
    CHECK_EQ(b.mem.get64(MSI_ADDR), 0xcafe); // the callback takes its place
}

// ---- sharing the core ----

// While one walk waits in memory, another transaction waits for the core, and
// both end; the second one's delay counts from its own entry.
SIM_TEST(Sharing, WalkThatWaitsHoldsOthers)
{
    unsigned char x[8], y[8];
    sc_time first, second, start = sc_time_stamp();

    b.mem.table_wait = us;
    beside([&] {
        sc_time t;

        CHECK_EQ(b.read(PAGE_A, x, 8, &t), tlm::TLM_OK_RESPONSE);
        first = sc_time_stamp() + t;
    });
    sc_core::wait(100 * ns);
    sc_time t = 50 * ns;
    CHECK_EQ(b.read(PAGE_B, y, 8, &t), tlm::TLM_OK_RESPONSE);
    second = sc_time_stamp() + t;
    // STE, CD, L1, L2, L3; then the second finds all but its own page.
    CHECK_EQ(b.mem.table_reads, 6);
    CHECK(first >= start + 5 * us);
    CHECK(first < start + 5 * us + 100 * ns);
    CHECK(second >= start + 6 * us);
}

SIM_TEST(Sharing, DebugDoesNotWaitForAWalk)
{
    unsigned char x[8], y[8];
    sc_time now;
    payload p;

    b.mem.table_wait = us;
    beside([&] { b.read(PAGE_A, x, 8); });
    sc_core::wait(100 * ns);
    now = sc_time_stamp();
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_B, y, 8);
    CHECK_EQ(b.dma[0]->socket->transport_dbg(p), 8);
    CHECK(sc_time_stamp() == now);
    sc_core::wait(10 * us);
}

// A descriptor fetch that is routed back to the SMMU's own sockets must end
// with an error, not with a deadlock.
SIM_TEST(Sharing, WalkThatComesBackIsRefused)
{
    tlm::tlm_response_status reg = tlm::TLM_OK_RESPONSE;
    tlm::tlm_response_status dma = tlm::TLM_OK_RESPONSE;
    unsigned char x[8], y[8];

    b.mem.on_table = [&](payload &) {
        uint32_t v = 0;

        reg = b.reg(false, 0x20, &v, 4);
        dma = b.access(tlm::TLM_READ_COMMAND, PAGE_B, y, 8);
    };
    CHECK_EQ(b.read(PAGE_A, x, 8), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(reg, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(dma, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

SIM_TEST(Sharing, CallbackThatComesBackIsRefused)
{
    tlm::tlm_response_status reg = tlm::TLM_OK_RESPONSE;
    unsigned char x[8];

    b.smmu.on_irq = [&](enum iovp_irq_line) {
        uint32_t v = 0;

        reg = b.reg(false, 0x20, &v, 4);
    };
    b.read(PAGE_NONE, x, 8);
    CHECK_EQ(reg, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(b.read32(0x20), 0xd);
}

// Many processes, waiting memory on both sides, one SYNC after another: all
// end, with the right data, and the pool does not grow without bound.
SIM_TEST(Sharing, ManyProcesses)
{
    unsigned ended = 0;

    for (unsigned i = 0; i < 64; i++)
        b.mem.put64(DATA + 8 * i, i);
    b.mem.table_wait = 200 * ns;
    b.mem.client_wait = 300 * ns;
    for (unsigned i = 0; i < 64; i++) {
        beside([&b, &ended, i] {
            unsigned char x[8];

            for (unsigned k = 0; k < 8; k++) {
                CHECK_EQ(b.read(PAGE_A + 8 * i, x, 8), tlm::TLM_OK_RESPONSE);
                CHECK_EQ(x[0], i);
            }
            ended++;
        });
    }
    for (unsigned i = 0; i < 4; i++)
        b.invalidate();
    sc_core::wait(1000 * us);
    CHECK_EQ(ended, 64);
}

SIM_TEST(Reset, IsAsAfterConstruction)
{
    unsigned char x[8];

    b.smmu.reset();
    CHECK_EQ(b.read32(0x20), 0);
    // Bypass: no translation (6.3.14 with GBPA as reset).
    CHECK_EQ(b.read(DATA, x, 8), tlm::TLM_OK_RESPONSE);
    CHECK_EQ(b.mem.log.back().address, DATA);
    b.bring_up();
}

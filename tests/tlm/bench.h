// SPDX-License-Identifier: MIT
// A SystemC bench around one smmuv3_module with a protocol checker at every
// socket: a scripted initiator, a memory that keeps a log of what reaches it,
// and stage 1 tables written by hand from IHI 0070 chapter 5 and the VMSAv8-64
// descriptor formats.
//
// SIM_TEST(Suite, Name) { ... }  runs in a SystemC thread, with `b` the bench.
#ifndef IOVP_TESTS_TLM_BENCH_H
#define IOVP_TESTS_TLM_BENCH_H

#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "../../models/common/tlm/base_protocol_checker.h"
#include "../../models/smmuv3/tlm/smmuv3_module.h"
#include "shim.h"

namespace bench
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;
using payload = tlm::tlm_generic_payload;

// ---- the map of physical memory ----

enum : uint64_t {
    STRTAB = 0x10000,
    CDTAB = 0x20000,
    TTB = 0x30000, // level 1, 2 and 3 tables, 4 KiB each
    CMDQ = 0x40000,
    EVENTQ = 0x41000,
    MSI_ADDR = 0x50000,
    DATA = 0x100000,
    BLOCK = 0x200000,
    MEMORY = 0x400000, // bytes
};

// IOVAs of stream 0, without PASID or with PASID 1 (whose CD.A is 0).
enum : uint64_t {
    PAGE_A = 0x1000,     // -> DATA, read and write
    PAGE_B = 0x2000,     // -> DATA + 0x5000, read and write
    PAGE_NONE = 0x3000,  // not mapped
    PAGE_RO = 0x4000,    // -> DATA + 0x6000, read only
    PAGE_C = 0x5000,     // -> DATA + 0x8000, read and write
    PAGE_HOLE = 0x6000,  // -> beyond the memory
    PAGE_SELF = 0x7000,  // -> DATA + 0x9000; its own use per test
    BLOCK_2M = 0x200000, // -> BLOCK, a 2 MiB block
};

enum { SID_S1 = 0, SID_BYPASS = 1, SID_ABORT = 2 };

// What the memory saw of one client access.
struct seen {
    tlm::tlm_command command;
    uint64_t address;
    unsigned length, width;
    std::vector<unsigned char> enables;
    bool has_attrs;
    iovp_attrs attrs;
    sc_time at; // effective local time of arrival
};

class memory : public sc_core::sc_module
{
  public:
    explicit memory(sc_core::sc_module_name name)
        : sc_core::sc_module(name), client("client"), table("table"),
          bytes(MEMORY)
    {
        client.register_b_transport(this, &memory::client_b);
        client.register_transport_dbg(this, &memory::dbg);
        table.register_b_transport(this, &memory::table_b);
        table.register_transport_dbg(this, &memory::dbg);
    }

    tlm_utils::simple_target_socket<memory> client, table;
    std::vector<unsigned char> bytes;
    std::vector<seen> log; // client accesses
    sc_time client_latency, table_latency;
    sc_time client_wait, table_wait; // really waited, not annotated
    unsigned table_reads = 0, debugs = 0;
    std::function<void(payload &)> on_table; // before a table access

    void put64(uint64_t at, uint64_t v)
    {
        for (unsigned i = 0; i < 8; i++)
            bytes[at + i] = static_cast<unsigned char>(v >> (8 * i));
    }
    uint64_t get64(uint64_t at) const
    {
        uint64_t v = 0;

        for (unsigned i = 8; i--;)
            v = v << 8 | bytes[at + i];
        return v;
    }

  private:
    void client_b(payload &p, sc_time &t)
    {
        iovp::attrs_extension *e = p.get_extension<iovp::attrs_extension>();
        const unsigned char *be = p.get_byte_enable_ptr();

        log.push_back({p.get_command(),
                       p.get_address(),
                       p.get_data_length(),
                       p.get_streaming_width(),
                       {},
                       e != nullptr,
                       e ? e->attrs : iovp::no_attrs(),
                       sc_time_stamp() + t});
        if (be)
            log.back().enables.assign(be, be + p.get_byte_enable_length());
        access(p);
        pass(t, client_wait, client_latency);
    }

    void table_b(payload &p, sc_time &t)
    {
        table_reads += p.is_read();
        if (on_table)
            on_table(p);
        access(p);
        pass(t, table_wait, table_latency);
    }

    static void pass(sc_time &t, const sc_time &waited, const sc_time &latency)
    {
        if (waited != sc_core::SC_ZERO_TIME) {
            sc_core::wait(t + waited);
            t = sc_core::SC_ZERO_TIME;
        }
        t += latency;
    }

    void access(payload &p)
    {
        const unsigned char *be = p.get_byte_enable_ptr();
        unsigned w = p.get_streaming_width();

        if (p.get_address() + std::min(w, p.get_data_length()) > MEMORY) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        for (unsigned i = 0; i < p.get_data_length(); i++) {
            unsigned char &m = bytes[p.get_address() + i % w];

            if (be && be[i % p.get_byte_enable_length()] != TLM_BYTE_ENABLED)
                continue;
            if (p.is_read())
                p.get_data_ptr()[i] = m;
            else
                m = p.get_data_ptr()[i];
        }
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    unsigned dbg(payload &p)
    {
        debugs++;
        if (p.get_address() + p.get_data_length() > MEMORY)
            return 0;
        if (p.is_read())
            std::memcpy(p.get_data_ptr(), &bytes[p.get_address()],
                        p.get_data_length());
        else
            std::memcpy(&bytes[p.get_address()], p.get_data_ptr(),
                        p.get_data_length());
        return p.get_data_length();
    }
};

class initiator : public sc_core::sc_module, public tlm::tlm_bw_transport_if<>
{
  public:
    explicit initiator(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        socket.bind(*this);
    }

    tlm::tlm_initiator_socket<> socket;
    std::function<tlm::tlm_sync_enum(payload &, tlm::tlm_phase &, sc_time &)>
        on_bw;

  private:
    tlm::tlm_sync_enum nb_transport_bw(payload &p, tlm::tlm_phase &ph,
                                       sc_time &t) override
    {
        return on_bw ? on_bw(p, ph, t) : tlm::TLM_ACCEPTED;
    }
    void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override
    {
    }
};

class platform;

// What a program may set before main: another SMMU, with more ports, and what
// is to be built around it.
inline void (*adjust_config)(smmuv3_config &) = nullptr;
inline unsigned more_ports = 0;
inline void (*extend)(platform &) = nullptr;

inline smmuv3_config config()
{
    smmuv3_config c;

    smmuv3_config_default(&c, SMMUV3_PROFILE_MMU600);
    if (adjust_config)
        adjust_config(c);
    return c;
}

class platform : public sc_core::sc_module
{
  public:
    explicit platform(sc_core::sc_module_name name)
        : sc_core::sc_module(name), cpu("cpu"),
          smmu("smmu", config(), 2 + more_ports), mem("mem"), irq("irq", 4)
    {
        for (unsigned i = 0; i < 2; i++) {
            dma.push_back(std::make_unique<initiator>(i ? "dma1" : "dma0"));
            join(dma[i]->socket, smmu.upstream[i], i ? "up1" : "up0");
        }
        join(cpu.socket, smmu.regs, "regs");
        join(smmu.downstream, mem.client, "down");
        join(smmu.walk, mem.table, "walk");
        for (unsigned i = 0; i < 4; i++)
            smmu.irq[i].bind(irq[i]);
        sc_core::sc_spawn([this] { run(); }, "script");
        if (extend)
            extend(*this);
    }

    std::vector<std::unique_ptr<initiator>> dma;
    initiator cpu;
    iovp::smmuv3_module smmu;
    memory mem;
    sc_core::sc_vector<sc_core::sc_signal<bool>> irq;
    std::vector<std::unique_ptr<iovp::base_protocol_checker>> checkers;

    template <typename I, typename T>
    void join(I &from, T &to, const char *name)
    {
        checkers.emplace_back(iovp::bind_checked(from, to, name));
        checkers.back()->on_violation = [](iovp::bp_rule,
                                           const std::string &text) {
            shim_fail(__FILE__, __LINE__, "%s", text.c_str());
        };
    }

    // Runs `script` in a thread of the simulation; false: it did not end.
    bool execute(std::function<void()> script)
    {
        script_ = std::move(script);
        go_.notify(sc_core::SC_ZERO_TIME);
        sc_core::sc_start();
        return !script_;
    }

    // ---- registers ----

    tlm::tlm_response_status reg(bool write, uint32_t offset, void *data,
                                 unsigned width)
    {
        payload p;
        sc_time t;

        p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        p.set_address(offset);
        p.set_data_ptr(static_cast<unsigned char *>(data));
        p.set_data_length(width);
        p.set_streaming_width(width);
        cpu.socket->b_transport(p, t);
        return p.get_response_status();
    }
    void write32(uint32_t offset, uint32_t v)
    {
        CHECK_EQ(reg(true, offset, &v, 4), tlm::TLM_OK_RESPONSE);
    }
    void write64(uint32_t offset, uint64_t v)
    {
        CHECK_EQ(reg(true, offset, &v, 8), tlm::TLM_OK_RESPONSE);
    }
    uint32_t read32(uint32_t offset)
    {
        uint32_t v = 0;

        CHECK_EQ(reg(false, offset, &v, 4), tlm::TLM_OK_RESPONSE);
        return v;
    }

    // ---- bring-up: to be called in a script ----

    void bring_up()
    {
        tables();
        write64(0x80, STRTAB);     // SMMU_STRTAB_BASE
        write32(0x88, 4);          // _CFG: linear, 16 entries
        write64(0x90, CMDQ | 5);   // SMMU_CMDQ_BASE: 32 entries
        write32(0x98, 0);          // SMMU_CMDQ_PROD
        write32(0x9c, 0);          // SMMU_CMDQ_CONS
        write64(0xa0, EVENTQ | 5); // SMMU_EVENTQ_BASE: 32 entries
        write32(0x100a8, 0);       // SMMU_EVENTQ_PROD
        write32(0x100ac, 0);       // SMMU_EVENTQ_CONS
        write32(0x50, 7);          // SMMU_IRQ_CTRL
        cr0(0xc);                  // CMDQEN, EVENTQEN
        invalidate();
        cr0(0xd); // and SMMUEN
    }
    void cr0(uint32_t v)
    {
        write32(0x20, v);
        for (unsigned i = 0; i < 100 && read32(0x24) != v; i++)
            sc_core::wait(100, sc_core::SC_NS);
        CHECK_EQ(read32(0x24), v); // SMMU_CR0ACK
    }
    // Queue one command; wait until it is consumed if told so.
    void command(uint64_t w0, uint64_t w1, bool wait = true)
    {
        uint32_t prod = read32(0x98);

        mem.put64(CMDQ + 16 * (prod & 31), w0);
        mem.put64(CMDQ + 16 * (prod & 31) + 8, w1);
        prod = (prod + 1) & 63;
        write32(0x98, prod);
        for (unsigned i = 0; wait && i < 100 && read32(0x9c) != prod; i++)
            sc_core::wait(1, sc_core::SC_US);
        CHECK(!wait || read32(0x9c) == prod);
    }
    // CMD_CFGI_ALL, CMD_TLBI_NSNH_ALL, CMD_SYNC
    void invalidate()
    {
        command(0x04, 31);
        command(0x30, 0);
        command(0x46, 0);
    }

    // Event records written and not consumed yet; this consumes them.
    unsigned events(uint8_t *last_type = nullptr)
    {
        uint32_t prod = read32(0x100a8) & 63, cons = read32(0x100ac) & 63;
        unsigned n = (prod - cons) & 63;

        if (n && last_type)
            *last_type = mem.bytes[EVENTQ + 32 * ((prod - 1) & 31)];
        write32(0x100ac, prod);
        return n;
    }

    // ---- client accesses ----

    static void setup(payload &p, tlm::tlm_command cmd, uint64_t iova,
                      void *data, unsigned length)
    {
        p.set_command(cmd);
        p.set_address(iova);
        p.set_data_ptr(static_cast<unsigned char *>(data));
        p.set_data_length(length);
        p.set_streaming_width(length);
        p.set_byte_enable_ptr(nullptr);
        p.set_byte_enable_length(0);
        p.set_dmi_allowed(false);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }
    tlm::tlm_response_status send(payload &p, sc_time *delay = nullptr,
                                  unsigned port = 0)
    {
        sc_time t;

        dma[port]->socket->b_transport(p, delay ? *delay : t);
        return p.get_response_status();
    }
    tlm::tlm_response_status access(tlm::tlm_command cmd, uint64_t iova,
                                    void *data, unsigned length,
                                    sc_time *delay = nullptr)
    {
        payload p;

        setup(p, cmd, iova, data, length);
        return send(p, delay);
    }
    tlm::tlm_response_status read(uint64_t iova, void *data, unsigned length,
                                  sc_time *delay = nullptr)
    {
        return access(tlm::TLM_READ_COMMAND, iova, data, length, delay);
    }
    tlm::tlm_response_status write(uint64_t iova, void *data, unsigned length,
                                   sc_time *delay = nullptr)
    {
        return access(tlm::TLM_WRITE_COMMAND, iova, data, length, delay);
    }

    // Between tests: nothing latent, nothing logged, memory without latency.
    void settle()
    {
        mem.log.clear();
        mem.table_reads = mem.debugs = 0;
        mem.on_table = nullptr;
        mem.client_latency = mem.table_latency = sc_time();
        mem.client_wait = mem.table_wait = sc_time();
        smmu.on_irq = nullptr;
        smmu.on_sev = nullptr;
        smmu.on_msi = nullptr;
        smmu.on_trace = nullptr;
        smmu.on_atc_invalidate = nullptr;
        smmu.on_pri_response = nullptr;
        smmu.set_timed(true);
        for (unsigned i = 0; i < 2; i++) {
            iovp_attrs a = iovp::no_attrs();

            a.specified = IOVP_ATTR_STREAM_ID;
            a.stream_id = SID_S1;
            smmu.set_port_attrs(i, a);
            smmu.set_port_index(i, static_cast<uint16_t>(i));
            smmu.set_port_may_stall(i, true);
            dma[i]->on_bw = nullptr;
        }
    }
    void check_protocol()
    {
        for (auto &c : checkers) {
            CHECK_EQ(c->violations(), 0);
            CHECK_EQ(c->under_way(), 0);
        }
    }

  private:
    void ste(unsigned sid, uint64_t w0, uint64_t w1)
    {
        mem.put64(STRTAB + 64 * sid, w0);
        mem.put64(STRTAB + 64 * sid + 8, w1);
    }
    void cd(unsigned ssid, unsigned asid, bool abort)
    {
        uint64_t w0 = 25            // T0SZ: 39 bits; TG0 = 0: 4 KiB
                      | 1ull << 30  // EPD1
                      | 1ull << 31  // V
                      | 5ull << 32  // IPS: 48 bits
                      | 1ull << 41  // AA64
                      | 1ull << 45  // R
                      | 1ull << 47; // ASET

        mem.put64(CDTAB + 64 * ssid,
                  w0 | (uint64_t)abort << 46 | (uint64_t)asid << 48);
        mem.put64(CDTAB + 64 * ssid + 8, TTB);
        mem.put64(CDTAB + 64 * ssid + 24, 0xff); // MAIR: Attr0 is WB
    }
    // Page descriptor: AF, inner shareable, nG, EL0 access, RO if told so.
    void page(uint64_t iova, uint64_t pa, bool ro)
    {
        mem.put64(TTB + 0x2000 + 8 * (iova >> 12),
                  pa | 1 << 11 | 1 << 10 | 3 << 8 | (ro ? 3 : 1) << 6 | 3);
    }
    void tables()
    {
        std::fill(mem.bytes.begin(), mem.bytes.end(), 0);
        // Config = stage 1, two-bit CDTAB; S1DSS = 0b10, SHCFG = incoming.
        ste(SID_S1, 1 | 5 << 1 | CDTAB | 2ull << 59, 2 | 1ull << 44);
        ste(SID_BYPASS, 1 | 4 << 1, 1ull << 44);
        ste(SID_ABORT, 1, 0);
        cd(0, 10, true);
        cd(1, 11, false);
        mem.put64(TTB, (TTB + 0x1000) | 3);
        mem.put64(TTB + 0x1000, (TTB + 0x2000) | 3);
        mem.put64(TTB + 0x1008,
                  BLOCK | 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6 | 1);
        page(PAGE_A, DATA, false);
        page(PAGE_B, DATA + 0x5000, false);
        page(PAGE_RO, DATA + 0x6000, true);
        page(PAGE_C, DATA + 0x8000, false);
        page(PAGE_HOLE, 0x900000, false);
        page(PAGE_SELF, DATA + 0x9000, false);
    }

    void run()
    {
        for (;;) {
            while (!script_)
                sc_core::wait(go_);
            script_();
            script_ = nullptr;
        }
    }

    sc_core::sc_event go_;
    std::function<void()> script_;
};

// One simulation a process: the first test makes and brings up the platform.
inline platform &the()
{
    static platform *p = [] {
        platform *made = new platform("b");

        made->settle();
        CHECK(made->execute([made] { made->bring_up(); }));
        return made;
    }();

    return *p;
}

inline void in_simulation(void (*test)(platform &))
{
    platform &b = the();

    b.settle();
    CHECK(b.execute([&b, test] {
        uint8_t type;

        b.invalidate();
        b.events(&type);
        b.settle();
        test(b);
    }));
    b.check_protocol();
}

} // namespace bench

#define SIM_TEST(Suite, Name)                             \
    static void sim_##Suite##_##Name(bench::platform &b); \
    TEST_CASE(Suite, Name)                                \
    {                                                     \
        bench::in_simulation(sim_##Suite##_##Name);       \
    }                                                     \
    static void sim_##Suite##_##Name([[maybe_unused]] bench::platform &b)

// A program that links libsystemc needs one; the tests have a main.
__attribute__((weak)) int sc_main(int, char **)
{
    return 0;
}

#endif

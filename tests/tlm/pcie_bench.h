// SPDX-License-Identifier: MIT
// A root complex beside the SMMU of bench.h:
//
//   00:01.0 root port --- Gen3 x4 --- 01:00.0 endpoint: stream 0
//   00:02.0 RCiEP, whose requests go past the SMMU to the memory
#ifndef IOVP_PCIE_BENCH_H
#define IOVP_PCIE_BENCH_H

#include "../../models/pcie/pcie_regs.h"
#include "../../models/pcie/tlm/pcie_module.h"
#include "bench.h"

extern "C" {
#include "../../platforms/cmd_pci_enum.h"
}

namespace bench
{

enum { RP, EP, RCI, FUNCTIONS };
enum { BY_SMMU, PAST_IT, OUTLETS };
enum : uint64_t { WINDOW = 0x40000000, WINDOW_BYTES = 0x10000000 };
enum : uint32_t { LATENCY_PS = 20000 };

// An endpoint that makes the request it was given when its BAR is written.
struct gadget {
    struct pcie_ep *ep;
    pcie_tlp tlp;
    uint8_t data[4096];
    int vector = -1; // >= 0: an MSI instead
    int result = -99;
    uint64_t began, ended;
    uint32_t word; // the BAR's contents
    unsigned messages, works;
    pcie_tlp message;
    uint8_t message_data[8];
    bool endless; // always has more to do
};

extern gadget *gadgets[FUNCTIONS];

// What passed by dma[]: the last packet that came with a payload.
class spy : public sc_core::sc_module
{
  public:
    explicit spy(sc_core::sc_module_name name)
        : sc_core::sc_module(name), in("in"), out("out")
    {
        in.register_b_transport(this, &spy::b);
    }
    tlm_utils::simple_target_socket<spy> in;
    tlm_utils::simple_initiator_socket<spy> out;
    unsigned seen = 0;
    pcie_tlp tlp = {};
    iovp_attrs attrs = {};
    sc_time at, back;
    std::function<void()> on_seen;

  private:
    void b(payload &p, sc_time &t)
    {
        const iovp::tlp_extension *x = p.get_extension<iovp::tlp_extension>();

        seen++;
        if (x)
            tlp = x->tlp;
        attrs = p.get_extension<iovp::attrs_extension>()->attrs;
        at = sc_time_stamp() + t;
        if (on_seen)
            on_seen();
        out->b_transport(p, t);
        back = sc_time_stamp() + t;
    }
};

struct pcie_bench {
    explicit pcie_bench(platform &b);

    platform &b;
    iovp::pcie_module pcie;
    initiator host; // of the ECAM
    initiator mmio; // of the windows
    spy up;
    // The RCiEP's way: none is left at the bench's memory, so one of its own.
    memory other;
    initiator spare;
    sc_core::sc_vector<sc_core::sc_signal<bool>> intx;
    pcie_enum e = {};
    bool enumerated = false;

    // ---- processors ----
    tlm::tlm_response_status cfg(bool write, uint64_t offset, void *data,
                                 unsigned width);
    uint32_t cfg_rd(uint16_t id, uint32_t at, unsigned width);
    void cfg_wr(uint16_t id, uint32_t at, unsigned width, uint32_t v);
    tlm::tlm_response_status bar(bool write, unsigned fn, uint64_t at,
                                 void *data, unsigned length,
                                 sc_time *delay = nullptr);
    uint64_t bar_address(unsigned fn, unsigned bar = 0) const;
    // The address of a capability's register, in the endpoint.
    uint32_t cap(enum pcie_cap c) const;
    // Let a function make its request: to the end.
    int go(unsigned fn);
    void settle();
};

// Built with the platform; enumerated in the first test.
pcie_bench &pcie_of(platform &b);

} // namespace bench

#define PCIE_TEST(Suite, Name)                                             \
    static void pcie_##Suite##_##Name(bench::platform &b,                  \
                                      bench::pcie_bench &s);               \
    SIM_TEST(Suite, Name)                                                  \
    {                                                                      \
        pcie_##Suite##_##Name(b, bench::pcie_of(b));                       \
    }                                                                      \
    static void pcie_##Suite##_##Name([[maybe_unused]] bench::platform &b, \
                                      [[maybe_unused]] bench::pcie_bench &s)

#endif

// SPDX-License-Identifier: MIT
// The SMMUv3 between an initiator and a memory that know nothing of iovp.
// Installed: <iovp/models/smmuv3/tlm/smmuv3_module.h>, link iovp::tlm.
#include "../../models/smmuv3/tlm/smmuv3_module.h"

#include <cstring>
#include <iostream>
#include <vector>

using sc_core::sc_time;
using payload = tlm::tlm_generic_payload;

struct memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<memory> clients, walks;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(4 << 20);

    explicit memory(sc_core::sc_module_name n)
        : sc_module(n), clients("clients"), walks("walks")
    {
        clients.register_b_transport(this, &memory::access);
        walks.register_b_transport(this, &memory::access);
    }
    void access(payload &p, sc_time &delay)
    {
        delay += sc_time(40, sc_core::SC_NS);
        p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        if (p.get_address() + p.get_data_length() > bytes.size())
            return;
        unsigned char *m = &bytes[p.get_address()];
        if (p.is_read())
            std::memcpy(p.get_data_ptr(), m, p.get_data_length());
        else
            std::memcpy(m, p.get_data_ptr(), p.get_data_length());
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
};

struct initiator : sc_core::sc_module {
    using socket = tlm_utils::simple_initiator_socket<initiator>;
    socket dma, cpu;
    memory &mem;

    initiator(sc_core::sc_module_name n, memory &m)
        : sc_module(n), dma("dma"), cpu("cpu"), mem(m)
    {
        sc_core::sc_spawn([this] { run(); }, "run");
    }
    void write(socket &to, uint64_t address, uint64_t value, unsigned length)
    {
        sc_time delay;
        payload p;

        p.set_write();
        p.set_address(address);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        p.set_data_length(length);
        p.set_streaming_width(length);
        to->b_transport(p, delay);
        wait(delay);
        std::cout << to.basename() << " 0x" << std::hex << address << ": "
                  << p.get_response_string() << ", done at "
                  << sc_core::sc_time_stamp() << "\n";
    }
    void run()
    {
        // Stage 2 for StreamID 0 (IHI 0070 5.2): 30-bit input, one table at
        // 0x20000, whose first 2 MiB block is at 0x200000.
        uint64_t vtcr = 34ull << 32 | 5ull << 48 | 1ull << 51 | 1ull << 58;
        uint64_t ste[8] = {1 | 6 << 1, 1ull << 44, 1 | vtcr, 0x20000};
        uint64_t block = 0x200000 | 1 << 10 | 3 << 8 | 3 << 6 | 15 << 2 | 1;

        std::memcpy(&mem.bytes[0x10000], ste, sizeof ste);
        std::memcpy(&mem.bytes[0x20000], &block, sizeof block);
        write(dma, 0x1000, 0x11, 8);  // disabled: goes through as it is
        write(cpu, 0x80, 0x10000, 8); // SMMU_STRTAB_BASE
        write(cpu, 0x20, 1, 4);       // SMMU_CR0.SMMUEN
        wait(1, sc_core::SC_US);      // for CR0ACK, which a driver polls
        write(dma, 0x1000, 0x22, 8);  // a walk
        write(dma, 0x1008, 0x33, 8);  // a hit
        write(dma, 0x200000, 0, 8);   // not mapped
        std::cout << "0x1000: 0x" << +mem.bytes[0x1000] << ", 0x201000: 0x"
                  << +mem.bytes[0x201000] << "\n";
    }
};

int sc_main(int, char **)
{
    smmuv3_config config;
    smmuv3_config_default(&config, SMMUV3_PROFILE_MMU600);
    iovp::smmuv3_module smmu("smmu", config);
    memory mem("mem");
    initiator ini("ini", mem);
    ini.dma.bind(smmu.upstream[0]);
    ini.cpu.bind(smmu.regs);
    smmu.downstream.bind(mem.clients);
    smmu.walk.bind(mem.walks);
    sc_core::sc_start();
    return 0;
}

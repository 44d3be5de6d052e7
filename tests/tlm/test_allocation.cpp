// SPDX-License-Identifier: MIT
// Once warm, a transaction through the bridge allocates nothing.
#include <cstdlib>
#include <new>

#include "../../models/smmuv3/tlm/smmuv3_module.h"
#include "shim.h"

using sc_core::sc_time;
using payload = tlm::tlm_generic_payload;

static unsigned long allocations;

// Not inlined: gcc would see a free that does not match a new.
__attribute__((noinline)) void *operator new(std::size_t n)
{
    void *p = std::malloc(n ? n : 1);

    allocations++;
    if (!p)
        throw std::bad_alloc();
    return p;
}

// libstdc++'s stable_sort and SystemC 3.0 use this one; it must fit delete.
__attribute__((noinline)) void *operator new(std::size_t n,
                                             const std::nothrow_t &) noexcept
{
    allocations++;
    return std::malloc(n ? n : 1);
}

__attribute__((noinline)) void operator delete(void *p) noexcept
{
    std::free(p);
}

__attribute__((noinline)) void operator delete(void *p, std::size_t) noexcept
{
    std::free(p);
}

__attribute__((weak)) int sc_main(int, char **)
{
    return 0;
}

static smmuv3_config config()
{
    smmuv3_config c;

    smmuv3_config_default(&c, SMMUV3_PROFILE_MMU600);
    return c;
}

// After reset the SMMU is disabled and passes everything: the bridge does the
// same work, the core less.
struct platform : sc_core::sc_module {
    explicit platform(sc_core::sc_module_name n)
        : sc_module(n), smmu("smmu", config()), dma("dma"), cpu("cpu"),
          mem("mem"), walks("walks")
    {
        dma.bind(smmu.upstream[0]);
        cpu.bind(smmu.regs);
        smmu.downstream.bind(mem);
        smmu.walk.bind(walks);
        mem.register_b_transport(this, &platform::access);
        walks.register_b_transport(this, &platform::access);
        dma.register_nb_transport_bw(this, &platform::response);
        sc_core::sc_spawn([this] { run(); }, "run");
    }
    void access(payload &p, sc_time &delay)
    {
        delay += sc_time(10, sc_core::SC_NS);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    tlm::tlm_sync_enum response(payload &p, tlm::tlm_phase &phase, sc_time &)
    {
        CHECK_EQ(phase, tlm::BEGIN_RESP);
        p.release();
        ended.notify(sc_core::SC_ZERO_TIME);
        return tlm::TLM_COMPLETED;
    }
    void setup(payload &p, unsigned i)
    {
        p.set_read();
        p.set_address(64 * i);
        p.set_data_ptr(data);
        p.set_data_length(64);
        p.set_streaming_width(64);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }
    void blocking(unsigned n)
    {
        payload &p = pool.take();

        for (unsigned i = 0; i < n; i++) {
            sc_time delay;

            setup(p, i);
            dma->b_transport(p, delay);
            CHECK_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
        }
        p.release();
    }
    void non_blocking(unsigned n)
    {
        for (unsigned i = 0; i < n; i++) {
            payload &p = pool.take();
            tlm::tlm_phase phase = tlm::BEGIN_REQ;
            sc_time delay;

            setup(p, i);
            dma->nb_transport_fw(p, phase, delay);
            sc_core::wait(ended);
        }
    }
    void run()
    {
        unsigned long before;

        blocking(10);
        non_blocking(10);
        before = allocations;
        blocking(1000);
        of_blocking = allocations - before;
        before = allocations;
        non_blocking(1000);
        of_non_blocking = allocations - before;
        done = true;
    }

    iovp::smmuv3_module smmu;
    tlm_utils::simple_initiator_socket<platform> dma, cpu;
    tlm_utils::simple_target_socket<platform> mem, walks;
    iovp::payload_pool pool;
    unsigned char data[64];
    sc_core::sc_event ended;
    unsigned long of_blocking = ~0ul, of_non_blocking = ~0ul;
    bool done = false;
};

TEST_CASE(Allocation, NoneInSteadyState)
{
    static platform *p = new platform("p");

    sc_core::sc_start();
    CHECK(p->done);
    CHECK_EQ(p->of_blocking, 0);
    CHECK_EQ(p->of_non_blocking, 0);
}

// SPDX-License-Identifier: MIT
// What the files of a timed platform share.  Private to capi/.
#ifndef IOVP_TIMED_INTERNAL_H
#define IOVP_TIMED_INTERNAL_H

#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include "../models/common/tlm/base_protocol_checker.h"
#include "../models/smmuv3/tlm/smmuv3_module.h"
#include "timed_device.h"
#include "timed_engine.h"

namespace timed_parts
{

class host_bridge; // timed_pcie.cpp
class software;    // timed.cpp

// The processor's side of a register file.
class cpu : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<cpu> socket;

    explicit cpu(sc_core::sc_module_name name)
        : sc_module(name), socket("socket")
    {
    }

    // Reads change *value only if they succeed.
    bool access(std::uint64_t offset, unsigned width, std::uint32_t space,
                bool write, std::uint64_t *value, sc_core::sc_time &delay)
    {
        iovp_attrs a = iovp::no_attrs();
        std::uint64_t word = write ? *value : 0;

        a.space = static_cast<std::uint8_t>(space);
        a.specified = IOVP_ATTR_SPACE;
        // TLM data is in host byte order: the first bytes of a word.
        // One each: a process may wait in another access.
        request r;
        r.set(a, offset, &word, width, write);
        socket->b_transport(r.gp, delay);
        if (!r.gp.is_response_ok())
            return false;
        if (!write)
            *value = word;
        return true;
    }
};

inline std::string module_name(const char *kind, std::size_t index)
{
    return std::string(kind) + std::to_string(index);
}

// What a bridge sends is in the trace, but in nobody's statistics.
inline void put_record(struct platform *p, const iovp_trace_record &r)
{
    if (r.kind != IOVP_TRACE_TRANSACTION || r.initiator != 0xffff)
        platform_record(p, &r);
    else if (p->trace)
        port_trace_put(p->trace, &r);
}

inline bool in_process()
{
    return sc_core::sc_get_current_process_handle().valid();
}

// No exception passes the border of the library.
template <typename F> iovp_status barrier(const char *what, F f)
{
    try {
        return f();
    } catch (const std::bad_alloc &) {
        return iovp_fail(IOVP_E_NOMEM, "%s: no memory", what);
    } catch (const std::exception &e) {
        return iovp_fail(IOVP_E_INTERNAL, "%s: %s", what, e.what());
    } catch (...) {
        return iovp_fail(IOVP_E_INTERNAL, "%s: an unknown exception", what);
    }
}

} // namespace timed_parts

struct timed {
    timed();
    ~timed();

    std::vector<std::unique_ptr<iovp::base_protocol_checker>> checkers;
    std::unique_ptr<timed_parts::ram> memory;
    std::vector<std::unique_ptr<iovp::smmuv3_module>> smmu;
    std::vector<std::unique_ptr<timed_parts::cpu>> regs;
    std::vector<unsigned> ports; // of each IOMMU that are in use
    std::vector<std::unique_ptr<timed_parts::host_bridge>> bridges;
    std::vector<std::unique_ptr<timed_parts::device>> devices;
    std::vector<std::unique_ptr<timed_engine>> engines;
    std::unique_ptr<timed_parts::software> soft;
    timed_parts::request api;
};

namespace timed_parts
{

// In test builds a base-protocol checker sits on both sides of the bridge; a
// violation is an SC_REPORT_ERROR, which the exception barrier turns into
// IOVP_E_INTERNAL.
template <typename I, typename T>
void bind(struct timed &t, I &initiator, T &target)
{
#ifdef IOVP_TLM_CHECKER
    std::string name = module_name("checker", t.checkers.size());

    t.checkers.emplace_back(
        iovp::bind_checked(initiator, target, name.c_str()));
#else
    (void)t;
    initiator.bind(target);
#endif
}

// A port of an IOMMU for an initiator, or the memory's.  Its index, for an
// IOMMU.
template <typename I>
unsigned bind_up(struct timed &t, I &initiator, std::uint32_t iommu)
{
    if (iommu == PLATFORM_NO_IOMMU) {
        bind(t, initiator, t.memory->data);
        return 0;
    }
    bind(t, initiator, t.smmu[iommu]->upstream[t.ports[iommu]]);
    return t.ports[iommu]++;
}

// ---- host bridges (timed_pcie.cpp) ----

// Where the requests of a host bridge may go: indices of IOMMUs, then
// PLATFORM_NO_IOMMU.
std::vector<std::uint32_t> bridge_outlets(const struct platform_pcie *h);
// Ports that they need of each IOMMU are added to `ports`.
void count_bridge_ports(const struct platform *p, std::vector<unsigned> &ports);
void add_bridges(struct platform *p, struct timed &t);
// What an IOMMU tells its functions.
void join_bridges(struct platform_smmu *s, iovp::smmuv3_module &m);

} // namespace timed_parts

#endif

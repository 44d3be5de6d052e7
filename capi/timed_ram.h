// SPDX-License-Identifier: MIT
// RAM of a timed platform.  Private to capi/.
#ifndef IOVP_TIMED_RAM_H
#define IOVP_TIMED_RAM_H

#include <algorithm>
#include <cstring>
#include <functional>

#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_target_socket.h>

#include "../models/common/tlm/atomic_extension.h"
#include "platform.h"

namespace timed_parts
{

using tlm::tlm_generic_payload;

// From the memory controller's port to the data and back.
constexpr std::uint64_t ram_latency_ps = 60000;

inline sc_core::sc_time from_ps(std::uint64_t ps)
{
    return sc_core::sc_time::from_value(ps);
}

inline std::uint64_t to_ps(const sc_core::sc_time &t)
{
    return t.value();
}

// RAM behind two ports: `data` takes the time of a memory access, `walk`
// leaves that to the IOMMU's profile and delivers its MSIs.
class ram : public sc_core::sc_module
{
  public:
    ram(sc_core::sc_module_name name, struct platform *p)
        : sc_module(name), data("data"), walk("walk"), p_(p)
    {
        data.register_b_transport(this, &ram::data_transport);
        data.register_transport_dbg(this, &ram::debug);
        walk.register_b_transport(this, &ram::walk_transport);
        walk.register_transport_dbg(this, &ram::debug);
    }

    // What is neither RAM nor answers otherwise: false, nothing does.
    std::function<bool(tlm_generic_payload &, sc_core::sc_time &)> elsewhere;

    // A tree may have no device, or no IOMMU.
    using socket = tlm_utils::multi_passthrough_target_socket<
        ram, 32, tlm::tlm_base_protocol_types, 0,
        sc_core::SC_ZERO_OR_MORE_BOUND>;
    socket data;
    socket walk;

  private:
    void data_transport(int, tlm_generic_payload &gp, sc_core::sc_time &delay)
    {
        access(gp);
        if (gp.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE &&
            elsewhere && elsewhere(gp, delay))
            return;
        delay += from_ps(ram_latency_ps);
    }

    void walk_transport(int id, tlm_generic_payload &gp, sc_core::sc_time &)
    {
        // A core writes queue entries, which are longer, and MSIs.
        if (gp.is_write() && gp.get_data_length() == 4)
            msi(static_cast<unsigned>(id), gp);
        else
            access(gp);
    }

    unsigned debug(int, tlm_generic_payload &gp)
    {
        access(gp);
        return gp.is_response_ok() ? gp.get_data_length() : 0;
    }

    void msi(unsigned smmu, tlm_generic_payload &gp)
    {
        std::uint32_t value;

        std::memcpy(&value, gp.get_data_ptr(), sizeof(value));
        gp.set_response_status(
            smmu_msi(&p_->smmu[smmu], gp.get_address(), value) == IOVP_BUS_OK
                ? tlm::TLM_OK_RESPONSE
                : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }

    void access(tlm_generic_payload &gp)
    {
        unsigned length = gp.get_data_length();
        unsigned width = std::min(gp.get_streaming_width(), length);
        std::uint8_t *host =
            width ? memory_at(p_, gp.get_address(), width) : nullptr;

        if (gp.get_command() == tlm::TLM_IGNORE_COMMAND) {
            gp.set_response_status(tlm::TLM_OK_RESPONSE);
            return;
        }
        if (!host) {
            gp.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (gp.get_extension<iovp::atomic_extension>())
            atomic(gp, host, length);
        else if (gp.get_byte_enable_ptr() || width != length)
            copy_bytes(gp, host, width);
        else if (gp.is_read())
            std::memcpy(gp.get_data_ptr(), host, length);
        else
            std::memcpy(host, gp.get_data_ptr(), length);
        gp.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    static void atomic(tlm_generic_payload &gp, std::uint8_t *host,
                       unsigned length)
    {
        auto *x = gp.get_extension<iovp::atomic_extension>();

        if (length != x->op.width)
            return;
        iovp_atomic_apply(&x->op, host);
        std::memcpy(gp.get_data_ptr(), x->op.old, length);
        x->done = true;
    }

    static void copy_bytes(tlm_generic_payload &gp, std::uint8_t *host,
                           unsigned width)
    {
        const unsigned char *be = gp.get_byte_enable_ptr();
        unsigned be_length = gp.get_byte_enable_length();

        for (unsigned i = 0; i < gp.get_data_length(); i++) {
            if (be && be[i % be_length] != TLM_BYTE_ENABLED)
                continue;
            if (gp.is_read())
                gp.get_data_ptr()[i] = host[i % width];
            else
                host[i % width] = gp.get_data_ptr()[i];
        }
    }

    struct platform *p_;
};

} // namespace timed_parts

#endif

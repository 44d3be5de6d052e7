// SPDX-License-Identifier: MIT
#include "register_access.h"

#include <cstring>

namespace iovp
{

bool bytes_disabled(const tlm::tlm_generic_payload &p)
{
    const unsigned char *be = p.get_byte_enable_ptr();
    unsigned n = p.get_byte_enable_length();

    if (be && !n)
        return true;
    for (unsigned i = 0; be && i < n && i < p.get_data_length(); i++)
        if (be[i] != TLM_BYTE_ENABLED)
            return true;
    return false;
}

tlm::tlm_response_status register_shape(const tlm::tlm_generic_payload &p,
                                        uint64_t size)
{
    unsigned n = p.get_data_length();

    if (!p.is_read() && !p.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (!p.get_data_ptr())
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    if ((n != 1 && n != 2 && n != 4 && n != 8) || p.get_streaming_width() < n)
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (bytes_disabled(p))
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (p.get_address() >= size)
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

// Data arrays hold words in the byte order of the host.
template <typename T> static uint64_t get(const unsigned char *data)
{
    T v;

    std::memcpy(&v, data, sizeof v);
    return v;
}

template <typename T> static void put(unsigned char *data, uint64_t value)
{
    T v = static_cast<T>(value);

    std::memcpy(data, &v, sizeof v);
}

uint64_t register_word(const tlm::tlm_generic_payload &p)
{
    const unsigned char *data = p.get_data_ptr();

    switch (p.get_data_length()) {
    case 8:
        return get<uint64_t>(data);
    case 4:
        return get<uint32_t>(data);
    case 2:
        return get<uint16_t>(data);
    default:
        return *data;
    }
}

void set_register_word(tlm::tlm_generic_payload &p, uint64_t value)
{
    unsigned char *data = p.get_data_ptr();

    switch (p.get_data_length()) {
    case 8:
        return put<uint64_t>(data, value);
    case 4:
        return put<uint32_t>(data, value);
    case 2:
        return put<uint16_t>(data, value);
    default:
        *data = static_cast<unsigned char>(value);
    }
}

bool deny_dmi(const tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi)
{
    dmi.init();
    dmi.set_start_address(p.get_address() & ~0xfffull);
    dmi.set_end_address(p.get_address() | 0xfffull);
    dmi.allow_read_write();
    return false;
}

} // namespace iovp

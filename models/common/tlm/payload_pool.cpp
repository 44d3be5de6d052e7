// SPDX-License-Identifier: MIT
#include "payload_pool.h"

namespace iovp
{

void pooled_payload::plain(tlm::tlm_command cmd, uint64_t addr,
                           unsigned char *data, unsigned length)
{
    set_command(cmd);
    set_address(addr);
    set_data_ptr(data);
    set_data_length(length);
    set_streaming_width(length);
    set_byte_enable_ptr(nullptr);
    set_byte_enable_length(0);
    set_dmi_allowed(false);
    set_gp_option(tlm::TLM_MIN_PAYLOAD);
    set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

void pooled_payload::part_of(const tlm::tlm_generic_payload &parent,
                             uint64_t addr, unsigned offset, unsigned length,
                             unsigned streaming_width)
{
    plain(parent.get_command(), addr, parent.get_data_ptr() + offset, length);
    set_streaming_width(streaming_width);
    set_extension(parent.get_extension<atomic_extension>());
    if (parent.get_byte_enable_ptr())
        enables_of(parent, offset, length);
}

// Byte i of the part is governed by element (offset + i) modulo the length
// of the parent's array: the same array, a window of it, or a rotated copy.
void pooled_payload::enables_of(const tlm::tlm_generic_payload &parent,
                                unsigned offset, unsigned length)
{
    unsigned char *be = parent.get_byte_enable_ptr();
    unsigned n = parent.get_byte_enable_length();
    unsigned first = offset % n;
    unsigned count = length < n ? length : n;

    if (first != 0 && first + length > n) {
        enables_.resize(count);
        for (unsigned i = 0; i < count; i++)
            enables_[i] = be[(first + i) % n];
        be = enables_.data();
    } else {
        be += first;
    }
    set_byte_enable_ptr(be);
    set_byte_enable_length(count);
}

void payload_pool::grow()
{
    all_.push_back(std::make_unique<pooled_payload>(
        static_cast<tlm::tlm_mm_interface *>(this)));
    free_.reserve(all_.size());
    free_.push_back(all_.back().get());
}

void payload_pool::free(tlm::tlm_generic_payload *p)
{
    p->clear_extension<atomic_extension>();
    p->reset(); // frees what others attached with set_auto_extension
    free_.push_back(static_cast<pooled_payload *>(p));
}

} // namespace iovp

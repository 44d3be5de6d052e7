// SPDX-License-Identifier: MIT
// Payloads that access registers: one word each, in the host's byte order.
#ifndef IOVP_REGISTER_ACCESS_H
#define IOVP_REGISTER_ACCESS_H

#include <cstdint>

#include <tlm>

namespace iovp
{

// OK for 1, 2, 4 or 8 bytes, all of them enabled, that begin below `size`;
// else the response.
tlm::tlm_response_status register_shape(const tlm::tlm_generic_payload &p,
                                        uint64_t size);
// Are there byte enables that leave something out?
bool bytes_disabled(const tlm::tlm_generic_payload &p);

uint64_t register_word(const tlm::tlm_generic_payload &p);
void set_register_word(tlm::tlm_generic_payload &p, uint64_t value);

// The answer of a target that has no direct memory: for one 4 KiB page, as a
// larger denial would also cover addresses nobody asked about (11.3.5).
bool deny_dmi(const tlm::tlm_generic_payload &p, tlm::tlm_dmi &dmi);

} // namespace iovp

#endif

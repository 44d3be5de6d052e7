// SPDX-License-Identifier: MIT
// The attribute record as an ignorable extension of the TLM-2.0 base protocol.
#ifndef IOVP_ATTRS_EXTENSION_H
#define IOVP_ATTRS_EXTENSION_H

#include <tlm>

#include "../iovp_attrs.h"

namespace iovp
{

// Attributes of a transaction.  A payload without it is no error: every
// field then takes the default of the socket it enters by (attrs_of).
class attrs_extension : public tlm::tlm_extension<attrs_extension>
{
  public:
    attrs_extension(); // nothing specified
    explicit attrs_extension(const iovp_attrs &a);

    tlm::tlm_extension_base *clone() const override;
    void copy_from(const tlm::tlm_extension_base &other) override;

    iovp_attrs attrs;
};

// What became of a transaction.  An initiator that wants to know attaches
// one; a bridge resets it when the request enters and fills it in before the
// response.  The response status alone does not tell a RAZ/WI termination
// from success, nor how far a burst came.
class fault_extension : public tlm::tlm_extension<fault_extension>
{
  public:
    tlm::tlm_extension_base *clone() const override;
    void copy_from(const tlm::tlm_extension_base &other) override;
    void reset();

    uint64_t done = 0; // bytes transferred before the first part that failed
    // The core's number for a part that is held; while a bridge waits for
    // the answer, result is IOVP_RESULT_STALL, and afterwards that of the
    // part.  Outside of a process it cannot wait: it leaves the rest of the
    // transaction, from `done` on, to the initiator.
    uint32_t stall = 0;
    uint32_t stalls = 0; // answers that parts were held for
    uint8_t event = 0;   // architectural event type of that part, 0: none
    uint8_t result = 0;  // enum iovp_trace_result of that part, 0: all is well
};

// Attributes with `size` set and nothing specified.
iovp_attrs no_attrs();

// The payload's attributes; what it does not specify is taken from
// `defaults`.  Specified in the result is what either of them specified.
iovp_attrs attrs_of(const tlm::tlm_generic_payload &p,
                    const iovp_attrs &defaults);

} // namespace iovp

#endif

// SPDX-License-Identifier: MIT
// An atomic access as an extension of the TLM-2.0 base protocol.
#ifndef IOVP_ATOMIC_EXTENSION_H
#define IOVP_ATOMIC_EXTENSION_H

#include <tlm>

#include "../atomic.h"

namespace iovp
{

// The payload is a read of `op.width` bytes; a target that knows the
// extension carries the operation out on them instead, and returns the bytes
// that were there before as data and in op.old.  It needs the rights to read
// and to write.  A bridge hands the extension on.  To a target that does not
// know it the access is a read: the initiator sees that `done` is not set.
class atomic_extension : public tlm::tlm_extension<atomic_extension>
{
  public:
    tlm::tlm_extension_base *clone() const override
    {
        return new atomic_extension(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        const auto &from = static_cast<const atomic_extension &>(other);

        op = from.op;
        done = from.done;
    }

    iovp_atomic_op op = {};
    bool done = false;
};

} // namespace iovp

#endif

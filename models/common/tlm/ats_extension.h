// SPDX-License-Identifier: MIT
// The completion of an ATS Translation Request as an extension of the TLM-2.0
// base protocol.
#ifndef IOVP_ATS_EXTENSION_H
#define IOVP_ATS_EXTENSION_H

#include <tlm>

#include "../ats.h"

namespace iovp
{

// With addr_type IOVP_AT_TRANSLATION_REQUEST in the attributes, the payload
// asks for a translation and moves no data.  A bridge that translates sets
// `completion` and `valid`, and the response is OK: what became of the request
// is in there.  Without the extension nobody could be told, and the request
// ends as a fault does.
class ats_extension : public tlm::tlm_extension<ats_extension>
{
  public:
    tlm::tlm_extension_base *clone() const override
    {
        return new ats_extension(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        const auto &from = static_cast<const ats_extension &>(other);

        completion = from.completion;
        valid = from.valid;
    }

    void reset()
    {
        completion = {};
        valid = false;
    }

    iovp_ats_completion completion = {};
    bool valid = false;
};

} // namespace iovp

#endif

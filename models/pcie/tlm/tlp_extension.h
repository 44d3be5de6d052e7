// SPDX-License-Identifier: MIT
// The packet behind a transaction as an extension of the TLM-2.0 base protocol.
#ifndef IOVP_TLP_EXTENSION_H
#define IOVP_TLP_EXTENSION_H

#include <tlm>

#include "../tlp.h"

namespace iovp
{

// For observers between a root complex and its IOMMU, and for targets that want
// to know more than a payload and its attributes say: tag, traffic class, No
// Snoop, relaxed order.  A bridge does not hand it on.
class tlp_extension : public tlm::tlm_extension<tlp_extension>
{
  public:
    tlm::tlm_extension_base *clone() const override
    {
        return new tlp_extension(*this);
    }

    void copy_from(const tlm::tlm_extension_base &other) override
    {
        tlp = static_cast<const tlp_extension &>(other).tlp;
    }

    pcie_tlp tlp = {};
};

} // namespace iovp

#endif

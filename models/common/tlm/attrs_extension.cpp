// SPDX-License-Identifier: MIT
#include "attrs_extension.h"

#include "../attrs.h"

namespace iovp
{

iovp_attrs no_attrs()
{
    iovp_attrs a = {};

    a.size = sizeof a;
    return a;
}

attrs_extension::attrs_extension() : attrs(no_attrs())
{
}

attrs_extension::attrs_extension(const iovp_attrs &a) : attrs(a)
{
}

tlm::tlm_extension_base *attrs_extension::clone() const
{
    return new attrs_extension(*this);
}

void attrs_extension::copy_from(const tlm::tlm_extension_base &other)
{
    attrs = static_cast<const attrs_extension &>(other).attrs;
}

tlm::tlm_extension_base *fault_extension::clone() const
{
    return new fault_extension(*this);
}

void fault_extension::copy_from(const tlm::tlm_extension_base &other)
{
    const fault_extension &f = static_cast<const fault_extension &>(other);

    done = f.done;
    stall = f.stall;
    stalls = f.stalls;
    event = f.event;
    result = f.result;
}

void fault_extension::reset()
{
    done = 0;
    stall = 0;
    stalls = 0;
    event = 0;
    result = 0;
}

iovp_attrs attrs_of(const tlm::tlm_generic_payload &p,
                    const iovp_attrs &defaults)
{
    const attrs_extension *e = p.get_extension<attrs_extension>();

    return e ? iovp_attrs_merge(&e->attrs, &defaults) : defaults;
}

} // namespace iovp

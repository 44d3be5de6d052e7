// SPDX-License-Identifier: MIT
#include "attrs_extension.h"

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
    event = f.event;
    result = f.result;
}

void fault_extension::reset()
{
    done = 0;
    event = 0;
    result = 0;
}

iovp_attrs attrs_of(const tlm::tlm_generic_payload &p,
                    const iovp_attrs &defaults)
{
    const attrs_extension *e = p.get_extension<attrs_extension>();
    iovp_attrs a = defaults;
    uint32_t given;

    if (!e)
        return a;
    given = e->attrs.specified;
    if (given & IOVP_ATTR_STREAM_ID)
        a.stream_id = e->attrs.stream_id;
    if (given & IOVP_ATTR_PASID) {
        a.pasid = e->attrs.pasid;
        a.pasid_valid = e->attrs.pasid_valid;
    }
    if (given & IOVP_ATTR_SPACE)
        a.space = e->attrs.space;
    if (given & IOVP_ATTR_PRIVILEGED)
        a.privileged = e->attrs.privileged;
    if (given & IOVP_ATTR_INSTRUCTION)
        a.instruction = e->attrs.instruction;
    if (given & IOVP_ATTR_ADDR_TYPE)
        a.addr_type = e->attrs.addr_type;
    if (given & IOVP_ATTR_NO_WRITE)
        a.no_write = e->attrs.no_write;
    if (given & IOVP_ATTR_MEM_TYPE)
        a.mem_type = e->attrs.mem_type;
    if (given & IOVP_ATTR_SHAREABILITY)
        a.shareability = e->attrs.shareability;
    a.specified |= given;
    return a;
}

} // namespace iovp

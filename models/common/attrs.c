/* SPDX-License-Identifier: MIT */
#include "attrs.h"

/* Bitwise, as it is on the way of every transaction. */
bool iovp_attrs_valid(const iovp_attrs *a)
{
    unsigned flags =
        a->pasid_valid | a->privileged | a->instruction | a->no_write;
    unsigned wide = a->space | a->shareability | a->addr_type;
    uint32_t high = (a->specified & ~IOVP_ATTR_ALL) |
                    (a->pasid & ~IOVP_PASID_MAX) | a->reserved[0] |
                    a->reserved[1];

    return a->size == sizeof(*a) && !(high | (flags & ~1u) | (wide & ~3u)) &&
           a->addr_type != 3;
}

iovp_attrs iovp_attrs_merge(const iovp_attrs *a, const iovp_attrs *defaults)
{
    iovp_attrs out = *defaults;
    uint32_t given = a->specified;

    if (given & IOVP_ATTR_STREAM_ID)
        out.stream_id = a->stream_id;
    if (given & IOVP_ATTR_PASID) {
        out.pasid = a->pasid;
        out.pasid_valid = a->pasid_valid;
    }
    if (given & IOVP_ATTR_SPACE)
        out.space = a->space;
    if (given & IOVP_ATTR_PRIVILEGED)
        out.privileged = a->privileged;
    if (given & IOVP_ATTR_INSTRUCTION)
        out.instruction = a->instruction;
    if (given & IOVP_ATTR_ADDR_TYPE)
        out.addr_type = a->addr_type;
    if (given & IOVP_ATTR_NO_WRITE)
        out.no_write = a->no_write;
    if (given & IOVP_ATTR_MEM_TYPE)
        out.mem_type = a->mem_type;
    if (given & IOVP_ATTR_SHAREABILITY)
        out.shareability = a->shareability;
    out.specified |= given;
    return out;
}

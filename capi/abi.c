/* SPDX-License-Identifier: MIT */
#include "abi.h"

#include "ports.h"

/* No structure will ever be longer: a size that is not one is found out. */
#define SIZE_MAX_SANE 65536

static uint32_t size_of(const void *user)
{
    uint32_t size;

    memcpy(&size, user, sizeof(size));
    return size;
}

iovp_status abi_out_check_other(const void *user, size_t least,
                                const char *name)
{
    if (!user)
        return iovp_fail(IOVP_E_INVALID, "%s is NULL", name);
    if (size_of(user) < least)
        return iovp_fail(IOVP_E_INVALID, "%s->size is not set", name);
    if (size_of(user) > SIZE_MAX_SANE)
        return iovp_fail(IOVP_E_INVALID, "%s->size is not a size", name);
    return IOVP_OK;
}

static bool all_zero(const uint8_t *byte, size_t count)
{
    while (count)
        if (byte[--count])
            return false;
    return true;
}

iovp_status abi_in(void *known, size_t bytes, size_t least, const void *user,
                   const char *name)
{
    iovp_status st = abi_out_check(user, least, name);
    size_t size;

    if (st)
        return st;
    size = size_of(user);
    if (size > bytes && !all_zero((const uint8_t *)user + bytes, size - bytes))
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s has fields that this library does not know", name);
    memset(known, 0, bytes);
    memcpy(known, user, size < bytes ? size : bytes);
    return IOVP_OK;
}

iovp_status abi_in_at(void *known, size_t bytes, size_t least, const void *list,
                      size_t i, const char *name)
{
    const uint8_t *e = (const uint8_t *)list + i * size_of(list);

    if (size_of(e) != size_of(list))
        return iovp_fail(IOVP_E_INVALID, "%s: elements differ in size", name);
    return abi_in(known, bytes, least, e, name);
}

void abi_out(void *user, const void *known, size_t bytes)
{
    uint32_t size = size_of(user);

    if (size > bytes)
        memset((uint8_t *)user + bytes, 0, size - bytes);
    memcpy(user, known, size < bytes ? size : bytes);
    memcpy(user, &size, sizeof(size));
}

iovp_status abi_list(const void *user, size_t *count, size_t have, size_t least,
                     const char *name)
{
    iovp_status st;
    size_t room, i;

    if (!count || (!user && *count))
        return iovp_fail(IOVP_E_INVALID, "no count, or no buffer for %s", name);
    room = *count;
    for (i = 0; least && i < room && i < have; i++) {
        const uint8_t *e = (const uint8_t *)user + i * size_of(user);

        st = abi_out_check(e, least, name);
        if (st)
            return st;
        if (size_of(e) != size_of(user))
            return iovp_fail(IOVP_E_INVALID, "%s: elements differ in size",
                             name);
    }
    *count = have;
    if (room < have)
        return iovp_fail(IOVP_E_SPACE, "%s: %zu elements", name, have);
    return IOVP_OK;
}

void *abi_at(void *user, size_t i)
{
    return (uint8_t *)user + i * size_of(user);
}

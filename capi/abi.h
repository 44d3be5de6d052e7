/* SPDX-License-Identifier: MIT */
/*
 * Structures that a caller and the library may know in different lengths.
 * Private to capi/.  Every public structure crosses the border here.
 */
#ifndef IOVP_ABI_H
#define IOVP_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "iovp.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Copy a caller's structure in: `known` has `bytes` bytes, of which a caller
 * of the first release set `least`.  What the caller did not know is zero.
 * Errors: INVALID (NULL, or size below least), UNSUPPORTED (the caller set
 * what this library does not know).
 */
iovp_status abi_in(void *known, size_t bytes, size_t least, const void *user,
                   const char *name);

/* The same of element i of a list, after those before it. */
iovp_status abi_in_at(void *known, size_t bytes, size_t least, const void *list,
                      size_t i, const char *name);

/* abi_out_check of any other size than `least`. */
iovp_status abi_out_check_other(const void *user, size_t least,
                                const char *name);

/* Has the caller's structure the library's size? */
static inline bool abi_exact(const void *user, size_t bytes)
{
    uint32_t size;

    if (!user)
        return false;
    memcpy(&size, user, sizeof(size));
    return size == bytes;
}

/* Can a structure of this size be filled?  Errors: INVALID. */
static inline iovp_status abi_out_check(const void *user, size_t least,
                                        const char *name)
{
    if (abi_exact(user, least))
        return IOVP_OK;
    return abi_out_check_other(user, least, name);
}

/* Fill it: `size` stays what the caller set, what the library does not know
 * is cleared.  After abi_out_check. */
void abi_out(void *user, const void *known, size_t bytes);

/*
 * The two-call rule: is there room for `have` elements?  On OK the caller
 * fills `have` of them; *count becomes `have` in any case.  Each element's
 * size is that of the first.  Errors: INVALID, SPACE.
 */
iovp_status abi_list(const void *user, size_t *count, size_t have, size_t least,
                     const char *name);

/* Element i of a list whose elements have the caller's size. */
void *abi_at(void *user, size_t i);

#define ABI_IN(known, user) \
    abi_in((known), sizeof(*(known)), sizeof(*(known)), (user), #user)
#define ABI_IN_AT(known, list, i) \
    abi_in_at((known), sizeof(*(known)), sizeof(*(known)), (list), (i), #list)

#ifdef __cplusplus
}
#endif

#endif

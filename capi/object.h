/* SPDX-License-Identifier: MIT */
/*
 * Objects of a platform behind handles: a handle is a number with the
 * platform's and the object's generation, so that a stale one is found out.
 * Private to capi/.
 */
#ifndef IOVP_OBJECT_H
#define IOVP_OBJECT_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

enum object_kind {
    OBJECT_DEVICE = 0, /* index + 1, without a generation; 0: the platform */
    OBJECT_SPACE,
    OBJECT_NOTIFIER,
    OBJECT_TRANSFER,
    OBJECT_CONTEXT,
    OBJECT_DOMAIN,
    OBJECT_PROCESS,
    OBJECT_KINDS,
};

/* At most this many of a kind at a time. */
#define OBJECT_MAX (1u << 20)

struct objects;

/* A handle for an object, 0: no memory, or too many. */
uintptr_t object_add(struct platform *p, enum object_kind kind, void *object);
/* The handle is not valid any more. */
void object_remove(struct platform *p, uintptr_t handle);
/* Forget all; the objects are the owner's affair. */
void objects_free(struct platform *p);

/*
 * The platform and the object of a handle, checked for kind, generation,
 * thread and re-entry (ENTER_*).
 */
iovp_status object_enter(const void *handle, enum object_kind kind, int enter,
                         struct platform **p, void **object);

/* The same of one platform, for a handle that is an argument.  Errors: HANDLE,
 * THREAD, INVALID (another platform's). */
iovp_status object_of(struct platform *p, const void *handle,
                      enum object_kind kind, void **object);

#ifdef __cplusplus
}
#endif

#endif

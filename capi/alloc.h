/* SPDX-License-Identifier: MIT */
/*
 * Memory of what belongs to a platform: the caller's (iovp_platform_config) or
 * malloc's.  Private to capi/, and to those that build on ports.h.
 *
 * Whatever a platform owns comes from platform_alloc (ports.h), or
 * platform_resize for a list that grows, and goes back by platform_free, at
 * the latest when the platform is destroyed.  NULL is IOVP_E_NOMEM, and leaves
 * everything as it was.  What a core needs it gets by its bus (alloc_bus).
 */
#ifndef IOVP_ALLOC_H
#define IOVP_ALLOC_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A block of `bytes` with what the old one of `old_bytes` held, which is freed;
 * the rest is zero.  NULL: there is none, and the old one stays.
 */
void *platform_resize(struct platform *p, void *block, size_t old_bytes,
                      size_t bytes);

/* The platform itself, which holds the allocator; NULL: there is no memory. */
struct platform *alloc_platform(const iovp_allocator *allocator);
void alloc_platform_end(struct platform *p);

/* The operations of a core's bus, with `opaque` a struct platform_smmu. */
struct iovp_bus_ops;
void alloc_bus(const struct platform *p, struct iovp_bus_ops *ops);

#ifdef __cplusplus
}
#endif

#endif

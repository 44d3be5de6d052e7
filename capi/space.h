/* SPDX-License-Identifier: MIT */
/*
 * The cache of address spaces: one for each regime of a device that was used
 * since its configuration changed last.  Nothing is kept for a PASID that
 * nobody uses.  At most 2^20 and one a device; beyond, the oldest is dropped.
 * Private to capi/.
 */
#ifndef IOVP_SPACE_H
#define IOVP_SPACE_H

#include "../models/common/iommu.h"
#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SPACES_MAX ((1u << IOVP_PASID_BITS) + PLATFORM_DEVICE_MAX)

struct space {
    struct space *chain;       /* of its hash bucket */
    struct space *older;       /* of the device's, in the order of making; */
    struct space *newer;       /* newer: also of those dropped */
    uint32_t device, index;    /* index: of its regime */
    bool dropped;              /* only its handle is left */
    struct iovp_regime regime; /* when it was made */
    uint64_t made, uses, bytes, time_ps;
    uint64_t gets;
    uintptr_t handle; /* 0: nobody has got it */
};

/* space_used of another space than the last time. */
void space_changed(struct platform *p, struct platform_device_state *d,
                   const iovp_attrs *a, uint64_t bytes);

/* A DMA of a device, with complete attributes, used its space; `bytes` were
 * done.  PASIDs that the device has not, have no space. */
static inline void space_used(struct platform *p,
                              struct platform_device_state *d,
                              const iovp_attrs *a, uint64_t bytes)
{
    const struct space_memo *m = &d->last_space;

    if (m->space && m->pasid == a->pasid && m->stream_id == a->stream_id &&
        m->pasid_valid == a->pasid_valid && m->security == a->space) {
        m->space->uses++;
        m->space->bytes += bytes;
    } else {
        space_changed(p, d, a, bytes);
    }
}

/* The space of a regime (a valid index), made if need be; NULL: no memory. */
struct space *space_make(struct platform *p, struct platform_device_state *d,
                         uint32_t index);

/* All of a device's, the oldest first; NULL after the last. */
struct space *space_first(const struct platform *p,
                          const struct platform_device_state *d);
struct space *space_next(const struct space *s);

/* Software has invalidated something of the IOMMU `core`. */
void spaces_invalidated(struct platform *p, const void *core,
                        const struct iovp_invalidation *i);

/* How many at a time, for tests: at least 1. */
void spaces_limit(struct platform *p, uint32_t most);

void spaces_free(struct platform *p);

#ifdef __cplusplus
}
#endif

#endif

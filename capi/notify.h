/* SPDX-License-Identifier: MIT */
/*
 * Notifiers: who is told what software invalidates.
 *
 * Which regimes does a notifier know?  One with an index knows that regime;
 * one of all regimes knows those of every StreamID without PASID, and of the
 * PASIDs, whose number is not bounded by what a guest may do, those with a
 * space in the cache (space.h).  A space is there from the first DMA on, and
 * from the first translation or mapping on that anybody outside was told of
 * while there was a notifier.  So who translated or was told never misses an
 * UNMAP; who was not has nothing to forget.  If the cache has no room for a
 * space any more, its regime is told as dropped, also to those who did not ask
 * for DROP: they would miss an UNMAP.
 *
 * What a regime was like when it was configured counts (its snapshot): an
 * invalidation by the old tags is told until the configuration is invalidated
 * too.  That is told with DROP, and the next snapshot is taken:
 *   one PASID     DROP of its regime, also if nobody uses it: it may be new
 *   more          DROP of every regime that is known.  A DROP of a StreamID's
 *                 regime without PASID says: PASIDs may be new, replay
 * A regime whose structures were wrong is looked at again each time, because
 * an IOMMU need not remember a failure.
 *
 * After an UNMAP, MAP is told of what the tables hold in its range, but no
 * more than NOTIFY_BUDGET descriptors are read for it.  If the range has more,
 * a DROP follows, also to those who did not ask for DROP: they shall replay.
 *
 * Order: by registration; of one notifier the regimes without PASID by
 * StreamID, then the spaces by age.  A consumer may be told of more than it
 * must, never of less.  Private to capi/.
 */
#ifndef IOVP_NOTIFY_H
#define IOVP_NOTIFY_H

#include "../models/common/iommu.h"
#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NOTIFIERS_MAX 256u

/* Table entries that are read after one UNMAP. */
#define NOTIFY_BUDGET (1u << 16)

/* Software has invalidated something of the IOMMU `core`: before its spaces
 * are dropped. */
void notifiers_invalidated(struct platform *p, const void *core,
                           const struct iovp_invalidation *i);

/* The space of this regime is dropped for lack of room. */
void notifiers_forgotten(struct platform *p, struct platform_device_state *d,
                         uint32_t index);

/* Somebody is given a translation of a device's transactions with these
 * (complete) attributes. */
void notifiers_learn(struct platform *p, struct platform_device_state *d,
                     const iovp_attrs *a);

static inline void notifiers_translated(struct platform *p,
                                        struct platform_device_state *d,
                                        const iovp_attrs *a)
{
    if (p->notifiers)
        notifiers_learn(p, d, a);
}

/* The library has mapped something for every StreamID of a device with a
 * PASID (or IOVP_NO_PASID). */
void notifiers_mapped(struct platform *p, struct platform_device_state *d,
                      uint32_t pasid, const struct iovp_mapping *m);

/* How many there are. */
uint32_t notifiers_count(const struct platform *p);

void notifiers_free(struct platform *p);

#ifdef __cplusplus
}
#endif

#endif

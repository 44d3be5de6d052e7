/* SPDX-License-Identifier: MIT */
/*
 * What may change with any release: figures of the library about itself.  A
 * program that can live with this says so by defining IOVP_USE_UNSTABLE.
 * Conventions are those of iovp.h.
 */
#ifndef IOVP_UNSTABLE_H
#define IOVP_UNSTABLE_H

#ifndef IOVP_USE_UNSTABLE
#error "iovp_unstable.h may change with any release: define IOVP_USE_UNSTABLE"
#endif

#include "iovp.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The cache of address spaces (iovp_space) of a platform. */
typedef struct iovp_space_stats {
    uint32_t size;
    uint32_t reserved;
    uint64_t live;    /* spaces that there are now */
    uint64_t made;    /* since the platform was created */
    uint64_t reused;  /* uses that found theirs made already */
    uint64_t dropped; /* by invalidation, reset or lack of room */
    uint64_t bytes;   /* of host memory for the spaces there are now */
} iovp_space_stats;

/* clang-format off */
#define IOVP_SPACE_STATS_INIT \
    {sizeof(iovp_space_stats), 0, 0, 0, 0, 0, 0}
/* clang-format on */

/** Errors: those of every call.  OWNER, SERVICE. */
IOVP_API iovp_status iovp_space_get_stats(iovp_platform *p,
                                          iovp_space_stats *stats);

#ifdef __cplusplus
}
#endif

#endif

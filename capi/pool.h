/* SPDX-License-Identifier: MIT */
/* Guest memory that the caller donated for tables and queues.  Private. */
#ifndef IOVP_POOL_H
#define IOVP_POOL_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

#define POOL_PAGE_LOG2 12
#define POOL_PAGE      (1u << POOL_PAGE_LOG2)

/*
 * `bytes` (rounded up to pages) of cleared guest RAM, aligned to `align` (a
 * power of two, at least a page).  0: there is none left, and the thread's
 * error sentence says so.
 */
uint64_t pool_alloc(struct platform *p, uint64_t bytes, uint64_t align);
/* Give back what one pool_alloc gave. */
void pool_free(struct platform *p, uint64_t addr, uint64_t bytes);
/* Bytes donated, and in use. */
void pool_usage(const struct platform *p, uint64_t *donated, uint64_t *used);
void pool_destroy(struct platform *p);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Where a core's memory comes from: its creator's functions, or malloc's. */
#ifndef IOVP_HEAP_H
#define IOVP_HEAP_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct iovp_heap {
    void *(*alloc)(void *opaque, uint64_t bytes); /* NULL: calloc and free */
    void (*free)(void *opaque, void *block);
    void *opaque;
};

/* Zeroed memory, or NULL. */
static inline void *iovp_heap_alloc(const struct iovp_heap *h, uint64_t bytes)
{
    void *block;

    if (bytes > SIZE_MAX)
        return NULL;
    if (!h->alloc)
        return calloc(1, (size_t)bytes);
    block = h->alloc(h->opaque, bytes);
    if (block)
        memset(block, 0, (size_t)bytes);
    return block;
}

static inline void iovp_heap_free(const struct iovp_heap *h, void *block)
{
    if (!h->alloc)
        free(block);
    else if (block)
        h->free(h->opaque, block);
}

#endif

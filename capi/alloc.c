/* SPDX-License-Identifier: MIT */
/* A platform's memory: its caller's allocator, or malloc. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>

/* A callback of kind SIM, like all that may come while models are at work. */
static void *call_alloc(struct platform *p, size_t bytes)
{
    int nested = p->in_callback;
    void *block;

    p->in_callback = CALLBACK_SIM;
    block = p->allocator.alloc(p->allocator.ud, bytes);
    p->in_callback = nested;
    return block;
}

static void call_release(struct platform *p, void *block)
{
    int nested = p->in_callback;

    p->in_callback = CALLBACK_SIM;
    p->allocator.release(p->allocator.ud, block);
    p->in_callback = nested;
}

void *platform_alloc(struct platform *p, size_t count, size_t bytes)
{
    void *block;

    if (bytes && count > SIZE_MAX / bytes)
        return NULL;
    if (!p->allocator.alloc)
        return calloc(count, bytes);
    block = call_alloc(p, count * bytes);
    if (block)
        memset(block, 0, count * bytes);
    return block;
}

void *platform_resize(struct platform *p, void *block, size_t old_bytes,
                      size_t bytes)
{
    void *larger = platform_alloc(p, 1, bytes);

    if (!larger)
        return NULL;
    if (block)
        memcpy(larger, block, old_bytes < bytes ? old_bytes : bytes);
    platform_free(p, block);
    return larger;
}

void platform_free(struct platform *p, void *block)
{
    if (!p->allocator.alloc)
        free(block);
    else if (block)
        call_release(p, block);
}

struct platform *alloc_platform(const iovp_allocator *allocator)
{
    struct platform *p;

    if (!allocator->alloc)
        return calloc(1, sizeof(*p));
    p = allocator->alloc(allocator->ud, sizeof(*p));
    if (!p)
        return NULL;
    memset(p, 0, sizeof(*p));
    p->allocator = *allocator;
    return p;
}

void alloc_platform_end(struct platform *p)
{
    iovp_allocator a = p->allocator;

    if (a.alloc)
        a.release(a.ud, p);
    else
        free(p);
}

static void *bus_alloc(void *opaque, uint64_t bytes)
{
    struct platform_smmu *s = opaque;

    return bytes > SIZE_MAX ? NULL : call_alloc(s->p, (size_t)bytes);
}

static void bus_free(void *opaque, void *block)
{
    struct platform_smmu *s = opaque;

    call_release(s->p, block);
}

void alloc_bus(const struct platform *p, struct iovp_bus_ops *ops)
{
    if (!p->allocator.alloc)
        return;
    ops->alloc = bus_alloc;
    ops->free = bus_free;
}

/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * `handle` is 0 while the slot is free, 1 while it is being filled; handles
 * have bit 1 set, so they are neither, nor NULL, nor the address of a word.
 */
struct slot {
    atomic_uintptr_t handle;
    uintptr_t generation;
    void *object;
};

#define SLOT_FREE    0u
#define SLOT_FILLING 1u

#define HANDLE_MARK       2u
#define HANDLE_INDEX      2  /* low bit of the slot's index */
#define HANDLE_GENERATION 10 /* low bit of the generation */

/* No handle of a platform or of its objects has it. */
#define HANDLE_READER ((uintptr_t)1 << 63)

static struct slot slots[TRACE_SLOTS];

static struct slot *slot_of(uintptr_t handle)
{
    return &slots[handle >> HANDLE_INDEX & (TRACE_SLOTS - 1)];
}

void *trace_slot_claim(void *object)
{
    for (uintptr_t i = 0; i < TRACE_SLOTS; i++) {
        uintptr_t expected = SLOT_FREE;
        uintptr_t handle;

        if (!atomic_compare_exchange_strong(&slots[i].handle, &expected,
                                            SLOT_FILLING))
            continue;
        slots[i].generation++;
        slots[i].object = object;
        handle = slots[i].generation << HANDLE_GENERATION | i << HANDLE_INDEX |
                 HANDLE_MARK | HANDLE_READER;
        atomic_store(&slots[i].handle, handle);
        return (void *)handle;
    }
    return NULL;
}

void *trace_slot_get(const void *handle)
{
    uintptr_t h = (uintptr_t)handle;
    struct slot *s = slot_of(h);

    if ((h & 3) != HANDLE_MARK || atomic_load(&s->handle) != h)
        return NULL;
    return s->object;
}

void *trace_slot_release(const void *handle)
{
    uintptr_t h = (uintptr_t)handle;
    struct slot *s = slot_of(h);
    void *object;

    if ((h & 3) != HANDLE_MARK ||
        !atomic_compare_exchange_strong(&s->handle, &h, SLOT_FILLING))
        return NULL;
    object = s->object;
    s->object = NULL;
    atomic_store(&s->handle, SLOT_FREE);
    return object;
}

/* SPDX-License-Identifier: MIT */
/*
 * Handles.  What users hold is not an address: it is a slot, a generation and
 * for devices an index, in a pointer's bits.  A stale or foreign handle is
 * found out without touching freed memory, from any thread.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "platform.h"

#define SLOTS     255
#define SLOT_BITS 8
#define GEN_BITS  24
#define DEV_SHIFT (SLOT_BITS + GEN_BITS)
#define GEN_MASK  ((1u << GEN_BITS) - 1)

_Static_assert(sizeof(uintptr_t) == 8, "handles are 64-bit words");

static struct {
    _Atomic(struct platform *) platform;
    _Atomic uint32_t generation;
    _Atomic uint64_t owner;
} slots[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * A number that no other thread has or had (addresses are used again), 0 until
 * the thread owns something.
 */
static _Thread_local uint64_t thread_number
    __attribute__((tls_model("initial-exec")));

/* With `lock` held. */
static uint64_t number_of_thread(void)
{
    static uint64_t last;

    if (!thread_number)
        thread_number = ++last;
    return thread_number;
}

static uintptr_t encode(uint32_t slot, uint32_t generation, uint32_t device)
{
    return (uintptr_t)(slot + 1) | (uintptr_t)generation << SLOT_BITS |
           (uintptr_t)device << DEV_SHIFT;
}

iovp_status handle_register(struct platform *p, iovp_platform **out)
{
    uint32_t i;

    pthread_mutex_lock(&lock);
    for (i = 0; i < SLOTS; i++)
        if (!atomic_load(&slots[i].platform))
            break;
    if (i < SLOTS) {
        p->slot = i;
        p->generation = (atomic_load(&slots[i].generation) + 1) & GEN_MASK;
        atomic_store(&slots[i].owner, number_of_thread());
        atomic_store(&slots[i].generation, p->generation);
        atomic_store(&slots[i].platform, p);
    }
    pthread_mutex_unlock(&lock);
    if (i == SLOTS)
        return iovp_fail(IOVP_E_NOMEM, "more than %d platforms at a time",
                         SLOTS);
    *out = (iovp_platform *)encode(i, p->generation, 0);
    return IOVP_OK;
}

/* The platform in `word`'s slot if this thread owns it. */
static iovp_status find(uintptr_t word, struct platform **out)
{
    uint32_t slot = (uint32_t)(word & ((1u << SLOT_BITS) - 1)) - 1;
    uint32_t generation = (uint32_t)(word >> SLOT_BITS) & GEN_MASK;
    struct platform *p;

    if (slot >= SLOTS)
        return iovp_fail(IOVP_E_HANDLE, "the handle is NULL or not a handle");
    p = atomic_load_explicit(&slots[slot].platform, memory_order_acquire);
    if (!p || atomic_load_explicit(&slots[slot].generation,
                                   memory_order_relaxed) != generation)
        return iovp_fail(IOVP_E_HANDLE, "the platform was destroyed");
    if (atomic_load_explicit(&slots[slot].owner, memory_order_relaxed) !=
        thread_number)
        return iovp_fail(IOVP_E_THREAD,
                         "the platform belongs to the thread that created it");
    *out = p;
    return IOVP_OK;
}

static iovp_status reentry(void)
{
    return iovp_fail(IOVP_E_REENTRY, "this call is not allowed in a callback");
}

iovp_status handle_enter(iovp_platform *h, int kind, struct platform **out)
{
    iovp_status st = find((uintptr_t)h, out);

    if (st)
        return st;
    if ((uintptr_t)h >> DEV_SHIFT)
        return iovp_fail(IOVP_E_HANDLE, "a device, not a platform");
    return (*out)->in_callback && kind != ENTER_CALLBACK ? reentry() : IOVP_OK;
}

struct platform *handle_release(iovp_platform *h)
{
    struct platform *p = NULL;

    if (!h || handle_enter(h, ENTER_NORMAL, &p))
        return NULL;
    atomic_store(&slots[p->slot].platform, NULL);
    return p;
}

iovp_status handle_enter_device(iovp_device *h, struct platform **out,
                                struct platform_device_state **device)
{
    uint32_t index = (uint32_t)((uintptr_t)h >> DEV_SHIFT);
    iovp_status st = find((uintptr_t)h, out);

    if (st)
        return st;
    if (index == 0 || index > (*out)->device_count)
        return iovp_fail(IOVP_E_HANDLE, "not a device of this platform");
    *device = &(*out)->device[index - 1];
    return (*out)->in_callback ? reentry() : IOVP_OK;
}

iovp_device *handle_device(const struct platform *p, uint32_t index)
{
    return (iovp_device *)encode(p->slot, p->generation, index + 1);
}

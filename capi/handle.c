/* SPDX-License-Identifier: MIT */
/*
 * Handles.  What users hold is not an address: it is a slot, a generation and
 * the number of an object in it, in a pointer's bits.  A stale or foreign
 * handle is found out without touching freed memory, from any thread.
 *
 *     slot + 1  generation   index     generation  kind
 *     8 bits    16 bits      20 bits   16 bits     4 bits
 *     of the platform        of the object
 */
#include <pthread.h>
#include <stdatomic.h>

#include "alloc.h"
#include "object.h"

#define SLOTS      255
#define SLOT_BITS  8
#define GEN_BITS   16
#define GEN_MASK   ((1u << GEN_BITS) - 1)
#define INDEX_BITS 20
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

#define OBJECT_SHIFT (SLOT_BITS + GEN_BITS)
#define OGEN_SHIFT   (OBJECT_SHIFT + INDEX_BITS)
#define KIND_SHIFT   (OGEN_SHIFT + GEN_BITS)

_Static_assert(sizeof(uintptr_t) == 8, "handles are 64-bit words");

static struct {
    _Atomic(struct platform *) platform;
    _Atomic uint32_t generation;
    _Atomic uint64_t owner;
} slots[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Slots are used in turn, so that a generation lasts long. */
static uint32_t last_slot;

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

static uintptr_t encode(const struct platform *p, uint32_t index,
                        uint32_t generation, enum object_kind kind)
{
    return (uintptr_t)(p->slot + 1) | (uintptr_t)p->generation << SLOT_BITS |
           (uintptr_t)index << OBJECT_SHIFT |
           (uintptr_t)generation << OGEN_SHIFT | (uintptr_t)kind << KIND_SHIFT;
}

iovp_status handle_register(struct platform *p, iovp_platform **out)
{
    uint32_t i, n;

    pthread_mutex_lock(&lock);
    for (n = 0; n < SLOTS; n++)
        if (!atomic_load(&slots[(last_slot + 1 + n) % SLOTS].platform))
            break;
    i = (last_slot + 1 + n) % SLOTS;
    if (n < SLOTS) {
        last_slot = i;
        p->slot = i;
        p->generation = (atomic_load(&slots[i].generation) + 1) & GEN_MASK;
        atomic_store(&slots[i].owner, number_of_thread());
        atomic_store(&slots[i].generation, p->generation);
        atomic_store(&slots[i].platform, p);
    }
    pthread_mutex_unlock(&lock);
    if (n == SLOTS)
        return iovp_fail(IOVP_E_NOMEM, "more than %d platforms at a time",
                         SLOTS);
    *out = (iovp_platform *)encode(p, 0, 0, OBJECT_DEVICE);
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

/* May a call of this kind be made now? */
static iovp_status reentry(const struct platform *p, int kind)
{
    if (p->in_callback <= kind)
        return IOVP_OK;
    return iovp_fail(IOVP_E_REENTRY, "this call is not allowed in a callback");
}

static uint32_t index_of(uintptr_t word)
{
    return (uint32_t)(word >> OBJECT_SHIFT) & INDEX_MASK;
}

iovp_status handle_enter(iovp_platform *h, int kind, struct platform **out)
{
    iovp_status st = find((uintptr_t)h, out);

    if (st)
        return st;
    if ((uintptr_t)h >> OBJECT_SHIFT)
        return iovp_fail(IOVP_E_HANDLE, "an object, not a platform");
    return reentry(*out, kind);
}

struct platform *handle_release(iovp_platform *h)
{
    struct platform *p = NULL;

    if (!h || handle_enter(h, ENTER_NORMAL, &p))
        return NULL;
    atomic_store(&slots[p->slot].platform, NULL);
    return p;
}

iovp_platform *handle_platform(const struct platform *p)
{
    return (iovp_platform *)encode(p, 0, 0, OBJECT_DEVICE);
}

static struct platform_device_state *device_at(struct platform *p,
                                               uintptr_t word)
{
    uint32_t index = index_of(word);

    if (word >> OGEN_SHIFT || index == 0 || index > p->device_count) {
        iovp_fail(IOVP_E_HANDLE, "not a device of this platform");
        return NULL;
    }
    return &p->device[index - 1];
}

iovp_status handle_enter_device(iovp_device *h, int kind, struct platform **out,
                                struct platform_device_state **device)
{
    iovp_status st = find((uintptr_t)h, out);

    if (st)
        return st;
    *device = device_at(*out, (uintptr_t)h);
    if (!*device)
        return IOVP_E_HANDLE;
    return (*out)->in_callback <= kind ? IOVP_OK : reentry(*out, kind);
}

iovp_device *handle_device(const struct platform *p, uint32_t index)
{
    return (iovp_device *)encode(p, index + 1, 0, OBJECT_DEVICE);
}

/* ---- objects ------------------------------------------------------------ */

/* What a handle's index points at; free ones are a queue, so that an index is
 * used again as late as possible. */
struct object_slot {
    void *object;
    uint32_t next_free;
    uint16_t generation;
    uint8_t kind;
};

struct objects {
    struct object_slot *slot;
    uint32_t room, used;
    uint32_t free_first, free_last, free_count;
};

/* A freed index rests while fewer are free, as long as there is room. */
#define RESTING 1024u

static bool grow(struct platform *p, struct objects *o)
{
    size_t room = o->room ? 2 * (size_t)o->room : 64;
    struct object_slot *slot;

    if (o->used < o->room)
        return true;
    if (room > OBJECT_MAX)
        return false;
    slot = platform_resize(p, o->slot, o->room * sizeof(*slot),
                           room * sizeof(*slot));
    if (!slot)
        return false;
    o->slot = slot;
    o->room = (uint32_t)room;
    return true;
}

/* An index for a new object; OBJECT_MAX: none. */
static uint32_t take_index(struct platform *p, struct objects *o)
{
    uint32_t i;

    if (o->free_count < RESTING && grow(p, o)) {
        o->slot[o->used] = (struct object_slot){0};
        return o->used++;
    }
    if (!o->free_count)
        return OBJECT_MAX;
    i = o->free_first;
    o->free_first = o->slot[i].next_free;
    o->free_count--;
    return i;
}

uintptr_t object_add(struct platform *p, enum object_kind kind, void *object)
{
    struct object_slot *s;
    uint32_t i;

    if (!p->objects)
        p->objects = platform_alloc(p, 1, sizeof(*p->objects));
    if (!p->objects)
        return 0;
    i = take_index(p, p->objects);
    if (i == OBJECT_MAX)
        return 0;
    s = &p->objects->slot[i];
    s->object = object;
    s->kind = (uint8_t)kind;
    return encode(p, i, s->generation, kind);
}

static struct object_slot *slot_at(struct platform *p, uintptr_t word,
                                   enum object_kind kind)
{
    struct objects *o = p->objects;
    uint32_t i = index_of(word);

    if (!o || i >= o->used || word >> KIND_SHIFT != kind ||
        o->slot[i].kind != kind ||
        o->slot[i].generation != ((word >> OGEN_SHIFT) & GEN_MASK))
        return NULL;
    return &o->slot[i];
}

void object_remove(struct platform *p, uintptr_t handle)
{
    struct objects *o = p->objects;
    struct object_slot *s =
        slot_at(p, handle, (enum object_kind)(handle >> KIND_SHIFT));
    uint32_t i;

    if (!s)
        return;
    i = (uint32_t)(s - o->slot);
    s->object = NULL;
    s->kind = 0;
    s->generation++;
    if (o->free_count++)
        o->slot[o->free_last].next_free = i;
    else
        o->free_first = i;
    o->free_last = i;
}

void objects_free(struct platform *p)
{
    if (p->objects)
        platform_free(p, p->objects->slot);
    platform_free(p, p->objects);
    p->objects = NULL;
}

static void *object_at(struct platform *p, uintptr_t word,
                       enum object_kind kind)
{
    static const char *const name[OBJECT_KINDS] = {
        "device",  "space",  "notifier", "transfer",
        "context", "domain", "process"};
    const struct object_slot *s = slot_at(p, word, kind);

    if (!s)
        iovp_fail(IOVP_E_HANDLE, "not a %s, or it was destroyed", name[kind]);
    return s ? s->object : NULL;
}

iovp_status object_enter(const void *handle, enum object_kind kind, int enter,
                         struct platform **p, void **object)
{
    iovp_status st = find((uintptr_t)handle, p);

    if (st)
        return st;
    *object = object_at(*p, (uintptr_t)handle, kind);
    if (!*object)
        return IOVP_E_HANDLE;
    st = reentry(*p, enter);
    /* The software that owns IOMMUs may be in the middle of something; it
     * destroys nothing. */
    if (!st && kind >= OBJECT_CONTEXT && (*p)->timed && !(*p)->in_callback)
        timed_settle(*p);
    return st;
}

iovp_status object_of(struct platform *p, const void *handle,
                      enum object_kind kind, void **object)
{
    uintptr_t word = (uintptr_t)handle;
    struct platform *owner = NULL;
    iovp_status st = find(word, &owner);

    if (st)
        return st;
    *object = kind == OBJECT_DEVICE ? (void *)device_at(owner, word)
                                    : object_at(owner, word, kind);
    if (!*object)
        return IOVP_E_HANDLE;
    if (owner != p)
        return iovp_fail(IOVP_E_INVALID, "an object of another platform");
    return IOVP_OK;
}

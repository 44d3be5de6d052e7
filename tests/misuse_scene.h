/* SPDX-License-Identifier: MIT */
/*
 * What the tests of a C API used wrongly share: a platform with an object of
 * every kind in the middle of its life, what can be seen of its state, and
 * every function with arguments that are right.
 */
#ifndef MISUSE_SCENE_H
#define MISUSE_SCENE_H

#include <stdbool.h>

#include "sva_soc.h"

enum kind {
    K_NONE,
    K_PLATFORM,
    K_DEVICE, /* without PASIDs, attached to the domain */
    K_SPACE,
    K_NOTIFIER,
    K_TRANSFER, /* held by the IOMMU */
    K_CONTEXT,
    K_DOMAIN,
    K_PROCESS,
    K_READER,
    K_NPU,   /* a device that is bound to the process */
    K_RIGID, /* a device with a guest's stage 1 for PASID SCENE_GUEST */
    K_RAW,   /* a device without IOMMU, with a workload */
    KINDS,
};

enum kind misuse_class(enum kind k);

/* Callbacks: of kind SIM up to CB_FREE_CONTEXT, of kind SERVICE from there. */
enum callback {
    CB_NONE,
    CB_IRQ,
    CB_NOTIFY,
    CB_LOG,
    CB_ALLOC,
    CB_RELEASE,
    CB_FREE_IRQ,
    CB_FREE_NOTIFIER,
    CB_FREE_PROCESS,
    CB_FREE_BOND,
    CB_FREE_CONTEXT,
    CB_PASID_ALLOC,
    CB_PASID_FREE,
    CB_BIND,
    CB_UNBIND,
    CB_INVALIDATE,
    CB_FAULT,
    CB_PROCESS_FAULT,
    CB_EXIT,
    CALLBACKS,
};

#define SCENE_TRANSFERS 5u /* of the workload, 64 bytes each */
#define SCENE_GUEST     7u
#define SCENE_MAPPED    0x40000000u /* two pages of the domain, two mappings */
#define SCENE_HOLE      0x50000000u /* mapped nowhere */
#define SCENE_OUT       (64u << 10)
#define SCENE_MARKS     100u /* records of the reader's trace */

struct misuse_scene {
    struct sva v;
    void *h[KINDS], *dead[KINDS];
    iovp_process *ended;
    iovp_space *stale;
    uint32_t pasid;      /* of the process */
    uint32_t free_pasid; /* allocated, and nobody's */
    uint64_t reserved;   /* a reservation of the domain */
    uint64_t cookie;     /* of the transfer's fault */
    uint8_t held[16];    /* its buffer */
    char trace[256], tree[256], record[256];

    unsigned told[CALLBACKS];
    enum callback armed;
    void (*inside)(struct misuse_scene *s, bool service);
    bool refuse; /* to free a PASID */

    /* Where calls put what they find out, and what it must look like. */
    _Alignas(16) uint8_t out[SCENE_OUT], expected[SCENE_OUT];
    size_t used;
    size_t count, count_before;
};

/* Functional; false after a recorded failure. */
bool misuse_open(struct misuse_scene *s);
/* Whoever destroyed some of it. */
void misuse_close(struct misuse_scene *s);

/* Everything that can be seen without changing it. */
struct state;
struct state *misuse_take(struct misuse_scene *s);
/* Equal?  Ends both; differences are failures that name `what`. */
void misuse_same(struct state *before, struct state *after, const char *what);

/* What only running tells: the workload is still the one that was started. */
void misuse_runs(struct misuse_scene *s);

/* ---- calls ------------------------------------------------------------- */

/* Forget results, poison the room for new ones. */
void misuse_poison(struct misuse_scene *s);
/* Room for n elements of `bytes` bytes each, whose size is `size`. */
void *misuse_out(struct misuse_scene *s, size_t n, size_t bytes, uint32_t size);
/* Room without a size, and the count of a list. */
void *misuse_word(struct misuse_scene *s, size_t bytes);
size_t *misuse_count(struct misuse_scene *s, size_t count);

#define OUT(s, type)         ((type *)misuse_out((s), 1, sizeof(type), sizeof(type)))
#define SIZED(s, type, size) ((type *)misuse_out((s), 1, sizeof(type), (size)))
#define LIST(s, type, n) \
    ((type *)misuse_out((s), (n), sizeof(type), sizeof(type)))
#define WORD(s, type) ((type *)misuse_word((s), sizeof(type)))

/* A call has given `got`: if that is a failure there is a sentence, and no
 * result was touched. */
void misuse_expect(struct misuse_scene *s, iovp_status want, iovp_status got,
                   const char *call, const char *file, int line);

/* The call of a scene `s` gives this status. */
#define GIVES(want, call)                                          \
    do {                                                           \
        misuse_poison(s);                                          \
        misuse_expect(s, want, (call), #call, __FILE__, __LINE__); \
    } while (0)

/* ---- every function ----------------------------------------------------- */

/* From where it may be called; each includes those before. */
enum from { OWNER, SERVICE, SIM, ANY };

struct function {
    const char *name;
    /* With right arguments but perhaps the handles; OK, and undone as far as
     * it can be. */
    iovp_status (*call)(struct misuse_scene *s, void *h, void *other);
    enum kind takes[2];
    enum from from;
    bool silent; /* it returns no status */
};

/* What ends the life of an object comes last. */
extern const struct function misuse_functions[];
extern const size_t misuse_function_count;

/* What is wrong with arguments, function by function. */
struct misuse {
    const char *name;
    void (*run)(struct misuse_scene *s);
};

extern const struct misuse misuse_platform[], misuse_dma[], misuse_host[],
    misuse_domain[];
extern const size_t misuse_platform_count, misuse_dma_count, misuse_host_count,
    misuse_domain_count;

/* Wrong entries of iovp_context_invalidate; those before them are handled. */
void misuse_invalidations(struct misuse_scene *s);

/* Is there a row for every function in the library's list (a path)?
 * name_at(i): the i-th row's, NULL after the last. */
void misuse_rows_are_complete(const char *symbols,
                              const char *(*name_at)(size_t i));

/* A guest's CD: SCENE_GUEST's, an empty table. */
iovp_binding misuse_binding(void);

#endif

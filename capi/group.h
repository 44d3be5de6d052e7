/* SPDX-License-Identifier: MIT */
/*
 * Groups: devices of a context that share a StreamID, what is attached to
 * them, and who is behind a fault.  Private to context*.c and faults.c.
 */
#ifndef IOVP_GROUP_H
#define IOVP_GROUP_H

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of a group's attachment. */
enum group_state {
    GROUP_BLOCKED = 0,
    GROUP_PASIDS, /* a table of PASIDs of the host's */
    GROUP_STAGE2,
    GROUP_GUEST, /* a guest has stage 1 */
};

struct attachment {
    struct attachment *next;
    uint32_t pasid;
    uint32_t flags; /* HOST_* */
    struct host_table table;
    const void *owner; /* a binding: the context */
    struct fault_sink sink;
    uint64_t device[PLATFORM_DEVICE_MAX / 64]; /* which of the group's */
    struct domain *stage2;                     /* of a binding */
    bool by_host;                              /* it is the host's affair */
};

struct group {
    struct host_group host;
    enum group_state state;
    struct attachment *attachments;
    bool can_stall; /* all of its devices */
    bool ats;       /* enabled in its devices */
};

struct groups {
    uint32_t count;
    struct group *group;
    uint32_t *stream_ids;
    uint16_t of_device[PLATFORM_DEVICE_MAX]; /* NO_GROUP: none */
};

#define NO_GROUP UINT16_MAX

struct groups *groups_create(struct context *c);
void groups_destroy(struct context *c);
struct group *group_of(struct context *c,
                       const struct platform_device_state *d);
struct group *group_of_stream(struct context *c, uint32_t stream_id);
/* The attachment that translates a PASID. */
struct attachment *group_attachment(const struct group *g, uint32_t pasid);
/* Does the group take IOVP_NO_PASID for all PASIDs? */
bool group_is_whole(const struct group *g);
/* The first device with a StreamID; NULL: none. */
iovp_device *group_device(struct context *c, uint32_t stream_id);

/* Can it be attached? */
iovp_status group_check(struct context *c,
                        const struct platform_device_state *d,
                        const struct attachment *what);
/* As context_attach; `guest` is what a guest says of its stage 1, or NULL. */
iovp_status group_attach(struct context *c, struct platform_device_state *d,
                         const struct attachment *what,
                         const iovp_table *guest);
/* NULL and a sentence: the owner has none there. */
struct attachment *group_find(struct context *c,
                              const struct platform_device_state *d,
                              uint32_t pasid, const void *owner);

/* ---- of a platform (context.c) ----------------------------------------- */

struct contexts {
    struct context *first;
    uint32_t waiting;  /* drivers that wait for time to pass */
    bool serving;      /* contexts_service is at work */
    uint64_t ticks;    /* calls of iovp_run_until */
    uint64_t cookies;  /* given */
    uint64_t *pasids;  /* bitmap of those that are taken */
    uint64_t *library; /* of those, the library's own */
};

/* The platform's; made if need be.  NULL: no memory. */
struct contexts *contexts_get(struct platform *p);
void pasids_destroy(struct platform *p);

/* ---- faults (faults.c) -----------------------------------------------------
 */

struct faults *faults_create(struct context *c);
void faults_destroy(struct context *c);
/* Read reports, ask and expire.  True: something was answered. */
bool faults_service(struct context *c);
/* Abort what waits of an attachment. */
void faults_abort(struct context *c, const struct group *g, uint32_t pasid);
/* Of all of a group: requests for pages of PASIDs that are not attached, too.
 */
void faults_abort_group(struct context *c, const struct group *g);
uint64_t faults_deadline(const struct context *c);
void faults_invalidated(struct context *c, uint64_t entries);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * QEMU and the platform together: QEMU's vCPUs store to devices of the
 * platform, those read and write QEMU's memory and interrupt its vCPUs.
 *
 * One thread waits for QEMU; QEMU is a child process.
 */
#ifndef IOVP_QEMU_BRIDGE_H
#define IOVP_QEMU_BRIDGE_H

#include <sys/types.h>

#include "../../capi/iovp.h"
#include "image.h"
#include "line.h"
#include "process.h"
#include "protocol.h"

#define BRIDGE_WAY_US 1024

struct bridge_stats {
    uint64_t stores, interrupts;
    uint64_t wait_ns, wait_max_ns; /* of vCPUs, without the last store */
    uint64_t work_ns;              /* of models within that */
    uint64_t ways[BRIDGE_WAY_US];  /* how many took so long beside the models;
                                    * the last: or longer */
    uint64_t last_work_ns;
};

struct bridge {
    iovp_platform *p;
    struct qemu_layout layout;
    uint64_t instruction_ps;  /* time of one; 0: functional mode */
    struct qemu_clock *clock; /* timed mode */
    uint64_t counted;         /* instructions, of the vCPU that has most */
    int memory;               /* QEMU's RAM, window included */
    uint8_t *host;            /* the window of it */
    struct qemu_image image;
    struct bridge_stats stats;

    pid_t pid;
    int stores;           /* from the plugin */
    uint64_t awake_until; /* ns: the last store is not long ago */
    uint64_t looked;      /* ns: for another, without sleeping; 0: not */
    unsigned tired;       /* stores until it stays awake again */
    struct line test, monitor, messages;
    char gic[128]; /* QEMU's object, "": not found yet */
    bool asked, quit, busy;
    const char *failed; /* why it must end */
    int status;         /* as waitpid tells, when QEMU has ended */
};

/* Guest RAM of a platform, which QEMU is to share: iovp_ram_ops.map, with a
 * struct bridge that is zero but for memory = -1. */
void *bridge_map(void *ud, uint64_t base, uint64_t bytes);
/* The window is made; false: *why. */
bool bridge_open(struct bridge *b, iovp_platform *p, const void *dtb,
                 char why[QEMU_WHY]);
/* Start QEMU with these arguments and those that connect it, and work until
 * it has ended.  False: it could not be started. */
bool bridge_run(struct bridge *b, struct qemu_args *args, const char *plugin,
                bool kernel_only);
void bridge_close(struct bridge *b);

#endif

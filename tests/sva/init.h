/* SPDX-License-Identifier: MIT */
/*
 * The only process of the guest, beside those that it forks.  Lines as those of
 * the boot tests: IOVP-BOOT: ok NAME key=value ...
 */
#ifndef SVA_INIT_H
#define SVA_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../models/pcie/endpoints/test_endpoint_regs.h"
#include "../boot/init.h"
#include "module/iovp_sva.h"

#define PAGE 4096u

/* What a check says behind its name; of forked processes, too. */
extern char *text;
#define WANT(what, ...)                       \
    do {                                      \
        if (!(what)) {                        \
            snprintf(text, 512, __VA_ARGS__); \
            return false;                     \
        }                                     \
    } while (0)

/* ---- the engine -------------------------------------------------------------
 */

/* A file of /dev/iovp-sva, and whose PASID operations have. */
struct user {
    int fd;
    uint32_t pasid;
};

bool sva_open(struct user *u);
bool sva_bind(struct user *u); /* this process */
void sva_close(struct user *u);

/* MEMCPY, FILL ... of `bytes`; what it did is in `r`.  False: the driver has
 * refused or aborted it. */
bool sva_run(const struct user *u, unsigned op, const void *src, void *dst,
             uint32_t bytes, struct iovp_sva_run *r);
#define PATTERN 0x1122334455667788u /* of FILL */
bool succeeded(const struct iovp_sva_run *r);
/* With a fault, at `address`. */
bool denied(const struct iovp_sva_run *r, const void *address);

/* ---- memory and processes ---------------------------------------------------
 */

void *anonymous(size_t bytes);
/* Pages that have memory. */
unsigned resident(void *at, size_t bytes);
bool holds(const void *at, size_t bytes, uint64_t word);

typedef bool part(struct user *u);
/* `run` in a process of its own, with what `u` has open. */
int fork_part(part *run, struct user *u);
bool join_part(int pid);
/* Open, bind, `run`, close: in a process of its own. */
bool bound(part *run);

/* ---- checks -----------------------------------------------------------------
 */

part fault, copy, zero, file, drop, readonly, unmapped;
bool isolated(void);
bool unbound(void);
bool ended(void);
bool killed(void);
bool recycled(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Processes beside each other, and their ends. */
#include "init.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4u
#define CYCLES    300u /* more than 8 bits of PASIDs */
#define BIG       (32u << 20)

/* What processes tell each other, in memory that they share. */
static struct shared {
    uint32_t pasid[PROCESSES], ready, go;
    uint64_t address;
} *volatile shared;
static unsigned mine; /* which process this is */
static char *common;  /* the same address in all of them */
static struct iovp_sva_run r;

static bool share(void)
{
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    WANT(shared != MAP_FAILED, "no memory");
    return true;
}

static bool wait_for(volatile uint32_t *value, uint32_t least)
{
    for (double end = now() + 20; now() < end; rest(2)) {
        if (__atomic_load_n(value, __ATOMIC_ACQUIRE) >= least)
            return true;
    }
    WANT(false, "a process does not answer");
}

/* ---- beside each other ----------------------------------------------------
 */

/* All are bound before the first one runs. */
static bool one_of_many(struct user *u)
{
    if (!sva_open(u) || !sva_bind(u))
        return false;
    shared->pasid[mine] = u->pasid;
    __atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
    if (!wait_for(&shared->ready, PROCESSES))
        return false;
    memset(common, (int)mine + 1, PAGE);
    if (!sva_run(u, TEP_OP_MEMCPY, common, common + PAGE, PAGE, &r) ||
        !succeeded(&r))
        return false;
    __atomic_add_fetch(&shared->go, 1, __ATOMIC_ACQ_REL);
    return wait_for(&shared->go, PROCESSES) &&
           holds(common + PAGE, PAGE, 0x0101010101010101u * (mine + 1));
}

/* The same address in several processes is memory of each. */
bool isolated(void)
{
    int pid[PROCESSES];
    bool good = true;

    if (!share())
        return false;
    common = anonymous(2 * PAGE);
    for (mine = 0; mine < PROCESSES; mine++)
        pid[mine] = fork_part(one_of_many, &(struct user){-1, 0});
    for (unsigned i = 0; i < PROCESSES; i++)
        good &= join_part(pid[i]);
    for (unsigned i = 1; i < PROCESSES; i++)
        WANT(!good || shared->pasid[i] != shared->pasid[i - 1],
             "two have PASID %u", shared->pasid[i]);
    if (good)
        snprintf(text, 512, "processes=%u", PROCESSES);
    return good;
}

/* ---- ends -------------------------------------------------------------------
 */

static bool bind_and_fill(struct user *u)
{
    char *memory = anonymous(PAGE);

    if (!sva_bind(u) || !sva_run(u, TEP_OP_FILL, NULL, memory, PAGE, &r) ||
        !succeeded(&r))
        return false;
    shared->pasid[0] = u->pasid;
    shared->address = (uintptr_t)memory;
    return true;
}

/* What PASID[0] may not write any longer. */
static bool gone(struct user *u)
{
    void *at = (void *)(uintptr_t)shared->address;

    u->pasid = shared->pasid[0];
    return sva_run(u, TEP_OP_FILL, NULL, at, PAGE, &r) && denied(&r, at);
}

/* Unbound while the process lives: the kernel reports C_BAD_CD (7.3.11). */
static bool unbind(struct user *u)
{
    if (!bind_and_fill(u))
        return false;
    WANT(!ioctl(u->fd, IOVP_SVA_UNBIND), "unbind");
    return gone(u) && sva_bind(u) &&
           sva_run(u, TEP_OP_FILL, NULL, (void *)(uintptr_t)shared->address,
                   PAGE, &r) &&
           succeeded(&r);
}

bool unbound(void)
{
    struct user u = {-1, 0};
    char *log;
    bool good;

    if (!share() || !sva_open(&u))
        return false;
    good = join_part(fork_part(unbind, &u));
    sva_close(&u);
    if (!good)
        return false;
    /* The report comes from a thread of the kernel. */
    for (int i = 0; i < 100; i++, rest(10)) {
        log = kernel_log();
        if (strstr(log, "event 0x0a received"))
            break;
    }
    WANT(strstr(log, "event 0x0a received"), "no report of C_BAD_CD");
    snprintf(text, 512, "then bound again");
    return true;
}

/* The process ends, the file stays open: bound, without translations. */
bool ended(void)
{
    struct user u = {-1, 0};
    bool good;

    if (!share() || !sva_open(&u))
        return false;
    good = join_part(fork_part(bind_and_fill, &u)) && gone(&u);
    sva_close(&u);
    if (good)
        snprintf(text, 512, "pasid=%u", u.pasid);
    return good;
}

/* A long operation is left to run. */
static bool fill_on(struct user *u)
{
    char *memory = anonymous(BIG);

    if (!sva_bind(u))
        return false;
    shared->address = (uintptr_t)memory;
    r = (struct iovp_sva_run){.dst = (uintptr_t)memory,
                              .operand = PATTERN,
                              .bytes = BIG,
                              .pasid = u->pasid,
                              .op = TEP_OP_FILL,
                              .on_fault = TEP_FAULT_STALL};
    WANT(!ioctl(u->fd, IOVP_SVA_START, &r), "start");
    pause();
    return true;
}

static bool look(const struct user *u, uint32_t mask, uint64_t waits)
{
    for (double end = now() + 20; now() < end; rest(1)) {
        WANT(!ioctl(u->fd, IOVP_SVA_LOOK, &r), "look");
        if ((r.status & mask) == mask && r.waits >= waits)
            return true;
    }
    WANT(false, "status 0x%x, %llu accesses waited", r.status, r.waits);
}

/* SIGKILL in the middle of it, with an access held more often than not. */
bool killed(void)
{
    struct user u = {-1, 0};
    int pid;
    bool good;

    if (!share() || !sva_open(&u))
        return false;
    pid = fork_part(fill_on, &u);
    good = look(&u, TEP_STATUS_BUSY, 8);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    good = good && look(&u, TEP_STATUS_DONE, 8);
    sva_close(&u);
    if (!good)
        return false;
    WANT(r.status & TEP_STATUS_FAILED &&
             (r.status >> TEP_STATUS_ERROR_SHIFT & 0xff) == TEP_ERROR_UR &&
             r.fault_addr > shared->address &&
             r.fault_addr < shared->address + BIG,
         "status 0x%x, fault at 0x%llx of 0x%llx", r.status, r.fault_addr,
         (unsigned long long)shared->address);
    snprintf(text, 512, "bytes=%llu waits=%llu",
             (unsigned long long)(r.fault_addr - shared->address), r.waits);
    return true;
}

static bool write_once(struct user *u)
{
    char *memory = anonymous(PAGE);

    return sva_run(u, TEP_OP_FILL, NULL, memory, PAGE, &r) && succeeded(&r) &&
           holds(memory, PAGE, PATTERN);
}

/* More processes, one after the other, than there are PASIDs. */
bool recycled(void)
{
    for (unsigned i = 0; i < CYCLES; i++) {
        if (!bound(write_once))
            return false;
    }
    snprintf(text, 512, "processes=%u", CYCLES);
    return true;
}

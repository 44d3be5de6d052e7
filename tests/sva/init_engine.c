/* SPDX-License-Identifier: MIT */
/* The engine, memory and processes, as the checks use them. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

bool sva_open(struct user *u)
{
    u->fd = open("/dev/iovp-sva", O_RDWR | O_CLOEXEC);
    WANT(u->fd >= 0, "/dev/iovp-sva: %s", strerror(errno));
    return true;
}

bool sva_bind(struct user *u)
{
    WANT(!ioctl(u->fd, IOVP_SVA_BIND, &u->pasid), "bind: %s", strerror(errno));
    WANT(u->pasid, "bind: no PASID");
    return true;
}

void sva_close(struct user *u)
{
    close(u->fd);
}

bool sva_run(const struct user *u, unsigned op, const void *src, void *dst,
             uint32_t bytes, struct iovp_sva_run *r)
{
    *r = (struct iovp_sva_run){.src = (uintptr_t)src,
                               .dst = (uintptr_t)dst,
                               .operand = PATTERN,
                               .bytes = bytes,
                               .pasid = u->pasid,
                               .op = (uint16_t)op,
                               .on_fault = TEP_FAULT_STALL};
    WANT(!ioctl(u->fd, IOVP_SVA_RUN, r), "operation %u: %s, status 0x%x", op,
         strerror(errno), r->status);
    return true;
}

bool succeeded(const struct iovp_sva_run *r)
{
    WANT((r->status & (TEP_STATUS_DONE | TEP_STATUS_FAILED)) == TEP_STATUS_DONE,
         "operation %u: status 0x%x, fault at 0x%llx", r->op, r->status,
         r->fault_addr);
    return true;
}

bool denied(const struct iovp_sva_run *r, const void *address)
{
    WANT(r->status & TEP_STATUS_FAILED &&
             (r->status >> TEP_STATUS_ERROR_SHIFT & 0xff) == TEP_ERROR_UR &&
             r->fault_addr == (uintptr_t)address,
         "operation %u: status 0x%x, fault at 0x%llx, not at %p", r->op,
         r->status, r->fault_addr, address);
    return true;
}

/* ---- memory ---------------------------------------------------------------
 */

void *anonymous(size_t bytes)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

unsigned resident(void *at, size_t bytes)
{
    unsigned char pages[256] = {0};
    unsigned n = 0;

    if (bytes > sizeof(pages) * PAGE || mincore(at, bytes, pages))
        return ~0u;
    for (size_t i = 0; i < bytes / PAGE; i++)
        n += pages[i] & 1;
    return n;
}

bool holds(const void *at, size_t bytes, uint64_t word)
{
    const volatile uint64_t *words = at;

    for (size_t i = 0; i < bytes / 8; i++)
        WANT(words[i] == word, "byte %zu: 0x%llx, not 0x%llx", 8 * i,
             (unsigned long long)words[i], (unsigned long long)word);
    return true;
}

/* ---- processes ------------------------------------------------------------
 */

int fork_part(part *run, struct user *u)
{
    int pid = fork();

    if (!pid)
        _exit(run(u) ? 0 : 1);
    return pid;
}

bool join_part(int pid)
{
    int status = 0;

    WANT(pid > 0, "fork: %s", strerror(errno));
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

static part *bound_part;

static bool bind_and_run(struct user *u)
{
    bool good = sva_open(u) && sva_bind(u) && bound_part(u);

    sva_close(u);
    return good;
}

bool bound(part *run)
{
    struct user u = {-1, 0};

    bound_part = run;
    return join_part(fork_part(bind_and_run, &u));
}

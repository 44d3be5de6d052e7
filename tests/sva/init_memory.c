/* SPDX-License-Identifier: MIT */
/* Memory that a process has not touched, or has given away. */
#include "init.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGES 64u
#define BYTES (PAGES * PAGE)

static struct iovp_sva_run r;

static bool note(const char *what)
{
    snprintf(text, 512, "%s waits=%llu", what, r.waits);
    return true;
}

/* The device writes first; every page is faulted in by a stalled access. */
bool fault(struct user *u)
{
    char *memory = anonymous(BYTES), what[64];

    WANT(memory != MAP_FAILED && !resident(memory, BYTES),
         "the memory is there already");
    if (!sva_run(u, TEP_OP_FILL, NULL, memory, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(resident(memory, BYTES) == PAGES, "%u pages of %u are there",
         resident(memory, BYTES), PAGES);
    WANT(r.waits >= PAGES, "%llu accesses waited", r.waits);
    snprintf(what, sizeof(what), "pasid=%u pages=%u", u->pasid, PAGES);
    if (!holds(memory, BYTES, PATTERN))
        return false;
    note(what);
    /* Now they are there, and nothing waits. */
    if (!sva_run(u, TEP_OP_FILL, NULL, memory, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(!r.waits, "%llu accesses waited again", r.waits);
    return true;
}

/* From the stack, with odd addresses, to memory without pages. */
bool copy(struct user *u)
{
    char from[3 * PAGE], *to = anonymous(4 * PAGE);

    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (char)(i * 7 + i / 251);
    if (!sva_run(u, TEP_OP_MEMCPY, from + 1, to + 11, sizeof(from) - 5, &r) ||
        !succeeded(&r))
        return false;
    WANT(!memcmp(from + 1, to + 11, sizeof(from) - 5) && !to[10],
         "the data differ");
    return note("bytes=12283");
}

/* A read gets the kernel's page of zeros, read-only; a write then its own. */
bool zero(struct user *u)
{
    char *memory = anonymous(BYTES);

    if (!sva_run(u, TEP_OP_SUM, memory, NULL, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(!r.result && r.waits >= PAGES, "sum %llu, %llu accesses waited",
         r.result, r.waits);
    if (!sva_run(u, TEP_OP_FILL, NULL, memory, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(r.waits >= PAGES, "%llu writes waited", r.waits);
    return holds(memory, BYTES, PATTERN) && note("then written");
}

/* Pages of a file. */
bool file(struct user *u)
{
    int fd = open("/init", O_RDONLY | O_CLOEXEC);
    uint64_t sum = 0;
    unsigned char *memory;
    struct stat s;

    WANT(fd >= 0 && !fstat(fd, &s), "/init");
    memory = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    WANT(memory != MAP_FAILED, "mmap of /init");
    if (!sva_run(u, TEP_OP_SUM, memory, NULL, (uint32_t)s.st_size, &r) ||
        !succeeded(&r))
        return false;
    for (off_t i = 0; i < s.st_size; i++)
        sum += memory[i];
    WANT(sum == r.result && r.waits, "sum %llu, %llu accesses waited", r.result,
         r.waits);
    return note("summed");
}

/* The pages are given back, and with them what the SMMU holds of them. */
bool drop(struct user *u)
{
    char *memory = anonymous(BYTES);

    if (!sva_run(u, TEP_OP_FILL, NULL, memory, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(!madvise(memory, BYTES, MADV_DONTNEED), "madvise");
    if (!sva_run(u, TEP_OP_SUM, memory, NULL, BYTES, &r) || !succeeded(&r))
        return false;
    WANT(!r.result && r.waits >= PAGES,
         "the device still reads them: sum %llu, %llu accesses waited",
         r.result, r.waits);
    return note("and read again");
}

/* Written, then protected: the write of the second page is denied. */
bool readonly(struct user *u)
{
    char *memory = anonymous(2 * PAGE);

    if (!sva_run(u, TEP_OP_FILL, NULL, memory, 2 * PAGE, &r) || !succeeded(&r))
        return false;
    WANT(!mprotect(memory + PAGE, PAGE, PROT_READ), "mprotect");
    if (!sva_run(u, TEP_OP_FILL, NULL, memory, 2 * PAGE, &r) ||
        !denied(&r, memory + PAGE))
        return false;
    if (!sva_run(u, TEP_OP_SUM, memory + PAGE, NULL, PAGE, &r) ||
        !succeeded(&r))
        return false;
    return note("and readable");
}

/* Unmapped again; what is beside it is not. */
bool unmapped(struct user *u)
{
    char *memory = anonymous(3 * PAGE);

    if (!sva_run(u, TEP_OP_FILL, NULL, memory, 3 * PAGE, &r) || !succeeded(&r))
        return false;
    WANT(!munmap(memory + PAGE, PAGE), "munmap");
    if (!sva_run(u, TEP_OP_FILL, NULL, memory, 3 * PAGE, &r) ||
        !denied(&r, memory + PAGE))
        return false;
    if (!sva_run(u, TEP_OP_FILL, NULL, memory + 2 * PAGE, PAGE, &r) ||
        !succeeded(&r))
        return false;
    WANT(!r.waits, "%llu accesses waited beside it", r.waits);
    return note("its neighbour is mapped");
}

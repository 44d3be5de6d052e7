/* SPDX-License-Identifier: MIT */
/* The stock nvme driver on our controller. */
#define _GNU_SOURCE /* O_DIRECT */
#include "init.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DISK       "/dev/nvme0n1"
#define BLOCK      "/sys/class/block/nvme0n1"
#define SECOND     "/dev/nvme0n1p2" /* of its partitions */
#define NVME_CLASS 0x010802u
#define CHUNK      (1u << 20)
#define DEFAULT    64u /* MiB */

/* The CRC of zlib, which the host computes too. */
static uint32_t crc32(const void *data, size_t bytes)
{
    const uint64_t *p = data;
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < bytes / 8; i++)
        crc = __builtin_aarch64_crc32x(crc, p[i]);
    return ~crc;
}

static void fill(uint64_t *p, size_t bytes, uint64_t seed)
{
    for (size_t i = 0; i < bytes / 8; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        p[i] = seed;
    }
}

static void *get_memory(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static unsigned entries(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    unsigned n = 0;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static bool write_all(int fd, const char *data, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += CHUNK) {
        if (pwrite(fd, data + at, CHUNK, (off_t)at) != (ssize_t)CHUNK)
            return false;
    }
    return fsync(fd) == 0;
}

static bool read_all(int fd, char *data, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += CHUNK) {
        if (pread(fd, data + at, CHUNK, (off_t)at) != (ssize_t)CHUNK)
            return false;
    }
    return true;
}

static long blocks(const char *partition)
{
    char path[64];

    snprintf(path, sizeof(path), BLOCK "/%s/size", partition);
    return read_number(path, 0);
}

static enum verdict copy(struct report *r, int fd, char *out, char *in,
                         size_t bytes)
{
    double start, written, done;

    /* Other data each time, so that old ones are noticed. */
    fill((uint64_t *)out, bytes, (uint64_t)(now() * 1e9) | 1);
    start = now();
    if (!write_all(fd, out, bytes))
        return failed(r, "write: %m");
    written = now();
    if (!read_all(fd, in, bytes))
        return failed(r, "read: %m");
    done = now();
    if (memcmp(out, in, bytes))
        return failed(r, "what was read is not what was written");
    return passed(r,
                  "queues=%u p1=%ld p2=%ld bytes=%zu crc32=%08x "
                  "write_MBps=%.0f read_MBps=%.0f",
                  entries(BLOCK "/mq"), blocks("nvme0n1p1"),
                  blocks("nvme0n1p2"), bytes, crc32(in, bytes),
                  (double)bytes / 1e6 / (written - start),
                  (double)bytes / 1e6 / (done - written));
}

/* iovp.mib=N at the begin of iovp.disk=NAME; the second partition. */
enum verdict check_nvme(struct report *r)
{
    size_t bytes = strtoul(argument("iovp.mib"), NULL, 0);
    char path[64] = SECOND;
    enum verdict verdict;
    char *out, *in;
    int fd;

    bytes = (bytes ? bytes : DEFAULT) << 20;
    if (*argument("iovp.disk"))
        snprintf(path, sizeof(path), "/dev/%.32s", argument("iovp.disk"));
    if (!await_path(path, true))
        return failed(r, "no %s", path);
    fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    out = get_memory(bytes);
    in = get_memory(bytes);
    if (fd < 0 || !out || !in)
        return failed(r, "%s: %m", path);
    verdict = copy(r, fd, out, in, bytes);
    munmap(out, bytes);
    munmap(in, bytes);
    close(fd);
    return verdict;
}

/* ---- driver removal and re-probe
 * ---------------------------------------------- */

static bool first_block(char *data)
{
    int fd = open(SECOND, O_RDONLY | O_DIRECT | O_CLOEXEC);
    bool good = fd >= 0 && pread(fd, data, 4096, 0) == 4096;

    if (fd >= 0)
        close(fd);
    return good;
}

/* By the driver, then by the bus: remove the function, and scan for it. */
enum verdict check_reprobe(struct report *r)
{
    char *data = get_memory(8192), path[128];
    struct pci_function f;

    if (!data || !pci_find(NVME_CLASS, &f, 1) || !await_path(SECOND, true) ||
        !first_block(data))
        return failed(r, "no NVMe controller with data: %m");
    if (!pci_unbind(&f) || !await_path(DISK, false))
        return failed(r, "%s: unbind: %m", f.name);
    if (!pci_rebind(&f, "nvme") || !await_path(SECOND, true))
        return failed(r, "%s: bind: %m", f.name);
    if (!first_block(data + 4096) || memcmp(data, data + 4096, 4096))
        return failed(r, "%s: other data behind the second probe", f.name);
    snprintf(path, sizeof(path), "%s/remove", f.path);
    if (write_text(path, "1") || !await_path(DISK, false))
        return failed(r, "%s: remove: %m", f.name);
    if (write_text("/sys/bus/pci/rescan", "1") || !await_path(SECOND, true))
        return failed(r, "%s: rescan: %m", f.name);
    if (!first_block(data + 4096) || memcmp(data, data + 4096, 4096))
        return failed(r, "%s: other data behind the rescan", f.name);
    munmap(data, 8192);
    return passed(r, "%s unbind, bind, remove, rescan", f.name);
}

/* SPDX-License-Identifier: MIT */
/* Files of the host as storage of PCI functions. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC */
#endif
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../models/pcie/endpoints/nvme.h"
#include "pcie.h"

struct platform_file {
    struct platform_file *next;
    int fd;
};

static bool file_read(void *opaque, uint64_t offset, void *data, uint32_t bytes)
{
    const struct platform_file *f = opaque;
    uint8_t *to = data;

    while (bytes) {
        ssize_t n = pread(f->fd, to, bytes, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        offset += (uint64_t)n;
        bytes -= (uint32_t)n;
    }
    return true;
}

static bool file_write(void *opaque, uint64_t offset, const void *data,
                       uint32_t bytes)
{
    const struct platform_file *f = opaque;
    const uint8_t *from = data;

    while (bytes) {
        ssize_t n = pwrite(f->fd, from, bytes, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n;
        offset += (uint64_t)n;
        bytes -= (uint32_t)n;
    }
    return true;
}

static bool file_flush(void *opaque)
{
    const struct platform_file *f = opaque;

    return fdatasync(f->fd) == 0;
}

const struct nvme_storage_ops platform_file_storage = {
    .size = sizeof(struct nvme_storage_ops),
    .read = file_read,
    .write = file_write,
    .flush = file_flush,
};

iovp_status platform_open_file(struct platform *p, const char *node,
                               const char *path, bool read_only, void **opaque,
                               uint64_t *bytes)
{
    struct platform_file *f = platform_alloc(p, 1, sizeof(*f));
    struct stat st;

    if (!f)
        return iovp_fail(IOVP_E_NOMEM, "%s: no memory", node);
    /* A FIFO would wait for its other end. */
    f->fd =
        open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &st) != 0) {
        iovp_status failed =
            iovp_fail(IOVP_E_IO, "%s: %s: %s", node, path, strerror(errno));

        if (f->fd >= 0)
            close(f->fd);
        platform_free(p, f);
        return failed;
    }
    f->next = p->files;
    p->files = f;
    if (!S_ISREG(st.st_mode))
        return iovp_fail(IOVP_E_IO, "%s: %s: not a regular file", node, path);
    *opaque = f;
    *bytes = (uint64_t)st.st_size;
    return IOVP_OK;
}

void pcie_files_close(struct platform *p)
{
    while (p->files) {
        struct platform_file *f = p->files;

        p->files = f->next;
        close(f->fd);
        platform_free(p, f);
    }
}

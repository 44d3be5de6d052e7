/* SPDX-License-Identifier: MIT */
/* port_dt_load: a .dtb as it is, anything else through dtc. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_CLOEXEC */
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dt_dtc.h"

#define DTB_HEADER 40

static bool is_dtb(const uint8_t *data, size_t bytes)
{
    static const uint8_t magic[4] = {0xd0, 0x0d, 0xfe, 0xed};

    return bytes >= sizeof(magic) && !memcmp(data, magic, sizeof(magic));
}

static bool ends_with(const char *s, const char *end)
{
    size_t a = strlen(s), b = strlen(end);

    return a >= b && !strcmp(s + a - b, end);
}

/* dtc knows /include/ only; many trees want the C preprocessor first. */
static bool wants_cpp(const char *text, size_t bytes)
{
    static const char directive[] = "#include";
    size_t len = sizeof(directive) - 1;

    for (size_t i = 0; i + len <= bytes; i++) {
        if ((i == 0 || text[i - 1] == '\n') &&
            !memcmp(text + i, directive, len))
            return true;
    }
    return false;
}

static iovp_status read_file(const char *path, int fd, uint8_t **data,
                             size_t *bytes)
{
    struct dt_buffer b = {.limit = DT_MAX_BYTES};
    enum dt_read got = DT_READ_MORE;

    while (got == DT_READ_MORE)
        got = dt_buffer_read(&b, fd);
    *data = b.data;
    *bytes = b.len;
    if (got == DT_READ_END)
        return IOVP_OK;
    if (got == DT_READ_NOMEM)
        return iovp_fail(IOVP_E_NOMEM, "%s: no memory to read it", path);
    if (got == DT_READ_LIMIT)
        return iovp_fail(IOVP_E_DT, "%s: larger than %u MiB", path,
                         DT_MAX_BYTES >> 20);
    return iovp_fail(IOVP_E_IO, "%s: %s", path, strerror(errno));
}

/* Text that dtc may read again by its name. */
static iovp_status check_source(const char *path, const struct stat *st,
                                const uint8_t *data, size_t bytes)
{
    if (!bytes)
        return iovp_fail(IOVP_E_DT, "%s: the file is empty", path);
    if (ends_with(path, ".dtb"))
        return iovp_fail(IOVP_E_DT, "%s: no device tree blob (bad magic)",
                         path);
    if (memchr(data, 0, bytes))
        return iovp_fail(IOVP_E_DT,
                         "%s: neither a device tree blob (bad magic) nor "
                         "source (it has NUL bytes)",
                         path);
    if (!S_ISREG(st->st_mode))
        return iovp_fail(IOVP_E_IO,
                         "%s: device tree source must be a regular file", path);
    if (wants_cpp((const char *)data, bytes))
        return iovp_fail(IOVP_E_DT,
                         "%s: has #include, which dtc does not know; run it "
                         "through cpp -nostdinc -undef -x assembler-with-cpp "
                         "first",
                         path);
    return IOVP_OK;
}

static iovp_status load(const char *path, int fd, void **blob, size_t *bytes)
{
    struct stat st;
    uint8_t *data = NULL;
    iovp_status status;

    if (fstat(fd, &st) != 0)
        return iovp_fail(IOVP_E_IO, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return iovp_fail(IOVP_E_IO, "%s: is a directory", path);
    status = read_file(path, fd, &data, bytes);
    if (status == IOVP_OK && is_dtb(data, *bytes) && *bytes < DTB_HEADER)
        status =
            iovp_fail(IOVP_E_DT, "%s: device tree blob: truncated, %zu bytes",
                      path, *bytes);
    else if (status == IOVP_OK && is_dtb(data, *bytes)) {
        *blob = data;
        return IOVP_OK;
    }
    if (status == IOVP_OK)
        status = check_source(path, &st, data, *bytes);
    free(data);
    if (status == IOVP_OK)
        status = dt_compile(path, blob, bytes);
    if (status == IOVP_OK && !is_dtb(*blob, *bytes)) {
        free(*blob);
        *blob = NULL;
        status =
            iovp_fail(IOVP_E_IO, "%s: dtc wrote no device tree blob", path);
    }
    return status;
}

iovp_status port_dt_load(const char *path, void **blob, size_t *bytes)
{
    iovp_status st;
    int fd;

    *blob = NULL;
    *bytes = 0;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return iovp_fail(IOVP_E_IO, "%s: %s", path, strerror(errno));
    st = load(path, fd, blob, bytes);
    close(fd);
    return st;
}

/* SPDX-License-Identifier: MIT */
/* Writing, reading and bending trace files in tests. */
#ifndef IOVP_TESTS_TRACE_FILES_H
#define IOVP_TESTS_TRACE_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../capi/ports.h"
#include "shim.h"

#define CHUNK 8192 /* records that the writer puts into a chunk */

static const uint8_t tree[] = "a device tree, as far as a trace knows";

static inline const char *temp_path(const char *name)
{
    static char path[256];
    const char *dir = getenv("TMPDIR");

    snprintf(path, sizeof(path), "%s/iovp-test-trace-%ld-%s",
             dir ? dir : "/tmp", (long)getpid(), name);
    return path;
}

/* ---- files ----------------------------------------------------------- */

struct bytes {
    uint8_t *p;
    size_t n;
};

static inline struct bytes load(const char *path)
{
    struct bytes b = {NULL, 0};
    FILE *f = fopen(path, "rb");
    long size;

    if (!f)
        return b;
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    b.p = malloc((size_t)size + 1);
    if (b.p && fread(b.p, 1, (size_t)size, f) == (size_t)size)
        b.n = (size_t)size;
    fclose(f);
    return b;
}

static inline void store(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(p, 1, n, f) != n)
        shim_fail(__FILE__, __LINE__, "cannot write %s", path);
    if (f)
        fclose(f);
}

static inline iovp_status record(const char *path,
                                 const struct iovp_trace_record *r, size_t n,
                                 const void *dtb, size_t dtb_bytes)
{
    struct trace_writer *w;
    iovp_status status = port_trace_create(&w, path, dtb, dtb_bytes);

    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        port_trace_put(w, &r[i]);
    return port_trace_finish(w);
}

/* Records until the first that is not OK, whose status is returned. */
static inline iovp_status count_records(const char *path, size_t *n)
{
    iovp_trace_reader *reader;
    iovp_record r;
    iovp_status status = iovp_trace_open(&reader, path);

    *n = 0;
    if (status)
        return status;
    r.size = sizeof(r);
    while (!(status = iovp_trace_next(reader, &r)))
        ++*n;
    CHECK_EQ(iovp_trace_next(reader, &r), status); /* it stays so */
    iovp_trace_close(reader);
    return status;
}

static inline uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline void fill_random(struct iovp_trace_record *t, size_t n,
                               uint64_t seed)
{
    uint8_t *p = (uint8_t *)t;

    for (size_t i = 0; i < n * sizeof(*t); i++)
        p[i] = (uint8_t)random64(&seed);
}

#endif

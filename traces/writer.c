/* SPDX-License-Identifier: MIT */
/*
 * Writing a trace: records are gathered to chunks, encoded, compressed and
 * written whole, in the order of the calls.  Nothing but the records and the
 * device tree enters the file, so that equal runs give equal files.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../capi/ports.h"
#include "../models/common/bits.h"
#include "planes.h"

/* A killed run loses at most as many records. */
#define CHUNK_RECORDS 8192u

/* Part of the format's reproducibility: never taken from the environment. */
#define DEFLATE_LEVEL     1
#define DEFLATE_WINDOW    15
#define DEFLATE_MEM_LEVEL 9
#define DEFLATE_STRATEGY  Z_RLE /* planes are runs; 1.3 times as fast */

struct trace_writer {
    FILE *file;
    char *path;
    int error; /* errno of the first failure; nothing is written after it */
    uint32_t sequence;
    uint32_t count; /* records that wait in `records` */
    uint64_t total;
    uint64_t first, last; /* time range of the file */
    z_stream z;
    uint8_t *chunk; /* header and stored bytes, written at once */
    size_t chunk_bytes;
    struct iovp_trace_record records[CHUNK_RECORDS];
    uint64_t scratch[CHUNK_RECORDS];
    uint8_t body[TRACE_BODY_MAX(CHUNK_RECORDS)];
};

/* What a chunk header says beside sizes. */
struct chunk {
    uint32_t kind;
    uint32_t records;
    uint64_t first, last;
};

static void write_bytes(struct trace_writer *w, const void *p, size_t bytes)
{
    if (w->error)
        return;
    errno = 0;
    if (fwrite(p, 1, bytes, w->file) != bytes)
        w->error = errno ? errno : EIO;
}

/* Room for the chunk header and `raw` bytes however badly they compress. */
static bool reserve_chunk(struct trace_writer *w, size_t raw)
{
    size_t need = TRACE_CHUNK_BYTES + deflateBound(&w->z, (uLong)raw);
    uint8_t *chunk;

    if (need <= w->chunk_bytes)
        return true;
    chunk = realloc(w->chunk, need);
    if (!chunk)
        return false;
    w->chunk = chunk;
    w->chunk_bytes = need;
    return true;
}

static void put_chunk_header(struct trace_writer *w, const struct chunk *c,
                             size_t raw, size_t stored)
{
    uint8_t *h = w->chunk;
    uLong crc;

    memset(h, 0, TRACE_CHUNK_BYTES);
    iovp_put_le32(h, TRACE_CHUNK_MAGIC);
    iovp_put_le32(h + TRACE_CHUNK_KIND, c->kind);
    iovp_put_le32(h + TRACE_CHUNK_SEQUENCE, w->sequence++);
    iovp_put_le32(h + TRACE_CHUNK_RAW, (uint32_t)raw);
    iovp_put_le32(h + TRACE_CHUNK_STORED, (uint32_t)stored);
    iovp_put_le32(h + TRACE_CHUNK_RECORDS, c->records);
    iovp_put_le64(h + TRACE_CHUNK_FIRST, c->first);
    iovp_put_le64(h + TRACE_CHUNK_LAST, c->last);
    crc = crc32(0, h, TRACE_CHUNK_CRC);
    crc = crc32(crc, h + TRACE_CHUNK_BYTES, (uInt)stored);
    iovp_put_le32(h + TRACE_CHUNK_CRC, (uint32_t)crc);
}

/* Compress and write one chunk; reserve_chunk has been called for `bytes`. */
static void write_chunk(struct trace_writer *w, const struct chunk *c,
                        const void *raw, size_t bytes)
{
    z_stream *z = &w->z;

    if (w->error)
        return;
    deflateReset(z);
    z->next_in = (z_const Bytef *)raw;
    z->avail_in = (uInt)bytes;
    z->next_out = w->chunk + TRACE_CHUNK_BYTES;
    z->avail_out = (uInt)(w->chunk_bytes - TRACE_CHUNK_BYTES);
    if (deflate(z, Z_FINISH) != Z_STREAM_END) {
        w->error = EIO;
        return;
    }
    put_chunk_header(w, c, bytes, z->total_out);
    write_bytes(w, w->chunk, TRACE_CHUNK_BYTES + z->total_out);
}

static void flush_records(struct trace_writer *w)
{
    struct chunk c = {TRACE_KIND_RECORDS, w->count, UINT64_MAX, 0};
    size_t bytes;

    if (!w->count)
        return;
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->records[i].time_in < c.first)
            c.first = w->records[i].time_in;
        if (w->records[i].time_out > c.last)
            c.last = w->records[i].time_out;
    }
    if (!w->error) {
        bytes = trace_body_encode(w->records, w->count, w->scratch, w->body);
        write_chunk(w, &c, w->body, bytes);
    }
    if (c.first < w->first)
        w->first = c.first;
    if (c.last > w->last)
        w->last = c.last;
    w->total += w->count;
    w->count = 0;
}

static void write_file_header(struct trace_writer *w)
{
    uint8_t h[TRACE_FILE_BYTES] = {0};

    memcpy(h, TRACE_MAGIC, TRACE_MAGIC_BYTES);
    iovp_put_le16(h + TRACE_FILE_MAJOR, TRACE_MAJOR);
    iovp_put_le16(h + TRACE_FILE_MINOR, TRACE_MINOR);
    iovp_put_le32(h + TRACE_FILE_RECORD_BYTES, TRACE_RECORD_BYTES);
    iovp_put_le32(h + TRACE_FILE_TICK_PS, 1);
    snprintf((char *)h + TRACE_FILE_PRODUCER, TRACE_PRODUCER_BYTES,
             "iovp %d.%d.%d", IOVP_VERSION_MAJOR, IOVP_VERSION_MINOR,
             IOVP_VERSION_PATCH);
    iovp_put_le32(h + TRACE_FILE_CRC, (uint32_t)crc32(0, h, TRACE_FILE_CRC));
    write_bytes(w, h, sizeof(h));
}

static void free_writer(struct trace_writer *w)
{
    if (w->file)
        fclose(w->file);
    deflateEnd(&w->z);
    free(w->chunk);
    free(w->path);
    free(w);
}

static struct trace_writer *new_writer(const char *path, size_t dtb_bytes)
{
    struct trace_writer *w = calloc(1, sizeof(*w));
    size_t raw = sizeof(w->body);

    if (!w)
        return NULL;
    if (deflateInit2(&w->z, DEFLATE_LEVEL, Z_DEFLATED, DEFLATE_WINDOW,
                     DEFLATE_MEM_LEVEL, DEFLATE_STRATEGY) != Z_OK) {
        free(w);
        return NULL;
    }
    w->first = UINT64_MAX;
    w->path = malloc(strlen(path) + 1);
    if (!w->path || !reserve_chunk(w, dtb_bytes > raw ? dtb_bytes : raw)) {
        free_writer(w);
        return NULL;
    }
    strcpy(w->path, path);
    return w;
}

iovp_status port_trace_create(struct trace_writer **out, const char *path,
                              const void *dtb, size_t dtb_bytes)
{
    static const struct chunk tree = {TRACE_KIND_DTB, 0, 0, 0};
    struct trace_writer *w;
    int error;

    if (!out || !path || (!dtb && dtb_bytes))
        return iovp_fail(IOVP_E_INVALID, "trace: NULL argument");
    *out = NULL;
    if (dtb_bytes > TRACE_RAW_MAX)
        return iovp_fail(IOVP_E_INVALID,
                         "trace: a device tree of %zu bytes is too large",
                         dtb_bytes);
    w = new_writer(path, dtb_bytes);
    if (!w)
        return iovp_fail(IOVP_E_NOMEM, "trace: out of memory");
    w->file = fopen(path, "wb");
    if (w->file) {
        /* Chunks are written whole already; a killed run leaves them all. */
        setvbuf(w->file, NULL, _IONBF, 0);
        write_file_header(w);
        if (dtb_bytes)
            write_chunk(w, &tree, dtb, dtb_bytes);
    }
    if (!w->file || w->error) {
        error = w->error ? w->error : errno;
        free_writer(w);
        return iovp_fail(IOVP_E_IO, "%s: %s", path, strerror(error));
    }
    *out = w;
    return IOVP_OK;
}

void port_trace_put(struct trace_writer *w, const struct iovp_trace_record *r)
{
    w->records[w->count] = *r;
    w->records[w->count].reserved = 0;
    if (++w->count == CHUNK_RECORDS)
        flush_records(w);
}

iovp_status port_trace_finish(struct trace_writer *w)
{
    struct chunk end = {TRACE_KIND_END, 0, 0, 0};
    iovp_status status = IOVP_OK;
    uint8_t total[TRACE_END_BYTES];

    if (!w)
        return iovp_fail(IOVP_E_INVALID, "trace: NULL argument");
    flush_records(w);
    iovp_put_le64(total, w->total);
    end.first = w->total ? w->first : 0;
    end.last = w->last;
    write_chunk(w, &end, total, sizeof(total));
    if (fclose(w->file) && !w->error)
        w->error = errno;
    w->file = NULL;
    if (w->error)
        status = iovp_fail(IOVP_E_IO, "%s: %s", w->path, strerror(w->error));
    free_writer(w);
    return status;
}

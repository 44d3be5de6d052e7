/* SPDX-License-Identifier: MIT */
/* Running the device tree compiler, and the buffers that reading needs. */
#ifndef DT_DTC_H
#define DT_DTC_H

#include <stddef.h>
#include <stdint.h>

#include "../capi/ports.h"

#define DT_MAX_BYTES (64u << 20) /* of a blob or a source file */

/* Grows up to `limit` bytes; all zero but the limit at first. */
struct dt_buffer {
    uint8_t *data;
    size_t len;
    size_t room;
    size_t limit;
};

enum dt_read {
    DT_READ_MORE,
    DT_READ_END,
    DT_READ_LIMIT, /* there is more than the limit */
    DT_READ_NOMEM,
    DT_READ_ERROR, /* errno */
};

/* One read(). */
enum dt_read dt_buffer_read(struct dt_buffer *b, int fd);

/*
 * Compile a .dts.  *blob is malloc'ed.  Errors: IO if dtc is missing or
 * cannot be run, DT with dtc's own words if it refuses the source.
 */
iovp_status dt_compile(const char *path, void **blob, size_t *bytes);

#endif

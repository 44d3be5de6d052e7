/* SPDX-License-Identifier: MIT */
/*
 * A socket or pipe to QEMU on which both sides speak in lines: its test socket,
 * its monitor, its messages.
 */
#ifndef IOVP_QEMU_LINE_H
#define IOVP_QEMU_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define LINE_ROOM 16384

/* A line that has come, without its end. */
typedef void line_fn(void *ud, const char *text);

struct line {
    int fd; /* -1: closed */
    line_fn *fn;
    void *ud;
    char in[LINE_ROOM]; /* of a line that is not complete */
    size_t have;
    char *out; /* not sent yet */
    size_t waiting, room;
};

void line_open(struct line *l, int fd, line_fn *fn, void *ud);
void line_close(struct line *l);
/* Read what is there, without waiting; closes at the end. */
void line_read(struct line *l);
/* Lines are kept until the other side takes them. */
void line_send(struct line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void line_flush(struct line *l);

#endif

/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void line_open(struct line *l, int fd, line_fn *fn, void *ud)
{
    memset(l, 0, sizeof(*l));
    l->fd = fd;
    l->fn = fn;
    l->ud = ud;
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void line_close(struct line *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    free(l->out);
    l->out = NULL;
    l->waiting = l->room = 0;
}

/* Every complete line; what is too long is cut. */
static void split(struct line *l)
{
    char *from = l->in, *end;

    l->in[l->have] = '\0';
    while ((end = strchr(from, '\n')) != NULL) {
        *end = '\0';
        if (end > from && end[-1] == '\r')
            end[-1] = '\0';
        l->fn(l->ud, from);
        from = end + 1;
    }
    l->have -= (size_t)(from - l->in);
    memmove(l->in, from, l->have);
    if (l->have == LINE_ROOM - 1) {
        l->fn(l->ud, l->in);
        l->have = 0;
    }
}

void line_read(struct line *l)
{
    while (l->fd >= 0) {
        ssize_t n = read(l->fd, l->in + l->have, LINE_ROOM - 1 - l->have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            line_close(l);
            return;
        }
        /* A zero byte would end the text early. */
        for (ssize_t i = 0; i < n; i++)
            if (!l->in[l->have + (size_t)i])
                l->in[l->have + (size_t)i] = ' ';
        l->have += (size_t)n;
        split(l);
    }
}

void line_send(struct line *l, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text) || l->fd < 0)
        return;
    if (l->waiting + (size_t)n > l->room) {
        size_t room = 2 * (l->waiting + (size_t)n);
        char *out = realloc(l->out, room);

        if (!out)
            return;
        l->out = out;
        l->room = room;
    }
    memcpy(l->out + l->waiting, text, (size_t)n);
    l->waiting += (size_t)n;
}

void line_flush(struct line *l)
{
    size_t sent = 0;

    while (l->fd >= 0 && sent < l->waiting) {
        ssize_t n = write(l->fd, l->out + sent, l->waiting - sent);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    l->waiting -= sent;
    if (l->waiting)
        memmove(l->out, l->out + sent, l->waiting);
}

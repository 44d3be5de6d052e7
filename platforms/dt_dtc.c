/* SPDX-License-Identifier: MIT */
/*
 * dtc as a child process without a shell: what it writes comes back through
 * two pipes, and it is ended if it writes too much or takes too long.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dt_dtc.h"

#define CHUNK        65536u
#define MAX_MESSAGES 65536u /* kept of what dtc says */
#define SHOWN        600u   /* of it, in the error */
#define SECONDS      60

extern char **environ;

enum { OUT, ERR, STREAMS };

struct dtc {
    pid_t pid;
    int fd[STREAMS];
    struct dt_buffer buf[STREAMS];
    const char *stopped; /* why it was ended, NULL if it was not */
};

enum dt_read dt_buffer_read(struct dt_buffer *b, int fd)
{
    ssize_t n;

    if (b->len == b->room) {
        size_t room = b->room ? 2 * b->room : CHUNK;
        uint8_t *data = realloc(b->data, room);

        if (!data)
            return DT_READ_NOMEM;
        b->data = data;
        b->room = room;
    }
    n = read(fd, b->data + b->len, b->room - b->len);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? DT_READ_MORE : DT_READ_ERROR;
    b->len += (size_t)n;
    if (b->len > b->limit)
        return DT_READ_LIMIT;
    return n ? DT_READ_MORE : DT_READ_END;
}

/* ---- starting -------------------------------------------------------- */

/*
 * "./x" for "x", so that no name looks like an option or standard input, and
 * the directory of it for -i.  Both are malloc'ed.
 */
static bool safe_names(const char *path, char **file, char **dir)
{
    size_t size = strlen(path) + 3;
    char *slash;

    *file = malloc(size);
    *dir = malloc(size);
    if (!*file || !*dir)
        return false;
    snprintf(*file, size, "%s%s", *path == '/' ? "" : "./", path);
    snprintf(*dir, size, "%s", *file);
    slash = strrchr(*dir, '/');
    slash[slash == *dir] = 0; /* "/" stays for a file in the root */
    return true;
}

static int spawn(struct dtc *d, char *file, char *dir, int out, int err)
{
    char *argv[] = {"dtc", "-q", "-I", "dts", "-O", "dtb", "-o",
                    "-",   "-i", dir,  "--",  file, NULL};
    posix_spawn_file_actions_t fa;
    int error = posix_spawn_file_actions_init(&fa);

    if (error)
        return error;
    error = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&fa, out, 1);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&fa, err, 2);
    if (!error)
        error = posix_spawnp(&d->pid, argv[0], &fa, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&fa);
    return error;
}

static int start(struct dtc *d, const char *path)
{
    int out[2], err[2], error = ENOMEM;
    char *file, *dir;

    if (pipe2(out, O_CLOEXEC) != 0)
        return errno;
    if (pipe2(err, O_CLOEXEC) != 0) {
        error = errno;
        close(out[0]);
        close(out[1]);
        return error;
    }
    if (safe_names(path, &file, &dir))
        error = spawn(d, file, dir, out[1], err[1]);
    free(file);
    free(dir);
    close(out[1]);
    close(err[1]);
    if (error) {
        close(out[0]);
        close(err[0]);
        return error;
    }
    d->fd[OUT] = out[0];
    d->fd[ERR] = err[0];
    return 0;
}

/* ---- listening ------------------------------------------------------- */

static void finish_stream(struct dtc *d, int i)
{
    close(d->fd[i]);
    d->fd[i] = -1;
}

static void take(struct dtc *d, int i)
{
    switch (dt_buffer_read(&d->buf[i], d->fd[i])) {
    case DT_READ_MORE:
        break;
    case DT_READ_LIMIT:
        d->stopped = "it writes too much";
        break;
    case DT_READ_NOMEM:
        d->stopped = "no memory for what it writes";
        break;
    case DT_READ_END:
    case DT_READ_ERROR:
        finish_stream(d, i);
        break;
    }
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until dtc has closed both of its streams, or is to be stopped. */
static void listen_to(struct dtc *d)
{
    int64_t end = now_ms() + SECONDS * 1000;

    while (!d->stopped && (d->fd[OUT] >= 0 || d->fd[ERR] >= 0)) {
        struct pollfd p[STREAMS] = {{d->fd[OUT], POLLIN, 0},
                                    {d->fd[ERR], POLLIN, 0}};
        int64_t left = end - now_ms();

        if (left <= 0) {
            d->stopped = "it takes too long";
            break;
        }
        if (poll(p, STREAMS, (int)left) < 0 && errno != EINTR) {
            d->stopped = "poll failed";
            break;
        }
        for (int i = 0; i < STREAMS; i++) {
            if (d->fd[i] >= 0 && p[i].revents && !d->stopped)
                take(d, i);
        }
    }
}

/* ---- judging --------------------------------------------------------- */

/* True if it ended well, or how it ended is not to be had. */
static bool collect(struct dtc *d)
{
    int status = 0;
    pid_t got;

    for (int i = 0; i < STREAMS; i++) {
        if (d->fd[i] >= 0)
            finish_stream(d, i);
    }
    if (d->stopped)
        kill(d->pid, SIGKILL);
    do
        got = waitpid(d->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* dtc's own words, one line, cut if long. */
static void words(const struct dt_buffer *b, char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < b->len && n + 1 < size; i++) {
        uint8_t c = b->data[i];

        if (c == '\n' && i + 1 == b->len)
            break;
        if (c == '\n' && n + 2 < size)
            text[n++] = ';';
        text[n++] = c >= 0x20 && c < 0x7f ? (char)c : ' ';
    }
    text[n] = 0;
}

static iovp_status judge(struct dtc *d, const char *path)
{
    char text[SHOWN];
    bool good = collect(d);

    if (d->stopped)
        return iovp_fail(IOVP_E_IO, "%s: dtc was stopped: %s", path,
                         d->stopped);
    if (good)
        return IOVP_OK;
    words(&d->buf[ERR], text, sizeof(text));
    return iovp_fail(IOVP_E_DT, "%s: dtc cannot compile it: %s", path,
                     *text ? text : "it says nothing");
}

iovp_status dt_compile(const char *path, void **blob, size_t *bytes)
{
    struct dtc d = {.buf = {{.limit = DT_MAX_BYTES}, {.limit = MAX_MESSAGES}}};
    int error = start(&d, path);
    iovp_status st;

    if (error == ENOENT)
        return iovp_fail(IOVP_E_IO,
                         "%s: dtc is needed to compile it: install the "
                         "package device-tree-compiler",
                         path);
    if (error)
        return iovp_fail(IOVP_E_IO, "%s: cannot run dtc: %s", path,
                         strerror(error));
    listen_to(&d);
    st = judge(&d, path);
    free(d.buf[ERR].data);
    if (st != IOVP_OK) {
        free(d.buf[OUT].data);
        return st;
    }
    *blob = d.buf[OUT].data;
    *bytes = d.buf[OUT].len;
    return IOVP_OK;
}

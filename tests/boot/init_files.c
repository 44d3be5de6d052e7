/* SPDX-License-Identifier: MIT */
/* Files, the command line, time. */
#include "init.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int read_text(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, room - 1);

    if (fd >= 0)
        close(fd);
    if (n < 0)
        return -1;
    while (n > 0 && text[n - 1] == '\n')
        n--;
    text[n] = '\0';
    return 0;
}

int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

long read_number(const char *path, long otherwise)
{
    char text[64];

    return read_text(path, text, sizeof(text)) ? otherwise
                                               : strtol(text, NULL, 0);
}

void *read_whole(const char *path, size_t *bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t have = 0, room = 65536;
    char *data = malloc(room);
    ssize_t n = fd < 0 || !data ? -1 : 1;

    while (n > 0) {
        if (room - have < 2) {
            char *more = realloc(data, 2 * room);

            if (!more) {
                n = -1;
                break;
            }
            data = more;
            room *= 2;
        }
        n = read(fd, data + have, room - have - 1);
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(data);
        return NULL;
    }
    data[have] = '\0';
    if (bytes)
        *bytes = have;
    return data;
}

bool await_path(const char *path, bool there)
{
    for (double end = now() + 20; now() < end; rest(10)) {
        if ((access(path, F_OK) == 0) == there)
            return true;
    }
    return false;
}

const char *argument(const char *name)
{
    static char line[2048], value[512];
    size_t length = strlen(name);
    char *rest = line, *word;

    value[0] = '\0';
    if (read_text("/proc/cmdline", line, sizeof(line)))
        return value;
    while ((word = strsep(&rest, " "))) {
        if (!strncmp(word, name, length) && word[length] == '=')
            snprintf(value, sizeof(value), "%s", word + length + 1);
    }
    return value;
}

double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void rest(unsigned milliseconds)
{
    struct timespec t = {.tv_sec = milliseconds / 1000,
                         .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    nanosleep(&t, NULL);
}

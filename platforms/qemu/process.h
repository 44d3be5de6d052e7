/* SPDX-License-Identifier: MIT */
/* QEMU as a child process. */
#ifndef IOVP_QEMU_PROCESS_H
#define IOVP_QEMU_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#define QEMU_ARGS 128

/* Words of a command line; those that args_add makes are its own. */
struct qemu_args {
    char *word[QEMU_ARGS + 1];
    int count;
    bool full;
};

void args_add(struct qemu_args *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void args_free(struct qemu_args *a);

/* A child with our stdin and stdout, and the end of a pipe as stderr, which is
 * *err here.  `keep` are descriptors that it inherits.  -1: errno. */
pid_t qemu_start(const struct qemu_args *a, const int *keep, unsigned keeps,
                 int *err);
/* Let it run until it ends: *text gets what it said, `size` bytes of the end.
 * Its exit status; -1: it could not be started, or a signal ended it. */
int qemu_run(const struct qemu_args *a, char *text, unsigned size);

#endif

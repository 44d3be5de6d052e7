/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void args_add(struct qemu_args *a, const char *fmt, ...)
{
    va_list ap;
    char *word = NULL;

    va_start(ap, fmt);
    if (a->count == QEMU_ARGS || vasprintf(&word, fmt, ap) < 0)
        a->full = true;
    else
        a->word[a->count++] = word;
    va_end(ap);
}

void args_free(struct qemu_args *a)
{
    while (a->count)
        free(a->word[--a->count]);
}

/* In the child.  What is ignored and blocked here exec would hand on. */
static void become(const struct qemu_args *a, const int *keep, unsigned keeps,
                   int err, pid_t parent)
{
    sigset_t none;

    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    dup2(err, STDERR_FILENO);
    for (unsigned i = 0; i < keeps; i++)
        fcntl(keep[i], F_SETFD, 0);
    execvp(a->word[0], a->word);
    fprintf(stderr, "%s: %s\n", a->word[0], strerror(errno));
    fflush(stderr);
    _exit(127);
}

pid_t qemu_start(const struct qemu_args *a, const int *keep, unsigned keeps,
                 int *err)
{
    pid_t parent = getpid(), pid;
    int pipe[2];

    if (a->full || pipe2(pipe, O_CLOEXEC))
        return -1;
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        become(a, keep, keeps, pipe[1], parent);
    close(pipe[1]);
    if (pid < 0)
        close(pipe[0]);
    else
        *err = pipe[0];
    return pid;
}

int qemu_run(const struct qemu_args *a, char *text, unsigned size)
{
    int err, status = 0;
    unsigned have = 0;
    pid_t pid = qemu_start(a, NULL, 0, &err);
    char buf[512];
    ssize_t n;

    text[0] = '\0';
    if (pid < 0)
        return -1;
    while ((n = read(err, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < n; i++) {
            if (have == size - 1)
                memmove(text, text + 1, --have);
            text[have++] = buf[i];
        }
        text[have] = '\0';
    }
    close(err);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

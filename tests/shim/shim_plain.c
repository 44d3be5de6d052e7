/* SPDX-License-Identifier: MIT */
/* The back end without googletest: for builds that have no C++ compiler. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

/* Atomic: a test may check from a thread that it started. */
static atomic_int fails;
static atomic_int skips;

void shim_backend_fail(const char *file, int line, const char *message)
{
    atomic_fetch_add(&fails, 1);
    printf("%s:%d: failure: %s\n", file, line, message);
}

void shim_backend_skip(const char *file, int line, const char *reason)
{
    atomic_fetch_add(&skips, 1);
    printf("%s:%d: skipped: %s\n", file, line, reason);
}

static const char *run(const struct shim_case *c)
{
    atomic_store(&fails, 0);
    atomic_store(&skips, 0);
    printf("[ RUN  ] %s.%s\n", c->suite, c->name);
    fflush(stdout);
    c->run();
    if (atomic_load(&fails))
        return "FAIL";
    return atomic_load(&skips) ? "SKIP" : "OK";
}

/* An argument selects cases: a part of Suite.Name. */
static int selected(const struct shim_case *c, int argc, char **argv)
{
    char name[256];

    if (argc < 2)
        return 1;
    snprintf(name, sizeof(name), "%s.%s", c->suite, c->name);
    return strstr(name, argv[1]) != NULL;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0, skipped = 0;

    for (const struct shim_case *c = shim_cases(); c; c = c->next) {
        if (!selected(c, argc, argv))
            continue;
        const char *verdict = run(c);

        passed += verdict[0] == 'O';
        failed += verdict[0] == 'F';
        skipped += verdict[0] == 'S';
        printf("[ %4s ] %s.%s\n", verdict, c->suite, c->name);
    }
    shim_summary(passed, failed, skipped);
    return failed || passed + skipped == 0;
}

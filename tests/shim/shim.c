/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

static struct shim_case *first;
static struct shim_case **last = &first;

void shim_register(struct shim_case *c)
{
    *last = c;
    last = &c->next;
}

struct shim_case *shim_cases(void)
{
    return first;
}

void shim_summary(int passed, int failed, int skipped)
{
    printf("shim: passed=%d failed=%d skipped=%d\n", passed, failed, skipped);
    fflush(stdout);
}

void shim_fail(const char *file, int line, const char *fmt, ...)
{
    char message[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    shim_backend_fail(file, line, message);
}

void shim_skip(const char *file, int line, const char *reason)
{
    shim_backend_skip(file, line, reason);
}

void shim_eq(const char *file, int line, const char *ea, const char *eb,
             uint64_t a, uint64_t b)
{
    if (a == b)
        return;
    shim_fail(file, line,
              "%s == %s\n"
              "  left:  0x%" PRIx64 " (%" PRId64 ")\n"
              "  right: 0x%" PRIx64 " (%" PRId64 ")",
              ea, eb, a, (int64_t)a, b, (int64_t)b);
}

void shim_str(const char *file, int line, const char *ea, const char *eb,
              const char *a, const char *b)
{
    if (a == b || (a && b && strcmp(a, b) == 0))
        return;
    shim_fail(file, line, "%s == %s\n  left:  \"%s\"\n  right: \"%s\"", ea, eb,
              a ? a : "(null)", b ? b : "(null)");
}

/* Up to 16 bytes around the difference. */
static void hex(char *out, size_t size, const unsigned char *p, size_t from,
                size_t n)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = from; i < n && i < from + 16 && used + 4 < size; i++)
        used += (size_t)snprintf(out + used, size - used, " %02x", p[i]);
}

void shim_mem(const char *file, int line, const char *ea, const char *eb,
              const void *a, const void *b, size_t n)
{
    const unsigned char *pa = a, *pb = b;
    char left[64], right[64];
    size_t at = 0;

    if (n && (!a || !b)) {
        shim_fail(file, line, "%s == %s: null pointer", ea, eb);
        return;
    }
    while (at < n && pa[at] == pb[at])
        at++;
    if (at == n)
        return;
    hex(left, sizeof(left), pa, at & ~(size_t)15, n);
    hex(right, sizeof(right), pb, at & ~(size_t)15, n);
    shim_fail(file, line,
              "%s == %s: differ at byte %zu of %zu\n"
              "  left  from %zu:%s\n  right from %zu:%s",
              ea, eb, at, n, at & ~(size_t)15, left, at & ~(size_t)15, right);
}

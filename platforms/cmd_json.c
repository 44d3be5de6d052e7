/* SPDX-License-Identifier: MIT */
/* A writer of JSON (RFC 8259), one value a line. */
#include "cmd.h"

#include <inttypes.h>
#include <math.h>

static void string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        /* Names may hold bytes that are no UTF-8: write them as Latin-1. */
        if (c < 0x20 || c >= 0x7f)
            fprintf(f, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else
            fputc(c, f);
    }
    fputc('"', f);
}

static void next(struct cmd_json *j, const char *key)
{
    if (j->comma)
        fputc(',', j->f);
    if (j->depth)
        fprintf(j->f, "\n%*s", 2 * (int)j->depth, "");
    if (key) {
        string(j->f, key);
        fputs(": ", j->f);
    }
    j->comma = true;
}

void cmd_json_open(struct cmd_json *j, const char *key, char bracket)
{
    next(j, key);
    fputc(bracket, j->f);
    j->depth++;
    j->comma = false;
}

void cmd_json_close(struct cmd_json *j, char bracket)
{
    j->depth--;
    if (j->comma)
        fprintf(j->f, "\n%*s", 2 * (int)j->depth, "");
    fputc(bracket, j->f);
    j->comma = true;
    if (!j->depth)
        fputc('\n', j->f);
}

void cmd_json_u64(struct cmd_json *j, const char *key, uint64_t v)
{
    next(j, key);
    fprintf(j->f, "%" PRIu64, v);
}

void cmd_json_double(struct cmd_json *j, const char *key, double v)
{
    next(j, key);
    /* JSON has neither infinity nor NaN. */
    if (isfinite(v))
        fprintf(j->f, "%.9g", v);
    else
        fputs("null", j->f);
}

void cmd_json_string(struct cmd_json *j, const char *key, const char *v)
{
    next(j, key);
    if (v)
        string(j->f, v);
    else
        fputs("null", j->f);
}

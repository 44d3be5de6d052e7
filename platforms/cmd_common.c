/* SPDX-License-Identifier: MIT */
/* Messages, arguments and numbers. */
#define _POSIX_C_SOURCE 200809L
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *name = "";

void cmd_set_name(const char *n)
{
    name = n;
}

static void message(const char *kind, const char *fmt, va_list ap)
{
    fprintf(stderr, "iovp%s%s: %s", *name ? " " : "", name, kind);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
}

void cmd_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message("", fmt, ap);
    va_end(ap);
}

void cmd_note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    message("note: ", fmt, ap);
    va_end(ap);
}

int cmd_api_error(const char *what, iovp_status status)
{
    const char *sentence = iovp_last_error();

    if (!*sentence)
        sentence = iovp_strerror(status);
    /* Some sentences begin with the file's name themselves. */
    if (!strncmp(sentence, what, strlen(what)))
        cmd_error("%s", sentence);
    else
        cmd_error("%s: %s", what, sentence);
    return CMD_FAIL;
}

int cmd_bad_option(int c, char **argv)
{
    const char *space = *name ? " " : "";
    char letter[] = {'-', (char)optopt, '\0'};
    /* Of letters that share a '-', optopt tells which one. */
    const char *arg = strncmp(argv[optind - 1], "--", 2) && optopt
                          ? letter
                          : argv[optind - 1];

    if (c == ':')
        cmd_error("option %s needs a value; see iovp %s%s--help", arg, name,
                  space);
    else
        cmd_error("there is no option %s; see iovp %s%s--help", arg, name,
                  space);
    return CMD_USAGE;
}

bool cmd_parse_count(const char *text, uint64_t *v)
{
    static const char suffixes[] = "kMG";
    uint64_t factor = 1;
    const char *suffix;
    char *end;

    errno = 0;
    *v = strtoull(text, &end, 0);
    if (end == text || errno || strchr(text, '-'))
        return false;
    suffix = *end ? strchr(suffixes, *end) : NULL;
    if (*end && (!suffix || end[1]))
        return false;
    for (const char *s = suffixes; suffix && s <= suffix; s++)
        factor *= 1000;
    if (*v > UINT64_MAX / factor)
        return false;
    *v *= factor;
    return true;
}

bool cmd_parse_time(const char *text, uint64_t *ps)
{
    static const struct {
        const char *unit;
        double ps;
    } units[] = {
        {"", 1e12}, {"s", 1e12}, {"ms", 1e9}, {"us", 1e6}, {"ns", 1e3},
    };
    char *end;
    double v = strtod(text, &end);

    for (size_t i = 0; end != text && i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(end, units[i].unit))
            continue;
        v *= units[i].ps;
        *ps = v >= 1 && v <= 1e18 ? (uint64_t)v : 0;
        return *ps != 0;
    }
    return false;
}

static bool gone;

bool cmd_output_gone(void)
{
    if (ferror(stdout) && errno == EPIPE)
        gone = true;
    return gone;
}

int cmd_finish_output(void)
{
    bool bad = fflush(stdout) || ferror(stdout);

    if (!bad || cmd_output_gone())
        return CMD_OK;
    cmd_error("the output could not be written: %s", strerror(errno));
    return CMD_FAIL;
}

double cmd_wall_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

const char *cmd_scaled(char buf[CMD_SCALED], double v)
{
    static const char prefixes[] = " kMGTPE";
    unsigned i = 0;

    for (; v >= 999.5 && i < sizeof(prefixes) - 2; i++)
        v /= 1000;
    if (!i && v == floor(v))
        snprintf(buf, CMD_SCALED, "%.0f", v);
    else
        snprintf(buf, CMD_SCALED, "%.*f%c",
                 v < 9.995   ? 2
                 : v < 99.95 ? 1
                             : 0,
                 v, prefixes[i]);
    if (buf[strlen(buf) - 1] == ' ')
        buf[strlen(buf) - 1] = '\0';
    return buf;
}

const char *cmd_time(char buf[CMD_SCALED], uint64_t ps)
{
    static const struct {
        double ps;
        const char *unit;
    } units[] = {{1e12, "s"}, {1e9, "ms"}, {1e6, "us"}, {1e3, "ns"}};
    size_t i = 0;

    while (i < 3 && (double)ps < units[i].ps)
        i++;
    snprintf(buf, CMD_SCALED, "%.3f %s", (double)ps / units[i].ps,
             units[i].unit);
    return buf;
}

const char *cmd_space_name(uint32_t space)
{
    static const char *const names[] = {"ns", "secure", "realm", "root"};

    return space < 4 ? names[space] : "?";
}

bool cmd_parse_mode(const char *text, uint32_t *mode)
{
    if (!strcmp(text, "functional"))
        *mode = IOVP_MODE_FUNCTIONAL;
    else if (!strcmp(text, "timed"))
        *mode = IOVP_MODE_TIMED;
    else
        cmd_error("mode '%s': say functional or timed", text);
    return *mode != CMD_MODE_DEFAULT;
}

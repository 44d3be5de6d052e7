/* SPDX-License-Identifier: MIT */
/* What the examples share: a platform, and an end at the first failure. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "iovp.h"

/* Guest RAM of capi/examples/soc.dts: for tables, and for data. */
#define EXAMPLE_TABLES       0x80000000u
#define EXAMPLE_TABLES_BYTES 0x04000000u
#define EXAMPLE_DATA         0x84000000u

/* The status, or the end of the program with the sentence of the failure. */
#define MUST(call) example_must((call), #call)

static void example_must(iovp_status st, const char *call)
{
    if (st == IOVP_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", call, iovp_strerror(st), iovp_last_error());
    exit(1);
}

/* The SoC of the first argument, or of capi/examples/soc.dts. */
static iovp_platform *example_open(int argc, char **argv)
{
    const char *tree = argc > 1 ? argv[1] : "capi/examples/soc.dts";
    iovp_platform *p = NULL;

    MUST(iovp_platform_create_file(&p, NULL, tree));
    return p;
}

static iovp_device *example_device(iovp_platform *p, const char *name)
{
    iovp_device *d = NULL;

    MUST(iovp_device_find(p, name, &d));
    return d;
}

#endif

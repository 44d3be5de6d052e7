/* SPDX-License-Identifier: MIT */
/* What the device tree tests share: trees in files, in memory, as scratch. */
#ifndef DT_FILES_H
#define DT_FILES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../capi/iovp.h"
#include "shim.h"

#ifndef IOVP_SOURCE_DIR
#define IOVP_SOURCE_DIR "."
#endif
#define DATA    IOVP_SOURCE_DIR "/tests/data/dt/"
#define ARM_SOC IOVP_SOURCE_DIR "/platforms/arm-soc.dts"

/* Nothing of ours is bigger; DTBs are read and built here. */
static uint64_t blob_words[(1 << 20) / 8];
#define blob ((uint8_t *)blob_words)

static iovp_platform *load(const char *path)
{
    iovp_platform *p = NULL;
    iovp_status st = iovp_platform_create_file(&p, NULL, path);

    if (st != IOVP_OK)
        shim_fail(__FILE__, __LINE__, "%s: %d, %s", path, (int)st,
                  iovp_last_error());
    return p;
}

/* The compiled tree of a file into `blob`; 0 on failure. */
static size_t compile(const char *path)
{
    iovp_platform *p = load(path);
    size_t bytes = sizeof(blob_words);

    if (!p)
        return 0;
    if (iovp_platform_dtb(p, blob, &bytes) != IOVP_OK)
        bytes = 0;
    iovp_platform_destroy(p);
    return bytes;
}

/* A directory for scratch files. */
static char work_dir[256];

static bool make_work_dir(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(work_dir, sizeof(work_dir), "%s/iovp-dt-XXXXXX",
             tmp ? tmp : "/tmp");
    return mkdtemp(work_dir) != NULL;
}

static void clean(const char *path)
{
    unlink(path);
    rmdir(work_dir);
}

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of the iovp command share: running it, its output, JSON. */
#ifndef IOVP_TESTS_CMD_FILES_H
#define IOVP_TESTS_CMD_FILES_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

#ifndef IOVP_SOURCE_DIR
#define IOVP_SOURCE_DIR "."
#endif
#ifndef IOVP_BINARY_DIR
#define IOVP_BINARY_DIR "build"
#endif
#define ARM_SOC IOVP_SOURCE_DIR "/platforms/arm-soc.dts"

#define OUTPUT_MAX (1 << 20)

/* What the last command printed. */
static char output[OUTPUT_MAX];

static const char *iovp_path(void)
{
    const char *path = getenv("IOVP_COMMAND");

    return path ? path : IOVP_BINARY_DIR "/iovp";
}

/* Run a line of shell; $IOVP is the command.  Returns its exit status. */
static int shell(const char *line)
{
    size_t n = 0, got;
    FILE *f;
    int status;

    setenv("IOVP", iovp_path(), 1);
    fflush(stdout);
    f = popen(line, "r");
    if (!f)
        return -1;
    while (n < sizeof(output) - 1 &&
           (got = fread(output + n, 1, sizeof(output) - 1 - n, f)) > 0)
        n += got;
    output[n] = '\0';
    status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* `iovp ARGUMENTS`, standard error too. */
static inline int iovp(const char *arguments)
{
    char line[2048];

    snprintf(line, sizeof(line), "\"$IOVP\" %s 2>&1", arguments);
    return shell(line);
}

/* As above without standard error. */
static inline int iovp_stdout(const char *arguments)
{
    char line[2048];

    snprintf(line, sizeof(line), "\"$IOVP\" %s 2>/dev/null", arguments);
    return shell(line);
}

static inline bool printed(const char *text)
{
    if (strstr(output, text))
        return true;
    shim_fail(__FILE__, __LINE__, "not printed: \"%s\", but:\n%.2000s", text,
              output);
    return false;
}

/* ---- scratch files ---------------------------------------------------- */

/* A directory that lives as long as the test program: the shell's $D. */
static const char *scratch(void)
{
    static char dir[256];
    const char *tmp = getenv("TMPDIR");

    if (*dir)
        return dir;
    snprintf(dir, sizeof(dir), "%s/iovp-test-cmd-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        shim_fail(__FILE__, __LINE__, "no scratch directory: %s", dir);
    setenv("D", dir, 1);
    return dir;
}

__attribute__((destructor)) static void remove_scratch(void)
{
    if (getenv("D"))
        (void)!system("rm -rf \"$D\"");
}

/* A machine with one master, a sequential reader of `window` bytes; 0: the
 * master has no workload. */
static inline void write_machine(const char *name, unsigned window)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", scratch(), name);
    f = fopen(path, "w");
    if (!f) {
        shim_fail(__FILE__, __LINE__, "cannot write %s", path);
        return;
    }
    fputs("/dts-v1/;\n/ {\n"
          "#address-cells = <2>; #size-cells = <2>;\n"
          "compatible = \"test\";\n"
          "memory@80000000 { device_type = \"memory\";\n"
          "  reg = <0 0x80000000 0 0x10000000>; };\n"
          "smmu: iommu@12000000 { compatible = \"arm,smmu-v3\";\n"
          "  reg = <0 0x12000000 0 0x20000>; #iommu-cells = <1>;\n"
          "  dma-coherent; };\n"
          "dma@13000000 { compatible = \"iovp,dma\";\n"
          "  reg = <0 0x13000000 0 0x1000>; iommus = <&smmu 0x10>;\n",
          f);
    if (window)
        fprintf(f,
                "  iovp,pattern = \"sequential\"; iovp,read-percent = <100>;\n"
                "  iovp,window = <0 0x40000000 0 %u>;\n"
                "  iovp,transfer-bytes = <64>; iovp,transfers = <1024>;\n",
                window);
    fputs("}; };\n", f);
    fclose(f);
}

/* ---- JSON (RFC 8259) -------------------------------------------------- */

#define JSON_DEPTH 16

static const char *json_value(const char *p, int depth);

static const char *json_space(const char *p)
{
    while (*p && strchr(" \t\r\n", *p))
        p++;
    return p;
}

static const char *json_string(const char *p)
{
    if (*p++ != '"')
        return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p))
            return NULL;
    }
    return p + 1;
}

/* From behind the bracket to behind its partner. */
static const char *json_list(const char *p, char end, int depth)
{
    p = json_space(p);
    if (*p == end)
        return p + 1;
    for (;;) {
        if (end == '}') {
            p = json_string(json_space(p));
            p = p ? json_space(p) : NULL;
            if (!p || *p++ != ':')
                return NULL;
        }
        p = json_value(p, depth - 1);
        if (!p)
            return NULL;
        p = json_space(p);
        if (*p == end)
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
}

static const char *json_value(const char *p, int depth)
{
    char *end;

    p = json_space(p);
    if (depth < 0)
        return NULL;
    if (*p == '{')
        return json_list(p + 1, '}', depth);
    if (*p == '[')
        return json_list(p + 1, ']', depth);
    if (*p == '"')
        return json_string(p);
    if (!strncmp(p, "null", 4))
        return p + 4;
    if (*p != '-' && !isdigit((unsigned char)*p))
        return NULL;
    (void)strtod(p, &end);
    return end;
}

static inline bool json_valid(const char *text)
{
    const char *p = json_value(text, JSON_DEPTH);

    return p && !*json_space(p);
}

#endif

/* SPDX-License-Identifier: MIT */
/* What the kernel says about the SMMU's events. */
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#define READ_ALL    3
#define BUFFER_SIZE 10

char *kernel_log(void)
{
    int room = klogctl(BUFFER_SIZE, NULL, 0);
    char *log = room > 0 ? malloc((size_t)room + 1) : NULL;
    int n = log ? klogctl(READ_ALL, log, room) : -1;

    if (!log)
        return calloc(1, 1);
    log[n > 0 ? n : 0] = '\0';
    return log;
}

size_t log_size(void)
{
    char *log = kernel_log();
    size_t n = strlen(log);

    free(log);
    return n;
}

unsigned count_lines(const char *log, const char *text)
{
    unsigned n = 0;

    for (const char *at = log; (at = strstr(at, text)); n++)
        at += strlen(text);
    return n;
}

/*
 * Kernels up to 6.13: "event 0xNN received:" and a line for each of the four
 * doublewords of the record.
 */
static bool read_words(const char *at, struct smmu_event *event)
{
    uint64_t words[4];

    if (sscanf(at, "event 0x%x received:", &event->kind) != 1)
        return false;
    for (int i = 0; i < 4; i++) {
        at = strchr(at, '\n');
        at = at ? strstr(at, "\t0x") : NULL;
        if (!at)
            return false;
        words[i] = strtoull(at + 1, NULL, 16);
    }
    /* 7.3: StreamID in bits [63:32]; RnW is bit [99]; input address. */
    event->sid = (uint32_t)(words[0] >> 32);
    event->read = words[1] >> 35 & 1;
    event->address = words[2];
    return true;
}

/*
 * Later ones: "event: NAME client: DEVICE sid: 0x.. ssid: 0x.. iova: 0x.. ..",
 * then a line with the access: "priv data read s1 ...".
 */
static bool read_names(const char *at, struct smmu_event *event)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {{"F_TRANSLATION", 0x10},
                 {"F_ADDR_SIZE", 0x11},
                 {"F_ACCESS", 0x12},
                 {"F_PERMISSION", 0x13}};
    const char *end = strchr(at, '\n');
    const char *sid = strstr(at, " sid: "), *iova = strstr(at, " iova: ");

    if (strncmp(at, "event: ", 7) || !end || !sid || !iova || iova > end)
        return false;
    event->kind = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strncmp(at + 7, kinds[i].name, strlen(kinds[i].name)))
            event->kind = kinds[i].kind;
    }
    event->sid = (uint32_t)strtoul(sid + 6, NULL, 16);
    event->address = strtoull(iova + 7, NULL, 16);
    at = strstr(end, " read");
    end = strchr(end + 1, '\n');
    event->read = at && end && at < end;
    return true;
}

unsigned smmu_events(size_t since, struct smmu_event *events, unsigned room)
{
    char *log = kernel_log();
    unsigned n = 0;

    if (since > strlen(log))
        since = 0;
    for (const char *at = log + since; (at = strstr(at, "event")); at++) {
        struct smmu_event event;

        if (!read_words(at, &event) && !read_names(at, &event))
            continue;
        if (n < room)
            events[n] = event;
        n++;
    }
    free(log);
    return n;
}

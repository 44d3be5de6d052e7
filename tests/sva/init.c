/* SPDX-License-Identifier: MIT */
/* The guest's start: file systems, the module, the checks, power off. */
#include "init.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool quiet(void);

static const struct check {
    const char *name;
    part *process; /* with the engine bound */
    bool (*run)(void);
} checks[] = {
    {"fault", fault, NULL},       {"copy", copy, NULL},
    {"zero", zero, NULL},         {"file", file, NULL},
    {"drop", drop, NULL},         {"readonly", readonly, NULL},
    {"unmapped", unmapped, NULL}, {"isolated", NULL, isolated},
    {"unbound", NULL, unbound},   {"ended", NULL, ended},
    {"killed", NULL, killed},     {"recycled", NULL, recycled},
    {"quiet", NULL, quiet},
};

char *text;
static int log_fd = -1;

void say(const char *line)
{
    char whole[700];
    int n = snprintf(whole, sizeof(whole), "<5>IOVP-BOOT: %s\n", line);

    /* Not dprintf, which seeks, and gives up: a line is one write here. */
    if (write(log_fd, whole, (size_t)n) != n)
        printf("%s", whole + 3);
}

/* Events that no check has asked for, and what is always bad. */
static bool quiet(void)
{
    static const char *const bad[] = {
        "CMD_SYNC timeout", "WARNING:", "BUG:", "EVTQ overflow", "GERROR"};
    char *log = kernel_log();

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        WANT(!count_lines(log, bad[i]), "%s in the log", bad[i]);
    WANT(count_lines(log, "event 0x") == 1, "%u events, 1 expected",
         count_lines(log, "event 0x"));
    snprintf(text, 512, "events=1");
    return true;
}

static void start(void)
{
    static const struct {
        const char *type, *at;
    } list[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};
    int fd;

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        mkdir(list[i].at, 0755);
        mount(list[i].type, list[i].at, list[i].type, 0, NULL);
    }
    log_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    text = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    say("init");
    fd = open("/iovp_sva.ko", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
        say("info the module cannot be loaded");
    close(fd);
    if (!await_path("/dev/iovp-sva", true))
        say("info no /dev/iovp-sva: its driver says why");
}

int main(void)
{
    char line[600];

    start();
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        const struct check *c = &checks[i];
        bool good;

        text[0] = '\0';
        good = c->process ? bound(c->process) : c->run();
        snprintf(line, sizeof(line), "%s %s %s", good ? "ok" : "fail", c->name,
                 text);
        say(line);
    }
    say("end");
    reboot(RB_POWER_OFF);
    return 1;
}

/* SPDX-License-Identifier: MIT */
/* The guest's start: file systems, modules, the checks, power off. */
#include "init.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct check {
    const char *name;
    enum verdict (*run)(struct report *r);
} checks[] = {
    {"cpus", check_cpus},   {"smmu", check_smmu},
    {"quiet", check_quiet}, {"pmu", check_pmu},
    {"nvme", check_nvme},   {"reprobe", check_reprobe},
    {"wild", check_wild},   {"vfio", check_vfio},
    {"kexec", check_kexec}, {"regroup", check_regroup},
};

/* What modules are told. */
static const struct parameter {
    const char *module;
    const char *text;
} parameters[] = {
    /* The GICv2m frame does not say whose an MSI is. */
    {"vfio_iommu_type1", "allow_unsafe_interrupts=1"},
};

static int log_fd = -1;

void say(const char *line)
{
    char text[800];
    int n = snprintf(text, sizeof(text), "<5>IOVP-BOOT: %s\n", line);

    if (n > (int)sizeof(text) - 1)
        n = (int)sizeof(text) - 1;
    if (write(log_fd, text, (size_t)n) != n)
        printf("%s", text + 3);
}

void info(const char *format, ...)
{
    char text[700] = "info ";
    va_list list;

    va_start(list, format);
    vsnprintf(text + 5, sizeof(text) - 5, format, list);
    va_end(list);
    say(text);
}

/* ---- verdicts ---------------------------------------------------------------
 */

enum verdict passed(struct report *r, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(r->text, sizeof(r->text), format, list);
    va_end(list);
    return PASSED;
}

enum verdict failed(struct report *r, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(r->text, sizeof(r->text), format, list);
    va_end(list);
    return FAILED;
}

enum verdict skipped(struct report *r, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(r->text, sizeof(r->text), format, list);
    va_end(list);
    return SKIPPED;
}

/* ---- start ------------------------------------------------------------------
 */

static void mount_all(void)
{
    static const struct {
        const char *type, *at;
    } list[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        mkdir(list[i].at, 0755);
        mount(list[i].type, list[i].at, list[i].type, 0, NULL);
    }
    log_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
}

static const char *parameters_of(const char *module)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (!strcmp(parameters[i].module, module))
            return parameters[i].text;
    }
    return "";
}

static void load_module(const char *name)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "/modules/%s.ko", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, parameters_of(name), 0))
        info("module %s: %m", name);
    if (fd >= 0)
        close(fd);
}

static void load_modules(void)
{
    char *list = read_whole("/modules/order", NULL), *rest = list, *name;

    while ((name = strsep(&rest, "\n"))) {
        if (*name)
            load_module(name);
    }
    free(list);
}

static void run(const char *name)
{
    static const char *const words[] = {"ok", "fail", "skip"};
    struct report r = {.text = "no such check"};
    enum verdict verdict = FAILED;
    char line[700];

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (!strcmp(checks[i].name, name))
            verdict = checks[i].run(&r);
    }
    snprintf(line, sizeof(line), "%s %s %s", words[verdict], name, r.text);
    say(line);
}

int main(void)
{
    char names[256], *rest = names, *name;

    mount_all();
    say("init");
    load_modules();
    snprintf(names, sizeof(names), "%s", argument("iovp.test"));
    while ((name = strsep(&rest, ","))) {
        if (*name)
            run(name);
    }
    say("end");
    sync();
    reboot(RB_POWER_OFF);
    return 1;
}

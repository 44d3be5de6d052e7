/* SPDX-License-Identifier: MIT */
/* arm-smmu-v3: probed, quiet, groups; wild DMA. */
#include "init.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../models/pcie/endpoints/test_endpoint_regs.h"

#define HOST_BRIDGE 0x0600u /* class and subclass */
#define PORT        0x0604u

/* What the driver says when the SMMU does not do as it should. */
static const char *const complaints[] = {
    "CMD_SYNC timeout",
    "CMDQ error",
    "CMDQ timeout",
    "unexpected global error",
    "device has entered Service Failure Mode",
    "PRIQ overflow",
    "EVTQ overflow",
    "failed to clear cr0",
    "GBPA not responding",
    "command queue not",
    "unexpected PRI request",
};

enum verdict check_cpus(struct report *r)
{
    return passed(r, "online=%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static unsigned complain(const char *log, const char **first)
{
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        unsigned lines = count_lines(log, complaints[i]);

        if (lines && !n)
            *first = complaints[i];
        n += lines;
    }
    return n;
}

/* No complaint, and the events that the test asked for: iovp.events=N. */
enum verdict check_quiet(struct report *r)
{
    unsigned events = smmu_events(0, NULL, 0);
    unsigned wanted = (unsigned)strtoul(argument("iovp.events"), NULL, 0);
    char *log = kernel_log();
    const char *first = "";
    unsigned complaints_found = complain(log, &first);

    free(log);
    if (complaints_found)
        return failed(r, "complaints=%u, the first is '%s'", complaints_found,
                      first);
    if (events != wanted)
        return failed(r, "events=%u, not %u", events, wanted);
    return passed(r, "complaints=0 events=%u", events);
}

/* ---- what was probed
 * --------------------------------------------------------- */

/* On a device tree a group comes with the first driver. */
static void have_driver(const struct pci_function *f)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/driver", f->path);
    if (access(path, F_OK))
        pci_rebind(f, "pci-stub");
}

/* The number of its group; -1: none. */
static int group_of(const struct pci_function *f, char type[32])
{
    char path[128], link[256];
    ssize_t n;

    snprintf(path, sizeof(path), "%s/iommu_group", f->path);
    n = readlink(path, link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = '\0';
    snprintf(path, sizeof(path), "%s/iommu_group/type", f->path);
    if (n <= 0 || read_text(path, type, 32))
        return -1;
    return atoi(strrchr(link, '/') + 1);
}

/* A bit for each group; how many functions there are, and how many in one. */
static uint64_t tell_groups(unsigned *functions, unsigned *grouped)
{
    struct pci_function list[64];
    unsigned n = pci_functions(list, 64);
    uint64_t groups = 0;

    *functions = *grouped = 0;
    for (unsigned i = 0; i < n; i++) {
        char type[32] = "";
        int group;

        if (list[i].class_code >> 8 == HOST_BRIDGE)
            continue;
        have_driver(&list[i]);
        group = group_of(&list[i], type);
        info("group %s %d %s", list[i].name, group, type);
        *functions += 1;
        *grouped += group >= 0;
        if (group >= 0)
            groups |= 1ull << (group & 63);
    }
    return groups;
}

/*
 * Many kernels ask for Access Control Services only when the first function has
 * a driver, when all ports are already there, so that ports and what is below
 * share a group.  Ports that come later have a group of their own.
 */
enum verdict check_regroup(struct report *r)
{
    struct pci_function list[64];
    unsigned n = pci_functions(list, 64), before = n, functions, grouped;
    uint64_t groups;

    for (unsigned i = 0; i < n; i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/remove", list[i].path);
        if (list[i].class_code >> 8 == PORT && access(path, F_OK) == 0)
            write_text(path, "1");
    }
    write_text("/sys/bus/pci/rescan", "1");
    n = pci_functions(list, 64);
    groups = tell_groups(&functions, &grouped);
    if (n != before || !n || grouped != functions)
        return failed(r, "functions=%u, were %u, grouped=%u", n, before,
                      grouped);
    if (__builtin_popcountll(groups) != (int)functions)
        return failed(r, "functions=%u groups=%d", functions,
                      __builtin_popcountll(groups));
    return passed(r, "functions=%u groups=%u", functions, functions);
}

enum verdict check_smmu(struct report *r)
{
    char *log = kernel_log(), *at = strstr(log, "(features 0x");
    unsigned n, grouped;
    bool left_on = strstr(log, "SMMU currently enabled!");
    unsigned ias = 0, oas = 0, features = 0, cmdq = 0, evtq = 0;

    if (!at) {
        free(log);
        return failed(r, "arm-smmu-v3 did not probe");
    }
    features = (unsigned)strtoul(at + 10, NULL, 16);
    if ((at = strstr(log, ": ias ")))
        sscanf(at, ": ias %u-bit, oas %u-bit", &ias, &oas);
    if ((at = strstr(log, "entries for cmdq")))
        cmdq = (unsigned)strtoul(strstr(at - 20, "allocated ") + 10, NULL, 10);
    if ((at = strstr(log, "entries for evtq")))
        evtq = (unsigned)strtoul(strstr(at - 20, "allocated ") + 10, NULL, 10);
    free(log);
    tell_groups(&n, &grouped);
    if (!n || !grouped)
        return failed(r, "functions=%u grouped=%u", n, grouped);
    return passed(r,
                  "features=0x%08x ias=%u oas=%u cmdq=%u evtq=%u "
                  "functions=%u grouped=%u left_on=%d",
                  features, ias, oas, cmdq, evtq, n, grouped, left_on);
}

enum verdict check_pmu(struct report *r)
{
    char *log = kernel_log(), *at = strstr(log, "Registered PMU");
    unsigned counters = 0;

    if (!at) {
        free(log);
        return skipped(r, "the device tree has no arm,smmu-v3-pmcg");
    }
    at = strstr(at, "using ");
    if (at)
        counters = (unsigned)strtoul(at + 6, NULL, 10);
    free(log);
    return counters ? passed(r, "counters=%u", counters)
                    : failed(r, "a PMU without counters");
}

/* ---- wild DMA
 * ------------------------------------------------------------------ */

#define WILD_READ  0x12345000u
#define WILD_WRITE 0x56789000u

static volatile void *map_bar0(const struct pci_function *f)
{
    char path[128];
    uint16_t command = 6; /* Memory Space, Bus Master */
    void *bar;
    int fd;

    snprintf(path, sizeof(path), "%s/enable", f->path);
    write_text(path, "1");
    snprintf(path, sizeof(path), "%s/config", f->path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &command, 2, 4) != 2)
        return NULL;
    close(fd);
    snprintf(path, sizeof(path), "%s/resource0", f->path);
    fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
    bar = fd < 0 ? MAP_FAILED
                 : mmap(NULL, TEP_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED,
                        fd, 0);
    if (fd >= 0)
        close(fd);
    return bar == MAP_FAILED ? NULL : bar;
}

static bool reported(size_t since, uint32_t sid, uint64_t address, bool read)
{
    struct smmu_event events[8];

    for (double end = now() + 5; now() < end; rest(20)) {
        unsigned n = smmu_events(since, events, 8);

        for (unsigned i = 0; i < n && i < 8; i++) {
            if (events[i].kind == 0x10 && events[i].sid == sid &&
                events[i].address == address && events[i].read == read)
                return true;
        }
    }
    return false;
}

/* Nothing is mapped for this function: it reads, then writes. */
static enum verdict go_wild(const struct pci_function *f, struct report *r)
{
    volatile void *regs = pci_rebind(f, "pci-stub") ? map_bar0(f) : NULL;
    size_t before = log_size();
    uint32_t sid, status;

    if (!regs || !pci_stream_id(f, &sid))
        return failed(r, "%s: BAR0 or iommu-map: %m", f->name);
    if (tep_get(regs, TEP_ID) != TEP_ID_VALUE)
        return failed(r, "%s: ID is 0x%x", f->name, tep_get(regs, TEP_ID));
    status = tep_run(regs, TEP_OP_SUM, WILD_READ, 0, 64);
    if (!(status & TEP_STATUS_FAILED))
        return failed(r, "%s: a wild read: status 0x%x", f->name, status);
    if (!reported(before, sid, WILD_READ, true))
        return failed(r, "%s: no event of the read", f->name);
    /* A write is posted: the endpoint does not learn of the fault. */
    status = tep_run(regs, TEP_OP_FILL, 0, WILD_WRITE, 8);
    if (!(status & TEP_STATUS_DONE))
        return failed(r, "%s: a wild write: status 0x%x", f->name, status);
    if (!reported(before, sid, WILD_WRITE, false))
        return failed(r, "%s: no event of the write", f->name);
    info("wild %s sid=0x%x kind=0x10 read=0x%x write=0x%x", f->name, sid,
         WILD_READ, WILD_WRITE);
    munmap((void *)(uintptr_t)regs, TEP_WINDOW);
    return PASSED;
}

enum verdict check_wild(struct report *r)
{
    struct pci_function found[8];
    unsigned n = pci_find(TEP_FUNCTION, found, 8);

    if (!n || n > 8)
        return failed(r, "test endpoints: %u", n);
    for (unsigned i = 0; i < n; i++) {
        if (go_wild(&found[i], r) == FAILED)
            return FAILED;
    }
    return passed(r, "functions=%u", n);
}

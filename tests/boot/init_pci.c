/* SPDX-License-Identifier: MIT */
/* PCI functions in /sys, and the registers of the test endpoint. */
#include "init.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../models/pcie/endpoints/test_endpoint_regs.h"

#define DEVICES "/sys/bus/pci/devices"
#define DRIVERS "/sys/bus/pci/drivers"

/* ---- functions
 * --------------------------------------------------------------- */

static unsigned attribute(const struct pci_function *f, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    return (unsigned)read_number(path, 0);
}

static int by_name(const void *a, const void *b)
{
    const struct pci_function *f = a, *g = b;

    return strcmp(f->name, g->name);
}

unsigned pci_functions(struct pci_function *list, unsigned room)
{
    const char *domain = argument("iovp.domain");
    DIR *dir = opendir(DEVICES);
    struct dirent *entry;
    char prefix[8];
    unsigned n = 0;

    if (!dir)
        return 0;
    snprintf(prefix, sizeof(prefix),
             "%04lx:", *domain ? strtoul(domain, NULL, 16) & 0xffff : 1ul);
    while (n < room && (entry = readdir(dir))) {
        struct pci_function *f = &list[n];

        if (strncmp(entry->d_name, prefix, 5))
            continue;
        snprintf(f->name, sizeof(f->name), "%.15s", entry->d_name);
        snprintf(f->path, sizeof(f->path), DEVICES "/%s", f->name);
        f->id = attribute(f, "vendor") << 16 | attribute(f, "device");
        f->class_code = attribute(f, "class");
        n++;
    }
    closedir(dir);
    qsort(list, n, sizeof(*list), by_name);
    return n;
}

unsigned pci_find(unsigned id, struct pci_function *found, unsigned room)
{
    struct pci_function list[64];
    unsigned n = pci_functions(list, 64), matches = 0;

    for (unsigned i = 0; i < n; i++) {
        if (list[i].id == id || list[i].class_code == id) {
            if (matches < room)
                found[matches] = list[i];
            matches++;
        }
    }
    return matches;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

bool pci_stream_id(const struct pci_function *f, uint32_t *sid)
{
    unsigned domain, bus, slot, function, rid;
    char path[512], *host;
    uint8_t *map;
    size_t bytes = 0;
    bool found = false;

    if (sscanf(f->name, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4 ||
        !realpath(f->path, path) || !(host = strstr(path, "/pci0")))
        return false;
    snprintf(host, sizeof(path) - (size_t)(host - path), "/of_node/iommu-map");
    map = read_whole(path, &bytes);
    rid = bus << 8 | slot << 3 | function;
    for (size_t i = 0; map && i + 16 <= bytes; i += 16) {
        uint32_t first = be32(map + i), count = be32(map + i + 12);

        if (rid - first < count) {
            *sid = be32(map + i + 8) + (rid - first);
            found = true;
        }
    }
    free(map);
    return found;
}

bool pci_unbind(const struct pci_function *f)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/driver", f->path);
    if (access(path, F_OK))
        return true;
    snprintf(path, sizeof(path), "%s/driver/unbind", f->path);
    return !write_text(path, f->name);
}

bool pci_rebind(const struct pci_function *f, const char *driver)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/driver_override", f->path);
    if (!pci_unbind(f) || write_text(path, driver))
        return false;
    snprintf(path, sizeof(path), DRIVERS "/%s/bind", driver);
    return !write_text(path, f->name);
}

/* ---- the test endpoint
 * -------------------------------------------------------- */

uint32_t tep_get(const volatile void *regs, unsigned at)
{
    return *(const volatile uint32_t *)((const volatile char *)regs + at);
}

uint64_t tep_get64(const volatile void *regs, unsigned at)
{
    return *(const volatile uint64_t *)((const volatile char *)regs + at);
}

void tep_set(volatile void *regs, unsigned at, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)regs + at) = value;
}

void tep_set64(volatile void *regs, unsigned at, uint64_t value)
{
    *(volatile uint64_t *)((volatile char *)regs + at) = value;
}

uint32_t tep_run(volatile void *regs, uint32_t op, uint64_t src, uint64_t dst,
                 uint32_t bytes)
{
    tep_set64(regs, TEP_SRC, src);
    tep_set64(regs, TEP_DST, dst);
    tep_set(regs, TEP_LEN, bytes);
    tep_set(regs, TEP_CMD, op);
    for (double end = now() + 5; now() < end; rest(1)) {
        uint32_t status = tep_get(regs, TEP_STATUS);

        if (status & TEP_STATUS_DONE)
            return status;
    }
    return 0;
}

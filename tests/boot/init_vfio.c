/* SPDX-License-Identifier: MIT */
/*
 * A user-space driver of the test endpoint, by vfio-pci: it maps memory, copies
 * by DMA, waits for the MSI-X, and proves that what it unmaps is out of reach.
 */
#include "init.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../models/pcie/endpoints/test_endpoint_regs.h"

#define IOVA    0x10000000u
#define BYTES   0x200000u /* of memory; its halves are source and target */
#define HALF    (BYTES / 2)
#define LENGTH  0x10000u
#define VECTORS 2u
#define VECTOR  1u /* that is used */

struct user {
    struct pci_function f;
    int container, group, device, event;
    volatile void *regs;
    uint8_t *memory;
};

/* ---- opening
 * -------------------------------------------------------------------- */

static bool open_group(struct user *u, struct report *r)
{
    struct vfio_group_status status = {.argsz = sizeof(status)};
    char path[320], link[256];
    ssize_t n;

    snprintf(path, sizeof(path), "%s/iommu_group", u->f.path);
    n = readlink(path, link, sizeof(link) - 1);
    if (n < 0 || !pci_rebind(&u->f, "vfio-pci")) {
        failed(r, "%s: vfio-pci does not bind: %m", u->f.name);
        return false;
    }
    link[n] = '\0';
    snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(link, '/'));
    u->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    u->group = open(path, O_RDWR | O_CLOEXEC);
    if (u->container < 0 || u->group < 0 ||
        ioctl(u->group, VFIO_GROUP_GET_STATUS, &status)) {
        failed(r, "%s: %m", path);
        return false;
    }
    if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
        failed(r, "%s is not viable", path);
        return false;
    }
    if (ioctl(u->group, VFIO_GROUP_SET_CONTAINER, &u->container) ||
        ioctl(u->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)) {
        failed(r, "type 1 IOMMU: %m");
        return false;
    }
    return true;
}

static bool open_device(struct user *u, struct report *r)
{
    struct vfio_region_info bar = {.argsz = sizeof(bar),
                                   .index = VFIO_PCI_BAR0_REGION_INDEX};
    struct vfio_region_info config = {.argsz = sizeof(config),
                                      .index = VFIO_PCI_CONFIG_REGION_INDEX};
    uint16_t command = 6; /* Memory Space, Bus Master */
    void *regs;

    u->device = ioctl(u->group, VFIO_GROUP_GET_DEVICE_FD, u->f.name);
    if (u->device < 0 || ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, &bar) ||
        ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, &config) ||
        pwrite(u->device, &command, 2, (off_t)config.offset + 4) != 2) {
        failed(r, "%s: device: %m", u->f.name);
        return false;
    }
    regs = mmap(NULL, TEP_WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, u->device,
                (off_t)bar.offset);
    if (regs == MAP_FAILED) {
        failed(r, "%s: BAR0: %m", u->f.name);
        return false;
    }
    u->regs = regs;
    if (tep_get(u->regs, TEP_ID) != TEP_ID_VALUE) {
        failed(r, "ID is 0x%x", tep_get(u->regs, TEP_ID));
        return false;
    }
    return true;
}

static bool open_interrupts(struct user *u, struct report *r)
{
    struct {
        struct vfio_irq_set set;
        int32_t fds[VECTORS];
    } irqs = {.set = {.argsz = sizeof(irqs),
                      .flags = VFIO_IRQ_SET_DATA_EVENTFD |
                               VFIO_IRQ_SET_ACTION_TRIGGER,
                      .index = VFIO_PCI_MSIX_IRQ_INDEX,
                      .count = VECTORS}};

    u->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (unsigned i = 0; i < VECTORS; i++)
        irqs.fds[i] = i == VECTOR ? u->event : -1;
    if (u->event < 0 || ioctl(u->device, VFIO_DEVICE_SET_IRQS, &irqs)) {
        failed(r, "MSI-X: %m");
        return false;
    }
    return true;
}

static bool map(struct user *u, struct report *r)
{
    struct vfio_iommu_type1_dma_map m = {.argsz = sizeof(m),
                                         .flags = VFIO_DMA_MAP_FLAG_READ |
                                                  VFIO_DMA_MAP_FLAG_WRITE,
                                         .iova = IOVA,
                                         .size = BYTES};

    u->memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    m.vaddr = (uintptr_t)u->memory;
    if (u->memory == MAP_FAILED ||
        ioctl(u->container, VFIO_IOMMU_MAP_DMA, &m)) {
        failed(r, "map: %m");
        return false;
    }
    return true;
}

static bool unmap(struct user *u, struct report *r)
{
    struct vfio_iommu_type1_dma_unmap m = {
        .argsz = sizeof(m), .iova = IOVA, .size = BYTES};

    if (ioctl(u->container, VFIO_IOMMU_UNMAP_DMA, &m) || m.size != BYTES) {
        failed(r, "unmap: %m");
        return false;
    }
    return true;
}

/* ---- what is tried
 * ---------------------------------------------------------------- */

static bool interrupted(struct user *u)
{
    struct pollfd p = {.fd = u->event, .events = POLLIN};
    uint64_t n;

    return poll(&p, 1, 5000) == 1 && read(u->event, &n, sizeof(n)) == 8;
}

/* Copy the lower half to the upper one; with an interrupt. */
static bool copy(struct user *u, struct report *r, uint8_t value)
{
    uint32_t status;

    for (unsigned i = 0; i < LENGTH; i++)
        u->memory[i] = (uint8_t)(value + i * 7 + (i >> 8));
    tep_set(u->regs, TEP_IRQ, TEP_IRQ_ENABLE | VECTOR);
    status = tep_run(u->regs, TEP_OP_MEMCPY, IOVA, IOVA + HALF, LENGTH);
    if (!status || status & TEP_STATUS_FAILED) {
        failed(r, "DMA ends with status 0x%x", status);
        return false;
    }
    if (!interrupted(u)) {
        failed(r, "no interrupt");
        return false;
    }
    if (memcmp(u->memory, u->memory + HALF, LENGTH)) {
        failed(r, "the copy differs");
        return false;
    }
    return true;
}

/* Where nothing is mapped any more: an error, an event, no byte written. */
static bool denied(struct user *u, struct report *r)
{
    struct smmu_event events[4] = {{0}};
    size_t before = log_size();
    uint32_t sid = 0, status;
    unsigned n = 0;

    memset(u->memory + HALF, 0xee, LENGTH);
    status = tep_run(u->regs, TEP_OP_MEMCPY, IOVA, IOVA + HALF, LENGTH);
    if (!(status & TEP_STATUS_FAILED)) {
        failed(r, "DMA behind unmap ends with status 0x%x", status);
        return false;
    }
    for (double end = now() + 5; now() < end && !n; rest(20))
        n = smmu_events(before, events, 4);
    if (!n || !pci_stream_id(&u->f, &sid) || events[0].kind != 0x10 ||
        events[0].sid != sid || events[0].address != IOVA || !events[0].read) {
        failed(r, "events=%u kind=0x%x sid=0x%x addr=0x%" PRIx64, n,
               events[0].kind, events[0].sid, events[0].address);
        return false;
    }
    for (unsigned i = 0; i < LENGTH; i++) {
        if (u->memory[HALF + i] != 0xee) {
            failed(r, "DMA behind unmap wrote byte %u", i);
            return false;
        }
    }
    return true;
}

static bool drive(struct user *u, struct report *r)
{
    if (!open_group(u, r) || !open_device(u, r) || !open_interrupts(u, r) ||
        !map(u, r) || !copy(u, r, 1) || !unmap(u, r) || !denied(u, r))
        return false;
    (void)interrupted(u); /* of the DMA that failed */
    /* Other memory at the same addresses: no entry of the old one is left. */
    return map(u, r) && copy(u, r, 99) && unmap(u, r);
}

enum verdict check_vfio(struct report *r)
{
    struct user u = {.container = -1, .group = -1, .device = -1, .event = -1};

    struct pci_function found[8];
    unsigned n = pci_find(TEP_FUNCTION, found, 8);

    if (!n || n > 8)
        return failed(r, "test endpoints: %u", n);
    u.f = found[n - 1]; /* the one that is behind a port */
    if (!drive(&u, r))
        return FAILED;
    munmap((void *)(uintptr_t)u.regs, TEP_WINDOW);
    close(u.event);
    close(u.device);
    close(u.group);
    close(u.container);
    if (!pci_unbind(&u.f))
        return failed(r, "unbind: %m");
    return passed(r, "%s dma=%u msix=%u unmapped=denied remapped=new", u.f.name,
                  LENGTH, VECTOR);
}

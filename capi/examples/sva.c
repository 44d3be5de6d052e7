/* SPDX-License-Identifier: MIT */
/*
 * SVA: devices use a process's addresses.
 *
 * A process has an address space and, once bound to a device, a PASID that is
 * the same for every device.  A page that is missing when a device touches it
 * is a page fault: the SMMU holds the access (stall), the process's handler
 * maps the page, and the access goes on.  When the process ends its devices
 * are told, and the address space is gone, whatever they still do.
 *
 * Prints:
 *   npu bound, PASID 1; dsp bound, PASID 1
 *   fault 1: write to 0x10000, PASID 1: mapped
 *   fault 2: write to 0x11000, PASID 1: mapped
 *   npu wrote 8192 bytes, held 2 times
 *   dsp reads them without a fault
 *   process unmaps 0x10000
 *   fault 3: read of 0x10000, PASID 1: not ours
 *   dsp: aborted
 *   process exits: npu@a000000 is told
 *   process exits: dsp@a010000 is told
 *   npu after exit: aborted; 3 faults answered, 1 of them refused
 */
#include <string.h>

#include "example.h"

struct process {
    iovp_platform *p;
    iovp_process *process;
    iovp_domain *domain;
    bool grow; /* pages are made on demand */
};

/* The process's page-fault handler: what an operating system's mm does. */
static iovp_status on_fault(void *ud, const iovp_fault_record *f,
                            uint32_t *respond)
{
    struct process *s = ud;
    uint64_t page = f->addr & ~0xfffull;

    printf("fault %llu: %s 0x%llx, PASID %u: %s\n",
           (unsigned long long)f->sequence,
           f->rights & (IOVP_RIGHT_UW | IOVP_RIGHT_PW) ? "write to" : "read of",
           (unsigned long long)f->addr, f->pasid,
           s->grow ? "mapped" : "not ours");
    *respond = IOVP_RESPOND_INVALID;
    if (s->grow && iovp_domain_map(s->domain, IOVP_MAP_FIXED, &page,
                                   EXAMPLE_DATA + (page & 0xfffff), 0x1000,
                                   IOVP_RIGHT_UR | IOVP_RIGHT_UW |
                                       IOVP_RIGHT_PR | IOVP_RIGHT_PW) == 0)
        *respond = IOVP_RESPOND_SUCCESS;
    return IOVP_OK;
}

static void told_exit(void *ud, iovp_device *d, uint32_t pasid)
{
    iovp_device_info info = IOVP_DEVICE_INFO_INIT;

    (void)ud;
    (void)pasid;
    MUST(iovp_device_get_info(d, &info));
    printf("process exits: %s is told\n", info.name);
}

static const char *result(const iovp_dma_result *r)
{
    return r->status == IOVP_DMA_ABORT ? "aborted" : "not aborted";
}

static void share(struct process *s, iovp_device *npu, iovp_device *dsp,
                  uint32_t pasid)
{
    static uint8_t buffer[0x2000];
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;

    MUST(iovp_dma_write(npu, pasid, 0x10000, buffer, 0x2000, NULL, &r));
    printf("npu wrote %llu bytes, held %u times\n", (unsigned long long)r.done,
           r.stalls);
    MUST(iovp_dma_read(dsp, pasid, 0x10000, buffer, 0x2000, NULL, &r));
    printf("dsp reads them without a fault\n");
    s->grow = false;
    printf("process unmaps 0x10000\n");
    MUST(iovp_domain_unmap(s->domain, 0x10000, 0x10fff, NULL));
    MUST(iovp_dma_read(dsp, pasid, 0x10000, buffer, 8, NULL, &r));
    printf("dsp: %s\n", result(&r));
}

int main(int argc, char **argv)
{
    iovp_platform *p = example_open(argc, argv);
    iovp_device *npu = example_device(p, "npu@a000000");
    iovp_device *dsp = example_device(p, "dsp@a010000");
    struct process s = {.p = p, .grow = true};
    iovp_process_config config = IOVP_PROCESS_CONFIG_INIT;
    iovp_sva_config sva = IOVP_SVA_CONFIG_INIT;
    iovp_context_stats stats = IOVP_CONTEXT_STATS_INIT;
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    uint32_t pasid, same;
    iovp_context *c;
    uint8_t byte;

    MUST(iovp_memory_donate(p, EXAMPLE_TABLES, EXAMPLE_TABLES_BYTES));
    MUST(iovp_context_create(&c, p, NULL));
    config.fault = on_fault;
    config.ud = &s;
    MUST(iovp_process_create(&s.process, c, &config));
    MUST(iovp_process_domain(s.process, &s.domain));
    sva.exit = told_exit;
    MUST(iovp_sva_bind(s.process, npu, &sva, &pasid));
    MUST(iovp_sva_bind(s.process, dsp, &sva, &same));
    printf("npu bound, PASID %u; dsp bound, PASID %u\n", pasid, same);
    share(&s, npu, dsp, pasid);
    MUST(iovp_process_exit(s.process));
    MUST(iovp_dma_read(npu, pasid, 0x11000, &byte, 1, NULL, &r));
    MUST(iovp_context_get_stats(c, &stats));
    printf("npu after exit: %s; %llu faults answered, %llu of them refused\n",
           result(&r), (unsigned long long)(stats.succeeded + stats.invalid),
           (unsigned long long)stats.invalid);
    iovp_platform_destroy(p);
    return pasid == same ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Firmware that brings an SMMUv3 up from EL1 and lets a PCI function make DMA
 * through it.  Each step says ok or FAIL on the console; the last line counts.
 *
 *     iovp boot platforms/arm-qemu.dts --firmware firmware.elf
 */
#include "../../models/pcie/endpoints/test_endpoint_regs.h"
#include "../../models/smmuv3/smmuv3_fmt.h"
#include "../../models/smmuv3/smmuv3_regs.h"
#include "board.h"
#include "smmu.h"

#define ENDPOINT 0x10571234u /* device and vendor: the test endpoint */
#define POLLS    10000000u
#define LENGTH   1024u
#define SOURCE   0x80000000ull /* as the function sees it */
#define TARGET   0x80001000ull
#define NOWHERE  0x80123000ull

static uint8_t source[PAGE] __attribute__((aligned(4096)));
static uint8_t target[PAGE] __attribute__((aligned(4096)));
static uint32_t stream;

/* STATUS of a DMA when it is done; 0: it never is. */
static uint32_t dma(uint32_t op, uint64_t src, uint64_t dst, uint32_t bytes)
{
    const uintptr_t regs = PCI_MEMORY;

    barrier();
    set64(regs + TEP_SRC, src);
    set64(regs + TEP_DST, dst);
    set32(regs + TEP_LEN, bytes);
    set32(regs + TEP_CMD, op);
    for (uint32_t n = 0; n < POLLS; n++) {
        uint32_t status = get32(regs + TEP_STATUS);

        if (status & TEP_STATUS_DONE)
            return status;
    }
    return 0;
}

static bool succeeds(uint32_t status)
{
    return (status & TEP_STATUS_DONE) && !(status & TEP_STATUS_FAILED);
}

static bool fails(uint32_t status)
{
    return (status & TEP_STATUS_DONE) && (status & TEP_STATUS_FAILED);
}

/* The one event is this one. */
static bool reported(unsigned type, uint64_t address, bool read)
{
    struct event e, more;

    for (uint32_t n = 0; !smmu_next_event(&e); n++) {
        if (n == POLLS)
            return false;
    }
    print("   event ");
    print_hex(e.type);
    print(" stream ");
    print_hex(e.stream);
    if (e.type >= F_TRANSLATION) {
        print(e.read ? " read " : " write ");
        print_hex(e.address);
    }
    print("\n");
    return e.type == type && e.stream == stream && !smmu_next_event(&more) &&
           (type == C_BAD_STREAMID || (e.address == address && e.read == read));
}

static bool copied(void)
{
    for (unsigned i = 0; i < PAGE; i++) {
        if (target[i] != (i < LENGTH ? source[i] : 0))
            return false;
    }
    return true;
}

static bool find_endpoint(void)
{
    int rid = pci_find(ENDPOINT);

    if (rid < 0 || !pci_enable(rid, PCI_MEMORY))
        return false;
    stream = STREAM_OF((uint32_t)rid);
    return get32(PCI_MEMORY + TEP_ID) == TEP_ID_VALUE;
}

void firmware_main(void)
{
    print("iovp firmware: SMMU IDR0 ");
    print_hex(get32(SMMU_BASE + SMMU_IDR0));
    print(" IDR1 ");
    print_hex(get32(SMMU_BASE + SMMU_IDR1));
    print(" IDR5 ");
    print_hex(get32(SMMU_BASE + SMMU_IDR5));
    print("\n");
    for (unsigned i = 0; i < LENGTH; i++)
        source[i] = (uint8_t)(i * 13 + 1);

    step("the SMMU lets nothing through", smmu_block());
    step("the test endpoint is found and enabled", find_endpoint());
    step("its DMA is aborted", fails(dma(TEP_OP_SUM, (uintptr_t)source, 0, 8)));
    step("tables, queues and translation are on", smmu_enable());
    step("a stream without configuration is refused",
         fails(dma(TEP_OP_SUM, SOURCE, 0, 8)) &&
             reported(C_BAD_STREAMID, 0, true));
    step("two pages are mapped for the stream",
         smmu_attach(stream) && smmu_map(SOURCE, source, false) &&
             smmu_map(TARGET, target, true));
    step("DMA copies from one to the other",
         succeeds(dma(TEP_OP_MEMCPY, SOURCE, TARGET, LENGTH)) && copied());
    step("a read where nothing is mapped is an event",
         fails(dma(TEP_OP_SUM, NOWHERE, 0, 8)) &&
             reported(F_TRANSLATION, NOWHERE, true));
    /* Writes are posted: the endpoint does not learn of the fault. */
    step("a write to a page that is read-only is an event",
         succeeds(dma(TEP_OP_FILL, 0, SOURCE, 8)) &&
             reported(F_PERMISSION, SOURCE, false) && copied());
    step("a page that is unmapped is out of reach",
         smmu_unmap(SOURCE) && fails(dma(TEP_OP_SUM, SOURCE, 0, 8)) &&
             reported(F_TRANSLATION, SOURCE, true));
    step("the SMMU has no error", smmu_is_well());
    print(steps_failed() ? "firmware: FAILED\n" : "firmware: passed\n");
    power_off();
}

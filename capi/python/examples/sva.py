#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SVA: devices use a process's addresses.

The program of capi/examples/sva.c, which says what it prints: pages are made
when a device touches them, and the SMMU holds the access meanwhile.
"""
import iovp
import soc

PAGE = 0x1000


class Memory:
    """A process's page-fault handler: what an operating system's mm does."""

    def __init__(self, context):
        self.process = context.process(fault=self.on_fault)
        self.grow = True  # pages are made on demand

    def on_fault(self, fault):
        wants = fault.rights & (iovp.RIGHT_UW | iovp.RIGHT_PW)
        print(f"fault {fault.sequence}: {'write to' if wants else 'read of'} "
              f"{fault.addr:#x}, PASID {fault.pasid}:",
              "mapped" if self.grow else "not ours")
        if not self.grow:
            return iovp.OK, iovp.RESPOND_INVALID
        page = fault.addr & -PAGE
        self.process.map(soc.DATA + (page & 0xfffff), PAGE, soc.RIGHTS,
                         iova=page)
        return iovp.OK, iovp.RESPOND_SUCCESS


def result(dma):
    return "aborted" if dma.status == iovp.DMA_ABORT else "not aborted"


def told_exit(device, _pasid):
    print(f"process exits: {device.name} is told")


def share(memory, npu, dsp, pasid):
    wrote = npu.dma_write(0x10000, bytes(2 * PAGE), pasid=pasid)
    print(f"npu wrote {wrote.done} bytes, held {wrote.stalls} times")
    if dsp.dma_read(0x10000, 2 * PAGE, pasid=pasid).stalls == 0:
        print("dsp reads them without a fault")
    memory.grow = False
    print("process unmaps 0x10000")
    memory.process.unmap(0x10000, 0x10fff)
    print("dsp:", result(dsp.dma_read(0x10000, 8, pasid=pasid)))


with soc.build() as p:
    npu, dsp = p.device("npu@a000000"), p.device("dsp@a010000")
    p.donate(soc.TABLES, soc.TABLES_BYTES)
    with p.context() as context:
        memory = Memory(context)
        with memory.process as process:
            pasid = process.bind(npu, exit=told_exit)
            same = process.bind(dsp, exit=told_exit)
            print(f"npu bound, PASID {pasid}; dsp bound, PASID {same}")
            share(memory, npu, dsp, pasid)
            process.exit()
            after = result(npu.dma_read(0x11000, 1, pasid=pasid))
            stats = context.stats()
            print(f"npu after exit: {after};",
                  f"{stats.succeeded + stats.invalid} faults answered,",
                  f"{stats.invalid} of them refused")

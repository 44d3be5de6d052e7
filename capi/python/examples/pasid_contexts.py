#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PASID contexts: one device, several address spaces.

The program of capi/examples/pasid_contexts.c, which says what it prints: DMA
by PASID, and the library's cache of a device's address spaces.
"""
import iovp
import smmu
import soc

IOVA = 0x10000


def text(device, pasid):
    return device.dma_read(IOVA, 3, pasid=pasid).data.decode()


def atomic(device):
    device.dma_write(IOVA + 8, (40).to_bytes(4, "little"), pasid=1)
    add = device.dma_atomic(IOVA + 8, iovp.ATOMIC_FETCH_ADD, 2, width=4,
                            pasid=1)
    now = device.dma_read(IOVA + 8, 4, pasid=1).data
    print(f"PASID 1: atomic add: {add.data} became "
          f"{int.from_bytes(now, 'little')}")


def is_stale(space):
    try:
        space.info()
    except iovp.Error as error:
        if error.status != iovp.E_STALE:
            raise
        return True
    return False


with soc.build() as p:
    npu = p.device("npu@a000000")
    driver = smmu.Smmu(p, soc.SMMU, soc.TABLES)
    stream = driver.attach(0x10, pasid_bits=4)
    for pasid, word in (1, b"one"), (2, b"two"):
        page = soc.DATA + (pasid - 1) * smmu.PAGE
        p.mem_write(page, word)
        space = driver.space()
        space.map(IOVA, page)
        stream.bind(space, pasid)

    print(f'PASID 1 reads "{text(npu, 1)}", PASID 2 reads "{text(npu, 2)}" '
          "at the same address")
    atomic(npu)
    across = npu.dma_read(IOVA, 2 * smmu.PAGE, pasid=2)
    print(f"PASID 2: {across.done} of {2 * smmu.PAGE} bytes done, then "
          f"{smmu.EventType(across.event).name}")
    with npu.space(1) as one, npu.space(2) as two:
        info = one.info()
        print(f"space of PASID 1: number {info.made}, used {info.uses} times")
        stream.unbind(2)
        print("PASID 2 torn down: its handle is",
              "stale," if is_stale(two) else "valid,", "PASID 1's is",
              "stale" if is_stale(one) else "not")
    after = npu.dma_read(IOVA, 2 * smmu.PAGE, pasid=2)
    print(f"PASID 2: {after.done} bytes done, "
          f"{smmu.EventType(after.event).name}")

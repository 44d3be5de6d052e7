#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Dual-stage context: a guest owns the first stage, the host the second.

The program of capi/examples/dual_stage.c, which says what it prints: a stage 2
domain says where the guest's memory is, its own tables are bound on top.
"""
import struct

import iovp
import smmu
import soc

# The guest's memory: 16 MiB at its own address 0.
GUEST_BYTES = 0x1000000
GUEST_CD = 0x10000  # its table of 16 CDs
GUEST_TABLE = 0x20000  # its page tables, levels 0 to 3
GUEST_RIGHTS = soc.RIGHTS | iovp.RIGHT_UX | iovp.RIGHT_PX
ASID, PASID, IOVA = 7, 5, 0x4000


def put(p, ipa, *words):
    p.mem_write(soc.DATA + ipa, struct.pack(f"<{len(words)}Q", *words))


def guest_map(p, ipa):
    """Map IOVA in the guest's page table."""
    for table in range(GUEST_TABLE, GUEST_TABLE + 0x3000, 0x1000):
        put(p, table, table + 0x1000 | 3)
    put(p, GUEST_TABLE + 0x3000 + IOVA // smmu.PAGE * 8, ipa | smmu.PTE)


def guest_access(device, ipa):
    found = device.translate(IOVA, pasid=PASID)
    print(f"guest PASID {PASID}: {IOVA:#x} -> IPA {ipa:#x} -> {found.pa:#x}")


def invalidate(context, device, command, what):
    entry = {"kind": iovp.INVAL_RAW, "word": [command, IOVA],
             "raw_type": iovp.RAW_SMMUV3_COMMAND}
    try:
        handled = context.invalidate(device, [entry])
    except iovp.Error as error:
        handled = error.handled
    print(f"{what}: {handled} of 1 handled")


def host_pasid(_low, high):
    """The host gives its guests PASIDs from 100 on."""
    return iovp.E_REFUSED if high < 100 else (iovp.OK, 100)


def pasids(context):
    print("host gives the guest PASID", context.pasid_alloc(1))
    try:
        context.pasid_alloc(1, 99)
    except iovp.Error as error:
        print("host refuses a PASID below 100:", error.strerror)


with soc.build() as p:
    npu = p.device("npu@a000000")
    p.donate(soc.TABLES, soc.TABLES_BYTES)
    with p.context(ops={"pasid_alloc": host_pasid}) as context, \
            context.domain(iovp.STAGE_2) as stage2:
        pasids(context)
        stage2.map(soc.DATA, GUEST_BYTES, GUEST_RIGHTS, iova=0)
        guest_map(p, 0x200000)
        put(p, GUEST_CD + PASID * smmu.CD_BYTES,
            smmu.CD0 | ASID << smmu.CD0_ASID, GUEST_TABLE, 0, smmu.CD3_MAIR)
        ste = smmu.STE_V | smmu.STE_S1 | GUEST_CD | 4 << smmu.STE_S1CDMAX
        context.bind(npu, (iovp.TABLE_SMMUV3_STE, [ste]), stage2=stage2)
        guest_access(npu, 0x200000)
        guest_map(p, 0x201000)
        invalidate(context, npu, smmu.TLBI_NH_VA | ASID << 48,
                   "guest maps another page and invalidates")
        guest_access(npu, 0x201000)
        invalidate(context, npu, smmu.TLBI_S2_IPA,
                   "a command beyond its stage")
        context.unbind(npu)
        aborted = npu.dma_read(IOVA, 1, pasid=PASID).status == iovp.DMA_ABORT
        print(f"unbound: DMA of PASID {PASID} is",
              "aborted" if aborted else "not aborted")

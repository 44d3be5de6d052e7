#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Regimes: what transactions with different attributes are translated by.

The program of capi/examples/regimes.c, which says what it prints: two PASIDs
are two regimes, and a consumer follows the mappings of both.
"""
import iovp
import smmu
import soc

STATES = {iovp.REGIME_OFF: "off",
          iovp.REGIME_BLOCKED: "blocked",
          iovp.REGIME_IDENTITY: "identity",
          iovp.REGIME_TRANSLATED: "translated, stage 1",
          iovp.REGIME_INVALID: "invalid structures"}
KINDS = {iovp.NOTIFY_MAP: "map", iovp.NOTIFY_UNMAP: "unmap"}
when = "replay"


def told(note):
    if note.kind == iovp.NOTIFY_DROP:
        print(f"{when}: drop PASID {note.pasid}")
    else:
        print(f"{when}: {KINDS[note.kind]} PASID {note.pasid} "
              f"{note.first:#x}..{note.last:#x}")


def describe(device):
    for index in device.regimes():
        info = device.regime(index)
        who = f"regime of StreamID {info.stream_id:#x}"
        if info.pasid is None:
            print(f"{who}, no PASID: {STATES[info.state]}")
        else:
            print(f"{who}, PASID {info.pasid}: {STATES[info.state]}, "
                  f"{info.table[0].last.bit_length()} bits")


def by_index(device, pasid):
    index = device.regime_index(pasid=pasid)
    found = device.regime_translate(index, 0x10008, debug=True)
    print(f"by index, PASID {pasid}: 0x10008 -> {found.pa:#x}")


with soc.build() as p:
    npu = p.device("npu@a000000")
    # As an operating system would: two address spaces.
    driver = smmu.Smmu(p, soc.SMMU, soc.TABLES)
    one, two = driver.space(), driver.space()
    one.map(0x10000, soc.DATA, 0x2000)
    two.map(0x10000, soc.DATA + 0x200000, flags=smmu.PTE_READ_ONLY)
    stream = driver.attach(0x10, pasid_bits=4)
    stream.bind(one, pasid=1)
    stream.bind(two, pasid=2)

    try:
        npu.notify(told, understands=0)
    except iovp.Error as error:
        print(f"without attributes: refused, {error.strerror}")
    describe(npu)
    by_index(npu, 1)
    by_index(npu, 2)
    with npu.notify(told, understands=npu.regime_attrs()) as notifier:
        for _ in notifier.replay():
            pass
        when = "told"
        print("driver unmaps a page of PASID 1")
        one.unmap(0x11000)
        print("driver tears PASID 2 down")
        stream.unbind(2)

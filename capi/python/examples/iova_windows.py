#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""IOVA windows: where may a device do DMA, and "64 MiB of addresses, please".

The program of capi/examples/iova_windows.c, which says what it prints: the
windows of a domain follow what is attached, those required stay.
"""
import iovp
import soc

SPLASH = 0x8f000000
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def size(shift):
    return f"{1 << shift % 10} {UNITS[shift // 10]}"


def show(domain, when):
    """Two windows a line; the WindowInfo."""
    windows, info = domain.windows()
    texts = [f"{w.first:#x}..{w.last:#x}" for w in windows]
    lines = [" ".join(texts[i:i + 2]) for i in range(0, len(texts), 2)]
    print(f"{when}:", ("\n" + 18 * " ").join(lines))
    return info


with soc.build() as p:
    display = p.device("display@a020000")
    p.donate(soc.TABLES, soc.TABLES_BYTES)
    with p.context() as context, context.domain() as domain:
        info = show(domain, "domain alone")
        print("pages of", ", ".join(
            size(i) for i in range(64) if info.page_sizes >> i & 1))
        domain.attach(display)
        show(domain, "with the display")
        # Outside of the windows, as nobody but the display is to use it.
        p.mem_write(SPLASH, b"splash")
        seen = display.dma_read(SPLASH, 6).data == b"splash"
        print("the display", "still reads" if seen else "has lost",
              f"the splash screen at {SPLASH:#x}")

        room = domain.reserve(64 << 20, align=1 << 30)
        print(f"64 MiB aligned to 1 GiB: {room:#x}")
        iova = domain.map(soc.DATA, 0x4000,
                          iovp.RIGHT_UR | iovp.RIGHT_PR, iova=room)
        p.mem_write(soc.DATA, b"hello")
        text = display.dma_read(iova, 5).data.decode()
        print(f"mapped 16 KiB at {iova:#x} to {soc.DATA:#x}; "
              f'the display reads "{text}"')
        domain.unmap()
        aborted = display.dma_read(iova, 5).status == iovp.DMA_ABORT
        print("unmapped: the display's DMA is",
              "aborted" if aborted else "not aborted")

        domain.detach(display)
        domain.require([(SPLASH, SPLASH + 0xfff)])
        try:
            domain.attach(display)
            said = "possible"
        except iovp.Error as error:
            said = "refused" if error.status == iovp.E_RANGE else str(error)
        print(f"0x8f000000 is required: attaching the display is {said}")

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read a trace without iovp: format.md as a program.

As a module: for r in records("soc.iovt"): print(r.time_in, hex(r.iova))
As a command: read_trace.py FILE prints the latency of each stream and counts
the PCIe packets of each requester.
"""
import collections
import struct
import sys
import zlib

RECORD = struct.Struct("<4Q4I2H4B4H4I")
Record = collections.namedtuple("Record", (
    "time_in time_out iova pa stream_id pasid length flags initiator iommu "
    "kind result event caches config_accesses s1_accesses s2_accesses "
    "reserved wait_lookup wait_walker wait_memory wait_fill"))
TLP = 6
TLPS = ("MRd MWr FetchAdd Swap CAS IORd IOWr CfgRd0 CfgWr0 CfgRd1 CfgWr1 "
        "Msg MsgD").split()
MESSAGES = {1: "Invalidate Request", 2: "Invalidate Completion",
            4: "Page Request", 5: "PRG Response"}


def chunks(path):
    """The (kind, records, content) of each chunk."""
    with open(path, "rb") as file:
        header = file.read(64)
        if header[:9] != b"\x89IOVPTR\n\x01" or header[12] != RECORD.size:
            raise ValueError(path + ": not a trace of version 1.0")
        kind = None
        while kind != 3:
            head = file.read(48)
            if len(head) < 48:
                raise ValueError(path + ": it ends early")
            kind, _, _, stored, count = struct.unpack_from("<5I", head, 4)
            body = file.read(stored)
            if zlib.crc32(body, zlib.crc32(head[:44])) != int.from_bytes(
                    head[44:], "little"):
                raise ValueError(path + ": damaged")
            yield kind, count, zlib.decompress(body)


def rows(count, body):
    """The codes of each record but the first: one byte of each plane."""
    at = RECORD.size + RECORD.size // 8
    planes = []
    for p in range(RECORD.size):
        present = body[RECORD.size + p // 8] >> p % 8 & 1
        planes.append(body[at:at + count - 1] if present
                      else bytes(count - 1))
        at += present * (count - 1)
    return map(RECORD.unpack, map(bytes, zip(*planes)))


def unzigzag(code):
    return code >> 1 ^ -(code & 1)


def records(path):
    for kind, count, body in chunks(path):
        if kind != 2:
            continue
        first = Record._make(RECORD.unpack(body[:RECORD.size]))
        yield first
        start = (first.iova, first.pa ^ first.iova)
        time, latency, last = first.time_in, first.time_out - first.time_in, {}
        last[first.initiator & 255] = start
        for code in rows(count, body):
            fields = [a ^ b for a, b in zip(code, first)]
            iova, mapping = last.get(fields[8] & 255, start)
            time = time + unzigzag(code[0]) & 2**64 - 1
            iova = iova + unzigzag(code[2]) & 2**64 - 1
            mapping ^= code[3]
            last[fields[8] & 255] = (iova, mapping)
            out = time + (code[1] ^ latency & 2**64 - 1) & 2**64 - 1
            fields[:4] = time, out, iova, mapping ^ iova
            yield Record._make(fields)


def packet(r):
    """The type of a packet: "MRd", "Msg Page Request"."""
    if r.event >= len(TLPS):
        return str(r.event)
    if not TLPS[r.event].startswith("Msg"):
        return TLPS[r.event]
    code = r.pa >> 16 & 255
    return f"{TLPS[r.event]} {MESSAGES.get(code, hex(code))}"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: read_trace.py TRACE")
    latency = collections.defaultdict(list)
    packets = collections.Counter()
    for r in records(sys.argv[1]):
        if r.kind == 0:
            latency[r.stream_id].append(r.time_out - r.time_in)
        elif r.kind == TLP:
            packets[r.stream_id, packet(r)] += 1
    for stream, ps in sorted(latency.items()):
        ps.sort()
        print(f"stream {stream:#x}: {len(ps)} transactions, "
              f"p50 {ps[len(ps) // 2] / 1000} ns, "
              f"p99 {ps[len(ps) * 99 // 100] / 1000} ns")
    for (rid, name), n in sorted(packets.items()):
        print(f"{rid >> 8:02x}:{rid >> 3 & 31:02x}.{rid & 7}: {n} {name}")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError, zlib.error) as error:
        sys.exit(f"read_trace.py: {error}")

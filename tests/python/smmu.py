# SPDX-License-Identifier: MIT
"""The least of an SMMUv3 driver, in Python: what the tests need.

Numbers in comments are sections of IHI 0070.  Tables are linear: 64 streams,
and 16 CDs for a stream with PASIDs.
"""
import struct
from collections import namedtuple

PAGE = 0x1000

# Registers (6.1)
CR0, CR0ACK, CR1, CR2 = 0x20, 0x24, 0x28, 0x2c
IRQ_CTRL, IRQ_CTRLACK = 0x50, 0x54
STRTAB_BASE, STRTAB_BASE_CFG = 0x80, 0x88
CMDQ_BASE, CMDQ_PROD, CMDQ_CONS = 0x90, 0x98, 0x9c
EVENTQ_BASE, EVENTQ_PROD, EVENTQ_CONS = 0xa0, 0x100a8, 0x100ac
SMMUEN, EVENTQEN, CMDQEN = 1, 4, 8

# Commands (4)
CFGI_STE, CFGI_CD, CFGI_ALL = 0x03, 0x05, 0x04
TLBI_NSNH_ALL, SYNC = 0x30, 0x46

# Events (7.3)
C_BAD_STREAMID, C_BAD_SUBSTREAMID = 0x02, 0x08
F_TRANSLATION, F_PERMISSION = 0x10, 0x13

STE_V, STE_BYPASS, STE_S1 = 1, 4 << 1, 5 << 1
STE1_WB_ISH = 1 << 2 | 1 << 4 | 3 << 6
# T0SZ 16, write-back, inner shareable, EPD1, V, IPS 48 bits, AA64, R, A, ASET
CD0 = (16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | 1 << 31 | 5 << 32
       | 1 << 41 | 1 << 45 | 1 << 46 | 1 << 47)
# Page, AF, inner shareable, AP[1] (unprivileged too), nG, valid
PTE = 1 << 10 | 3 << 8 | 1 << 6 | 1 << 11 | 3
PTE_READ_ONLY = 1 << 7
QUEUE_LOG2 = 4

Event = namedtuple("Event", "type sid ssid addr")


class Smmu:
    """`ram` is the first address of memory that is taken for tables."""

    def __init__(self, platform, base, ram):
        self.p, self.base, self.ram = platform, base, ram
        self.prod = 0
        self.asid = 0
        self.strtab = self.alloc()
        self.cmdq, self.eventq = self.alloc(), self.alloc()
        self.write(CR1, 0xd75)  # tables and queues: write-back, inner
        self.write(CR2, 0x6)  # PTM, RECINVSID
        self.write(STRTAB_BASE, self.strtab, 8)
        self.write(STRTAB_BASE_CFG, 6)
        self.write(CMDQ_BASE, self.cmdq | QUEUE_LOG2, 8)
        self.write(EVENTQ_BASE, self.eventq | QUEUE_LOG2, 8)
        for register in (CMDQ_PROD, CMDQ_CONS, EVENTQ_PROD, EVENTQ_CONS):
            self.write(register, 0)
        self.write(IRQ_CTRL, 4)  # Event queue
        self.wait(IRQ_CTRLACK, 4)
        self.enable(CMDQEN)
        self.command(CFGI_ALL, 31)
        self.command(TLBI_NSNH_ALL)
        self.enable(CMDQEN | EVENTQEN | SMMUEN)

    def read(self, offset, width=4):
        return self.p.mmio_read(self.base + offset, width)

    def write(self, offset, value, width=4):
        self.p.mmio_write(self.base + offset, value, width)

    def wait(self, offset, value):
        """In timed mode registers change only while time passes."""
        for _ in range(1000):
            if self.read(offset) == value:
                return
            self.p.run_until(self.p.now() + 1000000)
        raise TimeoutError(f"register {offset:#x} is {self.read(offset):#x}")

    def enable(self, bits):
        self.write(CR0, bits)
        self.wait(CR0ACK, bits)

    def alloc(self, count=PAGE):
        at, self.ram = self.ram, self.ram + count
        self.p.mem_write(at, bytes(count))
        return at

    def put(self, addr, *words):
        self.p.mem_write(addr, struct.pack(f"<{len(words)}Q", *words))

    def get(self, addr):
        return struct.unpack("<Q", self.p.mem_read(addr, 8))[0]

    def command(self, word0, word1=0):
        """Queue a command and a CMD_SYNC, and wait for both (4.7.3)."""
        for words in ((word0, word1), (SYNC, 0)):
            index = self.prod % (1 << QUEUE_LOG2)
            self.put(self.cmdq + 16 * index, *words)
            self.prod = (self.prod + 1) % (2 << QUEUE_LOG2)
        self.write(CMDQ_PROD, self.prod)
        self.wait(CMDQ_CONS, self.prod)

    def set_ste(self, sid, word0, word1=0):
        self.put(self.strtab + 64 * sid + 8, word1)
        self.put(self.strtab + 64 * sid, word0)
        self.command(CFGI_STE | sid << 32, 1)

    def bypass(self, sid):
        self.set_ste(sid, STE_V | STE_BYPASS)

    def attach(self, sid, pasid_bits=0):
        """Stage 1 for a stream (5.2); the address of its CDs."""
        cds = self.alloc()
        self.set_ste(sid, STE_V | STE_S1 | cds | pasid_bits << 59,
                     STE1_WB_ISH)
        return cds

    def bind(self, sid, cds, pasid, table):
        """A table for a PASID; 0 if the stream has none (5.4)."""
        self.asid += 1
        cd = cds + 64 * pasid
        self.put(cd + 8, table, 0, 0xff)
        self.put(cd, CD0 | self.asid << 48)
        self.command(CFGI_CD | pasid << 12 | sid << 32, 1)

    def map(self, table, iova, pa, flags=0):
        """One page in a table of VMSAv8-64, 4 KiB granule, 4 levels."""
        for shift in (39, 30, 21):
            at = table + 8 * (iova >> shift & 0x1ff)
            if not self.get(at):
                self.put(at, self.alloc() | 3)
            table = self.get(at) & 0xfffffffff000
        self.put(table + 8 * (iova >> 12 & 0x1ff), pa | PTE | flags)

    def events(self):
        """Consume the Event queue (7.3)."""
        found = []
        cons = self.read(EVENTQ_CONS)
        while cons != self.read(EVENTQ_PROD):
            index = cons % (1 << QUEUE_LOG2)
            word0, _, addr, _ = struct.unpack("<4Q", self.p.mem_read(
                self.eventq + 32 * index, 32))
            # 7.3.9: C_BAD_SUBSTREAMID has no SSV, its SubstreamID is valid
            valid = word0 >> 11 & 1 or word0 & 0xff == C_BAD_SUBSTREAMID
            ssid = word0 >> 12 & 0xfffff if valid else None
            found.append(Event(word0 & 0xff, word0 >> 32, ssid, addr))
            cons = (cons + 1) % (2 << QUEUE_LOG2)
        self.write(EVENTQ_CONS, cons)
        return found

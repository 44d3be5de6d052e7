# SPDX-License-Identifier: MIT
"""The least of an SMMUv3 driver in Python: what examples and tests need.

    driver = smmu.Smmu(platform, base, ram)
    stream = driver.attach(sid, pasid_bits=4)
    space = driver.space()
    space.map(iova, pa)
    stream.bind(space, pasid=1)

Numbers in comments are sections of IHI 0070.  The table of streams has two
levels, that of a stream's CDs one.
"""
import enum
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
TLBI_NH_ASID, TLBI_NH_VA, TLBI_S2_IPA, TLBI_NSNH_ALL = 0x11, 0x12, 0x2a, 0x30
SYNC = 0x46
LEAF = 1  # word 1


class EventType(enum.IntEnum):
    """Events (7.3); constants of this module, too."""
    C_BAD_STREAMID = 0x02
    C_BAD_STE = 0x04
    F_STREAM_DISABLED = 0x06
    C_BAD_SUBSTREAMID = 0x08
    C_BAD_CD = 0x0a
    F_TRANSLATION = 0x10
    F_ADDR_SIZE = 0x11
    F_ACCESS = 0x12
    F_PERMISSION = 0x13


globals().update(EventType.__members__)

STE_V, STE_BYPASS, STE_S1 = 1, 4 << 1, 5 << 1
STE_S1CDMAX = 59
STE1_WB_ISH = 1 << 2 | 1 << 4 | 3 << 6
# T0SZ 16, write-back, inner shareable, EPD1, V, IPS 48 bits, AA64, R, A, ASET
CD0 = (16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 30 | 1 << 31 | 5 << 32
       | 1 << 41 | 1 << 45 | 1 << 46 | 1 << 47)
CD0_ASID = 48
CD3_MAIR = 0xff  # attribute 0: normal, write-back
STE_BYTES = CD_BYTES = 64
# Page, AF, inner shareable, AP[1] (unprivileged too), nG, valid
PTE = 1 << 10 | 3 << 8 | 1 << 6 | 1 << 11 | 3
PTE_READ_ONLY = 1 << 7
QUEUE_LOG2 = 4
SPLIT = 6  # log2 of the STEs in a page
STREAMS_LOG2 = 15  # a page of level 1
TWO_LEVELS = 1 << 16

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
        self.write(STRTAB_BASE_CFG, TWO_LEVELS | SPLIT << 6 | STREAMS_LOG2)
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
        """Cleared memory; `count`, a power of 2, is its alignment too."""
        count = max(count, PAGE)
        at = -(-self.ram // count) * count
        self.ram = at + count
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
        """Word 0 last: it makes the entry valid (5.2)."""
        level1 = self.strtab + 8 * (sid >> SPLIT)
        if not self.get(level1):
            self.put(level1, self.alloc() | SPLIT + 1)  # Span (5.1)
        ste = self.get(level1) & -PAGE
        ste += STE_BYTES * (sid % (1 << SPLIT))
        self.put(ste + 8, word1)
        self.put(ste, word0)
        self.command(CFGI_STE | sid << 32)  # of both levels

    def bypass(self, sid):
        self.set_ste(sid, STE_V | STE_BYPASS)

    def attach(self, sid, pasid_bits=0):
        """Stage 1 for a stream, which faults until something is bound."""
        return Stream(self, sid, pasid_bits)

    def space(self):
        """An address space with an ASID of its own."""
        return Space(self)

    def events(self):
        """Consume the Event queue (7.3)."""
        found = []
        cons = self.read(EVENTQ_CONS)
        while cons != self.read(EVENTQ_PROD):
            index = cons % (1 << QUEUE_LOG2)
            word0, _, addr, _ = struct.unpack("<4Q", self.p.mem_read(
                self.eventq + 32 * index, 32))
            # 7.3.9: C_BAD_SUBSTREAMID has no SSV, its SubstreamID is valid
            code = word0 & 0xff
            valid = word0 >> 11 & 1 or code == EventType.C_BAD_SUBSTREAMID
            ssid = word0 >> 12 & 0xfffff if valid else None
            found.append(Event(code, word0 >> 32, ssid, addr))
            cons = (cons + 1) % (2 << QUEUE_LOG2)
        self.write(EVENTQ_CONS, cons)
        return found


class Stream:
    """A stream with a table of CDs; Smmu.attach makes it (5.2, 5.4)."""

    def __init__(self, driver, sid, pasid_bits):
        self.driver, self.sid = driver, sid
        self.cds = driver.alloc(CD_BYTES << pasid_bits)
        self.bound = {}
        driver.set_ste(sid, STE_V | STE_S1 | self.cds
                       | pasid_bits << STE_S1CDMAX, STE1_WB_ISH)

    def bind(self, space, pasid=0):
        """Word 0 last: it makes the CD valid.  A stream without PASIDs has
        but CD 0."""
        at = self.cds + CD_BYTES * pasid
        self.driver.put(at + 8, space.table, 0, CD3_MAIR)
        self._set_cd0(pasid, CD0 | space.asid << CD0_ASID)
        self.bound[pasid] = space

    def unbind(self, pasid=0):
        """On return no transaction uses the space with this PASID."""
        self._set_cd0(pasid, 0)
        asid = self.bound.pop(pasid).asid
        self.driver.command(TLBI_NH_ASID | asid << 48)

    def _set_cd0(self, pasid, word0):
        self.driver.put(self.cds + CD_BYTES * pasid, word0)
        self.driver.command(CFGI_CD | pasid << 12 | self.sid << 32, LEAF)


class Space:
    """VMSAv8-64, 4 KiB granule, 4 levels; Smmu.space makes it."""

    def __init__(self, driver):
        self.driver = driver
        self.table = driver.alloc()
        driver.asid += 1
        self.asid = driver.asid

    def _leaf(self, iova):
        """Where the descriptor of a page is; tables are made if need be."""
        table = self.table
        for shift in (39, 30, 21):
            at = table + 8 * (iova >> shift & 0x1ff)
            if not self.driver.get(at):
                self.driver.put(at, self.driver.alloc() | 3)
            table = self.driver.get(at) & 0xfffffffff000
        return table + 8 * (iova >> 12 & 0x1ff)

    def map(self, iova, pa, count=PAGE, flags=0):
        """Pages that were not mapped, so that nothing is cached."""
        for at in range(0, count, PAGE):
            self.driver.put(self._leaf(iova + at), pa + at | PTE | flags)

    def unmap(self, iova, count=PAGE):
        """On return no transaction uses the pages."""
        for page in range(iova, iova + count, PAGE):
            self.driver.put(self._leaf(page), 0)
            self.driver.command(TLBI_NH_VA | self.asid << 48, page | LEAF)

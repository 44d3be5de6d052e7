#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python binding on platforms/arm-soc.dts.  Expected events are those of
IHI 0070 chapter 7.3 for the situation that each test sets up.

Needs IOVP_LIBRARY, unless the loader finds libiovp.so.0.2.
"""
import ctypes
import doctest
import gc
import os
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINDING = os.path.join(ROOT, "capi", "python")
DTS = os.path.join(ROOT, "platforms", "arm-soc.dts")
sys.path[:0] = [BINDING, os.path.join(BINDING, "examples"), HERE]

import iovp  # noqa: E402
import smmu  # noqa: E402
from runner import main  # noqa: E402

SMMU = 0x12000000
TABLES = 0x80000000  # guest RAM for tables
DATA = 0x90000000  # guest RAM for data
IOVA = 0x40000000
DISPLAY, NPU = 0x10, 0x20  # StreamIDs
PAGE = smmu.PAGE


def blob():
    """The tree, compiled once."""
    if not hasattr(blob, "bytes"):
        with iovp.Platform(DTS) as p:
            blob.bytes = p.dtb()
    return blob.bytes


class Case(unittest.TestCase):
    def setUp(self):
        self.p = iovp.Platform(blob())
        self.addCleanup(self.p.close)
        self.display = self.p.device("display@13000000")
        self.npu = self.p.device("npu@13010000")

    def bring_up(self):
        self.smmu = smmu.Smmu(self.p, SMMU, TABLES)
        return self.smmu

    def map_display(self, flags=0):
        """One page of the display: IOVA -> DATA."""
        driver = self.bring_up()
        space = driver.space()
        space.map(IOVA, DATA, flags=flags)
        driver.attach(DISPLAY).bind(space)
        return space

    def refuses(self, status, call, *args, **kwargs):
        with self.assertRaises(iovp.Error) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.status, status,
                         str(caught.exception))
        self.assertTrue(caught.exception.message)
        return caught.exception

    def temporary(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return os.path.join(folder.name, "trace.iovt")


class Platforms(Case):
    def test_lists(self):
        self.assertEqual(
            [d.info().name for d in self.p.devices()],
            ["display@13000000", "npu@13010000", "crypto@13020000",
             "isp@13030000"])
        nodes = {node.path: node for node in self.p.nodes()}
        uart = nodes["/soc/serial@11000000"]
        self.assertEqual((uart.compatible, uart.reg_base, uart.reg_size),
                         ("arm,pl011", 0x11000000, 0x1000))
        self.assertEqual(nodes["/soc/iommu@12000000"].state, iovp.NODE_BUILT)

    def test_tree_is_the_one_given(self):
        self.assertEqual(blob()[:4], b"\xd0\x0d\xfe\xed")
        self.assertEqual(self.p.dtb(), blob())

    def test_device_info(self):
        info = self.npu.info()
        self.assertEqual((info.index, info.stream_id, info.pasid_bits),
                         (1, NPU, 8))
        self.assertEqual((info.iommu, info.iommu_base),
                         ("iommu@12000000", SMMU))
        self.assertEqual((info.workload.pasids, info.workload.pasid[:5]),
                         (4, (1, 2, 3, 4, 0)))
        secure = self.p.device("/soc/crypto@13020000").info()
        self.assertEqual(secure.space, iovp.SPACE_SECURE)

    def test_refused_trees(self):
        self.refuses(iovp.E_INVALID, iovp.Platform, b"")
        self.refuses(iovp.E_DT, iovp.Platform, bytes(64))
        self.refuses(iovp.E_IO, iovp.Platform, "/nonexistent/soc.dtb")
        self.refuses(iovp.E_INVALID, iovp.Platform, blob(), mode=2)

    def test_version(self):
        self.assertEqual(iovp.version(),
                         (iovp.VERSION_MAJOR, iovp.VERSION_MINOR,
                          iovp.VERSION_PATCH))

    def test_abi_is_checked(self):
        # Import has checked it; another version or record is refused.
        sizes = [ctypes.sizeof(getattr(iovp._iovp, "iovp_" + name))
                 for name in ("attrs", "dma_result", "record")]
        check = iovp.lib.iovp_check_abi
        self.assertEqual(check(iovp.VERSION_NUM, *sizes), iovp.OK)
        self.assertEqual(check(iovp.VERSION_NUM + 100, *sizes),
                         iovp.E_UNSUPPORTED)
        sizes[0] += 4
        self.assertEqual(check(iovp.VERSION_NUM, *sizes), iovp.E_UNSUPPORTED)

    def test_collected_platform_is_destroyed(self):
        p = iovp.Platform(blob())
        handle = p.handle
        self.assertEqual(iovp.lib.iovp_stats_reset(handle), iovp.OK)
        del p
        gc.collect()
        self.assertEqual(iovp.lib.iovp_stats_reset(handle), iovp.E_HANDLE)


class Access(Case):
    def test_registers(self):
        # IDR1 (6.3.2): SIDSIZE [5:0] of at most 32 bits
        self.assertLessEqual(self.p.mmio_read(SMMU + 4) & 0x3f, 32)
        self.p.mmio_write(SMMU + smmu.CMDQ_BASE, DATA, 8)
        self.assertEqual(self.p.mmio_read(SMMU + smmu.CMDQ_BASE, 8), DATA)
        self.refuses(iovp.E_INVALID, self.p.mmio_read, SMMU + 2)
        self.refuses(iovp.E_INVALID, self.p.mmio_read, SMMU, width=3)
        self.refuses(iovp.E_BUS, self.p.mmio_read, 0x50000000)

    def test_memory(self):
        self.p.mem_write(DATA, b"\x12\x34\x56\x78")
        self.assertEqual(self.p.mmio_read(DATA), 0x78563412)
        self.p.mmio_write(DATA, 0xabcd, 2)
        self.assertEqual(self.p.mem_read(DATA, 4), b"\xcd\xab\x56\x78")
        self.refuses(iovp.E_BUS, self.p.mem_read, 0x50000000, 4)

    def test_numbers_are_not_cut_off(self):
        wide = 1 << 64
        self.refuses(iovp.E_INVALID, self.p.mem_read, wide + DATA, 4)
        self.refuses(iovp.E_INVALID, self.p.mem_read, DATA, 4 - wide)
        self.refuses(iovp.E_INVALID, self.p.mmio_read, DATA, 4 + (1 << 32))
        self.refuses(iovp.E_INVALID, self.npu.dma_read, DATA, 4 - wide)
        self.refuses(iovp.E_INVALID, self.npu.dma_read, wide + DATA, 4)
        self.refuses(iovp.E_INVALID, self.npu.dma_read, DATA, 0)
        self.refuses(iovp.E_INVALID, self.npu.workload_start,
                     bytes=64 + (1 << 32))
        self.assertEqual(self.p.stats(), [])


class Translation(Case):
    def test_bypass(self):
        self.bring_up().bypass(DISPLAY)
        self.assertTrue(self.display.dma_write(DATA, b"line").ok)
        self.assertEqual(self.p.mem_read(DATA, 4), b"line")
        self.assertEqual(self.smmu.events(), [])
        # 5.2, an STE that is not valid: C_BAD_STE
        self.assertEqual(self.npu.dma_read(DATA, 4).event, 0x04)

    def test_stage_1(self):
        self.map_display().map(IOVA + PAGE, DATA + 4 * PAGE)
        data = bytes(range(256))
        written = self.display.dma_write(IOVA + PAGE - 128, data)
        self.assertEqual((written.ok, written.done, written.data),
                         (True, 256, None))
        self.assertEqual(self.p.mem_read(DATA + PAGE - 128, 128), data[:128])
        self.assertEqual(self.p.mem_read(DATA + 4 * PAGE, 128), data[128:])
        read = self.display.dma_read(IOVA + PAGE - 128, 256)
        self.assertEqual(read.data, data)

    def test_fault_record(self):
        self.map_display()
        result = self.display.dma_read(IOVA + PAGE - 16, 64)
        self.assertFalse(result.ok)
        self.assertEqual((result.status, result.event, result.done),
                         (iovp.DMA_ABORT, smmu.F_TRANSLATION, 16))
        self.assertEqual(len(result.data), 16)
        self.assertEqual(self.smmu.events(), [
            (smmu.F_TRANSLATION, DISPLAY, None, IOVA + PAGE)])
        self.assertEqual(self.smmu.events(), [])

    def test_permission(self):
        self.map_display(smmu.PTE_READ_ONLY)
        self.assertTrue(self.display.dma_read(IOVA, 4).ok)
        self.assertEqual(self.display.dma_write(IOVA, b"no").event,
                         smmu.F_PERMISSION)
        found = self.display.translate(IOVA, debug=True)
        self.assertEqual(found.perms, iovp.ACCESS_READ)

    def test_translate(self):
        self.map_display()
        found = self.display.translate(IOVA + 0x234)
        self.assertEqual((found.status, found.pa, found.span),
                         (iovp.DMA_OK, DATA + 0x234, PAGE - 0x234))
        self.assertEqual(found.perms, iovp.ACCESS_READ | iovp.ACCESS_WRITE)
        found = self.display.translate(0, iovp.ACCESS_WRITE, debug=True)
        self.assertEqual((found.status, found.event),
                         (iovp.DMA_ABORT, smmu.F_TRANSLATION))
        self.assertEqual(self.smmu.events(), [])
        self.display.translate(0)
        self.assertEqual([e.type for e in self.smmu.events()],
                         [smmu.F_TRANSLATION])

    def test_pasids(self):
        driver = self.bring_up()
        stream = driver.attach(NPU, pasid_bits=4)
        for pasid in (1, 15):
            space = driver.space()
            space.map(IOVA, DATA + pasid * PAGE)
            stream.bind(space, pasid)
        self.assertTrue(self.npu.dma_write(IOVA, b"first", pasid=1).ok)
        self.assertTrue(self.npu.dma_write(IOVA, b"last!", pasid=15).ok)
        self.assertEqual(self.p.mem_read(DATA + PAGE, 5), b"first")
        self.assertEqual(self.npu.dma_read(IOVA, 5, pasid=15).data, b"last!")
        self.assertEqual(driver.events(), [])
        # beyond S1CDMax, and an entry that is not valid
        self.npu.dma_read(IOVA, 5, pasid=16)
        self.npu.dma_read(IOVA, 5, pasid=2)
        # S1DSS = 0: without PASID, F_STREAM_DISABLED
        self.npu.dma_read(IOVA, 5, pasid=None)
        self.npu.dma_read(IOVA, 5)
        self.assertEqual([(e.type, e.ssid) for e in driver.events()], [
            (smmu.C_BAD_SUBSTREAMID, 16), (0x0a, 2), (0x06, None),
            (0x06, None)])

    def test_explain(self):
        def reasons(feature):
            return [c for c in self.display.explain(feature)
                    if c.state == iovp.CONDITION_FAILS]

        # SMMUEN is 0 after reset
        self.assertTrue(reasons(iovp.FEATURE_TRANSLATION))
        self.map_display()
        self.assertEqual(reasons(iovp.FEATURE_TRANSLATION), [])
        first = reasons(iovp.FEATURE_PASID)[0]
        self.assertIn("pasid-num-bits", first.where + first.what)
        self.refuses(iovp.E_INVALID, self.display.explain, 1000)

    def test_attributes(self):
        self.bring_up()
        # 5.1: no table of level 2
        self.assertEqual(self.npu.dma_read(DATA, 4, stream_id=64).event,
                         smmu.C_BAD_STREAMID)
        found = iovp.attrs(pasid=None, privileged=True)
        self.assertEqual(
            (found.specified, found.pasid_valid, found.privileged),
            (iovp.ATTR_PASID | iovp.ATTR_PRIVILEGED, 0, 1))
        self.assertEqual(iovp.attrs(pasid=0).pasid_valid, 1)
        self.assertEqual(iovp.attrs().specified, 0)
        self.assertEqual(iovp.attrs().size, 32)
        with self.assertRaises(TypeError):
            self.npu.dma_read(DATA, 4, passid=1)
        self.refuses(iovp.E_INVALID, self.npu.dma_read, DATA, 4,
                     pasid=iovp.PASID_MAX + 1)
        self.refuses(iovp.E_INVALID, self.npu.dma_read, DATA, 4, pasid=-1)
        self.refuses(iovp.E_INVALID, self.npu.dma_read, DATA, 4, space=4)


class Workloads(Case):
    def test_of_the_tree(self):
        self.map_display().map(IOVA + PAGE, DATA + PAGE, 3 * PAGE)
        self.display.workload_start(self.display.info().workload,
                                    window=4 * PAGE, transfers=64)
        self.assertEqual(self.p.run_until(0), iovp.RUN_IDLE)
        row, = self.p.stats()
        self.assertEqual((row.transfers, row.bytes, row.faults),
                         (64, 64 * 256, 0))

    def test_by_keywords(self):
        driver = self.bring_up()
        space = driver.space()
        space.map(IOVA, DATA)
        driver.attach(NPU, pasid_bits=4).bind(space, pasid=3)
        self.npu.workload_start(base=IOVA, window=PAGE, bytes=64,
                                outstanding=1, read_percent=100,
                                transfers=10, pasid=[3])
        self.assertEqual(self.p.run_until(0), iovp.RUN_IDLE)
        row, = self.p.stats()
        self.assertEqual((row.stream_id, row.pasid_valid, row.pasid),
                         (NPU, 1, 3))
        self.assertEqual((row.transfers, row.hits[iovp.STAT_TLB], row.walks),
                         (10, 9, 1))
        # 4 levels of table, 2 of the Stream table, 1 CD
        self.assertEqual(row.accesses, 7)

    def test_stop_and_errors(self):
        self.npu.workload_start(self.npu.info().workload, transfers=0)
        self.assertEqual(self.p.run_until(0), iovp.RUN_TIME)
        self.npu.workload_stop()
        self.assertEqual(self.p.run_until(0), iovp.RUN_IDLE)
        self.refuses(iovp.E_INVALID, self.npu.workload_start, bytes=0)
        self.refuses(iovp.E_INVALID, self.npu.workload_start,
                     pasid=range(17))

    def test_replay_and_reset(self):
        self.assertTrue(self.npu.dma_replay(DATA, 64, iovp.ACCESS_WRITE, 0).ok)
        self.assertEqual(len(self.p.stats()), 1)
        self.p.stats_reset()
        self.assertEqual(self.p.stats(), [])
        self.refuses(iovp.E_INVALID, self.npu.dma_replay, DATA, 64, 3, 0)


class Callbacks(Case):
    def setUp(self):
        super().setUp()
        self.map_display()

    def fault(self):
        return self.display.dma_read(0, 4)

    def test_interrupt(self):
        seen = []
        self.p.irq_handler(seen.append)
        self.fault()
        event, = seen
        self.assertEqual((event.kind, event.source, event.line, event.number),
                         (iovp.IRQ_WIRED, "iommu@12000000", "eventq", 64))
        self.smmu.events()
        self.p.irq_handler(None)
        self.fault()
        self.assertEqual(len(seen), 1)

    def test_callback_outlives_its_name(self):
        seen = []
        self.p.irq_handler(lambda event: seen.append(event))
        gc.collect()
        self.fault()
        self.assertEqual(len(seen), 1)

    def test_exception_reaches_the_caller(self):
        def handler(event):
            raise LookupError(event.line)

        self.p.irq_handler(handler)
        with self.assertRaisesRegex(LookupError, "eventq"):
            self.fault()
        self.smmu.events()
        self.p.irq_handler(None)
        self.assertEqual(self.fault().event, smmu.F_TRANSLATION)

    def test_reentry(self):
        refused, allowed = [], []

        def handler(_event):
            for call in (lambda: self.display.dma_read(IOVA, 4),
                         lambda: self.p.mmio_read(SMMU),
                         lambda: self.p.run_until(0),
                         self.p.stats, self.p.close,
                         lambda: self.p.irq_handler(None)):
                try:
                    call()
                except iovp.Error as error:
                    refused.append(error.status)
            allowed.append(self.p.now())
            allowed.append(self.p.mem_read(DATA, 2))

        self.p.irq_handler(handler)
        self.assertEqual(self.fault().event, smmu.F_TRANSLATION)
        self.assertEqual(refused, [iovp.E_REENTRY] * 6)
        self.assertEqual(allowed, [0, b"\0\0"])
        self.assertTrue(self.display.dma_read(IOVA, 4).ok)


class Misuse(Case):
    def test_stale_handles(self):
        self.p.close()
        self.p.close()
        self.refuses(iovp.E_HANDLE, self.p.stats)
        self.refuses(iovp.E_HANDLE, self.p.dtb)
        self.refuses(iovp.E_HANDLE, self.p.mmio_read, SMMU)
        self.refuses(iovp.E_HANDLE, self.npu.dma_read, DATA, 4)
        self.refuses(iovp.E_HANDLE, self.npu.info)
        with iovp.Platform(blob()) as other:
            self.refuses(iovp.E_HANDLE, self.p.nodes)
            self.assertTrue(other.nodes())

    def test_unknown_device(self):
        error = self.refuses(iovp.E_NOTFOUND, self.p.device, "gpu@0")
        self.assertIn("IOVP_E_NOTFOUND", str(error))

    def test_wrong_thread(self):
        statuses = []

        def other():
            for call in (self.p.stats, self.p.close, self.npu.info,
                         lambda: self.npu.dma_read(DATA, 4)):
                try:
                    call()
                except iovp.Error as error:
                    statuses.append(error.status)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(statuses, [iovp.E_THREAD] * 4)
        self.assertTrue(self.npu.dma_read(DATA, 4).ok)

    def test_null_handles(self):
        self.assertEqual(iovp.lib.iovp_stats_reset(None), iovp.E_HANDLE)
        self.assertEqual(iovp.lib.iovp_device_get_info(None, None),
                         iovp.E_HANDLE)
        with self.assertRaises(ctypes.ArgumentError):
            iovp.lib.iovp_stats_reset(self.npu.handle)


class Traces(Case):
    def record(self):
        """A file with two transactions, a marker and a fault."""
        self.map_display()
        path = self.temporary()
        self.p.trace_start(path)
        self.display.dma_write(IOVA, b"12345678")
        self.p.trace_marker(42)
        self.display.dma_read(0, 16)
        self.p.trace_stop()
        return path

    def test_records(self):
        with iovp.TraceReader(self.record()) as reader:
            self.assertEqual(reader.dtb(), blob())
            records = list(reader)
            self.assertEqual(list(reader), [])
        write, read = [r for r in records
                       if r.kind == iovp.RECORD_TRANSACTION]
        self.assertEqual((write.iova, write.pa, write.bytes, write.access),
                         (IOVA, DATA, 8, iovp.ACCESS_WRITE))
        self.assertEqual((write.stream_id, write.pasid_valid, write.device,
                          write.result, write.s1_accesses),
                         (DISPLAY, 0, 0, iovp.DMA_OK, 4))
        self.assertEqual((read.result, read.event, read.access),
                         (iovp.DMA_ABORT, smmu.F_TRANSLATION,
                          iovp.ACCESS_READ))
        kinds = [r.kind for r in records]
        self.assertLess(kinds.index(iovp.RECORD_MARKER),
                        len(kinds) - 1 - kinds[::-1].index(
                            iovp.RECORD_TRANSACTION))
        self.assertIn(iovp.RECORD_FAULT, kinds)
        self.assertRaises(ValueError, next, reader)

    def test_damage(self):
        path = self.record()
        os.truncate(path, os.path.getsize(path) - 9)
        with iovp.TraceReader(path) as reader:
            self.refuses(iovp.E_FORMAT, list, reader)

    def test_errors(self):
        path = self.temporary()
        self.refuses(iovp.E_INVALID, self.p.trace_stop)
        self.refuses(iovp.E_IO, self.p.trace_start, "/nonexistent/trace")
        self.p.trace_start(path)
        self.refuses(iovp.E_BUSY, self.p.trace_start, path)
        self.refuses(iovp.E_IO, iovp.TraceReader, "/nonexistent/trace")
        self.refuses(iovp.E_FORMAT, iovp.TraceReader, DTS)


class Timed(unittest.TestCase):
    """A process has one timed platform, so this is one test."""

    def test_time(self):
        if not iovp.has_systemc():
            with self.assertRaises(iovp.Error) as caught:
                iovp.Platform(blob(), mode=iovp.MODE_TIMED)
            self.assertEqual(caught.exception.status, iovp.E_UNSUPPORTED)
            return
        with iovp.Platform(blob(), mode=iovp.MODE_TIMED) as p:
            with self.assertRaises(iovp.Error) as caught:
                iovp.Platform(blob(), mode=iovp.MODE_TIMED)
            self.assertEqual(caught.exception.status, iovp.E_BUSY)
            self.use(p)

    def use(self, p):
        driver = smmu.Smmu(p, SMMU, TABLES)
        space = driver.space()
        space.map(IOVA, DATA)
        driver.attach(DISPLAY).bind(space)
        display = p.device("display@13000000")
        miss = display.dma_read(IOVA, 64)
        # DMA does not wait: until the fill is done, accesses are merged
        hit = display.dma_replay(IOVA + 64, 64, iovp.ACCESS_READ,
                                 miss.time_out)
        self.assertEqual(hit.time_in, miss.time_out)
        self.assertGreater(miss.time_in, 0)
        self.assertLess(hit.time_out - hit.time_in,
                        miss.time_out - miss.time_in)
        p.stats_reset()
        display.workload_start(base=IOVA, window=PAGE, bytes=64,
                               outstanding=4, read_percent=100, transfers=100)
        self.assertEqual(p.run_until(p.now() + 10**12), iovp.RUN_IDLE)
        row, = p.stats()
        self.assertEqual(row.transfers, 100)
        self.assertLessEqual(row.last_ps, p.now())
        self.assertGreaterEqual(row.latency_max_ps, row.latency_min_ps)


class Readme(Case):
    def test_example(self):
        os.chdir(ROOT)
        said = []
        with open(os.path.join(BINDING, "README.md")) as file:
            test = doctest.DocTestParser().get_doctest(
                file.read(), {"trace": self.temporary()}, "README.md",
                "capi/python/README.md", 0)
        self.assertGreater(len(test.examples), 10)
        failed, _ = doctest.DocTestRunner().run(test, out=said.append)
        self.assertEqual(failed, 0, "".join(said))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The binding's objects: regimes, notifiers, spaces, windows, transfers, and
contexts with domains and processes.  The rules behind them are tested in C."""
import gc
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BINDING = os.path.join(ROOT, "capi", "python")
sys.path[:0] = [BINDING, os.path.join(BINDING, "examples"), HERE]

import iovp  # noqa: E402
import smmu  # noqa: E402
from runner import main  # noqa: E402

DTS = os.path.join(ROOT, "platforms", "arm-soc.dts")
SMMU = 0x12000000
TABLES = 0x80000000
DONATED = 0x88000000
DATA = 0x90000000
IOVA = 0x40000000
NPU = 0x20
PAGE = smmu.PAGE
READ, WRITE = iovp.ACCESS_READ, iovp.ACCESS_WRITE
RIGHTS = iovp.RIGHT_UR | iovp.RIGHT_UW | iovp.RIGHT_PR | iovp.RIGHT_PW


class Case(unittest.TestCase):
    def setUp(self):
        self.p = iovp.Platform(DTS)
        self.addCleanup(self.p.close)
        self.npu = self.p.device("npu@13010000")

    def refuses(self, status, call, *args, **kwargs):
        with self.assertRaises(iovp.Error) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.status, status,
                         str(caught.exception))

    def bind(self, pasid):
        """A table for a PASID of the NPU with one page."""
        if not hasattr(self, "smmu"):
            self.smmu = smmu.Smmu(self.p, SMMU, TABLES)
            self.stream = self.smmu.attach(NPU, pasid_bits=4)
        space = self.smmu.space()
        space.map(IOVA, DATA + pasid * PAGE)
        self.stream.bind(space, pasid)


class Views(Case):
    def test_regimes(self):
        self.bind(3)
        index = self.npu.regime_index(pasid=3)
        self.assertEqual(self.npu.regime_count(), len(self.npu.regimes()))
        self.assertIn(index, self.npu.regimes())
        self.assertTrue(self.npu.regime_attrs() & iovp.ATTR_PASID)
        info = self.npu.regime(index)
        self.assertEqual((info.stream_id, info.pasid, info.state,
                          info.stages), (NPU, 3, iovp.REGIME_TRANSLATED,
                                         iovp.STAGE_1))
        self.assertEqual((info.table[0].page_bits, info.table[0].levels),
                         (12, 4))
        found = self.npu.regime_translate(index, IOVA + 5, debug=True)
        self.assertEqual((found.status, found.pa),
                         (iovp.DMA_OK, DATA + 3 * PAGE + 5))
        self.refuses(iovp.E_NOTFOUND, self.npu.regime, 0xfffffffe)

    def test_notifier(self):
        self.bind(3)
        index, seen = self.npu.regime_index(pasid=3), []
        notifier = self.npu.notify(seen.append, index=index)
        parts = list(notifier.replay())
        self.assertEqual(parts[-1], (1, True))
        note, = seen
        self.assertEqual((note.kind, note.pasid, note.first, note.last,
                          note.pa),
                         (iovp.NOTIFY_MAP, 3, IOVA, IOVA + PAGE - 1,
                          DATA + 3 * PAGE))
        self.smmu.command(smmu.TLBI_NSNH_ALL)
        self.assertIn(iovp.NOTIFY_UNMAP, [n.kind for n in seen])
        notifier.close()
        before = len(seen)
        self.smmu.command(smmu.TLBI_NSNH_ALL)
        self.assertEqual(len(seen), before)
        self.refuses(iovp.E_ATTRS, self.npu.notify, seen.append,
                     understands=iovp.ATTR_STREAM_ID)

    def test_notifier_is_collected(self):
        self.bind(3)
        seen = []
        self.npu.dma_read(IOVA, 4, pasid=3)
        kept = self.npu.notify(seen.append)
        self.smmu.command(smmu.TLBI_NSNH_ALL)
        self.assertEqual([n.kind for n in seen if n.pasid == 3],
                         [iovp.NOTIFY_UNMAP, iovp.NOTIFY_MAP])
        del kept, seen[:]
        gc.collect()
        self.smmu.command(smmu.TLBI_NSNH_ALL)
        self.assertEqual(seen, [])

    def test_exception_of_a_notifier(self):
        def fail(_note):
            raise LookupError("told")

        self.bind(3)
        notifier = self.npu.notify(fail,
                                   index=self.npu.regime_index(pasid=3))
        with self.assertRaisesRegex(LookupError, "told"):
            self.smmu.command(smmu.TLBI_NSNH_ALL)
        notifier.close()

    def test_space(self):
        self.bind(3)
        space = self.npu.space(3)
        self.npu.dma_read(IOVA, 16, pasid=3)
        info = space.info()
        self.assertEqual((info.pasid, info.bytes), (3, 16))
        self.assertEqual(space.translate(IOVA).pa, DATA + 3 * PAGE)
        self.bind(3)  # another table: CMD_CFGI_CD
        self.refuses(iovp.E_STALE, space.info)
        space.close()
        space.close()
        self.refuses(iovp.E_INVALID, self.npu.space, 1 << 8)

    def test_ends_of_with(self):
        self.bind(3)
        seen = []
        with self.npu.space(3) as space, self.npu.notify(seen.append):
            space.info()
        self.refuses(iovp.E_HANDLE, space.info)
        self.smmu.command(smmu.TLBI_NSNH_ALL)
        self.assertEqual(seen, [])
        with self.assertRaises(LookupError), self.npu.space(3) as space:
            raise LookupError
        self.refuses(iovp.E_HANDLE, space.info)

    def test_no_pasid_is_none(self):
        self.bind(3)
        pasids = [self.npu.regime(i).pasid for i in self.npu.regimes()]
        self.assertEqual(pasids, [None, 3])

    def test_windows(self):
        self.bind(3)
        windows, info = self.npu.windows(3)
        self.assertTrue(windows)
        self.assertEqual(windows[0].kind, iovp.WINDOW_USABLE)
        self.assertEqual(info.alignment, PAGE)
        self.assertIsInstance(self.npu.reserved_regions(), list)
        self.assertEqual(self.npu.streams(), [NPU])


class Dma(Case):
    def test_atomic(self):
        self.p.mem_write(DATA, (40).to_bytes(8, "little"))
        result = self.npu.dma_atomic(DATA, iovp.ATOMIC_FETCH_ADD, 2)
        self.assertEqual((result.ok, result.data), (True, 40))
        self.assertEqual(self.p.mem_read(DATA, 1), b"\x2a")
        result = self.npu.dma_atomic(DATA, iovp.ATOMIC_CAS, 7, width=4,
                                     compare=42)
        self.assertEqual(result.data, 42)
        self.assertEqual(self.p.mem_read(DATA, 4), b"\x07\0\0\0")
        self.refuses(iovp.E_INVALID, self.npu.dma_atomic, DATA + 1,
                     iovp.ATOMIC_SWAP, 7)

    def test_transfer(self):
        write = self.npu.submit(DATA, WRITE, b"later")
        self.p.run_until(0)
        self.assertTrue(write.poll().ok)
        self.assertEqual(self.p.mem_read(DATA, 5), b"later")
        read = self.npu.submit(DATA, READ, 5)
        self.p.run_until(0)
        self.assertEqual(read.poll().data, b"later")
        read.close()
        self.refuses(iovp.E_HANDLE, read.poll)


class Contexts(Case):
    def setUp(self):
        super().setUp()
        self.p.donate(DONATED, 0x1000000)

    def test_domain(self):
        context = self.p.context()
        domain = context.domain()
        domain.attach(self.npu)
        iova = domain.map(DATA, 4 * PAGE, RIGHTS)
        self.assertTrue(self.npu.dma_write(iova, b"mapped").ok)
        self.assertEqual(self.p.mem_read(DATA, 6), b"mapped")
        self.assertEqual(domain.map(DATA, PAGE, RIGHTS, iova=IOVA), IOVA)
        room = domain.reserve(16 * PAGE, 16 * PAGE)
        self.assertEqual(room % (16 * PAGE), 0)
        domain.unreserve(room)
        windows, _ = domain.windows()
        domain.require([(windows[0].first, windows[0].first + PAGE - 1)])
        self.assertEqual(domain.unmap(), 5 * PAGE)
        self.assertFalse(self.npu.dma_read(iova, 4).ok)
        domain.detach(self.npu)
        domain.close()
        self.refuses(iovp.E_HANDLE, domain.unmap)
        context.close()

    def test_pasids_and_faults(self):
        context = self.p.context()
        pasid = context.pasid_alloc(5, 9)
        self.assertEqual(pasid, 5)
        context.pasid_free(pasid)
        self.refuses(iovp.E_NOTFOUND, context.pasid_free, 5)
        domain = context.domain()
        domain.attach(self.npu)
        self.npu.dma_read(IOVA, 4)
        self.p.run_until(0)
        record = next(context.faults())
        self.assertEqual((record.kind, record.addr, record.stream_id),
                         (iovp.FAULT_UNRECOVERABLE, IOVA, NPU))
        self.assertEqual(record.device, self.npu)
        self.assertNotEqual(record.device, self.p.device("display@13000000"))
        self.assertEqual({record.device: 1}[self.npu], 1)
        self.assertEqual((record.device.name, record.pasid),
                         ("npu@13010000", None))
        self.assertEqual(list(context.faults()), [])
        self.assertEqual(context.stats().unrecoverable, 1)
        self.refuses(iovp.E_NOTFOUND, context.respond, 12345)

    def test_hosts_say(self):
        asked = []

        def pasid_alloc(low, high):
            asked.append((low, high))
            return iovp.OK, 77

        context = self.p.context(ops={"pasid_alloc": pasid_alloc,
                                      "pasid_free": lambda _: iovp.E_REFUSED})
        self.assertEqual(context.pasid_alloc(3, 99), 77)
        self.assertEqual(asked, [(3, 99)])
        self.refuses(iovp.E_REFUSED, context.pasid_free, 77)
        with self.assertRaises(TypeError):
            self.p.context(ops={"pasid": None})

    def test_hosts_are_told(self):
        told = []
        context = self.p.context(ops={
            "bind": lambda *what: told.append(what[:2]) or iovp.OK,
            "unbind": lambda *what: told.append(what) or iovp.OK})
        guest = [smmu.CD0, TABLES, 0, smmu.CD3_MAIR]
        for pasid in (None, 4):
            context.bind(self.npu, (iovp.TABLE_SMMUV3_CD, guest), pasid)
            context.unbind(self.npu, pasid)
        self.assertEqual(told, [(self.npu, None)] * 2 + [(self.npu, 4)] * 2)

    def test_errors_explain_themselves(self):
        context = self.p.context(ops={
            "pasid_alloc": lambda low, high: iovp.E_REFUSED})
        with self.assertRaises(iovp.Error) as caught:
            context.pasid_alloc()
        self.assertEqual(caught.exception.strerror,
                         iovp.lib.iovp_strerror(iovp.E_REFUSED).decode())
        with self.assertRaises(iovp.Error) as caught:
            self.npu.dma_read(1 << 64, 4)
        self.assertEqual(caught.exception.strerror,
                         iovp.lib.iovp_strerror(iovp.E_INVALID).decode())

    def test_nested(self):
        context = self.p.context()
        guest = smmu.STE_V | smmu.STE_S1 | TABLES
        for count in (0, 64 * 16, PAGE):
            self.p.mem_write(TABLES, bytes(count) or b"\0")
        parent = context.domain(stage=iovp.STAGE_2)
        parent.map(TABLES, 0x100000, RIGHTS, iova=TABLES)
        context.bind(self.npu, (iovp.TABLE_SMMUV3_STE,
                                [guest, smmu.STE1_WB_ISH]), stage2=parent)
        self.assertEqual(context.invalidate(self.npu, []), 0)
        self.assertEqual(context.invalidate(self.npu, [
            {"kind": iovp.INVAL_ALL}, {"kind": iovp.INVAL_PASID,
                                       "pasid": None}]), 2)
        with self.assertRaises(iovp.Error) as caught:
            context.invalidate(self.npu, [{"kind": iovp.INVAL_ALL},
                                          {"kind": 1000}])
        self.assertEqual(caught.exception.handled, 1)
        context.unbind(self.npu)
        self.refuses(iovp.E_NOTFOUND, context.unbind, self.npu)

    def test_process(self):
        context = self.p.context()
        ended = []
        process = context.process()
        pasid = process.bind(self.npu, iovp.SVA_NO_FAULTS,
                             exit=lambda d, n: ended.append(
                                 (d.info().name, n)))
        self.assertGreater(pasid, 0)
        process.map(DATA, PAGE, RIGHTS, iova=IOVA)
        self.assertTrue(self.npu.dma_write(IOVA, b"sva", pasid=pasid).ok)
        self.assertEqual(self.p.mem_read(DATA, 3), b"sva")
        gc.collect()
        process.exit()
        self.assertEqual(ended, [("npu@13010000", pasid)])
        process.unbind(self.npu)
        process.close()


if __name__ == "__main__":
    sys.exit(main())

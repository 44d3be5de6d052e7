# SPDX-License-Identifier: MIT
"""iovp from Python: SoCs with IOMMUs, built from a device tree.

    import iovp

    with iovp.Platform("platforms/arm-soc.dts") as p:
        npu = p.device("npu@13010000")
        print(npu.dma_read(0x80000000, 64, pasid=1))

Times are picoseconds of simulated time, addresses and sizes bytes, all of
them int; a PASID is an int or None.  A failed call raises Error; a translation
fault does not: it is in the result.  Constants are those of iovp.h without
IOVP_: MODE_TIMED, SPACE_SECURE, E_HANDLE.  A platform belongs to the thread
that created it.

The library is the one that the environment variable IOVP_LIBRARY names, or
else the libiovp.so.0.2 that the dynamic loader finds.  Functions that have no
method here are called by `lib` with the types of the module `_iovp`.
"""
import collections
import ctypes
import weakref
from ctypes import POINTER, byref, c_size_t, c_uint32, c_uint64

import _iovp
from _iovp_base import (Callbacks, Closing, Error, attrs, check, encode_path,
                        fill, has_systemc, lib, pasid_of, plain, read_bytes,
                        two_calls, unsigned, version)
from _iovp_host import Context, Domain, Process
from _iovp_views import Notifier, Space, Views

__all__ = ["Context", "Device", "DmaResult", "Domain", "Error", "Notifier",
           "Platform", "Process", "Space", "TraceReader", "Transfer", "attrs",
           "check", "has_systemc", "lib", "version"]

for _name, _value in vars(_iovp).items():
    if _name.startswith("IOVP_"):
        globals()[_name[len("IOVP_"):]] = _value
        __all__.append(_name[len("IOVP_"):])


# ---- devices ----------------------------------------------------------------

class DmaResult(collections.namedtuple(
        "DmaResult", "status done time_in time_out event stalls data")):
    """Of a DMA: `status` (DMA_*), `done` bytes before the failure, `time_in`
    and `time_out` in picoseconds, `event` (code of the fault, 0: none),
    `stalls` (times it was held) and `data`: the `done` bytes that were read,
    None for a write, the old value (int) for an atomic."""
    __slots__ = ()

    @property
    def ok(self):
        return self.status == _iovp.IOVP_DMA_OK


class Transfer(Closing):
    """A DMA that goes on; Device.submit makes it.  close() gives it up."""

    def __init__(self, device, config, buffer):
        self._callbacks = device.platform._callbacks
        self._write = config.access == _iovp.IOVP_ACCESS_WRITE
        self._buffer = buffer
        self.handle = POINTER(_iovp.iovp_transfer)()
        device._check(lib.iovp_dma_submit(byref(self.handle), device.handle,
                                          byref(config)))
        # C writes to the buffer until then.
        self._end = weakref.finalize(self, _release, self.handle, buffer)

    def poll(self):
        """A DmaResult; status DMA_QUEUED or DMA_STALL: it is not over."""
        result = _iovp.iovp_dma_result()
        self._callbacks.check(lib.iovp_dma_poll(self.handle, byref(result)))
        data = None if self._write else self._buffer.raw[:result.done]
        return DmaResult(*plain(result), data)


def _release(handle, _buffer):
    lib.iovp_dma_release(handle)


def _address(device):
    return ctypes.cast(device.handle, ctypes.c_void_p).value


class Device(Views):
    """A DMA master; Platform.device and Platform.devices make them.

    Keywords of dma_*, submit and translate are those of attrs()."""

    def __init__(self, platform, handle):
        self.platform = platform
        self.handle = handle

    def __eq__(self, other):
        return isinstance(other, Device) and _address(self) == _address(other)

    def __hash__(self):
        return hash(_address(self))

    @property
    def name(self):
        """That of its node, as in Platform.device."""
        return self.info().name

    def _check(self, status):
        self.platform._callbacks.check(status)

    def streams(self):
        """All StreamIDs (requester IDs)."""
        return list(two_calls(
            lambda *to: lib.iovp_device_streams(self.handle, *to), c_uint32))

    def info(self):
        """A DeviceInfo; fields as in iovp_device_info."""
        found = _iovp.iovp_device_info()
        self._check(lib.iovp_device_get_info(self.handle, byref(found)))
        return plain(found)

    def dma_read(self, iova, count, **attributes):
        """Read `count` bytes (1 to 2^30) by DMA."""
        unsigned(64, iova=iova, count=count)
        buffer = ctypes.create_string_buffer(max(count, 1))
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_read(
            self.handle, pasid_of(attributes.get("pasid")), iova, buffer,
            count, byref(attrs(**attributes)), byref(result)))
        return self._result(result, buffer.raw[:result.done])

    def dma_write(self, iova, data, **attributes):
        """Write bytes by DMA."""
        unsigned(64, iova=iova)
        data = bytes(data)
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_write(
            self.handle, pasid_of(attributes.get("pasid")), iova, data,
            len(data), byref(attrs(**attributes)), byref(result)))
        return self._result(result, None)

    def dma_atomic(self, iova, op, operand, width=8, compare=0, **attributes):
        """An atomic access (ATOMIC_*) of `width` bytes; operands are int."""
        unsigned(64, iova=iova)
        unsigned(8 * min(width, 16), operand=operand, compare=compare)
        atomic = fill(_iovp.iovp_atomic(), op=op, width=width)
        atomic.operand[:] = operand.to_bytes(16, "little")
        atomic.compare[:] = compare.to_bytes(16, "little")
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_atomic(
            self.handle, pasid_of(attributes.get("pasid")), iova,
            byref(atomic), byref(attrs(**attributes)), byref(result)))
        old = bytes(atomic.old)[:width] if result.done else b""
        return self._result(result, int.from_bytes(old, "little"))

    def submit(self, iova, access, data, **attributes):
        """Begin a DMA: `data` are bytes to write, or how many to read."""
        unsigned(64, iova=iova)
        write = access == _iovp.IOVP_ACCESS_WRITE
        count = len(data) if write else data
        buffer = ctypes.create_string_buffer(bytes(data) if write else b"",
                                             max(count, 1))
        given = attrs(**attributes)
        config = fill(_iovp.iovp_transfer_config(), access=access, iova=iova,
                      pasid=pasid_of(attributes.get("pasid")), bytes=count)
        config.buf = ctypes.cast(buffer, ctypes.c_void_p)
        config.attrs = ctypes.pointer(given)
        return Transfer(self, config, buffer)

    def dma_replay(self, iova, count, access, time_ps, **attributes):
        """DMA without data that enters at `time_ps`; `access`: ACCESS_*."""
        unsigned(64, iova=iova, time_ps=time_ps)
        unsigned(32, count=count, access=access)
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_replay(
            self.handle, byref(attrs(**attributes)), iova, count, access,
            time_ps, byref(result)))
        return self._result(result, None)

    @staticmethod
    def _result(result, data):
        return DmaResult(*plain(result), data)

    def translate(self, iova, access=_iovp.IOVP_ACCESS_READ, debug=False,
                  **attributes):
        """A Translation (pa and span in bytes); a fault is recorded by the
        IOMMU unless `debug`, which has no side effect."""
        unsigned(64, iova=iova)
        unsigned(32, access=access)
        found = _iovp.iovp_translation()
        flags = _iovp.IOVP_TRANSLATE_DEBUG if debug else 0
        self._check(lib.iovp_translate(
            self.handle, byref(attrs(**attributes)), iova, access, flags,
            byref(found)))
        return plain(found)

    def explain(self, feature):
        """Why a feature (FEATURE_*) is on or off: a Condition for each of its
        conditions, in order; the first with CONDITION_FAILS is the reason."""
        unsigned(32, feature=feature)
        return [plain(found) for found in two_calls(
            lambda *to: lib.iovp_explain(self.handle, feature, *to),
            _iovp.iovp_condition)]

    def workload_start(self, workload=None, **fields):
        """Start the workload of the device tree, or `workload` (a Workload of
        info()), or one of keywords: pattern, base, window, stride, bytes,
        outstanding (transfers), rate (bytes per second, 0: unlimited),
        read_percent, seed, transfers (0: until stopped), pasid (a list)."""
        values = workload._asdict() if workload else {}
        values.update(fields)
        if not values:
            self._check(lib.iovp_workload_start(self.handle, None))
            return
        pasid = tuple(values.get("pasid", ()))
        if len(pasid) > _iovp.IOVP_WORKLOAD_PASIDS:
            raise Error(_iovp.IOVP_E_INVALID, "too many PASIDs")
        if "pasid" in fields:
            values["pasids"] = len(pasid)
        values["pasid"] = (c_uint32 * _iovp.IOVP_WORKLOAD_PASIDS)(*pasid)
        self._check(lib.iovp_workload_start(
            self.handle, byref(fill(_iovp.iovp_workload(), **values))))

    def workload_stop(self):
        self._check(lib.iovp_workload_stop(self.handle))


# ---- platform ---------------------------------------------------------------

def _destroy(handle, _callbacks):
    """`_callbacks` stay alive until the platform is gone."""
    lib.iovp_platform_destroy(handle)


class Platform:
    """A SoC built from a device tree: the path of a .dtb or .dts file, or the
    bytes of a compiled tree.  Timed mode exists once per process; `quantum_ps`
    is how far a device may run ahead of the others.  `log` is called with
    (level, text).  Use it in `with`, or call close()."""

    def __init__(self, tree, mode=_iovp.IOVP_MODE_FUNCTIONAL, quantum_ps=0,
                 log=None):
        self._callbacks = Callbacks()
        self.handle = POINTER(_iovp.iovp_platform)()
        config = fill(_iovp.iovp_platform_config(), mode=mode,
                       quantum_ps=quantum_ps)
        if log:
            config.log = self._callbacks.make(_iovp.iovp_log_fn,
                                              self._log_with(log))
            self._callbacks.keep("log", config.log)
        if isinstance(tree, (bytes, bytearray)):
            status = lib.iovp_platform_create(
                byref(self.handle), byref(config), bytes(tree), len(tree))
        else:
            status = lib.iovp_platform_create_file(
                byref(self.handle), byref(config), encode_path(tree))
        check(status)
        self._end = weakref.finalize(self, _destroy, self.handle,
                                     self._callbacks)
        self._callbacks.check(status)

    @staticmethod
    def _log_with(log):
        return lambda level, text: log(level, text.decode(errors="replace"))

    def _check(self, status):
        self._callbacks.check(status)

    def close(self):
        """Free the platform with everything in it; a trace is finished."""
        if not self._end.alive:
            return
        count = c_size_t(0)
        status = lib.iovp_platform_dtb(self.handle, None, byref(count))
        if status != _iovp.IOVP_E_SPACE:  # destroy ignores wrong threads
            check(status)
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def dtb(self):
        """The bytes of the tree that the platform was built from."""
        return read_bytes(lambda *to: lib.iovp_platform_dtb(self.handle, *to))

    def nodes(self):
        """A Node for each node with `compatible`, and of memory."""
        return [plain(node) for node in two_calls(
            lambda *to: lib.iovp_nodes(self.handle, *to), _iovp.iovp_node)]

    def now(self):
        """Simulated time in picoseconds; 0 in functional mode."""
        return lib.iovp_now(self.handle)

    def run_until(self, time_ps):
        """Run to an absolute time, or until idle; RUN_TIME or RUN_IDLE."""
        unsigned(64, time_ps=time_ps)
        reason = c_uint32()
        self._check(lib.iovp_run_until(self.handle, time_ps, byref(reason)))
        return reason.value

    def mmio_read(self, addr, width=4, space=_iovp.IOVP_SPACE_NONSECURE):
        """Read `width` (1, 2, 4, 8) bytes as a processor does."""
        unsigned(64, addr=addr)
        unsigned(32, width=width, space=space)
        value = c_uint64()
        self._check(lib.iovp_mmio_read(self.handle, addr, width, space,
                                       byref(value)))
        return value.value

    def mmio_write(self, addr, value, width=4,
                   space=_iovp.IOVP_SPACE_NONSECURE):
        """Write `width` (1, 2, 4, 8) bytes as a processor does."""
        unsigned(64, addr=addr, value=value)
        unsigned(32, width=width, space=space)
        self._check(lib.iovp_mmio_write(self.handle, addr, width, space,
                                        value))

    def mem_read(self, addr, count):
        """Copy `count` bytes from RAM, without side effect."""
        unsigned(64, addr=addr, count=count)
        buffer = ctypes.create_string_buffer(max(count, 1))
        self._check(lib.iovp_mem_read(self.handle, addr, buffer, count))
        return buffer.raw[:count]

    def mem_write(self, addr, data):
        """Copy bytes to RAM, without side effect."""
        unsigned(64, addr=addr)
        data = bytes(data)
        self._check(lib.iovp_mem_write(self.handle, addr, data, len(data)))

    def irq_handler(self, function):
        """Call function(IrqEvent) for every interrupt; None stops it."""
        callback = self._callbacks.make(
            _iovp.iovp_irq_fn,
            function and (lambda event: function(plain(event.contents))))
        self._check(lib.iovp_irq_handler(self.handle, callback,
                                         _iovp.iovp_free_fn(), None))
        self._callbacks.keep("irq", callback)

    def devices(self):
        """All DMA masters in tree order."""
        handles = two_calls(lambda *to: lib.iovp_devices(self.handle, *to),
                             POINTER(_iovp.iovp_device))
        return [Device(self, handle) for handle in handles]

    def device(self, name):
        """A DMA master by node name or full path."""
        handle = POINTER(_iovp.iovp_device)()
        self._check(lib.iovp_device_find(self.handle, name.encode(),
                                         byref(handle)))
        return Device(self, handle)

    def donate(self, base, count):
        """Give guest RAM to the library, for tables that it keeps."""
        unsigned(64, base=base, count=count)
        self._check(lib.iovp_memory_donate(self.handle, base, count))

    def context(self, iommu=None, **config):
        """Take an IOMMU (a node name, None: the only one) over: a Context.
        Keywords are those of Context."""
        return Context(self, iommu, **config)

    def _device_at(self, handle):
        """The Device of a handle that C told, None: NULL."""
        return Device(self, handle) if handle else None

    def stats(self):
        """A StreamStats per device, StreamID, PASID and security space;
        latencies and waits in picoseconds."""
        return [plain(row) for row in two_calls(
            lambda *to: lib.iovp_stats(self.handle, *to),
            _iovp.iovp_stream_stats)]

    def stats_reset(self):
        self._check(lib.iovp_stats_reset(self.handle))

    def trace_start(self, path):
        """Write every record from now on to a file, which is replaced."""
        self._check(lib.iovp_trace_start(self.handle, encode_path(path)))

    def trace_stop(self):
        """Finish the file."""
        self._check(lib.iovp_trace_stop(self.handle))

    def trace_marker(self, number):
        """Put a number of yours into the trace."""
        unsigned(64, number=number)
        self._check(lib.iovp_trace_marker(self.handle, number))


# ---- traces -----------------------------------------------------------------

class TraceReader(Closing):
    """Iterates over the records of a trace file: Record tuples, with times
    in picoseconds.  Damage raises Error (E_FORMAT) after what precedes it."""

    def __init__(self, path):
        self.handle = POINTER(_iovp.iovp_trace_reader)()
        check(lib.iovp_trace_open(byref(self.handle), encode_path(path)))
        self._end = weakref.finalize(self, lib.iovp_trace_close, self.handle)

    def __iter__(self):
        return self

    def __next__(self):
        if not self._end.alive:
            raise ValueError("the trace is closed")
        found = _iovp.iovp_record()
        status = lib.iovp_trace_next(self.handle, byref(found))
        if status == _iovp.IOVP_E_END:
            raise StopIteration
        check(status)
        return plain(found)

    def dtb(self):
        """The bytes of the recorded platform's tree."""
        if not self._end.alive:
            raise ValueError("the trace is closed")
        return read_bytes(lambda *to: lib.iovp_trace_dtb(self.handle, *to))

# SPDX-License-Identifier: MIT
"""iovp from Python: SoCs with IOMMUs, built from a device tree.

    import iovp

    with iovp.Platform("platforms/arm-soc.dts") as p:
        npu = p.device("npu@13010000")
        print(npu.dma_read(0x80000000, 64, pasid=1))

Times are picoseconds of simulated time, addresses and sizes bytes, all of
them int.  A failed call raises Error; a translation fault does not: it is in
the result.  Constants are those of iovp.h without IOVP_: MODE_TIMED,
SPACE_SECURE, E_HANDLE.  A platform belongs to the thread that created it.

The library is the one that the environment variable IOVP_LIBRARY names, or
else the libiovp.so.0 that the dynamic loader finds.  Functions that have no
method here are called by `lib` with the types of the module `_iovp`.
"""
import collections
import ctypes
import functools
import os
import weakref
from ctypes import POINTER, byref, c_size_t, c_uint32, c_uint64, sizeof

import _iovp

lib = _iovp.bind(ctypes.CDLL(os.environ.get("IOVP_LIBRARY", "libiovp.so.0")))

globals().update({_name[len("IOVP_"):]: _value
                  for _name, _value in vars(_iovp).items()
                  if _name.startswith("IOVP_")})

_STATUS_NAMES = {_value: _name for _name, _value in vars(_iovp).items()
                 if _name.startswith("IOVP_E_")}


class Error(Exception):
    """A call that failed: `status` is one of E_*, `message` a sentence."""

    def __init__(self, status, message):
        name = _STATUS_NAMES.get(status, status)
        super().__init__(f"{name}: {message}")
        self.status = status
        self.message = message


def check(status):
    """Raise Error unless a status is OK."""
    if status != _iovp.IOVP_OK:
        said = lib.iovp_last_error() or lib.iovp_strerror(status)
        raise Error(status, said.decode(errors="replace"))


def version():
    """The version of the library that is running: (major, minor, patch)."""
    number = lib.iovp_version()
    return number // 10000, number // 100 % 100, number % 100


def has_systemc():
    """Do timed platforms exist in this library?"""
    return lib.iovp_has_systemc() != 0


def _unsigned(bits, **values):
    """ctypes would cut off what does not fit."""
    for name, value in values.items():
        if not 0 <= value < 1 << bits:
            raise Error(_iovp.IOVP_E_INVALID,
                        f"{name} has not {bits} bits without sign")


# ---- structures and lists ---------------------------------------------------

@functools.lru_cache(maxsize=None)
def _tuple_class(struct):
    """iovp_stream_stats -> the named tuple StreamStats, without size."""
    title = "".join(part.title() for part in struct.__name__.split("_")[1:])
    return collections.namedtuple(title, [
        field for field, *_ in struct._fields_
        if field not in ("size", "reserved")])


def _plain(value):
    """A named tuple, a tuple, a str or an int of what ctypes delivers."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, ctypes.Array):
        return tuple(_plain(item) for item in value)
    if isinstance(value, ctypes.Structure):
        cls = _tuple_class(type(value))
        return cls(*[_plain(getattr(value, field)) for field in cls._fields])
    return value


def _fill(struct, **values):
    """Set fields of a structure; a value that is cut off raises."""
    for name, value in values.items():
        setattr(struct, name, value)
        if isinstance(value, int) and getattr(struct, name) != value:
            raise Error(_iovp.IOVP_E_INVALID, f"{name} is out of range")
    return struct


def _two_calls(call, cls):
    """A list by the two-call rule: call(buffer, count) -> status."""
    count = c_size_t(0)
    status = call(None, byref(count))
    while status == _iovp.IOVP_E_SPACE:
        items = (cls * count.value)()
        if issubclass(cls, _iovp.Sized):
            for item in items:
                item.size = sizeof(cls)
        status = call(items, byref(count))
    check(status)
    return items[:count.value] if count.value else []


def _bytes(call):
    return bytes(_two_calls(call, ctypes.c_uint8))


def _path(path):
    return os.fsencode(path)


_ATTRIBUTES = ("stream_id", "pasid", "space", "privileged", "instruction",
               "addr_type", "no_write", "mem_type", "shareability")


def attrs(**given):
    """An iovp_attrs of keywords: stream_id, pasid (None: without PASID),
    space (SPACE_*), privileged, instruction, addr_type (AT_*), no_write,
    mem_type (a byte of MAIR_ELx), shareability (SH_*).  What is not given is
    the device's."""
    found = _iovp.iovp_attrs()
    for name, value in given.items():
        if name not in _ATTRIBUTES:
            raise TypeError(f"{name} is no attribute of a transaction")
        found.specified |= getattr(_iovp, "IOVP_ATTR_" + name.upper())
        if name == "pasid":
            found.pasid_valid = value is not None
        _fill(found, **{name: 0 if value is None else int(value)})
    return found


# ---- callbacks --------------------------------------------------------------

class _Callbacks:
    """Callbacks that C holds, and what they raised: the call of the library
    that they interrupted raises it."""

    def __init__(self):
        self.kept = {}
        self.raised = None

    def make(self, name, cls, function):
        """A callback of type `cls` that calls function(*arguments)."""
        def run(_ud, *arguments):
            try:
                function(*arguments)
            except BaseException as error:
                self.raised = self.raised or error
        return cls(run) if function else cls()

    def keep(self, name, callback):
        self.kept[name] = callback

    def check(self, status):
        raised, self.raised = self.raised, None
        if raised is not None:
            raise raised
        check(status)


# ---- devices ----------------------------------------------------------------

class DmaResult(collections.namedtuple(
        "DmaResult", "status done time_in time_out event data")):
    """Of a DMA: `status` (DMA_*), `done` bytes before the failure, `time_in`
    and `time_out` in picoseconds, `event` (code of the fault, 0: none) and
    `data`: the `done` bytes that were read, None for a write."""
    __slots__ = ()

    @property
    def ok(self):
        return self.status == _iovp.IOVP_DMA_OK


class Device:
    """A DMA master; Platform.device and Platform.devices make them.

    Keywords of dma_* and translate are those of attrs()."""

    def __init__(self, platform, handle):
        self.platform = platform
        self.handle = handle

    def _check(self, status):
        self.platform._callbacks.check(status)

    def info(self):
        """A DeviceInfo; fields as in iovp_device_info."""
        found = _iovp.iovp_device_info()
        self._check(lib.iovp_device_get_info(self.handle, byref(found)))
        return _plain(found)

    def dma_read(self, iova, count, **attributes):
        """Read `count` bytes (1 to 2^30) by DMA."""
        _unsigned(64, iova=iova, count=count)
        buffer = ctypes.create_string_buffer(max(count, 1))
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_read(
            self.handle, byref(attrs(**attributes)), iova, buffer, count,
            byref(result)))
        return self._result(result, buffer.raw[:result.done])

    def dma_write(self, iova, data, **attributes):
        """Write bytes by DMA."""
        _unsigned(64, iova=iova)
        data = bytes(data)
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_write(
            self.handle, byref(attrs(**attributes)), iova, data, len(data),
            byref(result)))
        return self._result(result, None)

    def dma_replay(self, iova, count, access, time_ps, **attributes):
        """DMA without data that enters at `time_ps`; `access`: ACCESS_*."""
        _unsigned(64, iova=iova, time_ps=time_ps)
        _unsigned(32, count=count, access=access)
        result = _iovp.iovp_dma_result()
        self._check(lib.iovp_dma_replay(
            self.handle, byref(attrs(**attributes)), iova, count, access,
            time_ps, byref(result)))
        return self._result(result, None)

    @staticmethod
    def _result(result, data):
        return DmaResult(*_plain(result), data)

    def translate(self, iova, access=_iovp.IOVP_ACCESS_READ, debug=False,
                  **attributes):
        """A Translation (pa and span in bytes); a fault is recorded by the
        IOMMU unless `debug`, which has no side effect."""
        _unsigned(64, iova=iova)
        _unsigned(32, access=access)
        found = _iovp.iovp_translation()
        flags = _iovp.IOVP_TRANSLATE_DEBUG if debug else 0
        self._check(lib.iovp_translate(
            self.handle, byref(attrs(**attributes)), iova, access, flags,
            byref(found)))
        return _plain(found)

    def explain(self, feature):
        """Why a feature (FEATURE_*) is on or off: a Condition for each of its
        conditions, in order; the first with CONDITION_FAILS is the reason."""
        _unsigned(32, feature=feature)
        return [_plain(found) for found in _two_calls(
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
            self.handle, byref(_fill(_iovp.iovp_workload(), **values))))

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
        self._callbacks = _Callbacks()
        self.handle = POINTER(_iovp.iovp_platform)()
        config = _fill(_iovp.iovp_platform_config(), mode=mode,
                       quantum_ps=quantum_ps)
        if log:
            config.log = self._callbacks.make("log", _iovp.iovp_log_fn,
                                              self._log_with(log))
            self._callbacks.keep("log", config.log)
        if isinstance(tree, (bytes, bytearray)):
            status = lib.iovp_platform_create(
                byref(self.handle), byref(config), bytes(tree), len(tree))
        else:
            status = lib.iovp_platform_create_file(
                byref(self.handle), byref(config), _path(tree))
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
        return _bytes(lambda *to: lib.iovp_platform_dtb(self.handle, *to))

    def nodes(self):
        """A Node for each node with `compatible`, and of memory."""
        return [_plain(node) for node in _two_calls(
            lambda *to: lib.iovp_nodes(self.handle, *to), _iovp.iovp_node)]

    def now(self):
        """Simulated time in picoseconds; 0 in functional mode."""
        return lib.iovp_now(self.handle)

    def run_until(self, time_ps):
        """Run to an absolute time, or until idle; RUN_TIME or RUN_IDLE."""
        _unsigned(64, time_ps=time_ps)
        reason = c_uint32()
        self._check(lib.iovp_run_until(self.handle, time_ps, byref(reason)))
        return reason.value

    def mmio_read(self, addr, width=4, space=_iovp.IOVP_SPACE_NONSECURE):
        """Read `width` (1, 2, 4, 8) bytes as a processor does."""
        _unsigned(64, addr=addr)
        _unsigned(32, width=width, space=space)
        value = c_uint64()
        self._check(lib.iovp_mmio_read(self.handle, addr, width, space,
                                       byref(value)))
        return value.value

    def mmio_write(self, addr, value, width=4,
                   space=_iovp.IOVP_SPACE_NONSECURE):
        """Write `width` (1, 2, 4, 8) bytes as a processor does."""
        _unsigned(64, addr=addr, value=value)
        _unsigned(32, width=width, space=space)
        self._check(lib.iovp_mmio_write(self.handle, addr, width, space,
                                        value))

    def mem_read(self, addr, count):
        """Copy `count` bytes from RAM, without side effect."""
        _unsigned(64, addr=addr, count=count)
        buffer = ctypes.create_string_buffer(max(count, 1))
        self._check(lib.iovp_mem_read(self.handle, addr, buffer, count))
        return buffer.raw[:count]

    def mem_write(self, addr, data):
        """Copy bytes to RAM, without side effect."""
        _unsigned(64, addr=addr)
        data = bytes(data)
        self._check(lib.iovp_mem_write(self.handle, addr, data, len(data)))

    def irq_handler(self, function):
        """Call function(IrqEvent) for every interrupt; None stops it."""
        callback = self._callbacks.make(
            "irq", _iovp.iovp_irq_fn,
            function and (lambda event: function(_plain(event.contents))))
        self._check(lib.iovp_irq_handler(self.handle, callback, None))
        self._callbacks.keep("irq", callback)

    def devices(self):
        """All DMA masters in tree order."""
        handles = _two_calls(lambda *to: lib.iovp_devices(self.handle, *to),
                             POINTER(_iovp.iovp_device))
        return [Device(self, handle) for handle in handles]

    def device(self, name):
        """A DMA master by node name or full path."""
        handle = POINTER(_iovp.iovp_device)()
        self._check(lib.iovp_device_find(self.handle, name.encode(),
                                         byref(handle)))
        return Device(self, handle)

    def stats(self):
        """A StreamStats per device, StreamID, PASID and security space;
        latencies and waits in picoseconds."""
        return [_plain(row) for row in _two_calls(
            lambda *to: lib.iovp_stats(self.handle, *to),
            _iovp.iovp_stream_stats)]

    def stats_reset(self):
        self._check(lib.iovp_stats_reset(self.handle))

    def trace_start(self, path):
        """Write every record from now on to a file, which is replaced."""
        self._check(lib.iovp_trace_start(self.handle, _path(path)))

    def trace_stop(self):
        """Finish the file."""
        self._check(lib.iovp_trace_stop(self.handle))

    def trace_marker(self, number):
        """Put a number of yours into the trace."""
        _unsigned(64, number=number)
        self._check(lib.iovp_trace_marker(self.handle, number))


# ---- traces -----------------------------------------------------------------

class TraceReader:
    """Iterates over the records of a trace file: Record tuples, with times
    in picoseconds.  Damage raises Error (E_FORMAT) after what precedes it."""

    def __init__(self, path):
        self.handle = POINTER(_iovp.iovp_trace_reader)()
        check(lib.iovp_trace_open(byref(self.handle), _path(path)))
        self._end = weakref.finalize(self, lib.iovp_trace_close, self.handle)

    def close(self):
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

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
        return _plain(found)

    def dtb(self):
        """The bytes of the recorded platform's tree."""
        if not self._end.alive:
            raise ValueError("the trace is closed")
        return _bytes(lambda *to: lib.iovp_trace_dtb(self.handle, *to))

# SPDX-License-Identifier: MIT
"""The software that owns an IOMMU: contexts, domains and processes.  A part of
iovp.py."""
import weakref
from ctypes import POINTER, byref, c_size_t, c_uint32, c_uint64, pointer

import _iovp
from _iovp_base import (Closing, Error, fill, lib, pasid_from, pasid_of,
                        plain, two_calls, unsigned)

ALL = (1 << 64) - 1


def table(kind, words):
    """An iovp_table: TABLE_* and its words."""
    made = fill(_iovp.iovp_table(), type=kind)
    for at, word in enumerate(words):
        unsigned(64, word=word)
        made.word[at] = word
    return made


def windows_array(windows):
    """An array of (first, last), for C."""
    array = (_iovp.iovp_window * len(windows))()
    for item, (first, last) in zip(array, windows):
        item.__init__()
        fill(item, first=first, last=last)
    return array


class _Owned(Closing):
    """An object of a platform with a handle."""

    def _own(self, owner, handle, destroy, *kept):
        """Destroyed when closed or collected; `kept` lives until then."""
        self._callbacks = owner._callbacks
        self.handle = handle
        self._end = weakref.finalize(self, _destroy, destroy, handle, kept)

    def _check(self, status):
        self._callbacks.check(status)


def _destroy(destroy, handle, _kept):
    destroy(handle)


class Context(_Owned):
    """Platform.context makes it.  `ops` are functions by the names of
    iovp_context_ops; each returns a status: OK, PASS, or E_*.

        pasid_alloc(min, max)           (OK, pasid), or a status
        pasid_free(pasid)
        bind(device, pasid, binding)    as iovp_binding
        unbind(device, pasid)
        invalidate(device, entry)       as iovp_inval
        fault(record)                   (OK, RESPOND_*), or a status

    `fault_timeout` is in picoseconds, `msi` (first, last)."""

    def __init__(self, platform, iommu=None, ops=None, fault_entries=0,
                 fault_timeout=0, msi=(0, 0)):
        self.platform = platform
        handle = POINTER(_iovp.iovp_context)()
        config = fill(_iovp.iovp_context_config(),
                      fault_entries=fault_entries,
                      fault_timeout=fault_timeout, msi_first=msi[0],
                      msi_last=msi[1])
        config.iommu = iommu.encode() if iommu else None
        made = self._make_ops(platform._callbacks, ops or {})
        if ops:
            config.ops = pointer(made)
        platform._check(lib.iovp_context_create(
            byref(handle), platform.handle, byref(config)))
        self._own(platform, handle, lib.iovp_context_destroy, made)

    def _make_ops(self, callbacks, ops):
        made = _iovp.iovp_context_ops()
        kinds = dict(made._fields_)
        for name, function in ops.items():
            adapt = getattr(self, f"_host_{name}", None)
            if adapt is None:
                raise TypeError(f"{name} is no operation of a host")
            setattr(made, name, callbacks.make(kinds[name], adapt(function)))
        return made

    @staticmethod
    def _host_pasid_alloc(function):
        return lambda low, high, out: answer(function(low, high), out)

    @staticmethod
    def _host_pasid_free(function):
        return function

    def _host_bind(self, function):
        return lambda device, pasid, binding: function(
            self._device(device), pasid_from(pasid), binding.contents)

    def _host_unbind(self, function):
        return lambda device, pasid: function(self._device(device),
                                              pasid_from(pasid))

    def _host_invalidate(self, function):
        return lambda device, entry: function(self._device(device),
                                              plain(entry.contents))

    def _host_fault(self, function):
        return lambda record, out: answer(
            function(self.record(record.contents)), out)

    def _device(self, handle):
        return self.platform._device_at(handle)

    def record(self, found):
        """A FaultRecord; its device is a Device, None: not known."""
        return plain(found)._replace(device=self._device(found.device))

    def pasid_alloc(self, low=0, high=_iovp.IOVP_PASID_MAX):
        unsigned(32, low=low, high=high)
        pasid = c_uint32()
        self._check(lib.iovp_context_pasid_alloc(self.handle, low, high,
                                                 byref(pasid)))
        return pasid.value

    def pasid_free(self, pasid):
        unsigned(32, pasid=pasid)
        self._check(lib.iovp_context_pasid_free(self.handle, pasid))

    def bind(self, device, stage1, pasid=None, stage2=None, flags=0):
        """Give a device, or a PASID of it, a guest's stage 1: (TABLE_*,
        words), translated again by a Domain `stage2`."""
        binding = fill(_iovp.iovp_binding(), flags=flags)
        binding.stage1 = table(*stage1)
        if stage2:
            binding.stage2 = stage2.handle
        self._check(lib.iovp_context_bind(
            self.handle, device.handle, pasid_of(pasid), byref(binding)))

    def unbind(self, device, pasid=None):
        self._check(lib.iovp_context_unbind(self.handle, device.handle,
                                            pasid_of(pasid)))

    def invalidate(self, device, entries):
        """Carry out a guest's invalidations, dicts of fields of iovp_inval
        (`word`: a list); how many there were.  An Error has `handled`: how
        many were before it."""
        array = (_iovp.iovp_inval * len(entries))()
        for item, entry in zip(array, entries):
            item.__init__()
            words = entry.get("word", ())
            item.word[:len(words)] = words
            fill(item, **{k: pasid_of(v) if k == "pasid" else v
                          for k, v in entry.items() if k != "word"})
        count = c_size_t(len(entries))
        status = lib.iovp_context_invalidate(
            self.handle, device.handle, array, byref(count))
        try:
            self._check(status)
        except Error as error:
            error.handled = count.value
            raise
        return count.value

    def faults(self):
        """The FaultRecords of the queue, oldest first; they are consumed."""
        found = _iovp.iovp_fault_record()
        while True:
            status = lib.iovp_fault_next(self.handle, byref(found))
            if status == _iovp.IOVP_E_END:
                return
            self._check(status)
            yield self.record(found)

    def respond(self, cookie, respond=_iovp.IOVP_RESPOND_SUCCESS):
        """Answer a fault (RESPOND_*)."""
        unsigned(64, cookie=cookie)
        self._check(lib.iovp_fault_respond(self.handle, cookie, respond))

    def stats(self):
        """A ContextStats."""
        found = _iovp.iovp_context_stats()
        self._check(lib.iovp_context_get_stats(self.handle, byref(found)))
        return plain(found)

    def domain(self, stage=_iovp.IOVP_STAGE_1, **config):
        """An address space with tables of its own: a Domain.  Keywords are
        fields of iovp_domain_config; table: (TABLE_*, words)."""
        return Domain(self, stage, **config)

    def process(self, **config):
        """What devices share by PASID: a Process, see there."""
        return Process(self, **config)


def answer(given, out):
    """(status, value) of a host's function, or a status alone."""
    status, value = given if isinstance(given, tuple) else (given, None)
    if value is not None:
        out[0] = value
    return status


class _Space:
    """Mappings: what Domain and Process share."""

    def windows(self):
        """(a list of Window, a WindowInfo), as Device.windows."""
        info = _iovp.iovp_window_info()
        found = two_calls(lambda *to: lib.iovp_domain_windows(
            self.domain_handle, *to, byref(info)), _iovp.iovp_window)
        return [plain(window) for window in found], plain(info)

    def require(self, windows):
        """Windows (first, last) that must stay; the list replaces another."""
        self._check(lib.iovp_domain_require(
            self.domain_handle, windows_array(windows), len(windows)))

    def reserve(self, count, align=0):
        """The address of `count` bytes of free room."""
        unsigned(64, count=count, align=align)
        iova = c_uint64()
        self._check(lib.iovp_domain_reserve(self.domain_handle, count, align,
                                            byref(iova)))
        return iova.value

    def unreserve(self, iova):
        unsigned(64, iova=iova)
        self._check(lib.iovp_domain_unreserve(self.domain_handle, iova))

    def map(self, pa, count, rights, iova=None):
        """Map bytes with RIGHT_* at `iova`, None: the library picks; where."""
        unsigned(64, pa=pa, count=count, iova=iova or 0)
        unsigned(32, rights=rights)
        at = c_uint64(iova or 0)
        flags = 0 if iova is None else _iovp.IOVP_MAP_FIXED
        self._check(lib.iovp_domain_map(self.domain_handle, flags, byref(at),
                                        pa, count, rights))
        return at.value

    def unmap(self, first=0, last=ALL):
        """Unmap what lies in first..last; how many bytes that was."""
        unsigned(64, first=first, last=last)
        count = c_uint64()
        self._check(lib.iovp_domain_unmap(self.domain_handle, first, last,
                                          byref(count)))
        return count.value


class Domain(_Owned, _Space):
    """Context.domain makes it."""

    def __init__(self, context, stage, table=None, **config):
        handle = POINTER(_iovp.iovp_domain)()
        config = fill(_iovp.iovp_domain_config(), stage=stage, **config)
        set_table(config, table)
        context._check(lib.iovp_domain_create(byref(handle), context.handle,
                                              byref(config)))
        self._own(context, handle, lib.iovp_domain_destroy)
        self.domain_handle = handle

    def attach(self, device, pasid=None):
        self._check(lib.iovp_domain_attach(self.handle, device.handle,
                                           pasid_of(pasid)))

    def detach(self, device, pasid=None):
        self._check(lib.iovp_domain_detach(self.handle, device.handle,
                                           pasid_of(pasid)))


def set_table(config, given):
    if given:
        config.table = pointer(table(*given))


class Process(_Owned, _Space):
    """Context.process makes it.  `fault` is called with a FaultRecord and
    answers (OK, RESPOND_*), or PASS; `table` is one that the caller keeps."""

    def __init__(self, context, fault=None, table=None):
        handle = POINTER(_iovp.iovp_process)()
        config = _iovp.iovp_process_config()
        set_table(config, table)
        config.fault = context._callbacks.make(
            _iovp.iovp_fault_fn, fault and context._host_fault(fault))
        context._check(lib.iovp_process_create(byref(handle), context.handle,
                                               byref(config)))
        self.context = context
        self._exits = {}
        self._own(context, handle, lib.iovp_process_destroy, config,
                  self._exits)

    @property
    def domain_handle(self):
        domain = POINTER(_iovp.iovp_domain)()
        self._check(lib.iovp_process_domain(self.handle, byref(domain)))
        return domain

    def bind(self, device, flags=0, exit=None):
        """Let a device use its addresses: the PASID, None: without.  `flags`:
        SVA_*.  `exit` is called with (Device, pasid) when it ends."""
        pasid = c_uint32()
        config = fill(_iovp.iovp_sva_config(), flags=flags)
        config.exit = self._callbacks.make(
            _iovp.iovp_exit_fn, exit and (lambda handle, number: exit(
                self.context._device(handle), pasid_from(number))))
        self._check(lib.iovp_sva_bind(self.handle, device.handle,
                                      byref(config), byref(pasid)))
        self._exits[device.info().index] = config.exit
        return pasid_from(pasid.value)

    def unbind(self, device):
        self._check(lib.iovp_sva_unbind(self.handle, device.handle))
        self._exits.pop(device.info().index, None)

    def invalidate(self, first=0, last=ALL):
        """The caller's own table has changed in first..last."""
        unsigned(64, first=first, last=last)
        self._check(lib.iovp_process_invalidate(self.handle, first, last))

    def exit(self):
        """The process ends: devices are told, its DMA is aborted."""
        self._check(lib.iovp_process_exit(self.handle))

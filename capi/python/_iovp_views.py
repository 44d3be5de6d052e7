# SPDX-License-Identifier: MIT
"""How a device's transactions are translated: regimes, notifiers, address
spaces and windows.  A part of iovp.py."""
import weakref
from ctypes import POINTER, byref, c_size_t, c_uint32

import _iovp
from _iovp_base import (Closing, attrs, fill, lib, pasid_of, plain, two_calls,
                        unsigned)


class Views:
    """What class Device has of this."""

    def regime_attrs(self):
        """By which of ATTR_* does the IOMMU tell transactions apart?"""
        mask = c_uint32()
        self._check(lib.iovp_regime_attrs(self.handle, byref(mask)))
        return mask.value

    def regime_index(self, **attributes):
        """The index of the regime of a transaction."""
        index = c_uint32()
        self._check(lib.iovp_regime_index(
            self.handle, byref(attrs(**attributes)), byref(index)))
        return index.value

    def regime_count(self):
        """How many regimes are set up now?"""
        count = c_size_t()
        self._check(lib.iovp_regime_count(self.handle, byref(count)))
        return count.value

    def regimes(self):
        """The indexes of the regimes that are set up now, ascending."""
        return list(two_calls(
            lambda *to: lib.iovp_regime_list(self.handle, *to), c_uint32))

    def regime(self, index):
        """A RegimeInfo."""
        unsigned(32, index=index)
        found = _iovp.iovp_regime_info()
        self._check(lib.iovp_regime_get_info(self.handle, index,
                                             byref(found)))
        return plain(found)

    def regime_translate(self, index, iova, access=_iovp.IOVP_ACCESS_READ,
                         debug=False, **attributes):
        """As translate(), by the index of a regime."""
        unsigned(32, index=index, access=access)
        unsigned(64, iova=iova)
        found = _iovp.iovp_translation()
        self._check(lib.iovp_regime_translate(
            self.handle, index, byref(attrs(**attributes)), iova, access,
            _iovp.IOVP_TRANSLATE_DEBUG if debug else 0, byref(found)))
        return plain(found)

    def notify(self, function, **config):
        """Call function(Notification) for changes: a Notifier.  Keywords:
        index (REGIME_ALL), events and understands (masks of NOTIFY_* and
        ATTR_*; all), first and last (all input addresses)."""
        return Notifier(self, function, **config)

    def space(self, pasid=None):
        """The address space of a PASID, or of none: a Space."""
        return Space(self, pasid)

    def windows(self, pasid=None):
        """(Where DMA with a PASID, or without, may go: a list of Window;
        a WindowInfo)."""
        info = _iovp.iovp_window_info()
        found = two_calls(
            lambda *to: lib.iovp_windows(self.handle, pasid_of(pasid), *to,
                                         byref(info)), _iovp.iovp_window)
        return [plain(window) for window in found], plain(info)

    def reserved_regions(self):
        """A list of Window."""
        return [plain(window) for window in two_calls(
            lambda *to: lib.iovp_reserved_regions(self.handle, *to),
            _iovp.iovp_window)]


ALL_EVENTS = (_iovp.IOVP_NOTIFY_MAP | _iovp.IOVP_NOTIFY_UNMAP
              | _iovp.IOVP_NOTIFY_DROP)


class Notifier(Closing):
    """Device.notify makes it; close() ends it, and so does its collection."""

    def __init__(self, device, function, events=ALL_EVENTS,
                 understands=_iovp.IOVP_ATTR_ALL, **config):
        self._callbacks = device.platform._callbacks
        self.handle = POINTER(_iovp.iovp_notifier)()
        config = fill(_iovp.iovp_notifier_config(), events=events,
                      understands=understands, **config)
        config.fn = self._callbacks.make(
            _iovp.iovp_notify_fn, lambda n: function(plain(n.contents)))
        device._check(lib.iovp_notifier_register(
            byref(self.handle), device.handle, byref(config)))
        self._end = weakref.finalize(self, _unregister, self.handle, config)

    def replay(self, budget=0):
        """Tell of every mapping; (how many, is that all?) of each part."""
        state = fill(_iovp.iovp_replay(), budget=budget)
        while not state.complete:
            self._callbacks.check(lib.iovp_notifier_replay(self.handle,
                                                           byref(state)))
            yield state.mappings, bool(state.complete)


def _unregister(handle, _config):
    """`_config` has the callback, which stays alive until then."""
    lib.iovp_notifier_unregister(handle)


class Space(Closing):
    """The address space of a PASID; Device.space makes it.  E_STALE: it was
    dropped as its configuration changed."""

    def __init__(self, device, pasid):
        self._callbacks = device.platform._callbacks
        self.handle = POINTER(_iovp.iovp_space)()
        device._check(lib.iovp_space_get(byref(self.handle), device.handle,
                                         pasid_of(pasid)))
        self._end = weakref.finalize(self, lib.iovp_space_put, self.handle)

    def info(self):
        """A SpaceInfo."""
        found = _iovp.iovp_space_info()
        self._callbacks.check(lib.iovp_space_get_info(self.handle,
                                                      byref(found)))
        return plain(found)

    def translate(self, iova, access=_iovp.IOVP_ACCESS_READ):
        """A Translation, without side effect."""
        unsigned(64, iova=iova)
        unsigned(32, access=access)
        found = _iovp.iovp_translation()
        self._callbacks.check(lib.iovp_space_translate(
            self.handle, iova, access, byref(found)))
        return plain(found)

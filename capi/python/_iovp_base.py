# SPDX-License-Identifier: MIT
"""What the parts of iovp.py share: the library, errors, structures, lists,
callbacks."""
import collections
import ctypes
import functools
import os
from ctypes import byref, c_size_t, sizeof

import _iovp

_SONAME = f"libiovp.so.{_iovp.IOVP_VERSION_MAJOR}.{_iovp.IOVP_VERSION_MINOR}"

lib = _iovp.bind(ctypes.CDLL(os.environ.get("IOVP_LIBRARY", _SONAME)))

_STATUS_NAMES = {_value: _name for _name, _value in vars(_iovp).items()
                 if _name.startswith("IOVP_E_")}


class Error(Exception):
    """A call that failed: `status` is one of E_*, `strerror` what it means,
    `message` a sentence about this call."""
    __module__ = "iovp"

    def __init__(self, status, message):
        name = _STATUS_NAMES.get(status, status)
        super().__init__(f"{name}: {message}")
        self.status = status
        self.strerror = lib.iovp_strerror(status).decode()
        self.message = message


def check(status):
    """Raise Error unless a status is OK."""
    if status != _iovp.IOVP_OK:
        said = lib.iovp_last_error() or lib.iovp_strerror(status)
        raise Error(status, said.decode(errors="replace"))


def _check_abi():
    """Is the library that was found the one that _iovp.py describes?"""
    status = lib.iovp_check_abi(
        _iovp.IOVP_VERSION_NUM, sizeof(_iovp.iovp_attrs),
        sizeof(_iovp.iovp_dma_result), sizeof(_iovp.iovp_record))
    if status != _iovp.IOVP_OK:
        raise ImportError("libiovp: " + lib.iovp_last_error().decode(
            errors="replace"))


_check_abi()


def version():
    """The version of the library that is running: (major, minor, patch)."""
    number = lib.iovp_version()
    return number // 10000, number // 100 % 100, number % 100


def has_systemc():
    """Do timed platforms exist in this library?"""
    return lib.iovp_has_systemc() != 0


def unsigned(bits, **values):
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


def plain(value):
    """A named tuple, a tuple, a str or an int of what ctypes delivers."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, ctypes.Array):
        return tuple(plain(item) for item in value)
    if isinstance(value, ctypes.Structure):
        cls = _tuple_class(type(value))
        return cls(*[_plain_field(field, getattr(value, field))
                     for field in cls._fields])
    return value


def _plain_field(name, value):
    return pasid_from(value) if name == "pasid" else plain(value)


def fill(struct, **values):
    """Set fields of a structure; a value that is cut off raises."""
    for name, value in values.items():
        setattr(struct, name, value)
        if isinstance(value, int) and getattr(struct, name) != value:
            raise Error(_iovp.IOVP_E_INVALID, f"{name} is out of range")
    return struct


def two_calls(call, cls):
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


def read_bytes(call):
    return bytes(two_calls(call, ctypes.c_uint8))


def encode_path(path):
    return os.fsencode(path)


def pasid_of(pasid):
    """The number that C takes for a PASID or None."""
    if pasid is None:
        return _iovp.IOVP_NO_PASID
    unsigned(_iovp.IOVP_PASID_BITS, pasid=pasid)
    return pasid


def pasid_from(value):
    """What pasid_of made, or C's array of PASIDs."""
    return None if value == _iovp.IOVP_NO_PASID else plain(value)


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
        fill(found, **{name: 0 if value is None else int(value)})
    return found


# ---- objects with an end ----------------------------------------------------

class Closing:
    """What has a finalizer `_end` ends by close(), in `with`, or when it is
    collected."""

    def close(self):
        self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- callbacks --------------------------------------------------------------

class Callbacks:
    """Callbacks that C holds, and what they raised: the call of the library
    that they interrupted raises it."""

    def __init__(self):
        self.kept = {}
        self.raised = None

    def make(self, cls, function):
        """A callback of type `cls` that calls function(*arguments), which
        returns a status if the callback has one."""
        def run(_ud, *arguments):
            try:
                return function(*arguments)
            except BaseException as error:
                self.raised = self.raised or error
                return refused

        refused = None if cls._restype_ is None else _iovp.IOVP_E_REFUSED
        return cls(run) if function else cls()

    def keep(self, name, callback):
        self.kept[name] = callback

    def check(self, status):
        raised, self.raised = self.raised, None
        if raised is not None:
            raise raised
        check(status)

# SPDX-License-Identifier: MIT
"""Declarations of libiovp for ctypes, without any convenience.

Made by gen.py from iovp.h and iovp_attrs.h; do not edit.
Names, units, errors and threads are those of the header.
"""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_int,
                    c_int32, c_size_t, c_uint32, c_uint64, c_uint8, c_void_p,
                    sizeof)


class Sized(Structure):
    """A structure that begins with its size."""
    _defaults_ = {}

    def __init__(self, **values):
        super().__init__(**{"size": sizeof(self), **self._defaults_,
                            **values})


IOVP_PASID_BITS = 20
IOVP_PASID_MAX = ((1 << IOVP_PASID_BITS) - 1)
IOVP_SPACE_NONSECURE = 0
IOVP_SPACE_SECURE = 1
IOVP_SPACE_REALM = 2
IOVP_SPACE_ROOT = 3
IOVP_AT_UNTRANSLATED = 0
IOVP_AT_TRANSLATION_REQUEST = 1
IOVP_AT_TRANSLATED = 2
IOVP_SH_NON = 0
IOVP_SH_OUTER = 2
IOVP_SH_INNER = 3
IOVP_ATTR_STREAM_ID = 1 << 0
IOVP_ATTR_PASID = 1 << 1
IOVP_ATTR_SPACE = 1 << 2
IOVP_ATTR_PRIVILEGED = 1 << 3
IOVP_ATTR_INSTRUCTION = 1 << 4
IOVP_ATTR_ADDR_TYPE = 1 << 5
IOVP_ATTR_NO_WRITE = 1 << 6
IOVP_ATTR_MEM_TYPE = 1 << 7
IOVP_ATTR_SHAREABILITY = 1 << 8
IOVP_ATTR_ALL = 0x1ff
IOVP_VERSION_MAJOR = 0
IOVP_VERSION_MINOR = 1
IOVP_VERSION_PATCH = 0
IOVP_VERSION_NUM = (IOVP_VERSION_MAJOR * 10000 + IOVP_VERSION_MINOR *
    100 + IOVP_VERSION_PATCH)
IOVP_OK = 0
IOVP_E_INVALID = -1
IOVP_E_HANDLE = -2
IOVP_E_NOMEM = -3
IOVP_E_SPACE = -4
IOVP_E_NOTFOUND = -5
IOVP_E_BUSY = -6
IOVP_E_UNSUPPORTED = -7
IOVP_E_THREAD = -8
IOVP_E_REENTRY = -9
IOVP_E_DT = -10
IOVP_E_IO = -11
IOVP_E_BUS = -12
IOVP_E_FORMAT = -13
IOVP_E_END = -14
IOVP_E_INTERNAL = -15
IOVP_MODE_FUNCTIONAL = 0
IOVP_MODE_TIMED = 1
IOVP_LOG_ERROR = 0
IOVP_LOG_WARN = 1
IOVP_LOG_INFO = 2
IOVP_NODE_BUILT = 0
IOVP_NODE_PLACEHOLDER = 1
IOVP_NODE_UNMODELLED = 2
IOVP_RUN_TIME = 0
IOVP_RUN_IDLE = 1
IOVP_IRQ_WIRED = 0
IOVP_IRQ_MSI = 1
IOVP_IRQ_SEV = 2
IOVP_PATTERN_SEQUENTIAL = 0
IOVP_PATTERN_RANDOM = 1
IOVP_PATTERN_STRIDED = 2
IOVP_WORKLOAD_PASIDS = 16
IOVP_DMA_OK = 0
IOVP_DMA_ABORT = 1
IOVP_DMA_RAZWI = 2
IOVP_DMA_BUS = 3
IOVP_ACCESS_READ = 1
IOVP_ACCESS_WRITE = 2
IOVP_TRANSLATE_DEBUG = 1
IOVP_FEATURE_TRANSLATION = 0
IOVP_FEATURE_NESTED = 1
IOVP_FEATURE_PASID = 2
IOVP_FEATURE_STALL = 3
IOVP_FEATURE_ATS = 4
IOVP_FEATURE_PRI = 5
IOVP_FEATURE_SVA = 6
IOVP_CONDITION_MET = 0
IOVP_CONDITION_FAILS = 1
IOVP_CONDITION_UNKNOWN = 2
IOVP_STAT_CONFIG = 0
IOVP_STAT_TLB = 1
IOVP_STAT_WALK = 2
IOVP_STAT_STAGE2 = 3
IOVP_STAT_CACHES = 4
IOVP_RECORD_TRANSACTION = 0
IOVP_RECORD_COMMAND = 1
IOVP_RECORD_FAULT = 2
IOVP_RECORD_PAGE_REQUEST = 3
IOVP_RECORD_INTERRUPT = 4
IOVP_RECORD_MARKER = 5


class iovp_attrs(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("specified", c_uint32),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("pasid_valid", c_uint8),
        ("space", c_uint8),
        ("privileged", c_uint8),
        ("instruction", c_uint8),
        ("addr_type", c_uint8),
        ("no_write", c_uint8),
        ("mem_type", c_uint8),
        ("shareability", c_uint8),
        ("reserved", c_uint32 * 2),
    ]


iovp_status = c_int32


class iovp_platform(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_device(Structure):
    """Opaque: only POINTER of it exists."""


iovp_log_fn = CFUNCTYPE(None, c_void_p, c_uint32, c_char_p)


class iovp_platform_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("mode", c_uint32),
        ("quantum_ps", c_uint64),
        ("log", iovp_log_fn),
        ("log_ud", c_void_p),
        ("reserved", c_uint64 * 2),
    ]
    _defaults_ = {"mode": IOVP_MODE_FUNCTIONAL}


class iovp_node(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("state", c_uint32),
        ("path", c_char * 128),
        ("compatible", c_char * 64),
        ("what", c_char * 64),
        ("reg_base", c_uint64),
        ("reg_size", c_uint64),
    ]


class iovp_irq_event(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("time_ps", c_uint64),
        ("source", c_char * 32),
        ("line", c_char * 16),
        ("number", c_uint32),
        ("data", c_uint32),
        ("addr", c_uint64),
    ]


iovp_irq_fn = CFUNCTYPE(None, c_void_p, POINTER(iovp_irq_event))


class iovp_workload(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("pattern", c_uint32),
        ("base", c_uint64),
        ("window", c_uint64),
        ("stride", c_uint64),
        ("bytes", c_uint32),
        ("outstanding", c_uint32),
        ("rate", c_uint64),
        ("read_percent", c_uint32),
        ("seed", c_uint32),
        ("transfers", c_uint64),
        ("pasids", c_uint32),
        ("pasid", c_uint32 * IOVP_WORKLOAD_PASIDS),
        ("reserved", c_uint32),
    ]


class iovp_device_info(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("index", c_uint32),
        ("name", c_char * 32),
        ("iommu", c_char * 32),
        ("iommu_base", c_uint64),
        ("stream_ids", c_uint32),
        ("stream_id", c_uint32),
        ("pasid_bits", c_uint32),
        ("space", c_uint32),
        ("can_stall", c_uint32),
        ("has_workload", c_uint32),
        ("workload", iovp_workload),
    ]


class iovp_dma_result(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("status", c_uint32),
        ("done", c_uint64),
        ("time_in", c_uint64),
        ("time_out", c_uint64),
        ("event", c_uint32),
        ("reserved", c_uint32),
    ]


class iovp_translation(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("status", c_uint32),
        ("pa", c_uint64),
        ("span", c_uint64),
        ("event", c_uint32),
        ("perms", c_uint32),
        ("space", c_uint32),
        ("mem_type", c_uint32),
        ("shareability", c_uint32),
        ("accesses", c_uint32),
    ]


class iovp_condition(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("state", c_uint32),
        ("where", c_char * 64),
        ("what", c_char * 192),
    ]


class iovp_stream_stats(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("device", c_uint32),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("pasid_valid", c_uint32),
        ("space", c_uint32),
        ("transfers", c_uint64),
        ("bytes", c_uint64),
        ("faults", c_uint64),
        ("first_ps", c_uint64),
        ("last_ps", c_uint64),
        ("latency_min_ps", c_uint64),
        ("latency_p50_ps", c_uint64),
        ("latency_p99_ps", c_uint64),
        ("latency_max_ps", c_uint64),
        ("lookups", c_uint64 * IOVP_STAT_CACHES),
        ("hits", c_uint64 * IOVP_STAT_CACHES),
        ("walks", c_uint64),
        ("accesses", c_uint64),
        ("wait_ps", c_uint64 * 4),
    ]


class iovp_record(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("time_in", c_uint64),
        ("time_out", c_uint64),
        ("iova", c_uint64),
        ("pa", c_uint64),
        ("device", c_uint32),
        ("iommu", c_uint32),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("pasid_valid", c_uint32),
        ("space", c_uint32),
        ("privileged", c_uint32),
        ("instruction", c_uint32),
        ("addr_type", c_uint32),
        ("access", c_uint32),
        ("bytes", c_uint32),
        ("result", c_uint32),
        ("event", c_uint32),
        ("cache", c_uint32 * IOVP_STAT_CACHES),
        ("config_accesses", c_uint32),
        ("s1_accesses", c_uint32),
        ("s2_accesses", c_uint32),
        ("wait_ps", c_uint32 * 4),
    ]


class iovp_trace_reader(Structure):
    """Opaque: only POINTER of it exists."""


FUNCTIONS = {
    "iovp_strerror": (c_char_p, iovp_status),
    "iovp_version": (c_uint32,),
    "iovp_has_systemc": (c_int,),
    "iovp_last_error": (c_char_p,),
    "iovp_platform_create": (iovp_status, POINTER(POINTER(iovp_platform)),
        POINTER(iovp_platform_config), c_void_p, c_size_t),
    "iovp_platform_create_file": (iovp_status, POINTER(POINTER(iovp_platform)),
        POINTER(iovp_platform_config), c_char_p),
    "iovp_platform_destroy": (None, POINTER(iovp_platform)),
    "iovp_platform_dtb": (iovp_status, POINTER(iovp_platform), c_void_p,
        POINTER(c_size_t)),
    "iovp_nodes": (iovp_status, POINTER(iovp_platform), POINTER(iovp_node),
        POINTER(c_size_t)),
    "iovp_now": (c_uint64, POINTER(iovp_platform)),
    "iovp_run_until": (iovp_status, POINTER(iovp_platform), c_uint64,
        POINTER(c_uint32)),
    "iovp_mmio_read": (iovp_status, POINTER(iovp_platform), c_uint64, c_uint32,
        c_uint32, POINTER(c_uint64)),
    "iovp_mmio_write": (iovp_status, POINTER(iovp_platform), c_uint64,
        c_uint32, c_uint32, c_uint64),
    "iovp_mem_read": (iovp_status, POINTER(iovp_platform), c_uint64, c_void_p,
        c_size_t),
    "iovp_mem_write": (iovp_status, POINTER(iovp_platform), c_uint64, c_void_p,
        c_size_t),
    "iovp_irq_handler": (iovp_status, POINTER(iovp_platform), iovp_irq_fn,
        c_void_p),
    "iovp_devices": (iovp_status, POINTER(iovp_platform),
        POINTER(POINTER(iovp_device)), POINTER(c_size_t)),
    "iovp_device_find": (iovp_status, POINTER(iovp_platform), c_char_p,
        POINTER(POINTER(iovp_device))),
    "iovp_device_get_info": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_device_info)),
    "iovp_workload_start": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_workload)),
    "iovp_workload_stop": (iovp_status, POINTER(iovp_device)),
    "iovp_dma_read": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_void_p, c_size_t, POINTER(iovp_dma_result)),
    "iovp_dma_write": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_void_p, c_size_t, POINTER(iovp_dma_result)),
    "iovp_dma_replay": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_uint32, c_uint32, c_uint64, POINTER(iovp_dma_result)),
    "iovp_translate": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_uint32, c_uint32, POINTER(iovp_translation)),
    "iovp_explain": (iovp_status, POINTER(iovp_device), c_uint32,
        POINTER(iovp_condition), POINTER(c_size_t)),
    "iovp_stats": (iovp_status, POINTER(iovp_platform),
        POINTER(iovp_stream_stats), POINTER(c_size_t)),
    "iovp_stats_reset": (iovp_status, POINTER(iovp_platform)),
    "iovp_trace_start": (iovp_status, POINTER(iovp_platform), c_char_p),
    "iovp_trace_stop": (iovp_status, POINTER(iovp_platform)),
    "iovp_trace_marker": (iovp_status, POINTER(iovp_platform), c_uint64),
    "iovp_trace_open": (iovp_status, POINTER(POINTER(iovp_trace_reader)),
        c_char_p),
    "iovp_trace_next": (iovp_status, POINTER(iovp_trace_reader),
        POINTER(iovp_record)),
    "iovp_trace_dtb": (iovp_status, POINTER(iovp_trace_reader), c_void_p,
        POINTER(c_size_t)),
    "iovp_trace_close": (None, POINTER(iovp_trace_reader)),
}


def bind(library):
    """Give the functions of a CDLL their types; AttributeError names one
    that it lacks."""
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library

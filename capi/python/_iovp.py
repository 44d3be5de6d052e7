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
IOVP_RIGHT_UR = 1 << 0
IOVP_RIGHT_UW = 1 << 1
IOVP_RIGHT_UX = 1 << 2
IOVP_RIGHT_PR = 1 << 3
IOVP_RIGHT_PW = 1 << 4
IOVP_RIGHT_PX = 1 << 5
IOVP_STAGE_1 = 1
IOVP_STAGE_2 = 2
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
IOVP_VERSION_MINOR = 2
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
IOVP_E_STALE = -16
IOVP_E_LIMIT = -17
IOVP_E_RANGE = -18
IOVP_E_REFUSED = -19
IOVP_E_ATTRS = -20
IOVP_PASS = 1
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
IOVP_NO_PASID = 0xffffffff
IOVP_ACCESS_READ = 1
IOVP_ACCESS_WRITE = 2
IOVP_DMA_OK = 0
IOVP_DMA_ABORT = 1
IOVP_DMA_RAZWI = 2
IOVP_DMA_BUS = 3
IOVP_DMA_STALL = 4
IOVP_DMA_PENDING = 5
IOVP_ATOMIC_FETCH_ADD = 0
IOVP_ATOMIC_SWAP = 1
IOVP_ATOMIC_CAS = 2
IOVP_TRANSLATE_DEBUG = 1
IOVP_REGIME_ALL = 0xffffffff
IOVP_REGIME_OFF = 0
IOVP_REGIME_BLOCKED = 1
IOVP_REGIME_IDENTITY = 2
IOVP_REGIME_TRANSLATED = 3
IOVP_REGIME_INVALID = 4
IOVP_NOTIFY_MAP = 1
IOVP_NOTIFY_UNMAP = 2
IOVP_NOTIFY_DROP = 4
IOVP_WINDOW_USABLE = 0
IOVP_WINDOW_MSI = 1
IOVP_WINDOW_RESERVED = 2
IOVP_TABLE_SMMUV3_STE = 1
IOVP_TABLE_SMMUV3_CD = 2
IOVP_TABLE_SMMUV3_S2 = 3
IOVP_TABLE_VTD_FIRST = 4
IOVP_TABLE_VTD_SECOND = 5
IOVP_BIND_FAULTS = 1
IOVP_INVAL_ALL = 0
IOVP_INVAL_PASID = 1
IOVP_INVAL_RANGE = 2
IOVP_INVAL_CONFIG = 3
IOVP_INVAL_RAW = 4
IOVP_RAW_SMMUV3_COMMAND = 1
IOVP_RAW_VTD_DESCRIPTOR = 2
IOVP_FAULT_STALL = 0
IOVP_FAULT_PAGE_REQUEST = 1
IOVP_FAULT_UNRECOVERABLE = 2
IOVP_FAULT_LOST = 3
IOVP_RESPOND_SUCCESS = 0
IOVP_RESPOND_INVALID = 1
IOVP_RESPOND_FAILURE = 2
IOVP_DOMAIN_PAGES_ONLY = 1
IOVP_MAP_FIXED = 1
IOVP_SVA_NO_PASID = 1
IOVP_SVA_NO_FAULTS = 2
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
IOVP_RECORD_TLP = 6


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


iovp_free_fn = CFUNCTYPE(None, c_void_p)


iovp_alloc_fn = CFUNCTYPE(c_void_p, c_void_p, c_size_t)


iovp_release_fn = CFUNCTYPE(None, c_void_p, c_void_p)


class iovp_allocator(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("alloc", iovp_alloc_fn),
        ("release", iovp_release_fn),
        ("ud", c_void_p),
    ]


iovp_ram_map_fn = CFUNCTYPE(c_void_p, c_void_p, c_uint64, c_uint64)


iovp_ram_unmap_fn = CFUNCTYPE(None, c_void_p, c_uint64, c_uint64, c_void_p)


class iovp_ram_ops(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("map", iovp_ram_map_fn),
        ("unmap", iovp_ram_unmap_fn),
        ("ud", c_void_p),
    ]


class iovp_platform_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("mode", c_uint32),
        ("quantum_ps", c_uint64),
        ("log", iovp_log_fn),
        ("log_ud", c_void_p),
        ("allocator", POINTER(iovp_allocator)),
        ("ram", POINTER(iovp_ram_ops)),
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
        ("level", c_uint32),
        ("device_id", c_uint32),
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
        ("pci", c_uint32),
        ("requester_id", c_uint32),
        ("ats", c_uint32),
        ("pri", c_uint32),
    ]
    _defaults_ = {"workload": iovp_workload()}


class iovp_counter(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("name", c_char * 32),
        ("value", c_uint64),
    ]


class iovp_dma_result(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("status", c_uint32),
        ("done", c_uint64),
        ("time_in", c_uint64),
        ("time_out", c_uint64),
        ("event", c_uint32),
        ("stalls", c_uint32),
    ]


class iovp_atomic(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("op", c_uint32),
        ("width", c_uint32),
        ("reserved", c_uint32),
        ("operand", c_uint8 * 16),
        ("compare", c_uint8 * 16),
        ("old", c_uint8 * 16),
    ]


class iovp_transfer(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_transfer_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("access", c_uint32),
        ("pasid", c_uint32),
        ("reserved", c_uint32),
        ("iova", c_uint64),
        ("buf", c_void_p),
        ("bytes", c_size_t),
        ("attrs", POINTER(iovp_attrs)),
    ]
    _defaults_ = {"pasid": IOVP_NO_PASID}


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


class iovp_regime_table(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("stage", c_uint32),
        ("page_bits", c_uint32),
        ("levels", c_uint32),
        ("base", c_uint64),
        ("first", c_uint64),
        ("last", c_uint64),
        ("output_bits", c_uint32),
        ("reserved", c_uint32),
    ]


class iovp_regime_info(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("index", c_uint32),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("space", c_uint32),
        ("state", c_uint32),
        ("stages", c_uint32),
        ("event", c_uint32),
        ("recoverable", c_uint32),
        ("reserved", c_uint32),
        ("asid", c_uint64),
        ("vmid", c_uint64),
        ("table", iovp_regime_table * 3),
    ]
    _defaults_ = {"table": (iovp_regime_table * 3)(*[iovp_regime_table()] * 3)}


class iovp_notifier(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_notification(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("index", c_uint32),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("space", c_uint32),
        ("first", c_uint64),
        ("last", c_uint64),
        ("pa", c_uint64),
        ("rights", c_uint32),
        ("mem_type", c_uint32),
        ("shareability", c_uint32),
        ("output_space", c_uint32),
        ("time_ps", c_uint64),
    ]


iovp_notify_fn = CFUNCTYPE(None, c_void_p, POINTER(iovp_notification))


class iovp_notifier_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("index", c_uint32),
        ("events", c_uint32),
        ("understands", c_uint32),
        ("first", c_uint64),
        ("last", c_uint64),
        ("fn", iovp_notify_fn),
        ("free_ud", iovp_free_fn),
        ("ud", c_void_p),
    ]
    _defaults_ = {"index": IOVP_REGIME_ALL, "last": 0xffffffffffffffff}


class iovp_replay(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("budget", c_uint32),
        ("index", c_uint32),
        ("complete", c_uint32),
        ("next", c_uint64),
        ("mappings", c_uint64),
    ]


class iovp_space(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_space_info(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("pasid", c_uint32),
        ("index", c_uint32),
        ("state", c_uint32),
        ("made", c_uint64),
        ("uses", c_uint64),
        ("bytes", c_uint64),
        ("time_ps", c_uint64),
    ]


class iovp_window(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("first", c_uint64),
        ("last", c_uint64),
    ]


class iovp_window_info(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("state", c_uint32),
        ("page_sizes", c_uint64),
        ("alignment", c_uint64),
    ]


class iovp_context(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_domain(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_table(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("type", c_uint32),
        ("word", c_uint64 * 8),
        ("reserved", c_uint64 * 2),
    ]


class iovp_binding(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("flags", c_uint32),
        ("stage1", iovp_table),
        ("stage2", POINTER(iovp_domain)),
    ]
    _defaults_ = {"stage1": iovp_table()}


class iovp_inval(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("pasid", c_uint32),
        ("leaf", c_uint32),
        ("first", c_uint64),
        ("last", c_uint64),
        ("raw_type", c_uint32),
        ("reserved", c_uint32),
        ("word", c_uint64 * 4),
    ]
    _defaults_ = {"pasid": IOVP_NO_PASID}


class iovp_fault_record(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("kind", c_uint32),
        ("sequence", c_uint64),
        ("cookie", c_uint64),
        ("time_ps", c_uint64),
        ("device", POINTER(iovp_device)),
        ("stream_id", c_uint32),
        ("pasid", c_uint32),
        ("addr", c_uint64),
        ("ipa", c_uint64),
        ("rights", c_uint32),
        ("stage", c_uint32),
        ("group", c_uint32),
        ("last", c_uint32),
        ("event", c_uint32),
        ("lost", c_uint32),
    ]


iovp_pasid_alloc_fn = CFUNCTYPE(iovp_status, c_void_p, c_uint32, c_uint32,
    POINTER(c_uint32))


iovp_pasid_free_fn = CFUNCTYPE(iovp_status, c_void_p, c_uint32)


iovp_bind_fn = CFUNCTYPE(iovp_status, c_void_p, POINTER(iovp_device), c_uint32,
    POINTER(iovp_binding))


iovp_unbind_fn = CFUNCTYPE(iovp_status, c_void_p, POINTER(iovp_device),
    c_uint32)


iovp_invalidate_fn = CFUNCTYPE(iovp_status, c_void_p, POINTER(iovp_device),
    POINTER(iovp_inval))


iovp_fault_fn = CFUNCTYPE(iovp_status, c_void_p, POINTER(iovp_fault_record),
    POINTER(c_uint32))


class iovp_context_ops(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("pasid_alloc", iovp_pasid_alloc_fn),
        ("pasid_free", iovp_pasid_free_fn),
        ("bind", iovp_bind_fn),
        ("unbind", iovp_unbind_fn),
        ("invalidate", iovp_invalidate_fn),
        ("fault", iovp_fault_fn),
    ]


class iovp_context_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("fault_entries", c_uint32),
        ("iommu", c_char_p),
        ("fault_timeout", c_uint64),
        ("msi_first", c_uint64),
        ("msi_last", c_uint64),
        ("ops", POINTER(iovp_context_ops)),
        ("free_ud", iovp_free_fn),
        ("ud", c_void_p),
    ]


class iovp_context_stats(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("waiting", c_uint32),
        ("reported", c_uint64),
        ("unrecoverable", c_uint64),
        ("succeeded", c_uint64),
        ("invalid", c_uint64),
        ("failed", c_uint64),
        ("timeouts", c_uint64),
        ("lost", c_uint64),
        ("invalidations", c_uint64),
        ("reserved", c_uint64 * 2),
    ]


class iovp_domain_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("stage", c_uint32),
        ("page_bits", c_uint32),
        ("input_bits", c_uint32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("table", POINTER(iovp_table)),
    ]


class iovp_process(Structure):
    """Opaque: only POINTER of it exists."""


class iovp_process_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("table", POINTER(iovp_table)),
        ("fault", iovp_fault_fn),
        ("free_ud", iovp_free_fn),
        ("ud", c_void_p),
    ]


iovp_exit_fn = CFUNCTYPE(None, c_void_p, POINTER(iovp_device), c_uint32)


class iovp_sva_config(Sized):
    _fields_ = [
        ("size", c_uint32),
        ("flags", c_uint32),
        ("exit", iovp_exit_fn),
        ("free_ud", iovp_free_fn),
        ("ud", c_void_p),
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
    "iovp_check_abi": (iovp_status, c_uint32, c_size_t, c_size_t, c_size_t),
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
    "iovp_mmio_copy": (iovp_status, POINTER(iovp_platform), c_uint64, c_void_p,
        c_size_t),
    "iovp_mem_read": (iovp_status, POINTER(iovp_platform), c_uint64, c_void_p,
        c_size_t),
    "iovp_mem_write": (iovp_status, POINTER(iovp_platform), c_uint64, c_void_p,
        c_size_t),
    "iovp_irq_handler": (iovp_status, POINTER(iovp_platform), iovp_irq_fn,
        iovp_free_fn, c_void_p),
    "iovp_devices": (iovp_status, POINTER(iovp_platform),
        POINTER(POINTER(iovp_device)), POINTER(c_size_t)),
    "iovp_device_find": (iovp_status, POINTER(iovp_platform), c_char_p,
        POINTER(POINTER(iovp_device))),
    "iovp_device_get_info": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_device_info)),
    "iovp_device_streams": (iovp_status, POINTER(iovp_device),
        POINTER(c_uint32), POINTER(c_size_t)),
    "iovp_device_counters": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_counter), POINTER(c_size_t)),
    "iovp_device_unplug": (iovp_status, POINTER(iovp_device)),
    "iovp_device_plug": (iovp_status, POINTER(iovp_device)),
    "iovp_workload_start": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_workload)),
    "iovp_workload_stop": (iovp_status, POINTER(iovp_device)),
    "iovp_dma_read": (iovp_status, POINTER(iovp_device), c_uint32, c_uint64,
        c_void_p, c_size_t, POINTER(iovp_attrs), POINTER(iovp_dma_result)),
    "iovp_dma_write": (iovp_status, POINTER(iovp_device), c_uint32, c_uint64,
        c_void_p, c_size_t, POINTER(iovp_attrs), POINTER(iovp_dma_result)),
    "iovp_dma_atomic": (iovp_status, POINTER(iovp_device), c_uint32, c_uint64,
        POINTER(iovp_atomic), POINTER(iovp_attrs), POINTER(iovp_dma_result)),
    "iovp_dma_submit": (iovp_status, POINTER(POINTER(iovp_transfer)),
        POINTER(iovp_device), POINTER(iovp_transfer_config)),
    "iovp_dma_poll": (iovp_status, POINTER(iovp_transfer),
        POINTER(iovp_dma_result)),
    "iovp_dma_release": (None, POINTER(iovp_transfer)),
    "iovp_dma_replay": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_uint32, c_uint32, c_uint64, POINTER(iovp_dma_result)),
    "iovp_translate": (iovp_status, POINTER(iovp_device), POINTER(iovp_attrs),
        c_uint64, c_uint32, c_uint32, POINTER(iovp_translation)),
    "iovp_regime_attrs": (iovp_status, POINTER(iovp_device),
        POINTER(c_uint32)),
    "iovp_regime_index": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_attrs), POINTER(c_uint32)),
    "iovp_regime_count": (iovp_status, POINTER(iovp_device),
        POINTER(c_size_t)),
    "iovp_regime_list": (iovp_status, POINTER(iovp_device), POINTER(c_uint32),
        POINTER(c_size_t)),
    "iovp_regime_get_info": (iovp_status, POINTER(iovp_device), c_uint32,
        POINTER(iovp_regime_info)),
    "iovp_regime_translate": (iovp_status, POINTER(iovp_device), c_uint32,
        POINTER(iovp_attrs), c_uint64, c_uint32, c_uint32,
        POINTER(iovp_translation)),
    "iovp_notifier_register": (iovp_status, POINTER(POINTER(iovp_notifier)),
        POINTER(iovp_device), POINTER(iovp_notifier_config)),
    "iovp_notifier_unregister": (None, POINTER(iovp_notifier)),
    "iovp_notifier_replay": (iovp_status, POINTER(iovp_notifier),
        POINTER(iovp_replay)),
    "iovp_space_get": (iovp_status, POINTER(POINTER(iovp_space)),
        POINTER(iovp_device), c_uint32),
    "iovp_space_put": (None, POINTER(iovp_space)),
    "iovp_space_get_info": (iovp_status, POINTER(iovp_space),
        POINTER(iovp_space_info)),
    "iovp_space_translate": (iovp_status, POINTER(iovp_space), c_uint64,
        c_uint32, POINTER(iovp_translation)),
    "iovp_windows": (iovp_status, POINTER(iovp_device), c_uint32,
        POINTER(iovp_window), POINTER(c_size_t), POINTER(iovp_window_info)),
    "iovp_reserved_regions": (iovp_status, POINTER(iovp_device),
        POINTER(iovp_window), POINTER(c_size_t)),
    "iovp_memory_donate": (iovp_status, POINTER(iovp_platform), c_uint64,
        c_uint64),
    "iovp_context_create": (iovp_status, POINTER(POINTER(iovp_context)),
        POINTER(iovp_platform), POINTER(iovp_context_config)),
    "iovp_context_destroy": (None, POINTER(iovp_context)),
    "iovp_context_pasid_alloc": (iovp_status, POINTER(iovp_context), c_uint32,
        c_uint32, POINTER(c_uint32)),
    "iovp_context_pasid_free": (iovp_status, POINTER(iovp_context), c_uint32),
    "iovp_context_bind": (iovp_status, POINTER(iovp_context),
        POINTER(iovp_device), c_uint32, POINTER(iovp_binding)),
    "iovp_context_unbind": (iovp_status, POINTER(iovp_context),
        POINTER(iovp_device), c_uint32),
    "iovp_context_invalidate": (iovp_status, POINTER(iovp_context),
        POINTER(iovp_device), POINTER(iovp_inval), POINTER(c_size_t)),
    "iovp_fault_next": (iovp_status, POINTER(iovp_context),
        POINTER(iovp_fault_record)),
    "iovp_fault_respond": (iovp_status, POINTER(iovp_context), c_uint64,
        c_uint32),
    "iovp_context_get_stats": (iovp_status, POINTER(iovp_context),
        POINTER(iovp_context_stats)),
    "iovp_domain_create": (iovp_status, POINTER(POINTER(iovp_domain)),
        POINTER(iovp_context), POINTER(iovp_domain_config)),
    "iovp_domain_destroy": (None, POINTER(iovp_domain)),
    "iovp_domain_attach": (iovp_status, POINTER(iovp_domain),
        POINTER(iovp_device), c_uint32),
    "iovp_domain_detach": (iovp_status, POINTER(iovp_domain),
        POINTER(iovp_device), c_uint32),
    "iovp_domain_windows": (iovp_status, POINTER(iovp_domain),
        POINTER(iovp_window), POINTER(c_size_t), POINTER(iovp_window_info)),
    "iovp_domain_require": (iovp_status, POINTER(iovp_domain),
        POINTER(iovp_window), c_size_t),
    "iovp_domain_reserve": (iovp_status, POINTER(iovp_domain), c_uint64,
        c_uint64, POINTER(c_uint64)),
    "iovp_domain_unreserve": (iovp_status, POINTER(iovp_domain), c_uint64),
    "iovp_domain_map": (iovp_status, POINTER(iovp_domain), c_uint32,
        POINTER(c_uint64), c_uint64, c_uint64, c_uint32),
    "iovp_domain_unmap": (iovp_status, POINTER(iovp_domain), c_uint64,
        c_uint64, POINTER(c_uint64)),
    "iovp_process_create": (iovp_status, POINTER(POINTER(iovp_process)),
        POINTER(iovp_context), POINTER(iovp_process_config)),
    "iovp_process_destroy": (None, POINTER(iovp_process)),
    "iovp_process_domain": (iovp_status, POINTER(iovp_process),
        POINTER(POINTER(iovp_domain))),
    "iovp_process_invalidate": (iovp_status, POINTER(iovp_process), c_uint64,
        c_uint64),
    "iovp_process_exit": (iovp_status, POINTER(iovp_process)),
    "iovp_sva_bind": (iovp_status, POINTER(iovp_process), POINTER(iovp_device),
        POINTER(iovp_sva_config), POINTER(c_uint32)),
    "iovp_sva_unbind": (iovp_status, POINTER(iovp_process),
        POINTER(iovp_device)),
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
    """Give the functions of a CDLL their types.  One that it lacks is not
    there: AttributeError when it is used."""
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is None:
            continue
        function.restype = result
        function.argtypes = arguments
    return library

/* SPDX-License-Identifier: MIT */
/*
 * What an NVM Express controller and its host tell each other in memory
 * (Base Specification 1.4): commands, completions, status codes, Identify data,
 * features and log pages.  Offsets in bytes, all little-endian.
 */
#ifndef NVME_FMT_H
#define NVME_FMT_H

/* ---- submission queue entry (4.2) ----------------------------------- */
#define NVME_SQE_LOG2   6u
#define NVME_SQE_SIZE   (1u << NVME_SQE_LOG2)
#define NVME_SQE_OPCODE 0
#define NVME_SQE_FLAGS  1
#define NVME_SQE_FUSE   0x03u
#define NVME_SQE_PSDT   0xc0u
#define NVME_SQE_CID    2
#define NVME_SQE_NSID   4
#define NVME_SQE_PRP1   24
#define NVME_SQE_PRP2   32
#define NVME_SQE_CDW(n) ((n)*4)
#define NVME_NSID_ALL   0xffffffffu

/* ---- completion queue entry (4.6) ----------------------------------- */
#define NVME_CQE_LOG2     4u
#define NVME_CQE_SIZE     (1u << NVME_CQE_LOG2)
#define NVME_CQE_RESULT   0
#define NVME_CQE_SQHD     8
#define NVME_CQE_SQID     10
#define NVME_CQE_CID      12
#define NVME_CQE_STATUS   14
#define NVME_CQE_PHASE    (1u << 0)
#define NVME_CQE_SC_SHIFT 1 /* SC and SCT */
#define NVME_CQE_MORE     (1u << 14)
#define NVME_CQE_DNR      (1u << 15)

/* ---- status: type [10:8], code [7:0] (4.6.1) ------------------------ */
#define NVME_SC_SUCCESS          0x000
#define NVME_SC_INVALID_OPCODE   0x001
#define NVME_SC_INVALID_FIELD    0x002
#define NVME_SC_DATA_TRANSFER    0x004
#define NVME_SC_INTERNAL         0x006
#define NVME_SC_ABORT_REQUESTED  0x007
#define NVME_SC_INVALID_NS       0x00b
#define NVME_SC_SEQUENCE         0x00c
#define NVME_SC_PRP_OFFSET       0x013
#define NVME_SC_WRITE_PROTECTED  0x020
#define NVME_SC_LBA_RANGE        0x080
#define NVME_SC_CQ_INVALID       0x100
#define NVME_SC_QID_INVALID      0x101
#define NVME_SC_QUEUE_SIZE       0x102
#define NVME_SC_AER_LIMIT        0x105
#define NVME_SC_VECTOR_INVALID   0x108
#define NVME_SC_LOG_PAGE_INVALID 0x109
#define NVME_SC_QUEUE_DELETION   0x10c
#define NVME_SC_NOT_SAVEABLE     0x10d
#define NVME_SC_NOT_NS_SPECIFIC  0x10f
#define NVME_SC_WRITE_FAULT      0x280
#define NVME_SC_READ_ERROR       0x281
#define NVME_SC_COMPARE_FAILURE  0x285

/* ---- admin commands (5) --------------------------------------------- */
#define NVME_ADMIN_DELETE_SQ    0x00
#define NVME_ADMIN_CREATE_SQ    0x01
#define NVME_ADMIN_GET_LOG      0x02
#define NVME_ADMIN_DELETE_CQ    0x04
#define NVME_ADMIN_CREATE_CQ    0x05
#define NVME_ADMIN_IDENTIFY     0x06
#define NVME_ADMIN_ABORT        0x08
#define NVME_ADMIN_SET_FEATURES 0x09
#define NVME_ADMIN_GET_FEATURES 0x0a
#define NVME_ADMIN_ASYNC_EVENT  0x0c

#define NVME_QUEUE_PC  (1u << 0) /* CDW11 of Create: physically contiguous */
#define NVME_QUEUE_IEN (1u << 1) /* Create I/O Completion Queue */

/* ---- NVM commands (6) ----------------------------------------------- */
#define NVME_CMD_FLUSH        0x00
#define NVME_CMD_WRITE        0x01
#define NVME_CMD_READ         0x02
#define NVME_CMD_COMPARE      0x05
#define NVME_CMD_WRITE_ZEROES 0x08
#define NVME_CMD_DSM          0x09
#define NVME_CMD_VERIFY       0x0c

#define NVME_RW_FUA   (1u << 30) /* CDW12 */
#define NVME_DSM_AD   (1u << 2)  /* CDW11: deallocate */
#define NVME_DSM_SIZE 16u        /* a range: attributes, blocks, first */

/* ---- Identify (5.15) ------------------------------------------------ */
#define NVME_IDENTIFY_SIZE 4096u
#define NVME_CNS_NS        0x00
#define NVME_CNS_CTRL      0x01
#define NVME_CNS_NS_LIST   0x02
#define NVME_CNS_NS_DESC   0x03

#define NVME_ID_VID            0
#define NVME_ID_SSVID          2
#define NVME_ID_SN             4  /* 20 bytes */
#define NVME_ID_MN             24 /* 40 bytes */
#define NVME_ID_FR             64 /* 8 bytes */
#define NVME_ID_MDTS           77
#define NVME_ID_VER            80
#define NVME_ID_OAES           92
#define NVME_OAES_NS           (1u << 8)
#define NVME_ID_CTRATT         96
#define NVME_CTRATT_HOSTID_128 (1u << 0)
#define NVME_ID_CNTRLTYPE      111
#define NVME_ID_OACS           256
#define NVME_ID_ACL            258
#define NVME_ID_AERL           259
#define NVME_ID_FRMW           260
#define NVME_FRMW_ONE_SLOT     0x03u /* one slot, read only */
#define NVME_ID_LPA            261
#define NVME_LPA_EFFECTS       (1u << 1)
#define NVME_LPA_EXTENDED      (1u << 2)
#define NVME_ID_ELPE           262
#define NVME_ID_WCTEMP         266
#define NVME_ID_CCTEMP         268
#define NVME_ID_TNVMCAP        280
#define NVME_ID_SQES           512
#define NVME_ID_CQES           513
#define NVME_ID_NN             516
#define NVME_ID_ONCS           520
#define NVME_ONCS_COMPARE      (1u << 0)
#define NVME_ONCS_DSM          (1u << 2)
#define NVME_ONCS_WRITE_ZEROES (1u << 3)
#define NVME_ONCS_SELECT       (1u << 4)
#define NVME_ONCS_VERIFY       (1u << 7)
#define NVME_ID_VWC            525
#define NVME_VWC_PRESENT       (1u << 0)
#define NVME_VWC_FLUSH_ALL     (3u << 1)
#define NVME_ID_SUBNQN         768 /* 256 bytes */
#define NVME_ID_PSD0           2048

#define NVME_NS_NSZE       0
#define NVME_NS_NCAP       8
#define NVME_NS_NUSE       16
#define NVME_NS_DLFEAT     33
#define NVME_DLFEAT_ZEROES (1u << 0)
#define NVME_DLFEAT_DEAC   (1u << 3)
#define NVME_NS_NVMCAP     48
#define NVME_NS_NSATTR     99
#define NVME_NSATTR_WP     (1u << 0)
#define NVME_NS_EUI64      120 /* big-endian */
#define NVME_NS_LBAF0      128
#define NVME_LBAF_LBADS    2

#define NVME_NIDT_EUI64 1
#define NVME_EUI64_SIZE 8

/* ---- features (5.21.1) ---------------------------------------------- */
#define NVME_FEAT_ARBITRATION    0x01
#define NVME_FEAT_POWER          0x02
#define NVME_FEAT_TEMPERATURE    0x04
#define NVME_FEAT_ERROR_RECOVERY 0x05
#define NVME_FEAT_VWC            0x06
#define NVME_FEAT_QUEUES         0x07
#define NVME_FEAT_COALESCING     0x08
#define NVME_FEAT_VECTOR         0x09
#define NVME_FEAT_ATOMICITY      0x0a
#define NVME_FEAT_ASYNC_EVENT    0x0b
#define NVME_FEAT_HOST_ID        0x81
#define NVME_FEATURE_SAVE        (1u << 31) /* CDW10 of Set Features */
/* Select (CDW10 [10:8] of Get Features), and what 3 answers. */
#define NVME_SELECT_CURRENT      0
#define NVME_SELECT_DEFAULT      1
#define NVME_SELECT_SAVED        2
#define NVME_SELECT_SUPPORTED    3
#define NVME_FEATURE_NS          (1u << 1)
#define NVME_FEATURE_CHANGEABLE  (1u << 2)

/* ---- log pages (5.14.1) --------------------------------------------- */
#define NVME_LOG_ERROR    0x01
#define NVME_LOG_SMART    0x02
#define NVME_LOG_FIRMWARE 0x03
#define NVME_LOG_CHANGED  0x04
#define NVME_LOG_EFFECTS  0x05
#define NVME_LOG_RAE      (1u << 15) /* CDW10: Retain Asynchronous Event */

#define NVME_ERROR_SIZE   64u
#define NVME_ERROR_COUNT  0
#define NVME_ERROR_SQID   8
#define NVME_ERROR_CID    10
#define NVME_ERROR_STATUS 12
#define NVME_ERROR_PARAM  14 /* ffffh: not of one field of the command */
#define NVME_ERROR_LBA    16
#define NVME_ERROR_NSID   24

#define NVME_SMART_SIZE                512u
#define NVME_SMART_WARNING             0
#define NVME_SMART_WARNING_TEMPERATURE (1u << 1)
#define NVME_SMART_TEMPERATURE         1
#define NVME_SMART_SPARE               3
#define NVME_SMART_THRESHOLD           4
#define NVME_SMART_UNITS_READ          32 /* 16 bytes each: thousands of 512 bytes */
#define NVME_SMART_UNITS_WRITTEN       48
#define NVME_SMART_READS               64
#define NVME_SMART_WRITES              80
#define NVME_SMART_BUSY                96
#define NVME_SMART_POWER_CYCLES        112
#define NVME_SMART_UNSAFE              144
#define NVME_SMART_MEDIA_ERRORS        160
#define NVME_SMART_ERRORS              176

#define NVME_EFFECT_CSUPP (1u << 0)
#define NVME_EFFECT_LBCC  (1u << 1)
#define NVME_EFFECTS_IO   1024 /* offset of the I/O commands */

/* ---- asynchronous events (5.2.1): what DW0 of the completion says --- */
#define NVME_EVENT_ERROR            0
#define NVME_EVENT_SMART            1
#define NVME_EVENT_NOTICE           2
#define NVME_EVENT_TYPES            3
#define NVME_EVENT_INVALID_DOORBELL 0x00 /* of a queue that is not */
#define NVME_EVENT_INVALID_VALUE    0x01
#define NVME_EVENT_TEMPERATURE      0x01

#endif

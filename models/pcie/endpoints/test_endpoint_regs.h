/* SPDX-License-Identifier: MIT */
/*
 * Registers of the test endpoint, and of every DMA master that is built on its
 * engine.  Everything is little-endian; every width and alignment is allowed.
 * What is not named here reads zero and ignores writes.
 *
 * A driver writes the operation's registers, then CMD; it waits for
 * STATUS.DONE or for the interrupt.
 */
#ifndef TEST_ENDPOINT_REGS_H
#define TEST_ENDPOINT_REGS_H

/* ---- what it is --------------------------------------------------------- */

#define TEP_ID                0x000 /* "iovp" */
#define TEP_ID_VALUE          0x70766f69u
#define TEP_VERSION           0x004
#define TEP_VERSION_VALUE     1u
#define TEP_CAPS              0x008
#define TEP_CAPS_POLICY_SHIFT 0 /* bit n: ATTR.ON_FAULT n is there */
#define TEP_CAPS_ATC          (1u << 4)
#define TEP_CAPS_PASID        (1u << 5)
#define TEP_CAPS_EXECUTE      (1u << 6)
#define TEP_CAPS_PRIVILEGED   (1u << 7)
#define TEP_CAPS_SPACE        (1u << 8)
#define TEP_CAPS_ATOMICS      (1u << 9)
#define TEP_CAPS_PCI          (1u << 10)
#define TEP_CAPS_WIDTH_SHIFT  16 /* of PASIDs, 5 bits */
#define TEP_LIMITS            0x00c
#define TEP_LIMITS_RING       0x1f /* log2 of the largest RING_SIZE */
#define TEP_LIMITS_VECTORS    16   /* interrupt vectors, from this bit on */

/* ---- one operation ------------------------------------------------------ */

#define TEP_SRC         0x010 /* 64 bits */
#define TEP_DST         0x018 /* 64 bits */
#define TEP_LEN         0x020
#define TEP_PASID       0x024
#define TEP_PASID_MASK  0xfffffu
#define TEP_PASID_VALID (1u << 31)

#define TEP_ATTR             0x028
#define TEP_ATTR_PRIVILEGED  (1u << 0)
#define TEP_ATTR_EXECUTE     (1u << 1) /* reads fetch instructions */
#define TEP_ATTR_AT_SHIFT    2         /* 2 bits, TEP_AT_* */
#define TEP_ATTR_SPACE_SHIFT 4         /* 2 bits, IOVP_SPACE_* */
#define TEP_ATTR_SPACE_VALID (1u << 6) /* else the system decides */
#define TEP_ATTR_NO_WRITE    (1u << 7) /* translate without asking for write */
#define TEP_ATTR_NO_SNOOP    (1u << 8)
#define TEP_ATTR_RELAXED     (1u << 9)
#define TEP_ATTR_FAULT_SHIFT 12 /* 2 bits, TEP_FAULT_* */

#define TEP_AT_UNTRANSLATED 0u
#define TEP_AT_ATC          1u /* through the Address Translation Cache */
#define TEP_AT_TRANSLATED   2u /* SRC and DST are translated addresses */

/* What to do when a translation fails. */
#define TEP_FAULT_FAIL  0u
#define TEP_FAULT_PRI   1u /* ask for the page and wait; needs AT_ATC */
#define TEP_FAULT_RETRY 2u /* again, see RETRY */
#define TEP_FAULT_STALL 3u /* the IOMMU holds the access */

#define TEP_CMD      0x02c
#define TEP_CMD_OP   0xffu
/* Repeat it as the LOAD registers say. */
#define TEP_CMD_LOAD (1u << 8)

#define TEP_OP_NOP        0u
#define TEP_OP_MEMCPY     1u /* SRC to DST */
#define TEP_OP_FILL       2u /* DST, with the 8 bytes of OPERAND0 */
#define TEP_OP_XOR        3u /* RESULT: of the 64-bit words at SRC, zero padded */
#define TEP_OP_SUM        4u /* RESULT: of the bytes at SRC */
#define TEP_OP_VERIFY     5u /* SRC holds what FILL writes? */
#define TEP_OP_LOAD       6u /* SRC to the scratch memory */
#define TEP_OP_STORE      7u /* the scratch memory to DST */
#define TEP_OP_FETCH_ADD  8u /* at DST, LEN 4 or 8: OPERAND0; RESULT: was */
#define TEP_OP_SWAP       9u
#define TEP_OP_CAS        10u /* OPERAND0: compare, OPERAND1: swap */
#define TEP_OP_PREFETCH   11u /* translate [SRC, SRC + LEN) into the ATC */
#define TEP_OP_STOP_PASID 12u /* forget the PASID: flush, Stop marker */
#define TEP_OP_ATC_FLUSH  13u /* of PASID, or everything if not valid */
#define TEP_OP_COUNT      14u
#define TEP_OP_ABORT      0xffu /* what is going on; at once */

#define TEP_STATUS             0x030
#define TEP_STATUS_BUSY        (1u << 0)
#define TEP_STATUS_DONE        (1u << 1) /* write 1 to clear, so does CMD */
#define TEP_STATUS_FAILED      (1u << 2) /* with DONE */
#define TEP_STATUS_WAITING     (1u << 3) /* for a page or a stalled access */
#define TEP_STATUS_ERROR_SHIFT 8         /* 8 bits, TEP_ERROR_* */

/* STATUS, FAULT_INFO, RING_STATUS and completion records. */
#define TEP_ERROR_NONE     0u
#define TEP_ERROR_UR       1u  /* Unsupported Request, or an abort */
#define TEP_ERROR_CA       2u  /* Completer Abort */
#define TEP_ERROR_DENIED   3u  /* a translation without the right */
#define TEP_ERROR_PAGE     4u  /* the page response says Invalid Request */
#define TEP_ERROR_PRI      5u  /* Response Failure, or PRI is off */
#define TEP_ERROR_REFUSED  6u  /* may not be sent: FAULT_INFO.REFUSAL */
#define TEP_ERROR_ABORTED  7u  /* CMD.ABORT */
#define TEP_ERROR_OP       8u  /* no such operation here */
#define TEP_ERROR_LEN      9u  /* atomics, scratch memory, LOAD_COUNT */
#define TEP_ERROR_ATTR     10u /* AT, ON_FAULT or PASID not supported */
#define TEP_ERROR_MISMATCH 11u /* VERIFY; FAULT_ADDR: the first byte */
#define TEP_ERROR_RING     12u /* RING_SIZE, or RING_TAIL beyond it */

#define TEP_IRQ        0x034
#define TEP_IRQ_VECTOR 0x7ffu
#define TEP_IRQ_ENABLE (1u << 31) /* when the operation is done */
#define TEP_OPERAND0   0x038      /* 64 bits */
#define TEP_OPERAND1   0x040      /* 64 bits */

#define TEP_FAULT_ADDR               0x048 /* 64 bits */
#define TEP_FAULT_INFO               0x050
#define TEP_FAULT_INFO_ERROR         0xffu
#define TEP_FAULT_INFO_WRITE         (1u << 8)
#define TEP_FAULT_INFO_EXECUTE       (1u << 9)
#define TEP_FAULT_INFO_PRIVILEGED    (1u << 10)
#define TEP_FAULT_INFO_PASID         (1u << 11)
#define TEP_FAULT_INFO_RING          (1u << 12) /* descriptor or completion */
#define TEP_FAULT_INFO_REFUSAL_SHIFT 16         /* 8 bits, enum pcie_refusal */

#define TEP_RESULT      0x058 /* 64 bits; PREFETCH: translated SRC */
#define TEP_BYTES_DONE  0x060 /* 64 bits */
#define TEP_RESULT_INFO 0x068 /* PREFETCH */
#define TEP_INFO_FLAGS  0xffu /* IOVP_ATS_* */
#define TEP_INFO_HIT    (1u << 8)
#define TEP_INFO_SHIFT  16 /* log2 of the bytes from SRC on, rounded down */

#define TEP_RETRY       0x06c /* of ON_FAULT RETRY and PRI */
#define TEP_RETRY_TRIES 0xffffu
#define TEP_RETRY_SHIFT 16 /* nanoseconds between two */

/* ---- load generator ------------------------------------------------------ */

/*
 * Operation i of LOAD_COUNT is at SRC and DST plus: i * LOAD_STRIDE, if
 * LOAD_SEED is 0; else a pseudo-random multiple of LOAD_STRIDE (of 64, if that
 * is 0).  Modulo 2^LOAD_SPAN, if that is not 0.
 */
#define TEP_LOAD_STRIDE    0x070 /* 64 bits */
#define TEP_LOAD_SEED      0x078 /* 64 bits */
#define TEP_LOAD_COUNT     0x080
#define TEP_LOAD_COUNT_MAX (1u << 20) /* and LEN * LOAD_COUNT below 2^32 */
#define TEP_LOAD_SPAN      0x084      /* 6 bits */

/* ---- descriptor ring ------------------------------------------------------
 */

/* All but CTRL, STATUS and TAIL are read only while STATUS.RUNNING is set; that
 * it is until the descriptor is done during which CTRL.ENABLE was cleared. */
#define TEP_RING_BASE        0x090 /* 64 bits */
#define TEP_RING_SIZE        0x098 /* descriptors, 1..TEP_RING_SIZE_MAX */
#define TEP_RING_SIZE_MAX    65536u
#define TEP_RING_CTRL        0x09c
#define TEP_RING_ENABLE      (1u << 0)
#define TEP_RING_HEAD        0x0a0 /* that is carried out next */
#define TEP_RING_TAIL        0x0a4 /* doorbell: behind the last one */
#define TEP_RING_PASID       0x0a8 /* as PASID and ATTR, of descriptors and */
#define TEP_RING_ATTR        0x0ac /* completion records */
#define TEP_RING_STATUS      0x0b0
#define TEP_RING_RUNNING     (1u << 0)
#define TEP_RING_STOPPED     (1u << 1) /* by an error; write 1 to clear */
#define TEP_RING_ERROR_SHIFT 8         /* 8 bits, TEP_ERROR_* */
#define TEP_RING_IRQ         0x0b4     /* as IRQ: when it is empty or stops */

#define TEP_DESC_CMD        0x00 /* without LOAD */
#define TEP_DESC_ATTR       0x04
#define TEP_DESC_SRC        0x08
#define TEP_DESC_DST        0x10
#define TEP_DESC_LEN        0x18
#define TEP_DESC_PASID      0x1c
#define TEP_DESC_OPERAND0   0x20
#define TEP_DESC_OPERAND1   0x28
#define TEP_DESC_COMPLETION 0x30 /* of a completion record; 0: none */
#define TEP_DESC_IRQ        0x38
#define TEP_DESC_TAG        0x3c /* comes back in the record */
#define TEP_DESC_SIZE       64u

#define TEP_DONE_STATUS     0x00 /* as STATUS; never 0 */
#define TEP_DONE_TAG        0x04
#define TEP_DONE_BYTES      0x08
#define TEP_DONE_RESULT     0x10
#define TEP_DONE_FAULT_ADDR 0x18
#define TEP_DONE_SIZE       32u

/* ---- counters, 64 bits each -----------------------------------------------
 */

#define TEP_COUNTERS_CLEAR 0x0fc /* any write */
#define TEP_COUNTERS       0x100 /* in the order of enum tep_counter */

enum tep_counter {
    TEP_OPERATIONS = 0,
    TEP_ERRORS,
    TEP_DESCRIPTORS,
    TEP_BYTES_READ,
    TEP_BYTES_WRITTEN,
    TEP_BUSY_PS,
    /* Accesses that did not end at once: they waited for a page or were held;
     * of a DMA engine in timed mode all, as each takes time. */
    TEP_WAITS,
    TEP_INTERRUPTS,
    TEP_ATC_HITS,
    TEP_ATC_MISSES,
    TEP_ATS_REQUESTS,
    TEP_ATS_DENIED,
    TEP_INVALIDATIONS,
    TEP_INVALIDATED, /* ATC entries */
    TEP_PRI_REQUESTS,
    TEP_PRI_SUCCESS,
    TEP_PRI_INVALID,
    TEP_PRI_FAILURE,
    TEP_COUNTER_COUNT,
};

#define TEP_REGISTERS 0x200

/* ---- scratch memory --------------------------------------------------------
 */

/* Of the device: LOAD, STORE, peers; AtomicOps of 4 and 8 bytes. */
#define TEP_SCRATCH      0x1000
#define TEP_SCRATCH_SIZE 0x1000u
#define TEP_WINDOW       0x2000 /* registers and scratch memory */

/* ---- aliases ----------------------------------------------------------------
 * Registers of two test devices of QEMU, on the same engine. */

/* pcie-ats-testdev, 1234:11e9: a buffer of 4 KiB to or from memory. */
#define TEP_ATSDEV_ADDR 0x00 /* 64 bits */
#define TEP_ATSDEV_CMD  0x08
#define TEP_ATSDEV_RUN  (1u << 0) /* until it is done */
#define TEP_ATSDEV_READ (1u << 1) /* memory to buffer, else back */
#define TEP_ATSDEV_SIZE 0x1000u

/* iommu-testdev, 1b36:0005: fill memory with a pattern and look at it. */
#define TEP_ITD_TRIGGER      0x00 /* a read starts it */
#define TEP_ITD_GVA          0x04 /* 64 bits */
#define TEP_ITD_LEN          0x0c
#define TEP_ITD_RESULT       0x10
#define TEP_ITD_DBELL        0x14 /* bit 0: armed */
#define TEP_ITD_ATTRS        0x18
#define TEP_ITD_ATTRS_SECURE (1u << 0)
#define TEP_ITD_ATTRS_SPACE_SHIFT \
    1 /* 2 bits: Secure, Non-secure, Root, Realm */
#define TEP_ITD_ATTRS_SPACE_VALID (1u << 3)
#define TEP_ITD_GPA               0x1c /* 64 bits, kept without effect */
#define TEP_ITD_SIZE              0x1000u
#define TEP_ITD_PATTERN           0x12345678u
#define TEP_ITD_RESULT_OK         0u
#define TEP_ITD_RESULT_IDLE       0xffffffffu
#define TEP_ITD_RESULT_BUSY       0xfffffffeu
#define TEP_ITD_ERROR_LEN         0xdead0001u
#define TEP_ITD_ERROR_WRITE       0xdead0002u
#define TEP_ITD_ERROR_READ        0xdead0003u
#define TEP_ITD_ERROR_MISMATCH    0xdead0004u
#define TEP_ITD_ERROR_NOT_ARMED   0xdead0005u
#define TEP_ITD_ERROR_ATTRS       0xdead0006u

#endif

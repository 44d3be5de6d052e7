/* SPDX-License-Identifier: MIT */
/*
 * Registers of the Arm PCIe Exerciser, as Arm's system architecture compliance
 * suite documents and drives them (docs/pcie/Exerciser.md, ErrorInjection.md).
 * BAR0, doublewords; BAR1 is the data memory.
 */
#ifndef EXERCISER_REGS_H
#define EXERCISER_REGS_H

#define EXERCISER_VENDOR 0x13b5
#define EXERCISER_DEVICE 0xed01
#define EXERCISER_CLASS  0xed0000u

#define EXERCISER_REGISTER_BAR 0
#define EXERCISER_MEMORY_BAR   1
#define EXERCISER_TABLE_BAR    2 /* MSI-X */
#define EXERCISER_PBA_BAR      4

/* ---- BAR0 ---------------------------------------------------------------- */
#define EX_MSICTL             0x00
#define EX_MSICTL_ID          0x7ffu
#define EX_MSICTL_TRIGGER     (1u << 31) /* until it is sent */
#define EX_INTXCTL            0x04
#define EX_INTXCTL_ASSERT     (1u << 0)
#define EX_DMACTL             0x08
#define EX_DMACTL_TRIGGER     0xfu /* 1 starts; until it is done */
#define EX_DMACTL_START       1u
#define EX_DMACTL_FROM_DEVICE (1u << 4) /* a write of memory */
#define EX_DMACTL_NO_SNOOP    (1u << 5)
#define EX_DMACTL_PASID       (1u << 6)
#define EX_DMACTL_PRIVILEGED  (1u << 7)
#define EX_DMACTL_INSTRUCTION (1u << 8)
#define EX_DMACTL_USE_ATC     (1u << 9)
#define EX_DMACTL_AT          (3u << 10)
#define EX_DMACTL_AT_SHIFT    10
#define EX_AT_DEFAULT         0u /* untranslated, as 1 */
#define EX_AT_UNTRANSLATED    1u
#define EX_AT_TRANSLATED      2u
#define EX_AT_RESERVED        3u
#define EX_DMA_OFFSET         0x0c /* into BAR1 */
#define EX_BUS_ADDR           0x10 /* 64 bits; ATS: the input address */
#define EX_DMA_LENGTH         0x18
#define EX_DMA_STATUS         0x1c
#define EX_DMA_STATUS_CODE    3u
#define EX_DMA_OK             0u
#define EX_DMA_RANGE          1u
#define EX_DMA_INTERNAL       2u
#define EX_DMA_STATUS_CLEAR   (1u << 2)
#define EX_PASID              0x20
#define EX_PASID_VALUE        0xfffffu
#define EX_ATSCTL             0x24
#define EX_ATSCTL_TRIGGER     (1u << 0)
#define EX_ATSCTL_PRIVILEGED  (1u << 1)
#define EX_ATSCTL_NO_WRITE    (1u << 2)
#define EX_ATSCTL_PASID       (1u << 3)
#define EX_ATSCTL_EXECUTE     (1u << 4)
#define EX_ATSCTL_CLEAR       (1u << 5)
#define EX_ATSCTL_IN_FLIGHT   (1u << 6)
#define EX_ATSCTL_SUCCESS     (1u << 7)
#define EX_ATSCTL_CACHEABLE   (1u << 8)
#define EX_ATSCTL_INVALIDATED (1u << 9)
#define EX_ATS_ADDR           0x28 /* 64 bits */
#define EX_ATS_RANGE          0x30 /* 64 bits */
#define EX_ATS_PERM           0x38
#define EX_ATS_EXECUTE        (1u << 0)
#define EX_ATS_WRITE          (1u << 1)
#define EX_ATS_READ           (1u << 2)
#define EX_ATS_EXECUTE_PRIV   (1u << 3)
#define EX_ATS_WRITE_PRIV     (1u << 4)
#define EX_ATS_READ_PRIV      (1u << 6)
#define EX_RIDCTL             0x3c
#define EX_RIDCTL_VALUE       0xffffu
#define EX_RIDCTL_VALID       (1u << 31)
#define EX_TRACE              0x40 /* a read takes a word out of the FIFO */
#define EX_TRACE_EMPTY        0xffffffffu
#define EX_TRACECTL           0x44
#define EX_TRACECTL_RUN       (1u << 0)
#define EX_VDMCTL             0x48 /* CXL: not modelled */
#define EX_REGS_END           0x4c

/* A record of the trace: five words. */
#define EX_TRACE_WORDS       5u
#define EX_TRACE_TYPE1       (1u << 0) /* configuration request of type 1 */
#define EX_TRACE_READ        (1u << 1)
#define EX_TRACE_CONFIG      (1u << 2)
#define EX_TRACE_BYTES_SHIFT 16

/* ---- error injection: DVSEC, and in it, offset 8 --------------------------
 */
#define EX_DVSEC_VENDOR        0x13b5
#define EX_DVSEC_ID            0x0001
#define EX_DVSEC_CONTROL       0x08
#define EX_ERROR_ON_DMA        (1u << 16)
#define EX_ERROR_NOW           (1u << 17)
#define EX_ERROR_POISON        (1u << 18)
#define EX_ERROR_CODE_SHIFT    20
#define EX_ERROR_CODE          0x7ffu
#define EX_ERROR_FATAL         (1u << 31) /* AER overrides it */
#define EX_ERROR_UNCORRECTABLE 8u         /* codes from here on */
#define EX_ERROR_CODES         0x19u

#endif

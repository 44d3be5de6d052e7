/* SPDX-License-Identifier: MIT */
/*
 * Registers of an NVM Express controller (NVM Express Base Specification 1.4,
 * chapter 3): offsets into BAR 0, the fields of a register below it.
 */
#ifndef NVME_REGS_H
#define NVME_REGS_H

#define NVME_CAP                0x00 /* 64 bits */
#define NVME_CAP_MQES(n)        ((uint64_t)(n))
#define NVME_CAP_CQR            (1ull << 16)
#define NVME_CAP_TO(n)          ((uint64_t)(n) << 24) /* 500 ms each */
#define NVME_CAP_CSS_NVM        (1ull << 37)
#define NVME_CAP_MPSMAX(n)      ((uint64_t)(n) << 52)
#define NVME_VS                 0x08
#define NVME_VS_1_4             0x00010400u
#define NVME_INTMS              0x0c
#define NVME_INTMC              0x10
#define NVME_CC                 0x14
#define NVME_CC_EN              (1u << 0)
#define NVME_CC_CSS             (7u << 4)
#define NVME_CC_MPS(cc)         ((cc) >> 7 & 15)
#define NVME_CC_AMS             (7u << 11)
#define NVME_CC_SHN             (3u << 14)
#define NVME_CC_IOSQES(cc)      ((cc) >> 16 & 15)
#define NVME_CC_IOCQES(cc)      ((cc) >> 20 & 15)
#define NVME_CC_WRITABLE        0x00fffff1u
#define NVME_CSTS               0x1c
#define NVME_CSTS_RDY           (1u << 0)
#define NVME_CSTS_CFS           (1u << 1)
#define NVME_CSTS_SHST          (3u << 2)
#define NVME_CSTS_SHST_BUSY     (1u << 2)
#define NVME_CSTS_SHST_COMPLETE (2u << 2)
#define NVME_NSSR               0x20
#define NVME_AQA                0x24
#define NVME_AQA_ASQS(aqa)      ((aqa)&0xfff)
#define NVME_AQA_ACQS(aqa)      ((aqa) >> 16 & 0xfff)
#define NVME_AQA_WRITABLE       0x0fff0fffu
#define NVME_ASQ                0x28 /* 64 bits */
#define NVME_ACQ                0x30 /* 64 bits */
#define NVME_CMBLOC             0x38
#define NVME_CMBSZ              0x3c
#define NVME_REGS_END           0x40 /* what follows reads as zero */

/* Submission Queue y: doorbell 2y; Completion Queue y: 2y + 1; CAP.DSTRD 0. */
#define NVME_DOORBELL      0x1000
#define NVME_DOORBELL_MASK 0xffffu

/* Choice of this model: BAR 0 also holds the MSI-X structures. */
#define NVME_MSIX_TABLE 0x2000
#define NVME_MSIX_PBA   0x3000
#define NVME_BAR_SIZE   0x4000

#endif

/* SPDX-License-Identifier: MIT */
/*
 * SMMUv3 registers, IHI 0070 chapter 6: offset, then its fields.  Layout only.
 */
#ifndef SMMUV3_REGS_H
#define SMMUV3_REGS_H

#include "../common/bits.h"

#define SMMU_PAGE1 0x10000u

#define SMMU_IDR0                0x0000u /* 6.3.1 */
#define SMMU_IDR0_S2P            (1u << 0)
#define SMMU_IDR0_S1P            (1u << 1)
#define SMMU_IDR0_TTF            IOVP_FIELD(2, 2)
#define SMMU_IDR0_TTF_AARCH64    2u
#define SMMU_IDR0_COHACC         (1u << 4)
#define SMMU_IDR0_BTM            (1u << 5)
#define SMMU_IDR0_HTTU           IOVP_FIELD(6, 2)
#define SMMU_IDR0_DORMHINT       (1u << 8)
#define SMMU_IDR0_HYP            (1u << 9)
#define SMMU_IDR0_ATS            (1u << 10)
#define SMMU_IDR0_NS1ATS         (1u << 11)
#define SMMU_IDR0_ASID16         (1u << 12)
#define SMMU_IDR0_MSI            (1u << 13)
#define SMMU_IDR0_SEV            (1u << 14)
#define SMMU_IDR0_ATOS           (1u << 15)
#define SMMU_IDR0_PRI            (1u << 16)
#define SMMU_IDR0_VMW            (1u << 17)
#define SMMU_IDR0_VMID16         (1u << 18)
#define SMMU_IDR0_CD2L           (1u << 19)
#define SMMU_IDR0_VATOS          (1u << 20)
#define SMMU_IDR0_TTENDIAN       IOVP_FIELD(21, 2)
#define SMMU_IDR0_TTENDIAN_MIXED 0u
#define SMMU_IDR0_TTENDIAN_LE    2u
#define SMMU_IDR0_TTENDIAN_BE    3u
#define SMMU_IDR0_ATSRECERR      (1u << 23)
#define SMMU_IDR0_STALL_MODEL    IOVP_FIELD(24, 2)
#define SMMU_IDR0_STALL_BOTH     0u /* stall and terminate */
#define SMMU_IDR0_STALL_NONE     1u /* terminate only */
#define SMMU_IDR0_STALL_FORCED   2u
#define SMMU_IDR0_TERM_MODEL     (1u << 26)
#define SMMU_IDR0_ST_LEVEL       IOVP_FIELD(27, 2)
#define SMMU_IDR0_ST_LEVEL_2     1u
#define SMMU_IDR0_RME_IMPL       (1u << 30)

#define SMMU_IDR1                0x0004u /* 6.3.2 */
#define SMMU_IDR1_SIDSIZE        IOVP_FIELD(0, 6)
#define SMMU_IDR1_SSIDSIZE       IOVP_FIELD(6, 5)
#define SMMU_IDR1_PRIQS          IOVP_FIELD(11, 5)
#define SMMU_IDR1_EVENTQS        IOVP_FIELD(16, 5)
#define SMMU_IDR1_CMDQS          IOVP_FIELD(21, 5)
#define SMMU_IDR1_ATTR_PERMS_OVR (1u << 26)
#define SMMU_IDR1_ATTR_TYPES_OVR (1u << 27)
#define SMMU_IDR1_REL            (1u << 28)
#define SMMU_IDR1_QUEUES_PRESET  (1u << 29)
#define SMMU_IDR1_TABLES_PRESET  (1u << 30)
#define SMMU_IDR1_ECMDQ          (1u << 31)

#define SMMU_IDR2           0x0008u
#define SMMU_IDR3           0x000cu /* 6.3.4 */
#define SMMU_IDR3_HAD       (1u << 2)
#define SMMU_IDR3_PBHA      (1u << 3)
#define SMMU_IDR3_XNX       (1u << 4)
#define SMMU_IDR3_PPS       (1u << 5)
#define SMMU_IDR3_MPAM      (1u << 7)
#define SMMU_IDR3_FWB       (1u << 8)
#define SMMU_IDR3_STT       (1u << 9)
#define SMMU_IDR3_RIL       (1u << 10)
#define SMMU_IDR3_BBML      IOVP_FIELD(11, 2)
#define SMMU_IDR3_DPT       (1u << 15)
#define SMMU_IDR4           0x0010u
#define SMMU_IDR5           0x0014u /* 6.3.6 */
#define SMMU_IDR5_OAS       IOVP_FIELD(0, 3)
#define SMMU_IDR5_GRAN4K    (1u << 4)
#define SMMU_IDR5_GRAN16K   (1u << 5)
#define SMMU_IDR5_GRAN64K   (1u << 6)
#define SMMU_IDR5_DS        (1u << 7)
#define SMMU_IDR5_D128      (1u << 8)
#define SMMU_IDR5_VAX       IOVP_FIELD(10, 2)
#define SMMU_IDR5_STALL_MAX IOVP_FIELD(16, 16)
#define SMMU_IIDR           0x0018u
#define SMMU_AIDR           0x001cu

#define SMMU_CR0                       0x0020u /* 6.3.9 */
#define SMMU_CR0ACK                    0x0024u
#define SMMU_CR0_SMMUEN                (1u << 0)
#define SMMU_CR0_PRIQEN                (1u << 1)
#define SMMU_CR0_EVENTQEN              (1u << 2)
#define SMMU_CR0_CMDQEN                (1u << 3)
#define SMMU_CR0_ATSCHK                (1u << 4)
#define SMMU_CR0_VMW                   IOVP_FIELD(6, 3)
#define SMMU_CR1                       0x0028u /* 6.3.11 */
#define SMMU_CR1_QUEUE_IC              IOVP_FIELD(0, 2)
#define SMMU_CR1_QUEUE_OC              IOVP_FIELD(2, 2)
#define SMMU_CR1_QUEUE_SH              IOVP_FIELD(4, 2)
#define SMMU_CR1_TABLE_IC              IOVP_FIELD(6, 2)
#define SMMU_CR1_TABLE_OC              IOVP_FIELD(8, 2)
#define SMMU_CR1_TABLE_SH              IOVP_FIELD(10, 2)
#define SMMU_CR2                       0x002cu /* 6.3.12 */
#define SMMU_CR2_E2H                   (1u << 0)
#define SMMU_CR2_RECINVSID             (1u << 1)
#define SMMU_CR2_PTM                   (1u << 2)
#define SMMU_CR2_REC_CFG_ATS           (1u << 3)
#define SMMU_S2PII                     0x0030u /* 64-bit */
#define SMMU_STATUSR                   0x0040u /* 6.3.13 */
#define SMMU_GBPA                      0x0044u /* 6.3.14 */
#define SMMU_GBPA_MEMATTR              IOVP_FIELD(0, 4)
#define SMMU_GBPA_MTCFG                (1u << 4)
#define SMMU_GBPA_ALLOCCFG             IOVP_FIELD(8, 4)
#define SMMU_GBPA_SHCFG                IOVP_FIELD(12, 2)
#define SMMU_GBPA_PRIVCFG              IOVP_FIELD(16, 2)
#define SMMU_GBPA_INSTCFG              IOVP_FIELD(18, 2)
#define SMMU_GBPA_ABORT                (1u << 20)
#define SMMU_GBPA_UPDATE               (1u << 31)
#define SMMU_AGBPA                     0x0048u
#define SMMU_IRQ_CTRL                  0x0050u /* 6.3.16 */
#define SMMU_IRQ_CTRLACK               0x0054u
#define SMMU_IRQ_CTRL_GERROR           (1u << 0)
#define SMMU_IRQ_CTRL_PRIQ             (1u << 1)
#define SMMU_IRQ_CTRL_EVENTQ           (1u << 2)
#define SMMU_GERROR                    0x0060u /* 6.3.18 */
#define SMMU_GERRORN                   0x0064u
#define SMMU_GERROR_CMDQ_ERR           (1u << 0)
#define SMMU_GERROR_EVENTQ_ABT_ERR     (1u << 2)
#define SMMU_GERROR_PRIQ_ABT_ERR       (1u << 3)
#define SMMU_GERROR_MSI_CMDQ_ABT_ERR   (1u << 4)
#define SMMU_GERROR_MSI_EVENTQ_ABT_ERR (1u << 5)
#define SMMU_GERROR_MSI_PRIQ_ABT_ERR   (1u << 6)
#define SMMU_GERROR_MSI_GERROR_ABT_ERR (1u << 7)
#define SMMU_GERROR_SFM_ERR            (1u << 8)
#define SMMU_GERROR_IRQ_CFG0           0x0068u /* 64-bit */
#define SMMU_GERROR_IRQ_CFG1           0x0070u
#define SMMU_GERROR_IRQ_CFG2           0x0074u
/* Common to GERROR, EVENTQ and PRIQ: *_IRQ_CFG0 and *_IRQ_CFG2. */
#define SMMU_IRQ_CFG0_ADDR_MASK        0x00fffffffffffffcull /* [55:2] */
#define SMMU_IRQ_CFG2_MEMATTR          IOVP_FIELD(0, 4)
#define SMMU_IRQ_CFG2_SH               IOVP_FIELD(4, 2)
#define SMMU_STRTAB_BASE               0x0080u /* 64-bit, 6.3.24 */
#define SMMU_STRTAB_BASE_RA            (1ull << 62)
#define SMMU_STRTAB_BASE_ADDR_MASK     0x00ffffffffffffc0ull
#define SMMU_STRTAB_BASE_CFG           0x0088u /* 6.3.25 */
#define SMMU_STRTAB_BASE_CFG_LOG2SIZE  IOVP_FIELD(0, 6)
#define SMMU_STRTAB_BASE_CFG_SPLIT     IOVP_FIELD(6, 5)
#define SMMU_STRTAB_BASE_CFG_FMT       IOVP_FIELD(16, 2)
#define SMMU_STRTAB_FMT_LINEAR         0u
#define SMMU_STRTAB_FMT_2LVL           1u
#define SMMU_CMDQ_BASE                 0x0090u /* 64-bit, 6.3.26 */
#define SMMU_CMDQ_PROD                 0x0098u /* 6.3.27 */
#define SMMU_CMDQ_CONS                 0x009cu /* 6.3.28 */
#define SMMU_CMDQ_CONS_ERR             IOVP_FIELD(24, 7)
#define SMMU_CERROR_NONE               0u
#define SMMU_CERROR_ILL                1u
#define SMMU_CERROR_ABT                2u
#define SMMU_CERROR_ATC_INV_SYNC       3u
#define SMMU_EVENTQ_BASE               0x00a0u    /* 64-bit, 6.3.29 */
#define SMMU_EVENTQ_PROD               0x00a8u    /* page 1, 6.3.95 */
#define SMMU_EVENTQ_CONS               0x00acu    /* page 1, 6.3.96 */
#define SMMU_QUEUE_OVFLG               (1u << 31) /* PROD.OVFLG, CONS.OVACKFLG */
#define SMMU_QUEUE_INDEX_MASK          0x000fffffu /* WR or RD with its wrap bit */
#define SMMU_QUEUE_LOG2_MAX            19u
#define SMMU_EVENTQ_IRQ_CFG0           0x00b0u /* 64-bit */
#define SMMU_EVENTQ_IRQ_CFG1           0x00b8u
#define SMMU_EVENTQ_IRQ_CFG2           0x00bcu
#define SMMU_PRIQ_BASE                 0x00c0u /* 64-bit */
#define SMMU_PRIQ_PROD                 0x00c8u /* page 1 */
#define SMMU_PRIQ_CONS                 0x00ccu /* page 1 */
#define SMMU_PRIQ_IRQ_CFG0             0x00d0u /* 64-bit */
#define SMMU_PRIQ_IRQ_CFG1             0x00d8u
#define SMMU_PRIQ_IRQ_CFG2             0x00dcu
#define SMMU_PRIQ_IRQ_CFG2_LO          (1u << 31)
#define SMMU_QUEUE_BASE_LOG2SIZE       IOVP_FIELD(0, 5)
#define SMMU_QUEUE_BASE_ADDR_MASK      0x00ffffffffffffe0ull /* [55:5] */
#define SMMU_QUEUE_BASE_HINT           (1ull << 62)          /* RA or WA */
#define SMMU_GATOS_CTRL                0x0100u
#define SMMU_GATOS_SID                 0x0108u /* 64-bit */
#define SMMU_GATOS_ADDR                0x0110u /* 64-bit */
#define SMMU_GATOS_PAR                 0x0118u /* 64-bit */
#define SMMU_MPAMIDR                   0x0130u
#define SMMU_GMPAM                     0x0138u
#define SMMU_GBPMPAM                   0x013cu
#define SMMU_VATOS_SEL                 0x0180u
#define SMMU_IDR6                      0x0190u
#define SMMU_DPT_BASE                  0x0200u /* 64-bit */
#define SMMU_DPT_BASE_CFG              0x0208u
#define SMMU_DPT_CFG_FAR               0x0210u /* 64-bit */

#define SMMU_ID_REGS 0x0fd0u /* 6.3.170 */
#define SMMU_PIDR4   0x0fd0u
#define SMMU_PIDR0   0x0fe0u
#define SMMU_PIDR1   0x0fe4u
#define SMMU_PIDR2   0x0fe8u
#define SMMU_PIDR3   0x0fecu
#define SMMU_CIDR0   0x0ff0u
#define SMMU_CIDR1   0x0ff4u
#define SMMU_CIDR2   0x0ff8u
#define SMMU_CIDR3   0x0ffcu

/* The Secure bank (6.2): absent as long as SMMU_S_IDR1.SECURE_IMPL == 0. */
#define SMMU_SECURE_BANK     0x8000u
#define SMMU_SECURE_BANK_END 0x10000u

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Layout of the in-memory structures of SMMUv3, IHI 0070 chapters 4, 5 and 7:
 * fields by the specification's names and bit numbers, nothing else.  A
 * structure is an array of 64-bit words already converted from little-endian.
 */
#ifndef SMMUV3_FMT_H
#define SMMUV3_FMT_H

#include "../common/bits.h"

/* ---- L1STD, level 1 Stream table descriptor (5.1) ------------------- */
#define L1STD_BYTES      8
#define L1STD_SPAN       IOVP_FIELD(0, 5)
#define L1STD_L2PTR_MASK 0x00ffffffffffffc0ull /* [55:6] */

/* ---- STE, Stream Table Entry (5.2) ---------------------------------- */
#define STE_BYTES 64
#define STE_WORDS 8

#define STE_V                 IOVP_FIELD(0, 1)
#define STE_CONFIG            IOVP_FIELD(1, 3)
#define STE_CONFIG_ABORT      0u /* 0b0xx */
#define STE_CONFIG_BYPASS     4u
#define STE_CONFIG_S1         5u
#define STE_CONFIG_S2         6u
#define STE_CONFIG_NESTED     7u
#define STE_S1FMT             IOVP_FIELD(4, 2)
#define STE_S1FMT_LINEAR      0u
#define STE_S1FMT_4K_L2       1u
#define STE_S1FMT_64K_L2      2u
#define STE_S1CONTEXTPTR_MASK 0x00ffffffffffffc0ull /* word 0 [55:6] */
#define STE_S1CDMAX           IOVP_FIELD(59, 5)
#define STE_S1DSS             IOVP_FIELD(64, 2)
#define STE_S1DSS_TERMINATE   0u
#define STE_S1DSS_BYPASS      1u
#define STE_S1DSS_SSID0       2u
#define STE_S1CIR             IOVP_FIELD(66, 2)
#define STE_S1COR             IOVP_FIELD(68, 2)
#define STE_S1CSH             IOVP_FIELD(70, 2)
#define STE_PPAR              IOVP_FIELD(82, 1)
#define STE_MEV               IOVP_FIELD(83, 1)
#define STE_S2FWB             IOVP_FIELD(89, 1)
#define STE_S1STALLD          IOVP_FIELD(91, 1)
#define STE_EATS              IOVP_FIELD(92, 2)
#define STE_EATS_NONE         0u
#define STE_EATS_FULL         1u
#define STE_EATS_SPLIT        2u
#define STE_STRW              IOVP_FIELD(94, 2)
#define STE_STRW_NSEL1        0u
#define STE_STRW_EL2          2u
#define STE_MEMATTR           IOVP_FIELD(96, 4)
#define STE_MTCFG             IOVP_FIELD(100, 1)
#define STE_ALLOCCFG          IOVP_FIELD(101, 4)
#define STE_SHCFG             IOVP_FIELD(108, 2)
#define STE_SHCFG_NON         0u
#define STE_SHCFG_USE_IN      1u
#define STE_SHCFG_OUTER       2u
#define STE_SHCFG_INNER       3u
#define STE_NSCFG             IOVP_FIELD(110, 2)
#define STE_PRIVCFG           IOVP_FIELD(112, 2)
#define STE_PRIVCFG_USE_IN    0u
#define STE_PRIVCFG_UNPRIV    2u
#define STE_PRIVCFG_PRIV      3u
#define STE_INSTCFG           IOVP_FIELD(114, 2)
#define STE_INSTCFG_USE_IN    0u
#define STE_INSTCFG_DATA      2u
#define STE_INSTCFG_INST      3u
#define STE_S2VMID            IOVP_FIELD(128, 16)
#define STE_S2T0SZ            IOVP_FIELD(160, 6)
#define STE_S2SL0             IOVP_FIELD(166, 2)
#define STE_S2IR0             IOVP_FIELD(168, 2)
#define STE_S2OR0             IOVP_FIELD(170, 2)
#define STE_S2SH0             IOVP_FIELD(172, 2)
#define STE_S2TG              IOVP_FIELD(174, 2)
#define STE_S2PS              IOVP_FIELD(176, 3)
#define STE_S2AA64            IOVP_FIELD(179, 1)
#define STE_S2ENDI            IOVP_FIELD(180, 1)
#define STE_S2AFFD            IOVP_FIELD(181, 1)
#define STE_S2PTW             IOVP_FIELD(182, 1)
#define STE_S2HD              IOVP_FIELD(183, 1)
#define STE_S2HA              IOVP_FIELD(184, 1)
#define STE_S2S               IOVP_FIELD(185, 1)
#define STE_S2R               IOVP_FIELD(186, 1)
#define STE_S2TTB_MASK        0x00fffffffffffff0ull /* word 3 [55:4] */

/* ---- L1CD, level 1 Context Descriptor pointer (5.3) ----------------- */
#define L1CD_BYTES      8
#define L1CD_V          IOVP_FIELD(0, 1)
#define L1CD_L2PTR_MASK 0x00fffffffffff000ull /* [55:12] */

/* ---- CD, Context Descriptor (5.4) ----------------------------------- */
#define CD_BYTES 64
#define CD_WORDS 8

#define CD_T0SZ      IOVP_FIELD(0, 6)
#define CD_TG0       IOVP_FIELD(6, 2)
#define CD_IR0       IOVP_FIELD(8, 2)
#define CD_OR0       IOVP_FIELD(10, 2)
#define CD_SH0       IOVP_FIELD(12, 2)
#define CD_EPD0      IOVP_FIELD(14, 1)
#define CD_ENDI      IOVP_FIELD(15, 1)
#define CD_T1SZ      IOVP_FIELD(16, 6)
#define CD_TG1       IOVP_FIELD(22, 2)
#define CD_IR1       IOVP_FIELD(24, 2)
#define CD_OR1       IOVP_FIELD(26, 2)
#define CD_SH1       IOVP_FIELD(28, 2)
#define CD_EPD1      IOVP_FIELD(30, 1)
#define CD_V         IOVP_FIELD(31, 1)
#define CD_IPS       IOVP_FIELD(32, 3)
#define CD_AFFD      IOVP_FIELD(35, 1)
#define CD_WXN       IOVP_FIELD(36, 1)
#define CD_UWXN      IOVP_FIELD(37, 1)
#define CD_TBI0      IOVP_FIELD(38, 1)
#define CD_TBI1      IOVP_FIELD(39, 1)
#define CD_PAN       IOVP_FIELD(40, 1)
#define CD_AA64      IOVP_FIELD(41, 1)
#define CD_HD        IOVP_FIELD(42, 1)
#define CD_HA        IOVP_FIELD(43, 1)
#define CD_S         IOVP_FIELD(44, 1)
#define CD_R         IOVP_FIELD(45, 1)
#define CD_A         IOVP_FIELD(46, 1)
#define CD_ASET      IOVP_FIELD(47, 1)
#define CD_ASID      IOVP_FIELD(48, 16)
#define CD_NSCFG0    IOVP_FIELD(64, 1)
#define CD_HAD0      IOVP_FIELD(65, 1)
#define CD_TTB0_MASK 0x00fffffffffffff0ull /* word 1 [55:4] */
#define CD_NSCFG1    IOVP_FIELD(128, 1)
#define CD_HAD1      IOVP_FIELD(129, 1)
#define CD_TTB1_MASK 0x00fffffffffffff0ull /* word 2 [55:4] */
#define CD_MAIR_WORD 3 /* MAIR0 and MAIR1 are one 64-bit word */

/* ---- Event records (7.3) -------------------------------------------- */
#define EVENT_BYTES 32
#define EVENT_WORDS 4

#define F_UUT              0x01u
#define C_BAD_STREAMID     0x02u
#define F_STE_FETCH        0x03u
#define C_BAD_STE          0x04u
#define F_BAD_ATS_TREQ     0x05u
#define F_STREAM_DISABLED  0x06u
#define F_TRANSL_FORBIDDEN 0x07u
#define C_BAD_SUBSTREAMID  0x08u
#define F_CD_FETCH         0x09u
#define C_BAD_CD           0x0au
#define F_WALK_EABT        0x0bu
#define F_TRANSLATION      0x10u
#define F_ADDR_SIZE        0x11u
#define F_ACCESS           0x12u
#define F_PERMISSION       0x13u
#define F_TLB_CONFLICT     0x20u
#define F_CFG_CONFLICT     0x21u
#define E_PAGE_REQUEST     0x24u
#define F_VMS_FETCH        0x25u

#define EVENT_TYPE           IOVP_FIELD(0, 8)
#define EVENT_SSV            IOVP_FIELD(11, 1)
#define EVENT_SSID           IOVP_FIELD(12, 20)
#define EVENT_SID            IOVP_FIELD(32, 32)
#define EVENT_STAG           IOVP_FIELD(64, 16)
#define EVENT_STALL          IOVP_FIELD(95, 1)
/* F_BAD_ATS_TREQ: what is requested, and how many STUs. */
#define EVENT_TREQ_PRIV      IOVP_FIELD(96, 1)
#define EVENT_TREQ_X         IOVP_FIELD(97, 1)
#define EVENT_TREQ_W         IOVP_FIELD(98, 1)
#define EVENT_TREQ_R         IOVP_FIELD(99, 1)
#define EVENT_TREQ_SPAN      IOVP_FIELD(128, 8)
#define EVENT_PNU            IOVP_FIELD(97, 1)
#define EVENT_IND            IOVP_FIELD(98, 1)
#define EVENT_RNW            IOVP_FIELD(99, 1)
#define EVENT_NSIPA          IOVP_FIELD(100, 1)
#define EVENT_S2             IOVP_FIELD(103, 1)
#define EVENT_CLASS          IOVP_FIELD(104, 2)
#define EVENT_CLASS_CD       0u
#define EVENT_CLASS_TT       1u
#define EVENT_CLASS_IN       2u
#define EVENT_TTRNW          IOVP_FIELD(108, 1) /* F_PERMISSION of class TT */
#define EVENT_INPUTADDR_WORD 2                  /* InputAddr[63:0] */
#define EVENT_ADDR2_WORD     3                  /* IPA or FetchAddr */

/* ---- PRI queue records (8) ------------------------------------------ */
#define PRIQ_WORDS 2

#define PRIQ_STREAMID     IOVP_FIELD(0, 32)
#define PRIQ_SUBSTREAMID  IOVP_FIELD(32, 20)
#define PRIQ_PRIV         IOVP_FIELD(58, 1)
#define PRIQ_X            IOVP_FIELD(59, 1)
#define PRIQ_R            IOVP_FIELD(60, 1)
#define PRIQ_W            IOVP_FIELD(61, 1)
#define PRIQ_LAST         IOVP_FIELD(62, 1)
#define PRIQ_SSV          IOVP_FIELD(63, 1)
#define PRIQ_PRGINDEX     IOVP_FIELD(64, 9)
#define PRIQ_PRGINDEX_MAX 0x1ffu
#define PRIQ_ADDR_MASK    0xfffffffffffff000ull /* word 1 [63:12] */

/* ---- Commands (chapter 4) ------------------------------------------- */
#define CMD_BYTES 16
#define CMD_WORDS 2

/* Opcodes (4.1.1). */
#define CMD_PREFETCH_CONFIG  0x01u
#define CMD_PREFETCH_ADDR    0x02u
#define CMD_CFGI_STE         0x03u
#define CMD_CFGI_STE_RANGE   0x04u
#define CMD_CFGI_ALL         CMD_CFGI_STE_RANGE /* with Range == 31 */
#define CMD_CFGI_CD          0x05u
#define CMD_CFGI_CD_ALL      0x06u
#define CMD_CFGI_VMS_PIDM    0x07u
#define CMD_TLBI_NH_ALL      0x10u
#define CMD_TLBI_NH_ASID     0x11u
#define CMD_TLBI_NH_VA       0x12u
#define CMD_TLBI_NH_VAA      0x13u
#define CMD_TLBI_EL3_ALL     0x18u
#define CMD_TLBI_EL3_VA      0x1au
#define CMD_TLBI_EL2_ALL     0x20u
#define CMD_TLBI_EL2_ASID    0x21u
#define CMD_TLBI_EL2_VA      0x22u
#define CMD_TLBI_EL2_VAA     0x23u
#define CMD_TLBI_S12_VMALL   0x28u
#define CMD_TLBI_S2_IPA      0x2au
#define CMD_TLBI_NSNH_ALL    0x30u
#define CMD_ATC_INV          0x40u
#define CMD_PRI_RESP         0x41u
#define CMD_RESUME           0x44u
#define CMD_STALL_TERM       0x45u
#define CMD_SYNC             0x46u
#define CMD_TLBI_S_EL2_ALL   0x50u
#define CMD_TLBI_S_EL2_ASID  0x51u
#define CMD_TLBI_S_EL2_VA    0x52u
#define CMD_TLBI_S_EL2_VAA   0x53u
#define CMD_TLBI_S_S12_VMALL 0x58u
#define CMD_TLBI_S_S2_IPA    0x5au
#define CMD_TLBI_SNH_ALL     0x60u
#define CMD_DPTI_ALL         0x70u
#define CMD_DPTI_PA          0x73u

/* Common fields (4.1.6). */
#define CMD_OPCODE      IOVP_FIELD(0, 8)
#define CMD_SSEC        IOVP_FIELD(10, 1)
#define CMD_SSV         IOVP_FIELD(11, 1)
#define CMD_SUBSTREAMID IOVP_FIELD(12, 20)
#define CMD_STREAMID    IOVP_FIELD(32, 32)
#define CMD_ADDR_WORD   1
#define CMD_VA_MASK     0xfffffffffffff000ull /* word 1 [63:12] */
#define CMD_IPA_MASK    0x000ffffffffff000ull /* word 1 [51:12] */

#define CMD_PREFETCH_SIZE   IOVP_FIELD(64, 5)
#define CMD_PREFETCH_STRIDE IOVP_FIELD(69, 5)

#define CMD_CFGI_LEAF  IOVP_FIELD(64, 1)
#define CMD_CFGI_RANGE IOVP_FIELD(64, 5)

/* TLB invalidation (4.4.1.1). */
#define CMD_TLBI_NUM    IOVP_FIELD(12, 5)
#define CMD_TLBI_SCALE  IOVP_FIELD(20, 5)
#define CMD_TLBI_VMID   IOVP_FIELD(32, 16)
#define CMD_TLBI_ASID   IOVP_FIELD(48, 16)
#define CMD_TLBI_LEAF   IOVP_FIELD(64, 1)
#define CMD_TLBI_TTL    IOVP_FIELD(72, 2)
#define CMD_TLBI_TG     IOVP_FIELD(74, 2)
#define CMD_TLBI_TG_ANY 0u
#define CMD_TLBI_TG_4K  1u
#define CMD_TLBI_TG_16K 2u
#define CMD_TLBI_TG_64K 3u

#define CMD_ATC_INV_G    IOVP_FIELD(9, 1)
#define CMD_ATC_INV_SIZE IOVP_FIELD(64, 6)

#define CMD_PRI_RESP_PRGINDEX IOVP_FIELD(64, 9)
#define CMD_PRI_RESP_RESP     IOVP_FIELD(76, 2)
#define CMD_PRI_RESP_FAILURE  0u
#define CMD_PRI_RESP_INVALID  1u
#define CMD_PRI_RESP_SUCCESS  2u
#define CMD_PRI_RESP_RESERVED 3u

#define CMD_RESUME_AC   IOVP_FIELD(12, 1)
#define CMD_RESUME_AB   IOVP_FIELD(13, 1)
#define CMD_RESUME_STAG IOVP_FIELD(64, 16)

/* CMD_SYNC (4.7.3). */
#define CMD_SYNC_CS              IOVP_FIELD(12, 2)
#define CMD_SYNC_SIG_NONE        0u
#define CMD_SYNC_SIG_IRQ         1u
#define CMD_SYNC_SIG_SEV         2u
#define CMD_SYNC_RESERVED        3u
#define CMD_SYNC_MSH             IOVP_FIELD(22, 2)
#define CMD_SYNC_MSIATTR         IOVP_FIELD(24, 4)
#define CMD_SYNC_MSIDATA         IOVP_FIELD(32, 32)
#define CMD_SYNC_MSIADDRESS_MASK 0x00fffffffffffffcull /* word 1 [55:2] */

#endif

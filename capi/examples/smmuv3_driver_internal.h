/* SPDX-License-Identifier: MIT */
/* Layouts by their names in IHI 0070, and what the driver's files share. */
#ifndef SMMUV3_DRIVER_INTERNAL_H
#define SMMUV3_DRIVER_INTERNAL_H

#include "smmuv3_driver.h"

/* Registers, page 0 (6.1). */
#define IDR0             0x00
#define IDR0_S2P         (1u << 0)
#define IDR0_S1P         (1u << 1)
#define IDR0_TTF_AA64    (1u << 3)
#define IDR0_ATS         (1u << 10)
#define IDR0_ASID16      (1u << 12)
#define IDR0_PRI         (1u << 16)
#define IDR0_VMID16      (1u << 18)
#define IDR0_CD2L        (1u << 19)
#define IDR0_STALL_MODEL 24 /* [25:24] */
#define IDR0_ST_LEVEL    27 /* [28:27] */
#define IDR1             0x04
#define IDR1_SIDSIZE     0          /* [5:0] */
#define IDR1_SSIDSIZE    6          /* [10:6] */
#define IDR1_PRIQS       11         /* [15:11] */
#define IDR1_EVENTQS     16         /* [20:16] */
#define IDR1_CMDQS       21         /* [25:21] */
#define IDR1_PRESETS     (7u << 28) /* TABLES_PRESET, QUEUES_PRESET, REL */
#define IDR3             0x0c
#define IDR3_RIL         (1u << 10)
#define IDR5             0x14
#define IDR5_GRAN4K      (1u << 4)
#define IDR5_GRAN16K     (1u << 5)
#define IDR5_GRAN64K     (1u << 6)
#define CR0              0x20
#define CR0_SMMUEN       (1u << 0)
#define CR0_PRIQEN       (1u << 1)
#define CR0_EVENTQEN     (1u << 2)
#define CR0_CMDQEN       (1u << 3)
#define CR0_ATSCHK       (1u << 4)
#define CR0ACK           0x24
#define CR1              0x28
#define CR1_WB_ISH       0xd75u /* tables and queues: IC, OC = WB, SH = inner */
#define CR2              0x2c
#define CR2_RECINVSID    (1u << 1)
#define CR2_PTM          (1u << 2)
#define GBPA             0x44
#define GBPA_ABORT       (1u << 20)
#define GBPA_UPDATE      (1u << 31)
#define IRQ_CTRL         0x50
#define IRQ_CTRL_GERROR  (1u << 0)
#define IRQ_CTRL_PRIQ    (1u << 1)
#define IRQ_CTRL_EVENTQ  (1u << 2)
#define IRQ_CTRLACK      0x54
#define GERROR           0x60
#define GERROR_CMDQ_ERR  (1u << 0)
#define GERRORN          0x64
#define STRTAB_BASE      0x80
#define STRTAB_BASE_CFG  0x88
#define STRTAB_2LEVEL    (1u << 16)
#define STRTAB_SPLIT     6 /* [10:6] */
#define CMDQ_BASE        0x90
#define CMDQ_PROD        0x98
#define CMDQ_CONS        0x9c
#define CMDQ_CONS_ERR    24 /* [30:24] */
#define EVENTQ_BASE      0xa0
#define PRIQ_BASE        0xc0
#define BASE_HINT        (1ull << 62) /* RA or WA */
/* Page 1 */
#define EVENTQ_PROD      0x100a8
#define EVENTQ_CONS      0x100ac
#define EVENTQ_OVFLG     (1u << 31)
#define PRIQ_PROD        0x100c8
#define PRIQ_CONS        0x100cc

/* Commands (chapter 4) */
#define CMD_CFGI_STE       0x03u
#define CMD_CFGI_ALL       0x04u /* CFGI_STE_RANGE with Range = 31 */
#define CMD_CFGI_CD        0x05u
#define CMD_CFGI_CD_ALL    0x06u
#define CMD_TLBI_NH_ALL    0x10u
#define CMD_TLBI_NH_ASID   0x11u
#define CMD_TLBI_NH_VA     0x12u
#define CMD_TLBI_NH_VAA    0x13u
#define CMD_TLBI_S12_VMALL 0x28u
#define CMD_TLBI_S2_IPA    0x2au
#define CMD_TLBI_NSNH_ALL  0x30u
#define CMD_ATC_INV        0x40u
#define CMD_ATC_ALL        52u /* Size: all addresses */
#define CMD_PRI_RESP       0x41u
#define CMD_PRI_RESP_CODE  12 /* second word */
#define CMD_SSV            (1ull << 11)
#define CMD_RESUME         0x44u
#define CMD_RESUME_RETRY   (1ull << 12) /* Ac */
#define CMD_RESUME_ABORT   (1ull << 13) /* Ab */
#define CMD_NUM            12           /* 4.4.1.1, ranges of addresses */
#define CMD_SCALE          20
#define CMD_TG             10 /* second word */
#define CMD_SYNC           0x46u
#define CMD_LEAF           1u /* second word */
#define CMD_VMID(vmid)     ((uint64_t)(vmid) << 32)
#define CMD_SID(sid)       ((uint64_t)(sid) << 32)
#define CMD_SSID(ssid)     ((uint64_t)(ssid) << 12)
#define CMD_ASID(asid)     ((uint64_t)(asid) << 48)

/* Structures (chapter 5); words are 64 bits. */
#define L1STD_BYTES    8
#define STE_BYTES      64
#define STE0_V         1ull
#define STE0_CONFIG(c) ((uint64_t)(c) << 1)
#define STE0_ABORT     STE0_CONFIG(0)
#define STE0_BYPASS    STE0_CONFIG(4)
#define STE0_S1        STE0_CONFIG(5)
#define STE0_S2        STE0_CONFIG(6)
#define STE0_NESTED    STE0_CONFIG(7)
#define STE0_S1FMT_64K (2ull << 4)
#define STE0_S1CDMAX   59
#define STE1_WB_ISH    (1ull << 2 | 1ull << 4 | 3ull << 6) /* S1CIR COR CSH */
#define STE1_PPAR      (1ull << 18) /* a PASID on automatic PRG responses */
#define STE1_S1STALLD  (1ull << 27)
#define STE1_EATS      (1ull << 28) /* full ATS */
#define STE1_SHCFG_IN  (1ull << 44) /* the incoming shareability */
#define STE2_S2T0SZ    32
#define STE2_S2SL0     38
#define STE2_WB_ISH    (1ull << 40 | 1ull << 42 | 3ull << 44) /* IR0 OR0 SH0 */
#define STE2_S2TG      46
#define STE2_S2PS      48
#define STE2_S2AA64    (1ull << 51)
#define STE2_S2PTW     (1ull << 54)
#define STE2_S2S       (1ull << 57)
#define STE2_S2R       (1ull << 58)
#define L1CD_V         1ull
#define L1CD_BYTES     8
#define CD_BYTES       64
#define CD_LEAF_LOG2   10 /* CDs in a 64 KiB leaf table */
#define CD0_T0SZ       16ull
#define CD0_TG0        6
#define CD0_EPD0       (1ull << 14)
#define CD0_WB_ISH     (1ull << 8 | 1ull << 10 | 3ull << 12) /* IR0 OR0 SH0 */
#define CD0_EPD1       (1ull << 30)
#define CD0_V          (1ull << 31)
#define CD0_IPS        32
#define CD0_AA64       (1ull << 41)
#define CD0_S          (1ull << 44)
#define CD0_R          (1ull << 45)
#define CD0_A          (1ull << 46)
#define CD0_ASET       (1ull << 47)
#define CD0_ASID       48
#define CD3_MAIR       0xffull /* attribute 0: normal, write-back */

#define PAGE       0x1000ull
#define ST_SPLIT   8  /* StreamIDs a leaf stream table holds, log2 */
#define ST_MAX     25 /* StreamID bits that the driver makes a table for */
#define CMDQ_MAX   8
#define EVENTQ_MAX 12
#define PRIQ_MAX   9
#define POLLS      1000 /* before a wait is given up */

#define POLL_MOST_PS 1000000000ull /* 1 ms: no longer between two polls */

/*
 * The first failure sticks: until the next call of a public function,
 * accesses do nothing and reads give 0.  So a sequence needs one check.
 */
void smmu_fail(struct smmu_driver *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void smmu_begin(struct smmu_driver *d);
int smmu_end(const struct smmu_driver *d);

/* Registers of 32 bits. */
uint32_t smmu_rd32(struct smmu_driver *d, uint32_t reg);
void smmu_wr32(struct smmu_driver *d, uint32_t reg, uint32_t v);
/* CR0 and IRQ_CTRL, acknowledged on return. */
void smmu_set_cr0(struct smmu_driver *d, uint32_t v);
void smmu_set_irq_ctrl(struct smmu_driver *d, uint32_t v);

/* Words of guest memory. */
uint64_t smmu_get64(struct smmu_driver *d, uint64_t addr);
void smmu_put64(struct smmu_driver *d, uint64_t addr, uint64_t v);

uint32_t smmu_queue_next(const struct smmu_queue *q, uint32_t index);
uint64_t smmu_queue_entry(const struct smmu_queue *q, uint32_t index);

/* What the SMMU has written to a queue with an overflow flag (7.4); true: there
 * is something.  And: what was there is taken. */
bool smmu_queue_look(struct smmu_driver *d, struct smmu_queue *q, uint32_t reg);
void smmu_queue_taken(struct smmu_driver *d, const struct smmu_queue *q,
                      uint32_t reg);

/* 2^log2 STEs that abort. */
void smmu_ste_abort(struct smmu_driver *d, uint64_t table, unsigned log2);
/* The address of an STE; its table is made if need be. */
uint64_t smmu_ste_address(struct smmu_driver *d, uint32_t sid);
/* Change an STE; on return no transaction uses the old one. */
void smmu_ste_write(struct smmu_driver *d, uint32_t sid,
                    const uint64_t word[STE_BYTES / 8]);
/* Words of an STE for stage 1 by the stream's table. */
void smmu_ste_stage1(const struct smmu_stream *st,
                     uint64_t word[STE_BYTES / 8]);

/* Commands for the ATC of one StreamID; without a SYNC. */
void smmu_atc_commands(struct smmu_driver *d, uint32_t sid, uint32_t pasid,
                       uint64_t first, uint64_t last);

/* Make a stream's table of CDs, empty. */
void smmu_cd_table(struct smmu_driver *d, struct smmu_stream *st,
                   unsigned pasid_bits);
/* Change a CD; on return no transaction uses the old one. */
void smmu_cd_write(struct smmu_driver *d, const struct smmu_stream *st,
                   uint32_t ssid, const uint64_t word[CD_BYTES / 8]);
/* Words of a CD for the driver's own tables. */
void smmu_cd_words(const struct smmu_driver *d, const struct smmu_space *s,
                   uint64_t word[CD_BYTES / 8]);

/* Queue a command; and wait until all of them are complete. */
void smmu_cmd(struct smmu_driver *d, uint64_t word0, uint64_t word1);
void smmu_sync(struct smmu_driver *d);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory structures of SMMUv3 and VMSAv8-64 as plain words, written from the
 * specification (IHI 0070 G.b chapters 5 and 7, Arm ARM D8) and on purpose
 * without the headers of the code under test.
 *
 * A field is a pair "lowest bit, width", numbered as the specification
 * numbers it, so that a name can be handed to tb_put and tb_get.
 */
#ifndef IOVP_SMMU_TABLES_H
#define IOVP_SMMU_TABLES_H

#include <stdbool.h>
#include <stdint.h>

/* ---- STE (5.2) --------------------------------------------------------- */
#define T_STE_V        0, 1
#define T_STE_CONFIG   1, 3
#define T_STE_S1FMT    4, 2
#define T_STE_S1CPTR   6, 50 /* address bits [55:6] */
#define T_STE_S1CDMAX  59, 5
#define T_STE_S1DSS    64, 2
#define T_STE_S1CIR    66, 2
#define T_STE_S1COR    68, 2
#define T_STE_S1CSH    70, 2
#define T_STE_S1STALLD 91, 1
#define T_STE_EATS     92, 2
#define T_STE_STRW     94, 2
#define T_STE_MEMATTR  96, 4
#define T_STE_MTCFG    100, 1
#define T_STE_SHCFG    108, 2
#define T_STE_PRIVCFG  112, 2
#define T_STE_INSTCFG  114, 2
#define T_STE_S2VMID   128, 16
#define T_STE_S2T0SZ   160, 6
#define T_STE_S2SL0    166, 2
#define T_STE_S2IR0    168, 2
#define T_STE_S2OR0    170, 2
#define T_STE_S2SH0    172, 2
#define T_STE_S2TG     174, 2
#define T_STE_S2PS     176, 3
#define T_STE_S2AA64   179, 1
#define T_STE_S2ENDI   180, 1
#define T_STE_S2AFFD   181, 1
#define T_STE_S2PTW    182, 1
#define T_STE_S2HD     183, 1
#define T_STE_S2HA     184, 1
#define T_STE_S2S      185, 1
#define T_STE_S2R      186, 1
#define T_STE_S2TTB    196, 52 /* address bits [55:4] */

#define CONFIG_ABORT  0u
#define CONFIG_BYPASS 4u
#define CONFIG_S1     5u
#define CONFIG_S2     6u
#define CONFIG_NESTED 7u

/* ---- CD (5.4) ---------------------------------------------------------- */
#define T_CD_T0SZ 0, 6
#define T_CD_TG0  6, 2
#define T_CD_IR0  8, 2
#define T_CD_OR0  10, 2
#define T_CD_SH0  12, 2
#define T_CD_EPD0 14, 1
#define T_CD_ENDI 15, 1
#define T_CD_T1SZ 16, 6
#define T_CD_TG1  22, 2
#define T_CD_IR1  24, 2
#define T_CD_OR1  26, 2
#define T_CD_SH1  28, 2
#define T_CD_EPD1 30, 1
#define T_CD_V    31, 1
#define T_CD_IPS  32, 3
#define T_CD_AFFD 35, 1
#define T_CD_WXN  36, 1
#define T_CD_UWXN 37, 1
#define T_CD_TBI0 38, 1
#define T_CD_TBI1 39, 1
#define T_CD_PAN  40, 1
#define T_CD_AA64 41, 1
#define T_CD_HD   42, 1
#define T_CD_HA   43, 1
#define T_CD_S    44, 1
#define T_CD_R    45, 1
#define T_CD_A    46, 1
#define T_CD_ASET 47, 1
#define T_CD_ASID 48, 16
#define T_CD_HAD0 65, 1
#define T_CD_TTB0 68, 52 /* address bits [55:4] */
#define T_CD_HAD1 129, 1
#define T_CD_TTB1 132, 52
#define T_CD_MAIR 192, 64

/* ---- L1STD (5.1), L1CD (5.3) ------------------------------------------- */
static inline uint64_t l1std(uint64_t l2ptr, unsigned span)
{
    return l2ptr | span;
}

static inline uint64_t l1cd(uint64_t l2ptr, unsigned valid)
{
    return l2ptr | valid;
}

/* ---- VMSAv8-64 descriptors (D8.3) -------------------------------------- */
#define D_BLOCK      1ull
#define D_PAGE       3ull
#define D_TABLE      3ull
#define D_ATTR(n)    ((uint64_t)(n) << 2)
#define D_AP(n)      ((uint64_t)(n) << 6) /* AP[2:1] */
#define D_SH(n)      ((uint64_t)(n) << 8)
#define D_AF         (1ull << 10)
#define D_NG         (1ull << 11)
#define D_CONT       (1ull << 52)
#define D_PXN        (1ull << 53)
#define D_UXN        (1ull << 54)
#define D_PXNTABLE   (1ull << 59)
#define D_UXNTABLE   (1ull << 60)
#define D_APTABLE(n) ((uint64_t)(n) << 61)
#define D_S2MEM(n)   ((uint64_t)(n) << 2) /* MemAttr[3:0] */
#define D_S2AP(n)    ((uint64_t)(n) << 6)
#define D_S2XN(n)    ((uint64_t)(n) << 53) /* XN[1:0] */

/* A stage 1 leaf that everybody may read and write; not global. */
#define D_S1_RW (D_AF | D_NG | D_SH(3) | D_AP(1))
/* A stage 2 leaf that may be read, written and executed: Normal WB. */
#define D_S2_RW (D_AF | D_SH(3) | D_S2AP(3) | D_S2MEM(15))

/* ---- events (7.3) ------------------------------------------------------ */
#define E_UUT             0x01u
#define E_BAD_STREAMID    0x02u
#define E_STE_FETCH       0x03u
#define E_BAD_STE         0x04u
#define E_STREAM_DISABLED 0x06u
#define E_BAD_SUBSTREAMID 0x08u
#define E_CD_FETCH        0x09u
#define E_BAD_CD          0x0au
#define E_WALK_EABT       0x0bu
#define E_TRANSLATION     0x10u
#define E_ADDR_SIZE       0x11u
#define E_ACCESS          0x12u
#define E_PERMISSION      0x13u

/* What tb_event adds to a record; the access gives RnW, PnU and InD. */
#define EV_S2       1u
#define EV_CLASS_CD 0u
#define EV_CLASS_TT 2u
#define EV_CLASS_IN 4u
#define EV_TTRNW    8u  /* F_PERMISSION of class TT: a read */
#define EV_PNU      16u /* PRIVCFG: privileged whatever the access says */
#define EV_NO_PNU   32u
#define EV_IND      64u
#define EV_NO_IND   128u
#define EV_RNW      256u /* an atomic that lacks read permission only */

/* One access of a client. */
struct acc {
    uint32_t sid;
    int32_t ssid; /* -1: none */
    uint64_t va;
    bool read, write, priv, inst;
    uint8_t mem_type; /* default 0xff */
    uint8_t sh;
    uint8_t addr_type; /* PCIe AT, default untranslated */
    uint8_t space;     /* default Non-secure */
};

/* `how`: r read, w write, p privileged, x instruction. */
struct acc acc(uint32_t sid, uint64_t va, const char *how);
struct acc acc_ss(uint32_t sid, int32_t ssid, uint64_t va, const char *how);

/*
 * The whole record that 7.3 prescribes; `addr` is FetchAddr or the IPA.  The
 * type decides which fields exist.
 */
void tb_event(uint64_t ev[4], unsigned type, const struct acc *a,
              unsigned flags, uint64_t addr);

/* ---- words ------------------------------------------------------------- */

void tb_put(uint64_t *words, unsigned lsb, unsigned width, uint64_t v);
uint64_t tb_get(const uint64_t *words, unsigned lsb, unsigned width);

/* TG0/S2TG and TG1 of a granule given as 12, 14 or 16. */
unsigned tb_tg0(unsigned granule);
unsigned tb_tg1(unsigned granule);

/* Lowest input address bit that a level resolves. */
unsigned tb_shift(unsigned granule, int level);

/* SL0 that starts stage 2 at `level`; 9 if there is none. */
unsigned tb_sl0(unsigned granule, int level);

/* xorshift64*: the tests' own deterministic random numbers. */
struct rnd {
    uint64_t state;
};
uint64_t rnd64(struct rnd *r);
/* 0..n-1 */
unsigned rnd_below(struct rnd *r, unsigned n);
/* True in `percent` of the calls. */
bool rnd_chance(struct rnd *r, unsigned percent);

#endif

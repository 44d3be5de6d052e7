/* SPDX-License-Identifier: MIT */
/*
 * Bring-up of an SMMUv3, in the order of the specification's appendix on
 * initialisation: IHI 0070, 3.11 and 6.3.  Names are those of the registers.
 */
#include "smmu.h"

#include "../../models/smmuv3/smmuv3_fmt.h"
#include "../../models/smmuv3/smmuv3_regs.h"
#include "board.h"

#define POLLS       10000000u
#define QUEUE_LOG2  6u  /* entries of each queue */
#define SID_BITS    13u /* StreamIDs that the table has room for */
#define SPLIT       8u  /* of them, in a second-level table */
#define CACHED      1u  /* write-back, allocating */
#define SHARED      3u  /* inner shareable */
#define ASID        1u
#define T0SZ        25u /* 39 bits of address: three levels of 512 entries */
#define MAIR_CACHED 0xffu

/* Tables are aligned to their size. */
#define TABLE(bytes) __attribute__((aligned(bytes)))

static uint64_t commands[CMD_WORDS << QUEUE_LOG2] TABLE(1024);
static uint64_t events[EVENT_WORDS << QUEUE_LOG2] TABLE(2048);
static uint64_t streams[1 << (SID_BITS - SPLIT)] TABLE(256);
/* One second-level table is enough: all functions on one bus. */
static uint64_t entries[STE_WORDS << SPLIT] TABLE(16384);
static uint64_t context[CD_WORDS] TABLE(64);
static uint64_t level1[512] TABLE(4096), level2[512] TABLE(4096),
    level3[512] TABLE(4096);

static uint32_t reg(uint32_t at)
{
    return get32(SMMU_BASE + at);
}

static uint32_t id_field(uint32_t at, struct iovp_field field)
{
    return reg(at) >> field.lsb & (uint32_t)iovp_mask(field.width);
}

/* Wait until the register has this value below the mask. */
static bool await(uint32_t at, uint32_t mask, uint32_t value)
{
    for (uint32_t n = 0; n < POLLS; n++) {
        if ((reg(at) & mask) == value)
            return true;
    }
    return false;
}

/* CR0 takes effect when CR0ACK shows it (6.3.9). */
static bool set_cr0(uint32_t value)
{
    set32(SMMU_BASE + SMMU_CR0, value);
    return await(SMMU_CR0ACK, ~0u, value);
}

/* ---- command queue
 * ------------------------------------------------------------ */

/* PROD and CONS count to twice the size: the highest bit is the wrap (3.5.1).
 */
static uint32_t advance(uint32_t index)
{
    return (index + 1) & ((2u << QUEUE_LOG2) - 1);
}

static bool command(const uint64_t words[CMD_WORDS])
{
    uint32_t prod = reg(SMMU_CMDQ_PROD);
    uint32_t slot = prod & ((1u << QUEUE_LOG2) - 1);

    for (unsigned i = 0; i < CMD_WORDS; i++)
        commands[slot * CMD_WORDS + i] = words[i];
    barrier(); /* the entry before its index */
    set32(SMMU_BASE + SMMU_CMDQ_PROD, advance(prod));
    return await(SMMU_CMDQ_CONS, SMMU_QUEUE_INDEX_MASK, advance(prod));
}

/* What was commanded before is complete when CMD_SYNC is consumed (4.7.3). */
static bool synchronise(void)
{
    uint64_t sync[CMD_WORDS] = {CMD_SYNC, 0};

    return command(sync) &&
           !((reg(SMMU_GERROR) ^ reg(SMMU_GERRORN)) & SMMU_GERROR_CMDQ_ERR);
}

static bool invalidate_all(void)
{
    uint64_t configuration[CMD_WORDS] = {CMD_CFGI_ALL, 31};
    uint64_t translations[CMD_WORDS] = {CMD_TLBI_NSNH_ALL, 0};

    return command(configuration) && command(translations) && synchronise();
}

/* ---- start
 * -------------------------------------------------------------------- */

/* 6.3.14: while SMMUEN is 0, GBPA decides; a write needs UPDATE. */
bool smmu_block(void)
{
    if (!set_cr0(0) || !await(SMMU_GBPA, SMMU_GBPA_UPDATE, 0))
        return false;
    set32(SMMU_BASE + SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    return await(SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT,
                 SMMU_GBPA_ABORT);
}

static bool supported(void)
{
    return reg(SMMU_IDR0) & SMMU_IDR0_S1P &&
           id_field(SMMU_IDR0, SMMU_IDR0_TTF) & SMMU_IDR0_TTF_AARCH64 &&
           id_field(SMMU_IDR0, SMMU_IDR0_ST_LEVEL) == SMMU_IDR0_ST_LEVEL_2 &&
           id_field(SMMU_IDR1, SMMU_IDR1_SIDSIZE) >= SID_BITS &&
           id_field(SMMU_IDR1, SMMU_IDR1_CMDQS) >= QUEUE_LOG2 &&
           id_field(SMMU_IDR1, SMMU_IDR1_EVENTQS) >= QUEUE_LOG2 &&
           reg(SMMU_IDR5) & SMMU_IDR5_GRAN4K;
}

static void set_bases(void)
{
    uint64_t cfg = 0;

    iovp_put_field(&cfg, SMMU_STRTAB_BASE_CFG_LOG2SIZE, SID_BITS);
    iovp_put_field(&cfg, SMMU_STRTAB_BASE_CFG_SPLIT, SPLIT);
    iovp_put_field(&cfg, SMMU_STRTAB_BASE_CFG_FMT, SMMU_STRTAB_FMT_2LVL);
    set32(SMMU_BASE + SMMU_STRTAB_BASE_CFG, (uint32_t)cfg);
    set64(SMMU_BASE + SMMU_STRTAB_BASE,
          (uintptr_t)streams | SMMU_STRTAB_BASE_RA);
    set64(SMMU_BASE + SMMU_CMDQ_BASE,
          (uintptr_t)commands | SMMU_QUEUE_BASE_HINT | QUEUE_LOG2);
    set32(SMMU_BASE + SMMU_CMDQ_PROD, 0);
    set32(SMMU_BASE + SMMU_CMDQ_CONS, 0);
    set64(SMMU_BASE + SMMU_EVENTQ_BASE,
          (uintptr_t)events | SMMU_QUEUE_BASE_HINT | QUEUE_LOG2);
    set32(SMMU_BASE + SMMU_PAGE1 + SMMU_EVENTQ_PROD, 0);
    set32(SMMU_BASE + SMMU_PAGE1 + SMMU_EVENTQ_CONS, 0);
}

static void set_attributes(void)
{
    uint64_t cr1 = 0;

    iovp_put_field(&cr1, SMMU_CR1_QUEUE_IC, CACHED);
    iovp_put_field(&cr1, SMMU_CR1_QUEUE_OC, CACHED);
    iovp_put_field(&cr1, SMMU_CR1_QUEUE_SH, SHARED);
    iovp_put_field(&cr1, SMMU_CR1_TABLE_IC, CACHED);
    iovp_put_field(&cr1, SMMU_CR1_TABLE_OC, CACHED);
    iovp_put_field(&cr1, SMMU_CR1_TABLE_SH, SHARED);
    set32(SMMU_BASE + SMMU_CR1, (uint32_t)cr1);
    /* Unknown StreamIDs are events, too. */
    set32(SMMU_BASE + SMMU_CR2, SMMU_CR2_RECINVSID | SMMU_CR2_PTM);
}

bool smmu_enable(void)
{
    const uint32_t queues = SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN;

    if (!supported())
        return false;
    set_attributes();
    set_bases();
    barrier();
    /* Before translation: no cache remembers what was there before. */
    return set_cr0(SMMU_CR0_CMDQEN) && invalidate_all() && set_cr0(queues) &&
           set_cr0(queues | SMMU_CR0_SMMUEN);
}

/* ---- streams
 * ------------------------------------------------------------------ */

/* 5.4: stage 1, 39 bits of address by TTB0, nothing by TTB1. */
static void fill_context(void)
{
    uint64_t *cd = context;

    iovp_put_field(cd, CD_T0SZ, T0SZ);
    iovp_put_field(cd, CD_IR0, CACHED);
    iovp_put_field(cd, CD_OR0, CACHED);
    iovp_put_field(cd, CD_SH0, SHARED);
    iovp_put_field(cd, CD_EPD1, 1);
    iovp_put_field(cd, CD_IPS, id_field(SMMU_IDR5, SMMU_IDR5_OAS));
    iovp_put_field(cd, CD_AA64, 1);
    iovp_put_field(cd, CD_R, 1); /* record faults */
    iovp_put_field(cd, CD_A, 1); /* and abort what faults */
    iovp_put_field(cd, CD_ASET, 1);
    iovp_put_field(cd, CD_ASID, ASID);
    cd[1] |= (uintptr_t)level1;
    cd[CD_MAIR_WORD] = MAIR_CACHED; /* AttrIndx 0 */
    iovp_put_field(cd, CD_V, 1);
}

bool smmu_attach(uint32_t stream)
{
    uint64_t *ste = &entries[(stream & ((1u << SPLIT) - 1)) * STE_WORDS];
    uint64_t *first = &streams[stream >> SPLIT];
    uint64_t changed[CMD_WORDS] = {CMD_CFGI_STE, 1};

    fill_context();
    iovp_put_field(ste, STE_CONFIG, STE_CONFIG_S1);
    ste[0] |= (uintptr_t)context;
    iovp_put_field(ste, STE_S1CIR, CACHED);
    iovp_put_field(ste, STE_S1COR, CACHED);
    iovp_put_field(ste, STE_S1CSH, SHARED);
    iovp_put_field(ste, STE_SHCFG, STE_SHCFG_USE_IN);
    iovp_put_field(ste, STE_STRW, STE_STRW_NSEL1);
    barrier(); /* everything else is there when it becomes valid */
    iovp_put_field(ste, STE_V, 1);
    *first = (uintptr_t)entries;
    iovp_put_field(first, L1STD_SPAN, SPLIT + 1);
    barrier();
    /* Without Leaf, so that the first level is forgotten too (4.3.1). */
    changed[1] = 0;
    iovp_put_field(changed, CMD_STREAMID, stream);
    return command(changed) && synchronise();
}

/* ---- pages
 * -------------------------------------------------------------------- */

#define PTE_TABLE      3ull
#define PTE_PAGE       3ull
#define PTE_USER       (1ull << 6) /* AP[1] */
#define PTE_READONLY   (1ull << 7) /* AP[2] */
#define PTE_SHARED     (3ull << 8)
#define PTE_ACCESSED   (1ull << 10)
#define PTE_NOT_GLOBAL (1ull << 11)
#define PTE_NO_EXECUTE (3ull << 53)

static unsigned index_of(uint64_t iova, unsigned level)
{
    return (unsigned)(iova >> (12 + 9 * (3 - level))) & 511;
}

/* All pages are in the same 2 MiB: this example has one table of each level. */
bool smmu_map(uint64_t iova, const void *page, bool writable)
{
    uint64_t *pte = &level3[index_of(iova, 3)];

    if (*pte || (uintptr_t)page % PAGE || iova % PAGE)
        return false;
    *pte = (uintptr_t)page | PTE_PAGE | PTE_USER | PTE_SHARED | PTE_ACCESSED |
           PTE_NOT_GLOBAL | PTE_NO_EXECUTE | (writable ? 0 : PTE_READONLY);
    level2[index_of(iova, 2)] = (uintptr_t)level3 | PTE_TABLE;
    level1[index_of(iova, 1)] = (uintptr_t)level2 | PTE_TABLE;
    barrier();
    return true; /* what was invalid is in no TLB */
}

bool smmu_unmap(uint64_t iova)
{
    uint64_t old[CMD_WORDS] = {CMD_TLBI_NH_VA, iova & CMD_VA_MASK};

    level3[index_of(iova, 3)] = 0;
    barrier();
    iovp_put_field(old, CMD_TLBI_ASID, ASID);
    iovp_put_field(old, CMD_TLBI_LEAF, 1);
    return command(old) && synchronise();
}

/* ---- events
 * ------------------------------------------------------------------- */

bool smmu_next_event(struct event *event)
{
    uint32_t cons = reg(SMMU_PAGE1 + SMMU_EVENTQ_CONS) & SMMU_QUEUE_INDEX_MASK;
    uint32_t prod = reg(SMMU_PAGE1 + SMMU_EVENTQ_PROD) & SMMU_QUEUE_INDEX_MASK;
    const uint64_t *record =
        &events[(cons & ((1u << QUEUE_LOG2) - 1)) * EVENT_WORDS];

    if (cons == prod)
        return false;
    barrier(); /* the index before its entry */
    event->type = (unsigned)iovp_get_field(record, EVENT_TYPE);
    event->stream = (uint32_t)iovp_get_field(record, EVENT_SID);
    event->address = record[EVENT_INPUTADDR_WORD];
    event->read = iovp_get_field(record, EVENT_RNW);
    set32(SMMU_BASE + SMMU_PAGE1 + SMMU_EVENTQ_CONS, advance(cons));
    return true;
}

bool smmu_is_well(void)
{
    return reg(SMMU_GERROR) == reg(SMMU_GERRORN);
}

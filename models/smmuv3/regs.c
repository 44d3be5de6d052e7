/* SPDX-License-Identifier: MIT */
/* Register accesses (chapter 6) and the Update of CR0, IRQ_CTRL and GBPA. */
#include <string.h>

#include "queue.h"
#include "regs_table.h"
#include "smmuv3_internal.h"

#define PAGE_MASK 0xffffu

/* Transactions bypass with their own attributes until software decides. */
#define GBPA_RESET (STE_SHCFG_USE_IN << 12)

void smmuv3_regs_reset(struct smmuv3 *s)
{
    memset(s->reg, 0, sizeof(s->reg));
    s->reg[SMMU_IDR0 / 4] = s->cfg.idr0;
    s->reg[SMMU_IDR1 / 4] = s->cfg.idr1;
    s->reg[SMMU_IDR3 / 4] = s->cfg.idr3;
    s->reg[SMMU_IDR5 / 4] = s->cfg.idr5;
    s->reg[SMMU_IIDR / 4] = s->cfg.iidr;
    s->reg[SMMU_AIDR / 4] = s->cfg.aidr;
    s->reg[SMMU_GBPA / 4] = GBPA_RESET;
    s->ack_due = 0;
    s->irq_ack_due = 0;
    s->gbpa_due = 0;
    s->ack_pending = false;
    s->work_ps = 0;
    smmuv3_sync_cancel(s);
}

/* ---- attributes of accesses that the SMMU originates (6.3.11) ------- */

/* One nibble of a MAIR byte for CR1's IC and OC encodings. */
static uint8_t cacheability(uint64_t field)
{
    static const uint8_t nibble[4] = {0x4, 0xf, 0xb, 0x4};

    return nibble[field & 3];
}

static struct iovp_bus_attrs cr1_attrs(const struct smmuv3 *s, unsigned lsb)
{
    uint32_t cr1 = smmuv3_reg(s, SMMU_CR1) >> lsb;
    uint8_t sh = (cr1 >> 4) & 3;
    struct iovp_bus_attrs a = {0};

    a.space = IOVP_SPACE_NONSECURE;
    a.mem_type = (uint8_t)(cacheability(cr1 >> 2) << 4 | cacheability(cr1));
    a.shareability = smmuv3_consistent_sh(a.mem_type, sh);
    return a;
}

struct iovp_bus_attrs smmuv3_queue_attrs(const struct smmuv3 *s)
{
    return cr1_attrs(s, 0);
}

struct iovp_bus_attrs smmuv3_table_attrs(const struct smmuv3 *s)
{
    return cr1_attrs(s, 6);
}

/* ---- Update (6.3.9, 6.3.14.1, 6.3.16) -------------------------------- */

static void cr0_complete(struct smmuv3 *s)
{
    uint32_t cr0 = smmuv3_reg(s, SMMU_CR0);
    uint32_t changed = cr0 ^ smmuv3_reg(s, SMMU_CR0ACK);

    s->reg[SMMU_CR0ACK / 4] = cr0;
    if (!(cr0 & SMMU_CR0_CMDQEN))
        smmuv3_sync_cancel(s);
    if (changed & ~cr0 & SMMU_CR0_SMMUEN)
        smmuv3_stalls_terminate(s, 0, UINT32_MAX);
    if (changed & SMMU_CR0_SMMUEN)
        smmuv3_tell_reset(s);
}

/* What GBPA says is what happens while SMMUEN is 0. */
static void gbpa_complete(struct smmuv3 *s)
{
    s->reg[SMMU_GBPA / 4] &= ~SMMU_GBPA_UPDATE;
    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN))
        smmuv3_tell_reset(s);
}

static bool cr0_updating(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_CR0) != smmuv3_reg(s, SMMU_CR0ACK);
}

static bool irq_ctrl_updating(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_IRQ_CTRL) != smmuv3_reg(s, SMMU_IRQ_CTRLACK);
}

static bool gbpa_updating(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_GBPA) & SMMU_GBPA_UPDATE;
}

void smmuv3_update_registers(struct smmuv3 *s)
{
    bool timed = s->ops.now && s->cfg.timing.ack_cycles;
    uint64_t now = smmuv3_now(s);

    if (cr0_updating(s) && (!timed || now >= s->ack_due))
        cr0_complete(s);
    if (irq_ctrl_updating(s) && (!timed || now >= s->irq_ack_due))
        s->reg[SMMU_IRQ_CTRLACK / 4] = smmuv3_reg(s, SMMU_IRQ_CTRL);
    if (gbpa_updating(s) && (!timed || now >= s->gbpa_due))
        gbpa_complete(s);
    s->ack_pending =
        cr0_updating(s) || irq_ctrl_updating(s) || gbpa_updating(s);
}

uint64_t smmuv3_update_due(const struct smmuv3 *s)
{
    uint64_t due = UINT64_MAX;

    if (cr0_updating(s))
        due = s->ack_due;
    if (irq_ctrl_updating(s) && s->irq_ack_due < due)
        due = s->irq_ack_due;
    if (gbpa_updating(s) && s->gbpa_due < due)
        due = s->gbpa_due;
    return due;
}

static uint64_t update_due(const struct smmuv3 *s)
{
    return smmuv3_now(s) +
           (uint64_t)s->cfg.timing.ack_cycles * s->cfg.timing.clock_ps;
}

static void hook_cr0(struct smmuv3 *s)
{
    if (cr0_updating(s))
        s->ack_due = update_due(s);
}

static void hook_irq_ctrl(struct smmuv3 *s)
{
    if (irq_ctrl_updating(s))
        s->irq_ack_due = update_due(s);
}

static void hook_gbpa(struct smmuv3 *s)
{
    s->gbpa_due = update_due(s);
}

/* ---- reads ------------------------------------------------------------ */

/* 6.2.2: page 1 has these and nothing else; in page 0 they are RAZ/WI. */
static bool page1_register(uint32_t offset)
{
    return offset == SMMU_EVENTQ_PROD || offset == SMMU_EVENTQ_CONS ||
           offset == SMMU_PRIQ_PROD || offset == SMMU_PRIQ_CONS;
}

/* 6.3.170: the peripheral IDs repeat what IIDR says. */
static uint32_t id_register(const struct smmuv3 *s, uint32_t offset)
{
    uint32_t iidr = s->cfg.iidr;

    switch (offset) {
    case SMMU_PIDR4:
        return (uint32_t)iovp_bits(iidr, 11, 8);
    case SMMU_PIDR0:
        return (uint32_t)iovp_bits(iidr, 27, 20);
    case SMMU_PIDR1:
        return (uint32_t)(iovp_bits(iidr, 3, 0) << 4 | iovp_bits(iidr, 31, 28));
    case SMMU_PIDR2:
        return (uint32_t)(iovp_bits(iidr, 19, 16) << 4 | 1u << 3 |
                          iovp_bits(iidr, 6, 4));
    case SMMU_PIDR3:
        return (uint32_t)(iovp_bits(iidr, 15, 12) << 4);
    case SMMU_CIDR0:
        return 0x0d;
    case SMMU_CIDR1:
        return 0xf0;
    case SMMU_CIDR2:
        return 0x05;
    case SMMU_CIDR3:
        return 0xb1;
    default:
        return 0;
    }
}

/* The indexes that the SMMU owns read as zero above their wrap bit. */
static uint32_t visible(const struct smmuv3 *s, uint32_t offset, uint32_t v)
{
    unsigned log2;

    if (offset == SMMU_CMDQ_CONS)
        log2 = smmuv3_cmdq(s).log2;
    else if (offset == SMMU_EVENTQ_PROD)
        log2 = smmuv3_eventq(s).log2;
    else if (offset == SMMU_PRIQ_PROD)
        log2 = smmuv3_priq(s).log2;
    else
        return v;
    return v & (~SMMU_QUEUE_INDEX_MASK | smmuv3_queue_mask(log2));
}

static uint32_t read32(const struct smmuv3 *s, uint32_t offset)
{
    uint32_t reg = offset & PAGE_MASK;
    bool page1 = offset >= SMMU_PAGE1;

    if (page1 != page1_register(reg))
        return 0;
    if (reg < SMMUV3_REG_WORDS * 4)
        return visible(s, reg, s->reg[reg / 4]);
    return id_register(s, reg);
}

/* ---- writes ----------------------------------------------------------- */

struct guard {
    uint16_t ctrl, ack;
    uint32_t bits;
};

static const struct guard guards[SMMUV3_GUARDS] = {
    [SMMUV3_GUARD_SMMUEN] = {SMMU_CR0, SMMU_CR0ACK, SMMU_CR0_SMMUEN},
    [SMMUV3_GUARD_CMDQEN] = {SMMU_CR0, SMMU_CR0ACK, SMMU_CR0_CMDQEN},
    [SMMUV3_GUARD_EVENTQEN] = {SMMU_CR0, SMMU_CR0ACK, SMMU_CR0_EVENTQEN},
    [SMMUV3_GUARD_PRIQEN] = {SMMU_CR0, SMMU_CR0ACK, SMMU_CR0_PRIQEN},
    [SMMUV3_GUARD_QUEUES] = {SMMU_CR0, SMMU_CR0ACK,
                             SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN |
                                 SMMU_CR0_PRIQEN},
    [SMMUV3_GUARD_GERROR_IRQEN] = {SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK,
                                   SMMU_IRQ_CTRL_GERROR},
    [SMMUV3_GUARD_EVENTQ_IRQEN] = {SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK,
                                   SMMU_IRQ_CTRL_EVENTQ},
    [SMMUV3_GUARD_PRIQ_IRQEN] = {SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK,
                                 SMMU_IRQ_CTRL_PRIQ},
};

/*
 * 6.2: a guarded field changes only while its guard is 0 and no Update to or
 * from 0 is under way; otherwise the write is IGNORED, which is what SMMUv3.2
 * makes mandatory.
 */
static bool guard_open(const struct smmuv3 *s,
                       const struct smmuv3_reg_fields *f, uint32_t value)
{
    const struct guard *g = &guards[f->guard];
    uint32_t ack = f->offset + 4;

    switch (f->guard) {
    case SMMUV3_GUARD_NONE:
        return true;
    case SMMUV3_GUARD_OWN_UPDATE:
        /* 6.3.9: an Update under way completes with its first value. */
        return !((smmuv3_reg(s, f->offset) ^ smmuv3_reg(s, ack)) & f->writable);
    case SMMUV3_GUARD_GBPA:
        /* 6.3.14.1: written with Update set, when no Update is under way. */
        return (value & SMMU_GBPA_UPDATE) && !gbpa_updating(s);
    default:
        return !((smmuv3_reg(s, g->ctrl) | smmuv3_reg(s, g->ack)) & g->bits);
    }
}

/* The bits of the 32-bit half at `offset` that this row lets be written. */
static uint32_t row_mask(const struct smmuv3 *s,
                         const struct smmuv3_reg_fields *f, uint32_t offset)
{
    uint64_t mask = f->writable;

    if (offset != f->offset && (f->width != 64 || offset != f->offset + 4))
        return 0;
    if ((s->cfg.idr0 & f->need) != f->need)
        return 0;
    if (f->address) {
        unsigned oas = smmuv3_oas_bits(s);

        mask &= ~(iovp_mask(56) & ~iovp_mask(oas));
    }
    return (uint32_t)(offset == f->offset ? mask : mask >> 32);
}

static void write32(struct smmuv3 *s, uint32_t offset, uint32_t value)
{
    static void (*const hooks[SMMUV3_HOOKS])(struct smmuv3 *) = {
        [SMMUV3_HOOK_CR0] = hook_cr0,
        [SMMUV3_HOOK_IRQ_CTRL] = hook_irq_ctrl,
        [SMMUV3_HOOK_GBPA] = hook_gbpa,
    };
    uint32_t mask = 0, old, *reg;
    uint8_t hook = SMMUV3_HOOK_NONE;

    for (size_t i = 0; i < smmuv3_reg_table_rows; i++) {
        const struct smmuv3_reg_fields *f = &smmuv3_reg_table[i];
        uint32_t m;

        if (f->offset > offset)
            break;
        m = row_mask(s, f, offset);
        if (m && guard_open(s, f, value)) {
            mask |= m;
            hook = f->hook;
        }
    }
    if (!mask)
        return;
    reg = &s->reg[(offset & PAGE_MASK) / 4];
    old = *reg;
    *reg = (old & ~mask) | (value & mask);
    /* Writing the same value again does not delay an Update. */
    if (*reg != old && hooks[hook])
        hooks[hook](s);
    smmuv3_update_registers(s);
}

/* ---- the two entries ---------------------------------------------------- */

/* 6.2: aligned 32-bit and 64-bit accesses only; others are RAZ/WI. */
static bool access_legal(const struct smmuv3 *s, uint32_t offset,
                         unsigned width)
{
    if (s->engaged)
        return false; /* one of our own accesses came back to us */
    if (width != 4 && width != 8)
        return false;
    return offset < SMMUV3_MMIO_SIZE && offset % width == 0;
}

/*
 * Any access may have completed an Update that lets commands be processed or
 * events be recorded.
 */
static void kick(struct smmuv3 *s)
{
    if ((s->ack_pending || smmuv3_cmdq_ready(s) || smmuv3_stalls_due(s)) &&
        s->ops.wake)
        s->ops.wake(s->opaque);
}

/*
 * Every register of the Non-secure interface is open to every security space;
 * the Secure bank is RES0 because SMMU_S_IDR1.SECURE_IMPL == 0 (6.2).
 */
bool smmuv3_mmio_read(struct smmuv3 *s, uint32_t offset, unsigned width,
                      uint8_t space, uint64_t *value)
{
    bool updating = s->ack_pending;

    (void)space;
    *value = 0;
    if (!access_legal(s, offset, width))
        return false;
    smmuv3_tick(s);
    if (updating)
        kick(s);
    *value = read32(s, offset);
    if (width == 8)
        *value |= (uint64_t)read32(s, offset + 4) << 32;
    return true;
}

void smmuv3_mmio_peek(const struct smmuv3 *s, uint32_t offset, void *data,
                      uint32_t length)
{
    uint8_t *out = (uint8_t *)data;
    uint32_t word = 0;

    for (uint32_t i = 0; i < length; i++) {
        uint32_t at = offset + i;

        if (!i || at % 4 == 0)
            word = at < SMMUV3_MMIO_SIZE ? read32(s, at & ~3u) : 0;
        out[i] = (uint8_t)(word >> at % 4 * 8);
    }
}

bool smmuv3_mmio_write(struct smmuv3 *s, uint32_t offset, unsigned width,
                       uint8_t space, uint64_t value)
{
    (void)space;
    if (!access_legal(s, offset, width))
        return false;
    smmuv3_tick(s);
    write32(s, offset, (uint32_t)value);
    if (width == 8)
        write32(s, offset + 4, (uint32_t)(value >> 32));
    kick(s);
    return true;
}

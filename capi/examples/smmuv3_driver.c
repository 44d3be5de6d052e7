/* SPDX-License-Identifier: MIT */
/*
 * Top to bottom: access, Command queue, reset.  Streams and PASIDs are in
 * smmuv3_driver_streams.c, the Event queue in smmuv3_driver_events.c, ATS and
 * page requests in smmuv3_driver_ats.c, page tables in smmuv3_driver_pt.c.
 * Numbers in comments are sections of IHI 0070.
 */
#include "smmuv3_driver_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- access ------------------------------------------------------------ */

void smmu_fail(struct smmu_driver *d, const char *fmt, ...)
{
    va_list ap;

    if (d->failed)
        return;
    d->failed = true;
    va_start(ap, fmt);
    vsnprintf(d->message, sizeof(d->message), fmt, ap);
    va_end(ap);
}

void smmu_begin(struct smmu_driver *d)
{
    d->failed = false;
    d->message[0] = '\0';
}

int smmu_end(const struct smmu_driver *d)
{
    return d->failed ? -1 : 0;
}

static void api(struct smmu_driver *d, iovp_status s)
{
    if (s != IOVP_OK)
        smmu_fail(d, "%s: %s", iovp_strerror(s), iovp_last_error());
}

uint32_t smmu_rd32(struct smmu_driver *d, uint32_t reg)
{
    uint64_t v = 0;

    if (!d->failed)
        api(d, iovp_mmio_read(d->platform, d->base + reg, 4,
                              IOVP_SPACE_NONSECURE, &v));
    return d->failed ? 0 : (uint32_t)v;
}

static void write_reg(struct smmu_driver *d, uint32_t reg, uint32_t width,
                      uint64_t v)
{
    if (!d->failed)
        api(d, iovp_mmio_write(d->platform, d->base + reg, width,
                               IOVP_SPACE_NONSECURE, v));
}

void smmu_wr32(struct smmu_driver *d, uint32_t reg, uint32_t v)
{
    write_reg(d, reg, 4, v);
}

static void wr64(struct smmu_driver *d, uint32_t reg, uint64_t v)
{
    write_reg(d, reg, 8, v);
}

/* Structures are little-endian in memory whatever the host is. */
uint64_t smmu_get64(struct smmu_driver *d, uint64_t addr)
{
    uint8_t b[8] = {0};
    uint64_t v = 0;

    if (!d->failed)
        api(d, iovp_mem_read(d->platform, addr, b, 8));
    for (int i = 7; i >= 0; i--)
        v = v << 8 | b[i];
    return d->failed ? 0 : v;
}

void smmu_put64(struct smmu_driver *d, uint64_t addr, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    if (!d->failed)
        api(d, iovp_mem_write(d->platform, addr, b, 8));
}

uint64_t smmu_alloc(struct smmu_driver *d, uint64_t bytes, uint64_t align)
{
    static const uint8_t zero[PAGE];
    uint64_t mask = (align < PAGE ? PAGE : align) - 1;
    uint64_t addr;

    if (d->failed)
        return 0;
    if (d->hooks) {
        addr = d->hooks->alloc(d->ud, bytes, align);
        if (!addr)
            smmu_fail(d, "no memory for %" PRIu64 " bytes of tables", bytes);
        return addr;
    }
    addr = (d->ram->next + mask) & ~mask;
    bytes = (bytes + PAGE - 1) & ~(PAGE - 1);
    if (addr < d->ram->next || addr > d->ram->end ||
        d->ram->end - addr < bytes) {
        smmu_fail(d, "no guest RAM left for %" PRIu64 " bytes of tables",
                  bytes);
        return 0;
    }
    d->ram->next = addr + bytes;
    for (uint64_t i = 0; i < bytes && !d->failed; i += PAGE)
        api(d, iovp_mem_write(d->platform, addr + i, zero, PAGE));
    return d->failed ? 0 : addr;
}

/* In timed mode registers change only while time passes. */
static void let_time_pass(struct smmu_driver *d, uint64_t ps)
{
    if (!ps || d->failed)
        return;
    if (d->hooks)
        api(d, d->hooks->wait(d->ud, ps));
    else
        api(d, iovp_run_until(d->platform, iovp_now(d->platform) + ps, NULL));
}

static void poll32(struct smmu_driver *d, uint32_t reg, uint32_t mask,
                   uint32_t want, const char *name)
{
    uint32_t v = 0;

    for (int i = 0; i < POLLS && !d->failed; i++) {
        v = smmu_rd32(d, reg) & mask;
        if (v == want)
            return;
        let_time_pass(d, d->poll_ps);
    }
    smmu_fail(d, "%s reads 0x%x, not 0x%x, after %d polls", name, v, want,
              POLLS);
}

/* ---- Command queue (3.5, 4) -------------------------------------------- */

static void queue_create(struct smmu_driver *d, struct smmu_queue *q,
                         unsigned log2, unsigned bytes)
{
    uint64_t size = (uint64_t)bytes << log2;

    q->base = smmu_alloc(d, size, size); /* aligned to its size */
    q->log2 = log2;
    q->bytes = bytes;
    q->prod = q->cons = 0;
}

uint32_t smmu_queue_next(const struct smmu_queue *q, uint32_t index)
{
    return (index + 1) & ((2u << q->log2) - 1);
}

uint64_t smmu_queue_entry(const struct smmu_queue *q, uint32_t index)
{
    return q->base + (uint64_t)(index & ((1u << q->log2) - 1)) * q->bytes;
}

/*
 * 7.1: consumption stopped at a bad command.  Put a CMD_SYNC in its place, so
 * that the others go on when the error is acknowledged.
 */
static uint32_t cmdq_skip(struct smmu_driver *d, uint32_t cons)
{
    uint64_t at = smmu_queue_entry(&d->cmdq, cons);
    uint64_t bad = smmu_get64(d, at);

    smmu_put64(d, at, CMD_SYNC);
    smmu_put64(d, at + 8, 0);
    return (uint32_t)(bad & 0xff);
}

static void gerror(struct smmu_driver *d)
{
    uint32_t flags = smmu_rd32(d, GERROR);
    uint32_t active = flags ^ smmu_rd32(d, GERRORN);
    uint32_t cons = smmu_rd32(d, CMDQ_CONS), opcode = 0;

    if (!active || d->failed)
        return;
    if (active & GERROR_CMDQ_ERR)
        opcode = cmdq_skip(d, cons);
    smmu_wr32(d, GERRORN, flags);
    d->gerrors++;
    if (active & GERROR_CMDQ_ERR)
        smmu_fail(d, "GERROR 0x%x: command 0x%02x refused, CMDQ_CONS.ERR = %u",
                  active, opcode, cons >> CMDQ_CONS_ERR & 0x7f);
    else
        smmu_fail(d, "GERROR 0x%x", active);
}

/*
 * Ring the doorbell and wait until everything is consumed.  An endpoint may
 * take long for an ATS invalidation (3.9.1.4): behind POLLS polls the steps
 * grow.
 */
static void cmdq_drain(struct smmu_driver *d)
{
    struct smmu_queue *q = &d->cmdq;
    uint64_t step = d->poll_ps, waited = 0;
    uint32_t cons;

    smmu_wr32(d, CMDQ_PROD, q->prod);
    for (int i = 0; !d->failed && (i < POLLS || waited < d->atc_ps); i++) {
        cons = smmu_rd32(d, CMDQ_CONS);
        q->cons = cons & ((2u << q->log2) - 1);
        if (q->cons == q->prod)
            return;
        if (cons >> CMDQ_CONS_ERR & 0x7f)
            gerror(d);
        let_time_pass(d, step);
        waited += step;
        if (i >= POLLS && step < POLL_MOST_PS)
            step *= 2;
    }
    smmu_fail(d, "the Command queue stands still: PROD 0x%x, CONS 0x%x",
              q->prod, q->cons);
}

void smmu_cmd(struct smmu_driver *d, uint64_t word0, uint64_t word1)
{
    struct smmu_queue *q = &d->cmdq;
    uint64_t at = smmu_queue_entry(q, q->prod);

    /* Full: indexes equal, wrap bits different (3.5.1). */
    if ((q->prod ^ q->cons) == 1u << q->log2)
        cmdq_drain(d);
    smmu_put64(d, at, word0);
    smmu_put64(d, at + 8, word1);
    if (!d->failed)
        q->prod = smmu_queue_next(q, q->prod);
}

/* 4.7.3: when the SYNC is consumed, what was before it is complete. */
void smmu_sync(struct smmu_driver *d)
{
    smmu_cmd(d, CMD_SYNC, 0);
    cmdq_drain(d);
}

/* ---- reset ------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void probe(struct smmu_driver *d)
{
    uint32_t idr0 = smmu_rd32(d, IDR0), idr1 = smmu_rd32(d, IDR1),
             idr5 = smmu_rd32(d, IDR5);

    if (!(idr0 & IDR0_S1P) || !(idr0 & IDR0_TTF_AA64))
        smmu_fail(d, "IDR0 0x%x: no stage 1 with AArch64 tables", idr0);
    if (!(idr5 & IDR5_GRAN4K))
        smmu_fail(d, "IDR5 0x%x: no 4 KiB granule", idr5);
    if (idr1 & IDR1_PRESETS)
        smmu_fail(d, "IDR1 0x%x: preset tables or queues", idr1);
    d->sid_bits = idr1 >> IDR1_SIDSIZE & 0x3f;
    d->ssid_bits = idr1 >> IDR1_SSIDSIZE & 0x1f;
    d->eventqs = least(idr1 >> IDR1_EVENTQS & 0x1f, EVENTQ_MAX);
    d->cmdqs = least(idr1 >> IDR1_CMDQS & 0x1f, CMDQ_MAX);
    d->ats = idr0 & IDR0_ATS;
    d->pri = idr0 & IDR0_PRI;
    d->priqs = least(idr1 >> IDR1_PRIQS & 0x1f, PRIQ_MAX);
    d->oas = least(idr5 & 7, 5); /* 48 bits are enough for this driver */
    d->asids = idr0 & IDR0_ASID16 ? 1u << 16 : 1u << 8;
    d->cd_2level = idr0 & IDR0_CD2L;
    d->st_2level = (idr0 >> IDR0_ST_LEVEL & 3) == 1 && d->sid_bits > ST_SPLIT;
}

/* 3.11: abort what comes in while there are no tables. */
static void gbpa_abort(struct smmu_driver *d)
{
    poll32(d, GBPA, GBPA_UPDATE, 0, "GBPA");
    smmu_wr32(d, GBPA, smmu_rd32(d, GBPA) | GBPA_ABORT | GBPA_UPDATE);
    poll32(d, GBPA, GBPA_UPDATE, 0, "GBPA");
}

void smmu_set_cr0(struct smmu_driver *d, uint32_t v)
{
    d->cr0 = v;
    smmu_wr32(d, CR0, v);
    poll32(d, CR0ACK, UINT32_MAX, v, "CR0ACK");
}

void smmu_set_irq_ctrl(struct smmu_driver *d, uint32_t v)
{
    smmu_wr32(d, IRQ_CTRL, v);
    poll32(d, IRQ_CTRLACK, UINT32_MAX, v, "IRQ_CTRLACK");
}

void smmu_ste_abort(struct smmu_driver *d, uint64_t table, unsigned log2)
{
    for (uint64_t i = 0; i < 1ull << log2 && !d->failed; i++)
        smmu_put64(d, table + i * STE_BYTES, STE0_V | STE0_ABORT);
}

/* All that is needed, before anything changes. */
static void tables_create(struct smmu_driver *d)
{
    uint64_t bytes;

    d->strtab_log2 = least(d->sid_bits, d->st_2level ? ST_MAX : ST_SPLIT);
    if (d->st_2level)
        bytes = (uint64_t)L1STD_BYTES << (d->strtab_log2 - ST_SPLIT);
    else
        bytes = (uint64_t)STE_BYTES << d->strtab_log2;
    d->strtab = smmu_alloc(d, bytes, bytes);
    if (!d->st_2level)
        smmu_ste_abort(d, d->strtab, d->strtab_log2);
    queue_create(d, &d->cmdq, d->cmdqs, 16);
    queue_create(d, &d->eventq, d->eventqs, 32);
    if (d->pri)
        queue_create(d, &d->priq, d->priqs, 16);
}

static void strtab_start(struct smmu_driver *d)
{
    uint32_t cfg = d->strtab_log2;

    if (d->st_2level)
        cfg |= STRTAB_2LEVEL | ST_SPLIT << STRTAB_SPLIT;
    wr64(d, STRTAB_BASE, d->strtab | BASE_HINT);
    smmu_wr32(d, STRTAB_BASE_CFG, cfg);
}

static void cmdq_start(struct smmu_driver *d)
{
    wr64(d, CMDQ_BASE, d->cmdq.base | BASE_HINT | d->cmdq.log2);
    smmu_wr32(d, CMDQ_PROD, 0);
    smmu_wr32(d, CMDQ_CONS, 0);
    smmu_set_cr0(d, d->cr0 | CR0_CMDQEN);
    smmu_cmd(d, CMD_CFGI_ALL, 31);
    smmu_sync(d);
    smmu_cmd(d, CMD_TLBI_NSNH_ALL, 0);
    smmu_sync(d);
}

static void eventq_start(struct smmu_driver *d)
{
    wr64(d, EVENTQ_BASE, d->eventq.base | BASE_HINT | d->eventq.log2);
    smmu_wr32(d, EVENTQ_PROD, 0);
    smmu_wr32(d, EVENTQ_CONS, 0);
    smmu_set_cr0(d, d->cr0 | CR0_EVENTQEN);
}

static void priq_start(struct smmu_driver *d)
{
    if (!d->pri)
        return;
    wr64(d, PRIQ_BASE, d->priq.base | BASE_HINT | d->priq.log2);
    smmu_wr32(d, PRIQ_PROD, 0);
    smmu_wr32(d, PRIQ_CONS, 0);
    smmu_set_cr0(d, d->cr0 | CR0_PRIQEN);
}

int smmu_init(struct smmu_driver *d)
{
    uint32_t irqs = IRQ_CTRL_EVENTQ | IRQ_CTRL_GERROR;

    smmu_begin(d);
    d->next_asid = 1;
    d->events = d->overflows = d->gerrors = d->page_requests = 0;
    probe(d);
    tables_create(d);
    gbpa_abort(d);
    smmu_set_cr0(d, 0);
    smmu_wr32(d, CR1, CR1_WB_ISH);
    smmu_wr32(d, CR2, CR2_PTM | CR2_RECINVSID);
    strtab_start(d);
    cmdq_start(d);
    eventq_start(d);
    priq_start(d);
    if (d->ats) /* 3.9.1.3: Translated transactions are checked */
        smmu_set_cr0(d, d->cr0 | CR0_ATSCHK);
    smmu_set_irq_ctrl(d, 0);
    smmu_set_irq_ctrl(d, irqs | (d->pri ? IRQ_CTRL_PRIQ : 0));
    smmu_set_cr0(d, d->cr0 | CR0_SMMUEN);
    return smmu_end(d);
}

int smmu_gerror(struct smmu_driver *d)
{
    smmu_begin(d);
    gerror(d);
    return smmu_end(d);
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "smmu_fixture.h"

/* ---- the bus ---------------------------------------------------------- */

static bool faulted(const struct bench *b, uint64_t addr, uint32_t len,
                    bool write)
{
    for (unsigned i = 0; i < b->faults; i++) {
        if (b->fault[i].addr < addr || b->fault[i].addr - addr >= len)
            continue;
        if (write ? b->fault[i].writes : b->fault[i].reads)
            return true;
    }
    return false;
}

static uint8_t *ram_at(const struct bench *b, uint64_t addr, uint32_t len)
{
    if (addr < BENCH_RAM || addr - BENCH_RAM > BENCH_RAM_SIZE - len)
        return NULL;
    return b->ram + (addr - BENCH_RAM);
}

/* An access of the core that comes back to its own registers. */
static bool own(uint64_t addr)
{
    return addr >= BENCH_MMIO && addr < BENCH_MMIO + SMMUV3_MMIO_SIZE;
}

static enum iovp_bus_status bus_read(void *opaque,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, void *buf, uint32_t len,
                                     uint64_t *latency_ps)
{
    struct bench *b = opaque;
    uint8_t *p;
    uint64_t v;

    (void)latency_ps;
    b->reads++;
    b->last_read = *a;
    if (b->on_read)
        b->on_read(b, addr, len);
    if (faulted(b, addr, len, false))
        return IOVP_BUS_ABORT;
    if (own(addr)) {
        memset(buf, 0, len);
        if (!smmuv3_mmio_read(b->s, (uint32_t)(addr - BENCH_MMIO), 8, 0, &v))
            return IOVP_BUS_ABORT;
        return IOVP_BUS_OK;
    }
    p = ram_at(b, addr, len);
    if (!p)
        return IOVP_BUS_ABORT;
    memcpy(buf, p, len);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status bus_write(void *opaque,
                                      const struct iovp_bus_attrs *a,
                                      uint64_t addr, const void *buf,
                                      uint32_t len, uint64_t *latency_ps)
{
    struct bench *b = opaque;
    uint8_t *p;

    (void)latency_ps;
    b->writes++;
    b->last_write = *a;
    if (faulted(b, addr, len, true))
        return IOVP_BUS_ABORT;
    if (own(addr))
        return smmuv3_mmio_write(b->s, (uint32_t)(addr - BENCH_MMIO), 4, 0,
                                 iovp_le32(buf))
                   ? IOVP_BUS_OK
                   : IOVP_BUS_ABORT;
    p = ram_at(b, addr, len);
    if (!p)
        return IOVP_BUS_ABORT;
    memcpy(p, buf, len);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status
bus_cas64(void *opaque, const struct iovp_bus_attrs *a, uint64_t addr,
          uint64_t expect, uint64_t value, uint64_t *seen, uint64_t *latency_ps)
{
    struct bench *b = opaque;
    uint8_t *p = ram_at(b, addr, 8);

    (void)a;
    (void)latency_ps;
    if (!p || faulted(b, addr, 8, true))
        return IOVP_BUS_ABORT;
    *seen = iovp_le64(p);
    if (*seen == expect)
        iovp_put_le64(p, value);
    return IOVP_BUS_OK;
}

static enum iovp_bus_status bus_msi(void *opaque,
                                    const struct iovp_bus_attrs *a,
                                    uint64_t addr, uint32_t data)
{
    struct bench *b = opaque;
    struct bench_msi *m = &b->msi[b->msi_count++ % BENCH_MSIS];
    uint8_t le[4];
    uint64_t latency = 0;

    m->addr = addr;
    m->data = data;
    m->attrs = *a;
    if (b->on_msi)
        b->on_msi(b, addr, data);
    iovp_put_le32(le, data);
    return bus_write(b, a, addr, le, 4, &latency);
}

static void bus_irq(void *opaque, enum iovp_irq_line line)
{
    struct bench *b = opaque;

    b->irq[line]++;
    if (b->on_irq)
        b->on_irq(b, line);
}

static void bus_sev(void *opaque)
{
    ((struct bench *)opaque)->sev++;
}

static void bus_trace(void *opaque, const struct iovp_trace_record *r)
{
    struct bench *b = opaque;

    if (b->traces < BENCH_TRACES)
        b->trace[b->traces++] = *r;
}

static void bus_wake(void *opaque)
{
    ((struct bench *)opaque)->wakes++;
}

static void bus_resumed(void *opaque, uint32_t stall)
{
    struct bench *b = opaque;

    b->resumed[b->resumes++ % BENCH_RESUMED] = stall;
    if (b->on_resumed)
        b->on_resumed(b, stall);
}

static void bus_atc_invalidate(void *opaque,
                               const struct iovp_ats_invalidation *i)
{
    struct bench *b = opaque;

    b->atc[b->atcs++ % BENCH_ATCS] = *i;
    if (b->on_atc)
        b->on_atc(b, i);
}

static void bus_pri_response(void *opaque, const struct iovp_page_response *r)
{
    struct bench *b = opaque;

    b->response[b->responses++ % BENCH_ATCS] = *r;
}

static uint64_t bus_now(void *opaque)
{
    return ((struct bench *)opaque)->now;
}

static void bus_invalidated(void *opaque, const struct iovp_invalidation *i)
{
    struct bench *b = opaque;

    if (b->on_invalidated)
        b->on_invalidated(b, i);
}

static const struct iovp_bus_ops bench_ops = {
    .size = sizeof(struct iovp_bus_ops),
    .read = bus_read,
    .write = bus_write,
    .cas64 = bus_cas64,
    .msi = bus_msi,
    .irq = bus_irq,
    .sev = bus_sev,
    .trace = bus_trace,
    .wake = bus_wake,
    .now = bus_now,
    .resumed = bus_resumed,
    .atc_invalidate = bus_atc_invalidate,
    .pri_response = bus_pri_response,
    .invalidated = bus_invalidated,
};

/* ---- life ------------------------------------------------------------- */

void bench_config(struct smmuv3_config *c)
{
    smmuv3_config_default(c, SMMUV3_PROFILE_MMU600);
    c->timing.ack_cycles = 0;
}

void bench_create_with(struct bench *b, const struct smmuv3_config *c)
{
    memset(b, 0, sizeof(*b));
    b->cfg = *c;
    b->ram = calloc(1, BENCH_RAM_SIZE);
    b->trace = calloc(BENCH_TRACES, sizeof(*b->trace));
    if (!b->ram || !b->trace)
        abort();
    b->s = smmuv3_create(c, &bench_ops, b);
}

void bench_create(struct bench *b)
{
    struct smmuv3_config c;

    bench_config(&c);
    bench_create_with(b, &c);
    if (!b->s)
        abort();
}

void bench_destroy(struct bench *b)
{
    smmuv3_destroy(b->s);
    free(b->trace);
    free(b->ram);
    b->trace = NULL;
    b->s = NULL;
    b->ram = NULL;
}

void bench_enable_cmdq(struct bench *b, uint64_t base, unsigned log2)
{
    uint32_t cr0 = bench_r32(b, SMMU_CR0);

    bench_w32(b, SMMU_CR0, cr0 & ~SMMU_CR0_CMDQEN);
    bench_w64(b, SMMU_CMDQ_BASE, base | log2);
    bench_w32(b, SMMU_CMDQ_PROD, 0);
    bench_w32(b, SMMU_CMDQ_CONS, 0);
    bench_w32(b, SMMU_CR0, cr0 | SMMU_CR0_CMDQEN);
}

void bench_enable(struct bench *b)
{
    bench_w64(b, SMMU_STRTAB_BASE, BENCH_STRTAB);
    bench_w32(b, SMMU_STRTAB_BASE_CFG, BENCH_SIDS);
    bench_w32(b, SMMU_CR2, SMMU_CR2_RECINVSID);
    bench_w64(b, SMMU_EVENTQ_BASE, BENCH_EVENTQ | BENCH_LOG2);
    bench_w32(b, SMMU_PAGE1 + SMMU_EVENTQ_PROD, 0);
    bench_w32(b, SMMU_PAGE1 + SMMU_EVENTQ_CONS, 0);
    bench_w32(b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ | SMMU_IRQ_CTRL_GERROR);
    bench_enable_cmdq(b, BENCH_CMDQ, BENCH_LOG2);
    bench_w32(b, SMMU_CR0,
              SMMU_CR0_CMDQEN | SMMU_CR0_EVENTQEN | SMMU_CR0_SMMUEN);
}

/* ---- registers -------------------------------------------------------- */

uint32_t bench_r32(struct bench *b, uint32_t offset)
{
    uint64_t v = 0;

    smmuv3_mmio_read(b->s, offset, 4, IOVP_SPACE_NONSECURE, &v);
    return (uint32_t)v;
}

uint64_t bench_r64(struct bench *b, uint32_t offset)
{
    uint64_t v = 0;

    smmuv3_mmio_read(b->s, offset, 8, IOVP_SPACE_NONSECURE, &v);
    return v;
}

void bench_w32(struct bench *b, uint32_t offset, uint32_t value)
{
    smmuv3_mmio_write(b->s, offset, 4, IOVP_SPACE_NONSECURE, value);
}

void bench_w64(struct bench *b, uint32_t offset, uint64_t value)
{
    smmuv3_mmio_write(b->s, offset, 8, IOVP_SPACE_NONSECURE, value);
}

/* ---- memory ----------------------------------------------------------- */

uint64_t bench_get64(const struct bench *b, uint64_t addr)
{
    const uint8_t *p = ram_at(b, addr, 8);

    return p ? iovp_le64(p) : 0;
}

void bench_put64(struct bench *b, uint64_t addr, uint64_t value)
{
    uint8_t *p = ram_at(b, addr, 8);

    if (p)
        iovp_put_le64(p, value);
}

void bench_put_words(struct bench *b, uint64_t addr, const uint64_t *words,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        bench_put64(b, addr + 8 * i, words[i]);
}

void bench_fault(struct bench *b, uint64_t addr, bool reads, bool writes)
{
    if (b->faults == BENCH_FAULTS)
        abort();
    b->fault[b->faults].addr = addr;
    b->fault[b->faults].reads = reads;
    b->fault[b->faults++].writes = writes;
}

void bench_clear_faults(struct bench *b)
{
    b->faults = 0;
}

/* ---- commands and events ---------------------------------------------- */

void bench_push(struct bench *b, uint64_t w0, uint64_t w1)
{
    uint64_t base = bench_r64(b, SMMU_CMDQ_BASE);
    unsigned log2 = base & 0x1f;
    uint32_t prod = bench_r32(b, SMMU_CMDQ_PROD);
    uint32_t slot = prod & ((1u << log2) - 1);
    uint64_t addr = (base & SMMU_QUEUE_BASE_ADDR_MASK) + 16ull * slot;

    bench_put64(b, addr, w0);
    bench_put64(b, addr + 8, w1);
    bench_w32(b, SMMU_CMDQ_PROD, (prod + 1) & ((2u << log2) - 1));
}

uint32_t bench_work(struct bench *b)
{
    uint32_t done = 0, n = 1;
    bool more = true;

    /* None executed but more to do: an Update waits for time to pass. */
    while (more && n) {
        n = smmuv3_work(b->s, 64, &more);
        done += n;
    }
    return done;
}

unsigned bench_command(struct bench *b, uint64_t w0, uint64_t w1)
{
    uint32_t error;

    bench_push(b, w0, w1);
    bench_work(b);
    error = bench_r32(b, SMMU_GERROR) ^ bench_r32(b, SMMU_GERRORN);
    if (!(error & SMMU_GERROR_CMDQ_ERR))
        return SMMU_CERROR_NONE;
    return (bench_r32(b, SMMU_CMDQ_CONS) >> 24) & 0x7f;
}

void bench_invalidate_all(struct bench *b)
{
    bench_command(b, CMD_CFGI_ALL, 31);
    bench_command(b, CMD_TLBI_NSNH_ALL, 0);
    bench_command(b, CMD_TLBI_EL2_ALL, 0);
    bench_command(b, CMD_SYNC, 0);
}

uint32_t bench_ack(struct bench *b)
{
    uint32_t gerror = bench_r32(b, SMMU_GERROR);
    uint32_t active = gerror ^ bench_r32(b, SMMU_GERRORN);

    bench_w32(b, SMMU_GERRORN, gerror);
    return active;
}

bool bench_event(struct bench *b, uint64_t ev[EVENT_WORDS])
{
    uint64_t base = bench_r64(b, SMMU_EVENTQ_BASE);
    unsigned log2 = base & 0x1f;
    uint32_t mask = (2u << log2) - 1;
    uint32_t prod = bench_r32(b, SMMU_PAGE1 + SMMU_EVENTQ_PROD);
    uint32_t cons = bench_r32(b, SMMU_PAGE1 + SMMU_EVENTQ_CONS);
    uint64_t addr = (base & SMMU_QUEUE_BASE_ADDR_MASK) +
                    32ull * (cons & ((1u << log2) - 1));

    if (!((prod ^ cons) & mask))
        return false;
    for (int i = 0; i < EVENT_WORDS; i++)
        ev[i] = bench_get64(b, addr + 8 * (uint64_t)i);
    cons = (cons & SMMU_QUEUE_OVFLG) | ((cons + 1) & mask);
    bench_w32(b, SMMU_PAGE1 + SMMU_EVENTQ_CONS, cons);
    return true;
}

void bench_forget(struct bench *b)
{
    b->reads = b->writes = 0;
    memset(b->irq, 0, sizeof(b->irq));
    b->sev = b->wakes = b->resumes = 0;
    b->atcs = b->responses = 0;
    b->msi_count = 0;
    b->traces = 0;
}

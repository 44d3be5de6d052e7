/* SPDX-License-Identifier: MIT */
/* The Arm PCIe Exerciser: its registers, and what makes it an endpoint. */
#include "exerciser.h"

#include <string.h>

#include "exerciser_internal.h"

#define REGISTER_BYTES 0x1000u

/* ---- registers -------------------------------------------------------------
 */

/* Software has written `written` to enabled bytes. */
typedef void action_fn(struct exerciser *x, uint32_t written);

static void msi(struct exerciser *x, uint32_t written)
{
    uint32_t id = *ex_reg(x, EX_MSICTL) & EX_MSICTL_ID;

    /* What cannot be sent is never pending. */
    if (!(written & EX_MSICTL_TRIGGER) || id >= pcie_vectors(ex_fn(x)))
        return;
    *ex_reg(x, EX_MSICTL) |= EX_MSICTL_TRIGGER;
    ex_wake(x);
}

static void intx(struct exerciser *x, uint32_t written)
{
    (void)written;
    ex_wake(x);
}

static void dma(struct exerciser *x, uint32_t written)
{
    if ((written & EX_DMACTL_TRIGGER) == EX_DMACTL_START)
        ex_dma_trigger(x);
}

static void dma_status(struct exerciser *x, uint32_t written)
{
    if (written & EX_DMA_STATUS_CLEAR)
        *ex_reg(x, EX_DMA_STATUS) = EX_DMA_OK;
}

static void ats(struct exerciser *x, uint32_t written)
{
    if (written & EX_ATSCTL_CLEAR)
        ex_ats_clear(x);
    if (written & EX_ATSCTL_TRIGGER)
        ex_ats_trigger(x);
}

/* The suite reads what it has done and leaves what it has not looked at. */
static void trace(struct exerciser *x, uint32_t written)
{
    if (written & EX_TRACECTL_RUN)
        memset(&x->trace, 0, sizeof(x->trace));
}

static const struct {
    uint32_t write; /* bits that software writes */
    action_fn *action;
} rows[EX_REGS] = {
    [EX_MSICTL / 4] = {EX_MSICTL_ID, msi},
    [EX_INTXCTL / 4] = {EX_INTXCTL_ASSERT, intx},
    [EX_DMACTL / 4] = {EX_DMACTL_FROM_DEVICE | EX_DMACTL_NO_SNOOP |
                           EX_DMACTL_PASID | EX_DMACTL_PRIVILEGED |
                           EX_DMACTL_INSTRUCTION | EX_DMACTL_USE_ATC |
                           EX_DMACTL_AT,
                       dma},
    [EX_DMA_OFFSET / 4] = {0xffffffff, NULL},
    [EX_BUS_ADDR / 4] = {0xffffffff, NULL},
    [EX_BUS_ADDR / 4 + 1] = {0xffffffff, NULL},
    [EX_DMA_LENGTH / 4] = {0xffffffff, NULL},
    [EX_DMA_STATUS / 4] = {0, dma_status},
    [EX_PASID / 4] = {EX_PASID_VALUE, NULL},
    [EX_ATSCTL / 4] = {EX_ATSCTL_PRIVILEGED | EX_ATSCTL_NO_WRITE |
                           EX_ATSCTL_PASID | EX_ATSCTL_EXECUTE,
                       ats},
    [EX_RIDCTL / 4] = {EX_RIDCTL_VALUE | EX_RIDCTL_VALID, NULL},
    [EX_TRACECTL / 4] = {EX_TRACECTL_RUN, trace},
};

static void write_dword(struct exerciser *x, uint32_t at, uint32_t enabled,
                        uint32_t value)
{
    uint32_t mask, *reg;

    if (at >= EX_REGS_END)
        return;
    mask = rows[at / 4].write & enabled;
    reg = ex_reg(x, at);
    *reg = (*reg & ~mask) | (value & mask);
    if (rows[at / 4].action)
        rows[at / 4].action(x, value & enabled);
}

static void write_registers(struct exerciser *x, uint64_t offset,
                            const uint8_t *data, uint32_t length)
{
    uint64_t end = offset + length;

    for (uint64_t at = offset & ~3ull; at < end; at += 4) {
        uint32_t enabled = 0, value = 0;

        for (unsigned i = 0; i < 4; i++) {
            if (at + i < offset || at + i >= end)
                continue;
            enabled |= 0xffu << (8 * i);
            value |= (uint32_t)data[at + i - offset] << (8 * i);
        }
        write_dword(x, (uint32_t)at, enabled, value);
    }
}

/* A word leaves the FIFO with its first byte. */
static uint32_t read_dword(struct exerciser *x, uint64_t at, bool pop)
{
    if (at == EX_TRACE)
        return pop ? ex_trace_pop(x) : EX_TRACE_EMPTY;
    return at < EX_REGS_END ? *ex_reg(x, (uint32_t)at) : 0;
}

static void read_registers(struct exerciser *x, uint64_t offset,
                           const struct pcie_tlp *t, uint8_t *data)
{
    uint64_t end = offset + t->length;

    for (uint64_t at = offset & ~3ull; at < end; at += 4) {
        uint32_t value = read_dword(x, at, offset <= at && !t->peek);

        for (unsigned i = 0; i < 4; i++)
            if (at + i >= offset && at + i < end)
                data[at + i - offset] = (uint8_t)(value >> (8 * i));
    }
}

/* ---- what arrives ----------------------------------------------------------
 */

/* The monitor does not see itself being read and switched. */
static bool of_monitor(unsigned bar, uint64_t offset, uint32_t length)
{
    return bar == EXERCISER_REGISTER_BAR && offset >= EX_TRACE &&
           offset + length <= EX_TRACECTL + 4;
}

static bool poisoned(struct exerciser *x, bool peek)
{
    if (!(ex_error_control(x) & EX_ERROR_POISON))
        return false;
    if (!peek) {
        x->poisoned = true;
        ex_wake(x);
    }
    return true;
}

static enum pcie_status on_read(void *opaque, unsigned bar, uint64_t offset,
                                const struct pcie_tlp *t, void *data)
{
    struct exerciser *x = (struct exerciser *)opaque;

    if (poisoned(x, t->peek)) {
        memset(data, 0xff, t->length);
        return PCIE_SC;
    }
    if (bar == EXERCISER_REGISTER_BAR)
        read_registers(x, offset, t, (uint8_t *)data);
    else if (bar == EXERCISER_MEMORY_BAR)
        memmove(data, x->memory + offset, t->length);
    else
        memset(data, 0, t->length);
    if (!t->peek && !of_monitor(bar, offset, t->length))
        ex_trace_memory(x, t, data);
    return PCIE_SC;
}

static enum pcie_status on_write(void *opaque, unsigned bar, uint64_t offset,
                                 const struct pcie_tlp *t, const void *data)
{
    struct exerciser *x = (struct exerciser *)opaque;

    if (poisoned(x, false))
        return PCIE_SC;
    if (!of_monitor(bar, offset, t->length))
        ex_trace_memory(x, t, data);
    if (bar == EXERCISER_REGISTER_BAR)
        write_registers(x, offset, (const uint8_t *)data, t->length);
    else if (bar == EXERCISER_MEMORY_BAR)
        memmove(x->memory + offset, data, t->length);
    return PCIE_SC;
}

static void on_config_request(void *opaque, const struct pcie_tlp *t,
                              uint64_t value)
{
    ex_trace_config((struct exerciser *)opaque, t, value);
}

static void on_config_written(void *opaque, uint32_t offset)
{
    struct exerciser *x = (struct exerciser *)opaque;

    (void)offset;
    ex_ats_control(x);
    if (x->cfg.pri)
        pcie_pri_update(&x->pri);
    if (ex_error_control(x) & EX_ERROR_NOW)
        ex_wake(x);
}

static void on_message(void *opaque, const struct pcie_tlp *t, const void *data)
{
    struct exerciser *x = (struct exerciser *)opaque;

    ex_ats_message(x, t, data);
    if (x->cfg.pri)
        pcie_pri_message(&x->pri, t);
}

static void on_reset(void *opaque, enum pcie_reset_kind kind)
{
    struct exerciser *x = (struct exerciser *)opaque;

    (void)kind;
    memset(x->memory, 0, x->cfg.memory_bytes);
    memset(x->reg, 0, sizeof(x->reg));
    memset(&x->dma, 0, sizeof(x->dma));
    memset(&x->ats, 0, sizeof(x->ats));
    memset(&x->trace, 0, sizeof(x->trace));
    x->poisoned = false;
    if (x->cfg.pri)
        pcie_pri_reset(&x->pri);
}

/* ---- work ------------------------------------------------------------------
 */

static void interrupts(struct exerciser *x)
{
    uint32_t *ctl = ex_reg(x, EX_MSICTL);

    pcie_intx(ex_fn(x), *ex_reg(x, EX_INTXCTL) & EX_INTXCTL_ASSERT);
    if (!(*ctl & EX_MSICTL_TRIGGER))
        return;
    *ctl &= ~EX_MSICTL_TRIGGER;
    x->interrupts++;
    pcie_msi(ex_fn(x), *ctl & EX_MSICTL_ID);
}

static uint64_t work(void *self, uint64_t now)
{
    struct exerciser *x = (struct exerciser *)self;
    uint64_t next;

    ex_error_work(x);
    interrupts(x);
    next = ex_dma_work(x, now);
    return ex_sooner(next, ex_ats_work(x, now));
}

/* ---- the class ----------------------------------------------------------- */

static void defaults(void *config)
{
    *(struct exerciser_config *)config = (struct exerciser_config){
        .memory_bytes = 0x4000,
        .msix_vectors = 2048,
        .trace_entries = 16,
        .pasid_bits = 20,
        .interrupt_pin = 1,
        .ats = true,
        .pri = true,
        .acs = true,
        .ari = true,
        .error_injection = true,
        .speed = 4,
        .width = 16,
        .mps = 256,
    };
}

static const char *check(const void *config)
{
    const struct exerciser_config *c = (const struct exerciser_config *)config;

    if (!iovp_is_pow2(c->memory_bytes) || c->memory_bytes < PCIE_PAGE ||
        c->memory_bytes > EXERCISER_MEMORY_MAX)
        return "memory_bytes: a power of two, 4 KiB to 16 MiB";
    if (c->msix_vectors < 1 || c->msix_vectors > 2048)
        return "msix_vectors: 1 to 2048";
    if (c->trace_entries < 1 || c->trace_entries > EXERCISER_TRACE_MAX)
        return "trace_entries: 1 to 32";
    if (c->pasid_bits > IOVP_PASID_BITS)
        return "pasid_bits: 0 to 20";
    if (c->interrupt_pin > 4)
        return "interrupt_pin: 0 to 4";
    return NULL;
}

static void add(struct pcie_fn_config *f, struct pcie_ep_caps *room,
                struct pcie_cap_config c)
{
    room->cap[f->cap_count++] = c;
}

static void describe_caps(const struct exerciser_config *c,
                          struct pcie_fn_config *f, struct pcie_ep_caps *room)
{
    f->caps = room->cap;
    f->cap_count = 0;
    add(f, room, (struct pcie_cap_config){.cap = PCIE_CAP_PM});
    add(f, room,
        (struct pcie_cap_config){.cap = PCIE_CAP_EXP,
                                 .exp = {.speed = c->speed,
                                         .width = c->width,
                                         .mps = c->mps,
                                         .flr = true,
                                         .ee_prefix = c->pasid_bits != 0}});
    add(f, room,
        (struct pcie_cap_config){.cap = PCIE_CAP_MSIX,
                                 .msix = {.vectors = c->msix_vectors,
                                          .table_bar = EXERCISER_TABLE_BAR,
                                          .pba_bar = EXERCISER_PBA_BAR}});
    add(f, room, (struct pcie_cap_config){.cap = PCIE_CAP_AER});
    if (c->acs)
        add(f, room,
            (struct pcie_cap_config){
                .cap = PCIE_CAP_ACS,
                .acs = {.services = PCIE_ACS_RR | PCIE_ACS_CR}});
    if (c->ari)
        add(f, room, (struct pcie_cap_config){.cap = PCIE_CAP_ARI});
    if (c->ats)
        add(f, room,
            (struct pcie_cap_config){
                .cap = PCIE_CAP_ATS,
                .ats = {.queue_depth = 32, .global_invalidate = true}});
    if (c->pri)
        add(f, room,
            (struct pcie_cap_config){
                .cap = PCIE_CAP_PRI,
                .pri = {.capacity = 1, .pasid_required = true}});
    if (c->pasid_bits)
        add(f, room,
            (struct pcie_cap_config){.cap = PCIE_CAP_PASID,
                                     .pasid = {.width = c->pasid_bits,
                                               .execute = true,
                                               .privileged = true}});
}

/* Behind the header, 16 bits: bits 31 to 16 of the control register. */
static void describe_injection(struct pcie_fn_config *f,
                               struct pcie_ep_caps *room)
{
    uint32_t write = EX_ERROR_ON_DMA | EX_ERROR_NOW | EX_ERROR_POISON |
                     EX_ERROR_CODE << EX_ERROR_CODE_SHIFT | EX_ERROR_FATAL;

    memset(room->bytes, 0, 2);
    iovp_put_le16(room->write, (uint16_t)(write >> 16));
    add(f, room,
        (struct pcie_cap_config){.cap = PCIE_CAP_DVSEC,
                                 .raw = {.id = EX_DVSEC_ID,
                                         .vendor = EX_DVSEC_VENDOR,
                                         .length = 2,
                                         .bytes = room->bytes,
                                         .write = room->write}});
}

static uint64_t bar_size(uint64_t bytes)
{
    uint64_t size = PCIE_PAGE;

    while (size < bytes)
        size *= 2;
    return size;
}

static void describe(const void *config, struct pcie_fn_config *f,
                     struct pcie_ep_caps *room)
{
    const struct exerciser_config *c = (const struct exerciser_config *)config;

    f->vendor_id = EXERCISER_VENDOR;
    f->device_id = EXERCISER_DEVICE;
    f->subsystem_vendor_id = EXERCISER_VENDOR;
    f->class_code = EXERCISER_CLASS;
    f->interrupt_pin = c->interrupt_pin;
    f->bar[EXERCISER_REGISTER_BAR].size = REGISTER_BYTES;
    f->bar[EXERCISER_MEMORY_BAR].size = c->memory_bytes;
    f->bar[EXERCISER_TABLE_BAR].size =
        bar_size((uint64_t)c->msix_vectors * PCIE_MSIX_ENTRY);
    f->bar[EXERCISER_PBA_BAR].size = PCIE_PAGE;
    describe_caps(c, f, room);
    if (c->error_injection)
        describe_injection(f, room);
}

static void *create(const void *config, struct pcie_ep *ep,
                    const struct iovp_heap *heap)
{
    const struct exerciser_config *c = (const struct exerciser_config *)config;
    struct exerciser *x = (struct exerciser *)iovp_heap_alloc(heap, sizeof(*x));

    if (!x)
        return NULL;
    x->cfg = *c;
    x->heap = *heap;
    x->ep = ep;
    pcie_pri_init(&x->pri, ep);
    x->memory = (uint8_t *)iovp_heap_alloc(heap, c->memory_bytes);
    if (!x->memory) {
        iovp_heap_free(heap, x);
        return NULL;
    }
    return x;
}

static void destroy(void *self)
{
    struct exerciser *x = (struct exerciser *)self;
    struct iovp_heap heap = x->heap;

    iovp_heap_free(&heap, x->memory);
    iovp_heap_free(&heap, x);
}

static uint32_t counters(const void *self, struct pcie_counter *out,
                         uint32_t max)
{
    const struct exerciser *x = (const struct exerciser *)self;
    const struct pcie_counter all[] = {
        {"dmas", x->dmas},
        {"dma_bytes", x->dma_bytes},
        {"dma_failed", x->dma_failed},
        {"ats_requests", x->ats_requests},
        {"invalidations", x->invalidations},
        {"interrupts", x->interrupts},
        {"errors_injected", x->errors},
    };
    const uint32_t n = sizeof(all) / sizeof(all[0]);

    memcpy(out, all, (n < max ? n : max) * sizeof(all[0]));
    return n;
}

static const struct pcie_fn_ops ops = {
    .read = on_read,
    .write = on_write,
    .config_written = on_config_written,
    .config_request = on_config_request,
    .message = on_message,
    .reset = on_reset,
};

const struct pcie_ep_class exerciser_class = {
    .name = "pcie-exerciser",
    .config_bytes = sizeof(struct exerciser_config),
    .defaults = defaults,
    .check = check,
    .describe = describe,
    .create = create,
    .destroy = destroy,
    .ops = &ops,
    .work = work,
    .counters = counters,
};

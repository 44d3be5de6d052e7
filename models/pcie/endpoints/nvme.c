/* SPDX-License-Identifier: MIT */
/* The NVM Express controller as an endpoint: what it looks like, its life. */
#include "nvme_internal.h"

/* ---- configuration -------------------------------------------------- */

static void defaults(void *config)
{
    *(struct nvme_config *)config = (struct nvme_config){
        .vendor_id = 0x1234,
        .device_id = 0x0108,
        .serial = "1",
        .model = "iovp NVMe controller",
        .firmware = "1.0",
        .speed = 4,
        .width = 4,
        .mps = 256,
        .atc = {.cache = {.entries = 64, .ways = 4, .policy = IOVP_POLICY_LRU},
                .lookup_ps = 4000,
                .invalidate_ps = 100000},
        .queues = 8,
        .queue_entries = 1024,
        .mdts = 7,
        .mpsmax = 4,
        .temperature = 313,
        .blocks = 131072,
        .block_log2 = 9,
        .command_ps = 500000,
        .read_ps = 10000000,
        .write_ps = 10000000,
        .flush_ps = 50000000,
        .admin_ps = 5000000,
        .bandwidth = 6000000000,
        .ready_ps = 1000000000,
    };
}

/* 1.6: ASCII strings; they are padded with spaces. */
static bool is_text(const char *s, size_t size)
{
    size_t i;

    for (i = 0; i < size && s[i]; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return i > 0 && i < size;
}

static const char *check_text(const struct nvme_config *c)
{
    if (!is_text(c->serial, sizeof(c->serial)))
        return "serial is not 1 to 20 ASCII characters";
    if (!is_text(c->model, sizeof(c->model)))
        return "model is not 1 to 40 ASCII characters";
    if (!is_text(c->firmware, sizeof(c->firmware)))
        return "firmware is not 1 to 8 ASCII characters";
    return NULL;
}

static const char *check_storage(const struct nvme_config *c)
{
    const struct nvme_storage_ops *s = c->storage;

    if (c->block_log2 < 9 || c->block_log2 > 12)
        return "block_log2 is not 9 to 12";
    if (!c->blocks || c->blocks > 1ull << 50)
        return "blocks is not 1 to 2^50";
    if (s &&
        (s->size != sizeof(*s) || !s->read || (!s->write && !c->read_only)))
        return "storage has a wrong size, or cannot read or write";
    return NULL;
}

static const char *check(const void *config)
{
    const struct nvme_config *c = config;
    const char *wrong = check_text(c);

    if (wrong)
        return wrong;
    if (!c->queues || c->queues > NVME_QUEUES_MAX)
        return "queues is not 1 to 64";
    if (c->queue_entries < 2 || c->queue_entries > 65536)
        return "queue_entries is not 2 to 65536";
    if (!c->mdts || c->mdts > NVME_MDTS_MAX)
        return "mdts is not 1 to 8";
    if (c->mpsmax > 4)
        return "mpsmax is not 0 to 4";
    if (c->bandwidth > 1ull << 50)
        return "bandwidth is above 2^50 bytes a second";
    if (c->ats && !iovp_cache_config_valid(&c->atc.cache))
        return "atc is not a legal geometry";
    if (c->ready_ps > 10000000000000ull)
        return "ready_ps is above 10 s";
    return check_storage(c);
}

/* ---- function ------------------------------------------------------- */

static uint8_t msi_vectors(uint16_t queues)
{
    uint32_t vectors = 1;

    while (vectors < queues + 1u && vectors < 32)
        vectors *= 2;
    return (uint8_t)vectors;
}

static void describe(const void *config, struct pcie_fn_config *f,
                     struct pcie_ep_caps *room)
{
    const struct nvme_config *c = config;
    const struct pcie_cap_config caps[] = {
        {.cap = PCIE_CAP_PM, .pm = {.no_soft_reset = true}},
        {.cap = PCIE_CAP_MSI,
         .msi = {.vectors = msi_vectors(c->queues), .masking = true}},
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = c->speed,
                 .width = c->width,
                 .mps = c->mps,
                 .flr = true}},
        {.cap = PCIE_CAP_MSIX,
         .msix = {.vectors = (uint16_t)(c->queues + 1),
                  .table_offset = NVME_MSIX_TABLE,
                  .pba_offset = NVME_MSIX_PBA}},
        {.cap = PCIE_CAP_AER},
        {.cap = PCIE_CAP_ATS, .ats = {.queue_depth = 32}},
    };
    uint32_t count = sizeof(caps) / sizeof(caps[0]) - !c->ats;

    memcpy(room->cap, caps, count * sizeof(caps[0]));
    f->caps = room->cap;
    f->cap_count = count;
    f->vendor_id = f->subsystem_vendor_id = c->vendor_id;
    f->device_id = f->subsystem_id = c->device_id;
    f->class_code = 0x010802;
    f->interrupt_pin = 1;
    f->bar[0] = (struct pcie_bar){NVME_BAR_SIZE, PCIE_BAR_64};
}

/* ---- life ----------------------------------------------------------- */

static void destroy(void *self)
{
    struct nvme *n = self;

    if (!n)
        return;
    pcie_atc_destroy(n->atc);
    nvme_media_destroy(n);
    iovp_heap_free(&n->heap, n->buffer);
    iovp_heap_free(&n->heap, n);
}

static void *create(const void *config, struct pcie_ep *ep,
                    const struct iovp_heap *heap)
{
    struct nvme *n = iovp_heap_alloc(heap, sizeof(*n));

    if (!n)
        return NULL;
    n->cfg = *(const struct nvme_config *)config;
    n->ep = ep;
    n->heap = *heap;
    n->ready_at = PCIE_NEVER;
    n->power_cycles = 1;
    nvme_reset_features(n);
    n->buffer = iovp_heap_alloc(heap, nvme_data_max(n));
    if (n->cfg.ats)
        n->atc = pcie_atc_create(&n->cfg.atc, ep, heap);
    if (!nvme_media_create(n) || !n->buffer || (n->cfg.ats && !n->atc)) {
        destroy(n);
        return NULL;
    }
    return n;
}

static void reset(void *self, enum pcie_reset_kind kind)
{
    struct nvme *n = self;

    if (n->atc)
        pcie_atc_reset(n->atc);
    if (kind == PCIE_RESET_COLD)
        n->power_cycles++;
    nvme_reset_controller(n, true);
}

static void config_written(void *self, uint32_t offset)
{
    struct nvme *n = self;

    (void)offset;
    if (n->atc && !pcie_enabled(pcie_ep_function(n->ep), PCIE_CAP_ATS))
        pcie_atc_flush(n->atc);
    n->refused = false;
    pcie_ep_wake(n->ep, pcie_ep_time(n->ep));
}

static void message(void *self, const struct pcie_tlp *t, const void *data)
{
    struct nvme *n = self;

    if (n->atc)
        pcie_atc_message(n->atc, t, data);
}

static uint64_t work(void *self, uint64_t now)
{
    struct nvme *n = self;
    uint64_t next, t;

    next = n->atc ? pcie_atc_work(n->atc, now) : PCIE_NEVER;
    t = nvme_work_queues(n, now);
    next = t < next ? t : next;
    t = nvme_update_status(n, now);
    return t < next ? t : next;
}

static uint32_t counters(const void *self, struct pcie_counter *out,
                         uint32_t max)
{
    static const char *const names[NVME_COUNTS] = {
        "admin_commands", "read_commands", "write_commands", "flush_commands",
        "write_zeroes",   "dsm_commands",  "compares",       "verifies",
        "bytes_read",     "bytes_written", "completions",    "interrupts",
        "errors",         "async_events",  "in_flight_max",
    };
    const struct nvme *n = self;

    for (uint32_t i = 0; i < NVME_COUNTS && i < max; i++)
        out[i] = (struct pcie_counter){names[i], n->count[i]};
    return NVME_COUNTS;
}

static const struct pcie_fn_ops ops = {
    .read = nvme_bar_read,
    .write = nvme_bar_write,
    .config_written = config_written,
    .message = message,
    .reset = reset,
};

const struct pcie_ep_class nvme_class = {
    .name = "nvme",
    .config_bytes = sizeof(struct nvme_config),
    .defaults = defaults,
    .check = check,
    .describe = describe,
    .create = create,
    .destroy = destroy,
    .ops = &ops,
    .work = work,
    .counters = counters,
};

/* SPDX-License-Identifier: MIT */
#include "pcie_toy.h"

#include <string.h>

#define TOYS 64u

static struct toy *toys[TOYS];

static void toy_defaults(void *config)
{
    struct toy_config *c = (struct toy_config *)config;

    memset(c, 0, sizeof(*c));
    c->ats = (struct pcie_cap_config){.cap = PCIE_CAP_ATS, .ats = {32, true}};
    c->pri = (struct pcie_cap_config){.cap = PCIE_CAP_PRI, .pri = {8, true}};
    c->pasid = (struct pcie_cap_config){.cap = PCIE_CAP_PASID,
                                        .pasid = {20, true, true}};
    c->atc.cache = (struct iovp_cache_config){.entries = 16, .ways = 4};
    c->atc.lookup_ps = 1000;
    c->atc.invalidate_ps = 20000;
}

static void toy_describe(const void *config, struct pcie_fn_config *f,
                         struct pcie_ep_caps *room)
{
    const struct toy_config *c = (const struct toy_config *)config;
    const struct pcie_cap_config fixed[] = {
        {.cap = PCIE_CAP_PM},
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = 4,
                 .width = 16,
                 .mps = 256,
                 .flr = true,
                 .ee_prefix = true,
                 .atomics = true}},
        {.cap = PCIE_CAP_MSIX, .msix = {8, 2, 2, 0, 0x800}},
        {.cap = PCIE_CAP_AER},
        c->ats,
        c->pri,
        c->pasid,
    };

    memcpy(room->cap, fixed, sizeof(fixed));
    f->vendor_id = 0x1234;
    f->device_id = 0x7070;
    f->class_code = 0xff0000;
    f->bar[0].size = 4096;
    f->bar[2].size = 4096;
    f->caps = room->cap;
    f->cap_count = c->plain ? 4 : 7;
}

static void *toy_create(const void *config, struct pcie_ep *ep,
                        const struct iovp_heap *heap)
{
    struct toy *t = (struct toy *)iovp_heap_alloc(heap, sizeof(*t));
    uint32_t i = 0;

    if (!t)
        return NULL;
    t->c = *(const struct toy_config *)config;
    t->ep = ep;
    t->heap = *heap;
    t->atc = pcie_atc_create(&t->c.atc, ep, heap);
    if (!t->atc) {
        iovp_heap_free(heap, t);
        return NULL;
    }
    pcie_pri_init(&t->pri, ep);
    while (i < TOYS - 1 && toys[i])
        i++;
    toys[i] = t;
    return t;
}

static void toy_destroy(void *self)
{
    struct iovp_heap heap;

    for (uint32_t i = 0; i < TOYS; i++)
        if (toys[i] == self)
            toys[i] = NULL;
    pcie_atc_destroy(((struct toy *)self)->atc);
    heap = ((struct toy *)self)->heap;
    iovp_heap_free(&heap, self);
}

static enum pcie_status toy_read(void *self, unsigned bar, uint64_t offset,
                                 const struct pcie_tlp *t, void *data)
{
    (void)self;
    (void)bar;
    (void)offset;
    memset(data, 0x77, t->length);
    return PCIE_SC;
}

static enum pcie_status toy_write(void *self, unsigned bar, uint64_t offset,
                                  const struct pcie_tlp *tlp, const void *data)
{
    struct toy *t = (struct toy *)self;

    (void)bar;
    (void)offset;
    (void)tlp;
    (void)data;
    pcie_ep_wake(t->ep, pcie_ep_time(t->ep));
    return PCIE_SC;
}

static void toy_message(void *self, const struct pcie_tlp *tlp,
                        const void *data)
{
    struct toy *t = (struct toy *)self;

    t->messages++;
    t->message = *tlp;
    t->message_time = pcie_ep_time(t->ep);
    if (data)
        memcpy(t->message_data, data, tlp->length < 8 ? tlp->length : 8);
    if (t->c.deaf)
        return;
    pcie_atc_message(t->atc, tlp, data);
    pcie_pri_message(&t->pri, tlp);
}

static void toy_config_written(void *self, uint32_t offset)
{
    struct toy *t = (struct toy *)self;

    (void)offset;
    t->configs++;
    pcie_atc_update(t->atc);
    pcie_pri_update(&t->pri);
}

static void toy_reset(void *self, enum pcie_reset_kind kind)
{
    struct toy *t = (struct toy *)self;

    (void)kind;
    t->resets++;
    t->running = false;
    pcie_atc_reset(t->atc);
    pcie_pri_reset(&t->pri);
}

static uint64_t toy_work(void *self, uint64_t now)
{
    struct toy *t = (struct toy *)self;
    struct pcie_fn *f = pcie_ep_function(t->ep);
    uint64_t next = t->every ? now + t->every : PCIE_NEVER, again;
    int job = t->job;

    t->works++;
    t->worked = now;
    t->job = TOY_NOTHING;
    if (job == TOY_DMA)
        t->result = pcie_dma(f, &t->tlp, t->data);
    if (job == TOY_REQUEST)
        t->result = pcie_request(f, &t->tlp, t->data);
    if (job == TOY_MSI)
        t->result = (int)pcie_msi(f, t->vector);
    if (job == TOY_CALL)
        t->call(t, now);
    if (job == TOY_XFER) {
        pcie_xfer_begin(&t->xfer, &t->xfer_config, t->ep, t->atc, &t->pri);
        t->running = true;
    }
    if (t->running) {
        t->status = pcie_xfer_continue(&t->xfer, t->data);
        t->running = t->status == PCIE_XFER_WAIT;
        next = t->running && t->xfer.again < next ? t->xfer.again : next;
        t->done = pcie_ep_time(t->ep);
    }
    if (job)
        t->done = pcie_ep_time(t->ep);
    again = pcie_atc_work(t->atc, now);
    return again < next ? again : next;
}

static uint32_t toy_counters(const void *self, struct pcie_counter *out,
                             uint32_t max)
{
    if (max)
        out[0] =
            (struct pcie_counter){"works", ((const struct toy *)self)->works};
    return 1;
}

static const struct pcie_fn_ops toy_ops = {
    .read = toy_read,
    .write = toy_write,
    .config_written = toy_config_written,
    .message = toy_message,
    .reset = toy_reset,
};

const struct pcie_ep_class toy_class = {
    .name = "toy",
    .config_bytes = sizeof(struct toy_config),
    .defaults = toy_defaults,
    .describe = toy_describe,
    .create = toy_create,
    .destroy = toy_destroy,
    .ops = &toy_ops,
    .work = toy_work,
    .counters = toy_counters,
};

struct toy *toy_of(struct rsoc *s, uint32_t fn)
{
    for (uint32_t i = 0; i < TOYS; i++)
        if (toys[i] && pcie_ep_function(toys[i]->ep) == rsoc_fn(s, fn))
            return toys[i];
    return NULL;
}

void toy_start(struct rsoc *s, struct toy *t, int job)
{
    t->job = job;
    pcie_set_time(s->p, s->now);
    pcie_ep_wake(t->ep, s->now);
}

bool toy_run(struct rsoc *s, struct toy *t, int job)
{
    toy_start(s, t, job);
    return rsoc_run(s);
}

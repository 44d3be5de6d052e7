/* SPDX-License-Identifier: MIT */
/* Get Log Page (5.14), the error log, and asynchronous events (5.2). */
#include "nvme_internal.h"

/* ---- events --------------------------------------------------------- */

/* 5.2: after one is reported, those of its type wait until the log is read. */
void nvme_event(struct nvme *n, unsigned type, unsigned info, unsigned page)
{
    uint32_t event = type | info << 8 | page << 16;

    for (uint32_t i = 0; i < n->event_count; i++)
        if (n->event[i] == event)
            return;
    if (n->event_count < NVME_EVENTS)
        n->event[n->event_count++] = event;
}

static bool has_room(const struct nvme *n)
{
    return nvme_cq_room(&n->cq[0]) > n->cq[0].in_flight &&
           n->done_count < NVME_IN_FLIGHT;
}

void nvme_deliver_events(struct nvme *n)
{
    uint32_t i = 0;

    while (nvme_ready(n) && i < n->event_count && n->aer_count && has_room(n)) {
        uint32_t event = n->event[i];

        if (n->event_masked[event & 7]) {
            i++;
            continue;
        }
        n->event_masked[event & 7] = true;
        n->count[NVME_COUNT_EVENTS]++;
        nvme_complete_aer(n, 0, NVME_SC_SUCCESS, event);
        memmove(&n->event[i], &n->event[i + 1],
                (--n->event_count - i) * sizeof(n->event[0]));
    }
}

static bool too_hot_or_cold(const struct nvme *n)
{
    return n->cfg.temperature >= n->over || n->cfg.temperature <= n->under;
}

void nvme_check_temperature(struct nvme *n)
{
    if (too_hot_or_cold(n) &&
        n->feature[NVME_FEAT_ASYNC_EVENT] & NVME_SMART_WARNING_TEMPERATURE)
        nvme_event(n, NVME_EVENT_SMART, NVME_EVENT_TEMPERATURE, NVME_LOG_SMART);
}

/* ---- the pages: they fill what is zero ------------------------------ */

void nvme_log_error(struct nvme *n, const struct nvme_error *e)
{
    struct nvme_error *to = &n->error[n->error_count % NVME_ERROR_LOG];

    *to = *e;
    to->count = ++n->error_count;
}

/* The newest first. */
static void error_page(struct nvme *n, uint8_t *out)
{
    for (uint32_t i = 0; i < NVME_ERROR_LOG && i < n->error_count; i++) {
        const struct nvme_error *e =
            &n->error[(n->error_count - 1 - i) % NVME_ERROR_LOG];

        iovp_put_le64(out + NVME_ERROR_COUNT, e->count);
        iovp_put_le16(out + NVME_ERROR_SQID, e->sqid);
        iovp_put_le16(out + NVME_ERROR_CID, e->cid);
        iovp_put_le16(out + NVME_ERROR_STATUS, e->status);
        iovp_put_le16(out + NVME_ERROR_PARAM, e->param);
        iovp_put_le64(out + NVME_ERROR_LBA, e->lba);
        iovp_put_le32(out + NVME_ERROR_NSID, e->nsid);
        out += NVME_ERROR_SIZE;
    }
}

static void smart_page(struct nvme *n, uint8_t *out)
{
    const struct {
        uint16_t offset;
        uint64_t value;
    } table[] = {
        {NVME_SMART_UNITS_READ,
         (n->count[NVME_COUNT_BYTES_READ] + 511999) / 512000},
        {NVME_SMART_UNITS_WRITTEN,
         (n->count[NVME_COUNT_BYTES_WRITTEN] + 511999) / 512000},
        {NVME_SMART_READS,
         n->count[NVME_COUNT_READ] + n->count[NVME_COUNT_COMPARE]},
        {NVME_SMART_WRITES, n->count[NVME_COUNT_WRITE]},
        {NVME_SMART_BUSY, n->busy_ps / 60000000000000ull},
        {NVME_SMART_POWER_CYCLES, n->power_cycles},
        {NVME_SMART_UNSAFE, n->unsafe_shutdowns},
        {NVME_SMART_MEDIA_ERRORS, n->media_errors},
        {NVME_SMART_ERRORS, n->error_count},
    };

    out[NVME_SMART_WARNING] =
        too_hot_or_cold(n) ? NVME_SMART_WARNING_TEMPERATURE : 0;
    iovp_put_le16(out + NVME_SMART_TEMPERATURE, n->cfg.temperature);
    out[NVME_SMART_SPARE] = 100;
    out[NVME_SMART_THRESHOLD] = 10;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        iovp_put_le64(out + table[i].offset, table[i].value);
}

static void firmware_page(struct nvme *n, uint8_t *out)
{
    out[0] = 1; /* slot 1 runs */
    memset(out + 8, ' ', 8);
    memcpy(out + 8, n->cfg.firmware, strlen(n->cfg.firmware));
}

/* The namespace never changes. */
static void changed_page(struct nvme *n, uint8_t *out)
{
    (void)n;
    (void)out;
}

static void effects_page(struct nvme *n, uint8_t *out)
{
    (void)n;
    for (const struct nvme_opcode *o = nvme_admin_commands; o->run; o++)
        out[4 * o->opcode] = o->effects;
    for (const struct nvme_opcode *o = nvme_io_commands; o->run; o++)
        out[NVME_EFFECTS_IO + 4 * o->opcode] = o->effects;
}

struct page {
    uint8_t id, event; /* of the type that reading it unmasks */
    uint16_t size;
    void (*fill)(struct nvme *n, uint8_t *out);
};

static const struct page pages[] = {
    {NVME_LOG_ERROR, NVME_EVENT_ERROR, NVME_ERROR_LOG *NVME_ERROR_SIZE,
     error_page},
    {NVME_LOG_SMART, NVME_EVENT_SMART, NVME_SMART_SIZE, smart_page},
    {NVME_LOG_FIRMWARE, NVME_EVENT_NOTICE, 512, firmware_page},
    {NVME_LOG_CHANGED, NVME_EVENT_NOTICE, 4096, changed_page},
    {NVME_LOG_EFFECTS, NVME_EVENT_NOTICE, 4096, effects_page},
};

/* ---- the command ---------------------------------------------------- */

static const struct page *find(uint32_t id)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (pages[i].id == id)
            return &pages[i];
    return NULL;
}

uint16_t nvme_get_log(struct nvme *n, struct nvme_command *c)
{
    const struct page *page = find(c->cdw[10] & 0xff);
    uint64_t dwords =
        (c->cdw[10] >> 16 | (uint64_t)(c->cdw[11] & 0xffff) << 16) + 1;
    uint64_t offset = c->cdw[12] | (uint64_t)c->cdw[13] << 32;
    uint8_t *whole = n->buffer; /* mdts is 1 at least: two pages of 4 KiB */

    if (!page)
        return NVME_SC_LOG_PAGE_INVALID;
    /* LPA bit 0 is 0: logs are the controller's. */
    if ((c->nsid && c->nsid != NVME_NSID_ALL) || offset % 4 ||
        offset > page->size || dwords * 4 > nvme_data_max(n))
        return NVME_SC_INVALID_FIELD;
    if (!(c->cdw[10] & NVME_LOG_RAE))
        n->event_masked[page->event] = false;
    memset(whole, 0, nvme_data_max(n));
    page->fill(n, whole);
    memmove(whole, whole + offset, nvme_data_max(n) - offset);
    return nvme_transfer(n, c, true, whole, (uint32_t)dwords * 4);
}

/* SPDX-License-Identifier: MIT */
/*
 * From a device tree to a platform on which DMA can run: what a kernel and
 * its drivers would do, done through the example driver.
 */
#include "cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE          0x1000ull
#define BLOCK         0x200000ull
/* Tables beside those of the windows, for each SMMU and each stream. */
#define SMMU_TABLES   (4ull << 20)
#define STREAM_TABLES (1ull << 20)
/* And for each PCI function: its address spaces. */
#define PCI_TABLES    (2ull << 20)
#define POLL_PS       1000000ull /* 1 us between polls of a register */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* ---- the platform ----------------------------------------------------- */

static void log_line(void *ud, uint32_t level, const char *text)
{
    (void)ud;
    if (level == IOVP_LOG_INFO)
        return;
    fprintf(stderr, "iovp: %s: %s\n",
            level == IOVP_LOG_ERROR ? "error" : "warning", text);
}

static int get_devices(struct cmd_soc *s)
{
    iovp_status st;

    iovp_devices(s->platform, NULL, &s->devices);
    if (!s->devices)
        return CMD_OK;
    s->device = calloc(s->devices, sizeof(*s->device));
    s->info = calloc(s->devices, sizeof(*s->info));
    if (!s->device || !s->info)
        return cmd_api_error(s->file, IOVP_E_NOMEM);
    st = iovp_devices(s->platform, s->device, &s->devices);
    for (size_t i = 0; st == IOVP_OK && i < s->devices; i++) {
        s->info[i].size = sizeof(s->info[i]);
        s->info[i].workload.size = sizeof(s->info[i].workload);
        st = iovp_device_get_info(s->device[i], &s->info[i]);
    }
    return st == IOVP_OK ? CMD_OK : cmd_api_error(s->file, st);
}

int cmd_soc_open(struct cmd_soc *s, const char *file, uint32_t mode)
{
    return cmd_soc_open_ram(s, file, mode, NULL);
}

int cmd_soc_open_ram(struct cmd_soc *s, const char *file, uint32_t mode,
                     const iovp_ram_ops *ram)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    iovp_status st;

    memset(s, 0, sizeof(*s));
    s->file = file;
    if (mode == CMD_MODE_DEFAULT) {
        mode = iovp_has_systemc() ? IOVP_MODE_TIMED : IOVP_MODE_FUNCTIONAL;
        if (mode == IOVP_MODE_FUNCTIONAL)
            cmd_note("built without SystemC: functional mode, no time");
    }
    s->timed = mode == IOVP_MODE_TIMED;
    config.mode = mode;
    config.log = log_line;
    config.ram = ram;
    st = iovp_platform_create_file(&s->platform, &config, file);
    if (st != IOVP_OK)
        return cmd_api_error(file, st);
    return get_devices(s);
}

void cmd_soc_close(struct cmd_soc *s)
{
    iovp_platform_destroy(s->platform);
    free(s->device);
    free(s->info);
    free(s->smmu);
    free(s->stream);
    free(s->space);
    memset(s, 0, sizeof(*s));
}

iovp_status cmd_nodes(iovp_platform *p, iovp_node **nodes, size_t *count)
{
    *count = 0;
    *nodes = NULL;
    iovp_nodes(p, NULL, count);
    if (!*count)
        return IOVP_OK;
    *nodes = calloc(*count, sizeof(**nodes));
    if (!*nodes)
        return IOVP_E_NOMEM;
    for (size_t i = 0; i < *count; i++)
        (*nodes)[i].size = sizeof(**nodes);
    return iovp_nodes(p, *nodes, count);
}

/* ---- memory ------------------------------------------------------------ */

static uint64_t pages_of(const iovp_workload *w)
{
    uint64_t first = w->base / PAGE;
    uint64_t last = (w->base + (w->window ? w->window - 1 : 0)) / PAGE;

    return last - first + 1;
}

static bool behind_iommu(const iovp_device_info *i)
{
    return i->iommu[0] != '\0';
}

/* Upper bound of what the tables of all windows take. */
static uint64_t table_bytes(const struct cmd_soc *s)
{
    uint64_t sum = s->smmus * SMMU_TABLES;

    for (size_t i = 0; i < s->devices; i++) {
        const iovp_workload *w = &s->info[i].workload;
        uint64_t spaces = w->pasids ? w->pasids : 1;
        uint64_t tables = 4 + 2 + pages_of(w) / 512 + 2;

        if (s->info[i].pci)
            sum += STREAM_TABLES + PCI_TABLES;
        if (behind_iommu(&s->info[i]) && s->info[i].has_workload)
            sum += STREAM_TABLES + spaces * tables * PAGE;
    }
    return sum;
}

/*
 * Data pages are handed out in the order of a full-period congruential
 * generator, so that translation is never the identity, nor linear.
 */
static int lay_out(struct cmd_soc *s, const iovp_node *ram)
{
    uint64_t tables = (table_bytes(s) + PAGE - 1) & ~(PAGE - 1);
    uint64_t base = (ram->reg_base + PAGE - 1) & ~(PAGE - 1);
    uint64_t end = (ram->reg_base + ram->reg_size) & ~(PAGE - 1);

    if (end < base || end - base < tables + BLOCK) {
        cmd_error("%s: the largest memory, %s, has %" PRIu64
                  " MiB, but the tables of the workloads' windows take %" PRIu64
                  " MiB; make it larger or the windows smaller",
                  s->file, ram->path, ram->reg_size >> 20, tables >> 20);
        return CMD_FAIL;
    }
    s->ram.next = base;
    s->ram.end = base + tables;
    s->data_base = s->ram.end;
    s->data_pages = (end - s->data_base) / PAGE;
    for (s->data_mask = 1; s->data_mask < s->data_pages; s->data_mask <<= 1)
        ;
    s->data_mask--;
    return CMD_OK;
}

uint64_t cmd_soc_page(struct cmd_soc *s)
{
    do {
        s->data_state = s->data_state * 0xd1342543de82ef95ull + 0x9e3779b9ull;
        s->data_state &= s->data_mask;
    } while (s->data_state >= s->data_pages);
    s->mapped_pages++;
    return s->data_base + s->data_state * PAGE;
}

/* ---- SMMUs ------------------------------------------------------------- */

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct cmd_soc *s = ud;

    for (size_t i = 0; i < s->smmus; i++) {
        struct cmd_smmu *m = &s->smmu[i];

        if (strcmp(e->source, m->name))
            continue;
        m->interrupts++;
        m->eventq |= !strcmp(e->line, "eventq");
        m->priq |= !strcmp(e->line, "priq");
        m->gerror |= !strcmp(e->line, "gerror");
    }
    if (s->msi && !strcmp(e->line, "msi"))
        s->msi(s->driver_ud, e);
}

static void on_event(void *ud, const struct smmu_event *e)
{
    struct cmd_smmu *m = ud;

    m->events[e->type]++;
    smmu_event_text(e, m->last_event, sizeof(m->last_event));
}

/* Nobody answers for what nobody drives. */
static void answer_pages(struct cmd_soc *s, struct cmd_smmu *m)
{
    struct smmu_page_request r;

    while (smmu_page_request_next(&m->driver, &r)) {
        uint32_t answer =
            s->page ? s->page(s->driver_ud, &r) : SMMU_PRI_INVALID;

        /* A Stop marker wants no answer. */
        if (!r.last || (r.ssv && !r.read && !r.write))
            continue;
        if (smmu_page_respond(&m->driver, &r, answer))
            break;
    }
    if (m->driver.failed)
        cmd_error("%s: %s", m->name, m->driver.message);
}

static void service_one(struct cmd_soc *s, struct cmd_smmu *m, bool all)
{
    if (m->priq || all) {
        m->priq = false;
        answer_pages(s, m);
    }
    if (m->gerror || all) {
        m->gerror = false;
        if (smmu_gerror(&m->driver))
            cmd_note("%s: %s", m->name, m->driver.message);
    }
    if (m->eventq || all) {
        m->eventq = false;
        if (smmu_events(&m->driver, on_event, m))
            cmd_error("%s: %s", m->name, m->driver.message);
    }
}

void cmd_soc_service(struct cmd_soc *s)
{
    for (size_t i = 0; i < s->smmus; i++)
        service_one(s, &s->smmu[i], false);
}

void cmd_soc_drain(struct cmd_soc *s)
{
    for (size_t i = 0; i < s->smmus; i++)
        service_one(s, &s->smmu[i], true);
}

static bool is_smmu(const iovp_node *n)
{
    return n->state == IOVP_NODE_BUILT && !strcmp(n->compatible, "arm,smmu-v3");
}

static int find_smmus(struct cmd_soc *s, const iovp_node *nodes, size_t count)
{
    s->smmu = calloc(count ? count : 1, sizeof(*s->smmu));
    if (!s->smmu)
        return cmd_api_error(s->file, IOVP_E_NOMEM);
    for (size_t i = 0; i < count; i++) {
        struct cmd_smmu *m = &s->smmu[s->smmus];

        if (!is_smmu(&nodes[i]))
            continue;
        snprintf(m->name, sizeof(m->name), "%.31s", base_name(nodes[i].path));
        m->driver.base = nodes[i].reg_base;
        s->smmus++;
    }
    return CMD_OK;
}

static int start_smmus(struct cmd_soc *s)
{
    iovp_status st = iovp_irq_handler(s->platform, on_irq, NULL, s);

    if (st != IOVP_OK)
        return cmd_api_error(s->file, st);
    for (size_t i = 0; i < s->smmus; i++) {
        struct smmu_driver *d = &s->smmu[i].driver;

        d->platform = s->platform;
        d->ram = &s->ram;
        d->poll_ps = s->timed ? POLL_PS : 0;
        if (smmu_init(d)) {
            cmd_error("%s: %s", s->smmu[i].name, d->message);
            return CMD_FAIL;
        }
    }
    return CMD_OK;
}

/* ---- streams and windows ---------------------------------------------- */

static int device_error(const iovp_device_info *info, const char *text)
{
    cmd_error("device %s: %s", info->name, text);
    return CMD_FAIL;
}

/* Streams are shared by devices that have the same StreamID. */
static int get_stream(struct cmd_soc *s, const iovp_device_info *info,
                      size_t *index)
{
    bool ssid0 = false;
    struct smmu_driver *d;
    struct cmd_stream *st;
    size_t m = 0;

    while (m < s->smmus && s->smmu[m].driver.base != info->iommu_base)
        m++;
    if (m == s->smmus)
        return device_error(info, "its IOMMU is of no kind that this command "
                                  "can bring up");
    for (*index = 0; *index < s->streams; ++*index)
        if (s->stream[*index].smmu == m &&
            s->stream[*index].stream.sid == info->stream_id)
            return CMD_OK;
    for (uint32_t i = 0; i < info->workload.pasids; i++)
        ssid0 |= !info->workload.pasid[i];
    st = &s->stream[s->streams++];
    st->smmu = m;
    d = &s->smmu[m].driver;
    if (smmu_attach(d, &st->stream, info->stream_id, info->pasid_bits,
                    ssid0 ? SMMU_S1DSS_TERMINATE : SMMU_S1DSS_SSID0))
        return device_error(info, d->message);
    return CMD_OK;
}

static int get_space(struct cmd_soc *s, const iovp_device_info *info,
                     size_t stream, uint32_t pasid, struct cmd_space **space)
{
    struct cmd_stream *st = &s->stream[stream];
    struct smmu_driver *d = &s->smmu[st->smmu].driver;

    for (size_t i = 0; i < s->spaces; i++) {
        *space = &s->space[i];
        if ((*space)->stream == stream && (*space)->pasid == pasid)
            return CMD_OK;
    }
    *space = &s->space[s->spaces++];
    (*space)->stream = stream;
    (*space)->pasid = pasid;
    if (smmu_space_create(d, &(*space)->space) ||
        smmu_bind(d, &st->stream, pasid, &(*space)->space))
        return device_error(info, d->message);
    return CMD_OK;
}

static int map_window(struct cmd_soc *s, const iovp_device_info *info,
                      size_t stream, uint32_t pasid)
{
    struct smmu_driver *d = &s->smmu[s->stream[stream].smmu].driver;
    uint64_t iova = info->workload.base & ~(PAGE - 1);
    struct cmd_space *space;

    if (get_space(s, info, stream, pasid, &space))
        return CMD_FAIL;
    for (uint64_t n = pages_of(&info->workload); n; n--, iova += PAGE)
        if (smmu_map(d, &space->space, iova, cmd_soc_page(s), PAGE, SMMU_WRITE))
            return device_error(info, d->message);
    return CMD_OK;
}

static int map_device(struct cmd_soc *s, const iovp_device_info *info)
{
    const iovp_workload *w = &info->workload;
    size_t stream;

    if (get_stream(s, info, &stream))
        return CMD_FAIL;
    if (!w->pasids)
        return map_window(s, info, stream, SMMU_NO_PASID);
    for (uint32_t i = 0; i < w->pasids; i++) {
        bool seen = false;

        for (uint32_t k = 0; k < i; k++)
            seen |= w->pasid[k] == w->pasid[i];
        if (!seen && map_window(s, info, stream, w->pasid[i]))
            return CMD_FAIL;
    }
    return CMD_OK;
}

static int map_all(struct cmd_soc *s)
{
    size_t n = s->devices ? s->devices : 1;

    s->stream = calloc(n, sizeof(*s->stream));
    s->space = calloc(n * IOVP_WORKLOAD_PASIDS, sizeof(*s->space));
    if (!s->stream || !s->space)
        return cmd_api_error(s->file, IOVP_E_NOMEM);
    for (size_t i = 0; i < s->devices; i++)
        if (behind_iommu(&s->info[i]) && s->info[i].has_workload &&
            map_device(s, &s->info[i]))
            return CMD_FAIL;
    if (s->mapped_pages > s->data_pages)
        cmd_note("the windows are larger than memory: pages are shared");
    return CMD_OK;
}

static const iovp_node *largest_ram(const iovp_node *nodes, size_t count)
{
    const iovp_node *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (nodes[i].state == IOVP_NODE_BUILT &&
            !strncmp(base_name(nodes[i].path), "memory", 6) &&
            (!best || nodes[i].reg_size > best->reg_size))
            best = &nodes[i];
    return best;
}

int cmd_soc_bring_up(struct cmd_soc *s)
{
    const iovp_node *ram;
    iovp_node *nodes;
    size_t count;
    iovp_status st = cmd_nodes(s->platform, &nodes, &count);
    int rc;

    if (st != IOVP_OK) {
        free(nodes);
        return cmd_api_error(s->file, st);
    }
    rc = find_smmus(s, nodes, count);
    ram = largest_ram(nodes, count);
    if (!rc && s->smmus && !ram) {
        cmd_error("%s: there is no memory node for the SMMU's tables", s->file);
        rc = CMD_FAIL;
    }
    if (!rc && ram)
        rc = lay_out(s, ram);
    free(nodes);
    if (rc || !s->smmus)
        return rc;
    rc = start_smmus(s);
    return rc ? rc : map_all(s);
}

/* SPDX-License-Identifier: MIT */
/* What run and replay print: one row a stream and PASID, then the sums. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_pcie.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_DEVICE UINT32_MAX /* the row that sums up what had no room */

static const char *const cache_names[IOVP_STAT_CACHES] = {
    [IOVP_STAT_CONFIG] = "config",
    [IOVP_STAT_TLB] = "tlb",
    [IOVP_STAT_WALK] = "walk",
    [IOVP_STAT_STAGE2] = "stage2",
};

static const char *const wait_names[4] = {"lookup", "walker", "memory", "fill"};

struct rows {
    iovp_stream_stats *row;
    size_t count;
    iovp_stream_stats total;
};

static iovp_status get_rows(struct cmd_soc *s, struct rows *r)
{
    memset(r, 0, sizeof(*r));
    iovp_stats(s->platform, NULL, &r->count);
    if (!r->count)
        return IOVP_OK;
    r->row = calloc(r->count, sizeof(*r->row));
    if (!r->row)
        return IOVP_E_NOMEM;
    for (size_t i = 0; i < r->count; i++)
        r->row[i].size = sizeof(*r->row);
    return iovp_stats(s->platform, r->row, &r->count);
}

static void add(iovp_stream_stats *t, const iovp_stream_stats *r)
{
    if (!t->transfers || r->first_ps < t->first_ps)
        t->first_ps = r->first_ps;
    if (r->last_ps > t->last_ps)
        t->last_ps = r->last_ps;
    t->transfers += r->transfers;
    t->bytes += r->bytes;
    t->faults += r->faults;
    t->walks += r->walks;
    t->accesses += r->accesses;
    for (unsigned c = 0; c < IOVP_STAT_CACHES; c++) {
        t->lookups[c] += r->lookups[c];
        t->hits[c] += r->hits[c];
    }
    for (unsigned c = 0; c < 4; c++)
        t->wait_ps[c] += r->wait_ps[c];
}

static void sum_up(struct rows *r)
{
    for (size_t i = 0; i < r->count; i++)
        add(&r->total, &r->row[i]);
}

static double rate(const iovp_stream_stats *r)
{
    uint64_t ps = r->last_ps > r->first_ps ? r->last_ps - r->first_ps : 0;

    return ps ? (double)r->bytes * 1e12 / (double)ps : 0;
}

static double per_transfer(const iovp_stream_stats *r)
{
    return r->transfers ? (double)r->accesses / (double)r->transfers : 0;
}

static const char *device_name(const struct cmd_soc *s, uint32_t index)
{
    for (size_t i = 0; i < s->devices; i++)
        if (s->info[i].index == index)
            return s->info[i].name;
    return "(others)";
}

/* ---- text ------------------------------------------------------------- */

#define COLUMNS 16

static const char *const head[COLUMNS] = {
    "<device", "stream", "pasid", "<space", "transf.", "data",
    "rate",    "p50",    "p99",   "config", "TLB",     "walk",
    "stage2",  "walks",  "reads", "faults"};
static const char *const unit[COLUMNS] = {
    "",   "",     "",     "",     "",     "B", "B/s",  "ns",
    "ns", "hit%", "hit%", "hit%", "hit%", "",  "/tr.", ""};

static void number(struct cmd_table *t, uint64_t v)
{
    char buf[CMD_SCALED];

    cmd_table_add(t, "%s", cmd_scaled(buf, (double)v));
}

static void latency(struct cmd_table *t, const struct cmd_soc *s, uint64_t ps)
{
    double ns = (double)ps / 1000;

    if (!s->timed)
        cmd_table_add(t, "-");
    else if (ns < 1000)
        cmd_table_add(t, "%.1f", ns);
    else
        cmd_table_add(t, "%.0f", ns);
}

/* The columns that a row and the total have in common. */
static void figures(struct cmd_table *t, const struct cmd_soc *s,
                    const iovp_stream_stats *r, bool percentiles)
{
    char buf[CMD_SCALED];

    number(t, r->transfers);
    number(t, r->bytes);
    cmd_table_add(t, "%s", s->timed ? cmd_scaled(buf, rate(r)) : "-");
    if (percentiles) {
        latency(t, s, r->latency_p50_ps);
        latency(t, s, r->latency_p99_ps);
    } else {
        cmd_table_add(t, "%s", "");
        cmd_table_add(t, "%s", "");
    }
    for (unsigned c = 0; c < IOVP_STAT_CACHES; c++) {
        if (r->lookups[c])
            cmd_table_add(t, "%.1f",
                          100.0 * (double)r->hits[c] / (double)r->lookups[c]);
        else
            cmd_table_add(t, "-");
    }
    number(t, r->walks);
    cmd_table_add(t, "%.2f", per_transfer(r));
    number(t, r->faults);
}

static void print_rows(struct cmd_soc *s, const struct rows *r)
{
    struct cmd_table t;

    cmd_table_init(&t, COLUMNS, head, unit);
    t.gap = 1; /* 120 columns are enough */
    for (size_t i = 0; i < r->count; i++) {
        const iovp_stream_stats *row = &r->row[i];
        bool others = row->device == NO_DEVICE;

        cmd_table_add(&t, "%s", device_name(s, row->device));
        cmd_table_add(&t, others ? "-" : "0x%x", row->stream_id);
        cmd_table_add(&t, row->pasid_valid ? "%u" : "-", row->pasid);
        cmd_table_add(&t, "%s", cmd_space_name(row->space));
        figures(&t, s, row, true);
    }
    for (unsigned c = 0; c < 4; c++)
        cmd_table_add(&t, "%s", c ? "" : "total");
    figures(&t, s, &r->total, false);
    cmd_table_print(&t, stdout, true);
}

static void print_smmu(const struct cmd_smmu *m)
{
    printf("%s: %" PRIu64 " events, %" PRIu64 " interrupts, %" PRIu64
           " queue overflows, %" PRIu64 " global errors\n",
           m->name, m->driver.events, m->interrupts, m->driver.overflows,
           m->driver.gerrors);
    if (m->driver.page_requests)
        printf("  page requests      %" PRIu64 "\n", m->driver.page_requests);
    for (unsigned type = 0; type < CMD_EVENT_TYPES; type++)
        if (m->events[type])
            printf("  %-18s %" PRIu64 "\n", smmu_event_name((uint8_t)type),
                   m->events[type]);
    if (m->driver.events)
        printf("  the last was %s\n", m->last_event);
}

static void print_times(const struct cmd_report *c, const iovp_stream_stats *t,
                        bool timed)
{
    char a[CMD_SCALED];
    double rate = c->wall_s > 0 ? (double)t->transfers / c->wall_s : 0;

    if (timed)
        printf("simulated %s; ", cmd_time(a, t->last_ps - t->first_ps));
    printf("host %.3f s, ", c->wall_s);
    printf("%s transfers/s\n", cmd_scaled(a, rate));
    if (!timed)
        return;
    printf("waits, summed: lookup %s,", cmd_time(a, t->wait_ps[0]));
    printf(" walker %s,", cmd_time(a, t->wait_ps[1]));
    printf(" table memory %s,", cmd_time(a, t->wait_ps[2]));
    printf(" another's fill %s\n", cmd_time(a, t->wait_ps[3]));
}

static void print_text(struct cmd_soc *s, const struct cmd_report *c,
                       const struct rows *r)
{
    if (r->count)
        print_rows(s, r);
    else
        puts("no transfers");
    putchar('\n');
    if (c->pcie)
        cmd_pcie_print(c->pcie);
    print_times(c, &r->total, s->timed);
    for (size_t i = 0; i < s->smmus; i++)
        print_smmu(&s->smmu[i]);
    if (c->trace)
        printf("trace: %s\n", c->trace);
}

/* ---- JSON ------------------------------------------------------------- */

static void json_figures(struct cmd_json *j, const iovp_stream_stats *r)
{
    cmd_json_u64(j, "transfers", r->transfers);
    cmd_json_u64(j, "bytes", r->bytes);
    cmd_json_u64(j, "faults", r->faults);
    cmd_json_u64(j, "first_ps", r->first_ps);
    cmd_json_u64(j, "last_ps", r->last_ps);
    cmd_json_double(j, "bytes_per_s", rate(r));
    cmd_json_open(j, "caches", '{');
    for (unsigned c = 0; c < IOVP_STAT_CACHES; c++) {
        cmd_json_open(j, cache_names[c], '{');
        cmd_json_u64(j, "lookups", r->lookups[c]);
        cmd_json_u64(j, "hits", r->hits[c]);
        cmd_json_close(j, '}');
    }
    cmd_json_close(j, '}');
    cmd_json_u64(j, "walks", r->walks);
    cmd_json_u64(j, "accesses", r->accesses);
    cmd_json_double(j, "accesses_per_transfer", per_transfer(r));
    cmd_json_open(j, "wait_ps", '{');
    for (unsigned c = 0; c < 4; c++)
        cmd_json_u64(j, wait_names[c], r->wait_ps[c]);
    cmd_json_close(j, '}');
}

static void json_row(struct cmd_json *j, const struct cmd_soc *s,
                     const iovp_stream_stats *r)
{
    cmd_json_open(j, NULL, '{');
    cmd_json_string(j, "device", device_name(s, r->device));
    cmd_json_u64(j, "stream_id", r->stream_id);
    if (r->pasid_valid)
        cmd_json_u64(j, "pasid", r->pasid);
    else
        cmd_json_string(j, "pasid", NULL);
    cmd_json_string(j, "space", cmd_space_name(r->space));
    json_figures(j, r);
    cmd_json_open(j, "latency_ps", '{');
    cmd_json_u64(j, "min", r->latency_min_ps);
    cmd_json_u64(j, "p50", r->latency_p50_ps);
    cmd_json_u64(j, "p99", r->latency_p99_ps);
    cmd_json_u64(j, "max", r->latency_max_ps);
    cmd_json_close(j, '}');
    cmd_json_close(j, '}');
}

static void json_smmu(struct cmd_json *j, const struct cmd_smmu *m)
{
    cmd_json_open(j, NULL, '{');
    cmd_json_string(j, "name", m->name);
    cmd_json_u64(j, "base", m->driver.base);
    cmd_json_u64(j, "interrupts", m->interrupts);
    cmd_json_u64(j, "events", m->driver.events);
    cmd_json_u64(j, "overflows", m->driver.overflows);
    cmd_json_u64(j, "page_requests", m->driver.page_requests);
    cmd_json_u64(j, "global_errors", m->driver.gerrors);
    cmd_json_open(j, "events_by_type", '{');
    for (unsigned type = 0; type < CMD_EVENT_TYPES; type++)
        if (m->events[type])
            cmd_json_u64(j, smmu_event_name((uint8_t)type), m->events[type]);
    cmd_json_close(j, '}');
    cmd_json_close(j, '}');
}

static void print_json(struct cmd_soc *s, const struct cmd_report *c,
                       const struct rows *r)
{
    struct cmd_json j = {stdout, 0, false};

    cmd_json_open(&j, NULL, '{');
    cmd_json_string(&j, "command", c->command);
    cmd_json_string(&j, "file", s->file);
    cmd_json_string(&j, "mode", s->timed ? "timed" : "functional");
    cmd_json_string(&j, "trace", c->trace);
    cmd_json_open(&j, "streams", '[');
    for (size_t i = 0; i < r->count; i++)
        json_row(&j, s, &r->row[i]);
    cmd_json_close(&j, ']');
    cmd_json_open(&j, "total", '{');
    json_figures(&j, &r->total);
    cmd_json_close(&j, '}');
    cmd_json_open(&j, "smmus", '[');
    for (size_t i = 0; i < s->smmus; i++)
        json_smmu(&j, &s->smmu[i]);
    cmd_json_close(&j, ']');
    if (c->pcie && c->pcie->fns)
        cmd_pcie_json(c->pcie, &j);
    cmd_json_open(&j, "host", '{');
    cmd_json_double(&j, "wall_s", c->wall_s);
    cmd_json_double(&j, "transfers_per_s",
                    c->wall_s > 0 ? (double)r->total.transfers / c->wall_s : 0);
    cmd_json_close(&j, '}');
    cmd_json_close(&j, '}');
}

int cmd_report(struct cmd_soc *s, const struct cmd_report *c)
{
    struct rows r;
    iovp_status st = get_rows(s, &r);

    if (st == IOVP_OK) {
        sum_up(&r);
        if (c->json)
            print_json(s, c, &r);
        else
            print_text(s, c, &r);
    }
    free(r.row);
    return st == IOVP_OK ? CMD_OK : cmd_api_error("statistics", st);
}

/* ---- progress --------------------------------------------------------- */

uint64_t cmd_transfers(struct cmd_soc *s)
{
    struct rows r;
    uint64_t n = 0;

    if (get_rows(s, &r) == IOVP_OK) {
        sum_up(&r);
        n = r.total.transfers;
    }
    free(r.row);
    return n;
}

void cmd_progress(struct cmd_soc *s, bool quiet, bool last)
{
    static double shown;
    double now;
    char buf[CMD_SCALED];

    if (quiet || !isatty(STDERR_FILENO))
        return;
    now = cmd_wall_seconds();
    if (last && shown > 0)
        fputs("\r\033[K", stderr);
    if (last || now - shown < 0.2)
        return;
    shown = now;
    fprintf(stderr, "\r%s transfers",
            cmd_scaled(buf, (double)cmd_transfers(s)));
    if (s->timed)
        fprintf(stderr, ", %.1f us simulated",
                (double)iovp_now(s->platform) / 1e6);
    fputs("\033[K", stderr);
}

/* SPDX-License-Identifier: MIT */
/* What run prints about PCI functions. */
#include "cmd_pcie.h"

#include <inttypes.h>
#include <string.h>

#define COLUMNS 14

static const char *const head[COLUMNS] = {
    "<function", "<phase", "copies", "data", "rate", "ATC",    "ATC",
    "ATS",       "page",   "PRI",    "inv.", "MSIs", "errors", "TLPs"};
static const char *const unit[COLUMNS] = {
    "",     "",     "",        "B", "B/s", "lookups", "hit%",
    "req.", "req.", "mean ns", "",  "",    "",        ""};

struct figures {
    uint64_t bytes, lookups, hits, ats, pages, round_trips, round_trip_ps,
        invalidations, errors, tlps;
};

static struct figures figures_of(const struct cmd_pcie_counters *c)
{
    uint64_t hits = cmd_pcie_counter(c, "atc_hits");

    return (struct figures){
        .bytes = cmd_pcie_counter(c, "bytes_read") +
                 cmd_pcie_counter(c, "bytes_written"),
        .hits = hits,
        .lookups = hits + cmd_pcie_counter(c, "atc_misses"),
        .ats = cmd_pcie_counter(c, "ats_requests"),
        .pages = cmd_pcie_counter(c, "pri_requests"),
        .round_trips = cmd_pcie_counter(c, "pri_round_trips"),
        .round_trip_ps = cmd_pcie_counter(c, "pri_round_trip_ps"),
        .invalidations = cmd_pcie_counter(c, "invalidations"),
        .errors = cmd_pcie_counter(c, "errors"),
        .tlps = cmd_pcie_counter(c, "tlps"),
    };
}

static const char *id_text(char buf[16], const struct cmd_pcie_fn *f)
{
    uint16_t id = f->fn->id;

    snprintf(buf, 16, "%02x:%02x.%x", id >> 8, id >> 3 & 31, id & 7);
    return buf;
}

static void number(struct cmd_table *t, uint64_t v)
{
    char buf[CMD_SCALED];

    cmd_table_add(t, "%s", cmd_scaled(buf, (double)v));
}

/* A quotient, or "-" if there is nothing to divide by. */
static void mean(struct cmd_table *t, const char *fmt, double sum, uint64_t n)
{
    char buf[CMD_TABLE_CELL];

    snprintf(buf, sizeof(buf), fmt, n ? sum / (double)n : 0.0);
    cmd_table_add(t, "%s", n ? buf : "-");
}

static void row(struct cmd_table *t, const struct cmd_pcie *p,
                const struct cmd_pcie_phase *r)
{
    struct figures g = figures_of(&r->counters);
    const struct cmd_pcie_fn *f = &p->fn[r->fn];
    char buf[CMD_SCALED], id[16];

    cmd_table_add(t, "%s %s", id_text(id, f), f->info.name);
    cmd_table_add(t, "%s", r->name);
    number(t, r->copies);
    number(t, g.bytes);
    cmd_table_add(
        t, "%s",
        r->ps ? cmd_scaled(buf, (double)g.bytes * 1e12 / (double)r->ps) : "-");
    number(t, g.lookups);
    mean(t, "%.1f", 100.0 * (double)g.hits, g.lookups);
    number(t, g.ats);
    number(t, g.pages);
    if (p->soc->timed)
        mean(t, "%.1f", (double)g.round_trip_ps / 1000, g.round_trips);
    else
        cmd_table_add(t, "-");
    number(t, g.invalidations);
    number(t, r->msis);
    number(t, g.errors);
    number(t, g.tlps);
}

void cmd_pcie_print(const struct cmd_pcie *p)
{
    struct cmd_table t;

    if (!p->phases)
        return;
    cmd_table_init(&t, COLUMNS, head, unit);
    t.gap = 1;
    for (size_t i = 0; i < p->phases; i++)
        row(&t, p, &p->phase[i]);
    cmd_table_print(&t, stdout, false);
    putchar('\n');
}

/* ---- JSON ----------------------------------------------------------- */

static void json_counters(struct cmd_json *j, const struct cmd_pcie_counters *c)
{
    cmd_json_open(j, "counters", '{');
    for (size_t i = 0; i < c->count; i++)
        cmd_json_u64(j, c->counter[i].name, c->counter[i].value);
    cmd_json_close(j, '}');
}

static void json_phases(struct cmd_json *j, const struct cmd_pcie *p, size_t fn)
{
    cmd_json_open(j, "phases", '[');
    for (size_t i = 0; i < p->phases; i++) {
        const struct cmd_pcie_phase *r = &p->phase[i];

        if (r->fn != fn)
            continue;
        cmd_json_open(j, NULL, '{');
        cmd_json_string(j, "name", r->name);
        cmd_json_u64(j, "copies", r->copies);
        cmd_json_u64(j, "ps", r->ps);
        cmd_json_u64(j, "msis", r->msis);
        json_counters(j, &r->counters);
        cmd_json_close(j, '}');
    }
    cmd_json_close(j, ']');
}

void cmd_pcie_json(const struct cmd_pcie *p, struct cmd_json *j)
{
    struct cmd_pcie_counters c;
    char id[16];

    cmd_json_open(j, "pci", '[');
    for (size_t i = 0; i < p->fns; i++) {
        const struct cmd_pcie_fn *f = &p->fn[i];

        cmd_json_open(j, NULL, '{');
        cmd_json_string(j, "device", f->info.name);
        cmd_json_string(j, "function", id_text(id, f));
        cmd_json_u64(j, "stream_id", f->info.stream_id);
        if (cmd_pcie_count(f, &c) == IOVP_OK)
            json_counters(j, &c);
        json_phases(j, p, i);
        cmd_json_close(j, '}');
    }
    cmd_json_close(j, ']');
}

/* SPDX-License-Identifier: MIT */
/* iovp run: bring a platform up and run its workloads. */
#include "cmd_pcie.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: iovp run FILE.dts|FILE.dtb [options]\n"
    "\n"
    "Build the SoC that a device tree describes, bring up its SMMUs with a\n"
    "small driver, map the window of every DMA master (each PASID gets an\n"
    "address space of its own; the physical pages are scattered), run the\n"
    "workloads and print a table with one row a stream and PASID.\n"
    "\n"
    "PCI Express buses are enumerated and their test endpoints driven by\n"
    "their registers: DMA without ATS, with it, with a PASID, and with page\n"
    "requests, which the driver answers in no time.  See iovp lspci.\n"
    "\n"
    "  -m, --mode functional|timed  with or without time; timed if possible\n"
    "  -n, --transfers N   transfers of each master, e.g. 20k, 3M, instead of\n"
    "                      what the device tree says\n"
    "  -s, --seconds T     stop after this much simulated time: 0.5, 10ms, "
    "3us\n"
    "  -t, --trace OUT     record every transaction; see iovp replay and dump\n"
    "  -j, --json          print JSON\n"
    "  -q, --quiet         no progress line\n"
    "  -h, --help\n"
    "\n"
    "Columns: reads/tr. is the number of memory reads that walks and\n"
    "configuration made, by transfer; p50 and p99 are latencies through the\n"
    "SMMU and the memory behind it; a fault is a transfer that was "
    "terminated.\n"
    "Of a test endpoint: what its ATC was asked and had, requests for\n"
    "translations and for pages with the mean time until a page's answer,\n"
    "Invalidate Requests, MSIs, and packets of every kind that it sent.\n"
    "\n"
    "Examples:\n"
    "  iovp run platforms/arm-soc.dts\n"
    "  iovp run platforms/arm-soc.dts --seconds 1ms --trace soc.iovt\n"
    "  iovp run platforms/arm-soc.dts --mode functional --transfers 1M "
    "--json\n"
    "  iovp run platforms/arm-pcie.dts\n";

struct run {
    const char *file;
    const char *trace;
    uint32_t mode;
    uint64_t transfers; /* 0: as the device tree says */
    uint64_t ps;        /* 0: no limit */
    bool json, quiet;
};

/* Where a workload without end stops if nobody says when. */
#define DEFAULT_PS        1000000000ull /* 1 ms */
#define DEFAULT_TRANSFERS 100000ull
/* The drivers get their turn this often; fixed, so that runs are alike. */
#define STEP_PS           50000000ull /* 50 us */
/* Calls in a row that may leave the time where it is. */
#define STUCK             100000

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static const struct option options[] = {
    {"mode", required_argument, NULL, 'm'},
    {"transfers", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, 's'},
    {"trace", required_argument, NULL, 't'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* CMD_OK, CMD_USAGE, or -1 after --help. */
static int option(struct run *r, int c, char **argv)
{
    switch (c) {
    case 'm':
        return cmd_parse_mode(optarg, &r->mode) ? CMD_OK : CMD_USAGE;
    case 'n':
        if (cmd_parse_count(optarg, &r->transfers) && r->transfers)
            return CMD_OK;
        cmd_error("--transfers %s: say how many, e.g. 5000 or 20k", optarg);
        return CMD_USAGE;
    case 's':
        if (cmd_parse_time(optarg, &r->ps))
            return CMD_OK;
        cmd_error("--seconds %s: say a time, e.g. 0.001 or 10ms", optarg);
        return CMD_USAGE;
    case 't':
        r->trace = optarg;
        return CMD_OK;
    case 'j':
        r->json = true;
        return CMD_OK;
    case 'q':
        r->quiet = true;
        return CMD_OK;
    case 'h':
        fputs(help, stdout);
        return -1;
    default:
        return cmd_bad_option(c, argv);
    }
}

static int parse(struct run *r, int argc, char **argv)
{
    int c, rc;

    while ((c = getopt_long(argc, argv, ":m:n:s:t:jqh", options, NULL)) != -1) {
        rc = option(r, c, argv);
        if (rc)
            return rc;
    }
    if (argc - optind != 1) {
        cmd_error(argc == optind ? "say a device tree, e.g. "
                                   "platforms/arm-soc.dts; see iovp run --help"
                                 : "one device tree only; see iovp run --help");
        return CMD_USAGE;
    }
    r->file = argv[optind];
    if (r->ps && r->mode == IOVP_MODE_FUNCTIONAL) {
        cmd_error("--seconds needs --mode timed; use --transfers");
        return CMD_USAGE;
    }
    return CMD_OK;
}

static void choose_limit(const struct cmd_soc *s, struct run *r)
{
    bool endless = false;

    if (r->ps && !s->timed) {
        cmd_note("--seconds is ignored: there is no time in functional mode");
        r->ps = 0;
    }
    for (size_t i = 0; i < s->devices; i++)
        endless |= s->info[i].has_workload && !s->info[i].workload.transfers;
    if (!endless || r->transfers || r->ps)
        return;
    if (s->timed) {
        r->ps = DEFAULT_PS;
        cmd_note("a workload has no end: stopping after 1 ms; see --seconds");
    } else {
        r->transfers = DEFAULT_TRANSFERS;
        cmd_note("a workload has no end: stopping all after %" PRIu64
                 " transfers; see --transfers",
                 r->transfers);
    }
}

/* A trace replaces its file: not the device tree, by a slip of the hand. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static int begin(struct cmd_soc *s, const struct run *r)
{
    iovp_status st = iovp_stats_reset(s->platform);

    if (st != IOVP_OK)
        return cmd_api_error(s->file, st);
    if (r->trace && same_file(r->trace, s->file)) {
        cmd_error("%s: the trace would overwrite the device tree", r->trace);
        return CMD_FAIL;
    }
    if (r->trace && iovp_trace_start(s->platform, r->trace) != IOVP_OK) {
        cmd_error("the trace cannot be written: %s", iovp_last_error());
        return CMD_FAIL;
    }
    return CMD_OK;
}

static int start(struct cmd_soc *s, const struct run *r)
{
    for (size_t i = 0; i < s->devices; i++) {
        iovp_workload w = s->info[i].workload;
        iovp_status st;

        if (!s->info[i].has_workload)
            continue;
        if (r->transfers)
            w.transfers = r->transfers;
        st = iovp_workload_start(s->device[i], &w);
        if (st != IOVP_OK)
            return cmd_api_error(s->info[i].name, st);
    }
    return CMD_OK;
}

static int loop(struct cmd_soc *s, const struct run *r)
{
    uint64_t now = iovp_now(s->platform), before;
    uint64_t end = r->ps ? now + r->ps : UINT64_MAX;
    uint32_t reason = IOVP_RUN_TIME;
    unsigned stuck = 0;
    iovp_status st;

    while (reason != IOVP_RUN_IDLE && !interrupted && now < end) {
        before = now;
        st = iovp_run_until(s->platform,
                            end - now < STEP_PS ? end : now + STEP_PS, &reason);
        if (st != IOVP_OK)
            return cmd_api_error(s->file, st);
        cmd_soc_service(s);
        cmd_progress(s, r->quiet, false);
        now = iovp_now(s->platform);
        stuck = s->timed && now == before ? stuck + 1 : 0;
        if (stuck > STUCK) {
            cmd_error("simulated time stands still at %" PRIu64 " ps", now);
            return CMD_FAIL;
        }
    }
    for (size_t i = 0; i < s->devices; i++)
        iovp_workload_stop(s->device[i]);
    return CMD_OK;
}

static int finish(struct cmd_soc *s, const struct run *r,
                  const struct cmd_pcie *pcie, double wall, int rc)
{
    struct cmd_report report = {"run", r->trace, wall, r->json, pcie};
    iovp_status st = r->trace ? iovp_trace_stop(s->platform) : IOVP_OK;

    cmd_progress(s, r->quiet, true);
    if (st != IOVP_OK)
        rc = cmd_api_error(r->trace, st);
    cmd_soc_drain(s);
    if (interrupted)
        cmd_note("interrupted: what ran so far");
    return cmd_report(s, &report) ? CMD_FAIL : rc;
}

/* Nothing to run: say what there is. */
static int no_masters(struct cmd_soc *s, const struct run *r,
                      const struct cmd_pcie *pcie)
{
    struct cmd_report report = {"run", NULL, 0, true, pcie};
    iovp_node *nodes;
    size_t count;

    if (r->json)
        return cmd_report(s, &report);
    cmd_note("%s has no DMA master with a workload (docs/bindings.md says "
             "how to describe one): nothing to run",
             s->file);
    if (cmd_nodes(s->platform, &nodes, &count) == IOVP_OK)
        cmd_print_nodes(nodes, count);
    free(nodes);
    for (size_t i = 0; i < s->smmus; i++)
        printf("%s was brought up: %u bits of StreamID, %u of PASID\n",
               s->smmu[i].name, s->smmu[i].driver.sid_bits,
               s->smmu[i].driver.ssid_bits);
    return CMD_OK;
}

static bool is_idle(const struct cmd_soc *s, const struct cmd_pcie *pcie)
{
    bool any = false;

    for (size_t i = 0; i < s->devices; i++)
        any |= s->info[i].has_workload;
    for (size_t i = 0; i < pcie->fns; i++)
        any |= cmd_tep_is(pcie->fn[i].fn);
    return !any;
}

/* PCI functions first, one at a time; then the workloads, all at once. */
static int run_all(struct cmd_soc *s, struct run *r, struct cmd_pcie *pcie)
{
    double t = cmd_wall_seconds();
    int rc = begin(s, r);

    if (rc)
        return rc;
    rc = cmd_pcie_run(pcie, r->transfers);
    if (!rc)
        rc = start(s, r);
    if (!rc)
        rc = loop(s, r);
    return finish(s, r, pcie, cmd_wall_seconds() - t, rc);
}

static int run(struct cmd_soc *s, struct run *r)
{
    struct cmd_pcie pcie = {0};
    int rc = cmd_soc_bring_up(s);

    if (!rc)
        rc = cmd_pcie_open(&pcie, s);
    if (!rc && is_idle(s, &pcie)) {
        rc = no_masters(s, r, &pcie);
    } else if (!rc) {
        choose_limit(s, r);
        rc = run_all(s, r, &pcie);
    }
    cmd_pcie_close(&pcie);
    return rc;
}

int cmd_run(int argc, char **argv)
{
    struct run r = {.mode = CMD_MODE_DEFAULT};
    struct cmd_soc s;
    int rc = parse(&r, argc, argv);

    if (rc)
        return rc < 0 ? cmd_finish_output() : rc;
    signal(SIGINT, on_signal);
    rc = cmd_soc_open(&s, r.file, r.mode);
    if (!rc)
        rc = run(&s, &r);
    cmd_soc_close(&s);
    return cmd_finish_output() ? CMD_FAIL : rc;
}

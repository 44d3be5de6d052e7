/* SPDX-License-Identifier: MIT */
/* iovp bench: how fast the models are on this machine. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_bench.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: iovp bench [options]\n"
    "\n"
    "Measure the speed of the models on this machine: several runs of each\n"
    "benchmark, each benchmark in a process of its own; median, least and\n"
    "greatest of the runs.  docs/performance.md says what each one means.\n"
    "\n"
    "  -s, --seconds S   of measuring for each benchmark (default 2)\n"
    "  -r, --runs N      1 to 15 runs of each (default 5)\n"
    "  -o, --only NAME   this benchmark only; may be repeated\n"
    "  -j, --json        print JSON\n"
    "  -h, --help\n"
    "\n"
    "Examples:\n"
    "  iovp bench\n"
    "  iovp bench --only translate_hit --seconds 10\n"
    "  iovp bench --json > bench.json\n";

struct result {
    bool ran, ok;
    double value[BENCH_RUNS_MAX]; /* sorted */
};

struct options {
    struct bench bench;
    bool json;
    bool only; /* some are picked */
    bool *pick;
};

/* ---- one benchmark ---------------------------------------------------- */

/* The child: SystemC allows one simulation per process. */
static void child(const struct bench_case *c, const struct bench *b, int fd)
{
    double value[BENCH_RUNS_MAX] = {0};
    bool ok = c->run(b, value) == CMD_OK &&
              write(fd, value, sizeof(value)) == (ssize_t)sizeof(value);

    fflush(stderr);
    _exit(ok ? CMD_OK : CMD_FAIL);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(const struct bench_case *c, const struct bench *b,
                    struct result *r)
{
    int fd[2], status = 0;
    pid_t pid;

    r->ran = true;
    if (pipe(fd))
        return;
    fflush(stdout);
    pid = fork();
    if (!pid)
        child(c, b, fd[1]);
    close(fd[1]);
    if (pid > 0) {
        r->ok = read(fd[0], r->value, sizeof(r->value)) ==
                (ssize_t)sizeof(r->value);
        waitpid(pid, &status, 0);
    }
    close(fd[0]);
    r->ok = r->ok && WIFEXITED(status) && !WEXITSTATUS(status);
    qsort(r->value, b->runs, sizeof(double), compare);
    if (pid > 0 && WIFSIGNALED(status))
        cmd_error("%s: ended by signal %d", c->name, WTERMSIG(status));
}

/* ---- output ----------------------------------------------------------- */

static double median(const struct result *r, unsigned runs)
{
    return (r->value[(runs - 1) / 2] + r->value[runs / 2]) / 2;
}

static const char *verdict(const struct bench_case *c, double v)
{
    if (c->target <= 0)
        return "";
    return (c->at_most ? v < c->target : v >= c->target) ? "met" : "missed";
}

static void cpu_name(char *buf, size_t size)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(buf, size, "unknown");
    while (f && fgets(line, sizeof(line), f)) {
        char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(buf, size, "%.120s", colon + 2);
        break;
    }
    if (f)
        fclose(f);
}

static void text_row(struct cmd_table *t, const struct bench_case *c,
                     const struct result *r, unsigned runs)
{
    char a[CMD_SCALED];

    cmd_table_add(t, "%s", c->name);
    cmd_table_add(t, "%s", c->unit);
    if (r->ok) {
        cmd_table_add(t, "%s", cmd_scaled(a, median(r, runs)));
        cmd_table_add(t, "%s", cmd_scaled(a, r->value[0]));
        cmd_table_add(t, "%s", cmd_scaled(a, r->value[runs - 1]));
    }
    for (unsigned i = 0; !r->ok && i < 3; i++)
        cmd_table_add(t, "failed");
    if (c->target > 0)
        cmd_table_add(t, "%s %s",
                      c->at_most ? "<" : ">=", cmd_scaled(a, c->target));
    else
        cmd_table_add(t, "%s", "");
    cmd_table_add(t, "%s", r->ok ? verdict(c, median(r, runs)) : "");
    cmd_table_add(t, "%s", c->what);
}

static const struct result *find(const struct result *r, const char *name)
{
    for (size_t i = 0; i < bench_case_count; i++)
        if (!strcmp(bench_cases[i].name, name) && r[i].ok)
            return &r[i];
    return NULL;
}

/* Speed with a trace by speed without; 0: not measured. */
static double trace_ratio(const struct result *r, unsigned runs)
{
    const struct result *on = find(r, "timed_workload_traced");
    const struct result *off = find(r, "timed_workload");

    return on && off ? median(on, runs) / median(off, runs) : 0;
}

static void print_text(const struct result *r, const struct bench *b)
{
    static const char *const head[] = {"<benchmark", "<unit",    "median",
                                       "min",        "max",      "target",
                                       "<",          "<measures"};
    struct cmd_table t;
    char cpu[128];

    cpu_name(cpu, sizeof(cpu));
    printf("%s, one core, %u run%s of %.2f s each\n\n", cpu, b->runs,
           b->runs == 1 ? "" : "s", b->seconds);
    cmd_table_init(&t, 8, head, NULL);
    for (size_t i = 0; i < bench_case_count; i++)
        if (r[i].ran)
            text_row(&t, &bench_cases[i], &r[i], b->runs);
    cmd_table_print(&t, stdout, false);
    if (trace_ratio(r, b->runs) > 0)
        printf("\nspeed with a trace / without: %.2f\n",
               trace_ratio(r, b->runs));
}

static void json_row(struct cmd_json *j, const struct bench_case *c,
                     const struct result *r, unsigned runs)
{
    cmd_json_open(j, c->name, '{');
    cmd_json_string(j, "unit", c->unit);
    cmd_json_string(j, "status", r->ok ? "ok" : "failed");
    if (r->ok) {
        cmd_json_double(j, "median", median(r, runs));
        cmd_json_double(j, "min", r->value[0]);
        cmd_json_double(j, "max", r->value[runs - 1]);
    }
    if (c->target > 0) {
        cmd_json_double(j, c->at_most ? "target_below" : "target_at_least",
                        c->target);
        cmd_json_string(j, "target",
                        r->ok ? verdict(c, median(r, runs)) : "missed");
    }
    cmd_json_string(j, "measures", c->what);
    cmd_json_close(j, '}');
}

static void print_json(const struct result *r, const struct bench *b)
{
    struct cmd_json j = {stdout, 0, false};
    uint32_t v = iovp_version();
    char text[128];

    cmd_json_open(&j, NULL, '{');
    cmd_json_string(&j, "command", "bench");
    snprintf(text, sizeof(text), "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
    cmd_json_string(&j, "version", text);
    cpu_name(text, sizeof(text));
    cmd_json_string(&j, "cpu", text);
    cmd_json_u64(&j, "runs", b->runs);
    cmd_json_double(&j, "seconds_per_run", b->seconds);
    cmd_json_open(&j, "results", '{');
    for (size_t i = 0; i < bench_case_count; i++)
        if (r[i].ran)
            json_row(&j, &bench_cases[i], &r[i], b->runs);
    cmd_json_close(&j, '}');
    if (trace_ratio(r, b->runs) > 0)
        cmd_json_double(&j, "trace_ratio", trace_ratio(r, b->runs));
    cmd_json_close(&j, '}');
}

/* ---- command line ----------------------------------------------------- */

static int pick(struct options *o, const char *name)
{
    for (size_t i = 0; i < bench_case_count; i++) {
        if (strcmp(name, bench_cases[i].name))
            continue;
        o->pick[i] = o->only = true;
        return CMD_OK;
    }
    cmd_error("there is no benchmark '%s'; there are:", name);
    for (size_t i = 0; i < bench_case_count; i++)
        fprintf(stderr, "  %-22s %s\n", bench_cases[i].name,
                bench_cases[i].what);
    return CMD_USAGE;
}

static int option(struct options *o, int c, char **argv)
{
    uint64_t v = 0;

    switch (c) {
    case 's':
        if (cmd_parse_time(optarg, &v)) {
            o->bench.seconds = (double)v / 1e12;
            return CMD_OK;
        }
        cmd_error("--seconds %s: say a time, e.g. 0.5 or 10", optarg);
        return CMD_USAGE;
    case 'r':
        if (cmd_parse_count(optarg, &v) && v && v <= BENCH_RUNS_MAX) {
            o->bench.runs = (unsigned)v;
            return CMD_OK;
        }
        cmd_error("--runs %s: say 1 to %d", optarg, BENCH_RUNS_MAX);
        return CMD_USAGE;
    case 'o':
        return pick(o, optarg);
    case 'j':
        o->json = true;
        return CMD_OK;
    case 'h':
        fputs(help, stdout);
        return -1;
    default:
        return cmd_bad_option(c, argv);
    }
}

static int parse(struct options *o, int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},
        {"runs", required_argument, NULL, 'r'},
        {"only", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c, rc;

    while ((c = getopt_long(argc, argv, ":s:r:o:jh", options, NULL)) != -1) {
        rc = option(o, c, argv);
        if (rc)
            return rc;
    }
    if (optind == argc)
        return CMD_OK;
    cmd_error("'%s' is no option; see iovp bench --help", argv[optind]);
    return CMD_USAGE;
}

static int bench(struct options *o, struct result *r)
{
    bool ok = true;

    o->bench.seconds /= o->bench.runs;
    for (size_t i = 0; i < bench_case_count; i++) {
        if (o->only ? !o->pick[i] : bench_cases[i].timed && !iovp_has_systemc())
            continue;
        if (!o->json && isatty(STDERR_FILENO))
            fprintf(stderr, "%s\033[K\r", bench_cases[i].name);
        measure(&bench_cases[i], &o->bench, &r[i]);
        ok &= r[i].ok;
    }
    if (o->json)
        print_json(r, &o->bench);
    else
        print_text(r, &o->bench);
    return ok ? CMD_OK : CMD_FAIL;
}

int cmd_bench(int argc, char **argv)
{
    struct options o = {.bench = {5, 2}};
    struct result *r = calloc(bench_case_count, sizeof(*r));
    int rc = CMD_FAIL;

    o.pick = calloc(bench_case_count, sizeof(*o.pick));
    if (r && o.pick)
        rc = parse(&o, argc, argv);
    if (!rc)
        rc = bench(&o, r);
    free(o.pick);
    free(r);
    if (cmd_finish_output())
        return CMD_FAIL;
    return rc < 0 ? CMD_OK : rc;
}

/* SPDX-License-Identifier: MIT */
/* iovp dump: print a trace. */
#include "cmd.h"

#include <getopt.h>
#include <inttypes.h>

#include "../traces/csv.h"

static const char help[] =
    "usage: iovp dump TRACE [--csv]\n"
    "\n"
    "Print a trace as comma-separated values, one record a line, in the order\n"
    "in which the records were made; docs/traces.md explains the columns.  Of\n"
    "a damaged file, what precedes the damage is printed; the exit status is\n"
    "then 1.\n"
    "\n"
    "      --csv   comma-separated values, which is the default\n"
    "  -h, --help\n"
    "\n"
    "Examples:\n"
    "  iovp dump soc.iovt | head\n"
    "  iovp dump soc.iovt > soc.csv\n";

static int dump(const char *path, iovp_trace_reader *t)
{
    iovp_record rec = {.size = sizeof(rec)};
    iovp_status st = IOVP_OK;
    uint64_t n = 0;
    int bad = trace_csv_header(stdout);

    while (!bad && (st = iovp_trace_next(t, &rec)) == IOVP_OK) {
        bad = trace_csv_row(stdout, &rec);
        n++;
    }
    if (bad || st == IOVP_E_END)
        return cmd_finish_output();
    cmd_finish_output();
    cmd_error("%s: %s; the %" PRIu64 " records before it are printed", path,
              iovp_last_error(), n);
    return CMD_FAIL;
}

int cmd_dump(int argc, char **argv)
{
    static const struct option options[] = {
        {"csv", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    iovp_trace_reader *t;
    iovp_status st;
    int c, rc;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (c == 'c')
            continue;
        if (c != 'h')
            return cmd_bad_option(c, argv);
        fputs(help, stdout);
        return cmd_finish_output();
    }
    if (argc - optind != 1) {
        cmd_error("say one trace; see iovp dump --help");
        return CMD_USAGE;
    }
    st = iovp_trace_open(&t, argv[optind]);
    if (st != IOVP_OK)
        return cmd_api_error(argv[optind], st);
    rc = dump(argv[optind], t);
    iovp_trace_close(t);
    return rc;
}

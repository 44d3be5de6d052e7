/* SPDX-License-Identifier: MIT */
/* iovp replay: feed a recorded trace back through a platform. */
#include "cmd.h"
#include "cmd_learn.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: iovp replay FILE.dts|FILE.dtb TRACE [options]\n"
    "\n"
    "Bring the platform up as iovp run does, then feed the transactions of a\n"
    "trace back in their order, each at its recorded time, and print the same\n"
    "table.  With the device tree and the mode of the recording the table is\n"
    "the same; with another geometry of the SMMU it shows what that changes.\n"
    "Devices without a workload, as PCI functions, have no driver here: in\n"
    "functional mode pages are mapped and unmapped as the trace shows it, and\n"
    "what used ATS is left out; in timed mode all that they did is.\n"
    "\n"
    "  -m, --mode functional|timed  with or without time; timed if possible\n"
    "  -j, --json                   print JSON\n"
    "  -q, --quiet                  no progress line\n"
    "  -h, --help\n"
    "\n"
    "Examples:\n"
    "  iovp run platforms/arm-soc.dts --trace soc.iovt\n"
    "  iovp replay platforms/arm-soc.dts soc.iovt\n";

struct replay {
    const char *file;
    const char *trace;
    uint32_t mode;
    bool json, quiet;
    /* Earliest time of this and every later block of records. */
    uint64_t *earliest;
    size_t blocks, room;
    uint64_t left_out;
    struct cmd_learn learn;
};

#define BLOCK_RECORDS 4096
/* Drivers run only while every later transaction is this far ahead. */
#define MARGIN_PS     20000000ull /* 20 us */
#define MAX_BYTES     4096u

/* ---- the times in the trace ------------------------------------------- */

static int note_time(struct replay *r, uint64_t n, uint64_t time)
{
    size_t block = (size_t)(n / BLOCK_RECORDS);

    if (block == r->room) {
        size_t room = r->room ? 2 * r->room : 1024;
        void *p = realloc(r->earliest, room * sizeof(*r->earliest));

        if (!p)
            return cmd_api_error(r->trace, IOVP_E_NOMEM);
        r->earliest = p;
        r->room = room;
    }
    if (block == r->blocks) {
        r->earliest[block] = UINT64_MAX;
        r->blocks++;
    }
    if (time < r->earliest[block])
        r->earliest[block] = time;
    return CMD_OK;
}

/*
 * Masters run ahead of each other, so that the order of entry, in which the
 * records are, is not quite the order of time: learn how far the platform may
 * advance without overtaking a record.
 */
static int scan(struct replay *r)
{
    iovp_record rec = {.size = sizeof(rec)};
    iovp_trace_reader *t;
    iovp_status st = iovp_trace_open(&t, r->trace);
    uint64_t n = 0;
    int rc = CMD_OK;

    if (st != IOVP_OK)
        return cmd_api_error(r->trace, st);
    while (!rc && iovp_trace_next(t, &rec) == IOVP_OK)
        if (rec.kind == IOVP_RECORD_TRANSACTION)
            rc = note_time(r, n++, rec.time_in);
    iovp_trace_close(t);
    for (size_t i = r->blocks; i-- > 1;)
        if (r->earliest[i] < r->earliest[i - 1])
            r->earliest[i - 1] = r->earliest[i];
    return rc;
}

/* ---- the records ------------------------------------------------------- */

static bool find_device(const struct cmd_soc *s, uint32_t index, size_t *i)
{
    for (*i = 0; *i < s->devices; ++*i)
        if (s->info[*i].index == index)
            return true;
    return false;
}

static iovp_status feed(struct cmd_soc *s, size_t i, const iovp_record *rec)
{
    iovp_attrs a = {
        .size = sizeof(a),
        .specified = IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID | IOVP_ATTR_SPACE |
                     IOVP_ATTR_PRIVILEGED | IOVP_ATTR_INSTRUCTION |
                     IOVP_ATTR_ADDR_TYPE,
        .stream_id = rec->stream_id,
        .pasid = rec->pasid,
        .pasid_valid = (uint8_t)rec->pasid_valid,
        .space = (uint8_t)rec->space,
        .privileged = (uint8_t)rec->privileged,
        .instruction = (uint8_t)rec->instruction,
        .addr_type = (uint8_t)rec->addr_type,
    };
    uint64_t iova = rec->iova;
    iovp_status st = IOVP_OK;

    for (uint32_t left = rec->bytes, n; left && st == IOVP_OK; left -= n) {
        n = left < MAX_BYTES ? left : MAX_BYTES;
        st = iovp_dma_replay(s->device[i], &a, iova, n, rec->access,
                             rec->time_in, NULL);
        iova += n;
    }
    return st;
}

/* Only what has a workload is mapped already: the trace says what was. */
static bool is_learnt(const struct cmd_soc *s, size_t i)
{
    return s->info[i].iommu[0] && !s->info[i].has_workload;
}

/* Translations of an ATC, and what it translated, are not to be had without
 * the function; with time its driver would act at the wrong one. */
static bool is_left_out(const struct cmd_soc *s, size_t i,
                        const iovp_record *rec)
{
    return is_learnt(s, i) &&
           (s->timed || rec->addr_type != IOVP_AT_UNTRANSLATED);
}

/* Between blocks there may be time for the drivers. */
static int advance(struct cmd_soc *s, const struct replay *r, uint64_t n)
{
    uint64_t safe = r->earliest[n / BLOCK_RECORDS];
    iovp_status st;

    cmd_progress(s, r->quiet, false);
    if (s->timed) {
        if (safe < MARGIN_PS || safe - MARGIN_PS <= iovp_now(s->platform))
            return CMD_OK;
        st = iovp_run_until(s->platform, safe - MARGIN_PS, NULL);
        if (st != IOVP_OK)
            return cmd_api_error(s->file, st);
    }
    cmd_soc_service(s);
    return CMD_OK;
}

static int one(struct cmd_soc *s, struct replay *r, const iovp_record *rec,
               uint64_t n)
{
    iovp_status st;
    size_t i;

    if (n % BLOCK_RECORDS == 0 && n / BLOCK_RECORDS < r->blocks &&
        advance(s, r, n))
        return CMD_FAIL;
    if (!find_device(s, rec->device, &i)) {
        cmd_error("%s: transaction %" PRIu64 " is of device %u, which %s does "
                  "not have; give the device tree of the recording",
                  r->trace, n, rec->device, r->file);
        return CMD_FAIL;
    }
    if (is_left_out(s, i, rec)) {
        r->left_out++;
        return CMD_OK;
    }
    if (is_learnt(s, i) && cmd_learn_transaction(&r->learn, &s->info[i], rec))
        return CMD_FAIL;
    st = feed(s, i, rec);
    if (st == IOVP_OK)
        return CMD_OK;
    cmd_error("%s: transaction %" PRIu64 " at %" PRIu64 " ps: %s", r->trace, n,
              rec->time_in, iovp_last_error());
    return CMD_FAIL;
}

static int feed_all(struct cmd_soc *s, struct replay *r, iovp_trace_reader *t)
{
    iovp_record rec = {.size = sizeof(rec)};
    iovp_status st;
    uint64_t n = 0;

    while ((st = iovp_trace_next(t, &rec)) == IOVP_OK) {
        if (rec.kind == IOVP_RECORD_TRANSACTION && one(s, r, &rec, n++))
            return CMD_FAIL;
        if (rec.kind == IOVP_RECORD_COMMAND && !s->timed &&
            cmd_learn_command(&r->learn, &rec))
            return CMD_FAIL;
    }
    if (r->left_out)
        cmd_note("%s: %" PRIu64 " transactions were left out, of devices "
                 "whose drivers do not run here",
                 r->trace, r->left_out);
    if (st == IOVP_E_END)
        return CMD_OK;
    cmd_error("%s: %s; the %" PRIu64 " transactions before the damage were "
              "replayed",
              r->trace, iovp_last_error(), n);
    return CMD_FAIL;
}

static void compare_trees(struct cmd_soc *s, const struct replay *r,
                          iovp_trace_reader *t)
{
    size_t a = 0, b = 0;
    void *ours, *theirs;

    iovp_platform_dtb(s->platform, NULL, &a);
    iovp_trace_dtb(t, NULL, &b);
    ours = malloc(a ? a : 1);
    theirs = malloc(b ? b : 1);
    if (ours && theirs &&
        (a != b || iovp_platform_dtb(s->platform, ours, &a) != IOVP_OK ||
         iovp_trace_dtb(t, theirs, &b) != IOVP_OK || memcmp(ours, theirs, a)))
        cmd_note("%s was recorded on another device tree than %s: the figures "
                 "will differ",
                 r->trace, r->file);
    free(ours);
    free(theirs);
}

static int replay(struct cmd_soc *s, struct replay *r, iovp_trace_reader *t)
{
    struct cmd_report report = {"replay", r->trace, 0, r->json, NULL};
    iovp_status st;
    int rc = cmd_soc_bring_up(s);

    if (rc)
        return rc;
    compare_trees(s, r, t);
    r->learn.soc = s;
    st = iovp_stats_reset(s->platform);
    if (st != IOVP_OK)
        return cmd_api_error(r->file, st);
    report.wall_s = cmd_wall_seconds();
    rc = feed_all(s, r, t);
    report.wall_s = cmd_wall_seconds() - report.wall_s;
    cmd_progress(s, r->quiet, true);
    cmd_soc_drain(s);
    if (rc && !cmd_transfers(s))
        return rc;
    return cmd_report(s, &report) ? CMD_FAIL : rc;
}

static int open_and_replay(struct replay *r)
{
    iovp_trace_reader *t;
    struct cmd_soc s;
    iovp_status st;
    int rc = scan(r);

    if (rc)
        return rc;
    st = iovp_trace_open(&t, r->trace);
    if (st != IOVP_OK)
        return cmd_api_error(r->trace, st);
    rc = cmd_soc_open(&s, r->file, r->mode);
    if (!rc)
        rc = replay(&s, r, t);
    cmd_soc_close(&s);
    iovp_trace_close(t);
    return rc;
}

int cmd_replay(int argc, char **argv)
{
    static const struct option options[] = {
        {"mode", required_argument, NULL, 'm'},
        {"json", no_argument, NULL, 'j'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct replay r = {.mode = CMD_MODE_DEFAULT};
    int c, rc;

    while ((c = getopt_long(argc, argv, ":m:jqh", options, NULL)) != -1) {
        if (c == 'm' && cmd_parse_mode(optarg, &r.mode))
            continue;
        if (c == 'm')
            return CMD_USAGE;
        if (c == 'h') {
            fputs(help, stdout);
            return cmd_finish_output();
        }
        if (c != 'j' && c != 'q')
            return cmd_bad_option(c, argv);
        r.json |= c == 'j';
        r.quiet |= c == 'q';
    }
    if (argc - optind != 2) {
        cmd_error("say a device tree and a trace; see iovp replay --help");
        return CMD_USAGE;
    }
    r.file = argv[optind];
    r.trace = argv[optind + 1];
    rc = open_and_replay(&r);
    free(r.earliest);
    cmd_learn_close(&r.learn);
    return cmd_finish_output() ? CMD_FAIL : rc;
}

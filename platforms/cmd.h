/* SPDX-License-Identifier: MIT */
/* What the files of the `iovp` command share.  It uses the public API only. */
#ifndef IOVP_CMD_H
#define IOVP_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../capi/examples/smmuv3_driver.h"
#include "../capi/iovp.h"

/* Exit statuses. */
#define CMD_OK    0
#define CMD_FAIL  1 /* it did not work: a file, a device tree, a trace */
#define CMD_USAGE 2 /* the command line is wrong */

int cmd_run(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_dt(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_lspci(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_boot(int argc, char **argv);

/* ---- messages and arguments (cmd_common.c) --------------------------- */

/* "iovp run: ..." on stderr.  Every message says what to do. */
void cmd_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* An error of the library, with its sentence; returns CMD_FAIL. */
int cmd_api_error(const char *what, iovp_status status);
/* The subcommand's name in messages. */
void cmd_set_name(const char *name);
/* After getopt_long returned '?' or ':'; returns CMD_USAGE. */
int cmd_bad_option(int c, char **argv);

/* 100, 0x64, 20k, 3M, 1G (decimal factors). */
bool cmd_parse_count(const char *text, uint64_t *v);
/* 0.5, 10ms, 3us, 7ns: picoseconds. */
bool cmd_parse_time(const char *text, uint64_t *ps);

/* Flush stdout; CMD_FAIL with a message if it could not be written.  A reader
 * that went away is not an error. */
int cmd_finish_output(void);
bool cmd_output_gone(void);
double cmd_wall_seconds(void);

/* 1234567 -> "1.23M" */
#define CMD_SCALED 16
const char *cmd_scaled(char buf[CMD_SCALED], double v);
/* 1234567 ps -> "1.235 us" */
const char *cmd_time(char buf[CMD_SCALED], uint64_t ps);
const char *cmd_space_name(uint32_t space);

/* ---- text tables (cmd_table.c) --------------------------------------- */

#define CMD_TABLE_COLUMNS 20
#define CMD_TABLE_CELL    64

struct cmd_table {
    unsigned columns;
    const char *const *head; /* a leading '<' aligns left */
    const char *const *unit; /* second head line, NULL: none */
    unsigned gap;            /* between columns, 2 */
    char (*cell)[CMD_TABLE_CELL];
    size_t cells, room;
};

void cmd_table_init(struct cmd_table *t, unsigned columns,
                    const char *const *head, const char *const *unit);
/* Append a cell; rows fill up from left to right. */
void cmd_table_add(struct cmd_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* With `total`, a line above the last row.  Frees the cells. */
void cmd_table_print(struct cmd_table *t, FILE *f, bool total);

/* ---- JSON (cmd_json.c) ----------------------------------------------- */

struct cmd_json {
    FILE *f;
    unsigned depth;
    bool comma;
};

/* `key` is NULL in an array. */
void cmd_json_open(struct cmd_json *j, const char *key, char bracket);
void cmd_json_close(struct cmd_json *j, char bracket);
void cmd_json_u64(struct cmd_json *j, const char *key, uint64_t v);
void cmd_json_double(struct cmd_json *j, const char *key, double v);
void cmd_json_string(struct cmd_json *j, const char *key, const char *v);

/* ---- a platform that is brought up (cmd_soc.c) ----------------------- */

#define CMD_EVENT_TYPES 256

struct cmd_smmu {
    char name[32];
    struct smmu_driver driver;
    uint64_t events[CMD_EVENT_TYPES];
    char last_event[160];
    bool eventq, priq, gerror; /* interrupt pending */
    uint64_t interrupts;
};

struct cmd_stream {
    struct smmu_stream stream;
    size_t smmu;
};

/* An address space: one (stream, PASID). */
struct cmd_space {
    size_t stream;
    uint32_t pasid; /* or SMMU_NO_PASID */
    struct smmu_space space;
};

/* Answers a page request: SMMU_PRI_*. */
typedef uint32_t cmd_page_fn(void *ud, const struct smmu_page_request *r);

struct cmd_soc {
    iovp_platform *platform;
    const char *file;
    bool timed;
    iovp_device **device;
    iovp_device_info *info;
    size_t devices;
    struct cmd_smmu *smmu;
    size_t smmus;
    struct cmd_stream *stream;
    size_t streams;
    struct cmd_space *space;
    size_t spaces;
    /* RAM: tables from the low end, data pages spread over the rest */
    struct smmu_ram ram;
    uint64_t data_base, data_pages, data_mask, data_state;
    uint64_t mapped_pages;
    /* For drivers of PCI functions: may be NULL. */
    cmd_page_fn *page;
    iovp_irq_fn *msi;
    void *driver_ud;
};

#define CMD_MODE_DEFAULT ~0u
/* "functional", "timed"; false and a message if it is neither. */
bool cmd_parse_mode(const char *text, uint32_t *mode);

/* Create the platform of a file; messages are printed. */
int cmd_soc_open(struct cmd_soc *s, const char *file, uint32_t mode);
/* With the caller's memory. */
int cmd_soc_open_ram(struct cmd_soc *s, const char *file, uint32_t mode,
                     const iovp_ram_ops *ram);
/* Reset every SMMU, map the window of every workload. */
int cmd_soc_bring_up(struct cmd_soc *s);
/* Let the drivers handle the interrupts that came in. */
void cmd_soc_service(struct cmd_soc *s);
/* Look into every queue, whether or not an interrupt came. */
void cmd_soc_drain(struct cmd_soc *s);
/* A physical page for data. */
uint64_t cmd_soc_page(struct cmd_soc *s);
void cmd_soc_close(struct cmd_soc *s);
/* All nodes; *nodes is malloc'ed. */
iovp_status cmd_nodes(iovp_platform *p, iovp_node **nodes, size_t *count);
void cmd_print_nodes(const iovp_node *nodes, size_t count);

/* ---- the result of run and replay (cmd_report.c) --------------------- */

struct cmd_pcie;

struct cmd_report {
    const char *command;
    const char *trace; /* NULL: none */
    double wall_s;
    bool json;
    const struct cmd_pcie *pcie; /* NULL: none */
};

int cmd_report(struct cmd_soc *s, const struct cmd_report *r);
/* Sum of transfers so far, for progress lines. */
uint64_t cmd_transfers(struct cmd_soc *s);
void cmd_progress(struct cmd_soc *s, bool quiet, bool last);

#endif

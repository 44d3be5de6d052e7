/* SPDX-License-Identifier: MIT */
/*
 * Workloads that run in a timed platform of a child process, and the trace
 * that it leaves for its parent.
 */
#ifndef CAPI_PLAN_H
#define CAPI_PLAN_H

#include "capi_soc.h"

#define PLAN_IOVA    0x40000000ull
#define PLAN_WINDOW  0x4000000ull /* 64 MiB, half of them mapped by blocks */
#define PLAN_DEVICES 3            /* npu, display, raw */

struct plan {
    char path[256]; /* of the trace */
    uint32_t mode;
    uint64_t quantum;
    uint64_t step; /* of iovp_run_until; 0: in one */
    bool unmapped;
    iovp_workload w[PLAN_DEVICES]; /* transfers 0: none */
    /* what came of it */
    uint32_t why;
    uint64_t end;
    iovp_stream_stats row[16];
    size_t rows;
};

/* A workload to start from: 5000 transfers of 64 bytes, sequential. */
extern const iovp_workload plan_basic;

/* An empty plan, of timed mode, in shared memory; there is one at a time. */
struct plan *plan_new(const char *name);

/* Map the window for the npu, also for PASIDs 1 to 3, and the display. */
void plan_map(struct soc *s);

/* To be given to soc_child: bring up, run until idle, keep the figures. */
void plan_run(void *plan);

/* The transactions of a device, UINT32_MAX: of all; and remove the file. */
extern iovp_record *plan_records;
extern size_t plan_count;
void plan_load(const char *path, uint32_t device);

#endif

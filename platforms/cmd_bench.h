/* SPDX-License-Identifier: MIT */
/* What the files of `iovp bench` share. */
#ifndef IOVP_CMD_BENCH_H
#define IOVP_CMD_BENCH_H

#include "cmd.h"

#define BENCH_RUNS_MAX 15

struct bench {
    unsigned runs;
    double seconds; /* of one run */
};

/* One measurement; it runs in a process of its own. */
struct bench_case {
    const char *name; /* JSON key; docs/performance.md explains it */
    const char *unit;
    double target; /* 0: none */
    bool at_most;  /* the target is an upper bound */
    bool timed;    /* needs SystemC */
    /* Fill value[0..runs-1]; CMD_FAIL after a message. */
    int (*run)(const struct bench *b, double *value);
    const char *what;
};

extern const struct bench_case bench_cases[];
extern const size_t bench_case_count;

/*
 * Call `once` until a run's time is over, for each run; value[] becomes
 * calls by second.  `once` gets the number of calls so far.
 */
int bench_rates(const struct bench *b, double *value,
                iovp_status (*once)(void *ud, uint64_t n), void *ud);
/* Bytes of this process in memory. */
double bench_resident(void);

/* Address spaces of PASIDs (cmd_bench_spaces.c). */
int bench_space_first(const struct bench *b, double *value);
int bench_space_reuse(const struct bench *b, double *value);
int bench_space_drop(const struct bench *b, double *value);
int bench_space_memory(const struct bench *b, double *value);

/* A PCI function that copies (cmd_bench_pcie.c). */
int bench_pcie_copy(const struct bench *b, double *value);
int bench_pcie_copy_timed(const struct bench *b, double *value);

/* ---- the platform under test (cmd_bench_soc.c) ------------------------ */

#define BENCH_SID        0x10u
#define BENCH_PASID_BITS 8u
#define BENCH_DATA       0x60000000ull /* data pages; tables lie below */
#define BENCH_DATA_BYTES (256ull << 20)

struct bench_soc {
    iovp_platform *platform;
    iovp_device *device;
    struct smmu_ram ram;
    struct smmu_driver driver;
    struct smmu_stream stream;
};

/* A property `reg` of a tree that is being made. */
int bench_reg(void *fdt, uint64_t base, uint64_t size);
/* One SMMU, one DMA master, 768 MiB of RAM; `entries` of TLB and walk cache,
 * 0: those of the default profile. */
int bench_open(struct bench_soc *s, uint32_t mode, uint32_t entries);
/* The same with another number of PASIDs than 2^BENCH_PASID_BITS. */
int bench_open_pasids(struct bench_soc *s, uint32_t mode, uint32_t entries,
                      uint32_t pasid_bits);
/* Give transactions with `pasid` an address space. */
int bench_space(struct bench_soc *s, uint32_t pasid, struct smmu_space *space);
/* Map [iova, iova + bytes) to data pages from `offset` on. */
int bench_map(struct bench_soc *s, const struct smmu_space *space,
              uint64_t iova, uint64_t offset, uint64_t bytes);
/* Print the failure of an API call, "" if it was not one. */
int bench_fail(const struct bench_soc *s, const char *what);

#endif

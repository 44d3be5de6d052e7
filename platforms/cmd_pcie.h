/* SPDX-License-Identifier: MIT */
/*
 * What `iovp run` does with PCI functions: the buses are enumerated, test
 * endpoints are driven through their registers in phases, from DMA without ATS
 * to page requests, and what every function counted is reported.
 */
#ifndef CMD_PCIE_H
#define CMD_PCIE_H

#include "cmd.h"
#include "cmd_pci.h"

#define CMD_PCIE_PHASES   4u
#define CMD_PCIE_SPACES   4u
#define CMD_PCIE_COUNTERS 64u
#define CMD_PCIE_PAGES    16u /* of a source, and of a destination */

/* A PCI function that is a device of the platform. */
struct cmd_pcie_fn {
    const struct cmd_pci_host *host;
    const struct pcie_enum_fn *fn;
    iovp_device *device;
    iovp_device_info info;
    uint64_t msis;         /* that came */
    struct cmd_smmu *smmu; /* once it is attached */
    struct smmu_stream stream;
    struct smmu_space space[CMD_PCIE_SPACES]; /* by PASID, 0: without */
};

struct cmd_pcie_counters {
    iovp_counter counter[CMD_PCIE_COUNTERS];
    size_t count;
};

struct cmd_pcie_phase {
    size_t fn; /* index */
    const char *name;
    struct cmd_pcie_counters counters; /* of this phase */
    uint64_t copies, msis, ps;
};

struct cmd_pcie {
    struct cmd_soc *soc;
    struct cmd_pci pci;
    struct cmd_pcie_fn *fn;
    size_t fns;
    struct cmd_pcie_phase *phase;
    size_t phases;
    uint64_t doorbell;  /* of MSIs; 0: there is no controller */
    struct tep *driven; /* whose pages are asked for, NULL: nobody's */
};

/* Enumerate; fns = 0 if there is no PCI host.  Messages are printed. */
int cmd_pcie_open(struct cmd_pcie *p, struct cmd_soc *s);
/* Drive every test endpoint; `operations` in each phase, 0: the default. */
int cmd_pcie_run(struct cmd_pcie *p, uint64_t operations);
void cmd_pcie_close(struct cmd_pcie *p);

/* ---- a function (cmd_pcie.c) ---------------------------------------- */

iovp_status cmd_pcie_count(const struct cmd_pcie_fn *f,
                           struct cmd_pcie_counters *c);
uint64_t cmd_pcie_counter(const struct cmd_pcie_counters *c, const char *name);
/*
 * An address space for DMA without PASID and for the first PASIDs, empty but
 * for the doorbell; then what the function has of PASID, PRI and ATS, in the
 * order of operating systems, and MSI-X vector 0.  Messages are printed.  A
 * function that cannot be attached has no `smmu` afterwards; that is no error.
 */
int cmd_pcie_attach(struct cmd_pcie *p, struct cmd_pcie_fn *f);

/* ---- the driver of the test endpoint (cmd_pcie_tep.c) --------------- */

bool cmd_tep_is(const struct pcie_enum_fn *f);
int cmd_tep_run(struct cmd_pcie *p, size_t fn, uint64_t operations);
uint32_t cmd_tep_page(struct tep *t, const struct smmu_page_request *r);

/* ---- output (cmd_pcie_report.c) ------------------------------------- */

void cmd_pcie_print(const struct cmd_pcie *p);
void cmd_pcie_json(const struct cmd_pcie *p, struct cmd_json *j);

#endif

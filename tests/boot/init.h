/* SPDX-License-Identifier: MIT */
/*
 * The first and only process of the boot tests' guest.  It runs the checks that
 * iovp.test=NAME,NAME... on the kernel's command line names, in that order, and
 * powers off.  Its lines go through the kernel's log, so that they are whole:
 *
 *     IOVP-BOOT: init
 *     IOVP-BOOT: ok NAME key=value ...      (or fail, or skip, with a reason)
 *     IOVP-BOOT: end
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict { PASSED, FAILED, SKIPPED };

struct report {
    char text[640];
};

/* The report's text, and the verdict to return. */
enum verdict passed(struct report *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum verdict failed(struct report *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum verdict skipped(struct report *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A line of its own: IOVP-BOOT: info TEXT. */
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say(const char *line);

/* ---- files ----------------------------------------------------------------
 */

/* The file's beginning as a string without its last newline; -1: cannot. */
int read_text(const char *path, char *text, size_t room);
int write_text(const char *path, const char *text);
long read_number(const char *path, long otherwise);
/* The whole file, malloc'ed; NULL: cannot. */
void *read_whole(const char *path, size_t *bytes);
/* Wait until it is there (or gone), 20 s at most. */
bool await_path(const char *path, bool there);
/* The value of NAME=VALUE on the kernel's command line; "": none. */
const char *argument(const char *name);

double now(void); /* seconds */
void rest(unsigned milliseconds);

/* ---- the kernel's log ------------------------------------------------------
 */

/* Everything that was logged, malloc'ed. */
char *kernel_log(void);
unsigned count_lines(const char *log, const char *text);

struct smmu_event {
    unsigned kind;
    uint32_t sid;
    uint64_t address;
    bool read;
};

/* The reports of events since the log had `since` bytes, at most `room`. */
unsigned smmu_events(size_t since, struct smmu_event *events, unsigned room);
size_t log_size(void);

/* ---- PCI -------------------------------------------------------------------
 */

struct pci_function {
    char name[16];           /* 0001:01:00.0 */
    char path[64];           /* below /sys/bus/pci/devices */
    unsigned id, class_code; /* vendor and device */
};

/* All in the domain iovp.domain=N (1), by address; the number of them. */
unsigned pci_functions(struct pci_function *list, unsigned room);
/* Those with this `id` or `class_code`, at most `room`; how many there are. */
unsigned pci_find(unsigned id, struct pci_function *found, unsigned room);
/* What its host bridge's iommu-map says; false: nothing. */
bool pci_stream_id(const struct pci_function *f, uint32_t *sid);
/* Take it from its driver, and give it to `driver`. */
bool pci_rebind(const struct pci_function *f, const char *driver);
bool pci_unbind(const struct pci_function *f);

/* ---- the test endpoint ------------------------------------------------------
 */

#define TEP_FUNCTION 0x12341057u

uint32_t tep_get(const volatile void *regs, unsigned at);
uint64_t tep_get64(const volatile void *regs, unsigned at);
void tep_set(volatile void *regs, unsigned at, uint32_t value);
void tep_set64(volatile void *regs, unsigned at, uint64_t value);
/* One operation; TEP_STATUS when it is done, 0 if that takes too long. */
uint32_t tep_run(volatile void *regs, uint32_t op, uint64_t src, uint64_t dst,
                 uint32_t bytes);

/* ---- checks
 * ------------------------------------------------------------------ */

enum verdict check_cpus(struct report *r);
enum verdict check_smmu(struct report *r);
enum verdict check_regroup(struct report *r);
enum verdict check_quiet(struct report *r);
enum verdict check_pmu(struct report *r);
enum verdict check_nvme(struct report *r);
enum verdict check_reprobe(struct report *r);
enum verdict check_wild(struct report *r);
enum verdict check_vfio(struct report *r);
enum verdict check_kexec(struct report *r);

#endif

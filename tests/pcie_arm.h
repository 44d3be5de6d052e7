/* SPDX-License-Identifier: MIT */
/*
 * platforms/arm-pcie.dts, brought up by the C API alone and then ill-treated.
 * RAM is the test's, so that drivers can look at it.  Its functions are those
 * of struct ps:
 *
 *   far     03:00.0 test endpoint      nvme    05:00.0 NVMe controller
 *   far1    04:00.0 Arm PCIe Exerciser inside  00:01.0 test endpoint
 */
#ifndef PCIE_ARM_H
#define PCIE_ARM_H

#include "drivers/nvme_driver.h"
#include "pcie_soc.h"

#define PA_SMMU   0x12000000u
#define PA_ITS    0x10020040u /* GITS_TRANSLATER: a placeholder */
#define PA_RAM    0x80000000u /* 1 GiB */
#define PA_BYTES  0x40000000u
#define PA_FREE   0xb0000000u /* for alloc of the NVMe driver */
#define PA_IOVA   0x40000000u /* of PS_DATA, for every function */
#define PA_WINDOW 0x00200000u
#define PA_PEERS  0x01000000u
#define PA_PEER   0x50000000u /* of PS_MEM */

/* Transactions of an access of a processor (iovp_run_until): its comment says
 * some 4096; what one step of each function does at most comes on top. */
#define PA_STEP  16384u
#define PA_ONE   (4096u + PA_STEP)
#define PA_BATCH (65536u + PA_STEP)

enum pa_function { PA_FAR, PA_EXERCISER, PA_NVME, PA_INSIDE, PA_FUNCTIONS };

struct pa {
    struct ps s; /* s.near is not there */
    iovp_device *dev[PA_FUNCTIONS];
    struct ps_stream stream[PA_FUNCTIONS];
    uint8_t *ram;
    uint64_t next;    /* of alloc */
    uint64_t poll_ps; /* 0: functional mode */
    struct nvmed nvme;
};

/* The platform and nothing else; enumerated; with the SMMU, by which every
 * function sees PS_DATA at PA_IOVA, and PS_MEM at PA_PEER. */
bool pa_create(struct pa *a, const iovp_platform_config *c);
bool pa_enumerate(struct pa *a);
bool pa_translate(struct pa *a);
bool pa_open(struct pa *a);
bool pa_open_as(struct pa *a, uint32_t mode);
void pa_close(struct pa *a);

/* Everything sent by functions since they were made. */
uint64_t pa_sent(struct pa *a);
/* A write, and what it makes is bounded.  How much it was. */
uint64_t pa_wr(struct pa *a, uint64_t addr, unsigned width, uint64_t value);
/* Once, in timed mode for 100 us; *why may be NULL. */
void pa_run(struct pa *a, uint32_t *why);
/* Until nothing is left to do, at most `calls` times. */
bool pa_settle(struct pa *a, unsigned calls);

/* Drive it as its own driver does: data end up in memory. */
bool pa_works(struct pa *a, enum pa_function f);
/* The same after whatever happened to it: it is enumerated anew. */
bool pa_recovers(struct pa *a);

/* The endpoint driver, of PA_FAR or PA_INSIDE. */
bool pa_driver(struct pa *a, enum pa_function f);
bool pa_nvme(struct pa *a, unsigned queues);
/* An extended capability's register. */
void pa_ext(struct pa *a, enum pa_function f, uint16_t cap, uint32_t at,
            unsigned width, uint32_t value);
uint32_t pa_ext_get(struct pa *a, enum pa_function f, uint16_t cap, uint32_t at,
                    unsigned width);
/* ATS in the function and its stream; PRI if it has that. */
bool pa_ats(struct pa *a, enum pa_function f);

/* xorshift64 */
uint64_t pa_random(uint64_t *state);

#endif

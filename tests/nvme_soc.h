/* SPDX-License-Identifier: MIT */
/*
 * An NVM Express controller on a root complex, a host for its driver, and an
 * independent copy of what its blocks should hold.
 */
#ifndef NVME_SOC_H
#define NVME_SOC_H

#include "../models/pcie/endpoints/nvme.h"
#include "drivers/nvme_driver.h"
#include "pcie_root_soc.h"

#define NSOC_DATA                                                        \
    (RSOC_RAM + 0x800000)           /* data buffers; below: the driver's \
                                     */
#define NSOC_NONE 0x100000000000ull /* where nothing is */

struct nsoc {
    struct rsoc *s;
    struct nvme_config cfg; /* the defaults; may be changed before open */
    bool integrated;
    uint32_t fn;
    struct nvmed_host host;
    struct nvmed d;
    uint64_t next;    /* memory for alloc */
    uint32_t seen;    /* MSIs looked at */
    uint32_t irq[65]; /* by vector, not yet taken */
    uint8_t *copy;    /* of the namespace */
    uint64_t seed;
};

/* Everything zero but the defaults: 8192 blocks, no timing of links. */
struct nsoc *nsoc_new(void);
bool nsoc_open(struct nsoc *n);
/* Open and probe by the operating system's driver, with MSI-X. */
bool nsoc_probe(struct nsoc *n, unsigned queues, uint32_t depth);
void nsoc_close(struct nsoc *n);

uint64_t nsoc_rd(struct nsoc *n, uint64_t at, unsigned width);
void nsoc_wr(struct nsoc *n, uint64_t at, unsigned width, uint64_t v);
/* Interrupts that nobody will ask for any more. */
void nsoc_forget(struct nsoc *n);
/* A Function Level Reset, and what a system restores after it. */
void nsoc_reset(struct nsoc *n);
uint32_t nsoc_random(struct nsoc *n, uint32_t below);
/* Random bytes at a physical address. */
void nsoc_fill(struct nsoc *n, uint64_t at, uint32_t bytes);

/* Through queue `qid` and the copy; status. */
int nsoc_write(struct nsoc *n, unsigned qid, uint64_t lba, uint32_t blocks,
               uint64_t at);
int nsoc_read(struct nsoc *n, unsigned qid, uint64_t lba, uint32_t blocks,
              uint64_t at);
/* Is it what the copy says? */
bool nsoc_same(struct nsoc *n, uint64_t lba, uint32_t blocks, uint64_t at);

/* A command with CDW10 to CDW12; status. */
int nsoc_cmd(struct nsoc *n, unsigned qid, uint8_t opcode, uint32_t nsid,
             uint64_t prp1, uint32_t dw10, uint32_t dw11, uint32_t dw12);
/* Status code and type of the same, admin queue. */
int nsoc_admin(struct nsoc *n, uint8_t opcode, uint64_t prp1, uint32_t dw10,
               uint32_t dw11);

/* A counter of the endpoint by its name. */
uint64_t nsoc_count(struct nsoc *n, const char *name);

#endif

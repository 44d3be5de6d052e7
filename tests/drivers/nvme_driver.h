/* SPDX-License-Identifier: MIT */
/*
 * Two small NVM Express drivers for tests.  They know the specification and
 * nothing of the model:
 *
 *   nvme_driver.c   the order of an operating system: many queues, MSI-X, PRP
 *                   lists, commands in flight
 *   nvme_boot.c     the order of firmware: polling, queues of two entries,
 *                   registers in halves of 32 bits
 */
#ifndef NVME_DRIVER_H
#define NVME_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#define NVMED_QUEUES 65

/* Where the controller stands. */
struct nvmed_host {
    uint64_t (*read)(void *ud, uint64_t at, unsigned width);
    void (*write)(void *ud, uint64_t at, unsigned width, uint64_t value);
    /* Zeroed memory at a page boundary, and its address for the device. */
    uint8_t *(*alloc)(void *ud, uint64_t bytes, uint64_t *bus);
    /* Let time pass; false: nothing will happen any more. */
    bool (*wait)(void *ud);
    /* Has this vector interrupted since it was asked last?  NULL: polling. */
    bool (*interrupted)(void *ud, unsigned vector);
    void *ud;
};

struct nvmed_queue {
    uint8_t *sq, *cq;
    uint64_t sq_bus, cq_bus;
    uint32_t depth, tail, head, sq_head;
    unsigned phase, vector;
};

struct nvmed {
    struct nvmed_host host;
    uint64_t cap;
    uint32_t stride, io_depth;
    unsigned queues; /* I/O queues that work */
    uint16_t cid;
    struct nvmed_queue q[NVMED_QUEUES];
    uint8_t *page; /* 4 KiB for Identify and the like */
    uint64_t page_bus;
    const char *error;

    /* What the controller says of itself. */
    char serial[21], model[41];
    uint32_t mdts_bytes, namespaces;
    uint64_t blocks;
    unsigned block_log2;
};

/* A submission queue entry, by its doublewords. */
struct nvmed_cmd {
    uint32_t dw[16];
};

struct nvmed_cqe {
    uint32_t result;
    uint16_t sq_head, sqid, cid, status; /* status: without the phase */
};

#define NVMED_SC(status) ((status)&0x7ff)
#define NVMED_DNR        (1u << 14)
#define NVMED_TIMEOUT    (-1)

struct nvmed_cmd nvmed_cmd(uint8_t opcode, uint32_t nsid, uint64_t prp1,
                           uint64_t prp2);

/* ---- the operating system's ----------------------------------------- */

/* False: d->error says at which step. */
bool nvmed_probe(struct nvmed *d, const struct nvmed_host *h, unsigned queues,
                 uint32_t depth);
bool nvmed_disable(struct nvmed *d);
bool nvmed_enable(struct nvmed *d);
bool nvmed_shutdown(struct nvmed *d);

bool nvmed_create_queue(struct nvmed *d, unsigned qid, uint32_t depth,
                        bool interrupts);
bool nvmed_delete_queue(struct nvmed *d, unsigned qid);

/* Put a command in the queue; its identifier. */
uint16_t nvmed_submit(struct nvmed *d, unsigned qid, struct nvmed_cmd *c);
/* Take one completion; false: there is none. */
bool nvmed_poll(struct nvmed *d, unsigned qid, struct nvmed_cqe *e);
/* Submit, and wait for the interrupt: status, or NVMED_TIMEOUT. */
int nvmed_sync(struct nvmed *d, unsigned qid, struct nvmed_cmd *c,
               uint32_t *result);
/* Wait for one completion of a queue; false: none comes. */
bool nvmed_await(struct nvmed *d, unsigned qid, struct nvmed_cqe *e);

/* A data buffer of any alignment as PRP entries; lists come from alloc. */
void nvmed_map(struct nvmed *d, struct nvmed_cmd *c, uint64_t bus,
               uint32_t bytes);
struct nvmed_cmd nvmed_rw(struct nvmed *d, bool write, uint64_t lba,
                          uint32_t blocks, uint64_t bus);

/* ---- firmware's ----------------------------------------------------- */

/* Admin queue and one I/O queue, both of two entries. */
bool nvmeb_probe(struct nvmed *d, const struct nvmed_host *h);
bool nvmeb_rw(struct nvmed *d, bool write, uint64_t lba, uint32_t blocks,
              uint64_t bus);
bool nvmeb_exit(struct nvmed *d);

#endif

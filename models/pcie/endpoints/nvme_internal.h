/* SPDX-License-Identifier: MIT */
/* What the files of the NVM Express controller share. */
#ifndef NVME_INTERNAL_H
#define NVME_INTERNAL_H

#include "../../common/bits.h"
#include "../xfer.h"
#include "nvme.h"
#include "nvme_fmt.h"
#include "nvme_regs.h"

#define NVME_PAGE             4096u
#define NVME_IN_FLIGHT        64u /* commands that are done but not completed */
#define NVME_STEPS            8u  /* commands that one call of work takes */
#define NVME_EVENTS           8u /* asynchronous events that wait for a request */
#define NVME_AER_LIMIT        4u /* Asynchronous Event Requests */
#define NVME_ERROR_LOG        16u
#define NVME_FEATURES         0x0cu /* those with a plain value: 00h to 0Bh */
#define NVME_TEMPERATURE_OVER 343u  /* Kelvin: the default, and WCTEMP */
#define NVME_PRP_ENTRIES      ((1u << NVME_MDTS_MAX) + 1)

/* A handler's status, besides NVME_SC_*: there is no completion now. */
#define NVME_LATER 0xffffu

struct nvme_sq {
    bool valid;
    uint64_t base;
    uint32_t entries, head, tail;
    uint16_t cqid;
};

struct nvme_cq {
    bool valid, interrupts, phase;
    uint64_t base;
    uint32_t entries, head, tail;
    uint16_t vector;
    uint16_t users;     /* submission queues */
    uint32_t in_flight; /* room that is promised to commands */
};

/* A command: from its submission to its completion. */
struct nvme_command {
    uint8_t sqe[NVME_SQE_SIZE];
    uint8_t opcode;
    uint16_t sqid, cid;
    uint32_t nsid;
    uint64_t prp1, prp2;
    uint32_t cdw[16];
    uint32_t result; /* DW0 of the completion */
};

/* One that is done, and whose completion is due at `end`. */
struct nvme_done {
    bool used, more;
    uint16_t sqid, cid, status;
    uint32_t result;
    uint64_t end, order;
};

struct nvme_error {
    uint64_t count, lba;
    uint16_t sqid, cid, status, param;
    uint32_t nsid;
};

enum nvme_count {
    NVME_COUNT_ADMIN,
    NVME_COUNT_READ,
    NVME_COUNT_WRITE,
    NVME_COUNT_FLUSH,
    NVME_COUNT_WRITE_ZEROES,
    NVME_COUNT_DSM,
    NVME_COUNT_COMPARE,
    NVME_COUNT_VERIFY,
    NVME_COUNT_BYTES_READ,
    NVME_COUNT_BYTES_WRITTEN,
    NVME_COUNT_COMPLETIONS,
    NVME_COUNT_INTERRUPTS,
    NVME_COUNT_ERRORS,
    NVME_COUNT_EVENTS,
    NVME_COUNT_IN_FLIGHT_MAX,
    NVME_COUNTS,
};

struct nvme {
    struct nvme_config cfg;
    struct pcie_ep *ep;
    struct iovp_heap heap;
    struct pcie_atc *atc; /* NULL: none */
    uint8_t *memory;      /* NULL: cfg.storage has the blocks */
    uint8_t *buffer;      /* of one command's data: 4 KiB << mdts */
    uint8_t list[NVME_PRP_ENTRIES * 8];

    /* Registers */
    uint32_t cc, csts, aqa, masked; /* masked: INTMS */
    uint64_t asq, acq;
    uint64_t ready_at;   /* CSTS.RDY follows CC.EN; PCIE_NEVER: it has */
    bool refused;        /* it may not send: until software allows it */
    uint32_t epoch;      /* of the last reset */
    uint32_t unsignaled; /* MSI vectors that wait for INTMC */

    struct nvme_sq sq[NVME_QUEUES_MAX + 1]; /* 0: admin */
    struct nvme_cq cq[NVME_QUEUES_MAX + 1];
    uint16_t last_sq; /* served last */
    uint16_t queues;  /* allocated by Set Features */
    struct nvme_done done[NVME_IN_FLIGHT];
    uint32_t done_count;
    uint64_t order;
    uint64_t controller_free, medium_free; /* time */

    uint32_t feature[NVME_FEATURES];
    uint32_t vector_config[NVME_QUEUES_MAX + 1]; /* coalescing disabled */
    uint32_t over, under;                        /* temperature thresholds */
    uint8_t host_id[16];

    uint16_t aer[NVME_AER_LIMIT]; /* command identifiers */
    uint32_t aer_count;
    uint32_t event[NVME_EVENTS]; /* DW0 of the completion */
    uint32_t event_count;
    bool event_masked[NVME_EVENT_TYPES];

    /* Kept over resets */
    struct nvme_error error[NVME_ERROR_LOG];
    uint64_t error_count, media_errors, power_cycles, unsafe_shutdowns;
    uint64_t busy_ps;
    uint64_t count[NVME_COUNTS];
};

typedef uint16_t (*nvme_handler)(struct nvme *n, struct nvme_command *c);

/* Rows of the command tables, which end with no handler. */
struct nvme_opcode {
    uint8_t opcode, effects, count;
    nvme_handler run;
};
extern const struct nvme_opcode nvme_admin_commands[];
extern const struct nvme_opcode nvme_io_commands[];

static inline bool nvme_ready(const struct nvme *n)
{
    return n->cc & NVME_CC_EN &&
           (n->csts & (NVME_CSTS_RDY | NVME_CSTS_CFS)) == NVME_CSTS_RDY;
}

static inline uint32_t nvme_page(const struct nvme *n)
{
    return NVME_PAGE << NVME_CC_MPS(n->cc);
}

static inline uint32_t nvme_data_max(const struct nvme *n)
{
    return NVME_PAGE << n->cfg.mdts;
}

static inline uint16_t nvme_le16(const void *p)
{
    const uint8_t *b = p;

    return (uint16_t)(b[0] | b[1] << 8);
}

/* nvme_registers.c */
enum pcie_status nvme_bar_read(void *self, unsigned bar, uint64_t offset,
                               const struct pcie_tlp *t, void *data);
enum pcie_status nvme_bar_write(void *self, unsigned bar, uint64_t offset,
                                const struct pcie_tlp *t, const void *data);
/* A controller level reset; `registers`: also those that CC.EN leaves. */
void nvme_reset_controller(struct nvme *n, bool registers);
/* CSTS follows CC.  When next, or PCIE_NEVER. */
uint64_t nvme_update_status(struct nvme *n, uint64_t now);
void nvme_fatal(struct nvme *n);
/* The level of the pin follows the completion queues. */
void nvme_update_pin(struct nvme *n);

/* nvme_dma.c */
enum nvme_dma { NVME_DMA_OK, NVME_DMA_FAILED, NVME_DMA_REFUSED };
enum nvme_dma nvme_dma(struct nvme *n, bool write, uint64_t addr, void *data,
                       uint32_t bytes);
/* The command's data, by its PRP entries: status. */
uint16_t nvme_transfer(struct nvme *n, const struct nvme_command *c,
                       bool to_host, uint8_t *data, uint32_t bytes);

/* nvme_queue.c */
uint64_t nvme_work_queues(struct nvme *n, uint64_t now);
/* Complete what a submission queue has in flight, as far as there is room. */
void nvme_finish_queue(struct nvme *n, uint16_t sqid);
uint32_t nvme_cq_room(const struct nvme_cq *q);
/* The admin queue's completion of an Asynchronous Event Request. */
void nvme_complete_aer(struct nvme *n, uint32_t index, uint16_t status,
                       uint32_t result);

/* nvme_log.c */
uint16_t nvme_get_log(struct nvme *n, struct nvme_command *c);
void nvme_log_error(struct nvme *n, const struct nvme_error *e);
void nvme_event(struct nvme *n, unsigned type, unsigned info, unsigned page);
/* Match events with requests. */
void nvme_deliver_events(struct nvme *n);
void nvme_check_temperature(struct nvme *n);

/* nvme_features.c */
void nvme_reset_features(struct nvme *n);
uint16_t nvme_set_features(struct nvme *n, struct nvme_command *c);
uint16_t nvme_get_features(struct nvme *n, struct nvme_command *c);

/* nvme_identify.c */
uint16_t nvme_identify(struct nvme *n, struct nvme_command *c);

/* nvme_media.c */
bool nvme_media_create(struct nvme *n);
void nvme_media_destroy(struct nvme *n);
uint64_t nvme_capacity(const struct nvme *n);
bool nvme_media_can_discard(const struct nvme *n);
bool nvme_media_read(struct nvme *n, uint64_t at, void *data, uint32_t bytes);
bool nvme_media_write(struct nvme *n, uint64_t at, const void *data,
                      uint32_t bytes);
bool nvme_media_zero(struct nvme *n, uint64_t at, uint64_t bytes);
bool nvme_media_discard(struct nvme *n, uint64_t at, uint64_t bytes);
bool nvme_media_flush(struct nvme *n);
/* The endpoint's time goes on by what the medium takes. */
void nvme_take_time(struct nvme *n, uint64_t latency_ps, uint64_t bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An NVM Express controller with one namespace, for the drivers of operating
 * systems and firmware.  What stores its blocks is given to it.
 */
#ifndef NVME_H
#define NVME_H

#include "../atc.h"
#include "../endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NVME_QUEUES_MAX 64u /* I/O queue pairs */
#define NVME_MDTS_MAX   8u  /* 2^8 pages of 4 KiB */

/*
 * The blocks, by byte offset; all of it is inside of the namespace.  False: the
 * medium has failed.  The calls come from the endpoint's work.
 */
struct nvme_storage_ops {
    uint32_t size; /* sizeof(struct nvme_storage_ops) */
    bool (*read)(void *opaque, uint64_t offset, void *data, uint32_t bytes);
    bool (*write)(void *opaque, uint64_t offset, const void *data,
                  uint32_t bytes);
    /* What was written before survives a loss of power.  NULL: it does. */
    bool (*flush)(void *opaque);
    /* The contents are not needed any more, and read as zeros.  NULL: they are
     * kept. */
    bool (*discard)(void *opaque, uint64_t offset, uint64_t bytes);
};

struct nvme_config {
    /* Identity */
    uint16_t vendor_id, device_id; /* also of the subsystem */
    char serial[21], model[41], firmware[9];
    uint64_t eui64; /* 0: made from the serial number */
    /* Function */
    uint8_t speed, width; /* of the link, as PCIE_CAP_EXP */
    uint16_t mps;         /* supported, bytes */
    bool ats;             /* translated requests for all but interrupts */
    struct pcie_atc_config atc;
    /* Controller */
    uint16_t queues;        /* I/O queue pairs, 1..64; vectors: one more */
    uint32_t queue_entries; /* most of a queue: 2..65536 */
    uint8_t mdts;           /* a command moves at most 4 KiB << mdts, 1..8 */
    uint8_t mpsmax;         /* memory pages of at most 4 KiB << mpsmax, 0..4 */
    uint16_t temperature;   /* Kelvin */
    /* Namespace 1 */
    uint64_t blocks;
    uint8_t block_log2; /* 9..12 */
    bool read_only;
    const struct nvme_storage_ops *storage; /* NULL: memory of its own */
    void *storage_opaque;
    /* Time: the controller takes a command each command_ps; then they overlap
     * but for the data, which the medium moves at `bandwidth` (0: no limit). */
    uint32_t command_ps;
    uint64_t read_ps, write_ps, flush_ps, admin_ps;
    uint64_t bandwidth; /* bytes a second */
    uint64_t ready_ps;  /* from CC.EN to CSTS.RDY, up to 10 s */
};

extern const struct pcie_ep_class nvme_class;

#ifdef __cplusplus
}
#endif

#endif

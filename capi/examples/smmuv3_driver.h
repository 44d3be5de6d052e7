/* SPDX-License-Identifier: MIT */
/*
 * A small SMMUv3 driver, compiled for the host, that talks to the platform
 * through the public C API only.  It is what an operating system does, in the
 * order in which Linux does it, with the error handling left in and the rest
 * left out.  Copy it if you bring up a driver of your own.
 *
 * Functions return 0, or -1 with a sentence in driver->message.  Structures
 * belong to the caller; nothing is allocated on the host.
 */
#ifndef SMMUV3_DRIVER_H
#define SMMUV3_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iovp.h"

/* Guest RAM for tables and queues, taken from the low end, never returned.
 * Several drivers may share one. */
struct smmu_ram {
    uint64_t next;
    uint64_t end;
};

struct smmu_queue {
    uint64_t base;
    unsigned log2;  /* of the number of entries */
    unsigned bytes; /* of one entry */
    uint32_t prod;  /* with the wrap bit above the index */
    uint32_t cons;
};

/* For a driver inside of a larger program. */
struct smmu_hooks {
    /* Cleared guest RAM; 0 if there is none left. */
    uint64_t (*alloc)(void *ud, uint64_t bytes, uint64_t align);
    iovp_status (*wait)(void *ud, uint64_t ps);
};

struct smmu_driver {
    /* Set by the caller before smmu_init. */
    iovp_platform *platform;
    uint64_t base;    /* of the register pages */
    uint64_t poll_ps; /* simulated time between polls, 0: functional mode */
    uint64_t atc_ps;  /* timed mode: how long endpoints with ATS may take for
                       * what a CMD_SYNC waits for; 0: 1000 polls */
    struct smmu_ram *ram;
    const struct smmu_hooks *hooks; /* instead of ram and iovp_run_until, or
                                     * NULL */
    void *ud;                       /* of hooks */

    /* From the ID registers. */
    unsigned sid_bits;
    unsigned ssid_bits;
    unsigned oas; /* IDR5.OAS */
    unsigned cmdqs, eventqs, priqs;
    bool ats, pri;
    uint32_t asids;
    bool st_2level, cd_2level;

    uint64_t strtab;
    unsigned strtab_log2;
    uint32_t cr0;
    struct smmu_queue cmdq, eventq, priq;
    uint32_t next_asid;

    uint64_t events;    /* records consumed */
    uint64_t overflows; /* times that the Event queue lost records */
    uint64_t page_requests;
    uint64_t gerrors; /* global errors acknowledged */
    bool failed;
    char message[200];
};

/* A translation regime of its own: stage 1 tables and an ASID. */
struct smmu_space {
    uint64_t ttb;
    uint16_t asid;
};

/* A stream with its table of Context Descriptors, one a PASID. */
struct smmu_stream {
    uint32_t sid;
    unsigned others; /* more StreamIDs that use the table */
    const uint32_t *other;
    unsigned cd_log2; /* the table holds 2^cd_log2 CDs */
    bool cd_2level;
    uint64_t cd_table;
    uint32_t s1dss;
    bool ats;  /* Translation Requests are answered */
    bool ppar; /* automatic answers to page requests have a PASID (8.1) */
};

/* What becomes of transactions without PASID on a stream with PASIDs: they
 * are terminated, pass untranslated, or use the CD of PASID 0 (which then is
 * no longer a PASID that a device can use). */
#define SMMU_S1DSS_TERMINATE 0u
#define SMMU_S1DSS_BYPASS    1u
#define SMMU_S1DSS_SSID0     2u

#define SMMU_NO_PASID UINT32_MAX

/* Rights of a mapping; reading is always allowed. */
#define SMMU_WRITE      1u
#define SMMU_EXECUTE    2u
#define SMMU_PRIVILEGED 4u /* privileged transactions only */
#define SMMU_BLOCKS     8u /* use 2 MiB blocks where alignment allows */

struct smmu_event {
    uint8_t type;
    uint32_t sid;
    bool ssv; /* ssid is valid */
    uint32_t ssid;
    bool read, privileged, instruction;
    bool s2;
    unsigned class_;
    uint64_t addr;  /* InputAddr */
    uint64_t addr2; /* IPA or FetchAddr */
    uint64_t word[4];
};

/* A record of the PRI queue (8.2). */
struct smmu_page_request {
    uint32_t sid;
    bool ssv; /* ssid is valid */
    uint32_t ssid;
    bool read, write, instruction, privileged;
    bool last; /* of its group: wants an answer, unless it is a Stop marker */
    uint16_t group;
    uint64_t addr;
};

#define SMMU_PRI_FAILURE 0u
#define SMMU_PRI_INVALID 1u
#define SMMU_PRI_SUCCESS 2u

typedef void smmu_event_fn(void *ud, const struct smmu_event *e);

/* Page-aligned guest RAM, cleared; 0 if there is none left. */
uint64_t smmu_alloc(struct smmu_driver *d, uint64_t bytes, uint64_t align);

/* Probe and reset; afterwards every stream is aborted. */
int smmu_init(struct smmu_driver *d);

int smmu_space_create(struct smmu_driver *d, struct smmu_space *s);
int smmu_map(struct smmu_driver *d, const struct smmu_space *s, uint64_t iova,
             uint64_t pa, uint64_t bytes, unsigned rights);
/* On return no transaction uses the old mapping any more. */
int smmu_unmap(struct smmu_driver *d, const struct smmu_space *s, uint64_t iova,
               uint64_t bytes);

/* Translate a stream; it faults until spaces are bound.  pasid_bits 0: no
 * PASIDs, s1dss is ignored. */
int smmu_attach(struct smmu_driver *d, struct smmu_stream *st, uint32_t sid,
                unsigned pasid_bits, uint32_t s1dss);
int smmu_detach(struct smmu_driver *d, struct smmu_stream *st);
/* Give a PASID (or SMMU_NO_PASID) of a stream an address space. */
int smmu_bind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
              const struct smmu_space *s);
int smmu_unbind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
                const struct smmu_space *s);

/*
 * Answer the Translation Requests of a stream's endpoint, or not any more
 * (STE.EATS).  On before ATS is enabled in the endpoint, off after it was
 * disabled there.
 */
int smmu_ats(struct smmu_driver *d, struct smmu_stream *st, bool on);
/* Make the endpoint forget translations of a PASID (or SMMU_NO_PASID): after
 * smmu_unmap, and before the memory is used for something else. */
int smmu_atc_invalidate(struct smmu_driver *d, const struct smmu_stream *st,
                        uint32_t pasid, uint64_t iova, uint64_t bytes);
/* The oldest page request; false: there is none.  Call it when line "priq"
 * interrupts. */
bool smmu_page_request_next(struct smmu_driver *d, struct smmu_page_request *r);
/* Answer the group of `r`, which is its last, with SMMU_PRI_*. */
int smmu_page_respond(struct smmu_driver *d, const struct smmu_page_request *r,
                      uint32_t response);

/* Consume the Event queue; call it when line "eventq" interrupts. */
int smmu_events(struct smmu_driver *d, smmu_event_fn *fn, void *ud);
/* The oldest event; false: there is none. */
bool smmu_event_next(struct smmu_driver *d, struct smmu_event *e);
/* "F_TRANSLATION: StreamID 0x10, PASID 3, read of 0x1000, ..." */
const char *smmu_event_name(uint8_t type);
void smmu_event_text(const struct smmu_event *e, char *buf, size_t size);
/* Acknowledge global errors; call it when line "gerror" interrupts.  -1 with
 * their names if there were any. */
int smmu_gerror(struct smmu_driver *d);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Time on a PCI Express link, computed on resource calendars: the two
 * directions, the receiver's credits per direction and type, and the
 * requester's tags.  No event, no thread, no memory of its own: a transfer's
 * times are known when it is offered.  docs/timing.md has the formulas.
 *
 * Transfers are timed in the order of the calls; a later call may be earlier
 * in time and then finds the gaps that were left.  All times are picoseconds
 * up to PCIE_LINK_TIME_MAX, where they stay.
 */
#ifndef PCIE_LINK_H
#define PCIE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_LINK_TIME_MAX (1ull << 63)
#define PCIE_LINK_BURST    (1u << 20) /* bytes of one transfer at most */
#define PCIE_LINK_TOKENS   1024       /* tags, or header credits of a type */
#define PCIE_LINK_GAPS     32         /* idle times of a direction remembered */
#define PCIE_LINK_PREFIXES 4          /* TLP prefixes of a request at most */

enum pcie_direction {
    PCIE_UP = 0,   /* towards the root complex */
    PCIE_DOWN = 1, /* towards the device */
    PCIE_DIRECTIONS,
};

enum pcie_flow {
    PCIE_POSTED = 0,
    PCIE_NON_POSTED,
    PCIE_COMPLETION,
    PCIE_FLOWS,
};

/* Credits that a receiver advertises for one flow; 0: infinite (2.6.1). */
struct pcie_credits {
    uint16_t header;  /* TLPs, 0..1024 */
    uint16_t data;    /* 16 bytes each; 0 if `header` is 0 */
    uint32_t hold_ps; /* from the TLP's arrival until its credits go back */
};

struct pcie_link_config {
    uint8_t generation; /* 1..6: 2.5, 5, 8, 16, 32, 64 GT/s */
    uint8_t lanes;      /* 1, 2, 4, 8, 16, 32 */
    uint16_t mps;       /* Max_Payload_Size, 128..4096 */
    uint16_t mrrs;      /* Max_Read_Request_Size, 128..4096 */
    uint16_t rcb;       /* Read Completion Boundary, 64 or 128 */
    bool rcb_chunks;    /* completions end at each RCB, not at MPS */
    bool ecrc;          /* each TLP has a digest */
    /* Indexed by the direction in which the TLPs go. */
    struct pcie_credits credits[PCIE_DIRECTIONS][PCIE_FLOWS];
    /* Of the requester and the completer of requests in that direction. */
    uint16_t tags[PCIE_DIRECTIONS];         /* 1..1024 */
    uint32_t completer_ps[PCIE_DIRECTIONS]; /* arrival to first completion */
    uint32_t propagation_ps;                /* either direction */
};

/* No credit limits, 256 tags, plausible latencies: see docs/timing.md. */
void pcie_link_config_default(struct pcie_link_config *c, uint8_t generation,
                              uint8_t lanes);

/* NULL if legal; else a sentence that names the field and the rule. */
const char *pcie_link_check(const struct pcie_link_config *c);

/* What is on its way until `time`, with its data credits. */
struct pcie_token {
    uint64_t time;
    uint16_t data;
};

/* Tags or credits: `back` is a heap, the one that returns first on top. */
struct pcie_pool {
    uint16_t limit, data_limit; /* 0: infinite */
    uint16_t held;              /* taken, and nobody knows until when */
    uint16_t returning;         /* in `back` */
    uint16_t data_free;
    struct pcie_token back[PCIE_LINK_TOKENS];
};

struct pcie_gap {
    uint64_t from, to;
};

/* A calendar of one slot that also knows the gaps between its bookings. */
struct pcie_wire {
    uint64_t next_free;
    uint64_t posted_ready, posted_end; /* of the last posted TLP */
    uint64_t tlps, bytes, busy_ps;     /* counters */
    uint32_t carry;                    /* part of a picosecond not yet spent */
    uint32_t gaps;
    struct pcie_gap gap[PCIE_LINK_GAPS]; /* in the order of time */
};

/* Some 130 KB, to be embedded; pcie_link_init is all it needs. */
struct pcie_link {
    struct pcie_link_config cfg;
    uint64_t byte_time; /* of a TLP's byte, 2^-16 ps */
    struct pcie_wire wire[PCIE_DIRECTIONS];
    struct pcie_pool credits[PCIE_DIRECTIONS][PCIE_FLOWS];
    struct pcie_pool tags[PCIE_DIRECTIONS];
};

/* False, and nothing changes, if pcie_link_check objects. */
bool pcie_link_init(struct pcie_link *l, const struct pcie_link_config *c);

/*
 * Time of one byte of a TLP in 2^-16 ps: encoding, Ack, flow control and SKP
 * included.
 */
uint64_t pcie_link_byte_time(const struct pcie_link_config *c);

struct pcie_transfer {
    uint8_t type;      /* enum pcie_tlp_type */
    uint8_t direction; /* of the request, enum pcie_direction */
    uint8_t prefixes;  /* of each request, 4 bytes each; PASID is one */
    bool failed;       /* its completions are without data */
    uint32_t length;   /* bytes, as the header's Length: CAS has two operands */
    uint64_t addr;     /* at 4 GiB and above the header has one DW more */
    uint64_t service_ps; /* of the completer, beyond completer_ps */
};

enum pcie_wait {
    PCIE_WAIT_LINK = 0, /* other TLPs were on the link, or posted before */
    PCIE_WAIT_CREDIT,   /* the receiver had no room */
    PCIE_WAIT_TAG,      /* all tags were in use */
    PCIE_WAITS,
};

struct pcie_link_time {
    uint64_t sent;    /* the last request TLP has left */
    uint64_t arrived; /* it is whole at the other end */
    uint64_t first;   /* the first completion has arrived; posted: `arrived` */
    uint64_t done;    /* the last one has */
    uint64_t wait[PCIE_WAITS]; /* summed over the TLPs */
};

/*
 * A transfer that is offered at `t`: requests cut at MPS or MRRS and at 4 KiB,
 * completions at MPS or RCB.  Memory reads and writes of up to
 * PCIE_LINK_BURST bytes; everything else is one request.  False, and nothing
 * changes, if the arguments are not a transfer or no tag can ever come back.
 */
bool pcie_link_transfer(struct pcie_link *l, const struct pcie_transfer *x,
                        uint64_t t, struct pcie_link_time *out);

/*
 * The same in two steps, for a completer whose latency is known only later.
 * `x` is one request, not above MPS or MRRS.  A non-posted request holds a tag
 * until pcie_link_complete says when its data are `ready` at the completer;
 * completer_ps and service_ps are not added.  Waits are added to those in
 * `out`, which send sets to zero.
 */
bool pcie_link_send(struct pcie_link *l, const struct pcie_transfer *x,
                    uint64_t t, struct pcie_link_time *out);
bool pcie_link_complete(struct pcie_link *l, const struct pcie_transfer *x,
                        uint64_t ready, struct pcie_link_time *out);
/* The same for completions that come from another link, evenly from `first` to
 * `last`. */
bool pcie_link_forward(struct pcie_link *l, const struct pcie_transfer *x,
                       uint64_t first, uint64_t last,
                       struct pcie_link_time *out);

#ifdef __cplusplus
}
#endif

#endif

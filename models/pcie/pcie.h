/* SPDX-License-Identifier: MIT */
/*
 * A PCI Express hierarchy: root complex, ports, switches and functions, below
 * one host bridge.  C11, no globals; memory is allocated by create only.  One
 * thread at a time may use a hierarchy.
 *
 * The tree is fixed at create; bus numbers, addresses and windows are what
 * software programs.  Section numbers in this folder are those of the PCI
 * Express Base Specification 5.0.
 */
#ifndef PCIE_H
#define PCIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "tlp.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PCIE_FUNCTIONS_MAX 4096u /* functions of a hierarchy */
#define PCIE_DEPTH_MAX     32u   /* bridges above a function */
/* Requests of functions that are made while others are delivered. */
#define PCIE_NESTING_MAX   4u
#define PCIE_PAGE          4096u /* no request crosses a multiple of it */

struct pcie;
struct pcie_fn;

/* ---- functions ------------------------------------------------------- */

enum pcie_kind {
    PCIE_ENDPOINT = 0,
    PCIE_RCIEP, /* Root Complex Integrated Endpoint */
    PCIE_VF,    /* of the PF, see sriov; its parent is the PF's */
    PCIE_ROOT_PORT,
    PCIE_UPSTREAM_PORT,   /* of a switch; its children are downstream ports */
    PCIE_DOWNSTREAM_PORT, /* of a switch */
    PCIE_KINDS,
};

/* struct pcie_bar.flags */
#define PCIE_BAR_64       (1u << 0) /* takes this BAR and the next one */
#define PCIE_BAR_PREFETCH (1u << 1)
#define PCIE_BAR_IO       (1u << 2)

#define PCIE_BARS 6u
#define PCIE_ROM  6u /* "BAR" number of the expansion ROM */

struct pcie_bar {
    uint64_t size; /* power of two; 0: absent */
    uint32_t flags;
};

enum pcie_reset_kind {
    PCIE_RESET_COLD = 0, /* pcie_reset: sticky registers too */
    PCIE_RESET_HOT,      /* from a bridge: Secondary Bus Reset, Link Disable */
    PCIE_RESET_FLR,
    PCIE_RESET_D3HOT, /* D3hot to D0 without No_Soft_Reset */
};

/*
 * What a function does.  Any member may be NULL: then reads and writes of the
 * BARs are Unsupported Requests.  Callbacks may use the hierarchy: what they
 * request in turn is bounded by PCIE_NESTING_MAX.
 */
struct pcie_fn_ops {
    /* t->length bytes at `offset` into the BAR (or PCIE_ROM), all inside. */
    enum pcie_status (*read)(void *opaque, unsigned bar, uint64_t offset,
                             const struct pcie_tlp *t, void *data);
    enum pcie_status (*write)(void *opaque, unsigned bar, uint64_t offset,
                              const struct pcie_tlp *t, const void *data);
    /* As pcie_request: operands in, the old value out; 4, 8 or (CAS) 16 bytes,
     * aligned. */
    enum pcie_status (*atomic)(void *opaque, unsigned bar, uint64_t offset,
                               const struct pcie_tlp *t, void *data);
    /* Software has written the doubleword at `offset`. */
    void (*config_written)(void *opaque, uint32_t offset);
    /* A configuration request that is done; `value` was read or written. */
    void (*config_request)(void *opaque, const struct pcie_tlp *t,
                           uint64_t value);
    /* A message that was routed to this function by its ID. */
    void (*message)(void *opaque, const struct pcie_tlp *t, const void *data);
    void (*reset)(void *opaque, enum pcie_reset_kind kind);
};

/* Capabilities.  Each at most once, but RAW and DVSEC. */
enum pcie_cap {
    PCIE_CAP_PM = 0,
    PCIE_CAP_EXP, /* PCI Express; ports must have it */
    PCIE_CAP_MSI,
    PCIE_CAP_MSIX,
    PCIE_CAP_AER,
    PCIE_CAP_ACS,
    PCIE_CAP_ARI,
    PCIE_CAP_ATS,
    PCIE_CAP_PRI,
    PCIE_CAP_PASID,
    PCIE_CAP_SRIOV,
    PCIE_CAP_DPC, /* ports that lead down; its message is that of exp */
    PCIE_CAP_DVSEC,
    PCIE_CAP_RAW, /* an extended capability made of bytes */
    PCIE_CAPS,
};

struct pcie_cap_config {
    uint8_t cap; /* enum pcie_cap; says which member is meant */
    union {
        struct {
            bool no_soft_reset;
        } pm;
        struct {
            uint8_t speed;        /* 1..6: 2.5 to 64 GT/s; RCiEP: ignored */
            uint8_t width;        /* 1, 2, 4, 8, 12, 16, 32 */
            uint16_t mps;         /* Max_Payload_Size Supported: 128 << 0..5 */
            bool flr;             /* endpoints */
            bool ee_prefix;       /* End-End TLP Prefix Supported */
            uint8_t max_prefixes; /* 1..4; 0 means 1 */
            bool atomics;         /* completer, or router in a port */
            bool ari;             /* ports that lead down: ARI Forwarding */
            uint8_t message;      /* Interrupt Message Number: AER, DPC */
        } exp;
        struct {
            uint8_t vectors; /* 1, 2, 4 .. 32 */
            bool masking;    /* per vector */
        } msi;
        struct {
            uint16_t vectors; /* 1..2048 */
            uint8_t table_bar, pba_bar;
            uint32_t table_offset, pba_offset;
        } msix;
        struct {
            uint16_t services; /* PCIE_ACS_*; EC is not modelled */
        } acs;
        struct {
            uint8_t queue_depth; /* 1..32 */
            bool global_invalidate;
        } ats; /* Page Aligned Request is set */
        struct {
            uint32_t capacity;
            bool pasid_required;
        } pri;
        struct {
            uint8_t width; /* 1..20 */
            bool execute, privileged;
        } pasid;
        struct {
            /*
             * The VFs themselves are functions of kind PCIE_VF, `total` of
             * them right behind the PF in the configuration, with parent the
             * PF's, their own capabilities, and BARs all alike: those of the
             * VF BARs.  Capabilities: PCI Express with FLR; no PASID, PRI:
             * the PF's hold for them.  Device and function are not looked at.
             */
            uint16_t total;         /* TotalVFs and InitialVFs, 1..256 */
            uint16_t first, stride; /* VF Offset and Stride */
            uint16_t device_id;     /* of the VFs */
        } sriov;
        struct {
            uint16_t id; /* RAW: of the extended capability; DVSEC ID */
            uint8_t version;
            uint16_t vendor;      /* DVSEC */
            uint16_t length;      /* bytes behind the headers */
            const uint8_t *bytes; /* reset value */
            const uint8_t *write; /* NULL: read only */
        } raw;
    };
};

struct pcie_fn_config {
    uint8_t kind;     /* enum pcie_kind */
    int32_t parent;   /* index of the bridge above, which is before; -1: root */
    uint8_t device;   /* 0 below a root or downstream port */
    uint8_t function; /* above 7 only with ARI */
    uint16_t vendor_id, device_id;
    uint16_t subsystem_vendor_id, subsystem_id;
    uint32_t class_code; /* 24 bits; 0 in a port: 0x060400 */
    uint8_t revision_id;
    uint8_t interrupt_pin;          /* 0: none, 1..4: INTA to INTD */
    struct pcie_bar bar[PCIE_BARS]; /* ports: the first two */
    uint32_t rom;                   /* bytes; 0: no expansion ROM */
    const struct pcie_cap_config *caps;
    uint32_t cap_count;
    /* Ports that lead down, in a timed hierarchy: their link; NULL: the
     * defaults, with the speed and width to which it trains (x12: x8).  `mps`
     * and `mrrs` are not looked at, they are what software sets in the port
     * and in requesters; but credits are to suffice for the port's exp.mps. */
    const struct pcie_link_config *link;
    const struct pcie_fn_ops *ops;
    void *opaque;
};

/* ---- the hierarchy --------------------------------------------------- */

/* What the host bridge forwards down: addresses of the host and of PCI. */
struct pcie_window {
    uint64_t host, pci, size;
    bool io;
};

/* Where the host bridge stands.  `request` may be NULL: everything is UR. */
struct pcie_ops {
    uint32_t size; /* sizeof(struct pcie_ops) */
    /* A request that leaves the hierarchy upwards; an IOMMU stands here. */
    enum pcie_status (*request)(void *opaque, struct pcie_fn *f,
                                const struct pcie_tlp *t, void *data);
    /*
     * Optional: every request and message that `f` (NULL: the root complex)
     * has sent, configuration requests of the ECAM and error messages
     * included, when it is done: it began at time_in, and ended, with its
     * completion, at pcie_time.  `s` is what became of it, also if it is
     * posted.  Configuration requests are as their target sees them: type 0.
     */
    void (*sent)(void *opaque, struct pcie_fn *f, const struct pcie_tlp *t,
                 enum pcie_status s, uint64_t time_in);
    /* Optional: the function has another ID: it has learnt another bus number
     * or lost it by a reset; or it is a VF that has come to be, or whose PF
     * did that. */
    void (*renumbered)(void *opaque, struct pcie_fn *f);
    /* A level on one of the four INTx lines. */
    void (*intx)(void *opaque, unsigned line, bool level);
    /* An error message (PCIE_MSG_ERR_*) that becomes a system error, by Root
     * Control or because no root port is above the RCiEP. */
    void (*system_error)(void *opaque, uint8_t message, uint16_t source);
    /* Optional, both or none: memory for create; NULL: malloc and free. */
    void *(*alloc)(void *opaque, uint64_t bytes);
    void (*free)(void *opaque, void *block);
};

struct pcie_config {
    uint32_t size; /* sizeof(struct pcie_config) */
    uint8_t bus_first, bus_last;
    bool peer_to_peer; /* the root complex routes between its ports */
    bool timed;        /* what crosses links takes time */
    bool intx_by_pin;  /* the host bridge's lines are pins, whatever device */
    const struct pcie_window *windows;
    uint32_t window_count;
    const struct pcie_fn_config *functions;
    uint32_t function_count;
};

/* NULL if legal; else a sentence that names what is wrong.  *index, unless
 * NULL, gets the function that it is about, or -1. */
const char *pcie_config_check(const struct pcie_config *c, int32_t *index);

/* NULL if the configuration is illegal or memory is short.  It is copied. */
struct pcie *pcie_create(const struct pcie_config *c,
                         const struct pcie_ops *ops, void *opaque);
void pcie_destroy(struct pcie *p);
/* As after create. */
void pcie_reset(struct pcie *p);

/* By its place in the configuration; NULL: no such. */
struct pcie_fn *pcie_function(struct pcie *p, uint32_t index);
/* By its ID as software has numbered the buses; NULL: nothing answers. */
struct pcie_fn *pcie_find(struct pcie *p, uint16_t id);

/* ---- time ------------------------------------------------------------- */

/*
 * The hierarchy's time, picoseconds.  Whoever makes a request sets it to when
 * that begins; links, and the host in ops.request, move it on; after the
 * request it is when that was complete, or, if posted, has arrived.  Without
 * `timed` only the host moves it.
 */
uint64_t pcie_time(const struct pcie *p);
void pcie_set_time(struct pcie *p, uint64_t t);

/* ---- presence ---------------------------------------------------------- */

/*
 * Surprise removal of a function, with what is below it and, on a link, with
 * the other functions of the device; or its return as after a cold reset.  A
 * function that is away answers nothing, sends nothing (PCIE_REFUSED_ABSENT),
 * and the link above it is down.  pcie_reset brings nobody back.  VFs come and
 * go with their PF only.
 */
void pcie_set_present(struct pcie_fn *f, bool present);
/* It, and all above, are there; a VF exists. */
bool pcie_present(const struct pcie_fn *f);

/* ---- downwards: what processors do -------------------------------------- */

/*
 * The ECAM: `offset` from the bus range's first byte.  Every width from 1 to 8
 * and alignment is defined: what crosses a function's 4 KiB, or meets no
 * function, reads all ones and ignores the write.
 */
void pcie_ecam_read(struct pcie *p, uint64_t offset, unsigned width,
                    uint64_t *value);
void pcie_ecam_write(struct pcie *p, uint64_t offset, unsigned width,
                     uint64_t value);
uint64_t pcie_ecam_size(const struct pcie *p);

/*
 * Any number of bytes at a host address in a window.  What fails reads all
 * ones; the first failure is returned.  PCIE_UR: also outside of the windows.
 */
enum pcie_status pcie_host_read(struct pcie *p, uint64_t host, void *data,
                                uint64_t length);
enum pcie_status pcie_host_write(struct pcie *p, uint64_t host,
                                 const void *data, uint64_t length);

/*
 * What the ECAM from `offset`, or a window from `host`, would read as now: any
 * number of bytes, and nothing happens.  All ones where nothing answers.
 */
void pcie_ecam_peek(struct pcie *p, uint64_t offset, void *data,
                    uint64_t length);
void pcie_host_peek(struct pcie *p, uint64_t host, void *data, uint64_t length);

/*
 * A request or message of the root complex, at PCI addresses; messages go to
 * t->target.  This is what an IOMMU calls that sends a function's request back
 * to a peer, or an invalidation to a function.
 */
enum pcie_status pcie_send_down(struct pcie *p, const struct pcie_tlp *t,
                                void *data);

/* ---- upwards: what functions do ----------------------------------------- */

/* Why nothing was sent; else enum pcie_status, as the requester learns it. */
enum pcie_refusal {
    PCIE_REFUSED_ARGUMENT = -1,   /* type, alignment of an atomic, no data */
    PCIE_REFUSED_BUS_MASTER = -2, /* Bus Master Enable is 0 */
    PCIE_REFUSED_POWER = -3,      /* not in D0, or held in reset */
    PCIE_REFUSED_LENGTH = -4,     /* MPS, MRRS, or crosses 4 KiB */
    PCIE_REFUSED_PASID = -5,      /* not enabled, too wide, Exe, Priv */
    PCIE_REFUSED_AT = -6,         /* ATS is not enabled */
    PCIE_REFUSED_ATOMIC = -7,     /* AtomicOp Requester Enable is 0 */
    PCIE_REFUSED_PRI = -8,        /* Page Requests are not enabled */
    PCIE_REFUSED_NESTING = -9,    /* PCIE_NESTING_MAX */
    PCIE_REFUSED_ABSENT = -10,    /* unplugged, or a VF that is not enabled */
};

/*
 * A request or message of a function; t->requester, and the tag of what is
 * completed, are filled in here.  `data`:
 * written, or read into; atomics: operands in (CAS: compare, then swap), the
 * old value out.  Posted requests never fail for the requester.
 */
int pcie_request(struct pcie_fn *f, const struct pcie_tlp *t, void *data);
/* The same with t->requester as given and any t->at (3, which is reserved, is
 * an Unsupported Request), for equipment that tests others. */
int pcie_request_as(struct pcie_fn *f, const struct pcie_tlp *t, void *data);
/* The same for any t->length: memory reads and writes in pieces, which all
 * begin at once: the time moves to the end of the last. */
int pcie_dma(struct pcie_fn *f, const struct pcie_tlp *t, void *data);

/* How many of `left` bytes one memory request `t` may be about: MPS or MRRS in
 * whole doublewords (2.2.2), up to the end of the page. */
uint32_t pcie_piece(const struct pcie_fn *f, const struct pcie_tlp *t,
                    uint32_t left);
uint32_t pcie_max_payload(const struct pcie_fn *f);
uint32_t pcie_max_read_request(const struct pcie_fn *f);
uint16_t pcie_id(const struct pcie_fn *f); /* bus number as captured */
/* Of a VF, PASID and PRI: of its PF. */
bool pcie_enabled(const struct pcie_fn *f, enum pcie_cap cap);
/* The PF of a VF, whose PASID and PRI capabilities and Device Control it
 * shares; else the function itself. */
struct pcie_fn *pcie_physical(struct pcie_fn *f);
/* The bridge above; NULL: it is on the root bus. */
struct pcie_fn *pcie_parent(const struct pcie_fn *f);

/* ---- interrupts ---------------------------------------------------------- */

/* The level of the function's pin.  It does not show while MSI, MSI-X or
 * Interrupt Disable are set. */
void pcie_intx(struct pcie_fn *f, bool level);

enum pcie_irq {
    PCIE_IRQ_SENT = 0,
    PCIE_IRQ_PENDING = 1, /* masked: it is sent when software unmasks it */
    PCIE_IRQ_NONE = 2,    /* no MSI is enabled, or not so many vectors */
    PCIE_IRQ_LOST = 3,    /* Bus Master Enable and the like forbid it */
};

/* Vectors that software has enabled; 0: neither MSI nor MSI-X. */
uint32_t pcie_vectors(const struct pcie_fn *f);
enum pcie_irq pcie_msi(struct pcie_fn *f, uint32_t vector);

/* ---- configuration space ---------------------------------------------- */

/* As a configuration request of type 0 does.  Width 1..8. */
uint64_t pcie_config_read(struct pcie_fn *f, uint32_t offset, unsigned width);
void pcie_config_write(struct pcie_fn *f, uint32_t offset, unsigned width,
                       uint64_t value);
/* Where a capability is; 0: absent. */
uint32_t pcie_cap_offset(const struct pcie_fn *f, enum pcie_cap cap);
/* As pcie_config_read and _write at `at` in a capability; absent: 0, and
 * nothing. */
uint64_t pcie_cap_read(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                       unsigned width);
void pcie_cap_write(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                    unsigned width, uint64_t value);
/* The function itself changes a register: bits of `mask` become `value`. */
void pcie_config_poke(struct pcie_fn *f, uint32_t offset, unsigned width,
                      uint64_t mask, uint64_t value);

/*
 * A function has found an uncorrectable error (bit number PCIE_UNCOR_*).  `t`:
 * the request that caused it, or NULL.
 */
void pcie_report(struct pcie_fn *f, unsigned uncor, const struct pcie_tlp *t);
/* The same for a correctable one (PCIE_COR_*). */
void pcie_report_cor(struct pcie_fn *f, unsigned cor);

#ifdef __cplusplus
}
#endif

#endif

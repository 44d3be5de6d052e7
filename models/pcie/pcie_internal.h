/* SPDX-License-Identifier: MIT */
/* What the files of this folder share.  link*.c is independent of it. */
#ifndef PCIE_INTERNAL_H
#define PCIE_INTERNAL_H

#include "../common/bits.h"
#include "pcie.h"
#include "pcie_regs.h"

struct pcie_fn {
    struct pcie *p;
    struct pcie_fn *parent; /* the bridge above; NULL: on the root bus */
    struct pcie_fn *child;  /* on its secondary bus, by device and function */
    struct pcie_fn *next;   /* on the same bus */
    const struct pcie_fn_ops *ops;
    void *opaque;

    struct pcie_bar bar[PCIE_ROM + 1];
    uint16_t cap[PCIE_CAPS]; /* offset; 0: absent */
    uint8_t kind;            /* enum pcie_kind */
    uint8_t devfn;
    uint16_t tag; /* of the next request; pcie_request */
    uint8_t bus;  /* captured from configuration writes (2.2.6.2) */
    bool away;    /* pcie_set_present */

    /* SR-IOV: of a VF its PF, of a PF its VFs. */
    struct pcie_fn *pf, *vf;
    uint16_t vf_index, vf_total;

    struct pcie_link *link; /* below it, timed; NULL: no time passes */

    bool intx; /* the level of the pin, as the function wants it */
    bool intx_shown;
    uint64_t msi_sent; /* counter: MSI and MSI-X */
    uint8_t intx_line;
    uint8_t irq; /* PCIE_PORT_IRQ_*: what a port wants to interrupt for */

    uint16_t msix_vectors;
    uint8_t msix_table_bar, msix_pba_bar;
    uint32_t msix_table_offset, msix_pba_offset;
    uint8_t *msix_table, *msix_pba;

    uint8_t config[PCIE_CONFIG_SIZE];
    uint8_t initial[PCIE_CONFIG_SIZE]; /* values at reset */
    uint8_t write[PCIE_CONFIG_SIZE];   /* bits that software writes */
    uint8_t clear[PCIE_CONFIG_SIZE];   /* bits that a written 1 clears */
    uint8_t sticky[PCIE_CONFIG_SIZE];  /* bits that keep through a reset */
};

struct pcie {
    struct pcie_ops ops;
    void *opaque;
    struct pcie_fn *functions;
    struct pcie_window *windows;
    struct pcie_link *links;
    uint8_t *msix;        /* tables and pending bits of all functions */
    struct pcie_fn *root; /* the first function on the root bus */
    uint32_t function_count, window_count;
    uint32_t nesting;
    uint64_t time;        /* picoseconds: pcie_time */
    uint32_t asserted[4]; /* functions that pull an INTx line */
    uint8_t bus_first, bus_last;
    bool peer_to_peer;
    bool intx_by_pin;
};

/* ---- registers ------------------------------------------------------- */

static inline uint32_t cfg8(const struct pcie_fn *f, uint32_t at)
{
    return f->config[at];
}

static inline uint32_t cfg16(const struct pcie_fn *f, uint32_t at)
{
    return f->config[at] | (uint32_t)f->config[at + 1] << 8;
}

static inline uint32_t cfg32(const struct pcie_fn *f, uint32_t at)
{
    return iovp_le32(&f->config[at]);
}

static inline void cfg_put16(struct pcie_fn *f, uint32_t at, uint32_t v)
{
    iovp_put_le16(&f->config[at], (uint16_t)v);
}

static inline void cfg_set16(struct pcie_fn *f, uint32_t at, uint32_t bits)
{
    cfg_put16(f, at, cfg16(f, at) | bits);
}

static inline void cfg_put32(struct pcie_fn *f, uint32_t at, uint32_t v)
{
    iovp_put_le32(&f->config[at], v);
}

/* 16 bits of a capability; 0 without it. */
static inline uint32_t cap16(const struct pcie_fn *f, enum pcie_cap cap,
                             uint32_t at)
{
    return f->cap[cap] ? cfg16(f, f->cap[cap] + at) : 0;
}

static inline bool is_bridge(const struct pcie_fn *f)
{
    return f->kind >= PCIE_ROOT_PORT;
}

/* A port with a link below it. */
static inline bool leads_down(const struct pcie_fn *f)
{
    return f->kind == PCIE_ROOT_PORT || f->kind == PCIE_DOWNSTREAM_PORT;
}

static inline bool is_atomic(const struct pcie_tlp *t)
{
    return t->type >= PCIE_TLP_FETCH_ADD && t->type <= PCIE_TLP_CAS;
}

/* 6.15.2: sizes of operands, which are naturally aligned. */
static inline bool atomic_fits(const struct pcie_tlp *t)
{
    return (t->length == 4 || t->length == 8 ||
            (t->length == 16 && t->type == PCIE_TLP_CAS)) &&
           !(t->addr & (t->length - 1));
}

/* Whose controls count where a VF has none of its own (9.3.4 to 9.3.7). */
static inline const struct pcie_fn *physical(const struct pcie_fn *f)
{
    return f->pf ? f->pf : f;
}

/* A VF is no more awake than its PF (9.6). */
static inline bool in_d0(const struct pcie_fn *f)
{
    uint32_t own = cap16(f, PCIE_CAP_PM, PCIE_PMCSR);
    uint32_t of_pf = cap16(physical(f), PCIE_CAP_PM, PCIE_PMCSR);

    return ((own | of_pf) & PCIE_PMCSR_POWER_STATE) == PCIE_D0;
}

static inline uint8_t devfn_of(const struct pcie_fn_config *c)
{
    return (uint8_t)(c->function > 7 ? c->function
                                     : c->device << 3 | c->function);
}

/* ---- tree.c, check.c, caps.c, header.c ---------------------------------- */

void *pcie_grab(const struct pcie *p, uint64_t bytes); /* zeroes */

const char *pcie_check_function(const struct pcie_config *c, uint32_t i);
const struct pcie_cap_config *pcie_cap_find(const struct pcie_fn_config *c,
                                            enum pcie_cap cap);
/* Bytes that it takes, rounded to doublewords. */
uint32_t pcie_cap_bytes(const struct pcie_cap_config *c);
bool pcie_cap_extended(enum pcie_cap cap);

/* A register's value at reset and what its bits do. */
struct pcie_reg {
    uint16_t at;
    uint8_t bytes;
    uint32_t write, clear, sticky;
};

void pcie_reg_masks(struct pcie_fn *f, uint32_t base,
                    const struct pcie_reg *rows, size_t count);
void pcie_reg_value(struct pcie_fn *f, uint32_t at, unsigned bytes,
                    uint32_t value);
/* The low bits of a BAR, which say what it is. */
uint32_t pcie_bar_bits(const struct pcie_bar *b);
void pcie_build_header(struct pcie_fn *f, const struct pcie_fn_config *c);
void pcie_build_caps(struct pcie_fn *f, const struct pcie_fn_config *c);

/* ---- route.c ------------------------------------------------------------ */

/* Where a request is delivered; f NULL: nothing claims it. */
struct pcie_target {
    struct pcie_fn *f;
    unsigned bar;
    uint64_t offset;
    /* Who finds out that nothing claims it: a port, or what is on its link. */
    struct pcie_fn *blame;
    struct pcie_fn *root_port; /* that it goes through, downwards */
};

bool pcie_port_up(const struct pcie_fn *f);
/* What is on its link would answer. */
bool pcie_link_alive(const struct pcie_fn *port);
bool pcie_held(const struct pcie_fn *f);
bool pcie_bar_hit(const struct pcie_fn *f, const struct pcie_tlp *t,
                  struct pcie_target *to);
bool pcie_window_hit(const struct pcie_fn *f, const struct pcie_tlp *t);
struct pcie_fn *pcie_route_id(struct pcie *p, uint16_t id,
                              struct pcie_fn **blame);
/* Who on the bus below `bridge` (NULL: root) claims it, directly or below. */
void pcie_route_down(struct pcie *p, struct pcie_fn *bridge,
                     const struct pcie_fn *except, const struct pcie_tlp *t,
                     struct pcie_target *to);
enum pcie_status pcie_deliver(const struct pcie_target *to,
                              const struct pcie_tlp *t, void *data);

/* ---- time.c -------------------------------------------------------------- */

/* The links that a request has crossed, in order; only `count` needs to be set
 * to begin with. */
struct pcie_path {
    unsigned count;
    struct {
        struct pcie_link *link;
        uint8_t direction; /* enum pcie_direction */
        uint8_t sent;      /* TLPs, whose tags are held */
    } hop[2 * PCIE_DEPTH_MAX];
};

bool pcie_place_links(struct pcie *p, const struct pcie_config *c);
/* A port's link as configured, with what software can set. */
const char *pcie_check_link(const struct pcie_fn_config *c);
/* Software has set the port's Max_Payload_Size. */
void pcie_link_follow(struct pcie_fn *port);
void pcie_links_reset(struct pcie *p);
/* The request crosses the link below `port`: the time moves on. */
void pcie_cross(struct pcie_path *path, const struct pcie_fn *port,
                enum pcie_direction direction, const struct pcie_tlp *t);
/* From the bus below `bridge` (NULL: root) to `f`; or, if nobody claims it, to
 * where that is found out. */
void pcie_cross_down(struct pcie_path *path, const struct pcie_fn *bridge,
                     const struct pcie_fn *f, const struct pcie_fn *blame,
                     const struct pcie_tlp *t);
/* Its completion, if it has one, crosses the same links. */
void pcie_cross_back(struct pcie *p, const struct pcie_path *path,
                     const struct pcie_tlp *t, enum pcie_status s);
/* Tell the observer; the time is that of the end. */
void pcie_sent(struct pcie *p, struct pcie_fn *f, const struct pcie_tlp *t,
               enum pcie_status s, uint64_t time_in);

/* ---- upstream.c --------------------------------------------------------- */

/* Route from the bus below `bridge` and deliver; errors are logged. */
enum pcie_status pcie_complete(struct pcie *p, struct pcie_fn *bridge,
                               const struct pcie_fn *except,
                               const struct pcie_tlp *t, void *data,
                               struct pcie_target *to, struct pcie_path *path);

/* ---- sriov.c --------------------------------------------------------------
 */

/* When both are built: what a PF says of its VFs, and what they have not. */
void pcie_build_vfs(struct pcie_fn *pf, uint16_t total);
void pcie_sriov_written(struct pcie_fn *pf, uint32_t at, uint32_t old);
/* 9.2.1.2: sizes of VF BARs follow System Page Size. */
void pcie_sriov_pages(struct pcie_fn *pf);
/* VFs that exist now. */
uint32_t pcie_vf_count(const struct pcie_fn *pf);
bool pcie_vf_exists(const struct pcie_fn *vf);
struct pcie_fn *pcie_vf_by_id(const struct pcie_fn *pf, uint16_t id);
bool pcie_vf_hit(const struct pcie_fn *pf, const struct pcie_tlp *t,
                 struct pcie_target *to);

/* ---- check_sriov.c ------------------------------------------------------ */

const char *pcie_check_sriov(const struct pcie_config *c, uint32_t i);

/* ---- error.c ------------------------------------------------------------- */

#define PCIE_PORT_IRQ_AER (1u << 0)
#define PCIE_PORT_IRQ_DPC (1u << 1)

/* A condition of a port is true or not: an MSI each time it becomes true, or
 * else INTx as long as any is. */
void pcie_port_irq(struct pcie_fn *f, uint8_t which, bool on);
/* Nothing claims it: `blame` is where it ended (struct pcie_target). */
void pcie_unsupported(struct pcie_fn *blame, const struct pcie_tlp *t);
void pcie_root_update(struct pcie_fn *f);
void pcie_tlp_header(const struct pcie_tlp *t, uint32_t dw[4]);
uint32_t pcie_tlp_prefix(const struct pcie_tlp *t);

/* ---- dpc.c --------------------------------------------------------------- */

bool pcie_contained(const struct pcie_fn *port);
/* What a completion says of a request that `port` contains. */
enum pcie_status pcie_contained_status(const struct pcie_fn *port);
/* The port has found an uncorrectable error, or got a message of one: true if
 * that is all that becomes of it. */
bool pcie_dpc_error(struct pcie_fn *port);
bool pcie_dpc_message(struct pcie_fn *port, uint8_t message, uint16_t source);
/* Software has written Control (`written`) or Status. */
void pcie_dpc_written(struct pcie_fn *port, uint32_t written);
void pcie_dpc_update(struct pcie_fn *port);
/* DPC's ERR_COR: no status says that there was one. */
void pcie_send_cor(struct pcie_fn *f);

/* ---- msi.c, intx.c, reset.c ------------------------------------------- */

bool pcie_msix_read(struct pcie_fn *f, const struct pcie_target *to,
                    uint32_t length, uint8_t *data);
bool pcie_msix_write(struct pcie_fn *f, const struct pcie_target *to,
                     uint32_t length, const uint8_t *data);
void pcie_msix_reset(struct pcie_fn *f);
void pcie_msi_unmasked(struct pcie_fn *f);

void pcie_intx_update(struct pcie_fn *f);

/* Data Link Layer Link Active, of a port that leads down. */
void pcie_link_state(struct pcie_fn *f);
void pcie_set_bus(struct pcie_fn *f, uint8_t bus);
/* Tell that the function has another ID. */
void pcie_renumbered(struct pcie_fn *f);
void pcie_fn_reset(struct pcie_fn *f, enum pcie_reset_kind kind);
void pcie_reset_below(struct pcie_fn *bridge);

#endif

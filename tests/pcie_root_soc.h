/* SPDX-License-Identifier: MIT */
/*
 * A root complex (models/pcie/root.h) to test endpoints on, with a host that
 * has RAM, a frame for MSIs and an IOMMU, whose map is a list that tests fill:
 *
 *     struct rsoc *s = rsoc_new();
 *     struct rsoc_device d[] = {{.cls = &pcie_xyz_class}};
 *
 *     REQUIRE(rsoc_open(s, d, 1));
 *     rsoc_bar_wr(s, s->dev[0], 0, XYZ_DOORBELL, 4, 1);
 *     CHECK(rsoc_run(s));
 *     CHECK_EQ(1, s->msis);
 *     rsoc_close(s);
 *
 * `fn` below is the index of a function; s->dev[i] is that of device i.  The
 * IOMMU watches that nobody uses a translation after its invalidation has
 * completed: s->violations.
 */
#ifndef PCIE_ROOT_SOC_H
#define PCIE_ROOT_SOC_H

#include "../models/common/iovp_attrs.h"
#include "../models/pcie/pcie_regs.h"
#include "../models/pcie/root.h"
#include "../platforms/cmd_pci_enum.h"

#define RSOC_DEVICES   16
#define RSOC_FUNCTIONS 64
#define RSOC_LIST      4096 /* of what is recorded; more is only counted */

#define RSOC_RAM      0x80000000ull
#define RSOC_RAM_SIZE 0x1000000ull
#define RSOC_MSI      0x08090000ull /* 64 KiB */
#define RSOC_MEM      0x40000000ull /* windows: 256 MiB, 4 GiB, I/O */
#define RSOC_PREF     0x8000000000ull
#define RSOC_IO       0x3eff0000ull

#define RSOC_NO_PASID (-1)

struct rsoc_device {
    const struct pcie_ep_class *cls;
    const void *config; /* NULL: the defaults of the class */
    bool integrated;    /* an RCiEP; else below a root port of its own */
};

struct rsoc_msi {
    uint64_t addr;
    uint32_t data;
    uint16_t rid;
};

/* A mapping lives, then is stale until its invalidation is complete. */
enum rsoc_page_state { RSOC_LIVE, RSOC_STALE, RSOC_DEAD };

struct rsoc_page {
    uint64_t va, pa;
    uint32_t flags; /* IOVP_ATS_* of the completion */
    int32_t pasid;
    uint16_t rid;
    uint8_t log2, state;
    uint32_t age;  /* of the unmap */
    uint64_t used; /* time of the last translated request */
};

enum rsoc_inv_state { RSOC_INV_PENDING, RSOC_INV_COMPLETE, RSOC_INV_TIMEOUT };

struct rsoc_inv {
    struct iovp_ats_invalidation i;
    uint16_t rid;
    uint8_t state;
    uint32_t age;
    uint64_t issued, done; /* times */
};

enum rsoc_pri {
    RSOC_PRI_HOLD, /* the test answers: rsoc_respond */
    RSOC_PRI_MAP,  /* the page is mapped to fresh RAM, then success */
    RSOC_PRI_SUCCESS,
    RSOC_PRI_INVALID,
    RSOC_PRI_FAILURE,
};

struct rsoc {
    struct pcie_root *root;
    struct pcie *p;
    struct pcie_enum e;
    uint32_t dev[RSOC_DEVICES];
    uint64_t now, due;
    uint8_t *ram;

    /* To be set before open. */
    bool timed, peer_to_peer;
    uint32_t latency_ps, page_requests;
    uint64_t invalidate_timeout_ps;
    bool no_translate, no_page_request; /* leave these operations out */

    /* The host; may be set at any time. */
    uint64_t memory_ps, translate_ps;
    bool iommu;         /* else untranslated addresses are physical */
    uint8_t ats_status; /* enum iovp_ats_status of the next completions */
    bool eager;  /* completions say Execute if it was not asked for, too */
    bool busy;   /* page requests and invalidations are not taken */
    uint8_t pri; /* enum rsoc_pri */
    uint64_t next_page; /* fresh RAM for RSOC_PRI_MAP */

    struct rsoc_page page[RSOC_LIST];
    uint32_t pages;
    struct rsoc_inv inv[RSOC_LIST];
    uint32_t invs;
    struct iovp_page_request request[RSOC_LIST];
    uint32_t requests;
    struct rsoc_msi msi[RSOC_LIST];
    uint32_t msis;
    struct pcie_tlp_view tlp[RSOC_LIST];
    uint32_t tlps;
    uint32_t translations; /* Translation Requests */
    uint32_t untranslated, translated, faults;
    uint32_t violations;  /* translated requests that nothing allows */
    struct pcie_tlp last; /* memory request */
    uint32_t wakes;
    bool line[4];
    uint8_t error;
    uint32_t errors;
    uint32_t age;
};

/* Zero, with the latencies of a plausible host. */
struct rsoc *rsoc_new(void);
/* Create and enumerate. */
bool rsoc_open(struct rsoc *s, const struct rsoc_device *d, uint32_t count);
/* The same with functions as they are. */
bool rsoc_open_functions(struct rsoc *s, const struct pcie_root_function *f,
                         uint32_t count);
void rsoc_close(struct rsoc *s);

/* Work until nothing is due; false: it does not end. */
bool rsoc_run(struct rsoc *s);
/* Work up to a time. */
bool rsoc_run_until(struct rsoc *s, uint64_t t);
/* One call of work at the next time that is due; false: there is none. */
bool rsoc_step(struct rsoc *s);

/* ---- registers and RAM --------------------------------------------------- */

struct pcie_fn *rsoc_fn(struct rsoc *s, uint32_t fn);
uint32_t rsoc_cfg_rd(struct rsoc *s, uint32_t fn, uint32_t at, unsigned width);
void rsoc_cfg_wr(struct rsoc *s, uint32_t fn, uint32_t at, unsigned width,
                 uint32_t value);
uint32_t rsoc_cap_rd(struct rsoc *s, uint32_t fn, enum pcie_cap cap,
                     uint32_t at, unsigned width);
void rsoc_cap_wr(struct rsoc *s, uint32_t fn, enum pcie_cap cap, uint32_t at,
                 unsigned width, uint32_t value);
/* ATS with STU 0, PASID with all that it can, and PRI with all its capacity,
 * as far as the function has them. */
void rsoc_enable_sva(struct rsoc *s, uint32_t fn);
/* MSI-X vectors 0 .. n-1 unmasked: address RSOC_MSI, data `data` + vector. */
void rsoc_enable_msix(struct rsoc *s, uint32_t fn, uint32_t n, uint32_t data);

uint64_t rsoc_bar(const struct rsoc *s, uint32_t fn, unsigned bar);
uint64_t rsoc_bar_rd(struct rsoc *s, uint32_t fn, unsigned bar, uint64_t at,
                     unsigned width);
void rsoc_bar_wr(struct rsoc *s, uint32_t fn, unsigned bar, uint64_t at,
                 unsigned width, uint64_t value);

/* RAM by its physical address; NULL: outside. */
uint8_t *rsoc_ram(struct rsoc *s, uint64_t pa, uint64_t length);
uint64_t rsoc_ram_rd(struct rsoc *s, uint64_t pa, unsigned width);
void rsoc_ram_wr(struct rsoc *s, uint64_t pa, unsigned width, uint64_t value);

/* ---- the IOMMU ------------------------------------------------------------
 */

/* 2^log2 bytes; flags: IOVP_ATS_READ and so on. */
void rsoc_map(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
              uint64_t pa, unsigned log2, uint32_t flags);
/* Stale from now on: what overlaps. */
void rsoc_unmap(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
                unsigned log2);
/* The token, an index of s->inv; -1: refused. */
int rsoc_invalidate(struct rsoc *s, uint32_t fn, int32_t pasid, uint64_t va,
                    unsigned log2, bool global);
bool rsoc_respond(struct rsoc *s, uint32_t fn, int32_t pasid, unsigned prgi,
                  uint8_t code);

/* The callbacks of the root complex that are the IOMMU. */
bool rsoc_physical(struct rsoc *s, const struct pcie_tlp *t, uint64_t time,
                   uint64_t *pa);
void rsoc_translate(void *opaque, uint32_t function, const struct pcie_tlp *t,
                    struct iovp_ats_completion *out, uint64_t *time);
bool rsoc_page_request(void *opaque, const struct iovp_page_request *r);
bool rsoc_invalidated(void *opaque, uint32_t token, bool timeout);

#endif

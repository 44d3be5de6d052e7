/* SPDX-License-Identifier: MIT */
/*
 * The Address Translation Cache of a function (10.2, 10.3): Translation
 * Requests, what they answer, and invalidations.  Only `create` allocates.
 */
#ifndef PCIE_ATC_H
#define PCIE_ATC_H

#include "../common/ats.h"
#include "../common/cache.h"
#include "endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pcie_atc_config {
    struct iovp_cache_config cache;
    uint32_t lookup_ps;     /* hit or miss, before anything else */
    uint32_t invalidate_ps; /* from an Invalidate Request to its completion */
};

struct pcie_atc;

struct pcie_atc *pcie_atc_create(const struct pcie_atc_config *c,
                                 struct pcie_ep *ep,
                                 const struct iovp_heap *heap);
void pcie_atc_destroy(struct pcie_atc *a);

enum pcie_atc_status {
    PCIE_ATC_OK = 0,
    PCIE_ATC_DENIED,      /* no such right: a page request may help */
    PCIE_ATC_UNSUPPORTED, /* UR: ATS is off for this function, for good */
    PCIE_ATC_ABORTED,     /* CA: its structures are wrong */
    PCIE_ATC_REFUSED,     /* nothing was asked: ATS, PASID or bus master is
                           * not enabled */
};

/* Rights, as flags of struct iovp_ats_completion. */
struct pcie_atc_result {
    uint64_t address;  /* translated; UNTRANSLATED: as it was */
    uint64_t bytes;    /* from there on that are translated alike */
    uint32_t flags;    /* IOVP_ATS_* */
    bool untranslated; /* U: use an untranslated request */
    bool hit;
};

/*
 * Where t->addr leads for an access with the rights `want` (IOVP_ATS_READ,
 * WRITE, EXECUTE) by t's PASID and privilege: from the cache, or asked for and
 * cached.  t->no_write is passed on in the request.  Takes the endpoint's time.
 */
enum pcie_atc_status pcie_atc_translate(struct pcie_atc *a,
                                        const struct pcie_tlp *t, uint32_t want,
                                        struct pcie_atc_result *out);
/* A request that used a translation is complete at `t`: an invalidation that
 * comes before completes after it (10.3.2). */
void pcie_atc_used(struct pcie_atc *a, uint64_t t);

/* An Invalidate Request: from the endpoint's message callback; others are
 * ignored.  It is carried out and completed by pcie_atc_work, also while ATS is
 * not enabled: what used a translation before is waited for. */
void pcie_atc_message(struct pcie_atc *a, const struct pcie_tlp *t,
                      const void *data);
/* From the endpoint's work: when next, or PCIE_NEVER. */
uint64_t pcie_atc_work(struct pcie_atc *a, uint64_t now);
/* Drop everything: resets, ATS disabled, or as the device likes. */
void pcie_atc_flush(struct pcie_atc *a);
/* From config_written of the endpoint: drops everything if ATS is off. */
void pcie_atc_update(struct pcie_atc *a);
/* Of one PASID. */
void pcie_atc_flush_pasid(struct pcie_atc *a, uint32_t pasid);
/* Resets: pending invalidations are forgotten too. */
void pcie_atc_reset(struct pcie_atc *a);
/* Changes when something is dropped: for devices that keep translations of
 * their own. */
uint64_t pcie_atc_generation(const struct pcie_atc *a);

struct pcie_atc_stats {
    uint64_t lookups, hits;
    uint64_t requests;      /* Translation Requests sent */
    uint64_t denied;        /* completions without the right */
    uint64_t invalidations; /* Invalidate Requests served */
    uint64_t dropped;       /* entries that they dropped */
};
void pcie_atc_get_stats(const struct pcie_atc *a, struct pcie_atc_stats *out);

#ifdef __cplusplus
}
#endif

#endif

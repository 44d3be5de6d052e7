/* SPDX-License-Identifier: MIT */
/*
 * PCI Express host bridges of a platform: who is who (requester IDs, StreamIDs,
 * devices), where their registers and windows are, and what they tell the user:
 * what both modes share.  A mode makes the root complexes (models/pcie/root.h)
 * and calls the functions below from their operations.  Private to capi/.
 *
 * Functional mode: time is virtual, from one thing that is due to the next,
 * and the same for all host bridges (platform.pcie_now).  It is not shown to
 * the user, to whom there is no time.
 */
#ifndef IOVP_PCIE_H
#define IOVP_PCIE_H

#include "platform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- who is who (pcie.c) ------------------------------------------------- */

/* The StreamID of a requester ID; *iommu: index, or PLATFORM_NO_IOMMU. */
uint32_t pcie_host_stream(const struct platform_pcie *h, uint16_t rid,
                          uint32_t *iommu);
/* Of a function, as software has numbered the buses. */
uint16_t pcie_host_rid(const struct platform_pcie *h, uint32_t function);
/* The DeviceID of its MSIs. */
uint32_t pcie_host_msi_id(const struct platform_pcie *h, uint16_t rid);
/* The device of a function by its place; NULL: a bridge. */
struct platform_device_state *pcie_host_device(const struct platform_pcie *h,
                                               uint32_t function);
/*
 * With what attributes a TLP reaches its IOMMU: *iommu as above.  No Snoop is
 * not among them: 13.6.1.1 applies it behind the SMMU.
 */
void pcie_host_attrs(const struct platform_pcie *h, uint32_t function,
                     const struct pcie_tlp *t, iovp_attrs *out,
                     uint32_t *iommu);
/* How far a result of translation lets a request succeed: PCIE_SC (RAZWI, too),
 * else how it completes. */
enum pcie_status pcie_host_status(uint8_t result);

/* ---- what a root complex's operations do with a host --------------------- */

/*
 * A 4-byte write to an MSI controller that is a placeholder.  False: there is
 * none at this address.
 */
bool pcie_host_msi(struct platform_pcie *h, uint32_t function, uint16_t rid,
                   uint64_t addr, uint32_t data);
/*
 * A request to a physical address in a window of this or another host bridge:
 * to the function that is there.  False: not in a window.
 */
bool pcie_host_peer(struct platform_pcie *h, const struct pcie_tlp *t,
                    uint64_t pa, void *data, enum pcie_status *s);
/* Operations of struct pcie_root_ops with the same arguments. */
void pcie_host_intx(struct platform_pcie *h, unsigned line, bool level);
void pcie_host_system_error(struct platform_pcie *h, uint8_t message,
                            uint16_t source);
void pcie_host_renumbered(struct platform_pcie *h, uint32_t function);
/* A trace record of it, if a trace is being written; in functional mode it has
 * no time. */
void pcie_host_tlp(struct platform_pcie *h, const struct pcie_tlp_view *v);
/* A page request as the IOMMU sees it.  False: it has none. */
bool pcie_host_page_request(const struct platform_pcie *h,
                            const struct iovp_page_request *in,
                            struct iovp_page_request *out, uint32_t *iommu);

/* ---- from an IOMMU, at `now` ----------------------------------------------
 */

/*
 * To the root complex that has the StreamID.  False: there is none, or it has
 * no room; the IOMMU is to count it as timed out.
 */
bool pcie_host_invalidate(struct platform_smmu *s,
                          const struct iovp_ats_invalidation *i, uint64_t now);
void pcie_host_page_response(struct platform_smmu *s,
                             const struct iovp_page_response *r, uint64_t now);
/* Whose invalidation `token` of ops.invalidated was: it is forgotten. */
struct platform_smmu *pcie_host_invalidated(struct platform_pcie *h,
                                            uint32_t *token);

/* ---- accesses of processors ------------------------------------------------
 */

/* The host bridge whose ECAM or window has all bytes; NULL: none. */
struct platform_pcie *pcie_host_at(struct platform *p, uint64_t addr,
                                   uint64_t bytes);
/*
 * Read or write there, little-endian in *value; at the hierarchy's time.  What
 * is absent reads all ones and ignores the write.
 */
void pcie_host_access(struct platform_pcie *h, uint64_t addr, uint32_t width,
                      bool write, uint64_t *value);

/* ---- life ------------------------------------------------------------------
 */

/* What platform_add_pcie and platform_open_file have kept. */
void pcie_free(struct platform *p);
void pcie_files_close(struct platform *p);

/* ---- functional mode (pcie_run.c) ------------------------------------------
 */

iovp_status pcie_create_all(struct platform *p);
void pcie_destroy_all(struct platform *p);
/* A processor's access, with the work that it makes. */
void pcie_mmio(struct platform_pcie *h, uint64_t addr, uint32_t width,
               bool write, uint64_t *value);
/* Do something that is due.  How much it was, in transactions; 0: nothing is
 * due. */
uint32_t pcie_step(struct platform *p);
/* Everything that is due, with queue work of IOMMUs, up to a budget. */
void pcie_work(struct platform *p);
/* The root complex of a function that was changed from outside (unplugged). */
void pcie_changed(struct platform_pcie *h);

/* ---- timed mode (timed*.cpp, timed_off.c) ----------------------------------
 */

iovp_status timed_pcie_mmio(struct platform *p, struct platform_pcie *h,
                            uint64_t addr, uint32_t width, bool write,
                            uint64_t *value);
/* As pcie_changed. */
void timed_pcie_changed(struct platform *p, struct platform_pcie *h);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* The example driver's stage 1 tables: VMSAv8-64, 4 KiB granule, 4 levels. */
#include "smmuv3_driver_internal.h"

#include <inttypes.h>

/* VMSAv8-64 stage 1 descriptors, 4 KiB granule */
#define PTE_VALID    (1ull << 0)
#define PTE_TABLE    (1ull << 1) /* a page at level 3 */
#define PTE_AP_EL0   (1ull << 6)
#define PTE_AP_RO    (1ull << 7)
#define PTE_SH_INNER (3ull << 8)
#define PTE_AF       (1ull << 10)
#define PTE_NG       (1ull << 11)
#define PTE_PXN      (1ull << 53)
#define PTE_UXN      (1ull << 54)
#define PTE_ADDR     0x0000fffffffff000ull

#define VA_BITS    48
#define BLOCK      0x200000ull
/* More pages than this are invalidated by ASID. */
#define TLBI_PAGES 512

int smmu_space_create(struct smmu_driver *d, struct smmu_space *s)
{
    smmu_begin(d);
    if (d->next_asid >= d->asids)
        smmu_fail(d, "all %u ASIDs are in use", d->asids - 1);
    s->ttb = smmu_alloc(d, PAGE, PAGE);
    s->asid = (uint16_t)d->next_asid++;
    return smmu_end(d);
}

/*
 * The address of the descriptor for `iova` at `level`.  Tables that lack are
 * made if `make`; else the answer is 0 where one lacks.
 */
static uint64_t descriptor(struct smmu_driver *d, const struct smmu_space *s,
                           uint64_t iova, unsigned level, bool make)
{
    uint64_t at, entry, table = s->ttb;

    for (unsigned l = 0;; l++) {
        at = table + (iova >> (39 - 9 * l) & 0x1ff) * 8;
        if (l == level)
            return at;
        entry = smmu_get64(d, at);
        if ((entry & PTE_VALID) && !(entry & PTE_TABLE))
            smmu_fail(d, "0x%" PRIx64 " lies in a 2 MiB block", iova);
        if (!(entry & PTE_VALID) && make) {
            entry = smmu_alloc(d, PAGE, PAGE) | PTE_TABLE | PTE_VALID;
            smmu_put64(d, at, entry);
        }
        if (!(entry & PTE_VALID) || d->failed)
            return 0;
        table = entry & PTE_ADDR;
    }
}

static uint64_t leaf_attributes(unsigned rights)
{
    uint64_t a = PTE_VALID | PTE_AF | PTE_SH_INNER | PTE_NG;

    if (!(rights & SMMU_PRIVILEGED))
        a |= PTE_AP_EL0;
    if (!(rights & SMMU_WRITE))
        a |= PTE_AP_RO;
    if (!(rights & SMMU_EXECUTE))
        a |= PTE_PXN | PTE_UXN;
    return a;
}

static void check_range(struct smmu_driver *d, uint64_t addr, uint64_t bytes)
{
    if ((addr | bytes) & (PAGE - 1) || !bytes || addr >> VA_BITS ||
        bytes > (1ull << VA_BITS) - addr)
        smmu_fail(d, "0x%" PRIx64 " + 0x%" PRIx64 ": not pages below 2^48",
                  addr, bytes);
}

int smmu_map(struct smmu_driver *d, const struct smmu_space *s, uint64_t iova,
             uint64_t pa, uint64_t bytes, unsigned rights)
{
    uint64_t at, step, attributes = leaf_attributes(rights);

    smmu_begin(d);
    check_range(d, iova, bytes);
    check_range(d, pa, bytes);
    for (; bytes && !d->failed; iova += step, pa += step, bytes -= step) {
        bool block = rights & SMMU_BLOCKS && bytes >= BLOCK &&
                     !((iova | pa) & (BLOCK - 1));

        step = block ? BLOCK : PAGE;
        at = descriptor(d, s, iova, block ? 2 : 3, true);
        /* An invalid descriptor is never cached: no invalidation. */
        if (smmu_get64(d, at) & PTE_VALID)
            smmu_fail(d, "0x%" PRIx64 " is mapped already", iova);
        smmu_put64(d, at, pa | attributes | (block ? 0 : PTE_TABLE));
    }
    return smmu_end(d);
}

/* Clear one leaf; returns its size. */
static uint64_t unmap_one(struct smmu_driver *d, const struct smmu_space *s,
                          uint64_t iova, uint64_t bytes)
{
    uint64_t at = descriptor(d, s, iova, 2, false);
    uint64_t entry = at ? smmu_get64(d, at) : 0;
    uint64_t step = PAGE;

    if ((entry & PTE_VALID) && !(entry & PTE_TABLE)) {
        step = BLOCK;
        if (iova & (BLOCK - 1) || bytes < BLOCK)
            smmu_fail(d, "0x%" PRIx64 ": part of a 2 MiB block", iova);
    } else if (entry & PTE_VALID) {
        at = (entry & PTE_ADDR) + (iova >> 12 & 0x1ff) * 8;
        entry = smmu_get64(d, at);
    }
    if (!(entry & PTE_VALID))
        smmu_fail(d, "0x%" PRIx64 " is not mapped", iova);
    smmu_put64(d, at, 0);
    return step;
}

int smmu_unmap(struct smmu_driver *d, const struct smmu_space *s, uint64_t iova,
               uint64_t bytes)
{
    bool by_va = bytes / PAGE <= TLBI_PAGES;
    uint64_t step;

    smmu_begin(d);
    check_range(d, iova, bytes);
    for (; bytes && !d->failed; iova += step, bytes -= step) {
        step = unmap_one(d, s, iova, bytes);
        if (by_va)
            smmu_cmd(d, CMD_TLBI_NH_VA | CMD_ASID(s->asid), iova | CMD_LEAF);
    }
    if (!by_va)
        smmu_cmd(d, CMD_TLBI_NH_ASID | CMD_ASID(s->asid), 0);
    smmu_sync(d);
    return smmu_end(d);
}

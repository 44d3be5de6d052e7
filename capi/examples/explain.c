/* SPDX-License-Identifier: MIT */
/*
 * Why does a feature not work?  Ask iovp_explain, repair the first condition
 * that fails, ask again.  This program does so for the PASIDs of a DMA master
 * of platforms/arm-soc.dts and prints where the reason is after each step.
 * The last cannot be repaired: the device is not made for it.
 *
 * Prints:
 *   after reset:     SMMU_CR0.SMMUEN: must be 1, ...
 *   SMMU enabled:    STE[0x20]: the table must have an STE: ...
 *   stream attached: CD[0x20].V: must be 1: it is 0 ...
 *   PASID 1 bound:   works, all ...
 *   stall:           npu@13010000 dma-can-stall: the device must ...
 */
#include <stdio.h>
#include <string.h>

#include "iovp.h"
#include "smmuv3_driver.h"

#define CONDITIONS 400

/* Print the first condition that fails.  Its place is returned in `where`,
 * "" if the feature works; -1 after an error. */
static int why(iovp_device *d, uint32_t feature, const char *when,
               char where[64])
{
    static iovp_condition c[CONDITIONS];
    size_t n = CONDITIONS;

    for (size_t i = 0; i < CONDITIONS; i++)
        c[i].size = sizeof(c[i]);
    if (iovp_explain(d, feature, c, &n) != IOVP_OK) {
        fprintf(stderr, "%s\n", iovp_last_error());
        return -1;
    }
    where[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (c[i].state != IOVP_CONDITION_FAILS)
            continue;
        memcpy(where, c[i].where, 64);
        printf("%-16s %s: %s\n", when, c[i].where, c[i].what);
        return 0;
    }
    printf("%-16s works, all %zu conditions are met\n", when, n);
    return 0;
}

/* Guest RAM for tables: the start of arm-soc's memory. */
static struct smmu_ram ram = {0x80000000, 0x84000000};

/* Each step of a driver moves the reason further down the list. */
static int steps(iovp_platform *p, iovp_device *d, const iovp_device_info *info)
{
    struct smmu_driver drv = {
        .platform = p, .base = info->iommu_base, .ram = &ram};
    struct smmu_stream stream;
    struct smmu_space space;
    char where[64];

    if (why(d, IOVP_FEATURE_PASID, "after reset:", where))
        return -1;
    if (smmu_init(&drv) || why(d, IOVP_FEATURE_PASID, "SMMU enabled:", where))
        return -1;
    if (smmu_attach(&drv, &stream, info->stream_id, info->pasid_bits,
                    SMMU_S1DSS_TERMINATE) ||
        why(d, IOVP_FEATURE_PASID, "stream attached:", where))
        return -1;
    if (smmu_space_create(&drv, &space) ||
        smmu_bind(&drv, &stream, 1, &space) ||
        why(d, IOVP_FEATURE_PASID, "PASID 1 bound:", where))
        return -1;
    if (where[0]) {
        fprintf(stderr, "PASIDs do not work: %s\n", where);
        return -1;
    }
    /* No driver can repair what the device or the hardware is. */
    return why(d, IOVP_FEATURE_STALL, "stall:", where) || !where[0] ? -1 : 0;
}

int main(int argc, char **argv)
{
    const char *tree = argc > 1 ? argv[1] : "platforms/arm-soc.dts";
    iovp_device_info info = {.size = sizeof(info)};
    iovp_platform *p = NULL;
    iovp_device *d;
    int rc = -1;

    if (iovp_platform_create_file(&p, NULL, tree) == IOVP_OK &&
        iovp_device_find(p, "npu@13010000", &d) == IOVP_OK &&
        iovp_device_get_info(d, &info) == IOVP_OK)
        rc = steps(p, d, &info);
    if (rc)
        fprintf(stderr, "explain: %s\n", iovp_last_error());
    iovp_platform_destroy(p);
    return rc ? 1 : 0;
}

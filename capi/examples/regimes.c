/* SPDX-License-Identifier: MIT */
/*
 * Regimes: what transactions with different attributes are translated by.
 *
 * A driver gives a device two PASIDs.  Each is a regime with an index; a
 * consumer that wants to follow the mappings registers for an index and says
 * which attributes it tells apart.  One that understands fewer than the IOMMU
 * does is refused, instead of seeing the wrong address space.  Being told too
 * much is possible: SMMUv3 invalidates an address for one address space and,
 * because of global pages, for all.
 *
 * Prints:
 *   without attributes: refused, the IOMMU tells apart more than is understood
 *   regime of StreamID 0x10, no PASID: invalid structures
 *   regime of StreamID 0x10, PASID 1: translated, stage 1, 48 bits
 *   regime of StreamID 0x10, PASID 2: translated, stage 1, 48 bits
 *   by index, PASID 1: 0x10008 -> 0x84000008
 *   by index, PASID 2: 0x10008 -> 0x84200008
 *   replay: map PASID 1 0x10000..0x11fff
 *   replay: map PASID 2 0x10000..0x10fff
 *   driver unmaps a page of PASID 1
 *   told: unmap PASID 1 0x11000..0x11fff
 *   told: unmap PASID 2 0x11000..0x11fff
 *   driver tears PASID 2 down
 *   told: drop PASID 2
 */
#include "example.h"
#include "smmuv3_driver.h"

static void told(void *ud, const iovp_notification *n)
{
    const char *when = *(const char **)ud;

    if (n->kind == IOVP_NOTIFY_DROP)
        printf("%s: drop PASID %u\n", when, n->pasid);
    else
        printf("%s: %s PASID %u 0x%llx..0x%llx\n", when,
               n->kind == IOVP_NOTIFY_MAP ? "map" : "unmap", n->pasid,
               (unsigned long long)n->first, (unsigned long long)n->last);
}

static void describe(iovp_device *d)
{
    static const char *const state[] = {"off", "blocked", "identity",
                                        "translated, stage 1",
                                        "invalid structures"};
    iovp_regime_info info = IOVP_REGIME_INFO_INIT;
    uint32_t index[8];
    size_t n = 8;

    MUST(iovp_regime_list(d, index, &n));
    for (size_t i = 0; i < n; i++) {
        MUST(iovp_regime_get_info(d, index[i], &info));
        printf("regime of StreamID 0x%x, ", info.stream_id);
        if (info.pasid == IOVP_NO_PASID)
            printf("no PASID: %s\n", state[info.state]);
        else
            printf("PASID %u: %s, %d bits\n", info.pasid, state[info.state],
                   info.table[0].last == 0xffffffffffff ? 48 : 0);
    }
}

static void by_index(iovp_device *d, uint32_t pasid, uint32_t *index)
{
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PASID};
    iovp_translation t = IOVP_TRANSLATION_INIT;

    a.pasid_valid = 1;
    a.pasid = pasid;
    MUST(iovp_regime_index(d, &a, index));
    MUST(iovp_regime_translate(d, *index, NULL, 0x10008, IOVP_ACCESS_READ,
                               IOVP_TRANSLATE_DEBUG, &t));
    printf("by index, PASID %u: 0x10008 -> 0x%llx\n", pasid,
           (unsigned long long)t.pa);
}

int main(int argc, char **argv)
{
    iovp_platform *p = example_open(argc, argv);
    iovp_device *npu = example_device(p, "npu@a000000");
    struct smmu_ram ram = {EXAMPLE_TABLES,
                           EXAMPLE_TABLES + EXAMPLE_TABLES_BYTES};
    struct smmu_driver drv = {.platform = p, .base = 0x9050000, .ram = &ram};
    struct smmu_stream st;
    struct smmu_space one, two;
    const char *when = "replay";
    iovp_notifier_config config = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n = NULL;
    iovp_replay replay = IOVP_REPLAY_INIT;
    iovp_status refused;
    uint32_t index;

    /* As an operating system would: two address spaces. */
    if (smmu_init(&drv) || smmu_space_create(&drv, &one) ||
        smmu_space_create(&drv, &two) ||
        smmu_map(&drv, &one, 0x10000, EXAMPLE_DATA, 0x2000, SMMU_WRITE) ||
        smmu_map(&drv, &two, 0x10000, EXAMPLE_DATA + 0x200000, 0x1000, 0) ||
        smmu_attach(&drv, &st, 0x10, 16, SMMU_S1DSS_TERMINATE) ||
        smmu_bind(&drv, &st, 1, &one) || smmu_bind(&drv, &st, 2, &two)) {
        fprintf(stderr, "%s\n", drv.message);
        return 1;
    }
    config.index = IOVP_REGIME_ALL;
    config.events = IOVP_NOTIFY_MAP | IOVP_NOTIFY_UNMAP | IOVP_NOTIFY_DROP;
    config.last = UINT64_MAX;
    config.fn = told;
    config.ud = &when;
    refused = iovp_notifier_register(&n, npu, &config);
    printf("without attributes: refused, %s\n", iovp_strerror(refused));
    describe(npu);
    by_index(npu, 1, &index);
    by_index(npu, 2, &index);
    MUST(iovp_regime_attrs(npu, &config.understands));
    MUST(iovp_notifier_register(&n, npu, &config));
    while (!replay.complete)
        MUST(iovp_notifier_replay(n, &replay));
    when = "told";
    printf("driver unmaps a page of PASID 1\n");
    smmu_unmap(&drv, &one, 0x11000, 0x1000);
    printf("driver tears PASID 2 down\n");
    smmu_unbind(&drv, &st, 2, &two);
    iovp_notifier_unregister(n);
    iovp_platform_destroy(p);
    return refused == IOVP_E_ATTRS ? 0 : 1;
}

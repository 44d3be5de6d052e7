/* SPDX-License-Identifier: MIT */
/*
 * PASID contexts: one device, several address spaces.
 *
 * DMA takes a PASID beside the address.  The device's address space of a PASID
 * comes into being when it is first used, stays cached, and is dropped when
 * the driver changes the PASID's entry and invalidates it: a handle of it is
 * then stale.  A transfer that crosses pages is split; a fault says how far it
 * came.
 *
 * Prints:
 *   PASID 1 reads "one", PASID 2 reads "two" at the same address
 *   PASID 1: atomic add: 40 became 42
 *   PASID 2: 4096 of 8192 bytes done, then F_TRANSLATION
 *   space of PASID 1: number 1, used 5 times
 *   PASID 2 torn down: its handle is stale, PASID 1's is not
 *   PASID 2: 0 bytes done, C_BAD_CD
 */
#include <string.h>

#include "example.h"
#include "smmuv3_driver.h"

#define IOVA 0x10000u

static struct smmu_ram ram = {EXAMPLE_TABLES,
                              EXAMPLE_TABLES + EXAMPLE_TABLES_BYTES};

/* Two address spaces with a page each, as PASIDs 1 and 2. */
static int bring_up(struct smmu_driver *drv, struct smmu_stream *st,
                    struct smmu_space space[2])
{
    if (smmu_init(drv) || smmu_attach(drv, st, 0x10, 16, SMMU_S1DSS_TERMINATE))
        return -1;
    for (uint32_t i = 0; i < 2; i++)
        if (smmu_space_create(drv, &space[i]) ||
            smmu_map(drv, &space[i], IOVA, EXAMPLE_DATA + i * 0x1000, 0x1000,
                     SMMU_WRITE) ||
            smmu_bind(drv, st, i + 1, &space[i]))
            return -1;
    return 0;
}

static void reads(iovp_device *d)
{
    char one[4], two[4];

    MUST(iovp_dma_read(d, 1, IOVA, one, 4, NULL, NULL));
    MUST(iovp_dma_read(d, 2, IOVA, two, 4, NULL, NULL));
    printf("PASID 1 reads \"%s\", PASID 2 reads \"%s\" at the same address\n",
           one, two);
}

static void atomic(iovp_device *d)
{
    iovp_atomic add = IOVP_ATOMIC_INIT;
    uint8_t word[4] = {40, 0, 0, 0};

    MUST(iovp_dma_write(d, 1, IOVA + 8, word, 4, NULL, NULL));
    add.op = IOVP_ATOMIC_FETCH_ADD;
    add.width = 4;
    add.operand[0] = 2;
    MUST(iovp_dma_atomic(d, 1, IOVA + 8, &add, NULL, NULL));
    MUST(iovp_dma_read(d, 1, IOVA + 8, word, 4, NULL, NULL));
    printf("PASID 1: atomic add: %d became %d\n", add.old[0], word[0]);
}

static void across(iovp_device *d, const char *what)
{
    static uint8_t buffer[0x2000];
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;

    MUST(iovp_dma_read(d, 2, IOVA, buffer, sizeof(buffer), NULL, &r));
    printf("PASID 2: %llu %sbytes done, %s%s\n", (unsigned long long)r.done,
           what, r.done ? "then " : "", smmu_event_name((uint8_t)r.event));
}

int main(int argc, char **argv)
{
    iovp_platform *p = example_open(argc, argv);
    iovp_device *npu = example_device(p, "npu@a000000");
    struct smmu_driver drv = {.platform = p, .base = 0x9050000, .ram = &ram};
    struct smmu_stream st;
    struct smmu_space space[2];
    iovp_space *one, *two;
    iovp_space_info info = IOVP_SPACE_INFO_INIT;
    iovp_status st1, st2;

    MUST(iovp_mem_write(p, EXAMPLE_DATA, "one", 4));
    MUST(iovp_mem_write(p, EXAMPLE_DATA + 0x1000, "two", 4));
    if (bring_up(&drv, &st, space)) {
        fprintf(stderr, "%s\n", drv.message);
        return 1;
    }
    reads(npu);
    atomic(npu);
    across(npu, "of 8192 ");
    MUST(iovp_space_get(&one, npu, 1));
    MUST(iovp_space_get(&two, npu, 2));
    MUST(iovp_space_get_info(one, &info));
    printf("space of PASID 1: number %llu, used %llu times\n",
           (unsigned long long)info.made, (unsigned long long)info.uses);
    if (smmu_unbind(&drv, &st, 2, &space[1]))
        return 1;
    st1 = iovp_space_get_info(one, &info);
    st2 = iovp_space_get_info(two, &info);
    printf("PASID 2 torn down: its handle is %s, PASID 1's is %s\n",
           st2 == IOVP_E_STALE ? "stale" : "valid",
           st1 == IOVP_E_STALE ? "stale" : "not");
    across(npu, "");
    iovp_space_put(one);
    iovp_space_put(two);
    iovp_platform_destroy(p);
    return st1 == IOVP_OK && st2 == IOVP_E_STALE ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Dual-stage context: a guest owns the first stage, the host the second.
 *
 * The host's context owns the IOMMU.  A stage 2 domain says where the guest's
 * memory is; the guest's own table of PASIDs, in its own memory, is bound on
 * top.  The guest's PASIDs and mappings are its own affair; when it
 * invalidates, its command is handed on.  The host may intercept PASIDs.
 *
 * Prints:
 *   host gives the guest PASID 100
 *   host refuses a PASID below 100: the host's callback refused
 *   guest PASID 5: 0x4000 -> IPA 0x200000 -> 0x84200000
 *   guest maps another page and invalidates: 1 of 1 handled
 *   guest PASID 5: 0x4000 -> IPA 0x201000 -> 0x84201000
 *   a command beyond its stage: 0 of 1 handled
 *   unbound: DMA of PASID 5 is aborted
 */
#include <string.h>

#include "example.h"

/* The guest's memory: 16 MiB at its own address 0. */
#define GUEST_BYTES 0x1000000u
#define GUEST_CD    0x10000u /* its table of 16 CDs */
#define GUEST_TABLE 0x20000u /* its page tables, levels 0 to 3 */

static void put64(iovp_platform *p, uint64_t ipa, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    MUST(iovp_mem_write(p, EXAMPLE_DATA + ipa, b, 8));
}

/* Map 0x4000 in the guest's page table of PASID 5. */
static void guest_map(iovp_platform *p, uint64_t ipa)
{
    for (uint64_t level = 0; level < 3; level++)
        put64(p, GUEST_TABLE + level * 0x1000,
              (GUEST_TABLE + (level + 1) * 0x1000) | 3);
    put64(p, GUEST_TABLE + 0x3000 + 4 * 8, ipa | 0xf43); /* nG AF SH AP page */
}

/* CD: 48 bits, 4 KiB, AArch64, ASID 7. */
static void guest_pasid(iovp_platform *p, uint32_t pasid)
{
    uint64_t cd = GUEST_CD + pasid * 64;

    put64(p, cd,
          16 | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 | 3ull << 45 |
              7ull << 48);
    put64(p, cd + 8, GUEST_TABLE);
    put64(p, cd + 24, 0xff);
}

static void access(iovp_device *d, uint64_t ipa)
{
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PASID};
    iovp_translation t = IOVP_TRANSLATION_INIT;

    a.pasid_valid = 1;
    a.pasid = 5;
    MUST(iovp_translate(d, &a, 0x4000, IOVP_ACCESS_READ, 0, &t));
    printf("guest PASID 5: 0x4000 -> IPA 0x%llx -> 0x%llx\n",
           (unsigned long long)ipa, (unsigned long long)t.pa);
}

static void invalidate(iovp_context *c, iovp_device *d, uint64_t command,
                       const char *what)
{
    iovp_inval entry = IOVP_INVAL_INIT;
    size_t n = 1;

    entry.kind = IOVP_INVAL_RAW;
    entry.raw_type = IOVP_RAW_SMMUV3_COMMAND;
    entry.word[0] = command;
    entry.word[1] = 0x4000;
    iovp_context_invalidate(c, d, &entry, &n);
    printf("%s: %zu of 1 handled\n", what, n);
}

static iovp_status host_pasid(void *ud, uint32_t min, uint32_t max,
                              uint32_t *pasid)
{
    (void)ud;
    (void)min;
    *pasid = 100;
    return max < 100 ? IOVP_E_REFUSED : IOVP_OK;
}

static void pasids(iovp_context *c)
{
    uint32_t pasid;
    iovp_status st;

    MUST(iovp_context_pasid_alloc(c, 1, IOVP_PASID_MAX, &pasid));
    printf("host gives the guest PASID %u\n", pasid);
    st = iovp_context_pasid_alloc(c, 1, 99, &pasid);
    printf("host refuses a PASID below 100: %s\n", iovp_strerror(st));
}

int main(int argc, char **argv)
{
    iovp_platform *p = example_open(argc, argv);
    iovp_device *npu = example_device(p, "npu@a000000");
    iovp_context_ops ops = IOVP_CONTEXT_OPS_INIT;
    iovp_context_config config = IOVP_CONTEXT_CONFIG_INIT;
    iovp_domain_config stage2 = IOVP_DOMAIN_CONFIG_INIT;
    iovp_binding binding = IOVP_BINDING_INIT;
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    iovp_context *c;
    uint64_t ipa = 0;
    uint8_t byte;

    MUST(iovp_memory_donate(p, EXAMPLE_TABLES, EXAMPLE_TABLES_BYTES));
    ops.pasid_alloc = host_pasid;
    config.ops = &ops;
    MUST(iovp_context_create(&c, p, &config));
    pasids(c);
    stage2.stage = IOVP_STAGE_2;
    MUST(iovp_domain_create(&binding.stage2, c, &stage2));
    MUST(iovp_domain_map(binding.stage2, IOVP_MAP_FIXED, &ipa, EXAMPLE_DATA,
                         GUEST_BYTES, 63));
    guest_map(p, 0x200000);
    guest_pasid(p, 5);
    /* The guest's STE: valid, stage 1, 16 CDs in one table. */
    binding.stage1.type = IOVP_TABLE_SMMUV3_STE;
    binding.stage1.word[0] = 1 | 5 << 1 | GUEST_CD | 4ull << 59;
    MUST(iovp_context_bind(c, npu, IOVP_NO_PASID, &binding));
    access(npu, 0x200000);
    guest_map(p, 0x201000);
    invalidate(c, npu, 0x12 | 7ull << 48, /* CMD_TLBI_NH_VA, ASID 7 */
               "guest maps another page and invalidates");
    access(npu, 0x201000);
    invalidate(c, npu, 0x2a, "a command beyond its stage"); /* TLBI_S2_IPA */
    MUST(iovp_context_unbind(c, npu, IOVP_NO_PASID));
    MUST(iovp_dma_read(npu, 5, 0x4000, &byte, 1, NULL, &r));
    printf("unbound: DMA of PASID 5 is %s\n",
           r.status == IOVP_DMA_ABORT ? "aborted" : "not aborted");
    iovp_platform_destroy(p);
    return 0;
}

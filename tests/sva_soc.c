/* SPDX-License-Identifier: MIT */
#include "sva_soc.h"

#include <string.h>

#include "capi_soc.h"
#include "shim.h"

#define DMA_NODE(name, unit, iommu, sid, more)                          \
    name "@" unit " { compatible = \"iovp,dma\"; reg = <0 0x" unit      \
         " 0 0x1000>; iommus = <&" iommu " " sid "; iovp,window = <0 0" \
         " 0 0x1000>; " more " };\n"
#define STALLS "dma-can-stall; "

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "a: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "b: iommu@9070000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9070000 0 0x20000>; #iommu-cells = <1>; dma-coherent; "
    "};\n" DMA_NODE("npu", "a000000", "a", "0x10>",
                    STALLS "pasid-num-bits = <16>;")
        DMA_NODE("twin", "a010000", "a", "0x10>",
                 STALLS "pasid-num-bits = <16>;")
            DMA_NODE("small", "a020000", "a", "0x11>",
                     STALLS "pasid-num-bits = <2>;")
                DMA_NODE("plain", "a030000", "a", "0x20>", STALLS) DMA_NODE(
                    "rigid", "a040000", "a", "0x30>", "pasid-num-bits = <16>;")
                    DMA_NODE(
                        "far", "a060000", "b", "0x10>",
                        STALLS
                        "pasid-num-bits = <16>;") "raw@a050000 { compatible = "
                                                  "\"iovp,dma\"; reg = <0 "
                                                  "0xa050000 0 0x1000>;\n"
                                                  "  };\n"
                                                  "};\n";

static const void *blob_of_tree(size_t *bytes)
{
    static void *blob;
    static size_t size;

    if (!blob && !soc_compile(tree, &blob, &size))
        return NULL;
    *bytes = size;
    return blob;
}

static bool find_devices(struct sva *v)
{
    const struct {
        const char *name;
        iovp_device **d;
    } all[] = {{"npu@a000000", &v->npu},     {"twin@a010000", &v->twin},
               {"small@a020000", &v->small}, {"plain@a030000", &v->plain},
               {"rigid@a040000", &v->rigid}, {"raw@a050000", &v->raw},
               {"far@a060000", &v->far}};
    iovp_status st = IOVP_OK;
    size_t i;

    for (i = 0; !st && i < sizeof(all) / sizeof(all[0]); i++)
        st = iovp_device_find(v->p, all[i].name, all[i].d);
    return !st;
}

static bool take_over(struct sva *v, const iovp_context_config *config)
{
    iovp_context_config c = {.size = sizeof(c)};

    if (config)
        c = *config;
    c.iommu = "iommu@9050000";
    if (iovp_memory_donate(v->p, SVA_RAM, SVA_POOL) ||
        iovp_context_create(&v->c, v->p, &c))
        return false;
    c.iommu = "iommu@9070000";
    c.free_ud = NULL; /* once is enough */
    return !iovp_context_create(&v->other, v->p, &c);
}

bool sva_open_as(struct sva *v, const iovp_platform_config *platform,
                 const iovp_context_config *config)
{
    size_t bytes = 0;
    const void *blob = blob_of_tree(&bytes);

    memset(v, 0, sizeof(*v));
    v->timed = platform->mode == IOVP_MODE_TIMED;
    if (blob && !iovp_platform_create(&v->p, platform, blob, bytes) &&
        find_devices(v) && take_over(v, config))
        return true;
    shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
    iovp_platform_destroy(v->p);
    return false;
}

bool sva_open(struct sva *v, uint32_t mode, const iovp_context_config *config)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    c.mode = mode;
    return sva_open_as(v, &c, config);
}

void sva_close(struct sva *v)
{
    iovp_platform_destroy(v->p);
    v->p = NULL;
}

struct job {
    void (*fn)(struct sva *v);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    const struct job *j = ud;
    struct sva v;

    REQUIRE(sva_open(&v, j->mode, NULL));
    j->fn(&v);
    sva_close(&v);
}

void sva_both(void (*fn)(struct sva *v))
{
    struct job j = {fn, IOVP_MODE_FUNCTIONAL};
    size_t bytes;

    REQUIRE(blob_of_tree(&bytes));
    one_mode(&j);
    j.mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(one_mode, &j);
}

/* ---- processes ---------------------------------------------------------- */

iovp_process *sva_process(struct sva *v, iovp_fault_fn *fn, void *ud)
{
    iovp_process_config c = {.size = sizeof(c), .fault = fn, .ud = ud};
    iovp_process *s = NULL;

    CHECK_EQ(iovp_process_create(&s, v->c, &c), IOVP_OK);
    return s;
}

iovp_domain *sva_domain(iovp_process *s)
{
    iovp_domain *m = NULL;

    CHECK_EQ(iovp_process_domain(s, &m), IOVP_OK);
    return m;
}

uint32_t sva_bind(iovp_process *s, iovp_device *d, uint32_t flags)
{
    iovp_sva_config c = {.size = sizeof(c), .flags = flags};
    uint32_t pasid = 0;

    CHECK_EQ(iovp_sva_bind(s, d, &c, &pasid), IOVP_OK);
    return pasid;
}

void sva_map(struct sva *v, iovp_process *s, uint64_t iova, unsigned n,
             uint8_t fill)
{
    CHECK_EQ(iovp_domain_map(sva_domain(s), IOVP_MAP_FIXED, &iova, SVA_PA(n),
                             SVA_PAGE, SVA_RW),
             IOVP_OK);
    sva_fill(v, n, fill);
}

void sva_unmap(iovp_process *s, uint64_t iova)
{
    uint64_t bytes = 0;

    CHECK_EQ(
        iovp_domain_unmap(sva_domain(s), iova, iova + SVA_PAGE - 1, &bytes),
        IOVP_OK);
    CHECK_EQ(bytes, SVA_PAGE);
}

/* ---- data --------------------------------------------------------------- */

void sva_fill(struct sva *v, unsigned n, uint8_t byte)
{
    uint8_t page[SVA_PAGE];

    memset(page, byte, sizeof(page));
    CHECK_EQ(iovp_mem_write(v->p, SVA_PA(n), page, sizeof(page)), IOVP_OK);
}

bool sva_holds(struct sva *v, unsigned n, uint8_t byte)
{
    uint8_t page[SVA_PAGE];
    size_t i;

    CHECK_EQ(iovp_mem_read(v->p, SVA_PA(n), page, sizeof(page)), IOVP_OK);
    for (i = 0; i < sizeof(page); i++)
        if (page[i] != byte)
            return false;
    return true;
}

iovp_dma_result sva_read(iovp_device *d, uint32_t pasid, uint64_t iova,
                         uint8_t *byte)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};
    uint8_t got[16] = {0};
    size_t i;

    CHECK_EQ(iovp_dma_read(d, pasid, iova, got, sizeof(got), NULL, &r),
             IOVP_OK);
    for (i = 1; i < sizeof(got); i++)
        CHECK_EQ(got[i], got[0]);
    *byte = got[0];
    return r;
}

uint32_t sva_see(iovp_device *d, uint32_t pasid, uint64_t iova, uint8_t byte)
{
    uint8_t got;
    iovp_dma_result r = sva_read(d, pasid, iova, &got);

    if (r.status == IOVP_DMA_OK)
        CHECK_EQ(byte, got);
    return r.status;
}

uint32_t sva_write(iovp_device *d, uint32_t pasid, uint64_t iova, uint8_t byte)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};
    uint8_t data[16];

    memset(data, byte, sizeof(data));
    CHECK_EQ(iovp_dma_write(d, pasid, iova, data, sizeof(data), NULL, &r),
             IOVP_OK);
    return r.status;
}

iovp_transfer *sva_submit(iovp_device *d, uint32_t pasid, uint64_t iova,
                          void *buf)
{
    iovp_transfer_config c = {.size = sizeof(c),
                              .access = IOVP_ACCESS_READ,
                              .pasid = pasid,
                              .iova = iova,
                              .buf = buf,
                              .bytes = 16};
    iovp_transfer *t = NULL;

    CHECK_EQ(IOVP_OK, iovp_dma_submit(&t, d, &c));
    return t;
}

uint32_t sva_poll(iovp_transfer *t)
{
    iovp_dma_result r = {.size = sizeof(r), .status = 99};

    CHECK_EQ(IOVP_OK, iovp_dma_poll(t, &r));
    return r.status;
}

void sva_work(iovp_device *d, uint32_t pasid, uint64_t iova, uint32_t access)
{
    iovp_workload w = {.size = sizeof(w),
                       .pattern = IOVP_PATTERN_SEQUENTIAL,
                       .base = iova,
                       .window = SVA_PAGE,
                       .bytes = 64,
                       .outstanding = 8,
                       .read_percent = access == IOVP_ACCESS_READ ? 100 : 0,
                       .seed = 1};

    if (pasid != IOVP_NO_PASID) {
        w.pasids = 1;
        w.pasid[0] = pasid;
    }
    CHECK_EQ(IOVP_OK, iovp_workload_start(d, &w));
}

uint64_t sva_bytes(struct sva *v)
{
    iovp_stream_stats row[32];
    size_t count = 32, i;
    uint64_t bytes = 0;

    for (i = 0; i < count; i++)
        row[i].size = sizeof(row[i]);
    CHECK_EQ(IOVP_OK, iovp_stats(v->p, row, &count));
    for (i = 0; i < count; i++)
        bytes += row[i].bytes;
    return bytes;
}

void sva_run(struct sva *v, uint64_t ps)
{
    CHECK_EQ(iovp_run_until(v->p, iovp_now(v->p) + ps, NULL), IOVP_OK);
}

iovp_context_stats sva_stats(iovp_context *c)
{
    iovp_context_stats s = {.size = sizeof(s)};

    CHECK_EQ(iovp_context_get_stats(c, &s), IOVP_OK);
    return s;
}

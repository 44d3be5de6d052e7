/* SPDX-License-Identifier: MIT */
#include "ctx_soc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi_soc.h"
#include "shim.h"

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent;\n"
    "  %s };\n"
    "npu@a000000 { compatible = \"iovp,dma\"; reg = <0 0xa000000 0 0x1000>;\n"
    "  iommus = <&smmu 0x10>; pasid-num-bits = <16>; dma-can-stall; };\n"
    "twin@a010000 { compatible = \"iovp,dma\"; reg = <0 0xa010000 0 0x1000>;\n"
    "  iommus = <&smmu 0x12>, <&smmu 0x10>; pasid-num-bits = <4>;\n"
    "  dma-can-stall; };\n"
    "plain@a020000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa020000 0 0x1000>; iommus = <&smmu 0x20>; };\n"
    "far@a030000 { compatible = \"iovp,dma\"; reg = <0 0xa030000 0 0x1000>;\n"
    "  iommus = <&smmu 0x30>; pasid-num-bits = <12>; dma-can-stall; };\n"
    "raw@a040000 { compatible = \"iovp,dma\"; reg = <0 0xa040000 0 0x1000>;\n"
    "}; };\n";

static void find(struct cx *x, const char *name, iovp_device **d)
{
    CHECK_EQ(iovp_device_find(x->p, name, d), IOVP_OK);
}

/* The compiled tree, whose SMMU has more properties. */
static const void *compiled(const char *more, size_t *bytes)
{
    static void *blob;
    static size_t size;
    static char text[sizeof(tree) + 100], last[100];

    if (blob && strcmp(more, last)) {
        free(blob);
        blob = NULL;
    }
    snprintf(last, sizeof(last), "%s", more);
    snprintf(text, sizeof(text), tree, more);
    if (!blob && !soc_compile(text, &blob, &size))
        return NULL;
    *bytes = size;
    return blob;
}

static bool build(struct cx *x, uint32_t mode, const char *more,
                  const iovp_allocator *a)
{
    iovp_platform_config k = {.size = sizeof(k), .mode = mode, .allocator = a};
    size_t bytes = 0;
    const void *blob = compiled(more, &bytes);

    memset(x, 0, sizeof(*x));
    if (!blob)
        return false;
    if (iovp_platform_create(&x->p, &k, blob, bytes)) {
        shim_fail(__FILE__, __LINE__, "create: %s", iovp_last_error());
        return false;
    }
    x->timed = mode == IOVP_MODE_TIMED;
    x->next = CX_TABLE;
    find(x, "npu@a000000", &x->npu);
    find(x, "twin@a010000", &x->twin);
    find(x, "plain@a020000", &x->plain);
    find(x, "far@a030000", &x->far);
    find(x, "raw@a040000", &x->raw);
    for (unsigned i = 0; i < CX_PAGES; i++)
        cx_put(x, CX_PA(i), CX_MARK(i));
    return true;
}

bool cx_platform(struct cx *x, uint32_t mode)
{
    return build(x, mode, "", NULL);
}

bool cx_platform_with(struct cx *x, uint32_t mode, const char *more)
{
    return build(x, mode, more, NULL);
}

bool cx_platform_from(struct cx *x, uint32_t mode, const iovp_allocator *a)
{
    return build(x, mode, "", a);
}

bool cx_open(struct cx *x, uint32_t mode, const iovp_context_config *config)
{
    iovp_status st;

    if (!cx_platform(x, mode))
        return false;
    st = iovp_memory_donate(x->p, CX_RAM, CX_POOL);
    if (!st)
        st = iovp_context_create(&x->c, x->p, config);
    if (st)
        shim_fail(__FILE__, __LINE__, "context: %d, %s", (int)st,
                  iovp_last_error());
    return !st;
}

void cx_close(struct cx *x)
{
    iovp_platform_destroy(x->p);
}

struct job {
    void (*fn)(struct cx *x);
    const iovp_context_config *config;
    uint32_t mode;
    bool context;
};

static void one_mode(void *ud)
{
    const struct job *j = ud;
    struct cx x;

    if (j->context) {
        REQUIRE(cx_open(&x, j->mode, j->config));
    } else {
        REQUIRE(cx_platform(&x, j->mode));
        CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, CX_POOL), IOVP_OK);
    }
    j->fn(&x);
    cx_close(&x);
}

static void both(struct job *j)
{
    one_mode(j);
    j->mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(one_mode, j);
}

void cx_both(void (*fn)(struct cx *x), const iovp_context_config *config)
{
    struct job j = {fn, config, IOVP_MODE_FUNCTIONAL, true};

    both(&j);
}

void cx_each(void (*fn)(struct cx *x))
{
    struct job j = {fn, NULL, IOVP_MODE_FUNCTIONAL, false};

    both(&j);
}

void cx_run(struct cx *x)
{
    CHECK_EQ(iovp_run_until(x->p, iovp_now(x->p) + 1000000000, NULL), IOVP_OK);
}

/* ---- memory ------------------------------------------------------------ */

uint64_t cx_page(struct cx *x)
{
    static const uint8_t zero[CX_PAGE];
    uint64_t addr = x->next;

    x->next += CX_PAGE;
    CHECK_EQ(iovp_mem_write(x->p, addr, zero, sizeof(zero)), IOVP_OK);
    return addr;
}

void cx_put(struct cx *x, uint64_t addr, uint64_t word)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(word >> 8 * i);
    CHECK_EQ(iovp_mem_write(x->p, addr, b, 8), IOVP_OK);
}

uint64_t cx_get(struct cx *x, uint64_t addr)
{
    uint8_t b[8] = {0};
    uint64_t word = 0;

    CHECK_EQ(iovp_mem_read(x->p, addr, b, 8), IOVP_OK);
    for (int i = 7; i >= 0; i--)
        word = word << 8 | b[i];
    return word;
}

uint32_t cx_reg(struct cx *x, uint32_t offset)
{
    uint64_t v = 0;

    CHECK_EQ(
        iovp_mmio_read(x->p, CX_SMMU + offset, 4, IOVP_SPACE_NONSECURE, &v),
        IOVP_OK);
    return (uint32_t)v;
}

/* ---- tables: VMSAv8-64, levels 0 to 3 -------------------------------------
 */

struct cx_tables cx_tables(struct cx *x, uint32_t stage, uint64_t shift)
{
    struct cx_tables t = {cx_page(x), shift, stage};

    return t;
}

/* Stage 1: AttrIndx 0, AP[1], inner shareable, AF, nG.  Stage 2: write-back,
 * S2AP read and write, inner shareable, AF. */
#define S1_PAGE 0xf43u
#define S2_PAGE 0x7ffu

uint64_t cx_leaf(struct cx *x, const struct cx_tables *t, uint64_t in)
{
    uint64_t table = t->root;

    for (int level = 0;; level++) {
        uint64_t at = table + (in >> (39 - 9 * level) & 511) * 8;

        if (level == 3)
            return at;
        if (!cx_get(x, at))
            cx_put(x, at, (cx_page(x) - t->shift) | 3);
        table = (cx_get(x, at) & 0xfffffffff000u) + t->shift;
    }
}

void cx_map(struct cx *x, const struct cx_tables *t, uint64_t in, uint64_t out)
{
    cx_put(x, cx_leaf(x, t, in), out | (t->stage == 1 ? S1_PAGE : S2_PAGE));
}

void cx_cd(const struct cx_tables *t, uint16_t asid, uint64_t word[8])
{
    memset(word, 0, 8 * sizeof(*word));
    /* T0SZ 16, IR0 OR0 write-back, SH0 inner, EPD1, V, IPS 48 bits, AA64, R,
     * A */
    word[0] = 16 | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 30 | 1ull << 31 |
              5ull << 32 | 1ull << 41 | 1ull << 45 | 1ull << 46 |
              (uint64_t)asid << 48;
    word[1] = t->root - t->shift;
    word[3] = 0xff;
}

iovp_binding cx_cd_binding(const struct cx_tables *t, uint16_t asid)
{
    iovp_binding b = {.size = sizeof(b)};

    b.stage1.size = sizeof(b.stage1);
    b.stage1.type = IOVP_TABLE_SMMUV3_CD;
    cx_cd(t, asid, b.stage1.word);
    return b;
}

iovp_table cx_s2(const struct cx_tables *t)
{
    iovp_table s2 = {.size = sizeof(s2), .type = IOVP_TABLE_SMMUV3_S2};

    /* S2T0SZ 16, S2SL0 2 (level 0), IR0 OR0 write-back, SH0 inner, S2PS 48
     * bits, S2AA64 */
    s2.word[0] = 16ull << 32 | 2ull << 38 | 1ull << 40 | 1ull << 42 |
                 3ull << 44 | 5ull << 48 | 1ull << 51;
    s2.word[1] = t->root - t->shift;
    return s2;
}

/* ---- DMA and faults --------------------------------------------------------
 */

static uint64_t see(iovp_device *d, const iovp_attrs *a, uint32_t pasid,
                    uint64_t iova)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint8_t b[8] = {0};
    uint64_t v = 0;

    CHECK_EQ(iovp_dma_read(d, pasid, iova, b, 8, a, &r), IOVP_OK);
    for (int i = 7; i >= 0; i--)
        v = v << 8 | b[i];
    return r.status == IOVP_DMA_OK ? v : CX_EVENT(r.event);
}

uint64_t cx_see(iovp_device *d, uint32_t pasid, uint64_t iova)
{
    return see(d, NULL, pasid, iova);
}

uint64_t cx_see_by(iovp_device *d, uint32_t stream_id, uint32_t pasid,
                   uint64_t iova)
{
    iovp_attrs a = {.size = sizeof(a),
                    .specified = IOVP_ATTR_STREAM_ID,
                    .stream_id = stream_id};

    return see(d, &a, pasid, iova);
}

uint32_t cx_status(iovp_device *d, uint32_t pasid, uint64_t iova)
{
    iovp_dma_result r = {.size = sizeof(r)};
    uint8_t b[8];

    CHECK_EQ(iovp_dma_read(d, pasid, iova, b, 8, NULL, &r), IOVP_OK);
    return r.status;
}

iovp_context_stats cx_stats(struct cx *x)
{
    iovp_context_stats s = {.size = sizeof(s)};

    CHECK_EQ(iovp_context_get_stats(x->c, &s), IOVP_OK);
    return s;
}

unsigned cx_faults(struct cx *x, iovp_fault_record *f)
{
    iovp_fault_record r = {.size = sizeof(r)};
    unsigned n = 0;

    while (iovp_fault_next(x->c, &r) == IOVP_OK) {
        n++;
        if (f)
            *f = r;
    }
    return n;
}

bool cx_sentence(void)
{
    return strlen(iovp_last_error()) > 8 &&
           !strstr(iovp_last_error(), "iovp_trace_next");
}

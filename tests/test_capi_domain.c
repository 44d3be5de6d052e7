/* SPDX-License-Identifier: MIT */
/* Domains: mappings, windows, reservations and attachments (iovp.h). */
#include <stdlib.h>

#include "capi_domains.h"
#include "capi_soc.h"
#include "shim.h"

#define NONE IOVP_NO_PASID

/* ---- create -------------------------------------------------------------- */

static void create_checks(struct dom *d)
{
    const iovp_domain_config good = {.size = sizeof(good), .stage = 1};
    iovp_domain_config c = good;
    iovp_domain *m = NULL;

    DOM_FAILS(iovp_domain_create(NULL, d->c, &c), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_create(&m, d->c, NULL), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_create(&m, NULL, &c), IOVP_E_HANDLE);
    c.size = 4;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_INVALID);
    c = good;
    c.stage = 0;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_INVALID);
    c.stage = 3;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_INVALID);
    c = good;
    c.flags = 2;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_INVALID);
    c = good;
    c.reserved = 1;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_INVALID);
    c = good;
    c.page_bits = 13;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_UNSUPPORTED);
    c = good;
    c.input_bits = 65;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_UNSUPPORTED);
    c.input_bits = 8;
    DOM_FAILS(iovp_domain_create(&m, d->c, &c), IOVP_E_UNSUPPORTED);
    CHECK(!m);
    CHECK_EQ(iovp_domain_create(&m, d->c, &good), IOVP_OK);
    iovp_domain_destroy(m);
    DOM_FAILS(iovp_domain_unmap(m, 0, 1, NULL), IOVP_E_HANDLE);
    iovp_domain_destroy(m);
    iovp_domain_destroy(NULL);
}

TEST_CASE(CapiDomain, CreateChecks)
{
    dom_one(create_checks);
}

/* ---- DMA ----------------------------------------------------------------- */

/* DMA goes where the mapping says, and after the unmapping nowhere. */
static void through(struct dom *d, iovp_device *dev, uint32_t pasid,
                    uint32_t stage, uint32_t page_bits)
{
    iovp_domain *m = dom_new(d, stage, page_bits);
    uint64_t page = 1ull << page_bits, bytes = 3 * page;
    uint64_t iova = GB(3), n = 0;

    REQUIRE(m);
    CHECK(!dom_reads(d, dev, pasid, iova, DOM_DATA));
    CHECK_EQ(iovp_domain_attach(m, dev, pasid), IOVP_OK);
    CHECK(!dom_reads(d, dev, pasid, iova, DOM_DATA));
    dom_map(m, iova, DOM_DATA, bytes);
    CHECK(dom_reads(d, dev, pasid, iova, DOM_DATA));
    CHECK(dom_writes(d, dev, pasid, iova + bytes - 8, DOM_DATA + bytes - 8));
    CHECK(!dom_reads(d, dev, pasid, iova + bytes, DOM_DATA + bytes));
    /* A second mapping at once: what did not translate is not cached. */
    dom_map(m, iova + bytes, DOM_DATA + MB(8), page);
    CHECK(dom_reads(d, dev, pasid, iova + bytes, DOM_DATA + MB(8)));
    CHECK_EQ(iovp_domain_unmap(m, iova, iova + bytes - 1, &n), IOVP_OK);
    CHECK_EQ(n, bytes);
    CHECK(!dom_reads(d, dev, pasid, iova, DOM_DATA));
    CHECK(!dom_writes(d, dev, pasid, iova + bytes - 8, DOM_DATA + bytes - 8));
    CHECK(dom_reads(d, dev, pasid, iova + bytes, DOM_DATA + MB(8)));
    CHECK_EQ(iovp_domain_detach(m, dev, pasid), IOVP_OK);
    CHECK(!dom_reads(d, dev, pasid, iova + bytes, DOM_DATA + MB(8)));
    iovp_domain_destroy(m);
}

static void dma(struct dom *d)
{
    for (uint32_t bits = 12; bits <= 16; bits += 2) {
        through(d, d->cam, NONE, IOVP_STAGE_1, bits);
        through(d, d->cam, NONE, IOVP_STAGE_2, bits);
        through(d, d->npu, 5, IOVP_STAGE_1, bits);
    }
}

TEST_CASE(CapiDomain, DmaGoesWhereTheMappingSays)
{
    dom_both(dma);
}

/* A mapping of one call is blocks and pages; all of it goes at once, and the
 * tables below it: nothing cached of them is used. */
static void large(struct dom *d)
{
    uint64_t bytes = MB(2) + MB(4) + KB(12), iova = GB(1) - MB(2), n = 0;
    iovp_domain *m = dom_new(d, 1, 12);
    uint64_t used;

    REQUIRE(m);
    used = dom_used(d);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    for (int i = 0; i < 3; i++) {
        dom_map(m, iova, DOM_DATA, bytes);
        for (uint64_t at = 0; at < bytes; at += MB(1))
            CHECK(dom_reads(d, d->cam, NONE, iova + at, DOM_DATA + at));
        CHECK_EQ(dom_at(d->cam, NONE, iova + bytes - 1), DOM_DATA + bytes - 1);
        CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &n), IOVP_OK);
        CHECK_EQ(n, bytes);
        for (uint64_t at = 0; at < bytes; at += MB(1))
            CHECK(!dom_reads(d, d->cam, NONE, iova + at, DOM_DATA + at));
        /* Pages where there was a block, elsewhere. */
        dom_map(m, iova, DOM_DATA + MB(16) + KB(4), MB(2));
        CHECK(dom_reads(d, d->cam, NONE, iova + MB(1),
                        DOM_DATA + MB(17) + KB(4)));
        CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &n), IOVP_OK);
        CHECK_EQ(n, MB(2));
    }
    CHECK_EQ(iovp_domain_detach(m, d->cam, NONE), IOVP_OK);
    CHECK(dom_used(d) >= used);
    iovp_domain_destroy(m);
}

TEST_CASE(CapiDomain, LargeMappings)
{
    dom_both(large);
}

/* The next domain has the number and the memory of the last. */
static void reuse(struct dom *d)
{
    uint64_t used = 0;

    for (unsigned i = 0; i < 6; i++) {
        iovp_domain *m = dom_new(d, 1 + i % 2, 12);

        REQUIRE(m);
        CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
        CHECK(!dom_reads(d, d->cam, NONE, GB(2) + MB(1) * (i + 5), DOM_DATA));
        CHECK(!dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
        dom_map(m, GB(2), DOM_DATA + i * KB(4), KB(4));
        CHECK(dom_reads(d, d->cam, NONE, GB(2), DOM_DATA + i * KB(4)));
        iovp_domain_destroy(m);
        CHECK(!dom_reads(d, d->cam, NONE, GB(2), DOM_DATA + i * KB(4)));
        if (i < 2)
            used = dom_used(d);
        CHECK_EQ(dom_used(d), used);
    }
}

TEST_CASE(CapiDomain, NothingOfADestroyedOneIsLeft)
{
    dom_both(reuse);
}

/* The second stage of a guest whose own STE says bypass (Config 0b100). */
static void bound(struct dom *d)
{
    iovp_binding b = {.size = sizeof(b),
                      .stage1 = {.size = sizeof(b.stage1),
                                 .type = IOVP_TABLE_SMMUV3_STE,
                                 .word = {1 | 4u << 1}}};
    iovp_domain *m = dom_new(d, 2, 12);

    REQUIRE(m);
    b.stage2 = m;
    CHECK_EQ(iovp_context_bind(d->c, d->cam, NONE, &b), IOVP_OK);
    dom_map(m, GB(2), DOM_DATA, KB(4));
    CHECK(dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, NULL), IOVP_OK);
    CHECK(!dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
    dom_map(m, GB(2), DOM_DATA, KB(4));
    CHECK(dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
    iovp_domain_destroy(m);
    CHECK(!dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
    DOM_FAILS(iovp_context_unbind(d->c, d->cam, NONE), IOVP_E_NOTFOUND);
    m = dom_new(d, 2, 12);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    CHECK(!dom_reads(d, d->cam, NONE, GB(2), DOM_DATA));
}

TEST_CASE(CapiDomain, SecondStageOfAGuest)
{
    dom_both(bound);
}

static void two_devices(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12), *s = dom_new(d, 1, 12);

    REQUIRE(m && s);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, d->npu, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, d->npu, 7), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(s, d->npu, 8), IOVP_OK);
    dom_map(m, GB(1), DOM_DATA, KB(4));
    dom_map(s, GB(1), DOM_DATA + KB(4), KB(4));
    CHECK(dom_reads(d, d->cam, NONE, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, NONE, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, 7, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, 8, GB(1), DOM_DATA + KB(4)));
    CHECK(!dom_reads(d, d->npu, 9, GB(1), DOM_DATA));
    CHECK_EQ(iovp_domain_detach(m, d->npu, 7), IOVP_OK);
    CHECK(!dom_reads(d, d->npu, 7, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, NONE, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, 8, GB(1), DOM_DATA + KB(4)));
    DOM_FAILS(iovp_domain_detach(m, d->npu, 7), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_domain_detach(m, d->npu, NONE), IOVP_OK);
    CHECK(!dom_reads(d, d->npu, NONE, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->cam, NONE, GB(1), DOM_DATA));
    iovp_domain_destroy(m);
    CHECK(!dom_reads(d, d->cam, NONE, GB(1), DOM_DATA));
    CHECK(dom_reads(d, d->npu, 8, GB(1), DOM_DATA + KB(4)));
}

TEST_CASE(CapiDomain, DevicesAndPasids)
{
    dom_both(two_devices);
}

/* ---- attach -------------------------------------------------------------- */

static void attach_checks(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12), *two = dom_new(d, 2, 12);
    struct dom other;

    REQUIRE(m && two && dom_open(&other, IOVP_MODE_FUNCTIONAL, MB(64)));
    DOM_FAILS(iovp_domain_attach(m, NULL, NONE), IOVP_E_HANDLE);
    DOM_FAILS(iovp_domain_attach(NULL, d->cam, NONE), IOVP_E_HANDLE);
    DOM_FAILS(iovp_domain_attach(m, other.cam, NONE), IOVP_E_INVALID);
    dom_close(&other);
    DOM_FAILS(iovp_domain_attach(m, d->npu, 1u << 20), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_attach(m, d->far, NONE), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_attach(m, d->raw, NONE), IOVP_E_UNSUPPORTED);
    DOM_FAILS(iovp_domain_attach(m, d->cam, 1), IOVP_E_UNSUPPORTED);
    DOM_FAILS(iovp_domain_attach(two, d->npu, 1), IOVP_E_UNSUPPORTED);
    CHECK_EQ(iovp_domain_attach(m, d->npu, 3), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, d->npu, 3), IOVP_E_BUSY);
    DOM_FAILS(iovp_domain_attach(two, d->npu, NONE), IOVP_E_BUSY);
    DOM_FAILS(iovp_domain_detach(m, d->npu, NONE), IOVP_E_NOTFOUND);
    DOM_FAILS(iovp_domain_detach(m, d->cam, NONE), IOVP_E_NOTFOUND);
    DOM_FAILS(iovp_domain_detach(two, d->npu, 3), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_domain_detach(m, d->npu, 3), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(two, d->npu, NONE), IOVP_OK);
    DOM_FAILS(iovp_domain_attach(m, d->npu, NONE), IOVP_E_BUSY);
    DOM_FAILS(iovp_domain_attach(m, d->npu, 3), IOVP_E_BUSY);
}

TEST_CASE(CapiDomain, AttachChecks)
{
    dom_one(attach_checks);
}

/* ---- map and unmap ------------------------------------------------------- */

static iovp_status map_at(iovp_domain *m, uint64_t iova, uint64_t pa,
                          uint64_t bytes)
{
    return iovp_domain_map(m, IOVP_MAP_FIXED, &iova, pa, bytes, DOM_RW);
}

static iovp_status map_any(iovp_domain *m, uint64_t *iova, uint64_t pa,
                           uint64_t bytes)
{
    return iovp_domain_map(m, 0, iova, pa, bytes, DOM_RW);
}

static void map_checks(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    uint64_t at = 0, used;

    REQUIRE(m);
    used = dom_used(d);
    DOM_FAILS(iovp_domain_map(m, 0, NULL, 0, KB(4), DOM_RW), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_map(m, 2, &at, 0, KB(4), DOM_RW), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_map(m, 0, &at, 0, KB(4), 0), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_map(m, 0, &at, 0, KB(4), 64), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, 0, 0), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, 0, 0x800), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, 0x800, KB(4)), IOVP_E_INVALID);
    DOM_FAILS(map_at(m, 0x800, 0, KB(4)), IOVP_E_INVALID);
    /* Beyond the 48 bits of physical addresses, and of numbers. */
    DOM_FAILS(map_any(m, &at, 1ull << 48, KB(4)), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, (1ull << 48) - KB(4), KB(8)), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, 0 - KB(4), KB(8)), IOVP_E_INVALID);
    DOM_FAILS(map_any(m, &at, KB(8), 0 - KB(4)), IOVP_E_INVALID);
    /* Beyond the 48 bits of input addresses. */
    DOM_FAILS(map_at(m, 1ull << 48, 0, KB(4)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, (1ull << 48) - KB(4), 0, KB(8)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, 0 - KB(4), 0, KB(8)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, 0 - KB(4), 0, KB(4)), IOVP_E_RANGE);
    CHECK_EQ(at, 0);
    CHECK_EQ(dom_used(d), used);
    CHECK_EQ(map_at(m, (1ull << 48) - KB(4), (1ull << 48) - KB(4), KB(4)),
             IOVP_OK);
    DOM_FAILS(map_at(m, (1ull << 48) - KB(4), 0, KB(4)), IOVP_E_RANGE);
    CHECK_EQ(map_at(m, KB(8), 0, KB(8)), IOVP_OK);
    for (uint64_t first = 0; first <= KB(16); first += KB(4)) {
        bool free = first == 0 || first == KB(16);

        CHECK_EQ(map_at(m, first, 0, KB(4)),
                 free || first == KB(4) ? IOVP_OK : IOVP_E_RANGE);
        DOM_FAILS(map_at(m, first, 0, KB(12)), IOVP_E_RANGE);
    }
}

TEST_CASE(CapiDomain, MapChecks)
{
    dom_one(map_checks);
}

/* Stage 1 has AP[2:1] and no way to deny privileged reads (Arm ARM D8.4.1). */
static void rights(struct dom *d)
{
    static const struct {
        uint32_t rights;
        iovp_status one, two;
    } k[] = {
        {DOM_RW, IOVP_OK, IOVP_OK},
        {IOVP_RIGHT_UR | IOVP_RIGHT_PR, IOVP_OK, IOVP_OK},
        {IOVP_RIGHT_PR | IOVP_RIGHT_PW, IOVP_OK, IOVP_E_UNSUPPORTED},
        {IOVP_RIGHT_PR, IOVP_OK, IOVP_E_UNSUPPORTED},
        {IOVP_RIGHT_UR, IOVP_E_UNSUPPORTED, IOVP_E_UNSUPPORTED},
        {IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR, IOVP_E_UNSUPPORTED,
         IOVP_E_UNSUPPORTED},
        {IOVP_RIGHT_UW | IOVP_RIGHT_PW, IOVP_E_UNSUPPORTED, IOVP_OK},
        {DOM_RW | IOVP_RIGHT_PX, IOVP_E_UNSUPPORTED, IOVP_E_UNSUPPORTED},
        {DOM_RW | IOVP_RIGHT_UX, IOVP_OK, IOVP_E_UNSUPPORTED},
        {DOM_RW | IOVP_RIGHT_UX | IOVP_RIGHT_PX, IOVP_E_UNSUPPORTED, IOVP_OK},
    };
    iovp_domain *m[2] = {dom_new(d, 1, 12), dom_new(d, 2, 12)};
    const uint32_t access[3] = {IOVP_ACCESS_READ, IOVP_ACCESS_WRITE,
                                IOVP_ACCESS_READ};

    REQUIRE(m[0] && m[1]);
    CHECK_EQ(iovp_domain_attach(m[0], d->cam, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m[1], d->disp, NONE), IOVP_OK);
    for (unsigned i = 0; i < 2 * sizeof(k) / sizeof(k[0]); i++) {
        uint32_t want = k[i / 2].rights;
        iovp_status st = i % 2 ? k[i / 2].two : k[i / 2].one;
        uint64_t at = MB(1);

        CHECK_EQ(iovp_domain_map(m[i % 2], IOVP_MAP_FIXED, &at, DOM_DATA, KB(4),
                                 want),
                 st);
        for (unsigned right = 0; !st && right < 6; right++) {
            iovp_translation out = {.size = sizeof(out)};
            const iovp_attrs a = {.size = sizeof(a),
                                  .specified = IOVP_ATTR_PRIVILEGED |
                                               IOVP_ATTR_INSTRUCTION,
                                  .privileged = right >= 3,
                                  .instruction = right % 3 == 2};

            CHECK_EQ(iovp_translate(i % 2 ? d->disp : d->cam, &a, MB(1),
                                    access[right % 3], IOVP_TRANSLATE_DEBUG,
                                    &out),
                     IOVP_OK);
            CHECK_EQ(out.status == IOVP_DMA_OK, want >> right & 1);
        }
        CHECK_EQ(iovp_domain_unmap(m[i % 2], 0, UINT64_MAX, NULL), IOVP_OK);
    }
}

TEST_CASE(CapiDomain, Rights)
{
    dom_one(rights);
}

/* The lowest room, such that blocks can be used. */
static void picks(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);

    REQUIRE(m);
    CHECK_EQ(dom_map(m, ~0ull, DOM_DATA, KB(4)), 0);
    CHECK_EQ(dom_map(m, ~0ull, DOM_DATA, KB(8)), KB(4));
    CHECK_EQ(dom_map(m, ~0ull, DOM_DATA, MB(2)), MB(2));
    /* The same offset in a block as the physical address. */
    CHECK_EQ(dom_map(m, ~0ull, DOM_DATA + KB(64), MB(4)), MB(4) + KB(64));
    CHECK_EQ(dom_map(m, ~0ull, 0, GB(1)), GB(1));
    CHECK_EQ(dom_map(m, ~0ull, 0, KB(4)), KB(12));
    CHECK_EQ(iovp_domain_unmap(m, 0, KB(4) - 1, NULL), IOVP_OK);
    CHECK_EQ(dom_map(m, ~0ull, 0, KB(8)), KB(16));
    CHECK_EQ(dom_map(m, ~0ull, 0, KB(4)), 0);
}

TEST_CASE(CapiDomain, PicksTheLowestRoom)
{
    dom_one(picks);
}

/* Where no block has room, pages do. */
static void picks_little(struct dom *d)
{
    const iovp_domain_config config = {
        .size = sizeof(config), .stage = 1, .input_bits = 25};
    iovp_domain *m = NULL;
    uint64_t at = 1;

    REQUIRE(!iovp_domain_create(&m, d->c, &config));
    for (uint64_t i = 0; i < 16; i++)
        CHECK_EQ(map_at(m, MB(2) * i, 0, KB(4)), IOVP_OK);
    CHECK_EQ(map_any(m, &at, DOM_DATA, MB(2) - KB(4)), IOVP_OK);
    CHECK_EQ(at, KB(4));
    DOM_FAILS(map_any(m, &at, DOM_DATA, MB(2)), IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_unmap(m, MB(2), MB(4) - 1, NULL), IOVP_OK);
    CHECK_EQ(map_any(m, &at, DOM_DATA + KB(4), MB(2)), IOVP_OK);
    CHECK_EQ(at, MB(2));
}

TEST_CASE(CapiDomain, PicksPagesWhereBlocksHaveNoRoom)
{
    dom_one(picks_little);
}

static void unmap_checks(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    uint64_t n = 99;

    REQUIRE(m);
    CHECK_EQ(iovp_domain_attach(m, d->cam, NONE), IOVP_OK);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    DOM_FAILS(iovp_domain_unmap(m, 1, 0, &n), IOVP_E_INVALID);
    dom_map(m, MB(1), DOM_DATA, KB(8));
    dom_map(m, MB(1) + KB(8), DOM_DATA, KB(8));
    dom_map(m, MB(3), DOM_DATA, KB(4));
    /* The first, or the second, would be split. */
    DOM_FAILS(iovp_domain_unmap(m, MB(1) + 1, MB(4), &n), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_unmap(m, 0, MB(1) + KB(4) - 1, &n), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_unmap(m, 0, MB(1) + KB(16) - 2, &n), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_unmap(m, MB(1) + KB(4), MB(1) + KB(4), &n),
              IOVP_E_RANGE);
    CHECK_EQ(n, 0);
    CHECK_EQ(dom_at(d->cam, NONE, MB(1)), DOM_DATA);
    CHECK_EQ(dom_at(d->cam, NONE, MB(1) + KB(12)), DOM_DATA + KB(4));
    CHECK_EQ(dom_at(d->cam, NONE, MB(3)), DOM_DATA);
    /* What is between does not count. */
    CHECK_EQ(iovp_domain_unmap(m, MB(2), MB(3) - 1, &n), IOVP_OK);
    CHECK_EQ(n, 0);
    CHECK_EQ(iovp_domain_unmap(m, MB(1) + KB(8), MB(3) + KB(4) - 1, &n),
             IOVP_OK);
    CHECK_EQ(n, KB(12));
    CHECK_EQ(dom_at(d->cam, NONE, MB(1) + KB(4)), DOM_DATA + KB(4));
    CHECK_EQ(dom_at(d->cam, NONE, MB(1) + KB(8)), ~0ull);
    CHECK_EQ(dom_at(d->cam, NONE, MB(3)), ~0ull);
    CHECK_EQ(iovp_domain_unmap(m, 0, UINT64_MAX, NULL), IOVP_OK);
    CHECK_EQ(dom_at(d->cam, NONE, MB(1)), ~0ull);
}

TEST_CASE(CapiDomain, UnmapChecks)
{
    dom_one(unmap_checks);
}

/* ---- reservations -------------------------------------------------------- */

static void reservations(struct dom *d)
{
    iovp_domain *m = dom_new(d, 1, 12);
    uint64_t at = 77, first = 0, n = 0;

    REQUIRE(m);
    DOM_FAILS(iovp_domain_reserve(m, 0, 0, &at), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_reserve(m, KB(4), 3, &at), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_reserve(m, KB(4), 0, NULL), IOVP_E_INVALID);
    DOM_FAILS(iovp_domain_reserve(m, 1ull << 49, 0, &at), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_reserve(m, UINT64_MAX, 0, &at), IOVP_E_RANGE);
    CHECK_EQ(at, 77);
    CHECK_EQ(iovp_domain_reserve(m, GB(1), 1ull << 63, &at), IOVP_OK);
    CHECK_EQ(at, 0);
    DOM_FAILS(iovp_domain_reserve(m, GB(1), 1ull << 63, &at), IOVP_E_RANGE);
    CHECK_EQ(iovp_domain_unreserve(m, 0), IOVP_OK);
    dom_map(m, KB(4), DOM_DATA, KB(4));
    /* "4 GiB please, 1 GiB aligned" */
    CHECK_EQ(iovp_domain_reserve(m, GB(4), GB(1), &first), IOVP_OK);
    CHECK_EQ(first, GB(1));
    CHECK_EQ(iovp_domain_reserve(m, 1, 0, &at), IOVP_OK);
    CHECK_EQ(at, 0);
    /* Nobody is given it but who asks for it. */
    CHECK_EQ(dom_map(m, ~0ull, 0, GB(1)), GB(5));
    CHECK_EQ(map_at(m, GB(2), DOM_DATA, KB(4)), IOVP_OK);
    DOM_FAILS(map_at(m, GB(2), DOM_DATA, KB(4)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, GB(1) - KB(4), DOM_DATA, KB(8)), IOVP_E_RANGE);
    DOM_FAILS(map_at(m, GB(1) - KB(4), DOM_DATA, GB(5)), IOVP_E_RANGE);
    DOM_FAILS(iovp_domain_unreserve(m, first), IOVP_E_BUSY);
    DOM_FAILS(iovp_domain_unreserve(m, first + KB(4)), IOVP_E_NOTFOUND);
    DOM_FAILS(iovp_domain_unreserve(m, KB(4)), IOVP_E_NOTFOUND);
    CHECK_EQ(iovp_domain_unmap(m, GB(2), GB(3), &n), IOVP_OK);
    CHECK_EQ(n, KB(4));
    CHECK_EQ(iovp_domain_unreserve(m, first), IOVP_OK);
    DOM_FAILS(iovp_domain_unreserve(m, first), IOVP_E_NOTFOUND);
    CHECK_EQ(dom_map(m, ~0ull, 0, GB(1)), GB(1));
}

TEST_CASE(CapiDomain, Reservations)
{
    dom_one(reservations);
}

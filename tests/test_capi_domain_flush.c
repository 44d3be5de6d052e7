/* SPDX-License-Identifier: MIT */
/*
 * What an unmap invalidates: exactly its range, by page or by range (IHI 0070,
 * 4.4.1.1), as a notifier sees it.
 */
#include <stdio.h>

#include "ctx_soc.h"
#include "shim.h"

#define FIRST 0x40001000ull

struct seen {
    uint64_t from, to; /* [from, to) is unmapped, in ascending order */
    unsigned commands;
    bool gap;
};

static void on_unmap(void *ud, const iovp_notification *n)
{
    struct seen *s = ud;

    if (n->first != s->to)
        s->gap = true;
    s->to = n->last + 1;
    s->commands++;
}

static iovp_notifier *watch(struct cx *x, struct seen *s)
{
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n = NULL;

    CHECK_EQ(iovp_regime_index(x->plain, NULL, &c.index), IOVP_OK);
    CHECK_EQ(iovp_regime_attrs(x->plain, &c.understands), IOVP_OK);
    c.events = IOVP_NOTIFY_UNMAP;
    c.fn = on_unmap;
    c.ud = s;
    CHECK_EQ(iovp_notifier_register(&n, x->plain, &c), IOVP_OK);
    return n;
}

static const uint64_t pages[] = {1,  2,  3,  31, 32, 33,  34,  63,
                                 64, 65, 66, 96, 97, 511, 512, 1000};

static void each_size(struct cx *x, bool ranges)
{
    struct seen s;
    iovp_domain_config config = IOVP_DOMAIN_CONFIG_INIT;
    iovp_domain *m = NULL;
    iovp_notifier *n = watch(x, &s);

    config.stage = IOVP_STAGE_1;
    CHECK_EQ(iovp_domain_create(&m, x->c, &config), IOVP_OK);
    CHECK_EQ(iovp_domain_attach(m, x->plain, IOVP_NO_PASID), IOVP_OK);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        uint64_t iova = FIRST, bytes = pages[i] * CX_PAGE;

        CHECK_EQ(iovp_domain_map(m, IOVP_MAP_FIXED, &iova, CX_DATA, bytes,
                                 IOVP_RIGHT_UR | IOVP_RIGHT_PR),
                 IOVP_OK);
        s = (struct seen){.from = FIRST, .to = FIRST};
        CHECK_EQ(iovp_domain_unmap(m, FIRST, FIRST + bytes - 1, NULL), IOVP_OK);
        if (ranges || pages[i] <= 512) {
            CHECK(!s.gap);
            CHECK_EQ(s.to - s.from, bytes);
        }
        /* 5 bits of NUM in a command. */
        if (ranges)
            CHECK(s.commands <= 3);
        else if (pages[i] <= 512)
            CHECK_EQ(s.commands, pages[i]);
        else
            break; /* the whole address space */
    }
    iovp_notifier_unregister(n);
}

TEST_CASE(domain_flush, by_range)
{
    struct cx x;

    REQUIRE(cx_open(&x, IOVP_MODE_FUNCTIONAL, NULL));
    each_size(&x, true);
    cx_close(&x);
}

static uint32_t reg(struct cx *x, uint32_t offset)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mmio_read(x->p, CX_SMMU + offset, 4, 0, &v), IOVP_OK);
    return (uint32_t)v;
}

/* SMMU_IDR3.RIL == 0: a command for each page. */
TEST_CASE(domain_flush, by_page)
{
    struct cx x;

    char idr[160];

    /* The registers of the model, but for one bit. */
    REQUIRE(cx_platform(&x, IOVP_MODE_FUNCTIONAL));
    snprintf(idr, sizeof(idr), "iovp,idr = <%u %u %u %u %u %u>;", reg(&x, 0),
             reg(&x, 4), reg(&x, 0xc) & ~(1u << 10), reg(&x, 0x14),
             reg(&x, 0x18), reg(&x, 0x1c));
    cx_close(&x);
    REQUIRE(cx_platform_with(&x, IOVP_MODE_FUNCTIONAL, idr));
    CHECK_EQ(iovp_memory_donate(x.p, CX_RAM, CX_POOL), IOVP_OK);
    CHECK_EQ(iovp_context_create(&x.c, x.p, NULL), IOVP_OK);
    each_size(&x, false);
    cx_close(&x);
}

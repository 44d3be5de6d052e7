/* SPDX-License-Identifier: MIT */
/* The test endpoint's aliases, and what no driver would do to any of them. */
#include "shim.h"

#include <string.h>

#include "tep_soc.h"

#define RAM RSOC_RAM
#define RW  (IOVP_ATS_READ | IOVP_ATS_WRITE)
#define RWX (RW | IOVP_ATS_EXECUTE)

/* ---- aliases ----------------------------------------------------------------
 */

static uint32_t rd(struct tsoc *t, uint32_t at)
{
    return (uint32_t)rsoc_bar_rd(t->s, t->fn, 0, at, 4);
}

static void wr(struct tsoc *t, uint32_t at, uint32_t v)
{
    rsoc_bar_wr(t->s, t->fn, 0, at, 4, v);
}

static struct tsoc *open_alias(uint8_t personality)
{
    struct tsoc *t = tsoc_new();

    t->cfg.personality = personality;
    t->s->iommu = true;
    return tsoc_open(t, true) ? t : NULL;
}

/* A page fault that a driver answers, as iommutests' iopf_01 does. */
TEST_CASE(TestEndpointAlias, AtsTestdev)
{
    struct tsoc *t = open_alias(TEST_ENDPOINT_ATSDEV);
    struct rsoc *s = t ? t->s : NULL;

    REQUIRE(t);
    CHECK_EQ(0x11e91234, rsoc_cfg_rd(s, t->fn, 0, 4));
    rsoc_enable_sva(s, t->fn);
    memset(rsoc_ram(s, RAM, 0x1000), 0x42, 0x1000);
    rsoc_bar_wr(s, t->fn, 0, TEP_ATSDEV_ADDR, 8, 0xfef00000);
    wr(t, TEP_ATSDEV_CMD, TEP_ATSDEV_RUN | TEP_ATSDEV_READ);
    CHECK(rsoc_run(s));
    CHECK_EQ(TEP_ATSDEV_RUN | TEP_ATSDEV_READ, rd(t, TEP_ATSDEV_CMD));
    CHECK_EQ(1, s->requests);
    CHECK_EQ(0xfef00000, s->request[0].address & ~0xfffull);
    wr(t, TEP_ATSDEV_ADDR, 0); /* not while it runs */
    rsoc_map(s, t->fn, RSOC_NO_PASID, 0xfef00000, RAM, 12, RW);
    CHECK(rsoc_respond(s, t->fn, RSOC_NO_PASID, s->request[0].prg_index,
                       IOVP_PAGE_SUCCESS));
    CHECK(rsoc_run(s));
    CHECK_EQ(TEP_ATSDEV_READ, rd(t, TEP_ATSDEV_CMD));
    memset(rsoc_ram(s, RAM, 0x1000), 0, 0x1000);
    wr(t, TEP_ATSDEV_CMD, TEP_ATSDEV_RUN);
    CHECK(rsoc_run(s));
    CHECK_EQ(0, rd(t, TEP_ATSDEV_CMD));
    for (unsigned i = 0; i < 0x1000; i++)
        CHECK_EQ(0x42, *rsoc_ram(s, RAM + i, 1));
    CHECK_EQ(0, s->violations);
    tsoc_close(t);
}

static uint32_t itd(struct tsoc *t, uint64_t gva, uint32_t len, uint32_t attrs)
{
    wr(t, TEP_ITD_GVA, (uint32_t)gva);
    wr(t, TEP_ITD_GVA + 4, (uint32_t)(gva >> 32));
    wr(t, TEP_ITD_LEN, len);
    wr(t, TEP_ITD_ATTRS, attrs);
    wr(t, TEP_ITD_DBELL, 1);
    CHECK_EQ(TEP_ITD_RESULT_BUSY, rd(t, TEP_ITD_RESULT));
    (void)rd(t, TEP_ITD_TRIGGER);
    for (unsigned n = 0; n < 1000; n++)
        if (rd(t, TEP_ITD_RESULT) != TEP_ITD_RESULT_BUSY || !rsoc_step(t->s))
            break;
    return rd(t, TEP_ITD_RESULT);
}

TEST_CASE(TestEndpointAlias, IommuTestdev)
{
    struct tsoc *t = open_alias(TEST_ENDPOINT_ITD);
    struct rsoc *s = t ? t->s : NULL;

    REQUIRE(t);
    CHECK_EQ(0x00051b36, rsoc_cfg_rd(s, t->fn, 0, 4));
    CHECK_EQ(TEP_ITD_RESULT_IDLE, rd(t, TEP_ITD_RESULT));
    rsoc_map(s, t->fn, RSOC_NO_PASID, 0x10000000, RAM, 12, RW);
    rsoc_map(s, t->fn, RSOC_NO_PASID, 0x10001000, RAM, 12, IOVP_ATS_READ);
    CHECK_EQ(0, itd(t, 0x10000000, 0x100, 0));
    CHECK_EQ(TEP_ITD_PATTERN, rsoc_ram_rd(s, RAM, 4));
    CHECK_EQ(TEP_ITD_PATTERN, rsoc_ram_rd(s, RAM + 0xfc, 4));
    CHECK_EQ(0, rsoc_ram_rd(s, RAM + 0x100, 4));
    CHECK(!s->last.space_valid);
    (void)rd(t, TEP_ITD_TRIGGER);
    CHECK_EQ(TEP_ITD_ERROR_NOT_ARMED, rd(t, TEP_ITD_RESULT));
    /* Secure, and Non-secure; both must say the same. */
    CHECK_EQ(0, itd(t, 0x10000000, 4,
                    TEP_ITD_ATTRS_SPACE_VALID | TEP_ITD_ATTRS_SECURE));
    CHECK(s->last.space_valid);
    CHECK_EQ(IOVP_SPACE_SECURE, s->last.space);
    CHECK_EQ(0,
             itd(t, 0x10000000, 4,
                 TEP_ITD_ATTRS_SPACE_VALID | 1u << TEP_ITD_ATTRS_SPACE_SHIFT));
    CHECK_EQ(IOVP_SPACE_NONSECURE, s->last.space);
    CHECK_EQ(TEP_ITD_ERROR_ATTRS,
             itd(t, 0x10000000, 4, TEP_ITD_ATTRS_SPACE_VALID));
    CHECK_EQ(TEP_ITD_ERROR_LEN, itd(t, 0x10000000, 0, 0));
    CHECK_EQ(TEP_ITD_ERROR_READ, itd(t, 0x20000000, 4, 0));
    /* The posted write is lost, what is read is something else. */
    rsoc_ram_wr(s, RAM, 8, 0);
    CHECK_EQ(TEP_ITD_ERROR_MISMATCH, itd(t, 0x10001000, 4, 0));
    wr(t, TEP_ITD_DBELL, 1);
    wr(t, TEP_ITD_DBELL, 0);
    CHECK_EQ(TEP_ITD_RESULT_IDLE, rd(t, TEP_ITD_RESULT));
    tsoc_close(t);
}

/* ---- bad input --------------------------------------------------------------
 */

static uint64_t next(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* As software does behind a Function Level Reset. */
static void restore(struct tsoc *t, uint32_t bar)
{
    struct rsoc *s = t->s;

    rsoc_cfg_wr(s, t->fn, PCIE_BASE_ADDRESS, 4, bar);
    rsoc_cfg_wr(s, t->fn, PCIE_COMMAND, 2,
                PCIE_COMMAND_MEMORY_SPACE | PCIE_COMMAND_BUS_MASTER);
    rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL2, 2,
                PCIE_DEVCTL2_ATOMIC_REQUESTER);
    rsoc_enable_sva(s, t->fn);
}

static void anything(struct tsoc *t, uint64_t x, uint32_t bar)
{
    struct rsoc *s = t->s;
    unsigned width = 1u << (x >> 60 & 3);
    uint64_t v = x >> 23 >> (x >> 8 & 31);

    switch (x >> 20 & 0xff) {
    case 0:
        rsoc_cap_wr(s, t->fn, PCIE_CAP_ATS, 6, 2, (uint32_t)v);
        break;
    case 1:
        rsoc_cap_wr(s, t->fn, PCIE_CAP_PRI, 4, 2, (uint32_t)v);
        break;
    case 2:
        rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                    PCIE_DEVCTL_INITIATE_FLR);
        break;
    case 3:
        restore(t, bar);
        break;
    case 4:
        rsoc_bar_wr(s, t->fn, 0, TEP_CMD, 4, TEP_OP_ABORT);
        break;
    case 5:
        wr(t, TEP_ITD_GVA, (uint32_t)v & 0x1fffff);
        wr(t, TEP_ITD_GVA + 4, 0);
        wr(t, TEP_ITD_LEN, (uint32_t)v & 0xfffff);
        wr(t, TEP_ITD_DBELL, 1);
        rd(t, TEP_ITD_TRIGGER);
        break;
    default:
        if (x >> 28 & 1)
            rsoc_bar_rd(s, t->fn, 0, x % 0x2100 & ~(width - 1), width);
        else if (x >> 29 & 1)
            rsoc_bar_wr(s, t->fn, 0, TEP_CMD, 4, v % TEP_OP_COUNT);
        else if (x >> 30 & 1)
            rsoc_bar_wr(s, t->fn, 0, TEP_ATTR, 4, v & 0x300f);
        else
            rsoc_bar_wr(s, t->fn, 0, x % 0xc0 & ~(width - 1), width, v);
    }
}

/* Whatever is written to BAR0 and the capabilities: work stays bounded, and a
 * reset ends it. */
TEST_CASE(TestEndpointAlias, RandomSoftware)
{
    uint64_t x = 88172645463325252ull;

    for (uint8_t personality = 0; personality < 3; personality++) {
        struct tsoc *t = tsoc_new();
        struct rsoc *s = t->s;
        uint32_t bar;

        t->cfg.personality = personality;
        s->iommu = true;
        REQUIRE(tsoc_open(t, personality & 1));
        bar = (uint32_t)rsoc_bar(s, t->fn, 0);
        restore(t, bar);
        for (unsigned pasid = 0; pasid < 32; pasid++)
            rsoc_map(s, t->fn, (int32_t)pasid - 1, 0, RAM, 20, RWX);
        for (unsigned n = 0; n < 20000; n++) {
            s->pri = (uint8_t)(next(&x) % 5);
            if (s->pages > RSOC_LIST - 64)
                s->pri = RSOC_PRI_INVALID;
            anything(t, next(&x), bar);
            for (unsigned i = 0; i < (x >> 50 & 3); i++)
                rsoc_step(s);
        }
        CHECK(s->untranslated + s->translated > 100);
        rsoc_cap_wr(s, t->fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2,
                    PCIE_DEVCTL_INITIATE_FLR);
        CHECK(rsoc_run(s));
        tsoc_close(t);
    }
}

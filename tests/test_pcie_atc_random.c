/* SPDX-License-Identifier: MIT */
/*
 * An endpoint with an ATC while its mappings come and go: whatever happens,
 * no translation is used when its invalidation is complete (10.3.2), and every
 * invalidation completes.  The oracle is in pcie_root_soc_iommu.c.
 */
#include "shim.h"

#include "pcie_toy.h"

#include <stdlib.h>

#define VA    0x100000ull
#define PAGES 12u
#define STEPS 3000u

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

struct run {
    struct rsoc *s;
    uint64_t random;
    uint32_t fresh; /* RAM given out */
    uint32_t done, failed, waiting;
};

static uint32_t pick(struct run *r, uint32_t n)
{
    return (uint32_t)(random64(&r->random) >> 20) % n;
}

static int32_t pick_pasid(struct run *r)
{
    return (int32_t)pick(r, 3) - 1;
}

static void map(struct run *r, uint32_t fn)
{
    static const uint32_t rights[] = {IOVP_ATS_READ, IOVP_ATS_WRITE,
                                      IOVP_ATS_READ | IOVP_ATS_WRITE};
    uint64_t va = VA + 0x1000 * pick(r, PAGES);
    int32_t pasid = pick_pasid(r);

    for (uint32_t i = 0; i < r->s->pages; i++)
        if (r->s->page[i].state == RSOC_LIVE &&
            r->s->page[i].rid == pcie_id(rsoc_fn(r->s, fn)) &&
            r->s->page[i].pasid == pasid && r->s->page[i].va == va)
            return;
    rsoc_map(r->s, fn, pasid, va, RSOC_RAM + 0x1000ull * (r->fresh++ % 2048),
             12, rights[pick(r, 3)]);
}

static void unmap(struct run *r, uint32_t fn)
{
    unsigned log2 = 12 + pick(r, 3);
    uint64_t va = (VA + 0x1000 * pick(r, PAGES)) & ~((1ull << log2) - 1);
    int32_t pasid = pick_pasid(r);

    rsoc_unmap(r->s, fn, pasid, va, log2);
    if (pick(r, 2))
        rsoc_run_until(r->s, r->s->now + pick(r, 300000));
    if (pick(r, 8) == 0)
        rsoc_invalidate(r->s, fn, pasid, 0, 64, false);
    else
        rsoc_invalidate(r->s, fn, pasid, va, log2,
                        pasid >= 0 && pick(r, 4) == 0);
}

static void start(struct run *r, uint32_t fn)
{
    struct toy *t = toy_of(r->s, fn);
    int32_t pasid = pick_pasid(r);

    if (t->running || t->job)
        return;
    if (t->works) {
        r->done += t->status == PCIE_XFER_DONE;
        r->failed += t->status == PCIE_XFER_FAILED;
    }
    t->xfer_config = (struct pcie_xfer_config){
        .tlp = {.type = pick(r, 2) ? PCIE_TLP_MWR : PCIE_TLP_MRD,
                .pasid_valid = pasid >= 0,
                .pasid = pasid < 0 ? 0 : (uint32_t)pasid,
                .addr = VA + pick(r, PAGES << 12)},
        .bytes = 1 + pick(r, 9000),
        .mode = PCIE_XFER_ATC,
        .policy = (uint8_t)pick(r, 3),
        .retries = (uint16_t)pick(r, 3),
        .retry_ps = 1 + pick(r, 500000),
    };
    toy_start(r->s, t, TOY_XFER);
}

static void play(bool timed, uint64_t seed)
{
    struct rsoc_device d[2] = {{.cls = &toy_class}, {.cls = &toy_class}};
    struct run r = {.s = rsoc_new(), .random = seed};
    struct rsoc *s = r.s;
    struct pcie_atc_stats st;

    s->timed = timed;
    s->iommu = true;
    s->memory_ps = 400000;
    if (!rsoc_open(s, d, 2))
        abort();
    rsoc_enable_sva(s, s->dev[0]);
    rsoc_enable_sva(s, s->dev[1]);
    for (unsigned n = 0; n < STEPS; n++) {
        uint32_t fn = s->dev[pick(&r, 2)];

        s->pri = (uint8_t)(pick(&r, 4) ? RSOC_PRI_MAP : RSOC_PRI_INVALID);
        switch (pick(&r, 8)) {
        case 0:
        case 1:
            map(&r, fn);
            break;
        case 2:
            unmap(&r, fn);
            break;
        case 3:
        case 4:
            start(&r, fn);
            break;
        case 5:
            s->busy = pick(&r, 8) == 0;
            break;
        default:
            CHECK(rsoc_run_until(s, s->now + pick(&r, 1000000)));
        }
    }
    s->busy = false;
    CHECK(rsoc_run(s));
    CHECK_EQ(0, s->violations);
    CHECK(s->invs > 100);
    for (uint32_t i = 0; i < s->invs; i++)
        CHECK_EQ(RSOC_INV_COMPLETE, s->inv[i].state);
    /* It was worth the trouble. */
    pcie_atc_get_stats(toy_of(s, s->dev[0])->atc, &st);
    CHECK(st.hits > 5 && st.dropped > 5 && s->translated > 100);
    CHECK(r.done > 50 && r.failed > 50);
    rsoc_close(s);
}

TEST_CASE(PcieAtcRandom, NoUseBehindItsInvalidation)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        play(false, seed * 0x9e3779b97f4a7c15);
}

TEST_CASE(PcieAtcRandom, NorOnLinksThatTakeTime)
{
    for (uint64_t seed = 1; seed <= 10; seed++)
        play(true, seed * 0x9e3779b97f4a7c15);
}

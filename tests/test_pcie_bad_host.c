/* SPDX-License-Identifier: MIT */
/*
 * The library is the software that owns the SMMU, while somebody else numbers
 * the buses anew under it, resets functions and takes them away in the middle
 * of DMA and page faults.  Nothing is promised but an answer to every call, and
 * that all of it can be undone.
 */
#include <stdlib.h>
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie_arm.h"
#include "shim.h"

#define DOMAINS   3
#define PROCESSES 3
#define DONATED   0x04000000u

struct host {
    struct pa a;
    uint64_t r;
    iovp_context *c;
    iovp_domain *m[DOMAINS];
    iovp_process *s[PROCESSES];
};

static uint64_t pick(struct host *h, uint64_t below)
{
    return pa_random(&h->r) % below;
}

static iovp_device *device(struct host *h)
{
    return h->a.dev[pick(h, PA_FUNCTIONS)];
}

/* An answer, and not one that says that the library is wrong. */
static iovp_status answer(iovp_status st)
{
    CHECK(st <= 0 && st >= IOVP_E_ATTRS);
    CHECK(st != IOVP_E_INTERNAL && st != IOVP_E_HANDLE && st != IOVP_E_THREAD &&
          st != IOVP_E_REENTRY);
    return st;
}

/* ---- what the owner does ---------------------------------------------------
 */

static void attach(struct host *h)
{
    iovp_domain *m = h->m[pick(h, DOMAINS)];
    uint32_t pasid = pick(h, 2) ? IOVP_NO_PASID : (uint32_t)pick(h, 8) + 1;

    if (pick(h, 2))
        answer(iovp_domain_attach(m, device(h), pasid));
    else
        answer(iovp_domain_detach(m, device(h), pasid));
}

static void map(struct host *h)
{
    uint64_t at = PA_IOVA + pick(h, 64) * PS_PAGE;
    iovp_domain *m = h->m[pick(h, DOMAINS)];

    if (pick(h, 3))
        answer(iovp_domain_map(m, IOVP_MAP_FIXED, &at, PS_PA(pick(h, 64)),
                               PS_PAGE, IOVP_RIGHT_UR | IOVP_RIGHT_UW));
    else
        answer(iovp_domain_unmap(m, at, at + 16 * PS_PAGE - 1, NULL));
}

static void share(struct host *h)
{
    uint32_t pasid;

    if (pick(h, 2))
        answer(
            iovp_sva_bind(h->s[pick(h, PROCESSES)], device(h), NULL, &pasid));
    else
        answer(iovp_sva_unbind(h->s[pick(h, PROCESSES)], device(h)));
}

static void faults(struct host *h)
{
    iovp_fault_record f = IOVP_FAULT_RECORD_INIT;

    for (unsigned i = 0; i < 8 && !iovp_fault_next(h->c, &f); i++)
        if (f.cookie)
            answer(iovp_fault_respond(h->c, f.cookie, (uint32_t)pick(h, 2)));
}

/* ---- what others do --------------------------------------------------------
 */

static void renumber(struct host *h)
{
    static const uint16_t ports[] = {0x0000, 0x0100, 0x0200, 0x0208, 0x0210};
    uint16_t id = ports[pick(h, 5)];

    if (!pick(h, 4)) {
        pcie_enumerate(&h->a.s.e);
        return;
    }
    ps_cfg_set(&h->a.s, id, PCIE_SECONDARY_BUS, 1, (uint32_t)pick(h, 16));
    for (uint32_t bus = 0; bus < 16; bus++)
        ps_cfg_set(&h->a.s, (uint16_t)(bus << 8), PCIE_CACHE_LINE_SIZE, 1, 0);
}

static void presence(struct host *h)
{
    iovp_device *d = device(h);

    CHECK_EQ(pick(h, 3) ? iovp_device_plug(d) : iovp_device_unplug(d), IOVP_OK);
}

static void registers(struct host *h)
{
    uint16_t id = ps_id(device(h));

    ps_cfg_set(&h->a.s, id, (uint32_t)pick(h, 0x400) * 4, 4,
               (uint32_t)pa_random(&h->r));
}

static void dma(struct host *h)
{
    uint64_t bar = ps_bar(&h->a.s, pick(h, 2) ? h->a.s.far : h->a.s.inside, 0);
    static const uint32_t attr[] = {0, TEP_AT_ATC << TEP_ATTR_AT_SHIFT,
                                    TEP_AT_ATC << TEP_ATTR_AT_SHIFT |
                                        TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT,
                                    TEP_FAULT_RETRY << TEP_ATTR_FAULT_SHIFT};

    if (!bar)
        return;
    if (pick(h, 2))
        ps_wr(&h->a.s, bar + TEP_CMD, 4, TEP_OP_ABORT);
    ps_wr(&h->a.s, bar + TEP_DST, 8, PA_IOVA + pick(h, 80) * PS_PAGE);
    ps_wr(&h->a.s, bar + TEP_SRC, 8, PA_IOVA + pick(h, 80) * PS_PAGE);
    ps_wr(&h->a.s, bar + TEP_LEN, 4, pick(h, 0x8000));
    ps_wr(&h->a.s, bar + TEP_ATTR, 4, attr[pick(h, 4)]);
    ps_wr(&h->a.s, bar + TEP_PASID, 4,
          pick(h, 2) ? 0 : TEP_PASID_OF(1 + (uint32_t)pick(h, 8)));
    ps_wr(&h->a.s, bar + TEP_CMD, 4, pick(h, TEP_OP_COUNT));
}

static void hosts_dma(struct host *h)
{
    uint8_t data[64] = {0};
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;

    answer(iovp_dma_write(device(h), pick(h, 2) ? IOVP_NO_PASID : 3,
                          PA_IOVA + pick(h, 80) * PS_PAGE, data, sizeof(data),
                          NULL, &r));
}

static void look(struct host *h)
{
    iovp_condition c[64];
    size_t n = 64;

    for (unsigned i = 0; i < 64; i++)
        c[i] = (iovp_condition)IOVP_CONDITION_INIT;
    answer(iovp_explain(device(h), (uint32_t)pick(h, 7), c, &n));
    CHECK_EQ(iovp_run_until(h->a.s.p, 0, NULL), IOVP_OK);
}

/* ---- walks -----------------------------------------------------------------
 */

static void make_domains(struct host *h)
{
    iovp_domain_config d = IOVP_DOMAIN_CONFIG_INIT;
    iovp_process_config p = IOVP_PROCESS_CONFIG_INIT;

    d.stage = IOVP_STAGE_1;
    for (unsigned i = 0; i < DOMAINS; i++) {
        if (i + 1 == DOMAINS)
            d.stage = IOVP_STAGE_2;
        CHECK_EQ(iovp_domain_create(&h->m[i], h->c, &d), IOVP_OK);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        CHECK_EQ(iovp_process_create(&h->s[i], h->c, &p), IOVP_OK);
}

static bool begin(struct host *h)
{
    iovp_context_config c = IOVP_CONTEXT_CONFIG_INIT;

    if (!pa_create(&h->a, NULL))
        return false;
    if (pa_enumerate(&h->a) && !iovp_memory_donate(h->a.s.p, PS_RAM, DONATED) &&
        !iovp_context_create(&h->c, h->a.s.p, &c)) {
        make_domains(h);
        return true;
    }
    shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
    pa_close(&h->a);
    return false;
}

static void walk(uint64_t seed, unsigned count)
{
    static void (*const steps[])(struct host * h) = {
        attach, attach, attach, map,      map,      share, share,     faults,
        dma,    dma,    dma,    renumber, presence, look,  hosts_dma, registers,
    };
    struct host *h = calloc(1, sizeof(*h));

    h->r = seed * 0x9e3779b97f4a7c15ull;
    REQUIRE(begin(h));
    for (unsigned i = 0; i < count; i++)
        steps[pick(h, sizeof(steps) / sizeof(steps[0]))](h);
    for (unsigned f = 0; f < PA_FUNCTIONS; f++) {
        CHECK_EQ(iovp_device_unplug(h->a.dev[f]), IOVP_OK);
        CHECK_EQ(iovp_device_plug(h->a.dev[f]), IOVP_OK);
    }
    if (seed % 2) {
        for (unsigned i = 0; i < PROCESSES; i++)
            iovp_process_destroy(h->s[i]);
        for (unsigned i = 0; i < DOMAINS; i++)
            iovp_domain_destroy(h->m[i]);
    }
    iovp_context_destroy(h->c);
    CHECK(pa_settle(&h->a, 4));
    pa_close(&h->a);
    free(h);
}

TEST_CASE(PcieBadHost, RandomWalks)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        walk(seed, 300);
}

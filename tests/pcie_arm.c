/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "pcie_arm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../models/pcie/pcie_regs.h"
#include "shim.h"

#ifndef IOVP_SOURCE_DIR
#define IOVP_SOURCE_DIR "."
#endif
#define TREE IOVP_SOURCE_DIR "/platforms/arm-pcie.dts"

/* ---- life ------------------------------------------------------------------
 */

static void *map_ram(void *ud, uint64_t base, uint64_t bytes)
{
    struct pa *a = ud;

    CHECK_EQ(base, PA_RAM);
    CHECK_EQ(bytes, PA_BYTES);
    return a->ram;
}

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct ps *s = ud;

    if (s->irqs < PS_IRQS)
        s->irq[s->irqs] = *e;
    s->irqs++;
}

static iovp_device *find(struct pa *a, const char *name)
{
    iovp_device *d = NULL;

    CHECK_EQ(iovp_device_find(a->s.p, name, &d), IOVP_OK);
    return d;
}

bool pa_create(struct pa *a, const iovp_platform_config *config)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    const iovp_ram_ops ram = {.size = sizeof(ram), .map = map_ram, .ud = a};
    iovp_status st;

    memset(a, 0, sizeof(*a));
    if (config)
        c = *config;
    c.ram = &ram;
    a->ram = mmap(NULL, PA_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (a->ram == MAP_FAILED)
        return false;
    a->next = PA_FREE;
    a->poll_ps = c.mode == IOVP_MODE_TIMED ? 1000000 : 0;
    st = iovp_platform_create_file(&a->s.p, &c, TREE);
    if (st) {
        shim_fail(__FILE__, __LINE__, "create: %d, %s", (int)st,
                  iovp_last_error());
        pa_close(a);
        return false;
    }
    CHECK_EQ(iovp_irq_handler(a->s.p, on_irq, NULL, &a->s), IOVP_OK);
    a->s.far = a->dev[PA_FAR] = find(a, "accelerator@0,0");
    a->s.far1 = a->dev[PA_EXERCISER] = find(a, "exerciser@0,0");
    a->s.nvme = a->dev[PA_NVME] = find(a, "nvme@0,0");
    a->s.inside = a->dev[PA_INSIDE] = find(a, "accelerator@1,0");
    return true;
}

bool pa_enumerate(struct pa *a)
{
    return ps_enumerate(&a->s);
}

static bool attach(struct pa *a, enum pa_function f)
{
    struct ps_stream *t = &a->stream[f];

    return ps_attach(&a->s, t, a->dev[f], f == PA_NVME ? 0 : 4) &&
           ps_map(&a->s, t, PA_IOVA, PS_DATA, PA_WINDOW,
                  SMMU_WRITE | SMMU_BLOCKS) &&
           ps_map(&a->s, t, PA_PEER, PS_MEM, PA_PEERS,
                  SMMU_WRITE | SMMU_BLOCKS);
}

bool pa_translate(struct pa *a)
{
    struct smmu_driver *d = &a->s.drv;

    /* GERRORN: what somebody before has left would stop the queue. */
    ps_wr(&a->s, PA_SMMU + 0x20, 4, 0);
    for (unsigned i = 0; i < 16 && ps_rd(&a->s, PA_SMMU + 0x24, 4); i++)
        pa_run(a, NULL);
    ps_wr(&a->s, PA_SMMU + 0x64, 4, ps_rd(&a->s, PA_SMMU + 0x60, 4));
    a->s.ram = (struct smmu_ram){PS_RAM, PS_DATA};
    *d = (struct smmu_driver){.platform = a->s.p,
                              .base = PA_SMMU,
                              .poll_ps = a->poll_ps,
                              .ram = &a->s.ram};
    if (smmu_init(d)) {
        shim_fail(__FILE__, __LINE__, "%s", d->message);
        return false;
    }
    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        if (!attach(a, (enum pa_function)f))
            return false;
    return true;
}

bool pa_open(struct pa *a)
{
    return pa_open_as(a, IOVP_MODE_FUNCTIONAL);
}

bool pa_open_as(struct pa *a, uint32_t mode)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    c.mode = mode;
    if (!pa_create(a, &c))
        return false;
    if (pa_enumerate(a) && pa_translate(a))
        return true;
    pa_close(a);
    return false;
}

void pa_close(struct pa *a)
{
    iovp_platform_destroy(a->s.p);
    a->s.p = NULL;
    munmap(a->ram, PA_BYTES);
}

/* ---- how much --------------------------------------------------------------
 */

uint64_t pa_sent(struct pa *a)
{
    uint64_t n = 0;

    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        n += ps_counter(a->dev[f], "tlps");
    return n;
}

uint64_t pa_wr(struct pa *a, uint64_t addr, unsigned width, uint64_t value)
{
    uint64_t before = pa_sent(a), n;

    ps_wr(&a->s, addr, width, value);
    n = pa_sent(a) - before;
    CHECK(n <= PA_ONE);
    return n;
}

void pa_run(struct pa *a, uint32_t *why)
{
    uint64_t until = a->poll_ps ? iovp_now(a->s.p) + 100 * a->poll_ps : 0;
    uint64_t before = pa_sent(a);

    CHECK_EQ(iovp_run_until(a->s.p, until, why), IOVP_OK);
    CHECK(pa_sent(a) - before <= PA_BATCH);
}

bool pa_settle(struct pa *a, unsigned calls)
{
    uint32_t why = IOVP_RUN_TIME;

    for (unsigned i = 0; i < calls && why != IOVP_RUN_IDLE; i++)
        pa_run(a, &why);
    return why == IOVP_RUN_IDLE;
}

uint64_t pa_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- functions -------------------------------------------------------------
 */

static uint16_t cap_of(struct pa *a, enum pa_function f, uint16_t cap)
{
    return (uint16_t)pcie_enum_ext(&a->s.e, ps_id(a->dev[f]), cap);
}

void pa_ext(struct pa *a, enum pa_function f, uint16_t cap, uint32_t at,
            unsigned width, uint32_t value)
{
    ps_ext_set(&a->s, a->dev[f], cap, at, width, value);
}

uint32_t pa_ext_get(struct pa *a, enum pa_function f, uint16_t cap, uint32_t at,
                    unsigned width)
{
    return ps_cfg(&a->s, ps_id(a->dev[f]), cap_of(a, f, cap) + at, width);
}

bool pa_ats(struct pa *a, enum pa_function f)
{
    if (smmu_ats(&a->s.drv, &a->stream[f].st, true))
        return false;
    if (cap_of(a, f, PCIE_EXT_PASID))
        pa_ext(a, f, PCIE_EXT_PASID, PCIE_PASID_CONTROL, 2, PCIE_PASID_ENABLE);
    pa_ext(a, f, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    if (cap_of(a, f, PCIE_EXT_PRI)) {
        pa_ext(a, f, PCIE_EXT_PRI, PCIE_PRI_ALLOCATION, 4, 32);
        pa_ext(a, f, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
    }
    return true;
}

/* Of whoever waits for a function; the host of struct ps is part of pa. */
static bool sleep_a_while(void *ud)
{
    struct pa *a = (struct pa *)ud; /* its first member */
    uint32_t why = IOVP_RUN_IDLE;
    uint64_t before = pa_sent(a);

    pa_run(a, &why);
    return a->poll_ps || why != IOVP_RUN_IDLE || pa_sent(a) != before;
}

bool pa_driver(struct pa *a, enum pa_function f)
{
    bool found = ps_driver(&a->s, a->dev[f]);

    a->s.tep.sleep = sleep_a_while;
    return found;
}

static bool endpoint_works(struct pa *a, enum pa_function f)
{
    const uint64_t pattern = 0x0123456789abcdefull + f;

    ps_put(&a->s, PS_PA(16), 0);
    if (!pa_driver(a, f))
        return false;
    CHECK_EQ(ps_fill(&a->s, PA_IOVA + 0x10000, 8, pattern, 0, 0),
             TEP_ERROR_NONE);
    CHECK_EQ(ps_word(&a->s, PS_PA(16)), pattern);
    return ps_word(&a->s, PS_PA(16)) == pattern;
}

/* Registers by number, as in Arm's document: a write of memory of BAR1. */
static bool exerciser_works(struct pa *a)
{
    uint64_t bar = ps_bar(&a->s, a->s.far1, 0);
    uint64_t data = ps_bar(&a->s, a->s.far1, 1);

    ps_put(&a->s, PS_PA(17), 0);
    ps_wr(&a->s, data, 8, 0x5a5aa5a5);
    ps_wr(&a->s, bar + 0x0c, 4, 0);
    ps_wr(&a->s, bar + 0x10, 8, PA_IOVA + 0x11000);
    ps_wr(&a->s, bar + 0x18, 4, 8);
    ps_wr(&a->s, bar + 0x08, 4, 0x11);
    for (unsigned i = 0; i < 16 && ps_rd(&a->s, bar + 0x08, 4) & 15; i++)
        pa_run(a, NULL);
    CHECK_EQ(ps_rd(&a->s, bar + 0x1c, 4), 0);
    CHECK_EQ(ps_word(&a->s, PS_PA(17)), 0x5a5aa5a5);
    return ps_word(&a->s, PS_PA(17)) == 0x5a5aa5a5;
}

/* ---- NVMe ------------------------------------------------------------------
 */

static uint64_t nvme_read(void *ud, uint64_t at, unsigned width)
{
    struct pa *a = ud;

    return ps_rd(&a->s, ps_bar(&a->s, a->s.nvme, 0) + at, width);
}

static void nvme_write(void *ud, uint64_t at, unsigned width, uint64_t value)
{
    struct pa *a = ud;

    ps_wr(&a->s, ps_bar(&a->s, a->s.nvme, 0) + at, width, value);
}

/* Out of the window that is mapped, beginning with its second MiB. */
static uint8_t *nvme_alloc(void *ud, uint64_t bytes, uint64_t *bus)
{
    struct pa *a = ud;
    uint64_t at = a->next - PA_FREE + 0x100000;

    a->next += (bytes + PS_PAGE - 1) & ~(uint64_t)(PS_PAGE - 1);
    CHECK(a->next - PA_FREE <= 0x100000);
    *bus = PA_IOVA + at;
    memset(a->ram + (PS_DATA + at - PA_RAM), 0, bytes);
    return a->ram + (PS_DATA + at - PA_RAM);
}

bool pa_nvme(struct pa *a, unsigned queues)
{
    const struct nvmed_host host = {.read = nvme_read,
                                    .write = nvme_write,
                                    .alloc = nvme_alloc,
                                    .wait = sleep_a_while,
                                    .ud = a};

    a->next = PA_FREE;
    memset(&a->nvme, 0, sizeof(a->nvme));
    if (nvmed_probe(&a->nvme, &host, queues, 16))
        return true;
    shim_fail(__FILE__, __LINE__, "nvme: %s", a->nvme.error);
    return false;
}

static bool nvme_works(struct pa *a)
{
    struct nvmed_cmd c;

    if (!pa_nvme(a, 2))
        return false;
    ps_put(&a->s, PS_PA(20), 0x1020304050607080ull);
    c = nvmed_rw(&a->nvme, true, 8, 8, PA_IOVA + 0x14000);
    CHECK_EQ(nvmed_sync(&a->nvme, 1, &c, NULL), 0);
    c = nvmed_rw(&a->nvme, false, 8, 8, PA_IOVA + 0x15000);
    CHECK_EQ(nvmed_sync(&a->nvme, 2, &c, NULL), 0);
    CHECK_EQ(ps_word(&a->s, PS_PA(21)), 0x1020304050607080ull);
    return ps_word(&a->s, PS_PA(21)) == 0x1020304050607080ull;
}

bool pa_works(struct pa *a, enum pa_function f)
{
    switch (f) {
    case PA_EXERCISER:
        return exerciser_works(a);
    case PA_NVME:
        return nvme_works(a);
    default:
        return endpoint_works(a, f);
    }
}

bool pa_recovers(struct pa *a)
{
    if (!pa_enumerate(a) || !pa_translate(a))
        return false;
    for (unsigned f = 0; f < PA_FUNCTIONS; f++)
        if (!pa_works(a, (enum pa_function)f))
            return false;
    return true;
}

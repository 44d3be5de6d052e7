/* SPDX-License-Identifier: MIT */
#include "exerciser_scene.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"

/* ---- accesses of the drivers ----------------------------------------------
 */

static void pump(struct exs *x)
{
    if (!x->hold && !rsoc_run(x->s))
        abort();
}

static uint32_t cfg_read(void *ud, uint16_t id, uint32_t at)
{
    struct exs *x = (struct exs *)ud;
    uint64_t v;

    pcie_set_time(x->s->p, x->s->now);
    pcie_ecam_read(x->s->p, (uint64_t)id << 12 | at, 4, &v);
    pump(x);
    return (uint32_t)v;
}

static void cfg_write(void *ud, uint16_t id, uint32_t at, uint32_t value)
{
    struct exs *x = (struct exs *)ud;

    pcie_set_time(x->s->p, x->s->now);
    pcie_ecam_write(x->s->p, (uint64_t)id << 12 | at, 4, value);
    pump(x);
}

static uint32_t mem_read(void *ud, uint64_t addr)
{
    struct exs *x = (struct exs *)ud;
    uint8_t b[4];

    pcie_set_time(x->s->p, x->s->now);
    pcie_host_read(x->s->p, addr, b, 4);
    pump(x);
    return iovp_le32(b);
}

static void mem_write(void *ud, uint64_t addr, uint32_t value)
{
    struct exs *x = (struct exs *)ud;
    uint8_t b[4];

    iovp_put_le32(b, value);
    pcie_set_time(x->s->p, x->s->now);
    pcie_host_write(x->s->p, addr, b, 4);
    pump(x);
}

/* ---- the scene -------------------------------------------------------------
 */

static void port(struct pcie_root_function *f, uint8_t device)
{
    static const struct pcie_cap_config caps[] = {
        {.cap = PCIE_CAP_PM},
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = 4,
                 .width = 16,
                 .mps = 256,
                 .ee_prefix = true,
                 .ari = true}},
        {.cap = PCIE_CAP_MSI, .msi = {.vectors = 1}},
        {.cap = PCIE_CAP_AER},
        {.cap = PCIE_CAP_ACS,
         .acs = {.services = PCIE_ACS_SV | PCIE_ACS_TB | PCIE_ACS_RR |
                             PCIE_ACS_CR | PCIE_ACS_UF | PCIE_ACS_DT}},
        {.cap = PCIE_CAP_DPC},
    };

    f->fn = (struct pcie_fn_config){.kind = PCIE_ROOT_PORT,
                                    .parent = -1,
                                    .device = device,
                                    .vendor_id = 0x13b5,
                                    .device_id = 0xdef,
                                    .caps = caps,
                                    .cap_count = sizeof(caps) / sizeof(*caps)};
}

static void exerciser(struct exs *x, struct pcie_root_function *f, int parent,
                      uint8_t number, struct pcie_ep_caps *room)
{
    f->cls = &exerciser_class;
    f->config = &x->cfg;
    f->fn = (struct pcie_fn_config){.kind = PCIE_ENDPOINT, .parent = parent};
    if (parent < 0) {
        f->fn.kind = PCIE_RCIEP;
        f->fn.device = number;
    } else {
        f->fn.function = number;
    }
    exerciser_class.describe(&x->cfg, &f->fn, room);
}

void exs_init(struct exs *x)
{
    memset(x, 0, sizeof(*x));
    x->s = rsoc_new();
    x->s->peer_to_peer = true;
    exerciser_class.defaults(&x->cfg);
}

static bool driver(struct exs *x, uint32_t fn)
{
    const struct exdrv_bus bus = {x, cfg_read, cfg_write, mem_read, mem_write};

    return exdrv_init(&x->d[fn], &bus, pcie_id(rsoc_fn(x->s, fn)));
}

bool exs_open(struct exs *x)
{
    struct pcie_ep_caps *room =
        (struct pcie_ep_caps *)calloc(EXS_COUNT, sizeof(*room));
    struct pcie_root_function f[EXS_COUNT] = {0};
    bool ok;

    port(&f[EXS_RP0], 1);
    exerciser(x, &f[EXS_EX0], EXS_RP0, 0, &room[EXS_EX0]);
    exerciser(x, &f[EXS_EX0_F8], EXS_RP0, 8, &room[EXS_EX0_F8]);
    port(&f[EXS_RP1], 2);
    exerciser(x, &f[EXS_EX1], EXS_RP1, 0, &room[EXS_EX1]);
    exerciser(x, &f[EXS_RC], -1, 3, &room[EXS_RC]);
    ok = rsoc_open_functions(x->s, f, EXS_COUNT);
    free(room);
    return ok && driver(x, EXS_EX0) && driver(x, EXS_EX1) && driver(x, EXS_RC);
}

void exs_close(struct exs *x)
{
    rsoc_close(x->s);
}

/* ---- shorthands ------------------------------------------------------------
 */

uint32_t exs_rd(struct exs *x, uint32_t fn, uint32_t at)
{
    return mem_read(x, exdrv_bar(&x->d[fn], 0) + at);
}

void exs_wr(struct exs *x, uint32_t fn, uint32_t at, uint32_t value)
{
    mem_write(x, exdrv_bar(&x->d[fn], 0) + at, value);
}

uint32_t exs_dma(struct exs *x, uint32_t fn, enum exdrv_direction direction,
                 uint64_t addr, uint32_t length)
{
    exdrv_dma_attributes(&x->d[fn], addr, length);
    exdrv_dma(&x->d[fn], direction);
    return exdrv_dma_status(&x->d[fn]);
}

uint32_t exs_device_status(struct exs *x, uint32_t fn)
{
    uint32_t v = rsoc_cap_rd(x->s, fn, PCIE_CAP_EXP, PCIE_DEVSTA, 2);

    rsoc_cap_wr(x->s, fn, PCIE_CAP_EXP, PCIE_DEVSTA, 2, v);
    return v & 0xf;
}

uint32_t exs_root_status(struct exs *x, uint32_t fn)
{
    uint32_t v = rsoc_cap_rd(x->s, fn, PCIE_CAP_AER, PCIE_AER_ROOT_STATUS, 4);

    rsoc_cap_wr(x->s, fn, PCIE_CAP_AER, PCIE_AER_ROOT_STATUS, 4, v);
    return v & 0x7f;
}

void exs_report(struct exs *x, uint32_t fn)
{
    uint32_t v = rsoc_cap_rd(x->s, fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2);

    rsoc_cap_wr(x->s, fn, PCIE_CAP_EXP, PCIE_DEVCTL, 2, v | 0xf);
    rsoc_cap_wr(x->s, fn, PCIE_CAP_AER, PCIE_AER_UNCOR_STATUS, 4, 0xffffffff);
    rsoc_cap_wr(x->s, fn, PCIE_CAP_AER, PCIE_AER_COR_STATUS, 4, 0xffffffff);
    rsoc_cap_wr(x->s, fn, PCIE_CAP_AER, PCIE_AER_UNCOR_MASK, 4, 0);
    rsoc_cap_wr(x->s, fn, PCIE_CAP_AER, PCIE_AER_COR_MASK, 4, 0);
}

/* SPDX-License-Identifier: MIT */
#include "tep_soc.h"

#include <stdlib.h>

static uint32_t reg_read(void *ud, uint32_t at)
{
    struct tsoc *t = (struct tsoc *)ud;

    return (uint32_t)rsoc_bar_rd(t->s, t->fn, 0, at, 4);
}

static void reg_write(void *ud, uint32_t at, uint32_t value)
{
    struct tsoc *t = (struct tsoc *)ud;

    rsoc_bar_wr(t->s, t->fn, 0, at, 4, value);
}

static bool nap(void *ud)
{
    return rsoc_step(((struct tsoc *)ud)->s);
}

struct tsoc *tsoc_new(void)
{
    struct tsoc *t = (struct tsoc *)calloc(1, sizeof(*t));

    t->s = rsoc_new();
    test_endpoint_class.defaults(&t->cfg);
    return t;
}

bool tsoc_attach(struct tsoc *t, uint32_t fn)
{
    t->fn = fn;
    t->d = (struct tep_driver){.read = reg_read,
                               .write = reg_write,
                               .sleep = nap,
                               .ring = rsoc_ram(t->s, TSOC_RING, 0x1000),
                               .ring_iova = TSOC_RING,
                               .ring_size = 64,
                               .ud = t};
    rsoc_cap_wr(t->s, fn, PCIE_CAP_EXP, PCIE_DEVCTL2, 2,
                PCIE_DEVCTL2_ATOMIC_REQUESTER);
    return t->cfg.personality != TEST_ENDPOINT_NATIVE || tep_probe(&t->d);
}

bool tsoc_open(struct tsoc *t, bool integrated)
{
    struct rsoc_device d = {&test_endpoint_class, &t->cfg, integrated};

    return rsoc_open(t->s, &d, 1) && tsoc_attach(t, t->s->dev[0]);
}

void tsoc_close(struct tsoc *t)
{
    rsoc_close(t->s);
    free(t);
}

uint32_t tsoc_run(struct tsoc *t, const struct tep_request *r)
{
    return tep_run(&t->d, r, &t->out);
}

void tsoc_pattern(struct tsoc *t, uint64_t pa, uint32_t bytes, uint32_t seed)
{
    uint8_t *at = rsoc_ram(t->s, pa, bytes);

    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)((i ^ seed) * 31 + (i >> 7));
}

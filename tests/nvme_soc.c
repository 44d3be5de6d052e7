/* SPDX-License-Identifier: MIT */
#include "nvme_soc.h"

#include <stdlib.h>
#include <string.h>

/* ---- the driver's host ---------------------------------------------- */

uint64_t nsoc_rd(struct nsoc *n, uint64_t at, unsigned width)
{
    return rsoc_bar_rd(n->s, n->fn, 0, at, width);
}

void nsoc_wr(struct nsoc *n, uint64_t at, unsigned width, uint64_t v)
{
    rsoc_bar_wr(n->s, n->fn, 0, at, width, v);
}

static uint64_t host_read(void *ud, uint64_t at, unsigned width)
{
    return nsoc_rd((struct nsoc *)ud, at, width);
}

static void host_write(void *ud, uint64_t at, unsigned width, uint64_t v)
{
    nsoc_wr((struct nsoc *)ud, at, width, v);
}

static uint8_t *host_alloc(void *ud, uint64_t bytes, uint64_t *bus)
{
    struct nsoc *n = (struct nsoc *)ud;
    uint8_t *p;

    /* Round and round: what it gave out 7 MiB ago is not used any more. */
    bytes = (bytes + 4095) & ~4095ull;
    if (n->next + bytes > NSOC_DATA)
        n->next = RSOC_RAM + 0x100000;
    *bus = n->next;
    n->next += bytes;
    p = rsoc_ram(n->s, *bus, bytes);
    memset(p, 0, bytes);
    return p;
}

static bool host_wait(void *ud)
{
    return rsoc_step(((struct nsoc *)ud)->s);
}

static bool host_interrupted(void *ud, unsigned vector)
{
    struct nsoc *n = (struct nsoc *)ud;

    for (; n->seen < n->s->msis && n->seen < RSOC_LIST; n->seen++)
        n->irq[n->s->msi[n->seen].data - 0x40]++;
    if (!n->irq[vector])
        return false;
    n->irq[vector]--;
    return true;
}

/* ---- the scene ------------------------------------------------------ */

struct nsoc *nsoc_new(void)
{
    struct nsoc *n = (struct nsoc *)calloc(1, sizeof(*n));

    n->s = rsoc_new();
    n->next = RSOC_RAM;
    n->seed = 1;
    nvme_class.defaults(&n->cfg);
    n->cfg.blocks = 8192;
    n->host = (struct nvmed_host){host_read, host_write,       host_alloc,
                                  host_wait, host_interrupted, n};
    return n;
}

bool nsoc_open(struct nsoc *n)
{
    struct rsoc_device d = {
        .cls = &nvme_class, .config = &n->cfg, .integrated = n->integrated};

    n->copy = (uint8_t *)calloc(1, n->cfg.blocks << n->cfg.block_log2);
    if (nvme_class.check(&n->cfg) || !rsoc_open(n->s, &d, 1))
        return false;
    n->fn = n->s->dev[0];
    return true;
}

bool nsoc_probe(struct nsoc *n, unsigned queues, uint32_t depth)
{
    if (!nsoc_open(n))
        return false;
    rsoc_enable_msix(n->s, n->fn, n->cfg.queues + 1u, 0x40);
    return nvmed_probe(&n->d, &n->host, queues, depth);
}

void nsoc_close(struct nsoc *n)
{
    rsoc_close(n->s);
    free(n->copy);
    free(n);
}

void nsoc_forget(struct nsoc *n)
{
    memset(n->irq, 0, sizeof(n->irq));
    n->seen = n->s->msis = 0;
}

void nsoc_reset(struct nsoc *n)
{
    uint32_t keep[16];

    for (uint32_t i = 1; i < 16; i++)
        keep[i] = rsoc_cfg_rd(n->s, n->fn, 4 * i, 4);
    rsoc_cap_wr(n->s, n->fn, PCIE_CAP_EXP, 8, 2,
                0x8000 | rsoc_cap_rd(n->s, n->fn, PCIE_CAP_EXP, 8, 2));
    for (uint32_t i = 15; i; i--)
        rsoc_cfg_wr(n->s, n->fn, 4 * i, 4, keep[i]);
    rsoc_enable_msix(n->s, n->fn, n->cfg.queues + 1u, 0x40);
    nsoc_forget(n);
}

uint32_t nsoc_random(struct nsoc *n, uint32_t below)
{
    n->seed = n->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(n->seed >> 33) % below;
}

void nsoc_fill(struct nsoc *n, uint64_t at, uint32_t bytes)
{
    uint8_t *p = rsoc_ram(n->s, at, bytes);

    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)nsoc_random(n, 256);
}

int nsoc_write(struct nsoc *n, unsigned qid, uint64_t lba, uint32_t blocks,
               uint64_t at)
{
    uint32_t shift = n->cfg.block_log2, bytes = blocks << shift;
    struct nvmed_cmd c = nvmed_rw(&n->d, true, lba, blocks, at);

    memcpy(n->copy + (lba << shift), rsoc_ram(n->s, at, bytes), bytes);
    return nvmed_sync(&n->d, qid, &c, NULL);
}

int nsoc_read(struct nsoc *n, unsigned qid, uint64_t lba, uint32_t blocks,
              uint64_t at)
{
    struct nvmed_cmd c = nvmed_rw(&n->d, false, lba, blocks, at);

    return nvmed_sync(&n->d, qid, &c, NULL);
}

bool nsoc_same(struct nsoc *n, uint64_t lba, uint32_t blocks, uint64_t at)
{
    uint32_t shift = n->cfg.block_log2, bytes = blocks << shift;

    return !memcmp(n->copy + (lba << shift), rsoc_ram(n->s, at, bytes), bytes);
}

int nsoc_cmd(struct nsoc *n, unsigned qid, uint8_t opcode, uint32_t nsid,
             uint64_t prp1, uint32_t dw10, uint32_t dw11, uint32_t dw12)
{
    struct nvmed_cmd c = nvmed_cmd(opcode, nsid, prp1, 0);
    int s;

    c.dw[10] = dw10;
    c.dw[11] = dw11;
    c.dw[12] = dw12;
    s = nvmed_sync(&n->d, qid, &c, NULL);
    return s < 0 ? s : NVMED_SC(s);
}

int nsoc_admin(struct nsoc *n, uint8_t opcode, uint64_t prp1, uint32_t dw10,
               uint32_t dw11)
{
    return nsoc_cmd(n, 0, opcode, 0, prp1, dw10, dw11, 0);
}

uint64_t nsoc_count(struct nsoc *n, const char *name)
{
    struct pcie_counter c[64];
    uint32_t count = pcie_root_counters(n->s->root, n->fn, c, 64);

    for (uint32_t i = 0; i < count && i < 64; i++)
        if (!strcmp(c[i].name, name))
            return c[i].value;
    return UINT64_MAX;
}

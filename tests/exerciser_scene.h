/* SPDX-License-Identifier: MIT */
/*
 * Exercisers on a root complex, with drivers, as a compliance suite wants them:
 *
 *   00:01.0 root port ---- 01:00.0 Exerciser, 01:01.0 (ARI: function 8) another
 *   00:02.0 root port ---- 02:00.0 Exerciser
 *   00:03.0 Exerciser, integrated
 */
#ifndef EXERCISER_SCENE_H
#define EXERCISER_SCENE_H

#include "../models/pcie/endpoints/exerciser.h"
#include "drivers/exerciser_driver.h"
#include "pcie_root_soc.h"

enum { EXS_RP0, EXS_EX0, EXS_EX0_F8, EXS_RP1, EXS_EX1, EXS_RC, EXS_COUNT };

#define EXS_FREE 0x123456789000ull /* not mapped */

struct exs {
    struct rsoc *s;
    struct exdrv d[EXS_COUNT];   /* of EX0, EX1 and RC */
    struct exerciser_config cfg; /* of all; may be changed before open */
    bool hold; /* accesses do not let the devices work: tests do */
};

void exs_init(struct exs *x);
bool exs_open(struct exs *x);
void exs_close(struct exs *x);

/* Registers of BAR0, by `fn`. */
uint32_t exs_rd(struct exs *x, uint32_t fn, uint32_t at);
void exs_wr(struct exs *x, uint32_t fn, uint32_t at, uint32_t value);
/* A DMA whose attributes are set, to its end: the status. */
uint32_t exs_dma(struct exs *x, uint32_t fn, enum exdrv_direction direction,
                 uint64_t addr, uint32_t length);
/* Device Status, Root Error Status of a port; cleared when read. */
uint32_t exs_device_status(struct exs *x, uint32_t fn);
uint32_t exs_root_status(struct exs *x, uint32_t fn);
/* All that it reports is enabled, nothing is masked. */
void exs_report(struct exs *x, uint32_t fn);

#endif

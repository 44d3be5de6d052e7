/* SPDX-License-Identifier: MIT */
/* The limited things of a link: directions, and pools of tags and credits. */
#ifndef PCIE_LINK_CALENDAR_H
#define PCIE_LINK_CALENDAR_H

#include "link.h"

/* t + d, or PCIE_LINK_TIME_MAX if that is earlier. */
static inline uint64_t pcie_later(uint64_t t, uint64_t d)
{
    if (t >= PCIE_LINK_TIME_MAX || d > PCIE_LINK_TIME_MAX - t)
        return PCIE_LINK_TIME_MAX;
    return t + d;
}

/* The duration of `bytes`; the fraction goes to the next TLP. */
uint64_t pcie_wire_duration(struct pcie_wire *w, uint64_t byte_time,
                            uint32_t bytes);

/*
 * When a TLP that was ready at `ready` and may be sent from `t` on starts.
 * 2.4.1: nothing passes a posted TLP that was ready before it.
 */
uint64_t pcie_wire_take(struct pcie_wire *w, uint64_t ready, uint64_t t,
                        uint64_t duration, bool posted);

void pcie_pool_init(struct pcie_pool *p, uint16_t limit, uint16_t data);

/* False: all are held, and it is not known until when. */
bool pcie_pool_can_take(const struct pcie_pool *p);

/*
 * The time, not before `t`, from which one (with `data` data credits) can be
 * had.  It is held until pcie_pool_give says when it is back.
 */
uint64_t pcie_pool_take(struct pcie_pool *p, uint64_t t, uint16_t data);
void pcie_pool_give(struct pcie_pool *p, uint64_t back, uint16_t data);

#endif

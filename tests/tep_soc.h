/* SPDX-License-Identifier: MIT */
/* A test endpoint with its driver, on a root complex. */
#ifndef TEP_SOC_H
#define TEP_SOC_H

#include "../models/pcie/endpoints/test_endpoint.h"
#include "drivers/test_endpoint_driver.h"
#include "pcie_root_soc.h"

#define TSOC_RING (RSOC_RAM + 0x400000) /* 64 descriptors */

struct tsoc {
    struct rsoc *s;
    uint32_t fn;
    struct tep_driver d;
    struct tep_outcome out;
    struct test_endpoint_config cfg; /* before open */
};

/* With the defaults in `cfg`. */
struct tsoc *tsoc_new(void);
/* One endpoint, bus master and AtomicOp requester enabled. */
bool tsoc_open(struct tsoc *t, bool integrated);
/* The same on a soc that is open. */
bool tsoc_attach(struct tsoc *t, uint32_t fn);
void tsoc_close(struct tsoc *t);
/* The error. */
uint32_t tsoc_run(struct tsoc *t, const struct tep_request *r);
/* RAM from `pa` on, with a pattern that depends on `seed`. */
void tsoc_pattern(struct tsoc *t, uint64_t pa, uint32_t bytes, uint32_t seed);

#endif

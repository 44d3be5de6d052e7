/* SPDX-License-Identifier: MIT */
/* Between the files of the test endpoint. */
#ifndef TEST_ENDPOINT_INTERNAL_H
#define TEST_ENDPOINT_INTERNAL_H

#include "../../common/bits.h"
#include "../../common/iovp_attrs.h"
#include "engine.h"
#include "test_endpoint.h"

#define ALIAS_REGISTERS 0x24

struct test_endpoint {
    struct test_endpoint_config cfg;
    struct iovp_heap heap;
    struct pcie_ep *ep;
    struct pcie_atc *atc; /* NULL: no ATS */
    struct pcie_pri pri;
    struct engine engine;

    /* The access that the engine makes. */
    struct engine_access access;
    struct pcie_xfer xfer;
    int group;      /* page request of a PREFETCH, or -1 */
    uint32_t tries; /* may be one more than retries */

    uint8_t alias[ALIAS_REGISTERS]; /* little-endian */
    bool verifying;                 /* iommu-testdev: the second half */
};

/* test_endpoint_bus.c */
extern const struct engine_ops test_endpoint_bus;

/* test_endpoint_alias.c: BAR0 of the personalities. */
void test_endpoint_alias_reset(struct test_endpoint *t);
void test_endpoint_alias_read(struct test_endpoint *t, uint64_t offset,
                              void *data, uint32_t length, bool peek);
void test_endpoint_alias_write(struct test_endpoint *t, uint64_t offset,
                               const void *data, uint32_t length);
void test_endpoint_alias_finished(struct test_endpoint *t,
                                  const struct engine_job *j);

#endif

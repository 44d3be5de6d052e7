/* SPDX-License-Identifier: MIT */
/*
 * The link of the tests by hand, Gen3 x8 with an MPS of 256:
 * 63.0154 Gb/s * (1 - 16/203 - 4/1538) = 57.8848 Gb/s, so a byte takes
 * 138.2055 ps.
 */
#ifndef IOVP_TESTS_PCIE_LINK_H
#define IOVP_TESTS_PCIE_LINK_H

#include "../models/pcie/link.h"
#include "shim.h"

#define HIGH (1ull << 32) /* 64-bit address: 16 bytes of header */
#define NS   1000ull

/* 64 bytes of data: a request with them has 88, without 24, a CplD 84. */
#define T24 3316u  /* 24 * 138.2055 = 3316.9 */
#define T84 11609u /* 84 * 138.2055 = 11609.3 */
#define T88 12162u /* 88 * 138.2055 = 12162.1 */

static inline struct pcie_link_config gen3x8(void)
{
    struct pcie_link_config c;

    pcie_link_config_default(&c, 3, 8);
    return c;
}

static inline struct pcie_transfer transfer(unsigned type, uint32_t length)
{
    return (struct pcie_transfer){
        .type = (uint8_t)type, .length = length, .addr = HIGH};
}

static inline struct pcie_link_time
run(struct pcie_link *l, const struct pcie_transfer *x, uint64_t t)
{
    struct pcie_link_time out = {0};

    CHECK(pcie_link_transfer(l, x, t, &out));
    return out;
}

static inline uint64_t waits(const struct pcie_link_time *out)
{
    return out->wait[PCIE_WAIT_LINK] + out->wait[PCIE_WAIT_CREDIT] +
           out->wait[PCIE_WAIT_TAG];
}

static inline bool near(double want, double got, double relative)
{
    return got > want * (1 - relative) && got < want * (1 + relative);
}

#endif

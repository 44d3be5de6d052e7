/* SPDX-License-Identifier: MIT */
/*
 * What the plugin inside QEMU tells the bridge: one packet a store, on a
 * sequenced-packet socket; the vCPU waits for one byte in return.  Both ends
 * are of one build and on one host.
 */
#ifndef IOVP_QEMU_PROTOCOL_H
#define IOVP_QEMU_PROTOCOL_H

#include <stdint.h>

struct qemu_store {
    uint64_t addr; /* guest physical */
    uint32_t bytes;
    uint32_t vcpu;
    uint64_t last_ns; /* what the store before this one took; 0: none */
};

#endif

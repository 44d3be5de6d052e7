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

/*
 * A page that both map: how many instructions each vCPU has begun, a counter in
 * each line of the cache.
 */
#define QEMU_CLOCK_VCPUS 64

struct qemu_clock {
    struct {
        uint64_t instructions;
        uint64_t unused[7];
    } vcpu[QEMU_CLOCK_VCPUS];
};

#endif

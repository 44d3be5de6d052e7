/* SPDX-License-Identifier: MIT */
/* The least that a driver of an SMMUv3 needs: everything is polled. */
#ifndef SMMU_H
#define SMMU_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE 4096u

struct event {
    unsigned type; /* F_TRANSLATION ... of smmuv3_fmt.h */
    uint32_t stream;
    uint64_t address;
    bool read;
};

/* 1. Nothing gets through; then tables, queues and translation are on. */
bool smmu_block(void);
bool smmu_enable(void);
/* 2. This stream is translated by the pages that smmu_map has mapped. */
bool smmu_attach(uint32_t stream);
bool smmu_map(uint64_t iova, const void *page, bool writable);
bool smmu_unmap(uint64_t iova);
/* 3. The oldest event that nobody has seen; false: there is none. */
bool smmu_next_event(struct event *event);
/* Nothing that went wrong inside the SMMU. */
bool smmu_is_well(void);

#endif

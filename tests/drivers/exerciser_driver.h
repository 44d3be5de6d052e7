/* SPDX-License-Identifier: MIT */
/*
 * Drives an Arm PCIe Exerciser by the accesses, in their order, with which the
 * platform layer of Arm's compliance suite does it.  It has register offsets of
 * its own and knows nothing of the model.
 */
#ifndef EXERCISER_DRIVER_H
#define EXERCISER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

/* 32-bit accesses of a processor. */
struct exdrv_bus {
    void *ud;
    uint32_t (*cfg_read)(void *ud, uint16_t id, uint32_t at);
    void (*cfg_write)(void *ud, uint16_t id, uint32_t at, uint32_t value);
    uint32_t (*read)(void *ud, uint64_t addr);
    void (*write)(void *ud, uint64_t addr, uint32_t value);
};

struct exdrv {
    struct exdrv_bus bus;
    uint16_t id;
};

enum exdrv_direction { EXDRV_TO_DEVICE, EXDRV_FROM_DEVICE };

/* A monitored transaction. */
struct exdrv_record {
    uint32_t attributes;
    uint64_t addr, data;
};

/* Is it one?  Memory space and bus master are enabled. */
bool exdrv_init(struct exdrv *d, const struct exdrv_bus *bus, uint16_t id);
uint64_t exdrv_bar(struct exdrv *d, unsigned bar);
/* Offset of an extended capability; 0: none. */
uint32_t exdrv_find(struct exdrv *d, uint16_t cap);

void exdrv_dma_attributes(struct exdrv *d, uint64_t addr, uint32_t length);
void exdrv_dma(struct exdrv *d, enum exdrv_direction direction);
/* All of the status register. */
uint32_t exdrv_dma_status(struct exdrv *d);
void exdrv_no_snoop(struct exdrv *d, bool on);
/* Bits are set, as in the suite, and none is cleared. */
void exdrv_address_type(struct exdrv *d, uint32_t at);
void exdrv_requester(struct exdrv *d, uint16_t id);
void exdrv_requester_valid(struct exdrv *d, bool valid);
bool exdrv_pasid(struct exdrv *d, bool on, uint32_t pasid);

void exdrv_msi(struct exdrv *d, uint32_t index);
void exdrv_intx(struct exdrv *d, bool level);

/* False: it has failed. */
bool exdrv_ats(struct exdrv *d, uint64_t addr);
uint64_t exdrv_ats_address(struct exdrv *d);
void exdrv_ats_clear(struct exdrv *d);

void exdrv_monitor(struct exdrv *d, bool run);
bool exdrv_record(struct exdrv *d, struct exdrv_record *r);
void exdrv_drain(struct exdrv *d);

/* True: a correctable error. */
bool exdrv_error(struct exdrv *d, uint32_t code, bool fatal);
void exdrv_inject(struct exdrv *d);
void exdrv_poison(struct exdrv *d, bool on);

#endif

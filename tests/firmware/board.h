/* SPDX-License-Identifier: MIT */
/* Where things are in platforms/arm-qemu.dts, and how they are accessed. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#define UART_BASE  0x09000000ul /* PL011, of QEMU's machine "virt" */
#define SMMU_BASE  0x7c000000ul
#define ECAM_BASE  0x7d000000ul
#define PCI_MEMORY 0x7e000000ul

/* iommu-map: StreamID of a requester ID. */
#define STREAM_OF(rid) (0x1000u + (rid))

static inline uint32_t get32(uintptr_t at)
{
    return *(volatile uint32_t *)at;
}

static inline uint64_t get64(uintptr_t at)
{
    return *(volatile uint64_t *)at;
}

static inline void set32(uintptr_t at, uint32_t value)
{
    *(volatile uint32_t *)at = value;
}

static inline void set64(uintptr_t at, uint64_t value)
{
    *(volatile uint64_t *)at = value;
}

/* What was stored before is seen before what is stored after. */
static inline void barrier(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

/* ---- console ---------------------------------------------------------------
 */

void print(const char *text);
void print_hex(uint64_t value);
/* "ok TEXT" or "FAIL TEXT", and it is counted. */
void step(const char *text, bool good);
unsigned steps_failed(void);
void report_exception(uint64_t syndrome, uint64_t address, uint64_t fault);
void power_off(void) __attribute__((noreturn));
void firmware_main(void);

/* ---- PCI Express
 * ------------------------------------------------------------- */

/* The requester ID of the first such function on bus 0; -1: there is none. */
int pci_find(uint32_t id);
/* Its first BAR gets this address; it decodes it, and may make requests. */
bool pci_enable(int rid, uint64_t address);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A SoC of devices that drivers program: the engine of the test endpoint
 *
 *   pci      as a PCI function behind a root port, with PASID, ATS and PRI
 *   rciep    the same, integrated, on the root bus; invalidations take 3 ms;
 *            with VFs
 *   engine   on the platform's bus, with PASIDs, bears stalls
 *   rigid    as that, without PASIDs, bears none
 *
 * behind one SMMU with ATS and PRI, enumerated as an operating system does.
 */
#ifndef IO_SOC_H
#define IO_SOC_H

#include "../capi/iovp.h"
#include "drivers/test_endpoint_driver.h"

#define IO_SMMU  0x09050000u
#define IO_ITS   0x08080000u
#define IO_ECAM  0x40000000u
#define IO_RAM   0x80000000u
#define IO_POOL  0x01000000u /* donated, from the start of RAM */
#define IO_TABLE 0x88000000u
#define IO_DATA  0x90000000u
#define IO_PAGE  0x1000u
#define IO_PA(n) (IO_DATA + (uint64_t)(n)*IO_PAGE)

#define IO_ENGINE_SPI 40 /* of `engine`, vector 0 */

struct io_unit {
    struct io *io;
    iovp_device *d;
    uint64_t base; /* of its registers */
    struct tep_driver drv;
};

struct io {
    iovp_platform *p;
    bool timed, donated;
    struct io_unit pci, rciep, engine, rigid;
    iovp_irq_event irq; /* the last */
    unsigned irqs, msis;
};

/* False after a recorded failure. */
bool io_open(struct io *io, uint32_t mode);
void io_close(struct io *io);
/* The first VF of `rciep`, enabled. */
bool io_open_vf(struct io *io, struct io_unit *u);
/* fn in functional mode and, in a child, in timed mode. */
void io_both(void (*fn)(struct io *io));

/* Configuration space of a PCI function, at `at`, or in a capability. */
uint32_t io_config(struct io *io, const struct io_unit *u, uint32_t at,
                   unsigned width);
void io_config_set(struct io *io, const struct io_unit *u, uint32_t at,
                   unsigned width, uint32_t value);
uint32_t io_ext_cap(struct io *io, const struct io_unit *u, uint16_t cap);
/* PCIE_D0, PCIE_D3HOT. */
void io_power(struct io *io, const struct io_unit *u, uint32_t state);

#define IO_RO (IOVP_RIGHT_UR | IOVP_RIGHT_PR)
#define IO_RW (IO_RO | IOVP_RIGHT_UW | IOVP_RIGHT_PW)

/* ---- shared virtual addresses ------------------------------------------- */

#define IO_VA 0x400000u

/* A process whose pages appear when they are touched: that of IO_VA + n pages
 * is data page n. */
struct io_pager {
    iovp_context *c;
    iovp_process *s;
    unsigned calls; /* of its handler */
    bool refuse;    /* it gives no page */
    bool hold;      /* it does not answer */
    iovp_device *d;
    iovp_fault_record last;
};

/* A context, a process and a bond; its PASID. */
uint32_t io_bind(struct io *io, struct io_pager *p, iovp_device *d);
/* Map page n; unmap it. */
void io_map(struct io_pager *p, unsigned n, uint32_t rights);
void io_unmap(struct io_pager *p, unsigned n);

/* Every byte of data page n. */
void io_fill(struct io *io, unsigned n, uint8_t byte);
bool io_holds(struct io *io, unsigned n, uint8_t byte);

/* A counter of a device by name; a failure if there is none. */
uint64_t io_counter(iovp_device *d, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* The registers as data: what is writable, when, and what follows. */
#ifndef SMMUV3_REGS_TABLE_H
#define SMMUV3_REGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Guarded by" (6.2): the field is read-only unless the guard is open. */
enum smmuv3_guard {
    SMMUV3_GUARD_NONE = 0,
    SMMUV3_GUARD_SMMUEN,
    SMMUV3_GUARD_CMDQEN,
    SMMUV3_GUARD_EVENTQEN,
    SMMUV3_GUARD_PRIQEN,
    SMMUV3_GUARD_QUEUES, /* CMDQEN, EVENTQEN and PRIQEN */
    SMMUV3_GUARD_GERROR_IRQEN,
    SMMUV3_GUARD_EVENTQ_IRQEN,
    SMMUV3_GUARD_PRIQ_IRQEN,
    SMMUV3_GUARD_OWN_UPDATE, /* CR0, IRQ_CTRL: the field's own Update */
    SMMUV3_GUARD_GBPA,       /* GBPA.Update */
    SMMUV3_GUARDS,
};

/* The Update that a change sets going. */
enum smmuv3_hook {
    SMMUV3_HOOK_NONE = 0,
    SMMUV3_HOOK_CR0,
    SMMUV3_HOOK_IRQ_CTRL,
    SMMUV3_HOOK_GBPA,
    SMMUV3_HOOKS,
};

/*
 * Fields of one register that share a guard and a condition of presence; a
 * register whose fields differ in these has several rows.
 */
struct smmuv3_reg_fields {
    uint32_t offset; /* from page 0; page 1 starts at SMMU_PAGE1 */
    uint8_t width;   /* 32 or 64 */
    uint8_t guard;   /* enum smmuv3_guard */
    uint8_t hook;    /* enum smmuv3_hook */
    bool address;    /* [55:0] is a physical address: RES0 above the OAS */
    uint32_t need;   /* SMMU_IDR0 bits without which the fields are RES0 */
    uint64_t writable;
    const char *name;
};

/* Sorted by offset. */
extern const struct smmuv3_reg_fields smmuv3_reg_table[];
extern const size_t smmuv3_reg_table_rows;

#endif

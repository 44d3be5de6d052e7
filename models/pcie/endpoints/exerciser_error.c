/* SPDX-License-Identifier: MIT */
/* Error injection: a DVSEC that makes the function report what it is told. */
#include "exerciser_internal.h"

/* Error codes, the correctable ones first, as bits of AER. */
static const uint8_t bit_of[EX_ERROR_CODES] = {
    PCIE_COR_RECEIVER,
    PCIE_COR_BAD_TLP,
    PCIE_COR_BAD_DLLP,
    PCIE_COR_REPLAY_ROLLOVER,
    PCIE_COR_REPLAY_TIMEOUT,
    PCIE_COR_ADVISORY,
    PCIE_COR_INTERNAL,
    PCIE_COR_HEADER_OVERFLOW,
    PCIE_UNCOR_DLP,
    PCIE_UNCOR_SURPRISE_DOWN,
    PCIE_UNCOR_POISONED,
    PCIE_UNCOR_FCP,
    PCIE_UNCOR_TIMEOUT,
    PCIE_UNCOR_CA,
    PCIE_UNCOR_UNEXPECTED,
    PCIE_UNCOR_OVERFLOW,
    PCIE_UNCOR_MALFORMED,
    PCIE_UNCOR_ECRC,
    PCIE_UNCOR_UR,
    PCIE_UNCOR_ACS,
    PCIE_UNCOR_INTERNAL,
    PCIE_UNCOR_MULTICAST,
    PCIE_UNCOR_ATOMIC_EGRESS,
    PCIE_UNCOR_PREFIX_EGRESS,
    PCIE_UNCOR_POISONED_EGRESS,
};

static uint32_t control_offset(const struct exerciser *x)
{
    uint32_t at = pcie_cap_offset(ex_fn(x), PCIE_CAP_DVSEC);

    return at ? at + EX_DVSEC_CONTROL : 0;
}

uint32_t ex_error_control(const struct exerciser *x)
{
    uint32_t at = control_offset(x);

    return at ? (uint32_t)pcie_config_read(ex_fn(x), at, 4) : 0;
}

static void inject(struct exerciser *x, uint32_t code)
{
    if (code >= EX_ERROR_CODES)
        return;
    x->errors++;
    if (code < EX_ERROR_UNCORRECTABLE)
        pcie_report_cor(ex_fn(x), bit_of[code]);
    else
        pcie_report(ex_fn(x), bit_of[code], NULL);
}

/* Poison is told only if Device Control has error reporting on. */
static bool reporting(const struct exerciser *x)
{
    return ex_devctl(x) & (PCIE_DEVCTL_CORRECTABLE | PCIE_DEVCTL_NON_FATAL |
                           PCIE_DEVCTL_FATAL);
}

void ex_error_work(struct exerciser *x)
{
    uint32_t control = ex_error_control(x);

    if (control & EX_ERROR_NOW) {
        pcie_config_poke(ex_fn(x), control_offset(x), 4, EX_ERROR_NOW, 0);
        inject(x, control >> EX_ERROR_CODE_SHIFT & EX_ERROR_CODE);
    }
    if (x->poisoned) {
        x->poisoned = false;
        if (reporting(x))
            pcie_report(ex_fn(x), PCIE_UNCOR_POISONED, NULL);
    }
}

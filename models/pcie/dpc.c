/* SPDX-License-Identifier: MIT */
/*
 * Downstream Port Containment (6.2.10, 7.9.15): an uncorrectable error at or
 * below a port takes its link down until software has cleared DPC Trigger
 * Status.  Choices: the port is never busy; an error that the port handles as
 * an advisory one triggers nothing; the reserved value of DPC Trigger Enable
 * disables.
 */
#include "pcie_internal.h"

static uint32_t control(const struct pcie_fn *f)
{
    return cap16(f, PCIE_CAP_DPC, PCIE_DPC_CONTROL);
}

static uint32_t status(const struct pcie_fn *f)
{
    return cap16(f, PCIE_CAP_DPC, PCIE_DPC_STATUS);
}

bool pcie_contained(const struct pcie_fn *port)
{
    return status(port) & PCIE_DPC_TRIGGERED;
}

enum pcie_status pcie_contained_status(const struct pcie_fn *port)
{
    return control(port) & PCIE_DPC_COMPLETION_UR ? PCIE_UR : PCIE_CA;
}

/* 6.2.10.1: the condition of an MSI, or the level of INTx. */
void pcie_dpc_update(struct pcie_fn *port)
{
    if (port->cap[PCIE_CAP_DPC])
        pcie_port_irq(port, PCIE_PORT_IRQ_DPC,
                      control(port) & PCIE_DPC_INTERRUPT_ENABLE &&
                          status(port) & PCIE_DPC_INTERRUPT);
}

static void trigger(struct pcie_fn *port, uint32_t reason, uint16_t source)
{
    uint32_t at = port->cap[PCIE_CAP_DPC];
    uint32_t kept = status(port) & ~PCIE_DPC_REASON;

    if (control(port) & PCIE_DPC_INTERRUPT_ENABLE)
        kept |= PCIE_DPC_INTERRUPT;
    cfg_put16(port, at + PCIE_DPC_STATUS, kept | reason | PCIE_DPC_TRIGGERED);
    cfg_put16(port, at + PCIE_DPC_SOURCE, source);
    pcie_link_state(port);
    pcie_reset_below(port);
    if (control(port) & PCIE_DPC_ERR_COR_ENABLE)
        pcie_send_cor(port);
    pcie_dpc_update(port);
}

/* True: it would trigger now. */
static bool ready(const struct pcie_fn *port)
{
    uint32_t enabled = control(port) & PCIE_DPC_TRIGGER;

    return (enabled == PCIE_DPC_TRIGGER_FATAL ||
            enabled == PCIE_DPC_TRIGGER_NON_FATAL) &&
           !pcie_contained(port);
}

bool pcie_dpc_error(struct pcie_fn *port)
{
    if (!ready(port))
        return false;
    trigger(port, PCIE_DPC_REASON_ERROR, 0);
    return true;
}

bool pcie_dpc_message(struct pcie_fn *port, uint8_t message, uint16_t source)
{
    uint32_t enabled = control(port) & PCIE_DPC_TRIGGER;
    bool fatal = message == PCIE_MSG_ERR_FATAL;

    if (!ready(port) || message == PCIE_MSG_ERR_COR ||
        (!fatal && enabled != PCIE_DPC_TRIGGER_NON_FATAL))
        return false;
    trigger(port, fatal ? PCIE_DPC_REASON_FATAL : PCIE_DPC_REASON_NON_FATAL,
            source);
    return true;
}

void pcie_dpc_written(struct pcie_fn *port, uint32_t written)
{
    if (written & PCIE_DPC_TRIGGER_NOW && ready(port))
        trigger(port, PCIE_DPC_REASON_SOFTWARE, 0);
    pcie_link_state(port);
    pcie_dpc_update(port);
}

/* SPDX-License-Identifier: MIT */
/*
 * Errors (6.2): Device Status, Advanced Error Reporting, the message to the
 * root port and what that makes of it.
 */
#include "pcie_internal.h"

/* ---- the root port (6.2.4.1, 7.8.4.9) --------------------------------------
 */

void pcie_port_irq(struct pcie_fn *f, uint8_t which, bool on)
{
    bool was = f->irq & which;
    uint64_t now = f->p->time;

    f->irq = (uint8_t)(on ? f->irq | which : f->irq & ~which);
    if (on && !was)
        pcie_msi(f, cap16(f, PCIE_CAP_EXP, PCIE_EXP_CAPABILITIES) >>
                            PCIE_EXP_MESSAGE_SHIFT &
                        31);
    pcie_intx(f, f->irq && !pcie_vectors(f));
    /* Whose error it was does not wait for that. */
    f->p->time = now;
}

void pcie_root_update(struct pcie_fn *f)
{
    uint32_t at = f->cap[PCIE_CAP_AER], status, on;

    if (!at || f->kind != PCIE_ROOT_PORT)
        return;
    status = cfg32(f, at + PCIE_AER_ROOT_STATUS);
    on = status & PCIE_ROOT_STATUS_COR ? PCIE_ROOT_COMMAND_CORRECTABLE : 0;
    if (status & PCIE_ROOT_STATUS_NON_FATAL)
        on |= PCIE_ROOT_COMMAND_NON_FATAL;
    if (status & PCIE_ROOT_STATUS_FATAL)
        on |= PCIE_ROOT_COMMAND_FATAL;
    pcie_port_irq(f, PCIE_PORT_IRQ_AER,
                  on & cfg32(f, at + PCIE_AER_ROOT_COMMAND));
}

static void root_receives(struct pcie_fn *f, uint8_t message, uint16_t source)
{
    uint32_t at = f->cap[PCIE_CAP_AER], set;
    uint32_t enable = message == PCIE_MSG_ERR_COR ? PCIE_RTCTL_CORRECTABLE
                      : message == PCIE_MSG_ERR_NONFATAL ? PCIE_RTCTL_NON_FATAL
                                                         : PCIE_RTCTL_FATAL;

    if (cap16(f, PCIE_CAP_EXP, PCIE_RTCTL) & enable && f->p->ops.system_error)
        f->p->ops.system_error(f->p->opaque, message, source);
    if (!at)
        return;
    set = cfg32(f, at + PCIE_AER_ROOT_STATUS);
    if (message == PCIE_MSG_ERR_COR) {
        if (set & PCIE_ROOT_STATUS_COR)
            set |= PCIE_ROOT_STATUS_COR_MULTIPLE;
        else
            cfg_put16(f, at + PCIE_AER_SOURCE_COR, source);
        set |= PCIE_ROOT_STATUS_COR;
    } else {
        bool fatal = message == PCIE_MSG_ERR_FATAL;

        if (set & PCIE_ROOT_STATUS_UNCOR) {
            set |= PCIE_ROOT_STATUS_UNCOR_MULTIPLE;
        } else {
            cfg_put16(f, at + PCIE_AER_SOURCE_UNCOR, source);
            set |= fatal ? PCIE_ROOT_STATUS_FIRST_FATAL : 0;
        }
        set |= PCIE_ROOT_STATUS_UNCOR;
        set |= fatal ? PCIE_ROOT_STATUS_FATAL : PCIE_ROOT_STATUS_NON_FATAL;
    }
    cfg_put32(f, at + PCIE_AER_ROOT_STATUS, set);
    pcie_root_update(f);
}

/* ---- the message ------------------------------------------------------------
 */

static bool devctl_enables(const struct pcie_fn *f, uint8_t message)
{
    uint32_t bit = message == PCIE_MSG_ERR_COR        ? PCIE_DEVCTL_CORRECTABLE
                   : message == PCIE_MSG_ERR_NONFATAL ? PCIE_DEVCTL_NON_FATAL
                                                      : PCIE_DEVCTL_FATAL;

    return cap16(physical(f), PCIE_CAP_EXP, PCIE_DEVCTL) & bit;
}

static bool serr(const struct pcie_fn *f, uint8_t message)
{
    return message != PCIE_MSG_ERR_COR &&
           cfg16(physical(f), PCIE_COMMAND) & PCIE_COMMAND_SERR_ENABLE;
}

/* Figure 6-3: what a bridge does with a message from below. */
static bool forwards(struct pcie_fn *f, uint8_t message, uint16_t source)
{
    if (pcie_held(f))
        return false;
    if (message != PCIE_MSG_ERR_COR)
        cfg_set16(f, PCIE_SECONDARY_STATUS, PCIE_STATUS_RECEIVED_SYSTEM_ERROR);
    if (pcie_dpc_message(f, message, source))
        return false;
    if (!(cfg16(f, PCIE_BRIDGE_CONTROL) & PCIE_BRIDGE_CONTROL_SERR_ENABLE) ||
        !(serr(f, message) || devctl_enables(f, message)))
        return false;
    if (serr(f, message))
        cfg_set16(f, PCIE_STATUS, PCIE_STATUS_SIGNALED_SYSTEM_ERROR);
    return true;
}

static void send(struct pcie_fn *f, uint8_t message)
{
    uint16_t source = pcie_id(f);
    struct pcie_fn *at = f;
    struct pcie_tlp t = {
        .type = PCIE_TLP_MSG, .requester = source, .message = message};

    pcie_sent(f->p, f, &t, PCIE_SC, f->p->time);
    if (serr(f, message))
        cfg_set16(f, PCIE_STATUS, PCIE_STATUS_SIGNALED_SYSTEM_ERROR);
    while (at->parent) {
        at = at->parent;
        if (!forwards(at, message, source))
            return;
    }
    if (at->kind == PCIE_ROOT_PORT)
        root_receives(at, message, source);
    else if (f->p->ops.system_error)
        f->p->ops.system_error(f->p->opaque, message, source);
}

/* ---- logging (6.2.5) -------------------------------------------------------
 */

/* 7.8.4.7: the first error keeps header and pointer until it is cleared. */
static void log_header(struct pcie_fn *f, unsigned uncor,
                       const struct pcie_tlp *t)
{
    uint32_t at = f->cap[PCIE_CAP_AER];
    uint32_t control = cfg32(f, at + PCIE_AER_CONTROL);
    uint32_t dw[4] = {0}, prefix = 0;

    if (t) {
        pcie_tlp_header(t, dw);
        prefix = pcie_tlp_prefix(t);
    }
    control &= ~(PCIE_AER_FIRST_ERROR | PCIE_AER_PREFIX_PRESENT);
    control |= uncor | (prefix ? PCIE_AER_PREFIX_PRESENT : 0);
    cfg_put32(f, at + PCIE_AER_CONTROL, control);
    cfg_put32(f, at + PCIE_AER_PREFIX_LOG, prefix);
    for (unsigned i = 0; i < 4; i++)
        cfg_put32(f, at + PCIE_AER_HEADER_LOG + 4 * i, dw[i]);
}

/* Figure 6-2.  True: it is not masked. */
static bool log_aer(struct pcie_fn *f, unsigned uncor, bool advisory,
                    const struct pcie_tlp *t)
{
    uint32_t at = f->cap[PCIE_CAP_AER], status, first;
    const struct pcie_fn *masks = physical(f);
    uint32_t mask = masks->cap[PCIE_CAP_AER];

    if (!at)
        return true;
    if (advisory) {
        uint32_t bit = 1u << PCIE_COR_ADVISORY;

        cfg_put32(f, at + PCIE_AER_COR_STATUS,
                  cfg32(f, at + PCIE_AER_COR_STATUS) | bit);
        if (cfg32(masks, mask + PCIE_AER_COR_MASK) & bit)
            return false;
    }
    status = cfg32(f, at + PCIE_AER_UNCOR_STATUS);
    first = cfg32(f, at + PCIE_AER_CONTROL) & PCIE_AER_FIRST_ERROR;
    cfg_put32(f, at + PCIE_AER_UNCOR_STATUS, status | 1u << uncor);
    if (cfg32(masks, mask + PCIE_AER_UNCOR_MASK) & 1u << uncor)
        return false;
    if (!(status & 1u << first))
        log_header(f, uncor, t);
    return true;
}

/* Log an error; the message that it makes, or 0. */
static uint8_t note(struct pcie_fn *f, unsigned uncor, const struct pcie_tlp *t)
{
    const struct pcie_fn *masks = physical(f);
    uint32_t at = masks->cap[PCIE_CAP_AER];
    uint32_t severity =
        at ? cfg32(masks, at + PCIE_AER_UNCOR_SEVERITY) : PCIE_UNCOR_FATAL;
    bool fatal = severity & 1u << uncor;
    /* 6.2.3.2.4.1: the completer answers, so the requester decides. */
    bool advisory = !fatal && t && !pcie_tlp_posted(t) &&
                    (uncor == PCIE_UNCOR_UR || uncor == PCIE_UNCOR_CA ||
                     uncor == PCIE_UNCOR_ACS);
    uint8_t message = fatal      ? PCIE_MSG_ERR_FATAL
                      : advisory ? PCIE_MSG_ERR_COR
                                 : PCIE_MSG_ERR_NONFATAL;
    uint32_t set = fatal      ? PCIE_DEVSTA_FATAL
                   : advisory ? PCIE_DEVSTA_CORRECTABLE
                              : PCIE_DEVSTA_NON_FATAL;
    bool reports;

    if (!f->cap[PCIE_CAP_EXP])
        return 0;
    if (uncor == PCIE_UNCOR_UR)
        set |= PCIE_DEVSTA_UR;
    cfg_set16(f, f->cap[PCIE_CAP_EXP] + PCIE_DEVSTA, set);
    if (!log_aer(f, uncor, advisory, t) || (!advisory && pcie_dpc_error(f)))
        return 0;
    reports = devctl_enables(f, message) &&
              (uncor != PCIE_UNCOR_UR ||
               cap16(masks, PCIE_CAP_EXP, PCIE_DEVCTL) & PCIE_DEVCTL_UR);
    return reports || serr(f, message) ? message : 0;
}

void pcie_report(struct pcie_fn *f, unsigned uncor, const struct pcie_tlp *t)
{
    uint8_t message;

    if (!f || uncor > 31 || !(PCIE_UNCOR_ALL & 1u << uncor) || !pcie_present(f))
        return;
    message = note(f, uncor, t);
    if (message)
        send(f, message);
}

void pcie_send_cor(struct pcie_fn *f)
{
    if (devctl_enables(f, PCIE_MSG_ERR_COR))
        send(f, PCIE_MSG_ERR_COR);
}

void pcie_report_cor(struct pcie_fn *f, unsigned cor)
{
    const struct pcie_fn *masks;
    uint32_t at;

    if (!f || cor > 31 || !(PCIE_COR_ALL & 1u << cor) ||
        !f->cap[PCIE_CAP_EXP] || !pcie_present(f))
        return;
    at = f->cap[PCIE_CAP_AER];
    masks = physical(f);
    cfg_set16(f, f->cap[PCIE_CAP_EXP] + PCIE_DEVSTA, PCIE_DEVSTA_CORRECTABLE);
    if (at)
        cfg_put32(f, at + PCIE_AER_COR_STATUS,
                  cfg32(f, at + PCIE_AER_COR_STATUS) | 1u << cor);
    if (at &&
        cfg32(masks, masks->cap[PCIE_CAP_AER] + PCIE_AER_COR_MASK) & 1u << cor)
        return;
    pcie_send_cor(f);
}

/*
 * Nothing claims it.  A link that is down has nobody to find that out; a
 * device at its end does, in all functions, and tells it once (6.2.4).
 */
void pcie_unsupported(struct pcie_fn *blame, const struct pcie_tlp *t)
{
    uint8_t sent = 0;

    if (!blame || !pcie_port_up(blame) ||
        (leads_down(blame) && !pcie_link_alive(blame)))
        return;
    if (!leads_down(blame)) {
        pcie_report(blame, PCIE_UNCOR_UR, t);
        return;
    }
    /* What a message leads to may reset them all. */
    for (struct pcie_fn *f = blame->child; f && pcie_link_alive(blame);
         f = f->next) {
        uint8_t message = note(f, PCIE_UNCOR_UR, t);

        if (message && message != sent)
            send(f, message);
        if (message)
            sent = message;
    }
}

/* SPDX-License-Identifier: MIT */
/* Interrupts: wired pulses and MSIs (3.18). */
#include "smmuv3_internal.h"

static struct iovp_bus_attrs msi_attrs(const struct smmuv3_msi *m)
{
    struct iovp_bus_attrs a = {0};

    a.space = IOVP_SPACE_NONSECURE;
    a.mem_type = smmuv3_s2_mem_type(m->memattr);
    a.shareability = smmuv3_consistent_sh(a.mem_type, m->sh);
    return a;
}

/* What to say in GERROR when the MSI of a line aborts. */
static const uint32_t msi_abort[IOVP_IRQ_LINES] = {
    [IOVP_IRQ_EVENTQ] = SMMU_GERROR_MSI_EVENTQ_ABT_ERR,
    [IOVP_IRQ_PRIQ] = SMMU_GERROR_MSI_PRIQ_ABT_ERR,
    [IOVP_IRQ_CMDQ_SYNC] = SMMU_GERROR_MSI_CMDQ_ABT_ERR,
    [IOVP_IRQ_GERROR] = SMMU_GERROR_MSI_GERROR_ABT_ERR,
};

static void send_msi(struct smmuv3 *s, enum iovp_irq_line line,
                     const struct smmuv3_msi *m, uint64_t addr)
{
    struct iovp_bus_attrs a = msi_attrs(m);
    bool engaged = s->engaged;
    enum iovp_bus_status st;

    s->engaged = true;
    st = s->ops.msi ? s->ops.msi(s->opaque, &a, addr, m->data) : IOVP_BUS_ABORT;
    s->engaged = engaged;
    if (st != IOVP_BUS_OK)
        smmuv3_gerror(s, msi_abort[line]);
}

void smmuv3_signal(struct smmuv3 *s, enum iovp_irq_line line,
                   const struct smmuv3_msi *m)
{
    bool msi = (s->cfg.idr0 & SMMU_IDR0_MSI) && m->addr;
    /* 3.4.3: the check for zero is on the field, then it is truncated. */
    uint64_t addr = m->addr & iovp_mask(smmuv3_oas_bits(s));

    smmuv3_trace_interrupt(s, line, msi ? addr : 0, msi ? m->data : 0);
    if (s->ops.irq)
        s->ops.irq(s->opaque, line);
    if (msi)
        send_msi(s, line, m, addr);
}

/* The registers of the three lines that have some. */
static const struct {
    uint16_t cfg0, cfg1, cfg2;
    uint8_t enable;
} sources[IOVP_IRQ_LINES] = {
    [IOVP_IRQ_EVENTQ] = {SMMU_EVENTQ_IRQ_CFG0, SMMU_EVENTQ_IRQ_CFG1,
                         SMMU_EVENTQ_IRQ_CFG2, SMMU_IRQ_CTRL_EVENTQ},
    [IOVP_IRQ_PRIQ] = {SMMU_PRIQ_IRQ_CFG0, SMMU_PRIQ_IRQ_CFG1,
                       SMMU_PRIQ_IRQ_CFG2, SMMU_IRQ_CTRL_PRIQ},
    [IOVP_IRQ_GERROR] = {SMMU_GERROR_IRQ_CFG0, SMMU_GERROR_IRQ_CFG1,
                         SMMU_GERROR_IRQ_CFG2, SMMU_IRQ_CTRL_GERROR},
};

void smmuv3_interrupt(struct smmuv3 *s, enum iovp_irq_line line)
{
    struct smmuv3_msi m;
    uint64_t cfg2;

    /* 6.3.16: nothing is raised until the enable's Update is complete. */
    if (!(smmuv3_reg(s, SMMU_IRQ_CTRLACK) & sources[line].enable))
        return;
    cfg2 = smmuv3_reg(s, sources[line].cfg2);
    m.addr = smmuv3_reg64(s, sources[line].cfg0) & SMMU_IRQ_CFG0_ADDR_MASK;
    m.data = smmuv3_reg(s, sources[line].cfg1);
    m.memattr = (uint8_t)iovp_get_field(&cfg2, SMMU_IRQ_CFG2_MEMATTR);
    m.sh = (uint8_t)iovp_get_field(&cfg2, SMMU_IRQ_CFG2_SH);
    smmuv3_signal(s, line, &m);
}

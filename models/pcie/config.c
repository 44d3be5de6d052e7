/* SPDX-License-Identifier: MIT */
/*
 * Configuration space of a function: 4 KiB with masks, and what a write does
 * besides changing bits (table `effects`).
 */
#include "pcie_internal.h"

/* A doubleword was `old`, and software wrote `written` to enabled bytes. */
typedef void effect_fn(struct pcie_fn *f, uint32_t at, uint32_t old,
                       uint32_t written);

static void command(struct pcie_fn *f, uint32_t at, uint32_t old,
                    uint32_t written)
{
    (void)at;
    (void)old;
    (void)written;
    pcie_intx_update(f);
}

static void bridge_control(struct pcie_fn *f, uint32_t at, uint32_t old,
                           uint32_t written)
{
    uint32_t bit = PCIE_BRIDGE_CONTROL_SECONDARY_BUS_RESET << 16;

    (void)written;
    if (!is_bridge(f))
        return;
    pcie_link_state(f);
    if (~old & cfg32(f, at) & bit)
        pcie_reset_below(f);
}

/* 5.3.1.4.1: leaving D3hot without No_Soft_Reset resets the function. */
static void power_state(struct pcie_fn *f, uint32_t at, uint32_t old,
                        uint32_t written)
{
    uint32_t now = cfg32(f, at);
    uint32_t state = now & PCIE_PMCSR_POWER_STATE;

    (void)written;
    /* D1 and D2 are not supported: such a write is ignored. */
    if (state != PCIE_D0 && state != PCIE_D3HOT)
        cfg_put32(f, at,
                  (now & ~PCIE_PMCSR_POWER_STATE) |
                      (old & PCIE_PMCSR_POWER_STATE));
    else if (state == PCIE_D0 && (old & PCIE_PMCSR_POWER_STATE) &&
             !(now & PCIE_PMCSR_NO_SOFT_RESET))
        pcie_fn_reset(f, PCIE_RESET_D3HOT);
    pcie_intx_update(f);
}

static void device_control(struct pcie_fn *f, uint32_t at, uint32_t old,
                           uint32_t written)
{
    uint32_t devcap = cfg32(f, at - PCIE_DEVCTL + PCIE_DEVCAP);

    (void)old;
    pcie_link_follow(f);
    if (written & PCIE_DEVCTL_INITIATE_FLR && devcap & PCIE_DEVCAP_FLR)
        pcie_fn_reset(f, PCIE_RESET_FLR);
}

static void link_control(struct pcie_fn *f, uint32_t at, uint32_t old,
                         uint32_t written)
{
    (void)written;
    pcie_link_state(f);
    if (leads_down(f) && ~old & cfg32(f, at) & PCIE_LNKCTL_DISABLE)
        pcie_reset_below(f);
}

static void msi(struct pcie_fn *f, uint32_t at, uint32_t old, uint32_t written)
{
    (void)at;
    (void)old;
    (void)written;
    pcie_intx_update(f);
    pcie_msi_unmasked(f);
}

/* 10.5.2.2: Enable clears Stopped; Reset does what it says while disabled. */
static void pri(struct pcie_fn *f, uint32_t at, uint32_t old, uint32_t written)
{
    uint32_t status = at + 2;
    bool enabled = cfg16(f, at) & PCIE_PRI_ENABLE;

    if (enabled && !(old & PCIE_PRI_ENABLE))
        cfg_put16(f, status, cfg16(f, status) & ~PCIE_PRI_STOPPED);
    else if (!enabled && old & PCIE_PRI_ENABLE)
        cfg_set16(f, status, PCIE_PRI_STOPPED);
    if (enabled || !(written & PCIE_PRI_RESET))
        return;
    cfg_put16(f, status,
              (cfg16(f, status) &
               ~(PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED_PRGI)) |
                  PCIE_PRI_STOPPED);
    cfg_set16(f, at, PCIE_PRI_RESET);
}

static void sriov(struct pcie_fn *f, uint32_t at, uint32_t old,
                  uint32_t written)
{
    (void)written;
    pcie_sriov_written(f, at, old);
}

static void root_error(struct pcie_fn *f, uint32_t at, uint32_t old,
                       uint32_t written)
{
    (void)at;
    (void)old;
    (void)written;
    pcie_root_update(f);
}

static void dpc(struct pcie_fn *f, uint32_t at, uint32_t old, uint32_t written)
{
    (void)at;
    (void)old;
    pcie_dpc_written(f, written >> 16);
}

static void dpc_status(struct pcie_fn *f, uint32_t at, uint32_t old,
                       uint32_t written)
{
    (void)at;
    (void)old;
    (void)written;
    pcie_dpc_written(f, 0);
}

#define HEADER PCIE_CAPS /* "capability" of offset 0 */

static const struct {
    uint8_t cap;
    uint8_t at; /* of the doubleword */
    effect_fn *effect;
} effects[] = {
    {HEADER, PCIE_COMMAND, command},
    {HEADER, PCIE_INTERRUPT_LINE, bridge_control},
    {PCIE_CAP_PM, PCIE_PMCSR, power_state},
    {PCIE_CAP_EXP, PCIE_DEVCTL, device_control},
    {PCIE_CAP_EXP, PCIE_LNKCTL, link_control},
    {PCIE_CAP_MSI, 0, msi},
    {PCIE_CAP_MSI, PCIE_MSI_MASK, msi},
    {PCIE_CAP_MSIX, 0, msi},
    {PCIE_CAP_PRI, PCIE_PRI_CONTROL, pri},
    {PCIE_CAP_SRIOV, PCIE_SRIOV_CONTROL, sriov},
    {PCIE_CAP_SRIOV, PCIE_SRIOV_NUM_VFS, sriov},
    {PCIE_CAP_SRIOV, PCIE_SRIOV_SYSTEM_PAGE, sriov},
    {PCIE_CAP_AER, PCIE_AER_ROOT_COMMAND, root_error},
    {PCIE_CAP_AER, PCIE_AER_ROOT_STATUS, root_error},
    {PCIE_CAP_DPC, PCIE_DPC_CAPABILITY, dpc},
    {PCIE_CAP_DPC, PCIE_DPC_STATUS, dpc_status},
};

static void write_dword(struct pcie_fn *f, uint32_t at, uint32_t enabled,
                        uint32_t value)
{
    uint32_t old = cfg32(f, at), pri = f->cap[PCIE_CAP_PRI];
    uint32_t write = iovp_le32(&f->write[at]) & enabled;
    uint32_t clear = iovp_le32(&f->clear[at]) & enabled & value;

    cfg_put32(f, at, ((old & ~write) | (value & write)) & ~clear);
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        uint32_t base = effects[i].cap == HEADER ? 0 : f->cap[effects[i].cap];

        if ((base || effects[i].cap == HEADER) && base + effects[i].at == at)
            effects[i].effect(f, at, old, value & enabled);
    }
    if (f->ops && f->ops->config_written)
        f->ops->config_written(f->opaque, at);
    /* Reset reads as 0 again when the function has seen it. */
    if (pri && at == pri + PCIE_PRI_CONTROL)
        cfg_put16(f, at, cfg16(f, at) & ~PCIE_PRI_RESET);
}

static bool inside(uint32_t offset, unsigned width)
{
    return width >= 1 && width <= 8 && offset < PCIE_CONFIG_SIZE &&
           width <= PCIE_CONFIG_SIZE - offset;
}

uint64_t pcie_config_read(struct pcie_fn *f, uint32_t offset, unsigned width)
{
    uint64_t value = 0;

    if (!f || !inside(offset, width) || !pcie_present(f))
        return iovp_mask(8 * (width < 8 ? width : 8));
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)f->config[offset + i] << (8 * i);
    return value;
}

void pcie_config_write(struct pcie_fn *f, uint32_t offset, unsigned width,
                       uint64_t value)
{
    if (!f || !inside(offset, width) || !pcie_present(f))
        return;
    for (uint32_t at = offset & ~3u; at < offset + width; at += 4) {
        uint32_t enabled = 0, data = 0;

        for (unsigned i = 0; i < 4; i++) {
            if (at + i < offset || at + i >= offset + width)
                continue;
            enabled |= 0xffu << (8 * i);
            data |= (uint32_t)(value >> (8 * (at + i - offset)) & 0xff)
                    << (8 * i);
        }
        write_dword(f, at, enabled, data);
    }
}

void pcie_config_poke(struct pcie_fn *f, uint32_t offset, unsigned width,
                      uint64_t mask, uint64_t value)
{
    if (!f || !inside(offset, width))
        return;
    for (unsigned i = 0; i < width; i++) {
        uint8_t m = (uint8_t)(mask >> (8 * i));
        uint8_t *b = &f->config[offset + i];

        *b = (uint8_t)((*b & ~m) | ((value >> (8 * i)) & m));
    }
}

uint32_t pcie_cap_offset(const struct pcie_fn *f, enum pcie_cap cap)
{
    return f && (unsigned)cap < PCIE_CAPS ? f->cap[cap] : 0;
}

uint64_t pcie_cap_read(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                       unsigned width)
{
    uint32_t base = pcie_cap_offset(f, cap);

    return base ? pcie_config_read(f, base + at, width) : 0;
}

void pcie_cap_write(struct pcie_fn *f, enum pcie_cap cap, uint32_t at,
                    unsigned width, uint64_t value)
{
    uint32_t base = pcie_cap_offset(f, cap);

    if (base)
        pcie_config_write(f, base + at, width, value);
}

/* Which bit of a capability says that it is enabled. */
bool pcie_enabled(const struct pcie_fn *f, enum pcie_cap cap)
{
    static const struct {
        uint8_t at;
        uint16_t bit;
    } enable[PCIE_CAPS] = {
        [PCIE_CAP_MSI] = {PCIE_MSI_CONTROL, PCIE_MSI_ENABLE},
        [PCIE_CAP_MSIX] = {PCIE_MSIX_CONTROL, PCIE_MSIX_ENABLE},
        [PCIE_CAP_ATS] = {PCIE_ATS_CONTROL, PCIE_ATS_ENABLE},
        [PCIE_CAP_PRI] = {PCIE_PRI_CONTROL, PCIE_PRI_ENABLE},
        [PCIE_CAP_PASID] = {PCIE_PASID_CONTROL, PCIE_PASID_ENABLE},
        [PCIE_CAP_SRIOV] = {PCIE_SRIOV_CONTROL, PCIE_SRIOV_VF_ENABLE},
    };

    /* 9.3.7: VFs share both with their PF. */
    if (f && (cap == PCIE_CAP_PRI || cap == PCIE_CAP_PASID))
        f = physical(f);
    return f && (unsigned)cap < PCIE_CAPS &&
           cap16(f, cap, enable[cap].at) & enable[cap].bit;
}

/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: for each, identity, size, what its bits do (rows), and a
 * function for values and masks that the configuration decides.
 */
#include "pcie_internal.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct pcie_reg pm_rows[] = {
    /* PME is not generated (PMC), so PME_En and PME_Status are 0. */
    {PCIE_PMCSR, 2, PCIE_PMCSR_POWER_STATE, 0, 0},
};

static const struct pcie_reg exp_rows[] = {
    {PCIE_DEVCTL, 2, 0x79ff, 0, 0},
    {PCIE_DEVSTA, 2, 0, 0x000f, 0},
    {PCIE_DEVCTL2, 2, PCIE_DEVCTL2_IDO_REQUEST | PCIE_DEVCTL2_IDO_COMPLETION, 0,
     0},
};

static const struct pcie_reg link_rows[] = {
    {PCIE_LNKCTL, 2, 0x00c3, 0, 0},
    {PCIE_LNKCTL2, 2, 0x000f, 0, 0x000f},
};

static const struct pcie_reg root_rows[] = {
    {PCIE_RTCTL, 2,
     PCIE_RTCTL_CORRECTABLE | PCIE_RTCTL_NON_FATAL | PCIE_RTCTL_FATAL |
         PCIE_RTCTL_PME,
     0, 0},
};

static const struct pcie_reg msi_rows[] = {
    {PCIE_MSI_CONTROL, 2, PCIE_MSI_ENABLE | PCIE_MSI_MULTIPLE, 0, 0},
    {PCIE_MSI_ADDRESS, 4, 0xfffffffc, 0, 0},
    {PCIE_MSI_ADDRESS_UPPER, 4, 0xffffffff, 0, 0},
    {PCIE_MSI_DATA, 2, 0xffff, 0, 0},
};

static const struct pcie_reg msix_rows[] = {
    {PCIE_MSIX_CONTROL, 2, PCIE_MSIX_FUNCTION_MASK | PCIE_MSIX_ENABLE, 0, 0},
};

static const struct pcie_reg aer_rows[] = {
    {PCIE_AER_UNCOR_STATUS, 4, 0, PCIE_UNCOR_ALL, PCIE_UNCOR_ALL},
    {PCIE_AER_UNCOR_MASK, 4, PCIE_UNCOR_ALL, 0, PCIE_UNCOR_ALL},
    {PCIE_AER_UNCOR_SEVERITY, 4, PCIE_UNCOR_ALL, 0, PCIE_UNCOR_ALL},
    {PCIE_AER_COR_STATUS, 4, 0, PCIE_COR_ALL, PCIE_COR_ALL},
    {PCIE_AER_COR_MASK, 4, PCIE_COR_ALL, 0, PCIE_COR_ALL},
    {PCIE_AER_CONTROL, 4, 0, 0, PCIE_AER_FIRST_ERROR | PCIE_AER_PREFIX_PRESENT},
    {PCIE_AER_HEADER_LOG + 0, 4, 0, 0, 0xffffffff},
    {PCIE_AER_HEADER_LOG + 4, 4, 0, 0, 0xffffffff},
    {PCIE_AER_HEADER_LOG + 8, 4, 0, 0, 0xffffffff},
    {PCIE_AER_HEADER_LOG + 12, 4, 0, 0, 0xffffffff},
    {PCIE_AER_PREFIX_LOG, 4, 0, 0, 0xffffffff},
};

static const struct pcie_reg aer_root_rows[] = {
    {PCIE_AER_ROOT_COMMAND, 4,
     PCIE_ROOT_COMMAND_CORRECTABLE | PCIE_ROOT_COMMAND_NON_FATAL |
         PCIE_ROOT_COMMAND_FATAL,
     0, 0},
    {PCIE_AER_ROOT_STATUS, 4, 0, 0x7f, 0x7f},
    {PCIE_AER_SOURCE_COR, 4, 0, 0, 0xffffffff},
};

static const struct pcie_reg ats_rows[] = {
    {PCIE_ATS_CONTROL, 2, PCIE_ATS_STU | PCIE_ATS_ENABLE, 0, 0},
};

static const struct pcie_reg pri_rows[] = {
    {PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE, 0, 0},
    {PCIE_PRI_STATUS, 2, 0,
     PCIE_PRI_RESPONSE_FAILURE | PCIE_PRI_UNEXPECTED_PRGI, 0},
    {PCIE_PRI_ALLOCATION, 4, 0xffffffff, 0, 0},
};

static const struct pcie_reg sriov_rows[] = {
    {PCIE_SRIOV_CONTROL, 2, PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE,
     0, 0},
    {PCIE_SRIOV_NUM_VFS, 2, 0xffff, 0, 0},
    {PCIE_SRIOV_SYSTEM_PAGE, 4, 0xffffffff, 0, 0},
};

static const struct pcie_reg dpc_rows[] = {
    {PCIE_DPC_CONTROL, 2,
     PCIE_DPC_TRIGGER | PCIE_DPC_COMPLETION_UR | PCIE_DPC_INTERRUPT_ENABLE |
         PCIE_DPC_ERR_COR_ENABLE,
     0, 0},
    {PCIE_DPC_STATUS, 2, 0, PCIE_DPC_TRIGGERED | PCIE_DPC_INTERRUPT,
     PCIE_DPC_TRIGGERED | PCIE_DPC_INTERRUPT | PCIE_DPC_REASON},
    {PCIE_DPC_SOURCE, 2, 0, 0, 0xffff},
};

/* ---- values that the configuration decides --------------------------------
 */

typedef void build_fn(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c);

static void build_pm(struct pcie_fn *f, uint32_t at,
                     const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_PMC, 2, PCIE_PMC_VERSION_3);
    if (c->pm.no_soft_reset)
        pcie_reg_value(f, at + PCIE_PMCSR, 2, PCIE_PMCSR_NO_SOFT_RESET);
}

static unsigned log2_of(uint32_t v)
{
    return v ? 31u - (unsigned)__builtin_clz(v) : 0;
}

static void build_link(struct pcie_fn *f, uint32_t at,
                       const struct pcie_cap_config *c)
{
    uint32_t link = c->exp.speed | (uint32_t)c->exp.width
                                       << PCIE_LNKCAP_WIDTH_SHIFT;
    uint32_t lnkcap = link | PCIE_LNKCAP_ASPM_COMPLIANCE;

    pcie_reg_masks(f, at, link_rows, COUNT(link_rows));
    if (leads_down(f)) {
        lnkcap |= PCIE_LNKCAP_DLL_REPORTING | PCIE_LNKCAP_SURPRISE_DOWN |
                  (uint32_t)f->devfn << PCIE_LNKCAP_PORT_SHIFT;
        f->write[at + PCIE_LNKCTL] |= PCIE_LNKCTL_DISABLE;
    }
    if (!is_bridge(f))
        f->write[at + PCIE_LNKCTL] |= 1u << 3; /* RCB */
    pcie_reg_value(f, at + PCIE_LNKCAP, 4, lnkcap);
    pcie_reg_value(f, at + PCIE_LNKSTA, 2, link);
    /* A bit for every speed up to the maximum, from bit 1. */
    pcie_reg_value(f, at + PCIE_LNKCAP2, 4,
                   (uint32_t)iovp_mask(c->exp.speed) << 1);
    pcie_reg_value(f, at + PCIE_LNKCTL2, 2, c->exp.speed);
}

static uint32_t devcap2(const struct pcie_fn *f,
                        const struct pcie_cap_config *c)
{
    /* 7.5.3.15: prefixes need it, and a device has it in all functions. */
    uint32_t v = PCIE_DEVCAP2_EXTENDED_FMT;

    if (c->exp.ari && leads_down(f))
        v |= PCIE_DEVCAP2_ARI_FORWARDING;
    /* 7.5.3.15: endpoints must; no completion is ever late here. */
    if (!is_bridge(f))
        v |= PCIE_DEVCAP2_TIMEOUT_DISABLE;
    if (c->exp.atomics)
        v |= is_bridge(f) ? PCIE_DEVCAP2_ATOMIC_ROUTING
                          : PCIE_DEVCAP2_ATOMIC_COMPLETER32 |
                                PCIE_DEVCAP2_ATOMIC_COMPLETER64;
    if (c->exp.ee_prefix) {
        uint32_t max = c->exp.max_prefixes ? c->exp.max_prefixes : 1;

        v |= PCIE_DEVCAP2_EE_PREFIX | (max & 3)
                                          << PCIE_DEVCAP2_MAX_PREFIXES_SHIFT;
    }
    return v;
}

static void build_exp(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    static const uint8_t type[PCIE_KINDS] = {
        [PCIE_ENDPOINT] = PCIE_EXP_TYPE_ENDPOINT,
        [PCIE_RCIEP] = PCIE_EXP_TYPE_RCIEP,
        [PCIE_VF] = PCIE_EXP_TYPE_ENDPOINT,
        [PCIE_ROOT_PORT] = PCIE_EXP_TYPE_ROOT_PORT,
        [PCIE_UPSTREAM_PORT] = PCIE_EXP_TYPE_UPSTREAM,
        [PCIE_DOWNSTREAM_PORT] = PCIE_EXP_TYPE_DOWNSTREAM,
    };
    uint32_t devcap = log2_of(c->exp.mps) - 7;
    uint8_t *ctl2 = &f->write[at + PCIE_DEVCTL2];

    devcap |= PCIE_DEVCAP_ROLE_BASED | PCIE_DEVCAP_EXTENDED_TAG;
    if (c->exp.flr && !is_bridge(f))
        devcap |= PCIE_DEVCAP_FLR;
    pcie_reg_value(f, at + PCIE_EXP_CAPABILITIES, 2,
                   PCIE_EXP_VERSION_2 |
                       (uint32_t)type[f->kind] << PCIE_EXP_TYPE_SHIFT |
                       (uint32_t)c->exp.message << PCIE_EXP_MESSAGE_SHIFT);
    pcie_reg_value(f, at + PCIE_DEVCAP, 4, devcap);
    /* 7.5.3.4: Relaxed Ordering, No Snoop; Max_Read_Request_Size 512. */
    pcie_reg_value(f, at + PCIE_DEVCTL, 2,
                   PCIE_DEVCTL_RELAXED | PCIE_DEVCTL_NO_SNOOP |
                       2u << PCIE_DEVCTL_MRRS_SHIFT | PCIE_DEVCTL_EXTENDED_TAG);
    pcie_reg_value(f, at + PCIE_DEVCAP2, 4, devcap2(f, c));
    if (c->exp.ari && leads_down(f))
        *ctl2 |= PCIE_DEVCTL2_ARI_FORWARDING;
    if (!is_bridge(f))
        *ctl2 |= PCIE_DEVCTL2_TIMEOUT_DISABLE;
    if (c->exp.atomics)
        *ctl2 |= is_bridge(f) ? PCIE_DEVCTL2_ATOMIC_BLOCKING
                              : PCIE_DEVCTL2_ATOMIC_REQUESTER;
    if (f->kind != PCIE_RCIEP)
        build_link(f, at, c);
    if (f->kind == PCIE_ROOT_PORT)
        pcie_reg_masks(f, at, root_rows, COUNT(root_rows));
}

static void build_msi(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    uint32_t control = PCIE_MSI_64BIT | log2_of(c->msi.vectors)
                                            << PCIE_MSI_CAPABLE_SHIFT;

    if (c->msi.masking) {
        control |= PCIE_MSI_VECTOR_MASKING;
        pcie_reg_masks(f, at,
                       &(struct pcie_reg){PCIE_MSI_MASK, 4,
                                          (uint32_t)iovp_mask(c->msi.vectors),
                                          0, 0},
                       1);
    }
    pcie_reg_value(f, at + PCIE_MSI_CONTROL, 2, control);
}

static void build_msix(struct pcie_fn *f, uint32_t at,
                       const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_MSIX_CONTROL, 2, c->msix.vectors - 1u);
    pcie_reg_value(f, at + PCIE_MSIX_TABLE, 4,
                   c->msix.table_offset | c->msix.table_bar);
    pcie_reg_value(f, at + PCIE_MSIX_PBA, 4,
                   c->msix.pba_offset | c->msix.pba_bar);
    f->msix_vectors = c->msix.vectors;
    f->msix_table_bar = c->msix.table_bar;
    f->msix_pba_bar = c->msix.pba_bar;
    f->msix_table_offset = c->msix.table_offset;
    f->msix_pba_offset = c->msix.pba_offset;
}

/* Standard capabilities are built before extended ones. */
static uint32_t message_number(const struct pcie_fn *f)
{
    return iovp_le32(&f->initial[f->cap[PCIE_CAP_EXP]]) >>
               (16 + PCIE_EXP_MESSAGE_SHIFT) &
           31;
}

static void build_aer(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    (void)c;
    pcie_reg_value(f, at + PCIE_AER_UNCOR_MASK, 4, PCIE_UNCOR_MASKED);
    pcie_reg_value(f, at + PCIE_AER_UNCOR_SEVERITY, 4, PCIE_UNCOR_FATAL);
    pcie_reg_value(f, at + PCIE_AER_COR_MASK, 4, PCIE_COR_MASKED);
    if (f->kind == PCIE_ROOT_PORT) {
        pcie_reg_masks(f, at, aer_root_rows, COUNT(aer_root_rows));
        pcie_reg_value(f, at + PCIE_AER_ROOT_STATUS, 4,
                       message_number(f) << PCIE_ROOT_STATUS_MESSAGE_SHIFT);
    }
}

static void build_dpc(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    (void)c;
    pcie_reg_value(f, at + PCIE_DPC_CAPABILITY, 2,
                   message_number(f) | PCIE_DPC_SOFTWARE_TRIGGER);
}

static void build_acs(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_ACS_CAPABILITY, 2, c->acs.services);
    f->write[at + PCIE_ACS_CONTROL] = (uint8_t)c->acs.services;
}

static void build_ats(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    uint32_t v = (c->ats.queue_depth & 31u) | PCIE_ATS_PAGE_ALIGNED;

    if (c->ats.global_invalidate)
        v |= PCIE_ATS_GLOBAL_INVALIDATE;
    pcie_reg_value(f, at + PCIE_ATS_CAPABILITY, 2, v);
}

static void build_pri(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_PRI_STATUS, 2,
                   PCIE_PRI_STOPPED |
                       (c->pri.pasid_required ? PCIE_PRI_PASID_REQUIRED : 0));
    pcie_reg_value(f, at + PCIE_PRI_CAPACITY, 4, c->pri.capacity);
}

static void build_pasid(struct pcie_fn *f, uint32_t at,
                        const struct pcie_cap_config *c)
{
    uint32_t modes = (c->pasid.execute ? PCIE_PASID_EXECUTE : 0) |
                     (c->pasid.privileged ? PCIE_PASID_PRIVILEGED : 0);

    pcie_reg_value(f, at + PCIE_PASID_CAPABILITY, 2,
                   modes | (uint32_t)c->pasid.width << PCIE_PASID_WIDTH_SHIFT);
    f->write[at + PCIE_PASID_CONTROL] = (uint8_t)(modes | PCIE_PASID_ENABLE);
}

static void build_sriov(struct pcie_fn *f, uint32_t at,
                        const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_SRIOV_INITIAL_VFS, 2, c->sriov.total);
    pcie_reg_value(f, at + PCIE_SRIOV_TOTAL_VFS, 2, c->sriov.total);
    pcie_reg_value(f, at + PCIE_SRIOV_FUNCTION_LINK, 1, f->devfn);
    pcie_reg_value(f, at + PCIE_SRIOV_FIRST_VF_OFFSET, 2, c->sriov.first);
    pcie_reg_value(f, at + PCIE_SRIOV_VF_STRIDE, 2, c->sriov.stride);
    pcie_reg_value(f, at + PCIE_SRIOV_VF_DEVICE_ID, 2, c->sriov.device_id);
    pcie_reg_value(f, at + PCIE_SRIOV_SUPPORTED_PAGES, 4, PCIE_SRIOV_PAGES);
    pcie_reg_value(f, at + PCIE_SRIOV_SYSTEM_PAGE, 4, 1);
}

static void build_bytes(struct pcie_fn *f, uint32_t at,
                        const struct pcie_cap_config *c)
{
    if (c->raw.bytes)
        memcpy(&f->initial[at], c->raw.bytes, c->raw.length);
    if (c->raw.write)
        memcpy(&f->write[at], c->raw.write, c->raw.length);
}

static void build_dvsec(struct pcie_fn *f, uint32_t at,
                        const struct pcie_cap_config *c)
{
    pcie_reg_value(f, at + PCIE_DVSEC_HEADER1, 4,
                   c->raw.vendor | (uint32_t)c->raw.version << 16 |
                       (uint32_t)(PCIE_DVSEC_DATA + c->raw.length) << 20);
    pcie_reg_value(f, at + PCIE_DVSEC_HEADER2, 2, c->raw.id);
    build_bytes(f, at + PCIE_DVSEC_DATA, c);
}

static void build_raw(struct pcie_fn *f, uint32_t at,
                      const struct pcie_cap_config *c)
{
    build_bytes(f, at + 4, c);
}

#define ROWS(rows) (rows), COUNT(rows)
#define NO_ROWS    NULL, 0

static const struct {
    uint16_t id;
    uint8_t version; /* 0: a standard capability */
    uint16_t bytes;
    const struct pcie_reg *rows;
    size_t row_count;
    build_fn *build;
} caps[PCIE_CAPS] = {
    [PCIE_CAP_PM] = {PCIE_ID_PM, 0, PCIE_PM_SIZE, ROWS(pm_rows), build_pm},
    [PCIE_CAP_EXP] = {PCIE_ID_EXP, 0, PCIE_EXP_SIZE, ROWS(exp_rows), build_exp},
    [PCIE_CAP_MSI] = {PCIE_ID_MSI, 0, PCIE_MSI_SIZE, ROWS(msi_rows), build_msi},
    [PCIE_CAP_MSIX] = {PCIE_ID_MSIX, 0, PCIE_MSIX_SIZE, ROWS(msix_rows),
                       build_msix},
    [PCIE_CAP_AER] = {PCIE_EXT_AER, 2, PCIE_AER_SIZE, ROWS(aer_rows),
                      build_aer},
    [PCIE_CAP_ACS] = {PCIE_EXT_ACS, 1, PCIE_ACS_SIZE, NO_ROWS, build_acs},
    [PCIE_CAP_ARI] = {PCIE_EXT_ARI, 1, PCIE_ARI_SIZE, NO_ROWS, NULL},
    [PCIE_CAP_ATS] = {PCIE_EXT_ATS, 1, PCIE_ATS_SIZE, ROWS(ats_rows),
                      build_ats},
    [PCIE_CAP_PRI] = {PCIE_EXT_PRI, 1, PCIE_PRI_SIZE, ROWS(pri_rows),
                      build_pri},
    [PCIE_CAP_PASID] = {PCIE_EXT_PASID, 1, PCIE_PASID_SIZE, NO_ROWS,
                        build_pasid},
    [PCIE_CAP_SRIOV] = {PCIE_EXT_SRIOV, 1, PCIE_SRIOV_SIZE, ROWS(sriov_rows),
                        build_sriov},
    [PCIE_CAP_DPC] = {PCIE_EXT_DPC, 1, PCIE_DPC_SIZE, ROWS(dpc_rows),
                      build_dpc},
    [PCIE_CAP_DVSEC] = {PCIE_EXT_DVSEC, 1, PCIE_DVSEC_DATA, NO_ROWS,
                        build_dvsec},
    [PCIE_CAP_RAW] = {0, 1, 4, NO_ROWS, build_raw},
};

bool pcie_cap_extended(enum pcie_cap cap)
{
    return caps[cap].version != 0;
}

uint32_t pcie_cap_bytes(const struct pcie_cap_config *c)
{
    uint32_t bytes = caps[c->cap].bytes;

    if (c->cap == PCIE_CAP_DVSEC || c->cap == PCIE_CAP_RAW)
        bytes += c->raw.length;
    return (bytes + 3) & ~3u;
}

const struct pcie_cap_config *pcie_cap_find(const struct pcie_fn_config *c,
                                            enum pcie_cap cap)
{
    for (uint32_t i = 0; i < c->cap_count; i++)
        if (c->caps[i].cap == cap)
            return &c->caps[i];
    return NULL;
}

struct chain {
    uint32_t next;   /* where the next capability goes */
    uint32_t link;   /* standard: the byte that points to it */
    uint32_t header; /* extended: the header that does */
};

static void chain_standard(struct pcie_fn *f, struct chain *c, uint32_t id)
{
    pcie_reg_value(f, c->link, 1, c->next);
    pcie_reg_value(f, c->next, 1, id);
    pcie_reg_value(f, PCIE_STATUS, 2, PCIE_STATUS_CAPABILITIES_LIST);
    c->link = c->next + 1;
}

static void chain_extended(struct pcie_fn *f, struct chain *c, uint32_t id,
                           uint32_t version)
{
    if (c->header)
        pcie_reg_value(f, c->header, 4,
                       iovp_le32(&f->initial[c->header]) | c->next << 20);
    pcie_reg_value(f, c->next, 4, id | version << 16);
    c->header = c->next;
}

static void build_cap(struct pcie_fn *f, struct chain *chain,
                      const struct pcie_cap_config *c)
{
    uint32_t at = chain->next;

    if (c->cap == PCIE_CAP_RAW)
        chain_extended(f, chain, c->raw.id, c->raw.version);
    else if (caps[c->cap].version)
        chain_extended(f, chain, caps[c->cap].id, caps[c->cap].version);
    else
        chain_standard(f, chain, caps[c->cap].id);
    chain->next += pcie_cap_bytes(c);
    if (!f->cap[c->cap])
        f->cap[c->cap] = (uint16_t)at;
    if (caps[c->cap].rows)
        pcie_reg_masks(f, at, caps[c->cap].rows, caps[c->cap].row_count);
    if (caps[c->cap].build)
        caps[c->cap].build(f, at, c);
}

/* Both chains in the order of the configuration (7.5.1.1.11, 7.6.3); standard
 * capabilities first, because AER looks at PCI Express. */
void pcie_build_caps(struct pcie_fn *f, const struct pcie_fn_config *c)
{
    struct chain chain[2] = {
        {PCIE_STANDARD_FIRST, PCIE_CAPABILITIES_POINTER, 0},
        {PCIE_EXTENDED_FIRST, 0, 0},
    };

    for (unsigned extended = 0; extended < 2; extended++)
        for (uint32_t i = 0; i < c->cap_count; i++)
            if (pcie_cap_extended(c->caps[i].cap) == extended)
                build_cap(f, &chain[extended], &c->caps[i]);
}

/* SPDX-License-Identifier: MIT */
/* The PCI functions of a platform, and what every driver of one does. */
#include "cmd_pcie.h"

#include <stdlib.h>
#include <string.h>

/* Capabilities and their registers, by number. */
#define CAP_MSIX     0x11
#define EXT_ATS      0x000f
#define EXT_PRI      0x0013
#define EXT_PASID    0x001b
#define MSIX_CONTROL 0x02
#define MSIX_TABLE   0x04
#define MSIX_ENABLE  0x8000u
#define CONTROL      0x06 /* of ATS and PASID */
#define ATS_ENABLE   0x8000u
#define PRI_CONTROL  0x04
#define PRI_CAPACITY 0x08
#define PRI_ALLOCATE 0x0c

#define PAGE 0x1000ull

/* GITS_TRANSLATER of a GICv3 ITS, SETSPI_NS of a GICv2m frame. */
#define ITS_DOORBELL 0x10040u
#define V2M_DOORBELL 0x40u

/* ---- counters ------------------------------------------------------- */

iovp_status cmd_pcie_count(const struct cmd_pcie_fn *f,
                           struct cmd_pcie_counters *c)
{
    c->count = CMD_PCIE_COUNTERS;
    for (size_t i = 0; i < CMD_PCIE_COUNTERS; i++)
        c->counter[i].size = sizeof(c->counter[i]);
    return iovp_device_counters(f->device, c->counter, &c->count);
}

uint64_t cmd_pcie_counter(const struct cmd_pcie_counters *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (!strcmp(c->counter[i].name, name))
            return c->counter[i].value;
    return 0;
}

/* ---- capabilities --------------------------------------------------- */

/* 7.7.2: vector 0, unmasked; its data tell who it was. */
static void enable_msix(const struct cmd_pcie *p, const struct cmd_pcie_fn *f)
{
    const struct pcie_enum *bus = &f->host->bus;
    uint32_t at = pcie_enum_cap(bus, f->fn->id, CAP_MSIX), table;
    uint32_t entry[4] = {(uint32_t)p->doorbell, (uint32_t)(p->doorbell >> 32),
                         (uint32_t)(f - p->fn), 0};
    uint64_t base;

    if (!at || !p->doorbell)
        return;
    table = cmd_pci_read(f->host, f->fn->id, at + MSIX_TABLE, 4);
    if ((table & 7) > 5 ||
        !cmd_pci_address(f->host, f->fn->bar[table & 7] + (table & ~7u), &base))
        return;
    for (unsigned i = 0; i < 4; i++)
        iovp_mmio_write(f->host->platform, base + 4 * i, 4,
                        IOVP_SPACE_NONSECURE, entry[i]);
    cmd_pci_write(
        f->host, f->fn->id, at + MSIX_CONTROL, 2,
        (cmd_pci_read(f->host, f->fn->id, at + MSIX_CONTROL, 2) | MSIX_ENABLE));
}

static void enable(const struct cmd_pcie *p, const struct cmd_pcie_fn *f)
{
    const struct pcie_enum *bus = &f->host->bus;
    uint16_t id = f->fn->id;
    uint32_t pasid = pcie_enum_ext(bus, id, EXT_PASID);
    uint32_t pri = pcie_enum_ext(bus, id, EXT_PRI);
    uint32_t ats = pcie_enum_ext(bus, id, EXT_ATS);

    /* 10.5.1.3: PASID may not change while ATS is enabled. */
    if (pasid)
        cmd_pci_write(f->host, id, pasid + CONTROL, 2,
                      1 | (cmd_pci_read(f->host, id, pasid + 4, 2) & 6));
    if (pri) {
        cmd_pci_write(f->host, id, pri + PRI_ALLOCATE, 4,
                      cmd_pci_read(f->host, id, pri + PRI_CAPACITY, 4));
        cmd_pci_write(f->host, id, pri + PRI_CONTROL, 2, 1);
    }
    if (ats)
        cmd_pci_write(f->host, id, ats + CONTROL, 2, ATS_ENABLE);
    enable_msix(p, f);
}

/* ---- address spaces -------------------------------------------------- */

static struct cmd_smmu *smmu_of(const struct cmd_pcie *p,
                                const struct cmd_pcie_fn *f)
{
    for (size_t i = 0; i < p->soc->smmus; i++)
        if (f->info.iommu[0] &&
            p->soc->smmu[i].driver.base == f->info.iommu_base)
            return &p->soc->smmu[i];
    return NULL;
}

/* Another function has the StreamID, and so the table of PASIDs. */
static bool is_taken(const struct cmd_pcie *p, const struct cmd_pcie_fn *f,
                     const struct cmd_smmu *m)
{
    for (size_t i = 0; i < p->fns; i++)
        if (p->fn[i].smmu == m && p->fn[i].stream.sid == f->info.stream_id)
            return true;
    return false;
}

static int failed(const struct cmd_pcie_fn *f, const struct smmu_driver *d)
{
    cmd_error("%s: %s", f->info.name, d->message);
    return CMD_FAIL;
}

static int make_spaces(const struct cmd_pcie *p, struct cmd_pcie_fn *f)
{
    struct smmu_driver *d = &f->smmu->driver;
    uint64_t msi = p->doorbell & ~(PAGE - 1);

    if (smmu_attach(d, &f->stream, f->info.stream_id, f->info.pasid_bits,
                    SMMU_S1DSS_SSID0))
        return failed(f, d);
    for (uint32_t i = 0; i < CMD_PCIE_SPACES; i++) {
        if (i >> f->info.pasid_bits)
            break;
        if (smmu_space_create(d, &f->space[i]) ||
            smmu_bind(d, &f->stream, i ? i : SMMU_NO_PASID, &f->space[i]))
            return failed(f, d);
    }
    if (msi && smmu_map(d, &f->space[0], msi, msi, PAGE, SMMU_WRITE))
        return failed(f, d);
    if (f->info.ats && d->ats && smmu_ats(d, &f->stream, true))
        return failed(f, d);
    return CMD_OK;
}

int cmd_pcie_attach(struct cmd_pcie *p, struct cmd_pcie_fn *f)
{
    struct cmd_smmu *m = smmu_of(p, f);

    if (!m || is_taken(p, f, m))
        return CMD_OK;
    f->smmu = m;
    if (make_spaces(p, f))
        return CMD_FAIL;
    enable(p, f);
    return CMD_OK;
}

/* ---- all of them ---------------------------------------------------- */

static const struct pcie_enum_fn *by_id(const struct cmd_pci_host *h,
                                        uint32_t id)
{
    for (unsigned i = 0; i < h->bus.count; i++)
        if (h->bus.fn[i].id == id && h->bus.fn[i].header == 0)
            return &h->bus.fn[i];
    return NULL;
}

static int add_function(struct cmd_pcie *p, iovp_device *d)
{
    struct cmd_pcie_fn *f = &p->fn[p->fns];
    iovp_status st;

    f->info = (iovp_device_info)IOVP_DEVICE_INFO_INIT;
    st = iovp_device_get_info(d, &f->info);
    if (st != IOVP_OK)
        return cmd_api_error(p->soc->file, st);
    for (size_t i = 0; f->info.pci && i < p->pci.hosts; i++) {
        f->host = &p->pci.host[i];
        f->fn = by_id(f->host, f->info.requester_id);
        if (!f->fn)
            continue;
        f->device = d;
        p->fns++;
        break;
    }
    return CMD_OK;
}

static void find_doorbell(struct cmd_pcie *p, const iovp_node *nodes,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].state == IOVP_NODE_UNMODELLED)
            continue;
        if (!strcmp(nodes[i].compatible, "arm,gic-v3-its"))
            p->doorbell = nodes[i].reg_base + ITS_DOORBELL;
        else if (!strcmp(nodes[i].compatible, "arm,gic-v2m-frame"))
            p->doorbell = nodes[i].reg_base + V2M_DOORBELL;
        else
            continue;
        return;
    }
}

int cmd_pcie_open(struct cmd_pcie *p, struct cmd_soc *s)
{
    iovp_node *nodes;
    size_t count;
    iovp_status st;
    int rc;

    memset(p, 0, sizeof(*p));
    p->soc = s;
    rc = cmd_pci_open(&p->pci, s->platform, s->file);
    if (rc || !p->pci.hosts)
        return rc;
    st = cmd_nodes(s->platform, &nodes, &count);
    if (st == IOVP_OK)
        find_doorbell(p, nodes, count);
    free(nodes);
    p->fn = calloc(s->devices + 1, sizeof(*p->fn));
    p->phase = calloc((s->devices + 1) * CMD_PCIE_PHASES, sizeof(*p->phase));
    if (st != IOVP_OK || !p->fn || !p->phase)
        return cmd_api_error(s->file, st != IOVP_OK ? st : IOVP_E_NOMEM);
    for (size_t i = 0; !rc && i < s->devices; i++)
        rc = add_function(p, s->device[i]);
    return rc;
}

static uint32_t on_page(void *ud, const struct smmu_page_request *r)
{
    struct cmd_pcie *p = ud;

    return p->driven ? cmd_tep_page(p->driven, r) : SMMU_PRI_INVALID;
}

static void on_msi(void *ud, const iovp_irq_event *e)
{
    struct cmd_pcie *p = ud;

    if (e->addr == p->doorbell && e->data < p->fns)
        p->fn[e->data].msis++;
}

int cmd_pcie_run(struct cmd_pcie *p, uint64_t operations)
{
    int rc = CMD_OK;

    p->soc->page = on_page;
    p->soc->msi = on_msi;
    p->soc->driver_ud = p;
    for (size_t i = 0; !rc && i < p->fns; i++)
        if (cmd_tep_is(p->fn[i].fn))
            rc = cmd_tep_run(p, i, operations);
    return rc;
}

void cmd_pcie_close(struct cmd_pcie *p)
{
    if (p->soc) {
        p->soc->page = NULL;
        p->soc->msi = NULL;
    }
    cmd_pci_close(&p->pci);
    free(p->fn);
    free(p->phase);
    memset(p, 0, sizeof(*p));
}

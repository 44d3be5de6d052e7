/* SPDX-License-Identifier: MIT */
#include "explain_pci.h"

#include <stdio.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie.h"

#define ON EXPLAIN_ON

/* One condition: false if it fails; `what` gets the sentence. */
struct row {
    unsigned features;
    const char *where;
    bool (*met)(struct pcie_fn *f, char *what, size_t size);
};

#define SAY(...) snprintf(what, size, __VA_ARGS__)

static bool has_cap(struct pcie_fn *f, enum pcie_cap cap, const char *name,
                    char *what, size_t size)
{
    uint32_t at = pcie_cap_offset(pcie_physical(f), cap);

    if (at)
        SAY("the function must have the %s capability: it is at 0x%03x", name,
            at);
    else
        SAY("the function must have the %s capability: it has none", name);
    return at;
}

static bool met_pasid_cap(struct pcie_fn *f, char *what, size_t size)
{
    return has_cap(f, PCIE_CAP_PASID, "PASID", what, size);
}

static bool met_ats_cap(struct pcie_fn *f, char *what, size_t size)
{
    return has_cap(f, PCIE_CAP_ATS, "ATS", what, size);
}

static bool met_pri_cap(struct pcie_fn *f, char *what, size_t size)
{
    return has_cap(f, PCIE_CAP_PRI, "Page Request", what, size);
}

/* 2.2.10.2: each on the way must let End-End prefixes pass. */
static bool met_prefix(struct pcie_fn *f, char *what, size_t size)
{
    for (struct pcie_fn *at = f; at; at = pcie_parent(at)) {
        if (pcie_cap_read(at, PCIE_CAP_EXP, PCIE_DEVCAP2, 4) &
            PCIE_DEVCAP2_EE_PREFIX)
            continue;
        SAY("a PASID is an End-End TLP Prefix: %04x:%02x.%u on the way has "
            "not DEVCAP2.EE_PREFIX",
            pcie_id(at) >> 8, pcie_id(at) >> 3 & 31, pcie_id(at) & 7);
        return false;
    }
    SAY("a PASID is an End-End TLP Prefix: DEVCAP2.EE_PREFIX is set on the "
        "way to the root");
    return true;
}

/* What an operating system asks for, as a PASID says nothing to a peer. */
static bool met_acs(struct pcie_fn *f, char *what, size_t size)
{
    const uint32_t want = PCIE_ACS_RR | PCIE_ACS_UF;

    for (struct pcie_fn *at = pcie_parent(f); at; at = pcie_parent(at)) {
        uint64_t can = pcie_cap_read(at, PCIE_CAP_ACS, PCIE_ACS_CAPABILITY, 2);

        /* An upstream port has no peers. */
        if (!pcie_cap_offset(at, PCIE_CAP_ACS) &&
            (pcie_cap_read(at, PCIE_CAP_EXP, PCIE_EXP_CAPABILITIES, 2) >>
                 PCIE_EXP_TYPE_SHIFT &
             15) == PCIE_EXP_TYPE_UPSTREAM)
            continue;
        if ((can & want) == want)
            continue;
        SAY("ports on the way must be able to send requests with a PASID up "
            "to the IOMMU (ACS RR and UF): %02x:%02x.%u is not",
            pcie_id(at) >> 8, pcie_id(at) >> 3 & 31, pcie_id(at) & 7);
        return false;
    }
    SAY("ports on the way are able to send requests with a PASID up to the "
        "IOMMU (ACS RR and UF)");
    return true;
}

static bool met_enable(struct pcie_fn *f, enum pcie_cap cap, const char *name,
                       char *what, size_t size)
{
    bool on = pcie_enabled(f, cap);

    SAY("software must set %s: it is %u", name, on);
    return on;
}

static bool met_pasid_enable(struct pcie_fn *f, char *what, size_t size)
{
    return met_enable(f, PCIE_CAP_PASID, "PASID Enable", what, size);
}

static bool met_ats_enable(struct pcie_fn *f, char *what, size_t size)
{
    return met_enable(f, PCIE_CAP_ATS, "ATS Enable", what, size);
}

static bool met_pri_enable(struct pcie_fn *f, char *what, size_t size)
{
    return met_enable(f, PCIE_CAP_PRI, "Page Request Enable", what, size);
}

static bool met_bus_master(struct pcie_fn *f, char *what, size_t size)
{
    bool on = pcie_config_read(f, PCIE_COMMAND, 2) & PCIE_COMMAND_BUS_MASTER;

    SAY("software must set Bus Master Enable: it is %u", on);
    return on;
}

static const struct row rows[] = {
    {ON(PASID) | ON(SVA), "PASID capability", met_pasid_cap},
    {ON(PASID) | ON(SVA), "End-End TLP Prefix", met_prefix},
    {ON(PASID) | ON(SVA), "ACS of the path", met_acs},
    {ON(ATS) | ON(PRI), "ATS capability", met_ats_cap},
    {ON(PRI), "Page Request capability", met_pri_cap},
    {ON(TRANSLATION), "Bus Master Enable", met_bus_master},
    {ON(PASID) | ON(SVA), "PASID Enable", met_pasid_enable},
    {ON(ATS) | ON(PRI), "ATS Enable", met_ats_enable},
    {ON(PRI), "Page Request Enable", met_pri_enable},
};

void explain_pci(struct platform *p, const struct platform_device_state *d,
                 uint32_t feature, struct iovp_explain_list *out)
{
    struct pcie_fn *f;

    if (!d->desc.pci || d->pcie == PLATFORM_NO_PCIE)
        return;
    f = pcie_function(pcie_root_hierarchy(p->pcie[d->pcie].root), d->function);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char what[sizeof(out->row->what)], where[sizeof(out->row->where)];
        bool met;

        if (!(rows[i].features & 1u << feature))
            continue;
        met = rows[i].met(f, what, sizeof(what));
        snprintf(where, sizeof(where), "%s %s", d->name, rows[i].where);
        iovp_explain_add(out, met ? IOVP_EXPLAIN_MET : IOVP_EXPLAIN_FAILS,
                         where, "%s", what);
    }
}

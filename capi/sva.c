/* SPDX-License-Identifier: MIT */
/* Binding devices to processes. */
#include <stdio.h>

#include "abi.h"
#include "sva.h"

#define FLAGS (IOVP_SVA_NO_PASID | IOVP_SVA_NO_FAULTS)

struct bond *process_bond(const struct process *s,
                          const struct platform_device_state *d)
{
    struct bond *b = s->bonds;

    while (b && b->device != d)
        b = b->next;
    return b;
}

/* The process and the device of a call, of one platform. */
static iovp_status enter(iovp_process *h, iovp_device *device,
                         struct process **s, struct platform_device_state **d)
{
    struct platform *p, *of_device;
    void *object;
    iovp_status st = object_enter(h, OBJECT_PROCESS, ENTER_NORMAL, &p, &object);

    if (!st)
        st = handle_enter_device(device, ENTER_NORMAL, &of_device, d);
    if (st)
        return st;
    if (p != of_device)
        return iovp_fail(IOVP_E_INVALID, "a device of another platform");
    *s = object;
    return IOVP_OK;
}

static iovp_status config_in(iovp_sva_config *known,
                             const iovp_sva_config *user)
{
    iovp_status st = IOVP_OK;

    *known = (iovp_sva_config){.size = sizeof(*known)};
    if (user)
        st = ABI_IN(known, user);
    if (!st && (known->flags & ~FLAGS))
        st = iovp_fail(IOVP_E_INVALID, "config->flags: unknown ones");
    return st;
}

/* A feature is missing: where the reason can be asked for. */
static iovp_status explained(iovp_status st, const char *feature)
{
    char reason[256];

    if (!st)
        return IOVP_OK;
    snprintf(reason, sizeof(reason), "%s", iovp_last_error());
    return iovp_fail(st, "%s: see iovp_explain(IOVP_FEATURE_%s)", reason,
                     feature);
}

/* ---- PASIDs ------------------------------------------------------------- */

static uint32_t pasid_bits(const struct platform_device_state *d)
{
    struct iovp_iommu_caps caps;

    d->iommu->caps(d->core, &caps);
    return d->desc.pasid_bits < caps.pasid_bits ? d->desc.pasid_bits
                                                : caps.pasid_bits;
}

/* The process's PASID, or its first one, as far as this device can send it. */
static iovp_status pasid_for(struct process *s,
                             const struct platform_device_state *d,
                             uint32_t *pasid)
{
    uint32_t bits = pasid_bits(d);
    uint32_t max = (1u << bits) - 1;

    if (!bits)
        return explained(iovp_fail(IOVP_E_UNSUPPORTED,
                                   "%s, or its IOMMU, has no PASIDs",
                                   d->desc.name),
                         "PASID");
    if (s->pasid == IOVP_NO_PASID)
        return context_take_pasid(s->c, 1, max, pasid);
    if (s->pasid > max)
        return iovp_fail(IOVP_E_LIMIT,
                         "%s: PASIDs up to %u, the process has %u already",
                         d->desc.name, max, s->pasid);
    *pasid = s->pasid;
    return IOVP_OK;
}

/* ---- bind --------------------------------------------------------------- */

static iovp_status may_bind(struct process *s, struct platform_device_state *d,
                            const iovp_sva_config *config, struct context **c)
{
    if (s->ended)
        return iovp_fail(IOVP_E_STALE, "the process has ended");
    if (process_bond(s, d))
        return iovp_fail(IOVP_E_BUSY, "%s is bound to the process already",
                         d->desc.name);
    *c = context_of_device(s->c->p, d);
    if (!*c)
        return IOVP_E_UNSUPPORTED;
    if (config->flags & IOVP_SVA_NO_FAULTS)
        return IOVP_OK;
    return explained(context_can_fault(*c, d), "STALL");
}

static void append(struct process *s, struct bond *b)
{
    struct bond **at = &s->bonds;

    while (*at)
        at = &(*at)->next;
    *at = b;
}

static iovp_status attach(struct process *s, struct bond *b)
{
    struct fault_sink sink = process_sink(s);
    uint32_t flags = b->config.flags & IOVP_SVA_NO_FAULTS ? 0 : HOST_FAULTS;

    return domain_attach(s->domain, b->device, b->pasid, flags, &sink);
}

/* With b->device, c and config set; b becomes the process's. */
static iovp_status bond_make(struct process *s, struct bond *b)
{
    bool first = s->pasid == IOVP_NO_PASID;
    iovp_status st = IOVP_OK;

    b->pasid = IOVP_NO_PASID;
    if (!(b->config.flags & IOVP_SVA_NO_PASID))
        st = pasid_for(s, b->device, &b->pasid);
    if (st)
        return st;
    st = attach(s, b);
    if (st && first && b->pasid != IOVP_NO_PASID)
        context_give_pasid(s->c, b->pasid);
    if (st)
        return st;
    if (b->pasid != IOVP_NO_PASID)
        s->pasid = b->pasid;
    append(s, b);
    return IOVP_OK;
}

iovp_status iovp_sva_bind(iovp_process *h, iovp_device *device,
                          const iovp_sva_config *config, uint32_t *pasid)
{
    struct process *s = NULL;
    struct bond bond = {0}, *b;
    iovp_status st = enter(h, device, &s, &bond.device);

    if (!st && !pasid)
        st = iovp_fail(IOVP_E_INVALID, "no place for the PASID");
    if (!st)
        st = config_in(&bond.config, config);
    if (!st)
        st = may_bind(s, bond.device, &bond.config, &bond.c);
    if (st)
        return st;
    b = platform_alloc(s->c->p, 1, sizeof(*b));
    if (!b)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a bond");
    *b = bond;
    st = bond_make(s, b);
    if (st)
        platform_free(s->c->p, b);
    else
        *pasid = b->pasid;
    return st;
}

/* ---- unbind ------------------------------------------------------------- */

iovp_status process_unbind(struct process *s, struct bond *b)
{
    struct bond **at = &s->bonds;
    iovp_sva_config config = b->config;
    iovp_status st = domain_detach(s->domain, b->device, b->pasid);

    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    platform_free(s->c->p, b);
    process_give_pasid(s);
    platform_free_ud(s->c->p, config.free_ud, config.ud);
    return st;
}

iovp_status iovp_sva_unbind(iovp_process *h, iovp_device *device)
{
    struct platform_device_state *d;
    struct process *s = NULL;
    struct bond *b;
    iovp_status st = enter(h, device, &s, &d);

    if (st)
        return st;
    b = process_bond(s, d);
    if (!b)
        return iovp_fail(IOVP_E_NOTFOUND, "%s is not bound to the process",
                         d->desc.name);
    return process_unbind(s, b);
}

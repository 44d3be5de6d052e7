/* SPDX-License-Identifier: MIT */
/* Devices: DMA masters, and translation on their behalf. */
#include <stdio.h>
#include <string.h>

#include "../models/common/attrs.h"
#include "../models/common/bits.h"
#include "../models/common/pt_arm.h"
#include "abi.h"
#include "notify.h"
#include "pcie.h"

/* Normal Write-Back memory, Inner Shareable: an ordinary coherent master. */
#define DEFAULT_MEM_TYPE 0xff

iovp_status platform_add_device(struct platform *p,
                                const struct platform_device *desc)
{
    struct platform_device_state *d = &p->device[p->device_count];
    const char *why = NULL;

    if (p->device_count == PLATFORM_DEVICE_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d devices", desc->path,
                         PLATFORM_DEVICE_MAX);
    if (desc->has_workload)
        why = workload_check(&desc->workload, desc->pasid_bits);
    if (why)
        return iovp_fail(IOVP_E_DT, "%s: workload: %s", desc->path, why);
    d->desc = *desc;
    snprintf(d->name, sizeof(d->name), "%s", desc->name);
    snprintf(d->path, sizeof(d->path), "%s", desc->path);
    d->desc.name = d->name;
    d->desc.path = d->path;
    d->pcie = PLATFORM_NO_PCIE;
    d->attrs = (iovp_attrs){.size = sizeof(iovp_attrs),
                            .specified = IOVP_ATTR_ALL,
                            .stream_id = desc->stream_id[0],
                            .space = (uint8_t)desc->space,
                            .mem_type = DEFAULT_MEM_TYPE,
                            .shareability = IOVP_SH_INNER};
    p->device_count++;
    return IOVP_OK;
}

const iovp_attrs *device_attrs(const struct platform_device_state *d,
                               const iovp_attrs *a, iovp_attrs *out)
{
    if (!a)
        return &d->attrs;
    if (!iovp_attrs_valid(a))
        return NULL;
    *out = iovp_attrs_merge(a, &d->attrs);
    return out;
}

const iovp_attrs *device_attrs_pasid(const struct platform_device_state *d,
                                     uint32_t pasid, const iovp_attrs *a,
                                     iovp_attrs *out)
{
    bool valid = pasid != IOVP_NO_PASID;
    bool given = a && (a->specified & IOVP_ATTR_PASID);

    a = device_attrs(d, a, out);
    if (!a || (valid && pasid > IOVP_PASID_MAX))
        return NULL;
    if (a != out)
        *out = *a;
    if (given && (out->pasid_valid != valid || (valid && out->pasid != pasid)))
        return NULL;
    out->pasid_valid = valid;
    out->pasid = valid ? pasid : 0;
    return out;
}

iovp_status iovp_devices(iovp_platform *h, iovp_device **devices, size_t *count)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_SERVICE, &p);
    uint32_t i;

    if (st)
        return st;
    st = abi_list(devices, count, p->device_count, 0, "devices");
    for (i = 0; !st && i < p->device_count; i++)
        devices[i] = handle_device(p, i);
    return st;
}

iovp_status iovp_device_find(iovp_platform *h, const char *name,
                             iovp_device **device)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_SERVICE, &p);
    uint32_t i;

    if (st)
        return st;
    if (!name || !device)
        return iovp_fail(IOVP_E_INVALID, "no name, or no place for the handle");
    for (i = 0; i < p->device_count; i++) {
        if (!strcmp(p->device[i].name, name) ||
            !strcmp(p->device[i].path, name)) {
            *device = handle_device(p, i);
            return IOVP_OK;
        }
    }
    return iovp_fail(IOVP_E_NOTFOUND, "no device is called %s", name);
}

iovp_status iovp_device_get_info(iovp_device *h, iovp_device_info *info)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    iovp_device_info out = {.size = sizeof(out)};

    if (!st)
        st = abi_out_check(info, sizeof(*info), "info");
    if (st)
        return st;
    out.index = (uint32_t)(d - p->device);
    memcpy(out.name, d->name, sizeof(out.name));
    if (d->desc.iommu != PLATFORM_NO_IOMMU) {
        const struct platform_smmu *s = &p->smmu[d->desc.iommu];

        memcpy(out.iommu, s->range.node, sizeof(out.iommu));
        out.iommu_base = s->range.base;
    }
    out.stream_ids = d->desc.stream_ids;
    out.stream_id = d->desc.stream_id[0];
    out.pasid_bits = d->desc.pasid_bits;
    out.space = d->desc.space;
    out.can_stall = d->desc.can_stall;
    out.has_workload = d->desc.has_workload;
    out.workload = d->desc.workload;
    out.pci = d->desc.pci;
    if (d->pcie != PLATFORM_NO_PCIE)
        out.requester_id = pcie_host_rid(&p->pcie[d->pcie], d->function);
    out.ats = d->desc.ats;
    out.pri = d->desc.pri;
    abi_out(info, &out, sizeof(out));
    return IOVP_OK;
}

/* Read and write as far as the access's privilege has them. */
static uint32_t access_of(const struct smmuv3_result *r)
{
    bool priv = r->privileged;
    uint32_t access = 0;

    if (r->perms & (priv ? PT_ARM_PR : PT_ARM_UR))
        access |= IOVP_ACCESS_READ;
    if (r->perms & (priv ? PT_ARM_PW : PT_ARM_UW))
        access |= IOVP_ACCESS_WRITE;
    return access;
}

static void fill_translation(iovp_translation *out,
                             const struct smmuv3_result *r)
{
    out->status = r->status;
    out->event = r->event;
    out->accesses = r->walk.count;
    if (r->status != IOVP_RESULT_OK) {
        out->pa = out->span = 0;
        out->perms = out->space = out->mem_type = out->shareability = 0;
        return;
    }
    out->pa = r->pa;
    out->span = (1ull << r->log2) - (r->pa & ((1ull << r->log2) - 1));
    out->perms = access_of(r);
    out->space = r->space;
    out->mem_type = r->mem_type;
    out->shareability = r->shareability;
}

/* Of a device without an IOMMU. */
static void translate_identity(const iovp_attrs *a, uint64_t iova,
                               iovp_translation *out)
{
    *out = (iovp_translation){.size = sizeof(*out),
                              .pa = iova,
                              .span = (1ull << 63) - (iova & iovp_mask(63)),
                              .perms = 3,
                              .space = a->space,
                              .mem_type = a->mem_type,
                              .shareability = a->shareability};
}

static inline void translate(struct platform *p,
                             struct platform_device_state *d,
                             const iovp_attrs *a, uint64_t iova,
                             uint32_t access, uint32_t flags,
                             iovp_translation *out)
{
    bool debug = flags & IOVP_TRANSLATE_DEBUG;

    if (!d->core) {
        translate_identity(a, iova, out);
        return;
    }
    notifiers_translated(p, d, a);
    smmuv3_translate(d->core, a, iova, access,
                     debug ? SMMUV3_DEBUG : SMMUV3_NORMAL, &p->scratch);
    /* Nothing of this call waits for the answer. */
    if (p->scratch.status == IOVP_RESULT_STALL)
        smmuv3_stall_end(d->core, p->scratch.stall);
    fill_translation(out, &p->scratch);
}

void device_translate(struct platform *p, struct platform_device_state *d,
                      const iovp_attrs *a, uint64_t iova, uint32_t access,
                      uint32_t flags, iovp_translation *out)
{
    translate(p, d, a, iova, access, flags, out);
}

iovp_status iovp_translate(iovp_device *h, const iovp_attrs *attrs,
                           uint64_t iova, uint32_t access, uint32_t flags,
                           iovp_translation *out)
{
    int kind = flags == IOVP_TRANSLATE_DEBUG ? ENTER_SERVICE : ENTER_NORMAL;
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, kind, &p, &d);
    iovp_translation local, *to = &local;
    const iovp_attrs *use;
    iovp_attrs full;

    if (!st)
        st = abi_out_check(out, sizeof(*out), "out");
    if (st)
        return st;
    if (access > 3 || (flags & ~IOVP_TRANSLATE_DEBUG))
        return iovp_fail(IOVP_E_INVALID, "access or flags");
    use = device_attrs(d, attrs, &full);
    if (!use)
        return iovp_fail(IOVP_E_INVALID, "attrs: a field is out of range");
    if (abi_exact(out, sizeof(*out)))
        to = out;
    to->size = sizeof(*to);
    translate(p, d, use, iova, access, flags, to);
    if (to != out)
        abi_out(out, to, sizeof(*to));
    return IOVP_OK;
}

iovp_status iovp_device_streams(iovp_device *h, uint32_t *stream_ids,
                                size_t *count)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    uint32_t i;

    if (!st)
        st = abi_list(stream_ids, count, d->desc.stream_ids, 0, "stream_ids");
    for (i = 0; !st && i < d->desc.stream_ids; i++)
        stream_ids[i] = d->desc.stream_id[i];
    return st;
}

/* SPDX-License-Identifier: MIT */
#include "regime.h"

#include "../models/common/attrs.h"
#include "abi.h"

#define PASID_BITS_PART (IOVP_PASID_BITS + 1)
#define SPACE_SHIFT     PASID_BITS_PART
#define STREAM_SHIFT    (SPACE_SHIFT + 2)
#define PASID_PART      ((1u << PASID_BITS_PART) - 1)

_Static_assert(PLATFORM_STREAMS << STREAM_SHIFT <= 1u << 31,
               "indexes have 31 bits");
_Static_assert(IOVP_REGIME_OFF == (int)IOVP_STATE_OFF &&
                   IOVP_REGIME_BLOCKED == (int)IOVP_STATE_BLOCKED &&
                   IOVP_REGIME_IDENTITY == (int)IOVP_STATE_IDENTITY &&
                   IOVP_REGIME_TRANSLATED == (int)IOVP_STATE_TRANSLATED &&
                   IOVP_REGIME_INVALID == (int)IOVP_STATE_INVALID,
               "states are passed on as they are");

/* ---- what counts -------------------------------------------------------- */

void regime_caps(const struct platform_device_state *d,
                 struct iovp_iommu_caps *out)
{
    *out = (struct iovp_iommu_caps){.msi_first = 1};
    if (d->iommu)
        d->iommu->caps(d->core, out);
}

uint32_t regime_attrs(const struct platform_device_state *d)
{
    struct iovp_iommu_caps caps;
    uint32_t mask;

    regime_caps(d, &caps);
    mask = caps.distinguishes;
    if (d->desc.stream_ids < 2)
        mask &= ~IOVP_ATTR_STREAM_ID;
    if (!d->desc.pasid_bits)
        mask &= ~IOVP_ATTR_PASID;
    return mask;
}

bool regime_pasid_ok(const struct platform_device_state *d, uint32_t pasid)
{
    return pasid == IOVP_NO_PASID ||
           (d->desc.pasid_bits && !(pasid >> d->desc.pasid_bits));
}

/* ---- indexes ------------------------------------------------------------ */

static uint32_t compose(uint32_t stream, uint32_t space, uint32_t pasid_part)
{
    return stream << STREAM_SHIFT | space << SPACE_SHIFT | pasid_part;
}

static uint32_t stream_of(const struct platform_device_state *d, uint32_t sid)
{
    uint32_t i = 0;

    while (i < d->desc.stream_ids && d->desc.stream_id[i] != sid)
        i++;
    return i;
}

/* 0, or why there is none: NOTFOUND for the StreamID, INVALID for the PASID. */
static iovp_status find(const struct platform_device_state *d,
                        const iovp_attrs *a, uint32_t *index)
{
    uint32_t mask = regime_attrs(d), stream = 0, space = 0, pasid_part = 0;

    if (d->iommu)
        stream = stream_of(d, a->stream_id);
    if (d->iommu && stream == d->desc.stream_ids)
        return IOVP_E_NOTFOUND;
    if ((mask & IOVP_ATTR_PASID) && a->pasid_valid) {
        if (!regime_pasid_ok(d, a->pasid))
            return IOVP_E_INVALID;
        pasid_part = a->pasid + 1;
    }
    if (!(mask & IOVP_ATTR_STREAM_ID))
        stream = 0;
    if (mask & IOVP_ATTR_SPACE)
        space = a->space;
    *index = compose(stream, space, pasid_part);
    return IOVP_OK;
}

bool regime_find(const struct platform_device_state *d, const iovp_attrs *a,
                 uint32_t *index)
{
    return find(d, a, index) == IOVP_OK;
}

static iovp_status index_for(const struct platform_device_state *d,
                             const iovp_attrs *a, uint32_t *index)
{
    iovp_status st = find(d, a, index);

    if (st == IOVP_E_NOTFOUND)
        return iovp_fail(st, "0x%x is not a StreamID of %s", a->stream_id,
                         d->name);
    if (st)
        return iovp_fail(st, "PASID 0x%x: %s has %u bits", a->pasid, d->name,
                         d->desc.pasid_bits);
    return st;
}

uint32_t regime_of_pasid(const struct platform_device_state *d, uint32_t pasid)
{
    iovp_attrs a = d->attrs;
    uint32_t index = 0;

    a.pasid_valid = pasid != IOVP_NO_PASID;
    a.pasid = a.pasid_valid ? pasid : 0;
    regime_find(d, &a, &index);
    return index;
}

iovp_status regime_attrs_of(const struct platform_device_state *d,
                            uint32_t index, iovp_attrs *out)
{
    uint32_t stream = index >> STREAM_SHIFT, pasid_part = index & PASID_PART;
    uint32_t again;

    *out = d->attrs;
    out->privileged = out->instruction = 0;
    if (stream < d->desc.stream_ids)
        out->stream_id = d->desc.stream_id[stream];
    if (regime_attrs(d) & IOVP_ATTR_SPACE)
        out->space = (uint8_t)(index >> SPACE_SHIFT & 3);
    out->pasid_valid = pasid_part > 0;
    out->pasid = pasid_part ? pasid_part - 1 : 0;
    /* An index is one only if its attributes lead back to it. */
    if (!regime_pasid_ok(d, pasid_part ? pasid_part - 1 : IOVP_NO_PASID) ||
        !regime_find(d, out, &again) || again != index)
        return iovp_fail(IOVP_E_NOTFOUND, "%s has no regime 0x%x", d->name,
                         index);
    return IOVP_OK;
}

void regime_now(const struct platform_device_state *d, uint32_t index,
                struct iovp_regime *out)
{
    iovp_attrs a;

    *out = (struct iovp_regime){.state = IOVP_STATE_OFF, .output_bits = 64};
    regime_attrs_of(d, index, &a);
    if (d->iommu)
        d->iommu->regime(d->core, &a, out);
}

bool regime_reconfigured(const struct platform_device_state *d, uint32_t index,
                         const struct iovp_invalidation *i)
{
    iovp_attrs a;

    if (i->kind == IOVP_INVALIDATE_TLB || !d->iommu)
        return false;
    if (i->kind == IOVP_INVALIDATE_RESET)
        return true;
    regime_attrs_of(d, index, &a);
    if (a.stream_id < i->stream_first || a.stream_id > i->stream_last)
        return false;
    /* PASID 0 is also that of "no PASID". */
    return i->kind != IOVP_INVALIDATE_PASID || a.pasid == i->pasid;
}

unsigned regimes_of_pasid(const struct platform_device_state *d,
                          const struct iovp_invalidation *i,
                          uint32_t index[REGIMES_OF_PASID])
{
    uint32_t mask = regime_attrs(d), stream = stream_of(d, i->stream_first);
    uint32_t spaces = mask & IOVP_ATTR_SPACE ? IOVP_SPACE_ROOT + 1 : 1, s;
    unsigned n = 0;

    if (stream == d->desc.stream_ids)
        return 0;
    if (!(mask & IOVP_ATTR_STREAM_ID))
        stream = 0;
    for (s = 0; s < spaces; s++) {
        if (i->pasid == 0)
            index[n++] = compose(stream, s, REGIME_NO_PASID_PART);
        if ((mask & IOVP_ATTR_PASID) && regime_pasid_ok(d, i->pasid))
            index[n++] = compose(stream, s, i->pasid + 1);
    }
    return n;
}

/* ---- enumeration -------------------------------------------------------- */

/* The lowest PASID with an entry, from *pasid on, that the device has. */
static bool next_pasid(const struct platform_device_state *d, uint32_t stream,
                       uint32_t *pasid, uint32_t *budget)
{
    return d->iommu->next_pasid(d->core, d->desc.stream_id[stream], pasid,
                                budget) &&
           regime_pasid_ok(d, *pasid);
}

bool regime_next(const struct platform_device_state *d, uint32_t *index,
                 uint32_t *budget)
{
    uint32_t mask = regime_attrs(d), pasid, base;
    uint32_t streams = mask & IOVP_ATTR_STREAM_ID ? d->desc.stream_ids : 1;
    uint32_t space = mask & IOVP_ATTR_SPACE ? d->attrs.space : 0;
    uint32_t stream = *index >> STREAM_SHIFT;

    for (; stream < streams; stream++) {
        base = compose(stream, space, REGIME_NO_PASID_PART);
        if (*index <= base) {
            *index = base;
            return true;
        }
        pasid = *index - base - 1;
        if (!(mask & IOVP_ATTR_PASID) || !regime_pasid_ok(d, pasid))
            continue;
        if (next_pasid(d, stream, &pasid, budget)) {
            *index = base + 1 + pasid;
            return true;
        }
        if (!*budget) {
            *index = base + 1 + pasid;
            return false;
        }
    }
    return false;
}

/* ---- the C API ---------------------------------------------------------- */

iovp_status iovp_regime_attrs(iovp_device *h, uint32_t *mask)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);

    if (st)
        return st;
    if (!mask)
        return iovp_fail(IOVP_E_INVALID, "no place for the mask");
    *mask = regime_attrs(d);
    return IOVP_OK;
}

iovp_status iovp_regime_index(iovp_device *h, const iovp_attrs *attrs,
                              uint32_t *index)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    const iovp_attrs *use;
    iovp_attrs full;

    if (st)
        return st;
    use = device_attrs(d, attrs, &full);
    if (!use || !index)
        return iovp_fail(IOVP_E_INVALID,
                         "attrs: a field is out of range, or no place for the "
                         "index");
    return index_for(d, use, index);
}

/* Into `indexes`, as far as there is room; returns how many there are. */
static size_t list_regimes(const struct platform_device_state *d,
                           uint32_t *indexes, size_t room)
{
    uint32_t index = 0, budget = UINT32_MAX;
    size_t n = 0;

    for (; regime_next(d, &index, &budget); index++) {
        if (n < room)
            indexes[n] = index;
        n++;
        budget = UINT32_MAX;
    }
    return n;
}

iovp_status iovp_regime_count(iovp_device *h, size_t *count)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);

    if (st)
        return st;
    if (!count)
        return iovp_fail(IOVP_E_INVALID, "no place for the count");
    *count = list_regimes(d, NULL, 0);
    return IOVP_OK;
}

iovp_status iovp_regime_list(iovp_device *h, uint32_t *indexes, size_t *count)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);

    if (!st)
        st = abi_list(indexes, count, count ? list_regimes(d, NULL, 0) : 0, 0,
                      "indexes");
    if (!st)
        list_regimes(d, indexes, *count);
    return st;
}

static iovp_regime_table table_of(const struct iovp_regime *r, unsigned n)
{
    const struct iovp_table_info *t = &r->table[n];
    iovp_regime_table out = {.size = sizeof(out)};

    if (!t->on)
        return out;
    out.stage = n == IOVP_TABLE_STAGE2 ? IOVP_STAGE_2 : IOVP_STAGE_1;
    out.page_bits = t->granule_log2;
    out.levels = t->levels;
    out.base = t->base;
    out.first = t->first;
    out.last = t->last;
    out.output_bits = t->output_bits;
    return out;
}

static void describe(const struct platform_device_state *d, uint32_t index,
                     const iovp_attrs *a, iovp_regime_info *out)
{
    struct iovp_regime r;
    unsigned n;

    regime_now(d, index, &r);
    *out = (iovp_regime_info){
        .size = sizeof(*out),
        .index = index,
        .stream_id = a->stream_id,
        .pasid = a->pasid_valid ? a->pasid : IOVP_NO_PASID,
        .space = a->space,
        .state = r.state,
        .stages = r.stages,
        .event = r.state == IOVP_STATE_INVALID ? r.fault : 0,
        .recoverable = r.faults,
        .asid = r.asid,
        .vmid = r.vmid,
    };
    for (n = 0; n < IOVP_TABLES; n++)
        out->table[n] = table_of(&r, n);
}

iovp_status iovp_regime_get_info(iovp_device *h, uint32_t index,
                                 iovp_regime_info *info)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    iovp_regime_info out;
    iovp_attrs a;

    if (!st)
        st = abi_out_check(info, sizeof(*info), "info");
    if (!st)
        st = regime_attrs_of(d, index, &a);
    if (st)
        return st;
    describe(d, index, &a, &out);
    abi_out(info, &out, sizeof(out));
    return IOVP_OK;
}

/* What `attrs` give beside the index's; false: they contradict it. */
static bool beside_index(const struct platform_device_state *d,
                         const iovp_attrs *attrs, iovp_attrs *a)
{
    uint32_t before, after;

    if (!attrs)
        return true;
    if (!iovp_attrs_valid(attrs) || !regime_find(d, a, &before))
        return false;
    *a = iovp_attrs_merge(attrs, a);
    return regime_find(d, a, &after) && after == before;
}

iovp_status iovp_regime_translate(iovp_device *h, uint32_t index,
                                  const iovp_attrs *attrs, uint64_t iova,
                                  uint32_t access, uint32_t flags,
                                  iovp_translation *out)
{
    int kind = flags == IOVP_TRANSLATE_DEBUG ? ENTER_SERVICE : ENTER_NORMAL;
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, kind, &p, &d);
    iovp_translation local = {0};
    iovp_attrs a;

    if (!st)
        st = abi_out_check(out, sizeof(*out), "out");
    if (!st)
        st = regime_attrs_of(d, index, &a);
    if (st)
        return st;
    if (access > (IOVP_ACCESS_READ | IOVP_ACCESS_WRITE) ||
        (flags & ~IOVP_TRANSLATE_DEBUG))
        return iovp_fail(IOVP_E_INVALID, "access or flags");
    if (!beside_index(d, attrs, &a))
        return iovp_fail(IOVP_E_INVALID,
                         "attrs: out of range, or they contradict the index");
    device_translate(p, d, &a, iova, access, flags, &local);
    abi_out(out, &local, sizeof(local));
    return IOVP_OK;
}

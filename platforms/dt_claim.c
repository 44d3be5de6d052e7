/* SPDX-License-Identifier: MIT */
/* Who owns which addresses and StreamIDs. */
#include <inttypes.h>
#include <string.h>

#include "dt_tree.h"

static uint64_t last(const struct dt_range *r)
{
    return r->base + (r->size - 1);
}

static bool overlap(const struct dt_range *a, const struct dt_range *b)
{
    return a->base <= last(b) && b->base <= last(a);
}

iovp_status dt_claim(struct dt *t, uint32_t node, const char *property,
                     const struct dt_range *r)
{
    char path[DT_PATH];

    for (uint32_t i = 0; i < t->regions; i++) {
        const struct dt_region *o = &t->region[i];

        if (overlap(r, &o->range))
            return dt_fail(t, node, property,
                           "0x%" PRIx64 "..0x%" PRIx64 " overlaps 0x%" PRIx64
                           "..0x%" PRIx64 " (%s of %s)",
                           r->base, last(r), o->range.base, last(&o->range),
                           o->property,
                           dt_path(t, o->node, path, sizeof(path)));
    }
    if (t->regions == DT_MAX_REGIONS)
        return dt_fail(t, node, property, "more than %u address regions",
                       DT_MAX_REGIONS);
    t->region[t->regions++] = (struct dt_region){*r, node, property};
    return IOVP_OK;
}

iovp_status dt_reserve(struct dt *t, uint32_t node, const char *property,
                       const struct dt_range *r)
{
    char path[DT_PATH];
    iovp_status st = dt_claim(t, node, property, r);

    if (st != IOVP_OK)
        return st;
    return platform_add_placeholder(
        t->platform, dt_path(t, node, path, sizeof(path)), r->base, r->size);
}

iovp_status dt_reserve_reg(struct dt *t, uint32_t node)
{
    uint32_t count;
    iovp_status st = dt_reg_count(t, node, &count);

    for (uint32_t i = 0; st == IOVP_OK && i < count; i++) {
        struct dt_range r;

        st = dt_reg(t, node, i, &r);
        if (st == IOVP_OK)
            st = dt_reserve(t, node, "reg", &r);
    }
    return st;
}

iovp_status dt_claim_streams(struct dt *t, uint32_t node, const char *property,
                             uint32_t smmu, uint32_t space, uint32_t first,
                             uint64_t count)
{
    bool master = !strcmp(property, "iommus");
    struct dt_streams s = {smmu,   space, node,
                           master, first, first + (count - 1)};
    const struct dt_smmu *m = &t->smmu[smmu];
    char path[DT_PATH];

    if (s.last >> m->sid_bits)
        return dt_fail(t, node, property,
                       "StreamID 0x%" PRIx64 " does not fit the %u bits "
                       "(IDR1.SIDSIZE) of %s",
                       s.last, m->sid_bits,
                       dt_path(t, m->node, path, sizeof(path)));
    for (uint32_t i = 0; i < t->stream_ranges; i++) {
        const struct dt_streams *o = &t->streams[i];

        if (master && o->master && o->node != node)
            continue;
        if (o->smmu == smmu && o->space == space && s.first <= o->last &&
            o->first <= s.last)
            return dt_fail(t, node, property,
                           "StreamID 0x%" PRIx64 " is also used by %s",
                           s.first > o->first ? s.first : o->first,
                           dt_path(t, o->node, path, sizeof(path)));
    }
    if (t->stream_ranges == DT_MAX_STREAMS)
        return dt_fail(t, node, property, "more than %u streams",
                       DT_MAX_STREAMS);
    t->streams[t->stream_ranges++] = s;
    return IOVP_OK;
}

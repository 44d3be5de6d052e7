/* SPDX-License-Identifier: MIT */
/*
 * What the device tree wants mapped to itself is, from before the first DMA
 * of an attached device until after its last one: the firmware's frame buffer
 * stays on the screen.  For devices as a whole (attached without PASID, or
 * with the domain as their second stage), because firmware knows no PASIDs.
 *
 * A region grows to whole pages of the domain; no caller's mapping can be in
 * such a page, as windows end where the region itself does.  Regions of several
 * devices may overlap: mapped are pieces that are cut wherever a region of any
 * device begins or ends, so that each piece is wholly a region's, or not at
 * all, and one that nobody wants any more can go without touching others.
 */
#include "../models/common/bits.h"
#include "domain_map.h"
#include "group.h"

/* Whole pages around the i-th region of a device; false: it is not to be
 * mapped. */
static bool region_pages(const struct domain *m,
                         const struct platform_device_state *d, uint32_t i,
                         struct window_range *out)
{
    const struct platform_region *r = &d->desc.region[i];
    uint64_t page = iovp_mask(m->table.page_bits);

    *out = (struct window_range){r->first & ~page, r->last | page};
    return r->identity;
}

/* The last address of the piece that begins at `first`. */
static uint64_t piece_end(const struct domain *m, uint64_t first, uint64_t last)
{
    const struct platform *p = m->c->p;
    struct window_range r;

    for (uint32_t n = 0; n < p->device_count; n++) {
        const struct platform_device_state *d = &p->device[n];

        for (uint32_t i = 0; i < d->desc.regions; i++) {
            if (!region_pages(m, d, i, &r))
                continue;
            if (r.first > first && r.first <= last)
                last = r.first - 1;
            if (r.last >= first && r.last < last)
                last = r.last;
        }
    }
    return last;
}

static iovp_status add_region(struct domain *m,
                              const struct platform_device_state *d,
                              const struct window_range *r)
{
    uint64_t first = r->first, last;
    iovp_status st = IOVP_OK;

    if (r->last > mappings_direct_most(m))
        return iovp_fail(IOVP_E_RANGE,
                         "%s wants 0x%llx..0x%llx mapped to itself, which is "
                         "beyond the domain's addresses",
                         d->name, (unsigned long long)r->first,
                         (unsigned long long)r->last);
    for (; !st && first <= r->last; first = last + 1) {
        last = piece_end(m, first, r->last);
        st = mappings_direct_add(m, first, last);
    }
    return st;
}

iovp_status direct_add(struct domain *m, struct context *c,
                       const struct platform_device_state *d)
{
    const struct group *g = group_of(c, d);
    iovp_status st = IOVP_OK;
    struct window_range r;

    for (uint32_t n = 0; m->map && n < c->p->device_count; n++) {
        const struct platform_device_state *e = &c->p->device[n];

        for (uint32_t i = 0; !st && i < e->desc.regions; i++)
            if (region_pages(m, e, i, &r) && group_of(c, e) == g)
                st = add_region(m, e, &r);
    }
    return st;
}

bool direct_wanted(const struct domain *m, uint64_t first, uint64_t last)
{
    const struct platform *p = m->c->p;
    struct window_range r;

    for (uint32_t n = 0; n < p->device_count; n++) {
        const struct platform_device_state *d = &p->device[n];

        for (uint32_t i = 0; i < d->desc.regions; i++)
            if (region_pages(m, d, i, &r) && r.first <= last &&
                r.last >= first && domain_has_whole(m, d))
                return true;
    }
    return false;
}

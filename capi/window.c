/* SPDX-License-Identifier: MIT */
#include "window.h"

#include "../models/common/bits.h"
#include "abi.h"
#include "context.h"
#include "regime.h"

/* ---- lists -------------------------------------------------------------- */

static bool add(struct window_list *l, uint64_t first, uint64_t last)
{
    if (first > last)
        return true;
    if (l->count == WINDOWS_MAX)
        return false;
    l->at[l->count++] = (struct window_range){first, last};
    return true;
}

bool window_intersect(struct window_list *l, const struct window_list *other)
{
    struct window_list out = {0};
    uint32_t i = 0, k = 0;

    while (i < l->count && k < other->count) {
        const struct window_range *a = &l->at[i], *b = &other->at[k];

        if (!add(&out, a->first > b->first ? a->first : b->first,
                 a->last < b->last ? a->last : b->last))
            return false;
        /* The one that ends first meets nothing further. */
        if (a->last < b->last)
            i++;
        else
            k++;
    }
    *l = out;
    return true;
}

bool window_subtract(struct window_list *l, uint64_t first, uint64_t last)
{
    struct window_list rest = {0};

    if (first > last)
        return true;
    if (first)
        add(&rest, 0, first - 1);
    if (last != UINT64_MAX)
        add(&rest, last + 1, UINT64_MAX);
    return window_intersect(l, &rest);
}

bool window_holds(const struct window_list *l, uint64_t first, uint64_t last)
{
    uint32_t i;

    for (i = 0; i < l->count; i++)
        if (first >= l->at[i].first && last <= l->at[i].last)
            return first <= last;
    return false;
}

/* ---- what is translated ------------------------------------------------- */

static void all_sizes(struct window_info *info)
{
    info->page_sizes = UINT64_MAX;
    info->alignment = 1;
}

/*
 * Pages of a granule, and blocks: each level of 8-byte descriptors takes as
 * many address bits as fill a granule.
 */
static uint64_t sizes_of(unsigned granule_log2)
{
    uint64_t sizes = 0;
    unsigned log2 = granule_log2;

    for (; log2 < 64; log2 += granule_log2 - 3)
        sizes |= 1ull << log2;
    return sizes;
}

/* One table of the stage that devices' addresses enter. */
static void add_table(const struct iovp_table_info *t, struct window_list *out,
                      struct window_info *info)
{
    if (!t->on || t->granule_log2 < 4)
        return;
    add(out, t->first, t->last);
    info->page_sizes &= sizes_of(t->granule_log2);
    if (info->alignment < 1ull << t->granule_log2)
        info->alignment = 1ull << t->granule_log2;
}

static void by_tables(const struct iovp_regime *r,
                      const struct iovp_iommu_caps *caps,
                      struct window_list *out, struct window_info *info)
{
    all_sizes(info);
    info->page_sizes = caps->page_sizes;
    if (r->stages & IOVP_STAGE_1) {
        add_table(&r->table[IOVP_TABLE_LOWER], out, info);
        add_table(&r->table[IOVP_TABLE_UPPER], out, info);
    } else {
        add_table(&r->table[IOVP_TABLE_STAGE2], out, info);
    }
}

static void by_regime(const struct iovp_regime *r,
                      const struct iovp_iommu_caps *caps,
                      struct window_list *out, struct window_info *info)
{
    switch (r->state) {
    case IOVP_STATE_TRANSLATED:
        by_tables(r, caps, out, info);
        break;
    case IOVP_STATE_OFF:
    case IOVP_STATE_IDENTITY:
        add(out, 0, iovp_mask(r->output_bits));
        all_sizes(info);
        break;
    default:
        add(out, 0, iovp_mask(caps->input_bits));
        info->page_sizes = caps->page_sizes;
        info->alignment = caps->page_sizes & -caps->page_sizes;
        break;
    }
}

/* ---- reserved regions --------------------------------------------------- */

static void insert(iovp_window *list, uint32_t *count, uint32_t kind,
                   uint64_t first, uint64_t last)
{
    uint32_t i = (*count)++;

    for (; i && list[i - 1].first > first; i--)
        list[i] = list[i - 1];
    list[i] = (iovp_window){sizeof(*list), kind, first, last};
}

uint32_t windows_reserved(struct platform *p,
                          const struct platform_device_state *d,
                          iovp_window out[WINDOW_REGIONS_MAX])
{
    struct iovp_iommu_caps caps;
    uint64_t first, last;
    uint32_t i, count = 0;

    regime_caps(d, &caps);
    for (i = 0; i < d->desc.regions; i++)
        insert(out, &count, IOVP_WINDOW_RESERVED, d->desc.region[i].first,
               d->desc.region[i].last);
    if (caps.msi_first <= caps.msi_last)
        insert(out, &count, IOVP_WINDOW_MSI, caps.msi_first, caps.msi_last);
    if (context_msi(p, d, caps.msi_first <= caps.msi_last, &first, &last))
        insert(out, &count, IOVP_WINDOW_MSI, first, last);
    return count;
}

iovp_status windows_of(struct platform *p,
                       const struct platform_device_state *d, uint32_t pasid,
                       struct window_list *out, struct window_info *info)
{
    iovp_window reserved[WINDOW_REGIONS_MAX];
    struct iovp_iommu_caps caps;
    struct iovp_regime r;
    uint32_t i, count = windows_reserved(p, d, reserved);

    *out = (struct window_list){0};
    regime_caps(d, &caps);
    regime_now(d, regime_of_pasid(d, pasid), &r);
    *info = (struct window_info){.state = r.state};
    by_regime(&r, &caps, out, info);
    for (i = 0; i < count; i++)
        if (!window_subtract(out, reserved[i].first, reserved[i].last))
            return iovp_fail(IOVP_E_LIMIT, "more than %d windows", WINDOWS_MAX);
    return IOVP_OK;
}

/* ---- the C API ---------------------------------------------------------- */

iovp_status windows_answer(const struct window_list *list,
                           const struct window_info *from, iovp_window *windows,
                           size_t *count, iovp_window_info *info)
{
    const iovp_window_info full = {.size = sizeof(full),
                                   .state = from->state,
                                   .page_sizes = from->page_sizes,
                                   .alignment = from->alignment};
    iovp_status st =
        abi_list(windows, count, list->count, sizeof(*windows), "windows");
    uint32_t i;

    if (info && (!st || st == IOVP_E_SPACE))
        abi_out(info, &full, sizeof(full));
    for (i = 0; !st && i < list->count; i++) {
        const iovp_window w = {sizeof(w), IOVP_WINDOW_USABLE, list->at[i].first,
                               list->at[i].last};

        abi_out(abi_at(windows, i), &w, sizeof(w));
    }
    return st;
}

iovp_status iovp_windows(iovp_device *h, uint32_t pasid, iovp_window *windows,
                         size_t *count, iovp_window_info *info)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    struct window_list list;
    struct window_info wi;

    if (!st && info)
        st = abi_out_check(info, sizeof(*info), "info");
    if (!st && !regime_pasid_ok(d, pasid))
        st = iovp_fail(IOVP_E_INVALID, "PASID 0x%x: %s has %u bits", pasid,
                       d->name, d->desc.pasid_bits);
    if (!st)
        st = windows_of(p, d, pasid, &list, &wi);
    return st ? st : windows_answer(&list, &wi, windows, count, info);
}

iovp_status iovp_reserved_regions(iovp_device *h, iovp_window *regions,
                                  size_t *count)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_SERVICE, &p, &d);
    iovp_window list[WINDOW_REGIONS_MAX];
    uint32_t i, n;

    if (st)
        return st;
    n = windows_reserved(p, d, list);
    st = abi_list(regions, count, n, sizeof(*regions), "regions");
    for (i = 0; !st && i < n; i++)
        abi_out(abi_at(regions, i), &list[i], sizeof(list[i]));
    return st;
}
